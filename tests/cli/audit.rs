//! Options of `audit`, its exit statuses, and what it shows.

use crate::books::{Desk, Exports, stderr, stdout};

fn with_reject(exports: &Exports) -> Exports {
    let mut exports = exports.clone();
    exports.requests += "E,ACC,INV-A,,refund,2026-02-30,\n";
    exports
}

#[test]
fn the_exit_status_says_how_it_ended() {
    let (clean, faulty) = (Exports::clean(), Exports::faulty());
    let cases: &[(&Exports, &[&str], i32)] = &[
        (&clean, &[], 0),
        (&faulty, &[], 1),
        (&faulty, &["--fail-on", "critical"], 1),
        (&faulty, &["--fail-on", "critical", "--ignore", "acme.3"], 0),
        (&faulty, &["--fail-on", "high", "--select", "acme.1-answer"], 0),
        (&faulty, &["--fail-on", "medium", "--select", "acme.1-answer"], 1),
        (&with_reject(&clean), &[], 3),
        (&with_reject(&faulty), &[], 3),
        (&with_reject(&clean), &["--allow-rejects"], 0),
        (&with_reject(&faulty), &["--allow-rejects"], 1),
        (&clean, &["--as-of", "2026-02-30"], 2),
        (&clean, &["--as-of", "1.3.2026"], 2),
        (&clean, &["--fail-on", "grave"], 2),
        (&clean, &["--threads", "0"], 2),
        (&clean, &["--memory", "1GiB"], 0),
        (&clean, &["--memory", "1 KiB"], 2),
        (&clean, &["--memory", "plenty"], 2),
        (&clean, &["--include", "compliant"], 2),
        (&clean, &["--nonsense"], 2),
        (&clean, &["--policies", "nowhere"], 2),
        (&clean, &["--invoices", "nowhere.csv"], 2),
        (&clean, &["--select", "nonsense"], 2),
        (&Exports::empty(), &[], 0),
    ];
    for (exports, arguments, code) in cases {
        let run = Desk::with(exports).audit(arguments);
        assert_eq!(run.get_output().status.code(), Some(*code), "{arguments:?}: {}", stderr(&run));
        assert_eq!(stderr(&run).is_empty(), *code != 2, "{arguments:?}: {}", stderr(&run));
    }
}

/// The exports hold 50 MB of texts that no rule needs.
#[test]
fn exports_larger_than_memory_give_the_same_in_parts() {
    let mut exports = with_reject(&Exports::faulty());
    for number in 0..50 {
        exports = exports.case(&format!("L{number}"), "other", "70.00", "2026-03-09", "10");
        exports.decisions.truncate(exports.decisions.len() - 1);
        exports.decisions += &"x".repeat(1_000_000);
        exports.decisions += "\n";
    }
    let desk = Desk::with(&exports);
    let mut results = Vec::new();
    for (memory, parts) in [("4GiB", 1), ("128MiB", 2)] {
        let shown = stdout(&desk.audit(&["--memory", memory, "--threads", "2"]).code(3));
        let mut run = desk.json("run.json");
        assert_eq!(run["timing"]["parts"], parts, "{memory}");
        run["timing"].take();
        let files = [
            "findings.csv",
            "findings.jsonl",
            "rejects.csv",
            "held_back.csv",
            "coverage.csv",
            "summary.json",
            "report.html",
            "workpaper.xlsx",
        ];
        results.push((shown, run, files.map(|file| std::fs::read(desk.path("out").join(file)).unwrap())));
        assert_eq!(desk.listing("."), ["exports", "out", "policies"]);
        std::fs::remove_dir_all(desk.path("out")).unwrap();
    }
    let [whole, parts] = &results[..] else { panic!("there are two runs") };
    assert_eq!(whole.0, parts.0);
    assert_eq!(whole.1, parts.1);
    assert_eq!(whole.2, parts.2);
}

#[test]
fn usage_is_explained_and_wrong_usage_refused() {
    let desk = Desk::with(&Exports::clean());
    for (arguments, code, says) in [
        (&["--help"][..], 0, "Usage"),
        (&["--version"], 0, "reperform"),
        (&["audit", "--help"], 0, "reports/"),
        (&[], 2, "Usage"),
        (&["audit"], 2, "no exports are named"),
        (&["audit", "nowhere"], 2, "there is no folder `nowhere`"),
        (&["audit", "--invoices", "a.csv"], 2, "`--requests`, `--decisions`"),
        (&["nonsense"], 2, "nonsense"),
    ] {
        let run = desk.run(arguments);
        let said = stdout(&run) + &stderr(&run);
        assert_eq!(run.get_output().status.code(), Some(code), "{arguments:?}");
        assert!(said.contains(says), "{arguments:?}: {said}");
    }
}

#[test]
fn rules_are_chosen_by_id_or_prefix() {
    for (arguments, rules) in [
        (&["--select", "acme.1-answer"][..], &["acme.1-answer"][..]),
        (&["--select", "acme.1,acme.3"], &["acme.1-answer", "acme.3-price"]),
        (&["--select", "acme.1", "--select", "acme.2"], &["acme.1-answer", "acme.2-gift-cards"]),
        (&["--select", "acme", "--ignore", "acme.2"], &["acme.1-answer", "acme.3-price"]),
    ] {
        let desk = Desk::with(&Exports::faulty());
        desk.audit(arguments);
        let covered: Vec<String> = desk.rows("coverage.csv").into_iter().map(|row| row["rule"].clone()).collect();
        assert_eq!(covered, rules, "{arguments:?}");
        assert!(desk.rows("findings.csv").iter().all(|row| rules.contains(&row["rule"].as_str())));
    }
}

#[test]
fn a_choice_that_fits_no_rule_is_refused_with_near_names() {
    let desk = Desk::with(&Exports::faulty());
    let said = stderr(&desk.audit(&["--select", "acme.1-anwser", "--ignore", "zzz"]).code(2));
    assert!(said.contains("no rule is named `acme.1-anwser`") && said.contains("`acme.1-answer`"), "{said}");
    assert!(said.contains("no rule is named `zzz`") && said.contains("reperform rules"), "{said}");
    assert!(!desk.path("out").exists());
}

#[test]
fn quiet_prints_nothing_but_errors() {
    let run = Desk::with(&with_reject(&Exports::faulty())).audit(&["--quiet"]);
    assert_eq!((stdout(&run), stderr(&run)), (String::new(), String::new()));
    let run = Desk::with(&Exports::clean()).audit(&["--quiet", "--invoices", "nowhere.csv"]);
    assert!(stdout(&run).is_empty() && stderr(&run).contains("nowhere.csv"));
}

#[test]
fn colour_is_for_terminals_and_for_who_asks() {
    for (name, value, coloured) in [("NONE", "1", false), ("CLICOLOR_FORCE", "1", true), ("NO_COLOR", "1", false)] {
        let desk = Desk::with(&Exports::faulty());
        let mut command = assert_cmd::Command::cargo_bin("reperform").unwrap();
        command.current_dir(desk.folder.path()).env_remove("NO_COLOR").env_remove("CLICOLOR_FORCE").env(name, value);
        let shown = stdout(&command.args(["audit", "exports", "--policies", "policies"]).assert().code(1));
        assert_eq!(shown.contains('\u{1b}'), coloured, "{name}: {shown}");
    }
}

#[test]
fn the_summary_fits_a_screen_and_says_what_matters() {
    let desk = Desk::with(&with_reject(&Exports::faulty()));
    let shown = stdout(&desk.audit(&[]));
    assert!(shown.lines().count() <= 40 && shown.lines().all(|line| line.chars().count() <= 100), "{shown}");
    for says in [
        "Audited 4 cases as of 2026-03-11",
        "requests.csv",
        "acme.3-price",
        "USD",
        "2026-02-30",
        "Results   out",
        "reperform explain",
        "--policies policies",
    ] {
        assert!(shown.contains(says), "`{says}` is missing:\n{shown}");
    }
    let line = |start: &str| {
        shown.lines().find(|line| line.starts_with(start)).map(|l| l.split_whitespace().collect::<Vec<_>>().join(" "))
    };
    assert_eq!(line("requests.csv").as_deref(), Some("requests.csv 5 4 1 held back 1"));
    assert_eq!(line("acme ").as_deref(), Some("acme 3 0 critical 1 0"));
    assert_eq!(line("USD").as_deref(), Some("USD 50.00 6.00"));
}

#[test]
fn what_could_not_be_tested_is_written_up_where_that_is_asked_for() {
    let mut exports = Exports::clean();
    exports.decisions = "decision_id,request_id,outcome,refund_amount\nDEC-A,A,approved,40.00\n".to_owned();
    let undecided = |desk: &Desk| {
        let rows = desk.rows("findings.csv");
        rows.into_iter()
            .filter(|row| row["verdict"] == "indeterminate" && row["rule"] == "acme.1-answer")
            .collect::<Vec<_>>()
    };
    let desk = Desk::with(&exports);
    let shown = stdout(&desk.audit(&[]));
    assert!(shown.contains("Not testable") && shown.contains("decisions.decided_at"), "{shown}");
    assert!(undecided(&desk).is_empty());
    let coverage = desk.rows("coverage.csv").into_iter().find(|row| row["rule"] == "acme.1-answer").unwrap();
    assert_eq!((coverage["indeterminate"].as_str(), coverage["missing"].as_str()), ("1", "decided_at:1"));
    desk.audit(&["--include", "indeterminate", "--force"]);
    let found = undecided(&desk);
    assert_eq!(found.len(), 1);
    assert!(found[0]["message"].contains("decided_at"), "{:?}", found[0]);
}

#[test]
fn several_files_feed_a_table() {
    let desk = Desk::with(&Exports::clean());
    let more = Exports::empty().case("Z", "gift_card", "9.00", "2026-03-02", "9.00");
    desk.put("more-invoices.csv", &more.invoices);
    desk.put("more-requests.csv", &more.requests);
    desk.put("more-decisions.csv", &more.decisions);
    desk.audit(&[
        "--invoices",
        "exports/invoices.csv",
        "more-invoices.csv",
        "--requests",
        "exports/requests.csv",
        "--requests",
        "more-requests.csv",
        "--decisions",
        "exports/decisions.csv",
        "more-decisions.csv",
    ])
    .code(1);
    let found = desk.rows("findings.csv");
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["evidence"], "more-invoices.csv:1;more-requests.csv:1;more-decisions.csv:1");
    assert_eq!(desk.json("run.json")["inputs"].as_array().unwrap().len(), 6);
}

#[test]
fn without_a_place_the_results_go_to_reports() {
    let desk = Desk::with(&Exports::clean());
    desk.run(&["audit", "exports", "--policies", "policies"]).code(0);
    assert!(desk.path("reports/exports/run.json").exists());
}

#[test]
fn a_reader_that_stops_reading_is_no_error() {
    use std::process::{Command, Stdio};
    let desk = Desk::with(&Exports::faulty());
    let mut child = Command::new(assert_cmd::cargo::cargo_bin("reperform"))
        .current_dir(desk.folder.path())
        .args(["audit", "exports", "--policies", "policies"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stderr).as_ref()), (Some(1), ""));
}
