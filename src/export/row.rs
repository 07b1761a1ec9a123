//! One row: its cells judged and typed, and laid down in a compact batch.

use super::block::Fields;
use super::header::{Plan, Shelf, Task, Widths};
use super::value::{self, trimmed};
use crate::column::{Column, Type};
use crate::money::{Amount, Currency, WideAmounts};
use crate::record::Flag;
use crate::text::{Sym, Texts};
use crate::time::Stamp;
use foldhash::quality::FixedState;
use memchr::{memchr, memchr_iter};
use rust_decimal::Decimal;
use std::hash::{BuildHasher, Hash, Hasher};

const LONGEST_CELL: usize = 1 << 20;
const LONGEST_SHOWN: usize = 80;

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

/// A currency cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CurrencyCell {
    Blank,
    Unreadable,
    Known(Currency),
}

impl CurrencyCell {
    pub(super) fn known(self) -> Option<Currency> {
        match self {
            CurrencyCell::Known(currency) => Some(currency),
            CurrencyCell::Blank | CurrencyCell::Unreadable => None,
        }
    }
}

/// Two independent hashes of all fields of a row and of the columns' names: equal rows have equal prints. 128 bits keep
/// different rows from sharing one by chance.
pub(super) type Print = [u64; 2];

/// What is kept of every row of a block, used or not.
struct Head {
    /// Lines of the block before the row.
    line: usize,
    print: Print,
    is_ragged: bool,
    fault: Option<Box<Fault>>,
}

/// The rows of a block. Each shelf holds as many values per row as the file has columns of its sort; a value that could
/// not be read is blank, and the row then has a fault.
#[derive(Default)]
pub(super) struct Batch {
    heads: Vec<Head>,
    syms: Vec<Sym>,
    stamps: Vec<Stamp>,
    amounts: Vec<Amount>,
    flags: Vec<Flag>,
    currencies: Vec<CurrencyCell>,
    /// The texts of this batch: the numbers in `syms` are theirs.
    pub(super) texts: Texts,
    /// The wide amounts of this batch.
    pub(super) wide: WideAmounts,
}

impl Batch {
    /// How many rows there are.
    pub(super) fn count(&self) -> usize {
        self.heads.len()
    }
}

/// One row of a batch, its texts and amounts as those of the whole population.
pub(super) struct Row<'a> {
    pub(super) plan: &'a Plan<'a>,
    pub(super) batch: &'a Batch,
    pub(super) at: usize,
    /// The number in the whole of each of the batch's texts.
    pub(super) syms: &'a [Sym],
    /// How many wide amounts came before the batch's.
    pub(super) wide_before: usize,
}

impl Row<'_> {
    #[inline]
    fn cell<T: Copy>(&self, list: &[T], width: usize, column: Column) -> Option<T> {
        let slot = self.plan.slot(column)?;
        list.get(self.at * width + slot).copied()
    }

    /// An id, a word, or the name of who decided.
    #[inline]
    pub(super) fn sym(&self, column: Column) -> Sym {
        let local = self.cell(&self.batch.syms, self.plan.widths.syms, column);
        local.and_then(|sym| self.syms.get(sym.index()).copied()).unwrap_or(Sym::BLANK)
    }

    #[inline]
    pub(super) fn stamp(&self, column: Column) -> Stamp {
        self.cell(&self.batch.stamps, self.plan.widths.stamps, column).unwrap_or(Stamp::BLANK)
    }

    #[inline]
    pub(super) fn amount(&self, column: Column) -> Amount {
        let local = self.cell(&self.batch.amounts, self.plan.widths.amounts, column);
        local.map_or(Amount::BLANK, |amount| amount.moved(self.wide_before))
    }

    #[inline]
    pub(super) fn flag(&self, column: Column) -> Flag {
        self.cell(&self.batch.flags, self.plan.widths.flags, column).unwrap_or(Flag::Blank)
    }

    /// Whether a text was recorded.
    pub(super) fn has_text(&self, column: Column) -> bool {
        self.flag(column) == Flag::Yes
    }

    pub(super) fn currency(&self) -> CurrencyCell {
        self.batch.currencies.get(self.at).copied().unwrap_or(CurrencyCell::Blank)
    }

    /// Lines of the block before the row.
    pub(super) fn line(&self) -> usize {
        self.head().map_or(0, |head| head.line)
    }

    pub(super) fn print(&self) -> Print {
        self.head().map_or([0; 2], |head| head.print)
    }

    pub(super) fn is_ragged(&self) -> bool {
        self.head().is_some_and(|head| head.is_ragged)
    }

    /// The first fault of its cells.
    pub(super) fn fault(&self) -> Option<&Fault> {
        self.head()?.fault.as_deref()
    }

    fn head(&self) -> Option<&Head> {
        self.batch.heads.get(self.at)
    }
}

/// Types the rows of one block.
pub(super) struct Parser<'a> {
    plan: &'a Plan<'a>,
    batch: Batch,
    /// Where the row's values begin on each shelf.
    base: Widths,
    /// Where the row's cells lie in its bytes, without white space around them.
    cells: Vec<(usize, usize)>,
    joined: Vec<u8>,
    ends: Vec<usize>,
    prints: [FixedState; 2],
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
    /// The cell that lies there, if it is not blank.
    #[inline]
    fn cell(self, start: usize, end: usize) -> Option<Cell<'b>> {
        let bytes = self.bytes.get(start..end).filter(|cell| !cell.is_empty())?;
        Some(Cell { bytes, text: self.text, start, may_have_nul: self.has_nul })
    }
}

/// A cell of a row that is not blank.
#[derive(Clone, Copy)]
struct Cell<'b> {
    bytes: &'b [u8],
    /// The whole row as a text, if it is one, and where in it the cell begins.
    text: Option<&'b str>,
    start: usize,
    may_have_nul: bool,
}

impl<'b> Cell<'b> {
    fn text(self) -> Option<&'b str> {
        match self.text {
            Some(text) => text.get(self.start..self.start + self.bytes.len()),
            None => std::str::from_utf8(self.bytes).ok(),
        }
    }
}

impl<'a> Parser<'a> {
    pub(super) fn new(plan: &'a Plan<'a>) -> Parser<'a> {
        Parser {
            plan,
            batch: Batch::default(),
            base: Widths::default(),
            cells: Vec::new(),
            joined: Vec::new(),
            ends: Vec::new(),
            prints: [FixedState::with_seed(1), FixedState::with_seed(2)],
            currencies: Vec::new(),
        }
    }

    pub(super) fn finish(self) -> Batch {
        self.batch
    }

    /// Adds a row and tells whether its cells are sound.
    pub(super) fn row(&mut self, fields: Fields, line: usize) -> bool {
        self.make_room();
        let print = self.print(fields);
        let bytes = fields.bytes;
        let bytes = Bytes { bytes, text: std::str::from_utf8(bytes).ok(), has_nul: memchr(0, bytes).is_some() };
        let is_ragged = self.cells.len() != self.plan.width();
        let fault = if is_ragged { Some(self.ragged(bytes)) } else { self.judge(bytes) };
        let is_sound = fault.is_none();
        self.batch.heads.push(Head { line, print, is_ragged, fault: fault.map(Box::new) });
        is_sound
    }

    /// Adds a row of blanks.
    fn make_room(&mut self) {
        let (widths, batch) = (self.plan.widths, &mut self.batch);
        self.base = Widths {
            syms: batch.syms.len(),
            stamps: batch.stamps.len(),
            amounts: batch.amounts.len(),
            flags: batch.flags.len(),
        };
        batch.syms.resize(self.base.syms + widths.syms, Sym::BLANK);
        batch.stamps.resize(self.base.stamps + widths.stamps, Stamp::BLANK);
        batch.amounts.resize(self.base.amounts + widths.amounts, Amount::BLANK);
        batch.flags.resize(self.base.flags + widths.flags, Flag::Blank);
        batch.currencies.push(CurrencyCell::Blank);
    }

    /// Finds the row's cells and hashes them, joined by commas, in the order in which rows are compared.
    fn print(&mut self, fields: Fields) -> Print {
        let Fields { bytes, ends, gap } = fields;
        self.cells.clear();
        let (mut start, mut is_trim) = (0, true);
        for end in ends {
            let cell = bytes.get(start..*end).unwrap_or_default();
            let (from, to) = trimmed(cell);
            is_trim &= to - from == cell.len();
            self.cells.push((start + from, start + to));
            start = *end + gap;
        }
        let order = self.plan.order.as_ref().filter(|order| order.len() == ends.len());
        if is_trim && gap == 1 && order.is_none() {
            return self.hash(bytes, &[]);
        }
        let (mut joined, mut ends) = (std::mem::take(&mut self.joined), std::mem::take(&mut self.ends));
        joined.clear();
        ends.clear();
        for position in 0..self.cells.len() {
            let position = order.and_then(|order| order.get(position).copied()).unwrap_or(position);
            let (start, end) = self.cells.get(position).copied().unwrap_or_default();
            if !ends.is_empty() {
                joined.push(b',');
            }
            joined.extend_from_slice(bytes.get(start..end).unwrap_or_default());
            ends.push(joined.len());
        }
        // Where no field has a comma of its own, the commas tell the fields apart.
        let is_plain = memchr_iter(b',', &joined).count() < ends.len();
        let print = self.hash(&joined, if is_plain { &[] } else { &ends });
        (self.joined, self.ends) = (joined, ends);
        print
    }

    fn hash(&self, bytes: &[u8], ends: &[usize]) -> Print {
        self.prints.each_ref().map(|state| {
            let mut hasher = state.build_hasher();
            hasher.write_u64(self.plan.names_hash);
            bytes.hash(&mut hasher);
            ends.hash(&mut hasher);
            hasher.finish()
        })
    }

    /// Only the ids of such a row are read, by position; the rest of its cells cannot be trusted.
    fn ragged(&mut self, bytes: Bytes) -> Fault {
        let (has, plan) = (self.cells.len(), self.plan);
        for position in 0..has {
            let task = plan.tasks.get(position).copied().flatten().filter(|task| task.kind == Type::Id);
            let (start, end) = self.cells.get(position).copied().unwrap_or_default();
            if let (Some(task), Some(cell)) = (task, bytes.cell(start, end)) {
                // An unreadable id stays blank: the row has its fault already.
                let _ = self.cell(task, cell);
            }
        }
        let reason = format!("the row has {has} fields: expected {}, as many as the header has", plan.width());
        Fault { reason, ..Fault::default() }
    }

    /// Types all cells of a row that is not ragged, and tells the first fault in the header's order.
    fn judge(&mut self, bytes: Bytes) -> Option<Fault> {
        let plan = self.plan;
        let mut first = None;
        for (position, task) in plan.tasks.iter().enumerate() {
            let (start, end) = self.cells.get(position).copied().unwrap_or_default();
            let result = match (task, bytes.cell(start, end)) {
                (Some(task), None) if task.is_required => Err(blank(task.column)),
                (_, Some(cell)) if cell.bytes.len() > LONGEST_CELL => Err(TOO_LONG.to_owned()),
                (Some(task), Some(cell)) => self.cell(*task, cell),
                _ => Ok(()),
            };
            if let Err(reason) = result
                && first.is_none()
            {
                let column = plan.header.get(position).map(|name| name.trim().to_owned()).unwrap_or_default();
                first = Some(Fault { column, value: shown(bytes.bytes.get(start..end).unwrap_or_default()), reason });
            }
        }
        first
    }

    /// Types a cell that is not blank and puts it into its slot; the error says what was expected.
    fn cell(&mut self, task: Task, of: Cell) -> Result<(), String> {
        let cell = of.bytes;
        let or = |expected| move || not(cell, expected);
        match task.kind {
            Type::Id | Type::Code | Type::Text => {
                if of.may_have_nul && cell.contains(&0) {
                    return Err(not(cell, NO_NUL));
                }
                return self.text(task, of.text().ok_or_else(or(UTF_8))?);
            }
            Type::Time => {
                put(&mut self.batch.stamps, self.base.stamps, task, value::time(cell).ok_or_else(or(A_TIME))?)
            }
            Type::Date => {
                let day = value::date(cell).ok_or_else(or(A_DATE))?;
                put(&mut self.batch.stamps, self.base.stamps, task, Stamp::date(day));
            }
            Type::Amount => self.amount(task, value::amount(cell).ok_or_else(or(AN_AMOUNT))?),
            Type::Percent => self.amount(task, value::percent(cell).ok_or_else(or(A_PERCENT))?),
            Type::Whole => self.amount(task, value::whole(cell).ok_or_else(or(A_COUNT))?),
            Type::Flag => {
                put(&mut self.batch.flags, self.base.flags, task, value::flag(cell).ok_or_else(or(A_FLAG))?);
            }
            Type::Currency => return self.currency(cell).ok_or_else(or(A_CURRENCY)),
        }
        Ok(())
    }

    fn text(&mut self, task: Task, text: &str) -> Result<(), String> {
        if text.len() > LONGEST_CELL {
            return Err(TOO_LONG.to_owned());
        }
        if task.shelf == Shelf::Flag {
            put(&mut self.batch.flags, self.base.flags, task, Flag::Yes);
            return Ok(());
        }
        if task.kind != Type::Code {
            let sym = self.batch.texts.intern(text);
            put(&mut self.batch.syms, self.base.syms, task, sym);
            return Ok(());
        }
        let code = value::code(text);
        let sym = self.batch.texts.intern(&code);
        put(&mut self.batch.syms, self.base.syms, task, sym);
        match self.plan.words.unknown(task.column, &code) {
            Some(expected) => {
                let (word, name) = (shown(text.as_bytes()), task.column.name());
                Err(format!("`{word}` is not a known `{name}`: expected {expected}"))
            }
            None => Ok(()),
        }
    }

    fn amount(&mut self, task: Task, value: Decimal) {
        let amount = Amount::pack(value, &mut self.batch.wide);
        put(&mut self.batch.amounts, self.base.amounts, task, amount);
    }

    /// Looks a currency up; `None` if there is no such currency.
    fn currency(&mut self, cell: &[u8]) -> Option<()> {
        let known = self.currencies.iter().find(|(code, _)| code == cell).map(|(_, currency)| *currency);
        let found = known.or_else(|| value::currency(cell));
        if let (None, Some(currency), Ok(code)) = (known, found, cell.try_into()) {
            self.currencies.push((code, currency));
        }
        if let Some(last) = self.batch.currencies.last_mut() {
            *last = found.map_or(CurrencyCell::Unreadable, CurrencyCell::Known);
        }
        found.map(|_| ())
    }
}

/// Puts a value into its slot of the row whose values begin at `base`.
#[inline]
fn put<T>(list: &mut [T], base: usize, task: Task, value: T) {
    if let Some(slot) = list.get_mut(base + task.slot) {
        *slot = value;
    }
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

fn not(cell: &[u8], expected: &str) -> String {
    format!("`{}` is not {expected}", shown(cell))
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
