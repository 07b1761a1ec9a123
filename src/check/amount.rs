//! Exact amounts: the money is one of those that some reading of the text accepts, within one unit.

use super::outcome::{Fault, Outcome, Possible, Truth, Verdict, plus};
use super::{FOREIGN, Side, UNKNOWN_FIGURE, is_one_of, lines, stage};
use crate::calendar::{days_between, days_in_month, months_after};
use crate::case::Case;
use crate::column::{AmountColumn, CodeColumn, Column, FlagColumn, LineEvent, RequestTime};
use crate::money::{self, Exact};
use crate::policy::OutcomeClass;
use crate::policy::condition::{Count, Term};
use crate::policy::rule::{Basis, ExactAmount};
use crate::record::{Cell, InvoiceLine};
use chrono::NaiveDate;
use num_bigint::BigInt;
use rust_decimal::Decimal;

/// The amounts that are accepted, before rounding; or why they cannot be told.
type Accepted = Result<Vec<Exact>, &'static str>;

pub fn exact(exact: &ExactAmount, case: &Case<'_>, side: Side) -> Outcome {
    if !case.comparable() {
        return Outcome::Indeterminate(FOREIGN);
    }
    let mut possible = Possible::default();
    for accepted in accepted(&exact.by, case, exact.of, side) {
        possible.add(match accepted {
            Err(why) => Outcome::Indeterminate(why),
            Ok(amounts) => {
                let rounded: Option<_> = amounts.iter().map(|a| money::rounded(a, case.currency())).collect();
                rounded.map_or(Outcome::Indeterminate(TOO_LARGE), |amounts| compare(exact, case, side, amounts))
            }
        });
    }
    possible.settle()
}

fn compare(exact: &ExactAmount, case: &Case<'_>, side: Side, mut accepted: Vec<Decimal>) -> Outcome {
    accepted.sort_unstable();
    accepted.dedup();
    let what = crate::explain::term(exact.of);
    let Some(actual) = case.term(exact.of).known() else { return Outcome::Indeterminate(UNKNOWN_FIGURE) };
    // Two equally near: the smaller, which comes first.
    let Some(nearest) = accepted.iter().copied().min_by_key(|a| plus(actual, -*a).abs()) else {
        return Outcome::Indeterminate(UNKNOWN_FIGURE);
    };
    let list = accepted.iter().map(|a| case.show(*a)).collect::<Vec<_>>().join(" or ");
    case.trail.note(|| format!("accepted {list}; {what} {}", case.show(actual)));
    if side == Side::Upper {
        return above_largest(case, exact.of, accepted.last().copied().unwrap_or_default());
    }
    let difference = plus(actual, -nearest);
    if difference.abs() <= case.unit() {
        return Outcome::Compliant;
    }
    let denied_unpaid = case.class() == Some(OutcomeClass::Denied) && actual.is_zero();
    let softened = case.code_in(CodeColumn::Reason, &exact.review_reasons);
    let fault = |verdict| {
        let working = basis_in_words(exact, case, side);
        let message = match denied_unpaid {
            true => format!("nothing was refunded, and the text gives {list}{working}; the denial may rest on a ground that the exports do not show"),
            false => format!("the {what} is {}, and the text gives {list}{working}", case.show(actual)),
        };
        Outcome::from(
            Fault::new(verdict, message).between(case.show(nearest), case.show(actual)).worth(Some(difference)),
        )
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
    let trail = crate::case::Trail::with_working();
    accepted(&exact.by, &Case { trail: &trail, ..*case }, exact.of, side);
    let steps = trail.restart();
    if steps.is_empty() { String::new() } else { format!(" ({})", steps.join("; ")) }
}

/// The refund of a case of another kind is held against the largest amount that is accepted.
pub fn above_largest(case: &Case<'_>, of: Term, largest: Decimal) -> Outcome {
    let Some(actual) = case.term(of).known() else { return Outcome::Indeterminate(UNKNOWN_FIGURE) };
    let excess = plus(actual, -largest);
    if excess <= case.unit() {
        return Outcome::Compliant;
    }
    let what = crate::explain::term(of);
    let message = format!("the {what} is {}, above the {} that a cancellation would give", case.show(actual), case.show(largest));
    let expected = format!("at most {}", case.show(largest));
    Fault::new(Verdict::Review, message).between(expected, case.show(actual)).worth(Some(excess)).into()
}

/// The accepted amounts: once, or once for each value that an unknown fact could have.
fn accepted(basis: &Basis, case: &Case<'_>, of: Term, side: Side) -> Vec<Accepted> {
    match basis {
        Basis::Stage { schedule } => by_stage(case, schedule, of, side),
        Basis::UnusedDays { cancelled_within, zero, flags } => {
            vec![unused_days(case, *cancelled_within, zero, flags)]
        }
        Basis::PlanMonths { cancelled_within, months, first } => {
            vec![plan_months(case, *cancelled_within, *months, *first)]
        }
        Basis::ContractMonths { months, fee_percent } => vec![contract_months(case, *months, fee_percent.0, side)],
        Basis::LaterPeriods => later_periods(case, of, side),
        Basis::Balance { column, or_schedule, or_schedule_target } => {
            let mut accepted = Vec::new();
            let told = lines::for_each_remaining(case, &mut |remaining| {
                let case = case.about(remaining);
                let fits = |line: &InvoiceLine| is_one_of(line.category, or_schedule_target);
                let of_stage = !remaining.is_empty() && remaining.iter().all(fits);
                let schedule = or_schedule.as_deref().filter(|_| of_stage);
                accepted.extend(balance(&case, *column, schedule, of));
            });
            if told { accepted } else { vec![Err(UNKNOWN_FIGURE)] }
        }
        Basis::Downtime { fee, at_least_minutes } => vec![downtime(case, fee, *at_least_minutes)],
    }
}

/// On a boundary both stages are accepted. A share of what is not recorded does not matter where the other fits.
fn by_stage(case: &Case<'_>, schedule: &str, of: Term, side: Side) -> Vec<Accepted> {
    let Some(schedule) = case.plan.policy.schedule(schedule) else { return vec![Err(UNKNOWN_FIGURE)] };
    let worlds = stage::stages(case, schedule);
    let each = worlds.into_iter().map(|stages| {
        if stages.is_empty() {
            return Err("the stage of the project cannot be told");
        }
        let amounts: Vec<Option<Exact>> = stages.iter().map(|s| stage::refund_at(case, s)).collect();
        let known: Vec<Exact> = amounts.iter().flatten().cloned().collect();
        let enough = known.len() == amounts.len() || fits(case, of, side, &known);
        if enough { Ok(known) } else { Err(UNKNOWN_FIGURE) }
    });
    each.collect()
}

/// Why an amount cannot be told that has more digits than any currency has money.
const TOO_LARGE: &str = "an amount is too large to be reckoned with";

/// What a line may be worth under each of several readings; the readings are the same for all lines.
fn summed<const READINGS: usize>(
    case: &Case<'_>,
    mut line: impl FnMut(&InvoiceLine) -> Result<[Exact; READINGS], &'static str>,
) -> Accepted {
    let mut sums = std::array::from_fn::<Exact, READINGS, _>(|_| none());
    for each in case.target {
        for (sum, worth) in sums.iter_mut().zip(line(each)?) {
            *sum += worth;
        }
    }
    Ok(sums.to_vec())
}

/// No money.
fn none() -> Exact {
    money::exact(Decimal::ZERO)
}

/// So many parts of an amount.
fn part(amount: &Exact, parts: i64, of: i64) -> Exact {
    amount * BigInt::from(parts) / BigInt::from(of)
}

/// The day of submission may count as used or as unused.
fn unused_days(case: &Case<'_>, within: Count, zero: &[AmountColumn], flags: &[FlagColumn]) -> Accepted {
    summed(case, |line| {
        let amount = money::exact(case.line_amount(line));
        let started = match case.line_day(line, LineEvent::StartedOn) {
            Cell::Blank => return Ok([amount.clone(), amount]),
            Cell::Absent => return Err("the export does not show when the service started"),
            Cell::Value(day) => day,
        };
        if case.submitted > case.last_day(started, within).ok_or(super::NO_CALENDAR)? {
            return Ok([none(), none()]);
        }
        let unmet = zero.iter().map(|c| count_is_zero(case, *c)).chain(flags.iter().map(|f| case.flag_set(*f)));
        match Truth::all(unmet) {
            Truth::No => return Ok([none(), none()]),
            Truth::Unknown => return Err("the export does not show whether the account is eligible"),
            Truth::Yes => {}
        }
        let start = case.line_date(line, Column::PeriodStart, line.period_start).value();
        let end = case.line_date(line, Column::PeriodEnd, line.period_end).value();
        let (start, end) = start.zip(end).filter(|(s, e)| s <= e).ok_or("the period of the line is not recorded")?;
        let days = days_between(start, end) + 1;
        let unused = |with_today: i64| (days_between(case.submitted, end) + with_today).clamp(0, days);
        case.trail.note(|| format!("{days} days from {start} to {end}; unused {} or {}", unused(0), unused(1)));
        Ok([part(&amount, unused(0), days), part(&amount, unused(1), days)])
    })
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
    let count = |fits: &dyn Fn(NaiveDate) -> bool| (first..=last).filter_map(begins).filter(|d| fits(*d)).count() as i64;
    [count(&|begin| begin > day), count(&|begin| begin >= day)]
}

/// Two readings of a count.
fn either(a: i64, b: i64) -> String {
    if a == b { a.to_string() } else { format!("{a} or {b}") }
}

fn plan_months(case: &Case<'_>, within: Count, months: u32, first: u32) -> Accepted {
    summed(case, |line| {
        let amount = money::exact(case.line_amount(line));
        let started = match case.line_day(line, LineEvent::StartedOn) {
            Cell::Blank => return Ok([amount.clone(), amount]),
            Cell::Absent => return Err("the export does not show when the service started"),
            Cell::Value(day) => day,
        };
        if case.submitted > case.last_day(started, within).ok_or(super::NO_CALENDAR)? {
            return Ok([none(), none()]);
        }
        let start = case.line_date(line, Column::PeriodStart, line.period_start).value();
        let start = start.ok_or("the start of the period is not recorded")?;
        let [without, with] = months_left(start, first, months, case.submitted);
        case.trail.note(|| format!("months that begin after {}: {} of {months}", case.submitted, either(without, with)));
        Ok([part(&amount, without, months.into()), part(&amount, with, months.into())])
    })
}

/// A month that begins on the day may count or not; the fee may be of the unused part or of the whole.
fn contract_months(case: &Case<'_>, months: u32, fee_percent: Decimal, side: Side) -> Accepted {
    let effective = match (case.request_day(RequestTime::EffectiveOn), side) {
        (Cell::Value(day), _) => day,
        (_, Side::Upper) => case.submitted,
        (_, Side::Direct) => {
            case.trail.unrecorded(RequestTime::EffectiveOn);
            return Err("the day on which the cancellation takes effect is not recorded");
        }
    };
    let fee = money::exact(fee_percent) / BigInt::from(100);
    summed(case, |line| {
        let amount = money::exact(case.line_amount(line));
        let start = case.line_date(line, Column::PeriodStart, line.period_start).value();
        let start = start.ok_or("the start of the contract is not recorded")?;
        let left = months_left(start, 1, months, effective);
        case.trail.note(|| format!("months that begin after {effective}: {} of {months}", either(left[0], left[1])));
        let [a, b] = left.map(|left| {
            let unused = part(&amount, left, months.into());
            let of_the_whole = &unused - &amount * &fee;
            [&unused - &unused * &fee, of_the_whole.max(none())]
        });
        let ([a, b], [c, d]) = (a, b);
        Ok([a, b, c, d])
    })
}

/// The cancellation may count from its submission or from the day on which it takes effect; a line longer than a month
/// may be many billing periods or one. The same reading holds for all lines.
fn later_periods(case: &Case<'_>, of: Term, side: Side) -> Vec<Accepted> {
    let by_day = |day: NaiveDate| summed(case, |line| later_part(case, line, day));
    let first = by_day(case.submitted);
    if side == Side::Upper {
        return vec![first];
    }
    match case.request_day(RequestTime::EffectiveOn) {
        Cell::Blank => vec![first],
        Cell::Value(day) => {
            let both = first.and_then(|mut amounts| {
                amounts.extend(by_day(day)?);
                Ok(amounts)
            });
            vec![both]
        }
        // Whatever the day is, an amount that fits the first reading is accepted.
        Cell::Absent => match first {
            Ok(amounts) if fits(case, of, Side::Direct, &amounts) => vec![Ok(amounts)],
            _ => vec![Err("the export does not show when the cancellation takes effect")],
        },
    }
}

/// Whether the money is accepted by one of the amounts, whatever further ones there may be.
fn fits(case: &Case<'_>, of: Term, side: Side, amounts: &[Exact]) -> bool {
    let near = |actual: Decimal| {
        let rounded = amounts.iter().filter_map(|a| money::rounded(a, case.currency()));
        rounded.into_iter().any(|a| match side {
            Side::Direct => plus(actual, -a).abs() <= case.unit(),
            Side::Upper => plus(actual, -a) <= case.unit(),
        })
    };
    case.term(of).known().is_some_and(near)
}

/// What a line bills for periods that begin after a day: by months, and as one period.
fn later_part(case: &Case<'_>, line: &InvoiceLine, day: NaiveDate) -> Result<[Exact; 2], &'static str> {
    let amount = money::exact(case.line_amount(line));
    let start = case.line_date(line, Column::PeriodStart, line.period_start).value();
    let start = start.ok_or("the start of the period is not recorded")?;
    if start > day {
        return Ok([amount.clone(), amount]);
    }
    let end = match case.line_date(line, Column::PeriodEnd, line.period_end) {
        Cell::Value(end) => end,
        Cell::Blank => return Ok([none(), none()]),
        Cell::Absent => return Err("the end of the period is not recorded"),
    };
    let begins = (0..).map_while(|n| months_after(start, n)).take_while(|begin| *begin <= end);
    let (mut months, mut after) = (0i64, 0i64);
    for begin in begins {
        months += 1;
        after += i64::from(begin > day);
    }
    // The period is longer than a month if a second month begins within it.
    if months < 2 {
        return Ok([none(), none()]);
    }
    case.trail.note(|| format!("{after} of the line's {months} months from {start} begin after {day}"));
    Ok([part(&amount, after, months), none()])
}

fn balance(case: &Case<'_>, column: Term, schedule: Option<&str>, of: Term) -> Vec<Accepted> {
    let by_stage = schedule.map(|schedule| by_stage(case, schedule, of, Side::Direct));
    let balance = case.term(column).known().map(money::exact);
    let Some(staged) = by_stage else { return vec![balance.map(|b| vec![b]).ok_or("the balance is not recorded")] };
    let each = staged.into_iter().map(|staged| match (&balance, staged) {
        (Some(balance), Ok(mut amounts)) => {
            amounts.push(balance.clone());
            Ok(amounts)
        }
        (Some(balance), Err(_)) if fits(case, of, Side::Direct, std::slice::from_ref(balance)) => Ok(vec![balance.clone()]),
        (None, Ok(amounts)) if fits(case, of, Side::Direct, &amounts) => Ok(amounts),
        (None, _) => Err("the balance is not recorded"),
        (_, Err(why)) => Err(why),
    });
    each.collect()
}

/// The fee's share of the minutes down, in whole minutes.
fn downtime(case: &Case<'_>, fee: &[crate::policy::word::Word], at_least: u32) -> Accepted {
    let (minutes, began) = case.outage().ok_or("the outage's start and end are not both recorded in order")?;
    if minutes < i64::from(at_least) {
        case.trail.note(|| format!("{minutes} minutes down, under {at_least}"));
        return Ok(vec![none()]);
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
    Ok(vec![part(&money::exact(monthly), minutes, total)])
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
