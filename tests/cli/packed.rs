//! Compressed exports and standard input: what they give is what the same text gives as a file.

use crate::books::{Desk, Exports, stderr, stdout};
use assert_cmd::Command;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::fs;
use std::io::Write;

const TABLES: [&str; 3] = ["invoices", "requests", "decisions"];

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

/// A desk whose exports have been packed, and renamed by an ending.
fn desk(exports: &Exports, ending: &str, pack: fn(&[u8]) -> Vec<u8>) -> Desk {
    let desk = Desk::with(exports);
    for table in TABLES {
        let plain = desk.path(&format!("exports/{table}.csv"));
        let packed = pack(&fs::read(&plain).unwrap());
        fs::remove_file(plain).unwrap();
        fs::write(desk.path(&format!("exports/{table}.csv{ending}")), packed).unwrap();
    }
    desk
}

/// What an audit wrote that tells nothing of the files' size and hash.
fn told(desk: &Desk, ending: &str) -> Vec<String> {
    let names = ["findings.csv", "findings.jsonl", "coverage.csv", "held_back.csv", "rejects.csv", "summary.json"];
    names.map(|name| desk.text(&format!("out/{name}")).replace(&format!(".csv{ending}:"), ".csv:")).to_vec()
}

/// Also rows that cannot be used, so that there is something to cite.
fn exports() -> Exports {
    let mut exports = Exports::faulty();
    exports.requests += "E,ACC,INV-A,,refund,2026-13-01,dissatisfied\n";
    exports
}

#[test]
fn compressed_exports_give_what_plain_ones_give() {
    let plain = Desk::with(&exports());
    plain.audit(&[]).code(3);
    let zstd: fn(&[u8]) -> Vec<u8> = |text| zstd::bulk::compress(text, 3).unwrap();
    for (ending, pack) in [(".gz", gzip as fn(&[u8]) -> Vec<u8>), (".zst", zstd), ("", gzip)] {
        for threads in ["1", "2"] {
            let desk = desk(&exports(), ending, pack);
            desk.audit(&["--threads", threads]).code(3);
            let told = told(&desk, ending);
            let replaced: Vec<String> = told
                .iter()
                .map(|text| {
                    text.replace(&format!(".csv{ending}\""), ".csv\"").replace(&format!(".csv{ending},"), ".csv,")
                })
                .collect();
            assert!(replaced == super::packed::told(&plain, ""), "{ending}");
            let packed = fs::read(desk.path(&format!("exports/invoices.csv{ending}"))).unwrap();
            let input = &desk.json("run.json")["inputs"][0];
            assert_eq!(input["bytes"], packed.len(), "{ending}");
        }
        let desk = desk(&exports(), ending, pack);
        let explained = desk.run(&["explain", "C", "exports", "--policies", "policies"]).success();
        assert!(stdout(&explained).contains("2026-03-11"));
    }
}

#[test]
fn two_candidates_and_damaged_files_are_refused() {
    let both = Desk::with(&exports());
    fs::write(both.path("exports/requests.csv.gz"), gzip(b"")).unwrap();
    let said = both.audit(&[]).code(2);
    assert!(stderr(&said).contains("`exports` has both `requests.csv` and `requests.csv.gz`"), "{}", stderr(&said));
    let cut = desk(&exports(), ".gz", |text| {
        let mut packed = gzip(text);
        packed.truncate(packed.len() - 9);
        packed
    });
    let said = cut.audit(&[]).code(2);
    let expected = "invoices.csv.gz: the gzip file ends in the middle of its data: it was cut short";
    assert!(stderr(&said).contains(expected), "{}", stderr(&said));
    assert!(!cut.path("out").exists());
}

#[test]
fn one_table_may_come_by_standard_input() {
    let plain = Desk::with(&exports());
    plain.audit(&[]).code(3);
    for packed in [false, true] {
        let desk = Desk::with(&exports());
        let text = fs::read(desk.path("exports/requests.csv")).unwrap();
        fs::remove_file(desk.path("exports/requests.csv")).unwrap();
        let mut command = Command::cargo_bin("reperform").unwrap();
        command.current_dir(desk.folder.path()).args(["audit", "--policies", "policies", "--out", "out"]);
        command.args(["--invoices", "exports/invoices.csv", "--requests", "-", "--decisions", "exports/decisions.csv"]);
        command.write_stdin(if packed { gzip(&text) } else { text }).assert().code(3);
        let ours: Vec<String> = told(&desk, "").iter().map(|text| text.replace("stdin", "requests.csv")).collect();
        assert!(ours == told(&plain, ""));
        let input = &desk.json("run.json")["inputs"][1];
        assert_eq!((&input["file"], &input["path"]), (&"stdin".into(), &"-".into()));
    }
    let said = plain.run(&["audit", "exports", "--requests", "-", "--decisions", "-"]).code(2);
    assert!(stderr(&said).contains("standard input (`-`) can be read for one export only"), "{}", stderr(&said));
}
