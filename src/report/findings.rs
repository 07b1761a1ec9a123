//! `findings.csv` and `findings.jsonl`: one row per finding.

use super::Results;
use super::cell::cell;
use super::folder::{FolderError, Output};
use super::ordered;
use crate::finding::Finding;
use crate::money;
use crate::record::Books;
use serde::Serialize;
use std::fmt::Write;
use std::io;

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

/// The first line of `findings.csv`.
pub fn header() -> String {
    HEADER.join(",") + "\n"
}

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

    /// The evidence as a cell: `file:record` of each row, joined by `;`.
    fn write_evidence(&self, to: &mut String) {
        to.clear();
        for cited in &self.evidence {
            if !to.is_empty() {
                to.push(';');
            }
            // Writing to a string does not fail.
            let _ = write!(to, "{}:{}", cited.file, cited.record);
        }
    }

    fn write_days_late(&self, to: &mut String) {
        to.clear();
        if let Some(days) = self.days_late {
            let _ = write!(to, "{days}");
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

/// Findings as they are written: the rows of `findings.csv`, and the same of `findings.jsonl`.
#[derive(Default)]
pub struct Rows {
    csv: Vec<u8>,
    jsonl: Vec<u8>,
}

impl Rows {
    /// The rows of `findings.csv`, and those of `findings.jsonl`.
    pub fn into_bytes(self) -> (Vec<u8>, Vec<u8>) {
        (self.csv, self.jsonl)
    }

    /// Takes the place of what was held before with the rows of some findings.
    ///
    /// # Errors
    /// None that an input can cause: the writers of the formats report misuse this way.
    pub fn format(&mut self, findings: &[Finding<'_>], books: &Books) -> io::Result<()> {
        self.csv.clear();
        self.jsonl.clear();
        let mut rows = csv::WriterBuilder::new().buffer_capacity(1 << 12).from_writer(&mut self.csv);
        let (mut days_late, mut evidence) = (String::new(), String::new());
        for finding in findings {
            let row = Row::of(finding, books);
            row.write_days_late(&mut days_late);
            row.write_evidence(&mut evidence);
            for text in row.cells(&days_late, &evidence) {
                rows.write_field(&*cell(text))?;
            }
            rows.write_record(None::<&[u8]>)?;
            serde_json::to_writer(&mut self.jsonl, &row)?;
            self.jsonl.push(b'\n');
        }
        rows.flush()
    }
}

/// Writes `findings.csv` and `findings.jsonl`: the same rows, the latter with the evidence as structure. What is blank in
/// the one is an empty text in the other, or `null` where it would be a number.
///
/// # Errors
/// When a file cannot be written to.
pub fn write(results: Results<'_>, csv: &mut Output, jsonl: &mut Output) -> Result<(), FolderError> {
    csv.put(header().as_bytes())?;
    let format = |findings: &[Finding<'_>], rows: &mut Rows| rows.format(findings, results.books);
    ordered::write(&results.report.findings, format, |chunks| put(chunks, csv, jsonl))
}

fn put(chunks: &[Rows], csv: &mut Output, jsonl: &mut Output) -> Result<(), FolderError> {
    let (csv, jsonl) = rayon::join(
        || chunks.iter().try_for_each(|rows| csv.put(&rows.csv)),
        || chunks.iter().try_for_each(|rows| jsonl.put(&rows.jsonl)),
    );
    csv.and(jsonl)
}
