//! Exports as Parquet: what they give is what the same rows give as CSV.

use crate::books::{Desk, Exports, Row, rows, stderr, stdout};
use polars::prelude::{Column, DataFrame, IntoColumn, NamedFrom, ParquetWriter, Series};
use sha2::{Digest, Sha256};
use std::fs;
use std::path::Path;

const TABLES: [&str; 3] = ["invoices", "requests", "decisions"];

/// Writes a CSV file again as Parquet: every column as text, a blank cell as null or as an empty text by turns.
fn to_parquet(csv: &Path, parquet: &Path) {
    let mut reader = csv::Reader::from_path(csv).unwrap();
    let header = reader.headers().unwrap().clone();
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let column = |(at, name): (usize, &str)| -> Column {
        let cell = |(n, row): (usize, &csv::StringRecord)| {
            (!row[at].is_empty() || (n + at).is_multiple_of(2)).then(|| row[at].to_owned())
        };
        Series::new(name.into(), rows.iter().enumerate().map(cell).collect::<Vec<_>>()).into_column()
    };
    let mut frame = DataFrame::new_infer_height(header.iter().enumerate().map(column).collect()).unwrap();
    let file = fs::File::create(parquet).unwrap();
    ParquetWriter::new(file).with_row_group_size(Some(100)).finish(&mut frame).unwrap();
}

/// A desk whose exports are Parquet files.
fn desk(exports: &Exports) -> Desk {
    let desk = Desk::with(exports);
    for table in TABLES {
        let csv = desk.path(&format!("exports/{table}.csv"));
        to_parquet(&csv, &csv.with_extension("parquet"));
        fs::remove_file(csv).unwrap();
    }
    desk
}

/// The rows without the physical line, which a table does not have.
fn without_line(mut rows: Vec<Row>) -> Vec<Row> {
    rows.iter_mut().for_each(|row| drop(row.remove("line")));
    rows
}

#[test]
fn the_shipped_quarter_gives_the_same_in_either_format() {
    let desk = Desk::with(&Exports::empty());
    let quarter = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/quarter");
    for folder in ["csv", "parquet"] {
        fs::create_dir(desk.path(folder)).unwrap();
    }
    for table in TABLES {
        // A table has no rows with too few fields.
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .from_path(quarter.join(table).with_extension("csv"))
            .unwrap();
        let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        let mut writer = csv::Writer::from_path(desk.path(&format!("csv/{table}.csv"))).unwrap();
        rows.iter().filter(|row| row.len() == rows[0].len()).for_each(|row| writer.write_record(row).unwrap());
        drop(writer);
        to_parquet(&desk.path(&format!("csv/{table}.csv")), &desk.path(&format!("parquet/{table}.parquet")));
    }
    for (folder, threads) in [("csv", "2"), ("parquet", "1"), ("parquet", "2")] {
        let arguments =
            ["audit", folder, "--out", "out", "--force", "--threads", threads, "--include", "indeterminate"];
        desk.run(&arguments).code(3);
        fs::rename(desk.path("out"), desk.path(&format!("out-{folder}-{threads}"))).unwrap();
    }
    for threads in [1, 2] {
        let ours = format!("out-parquet-{threads}");
        for name in ["findings.csv", "findings.jsonl", "coverage.csv", "held_back.csv", "summary.json"] {
            let told = desk.text(&format!("{ours}/{name}")).replace(".parquet", ".csv");
            assert!(told == desk.text(&format!("out-csv-2/{name}")), "{name} differs");
        }
        let rejects = rows(&desk.path(&format!("{ours}/rejects.csv")));
        assert!(rejects.iter().all(|row| row["line"].parse() == row["record"].parse::<u32>().map(|n| n + 1)));
        let renamed = rejects
            .into_iter()
            .map(|row| row.into_iter().map(|(column, cell)| (column, cell.replace(".parquet", ".csv"))).collect());
        assert_eq!(without_line(renamed.collect()), without_line(rows(&desk.path("out-csv-2/rejects.csv"))));
        let [of_csv, of_parquet] = ["out-csv-2", &ours].map(|out| {
            let run: serde_json::Value = serde_json::from_str(&desk.text(&format!("{out}/run.json"))).unwrap();
            run["inputs"].as_array().unwrap().clone()
        });
        for (csv, parquet) in of_csv.iter().zip(&of_parquet) {
            for count in ["rows_read", "rows_used", "rows_rejected", "table"] {
                assert_eq!(csv[count], parquet[count]);
            }
            let bytes = fs::read(desk.path(parquet["path"].as_str().unwrap())).unwrap();
            assert_eq!(parquet["bytes"], bytes.len());
            let digest: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(parquet["sha256"].as_str(), Some(digest.as_str()));
        }
    }
}

#[test]
fn texts_that_hold_whole_rows_are_one_cell_and_one_line() {
    let row = "INV-X,1,ACC,acme,2026-02-01,USD,5,other,1,,,card,2026-02-02";
    let mut exports = Exports::clean();
    exports.decisions += &format!("DEC-X,B,approved,2026-03-06,0,,,,\"{row}\n{row}\n\",T\n");
    exports.decisions += "DEC-Y,B,approved,never,0,,,,,T\n";
    let desk = desk(&exports);
    desk.audit(&[]).code(3);
    let rejects = desk.rows("rejects.csv");
    assert_eq!(rejects.len(), 1, "{rejects:?}");
    assert_eq!((rejects[0]["record"].as_str(), rejects[0]["line"].as_str()), ("4", "5"));
}

#[test]
fn whether_a_file_fits_in_memory_is_told_by_its_text() {
    let mut exports = Exports::faulty();
    // Some sixty megabytes of text, which Parquet packs into a few kilobytes.
    let long = "ticket ".repeat(5000);
    for number in 0..1800 {
        let id = format!("N{number}");
        exports = exports.case(&id, "other", "12.50", "2026-03-02", "12.50");
        exports.decisions.truncate(exports.decisions.len() - 1);
        exports.decisions += &format!("{long}\n");
    }
    let desk = desk(&exports);
    assert!(fs::metadata(desk.path("exports/decisions.parquet")).unwrap().len() < 1 << 20);
    let given = ["1GiB", "128MiB"].map(|memory| {
        desk.audit(&["--memory", memory, "--force"]).code(1);
        let parts = desk.json("run.json")["timing"]["parts"].clone();
        (
            parts,
            ["findings.csv", "coverage.csv", "rejects.csv", "summary.json"]
                .map(|name| desk.text(&format!("out/{name}"))),
        )
    });
    assert_eq!(given[0].0, 1);
    assert!(given[1].0.as_u64() > Some(1), "{}", given[1].0);
    assert!(given[0].1 == given[1].1);
}

#[test]
fn a_case_is_explained_from_parquet() {
    let desk = desk(&Exports::faulty());
    let page = stdout(&desk.run(&["explain", "C", "exports", "--policies", "policies"]).code(0));
    assert!(page.contains("requests.parquet:3") && page.contains("ticket T-C"), "{page}");
}

#[test]
fn the_ending_tells_the_format_and_two_exports_are_not_chosen_from() {
    let desk = desk(&Exports::faulty());
    desk.put("exports/requests.csv", &Exports::faulty().requests);
    let said = stderr(&desk.audit(&[]).code(2));
    assert!(said.contains("has both `requests.csv` and `requests.parquet`") && said.contains("`--requests`"), "{said}");

    fs::rename(desk.path("exports/requests.parquet"), desk.path("exports/R.PARQUET")).unwrap();
    desk.audit(&["--requests", "exports/R.PARQUET"]).code(1);
    assert_eq!(desk.rows("findings.csv")[0]["evidence"], "invoices.parquet:3;R.PARQUET:3;decisions.parquet:3");
}

#[test]
fn files_that_cannot_be_read_are_refused_with_a_help() {
    let faults: [(&str, &[u8], [&str; 3]); 3] = [
        (
            "invoices",
            b"invoice_id,line\n",
            ["invoices.parquet", "this is no Parquet file", "let its name end in `.csv`"],
        ),
        ("requests", b"PAR1\x02\0\0\0PAR1", ["requests.parquet", "is damaged", "export the table again"]),
        ("decisions", b"PAR1 and no more", ["decisions.parquet", "is cut short", "copy or export the file again"]),
    ];
    for (table, bytes, says) in faults {
        let desk = desk(&Exports::clean());
        fs::write(desk.path(&format!("exports/{table}.parquet")), bytes).unwrap();
        let said = stderr(&desk.audit(&[]).code(2));
        assert!(says.iter().all(|says| said.contains(says)) && !said.contains("panicked"), "{said}");
    }
    let mut exports = Exports::clean();
    exports.invoices = exports.invoices.replacen("category", "Category", 1);
    let said = stderr(&desk(&exports).audit(&[]).code(2));
    assert!(said.contains("lacks the required column `category`") && said.contains("`Category`"), "{said}");
}
