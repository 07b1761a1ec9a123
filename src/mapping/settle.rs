//! The order of day, month and year in which a whole column is written.
//!
//! A column is fed cell by cell; in the end it is settled, or the rows are told whose true date would settle it. It is
//! never guessed. Numbers with the same separators are taken to be in the same order; those with others need not be.

mod shape;

use super::date::Months;
use shape::{Class, Dated, Order, Separator, Shape};

/// How many rows are kept and told of each sort.
const TOLD: usize = 5;

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

/// Watches a column. It keeps some rows of each sort, however many it sees.
#[derive(Clone, Debug)]
pub struct Settler<P> {
    months: Months,
    /// Cells that were not blank.
    seen: u64,
    dates: u64,
    others: Vec<Seen<P>>,
    groups: Vec<Group<P>>,
}

/// A cell that is kept, and the how manieth it was.
#[derive(Clone, Debug)]
struct Seen<P> {
    number: u64,
    place: P,
    cell: String,
    /// The orders that fit it.
    orders: u8,
}

/// The dates of one sort: their order is the same.
#[derive(Clone, Debug)]
struct Group<P> {
    class: Class,
    separators: [Separator; 2],
    /// Distinct ones, the first seen first: there are only so many.
    shapes: Vec<Shape>,
    /// The orders that fit all of them.
    orders: u8,
    /// The orders that fit any of them.
    possible: u8,
    /// For each order, the first cells that it does not fit.
    unfit: [Vec<Seen<P>>; 3],
    /// For each pair of orders, the first cells that both fit and that are then different days.
    apart: [Vec<Seen<P>>; 3],
}

/// All pairs of orders.
const PAIRS: [[Order; 2]; 3] = [
    [Order::DayMonthYear, Order::MonthDayYear],
    [Order::DayMonthYear, Order::YearMonthDay],
    [Order::MonthDayYear, Order::YearMonthDay],
];

impl<P: Copy> Settler<P> {
    /// Nothing was seen yet.
    pub fn new(months: Months) -> Settler<P> {
        Settler { months, seen: 0, dates: 0, others: Vec::new(), groups: Vec::new() }
    }

    /// Sees the next cell. Blank ones say nothing.
    pub fn see(&mut self, place: P, cell: &str) {
        let cell = cell.trim();
        if cell.is_empty() {
            return;
        }
        let number = self.seen;
        self.seen += 1;
        let dated = Dated::of(cell, &self.months);
        let orders = dated.map_or(0, |dated| dated.orders());
        let seen = || Seen { number, place, cell: cell.to_owned(), orders };
        match dated.filter(|_| orders != 0) {
            None => keep(&mut self.others, seen),
            Some(dated) => {
                self.dates += 1;
                self.group(dated.shape.class, dated.shape.separators).see(&dated, orders, seen);
            }
        }
    }

    /// Adds what another saw after this one.
    pub fn merge(&mut self, later: Settler<P>) {
        let before = self.seen;
        let moved = |row: Seen<P>| Seen { number: row.number + before, ..row };
        self.seen += later.seen;
        self.dates += later.dates;
        later.others.into_iter().for_each(|row| keep(&mut self.others, || moved(row)));
        for other in later.groups {
            let group = self.group(other.class, other.separators);
            group.orders &= other.orders;
            group.possible |= other.possible;
            other.shapes.into_iter().for_each(|shape| group.add(shape));
            let kept = group.unfit.iter_mut().chain(&mut group.apart);
            for (rows, others) in kept.zip(other.unfit.into_iter().chain(other.apart)) {
                others.into_iter().for_each(|row| keep(rows, || moved(row)));
            }
        }
    }

    /// How many cells were dates in some form.
    pub fn dates(&self) -> u64 {
        self.dates
    }

    /// How many cells were neither dates nor blank.
    pub fn others(&self) -> u64 {
        self.seen - self.dates
    }

    /// What the cells say together.
    pub fn settled(&self) -> Settled<P> {
        if self.seen == 0 {
            return Settled::Empty;
        }
        if self.others() > self.dates {
            return Settled::NotDates { rows: self.rows(&self.others) };
        }
        if let Some(group) = self.groups.iter().find(|group| group.orders == 0) {
            return Settled::Contradictory { rows: self.rows(group.telling()) };
        }
        for group in &self.groups {
            let orders = group.distinct_orders();
            if orders.len() > 1 {
                let forms = group.shapes.first().map(|shape| orders.iter().map(|order| shape.form(*order)).collect());
                let is_left = |pair: &[Order; 2]| pair.iter().all(|order| orders.contains(order));
                let rows = PAIRS.iter().zip(&group.apart).filter(|(pair, _)| is_left(pair)).flat_map(|(_, rows)| rows);
                return Settled::Ambiguous { forms: forms.unwrap_or_default(), rows: self.rows(rows) };
            }
        }
        Settled::One { forms: self.groups.iter().flat_map(Group::forms).collect() }
    }

    /// If the column is settled: the first rows that exclude other orders. None are needed where the order is plain to
    /// see, or does not matter.
    pub fn because(&self) -> Vec<Row<P>> {
        self.rows(self.groups.iter().filter(|group| group.class == Class::Numbers).flat_map(Group::telling))
    }

    /// Up to five rows in the order seen, each once.
    fn rows<'r>(&self, rows: impl IntoIterator<Item = &'r Seen<P>>) -> Vec<Row<P>>
    where
        P: 'r,
    {
        let mut rows: Vec<&Seen<P>> = rows.into_iter().collect();
        rows.sort_by_key(|row| row.number);
        rows.dedup_by_key(|row| row.number);
        let told = rows.into_iter().take(TOLD).map(|row| {
            let readings = Dated::of(&row.cell, &self.months).map(|dated| dated.readings()).unwrap_or_default();
            Row { place: row.place, cell: row.cell.clone(), readings }
        });
        told.collect()
    }

    fn group(&mut self, class: Class, separators: [Separator; 2]) -> &mut Group<P> {
        let found = self.groups.iter().position(|group| group.class == class && group.separators == separators);
        let at = found.unwrap_or(self.groups.len());
        if found.is_none() {
            self.groups.push(Group::new(class, separators));
        }
        &mut self.groups[at]
    }
}

impl<P: Copy> Group<P> {
    fn new(class: Class, separators: [Separator; 2]) -> Group<P> {
        let rows = || [Vec::new(), Vec::new(), Vec::new()];
        Group { class, separators, shapes: Vec::new(), orders: u8::MAX, possible: 0, unfit: rows(), apart: rows() }
    }

    fn see(&mut self, dated: &Dated, orders: u8, seen: impl Fn() -> Seen<P>) {
        self.add(dated.shape);
        self.orders &= orders;
        self.possible |= orders;
        if self.class != Class::Numbers {
            return;
        }
        for (order, rows) in Order::ALL.into_iter().zip(&mut self.unfit) {
            if orders & order.bit() == 0 {
                keep(rows, &seen);
            }
        }
        for ([one, other], rows) in PAIRS.into_iter().zip(&mut self.apart) {
            if let (Some(one), Some(other)) = (dated.day(one), dated.day(other))
                && one != other
            {
                keep(rows, &seen);
            }
        }
    }

    fn add(&mut self, shape: Shape) {
        if !self.shapes.contains(&shape) {
            self.shapes.push(shape);
        }
    }

    fn orders(&self) -> impl Iterator<Item = Order> {
        Order::ALL.into_iter().filter(|order| self.orders & order.bit() != 0)
    }

    /// The orders that are left, one of each under which all cells are the same days.
    fn distinct_orders(&self) -> Vec<Order> {
        let mut distinct: Vec<Order> = Vec::new();
        for order in self.orders() {
            let is_same = |earlier: &Order| {
                let mut pairs = PAIRS.iter().zip(&self.apart);
                pairs.any(|(pair, rows)| *pair == [*earlier, order] && rows.is_empty())
            };
            if !distinct.iter().any(is_same) {
                distinct.push(order);
            }
        }
        distinct
    }

    /// The forms of all its shapes under its order.
    fn forms(&self) -> Vec<String> {
        let Some(order) = self.orders().next() else { return Vec::new() };
        let mut forms = Vec::new();
        for shape in &self.shapes {
            let form = shape.form(order);
            if !self.shapes.iter().any(|other| other.covers(shape)) && !forms.contains(&form) {
                forms.push(form);
            }
        }
        forms
    }

    /// The fewest cells that exclude all orders which do not fit, of the first ones seen.
    fn telling(&self) -> Vec<&Seen<P>> {
        let (mut told, mut left) = (Vec::new(), self.possible);
        while left & !self.orders != 0 {
            let rows = self.unfit.iter().flatten();
            let Some(row) = rows.min_by_key(|row| ((row.orders & left).count_ones(), row.number)) else { break };
            if row.orders & left == left {
                break;
            }
            left &= row.orders;
            told.push(row);
        }
        told
    }
}

/// Keeps a row if there are not enough of its sort.
fn keep<P>(rows: &mut Vec<Seen<P>>, row: impl FnOnce() -> Seen<P>) {
    if rows.len() < TOLD {
        rows.push(row());
    }
}

#[cfg(test)]
mod tests;
