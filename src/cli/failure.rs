//! Why a command was not carried out, and how that is shown.

use crate::policy::{self, Code, Problem, Source};
use crate::report::folder::FolderError;
use crate::report::layout::plain;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use anstyle::{AnsiColor, Style};
use std::io::Write;
use std::path::{Path, PathBuf};

/// Everything that stood in a command's way.
pub(super) enum Failure {
    /// Plain messages, each perhaps with a help.
    Messages(Vec<(String, Option<String>)>),
    /// Problems of policy or mapping files.
    Documents {
        /// What is wrong.
        problems: Vec<Problem>,
        /// The files.
        sources: Vec<Source>,
        /// Where those lie that are not shipped, if their names do not say it.
        folder: Option<PathBuf>,
    },
    /// What has been told already.
    Told,
}

impl Failure {
    /// A single message.
    pub(super) fn new(what: String, help: Option<String>) -> Failure {
        Failure::Messages(vec![(what, help)])
    }

    /// Problems of documents whose names say where they lie.
    pub(super) fn documents(problems: Vec<Problem>, sources: &[Source]) -> Failure {
        Failure::Documents { problems, sources: sources.to_vec(), folder: None }
    }

    /// Shows everything on standard error. There is nobody to tell if that fails.
    pub(super) fn print(&self) {
        let text: String = match self {
            Failure::Messages(all) => {
                all.iter().map(|(what, help)| message(Code::default(), what, help.as_deref()) + "\n").collect()
            }
            Failure::Told => String::new(),
            Failure::Documents { problems, sources, folder } => {
                let mut problems: Vec<&Problem> = problems.iter().collect();
                problems.sort_by_key(|problem| (&problem.file, problem.span.start));
                problems.iter().map(|problem| rendered(problem, sources, folder.as_deref()) + "\n\n").collect()
            }
        };
        let _ = anstream::stderr().write_all(text.as_bytes());
    }
}

impl From<crate::export::ReadError> for Failure {
    fn from(error: crate::export::ReadError) -> Failure {
        error.problems.into()
    }
}

impl From<Vec<crate::export::Problem>> for Failure {
    fn from(problems: Vec<crate::export::Problem>) -> Failure {
        let message = |problem: crate::export::Problem| {
            let place = problem.line.map_or(problem.file.clone(), |line| format!("{}:{line}", problem.file));
            (format!("{place}: {}", problem.what), Some(problem.help))
        };
        Failure::Messages(problems.into_iter().map(message).collect())
    }
}

impl From<FolderError> for Failure {
    fn from(error: FolderError) -> Failure {
        Failure::new(error.what, Some(error.help))
    }
}

impl From<crate::divided::DividedError> for Failure {
    fn from(error: crate::divided::DividedError) -> Failure {
        use crate::divided::DividedError;
        match error {
            DividedError::Read(error) => error.into(),
            DividedError::Folder(error) => error.into(),
            DividedError::Unreconciled(error) => error.into(),
        }
    }
}

impl From<crate::audit::Unreconciled> for Failure {
    fn from(error: crate::audit::Unreconciled) -> Failure {
        Failure::new(error.to_string(), None)
    }
}

/// A message with its help.
fn message(code: Code, what: &str, help: Option<&str>) -> String {
    let color = match code.level {
        policy::Level::Error => AnsiColor::Red,
        policy::Level::Warning => AnsiColor::Yellow,
        policy::Level::Note => AnsiColor::Green,
    };
    let (style, bold) = (color.on_default().bold(), Style::new().bold());
    let help = help.map(|help| format!("\n  {bold}help{bold:#}: {}", plain(help))).unwrap_or_default();
    let name = if code.name.is_empty() { String::new() } else { format!("[{}]", code.name) };
    format!("{style}{}{name}{style:#}: {}{help}", code.level.name(), plain(what))
}

/// A problem of a policy file with the line that has it.
pub(super) fn rendered(problem: &Problem, sources: &[Source], folder: Option<&Path>) -> String {
    let own = folder.map(|folder| folder.join(&problem.file)).filter(|path| path.exists());
    let place = own.map_or(problem.file.clone(), |path| path.display().to_string());
    let text = sources.iter().find(|source| source.name == problem.file).map(|source| source.text.as_str());
    // A place that does not lie on borders of letters, or at the very end, would not be shown.
    let Some(text) = text.filter(|text| text.get(problem.span.clone()).is_some()) else {
        return message(problem.code, &format!("{place}: {}", problem.what), problem.help.as_deref());
    };
    let snippet = Snippet::source(text).path(place);
    let level = match problem.code.level {
        policy::Level::Error => Level::ERROR,
        policy::Level::Warning => Level::WARNING,
        policy::Level::Note => Level::NOTE,
    };
    let title = level.primary_title(&problem.what);
    let title = if problem.code.name.is_empty() { title } else { title.id(problem.code.name) };
    let mut group =
        Group::with_title(title).element(snippet.annotation(AnnotationKind::Primary.span(problem.span.clone())));
    if let Some(help) = &problem.help {
        group = group.element(Level::HELP.message(help));
    }
    Renderer::styled().render(&[group])
}
