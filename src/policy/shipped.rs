//! The policy files that are part of the program: the folder `policies` of the repository.

use super::Source;
use include_dir::{Dir, DirEntry, include_dir};

static FILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/policies");

/// The shipped files, by name.
pub fn shipped() -> Vec<Source> {
    let mut sources = Vec::new();
    gather(&FILES, &mut sources);
    sources.sort_by(|a, b| a.name.cmp(&b.name));
    sources
}

fn gather(folder: &Dir<'_>, sources: &mut Vec<Source>) {
    for entry in folder.entries() {
        match entry {
            DirEntry::Dir(folder) => gather(folder, sources),
            DirEntry::File(file) => {
                let name = file.path().to_string_lossy().replace('\\', "/");
                let text = String::from_utf8_lossy(file.contents()).into_owned();
                sources.push(Source { name, text });
            }
        }
    }
}
