//! Back-test: all history judged under two sets of policies, and what differs between them.

use crate::audit::{AsOf, Options, Report, Unreconciled, as_of, audit_as_of};
use crate::check::outcome::Verdict;
use crate::finding::Finding;
use crate::money::Currency;
use crate::policy::Catalogue;
use crate::record::Books;
use crate::report::Results;
use crate::report::exposure::{By, Exposure, Exposures, Groups};
use itertools::{EitherOrBoth, Itertools};
use rust_decimal::Decimal;
use std::collections::{BTreeMap, BTreeSet};

/// What differs between two judgements of the same cases.
pub struct Comparison<'a> {
    /// The day as of which the cases were read, under both.
    pub as_of: AsOf,
    /// How many cases were judged under the base.
    pub evaluated: u64,
    /// How many cases and invoice lines have a finding on one side that differs on the other.
    pub cases: u64,
    /// By rule, request, invoice, line and decision.
    pub flips: Vec<Flip<'a>>,
    /// The money at stake under both, by currency code.
    pub stakes: BTreeMap<&'static str, (Currency, [Exposure; 2])>,
}

/// A finding of which the verdict or the amount is not the same on both sides. `None`: no finding.
pub struct Flip<'a> {
    /// Under the base.
    pub base: Option<Finding<'a>>,
    /// Under what was changed.
    pub changed: Option<Finding<'a>>,
}

/// The direction of a flip: from one verdict to another. `None`: no finding, the rule was kept or did not apply.
pub type Direction = (Option<Verdict>, Option<Verdict>);

/// The flips of a rule in one direction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Flipped {
    /// How many.
    pub count: u64,
    /// The amounts of its deviations under both, by currency code.
    pub amounts: BTreeMap<&'static str, (Currency, [Exposure; 2])>,
}

impl<'a> Flip<'a> {
    /// One of the two findings; the changed one if there is.
    pub fn finding(&self) -> Option<&Finding<'a>> {
        self.changed.as_ref().or(self.base.as_ref())
    }

    /// From which verdict to which.
    pub fn direction(&self) -> Direction {
        let verdict = |finding: &Option<Finding<'_>>| finding.as_ref().map(|finding| finding.verdict);
        (verdict(&self.base), verdict(&self.changed))
    }

    /// The money effect of the deviation on each side.
    pub fn amounts(&self) -> [Option<Decimal>; 2] {
        [&self.base, &self.changed].map(|side| {
            let deviation = side.as_ref().filter(|finding| finding.verdict == Verdict::Deviation);
            deviation.and_then(|finding| finding.amount)
        })
    }

    /// By how much the money effect of the deviation changed; 0 where neither side has one.
    pub fn moved(&self) -> Decimal {
        let [base, changed] = self.amounts().map(Option::unwrap_or_default);
        changed.saturating_sub(base)
    }
}

/// Judges the books under two catalogues whose families are the same, and compares.
///
/// # Errors
/// When the counts of either do not add up, which would be an error of the program.
pub fn compare<'a>(
    [base, changed]: [&'a Catalogue; 2],
    books: &'a Books,
    options: &Options,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Comparison<'a>, Unreconciled> {
    let options = Options { include_indeterminate: true, ..options.clone() };
    let as_of = as_of(base, books, &options);
    let judge = |catalogue| audit_as_of(catalogue, books, &options, as_of, progress);
    let (before, after) = (judge(base)?, judge(changed)?);
    let stakes = stakes([(base, &before), (changed, &after)], books);
    let evaluated = before.cases.evaluated;
    let flips = flips(before.findings, after.findings, books);
    let cases = flips.iter().filter_map(Flip::finding).map(Finding::case).collect::<BTreeSet<_>>().len() as u64;
    Ok(Comparison { as_of, evaluated, cases, flips, stakes })
}

/// The money at stake on both sides.
fn stakes(sides: [(&Catalogue, &Report<'_>); 2], books: &Books) -> BTreeMap<&'static str, (Currency, [Exposure; 2])> {
    let mut stakes = BTreeMap::new();
    for (side, (catalogue, report)) in sides.into_iter().enumerate() {
        let groups = Groups::of(Results { catalogue, books, report });
        let all: Option<&Exposures> = groups.by(By::All).next().map(|(_, group)| &group.exposure);
        for (code, (currency, exposure)) in all.into_iter().flatten() {
            let (_, both) = stakes.entry(*code).or_insert((*currency, [Exposure::default(); 2]));
            both[side] = *exposure;
        }
    }
    stakes
}

/// The findings of two reports side by side, without those that are the same. Both are sorted by their keys.
fn flips<'a>(base: Vec<Finding<'a>>, changed: Vec<Finding<'a>>, books: &Books) -> Vec<Flip<'a>> {
    let sides = base.into_iter().merge_join_by(changed, |before, after| before.key(books).cmp(&after.key(books)));
    let flip = |sides: EitherOrBoth<Finding<'a>>| {
        let (base, changed) = sides.left_and_right();
        Flip { base, changed }
    };
    let differs = |flip: &Flip<'_>| {
        let amount = |finding: &Option<Finding<'_>>| finding.as_ref().and_then(|finding| finding.amount);
        let (before, after) = flip.direction();
        before != after || amount(&flip.base) != amount(&flip.changed)
    };
    sides.map(flip).filter(differs).collect()
}

impl Comparison<'_> {
    /// The flips by rule and direction, in the order of the rules' ids.
    pub fn by_rule(&self) -> BTreeMap<(&str, Direction), Flipped> {
        let mut rules: BTreeMap<(&str, Direction), Flipped> = BTreeMap::new();
        for flip in &self.flips {
            let Some(finding) = flip.finding() else { continue };
            let flipped = rules.entry((&finding.rule.rule.id, flip.direction())).or_default();
            flipped.count += 1;
            let currency = finding.currency;
            for (side, amount) in flip.amounts().into_iter().enumerate() {
                if let Some(amount) = amount {
                    let (_, both) =
                        flipped.amounts.entry(currency.code()).or_insert((currency, [Exposure::default(); 2]));
                    both[side].count(amount);
                }
            }
        }
        rules
    }

    /// The flips that move the most money, the largest first, at most so many in each currency.
    pub fn largest(&self, most: usize) -> Vec<&Flip<'_>> {
        let mut by_currency: BTreeMap<&str, Vec<(&Flip<'_>, Decimal)>> = BTreeMap::new();
        for flip in &self.flips {
            let moved = flip.moved();
            if let Some(finding) = flip.finding().filter(|_| !moved.is_zero()) {
                by_currency.entry(finding.currency.code()).or_default().push((flip, moved.abs()));
            }
        }
        let largest = by_currency.into_values().flat_map(|mut flips| {
            flips.sort_by_key(|(_, moved)| std::cmp::Reverse(*moved));
            flips.into_iter().take(most).map(|(flip, _)| flip)
        });
        largest.collect()
    }
}
