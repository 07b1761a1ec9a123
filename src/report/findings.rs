//! `findings.csv` and `findings.jsonl`: one row per finding.

use super::Results;
use super::cell::cell;
use crate::finding::Finding;
use crate::money;
use crate::record::Books;
use serde::Serialize;
use std::io::{self, Write};

/// The header of `findings.csv`.
pub const HEADER: [&str; 21] = [
    "finding_id",
    "verdict",
    "severity",
    "policy",
    "policy_version",
    "rule",
    "clause",
    "account_id",
    "invoice_id",
    "line",
    "request_id",
    "decision_id",
    "decided_by",
    "date",
    "expected",
    "actual",
    "amount",
    "currency",
    "days_late",
    "message",
    "evidence",
];

/// A finding as a row: every cell as text, none of them defused yet.
#[derive(Serialize)]
struct Row<'a> {
    finding_id: String,
    verdict: &'static str,
    severity: &'static str,
    policy: &'a str,
    policy_version: &'a str,
    rule: &'a str,
    clause: &'a str,
    account_id: &'a str,
    invoice_id: &'a str,
    line: &'a str,
    request_id: &'a str,
    decision_id: &'a str,
    decided_by: &'a str,
    date: String,
    expected: &'a str,
    actual: &'a str,
    amount: Option<String>,
    currency: &'static str,
    days_late: Option<i64>,
    message: &'a str,
    evidence: Vec<Cited<'a>>,
}

/// A row relied on.
#[derive(Serialize)]
struct Cited<'a> {
    file: &'a str,
    record: u32,
    table: &'static str,
}

impl<'a> Row<'a> {
    fn of(finding: &'a Finding<'_>, books: &'a Books) -> Row<'a> {
        let rule = finding.rule.rule;
        let cited = finding.evidence.iter().filter_map(|place| {
            let file = books.files.get(usize::from(place.file))?;
            Some(Cited { file: &file.name, record: place.record, table: file.table.name() })
        });
        Row {
            finding_id: finding.id(books),
            verdict: finding.verdict.name(),
            severity: rule.severity.name(),
            policy: &finding.policy.name,
            policy_version: &finding.version.id,
            rule: &rule.id,
            clause: &rule.clause,
            account_id: books.text(finding.account),
            invoice_id: books.text(finding.invoice),
            line: books.text(finding.line),
            request_id: books.text(finding.request),
            decision_id: books.text(finding.decision),
            decided_by: books.text(finding.decided_by),
            date: finding.date.to_string(),
            expected: &finding.expected,
            actual: &finding.actual,
            amount: finding.amount.map(|amount| money::show(amount, finding.currency)),
            currency: finding.currency.code(),
            days_late: finding.days_late,
            message: &finding.message,
            evidence: cited.collect(),
        }
    }

    /// The cells of the row in the order of [`HEADER`].
    fn cells(&self, days_late: &'a str, evidence: &'a str) -> [&str; 21] {
        [
            &self.finding_id,
            self.verdict,
            self.severity,
            self.policy,
            self.policy_version,
            self.rule,
            self.clause,
            self.account_id,
            self.invoice_id,
            self.line,
            self.request_id,
            self.decision_id,
            self.decided_by,
            &self.date,
            self.expected,
            self.actual,
            self.amount.as_deref().unwrap_or_default(),
            self.currency,
            days_late,
            self.message,
            evidence,
        ]
    }
}

/// Writes `findings.csv`.
///
/// # Errors
/// When the place cannot be written to.
pub fn csv(results: Results<'_>, to: &mut dyn Write) -> io::Result<()> {
    let mut rows = csv::Writer::from_writer(to);
    rows.write_record(HEADER)?;
    for finding in &results.report.findings {
        let row = Row::of(finding, results.books);
        let days_late = row.days_late.map(|days| days.to_string()).unwrap_or_default();
        let evidence: Vec<String> = finding.evidence.iter().map(|place| results.books.cite(*place)).collect();
        for text in row.cells(&days_late, &evidence.join(";")) {
            rows.write_field(&*cell(text))?;
        }
        rows.write_record(None::<&[u8]>)?;
    }
    rows.flush()
}

/// Writes `findings.jsonl`: one object a line. What is blank in `findings.csv` is an empty text, or `null` where it
/// would be a number.
///
/// # Errors
/// When the place cannot be written to.
pub fn jsonl(results: Results<'_>, to: &mut dyn Write) -> io::Result<()> {
    for finding in &results.report.findings {
        serde_json::to_writer(&mut *to, &Row::of(finding, results.books))?;
        to.write_all(b"\n")?;
    }
    to.flush()
}
