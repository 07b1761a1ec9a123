//! Which exports a command reads.

use super::failure::Failure;
use crate::column::Table;
use crate::export::input::Input;
use crate::record::Sources;
use chrono::NaiveDate;
use std::path::{Path, PathBuf};

/// The arguments that name exports.
#[derive(Clone, Debug, Default, clap::Args)]
pub(super) struct ExportArgs {
    /// A folder with `invoices.csv`, `requests.csv` and `decisions.csv`, or the same as `.parquet`.
    pub(super) folder: Option<PathBuf>,
    /// Exports of invoice lines, in place of the folder's.
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub(super) invoices: Vec<PathBuf>,
    /// Exports of requests, in place of the folder's.
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub(super) requests: Vec<PathBuf>,
    /// Exports of decisions, in place of the folder's.
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub(super) decisions: Vec<PathBuf>,
    /// The day as of which the cases are read; without it the latest day on which anything in them happened.
    #[arg(long, value_name = "DATE", value_parser = day)]
    pub(super) as_of: Option<NaiveDate>,
}

impl ExportArgs {
    /// The files to read, table by table.
    pub(super) fn sources(&self) -> Result<Sources, Failure> {
        if let Some(folder) = self.folder.as_ref().filter(|folder| !folder.is_dir()) {
            let what = format!("there is no folder `{}`", folder.display());
            return Err(Failure::new(
                what,
                Some("name a folder of exports, or the files with `--invoices` and so on".into()),
            ));
        }
        let (mut sources, mut missing) = (Sources::default(), Vec::new());
        for table in Table::ALL {
            let (named, files) = match table {
                Table::Invoices => (&self.invoices, &mut sources.invoices),
                Table::Requests => (&self.requests, &mut sources.requests),
                Table::Decisions => (&self.decisions, &mut sources.decisions),
            };
            match &self.folder {
                _ if !named.is_empty() => files.clone_from(named),
                Some(folder) => files.push(export_in(folder, table)?),
                None => missing.push(format!("`--{}`", table.name())),
            }
        }
        if missing.is_empty() {
            return Ok(sources);
        }
        let help = format!("name a folder of exports, or the files of each table with {}", missing.join(", "));
        Err(Failure::new("no exports are named".to_owned(), Some(help)))
    }

    /// The arguments as they would be typed.
    pub(super) fn words(&self) -> Vec<String> {
        let shown = |path: &PathBuf| quoted(&path.display().to_string());
        let mut words: Vec<String> = self.folder.iter().map(shown).collect();
        for (option, files) in
            [("--invoices", &self.invoices), ("--requests", &self.requests), ("--decisions", &self.decisions)]
        {
            if !files.is_empty() {
                words.push(option.to_owned());
                words.extend(files.iter().map(shown));
            }
        }
        words.extend(self.as_of.iter().flat_map(|day| ["--as-of".to_owned(), day.to_string()]));
        words
    }
}

/// A table's export in a folder, of either format. Which of two is meant cannot be told.
fn export_in(folder: &Path, table: Table) -> Result<PathBuf, Failure> {
    let [csv, parquet] = ["csv", "parquet"].map(|ending| folder.join(table.name()).with_extension(ending));
    match (csv.exists(), parquet.exists()) {
        (true, true) => {
            let name = table.name();
            let what = format!("`{}` has both `{name}.csv` and `{name}.parquet`", folder.display());
            let help = format!("remove the one that is not meant, or name the other with `--{name}`");
            Err(Failure::new(what, Some(help)))
        }
        (false, true) => Ok(parquet),
        _ => Ok(csv),
    }
}

/// How many bytes there are to read, as far as that can be told beforehand.
pub(super) fn bytes(sources: &Sources) -> u64 {
    let files = [&sources.invoices, &sources.requests, &sources.decisions].into_iter().flatten();
    files.filter_map(|path| path.metadata().ok()).map(|data| data.len()).sum()
}

/// How many bytes these are as text. A file that cannot be read counts nothing: it is refused later, with the reason.
pub(super) fn text_bytes(sources: &Sources) -> u64 {
    let files = [&sources.invoices, &sources.requests, &sources.decisions].into_iter().flatten();
    files.filter_map(|path| Input::text_size(path).ok()).sum()
}

/// A word of a command line, in quotes where a shell would read it as something else.
pub(super) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./:,@%+=".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

/// A day as the exports write it.
fn day(text: &str) -> Result<NaiveDate, String> {
    let digits = text.len() == 10
        && text.bytes().enumerate().all(|(at, b)| b.is_ascii_digit() || (b == b'-' && (at == 4 || at == 7)));
    let day = digits.then(|| text.parse::<NaiveDate>().ok()).flatten();
    day.ok_or_else(|| "expected a day such as `2026-03-31`".to_owned())
}
