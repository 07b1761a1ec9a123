//! Tests of decision rows: decided once, and over an invoice's cases no more given back than was billed.

use super::Side;
use super::outcome::{Bounds, Fault, Outcome, Possible, Truth, Verdict, plus};
use crate::case::{Case, Row};
use crate::plan::Plan;
use crate::policy::condition::Term;
use crate::record::{Decision, Request};
use crate::text::Sym;
use rust_decimal::Decimal;
use smallvec::SmallVec;
use std::cmp::Ordering;

/// Each row after the decision that rules again is a deviation; without one the case is compliant, once.
pub fn single_decision<'a>(side: Side, case: &Case<'a>, emit: &mut dyn FnMut(Option<Row<'a>>, Outcome)) {
    let Some(decision) = case.decision.filter(|_| super::of_kind(side, case).possible()) else { return };
    let other = |record: &&Decision| record.id != decision.record.id;
    let other_rows = case.books().decisions_of(case.request).filter(other);
    let mut further: Vec<Row<'a>> =
        other_rows.map(|record| Case::row(case.run, case.plan.policy, record, case.trail)).filter(Row::rules).collect();
    case.trail
        .note(|| format!("{} is the decision; {} further ones", case.books().text(decision.record.id), further.len()));
    if further.is_empty() {
        return emit(None, Outcome::Compliant);
    }
    case.trail.cite(decision.record.place);
    let books = case.books();
    let zone = case.plan.policy.zone;
    further.sort_by(|a, b| a.order(books, zone).cmp(&b.order(books, zone)));
    for row in further {
        let refund = case.money_of(row.record).0;
        let first = books.text(decision.record.id);
        let own = books.text(row.record.id);
        let message =
            format!("{own} decides the request again after {first}, and refunds {}", case.show_bounds(refund));
        let amount = refund.known().filter(|_| case.in_invoice_currency(row.record));
        let fault = Fault::new(Verdict::Deviation, message).between("one decision", "a further one").worth(amount);
        let fault = Fault { date: row.day().value(), ..fault };
        emit(Some(row), fault.into());
    }
}

/// A row that gave money, in the order in which an invoice's rows count.
struct Given<'g, 'c, 'p, 'a> {
    case: &'g Case<'c>,
    plan: Option<&'p Plan<'a>>,
    row: Row<'c>,
    money: Bounds,
}

/// Over all cases of an invoice, in order of decision: a row that takes the total of its line, or else of the invoice,
/// above what was billed. `cases` has each with the plan under which it is evaluated; those without one count in the sums
/// only.
pub fn running_total<'c, 'p, 'a>(
    cases: &[(Case<'c>, Option<&'p Plan<'a>>)],
    emit: &mut dyn FnMut(&Case<'c>, &'p Plan<'a>, Row<'c>, Outcome),
) {
    let mut given: SmallVec<[Given<'_, 'c, 'p, 'a>; 1]> = SmallVec::new();
    for (case, plan) in cases {
        for row in case.rows().filter(|row| row.live() && case.in_invoice_currency(row.record)) {
            let (refund, credit) = case.money_of(row.record);
            let money = refund + credit;
            if money.is_positive() == Truth::No {
                continue;
            }
            given.push(Given { case, plan: *plan, row, money });
        }
    }
    if given.is_empty() {
        return;
    }
    given.sort_by(|a, b| order(a, b));
    let mut totals =
        Totals { invoice: Bounds::exactly(Decimal::ZERO), reported: Decimal::ZERO, lines: SmallVec::new() };
    for (at, each) in given.iter().enumerate() {
        let trail = each.case.trail;
        trail.restart();
        let outcome = totals.add(each);
        for before in given.iter().take(at) {
            trail.cite(before.row.record.place);
        }
        if let Some(plan) = each.plan {
            emit(each.case, plan, each.row, outcome);
        }
    }
}

fn order(a: &Given<'_, '_, '_, '_>, b: &Given<'_, '_, '_, '_>) -> Ordering {
    let (books, zone) = (a.case.books(), a.case.plan.policy.zone);
    a.row.order(books, zone).cmp(&b.row.order(books, zone))
}

/// The running sums of an invoice and of its lines, and what findings have reported of them.
struct Totals {
    invoice: Bounds,
    reported: Decimal,
    lines: SmallVec<[LineTotal; 1]>,
}

struct LineTotal {
    line: Sym,
    given: Bounds,
    reported: Decimal,
}

impl Totals {
    fn add(&mut self, given: &Given<'_, '_, '_, '_>) -> Outcome {
        let (case, money) = (given.case, given.money);
        self.invoice = self.invoice + money;
        let of_line = line_of(case.request).map(|line| self.line(line, money));
        let mut possible = Possible::default();
        let mut above = Truth::No;
        if let Some(at) = of_line {
            let limit = case.term(Term::TargetAmount);
            case.amount_margin("sum given back on the line", self.lines[at].given, limit);
            above = self.lines[at].given.exceeds(limit, case.unit());
            if above.possible() {
                let fault = excess(given, self.lines[at].given, limit, self.lines[at].reported, line_name(case));
                if given.plan.is_some() && above == Truth::Yes {
                    self.lines[at].reported = plus(self.lines[at].reported, fault.amount.unwrap_or_default());
                    self.reported = plus(self.reported, fault.amount.unwrap_or_default());
                }
                possible.add(fault.into());
            }
        }
        if above != Truth::Yes {
            let limit = case.term(Term::InvoiceTotal);
            case.amount_margin("sum given back on the invoice", self.invoice, limit);
            let over = self.invoice.exceeds(limit, case.unit());
            if over.possible() {
                let fault = excess(given, self.invoice, limit, self.reported, "the invoice".to_owned());
                if given.plan.is_some() && over == Truth::Yes {
                    self.reported = plus(self.reported, fault.amount.unwrap_or_default());
                    if let Some(at) = of_line {
                        self.lines[at].reported = plus(self.lines[at].reported, fault.amount.unwrap_or_default());
                    }
                }
                possible.add(fault.into());
            }
            if over != Truth::Yes {
                possible.add(Outcome::Compliant);
            }
        }
        case.trail.note(|| {
            let (own, all) = (case.show_bounds(money), case.show_bounds(self.invoice));
            let billed = case.show_bounds(case.term(Term::InvoiceTotal));
            format!("{} gives {own}; with it {all} of {billed} billed", case.books().text(given.row.record.id))
        });
        if given.money.is_positive() != Truth::Yes {
            // The row may give nothing, and then the rule is not about it.
            possible.add(Outcome::NotApplicable);
        }
        possible.settle()
    }

    /// Adds to a line's sum, and says where the sum stands.
    fn line(&mut self, line: Sym, money: Bounds) -> usize {
        match self.lines.iter().position(|total| total.line == line) {
            Some(at) => {
                self.lines[at].given = self.lines[at].given + money;
                at
            }
            None => {
                self.lines.push(LineTotal { line, given: money, reported: Decimal::ZERO });
                self.lines.len() - 1
            }
        }
    }
}

fn line_of(request: &Request) -> Option<Sym> {
    Some(request.line).filter(|line| !line.is_blank())
}

fn line_name(case: &Case<'_>) -> String {
    format!("line {}", case.books().text(case.request.line))
}

/// The row's part of an excess: no more than its own money, and nothing that was reported before.
fn excess(given: &Given<'_, '_, '_, '_>, total: Bounds, limit: Bounds, reported: Decimal, of: String) -> Fault {
    let case = given.case;
    let over = total.known().zip(limit.known()).map(|(total, limit)| plus(total, -limit));
    let amount = over.zip(given.money.known()).map(|(over, money)| money.min(plus(over, -reported)).max(Decimal::ZERO));
    let (given_back, billed) = (case.show_bounds(total), case.show_bounds(limit));
    let own = case.books().text(given.row.record.id);
    let message = format!("with {own}, {given_back} has been given back on {of}, which was billed at {billed}");
    let fault = Fault::new(Verdict::Deviation, message);
    let fault = fault.between(format!("at most {}", case.show_bounds(limit)), case.show_bounds(total)).worth(amount);
    Fault { date: given.row.day().value(), ..fault }
}

/// The decision row that an outcome is about, or else the decision of the case.
pub fn row_of<'a>(case: &Case<'a>, row: Option<Row<'a>>) -> Option<&'a Decision> {
    row.or(case.decision).map(|row| row.record)
}
