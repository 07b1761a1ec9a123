//! The administrative fee: that of the stage, and none at the others.

use super::outcome::{Bounds, Fault, Outcome, Possible, Verdict, plus};
use super::{FOREIGN, UNKNOWN_FIGURE, stage};
use crate::case::Case;
use crate::money;
use crate::policy::condition::Term;
use crate::policy::rule::{Stage, StageFee};
use rust_decimal::Decimal;
use smallvec::SmallVec;

pub fn stage_fee(fee: &StageFee, case: &Case<'_>) -> Outcome {
    if !case.comparable() {
        return Outcome::Indeterminate(FOREIGN);
    }
    let Some(schedule) = case.plan.policy.schedule(&fee.schedule) else {
        return Outcome::Indeterminate(UNKNOWN_FIGURE);
    };
    let mut possible = Possible::default();
    for stages in stage::stages(case, schedule) {
        let fee_of = |s: &Stage| money::rounded(&stage::fee_at(case, s)?, case.currency());
        let fees: SmallVec<[Decimal; 2]> = stages.iter().filter_map(|s| fee_of(s)).collect();
        possible.add(match stages.len() {
            0 => Outcome::Indeterminate("the stage of the project cannot be told"),
            all if fees.len() == all => compare(fee, case, fees),
            // A fee that cannot be told does not matter where another fits.
            _ => match compare(fee, case, fees) {
                Outcome::Compliant => Outcome::Compliant,
                _ => Outcome::Indeterminate(UNKNOWN_FIGURE),
            },
        });
    }
    possible.settle()
}

fn compare(fee: &StageFee, case: &Case<'_>, mut fees: SmallVec<[Decimal; 2]>) -> Outcome {
    let Some(actual) = case.term(Term::AdminFee).known() else { return Outcome::Indeterminate(UNKNOWN_FIGURE) };
    fees.sort_unstable();
    let Some(nearest) = fees.iter().copied().min_by_key(|f| plus(actual, -*f).abs()) else {
        return Outcome::Indeterminate(UNKNOWN_FIGURE);
    };
    case.trail.note(|| format!("fee {}, retained {}", case.show(nearest), case.show(actual)));
    case.amount_margin("fee", Bounds::exactly(actual), Bounds::exactly(nearest));
    let difference = plus(nearest, -actual);
    if difference.abs() <= case.unit() {
        return Outcome::Compliant;
    }
    let message = format!(
        "an administrative fee of {} was retained, and the text gives {}",
        case.show(actual),
        case.show(nearest)
    );
    let fault = Fault::new(Verdict::Deviation, message).between(case.show(nearest), case.show(actual));
    fault.worth(Some(difference).filter(|_| refund_is_right(fee, case))).into()
}

/// A wrong fee moves no money of its own where the refund is wrong already.
fn refund_is_right(fee: &StageFee, case: &Case<'_>) -> bool {
    let beside = case.plan.rules.iter().find(|rule| rule.id == fee.beside);
    beside.is_some_and(|rule| super::judge_case(rule, &case.about(case.asked)) == Outcome::Compliant)
}
