//! Tests of invoice lines.

use super::outcome::{Fault, Outcome, Verdict, plus};
use super::{NO_CALENDAR, UNKNOWN_FIGURE};
use crate::calendar::days_between;
use crate::case::Context;
use crate::column::Column;
use crate::margin::{AmountMargin, DayMargin, End, Margin};
use crate::money;
use crate::plan::Plan;
use crate::policy::condition::Count;
use crate::policy::rule::{Check, LineFree, LinePrice, Rule};
use crate::record::{Cell, Invoice, InvoiceLine};
use crate::trail::Trail;
use chrono::NaiveDate;
use rust_decimal::Decimal;

/// A line of an invoice, read by a policy version.
#[derive(Clone, Copy)]
pub struct BilledLine<'a> {
    /// What all cases share.
    pub run: &'a Context<'a>,
    /// The rules that judge it.
    pub plan: &'a Plan<'a>,
    /// Its invoice.
    pub invoice: &'a Invoice,
    /// The line.
    pub line: &'a InvoiceLine,
    /// What was consulted.
    pub trail: &'a Trail,
}

impl BilledLine<'_> {
    fn date(&self, column: Column, day: Option<NaiveDate>) -> Cell<NaiveDate> {
        let cell = self.trail.cell(self.run.books, self.line.place, column, day);
        if cell == Cell::Blank {
            self.trail.unrecorded(column);
        }
        cell
    }

    fn amount(&self, column: Column) -> Cell<Decimal> {
        let amount = self.run.books.amount_of_line(self.line, column);
        self.trail.cell(self.run.books, self.line.place, column, amount.value(&self.run.books.wide))
    }

    fn total(&self) -> Decimal {
        self.line.amount.value(&self.run.books.wide).unwrap_or_default()
    }

    /// Units on the line; a blank is one.
    fn quantity(&self) -> Option<Decimal> {
        match self.amount(Column::Quantity) {
            Cell::Value(quantity) => Some(quantity),
            Cell::Blank => Some(Decimal::ONE),
            Cell::Absent => None,
        }
    }

    fn unit(&self) -> Decimal {
        money::unit(self.invoice.currency)
    }

    fn amount_margin(&self, what: &'static str, actual: Decimal, limit: Decimal, tolerance: Decimal) {
        let currency = self.invoice.currency;
        self.trail.margin(|| Some(Margin::Amount(AmountMargin { what, actual, limit, tolerance, currency })));
    }

    fn day_margin(&self, what: &'static str, day: NaiveDate, last: NaiveDate, term: Count) {
        self.trail.margin(|| DayMargin::of(self.plan.policy, what, day, (last, End::Last), term).map(Margin::Day));
    }

    fn show(&self, amount: Decimal) -> String {
        format!("{} {}", money::show(amount, self.invoice.currency), self.invoice.currency.code())
    }
}

/// Judges an invoice line by a rule about lines.
pub fn judge_line(rule: &Rule, billed: &BilledLine<'_>) -> Outcome {
    if !rule.check.line_categories().is_some_and(|words| super::is_one_of(billed.line.category, words)) {
        return Outcome::NotApplicable;
    }
    match &rule.check {
        Check::LinePrice(price) => line_price(price, billed),
        Check::LineRate(_) => line_rate(billed),
        Check::LineInAdvance(_) => in_advance(billed),
        Check::LineFree(free) => free_of_charge(free, billed),
        _ => Outcome::NotApplicable,
    }
}

/// The price per unit lies between two amounts.
fn line_price(price: &LinePrice, billed: &BilledLine<'_>) -> Outcome {
    if billed.invoice.currency != price.currency {
        return Outcome::Indeterminate("the text states the price in another currency");
    }
    let Some(quantity) = billed.quantity() else { return Outcome::Indeterminate(UNKNOWN_FIGURE) };
    if quantity.is_zero() {
        return Outcome::Indeterminate("the line bills no unit");
    }
    let limits = price.least.0.checked_mul(quantity).zip(price.most.0.checked_mul(quantity));
    let Some((least, most)) = limits else { return Outcome::Indeterminate(UNKNOWN_FIGURE) };
    let (total, slack) = (billed.total(), if price.within_one_unit { billed.unit() } else { Decimal::ZERO });
    let expected = || match least == most {
        true => billed.show(least),
        false => format!("{} to {}", billed.show(least), billed.show(most)),
    };
    billed
        .trail
        .note(|| format!("{} for {} units; the text gives {}", billed.show(total), quantity.normalize(), expected()));
    for limit in [least, most] {
        billed.amount_margin("line's total", total, limit, slack);
    }
    let fault = |verdict, limit: Decimal| {
        let units = if quantity == Decimal::ONE { "unit" } else { "units" };
        let (expected, billed, count) = (expected(), billed.show(total), quantity.normalize());
        let message = format!("{billed} was billed for {count} {units}, and the text gives {expected}");
        Outcome::from(Fault::new(verdict, message).between(expected, billed).worth(Some(plus(limit, -total))))
    };
    if total > plus(most, slack) {
        return fault(Verdict::Deviation, most);
    }
    match price.below.verdict() {
        Some(verdict) if total < plus(least, -slack) => fault(verdict, least),
        _ => Outcome::Compliant,
    }
}

/// The price per unit is no more than the contract's.
fn line_rate(billed: &BilledLine<'_>) -> Outcome {
    let price = billed.amount(Column::UnitPrice);
    let rate = billed.amount(Column::ContractRate);
    let (Cell::Value(price), Cell::Value(rate)) = (price, rate) else {
        let columns = [(price, Column::UnitPrice), (rate, Column::ContractRate)];
        columns.iter().filter(|(cell, _)| *cell == Cell::Blank).for_each(|(_, c)| billed.trail.unrecorded(*c));
        return Outcome::Indeterminate("the price per unit or the contract's is not recorded");
    };
    billed.trail.note(|| format!("{} a unit; the contract sets {}", billed.show(price), billed.show(rate)));
    billed.amount_margin("price a unit", price, rate, billed.unit());
    let above = plus(price, -rate);
    if above <= billed.unit() {
        return Outcome::Compliant;
    }
    let effect = billed.quantity().and_then(|q| above.checked_mul(q));
    let effect = effect.map(|above| -money::round(above, billed.invoice.currency));
    let message = format!("{} a unit was billed, and the contract sets {}", billed.show(price), billed.show(rate));
    let fault = Fault::new(Verdict::Deviation, message);
    fault.between(format!("at most {}", billed.show(rate)), billed.show(price)).worth(effect).into()
}

/// Billed no later than the period begins.
fn in_advance(billed: &BilledLine<'_>) -> Outcome {
    let Cell::Value(start) = billed.date(Column::PeriodStart, billed.line.period_start) else {
        return Outcome::Indeterminate("the start of the period is not recorded");
    };
    let charged = billed.invoice.date;
    billed.trail.note(|| format!("billed on {charged}, the period begins on {start}"));
    if charged <= start {
        return Outcome::Compliant;
    }
    billed.day_margin("the charge", charged, start, Count::Days(0));
    let late = days_between(start, charged);
    let message = format!("billed on {charged}, {late} days after its period began on {start}");
    Fault::new(Verdict::Deviation, message).between(start.to_string(), charged.to_string()).late(late).into()
}

/// Nothing is charged within a term after `warranty_from`; the day of the work is when it started or was charged.
fn free_of_charge(free: &LineFree, billed: &BilledLine<'_>) -> Outcome {
    let total = billed.total();
    if total.is_zero() {
        return Outcome::NotApplicable;
    }
    let Cell::Value(from) = billed.date(Column::WarrantyFrom, billed.line.warranty_from) else {
        return Outcome::Indeterminate("the day from which the term runs is not recorded");
    };
    let Some(last) = billed.plan.policy.last_day(from, free.within) else { return Outcome::Indeterminate(NO_CALENDAR) };
    let (charged, as_of) = (billed.invoice.date, billed.run.as_of);
    let started = billed.line.started_on.filter(|day| !billed.run.as_of_given || *day <= as_of);
    let work = match billed.trail.cell(billed.run.books, billed.line.place, Column::StartedOn, started) {
        Cell::Value(day) => day,
        Cell::Blank => charged,
        // A start that the export does not show came by the as-of date, or else the charge counts.
        Cell::Absent if billed.run.as_of_given && as_of.max(charged) <= last => as_of.max(charged),
        Cell::Absent => return Outcome::Indeterminate("the export does not show when the work began"),
    };
    billed.trail.note(|| format!("the work began on {work}; free of charge until {last}"));
    billed.day_margin("the work began", work, last, free.within);
    if work > last {
        return Outcome::Compliant;
    }
    let message =
        format!("{} was charged for work begun on {work}, which is free of charge until {last}", billed.show(total));
    Fault::new(Verdict::Deviation, message).between("no charge", billed.show(total)).worth(Some(-total)).into()
}
