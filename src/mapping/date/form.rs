//! One form of days and times, compiled from its text.

use super::{DateError, Months, TICKS_PER_SECOND};
use crate::mapping::blank;
use crate::time::{date_of_number, day_number};
use chrono::Datelike;
use std::fmt;

/// How a day or time is written: `d/m/Y H:M`, `iso`, `excel` and so on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DateForm {
    text: String,
    kind: Kind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    Iso,
    Tokens(Tokens),
    /// A spreadsheet's serial numbers, of which 0 is so many days after 1970.
    Serial(i32),
    /// Seconds since 1970.
    Seconds,
    /// Milliseconds since 1970.
    Milliseconds,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Tokens {
    list: Vec<Token>,
    /// A text may end before this token: the first behind the day, if a time of day follows.
    time_from: Option<usize>,
    /// The texts that have all digits in their places, if the form consists of numbers.
    padded: Option<Padded>,
}

/// How texts with all digits look, which most are: they are read without a step for each token.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Padded {
    /// A digit stands for any.
    template: Vec<u8>,
    /// Where two digits of each field begin.
    places: Vec<(Field, usize)>,
    /// How long a bare day is.
    bare: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token {
    Number {
        field: Field,
        least: u8,
        most: u8,
    },
    /// Seconds, and whether a fraction may follow a point, a comma.
    Second {
        point: bool,
        comma: bool,
    },
    /// The name of a month, and whether a point may follow that the form does not have.
    MonthName {
        point: bool,
    },
    Half,
    Offset,
    Blank,
    /// Itself.
    Byte(u8),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    Day,
    Month,
    Year,
    ShortYear,
    Hour,
    HalfHour,
    Minute,
    Second,
    /// The first two digits of a year.
    Century,
}

/// A day that exists, with the time of day if one was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moment<'c> {
    /// Year, month and day.
    pub date: [u32; 3],
    /// The day's number, from 1970 on.
    pub number: i32,
    pub clock: Option<Clock<'c>>,
}

/// A time of day that exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Clock<'c> {
    pub hour: u32,
    pub minute: u32,
    pub second: Option<u32>,
    /// Digits of a fraction of the second.
    pub fraction: &'c [u8],
    /// Minutes east of UTC.
    pub offset: Option<i32>,
}

impl DateForm {
    /// Compiles the text of a form.
    ///
    /// # Errors
    /// What is unknown or contradictory in it, and how to mend it.
    pub fn parse(text: &str) -> Result<DateForm, String> {
        let kind = match text {
            "iso" => Kind::Iso,
            // A spreadsheet takes 1900 for a leap year: from March 1900 on, its days count from 1899-12-30.
            "excel" => Kind::Serial(-25_569),
            "excel-1904" => Kind::Serial(-24_107),
            "unix" => Kind::Seconds,
            "unix-ms" => Kind::Milliseconds,
            "auto" => return Err("`auto` stands alone, not in a list of forms".to_owned()),
            _ => Kind::Tokens(tokens(text).map_err(|what| format!("`{text}` is no form of dates: {what}"))?),
        };
        Ok(DateForm { text: text.to_owned(), kind })
    }

    /// Whether it is the canonical form.
    pub(super) fn is_iso(&self) -> bool {
        self.kind == Kind::Iso
    }

    /// What a cell means in this form.
    #[inline]
    pub(super) fn read<'c>(&self, cell: &'c str, months: &Months) -> Result<Moment<'c>, DateError> {
        let text = cell.as_bytes();
        match &self.kind {
            Kind::Iso => iso(text),
            Kind::Tokens(tokens) => tokens.read(text, months),
            Kind::Serial(zero) => serial(text, *zero),
            Kind::Seconds => {
                let (whole, fraction) = decimal(text).ok_or(DateError::Form)?;
                unix(whole, fraction)
            }
            Kind::Milliseconds => {
                let (seconds, fraction) = text.split_at_checked(text.len().saturating_sub(3)).unwrap_or_default();
                if !fraction.iter().all(u8::is_ascii_digit) {
                    return Err(DateError::Form);
                }
                unix(seconds, if fraction == b"000" { &[] } else { fraction })
            }
        }
    }

    /// The moment, written in this form, with leading zeros or without; `None` if the form cannot.
    pub(super) fn show(&self, moment: &Moment, is_padded: bool, months: &Months) -> Option<String> {
        let seconds = moment.clock.map_or(0, |clock| clock.ticks() / TICKS_PER_SECOND);
        let unix = i64::from(moment.number) * 86_400 + seconds;
        match &self.kind {
            Kind::Iso => {
                let mut to = Vec::new();
                moment.append(&mut to);
                String::from_utf8(to).ok()
            }
            Kind::Tokens(tokens) => tokens.show(moment, is_padded, months),
            Kind::Serial(zero) => Some((moment.number - zero).to_string()),
            Kind::Seconds => Some(unix.to_string()),
            Kind::Milliseconds => Some((unix * 1000).to_string()),
        }
    }
}

impl fmt::Display for DateForm {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// What the letters of a form have filled in.
#[derive(Default)]
struct Parts<'c> {
    year: u32,
    month: u32,
    day: u32,
    hour: Option<u32>,
    minute: u32,
    second: Option<u32>,
    fraction: &'c [u8],
    is_afternoon: Option<bool>,
    offset: Option<i32>,
}

impl Tokens {
    #[inline]
    fn read<'c>(&self, text: &'c [u8], months: &Months) -> Result<Moment<'c>, DateError> {
        if let Some(parts) = self.padded.as_ref().and_then(|padded| padded.read(text)) {
            return parts.moment();
        }
        let mut parts = Parts::default();
        let mut rest = text;
        for (at, token) in self.list.iter().enumerate() {
            if rest.is_empty() && self.time_from == Some(at) {
                break;
            }
            rest = parts.take(*token, rest, months).ok_or(DateError::Form)?;
        }
        if rest.is_empty() { parts.moment() } else { Err(DateError::Form) }
    }

    fn show(&self, moment: &Moment, is_padded: bool, months: &Months) -> Option<String> {
        use fmt::Write;
        let list = match (moment.clock, self.time_from) {
            (None, Some(from)) => self.list.get(..from)?,
            _ => &self.list,
        };
        let [year, month, day] = moment.date;
        let (hour, minute, second) = moment.clock.map_or((0, 0, 0), |c| (c.hour, c.minute, c.second.unwrap_or(0)));
        let mut text: Vec<u8> = Vec::new();
        for token in list {
            let mut shown = String::new();
            match *token {
                Token::Number { field, least, most } => {
                    let width = usize::from(if is_padded { most } else { least });
                    let number = match field {
                        Field::Day => day,
                        Field::Month => month,
                        Field::Year => year,
                        Field::ShortYear => year % 100,
                        Field::Hour => hour,
                        Field::HalfHour => (hour + 11) % 12 + 1,
                        Field::Minute => minute,
                        Field::Second => second,
                        Field::Century => year / 100,
                    };
                    write!(shown, "{number:0width$}").ok()?;
                }
                Token::Second { .. } => write!(shown, "{second:02}").ok()?,
                Token::MonthName { .. } => shown.push_str(months.name(month)?),
                Token::Half => shown.push_str(if hour < 12 { "AM" } else { "PM" }),
                Token::Offset => shown.push('Z'),
                Token::Blank => shown.push(' '),
                Token::Byte(byte) => text.push(byte),
            }
            text.extend_from_slice(shown.as_bytes());
        }
        String::from_utf8(text).ok()
    }
}

impl Padded {
    /// The texts of a form in which numbers are told apart by bytes.
    fn of(list: &[Token], day_ends: usize) -> Option<Padded> {
        let (mut template, mut places, mut bare) = (Vec::new(), Vec::new(), 0);
        for (at, token) in list.iter().enumerate() {
            if at == day_ends {
                bare = template.len();
            }
            match *token {
                Token::Number { field: Field::Year, .. } => {
                    places.extend([(Field::Century, template.len()), (Field::Year, template.len() + 2)]);
                    template.extend_from_slice(b"0000");
                }
                Token::Number { field, .. } => {
                    places.push((field, template.len()));
                    template.extend_from_slice(b"00");
                }
                Token::Second { .. } => {
                    places.push((Field::Second, template.len()));
                    template.extend_from_slice(b"00");
                }
                Token::Blank => template.push(b' '),
                Token::Byte(byte) => template.push(byte),
                Token::MonthName { .. } | Token::Half | Token::Offset => return None,
            }
        }
        Some(Padded { bare: if bare == 0 { template.len() } else { bare }, template, places })
    }

    #[inline]
    fn read<'c>(&self, text: &[u8]) -> Option<Parts<'c>> {
        if text.len() != self.template.len() && text.len() != self.bare {
            return None;
        }
        let mut others = 0;
        for (byte, of) in text.iter().zip(&self.template) {
            others |= if *of == b'0' { u8::from(byte.wrapping_sub(b'0') > 9) } else { byte ^ of };
        }
        if others != 0 {
            return None;
        }
        let mut parts = Parts::default();
        for (field, at) in &self.places {
            let Some(&[tens, ones]) = text.get(*at..*at + 2) else { break };
            parts.set(*field, u32::from(tens.wrapping_sub(b'0')) * 10 + u32::from(ones.wrapping_sub(b'0')));
        }
        Some(parts)
    }
}

impl<'c> Parts<'c> {
    /// Reads what a token stands for, and returns what follows; `None` if the text does not begin so.
    #[inline]
    fn take(&mut self, token: Token, text: &'c [u8], months: &Months) -> Option<&'c [u8]> {
        match token {
            Token::Byte(byte) => match text {
                [first, rest @ ..] if *first == byte => Some(rest),
                _ => None,
            },
            Token::Number { field, least, most } => {
                let (number, rest) = number(text, least, most)?;
                self.set(field, number);
                Some(rest)
            }
            Token::Second { point, comma } => {
                let (second, rest) = number(text, 2, 2)?;
                self.second = Some(second);
                match rest {
                    [b'.', b'0'..=b'9', ..] if point => self.fraction(rest),
                    [b',', b'0'..=b'9', ..] if comma => self.fraction(rest),
                    _ => Some(rest),
                }
            }
            Token::MonthName { point } => {
                let (month, rest) = months.take(text)?;
                self.month = month;
                Some(if point { rest.strip_prefix(b".").unwrap_or(rest) } else { rest })
            }
            Token::Half => {
                let (is_afternoon, rest) = half(blank::skip(text))?;
                self.is_afternoon = Some(is_afternoon);
                Some(rest)
            }
            Token::Offset => {
                let (offset, rest) = offset(blank::skip(text))?;
                self.offset = Some(offset);
                Some(rest)
            }
            Token::Blank => match text {
                [b' ', rest @ ..] if rest.first().is_some_and(u8::is_ascii_digit) => Some(rest),
                _ => Some(blank::skip(text)).filter(|rest| rest.len() < text.len()),
            },
        }
    }

    #[inline]
    fn set(&mut self, field: Field, number: u32) {
        match field {
            Field::Day => self.day = number,
            Field::Month => self.month = number,
            Field::Year => self.year += number,
            Field::Century => self.year += number * 100,
            Field::ShortYear => self.year = if number >= 90 { 1900 + number } else { 2000 + number },
            Field::Hour | Field::HalfHour => self.hour = Some(number),
            Field::Minute => self.minute = number,
            Field::Second => self.second = Some(number),
        }
    }

    /// Takes the fraction of a second, which begins with its point.
    fn fraction(&mut self, text: &'c [u8]) -> Option<&'c [u8]> {
        let digits = text.get(1..)?;
        let length = digits.iter().take_while(|b| b.is_ascii_digit()).count();
        let (fraction, rest) = digits.split_at_checked(length)?;
        self.fraction = fraction;
        Some(rest)
    }

    /// The moment, if calendar and clock have it.
    #[inline]
    fn moment(self) -> Result<Moment<'c>, DateError> {
        let number = day_number(self.year, self.month, self.day).ok_or(DateError::Day)?;
        let clock = match self.hour {
            None => None,
            Some(hour) => Some(self.clock(hour).ok_or(DateError::Time)?),
        };
        Ok(Moment { date: [self.year, self.month, self.day], number, clock })
    }

    #[inline]
    fn clock(&self, hour: u32) -> Option<Clock<'c>> {
        let hour = match self.is_afternoon {
            None => hour,
            Some(is_afternoon) if (1..=12).contains(&hour) => hour % 12 + if is_afternoon { 12 } else { 0 },
            Some(_) => return None,
        };
        let exists = hour < 24 && self.minute < 60 && self.second.is_none_or(|second| second < 60);
        let Parts { minute, second, fraction, offset, .. } = *self;
        exists.then_some(Clock { hour, minute, second, fraction, offset })
    }
}

/// A number of so many digits, or as many of them as there are; and what follows. Two are the usual.
#[inline]
pub(in crate::mapping) fn number(text: &[u8], least: u8, most: u8) -> Option<(u32, &[u8])> {
    let digit = |byte: u8| Some(u32::from(byte.wrapping_sub(b'0'))).filter(|digit| *digit <= 9);
    match (most, text) {
        (2, [tens, rest @ ..]) => {
            let tens = digit(*tens)?;
            match rest.split_first().and_then(|(ones, rest)| Some((digit(*ones)?, rest))) {
                Some((ones, rest)) => Some((tens * 10 + ones, rest)),
                None => (least == 1).then_some((tens, rest)),
            }
        }
        (4, [a, b, c, d, rest @ ..]) if least == 4 => {
            Some((((digit(*a)? * 10 + digit(*b)?) * 10 + digit(*c)?) * 10 + digit(*d)?, rest))
        }
        _ => {
            let length = text.iter().take(usize::from(most)).take_while(|b| b.is_ascii_digit()).count();
            let (digits, rest) = text.split_at_checked(length).filter(|_| length >= usize::from(least))?;
            Some((digits.iter().fold(0, |number, byte| number * 10 + u32::from(byte.wrapping_sub(b'0'))), rest))
        }
    }
}

/// Whether a text begins with a word, in any case; and what follows it.
fn after_word<'c>(text: &'c [u8], word: &str) -> Option<&'c [u8]> {
    let (head, rest) = text.split_at_checked(word.len())?;
    head.eq_ignore_ascii_case(word.as_bytes()).then_some(rest)
}

/// `AM`, `pm`, `a.m.` and so on, whether it is the afternoon; and what follows.
pub(in crate::mapping) fn half(text: &[u8]) -> Option<(bool, &[u8])> {
    let either = [("am", false), ("pm", true), ("a.m.", false), ("p.m.", true)];
    either.into_iter().find_map(|(word, is_afternoon)| Some((is_afternoon, after_word(text, word)?)))
}

/// `Z`, `UTC`, `+02:00`, `+0200` or `+02` in minutes, and what follows.
pub(in crate::mapping) fn offset(text: &[u8]) -> Option<(i32, &[u8])> {
    let (is_west, digits) = match text {
        [b'+', digits @ ..] => (false, digits),
        [b'-', digits @ ..] => (true, digits),
        _ => return ["z", "utc", "gmt"].into_iter().find_map(|word| Some((0, after_word(text, word)?))),
    };
    let (hours, rest) = number(digits, 2, 2)?;
    let (minutes, rest) = match rest {
        [b':', rest @ ..] => number(rest, 2, 2)?,
        [b'0'..=b'9', ..] => number(rest, 2, 2)?,
        _ => (0, rest),
    };
    let minutes = i32::try_from(hours * 60 + minutes).ok().filter(|_| hours < 24 && minutes < 60)?;
    Some((if is_west { -minutes } else { minutes }, rest))
}

/// The canonical form, also with a blank before the offset, or an offset without a colon.
fn iso(text: &[u8]) -> Result<Moment<'_>, DateError> {
    iso_parts(text).ok_or(DateError::Form)?.moment()
}

fn iso_parts(text: &[u8]) -> Option<Parts<'_>> {
    let mut parts = Parts::default();
    let part = |text| number(text, 2, 2);
    let (year, rest) = number(text, 4, 4)?;
    let (month, rest) = part(rest.strip_prefix(b"-")?)?;
    let (day, rest) = part(rest.strip_prefix(b"-")?)?;
    (parts.year, parts.month, parts.day) = (year, month, day);
    let [b'T' | b' ', rest @ ..] = rest else { return rest.is_empty().then_some(parts) };
    let (hour, rest) = part(rest)?;
    let (minute, mut rest) = part(rest.strip_prefix(b":")?)?;
    (parts.hour, parts.minute) = (Some(hour), minute);
    if let [b':', seconds @ ..] = rest {
        let (second, after) = part(seconds)?;
        parts.second = Some(second);
        rest = if let [b'.', b'0'..=b'9', ..] = after { parts.fraction(after)? } else { after };
    }
    if !rest.is_empty() {
        let (offset, after) = offset(blank::skip(rest))?;
        parts.offset = Some(offset);
        rest = after;
    }
    rest.is_empty().then_some(parts)
}

/// The digits before the point and behind it, if there is one.
fn decimal(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let is_number = |digits: &[u8]| !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    match text.iter().position(|b| *b == b'.') {
        None => is_number(text).then_some((text, &[])),
        Some(at) => {
            let (whole, fraction) = (text.get(..at)?, text.get(at + 1..)?);
            (is_number(whole) && is_number(fraction)).then_some((whole, fraction))
        }
    }
}

/// Seconds since 1970.
fn unix<'c>(seconds: &[u8], fraction: &'c [u8]) -> Result<Moment<'c>, DateError> {
    if seconds.is_empty() || !seconds.iter().all(u8::is_ascii_digit) {
        return Err(DateError::Form);
    }
    // Ten digits lead to 2286.
    let seconds = number_of(seconds, 10).ok_or(DateError::Day)?;
    moment_of(seconds / 86_400, seconds % 86_400, fraction, Some(0))
}

/// A spreadsheet's serial number: days, and a fraction that is the time of day, rounded to the second.
fn serial(text: &[u8], zero: i32) -> Result<Moment<'_>, DateError> {
    let (days, fraction) = decimal(text).ok_or(DateError::Form)?;
    let days = number_of(days, 7).ok_or(DateError::Day)? + i64::from(zero);
    if fraction.iter().all(|digit| *digit == b'0') {
        let moment = moment_of(days, 0, &[], None)?;
        return Ok(Moment { clock: None, ..moment });
    }
    // Spreadsheets reckon in fifteen digits, of which a day's number takes five.
    let fraction = fraction.get(..15).unwrap_or(fraction);
    let unit = 10_i64.pow(fraction.len() as u32);
    let part = i128::from(number_of(fraction, 15).unwrap_or(0));
    let seconds = ((part * 86_400 * 2 + i128::from(unit)) / (i128::from(unit) * 2)) as i64;
    moment_of(days + seconds / 86_400, seconds % 86_400, &[], None)
}

/// The number that digits write, if they are no more than so many but for zeros at their beginning.
fn number_of(digits: &[u8], most: usize) -> Option<i64> {
    let zeros = digits.iter().take_while(|digit| **digit == b'0').count();
    let digits = digits.get(zeros..).filter(|digits| digits.len() <= most)?;
    Some(digits.iter().fold(0, |number, digit| number * 10 + i64::from(digit.wrapping_sub(b'0'))))
}

/// A moment by its day's number and its seconds after midnight.
fn moment_of(days: i64, seconds: i64, fraction: &[u8], offset: Option<i32>) -> Result<Moment<'_>, DateError> {
    let day = date_of_number(days).ok_or(DateError::Day)?;
    let date = [u32::try_from(day.year()).map_err(|_| DateError::Day)?, day.month(), day.day()];
    let [year, month, day] = date;
    let number = day_number(year, month, day).ok_or(DateError::Day)?;
    let seconds = u32::try_from(seconds).map_err(|_| DateError::Time)?;
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, Some(seconds % 60));
    Ok(Moment { date, number, clock: Some(Clock { hour, minute, second, fraction, offset }) })
}

/// Compiles the text of a form.
fn tokens(text: &str) -> Result<Tokens, String> {
    let mut list: Vec<Token> = Vec::new();
    let mut rest = text.trim().as_bytes();
    while let Some(byte) = rest.first() {
        if blank::width(rest) > 0 {
            rest = blank::skip(rest);
            list.push(Token::Blank);
        } else if byte.is_ascii_alphabetic() {
            let length = rest.iter().take_while(|b| b.is_ascii_alphabetic()).count();
            let (letters, after) = rest.split_at_checked(length).unwrap_or_default();
            push_letters(letters, &mut list)?;
            rest = after;
        } else if byte.is_ascii_digit() || *byte == b'%' {
            return Err(format!("`{}` has no place in it; {LETTERS}", char::from(*byte)));
        } else {
            list.push(Token::Byte(*byte));
            rest = rest.get(1..).unwrap_or_default();
        }
    }
    check(&list)?;
    Ok(finished(list))
}

const LETTERS: &str = "one letter stands for all digits of a part: `d` `m` `Y` (or `y` of two digits) for the day, `b` for a \
                       month's name, `H` `M` `S` for the time (or `I` with `p` for AM and PM), `z` for an offset";

/// The parts that letters stand for. Words of other letters stand for themselves.
fn push_letters(letters: &[u8], list: &mut Vec<Token>) -> Result<(), String> {
    let is_part = |letter: &u8| token(*letter).is_some();
    let word = String::from_utf8_lossy(letters);
    if ["Z", "UTC", "GMT"].contains(&&*word) {
        return Err(format!("`{word}` would be passed over; write `z`, which reads it as an offset"));
    }
    if letters.len() > 1 && !letters.iter().any(is_part) {
        list.extend(letters.iter().map(|letter| Token::Byte(*letter)));
        return Ok(());
    }
    for letter in letters {
        let itself = (*letter == b'T').then_some(Token::Byte(b'T'));
        let part = token(*letter).or(itself);
        list.push(part.ok_or_else(|| format!("`{}` stands for nothing; {LETTERS}", char::from(*letter)))?);
    }
    Ok(())
}

fn token(letter: u8) -> Option<Token> {
    let number = |field, least, most| Token::Number { field, least, most };
    Some(match letter {
        b'd' => number(Field::Day, 1, 2),
        b'm' => number(Field::Month, 1, 2),
        b'Y' => number(Field::Year, 4, 4),
        b'y' => number(Field::ShortYear, 2, 2),
        b'H' => number(Field::Hour, 1, 2),
        b'I' => number(Field::HalfHour, 1, 2),
        b'M' => number(Field::Minute, 2, 2),
        b'S' => Token::Second { point: true, comma: true },
        b'b' => Token::MonthName { point: true },
        b'p' => Token::Half,
        b'z' => Token::Offset,
        _ => return None,
    })
}

/// What part of a time a token gives, as a message names it.
fn part_of(token: &Token) -> Option<&'static str> {
    Some(match token {
        Token::Number { field: Field::Day, .. } => "day",
        Token::Number { field: Field::Month, .. } | Token::MonthName { .. } => "month",
        Token::Number { field: Field::Year | Field::ShortYear | Field::Century, .. } => "year",
        Token::Number { field: Field::Hour | Field::HalfHour, .. } => "hour",
        Token::Number { field: Field::Minute, .. } => "minute",
        Token::Number { field: Field::Second, .. } | Token::Second { .. } => "second",
        Token::Half => "half of the day",
        Token::Offset => "offset",
        Token::Blank | Token::Byte(_) => return None,
    })
}

/// Whether the parts make a day, and a time of day or none.
fn check(list: &[Token]) -> Result<(), String> {
    let count = |part: &str| list.iter().filter(|token| part_of(token) == Some(part)).count();
    for part in ["day", "month", "year"] {
        if count(part) == 0 {
            return Err(format!("it has no {part}; {LETTERS}"));
        }
    }
    for token in list {
        if let Some(part) = part_of(token).filter(|part| count(part) > 1) {
            return Err(format!("it has the {part} twice; {LETTERS}"));
        }
    }
    let of_half = list.iter().any(|token| matches!(token, Token::Number { field: Field::HalfHour, .. }));
    for (part, needed) in [("minute", "hour"), ("second", "minute"), ("offset", "hour")] {
        if count(part) > 0 && count(needed) == 0 {
            return Err(format!("it has the {part} but no {needed}; {LETTERS}"));
        }
    }
    match (of_half, count("half of the day") > 0) {
        (true, false) => {
            Err("`I` is an hour from 1 to 12, and needs `p` for AM and PM; an hour from 0 to 23 is `H`".to_owned())
        }
        (false, true) => Err("`p` needs `I`, an hour from 1 to 12".to_owned()),
        _ => Ok(()),
    }
}

/// The tokens, each fitted to its neighbours.
fn finished(mut list: Vec<Token>) -> Tokens {
    let is_number = |token: Option<&Token>| matches!(token, Some(Token::Number { .. } | Token::Second { .. }));
    for at in 0..list.len() {
        let next = list.get(at + 1).copied();
        let touches = is_number(next.as_ref()) || (at > 0 && is_number(list.get(at - 1)));
        match list.get_mut(at) {
            // Without anything between them, only numbers of a fixed length can be told apart.
            Some(Token::Number { least, most, .. }) if touches => *least = *most,
            Some(Token::Second { point, comma }) => {
                (*point, *comma) = (next != Some(Token::Byte(b'.')), next != Some(Token::Byte(b',')));
            }
            Some(Token::MonthName { point }) => *point = next != Some(Token::Byte(b'.')),
            _ => {}
        }
    }
    // A blank before AM, PM or an offset may be missing.
    let mut kept = Vec::with_capacity(list.len());
    for (at, token) in list.iter().enumerate() {
        if *token != Token::Blank || !matches!(list.get(at + 1), Some(Token::Half | Token::Offset)) {
            kept.push(*token);
        }
    }
    let is_of_day = |token: &Token| matches!(part_of(token), Some("day" | "month" | "year"));
    let is_of_time = |token: &Token| part_of(token).is_some() && !is_of_day(token);
    let day_ends = kept.iter().rposition(is_of_day).map_or(0, |last| last + 1);
    let (before, behind) = kept.split_at_checked(day_ends).unwrap_or_default();
    let can_end = !before.iter().any(is_of_time) && behind.iter().any(is_of_time);
    let padded = Padded::of(&kept, if can_end { day_ends } else { kept.len() });
    Tokens { time_from: can_end.then_some(day_ends), list: kept, padded }
}
