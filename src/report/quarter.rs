//! The quarter of `fixtures`, audited once for the tests of results.

use crate::audit::{Options, Report, audit};
use crate::policy::{Catalogue, shipped, word};
use crate::record::{Books, Sources};
use std::path::Path;
use std::sync::LazyLock;

/// The shipped policies.
pub(crate) static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| Catalogue::of(shipped()).unwrap());

/// The quarter's records.
pub(crate) static BOOKS: LazyLock<Books> = LazyLock::new(|| {
    let quarter = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/quarter");
    let sources = Sources::canonical(&quarter);
    crate::export::read(&sources, &CATALOGUE.reading_vocabulary(), word::texts_with_words(), &|_| {}).unwrap()
});

/// What all rules find in it, what could not be tested included.
pub(crate) static REPORT: LazyLock<Report<'static>> = LazyLock::new(|| {
    let options = Options { include_indeterminate: true, ..Options::default() };
    audit(&CATALOGUE, &BOOKS, &options, &|_| {}).unwrap()
});
