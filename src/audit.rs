//! The engine: every case of the population judged by every rule that can apply to it, in parallel by invoice.
//!
//! The core is pure: it reads the books and the catalogue and returns findings and counts. It owns the loop; a check
//! sees one case.

use crate::case::{Case, Context, Row};
use crate::check::line::BilledLine;
use crate::check::lines::Exclusions;
use crate::check::outcome::{Fault, Outcome, Verdict};
use crate::check::{judge, line, rows};
use crate::column::{Column, Columns};
use crate::finding::{self, Finding};
use crate::plan::{Listed, Plan, Plans, Selection};
use crate::policy::Catalogue;
use crate::record::{Books, Invoice, Place, Request};
use crate::text::Sym;
use crate::time::Zone;
use crate::trail::Trail;
use chrono::NaiveDate;
use rayon::prelude::*;
use std::cell::OnceCell;
use std::collections::BTreeMap;

/// What is asked of an audit.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The day as of which the cases are read; the latest in the records if not given.
    pub as_of: Option<NaiveDate>,
    /// Whether what could not be tested is written up too.
    pub include_indeterminate: bool,
    /// Which rules.
    pub selection: Selection,
}

/// The counts of a rule.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Cases, lines or rows found compliant.
    pub compliant: u64,
    /// Found to deviate.
    pub deviation: u64,
    /// For a person to judge.
    pub review: u64,
    /// Not to be tested.
    pub indeterminate: u64,
    /// Judged and found to be outside the rule.
    pub not_applicable: u64,
    /// Judged at all.
    pub judged: u64,
    /// Per absent column, how many it made indeterminate.
    pub missing: BTreeMap<Column, u64>,
}

impl Tally {
    /// How many the rule applied to.
    pub fn applied(&self) -> u64 {
        self.compliant + self.deviation + self.review + self.indeterminate
    }

    fn count(&mut self, outcome: &Outcome, absent: Columns) {
        match outcome.verdict() {
            None => self.not_applicable += 1,
            Some(Verdict::Compliant) => self.compliant += 1,
            Some(Verdict::Deviation) => self.deviation += 1,
            Some(Verdict::Review) => self.review += 1,
            Some(Verdict::Indeterminate) => {
                self.indeterminate += 1;
                absent.iter().for_each(|column| *self.missing.entry(column).or_default() += 1);
            }
        }
    }

    /// Adds the counts of another part of the population, or of the same rule in another version.
    pub fn add(&mut self, other: Tally) {
        self.compliant += other.compliant;
        self.deviation += other.deviation;
        self.review += other.review;
        self.indeterminate += other.indeterminate;
        self.not_applicable += other.not_applicable;
        self.judged += other.judged;
        for (column, count) in other.missing {
            *self.missing.entry(column).or_default() += count;
        }
    }
}

/// How many cases were judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cases {
    /// Every request id that can be read.
    pub total: u64,
    /// Judged.
    pub evaluated: u64,
    /// Resting on rejected rows.
    pub held_back: u64,
    /// Older than the first version of their policy, or submitted after the as-of date.
    pub outside: u64,
}

impl Cases {
    /// Adds those of another part of the population.
    pub fn add(&mut self, other: Cases) {
        self.total += other.total;
        self.evaluated += other.evaluated;
        self.held_back += other.held_back;
        self.outside += other.outside;
    }
}

/// The as-of date and where it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AsOf {
    /// The day.
    pub date: NaiveDate,
    /// Whether it was asked for.
    pub given: bool,
    /// The row and column that set it, if it was not asked for and there is any row.
    pub set_by: Option<(Place, Column)>,
}

/// What an audit finds.
pub struct Report<'a> {
    /// Every rule that was asked for, in the order of the files.
    pub rules: Vec<Listed<'a>>,
    /// The counts of each.
    pub tallies: Vec<Tally>,
    /// Sorted by policy, rule, request, invoice, line and decision.
    pub findings: Vec<Finding<'a>>,
    /// How many cases there are.
    pub cases: Cases,
    /// The ids of the cases outside every policy version, sorted.
    pub outside: Vec<Sym>,
    /// The as-of date.
    pub as_of: AsOf,
}

/// The counts do not add up: an error of the program, never of the input.
#[derive(Debug, thiserror::Error)]
#[error("the counts do not add up: {0}; this is an error of the program, please report it")]
pub struct Unreconciled(String);

/// Audits the books.
///
/// # Errors
/// When the counts do not add up, which would be an error of the program.
pub fn audit<'a>(
    catalogue: &'a Catalogue,
    books: &'a Books,
    options: &Options,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Report<'a>, Unreconciled> {
    let as_of = as_of(catalogue, books, options);
    let run = context(catalogue, books, as_of);
    let plans = Plans::of(catalogue, &options.selection);
    let engine = Engine { run: &run, plans: &plans, include_indeterminate: options.include_indeterminate };
    let invoices = books.invoices.par_iter().with_min_len(64);
    let mut found = invoices
        .fold(Found::default, |mut found, invoice| {
            engine.invoice(invoice, &mut found);
            progress(u64::from(invoice.requests.end - invoice.requests.start));
            found
        })
        .reduce(Found::default, Found::join);
    finding::sort(&mut found.findings, books);
    found.outside.sort_by(|a, b| books.text(*a).cmp(books.text(*b)));
    found.tallies.resize_with(plans.listed.len(), Tally::default);
    let cases = Cases {
        total: books.cases,
        evaluated: found.evaluated,
        held_back: books.held_back.len() as u64,
        outside: found.outside.len() as u64,
    };
    let report = Report {
        rules: plans.listed,
        tallies: found.tallies,
        findings: found.findings,
        cases,
        outside: found.outside,
        as_of,
    };
    reconcile(&report, books)?;
    Ok(report)
}

/// What all cases of a run share.
pub fn context<'a>(catalogue: &Catalogue, books: &'a Books, as_of: AsOf) -> Context<'a> {
    Context { books, outcomes: catalogue.outcome_classes(), as_of: as_of.date, as_of_given: as_of.given }
}

/// Every count adds up, or nothing is reported.
fn reconcile(report: &Report<'_>, books: &Books) -> Result<(), Unreconciled> {
    let cases = &report.cases;
    if cases.total != cases.evaluated + cases.held_back + cases.outside {
        return Err(Unreconciled(format!("cases: {cases:?}")));
    }
    for (listed, tally) in report.rules.iter().zip(&report.tallies) {
        if tally.judged != tally.applied() + tally.not_applicable {
            return Err(Unreconciled(format!("rule {}: {tally:?}", listed.rule.id)));
        }
    }
    let mut rejected = vec![0; books.files.len()];
    for reject in &books.rejects {
        if let Some(count) = rejected.get_mut(usize::from(reject.place.file)) {
            *count += 1_u64;
        }
    }
    for (file, rejected) in books.files.iter().zip(rejected) {
        if file.rows_read != file.rows_used + rejected {
            return Err(Unreconciled(format!("rows of {}", file.name)));
        }
    }
    Ok(())
}

/// The as-of date: as asked for, or the latest day of any request or decision, each in its policy's zone.
pub fn as_of(catalogue: &Catalogue, books: &Books, options: &Options) -> AsOf {
    if let Some(date) = options.as_of {
        return AsOf { date, given: true, set_by: None };
    }
    let zones: Vec<Zone> = catalogue.families().map(|policy| policy.zone).collect();
    let latest = books.requests.par_iter().filter_map(|request| {
        let invoice = books.invoices.get(request.invoice as usize)?;
        let zone = zones.get(usize::from(invoice.policy)).copied().unwrap_or(Zone::UTC);
        let own = request.submitted_at.day(zone).map(|day| (day, request.place, Column::SubmittedAt));
        let rows = books.decisions_of(request).iter().flat_map(|row| {
            let times = [
                (row.acknowledged_at, Column::AcknowledgedAt),
                (row.decided_at, Column::DecidedAt),
                (row.processed_at, Column::ProcessedAt),
                (row.received_at, Column::ReceivedAt),
            ];
            times.into_iter().filter_map(move |(stamp, column)| Some((stamp.day(zone)?, row.place, column)))
        });
        own.into_iter().chain(rows).max_by_key(rank)
    });
    let latest = latest.max_by_key(rank);
    let date = latest.map_or(NaiveDate::MIN, |(date, ..)| date);
    AsOf { date, given: false, set_by: latest.map(|(_, place, column)| (place, column)) }
}

/// The latest day; of several rows with it, the first.
fn rank(set: &(NaiveDate, Place, Column)) -> (NaiveDate, std::cmp::Reverse<(Place, Column)>) {
    (set.0, std::cmp::Reverse((set.1, set.2)))
}

/// What a part of the population gave.
#[derive(Default)]
struct Found<'a> {
    findings: Vec<Finding<'a>>,
    tallies: Vec<Tally>,
    evaluated: u64,
    outside: Vec<Sym>,
}

impl Found<'_> {
    fn join(mut self, mut other: Self) -> Self {
        self.findings.append(&mut other.findings);
        self.outside.append(&mut other.outside);
        self.evaluated += other.evaluated;
        if self.tallies.len() < other.tallies.len() {
            self.tallies.resize_with(other.tallies.len(), Tally::default);
        }
        for (own, other) in self.tallies.iter_mut().zip(other.tallies) {
            own.add(other);
        }
        self
    }

    fn tally(&mut self, rule: usize) -> &mut Tally {
        if self.tallies.len() <= rule {
            self.tallies.resize_with(rule + 1, Tally::default);
        }
        &mut self.tallies[rule]
    }
}

/// Judges invoices under the plans of a run.
pub(crate) struct Engine<'e, 'a> {
    pub(crate) run: &'e Context<'a>,
    pub(crate) plans: &'e Plans<'a>,
    pub(crate) include_indeterminate: bool,
}

impl<'e, 'a> Engine<'e, 'a> {
    /// Judges an invoice's lines and cases.
    fn invoice(&self, invoice: &'a Invoice, found: &mut Found<'a>) {
        let trail = Trail::default();
        if !invoice.held_back {
            self.lines(invoice, &trail, found);
        }
        let requests = self.run.books.requests_of(invoice);
        if requests.is_empty() {
            return;
        }
        let exclusions: Vec<OnceCell<_>> = requests.iter().map(|_| OnceCell::new()).collect();
        let cases = self.cases(requests, &exclusions, &trail);
        for request in requests.iter().filter(|request| !request.held_back) {
            match self.plan(invoice, request) {
                Some(_) => found.evaluated += 1,
                None => found.outside.push(request.id),
            }
        }
        for (case, _) in cases.iter().filter(|(_, evaluated)| *evaluated) {
            self.case(case, found);
        }
        self.together(&cases, found);
    }

    /// An invoice's cases, each with whether it is evaluated. One that is not still counts in the sums of its invoice,
    /// under any version.
    pub(crate) fn cases<'c>(
        &'c self,
        requests: &'c [Request],
        exclusions: &'c [OnceCell<Exclusions>],
        trail: &'c Trail,
    ) -> Vec<(Case<'c>, bool)> {
        let each = requests.iter().zip(exclusions).filter_map(|(request, exclusions)| {
            let invoice = self.run.books.invoices.get(request.invoice as usize)?;
            let own = self.plan(invoice, request);
            let evaluated = own.is_some() && !request.held_back;
            let plan = own.or_else(|| self.plans.on(invoice.policy, NaiveDate::MAX))?;
            Some((Case::new(self.run, plan, request, exclusions, trail), evaluated))
        });
        each.collect()
    }

    /// The plan of the version in force on the day of submission; none for a case outside the audit.
    pub(crate) fn plan(&self, invoice: &Invoice, request: &Request) -> Option<&'e Plan<'a>> {
        let zone = self.plans.on(invoice.policy, NaiveDate::MAX)?.policy.zone;
        let submitted = request.submitted_at.day(zone)?;
        let outside = self.run.as_of_given && submitted > self.run.as_of;
        self.plans.on(invoice.policy, submitted).filter(|_| !outside)
    }

    fn case(&self, case: &Case<'_>, found: &mut Found<'a>) {
        // The plan of a case is always one of the engine's, which lives as long as the findings' references.
        let Some(plan) = self.plan(case.invoice, case.request) else { return };
        for (number, rule) in plan.rules_for(case.request.kind) {
            case.trail.restart();
            judge(rule, case, &mut |row, outcome| {
                self.record(found, *number, case, plan, row, outcome);
            });
        }
    }

    /// Judges the cases of an invoice together.
    fn together(&self, cases: &[(Case<'_>, bool)], found: &mut Found<'a>) {
        let Some((first, _)) = cases.iter().find(|(_, evaluated)| *evaluated) else { return };
        if first.plan.invoice_rules.is_empty() {
            return;
        }
        rows::running_total(cases, &mut |case, row, outcome| {
            let Some(plan) = self.plan(case.invoice, case.request) else { return };
            for (number, _) in &plan.invoice_rules {
                self.record(found, *number, case, plan, Some(row), outcome.clone());
            }
        });
    }

    fn record(
        &self,
        found: &mut Found<'a>,
        number: usize,
        case: &Case<'_>,
        plan: &Plan<'a>,
        row: Option<Row<'_>>,
        outcome: Outcome,
    ) {
        let tally = found.tally(number);
        tally.judged += 1;
        tally.count(&outcome, case.trail.absent());
        if let Some(fault) = self.fault(outcome, case.trail) {
            found.findings.push(write_up(self.plans.listed[number], case, plan, row, fault));
        }
    }

    /// What is written up of an outcome.
    pub(crate) fn fault(&self, outcome: Outcome, trail: &Trail) -> Option<Fault> {
        match outcome {
            Outcome::Fault(fault) => Some(*fault),
            Outcome::Indeterminate(why) if self.include_indeterminate => {
                Some(Fault::new(Verdict::Indeterminate, indeterminate(why, trail)))
            }
            _ => None,
        }
    }

    /// The plan for an invoice's lines; none for an invoice outside the audit.
    pub(crate) fn line_plan(&self, invoice: &Invoice) -> Option<&'e Plan<'a>> {
        let later = self.run.as_of_given && invoice.date > self.run.as_of;
        self.plans.on(invoice.policy, invoice.date).filter(|_| !later)
    }

    fn lines(&self, invoice: &'a Invoice, trail: &Trail, found: &mut Found<'a>) {
        let Some(plan) = self.line_plan(invoice) else { return };
        if plan.line_rules.is_empty() {
            return;
        }
        for line in self.run.books.lines_of(invoice) {
            let billed = BilledLine { run: self.run, plan, invoice, line, trail };
            for (number, rule) in &plan.line_rules {
                trail.restart();
                let outcome = line::judge_line(rule, &billed);
                let tally = found.tally(*number);
                tally.judged += 1;
                tally.count(&outcome, trail.absent());
                if let Some(fault) = self.fault(outcome, trail) {
                    found.findings.push(write_up_line(self.plans.listed[*number], &billed, plan, fault));
                }
            }
        }
    }
}

/// Why a rule could not be tested, with the columns and cells that were missed.
pub fn indeterminate(why: &str, trail: &Trail) -> String {
    let names = |columns: Columns| columns.iter().map(|c| format!("`{}`", c.name())).collect::<Vec<_>>().join(", ");
    let mut facts = Vec::new();
    if !trail.absent().is_empty() {
        facts.push(format!("the export has no column {}", names(trail.absent())));
    }
    if !trail.blank().is_empty() {
        facts.push(format!("{} not recorded", names(trail.blank())));
    }
    if facts.is_empty() { why.to_owned() } else { format!("{why} ({})", facts.join("; ")) }
}

/// Writes up a finding about a case.
pub(crate) fn write_up<'a>(
    rule: Listed<'a>,
    case: &Case<'_>,
    plan: &Plan<'a>,
    row: Option<Row<'_>>,
    fault: Fault,
) -> Finding<'a> {
    let row = rows::row_of(case, row);
    let decided = row.and_then(|row| row.decided_at.day(plan.policy.zone));
    let invoice_lines = case
        .books()
        .lines_of(case.invoice)
        .iter()
        .filter(|l| case.request.line.is_blank() || l.line == case.request.line);
    let mut evidence: Vec<Place> = invoice_lines.map(|line| line.place).collect();
    evidence.push(case.request.place);
    evidence.extend(row.map(|row| row.place));
    evidence.extend(case.trail.cited());
    evidence.sort_unstable();
    evidence.dedup();
    Finding {
        verdict: fault.verdict,
        policy: plan.policy,
        version: plan.version,
        rule,
        account: case.request.account,
        invoice: case.invoice.id,
        line: case.request.line,
        request: case.request.id,
        decision: row.map_or(Sym::BLANK, |row| row.id),
        decided_by: row.map_or(Sym::BLANK, |row| row.decided_by),
        date: fault.date.or(decided).unwrap_or(case.submitted),
        expected: fault.expected,
        actual: fault.actual,
        amount: fault.amount,
        currency: case.currency(),
        days_late: fault.days_late,
        message: sentence(&fault.message),
        evidence,
    }
}

/// Writes up a finding about an invoice line.
pub(crate) fn write_up_line<'a>(
    rule: Listed<'a>,
    billed: &BilledLine<'_>,
    plan: &Plan<'a>,
    fault: Fault,
) -> Finding<'a> {
    Finding {
        verdict: fault.verdict,
        policy: plan.policy,
        version: plan.version,
        rule,
        account: billed.invoice.account,
        invoice: billed.invoice.id,
        line: billed.line.line,
        request: Sym::BLANK,
        decision: Sym::BLANK,
        decided_by: Sym::BLANK,
        date: billed.invoice.date,
        expected: fault.expected,
        actual: fault.actual,
        amount: fault.amount,
        currency: billed.invoice.currency,
        days_late: fault.days_late,
        message: sentence(&fault.message),
        evidence: vec![billed.line.place],
    }
}

/// A message as a sentence.
fn sentence(message: &str) -> String {
    let mut letters = message.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(letters).chain(['.']).collect()
}
