//! What a cell looks like as a date: separators, widths and the time of day behind it, but not which number is which.

use super::super::blank;
use super::super::date::Months;
use super::super::date::form::{half, number, offset};
use crate::time::{date_of_number, day_number};

/// An order of numbers that look alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    DayMonthYear,
    MonthDayYear,
    YearMonthDay,
}

impl Order {
    pub(super) const ALL: [Order; 3] = [Order::DayMonthYear, Order::MonthDayYear, Order::YearMonthDay];

    /// As a set of one.
    pub(super) fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// What tells day, month and year apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// Nothing but their values.
    Numbers,
    /// A year of four digits is first. What follows is the month everywhere.
    YearFirst,
    /// `Mar 4, 2026`
    MonthNameFirst,
    /// `4 Mar 2026`
    MonthNameSecond,
    /// `2026 Mar 4`
    MonthNameAfterYear,
}

/// What stands between two parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Separator {
    Nothing,
    Slash,
    Hyphen,
    Point,
    Blank,
    PointBlank,
    CommaBlank,
}

/// The time of day, and how it is joined to the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Tail {
    joint: &'static str,
    colon: char,
    has_seconds: bool,
    has_half: bool,
    has_offset: bool,
}

/// How a cell writes a date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    pub class: Class,
    pub separators: [Separator; 2],
    is_short_year: bool,
    /// It is in canonical form, or nearly.
    is_iso: bool,
    tail: Option<Tail>,
}

/// A cell that looks like a date.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dated {
    pub shape: Shape,
    /// In the order of the cell.
    numbers: [u32; 3],
    widths: [usize; 3],
}

/// A part of a day: its number, and how many digits it has; none for a month's name.
#[derive(Clone, Copy)]
struct Part {
    number: u32,
    width: usize,
}

impl Dated {
    /// What the cell looks like; `None` if it does not look like a date.
    pub(super) fn of(cell: &str, months: &Months) -> Option<Dated> {
        let text = cell.as_bytes();
        let (one, rest) = part(text, months)?;
        let (first, rest) = separator(rest)?;
        let (two, rest) = part(rest, months)?;
        let (second, rest) = separator(rest)?;
        let (three, rest) = part(rest, months)?;
        let parts = [one, two, three];
        let (numbers, widths) = (parts.map(|part| part.number), parts.map(|part| part.width));
        let class = class(widths)?;
        let separators = [first, second];
        let is_of_numbers = matches!(class, Class::Numbers | Class::YearFirst);
        if is_of_numbers && (first != second || matches!(first, Separator::Nothing | Separator::CommaBlank)) {
            return None;
        }
        let is_short_year = !widths.contains(&4);
        let (tail, is_strict) = Tail::of(rest, class == Class::YearFirst)?;
        let is_iso = class == Class::YearFirst
            && first == Separator::Hyphen
            && widths == [4, 2, 2]
            && is_strict
            && tail.is_none_or(Tail::is_iso);
        Some(Dated { shape: Shape { class, separators, is_short_year, is_iso, tail }, numbers, widths })
    }

    /// The day's number from 1970 on under an order; `None` if there is no such day.
    pub(super) fn day(&self, order: Order) -> Option<i32> {
        let [one, two, three] = self.numbers;
        let [year, month, day, year_width] = match (self.shape.class, order) {
            (Class::Numbers, Order::DayMonthYear) => [three, two, one, self.widths[2] as u32],
            (Class::Numbers, Order::MonthDayYear) => [three, one, two, self.widths[2] as u32],
            (Class::Numbers, Order::YearMonthDay) => [one, two, three, self.widths[0] as u32],
            (Class::MonthNameSecond, Order::DayMonthYear) => [three, two, one, self.widths[2] as u32],
            (Class::MonthNameFirst, Order::MonthDayYear) => [three, one, two, self.widths[2] as u32],
            (Class::YearFirst | Class::MonthNameAfterYear, Order::YearMonthDay) => {
                [one, two, three, self.widths[0] as u32]
            }
            _ => return None,
        };
        match year_width {
            4 => day_number(year, month, day),
            2 if self.shape.is_short_year => day_number(if year >= 90 { 1900 + year } else { 2000 + year }, month, day),
            _ => None,
        }
    }

    /// The orders under which it is a day.
    pub(super) fn orders(&self) -> u8 {
        Order::ALL.into_iter().filter(|order| self.day(*order).is_some()).map(Order::bit).sum()
    }

    /// The forms under which it is a day, each with that day.
    pub(super) fn readings(&self) -> Vec<(String, String)> {
        let reading = |order| Some((self.shape.form(order), date_of_number(i64::from(self.day(order)?))?.to_string()));
        Order::ALL.into_iter().filter_map(reading).collect()
    }
}

impl Shape {
    /// The form of dates that it is under an order.
    pub(super) fn form(&self, order: Order) -> String {
        if self.is_iso {
            return "iso".to_owned();
        }
        let (year, month) = (if self.is_short_year { "y" } else { "Y" }, if self.is_of_numbers() { "m" } else { "b" });
        let [one, two, three] = match order {
            Order::DayMonthYear => ["d", month, year],
            Order::MonthDayYear => [month, "d", year],
            Order::YearMonthDay => [year, month, "d"],
        };
        let [first, second] = self.separators.map(Separator::text);
        let tail = self.tail.map(Tail::form).unwrap_or_default();
        format!("{one}{first}{two}{second}{three}{tail}")
    }

    /// Whether its form also reads cells of another shape: a bare day where this has a time of day.
    pub(super) fn covers(&self, other: &Shape) -> bool {
        let bare = Shape { tail: None, ..*self };
        self.tail.is_some() && *other == bare
    }

    fn is_of_numbers(&self) -> bool {
        matches!(self.class, Class::Numbers | Class::YearFirst)
    }
}

impl Separator {
    fn text(self) -> &'static str {
        match self {
            Separator::Nothing => "",
            Separator::Slash => "/",
            Separator::Hyphen => "-",
            Separator::Point => ".",
            Separator::Blank => " ",
            Separator::PointBlank => ". ",
            Separator::CommaBlank => ", ",
        }
    }
}

/// What the widths of three parts tell, names having none.
fn class(widths: [usize; 3]) -> Option<Class> {
    Some(match widths {
        [1 | 2, 1 | 2, 1 | 2 | 4] => Class::Numbers,
        [4, 1 | 2, 1 | 2] => Class::YearFirst,
        [0, 1 | 2, 2 | 4] => Class::MonthNameFirst,
        [1 | 2, 0, 2 | 4] => Class::MonthNameSecond,
        [4, 0, 1 | 2] => Class::MonthNameAfterYear,
        _ => return None,
    })
}

fn part<'c>(text: &'c [u8], months: &Months) -> Option<(Part, &'c [u8])> {
    let width = text.iter().take(5).take_while(|b| b.is_ascii_digit()).count();
    if width > 0 {
        let (number, rest) = number(text, 1, 4)?;
        return Some((Part { number, width }, rest));
    }
    let (number, rest) = months.take(text)?;
    // The point of an abbreviation, but not one that is the separator.
    let rest = match rest {
        [b'.', after @ ..] if blank::width(after) > 0 => after,
        _ => rest,
    };
    Some((Part { number, width }, rest))
}

fn separator(text: &[u8]) -> Option<(Separator, &[u8])> {
    let after_blanks = blank::skip(text.get(1..)?);
    let is_followed = after_blanks.len() + 1 < text.len();
    Some(match text {
        [b'/', rest @ ..] => (Separator::Slash, rest),
        [b'-', rest @ ..] => (Separator::Hyphen, rest),
        [b'.', ..] if is_followed => (Separator::PointBlank, after_blanks),
        [b'.', rest @ ..] => (Separator::Point, rest),
        [b',', ..] if is_followed => (Separator::CommaBlank, after_blanks),
        _ if blank::width(text) > 0 => (Separator::Blank, blank::skip(text)),
        _ => (Separator::Nothing, text),
    })
}

impl Tail {
    /// The time of day in a text that follows a day, and whether it is written with two digits throughout. `None` if the
    /// text is something else.
    fn of(text: &[u8], may_have_t: bool) -> Option<(Option<Tail>, bool)> {
        let (joint, rest) = match text {
            [] => return Some((None, true)),
            [b'T', rest @ ..] if may_have_t => ("T", rest),
            [b',', rest @ ..] if blank::width(rest) > 0 => (", ", blank::skip(rest)),
            _ if blank::width(text) > 0 => (" ", blank::skip(text)),
            _ => return None,
        };
        let hour_width = rest.iter().take_while(|b| b.is_ascii_digit()).count();
        let is_one_blank = joint == "T" || text.starts_with(b" ") && rest.len() + 1 == text.len();
        let (hour, rest) = number(rest, 1, 2)?;
        let (colon, rest) = rest.split_first().filter(|(byte, _)| matches!(byte, b':' | b'.'))?;
        let (minute, rest) = number(rest, 2, 2)?;
        let (second, is_canonical, rest) = match rest {
            [byte, seconds @ ..] if byte == colon => {
                let (second, rest) = number(seconds, 2, 2)?;
                let (has_comma, rest) = after_fraction(rest);
                (Some(second), !has_comma, rest)
            }
            _ => (None, true, rest),
        };
        let (is_afternoon, rest) = half(blank::skip(rest)).map_or((None, rest), |(half, rest)| (Some(half), rest));
        let (has_offset, rest) = offset(blank::skip(rest)).map_or((false, rest), |(_, rest)| (true, rest));
        let hours = if is_afternoon.is_some() { 1..=12 } else { 0..=23 };
        let exists = hours.contains(&hour) && minute < 60 && second.is_none_or(|second| second < 60);
        let (has_seconds, has_half) = (second.is_some(), is_afternoon.is_some());
        let tail = Tail { joint, colon: char::from(*colon), has_seconds, has_half, has_offset };
        (rest.is_empty() && exists).then_some((Some(tail), hour_width == 2 && is_canonical && is_one_blank))
    }

    fn is_iso(self) -> bool {
        self.colon == ':' && !self.has_half
    }

    fn form(self) -> String {
        let Tail { joint, colon, .. } = self;
        let hour = if self.has_half { "I" } else { "H" };
        let seconds = if self.has_seconds { format!("{colon}S") } else { String::new() };
        let half = if self.has_half { " p" } else { "" };
        let offset = if self.has_offset { " z" } else { "" };
        format!("{joint}{hour}{colon}M{seconds}{half}{offset}")
    }
}

/// What follows a fraction of a second, if there is one, and whether that has a comma.
fn after_fraction(text: &[u8]) -> (bool, &[u8]) {
    match text {
        [point @ (b'.' | b','), digits @ ..] if digits.first().is_some_and(u8::is_ascii_digit) => {
            let length = digits.iter().take_while(|b| b.is_ascii_digit()).count();
            (*point == b',', digits.get(length..).unwrap_or_default())
        }
        _ => (false, text),
    }
}
