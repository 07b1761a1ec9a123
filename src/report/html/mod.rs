//! `report.html`: one file for people, which needs no network: the summary as text and charts, and every finding as
//! data that the page's script lists, filters and opens.
//!
//! The page is written from its beginning to its end: the template with the totals, then findings, rejected rows and
//! cases held back in their order, one block in memory at a time, then what their numbers stand for, and the script.
//! Whatever comes from the exports is text: the template escapes it, the data have no `<`, and the script makes text
//! nodes of it. A policy in the page lets it run its own script and style only, and load nothing.

mod chart;
mod data;
mod entry;
mod page;

pub use entry::Entry;

use super::Results;
use super::folder::{FolderError, Output};
use super::ordered;
use super::summary::Summary;
use super::totals::Totals;
use crate::explain::Workings;
use crate::finding::Finding;
use crate::plan::Listed;
use crate::policy::Catalogue;
use crate::record::{ExportFile, HeldBack, Reject};
use askama::Template;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use data::{Blocks, Rows, element, put};
use page::{Names, Page};
use sha2::{Digest, Sha256};
use std::io::{self, Write};

/// The file's name.
pub const NAME: &str = "report.html";

/// The style sheet of every page.
pub(super) const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// What a page without a script may do: use its own style.
pub(super) fn csp_of_style() -> String {
    let style = STANDARD.encode(Sha256::digest(STYLE));
    format!("default-src 'none'; style-src 'sha256-{style}'; base-uri 'none'; form-action 'none'")
}

/// What the page may do: run its own script and style, by their hashes, and nothing else.
fn csp() -> String {
    let hash = |text: &str| STANDARD.encode(Sha256::digest(text));
    format!(
        "default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        hash(SCRIPT),
        hash(STYLE)
    )
}

/// The end of the page: the script.
#[derive(Template)]
#[template(path = "end.html")]
struct End {
    script: &'static str,
}

/// The page in the making.
pub struct Report {
    output: Output,
    waiting: Vec<u8>,
    findings: Blocks,
    rejects: Rows,
    held_back: Rows,
}

/// How many bytes are written at a time.
const AT_ONCE: usize = 1 << 20;

impl Report {
    /// Writes the page as far as the totals tell it.
    ///
    /// # Errors
    /// When the file cannot be written to.
    pub fn begin(
        output: Output,
        catalogue: &Catalogue,
        rules: &[Listed<'_>],
        totals: &Totals<'_>,
    ) -> Result<Report, FolderError> {
        let (findings, rejects, held_back) = (Blocks::default(), Rows::of("rejects"), Rows::of("heldBack"));
        let mut report = Report { output, waiting: Vec::new(), findings, rejects, held_back };
        let summary = Summary::of(catalogue, rules, totals);
        let page = Page::of(catalogue, rules, totals, &summary, (STYLE, csp()));
        report.write(|_, to| {
            page.write_into(to)?;
            element("names", |json| put(json, &Names::of(catalogue, rules, totals)), to)
        })?;
        Ok(report)
    }

    fn write(
        &mut self,
        content: impl FnOnce(&mut Blocks, &mut dyn Write) -> io::Result<()>,
    ) -> Result<(), FolderError> {
        content(&mut self.findings, &mut self.waiting).map_err(FolderError::unformatted)?;
        if self.waiting.len() < AT_ONCE { Ok(()) } else { self.put() }
    }

    fn put(&mut self) -> Result<(), FolderError> {
        self.output.put(&self.waiting)?;
        self.waiting.clear();
        Ok(())
    }

    /// Adds a finding; findings come in their order.
    ///
    /// # Errors
    /// When the file cannot be written to.
    pub fn finding(&mut self, entry: &Entry<'_>) -> Result<(), FolderError> {
        self.write(|findings, to| findings.add(entry, to))
    }

    /// Adds a finding as [`format_finding`] wrote it.
    ///
    /// # Errors
    /// When the file cannot be written to.
    pub fn formatted_finding(&mut self, entry: &[u8]) -> Result<(), FolderError> {
        let entry: Entry<'_> = serde_json::from_slice(entry).map_err(|e| FolderError::unformatted(e.into()))?;
        self.finding(&entry)
    }

    /// Adds a rejected row as [`format_reject`] wrote it.
    pub fn reject(&mut self, row: &[u8]) {
        self.rejects.add(row);
    }

    /// Adds a case as [`format_held_back`] wrote it.
    pub fn held_back(&mut self, row: &[u8]) {
        self.held_back.add(row);
    }

    /// Writes the rest of the page.
    ///
    /// # Errors
    /// When the file cannot be written to.
    pub fn finish(mut self) -> Result<Output, FolderError> {
        let findings = std::mem::take(&mut self.findings);
        let [rejects, held_back] =
            [&mut self.rejects, &mut self.held_back].map(|rows| std::mem::replace(rows, Rows::of("")));
        self.write(|_, to| {
            findings.finish(to)?;
            rejects.finish(to)?;
            held_back.finish(to)?;
            End { script: SCRIPT }.write_into(to)
        })?;
        self.put()?;
        Ok(self.output)
    }
}

/// Adds what [`Report::formatted_finding`] takes.
///
/// # Errors
/// None that an input can cause: the writer of the format reports misuse this way.
pub fn format_finding(
    finding: &Finding<'_>,
    results: Results<'_>,
    workings: &Workings<'_>,
    to: &mut Vec<u8>,
) -> io::Result<()> {
    Ok(serde_json::to_writer(to, &Entry::of(finding, results.books, workings))?)
}

/// Adds what [`Report::reject`] takes.
///
/// # Errors
/// As [`format_finding`].
pub fn format_reject(files: &[ExportFile], reject: &Reject, to: &mut Vec<u8>) -> io::Result<()> {
    let name = files.get(usize::from(reject.place.file)).map_or("", |file| &file.name);
    put(to, &(name, reject.place.record, reject.line, &reject.column, &reject.value, &reject.reason))
}

/// Adds what [`Report::held_back`] takes.
///
/// # Errors
/// As [`format_finding`].
pub fn format_held_back(files: &[ExportFile], case: &HeldBack, to: &mut Vec<u8>) -> io::Result<()> {
    let name = |file: u16| files.get(usize::from(file)).map_or("", |file| &file.name);
    let because: Vec<String> =
        case.because.iter().map(|place| format!("{}:{}", name(place.file), place.record)).collect();
    put(to, &(&case.request_id, &case.invoice_id, because.join("; ")))
}

/// Writes the whole page of results that are in memory.
///
/// # Errors
/// When the file cannot be written to.
pub fn write(
    output: Output,
    results: Results<'_>,
    workings: &Workings<'_>,
    totals: &Totals<'_>,
) -> Result<Output, FolderError> {
    let Results { catalogue, books, report: found } = results;
    let mut page = Report::begin(output, catalogue, &found.rules, totals)?;
    let format = |findings: &[Finding<'_>], entries: &mut Vec<Vec<u8>>| {
        entries.clear();
        findings.iter().try_for_each(|finding| {
            let mut entry = Vec::new();
            format_finding(finding, results, workings, &mut entry)?;
            entries.push(entry);
            Ok(())
        })
    };
    ordered::write(&found.findings, format, |chunks| {
        chunks.iter().flatten().try_for_each(|entry| page.formatted_finding(entry))
    })?;
    let mut row = Vec::new();
    for reject in &books.rejects {
        row.clear();
        format_reject(&books.files, reject, &mut row).map_err(FolderError::unformatted)?;
        page.reject(&row);
    }
    for case in &books.held_back {
        row.clear();
        format_held_back(&books.files, case, &mut row).map_err(FolderError::unformatted)?;
        page.held_back(&row);
    }
    page.finish()
}
