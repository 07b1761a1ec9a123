//! Money at stake: grouped by polars, added up exactly.
//!
//! A case's exposure is the largest absolute amount among its deviations, so that one dollar is not counted twice; of
//! +x and −x the positive counts. A finding about an invoice line is a case of its own. Within a group, only the
//! deviations of the group are looked at: a case with deviations under two rules counts with each, and so the groups
//! of a rule may add up to more than the whole.

use super::Results;
use crate::check::outcome::Verdict;
use crate::finding::Finding;
use crate::money::{Currency, minor_digits};
use crate::policy::Catalogue;
use crate::policy::rule::Severity;
use chrono::Datelike;
use polars::prelude::{
    ChunkCompareIneq, DataFrame, Int128Chunked, IntoColumn, IntoSeries, NamedFrom, NewChunkedArray, PolarsError,
    PolarsResult, Series,
};
use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// An amount that is not negative and may have more digits than a decimal holds: whole units, and a fraction counted
/// in units of the smallest decimal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Total {
    whole: i128,
    fraction: i128,
}

/// The most digits that a decimal has after its point.
const SCALE: u32 = Decimal::MAX_SCALE;
const ONE: i128 = 10_i128.pow(SCALE);
/// The most digits of a decimal of polars.
const PRECISION: usize = 38;

impl Total {
    fn of(amount: Decimal) -> Total {
        let amount = amount.abs();
        let fraction = amount.fract();
        Total {
            whole: amount.trunc().mantissa(),
            fraction: fraction.mantissa() * 10_i128.pow(SCALE - fraction.scale()),
        }
    }

    fn sum(whole: i128, fraction: i128) -> Total {
        Total { whole: whole + fraction / ONE, fraction: fraction % ONE }
    }

    /// Whether it is nothing.
    pub fn is_zero(self) -> bool {
        self == Total::default()
    }

    /// The digits before the point, and those after it: at least as many as the currency's minor unit has.
    pub fn digits(self, currency: Currency) -> (String, String) {
        let fraction = format!("{:0width$}", self.fraction, width = SCALE as usize);
        let least = minor_digits(currency) as usize;
        let used = fraction.trim_end_matches('0').len().max(least);
        (self.whole.to_string(), fraction.chars().take(used).collect())
    }

    /// As a plain decimal.
    pub fn show(self, currency: Currency) -> String {
        let (whole, fraction) = self.digits(currency);
        if fraction.is_empty() { whole } else { format!("{whole}.{fraction}") }
    }
}

/// The money at stake in one currency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Exposure {
    /// In the client's favour: given or kept back too much.
    pub over: Total,
    /// To the client's loss.
    pub under: Total,
}

/// By currency code.
pub type Exposures = BTreeMap<&'static str, (Currency, Exposure)>;

/// The findings of a group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Group {
    /// How many deviations.
    pub deviation: u64,
    /// How many for a person to judge.
    pub review: u64,
    /// The money at stake in its deviations.
    pub exposure: Exposures,
}

/// By what findings are grouped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// Not at all: one group, number 0.
    All,
    /// The case's policy, by its number in the catalogue.
    Policy,
    /// The rule, by the number in the report under which its id first stands.
    Rule,
    /// The rule's severity, by its number in [`Severity::ALL`].
    Severity,
    /// The month of the finding's date: twelve times the year, and the months of that year before it.
    Month,
    /// Who decided, by the number of the text.
    DecidedBy,
}

impl By {
    const ALL: [By; 6] = [By::All, By::Policy, By::Rule, By::Severity, By::Month, By::DecidedBy];

    fn column(self) -> &'static str {
        match self {
            By::All => "all",
            By::Policy => "policy",
            By::Rule => "rule",
            By::Severity => "severity",
            By::Month => "month",
            By::DecidedBy => "decided_by",
        }
    }

    fn number(self, finding: &Finding<'_>, rules: &BTreeMap<&str, u32>, catalogue: &Catalogue) -> u32 {
        let number = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        match self {
            By::All => 0,
            By::Policy => catalogue.policies.iter().position(|p| p.name == finding.policy.name).map_or(0, number),
            By::Rule => rules.get(finding.rule.rule.id.as_str()).copied().unwrap_or_default(),
            By::Severity => Severity::ALL.iter().position(|s| *s == finding.rule.rule.severity).map_or(0, number),
            By::Month => u32::try_from(finding.date.year() * 12).unwrap_or(0) + finding.date.month0(),
            By::DecidedBy => number(finding.decided_by.index()),
        }
    }
}

/// The deviations and reviews of a report as a table of numbers.
pub struct Stakes {
    /// A row per finding: its group in every respect, whether it is a deviation, its case, its currency, and its rank.
    rows: DataFrame,
    /// Those of the rows that put money at stake.
    at_stake: DataFrame,
    /// The amounts by rank: the largest last, and of +x and −x the positive.
    amounts: Vec<Decimal>,
    currencies: Vec<Currency>,
}

const DEVIATION: &str = "deviation";
const CASE: &str = "case";
const CURRENCY: &str = "currency";
const RANK: &str = "rank";
const OVER: &str = "over";
const WHOLE: &str = "whole";
const FRACTION: &str = "fraction";

/// The rank of a finding that puts no money at stake.
const NOTHING: u32 = 0;

impl Stakes {
    /// Lays the findings of a report out in columns.
    ///
    /// # Errors
    /// None that an input can cause: polars reports misuse this way.
    pub fn of(results: Results<'_>) -> PolarsResult<Stakes> {
        let written_up = |f: &&Finding<'_>| matches!(f.verdict, Verdict::Deviation | Verdict::Review);
        let findings: Vec<&Finding<'_>> = results.report.findings.iter().filter(written_up).collect();
        let deviation = |f: &Finding<'_>| f.verdict == Verdict::Deviation;
        let amount =
            |f: &Finding<'_>| f.amount.filter(|_| deviation(f)).map(|a| if a.is_zero() { Decimal::ZERO } else { a });
        let order = |a: &Decimal| (a.abs(), a.is_sign_positive());
        let mut amounts: Vec<Decimal> = findings.iter().filter_map(|f| amount(f)).collect();
        amounts.sort_by_key(order);
        amounts.dedup();
        let rank = |f: &Finding<'_>| {
            let at = amount(f).map(|a| amounts.partition_point(|other| order(other) < order(&a)) + 1);
            at.map_or(NOTHING, |at| u32::try_from(at).unwrap_or(u32::MAX))
        };
        let mut currencies: Vec<Currency> = findings.iter().map(|f| f.currency).collect();
        currencies.sort_by_key(|c| c.code());
        currencies.dedup();
        let currency = |f: &Finding<'_>| currencies.partition_point(|c| c.code() < f.currency.code()) as u32;
        let mut rules: BTreeMap<&str, u32> = BTreeMap::new();
        for (at, listed) in (0..).zip(&results.report.rules) {
            rules.entry(&listed.rule.id).or_insert(at);
        }
        // The cases are numbered by their text, the lines of invoices by their row, counted on from there.
        let texts = results.books.texts.limit() as u64;
        let case =
            |(at, f): (u64, &&Finding<'_>)| if f.request.is_blank() { texts + at } else { f.request.index() as u64 };
        let mut columns: Vec<_> = By::ALL
            .iter()
            .map(|by| numbers(by.column(), findings.iter().map(|f| by.number(f, &rules, results.catalogue))))
            .collect();
        columns.push(numbers(DEVIATION, findings.iter().map(|f| u32::from(deviation(f)))));
        columns.push(numbers(CURRENCY, findings.iter().map(|f| currency(f))));
        columns.push(numbers(RANK, findings.iter().map(|f| rank(f))));
        columns.push(Series::new(CASE.into(), (0..).zip(&findings).map(case).collect::<Vec<u64>>()));
        let rows = DataFrame::new_infer_height(columns.into_iter().map(IntoColumn::into_column).collect())?;
        let at_stake = rows.filter(&rows.column(RANK)?.as_materialized_series().u32()?.gt(NOTHING))?;
        Ok(Stakes { rows, at_stake, amounts, currencies })
    }

    /// The groups in one respect, by their number.
    ///
    /// # Errors
    /// None that an input can cause: polars reports misuse this way.
    pub fn by(&self, by: By) -> PolarsResult<BTreeMap<u32, Group>> {
        let mut groups: BTreeMap<u32, Group> = BTreeMap::new();
        let counts = self.rows.group_by_stable([by.column(), DEVIATION])?.select([CASE]).count()?;
        let read = u32s(&counts, by.column())?.into_iter().zip(u32s(&counts, DEVIATION)?);
        for ((key, deviation), count) in read.zip(u32s(&counts, "case_count")?) {
            let group = groups.entry(key).or_default();
            let place = if deviation == 1 { &mut group.deviation } else { &mut group.review };
            *place = u64::from(count);
        }
        let sums = self.sums(by.column())?;
        for (at, (key, currency)) in u32s(&sums, by.column())?.into_iter().zip(u32s(&sums, CURRENCY)?).enumerate() {
            let Some(currency) = self.currencies.get(currency as usize) else { continue };
            let exposures = &mut groups.entry(key).or_default().exposure;
            let (_, exposure) = exposures.entry(currency.code()).or_insert((*currency, Exposure::default()));
            let total = Total::sum(i128_at(&sums, "whole_sum", at)?, i128_at(&sums, "fraction_sum", at)?);
            let over = u32s(&sums, OVER)?.get(at) == Some(&1);
            *(if over { &mut exposure.over } else { &mut exposure.under }) = total;
        }
        Ok(groups)
    }

    /// Per group, currency and direction: what its cases' exposures add up to.
    #[expect(deprecated, reason = "its successors are in the lazy interface, which brings the streaming engine along")]
    fn sums(&self, key: &str) -> PolarsResult<DataFrame> {
        let largest = self.at_stake.group_by_stable([key, CURRENCY, CASE])?.select([RANK]).max()?;
        let ranks = u32s(&largest, "rank_max")?;
        let amounts: Vec<Option<Decimal>> =
            ranks.iter().map(|rank| self.amounts.get((*rank as usize).checked_sub(1)?).copied()).collect();
        let totals: Vec<Total> = amounts.iter().map(|a| a.map_or(Total::default(), Total::of)).collect();
        let over = amounts.iter().map(|a| u32::from(a.is_none_or(|a| a.is_sign_positive())));
        let decimals = |name: &str, scale: usize, pick: fn(&Total) -> i128| -> PolarsResult<Series> {
            let values = Int128Chunked::from_iter_values(name.into(), totals.iter().map(pick));
            Ok(values.into_decimal(PRECISION, scale)?.into_series())
        };
        let columns = vec![
            largest.column(key)?.clone(),
            largest.column(CURRENCY)?.clone(),
            numbers(OVER, over).into_column(),
            decimals(WHOLE, 0, |total| total.whole)?.into_column(),
            decimals(FRACTION, SCALE as usize, |total| total.fraction)?.into_column(),
        ];
        let exposures = DataFrame::new_infer_height(columns)?;
        exposures.group_by_stable([key, CURRENCY, OVER])?.select([WHOLE, FRACTION]).sum()
    }
}

fn numbers(name: &str, values: impl Iterator<Item = u32>) -> Series {
    Series::new(name.into(), values.collect::<Vec<u32>>())
}

fn u32s(frame: &DataFrame, column: &str) -> PolarsResult<Vec<u32>> {
    let column = frame.column(column)?.as_materialized_series();
    Ok(column.u32()?.iter().flatten().collect())
}

fn i128_at(frame: &DataFrame, column: &str, at: usize) -> PolarsResult<i128> {
    let decimals = frame.column(column)?.as_materialized_series().decimal()?;
    decimals.physical().get(at).ok_or_else(|| PolarsError::NoData("a group has no sum".into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_are_exact_beyond_what_a_decimal_holds() {
        let [usd, jpy] = ["USD", "JPY"].map(|code| Currency::from_code(code).unwrap());
        for (amounts, currency, shown) in [
            (&["0"][..], usd, "0.00"),
            (&["0"], jpy, "0"),
            (&["1.5", "2.25"], usd, "3.75"),
            (&["-1.5"], usd, "1.50"),
            (&["0.999", "0.001"], usd, "1.00"),
            (&["0.5", "0.25"], jpy, "0.75"),
            (
                &["79228162514264337593543950335", "0.0000000000000000000000000001"],
                jpy,
                "79228162514264337593543950335.0000000000000000000000000001",
            ),
            (
                &["79228162514264337593543950335", "79228162514264337593543950335"],
                usd,
                "158456325028528675187087900670.00",
            ),
        ] {
            let totals: Vec<Total> = amounts.iter().map(|a| Total::of(a.parse().unwrap())).collect();
            let sum = Total::sum(totals.iter().map(|t| t.whole).sum(), totals.iter().map(|t| t.fraction).sum());
            assert_eq!(sum.show(currency), shown);
        }
    }
}
