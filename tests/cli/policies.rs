//! `policy`, `rules` and `columns`.

use crate::books::{Desk, Exports, POLICY, stderr, stdout};

fn desk() -> Desk {
    Desk::with(&Exports::clean())
}

#[test]
fn policies_are_listed_and_shown() {
    let desk = desk();
    let listed = stdout(&desk.run(&["policy", "list", "--policies", "policies"]).code(0));
    let line = listed.lines().find(|line| line.starts_with("acme")).unwrap();
    assert_eq!(line.split_whitespace().collect::<Vec<_>>(), ["acme", "3", "2026-01-01", "UTC", "Acme", "returns"]);
    let shown = stdout(&desk.run(&["policy", "show", "acme", "--policies", "policies"]).code(0));
    for says in [
        "2026, in force from 2026-01-01",
        "acme.2-gift-cards",
        "A card that was not used",
        "Staff are friendly",
        "nothing in the exports",
    ] {
        assert!(shown.contains(says), "`{says}` is missing:\n{shown}");
    }
    let said = stderr(&desk.run(&["policy", "show", "acne", "--policies", "policies"]).code(2));
    assert!(said.contains("there is no policy `acne`") && said.contains("`acme`"), "{said}");
}

#[test]
fn a_rule_is_shown_as_its_file_writes_it() {
    let desk = desk();
    let all = stdout(&desk.run(&["rules", "--policies", "policies"]).code(0));
    assert!(all.lines().any(|line| line.starts_with("acme.3-price") && line.contains("critical")), "{all}");
    let shown = stdout(&desk.run(&["rules", "acme.2", "--policies", "policies"]).code(0));
    assert!(shown.contains("    [rule.check.non_refundable]\n    categories = [\"gift_card\"]\n"), "{shown}");
    assert!(!shown.contains("untested") && !shown.contains("acme.3"), "{shown}");
    let said = stderr(&desk.run(&["rules", "acme.9", "--policies", "policies"]).code(2));
    assert!(said.contains("no rule is named `acme.9`"), "{said}");
}

#[test]
fn policy_files_are_checked_with_all_their_problems() {
    let desk = desk();
    let said = stdout(&desk.run(&["policy", "check", "policies/acme.toml"]).code(0));
    assert!(said.contains("the policy `acme` with 3 rules is well-formed"), "{said}");
    let broken =
        POLICY.replace("severity = \"medium\"", "severity = \"grave\"").replace("days = 5", "business_days = 5");
    desk.put("policies/broken.toml", &broken.replace("zone = \"UTC\"", "zone = \"Nowhere\""));
    desk.put("policies/worse.toml", "[policy\n");
    let run =
        desk.run(&["policy", "check", "policies/acme.toml", "policies/broken.toml", "policies/worse.toml"]).code(2);
    let said = stderr(&run);
    for says in [
        "policies/broken.toml:5:8",
        "unknown time zone `Nowhere`",
        "zone = \"Nowhere\"",
        "`grave`",
        "policies/worse.toml:1",
        "help: ",
    ] {
        assert!(said.contains(says), "`{says}` is missing:\n{said}");
    }
    assert!(stdout(&run).contains("`acme`"));
    let said = stderr(&desk.run(&["policy", "check", "nowhere.toml"]).code(2));
    assert!(said.contains("`nowhere.toml` cannot be read"), "{said}");
}

#[test]
fn a_rule_in_business_days_needs_a_calendar() {
    let desk = desk();
    desk.put("policies/acme.toml", &POLICY.replace("days = 5", "business_days = 5"));
    let said = stderr(&desk.run(&["policy", "check", "policies/acme.toml"]).code(2));
    assert!(said.contains("rule `acme.1-answer` counts business days, and the policy has no calendar"), "{said}");
    let calendar = "calendar = { holidays = \"own\", first_year = 2026, last_year = 2026, weekend = [\"sunday\"] }";
    let with = POLICY
        .replace("days = 5", "business_days = 5")
        .replace("zone = \"UTC\"", &format!("zone = \"UTC\"\n{calendar}"));
    desk.put("policies/acme.toml", &with);
    let said = stderr(&desk.run(&["policy", "check", "policies/acme.toml"]).code(2));
    assert!(said.contains("there is no calendar `own`"), "{said}");
    std::fs::create_dir(desk.path("policies/calendars")).unwrap();
    desk.put("policies/calendars/own.csv", "date,name\n2026-03-02,Founders' Day\n");
    desk.run(&["policy", "check", "policies/acme.toml"]).code(0);
    let page = stdout(&desk.run(&["explain", "A", "exports", "--policies", "policies"]).code(0));
    let page = page.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        page.contains("5 business days after 2026-03-01 is 2026-03-07; not counted: 2026-03-02 Founders' Day"),
        "{page}"
    );
}

#[test]
fn worked_examples_are_run() {
    let desk = desk();
    let example = |expect: &str, decided: &str| {
        format!(
            "[[example]]\nrule = \"acme.1-answer\"\nshows = \"in time or not\"\nexpect = \"{expect}\"\n\
             lines = [{{ category = \"other\", amount = \"5.00\" }}]\n\
             request = {{ kind = \"refund\", submitted_at = \"2026-03-01\" }}\n\
             decisions = [{{ outcome = \"denied\", decided_at = \"{decided}\" }}]\n\n"
        )
    };
    let policy = POLICY.split("[[rule]]").take(2).collect::<Vec<_>>().join("[[rule]]");
    desk.put("policies/acme.toml", &policy);
    let both = example("compliant", "2026-03-06") + &example("deviation", "2026-03-07");
    desk.put("policies/acme.examples.toml", &format!("policy = \"acme\"\n{both}"));
    let said = stdout(&desk.run(&["policy", "test", "policies/acme.toml"]).code(0));
    assert!(said.contains("2 examples give what they expect; 0 problems"), "{said}");
    desk.put("policies/acme.examples.toml", &format!("policy = \"acme\"\n{}", example("compliant", "2026-03-07")));
    let said = stdout(&desk.run(&["policy", "test", "policies/acme.examples.toml"]).code(1));
    assert!(said.contains("policies/acme.examples.toml:2:1") && said.contains("in time or not"), "{said}");
    let said = stderr(&desk.run(&["policy", "test", "policies/nowhere.toml"]).code(2));
    assert!(said.contains("nowhere.examples.toml"), "{said}");
}

#[test]
fn columns_are_listed() {
    let listed = stdout(&desk().run(&["columns"]).code(0));
    assert!(listed.lines().any(|line| line.split_whitespace().take(3).eq(["decisions", "outcome", "yes"])), "{listed}");
}
