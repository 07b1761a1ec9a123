//! `explain`: one case as a page of a workpaper.

use crate::books::{Desk, Exports, stderr, stdout};

fn explained(desk: &Desk, arguments: &[&str]) -> String {
    let fixed = ["explain", "--policies", "policies"];
    stdout(&desk.run(&[&fixed, arguments].concat()).code(0))
}

#[test]
fn a_case_is_shown_with_facts_days_and_working() {
    let desk = Desk::with(&Exports::faulty());
    let page = explained(&desk, &["C", "exports"]);
    for says in [
        "Case C",
        "refund",
        "INV-C",
        "acme, version 2026",
        "requests.csv:3",
        "ticket T-C",
        "2026-03-11",
        "deviation  acme.1-answer",
        "A request is decided within 5 days",
        "medium, clause 1",
        "5 days after 2026-03-01 is 2026-03-06",
        "compliant  general.",
        "`--all` lists them",
    ] {
        assert!(page.contains(says), "`{says}` is missing:\n{page}");
    }
    let days: Vec<&str> =
        page.lines().skip_while(|line| *line != "Timeline").skip(1).take_while(|line| !line.is_empty()).collect();
    assert_eq!(days.len(), 4, "{page}");
    assert!(days.is_sorted(), "{page}");
}

#[test]
fn rules_that_do_not_apply_are_listed_where_that_is_asked_for() {
    let desk = Desk::with(&Exports::faulty());
    let page = explained(&desk, &["C", "exports", "--all"]);
    assert!(page.contains("does not apply  acme.2-gift-cards"), "{page}");
    let page = explained(&desk, &["D", "exports", "--select", "acme.2"]);
    assert!(page.contains("money at stake: 50.00 USD over") && !page.contains("acme.1"), "{page}");
    assert!(page.contains("A card that was not used is a gift card too."), "{page}");
}

#[test]
fn a_case_that_was_not_judged_says_why() {
    let mut exports = Exports::clean();
    exports.requests += "OLD,ACC,INV-A,,refund,2025-12-31,\nBAD,ACC,INV-A,,refund,yesterday,\n";
    exports.decisions += "DEC-X,B,approved,2026-03-03,1.5e3,,,,,\n";
    let desk = Desk::with(&exports);
    for (case, arguments, says) in [
        ("OLD", &[][..], &["outside every policy version", "2026-01-01"][..]),
        ("A", &["--as-of", "2026-02-01"], &["after the as-of date 2026-02-01"]),
        ("BAD", &[], &["held back", "requests.csv:4", "submitted_at", "`yesterday`"]),
        ("B", &[], &["held back", "decisions.csv:3", "`1.5e3`", "INV-B"]),
    ] {
        let page = explained(&desk, &[&[case, "exports"], arguments].concat());
        assert!(says.iter().all(|text| page.contains(text)), "{case}: {page}");
        assert!(!page.contains("compliant"), "{case}: {page}");
    }
}

#[test]
fn an_unknown_case_is_refused_with_near_names() {
    let exports = Exports::empty().case("REQ-1001", "other", "1", "2026-03-02", "1");
    let desk = Desk::with(&exports);
    let said = stderr(&desk.run(&["explain", "REQ-1010", "exports", "--policies", "policies"]).code(2));
    assert!(said.contains("there is no case `REQ-1010`") && said.contains("did you mean `REQ-1001`?"), "{said}");
}

#[test]
fn nothing_in_the_exports_reaches_the_terminal_as_a_command() {
    let mut exports = Exports::clean();
    exports.decisions = exports.decisions.replace("T-A", "\u{1b}[2J\u{202e}gnp");
    exports.requests += "BAD,ACC,INV-A,,refund,\u{1b}]0;x\u{7},\n";
    let desk = Desk::with(&exports);
    let page = explained(&desk, &["A", "exports"]);
    assert!(page.contains("\\u{1b}[2J\\u{202e}gnp") && !page.contains(['\u{1b}', '\u{202e}']), "{page}");
    let shown = stdout(&desk.audit(&[]).code(3));
    assert!(shown.contains("\\u{1b}]0;x\\u{7}") && !shown.contains('\u{1b}'), "{shown}");
}

#[test]
fn a_finding_leads_to_its_case_or_to_its_line() {
    let desk = Desk::with(&Exports::faulty());
    desk.audit(&["--select", "acme"]).code(1);
    for row in desk.rows("findings.csv") {
        let page = explained(&desk, &["--finding", &row["finding_id"], "exports"]);
        let (title, others) = match row["request_id"].as_str() {
            "" => (format!("Invoice {}, line {}", row["invoice_id"], row["line"]), "Case"),
            case => (format!("Case {case}"), "Invoice INV"),
        };
        assert!(page.starts_with(&title) && !page.contains(others), "{page}");
        assert!(page.contains(&format!("deviation  {}", row["rule"])), "{page}");
        let amount = row["amount"].trim_start_matches('-');
        assert!(amount.is_empty() || page.contains(&format!("money at stake: {amount} USD")), "{page}");
    }
    for arguments in [&["explain", "--finding", "0123456789abcdef", "exports"][..], &["explain"]] {
        desk.run(&[arguments, &["--policies", "policies"]].concat()).code(2);
    }
}

#[test]
fn every_format_of_a_page_says_the_same() {
    let desk = Desk::with(&Exports::faulty());
    let page = |format: &str| explained(&desk, &["C", "exports", "--format", format]);
    let json: serde_json::Value = serde_json::from_str(&page("json")).unwrap();
    let finding = json["rules"].as_array().unwrap().iter().find(|rule| rule["rule"] == "acme.1-answer").unwrap();
    assert_eq!([&json["case"], &finding["verdict"]], ["C", "deviation"]);
    let (markdown, html) = (page("md"), page("html"));
    for text in ["acme.1-answer", "2026-03-11", "5 days after 2026-03-01 is 2026-03-06", "requests.csv:3"] {
        assert!(markdown.contains(text) && html.contains(text), "{text}\n{markdown}");
    }
    assert!(markdown.contains(finding["finding"]["message"].as_str().unwrap()), "{markdown}");
    assert!(!html.contains("<script") && !html.contains("src="));
}

#[test]
fn hostile_text_is_text_in_every_format() {
    let mut exports = Exports::faulty();
    exports.decisions = exports.decisions.replace("agent-1,T-C", "\"</script><b>|*x*\u{202e}\",T-C");
    let desk = Desk::with(&exports);
    let page = |format: &str| explained(&desk, &["C", "exports", "--format", format]);
    for format in ["text", "md", "html"] {
        let page = page(format);
        assert!(!page.contains('\u{202e}') && page.contains("u{202e}") | page.contains("u\\{202e"), "{format}: {page}");
        assert!(format == "text" || !page.contains("<b>"), "{format}: {page}");
    }
    let json: serde_json::Value = serde_json::from_str(&page("json")).unwrap();
    assert!(json.to_string().contains("\u{202e}"));
}
