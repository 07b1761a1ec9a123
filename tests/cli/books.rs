//! Exports and a policy for the tests, and the program run on them.

use assert_cmd::Command;
use assert_cmd::assert::Assert;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A policy with a rule about days, one about money, and one about invoice lines.
pub const POLICY: &str = r#"
[policy]
name = "acme"
title = "Acme returns"
zone = "UTC"

[[version]]
id = "2026"
from = 2026-01-01

[[rule]]
id = "acme.1-answer"
clause = "1"
title = "A request is decided within 5 days"
severity = "medium"
kinds = ["refund"]

[rule.check.deadline]
from = "submission"
within = { days = 5 }
event = ["decided"]

[[rule]]
id = "acme.2-gift-cards"
clause = "2"
title = "Gift cards are not refunded"
severity = "high"
reading = "A card that was not used is a gift card too."
kinds = ["refund"]
when = [{ state = "gives_money" }]

[rule.check.non_refundable]
categories = ["gift_card"]

[[rule]]
id = "acme.3-price"
clause = "3"
title = "Hosting is billed at the contract's price"
severity = "critical"

[rule.check.line_rate]
categories = ["hosting"]

[[untested]]
clause = "4"
statement = "Staff are friendly"
reason = "nothing in the exports shows it"
"#;

/// The three exports as text.
#[derive(Clone)]
pub struct Exports {
    pub invoices: String,
    pub requests: String,
    pub decisions: String,
}

impl Exports {
    /// Headers alone.
    pub fn empty() -> Exports {
        let invoices = "invoice_id,line,account_id,policy,invoice_date,currency,amount,category,quantity,unit_price,\
                        contract_rate,payment_method,paid_on\n";
        let requests = "request_id,account_id,invoice_id,line,kind,submitted_at,reason\n";
        let decisions =
            "decision_id,request_id,outcome,decided_at,refund_amount,credit_amount,currency,remedy,decided_by,ticket\n";
        Exports { invoices: invoices.into(), requests: requests.into(), decisions: decisions.into() }
    }

    /// Two cases without a fault.
    pub fn clean() -> Exports {
        Exports::empty().case("A", "other", "100.00", "2026-03-04", "40.00").case("B", "other", "80", "2026-03-06", "0")
    }

    /// Those, a decision five days late, a gift card refunded, and a line billed above its price.
    pub fn faulty() -> Exports {
        Exports::clean()
            .case("C", "other", "70.00", "2026-03-11", "10")
            .case("D", "gift_card", "50.00", "2026-03-02", "50.00")
            .line("INV-H", "hosting", "36.00", "3,12.00,10.00")
    }

    /// Adds an invoice line; `price` is quantity, unit price and contract rate.
    pub fn line(mut self, invoice: &str, category: &str, amount: &str, price: &str) -> Exports {
        self.invoices += &format!("{invoice},1,ACC,acme,2026-02-01,USD,{amount},{category},{price},card,2026-02-02\n");
        self
    }

    /// Adds an invoice with a request of 2026-03-01 and its decision.
    pub fn case(self, id: &str, category: &str, amount: &str, decided: &str, refund: &str) -> Exports {
        let mut exports = self.line(&format!("INV-{id}"), category, amount, "1,,");
        let outcome = if refund == "0" { "denied" } else { "approved" };
        exports.requests += &format!("{id},ACC,INV-{id},,refund,2026-03-01,dissatisfied\n");
        exports.decisions += &format!("DEC-{id},{id},{outcome},{decided},{refund},,,,agent-1,T-{id}\n");
        exports
    }
}

/// A folder with exports, the policy, and room for results.
pub struct Desk {
    pub folder: TempDir,
}

impl Desk {
    pub fn with(exports: &Exports) -> Desk {
        let desk = Desk { folder: tempfile::tempdir().unwrap() };
        fs::create_dir_all(desk.path("exports")).unwrap();
        fs::create_dir_all(desk.path("policies")).unwrap();
        desk.put("exports/invoices.csv", &exports.invoices);
        desk.put("exports/requests.csv", &exports.requests);
        desk.put("exports/decisions.csv", &exports.decisions);
        desk.put("policies/acme.toml", POLICY);
        desk
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn put(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    pub fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// The program, run in the folder.
    pub fn run(&self, arguments: &[&str]) -> Assert {
        let mut command = Command::cargo_bin("reperform").unwrap();
        command.current_dir(self.folder.path()).env_remove("NO_COLOR").env_remove("CLICOLOR_FORCE");
        command.args(arguments).assert()
    }

    /// An audit with the policy, into the folder `out`.
    pub fn audit(&self, arguments: &[&str]) -> Assert {
        let fixed = ["audit", "exports", "--policies", "policies", "--out", "out"];
        self.run(&[&fixed, arguments].concat())
    }

    /// What lies in the folder, sorted.
    pub fn listing(&self, name: &str) -> Vec<String> {
        let entries = fs::read_dir(self.path(name)).unwrap();
        let mut names: Vec<String> = entries.map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    /// The rows of a file of results.
    pub fn rows(&self, name: &str) -> Vec<Row> {
        rows(&self.path("out").join(name))
    }

    /// A file of results as JSON.
    pub fn json(&self, name: &str) -> serde_json::Value {
        serde_json::from_str(&self.text(&format!("out/{name}"))).unwrap()
    }
}

/// A row by column.
pub type Row = BTreeMap<String, String>;

pub fn rows(path: &Path) -> Vec<Row> {
    let mut reader = csv::Reader::from_path(path).unwrap();
    let header = reader.headers().unwrap().clone();
    let row = |row: csv::StringRecord| header.iter().map(str::to_owned).zip(row.iter().map(str::to_owned)).collect();
    reader.records().map(|record| row(record.unwrap())).collect()
}

pub fn stdout(assert: &Assert) -> String {
    String::from_utf8(assert.get_output().stdout.clone()).unwrap()
}

pub fn stderr(assert: &Assert) -> String {
    String::from_utf8(assert.get_output().stderr.clone()).unwrap()
}
