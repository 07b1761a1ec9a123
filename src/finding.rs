//! A finding: a deviation, or something for a person to judge, written up with its clause and its evidence.

use crate::check::outcome::Verdict;
use crate::money::Currency;
use crate::plan::Listed;
use crate::policy::{Policy, Version};
use crate::record::{Books, Place};
use crate::text::Sym;
use chrono::NaiveDate;
use rust_decimal::Decimal;
use sha2::{Digest, Sha256};

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
}

impl Finding<'_> {
    /// 16 hex digits that are the same for the same finding in every run: the first 8 bytes of SHA-256 over policy,
    /// rule, invoice, line, request and decision, joined by U+001F.
    pub fn id(&self, books: &Books) -> String {
        let text = |sym| books.text(sym);
        let parts = [
            self.policy.name.as_str(),
            self.rule.rule.id.as_str(),
            text(self.invoice),
            text(self.line),
            text(self.request),
            text(self.decision),
        ];
        let digest = Sha256::digest(parts.join("\u{1f}"));
        digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }

    /// By which findings are sorted.
    pub fn key<'b>(&'b self, books: &'b Books) -> [&'b str; 6] {
        [
            &self.policy.name,
            &self.rule.rule.id,
            books.text(self.request),
            books.text(self.invoice),
            books.text(self.line),
            books.text(self.decision),
        ]
    }
}
