//! From the rows of a table, in order, to rows used and rows rejected: what all three tables have in common.

use super::Problem;
use super::block::Block;
use super::cells::{Aside, CurrencyCell, Ids, Money, Numbers, Parsed, Print, Record};
use super::file::{Intake, Reached};
use super::header::Orders;
use super::row::Fault;
use super::sums::Sums;
use crate::column::Column;
use crate::money::Currency;
use crate::record::{ExportFile, Place, Reject};
use crate::text::{Interner, List, PARTS, Sym, Texts};
use foldhash::fast::FixedState;
use hashbrown::HashMap;
use hashbrown::hash_map::Entry;
use smallvec::SmallVec;

/// What the tables add to.
pub(super) struct Shared {
    pub(super) files: Vec<ExportFile>,
    pub(super) texts: Texts,
    pub(super) aside: Aside,
    pub(super) rejects: Vec<Reject>,
    pub(super) problems: Vec<Problem>,
}

impl Shared {
    pub(super) fn new(texts: Texts) -> Shared {
        let (files, aside, rejects, problems) = Default::default();
        Shared { files, texts, aside, rejects, problems }
    }

    /// Adds the texts of blocks and what they keep aside, and tells their numbers in the whole.
    fn adopt<R: Record>(&mut self, blocks: &mut [Block<R>]) -> Result<Vec<Numbers>, &'static str> {
        let words: Vec<&Interner> = blocks.iter().map(|block| &block.batch.texts.words).collect();
        let lists: Vec<&[List; PARTS]> = blocks.iter().map(|block| &block.batch.texts.ids).collect();
        if !self.texts.has_room(&lists, &words) {
            return Err("the exports have more different ids than fit in 31 bits");
        }
        if !self.aside.seldom.has_room(blocks.iter().map(|block| block.batch.aside.seldom.count() as usize).sum()) {
            return Err("the exports have more filled cells than are counted in 32 bits");
        }
        let words: Vec<Vec<Sym>> = blocks.iter().map(|block| block.batch.texts.adopt_words(&mut self.texts)).collect();
        let mut by_part: Vec<_> =
            self.texts.intern_all(&lists).into_iter().map(|numbers| numbers.into_iter()).collect();
        let mut numbers = Vec::with_capacity(blocks.len());
        for (block, words) in blocks.iter_mut().zip(words) {
            let ids = by_part.iter_mut().map(|part| part.next().unwrap_or_default()).collect();
            let (wide_before, seldom_before) = self.aside.append(std::mem::take(&mut block.batch.aside));
            numbers.push(Numbers { words, ids, wide_before, seldom_before });
        }
        Ok(numbers)
    }

    /// `record 17 of invoices.csv`.
    pub(super) fn cite(&self, place: Place) -> String {
        let name = self.files.get(usize::from(place.file)).map_or("", |file| file.name.as_str());
        format!("record {} of {name}", place.record)
    }

    /// Keeps a rejected row.
    pub(super) fn reject(&mut self, place: Place, line: u64, fault: Fault) {
        let Fault { column, value, reason } = fault;
        self.rejects.push(Reject { place, line, column, value, reason });
    }

    /// A reference to something that no row has; `like` is an id that differs only in zeros at its beginning.
    pub(super) fn dangling(&self, column: Column, id: Sym, reason: &str, like: Option<Sym>) -> Fault {
        let id = self.texts.get(id);
        let mut reason = format!("`{id}` {reason}");
        if let Some(like) = like {
            reason += &format!("; `{}` differs from it only in zeros at the beginning", self.texts.get(like));
        }
        Fault::of(column, id, reason)
    }

    /// A key that an earlier used row has.
    pub(super) fn duplicate(&self, column: Column, id: Sym, first: Place) -> Fault {
        let id = self.texts.get(id);
        Fault::of(column, id, format!("`{}` `{id}` is already used by {}", column.name(), self.cite(first)))
    }
}

/// So many rows at once are taken in.
const TOUCHED_AT_ONCE: usize = 64;

/// What a table does with its rows.
pub(super) trait Judge: Send {
    type Row: Record;

    /// Looks at what rows with these ids will be judged by, so that it is near afterwards: memory is waited for once, not row
    /// by row.
    fn touch(&self, _rows: &[Ids]) {}

    /// An earlier row that was kept, has the same key and the same print.
    fn like(&self, row: &Self::Row, print: Print) -> Option<Place>;

    /// Takes note of the ids of a row that is no repeat, before it is judged.
    fn sight(&mut self, ids: Ids, place: Place, is_ragged: bool);

    /// Judges a row whose cells are sound, and keeps it if it can be used.
    fn judge(&mut self, row: &Self::Row, at: &Mark, shared: &Shared) -> Result<(), Fault>;

    /// Takes note of what a rejected row that is no repeat holds back.
    fn hold(&mut self, ids: Ids, place: Place, is_ragged: bool);

    /// The currency of a row's money, of which its cell says this.
    fn currency(&self, ids: Ids, cell: CurrencyCell) -> Option<Currency>;
}

/// Where a row stands, and what it is like.
pub(super) struct Mark {
    pub(super) place: Place,
    pub(super) line: u64,
    pub(super) print: Print,
}

/// One table, as its files are read.
pub(super) struct Ledger<'a, J> {
    pub(super) judge: &'a mut J,
    pub(super) shared: &'a mut Shared,
    pub(super) sums: Sums,
    /// The first of the rejected rows with the same ids and print. Those that were kept are found by their key.
    rejected: HashMap<(Ids, Print), Place, FixedState>,
    /// How rows of the table's files are compared.
    pub(super) orders: Orders,
}

impl<J: Judge> Intake for Ledger<'_, J> {
    type Row = J::Row;
    type Kept = Block<J::Row>;

    fn files(&mut self) -> &mut [ExportFile] {
        &mut self.shared.files
    }

    fn orders(&mut self) -> &mut Orders {
        &mut self.orders
    }

    fn keep(&self, blocks: Vec<Block<J::Row>>, _bytes: &[u8]) -> Vec<Block<J::Row>> {
        blocks
    }

    fn take_in(&mut self, mut blocks: Vec<Block<J::Row>>, at: &mut Reached) -> Result<(), &'static str> {
        let numbers = self.shared.adopt(&mut blocks)?;
        blocks.into_iter().zip(numbers).try_for_each(|(block, numbers)| self.absorb(block, &numbers, at))
    }
}

impl<'a, J: Judge> Ledger<'a, J> {
    pub(super) fn new(judge: &'a mut J, shared: &'a mut Shared) -> Ledger<'a, J> {
        Ledger { judge, shared, sums: Sums::default(), rejected: HashMap::default(), orders: Orders::default() }
    }

    fn absorb(&mut self, mut block: Block<J::Row>, numbers: &Numbers, at: &mut Reached) -> Result<(), &'static str> {
        for rows in block.batch.rows.chunks_mut(TOUCHED_AT_ONCE) {
            let sound = rows.iter().filter_map(|(_, _, parsed)| match parsed {
                Parsed::Sound(row) => Some(numbers.ids(row.ids())),
                Parsed::Faulty(_) | Parsed::LeftOut(_) => None,
            });
            self.judge.touch(&sound.collect::<SmallVec<[Ids; TOUCHED_AT_ONCE]>>());
            for (lines, print, parsed) in rows {
                if let Parsed::LeftOut(reason) = parsed {
                    at.leave_out(*reason)?;
                    continue;
                }
                let (place, line) = at.record(*lines)?;
                self.take(parsed, numbers, &Mark { place, line, print: *print });
            }
        }
        at.line = at.line.saturating_add(block.lines as u64);
        Ok(())
    }

    /// Takes in blocks of rows whose places and lines are known.
    pub(super) fn take_in_placed(
        &mut self,
        mut blocks: Vec<Block<J::Row>>,
        mut places: impl Iterator<Item = (Place, u64)>,
    ) -> Result<(), &'static str> {
        let numbers = self.shared.adopt(&mut blocks)?;
        for (block, numbers) in blocks.iter_mut().zip(numbers) {
            for ((_, print, parsed), (place, line)) in block.batch.rows.iter_mut().zip(places.by_ref()) {
                self.take(parsed, &numbers, &Mark { place, line, print: *print });
            }
        }
        Ok(())
    }

    fn take(&mut self, parsed: &mut Parsed<J::Row>, numbers: &Numbers, at: &Mark) {
        match parsed {
            Parsed::Sound(row) => {
                row.settle(at.place, numbers);
                self.sound(row, at);
            }
            Parsed::Faulty(faulty) => {
                let money = faulty.money.take().map(|money| numbers.money(money));
                let ids = numbers.ids(faulty.ids);
                self.faulty(ids, money, faulty.is_ragged, std::mem::take(&mut faulty.fault), at);
            }
            Parsed::LeftOut(_) => {}
        }
    }

    fn sound(&mut self, row: &J::Row, at: &Mark) {
        let (ids, money) = (row.ids(), row.money());
        let first = self.judge.like(row, at.print).or_else(|| self.rejected.get(&(ids, at.print)).copied());
        if let Some(first) = first {
            return self.repeat(ids, money, first, at);
        }
        self.judge.sight(ids, at.place, false);
        let result = self.judge.judge(row, at, self.shared);
        self.reconcile(ids, money, result.is_ok());
        if let Err(fault) = result {
            self.rejected.insert((ids, at.print), at.place);
            self.judge.hold(ids, at.place, false);
            self.shared.reject(at.place, at.line, fault);
        }
    }

    fn faulty(&mut self, ids: Ids, money: Option<Money>, is_ragged: bool, fault: Fault, at: &Mark) {
        match self.rejected.entry((ids, at.print)) {
            Entry::Occupied(first) => {
                let first = *first.get();
                return self.repeat(ids, money, first, at);
            }
            Entry::Vacant(entry) => entry.insert(at.place),
        };
        self.judge.sight(ids, at.place, is_ragged);
        self.judge.hold(ids, at.place, is_ragged);
        self.reconcile(ids, money, false);
        self.shared.reject(at.place, at.line, fault);
    }

    fn repeat(&mut self, ids: Ids, money: Option<Money>, first: Place, at: &Mark) {
        let reason = format!("repeats {}", self.shared.cite(first));
        self.reconcile(ids, money, false);
        self.shared.reject(at.place, at.line, Fault { reason, ..Fault::default() });
    }

    fn reconcile(&mut self, ids: Ids, money: Option<Money>, is_used: bool) {
        let Some(money) = money else { return };
        let currency = self.judge.currency(ids, money.currency);
        self.sums.add(currency, money.amount, &self.shared.aside.wide, is_used);
    }
}

/// A number per text, for the texts that have one.
#[derive(Default)]
pub(super) struct BySym(Vec<u32>);

const NONE: u32 = u32::MAX;

impl BySym {
    pub(super) fn get(&self, sym: Sym) -> Option<u32> {
        self.0.get(sym.index()).copied().filter(|number| *number != NONE)
    }

    pub(super) fn set(&mut self, sym: Sym, number: u32) {
        if self.0.len() <= sym.index() {
            self.0.resize(sym.index() + 1, NONE);
        }
        if let Some(slot) = self.0.get_mut(sym.index()) {
            *slot = number;
        }
    }
}

/// The items' places in the order of their owners, each owner's in the order in which they came; and where each owner's
/// begin, with the count of all at the end.
pub(super) fn by_owner(owners: &[u32], groups: usize) -> (Vec<u32>, Vec<u32>) {
    let starts = starts(owners, groups);
    (in_order(owners, &starts), starts)
}

/// Where each owner's items begin among those of all, with the count of all at the end.
pub(super) fn starts(owners: &[u32], groups: usize) -> Vec<u32> {
    let mut starts = vec![0_u32; groups + 1];
    for owner in owners {
        starts[*owner as usize + 1] += 1;
    }
    for group in 0..groups {
        starts[group + 1] += starts[group];
    }
    starts
}

/// The items' places in the order of their owners.
pub(super) fn in_order(owners: &[u32], starts: &[u32]) -> Vec<u32> {
    let mut order = vec![0_u32; owners.len()];
    let mut next = starts.to_vec();
    for (item, owner) in (0_u32..).zip(owners) {
        let slot = &mut next[*owner as usize];
        order[*slot as usize] = item;
        *slot += 1;
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_grouped_in_order() {
        assert_eq!(by_owner(&[1, 0, 1, 3], 4), (vec![1, 0, 2, 3], vec![0, 1, 3, 3, 4]));
        assert_eq!(by_owner(&[0, 0], 1), (vec![0, 1], vec![0, 2]));
        assert_eq!(by_owner(&[], 0), (vec![], vec![0]));
    }
}
