//! Exact amounts: the money is one of those that some reading of the text accepts, within one unit.

use super::basis::{self, Amounts, Open};
use super::outcome::{Bounds, Fault, Outcome, Possible, Truth, Verdict, plus};
use super::{FOREIGN, Side, UNKNOWN_FIGURE};
use crate::case::Case;
use crate::column::CodeColumn;
use crate::money::{self, Exact};
use crate::policy::OutcomeClass;
use crate::policy::condition::Term;
use crate::policy::rule::ExactAmount;
use crate::trail::Trail;
use rust_decimal::Decimal;
use smallvec::SmallVec;

pub fn exact(exact: &ExactAmount, case: &Case<'_>, side: Side) -> Outcome {
    if !case.comparable() {
        return Outcome::Indeterminate(FOREIGN);
    }
    let mut possible = Possible::default();
    for accepted in basis::accepted(&exact.by, case, side) {
        possible.add(match accepted.and_then(|amounts| Limits::of(case, exact.of, &amounts)) {
            Err(why) => Outcome::Indeterminate(why),
            Ok(limits) => compare(exact, case, side, &limits),
        });
    }
    possible.settle()
}

/// The accepted amounts, rounded.
struct Limits {
    /// From the smallest up; at least one.
    known: SmallVec<[Decimal; 4]>,
    /// Whether more may be accepted.
    more: More,
}

/// Whether more amounts may be accepted than are known.
enum More {
    No,
    /// One of several, none above `top`.
    OneOf {
        top: Decimal,
        around: Around,
    },
    Any,
}

/// Of the further amounts those next to the actual one, among them the nearest; `None` if any may be.
type Around = Option<SmallVec<[Decimal; 4]>>;

impl Limits {
    fn of(case: &Case<'_>, of: Term, amounts: &Amounts) -> Result<Limits, &'static str> {
        let too_large = "an amount is too large to be reckoned with";
        let round = |amount: &Exact| money::rounded(amount, case.currency()).ok_or(too_large);
        let mut known: SmallVec<[Decimal; 4]> = amounts.known.iter().map(round).collect::<Result<_, _>>()?;
        known.sort_unstable();
        known.dedup();
        let more = match &amounts.open {
            Open::No => More::No,
            Open::OneOf(parts) => {
                let tops: SmallVec<[Decimal; 2]> = parts.iter().map(|p| round(&p.most())).collect::<Result<_, _>>()?;
                let actual = money::exact(case.term(of).low);
                let next: Option<Vec<_>> = parts.iter().map(|parts| parts.around(&actual)).collect();
                let rounded = |next: Vec<SmallVec<_>>| next.iter().flatten().map(round).collect::<Result<_, _>>();
                More::OneOf { top: tops.into_iter().max().unwrap_or_default(), around: next.map(rounded).transpose()? }
            }
            Open::Any => More::Any,
        };
        Ok(Limits { known, more })
    }

    fn least(&self) -> Decimal {
        self.known.first().copied().unwrap_or_default()
    }

    fn largest(&self) -> Decimal {
        self.known.last().copied().unwrap_or_default()
    }

    /// Nothing above this is accepted; `None` if any amount may be.
    fn top(&self) -> Option<Decimal> {
        match self.more {
            More::No => Some(self.largest()),
            More::OneOf { top, .. } => Some(top.max(self.largest())),
            More::Any => None,
        }
    }

    /// The nearest known amount; of two equally near the smaller, which comes first.
    fn nearest(&self, actual: Decimal) -> Decimal {
        self.known.iter().copied().min_by_key(|a| plus(actual, -*a).abs()).unwrap_or_default()
    }

    /// By how much an amount differs from the nearest one, if that is known in spite of those that are not.
    fn difference(&self, actual: Decimal) -> Option<Decimal> {
        let nearest = self.nearest(actual);
        let gap = |amount: Decimal| plus(actual, -amount).abs();
        let is_sure = match &self.more {
            More::No => true,
            More::OneOf { around: Some(around), .. } => {
                around.iter().all(|a| gap(*a) > gap(nearest) || gap(*a) == gap(nearest) && *a >= nearest)
            }
            More::OneOf { around: None, .. } => actual <= self.least(),
            More::Any => false,
        };
        is_sure.then(|| plus(actual, -nearest))
    }

    /// Whether one of the amounts that are not known may be within a unit of this one.
    fn may_fit(&self, actual: Decimal, unit: Decimal) -> bool {
        match &self.more {
            More::No => false,
            More::OneOf { around: Some(around), .. } => around.iter().any(|a| plus(actual, -*a).abs() <= unit),
            More::OneOf { top, around: None } => plus(self.least(), -unit) <= actual && actual <= plus(*top, unit),
            More::Any => true,
        }
    }

    fn list(&self, case: &Case<'_>) -> String {
        let unknown =
            matches!(self.more, More::OneOf { .. }).then(|| "an amount that the export does not show".to_owned());
        self.known.iter().map(|a| case.show(*a)).chain(unknown).collect::<Vec<_>>().join(" or ")
    }
}

fn compare(exact: &ExactAmount, case: &Case<'_>, side: Side, limits: &Limits) -> Outcome {
    let bounds = case.term(exact.of);
    let (what, unit) = (crate::wording::term(exact.of), case.unit());
    case.trail.note(|| format!("accepted {}; {what} {}", limits.list(case), case.show_bounds(bounds)));
    let nearest = limits.nearest(bounds.low);
    let limit = match side {
        Side::Direct => nearest,
        Side::Upper => limits.largest(),
    };
    case.amount_margin(what, bounds, Bounds::exactly(limit));
    let above_all = limits.top().is_some_and(|top| bounds.low > plus(top, unit));
    let Some(actual) = bounds.known() else {
        // However much it is, it is more than is accepted.
        return if above_all { wrong(exact, case, side, limits, None) } else { Outcome::Indeterminate(UNKNOWN_FIGURE) };
    };
    let (fits, may_fit) = match side {
        Side::Direct => (plus(actual, -nearest).abs() <= unit, limits.may_fit(actual, unit)),
        Side::Upper => (actual <= plus(limits.largest(), unit), !above_all),
    };
    match fits {
        true => Outcome::Compliant,
        false if may_fit => Outcome::Indeterminate("more amounts may be accepted than the export shows"),
        false => wrong(exact, case, side, limits, limits.difference(actual)),
    }
}

/// The money is none of the accepted amounts; by how much it differs from the nearest, if that is known.
fn wrong(exact: &ExactAmount, case: &Case<'_>, side: Side, limits: &Limits, difference: Option<Decimal>) -> Outcome {
    let actual = case.term(exact.of);
    if side == Side::Upper {
        return above(case, exact.of, limits.top().unwrap_or_default(), difference);
    }
    let denied_unpaid = case.class() == Some(OutcomeClass::Denied) && actual.known().is_some_and(|a| a.is_zero());
    let by_reason = case.code_in(CodeColumn::Reason, &exact.review_reasons);
    let softened =
        exact.review_when.as_ref().map_or(by_reason, |conditions| Truth::any([by_reason, case.all(conditions)]));
    let fault = |verdict| {
        let (what, list) = (crate::wording::term(exact.of), limits.list(case));
        let working = basis_in_words(exact, case, side);
        let message = match denied_unpaid {
            true => format!(
                "nothing was refunded, and the text gives {list}{working}; the denial may rest on a ground that the \
                 exports do not show"
            ),
            false => format!("the {what} is {}, and the text gives {list}{working}", case.show_bounds(actual)),
        };
        let nearest = match (difference, &limits.more) {
            (None, More::OneOf { .. }) => String::new(),
            _ => case.show(limits.nearest(actual.low)),
        };
        Outcome::from(Fault::new(verdict, message).between(nearest, case.show_bounds(actual)).worth(difference))
    };
    let mut possible = Possible::default();
    if denied_unpaid || softened.possible() {
        possible.add(fault(Verdict::Review));
    }
    if !denied_unpaid && softened != Truth::Yes {
        possible.add(fault(Verdict::Deviation));
    }
    possible.settle()
}

/// How the accepted amounts came about, to follow a message.
fn basis_in_words(exact: &ExactAmount, case: &Case<'_>, side: Side) -> String {
    if case.trail.supposes() {
        return String::new();
    }
    let trail = Trail::with_working();
    basis::accepted(&exact.by, &Case { trail: &trail, ..*case }, side);
    let steps = trail.restart();
    if steps.is_empty() { String::new() } else { format!(" ({})", steps.join("; ")) }
}

/// The refund of a case of another kind is held against the largest amount that is accepted.
pub fn above_largest(case: &Case<'_>, of: Term, largest: Decimal) -> Outcome {
    let actual = case.term(of);
    let limit = Bounds::exactly(largest);
    case.amount_margin(crate::wording::term(of), actual, limit);
    match actual.exceeds(limit, case.unit()) {
        Truth::No => Outcome::Compliant,
        Truth::Unknown => Outcome::Indeterminate(UNKNOWN_FIGURE),
        Truth::Yes => above(case, of, largest, actual.known().map(|actual| plus(actual, -largest))),
    }
}

fn above(case: &Case<'_>, of: Term, largest: Decimal, excess: Option<Decimal>) -> Outcome {
    let (actual, most, what) = (case.show_bounds(case.term(of)), case.show(largest), crate::wording::term(of));
    let message = format!("the {what} is {actual}, above the {most} that a cancellation would give");
    Fault::new(Verdict::Review, message).between(format!("at most {most}"), actual).worth(excess).into()
}
