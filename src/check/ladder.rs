//! The steps of an escalation: none is taken before the one below it.

use super::outcome::{Fault, Outcome, Truth, Verdict};
use crate::case::Case;
use crate::policy::rule::Ladder;
use crate::record::{Cell, Request};
use crate::text::Sym;
use crate::time::Form;

pub fn ladder(ladder: &Ladder, case: &Case<'_>) -> Outcome {
    case.trail.compared(ladder.column, ladder.steps.iter().map(|step| step.0));
    let Cell::Value(word) = case.code_of(case.request, ladder.column) else {
        case.trail.unrecorded(ladder.column);
        return Outcome::Indeterminate("the step is not recorded");
    };
    let below = match ladder.steps.iter().position(|step| step.0 == word) {
        Some(at) if at > 0 => ladder.steps[at - 1].0,
        _ => return Outcome::NotApplicable,
    };
    let books = case.books();
    let parents = books.requests_of(case.invoice).flat_map(|request| [request.parent, request.id]);
    case.trail.compared(crate::column::Column::ParentRequestId, parents.filter(|id| !id.is_blank()));
    let Cell::Value(parent) = case.parent_id() else {
        case.trail.unrecorded(crate::column::Column::ParentRequestId);
        return Outcome::Indeterminate("the request that it goes back to is not recorded");
    };
    let own = case.request;
    case.parent();
    let siblings = case.books().children(parent).filter(|other| other.kind == own.kind && other.id != own.id);
    let taken =
        Truth::any(siblings.map(|other| step_is(case, other, ladder, below).and_then(|| no_later(case, other).into())));
    match taken {
        Truth::Yes => Outcome::Compliant,
        Truth::Unknown => Outcome::Indeterminate("the export does not show the steps taken before"),
        Truth::No => {
            let (step, below) = (case.books().text(word), case.books().text(below));
            let message = format!("escalated to `{step}` without `{below}` before it");
            Fault::new(Verdict::Deviation, message).between(below, step).into()
        }
    }
}

fn step_is(case: &Case<'_>, request: &Request, ladder: &Ladder, step: Sym) -> Truth {
    match case.code_of(request, ladder.column) {
        Cell::Value(word) => (word == step).into(),
        Cell::Blank => Truth::No,
        Cell::Absent => Truth::Unknown,
    }
}

/// Whether another request was submitted no later; by the day where either has no time.
fn no_later(case: &Case<'_>, other: &Request) -> bool {
    let (zone, own) = (case.plan.policy.zone, case.request.submitted_at);
    let other = other.submitted_at;
    if own.form() == Some(Form::Date) || other.form() == Some(Form::Date) {
        return other.day(zone) <= own.day(zone);
    }
    other.instant_in(zone) <= own.instant_in(zone)
}
