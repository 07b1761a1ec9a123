//! `findings.csv` and `findings.jsonl`: one row per finding.

use super::Results;
use super::cell::cell;
use super::folder::{FolderError, Output};
use super::json;
use super::ordered;
use crate::finding::Finding;
use crate::money;
use crate::record::Books;
use crate::text::Sym;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
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

/// The column that follows where alternative readings were tried.
pub const READINGS: &str = "readings";

/// The first line of `findings.csv`, of a run that tried alternative readings or did not.
pub fn header(readings: bool) -> String {
    let columns: Vec<&str> = HEADER.into_iter().chain(readings.then_some(READINGS)).collect();
    columns.join(",") + "\n"
}

/// A finding as a row of [`HEADER`]: every cell as text, none of them defused yet. As JSON it is a line of `findings.jsonl`.
#[derive(Serialize, Deserialize)]
pub struct Row<'a> {
    /// See [`Finding::id`].
    #[serde(borrow)]
    pub finding_id: Cow<'a, str>,
    /// Its verdict.
    #[serde(borrow)]
    pub verdict: Cow<'a, str>,
    /// How grave its rule is.
    #[serde(borrow)]
    pub severity: Cow<'a, str>,
    /// The policy of the case.
    #[serde(borrow)]
    pub policy: Cow<'a, str>,
    /// The version that judged.
    #[serde(borrow)]
    pub policy_version: Cow<'a, str>,
    /// The rule's id.
    #[serde(borrow)]
    pub rule: Cow<'a, str>,
    /// What it cites.
    #[serde(borrow)]
    pub clause: Cow<'a, str>,
    /// Who was billed, or asked.
    #[serde(borrow)]
    pub account_id: Cow<'a, str>,
    /// The invoice.
    #[serde(borrow)]
    pub invoice_id: Cow<'a, str>,
    /// The line; blank for the whole invoice.
    #[serde(borrow)]
    pub line: Cow<'a, str>,
    /// The case; blank for a finding about a line.
    #[serde(borrow)]
    pub request_id: Cow<'a, str>,
    /// The decision row.
    #[serde(borrow)]
    pub decision_id: Cow<'a, str>,
    /// Who decided.
    #[serde(borrow)]
    pub decided_by: Cow<'a, str>,
    /// The day on which it happened.
    #[serde(borrow)]
    pub date: Cow<'a, str>,
    /// What the text demands.
    #[serde(borrow)]
    pub expected: Cow<'a, str>,
    /// What was done.
    #[serde(borrow)]
    pub actual: Cow<'a, str>,
    /// The money effect.
    #[serde(borrow)]
    pub amount: Option<Cow<'a, str>>,
    /// ISO 4217 code.
    #[serde(borrow)]
    pub currency: Cow<'a, str>,
    /// Calendar days after the last day.
    pub days_late: Option<i64>,
    /// One sentence.
    #[serde(borrow)]
    pub message: Cow<'a, str>,
    /// The rows relied on.
    #[serde(borrow)]
    pub evidence: Vec<Cited<'a>>,
    /// Which alternative readings turn it, where they were tried.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub readings: Option<Cow<'a, str>>,
}

/// A row relied on.
#[derive(Serialize, Deserialize)]
pub struct Cited<'a> {
    /// Its file.
    #[serde(borrow)]
    pub file: Cow<'a, str>,
    /// Its number in it.
    pub record: u32,
    /// The table that the file feeds.
    #[serde(borrow)]
    pub table: Cow<'a, str>,
}

impl<'a> Row<'a> {
    /// The row of a finding.
    pub fn of(finding: &'a Finding<'_>, books: &'a Books) -> Row<'a> {
        let rule = finding.rule.rule;
        let cited = finding.evidence.iter().filter_map(|place| {
            let file = books.files.get(usize::from(place.file))?;
            let (name, table) = (file.name.as_str().into(), file.table.name().into());
            Some(Cited { file: name, record: place.record, table })
        });
        let text = |sym: Sym| Cow::Borrowed(books.text(sym));
        Row {
            finding_id: finding.id(books).into(),
            verdict: finding.verdict.name().into(),
            severity: rule.severity.name().into(),
            policy: finding.policy.name.as_str().into(),
            policy_version: finding.version.id.as_str().into(),
            rule: rule.id.as_str().into(),
            clause: rule.clause.as_str().into(),
            account_id: text(finding.account),
            invoice_id: text(finding.invoice),
            line: text(finding.line),
            request_id: text(finding.request),
            decision_id: text(finding.decision),
            decided_by: text(finding.decided_by),
            date: finding.date.to_string().into(),
            expected: finding.expected.as_str().into(),
            actual: finding.actual.as_str().into(),
            amount: finding.amount.map(|amount| money::show(amount, finding.currency).into()),
            currency: finding.currency.code().into(),
            days_late: finding.days_late,
            message: finding.message.as_str().into(),
            evidence: cited.collect(),
            readings: finding.readings.as_deref().map(Cow::Borrowed),
        }
    }

    /// The evidence as a cell: `file:record` of each row, joined by `;`.
    pub fn write_evidence(&self, to: &mut String) {
        to.clear();
        for cited in &self.evidence {
            if !to.is_empty() {
                to.push(';');
            }
            to.push_str(&cited.file);
            to.push(':');
            to.push_str(itoa::Buffer::new().format(cited.record));
        }
    }

    fn write_days_late(&self, to: &mut String) {
        to.clear();
        if let Some(days) = self.days_late {
            to.push_str(itoa::Buffer::new().format(days));
        }
    }

    /// What [`Serialize`] makes of the row, made of its cells: a long run writes many.
    fn write_json(&self, cells: &[&str; 21], to: &mut Vec<u8>) -> io::Result<()> {
        let mut before = b'{';
        for (name, text) in HEADER.iter().zip(cells) {
            to.push(std::mem::replace(&mut before, b','));
            json::key(to, name);
            match *name {
                "amount" | "days_late" if text.is_empty() => to.extend_from_slice(b"null"),
                "days_late" => to.extend_from_slice(text.as_bytes()),
                "evidence" => self.write_evidence_json(to)?,
                _ => json::text(to, text)?,
            }
        }
        if let Some(readings) = &self.readings {
            to.push(b',');
            json::key(to, READINGS);
            json::text(to, readings)?;
        }
        to.push(b'}');
        Ok(())
    }

    fn write_evidence_json(&self, to: &mut Vec<u8>) -> io::Result<()> {
        to.push(b'[');
        for (at, cited) in self.evidence.iter().enumerate() {
            to.extend_from_slice(if at == 0 { b"{\"file\":" } else { b",{\"file\":" });
            json::text(to, &cited.file)?;
            to.extend_from_slice(b",\"record\":");
            to.extend_from_slice(itoa::Buffer::new().format(cited.record).as_bytes());
            to.extend_from_slice(b",\"table\":");
            json::text(to, &cited.table)?;
            to.push(b'}');
        }
        to.push(b']');
        Ok(())
    }

    /// The cells of the row in the order of [`HEADER`].
    fn cells<'r>(&'r self, days_late: &'r str, evidence: &'r str) -> [&'r str; 21] {
        [
            &self.finding_id,
            &self.verdict,
            &self.severity,
            &self.policy,
            &self.policy_version,
            &self.rule,
            &self.clause,
            &self.account_id,
            &self.invoice_id,
            &self.line,
            &self.request_id,
            &self.decision_id,
            &self.decided_by,
            &self.date,
            &self.expected,
            &self.actual,
            self.amount.as_deref().unwrap_or_default(),
            &self.currency,
            days_late,
            &self.message,
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
            let cells = row.cells(&days_late, &evidence);
            for text in cells {
                rows.write_field(&*cell(text))?;
            }
            row.readings.iter().try_for_each(|readings| rows.write_field(&*cell(readings)))?;
            rows.write_record(None::<&[u8]>)?;
            row.write_json(&cells, &mut self.jsonl)?;
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
pub fn write(
    results: Results<'_>,
    mut csv: Option<&mut Output>,
    mut jsonl: Option<&mut Output>,
) -> Result<(), FolderError> {
    if let Some(csv) = &mut csv {
        csv.put(header(results.report.sensitivity.is_some()).as_bytes())?;
    }
    if csv.is_none() && jsonl.is_none() {
        return Ok(());
    }
    let format = |findings: &[Finding<'_>], rows: &mut Rows| rows.format(findings, results.books);
    ordered::write(&results.report.findings, format, |chunks| put(chunks, &mut csv, &mut jsonl))
}

fn put(chunks: &[Rows], csv: &mut Option<&mut Output>, jsonl: &mut Option<&mut Output>) -> Result<(), FolderError> {
    let file = |file: &mut Option<&mut Output>, of: fn(&Rows) -> &[u8]| match file {
        Some(file) => chunks.iter().try_for_each(|rows| file.put(of(rows))),
        None => Ok(()),
    };
    let (csv, jsonl) = rayon::join(|| file(csv, |rows| &rows.csv), || file(jsonl, |rows| &rows.jsonl));
    csv.and(jsonl)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::quarter::{BOOKS, REPORT};

    #[test]
    fn a_line_of_json_is_what_its_row_serializes_to() {
        for readings in [None, Some("no more than\tone\u{1f}")] {
            let findings = changed(readings);
            let mut rows = Rows::default();
            rows.format(&findings, &BOOKS).unwrap();
            let serialized =
                findings.iter().map(|finding| serde_json::to_string(&Row::of(finding, &BOOKS)).unwrap() + "\n");
            assert_eq!(String::from_utf8(rows.jsonl).unwrap(), serialized.collect::<String>());
        }
    }

    /// Findings with and without what may be blank, and with what is to be escaped.
    fn changed(readings: Option<&str>) -> Vec<Finding<'static>> {
        let mut findings = REPORT.findings.clone();
        for (at, finding) in findings.iter_mut().enumerate() {
            finding.readings = readings.map(str::to_owned);
            finding.days_late = finding.days_late.filter(|_| at % 3 > 0);
            finding.amount = finding.amount.filter(|_| at % 5 > 0);
            finding.evidence.truncate(at % 4);
            finding.message.push_str(" \"\\\n");
        }
        findings
    }
}
