//! What a check says: the outcome, and how outcomes combine when a fact is unknown.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use std::ops::{Add, Not};

/// The answer to a question about a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Truth {
    /// It holds.
    Yes,
    /// It does not.
    No,
    /// Evidence is missing.
    Unknown,
}

impl From<bool> for Truth {
    fn from(holds: bool) -> Truth {
        if holds { Truth::Yes } else { Truth::No }
    }
}

impl Truth {
    /// Whether all hold. Stops at the first that does not.
    pub fn all(truths: impl IntoIterator<Item = Truth>) -> Truth {
        let mut all = Truth::Yes;
        for truth in truths {
            match truth {
                Truth::No => return Truth::No,
                Truth::Unknown => all = Truth::Unknown,
                Truth::Yes => {}
            }
        }
        all
    }

    /// Whether at least one holds. Stops at the first that does.
    pub fn any(truths: impl IntoIterator<Item = Truth>) -> Truth {
        !Truth::all(truths.into_iter().map(Truth::not))
    }

    /// Both hold.
    pub fn and(self, other: Truth) -> Truth {
        Truth::all([self, other])
    }

    /// Whether it may hold.
    pub fn possible(self) -> bool {
        self != Truth::No
    }
}

impl Not for Truth {
    type Output = Truth;
    fn not(self) -> Truth {
        match self {
            Truth::Yes => Truth::No,
            Truth::No => Truth::Yes,
            Truth::Unknown => Truth::Unknown,
        }
    }
}

/// An amount of money of which perhaps only bounds are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// It is at least so much.
    pub low: Decimal,
    above: Above,
}

/// How much more it may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Above {
    /// Nothing: the amount is known.
    Nothing,
    /// So much that it comes to this, which is more than the least.
    UpTo(Decimal),
    Any,
}

impl Bounds {
    /// An amount of which only is known that it is not negative.
    pub const UNKNOWN: Bounds = Bounds { low: Decimal::ZERO, above: Above::Any };

    /// A known amount.
    pub fn exactly(amount: Decimal) -> Bounds {
        Bounds { low: amount, above: Above::Nothing }
    }

    /// An amount of at least so much, and at most so much unless there is no limit.
    pub fn between(low: Decimal, high: Option<Decimal>) -> Bounds {
        match high {
            Some(high) if high == low => Bounds::exactly(high),
            Some(high) => Bounds { low, above: Above::UpTo(high) },
            None => Bounds { low, above: Above::Any },
        }
    }

    /// The amount, if it is known.
    pub fn known(self) -> Option<Decimal> {
        matches!(self.above, Above::Nothing).then_some(self.low)
    }

    /// It is at most so much; `None`: there is no limit.
    fn high(self) -> Option<Decimal> {
        match self.above {
            Above::Nothing => Some(self.low),
            Above::UpTo(high) => Some(high),
            Above::Any => None,
        }
    }

    /// A share of it.
    pub fn scaled(self, share: Decimal) -> Bounds {
        let scale = |amount: Decimal| amount.saturating_mul(share);
        Bounds::between(scale(self.low), self.high().map(scale))
    }

    /// Whether it is more than the other by more than `slack`.
    pub fn exceeds(self, other: Bounds, slack: Decimal) -> Truth {
        if let (Some(own), Some(other)) = (self.known(), other.known()) {
            return (own > plus(other, slack)).into();
        }
        let surely = other.high().is_some_and(|high| self.low > plus(high, slack));
        let possibly = self.high().is_none_or(|high| high > plus(other.low, slack));
        match (surely, possibly) {
            (true, _) => Truth::Yes,
            (_, false) => Truth::No,
            _ => Truth::Unknown,
        }
    }

    /// Whether it is above zero.
    pub fn is_positive(self) -> Truth {
        let positive = |amount: Decimal| amount.is_sign_positive() && !amount.is_zero();
        match self.high() {
            _ if positive(self.low) => Truth::Yes,
            Some(high) if !positive(high) => Truth::No,
            _ => Truth::Unknown,
        }
    }
}

impl Add for Bounds {
    type Output = Bounds;
    fn add(self, other: Bounds) -> Bounds {
        let low = plus(self.low, other.low);
        match (self.above, other.above) {
            (Above::Nothing, Above::Nothing) => Bounds::exactly(low),
            _ => Bounds::between(low, self.high().zip(other.high()).map(|(a, b)| plus(a, b))),
        }
    }
}

/// A sum that stops at the largest decimal instead of overflowing: amounts of 28 digits are read, and two of them can
/// exceed what a decimal holds.
pub fn plus(a: Decimal, b: Decimal) -> Decimal {
    a.saturating_add(b)
}

/// The verdict of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// As the text demands.
    Compliant,
    /// Not as the text demands, on any reading.
    Deviation,
    /// For a person to judge.
    Review,
    /// Evidence is missing.
    Indeterminate,
}

impl Verdict {
    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Compliant => "compliant",
            Verdict::Deviation => "deviation",
            Verdict::Review => "review",
            Verdict::Indeterminate => "indeterminate",
        }
    }
}

/// What a rule says of one case, invoice line or decision row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The rule is not about it.
    NotApplicable,
    /// As the text demands.
    Compliant,
    /// Evidence is missing: which, in a few words.
    Indeterminate(&'static str),
    /// A deviation, or something for a person to judge.
    Fault(Box<Fault>),
}

impl Outcome {
    /// The verdict, unless the rule does not apply.
    pub fn verdict(&self) -> Option<Verdict> {
        match self {
            Outcome::NotApplicable => None,
            Outcome::Compliant => Some(Verdict::Compliant),
            Outcome::Indeterminate(_) => Some(Verdict::Indeterminate),
            Outcome::Fault(fault) => Some(fault.verdict),
        }
    }
}

/// What is wrong, with the figures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Deviation or review.
    pub verdict: Verdict,
    /// What the text demands, as a person reads it.
    pub expected: String,
    /// What was done.
    pub actual: String,
    /// The money effect in the invoice's currency: positive in the client's favour.
    pub amount: Option<Decimal>,
    /// Calendar days after the last day.
    pub days_late: Option<i64>,
    /// The day on which it happened, where it is not that of the decision.
    pub date: Option<NaiveDate>,
    /// One sentence without its full stop.
    pub message: String,
}

impl Fault {
    /// A fault without figures.
    pub fn new(verdict: Verdict, message: String) -> Fault {
        Fault {
            verdict,
            message,
            expected: String::new(),
            actual: String::new(),
            amount: None,
            days_late: None,
            date: None,
        }
    }

    /// With what is demanded and what was done.
    pub fn between(mut self, expected: impl Into<String>, actual: impl Into<String>) -> Fault {
        self.expected = expected.into();
        self.actual = actual.into();
        self
    }

    /// With its money effect, if that is known.
    pub fn worth(mut self, amount: Option<Decimal>) -> Fault {
        self.amount = amount;
        self
    }

    /// With the days after the last day.
    pub fn late(mut self, days: i64) -> Fault {
        self.days_late = Some(days);
        self
    }

    /// With the day on which it happened.
    pub fn on(mut self, date: NaiveDate) -> Fault {
        self.date = Some(date);
        self
    }
}

impl From<Fault> for Outcome {
    fn from(fault: Fault) -> Outcome {
        Outcome::Fault(Box::new(fault))
    }
}

/// More combinations of values of unknown facts than this are not gone through.
pub const MOST_WORLDS: usize = 4096;

/// Gathers what a rule says for every value that an unknown fact could have. If all agree, that is the outcome; figures
/// in which they differ are left blank. Otherwise the rule is indeterminate.
#[derive(Default)]
pub struct Possible(Option<Outcome>);

/// Why a rule is indeterminate when the values of an unknown fact lead to different verdicts.
const DEPENDS: &str = "the verdict depends on evidence that is missing";

impl Possible {
    /// Adds an outcome.
    #[inline]
    pub fn add(&mut self, outcome: Outcome) {
        self.0 = Some(match self.0.take() {
            None => outcome,
            Some(before) => agreed(before, outcome),
        });
    }

    /// The outcome of all.
    pub fn settle(self) -> Outcome {
        self.0.unwrap_or(Outcome::NotApplicable)
    }
}

/// What two outcomes have in common.
fn agreed(a: Outcome, b: Outcome) -> Outcome {
    match (a, b) {
        (Outcome::Fault(mut a), Outcome::Fault(b)) if a.verdict == b.verdict => {
            a.amount = a.amount.filter(|_| a.amount == b.amount);
            a.days_late = a.days_late.filter(|_| a.days_late == b.days_late);
            Outcome::Fault(a)
        }
        (a @ Outcome::Indeterminate(_), _) | (_, a @ Outcome::Indeterminate(_)) => a,
        (a, b) if a.verdict() == b.verdict() => a,
        _ => Outcome::Indeterminate(DEPENDS),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_matters_only_if_the_rest_does_not_settle_it() {
        use Truth::{No, Unknown, Yes};
        for (a, b, all, any) in [
            (Yes, Yes, Yes, Yes),
            (Yes, No, No, Yes),
            (Yes, Unknown, Unknown, Yes),
            (No, Unknown, No, Unknown),
            (Unknown, Unknown, Unknown, Unknown),
            (No, No, No, No),
        ] {
            assert_eq!((Truth::all([a, b]), Truth::any([a, b])), (all, any), "{a:?} {b:?}");
            assert_eq!((Truth::all([b, a]), Truth::any([b, a])), (all, any), "{b:?} {a:?}");
        }
    }

    #[test]
    fn bounds_compare_only_as_far_as_they_are_known() {
        let d = Decimal::from;
        let known = |n: i64| Bounds::exactly(d(n));
        let above = |n: i64| Bounds::between(d(n), None);
        for (a, b, exceeds) in [
            (known(101), known(100), Truth::No),
            (known(102), known(100), Truth::Yes),
            (above(102), known(100), Truth::Yes),
            (above(0), known(100), Truth::Unknown),
            (known(100), above(99), Truth::No),
            (known(102), above(99), Truth::Unknown),
        ] {
            assert_eq!(a.exceeds(b, d(1)), exceeds, "{a:?} {b:?}");
        }
        for bounds in [known(0), known(1), known(-1), above(0), above(1), Bounds::between(d(-1), Some(d(1)))] {
            assert_eq!(bounds.is_positive(), bounds.exceeds(known(0), d(0)), "{bounds:?}");
        }
    }

    #[test]
    fn possible_outcomes_agree_or_are_indeterminate() {
        let fault =
            |amount: i64| Outcome::from(Fault::new(Verdict::Deviation, String::new()).worth(Some(amount.into())));
        let settle = |outcomes: &[Outcome]| {
            let mut possible = Possible::default();
            outcomes.iter().cloned().for_each(|o| possible.add(o));
            possible.settle()
        };
        assert_eq!(settle(&[fault(1), fault(1)]), fault(1));
        assert_eq!(settle(&[fault(1), fault(2)]), Fault::new(Verdict::Deviation, String::new()).into());
        assert_eq!(settle(&[Outcome::Compliant, Outcome::NotApplicable]).verdict(), Some(Verdict::Indeterminate));
        assert_eq!(settle(&[Outcome::Compliant, fault(1)]).verdict(), Some(Verdict::Indeterminate));
        assert_eq!(settle(&[]), Outcome::NotApplicable);
    }
}
