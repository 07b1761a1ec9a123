//! The rows of an export, once from the first to the last.

use super::column::{Column, ColumnFound};
use super::number::Number;
use super::resemble::{self, ALIASES};
use super::sniff::{DelimiterFound, EncodingFound};
use super::{Place, Rows};
use crate::column::Table;
use crate::export::encoded::Lines;
use crate::export::input::{Input, Refused};
use csv::ByteRecord;
use serde::Serialize;
use std::collections::{BTreeMap, VecDeque};
use std::io::{self, Read};
use std::path::Path;

/// How much of a file is looked at first.
const HEAD: u64 = 1 << 20;
/// Among how many records the header is looked for.
const HEADER_WITHIN: usize = 50;
/// A record longer than this is taken for one that a quote keeps open.
const LONGEST_RECORD: u64 = 64 << 20;
/// How many rows of each odd sort are told.
const WIDTHS_TOLD: usize = 6;

/// What is in an export.
#[derive(Serialize)]
pub struct Inspection {
    /// The file as it was named.
    pub file: String,
    /// How it is compressed, if it is.
    pub compression: Option<&'static str>,
    /// Its encoding.
    pub encoding: EncodingFound,
    /// What stands between fields; nothing in a Parquet file.
    pub delimiter: Option<DelimiterFound>,
    /// How many lines it has, and how they end.
    pub lines: u64,
    /// How many lines end by each sign.
    pub line_ends: BTreeMap<&'static str, u64>,
    /// The rows above the header, with their lines.
    pub titles: Vec<(u64, String)>,
    /// The record and the line of the header; `None` if no record looks like one.
    pub header: Option<Place>,
    /// How many records follow it.
    pub rows: u64,
    /// Records of which all cells are blank.
    pub blank_rows: Rows,
    /// Records that repeat the header.
    pub repeated_headers: Rows,
    /// Records that begin with a word for a sum or for the end.
    pub totals: Rows,
    /// The word that the first of them begins with, and the column in which it stands.
    pub total: Option<(String, String)>,
    /// Records with another number of fields than the header.
    pub other_widths: BTreeMap<usize, Rows>,
    /// Records of which far fewer cells are filled than is usual.
    pub sparse: Rows,
    /// The columns.
    pub columns: Vec<ColumnFound>,
    /// The table that it resembles most, if any.
    pub resembles: Option<&'static str>,
    #[serde(skip)]
    pub(super) table: Table,
}

/// Inspects a file.
///
/// # Errors
/// When it cannot be read: [`Refused`] says how to mend it.
pub fn inspect(path: &Path) -> io::Result<Inspection> {
    let mut head = Vec::new();
    let input = Input::open(path, None)?;
    let is_table = input.is_table();
    input.take(HEAD).read_to_end(&mut head)?;
    let encoding = if is_table { EncodingFound::of_table() } else { EncodingFound::of(&head) };
    match Scan::whole(path, encoding)? {
        Ok(inspection) => Ok(inspection),
        // What was UTF-8 as far as it was looked at is not so all the way.
        Err(line) => match Scan::whole(path, EncodingFound::not_utf8(line, None))? {
            Ok(inspection) => Ok(inspection),
            Err(_) => Err(Refused::error("the text is in no encoding that is known".to_owned(), "save it as UTF-8")),
        },
    }
}

/// Why a reader could not go on.
fn cause(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

/// What is known of an export as it is read.
struct Scan {
    found: Inspection,
    header: ByteRecord,
    columns: Vec<Column>,
    /// By how many cells are filled, which rows.
    filled: BTreeMap<usize, Rows>,
    records: u64,
    no_utf8: Option<u64>,
}

impl Scan {
    /// Reads a file; if it is not in the encoding, the line that shows it.
    fn whole(path: &Path, encoding: EncodingFound) -> io::Result<Result<Inspection, u64>> {
        let input = Input::open(path, Some(encoding.encoding))?;
        let packed = Some(input.packing().name()).filter(|name| *name != "none");
        let is_table = input.is_table();
        let lined = Lined::new(input)?;
        let found = DelimiterFound::of(lined.head());
        let delimiter = if is_table { DelimiterFound { delimiter: ',', ..found } } else { found };
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(u8::try_from(delimiter.delimiter).unwrap_or(b','))
            .buffer_capacity(1 << 17)
            .from_reader(lined);
        let mut scan = Scan::new(path, packed, encoding, (!is_table).then_some(delimiter));
        let mut first = Vec::new();
        let mut record = ByteRecord::new();
        while scan.no_utf8.is_none() && reader.read_byte_record(&mut record).map_err(cause)? {
            let at = record.position().map_or(0, csv::Position::byte);
            let line = reader.get_mut().line(at);
            if first.len() < HEADER_WITHIN {
                first.push((line, record.clone()));
                if first.len() == HEADER_WITHIN {
                    scan.begin(&mut first);
                }
            } else {
                scan.row(&record, line);
            }
        }
        if first.len() < HEADER_WITHIN {
            scan.begin(&mut first);
        }
        if let Some(line) = scan.no_utf8 {
            return Ok(Err(line));
        }
        let lined = reader.into_inner();
        scan.found.lines = lined.count();
        scan.found.line_ends = lined.ends();
        Ok(Ok(scan.finish()))
    }

    fn new(
        path: &Path,
        compression: Option<&'static str>,
        encoding: EncodingFound,
        delimiter: Option<DelimiterFound>,
    ) -> Scan {
        let found = Inspection {
            file: path.display().to_string(),
            compression,
            encoding,
            delimiter,
            lines: 0,
            line_ends: BTreeMap::new(),
            titles: Vec::new(),
            header: None,
            rows: 0,
            blank_rows: Rows::default(),
            repeated_headers: Rows::default(),
            totals: Rows::default(),
            total: None,
            other_widths: BTreeMap::new(),
            sparse: Rows::default(),
            columns: Vec::new(),
            resembles: None,
            table: Table::Invoices,
        };
        let (header, columns) = (ByteRecord::new(), Vec::new());
        Scan { found, header, columns, filled: BTreeMap::new(), records: 0, no_utf8: None }
    }

    /// Finds the header among the first records, and takes up those that follow it.
    fn begin(&mut self, first: &mut Vec<(u64, ByteRecord)>) {
        let at = header_among(first);
        for (number, (line, record)) in (1..).zip(first.iter()) {
            self.check(record, *line);
            match at {
                Some(header) if number - 1 < header => {
                    let cells = record.iter().map(|cell| String::from_utf8_lossy(cell).trim().to_owned());
                    let cells: Vec<String> = cells.filter(|cell| !cell.is_empty()).collect();
                    self.found.titles.push((*line, cells.join(" ")));
                }
                Some(header) if number - 1 == header => {
                    self.found.header = Some(Place { record: number as u64, line: *line });
                    self.header = record.clone();
                    self.columns = self.header.iter().map(|name| Column::new(&String::from_utf8_lossy(name))).collect();
                }
                _ => self.row(record, *line),
            }
        }
        // No more are kept: from here on every record is a row.
        first.resize(HEADER_WITHIN, (0, ByteRecord::new()));
    }

    /// Takes up a row.
    fn row(&mut self, record: &ByteRecord, line: u64) {
        self.records += 1;
        self.check(record, line);
        if self.found.header.is_none() && self.columns.is_empty() {
            self.columns = (1..=record.len()).map(|number| Column::new(&format!("(column {number})"))).collect();
        }
        self.found.rows += 1;
        let filled = record.iter().filter(|cell| !cell.trim_ascii().is_empty()).count();
        if filled == 0 {
            self.found.blank_rows.see(line);
        } else if *record == self.header {
            self.found.repeated_headers.see(line);
        } else if self.is_total(record, filled) {
            self.found.totals.see(line);
        } else if record.len() != self.columns.len() {
            self.found.other_widths.entry(record.len()).or_default().see(line);
        } else {
            self.filled.entry(filled).or_default().see(line);
            self.cells(record, line);
        }
    }

    /// Notes a record that is no UTF-8.
    fn check(&mut self, record: &ByteRecord, line: u64) {
        if self.no_utf8.is_none() && std::str::from_utf8(record.as_slice()).is_err() {
            self.no_utf8 = Some(line);
        }
    }

    fn cells(&mut self, record: &ByteRecord, line: u64) {
        let place = Place { record: self.records, line };
        for (column, cell) in self.columns.iter_mut().zip(record) {
            match std::str::from_utf8(cell) {
                Ok(cell) => column.see(cell.trim(), place),
                Err(_) => self.no_utf8 = Some(line),
            }
        }
    }

    /// Whether a row begins with a word for a sum, or for the end.
    fn is_total(&mut self, record: &ByteRecord, filled: usize) -> bool {
        let cells = record.iter().enumerate();
        let Some((at, cell)) = cells.map(|(at, cell)| (at, cell.trim_ascii())).find(|(_, cell)| !cell.is_empty())
        else {
            return false;
        };
        let is_letter = |b: &u8| b.is_ascii_alphabetic() || *b == b'*';
        if !cell.first().is_some_and(is_letter) || (filled * 2 > self.columns.len() && self.columns.len() > 3) {
            return false;
        }
        let text = String::from_utf8_lossy(cell).to_lowercase();
        let begins = |word: &&String| {
            let rest = text.strip_prefix(word.as_str());
            rest.is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
        };
        let Some(word) = ALIASES.totals.iter().filter(begins).max_by_key(|word| word.len()) else { return false };
        if self.found.total.is_none()
            && let Some(column) = self.columns.get(at)
        {
            let word = String::from_utf8_lossy(cell).chars().take(word.chars().count()).collect();
            self.found.total = Some((column.name().to_owned(), word));
        }
        true
    }

    fn finish(mut self) -> Inspection {
        let usual = self.filled.iter().max_by_key(|(_, rows)| rows.count).map_or(0, |(filled, _)| *filled);
        for rows in self.filled.range(..=usual / 3).map(|(_, rows)| rows).filter(|_| usual > 3) {
            self.found.sparse.count += rows.count;
            self.found.sparse.lines.extend(&rows.lines);
        }
        self.found.sparse.lines.sort_unstable();
        self.found.sparse.lines.truncate(5);
        let mut widths: Vec<(usize, Rows)> = std::mem::take(&mut self.found.other_widths).into_iter().collect();
        widths.sort_by_key(|(width, rows)| (std::cmp::Reverse(rows.count), *width));
        self.found.other_widths = widths.into_iter().take(WIDTHS_TOLD).collect();
        let numbered = (1..).zip(self.columns);
        self.found.columns = numbered.map(|(position, column)| column.finish(position)).collect();
        let names: Vec<String> = self.found.columns.iter().map(|column| resemble::plain(&column.name)).collect();
        for (at, column) in self.found.columns.iter_mut().enumerate() {
            let same = |name: &&String| names.get(at) == Some(*name);
            let earlier = names.iter().take(at + 1).filter(same).count();
            column.occurrence = (names.iter().filter(same).count() > 1).then_some(earlier);
        }
        resemble::compare(&mut self.found);
        self.found
    }
}

/// Which of the first records is the header: the first that is about as wide as most, and filled with different names.
fn header_among(first: &[(u64, ByteRecord)]) -> Option<usize> {
    let filled = |record: &ByteRecord| record.iter().filter(|cell| !cell.trim_ascii().is_empty()).count();
    let mut widths: BTreeMap<usize, usize> = BTreeMap::new();
    for (_, record) in first.iter().filter(|(_, record)| filled(record) > 0) {
        *widths.entry(record.len()).or_default() += 1;
    }
    let (width, _) = widths.iter().max_by_key(|(width, count)| (**count, **width))?;
    let is_name = |cell: &[u8]| {
        let text = String::from_utf8_lossy(cell);
        let text = text.trim();
        Number::of(text).is_none() && text.chars().any(char::is_alphabetic)
    };
    first.iter().position(|(_, record)| {
        let names = record.iter().filter(|cell| is_name(cell)).count();
        let most = first.iter().map(|(_, record)| filled(record)).max().unwrap_or_default();
        record.len() == *width && names == filled(record) && names * 2 >= most && names > 0
    })
}

/// A reader that knows on which line a record begins. The first line is 1; a record never begins on a blank line.
struct Lined {
    input: Input,
    head: io::Cursor<Vec<u8>>,
    lines: Lines,
    /// How many bytes were passed, and the starts of lines that are not blank, with their numbers.
    passed: u64,
    starts: VecDeque<(u64, u64)>,
    counts: [u64; 3],
    last: u8,
    /// Where the last record began.
    asked: u64,
}

impl Lined {
    fn new(mut input: Input) -> io::Result<Lined> {
        let mut head = Vec::new();
        input.by_ref().take(HEAD).read_to_end(&mut head)?;
        let head = io::Cursor::new(head);
        let (lines, starts) = (Lines::default(), VecDeque::new());
        Ok(Lined { input, head, lines, passed: 0, starts, counts: [0; 3], last: b'\n', asked: 0 })
    }

    /// The first bytes, without a byte-order mark.
    fn head(&self) -> &[u8] {
        let head = self.head.get_ref();
        head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head)
    }

    /// The line of the record that begins at a byte, or at the next line that is not blank. Asked in order.
    fn line(&mut self, at: u64) -> u64 {
        self.asked = at;
        while self.starts.front().is_some_and(|(start, _)| *start < at) {
            self.starts.pop_front();
        }
        self.starts.front().map_or(0, |(_, line)| *line)
    }

    /// How many lines there are.
    fn count(&self) -> u64 {
        self.lines.reached() - u64::from(matches!(self.last, b'\n' | b'\r'))
    }

    fn ends(&self) -> BTreeMap<&'static str, u64> {
        let [lf, crlf, cr] = self.counts;
        [("LF", lf), ("CRLF", crlf), ("CR", cr)].into_iter().filter(|(_, count)| *count > 0).collect()
    }

    /// Notes where lines begin.
    fn pass(&mut self, bytes: &[u8]) {
        let is_end = |b: u8| matches!(b, b'\n' | b'\r');
        let mut from = 0;
        if bytes.first().is_some_and(|b| is_end(self.last) && !is_end(*b)) {
            self.starts.push_back((self.passed, self.lines.reached()));
        }
        for at in memchr::memchr2_iter(b'\n', b'\r', bytes) {
            let before = if at == 0 { self.last } else { bytes.get(at - 1).copied().unwrap_or_default() };
            match (bytes.get(at), before) {
                (Some(b'\n'), b'\r') => {
                    self.counts[1] += 1;
                    self.counts[2] -= 1;
                }
                (Some(b'\n'), _) => self.counts[0] += 1,
                _ => self.counts[2] += 1,
            }
            if bytes.get(at + 1).is_some_and(|b| !is_end(*b)) {
                self.lines.pass(bytes.get(from..=at).unwrap_or_default());
                from = at + 1;
                self.starts.push_back((self.passed + from as u64, self.lines.reached()));
            }
        }
        self.lines.pass(bytes.get(from..).unwrap_or_default());
        self.last = bytes.last().copied().unwrap_or(self.last);
        self.passed += bytes.len() as u64;
    }
}

impl Read for Lined {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.passed - self.asked > LONGEST_RECORD {
            let what = format!("a quote in the row that begins on line {} is not closed", self.line(self.asked));
            return Err(Refused::error(what, "close the quote, or write each quote inside a quoted field twice"));
        }
        let read = match self.head.read(into)? {
            0 => self.input.read(into)?,
            read => read,
        };
        self.pass(into.get(..read).unwrap_or_default());
        Ok(read)
    }
}
