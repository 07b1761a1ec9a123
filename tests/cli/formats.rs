//! `--format`: what is written, and that every format says the same.

use crate::books::{Desk, Exports};
use serde_json::Value;

const ALWAYS: [&str; 5] = ["coverage.csv", "held_back.csv", "rejects.csv", "run.json", "summary.json"];
const ALL: &str = "csv,jsonl,html,xlsx,md,junit,sarif";

#[test]
fn only_what_is_asked_for_is_written_and_the_status_is_the_same() {
    for (format, files) in [
        ("csv", &["findings.csv"][..]),
        ("jsonl", &["findings.jsonl"]),
        ("html", &["report.html"]),
        ("xlsx", &["workpaper.xlsx"]),
        ("md", &["summary.md"]),
        ("junit", &["junit.xml"]),
        ("sarif", &["findings.sarif"]),
        ("sarif,csv,csv", &["findings.csv", "findings.sarif"]),
    ] {
        let desk = Desk::with(&Exports::faulty());
        desk.audit(&["--format", format]).code(1);
        let mut expected = [files, &ALWAYS].concat();
        expected.sort_unstable();
        assert_eq!(desk.listing("out"), expected, "{format}");
        desk.audit(&["--format", ALL, "--force"]).code(1);
    }
    let desk = Desk::with(&Exports::faulty());
    desk.audit(&["--format", "pdf"]).code(2);
}

#[test]
fn a_file_is_the_same_whatever_else_is_written() {
    let together = Desk::with(&Exports::faulty());
    together.audit(&["--format", ALL]).code(1);
    for format in ALL.split(',') {
        let desk = Desk::with(&Exports::faulty());
        desk.audit(&["--format", format]).code(1);
        for name in desk.listing("out").iter().filter(|name| *name != "run.json") {
            let bytes = |desk: &Desk| std::fs::read(desk.path("out").join(name)).unwrap();
            assert!(bytes(&desk) == bytes(&together), "{name}");
        }
    }
}

#[test]
fn sarif_has_a_result_for_each_finding() {
    let desk = Desk::with(&Exports::faulty());
    desk.audit(&["--format", ALL]).code(1);
    let log = desk.json("findings.sarif");
    let (run, rows) = (&log["runs"][0], desk.rows("findings.csv"));
    let results = run["results"].as_array().unwrap();
    assert_eq!((log["version"].as_str(), results.len()), (Some("2.1.0"), rows.len()));
    for (result, row) in results.iter().zip(&rows) {
        let rule = &run["tool"]["driver"]["rules"][result["ruleIndex"].as_u64().unwrap() as usize];
        assert_eq!([&result["ruleId"], &rule["id"]], [&Value::from(row["rule"].clone()); 2]);
        assert_eq!(result["partialFingerprints"]["findingId/v1"], row["finding_id"]);
        assert_eq!(result["message"]["text"], row["message"]);
        let places = ["relatedLocations", "locations"].map(|name| result[name].as_array().unwrap().clone());
        let places: Vec<&str> =
            places.iter().flatten().map(|l| l["logicalLocations"][0]["fullyQualifiedName"].as_str().unwrap()).collect();
        assert_eq!(places.join(";"), row["evidence"]);
    }
}

#[test]
fn without_a_finding_every_format_is_whole() {
    let desk = Desk::with(&Exports::clean());
    desk.audit(&["--format", ALL]).code(0);
    assert_eq!(desk.json("findings.sarif")["runs"][0]["results"], Value::Array(Vec::new()));
    assert!(desk.text("out/junit.xml").contains("failures=\"0\""));
    assert!(desk.text("out/summary.md").contains("In none of"));
}

#[test]
fn junit_has_a_case_for_each_rule_and_hostile_text_stays_text() {
    let mut exports = Exports::faulty();
    exports.invoices = exports.invoices.replace("INV-H", "\"<b>|[x](http://y)\"");
    let desk = Desk::with(&exports);
    desk.audit(&["--select", "acme", "--format", ALL]).code(1);
    let junit = desk.text("out/junit.xml");
    assert!(junit.contains("tests=\"3\"") && junit.contains("failures=\"3\""), "{junit}");
    assert!(junit.contains("1 deviation in ") && !junit.contains("<b>"), "{junit}");
    let summary = desk.text("out/summary.md");
    assert!(summary.contains("&lt;b&gt;\\|\\[x\\](http&#58;//y)") && !summary.contains("<b>"), "{summary}");
}
