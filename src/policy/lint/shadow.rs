//! Branches and rules that another one before them leaves nothing to do.

use super::code::{SAME_RULE, SHADOWED_BRANCH, SHADOWED_RULE};
use super::{Subject, logic, pairs};
use crate::policy::Problem;
use crate::policy::condition::Condition;
use crate::policy::rule::{Check, NonRefundable, Rule};

/// Branches of decision tables that are never reached.
pub(super) fn branches(subject: &Subject<'_>) -> Vec<Problem> {
    subject.policy.rules.iter().flat_map(|rule| of_table(subject, rule)).collect()
}

fn of_table(subject: &Subject<'_>, rule: &Rule) -> Vec<Problem> {
    let Check::Decide(branches) = &rule.check else { return Vec::new() };
    let scope = logic::scope(rule);
    let mut problems = Vec::new();
    for (at, later) in branches.iter().enumerate() {
        let holds: Vec<Condition> = scope.iter().chain(&*later.conditions).cloned().collect();
        let before = branches.iter().take(at).position(|earlier| logic::all_follow(&earlier.conditions, &holds));
        if let Some(before) = before {
            let what = format!(
                "branch {} of rule `{}` is never reached: branch {} holds whenever it does",
                at + 1,
                rule.id,
                before + 1
            );
            let help = "put the branch with more conditions first, or leave this one out";
            problems.push(subject.in_rule(SHADOWED_BRANCH, rule, &format!("check/decide/{at}"), what, help));
        }
    }
    problems
}

/// Rules that another one leaves nothing to do.
pub(super) fn rules(subject: &Subject<'_>) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (earlier, later) in pairs(&subject.policy.rules) {
        // Versions of one rule have a lint of their own.
        if earlier.id == later.id || !subject.in_force_together(earlier, later) {
            continue;
        }
        if asks_the_same(earlier, later) {
            let what = format!("rule `{}` asks the same of the same cases as `{}`", later.id, earlier.id);
            let help = "leave one of them out, or say in what they differ";
            problems.push(subject.in_rule(SAME_RULE, later, "id", what, help));
        } else if owns_all(subject, earlier, later) {
            let what = format!("rule `{}` never finds a line: `{}` owns each of them first", later.id, earlier.id);
            let help = "put the narrower rule first: the first rule that excludes a line owns it";
            problems.push(subject.in_rule(SHADOWED_RULE, later, "check/non_refundable/categories", what, help));
        }
    }
    problems
}

fn asks_the_same(one: &Rule, other: &Rule) -> bool {
    one.kinds == other.kinds
        && one.except_kinds == other.except_kinds
        && one.target == other.target
        && one.when == other.when
        && one.check == other.check
}

/// Whether the earlier rule excludes every line that the later one would, wherever that is in force.
fn owns_all(subject: &Subject<'_>, earlier: &Rule, later: &Rule) -> bool {
    let (Check::NonRefundable(own), Check::NonRefundable(other)) = (&earlier.check, &later.check) else { return false };
    let in_force = subject.versions_of(earlier);
    subject.versions_of(later).iter().all(|version| in_force.contains(version))
        && (earlier.target.is_none() || earlier.target == later.target)
        && logic::all_follow(&logic::scope(earlier), &logic::scope(later))
        && excludes_as_much(own, other)
}

fn excludes_as_much(own: &NonRefundable, other: &NonRefundable) -> bool {
    let categories = match (&own.categories, &other.categories) {
        (None, _) => true,
        (Some(own), Some(other)) => !other.is_empty() && other.iter().all(|category| own.contains(category)),
        (Some(_), None) => false,
    };
    categories
        && (own.happened.is_none() || own.happened == other.happened)
        && own.allowed_reasons.iter().all(|reason| other.allowed_reasons.contains(reason))
}
