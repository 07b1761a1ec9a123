//! Times as the exports write them, and the zones in which a policy reads them.
//!
//! A time with an offset is an instant; a time without one, and a bare date, stand for themselves in the zone of
//! whichever policy reads them. All three fit in eight bytes.

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, Offset, TimeDelta, TimeZone};
use chrono_tz::Tz;

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
        Stamp::pack(ticks_of_day(day), 0)
    }

    /// A time of day without an offset; `ticks` are units of 100 nanoseconds after midnight.
    pub fn local(day: NaiveDate, ticks: i64) -> Stamp {
        Stamp::pack(ticks_of_day(day) + ticks, 1)
    }

    /// A time of day written with an offset of so many minutes east of UTC.
    pub fn instant(day: NaiveDate, ticks: i64, offset_minutes: i32) -> Stamp {
        Stamp::pack(ticks_of_day(day) + ticks - i64::from(offset_minutes) * 60 * TICKS_PER_SECOND, 2)
    }

    fn pack(ticks: i64, form: i64) -> Stamp {
        Stamp(ticks * 4 + form)
    }

    /// Whether the cell was blank.
    pub fn is_blank(self) -> bool {
        self == Stamp::BLANK
    }

    /// How it was written; `None` if blank.
    pub fn form(self) -> Option<Form> {
        if self.is_blank() {
            return None;
        }
        Some(match self.0.rem_euclid(4) {
            0 => Form::Date,
            1 => Form::Local,
            _ => Form::Instant,
        })
    }

    fn ticks(self) -> i64 {
        self.0.div_euclid(4)
    }

    /// The day on which it falls in the zone; `None` if blank.
    pub fn day(self, zone: Zone) -> Option<NaiveDate> {
        let ticks = match self.form()? {
            Form::Date | Form::Local => self.ticks(),
            Form::Instant => self.ticks() + zone.offset_at(self.ticks()),
        };
        day_of_ticks(ticks)
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
        let ticks = match self.form() {
            None => return String::new(),
            Some(Form::Instant) => self.ticks() + zone.offset_at(self.ticks()),
            Some(_) => self.ticks(),
        };
        let Some(time) = datetime_of_ticks(ticks) else { return String::new() };
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

fn ticks_of_day(day: NaiveDate) -> i64 {
    (i64::from(day.num_days_from_ce()) - UNIX_EPOCH_FROM_CE) * TICKS_PER_DAY
}

const UNIX_EPOCH_FROM_CE: i64 = 719_163;

fn day_of_ticks(ticks: i64) -> Option<NaiveDate> {
    let days = ticks.div_euclid(TICKS_PER_DAY) + UNIX_EPOCH_FROM_CE;
    NaiveDate::from_num_days_from_ce_opt(i32::try_from(days).ok()?)
}

fn datetime_of_ticks(ticks: i64) -> Option<NaiveDateTime> {
    let seconds = ticks.rem_euclid(TICKS_PER_DAY) / TICKS_PER_SECOND;
    let time = NaiveTime::from_num_seconds_from_midnight_opt(u32::try_from(seconds).ok()?, 0)?;
    Some(day_of_ticks(ticks)?.and_time(time))
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

    /// Seconds by which its clocks are ahead of UTC as a day begins.
    pub fn offset_on(self, day: NaiveDate) -> i64 {
        let midnight = ticks_of_day(day);
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
