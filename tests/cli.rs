//! The program from its command line to the files it writes, on small exports of the tests' own and a policy made for
//! them, so that no shipped number is repeated here.

#[path = "cli/audit.rs"]
mod audit;
#[path = "cli/books.rs"]
mod books;
#[path = "cli/changed.rs"]
mod changed;
#[path = "cli/explain.rs"]
mod explain;
#[path = "cli/folder.rs"]
mod folder;
#[path = "cli/formats.rs"]
mod formats;
#[path = "cli/generate.rs"]
mod generate;
#[path = "cli/inspect.rs"]
mod inspect;
#[path = "cli/obtain.rs"]
mod obtain;
#[path = "cli/packed.rs"]
mod packed;
#[path = "cli/parquet.rs"]
mod parquet;
#[path = "cli/policies.rs"]
mod policies;
#[path = "cli/results.rs"]
mod results;
#[path = "cli/workpaper.rs"]
mod workpaper;
