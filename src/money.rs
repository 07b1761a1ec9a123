//! Amounts and currencies: exact decimals, rounded once, half away from zero.

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::ToPrimitive;
use rust_decimal::{Decimal, RoundingStrategy};
use std::cmp::Ordering;
use std::ops::{Add, Sub};

pub use iso_currency::Currency;

/// The number of digits after the point in which a currency is paid (ISO 4217; 0 where the standard names none).
pub fn minor_digits(currency: Currency) -> u32 {
    currency.exponent().map_or(0, u32::from)
}

/// One minor unit of the currency: 0.01 for USD, 1 for JPY, 0.001 for KWD.
pub fn unit(currency: Currency) -> Decimal {
    Decimal::from_parts(1, 0, 0, false, minor_digits(currency))
}

/// Rounded to the currency's minor unit, half away from zero.
pub fn round(amount: Decimal, currency: Currency) -> Decimal {
    amount.round_dp_with_strategy(minor_digits(currency), RoundingStrategy::MidpointAwayFromZero)
}

/// The exact sum of two amounts. `None` if it has more digits than a decimal holds.
pub fn sum(a: Decimal, b: Decimal) -> Option<Decimal> {
    let (a, b) = (a.normalize(), b.normalize());
    let scale = a.scale().max(b.scale());
    let units = |amount: Decimal| amount.mantissa().checked_mul(10_i128.checked_pow(scale - amount.scale())?);
    Decimal::try_from_i128_with_scale(units(a)?.checked_add(units(b)?)?, scale).ok()
}

/// The exact product of two amounts. `None` if it has more digits than a decimal holds.
pub fn product(a: Decimal, b: Decimal) -> Option<Decimal> {
    let exact = |a: Decimal, b: Decimal| {
        Decimal::try_from_i128_with_scale(a.mantissa().checked_mul(b.mantissa())?, a.scale() + b.scale()).ok()
    };
    exact(a, b).or_else(|| exact(a.normalize(), b.normalize()))
}

/// An amount before it is rounded: a fraction. Shares such as a twelfth have no end as decimals, and sums of them must
/// not be off by a digit when they are rounded. Nearly all fit in two machine integers; what does not is reckoned with
/// integers of any size, so that the result is the same.
#[derive(Clone, Debug)]
pub struct Exact(Fraction);

#[derive(Clone, Debug)]
enum Fraction {
    /// `under` is above zero; the two may have a common divisor.
    Small {
        over: i128,
        under: i128,
    },
    Large(Box<BigRational>),
}

/// A decimal as an exact amount.
pub fn exact(amount: Decimal) -> Exact {
    // A decimal has at most 28 digits after its point, and ten to the 28th fits.
    Exact(Fraction::Small { over: amount.mantissa(), under: 10i128.pow(amount.scale()) })
}

/// So many percent of an amount.
pub fn percent_of(amount: Decimal, percent: Decimal) -> Exact {
    exact(amount).percent(percent)
}

/// An exact amount rounded to the currency's minor unit, half away from zero. `None` if it is too large for a decimal.
pub fn rounded(amount: &Exact, currency: Currency) -> Option<Decimal> {
    let digits = minor_digits(currency);
    let minor_units = amount.rounded_at(digits)?;
    Decimal::try_from_i128_with_scale(minor_units, digits).ok()
}

impl Exact {
    /// So many parts of it. `of` is above zero.
    pub fn part(&self, parts: i64, of: i64) -> Exact {
        self.times(&Exact(Fraction::Small { over: parts.into(), under: of.max(1).into() }))
    }

    /// So many percent of it.
    pub fn percent(&self, percent: Decimal) -> Exact {
        self.times(&exact(percent)).part(1, 100)
    }

    fn times(&self, other: &Exact) -> Exact {
        let small = |a: Parts, b: Parts| Some((a.0.checked_mul(b.0)?, a.1.checked_mul(b.1)?));
        self.with(other, small, |a, b| a * b)
    }

    /// An operation on two amounts: with machine integers where they suffice, else with large ones.
    fn with(
        &self,
        other: &Exact,
        small: impl FnOnce(Parts, Parts) -> Option<Parts>,
        large: impl FnOnce(BigRational, BigRational) -> BigRational,
    ) -> Exact {
        let done = self.parts().zip(other.parts()).and_then(|(a, b)| small(a, b));
        Exact(match done {
            Some((over, under)) => Fraction::Small { over, under },
            None => Fraction::Large(Box::new(large(self.large(), other.large()))),
        })
    }

    fn parts(&self) -> Option<Parts> {
        match self.0 {
            Fraction::Small { over, under } => Some((over, under)),
            Fraction::Large(_) => None,
        }
    }

    fn large(&self) -> BigRational {
        match &self.0 {
            Fraction::Small { over, under } => BigRational::new(BigInt::from(*over), BigInt::from(*under)),
            Fraction::Large(fraction) => (**fraction).clone(),
        }
    }

    /// In units of so many digits after the point, rounded half away from zero.
    fn rounded_at(&self, digits: u32) -> Option<i128> {
        let small =
            self.parts().and_then(|(over, under)| Some((over.checked_mul(10i128.checked_pow(digits)?)?, under)));
        let Some((over, under)) = small else {
            return (self.large() * BigInt::from(10u32).pow(digits)).round().to_integer().to_i128();
        };
        let (whole, rest) = (over / under, (over % under).abs());
        Some(if rest >= under - rest { whole + over.signum() } else { whole })
    }
}

/// What stands over and under the line of a fraction.
type Parts = (i128, i128);

/// Both fractions over one denominator.
fn aligned(a: Parts, b: Parts) -> Option<(i128, i128, i128)> {
    if a.1 == b.1 {
        return Some((a.0, b.0, a.1));
    }
    Some((a.0.checked_mul(b.1)?, b.0.checked_mul(a.1)?, a.1.checked_mul(b.1)?))
}

impl Add for &Exact {
    type Output = Exact;
    fn add(self, other: &Exact) -> Exact {
        let small = |a, b| aligned(a, b).and_then(|(a, b, under)| Some((a.checked_add(b)?, under)));
        self.with(other, small, |a, b| a + b)
    }
}

impl Sub for &Exact {
    type Output = Exact;
    fn sub(self, other: &Exact) -> Exact {
        let small = |a, b| aligned(a, b).and_then(|(a, b, under)| Some((a.checked_sub(b)?, under)));
        self.with(other, small, |a, b| a - b)
    }
}

impl Ord for Exact {
    fn cmp(&self, other: &Exact) -> Ordering {
        match self.parts().zip(other.parts()).and_then(|(a, b)| aligned(a, b)) {
            Some((a, b, _)) => a.cmp(&b),
            None => self.large().cmp(&other.large()),
        }
    }
}

impl PartialOrd for Exact {
    fn partial_cmp(&self, other: &Exact) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Exact {
    fn eq(&self, other: &Exact) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Exact {}

/// The amount as a person reads it: at least the currency's minor digits, no further trailing zeros.
pub fn show(amount: Decimal, currency: Currency) -> String {
    let mut shown = amount.normalize();
    if shown.scale() < minor_digits(currency) {
        shown.rescale(minor_digits(currency));
    }
    shown.to_string()
}

/// An amount cell in eight bytes. Most amounts fit; the few that do not lie in the [`WideAmounts`] of their records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Amount(u64);

const BLANK: u64 = u64::MAX;
const WIDE: u64 = 1 << 63;
const SCALE_BITS: u32 = 5;

impl Amount {
    /// The cell was blank.
    pub const BLANK: Amount = Amount(BLANK);

    /// Whether the cell was blank.
    pub fn is_blank(self) -> bool {
        self == Amount::BLANK
    }

    /// Packs a decimal that is not negative.
    pub fn pack(value: Decimal, wide: &mut WideAmounts) -> Amount {
        let mantissa = value.mantissa().unsigned_abs();
        if mantissa < 1 << (63 - SCALE_BITS) {
            return Amount((mantissa as u64) << SCALE_BITS | u64::from(value.scale()));
        }
        wide.0.push(value);
        Amount(WIDE | (wide.0.len() as u64 - 1))
    }

    /// The longest cell that is sure to be no wide amount.
    pub const SHORT: usize = 17;

    /// An amount of so few digits that it fits, of which `scale` stand after the point.
    pub fn short(digits: u64, scale: u32) -> Option<Amount> {
        (digits < 1 << (63 - SCALE_BITS) && scale < 1 << SCALE_BITS)
            .then_some(Amount(digits << SCALE_BITS | u64::from(scale)))
    }

    /// Whether its value is kept aside.
    #[inline(always)]
    pub(crate) fn is_wide(self) -> bool {
        self.0 & WIDE != 0 && !self.is_blank()
    }

    /// Whether the cell holds an amount above zero.
    pub fn is_positive(self) -> bool {
        // An amount that is kept aside has too many digits to be zero.
        !self.is_blank() && (self.0 & WIDE != 0 || self.0 >> SCALE_BITS != 0)
    }

    /// The cell's value; `None` if it was blank.
    #[inline]
    pub fn value(self, wide: &WideAmounts) -> Option<Decimal> {
        let (mantissa, scale) = self.parts(wide)?;
        Decimal::try_from_i128_with_scale(mantissa, scale).ok()
    }

    /// The digits of the cell's value as a number, and how many of them stand after the point; `None` if it was blank.
    #[inline]
    pub(crate) fn parts(self, wide: &WideAmounts) -> Option<(i128, u32)> {
        if self.is_blank() {
            return None;
        }
        if self.0 & WIDE != 0 {
            return wide.0.get((self.0 ^ WIDE) as usize).map(|value| (value.mantissa(), value.scale()));
        }
        let scale = (self.0 & ((1 << SCALE_BITS) - 1)) as u32;
        Some((i128::from(self.0 >> SCALE_BITS), scale))
    }

    pub(crate) fn to_bits(self) -> u64 {
        self.0
    }

    pub(crate) fn from_bits(bits: u64) -> Amount {
        Amount(bits)
    }

    /// The same amount after its wide amounts were appended to a longer list that had `before` of them.
    pub fn moved(self, before: usize) -> Amount {
        if self.is_blank() || self.0 & WIDE == 0 { self } else { Amount(self.0 + before as u64) }
    }
}

/// Amounts of more than seventeen digits, kept aside.
#[derive(Clone, Debug, Default)]
pub struct WideAmounts(Vec<Decimal>);

impl WideAmounts {
    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Appends another list; its amounts are to be [`Amount::moved`] by the former count.
    pub fn append(&mut self, other: &mut WideAmounts) {
        self.0.append(&mut other.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_survive_packing() {
        let mut wide = WideAmounts::default();
        for text in [
            "0",
            "0.07",
            "1234.50",
            "288230376151711743",
            "288230376151711744",
            "9999999999999999999999999999",
            "0.0000000000000000000000000001",
        ] {
            let value: Decimal = text.parse().unwrap();
            let packed = Amount::pack(value, &mut wide);
            assert_eq!(packed.is_positive(), !value.is_zero(), "{text}");
            assert_eq!(packed.value(&wide).unwrap().to_string(), text);
        }
        assert_eq!(wide.count(), 2);
        assert_eq!(Amount::BLANK.value(&wide), None);
        assert!(!Amount::BLANK.is_positive());
    }

    #[test]
    fn halves_round_away_from_zero_to_the_minor_unit() {
        for (amount, code, rounded) in [
            ("0.005", "USD", "0.01"),
            ("-0.005", "USD", "-0.01"),
            ("0.5", "JPY", "1"),
            ("0.0005", "KWD", "0.001"),
            ("0.00049", "KWD", "0.000"),
        ] {
            let currency = Currency::from_code(code).unwrap();
            assert_eq!(round(amount.parse().unwrap(), currency).to_string(), rounded, "{amount} {code}");
            let exactly = super::rounded(&exact(amount.parse().unwrap()), currency).unwrap();
            assert_eq!(exactly.to_string(), rounded, "{amount} {code}");
        }
    }
    #[test]
    fn exact_amounts_are_the_same_with_small_and_with_large_integers() {
        let currency = Currency::USD;
        let widest = Decimal::MAX;
        let one = exact(Decimal::ONE);
        // Sevenths of the widest amount overflow machine integers once they are added to twelfths.
        for (amount, parts, of) in
            [("1", 1, 3), ("0.07", 5, 12), ("79228162514264337593543950335", 2, 7), ("2.5", -1, 5)]
        {
            let amount: Decimal = amount.parse().unwrap();
            let part = exact(amount).part(parts, of);
            let large = BigRational::new(BigInt::from(amount.mantissa()), BigInt::from(10u32).pow(amount.scale()))
                * BigRational::new(BigInt::from(parts), BigInt::from(of));
            let sum = (0..40).fold(part.clone(), |sum, n| &sum + &exact(widest).part(1, 11 + n));
            let back = (0..40).fold(sum.clone(), |sum, n| &sum - &exact(widest).part(1, 11 + n));
            assert_eq!(part.large(), large);
            assert!(sum.parts().is_none() && sum > part, "{amount}");
            assert_eq!(back, part);
            assert_eq!(super::rounded(&back, currency), super::rounded(&part, currency));
            assert_eq!(part.percent(Decimal::ONE_HUNDRED), part);
            assert_eq!(part > one, large > one.large());
        }
    }

    #[test]
    fn an_amount_that_no_decimal_holds_is_not_rounded() {
        assert_eq!(super::rounded(&exact(Decimal::MAX).part(1_000, 1), Currency::USD), None);
        assert_eq!(super::rounded(&exact(Decimal::MAX), Currency::JPY), Some(Decimal::MAX));
    }
}
