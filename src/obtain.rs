//! What is missing, as facts to be obtained: for each how many tests hang on it, which of them it would settle, and the
//! money that it could bring to light.
//!
//! A column that an export does not have is one fact for all its cases; a blank cell is one. Of each rule that is
//! indeterminate for a case count the facts each of which alone leads to a verdict.

use crate::audit::{AsOf, Engine, Few, INVOICES_AT_ONCE, Options, context};
use crate::bounds::{Bound, Range};
use crate::check::line::{self, BilledLine};
use crate::check::outcome::{Outcome, Verdict};
use crate::check::{judge, rows};
use crate::column::{Column, Table};
use crate::explain::MOST_CASES;
use crate::plan::Plans;
use crate::policy::Catalogue;
use crate::record::{Books, Invoice, Place, Request};
use crate::text::Sym;
use crate::trail::Trail;
use rayon::prelude::*;
use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

/// A fact that is missing, in one currency.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fact {
    /// The file, as results name it.
    pub file: String,
    /// The table that it feeds.
    pub table: Table,
    /// The column.
    pub column: Column,
    /// The record; none for a column that the file does not have.
    pub record: Option<u32>,
    /// ISO 4217 code of the invoices: money of several is never added up.
    pub currency: &'static str,
}

/// What hangs on a fact.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Worth {
    /// For a blank cell: the first case, its invoice and its account.
    pub whose: Option<[String; 3]>,
    /// How many cases, and lines that rules are about.
    pub cases: u64,
    /// How many outcomes of rules.
    pub tests: u64,
    /// How many of them it settles, whatever its value.
    pub settles: u64,
    /// The rules, by their number.
    pub rules: BTreeSet<usize>,
    /// The sum over the cases of the least and of the most money; none where no money is involved.
    pub money: Option<Range>,
}

impl Worth {
    fn add(&mut self, other: Worth) {
        self.whose = [self.whose.take(), other.whose].into_iter().flatten().min();
        self.cases += other.cases;
        self.tests += other.tests;
        self.settles += other.settles;
        self.rules.extend(other.rules);
        self.money = match (self.money, other.money) {
            (Some(own), Some(other)) => Some(own.sum(other)),
            (own, other) => own.or(other),
        };
    }
}

/// The facts to be obtained.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts(pub BTreeMap<Fact, Worth>);

impl Facts {
    /// The facts that are missing in the books, as of a day.
    pub fn of(catalogue: &Catalogue, books: &Books, options: &Options, as_of: AsOf) -> Facts {
        let run = context(catalogue, books, as_of);
        let plans = Plans::of(catalogue, &options.selection);
        let engine = Engine { run: &run, plans: &plans, include_indeterminate: false };
        let some = |mut facts: Facts, invoices: &[Invoice]| {
            for invoice in invoices {
                let mut missing = Missing { engine: &engine, invoice, cases: BTreeMap::new() };
                missing.lines();
                missing.cases();
                missing.add_to(&mut facts);
            }
            facts
        };
        books.invoices.par_chunks(INVOICES_AT_ONCE).fold(Facts::default, some).reduce(Facts::default, Facts::join)
    }

    /// Those of two parts of the population.
    #[must_use]
    pub fn join(mut self, other: Facts) -> Facts {
        for (fact, worth) in other.0 {
            self.0.entry(fact).or_default().add(worth);
        }
        self
    }
}

/// A case or a line, and a fact that is missing there: a cell, or a column of a file.
type At = (Sym, u16, Option<u32>, Column);

/// What is missing in the cases and lines of an invoice.
struct Missing<'m, 'e, 'a> {
    engine: &'m Engine<'e, 'a>,
    invoice: &'a Invoice,
    cases: BTreeMap<At, Worth>,
}

impl<'a> Missing<'_, '_, 'a> {
    fn lines(&mut self) {
        let (engine, invoice) = (self.engine, self.invoice);
        let Some(plan) = engine.line_plan(invoice).filter(|_| !invoice.held_back) else { return };
        let trail = Trail::default();
        for line in engine.run.books.lines_of(invoice) {
            for (number, rule) in plan.rules_for_line(line.category) {
                trail.restart();
                let outcome =
                    line::judge_line(rule, &BilledLine { run: engine.run, plan, invoice, line, trail: &trail });
                if is_open(&outcome, &trail) {
                    let bounds = engine.bounds_of_line(invoice, line, plan, rule);
                    self.add(*number, line.line, [Sym::BLANK, invoice.id, invoice.account], bounds);
                }
            }
        }
    }

    fn cases(&mut self) {
        let (engine, invoice) = (self.engine, self.invoice);
        let requests = engine.run.books.requests_of(invoice);
        let count = requests.len();
        let exclusions: Few<OnceCell<_>> = requests.map(|_| OnceCell::new()).collect();
        let trail = Trail::default();
        let cases = engine.cases(invoice, &exclusions, &trail);
        for (case, plan) in &cases {
            let Some(plan) = plan else { continue };
            let Some(request) = self.own(case.request) else { continue };
            for applied in plan.rules_for(request.kind) {
                trail.restart();
                let mut open = false;
                judge(applied.rule, applied.side, case, |_, outcome| open |= is_open(&outcome, &trail));
                if open {
                    self.case(applied.number, request, engine.bounds_of_case(request, plan, applied));
                }
            }
        }
        let rules = cases.iter().find_map(|(_, plan)| *plan).map_or(&[][..], |plan| &plan.invoice_rules);
        if rules.is_empty() || count > MOST_CASES {
            return;
        }
        let mut open = Vec::new();
        rows::running_total(&cases, &mut |case, _, row, outcome| {
            if is_open(&outcome, case.trail) {
                open.push((case.request.id, row.record.id));
            }
        });
        for (request, row) in open {
            let Some(request) = engine.run.books.requests_of(invoice).find(|own| own.id == request) else { continue };
            let bounds = engine.bounds_together(invoice, request, row);
            rules.iter().for_each(|(number, _)| self.case(*number, request, bounds.clone()));
        }
    }

    /// The same request, for as long as the books.
    fn own(&self, request: &Request) -> Option<&'a Request> {
        self.engine.run.books.requests_of(self.invoice).find(|own| own.id == request.id)
    }

    fn case(&mut self, rule: usize, request: &Request, bounds: Vec<Bound>) {
        self.add(rule, request.id, [request.id, self.invoice.id, request.account], bounds);
    }

    /// Adds what hangs on the facts of one test.
    fn add(&mut self, rule: usize, case: Sym, whose: [Sym; 3], bounds: Vec<Bound>) {
        let books = self.engine.run.books;
        for bound in bounds.into_iter().filter(|bound| !bound.verdicts.is_empty()) {
            let record = |place: &Place| (!bound.absent).then_some(place.record);
            let facts: BTreeSet<_> = bound.rows.iter().map(|place| (place.file, record(place))).collect();
            // Of several blank cells none settles it alone.
            let [(file, record)] = facts.into_iter().collect::<Vec<_>>()[..] else { continue };
            let worth = self.cases.entry((case, file, record, bound.column)).or_default();
            worth.whose = record.map(|_| whose.map(|id| books.text(id).to_owned()));
            worth.cases = 1;
            worth.tests += 1;
            worth.settles += u64::from(bound.settles);
            worth.rules.insert(rule);
            // One dollar is not counted twice: the rules of a case speak of the same money.
            worth.money = match (worth.money, bound.money) {
                (Some(before), Some(money)) => Some(before.span(money)),
                (before, money) => before.or(money),
            };
        }
    }

    fn add_to(self, facts: &mut Facts) {
        for ((_, file, record, column), worth) in self.cases {
            let Some(of) = self.engine.run.books.files.get(usize::from(file)) else { continue };
            let (file, table, currency) = (of.name.clone(), of.table, self.invoice.currency.code());
            facts.0.entry(Fact { file, table, column, record, currency }).or_default().add(worth);
        }
    }
}

/// Whether a rule is indeterminate because a fact is missing.
fn is_open(outcome: &Outcome, trail: &Trail) -> bool {
    outcome.verdict() == Some(Verdict::Indeterminate) && !(trail.absent().is_empty() && trail.blank().is_empty())
}
