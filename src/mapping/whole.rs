//! A file of a source that is read whole, before the tables are: because its rows depend on each other, or because all its
//! dates must be seen before one can be told.

use super::header::{Search, names_of};
use super::source::Source;
use crate::export::Problem;
use crate::export::input::Input;
use crate::export::quotes::flaw;
use std::io::{self, Read};
use std::path::Path;

/// Its bytes in UTF-8, and what tells the file from others.
pub(super) struct Whole {
    pub(super) bytes: Vec<u8>,
    pub(super) size: u64,
    pub(super) sha256: String,
    pub(super) delimiter: u8,
}

/// What is seen as a file is gone through.
pub(super) enum Seen<'r> {
    /// A record above the header.
    Before { raw: &'r [u8] },
    /// The header; without bytes where there is none.
    Header { names: &'r [String], raw: &'r [u8] },
    /// A row, with the line on which it begins.
    Row { record: &'r csv::ByteRecord, raw: &'r [u8], line: u64 },
}

impl Whole {
    pub(super) fn read(source: &Source, path: &Path, name: &str) -> Result<Whole, Vec<Problem>> {
        let read = || -> io::Result<Whole> {
            let mut input = Input::open(path, source.encoding)?;
            let mut bytes = Vec::new();
            input.read_to_end(&mut bytes)?;
            input.hash(&bytes)?;
            let (size, sha256) = input.finish()?;
            Ok(Whole { bytes, size, sha256, delimiter: source.own_delimiter(path) })
        };
        read().map_err(|error| vec![Problem::unreadable(name, &error)])
    }

    /// Hands over every record, from the first byte to the last.
    ///
    /// # Errors
    /// When there is no header, or a quote swallows rows.
    pub(super) fn each(&self, source: &Source, name: &str, mut see: impl FnMut(Seen<'_>)) -> Result<(), Vec<Problem>> {
        let delimiter = self.delimiter;
        let mut records = csv::ReaderBuilder::new()
            .delimiter(delimiter)
            .flexible(true)
            .has_headers(false)
            .from_reader(self.bytes.as_slice());
        let (mut record, mut search, mut is_found) = (csv::ByteRecord::new(), Search::new(source), false);
        let mut start = 0;
        // Reading from memory does not fail, and a record may have any length.
        while records.read_byte_record(&mut record).unwrap_or(false) {
            let end = usize::try_from(records.position().byte()).unwrap_or(usize::MAX);
            let raw = self.bytes.get(start..end).unwrap_or_default();
            start = end;
            let line = record.position().map_or(1, csv::Position::line);
            if flaw(raw.trim_ascii(), delimiter).is_some() {
                let help = "close the quote, or write each quote inside a quoted field twice";
                return Err(vec![Problem::at_line(
                    name,
                    line,
                    "a quote in this row is closed in the middle of a field, or not at all",
                    help,
                )]);
            }
            if is_found {
                see(Seen::Row { record: &record, raw, line });
                continue;
            }
            let names = names_of(record.iter());
            is_found = search.offer(&names);
            match (is_found, source.has_header()) {
                (false, _) => see(Seen::Before { raw }),
                (true, true) => see(Seen::Header { names: &names, raw }),
                (true, false) => {
                    see(Seen::Header { names: &vec![String::new(); names.len()], raw: &[] });
                    see(Seen::Row { record: &record, raw, line });
                }
            }
        }
        if is_found { Ok(()) } else { Err(vec![search.problem(name)]) }
    }
}
