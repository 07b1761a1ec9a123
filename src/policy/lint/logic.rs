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
        (AtLeast { column: first, value: more, .. }, AtLeast { column: second, value: less, .. }) => {
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

#[cfg(test)]
mod tests {
    use super::{excludes, implies};
    use crate::policy::condition::Condition;
    use serde::Deserialize;

    fn condition(text: &str) -> Condition {
        #[derive(Deserialize)]
        struct Written {
            condition: Condition,
        }
        toml::from_str::<Written>(&format!("condition = {text}")).unwrap().condition
    }

    const ONE: &str = r#"{ code = { column = "reason", one_of = ["one"] } }"#;
    const TWO: &str = r#"{ code = { column = "reason", one_of = ["one", "two"] } }"#;
    const THREE: &str = r#"{ code = { column = "reason", one_of = ["three"] } }"#;
    const OTHER: &str = r#"{ code = { column = "remedy", one_of = ["one"] } }"#;

    fn not(text: &str) -> String {
        format!("{{ not = {text} }}")
    }

    fn any(texts: &[&str]) -> String {
        format!("{{ any = [{}] }}", texts.join(", "))
    }

    fn state(name: &str) -> String {
        format!("{{ state = \"{name}\" }}")
    }

    fn at_least(value: u32) -> String {
        format!("{{ at_least = {{ column = \"notice_hours\", value = {value} }} }}")
    }

    #[test]
    fn what_follows_from_a_condition() {
        for (first, second, follows) in [
            (ONE.to_owned(), ONE.to_owned(), true),
            (ONE.to_owned(), TWO.to_owned(), true),
            (TWO.to_owned(), ONE.to_owned(), false),
            (ONE.to_owned(), OTHER.to_owned(), false),
            (ONE.to_owned(), not(THREE), true),
            (ONE.to_owned(), not(OTHER), false),
            (not(TWO), not(ONE), true),
            (not(ONE), not(TWO), false),
            (ONE.to_owned(), any(&[ONE, OTHER]), true),
            (any(&[ONE, TWO]), TWO.to_owned(), true),
            (any(&[ONE, OTHER]), TWO.to_owned(), false),
            (state("pays"), state("gives_money"), true),
            (state("pays"), state("live"), true),
            (state("gives_money"), state("pays"), false),
            (state("denied"), not(&state("accepted")), true),
            (not(&state("decided")), not(&state("accepted")), true),
            (at_least(72), at_least(48), true),
            (at_least(48), at_least(72), false),
        ] {
            assert_eq!(implies(&condition(&first), &condition(&second)), follows, "{first} implies {second}");
        }
    }

    #[test]
    fn what_cannot_hold_together() {
        for (first, second, never) in [
            (ONE.to_owned(), THREE.to_owned(), true),
            (ONE.to_owned(), TWO.to_owned(), false),
            (ONE.to_owned(), OTHER.to_owned(), false),
            (ONE.to_owned(), not(ONE), true),
            (ONE.to_owned(), not(TWO), true),
            (TWO.to_owned(), not(ONE), false),
            (any(&[ONE, TWO]), THREE.to_owned(), true),
            (any(&[ONE, OTHER]), THREE.to_owned(), false),
            (state("accepted"), state("denied"), true),
            (state("pays"), not(&state("live")), true),
            (state("denied"), state("pays"), false),
        ] {
            let (one, other) = (condition(&first), condition(&second));
            assert_eq!(excludes(&one, &other), never, "{first} excludes {second}");
            assert_eq!(excludes(&other, &one), never, "{second} excludes {first}");
        }
    }
}
