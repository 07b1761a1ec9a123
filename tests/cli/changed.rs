//! `compare`, `audit --readings` and `policy show --effective`.

use crate::books::{Desk, Exports, POLICY, stderr, stdout};

/// An alternative reading, by which case C is in time.
const READING: &str = r#"
[[reading]]
id = "acme.weeks"
says = "Days of work are meant, of which a week has few."
side = "lenient"
change."acme.1-answer".check.deadline.within = { days = 12 }
"#;

const AGREEMENT: &str = r#"
[policy]
name = "wholesale"
extends = "acme"

[[applies]]
account = "ACC"

[change."acme.1-answer"]
clause = "W 1"
check.deadline.within = { days = 2 }
"#;

fn desk() -> Desk {
    let desk = Desk::with(&Exports::faulty());
    desk.put("policies/acme.toml", &(POLICY.to_owned() + READING));
    desk.put("shorter.toml", "change.\"acme.1-answer\".check.deadline.within = { days = 2 }\n");
    desk.put("wrong.toml", "change.\"acme.1-anser\".severity = \"low\"\n");
    desk
}

fn compare<'a>(rest: &[&'a str]) -> Vec<&'a str> {
    [&["compare", "--policies", "policies"], rest, &["exports"]].concat()
}

#[test]
fn a_comparison_says_what_flips_and_ends_with_it() {
    let desk = desk();
    for (changed, status, says) in [
        ("shorter.toml", 1, &["2 cases or lines differ", "acme.1-answer  no finding  deviation         2"][..]),
        ("acme.weeks", 1, &["1 case or line differs", "acme.1-answer  deviation  no finding         1"]),
        ("lenient", 1, &["1 case or line differs"]),
        ("strict", 0, &["Nothing differs."]),
        ("acme@2026", 0, &["Judged 4 cases under both", "Nothing differs."]),
        ("policies", 0, &["Nothing differs."]),
    ] {
        let said = stdout(&desk.run(&compare(&["--changed", changed])).code(status));
        for text in says {
            assert!(said.contains(text), "{changed}: `{text}` is missing:\n{said}");
        }
    }
    // A side may be laid over another.
    let said = stdout(&desk.run(&compare(&["--base", "acme.weeks", "--changed", "shorter.toml"])).code(1));
    assert!(said.contains("3 cases or lines differ"), "{said}");
}

#[test]
fn a_side_that_there_is_none_of_is_told() {
    let desk = desk();
    for (changed, says) in [
        ("nothing.toml", "is no file, no folder and no reading"),
        ("acme.week", "did you mean `acme.weeks`?"),
        ("acme@2025", "no version `2025`"),
        ("acne@2026", "did you mean `acme`?"),
        ("wrong.toml", "no rule and no policy `acme.1-anser`"),
    ] {
        let said = stderr(&desk.run(&compare(&["--changed", changed])).code(2));
        assert!(said.contains(says), "{changed}: {said}");
    }
    desk.put("policies/acme.toml", POLICY);
    std::fs::create_dir(desk.path("more")).unwrap();
    desk.put("more/other.toml", &POLICY.replace("acme", "other"));
    let said = stderr(&desk.run(&compare(&["--changed", "more"])).code(2));
    assert!(said.contains("the policy `other` is on one side only"), "{said}");
}

#[test]
fn every_format_of_a_comparison_has_every_flip() {
    let desk = desk();
    let written =
        |format: &str| stdout(&desk.run(&compare(&["--changed", "shorter.toml", "--format", format])).code(1));
    let rows: Vec<Vec<String>> = csv::Reader::from_reader(written("csv").as_bytes())
        .records()
        .map(|row| row.unwrap().iter().map(str::to_owned).collect())
        .collect();
    let json: serde_json::Value = serde_json::from_str(&written("json")).unwrap();
    let flips = json["flips"].as_array().unwrap();
    assert_eq!((rows.len(), flips.len()), (2, 2));
    for (row, flip) in rows.iter().zip(flips) {
        assert_eq!(
            [&row[1], &row[5], &row[7], &row[8]],
            [
                flip["rule"].as_str().unwrap(),
                flip["request_id"].as_str().unwrap(),
                flip["base"]["verdict"].as_str().unwrap(),
                flip["changed"]["verdict"].as_str().unwrap(),
            ]
        );
        assert_eq!(flip["changed"]["clause"], "1");
    }
    assert_eq!(json["money_at_stake"][0]["over"]["moved"], "0.00");
}

#[test]
fn an_audit_says_which_readings_turn_its_findings() {
    let desk = desk();
    let audit = |out: &str, more: &[&str]| {
        let fixed = ["audit", "exports", "--policies", "policies", "--out", out];
        stdout(&desk.run(&[&fixed, more].concat()).code(1))
    };
    audit("plain", &[]);
    let said = audit("declared", &["--readings", "declared"]);
    assert!(said.contains("robust under every reading, 1 hangs on the reading chosen"), "{said}");
    let rows = |out: &str| -> Vec<Vec<String>> {
        let text = desk.text(&format!("{out}/findings.csv"));
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
        reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect()
    };
    let (plain, declared) = (rows("plain"), rows("declared"));
    assert_eq!(declared[0].last().unwrap(), "readings");
    // But for the new column the rows are the same.
    assert_eq!(plain, declared.iter().map(|row| row[..row.len() - 1].to_vec()).collect::<Vec<_>>());
    for row in &declared[1..] {
        let expected = if row[5] == "acme.1-answer" { "acme.weeks: no finding" } else { "robust" };
        assert_eq!(row.last().unwrap(), expected, "{row:?}");
    }
    // No invoice names another policy, and of those nothing is told.
    let ledger = desk.text("declared/readings.csv");
    assert_eq!(ledger.lines().count(), 2, "{ledger}");
    assert!(ledger.lines().nth(1).is_some_and(|line| line.starts_with("acme.weeks,acme,lenient,")), "{ledger}");
    assert!(desk.text("declared/run.json").contains("\"readings\": \"declared\""));
    // Read leniently, the case is no deviation, and the declared reading would make it one.
    audit("lenient", &["--readings", "lenient"]);
    assert!(!desk.text("lenient/findings.csv").contains("acme.1-answer"));
    let ledger = desk.text("lenient/readings.csv");
    let declared = ledger.lines().find(|line| line.starts_with("declared,")).unwrap();
    assert!(declared.contains(",1,0,0,1,"), "{ledger}");
    let said = stderr(&desk.run(&["audit", "exports", "--readings", "kind"]).code(2));
    assert!(said.contains("strict, lenient, declared"), "{said}");
}

#[test]
fn what_results_from_an_amendment_is_shown() {
    let desk = desk();
    desk.put("policies/wholesale.toml", AGREEMENT);
    let shown = stdout(&desk.run(&["policy", "show", "wholesale", "--effective", "--policies", "policies"]).code(0));
    for says in [
        "# Governs account ACC.",
        "# rule acme.1-answer",
        "check.deadline.within.days = 2  # wholesale.toml:11",
        "clause = \"W 1\"  # wholesale.toml:10",
        "zone = \"UTC\"\n",
    ] {
        assert!(shown.contains(says), "`{says}` is missing:\n{shown}");
    }
    let listed = stdout(&desk.run(&["policy", "list", "--policies", "policies"]).code(0));
    assert!(listed.lines().any(|line| line.starts_with("wholesale")), "{listed}");
    desk.run(&["audit", "exports", "--policies", "policies", "--out", "out"]).code(1);
    assert!(desk.text("out/findings.csv").contains(",acme,2026+wholesale,acme.1-answer,W 1,"));
}
