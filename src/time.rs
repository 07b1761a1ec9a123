//! Times as the exports write them, and the zones in which a policy reads them.
//!
//! A time with an offset is an instant; a time without one, and a bare date, stand for themselves in the zone of
//! whichever policy reads them. All three fit in eight bytes.

use chrono::{DateTime, Datelike, MappedLocalTime, NaiveDate, NaiveDateTime, NaiveTime, Offset, TimeDelta, TimeZone};
use chrono_tz::Tz;
use std::sync::LazyLock;

const TICKS_PER_SECOND: i64 = 10_000_000;
const TICKS_PER_DAY: i64 = 86_400 * TICKS_PER_SECOND;

/// How a time was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A day only.
    Date,
    /// A day and a time of day, without an offset.
    Local,
    /// A day, a time of day and an offset: an instant.
    Instant,
}

/// A time cell, or none. Resolution is 100 nanoseconds; finer digits are dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp(i64);

impl Stamp {
    /// The event has not happened.
    pub const BLANK: Stamp = Stamp(i64::MIN);

    /// A bare date.
    pub fn date(day: NaiveDate) -> Stamp {
        Stamp::day_alone(number_of_date(day))
    }

    /// A bare date by its [`day_number`].
    pub fn day_alone(number: i32) -> Stamp {
        Stamp::pack(i64::from(number) * TICKS_PER_DAY, 0)
    }

    /// A time of day without an offset, on the day of a [`day_number`]; `ticks` are units of 100 nanoseconds after
    /// midnight.
    pub fn local(day: i32, ticks: i64) -> Stamp {
        Stamp::pack(i64::from(day) * TICKS_PER_DAY + ticks, 1)
    }

    /// A time of day written with an offset of so many minutes east of UTC.
    pub fn instant(day: i32, ticks: i64, offset_minutes: i32) -> Stamp {
        let ticks = ticks - i64::from(offset_minutes) * 60 * TICKS_PER_SECOND;
        Stamp::pack(i64::from(day) * TICKS_PER_DAY + ticks, 2)
    }

    fn pack(ticks: i64, form: i64) -> Stamp {
        Stamp(ticks * 4 + form)
    }

    pub(crate) fn to_bits(self) -> u64 {
        self.0.cast_unsigned()
    }

    pub(crate) fn from_bits(bits: u64) -> Stamp {
        Stamp(bits.cast_signed())
    }

    /// Whether the cell was blank.
    pub fn is_blank(self) -> bool {
        self == Stamp::BLANK
    }

    /// How it was written; `None` if blank.
    #[inline]
    pub fn form(self) -> Option<Form> {
        if self.is_blank() {
            return None;
        }
        Some(match self.0 & 3 {
            0 => Form::Date,
            1 => Form::Local,
            _ => Form::Instant,
        })
    }

    #[inline]
    fn ticks(self) -> i64 {
        self.0 >> 2
    }

    /// The day on which it falls in the zone; `None` if blank.
    #[inline]
    pub fn day(self, zone: Zone) -> Option<NaiveDate> {
        date_of_number(self.day_number(zone)?)
    }

    /// The same in days since 1970, which puts days in order without the work of a calendar date.
    #[inline]
    pub fn day_number(self, zone: Zone) -> Option<i64> {
        self.local_ticks(zone).map(|ticks| ticks.div_euclid(TICKS_PER_DAY))
    }

    /// The minute that the zone's clocks show, counted from the first of 1970; of a bare date, its first. `None` if blank.
    pub fn local_minute(self, zone: Zone) -> Option<i64> {
        self.local_ticks(zone).map(|ticks| ticks.div_euclid(60 * TICKS_PER_SECOND))
    }

    #[inline]
    fn local_ticks(self, zone: Zone) -> Option<i64> {
        Some(match self.form()? {
            Form::Date | Form::Local => self.ticks(),
            Form::Instant => self.ticks() + zone.offset_at(self.ticks()),
        })
    }

    /// The instant as ticks of 100 nanoseconds since 1970 in UTC; a bare date counts as its midnight in the zone.
    pub fn instant_in(self, zone: Zone) -> Option<i64> {
        Some(match self.form()? {
            Form::Instant => self.ticks(),
            Form::Date | Form::Local => zone.instant_of_local(self.ticks()),
        })
    }

    /// As it is written in a report: the day, and the time of day in the zone where one was recorded.
    pub fn show(self, zone: Zone) -> String {
        let Some(time) = self.local_ticks(zone).and_then(datetime_of_ticks) else { return String::new() };
        match self.form() {
            Some(Form::Date) => time.format("%Y-%m-%d").to_string(),
            _ => time.format("%Y-%m-%d %H:%M").to_string(),
        }
    }
}

/// Whole minutes, rounded down, from one instant to another, both in ticks.
pub fn whole_minutes(from: i64, to: i64) -> i64 {
    (to - from).div_euclid(60 * TICKS_PER_SECOND)
}

const UNIX_EPOCH_FROM_CE: i32 = 719_163;

/// The first and the last year of which an export may date, by the input contract.
const YEARS: [i32; 2] = [1990, 2199];
const MONTHS: usize = ((YEARS[1] - YEARS[0] + 1) * 12) as usize;

/// For each month of these years the number of its first day; at the end that of the month after them.
static FIRST_DAYS: [i32; MONTHS + 1] = first_days();

const fn first_days() -> [i32; MONTHS + 1] {
    let mut first = [0; MONTHS + 1];
    // 1990 began 20 years and five leap days after 1970.
    first[0] = 20 * 365 + 5;
    let mut at = 0;
    while at < MONTHS {
        let (year, month) = (YEARS[0] + at as i32 / 12, at % 12 + 1);
        let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let days = match month {
            2 if is_leap => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        first[at + 1] = first[at] + days;
        at += 1;
    }
    first
}

/// The days from 1970-01-01 to a day of the years 1990 to 2199; `None` if there is no such day.
#[inline]
pub fn day_number(year: u32, month: u32, day: u32) -> Option<i32> {
    let at = (year.checked_sub(YEARS[0] as u32)? * 12 + month.checked_sub(1).filter(|month| *month < 12)?) as usize;
    let (first, next) = (FIRST_DAYS.get(at)?, FIRST_DAYS.get(at + 1)?);
    let number = first + i32::try_from(day.checked_sub(1)?).ok()?;
    (number < *next).then_some(number)
}

/// The days of which an export may date, and the one before, which an offset may lead to.
static DAYS: LazyLock<Vec<NaiveDate>> = LazyLock::new(|| {
    let (first, end) = (FIRST_DAYS[0] - 1, FIRST_DAYS[MONTHS]);
    let first_day = NaiveDate::from_num_days_from_ce_opt(first + UNIX_EPOCH_FROM_CE).unwrap_or_default();
    first_day.iter_days().take((end - first + 1) as usize).collect()
});

/// How many days a date is after the first of 1970.
pub fn number_of_date(day: NaiveDate) -> i32 {
    day.num_days_from_ce() - UNIX_EPOCH_FROM_CE
}

/// The date so many days after the first of 1970.
pub fn date_of_number(days: i64) -> Option<NaiveDate> {
    let number = i32::try_from(days).ok()?;
    let known = usize::try_from(number.checked_sub(FIRST_DAYS[0] - 1)?).ok().and_then(|at| DAYS.get(at));
    known.copied().or_else(|| NaiveDate::from_num_days_from_ce_opt(number.checked_add(UNIX_EPOCH_FROM_CE)?))
}

fn day_of_ticks(ticks: i64) -> Option<NaiveDate> {
    date_of_number(ticks.div_euclid(TICKS_PER_DAY))
}

fn datetime_of_ticks(ticks: i64) -> Option<NaiveDateTime> {
    let seconds = ticks.rem_euclid(TICKS_PER_DAY) / TICKS_PER_SECOND;
    let time = NaiveTime::from_num_seconds_from_midnight_opt(u32::try_from(seconds).ok()?, 0)?;
    Some(day_of_ticks(ticks)?.and_time(time))
}

/// How often a zone's clocks show a time of day on some day, with the offset in minutes east of UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// As nearly always.
    Once(i32),
    /// The clocks are put back over it.
    Twice {
        /// Before they are put back.
        earlier: i32,
        /// After that.
        later: i32,
    },
    /// The clocks are put forward over it.
    Never,
}

/// A time zone by IANA name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Zone {
    zone: Tz,
    /// The offset in ticks where the zone has had only one since 1990, before which no export's date lies.
    fixed: Option<i64>,
}

impl Zone {
    /// UTC.
    pub const UTC: Zone = Zone { zone: Tz::UTC, fixed: Some(0) };

    /// The zone of an IANA name, such as `Asia/Dubai`.
    pub fn named(name: &str) -> Option<Zone> {
        let zone: Tz = name.parse().ok()?;
        // Twice a year for as long as exports may date is enough to notice any zone that ever changes its clock.
        let mut offsets =
            (1989..=2200).flat_map(|year| [1, 4, 7, 10].map(|month| (year, month))).map(|(year, month)| {
                let noon = NaiveDate::from_ymd_opt(year, month, 15).and_then(|d| d.and_hms_opt(12, 0, 0));
                noon.map_or(0, |n| zone.offset_from_utc_datetime(&n).fix().local_minus_utc())
            });
        let first = offsets.next().unwrap_or(0);
        let fixed = offsets.all(|o| o == first).then_some(i64::from(first) * TICKS_PER_SECOND);
        Some(Zone { zone, fixed })
    }

    /// The zone's IANA name.
    pub fn name(self) -> &'static str {
        self.zone.name()
    }

    /// The instants at which its clocks show a time, so many ticks after midnight on the day of a [`day_number`].
    pub fn shows(self, day: i32, ticks: i64) -> Shown {
        let minutes = |offset: i64| i32::try_from(offset / (60 * TICKS_PER_SECOND)).unwrap_or_default();
        if let Some(fixed) = self.fixed {
            return Shown::Once(minutes(fixed));
        }
        let Some(naive) = datetime_of_ticks(i64::from(day) * TICKS_PER_DAY + ticks) else { return Shown::Never };
        let minutes = |offset: &<Tz as TimeZone>::Offset| offset.fix().local_minus_utc() / 60;
        match self.zone.offset_from_local_datetime(&naive) {
            MappedLocalTime::Single(offset) => Shown::Once(minutes(&offset)),
            MappedLocalTime::Ambiguous(one, other) => {
                let (one, other) = (minutes(&one), minutes(&other));
                Shown::Twice { earlier: one.max(other), later: one.min(other) }
            }
            MappedLocalTime::None => Shown::Never,
        }
    }

    /// Seconds by which its clocks are ahead of UTC as a day begins.
    pub fn offset_on(self, day: NaiveDate) -> i64 {
        let midnight = i64::from(number_of_date(day)) * TICKS_PER_DAY;
        (midnight - self.instant_of_local(midnight)) / TICKS_PER_SECOND
    }

    fn offset_at(self, instant: i64) -> i64 {
        if let Some(fixed) = self.fixed {
            return fixed;
        }
        let utc = DateTime::from_timestamp(instant.div_euclid(TICKS_PER_SECOND), 0).unwrap_or_default();
        i64::from(self.zone.offset_from_utc_datetime(&utc.naive_utc()).fix().local_minus_utc()) * TICKS_PER_SECOND
    }

    /// A local time that a clock change repeats is its first occurrence; one that it skips is moved past the gap.
    fn instant_of_local(self, local: i64) -> i64 {
        if let Some(fixed) = self.fixed {
            return local - fixed;
        }
        let Some(naive) = datetime_of_ticks(local) else { return local };
        let seconds = match self.zone.from_local_datetime(&naive).earliest() {
            Some(time) => time.timestamp(),
            None => {
                let before = naive - TimeDelta::hours(3);
                let offset =
                    self.zone.from_local_datetime(&before).earliest().map_or(0, |t| t.offset().fix().local_minus_utc());
                naive.and_utc().timestamp() - i64::from(offset)
            }
        };
        seconds * TICKS_PER_SECOND + local.rem_euclid(TICKS_PER_SECOND)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_numbered_as_the_calendar_has_them() {
        let first = NaiveDate::from_ymd_opt(1990, 1, 1).unwrap();
        for day in first.iter_days().take_while(|day| day.year() < 2200) {
            let number = day_number(day.year() as u32, day.month(), day.day()).unwrap();
            assert_eq!(number, day.num_days_from_ce() - UNIX_EPOCH_FROM_CE);
            assert_eq!(Stamp::day_alone(number).day(Zone::UTC), Some(day));
        }
        for (year, month, day) in [
            (1989, 12, 31),
            (2200, 1, 1),
            (2023, 2, 29),
            (2100, 2, 29),
            (2024, 2, 30),
            (2024, 4, 31),
            (2024, 0, 1),
            (2024, 13, 1),
            (2024, 1, 0),
            (2024, 1, 32),
        ] {
            assert_eq!(day_number(year, month, day), None, "{year}-{month}-{day}");
        }
    }

    #[test]
    fn an_offset_may_lead_out_of_the_years() {
        let [first, last] = [(1990, 1, 1), (2199, 12, 31)].map(|(y, m, d)| day_number(y, m, d).unwrap());
        for (stamp, day) in [
            (Stamp::instant(first, 0, 14 * 60), "1989-12-31"),
            (Stamp::instant(last, TICKS_PER_DAY - 1, -14 * 60), "2200-01-01"),
        ] {
            assert_eq!(stamp.day(Zone::UTC).unwrap().to_string(), day);
        }
    }
}
