//! A file's header: which canonical column stands where, and how a row of the file is laid out in memory.

use super::Problem;
use super::block::Fields;
use super::cells::missing;
use super::words::Words;
use crate::column::{Column, Columns, Table, Type};
use crate::mapping::row::RowMap;
use foldhash::quality::FixedState;
use std::hash::BuildHasher;

/// What is made of a column's cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    /// An id of which the export may have as many as rows.
    Id,
    /// An id or a name of which there are few.
    Word,
    /// A word in its normal form.
    Code,
    /// The name of a policy family.
    Family,
    /// A text of which only is kept whether it was recorded.
    Presence,
    Time,
    Date,
    Amount,
    Percent,
    Whole,
    Flag,
    Currency,
}

pub(super) fn sort(column: Column) -> Sort {
    match column.kind() {
        Type::Id if matches!(column, Column::Line | Column::RequestLine) => Sort::Word,
        Type::Id => Sort::Id,
        Type::Code if column == Column::Policy => Sort::Family,
        Type::Code => Sort::Code,
        Type::Text if column == Column::SowReference => Sort::Id,
        Type::Text if column == Column::DecidedBy => Sort::Word,
        Type::Text => Sort::Presence,
        Type::Flag => Sort::Flag,
        Type::Time => Sort::Time,
        Type::Date => Sort::Date,
        Type::Amount => Sort::Amount,
        Type::Percent => Sort::Percent,
        Type::Whole => Sort::Whole,
        Type::Currency => Sort::Currency,
    }
}

/// The column of the contract that stands at a position, and what is made of its cells.
#[derive(Clone, Copy)]
pub(super) struct Task {
    pub(super) column: Column,
    /// The column's place in its table.
    pub(super) place: usize,
    pub(super) sort: Sort,
    pub(super) is_required: bool,
    /// The column's number among those whose words are all known, if it is one.
    pub(super) closed: Option<u8>,
    /// The bits of a blank cell.
    pub(super) blank: u64,
    /// The bits of a cell that cannot be read.
    pub(super) unreadable: u64,
}

impl Task {
    fn of(column: Column) -> Task {
        let ((blank, unreadable), closed) = (missing(column), Words::closed(column));
        let (place, sort, is_required) = (column.place(), sort(column), column.required());
        Task { column, place, sort, is_required, closed, blank, unreadable }
    }
}

/// How the rows of a file are to be read.
pub(super) struct Plan<'a> {
    pub(super) words: &'a Words,
    /// The canonical columns that the header has.
    pub(super) set: Columns,
    /// The header's cells as written.
    pub(super) header: Vec<String>,
    /// What to do at each position; nothing for a column that the contract does not name.
    pub(super) tasks: Vec<Option<Task>>,
    pub(super) table: Table,
    /// Where the fields stand in the order in which rows are compared, if that is not the file's own.
    pub(super) order: Option<Vec<usize>>,
    /// Stands for the columns' names in the comparison of rows.
    pub(super) names_hash: u64,
    /// Whether the rows come from a table: no quote can be wrong, and each row counts as one line.
    pub(super) is_table: bool,
    /// Whether it is kept where each record lies.
    pub(super) keeps_spans: bool,
    /// What stands between fields.
    pub(super) delimiter: u8,
    /// How rows become rows of the table, if they are not in the canonical form.
    pub(super) map: Option<RowMap>,
    /// The columns as they are named in what is told of a row, by the position of the task.
    pub(super) labels: Vec<String>,
}

/// The orders of columns in which rows of a table are compared: for each set of names that of the first file with it.
#[derive(Default)]
pub(super) struct Orders(Vec<Vec<String>>);

impl Orders {
    /// The names in the order to compare in, and where they stand in this header if that has another.
    fn of(&mut self, names: &[String]) -> (Vec<String>, Option<Vec<usize>>) {
        let sorted = |names: &[String]| {
            let mut positions: Vec<usize> = (0..names.len()).collect();
            positions.sort_by(|a, b| names[*a].cmp(&names[*b]));
            positions
        };
        let mine = sorted(names);
        for order in self.0.iter().filter(|order| order.len() == names.len()) {
            let theirs = sorted(order);
            if mine.iter().zip(&theirs).all(|(mine, their)| names[*mine] == order[*their]) {
                let mut positions = vec![0; names.len()];
                mine.iter().zip(theirs).for_each(|(mine, their)| positions[their] = *mine);
                return (order.clone(), (!positions.is_sorted()).then_some(positions));
            }
        }
        self.0.push(names.to_vec());
        (names.to_vec(), None)
    }
}

impl<'a> Plan<'a> {
    /// Judges a header.
    pub(super) fn new(
        words: &'a Words,
        table: Table,
        fields: Fields,
        at: &At,
        orders: &mut Orders,
    ) -> Result<Plan<'a>, Vec<Problem>> {
        let header: Vec<String> = fields.iter().map(|cell| String::from_utf8_lossy(cell).into_owned()).collect();
        let names: Vec<String> = header.iter().map(|name| name.trim().to_owned()).collect();
        let mut plan = Plan::empty(words, table, header, &names, orders);
        plan.labels.clone_from(&names);
        let mut problems: Vec<Problem> =
            (1..).zip(fields.iter()).filter_map(|(n, cell)| unreadable(cell, n, at)).collect();
        for name in names {
            let column = Column::ALL.iter().copied().find(|c| c.table() == table && c.name() == name);
            problems.extend(column.filter(|c| plan.set.has(*c)).map(|c| twice(c, at)));
            plan.add(column);
        }
        let lacks = |c: &Column| c.table() == table && c.required() && !plan.set.has(*c);
        problems.extend(Column::ALL.iter().copied().filter(lacks).map(|column| plan.missing(column, at)));
        if problems.is_empty() { Ok(plan) } else { Err(problems) }
    }

    /// Reads rows by a mapping, which gives all columns that every row must fill.
    pub(super) fn mapped(
        words: &'a Words,
        table: Table,
        header: Vec<String>,
        map: RowMap,
        orders: &mut Orders,
    ) -> Plan<'a> {
        let names: Vec<String> = map.columns().map(|column| column.name().to_owned()).collect();
        let mut plan = Plan::empty(words, table, header, &names, orders);
        map.columns().for_each(|column| plan.add(Some(column)));
        plan.labels = map.labels();
        plan.map = Some(map);
        plan
    }

    fn empty(words: &'a Words, table: Table, header: Vec<String>, names: &[String], orders: &mut Orders) -> Plan<'a> {
        let (compared, order) = orders.of(names);
        Plan {
            words,
            set: Columns::NONE,
            header,
            tasks: Vec::new(),
            table,
            order,
            names_hash: FixedState::with_seed(0).hash_one(compared),
            is_table: false,
            keeps_spans: false,
            delimiter: b',',
            map: None,
            labels: Vec::new(),
        }
    }

    fn add(&mut self, column: Option<Column>) {
        self.set = column.map_or(self.set, |column| self.set.with(column));
        self.tasks.push(column.map(Task::of));
    }

    /// How many cells a row has as it is typed.
    pub(super) fn width(&self) -> usize {
        self.tasks.len()
    }

    /// How many fields a row must have.
    pub(super) fn fields(&self) -> usize {
        self.map.as_ref().map_or(self.tasks.len(), |map| map.width)
    }

    fn missing(&self, column: Column, at: &At) -> Problem {
        let name = column.name();
        let same = |cell: &&String| cell.trim().eq_ignore_ascii_case(name);
        let help = match (self.header.as_slice(), self.header.iter().find(same)) {
            (_, Some(found)) => {
                format!("the header has `{}`: write it `{name}`, names are compared exactly", found.trim())
            }
            ([only], _) if only.contains([';', '\t', '|']) => {
                "the header is one single field: separate the fields by commas".to_owned()
            }
            _ => format!("add `{name}` to the export, or map the column that holds it to this name"),
        };
        at.problem(Some(name.to_owned()), format!("the header lacks the required column `{name}`"), help)
    }
}

/// A place in a file that a problem can name.
pub(super) struct At<'a> {
    pub(super) file: &'a str,
    pub(super) line: u64,
}

impl At<'_> {
    pub(super) fn problem(&self, column: Option<String>, what: String, help: impl Into<String>) -> Problem {
        Problem { file: self.file.to_owned(), line: Some(self.line), column, what, help: help.into() }
    }
}

fn unreadable(cell: &[u8], number: usize, at: &At) -> Option<Problem> {
    let what = if cell.contains(&0) {
        "holds NUL bytes"
    } else if std::str::from_utf8(cell).is_err() {
        "is not UTF-8"
    } else {
        return None;
    };
    let what = format!("the name of column {number} {what}: `{}`", String::from_utf8_lossy(cell).escape_debug());
    Some(at.problem(Some(number.to_string()), what, "save the file as UTF-8"))
}

fn twice(column: Column, at: &At) -> Problem {
    let name = column.name();
    let help = "name each column once: rename or remove the one that is not meant";
    at.problem(Some(name.to_owned()), format!("the header names the column `{name}` twice"), help)
}
