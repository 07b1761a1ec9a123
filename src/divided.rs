//! The audit of exports that are larger than memory: part by part, with the same bytes as a result.
//!
//! The parts are those into which [`crate::export::divide`] divides the exports; what one row says of another stays
//! within a part. Of each part remain its totals, which are added up, and its rows of results, sorted, which are merged
//! in the end. The as-of date is that of all parts: unless it is given, the parts are judged as of the day that was the
//! latest as they were divided, and judged once more if the rows that can be used have another.
//!
//! Memory holds one part at a time. What else grows with the exports is small, as a rule: the ids of cases outside every
//! policy version, the different reasons for which rows are rejected, and the hashes of linked invoices.

use crate::audit::{AsOf, Options, Unreconciled, as_of, audit_as_of, later};
use crate::explain::Workings;
use crate::export::{DivideError, DivideOptions, Division, Problem, ReadError, divide};
use crate::finding::Finding;
use crate::obtain::Facts;
use crate::plan::Plans;
use crate::policy::{Catalogue, word};
use crate::record::{Books, HeldBack, Reject, Sources};
use crate::report::files::{self, Others};
use crate::report::findings::Row;
use crate::report::folder::{Folder, FolderError, Output};
use crate::report::format::Format;
use crate::report::html;
use crate::report::rejects::{HeldBackRow, RejectRow};
use crate::report::runs::{Entry, Runs, Written};
use crate::report::totals::Totals;
use crate::report::{Results, findings, rejects};
use crate::time::date_of_number;
use chrono::NaiveDate;
use serde::Deserialize;
use std::io;
use std::path::Path;

/// Why a divided audit cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum DividedError {
    /// The exports cannot be used.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// Something cannot be written, or read again.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The program is wrong.
    #[error(transparent)]
    Unreconciled(#[from] Unreconciled),
}

impl From<DivideError> for DividedError {
    fn from(error: DivideError) -> DividedError {
        match error {
            DivideError::Read(error) => DividedError::Read(error),
            DivideError::Disk(error) => DividedError::Folder(FolderError {
                what: format!("the exports cannot be divided into parts beside the results: {error}"),
                help: "make room there for about one and a half times the exports, name a folder on another disk with \
                    `--out`, or allow more memory with `--memory`"
                    .to_owned(),
            }),
        }
    }
}

/// What is audited, and how it is divided.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    /// The policies.
    pub catalogue: &'a Catalogue,
    /// The exports.
    pub sources: &'a Sources,
    /// What is asked of the audit.
    pub options: &'a Options,
    /// In how many parts the exports are divided.
    pub parts: usize,
    /// In which formats findings are written.
    pub formats: &'a [Format],
    /// Whether the facts that are missing are wanted.
    pub to_obtain: bool,
    /// How much of memory dividing and merging may take, in bytes.
    pub memory: usize,
}

/// A step of the work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The exports are divided; the work is counted in their bytes.
    Dividing,
    /// The parts are judged; the work is counted in their bytes.
    Judging,
    /// The results are merged.
    Merging,
}

/// Audits exports in parts and writes `rejects.csv`, `held_back.csv` and the findings in the formats asked for. `begin`
/// is told when a step begins, `progress` how much more of it is done.
///
/// # Errors
/// When the exports cannot be used, or something cannot be written beside the results or there.
pub fn audit(
    asked: &Asked<'_>,
    folder: &mut Folder,
    begin: &dyn Fn(Step),
    progress: &(dyn Fn(u64) + Sync),
) -> Result<(Totals<'static>, Option<Facts>), DividedError> {
    let spare = folder.spare()?;
    let vocabulary = asked.catalogue.reading_vocabulary();
    let into = DivideOptions { parts: asked.parts, folder: &spare, memory: asked.memory };
    begin(Step::Dividing);
    let (totals, rows, facts) = divide(asked.sources, &vocabulary, into, progress, |division| {
        Judged::of(asked, division, &spare, begin, progress)
    })?;
    begin(Step::Merging);
    rows.merge(asked, &totals, folder)?;
    Ok((totals, asked.to_obtain.then(|| facts.unwrap_or_default())))
}

/// What the parts gave.
struct Judged {
    rows: Rows,
    totals: Option<Totals<'static>>,
    /// The facts that are missing, where they are wanted.
    facts: Option<Facts>,
    /// The as-of date of the parts' own rows.
    as_of: AsOf,
}

const NO_DAY: AsOf = AsOf { date: NaiveDate::MIN, given: false, set_by: None };

impl Judged {
    /// Judges all parts as of the day that was given, or the latest.
    fn of(
        asked: &Asked<'_>,
        division: &mut Division<'_>,
        spare: &Path,
        begin: &dyn Fn(Step),
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<(Totals<'static>, Rows, Option<Facts>), DividedError> {
        begin(Step::Judging);
        let given = asked.options.as_of.is_some();
        let day = asked.options.as_of.or_else(|| division.latest().and_then(date_of_number));
        let day = day.map(|date| AsOf { date, given, set_by: None });
        let mut judged = Judged::as_of(asked, division, spare, day, progress)?;
        if day.is_none_or(|day| day.date != judged.as_of.date) {
            begin(Step::Judging);
            judged = Judged::as_of(asked, division, spare, Some(judged.as_of), progress)?;
        }
        let Judged { rows, totals, facts, as_of } = judged;
        let Some(totals) = totals else { return Err(DivideError::Disk(io::ErrorKind::NotFound.into()).into()) };
        Ok((Totals { as_of, ..totals }, rows, facts))
    }

    /// Judges all parts as of a day; without one only looks for the latest.
    fn as_of(
        asked: &Asked<'_>,
        division: &mut Division<'_>,
        spare: &Path,
        day: Option<AsOf>,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<Judged, DividedError> {
        let mut judged = Judged { rows: Rows::create(spare)?, totals: None, facts: None, as_of: NO_DAY };
        for part in 0..division.count() {
            if let Some(books) = division.read(part, word::texts_with_words(), progress)? {
                judged.as_of = later(judged.as_of, as_of(asked.catalogue, &books, asked.options));
                day.map_or(Ok(()), |day| judged.add(asked, &books, day))?;
            }
        }
        Ok(judged)
    }

    /// Judges a part.
    fn add(&mut self, asked: &Asked<'_>, books: &Books, day: AsOf) -> Result<(), DividedError> {
        let Asked { catalogue, options, .. } = *asked;
        let report = audit_as_of(catalogue, books, options, day, &|_| {})?;
        let results = Results { catalogue, books, report: &report };
        let workings = Workings::of(catalogue, books, options, day);
        self.rows.add(results, asked.formats.contains(&Format::Html).then_some(&workings))?;
        if asked.to_obtain {
            let facts = Facts::of(catalogue, books, options, day);
            self.facts = Some(self.facts.take().unwrap_or_default().join(facts));
        }
        let totals = Totals::of(results).into_owned();
        match &mut self.totals {
            Some(sum) => sum
                .add(totals)
                .map_err(|error| ReadError { problems: vec![Problem::too_large(error.table, &error.currency)] })?,
            None => self.totals = Some(totals),
        }
        Ok(())
    }
}

/// The rows of results.
struct Rows {
    findings: Runs,
    rejects: Runs,
    held_back: Runs,
}

impl Rows {
    fn create(folder: &Path) -> Result<Rows, FolderError> {
        let runs = |name: &str| Runs::create(&folder.join(name));
        Ok(Rows { findings: runs("findings")?, rejects: runs("rejects")?, held_back: runs("held_back")? })
    }

    /// Adds those of a part; the workings if the page is asked for.
    fn add(&mut self, results: Results<'_>, workings: Option<&Workings<'_>>) -> Result<(), FolderError> {
        let books = results.books;
        self.findings.add(&results.report.findings, |finding, entry| {
            if let Some(workings) = workings {
                html::format_finding(finding, results, workings, &mut entry.page)?;
            }
            found(finding, books, entry)
        })?;
        self.rejects.add(&books.rejects, |reject: &Reject, entry| {
            entry.key.extend(reject.place.file.to_be_bytes());
            entry.key.extend(reject.place.record.to_be_bytes());
            serde_json::to_writer(&mut entry.second, &RejectRow::of(&books.files, reject))?;
            html::format_reject(&books.files, reject, &mut entry.page)?;
            rejects::format_rejects(&books.files, std::slice::from_ref(reject), &mut entry.first)
        })?;
        self.held_back.add(&books.held_back, |case: &HeldBack, entry| {
            entry.key.extend(case.request_id.bytes());
            serde_json::to_writer(&mut entry.second, &HeldBackRow::of(&books.files, case))?;
            html::format_held_back(&books.files, case, &mut entry.page)?;
            rejects::format_held_back(&books.files, std::slice::from_ref(case), &mut entry.first)
        })
    }

    /// Writes them in order.
    fn merge(self, asked: &Asked<'_>, totals: &Totals<'_>, folder: &mut Folder) -> Result<(), FolderError> {
        let Asked { catalogue, formats, memory, .. } = *asked;
        let mut csv = files::create(folder, formats, Format::Csv)?;
        let mut jsonl = files::create(folder, formats, Format::Jsonl)?;
        let (mut rejected, mut held_back) = (folder.create("rejects.csv")?, folder.create("held_back.csv")?);
        csv.as_mut().map_or(Ok(()), |csv| csv.put(findings::header(false).as_bytes()))?;
        rejected.put(rejects::REJECTS_HEADER.as_bytes())?;
        held_back.put(rejects::HELD_BACK_HEADER.as_bytes())?;
        let rules = Plans::of(catalogue, &asked.options.selection).listed;
        let mut page = files::page(folder, formats, catalogue, &rules, totals)?;
        let mut others = Others::begin(folder, formats, &rules, false)?;
        let rows_wanted = !others.is_empty();
        merge(self.findings, memory, [csv.as_mut(), jsonl.as_mut()], |row| {
            page.as_mut().map_or(Ok(()), |page| page.formatted_finding(row.page))?;
            if rows_wanted { others.finding(&read::<Row<'_>>(row.second)?) } else { Ok(()) }
        })?;
        merge(self.rejects, memory, [Some(&mut rejected), None], |row| {
            page.iter_mut().for_each(|page| page.reject(row.page));
            if rows_wanted { others.reject(&read::<RejectRow<'_>>(row.second)?) } else { Ok(()) }
        })?;
        merge(self.held_back, memory, [Some(&mut held_back), None], |row| {
            page.iter_mut().for_each(|page| page.held_back(row.page));
            if rows_wanted { others.held_back(&read::<HeldBackRow<'_>>(row.second)?) } else { Ok(()) }
        })?;
        let page = page.map(html::Report::finish).transpose()?;
        let others = others.finish(catalogue, &rules, totals)?;
        let files = csv.into_iter().chain(jsonl).chain([rejected, held_back]).chain(page).chain(others);
        files.for_each(|file| folder.close(file));
        Ok(())
    }
}

/// A row as it was written beside the results.
fn read<'a, T: Deserialize<'a>>(row: &'a [u8]) -> Result<T, FolderError> {
    serde_json::from_slice(row).map_err(|error| FolderError::unformatted(error.into()))
}

/// The entry of a finding. No id has a NUL byte in it, so that joined by it they sort as they do apart.
fn found(finding: &Finding<'_>, books: &Books, entry: &mut Entry) -> io::Result<()> {
    for part in finding.key(books) {
        entry.key.extend(part.bytes());
        entry.key.push(0);
    }
    let mut rows = findings::Rows::default();
    rows.format(std::slice::from_ref(finding), books)?;
    (entry.first, entry.second) = rows.into_bytes();
    Ok(())
}

/// How many bytes are written at a time.
const AT_ONCE: usize = 1 << 20;

/// Merges runs into the files that are wanted; `take` has each row besides.
fn merge(
    runs: Runs,
    memory: usize,
    mut files: [Option<&mut Output>; 2],
    mut take: impl FnMut(Written<'_>) -> Result<(), FolderError>,
) -> Result<(), FolderError> {
    let mut waiting: [Vec<u8>; 2] = std::array::from_fn(|_| Vec::new());
    let mut put = |waiting: &mut [Vec<u8>; 2], least: usize| {
        for (file, waiting) in files.iter_mut().zip(waiting).filter(|(_, waiting)| waiting.len() >= least) {
            file.as_mut().map_or(Ok(()), |file| file.put(waiting))?;
            waiting.clear();
        }
        Ok(())
    };
    runs.merge(memory, |row| {
        take(row)?;
        waiting.iter_mut().zip([row.first, row.second]).for_each(|(waiting, row)| waiting.extend_from_slice(row));
        put(&mut waiting, AT_ONCE)
    })?;
    put(&mut waiting, 0)
}
