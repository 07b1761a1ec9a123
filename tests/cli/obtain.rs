//! What is missing: the bounds that `explain` tells of a fact, and the list that `audit --to-obtain` writes.

use crate::books::{Desk, Exports, POLICY, stdout};
use serde_json::Value;

/// The policy with one more rule.
fn with_rule(check: &str) -> String {
    format!(
        "{POLICY}\n[[rule]]\nid = 'acme.9-more'\nclause = '9'\ntitle = 'More'\nseverity = 'high'\nkinds = ['refund']\n{check}\n"
    )
}

/// A table of one branch: a deviation if something holds.
fn deviates(condition: &str, amount: &str) -> String {
    format!("[[rule.check.decide]]\nif = [{condition}]\nthen = 'deviation'\namount = '{amount}'\nsays = 'so it is'\n")
}

/// What the page of a case says of the facts that are missing under the further rule: column, verdicts, least, most, and
/// whether it settles the rule.
fn bounds(check: &str) -> Vec<(String, String, String, bool)> {
    let desk = Desk::with(&Exports::empty().case("A", "other", "100.00", "2026-03-02", "40.00"));
    desk.put("policies/acme.toml", &with_rule(check));
    let arguments = ["explain", "A", "exports", "--policies", "policies", "--select", "acme.9", "--format"];
    let page: Value = serde_json::from_str(&stdout(&desk.run(&[&arguments[..], &["json"]].concat()).code(0))).unwrap();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let bounds: Vec<Value> = page["rules"][0]["bounds"].as_array().cloned().unwrap_or_default();
    for format in ["text", "md", "html"] {
        let page = stdout(&desk.run(&[&arguments[..], &[format]].concat()).code(0));
        assert_eq!(page.contains("to settle"), !bounds.is_empty(), "{page}");
    }
    let each = bounds.iter().map(|bound| {
        let verdicts: Vec<String> = bound["verdicts"].as_array().unwrap().iter().map(text).collect();
        let money = format!("{}..{}", text(&bound["least"]), text(&bound["most"]));
        (text(&bound["column"]), verdicts.join(" "), money, bound["settles"].as_bool().unwrap())
    });
    each.collect()
}

#[test]
fn a_missing_fact_is_bounded_by_what_its_values_lead_to() {
    let word = |word: &str, then: &str| {
        format!(
            "[[rule.check.decide]]\nif = [{{ code = {{ column = 'channel', one_of = ['{word}'] }} }}]\nthen = '{then}'\n\
             amount = 'money'\nsays = 'so it is'\n"
        )
    };
    for (check, column, verdicts, money) in [
        (deviates("{ flag = 'fraud_flag' }", "money"), "fraud_flag", "compliant deviation", "0.00..40.00"),
        (word("fax", "deviation") + &word("phone", "review"), "channel", "compliant deviation review", "0.00..40.00"),
        (
            word("fax", "review") + "[[rule.check.decide]]\nif = []\nthen = 'review'\namount = 'money'\nsays = 'so'",
            "",
            "",
            "",
        ),
        (
            "[rule.check.at_most]\namount = 'refund'\nlimit = 'advance_paid'".to_owned(),
            "advance_paid",
            "compliant deviation",
            "0.00..40.00",
        ),
        (
            "[rule.check.at_most]\namount = 'disputed'\nlimit = 'invoice_total'".to_owned(),
            "disputed_amount",
            "compliant deviation",
            "0.00..unbounded",
        ),
        (
            deviates("{ share_above = { column = 'disputed_amount', percent = 5, of = 'invoice_total' } }", "refund"),
            "disputed_amount",
            "compliant deviation",
            "0.00..40.00",
        ),
        (
            deviates("{ at_least = { column = 'notice_hours', value = 24 } }", "refund"),
            "notice_hours",
            "compliant deviation",
            "0.00..40.00",
        ),
        ("[rule.check.notice]\nat_least = { days = 10 }".to_owned(), "effective_on", "compliant deviation", ".."),
        (
            "[rule.check.exact_amount]\nof = 'refund'\nby = { balance = { column = 'advance_paid' } }".to_owned(),
            "advance_paid",
            "compliant deviation",
            "unbounded..40.00",
        ),
        // Either flag alone settles it only if it is not set.
        (deviates("{ flag = 'fraud_flag' }, { flag = 'complex' }", "money"), "", "", ""),
    ] {
        let expected = (column.to_owned(), verdicts.to_owned(), money.to_owned(), true);
        let expected: Vec<_> = (!column.is_empty()).then_some(expected).into_iter().collect();
        assert_eq!(bounds(&check), expected, "{check}");
    }
}

fn desk() -> Desk {
    let mut exports = Exports::faulty().line("INV-K", "hosting", "36.00", "3,12.00,");
    exports.invoices = exports.invoices.replace("INV-K,1,ACC", "INV-K,1,=ACC");
    let desk = Desk::with(&exports);
    desk.put("policies/acme.toml", &with_rule(&deviates("{ flag = 'fraud_flag' }", "money")));
    desk
}

#[test]
fn the_facts_to_obtain_are_listed_with_the_most_money_first() {
    let desk = desk();
    desk.audit(&["--select", "acme", "--to-obtain"]).code(1);
    let list = desk.text("out/to_obtain.csv");
    let line = desk.text("exports/invoices.csv").lines().count() - 1;
    assert_eq!(
        list,
        format!(
            "fact,table,column,request_id,invoice_id,account_id,cases,tests,settles,least,most,currency,rules\n\
             requests.csv:fraud_flag,requests,fraud_flag,,,,4,4,4,0.00,100.00,USD,acme.9-more\n\
             invoices.csv:{line}:contract_rate,invoices,contract_rate,,INV-K,'=ACC,1,1,1,-36.00,0.00,USD,acme.3-price\n"
        )
    );
    let run = desk.json("run.json");
    assert!(run["written"].as_array().unwrap().iter().any(|file| file["name"] == "to_obtain.csv"), "{run}");
    assert_eq!(run["options"]["to_obtain"], true);
    desk.audit(&["--select", "acme", "--to-obtain", "--force", "--threads", "1"]).code(1);
    assert_eq!(desk.text("out/to_obtain.csv"), list);
}

#[test]
fn an_audit_that_is_not_asked_for_it_writes_no_such_list() {
    let desk = desk();
    desk.audit(&["--select", "acme"]).code(1);
    assert!(!desk.listing("out").contains(&"to_obtain.csv".to_owned()));
    assert!(!desk.text("out/run.json").contains("to_obtain"));
}
