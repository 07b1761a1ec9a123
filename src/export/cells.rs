//! What is kept of a row: its cells, typed; its record; and the texts of the rows of a block, which are numbered once more
//! when the block is taken into the whole.

use super::header::{Sort, sort};
use super::row::Fault;
use super::words::Words;
use crate::column::{Column, MOST_COLUMNS, Table};
use crate::mapping::row::Reason;
use crate::money::{Amount, Currency, WideAmounts};
use crate::record::{Flag, Place};
use crate::text::{self, Interner, List, PARTS, Sym, Texts};
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
    /// The record of a row; `None` if a required cell is blank.
    fn of(cells: &Cells, words: &Words) -> Option<Self>;
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
    /// The wide amounts of this batch.
    pub(super) wide: WideAmounts,
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

    /// Lists an id, unless it is the one that stood in the column before.
    pub(super) fn id(&mut self, text: &str, before: Sym) -> Sym {
        let (part, place) = listed(before);
        if before.0 >= IDS && self.ids[part].bytes_at(place) == text.as_bytes() {
            return before;
        }
        let hash = text::hash(text);
        let part = text::part(hash);
        Sym(IDS | (part as u32) << PLACE_BITS | self.ids[part].push(text, hash) as u32)
    }

    /// The text of a number in the block.
    pub(super) fn text(&self, sym: Sym) -> &str {
        let (part, place) = listed(sym);
        if sym.0 >= IDS { self.ids.get(part).map_or("", |ids| ids.at(place)) } else { self.words.at(sym.0) }
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

/// The cells of one row, typed, each at its column's place in the table. What the header lacks is blank.
#[derive(Clone)]
pub(super) struct Cells {
    /// A text's number, a time's or an amount's bits, or which flag.
    values: [u64; MOST_COLUMNS],
    pub(super) currency: CurrencyCell,
    pub(super) family: Option<u16>,
}

impl Cells {
    /// A row of a table with only blank cells.
    pub(super) fn blank(table: Table) -> Cells {
        let mut cells = Cells { values: [0; MOST_COLUMNS], currency: CurrencyCell::Blank, family: None };
        for column in Column::ALL.iter().copied().filter(|column| column.table() == table) {
            cells.values[column.place()] = match sort(column) {
                Sort::Id | Sort::Word | Sort::Code => u64::from(Sym::BLANK.0),
                Sort::Time | Sort::Date => Stamp::BLANK.to_bits(),
                Sort::Amount | Sort::Percent | Sort::Whole => Amount::BLANK.to_bits(),
                Sort::Presence | Sort::Flag | Sort::Currency => Flag::Blank as u64,
            };
        }
        cells
    }

    /// An id, a word, or the name of who decided.
    #[inline(always)]
    pub(super) fn sym(&self, column: Column) -> Sym {
        Sym(self.values[column.place()] as u32)
    }

    #[inline(always)]
    pub(super) fn stamp(&self, column: Column) -> Stamp {
        Stamp::from_bits(self.values[column.place()])
    }

    #[inline(always)]
    pub(super) fn amount(&self, column: Column) -> Amount {
        Amount::from_bits(self.values[column.place()])
    }

    #[inline(always)]
    pub(super) fn flag(&self, column: Column) -> Flag {
        const NO: u64 = Flag::No as u64;
        const YES: u64 = Flag::Yes as u64;
        match self.values[column.place()] {
            NO => Flag::No,
            YES => Flag::Yes,
            _ => Flag::Blank,
        }
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

    /// Fills the cell at a column's place with the bits of its value.
    #[inline]
    pub(super) fn put(&mut self, place: usize, bits: u64) {
        if let Some(value) = self.values.get_mut(place) {
            *value = bits;
        }
    }
}
