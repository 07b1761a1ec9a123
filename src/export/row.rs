//! One row: its cells judged and typed, and made a record.

use super::block::Fields;
use super::header::{Plan, Sort, Task};
use super::value::{self, trimmed};
use super::words::Words;
use crate::column::{Column, Type};
use crate::money::{Amount, Currency, WideAmounts};
use crate::record::{Flag, Place};
use crate::text::{self, Sym, Texts};
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

/// The ids of a row by which it is joined with others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ids {
    /// Its own; of an invoice line, unique within the invoice.
    pub(super) own: Sym,
    /// That of the invoice, or of a decision's request.
    pub(super) of: Sym,
    /// That of the request that it goes back to.
    pub(super) parent: Sym,
}

/// The amount of a row that is reconciled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Money {
    pub(super) currency: CurrencyCell,
    pub(super) amount: Amount,
}

/// What is kept of a row whose cells are sound.
pub(super) trait Record: Send + Sized {
    /// The record of a row; `None` if a required cell is blank.
    fn of(cells: &Cells, words: &Words) -> Option<Self>;
    /// The ids of any row of the table.
    fn ids_in(cells: &Cells) -> Ids;
    /// The amount to reconcile of any row of the table.
    fn money_in(cells: &Cells) -> Option<Money>;
    fn ids(&self) -> Ids;
    fn money(&self) -> Option<Money>;
    /// Gives the record its place, and its texts and amounts their numbers in the whole.
    fn settle(&mut self, place: Place, numbers: &Numbers);
}

/// A row of a block.
pub(super) enum Parsed<R> {
    Sound(R),
    Faulty(Box<Faulty>),
}

/// A row that cannot be used, whatever the others are.
pub(super) struct Faulty {
    pub(super) ids: Ids,
    /// Not of a ragged row.
    pub(super) money: Option<Money>,
    pub(super) is_ragged: bool,
    pub(super) fault: Fault,
}

/// The rows of a block.
pub(super) struct Batch<R> {
    /// Each with the lines of the block before it, and its print.
    pub(super) rows: Vec<(u32, Print, Parsed<R>)>,
    /// The texts of this batch, by whose numbers its rows name them.
    pub(super) texts: Gathered,
    /// The wide amounts of this batch.
    pub(super) wide: WideAmounts,
}

/// The texts of a block. Ids, of which nearly each is new, are only listed; a row's number of one has the top bit set.
#[derive(Default)]
pub(super) struct Gathered {
    words: Texts,
    ids: String,
    ends: Vec<usize>,
    hashes: Vec<u32>,
}

const IDS: u32 = 1 << 31;

impl Gathered {
    fn id_at(&self, at: usize) -> &str {
        let start = at.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        self.ends.get(at).and_then(|end| self.ids.get(start..*end)).unwrap_or_default()
    }

    /// Lists an id, unless it is the one that stood in the column before.
    fn id(&mut self, text: &str, before: Sym) -> Sym {
        if before.0 >= IDS && self.id_at((before.0 - IDS) as usize) == text {
            return before;
        }
        self.ids.push_str(text);
        self.ends.push(self.ids.len());
        self.hashes.push(text::hash(text));
        Sym(IDS + (self.ends.len() as u32 - 1))
    }

    /// How many texts there are at most.
    pub(super) fn count(&self) -> usize {
        self.words.count() + self.ends.len()
    }

    /// Adds all to the texts of the whole.
    pub(super) fn adopt(&self, texts: &mut Texts, wide_before: usize) -> Numbers {
        let words = (0..self.words.count()).map(|at| texts.intern(self.words.at(at))).collect();
        let ids = self.hashes.iter().enumerate().map(|(at, hash)| texts.intern_hashed(self.id_at(at), *hash)).collect();
        Numbers { words, ids, wide_before }
    }
}

/// The numbers in the whole of a batch's texts and wide amounts.
pub(super) struct Numbers {
    words: Vec<Sym>,
    ids: Vec<Sym>,
    wide_before: usize,
}

impl Numbers {
    pub(super) fn sym(&self, sym: Sym) -> Sym {
        let found = if sym.0 >= IDS { self.ids.get((sym.0 - IDS) as usize) } else { self.words.get(sym.index()) };
        found.copied().unwrap_or(Sym::BLANK)
    }

    /// Gives texts their numbers in the whole.
    pub(super) fn renumber<const N: usize>(&self, syms: [&mut Sym; N]) {
        syms.into_iter().for_each(|sym| *sym = self.sym(*sym));
    }

    /// Gives wide amounts their numbers in the whole.
    pub(super) fn move_all<const N: usize>(&self, amounts: [&mut Amount; N]) {
        if self.wide_before > 0 {
            amounts.into_iter().for_each(|amount| *amount = amount.moved(self.wide_before));
        }
    }

    pub(super) fn ids(&self, ids: Ids) -> Ids {
        Ids { own: self.sym(ids.own), of: self.sym(ids.of), parent: self.sym(ids.parent) }
    }

    pub(super) fn money(&self, money: Money) -> Money {
        Money { amount: money.amount.moved(self.wide_before), ..money }
    }
}

const COLUMNS: usize = Column::ALL.len();

/// The cells of one row, typed, each under its column's number. What the header lacks stays blank.
pub(super) struct Cells {
    syms: [Sym; COLUMNS],
    stamps: [Stamp; COLUMNS],
    amounts: [Amount; COLUMNS],
    flags: [Flag; COLUMNS],
    currency: CurrencyCell,
    family: Option<u16>,
}

impl Cells {
    const BLANK: Cells = Cells {
        syms: [Sym::BLANK; COLUMNS],
        stamps: [Stamp::BLANK; COLUMNS],
        amounts: [Amount::BLANK; COLUMNS],
        flags: [Flag::Blank; COLUMNS],
        currency: CurrencyCell::Blank,
        family: None,
    };

    /// An id, a word, or the name of who decided.
    pub(super) fn sym(&self, column: Column) -> Sym {
        self.syms[column as usize]
    }

    pub(super) fn stamp(&self, column: Column) -> Stamp {
        self.stamps[column as usize]
    }

    pub(super) fn amount(&self, column: Column) -> Amount {
        self.amounts[column as usize]
    }

    pub(super) fn flag(&self, column: Column) -> Flag {
        self.flags[column as usize]
    }

    /// Whether a text was recorded.
    pub(super) fn has_text(&self, column: Column) -> bool {
        self.flag(column) == Flag::Yes
    }

    pub(super) fn currency(&self) -> CurrencyCell {
        self.currency
    }

    /// The number of the policy family.
    pub(super) fn family(&self) -> Option<u16> {
        self.family
    }

    fn clear(&mut self, task: Task) {
        let at = task.column as usize;
        if task.column == Column::Policy {
            self.family = None;
        }
        match task.sort {
            Sort::Id | Sort::Word | Sort::Code => self.syms[at] = Sym::BLANK,
            Sort::Time | Sort::Date => self.stamps[at] = Stamp::BLANK,
            Sort::Amount | Sort::Percent | Sort::Whole => self.amounts[at] = Amount::BLANK,
            Sort::Presence | Sort::Flag => self.flags[at] = Flag::Blank,
            Sort::Currency => self.currency = CurrencyCell::Blank,
        }
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
    /// The last id in each column.
    last: [Sym; COLUMNS],
    /// The words of codes as they are written, and the meaning of each by its number.
    written: Texts,
    codes: Vec<Code>,
    /// Where the row's cells lie in its bytes, without white space around them.
    spans: Vec<(usize, usize)>,
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

impl<'a, R: Record> Parser<'a, R> {
    pub(super) fn new(plan: &'a Plan<'a>) -> Parser<'a, R> {
        let blank = Code { normal: Sym::BLANK, known: plan.words.known(""), family: None };
        Parser {
            plan,
            batch: Batch { rows: Vec::new(), texts: Gathered::default(), wide: WideAmounts::default() },
            cells: Cells::BLANK,
            last: [Sym::BLANK; COLUMNS],
            written: Texts::default(),
            codes: vec![blank],
            spans: Vec::new(),
            joined: Vec::new(),
            ends: Vec::new(),
            prints: [FixedState::with_seed(1), FixedState::with_seed(2)],
            currencies: Vec::new(),
        }
    }

    pub(super) fn finish(self) -> Batch<R> {
        self.batch
    }

    /// Adds a row and tells whether its cells are sound.
    pub(super) fn row(&mut self, fields: Fields, line: u32) -> bool {
        let print = self.print(fields);
        let bytes = fields.bytes;
        let bytes = Bytes { bytes, text: std::str::from_utf8(bytes).ok(), has_nul: memchr(0, bytes).is_some() };
        let is_ragged = self.spans.len() != self.plan.width();
        let fault = if is_ragged { Some(self.ragged(bytes)) } else { self.judge(bytes) };
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

    /// Finds the row's cells and hashes them, joined by commas, in the order in which rows are compared.
    fn print(&mut self, fields: Fields) -> Print {
        let Fields { bytes, ends, gap } = fields;
        self.spans.clear();
        let (mut start, mut is_trim) = (0, true);
        for end in ends {
            let cell = bytes.get(start..*end).unwrap_or_default();
            let (from, to) = trimmed(cell);
            is_trim &= to - from == cell.len();
            self.spans.push((start + from, start + to));
            start = *end + gap;
        }
        let order = self.plan.order.as_ref().filter(|order| order.len() == ends.len());
        if is_trim && gap == 1 && order.is_none() {
            return self.hash(bytes, &[]);
        }
        let (mut joined, mut ends) = (std::mem::take(&mut self.joined), std::mem::take(&mut self.ends));
        joined.clear();
        ends.clear();
        for position in 0..self.spans.len() {
            let position = order.and_then(|order| order.get(position).copied()).unwrap_or(position);
            let (start, end) = self.spans.get(position).copied().unwrap_or_default();
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
        let (has, plan) = (self.spans.len(), self.plan);
        self.cells = Cells::BLANK;
        for position in 0..has {
            let task = plan.tasks.get(position).copied().flatten().filter(|task| task.column.kind() == Type::Id);
            let (start, end) = self.spans.get(position).copied().unwrap_or_default();
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
            let (start, end) = self.spans.get(position).copied().unwrap_or_default();
            let result = match (task, bytes.cell(start, end)) {
                (Some(task), None) => {
                    self.cells.clear(*task);
                    if task.is_required { Err(blank(task.column)) } else { Ok(()) }
                }
                (Some(task), Some(cell)) => self.cell(*task, cell),
                (None, Some(cell)) if cell.bytes.len() > LONGEST_CELL => Err(TOO_LONG.to_owned()),
                (None, _) => Ok(()),
            };
            let Err(reason) = result else { continue };
            if first.is_none() {
                let column = plan.header.get(position).map(|name| name.trim().to_owned()).unwrap_or_default();
                first = Some(Fault { column, value: shown(bytes.bytes.get(start..end).unwrap_or_default()), reason });
            }
        }
        first
    }

    /// Types a cell that is not blank; the error says what was expected. What cannot be read is blank, but of an unknown
    /// word and a currency that is none it is kept that they were there.
    fn cell(&mut self, task: Task, of: Cell) -> Result<(), String> {
        let result = match task.sort {
            _ if of.bytes.len() > LONGEST_CELL => Err(TOO_LONG.to_owned()),
            Sort::Currency => return self.currency(of.bytes).ok_or_else(|| not(of.bytes, A_CURRENCY)),
            Sort::Id | Sort::Word | Sort::Code | Sort::Presence => match readable(of) {
                Ok(text) => return self.text(task, text),
                Err(reason) => Err(reason),
            },
            _ => self.number(task, of.bytes),
        };
        if result.is_err() {
            self.cells.clear(task);
        }
        result
    }

    fn number(&mut self, task: Task, cell: &[u8]) -> Result<(), String> {
        let at = task.column as usize;
        let or = |expected| move || not(cell, expected);
        match task.sort {
            Sort::Time => self.cells.stamps[at] = value::time(cell).ok_or_else(or(A_TIME))?,
            Sort::Date => self.cells.stamps[at] = value::date(cell).map(Stamp::date).ok_or_else(or(A_DATE))?,
            Sort::Percent => self.amount(at, value::percent(cell).ok_or_else(or(A_PERCENT))?),
            Sort::Whole => self.amount(at, value::whole(cell).ok_or_else(or(A_COUNT))?),
            Sort::Flag => self.cells.flags[at] = value::flag(cell).ok_or_else(or(A_FLAG))?,
            _ => self.amount(at, value::amount(cell).ok_or_else(or(AN_AMOUNT))?),
        }
        Ok(())
    }

    fn text(&mut self, task: Task, text: &str) -> Result<(), String> {
        let at = task.column as usize;
        match task.sort {
            Sort::Id => {
                self.last[at] = self.batch.texts.id(text, self.last[at]);
                self.cells.syms[at] = self.last[at];
            }
            Sort::Word => self.cells.syms[at] = self.batch.texts.words.intern(text),
            Sort::Code => return self.code(task, text),
            _ => self.cells.flags[at] = Flag::Yes,
        }
        Ok(())
    }

    fn code(&mut self, task: Task, text: &str) -> Result<(), String> {
        let code = self.meaning(text);
        self.cells.syms[task.column as usize] = code.normal;
        if task.column == Column::Policy {
            self.cells.family = code.family;
        }
        match task.closed {
            Some(closed) if code.known.get(closed) != Some(&true) => {
                let (word, name, expected) =
                    (shown(text.as_bytes()), task.column.name(), self.plan.words.expected(closed));
                Err(format!("`{word}` is not a known `{name}`: expected {expected}"))
            }
            _ => Ok(()),
        }
    }

    /// What a word means, which is worked out once in a block.
    fn meaning(&mut self, text: &str) -> Code {
        let at = self.written.intern(text).index();
        if let Some(code) = self.codes.get(at) {
            return *code;
        }
        let (normal, words) = (value::code(text), self.plan.words);
        let known = words.known(&normal);
        let code = Code { normal: self.batch.texts.words.intern(&normal), known, family: words.family(&normal) };
        self.codes.push(code);
        code
    }

    fn amount(&mut self, at: usize, value: Decimal) {
        self.cells.amounts[at] = Amount::pack(value, &mut self.batch.wide);
    }

    /// Looks a currency up; `None` if there is no such currency.
    fn currency(&mut self, cell: &[u8]) -> Option<()> {
        let known = self.currencies.iter().find(|(code, _)| code == cell).map(|(_, currency)| *currency);
        let found = known.or_else(|| value::currency(cell));
        if let (None, Some(currency), Ok(code)) = (known, found, cell.try_into()) {
            self.currencies.push((code, currency));
        }
        self.cells.currency = found.map_or(CurrencyCell::Unreadable, CurrencyCell::Known);
        found.map(|_| ())
    }
}

/// The text of a cell that may hold any.
fn readable(of: Cell<'_>) -> Result<&str, String> {
    if of.may_have_nul && of.bytes.contains(&0) {
        return Err(not(of.bytes, NO_NUL));
    }
    of.text().ok_or_else(|| not(of.bytes, UTF_8))
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
