//! The mappings that ship with the program, each on the sample of its system's exports in `fixtures/mappings`: findings,
//! rejects and the counts of rows are those in the sample's folder `expected`, byte for byte. How these were worked out is told
//! in `fixtures/mappings/README.md`.
//!
//! `REPERFORM_BLESS=1 cargo test --test mapping ready` writes them anew; the difference is then to be read in `git diff`.

use crate::read;
use assert_cmd::Command;
use reperform::mapping::{name, shipped};
use serde_json::Value;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/mappings").join(name)
}

/// Audits a sample, and reads what is compared.
fn audited(name: &str) -> [(&'static str, String); 4] {
    let out = tempfile::tempdir().unwrap();
    let target = out.path().join("report");
    let mut command = Command::cargo_bin("reperform").unwrap();
    command.arg("audit").arg(folder(name)).args(["--mapping", name, "--quiet", "--out"]).arg(&target);
    command.assert().code(3);
    let text = |file: &str| fs::read_to_string(target.join(file)).unwrap();
    let summary: Value = serde_json::from_str(&text("summary.json")).unwrap();
    let [findings, rejects, held_back] =
        ["findings.csv", "rejects.csv", "held_back.csv"].map(|file| (file, text(file)));
    [findings, rejects, held_back, ("rows.txt", rows(&summary))]
}

/// How many rows of each file were used, rejected and left out, and why.
fn rows(summary: &Value) -> String {
    let mut told = String::new();
    for file in summary["files"].as_array().unwrap() {
        let number = |key: &str| file[key].as_u64().unwrap_or(0);
        let (name, table) = (file["file"].as_str().unwrap(), file["table"].as_str().unwrap());
        let [read, used, rejected, left_out] = ["read", "used", "rejected", "left_out"].map(number);
        assert_eq!(read, used + rejected + left_out, "{name}");
        writeln!(told, "{table} from {name}: {read} read = {used} used + {rejected} rejected + {left_out} left out")
            .unwrap();
        let because = file["left_out_because"].as_object().into_iter().flatten();
        because.for_each(|(why, count)| writeln!(told, "    {count}: {why}").unwrap());
    }
    told
}

#[test]
fn each_sample_gives_what_is_expected_of_it() {
    let bless = std::env::var_os("REPERFORM_BLESS").is_some();
    assert!(!bless || std::env::var_os("CI").is_none(), "nothing is blessed in CI");
    for mapping in &shipped() {
        let name = name(mapping);
        let expected = folder(name).join("expected");
        for (file, written) in audited(name) {
            if bless {
                fs::create_dir_all(&expected).unwrap();
                fs::write(expected.join(file), &written).unwrap();
            }
            let golden = fs::read_to_string(expected.join(file)).unwrap();
            assert!(golden == written, "{name}/{file} differs:\n{written}");
        }
    }
}

#[test]
fn each_sample_gives_the_same_in_parts() {
    for mapping in &shipped() {
        let sources = read::sources(&mapping.text, &folder(name(mapping))).unwrap();
        read::same_in_parts(&sources);
    }
}

#[test]
fn every_mapping_has_a_sample_and_a_title() {
    let mut samples: Vec<String> =
        fs::read_dir(folder("")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    samples.retain(|name| name != "README.md");
    samples.sort();
    assert_eq!(samples, shipped().iter().map(name).collect::<Vec<_>>());
    assert_eq!(samples.len(), 8);
    for document in &shipped() {
        assert!(!reperform::mapping::mapping(document).unwrap().title.is_empty(), "{}", document.name);
    }
}
