//! Bounds: what a rule could say of a case if a fact that is missing were known, the least and the most money that it
//! could find, and whether the fact settles it.
//!
//! The case is judged again with values in the place of the missing one. Which values are worth trying is learnt from the
//! checks: the words with which they compare it, and the days and amounts from which they leave margins. Between values
//! that lead to different verdicts, or to money for different sides, the place where it turns is sought by halves. So no
//! check knows of bounds.

use crate::audit::Engine;
use crate::case::Case;
use crate::check::line::{self, BilledLine};
use crate::check::outcome::{Outcome, Verdict, plus};
use crate::check::{judge, rows};
use crate::column::{Column, Columns, RequestTime, Type};
use crate::margin::Margin;
use crate::money::{self, Currency};
use crate::plan::{Applied, Plan};
use crate::policy::rule::Rule;
use crate::record::{Books, Invoice, InvoiceLine, LINE_AMOUNTS, Place, REQUEST_AMOUNTS, REQUEST_TIMES, Request};
use crate::suppose::{Missed, Supposed, Value};
use crate::text::Sym;
use crate::time::{Zone, date_of_number, number_of_date};
use crate::trail::Trail;
use chrono::NaiveDate;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use smallvec::SmallVec;
use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// What a rule could say of a case if a missing fact were known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bound {
    /// The column of the fact.
    pub column: Column,
    /// The rows in which it is missing: several only for a column that the export does not have, or where a rule asks it
    /// of several rows.
    pub rows: Vec<Place>,
    /// Whether the export has no such column; else the cell is blank.
    pub absent: bool,
    /// The verdicts that values of the fact lead to; `None`: the rule would not apply.
    pub verdicts: BTreeSet<Option<Verdict>>,
    /// The money effect that a deviation or review could have; `None` where no money is involved.
    pub money: Option<Range>,
    /// Whether every value of the fact leads to a verdict.
    pub settles: bool,
}

/// From the least to the most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// The least; `None`: there is no limit.
    pub least: Option<Decimal>,
    /// The most; `None`: there is no limit.
    pub most: Option<Decimal>,
}

impl Range {
    /// What both ranges span.
    pub fn span(self, other: Range) -> Range {
        let both = |a: Option<Decimal>, b: Option<Decimal>, pick: fn(Decimal, Decimal) -> Decimal| {
            a.zip(b).map(|(a, b)| pick(a, b))
        };
        Range { least: both(self.least, other.least, Decimal::min), most: both(self.most, other.most, Decimal::max) }
    }

    /// The sum of two, each of which may be anywhere.
    pub fn sum(self, other: Range) -> Range {
        let both = |a: Option<Decimal>, b: Option<Decimal>| a.zip(b).map(|(a, b)| plus(a, b));
        Range { least: both(self.least, other.least), most: both(self.most, other.most) }
    }

    /// From the least to the most; `None` without a limit on either side.
    pub fn spread(self) -> Option<Decimal> {
        self.least.zip(self.most).map(|(least, most)| plus(most, -least))
    }
}

impl Bound {
    /// The verdicts in words, in order.
    pub fn verdict_names(&self) -> Vec<&'static str> {
        self.verdicts.iter().map(|verdict| verdict.map_or("not applicable", Verdict::name)).collect()
    }

    /// In a sentence without its full stop.
    pub fn says(&self, books: &Books, currency: Currency) -> String {
        let (column, table) = (self.column.name(), self.column.table().name());
        let fact = match (self.absent, self.rows.as_slice()) {
            (true, _) => format!("column `{column}` of the {table}"),
            (false, rows) => {
                let rows: Vec<String> = rows.iter().map(|place| books.cite(*place)).collect();
                format!("`{column}` of {}", rows.join(", "))
            }
        };
        if self.verdicts.is_empty() {
            return format!("{fact} alone would not settle it");
        }
        let settles = if self.settles { "would settle it" } else { "would settle it for some values only" };
        let money = self.money.map_or(String::new(), |range| format!("; money {}", show(range, currency)));
        format!("{fact} {settles}: {}{money}", self.verdict_names().join(", or "))
    }
}

fn show(range: Range, currency: Currency) -> String {
    let end = |end: Option<Decimal>| end.map_or("no limit".to_owned(), |amount| money::show(amount, currency));
    format!("from {} to {} {}", end(range.least), end(range.most), currency.code())
}

/// How often a case is judged again for one fact at most.
const MOST_TRIES: usize = 1024;

/// A case, a row of it, or an invoice line put to one rule under a supposition.
type Judge<'q> = dyn Fn(&Trail) -> Answer + 'q;

/// What a rule says, and on what that rests.
struct Answer {
    outcome: Outcome,
    /// The columns that were missed.
    missed: Columns,
    margins: Vec<Margin>,
}

impl Answer {
    fn of(outcome: Outcome, trail: &Trail) -> Answer {
        Answer { outcome, missed: trail.absent().union(trail.blank()), margins: trail.margins() }
    }
}

/// What is known besides, near which verdicts may turn.
struct Known {
    days: Vec<NaiveDate>,
    amounts: Vec<Decimal>,
    /// The end of the outage that is known, in minutes.
    outage: [Option<i64>; 2],
    currency: Currency,
}

/// The bounds of a rule that is indeterminate: for the one fact that is missing, or, where several are, for each that
/// settles it alone.
fn bounds(judge: &Judge<'_>, known: &Known) -> Vec<Bound> {
    let supposed = Rc::new(Supposed::default());
    let answer = judge(&Trail::supposing(Rc::clone(&supposed)));
    let alone = answer.missed.iter().count() == 1;
    let columns = answer.missed.iter().filter(|_| matches!(answer.outcome, Outcome::Indeterminate(_)));
    let each = columns.filter_map(|column| {
        let cells = supposed.missed(column);
        let search = Search { judge, known, column, strict: !alone };
        let bound = search.bound(cells)?;
        (alone || bound.settles).then_some(bound)
    });
    each.collect()
}

/// Looks for what values of one fact lead to.
struct Search<'q> {
    judge: &'q Judge<'q>,
    known: &'q Known,
    column: Column,
    /// Whether nothing is asked but if the fact settles the rule alone.
    strict: bool,
}

/// What a value leads to: the verdict, none if the rule does not apply, and the money effect.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Seen {
    verdict: Option<Verdict>,
    amount: Option<Decimal>,
}

impl Seen {
    /// Two values of which this is the same have no place between them where it turns.
    fn side(self) -> (Option<Verdict>, i8) {
        let sign = |amount: Decimal| {
            if amount.is_zero() {
                0
            } else if amount.is_sign_negative() {
                -1
            } else {
                1
            }
        };
        (self.verdict, self.amount.map_or(2, sign))
    }
}

/// What the values tried so far lead to.
#[derive(Default)]
struct Gathered {
    verdicts: BTreeSet<Option<Verdict>>,
    money: Option<Range>,
    involves_money: bool,
    /// Whether some value leads to no verdict, or not all could be tried.
    open: bool,
    /// Whether not all could be tried.
    cut: bool,
    tries: usize,
    /// Cells of the same column that are asked only under some values.
    further: Vec<Missed>,
}

/// A value that was tried.
struct Tried {
    seen: Seen,
    margins: Vec<Margin>,
    words: Vec<Sym>,
}

/// Values of a fact: a list, or an axis of numbers.
enum Candidates {
    /// These.
    Listed(Vec<Option<Value>>),
    /// Words, of which more are learnt.
    Words,
    Axis(Axis),
}

impl Search<'_> {
    fn bound(&self, mut cells: Vec<Missed>) -> Option<Bound> {
        for _ in 0..MOST_CELLS {
            let absent = cells.first()?.absent;
            let gathered = self.gather(&cells);
            if gathered.further.is_empty() || cells.len() >= MOST_CELLS {
                return Some(self.finish(gathered, &cells, absent));
            }
            cells.extend(gathered.further);
            cells.sort_unstable();
            cells.dedup();
        }
        None
    }

    fn finish(&self, gathered: Gathered, cells: &[Missed], absent: bool) -> Bound {
        let unlimited = Range { least: None, most: None };
        let money = if gathered.cut { Some(unlimited) } else { gathered.money };
        Bound {
            column: self.column,
            rows: cells.iter().map(|cell| cell.place).collect(),
            absent,
            // Which record an id names may depend on records that no one has tried.
            settles: self.column != Column::ParentRequestId
                && !gathered.open
                && !gathered.cut
                && !gathered.verdicts.is_empty(),
            money: money.filter(|_| gathered.involves_money),
            verdicts: gathered.verdicts,
        }
    }

    fn gather(&self, cells: &[Missed]) -> Gathered {
        let mut gathered = Gathered::default();
        let absent = cells.iter().any(|cell| cell.absent);
        let blank = absent.then_some(None);
        match (self.candidates(), cells) {
            (Candidates::Axis(axis), [_]) => {
                blank.map(|blank| self.try_one(&[blank], cells, &mut gathered));
                self.along(&axis, cells, &mut gathered);
            }
            (Candidates::Axis(axis), _) => {
                let points = axis.seeds.iter().filter_map(|point| axis.value(*point));
                self.combine(&blank.into_iter().chain(points.map(Some)).collect::<Vec<_>>(), cells, &mut gathered);
            }
            (Candidates::Listed(values), _) => {
                let values: Vec<_> = blank.into_iter().chain(values).collect();
                self.combine(&values, cells, &mut gathered);
            }
            (Candidates::Words, _) => {
                let mut values: Vec<Option<Value>> = blank.into_iter().collect();
                values.extend(self.words(cells).into_iter().map(|word| Some(Value::Word(word))));
                self.combine(&values, cells, &mut gathered);
            }
        }
        gathered
    }

    fn candidates(&self) -> Candidates {
        match self.column.kind() {
            Type::Flag => Candidates::Listed(vec![Some(Value::Flag(true)), Some(Value::Flag(false))]),
            Type::Text if self.column != Column::DecidedBy => Candidates::Listed(vec![Some(Value::Text)]),
            Type::Code | Type::Id | Type::Text | Type::Currency => Candidates::Words,
            Type::Time | Type::Date => Candidates::Axis(Axis::of_time(self.column, self.known)),
            Type::Amount | Type::Percent | Type::Whole => Candidates::Axis(Axis::of_number(self.column, self.known)),
        }
    }

    /// The words with which the rule compares the fact, and for each cell one with which it does not.
    fn words(&self, cells: &[Missed]) -> Vec<Sym> {
        let mut words: Vec<Sym> = (0..).map(no_word).take(cells.len()).collect();
        let mut at = 0;
        while let Some(word) = words.get(at).copied().filter(|_| at < MOST_TRIES) {
            let tried = self.try_one(&vec![Some(Value::Word(word)); cells.len()], cells, &mut Gathered::default());
            tried.words.into_iter().for_each(|new| {
                if !words.contains(&new) {
                    words.push(new);
                }
            });
            at += 1;
        }
        words
    }

    /// Tries every combination of values in the cells; of too many candidates only the first.
    fn combine(&self, values: &[Option<Value>], cells: &[Missed], gathered: &mut Gathered) {
        let fits = |count: usize| count.checked_pow(cells.len() as u32).is_some_and(|all| all <= MOST_TRIES);
        let count = (0..=values.len()).rev().find(|count| fits(*count)).unwrap_or(0);
        gathered.cut |= count < values.len();
        let values = values.get(..count).unwrap_or_default();
        for number in 0..count.pow(cells.len() as u32) {
            let mut rest = number;
            let each = cells.iter().filter_map(|_| {
                let at = rest % count;
                rest /= count;
                values.get(at).copied()
            });
            self.try_one(&each.collect::<Vec<_>>(), cells, gathered);
            if self.is_over(gathered) {
                return;
            }
        }
    }

    fn is_over(&self, gathered: &Gathered) -> bool {
        self.strict && gathered.open
    }

    /// Judges with a value in each cell.
    fn try_one(&self, values: &[Option<Value>], cells: &[Missed], gathered: &mut Gathered) -> Tried {
        let each = cells.iter().zip(values).map(|(cell, value)| (cell.place, cell.column, *value));
        let supposed = Rc::new(Supposed::new(each.collect()));
        let Answer { outcome, margins, .. } = (self.judge)(&Trail::supposing(Rc::clone(&supposed)));
        let seen = Seen {
            verdict: outcome.verdict(),
            amount: match &outcome {
                Outcome::Fault(fault) => fault.amount,
                _ => None,
            },
        };
        gathered.tries += 1;
        if seen.verdict == Some(Verdict::Indeterminate) {
            // That a cell is blank is no value of the fact.
            gathered.open |= values.iter().all(Option::is_some);
            gathered.further.extend(supposed.missed(self.column));
        } else {
            gathered.verdicts.insert(seen.verdict);
            let of_fault = matches!(outcome, Outcome::Fault(_));
            gathered.involves_money |= seen.amount.is_some();
            if let Some(amount) = seen.amount.or((!of_fault).then_some(Decimal::ZERO)) {
                let range = Range { least: Some(amount), most: Some(amount) };
                gathered.money = Some(gathered.money.map_or(range, |before| before.span(range)));
            }
        }
        Tried { seen, margins, words: supposed.compared(self.column) }
    }

    /// Tries points of an axis, and tells the points near which the rule then compares something.
    fn points(
        &self,
        axis: &Axis,
        points: &[i64],
        cells: &[Missed],
        gathered: &mut Gathered,
        seen: &mut BTreeMap<i64, Seen>,
    ) -> BTreeSet<i64> {
        let mut near = BTreeSet::new();
        for point in points {
            if seen.contains_key(point) || gathered.tries >= MOST_TRIES / 2 || self.is_over(gathered) {
                continue;
            }
            let Some(value) = axis.value(*point) else { continue };
            let tried = self.try_one(&[Some(value)], cells, gathered);
            near.extend(tried.margins.iter().flat_map(|margin| axis.near(margin)));
            seen.insert(*point, tried.seen);
        }
        near
    }

    /// Seeks by halves where it turns between points that lead to different verdicts, or to money for different sides.
    fn halve(&self, axis: &Axis, cells: &[Missed], gathered: &mut Gathered, seen: &mut BTreeMap<i64, Seen>) {
        let mut spans: Vec<(i64, i64)> = seen.keys().copied().zip(seen.keys().skip(1).copied()).collect();
        while let Some((from, to)) = spans.pop() {
            let side = |point: i64| seen.get(&point).map(|seen| seen.side());
            if to - from < 2 || side(from) == side(to) || self.is_over(gathered) {
                continue;
            }
            let middle = from + (to - from) / 2;
            let value = axis.value(middle).filter(|_| gathered.tries < MOST_TRIES);
            let Some(value) = value else {
                gathered.cut = true;
                return;
            };
            let tried = self.try_one(&[Some(value)], cells, gathered);
            seen.insert(middle, tried.seen);
            spans.extend([(from, middle), (middle, to)]);
        }
    }

    /// Tries the values of an axis: its seeds, those near limits that the rule compares with, and where it turns.
    fn along(&self, axis: &Axis, cells: &[Missed], gathered: &mut Gathered) {
        let mut seen: BTreeMap<i64, Seen> = BTreeMap::new();
        // A limit that depends on the fact moves with it: what is learnt from what was learnt is left to halving.
        let learnt: Vec<i64> = self.points(axis, &axis.seeds, cells, gathered, &mut seen).into_iter().collect();
        self.points(axis, &learnt, cells, gathered, &mut seen);
        self.halve(axis, cells, gathered, &mut seen);
        for _ in 0..ROUNDS {
            let leaps = leaps(&seen, axis);
            if leaps.iter().all(|point| seen.contains_key(point)) {
                break;
            }
            self.points(axis, &leaps, cells, gathered, &mut seen);
            self.halve(axis, cells, gathered, &mut seen);
        }
        let points: Vec<i64> = seen.keys().copied().collect();
        gathered.cut |= axis.cut;
        if let (true, Some(range), [.., far, farthest]) = (axis.endless, &mut gathered.money, points.as_slice()) {
            let amount = |point: &i64| seen.get(point).and_then(|seen| seen.amount);
            match amount(far).zip(amount(farthest)) {
                Some((far, farthest)) if far < farthest => range.most = None,
                Some((far, farthest)) if far > farthest => range.least = None,
                _ => {}
            }
        }
    }
}

/// How often the surroundings of places where money leaps from one side to the other are searched.
const ROUNDS: usize = 3;

/// The points around places where money leaps from one side to the other without a value between that is right: where
/// several amounts are accepted the nearest changes there, and places where it is right may lie on either side.
fn leaps(seen: &BTreeMap<i64, Seen>, axis: &Axis) -> Vec<i64> {
    let places = seen.iter().zip(seen.iter().skip(1));
    let leaps = places.filter(|((from, a), (to, b))| {
        **to - **from < 2 && a.verdict == b.verdict && a.side() != b.side() && a.amount.is_some() && b.amount.is_some()
    });
    let steps = || (0..48).flat_map(|power| [1_i64 << power, 3 << power]);
    let around = leaps.flat_map(|((from, _), (to, _))| steps().flat_map(move |step| [from - step, to + step]));
    around.filter(|point| (axis.least..=axis.most).contains(point)).collect()
}

/// More cells than this are not supposed together.
const MOST_CELLS: usize = 8;

/// A word that no rule names and no export holds; for each cell another.
fn no_word(number: u32) -> Sym {
    Sym(u32::MAX - number)
}

/// The values of a fact that lie in order.
struct Axis {
    unit: Unit,
    least: i64,
    most: i64,
    /// Where verdicts may turn, as far as it is known beforehand. Never empty.
    seeds: Vec<i64>,
    /// Whether there is no largest value.
    endless: bool,
    /// Whether some known amount lies beyond what is tried.
    cut: bool,
}

/// What the points of an axis are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Unit {
    /// Days after the first of 1970.
    Days,
    /// Minutes after its beginning.
    Minutes,
    /// Units of so many digits after the point.
    Digits(u32),
}

/// The first and the last day that an export can hold, as days after the first of 1970.
fn days_of_exports() -> (i64, i64) {
    let first = NaiveDate::from_ymd_opt(1990, 1, 1).unwrap_or_default();
    (number_of_date(first).into(), number_of_date(crate::calendar::last_possible_day()).into())
}

const MINUTES_PER_DAY: i64 = 1440;
const TICKS_PER_MINUTE: i64 = 600_000_000;

impl Axis {
    fn of_time(column: Column, known: &Known) -> Axis {
        let (first, last) = days_of_exports();
        let days = known.days.iter().map(|day| i64::from(number_of_date(*day)));
        let (unit, least, most, mut seeds): (_, _, _, Vec<i64>) = match column {
            Column::OutageStart | Column::OutageEnd => {
                let [start, end] = known.outage;
                let least = start.filter(|_| column == Column::OutageEnd).unwrap_or(first * MINUTES_PER_DAY);
                let most = end.filter(|_| column == Column::OutageStart).unwrap_or((last + 1) * MINUTES_PER_DAY - 1);
                (Unit::Minutes, least, most, days.map(|day| day * MINUTES_PER_DAY).collect())
            }
            _ => (Unit::Days, first, last, days.flat_map(|day| [day, day - 1, day + 1]).collect()),
        };
        seeds.extend([most, least]);
        seeds.retain(|point| (least..=most).contains(point));
        dedup(&mut seeds);
        Axis { unit, least, most, seeds, endless: false, cut: false }
    }

    fn of_number(column: Column, known: &Known) -> Axis {
        let is_money = column.kind() == Type::Amount && column != Column::NoticeHours && column != Column::Quantity;
        let digits = match column.kind() {
            Type::Whole => 0,
            _ if is_money => money::minor_digits(known.currency),
            _ => 2,
        };
        let axis = Axis {
            unit: Unit::Digits(digits),
            least: 0,
            most: i64::MAX,
            seeds: Vec::new(),
            endless: false,
            cut: false,
        };
        let one = 10_i64.pow(digits);
        if column.kind() == Type::Percent {
            let seeds = vec![50 * one, 100 * one, 0];
            return Axis { most: 100 * one, seeds, ..axis };
        }
        let points: Vec<Option<i64>> = known.amounts.iter().map(|amount| axis.point(*amount)).collect();
        let cut = is_money && points.iter().any(Option::is_none);
        let mut seeds = vec![0, one];
        if is_money {
            seeds.extend(points.iter().flatten().flat_map(|at| [*at, at - 1, at + 1]));
        }
        let sum = points.iter().flatten().fold(FAR, |sum, point| sum.saturating_add(*point));
        let far = sum.min(i64::MAX / 8) * 2;
        seeds.extend([far, far * 2]);
        seeds.retain(|point| *point >= 0);
        dedup(&mut seeds);
        Axis { seeds, endless: true, cut, ..axis }
    }

    fn point(&self, amount: Decimal) -> Option<i64> {
        let Unit::Digits(digits) = self.unit else { return None };
        let point = amount.checked_mul(Decimal::from(10_i64.pow(digits)))?.round();
        point.to_i64().filter(|point| point.unsigned_abs() < 1 << 60)
    }

    fn value(&self, point: i64) -> Option<Value> {
        Some(match self.unit {
            Unit::Days => Value::Day(date_of_number(point)?),
            Unit::Minutes => {
                let day = i32::try_from(point.div_euclid(MINUTES_PER_DAY)).ok()?;
                let ticks = point.rem_euclid(MINUTES_PER_DAY) * TICKS_PER_MINUTE;
                Value::Time(crate::time::Stamp::local(day, ticks))
            }
            Unit::Digits(digits) => Value::Amount(Decimal::new(point, digits)),
        })
    }

    /// The points around the limit of a margin.
    fn near(&self, margin: &Margin) -> Vec<i64> {
        let around =
            |point: i64, apart: i64| [point - apart - 1, point - apart, point, point + apart, point + apart + 1];
        let points = match (self.unit, margin) {
            (Unit::Days, Margin::Day(days)) => Some(around(number_of_date(days.limit).into(), 0)),
            (Unit::Digits(_), Margin::Amount(amount)) => {
                let tolerance = self.point(amount.tolerance).unwrap_or(0);
                self.point(amount.limit).map(|point| around(point, tolerance))
            }
            (Unit::Digits(_), Margin::Number { limit, .. }) => self.point(*limit).map(|point| around(point, 0)),
            _ => None,
        };
        points.into_iter().flatten().filter(|point| (self.least..=self.most).contains(point)).collect()
    }
}

/// What lies beyond every amount of a case, unless it has larger ones.
const FAR: i64 = 1_000_000_000_000;

/// The first of each, in their order: the first are those that several cells are tried with.
fn dedup(points: &mut Vec<i64>) {
    let mut before = BTreeSet::new();
    points.retain(|point| before.insert(*point));
}

impl Known {
    fn of_lines(books: &Books, invoice: &Invoice, as_of: NaiveDate) -> Known {
        let mut known = Known {
            days: vec![invoice.date, as_of],
            amounts: Vec::new(),
            outage: [None; 2],
            currency: invoice.currency,
        };
        let lines = books.lines_of(invoice);
        for line in lines {
            let days = [line.paid_on, line.started_on, line.delivered_on, line.accepted_on];
            let spans = [line.period_start, line.period_end, line.warranty_from];
            known.days.extend(days.into_iter().chain(spans).flatten());
            known.amounts.extend(line.amount.value(&books.wide));
            let seldom = LINE_AMOUNTS.iter().map(|column| books.amount_of_line(line, *column));
            known.amounts.extend(seldom.filter_map(|amount| amount.value(&books.wide)));
        }
        let all = lines.iter().filter_map(|line| line.amount.value(&books.wide));
        known.amounts.extend(all.reduce(plus));
        known
    }

    fn of_case(books: &Books, invoice: &Invoice, request: &Request, zone: Zone, as_of: NaiveDate) -> Known {
        let mut known = Known::of_lines(books, invoice, as_of);
        let times = REQUEST_TIMES.iter().map(|column| books.time_of(request, *column));
        known.days.extend(times.filter_map(|time| time.day(zone)));
        for row in books.decisions_of(request) {
            let times = [row.acknowledged_at, row.decided_at, row.processed_at, row.received_at];
            known.days.extend(times.iter().filter_map(|time| time.day(zone)));
            known.amounts.extend(row.refund_amount.value(&books.wide));
        }
        let amounts = REQUEST_AMOUNTS.iter().map(|column| books.amount_of(request, *column));
        known.amounts.extend(amounts.filter_map(|amount| amount.value(&books.wide)));
        let outage = [RequestTime::OutageStart, RequestTime::OutageEnd];
        known.outage = outage.map(|column| books.time_of(request, column).local_minute(zone));
        // The first are tried where there are too many.
        known.days.reverse();
        known.days.extend(request.submitted_at.day(zone));
        known.days.reverse();
        known
    }
}

impl<'a> Engine<'_, 'a> {
    /// The bounds of a rule that is indeterminate for a case.
    pub(crate) fn bounds_of_case(&self, request: &'a Request, plan: &Plan<'a>, applied: &Applied<'a>) -> Vec<Bound> {
        let books = self.run.books;
        let Some(invoice) = books.invoices.get(request.invoice as usize) else { return Vec::new() };
        let known = Known::of_case(books, invoice, request, plan.policy.zone, self.run.as_of);
        let judge = |trail: &Trail| {
            let exclusions = OnceCell::new();
            let case = Case::new(self.run, plan, request, &exclusions, trail);
            let mut said = Outcome::NotApplicable;
            judge(applied.rule, applied.side, &case, |_, outcome| said = outcome);
            Answer::of(said, trail)
        };
        bounds(&judge, &known)
    }

    /// The bounds of the rule about an invoice's cases together, for one of their rows.
    pub(crate) fn bounds_together(&self, invoice: &'a Invoice, request: &'a Request, row: Sym) -> Vec<Bound> {
        let books = self.run.books;
        let Some(plan) = self.plan(invoice, request) else { return Vec::new() };
        let known = Known::of_case(books, invoice, request, plan.policy.zone, self.run.as_of);
        let judge = |trail: &Trail| {
            let exclusions: SmallVec<[OnceCell<_>; 1]> = books.requests_of(invoice).map(|_| OnceCell::new()).collect();
            let cases = self.cases(invoice, &exclusions, trail);
            let mut answer = Answer { outcome: Outcome::NotApplicable, missed: Columns::NONE, margins: Vec::new() };
            rows::running_total(&cases, &mut |_, _, given, outcome| {
                if given.record.id == row {
                    answer = Answer::of(outcome, trail);
                }
            });
            answer
        };
        bounds(&judge, &known)
    }

    /// The bounds of a rule that is indeterminate for an invoice line.
    pub(crate) fn bounds_of_line(
        &self,
        invoice: &'a Invoice,
        line: &'a InvoiceLine,
        plan: &Plan<'a>,
        rule: &Rule,
    ) -> Vec<Bound> {
        let known = Known::of_lines(self.run.books, invoice, self.run.as_of);
        let judge = |trail: &Trail| {
            let outcome = line::judge_line(rule, &BilledLine { run: self.run, plan, invoice, line, trail });
            Answer::of(outcome, trail)
        };
        bounds(&judge, &known)
    }
}
