//! The files in which every finding, rejected row and case held back stands, written from results that are in memory,
//! and those that are written row by row once the totals are known.

use super::findings::{self, Row};
use super::folder::{Folder, FolderError, Output};
use super::format::Format;
use super::html::{self, Report};
use super::junit::Junit;
use super::rejects::{self, HeldBackRow, RejectRow};
use super::sarif::Sarif;
use super::totals::Totals;
use super::workpaper::{MOST_ROWS, Workpaper};
use super::{Results, summary_md};
use crate::explain::Workings;
use crate::plan::Listed;
use crate::policy::Catalogue;

/// Writes results that are in memory, and adds them up.
///
/// # Errors
/// When a file cannot be written to.
pub fn write<'a>(
    results: Results<'a>,
    workings: &Workings<'_>,
    formats: &[Format],
    folder: &mut Folder,
) -> Result<Totals<'a>, FolderError> {
    let totals = rows(results, formats, folder)?;
    let Results { catalogue, books, report: found } = results;
    let page = create(folder, formats, Format::Html)?;
    let mut others = Others::begin(folder, formats, &found.rules, found.sensitivity.is_some())?;
    let (page, others) = rayon::join(
        || page.map(|page| html::write(page, results, workings, &totals)).transpose(),
        || {
            if !others.is_empty() {
                found.findings.iter().try_for_each(|finding| others.finding(&Row::of(finding, books)))?;
                let (files, mut rows) = (&books.files, books.rejects.iter());
                rows.try_for_each(|reject| others.reject(&RejectRow::of(files, reject)))?;
                let mut cases = books.held_back.iter();
                cases.try_for_each(|case| others.held_back(&HeldBackRow::of(files, case)))?;
            }
            others.finish(catalogue, &found.rules, &totals)
        },
    );
    page?.into_iter().chain(others?).for_each(|file| folder.close(file));
    Ok(totals)
}

/// Writes what needs no totals, while these are made.
fn rows<'a>(results: Results<'a>, formats: &[Format], folder: &mut Folder) -> Result<Totals<'a>, FolderError> {
    let books = results.books;
    let mut csv = create(folder, formats, Format::Csv)?;
    let mut jsonl = create(folder, formats, Format::Jsonl)?;
    let (mut rejected, mut held_back) = (folder.create("rejects.csv")?, folder.create("held_back.csv")?);
    let (written, totals) = rayon::join(
        || {
            findings::write(results, csv.as_mut(), jsonl.as_mut())?;
            rejects::rejects(&books.files, &books.rejects, &mut rejected)?;
            rejects::held_back(&books.files, &books.held_back, &mut held_back)
        },
        || Totals::of(results),
    );
    written?;
    csv.into_iter().chain(jsonl).chain([rejected, held_back]).for_each(|file| folder.close(file));
    Ok(totals)
}

/// The file of a format, if that is asked for.
///
/// # Errors
/// When it cannot be created.
pub fn create(folder: &Folder, formats: &[Format], format: Format) -> Result<Option<Output>, FolderError> {
    formats.contains(&format).then(|| folder.create(format.file())).transpose()
}

/// The page in the making, if it is asked for.
///
/// # Errors
/// When it cannot be created.
pub fn page(
    folder: &Folder,
    formats: &[Format],
    catalogue: &Catalogue,
    rules: &[Listed<'_>],
    totals: &Totals<'_>,
) -> Result<Option<Report>, FolderError> {
    let file = create(folder, formats, Format::Html)?;
    file.map(|file| Report::begin(file, catalogue, rules, totals)).transpose()
}

/// The files beside the page that take findings row by row.
pub struct Others {
    workpaper: Option<Workpaper>,
    junit: Option<Junit>,
    sarif: Option<Sarif>,
    summary: Option<Output>,
}

impl Others {
    /// Begins those that are asked for, of a run that tried alternative readings or did not.
    ///
    /// # Errors
    /// When a file cannot be created.
    pub fn begin(
        folder: &Folder,
        formats: &[Format],
        rules: &[Listed<'_>],
        readings: bool,
    ) -> Result<Others, FolderError> {
        let workpaper = formats.contains(&Format::Xlsx).then(|| Workpaper::begin(folder, readings, MOST_ROWS));
        let sarif = create(folder, formats, Format::Sarif)?;
        Ok(Others {
            workpaper: workpaper.transpose()?,
            junit: create(folder, formats, Format::Junit)?.map(Junit::begin),
            sarif: sarif.map(|file| Sarif::begin(file, rules)).transpose()?,
            summary: create(folder, formats, Format::Md)?,
        })
    }

    /// Whether none takes rows.
    pub fn is_empty(&self) -> bool {
        self.workpaper.is_none() && self.junit.is_none() && self.sarif.is_none()
    }

    /// Adds a finding; findings come in their order.
    ///
    /// # Errors
    /// When a file cannot be written to.
    pub fn finding(&mut self, row: &Row<'_>) -> Result<(), FolderError> {
        if let Some(junit) = &mut self.junit {
            junit.finding(row);
        }
        self.workpaper.as_mut().map_or(Ok(()), |workpaper| workpaper.finding(row))?;
        self.sarif.as_mut().map_or(Ok(()), |sarif| sarif.finding(row))
    }

    /// Adds a rejected row.
    ///
    /// # Errors
    /// When a file cannot be written to.
    pub fn reject(&mut self, row: &RejectRow<'_>) -> Result<(), FolderError> {
        self.workpaper.as_mut().map_or(Ok(()), |workpaper| workpaper.reject(row))
    }

    /// Adds a case held back.
    ///
    /// # Errors
    /// When a file cannot be written to.
    pub fn held_back(&mut self, row: &HeldBackRow<'_>) -> Result<(), FolderError> {
        self.workpaper.as_mut().map_or(Ok(()), |workpaper| workpaper.held_back(row))
    }

    /// Writes them to their ends.
    ///
    /// # Errors
    /// When a file cannot be written to.
    pub fn finish(
        self,
        catalogue: &Catalogue,
        rules: &[Listed<'_>],
        totals: &Totals<'_>,
    ) -> Result<Vec<Output>, FolderError> {
        let files = [
            self.workpaper.map(|workpaper| workpaper.finish(catalogue, rules, totals)).transpose()?,
            self.junit.map(|junit| junit.finish(catalogue, rules, totals)).transpose()?,
            self.sarif.map(Sarif::finish).transpose()?,
            self.summary.map(|file| summary_md::write(file, catalogue, rules, totals)).transpose()?,
        ];
        Ok(files.into_iter().flatten().collect())
    }
}
