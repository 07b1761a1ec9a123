//! Small exports named by situation in `fixtures/situations`: the findings, rejects and held-back cases of each are those
//! in its folder `expected`, byte for byte.
//!
//! `REPERFORM_BLESS=1 cargo test --test situations` writes them anew; the difference is then to be read in `git diff`.

use assert_cmd::Command;
use chrono::NaiveDate;
use reperform::audit::{Options, audit};
use reperform::explain::explain;
use reperform::export::read;
use reperform::policy::word::texts_with_words;
use reperform::policy::{Catalogue, shipped};
use reperform::record::Sources;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

const COMPARED: [&str; 3] = ["findings.csv", "rejects.csv", "held_back.csv"];

/// Each situation with the exit status that it must give.
const SITUATIONS: [(&str, i32); 5] = [
    ("absent-columns", 1),
    ("bom-crlf-shuffled", 1),
    ("held-back", 3),
    ("overlapping-windows", 3),
    ("spreadsheet-formulas", 1),
];

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/situations").join(name)
}

/// Audits a situation and reads what is compared.
fn audited(name: &str, status: i32) -> Vec<(&'static str, String)> {
    let out = tempfile::tempdir().unwrap();
    let target = out.path().join("report");
    let mut command = Command::cargo_bin("reperform").unwrap();
    let include = ["--include", "indeterminate", "--quiet", "--as-of", "2026-10-15", "--out"];
    command.arg("audit").arg(folder(name)).args(include).arg(&target).assert().code(status);
    COMPARED.iter().map(|file| (*file, fs::read_to_string(target.join(file)).unwrap())).collect()
}

#[test]
fn each_situation_gives_what_is_expected_of_it() {
    let bless = std::env::var_os("REPERFORM_BLESS").is_some();
    assert!(!bless || std::env::var_os("CI").is_none(), "nothing is blessed in CI");
    for (name, status) in SITUATIONS {
        let expected = folder(name).join("expected");
        for (file, written) in audited(name, status) {
            if bless {
                fs::create_dir_all(&expected).unwrap();
                fs::write(expected.join(file), &written).unwrap();
            }
            let golden = fs::read_to_string(expected.join(file)).unwrap();
            assert!(golden == written, "{name}/{file} differs:\n{written}");
        }
    }
}

/// How an export is written down changes nothing but the places that are cited.
#[test]
fn repeated_rows_and_another_notation_change_no_verdict() {
    let verdicts = |name: &str, status: i32| -> Vec<String> {
        let findings = audited(name, status).swap_remove(0).1;
        let mut reader = csv::Reader::from_reader(findings.as_bytes());
        let evidence = reader.headers().unwrap().iter().position(|column| column == "evidence").unwrap();
        let row = |record: csv::StringRecord| {
            record
                .iter()
                .enumerate()
                .filter(|(at, _)| *at != evidence)
                .map(|(_, cell)| cell.to_owned())
                .collect::<Vec<_>>()
        };
        reader.records().map(|record| row(record.unwrap()).join("\u{1f}")).collect()
    };
    let plain = verdicts("bom-crlf-shuffled", 1);
    assert!(!plain.is_empty());
    assert_eq!(plain, verdicts("overlapping-windows", 3));
}

/// An audit leaves out rules that cannot apply to a case before it judges; explaining a case puts every rule to it. Both
/// give each rule the same verdicts.
#[test]
fn cases_explained_one_by_one_give_the_counts_of_the_audit() {
    let catalogue = Catalogue::of(shipped()).unwrap();
    let quarter = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/quarter");
    for folder in SITUATIONS.iter().map(|(name, _)| folder(name)).chain([quarter]) {
        let sources = Sources::canonical(&folder);
        let books = read(&sources, &catalogue.reading_vocabulary(), texts_with_words(), &|_| {}).unwrap();
        for as_of in [None, NaiveDate::from_ymd_opt(2026, 8, 15)] {
            let options = Options { as_of, ..Options::default() };
            let report = audit(&catalogue, &books, &options, &|_| {}).unwrap();
            let mut counted: BTreeMap<&str, [u64; 4]> = BTreeMap::new();
            for request in &books.requests {
                let explained = explain(&catalogue, &books, &options, books.text(request.id)).unwrap();
                for judged in explained.judged {
                    let Some(verdict) = judged.verdict else { continue };
                    counted.entry(&judged.rule.rule.id).or_default()[verdict as usize] += 1;
                }
            }
            for (listed, tally) in report.rules.iter().zip(&report.tallies) {
                if listed.rule.check.is_about_lines() {
                    continue;
                }
                let audited = [tally.compliant, tally.deviation, tally.review, tally.indeterminate];
                let explained = counted.get(listed.rule.id.as_str()).copied().unwrap_or_default();
                assert_eq!(audited, explained, "{} in {}", listed.rule.id, folder.display());
            }
        }
    }
}

#[test]
fn every_folder_is_a_situation_that_is_tested() {
    let folders = fs::read_dir(folder("")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut folders: Vec<String> = folders.collect();
    folders.sort();
    assert_eq!(folders, SITUATIONS.map(|(name, _)| name));
}
