//! `summary.json`: what a run found, added up. The terminal shows the same figures.

use super::coverage::covered;
use super::exposure::{By, Exposures, Group, Groups};
use super::totals::{FileTotals, RejectCounts, Totals};
use crate::audit::{AsOf, Tally};
use crate::column::{Column, Table};
use crate::money;
use crate::plan::Listed;
use crate::policy::Catalogue;
use crate::policy::rule::Severity;
use crate::record::MoneySplit;
use rust_decimal::Decimal;
use serde::ser::{Serialize, SerializeMap, Serializer};
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::io::{self, Write};

/// The totals of a run. Amounts are written as text, so that no reader takes them for binary fractions.
#[derive(serde::Serialize)]
pub struct Summary<'a> {
    /// The day as of which the cases were read; `None` without a case.
    pub as_of: Option<String>,
    /// Where that day comes from.
    pub as_of_from: AsOfFrom<'a>,
    /// Between which days requests were submitted; `None` without one.
    pub period: Option<Period>,
    /// Rows by table.
    pub rows: Named<&'static str, Rows>,
    /// Rows by file.
    pub files: Vec<FileRows<'a>>,
    /// Money in rows used and rejected.
    pub money: Money,
    /// How many cases there are.
    pub cases: Cases,
    /// The cases outside every policy version, or after the as-of date, by id.
    pub outside: Vec<&'a str>,
    /// Outcomes over all rules.
    pub verdicts: Verdicts,
    /// Money at stake.
    #[serde(serialize_with = "exposures")]
    pub exposure: Exposures,
    /// Deviations and what is for a person to judge, by what distinguishes them.
    pub findings: Findings<'a>,
    /// What was rejected, and why.
    pub rejects: Rejects<'a>,
    /// What the rules were put to.
    pub coverage: Coverage,
}

/// Where the as-of date comes from.
#[derive(serde::Serialize)]
pub struct AsOfFrom<'a> {
    /// Whether it was asked for.
    pub given: bool,
    /// The file of the row that set it, if it was not.
    pub file: Option<&'a str>,
    /// That row's number.
    pub record: Option<u32>,
    /// And its column.
    pub column: Option<&'static str>,
}

impl<'a> AsOfFrom<'a> {
    /// Where an as-of date comes from.
    pub fn of(totals: &'a Totals<'_>) -> AsOfFrom<'a> {
        let as_of = &totals.as_of;
        let file = as_of.set_by.and_then(|(place, _)| totals.files.get(usize::from(place.file)));
        AsOfFrom {
            given: as_of.given,
            file: file.map(|file| file.name.as_str()),
            record: as_of.set_by.map(|(place, _)| place.record),
            column: as_of.set_by.map(|(_, column)| column.name()),
        }
    }
}

/// A span of days.
#[derive(serde::Serialize)]
pub struct Period {
    /// Its first day.
    pub first: String,
    /// Its last.
    pub last: String,
}

/// The as-of date as text; `None` without a case.
pub fn as_of(as_of: &AsOf) -> Option<String> {
    (as_of.given || as_of.set_by.is_some()).then(|| as_of.date.to_string())
}

/// Rows read, and what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Rows {
    /// After the header.
    pub read: u64,
    /// Used.
    pub used: u64,
    /// Rejected.
    pub rejected: u64,
    /// Left out by the mapping.
    #[serde(skip_serializing_if = "is_none")]
    pub left_out: u64,
}

/// Exports in the canonical form have no rows that are left out.
fn is_none(rows: &u64) -> bool {
    *rows == 0
}

impl Rows {
    /// These and others.
    pub fn plus(self, other: Rows) -> Rows {
        Rows {
            read: self.read + other.read,
            used: self.used + other.used,
            rejected: self.rejected + other.rejected,
            left_out: self.left_out + other.left_out,
        }
    }
}

/// The rows of a file.
#[derive(serde::Serialize)]
pub struct FileRows<'a> {
    /// The file.
    pub file: &'a str,
    /// The table that it feeds.
    pub table: &'static str,
    /// Its rows.
    #[serde(flatten)]
    pub rows: Rows,
    /// How many rows the mapping left out, by why.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub left_out_because: &'a BTreeMap<String, u64>,
}

/// Money per currency; under an empty code where the currency cannot be told.
#[derive(serde::Serialize)]
pub struct Money {
    /// What invoice lines amount to.
    pub amount: Named<String, UsedRejected>,
    /// What decisions refund.
    pub refund_amount: Named<String, UsedRejected>,
}

/// A sum over used and over rejected rows.
#[derive(serde::Serialize)]
pub struct UsedRejected {
    /// Over used rows.
    pub used: String,
    /// Over rejected rows whose cell can be read.
    pub rejected: String,
}

/// How many cases there are: `total = evaluated + held_back + outside_versions`.
#[derive(serde::Serialize)]
pub struct Cases {
    /// Every request id that can be read.
    pub total: u64,
    /// Judged.
    pub evaluated: u64,
    /// Resting on rejected rows.
    pub held_back: u64,
    /// Outside every policy version, or after the as-of date.
    pub outside_versions: u64,
}

/// Outcomes by verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Verdicts {
    /// As the text demands.
    pub compliant: u64,
    /// Not as the text demands.
    pub deviation: u64,
    /// For a person to judge.
    pub review: u64,
    /// Evidence is missing.
    pub indeterminate: u64,
}

/// Findings in groups. A case counts with its exposure in each group in which it has a deviation.
#[derive(serde::Serialize)]
pub struct Findings<'a> {
    /// By the case's policy.
    pub by_policy: Named<&'a str, &'a Group>,
    /// By rule.
    pub by_rule: Named<&'a str, &'a Group>,
    /// By the rule's severity, the gravest first.
    pub by_severity: Named<&'static str, &'a Group>,
    /// By the month of the finding's date.
    pub by_month: Named<String, &'a Group>,
    /// By who decided; empty where that is not recorded.
    pub by_decided_by: Named<&'a str, &'a Group>,
}

/// Rejected rows by what is wrong with them.
#[derive(serde::Serialize)]
pub struct Rejects<'a> {
    /// How many rows.
    pub rows: u64,
    /// The most frequent values, the most frequent first.
    pub values: Vec<RejectedValue<'a>>,
    /// How many further values there are.
    pub further_values: u64,
    /// And in how many rows.
    pub further_rows: u64,
}

/// A value for which rows were rejected.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct RejectedValue<'a> {
    /// How many rows.
    pub rows: u64,
    /// The file.
    pub file: &'a str,
    /// The column; empty if it is the row as a whole.
    pub column: &'a str,
    /// The value.
    pub value: &'a str,
    /// Why.
    pub reason: &'a str,
}

/// What the rules were put to.
#[derive(serde::Serialize)]
pub struct Coverage {
    /// How many rules were asked for.
    pub rules: u64,
    /// How many of them applied to anything.
    pub applied: u64,
    /// How many of those decided nothing, for want of evidence.
    pub never_decided: u64,
    /// The absent columns that left outcomes undecided, the most frequent first.
    pub missing: Vec<MissingColumn>,
}

/// A column that an export does not have.
#[derive(serde::Serialize)]
pub struct MissingColumn {
    /// The table that lacks it.
    pub table: &'static str,
    /// The column.
    pub column: &'static str,
    /// How many outcomes it left undecided.
    pub outcomes: u64,
}

/// Entries written as an object, in their own order.
pub struct Named<K, V>(pub Vec<(K, V)>);

impl<K: Serialize, V: Serialize> Serialize for Named<K, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, value)| (key, value)))
    }
}

impl Serialize for Group {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(3))?;
        map.serialize_entry("deviation", &self.deviation)?;
        map.serialize_entry("review", &self.review)?;
        map.serialize_entry("exposure", &Shown(&self.exposure))?;
        map.end()
    }
}

/// Exposures as they are written.
struct Shown<'a>(&'a Exposures);

impl Serialize for Shown<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        exposures(self.0, serializer)
    }
}

fn exposures<S: Serializer>(exposures: &Exposures, serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(serde::Serialize)]
    struct Sides {
        over: String,
        under: String,
    }
    serializer.collect_map(exposures.iter().map(|(code, (currency, exposure))| {
        (code, Sides { over: exposure.over.show(*currency), under: exposure.under.show(*currency) })
    }))
}

impl<'a> Summary<'a> {
    /// The summary of a whole: of its policies, the rules asked for, and what it adds up to.
    pub fn of(catalogue: &'a Catalogue, rules: &[Listed<'a>], totals: &'a Totals<'_>) -> Summary<'a> {
        let cases = &totals.cases;
        let all = totals.groups.by(By::All).next();
        Summary {
            as_of: as_of(&totals.as_of),
            as_of_from: AsOfFrom::of(totals),
            period: totals.period.map(|(first, last)| Period { first: first.to_string(), last: last.to_string() }),
            rows: Named(Table::ALL.map(|table| (table.name(), totals.rows(Some(table)))).into()),
            files: totals.files.iter().map(file_rows).collect(),
            money: Money { amount: money_of(&totals.invoiced), refund_amount: money_of(&totals.refunded) },
            cases: Cases {
                total: cases.total,
                evaluated: cases.evaluated,
                held_back: cases.held_back,
                outside_versions: cases.outside,
            },
            outside: totals.outside.iter().map(String::as_str).collect(),
            verdicts: verdicts(&totals.tallies),
            exposure: all.map(|(_, group)| group.exposure.clone()).unwrap_or_default(),
            findings: Findings::of(catalogue, rules, &totals.groups),
            rejects: Rejects::of(totals.rows(None).rejected, &totals.rejects, &totals.files),
            coverage: Coverage::of(rules, totals),
        }
    }

    /// Writes `summary.json`.
    ///
    /// # Errors
    /// When the place cannot be written to.
    pub fn write(&self, to: &mut dyn Write) -> io::Result<()> {
        serde_json::to_writer_pretty(&mut *to, self)?;
        to.write_all(b"\n")?;
        to.flush()
    }
}

fn file_rows(file: &FileTotals) -> FileRows<'_> {
    FileRows { file: &file.name, table: file.table.name(), rows: file.rows, left_out_because: &file.left_out }
}

fn money_of(splits: &[MoneySplit]) -> Named<String, UsedRejected> {
    let show = |amount: Decimal, code: &str| match money::Currency::from_code(code) {
        Some(currency) => money::show(amount, currency),
        None => amount.normalize().to_string(),
    };
    let sums = splits.iter().map(|split| {
        let (used, rejected) = (show(split.used, &split.currency), show(split.rejected, &split.currency));
        (split.currency.clone(), UsedRejected { used, rejected })
    });
    Named(sums.collect())
}

fn verdicts(tallies: &[Tally]) -> Verdicts {
    tallies.iter().fold(Verdicts::default(), |sum, tally| Verdicts {
        compliant: sum.compliant + tally.compliant,
        deviation: sum.deviation + tally.deviation,
        review: sum.review + tally.review,
        indeterminate: sum.indeterminate + tally.indeterminate,
    })
}

impl<'a> Findings<'a> {
    fn of(catalogue: &'a Catalogue, rules: &[Listed<'a>], groups: &'a Groups) -> Findings<'a> {
        let policy = |at: u32| catalogue.policies.get(at as usize).map_or("", |policy| policy.name.as_str());
        let rule = |at: u32| rules.get(at as usize).map_or("", |listed| listed.rule.id.as_str());
        let severity = |at: u32| Severity::ALL.get(at as usize).map_or("", |severity| severity.name());
        let month = |at: u32| format!("{:04}-{:02}", at / 12, at % 12 + 1);
        Findings {
            by_policy: named(groups.by(By::Policy), policy),
            by_rule: named(groups.by(By::Rule), rule),
            by_severity: named(groups.by(By::Severity), severity),
            by_month: named(groups.by(By::Month), month),
            by_decided_by: Named(groups.by_decided_by().collect()),
        }
    }
}

fn named<'a, K>(groups: impl Iterator<Item = (u32, &'a Group)>, name: impl Fn(u32) -> K) -> Named<K, &'a Group> {
    Named(groups.map(|(number, group)| (name(number), group)).collect())
}

/// How many rejected values a summary names.
const VALUES: usize = 1000;

impl<'a> Rejects<'a> {
    fn of(rows: u64, counts: &'a RejectCounts<'_>, files: &'a [FileTotals]) -> Rejects<'a> {
        let mut values: Vec<RejectedValue<'a>> = counts
            .iter()
            .map(|(why, rows)| RejectedValue {
                rows,
                file: files.get(usize::from(why.file)).map_or("", |file| &file.name),
                column: &why.column,
                value: &why.value,
                reason: &why.reason,
            })
            .collect();
        let order =
            |value: &RejectedValue<'a>| (Reverse(value.rows), value.file, value.column, value.value, value.reason);
        let mut further = Vec::new();
        if values.len() > VALUES {
            // There may be a million values: only those that are named are sorted.
            values.select_nth_unstable_by(VALUES, |a, b| order(a).cmp(&order(b)));
            further = values.split_off(VALUES);
        }
        values.sort_unstable_by(|a, b| order(a).cmp(&order(b)));
        Rejects {
            rows,
            values,
            further_values: further.len() as u64,
            further_rows: further.iter().map(|value| value.rows).sum(),
        }
    }
}

impl Coverage {
    fn of(rules: &[Listed<'_>], totals: &Totals<'_>) -> Coverage {
        let all = covered(rules, totals);
        let mut missing: BTreeMap<Column, u64> = BTreeMap::new();
        for (column, count) in all.iter().flat_map(|covered| &covered.tally.missing) {
            *missing.entry(*column).or_default() += count;
        }
        let mut missing: Vec<MissingColumn> = missing
            .into_iter()
            .map(|(column, outcomes)| MissingColumn { table: column.table().name(), column: column.name(), outcomes })
            .collect();
        missing.sort_by_key(|column| Reverse(column.outcomes));
        let applied = all.iter().filter(|covered| covered.tally.applied() > 0);
        let undecided = applied.clone().filter(|covered| covered.tally.indeterminate == covered.tally.applied());
        Coverage {
            rules: all.len() as u64,
            applied: applied.count() as u64,
            never_decided: undecided.count() as u64,
            missing,
        }
    }
}
