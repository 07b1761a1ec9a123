//! The stage of a project: as the case file records it, or as the work shows it.

use super::outcome::{Fault, Outcome, Truth, Verdict};
use crate::case::Case;
use crate::column::{AmountColumn, CodeColumn, Column, LineEvent};
use crate::money::{self, Exact};
use crate::policy::condition::Term;
use crate::policy::rule::{Schedule, Stage, StageEvidence, Work};
use crate::policy::word::Number;
use crate::record::Cell;
use rust_decimal::Decimal;
use smallvec::{SmallVec, smallvec};

/// The stages that a project may be in, for one value of what is unknown: several where it stands on a boundary, none
/// where it cannot be told.
pub type Stages<'p> = SmallVec<[&'p Stage; 2]>;

/// The stages of the target at submission: one entry, or one for each value that an unknown fact could have.
pub fn stages<'p>(case: &Case<'_>, schedule: &'p Schedule) -> SmallVec<[Stages<'p>; 1]> {
    case.trail.compared(CodeColumn::Stage, schedule.stages.iter().map(|stage| stage.stage.0));
    if let Cell::Value(word) = case.code(CodeColumn::Stage) {
        let named: Stages<'p> = schedule.stages.iter().filter(|s| s.stage.0 == word).collect();
        case.trail.note(|| format!("stage `{}` as recorded", case.books().text(word)));
        return smallvec![named];
    }
    let mut worlds: SmallVec<[Stages<'p>; 1]> = SmallVec::new();
    let accepted = case.any_happened(schedule.accepted);
    if accepted.possible() {
        worlds.push(schedule.stages.iter().filter(|s| s.work == Work::Accepted).take(1).collect());
    }
    if accepted != Truth::Yes {
        let begun = case.any_happened(schedule.begun);
        if begun != Truth::Yes {
            worlds.push(schedule.stages.iter().filter(|s| s.work == Work::NotBegun).collect());
        }
        if begun.possible() {
            worlds.push(by_progress(case, schedule));
        }
    }
    case.trail.note(|| {
        let name = |stages: &Stages<'_>| stages.iter().map(|s| s.stage.text()).collect::<Vec<_>>().join(" or ");
        let all: Vec<String> =
            worlds.iter().map(name).map(|n| if n.is_empty() { "not to be told".to_owned() } else { n }).collect();
        format!("stage not recorded; from the work: {}", all.join(", or "))
    });
    worlds
}

/// The stages in whose range the recorded percentage lies, both ends included.
fn by_progress<'p>(case: &Case<'_>, schedule: &'p Schedule) -> Stages<'p> {
    let Cell::Value(percent) = case.amount(AmountColumn::PercentComplete) else {
        case.trail.unrecorded(AmountColumn::PercentComplete);
        return Stages::new();
    };
    for (from, to) in schedule.stages.iter().filter_map(|stage| stage.progress) {
        let edges = [from.0, to.0].into_iter().filter(|edge| !edge.is_zero() && *edge != Decimal::ONE_HUNDRED);
        edges.for_each(|edge| case.number_margin(Column::from(AmountColumn::PercentComplete).name(), percent, edge));
    }
    schedule.stages.iter().filter(|s| s.progress.is_some_and(|range| lies_in(percent, range))).collect()
}

fn lies_in(percent: Decimal, (from, to): (Number, Number)) -> bool {
    from.0 <= percent && percent <= to.0
}

/// What is given back at a stage, before rounding. `None` if it is a share of something that is not recorded.
pub fn refund_at(case: &Case<'_>, stage: &Stage) -> Option<Exact> {
    share(case, stage.percent, stage.of)
}

/// The fee that is retained at a stage, before rounding.
pub fn fee_at(case: &Case<'_>, stage: &Stage) -> Option<Exact> {
    share(case, stage.fee_percent.unwrap_or(Number(Decimal::ZERO)), stage.fee_of)
}

fn share(case: &Case<'_>, percent: Number, of: Option<Term>) -> Option<Exact> {
    if percent.0.is_zero() {
        return Some(money::exact(Decimal::ZERO));
    }
    let term = of?;
    let whole = case.term(term).known()?;
    case.trail.note(|| format!("{} % of {} {}", percent.0, crate::wording::term(term), case.show(whole)));
    Some(money::percent_of(whole, percent.0))
}

/// The recorded stage agrees with the work and with the percentage complete.
pub fn evidence(evidence: &StageEvidence, case: &Case<'_>) -> Outcome {
    let (Some(schedule), Cell::Value(word)) =
        (case.plan.policy.schedule(&evidence.schedule), case.code(CodeColumn::Stage))
    else {
        return Outcome::NotApplicable;
    };
    let stage = schedule.stages.iter().find(|s| s.stage.0 == word);
    let work = stage.map_or(Work::UnderWay, |s| s.work);
    let begun = Truth::from(work == Work::NotBegun).and_then(|| case.any_happened(schedule.begun));
    let accepted = Truth::from(work != Work::Accepted).and_then(|| case.any_happened(schedule.accepted));
    let percent = case.amount(AmountColumn::PercentComplete).value();
    let outside = percent.zip(stage.and_then(|s| s.progress)).is_some_and(|(percent, range)| !lies_in(percent, range));
    let why = match (begun, accepted, outside) {
        (Truth::Yes, ..) => event_of_line(case, schedule.begun),
        (_, Truth::Yes, _) => event_of_line(case, schedule.accepted),
        (.., true) => format!("{} % was complete", percent.unwrap_or_default().normalize()),
        (Truth::Unknown, ..) | (_, Truth::Unknown, _) => {
            return Outcome::Indeterminate("the export does not show whether the work had begun or been accepted");
        }
        _ => return Outcome::Compliant,
    };
    let recorded = case.books().text(word);
    let message = format!("the stage is recorded as `{recorded}`, although by {} {why}", case.submitted);
    Fault::new(Verdict::Review, message).between("a stage that the records bear out", recorded).into()
}

/// The first line to which an event happened by submission, and when.
fn event_of_line(case: &Case<'_>, event: LineEvent) -> String {
    let line = case.target.iter().find(|line| case.happened(line, event) == Truth::Yes);
    let day = line.and_then(|line| case.line_day(line, event).value());
    let (id, column) = (line.map_or("", |line| case.books().text(line.line)), Column::from(event).name());
    format!("line {id} had {column} {}", day.unwrap_or(case.submitted))
}
