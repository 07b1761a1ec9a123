//! Cases judged again with the working of their rules: one case with every rule, which `explain` shows, or one finding
//! with its own.

use crate::audit::{AsOf, Engine, Few, Options, as_of, context, write_up, write_up_line};
use crate::bounds::Bound;
use crate::case::{Case, Context};
use crate::check::line::BilledLine;
use crate::check::outcome::Verdict;
use crate::check::{judge, line, rows};
use crate::finding::Finding;
use crate::margin::Margin;
use crate::plan::{Listed, Plan, Plans};
use crate::policy::{Catalogue, Policy, Version};
use crate::record::{Books, Invoice, InvoiceLine, Place, Request};
use crate::trail::Trail;
use std::cell::OnceCell;

/// One outcome of one rule on one case, with its working.
pub struct Judged<'a> {
    /// The rule.
    pub rule: Listed<'a>,
    /// The verdict; `None` if the rule does not apply.
    pub verdict: Option<Verdict>,
    /// What was found, if it is a deviation, for review, or indeterminate.
    pub finding: Option<Finding<'a>>,
    /// The steps of the working, in order.
    pub working: Vec<String>,
    /// How near it was to another verdict, where it was near.
    pub near: Vec<Margin>,
    /// If it is indeterminate: the facts that are missing, with what values of them could lead to.
    pub bounds: Vec<Bound>,
}

impl<'a> Judged<'a> {
    /// What an outcome came to, with what its trail has kept.
    fn of(rule: Listed<'a>, verdict: Option<Verdict>, finding: Option<Finding<'a>>, trail: &Trail) -> Judged<'a> {
        let near = trail.margins().into_iter().filter(Margin::is_near).collect();
        Judged { rule, verdict, finding, near, working: trail.restart(), bounds: Vec::new() }
    }

    /// The same with its bounds, if it is indeterminate.
    fn bounded(self, bounds: impl FnOnce() -> Vec<Bound>) -> Judged<'a> {
        let indeterminate = self.verdict == Some(Verdict::Indeterminate);
        Judged { bounds: if indeterminate { bounds() } else { Vec::new() }, ..self }
    }
}

/// Whether a case was judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Judged.
    Evaluated,
    /// Resting on rejected rows: see [`Books::held_back`].
    HeldBack,
    /// Older than the first version of its policy, or submitted after the as-of date.
    Outside,
}

/// A case with every rule that was put to it.
pub struct Explained<'a> {
    /// The request.
    pub request: &'a Request,
    /// Its invoice.
    pub invoice: &'a Invoice,
    /// The policy that judges it and its version; `None` if it was not judged.
    pub judged_by: Option<(&'a Policy, &'a Version)>,
    /// Whether it was judged.
    pub status: Status,
    /// Every rule that can apply to its kind, then those about the lines of its invoice, in the order of the files.
    pub judged: Vec<Judged<'a>>,
    /// The as-of date.
    pub as_of: AsOf,
}

/// An invoice line with every rule that was put to it.
pub struct ExplainedLine<'a> {
    /// The line.
    pub line: &'a InvoiceLine,
    /// Its invoice.
    pub invoice: &'a Invoice,
    /// The policy that judges it and its version.
    pub judged_by: Option<(&'a Policy, &'a Version)>,
    /// Every rule about lines, in the order of the files.
    pub judged: Vec<Judged<'a>>,
    /// The as-of date.
    pub as_of: AsOf,
}

/// Judges an invoice line again, keeping the working of every rule: the one on whose row a finding about a line rests.
/// `None` if the finding is about a case.
pub fn explain_line<'a>(
    catalogue: &'a Catalogue,
    books: &'a Books,
    options: &Options,
    finding: &Finding<'_>,
) -> Option<ExplainedLine<'a>> {
    let invoice = books.invoices.get(finding.invoice_at as usize).filter(|_| finding.request.is_blank())?;
    let line = books.lines_of(invoice).iter().find(|line| finding.evidence.contains(&line.place))?;
    let as_of = as_of(catalogue, books, options);
    let run = context(catalogue, books, as_of);
    let plans = Plans::of(catalogue, &options.selection);
    let engine = Engine { run: &run, plans: &plans, include_indeterminate: true };
    let judged_by = engine.line_plan(invoice).map(|plan| (plan.policy, plan.version));
    let judged = engine.explain_lines(invoice, Some(line.place));
    Some(ExplainedLine { line, invoice, judged_by, judged, as_of })
}

/// Judges one case again, keeping the working of every rule. `None` if no used row has the id.
pub fn explain<'a>(
    catalogue: &'a Catalogue,
    books: &'a Books,
    options: &Options,
    request_id: &str,
) -> Option<Explained<'a>> {
    let request = books.request(request_id)?;
    let invoice = books.invoices.get(request.invoice as usize)?;
    let as_of = as_of(catalogue, books, options);
    let run = context(catalogue, books, as_of);
    let plans = Plans::of(catalogue, &options.selection);
    let engine = Engine { run: &run, plans: &plans, include_indeterminate: true };
    let plan = engine.plan(invoice, request);
    let status = match (request.held_back, plan) {
        (true, _) => Status::HeldBack,
        (false, None) => Status::Outside,
        (false, Some(_)) => Status::Evaluated,
    };
    let judged = plan.filter(|_| status == Status::Evaluated).map_or_else(Vec::new, |plan| {
        let mut judged = engine.explain_case(invoice, request, plan);
        judged.extend(engine.explain_lines(invoice, None));
        judged
    });
    let judged_by = plan.filter(|_| status == Status::Evaluated).map(|plan| (plan.policy, plan.version));
    Some(Explained { request, invoice, judged_by, status, judged, as_of })
}

/// Judges findings again, each by its own rule, to have its working.
pub struct Workings<'a> {
    run: Context<'a>,
    plans: Plans<'a>,
}

/// The cases of an invoice with more than this are not judged together again for each of its findings, nor for each value of
/// a fact.
pub(crate) const MOST_CASES: usize = 64;

impl<'a> Workings<'a> {
    /// For the findings of an audit with these options.
    pub fn of(catalogue: &'a Catalogue, books: &'a Books, options: &Options, as_of: AsOf) -> Workings<'a> {
        Workings { run: context(catalogue, books, as_of), plans: Plans::of(catalogue, &options.selection) }
    }

    /// The steps of a finding's working, in order.
    pub fn working(&self, finding: &Finding<'_>) -> Vec<String> {
        let engine = Engine { run: &self.run, plans: &self.plans, include_indeterminate: true };
        let invoice = self.run.books.invoices.get(finding.invoice_at as usize);
        let found = invoice.and_then(|invoice| match finding.request.is_blank() {
            true => engine.working_of_line(invoice, finding),
            false => engine.working_of_case(invoice, finding),
        });
        let readings = finding.readings.iter().map(|readings| format!("alternative readings: {readings}"));
        found.into_iter().flatten().chain(readings).collect()
    }

    /// The rules that were asked for.
    pub fn listed(&self) -> &[Listed<'a>] {
        &self.plans.listed
    }
}

impl<'a> Engine<'_, 'a> {
    fn working_of_line(&self, invoice: &'a Invoice, finding: &Finding<'_>) -> Option<Vec<String>> {
        let trail = Trail::with_working();
        let plan = self.line_plan(invoice)?;
        let line = self.run.books.lines_of(invoice).iter().find(|line| finding.evidence.contains(&line.place))?;
        line::judge_line(finding.rule.rule, &BilledLine { run: self.run, plan, invoice, line, trail: &trail });
        Some(trail.restart())
    }

    fn working_of_case(&self, invoice: &'a Invoice, finding: &Finding<'_>) -> Option<Vec<String>> {
        let (trail, exclusions) = (Trail::with_working(), OnceCell::new());
        let mut requests = self.run.books.requests_of(invoice);
        let count = requests.len();
        let request = requests.find(|request| request.id == finding.request)?;
        let plan = self.plan(invoice, request)?;
        let rule = finding.rule.rule;
        if plan.invoice_rules.iter().any(|(_, together)| std::ptr::eq(*together, rule)) {
            return Some(match count > MOST_CASES {
                true => vec![format!("added up over the {count} cases of the invoice: `reperform explain` shows it")],
                false => self.working_together(invoice, finding),
            });
        }
        let applied = plan.rules_for(request.kind).iter().find(|applied| std::ptr::eq(applied.rule, rule))?;
        let case = Case::new(self.run, plan, request, &exclusions, &trail);
        judge(applied.rule, applied.side, &case, |_, _| {});
        Some(trail.restart())
    }

    fn working_together(&self, invoice: &'a Invoice, finding: &Finding<'_>) -> Vec<String> {
        let trail = Trail::with_working();
        let exclusions: Few<OnceCell<_>> = self.run.books.requests_of(invoice).map(|_| OnceCell::new()).collect();
        let cases = self.cases(invoice, &exclusions, &trail);
        let mut working = Vec::new();
        rows::running_total(&cases, &mut |case, _, row, _| {
            if case.request.id == finding.request && row.record.id == finding.decision {
                working = trail.restart();
            }
        });
        working
    }

    fn explain_case(&self, invoice: &'a Invoice, request: &'a Request, plan: &Plan<'a>) -> Vec<Judged<'a>> {
        let (trail, exclusions) = (Trail::with_working(), OnceCell::new());
        let mut judged = Vec::new();
        let Some(own) = self.plan(invoice, request) else { return judged };
        let case = Case::new(self.run, own, request, &exclusions, &trail);
        for applied in plan.rules_for(request.kind) {
            trail.restart();
            let mut outcomes = Vec::new();
            judge(applied.rule, applied.side, &case, |row, outcome| outcomes.push((row, outcome)));
            for (row, outcome) in outcomes {
                let verdict = outcome.verdict();
                let fault = self.fault(outcome, &trail);
                let rule = self.plans.listed[applied.number];
                let finding = fault.map(|fault| write_up(rule, &case, plan, row, fault));
                let outcome = Judged::of(rule, verdict, finding, &trail);
                judged.push(outcome.bounded(|| self.bounds_of_case(request, own, applied)));
            }
        }
        let requests = self.run.books.requests_of(invoice);
        let exclusions: Few<OnceCell<_>> = requests.map(|_| OnceCell::new()).collect();
        let cases = self.cases(invoice, &exclusions, &trail);
        for (number, _) in &plan.invoice_rules {
            let rule = self.plans.listed[*number];
            rows::running_total(&cases, &mut |case, plan, row, outcome| {
                if case.request.id == request.id {
                    let verdict = outcome.verdict();
                    let fault = self.fault(outcome, &trail);
                    let finding = fault.map(|fault| write_up(rule, case, plan, Some(row), fault));
                    let outcome = Judged::of(rule, verdict, finding, &trail);
                    judged.push(outcome.bounded(|| self.bounds_together(invoice, request, row.record.id)));
                }
            });
        }
        judged
    }

    /// The rules about the lines of an invoice, or about one of them.
    fn explain_lines(&self, invoice: &'a Invoice, only: Option<Place>) -> Vec<Judged<'a>> {
        let trail = Trail::with_working();
        let mut judged = Vec::new();
        let Some(plan) = self.line_plan(invoice) else { return judged };
        let lines = self.run.books.lines_of(invoice).iter();
        for line in lines.filter(|line| only.is_none_or(|only| line.place == only)) {
            let billed = BilledLine { run: self.run, plan, invoice, line, trail: &trail };
            for (number, rule) in &plan.line_rules {
                trail.restart();
                let outcome = line::judge_line(rule, &billed);
                let verdict = outcome.verdict();
                let fault = self.fault(outcome, &trail);
                let finding = fault.map(|fault| write_up_line(self.plans.listed[*number], &billed, plan, fault));
                let outcome = Judged::of(self.plans.listed[*number], verdict, finding, &trail);
                judged.push(outcome.bounded(|| self.bounds_of_line(invoice, line, plan, rule)));
            }
        }
        judged
    }
}
