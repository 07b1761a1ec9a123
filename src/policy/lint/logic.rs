//! What follows from conditions by themselves, whatever the case: one holds whenever another does, or never with it.

use crate::column::CodeColumn;
use crate::policy::condition::{Blank, CodeTest, Condition, State};
use crate::policy::rule::Rule;
use crate::policy::word::Word;

/// Whether the second holds in every case in which the first does. *No* if that does not follow by itself.
pub(super) fn implies(first: &Condition, second: &Condition) -> bool {
    use Condition::{
        Any, AtLeast, Code, Flag, FlagIfRecorded, Happened, HappenedByDecision, Not, OutageLongerThan, Positive,
        PositiveOrUnrecorded, Recorded, RecordedOrMissing,
    };
    if first == second {
        return true;
    }
    match (first, second) {
        (Any(alternatives), _) if !alternatives.is_empty() => alternatives.iter().all(|one| implies(one, second)),
        (_, Any(alternatives)) => alternatives.iter().any(|one| implies(first, one)),
        (_, Not(never)) => excludes(first, never),
        (Condition::State(first), Condition::State(second)) => states_behind(*first).contains(second),
        (Code(first), Code(second)) => {
            first.column == second.column && first.one_of.iter().all(|word| second.one_of.contains(word))
        }
        (Flag(first), FlagIfRecorded(second)) | (FlagIfRecorded(first), Flag(second)) => first == second,
        (Recorded(first), RecordedOrMissing(second)) | (RecordedOrMissing(first), Recorded(second)) => first == second,
        (Positive(first), PositiveOrUnrecorded(second)) => first == second,
        (HappenedByDecision(first), Happened(second)) => first == second,
        (OutageLongerThan { minutes: first }, OutageLongerThan { minutes: second }) => first >= second,
        (AtLeast { column: first, value: more }, AtLeast { column: second, value: less }) => {
            first == second && more.0 >= less.0
        }
        _ => false,
    }
}

/// Whether the two never hold together. *No* if that does not follow by itself.
pub(super) fn excludes(first: &Condition, second: &Condition) -> bool {
    match (first, second) {
        (Condition::Not(never), other) | (other, Condition::Not(never)) => implies(other, never),
        (Condition::Any(alternatives), other) | (other, Condition::Any(alternatives)) => {
            !alternatives.is_empty() && alternatives.iter().all(|one| excludes(one, other))
        }
        (Condition::State(first), Condition::State(second)) => {
            let both = [*first, *second];
            both.contains(&State::Accepted) && both.contains(&State::Denied)
        }
        (Condition::Code(first), Condition::Code(second)) => {
            first.column == second.column && !first.one_of.iter().any(|word| second.one_of.contains(word))
        }
        _ => false,
    }
}

/// The states that every case in a state has too.
fn states_behind(state: State) -> &'static [State] {
    match state {
        State::Accepted | State::Denied => &[State::Decided, State::Live],
        State::Decided | State::GivesMoney => &[State::Live],
        State::Pays => &[State::GivesMoney, State::Live],
        State::Live | State::Processed => &[],
    }
}

/// Whether all of some conditions hold in every case in which all of others do.
pub(super) fn all_follow(conditions: &[Condition], from: &[Condition]) -> bool {
    conditions.iter().all(|wanted| from.iter().any(|given| implies(given, wanted)))
}

/// What a rule asks of a case before its check: its kinds as a condition, and `when`.
pub(super) fn scope(rule: &Rule) -> Vec<Condition> {
    kinds(rule).into_iter().chain(rule.when.iter().cloned()).collect()
}

/// The kinds of request that a rule is about, as a condition; none if it is about all.
pub(super) fn kinds(rule: &Rule) -> Option<Condition> {
    let is = |words: &[Word]| {
        Condition::Code(CodeTest { column: CodeColumn::Kind, one_of: words.to_vec(), blank: Blank::NoWord })
    };
    match &rule.kinds {
        Some(kinds) => {
            let left: Vec<Word> = kinds.iter().copied().filter(|kind| !rule.except_kinds.contains(kind)).collect();
            Some(is(&left))
        }
        None if rule.except_kinds.is_empty() => None,
        None => Some(Condition::Not(Box::new(is(&rule.except_kinds)))),
    }
}

/// Whether a case can be in the scope of both rules, as far as their kinds, targets and conditions tell.
pub(super) fn can_meet(one: &Rule, other: &Rule) -> bool {
    let targets_meet = match (&one.target, &other.target) {
        (Some(one), Some(other)) => one.iter().any(|category| other.contains(category)),
        _ => true,
    };
    let others = scope(other);
    targets_meet && !scope(one).iter().any(|condition| others.iter().any(|other| excludes(condition, other)))
}
