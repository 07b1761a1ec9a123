//! The policy files that are part of the program: the folder `policies` of the repository.

use super::Source;
use include_dir::{Dir, include_dir};

static FILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/policies");

/// The shipped files, by name.
pub fn shipped() -> Vec<Source> {
    Source::all_in(&FILES)
}
