//! Lists of conditions all of which must hold.

use super::condition::{Condition, State, States};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;
use std::borrow::Cow;
use std::ops::Deref;

/// Conditions all of which must hold, in the order in which a file lists them. Most lists begin by asking what became of
/// the case; these states are kept as a set too, so that a case in which they are known is asked nothing.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(from = "Vec<Condition>")]
pub struct Conditions {
    listed: Vec<Condition>,
    states: States,
    /// How many of those listed the states are.
    leading: usize,
}

impl Conditions {
    /// The states that are asked for first.
    #[inline]
    pub fn states(&self) -> States {
        self.states
    }

    /// What is asked after them.
    #[inline]
    pub fn after_states(&self) -> &[Condition] {
        self.listed.get(self.leading..).unwrap_or_default()
    }
}

impl From<Vec<Condition>> for Conditions {
    fn from(listed: Vec<Condition>) -> Conditions {
        let first: Vec<State> = listed.iter().map_while(Condition::as_state).collect();
        Conditions { leading: first.len(), states: first.into_iter().collect(), listed }
    }
}

impl Deref for Conditions {
    type Target = [Condition];

    fn deref(&self) -> &[Condition] {
        &self.listed
    }
}

impl JsonSchema for Conditions {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        <Vec<Condition>>::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        <Vec<Condition>>::json_schema(generator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_states_that_come_first_are_asked_at_once() {
        let state = |state| Condition::State(state);
        let other = || Condition::SameAccount;
        for (listed, states, after) in [
            (vec![], &[][..], 0),
            (vec![state(State::Pays)], &[State::Pays], 0),
            (vec![state(State::Pays), state(State::Live), other()], &[State::Live, State::Pays], 1),
            (vec![state(State::Pays), other(), state(State::Live)], &[State::Pays], 2),
            (vec![other(), state(State::Live)], &[], 2),
        ] {
            let conditions = Conditions::from(listed.clone());
            assert_eq!(conditions.states(), states.iter().copied().collect(), "{listed:?}");
            assert_eq!(conditions.after_states(), &listed[listed.len() - after..]);
            assert_eq!(*conditions, listed[..]);
        }
    }
}
