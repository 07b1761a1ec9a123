//! Days and times as other systems write them, converted to the canonical form.
//!
//! A form such as `d/m/Y H:M` says how a column writes them. What does not fit it is refused, never guessed.

pub(super) mod form;
mod months;

use crate::export::value;
use crate::time::{self, Form, Shown, Stamp, Zone};
pub use form::DateForm;
use form::{Clock, Moment};
pub use months::Months;

const TICKS_PER_SECOND: i64 = 10_000_000;

/// Which of two times is meant that a local clock shows twice, as it is put back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClockChange {
    /// The first: before the clock is put back.
    Earlier,
    /// The second: after the clock was put back.
    Later,
}

/// Why a cell is no day or time of the reader's forms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DateError {
    /// It fits none of the forms.
    #[error("is not written in a declared form")]
    Form,
    /// It fits a form, but the calendar has no such day, or it lies outside the years 1990 to 2199.
    #[error("is no day of the calendar from 1990 to 2199")]
    Day,
    /// It fits a form, but a clock does not show such a time.
    #[error("is no time of day")]
    Time,
    /// The clocks of the declared zone are put forward past it.
    #[error("is a time that the clocks of the declared `zone` skip")]
    Skipped,
    /// The clocks of the declared zone show it twice.
    #[error("is a time that the clocks of the declared `zone` show twice: `clock_change` says which is meant")]
    Twice,
}

/// Reads the days and times of a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DateReader {
    forms: Vec<DateForm>,
    months: Months,
    zone: Option<Zone>,
    clock_change: Option<ClockChange>,
    /// One of the forms is the canonical one.
    reads_iso: bool,
}

impl DateReader {
    /// A reader of cells in one of the forms.
    ///
    /// # Errors
    /// There is no form, or a text can fit two of them and mean different times.
    pub fn new(
        forms: Vec<DateForm>,
        months: Months,
        zone: Option<Zone>,
        clock_change: Option<ClockChange>,
    ) -> Result<DateReader, String> {
        if forms.is_empty() {
            return Err("`dates` names no form; without it, `iso` is taken".to_owned());
        }
        for (at, one) in forms.iter().enumerate() {
            for other in forms.iter().skip(at + 1) {
                refuse_conflict(one, other, &months)?;
            }
        }
        let reads_iso = forms.iter().any(DateForm::is_iso);
        Ok(DateReader { forms, months, zone, clock_change, reads_iso })
    }

    /// The forms, in words for a message: "`d/m/Y` or `iso`".
    pub fn forms(&self) -> String {
        self.forms.iter().map(|form| format!("`{form}`")).collect::<Vec<_>>().join(" or ")
    }

    /// Appends the canonical time that the cell writes; nothing on error.
    ///
    /// # Errors
    /// The cell fits no form, or its day or time does not exist or, in the zone, is not certain.
    pub fn read(&self, cell: &str, to: &mut Vec<u8>) -> Result<(), DateError> {
        if self.reads_iso && self.is_canonical(cell.as_bytes()) {
            copy(cell.as_bytes(), to);
            return Ok(());
        }
        self.moment(cell)?.append(to);
        Ok(())
    }

    /// When it was, in ticks of 100 nanoseconds since 1970, to put times in order: a bare day is its first moment; without a
    /// zone, times that have no offset are taken as UTC.
    ///
    /// # Errors
    /// As of [`DateReader::read`].
    pub fn instant(&self, cell: &str) -> Result<i64, DateError> {
        let moment = self.moment(cell)?;
        let zone = self.zone.unwrap_or(Zone::UTC);
        moment.stamp().instant_in(zone).ok_or(DateError::Day)
    }

    /// Whether a cell can only be canonical or no time at all, by where its signs stand: then nothing must be done about it,
    /// and whoever reads the canonical form judges it.
    #[inline]
    pub(super) fn leaves(&self, cell: &[u8]) -> bool {
        let is_local =
            || self.zone.is_none() && cell.get(13) == Some(&b':') && cell.last().is_some_and(u8::is_ascii_digit);
        self.reads_iso
            && self.forms.len() == 1
            && match cell.len() {
                10 => true,
                16 => is_local(),
                19 => is_local() && cell.get(16) == Some(&b':'),
                _ => false,
            }
    }

    /// Whether nothing must be done about the cell.
    #[inline]
    fn is_canonical(&self, cell: &[u8]) -> bool {
        match value::time(cell).and_then(Stamp::form) {
            Some(Form::Local) => self.zone.is_none(),
            form => form.is_some(),
        }
    }

    /// What the cell writes, with the zone's offset where it has none.
    #[inline]
    fn moment<'c>(&self, cell: &'c str) -> Result<Moment<'c>, DateError> {
        let mut error = DateError::Form;
        for form in &self.forms {
            match form.read(cell, &self.months) {
                Ok(moment) => return self.zoned(moment),
                Err(DateError::Form) => {}
                Err(other) => error = other,
            }
        }
        Err(error)
    }

    #[inline]
    fn zoned<'c>(&self, mut moment: Moment<'c>) -> Result<Moment<'c>, DateError> {
        if let (Some(clock @ Clock { offset: None, .. }), Some(zone)) = (&mut moment.clock, self.zone) {
            clock.offset = Some(match (zone.shows(moment.number, clock.ticks()), self.clock_change) {
                (Shown::Once(offset), _) => offset,
                (Shown::Twice { earlier, .. }, Some(ClockChange::Earlier)) => earlier,
                (Shown::Twice { later, .. }, Some(ClockChange::Later)) => later,
                (Shown::Twice { .. }, None) => return Err(DateError::Twice),
                (Shown::Never, _) => return Err(DateError::Skipped),
            });
        }
        Ok(moment)
    }
}

/// Appends a canonical time, a `T` standing for its blank.
#[inline]
fn copy(cell: &[u8], to: &mut Vec<u8>) {
    let start = to.len();
    to.extend_from_slice(cell);
    if let Some(between) = to.get_mut(start + 10) {
        *between = b'T';
    }
}

impl Moment<'_> {
    fn stamp(&self) -> Stamp {
        match &self.clock {
            None => Stamp::day_alone(self.number),
            Some(clock @ Clock { offset: None, .. }) => Stamp::local(self.number, clock.ticks()),
            Some(clock @ Clock { offset: Some(offset), .. }) => Stamp::instant(self.number, clock.ticks(), *offset),
        }
    }

    /// Appends it in canonical form.
    fn append(&self, to: &mut Vec<u8>) {
        let digit = |n: u32| b'0' + (n % 10) as u8;
        let [year, month, day] = self.date;
        let (century, years) = (year / 100, year % 100);
        let (hour, minute) = self.clock.map_or((0, 0), |clock| (clock.hour, clock.minute));
        #[rustfmt::skip]
        let text = [
            digit(century / 10), digit(century), digit(years / 10), digit(years), b'-',
            digit(month / 10), digit(month), b'-', digit(day / 10), digit(day), b'T',
            digit(hour / 10), digit(hour), b':', digit(minute / 10), digit(minute),
        ];
        let Some(clock) = &self.clock else {
            to.extend_from_slice(text.split_at(10).0);
            return;
        };
        to.extend_from_slice(&text);
        let pair = |sign: u8, n: u32| [sign, digit(n / 10), digit(n)];
        if let Some(second) = clock.second {
            to.extend_from_slice(&pair(b':', second));
            if !clock.fraction.is_empty() {
                to.push(b'.');
                to.extend_from_slice(clock.fraction);
            }
        }
        match clock.offset {
            None => {}
            Some(0) => to.push(b'Z'),
            Some(offset) => {
                let minutes = offset.unsigned_abs();
                to.extend_from_slice(&pair(if offset < 0 { b'-' } else { b'+' }, minutes / 60));
                to.extend_from_slice(&pair(b':', minutes % 60));
            }
        }
    }
}

impl Clock<'_> {
    /// Ticks of 100 nanoseconds since midnight, finer digits dropped.
    fn ticks(&self) -> i64 {
        let seconds = (self.hour * 60 + self.minute) * 60 + self.second.unwrap_or(0);
        let digits = self.fraction.iter().copied().chain(std::iter::repeat(b'0'));
        let ticks = digits.take(7).fold(0, |ticks, digit| ticks * 10 + i64::from(digit.wrapping_sub(b'0')));
        i64::from(seconds) * TICKS_PER_SECOND + ticks
    }
}

/// Refuses two forms of which a text can fit both and mean different times. Texts are tried in which the numbers can
/// change places.
fn refuse_conflict(one: &DateForm, other: &DateForm, months: &Months) -> Result<(), String> {
    let shown = |form: &DateForm, text: &str| {
        let mut to = Vec::new();
        form.read(text, months).ok()?.append(&mut to);
        Some(String::from_utf8_lossy(&to).into_owned())
    };
    for text in tried(one, months).chain(tried(other, months)) {
        if let (Some(first), Some(second)) = (shown(one, &text), shown(other, &text))
            && first != second
        {
            return Err(format!(
                "`{text}` would be {first} as `{one}` and {second} as `{other}`: a column has one of these forms only; \
                 `auto` finds out which, if the column tells"
            ));
        }
    }
    Ok(())
}

/// Texts of a form whose numbers are small enough for others to take them.
fn tried<'a>(form: &'a DateForm, months: &'a Months) -> impl Iterator<Item = String> + 'a {
    let days = [2001, 2010, 2012, 2020, 1995].into_iter().flat_map(|year| {
        (1..=12).flat_map(move |month| [1, 2, 3, 7, 10, 11, 12, 20, 25].map(|day| [year, month, day]))
    });
    days.flat_map(move |date| {
        let clock = |hour| Clock { hour, minute: 4, second: Some(5), fraction: &[], offset: Some(0) };
        let [year, month, day] = date;
        let number = time::day_number(year, month, day).unwrap_or_default();
        let moments = [None, Some(clock(11)), Some(clock(17))].map(|clock| Moment { date, number, clock });
        moments.into_iter().flat_map(move |moment| {
            [true, false].into_iter().filter_map(move |is_padded| form.show(&moment, is_padded, months))
        })
    })
}

#[cfg(test)]
mod tests;
