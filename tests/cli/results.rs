//! What is in the files: that they are safe to open, and that their figures add up.

use crate::books::{Desk, Exports, Row};
use rust_decimal::Decimal;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// Cases of every sort: faults of all rules, several about one case, rejected rows and what they hold back.
fn mixed() -> Exports {
    let mut exports = Exports::faulty()
        .case("LATE-CARD", "gift_card", "20.00", "2026-03-20", "20.00")
        .case("TOO-MUCH", "gift_card", "5.00", "2026-03-02", "7.50")
        .case("TINY", "gift_card", "12345678901234", "2026-03-02", "12345678901234")
        .case("TINIER", "gift_card", "0.03000000000001", "2026-03-02", "0.03000000000001")
        .line("INV-OLD", "other", "5", "1,,");
    exports.requests += "OLD,ACC,INV-OLD,,refund,2025-12-31,\n";
    exports.requests += "BAD,ACC,INV-A,,refund,yesterday,\nWORSE,ACC,INV-B,,refund,yesterday,\n";
    exports.decisions += "DEC-BAD,C,approved,2026-03-03,1.5e3,,,,,\n";
    exports
}

fn number(row: &Row, column: &str) -> u64 {
    row[column].parse().unwrap()
}

#[test]
fn the_findings_are_those_that_were_made() {
    let desk = Desk::with(&Exports::faulty());
    desk.audit(&["--select", "acme"]).code(1);
    let columns = ["rule", "request_id", "invoice_id", "line", "decision_id", "amount", "days_late", "date", "verdict"];
    let found: Vec<Vec<String>> =
        desk.rows("findings.csv").iter().map(|row| columns.iter().map(|c| row[*c].clone()).collect()).collect();
    assert_eq!(
        found,
        [
            ["acme.1-answer", "C", "INV-C", "", "DEC-C", "", "5", "2026-03-06", "deviation"],
            ["acme.2-gift-cards", "D", "INV-D", "", "DEC-D", "50.00", "", "2026-03-02", "deviation"],
            ["acme.3-price", "", "INV-H", "1", "", "-6.00", "", "2026-02-01", "deviation"],
        ]
    );
    let first = &desk.rows("findings.csv")[0];
    let digest = Sha256::digest("acme\u{1f}acme.1-answer\u{1f}INV-C\u{1f}\u{1f}C\u{1f}DEC-C");
    let id: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    assert_eq!((&first["finding_id"], first["clause"].as_str(), first["policy_version"].as_str()), (&id, "1", "2026"));
    assert_eq!(first["evidence"], "invoices.csv:3;requests.csv:3;decisions.csv:3");
}

#[test]
fn each_line_of_jsonl_says_what_the_row_says() {
    let desk = Desk::with(&mixed());
    desk.audit(&["--include", "indeterminate"]).code(3);
    let (rows, lines) = (desk.rows("findings.csv"), desk.text("out/findings.jsonl"));
    assert_eq!(rows.len(), lines.lines().count());
    for (row, line) in rows.iter().zip(lines.lines()) {
        let mut object: serde_json::Map<String, Value> = serde_json::from_str(line).unwrap();
        let evidence = object.remove("evidence").unwrap();
        let cited: Vec<String> = evidence
            .as_array()
            .unwrap()
            .iter()
            .map(|place| {
                assert!(place["file"].as_str().unwrap().starts_with(place["table"].as_str().unwrap()));
                format!("{}:{}", place["file"].as_str().unwrap(), place["record"])
            })
            .collect();
        assert_eq!(cited.join(";"), row["evidence"]);
        for (name, value) in &object {
            let text = match value {
                Value::Null => String::new(),
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            assert_eq!(text, row[name], "{name}");
        }
        assert_eq!(object.len() + 1, row.len());
    }
}

#[test]
fn cells_that_a_spreadsheet_would_run_are_defused() {
    let mut exports = Exports::empty();
    for id in ["=cmd|' /C calc'!A0", "+SUM(1)", "@x", "-1+1", "-5", "plain"] {
        exports = exports.case(&format!("\"{id}\""), "gift_card", "5", "2026-03-02", "5");
        exports.invoices = exports.invoices.replace(&format!("INV-\"{id}\""), &format!("\"{id}\""));
        exports.requests = exports.requests.replace(&format!("INV-\"{id}\""), &format!("\"{id}\""));
        exports.decisions = exports.decisions.replace(&format!("DEC-\"{id}\""), &format!("\"{id}\""));
        exports.decisions = exports.decisions.replace(&format!("T-\"{id}\""), "");
    }
    exports.requests += "X,ACC,plain,,refund,=1+1,\n\"=Y\",ACC,plain,,refund,-3,\n";
    let desk = Desk::with(&exports);
    desk.audit(&["--select", "acme"]).code(3);
    let column = |file: &str, name: &str| desk.rows(file).iter().map(|row| row[name].clone()).collect::<BTreeSet<_>>();
    let ids = BTreeSet::from(["'+SUM(1)", "'-1+1", "'=cmd|' /C calc'!A0", "'@x", "-5", "plain"].map(str::to_owned));
    for name in ["invoice_id", "request_id", "decision_id"] {
        assert_eq!(column("findings.csv", name), ids, "{name}");
    }
    assert_eq!(column("rejects.csv", "value"), BTreeSet::from(["'=1+1".to_owned(), "-3".to_owned()]));
    assert!(column("held_back.csv", "request_id").contains("'=Y"));
    assert!(desk.text("out/findings.jsonl").contains("\"request_id\":\"=cmd|' /C calc'!A0\""));
}

#[test]
fn rows_and_cases_add_up() {
    let desk = Desk::with(&mixed());
    desk.audit(&[]).code(3);
    let summary = desk.json("summary.json");
    let (rejects, held_back) = (desk.rows("rejects.csv"), desk.rows("held_back.csv"));
    for (table, read, rejected) in [("invoices", 10, 0), ("requests", 11, 2), ("decisions", 9, 1)] {
        let rows = &summary["rows"][table];
        assert_eq!((rows["read"].as_u64(), rows["rejected"].as_u64()), (Some(read), Some(rejected)), "{table}");
        assert_eq!(rows["used"].as_u64(), Some(read - rejected), "{table}");
        let named = rejects.iter().filter(|row| row["file"] == format!("{table}.csv")).count() as u64;
        assert_eq!(named, rejected, "{table}");
    }
    assert_eq!(
        summary["cases"],
        serde_json::json!({"total": 11, "evaluated": 7, "held_back": 3, "outside_versions": 1})
    );
    assert_eq!(summary["outside"], serde_json::json!(["OLD"]));
    let held: Vec<(&str, &str)> =
        held_back.iter().map(|row| (row["request_id"].as_str(), row["because"].as_str())).collect();
    assert_eq!(held, [("BAD", "requests.csv:10"), ("C", "decisions.csv:9"), ("WORSE", "requests.csv:11")]);
    let values = summary["rejects"]["values"].as_array().unwrap();
    assert_eq!((values[0]["value"].as_str(), values[0]["rows"].as_u64()), (Some("yesterday"), Some(2)));
    assert_eq!(summary["money"]["refund_amount"]["USD"]["rejected"], "0.00");
}

#[test]
fn counts_and_money_add_up() {
    let desk = Desk::with(&mixed());
    desk.audit(&[]).code(3);
    let (summary, found, coverage) = (desk.json("summary.json"), desk.rows("findings.csv"), desk.rows("coverage.csv"));
    for verdict in ["compliant", "deviation", "review", "indeterminate"] {
        let counted: u64 = coverage.iter().map(|row| number(row, verdict)).sum();
        assert_eq!(summary["verdicts"][verdict].as_u64(), Some(counted), "{verdict}");
    }
    for row in &coverage {
        let parts = ["compliant", "deviation", "review", "indeterminate"].map(|verdict| number(row, verdict));
        assert_eq!(number(row, "applied"), parts.iter().sum::<u64>(), "{row:?}");
        for verdict in ["deviation", "review"] {
            let count = found.iter().filter(|f| f["rule"] == row["rule"] && f["verdict"] == verdict).count() as u64;
            assert_eq!(number(row, verdict), count, "{row:?}");
        }
    }
    assert_eq!(summary["exposure"], exposures(&found.iter().collect::<Vec<_>>()));
    for (group, key) in [
        ("by_policy", "policy"),
        ("by_rule", "rule"),
        ("by_severity", "severity"),
        ("by_decided_by", "decided_by"),
        ("by_month", "date"),
    ] {
        let mut groups: BTreeMap<String, Vec<&Row>> = BTreeMap::new();
        for row in &found {
            let name = if key == "date" { row[key][..7].to_owned() } else { row[key].clone() };
            groups.entry(name).or_default().push(row);
        }
        let written = summary["findings"][group].as_object().unwrap();
        assert_eq!(written.keys().collect::<BTreeSet<_>>(), groups.keys().collect::<BTreeSet<_>>(), "{group}");
        for (name, rows) in groups {
            let of = |verdict: &str| rows.iter().filter(|row| row["verdict"] == verdict).count() as u64;
            assert_eq!(written[&name]["deviation"].as_u64(), Some(of("deviation")), "{group} {name}");
            assert_eq!(written[&name]["review"].as_u64(), Some(of("review")), "{group} {name}");
            assert_eq!(written[&name]["exposure"], exposures(&rows), "{group} {name}");
        }
    }
}

/// The exposures of some findings, worked out anew: of each case the largest amount among its deviations.
fn exposures(findings: &[&Row]) -> Value {
    let mut cases: BTreeMap<String, (Decimal, bool, String)> = BTreeMap::new();
    for row in findings.iter().filter(|row| row["verdict"] == "deviation" && !row["amount"].is_empty()) {
        let amount: Decimal = row["amount"].parse().unwrap();
        let case = if row["request_id"].is_empty() {
            format!("line {}", row["finding_id"])
        } else {
            row["request_id"].clone()
        };
        let largest = cases.entry(case).or_insert((Decimal::ZERO, false, row["currency"].clone()));
        *largest = (largest.0, largest.1, largest.2.clone()).max((
            amount.abs(),
            amount >= Decimal::ZERO,
            row["currency"].clone(),
        ));
    }
    let mut sums: BTreeMap<String, [Decimal; 2]> = BTreeMap::new();
    for (amount, over, currency) in cases.into_values() {
        sums.entry(currency).or_default()[usize::from(!over)] += amount;
    }
    let shown = |amount: Decimal| {
        let mut amount = amount.normalize();
        amount.rescale(amount.scale().max(2));
        amount.to_string()
    };
    let entry = |(code, [over, under]): (String, [Decimal; 2])| {
        (code, serde_json::json!({"over": shown(over), "under": shown(under)}))
    };
    sums.into_iter().map(entry).collect()
}

#[test]
fn the_rows_are_in_their_order() {
    let desk = Desk::with(&mixed());
    desk.audit(&[]).code(3);
    let found = desk.rows("findings.csv");
    let key = |row: &Row| ["policy", "rule", "request_id", "invoice_id", "line", "decision_id"].map(|c| row[c].clone());
    assert!(found.iter().map(key).is_sorted());
    let ids: BTreeSet<&String> = found.iter().map(|row| &row["finding_id"]).collect();
    assert_eq!(ids.len(), found.len());
    assert!(desk.rows("held_back.csv").iter().map(|row| row["request_id"].clone()).is_sorted());
    for name in desk.listing("out").iter().filter(|name| !name.ends_with(".xlsx")) {
        let text = desk.text(&format!("out/{name}"));
        assert!(text.ends_with('\n') && !text.contains('\r'), "{name}");
    }
}

#[test]
fn the_run_can_be_checked() {
    let desk = Desk::with(&mixed());
    desk.audit(&["--as-of", "2026-06-30", "--ignore", "acme.1", "--fail-on", "high"]).code(3);
    let run = desk.json("run.json");
    let hash = |bytes: &[u8]| Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let of_file = |name: &str| hash(&std::fs::read(desk.path(name)).unwrap());
    for input in run["inputs"].as_array().unwrap() {
        assert_eq!(input["sha256"], of_file(input["path"].as_str().unwrap()));
        let count = |name: &str| input[name].as_u64().unwrap();
        assert_eq!(count("rows_read"), count("rows_used") + count("rows_rejected"));
    }
    let written = run["written"].as_array().unwrap();
    let names: BTreeSet<&str> = written.iter().map(|file| file["name"].as_str().unwrap()).collect();
    let lying: BTreeSet<String> = desk.listing("out").into_iter().filter(|name| name != "run.json").collect();
    assert!(names.iter().copied().eq(lying.iter().map(String::as_str)));
    for file in written {
        let name = format!("out/{}", file["name"].as_str().unwrap());
        assert_eq!(file["sha256"], of_file(&name));
        assert_eq!(file["bytes"].as_u64(), Some(std::fs::metadata(desk.path(&name)).unwrap().len()));
    }
    let policies = run["policies"].as_array().unwrap();
    let acme = policies.iter().find(|file| file["file"] == "acme.toml").unwrap();
    assert_eq!(acme["sha256"], of_file("policies/acme.toml"));
    assert!(policies.iter().any(|file| file["file"].as_str().unwrap().starts_with("calendars/")));
    assert_eq!((run["as_of"].as_str(), run["as_of_from"]["given"].as_bool()), (Some("2026-06-30"), Some(true)));
    assert_eq!(run["options"]["ignore"], serde_json::json!(["acme.1"]));
    assert_eq!(run["options"]["fail_on"], "high");
}

#[test]
fn the_as_of_date_names_the_row_that_set_it() {
    let desk = Desk::with(&Exports::faulty());
    desk.audit(&[]).code(1);
    let from = serde_json::json!({"given": false, "file": "decisions.csv", "record": 3, "column": "decided_at"});
    assert_eq!(
        (desk.json("summary.json")["as_of"].as_str(), &desk.json("summary.json")["as_of_from"]),
        (Some("2026-03-11"), &from)
    );
    assert_eq!(desk.json("run.json")["as_of_from"], from);
    let desk = Desk::with(&Exports::empty());
    desk.audit(&[]).code(0);
    assert!(desk.json("summary.json")["as_of"].is_null());
}
