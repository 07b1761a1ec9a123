//! What was consulted while a rule was judged, and the working where someone wants to read it.

use crate::column::{Column, Columns};
use crate::margin::Margin;
use crate::record::{Books, Cell, Place};
use crate::suppose::{Supposable, Supposed};
use crate::text::Sym;
use std::cell::RefCell;
use std::rc::Rc;

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
    working: Option<RefCell<Vec<String>>>,
    /// What was compared on the way.
    margins: Option<RefCell<Vec<Margin>>>,
    /// What is supposed of cells without a value.
    supposed: Option<Rc<Supposed>>,
}

impl Trail {
    /// A trail that keeps the working and the margins.
    pub fn with_working() -> Trail {
        let kept = Kept { working: Some(RefCell::default()), margins: Some(RefCell::default()), supposed: None };
        Trail { kept: Some(Box::new(kept)), ..Trail::default() }
    }

    /// A trail under a supposition, which keeps the margins.
    pub fn supposing(supposed: Rc<Supposed>) -> Trail {
        let kept = Kept { working: None, margins: Some(RefCell::default()), supposed: Some(supposed) };
        Trail { kept: Some(Box::new(kept)), ..Trail::default() }
    }

    /// A trail of its own for what is asked besides, under the same supposition.
    pub fn beside(&self) -> Trail {
        let supposed = self.supposed().cloned();
        let kept = supposed.map(|supposed| Box::new(Kept { supposed: Some(supposed), ..Kept::default() }));
        Trail { kept, ..Trail::default() }
    }

    fn supposed(&self) -> Option<&Rc<Supposed>> {
        self.kept.as_ref()?.supposed.as_ref()
    }

    /// Whether it is under a supposition: then no one reads the messages.
    pub fn supposes(&self) -> bool {
        self.supposed().is_some()
    }

    /// Forgets what was consulted.
    #[inline]
    pub fn forget(&self) {
        self.absent.set(Columns::NONE);
        self.blank.set(Columns::NONE);
        self.cited.borrow_mut().clear();
    }

    /// Forgets what was consulted, and hands over the working.
    pub fn restart(&self) -> Vec<String> {
        self.forget();
        let Some(kept) = &self.kept else { return Vec::new() };
        kept.margins.as_ref().map(RefCell::take);
        kept.working.as_ref().map(RefCell::take).unwrap_or_default()
    }

    /// The margins so far.
    pub fn margins(&self) -> Vec<Margin> {
        let margins = self.kept.as_ref().and_then(|kept| kept.margins.as_ref());
        margins.map(|margins| margins.borrow().clone()).unwrap_or_default()
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

    /// Whether it keeps nothing beside what was consulted, as in an audit.
    #[inline]
    pub fn is_plain(&self) -> bool {
        self.kept.is_none()
    }

    /// Adds a step to the working, if it is kept.
    #[inline]
    pub fn note(&self, step: impl FnOnce() -> String) {
        if let Some(working) = self.kept.as_ref().and_then(|kept| kept.working.as_ref()) {
            add(working, step());
        }
    }

    /// Leaves a margin, if the working is kept.
    #[inline]
    pub fn margin(&self, margin: impl FnOnce() -> Option<Margin>) {
        if let Some(margins) = self.kept.as_ref().and_then(|kept| kept.margins.as_ref()) {
            margin().into_iter().for_each(|margin| add(margins, margin));
        }
    }

    /// Says with which words a column's word is compared, for what is supposed of it.
    #[inline]
    pub fn compared(&self, column: impl Into<Column>, words: impl IntoIterator<Item = Sym>) {
        if let Some(supposed) = self.supposed() {
            let column = column.into();
            words.into_iter().for_each(|word| supposed.compare(column, word));
        }
    }

    /// Records that a column is absent.
    #[inline]
    pub fn missing(&self, column: Column) {
        self.absent.set(self.absent.get().with(column));
    }

    /// A cell of a record: without a value it is blank if the record's file has the column, and else absent.
    #[inline]
    pub fn cell<T: Supposable>(&self, books: &Books, place: Place, column: Column, value: Option<T>) -> Cell<T> {
        match value {
            Some(value) => Cell::Value(value),
            None if self.is_plain() && books.has(place, column) => Cell::Blank,
            None => self.unfilled(books, place, column),
        }
    }

    /// A cell without a value, of which perhaps one is supposed.
    #[inline(never)]
    fn unfilled<T: Supposable>(&self, books: &Books, place: Place, column: Column) -> Cell<T> {
        let cell = self.peek(books, place, column, None);
        if matches!(cell, Cell::Absent) {
            self.missing(column);
        }
        cell
    }

    /// The same without a record that it was consulted.
    #[inline]
    pub fn peek<T: Supposable>(&self, books: &Books, place: Place, column: Column, value: Option<T>) -> Cell<T> {
        if let Some(value) = value {
            return Cell::Value(value);
        }
        let absent = !books.has(place, column);
        if let Some(supposed) = self.supposed() {
            if let Some(cell) = supposed.cell(place, column) {
                return cell;
            }
            supposed.miss(place, column, absent);
        }
        if absent { Cell::Absent } else { Cell::Blank }
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
