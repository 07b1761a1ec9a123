//! The quarter in `fixtures/quarter`, audited by the program itself: it writes what `reports/example` holds, byte for byte.
//!
//! `REPERFORM_BLESS=1 cargo test --test golden` writes the example anew; the difference is then to be read in `git diff`.

use assert_cmd::Command;
use rust_decimal::Decimal;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

const QUARTER: &str = "fixtures/quarter";

/// Written from a list that a user fills in, and empty as shipped: it can find nothing.
const EMPTY_AS_SHIPPED: &str = "vortexweb.listed-items";

type Row = BTreeMap<String, String>;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn example() -> PathBuf {
    root().join("reports/example")
}

/// What one run of the program wrote.
struct Run {
    _folder: TempDir,
    out: PathBuf,
}

impl Run {
    /// Audits the quarter as a user would, from the repository's root.
    fn with_threads(threads: &str) -> Run {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("quarter");
        Command::cargo_bin("reperform")
            .unwrap()
            .current_dir(root())
            .args(["audit", QUARTER, "--quiet", "--threads", threads, "--out"])
            .arg(&out)
            .assert()
            .code(3);
        Run { _folder: folder, out }
    }

    fn rows(&self, name: &str) -> Vec<Row> {
        rows(&self.out.join(name))
    }

    fn summary(&self) -> Value {
        serde_json::from_slice(&std::fs::read(self.out.join("summary.json")).unwrap()).unwrap()
    }
}

/// The rows of a CSV file that have as many fields as its header, by column.
fn rows(path: &Path) -> Vec<Row> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_path(path).unwrap();
    let header = reader.headers().unwrap().clone();
    let records = reader.records().map(Result::unwrap).filter(|record| record.len() == header.len());
    records.map(|record| header.iter().zip(&record).map(|(k, v)| (k.to_owned(), v.to_owned())).collect()).collect()
}

fn names(folder: &Path) -> BTreeSet<String> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// A file as it is compared: `run.json` without its times, of `report.html` the data, every other file as it stands. What
/// the page looks like is no matter of the example, and so neither is its hash.
fn comparable(path: &Path) -> Vec<u8> {
    let bytes = std::fs::read(path).unwrap();
    match path.file_name().and_then(|name| name.to_str()) {
        Some("report.html") => {
            let page = String::from_utf8(bytes).unwrap();
            let data: Vec<&str> =
                page.lines().filter(|line| line.starts_with("<script type=\"application/json\"")).collect();
            assert!(data.len() > 5, "the page has its data");
            data.join("\n").into_bytes()
        }
        Some("run.json") => {
            let mut run: Value = serde_json::from_slice(&bytes).unwrap();
            assert!(run.as_object_mut().unwrap().remove("timing").is_some(), "run.json has a timing block");
            let page = run["written"].as_array_mut().unwrap().iter_mut().find(|file| file["name"] == "report.html");
            page.expect("run.json lists the page").as_object_mut().unwrap().retain(|key, _| key == "name");
            serde_json::to_vec_pretty(&run).unwrap()
        }
        _ => bytes,
    }
}

fn assert_same_files(example: &Path, run: &Run, threads: &str) {
    const RENEW: &str = "if that is meant, renew the example: `REPERFORM_BLESS=1 cargo test --test golden`";
    assert_eq!(names(example), names(&run.out), "the files of reports/example; {RENEW}");
    for name in names(example) {
        let (was, is) = (comparable(&example.join(&name)), comparable(&run.out.join(&name)));
        if was == is {
            continue;
        }
        let (was, is) = (String::from_utf8_lossy(&was), String::from_utf8_lossy(&is));
        let line = was.lines().zip(is.lines()).take_while(|(was, is)| was == is).count();
        let [was, is] = [was, is].map(|text| text.lines().nth(line).unwrap_or("(end of file)").to_owned());
        panic!("{name}, line {}, {threads} threads\nexample: {was}\n    now: {is}\n{RENEW}", line + 1);
    }
}

/// Puts what the run wrote in the example's place.
fn bless(example: &Path, run: &Run) {
    assert!(std::env::var_os("CI").is_none(), "the example is renewed by a person, who reads the difference");
    if example.exists() {
        std::fs::remove_dir_all(example).unwrap();
    }
    std::fs::create_dir_all(example).unwrap();
    for name in names(&run.out) {
        std::fs::copy(run.out.join(&name), example.join(&name)).unwrap();
    }
}

#[test]
fn the_example_is_what_the_quarter_gives_at_any_number_of_threads() {
    let one = Run::with_threads("1");
    if std::env::var_os("REPERFORM_BLESS").is_some_and(|value| value == "1") {
        bless(&example(), &one);
    }
    assert_same_files(&example(), &one, "1");
    let two = Run::with_threads("2");
    assert_same_files(&example(), &two, "2");
    let page = |run: &Run| std::fs::read(run.out.join("report.html")).unwrap();
    assert!(page(&one) == page(&two), "the whole page is the same at any number of threads");
}

#[test]
fn every_rule_finds_something_in_the_quarter_and_lets_something_pass() {
    let coverage = Run::with_threads("2").rows("coverage.csv");
    for rule in &coverage {
        let count = |column: &str| rule[column].parse::<usize>().unwrap();
        let verdicts = ["compliant", "deviation", "review", "indeterminate"].map(count);
        assert_eq!(count("applied"), verdicts.iter().sum::<usize>(), "{}", rule["rule"]);
        if rule["rule"] == EMPTY_AS_SHIPPED {
            assert_eq!(count("applied"), 0);
            continue;
        }
        assert!(count("deviation") + count("review") > 0, "{} finds nothing in the quarter", rule["rule"]);
        assert!(count("compliant") > 0, "{} lets nothing pass in the quarter", rule["rule"]);
    }
    assert!(coverage.iter().any(|rule| rule["rule"] == EMPTY_AS_SHIPPED));
}

#[test]
fn the_quarter_has_every_kind_of_request_and_every_policy() {
    let words = |file: &str, column: &str| -> BTreeSet<String> {
        rows(&root().join(QUARTER).join(file)).iter().map(|row| row[column].clone()).filter(|w| !w.is_empty()).collect()
    };
    assert_eq!(words("requests.csv", "kind").len(), 9);
    let found = |column: &str| -> BTreeSet<String> {
        Run::with_threads("2").rows("findings.csv").iter().map(|row| row[column].clone()).collect()
    };
    assert_eq!(found("policy"), words("invoices.csv", "policy"));
    assert_eq!(words("invoices.csv", "policy").len(), 3);
}

#[test]
fn the_reconciliation_adds_up() {
    let run = Run::with_threads("2");
    let summary = run.summary();
    let count = |value: &Value| value.as_u64().unwrap();

    let mut rejected = 0;
    for table in ["invoices", "requests", "decisions"] {
        let file =
            csv::ReaderBuilder::new().flexible(true).from_path(root().join(QUARTER).join(table).with_extension("csv"));
        let rows = &summary["rows"][table];
        assert_eq!(count(&rows["read"]), file.unwrap().records().count() as u64, "{table}");
        assert_eq!(count(&rows["read"]), count(&rows["used"]) + count(&rows["rejected"]), "{table}");
        rejected += count(&rows["rejected"]);
    }
    assert_eq!(rejected, run.rows("rejects.csv").len() as u64);
    assert_eq!(rejected, count(&summary["rejects"]["rows"]));

    let cases = &summary["cases"];
    let parts = ["evaluated", "held_back", "outside_versions"].map(|part| count(&cases[part]));
    assert_eq!(count(&cases["total"]), parts.iter().sum::<u64>());
    assert_eq!(parts[1], run.rows("held_back.csv").len() as u64);

    let verdicts = &summary["verdicts"];
    for verdict in ["compliant", "deviation", "review", "indeterminate"] {
        let coverage: u64 = run.rows("coverage.csv").iter().map(|rule| rule[verdict].parse::<u64>().unwrap()).sum();
        assert_eq!(count(&verdicts[verdict]), coverage, "{verdict}");
    }
    let written = count(&verdicts["deviation"]) + count(&verdicts["review"]);
    assert_eq!(written, run.rows("findings.csv").len() as u64);
}

#[test]
fn the_money_read_is_the_money_used_and_rejected() {
    let money = &Run::with_threads("2").summary()["money"];
    let export = |file: &str| rows(&root().join(QUARTER).join(file));
    let (invoices, requests, decisions) = (export("invoices.csv"), export("requests.csv"), export("decisions.csv"));

    let mut currency_of_invoice = BTreeMap::new();
    for line in &invoices {
        currency_of_invoice.entry(line["invoice_id"].as_str()).or_insert(line["currency"].as_str());
    }
    let invoice_of: BTreeMap<&str, &str> =
        requests.iter().map(|row| (row["request_id"].as_str(), row["invoice_id"].as_str())).collect();
    let currency_of = |decision: &Row| match decision["currency"].as_str() {
        "" => currency_of_invoice[invoice_of[decision["request_id"].as_str()]].to_owned(),
        currency => currency.to_owned(),
    };

    let lines = invoices.iter().map(|line| (line["currency"].clone(), &line["amount"]));
    assert_eq!(sums(lines), used_and_rejected(&money["amount"]));
    let refunds = decisions.iter().map(|decision| (currency_of(decision), &decision["refund_amount"]));
    assert_eq!(sums(refunds), used_and_rejected(&money["refund_amount"]));
}

/// Per currency, what the readable cells add up to.
fn sums<'a>(cells: impl Iterator<Item = (String, &'a String)>) -> BTreeMap<String, Decimal> {
    let mut sums = BTreeMap::new();
    for (currency, cell) in cells {
        if let Ok(amount) = cell.parse::<Decimal>() {
            *sums.entry(currency).or_default() += amount;
        }
    }
    sums
}

fn used_and_rejected(money: &Value) -> BTreeMap<String, Decimal> {
    let amount = |value: &Value| value.as_str().unwrap().parse::<Decimal>().unwrap();
    let by_currency = money.as_object().unwrap().iter();
    by_currency.map(|(currency, sum)| (currency.clone(), amount(&sum["used"]) + amount(&sum["rejected"]))).collect()
}

/// The page about the fixtures names, per rule, a case for each verdict: they are there, and no rule is left out.
#[test]
fn the_page_about_the_quarter_names_cases_that_are_found() {
    let page = std::fs::read_to_string(root().join("fixtures/README.md")).unwrap();
    let named: BTreeSet<Named> = page.lines().flat_map(cases_of_rule).collect();
    let found: BTreeSet<Named> = Run::with_threads("2").rows("findings.csv").iter().map(Named::of).collect();
    let strays: Vec<&Named> = named.difference(&found).collect();
    assert!(strays.is_empty(), "fixtures/README.md names what is not found: {strays:?}");
    let kinds = |all: &BTreeSet<Named>| -> BTreeSet<(String, String)> {
        all.iter().map(|named| (named.rule.clone(), named.verdict.clone())).collect()
    };
    assert_eq!(kinds(&named), kinds(&found), "the rules and verdicts that the table has a case for");
}

/// A finding as the page names it.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Named {
    rule: String,
    verdict: String,
    case: String,
}

impl Named {
    fn of(finding: &Row) -> Named {
        let request = &finding["request_id"];
        let case = if request.is_empty() { &finding["invoice_id"] } else { request };
        Named { rule: finding["rule"].clone(), verdict: finding["verdict"].clone(), case: case.clone() }
    }
}

/// The cases in one row of the page's table of rules.
fn cases_of_rule(line: &str) -> Vec<Named> {
    let cells: Vec<&str> = line.split('|').map(str::trim).collect();
    let [_, rule, deviation, review, _undecided, _] = cells[..] else { return Vec::new() };
    let Some(rule) = rule.strip_prefix('`').and_then(|rule| rule.strip_suffix('`')) else { return Vec::new() };
    [("deviation", deviation), ("review", review)]
        .into_iter()
        .filter(|(_, case)| !case.is_empty())
        .map(|(verdict, case)| Named { rule: rule.to_owned(), verdict: verdict.to_owned(), case: case.to_owned() })
        .collect()
}
