//! Tests of days: deadlines, windows, notice, and the order of events.

use super::NO_CALENDAR;
use super::condition::Delivery;
use super::outcome::{Fault, Outcome, Possible, Truth, Verdict};
use crate::calendar::days_between;
use crate::case::Case;
use crate::column::RequestTime;
use crate::margin::{DayMargin, End, Margin};
use crate::policy::OutcomeClass;
use crate::policy::condition::Count;
use crate::policy::rule::{Chronology, Deadline, Event, Moment, Notice, Start, Window, WindowEvent};
use crate::record::Cell;
use chrono::NaiveDate;

/// Something is done by the last day of a term; not done is late once the as-of date has passed that day.
pub fn deadline(deadline: &Deadline, case: &Case<'_>) -> Outcome {
    if case.class() == Some(OutcomeClass::Withdrawn) {
        return Outcome::NotApplicable;
    }
    let (event, earlier) = earliest(case, &deadline.event);
    if deadline.if_recorded && event.is_none() {
        return Outcome::NotApplicable;
    }
    let within = match term_of(deadline, case) {
        Ok(within) => within,
        Err(outcome) => return outcome,
    };
    let from = match start(&deadline.from, case) {
        Cell::Value(day) => day,
        Cell::Blank => return Outcome::NotApplicable,
        Cell::Absent => return Outcome::Indeterminate("the day from which the term runs is not known"),
    };
    let until = Suspension::of(deadline, case);
    if deadline.or_later.is_none() {
        return by_last_day(case, deadline, event, earlier, (from, &[within], until));
    }
    let mut possible = Possible::default();
    let longer = deadline.or_later.as_ref().map_or(Truth::No, |later| case.all(&later.when));
    if longer != Truth::Yes {
        possible.add(by_last_day(case, deadline, event, earlier, (from, &[within], until)));
    }
    if let Some(later) = deadline.or_later.as_ref().filter(|_| longer.possible()) {
        possible.add(by_last_day(case, deadline, event, earlier, (from, &[within, later.within], until)));
    }
    possible.settle()
}

/// How long the term runs; or the outcome where there is none.
fn term_of(deadline: &Deadline, case: &Case<'_>) -> Result<Count, Outcome> {
    let by = match (&deadline.within, &deadline.within_by) {
        (Some(within), _) => return Ok(*within),
        (None, Some(by)) => by,
        (None, None) => return Err(Outcome::NotApplicable),
    };
    case.trail.compared(by.column, by.terms.iter().map(|term| term.word.0));
    let Cell::Value(word) = case.code(by.column) else {
        case.trail.unrecorded(by.column);
        return Err(Outcome::Indeterminate("the term depends on a word that is not recorded"));
    };
    let named = by.terms.iter().find(|term| term.word.0 == word).map(|term| term.within);
    named.or(by.otherwise).ok_or(Outcome::NotApplicable)
}

/// Until when a term is suspended.
#[derive(Clone, Copy)]
enum Suspension {
    /// It is not.
    None,
    /// It does not end before this day.
    Until(NaiveDate),
    /// What it waits for has not happened.
    Lasts,
    /// Whether that has happened is not known.
    Unknown,
}

impl Suspension {
    fn of(deadline: &Deadline, case: &Case<'_>) -> Suspension {
        match deadline.suspended_until.as_ref().map(|until| start(until, case)) {
            None => Suspension::None,
            Some(Cell::Value(day)) => Suspension::Until(day),
            Some(Cell::Blank) => Suspension::Lasts,
            Some(Cell::Absent) => Suspension::Unknown,
        }
    }

    /// What it makes of an event that did not come by the last day, or not yet; `None` if that is late.
    fn excuses(self, event: Option<NaiveDate>, day_passed: bool) -> Option<Outcome> {
        match (self, event) {
            (Suspension::Lasts, Some(_)) => Some(Outcome::Compliant),
            (Suspension::Lasts, None) => Some(Outcome::NotApplicable),
            (Suspension::Unknown, event) if event.is_some() || day_passed => {
                Some(Outcome::Indeterminate("the export does not show until when the term is suspended"))
            }
            _ => None,
        }
    }
}

/// The day on which a clock starts.
fn start(from: &Start, case: &Case<'_>) -> Cell<NaiveDate> {
    match from {
        Start::Submission => Cell::Value(case.submitted),
        Start::Decision => case.decided(),
        Start::Processing => case.processed(),
        Start::InvoiceDate => Cell::Value(case.invoice.date),
        Start::EffectiveOn => case.request_day(RequestTime::EffectiveOn),
        Start::Delivery => case.delivery(Delivery::Latest),
        Start::FirstRecorded(all) => {
            all.iter().map(|from| start(from, case)).find(|day| *day != Cell::Blank).unwrap_or(Cell::Blank)
        }
        Start::Earliest(all) => of_several(all, case, NaiveDate::min),
        Start::Latest(all) => of_several(all, case, NaiveDate::max),
    }
}

/// One of several days, as far as they are recorded; not known if one of them is not.
fn of_several(all: &[Start], case: &Case<'_>, pick: fn(NaiveDate, NaiveDate) -> NaiveDate) -> Cell<NaiveDate> {
    let mut picked = Cell::Blank;
    for from in all {
        match start(from, case) {
            Cell::Value(day) => picked = Cell::Value(picked.value().map_or(day, |other| pick(day, other))),
            Cell::Absent => return Cell::Absent,
            Cell::Blank => {}
        }
    }
    picked
}

/// The outcome with the latest last day of one or two terms.
fn by_last_day(
    case: &Case<'_>,
    deadline: &Deadline,
    event: Option<NaiveDate>,
    earlier: Truth,
    (from, terms, until): (NaiveDate, &[Count], Suspension),
) -> Outcome {
    let latest = terms.iter().try_fold(from, |latest, term| Some(case.last_day(from, *term)?.max(latest)));
    let Some(term_ends) = latest else { return Outcome::Indeterminate(NO_CALENDAR) };
    let last = if let Suspension::Until(day) = until { term_ends.max(day) } else { term_ends };
    let what = crate::wording::event(&deadline.event);
    case.trail.note(|| match event {
        Some(day) if day <= last => {
            format!("{what} on {day}, {} days before the last day {last}", days_between(day, last))
        }
        Some(day) => format!("{what} on {day}, {} days after the last day {last}", days_between(last, day)),
        None => format!("{what}: not yet on {}, last day {last}", case.run.as_of),
    });
    let longest = || terms.iter().rev().find(|term| case.last_day(from, **term) == Some(term_ends));
    case.trail.margin(|| {
        let day = event.unwrap_or(case.run.as_of);
        let margin = DayMargin::of(case.plan.policy, what, day, (last, End::Last), *longest()?)?;
        Some(Margin::Day(DayMargin { came: event.is_some(), ..margin }))
    });
    if event.is_some_and(|day| day <= last) {
        return Outcome::Compliant;
    }
    if let Some(outcome) = until.excuses(event, case.run.as_of > last) {
        return outcome;
    }
    if earlier == Truth::Unknown {
        return Outcome::Indeterminate("the day of the event is not known");
    }
    let longest = longest();
    let term = longest.map_or(String::new(), |term| crate::wording::count(*term));
    let counted = match until {
        Suspension::Until(_) if last > term_ends => format!("suspended until then; else by {term_ends}"),
        _ => format!("{term} after {from}"),
    };
    let due = format!("{what} was due by {last} ({counted}) and");
    late(case, last, event, &due)
}

/// The outcome of what came after its last day, or has not come.
fn late(case: &Case<'_>, last: NaiveDate, event: Option<NaiveDate>, due: &str) -> Outcome {
    let as_of = case.run.as_of;
    let (actual, until, came) = match event {
        Some(day) => (day.to_string(), day, format!("came on {day}")),
        None if as_of > last => ("not yet".to_owned(), as_of, format!("had not come by {as_of}")),
        None => return Outcome::NotApplicable,
    };
    let days = days_between(last, until);
    let message = format!("{due} {came}, {} late", in_days(days));
    Fault::new(Verdict::Deviation, message).between(last.to_string(), actual).late(days).on(last).into()
}

fn in_days(days: i64) -> String {
    if days == 1 { "1 day".to_owned() } else { format!("{days} days") }
}

/// The earliest of several events as far as it is known, and whether another may have come earlier.
fn earliest(case: &Case<'_>, events: &[Event]) -> (Option<NaiveDate>, Truth) {
    let mut earliest: Option<NaiveDate> = None;
    let mut earlier = Truth::No;
    for event in events {
        let cell = match event {
            Event::Acknowledged => {
                let (day, unknown) = case.acknowledged();
                earlier = Truth::any([earlier, unknown]);
                day.map_or(Cell::Blank, Cell::Value)
            }
            Event::Decided => case.decided(),
            Event::Processed => case.processed(),
            Event::Received => case.received(),
        };
        match cell {
            Cell::Value(day) => earliest = Some(earliest.map_or(day, |e| e.min(day))),
            Cell::Absent => earlier = Truth::Unknown,
            Cell::Blank => {}
        }
    }
    (earliest, earlier)
}

/// A request that goes back to a decision which the text does not suppose is for review.
fn goes_back_to_other(window: &Window, case: &Case<'_>) -> Option<Fault> {
    let outcomes = window.parent_outcome.as_ref()?;
    let parent = case.parent();
    let row = parent.and_then(|(_, row)| row);
    let decided = row.filter(|row| row.rules() && row.day() != Cell::Blank);
    if decided.is_some_and(|row| super::is_one_of(row.record.outcome, outcomes)) {
        return None;
    }
    let id = parent.map_or("", |(request, _)| case.books().text(request.id));
    let outcome = row.map_or("none", |row| case.books().text(row.record.outcome));
    let message = format!("it goes back to {id}, whose decision (`{outcome}`) is not one that the text supposes");
    let amount = window.amount.and_then(|term| case.effect(term));
    Some(Fault::new(Verdict::Review, message).worth(amount))
}

/// An event no later than a term after another.
pub fn window(window: &Window, case: &Case<'_>) -> Outcome {
    if let Some(unforeseen) = goes_back_to_other(window, case) {
        return unforeseen.into();
    }
    let base = match case.base(&window.after) {
        Cell::Value(day) => day,
        Cell::Blank => return Outcome::NotApplicable,
        Cell::Absent => return Outcome::Indeterminate("the day from which the window runs is not known"),
    };
    let Some(last) = case.last_day(base, window.within) else { return Outcome::Indeterminate(NO_CALENDAR) };
    let (what, event) = match window.event {
        WindowEvent::Submission => ("the request", Cell::Value(case.submitted)),
        WindowEvent::Processing => match case.processed() {
            Cell::Blank => ("the decision", case.decided()),
            processed => ("the refund", processed),
        },
    };
    // A payment that the export does not show came by the as-of date, or else the decision counts.
    let by_then = case.run.as_of_given && case.run.as_of <= last;
    if event == Cell::Absent && by_then && case.decided().by(last) == Truth::Yes {
        return Outcome::Compliant;
    }
    let Some(day) = event.value() else {
        return Outcome::Indeterminate("neither the payment nor the decision has a day");
    };
    case.trail.note(|| format!("{what} on {day}, last day {last}"));
    case.day_margin(what, day, (last, End::Last), window.within);
    if day <= last {
        return Outcome::Compliant;
    }
    let late = days_between(last, day);
    let fault = |verdict| {
        let term = crate::wording::count(window.within);
        let start = case.base_name(&window.after);
        let message = format!(
            "{what} came on {day}, {} after the last day, {last} ({term} after {start} of {base})",
            in_days(late)
        );
        let amount = window.amount.and_then(|term| case.effect(term));
        Outcome::from(Fault::new(verdict, message).between(last.to_string(), day.to_string()).late(late).worth(amount))
    };
    let Some(longer) = &window.or_review else { return fault(Verdict::Deviation) };
    let Some(longest) = case.last_day(base, longer.within) else { return Outcome::Indeterminate(NO_CALENDAR) };
    case.day_margin(what, day, (longest, End::Last), longer.within);
    let lenient = Truth::from(day <= longest).and_then(|| case.all(&longer.when));
    let mut possible = Possible::default();
    if lenient.possible() {
        possible.add(fault(Verdict::Review));
    }
    if lenient != Truth::Yes {
        possible.add(fault(Verdict::Deviation));
    }
    possible.settle()
}

/// The day on which a cancellation takes effect is far enough after its submission.
pub fn notice(notice: &Notice, case: &Case<'_>) -> Outcome {
    let Cell::Value(effective) = case.request_day(RequestTime::EffectiveOn) else {
        case.trail.unrecorded(crate::column::Column::EffectiveOn);
        return Outcome::Indeterminate("the day on which the cancellation takes effect is not recorded");
    };
    let acknowledged = if notice.or_acknowledged { case.acknowledged() } else { (None, Truth::No) };
    if acknowledged.0 == Some(effective) {
        return Outcome::Compliant;
    }
    let Some(first) = case.last_day(case.submitted, notice.at_least) else {
        return Outcome::Indeterminate(NO_CALENDAR);
    };
    case.trail.note(|| format!("takes effect on {effective}, at the earliest {first}"));
    case.day_margin("the cancellation takes effect", effective, (first, End::First), notice.at_least);
    if effective >= first {
        return Outcome::Compliant;
    }
    // An earlier one than is known, and none after an as-of date that was asked for, may have been on that day.
    let may_be_earlier = acknowledged.0.is_none_or(|earliest| effective < earliest) && effective <= case.cutoff();
    if acknowledged.1 == Truth::Unknown && may_be_earlier {
        return Outcome::Indeterminate("the day of the acknowledgement is not known");
    }
    let short = days_between(effective, first);
    let term = crate::wording::count(notice.at_least);
    let message = format!(
        "the cancellation takes effect on {effective}, {} before the notice of {term} from {} ends ({first})",
        in_days(short),
        case.submitted
    );
    match notice.short.verdict() {
        Some(verdict) => {
            Fault::new(verdict, message).between(first.to_string(), effective.to_string()).late(short).into()
        }
        None => Outcome::Compliant,
    }
}

/// Events follow each other, in every row of the case.
pub fn chronology(chronology: &Chronology, case: &Case<'_>) -> Outcome {
    let (mut broken, mut dated) = (Vec::new(), false);
    for row in case.rows() {
        let (sent, received) = case.sent_and_received(row.record);
        let acknowledged = case.acknowledged_in(row.record).value();
        let of_row = [acknowledged, row.day().value(), sent.value(), received.value()];
        dated |= of_row.iter().any(Option::is_some);
        let [acknowledged, decided, sent, received] = of_row;
        let day = |moment| match moment {
            Moment::SubmittedAt => Some(case.submitted),
            Moment::AcknowledgedAt => acknowledged,
            Moment::DecidedAt => decided,
            Moment::ProcessedAt => sent,
            Moment::ReceivedAt => received,
        };
        for (first, second) in &chronology.order {
            let Some((a, b)) = day(*first).zip(day(*second)) else { continue };
            let named = || (crate::wording::moment(*first), crate::wording::moment(*second));
            case.trail.note(|| {
                let (first, second) = named();
                format!("{first} {a}, {second} {b}")
            });
            if b < a {
                let (first, second) = named();
                case.day_margin(second, b, (a, End::First), Count::Days(0));
                broken.push(format!("{second} {b} is before {first} {a} in {}", case.books().text(row.record.id)));
            }
        }
    }
    match (dated, broken.is_empty()) {
        (false, _) => Outcome::NotApplicable,
        (true, true) => Outcome::Compliant,
        (true, false) => {
            let all = broken.join("; ");
            Fault::new(Verdict::Deviation, format!("events are out of order: {all}")).between("in order", all).into()
        }
    }
}
