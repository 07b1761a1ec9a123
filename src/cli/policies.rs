//! Which policies a command works with: the shipped ones, and those of a folder of the user's own.

use super::failure::Failure;
use crate::plan::Selection;
use crate::policy::{Catalogue, Choice, Source, shipped};
use crate::wording::did_you_mean;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The arguments that choose policies.
#[derive(Clone, Debug, Default, clap::Args)]
pub(super) struct PolicyArgs {
    /// Add the policies of a folder (`*.toml`, `calendars/*.csv`, `stories/*.toml`) to the shipped ones; a file with
    /// the name of a shipped one takes its place.
    #[arg(long, value_name = "DIR")]
    pub(super) policies: Option<PathBuf>,
}

impl PolicyArgs {
    /// Loads them.
    pub(super) fn load(&self) -> Result<Catalogue, Failure> {
        let mut sources = shipped();
        if let Some(folder) = &self.policies {
            add(&mut sources, of_folder(folder)?);
        }
        match catalogue(sources) {
            Err(Failure::Documents { problems, sources, .. }) => {
                Err(Failure::Documents { problems, sources, folder: self.policies.clone() })
            }
            loaded => loaded,
        }
    }
}

/// The catalogue of a set of files.
pub(super) fn catalogue(sources: Vec<Source>) -> Result<Catalogue, Failure> {
    Catalogue::of(sources.clone()).map_err(|problems| Failure::Documents { problems, sources, folder: None })
}

/// A catalogue read in another way.
pub(super) fn under(catalogue: Catalogue, choice: &Choice) -> Result<Catalogue, Failure> {
    if *choice == Choice::default() {
        return Ok(catalogue);
    }
    catalogue.under(choice).map_err(|problems| Failure::documents(problems, &catalogue.sources))
}

/// Adds files to others; one with a known name takes the place of that.
pub(super) fn add(sources: &mut Vec<Source>, further: Vec<Source>) {
    sources.retain(|source| further.iter().all(|new| new.name != source.name));
    sources.extend(further);
    sources.sort_by(|a, b| a.name.cmp(&b.name));
}

/// The policy files of a folder.
pub(super) fn of_folder(folder: &Path) -> Result<Vec<Source>, Failure> {
    let mut sources = files(folder, "toml", "")?;
    let calendars = folder.join("calendars");
    if calendars.is_dir() {
        sources.extend(files(&calendars, "csv", "calendars/")?);
    }
    let stories = folder.join("stories");
    if stories.is_dir() {
        sources.extend(files(&stories, "toml", "stories/")?);
    }
    if sources.is_empty() {
        let help = "put files named `*.toml` into it, and calendars into its folder `calendars`";
        return Err(Failure::new(format!("the folder `{}` has no policy file", folder.display()), Some(help.into())));
    }
    Ok(sources)
}

fn files(folder: &Path, extension: &str, prefix: &str) -> Result<Vec<Source>, Failure> {
    let unreadable = |error| unreadable("folder of policies", folder, &error);
    let mut sources = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|found| found == extension) && path.is_file() {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            sources.push(Source { name: format!("{prefix}{name}"), text: text_of(&path)? });
        }
    }
    Ok(sources)
}

/// The text of a policy file.
pub(super) fn text_of(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(|error| unreadable("policy file", path, &error))
}

fn unreadable(what: &str, path: &Path, error: &io::Error) -> Failure {
    let help = "check the path, the permission to read it, and that it is UTF-8 text".to_owned();
    Failure::new(format!("the {what} `{}` cannot be read: {error}", path.display()), Some(help))
}

/// The arguments that choose rules.
#[derive(Clone, Debug, Default, clap::Args)]
pub(super) struct RuleArgs {
    /// Judge by these rules only: ids or beginnings of ids, separated by commas.
    #[arg(long, value_name = "IDS", value_delimiter = ',')]
    pub(super) select: Vec<String>,
    /// Leave these rules out.
    #[arg(long, value_name = "IDS", value_delimiter = ',')]
    pub(super) ignore: Vec<String>,
}

impl RuleArgs {
    /// The rules chosen, each name of which must fit one.
    pub(super) fn selection(&self, catalogue: &Catalogue) -> Result<Selection, Failure> {
        let ids: Vec<&str> =
            catalogue.policies.iter().flat_map(|p| p.rules.iter().map(|rule| rule.id.as_str())).collect();
        let fits = |name: &str| !name.is_empty() && ids.iter().any(|id| id.starts_with(name));
        let unknown = self.select.iter().chain(&self.ignore).filter(|name| !fits(name));
        let messages: Vec<_> = unknown.map(|name| no_rule(name, &ids)).collect();
        if messages.is_empty() {
            Ok(Selection { select: self.select.clone(), ignore: self.ignore.clone() })
        } else {
            Err(Failure::Messages(messages))
        }
    }
}

/// The message for a name that no rule has.
pub(super) fn no_rule(name: &str, ids: &[&str]) -> (String, Option<String>) {
    let all = || "`reperform rules` lists all rules".to_owned();
    let help = did_you_mean(name, ids.iter().copied()).unwrap_or_else(all);
    (format!("no rule is named `{name}` or begins so"), Some(help))
}
