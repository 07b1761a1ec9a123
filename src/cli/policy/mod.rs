//! `reperform policy`: the policies that there are, what is in them, whether a file is one, and how to begin one.

mod check;
mod doc;
mod effective;
mod new;
mod test;

use super::Status;
use super::failure::Failure;
use super::policies::PolicyArgs;
use super::rules::{item, list};
use crate::policy::rule::Rule;
use crate::policy::{Catalogue, Policy, Version};
use crate::report::facts;
use crate::report::layout::{Table, left, right, short};
use crate::wording::did_you_mean;
use anstyle::Style;
use clap::Subcommand;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// List, show, check and begin policies.
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
        /// The policy's name, or an amendment's.
        name: String,
        /// Show every value as it results from all files, and where each comes from.
        #[arg(long)]
        effective: bool,
        #[command(flatten)]
        policies: PolicyArgs,
    },
    /// Check policy files, together with the shipped words and calendars and those in the files' own folders.
    #[command(after_help = "Exit status: 0 no errors, 1 warnings and `--deny-warnings`, 2 errors.")]
    Check(check::Args),
    /// Write a new policy to fill in, with worked examples and the schema for editors; nothing is written over.
    New {
        /// The policy's name, as invoices will name it.
        name: String,
        /// The folder to write to, made if there is none.
        #[arg(long, value_name = "DIR", default_value = ".", hide_default_value = true)]
        out: PathBuf,
    },
    /// Show the JSON Schema of policy files, by which editors complete and check them.
    Schema,
    /// Show a policy as a page: each clause with its rules, readings and worked examples, and what is not tested.
    Doc {
        /// The policy's name.
        name: String,
        /// How the page is written.
        #[arg(long, value_enum, value_name = "FORMAT", default_value = "md")]
        format: doc::Format,
        #[command(flatten)]
        policies: PolicyArgs,
    },
    /// Run the worked examples of a policy, together with the shipped policies and those beside it.
    #[command(after_help = "Exit status: 0 all as expected, 1 some not, 2 not run.")]
    Test {
        /// The files of examples, `NAME.examples.toml`, or the policies beside which they lie, or folders of them.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
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
        Command::Show { name, effective, policies } => {
            let catalogue = policies.load()?;
            let policy = catalogue.policy(name).ok_or_else(|| unknown(name, &catalogue))?;
            super::show(|to| if *effective { effective::show(&catalogue, policy, to) } else { show(policy, to) })?;
        }
        Command::New { name, out } => new::new(name, out)?,
        Command::Schema => super::show(|to| to.write_all(crate::policy::schema().as_bytes()))?,
        Command::Doc { name, format, policies } => {
            let catalogue = policies.load()?;
            let policy = catalogue.policy(name).ok_or_else(|| unknown(name, &catalogue))?;
            doc::doc(&catalogue, policy, *format)?;
        }
        Command::Check(args) => return check::check(args),
        Command::Test { files } => return test::test(files),
    }
    Ok(Status::Fine)
}

pub(super) fn unknown(name: &str, catalogue: &Catalogue) -> Failure {
    let names = || catalogue.policies.iter().map(Policy::own_name);
    let all = || format!("there are {}", names().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "));
    let help = did_you_mean(name, names()).unwrap_or_else(all);
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
            [left(policy.own_name()), rules].into_iter().chain(cells).chain([left(short(&policy.title, 40))]).collect(),
        );
    }
    table.lines().iter().try_for_each(|line| writeln!(to, "{line}"))
}

fn show(policy: &Policy, to: &mut dyn Write) -> io::Result<()> {
    writeln!(to, "{BOLD}{}{BOLD:#}", policy.title)?;
    item("file", &policy.file, to)?;
    facts::of_policy(policy).iter().try_for_each(|fact| item(fact.name, &fact.text, to))?;
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

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."))
}

fn is_examples(path: &Path) -> bool {
    path.to_string_lossy().ends_with(".examples.toml")
}

/// The files, and in place of each folder those of its TOML files that are wanted, by name; `what` they are.
fn expanded(paths: &[PathBuf], what: &str, wanted: impl Fn(&Path) -> bool) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let unreadable = |error| {
            let help = "check the path and the permission to read it".to_owned();
            Failure::new(format!("the folder `{}` cannot be read: {error}", path.display()), Some(help))
        };
        let entries = fs::read_dir(path).map_err(unreadable)?;
        let mut own: Vec<PathBuf> =
            entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>().map_err(unreadable)?;
        own.retain(|file| file.extension().is_some_and(|found| found == "toml") && file.is_file() && wanted(file));
        own.sort();
        if own.is_empty() {
            return Err(Failure::new(format!("the folder `{}` has no {what}", path.display()), None));
        }
        files.extend(own);
    }
    Ok(files)
}
