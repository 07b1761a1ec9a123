//! Which exports a command reads.

use super::failure::Failure;
use super::progress::Progress;
use crate::column::Table;
use crate::document::Source;
use crate::export::input::Input;
use crate::mapping::{self, Mapping};
use crate::policy::{Catalogue, word};
use crate::record::{Books, Export, Sources, Vocabulary};
use crate::wording::did_you_mean;
use chrono::NaiveDate;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// The arguments that name exports.
#[derive(Clone, Debug, Default, clap::Args)]
pub(super) struct ExportArgs {
    /// A folder with `invoices.csv`, `requests.csv` and `decisions.csv`, or the same as `.csv.gz`, `.csv.zst` or
    /// `.parquet`.
    pub(super) folder: Option<PathBuf>,
    /// Exports of invoice lines, in place of the folder's; of one table, `-` is standard input.
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

/// The files that a command reads.
pub(super) struct Exports {
    pub(super) sources: Sources,
    /// What came by standard input, which can be read but once.
    copy: Option<StandardInput>,
}

/// Standard input as a file, which is removed with this.
struct StandardInput {
    _folder: TempDir,
    file: PathBuf,
}

/// How standard input is named on a command line, and how results name it.
const STANDARD_INPUT: &str = "-";
const STANDARD_INPUT_FILE: &str = "stdin";

impl Exports {
    /// A path as it was given.
    pub(super) fn given(&self, path: &str) -> Option<String> {
        let is_copy = self.copy.as_ref().is_some_and(|copy| copy.file.display().to_string() == path);
        is_copy.then(|| STANDARD_INPUT.to_owned())
    }

    /// Copies standard input to a file, if it is one of those named.
    fn of(mut sources: Sources) -> Result<Exports, Failure> {
        let exports = [&mut sources.invoices, &mut sources.requests, &mut sources.decisions].into_iter().flatten();
        let mut files: Vec<&mut PathBuf> = exports.map(|export| &mut export.path).collect();
        let count = files.iter().filter(|path| path.as_os_str() == STANDARD_INPUT).count();
        if count > 1 {
            let help = "write all but one of the tables to files".to_owned();
            return Err(Failure::new("standard input (`-`) can be read for one export only".to_owned(), Some(help)));
        }
        if count == 1 && files.iter().any(|path| path.file_name() == Some(STANDARD_INPUT_FILE.as_ref())) {
            let what = "a file is named `stdin`, which is how results name standard input".to_owned();
            return Err(Failure::new(what, Some("give the file another name".to_owned())));
        }
        let mut copy = None;
        if let Some(path) = files.iter_mut().find(|path| path.as_os_str() == STANDARD_INPUT) {
            let made = StandardInput::copied().map_err(|error| {
                let help = "make room in the folder for temporary files, or name another by `TMPDIR`".to_owned();
                Failure::new(format!("standard input cannot be copied to a file: {error}"), Some(help))
            })?;
            path.clone_from(&made.file);
            copy = Some(made);
        }
        Ok(Exports { sources, copy })
    }
}

impl StandardInput {
    fn copied() -> io::Result<StandardInput> {
        let folder = tempfile::Builder::new().prefix("reperform-").tempdir()?;
        let file = folder.path().join(STANDARD_INPUT_FILE);
        io::copy(&mut io::stdin().lock(), &mut File::create(&file)?)?;
        Ok(StandardInput { _folder: folder, file })
    }
}

impl ExportArgs {
    /// The files to read, table by table.
    pub(super) fn exports(&self) -> Result<Exports, Failure> {
        let named = Exports::of(self.named())?;
        Ok(Exports { sources: self.sources(&named.sources)?, ..named })
    }

    fn sources(&self, named: &Sources) -> Result<Sources, Failure> {
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
                Sources { mapping: Some(document), ..mapping::prepare(mapping, &folder, named)? }
            }
        };
        let mut missing = Vec::new();
        for table in Table::ALL.into_iter().filter(|table| sources.of(*table).is_empty()).collect::<Vec<_>>() {
            match (named.of(table), &self.folder) {
                ([], Some(folder)) => sources.of_mut(table).push(export_in(folder, table)?.into()),
                ([], None) => missing.push(format!("`--{}`", table.name())),
                (files, _) => sources.of_mut(table).extend_from_slice(files),
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
        let all = || "name a file, or one of those that `reperform mapping list` lists".to_owned();
        let help = did_you_mean(&name, shipped.iter().map(mapping::name)).unwrap_or_else(all);
        Failure::new(format!("there is no mapping `{name}`"), Some(help))
    })
}

/// The mapping that a document holds.
pub(super) fn mapping_of(document: &Source) -> Result<Mapping, Failure> {
    mapping::mapping(document).map_err(|problems| Failure::documents(problems, std::slice::from_ref(document)))
}

/// What a table's export in a folder may be named after the table's name.
const ENDINGS: [&str; 4] = ["csv", "csv.gz", "csv.zst", "parquet"];

/// A table's export in a folder, of any format. Which of two is meant cannot be told.
fn export_in(folder: &Path, table: Table) -> Result<PathBuf, Failure> {
    let name = table.name();
    let found: Vec<String> =
        ENDINGS.iter().map(|ending| format!("{name}.{ending}")).filter(|file| folder.join(file).exists()).collect();
    match found.as_slice() {
        [] => Ok(folder.join(name).with_extension("csv")),
        [file] => Ok(folder.join(file)),
        [first, second, ..] => {
            let both = format!("`{}` has both `{first}` and `{second}`", folder.display());
            let help = format!("remove the one that is not meant, or name the other with `--{name}`");
            Err(Failure::new(both, Some(help)))
        }
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

/// Reads exports by the words of a catalogue.
pub(super) fn read(catalogue: &Catalogue, sources: &Sources, progress: &Progress) -> Result<Books, Failure> {
    read_by(&catalogue.reading_vocabulary(), sources, progress)
}

/// Reads exports by the words of several catalogues.
pub(super) fn read_by(words: &Vocabulary, sources: &Sources, progress: &Progress) -> Result<Books, Failure> {
    progress.step("reading", bytes(sources));
    Ok(crate::export::read(sources, words, word::texts_with_words(), &|n| progress.tick(n))?)
}
