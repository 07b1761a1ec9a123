//! Which exports a command reads.

use super::failure::Failure;
use crate::column::Table;
use crate::document::Source;
use crate::export::input::Input;
use crate::mapping::{self, Mapping};
use crate::record::{Export, Sources};
use crate::wording::near;
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
    /// How other systems' exports become the three tables: a file, or the name of one that ships with the program. Without
    /// it `reperform.toml` in the folder, if there is one.
    #[arg(long, value_name = "FILE")]
    pub(super) mapping: Option<PathBuf>,
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
        let mut sources = match self.mapping()? {
            None => Sources::default(),
            Some((document, folder)) => {
                let mapping = mapping_of(&document)?;
                Sources { mapping: Some(document), ..mapping::prepare(mapping, &folder, &self.named())? }
            }
        };
        let mut missing = Vec::new();
        for table in Table::ALL.into_iter().filter(|table| sources.of(*table).is_empty()).collect::<Vec<_>>() {
            match (self.files(table), &self.folder) {
                ([], Some(folder)) => sources.of_mut(table).push(export_in(folder, table)?.into()),
                ([], None) => missing.push(format!("`--{}`", table.name())),
                (files, _) => sources.of_mut(table).extend(files.iter().cloned().map(Export::from)),
            }
        }
        if missing.is_empty() {
            return Ok(sources);
        }
        let help = format!("name a folder of exports, or the files of each table with {}", missing.join(", "));
        Err(Failure::new("no exports are named".to_owned(), Some(help)))
    }

    /// The files that are named for a table.
    fn files(&self, table: Table) -> &[PathBuf] {
        match table {
            Table::Invoices => &self.invoices,
            Table::Requests => &self.requests,
            Table::Decisions => &self.decisions,
        }
    }

    fn named(&self) -> Sources {
        let [invoices, requests, decisions] =
            Table::ALL.map(|table| self.files(table).iter().cloned().map(Export::from).collect());
        Sources { invoices, requests, decisions, mapping: None }
    }

    /// The mapping that is asked for, or lies beside the exports; and the folder in which its files are.
    fn mapping(&self) -> Result<Option<(Source, PathBuf)>, Failure> {
        let beside = self.folder.as_ref().map(|folder| folder.join(BESIDE)).filter(|file| file.is_file());
        let Some(asked) = self.mapping.as_ref().or(beside.as_ref()) else { return Ok(None) };
        let document = document(asked)?;
        let parent = asked.parent().filter(|_| asked.is_file()).map(Path::to_owned).unwrap_or_default();
        let folder = self.folder.clone().unwrap_or(parent);
        let folder = if folder.as_os_str().is_empty() { PathBuf::from(".") } else { folder };
        Ok(Some((document, folder)))
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
        if let Some(mapping) = &self.mapping {
            words.extend(["--mapping".to_owned(), shown(mapping)]);
        }
        words.extend(self.as_of.iter().flat_map(|day| ["--as-of".to_owned(), day.to_string()]));
        words
    }
}

/// The mapping that is used where none is asked for, in the folder of exports.
const BESIDE: &str = "reperform.toml";

/// The text of a mapping file, or of one that ships with the program.
pub(super) fn document(asked: &Path) -> Result<Source, Failure> {
    if asked.exists() {
        let text = super::policies::text_of(asked)?;
        return Ok(Source { name: asked.display().to_string(), text });
    }
    let name = asked.to_string_lossy();
    let shipped = mapping::shipped();
    let found = shipped.iter().find(|source| mapping::name(source) == name);
    found.cloned().ok_or_else(|| {
        let near = near(&name, shipped.iter().map(mapping::name));
        let help = if near.is_empty() {
            "name a file, or one of those that `reperform mapping list` lists".to_owned()
        } else {
            format!("did you mean {near}?")
        };
        Failure::new(format!("there is no mapping `{name}`"), Some(help))
    })
}

/// The mapping that a document holds.
pub(super) fn mapping_of(document: &Source) -> Result<Mapping, Failure> {
    let failure = |problems| Failure::Documents { problems, sources: vec![document.clone()], folder: None };
    mapping::mapping(document).map_err(failure)
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
    sources.all().filter_map(|(_, export)| export.path.metadata().ok()).map(|data| data.len()).sum()
}

/// How many bytes these are as text. A file that cannot be read counts nothing: it is refused later, with the reason.
pub(super) fn text_bytes(sources: &Sources) -> u64 {
    sources.all().filter_map(|(_, export)| Input::text_size(&export.path).ok()).sum()
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
