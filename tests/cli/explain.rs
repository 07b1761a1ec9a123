//! `explain`: one case as a page of a workpaper.

use crate::books::{Desk, Exports, POLICY, stderr, stdout};

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

/// The near misses of a case, each by its rule's id, verdict and sentence.
fn near_misses(desk: &Desk, case: &str) -> Vec<[String; 3]> {
    let page: serde_json::Value =
        serde_json::from_str(&explained(desk, &[case, "exports", "--format", "json"])).unwrap();
    let near = page["near_misses"].as_array().unwrap();
    near.iter().map(|near| ["rule", "verdict", "says"].map(|key| near[key].as_str().unwrap().to_owned())).collect()
}

#[test]
fn a_deadline_is_near_on_its_last_day_the_day_before_and_the_day_after() {
    for (decided, verdict, says) in [
        ("2026-03-04", "", ""),
        ("2026-03-05", "compliant", "the decision on 2026-03-05, 1 day before the last day 2026-03-06"),
        ("2026-03-06", "compliant", "the decision on 2026-03-06, the last day"),
        ("2026-03-07", "deviation", "the decision on 2026-03-07, 1 day after the last day 2026-03-06"),
        ("2026-03-08", "", ""),
    ] {
        let desk = Desk::with(&Exports::empty().case("A", "other", "100.00", decided, "40.00"));
        let near = near_misses(&desk, "A");
        match says {
            "" => assert!(near.is_empty(), "{decided}: {near:?}"),
            says => assert_eq!(near, [["acme.1-answer", verdict, says]], "{decided}"),
        }
        for format in ["text", "md", "html"] {
            let page = explained(&desk, &["A", "exports", "--format", format]);
            assert_eq!(page.contains("Near misses"), !says.is_empty(), "{decided}: {page}");
            assert!(page.contains(says), "{decided}: {page}");
        }
    }
}

#[test]
fn a_deadline_that_has_not_come_is_near_around_the_as_of_date() {
    let mut exports = Exports::empty().case("A", "other", "100.00", "2026-03-06", "40.00");
    exports.decisions.clear();
    exports.decisions += "decision_id,request_id,outcome,decided_at\n";
    let desk = Desk::with(&exports);
    for (as_of, near) in [("04", false), ("05", true), ("06", true), ("07", true), ("08", false)] {
        let as_of = format!("2026-03-{as_of}");
        let page = explained(&desk, &["A", "exports", "--as-of", &as_of]);
        assert_eq!(page.contains("Near misses"), near, "{page}");
    }
}

#[test]
fn an_amount_is_near_within_a_unit_of_the_limit_or_of_its_tolerance() {
    for (refund, verdict) in [
        ("99.97", ""),
        ("99.98", "compliant"),
        ("99.99", "compliant"),
        ("100.00", ""),
        ("100.01", "compliant"),
        ("100.02", "deviation"),
        ("100.03", ""),
    ] {
        let desk = Desk::with(&Exports::empty().case("A", "other", "100.00", "2026-03-02", refund));
        let near: Vec<[String; 3]> = near_misses(&desk, "A");
        assert_eq!(near.is_empty(), verdict.is_empty(), "{refund}: {near:?}");
        assert!(near.iter().all(|near| near[1] == verdict && near[2].contains(refund)), "{near:?}");
    }
}

#[test]
fn a_rule_is_near_that_does_not_apply_for_one_of_its_conditions() {
    let rule = |when: &str| {
        format!(
            "{POLICY}\n[[rule]]\nid = 'acme.5-note'\nclause = '5'\ntitle = 'Says why'\nseverity = 'low'\nwhen = [{when}]\n\
             [rule.check.required]\ndemands = [{{ columns = ['reason'] }}]\n"
        )
    };
    let reason = "{ code = { column = 'reason', one_of = ['dissatisfied'] } }";
    let other = "{ code = { column = 'reason', one_of = ['defect'] } }";
    for (when, near) in [
        (format!("{reason}, {{ state = 'denied' }}"), Some("would apply if this held: denied")),
        (
            format!("{{ not = {reason} }}, {{ recorded = 'reason' }}"),
            Some("would apply if this did not hold: reason is dissatisfied"),
        ),
        (format!("{{ state = 'accepted' }}, {reason}"), None),
        // One condition alone, beside what became of the case, or beside another that fails too.
        (other.to_owned(), None),
        (format!("{{ state = 'accepted' }}, {other}"), None),
        (format!("{other}, {{ state = 'denied' }}, {reason}"), None),
    ] {
        let desk = Desk::with(&Exports::empty().case("A", "other", "100.00", "2026-03-02", "40.00"));
        desk.put("policies/acme.toml", &rule(&when));
        let found = near_misses(&desk, "A");
        let says: Vec<&str> =
            found.iter().filter(|near| near[0] == "acme.5-note").map(|near| near[2].as_str()).collect();
        assert_eq!(says, near.into_iter().collect::<Vec<_>>(), "{when}");
    }
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
