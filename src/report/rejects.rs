//! `rejects.csv` and `held_back.csv`: the rows that could not be used, and the cases that rest on them.

use super::cell::cell;
use super::folder::{FolderError, Output};
use super::ordered;
use crate::record::{ExportFile, HeldBack, Place, Reject};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::io;

/// The first line of `rejects.csv`.
pub const REJECTS_HEADER: &str = "file,record,line,column,value,reason\n";
/// The first line of `held_back.csv`.
pub const HELD_BACK_HEADER: &str = "request_id,invoice_id,because\n";

/// A rejected row as it is written: file, record, line, column, value and reason.
#[derive(Serialize, Deserialize)]
pub struct RejectRow<'a>(
    #[serde(borrow)] pub Cow<'a, str>,
    pub u32,
    pub u64,
    #[serde(borrow)] pub Cow<'a, str>,
    #[serde(borrow)] pub Cow<'a, str>,
    #[serde(borrow)] pub Cow<'a, str>,
);

impl<'a> RejectRow<'a> {
    /// A row of `rejects.csv`.
    pub fn of(files: &'a [ExportFile], reject: &'a Reject) -> RejectRow<'a> {
        let [column, value, reason] = [&reject.column, &reject.value, &reject.reason].map(|text| text.as_str().into());
        let file = name(files, reject.place).into();
        RejectRow(file, reject.place.record, reject.line, column, value, reason)
    }
}

/// A case held back as it is written: request, invoice, and the rows because of which, as `file:record` joined by `;`.
#[derive(Serialize, Deserialize)]
pub struct HeldBackRow<'a>(
    #[serde(borrow)] pub Cow<'a, str>,
    #[serde(borrow)] pub Cow<'a, str>,
    #[serde(borrow)] pub Cow<'a, str>,
);

impl<'a> HeldBackRow<'a> {
    /// A row of `held_back.csv`.
    pub fn of(files: &'a [ExportFile], case: &'a HeldBack) -> HeldBackRow<'a> {
        let cite = |place: &Place| format!("{}:{}", name(files, *place), place.record);
        let because: Vec<String> = case.because.iter().map(cite).collect();
        HeldBackRow(case.request_id.as_str().into(), case.invoice_id.as_str().into(), because.join(";").into())
    }
}

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
        let RejectRow(file, record, line, column, value, reason) = RejectRow::of(files, reject);
        let (record, line) = (record.to_string(), line.to_string());
        rows.write_record(
            [&*file, &record, &line, &column, &value, &reason].map(cell).iter().map(|text| text.as_bytes()),
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
        let HeldBackRow(request, invoice, because) = HeldBackRow::of(files, case);
        rows.write_record([&*request, &invoice, &because].map(cell).iter().map(|text| text.as_bytes()))?;
    }
    rows.flush()
}

fn name(files: &[ExportFile], place: Place) -> &str {
    files.get(usize::from(place.file)).map_or("", |file| &file.name)
}
