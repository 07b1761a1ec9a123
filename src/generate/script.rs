//! A story in the form in which it is told: every reference is a number, every row a run of fixed text and cells.
//!
//! A script is played once for each invoice: its steps are taken in order, each giving one value, and then its rows are
//! written from those.

use super::story::At;
use crate::calendar::Calendar;
use crate::generate::random::Random;
use crate::time::Zone;
use chrono::{Datelike, Days, Months, NaiveDate, TimeDelta};

/// A value by the number of the step that gives it.
pub(super) type Slot = usize;

/// The stories of one policy.
pub(super) struct Family {
    pub(super) policy: String,
    pub(super) zone: Zone,
    pub(super) calendar: Option<Calendar>,
    /// The first day of an invoice.
    pub(super) from: NaiveDate,
    /// On how many days there are invoices.
    pub(super) days: u64,
    pub(super) forms: Vec<Form>,
    pub(super) groups: Vec<Group>,
    /// How often it is told, with those of all families before it.
    pub(super) weight: u64,
    pub(super) tales: Vec<Tale>,
}

/// How times are written.
pub(super) enum Form {
    Date,
    Local,
    /// With the offset as it is written, and in seconds.
    Offset(String, i64),
}

/// Accounts with the same currency.
pub(super) struct Group {
    pub(super) currency: String,
    /// Digits after the point.
    pub(super) digits: u32,
    /// By how many percent prices are multiplied.
    pub(super) scale: i64,
    pub(super) weight: u64,
}

/// A story and the ways in which it can go wrong.
pub(super) struct Tale {
    /// How often it is told, with those before it.
    pub(super) weight: u64,
    pub(super) requests: usize,
    pub(super) compliant: Script,
    pub(super) plants: Vec<Script>,
}

/// A story, or one of the ways in which it goes wrong.
pub(super) struct Script {
    /// In an order in which each needs only earlier ones.
    pub(super) steps: Vec<Step>,
    pub(super) lines: Vec<Row>,
    pub(super) requests: Vec<Row>,
    pub(super) decisions: Vec<Row>,
    /// The row of the key.
    pub(super) key: Option<Row>,
    /// The groups of accounts it can be about.
    pub(super) groups: Vec<usize>,
}

/// A row of an export.
pub(super) struct Row {
    pub(super) parts: Vec<Part>,
    /// In so many cases of a hundred.
    pub(super) chance: u64,
    /// The first of these that is not blank gives the row its place in the file.
    pub(super) at: Vec<Slot>,
}

/// A piece of a row or of a text.
pub(super) enum Part {
    /// As it stands, commas and quotation marks of the file included.
    Text(String),
    Cell(Slot),
    /// The month of a day, in words.
    Month(Slot),
    Invoice,
    /// The id of a request, by its number in the story.
    Request(usize),
    /// The id of the decision in whose row this is.
    Decision,
}

/// How a value comes about.
pub(super) enum Step {
    Account,
    /// Another account.
    Stranger,
    Currency,
    /// The day of the invoice.
    Charge,
    /// One of these texts.
    Texts(Vec<Vec<Part>>),
    Number(Number),
    /// A price from, to, and as a multiple of; in units of the currency.
    Amount(i64, i64, Option<i64>),
    Share {
        of: Vec<Slot>,
        times: Number,
        per: Number,
        percent: Number,
    },
    Day {
        from: Slot,
        back: bool,
        months: Number,
        days: Number,
        business_days: Number,
        minutes: Number,
        at: At,
        chance: u64,
    },
}

/// A number: fixed, of a range with both ends, or a value.
#[derive(Clone, Copy)]
pub(super) enum Number {
    Fixed(i64),
    Range(i64, i64),
    Of(Slot),
}

/// What a step gave.
#[derive(Clone, Copy)]
pub(super) enum Value {
    Blank,
    /// One of the texts of its step.
    Text(usize),
    Number(i64),
    /// In minor units.
    Money(i64),
    Day(NaiveDate),
    /// In seconds after midnight in the policy's zone; whether the time of day must be told.
    Time(NaiveDate, i64, bool),
    Account(u64),
    Currency,
}

const DAY: i64 = 86_400;
/// An office day.
const OPENS: i64 = 8 * 3600;
const CLOSES: i64 = 18 * 3600;

/// A script being played.
pub(super) struct Play<'a> {
    pub(super) family: &'a Family,
    pub(super) script: &'a Script,
    pub(super) group: &'a Group,
    pub(super) form: &'a Form,
    /// The account, and another one.
    pub(super) accounts: [u64; 2],
    pub(super) charge: NaiveDate,
    /// What the steps gave so far.
    pub(super) values: Vec<Value>,
}

impl Play<'_> {
    /// Takes all steps.
    pub(super) fn run(&mut self, random: &mut Random) {
        self.values.clear();
        for step in &self.script.steps {
            let value = self.step(step, random);
            self.values.push(value);
        }
    }

    pub(super) fn value(&self, slot: Slot) -> Value {
        self.values.get(slot).copied().unwrap_or(Value::Blank)
    }

    /// Seconds since 1970 of the first of some values that is a day.
    pub(super) fn place(&self, slots: &[Slot]) -> i64 {
        let second = |slot: &Slot| match self.value(*slot) {
            Value::Day(day) => Some(i64::from(day.num_days_from_ce()) * DAY),
            Value::Time(day, second, _) => Some(i64::from(day.num_days_from_ce()) * DAY + second),
            _ => None,
        };
        slots.iter().find_map(second).unwrap_or_default()
    }

    fn step(&self, step: &Step, random: &mut Random) -> Value {
        match step {
            Step::Account => Value::Account(self.accounts[0]),
            Step::Stranger => Value::Account(self.accounts[1]),
            Step::Currency => Value::Currency,
            Step::Charge => Value::Day(self.charge),
            Step::Texts(texts) => Value::Text(random.below(texts.len() as u64) as usize),
            Step::Number(number) => Value::Number(self.number(*number, random)),
            Step::Amount(from, to, step) => self.amount(*from, *to, *step, random),
            Step::Share { of, times, per, percent } => {
                let whole: i64 = of.iter().map(|slot| self.minor(*slot)).sum();
                let [times, per, percent] = [times, per, percent].map(|n| i128::from(self.number(*n, random)));
                Value::Money(divided(i128::from(whole) * times * percent, per * 100))
            }
            Step::Day { chance, .. } if !random.chance(*chance) => Value::Blank,
            Step::Day { from, back, months, days, business_days, minutes, at, .. } => {
                let sign = if *back { -1 } else { 1 };
                let counts = [months, days, business_days, minutes].map(|n| sign * self.number(*n, random));
                self.moved(*from, counts, *at, random).unwrap_or(Value::Blank)
            }
        }
    }

    fn number(&self, number: Number, random: &mut Random) -> i64 {
        match number {
            Number::Fixed(number) => number,
            Number::Range(from, to) => random.between(from, to),
            Number::Of(slot) => match self.value(slot) {
                Value::Number(number) => number,
                _ => 0,
            },
        }
    }

    fn minor(&self, slot: Slot) -> i64 {
        match self.value(slot) {
            Value::Money(minor) => minor,
            _ => 0,
        }
    }

    /// A price: between the ends every doubling is as likely as another.
    fn amount(&self, from: i64, to: i64, step: Option<i64>, random: &mut Random) -> Value {
        let unit = 10_i64.pow(self.group.digits);
        let [from, to] = [from, to].map(|end| (end * unit * self.group.scale / 100).max(1));
        let doublings = u64::from((to / from).max(1).ilog2()) + 1;
        let low = from << random.below(doublings);
        let price = random.between(low, to.min(low * 2).max(low));
        let step = step.map_or(1, |step| step * unit);
        Value::Money((price - price % step).max(step))
    }

    /// A day moved by months, days, business days and minutes.
    fn moved(&self, from: Slot, counts: [i64; 4], at: At, random: &mut Random) -> Option<Value> {
        let [months, days, business_days, minutes] = counts;
        let (start, second) = match self.value(from) {
            Value::Day(day) => (day, None),
            Value::Time(day, second, _) => (day, Some(second)),
            _ => return None,
        };
        let count = Months::new(u32::try_from(months.unsigned_abs()).ok()?);
        let mut day = if months < 0 { start.checked_sub_months(count)? } else { start.checked_add_months(count)? };
        day = day.checked_add_signed(TimeDelta::try_days(days)?)?;
        if business_days > 0 {
            day = self.family.calendar.as_ref()?.after(day, u32::try_from(business_days).ok()?)?;
        }
        if minutes > 0 {
            let moved = second.unwrap_or_default() + minutes * 60;
            let day = day.checked_add_days(Days::new(u64::try_from(moved / DAY).ok()?))?;
            return Some(Value::Time(day, moved % DAY, true));
        }
        if at == At::Day {
            return Some(Value::Day(day));
        }
        // What follows on the same day follows later that day.
        let opens = second.filter(|_| day == start).unwrap_or(OPENS);
        Some(Value::Time(day, random.between(opens, CLOSES.max(opens)), at == At::Moment))
    }

    /// Writes a value.
    pub(super) fn write(&self, slot: Slot, to: &mut Vec<u8>) {
        match self.value(slot) {
            Value::Blank => {}
            Value::Text(chosen) => self.write_text(slot, chosen, to),
            Value::Number(number) => whole(number, to),
            Value::Money(minor) => self.write_money(minor, to),
            Value::Day(day) => date(day, to),
            Value::Time(day, second, moment) => self.write_time(day, second, moment, to),
            Value::Account(number) => {
                to.extend_from_slice(b"ACC-");
                padded(number, 6, to);
            }
            Value::Currency => to.extend_from_slice(self.group.currency.as_bytes()),
        }
    }

    fn write_text(&self, slot: Slot, chosen: usize, to: &mut Vec<u8>) {
        let Some(Step::Texts(texts)) = self.script.steps.get(slot) else { return };
        for part in texts.get(chosen).into_iter().flatten() {
            match part {
                Part::Text(text) => to.extend_from_slice(text.as_bytes()),
                Part::Cell(slot) => self.write(*slot, to),
                Part::Month(slot) => self.write_month(*slot, to),
                Part::Invoice | Part::Request(_) | Part::Decision => {}
            }
        }
    }

    pub(super) fn write_month(&self, slot: Slot, to: &mut Vec<u8>) {
        let (Value::Day(day) | Value::Time(day, ..)) = self.value(slot) else { return };
        let name = chrono::Month::try_from(day.month() as u8).map_or("", |month| month.name());
        to.extend_from_slice(name.as_bytes());
        to.push(b' ');
        whole(i64::from(day.year()), to);
    }

    fn write_money(&self, minor: i64, to: &mut Vec<u8>) {
        let unit = 10_i64.pow(self.group.digits);
        whole(minor / unit, to);
        if self.group.digits > 0 {
            to.push(b'.');
            padded((minor % unit).unsigned_abs(), self.group.digits as usize, to);
        }
    }

    fn write_time(&self, day: NaiveDate, second: i64, moment: bool, to: &mut Vec<u8>) {
        match self.form {
            Form::Date if !moment => date(day, to),
            Form::Date | Form::Local => clock(day, second, to),
            Form::Offset(text, offset) => {
                let moved = second + offset - self.family.zone.offset_on(day);
                let day = day.checked_add_signed(TimeDelta::days(moved.div_euclid(DAY))).unwrap_or(day);
                clock(day, moved.rem_euclid(DAY), to);
                to.extend_from_slice(text.as_bytes());
            }
        }
    }
}

/// A quotient of numbers that are not negative, rounded half up.
fn divided(dividend: i128, divisor: i128) -> i64 {
    let divisor = divisor.max(1);
    i64::try_from((dividend * 2 + divisor) / (divisor * 2)).unwrap_or(i64::MAX)
}

fn whole(number: i64, to: &mut Vec<u8>) {
    to.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

/// A number with at least so many digits.
pub(super) fn padded(number: u64, digits: usize, to: &mut Vec<u8>) {
    let mut buffer = itoa::Buffer::new();
    let text = buffer.format(number);
    to.resize(to.len() + digits.saturating_sub(text.len()), b'0');
    to.extend_from_slice(text.as_bytes());
}

fn date(day: NaiveDate, to: &mut Vec<u8>) {
    to.extend_from_slice(&day_digits(day));
}

fn day_digits(day: NaiveDate) -> [u8; 10] {
    let year = day.year().unsigned_abs();
    let ([a, b], [c, d]) = (pair(year / 100), pair(year % 100));
    let ([e, f], [g, h]) = (pair(day.month()), pair(day.day()));
    [a, b, c, d, b'-', e, f, b'-', g, h]
}

fn clock(day: NaiveDate, second: i64, to: &mut Vec<u8>) {
    to.extend_from_slice(&day_digits(day));
    let second = second as u32;
    let [[a, b], [c, d], [e, f]] = [second / 3600, second / 60 % 60, second % 60].map(pair);
    to.extend_from_slice(&[b'T', a, b, b':', c, d, b':', e, f]);
}

/// Two digits.
fn pair(number: u32) -> [u8; 2] {
    [b'0' + (number / 10 % 10) as u8, b'0' + (number % 10) as u8]
}
