//! `reperform policy`: the policies that there are, what is in them, and whether a file is one.

use super::Status;
use super::failure::{Failure, rendered};
use super::policies::{PolicyArgs, add, catalogue, of_folder, text_of};
use super::rules::{item, list};
use crate::example::{self, RunError};
use crate::policy::rule::Rule;
use crate::policy::{Catalogue, Policy, Source, Version, shipped};
use crate::report::layout::{Table, counted, left, right, short};
use crate::wording::near;
use anstyle::Style;
use clap::Subcommand;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// List, show and check policies.
#[derive(clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// List the policies.
    List(PolicyArgs),
    /// Show a policy: its versions, its readings, its rules, and what of its text no rule tests.
    Show {
        /// The policy's name.
        name: String,
        #[command(flatten)]
        policies: PolicyArgs,
    },
    /// Check policy files, together with the shipped words and calendars and those in the files' own folders.
    Check {
        /// The files.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// Run the worked examples of a policy, together with the shipped policies and those beside it.
    #[command(after_help = "Exit status: 0 all as expected, 1 some not, 2 not run.")]
    Test {
        /// The file of examples, `NAME.examples.toml`, or the policy beside which it lies.
        file: PathBuf,
    },
}

const BOLD: Style = Style::new().bold();

/// Lists, shows or checks.
pub(super) fn run(args: &Args) -> Result<Status, Failure> {
    match &args.command {
        Command::List(policies) => {
            let catalogue = policies.load()?;
            super::show(|to| list_all(&catalogue, to))?;
        }
        Command::Show { name, policies } => {
            let catalogue = policies.load()?;
            let policy = catalogue.policy(name).ok_or_else(|| unknown(name, &catalogue))?;
            super::show(|to| show(policy, to))?;
        }
        Command::Check { files } => check(files)?,
        Command::Test { file } => return test(file),
    }
    Ok(Status::Fine)
}

fn unknown(name: &str, catalogue: &Catalogue) -> Failure {
    let names = || catalogue.policies.iter().map(|policy| policy.name.as_str());
    let near = near(name, names());
    let all = || names().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let help = if near.is_empty() { format!("there are {}", all()) } else { format!("did you mean {near}?") };
    Failure::new(format!("there is no policy `{name}`"), Some(help))
}

fn list_all(catalogue: &Catalogue, to: &mut dyn Write) -> io::Result<()> {
    let header =
        vec![left("policy"), right("rules"), left("in force from"), left("zone"), left("business days"), left("text")];
    let mut table = Table::new(header);
    for policy in &catalogue.policies {
        let since = match policy.versions.first() {
            None => "every policy".to_owned(),
            Some(Version { from: Some(day), .. }) => day.to_string(),
            Some(Version { from: None, .. }) => "always".to_owned(),
        };
        let calendar = policy.calendar.as_ref().map_or("", |calendar| calendar.name.as_str());
        let rules = right(policy.rules.len().to_string());
        let cells = [since.as_str(), policy.zone.name(), calendar].map(left);
        table.row(
            [left(&policy.name), rules].into_iter().chain(cells).chain([left(short(&policy.title, 40))]).collect(),
        );
    }
    table.lines().iter().try_for_each(|line| writeln!(to, "{line}"))
}

fn show(policy: &Policy, to: &mut dyn Write) -> io::Result<()> {
    writeln!(to, "{BOLD}{}{BOLD:#}  {}", policy.name, policy.title)?;
    item("file", &policy.file, to)?;
    item("source", &policy.source, to)?;
    item("reading", &policy.reading, to)?;
    if policy.base {
        item("applies", "to the cases of every policy that does not replace its rules", to)?;
    }
    item("zone", policy.zone.name(), to)?;
    if let Some(calendar) = &policy.calendar {
        let (first, last) = calendar.covers();
        let holidays = calendar.holidays().range(first..=last).count() as u64;
        let holidays = counted(holidays, "holiday", "holidays");
        item("calendar", &format!("{}: {holidays} from {first} to {last}", calendar.name), to)?;
    }
    for version in &policy.versions {
        let from = version.from.map_or("always in force".to_owned(), |day| format!("in force from {day}"));
        item("version", &format!("{}, {from}", version.id), to)?;
    }
    writeln!(to)?;
    list(&policy.rules.iter().map(|rule| (policy, rule)).collect::<Vec<_>>(), to)?;
    readings(&policy.rules, to)?;
    if !policy.untested.is_empty() {
        writeln!(to, "\n{BOLD}What no rule tests{BOLD:#}")?;
    }
    for untested in &policy.untested {
        writeln!(to, "  {BOLD}{}{BOLD:#}", untested.clause)?;
        item("says", &untested.statement, to)?;
        item("because", &untested.reason, to)?;
    }
    Ok(())
}

fn readings(rules: &[Rule], to: &mut dyn Write) -> io::Result<()> {
    let mut chosen = rules.iter().filter_map(|rule| Some((rule, rule.reading.as_ref()?))).peekable();
    if chosen.peek().is_some() {
        writeln!(to, "\n{BOLD}Readings{BOLD:#}")?;
    }
    for (rule, reading) in chosen {
        writeln!(to, "  {BOLD}{}{BOLD:#}", rule.id)?;
        item("", reading, to)?;
    }
    Ok(())
}

/// Checks files, and shows the problems of all of them before it gives up.
fn check(files: &[PathBuf]) -> Result<(), Failure> {
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
    super::show(|to| fine.iter().try_for_each(|line| writeln!(to, "{line}")))?;
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

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."))
}

fn is_examples(path: &Path) -> bool {
    path.to_string_lossy().ends_with(".examples.toml")
}

fn checked(catalogue: &Catalogue, name: &str) -> String {
    match catalogue.policies.iter().find(|policy| policy.file == name) {
        Some(policy) => {
            let rules = counted(policy.rules.len() as u64, "rule", "rules");
            format!("{name}: the policy `{}` with {rules} is well-formed", policy.name)
        }
        None => format!("{name}: the words are well-formed"),
    }
}

/// Runs a file of examples, and shows those that do not give what they expect.
fn test(path: &Path) -> Result<Status, Failure> {
    let examples = if is_examples(path) { path.to_path_buf() } else { path.with_extension("examples.toml") };
    let text = text_of(&examples)?;
    let folder = folder_of(&examples);
    let catalogue = PolicyArgs { policies: Some(folder.to_path_buf()) }.load()?;
    let source = Source { name: examples.display().to_string(), text };
    let tested = match example::run(&catalogue, &source) {
        Ok(tested) => tested,
        Err(RunError::File(problem)) => {
            return Err(Failure::Documents { problems: vec![problem], sources: vec![source], folder: None });
        }
        Err(error @ RunError::Io(_)) => return Err(Failure::new(error.to_string(), None)),
    };
    let sources = [source];
    super::show(|to| {
        for problem in &tested.problems {
            writeln!(to, "{}\n", rendered(problem, &sources, None))?;
        }
        let wrong = tested.problems.len() as u64;
        let passed = counted(tested.passed as u64, "example gives what it expects", "examples give what they expect");
        writeln!(to, "{passed}; {}", counted(wrong, "problem", "problems"))
    })?;
    Ok(if tested.problems.is_empty() { Status::Fine } else { Status::Deviations })
}
