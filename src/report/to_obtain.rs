//! `to_obtain.csv`: the facts that are missing, the most valuable first, for an auditor to send to the client.

use super::cell::cell;
use crate::money::{self, Currency};
use crate::obtain::{Fact, Facts, Worth};
use crate::plan::Listed;
use rust_decimal::Decimal;
use std::cmp::Reverse;
use std::io::{self, Write};

/// The file's name.
pub const NAME: &str = "to_obtain.csv";

/// Its header.
pub const HEADER: [&str; 13] = [
    "fact",
    "table",
    "column",
    "request_id",
    "invoice_id",
    "account_id",
    "cases",
    "tests",
    "settles",
    "least",
    "most",
    "currency",
    "rules",
];

/// Where there is no limit to the money.
const UNBOUNDED: &str = "unbounded";

/// Writes the facts: the widest span of money first, then those on which the most rules and tests hang, then by name.
///
/// # Errors
/// When the place cannot be written to.
pub fn write(facts: &Facts, rules: &[Listed<'_>], to: &mut dyn Write) -> io::Result<()> {
    let mut sorted: Vec<(String, &Fact, &Worth)> =
        facts.0.iter().map(|(fact, worth)| (name(fact), fact, worth)).collect();
    sorted.sort_by(|(a_name, a, a_worth), (b_name, b, b_worth)| {
        let rank = |worth: &Worth| Reverse((span(worth), worth.rules.len(), worth.tests));
        rank(a_worth).cmp(&rank(b_worth)).then_with(|| a_name.cmp(b_name)).then_with(|| a.cmp(b))
    });
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::Any(b'\n')).from_writer(to);
    writer.write_record(HEADER)?;
    for (name, fact, worth) in sorted {
        let [request, invoice, account] = worth.whose.clone().unwrap_or_default();
        let rules: Vec<&str> =
            worth.rules.iter().filter_map(|number| Some(rules.get(*number)?.rule.id.as_str())).collect();
        let [least, most] = money(fact, worth);
        let row = [
            name,
            fact.table.name().to_owned(),
            fact.column.name().to_owned(),
            request,
            invoice,
            account,
            worth.cases.to_string(),
            worth.tests.to_string(),
            worth.settles.to_string(),
            least,
            most,
            fact.currency.to_owned(),
            rules.join(";"),
        ];
        writer.write_record(row.iter().map(|text| cell(text).into_owned()))?;
    }
    writer.flush()
}

/// `file:record:column`, or `file:column` of a column that the file does not have.
fn name(fact: &Fact) -> String {
    match fact.record {
        Some(record) => format!("{}:{record}:{}", fact.file, fact.column.name()),
        None => format!("{}:{}", fact.file, fact.column.name()),
    }
}

/// How wide the span of money is: without a limit the widest.
fn span(worth: &Worth) -> (bool, Decimal) {
    match worth.money.map(|range| range.spread()) {
        None => (false, Decimal::ZERO),
        Some(None) => (true, Decimal::ZERO),
        Some(Some(spread)) => (false, spread),
    }
}

fn money(fact: &Fact, worth: &Worth) -> [String; 2] {
    let Some(range) = worth.money else { return Default::default() };
    let show = |amount: Decimal| match Currency::from_code(fact.currency) {
        Some(currency) => money::show(amount, currency),
        None => amount.to_string(),
    };
    [range.least, range.most].map(|end| end.map_or(UNBOUNDED.to_owned(), show))
}
