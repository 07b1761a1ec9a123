//! `findings.sarif`: the findings in SARIF 2.1.0, for programs that show results of analyses.
//!
//! A result points at the rows relied on by file and record. It names no line of a file: a row may take several, and
//! which they are is not kept of rows that were used.

use super::findings::{Cited, Row};
use super::folder::{FolderError, Output};
use super::layout::{encoded, plain};
use crate::check::outcome::Verdict;
use crate::plan::Listed;
use crate::policy::rule::Severity;
use serde::Serialize;
use std::collections::BTreeMap;

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";
/// What follows the last result: the ends of the results, the run, the runs and the log.
const END: &[u8] = b"]}]}";

/// A log of one run: what its rules are, of the type `H`, and its results, of the type `R`.
#[derive(Serialize)]
pub(super) struct Log<H, R> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run<H, R>; 1],
}

impl<H, R> Log<H, R> {
    pub(super) fn new(rules: Vec<H>, results: R) -> Log<H, R> {
        let driver = Driver { name: "reperform", version: env!("CARGO_PKG_VERSION"), rules };
        let run = Run { tool: Tool { driver }, column_kind: "unicodeCodePoints", results };
        Log { schema: SCHEMA, version: "2.1.0", runs: [run] }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<H, R> {
    tool: Tool<H>,
    column_kind: &'static str,
    // The last: findings are written one after another in its place.
    results: R,
}

#[derive(Serialize)]
struct Tool<H> {
    driver: Driver<H>,
}

#[derive(Serialize)]
struct Driver<H> {
    name: &'static str,
    version: &'static str,
    rules: Vec<H>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RuleHelp<'a> {
    id: &'a str,
    short_description: Text<'a>,
    help: Text<'a>,
    default_configuration: Level,
    properties: RuleProperties<'a>,
}

#[derive(Serialize)]
struct RuleProperties<'a> {
    policy: &'a str,
    clause: &'a str,
    severity: &'static str,
}

#[derive(Serialize)]
pub(super) struct Text<'a> {
    pub(super) text: std::borrow::Cow<'a, str>,
}

#[derive(Serialize)]
pub(super) struct Level {
    pub(super) level: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SarifResult<'a> {
    rule_id: &'a str,
    rule_index: Option<usize>,
    kind: &'static str,
    level: &'static str,
    message: Text<'a>,
    locations: Vec<Location>,
    related_locations: Vec<Location>,
    partial_fingerprints: Fingerprints<'a>,
    properties: Properties<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    physical_location: PhysicalLocation,
    logical_locations: [LogicalLocation; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PhysicalLocation {
    artifact_location: Artifact,
}

#[derive(Serialize)]
pub(super) struct Artifact {
    pub(super) uri: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LogicalLocation {
    name: String,
    fully_qualified_name: String,
    kind: &'static str,
}

#[derive(Serialize)]
struct Fingerprints<'a> {
    #[serde(rename = "findingId/v1")]
    finding_id: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Properties<'a> {
    policy: &'a str,
    policy_version: &'a str,
    severity: &'a str,
    invoice: &'a str,
    line: &'a str,
    request: &'a str,
    decision: &'a str,
    date: &'a str,
    amount: Option<&'a str>,
    currency: &'a str,
    days_late: Option<i64>,
}

/// The file in the making.
pub struct Sarif {
    output: Output,
    waiting: Vec<u8>,
    /// The places of rules by their ids.
    places: BTreeMap<String, usize>,
    is_first: bool,
}

/// How many bytes are written at a time.
const AT_ONCE: usize = 1 << 20;

impl Sarif {
    /// Writes what comes before the results.
    ///
    /// # Errors
    /// When the file cannot be written to.
    pub fn begin(output: Output, rules: &[Listed<'_>]) -> Result<Sarif, FolderError> {
        // A rule that a policy writes for several versions is one rule, as the last of them writes it.
        let mut places = BTreeMap::new();
        let mut helps: Vec<RuleHelp<'_>> = Vec::new();
        for listed in rules {
            let place = *places.entry(listed.rule.id.clone()).or_insert(helps.len());
            match helps.get_mut(place) {
                Some(help) => *help = rule_help(listed),
                None => helps.push(rule_help(listed)),
            }
        }
        // Without results, which follow one by one.
        let log: Log<_, [(); 0]> = Log::new(helps, []);
        let mut waiting = serde_json::to_vec(&log).map_err(|error| FolderError::unformatted(error.into()))?;
        waiting.truncate(waiting.strip_suffix(END).map_or(0, <[u8]>::len));
        Ok(Sarif { output, waiting, places, is_first: true })
    }

    /// Adds a finding; findings come in their order.
    ///
    /// # Errors
    /// When the file cannot be written to.
    pub fn finding(&mut self, row: &Row<'_>) -> Result<(), FolderError> {
        if !std::mem::take(&mut self.is_first) {
            self.waiting.push(b',');
        }
        self.waiting.push(b'\n');
        let result = result(row, self.places.get(&*row.rule).copied());
        serde_json::to_writer(&mut self.waiting, &result).map_err(|error| FolderError::unformatted(error.into()))?;
        if self.waiting.len() < AT_ONCE { Ok(()) } else { self.put() }
    }

    fn put(&mut self) -> Result<(), FolderError> {
        self.output.put(&self.waiting)?;
        self.waiting.clear();
        Ok(())
    }

    /// Writes the rest.
    ///
    /// # Errors
    /// When the file cannot be written to.
    pub fn finish(mut self) -> Result<Output, FolderError> {
        self.waiting.extend(END);
        self.waiting.push(b'\n');
        self.put()?;
        Ok(self.output)
    }
}

fn rule_help<'a>(listed: &Listed<'a>) -> RuleHelp<'a> {
    let rule = listed.rule;
    let reading = rule.reading.as_ref().map(|reading| format!(" Reading: {reading}")).unwrap_or_default();
    RuleHelp {
        id: &rule.id,
        short_description: Text { text: rule.title.as_str().into() },
        help: Text { text: format!("{}, clause {}.{reading}", listed.policy.title, rule.clause).into() },
        default_configuration: Level { level: level(rule.severity.name()) },
        properties: RuleProperties {
            policy: &listed.policy.name,
            clause: &rule.clause,
            severity: rule.severity.name(),
        },
    }
}

/// The level of a severity, by its name.
fn level(severity: &str) -> &'static str {
    match Severity::ALL.into_iter().find(|own| own.name() == severity) {
        Some(severity) if severity >= Severity::High => "error",
        Some(severity) if severity >= Severity::Medium => "warning",
        _ => "note",
    }
}

fn result<'a>(row: &'a Row<'_>, rule_index: Option<usize>) -> SarifResult<'a> {
    // Only what fails has a level.
    let (kind, level) = if row.verdict == Verdict::Deviation.name() {
        ("fail", level(&row.severity))
    } else if row.verdict == Verdict::Review.name() {
        ("review", "none")
    } else {
        ("open", "none")
    };
    // The decision comes last among the rows relied on.
    let mut locations: Vec<Location> = row.evidence.iter().map(location).collect();
    let own = locations.pop();
    SarifResult {
        rule_id: &row.rule,
        rule_index,
        kind,
        level,
        message: Text { text: plain(&row.message).into() },
        locations: own.into_iter().collect(),
        related_locations: locations,
        partial_fingerprints: Fingerprints { finding_id: &row.finding_id },
        properties: Properties {
            policy: &row.policy,
            policy_version: &row.policy_version,
            severity: &row.severity,
            invoice: &row.invoice_id,
            line: &row.line,
            request: &row.request_id,
            decision: &row.decision_id,
            date: &row.date,
            amount: row.amount.as_deref(),
            currency: &row.currency,
            days_late: row.days_late,
        },
    }
}

fn location(cited: &Cited<'_>) -> Location {
    let place = format!("{}:{}", cited.file, cited.record);
    let name = format!("record {}", cited.record);
    Location {
        physical_location: PhysicalLocation { artifact_location: Artifact { uri: encoded(&cited.file) } },
        logical_locations: [LogicalLocation { name, fully_qualified_name: place, kind: "record" }],
    }
}
