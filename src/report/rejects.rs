//! `rejects.csv` and `held_back.csv`: the rows that could not be used, and the cases that rest on them.

use super::cell::cell;
use crate::record::{ExportFile, HeldBack, Place, Reject};
use std::io::{self, Write};

/// Writes `rejects.csv`.
///
/// # Errors
/// When the place cannot be written to.
pub fn rejects(files: &[ExportFile], rejects: &[Reject], to: &mut dyn Write) -> io::Result<()> {
    let mut rows = csv::Writer::from_writer(to);
    rows.write_record(["file", "record", "line", "column", "value", "reason"])?;
    for reject in rejects {
        let (record, line) = (reject.place.record.to_string(), reject.line.to_string());
        for text in [name(files, reject.place), &record, &line, &reject.column, &reject.value, &reject.reason] {
            rows.write_field(&*cell(text))?;
        }
        rows.write_record(None::<&[u8]>)?;
    }
    rows.flush()
}

/// Writes `held_back.csv`.
///
/// # Errors
/// When the place cannot be written to.
pub fn held_back(files: &[ExportFile], cases: &[HeldBack], to: &mut dyn Write) -> io::Result<()> {
    let mut rows = csv::Writer::from_writer(to);
    rows.write_record(["request_id", "invoice_id", "because"])?;
    for case in cases {
        let cite = |place: &Place| format!("{}:{}", name(files, *place), place.record);
        let because: Vec<String> = case.because.iter().map(cite).collect();
        for text in [&case.request_id, &case.invoice_id, &because.join(";")] {
            rows.write_field(&*cell(text))?;
        }
        rows.write_record(None::<&[u8]>)?;
    }
    rows.flush()
}

fn name(files: &[ExportFile], place: Place) -> &str {
    files.get(usize::from(place.file)).map_or("", |file| &file.name)
}
