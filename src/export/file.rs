//! One file from its header to its last row: read in windows, hashed beside the parsing, and taken in block by block.

use super::block::{Block, Records, parse_window, record_at};
use super::cells::Record;
use super::header::{At, Orders, Plan};
use super::input::Input;
use super::quotes::flaw;
use super::split::{lines, past_line_ends};
use super::words::Words;
use super::{Problem, Sizes};
use crate::column::Table;
use crate::mapping;
use crate::mapping::header::{Search, names_of};
use crate::mapping::row::{Reason, RowMap};
use crate::record::{ExportFile, Place};
use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

/// A record longer than this is taken for one that a quote keeps open.
const LONGEST_RECORD: usize = 64 << 20;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
const MEND_QUOTES: &str = "close the quote, or write each quote inside a quoted field twice";
const UNCLOSED: &str = "a quote in this row is not closed within 64 MiB";

/// What reading any file needs.
pub(super) struct Setting<'a> {
    pub(super) words: &'a Words,
    pub(super) sizes: Sizes,
    pub(super) progress: &'a (dyn Fn(u64) + Sync),
    /// Whether it is kept where each record lies.
    pub(super) keeps_spans: bool,
}

/// How far a file has been taken in.
pub(super) struct Reached {
    pub(super) file: u16,
    pub(super) records: u32,
    /// The physical line on which the next block begins.
    pub(super) line: u64,
    /// How many rows the mapping left out, by why.
    pub(super) left_out: BTreeMap<Reason, u64>,
    /// The places of its rows, if their order does not tell.
    places: Option<Arc<Vec<(u32, u64)>>>,
}

impl Reached {
    /// Counts a record, and tells its place and its line. `lines` are those of the block before it.
    pub(super) fn record(&mut self, lines: u32) -> Result<(Place, u64), &'static str> {
        let number = self.records as usize;
        self.records = self.records.checked_add(1).ok_or("the file has more than 4,294,967,295 rows")?;
        let (record, line) = match &self.places {
            Some(places) => places.get(number).copied().unwrap_or((self.records, self.line)),
            None => (self.records, self.line.saturating_add(u64::from(lines))),
        };
        Ok((Place { file: self.file, record }, line))
    }

    /// Counts a record that is left out.
    pub(super) fn leave_out(&mut self, reason: Reason) -> Result<(), &'static str> {
        *self.left_out.entry(reason).or_default() += 1;
        self.record(0).map(|_| ())
    }
}

/// Where the rows of a table's files go.
pub(super) trait Intake: Send {
    type Row: Record;
    /// What is kept of a block until it is taken in.
    type Kept: Send;

    fn files(&mut self) -> &mut [ExportFile];

    /// How rows of the table's files are compared.
    fn orders(&mut self) -> &mut Orders;

    /// Keeps what is needed of blocks and of the bytes that they were parsed from.
    fn keep(&self, blocks: Vec<Block<Self::Row>>, bytes: &[u8]) -> Vec<Self::Kept>;

    /// Takes blocks in, in order; the error says what is too large.
    fn take_in(&mut self, kept: Vec<Self::Kept>, at: &mut Reached) -> Result<(), &'static str>;
}

/// Reads a file into its table, and tells how its rows are to be read. The problems returned end the run.
pub(super) fn read_file<'a, I: Intake>(
    number: u16,
    setting: &Setting<'a>,
    intake: &mut I,
) -> Result<Plan<'a>, Vec<Problem>> {
    let missing = || vec![Problem::of_file("", "there is no such file", "name another")];
    let file = intake.files().get(usize::from(number)).ok_or_else(missing)?;
    let (path, name, table) = (file.path.clone(), file.name.clone(), file.table);
    let mapping = file.source.clone();
    let mut source =
        Source::open(&path, &name, mapping.as_ref(), setting).map_err(|e| vec![Problem::unreadable(&name, &e)])?;
    let mut line = 1;
    let plan = match &mapping {
        Some(mapping) => source.mapped_header(mapping, &mut line, intake.orders())?,
        None => source.header(table, &mut line, intake.orders())?,
    };
    let places = mapping.as_ref().and_then(|mapping| mapping.shaped(&path)?.places.clone());
    let mut reached = Reached { file: number, records: 0, line, left_out: BTreeMap::new(), places };
    source.rows(&plan, intake, &mut reached).map_err(|problem| vec![problem])?;
    let marks = if source.input.is_file() { std::mem::take(&mut source.marks) } else { Vec::new() };
    let (bytes, sha256) = source.input.finish().map_err(|e| vec![Problem::unreadable(&name, &e)])?;
    if let Some(file) = intake.files().get_mut(usize::from(number)) {
        file.columns = plan.set;
        file.header.clone_from(&plan.header);
        file.rows_read = u64::from(reached.records);
        let reason = |reason| plan.map.as_ref().map_or_else(String::new, |map| map.reason(reason));
        file.left_out = reached.left_out.into_iter().map(|(why, rows)| (reason(why), rows)).collect();
        if let Some(shaped) = file.source.as_ref().and_then(|source| source.shaped(&path)) {
            let left_out = shaped.left_out.iter().map(|(why, rows)| (reason(*why), *rows));
            file.left_out.extend(left_out);
            file.rows_read += shaped.left_out.values().sum::<u64>();
        }
        (file.bytes, file.sha256, file.marks) = (bytes, sha256, marks);
    }
    Ok(plan)
}

/// A file, of which a window lies in memory.
pub(super) struct Source<'s, 'a> {
    pub(super) input: Input,
    path: &'s Path,
    name: &'s str,
    setting: &'s Setting<'a>,
    window: Vec<u8>,
    /// Where in the window the part begins that is not parsed yet.
    start: usize,
    /// The bytes of the file before that part.
    pub(super) before: u64,
    /// Whether the window reaches to the end of the file.
    pub(super) last: bool,
    /// Where blocks begin, by the number of rows before them.
    marks: Vec<(u32, u64)>,
}

/// Room before a window for the record that the window before it ended in. It is no multiple of a page: copying to just behind
/// where the source lies in its page, as large allocations begin, is four times slower on some processors.
const ROOM: usize = (64 << 10) + (2 << 10);

/// Reads the next bytes of a file behind room for what the window before them may leave: as many as wanted, or fewer at the end.
pub(super) fn read_on(input: &mut Input, into: &mut Vec<u8>, wanted: usize) -> io::Result<usize> {
    let whole = ROOM + wanted;
    if into.capacity() < whole {
        // Memory that is new is clear without being written.
        *into = vec![0; whole];
    }
    into.resize(whole, 0);
    let mut end = ROOM;
    while let Some(room) = into.get_mut(end..).filter(|room| !room.is_empty()) {
        match input.read(room) {
            Ok(0) => break,
            Ok(read) => end += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    into.truncate(end);
    Ok(end - ROOM)
}

impl<'s, 'a> Source<'s, 'a> {
    pub(super) fn open(
        path: &'s Path,
        name: &'s str,
        mapping: Option<&Arc<mapping::Source>>,
        setting: &'s Setting<'a>,
    ) -> io::Result<Source<'s, 'a>> {
        Ok(Source {
            input: Input::of_export(path, mapping)?,
            path,
            name,
            setting,
            window: Vec::new(),
            start: 0,
            before: 0,
            last: false,
            marks: Vec::new(),
        })
    }

    /// Takes up bytes that were read on, after those that are not parsed yet, and returns the old window for reuse.
    pub(super) fn take_up(&mut self, mut next: Vec<u8>, read: usize) -> Vec<u8> {
        self.last = read < self.setting.sizes.window;
        (self.setting.progress)(self.input.passed());
        let rest = self.rest();
        match ROOM.checked_sub(rest.len()) {
            Some(start) => {
                if let Some(room) = next.get_mut(start..ROOM) {
                    room.copy_from_slice(rest);
                }
                self.start = start;
                std::mem::replace(&mut self.window, next)
            }
            None => {
                self.window.drain(..self.start);
                self.window.extend_from_slice(next.get(ROOM..).unwrap_or_default());
                self.start = 0;
                next
            }
        }
    }

    /// Takes bytes for parsed.
    pub(super) fn pass(&mut self, bytes: usize) {
        self.start += bytes;
        self.before += bytes as u64;
    }

    /// The part of the window that is not parsed yet.
    pub(super) fn rest(&self) -> &[u8] {
        self.window.get(self.start..).unwrap_or_default()
    }

    fn problem(&self, line: u64, what: &str, help: &str) -> Problem {
        At { file: self.name, line }.problem(None, what.to_owned(), help)
    }

    /// Reads the header and moves `line` to the line after it.
    pub(super) fn header(
        &mut self,
        table: Table,
        line: &mut u64,
        orders: &mut Orders,
    ) -> Result<Plan<'a>, Vec<Problem>> {
        let mut spare = Vec::new();
        let (mut records, mut mark, mut found) = (Records::new(b','), 0, None);
        while found.is_none() {
            let read = read_on(&mut self.input, &mut spare, self.setting.sizes.window);
            spare = self.take_up(spare, read.map_err(|e| vec![Problem::unreadable(self.name, &e)])?);
            let bytes = self.rest();
            if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
                let help = "save the file as UTF-8, for example by `iconv -f UTF-16 -t UTF-8`";
                return Err(vec![self.problem(1, "the file is in UTF-16", help)]);
            }
            mark = if bytes.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
            let start = past_line_ends(bytes, mark, self.last);
            records = Records::new(b',');
            found = record_at(&mut records, bytes, start, self.last).map(|(_, length)| (start, length));
            if found.is_none() && self.last {
                let help = "write the names of the columns in the first row";
                return Err(vec![self.problem(1, "the file is empty: expected a header", help)]);
            }
            if found.is_none() && bytes.len() > LONGEST_RECORD {
                return Err(vec![self.problem(1, UNCLOSED, MEND_QUOTES)]);
            }
        }
        let (start, length) = found.unwrap_or_default();
        let bytes = self.rest();
        let header = bytes.get(start..).unwrap_or_default();
        *line += lines(bytes.get(mark..start).unwrap_or_default()) as u64;
        if flaw(header.get(..length).unwrap_or_default(), b',').is_some() {
            return Err(vec![self.problem(*line, "a quote in the header is not closed", MEND_QUOTES)]);
        }
        let at = At { file: self.name, line: *line };
        let mut plan = Plan::new(self.setting.words, table, records.fields(header), &at, orders)?;
        plan.is_table = self.input.is_table();
        plan.keeps_spans = self.setting.keeps_spans;
        let end = past_line_ends(bytes, start + length, self.last);
        *line += if plan.is_table { 1 } else { lines(bytes.get(start..end).unwrap_or_default()) as u64 };
        let header = self.window.get(self.start..self.start + end).unwrap_or_default();
        self.input.hash(header).map_err(|e| vec![Problem::unreadable(self.name, &e)])?;
        self.pass(end);
        Ok(plan)
    }

    /// Looks for the header that a mapping names, and moves `line` to the line after it.
    fn mapped_header(
        &mut self,
        mapping: &Arc<mapping::Source>,
        line: &mut u64,
        orders: &mut Orders,
    ) -> Result<Plan<'a>, Vec<Problem>> {
        let is_table = self.input.is_table();
        let delimiter = mapping.delimiter_of(self.path);
        let (mut records, mut search) = (Records::new(delimiter), Search::new(mapping));
        let (mut spare, mut at) = (Vec::new(), 0);
        loop {
            let bytes = self.rest();
            if at == 0 && bytes.starts_with(BYTE_ORDER_MARK) {
                at = BYTE_ORDER_MARK.len();
            }
            let start = past_line_ends(bytes, at, self.last);
            let Some((rest, length)) = record_at(&mut records, bytes, start, self.last) else {
                if self.last {
                    return Err(vec![search.problem(self.name)]);
                }
                if bytes.len() > LONGEST_RECORD {
                    return Err(vec![self.problem(1, UNCLOSED, MEND_QUOTES)]);
                }
                let read = read_on(&mut self.input, &mut spare, self.setting.sizes.window);
                spare = self.take_up(spare, read.map_err(|e| vec![Problem::unreadable(self.name, &e)])?);
                continue;
            };
            let names = names_of(records.fields(rest).iter());
            let is_found = mapping.is_gathered() || search.offer(&names);
            at = if is_found && !mapping.has_header() { start } else { start + length };
            if is_found {
                let names = if mapping.has_header() { names } else { vec![String::new(); names.len()] };
                let map = RowMap::new(mapping, &names);
                let mut plan = Plan::mapped(self.setting.words, mapping.table, names, map, orders);
                (plan.is_table, plan.keeps_spans, plan.delimiter) = (is_table, self.setting.keeps_spans, delimiter);
                let end = past_line_ends(bytes, at, self.last);
                *line += if is_table { 1 } else { lines(bytes.get(..end).unwrap_or_default()) as u64 };
                let header = self.window.get(self.start..self.start + end).unwrap_or_default();
                self.input.hash(header).map_err(|e| vec![Problem::unreadable(self.name, &e)])?;
                self.pass(end);
                return Ok(plan);
            }
            if search.is_over() {
                return Err(vec![search.problem(self.name)]);
            }
        }
    }

    /// Reads all rows. While one window is parsed it is hashed, the blocks of the one before are taken in, and the next
    /// one is read.
    fn rows<I: Intake>(&mut self, plan: &Plan, intake: &mut I, reached: &mut Reached) -> Result<(), Problem> {
        let (mut line, mut hashed, mut rows) = (reached.line, 0, 0_u32);
        let (mut waiting, mut next) = (Vec::new(), Vec::new());
        loop {
            let bytes = self.window.get(self.start..).unwrap_or_default();
            let (sizes, last, input) = (self.setting.sizes, self.last, &mut self.input);
            let unhashed = bytes.get(hashed..).unwrap_or_default();
            let read_and_hash = || {
                let read = if last { Ok(0) } else { read_on(input, &mut next, sizes.window) };
                input.hash(unhashed).and(read)
            };
            let (blocks, (taken, read)) = rayon::join(
                || parse_window(plan, bytes, last, sizes.block),
                || rayon::join(|| intake.take_in(waiting, reached), read_and_hash),
            );
            taken.map_err(|what| self.too_large(what))?;
            let read = read.map_err(|e| Problem::unreadable(self.name, &e))?;
            for block in &blocks {
                if let Some(damage) = &block.damage {
                    return Err(self.problem(line.saturating_add(damage.line as u64), damage.what, MEND_QUOTES));
                }
                line = line.saturating_add(block.lines as u64);
                self.marks.push((rows, self.before + block.start as u64));
                rows = rows.saturating_add(u32::try_from(block.batch.rows.len()).unwrap_or(u32::MAX));
            }
            let end = blocks.last().map_or(0, |block| block.end);
            waiting = intake.keep(blocks, bytes);
            self.pass(end);
            hashed = self.rest().len();
            if self.last {
                break;
            }
            if hashed > LONGEST_RECORD {
                return Err(self.problem(line, UNCLOSED, MEND_QUOTES));
            }
            next = self.take_up(next, read);
        }
        intake.take_in(waiting, reached).map_err(|what| self.too_large(what))
    }

    fn too_large(&self, what: &str) -> Problem {
        Problem::of_file(self.name, what, "divide the export into smaller ones")
    }
}
