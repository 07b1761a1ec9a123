//! A source of a mapping, valid: which files feed a table, and what becomes of their rows.

use super::amount::AmountForm;
use super::date::{ClockChange, DateForm, DateReader, Months};
use super::shape::Shaped;
use crate::column::{Column, Table};
use crate::export::input::is_parquet;
use crate::time::Zone;
use encoding_rs::Encoding;
use regex::Regex;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Files that feed a table, and how.
#[derive(Debug)]
pub struct Source {
    /// The table.
    pub table: Table,
    /// As the source is named in messages: its table and its number among those of the table.
    pub name: String,
    /// Which files, from the folder of exports.
    pub patterns: Vec<String>,
    pub(crate) delimiter: u8,
    pub(crate) encoding: Option<&'static Encoding>,
    pub(super) header: HeaderAt,
    pub(super) keep: Vec<Condition>,
    pub(super) skip: Vec<Condition>,
    pub(super) fill: Option<Fill>,
    /// The columns of whose values only the first row is used.
    pub(super) once: Vec<Named>,
    pub(super) gather: Option<Gather>,
    /// In the order in which they are worked out.
    pub(super) columns: Vec<Spec>,
    /// Orders of dates that were settled by the data.
    pub settled: Vec<SettledDates>,
    /// The files that had to be read before, whole.
    pub(super) shaped: BTreeMap<PathBuf, Shaped>,
}

/// The form of dates that a column was found to have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettledDates {
    /// The canonical column.
    pub column: Column,
    /// The form.
    pub form: String,
}

/// Which record names the columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HeaderAt {
    /// The first that names all that are needed.
    Found,
    /// That of this number, from 1.
    Record(u32),
    /// None.
    Nowhere,
}

/// A source column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Named {
    /// By one of these names, of which the first counts that there is; and which of several columns of the name, from 0.
    Name(Vec<String>, usize),
    /// By its position, from 0.
    Position(usize),
}

impl Named {
    pub(super) fn of(name: &str) -> Named {
        Named::Name(vec![name.to_owned()], 0)
    }

    /// Where it stands in a header.
    pub(super) fn at(&self, header: &[String]) -> Option<usize> {
        let (names, occurrence) = match self {
            Named::Position(at) => return Some(*at),
            Named::Name(names, occurrence) => (names, *occurrence),
        };
        names.iter().find_map(|name| {
            let same = header.iter().enumerate().filter(|(_, cell)| same_name(cell, name));
            same.map(|(at, _)| at).nth(occurrence)
        })
    }

    /// As messages name it.
    pub(super) fn shown(&self) -> String {
        match self {
            Named::Name(names, 0) => names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" or "),
            Named::Name(names, nth) => format!("`{}` (number {})", names.join("` or `"), nth + 1),
            Named::Position(at) => format!("column {}", at + 1),
        }
    }
}

/// Whether two names of columns are one: case, white space around them and a leading asterisk do not count.
pub(super) fn same_name(a: &str, b: &str) -> bool {
    let bare = |name: &str| name.trim().trim_start_matches('*').trim_start().to_lowercase();
    bare(a) == bare(b)
}

/// A condition on a row.
#[derive(Clone, Debug)]
pub(super) struct Condition {
    pub(super) column: Named,
    /// Whether it is not asked where the column is missing.
    pub(super) optional: bool,
    pub(super) test: Test,
}

/// What is asked of a cell. Texts are in lower case.
#[derive(Clone, Debug)]
pub(super) enum Test {
    Is(Vec<String>),
    IsNot(Vec<String>),
    StartsWith(Vec<String>),
    Matches(Regex),
    Blank(bool),
}

impl Condition {
    /// Whether a cell, without white space around it, meets the condition.
    pub(super) fn holds(&self, cell: &str) -> bool {
        let is = |texts: &[String]| texts.iter().any(|text| same_text(text, cell));
        match &self.test {
            Test::Is(texts) => is(texts),
            Test::IsNot(texts) => !is(texts),
            Test::StartsWith(texts) => {
                let starts = |text: &String| cell.get(..text.len()).is_some_and(|head| same_text(text, head));
                texts.iter().any(starts) || texts.iter().any(|text| cell.to_lowercase().starts_with(text.as_str()))
            }
            Test::Matches(pattern) => pattern.is_match(cell),
            Test::Blank(blank) => cell.is_empty() == *blank,
        }
    }

    /// As it is told of rows that are left out for it.
    pub(super) fn shown(&self) -> String {
        let column = self.column.shown();
        let listed = |texts: &[String]| texts.iter().map(|t| format!("`{t}`")).collect::<Vec<_>>().join(" or ");
        match &self.test {
            Test::Is(texts) => format!("{column} is {}", listed(texts)),
            Test::IsNot(texts) => format!("{column} is not {}", listed(texts)),
            Test::StartsWith(texts) => format!("{column} starts with {}", listed(texts)),
            Test::Matches(pattern) => format!("{column} matches `{pattern}`"),
            Test::Blank(true) => format!("{column} is blank"),
            Test::Blank(false) => format!("{column} is not blank"),
        }
    }
}

/// Whether a cell is a text that is given in lower case, whatever its case.
pub(super) fn same_text(lower: &str, cell: &str) -> bool {
    cell.eq_ignore_ascii_case(lower) || (!cell.is_ascii() && cell.to_lowercase() == lower)
}

/// Cells that take the value above them.
#[derive(Clone, Debug)]
pub(super) struct Fill {
    pub(super) by: Named,
    pub(super) columns: Vec<Named>,
}

/// Events that become cases.
#[derive(Clone, Debug)]
pub(super) struct Gather {
    pub(super) by: Vec<Named>,
    pub(super) event: Option<Named>,
    pub(super) time: Option<(Named, DateReader)>,
    /// In lower case.
    pub(super) needs: Vec<String>,
}

/// Where a canonical column comes from.
#[derive(Clone, Debug)]
pub(super) struct Spec {
    pub(super) column: Column,
    pub(super) pick: Pick,
    pub(super) events: Option<Events>,
    /// Whether the canonical column is absent where the source's is.
    pub(super) optional: bool,
    /// In lower case.
    pub(super) blanks: Vec<String>,
    pub(super) extract: Option<Regex>,
    /// By text in lower case.
    pub(super) values: BTreeMap<String, String>,
    pub(super) others: Option<String>,
    pub(super) default: String,
    pub(super) convert: Convert,
    /// Whether the cell is taken without any change but to its form.
    pub(super) is_unchanged: bool,
}

/// Which cells of a row.
#[derive(Clone, Debug)]
pub(super) enum Pick {
    Cell(Named),
    Join(Vec<Named>, String),
    Product(Vec<Named>, AmountForm),
    Constant(String),
    NumberWithin(Vec<Named>),
    /// Nothing of its own: the time or the number of events.
    Event,
}

impl Pick {
    /// The source columns that it takes.
    pub(super) fn inputs(&self) -> &[Named] {
        match self {
            Pick::Cell(named) => std::slice::from_ref(named),
            Pick::Join(parts, _) | Pick::Product(parts, _) | Pick::NumberWithin(parts) => parts,
            Pick::Constant(_) | Pick::Event => &[],
        }
    }
}

/// From which events of a case.
#[derive(Clone, Debug)]
pub(super) struct Events {
    pub(super) which: Which,
    /// In lower case; none stands for all.
    pub(super) names: Vec<String>,
}

/// Which of several events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Which {
    First,
    Last,
    Sum,
    Count,
}

impl Which {
    /// Whether it makes a number of the events, and not a cell of one.
    pub(super) fn is_number(self) -> bool {
        matches!(self, Which::Sum | Which::Count)
    }
}

impl Spec {
    /// Whether the column adds cells of events up.
    pub(super) fn is_sum(&self) -> bool {
        self.events.as_ref().is_some_and(|events| events.which == Which::Sum)
    }

    /// Whether it counts events.
    pub(super) fn is_count(&self) -> bool {
        self.events.as_ref().is_some_and(|events| events.which == Which::Count)
    }
}

/// What the text becomes.
#[derive(Clone, Debug)]
pub(super) enum Convert {
    /// As it stands.
    Text,
    /// An id, which may be damaged.
    Id,
    Amount(AmountForm, Minor),
    /// A day with or without a time, or a day alone.
    Date(DateReader, DayOnly),
    /// The same, of an order that the data settle.
    AutoDate(AutoDates, DayOnly),
    /// The code of the symbol in the cell.
    CurrencyOf(AmountForm, BTreeMap<String, String>),
}

/// All that is known of dates whose order is not.
#[derive(Clone, Debug)]
pub(super) struct AutoDates {
    pub(super) months: Months,
    pub(super) zone: Option<Zone>,
    pub(super) clock_change: Option<ClockChange>,
}

impl AutoDates {
    /// A reader of these forms.
    pub(super) fn reader(&self, forms: &[String]) -> Result<DateReader, String> {
        let forms = forms.iter().map(|form| DateForm::parse(form)).collect::<Result<_, _>>()?;
        DateReader::new(forms, self.months.clone(), self.zone, self.clock_change)
    }
}

impl Source {
    /// What stands between the fields of a file, as its reader sees it.
    pub(crate) fn delimiter_of(&self, path: &Path) -> u8 {
        if self.is_gathered() { b',' } else { self.own_delimiter(path) }
    }

    /// What stands between the fields of a file as it is opened.
    pub(super) fn own_delimiter(&self, path: &Path) -> u8 {
        if is_parquet(path) { b',' } else { self.delimiter }
    }

    /// Whether its rows are cases that were gathered from events.
    pub(crate) fn is_gathered(&self) -> bool {
        self.gather.is_some()
    }
}

/// Whether a time of day is cut off.
pub(super) type DayOnly = bool;

/// How many digits of an amount stand behind a point that is not written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Minor {
    /// The point is written.
    No,
    /// As many as the row's currency has.
    ByCurrency,
    Digits(u32),
}
