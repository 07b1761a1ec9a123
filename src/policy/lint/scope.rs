//! Rules and branches that can never apply.

use super::code::{CONTRADICTION, EMPTY_CHOICE, NEVER_IN_FORCE, NO_KINDS, NOTHING_LISTED};
use super::{Subject, further_conditions, logic};
use crate::policy::Problem;
use crate::policy::condition::Condition;
use crate::policy::rule::{Check, Rule};

pub(super) fn lint(subject: &Subject<'_>) -> Vec<Problem> {
    let of_rule = |rule| {
        let mut problems = Vec::new();
        problems.extend(no_kinds(subject, rule));
        problems.extend(never_in_force(subject, rule));
        problems.extend(contradictions(subject, rule));
        problems.extend(empty_choices(subject, rule));
        problems.extend(nothing_listed(subject, rule));
        problems
    };
    subject.policy.rules.iter().flat_map(of_rule).collect()
}

fn no_kinds(subject: &Subject<'_>, rule: &Rule) -> Option<Problem> {
    let kinds = rule.kinds.as_ref()?;
    if kinds.iter().any(|kind| !rule.except_kinds.contains(kind)) {
        return None;
    }
    let what = match kinds.is_empty() {
        true => format!("rule `{}` is about no kind of request", rule.id),
        false => format!("rule `{}` excepts every kind of request that it is about", rule.id),
    };
    let help = "name the kinds in `kinds`; without `kinds` a rule is about all but those in `except_kinds`";
    Some(subject.in_rule(NO_KINDS, rule, "kinds", what, help))
}

fn never_in_force(subject: &Subject<'_>, rule: &Rule) -> Option<Problem> {
    let (since, until) = (rule.since.as_deref(), rule.until.as_deref()?);
    if !subject.versions_of(rule).is_empty() {
        return None;
    }
    let since = since.map_or("the first version".to_owned(), |since| format!("`{since}`"));
    let what = format!("rule `{}` is never in force: it begins with {since} and is over with `{until}`", rule.id);
    let help = "`until` is the first version without the rule, and comes after `since`";
    Some(subject.in_rule(NEVER_IN_FORCE, rule, "until", what, help))
}

/// Conditions of the rule, or of a part of its check together with the rule's, that cannot hold together.
fn contradictions(subject: &Subject<'_>, rule: &Rule) -> Vec<Problem> {
    let kinds = logic::kinds(rule);
    let mut when: Vec<&Condition> = kinds.iter().collect();
    let mut problems = Vec::new();
    let clash = |place: String, part: &str| {
        let what = format!("{part} of rule `{}` can never hold: its conditions contradict each other", rule.id);
        subject.in_rule(CONTRADICTION, rule, &place, what, "this condition cannot hold together with one before it")
    };
    let contradicts = |given: &[&Condition], new: &Condition| given.iter().any(|given| logic::excludes(given, new));
    // One such pair tells enough of a list.
    for (at, new) in rule.when.iter().enumerate() {
        if contradicts(&when, new) {
            return vec![clash(format!("when/{at}"), "`when`")];
        }
        when.push(new);
    }
    for (place, conditions) in further_conditions(rule) {
        let mut given = when.clone();
        for (at, new) in conditions.iter().enumerate() {
            if contradicts(&given, new) {
                problems.push(clash(format!("{place}/{at}"), "a part"));
                break;
            }
            given.push(new);
        }
    }
    problems
}

/// Lists of which something would have to be one, and that are empty.
fn empty_choices(subject: &Subject<'_>, rule: &Rule) -> Vec<Problem> {
    let mut places = Vec::new();
    let mut lists = further_conditions(rule);
    lists.push(("when".to_owned(), &rule.when));
    for (place, conditions) in lists {
        for (at, condition) in conditions.iter().enumerate() {
            empty_within(condition, &format!("{place}/{at}"), &mut places);
        }
    }
    if rule.target.as_ref().is_some_and(Vec::is_empty) {
        places.push("target".to_owned());
    }
    if rule.check.line_categories().is_some_and(<[_]>::is_empty) {
        places.push(format!("check/{}/categories", rule.check.kind()));
    }
    let problem = |place: &String| {
        let what = format!("rule `{}` asks for one of an empty list", rule.id);
        subject.in_rule(EMPTY_CHOICE, rule, place, what, "fill the list, or leave the key out")
    };
    places.iter().map(problem).collect()
}

fn empty_within(condition: &Condition, place: &str, places: &mut Vec<String>) {
    match condition {
        Condition::Code(test) if test.one_of.is_empty() => places.push(format!("{place}/code/one_of")),
        Condition::AnyLine(test) if test.category.as_ref().is_some_and(Vec::is_empty) => {
            places.push(format!("{place}/any_line/category"));
        }
        Condition::Any(alternatives) if alternatives.is_empty() => places.push(format!("{place}/any")),
        Condition::Any(alternatives) => {
            let each = alternatives.iter().enumerate();
            each.for_each(|(at, one)| empty_within(one, &format!("{place}/any/{at}"), places));
        }
        Condition::Not(never) => empty_within(never, &format!("{place}/not"), places),
        _ => {}
    }
}

/// A list that a user is to fill in is left empty on purpose.
fn nothing_listed(subject: &Subject<'_>, rule: &Rule) -> Option<Problem> {
    let Check::NonRefundable(lines) = &rule.check else { return None };
    if !lines.categories.as_ref()?.is_empty() {
        return None;
    }
    let what = format!("rule `{}` lists no category, and so applies to no case", rule.id);
    let help = "name the categories once they are known; leave `categories` out for lines of any category";
    Some(subject.in_rule(NOTHING_LISTED, rule, "check/non_refundable/categories", what, help))
}
