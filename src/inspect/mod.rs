//! What is in an export of another system: how it is written, what its columns hold, and which canonical ones they
//! resemble. Nothing here decides how an export is read: it is told to the user, who writes the mapping.
//!
//! | module | does |
//! |---|---|
//! | `sniff` | encoding and delimiter, by the file's beginning |
//! | `scan` | the rows, once from first to last: header, titles, totals, widths |
//! | `column` | what a column holds, with evidence |
//! | `number` | decimal signs, groups, signs and symbols |
//! | `ids` | ids that repeat, look damaged, or stand in another export too |
//! | `resemble` | canonical columns that a column resembles, by `mappings/inspect/aliases.toml` |
//! | `suggest` | a mapping file to start from |
//! | `show` | the text for a terminal |

mod column;
mod ids;
mod number;
mod resemble;
mod scan;
mod show;
mod sniff;
mod suggest;

pub use column::{ColumnFound, Kind};
pub use resemble::Resemblance;
pub use scan::{Inspection, inspect};
pub use show::show;
pub use suggest::suggest;

use crate::report::layout::counted;
use serde::Serialize;

/// Where a cell stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Place {
    /// The record, the first after the header being 1, as in results.
    pub record: u64,
    /// The physical line on which the record begins.
    pub line: u64,
}

/// Cells that show something: how many, and the first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Evidence {
    cells: u64,
    first: Option<(Place, String)>,
}

impl Evidence {
    /// Takes up a cell that so many rows have.
    fn see(&mut self, cell: &str, place: Place, cells: u64) {
        self.cells += cells;
        if self.first.as_ref().is_none_or(|(first, _)| place.record < first.record) {
            self.first = Some((place, cell.to_owned()));
        }
    }

    /// The evidence in words.
    fn says(&self, what: &str) -> String {
        let cells = counted(self.cells, "cell", "cells");
        match &self.first {
            Some((place, cell)) => format!("{what}: {cells} such as `{cell}` (line {})", place.line),
            None => format!("{what}: {cells}"),
        }
    }
}

/// Rows of a sort: how many, and the lines of the first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Rows {
    /// How many.
    pub count: u64,
    /// The lines of the first five.
    pub lines: Vec<u64>,
}

impl Rows {
    fn see(&mut self, line: u64) {
        self.count += 1;
        if self.lines.len() < 5 {
            self.lines.push(line);
        }
    }
}

/// Columns of two exports that hold the same ids.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Join {
    /// The export and the column of one.
    pub one: (String, String),
    /// The same of the other.
    pub other: (String, String),
    /// How many different ids of the one were looked for in the other, and how many of them are there.
    pub there: (u64, u64),
    /// The same of the other in the one.
    pub back: (u64, u64),
    /// How many more ids of the one are in the other but for zeros at the beginning.
    pub but_for_zeros: u64,
}

/// How many ids of a column are looked for in another at most.
const LOOKED: usize = 10_000;

/// The columns of exports that hold ids of others: those of which at least every fifth is there.
pub fn joins(inspections: &[Inspection]) -> Vec<Join> {
    let mut joins = Vec::new();
    for (at, file) in inspections.iter().enumerate() {
        for other_file in inspections.iter().skip(at + 1) {
            for one in file.columns.iter().filter(|column| column.has_ids()) {
                let others = other_file.columns.iter().filter(|column| column.has_ids());
                joins.extend(others.filter_map(|other| join(file, one, other_file, other)));
            }
        }
    }
    joins
}

/// What two columns have in common, if that is much.
fn join(file: &Inspection, one: &ColumnFound, other_file: &Inspection, other: &ColumnFound) -> Option<Join> {
    let (looked, found, but_for_zeros) = one.ids().shared(other.ids(), LOOKED);
    let (looked_back, found_back, _) = other.ids().shared(one.ids(), LOOKED);
    let is_much = |looked: u64, found: u64| found > 1 && found * 5 >= looked;
    let name = |file: &Inspection, column: &ColumnFound| (file.file.clone(), column.label());
    (is_much(looked, found + but_for_zeros) || is_much(looked_back, found_back)).then(|| Join {
        one: name(file, one),
        other: name(other_file, other),
        there: (looked, found),
        back: (looked_back, found_back),
        but_for_zeros,
    })
}
