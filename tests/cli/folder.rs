//! The folder of results: whole or not at all, and never in place of something else.

use crate::books::{Desk, Exports, stderr};
use std::fs;

const FILES: [&str; 9] = [
    "coverage.csv",
    "findings.csv",
    "findings.jsonl",
    "held_back.csv",
    "rejects.csv",
    "report.html",
    "run.json",
    "summary.json",
    "workpaper.xlsx",
];

#[test]
fn the_same_input_gives_the_same_bytes_on_any_number_of_threads() {
    let mut exports = Exports::faulty();
    for number in 0..300 {
        let refund = if number % 7 == 0 { "0" } else { "12.50" };
        let category = if number % 3 == 0 { "gift_card" } else { "other" };
        exports =
            exports.case(&format!("N{number}"), category, "12.50", &format!("2026-03-{:02}", number % 20 + 1), refund);
    }
    exports.requests += "BAD,ACC,INV-N1,,refund,never,\n";
    let runs: Vec<Desk> = ["1", "2", "8"]
        .map(|threads| {
            let desk = Desk::with(&exports);
            desk.audit(&["--threads", threads, "--include", "indeterminate"]).code(3);
            desk
        })
        .into();
    for desk in &runs {
        assert_eq!(desk.listing("out"), FILES);
        for name in FILES.into_iter().filter(|name| *name != "run.json") {
            let bytes = |desk: &Desk| fs::read(desk.path("out").join(name)).unwrap();
            assert!(bytes(desk) == bytes(&runs[0]), "{name} differs");
        }
        let untimed = |desk: &Desk| {
            let mut run = desk.json("run.json");
            assert!(run["timing"]["started"].as_str().unwrap().ends_with('Z'));
            run["timing"].take();
            run
        };
        assert_eq!(untimed(desk), untimed(&runs[0]));
    }
}

#[test]
fn an_existing_folder_is_replaced_only_when_asked_and_only_if_it_is_ours() {
    let desk = Desk::with(&Exports::faulty());
    desk.audit(&[]).code(1);
    let before = desk.text("out/run.json");
    let said = stderr(&desk.audit(&[]).code(2));
    assert!(said.contains("`out` exists already") && said.contains("--force"), "{said}");
    assert_eq!(desk.text("out/run.json"), before);

    desk.put("exports/decisions.csv", &Exports::clean().decisions);
    desk.audit(&["--force", "--select", "acme.2"]).code(0);
    assert_eq!(desk.rows("findings.csv"), []);
    assert_eq!(desk.listing("out"), FILES);

    desk.put("out/notes.txt", "mine");
    let said = stderr(&desk.audit(&["--force"]).code(2));
    assert!(said.contains("`notes.txt`"), "{said}");
    assert_eq!(desk.text("out/notes.txt"), "mine");
    assert_eq!(desk.listing(""), ["exports", "out", "policies"]);
}

#[test]
fn an_empty_folder_is_replaced_when_asked_and_a_foreign_one_never() {
    let desk = Desk::with(&Exports::clean());
    fs::create_dir(desk.path("out")).unwrap();
    desk.audit(&[]).code(2);
    desk.audit(&["--force"]).code(0);
    assert_eq!(desk.listing("out"), FILES);
    let run = desk.run(&["audit", "exports", "--policies", "policies", "--out", "exports", "--force"]).code(2);
    assert!(stderr(&run).contains("which is not one of the results of a run"));
    assert_eq!(desk.listing("exports"), ["decisions.csv", "invoices.csv", "requests.csv"]);
}

#[test]
fn a_run_that_fails_leaves_nothing_behind() {
    type Harm = fn(&Desk);
    let cases: [(&str, Harm, &[&str], &str); 8] = [
        ("a file where a folder should be", |d| d.put("file", ""), &["--out", "file/deep/out"], "`file/deep/out`"),
        ("the target is a file", |d| d.put("file", ""), &["--out", "file", "--force"], "`file` is a file"),
        ("no such export", |d| fs::remove_file(d.path("exports/requests.csv")).unwrap(), &[], "requests.csv"),
        (
            "a column missing",
            |d| d.put("exports/requests.csv", "request_id\n"),
            &[],
            "requests.csv:1: the header lacks",
        ),
        ("an open quote", |d| d.put("exports/decisions.csv", "\"decision_id"), &[], "decisions.csv:1: a quote"),
        ("no policy", |d| d.put("policies/acme.toml", "[policy]\n"), &[], "policies/acme.toml"),
        ("a policy that is not text", |d| fs::write(d.path("policies/acme.toml"), [0xff]).unwrap(), &[], "acme.toml"),
        ("no folder of policies", |d| fs::remove_dir_all(d.path("policies")).unwrap(), &[], "`policies`"),
    ];
    for (what, harm, arguments, says) in cases {
        let desk = Desk::with(&Exports::faulty());
        harm(&desk);
        let before = desk.listing("");
        let out = if arguments.is_empty() { &["--out", "a/b/out"][..] } else { arguments };
        let run = desk.run(&[&["audit", "exports", "--policies", "policies"], out].concat()).code(2);
        assert!(run.get_output().stdout.is_empty(), "{what}");
        let said = stderr(&run);
        assert!(said.contains(says) && said.starts_with("error"), "{what}: {said}");
        assert_eq!(desk.listing(""), before, "{what}");
    }
}

#[test]
fn every_problem_of_the_input_is_told_at_once() {
    let desk = Desk::with(&Exports::clean());
    desk.put("exports/invoices.csv", "invoice_id,line\n");
    desk.put("exports/decisions.csv", "");
    let said = stderr(&desk.audit(&[]).code(2));
    for says in ["`policy`", "`amount`", "decisions.csv:1: the file is empty", "help: "] {
        assert!(said.contains(says), "`{says}` is missing: {said}");
    }
    desk.put("policies/acme.toml", "[policy]\nname = \"acme\"\nzone = \"Nowhere\"\nx = 1\n[[rule]]\nid = 7\n");
    let said = stderr(&desk.audit(&[]).code(2));
    for says in ["unknown field `x`", "policies/acme.toml:4:1", "policies/acme.toml:6:6"] {
        assert!(said.contains(says), "`{says}` is missing: {said}");
    }
}
