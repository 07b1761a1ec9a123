//! The rows that a case rests on, read again from their files: every cell that is not blank, those of columns that the
//! program does not know included.

use crate::export::input::Input;
use crate::record::{Books, Place};
use std::collections::{BTreeMap, BTreeSet};
use std::io;

/// The cells of a row that are not blank, each with its column's name as the header writes it.
pub type Cells = Vec<(String, String)>;

/// Reads rows again.
///
/// # Errors
/// When a file can no longer be read.
pub fn rows(books: &Books, places: &BTreeSet<Place>) -> io::Result<BTreeMap<Place, Cells>> {
    let mut found = BTreeMap::new();
    for (number, file) in (0_u16..).zip(&books.files) {
        let wanted: BTreeSet<u32> =
            places.iter().filter(|place| place.file == number).map(|place| place.record).collect();
        let Some(last) = wanted.last() else { continue };
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(Input::open(&file.path, None)?);
        for (record, row) in (1..=*last).zip(reader.byte_records()) {
            let row = row?;
            if wanted.contains(&record) {
                found.insert(Place { file: number, record }, cells(&file.header, &row));
            }
        }
    }
    Ok(found)
}

fn cells(header: &[String], row: &csv::ByteRecord) -> Cells {
    let name = |at: usize| match header.get(at) {
        Some(name) => name.trim().to_owned(),
        None => format!("(field {})", at + 1),
    };
    let cells = row.iter().enumerate().map(|(at, cell)| (name(at), String::from_utf8_lossy(cell).trim().to_owned()));
    cells.filter(|(_, cell)| !cell.is_empty()).collect()
}
