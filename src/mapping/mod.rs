//! Mapped exports: what other systems export, converted to the canonical form.
//!
//! | module | does |
//! |---|---|
//! | `keys`, `load` | a mapping file as it is written; made valid |
//! | `source` | what a source is: files, conditions, where each canonical column comes from |
//! | `prepare` | finds a source's files, and reads before what must be known of them |
//! | `whole`, `shape`, `gather` | files that are read whole before: rows that depend on each other, events |
//! | `header` | finds the header of a file |
//! | `row` | makes a row of a source a row of its table |
//! | `amount` | converts amounts: separators, symbols, signs, minor units |
//! | `date` | converts days and times: forms, names of months, zones |
//! | `settle` | finds the order of day, month and year in which a whole column is written |
//! | `blank` | knows blanks of any width |
//!
//! The form of mapping files is described in `mappings/README.md`.

pub mod amount;
mod blank;
pub mod date;
mod gather;
pub(crate) mod header;
mod keys;
mod load;
mod prepare;
pub(crate) mod row;
pub mod settle;
mod shape;
mod source;
mod whole;

use crate::document;
use include_dir::{Dir, include_dir};
pub use load::{Mapping, mapping};
pub use prepare::prepare;
pub use source::{SettledDates, Source};

static FILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/mappings");

/// The mappings that are part of the program: the folder `mappings` of the repository.
pub fn shipped() -> Vec<document::Source> {
    let is_mapping = |source: &document::Source| source.name.ends_with(".toml") && !source.name.contains('/');
    document::Source::all_in(&FILES).into_iter().filter(is_mapping).collect()
}

/// The name by which a shipped mapping is asked for.
pub fn name(source: &document::Source) -> &str {
    source.name.trim_end_matches(".toml")
}
