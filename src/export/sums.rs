//! Sums of money per currency, exact whatever the amounts' sizes, over rows used and rejected.

use crate::money::{Amount, Currency, WideAmounts};
use crate::record::MoneySplit;
use rust_decimal::Decimal;

const SCALES: usize = 29;
const SCALE_LIMIT: u32 = 28;

/// Sums by currency; without one they are of rows whose currency cannot be told.
#[derive(Default)]
pub(super) struct Sums {
    by_currency: Vec<(Option<Currency>, [Sum; 2])>,
    /// Where the currency of the last amount stands: the next one mostly has the same.
    last: usize,
}

/// The sum of the mantissas per scale: an addition never rounds and, for fewer than 10^10 amounts, never overflows.
#[derive(Clone, Copy, Default)]
struct Sum([i128; SCALES]);

impl Sums {
    pub(super) fn add(&mut self, currency: Option<Currency>, amount: Amount, wide: &WideAmounts, is_used: bool) {
        let Some((mantissa, scale)) = amount.parts(wide) else { return };
        if self.by_currency.get(self.last).is_none_or(|(last, _)| *last != currency) {
            let known = self.by_currency.iter().position(|(known, _)| *known == currency);
            self.last = known.unwrap_or(self.by_currency.len());
            if known.is_none() {
                self.by_currency.push((currency, Default::default()));
            }
        }
        if let Some((_, [used, rejected])) = self.by_currency.get_mut(self.last) {
            let sum = if is_used { used } else { rejected };
            sum.add(mantissa, scale);
        }
    }

    /// The sums by code; or the codes of those that have more digits than can be told.
    pub(super) fn finish(self) -> Result<Vec<MoneySplit>, Vec<&'static str>> {
        let (mut splits, mut too_large) = (Vec::new(), Vec::new());
        let code = |currency: Option<Currency>| currency.map_or("", |currency| currency.code());
        let mut by_code: Vec<_> = self.by_currency.into_iter().map(|(currency, sums)| (code(currency), sums)).collect();
        by_code.sort_by_key(|(code, _)| *code);
        for (code, [used, rejected]) in by_code {
            match (used.total(), rejected.total()) {
                (Some(used), Some(rejected)) => splits.push(MoneySplit { currency: code.to_owned(), used, rejected }),
                _ => too_large.push(code),
            }
        }
        if too_large.is_empty() { Ok(splits) } else { Err(too_large) }
    }
}

impl Sum {
    fn add(&mut self, mantissa: i128, scale: u32) {
        if let Some(sum) = self.0.get_mut(scale as usize) {
            *sum = sum.saturating_add(mantissa);
        }
    }

    /// The exact sum, or `None` if it has more digits than a decimal holds.
    fn total(&self) -> Option<Decimal> {
        let (mut whole, mut fraction): (i128, i128) = (0, 0);
        let mut scale = 0;
        let one = 10_i128.pow(SCALE_LIMIT);
        for (digits, sum) in (0..).zip(self.0) {
            let unit = 10_i128.checked_pow(digits)?;
            whole = whole.checked_add(sum / unit)?;
            fraction = fraction.checked_add((sum % unit).checked_mul(one / unit)?)?;
            scale = if sum == 0 { scale } else { digits };
        }
        whole = whole.checked_add(fraction / one)?;
        let fraction = fraction % one / 10_i128.checked_pow(SCALE_LIMIT.checked_sub(scale)?)?;
        let mantissa = whole.checked_mul(10_i128.checked_pow(scale)?)?.checked_add(fraction)?;
        Decimal::try_from_i128_with_scale(mantissa, scale).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn total(amounts: &[&str]) -> Option<String> {
        let mut sum = Sum::default();
        let amounts = amounts.iter().map(|amount| amount.parse::<Decimal>().unwrap());
        amounts.for_each(|amount| sum.add(amount.mantissa(), amount.scale()));
        sum.total().map(|d| d.to_string())
    }

    #[test]
    fn sums_are_exact_or_refused() {
        assert_eq!(total(&[]).as_deref(), Some("0"));
        assert_eq!(total(&["0.1", "0.25", "7"]).as_deref(), Some("7.35"));
        assert_eq!(total(&["0.5", "0.5"]).as_deref(), Some("1.0"));
        assert_eq!(total(&["9999999999999999999999999999"; 7]).as_deref(), Some("69999999999999999999999999993"));
        assert_eq!(total(&["9999999999999999999999999999"; 8]), None);
        assert_eq!(total(&["9999999999999999999999999999", "0.0000000000000000000000000001"]), None);
    }

    #[test]
    fn currencies_are_sorted_and_apart() {
        let (mut sums, mut wide) = (Sums::default(), WideAmounts::default());
        for (currency, amount, is_used) in [
            (Some(Currency::USD), Decimal::ONE, true),
            (None, Decimal::TWO, false),
            (Some(Currency::EUR), Decimal::MAX, true),
        ] {
            let amount = Amount::pack(amount, &mut wide);
            sums.add(currency, amount, &wide, is_used);
        }
        let codes: Vec<String> = sums.finish().unwrap().into_iter().map(|s| s.currency).collect();
        assert_eq!(codes, ["", "EUR", "USD"]);
    }
}
