//! `reperform policy check`: whether a file is a policy, and what in it was probably not meant.

use super::{expanded, folder_of, is_examples};
use crate::cli::Status;
use crate::cli::failure::{Failure, rendered};
use crate::cli::policies::{add, of_folder, text_of};
use crate::example::RunError;
use crate::policy::lint::{self, Checked};
use crate::policy::{Level, Problem, Source, shipped};
use crate::report::layout::counted;
use crate::report::problems;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::{Path, PathBuf};

/// What to check, and how to say it.
#[derive(clap::Args)]
pub(super) struct Args {
    /// The files, or folders of them.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// How problems are shown: for people on standard error, for programs on standard output.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Run the worked examples too, and name the numbers on which none depends.
    #[arg(long)]
    examples: bool,
    /// Exit with status 1 if there are warnings.
    #[arg(long)]
    deny_warnings: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// Each with the lines that have it.
    Text,
    /// An array of objects.
    Json,
    /// SARIF 2.1.0.
    Sarif,
}

/// The problems of the files, those of a folder together, and a line about each file.
#[derive(Default)]
struct Answer {
    problems: Vec<Problem>,
    sources: Vec<Source>,
    lines: Vec<String>,
}

/// Checks files, and says everything about all of them.
pub(super) fn check(args: &Args) -> Result<Status, Failure> {
    let mut by_folder: BTreeMap<PathBuf, BTreeSet<PathBuf>> = BTreeMap::new();
    let mut answer = Answer::default();
    let policies = "policy file: name one with files `NAME.toml`";
    for path in expanded(&args.files, policies, |file| !is_examples(file))? {
        if is_examples(&path) {
            let line = format!("{0}: worked examples; run them by `reperform policy test {0}`", path.display());
            answer.lines.push(line);
        } else {
            by_folder.entry(folder_of(&path).to_path_buf()).or_default().insert(path);
        }
    }
    for (folder, files) in &by_folder {
        answer.folder(folder, files, args.examples)?;
    }
    answer.show(args.format)?;
    match answer.problems.iter().map(|problem| problem.code.level).max() {
        Some(Level::Error) => Err(Failure::Told),
        Some(Level::Warning) if args.deny_warnings => Ok(Status::Deviations),
        _ => Ok(Status::Fine),
    }
}

impl Answer {
    /// Checks files of one folder.
    fn folder(&mut self, folder: &Path, files: &BTreeSet<PathBuf>, with_examples: bool) -> Result<(), Failure> {
        let Surroundings { sources, names, own, changed } = Surroundings::of(folder, files)?;
        let mut checked = lint::check(&sources);
        if with_examples {
            checked.problems.extend(unnoticed(&sources)?);
        }
        // Nobody asked what else there is to say of a policy that is only changed.
        checked.problems.retain(|problem| problem.code.level == Level::Error || !changed.contains(&problem.file));
        self.lines.extend(names.iter().map(|name| line(&checked, name)));
        // Shared files have the same names in every folder.
        let placed = |name: &mut String| {
            if own.contains(name) && folder != Path::new(".") {
                *name = folder.join(&*name).display().to_string();
            }
        };
        checked.problems.iter_mut().for_each(|problem| placed(&mut problem.file));
        self.problems.extend(checked.problems);
        for mut source in sources {
            placed(&mut source.name);
            if self.sources.iter().all(|known| known.name != source.name) {
                self.sources.push(source);
            }
        }
        Ok(())
    }

    fn show(&self, format: Format) -> Result<(), Failure> {
        let unwritten = |error: serde_json::Error| Failure::new(error.to_string(), None);
        let for_programs = match format {
            Format::Json => problems::json(&self.problems, &self.sources).map_err(unwritten)?,
            Format::Sarif => problems::sarif(&self.problems, &self.sources).map_err(unwritten)?,
            Format::Text => {
                let shown: String =
                    self.problems.iter().map(|problem| rendered(problem, &self.sources, None) + "\n\n").collect();
                // There is nobody to tell if that fails.
                let _ = anstream::stderr().write_all(shown.as_bytes());
                return crate::cli::show(|to| self.lines.iter().try_for_each(|line| writeln!(to, "{line}")));
            }
        };
        crate::cli::show(|to| writeln!(to, "{for_programs}"))
    }
}

/// Files with the words and calendars that they are read with: the shipped ones, or those of their own folder in their
/// place. The files stand under the names that they were given by.
struct Surroundings {
    sources: Vec<Source>,
    /// The names of the files to check.
    names: Vec<String>,
    /// The names of what was taken from their own folder besides.
    own: BTreeSet<String>,
    /// The names of the policies that they change.
    changed: BTreeSet<String>,
}

impl Surroundings {
    fn of(folder: &Path, files: &BTreeSet<PathBuf>) -> Result<Surroundings, Failure> {
        let shared = |source: &Source| source.name == VOCABULARY || source.name.starts_with("calendars/");
        let mut sources: Vec<Source> = shipped().into_iter().filter(shared).collect();
        let (mut names, mut given) = (Vec::new(), Vec::new());
        for path in files {
            let own = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if !own.ends_with(".toml") {
                let help = "name a policy: a file `NAME.toml`; calendars are checked with the policies that use them";
                let what = format!("`{}` is not a policy file", path.display());
                return Err(Failure::new(what, Some(help.to_owned())));
            }
            let name = if own == VOCABULARY { own } else { path.display().to_string() };
            given.push(Source { name: name.clone(), text: text_of(path)? });
            names.push(name);
            let examples = path.with_extension("examples.toml");
            if examples.is_file() {
                given.push(Source { name: examples.display().to_string(), text: text_of(&examples)? });
            }
        }
        let of_folder = of_folder(folder)?;
        let mut there = shipped();
        add(&mut there, of_folder.clone());
        let is_given = |source: &Source| files.iter().any(|file| file.file_name() == Some(source.name.as_ref()));
        there.retain(|source| !source.name.starts_with("stories/") && !is_given(source));
        let bases = changed_by(&given, there);
        let changed: BTreeSet<String> = bases.iter().map(|source| source.name.clone()).collect();
        let is_own = |source: &&Source| shared(source) || changed.contains(&source.name);
        let own: Vec<Source> = of_folder.iter().filter(is_own).cloned().collect();
        let own_names = own.iter().map(|source| source.name.clone()).collect();
        [bases, own, given].into_iter().for_each(|further| add(&mut sources, further));
        Ok(Surroundings { sources, names, own: own_names, changed })
    }
}

/// The policies that amendments and what-ifs among some files change, unless they are among them themselves.
fn changed_by(given: &[Source], there: Vec<Source>) -> Vec<Source> {
    let table = |source: &Source| source.text.parse::<toml::Table>().unwrap_or_default();
    let key = |source: &Source, key: &str| table(source).get("policy")?.get(key)?.as_str().map(str::to_owned);
    let extended: Vec<String> = given.iter().filter_map(|source| key(source, "extends")).collect();
    let is_what_if = |source: &Source| {
        let table = table(source);
        !table.contains_key("policy") && ["change", "remove"].iter().any(|key| table.contains_key(*key))
    };
    let any = given.iter().any(is_what_if);
    let names: Vec<String> = given.iter().filter_map(|source| key(source, "name")).collect();
    let is_changed = |source: &Source| {
        let name = key(source, "name").filter(|name| !names.contains(name) && key(source, "extends").is_none());
        name.is_some_and(|name| any || extended.contains(&name))
    };
    there.into_iter().filter(is_changed).collect()
}

fn unnoticed(sources: &[Source]) -> Result<Vec<Problem>, Failure> {
    lint::examples(sources).map_err(|error| match error {
        RunError::File(problem) => Failure::documents(vec![problem], sources),
        RunError::Io(_) => Failure::new(error.to_string(), None),
    })
}

/// The file of words.
const VOCABULARY: &str = "vocabulary.toml";

/// What became of a file.
fn line(checked: &Checked, name: &str) -> String {
    let of_level = |level: Level, one: &str, many: &str| {
        let own = checked.problems.iter().filter(|problem| problem.file == name && problem.code.level == level);
        Some(own.count() as u64).filter(|count| *count > 0).map(|count| counted(count, one, many))
    };
    if let Some(errors) = of_level(Level::Error, "error", "errors") {
        return format!("{name}: {errors}");
    }
    let what = match checked.policies.iter().find(|policy| policy.file == name) {
        Some(policy) => {
            let rules = counted(policy.rules.len() as u64, "rule", "rules");
            format!("the policy `{}` with {rules} is", policy.name)
        }
        None if name == VOCABULARY => "the words are".to_owned(),
        None => "what it changes is".to_owned(),
    };
    let warnings = of_level(Level::Warning, "warning", "warnings");
    let notes = of_level(Level::Note, "note", "notes");
    let but: Vec<String> = warnings.into_iter().chain(notes).collect();
    let but = if but.is_empty() { String::new() } else { format!(", with {}", but.join(" and ")) };
    format!("{name}: {what} well-formed{but}")
}
