//! A page of a workpaper in Markdown, as a page of HTML, and as JSON.

use super::html::{STYLE, csp_of_style};
use super::paper::{Fact, Paper, figures};
use crate::bounds::Bound;
use crate::check::outcome::Verdict;
use crate::explain::Judged;
use crate::margin::{AmountMargin, DayMargin, Margin};
use crate::money::{self, Currency};
use crate::record::Books;
use askama::Template;
use rust_decimal::Decimal;
use serde::Serialize;
use std::io::{self, Write};

/// A page as text, part by part.
#[derive(Serialize)]
pub struct View {
    about: &'static str,
    case: String,
    heading: Vec<Named>,
    not_judged: Option<String>,
    facts: Vec<FactView>,
    timeline: Vec<EventView>,
    verdicts: Vec<Count>,
    money_at_stake: Option<String>,
    rules: Vec<RuleView>,
    /// How many further rules do not apply.
    not_applicable: usize,
    near_misses: Vec<NearView>,
}

/// A rule that was kept, broken, or not applied by little.
#[derive(Serialize)]
struct NearView {
    rule: String,
    title: String,
    verdict: &'static str,
    says: String,
    #[serde(flatten)]
    margin: MarginView,
}

/// A margin in figures.
#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum MarginView {
    Days { day: String, came: bool, limit: String, to_spare: i64, business: bool },
    Amount { actual: String, limit: String, currency: &'static str },
    Share { percent: String, limit: String },
    Number { actual: String, limit: String },
    Condition,
}

#[derive(Serialize)]
struct Named {
    name: String,
    text: String,
}

#[derive(Serialize)]
struct FactView {
    role: &'static str,
    row: String,
    cells: Vec<Named>,
    rejected: Option<String>,
}

#[derive(Serialize)]
struct EventView {
    when: String,
    what: String,
    rows: Vec<String>,
}

#[derive(Serialize)]
struct Count {
    verdict: &'static str,
    count: u64,
}

#[derive(Serialize)]
struct RuleView {
    verdict: &'static str,
    rule: String,
    title: String,
    severity: &'static str,
    clause: String,
    reading: Option<String>,
    finding: Option<FindingView>,
    /// What would settle it, if it is indeterminate.
    bounds: Vec<BoundView>,
    working: Vec<String>,
}

/// A fact that is missing, with what values of it could lead to.
#[derive(Serialize)]
struct BoundView {
    says: String,
    table: &'static str,
    column: &'static str,
    rows: Vec<String>,
    absent: bool,
    verdicts: Vec<&'static str>,
    /// `unbounded` without a limit.
    least: Option<String>,
    most: Option<String>,
    currency: &'static str,
    settles: bool,
}

#[derive(Serialize)]
struct FindingView {
    finding_id: String,
    message: String,
    figures: Vec<Named>,
    rows: Vec<String>,
}

#[derive(Template)]
#[template(path = "explain.html")]
struct Html<'a> {
    view: &'a View,
    style: &'static str,
    csp: String,
}

#[derive(Template)]
#[template(path = "explain.md")]
struct Markdown<'a> {
    view: &'a View,
}

/// How a text is shown: as it is, or with what a reader would obey written out.
pub type Shown = fn(&str) -> String;

fn named(name: &str, text: &str, shown: Shown) -> Named {
    Named { name: shown(name), text: shown(text) }
}

fn all_shown(texts: &[String], shown: Shown) -> Vec<String> {
    texts.iter().map(|text| shown(text)).collect()
}

impl View {
    /// The view of a page. With `all`, the rules that do not apply are listed too.
    pub fn of(paper: &Paper<'_>, books: &Books, all: bool, shown: Shown) -> View {
        let counts = [Verdict::Deviation, Verdict::Review, Verdict::Indeterminate, Verdict::Compliant];
        let at_stake = paper.exposure().and_then(|finding| {
            let amount = finding.amount?;
            let side = if amount.is_sign_negative() { "under" } else { "over" };
            Some(format!("{} {} {side}", money::show(amount.abs(), finding.currency), finding.currency.code()))
        });
        let idle = paper.not_applicable.iter().filter(|_| all);
        View {
            about: paper.about,
            case: shown(&paper.case),
            heading: paper.heading.iter().map(|(name, text)| named(name, text, shown)).collect(),
            not_judged: paper.unjudged.clone(),
            facts: paper.facts.iter().map(|of| fact(of, shown)).collect(),
            timeline: paper
                .timeline
                .iter()
                .map(|e| EventView { when: e.when.clone(), what: shown(&e.what), rows: all_shown(&e.cited, shown) })
                .collect(),
            verdicts: counts.map(|verdict| Count { verdict: verdict.name(), count: paper.count(verdict) }).into(),
            money_at_stake: at_stake,
            rules: paper.judged.iter().chain(idle).map(|judged| rule(judged, books, shown)).collect(),
            not_applicable: paper.not_applicable.len(),
            near_misses: paper.near_misses().map(|(judged, margin)| near(judged, margin, shown)).collect(),
        }
    }

    /// Writes the page as one file of HTML, which needs no network.
    ///
    /// # Errors
    /// When the place cannot be written to.
    pub fn html(&self, to: &mut dyn Write) -> io::Result<()> {
        Html { view: self, style: STYLE, csp: csp_of_style() }.write_into(to)?;
        writeln!(to)
    }

    /// Writes the page in Markdown.
    ///
    /// # Errors
    /// When the place cannot be written to.
    pub fn markdown(&self, to: &mut dyn Write) -> io::Result<()> {
        Markdown { view: self }.write_into(to)?;
        writeln!(to)
    }

    /// Writes the page as JSON.
    ///
    /// # Errors
    /// When the place cannot be written to.
    pub fn json(&self, to: &mut dyn Write) -> io::Result<()> {
        serde_json::to_writer_pretty(&mut *to, self)?;
        writeln!(to)
    }
}

fn near(judged: &Judged<'_>, margin: &Margin, shown: Shown) -> NearView {
    let plain = |number: &Decimal| number.normalize().to_string();
    NearView {
        rule: judged.rule.rule.id.clone(),
        title: judged.rule.rule.title.clone(),
        verdict: verdict(judged),
        says: shown(&margin.says()),
        margin: match margin {
            Margin::Day(DayMargin { day, came, limit, spare, business, .. }) => {
                let (day, limit) = (day.to_string(), limit.to_string());
                MarginView::Days { day, came: *came, limit, to_spare: *spare, business: *business }
            }
            Margin::Amount(AmountMargin { actual, limit, currency, .. }) => MarginView::Amount {
                actual: money::show(*actual, *currency),
                limit: money::show(*limit, *currency),
                currency: currency.code(),
            },
            Margin::Share { actual, limit, .. } => MarginView::Share { percent: plain(actual), limit: plain(limit) },
            Margin::Number { actual, limit, .. } => MarginView::Number { actual: plain(actual), limit: plain(limit) },
            Margin::Condition { .. } => MarginView::Condition,
        },
    }
}

fn verdict(judged: &Judged<'_>) -> &'static str {
    judged.verdict.map_or("not applicable", Verdict::name)
}

fn fact(fact: &Fact<'_>, shown: Shown) -> FactView {
    FactView {
        role: fact.role,
        row: shown(&fact.cited),
        cells: fact.cells.iter().map(|(name, text)| named(name, text, shown)).collect(),
        rejected: fact.reject.map(|reject| match reject.column.as_str() {
            "" => shown(&reject.reason),
            column => shown(&format!("{column}: {}", reject.reason)),
        }),
    }
}

fn rule(judged: &Judged<'_>, books: &Books, shown: Shown) -> RuleView {
    let rule = judged.rule.rule;
    RuleView {
        verdict: verdict(judged),
        rule: rule.id.clone(),
        title: rule.title.clone(),
        severity: rule.severity.name(),
        clause: rule.clause.clone(),
        reading: rule.reading.clone(),
        finding: judged.finding.as_ref().map(|finding| {
            let mut figures: Vec<Named> =
                figures(finding).iter().map(|(name, text)| named(name, text, shown)).collect();
            let ids = [("decision", finding.decision), ("line", finding.line)];
            figures.extend(
                ids.iter().filter(|(_, id)| !id.is_blank()).map(|(name, id)| named(name, books.text(*id), shown)),
            );
            FindingView {
                finding_id: finding.id(books),
                message: shown(&finding.message),
                figures,
                rows: finding.evidence.iter().map(|place| shown(&books.cite(*place))).collect(),
            }
        }),
        bounds: match &judged.finding {
            Some(finding) => judged.bounds.iter().map(|of| bound(of, finding.currency, books, shown)).collect(),
            None => Vec::new(),
        },
        working: all_shown(&judged.working, shown),
    }
}

fn bound(bound: &Bound, currency: Currency, books: &Books, shown: Shown) -> BoundView {
    let end = |end: Option<Decimal>| end.map_or("unbounded".to_owned(), |amount| money::show(amount, currency));
    BoundView {
        says: shown(&bound.says(books, currency)),
        table: bound.column.table().name(),
        column: bound.column.name(),
        rows: bound.rows.iter().map(|place| shown(&books.cite(*place))).collect(),
        absent: bound.absent,
        verdicts: bound.verdict_names(),
        least: bound.money.map(|range| end(range.least)),
        most: bound.money.map(|range| end(range.most)),
        currency: currency.code(),
        settles: bound.settles,
    }
}
