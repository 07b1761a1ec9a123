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
        "2026 (in force from 2026-01-01)",
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
fn the_worked_examples_of_a_folder_are_run_together() {
    let desk = desk();
    let said = stderr(&desk.run(&["policy", "test", "policies"]).code(2));
    assert!(said.contains("`policies` has no worked examples"), "{said}");
    for name in ["tea", "tea-room"] {
        desk.run(&["policy", "new", name, "--out", "terms"]).code(0);
    }
    let said = stdout(&desk.run(&["policy", "test", "terms"]).code(0));
    assert!(said.contains("16 examples give what they expect; 0 problems"), "{said}");
    desk.put("terms/a.examples.toml", "policy = 1");
    desk.put("terms/b.examples.toml", "policy = 2");
    let said = stderr(&desk.run(&["policy", "test", "terms"]).code(2));
    assert!(said.contains("terms/a.examples.toml:1:10") && said.contains("terms/b.examples.toml:1:10"), "{said}");
    let said = stdout(&desk.run(&["policy", "test", "terms/tea.toml", "terms/tea-room.examples.toml"]).code(0));
    assert!(said.contains("16 examples"), "{said}");
}

#[test]
fn a_new_policy_passes_its_check_and_its_examples_and_nothing_is_written_over() {
    let desk = desk();
    let said = stdout(&desk.run(&["policy", "new", "tea-room", "--out", "mine/terms"]).code(0));
    assert!(said.contains("mine/terms/tea-room.toml") && said.contains("reperform policy test"), "{said}");
    let text = std::fs::read_to_string(desk.path("mine/terms/tea-room.toml")).unwrap();
    assert!(text.starts_with("#:schema ./schema.json\n") && !text.contains("{name}"), "{text}");
    assert_eq!(std::fs::read_to_string(desk.path("mine/terms/schema.json")).unwrap(), reperform::policy::schema());
    let run = desk.run(&["policy", "check", "--examples", "--deny-warnings", "mine/terms/tea-room.toml"]).code(0);
    assert!(stdout(&run).contains("the policy `tea-room` with 4 rules"), "{}", stdout(&run));
    assert!(!stderr(&run).contains("warning"), "{}", stderr(&run));
    let said = stdout(&desk.run(&["policy", "test", "mine/terms/tea-room.examples.toml"]).code(0));
    assert!(said.contains("8 examples give what they expect; 0 problems"), "{said}");

    desk.put("mine/terms/tea-room.toml", "my work");
    let said = stderr(&desk.run(&["policy", "new", "tea-room", "--out", "mine/terms"]).code(2));
    assert!(said.contains("`mine/terms/tea-room.toml` is there already"), "{said}");
    assert_eq!(std::fs::read_to_string(desk.path("mine/terms/tea-room.toml")).unwrap(), "my work");
    // A second policy of the folder finds the schema there.
    desk.run(&["policy", "new", "tea_garden", "--out", "mine/terms"]).code(0);
    // Without a folder it is the one that the user is in.
    desk.run(&["policy", "new", "kiosk"]).code(0);
    assert!(desk.path("kiosk.toml").is_file() && desk.path("kiosk.examples.toml").is_file());
}

#[test]
fn a_new_policy_needs_a_name_of_its_own() {
    let desk = desk();
    for (name, says) in [
        ("Tea Room", "`Tea Room` is no name for a policy"),
        ("../tea", "is no name"),
        ("1st", "is no name"),
        ("general", "`general` is the name of a shipped file"),
        ("vocabulary", "`vocabulary` is the name of a shipped file"),
    ] {
        let said = stderr(&desk.run(&["policy", "new", name, "--out", "mine"]).code(2));
        assert!(said.contains(says), "{said}");
    }
    assert!(!desk.path("mine").exists());
}

#[test]
fn a_policy_is_shown_as_a_page() {
    let desk = desk();
    let page = stdout(&desk.run(&["policy", "doc", "acme", "--policies", "policies"]).code(0));
    for says in ["# Acme returns\n", "acme.2-gift-cards", "Staff are friendly", "```toml\n[[rule]]\n"] {
        assert!(page.contains(says), "`{says}` is missing:\n{page}");
    }
    let page = stdout(&desk.run(&["policy", "doc", "acme", "--format", "html", "--policies", "policies"]).code(0));
    assert!(page.starts_with("<!DOCTYPE html>\n") && page.contains("<h1 id=\"title\">Acme returns</h1>"), "{page}");
    let said = stderr(&desk.run(&["policy", "doc", "acne", "--policies", "policies"]).code(2));
    assert!(said.contains("there is no policy `acne`"), "{said}");
    let shown = stdout(&desk.run(&["policy", "schema"]).code(0));
    assert_eq!(shown, reperform::policy::schema());
}

#[test]
fn columns_are_listed() {
    let listed = stdout(&desk().run(&["columns"]).code(0));
    assert!(listed.lines().any(|line| line.split_whitespace().take(3).eq(["decisions", "outcome", "yes"])), "{listed}");
}
