//! `coverage.csv`: what every rule was put to, and what could not be tested for want of a column.

use super::cell::cell;
use super::layout::count;
use super::totals::Totals;
use crate::audit::Tally;
use crate::column::Column;
use crate::plan::Listed;
use crate::policy::rule::Rule;
use std::io::{self, Write};

/// A rule with its counts. One that a policy writes several times, for several versions, is one rule: it is cited as
/// the last of them writes it.
pub struct Covered<'a> {
    /// The rule.
    pub rule: &'a Rule,
    /// Its counts.
    pub tally: Tally,
}

impl Covered<'_> {
    /// The absent columns that left the rule untested, the most frequent first.
    pub fn missing(&self) -> Vec<(Column, u64)> {
        let mut missing: Vec<(Column, u64)> =
            self.tally.missing.iter().map(|(column, count)| (*column, *count)).collect();
        missing.sort_by_key(|(column, count)| (std::cmp::Reverse(*count), *column));
        missing
    }

    /// Why it could not be tested, or not in every case; empty if it could.
    pub fn why(&self) -> String {
        let (rule, tally) = (self.rule, &self.tally);
        let columns: Vec<String> = self
            .missing()
            .iter()
            .map(|(column, outcomes)| format!("no column {} ({})", column.name(), count(*outcomes)))
            .collect();
        match (tally.applied(), tally.indeterminate) {
            (0, _) if !rule.can_apply() => "its list is empty".to_owned(),
            (0, _) => "no case that it is about".to_owned(),
            (_, 0) => String::new(),
            _ if columns.is_empty() => "cells that it needs are blank or contradict each other".to_owned(),
            _ => columns.join(", "),
        }
    }
}

/// Every rule that was asked for, in the order of the files, but for those of policies that no invoice names.
pub fn covered<'a>(rules: &[Listed<'a>], totals: &Totals<'_>) -> Vec<Covered<'a>> {
    let mut all: Vec<Covered<'a>> = Vec::with_capacity(rules.len());
    for (listed, tally) in rules.iter().zip(&totals.tallies).filter(|(listed, _)| totals.concerns(listed.policy)) {
        match all.iter_mut().find(|covered| covered.rule.id == listed.rule.id) {
            Some(covered) => {
                covered.tally.add(tally.clone());
                if listed.policy.amendment.is_none() {
                    covered.rule = listed.rule;
                }
            }
            None => all.push(Covered { rule: listed.rule, tally: tally.clone() }),
        }
    }
    all
}

/// Writes `coverage.csv`.
///
/// # Errors
/// When the place cannot be written to.
pub fn coverage(rules: &[Listed<'_>], totals: &Totals<'_>, to: &mut dyn Write) -> io::Result<()> {
    let mut rows = csv::Writer::from_writer(to);
    let counts = ["applied", "compliant", "deviation", "review", "indeterminate"];
    rows.write_record(["rule", "clause", "severity"].into_iter().chain(counts).chain(["missing"]))?;
    for covered in covered(rules, totals) {
        let (rule, tally) = (covered.rule, &covered.tally);
        for text in [&rule.id, &rule.clause, rule.severity.name()] {
            rows.write_field(&*cell(text))?;
        }
        for count in [tally.applied(), tally.compliant, tally.deviation, tally.review, tally.indeterminate] {
            rows.write_field(count.to_string())?;
        }
        let missing: Vec<String> =
            covered.missing().iter().map(|(column, count)| format!("{}:{count}", column.name())).collect();
        rows.write_record([missing.join(";")])?;
    }
    rows.flush()
}
