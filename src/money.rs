//! Amounts and currencies: exact decimals, rounded once, half away from zero.

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::ToPrimitive;
use rust_decimal::{Decimal, RoundingStrategy};

pub use iso_currency::Currency;

/// The number of digits after the point in which a currency is paid (ISO 4217; 0 where the standard names none).
pub fn minor_digits(currency: Currency) -> u32 {
    currency.exponent().map_or(0, u32::from)
}

/// One minor unit of the currency: 0.01 for USD, 1 for JPY, 0.001 for KWD.
pub fn unit(currency: Currency) -> Decimal {
    Decimal::new(1, minor_digits(currency))
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

/// An amount before it is rounded. Shares such as a twelfth have no end as decimals, and sums of them must not be off
/// by a digit when they are rounded.
pub type Exact = BigRational;

/// A decimal as an exact amount.
pub fn exact(amount: Decimal) -> Exact {
    Exact::new(BigInt::from(amount.mantissa()), BigInt::from(10u32).pow(amount.scale()))
}

/// So many percent of an amount.
pub fn percent_of(amount: Decimal, percent: Decimal) -> Exact {
    exact(amount) * exact(percent) / BigInt::from(100)
}

/// An exact amount rounded to the currency's minor unit, half away from zero. `None` if it is too large for a decimal.
pub fn rounded(amount: &Exact, currency: Currency) -> Option<Decimal> {
    let digits = minor_digits(currency);
    let minor_units = (amount * BigInt::from(10u32).pow(digits)).round().to_integer().to_i128()?;
    Decimal::try_from_i128_with_scale(minor_units, digits).ok()
}

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

    /// The cell's value; `None` if it was blank.
    pub fn value(self, wide: &WideAmounts) -> Option<Decimal> {
        if self.is_blank() {
            return None;
        }
        if self.0 & WIDE != 0 {
            return wide.0.get((self.0 ^ WIDE) as usize).copied();
        }
        let scale = (self.0 & ((1 << SCALE_BITS) - 1)) as u32;
        Decimal::try_from_i128_with_scale(i128::from(self.0 >> SCALE_BITS), scale).ok()
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
            assert_eq!(packed.value(&wide).unwrap().to_string(), text);
        }
        assert_eq!(wide.count(), 2);
        assert_eq!(Amount::BLANK.value(&wide), None);
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
}
