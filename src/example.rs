//! Worked examples: small cases in a policy's own terms, each with the verdict that its text gives. They stand beside
//! the policy in `NAME.examples.toml` and are run through the whole program, from the export to the verdict.

mod numbers;

pub use numbers::unnoticed;

use crate::audit::{self, Options};
use crate::check::outcome::Verdict;
use crate::column::{Column, Table};
use crate::explain;
use crate::finding::Finding;
use crate::plan::Selection;
use crate::policy::{Catalogue, Code, Policy, Problem, Source};
use crate::record::Sources;
use rust_decimal::Decimal;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;
use toml::Spanned;

/// The cells of a row, by column.
type Cells = BTreeMap<String, String>;

/// A file of examples.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    policy: String,
    #[serde(default, rename = "example")]
    examples: Vec<Spanned<Example>>,
}

/// A case with the verdict that a rule gives it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Example {
    /// The rule.
    pub rule: String,
    /// What the example shows.
    pub shows: String,
    /// The verdict.
    pub expect: Expected,
    /// The money effect; not compared if not given.
    pub amount: Option<String>,
    /// The days after the last day; not compared if not given.
    pub days_late: Option<i64>,
    /// The day as of which it is judged.
    pub as_of: Option<String>,
    /// Columns that the exports do not have, as `requests.channel`.
    #[serde(default)]
    absent: Vec<String>,
    /// Cells that all lines of the invoice share.
    #[serde(default)]
    invoice: Cells,
    /// The lines of the invoice.
    #[serde(default)]
    lines: Vec<Cells>,
    /// The request; none for a rule about invoice lines.
    request: Option<Cells>,
    /// Its decision rows.
    #[serde(default)]
    decisions: Vec<Cells>,
    /// Other requests of the same invoice, such as the one that an appeal goes back to.
    #[serde(default)]
    others: Vec<Other>,
}

/// Another request with its decision rows.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Other {
    request: Cells,
    #[serde(default)]
    decisions: Vec<Cells>,
}

/// The verdict that an example expects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expected {
    /// As the text demands.
    Compliant,
    /// Not as the text demands.
    Deviation,
    /// For a person to judge.
    Review,
    /// Evidence is missing.
    Indeterminate,
    /// The rule is not about it.
    NotApplicable,
}

impl Expected {
    fn of(verdict: Option<Verdict>) -> Expected {
        match verdict {
            None => Expected::NotApplicable,
            Some(Verdict::Compliant) => Expected::Compliant,
            Some(Verdict::Deviation) => Expected::Deviation,
            Some(Verdict::Review) => Expected::Review,
            Some(Verdict::Indeterminate) => Expected::Indeterminate,
        }
    }

    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Expected::Compliant => "compliant",
            Expected::Deviation => "deviation",
            Expected::Review => "review",
            Expected::Indeterminate => "indeterminate",
            Expected::NotApplicable => "not_applicable",
        }
    }
}

/// What running a file of examples gave.
#[derive(Debug, Default)]
pub struct Tested {
    /// Examples that gave what they expect.
    pub passed: usize,
    /// Examples that did not, and rules without a compliant or without a failing example.
    pub problems: Vec<Problem>,
}

/// The other case's ids; the example's own rows have them without the letter.
const OWN: &str = "1";

/// Runs a file of examples.
///
/// # Errors
/// When the file cannot be read as examples, or a temporary file cannot be written.
pub fn run(catalogue: &Catalogue, source: &Source) -> Result<Tested, RunError> {
    let written = written(source).map_err(RunError::File)?;
    let Some(policy) = catalogue.policy(&written.policy) else {
        let what = format!("there is no policy `{}`", written.policy);
        return Err(RunError::File(Problem {
            code: Code::default(),
            file: source.name.clone(),
            span: 0..0,
            what,
            help: None,
        }));
    };
    let mut tested = Tested::default();
    for example in &written.examples {
        match mismatch(catalogue, policy, example.get_ref())? {
            None => tested.passed += 1,
            Some(what) => {
                let help = Some(format!("the example shows: {}", example.get_ref().shows));
                let file = source.name.clone();
                tested.problems.push(Problem { code: Code::default(), file, span: example.span(), what, help });
            }
        }
    }
    tested.problems.extend(unexercised(policy, source, &written.examples));
    Ok(tested)
}

/// The examples of a file, in its order.
///
/// # Errors
/// When the file cannot be read as examples.
pub fn read(source: &Source) -> Result<Vec<Example>, Problem> {
    Ok(written(source)?.examples.into_iter().map(Spanned::into_inner).collect())
}

fn written(source: &Source) -> Result<Written, Problem> {
    toml::from_str(&source.text).map_err(|error| Problem {
        code: Code::default(),
        file: source.name.clone(),
        span: error.span().unwrap_or(0..0),
        what: error.message().lines().collect::<Vec<_>>().join("; "),
        help: None,
    })
}

/// Why examples could not be run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The file is not one of examples.
    #[error("the file of examples cannot be read")]
    File(Problem),
    /// A temporary file could not be written.
    #[error("cannot write a temporary file: {0}")]
    Io(#[from] io::Error),
}

/// A rule without an example that complies, or without one that fails: a deviation, or a review where its examples
/// know no deviation.
fn unexercised(policy: &Policy, source: &Source, examples: &[Spanned<Example>]) -> Vec<Problem> {
    let mut seen: BTreeMap<&str, BTreeSet<Expected>> = BTreeMap::new();
    for example in examples {
        seen.entry(&example.get_ref().rule).or_default().insert(example.get_ref().expect);
    }
    let mut problems = Vec::new();
    for rule in policy.rules.iter().filter(|rule| rule.can_apply()) {
        let seen = seen.get(rule.id.as_str()).cloned().unwrap_or_default();
        let fails = seen.contains(&Expected::Deviation) || seen.contains(&Expected::Review);
        for (there, which) in [(seen.contains(&Expected::Compliant), "complies"), (fails, "fails")] {
            if !there {
                let what = format!("rule `{}` has no example that {which}", rule.id);
                problems.push(Problem {
                    code: Code::default(),
                    file: source.name.clone(),
                    span: 0..0,
                    what,
                    help: None,
                });
            }
        }
    }
    problems
}

/// What the example gave instead of what it expects; `None` if it gave that.
fn mismatch(catalogue: &Catalogue, policy: &Policy, example: &Example) -> Result<Option<String>, RunError> {
    let Some(rule) = policy.rules.iter().find(|rule| rule.id == example.rule) else {
        return Ok(Some(format!("the policy has no rule `{}`", example.rule)));
    };
    if let Some(unknown) = unknown_column(example) {
        return Ok(Some(unknown));
    }
    let as_of = match example.as_of.as_deref().map(str::parse) {
        None => None,
        Some(Ok(day)) => Some(day),
        Some(Err(_)) => return Ok(Some("`as_of` is not a day".to_owned())),
    };
    let folder = tempfile::tempdir()?;
    let family = if policy.base { catalogue.families().find(|f| !replaces(f, &rule.id)) } else { Some(policy) };
    let family = family.map_or(String::new(), |policy| policy.name.clone());
    write_exports(folder.path(), &family, example)?;
    let sources = Sources::canonical(folder.path());
    let words = crate::policy::word::texts_with_words();
    let books = match crate::export::read(&sources, &catalogue.reading_vocabulary(), words, &|_| {}) {
        Ok(books) => books,
        Err(error) => return Ok(Some(error.to_string())),
    };
    if let Some(reject) = books.rejects.first() {
        return Ok(Some(format!("its row is rejected: {} {}", reject.column, reject.reason)));
    }
    let selection = Selection { select: vec![rule.id.clone()], ignore: Vec::new() };
    let options = Options { as_of, include_indeterminate: true, selection };
    Ok(compare(catalogue, &books, &options, example))
}

fn replaces(policy: &Policy, id: &str) -> bool {
    policy.rules.iter().any(|rule| rule.replaces.as_deref() == Some(id))
}

fn compare(
    catalogue: &Catalogue,
    books: &crate::record::Books,
    options: &Options,
    example: &Example,
) -> Option<String> {
    let (verdict, finding) = match verdict(catalogue, books, options, example) {
        Ok(judged) => judged,
        Err(what) => return Some(what),
    };
    let got = Expected::of(verdict);
    if got != example.expect {
        let why = finding.map_or(String::new(), |f| format!(": {}", f.message));
        let (rule, expect) = (&example.rule, example.expect.name());
        return Some(format!("`{rule}` is {}, and the example expects {expect}{why}", got.name()));
    }
    let amount = finding.as_ref().and_then(|f| f.amount);
    let expected = match example.amount.as_ref().map(|text| text.parse::<Decimal>()) {
        Some(Err(_)) => return Some("`amount` is not a number".to_owned()),
        expected => expected.and_then(Result::ok),
    };
    if expected.is_some() && expected != amount {
        let got = amount.map_or("blank".to_owned(), |a| a.to_string());
        return Some(format!("the amount is {got}, and the example expects another"));
    }
    let late = finding.as_ref().and_then(|f| f.days_late);
    if example.days_late.is_some() && example.days_late != late {
        let got = late.map_or("blank".to_owned(), |days| days.to_string());
        return Some(format!("days late are {got}, and the example expects another number"));
    }
    None
}

/// The verdict of the example's rule on its case, or on its first line to which the rule applies.
fn verdict<'a>(
    catalogue: &'a Catalogue,
    books: &'a crate::record::Books,
    options: &Options,
    example: &Example,
) -> Result<(Option<Verdict>, Option<Finding<'a>>), String> {
    if example.request.is_none() {
        let report = audit::audit(catalogue, books, options, &|_| {}).map_err(|error| error.to_string())?;
        let compliant = report.tallies.iter().any(|tally| tally.compliant > 0).then_some(Verdict::Compliant);
        let finding = report.findings.into_iter().next();
        return Ok((finding.as_ref().map(|f| f.verdict).or(compliant), finding));
    }
    let explained = explain::explain(catalogue, books, options, OWN).ok_or("the example has no readable request")?;
    let mut judged = explained.judged;
    judged.retain(|judged| judged.rule.rule.id == example.rule && judged.verdict.is_some());
    // A rule about decision rows gives several outcomes: the one that fails is the example's.
    judged.sort_by_key(|judged| judged.finding.is_none());
    Ok(judged.into_iter().next().map_or((None, None), |judged| (judged.verdict, judged.finding)))
}

fn unknown_column(example: &Example) -> Option<String> {
    let rows = |table: Table, cells: &Cells| {
        let unknown = cells.keys().find(|name| !Column::ALL.iter().any(|c| c.table() == table && c.name() == *name));
        unknown.map(|name| format!("{} has no column `{name}`", table.name()))
    };
    let lines = example.lines.iter().chain([&example.invoice]).filter_map(|cells| rows(Table::Invoices, cells));
    let requests = example.request.iter().chain(example.others.iter().map(|o| &o.request));
    let requests = requests.filter_map(|cells| rows(Table::Requests, cells));
    let decisions = example.decisions.iter().chain(example.others.iter().flat_map(|o| &o.decisions));
    let decisions = decisions.filter_map(|cells| rows(Table::Decisions, cells));
    let known = |name: &str| Column::ALL.iter().any(|c| format!("{}.{}", c.table().name(), c.name()) == name);
    let absent = example.absent.iter().filter(|name| !known(name)).map(|name| format!("there is no column `{name}`"));
    lines.chain(requests).chain(decisions).chain(absent).next()
}

/// Writes the example as three exports with every canonical column but the absent ones.
fn write_exports(folder: &Path, family: &str, example: &Example) -> io::Result<()> {
    let first_day = example.request.as_ref().and_then(|r| r.get("submitted_at")).cloned();
    let day = first_day.as_deref().map_or("2026-01-05", |day| day.get(..10).unwrap_or(day));
    let lines = example.lines.iter().enumerate().map(|(at, line)| {
        let mut cells = defaults(&[
            ("invoice_id", OWN),
            ("line", &(at + 1).to_string()),
            ("account_id", OWN),
            ("policy", family),
            ("invoice_date", day),
            ("currency", "USD"),
        ]);
        cells.extend(example.invoice.clone());
        cells.extend(line.clone());
        cells
    });
    write_table(folder, Table::Invoices, &example.absent, lines)?;
    let (mut requests, mut decisions) = (Vec::new(), Vec::new());
    let own = example.request.iter().map(|request| (OWN.to_owned(), request, &example.decisions));
    let others =
        example.others.iter().enumerate().map(|(at, o)| (format!("other-{}", at + 1), &o.request, &o.decisions));
    for (id, request, rows) in own.chain(others) {
        let mut cells = defaults(&[("request_id", &id), ("account_id", OWN), ("invoice_id", OWN)]);
        cells.extend(request.clone());
        let id = cells.get("request_id").cloned().unwrap_or(id);
        requests.push(cells);
        for (at, row) in rows.iter().enumerate() {
            let mut cells = defaults(&[("decision_id", &format!("{id}-{}", at + 1)), ("request_id", &id)]);
            cells.extend(row.clone());
            decisions.push(cells);
        }
    }
    write_table(folder, Table::Requests, &example.absent, requests.into_iter())?;
    write_table(folder, Table::Decisions, &example.absent, decisions.into_iter())
}

fn defaults(cells: &[(&str, &str)]) -> Cells {
    cells.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn write_table(folder: &Path, table: Table, absent: &[String], rows: impl Iterator<Item = Cells>) -> io::Result<()> {
    let is_absent = |column: &Column| absent.iter().any(|a| *a == format!("{}.{}", table.name(), column.name()));
    let columns: Vec<&str> =
        Column::ALL.iter().filter(|c| c.table() == table && !is_absent(c)).map(|c| c.name()).collect();
    let mut writer = csv::Writer::from_path(folder.join(format!("{}.csv", table.name())))?;
    writer.write_record(&columns)?;
    for row in rows {
        writer.write_record(columns.iter().map(|column| row.get(*column).map_or("", String::as_str)))?;
    }
    writer.flush()
}
