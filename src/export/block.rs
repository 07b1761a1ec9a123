//! Blocks of a window: parsed at once in several places, and joined only where each ends exactly at the next one's
//! beginning.

use super::cells::{Aside, Batch, Gathered, Parsed, Record};
use super::cut::cut;
use super::header::Plan;
use super::quotes::{Flaw, flaw, swallowed};
use super::row::Parser;
use super::split::{guesses, lines, past_line_ends};
use crate::mapping::row::Row;
use csv_core::ReadRecordResult;
use memchr::{memchr2, memchr3};
use rayon::prelude::*;
use std::cell::RefCell;
use std::ops::Range;

/// The fields of one record, unquoted.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a> {
    /// All fields, with nothing or with one delimiter between them.
    pub(super) bytes: &'a [u8],
    /// Where each field ends.
    pub(super) ends: &'a [usize],
    /// How many bytes are between fields: 0 or 1.
    pub(super) gap: usize,
    /// Whether no field can have white space around it.
    pub(super) is_bare: bool,
}

impl Row for Fields<'_> {
    fn len(&self) -> usize {
        self.ends.len()
    }

    fn cell(&self, at: usize) -> &[u8] {
        let start = at.checked_sub(1).and_then(|before| self.ends.get(before)).map_or(0, |end| end + self.gap);
        self.ends.get(at).and_then(|end| self.bytes.get(start..*end)).unwrap_or_default()
    }
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
    unquoted: Vec<u8>,
    ends: Vec<usize>,
    count: usize,
    length: usize,
    is_plain: bool,
    is_bare: bool,
    delimiter: u8,
}

impl Records {
    pub(super) fn new(delimiter: u8) -> Records {
        let (unquoted, ends) = Default::default();
        Records { unquoted, ends, count: 0, length: 0, is_plain: false, is_bare: false, delimiter }
    }

    /// Reads the record with which the input begins and tells its length; `None` if its end is not in the input.
    pub(super) fn read(&mut self, input: &[u8], last: bool) -> Option<usize> {
        match memchr3(b'"', b'\n', b'\r', input) {
            Some(end) if input.get(end) != Some(&b'"') => {
                self.cut(input, end);
                Some(end + 1)
            }
            _ => self.unquote(input, last),
        }
    }

    /// The fields of the record that was read last, with which this input begins.
    pub(super) fn fields<'a>(&'a self, input: &'a [u8]) -> Fields<'a> {
        let (bytes, gap) = if self.is_plain { (input, 1) } else { (self.unquoted.as_slice(), 0) };
        let bytes = bytes.get(..self.length).unwrap_or_default();
        Fields { bytes, ends: self.ends.get(..self.count).unwrap_or_default(), gap, is_bare: self.is_bare }
    }

    /// Cuts the line that the input begins with at its delimiters, its quotes taken as they stand.
    pub(super) fn cut(&mut self, input: &[u8], length: usize) {
        (self.is_plain, self.length) = (true, length);
        (self.count, self.is_bare) = cut(input, length, self.delimiter, &mut self.ends);
    }

    fn unquote(&mut self, input: &[u8], last: bool) -> Option<usize> {
        CORE.with_borrow_mut(|(delimiter, core)| {
            if *delimiter == self.delimiter {
                core.reset();
            } else {
                *core = csv_core::ReaderBuilder::new().delimiter(self.delimiter).build();
                *delimiter = self.delimiter;
            }
            // A reader takes a byte-order mark for text once it has read something, and where one begins to read here is
            // seldom the beginning of a file.
            core.read_record(b"\n", &mut [0], &mut [0]);
            self.unquote_with(core, input, last)
        })
    }

    fn unquote_with(&mut self, core: &mut csv_core::Reader, input: &[u8], last: bool) -> Option<usize> {
        (self.is_plain, self.is_bare) = (false, false);
        let (mut read, mut written, mut ended) = (0, 0, 0);
        loop {
            let room = self.unquoted.get_mut(written..)?;
            let (result, n, o, e) = core.read_record(input.get(read..)?, room, self.ends.get_mut(ended..)?);
            (read, written, ended) = (read + n, written + o, ended + e);
            match result {
                // At the end of a file the next round hands over nothing, which ends the record.
                ReadRecordResult::InputEmpty if last => {}
                ReadRecordResult::InputEmpty | ReadRecordResult::End => return None,
                ReadRecordResult::OutputFull => self.unquoted.resize(self.unquoted.len() * 2 + 256, 0),
                ReadRecordResult::OutputEndsFull => self.ends.resize(self.ends.len() * 2 + 32, 0),
                ReadRecordResult::Record => {
                    (self.length, self.count) = (written, ended);
                    return Some(read);
                }
            }
        }
    }
}

thread_local! {
    /// For records with quotes, and the delimiter that it is for. To set one up takes as long as to read hundreds of rows.
    static CORE: RefCell<(u8, csv_core::Reader)> = RefCell::new((b',', csv_core::Reader::new()));
}

/// What makes the rest of a file unreadable, and on which line after those parsed before.
pub(super) struct Damage {
    pub(super) line: usize,
    pub(super) what: &'static str,
}

/// A block that was parsed.
pub(super) struct Block<R> {
    /// Where its first record begins, or the line ends before it.
    pub(super) start: usize,
    /// Where the next record begins.
    pub(super) end: usize,
    pub(super) batch: Batch<R>,
    /// Where each record begins and ends, without its line end, if that is kept.
    pub(super) spans: Vec<(usize, usize)>,
    /// Lines that end in the block.
    pub(super) lines: usize,
    pub(super) damage: Option<Damage>,
}

/// Parses the records of a window up to the last whole one. The same blocks' rows result from any block size.
pub(super) fn parse_window<R: Record>(plan: &Plan, bytes: &[u8], last: bool, apart: usize) -> Vec<Block<R>> {
    let starts: Vec<usize> = std::iter::once(0).chain(guesses(bytes, apart)).collect();
    let until = |at: usize| starts.get(at + 1).copied().unwrap_or(bytes.len());
    // One by one, as the next window waits for the last of them.
    let blocks = starts.par_iter().enumerate().with_max_len(1);
    let guessed: Vec<Block<R>> = blocks.map(|(i, start)| parse(plan, bytes, *start, until(i), last)).collect();
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
fn parse<R: Record>(plan: &Plan, bytes: &[u8], start: usize, until: usize, last: bool) -> Block<R> {
    let (mut parser, mut spans) = (Parser::new(plan, until - start), Vec::new());
    let walked = walk::<R>(plan, bytes, start..until, last, |fields, span, line| {
        parser.row(fields, u32::try_from(line).unwrap_or(u32::MAX));
        if plan.keeps_spans {
            let record = trim_line_ends(bytes.get(span.clone()).unwrap_or_default());
            spans.push((span.start, span.start + record.len()));
        }
    });
    let Walked { end, lines, damage } = walked;
    Block { start, end, batch: parser.finish(), spans, lines, damage }
}

/// How far records were walked over.
pub(super) struct Walked {
    /// Where the next record begins.
    pub(super) end: usize,
    /// Lines that end before that.
    pub(super) lines: usize,
    pub(super) damage: Option<Damage>,
}

/// Walks over the records from one that begins at the start of a range, or the line ends before it, to the first that begins at
/// or after its end. Of each it tells the fields, where it lies with its line end, and the lines before it.
#[inline(always)]
pub(super) fn walk<R: Record>(
    plan: &Plan,
    bytes: &[u8],
    range: Range<usize>,
    last: bool,
    mut take: impl FnMut(Fields, Range<usize>, usize),
) -> Walked {
    let mut records = Records::new(plan.delimiter);
    let mut at = past_line_ends(bytes, range.start, last);
    let mut line = lines(bytes.get(range.start..at).unwrap_or_default());
    while at < range.end {
        let Some((rest, length)) = record_at(&mut records, bytes, at, last) else { break };
        let fields = records.fields(rest);
        let next = past_line_ends(bytes, at + length, last);
        // A plain record is one line; the line ends after it are few.
        let counted = if fields.gap == 1 { at + fields.bytes.len() } else { at };
        let ended = match bytes.get(counted..next) {
            _ if plan.is_table => 1,
            Some(b"\n") => 1,
            ended => lines(ended.unwrap_or_default()),
        };
        if fields.gap == 0 && !plan.is_table {
            let record = trim_line_ends(rest.get(..length).unwrap_or_default());
            let spans_lines = memchr2(b'\r', b'\n', record).is_some();
            let is_final = last && next == bytes.len();
            let damage = if spans_lines || is_final { inspect::<R>(plan, record, line) } else { None };
            if damage.is_some() {
                return Walked { end: at, lines: line, damage };
            }
        }
        take(fields, at..at + length, line);
        line += ended;
        at = next;
    }
    Walked { end: at, lines: line, damage: None }
}

impl<R> Block<R> {
    /// A block without any row.
    pub(super) fn empty() -> Block<R> {
        let batch = Batch { rows: Vec::new(), texts: Gathered::default(), aside: Aside::default() };
        Block::of(batch)
    }

    fn of(batch: Batch<R>) -> Block<R> {
        Block { start: 0, end: 0, batch, spans: Vec::new(), lines: 0, damage: None }
    }
}

/// Parses records that were cut apart before, each with the line end after it.
pub(super) fn parse_records<'r, R: Record>(plan: &Plan, cut: impl Iterator<Item = &'r [u8]>, bytes: usize) -> Block<R> {
    let (mut parser, mut records) = (Parser::new(plan, bytes), Records::new(plan.delimiter));
    for record in cut {
        records.read(record, true);
        parser.row(records.fields(record), 0);
    }
    Block::of(parser.finish())
}

/// The bytes from a position on, and the length of the record there; `None` if its end is not among them.
pub(super) fn record_at<'a>(
    records: &mut Records,
    bytes: &'a [u8],
    at: usize,
    last: bool,
) -> Option<(&'a [u8], usize)> {
    // What stands here after line ends were passed is a record or half a line end.
    let rest = bytes.get(at..).filter(|rest| rest.first() != Some(&b'\r'))?;
    Some((rest, records.read(rest, last)?))
}

/// What is wrong with the quotes of a record that spans lines or ends the file. Its own line end is cut off.
fn inspect<R: Record>(plan: &Plan, record: &[u8], line: usize) -> Option<Damage> {
    let opened = |at: usize| line + lines(record.get(..at).unwrap_or_default());
    match flaw(record, plan.delimiter) {
        Some(Flaw::Open(at)) => {
            return Some(Damage {
                line: opened(at),
                what: "a quote that opens here is not closed before the end of the file",
            });
        }
        Some(Flaw::Stray(at)) => {
            let what = "a quote that opens here spans lines and is closed in the middle of a field";
            return Some(Damage { line: opened(at), what });
        }
        None => {}
    }
    let is_sound = |fields: Fields| {
        let mut parser = Parser::<R>::new(plan, 0);
        parser.row(fields, 0);
        matches!(parser.finish().rows.as_slice(), [(_, _, Parsed::Sound(_))])
    };
    let what = "a quoted text that begins in this row holds lines that read as rows of their own";
    swallowed(record, plan.delimiter, plan.fields(), is_sound).then_some(Damage { line, what })
}

fn trim_line_ends(record: &[u8]) -> &[u8] {
    let end = record.iter().rposition(|b| !matches!(b, b'\r' | b'\n')).map_or(0, |at| at + 1);
    record.get(..end).unwrap_or_default()
}
