//! Blocks of a window: parsed at once in several places, and joined only where each ends exactly at the next one's
//! beginning.

use super::header::Plan;
use super::quotes::{Flaw, flaw, swallowed};
use super::row::{Batch, Parser};
use super::split::{guesses, lines, past_line_ends};
use csv_core::ReadRecordResult;
use memchr::{memchr_iter, memchr2, memchr3};
use rayon::prelude::*;

/// The fields of one record, unquoted.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a> {
    /// All fields, with nothing or with one comma between them.
    pub(super) bytes: &'a [u8],
    /// Where each field ends.
    pub(super) ends: &'a [usize],
    /// How many bytes are between fields: 0 or 1.
    pub(super) gap: usize,
}

impl<'a> Fields<'a> {
    /// The fields in order.
    pub(super) fn iter(self) -> impl Iterator<Item = &'a [u8]> {
        let mut start = 0;
        self.ends.iter().map(move |end| {
            let field = self.bytes.get(start..*end).unwrap_or_default();
            start = end + self.gap;
            field
        })
    }
}

/// Reads records one after another. What it needs for one it uses for the next, so that reading allocates nothing.
pub(super) struct Records {
    core: csv_core::Reader,
    unquoted: Vec<u8>,
    ends: Vec<usize>,
    count: usize,
    length: usize,
    is_plain: bool,
}

impl Records {
    pub(super) fn new() -> Records {
        let mut core = csv_core::Reader::new();
        // The reader drops a byte-order mark before the first byte that it sees, which here may lie amid the file.
        core.read_record(b"\n", &mut [0], &mut [0]);
        Records { core, unquoted: vec![0; 1024], ends: vec![0; 64], count: 0, length: 0, is_plain: false }
    }

    /// Reads the record with which the input begins and tells its length; `None` if its end is not in the input.
    pub(super) fn read(&mut self, input: &[u8], last: bool) -> Option<usize> {
        match memchr3(b'"', b'\n', b'\r', input) {
            Some(end) if input.get(end) != Some(&b'"') => {
                self.cut(input.get(..end)?);
                Some(end + 1)
            }
            _ => self.unquote(input, last),
        }
    }

    /// The fields of the record that was read last, with which this input begins.
    pub(super) fn fields<'a>(&'a self, input: &'a [u8]) -> Fields<'a> {
        let (bytes, gap) = if self.is_plain { (input, 1) } else { (self.unquoted.as_slice(), 0) };
        let bytes = bytes.get(..self.length).unwrap_or_default();
        Fields { bytes, ends: self.ends.get(..self.count).unwrap_or_default(), gap }
    }

    /// Cuts a line at its commas, its quotes taken as they stand.
    pub(super) fn cut(&mut self, line: &[u8]) {
        (self.is_plain, self.length, self.count) = (true, line.len(), 0);
        for end in memchr_iter(b',', line).chain([line.len()]) {
            match self.ends.get_mut(self.count) {
                Some(slot) => *slot = end,
                None => self.ends.push(end),
            }
            self.count += 1;
        }
    }

    fn unquote(&mut self, input: &[u8], last: bool) -> Option<usize> {
        self.is_plain = false;
        let (mut read, mut written, mut ended) = (0, 0, 0);
        loop {
            let room = self.unquoted.get_mut(written..)?;
            let (result, n, o, e) = self.core.read_record(input.get(read..)?, room, self.ends.get_mut(ended..)?);
            (read, written, ended) = (read + n, written + o, ended + e);
            match result {
                // At the end of a file the next round hands over nothing, which ends the record.
                ReadRecordResult::InputEmpty if last => {}
                ReadRecordResult::InputEmpty | ReadRecordResult::End => return None,
                ReadRecordResult::OutputFull => self.unquoted.resize(self.unquoted.len() * 2, 0),
                ReadRecordResult::OutputEndsFull => self.ends.resize(self.ends.len() * 2, 0),
                ReadRecordResult::Record => {
                    (self.length, self.count) = (written, ended);
                    return Some(read);
                }
            }
        }
    }
}

/// What makes the rest of a file unreadable, and on which line after those parsed before.
pub(super) struct Damage {
    pub(super) line: usize,
    pub(super) what: &'static str,
}

/// A block that was parsed.
pub(super) struct Block {
    start: usize,
    /// Where the next record begins.
    pub(super) end: usize,
    pub(super) batch: Batch,
    /// Lines that end in the block.
    pub(super) lines: usize,
    pub(super) damage: Option<Damage>,
}

/// Parses the records of a window up to the last whole one. The same blocks' rows result from any block size.
pub(super) fn parse_window(plan: &Plan, bytes: &[u8], last: bool, apart: usize) -> Vec<Block> {
    let starts: Vec<usize> = std::iter::once(0).chain(guesses(bytes, apart)).collect();
    let until = |at: usize| starts.get(at + 1).copied().unwrap_or(bytes.len());
    let guessed: Vec<Block> = starts.par_iter().enumerate().map(|(i, start)| parse(plan, bytes, *start, until(i), last)).collect();
    let mut guessed = guessed.into_iter().peekable();
    let mut blocks = Vec::new();
    let mut at = 0;
    loop {
        while guessed.next_if(|block| block.start < at).is_some() {}
        let block = match guessed.next_if(|block| block.start == at) {
            Some(block) => block,
            None => parse(plan, bytes, at, guessed.peek().map_or(bytes.len(), |block| block.start), last),
        };
        let is_over = block.damage.is_some() || block.end == at || block.end >= bytes.len();
        at = block.end;
        blocks.push(block);
        if is_over {
            return blocks;
        }
    }
}

/// Parses records from one that begins at `start` to the first that begins at or after `until`.
fn parse(plan: &Plan, bytes: &[u8], start: usize, until: usize, last: bool) -> Block {
    let mut parser = Parser::new(plan);
    let mut records = Records::new();
    let mut at = past_line_ends(bytes, start, last);
    let mut line = lines(bytes.get(start..at).unwrap_or_default());
    let mut damage = None;
    while at < until {
        let Some(rest) = bytes.get(at..) else { break };
        let Some(length) = records.read(rest, last) else { break };
        let fields = records.fields(rest);
        let next = past_line_ends(bytes, at + length, last);
        // A plain record is one line; the line ends after it are few.
        let counted = if fields.gap == 1 { at + fields.bytes.len() } else { at };
        let ended = lines(bytes.get(counted..next).unwrap_or_default());
        if fields.gap == 0 && (ended > 1 || (last && next == bytes.len())) {
            damage = inspect(plan, rest.get(..length).unwrap_or_default(), line);
            if damage.is_some() {
                break;
            }
        }
        parser.row(fields, line);
        line += ended;
        at = next;
    }
    Block { start, end: at, batch: parser.finish(), lines: line, damage }
}

/// What is wrong with the quotes of a record that spans lines or ends the file.
fn inspect(plan: &Plan, record: &[u8], line: usize) -> Option<Damage> {
    let record = trim_line_ends(record);
    let opened = |at: usize| line + lines(record.get(..at).unwrap_or_default());
    match flaw(record) {
        Some(Flaw::Open(at)) => {
            return Some(Damage { line: opened(at), what: "a quote that opens here is not closed before the end of the file" });
        }
        Some(Flaw::Stray(at)) => {
            let what = "a quote that opens here spans lines and is closed in the middle of a field";
            return Some(Damage { line: opened(at), what });
        }
        None => {}
    }
    memchr2(b'\r', b'\n', record)?;
    let is_sound = |fields: Fields| Parser::new(plan).row(fields, 0);
    let what = "a quoted text that begins in this row holds lines that read as rows of their own";
    swallowed(record, plan.width(), is_sound).then_some(Damage { line, what })
}

fn trim_line_ends(record: &[u8]) -> &[u8] {
    let end = record.iter().rposition(|b| !matches!(b, b'\r' | b'\n')).map_or(0, |at| at + 1);
    record.get(..end).unwrap_or_default()
}
