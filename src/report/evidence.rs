//! The rows that a case rests on, read again from their files: every cell that is not blank, those of columns that the
//! program does not know included.

use crate::export::input::Input;
use crate::mapping::header::{Search, names_of};
use crate::record::{Books, ExportFile, Place};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

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
        if !file.marks.is_empty() {
            read_at_marks(file, number, &wanted, &mut found)?;
            continue;
        }
        let source = file.source.as_deref();
        let mut reader = csv::ReaderBuilder::new()
            .flexible(true)
            .has_headers(false)
            .delimiter(source.map_or(b',', |source| source.delimiter_of(&file.path)))
            .from_reader(Input::of_export(&file.path, file.source.as_ref())?);
        let mut rows = reader.byte_records().skip(titles(file)?);
        // A case that was gathered from events bears the number of its first.
        let gathered = source.and_then(|source| source.shaped(&file.path)?.places.as_deref());
        let record_of = |nth: u32| match gathered {
            Some(places) => places.get(nth as usize).map_or(u32::MAX, |(record, _)| *record),
            None => nth + 1,
        };
        for nth in (0..).take_while(|nth| gathered.map_or(nth < last, |places| (*nth as usize) < places.len())) {
            let Some(row) = rows.next() else { break };
            let (record, row) = (record_of(nth), row?);
            if wanted.contains(&record) {
                found.insert(Place { file: number, record }, cells(&file.header, &row));
            }
        }
    }
    Ok(found)
}

/// Reads rows of a file from the mark before each on.
fn read_at_marks(
    file: &ExportFile,
    number: u16,
    wanted: &BTreeSet<u32>,
    found: &mut BTreeMap<Place, Cells>,
) -> io::Result<()> {
    let delimiter = file.source.as_ref().map_or(b',', |source| source.delimiter_of(&file.path));
    let mut wanted = wanted.iter().copied().peekable();
    while let Some(first) = wanted.peek().copied() {
        let next = file.marks.partition_point(|(before, _)| *before < first);
        let Some((before, byte)) = next.checked_sub(1).and_then(|mark| file.marks.get(mark)).copied() else { break };
        let until = file.marks.get(next).map_or(u32::MAX, |(before, _)| *before);
        let mut part = File::open(&file.path)?;
        part.seek(SeekFrom::Start(byte))?;
        let mut reader = csv::ReaderBuilder::new();
        // A reader leaves out a byte-order mark with which what it reads begins: a file does not begin here.
        let part = b"\n".chain(part);
        let mut reader = reader.flexible(true).has_headers(false).delimiter(delimiter).from_reader(part);
        let (mut row, mut record) = (csv::ByteRecord::new(), before);
        while let Some(place) = wanted.next_if(|wanted| *wanted <= until) {
            while record < place && reader.read_byte_record(&mut row)? {
                record += 1;
            }
            found.insert(Place { file: number, record: place }, cells(&file.header, &row));
        }
    }
    Ok(())
}

/// How many records stand before a file's rows.
fn titles(file: &ExportFile) -> io::Result<usize> {
    let Some(source) = file.source.as_ref().filter(|source| !source.is_gathered()) else { return Ok(1) };
    if !source.has_header() {
        return Ok(0);
    }
    let input = Input::of_export(&file.path, Some(source))?;
    let mut reader = csv::ReaderBuilder::new();
    let mut reader =
        reader.flexible(true).has_headers(false).delimiter(source.delimiter_of(&file.path)).from_reader(input);
    let mut search = Search::new(source);
    for (records, row) in (1..).zip(reader.byte_records()) {
        if search.offer(&names_of(row?.iter())) {
            return Ok(records);
        }
    }
    Ok(1)
}

fn cells(header: &[String], row: &csv::ByteRecord) -> Cells {
    let name = |at: usize| match header.get(at) {
        Some(name) => name.trim().to_owned(),
        None => format!("(field {})", at + 1),
    };
    let cells = row.iter().enumerate().map(|(at, cell)| (name(at), String::from_utf8_lossy(cell).trim().to_owned()));
    cells.filter(|(_, cell)| !cell.is_empty()).collect()
}
