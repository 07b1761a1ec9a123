//! What is kept of a row: its cells, typed; its record; and the texts of the rows of a block, which are numbered once more
//! when the block is taken into the whole.

use super::header::{Sort, sort};
use super::row::Fault;
use super::words::Words;
use crate::column::{Column, MOST_COLUMNS, Table};
use crate::mapping::row::Reason;
use crate::money::{Amount, Currency, WideAmounts};
use crate::record::{Filled, Flag, Place, Seldom};
use crate::text::{self, Interner, List, PARTS, Sym, Text, Texts};
use crate::time::{Stamp, Zone};

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

/// A hash of all fields of a row and of the columns' names: equal rows have equal prints. It is compared only between
/// rows with the same ids, so that different rows do not share one by chance.
pub(super) type Print = u64;

/// The ids of a row by which it is joined with others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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
    /// The record of a row; `None` if a required cell is blank. What rows seldom have is kept aside.
    fn of(cells: &Cells, words: &Words, aside: &mut Aside) -> Option<Self>;
    /// The ids of any row of the table.
    fn ids_in(cells: &Cells) -> Ids;
    /// The amount to reconcile of any row of the table.
    fn money_in(cells: &Cells) -> Option<Money>;
    fn ids(&self) -> Ids;
    fn money(&self) -> Option<Money>;
    /// The latest day, in days since 1970, of those from which the as-of date can come.
    fn latest(&self, _zone: Zone) -> Option<i64> {
        None
    }
    /// Gives the record its place, and its texts and amounts their numbers in the whole.
    fn settle(&mut self, place: Place, numbers: &Numbers);
}

/// A row of a block.
pub(super) enum Parsed<R> {
    Sound(R),
    Faulty(Box<Faulty>),
    /// The mapping leaves the row out.
    LeftOut(Reason),
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
    pub(super) aside: Aside,
}

/// What rows of a block seldom have.
#[derive(Default)]
pub(super) struct Aside {
    pub(super) wide: WideAmounts,
    pub(super) seldom: Seldom,
    /// Where the wide ones of the seldom filled amounts are.
    pub(super) wide_among: Vec<u32>,
}

impl Aside {
    /// Keeps the filled ones of a row's cells: of these amounts and times.
    #[inline(always)]
    pub(super) fn keep<const A: usize, const T: usize>(
        &mut self,
        cells: &Cells,
        amounts: [impl Into<Column>; A],
        times: [impl Into<Column>; T],
    ) -> Filled {
        let (start, mut mask) = (self.seldom.count(), 0);
        for (at, column) in amounts.into_iter().enumerate() {
            let amount = cells.amount(column.into());
            if amount.is_wide() {
                self.wide_among.push(self.seldom.count());
            }
            if !amount.is_blank() {
                mask |= 1 << at;
                self.seldom.push(amount.to_bits());
            }
        }
        for (at, column) in times.into_iter().enumerate() {
            let time = cells.stamp(column.into());
            if !time.is_blank() {
                mask |= 1 << (A + at);
                self.seldom.push(time.to_bits());
            }
        }
        Filled { start, mask }
    }

    /// Adds what another kept, and tells how many wide amounts and how many cells stand before it.
    pub(super) fn append(&mut self, mut other: Aside) -> (usize, u32) {
        let (wide_before, before) = (self.wide.count(), self.seldom.count());
        for at in other.wide_among {
            other.seldom.change(at, |bits| Amount::from_bits(bits).moved(wide_before).to_bits());
        }
        self.wide.append(&mut other.wide);
        self.seldom.append(other.seldom);
        (wide_before, before)
    }
}

/// The texts of a block. Ids, of which nearly each is new, are only listed, by the part of the population's texts that
/// will have them; a row's number of one has the top bit set, and then the part.
#[derive(Default)]
pub(super) struct Gathered {
    pub(super) words: Interner,
    pub(super) ids: [List; PARTS],
}

const IDS: u32 = 1 << 31;
const PART_BITS: u32 = PARTS.ilog2();
const PLACE_BITS: u32 = 31 - PART_BITS;

/// The part and the place that an id's number in its block stands for.
#[inline]
fn listed(sym: Sym) -> (usize, usize) {
    ((sym.0 >> PLACE_BITS) as usize % PARTS, sym.0 as usize % (1 << PLACE_BITS))
}

impl Gathered {
    /// With room for about so many ids.
    pub(super) fn new(ids: usize) -> Gathered {
        let ids = std::array::from_fn(|_| List::with_capacity(ids / PARTS));
        let mut gathered = Gathered { words: Interner::default(), ids };
        gathered.words.intern("");
        gathered
    }

    /// Lists a long id, unless it is the one that stood in the column before.
    pub(super) fn long_id(&mut self, text: Text, before: Sym) -> Sym {
        let (part, place) = listed(before);
        if before.0 >= IDS && self.ids[part].texts().get(place) == text { before } else { self.list(text) }
    }

    /// Lists an id.
    #[inline(always)]
    pub(super) fn list(&mut self, text: Text) -> Sym {
        let hash = text.hash();
        let part = text::part(hash);
        Sym(IDS | (part as u32) << PLACE_BITS | self.ids[part].push(text, hash) as u32)
    }

    /// The text of a number in the block.
    pub(super) fn text(&self, sym: Sym) -> &str {
        let (part, place) = listed(sym);
        if sym.0 >= IDS { self.ids.get(part).map_or("", |ids| ids.texts().at(place)) } else { self.words.at(sym.0) }
    }

    /// The numbers in the whole of the words.
    pub(super) fn adopt_words(&self, texts: &mut Texts) -> Vec<Sym> {
        (0..self.words.count() as u32).map(|at| texts.intern(self.words.at(at))).collect()
    }
}

/// The numbers in the whole of a batch's texts and wide amounts.
pub(super) struct Numbers {
    pub(super) words: Vec<Sym>,
    /// By part.
    pub(super) ids: Vec<Vec<Sym>>,
    pub(super) wide_before: usize,
    pub(super) seldom_before: u32,
}

impl Numbers {
    pub(super) fn sym(&self, sym: Sym) -> Sym {
        let (part, place) = listed(sym);
        let found =
            if sym.0 >= IDS { self.ids.get(part).and_then(|ids| ids.get(place)) } else { self.words.get(sym.index()) };
        found.copied().unwrap_or(Sym::BLANK)
    }

    /// Gives texts their numbers in the whole.
    pub(super) fn renumber<const N: usize>(&self, syms: [&mut Sym; N]) {
        syms.into_iter().for_each(|sym| *sym = self.sym(*sym));
    }

    /// Gives an amount that may be wide, and what is kept aside, their numbers in the whole.
    #[inline(always)]
    pub(super) fn move_aside(&self, amount: Option<&mut Amount>, seldom: &mut Filled) {
        if let Some(amount) = amount {
            *amount = amount.moved(self.wide_before);
        }
        seldom.start += self.seldom_before;
    }

    pub(super) fn ids(&self, ids: Ids) -> Ids {
        Ids { own: self.sym(ids.own), of: self.sym(ids.of), parent: self.sym(ids.parent) }
    }

    pub(super) fn money(&self, money: Money) -> Money {
        Money { amount: money.amount.moved(self.wide_before), ..money }
    }
}

/// So many rows at most are typed at once: they are to stay in the processor's cache.
pub(super) const MOST_ROWS: usize = 64;

/// The cells of one column of rows that are typed at once: a text's number, a time's or an amount's bits, or which flag.
pub(super) type Typed = [u64; MOST_ROWS];

/// What stands for a currency cell with a word that is no currency. What is above it is one more than a place in the list of
/// the currencies met so far, and 0 is blank.
const UNREADABLE: u64 = 1;

/// The bits of a blank cell, and of one that cannot be read.
pub(super) fn missing(column: Column) -> (u64, u64) {
    let blank = match sort(column) {
        Sort::Id | Sort::Word | Sort::Code => Sym::BLANK.bits(),
        Sort::Family => u64::MAX,
        Sort::Time | Sort::Date => Stamp::BLANK.to_bits(),
        Sort::Amount | Sort::Percent | Sort::Whole => Amount::BLANK.to_bits(),
        Sort::Presence | Sort::Flag | Sort::Currency => Flag::Blank as u64,
    };
    (blank, if sort(column) == Sort::Currency { UNREADABLE } else { blank })
}

/// The bits of a currency by its place in the list.
pub(super) fn currency_bits(at: usize) -> u64 {
    at as u64 + UNREADABLE + 1
}

/// The cells of rows, typed, by each column's place in the table. What the header lacks is blank.
pub(super) struct Values(Box<[Typed; MOST_COLUMNS]>);

impl Values {
    /// Rows of a table with only blank cells.
    pub(super) fn blank(table: Table) -> Values {
        let mut values = Box::new([[0; MOST_ROWS]; MOST_COLUMNS]);
        for column in Column::ALL.iter().copied().filter(|column| column.table() == table) {
            values[column.place()] = [missing(column).0; MOST_ROWS];
        }
        Values(values)
    }

    /// The cells of the column at a place.
    pub(super) fn column(&mut self, place: usize) -> Option<&mut Typed> {
        self.0.get_mut(place)
    }

    /// The cells of a row; `currencies` is the list by whose places they name them.
    #[inline(always)]
    pub(super) fn row<'v>(&'v self, row: usize, currencies: &'v [Currency]) -> Cells<'v> {
        Cells { values: &self.0, row, currencies }
    }
}

/// The cells of one row.
#[derive(Clone, Copy)]
pub(super) struct Cells<'v> {
    values: &'v [Typed; MOST_COLUMNS],
    row: usize,
    currencies: &'v [Currency],
}

impl Cells<'_> {
    #[inline(always)]
    fn bits(&self, column: Column) -> u64 {
        self.values[column.place()][self.row % MOST_ROWS]
    }

    /// An id, a word, or the name of who decided.
    #[inline(always)]
    pub(super) fn sym(&self, column: Column) -> Sym {
        Sym(self.bits(column) as u32)
    }

    #[inline(always)]
    pub(super) fn stamp(&self, column: Column) -> Stamp {
        Stamp::from_bits(self.bits(column))
    }

    #[inline(always)]
    pub(super) fn amount(&self, column: Column) -> Amount {
        Amount::from_bits(self.bits(column))
    }

    #[inline(always)]
    pub(super) fn flag(&self, column: Column) -> Flag {
        const NO: u64 = Flag::No as u64;
        const YES: u64 = Flag::Yes as u64;
        match self.bits(column) {
            NO => Flag::No,
            YES => Flag::Yes,
            _ => Flag::Blank,
        }
    }

    /// Whether a text was recorded.
    #[inline(always)]
    pub(super) fn has_text(&self, column: Column) -> bool {
        self.flag(column) == Flag::Yes
    }

    #[inline(always)]
    pub(super) fn currency(&self, column: Column) -> CurrencyCell {
        match self.bits(column) {
            0 => CurrencyCell::Blank,
            bits => match self.currencies.get((bits - UNREADABLE).wrapping_sub(1) as usize) {
                Some(currency) => CurrencyCell::Known(*currency),
                None => CurrencyCell::Unreadable,
            },
        }
    }

    /// The number of the policy family.
    #[inline(always)]
    pub(super) fn family(&self, column: Column) -> Option<u16> {
        u16::try_from(self.bits(column)).ok()
    }
}
