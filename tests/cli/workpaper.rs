//! `workpaper.xlsx`, read back by another library: its cells are those of the CSV files, as numbers and dates where they
//! are such.

use crate::books::{Desk, Exports};
use calamine::{Data, DataType, Reader, Xlsx, open_workbook};
use std::fs;

type Sheet = Vec<Vec<Data>>;

fn names(desk: &Desk) -> Vec<String> {
    open_workbook::<Xlsx<_>, _>(desk.path("out/workpaper.xlsx")).unwrap().sheet_names()
}

fn sheet(desk: &Desk, name: &str) -> Sheet {
    let mut book: Xlsx<_> = open_workbook(desk.path("out/workpaper.xlsx")).unwrap();
    let range = book.worksheet_range(name).unwrap();
    range.rows().map(<[Data]>::to_vec).collect()
}

fn csv(desk: &Desk, name: &str) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_path(desk.path("out").join(name)).unwrap();
    reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect()
}

/// Whether a cell of the workbook is a cell of a CSV file: the same value in the type of its column.
fn is_same(column: &str, data: &Data, text: &str) -> bool {
    match data {
        Data::Empty => text.is_empty(),
        // `'` before what would be run as a formula is needed in CSV alone.
        Data::String(string) => string == text || text.strip_prefix('\'') == Some(string),
        Data::Float(number) => {
            let is_number = !["invoice_id", "line", "request_id", "value"].contains(&column) || column == "line";
            is_number && text.parse() == Ok(*number)
        }
        Data::DateTime(day) => {
            let day = chrono::NaiveDate::from_ymd_opt(1899, 12, 30).unwrap() + chrono::Days::new(day.as_f64() as u64);
            column == "date" && day.to_string() == text
        }
        _ => false,
    }
}

fn assert_same(desk: &Desk, name: &str, file: &str) {
    let (sheet, csv) = (sheet(desk, name), csv(desk, file));
    assert_eq!(sheet.len(), csv.len(), "{name}");
    assert!(csv.len() > 1, "{file} has no row");
    let header = &csv[0];
    for (cells, texts) in sheet.iter().zip(&csv) {
        for (at, text) in texts.iter().enumerate() {
            let cell = cells.get(at).unwrap_or(&Data::Empty);
            assert!(is_same(&header[at], cell, text), "{name}, {}: {cell:?} is not {text:?}", header[at]);
        }
    }
}

fn hostile() -> Exports {
    let mut exports = Exports::faulty().case("K", "gift_card", "7", "2026-03-09", "7");
    let texts = ["=cmd|' /C calc'!A0", "+SUM(1)", "@x", "-1+1", "</t></is></c>", "_x0041_", "]]>&amp;", " blanks "];
    for (number, text) in texts.into_iter().enumerate() {
        exports = exports.case(&format!("N{number}"), "gift_card", "5.50", "2026-03-02", "5.50");
        exports.decisions = exports.decisions.replace(&format!("agent-1,T-N{number}\n"), &format!("\"{text}\",\n"));
    }
    exports.requests += "BAD,ACC,INV-A,,refund,=1+1,\n";
    exports.requests += "BAD2,ACC,INV-B,,refund,</script>,\n";
    exports
}

#[test]
fn the_sheets_are_the_files_cell_by_cell() {
    let desk = Desk::with(&hostile());
    desk.audit(&["--include", "indeterminate"]).code(3);
    assert_eq!(
        names(&desk),
        ["Summary", "Findings", "Coverage", "Rejects", "Held back", "Method", "Sign-off"].map(str::to_owned)
    );
    assert_same(&desk, "Findings", "findings.csv");
    assert_same(&desk, "Coverage", "coverage.csv");
    assert_same(&desk, "Rejects", "rejects.csv");
    assert_same(&desk, "Held back", "held_back.csv");
}

#[test]
fn amounts_days_and_dates_are_no_text() {
    let desk = Desk::with(&Exports::faulty());
    desk.audit(&["--select", "acme"]).code(1);
    let rows = sheet(&desk, "Findings");
    let column = |name: &str| rows[0].iter().position(|cell| *cell == name).unwrap();
    assert!(rows[1..].iter().all(|row| matches!(row[column("date")], Data::DateTime(_))));
    let numbers = |name: &str| rows[1..].iter().filter_map(|row| row[column(name)].get_float()).collect::<Vec<_>>();
    assert_eq!(numbers("amount"), [50.0, -6.0]);
    assert_eq!(numbers("days_late"), [5.0]);
    assert!(rows[1..].iter().all(|row| matches!(row[column("request_id")], Data::String(_) | Data::Empty)));
}

#[test]
fn what_a_cell_cannot_hold_is_written_out_or_cut() {
    let mut exports = Exports::faulty();
    let long = "x".repeat(40_000);
    exports.decisions = exports.decisions.replace("agent-1,T-C", "\"a\u{1}b\u{202e}c\",T-C");
    exports.decisions = exports.decisions.replace("agent-1,T-D", &format!("{long},T-D"));
    let desk = Desk::with(&exports);
    desk.audit(&["--select", "acme"]).code(1);
    let findings = sheet(&desk, "Findings");
    let shows = |text: &str| findings.iter().flatten().any(|cell| *cell == text);
    assert!(shows("a\\u{1}b\\u{202e}c"));
    assert!(desk.rows("findings.csv").iter().any(|row| row["decided_by"] == long));
    let is_cut = |cell: &&Data| {
        let text = cell.to_string();
        text.starts_with("xxx") && text.ends_with("… [cut here: the whole text has 40,000 characters]")
    };
    assert_eq!(findings.iter().flatten().filter(is_cut).count(), 1);
}

#[test]
fn the_sign_off_has_every_rule_and_room_for_a_conclusion() {
    let desk = Desk::with(&Exports::faulty());
    desk.audit(&["--select", "acme"]).code(1);
    let sheet = sheet(&desk, "Sign-off");
    for name in ["Prepared by", "Reviewed by", "Date", "acme.1-answer", "acme.2-gift-cards", "acme.3-price"] {
        assert!(sheet.iter().any(|row| row[0] == *name), "{name}");
    }
    let summary = self::sheet(&desk, "Summary");
    assert!(summary.iter().flatten().any(|cell| *cell == "USD"));
}

/// The rows of the summary's list that begins with a heading, up to the empty row after it.
fn list(summary: &Sheet, heading: &str) -> Vec<Vec<String>> {
    let texts = summary.iter().map(|row| row.iter().map(Data::to_string).collect::<Vec<_>>());
    let list = texts.skip_while(|row| row[0] != heading).take_while(|row| !row[0].is_empty());
    list.collect()
}

#[test]
fn rows_that_a_mapping_leaves_out_are_counted_so_that_the_rows_add_up() {
    let desk = Desk::with(&Exports::faulty());
    let fixture = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/mappings/paypal");
    desk.run(&["audit", fixture, "--mapping", "paypal", "--out", "out", "--quiet"]).code(3);
    let (summary, json) = (sheet(&desk, "Summary"), desk.json("summary.json"));
    let files = list(&summary, "File");
    assert_eq!(files[0][..5], ["File", "Rows read", "Used", "Rejected", "Left out"]);
    assert_eq!(files.len() - 1, json["files"].as_array().unwrap().len());
    let number = |text: &String| text.parse::<u64>().unwrap();
    let mut left_out = 0;
    for file in &files[1..] {
        assert_eq!(number(&file[1]), file[2..5].iter().map(number).sum::<u64>(), "{file:?}");
        left_out += number(&file[4]);
    }
    let why = list(&summary, "Rows that the mapping left out");
    assert_eq!(why[1..].iter().map(|row| number(&row[1])).sum::<u64>(), left_out);
    assert!(left_out > 0 && why[1..].iter().all(|row| !row[2].is_empty()), "{why:?}");

    desk.audit(&["--force"]).code(1);
    assert_eq!(list(&sheet(&desk, "Summary"), "File")[0][3..5], ["Rejected", ""]);
}

#[test]
fn two_runs_give_the_same_bytes() {
    let runs = [(); 2].map(|()| {
        let desk = Desk::with(&hostile());
        desk.audit(&[]).code(3);
        fs::read(desk.path("out/workpaper.xlsx")).unwrap()
    });
    assert!(runs[0] == runs[1]);
}
