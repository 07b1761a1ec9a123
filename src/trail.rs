//! What was consulted while a rule was judged, and the working where someone wants to read it.

use crate::column::{Column, Columns};
use crate::record::{Books, Cell, Place};
use std::cell::RefCell;

/// What was consulted while a rule was judged, and the working where someone wants to read it.
#[derive(Default)]
pub struct Trail {
    absent: std::cell::Cell<Columns>,
    blank: std::cell::Cell<Columns>,
    cited: RefCell<Vec<Place>>,
    working: Option<RefCell<Vec<String>>>,
}

impl Trail {
    /// A trail that keeps the working.
    pub fn with_working() -> Trail {
        Trail { working: Some(RefCell::default()), ..Trail::default() }
    }

    /// Forgets what was consulted, and hands over the working.
    #[inline]
    pub fn restart(&self) -> Vec<String> {
        self.absent.set(Columns::NONE);
        self.blank.set(Columns::NONE);
        self.cited.borrow_mut().clear();
        self.working.as_ref().map(RefCell::take).unwrap_or_default()
    }

    /// The absent columns that were consulted.
    #[inline]
    pub fn absent(&self) -> Columns {
        self.absent.get()
    }

    /// The blank cells that were consulted where a value was needed.
    pub fn blank(&self) -> Columns {
        self.blank.get()
    }

    /// Adds the absent and the blank columns that were consulted before, for what is worked out only once.
    pub fn consulted(&self, (absent, blank): (Columns, Columns)) {
        self.absent.set(self.absent.get().union(absent));
        self.blank.set(self.blank.get().union(blank));
    }

    /// Records that the outcome rests on a row besides the case's own.
    pub fn cite(&self, place: Place) {
        self.cited.borrow_mut().push(place);
    }

    /// The rows besides the case's own on which the outcome rests.
    pub fn cited(&self) -> Vec<Place> {
        self.cited.borrow().clone()
    }

    /// Adds a step to the working, if it is kept.
    #[inline]
    pub fn note(&self, step: impl FnOnce() -> String) {
        if let Some(working) = &self.working {
            add(working, step());
        }
    }

    /// Records that a column is absent.
    #[inline]
    pub fn missing(&self, column: Column) {
        self.absent.set(self.absent.get().with(column));
    }

    /// A cell of a record: without a value it is blank if the record's file has the column, and else absent.
    #[inline]
    pub fn cell<T>(&self, books: &Books, place: Place, column: Column, value: Option<T>) -> Cell<T> {
        match value {
            Some(value) => Cell::Value(value),
            None if books.has(place, column) => Cell::Blank,
            None => {
                self.missing(column);
                Cell::Absent
            }
        }
    }

    /// Records that a cell is blank of which the value is needed.
    #[inline]
    pub fn unrecorded(&self, column: impl Into<Column>) {
        self.blank.set(self.blank.get().with(column.into()));
    }
}

/// A step that is in the working already is not repeated.
fn add(working: &RefCell<Vec<String>>, step: String) {
    let mut steps = working.borrow_mut();
    if !steps.contains(&step) {
        steps.push(step);
    }
}
