//! `reperform policy check`: whether a file is a policy.

use super::{folder_of, is_examples};
use crate::cli::failure::Failure;
use crate::cli::policies::{add, catalogue, of_folder, text_of};
use crate::policy::{Catalogue, Source, shipped};
use crate::report::layout::counted;
use std::path::{Path, PathBuf};

/// Checks files, and shows the problems of all of them before it gives up.
pub(super) fn check(files: &[PathBuf]) -> Result<(), Failure> {
    let (mut problems, mut sources, mut fine) = (Vec::new(), Vec::new(), Vec::new());
    for path in files {
        if is_examples(path) {
            fine.push(format!("{0}: worked examples; run them by `reperform policy test {0}`", path.display()));
            continue;
        }
        let (of_file, name) = surroundings(path)?;
        match catalogue(of_file) {
            Ok(catalogue) => fine.push(checked(&catalogue, &name)),
            Err(Failure::Documents { problems: found, sources: read, .. }) => {
                let new: Vec<_> = found.into_iter().filter(|problem| !problems.contains(problem)).collect();
                problems.extend(new);
                add(&mut sources, read);
            }
            Err(other) => return Err(other),
        }
    }
    crate::cli::show(|to| fine.iter().try_for_each(|line| writeln!(to, "{line}")))?;
    if problems.is_empty() { Ok(()) } else { Err(Failure::Documents { problems, sources, folder: None }) }
}

/// A file with the words and calendars that it is read with: the shipped ones, or those of its own folder in their
/// place. The file stands under the name that it was given by.
fn surroundings(path: &Path) -> Result<(Vec<Source>, String), Failure> {
    let own = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    if !own.ends_with(".toml") {
        let help =
            "name a policy: a file `NAME.toml`; calendars are checked with the policies that use them".to_owned();
        return Err(Failure::new(format!("`{}` is not a policy file", path.display()), Some(help)));
    }
    let text = text_of(path)?;
    let shared = |source: &Source| source.name == VOCABULARY || source.name.starts_with("calendars/");
    let mut sources: Vec<Source> = shipped().into_iter().filter(shared).collect();
    add(&mut sources, of_folder(folder_of(path))?.into_iter().filter(shared).collect());
    let name = if own == VOCABULARY { own } else { path.display().to_string() };
    add(&mut sources, vec![Source { name: name.clone(), text }]);
    Ok((sources, name))
}

/// The file of words.
const VOCABULARY: &str = "vocabulary.toml";

fn checked(catalogue: &Catalogue, name: &str) -> String {
    match catalogue.policies.iter().find(|policy| policy.file == name) {
        Some(policy) => {
            let rules = counted(policy.rules.len() as u64, "rule", "rules");
            format!("{name}: the policy `{}` with {rules} is well-formed", policy.name)
        }
        None => format!("{name}: the words are well-formed"),
    }
}
