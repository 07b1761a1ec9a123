//! Which record of a file is its header.

use super::source::{HeaderAt, Named, Source};
use crate::export::Problem;
use crate::wording::near;

/// How many records are looked at for a header.
const LOOKED_AT: u32 = 50;

/// The search for the header of a file, record by record.
pub(crate) struct Search<'a> {
    source: &'a Source,
    records: u32,
    /// The record that lacks least: its number, what it lacks, and its cells.
    best: Option<(u32, Vec<&'a Named>, Vec<String>)>,
}

/// The cells of a record as names of columns.
pub(crate) fn names_of<'c>(cells: impl Iterator<Item = &'c [u8]>) -> Vec<String> {
    cells.map(|cell| String::from_utf8_lossy(cell).into_owned()).collect()
}

impl Source {
    /// Whether a record names the columns; else the first is one of the rows.
    pub(crate) fn has_header(&self) -> bool {
        self.header != HeaderAt::Nowhere
    }

    /// The columns that a header must have, and lacks.
    fn missing(&self, header: &[String]) -> Vec<&Named> {
        let specs = self.columns.iter().filter(|spec| !spec.optional).flat_map(|spec| spec.pick.inputs());
        let conditions = self.keep.iter().chain(&self.skip).filter(|condition| !condition.optional);
        let conditions = conditions.map(|condition| &condition.column);
        let filled = self.fill.iter().flat_map(|fill| std::iter::once(&fill.by).chain(&fill.columns));
        let gathered = self
            .gather
            .iter()
            .flat_map(|gather| gather.by.iter().chain(&gather.event).chain(gather.time.as_ref().map(|(time, _)| time)));
        let needed = specs.chain(conditions).chain(filled).chain(&self.once).chain(gathered);
        let mut missing: Vec<&Named> = Vec::new();
        for named in needed {
            let is_there = named.at(header).is_some_and(|at| at < header.len());
            if !is_there && !missing.contains(&named) {
                missing.push(named);
            }
        }
        missing
    }
}

impl<'a> Search<'a> {
    pub(crate) fn new(source: &'a Source) -> Search<'a> {
        Search { source, records: 0, best: None }
    }

    /// Whether the next record is the header, or the first row where there is none.
    pub(crate) fn offer(&mut self, names: &[String]) -> bool {
        self.records += 1;
        let is_asked = match self.source.header {
            HeaderAt::Found => true,
            HeaderAt::Record(number) => number == self.records,
            HeaderAt::Nowhere => self.records == 1,
        };
        if !is_asked || self.is_over_before() {
            return false;
        }
        let missing = self.source.missing(names);
        let is_header = missing.is_empty();
        if self.best.as_ref().is_none_or(|(_, best, _)| missing.len() < best.len()) {
            self.best = Some((self.records, missing, names.to_vec()));
        }
        is_header
    }

    fn is_over_before(&self) -> bool {
        self.source.header == HeaderAt::Found && self.records > LOOKED_AT
    }

    /// Whether no further record can be the header.
    pub(crate) fn is_over(&self) -> bool {
        match self.source.header {
            HeaderAt::Found => self.records >= LOOKED_AT,
            HeaderAt::Record(number) => self.records >= number,
            HeaderAt::Nowhere => self.records >= 1,
        }
    }

    /// Why there is no header.
    pub(crate) fn problem(&self, file: &str) -> Problem {
        let Some((record, missing, header)) = &self.best else {
            return Problem::of_file(
                file,
                "the file has no row that names its columns",
                "check that it is the export that is meant",
            );
        };
        let listed = missing.iter().map(|named| named.shown()).collect::<Vec<_>>().join(", ");
        let what = match self.source.header {
            HeaderAt::Found => {
                format!("no row names all columns of the mapping: that of record {record} lacks {listed}")
            }
            _ => format!("record {record} lacks columns of the mapping: {listed}"),
        };
        let names: Vec<&str> = header.iter().map(|name| name.trim()).collect();
        let alike = missing.iter().find_map(|named| match named {
            Named::Name(wanted, _) => {
                let near = near(wanted.first()?, names.iter().copied());
                (!near.is_empty()).then(|| format!("`{}` may be {near}", wanted.join("` or `")))
            }
            Named::Position(_) => None,
        });
        let mut shown: Vec<String> = names.iter().take(12).map(|name| format!("`{name}`")).collect();
        shown.extend((names.len() > 12).then(|| format!("and {} more", names.len() - 12)));
        let help = alike.unwrap_or_else(|| format!("it has {}", shown.join(", ")));
        Problem::of_file(file, &what, &format!("{help}; mark a column that may be missing with `optional = true`"))
    }
}
