//! `rejects.csv` and `held_back.csv`: the rows that could not be used, and the cases that rest on them.

use super::Results;
use super::cell::cell;
use std::io::{self, Write};

/// Writes `rejects.csv`.
///
/// # Errors
/// When the place cannot be written to.
pub fn rejects(results: Results<'_>, to: &mut dyn Write) -> io::Result<()> {
    let mut rows = csv::Writer::from_writer(to);
    rows.write_record(["file", "record", "line", "column", "value", "reason"])?;
    for reject in &results.books.rejects {
        let file = results.books.files.get(usize::from(reject.place.file));
        let (record, line) = (reject.place.record.to_string(), reject.line.to_string());
        let name = file.map_or("", |file| &file.name);
        for text in [name, &record, &line, &reject.column, &reject.value, &reject.reason] {
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
pub fn held_back(results: Results<'_>, to: &mut dyn Write) -> io::Result<()> {
    let mut rows = csv::Writer::from_writer(to);
    rows.write_record(["request_id", "invoice_id", "because"])?;
    for case in &results.books.held_back {
        let because: Vec<String> = case.because.iter().map(|place| results.books.cite(*place)).collect();
        for text in [&case.request_id, &case.invoice_id, &because.join(";")] {
            rows.write_field(&*cell(text))?;
        }
        rows.write_record(None::<&[u8]>)?;
    }
    rows.flush()
}
