//! The kinds of test. Each looks at one case and returns one outcome: it knows no policy, prints nothing, and does not
//! loop over the population.
//!
//! [`judge`] asks first whether a rule applies, then its check. What is unknown stays unknown: a rule is
//! indeterminate only if the values that a missing fact could have lead to different verdicts.

mod amount;
mod basis;
mod condition;
mod decide;
mod fee;
mod in_part;
mod ladder;
pub mod line;
pub mod lines;
mod milestones;
pub mod outcome;
mod parts;
mod repeat;
mod required;
pub mod rows;
mod stage;
mod time;

pub use condition::is_one_of;

use crate::case::{Case, Row};
use crate::column::CodeColumn;
use crate::margin::Margin;
use crate::policy::Policy;
use crate::policy::condition::{Condition, State, States};
use crate::policy::rule::{Check, Rule};
use crate::policy::word::Word;
use crate::record::InvoiceLine;
use crate::text::Sym;
use outcome::{Outcome, Possible, Truth};

/// In which way a rule looks at a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The rule is written for its kind.
    Direct,
    /// Only the largest amount that the rule accepts is held against it.
    Upper,
}

/// Judges a case by a rule. Most rules give one outcome; one about decision rows gives one a row, and names it.
#[inline]
pub fn judge<'a>(rule: &Rule, side: Side, case: &Case<'a>, mut emit: impl FnMut(Option<Row<'a>>, Outcome)) {
    match &rule.check {
        Check::SingleDecision => rows::single_decision(side, case, &mut emit),
        _ => emit(None, judge_from(rule, side, case)),
    }
}

/// Judges a case by a rule that gives it one outcome.
pub fn judge_case(rule: &Rule, case: &Case<'_>) -> Outcome {
    let side = side_for(rule, case.plan.policy, case.request.kind);
    side.map_or(Outcome::NotApplicable, |side| judge_from(rule, side, case))
}

#[inline]
fn judge_from(rule: &Rule, side: Side, case: &Case<'_>) -> Outcome {
    match (of_kind(side, case), &rule.target) {
        (Truth::No, _) => Outcome::NotApplicable,
        (kind, None) => scoped(kind, in_scope(rule, case, side)),
        (kind, Some(categories)) => on_target(rule, side, case, (kind, categories)),
    }
}

/// Judges a case by a rule about certain categories, of which the lines that remain of its target must be.
fn on_target(rule: &Rule, side: Side, case: &Case<'_>, (kind, categories): (Truth, &[Word])) -> Outcome {
    // Whatever remains, none of it is of these categories.
    if !case.asked.iter().any(|line| is_one_of(line.category, categories)) {
        return Outcome::NotApplicable;
    }
    let about = |remaining: &[InvoiceLine]| {
        let fitting = remaining.iter().filter(|line| is_one_of(line.category, categories)).count();
        match fitting {
            0 => Outcome::NotApplicable,
            n if n == remaining.len() => in_scope(rule, &case.about(remaining), side),
            _ => mixed(rule, &case.about(remaining), side),
        }
    };
    if lines::all_remain(case) {
        return scoped(kind, about(case.asked));
    }
    let mut possible = Possible::default();
    let settled = lines::for_each_remaining(case, &mut |remaining| possible.add(about(remaining)));
    match settled {
        true => scoped(kind, possible.settle()),
        false if case.states_ruled_out(needed_states(rule, side)) != States::default() => Outcome::NotApplicable,
        false => Outcome::Indeterminate("too many lines may or may not be refundable"),
    }
}

/// Whether a rule that looks from a side is about the case's kind: from the upper one only if no other rules are.
#[inline]
fn of_kind(side: Side, case: &Case<'_>) -> Truth {
    match (side, &case.plan.policy.upper_side) {
        (Side::Upper, Some(upper)) => !case.code_in(CodeColumn::Reason, &upper.except_reasons),
        _ => Truth::Yes,
    }
}

/// From which side a rule looks at a kind of request; `None` if it cannot apply to it.
pub fn side_for(rule: &Rule, policy: &Policy, kind: Sym) -> Option<Side> {
    if is_one_of(kind, &rule.except_kinds) {
        return None;
    }
    if rule.kinds.as_ref().is_none_or(|kinds| is_one_of(kind, kinds)) {
        return Some(Side::Direct);
    }
    let upper = policy.upper_side.as_ref().filter(|_| rule.upper_side)?;
    is_one_of(kind, &upper.kinds).then_some(Side::Upper)
}

/// An outcome within a scope that is perhaps unknown.
#[inline]
fn scoped(scope: Truth, outcome: Outcome) -> Outcome {
    match (scope, outcome) {
        (Truth::No, _) | (_, Outcome::NotApplicable) => Outcome::NotApplicable,
        (Truth::Yes, outcome) => outcome,
        (Truth::Unknown, _) => Outcome::Indeterminate("whether the rule applies depends on evidence that is missing"),
    }
}

/// Whether the rest of the scope holds: what the rule asks, and what its check does.
#[inline]
fn scope(rule: &Rule, case: &Case<'_>, side: Side) -> Truth {
    case.all(&rule.when).and_then(|| presupposed(rule, side).map_or(Truth::Yes, |state| case.state(state)))
}

/// The state that a check presupposes besides what its rule asks.
fn presupposed(rule: &Rule, side: Side) -> Option<State> {
    match (side, &rule.check) {
        (Side::Upper, _) => Some(State::Pays),
        (Side::Direct, Check::ExactAmount(_) | Check::Milestones(_)) => Some(State::Decided),
        (Side::Direct, _) => None,
    }
}

/// The only condition of several for which a rule does not apply, if all others surely hold and one of them says more than
/// what became of the case: else nearly every case would be near to nearly every rule.
fn only_condition(rule: &Rule, case: &Case<'_>, side: Side) -> Option<Margin> {
    // What these consult is no part of the outcome.
    let trail = case.trail.beside();
    let case = Case { trail: &trail, ..*case };
    let state = presupposed(rule, side).map(Condition::State);
    let conditions: Vec<&Condition> = rule.when.iter().chain(&state).collect();
    let mut failing = conditions.iter().filter(|condition| case.holds(condition) != Truth::Yes);
    let (only, others) = (failing.next()?, failing.next());
    let telling =
        |condition: &&&Condition| !std::ptr::eq(**condition, *only) && !matches!(condition, Condition::State(_));
    let fails = others.is_none() && case.holds(only) == Truth::No && conditions.iter().any(|c| telling(&c));
    fails.then(|| match only {
        Condition::Not(only) => Margin::Condition { question: crate::wording::question(only), negated: true },
        only => Margin::Condition { question: crate::wording::question(only), negated: false },
    })
}

/// The states in all of which a case must be for a rule to apply: a case that is surely not in one of them need not be
/// put to the rule.
pub fn needed_states(rule: &Rule, side: Side) -> States {
    if matches!(rule.check, Check::SingleDecision) {
        return States::default();
    }
    rule.when.iter().filter_map(Condition::as_state).chain(presupposed(rule, side)).collect()
}

fn in_scope(rule: &Rule, case: &Case<'_>, side: Side) -> Outcome {
    let scope = scope(rule, case, side);
    if scope == Truth::No {
        case.trail.margin(|| only_condition(rule, case, side));
        return Outcome::NotApplicable;
    }
    let unfilled = rule.needs.iter().filter(|need| case.filled(**need) != Truth::Yes);
    if unfilled.map(|need| case.trail.unrecorded(*need)).count() > 0 {
        return Outcome::Indeterminate("evidence that the rule needs is missing");
    }
    scoped(scope, check(rule, case, side))
}

/// On a target of several categories a rule that compares amounts cannot tell to which line the money belongs.
fn mixed(rule: &Rule, case: &Case<'_>, side: Side) -> Outcome {
    if side == Side::Upper || !rule.check.compares_amounts() {
        return Outcome::NotApplicable;
    }
    let gives = scope(rule, case, side).and_then(|| case.state(State::GivesMoney));
    match gives {
        Truth::No => Outcome::NotApplicable,
        Truth::Yes | Truth::Unknown => Outcome::Indeterminate("the money cannot be attributed to a line"),
    }
}

fn check(rule: &Rule, case: &Case<'_>, side: Side) -> Outcome {
    match &rule.check {
        Check::Decide(branches) => decide::decide(branches, case),
        Check::Deadline(deadline) => time::deadline(deadline, case),
        Check::Window(window) => time::window(window, case),
        Check::Notice(notice) => time::notice(notice, case),
        Check::Chronology(chronology) => time::chronology(chronology, case),
        Check::NonRefundable(_) => lines::non_refundable(rule, case),
        Check::ExactAmount(exact) => amount::exact(exact, case, side),
        Check::StageFee(fee) => fee::stage_fee(fee, case),
        Check::StageEvidence(evidence) => stage::evidence(evidence, case),
        Check::Milestones(milestones) => milestones::milestones(milestones, case, side),
        Check::InPart(part) => in_part::in_part(part, case, side),
        Check::AtMost(limit) => in_part::at_most(limit, case),
        Check::Required(required) => required::required(required, case),
        Check::Duplicate => repeat::duplicate(case),
        Check::Ladder(ladder) => ladder::ladder(ladder, case),
        // These are asked of decision rows, of invoices, or of invoice lines.
        Check::SingleDecision
        | Check::RunningTotal
        | Check::LinePrice(_)
        | Check::LineRate(_)
        | Check::LineInAdvance(_)
        | Check::LineFree(_) => Outcome::NotApplicable,
    }
}

/// Why a rule that compares money is indeterminate for a decision in another currency.
const FOREIGN: &str = "the decision's money is in another currency than the invoice's";

/// Why a rule is indeterminate whose count of business days leaves the calendar.
const NO_CALENDAR: &str = "the count of business days leaves the years that the calendar covers";

/// Why a rule is indeterminate when a figure that it compares is not known.
const UNKNOWN_FIGURE: &str = "a figure that the rule compares is not known";
