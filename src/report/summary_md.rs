//! `summary.md`: one page for a chat or a mail.

use super::coverage::covered;
use super::folder::{FolderError, Output};
use super::layout::{count, counted, short};
use super::opinion::Opinion;
use super::summary::Summary;
use super::totals::Totals;
use crate::money;
use crate::plan::Listed;
use crate::policy::Catalogue;
use askama::Template;
use std::cmp::Reverse;

/// How many rules the page names.
const RULES: usize = 10;
/// How many cases of each currency.
const CASES: usize = 3;
/// How many letters of a message.
const MESSAGE: usize = 160;

#[derive(Template)]
#[template(path = "summary.md")]
struct Page {
    opinion: Opinion,
    as_of: String,
    period: String,
    cases: String,
    exposure: Vec<[String; 3]>,
    rules: Vec<[String; 4]>,
    further_rules: Option<String>,
    largest: Vec<[String; 4]>,
    rejected: String,
}

/// Writes the page.
///
/// # Errors
/// When the file cannot be written to.
pub fn write(
    mut output: Output,
    catalogue: &Catalogue,
    rules: &[Listed<'_>],
    totals: &Totals<'_>,
) -> Result<Output, FolderError> {
    let summary = Summary::of(catalogue, rules, totals);
    let all = covered(rules, totals);
    let mut found: Vec<_> = all.iter().filter(|c| c.tally.deviation + c.tally.review > 0).collect();
    found.sort_by_key(|covered| Reverse((covered.tally.deviation, covered.tally.review)));
    let further = found.len().saturating_sub(RULES) as u64;
    let exposure = summary.exposure.iter().map(|(code, (currency, exposure))| {
        [(*code).to_owned(), exposure.over.show(*currency), exposure.under.show(*currency)]
    });
    let rejected = summary.rejects.rows;
    let page = Page {
        opinion: Opinion::of(&summary, &all),
        as_of: summary.as_of.clone().unwrap_or_default(),
        period: summary.period.as_ref().map_or_else(String::new, |p| format!("{} to {}", p.first, p.last)),
        cases: counted(summary.cases.evaluated, "case judged", "cases judged"),
        exposure: exposure.collect(),
        rules: found
            .iter()
            .take(RULES)
            .map(|covered| {
                let (rule, tally) = (covered.rule, &covered.tally);
                [rule.id.clone(), rule.severity.name().to_owned(), count(tally.deviation), count(tally.review)]
            })
            .collect(),
        further_rules: (further > 0).then(|| format!("And {}.", counted(further, "further rule", "further rules"))),
        largest: largest(totals),
        rejected: match rejected {
            0 => String::new(),
            rows => format!("{} rejected: see rejects.csv.", counted(rows, "row was", "rows were")),
        },
    };
    let mut text = page.render().map_err(|error| FolderError::unformatted(std::io::Error::other(error)))?;
    text.push('\n');
    output.put(text.as_bytes())?;
    Ok(output)
}

fn largest(totals: &Totals<'_>) -> Vec<[String; 4]> {
    let row = |large: &super::largest::Large| {
        let [_, rule, request, invoice, ..] = &large.key;
        let case = if request.is_empty() { invoice } else { request };
        let amount = format!("{} {}", money::show(large.amount, large.currency), large.currency.code());
        [amount, short(case, MESSAGE), rule.clone(), short(&large.message, MESSAGE)]
    };
    totals.largest.by_currency().flat_map(|(_, cases)| cases.iter().take(CASES).map(row)).collect()
}
