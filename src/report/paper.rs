//! One case as a page of a workpaper: what is known, what followed when, and what every rule says of it.

use super::evidence::{self, Cells};
use crate::check::outcome::Verdict;
use crate::column::Column;
use crate::explain::{Explained, ExplainedLine, Judged, Status};
use crate::finding::Finding;
use crate::margin::Margin;
use crate::money;
use crate::policy::{Catalogue, Policy, Version};
use crate::record::{Books, Decision, InvoiceLine, NO_PARENT, Place, REQUEST_TIMES, Reject, Request};
use crate::text::Sym;
use crate::time::{Stamp, Zone};
use chrono::NaiveDate;
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::io;

/// A case with everything that is known of it.
pub struct Paper<'a> {
    /// What it is about: a case or an invoice line.
    pub about: &'static str,
    /// The request's id, or the invoice with its line.
    pub case: Cow<'a, str>,
    /// Who, what and when, each with its name.
    pub heading: Vec<(&'static str, String)>,
    /// Why it was not judged, if it was not.
    pub unjudged: Option<String>,
    /// The rows that it rests on.
    pub facts: Vec<Fact<'a>>,
    /// What happened, in order.
    pub timeline: Vec<Event>,
    /// What the rules say that apply, the deviations first.
    pub judged: Vec<&'a Judged<'a>>,
    /// Those that do not apply.
    pub not_applicable: Vec<&'a Judged<'a>>,
}

/// A row of an export.
pub struct Fact<'a> {
    /// What it is of the case.
    pub role: &'static str,
    /// `file:record`.
    pub cited: String,
    /// Its cells that are not blank.
    pub cells: Cells,
    /// Why it was rejected, if it was.
    pub reject: Option<&'a Reject>,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The day, and the time of day where it is known.
    pub when: String,
    /// What, by its column.
    pub what: String,
    /// The rows that say so.
    pub cited: Vec<String>,
}

/// The order in which verdicts are shown.
const VERDICTS: [Verdict; 4] = [Verdict::Deviation, Verdict::Review, Verdict::Indeterminate, Verdict::Compliant];

impl<'a> Paper<'a> {
    /// The page of a case of which the request's row was used.
    ///
    /// # Errors
    /// When an export can no longer be read.
    pub fn of(catalogue: &Catalogue, books: &'a Books, explained: &'a Explained<'a>) -> io::Result<Paper<'a>> {
        let (request, invoice) = (explained.request, explained.invoice);
        let policy = catalogue.families().nth(usize::from(invoice.policy));
        let zone = policy.map_or(Zone::UTC, |policy| policy.zone);
        let case = books.text(request.id);
        let of = |verdict: Verdict| explained.judged.iter().filter(move |judged| judged.verdict == Some(verdict));
        let mut roles = roles(books, request, target(books, request));
        if explained.status == Status::HeldBack {
            roles.extend(because(books, case));
        }
        Ok(Paper {
            about: CASE,
            case: case.into(),
            heading: heading(books, explained, policy),
            unjudged: unjudged(explained, policy),
            facts: facts(books, roles)?,
            timeline: timeline(books, request, zone),
            judged: VERDICTS.into_iter().flat_map(of).collect(),
            not_applicable: explained.judged.iter().filter(|judged| judged.verdict.is_none()).collect(),
        })
    }

    /// The page of a case whose request was itself rejected; `None` if there is no such case.
    ///
    /// # Errors
    /// When an export can no longer be read.
    pub fn of_rejected(books: &'a Books, case: &str) -> io::Result<Option<Paper<'a>>> {
        let Some(held_back) = books.held_back.iter().find(|held| held.request_id == case) else { return Ok(None) };
        let mut heading = Vec::new();
        if !held_back.invoice_id.is_empty() {
            heading.push(("invoice", held_back.invoice_id.clone()));
        }
        Ok(Some(Paper {
            about: CASE,
            case: held_back.request_id.as_str().into(),
            heading,
            unjudged: Some(HELD_BACK.to_owned()),
            facts: facts(books, because(books, case))?,
            timeline: Vec::new(),
            judged: Vec::new(),
            not_applicable: Vec::new(),
        }))
    }

    /// The page of an invoice line.
    ///
    /// # Errors
    /// When an export can no longer be read.
    pub fn of_line(catalogue: &Catalogue, books: &'a Books, explained: &'a ExplainedLine<'a>) -> io::Result<Paper<'a>> {
        let (invoice, line) = (explained.invoice, explained.line);
        let policy = catalogue.families().nth(usize::from(invoice.policy));
        let zone = policy.map_or(Zone::UTC, |policy| policy.zone);
        let of = |verdict: Verdict| explained.judged.iter().filter(move |judged| judged.verdict == Some(verdict));
        let mut all = vec![(Stamp::date(invoice.date), Column::InvoiceDate.name().to_owned(), None, line.place)];
        of_lines(books, &[line], &mut all);
        let mut heading = vec![("invoice of", invoice.date.to_string())];
        heading.extend(judged_by(explained.judged_by, zone));
        heading.push(("as of", explained.as_of.date.to_string()));
        Ok(Paper {
            about: LINE,
            case: format!("{}, line {}", books.text(invoice.id), books.text(line.line)).into(),
            heading,
            unjudged: None,
            facts: facts(books, vec![("invoice line", line.place)])?,
            timeline: in_order(books, all, zone),
            judged: VERDICTS.into_iter().flat_map(of).collect(),
            not_applicable: explained.judged.iter().filter(|judged| judged.verdict.is_none()).collect(),
        })
    }

    /// By how little rules were kept, broken, or did not apply: those that apply first.
    pub fn near_misses(&self) -> impl Iterator<Item = (&'a Judged<'a>, &'a Margin)> {
        let all = self.judged.iter().chain(&self.not_applicable).copied();
        all.flat_map(|judged| judged.near.iter().map(move |margin| (judged, margin)))
    }

    /// How many outcomes have a verdict.
    pub fn count(&self, verdict: Verdict) -> u64 {
        self.judged.iter().filter(|judged| judged.verdict == Some(verdict)).count() as u64
    }

    /// The finding with which the case's money at stake stands.
    pub fn exposure(&self) -> Option<&'a Finding<'a>> {
        let deviations = self.judged.iter().filter_map(|judged| judged.finding.as_ref());
        let is_own = |f: &&Finding<'_>| f.request.is_blank() == (self.about == LINE);
        let own = deviations.filter(|f| f.verdict == Verdict::Deviation && is_own(f) && f.amount.is_some());
        own.max_by_key(|finding| finding.amount.map(|amount| (amount.abs(), amount.is_sign_positive())))
    }
}

const CASE: &str = "Case";
const LINE: &str = "Invoice";
const HELD_BACK: &str = "held back: it rests on rows that were rejected";

fn unjudged(explained: &Explained<'_>, policy: Option<&Policy>) -> Option<String> {
    match explained.status {
        Status::Evaluated => None,
        Status::HeldBack => Some(HELD_BACK.to_owned()),
        Status::Outside => {
            let submitted = policy.and_then(|policy| explained.request.submitted_at.day(policy.zone));
            let as_of = explained.as_of;
            Some(match (submitted, policy.and_then(|policy| policy.versions.first())) {
                (Some(day), _) if as_of.given && day > as_of.date => {
                    format!("outside the audit: submitted on {day}, after the as-of date {}", as_of.date)
                }
                (Some(day), Some(Version { from: Some(from), .. })) => {
                    format!(
                        "outside every policy version: submitted on {day}, and the first version is in force from {from}"
                    )
                }
                _ => "outside every policy version".to_owned(),
            })
        }
    }
}

fn heading(books: &Books, explained: &Explained<'_>, policy: Option<&Policy>) -> Vec<(&'static str, String)> {
    let (request, invoice) = (explained.request, explained.invoice);
    let zone = policy.map_or(Zone::UTC, |policy| policy.zone);
    let text = |sym: Sym| books.text(sym).to_owned();
    let about = match request.line.is_blank() {
        true => format!("{} (the whole invoice)", text(invoice.id)),
        false => format!("{}, line {}", text(invoice.id), text(request.line)),
    };
    let mut heading = vec![
        ("kind", text(request.kind)),
        ("submitted", request.submitted_at.show(zone)),
        ("account", text(request.account)),
        ("invoice", about),
    ];
    if explained.judged_by.is_some() {
        heading.extend(judged_by(explained.judged_by, zone));
    } else if let Some(policy) = policy {
        heading.push(("policy", policy.name.clone()));
    }
    heading.push(("as of", explained.as_of.date.to_string()));
    heading
}

fn judged_by(by: Option<(&Policy, &Version)>, zone: Zone) -> Vec<(&'static str, String)> {
    let Some((policy, version)) = by else { return Vec::new() };
    let calendar = policy.calendar.as_ref().map(|c| format!("; business days by {}", c.name)).unwrap_or_default();
    let judged = format!("{}, version {}", policy.name, version.id);
    vec![("judged by", judged), ("days", format!("in {}{calendar}", zone.name()))]
}

/// The lines that a request is about.
fn target<'a>(books: &'a Books, request: &Request) -> Vec<&'a InvoiceLine> {
    let invoice = books.invoices.get(request.invoice as usize);
    let lines = invoice.map_or(&[][..], |invoice| books.lines_of(invoice));
    match lines.iter().find(|line| line.line == request.line) {
        Some(line) => vec![line],
        None => lines.iter().collect(),
    }
}

/// The rows of a case, each with what it is of the case.
fn roles(books: &Books, request: &Request, target: Vec<&InvoiceLine>) -> Vec<(&'static str, Place)> {
    let mut roles: Vec<(&'static str, Place)> = target.iter().map(|line| ("invoice line", line.place)).collect();
    let decisions = |request: &Request| books.decisions_of(request).map(|row| row.place).collect::<Vec<_>>();
    roles.push(("request", request.place));
    roles.extend(decisions(request).into_iter().map(|place| ("decision", place)));
    if let Some(parent) = parent(books, request) {
        roles.push(("request that it goes back to", parent.place));
        roles.extend(decisions(parent).into_iter().map(|place| ("decision on that", place)));
    }
    roles
}

fn parent<'a>(books: &'a Books, request: &Request) -> Option<&'a Request> {
    books.requests.get(request.parent_index as usize).filter(|_| request.parent_index != NO_PARENT)
}

/// The rows that hold a case back.
fn because(books: &Books, case: &str) -> Vec<(&'static str, Place)> {
    let held_back = books.held_back.iter().filter(|held| held.request_id == case);
    held_back.flat_map(|held| held.because.iter().map(|place| ("rejected row", *place))).collect()
}

fn facts<'a>(books: &'a Books, roles: Vec<(&'static str, Place)>) -> io::Result<Vec<Fact<'a>>> {
    let places: BTreeSet<Place> = roles.iter().map(|(_, place)| *place).collect();
    let mut rows = evidence::rows(books, &places)?;
    let fact = |(role, place)| Fact {
        role,
        cited: books.cite(place),
        cells: rows.remove(&place).unwrap_or_default(),
        reject: books.rejects.iter().find(|reject| reject.place == place),
    };
    Ok(roles.into_iter().map(fact).collect())
}

/// A time as it is gathered: with what happened, to which line if to one, and the row that says so.
type Happened<'a> = (Stamp, String, Option<&'a str>, Place);

fn timeline(books: &Books, request: &Request, zone: Zone) -> Vec<Event> {
    let mut all: Vec<Happened<'_>> = Vec::new();
    let target = target(books, request);
    if let (Some(invoice), Some(line)) = (books.invoices.get(request.invoice as usize), target.first()) {
        all.push((Stamp::date(invoice.date), Column::InvoiceDate.name().to_owned(), None, line.place));
    }
    of_lines(books, &target, &mut all);
    of_request(request, books, &mut all);
    books.decisions_of(request).for_each(|row| of_decision(row, "", &mut all));
    if let Some(parent) = parent(books, request) {
        let of = format!(" of {}", books.text(parent.id));
        all.push((parent.submitted_at, format!("{}{of}", Column::SubmittedAt.name()), None, parent.place));
        books.decisions_of(parent).for_each(|row| of_decision(row, &of, &mut all));
    }
    in_order(books, all, zone)
}

/// What happened, in order of time.
fn in_order(books: &Books, mut all: Vec<Happened<'_>>, zone: Zone) -> Vec<Event> {
    all.retain(|(stamp, ..)| !stamp.is_blank());
    all.sort_by_key(|(stamp, ..)| stamp.instant_in(zone));
    let alike = |a: &Happened<'_>, b: &Happened<'_>| a.0.show(zone) == b.0.show(zone) && a.1 == b.1;
    all.chunk_by(alike).filter_map(|same| event(books, same, zone)).collect()
}

/// What the same rows, or several lines, say happened at one time.
fn event(books: &Books, same: &[Happened<'_>], zone: Zone) -> Option<Event> {
    let (stamp, what, ..) = same.first()?;
    let lines: Vec<&str> = same.iter().filter_map(|(_, _, line, _)| *line).collect();
    let of = match lines.as_slice() {
        [] => String::new(),
        [line] => format!(" of line {line}"),
        lines => format!(" of lines {}", lines.join(", ")),
    };
    let cited = same.iter().map(|(.., place)| books.cite(*place)).collect();
    Some(Event { when: stamp.show(zone), what: format!("{what}{of}"), cited })
}

fn of_lines<'a>(books: &'a Books, lines: &[&InvoiceLine], all: &mut Vec<Happened<'a>>) {
    type DayOf = fn(&InvoiceLine) -> Option<NaiveDate>;
    let days: [(Column, DayOf); 7] = [
        (Column::PaidOn, |line| line.paid_on),
        (Column::StartedOn, |line| line.started_on),
        (Column::DeliveredOn, |line| line.delivered_on),
        (Column::AcceptedOn, |line| line.accepted_on),
        (Column::PeriodStart, |line| line.period_start),
        (Column::PeriodEnd, |line| line.period_end),
        (Column::WarrantyFrom, |line| line.warranty_from),
    ];
    for (column, day) in days {
        for line in lines {
            let stamp = day(line).map_or(Stamp::BLANK, Stamp::date);
            all.push((stamp, column.name().to_owned(), Some(books.text(line.line)), line.place));
        }
    }
}

fn of_request(request: &Request, books: &Books, all: &mut Vec<Happened<'_>>) {
    let times = REQUEST_TIMES.map(|column| (books.time_of(request, column), column.into()));
    for (stamp, column) in std::iter::once((request.submitted_at, Column::SubmittedAt)).chain(times) {
        all.push((stamp, column.name().to_owned(), None, request.place));
    }
}

fn of_decision(row: &Decision, of: &str, all: &mut Vec<Happened<'_>>) {
    for (stamp, column) in [
        (row.acknowledged_at, Column::AcknowledgedAt),
        (row.decided_at, Column::DecidedAt),
        (row.processed_at, Column::ProcessedAt),
        (row.received_at, Column::ReceivedAt),
    ] {
        all.push((stamp, format!("{}{of}", column.name()), None, row.place));
    }
}

/// The figures of a finding, each with its name.
pub fn figures(finding: &Finding<'_>) -> Vec<(&'static str, String)> {
    let mut figures = Vec::new();
    let mut add = |name, text: String| {
        if !text.is_empty() {
            figures.push((name, text));
        }
    };
    add("expected", finding.expected.clone());
    add("actual", finding.actual.clone());
    let amount = |amount| format!("{} {}", money::show(amount, finding.currency), finding.currency.code());
    add("amount", finding.amount.map(amount).unwrap_or_default());
    add("days late", finding.days_late.map(|days| days.to_string()).unwrap_or_default());
    figures
}
