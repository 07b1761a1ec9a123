//! An index of exports, made in one pass that types nothing but days: which row bears which ids, and where it lies. By it
//! the rows are read on which one case can depend, and no others.
//!
//! What one row says of another stays among rows that ids link, as [`super::divide`] has it: the lines of an invoice, the
//! requests about it, those that they go back to or that go back to them, the decisions on all of these, and whatever else
//! bears an id of theirs. The books of all rows that are linked with a case therefore say of it what the books of all rows
//! do. Hashes stand for ids here: where two collide, more is read than need be, never less.
//!
//! An index has no words for people. Where anything is not as usual there is none, and whoever asked for it reads
//! everything, which then tells.

use super::block::{Fields, parse_records, walk};
use super::cells::Record;
use super::decisions::DecisionRow;
use super::divide::{Sort, hash};
use super::file::{Setting, Source, read_on};
use super::header::{Orders, Plan};
use super::invoices::InvoiceRow;
use super::ledger::{Judge, Ledger, Shared};
use super::requests::RequestRow;
use super::sums::Width;
use super::value::{self, trimmed};
use super::words::Words;
use super::{Sizes, Tables, files, finish, join_tables};
use crate::column::{Column, Table};
use crate::mapping::row::Row as _;
use crate::record::{Books, ExportFile, MoneySplit, Place, Sources, Vocabulary};
use crate::text::Texts;
use crate::time::{Form, Zone};
use foldhash::fast::FixedState;
use hashbrown::HashSet;
use rayon::prelude::*;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

/// Exports of which it is known where the rows lie that bear an id.
pub struct Index<'a> {
    vocabulary: &'a Vocabulary,
    files: Vec<ExportFile>,
    /// The rows of each of these.
    rows: Vec<FileRows<'a>>,
}

/// The rows of a file.
struct FileRows<'a> {
    number: u16,
    plan: Plan<'a>,
    rows: Vec<Row>,
    /// Where the last one ends.
    end: u64,
}

/// What is known of a row.
struct Row {
    /// Its first byte.
    at: u64,
    /// The physical line on which it begins.
    line: u64,
    /// The hashes of its ids; 0 where there is none.
    ids: [u64; 3],
    /// Later than on this day, in days since 1970, nothing in it happened; [`NEVER`] if nothing did at all.
    latest: i64,
}

const NEVER: i64 = i64::MIN;

/// The hashes of ids.
type Linked = HashSet<u64, FixedState>;

/// How many bytes of a file are looked at at a time: few enough to stay in the processor's cache.
const WINDOW: usize = 256 << 10;
/// A record that is not whole within so many bytes is not as usual. With each window it is looked at from its beginning.
const LONGEST: usize = 1 << 20;

/// Indexes exports and hands the index over. `None` if that gives `None`, or if the exports are not plain files in the
/// canonical form, or if they would be refused. `progress` is told how many further bytes were read.
pub fn index<T>(
    sources: &Sources,
    vocabulary: &Vocabulary,
    progress: &(dyn Fn(u64) + Sync),
    with: impl FnOnce(&Index<'_>) -> Option<T>,
) -> Option<T> {
    index_in_pieces(sources, vocabulary, progress, WINDOW, with)
}

pub(super) fn index_in_pieces<T>(
    sources: &Sources,
    vocabulary: &Vocabulary,
    progress: &(dyn Fn(u64) + Sync),
    window: usize,
    with: impl FnOnce(&Index<'_>) -> Option<T>,
) -> Option<T> {
    let (words, sizes) = (Words::new(vocabulary), Sizes { window, block: window });
    let setting = Setting { words: &words, sizes, progress, keeps_spans: false };
    let mut files = files(sources);
    let of_table = |table: Table| rows_of_table(table, &files, &setting);
    let tables: Vec<Option<Vec<FileRows<'_>>>> = Table::ALL.into_par_iter().map(of_table).collect();
    let rows: Vec<FileRows<'_>> = tables.into_iter().collect::<Option<Vec<_>>>()?.into_iter().flatten().collect();
    for (file, rows) in files.iter_mut().zip(&rows) {
        (file.columns, file.header) = (rows.plan.set, rows.plan.header.clone());
    }
    with(&Index { vocabulary, files, rows })
}

impl Index<'_> {
    /// The latest day of any row that is earlier than another, in days since 1970: in no zone did anything in the row
    /// happen later.
    pub fn latest(&self, before: i64) -> Option<i64> {
        let days = self.all_rows().map(|row| row.latest);
        days.filter(|day| *day != NEVER && *day < before).max()
    }

    /// The books of all rows that are linked with a case, or with any row of a day or of a later one. `None` if they are
    /// many, or cannot be read.
    pub fn read(&self, case: &str, from: Option<i64>, texts: Texts) -> Option<Books> {
        let linked = self.linked(case, from);
        let picked: Vec<Vec<Picked>> = self.rows.par_iter().map(|file| file.pick(&linked)).collect();
        if picked.iter().map(Vec::len).sum::<usize>() > MOST_PICKED {
            return None;
        }
        let mut shared = Shared::new(texts);
        shared.files.clone_from(&self.files);
        for (file, picked) in shared.files.iter_mut().zip(&picked) {
            file.rows_read = picked.len() as u64;
            file.marks = picked.iter().map(|row| (row.place.record - 1, row.at)).collect();
        }
        let mut tables = Reader { index: self, picked, failed: None };
        let books = join_tables(self.vocabulary, shared, &mut tables).ok()?;
        tables.failed.is_none().then_some(books)
    }

    fn all_rows(&self) -> impl ParallelIterator<Item = &Row> {
        self.rows.par_iter().flat_map(|file| &file.rows)
    }

    /// The ids that are linked with a case's, or with those of any row of a day or of a later one.
    fn linked(&self, case: &str, from: Option<i64>) -> Linked {
        let late = self.all_rows().filter(|row| from.is_some_and(|from| row.latest >= from));
        let late: Vec<u64> = late.flat_map_iter(Row::ids).collect();
        let mut linked: Linked = late.into_iter().chain([hash(Sort::Request, case.trim())]).collect();
        loop {
            let rows = self.all_rows().filter(|row| row.is_among(&linked));
            let new: Vec<u64> = rows.flat_map_iter(Row::ids).filter(|id| !linked.contains(id)).collect();
            if new.is_empty() {
                return linked;
            }
            linked.extend(new);
        }
    }
}

impl Row {
    fn ids(&self) -> impl Iterator<Item = u64> {
        self.ids.into_iter().filter(|id| *id != 0)
    }

    fn is_among(&self, linked: &Linked) -> bool {
        self.ids().any(|id| linked.contains(&id))
    }
}

/// A row that is to be read.
struct Picked {
    place: Place,
    line: u64,
    at: u64,
    length: u64,
}

/// More rows than so many are not read as one block: by then, to read everything takes hardly longer.
const MOST_PICKED: usize = 1 << 16;

impl FileRows<'_> {
    /// The rows that bear one of these ids.
    fn pick(&self, linked: &Linked) -> Vec<Picked> {
        let ends = self.rows.iter().skip(1).map(|row| row.at).chain([self.end]);
        let rows = (1..).zip(self.rows.iter().zip(ends)).filter(|(_, (row, _))| row.is_among(linked));
        let pick = |(record, (row, end)): (u32, (&Row, u64))| Picked {
            place: Place { file: self.number, record },
            line: row.line,
            at: row.at,
            length: end - row.at,
        };
        rows.map(pick).collect()
    }
}

/// Reads the rows that were picked from each file.
struct Reader<'i> {
    index: &'i Index<'i>,
    picked: Vec<Vec<Picked>>,
    failed: Option<io::Error>,
}

impl Tables for Reader<'_> {
    fn read<J: Judge>(&mut self, table: Table, judge: &mut J, shared: &mut Shared) -> Vec<MoneySplit> {
        let mut ledger = Ledger::new(judge, shared);
        let files = self.index.files.iter().zip(&self.index.rows).zip(&self.picked);
        for ((file, rows), picked) in files.filter(|((file, _), _)| file.table == table) {
            if let Err(error) = take_in(file, rows, picked, &mut ledger) {
                self.failed.get_or_insert(error);
            }
        }
        let sums = std::mem::take(&mut ledger.sums);
        finish(table, sums, shared)
    }
}

fn take_in<J: Judge>(
    file: &ExportFile,
    rows: &FileRows<'_>,
    picked: &[Picked],
    ledger: &mut Ledger<'_, J>,
) -> io::Result<()> {
    if picked.is_empty() {
        return Ok(());
    }
    let (mut from, mut bytes, mut spans) = (File::open(&file.path)?, Vec::new(), Vec::new());
    for row in picked {
        from.seek(SeekFrom::Start(row.at))?;
        let start = bytes.len();
        (&mut from).take(row.length).read_to_end(&mut bytes)?;
        spans.push(start..bytes.len());
    }
    let cut = spans.into_iter().filter_map(|span| bytes.get(span));
    let block = parse_records(&rows.plan, cut, bytes.len());
    ledger.take_in_placed(vec![block], picked.iter().map(|row| (row.place, row.line))).map_err(io::Error::other)
}

/// The rows of a table's files, in order.
fn rows_of_table<'a>(table: Table, files: &[ExportFile], setting: &Setting<'a>) -> Option<Vec<FileRows<'a>>> {
    let (mut orders, mut width) = (Orders::default(), Width::default());
    let of_table = files.iter().enumerate().filter(|(_, file)| file.table == table);
    let rows = of_table.map(|(number, file)| {
        let number = u16::try_from(number).ok()?;
        match table {
            Table::Invoices => rows_of_file::<InvoiceRow>(number, file, setting, &mut orders, &mut width),
            Table::Requests => rows_of_file::<RequestRow>(number, file, setting, &mut orders, &mut width),
            Table::Decisions => rows_of_file::<DecisionRow>(number, file, setting, &mut orders, &mut width),
        }
    });
    let rows: Vec<FileRows<'_>> = rows.collect::<Option<_>>()?;
    let count: usize = rows.iter().map(|file| file.rows.len()).sum();
    (!rows.is_empty() && width.can_be_added_up(count)).then_some(rows)
}

fn rows_of_file<'a, R: Record>(
    number: u16,
    file: &ExportFile,
    setting: &Setting<'a>,
    orders: &mut Orders,
    width: &mut Width,
) -> Option<FileRows<'a>> {
    // What is no file, such as a pipe, can be read but once.
    let is_file = file.source.is_none() && file.path.metadata().is_ok_and(|data| data.is_file());
    let mut source = is_file.then(|| Source::open(&file.path, &file.name, None, setting))?.ok()?;
    if !source.input.is_file() {
        return None;
    }
    let mut line = 1;
    let plan = source.header(file.table, &mut line, orders).ok()?;
    let (mut scan, mut spare) = (Scan::of(&plan, file.table, line, width), Vec::new());
    loop {
        let end = scan.window::<R>(source.rest(), source.before, source.last)?;
        source.pass(end);
        if source.last {
            break;
        }
        if source.rest().len() > LONGEST {
            return None;
        }
        let read = read_on(&mut source.input, &mut spare, setting.sizes.window).ok()?;
        spare = source.take_up(spare, read);
    }
    let rows = scan.rows;
    u32::try_from(rows.len()).ok()?;
    Some(FileRows { number, rows, end: source.before, plan })
}

/// The columns of a table by whose ids rows are linked.
fn linking(table: Table) -> &'static [(Column, Sort)] {
    match table {
        Table::Invoices => &[(Column::InvoiceId, Sort::Invoice)],
        Table::Requests => &[
            (Column::RequestId, Sort::Request),
            (Column::RequestInvoiceId, Sort::Invoice),
            (Column::ParentRequestId, Sort::Request),
        ],
        Table::Decisions => &[(Column::DecisionId, Sort::Decision), (Column::DecisionRequestId, Sort::Request)],
    }
}

/// Those from which the as-of date can come: see [`Record::latest`].
fn dating(table: Table) -> &'static [Column] {
    match table {
        Table::Invoices => &[],
        Table::Requests => &[Column::SubmittedAt],
        Table::Decisions => &[Column::AcknowledgedAt, Column::DecidedAt, Column::ProcessedAt, Column::ReceivedAt],
    }
}

/// That of which the sum is told: see [`Record::money`].
fn added_up(table: Table) -> Option<Column> {
    match table {
        Table::Invoices => Some(Column::Amount),
        Table::Requests => None,
        Table::Decisions => Some(Column::RefundAmount),
    }
}

/// A file's rows as they are found.
struct Scan<'s, 'a> {
    plan: &'s Plan<'a>,
    /// Where in a row the ids stand, and of which sort they are.
    ids: Vec<(usize, Sort)>,
    times: Vec<usize>,
    amount: Option<usize>,
    width: &'s mut Width,
    line: u64,
    rows: Vec<Row>,
}

impl<'s, 'a> Scan<'s, 'a> {
    fn of(plan: &'s Plan<'a>, table: Table, line: u64, width: &'s mut Width) -> Scan<'s, 'a> {
        let place = |column: Column| plan.tasks.iter().position(|task| task.is_some_and(|task| task.column == column));
        let ids = linking(table).iter().filter_map(|(column, sort)| Some((place(*column)?, *sort))).collect();
        let times = dating(table).iter().copied().filter_map(place).collect();
        Scan { plan, ids, times, amount: added_up(table).and_then(place), width, line, rows: Vec::new() }
    }

    /// Finds the rows of a window up to the last whole one, and tells where that ends; `None` if a quote damages them.
    /// `before` is how many bytes of the file precede the window.
    fn window<R: Record>(&mut self, bytes: &[u8], before: u64, last: bool) -> Option<usize> {
        let (plan, line) = (self.plan, self.line);
        let walked = walk::<R>(plan, bytes, 0..bytes.len(), last, |fields, span, lines| {
            self.row(fields, before + span.start as u64, line + lines as u64);
        });
        self.line += walked.lines as u64;
        walked.damage.is_none().then_some(walked.end)
    }

    fn row(&mut self, fields: Fields<'_>, at: u64, line: u64) {
        let cell = |place: usize| {
            let cell = fields.cell(place);
            let (from, to) = trimmed(cell);
            cell.get(from..to).unwrap_or_default()
        };
        let mut ids = [0; 3];
        for (id, (place, sort)) in ids.iter_mut().zip(&self.ids) {
            *id = std::str::from_utf8(cell(*place)).map_or(0, |text| hash(*sort, text));
        }
        let latest = self.times.iter().filter_map(|place| latest_day(cell(*place))).max();
        if let Some(place) = self.amount {
            self.width.add(cell(place));
        }
        self.rows.push(Row { at, line, ids, latest: latest.unwrap_or(NEVER) });
    }
}

/// The latest day on which a time can fall in any zone.
fn latest_day(cell: &[u8]) -> Option<i64> {
    let time = value::time(cell)?;
    let day = time.day_number(Zone::UTC)?;
    Some(if time.form() == Some(Form::Instant) { day + 1 } else { day })
}
