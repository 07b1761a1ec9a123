//! `rejects.csv` and `held_back.csv`: the rows that could not be used, and the cases that rest on them.

use super::cell::cell;
use super::folder::{FolderError, Output};
use super::ordered;
use crate::record::{ExportFile, HeldBack, Place, Reject};
use std::io;

/// The first line of `rejects.csv`.
pub const REJECTS_HEADER: &str = "file,record,line,column,value,reason\n";
/// The first line of `held_back.csv`.
pub const HELD_BACK_HEADER: &str = "request_id,invoice_id,because\n";

/// Writes `rejects.csv`.
///
/// # Errors
/// When the file cannot be written to.
pub fn rejects(files: &[ExportFile], rejects: &[Reject], to: &mut Output) -> Result<(), FolderError> {
    to.put(REJECTS_HEADER.as_bytes())?;
    let format = |rejects: &[Reject], to: &mut Vec<u8>| format_rejects(files, rejects, to);
    ordered::write(rejects, format, |chunks| chunks.iter().try_for_each(|chunk| to.put(chunk)))
}

/// Puts the rows of some rejected rows in the place of what is there.
///
/// # Errors
/// None that an input can cause: the writer of the format reports misuse this way.
pub fn format_rejects(files: &[ExportFile], rejects: &[Reject], to: &mut Vec<u8>) -> io::Result<()> {
    to.clear();
    let mut rows = csv::Writer::from_writer(to);
    for reject in rejects {
        let (record, line) = (reject.place.record.to_string(), reject.line.to_string());
        let name = name(files, reject.place);
        rows.write_record(
            [name, &record, &line, &reject.column, &reject.value, &reject.reason]
                .map(cell)
                .iter()
                .map(|text| text.as_bytes()),
        )?;
    }
    rows.flush()
}

/// Writes `held_back.csv`.
///
/// # Errors
/// When the file cannot be written to.
pub fn held_back(files: &[ExportFile], cases: &[HeldBack], to: &mut Output) -> Result<(), FolderError> {
    to.put(HELD_BACK_HEADER.as_bytes())?;
    let format = |cases: &[HeldBack], to: &mut Vec<u8>| format_held_back(files, cases, to);
    ordered::write(cases, format, |chunks| chunks.iter().try_for_each(|chunk| to.put(chunk)))
}

/// Puts the rows of some cases held back in the place of what is there.
///
/// # Errors
/// None that an input can cause: the writer of the format reports misuse this way.
pub fn format_held_back(files: &[ExportFile], cases: &[HeldBack], to: &mut Vec<u8>) -> io::Result<()> {
    to.clear();
    let mut rows = csv::Writer::from_writer(to);
    for case in cases {
        let cite = |place: &Place| format!("{}:{}", name(files, *place), place.record);
        let because: Vec<String> = case.because.iter().map(cite).collect();
        rows.write_record(
            [case.request_id.as_str(), &case.invoice_id, &because.join(";")]
                .map(cell)
                .iter()
                .map(|text| text.as_bytes()),
        )?;
    }
    rows.flush()
}

fn name(files: &[ExportFile], place: Place) -> &str {
    files.get(usize::from(place.file)).map_or("", |file| &file.name)
}
