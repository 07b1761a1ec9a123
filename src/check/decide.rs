//! A decision table: the first branch whose conditions hold gives the verdict, and none is compliant.

use super::outcome::{Fault, Outcome, Possible, Truth, Verdict};
use crate::case::Case;
use crate::policy::rule::{Branch, Ruling};

pub fn decide(branches: &[Branch], case: &Case<'_>) -> Outcome {
    let mut possible = Possible::default();
    for branch in branches {
        let holds = case.all(&branch.conditions);
        if holds.possible() {
            possible.add(ruling(branch, case));
        }
        if holds == Truth::Yes {
            return possible.settle();
        }
    }
    possible.add(Outcome::Compliant);
    possible.settle()
}

fn ruling(branch: &Branch, case: &Case<'_>) -> Outcome {
    let Some(verdict) = branch.then.verdict() else { return Outcome::Compliant };
    let figures = crate::wording::figures(case, &branch.conditions);
    let money = branch.amount.map(|term| crate::wording::money(case, term));
    let message = match &money {
        Some(money) => format!("{}: {money}{figures}", branch.says),
        None => format!("{}{figures}", branch.says),
    };
    let (expected, actual) = crate::wording::sides(case, &branch.conditions, money);
    let effect = branch.amount.and_then(|term| case.effect(term));
    Fault::new(verdict, message).between(expected, actual).worth(effect).into()
}

impl Ruling {
    /// The verdict; `None` if compliant.
    pub fn verdict(self) -> Option<Verdict> {
        match self {
            Ruling::Compliant => None,
            Ruling::Deviation => Some(Verdict::Deviation),
            Ruling::Review => Some(Verdict::Review),
        }
    }
}
