//! Terms that do not fit each other: a step that may take longer than the next, an exception that grants nothing.

use super::code::{DEADLINE_ORDER, NO_LONGER_TERM};
use super::{Subject, logic};
use crate::policy::Problem;
use crate::policy::condition::Count;
use crate::policy::rule::{Check, Deadline, Event, Rule};
use crate::wording::{count, event};

pub(super) fn lint(subject: &Subject<'_>) -> Vec<Problem> {
    let rules = &subject.policy.rules;
    let mut problems: Vec<Problem> = rules.iter().filter_map(|rule| no_longer(subject, rule)).collect();
    for rule in rules {
        let later = rules.iter().find_map(|other| Some((other, overtaken(subject, rule, other)?)));
        problems.extend(later.map(|(other, terms)| out_of_order(subject, rule, other, terms)));
    }
    problems
}

/// The terms of two rules, if the first may take longer although the second waits for what comes after it.
fn overtaken(subject: &Subject<'_>, rule: &Rule, other: &Rule) -> Option<(Count, Count)> {
    let (own, next) = (deadline(rule)?, deadline(other)?);
    let terms = (own.within?, next.within?);
    let is_before = step(own)? < step(next)?;
    let is_longer = match terms {
        (Count::Days(own), Count::Days(next)) | (Count::BusinessDays(own), Count::BusinessDays(next)) => own > next,
        _ => false,
    };
    let meets = || subject.in_force_together(rule, other) && logic::can_meet(rule, other);
    (own.from == next.from && is_before && is_longer && meets()).then_some(terms)
}

fn deadline(rule: &Rule) -> Option<&Deadline> {
    match &rule.check {
        Check::Deadline(deadline) => Some(deadline),
        _ => None,
    }
}

/// The place of what a deadline waits for in the life of a case: of several events, of the earliest.
fn step(deadline: &Deadline) -> Option<usize> {
    let order = [Event::Acknowledged, Event::Decided, Event::Processed, Event::Received];
    deadline.event.iter().filter_map(|event| order.iter().position(|step| step == event)).min()
}

fn out_of_order(subject: &Subject<'_>, rule: &Rule, other: &Rule, (own, next): (Count, Count)) -> Problem {
    let events = |rule: &Rule| deadline(rule).map_or("the event", |deadline| event(&deadline.event));
    let what = format!(
        "{} may take {} (rule `{}`), and {}, which comes after it, only {} (rule `{}`)",
        events(rule),
        count(own),
        rule.id,
        events(other),
        count(next),
        other.id
    );
    let help = "check both terms against the text";
    subject.in_rule(DEADLINE_ORDER, rule, "check/deadline/within", what, help)
}

/// An exception's term that ends no later than the usual one, whatever the day.
fn no_longer(subject: &Subject<'_>, rule: &Rule) -> Option<Problem> {
    let (usual, later, place) = match &rule.check {
        Check::Deadline(deadline) => (deadline.within?, deadline.or_later.as_ref()?, "check/deadline/or_later/within"),
        Check::Window(window) => (window.within, window.or_review.as_ref()?, "check/window/or_review/within"),
        _ => return None,
    };
    let is_longer = match (usual, later.within) {
        (Count::Days(usual), Count::Days(later)) | (Count::BusinessDays(usual), Count::BusinessDays(later)) => {
            later > usual
        }
        // So many business days are at least so many days.
        (Count::BusinessDays(usual), Count::Days(later)) => later > usual,
        (Count::Months(usual), Count::Months(later)) => later > usual,
        // How many days a month has, and how many business days, depends on the month.
        (Count::Days(_), Count::BusinessDays(_)) | (Count::Months(_), _) | (_, Count::Months(_)) => true,
    };
    if is_longer {
        return None;
    }
    let what = format!(
        "the longer term of rule `{}`, {}, is not longer than the usual one, {}",
        rule.id,
        count(later.within),
        count(usual)
    );
    Some(subject.in_rule(
        NO_LONGER_TERM,
        rule,
        place,
        what,
        "as it stands it grants nothing: check both terms against the text",
    ))
}
