//! From the rows of a table, in order, to rows used and rows rejected: what all three tables have in common.

use super::Problem;
use super::block::Block;
use super::header::{Orders, Plan};
use super::row::{CurrencyCell, Fault, Print, Row};
use super::sums::Sums;
use crate::column::Column;
use crate::money::{Amount, Currency, WideAmounts};
use crate::record::{ExportFile, Place, Reject};
use crate::text::{Sym, Texts};
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

/// What the tables add to.
pub(super) struct Shared {
    pub(super) files: Vec<ExportFile>,
    pub(super) texts: Texts,
    pub(super) wide: WideAmounts,
    pub(super) rejects: Vec<Reject>,
    pub(super) problems: Vec<Problem>,
}

impl Shared {
    pub(super) fn new(texts: Texts) -> Shared {
        let (files, wide, rejects, problems) = Default::default();
        Shared { files, texts, wide, rejects, problems }
    }

    /// The numbers in the whole of a batch's texts.
    fn adopt(&mut self, texts: &Texts) -> Result<Vec<Sym>, &'static str> {
        if self.texts.count() + texts.count() > u32::MAX as usize {
            return Err("the exports have more than 4,294,967,295 different ids and words");
        }
        Ok((0..texts.count()).map(|at| self.texts.intern(texts.at(at))).collect())
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

    /// A reference to something that no row has.
    pub(super) fn dangling(&self, column: Column, id: Sym, reason: &str) -> Fault {
        let id = self.texts.get(id);
        Fault::of(column, id, format!("`{id}` {reason}"))
    }

    /// A key that an earlier used row has.
    pub(super) fn duplicate(&self, column: Column, id: Sym, first: Place) -> Fault {
        let id = self.texts.get(id);
        Fault::of(column, id, format!("`{}` `{id}` is already used by {}", column.name(), self.cite(first)))
    }
}

/// What a table does with its rows.
pub(super) trait Judge: Send {
    /// Takes note of the ids of a row that is no repeat, before it is judged.
    fn sight(&mut self, row: &Row, place: Place);

    /// Judges a row whose cells are sound, and keeps it if it can be used.
    fn judge(&mut self, row: &Row, place: Place, line: u64, shared: &Shared) -> Result<(), Fault>;

    /// Takes note of what a rejected row that is no repeat holds back.
    fn hold(&mut self, row: &Row, place: Place);

    /// The amount to reconcile, with its currency's code.
    fn money(&self, row: &Row) -> Option<(&'static str, Amount)>;
}

/// What a currency cell says of an amount: its code, or that of `otherwise` if the cell is blank.
pub(super) fn code_of(cell: CurrencyCell, otherwise: impl FnOnce() -> Option<Currency>) -> &'static str {
    match cell {
        CurrencyCell::Known(currency) => currency.code(),
        CurrencyCell::Unreadable => "",
        CurrencyCell::Blank => otherwise().map_or("", |currency| currency.code()),
    }
}

/// One table, as its files are read.
pub(super) struct Ledger<'a, J> {
    pub(super) judge: &'a mut J,
    pub(super) shared: &'a mut Shared,
    pub(super) sums: Sums,
    /// The first row of each print.
    seen: HashTable<(Print, Place)>,
    /// How rows of the table's files are compared.
    pub(super) orders: Orders,
}

/// How far a file has been taken in.
pub(super) struct Reached {
    pub(super) file: u16,
    pub(super) records: u32,
    /// The physical line on which the next block begins.
    pub(super) line: u64,
}

impl<'a, J: Judge> Ledger<'a, J> {
    pub(super) fn new(judge: &'a mut J, shared: &'a mut Shared) -> Ledger<'a, J> {
        Ledger { judge, shared, sums: Sums::default(), seen: HashTable::new(), orders: Orders::default() }
    }

    /// Takes a block's rows in; the error says what is too large.
    pub(super) fn absorb(&mut self, plan: &Plan, block: Block, at: &mut Reached) -> Result<(), &'static str> {
        let mut batch = block.batch;
        let wide_before = self.shared.wide.count();
        self.shared.wide.append(&mut batch.wide);
        let syms = self.shared.adopt(&batch.texts)?;
        for row in 0..batch.count() {
            let row = Row { plan, batch: &batch, at: row, syms: &syms, wide_before };
            at.records = at.records.checked_add(1).ok_or("the file has more than 4,294,967,295 rows")?;
            let place = Place { file: at.file, record: at.records };
            let line = at.line.saturating_add(row.line() as u64);
            let fault = self.fault(&row, place, line);
            self.reconcile(&row, fault.is_none());
            if let Some(fault) = fault {
                self.shared.reject(place, line, fault);
            }
        }
        at.line = at.line.saturating_add(block.lines as u64);
        Ok(())
    }

    /// Why a row is rejected; `None` if it is used.
    fn fault(&mut self, row: &Row, place: Place, line: u64) -> Option<Fault> {
        let print = row.print();
        match self.seen.entry(print[0], |(other, _)| *other == print, |(other, _)| other[0]) {
            Entry::Occupied(first) => {
                let reason = format!("repeats {}", self.shared.cite(first.get().1));
                return Some(Fault { reason, ..Fault::default() });
            }
            Entry::Vacant(entry) => entry.insert((print, place)),
        };
        self.judge.sight(row, place);
        let fault = match row.fault() {
            Some(fault) => fault.clone(),
            None => self.judge.judge(row, place, line, self.shared).err()?,
        };
        self.judge.hold(row, place);
        Some(fault)
    }

    fn reconcile(&mut self, row: &Row, is_used: bool) {
        if row.is_ragged() {
            return;
        }
        let money = self.judge.money(row).and_then(|(code, amount)| Some((code, amount.value(&self.shared.wide)?)));
        if let Some((code, amount)) = money {
            self.sums.add(code, amount, is_used);
        }
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

/// The items in the order of their owners, each owner's in the order in which they came; and where each owner's begin,
/// with the count of all at the end.
pub(super) fn grouped<T: Copy>(items: Vec<T>, owners: &[u32], groups: usize) -> (Vec<T>, Vec<u32>) {
    let mut starts = vec![0_u32; groups + 1];
    for owner in owners {
        starts[*owner as usize + 1] += 1;
    }
    for group in 0..groups {
        starts[group + 1] += starts[group];
    }
    if owners.is_sorted() {
        return (items, starts);
    }
    let mut next = starts.clone();
    let mut order = vec![0_u32; items.len()];
    for (item, owner) in (0_u32..).zip(owners) {
        let slot = &mut next[*owner as usize];
        order[*slot as usize] = item;
        *slot += 1;
    }
    (order.into_iter().map(|item| items[item as usize]).collect(), starts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_grouped_in_order() {
        assert_eq!(
            grouped(vec!['a', 'b', 'c', 'd'], &[1, 0, 1, 3], 4),
            (vec!['b', 'a', 'c', 'd'], vec![0, 1, 3, 3, 4])
        );
        assert_eq!(grouped(vec!['a', 'b'], &[0, 0], 1), (vec!['a', 'b'], vec![0, 2]));
        assert_eq!(grouped(Vec::<char>::new(), &[], 0), (vec![], vec![0]));
    }
}
