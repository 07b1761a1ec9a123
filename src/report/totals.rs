//! What a part of the population adds up to. Totals need neither the part's records nor its findings any more, and the
//! totals of all parts, added in any order, are those of the whole.

use super::Results;
use super::exposure::Groups;
use super::largest::Largest;
use super::summary::Rows;
use crate::audit::{AsOf, Cases, Tally};
use crate::check::outcome::Verdict;
use crate::column::Table;
use crate::finding::Finding;
use crate::money;
use crate::policy::Policy;
use crate::policy::rule::Severity;
use crate::record::{Books, ExportFile, MoneySplit, Reject, Request};
use crate::time::{Zone, date_of_number};
use chrono::NaiveDate;
use foldhash::fast::FixedState;
use hashbrown::HashMap;
use rayon::prelude::*;
use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// The totals of a part of the population. All parts of a run have the same files, policies, rules and as-of date.
#[derive(Clone, Debug, PartialEq)]
pub struct Totals<'a> {
    /// The day as of which the cases were read.
    pub as_of: AsOf,
    /// The exports, with the rows of the part.
    pub files: Vec<FileTotals>,
    /// Sums of what invoice lines amount to, by currency code.
    pub invoiced: Vec<MoneySplit>,
    /// Sums of what decisions refund, by currency code.
    pub refunded: Vec<MoneySplit>,
    /// The first and the last day on which a request was submitted, each in its policy's zone; `None` without one.
    pub period: Option<(NaiveDate, NaiveDate)>,
    /// The policies that invoices name.
    pub policies: BTreeSet<String>,
    /// How many cases there are.
    pub cases: Cases,
    /// The ids of the cases outside every policy version, or after the as-of date, in order.
    pub outside: Vec<String>,
    /// The counts of each rule asked for.
    pub tallies: Vec<Tally>,
    /// Deviations and reviews, in groups.
    pub groups: Groups,
    /// The cases with the largest money effects.
    pub largest: Largest,
    /// The case to look at first.
    pub gravest: Option<Gravest>,
    /// What was rejected, and why.
    pub rejects: RejectCounts<'a>,
}

/// An export with its rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileTotals {
    /// As results name it.
    pub name: String,
    /// Where it lies.
    pub path: PathBuf,
    /// The table that it feeds.
    pub table: Table,
    /// The size of the whole file in bytes.
    pub bytes: u64,
    /// SHA-256 of the whole file in lower-case hex.
    pub sha256: String,
    /// The rows of the part.
    pub rows: Rows,
    /// How many rows the mapping left out, by why.
    pub left_out: BTreeMap<String, u64>,
}

/// Two sums of money that cannot be added exactly.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the sum of amounts in `{currency}` has more than 28 digits")]
pub struct TooLarge {
    /// The table whose amounts they are.
    pub table: Table,
    /// ISO 4217 code, or empty where it cannot be told.
    pub currency: String,
}

impl<'a> Totals<'a> {
    /// Adds a part up.
    pub fn of(results: Results<'a>) -> Totals<'a> {
        let (books, report) = (results.books, results.report);
        Totals {
            as_of: report.as_of,
            files: books.files.iter().map(FileTotals::of).collect(),
            invoiced: books.reconciliation.invoiced.clone(),
            refunded: books.reconciliation.refunded.clone(),
            period: period(results),
            policies: named(results),
            cases: report.cases,
            outside: report.outside.iter().map(|id| books.text(*id).to_owned()).collect(),
            tallies: report.tallies.clone(),
            groups: Groups::of(results),
            largest: Largest::of(&report.findings, books),
            gravest: Gravest::of(&report.findings, books),
            rejects: RejectCounts::of(&books.rejects),
        }
    }

    /// Adds the totals of another part.
    ///
    /// # Errors
    /// When a sum of money has more digits than can be told. Then these totals are of no more use.
    pub fn add(&mut self, other: Totals<'a>) -> Result<(), TooLarge> {
        for (own, other) in self.files.iter_mut().zip(other.files) {
            own.rows = own.rows.plus(other.rows);
            for (why, rows) in other.left_out {
                *own.left_out.entry(why).or_default() += rows;
            }
        }
        add_money(Table::Invoices, &mut self.invoiced, other.invoiced)?;
        add_money(Table::Decisions, &mut self.refunded, other.refunded)?;
        self.period = match (self.period, other.period) {
            (Some((first, last)), Some(other)) => Some((first.min(other.0), last.max(other.1))),
            (own, other) => own.or(other),
        };
        self.policies.extend(other.policies);
        self.cases.add(other.cases);
        self.outside.extend(other.outside);
        self.outside.sort_unstable();
        for (own, other) in self.tallies.iter_mut().zip(other.tallies) {
            own.add(other);
        }
        self.groups.add(other.groups);
        self.largest.add(other.largest);
        self.gravest = self.gravest.take().into_iter().chain(other.gravest).min();
        self.rejects.add(other.rejects);
        Ok(())
    }

    /// The same without any part of the records.
    pub fn into_owned(self) -> Totals<'static> {
        Totals { rejects: self.rejects.into_owned(), ..self }
    }

    /// Whether a policy's rules had anything to judge: it is a base policy, or some invoice names it.
    pub fn concerns(&self, policy: &Policy) -> bool {
        policy.base || self.policies.contains(&policy.name)
    }

    /// The rows of all files of a table; of all tables without one.
    pub fn rows(&self, table: Option<Table>) -> Rows {
        let files = self.files.iter().filter(|file| table.is_none_or(|table| file.table == table));
        files.fold(Rows::default(), |sum, file| sum.plus(file.rows))
    }
}

/// The policies that invoices name.
fn named(results: Results<'_>) -> BTreeSet<String> {
    let families: Vec<&Policy> = results.catalogue.families().collect();
    let mut named = vec![false; families.len()];
    for invoice in &results.books.invoices {
        if let Some(named) = named.get_mut(usize::from(invoice.policy)) {
            *named = true;
        }
    }
    families.iter().zip(named).filter(|(_, named)| *named).map(|(policy, _)| policy.name.clone()).collect()
}

/// The days between which requests were submitted.
fn period(results: Results<'_>) -> Option<(NaiveDate, NaiveDate)> {
    let Results { catalogue, books, .. } = results;
    let zones: Vec<Zone> = catalogue.families().map(|policy| policy.zone).collect();
    let day = |request: &Request| {
        let invoice = books.invoices.get(request.invoice as usize)?;
        request.submitted_at.day_number(zones.get(usize::from(invoice.policy)).copied().unwrap_or(Zone::UTC))
    };
    let days = books.requests.par_iter().filter_map(|request| day(request).map(|day| (day, day)));
    let (first, last) = days.reduce_with(|a, b| (a.0.min(b.0), a.1.max(b.1)))?;
    date_of_number(first).zip(date_of_number(last))
}

impl FileTotals {
    fn of(file: &ExportFile) -> FileTotals {
        let (read, used, left_out) = (file.rows_read, file.rows_used, file.left_out.values().sum());
        FileTotals {
            name: file.name.clone(),
            path: file.path.clone(),
            table: file.table,
            bytes: file.bytes,
            sha256: file.sha256.clone(),
            rows: Rows { read, used, rejected: read - used - left_out, left_out },
            left_out: file.left_out.clone(),
        }
    }
}

fn add_money(table: Table, own: &mut Vec<MoneySplit>, other: Vec<MoneySplit>) -> Result<(), TooLarge> {
    for split in other {
        match own.binary_search_by(|own| own.currency.cmp(&split.currency)) {
            Err(at) => own.insert(at, split),
            Ok(at) => {
                let Some(sum) = own.get_mut(at) else { continue };
                let used = money::sum(sum.used, split.used);
                let Some((used, rejected)) = used.zip(money::sum(sum.rejected, split.rejected)) else {
                    return Err(TooLarge { table, currency: split.currency });
                };
                (sum.used, sum.rejected) = (used, rejected);
            }
        }
    }
    Ok(())
}

/// The case with the gravest deviation; of several, the one whose finding comes first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Gravest {
    severity: Reverse<Severity>,
    policy: String,
    rule: String,
    /// The request's id.
    pub request: String,
}

impl Gravest {
    fn of(findings: &[Finding<'_>], books: &Books) -> Option<Gravest> {
        let of_cases = findings.iter().filter(|f| !f.request.is_blank() && f.verdict == Verdict::Deviation);
        of_cases.min_by_key(|finding| Reverse(finding.rule.rule.severity)).map(|finding| Gravest {
            severity: Reverse(finding.rule.rule.severity),
            policy: finding.policy.name.clone(),
            rule: finding.rule.rule.id.clone(),
            request: books.text(finding.request).to_owned(),
        })
    }
}

/// What a row was rejected for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RejectedFor<'a> {
    /// The file, by its number among the exports.
    pub file: u16,
    /// The column; empty if it is the row as a whole.
    pub column: Cow<'a, str>,
    /// The value.
    pub value: Cow<'a, str>,
    /// Why.
    pub reason: Cow<'a, str>,
}

/// How many rows were rejected, by what for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RejectCounts<'a>(HashMap<RejectedFor<'a>, u64, FixedState>);

impl<'a> RejectCounts<'a> {
    fn of(rejects: &'a [Reject]) -> RejectCounts<'a> {
        let mut counts = RejectCounts::default();
        for reject in rejects {
            let [column, value, reason] =
                [&reject.column, &reject.value, &reject.reason].map(|text| Cow::Borrowed(text.as_str()));
            let why = RejectedFor { file: reject.place.file, column, value, reason };
            *counts.0.entry(why).or_default() += 1;
        }
        counts
    }

    fn add(&mut self, other: RejectCounts<'a>) {
        for (why, rows) in other.0 {
            *self.0.entry(why).or_default() += rows;
        }
    }

    fn into_owned(self) -> RejectCounts<'static> {
        let owned = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
        let each = self.0.into_iter().map(|(why, rows)| {
            let RejectedFor { file, column, value, reason } = why;
            let (column, value, reason) = (owned(column), owned(value), owned(reason));
            (RejectedFor { file, column, value, reason }, rows)
        });
        RejectCounts(each.collect())
    }

    /// What rows were rejected for, each with their number, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (&RejectedFor<'a>, u64)> {
        self.0.iter().map(|(why, rows)| (why, *rows))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::Report;
    use crate::record::Reconciliation;
    use crate::report::quarter::{BOOKS, CATALOGUE, REPORT};
    use proptest::prelude::*;
    use rust_decimal::Decimal;
    use std::hash::BuildHasher;

    /// What of some items falls to a part: all that bear the same key fall to the same.
    fn share<T: Clone, K: std::hash::Hash>(
        items: &[T],
        key: impl Fn(&T) -> K,
        (part, of, seed): (u64, u64, u64),
    ) -> Vec<T> {
        let state = FixedState::with_seed(seed);
        items.iter().filter(|item| state.hash_one(key(item)) % of == part).cloned().collect()
    }

    /// The books of a part; what is not counted by case falls to the first.
    fn books(which: (u64, u64, u64)) -> Books {
        let mut files = BOOKS.files.clone();
        if which.0 > 0 {
            files.iter_mut().for_each(|file| (file.rows_read, file.rows_used) = (0, 0));
        }
        let Reconciliation { invoiced, refunded } = &BOOKS.reconciliation;
        let money = |splits: &[MoneySplit]| share(splits, |split| split.currency.clone(), which);
        Books {
            files,
            texts: BOOKS.texts.clone(),
            invoices: BOOKS.invoices.clone(),
            requests: share(&BOOKS.requests, |request| request.place.record, which),
            rejects: share(&BOOKS.rejects, |reject| (reject.place.file, reject.place.record), which),
            reconciliation: Reconciliation { invoiced: money(invoiced), refunded: money(refunded) },
            ..Books::default()
        }
    }

    fn report(which: (u64, u64, u64)) -> Report<'static> {
        let first = which.0 == 0;
        let tally = |tally: &Tally| if first { tally.clone() } else { Tally::default() };
        let case = |finding: &Finding<'_>| (finding.request, finding.request.is_blank().then_some(finding.invoice));
        Report {
            rules: REPORT.rules.clone(),
            tallies: REPORT.tallies.iter().map(tally).collect(),
            findings: share(&REPORT.findings, case, which),
            cases: if first { REPORT.cases } else { Cases::default() },
            outside: share(&REPORT.outside, |id| *id, which),
            as_of: REPORT.as_of,
            sensitivity: None,
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn the_totals_of_the_parts_add_up_to_those_of_the_whole(parts in 1_u64..7, from in 0_u64..7, seed: u64) {
            let mut sum: Option<Totals<'static>> = None;
            for part in 0..parts {
                let which = ((part + from) % parts, parts, seed);
                let (books, report) = (books(which), report(which));
                let results = Results { catalogue: &CATALOGUE, books: &books, report: &report };
                let totals = Totals::of(results).into_owned();
                match &mut sum {
                    None => sum = Some(totals),
                    Some(sum) => sum.add(totals).unwrap(),
                }
            }
            let whole = Totals::of(Results { catalogue: &CATALOGUE, books: &BOOKS, report: &REPORT });
            prop_assert!(whole.groups != Groups::default() && whole.gravest.is_some());
            prop_assert_eq!(sum.unwrap(), whole);
        }
    }

    #[test]
    fn money_is_added_by_currency_or_refused() {
        let split = |currency: &str, used: &str, rejected: &str| MoneySplit {
            currency: currency.to_owned(),
            used: used.parse().unwrap(),
            rejected: rejected.parse().unwrap(),
        };
        let mut own = vec![split("EUR", "1.5", "0"), split("USD", "0.05", "7")];
        add_money(
            Table::Invoices,
            &mut own,
            vec![split("", "1", "1"), split("JPY", "3", "0"), split("USD", "1", "0.005")],
        )
        .unwrap();
        let sums =
            [split("", "1", "1"), split("EUR", "1.5", "0"), split("JPY", "3", "0"), split("USD", "1.05", "7.005")];
        assert_eq!(own, sums);
        let largest = Decimal::MAX.to_string();
        let refused =
            add_money(Table::Invoices, &mut vec![split("USD", &largest, "0")], vec![split("USD", "0.1", "0")]);
        assert_eq!(refused.unwrap_err().currency, "USD");
    }
}
