//! The same request made again.

use super::FOREIGN;
use super::outcome::{Bounds, Fault, Outcome, Possible, Truth, Verdict};
use crate::case::Case;
use crate::column::{AmountColumn, CodeColumn};
use crate::policy::OutcomeClass;
use crate::policy::condition::Term;
use crate::record::Request;
use rust_decimal::Decimal;
use std::cmp::Ordering;

/// An earlier request of the same account, invoice, line, kind, reason and amount: paid, or denied, before.
pub fn duplicate(case: &Case<'_>) -> Outcome {
    let earlier: Vec<Case<'_>> = earlier_twins(case);
    case.trail.note(|| format!("{} earlier requests ask for the same", earlier.len()));
    if earlier.is_empty() {
        return Outcome::Compliant;
    }
    let gives = Truth::any(earlier.iter().map(|twin| twin.state(crate::policy::condition::State::GivesMoney)));
    for twin in &earlier {
        case.trail.cite(twin.request.place);
        twin.decision.iter().for_each(|row| case.trail.cite(row.record.place));
    }
    let fault = |verdict, twin: &Case<'_>, how: &str| {
        let other = case.books().text(twin.request.id);
        let (before, own) = (case.show_bounds(given(twin)), case.show_bounds(given(case)));
        let message = format!("{other} asked for the same before and was {how} ({before}; this one gives {own})");
        let actual = case.show_bounds(case.term(Term::Money));
        Outcome::from(Fault::new(verdict, message).between("one request", actual).worth(case.effect(Term::Money)))
    };
    let mut possible = Possible::default();
    let nothing = Bounds::exactly(Decimal::ZERO);
    if gives.possible() {
        let all = std::iter::once(case).chain(&earlier);
        if all.clone().any(|each| given(each) != nothing && !each.comparable()) {
            possible.add(Outcome::Indeterminate(FOREIGN));
        } else {
            let sum = all.fold(nothing, |sum, each| sum + given(each));
            case.amount_margin("sum given", sum, case.term(Term::TargetAmount));
            let above = sum.exceeds(case.term(Term::TargetAmount), case.unit());
            if above.possible() {
                possible.add(fault(Verdict::Deviation, &earlier[0], "paid"));
            }
            if above != Truth::Yes {
                possible.add(fault(Verdict::Review, &earlier[0], "paid"));
            }
        }
    }
    if gives != Truth::Yes {
        let denied = earlier.iter().find(|twin| twin.class() == Some(OutcomeClass::Denied));
        possible.add(denied.map_or(Outcome::Compliant, |twin| fault(Verdict::Review, twin, "denied")));
    }
    possible.settle()
}

/// What a live decision gives.
fn given(case: &Case<'_>) -> Bounds {
    match case.state(crate::policy::condition::State::Live) {
        Truth::Yes => case.term(Term::Money),
        _ => Bounds::exactly(Decimal::ZERO),
    }
}

fn earlier_twins<'a>(case: &Case<'a>) -> Vec<Case<'a>> {
    let (Some(amount), Some(_)) =
        (case.amount(AmountColumn::AmountRequested).value(), case.code(CodeColumn::Reason).value())
    else {
        return Vec::new();
    };
    let (own, books) = (case.request, case.books());
    let same = |other: &&Request| {
        other.id != own.id
            && other.account == own.account
            && other.line == own.line
            && other.kind == own.kind
            && other.reason == own.reason
            && books.amount_of(other, AmountColumn::AmountRequested).value(&books.wide) == Some(amount)
            && by_submission(case, other, own).is_lt()
    };
    let mut twins: Vec<&Request> = books.requests_of(case.invoice).filter(same).collect();
    twins.sort_by(|a, b| by_submission(case, a, b));
    twins.into_iter().map(|request| case.of_request(request)).collect()
}

/// Requests in order of submission; of two at the same instant, the one with the smaller id is the earlier.
fn by_submission(case: &Case<'_>, a: &Request, b: &Request) -> Ordering {
    let key = |r: &Request| (r.submitted_at.instant_in(case.plan.policy.zone), case.books().text(r.id));
    key(a).cmp(&key(b))
}
