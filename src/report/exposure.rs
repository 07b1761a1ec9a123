//! Findings in groups, and the money at stake in them, added up exactly.
//!
//! A case's exposure is the largest absolute amount among its deviations, so that one dollar is not counted twice; of
//! +x and −x the positive counts. A finding about an invoice line is a case of its own. Within a group, only the
//! deviations of the group are looked at: a case with deviations under two rules counts with each, and so the groups
//! of a rule may add up to more than the whole.

use super::Results;
use crate::check::outcome::Verdict;
use crate::finding::Finding;
use crate::money::{Currency, minor_digits};
use crate::policy::rule::Severity;
use crate::text::Sym;
use chrono::Datelike;
use foldhash::fast::FixedState;
use hashbrown::HashMap;
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

impl Total {
    fn of(amount: Decimal) -> Total {
        let amount = amount.abs();
        let fraction = amount.fract();
        Total {
            whole: amount.trunc().mantissa(),
            fraction: fraction.mantissa() * 10_i128.pow(SCALE - fraction.scale()),
        }
    }

    /// Adds another. The whole units of fewer than 10^9 amounts never overflow.
    fn add(&mut self, other: Total) {
        let fraction = self.fraction + other.fraction;
        self.whole = self.whole.saturating_add(other.whole).saturating_add(fraction / ONE);
        self.fraction = fraction % ONE;
    }

    /// The difference to another: whether that is the larger, and by how much they differ.
    pub fn to(self, other: Total) -> (bool, Total) {
        let (less, more) = if other >= self { (self, other) } else { (other, self) };
        let borrowed = more.fraction < less.fraction;
        let fraction = more.fraction + if borrowed { ONE } else { 0 } - less.fraction;
        let whole = more.whole.saturating_sub(less.whole).saturating_sub(borrowed.into());
        (other > self, Total { whole, fraction })
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

impl Exposure {
    /// Adds an amount: positive in the client's favour. Nothing is neither.
    pub fn count(&mut self, amount: Decimal) {
        let over = amount.is_sign_positive() || amount.is_zero();
        (if over { &mut self.over } else { &mut self.under }).add(Total::of(amount));
    }

    fn add(&mut self, other: Exposure) {
        self.over.add(other.over);
        self.under.add(other.under);
    }
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

impl Group {
    fn add(&mut self, other: Group) {
        self.deviation += other.deviation;
        self.review += other.review;
        for (code, (currency, exposure)) in other.exposure {
            self.exposure.entry(code).or_insert((currency, Exposure::default())).1.add(exposure);
        }
    }
}

/// By what findings are grouped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
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

/// The deviations and reviews of a part of the population, grouped in every respect.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Groups {
    /// By respect and number.
    numbered: BTreeMap<(By, u32), Group>,
    /// By who decided; empty where that is not recorded.
    decided_by: BTreeMap<String, Group>,
}

impl Groups {
    /// Groups the findings of a report.
    pub fn of(results: Results<'_>) -> Groups {
        let mut sorter = Sorter::of(results);
        let (mut counts, mut stakes) = (Counts::default(), Vec::new());
        for finding in &results.report.findings {
            let is_deviation = match finding.verdict {
                Verdict::Deviation => true,
                Verdict::Review => false,
                Verdict::Compliant | Verdict::Indeterminate => continue,
            };
            let groups = sorter.groups(finding);
            groups.iter().for_each(|group| counts.count(*group, is_deviation));
            if let Some(amount) = finding.amount.filter(|_| is_deviation) {
                stakes.push(Stake { case: finding.request, groups, currency: finding.currency, amount });
            }
        }
        stakes.sort_unstable_by_key(|stake| stake.case);
        for case in stakes.chunk_by_mut(|a, b| a.case == b.case && !a.case.is_blank()) {
            counts.stake(case);
        }
        counts.finish(|number| results.books.texts.at(number as usize).to_owned())
    }

    /// Adds the groups of another part of the population. No case is in both.
    pub fn add(&mut self, other: Groups) {
        for (key, group) in other.numbered {
            self.numbered.entry(key).or_default().add(group);
        }
        for (name, group) in other.decided_by {
            self.decided_by.entry(name).or_default().add(group);
        }
    }

    /// The groups in one respect, by their number; none by who decided.
    pub fn by(&self, by: By) -> impl Iterator<Item = (u32, &Group)> {
        self.numbered.range((by, 0)..=(by, u32::MAX)).map(|((_, number), group)| (*number, group))
    }

    /// The groups by who decided.
    pub fn by_decided_by(&self) -> impl Iterator<Item = (&str, &Group)> {
        self.decided_by.iter().map(|(name, group)| (name.as_str(), group))
    }
}

/// A group among those of all respects.
type Key = (By, u32);

/// The money effect of a deviation.
struct Stake {
    /// The request; blank for a finding about an invoice line.
    case: Sym,
    groups: [Key; 6],
    currency: Currency,
    amount: Decimal,
}

impl Stake {
    /// By which the largest is found: of +x and −x the positive. Nothing is neither.
    fn rank(&self) -> (Decimal, bool) {
        (self.amount.abs(), self.amount.is_sign_positive() || self.amount.is_zero())
    }
}

/// Finds the groups of findings.
struct Sorter<'a> {
    results: Results<'a>,
    /// The number under which a rule's id first stands.
    rules: BTreeMap<&'a str, u32>,
    /// The finding before: one of the same policy and rule follows more often than not.
    last: Option<(&'a Finding<'a>, [Key; 3])>,
}

impl<'a> Sorter<'a> {
    fn of(results: Results<'a>) -> Sorter<'a> {
        let mut rules = BTreeMap::new();
        for (at, listed) in (0..).zip(&results.report.rules) {
            rules.entry(listed.rule.id.as_str()).or_insert(at);
        }
        Sorter { results, rules, last: None }
    }

    fn groups(&mut self, finding: &'a Finding<'a>) -> [Key; 6] {
        let same = |last: &Finding<'_>| {
            std::ptr::eq(last.policy, finding.policy) && std::ptr::eq(last.rule.rule, finding.rule.rule)
        };
        let [policy, rule, severity] = match self.last {
            Some((last, groups)) if same(last) => groups,
            _ => self.groups_of_rule(finding),
        };
        self.last = Some((finding, [policy, rule, severity]));
        let month = u32::try_from(finding.date.year() * 12).unwrap_or(0) + finding.date.month0();
        let decided_by = u32::try_from(finding.decided_by.index()).unwrap_or(u32::MAX);
        [(By::All, 0), policy, rule, severity, (By::Month, month), (By::DecidedBy, decided_by)]
    }

    fn groups_of_rule(&self, finding: &Finding<'_>) -> [Key; 3] {
        let number = |at: Option<usize>| at.and_then(|at| u32::try_from(at).ok()).unwrap_or_default();
        let rule = finding.rule.rule;
        let policy = self.results.catalogue.policies.iter().position(|policy| policy.name == finding.policy.name);
        let severity = Severity::ALL.iter().position(|severity| *severity == rule.severity);
        let of_id = self.rules.get(rule.id.as_str()).copied().unwrap_or_default();
        [(By::Policy, number(policy)), (By::Rule, of_id), (By::Severity, number(severity))]
    }
}

/// Groups in the making.
#[derive(Default)]
struct Counts {
    /// Deviations and reviews.
    findings: HashMap<Key, [u64; 2], FixedState>,
    exposures: HashMap<(Key, Currency), Exposure, FixedState>,
}

impl Counts {
    fn count(&mut self, group: Key, is_deviation: bool) {
        let [deviation, review] = self.findings.entry(group).or_default();
        *(if is_deviation { deviation } else { review }) += 1;
    }

    /// Adds the exposure of a case to each group in which it has a deviation.
    fn stake(&mut self, case: &mut [Stake]) {
        for respect in 0..6 {
            let group = |stake: &Stake| stake.groups.get(respect).copied();
            case.sort_unstable_by_key(|stake| (group(stake), stake.currency));
            for alike in case.chunk_by(|a, b| (group(a), a.currency) == (group(b), b.currency)) {
                let Some(largest) = alike.iter().max_by_key(|stake| stake.rank()) else { continue };
                let Some(group) = group(largest) else { continue };
                let exposure = self.exposures.entry((group, largest.currency)).or_default();
                exposure.count(largest.amount);
            }
        }
    }

    fn finish(self, decided_by: impl Fn(u32) -> String) -> Groups {
        let mut groups = Groups::default();
        let mut place = |(by, number): Key, add: &mut dyn FnMut(&mut Group)| match by {
            By::DecidedBy => add(groups.decided_by.entry(decided_by(number)).or_default()),
            _ => add(groups.numbered.entry((by, number)).or_default()),
        };
        for (key, [deviation, review]) in self.findings {
            place(key, &mut |group| (group.deviation, group.review) = (deviation, review));
        }
        for ((key, currency), exposure) in self.exposures {
            place(key, &mut |group| {
                group.exposure.insert(currency.code(), (currency, exposure));
            });
        }
        groups
    }
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
            let mut sum = Total::default();
            amounts.iter().for_each(|amount| sum.add(Total::of(amount.parse().unwrap())));
            assert_eq!(sum.show(currency), shown);
        }
    }
}
