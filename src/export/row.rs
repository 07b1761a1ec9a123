//! Rows: some at a time, their cells are typed column by column; each is then made a record, or it is found why it cannot be
//! one.

use super::block::Fields;
use super::cells::{Batch, Faulty, MOST_ROWS, Parsed, Print, Record, Values};
use super::header::{Plan, Sort, Task};
use super::typer::{Bytes, Columns, KEY, LONGEST_CELL, Span, Typer};
use super::value::{is_bare, trimmed};
use crate::column::{Column, Type};
use crate::mapping::row::{Reason, RowMap, Scratch};
use foldhash::quality::FixedState;
use memchr::memchr_iter;
use std::hash::{BuildHasher, Hash, Hasher};

const LONGEST_SHOWN: usize = 80;
/// How many bytes a row takes at least, as a rule.
const LIKELY_ROW: usize = 96;

/// Why a row cannot be used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fault {
    /// The column's name, or nothing if the row as a whole is at fault.
    pub(crate) column: String,
    /// What stands there, as far as it is shown.
    pub(crate) value: String,
    /// What is wrong with it.
    pub(crate) reason: String,
}

impl Fault {
    pub(super) fn of(column: Column, value: &str, reason: String) -> Fault {
        Fault { column: column.name().to_owned(), value: shown(value.as_bytes()), reason }
    }
}

/// Types the rows of one block.
pub(super) struct Parser<'a, R> {
    plan: &'a Plan<'a>,
    waiting: Rows,
    typer: Typer<'a>,
    values: Values,
    rows: Vec<(u32, Print, Parsed<R>)>,
    prints: FixedState,
    /// Where the cells of a row end, if its commas do not tell.
    ends: Vec<usize>,
    scratch: Scratch,
}

impl<'a, R: Record> Parser<'a, R> {
    /// A parser of rows that take about so many bytes in all.
    pub(super) fn new(plan: &'a Plan<'a>, bytes: usize) -> Parser<'a, R> {
        Parser {
            plan,
            waiting: Rows::default(),
            typer: Typer::new(plan.words, bytes / LIKELY_ROW),
            values: Values::blank(plan.table),
            rows: Vec::with_capacity(bytes / LIKELY_ROW),
            prints: FixedState::with_seed(1),
            ends: Vec::new(),
            scratch: Scratch::default(),
        }
    }

    pub(super) fn finish(mut self) -> Batch<R> {
        self.type_waiting();
        Batch { rows: self.rows, texts: self.typer.texts, aside: self.typer.aside }
    }

    /// Adds a row, which waits until there are enough to type.
    #[inline]
    pub(super) fn row(&mut self, fields: Fields, line: u32) {
        let plan = self.plan;
        if let Some(map) = &plan.map {
            return self.mapped(map, fields, line);
        }
        if !fields.is_bare || fields.ends.len() != plan.width() {
            return self.unusual(fields, line);
        }
        let rows = &mut self.waiting;
        let start = rows.begin();
        rows.bytes.extend_from_slice(fields.bytes);
        rows.bytes.push(b',');
        rows.bounds.extend(fields.ends.iter().map(|end| start + end + 1));
        rows.rows.push(Row { line, is_split: true, found: None });
        self.type_enough();
    }

    /// Adds a row with quotes, white space around fields, or more or fewer fields than the header has.
    fn unusual(&mut self, fields: Fields, line: u32) {
        let plan = self.plan;
        let is_ragged = fields.ends.len() != plan.width();
        let found = is_ragged.then(|| self.ragged(fields, plan.width()));
        let start = self.waiting.begin();
        let mut fields = fields.iter();
        for task in &plan.tasks {
            // Only the ids of a ragged row are read, by position; the rest of its cells cannot be trusted.
            let is_read = !is_ragged || task.is_some_and(|task| task.column.kind() == Type::Id);
            self.waiting.add(fields.next().filter(|_| is_read).unwrap_or_default());
        }
        self.end(start, line, found);
    }

    /// Adds a row of a source that is mapped.
    fn mapped(&mut self, map: &RowMap, fields: Fields, line: u32) {
        let (expected, rows) = (map.width, &mut self.waiting);
        let start = rows.begin();
        let found = match map.map(&fields, &mut rows.bytes, &mut rows.bounds, &mut self.scratch) {
            Err(reason) => {
                self.plan.tasks.iter().for_each(|_| rows.add(b""));
                Some(Box::new(Found::LeftOut(reason)))
            }
            Ok(_) if fields.ends.len() != expected => Some(self.ragged(fields, expected - map.added())),
            Ok(None) => None,
            Ok(Some(fault)) => {
                let fault = Fault { value: shown(fault.value.as_bytes()), ..fault };
                let fields: Vec<&[u8]> = fields.iter().collect();
                Some(Box::new(Found::Fault(fault, self.print(&fields))))
            }
        };
        self.waiting.trim(start, self.plan.width());
        self.end(start, line, found);
    }

    /// Ends the row whose cells were added from a place on.
    fn end(&mut self, start: usize, line: u32, found: Option<Box<Found>>) {
        let cells = self.waiting.bytes.get(start..).unwrap_or_default();
        let is_split = memchr_iter(b',', cells).count() == self.plan.width();
        self.waiting.rows.push(Row { line, is_split, found });
        self.type_enough();
    }

    fn type_enough(&mut self) {
        if self.waiting.rows.len() >= MOST_ROWS || self.waiting.bytes.len() >= MOST_BYTES {
            self.type_waiting();
        }
    }

    /// The fault of a row that has more or fewer fields than the header, and its print.
    fn ragged(&self, fields: Fields, expected: usize) -> Box<Found> {
        let reason =
            format!("the row has {} fields: expected {expected}, as many as the header has", fields.ends.len());
        let fields: Vec<&[u8]> = fields.iter().collect();
        Box::new(Found::Ragged(Fault { reason, ..Fault::default() }, self.print(&fields)))
    }

    /// Types the rows that wait, column by column, and makes them records.
    fn type_waiting(&mut self) {
        let mut rows = std::mem::take(&mut self.waiting);
        rows.bytes.extend([b','; KEY]);
        let (bytes, width) = (Bytes::of(&rows.bytes), self.plan.width());
        let mut columns = Columns { bytes, bounds: &rows.bounds, width, sound: rows.sound(width) };
        for (position, task) in self.plan.tasks.iter().enumerate() {
            if let Some((task, typed)) = task.and_then(|task| Some((task, self.values.column(task.place)?))) {
                self.typer.column(task, position, &mut columns, typed);
            }
        }
        let sound = columns.sound;
        for (at, (row, bounds)) in rows.rows.iter_mut().zip(rows.bounds.chunks_exact(width + 1)).enumerate() {
            let found = match row.found.take() {
                Some(found) => *found,
                None => self.found(row.is_split, sound >> at & 1 == 1, bytes, bounds),
            };
            let (print, parsed) = self.parsed(at, found);
            self.rows.push((row.line, print, parsed));
        }
        rows.bytes.clear();
        rows.bounds.clear();
        rows.rows.clear();
        self.waiting = rows;
    }

    /// What the cells of a row say, of which nothing was known before.
    #[inline(always)]
    fn found(&mut self, is_split: bool, is_sound: bool, bytes: Bytes, bounds: &[usize]) -> Found {
        let print = match bounds {
            [start, .., end] if self.plan.order.is_none() => {
                self.ends.clear();
                if !is_split {
                    self.ends.extend(spans(bounds).map(|(_, to)| to - start));
                }
                self.hash(bytes.cell((*start, end - 1)), &self.ends)
            }
            _ => self.print(&spans(bounds).map(|span| bytes.cell(span)).collect::<Vec<_>>()),
        };
        if is_sound { Found::Sound(print) } else { Found::Fault(self.fault(bytes, bounds), print) }
    }

    /// The record of the row at a place, or what is kept of it if it can be none.
    #[inline(always)]
    fn parsed(&mut self, at: usize, found: Found) -> (Print, Parsed<R>) {
        let cells = self.values.row(at, &self.typer.currencies);
        let (fault, print, is_ragged) = match found {
            Found::LeftOut(reason) => return (0, Parsed::LeftOut(reason)),
            Found::Sound(print) => match R::of(&cells, self.plan.words, &mut self.typer.aside) {
                Some(record) => return (print, Parsed::Sound(record)),
                None => (unreadable(), print, false),
            },
            Found::Fault(fault, print) => (fault, print, false),
            Found::Ragged(fault, print) => (fault, print, true),
        };
        let money = R::money_in(&cells).filter(|_| !is_ragged);
        (print, Parsed::Faulty(Box::new(Faulty { ids: R::ids_in(&cells), money, is_ragged, fault })))
    }

    /// The first fault in the header's order of a row whose cells are not sound.
    #[cold]
    fn fault(&mut self, bytes: Bytes, bounds: &[usize]) -> Fault {
        for (position, (task, span)) in self.plan.tasks.iter().zip(spans(bounds)).enumerate() {
            let cell = bytes.cell(span);
            let reason = match task {
                _ if cell.len() > LONGEST_CELL => Some(TOO_LONG.to_owned()),
                Some(task) if cell.is_empty() => task.is_required.then(|| blank(task.column)),
                Some(task) => {
                    let is_sound = self.typer.cell(*task, bytes, span).is_some();
                    (!is_sound).then(|| self.reason(*task, bytes, span))
                }
                None => None,
            };
            if let Some(reason) = reason {
                let column = self.plan.labels.get(position).cloned().unwrap_or_default();
                return Fault { column, value: shown(cell), reason };
            }
        }
        unreadable()
    }

    /// Hashes a row's cells, joined by commas, in the order in which rows are compared.
    fn print(&self, fields: &[&[u8]]) -> Print {
        let order = self.plan.order.as_ref().filter(|order| order.len() == fields.len());
        let bytes = fields.iter().map(|field| field.len() + 1).sum();
        let (mut joined, mut ends) = (Vec::with_capacity(bytes), Vec::with_capacity(fields.len()));
        for position in 0..fields.len() {
            let position = order.and_then(|order| order.get(position).copied()).unwrap_or(position);
            if !ends.is_empty() {
                joined.push(b',');
            }
            let field = fields.get(position).copied().unwrap_or_default();
            let (from, to) = trimmed(field);
            joined.extend_from_slice(field.get(from..to).unwrap_or_default());
            ends.push(joined.len());
        }
        // Where no field has a comma of its own, the commas tell the fields apart.
        let is_plain = memchr_iter(b',', &joined).count() < ends.len();
        self.hash(&joined, if is_plain { &[] } else { &ends })
    }

    fn hash(&self, bytes: &[u8], ends: &[usize]) -> Print {
        let mut hasher = self.prints.build_hasher();
        hasher.write_u64(self.plan.names_hash);
        bytes.hash(&mut hasher);
        ends.hash(&mut hasher);
        hasher.finish()
    }

    /// Why a cell is not sound.
    fn reason(&self, task: Task, bytes: Bytes, span: Span) -> String {
        let cell = bytes.cell(span);
        let expected = match task.sort {
            Sort::Id | Sort::Word | Sort::Code | Sort::Family | Sort::Presence => match task.closed {
                _ if cell.contains(&0) => NO_NUL,
                Some(closed) if bytes.readable(span).is_some() => {
                    let (word, name, expected) = (shown(cell), task.column.name(), self.plan.words.expected(closed));
                    return format!("`{word}` is not a known `{name}`: expected {expected}");
                }
                _ => UTF_8,
            },
            Sort::Time => A_TIME,
            Sort::Date => A_DATE,
            Sort::Amount => AN_AMOUNT,
            Sort::Percent => A_PERCENT,
            Sort::Whole => A_COUNT,
            Sort::Flag => A_FLAG,
            Sort::Currency => A_CURRENCY,
        };
        format!("`{}` is not {expected}", shown(cell))
    }
}

/// Where the cells of a row lie.
fn spans(bounds: &[usize]) -> impl Iterator<Item = Span> {
    bounds.windows(2).filter_map(|bounds| Some((*bounds.first()?, bounds.last()? - 1)))
}

/// Rows that wait to be typed at once, so that it is decided once for each column what to do with its cells.
#[derive(Default)]
struct Rows {
    /// Their cells without white space around any, each with a comma after it.
    bytes: Vec<u8>,
    /// Of each row where its first cell begins, and where the bytes after each cell's comma do.
    bounds: Vec<usize>,
    rows: Vec<Row>,
}

/// About so many bytes are typed at once at most, if there are not rows enough before.
const MOST_BYTES: usize = 1 << 16;

impl Rows {
    /// Begins a row, and tells where.
    fn begin(&mut self) -> usize {
        self.bounds.push(self.bytes.len());
        self.bytes.len()
    }

    /// Adds a cell to the row that was begun.
    fn add(&mut self, cell: &[u8]) {
        let (from, to) = trimmed(cell);
        self.bytes.extend_from_slice(cell.get(from..to).unwrap_or_default());
        self.bytes.push(b',');
        self.bounds.push(self.bytes.len());
    }

    /// Cuts off white space around the cells of the row that was begun at a place.
    fn trim(&mut self, start: usize, width: usize) {
        let bounds = self.bounds.get(self.bounds.len().saturating_sub(width + 1)..).unwrap_or_default();
        let cell = |(from, to): Span| self.bytes.get(from..to).unwrap_or_default();
        if spans(bounds).all(|span| is_bare(cell(span))) {
            return;
        }
        let bounds = self.bounds.split_off(self.bounds.len() - width - 1);
        let written = self.bytes.split_off(start);
        self.begin();
        spans(&bounds).for_each(|(from, to)| self.add(written.get(from - start..to - start).unwrap_or_default()));
    }

    /// A bit for each row, which is 0 if it has a cell too long to be kept.
    fn sound(&self, width: usize) -> u64 {
        if self.bytes.len() <= LONGEST_CELL {
            return !0;
        }
        let is_short = |bounds: &[usize]| spans(bounds).all(|(from, to)| to - from <= LONGEST_CELL);
        let rows = self.bounds.chunks_exact(width + 1).enumerate();
        rows.fold(0, |sound, (at, bounds)| sound | u64::from(is_short(bounds)) << at)
    }
}

/// A row that waits, and what is known of it.
struct Row {
    line: u32,
    /// Whether the commas tell its cells apart, as none has one of its own.
    is_split: bool,
    /// What was found out before its cells are typed, if anything.
    found: Option<Box<Found>>,
}

/// What is known of a row; with its print.
enum Found {
    /// Its cells can be read.
    Sound(Print),
    /// A cell cannot be read. Where it could not be mapped, what it wrote is lost, so that the print is of the source's cells.
    Fault(Fault, Print),
    /// It has too many or too few fields.
    Ragged(Fault, Print),
    /// The mapping leaves it out.
    LeftOut(Reason),
}

/// Not reached: a row whose cells are sound has all that a record needs.
fn unreadable() -> Fault {
    Fault { reason: "the row cannot be read".to_owned(), ..Fault::default() }
}

const A_TIME: &str = "a date or time: expected a day such as `2026-03-04`, or a day and time such as \
    `2026-03-04T17:05:00+04:00`, of the years 1990 to 2199";
const A_DATE: &str = "a date: expected a day such as `2026-03-04` of the years 1990 to 2199, without a time";
const AN_AMOUNT: &str = "an amount: expected a plain decimal such as `1234.5`, at most 28 digits, without sign, symbol, \
    grouping or exponent";
const A_PERCENT: &str = "a percentage: expected a plain decimal from 0 to 100";
const A_COUNT: &str = "a count: expected a whole number such as `12`";
const A_FLAG: &str = "a flag: expected `true` or `false`, `yes` or `no`, `1` or `0`";
const A_CURRENCY: &str = "a currency: expected a code of ISO 4217 such as `USD`";
const UTF_8: &str = "UTF-8: expected a file in this encoding";
const TOO_LONG: &str = "the cell is longer than 1 MiB: expected a shorter text, and each quote to be closed";
const NO_NUL: &str = "a text: expected no NUL byte in it";

fn blank(column: Column) -> String {
    format!("`{}` is blank: every row must fill it", column.name())
}

/// A cell as it can be shown, whatever its bytes: cut short, with U+FFFD for what is not UTF-8 and for NUL.
fn shown(cell: &[u8]) -> String {
    // A character has at most four bytes; one more character tells whether there is more.
    let text = String::from_utf8_lossy(cell.get(..LONGEST_SHOWN * 4 + 4).unwrap_or(cell));
    let visible = |c| if c == '\0' { char::REPLACEMENT_CHARACTER } else { c };
    let mut shown: String = text.chars().take(LONGEST_SHOWN).map(visible).collect();
    if text.chars().nth(LONGEST_SHOWN).is_some() {
        shown.push('…');
    }
    shown
}
