//! What is kept of a row: its cells, typed; its record; and the texts of the rows of a block, which are numbered once more
//! when the block is taken into the whole.

use super::header::{Sort, Task};
use super::row::Fault;
use super::words::Words;
use crate::column::Column;
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
    pub(super) fn new() -> Gathered {
        let mut gathered = Gathered::default();
        gathered.words.intern("");
        gathered
    }

    /// Lists an id, unless it is the one that stood in the column before.
    pub(super) fn id(&mut self, text: &str, before: Sym) -> Sym {
        let (part, place) = listed(before);
        if before.0 >= IDS && self.ids[part].at(place) == text {
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

pub(super) const COLUMNS: usize = Column::ALL.len();

/// The cells of one row, typed, each under its column's number. What the header lacks stays blank.
pub(super) struct Cells {
    pub(super) syms: [Sym; COLUMNS],
    pub(super) stamps: [Stamp; COLUMNS],
    pub(super) amounts: [Amount; COLUMNS],
    pub(super) flags: [Flag; COLUMNS],
    pub(super) currency: CurrencyCell,
    pub(super) family: Option<u16>,
}

impl Cells {
    pub(super) const BLANK: Cells = Cells {
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

    pub(super) fn clear(&mut self, task: Task) {
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
