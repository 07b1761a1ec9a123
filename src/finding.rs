//! A finding: a deviation, or something for a person to judge, written up with its clause and its evidence.

use crate::check::outcome::Verdict;
use crate::money::Currency;
use crate::plan::Listed;
use crate::policy::{Policy, Version};
use crate::record::{Books, Place};
use crate::text::Sym;
use chrono::NaiveDate;
use foldhash::fast::FixedState;
use hashbrown::HashMap;
use rayon::prelude::*;
use rust_decimal::Decimal;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// A finding. Its texts are in the books, its rule and policy in the catalogue.
#[derive(Clone, Debug)]
pub struct Finding<'a> {
    /// Deviation or review; indeterminate where that was asked for.
    pub verdict: Verdict,
    /// The policy of the case.
    pub policy: &'a Policy,
    /// The version that judged it.
    pub version: &'a Version,
    /// The rule, and the policy whose file has it.
    pub rule: Listed<'a>,
    /// Who was billed, for a line; else who asked.
    pub account: Sym,
    /// The invoice.
    pub invoice: Sym,
    /// Its place in the books.
    pub invoice_at: u32,
    /// The line that the finding or its request is about; blank: the whole invoice.
    pub line: Sym,
    /// The case; blank for a finding about an invoice line.
    pub request: Sym,
    /// The decision row; blank without one.
    pub decision: Sym,
    /// Who decided; blank if not recorded.
    pub decided_by: Sym,
    /// The day on which it happened.
    pub date: NaiveDate,
    /// What the text demands.
    pub expected: String,
    /// What was done.
    pub actual: String,
    /// The money effect: positive in the client's favour.
    pub amount: Option<Decimal>,
    /// The invoice's currency, in which `amount` is.
    pub currency: Currency,
    /// Calendar days after the last day.
    pub days_late: Option<i64>,
    /// One sentence.
    pub message: String,
    /// The rows relied on.
    pub evidence: Vec<Place>,
    /// Which alternative readings turn it, where that was asked for.
    pub readings: Option<String>,
}

impl Finding<'_> {
    /// 16 hex digits that are the same for the same finding in every run: the first 8 bytes of SHA-256 over policy,
    /// rule, invoice, line, request and decision, joined by U+001F.
    pub fn id(&self, books: &Books) -> String {
        let text = |sym| books.text(sym);
        let mut hash = Sha256::new();
        hash.update(&self.policy.name);
        let rest = [&self.rule.rule.id, text(self.invoice), text(self.line), text(self.request), text(self.decision)];
        for part in rest {
            hash.update("\u{1f}");
            hash.update(part);
        }
        let mut first = [0; 8];
        first.iter_mut().zip(hash.finalize()).for_each(|(to, byte)| *to = byte);
        format!("{:016x}", u64::from_be_bytes(first))
    }

    /// By which findings are sorted.
    pub fn key<'b>(&'b self, books: &'b Books) -> [&'b str; 6] {
        let [request, invoice, line, decision] = self.sort_ids().map(|id| books.text(id));
        [&self.policy.name, &self.rule.rule.id, request, invoice, line, decision]
    }

    /// What it is about: a case, or an invoice line, which is a case of its own.
    pub fn case(&self) -> [Sym; 3] {
        if self.request.is_blank() { [self.request, self.invoice, self.line] } else { [self.request; 3] }
    }

    fn sort_ids(&self) -> [Sym; 4] {
        [self.request, self.invoice, self.line, self.decision]
    }
}

/// What is compared most of a finding's key, laid out for sorting.
struct Sorted<'b> {
    /// The place of its policy and rule among those of all findings.
    rule: u32,
    request: &'b str,
    /// Its place before sorting.
    at: u32,
}

/// Sorts findings by their keys.
pub fn sort(findings: &mut [Finding<'_>], books: &Books) {
    let rules = rules_by_name(findings);
    let numbers = findings.par_iter().enumerate().map(|(at, finding)| Sorted {
        rule: rules.get(&identity(finding)).copied().unwrap_or_default(),
        request: books.text(finding.request),
        at: at as u32,
    });
    let mut sorted: Vec<Sorted<'_>> = numbers.collect();
    let ids = |at: u32| findings.get(at as usize).map(|finding| finding.sort_ids().map(|id| books.text(id)));
    sorted.par_sort_unstable_by(|a, b| {
        let first = a.rule.cmp(&b.rule).then_with(|| a.request.cmp(b.request));
        first.then_with(|| ids(a.at).cmp(&ids(b.at))).then_with(|| a.at.cmp(&b.at))
    });
    let from: Vec<u32> = sorted.into_iter().map(|sorted| sorted.at).collect();
    arrange(findings, from);
}

/// The policy and rule that a finding refers to.
fn identity(finding: &Finding<'_>) -> (usize, usize) {
    (std::ptr::from_ref(finding.policy).addr(), std::ptr::from_ref(finding.rule.rule).addr())
}

/// The place of each policy and rule by their names: two versions of a rule share one.
fn rules_by_name(findings: &[Finding<'_>]) -> HashMap<(usize, usize), u32, FixedState> {
    let mut numbers = HashMap::with_hasher(FixedState::default());
    let mut names = BTreeMap::new();
    for finding in findings {
        let name = (finding.policy.name.as_str(), finding.rule.rule.id.as_str());
        if numbers.insert(identity(finding), 0).is_none() {
            names.entry(name).or_insert_with(Vec::new).push(identity(finding));
        }
    }
    for (number, identities) in (0..).zip(names.into_values()) {
        numbers.extend(identities.into_iter().map(|identity| (identity, number)));
    }
    numbers
}

/// Moves to each place what lies at the place that `from` names for it.
fn arrange<T>(items: &mut [T], mut from: Vec<u32>) {
    for start in 0..items.len() {
        let mut at = start;
        // Around the circle of places that begins here; a place that is done names itself.
        while let Some(next) = from.get_mut(at).map(|from| std::mem::replace(from, at as u32) as usize) {
            if next == start || next == at {
                break;
            }
            items.swap(at, next);
            at = next;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::quarter::{BOOKS, REPORT};

    #[test]
    fn findings_are_sorted_by_every_part_of_their_keys() {
        let mut findings = REPORT.findings.clone();
        let ids: Vec<_> = findings.iter().map(Finding::sort_ids).collect();
        // Few different ids, so that every part of a key has to decide somewhere.
        for (at, finding) in findings.iter_mut().enumerate() {
            let id = |part: usize, of: usize| ids[at * 31 % of][part];
            (finding.request, finding.invoice, finding.line, finding.decision) =
                (id(0, 5), id(1, 7), id(2, 11), id(3, 13));
        }
        findings.reverse();
        let mut expected = findings.clone();
        expected.sort_by(|a, b| a.key(&BOOKS).cmp(&b.key(&BOOKS)));
        sort(&mut findings, &BOOKS);
        let shown = |findings: &[Finding<'_>]| findings.iter().map(|f| format!("{f:?}")).collect::<Vec<_>>();
        assert!(shown(&findings) == shown(&expected));
    }

    #[test]
    fn items_are_arranged_as_told() {
        for from in [&[][..], &[0], &[1, 0], &[2, 0, 1], &[1, 2, 0, 3], &[3, 1, 0, 2], &[4, 3, 2, 1, 0]] {
            let mut items: Vec<u32> = (0..from.len() as u32).collect();
            arrange(&mut items, from.to_vec());
            assert_eq!(items, from);
        }
    }
}
