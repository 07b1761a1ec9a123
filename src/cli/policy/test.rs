//! `reperform policy test`: whether the worked examples of a policy give what they expect.

use super::{folder_of, is_examples};
use crate::cli::Status;
use crate::cli::failure::{Failure, rendered};
use crate::cli::policies::{PolicyArgs, text_of};
use crate::example::{self, RunError};
use crate::policy::Source;
use crate::report::layout::counted;
use std::path::Path;

/// Runs a file of examples, and shows those that do not give what they expect.
pub(super) fn test(path: &Path) -> Result<Status, Failure> {
    let examples = if is_examples(path) { path.to_path_buf() } else { path.with_extension("examples.toml") };
    let text = text_of(&examples)?;
    let folder = folder_of(&examples);
    let catalogue = PolicyArgs { policies: Some(folder.to_path_buf()) }.load()?;
    let source = Source { name: examples.display().to_string(), text };
    let tested = match example::run(&catalogue, &source) {
        Ok(tested) => tested,
        Err(RunError::File(problem)) => return Err(Failure::documents(vec![problem], &[source])),
        Err(error @ RunError::Io(_)) => return Err(Failure::new(error.to_string(), None)),
    };
    let sources = [source];
    crate::cli::show(|to| {
        for problem in &tested.problems {
            writeln!(to, "{}\n", rendered(problem, &sources, None))?;
        }
        let wrong = tested.problems.len() as u64;
        let passed = counted(tested.passed as u64, "example gives what it expects", "examples give what they expect");
        writeln!(to, "{passed}; {}", counted(wrong, "problem", "problems"))
    })?;
    Ok(if tested.problems.is_empty() { Status::Fine } else { Status::Deviations })
}
