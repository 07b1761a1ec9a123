//! Bounds hold: where a fact of the quarter is taken away, what it led to lies within what is said to be possible without
//! it, whether its cell is blanked or its column left out.

use reperform::audit::{Options, as_of};
use reperform::bounds::Bound;
use reperform::check::outcome::Verdict;
use reperform::column::{Column, Table};
use reperform::explain::explain;
use reperform::policy::{Catalogue, shipped, word};
use reperform::record::{Books, Sources};
use rust_decimal::Decimal;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use tempfile::TempDir;

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| Catalogue::of(shipped()).unwrap());

/// The cells of a file, the header first.
type Cells = Vec<Vec<String>>;

fn quarter() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/quarter")
}

fn cells(table: Table) -> Cells {
    let path = quarter().join(format!("{}.csv", table.name()));
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_path(path).unwrap();
    reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect()
}

/// The quarter, of which one file can be replaced.
struct Quarter(TempDir);

impl Quarter {
    fn new() -> Quarter {
        let folder = tempfile::tempdir().unwrap();
        for table in Table::ALL {
            let name = format!("{}.csv", table.name());
            fs::copy(quarter().join(&name), folder.path().join(&name)).unwrap();
        }
        Quarter(folder)
    }

    fn with(table: Table, cells: &Cells) -> Quarter {
        let quarter = Quarter::new();
        let path = quarter.0.path().join(format!("{}.csv", table.name()));
        let mut writer = csv::WriterBuilder::new().flexible(true).from_path(path).unwrap();
        cells.iter().for_each(|row| writer.write_record(row).unwrap());
        writer.flush().unwrap();
        quarter
    }

    fn books(&self) -> Books {
        let sources = Sources::canonical(self.0.path());
        let read =
            reperform::export::read(&sources, &CATALOGUE.reading_vocabulary(), word::texts_with_words(), &|_| {});
        read.unwrap()
    }
}

/// By rule, decision row and line: the verdict, the amount, and the bounds.
type Said = BTreeMap<[String; 3], (Option<Verdict>, Option<Decimal>, Vec<Bound>)>;

fn said(books: &Books, options: &Options, case: &str) -> Said {
    let Some(explained) = explain(&CATALOGUE, books, options, case) else { return Said::new() };
    let each = explained.judged.into_iter().map(|judged| {
        let rule = judged.rule.rule.id.clone();
        let ids = judged.finding.as_ref().map(|finding| [finding.decision, finding.line]);
        // Only a rule about decision rows has several outcomes for a case, and it finds something in each.
        let [decision, line] = ids.map_or_else(Default::default, |ids| ids.map(|id| books.text(id).to_owned()));
        let several = rule.contains("decided-twice") || rule.contains("line");
        let key = if several { [rule, decision, line] } else { [rule, String::new(), String::new()] };
        let amount = judged.finding.and_then(|finding| finding.amount);
        (key, (judged.verdict, amount, judged.bounds))
    });
    each.collect()
}

/// The options of the quarter as of the day that its records give.
fn options() -> Options {
    let books = Quarter::new().books();
    let day = as_of(&CATALOGUE, &books, &Options::default()).date;
    Options { as_of: Some(day), include_indeterminate: true, ..Options::default() }
}

/// How many bounds were held against what is known.
#[derive(Default, Debug)]
struct Held {
    bounds: usize,
    settled: usize,
    with_money: usize,
}

impl Held {
    /// Compares what a case comes to with the bounds of a column without which it was judged.
    fn compare(&mut self, what: &str, column: Column, known: &Said, without: &Said) {
        for (key, (verdict, _, bounds)) in without {
            let Some((known, amount, _)) = known.get(key).filter(|_| *verdict == Some(Verdict::Indeterminate)) else {
                continue;
            };
            if *known == Some(Verdict::Indeterminate) {
                continue;
            }
            for bound in bounds.iter().filter(|bound| bound.column == column) {
                self.bounds += 1;
                self.settled += usize::from(bound.settles);
                let case = format!("{what}, {key:?}: {known:?} {amount:?} is not within {bound:?}");
                assert!(bound.verdicts.contains(known), "{case}");
                if let Some(amount) = amount {
                    self.with_money += 1;
                    let range = bound.money.unwrap_or_else(|| panic!("{case}"));
                    assert!(range.least.is_none_or(|least| least <= *amount), "{case}");
                    assert!(range.most.is_none_or(|most| *amount <= most), "{case}");
                }
            }
        }
    }
}

fn at(header: &[String], column: Column) -> Option<usize> {
    header.iter().position(|name| name == column.name())
}

fn optional() -> impl Iterator<Item = Column> {
    Column::ALL.iter().copied().filter(|column| !column.required())
}

/// At most so many of them, spread over all.
fn some<T: Clone>(all: &[T], most: usize) -> Vec<T> {
    all.iter().step_by(all.len().div_ceil(most).max(1)).cloned().collect()
}

#[test]
fn what_a_blanked_cell_led_to_lies_within_the_bounds() {
    let (options, full) = (options(), Quarter::new().books());
    let mut held = Held::default();
    for column in optional() {
        let table = column.table();
        let all = cells(table);
        let Some(place) = at(&all[0], column) else { continue };
        let filled: Vec<usize> =
            (1..all.len()).filter(|row| all[*row].get(place).is_some_and(|cell| !cell.is_empty())).collect();
        for row in some(&filled, 6) {
            let mut blanked = all.clone();
            blanked[row][place].clear();
            let books = Quarter::with(table, &blanked).books();
            let id = |name: &str| all[row][all[0].iter().position(|n| n == name).unwrap()].clone();
            let cases: Vec<String> = match table {
                Table::Invoices => full
                    .requests
                    .iter()
                    .filter(|r| full.text(full.invoices[r.invoice as usize].id) == id("invoice_id"))
                    .map(|r| full.text(r.id).to_owned())
                    .collect(),
                Table::Requests | Table::Decisions => vec![id("request_id")],
            };
            for case in cases {
                let what = format!("{case} without {} in row {row}", column.name());
                held.compare(&what, column, &said(&full, &options, &case), &said(&books, &options, &case));
            }
        }
    }
    assert!(held.bounds > 20 && held.settled > 10, "{held:?}");
}

#[test]
fn what_a_column_left_out_led_to_lies_within_the_bounds() {
    let (options, full) = (options(), Quarter::new().books());
    let mut held = Held::default();
    let cases: Vec<String> = full.requests.iter().map(|request| full.text(request.id).to_owned()).collect();
    let cases: Vec<String> = some(&cases, 70);
    let known: Vec<Said> = cases.iter().map(|case| said(&full, &options, case)).collect();
    for column in optional() {
        let mut left = cells(column.table());
        let Some(place) = at(&left[0], column) else { continue };
        left.iter_mut().filter(|row| row.len() > place).for_each(|row| drop(row.remove(place)));
        let books = Quarter::with(column.table(), &left).books();
        for (case, known) in cases.iter().zip(&known) {
            held.compare(&format!("{case} without {}", column.name()), column, known, &said(&books, &options, case));
        }
    }
    assert!(held.bounds > 200 && held.settled > 100 && held.with_money > 5, "{held:?}");
}
