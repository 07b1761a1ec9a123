//! `reperform policy test`: whether the worked examples of policies give what they expect.

use super::{expanded, folder_of, is_examples};
use crate::cli::Status;
use crate::cli::failure::{Failure, rendered};
use crate::cli::policies::{PolicyArgs, text_of};
use crate::example::{self, RunError};
use crate::policy::{Problem, Source};
use crate::report::layout::counted;
use std::path::{Path, PathBuf};

/// What the files of examples gave.
#[derive(Default)]
struct Answer {
    sources: Vec<Source>,
    passed: usize,
    /// Examples that did not give what they expect, and rules without some.
    problems: Vec<Problem>,
    /// Of files that are none of examples.
    unread: Vec<Problem>,
}

/// Runs files of examples, and shows those examples that do not give what they expect.
pub(super) fn test(paths: &[PathBuf]) -> Result<Status, Failure> {
    let mut answer = Answer::default();
    for path in expanded(paths, "worked examples: name one with files `NAME.examples.toml`", is_examples)? {
        answer.run(&path)?;
    }
    let Answer { sources, passed, problems, unread } = answer;
    if !unread.is_empty() {
        return Err(Failure::documents(unread, &sources));
    }
    crate::cli::show(|to| {
        for problem in &problems {
            writeln!(to, "{}\n", rendered(problem, &sources, None))?;
        }
        let passed = counted(passed as u64, "example gives what it expects", "examples give what they expect");
        writeln!(to, "{passed}; {}", counted(problems.len() as u64, "problem", "problems"))
    })?;
    Ok(if problems.is_empty() { Status::Fine } else { Status::Deviations })
}

impl Answer {
    /// Runs a file of examples, or that beside a policy.
    fn run(&mut self, path: &Path) -> Result<(), Failure> {
        let examples = if is_examples(path) { path.to_path_buf() } else { path.with_extension("examples.toml") };
        let source = Source { name: examples.display().to_string(), text: text_of(&examples)? };
        let catalogue = PolicyArgs { policies: Some(folder_of(&examples).to_path_buf()) }.load()?;
        match example::run(&catalogue, &source) {
            Ok(tested) => {
                self.passed += tested.passed;
                self.problems.extend(tested.problems);
            }
            Err(RunError::File(problem)) => self.unread.push(problem),
            Err(error @ RunError::Io(_)) => return Err(Failure::new(error.to_string(), None)),
        }
        self.sources.push(source);
        Ok(())
    }
}
