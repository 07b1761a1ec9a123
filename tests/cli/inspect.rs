//! `reperform inspect` on a small file for each messy form: what it shows, word for word, and the mapping that it suggests.
//!
//! `REPERFORM_BLESS=1 cargo test --test cli inspect` writes what is shown anew; the difference is then to be read.

use crate::books::{Desk, Exports, stderr, stdout};
use assert_cmd::Command;
use assert_cmd::assert::Assert;
use std::fs;
use std::path::{Path, PathBuf};

fn samples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/inspect")
}

fn inspect(arguments: &[&str]) -> Assert {
    let mut command = Command::cargo_bin("reperform").unwrap();
    command.current_dir(samples()).env_remove("CLICOLOR_FORCE").arg("inspect").args(arguments);
    command.assert().success()
}

/// Compares with a file of what is to be shown, or writes it.
fn check(name: &str, shown: &str) -> Result<(), String> {
    let path = samples().join("shown").join(name);
    if std::env::var_os("REPERFORM_BLESS").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, shown).unwrap();
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    if expected == shown { Ok(()) } else { Err(format!("{name}: expected\n{expected}\nbut there is\n{shown}")) }
}

/// The names of the samples, sorted.
fn names() -> Vec<String> {
    let entries = fs::read_dir(samples()).unwrap().map(|entry| entry.unwrap().path());
    let mut names: Vec<String> = entries
        .filter(|path| path.is_file())
        .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn each_messy_form_is_shown_word_for_word() {
    let check_one = |name: &String| check(&format!("{name}.txt"), &stdout(&inspect(&[name])));
    let wrong: Vec<String> = names().iter().filter_map(|name| check_one(name).err()).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn each_suggestion_is_as_expected_and_can_be_read_back() {
    let mut wrong = Vec::new();
    for name in names() {
        let suggested = stdout(&inspect(&[&name, "--suggest"]));
        suggested.parse::<toml::Table>().unwrap_or_else(|error| panic!("{name}: {error}\n{suggested}"));
        wrong.extend(check(&format!("{name}.toml"), &suggested).err());
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn columns_that_hold_ids_of_another_export_are_found() {
    let shown = stdout(&inspect(&["tickets.csv", "orders.csv"]));
    let (_, joins) = shown.split_once("Columns that hold ids of another export\n").unwrap();
    check("joins.txt", joins).unwrap();
}

#[test]
fn programs_are_told_the_same() {
    let shown: serde_json::Value =
        serde_json::from_str(&stdout(&inspect(&["titles-and-totals.csv", "--format", "json"]))).unwrap();
    let file = &shown["files"][0];
    assert_eq!(file["header"]["line"], 5);
    assert_eq!(file["totals"]["count"], 1);
    assert_eq!(file["columns"][5]["kind"], "amount");
    assert_eq!(file["columns"][0]["dates"][0], "d/m/Y");
}

#[test]
fn a_suggestion_replaces_no_file() {
    let desk = Desk::with(&Exports::clean());
    desk.run(&["inspect", "exports/requests.csv", "--suggest", "--out", "mine.toml"]).success();
    assert!(desk.text("mine.toml").contains("[[requests]]"));
    let said = desk.run(&["inspect", "exports/requests.csv", "--suggest", "--out", "mine.toml"]).code(2);
    assert!(stderr(&said).contains("`mine.toml` cannot be written"), "{}", stderr(&said));
    let said = desk.run(&["inspect", "exports/none.csv"]).code(2);
    assert!(stderr(&said).contains("the file cannot be read"), "{}", stderr(&said));
}

#[test]
fn compressed_exports_are_inspected_too() {
    let desk = Desk::with(&Exports::clean());
    let packed = zstd::bulk::compress(&fs::read(desk.path("exports/requests.csv")).unwrap(), 1).unwrap();
    fs::write(desk.path("requests.csv.zst"), packed).unwrap();
    let plain = stdout(&desk.run(&["inspect", "exports/requests.csv"]).success());
    let shown = stdout(&desk.run(&["inspect", "requests.csv.zst"]).success());
    let without = shown.replace("requests.csv.zst", "exports/requests.csv").replace("  compression zstd\n", "");
    assert_eq!(without, plain);
}
