//! A finding as the page needs it: what `findings.jsonl` has, with its working and what the rows relied on say.

use crate::check::outcome::Verdict;
use crate::explain::Workings;
use crate::finding::Finding;
use crate::money::{self, Amount};
use crate::record::{Books, Decision, Invoice, InvoiceLine, Place, Request};
use crate::text::Sym;
use crate::time::{Zone, number_of_date};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// The verdicts of findings, by the numbers that the page has for them.
pub const VERDICTS: [Verdict; 3] = [Verdict::Deviation, Verdict::Review, Verdict::Indeterminate];

/// A finding as the page needs it.
#[derive(Serialize, Deserialize)]
pub struct Entry<'a> {
    /// Its id.
    #[serde(borrow)]
    pub id: Cow<'a, str>,
    /// Its verdict, by its number in [`VERDICTS`].
    pub verdict: usize,
    /// The case's policy.
    #[serde(borrow)]
    pub policy: Cow<'a, str>,
    /// The policy's version.
    #[serde(borrow)]
    pub version: Cow<'a, str>,
    /// The rule, by its number among those asked for.
    pub rule: usize,
    /// Its day, counted from the first of 1970.
    pub day: i64,
    /// Who decided.
    #[serde(borrow)]
    pub decided_by: Cow<'a, str>,
    /// Account, invoice, line, request and decision.
    #[serde(borrow)]
    pub ids: [Cow<'a, str>; 5],
    /// What the text demands.
    #[serde(borrow)]
    pub expected: Cow<'a, str>,
    /// What was done.
    #[serde(borrow)]
    pub actual: Cow<'a, str>,
    /// The money effect.
    #[serde(borrow)]
    pub amount: Option<Cow<'a, str>>,
    /// Its currency.
    #[serde(borrow)]
    pub currency: Cow<'a, str>,
    /// Calendar days after the last day.
    pub days_late: Option<i64>,
    /// One sentence.
    #[serde(borrow)]
    pub message: Cow<'a, str>,
    /// The steps of the working.
    pub working: Vec<String>,
    /// The rows relied on.
    pub rows: Vec<Row>,
}

/// A row relied on.
#[derive(Serialize, Deserialize)]
pub struct Row {
    /// Its file, by its number among the exports.
    pub file: u16,
    /// Its number in it.
    pub record: u32,
    /// What it says, if it is one of the case's own.
    pub says: Option<String>,
}

impl<'a> Entry<'a> {
    /// The entry of a finding.
    pub fn of(finding: &'a Finding<'_>, books: &'a Books, workings: &Workings<'_>) -> Entry<'a> {
        let text = |sym: Sym| Cow::Borrowed(books.text(sym));
        let same = |listed: &&crate::plan::Listed<'_>| std::ptr::eq(listed.rule, finding.rule.rule);
        Entry {
            id: finding.id(books).into(),
            verdict: VERDICTS.iter().position(|verdict| *verdict == finding.verdict).unwrap_or_default(),
            policy: finding.policy.name.as_str().into(),
            version: finding.version.id.as_str().into(),
            rule: workings.listed().iter().take_while(|listed| !same(listed)).count(),
            day: i64::from(number_of_date(finding.date)),
            decided_by: text(finding.decided_by),
            ids: [finding.account, finding.invoice, finding.line, finding.request, finding.decision].map(text),
            expected: finding.expected.as_str().into(),
            actual: finding.actual.as_str().into(),
            amount: finding.amount.map(|amount| money::show(amount, finding.currency).into()),
            currency: finding.currency.code().into(),
            days_late: finding.days_late,
            message: finding.message.as_str().into(),
            working: workings.working(finding),
            rows: rows(finding, books),
        }
    }
}

/// The rows relied on, and what those of the case itself say.
fn rows(finding: &Finding<'_>, books: &Books) -> Vec<Row> {
    let mut says = BTreeMap::new();
    if let Some(invoice) = books.invoices.get(finding.invoice_at as usize) {
        let own = Own { books, zone: finding.policy.zone, invoice };
        let relied_on = |line: &&InvoiceLine| finding.evidence.binary_search(&line.place).is_ok();
        says.extend(books.lines_of(invoice).iter().filter(relied_on).map(|line| (line.place, own.line(line))));
        let request = books.requests_of(invoice).find(|request| request.id == finding.request);
        for request in request.into_iter().filter(|_| !finding.request.is_blank()) {
            says.insert(request.place, own.request(request));
            says.extend(books.decisions_of(request).map(|row| (row.place, own.decision(row))));
        }
    }
    let row = |place: &Place| Row { file: place.file, record: place.record, says: says.remove(place) };
    finding.evidence.iter().map(row).collect()
}

/// The rows of a case in words.
struct Own<'a> {
    books: &'a Books,
    zone: Zone,
    invoice: &'a Invoice,
}

impl Own<'_> {
    fn line(&self, line: &InvoiceLine) -> String {
        let mut says = vec![format!("line {}", self.books.text(line.line)), self.books.text(line.category).to_owned()];
        says.extend(self.money("", line.amount, self.invoice.currency));
        says.push(format!("invoice of {}", self.invoice.date));
        let days = [
            ("paid on", line.paid_on),
            ("started on", line.started_on),
            ("delivered on", line.delivered_on),
            ("accepted on", line.accepted_on),
        ];
        says.extend(days.into_iter().filter_map(|(what, day)| Some(format!("{what} {}", day?))));
        joined(says)
    }

    fn request(&self, request: &Request) -> String {
        let mut says = vec![self.books.text(request.kind).to_owned()];
        says.push(format!("submitted {}", request.submitted_at.show(self.zone)));
        let words = [("reason", request.reason), ("channel", request.channel), ("stage", request.stage)];
        says.extend(words.into_iter().filter(|(_, word)| !word.is_blank()).map(|(name, word)| self.named(name, word)));
        joined(says)
    }

    fn decision(&self, row: &Decision) -> String {
        let mut says = vec![self.books.text(row.outcome).to_owned()];
        let times = [("decided", row.decided_at), ("processed", row.processed_at), ("received", row.received_at)];
        let known = times.into_iter().filter(|(_, time)| !time.is_blank());
        says.extend(known.map(|(what, time)| format!("{what} {}", time.show(self.zone))));
        says.extend(self.money("refund ", row.refund_amount, row.currency.unwrap_or(self.invoice.currency)));
        if !row.decided_by.is_blank() {
            says.push(self.named("by", row.decided_by));
        }
        joined(says)
    }

    fn named(&self, name: &str, word: Sym) -> String {
        format!("{name} {}", self.books.text(word))
    }

    fn money(&self, name: &str, amount: Amount, currency: money::Currency) -> Option<String> {
        let amount = amount.value(&self.books.wide)?;
        Some(format!("{name}{} {}", money::show(amount, currency), currency.code()))
    }
}

fn joined(mut says: Vec<String>) -> String {
    says.retain(|part| !part.is_empty());
    says.join(" · ")
}
