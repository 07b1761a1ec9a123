//! Parts of a project: nothing for completed ones, all for future ones, some for the current ones.

use super::outcome::{Bounds, Fault, MOST_WORLDS, Outcome, Possible, Truth, Verdict, plus};
use super::{FOREIGN, Side, UNKNOWN_FIGURE, amount};
use crate::case::Case;
use crate::policy::OutcomeClass;
use crate::policy::condition::Term;
use crate::policy::rule::Milestones;
use crate::record::InvoiceLine;
use rust_decimal::Decimal;

/// Where a part of the project stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Completed,
    Current,
    Future,
}

/// What must be given back at least, what may be at most, and whether some part is current.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Range {
    low: Decimal,
    high: Decimal,
    current: bool,
}

pub fn milestones(rule: &Milestones, case: &Case<'_>, side: Side) -> Outcome {
    if !case.comparable() {
        return Outcome::Indeterminate(FOREIGN);
    }
    let mut ranges = vec![Range { low: Decimal::ZERO, high: Decimal::ZERO, current: false }];
    for line in case.target {
        let amount = case.line_amount(line);
        let parts = standing(rule, case, line);
        ranges = ranges.iter().flat_map(|range| parts.iter().map(move |part| range.with(*part, amount))).collect();
        ranges.dedup();
        if ranges.len() > MOST_WORLDS {
            return Outcome::Indeterminate("too many lines may or may not be completed");
        }
    }
    let mut possible = Possible::default();
    for range in ranges {
        possible.add(match side {
            Side::Direct => compare(case, range),
            Side::Upper => amount::above_largest(case, Term::Refund, range.high),
        });
    }
    possible.settle()
}

impl Range {
    fn with(self, part: Part, amount: Decimal) -> Range {
        match part {
            Part::Completed => self,
            Part::Future => Range { low: plus(self.low, amount), high: plus(self.high, amount), ..self },
            Part::Current => Range { high: plus(self.high, amount), current: true, ..self },
        }
    }
}

/// Where a line may stand: in several places only where evidence is missing.
fn standing(rule: &Milestones, case: &Case<'_>, line: &InvoiceLine) -> Vec<Part> {
    let completed = Truth::any(rule.completed.iter().map(|event| case.happened(line, *event)));
    let begun = case.happened(line, rule.begun);
    let mut parts = Vec::new();
    if completed.possible() {
        parts.push(Part::Completed);
    }
    if completed != Truth::Yes {
        if begun.possible() {
            parts.push(Part::Current);
        }
        if begun != Truth::Yes {
            parts.push(Part::Future);
        }
    }
    parts
}

fn compare(case: &Case<'_>, range: Range) -> Outcome {
    let Some(refund) = case.term(Term::Refund).known() else { return Outcome::Indeterminate(UNKNOWN_FIGURE) };
    let unit = case.unit();
    let between = || format!("{}..{}", crate::money::show(range.low, case.currency()), case.show(range.high));
    case.trail.note(|| format!("between {}; refunded {}", between(), case.show(refund)));
    for limit in [range.low, range.high] {
        case.amount_margin("refund", Bounds::exactly(refund), Bounds::exactly(limit));
    }
    let fault = |verdict, effect: Decimal| {
        let between = between();
        let message = format!("{} was refunded, and the milestones give {between}", case.show(refund));
        Outcome::from(Fault::new(verdict, message).between(between, case.show(refund)).worth(Some(effect)))
    };
    if refund < plus(range.low, -unit) {
        let denied_unpaid = case.class() == Some(OutcomeClass::Denied) && refund.is_zero();
        return fault(if denied_unpaid { Verdict::Review } else { Verdict::Deviation }, plus(refund, -range.low));
    }
    // Of a current part some must have been earned, so all of it is too much.
    if refund > plus(range.high, unit) || (range.current && refund >= plus(range.high, -unit)) {
        return fault(Verdict::Deviation, plus(refund, -range.high).max(Decimal::ZERO));
    }
    Outcome::Compliant
}
