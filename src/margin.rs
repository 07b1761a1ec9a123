//! How near a case came to another verdict: the margins that checks leave on a trail which keeps the working, and what
//! counts as near.

use crate::money::{self, Currency};
use crate::policy::Policy;
use crate::policy::condition::Count;
use chrono::NaiveDate;
use rust_decimal::Decimal;

/// A comparison on which a verdict turns: what was compared, with what, and how far apart the two lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Margin {
    /// A day with the last, or the first, on which something is in time.
    Day(DayMargin),
    /// An amount of money with what the text gives.
    Amount(AmountMargin),
    /// A share of something, in percent, with a threshold.
    Share {
        /// The column of which it is the share.
        what: &'static str,
        /// Of what, named.
        of: &'static str,
        /// The share.
        actual: Decimal,
        /// The threshold.
        limit: Decimal,
    },
    /// A number in its column's own unit, or a number of minutes, with a threshold.
    Number {
        /// The column, or what was counted.
        what: &'static str,
        /// The number.
        actual: Decimal,
        /// The threshold.
        limit: Decimal,
    },
    /// The only one of several conditions for which a rule does not apply.
    Condition {
        /// As a question; of a negation, what it negates.
        question: String,
        /// Whether that holds and must not.
        negated: bool,
    },
}

/// A day with the last, or the first, on which something is in time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DayMargin {
    /// What came, or did not come yet.
    pub what: &'static str,
    /// The day on which it came; the as-of date if it has not come.
    pub day: NaiveDate,
    /// Whether it came.
    pub came: bool,
    /// The last day in time, or the first.
    pub limit: NaiveDate,
    /// Which of the two the limit is.
    pub end: End,
    /// Days to spare, below zero where the limit was missed; in business days where the term counts such.
    pub spare: i64,
    /// Whether these are business days.
    pub business: bool,
}

/// Which end of a span of days a limit is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Nothing earlier is in time.
    First,
    /// Nothing later is in time.
    Last,
}

/// An amount of money with what the text gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AmountMargin {
    /// The amount, named.
    pub what: &'static str,
    /// How much it is.
    pub actual: Decimal,
    /// How much the text gives.
    pub limit: Decimal,
    /// By how much the rule lets the two differ.
    pub tolerance: Decimal,
    /// Of both.
    pub currency: Currency,
}

/// What is near: the one place that says so. It is how a page is read, and changes no verdict.
mod near {
    use rust_decimal::Decimal;

    /// Days, in the term's own unit, on either side of the limit.
    pub const DAYS: i64 = 1;
    /// Minor units of the currency beyond the tolerance; an amount that is equal is not near but right.
    pub const MINOR_UNITS: Decimal = Decimal::ONE;
    /// Percentage points on either side of the threshold, itself included.
    pub const POINTS: Decimal = Decimal::ONE;
    /// Of a number's own unit (an hour, a minute, a percentage point, a count), on either side of the threshold, itself
    /// included.
    pub const OWN_UNITS: Decimal = Decimal::ONE;
}

impl DayMargin {
    /// Compares a day with a limit in the unit of a term. `None` if the policy's calendar does not cover both.
    pub fn of(
        policy: &Policy,
        what: &'static str,
        day: NaiveDate,
        (limit, end): (NaiveDate, End),
        term: Count,
    ) -> Option<DayMargin> {
        let business = matches!(term, Count::BusinessDays(_));
        let apart = |from: NaiveDate, to: NaiveDate| match business {
            true => policy.calendar.as_ref()?.business_days_between(from, to),
            false => Some(crate::calendar::days_between(from, to)),
        };
        let (early, late) = match end {
            End::Last => (day, limit),
            End::First => (limit, day),
        };
        // A day missed by a weekend is missed, though no business day lies between.
        let spare = if early <= late { apart(early, late)? } else { -apart(late, early)?.max(1) };
        Some(DayMargin { what, day, came: true, limit, end, spare, business })
    }

    fn says(&self) -> String {
        let yet = if self.came { "" } else { " not yet" };
        let what = format!("{}{yet} on {}", self.what, self.day);
        let end = match self.end {
            End::First => "first",
            End::Last => "last",
        };
        if self.day == self.limit {
            return format!("{what}, the {end} day");
        }
        let calendar = crate::calendar::days_between(self.limit, self.day).abs();
        let unit = match self.business && self.spare != 0 {
            true => crate::wording::count(Count::BusinessDays(self.spare.unsigned_abs() as u32)),
            false => crate::wording::count(Count::Days(calendar as u32)),
        };
        let side = if self.day < self.limit { "before" } else { "after" };
        format!("{what}, {unit} {side} the {end} day {}", self.limit)
    }
}

impl Margin {
    /// Whether little was missing, or little too much.
    pub fn is_near(&self) -> bool {
        let apart = |a: &Decimal, b: &Decimal| a.saturating_sub(*b).abs();
        match self {
            Margin::Day(days) => days.spare.abs() <= near::DAYS,
            Margin::Amount(AmountMargin { actual, limit, tolerance, currency, .. }) => {
                let most = tolerance.saturating_add(near::MINOR_UNITS * money::unit(*currency));
                actual != limit && apart(actual, limit) <= most
            }
            Margin::Share { actual, limit, .. } => apart(actual, limit) <= near::POINTS,
            Margin::Number { actual, limit, .. } => apart(actual, limit) <= near::OWN_UNITS,
            Margin::Condition { .. } => true,
        }
    }

    /// In words, to follow the rule and its verdict.
    pub fn says(&self) -> String {
        let side = |actual: &Decimal, limit: &Decimal| if actual < limit { "below" } else { "above" };
        let plain = |number: Decimal| number.normalize().to_string();
        match self {
            Margin::Day(days) => days.says(),
            Margin::Amount(AmountMargin { what, actual, limit, currency, .. }) => {
                let show = |amount: Decimal| format!("{} {}", money::show(amount, *currency), currency.code());
                let apart = show(actual.saturating_sub(*limit).abs());
                format!("the {what} is {}, {apart} {} {}", show(*actual), side(actual, limit), show(*limit))
            }
            Margin::Share { what, of, actual, limit } if actual == limit => {
                format!("{what} is exactly {} % of the {of}", plain(*limit))
            }
            Margin::Share { what, of, actual, limit } => {
                let shown = actual.round_dp(2);
                let shown = if shown == *limit { *actual } else { shown };
                format!("{what} is {} % of the {of}, {} {} %", plain(shown), side(actual, limit), plain(*limit))
            }
            Margin::Number { what, actual, limit } if actual == limit => {
                format!("{what} is exactly {}", plain(*limit))
            }
            Margin::Number { what, actual, limit } => {
                format!("{what} is {}, {} {}", plain(*actual), side(actual, limit), plain(*limit))
            }
            Margin::Condition { question, negated: false } => format!("would apply if this held: {question}"),
            Margin::Condition { question, negated: true } => format!("would apply if this did not hold: {question}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::Calendar;
    use std::collections::BTreeMap;

    fn amount(actual: &str, tolerance: &str) -> Margin {
        let currency = Currency::USD;
        let [actual, tolerance] = [actual, tolerance].map(|text| text.parse().unwrap());
        Margin::Amount(AmountMargin { what: "refund", actual, limit: 100.into(), tolerance, currency })
    }

    #[test]
    fn an_amount_is_near_within_one_unit_beyond_the_tolerance_and_not_equal() {
        for (actual, tolerance, near) in [
            ("100.00", "0.01", false),
            ("100.01", "0.01", true),
            ("99.99", "0.01", true),
            ("100.02", "0.01", true),
            ("99.98", "0.01", true),
            ("100.03", "0.01", false),
            ("100.01", "0", true),
            ("100.02", "0", false),
        ] {
            assert_eq!(amount(actual, tolerance).is_near(), near, "{actual} within {tolerance}");
        }
        assert_eq!(amount("100.02", "0.01").says(), "the refund is 100.02 USD, 0.02 USD above 100.00 USD");
    }

    #[test]
    fn a_threshold_is_near_within_one_of_its_own_unit() {
        for (actual, near, says) in [
            ("3.99", false, "x is 3.99 % of the y, below 5 %"),
            ("4", true, "x is 4 % of the y, below 5 %"),
            ("4.999999", true, "x is 4.999999 % of the y, below 5 %"),
            ("5", true, "x is exactly 5 % of the y"),
            ("6", true, "x is 6 % of the y, above 5 %"),
            ("6.01", false, "x is 6.01 % of the y, above 5 %"),
        ] {
            let (actual, limit) = (actual.parse().unwrap(), 5.into());
            let share = Margin::Share { what: "x", of: "y", actual, limit };
            assert_eq!((share.is_near(), share.says().as_str()), (near, says));
            assert_eq!(Margin::Number { what: "x", actual, limit }.is_near(), near, "{actual}");
        }
    }

    #[test]
    fn days_are_near_in_the_unit_of_their_term() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let weekend = vec![chrono::Weekday::Sat, chrono::Weekday::Sun];
        let catalogue = crate::policy::Catalogue::of(crate::policy::shipped()).unwrap();
        let mut policy = catalogue.families().next().unwrap().clone();
        policy.calendar = Calendar::new("test", 2026, 2026, weekend, BTreeMap::new());
        // 2026-03-06 is a Friday.
        for (came, limit, end, spare, business) in [
            ("2026-03-06", "2026-03-06", End::Last, 0, 0),
            ("2026-03-06", "2026-03-09", End::Last, 3, 1),
            ("2026-03-05", "2026-03-06", End::Last, 1, 1),
            ("2026-03-04", "2026-03-06", End::Last, 2, 2),
            ("2026-03-07", "2026-03-06", End::Last, -1, -1),
            ("2026-03-09", "2026-03-06", End::Last, -3, -1),
            ("2026-03-10", "2026-03-06", End::Last, -4, -2),
            ("2026-03-07", "2026-03-06", End::First, 1, 0),
            ("2026-03-05", "2026-03-06", End::First, -1, -1),
        ] {
            for (term, expected) in [(Count::Days(5), spare), (Count::BusinessDays(5), business)] {
                let margin = DayMargin::of(&policy, "it", day(came), (day(limit), end), term).unwrap();
                assert_eq!(margin.spare, expected, "{came} {limit} {term:?}");
                assert_eq!(Margin::Day(margin).is_near(), expected.abs() <= 1);
            }
        }
        for (came, says) in [
            ("2026-03-06", "it on 2026-03-06, the last day"),
            ("2026-03-05", "it on 2026-03-05, 1 business day before the last day 2026-03-06"),
            ("2026-03-09", "it on 2026-03-09, 1 business day after the last day 2026-03-06"),
        ] {
            let limit = (day("2026-03-06"), End::Last);
            let margin = DayMargin::of(&policy, "it", day(came), limit, Count::BusinessDays(1)).unwrap();
            assert_eq!(Margin::Day(margin).says(), says);
        }
    }
}
