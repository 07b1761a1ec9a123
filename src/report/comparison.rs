//! What a back-test shows: cases flipped by rule and direction, money moved by currency, and the largest side by side.

use super::cell::cell;
use super::exposure::{Exposure, Total};
use super::layout::{Table, count, counted, left, plain, right, short, wrapped};
use super::terminal::{money, sections};
use crate::check::outcome::Verdict;
use crate::compare::{Comparison, Flip};
use crate::finding::Finding;
use crate::money::{Currency, show as written};
use crate::record::Books;
use rust_decimal::Decimal;
use serde::Serialize;
use std::io::{self, Write};

/// How many of the largest are shown in each currency.
const LARGEST: usize = 5;
/// How wide what is said of one side of a case may be.
const SIDE: usize = 92;

/// Names a verdict, or that there is no finding.
fn name(verdict: Option<Verdict>) -> &'static str {
    verdict.map_or("no finding", Verdict::name)
}

/// A difference with its sign.
fn moved(base: Total, changed: Total, currency: Currency) -> String {
    let (more, by) = base.to(changed);
    let sign = if by.is_zero() {
        ""
    } else if more {
        "+"
    } else {
        "-"
    };
    format!("{sign}{}", money(by, currency))
}

/// Shows a comparison on a terminal.
///
/// # Errors
/// When the place cannot be written to.
pub fn show(comparison: &Comparison<'_>, sides: [&str; 2], books: &Books, to: &mut dyn Write) -> io::Result<()> {
    let shown = [opening(comparison, sides), by_rule(comparison), at_stake(comparison), largest(comparison, books)];
    sections(&shown, to)
}

fn opening(comparison: &Comparison<'_>, sides: [&str; 2]) -> Vec<String> {
    let cases = counted(comparison.evaluated, "case", "cases");
    let mut lines = vec![
        format!("Base     {}", plain(sides[0])),
        format!("Changed  {}", plain(sides[1])),
        format!("Judged {cases} under both, as of {}.", comparison.as_of.date),
    ];
    lines.push(match comparison.flips.len() as u64 {
        0 => "Nothing differs.".to_owned(),
        flips => {
            let differ = if comparison.cases == 1 { "differs" } else { "differ" };
            let verdicts = counted(flips, "finding", "findings");
            format!("{} {differ}, in {verdicts}.", counted(comparison.cases, "case or line", "cases or lines"))
        }
    });
    lines
}

fn by_rule(comparison: &Comparison<'_>) -> Vec<String> {
    let header = [left("Rule"), left("base"), left("changed"), right("findings"), left("money of deviations")];
    let mut table = Table::new(header.into());
    let rules = comparison.by_rule();
    for ((rule, (base, changed)), flipped) in &rules {
        let moves = flipped.amounts.iter().flat_map(|(code, (currency, [before, after]))| {
            let sides = [("over", before.over, after.over), ("under", before.under, after.under)];
            let differs = sides.into_iter().filter(|(_, before, after)| before != after);
            differs.map(move |(side, before, after)| format!("{side} {code} {}", moved(before, after, *currency)))
        });
        let moves = moves.collect::<Vec<_>>().join(", ");
        let directions = [left(name(*base)), left(name(*changed))];
        let cells = [left(short(rule, 40))].into_iter().chain(directions).chain([right(count(flipped.count))]);
        table.row(cells.chain([left(short(&moves, 60))]).collect());
    }
    if rules.is_empty() { Vec::new() } else { table.lines() }
}

fn at_stake(comparison: &Comparison<'_>) -> Vec<String> {
    let header = [left("Money at stake"), left(""), right("base"), right("changed"), right("moved")];
    let mut table = Table::new(header.into());
    for (code, (currency, [base, changed])) in &comparison.stakes {
        for (side, before, after) in
            [("over-refunds", base.over, changed.over), ("under-refunds", base.under, changed.under)]
        {
            let sums = [money(before, *currency), money(after, *currency), moved(before, after, *currency)];
            table.row([left(*code), left(side)].into_iter().chain(sums.map(right)).collect());
        }
    }
    if comparison.stakes.is_empty() { Vec::new() } else { table.lines() }
}

fn largest(comparison: &Comparison<'_>, books: &Books) -> Vec<String> {
    let mut lines = Vec::new();
    for flip in comparison.largest(LARGEST) {
        let Some(finding) = flip.finding() else { continue };
        if lines.is_empty() {
            lines.push("Largest".to_owned());
        }
        let (code, currency) = (finding.currency.code(), finding.currency);
        let sign = if flip.moved().is_sign_positive() { "+" } else { "" };
        let by = format!("{sign}{} {code}", written(flip.moved(), currency));
        lines.push(format!("{}  {}  {by}", short(&subject(finding, books), 40), short(&finding.rule.rule.id, 40)));
        for (side, found) in [("base", &flip.base), ("changed", &flip.changed)] {
            let says = found.as_ref().map_or("no finding".to_owned(), |found| {
                format!("{}: {}", found.verdict.name(), plain(&found.message))
            });
            let mut wrapped = wrapped(&says, SIDE).into_iter();
            lines.extend(wrapped.next().map(|first| format!("  {side:<8} {first}")));
            lines.extend(wrapped.map(|more| format!("           {more}")));
        }
    }
    lines
}

/// The case, or the invoice with its line.
fn subject(finding: &Finding<'_>, books: &Books) -> String {
    match finding.request.is_blank() {
        true => format!("{} line {}", books.text(finding.invoice), books.text(finding.line)),
        false => books.text(finding.request).to_owned(),
    }
}

/// Writes the flips as CSV, a row each.
///
/// # Errors
/// When the place cannot be written to.
pub fn csv(comparison: &Comparison<'_>, books: &Books, to: &mut dyn Write) -> io::Result<()> {
    let mut rows = csv::Writer::from_writer(to);
    rows.write_record([
        "policy",
        "rule",
        "account_id",
        "invoice_id",
        "line",
        "request_id",
        "decision_id",
        "base_verdict",
        "changed_verdict",
        "base_expected",
        "changed_expected",
        "actual",
        "base_amount",
        "changed_amount",
        "moved",
        "currency",
    ])?;
    for flip in &comparison.flips {
        let Some(finding) = flip.finding() else { continue };
        let text = |id| books.text(id);
        let ids = [finding.account, finding.invoice, finding.line, finding.request, finding.decision].map(text);
        let sides = [&flip.base, &flip.changed];
        let expected = sides.map(|side| side.as_ref().map_or("", |finding| finding.expected.as_str()));
        let shown = |amount: Option<Decimal>| amount.map(|a| written(a, finding.currency)).unwrap_or_default();
        let amounts = flip.amounts();
        let (base, changed) = flip.direction();
        let texts = [finding.policy.name.as_str(), &finding.rule.rule.id].into_iter().chain(ids);
        let texts = texts.chain([name(base), name(changed)]).chain(expected).chain([finding.actual.as_str()]);
        texts.map(cell).try_for_each(|text| rows.write_field(&*text))?;
        let moved = Some(flip.moved()).filter(|_| amounts != [None, None]);
        let money = amounts.map(shown).into_iter().chain([shown(moved), finding.currency.code().to_owned()]);
        rows.write_record(money)?;
    }
    rows.flush()
}

/// A comparison for programs. Amounts are written as text.
#[derive(Serialize)]
struct Written<'a> {
    base: &'a str,
    changed: &'a str,
    as_of: String,
    evaluated: u64,
    cases: u64,
    rules: Vec<Rule<'a>>,
    money_at_stake: Vec<Stake>,
    flips: Vec<Flipped<'a>>,
}

#[derive(Serialize)]
struct Rule<'a> {
    rule: &'a str,
    base: &'static str,
    changed: &'static str,
    findings: u64,
    money: Vec<Stake>,
}

#[derive(Serialize)]
struct Stake {
    currency: &'static str,
    over: Moved,
    under: Moved,
}

#[derive(Serialize)]
struct Moved {
    base: String,
    changed: String,
    moved: String,
}

#[derive(Serialize)]
struct Flipped<'a> {
    policy: &'a str,
    rule: &'a str,
    invoice_id: &'a str,
    line: &'a str,
    request_id: &'a str,
    decision_id: &'a str,
    currency: &'static str,
    base: Side<'a>,
    changed: Side<'a>,
}

#[derive(Serialize)]
struct Side<'a> {
    verdict: &'static str,
    clause: Option<&'a str>,
    expected: Option<&'a str>,
    actual: Option<&'a str>,
    amount: Option<String>,
    message: Option<&'a str>,
}

impl Stake {
    fn of((code, (currency, [base, changed])): (&&'static str, &(Currency, [Exposure; 2]))) -> Stake {
        let plain = |base: Total, changed: Total| {
            let (more, by) = base.to(changed);
            let sign = if more || by.is_zero() { "" } else { "-" };
            Moved {
                base: base.show(*currency),
                changed: changed.show(*currency),
                moved: format!("{sign}{}", by.show(*currency)),
            }
        };
        Stake { currency: code, over: plain(base.over, changed.over), under: plain(base.under, changed.under) }
    }
}

impl<'a> Side<'a> {
    fn of(found: Option<&'a Finding<'_>>) -> Side<'a> {
        Side {
            verdict: name(found.map(|found| found.verdict)),
            clause: found.map(|found| found.rule.rule.clause.as_str()),
            expected: found.map(|found| found.expected.as_str()),
            actual: found.map(|found| found.actual.as_str()),
            amount: found.and_then(|found| found.amount.map(|amount| written(amount, found.currency))),
            message: found.map(|found| found.message.as_str()),
        }
    }
}

impl<'a> Flipped<'a> {
    fn of(flip: &'a Flip<'_>, books: &'a Books) -> Option<Flipped<'a>> {
        let finding = flip.finding()?;
        Some(Flipped {
            policy: &finding.policy.name,
            rule: &finding.rule.rule.id,
            invoice_id: books.text(finding.invoice),
            line: books.text(finding.line),
            request_id: books.text(finding.request),
            decision_id: books.text(finding.decision),
            currency: finding.currency.code(),
            base: Side::of(flip.base.as_ref()),
            changed: Side::of(flip.changed.as_ref()),
        })
    }
}

/// Writes a comparison as JSON.
///
/// # Errors
/// When the place cannot be written to.
pub fn json(comparison: &Comparison<'_>, sides: [&str; 2], books: &Books, to: &mut dyn Write) -> io::Result<()> {
    let by_rule = comparison.by_rule();
    let rules = by_rule.iter().map(|((rule, (base, changed)), flipped)| Rule {
        rule,
        base: name(*base),
        changed: name(*changed),
        findings: flipped.count,
        money: flipped.amounts.iter().map(Stake::of).collect(),
    });
    let written = Written {
        base: sides[0],
        changed: sides[1],
        as_of: comparison.as_of.date.to_string(),
        evaluated: comparison.evaluated,
        cases: comparison.cases,
        rules: rules.collect(),
        money_at_stake: comparison.stakes.iter().map(Stake::of).collect(),
        flips: comparison.flips.iter().filter_map(|flip| Flipped::of(flip, books)).collect(),
    };
    serde_json::to_writer_pretty(&mut *to, &written)?;
    writeln!(to)
}
