//! What was consulted while a rule was judged, and the working where someone wants to read it.

use crate::column::{Column, Columns};
use crate::margin::Margin;
use crate::record::{Books, Cell, Place};
use std::cell::RefCell;

/// What was consulted while a rule was judged, and the working where someone wants to read it.
#[derive(Default)]
pub struct Trail {
    absent: std::cell::Cell<Columns>,
    blank: std::cell::Cell<Columns>,
    cited: RefCell<Vec<Place>>,
    /// What is kept only where someone asks for it; an audit does not.
    kept: Option<Box<Kept>>,
}

/// What is kept beside what was consulted.
#[derive(Default)]
struct Kept {
    /// The steps of the working.
    working: RefCell<Vec<String>>,
    /// What was compared on the way.
    margins: RefCell<Vec<Margin>>,
}

impl Trail {
    /// A trail that keeps the working and the margins.
    pub fn with_working() -> Trail {
        Trail { kept: Some(Box::default()), ..Trail::default() }
    }

    /// A trail of its own for what is asked besides.
    pub fn beside(&self) -> Trail {
        Trail::default()
    }

    /// Whether it keeps the working and the margins.
    pub fn keeps_working(&self) -> bool {
        self.kept.is_some()
    }

    /// Forgets what was consulted, and hands over the working.
    #[inline]
    pub fn restart(&self) -> Vec<String> {
        self.absent.set(Columns::NONE);
        self.blank.set(Columns::NONE);
        self.cited.borrow_mut().clear();
        let Some(kept) = &self.kept else { return Vec::new() };
        kept.margins.take();
        kept.working.take()
    }

    /// The margins so far.
    pub fn margins(&self) -> Vec<Margin> {
        self.kept.as_ref().map(|kept| kept.margins.borrow().clone()).unwrap_or_default()
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
        if let Some(kept) = &self.kept {
            add(&kept.working, step());
        }
    }

    /// Leaves a margin, if the working is kept.
    #[inline]
    pub fn margin(&self, margin: impl FnOnce() -> Option<Margin>) {
        if let Some(kept) = &self.kept {
            margin().into_iter().for_each(|margin| add(&kept.margins, margin));
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

/// What is kept already is not repeated.
fn add<T: PartialEq>(kept: &RefCell<Vec<T>>, step: T) {
    let mut steps = kept.borrow_mut();
    if !steps.contains(&step) {
        steps.push(step);
    }
}
