//! `reperform compare`: a back-test, all history judged under two sets of policies.

use super::Status;
use super::exports::ExportArgs;
use super::failure::Failure;
use super::memory;
use super::policies::{PolicyArgs, RuleArgs, add, of_folder, text_of};
use super::progress::Progress;
use crate::audit::Options;
use crate::compare::compare;
use crate::policy::{Catalogue, Choice, Source, Strictness};
use crate::report::comparison;
use crate::wording::did_you_mean;
use clap::ValueEnum;
use std::path::Path;

/// Judge all cases under two sets of policies, and show which verdicts and how much money differ.
#[derive(clap::Args)]
#[command(
    after_help = "A side is a folder of policies, a file of changes, a version (`NAME@VERSION`), an alternative \
    reading, or `strict` or `lenient` for all such readings; several are laid over each other.\n\n\
    Exit status: 0 nothing differs, 1 something differs, 2 not compared."
)]
pub(super) struct Args {
    #[command(flatten)]
    exports: ExportArgs,
    /// What the base is, beside the policies of both sides.
    #[arg(long, value_name = "SIDE", num_args = 1)]
    base: Vec<String>,
    /// What is changed.
    #[arg(long, value_name = "SIDE", num_args = 1, required = true)]
    changed: Vec<String>,
    #[command(flatten)]
    policies: PolicyArgs,
    #[command(flatten)]
    rules: RuleArgs,
    /// How the comparison is written: CSV has a row for each finding that differs.
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

/// How a comparison is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For a terminal.
    Text,
    /// A row for each finding that differs.
    Csv,
    /// For programs.
    Json,
}

/// Compares.
pub(super) fn run(args: &Args) -> Result<Status, Failure> {
    let both = args.policies.load()?;
    let base = side(&both, &args.base)?;
    let changed = side(&both, &args.changed)?;
    same_families(&base, &changed)?;
    // A rule of either side can be asked for.
    let selection = args.rules.selection(&base).or_else(|_| args.rules.selection(&changed))?;
    let exports = args.exports.exports()?;
    memory::must_fit(&exports.sources, "compare a month of them")?;
    let progress = Progress::new(false);
    let mut words = base.reading_vocabulary();
    words.add(changed.reading_vocabulary());
    let books = super::exports::read_by(&words, &exports.sources, &progress)?;
    progress.step("judging", 2 * books.requests.len() as u64);
    let options = Options { as_of: args.exports.as_of, include_indeterminate: true, selection };
    let comparison = compare([&base, &changed], &books, &options, &|n| progress.tick(n))?;
    drop(progress);
    let names = [&args.base, &args.changed].map(|sides| match sides.is_empty() {
        true => "the policies as they are".to_owned(),
        false => sides.join(" + "),
    });
    let names = [names[0].as_str(), names[1].as_str()];
    super::show(|to| match args.format {
        Format::Text => comparison::show(&comparison, names, &books, to),
        Format::Csv => comparison::csv(&comparison, &books, to),
        Format::Json => comparison::json(&comparison, names, &books, to),
    })?;
    Ok(if comparison.flips.is_empty() { Status::Fine } else { Status::Deviations })
}

/// The policies of one side.
fn side(both: &Catalogue, sides: &[String]) -> Result<Catalogue, Failure> {
    let mut sources = both.sources.clone();
    let (mut choice, mut unknown) = (Choice::default(), Vec::new());
    for side in sides {
        let path = Path::new(side);
        if path.is_dir() {
            add(&mut sources, of_folder(path)?);
        } else if path.is_file() {
            let own = path.file_name().unwrap_or_default().to_string_lossy();
            let takes_place = sources.iter().any(|source| source.name == own);
            let name = if takes_place { own.into_owned() } else { side.clone() };
            add(&mut sources, vec![Source { name, text: text_of(path)? }]);
        } else {
            unknown.push(side.as_str());
        }
    }
    let catalogue = super::policies::catalogue(sources)?;
    for side in unknown {
        choose(side, &catalogue, &mut choice)?;
    }
    super::policies::under(catalogue, &choice)
}

/// A side that is neither a file nor a folder: a version, or a reading.
fn choose(side: &str, catalogue: &Catalogue, choice: &mut Choice) -> Result<(), Failure> {
    if let Some((name, version)) = side.split_once('@') {
        let policy = catalogue.policy(name).ok_or_else(|| super::policy::unknown(name, catalogue))?;
        if !policy.versions.iter().any(|known| known.id == version) {
            let ids: Vec<&str> = policy.versions.iter().map(|version| version.id.as_str()).collect();
            let help =
                did_you_mean(version, ids.iter().copied()).unwrap_or_else(|| format!("there is {}", ids.join(", ")));
            return Err(Failure::new(format!("the policy `{name}` has no version `{version}`"), Some(help)));
        }
        choice.versions.insert(name.to_owned(), version.to_owned());
        return Ok(());
    }
    if let Some(strictness) = Strictness::ALL.into_iter().find(|strictness| strictness.name() == side) {
        choice.all = Some(strictness);
        return Ok(());
    }
    let known = || catalogue.policies.iter().flat_map(|policy| &policy.alternatives).map(|a| a.id.as_str());
    if known().any(|id| id == side) {
        choice.readings.insert(side.to_owned());
        return Ok(());
    }
    let help = did_you_mean(side, known()).unwrap_or_else(|| {
        "name a folder of policies, a file of changes, `NAME@VERSION`, or an alternative reading".to_owned()
    });
    Err(Failure::new(format!("`{side}` is no file, no folder and no reading"), Some(help)))
}

/// Cases can be judged under both sides only if both have their policies.
fn same_families(base: &Catalogue, changed: &Catalogue) -> Result<(), Failure> {
    let names = |catalogue: &Catalogue| catalogue.families().map(|p| p.name.clone()).collect::<Vec<_>>();
    let (before, after) = (names(base), names(changed));
    let alone = |one: &[String], other: &[String]| one.iter().filter(|name| !other.contains(name)).cloned().collect();
    let mut only: Vec<String> = alone(&before, &after);
    only.extend(alone(&after, &before));
    let message = |name: &String| {
        let help = "a file or folder with it given by `--policies` is part of both".to_owned();
        (format!("the policy `{name}` is on one side only"), Some(help))
    };
    if only.is_empty() { Ok(()) } else { Err(Failure::Messages(only.iter().map(message).collect())) }
}
