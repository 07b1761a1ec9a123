//! How the accepted amounts of an exact amount come about: by stage, by proration, by balance.

use super::parts::{Parts, Unended};
use super::{Side, UNKNOWN_FIGURE, is_one_of, lines, stage};
use crate::calendar::{days_between, days_in_month, last_possible_day, months_after};
use crate::case::Case;
use crate::check::outcome::{MOST_WORLDS, Truth};
use crate::column::{AmountColumn, Column, FlagColumn, LineEvent, RequestTime};
use crate::money::{self, Exact};
use crate::policy::condition::{Count, Term};
use crate::policy::rule::Basis;
use crate::policy::word::Word;
use crate::record::{Cell, InvoiceLine};
use chrono::NaiveDate;
use rust_decimal::Decimal;
use smallvec::{SmallVec, smallvec};

/// Amounts before rounding: seldom more than those of two readings.
pub type Exacts = SmallVec<[Exact; 2]>;

/// The amounts that are accepted, before rounding.
pub struct Amounts {
    /// Those that are known.
    pub known: Exacts,
    /// Whether there may be more.
    pub open: Open,
}

/// Whether more amounts may be accepted than are known.
#[derive(Clone, Debug)]
pub enum Open {
    /// No.
    No,
    /// Of each of these one may be, and nothing else.
    OneOf(Vec<Parts>),
    /// Any may be.
    Any,
}

impl Amounts {
    fn all(known: Exacts) -> Amounts {
        Amounts { known, open: Open::No }
    }
}

/// The amounts that are accepted; or why they cannot be told.
pub type Accepted = Result<Amounts, &'static str>;

/// The same for each value that an unknown fact could have: nearly always one.
pub type Each = SmallVec<[Accepted; 1]>;

/// The accepted amounts: once, or once for each value that an unknown fact could have.
pub fn accepted(basis: &Basis, case: &Case<'_>, side: Side) -> Each {
    match basis {
        Basis::Stage { schedule } => by_stage(case, schedule),
        Basis::UnusedDays { cancelled_within, zero, flags } => unused_days(case, *cancelled_within, zero, flags),
        Basis::PlanMonths { cancelled_within, months, first } => plan_months(case, *cancelled_within, *months, *first),
        Basis::ContractMonths { months, fee_percent } => contract_months(case, *months, fee_percent.0, side),
        Basis::Lines { percent, optional, not_happened } => share_of_lines(case, percent.0, optional, *not_happened),
        Basis::LaterPeriods => smallvec![later_periods(case, side)],
        Basis::Balance { column, or_schedule, or_schedule_target } => {
            let mut accepted = Each::new();
            let told = lines::for_each_remaining(case, &mut |remaining| {
                let case = case.about(remaining);
                let fits = |line: &InvoiceLine| is_one_of(line.category, or_schedule_target);
                let of_stage = !remaining.is_empty() && remaining.iter().all(fits);
                let schedule = or_schedule.as_deref().filter(|_| of_stage);
                accepted.extend(balance(&case, *column, schedule));
            });
            if told { accepted } else { smallvec![Err(UNKNOWN_FIGURE)] }
        }
        Basis::Downtime { fee, at_least_minutes } => smallvec![downtime(case, fee, *at_least_minutes)],
    }
}

/// On a boundary both stages are accepted, and one may be a share of what is not recorded.
fn by_stage(case: &Case<'_>, schedule: &str) -> Each {
    let Some(schedule) = case.plan.policy.schedule(schedule) else { return smallvec![Err(UNKNOWN_FIGURE)] };
    let worlds = stage::stages(case, schedule);
    let each = worlds.into_iter().map(|stages| {
        if stages.is_empty() {
            return Err("the stage of the project cannot be told");
        }
        let known: Exacts = stages.iter().filter_map(|s| stage::refund_at(case, s)).collect();
        match known.len() {
            0 => Err(UNKNOWN_FIGURE),
            all if all == stages.len() => Ok(Amounts::all(known)),
            _ => Ok(Amounts { known, open: Open::Any }),
        }
    });
    each.collect()
}

/// What a line may be worth: once, or once for each value that an unknown fact could have; under each of several
/// readings.
type Worths<const READINGS: usize> = SmallVec<[Result<[Exact; READINGS], &'static str>; 1]>;

/// The sums over the target's lines, for every combination of what they may be worth. A reading is the same for all
/// lines.
fn summed<const READINGS: usize>(case: &Case<'_>, mut line: impl FnMut(&InvoiceLine) -> Worths<READINGS>) -> Each {
    let mut sums: Worths<READINGS> = smallvec![Ok(std::array::from_fn::<Exact, READINGS, _>(|_| none()))];
    for each in case.target {
        let worths = line(each);
        let add = |sum: &Result<[Exact; READINGS], &'static str>, worth: &Result<[Exact; READINGS], &'static str>| {
            let (sum, worth) = (sum.as_ref().map_err(|why| *why)?, worth.as_ref().map_err(|why| *why)?);
            Ok(std::array::from_fn(|reading| &sum[reading] + &worth[reading]))
        };
        sums = sums.iter().flat_map(|sum| worths.iter().map(move |worth| add(sum, worth))).collect();
        if sums.len() > MOST_WORLDS {
            return smallvec![Err("too many combinations of facts that are not known")];
        }
    }
    sums.into_iter().map(|sums| Ok(Amounts::all(sums?.into_iter().collect()))).collect()
}

/// No money.
fn none() -> Exact {
    money::exact(Decimal::ZERO)
}

/// The day of submission may count as used or as unused.
fn unused_days(case: &Case<'_>, within: Count, zero: &[AmountColumn], flags: &[FlagColumn]) -> Each {
    summed(case, |line| {
        let amount = money::exact(case.line_amount(line));
        let whole = Ok([amount.clone(), amount.clone()]);
        let eligible =
            || Truth::all(zero.iter().map(|c| count_is_zero(case, *c)).chain(flags.iter().map(|f| case.flag_set(*f))));
        let started = match case.line_day(line, LineEvent::StartedOn) {
            Cell::Blank => return smallvec![whole],
            // Not yet started, or started and of no account.
            Cell::Absent if eligible() == Truth::No => return smallvec![whole, Ok([none(), none()])],
            Cell::Absent => return smallvec![Err(NO_START)],
            Cell::Value(day) => day,
        };
        smallvec![late(case, started, within).unwrap_or_else(|| match eligible() {
            Truth::No => Ok([none(), none()]),
            Truth::Unknown => Err("the export does not show whether the account is eligible"),
            Truth::Yes => unused_part(case, line, &amount),
        })]
    })
}

/// Why an amount cannot be told that depends on when the service started.
const NO_START: &str = "the export does not show when the service started";

/// Nothing, if the cancellation came later than a term after the start.
fn late<const READINGS: usize>(
    case: &Case<'_>,
    started: NaiveDate,
    within: Count,
) -> Option<Result<[Exact; READINGS], &'static str>> {
    match case.last_day(started, within) {
        None => Some(Err(super::NO_CALENDAR)),
        Some(last) if case.submitted > last => Some(Ok(std::array::from_fn(|_| none()))),
        Some(_) => None,
    }
}

fn unused_part(case: &Case<'_>, line: &InvoiceLine, amount: &Exact) -> Result<[Exact; 2], &'static str> {
    let start = case.line_date(line, Column::PeriodStart, line.period_start).value();
    let end = case.line_date(line, Column::PeriodEnd, line.period_end).value();
    let (start, end) = start.zip(end).filter(|(s, e)| s <= e).ok_or("the period of the line is not recorded")?;
    let days = days_between(start, end) + 1;
    let unused = |with_today: i64| (days_between(case.submitted, end) + with_today).clamp(0, days);
    case.trail.note(|| format!("{days} days from {start} to {end}; unused {}", either(unused(0), unused(1))));
    Ok([amount.part(unused(0), days), amount.part(unused(1), days)])
}

fn count_is_zero(case: &Case<'_>, column: AmountColumn) -> Truth {
    match case.amount(column) {
        Cell::Value(count) => count.is_zero().into(),
        Cell::Blank => {
            case.trail.unrecorded(column);
            Truth::Unknown
        }
        Cell::Absent => Truth::Unknown,
    }
}

/// How many of the months `first` to `last` of a term begin after a day: without and with one that begins on it.
fn months_left(start: NaiveDate, first: u32, last: u32, day: NaiveDate) -> [i64; 2] {
    let begins = |month: u32| months_after(start, month.saturating_sub(1));
    let count =
        |fits: &dyn Fn(NaiveDate) -> bool| (first..=last).filter_map(begins).filter(|d| fits(*d)).count() as i64;
    [count(&|begin| begin > day), count(&|begin| begin >= day)]
}

/// What [`months_left`] gives for any start: one month at most begins on the day.
fn any_months_left(first: u32, last: u32) -> impl Iterator<Item = [i64; 2]> {
    let all = i64::from(last.saturating_sub(first)) + i64::from(first <= last);
    (0..=all).flat_map(move |left| [[left, left], [left, left + 1]]).filter(move |[_, with]| *with <= all)
}

/// Two readings of a count.
fn either(a: i64, b: i64) -> String {
    if a == b { a.to_string() } else { format!("{a} or {b}") }
}

fn plan_months(case: &Case<'_>, within: Count, months: u32, first: u32) -> Each {
    summed(case, |line| {
        let amount = money::exact(case.line_amount(line));
        let whole = Ok([amount.clone(), amount.clone()]);
        let of = |left: [i64; 2]| Ok(left.map(|left| amount.part(left, months.into())));
        let in_time = || -> Worths<2> {
            let day = case.submitted;
            let Some(start) = case.line_date(line, Column::PeriodStart, line.period_start).value() else {
                case.trail.note(|| format!("the start of the plan is not recorded: any number of {months} months"));
                return any_months_left(first, months).map(of).collect();
            };
            let left @ [without, with] = months_left(start, first, months, day);
            case.trail.note(|| format!("months that begin after {day}: {} of {months}", either(without, with)));
            smallvec![of(left)]
        };
        match case.line_day(line, LineEvent::StartedOn) {
            Cell::Blank => smallvec![whole],
            Cell::Absent => {
                let mut worths = in_time();
                worths.extend([whole, Ok([none(), none()])]);
                worths
            }
            Cell::Value(started) => late(case, started, within).map_or_else(in_time, |worth| smallvec![worth]),
        }
    })
}

/// A share of each line: without and with those that may be kept.
fn share_of_lines(case: &Case<'_>, percent: Decimal, optional: &[Word], not_happened: Option<LineEvent>) -> Each {
    summed(case, |line| {
        let share = money::exact(case.line_amount(line)).percent(percent);
        let kept = if is_one_of(line.category, optional) { none() } else { share.clone() };
        let given = Ok([kept, share]);
        match not_happened.map_or(Truth::No, |event| case.happened(line, event)) {
            Truth::No => smallvec![given],
            Truth::Yes => smallvec![Ok([none(), none()])],
            Truth::Unknown => smallvec![given, Ok([none(), none()])],
        }
    })
}

/// A month that begins on the day may count or not; the fee may be of the unused part or of the whole.
fn contract_months(case: &Case<'_>, months: u32, fee_percent: Decimal, side: Side) -> Each {
    let effective = match (case.request_day(RequestTime::EffectiveOn), side) {
        (Cell::Value(day), _) => day,
        (_, Side::Upper) => case.submitted,
        (_, Side::Direct) => {
            case.trail.unrecorded(RequestTime::EffectiveOn);
            return smallvec![Err("the day on which the cancellation takes effect is not recorded")];
        }
    };
    summed(case, |line| {
        let amount = money::exact(case.line_amount(line));
        let Some(start) = case.line_date(line, Column::PeriodStart, line.period_start).value() else {
            return smallvec![Err("the start of the contract is not recorded")];
        };
        let left = months_left(start, 1, months, effective);
        case.trail.note(|| format!("months that begin after {effective}: {} of {months}", either(left[0], left[1])));
        let [[a, b], [c, d]] = left.map(|left| {
            let unused = amount.part(left, months.into());
            let of_the_whole = &unused - &amount.percent(fee_percent);
            [&unused - &unused.percent(fee_percent), of_the_whole.max(none())]
        });
        smallvec![Ok([a, b, c, d])]
    })
}

/// The cancellation may count from its submission or from the day on which it takes effect; a line longer than a month
/// may be many billing periods or one. The same reading holds for all lines.
fn later_periods(case: &Case<'_>, side: Side) -> Accepted {
    let mut amounts = later_than(case, case.submitted)?;
    if side == Side::Upper {
        return Ok(amounts);
    }
    match case.request_day(RequestTime::EffectiveOn) {
        Cell::Blank => {}
        Cell::Absent => amounts.open = Open::Any,
        Cell::Value(day) => {
            let second = later_than(case, day)?;
            amounts.known.extend(second.known);
            amounts.open = match (amounts.open, second.open) {
                (Open::OneOf(one), Open::OneOf(other)) => Open::OneOf(one.into_iter().chain(other).collect()),
                (Open::No, open) | (open, _) => open,
            };
        }
    }
    Ok(amounts)
}

/// What is billed for periods that begin after a day: by months, and with each line as one period.
fn later_than(case: &Case<'_>, day: NaiveDate) -> Accepted {
    let (mut by_months, mut as_one) = (Parts { sure: none(), unended: Vec::new() }, none());
    for line in case.target {
        let part = later_part(case, line, day)?;
        as_one = &as_one + &part.as_one;
        match part.by_months {
            ByMonths::Known(part) => by_months.sure = &by_months.sure + &part,
            ByMonths::Unended(line) => by_months.unended.push(line),
        }
    }
    Ok(match by_months.unended.is_empty() {
        true => Amounts::all(smallvec![by_months.sure, as_one]),
        false => Amounts { known: smallvec![as_one], open: Open::OneOf(vec![by_months]) },
    })
}

/// What a line bills for periods that begin after a day.
struct LaterPart {
    /// Counted by months.
    by_months: ByMonths,
    /// The line being one period.
    as_one: Exact,
}

enum ByMonths {
    Known(Exact),
    /// The export does not show the period's end.
    Unended(Unended),
}

fn later_part(case: &Case<'_>, line: &InvoiceLine, day: NaiveDate) -> Result<LaterPart, &'static str> {
    let amount = money::exact(case.line_amount(line));
    let nothing = Ok(LaterPart { by_months: ByMonths::Known(none()), as_one: none() });
    let start = case.line_date(line, Column::PeriodStart, line.period_start).value();
    let start = start.ok_or("the start of the period is not recorded")?;
    if start > day {
        return Ok(LaterPart { by_months: ByMonths::Known(amount.clone()), as_one: amount });
    }
    let end = match case.line_date(line, Column::PeriodEnd, line.period_end) {
        Cell::Value(end) => end,
        Cell::Blank => return nothing,
        Cell::Absent => {
            let (most, after) = months_of(start, last_possible_day(), day);
            if after == 0 || amount == none() {
                return nothing;
            }
            let line = Unended { amount, begun: most - after, most };
            return Ok(LaterPart { by_months: ByMonths::Unended(line), as_one: none() });
        }
    };
    // The period is longer than a month if a second month begins within it.
    let (months, after) = months_of(start, end, day);
    if months < 2 {
        return nothing;
    }
    case.trail.note(|| format!("{after} of the line's {months} months from {start} begin after {day}"));
    Ok(LaterPart { by_months: ByMonths::Known(amount.part(after, months)), as_one: none() })
}

/// How many months begin within a period, and how many of them after a day.
fn months_of(start: NaiveDate, end: NaiveDate, day: NaiveDate) -> (i64, i64) {
    let begins = (0..).map_while(|n| months_after(start, n)).take_while(|begin| *begin <= end);
    begins.fold((0, 0), |(months, after), begin| (months + 1, after + i64::from(begin > day)))
}

/// The balance, and where there is a schedule the amount of the stage too.
fn balance(case: &Case<'_>, column: Term, schedule: Option<&str>) -> Each {
    let balance = case.term(column).known().map(money::exact);
    let Some(schedule) = schedule else {
        return smallvec![balance.map(|b| Amounts::all(smallvec![b])).ok_or("the balance is not recorded")];
    };
    let each = by_stage(case, schedule).into_iter().map(|staged| match (&balance, staged) {
        (Some(balance), Ok(mut amounts)) => {
            amounts.known.push(balance.clone());
            Ok(amounts)
        }
        (Some(balance), Err(_)) => Ok(Amounts { known: smallvec![balance.clone()], open: Open::Any }),
        (None, Ok(amounts)) => Ok(Amounts { open: Open::Any, ..amounts }),
        (None, Err(_)) => Err("the balance is not recorded"),
    });
    each.collect()
}

/// The fee's share of the minutes down, in whole minutes.
fn downtime(case: &Case<'_>, fee: &[Word], at_least: u32) -> Accepted {
    let (minutes, began) = case.outage().ok_or("the outage's start and end are not both recorded in order")?;
    if minutes < i64::from(at_least) {
        case.trail.note(|| format!("{minutes} minutes down, under {at_least}"));
        return Ok(Amounts::all(smallvec![none()]));
    }
    let lines: Vec<&InvoiceLine> = case.target.iter().filter(|line| is_one_of(line.category, fee)).collect();
    if lines.is_empty() {
        return Err("no line of the target is the fee of which the credit is a share");
    }
    let monthly = case.sum(lines.iter().copied());
    let days = match lines.as_slice() {
        [line] => period_days(case, line)?,
        _ => None,
    };
    let total = days.unwrap_or_else(|| days_in_month(began)) * 1440;
    case.trail.note(|| format!("{} × {minutes} minutes down ÷ {total} minutes", case.show(monthly)));
    Ok(Amounts::all(smallvec![money::exact(monthly).part(minutes, total)]))
}

/// The days of a line's period; `None` where it does not record both ends.
fn period_days(case: &Case<'_>, line: &InvoiceLine) -> Result<Option<i64>, &'static str> {
    let start = case.line_date(line, Column::PeriodStart, line.period_start);
    let end = case.line_date(line, Column::PeriodEnd, line.period_end);
    match (start, end) {
        (Cell::Value(start), Cell::Value(end)) if start <= end => Ok(Some(days_between(start, end) + 1)),
        (Cell::Value(_), Cell::Value(_)) => Err("the period of the line ends before it begins"),
        (Cell::Absent, _) | (_, Cell::Absent) => Ok(None),
        _ => Ok(None),
    }
}
