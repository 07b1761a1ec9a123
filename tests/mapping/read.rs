//! Exports read through a mapping by the library, and shown in a line a row.

use reperform::audit::{Options, audit};
use reperform::column::{AmountColumn, Table};
use reperform::divided::{self, Asked};
use reperform::document;
use reperform::explain::Workings;
use reperform::export::ReadError;
use reperform::mapping::{mapping, prepare};
use reperform::policy::{Catalogue, shipped, word};
use reperform::record::{Books, Place, Sources};
use reperform::report::folder::Folder;
use reperform::report::format::Format;
use reperform::report::{Results, files};
use reperform::time::Zone;
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

pub static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| Catalogue::of(shipped()).unwrap());

const FILES: [&str; 4] = ["findings.csv", "findings.jsonl", "rejects.csv", "held_back.csv"];

/// The tables that a test does not map.
const INVOICES: &str = "invoice_id,line,account_id,policy,invoice_date,currency,amount,category\nI,1,A,opust,2026-01-02,EUR,100.00,other\n";
const REQUESTS: &str = "request_id,account_id,invoice_id,kind,submitted_at\nQ,A,I,refund,2026-01-05\n";
const DECISIONS: &str = "decision_id,request_id,outcome\n";

/// Reads files through a mapping, and shows what came of every row of the tables that it maps: rows used, rows rejected, rows
/// left out; or why the exports are refused. The same must come of them when they are divided.
pub fn shown(mapping_text: &str, files: &[(&str, &[u8])]) -> String {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        fs::write(folder.path().join(name), bytes).unwrap();
    }
    match sources(mapping_text, folder.path()).and_then(|sources| Ok((books(&sources)?, sources))) {
        Err(error) => format!("refused: {}\n", error.to_string().replace(&folder.path().display().to_string(), "DIR")),
        Ok((books, sources)) => {
            same_in_parts(&sources);
            show(&books)
        }
    }
}

/// The files that a mapping reads in a folder, and canonical ones of the other tables.
pub fn sources(text: &str, folder: &Path) -> Result<Sources, ReadError> {
    let document = document::Source { name: "mapping.toml".to_owned(), text: text.to_owned() };
    let valid = mapping(&document).unwrap_or_else(|problems| panic!("{problems:?}\n{text}"));
    let mut sources = prepare(valid, folder, &Sources::default()).map_err(|problems| ReadError { problems })?;
    let canonical = Sources::canonical(folder);
    let texts = [INVOICES, REQUESTS, DECISIONS];
    for (table, text) in Table::ALL.into_iter().zip(texts) {
        if sources.of(table).is_empty() {
            let path = &canonical.of(table)[0].path;
            if !path.exists() {
                fs::write(path, text).unwrap();
            }
            sources.of_mut(table).extend_from_slice(canonical.of(table));
        }
    }
    Ok(sources)
}

fn books(sources: &Sources) -> Result<Books, ReadError> {
    reperform::export::read(sources, &CATALOGUE.reading_vocabulary(), word::texts_with_words(), &|_| {})
}

/// Exports audited part by part give what they give in one piece.
pub fn same_in_parts(sources: &Sources) {
    let books = books(sources).unwrap();
    let options = Options { include_indeterminate: true, ..Options::default() };
    let report = audit(&CATALOGUE, &books, &options, &|_| {}).unwrap();
    let results = Results { catalogue: &CATALOGUE, books: &books, report: &report };
    let target = tempfile::tempdir().unwrap();
    let mut folder = Folder::begin(&target.path().join("out"), false).unwrap();
    let formats = [Format::Csv, Format::Jsonl];
    let workings = Workings::of(&CATALOGUE, &books, &options, report.as_of);
    files::write(results, &workings, &formats, &mut folder).unwrap();
    let whole = texts(folder);
    let mut folder = Folder::begin(&target.path().join("parts"), false).unwrap();
    let asked = Asked {
        catalogue: &CATALOGUE,
        sources,
        options: &options,
        formats: &formats,
        to_obtain: false,
        parts: 3,
        memory: 1 << 20,
    };
    let (totals, _) = divided::audit(&asked, &mut folder, &|_| {}, &|_| {}).unwrap();
    for (part, file) in totals.files.iter().zip(&books.files) {
        assert_eq!(part.left_out, file.left_out, "{}", file.name);
    }
    assert_eq!(texts(folder), whole);
}

fn texts(folder: Folder) -> Vec<String> {
    let place = folder.finish().unwrap();
    FILES.iter().map(|file| fs::read_to_string(place.join(file)).unwrap()).collect()
}

fn show(books: &Books) -> String {
    let tables: Vec<Table> = books.files.iter().filter(|file| file.source.is_some()).map(|file| file.table).collect();
    let mut rows: Vec<(Table, Place, String)> = Vec::new();
    for invoice in &books.invoices {
        for line in books.lines_of(invoice) {
            let (id, account) = (books.text(invoice.id), books.text(invoice.account));
            let amount = line.amount.value(&books.wide).map_or_else(String::new, |amount| amount.to_string());
            let (day, code, category) = (invoice.date, invoice.currency.code(), books.text(line.category));
            let row = format!("{id}/{} {account} {day} {code} {amount} {category}", books.text(line.line));
            rows.push((Table::Invoices, line.place, row));
        }
    }
    for request in &books.requests {
        let invoice = books.text(books.invoices[request.invoice as usize].id);
        let (id, kind) = (books.text(request.id), books.text(request.kind));
        let asked = books.amount_of(request, AmountColumn::AmountRequested);
        let asked = asked.value(&books.wide).map_or_else(String::new, |amount| format!(" {amount}"));
        let row = format!("{id} {kind} of {invoice} {}{asked}", request.submitted_at.show(Zone::UTC));
        rows.push((Table::Requests, request.place, row));
    }
    for decision in &books.decisions {
        let (id, outcome) = (books.text(decision.id), books.text(decision.outcome));
        let mut row = format!("{id} {outcome}");
        for time in [decision.acknowledged_at, decision.decided_at, decision.processed_at] {
            row += &format!(" [{}]", time.show(Zone::UTC));
        }
        if let Some(refund) = decision.refund_amount.value(&books.wide) {
            row += &format!(" {refund}");
        }
        row += decision.currency.map_or("", |currency| currency.code());
        rows.push((Table::Decisions, decision.place, row));
    }
    for reject in &books.rejects {
        let table = books.files[usize::from(reject.place.file)].table;
        let row = format!("rejected: {} `{}`: {}", reject.column, reject.value, reject.reason);
        rows.push((table, reject.place, row));
    }
    rows.retain(|(table, ..)| tables.contains(table));
    rows.sort_by_key(|(_, place, _)| *place);
    let mut shown = String::new();
    let many = tables.len() > 1;
    for (_, place, row) in rows {
        let file = if many { &books.files[usize::from(place.file)].name } else { "" };
        shown += &format!("{file}{}{}: {row}\n", if many { ":" } else { "" }, place.record);
    }
    for file in &books.files {
        for (why, count) in &file.left_out {
            shown += &format!("left out {count}: {why}\n");
        }
    }
    shown
}
