//! One row: its cells judged and typed, and made a record.

use super::block::Fields;
use super::cells::{Batch, COLUMNS, Cells, CurrencyCell, Faulty, Gathered, Parsed, Print, Record};
use super::header::{Plan, Sort, Task};
use super::value::{self, trimmed};
use crate::column::{Column, Type};
use crate::mapping::row::{MapFault, MappedRow};
use crate::money::{Amount, Currency, WideAmounts};
use crate::record::Flag;
use crate::text::{Interner, Sym};
use foldhash::quality::FixedState;
use memchr::{memchr, memchr_iter};
use std::hash::{BuildHasher, Hash, Hasher};

const LONGEST_CELL: usize = 1 << 20;
const LONGEST_SHOWN: usize = 80;
/// How many bytes a row takes at least, as a rule.
const LIKELY_ROW: usize = 96;

/// Why a row cannot be used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Fault {
    /// The column's name, or nothing if the row as a whole is at fault.
    pub(super) column: String,
    pub(super) value: String,
    pub(super) reason: String,
}

impl Fault {
    pub(super) fn of(column: Column, value: &str, reason: String) -> Fault {
        Fault { column: column.name().to_owned(), value: shown(value.as_bytes()), reason }
    }
}

/// A word as it is written in codes' columns, and what it means there.
#[derive(Clone, Copy)]
struct Code {
    normal: Sym,
    known: [bool; 4],
    family: Option<u16>,
}

/// Types the rows of one block.
pub(super) struct Parser<'a, R> {
    plan: &'a Plan<'a>,
    batch: Batch<R>,
    cells: Cells,
    /// What the row has filled: a bit for each column's place in its table.
    filled: u64,
    /// The last id, or the last word as it is written, in each column.
    last: [Sym; COLUMNS],
    /// The words of codes as they are written, and the meaning of each by its number.
    written: Interner,
    codes: Vec<Code>,
    joined: Vec<u8>,
    ends: Vec<usize>,
    prints: FixedState,
    mapped: MappedRow,
    /// The currency codes met so far, as written; there are few.
    currencies: Vec<([u8; 3], Currency)>,
}

/// The bytes of a row, and the same as a text where they are one.
#[derive(Clone, Copy)]
struct Bytes<'b> {
    bytes: &'b [u8],
    text: Option<&'b str>,
    has_nul: bool,
}

impl<'b> Bytes<'b> {
    fn of(fields: Fields<'b>) -> Bytes<'b> {
        let bytes = fields.bytes;
        match fields.text {
            Some(text) => Bytes { bytes, text: Some(text), has_nul: false },
            None => Bytes { bytes, text: std::str::from_utf8(bytes).ok(), has_nul: memchr(0, bytes).is_some() },
        }
    }

    /// Where the cell lies without white space around it.
    #[inline(always)]
    fn trimmed(&self, start: usize, end: usize) -> (usize, usize) {
        let (from, to) = trimmed(self.cell((start, end)));
        (start + from, start + to)
    }

    #[inline(always)]
    fn cell(&self, (from, to): (usize, usize)) -> &'b [u8] {
        self.bytes.get(from..to).unwrap_or_default()
    }

    /// The cell as a text without NUL, if it is one.
    #[inline]
    fn readable(&self, (from, to): (usize, usize)) -> Option<&'b str> {
        let text = match self.text {
            Some(text) => text.get(from..to),
            None => std::str::from_utf8(self.cell((from, to))).ok(),
        };
        text.filter(|text| !self.has_nul || !text.as_bytes().contains(&0))
    }
}

impl<'a, R: Record> Parser<'a, R> {
    /// A parser of rows that take about so many bytes in all.
    pub(super) fn new(plan: &'a Plan<'a>, bytes: usize) -> Parser<'a, R> {
        let blank = Code { normal: Sym::BLANK, known: plan.words.known(""), family: None };
        let rows = Vec::with_capacity(bytes / LIKELY_ROW);
        let mut written = Interner::default();
        written.intern("");
        Parser {
            plan,
            batch: Batch { rows, texts: Gathered::new(), wide: WideAmounts::default() },
            cells: Cells::BLANK,
            filled: 0,
            last: [Sym::BLANK; COLUMNS],
            written,
            codes: vec![blank],
            joined: Vec::new(),
            ends: Vec::new(),
            prints: FixedState::with_seed(1),
            mapped: MappedRow::default(),
            currencies: Vec::new(),
        }
    }

    pub(super) fn finish(self) -> Batch<R> {
        self.batch
    }

    /// Adds a row and tells whether its cells are sound.
    pub(super) fn row(&mut self, fields: Fields, line: u32) -> bool {
        let plan = self.plan;
        let (width, has) = (plan.width(), fields.ends.len());
        let ragged = (has != width).then_some((has, width));
        let Some(map) = &plan.map else { return self.canonical(fields, ragged, None, line) };
        let mut mapped = std::mem::take(&mut self.mapped);
        let is_sound = match map.map(&fields, &mut mapped) {
            Ok(()) => {
                let fault = mapped.fault.take().map(|MapFault { column, value, reason }| Fault {
                    column,
                    value: shown(value.as_bytes()),
                    reason,
                });
                let ragged = ragged.map(|(has, width)| (has, width - map.added()));
                let fields = Fields { bytes: &mapped.bytes, ends: &mapped.ends, gap: 0, text: None };
                self.canonical(fields, ragged, fault, line)
            }
            Err(reason) => {
                self.batch.rows.push((line, 0, Parsed::LeftOut(reason)));
                true
            }
        };
        self.mapped = mapped;
        is_sound
    }

    /// Adds a row of canonical cells, which may have been found at fault before. A ragged one has so many fields in place
    /// of so many.
    fn canonical(&mut self, fields: Fields, ragged: Option<(usize, usize)>, found: Option<Fault>, line: u32) -> bool {
        let mut filled = std::mem::take(&mut self.filled);
        while filled != 0 {
            let task = self.plan.by_bit.get(filled.trailing_zeros() as usize);
            task.iter().for_each(|task| self.cells.clear(**task));
            filled &= filled - 1;
        }
        let bytes = Bytes::of(fields);
        let (is_ragged, mut is_bare) = (ragged.is_some(), false);
        let fault = if let Some((has, width)) = ragged {
            Some(self.ragged(fields, &bytes, has, width))
        } else if self.read(fields, &bytes, &mut is_bare) {
            found
        } else {
            found.or_else(|| Some(self.fault(fields, &bytes)))
        };
        let print = self.print(fields, is_bare);
        let parsed = match (fault, R::of(&self.cells, self.plan.words)) {
            (None, Some(record)) => Parsed::Sound(record),
            (fault, _) => {
                let money = R::money_in(&self.cells).filter(|_| !is_ragged);
                let fault = fault.unwrap_or_else(unreadable);
                Parsed::Faulty(Box::new(Faulty { ids: R::ids_in(&self.cells), money, is_ragged, fault }))
            }
        };
        let is_sound = matches!(parsed, Parsed::Sound(_));
        self.batch.rows.push((line, print, parsed));
        is_sound
    }

    /// Types all cells of a row that is not ragged; tells whether they are sound, and whether they are bare, without
    /// white space around any.
    fn read(&mut self, fields: Fields, bytes: &Bytes, is_bare: &mut bool) -> bool {
        let plan = self.plan;
        let (mut start, mut missing, mut is_sound) = (0, plan.required, true);
        *is_bare = true;
        for (task, end) in plan.tasks.iter().zip(fields.ends) {
            let from = std::mem::replace(&mut start, *end + fields.gap);
            if from == *end {
                continue;
            }
            let span = bytes.trimmed(from, *end);
            *is_bare &= span == (from, *end);
            if span.0 == span.1 {
                continue;
            }
            is_sound &= span.1 - span.0 <= LONGEST_CELL;
            if let Some(task) = task {
                missing &= !task.required;
                is_sound &= self.cell(*task, bytes, span);
            }
        }
        is_sound && missing == 0
    }

    /// The first fault in the header's order of a row whose cells are not sound.
    fn fault(&mut self, fields: Fields, bytes: &Bytes) -> Fault {
        let mut start = 0;
        for (position, (task, end)) in self.plan.tasks.iter().zip(fields.ends).enumerate() {
            let from = std::mem::replace(&mut start, *end + fields.gap);
            let span = bytes.trimmed(from, *end);
            let reason = match task {
                Some(task) if span.0 == span.1 => (task.required != 0).then(|| blank(task.column)),
                Some(task) => (!self.cell(*task, bytes, span)).then(|| self.reason(*task, bytes, span)),
                None => (span.1 - span.0 > LONGEST_CELL).then(|| TOO_LONG.to_owned()),
            };
            if let Some(reason) = reason {
                let column = self.plan.labels.get(position).cloned().unwrap_or_default();
                return Fault { column, value: shown(bytes.cell(span)), reason };
            }
        }
        unreadable()
    }

    /// Only the ids of such a row are read, by position; the rest of its cells cannot be trusted. An unreadable id stays
    /// blank: the row has its fault already.
    fn ragged(&mut self, fields: Fields, bytes: &Bytes, has: usize, width: usize) -> Fault {
        let plan = self.plan;
        let mut start = 0;
        for (task, end) in plan.tasks.iter().zip(fields.ends) {
            let from = std::mem::replace(&mut start, *end + fields.gap);
            let span = bytes.trimmed(from, *end);
            if let Some(task) = task.filter(|task| task.column.kind() == Type::Id && span.0 < span.1) {
                self.cell(task, bytes, span);
            }
        }
        let reason = format!("the row has {has} fields: expected {width}, as many as the header has");
        Fault { reason, ..Fault::default() }
    }

    /// Hashes the row's cells, joined by commas, in the order in which rows are compared.
    fn print(&mut self, fields: Fields, is_bare: bool) -> Print {
        let Fields { bytes, ends, gap, .. } = fields;
        let order = self.plan.order.as_ref().filter(|order| order.len() == ends.len());
        if is_bare && gap == 1 && order.is_none() {
            return self.hash(bytes, &[]);
        }
        let (mut joined, mut joined_ends) = (std::mem::take(&mut self.joined), std::mem::take(&mut self.ends));
        joined.clear();
        joined_ends.clear();
        for position in 0..ends.len() {
            let position = order.and_then(|order| order.get(position).copied()).unwrap_or(position);
            if !joined_ends.is_empty() {
                joined.push(b',');
            }
            let start = position.checked_sub(1).and_then(|before| ends.get(before)).map_or(0, |end| end + gap);
            let raw = ends.get(position).and_then(|end| bytes.get(start..*end)).unwrap_or_default();
            let (from, to) = trimmed(raw);
            joined.extend_from_slice(raw.get(from..to).unwrap_or_default());
            joined_ends.push(joined.len());
        }
        // Where no field has a comma of its own, the commas tell the fields apart.
        let is_plain = memchr_iter(b',', &joined).count() < joined_ends.len();
        let print = self.hash(&joined, if is_plain { &[] } else { &joined_ends });
        (self.joined, self.ends) = (joined, joined_ends);
        print
    }

    fn hash(&self, bytes: &[u8], ends: &[usize]) -> Print {
        let mut hasher = self.prints.build_hasher();
        hasher.write_u64(self.plan.names_hash);
        bytes.hash(&mut hasher);
        ends.hash(&mut hasher);
        hasher.finish()
    }

    /// Types a cell that is not blank, and tells whether it is sound. What cannot be read is blank, but of an unknown word
    /// and a currency that is none it is kept that they were there.
    #[inline(always)]
    fn cell(&mut self, task: Task, bytes: &Bytes, span: (usize, usize)) -> bool {
        let (cell, at) = (bytes.cell(span), task.column as usize);
        if cell.len() > LONGEST_CELL {
            return false;
        }
        self.filled |= 1 << task.bit;
        match task.sort {
            Sort::Id | Sort::Word | Sort::Code | Sort::Presence => {
                bytes.readable(span).is_some_and(|text| self.text(task, text))
            }
            Sort::Time => put(&mut self.cells.stamps[at], value::time(cell)),
            Sort::Date => put(&mut self.cells.stamps[at], value::date(cell)),
            Sort::Amount | Sort::Percent | Sort::Whole => self.amount(task, cell),
            Sort::Flag => put(&mut self.cells.flags[at], value::flag(cell)),
            Sort::Currency => self.currency(cell),
        }
    }

    #[inline]
    fn text(&mut self, task: Task, text: &str) -> bool {
        let at = task.column as usize;
        let last = self.last[at];
        match task.sort {
            Sort::Id => {
                self.last[at] = self.batch.texts.id(text, last);
                self.cells.syms[at] = self.last[at];
            }
            Sort::Word => {
                let words = &mut self.batch.texts.words;
                self.last[at] = if words.at(last.0) == text { last } else { Sym(words.intern(text)) };
                self.cells.syms[at] = self.last[at];
            }
            Sort::Code => {
                self.last[at] = if self.written.at(last.0) == text { last } else { Sym(self.written.intern(text)) };
                let code = self.meaning(self.last[at], text);
                self.cells.syms[at] = code.normal;
                if task.column == Column::Policy {
                    self.cells.family = code.family;
                }
                return task.closed.is_none_or(|closed| code.known.get(usize::from(closed)) == Some(&true));
            }
            _ => self.cells.flags[at] = Flag::Yes,
        }
        true
    }

    /// What a word means, which is worked out once in a block.
    fn meaning(&mut self, written: Sym, text: &str) -> Code {
        if let Some(code) = self.codes.get(written.index()) {
            return *code;
        }
        let (normal, words) = (value::code(text), self.plan.words);
        let known = words.known(&normal);
        let code = Code { normal: Sym(self.batch.texts.words.intern(&normal)), known, family: words.family(&normal) };
        self.codes.push(code);
        code
    }

    #[inline]
    fn amount(&mut self, task: Task, cell: &[u8]) -> bool {
        let slot = &mut self.cells.amounts[task.column as usize];
        if let (Sort::Amount, Some((digits, scale))) = (task.sort, value::short_amount(cell)) {
            return put(slot, Amount::short(digits, scale));
        }
        let value = match task.sort {
            Sort::Percent => value::percent(cell),
            Sort::Whole => value::whole(cell),
            _ => value::amount(cell),
        };
        put(slot, value.map(|value| Amount::pack(value, &mut self.batch.wide)))
    }

    /// Looks a currency up.
    #[inline]
    fn currency(&mut self, cell: &[u8]) -> bool {
        let known = self.currencies.iter().find(|(code, _)| code == cell).map(|(_, currency)| *currency);
        let found = known.or_else(|| value::currency(cell));
        if let (None, Some(currency), Ok(code)) = (known, found, cell.try_into()) {
            self.currencies.push((code, currency));
        }
        self.cells.currency = found.map_or(CurrencyCell::Unreadable, CurrencyCell::Known);
        found.is_some()
    }

    /// Why a cell is not sound.
    fn reason(&self, task: Task, bytes: &Bytes, span: (usize, usize)) -> String {
        let cell = bytes.cell(span);
        let expected = match task.sort {
            _ if cell.len() > LONGEST_CELL => return TOO_LONG.to_owned(),
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

/// Puts a value into its place if there is one, and tells whether there was.
#[inline]
fn put<T>(place: &mut T, value: Option<T>) -> bool {
    let is_sound = value.is_some();
    if let Some(value) = value {
        *place = value;
    }
    is_sound
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
