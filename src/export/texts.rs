//! The values of a Parquet column as the texts that the input contract has for them. Nothing is rounded, and a value
//! that the contract does not know gets a text that is rejected.

use crate::time::date_of_number;
use chrono::Datelike;
use memchr::{memchr, memchr3};
use polars::prelude::{ArrowDataType, DataType, PolarsResult, Series, TimeUnit, polars_err};
use std::io::Write;

/// The texts of a column, one a row; an empty one where there is no value.
pub(super) struct Texts {
    bytes: Vec<u8>,
    /// Where each ends.
    ends: Vec<usize>,
}

impl Texts {
    /// Writes all values with `write`.
    fn of<T>(values: impl Iterator<Item = Option<T>>, mut write: impl FnMut(T, &mut Vec<u8>)) -> Texts {
        let mut texts = Texts { bytes: Vec::new(), ends: Vec::with_capacity(values.size_hint().0) };
        for value in values {
            if let Some(value) = value {
                write(value, &mut texts.bytes);
            }
            texts.ends.push(texts.bytes.len());
        }
        texts
    }

    /// A column of one row.
    pub(super) fn one(text: &str) -> Texts {
        Texts { bytes: text.as_bytes().to_vec(), ends: vec![text.len()] }
    }

    /// How many rows it has.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    fn get(&self, row: usize) -> &[u8] {
        let start = row.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or_default();
        let end = self.ends.get(row).copied().unwrap_or_default();
        self.bytes.get(start..end).unwrap_or_default()
    }
}

/// So many rows of these columns as CSV. Whether anything in a column needs quotes is asked once for all of it.
pub(super) fn csv(columns: &[Texts], rows: usize) -> Vec<u8> {
    let needs_quotes = |text: &[u8]| memchr3(b'"', b'\n', b'\r', text).or_else(|| memchr(b',', text)).is_some();
    // A blank line would be no row: a column that stands alone is quoted throughout.
    let is_alone = columns.len() == 1;
    let columns: Vec<(&Texts, bool)> =
        columns.iter().map(|texts| (texts, !is_alone && !needs_quotes(&texts.bytes))).collect();
    let size: usize = columns.iter().map(|(texts, _)| texts.bytes.len() + texts.ends.len()).sum();
    let mut csv = Vec::with_capacity(size + size / 8);
    for row in 0..rows {
        for (at, (texts, is_plain)) in columns.iter().enumerate() {
            if at > 0 {
                csv.push(b',');
            }
            let text = texts.get(row);
            if *is_plain || !(is_alone || needs_quotes(text)) {
                csv.extend_from_slice(text);
            } else {
                quote(text, &mut csv);
            }
        }
        csv.push(b'\n');
    }
    csv
}

/// A text in quotes, each quote in it written twice.
fn quote(text: &[u8], to: &mut Vec<u8>) {
    to.push(b'"');
    for (at, part) in text.split(|byte| *byte == b'"').enumerate() {
        if at > 0 {
            to.extend_from_slice(b"\"\"");
        }
        to.extend_from_slice(part);
    }
    to.push(b'"');
}

/// What a column of this type holds, if no text can be made of it.
pub(super) fn unreadable_type(of: &ArrowDataType) -> Option<&'static str> {
    use ArrowDataType as T;
    Some(match of {
        T::Null | T::Boolean | T::Float32 | T::Float64 => return None,
        T::Int8 | T::Int16 | T::Int32 | T::Int64 | T::UInt8 | T::UInt16 | T::UInt32 | T::UInt64 => return None,
        T::Date32 | T::Date64 | T::Timestamp(..) | T::Time32(_) | T::Time64(_) => return None,
        T::Decimal(..) | T::Decimal32(..) | T::Decimal64(..) | T::Decimal256(..) => return None,
        T::Utf8 | T::LargeUtf8 | T::Utf8View => return None,
        T::Dictionary(_, values, _) => return unreadable_type(values),
        T::List(_) | T::LargeList(_) | T::FixedSizeList(..) | T::Map(..) => "lists",
        T::Struct(_) => "structures",
        T::Binary | T::LargeBinary | T::BinaryView | T::FixedSizeBinary(_) => "bytes",
        T::Duration(_) | T::Interval(_) => "durations",
        _ => "values of a rare type",
    })
}

/// The texts of a column.
///
/// # Errors
/// When its type has none, or its values are not of its type.
pub(super) fn texts(column: &Series) -> PolarsResult<Texts> {
    macro_rules! integers {
        ($values:expr) => {
            Texts::of($values.iter(), |value, to| to.extend_from_slice(itoa::Buffer::new().format(value).as_bytes()))
        };
    }
    Ok(match column.dtype() {
        DataType::String => Texts::of(column.str()?.iter(), |text, to| to.extend_from_slice(text.as_bytes())),
        DataType::Categorical(..) | DataType::Enum(..) => return texts(&column.cast(&DataType::String)?),
        DataType::Null => Texts::of((0..column.len()).map(|_| None::<()>), |(), _| ()),
        DataType::Boolean => Texts::of(column.bool()?.iter(), boolean),
        DataType::Int8 => integers!(column.i8()?),
        DataType::Int16 => integers!(column.i16()?),
        DataType::Int32 => integers!(column.i32()?),
        DataType::Int64 => integers!(column.i64()?),
        DataType::UInt8 => integers!(column.u8()?),
        DataType::UInt16 => integers!(column.u16()?),
        DataType::UInt32 => integers!(column.u32()?),
        DataType::UInt64 => integers!(column.u64()?),
        DataType::Float32 => Texts::of(column.f32()?.iter(), float),
        DataType::Float64 => Texts::of(column.f64()?.iter(), float),
        DataType::Decimal(_, scale) => {
            Texts::of(column.decimal()?.physical().iter(), |digits, to| decimal(digits, *scale, to))
        }
        DataType::Date => Texts::of(column.date()?.physical().iter(), |days, to| date(i64::from(days), to)),
        DataType::Time => Texts::of(column.time()?.physical().iter(), |nanos, to| time_of_day(nanos, 9, to)),
        DataType::Datetime(unit, zone) => {
            let (digits, is_instant) = (digits_of(*unit), zone.is_some());
            Texts::of(column.datetime()?.physical().iter(), |ticks, to| datetime(ticks, digits, is_instant, to))
        }
        other => return Err(polars_err!(ComputeError: "no text can be made of {other}")),
    })
}

fn boolean(value: bool, to: &mut Vec<u8>) {
    to.extend_from_slice(if value { b"true" } else { b"false" });
}

/// Digits of a float's text that an amount can still have.
const MOST_DIGITS: usize = 28;

/// The shortest decimal that reads back as the same value; with an exponent, which is rejected, if it is longer than an
/// amount may be.
fn float<T: std::fmt::Display + std::fmt::LowerExp + Copy>(value: T, to: &mut Vec<u8>) {
    let start = to.len();
    // Writing into memory cannot fail.
    let _ = write!(to, "{value}");
    if to.len() - start > MOST_DIGITS + 1 {
        to.truncate(start);
        let _ = write!(to, "{value:e}");
    }
}

/// A decimal with as many digits after the point as the column has.
fn decimal(value: i128, scale: usize, to: &mut Vec<u8>) {
    if value < 0 {
        to.push(b'-');
    }
    let digits = format!("{:0width$}", value.unsigned_abs(), width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    to.extend_from_slice(whole.as_bytes());
    if scale > 0 {
        to.push(b'.');
        to.extend_from_slice(fraction.as_bytes());
    }
}

/// `2026-03-04` from the days since 1970.
fn date(days: i64, to: &mut Vec<u8>) {
    let Some(day) = date_of_number(days) else {
        to.extend_from_slice(itoa::Buffer::new().format(days).as_bytes());
        return;
    };
    let year = i64::from(day.year());
    if !(0..=9999).contains(&year) {
        to.extend_from_slice(day.to_string().as_bytes());
        return;
    }
    two_digits(year / 100, to);
    two_digits(year % 100, to);
    to.push(b'-');
    two_digits(i64::from(day.month()), to);
    to.push(b'-');
    two_digits(i64::from(day.day()), to);
}

/// How many digits after the point seconds in this unit have.
fn digits_of(unit: TimeUnit) -> u32 {
    match unit {
        TimeUnit::Milliseconds => 3,
        TimeUnit::Microseconds => 6,
        TimeUnit::Nanoseconds => 9,
    }
}

/// `2026-03-04T17:05:00` from the fractions of a second since 1970, which are 10 to the minus `digits`; with `Z` if it
/// is an instant.
fn datetime(ticks: i64, digits: u32, is_instant: bool, to: &mut Vec<u8>) {
    let a_day = 86_400 * 10_i64.pow(digits);
    date(ticks.div_euclid(a_day), to);
    to.push(b'T');
    time_of_day(ticks.rem_euclid(a_day), digits, to);
    if is_instant {
        to.push(b'Z');
    }
}

/// `17:05:00`, and the fraction of a second, if there is one, without zeros at its end.
fn time_of_day(ticks: i64, digits: u32, to: &mut Vec<u8>) {
    let a_second = 10_i64.pow(digits);
    let (seconds, fraction) = (ticks.div_euclid(a_second), ticks.rem_euclid(a_second));
    two_digits(seconds / 3600, to);
    to.push(b':');
    two_digits(seconds / 60 % 60, to);
    to.push(b':');
    two_digits(seconds % 60, to);
    if fraction > 0 {
        let _ = write!(to, ".{fraction:0width$}", width = digits as usize);
        let zeros = to.iter().rev().take_while(|digit| **digit == b'0').count();
        to.truncate(to.len() - zeros);
    }
}

fn two_digits(number: i64, to: &mut Vec<u8>) {
    to.extend([b'0' + (number / 10 % 10) as u8, b'0' + (number % 10) as u8]);
}
