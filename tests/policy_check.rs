//! `policy check`: for each code a small bad file, `policy_check/CODE.toml` or a folder of that name, with what is said
//! of it beside it; and the shipped policies, of which there is nothing to warn.
//!
//! `REPERFORM_BLESS=1 cargo test --test policy_check` writes the messages and the table of codes in `policies/README.md`
//! anew; read them in `git diff`.

use assert_cmd::Command;
use reperform::policy::lint::code;
use reperform::policy::{Code, Level};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn folder() -> PathBuf {
    root().join("tests/policy_check")
}

fn blesses() -> bool {
    let bless = std::env::var_os("REPERFORM_BLESS").is_some();
    assert!(!bless || std::env::var_os("CI").is_none(), "nothing is blessed in CI");
    bless
}

/// The bad file of a code, or the folder where it takes several.
fn bad_file(code: &Code) -> String {
    let file = format!("{}.toml", code.name);
    if folder().join(&file).is_file() { file } else { code.name.to_owned() }
}

/// What is said on standard error and standard output, with the exit status.
fn check(within: &Path, args: &[&str]) -> (String, String, i32) {
    let mut command = Command::cargo_bin("reperform").unwrap();
    let run = command.current_dir(within).args(["policy", "check"]).args(args).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (text(&run.stderr), text(&run.stdout), run.status.code().unwrap())
}

#[test]
fn each_code_has_a_bad_file_with_its_message() {
    let bless = blesses();
    let mut wrong = Vec::new();
    for code in code::ALL {
        let file = bad_file(code);
        assert!(folder().join(&file).exists(), "no bad file shows `{}`", code.name);
        let (said, _, status) = check(&folder(), &["--examples", &file]);
        assert_eq!(status, if code.level == Level::Error { 2 } else { 0 }, "{file}: {said}");
        let golden = folder().join(format!("{}.txt", code.name));
        if bless {
            fs::write(&golden, &said).unwrap();
        }
        if fs::read_to_string(&golden).unwrap_or_default() != said {
            wrong.push(format!("{file} differs:\n{said}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_bad_file_shows_its_code_and_no_other() {
    for code in code::ALL {
        let file = bad_file(code);
        let (_, told, _) = check(&folder(), &["--examples", "--format", "json", &file]);
        let told: Vec<Value> = serde_json::from_str(&told).unwrap();
        assert!(!told.is_empty(), "{file} shows nothing");
        for problem in &told {
            assert_eq!((&problem["code"], &problem["level"]), (&code.name.into(), &code.level.name().into()), "{file}");
        }
    }
}

#[test]
fn every_file_is_that_of_a_code() {
    let mut known: BTreeSet<String> = code::ALL.iter().map(bad_file).collect();
    known.extend(code::ALL.iter().map(|code| format!("{}.txt", code.name)));
    known.extend([code::UNTESTED_NUMBER, code::FAILING_EXAMPLE].map(|code| format!("{}.examples.toml", code.name)));
    known.insert("calendars".to_owned());
    let names = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let strays: Vec<String> = names.filter(|name| !known.contains(name)).collect();
    assert!(strays.is_empty(), "no code has {strays:?}");
    let names: BTreeSet<&str> = code::ALL.iter().map(|code| code.name).collect();
    assert_eq!(names.len(), code::ALL.len(), "two codes have the same name");
}

#[test]
fn nothing_warns_of_the_shipped_policies() {
    let (said, lines, status) = check(root(), &["policies", "--deny-warnings"]);
    assert_eq!(status, 0, "{said}");
    assert!(!said.contains("warning") && !lines.contains("warning"), "{said}{lines}");
    for policy in ["general", "eu-withdrawal", "operack", "opust", "us-14cfr260", "vortexweb"] {
        assert!(lines.contains(&format!("policies/{policy}.toml: the policy `{policy}` with ")), "{lines}");
    }
}

#[test]
fn warnings_fail_where_they_are_denied_and_notes_never() {
    for (args, expected) in [
        (vec!["same-rule.toml"], 0),
        (vec!["same-rule.toml", "--deny-warnings"], 1),
        (vec!["no-clause-list.toml", "--deny-warnings"], 0),
        (vec!["same-rule.toml", "no-clause.toml", "--deny-warnings"], 2),
        (vec!["same-rule.toml", "--deny-warnings", "--format", "json"], 1),
        (vec!["no-clause.toml", "--format", "sarif"], 2),
        (vec!["policy-twice/first.toml"], 0),
        (vec!["policy-twice"], 2),
        (vec!["calendars"], 2),
    ] {
        let (said, _, status) = check(&folder(), &args);
        assert_eq!(status, expected, "{args:?}: {said}");
    }
}

#[test]
fn problems_are_written_for_programs() {
    let (said, told, _) = check(&folder(), &["--format", "json", "unknown-kind.toml"]);
    assert_eq!(said, "", "what is for programs is on standard output");
    let told: Vec<Value> = serde_json::from_str(&told).unwrap();
    let expected = serde_json::json!({
        "code": "unknown-kind",
        "level": "error",
        "file": "unknown-kind.toml",
        "line": 15,
        "column": 10,
        "message": "unknown kind of request `refnud`",
        "help": "did you mean `refund`?",
    });
    assert_eq!(told, [expected]);
    let (_, log, _) = check(&folder(), &["--format", "sarif", "unknown-kind.toml"]);
    let log: Value = serde_json::from_str(&log).unwrap();
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    assert_eq!(run["tool"]["driver"]["rules"][0]["id"], "unknown-kind");
    let result = &run["results"][0];
    assert_eq!((&result["ruleId"], &result["level"]), (&"unknown-kind".into(), &"error".into()));
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "unknown-kind.toml");
    let region = serde_json::json!({ "startLine": 15, "startColumn": 10, "endLine": 15, "endColumn": 18 });
    assert_eq!(place["region"], region);
}

/// How the table of codes begins in the page on policies.
const HEADER: &str = "| code | level | what it says |\n|---|---|---|\n";

#[test]
fn the_page_on_policies_lists_every_code() {
    let path = root().join("policies/README.md");
    let page = fs::read_to_string(&path).unwrap();
    let (before, rest) = page.split_once(HEADER).expect("policies/README.md has a table of codes");
    let (_, after) = rest.split_once("\n\n").expect("a section follows the table");
    let row = |code: &Code| format!("| `{}` | {} | {} |\n", code.name, code.level.name(), code::about(*code));
    let table: String = code::ALL.iter().map(row).collect();
    let current = format!("{before}{HEADER}{table}\n{after}");
    if blesses() {
        fs::write(&path, &current).unwrap();
    } else {
        assert!(page == current, "the table is stale: `REPERFORM_BLESS=1 cargo test --test policy_check` renews it");
    }
}
