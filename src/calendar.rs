//! Business days by table: a day's number among the business days, so that counting is two look-ups and no loop.

use chrono::{Datelike, Days, NaiveDate, Weekday};
use std::collections::BTreeMap;

/// The business days of the years that a calendar covers.
#[derive(Clone, Debug)]
pub struct Calendar {
    /// The name by which policies and reports refer to it.
    pub name: String,
    first: NaiveDate,
    /// The first day's number, as [`Datelike::num_days_from_ce`] counts.
    first_number: i32,
    last: NaiveDate,
    /// For each day from `first`, how many business days there are up to and including it.
    counted: Vec<u32>,
    /// The business days in order.
    business: Vec<NaiveDate>,
    weekend: Vec<Weekday>,
    holidays: BTreeMap<NaiveDate, String>,
}

/// Why a day in a span is not counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Skipped {
    /// It falls on the weekend.
    Weekend,
    /// It is a holiday, by name.
    Holiday(String),
}

impl Calendar {
    /// The calendar of the years `first_year` to `last_year`, both included.
    pub fn new(
        name: &str,
        first_year: i32,
        last_year: i32,
        weekend: Vec<Weekday>,
        holidays: BTreeMap<NaiveDate, String>,
    ) -> Option<Calendar> {
        let first = NaiveDate::from_ymd_opt(first_year, 1, 1)?;
        let last = NaiveDate::from_ymd_opt(last_year, 12, 31).filter(|last| *last >= first)?;
        let (mut counted, mut business) = (Vec::new(), Vec::new());
        for day in first.iter_days().take_while(|d| *d <= last) {
            if !weekend.contains(&day.weekday()) && !holidays.contains_key(&day) {
                business.push(day);
            }
            counted.push(business.len() as u32);
        }
        let first_number = first.num_days_from_ce();
        Some(Calendar { name: name.to_owned(), first, first_number, last, counted, business, weekend, holidays })
    }

    /// The first and the last day that the calendar covers.
    pub fn covers(&self) -> (NaiveDate, NaiveDate) {
        (self.first, self.last)
    }

    /// The holidays, by day.
    pub fn holidays(&self) -> &BTreeMap<NaiveDate, String> {
        &self.holidays
    }

    /// The day `count` business days after `day`, which itself does not count. `None` where a day that would have to
    /// be counted lies outside the years covered.
    pub fn after(&self, day: NaiveDate, count: u32) -> Option<NaiveDate> {
        if count == 0 {
            return Some(day);
        }
        // Counting begins on the next day, which must be covered; `day` itself need not be.
        let next = usize::try_from(day.num_days_from_ce() - self.first_number + 1).ok()?;
        if next >= self.counted.len() {
            return None;
        }
        let before = next.checked_sub(1).map_or(0, |at| self.counted[at]);
        self.business.get((before + count) as usize - 1).copied()
    }

    /// Business days after one day up to and including another that is not earlier. `None` where either is not covered.
    pub fn business_days_between(&self, from: NaiveDate, to: NaiveDate) -> Option<i64> {
        let [from, to] = [from, to].map(|day| self.counted.get(self.position(day)?).copied().map(i64::from));
        Some(to? - from?)
    }

    /// Why a day does not count; `None` for a business day or a day that is not covered.
    pub fn skipped(&self, day: NaiveDate) -> Option<Skipped> {
        if let Some(name) = self.holidays.get(&day) {
            return Some(Skipped::Holiday(name.clone()));
        }
        self.weekend.contains(&day.weekday()).then_some(Skipped::Weekend)
    }

    fn position(&self, day: NaiveDate) -> Option<usize> {
        usize::try_from(day.num_days_from_ce() - self.first_number).ok()
    }
}

/// The day so many calendar days after another.
pub fn days_after(day: NaiveDate, count: u32) -> Option<NaiveDate> {
    day.checked_add_days(Days::new(count.into()))
}

/// The last day that an export can hold: the input contract ends with the year 2199.
pub fn last_possible_day() -> NaiveDate {
    NaiveDate::from_ymd_opt(2199, 12, 31).unwrap_or(NaiveDate::MAX)
}

/// Calendar days from one day to another, negative if the other is earlier.
pub fn days_between(from: NaiveDate, to: NaiveDate) -> i64 {
    i64::from(to.num_days_from_ce()) - i64::from(from.num_days_from_ce())
}

/// The day on which the month `months` after `start` begins, clamped to that month's last day.
pub fn months_after(start: NaiveDate, months: u32) -> Option<NaiveDate> {
    start.checked_add_months(chrono::Months::new(months))
}

/// Days in the calendar month of a day.
pub fn days_in_month(day: NaiveDate) -> i64 {
    let first = day.with_day(1).unwrap_or(day);
    months_after(first, 1).map_or(31, |next| days_between(first, next))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn calendar() -> Calendar {
        let holidays = BTreeMap::from([(day("2026-01-01"), "New Year".to_owned())]);
        Calendar::new("test", 2026, 2026, vec![Weekday::Sat, Weekday::Sun], holidays).unwrap()
    }

    #[test]
    fn business_days_skip_weekends_and_holidays() {
        // 2026-01-03 is a Saturday.
        for (from, count, last) in [
            ("2026-01-02", 0, Some("2026-01-02")),
            ("2026-01-02", 1, Some("2026-01-05")),
            ("2026-01-03", 1, Some("2026-01-05")),
            ("2026-01-05", 1, Some("2026-01-06")),
            ("2026-01-05", 5, Some("2026-01-12")),
            ("2025-12-31", 1, Some("2026-01-02")),
            ("2025-12-30", 1, None),
            ("2026-12-30", 1, Some("2026-12-31")),
            ("2026-12-30", 2, None),
            ("2026-12-31", 1, None),
        ] {
            assert_eq!(calendar().after(day(from), count), last.map(day), "{count} after {from}");
        }
    }

    #[test]
    fn months_begin_on_the_last_day_of_a_shorter_month() {
        assert_eq!(months_after(day("2024-01-31"), 1), Some(day("2024-02-29")));
        assert_eq!(months_after(day("2024-01-31"), 2), Some(day("2024-03-31")));
        assert_eq!(days_in_month(day("2024-02-10")), 29);
    }
}
