//! The cases with the largest money effects, in each currency apart: amounts of different currencies are not compared.

use crate::check::outcome::Verdict;
use crate::finding::Finding;
use crate::money::Currency;
use crate::record::Books;
use rust_decimal::Decimal;
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// How many cases of a currency are kept.
pub const MOST: usize = 10;

/// A case with its largest money effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Large {
    /// The amount: positive in the client's favour.
    pub amount: Decimal,
    /// Its currency.
    pub currency: Currency,
    /// The id of the finding.
    pub finding: String,
    /// The finding's message.
    pub message: String,
    /// By what findings are sorted: policy, rule, request, invoice, line and decision.
    pub key: [String; 6],
}

impl Large {
    fn of(finding: &Finding<'_>, amount: Decimal, books: &Books) -> Large {
        Large {
            amount,
            currency: finding.currency,
            finding: finding.id(books),
            message: finding.message.clone(),
            key: finding.key(books).map(str::to_owned),
        }
    }

    /// The request's id; empty for a finding about an invoice line.
    pub fn request(&self) -> &str {
        let [_, _, request, ..] = &self.key;
        request
    }

    /// Whether both are about the same case. A finding about an invoice line is a case of its own.
    fn same_case(&self, other: &Large) -> bool {
        !self.request().is_empty() && self.request() == other.request()
    }

    /// The larger first; of +x and -x the positive, and of equal ones that whose finding comes first.
    fn order(&self, other: &Large) -> Ordering {
        let rank = |large: &Large| (large.amount.abs(), large.amount.is_sign_positive());
        rank(other).cmp(&rank(self)).then_with(|| self.key.cmp(&other.key))
    }
}

/// The largest cases by currency code.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Largest(BTreeMap<&'static str, Vec<Large>>);

impl Largest {
    /// The largest among deviations.
    pub fn of(findings: &[Finding<'_>], books: &Books) -> Largest {
        let mut largest = Largest::default();
        for finding in findings.iter().filter(|finding| finding.verdict == Verdict::Deviation) {
            let Some(amount) = finding.amount.filter(|amount| !amount.is_zero()) else { continue };
            let kept = largest.0.entry(finding.currency.code()).or_default();
            // Most are smaller than what is kept already, and need no text.
            if kept.len() < MOST || kept.last().is_none_or(|last| amount.abs() >= last.amount.abs()) {
                keep(kept, Large::of(finding, amount, books));
            }
        }
        largest
    }

    /// Adds those of another part of the population. No case is in both.
    pub fn add(&mut self, other: Largest) {
        for (code, cases) in other.0 {
            let kept = self.0.entry(code).or_default();
            cases.into_iter().for_each(|large| keep(kept, large));
        }
    }

    /// Those of each currency, the largest first.
    pub fn by_currency(&self) -> impl Iterator<Item = (&'static str, &[Large])> {
        self.0.iter().map(|(code, cases)| (*code, cases.as_slice()))
    }
}

/// Puts a case in its place, if it is among the largest.
fn keep(kept: &mut Vec<Large>, large: Large) {
    match kept.iter().position(|other| other.same_case(&large)) {
        Some(at) if kept.get(at).is_some_and(|other| other.order(&large).is_le()) => return,
        Some(at) => drop(kept.remove(at)),
        None => {}
    }
    let at = kept.partition_point(|other| other.order(&large).is_lt());
    kept.insert(at, large);
    kept.truncate(MOST);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn large(amount: i64, request: &str, rule: &str) -> Large {
        Large {
            amount: amount.into(),
            currency: Currency::from_code("USD").unwrap(),
            finding: String::new(),
            message: String::new(),
            key: ["p", rule, request, "i", "", ""].map(str::to_owned),
        }
    }

    #[test]
    fn a_case_is_kept_once_with_its_largest_amount() {
        for (cases, expected) in [
            (&[(5, "a", "r"), (7, "b", "r")][..], &[(7, "b"), (5, "a")][..]),
            (&[(5, "a", "r"), (-7, "a", "s")], &[(-7, "a")]),
            (&[(-7, "a", "s"), (5, "a", "r")], &[(-7, "a")]),
            (&[(-7, "a", "r"), (7, "a", "s")], &[(7, "a")]),
            (&[(3, "", "r"), (3, "", "s")], &[(3, ""), (3, "")]),
            (&[(3, "b", "r"), (3, "a", "r")], &[(3, "a"), (3, "b")]),
        ] {
            let mut kept = Vec::new();
            cases.iter().for_each(|(amount, request, rule)| keep(&mut kept, large(*amount, request, rule)));
            let found: Vec<(Decimal, &str)> = kept.iter().map(|large| (large.amount, large.request())).collect();
            assert_eq!(found, expected.iter().map(|(a, r)| (Decimal::from(*a), *r)).collect::<Vec<_>>());
        }
    }

    #[test]
    fn no_more_are_kept_than_asked_for_in_any_order() {
        let mut kept = Vec::new();
        (0..40).for_each(|at| keep(&mut kept, large(at * 7 % 40, &format!("r{at}"), "r")));
        assert_eq!(kept.len(), MOST);
        assert!(kept.iter().map(|large| large.amount).eq((30..40).rev().map(Decimal::from)));
    }
}
