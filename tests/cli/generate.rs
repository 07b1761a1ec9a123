//! Generated exports: the audit finds what the key says was planted and nothing else, and the same command writes the
//! same bytes.

use crate::books::{Desk, Exports, Row, stderr, stdout};
use std::collections::BTreeSet;

const FILES: [&str; 5] = ["decisions.csv", "invoices.csv", "key.csv", "requests.csv", "run.json"];

/// Generates into a folder of a desk.
fn generate(desk: &Desk, out: &str, arguments: &[&str]) -> String {
    let fixed = ["generate", "--out", out];
    stdout(&desk.run(&[&fixed, arguments].concat()).code(0))
}

/// What a row of the key or of the findings is about: a request, or a line of an invoice.
fn about(rows: &[Row]) -> BTreeSet<[String; 4]> {
    let about = |row: &Row| {
        let case = !row["request_id"].is_empty();
        let [one, other] = if case { ["request_id", ""] } else { ["invoice_id", "line"] };
        let line = if other.is_empty() { String::new() } else { row[other].clone() };
        [row[one].clone(), line, row["rule"].clone(), row["verdict"].clone()]
    };
    rows.iter().map(about).collect()
}

#[test]
fn the_audit_finds_exactly_what_was_planted() {
    for (seed, deviations, planted) in [("1", "100", 2500..=3100), ("2", "10", 200..=400), ("3", "0", 0..=0)] {
        let desk = Desk::with(&Exports::empty());
        generate(&desk, "made", &["--cases", "3000", "--seed", seed, "--deviations", deviations]);
        let status = i32::from(deviations != "0");
        desk.run(&["audit", "made", "--out", "out", "--quiet"]).code(status);
        let key = crate::books::rows(&desk.path("made/key.csv"));
        assert!(planted.contains(&key.len()), "{} planted with --deviations {deviations}", key.len());
        let (key, found) = (about(&key), about(&desk.rows("findings.csv")));
        assert_eq!(key.difference(&found).collect::<Vec<_>>(), Vec::<&[String; 4]>::new(), "seed {seed}: not found");
        assert_eq!(found.difference(&key).collect::<Vec<_>>(), Vec::<&[String; 4]>::new(), "seed {seed}: not planted");
        assert_eq!(desk.json("summary.json")["rows"]["requests"]["used"], 3000);
    }
}

#[test]
fn rows_that_cannot_be_used_do_no_further_harm() {
    let desk = Desk::with(&Exports::empty());
    let said = generate(&desk, "made", &["--cases", "2000", "--deviations", "30", "--rejects", "20000"]);
    desk.run(&["audit", "made", "--out", "out", "--quiet"]).code(3);
    let rejects = desk.rows("rejects.csv");
    assert!(rejects.len() > 50 && said.contains(&format!("{} rows that cannot be used", rejects.len())), "{said}");
    assert!(rejects.iter().any(|row| row["reason"].contains("repeat")), "{rejects:?}");
    assert_eq!(desk.rows("held_back.csv"), []);
    assert_eq!(about(&crate::books::rows(&desk.path("made/key.csv"))), about(&desk.rows("findings.csv")));
}

#[test]
fn the_same_command_writes_the_same_bytes_on_any_number_of_threads() {
    let desk = Desk::with(&Exports::empty());
    // More cases than one block holds, and not a whole number of blocks.
    let cases = ["--cases", "36000", "--rejects", "100"];
    for threads in ["1", "2", "5"] {
        generate(&desk, threads, &[&cases[..], &["--seed", "7", "--threads", threads]].concat());
        assert_eq!(desk.listing(threads), FILES);
        for name in FILES {
            assert!(desk.text(&format!("{threads}/{name}")) == desk.text(&format!("1/{name}")), "{name} differs");
        }
    }
    generate(&desk, "other", &[&cases[..], &["--seed", "8"]].concat());
    for name in FILES {
        assert!(desk.text(&format!("other/{name}")) != desk.text(&format!("1/{name}")), "{name} is the same");
    }
    let ids = |name: &str, field: usize| -> Vec<String> {
        let field = |line: &str| line.split(',').nth(field).unwrap_or_default().to_owned();
        desk.text(name).lines().skip(1).map(field).filter(|id| id.len() == "RQ-00000000".len()).collect()
    };
    let (requests, decided) = (ids("other/requests.csv", 0), ids("other/decisions.csv", 1));
    assert_eq!(requests.iter().collect::<BTreeSet<_>>().len(), 36_000);
    assert_ne!(requests[..1000], decided[..1000], "rows of two files in the same order");
}

#[test]
fn only_exports_generated_before_are_replaced() {
    let desk = Desk::with(&Exports::clean());
    generate(&desk, "made", &["--cases", "10"]);
    let again = ["generate", "--cases", "1", "--out", "made"];
    assert!(stderr(&desk.run(&again).code(2)).contains("`made` exists already"));
    desk.run(&[&again[..], &["--force"]].concat()).code(0);
    assert_eq!(desk.text("made/requests.csv").lines().count(), 2);
    let said = stderr(&desk.run(&["generate", "--cases", "1", "--out", "exports", "--force"]).code(2));
    assert!(said.contains("not one of the results of a run"), "{said}");
    assert_eq!(desk.text("exports/requests.csv"), Exports::clean().requests);
}

/// Stories of the tests' own policy.
const STORIES: &str = r#"policy = "acme"
weight = 1000000
from = 2026-01-05
until = 2026-03-31
times = ["date"]

[[account]]
weight = 1
currency = "EUR"

[[story]]
name = "returned"
weight = 1

[[story.line]]
category = "other"
amount = { amount = { from = 10, to = 50 } }
paid_on = "{invoice.invoice_date}"

[[story.request]]
kind = "refund"
submitted_at = { day = { after = "invoice.invoice_date", days = 2 } }

[[story.decision]]
outcome = "denied"
decided_at = { day = { after = "request.submitted_at", days = [0, 5] } }
explanation = "No, \"{line1.amount}\""

[[story.plant]]
rule = "acme.1-answer"
shows = "late"
set."decision1.decided_at" = { day = { after = "request1.submitted_at", days = [6, 9] } }
"#;

fn with_stories(stories: &str) -> Desk {
    let desk = Desk::with(&Exports::empty());
    std::fs::create_dir(desk.path("policies/stories")).unwrap();
    desk.put("policies/stories/acme.toml", stories);
    desk
}

#[test]
fn a_policy_of_ones_own_is_generated_from_stories_of_ones_own() {
    let desk = with_stories(STORIES);
    let policies = ["--policies", "policies"];
    generate(&desk, "made", &[&policies[..], &["--cases", "200", "--deviations", "50"]].concat());
    desk.run(&[&["audit", "made", "--out", "out", "-q"], &policies[..]].concat()).code(1);
    let key = crate::books::rows(&desk.path("made/key.csv"));
    assert!(key.iter().all(|row| row["rule"] == "acme.1-answer" && row["shows"] == "late") && key.len() > 50);
    assert_eq!(about(&key), about(&desk.rows("findings.csv")));
    let invoices = crate::books::rows(&desk.path("made/invoices.csv"));
    let decisions = crate::books::rows(&desk.path("made/decisions.csv"));
    assert!(
        invoices
            .iter()
            .all(|row| row["currency"] == "EUR" && ("2026-01-05"..="2026-03-31").contains(&&*row["invoice_date"]))
    );
    assert!(decisions.iter().all(|row| row["explanation"].starts_with("No, \"") && row["explanation"].ends_with('"')));
}

#[test]
fn a_mistake_in_a_story_is_told_with_its_place() {
    for (right, wrong, line, says) in [
        ("name = \"returned\"", "nam = \"returned\"", 12, "unknown field `nam`"),
        ("policy = \"acme\"", "policy = \"acne\"", 1, "no policy is named `acne`"),
        ("currency = \"EUR\"", "currency = \"EUX\"", 7, "unknown currency `EUX`"),
        ("[\"date\"]", "[\"noon\"]", 5, "expected `date`, `local`"),
        ("until = 2026", "until = 2025", 4, "`until` lies before `from`"),
        ("days = 2 }", "days = [9, 2] }", 22, "a range in order"),
        ("days = 2 }", "business_days = 2 }", 22, "need a policy with a calendar"),
        ("days = 2 }", "weeks = 2 }", 22, "unknown field `weeks`"),
        ("days = 2 }", "days = \"line.amount\" }", 22, "not of the sort"),
        ("after = \"request.submitted_at\"", "after = \"decision.decided_at\"", 26, "to work out itself"),
        ("paid_on", "payed_on", 18, "there is no column `payed_on`"),
        ("{line1.amount}", "{line1.price}", 27, "there is no cell `line1.price`"),
        ("{line1.amount}", "{request2}", 27, "the story has no `request2`"),
        ("acme.1-answer", "acme.1-answers", 29, "the policy has no rule `acme.1-answers`"),
        ("set.\"decision1", "set.\"request2", 29, "there is no cell `request2.decided_at`"),
        ("category = \"other\"", "chance = 50", 11, "without `chance`"),
        ("[[story.request]]\nkind = \"refund\"\nsubmitted_at = ", "[story.values]\nfree = ", 11, "is about a request"),
    ] {
        let wrong = STORIES.replacen(right, wrong, 1);
        let desk = with_stories(&wrong);
        let said = stderr(&desk.run(&["generate", "--cases", "1", "--out", "made", "--policies", "policies"]).code(2));
        assert!(said.contains(says) && said.contains(&format!("acme.toml:{line}")), "{right}:\n{said}");
        assert_eq!(desk.listing(""), ["exports", "policies"]);
    }
}
