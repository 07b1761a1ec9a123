//! `workpaper.xlsx`: what an auditor files, with numbers as numbers and dates as dates.
//!
//! Sheets of rows are written as the rows come, and wait on disk beside the results; no more than a row of each is in
//! memory. The same results give the same bytes: nothing in the workbook is of the day on which it was made.

mod pages;
mod sheet;

pub use sheet::MOST_ROWS;

use super::findings::{HEADER, READINGS, Row};
use super::folder::{Folder, FolderError, Output};
use super::rejects::{HeldBackRow, RejectRow};
use super::totals::Totals;
use crate::plan::Listed;
use crate::policy::Catalogue;
use sheet::{Book, Cell, Column, Table};

/// The file's name.
pub const NAME: &str = "workpaper.xlsx";

/// How wide the columns of findings are, in the order of their header.
const WIDTHS: [f64; HEADER.len()] = [
    18.0, 11.0, 9.0, 11.0, 11.0, 28.0, 9.0, 14.0, 14.0, 6.0, 14.0, 14.0, 14.0, 11.0, 22.0, 22.0, 17.0, 9.0, 9.0, 80.0,
    44.0,
];
const REJECTS: [Column; 6] =
    [("file", 18.0), ("record", 10.0), ("line", 10.0), ("column", 18.0), ("value", 28.0), ("reason", 80.0)];
const HELD_BACK: [Column; 3] = [("request_id", 20.0), ("invoice_id", 20.0), ("because", 60.0)];

/// The workbook in the making.
pub struct Workpaper {
    output: Output,
    book: Book,
    findings: Table,
    rejects: Table,
    held_back: Table,
    evidence: String,
}

impl Workpaper {
    /// Begins the workbook, of sheets with at most so many rows, of a run that tried alternative readings or did not.
    ///
    /// # Errors
    /// When nothing can be written beside the results.
    pub fn begin(folder: &Folder, readings: bool, most_rows: u32) -> Result<Workpaper, FolderError> {
        let mut book = Book::begin(&folder.spare()?, most_rows)?;
        let more = readings.then_some((READINGS, 44.0));
        let columns: Vec<Column> = HEADER.into_iter().zip(WIDTHS).chain(more).collect();
        Ok(Workpaper {
            output: folder.create(NAME)?,
            findings: Table::begin("Findings", &columns, true, &mut book)?,
            rejects: Table::begin("Rejects", &REJECTS, true, &mut book)?,
            held_back: Table::begin("Held back", &HELD_BACK, true, &mut book)?,
            book,
            evidence: String::new(),
        })
    }

    /// Adds a finding; findings come in their order.
    ///
    /// # Errors
    /// When nothing can be written beside the results.
    pub fn finding(&mut self, row: &Row<'_>) -> Result<(), FolderError> {
        row.write_evidence(&mut self.evidence);
        let cells = [
            Cell::Text(&row.finding_id),
            Cell::Text(&row.verdict),
            Cell::Text(&row.severity),
            Cell::Text(&row.policy),
            Cell::Text(&row.policy_version),
            Cell::Text(&row.rule),
            Cell::Text(&row.clause),
            Cell::Text(&row.account_id),
            Cell::Text(&row.invoice_id),
            Cell::Text(&row.line),
            Cell::Text(&row.request_id),
            Cell::Text(&row.decision_id),
            Cell::Text(&row.decided_by),
            Cell::Day(&row.date),
            Cell::Text(&row.expected),
            Cell::Text(&row.actual),
            row.amount.as_deref().map_or(Cell::Blank, |amount| Cell::Money(amount, &row.currency)),
            Cell::Text(&row.currency),
            row.days_late.map_or(Cell::Blank, Cell::Days),
            Cell::Text(&row.message),
            Cell::Text(&self.evidence),
            row.readings.as_deref().map_or(Cell::Blank, Cell::Text),
        ];
        let used = HEADER.len() + usize::from(row.readings.is_some());
        self.findings.row(cells.get(..used).unwrap_or(&cells), &mut self.book)
    }

    /// Adds a rejected row.
    ///
    /// # Errors
    /// When nothing can be written beside the results.
    pub fn reject(&mut self, row: &RejectRow<'_>) -> Result<(), FolderError> {
        let RejectRow(file, record, line, column, value, reason) = row;
        let cells = [
            Cell::Text(file),
            Cell::Count((*record).into()),
            Cell::Count(*line),
            Cell::Text(column),
            Cell::Text(value),
            Cell::Text(reason),
        ];
        self.rejects.row(&cells, &mut self.book)
    }

    /// Adds a case held back.
    ///
    /// # Errors
    /// When nothing can be written beside the results.
    pub fn held_back(&mut self, row: &HeldBackRow<'_>) -> Result<(), FolderError> {
        let HeldBackRow(request, invoice, because) = row;
        self.held_back.row(&[request, invoice, because].map(|text| Cell::Text(text)), &mut self.book)
    }

    /// Adds what adds up the whole, and writes the workbook.
    ///
    /// # Errors
    /// When the file cannot be written to.
    pub fn finish(
        self,
        catalogue: &Catalogue,
        rules: &[Listed<'_>],
        totals: &Totals<'_>,
    ) -> Result<Output, FolderError> {
        let Workpaper { mut output, mut book, findings, rejects, held_back, .. } = self;
        pages::summary(&mut book, catalogue, rules, totals)?;
        findings.finish(&mut book)?;
        pages::coverage(&mut book, rules, totals)?;
        rejects.finish(&mut book)?;
        held_back.finish(&mut book)?;
        pages::method(&mut book, catalogue, rules, totals)?;
        pages::sign_off(&mut book, rules, totals)?;
        book.finish(&mut output)?;
        Ok(output)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::quarter::{BOOKS, REPORT};
    use calamine::{Reader, Xlsx, open_workbook};

    #[test]
    fn findings_that_do_not_fit_on_a_sheet_go_on_on_the_next() {
        let rows: Vec<Row<'_>> = REPORT.findings.iter().take(7).map(|finding| Row::of(finding, &BOOKS)).collect();
        for (most_rows, sheets) in [(2, 7), (3, 4), (4, 3), (5, 2), (7, 2), (8, 1), (9, 1)] {
            let target = tempfile::tempdir().unwrap();
            let mut folder = Folder::begin(&target.path().join("out"), false).unwrap();
            let mut workpaper = Workpaper::begin(&folder, false, most_rows).unwrap();
            rows.iter().for_each(|row| workpaper.finding(row).unwrap());
            let Workpaper { mut output, mut book, findings, .. } = workpaper;
            findings.finish(&mut book).unwrap();
            book.finish(&mut output).unwrap();
            folder.close(output);
            let place = folder.finish().unwrap();
            let mut book: Xlsx<_> = open_workbook(place.join(NAME)).unwrap();
            let names: Vec<String> = (1..=sheets)
                .map(|number| if number == 1 { "Findings".to_owned() } else { format!("Findings {number}") })
                .collect();
            assert_eq!(book.sheet_names(), names, "{most_rows}");
            let mut ids = Vec::new();
            for name in names {
                let sheet = book.worksheet_range(&name).unwrap();
                assert_eq!(sheet.rows().next().unwrap().len(), HEADER.len());
                ids.extend(sheet.rows().skip(1).map(|row| row[0].to_string()));
            }
            assert_eq!(ids, rows.iter().map(|row| row.finding_id.to_string()).collect::<Vec<_>>());
        }
    }
}
