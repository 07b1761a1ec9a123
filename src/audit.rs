//! The engine: every case of the population judged by every rule that can apply to it, in parallel by invoice.
//!
//! The core is pure: it reads the books and the catalogue and returns findings and counts. It owns the loop; a check
//! sees one case.

use crate::case::{Case, Context, Row};
use crate::check::line::BilledLine;
use crate::check::lines::{Exclusions, may_own};
use crate::check::outcome::{Fault, Outcome, Verdict};
use crate::check::{judge, line, rows};
use crate::column::{Column, Columns};
use crate::finding::{self, Finding};
use crate::plan::{Listed, Plan, Plans, Selection};
use crate::policy::Catalogue;
use crate::policy::amendment::Governed;
use crate::policy::condition::States;
use crate::record::{Books, Invoice, Place, Request};
use crate::sensitivity::Ledger;

use crate::text::Sym;
use crate::time::{Zone, date_of_number};
use crate::trail::Trail;
use chrono::NaiveDate;
use rayon::prelude::*;
use smallvec::SmallVec;
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
    /// Found to be outside the rule.
    pub not_applicable: u64,
    /// Put to the rule at all: cases of a kind, and lines of a category, that it can be about.
    pub judged: u64,
    /// Per absent column, how many it made indeterminate.
    pub missing: BTreeMap<Column, u64>,
}

impl Tally {
    /// How many the rule applied to.
    pub fn applied(&self) -> u64 {
        self.compliant + self.deviation + self.review + self.indeterminate
    }

    /// Counts those that were found to be outside the rule before they were judged.
    fn leave_out(&mut self, count: u64) {
        self.judged += count;
        self.not_applicable += count;
    }

    #[inline]
    fn count(&mut self, outcome: &Outcome, trail: &Trail) {
        self.judged += 1;
        match outcome.verdict() {
            None => self.not_applicable += 1,
            Some(Verdict::Compliant) => self.compliant += 1,
            Some(Verdict::Deviation) => self.deviation += 1,
            Some(Verdict::Review) => self.review += 1,
            Some(Verdict::Indeterminate) => self.count_indeterminate(trail.absent()),
        }
    }

    #[cold]
    fn count_indeterminate(&mut self, absent: Columns) {
        self.indeterminate += 1;
        absent.iter().for_each(|column| *self.missing.entry(column).or_default() += 1);
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
    /// What hangs on the readings, if alternative ones were tried.
    pub sensitivity: Option<Ledger>,
}

/// The counts do not add up: an error of the program, never of the input.
#[derive(Debug, thiserror::Error)]
#[error("the counts do not add up: {0}; this is an error of the program, please report it")]
pub struct Unreconciled(String);

/// How many invoices one thread takes at once, and reports as progress.
pub(crate) const INVOICES_AT_ONCE: usize = 512;

/// How often it does so at most before another thread may take over what is left: at the end all threads wait for the last.
const MOST_CHUNKS: usize = 16;

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
    audit_as_of(catalogue, books, options, as_of(catalogue, books, options), progress)
}

/// Audits books that are a part of the population, as of the day of the whole.
///
/// # Errors
/// When the counts do not add up, which would be an error of the program.
pub fn audit_as_of<'a>(
    catalogue: &'a Catalogue,
    books: &'a Books,
    options: &Options,
    as_of: AsOf,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Report<'a>, Unreconciled> {
    let run = context(catalogue, books, as_of);
    let plans = Plans::of(catalogue, &options.selection);
    let engine = Engine { run: &run, plans: &plans, include_indeterminate: options.include_indeterminate };
    let nothing = || Found::of_rules(plans.listed.len());
    let parts =
        books.invoices.par_chunks(INVOICES_AT_ONCE).with_max_len(MOST_CHUNKS).fold(nothing, |mut found, invoices| {
            engine.invoices(invoices, &mut found);
            progress(invoices.iter().map(|invoice| u64::from(invoice.requests.end - invoice.requests.start)).sum());
            found
        });
    let parts: Vec<Found<'_>> = parts.collect();
    let mut found = nothing();
    found.findings.reserve(parts.iter().map(|part| part.findings.len()).sum());
    parts.into_iter().for_each(|part| found.add(part));
    finding::sort(&mut found.findings, books);
    found.outside.sort_by(|a, b| books.text(*a).cmp(books.text(*b)));
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
        sensitivity: None,
    };
    reconcile(&report, books)?;
    Ok(report)
}

/// What all cases of a run share.
pub fn context<'a>(catalogue: &Catalogue, books: &'a Books, as_of: AsOf) -> Context<'a> {
    Context {
        books,
        outcomes: catalogue.outcome_classes(),
        governed: Governed::of(catalogue, books),
        as_of: as_of.date,
        as_of_given: as_of.given,
    }
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
        if file.rows_read != file.rows_used + rejected + file.left_out.values().sum::<u64>() {
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
    let latest = |request: &Request| {
        let invoice = books.invoices.get(request.invoice as usize)?;
        let zone = zones.get(usize::from(invoice.policy)).copied().unwrap_or(Zone::UTC);
        latest_of(books, request, zone)
    };
    let latest = books.requests.par_chunks(INVOICES_AT_ONCE).filter_map(|requests| {
        books.touch(requests.iter());
        requests.iter().filter_map(latest).max_by_key(rank)
    });
    let latest = latest.max_by_key(rank);
    let date = latest.and_then(|(day, ..)| date_of_number(day)).unwrap_or(NaiveDate::MIN);
    AsOf { date, given: false, set_by: latest.map(|(_, place, column)| (place, column)) }
}

/// The as-of date of two parts of the population together.
pub fn later(a: AsOf, b: AsOf) -> AsOf {
    let rank = |as_of: &AsOf| (as_of.date, as_of.set_by.map(std::cmp::Reverse));
    if rank(&a) < rank(&b) { b } else { a }
}

/// The latest day of a case, by its number, with the first cell that has it.
fn latest_of(books: &Books, request: &Request, zone: Zone) -> Option<(i64, Place, Column)> {
    let mut latest = request.submitted_at.day_number(zone).map(|day| (day, request.place, Column::SubmittedAt));
    for row in books.decisions_of(request) {
        for (stamp, column) in [
            (row.acknowledged_at, Column::AcknowledgedAt),
            (row.decided_at, Column::DecidedAt),
            (row.processed_at, Column::ProcessedAt),
            (row.received_at, Column::ReceivedAt),
        ] {
            let later = stamp.day_number(zone).filter(|day| latest.is_none_or(|(latest, ..)| *day > latest));
            latest = later.map(|day| (day, row.place, column)).or(latest);
        }
    }
    latest
}

/// The latest day, by its number; of several rows with it, the first.
fn rank(set: &(i64, Place, Column)) -> (i64, std::cmp::Reverse<(Place, Column)>) {
    (set.0, std::cmp::Reverse((set.1, set.2)))
}

/// What a part of the population gave.
struct Found<'a> {
    findings: Vec<Finding<'a>>,
    /// By the number of the rule.
    tallies: Vec<Tally>,
    evaluated: u64,
    outside: Vec<Sym>,
}

impl Found<'_> {
    fn of_rules(count: usize) -> Self {
        Found { findings: Vec::new(), tallies: vec![Tally::default(); count], evaluated: 0, outside: Vec::new() }
    }

    fn add(&mut self, mut other: Self) {
        self.findings.append(&mut other.findings);
        self.outside.append(&mut other.outside);
        self.evaluated += other.evaluated;
        for (own, other) in self.tallies.iter_mut().zip(other.tallies) {
            own.add(other);
        }
    }

    #[inline]
    fn tally(&mut self, rule: usize) -> &mut Tally {
        &mut self.tallies[rule]
    }
}

/// What there is of each case of an invoice, which seldom has more than one: kept without an allocation.
pub(crate) type Few<T> = SmallVec<[T; 1]>;

/// A case with the plan under which it is evaluated; without one if it is not.
pub(crate) type Evaluated<'c, 'e, 'a> = (Case<'c>, Option<&'e Plan<'a>>);

/// Cases of one kind that are evaluated under one plan.
struct Alike<'c, 'e, 'a> {
    plan: &'e Plan<'a>,
    kind: Sym,
    /// Each with the states in which it surely is not: most rules are left out for one, without a look at the case.
    cases: Vec<(States, &'c Case<'c>)>,
}

impl<'c, 'e, 'a> Alike<'c, 'e, 'a> {
    /// Adds a case to those that it is like.
    fn add(all: &mut Vec<Alike<'c, 'e, 'a>>, plan: &'e Plan<'a>, case: &'c Case<'c>) {
        let kind = case.request.kind;
        match all.iter_mut().find(|alike| std::ptr::eq(alike.plan, plan) && alike.kind == kind) {
            Some(alike) => alike.cases.push((case.standing.outside, case)),
            None => all.push(Alike { plan, kind, cases: vec![(case.standing.outside, case)] }),
        }
    }
}

/// A case that was put to a rule.
#[derive(Clone, Copy)]
struct Judged<'c, 'p, 'a> {
    /// The rule's number.
    number: usize,
    case: &'c Case<'c>,
    plan: &'p Plan<'a>,
    /// The row that is judged, if it is one of them.
    row: Option<Row<'c>>,
}

/// Judges invoices under the plans of a run.
pub(crate) struct Engine<'e, 'a> {
    pub(crate) run: &'e Context<'a>,
    pub(crate) plans: &'e Plans<'a>,
    pub(crate) include_indeterminate: bool,
}

impl<'e, 'a> Engine<'e, 'a> {
    /// Judges the lines and cases of invoices, the cases of one kind rule by rule: what a rule needs stays in the
    /// processor's caches.
    fn invoices(&self, invoices: &'a [Invoice], found: &mut Found<'a>) {
        let (trail, books) = (Trail::default(), self.run.books);
        for invoice in invoices.iter().filter(|invoice| !invoice.held_back) {
            self.lines(invoice, &trail, found);
        }
        let requests = invoices.iter().flat_map(|invoice| books.requests_of(invoice));
        books.touch(requests.clone());
        let exclusions: Vec<OnceCell<Exclusions>> = requests.map(|_| OnceCell::new()).collect();
        let (mut rest, mut cases) = (exclusions.as_slice(), Vec::with_capacity(exclusions.len()));
        for invoice in invoices {
            let (own, further) = rest.split_at(books.requests_of(invoice).len());
            let of_invoice = self.cases(invoice, own, &trail);
            self.together(&of_invoice, found);
            cases.extend(of_invoice);
            rest = further;
        }
        let mut alike: Vec<Alike<'_, 'e, 'a>> = Vec::new();
        for (case, plan) in &cases {
            match plan {
                Some(plan) => Alike::add(&mut alike, plan, case),
                None if case.request.held_back => {}
                None => found.outside.push(case.request.id),
            }
        }
        alike.iter().for_each(|alike| self.alike(alike, found));
    }

    /// An invoice's cases, each with the plan under which it is evaluated. One that is not evaluated still counts in the
    /// sums of its invoice, under any version.
    pub(crate) fn cases<'c>(
        &'c self,
        invoice: &'c Invoice,
        exclusions: &'c [OnceCell<Exclusions>],
        trail: &'c Trail,
    ) -> Few<Evaluated<'c, 'e, 'a>> {
        let requests = self.run.books.requests_of(invoice);
        let each = requests.zip(exclusions).filter_map(|(request, exclusions)| {
            let own = self.plan(invoice, request);
            let plan = own.or_else(|| {
                self.plans.on(self.policy(invoice, request.sow_reference, NaiveDate::MAX), NaiveDate::MAX)
            })?;
            let case = Case::new(self.run, plan, request, exclusions, trail);
            Some((case, own.filter(|_| !request.held_back)))
        });
        each.collect()
    }

    /// The plan of the version in force on the day of submission; none for a case outside the audit.
    pub(crate) fn plan(&self, invoice: &Invoice, request: &Request) -> Option<&'e Plan<'a>> {
        let zone = self.plans.on(invoice.policy, NaiveDate::MAX)?.policy.zone;
        let submitted = request.submitted_at.day(zone)?;
        let outside = self.run.as_of_given && submitted > self.run.as_of;
        self.plans.on(self.policy(invoice, request.sow_reference, submitted), submitted).filter(|_| !outside)
    }

    /// The number of the policy that governs a case of an invoice, or its lines, on a day.
    fn policy(&self, invoice: &Invoice, contract: Sym, day: NaiveDate) -> u16 {
        self.run.governed.policy(invoice, contract, day)
    }

    fn alike(&self, alike: &Alike<'_, 'e, 'a>, found: &mut Found<'a>) {
        found.evaluated += alike.cases.len() as u64;
        for applied in alike.plan.rules_for(alike.kind) {
            let mut left_out = 0;
            for (outside, case) in &alike.cases {
                let owns_none = || applied.owner.is_some_and(|owner| !may_own(owner, case));
                if applied.needs.meets(*outside) || owns_none() {
                    left_out += 1;
                    continue;
                }
                case.trail.forget();
                judge(applied.rule, applied.side, case, |row, outcome| {
                    self.record(found, Judged { number: applied.number, case, plan: alike.plan, row }, outcome);
                });
            }
            found.tally(applied.number).leave_out(left_out);
        }
    }

    /// Judges the cases of an invoice together.
    fn together(&self, cases: &[Evaluated<'_, 'e, 'a>], found: &mut Found<'a>) {
        let Some(first) = cases.iter().find_map(|(_, plan)| *plan) else { return };
        if first.invoice_rules.is_empty() {
            return;
        }
        rows::running_total(cases, &mut |case, plan, row, outcome| {
            for (number, _) in &plan.invoice_rules {
                self.record(found, Judged { number: *number, case, plan, row: Some(row) }, outcome.clone());
            }
        });
    }

    #[inline]
    fn record(&self, found: &mut Found<'a>, judged: Judged<'_, '_, 'a>, outcome: Outcome) {
        found.tally(judged.number).count(&outcome, judged.case.trail);
        if !matches!(outcome, Outcome::NotApplicable | Outcome::Compliant) {
            self.keep(found, judged, outcome);
        }
    }

    /// Writes up an outcome that is not as it should be, if it is asked for.
    #[cold]
    #[inline(never)]
    fn keep(&self, found: &mut Found<'a>, judged: Judged<'_, '_, 'a>, outcome: Outcome) {
        let Judged { number, case, plan, row } = judged;
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
        self.plans.on(self.policy(invoice, Sym::BLANK, invoice.date), invoice.date).filter(|_| !later)
    }

    fn lines(&self, invoice: &'a Invoice, trail: &Trail, found: &mut Found<'a>) {
        let Some(plan) = self.line_plan(invoice) else { return };
        for line in self.run.books.lines_of(invoice) {
            let billed = BilledLine { run: self.run, plan, invoice, line, trail };
            for (number, rule) in plan.rules_for_line(line.category) {
                trail.forget();
                let outcome = line::judge_line(rule, &billed);
                found.tally(*number).count(&outcome, trail);
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
#[inline(never)]
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
        invoice_at: case.request.invoice,
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
        readings: None,
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
        invoice_at: billed.run.books.invoices.element_offset(billed.invoice).map_or(u32::MAX, |at| at as u32),
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
        readings: None,
    }
}

/// A message as a sentence.
fn sentence(message: &str) -> String {
    let mut letters = message.chars();
    let mut sentence = String::with_capacity(message.len() + 1);
    sentence.extend(letters.next().into_iter().flat_map(char::to_uppercase));
    sentence.push_str(letters.as_str());
    sentence.push('.');
    sentence
}
