//! The exports: CSV and Parquet files read, every row judged usable or not, and all of it joined.
//!
//! | module | does |
//! |---|---|
//! | `input`, `raw`, `packed`, `encoded` | open a file, compressed or in any encoding, and give its text |
//! | `parquet`, `texts` | give the rows of a table as the bytes of CSV |
//! | `file` | reads these in windows, from the header to the end |
//! | `header` | finds the canonical columns |
//! | `split`, `block`, `cut` | cut a window into blocks of whole records, parsed in parallel |
//! | `quotes` | refuses files in which a quote swallows rows |
//! | `row` | gathers rows to be typed column by column, and makes them records |
//! | `typer`, `value`, `words` | judge and type cells |
//! | `cells` | what is kept of a row, and the texts of a block's rows |
//! | `ledger` | takes rows in, in order: used or rejected, and the money of both |
//! | `invoices`, `requests`, `decisions` | judge keys and references, each for its table |
//! | `hold` | finds what rejected rows hold back |
//! | `sums` | adds money up |
//! | `zeros` | finds ids that differ only in zeros at their beginning |
//! | `divide`, `links`, `part`, `spool` | read exports larger than memory part by part |
//! | `index` | finds the rows on which one case can depend, and reads these alone |
//!
//! Nothing is lost on the way: every row is used or rejected, and a file that cannot be cut into rows with certainty is
//! refused. The result does not depend on the number of threads or on where blocks end.

mod block;
mod cells;
mod cut;
mod decisions;
mod divide;
pub(crate) mod encoded;
mod file;
mod header;
mod hold;
mod index;
pub(crate) mod input;
mod invoices;
mod ledger;
mod links;
pub(crate) mod packed;
mod parquet;
mod part;
pub(crate) mod quotes;
mod raw;
mod requests;
mod row;
mod split;
mod spool;
mod sums;
mod texts;
mod typer;
pub mod value;
mod words;
mod zeros;

use crate::column::{Columns, Table};
use crate::record::{Books, Export, ExportFile, MoneySplit, Reconciliation, Request, Sources, Vocabulary};
use crate::text::{Sym, Texts};
use decisions::DecisionBook;
pub use divide::{DivideOptions, Division, divide};
use file::{Intake, Setting, read_file};
use header::Plan;
pub use index::{Index, index};
use input::Refused;
use invoices::InvoiceBook;
use ledger::{Judge, Ledger, Shared};
use rayon::prelude::*;
use requests::RequestBook;
pub(crate) use row::Fault;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;
use sums::Sums;
use words::Words;

/// Why the exports cannot be audited at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", listed(.problems))]
pub struct ReadError {
    /// Every problem found, in the order of files.
    pub problems: Vec<Problem>,
}

/// Why divided exports cannot be audited.
#[derive(Debug, thiserror::Error)]
pub enum DivideError {
    /// The exports cannot be used.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The folder for the parts cannot be used.
    #[error("the parts of the exports cannot be written or read: {0}")]
    Disk(#[from] std::io::Error),
}

/// Something in an export that ends the run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file, as it is named in results.
    pub file: String,
    /// The physical line, the first being 1.
    pub line: Option<u64>,
    /// The column, by its name or number.
    pub column: Option<String>,
    /// What is wrong.
    pub what: String,
    /// How to mend it.
    pub help: String,
}

impl Problem {
    pub(crate) fn of_file(file: &str, what: &str, help: &str) -> Problem {
        let (file, what, help) = (file.to_owned(), what.to_owned(), help.to_owned());
        Problem { file, line: None, column: None, what, help }
    }

    pub(crate) fn at_line(file: &str, line: u64, what: &str, help: &str) -> Problem {
        Problem { line: Some(line), ..Problem::of_file(file, what, help) }
    }

    /// A file that cannot be read.
    pub(crate) fn unreadable(name: &str, error: &std::io::Error) -> Problem {
        if let Some(Refused { what, help }) = error.get_ref().and_then(|source| source.downcast_ref()) {
            return Problem::of_file(name, what, help);
        }
        let help = "check the path and the permission to read it";
        Problem::of_file(name, &format!("the file cannot be read: {error}"), help)
    }

    /// The money of a table adds up to more than can be told exactly.
    pub fn too_large(table: Table, currency: &str) -> Problem {
        let what = format!("the sum of amounts in `{currency}` has more than 28 digits");
        Problem::of_file(table.name(), &what, "check the amounts: the largest are not plausible")
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{}", self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        write!(f, ": {}\n  help: {}", self.what, self.help)
    }
}

fn listed(problems: &[Problem]) -> String {
    problems.iter().map(Problem::to_string).collect::<Vec<_>>().join("\n")
}

/// How much is read, and parsed, at a time.
#[derive(Clone, Copy, Debug)]
struct Sizes {
    window: usize,
    block: usize,
}

impl Sizes {
    fn of_this_machine() -> Sizes {
        let block = 256 << 10;
        Sizes { window: block * 8 * rayon::current_num_threads().max(2), block }
    }

    /// Those of this machine, or smaller ones so that a window takes no more than so many bytes.
    fn within(bytes: usize) -> Sizes {
        let usual = Sizes::of_this_machine();
        let window = usual.window.min(bytes.max(1 << 20));
        Sizes { window, block: usual.block.min(window / 8) }
    }
}

/// Reads all exports, judges every row usable or not, and joins them. `texts` are those of the policies, which the
/// exports' are added to; `progress` is told how many further bytes were read.
pub fn read(
    sources: &Sources,
    vocabulary: &Vocabulary,
    texts: Texts,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Books, ReadError> {
    read_in_pieces(sources, vocabulary, texts, progress, Sizes::of_this_machine())
}

fn read_in_pieces(
    sources: &Sources,
    vocabulary: &Vocabulary,
    texts: Texts,
    progress: &(dyn Fn(u64) + Sync),
    sizes: Sizes,
) -> Result<Books, ReadError> {
    let words = Words::new(vocabulary);
    let setting = Setting { words: &words, sizes, progress, keeps_spans: false };
    let mut shared = Shared::new(texts);
    shared.files = files(sources);
    join_tables(vocabulary, shared, &mut Files(setting))
}

/// Where the rows of the tables come from.
trait Tables {
    /// Reads a table, and returns its sums of money. Problems go to what is shared.
    fn read<J: Judge>(&mut self, table: Table, judge: &mut J, shared: &mut Shared) -> Vec<MoneySplit>;
}

/// Judges every row of the tables usable or not, and joins them.
fn join_tables(vocabulary: &Vocabulary, mut shared: Shared, tables: &mut impl Tables) -> Result<Books, ReadError> {
    let mut invoices = InvoiceBook::new(vocabulary);
    let invoiced = tables.read(Table::Invoices, &mut invoices, &mut shared);
    invoices.group();
    let mut requests = RequestBook::new(invoices);
    tables.read(Table::Requests, &mut requests, &mut shared);
    requests.settle(&mut shared);
    let mut decisions = DecisionBook::new(requests);
    let refunded = tables.read(Table::Decisions, &mut decisions, &mut shared);
    decisions.group();
    if shared.problems.is_empty() {
        Ok(books(decisions, shared, Reconciliation { invoiced, refunded }))
    } else {
        Err(ReadError { problems: shared.problems })
    }
}

/// The files to read, in order. One is named by its file name, or by its path where another has the same name.
fn files(sources: &Sources) -> Vec<ExportFile> {
    let short = |path: &Path| path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    // One file may feed several tables.
    let paths: BTreeSet<&Path> = sources.all().map(|(_, export)| export.path.as_path()).collect();
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for path in paths {
        *counts.entry(short(path)).or_default() += 1;
    }
    let name = |path: &Path| {
        let short = short(path);
        if counts.get(&short) == Some(&1) { short } else { path.display().to_string() }
    };
    let file = |(table, export): (Table, &Export)| ExportFile {
        table,
        name: name(&export.path),
        path: export.path.clone(),
        columns: Columns::NONE,
        header: Vec::new(),
        rows_read: 0,
        rows_used: 0,
        left_out: BTreeMap::new(),
        source: export.source.clone(),
        marks: Vec::new(),
        bytes: 0,
        sha256: String::new(),
    };
    sources.all().map(file).collect()
}

/// The exports themselves.
struct Files<'a>(Setting<'a>);

impl Tables for Files<'_> {
    fn read<J: Judge>(&mut self, table: Table, judge: &mut J, shared: &mut Shared) -> Vec<MoneySplit> {
        let mut ledger = Ledger::new(judge, shared);
        let read = read_files(table, &mut ledger, &self.0);
        let sums = std::mem::take(&mut ledger.sums);
        shared.problems.extend(read.into_iter().flat_map(|(_, read)| read.err().unwrap_or_default()));
        finish(table, sums, shared)
    }
}

/// Reads a table's files, and tells of each how its rows are to be read, or its problems.
fn read_files<'a, I: Intake>(
    table: Table,
    intake: &mut I,
    setting: &Setting<'a>,
) -> Vec<(usize, Result<Plan<'a>, Vec<Problem>>)> {
    let files = intake.files().iter().enumerate();
    let numbers: Vec<usize> = files.filter(|(_, file)| file.table == table).map(|(number, _)| number).collect();
    if numbers.is_empty() {
        let help = format!("name at least one file of {}", table.name());
        return vec![(0, Err(vec![Problem::of_file(table.name(), "there is no export of this table", &help)]))];
    }
    let too_many = || Problem::of_file(table.name(), "there are more than 65,536 files", "join some of them");
    let read = |number: usize| match u16::try_from(number) {
        Ok(number) => read_file(number, setting, intake),
        Err(_) => Err(vec![too_many()]),
    };
    numbers.iter().copied().zip(numbers.iter().copied().map(read)).collect()
}

/// A table's sums of money; those too large are problems.
fn finish(table: Table, sums: Sums, shared: &mut Shared) -> Vec<MoneySplit> {
    sums.finish().unwrap_or_else(|codes| {
        shared.problems.extend(codes.into_iter().map(|code| Problem::too_large(table, code)));
        Vec::new()
    })
}

fn books(mut decisions: DecisionBook, shared: Shared, reconciliation: Reconciliation) -> Books {
    let Shared { mut files, texts, aside, mut rejects, .. } = shared;
    let held_back = hold::hold_back(&mut decisions, &texts);
    let requests = decisions.requests;
    let (children, children_of) = families(&requests.requests);
    rejects.sort();
    for file in &mut files {
        file.rows_used = file.rows_read - file.left_out.values().sum::<u64>();
    }
    for reject in &rejects {
        if let Some(file) = files.get_mut(usize::from(reject.place.file)) {
            file.rows_used -= 1;
        }
    }
    Books {
        files,
        texts,
        wide: aside.wide,
        lines: requests.invoices.lines,
        invoices: requests.invoices.invoices,
        requests: requests.requests,
        decisions: decisions.decisions,
        seldom: aside.seldom,
        by_invoice: requests.by_invoice,
        by_request: decisions.by_request,
        children,
        children_of,
        rejects,
        held_back,
        cases: requests.cases.len() as u64,
        reconciliation,
    }
}

/// The requests that name a parent, grouped by it and in the order of their rows; and where each group lies.
fn families(requests: &[Request]) -> (Vec<u32>, Vec<(Sym, u32, u32)>) {
    let with_parent = requests.par_iter().enumerate().filter(|(_, request)| !request.parent.is_blank());
    let mut children: Vec<(Sym, u32, &Request)> =
        with_parent.map(|(at, request)| (request.parent, at as u32, request)).collect();
    children.sort_by_key(|(parent, _, request)| (parent.index(), request.place));
    let mut groups: Vec<(Sym, u32, u32)> = Vec::new();
    for (at, (parent, ..)) in (0_u32..).zip(&children) {
        match groups.last_mut() {
            Some((last, _, end)) if last == parent => *end = at + 1,
            _ => groups.push((*parent, at, at + 1)),
        }
    }
    (children.into_iter().map(|(_, at, _)| at).collect(), groups)
}

#[cfg(test)]
mod tests;
