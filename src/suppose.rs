//! Facts that are missing, with values put in their place to see what would follow.
//!
//! What is supposed lies on the trail that a case is judged with: a cell that has a value is never asked for it, and
//! without a supposition the records speak for themselves. What checks compare such a fact with is noted, so that the
//! values worth trying are found without knowing the checks.

use crate::column::Column;
use crate::record::{Cell, Place};
use crate::text::Sym;
use crate::time::Stamp;
use chrono::NaiveDate;
use rust_decimal::Decimal;
use std::cell::RefCell;

/// A value in the place of one that is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    /// A day.
    Day(NaiveDate),
    /// A day with a time.
    Time(Stamp),
    /// A word or an id.
    Word(Sym),
    /// An amount, a count or a percentage.
    Amount(Decimal),
    /// A flag.
    Flag(bool),
    /// A text of which only matters that there is one.
    Text,
}

/// What a cell's type takes of a supposed value.
pub trait Supposable: Sized {
    /// The value as this type; `None` if it is of another.
    fn of(value: Value) -> Option<Self>;
}

macro_rules! supposable {
    ($($type:ty: $($pattern:pat => $value:expr),*;)*) => {
        $(impl Supposable for $type {
            fn of(value: Value) -> Option<Self> {
                match value { $($pattern => Some($value),)* _ => None }
            }
        })*
    };
}

supposable! {
    NaiveDate: Value::Day(day) => day;
    Stamp: Value::Day(day) => Stamp::date(day), Value::Time(time) => time;
    Sym: Value::Word(word) => word;
    Decimal: Value::Amount(amount) => amount;
    bool: Value::Flag(flag) => flag, Value::Amount(amount) => !amount.is_zero();
}

impl Supposable for () {
    fn of(_: Value) -> Option<()> {
        Some(())
    }
}

/// A cell without a value that was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Missed {
    /// Its row.
    pub place: Place,
    /// Its column.
    pub column: Column,
    /// Whether the file has no such column; else the cell is blank.
    pub absent: bool,
}

/// What is supposed of some cells, and what was asked meanwhile.
#[derive(Debug, Default)]
pub struct Supposed {
    /// The cells, each with a value or as a blank of a column that the file has.
    cells: Vec<(Place, Column, Option<Value>)>,
    missed: RefCell<Vec<Missed>>,
    compared: RefCell<Vec<(Column, Sym)>>,
}

impl Supposed {
    /// Supposes these values; `None` is a blank.
    pub fn new(cells: Vec<(Place, Column, Option<Value>)>) -> Supposed {
        Supposed { cells, ..Supposed::default() }
    }

    /// What is supposed of a cell; `None` if nothing is.
    pub fn cell<T: Supposable>(&self, place: Place, column: Column) -> Option<Cell<T>> {
        let (.., value) = self.cells.iter().find(|(at, of, _)| *at == place && *of == column)?;
        Some(value.and_then(T::of).map_or(Cell::Blank, Cell::Value))
    }

    /// Notes a cell without a value.
    pub fn miss(&self, place: Place, column: Column, absent: bool) {
        let missed = Missed { place, column, absent };
        let mut all = self.missed.borrow_mut();
        if !all.contains(&missed) {
            all.push(missed);
        }
    }

    /// The cells without a value that were asked and of which nothing is supposed, in order.
    pub fn missed(&self, column: Column) -> Vec<Missed> {
        let mut missed = self.missed.borrow().clone();
        missed.retain(|missed| missed.column == column);
        missed.sort_unstable();
        missed
    }

    /// Notes that a column's word is compared with another.
    pub fn compare(&self, column: Column, word: Sym) {
        let mut compared = self.compared.borrow_mut();
        if !compared.contains(&(column, word)) {
            compared.push((column, word));
        }
    }

    /// The words with which a column was compared.
    pub fn compared(&self, column: Column) -> Vec<Sym> {
        self.compared.borrow().iter().filter(|(of, _)| *of == column).map(|(_, word)| *word).collect()
    }
}
