//! Limits on money: less than the whole, and no more than another amount.

use super::amount::above_largest;
use super::outcome::{Bounds, Fault, Outcome, Possible, Truth, Verdict, plus};
use super::{FOREIGN, Side, UNKNOWN_FIGURE};
use crate::case::Case;
use crate::money;
use crate::policy::condition::Term;
use crate::policy::rule::{AtMost, InPart};
use rust_decimal::Decimal;

/// A refund of the whole is not partial; where the percentage earned is recorded, more than the rest is for review.
pub fn in_part(part: &InPart, case: &Case<'_>, side: Side) -> Outcome {
    if !case.comparable() {
        return Outcome::Indeterminate(FOREIGN);
    }
    let whole = case.sum(case.target);
    let earned = part.earned.and_then(|column| case.amount(column).value());
    let unearned = earned
        .and_then(|percent| money::rounded(&money::percent_of(whole, Decimal::ONE_HUNDRED - percent), case.currency()));
    if side == Side::Upper {
        let largest = unearned.unwrap_or_else(|| plus(whole, -(case.unit() + case.unit())));
        return above_largest(case, Term::Refund, largest);
    }
    let refund = case.term(Term::Refund);
    let Some(paid) = refund.known() else { return Outcome::Indeterminate(UNKNOWN_FIGURE) };
    let effect = match (part.earned, unearned) {
        (Some(_), rest) => rest.map(|rest| plus(paid, -rest)),
        (None, _) => Some(plus(paid, -whole).max(Decimal::ZERO)),
    };
    let fault = |verdict, message: String, expected: String| {
        Outcome::from(Fault::new(verdict, message).between(expected, case.show(paid)).worth(effect))
    };
    case.trail.note(|| format!("refunded {} of {}", case.show(paid), case.show(whole)));
    let limits = std::iter::once(whole).chain(unearned);
    limits.for_each(|limit| case.amount_margin("refund", refund, Bounds::exactly(limit)));
    if paid >= plus(whole, -case.unit()) {
        let message = format!("{} was refunded, the whole price, where the text allows only a part", case.show(paid));
        return fault(Verdict::Deviation, message, format!("less than {}", case.show(whole)));
    }
    match unearned.filter(|rest| paid > plus(*rest, case.unit())) {
        Some(rest) => {
            let message = format!("{} was refunded, more than the unearned {}", case.show(paid), case.show(rest));
            fault(Verdict::Review, message, format!("at most {}", case.show(rest)))
        }
        None => Outcome::Compliant,
    }
}

/// An amount is no more than another, within one unit.
pub fn at_most(limit: &AtMost, case: &Case<'_>) -> Outcome {
    if (limit.amount.is_of_decision() || limit.limit.is_of_decision()) && !case.comparable() {
        return Outcome::Indeterminate(FOREIGN);
    }
    let (actual, most) = (case.term(limit.amount), case.term(limit.limit));
    let (what, of) = (crate::wording::term(limit.amount), crate::wording::term(limit.limit));
    case.trail.note(|| format!("{what} {}, {of} {}", case.show_bounds(actual), case.show_bounds(most)));
    case.amount_margin(what, actual, most);
    let above = actual.exceeds(most, case.unit());
    let mut possible = Possible::default();
    if above.possible() {
        let message =
            format!("the {what} of {} is more than the {of}, {}", case.show_bounds(actual), case.show_bounds(most));
        let difference = actual.known().zip(most.known()).map(|(a, m)| plus(a, -m));
        let expected = format!("at most {}", case.show_bounds(most));
        possible.add(
            Fault::new(Verdict::Deviation, message)
                .between(expected, case.show_bounds(actual))
                .worth(difference)
                .into(),
        );
    }
    if above != Truth::Yes {
        possible.add(Outcome::Compliant);
    }
    possible.settle()
}
