//! Rows: some at a time, their cells are typed column by column; each is then made a record, or it is found why it cannot be
//! one.

use super::block::Fields;
use super::cells::{Batch, Cells, Faulty, Parsed, Print, Record};
use super::header::{Plan, Sort, Task};
use super::typer::{Bytes, KEY, Span, Typer};
use super::value::{is_bare, trimmed};
use crate::column::{Column, Type};
use crate::mapping::row::{MappedRow, Reason, RowMap, Scratch};
use foldhash::quality::FixedState;
use memchr::memchr_iter;
use std::hash::{BuildHasher, Hash, Hasher};

const LONGEST_CELL: usize = 1 << 20;
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
    rows: Vec<(u32, Print, Parsed<R>)>,
    prints: FixedState,
    scratch: Scratch,
}

impl<'a, R: Record> Parser<'a, R> {
    /// A parser of rows that take about so many bytes in all.
    pub(super) fn new(plan: &'a Plan<'a>, bytes: usize) -> Parser<'a, R> {
        Parser {
            plan,
            waiting: Rows::default(),
            typer: Typer::new(plan.words, bytes / LIKELY_ROW),
            rows: Vec::with_capacity(bytes / LIKELY_ROW),
            prints: FixedState::with_seed(1),
            scratch: Scratch::default(),
        }
    }

    pub(super) fn finish(mut self) -> Batch<R> {
        self.type_waiting();
        Batch { rows: self.rows, texts: self.typer.texts, wide: self.typer.wide }
    }

    /// Adds a row, which waits until there are enough to type.
    pub(super) fn row(&mut self, fields: Fields, line: u32) {
        let plan = self.plan;
        if let Some(map) = &plan.map {
            return self.mapped(map, fields, line);
        }
        let is_ragged = fields.ends.len() != plan.width();
        let found = is_ragged.then(|| self.ragged(fields, plan.width()));
        let rows = &mut self.waiting;
        let cells = plan.blank.clone();
        rows.rows.push(Row { cells, line, is_sound: true, is_bare: fields.gap == 1, found });
        let start = rows.bytes.len();
        rows.bounds.push(start);
        if fields.gap == 1 && !is_ragged {
            rows.bytes.extend_from_slice(fields.bytes);
            rows.bytes.push(b',');
            rows.bounds.extend(fields.ends.iter().map(|end| start + end + 1));
        } else {
            let mut fields = fields.iter();
            for task in &plan.tasks {
                // Only the ids of a ragged row are read, by position; the rest of its cells cannot be trusted.
                let is_read = !is_ragged || task.is_some_and(|task| task.column.kind() == Type::Id);
                rows.bytes.extend_from_slice(fields.next().filter(|_| is_read).unwrap_or_default());
                rows.bytes.push(b',');
                rows.bounds.push(rows.bytes.len());
            }
        }
        self.type_enough();
    }

    /// Adds a row of a source that is mapped.
    fn mapped(&mut self, map: &RowMap, fields: Fields, line: u32) {
        let (expected, rows) = (map.width, &mut self.waiting);
        let start = rows.bytes.len();
        rows.bounds.push(start);
        let mapped = map.map(&fields, &mut rows.bytes, &mut rows.bounds, &mut self.scratch);
        // Where no cell has a comma of its own, the commas tell the cells apart; no field of a plain record has one.
        let is_split = fields.gap == 1 && self.plan.delimiter == b',';
        let is_bare = match &mapped {
            Ok(row) if is_split => !row.has_made_comma,
            _ => memchr_iter(b',', rows.bytes.get(start..).unwrap_or_default()).count() == self.plan.width(),
        };
        let found = match mapped {
            Err(reason) => {
                rows.bytes.extend(self.plan.tasks.iter().map(|_| b','));
                rows.bounds.extend(start + 1..=rows.bytes.len());
                Some(Box::new(Found::LeftOut(reason)))
            }
            Ok(_) if fields.ends.len() != expected => Some(self.ragged(fields, expected - map.added())),
            Ok(MappedRow { fault: None, .. }) => None,
            Ok(MappedRow { fault: Some(fault), .. }) => {
                let fault = Fault { value: shown(fault.value.as_bytes()), ..fault };
                let fields: Vec<&[u8]> = fields.iter().collect();
                Some(Box::new(Found::Fault(fault, self.print(&fields))))
            }
        };
        let rows = &mut self.waiting;
        rows.rows.push(Row { cells: self.plan.blank.clone(), line, is_sound: true, is_bare, found });
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
        let mut columns = Columns { bytes, bounds: &rows.bounds, width, rows: &mut rows.rows };
        for (position, task) in self.plan.tasks.iter().enumerate() {
            match task {
                Some(task) => self.typer.column(*task, position, &mut columns),
                None => columns.each(position, false, |_, _, _| true),
            }
        }
        for (row, bounds) in rows.rows.iter_mut().zip(rows.bounds.chunks_exact(width + 1)) {
            self.type_row(row, bytes, bounds);
        }
        rows.bytes.clear();
        rows.bounds.clear();
        rows.rows.clear();
        self.waiting = rows;
    }

    /// Makes a row whose cells are typed a record, or finds why it cannot be one.
    fn type_row(&mut self, row: &mut Row, bytes: Bytes, bounds: &[usize]) {
        let spans = || bounds.windows(2).filter_map(|bounds| Some((*bounds.first()?, bounds.last()? - 1)));
        let cells = &row.cells;
        let mut is_ragged = false;
        let (fault, print) = match (row.found.take().map(|found| *found), bounds) {
            (Some(Found::LeftOut(reason)), _) => {
                self.rows.push((row.line, 0, Parsed::LeftOut(reason)));
                return;
            }
            (Some(Found::Ragged(fault, print)), _) => {
                is_ragged = true;
                (Some(fault), print)
            }
            (None, [start, .., end]) if row.is_sound && row.is_bare && self.plan.order.is_none() => {
                (None, self.hash(bytes.cell((*start, end - 1)), &[]))
            }
            (Some(Found::Fault(fault, print)), _) => (Some(fault), print),
            (None, _) => {
                let fault = (!row.is_sound).then(|| self.fault(spans(), bytes));
                let mut fields = Vec::with_capacity(bounds.len());
                fields.extend(spans().map(|span| bytes.cell(span)));
                (fault, self.print(&fields))
            }
        };
        let parsed = match (fault, R::of(cells, self.plan.words)) {
            (None, Some(record)) => Parsed::Sound(record),
            (fault, _) => {
                let money = R::money_in(cells).filter(|_| !is_ragged);
                let fault = fault.unwrap_or_else(unreadable);
                Parsed::Faulty(Box::new(Faulty { ids: R::ids_in(cells), money, is_ragged, fault }))
            }
        };
        self.rows.push((row.line, print, parsed));
    }

    /// The first fault in the header's order of a row whose cells are not sound.
    fn fault(&mut self, spans: impl Iterator<Item = Span>, bytes: Bytes) -> Fault {
        let mut cells = self.plan.blank.clone();
        for (position, (task, span)) in self.plan.tasks.iter().zip(spans).enumerate() {
            let span = bytes.trimmed(span);
            let cell = bytes.cell(span);
            let reason = match task {
                _ if cell.len() > LONGEST_CELL => Some(TOO_LONG.to_owned()),
                Some(task) if cell.is_empty() => task.is_required.then(|| blank(task.column)),
                Some(task) => {
                    let is_sound = self.typer.cell(*task, &mut cells, bytes, cell, span);
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
            Sort::Id | Sort::Word | Sort::Code | Sort::Presence => match task.closed {
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

/// Rows that wait to be typed at once, so that it is decided once for each column what to do with its cells.
#[derive(Default)]
struct Rows {
    /// Their fields, each with a comma after it.
    bytes: Vec<u8>,
    /// Of each row where its first field begins, and where the bytes after each field's comma do.
    bounds: Vec<usize>,
    rows: Vec<Row>,
}

/// So many rows at most, or about so many bytes, are typed at once: they are to stay in the processor's cache.
const MOST_ROWS: usize = 64;
const MOST_BYTES: usize = 1 << 16;

/// A row that waits, and what is known of it.
struct Row {
    cells: Cells,
    line: u32,
    is_sound: bool,
    /// Whether the fields stand in the file as they do here, without white space around any.
    is_bare: bool,
    /// What was found out before its cells are typed, if anything.
    found: Option<Box<Found>>,
}

/// What is known of a row before its cells are typed.
enum Found {
    /// It has too many or too few fields; with its print.
    Ragged(Fault, Print),
    /// A cell cannot be mapped. What it wrote is lost, so that the row's print is of the source's cells.
    Fault(Fault, Print),
    /// The mapping leaves it out.
    LeftOut(Reason),
}

/// The columns of rows that wait.
pub(super) struct Columns<'r> {
    pub(super) bytes: Bytes<'r>,
    bounds: &'r [usize],
    width: usize,
    rows: &'r mut [Row],
}

impl<'r> Columns<'r> {
    /// Types each cell of a column that is not blank; `type_cell` tells whether it is sound.
    #[inline(always)]
    pub(super) fn each(
        &mut self,
        position: usize,
        is_required: bool,
        mut type_cell: impl FnMut(&mut Cells, &'r [u8], Span) -> bool,
    ) {
        let mut bounds = self.bounds.get(position..).unwrap_or_default();
        for row in self.rows.iter_mut() {
            let &[start, next, ..] = bounds else { return };
            bounds = bounds.get(self.width + 1..).unwrap_or_default();
            if start + 1 == next && !is_required {
                continue;
            }
            let mut span = (start, next - 1);
            let mut cell = self.bytes.cell(span);
            if !is_bare(cell) {
                span = self.bytes.trimmed(span);
                row.is_bare &= span == (start, next - 1);
                cell = self.bytes.cell(span);
            }
            let is_sound = match cell.len() {
                0 => !is_required,
                length => length <= LONGEST_CELL && type_cell(&mut row.cells, cell, span),
            };
            if !is_sound {
                row.is_sound = false;
            }
        }
    }
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
