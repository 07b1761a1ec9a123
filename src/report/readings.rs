//! `readings.csv`: the ledger of alternative readings, with the cases and the money that hang on each.

use super::cell::cell;
use super::layout::{Table, left};
use super::layout::{count, counted, plain, right, short};
use crate::sensitivity::{Entry, Ledger};
use std::io::{self, Write};

/// The file's name.
pub const NAME: &str = "readings.csv";

/// The header of `readings.csv`.
const HEADER: [&str; 11] = [
    "reading",
    "policy",
    "side",
    "says",
    "cases",
    "findings_turned",
    "amounts_changed",
    "findings_added",
    "currency",
    "over_refunds",
    "under_refunds",
];

/// Writes the ledger: a row for each reading and currency, and one for a reading on which no money hangs.
///
/// # Errors
/// When the place cannot be written to.
pub fn write(ledger: &Ledger, to: &mut dyn Write) -> io::Result<()> {
    let mut rows = csv::Writer::from_writer(to);
    rows.write_record(HEADER)?;
    for Entry { id, policy, side, says, hanging } in &ledger.entries {
        let counts = [hanging.cases, hanging.turned, hanging.amounts, hanging.added].map(|count| count.to_string());
        let money = hanging.money.iter().map(|(code, (currency, exposure))| {
            [(*code).to_owned(), exposure.over.show(*currency), exposure.under.show(*currency)]
        });
        let none = hanging.money.is_empty().then_some([const { String::new() }; 3]);
        for money in money.chain(none) {
            let texts = [id, policy, *side, says].map(cell);
            let texts = texts.iter().map(|text| text.as_bytes());
            rows.write_record(texts.chain(counts.iter().chain(&money).map(|text| text.as_bytes())))?;
        }
    }
    rows.flush()
}

/// What a terminal shows of it.
pub fn lines(ledger: &Ledger) -> Vec<String> {
    let robust = counted(ledger.robust, "deviation is", "deviations are");
    let turned = counted(ledger.turned, "hangs", "hang");
    let mut lines = vec![format!("{robust} robust under every reading, {turned} on the reading chosen.")];
    let mut table = Table::new(vec![
        left("Reading"),
        right("cases"),
        right("turned"),
        right("amounts"),
        right("added"),
        left("says"),
    ]);
    for entry in ledger.entries.iter().filter(|entry| entry.hanging.cases > 0) {
        let hanging = &entry.hanging;
        let counts = [hanging.cases, hanging.turned, hanging.amounts, hanging.added].map(|number| right(count(number)));
        let cells = [left(short(&entry.id, 40))].into_iter().chain(counts).chain([left(short(&entry.says, 60))]);
        table.row(cells.collect());
    }
    if ledger.entries.iter().any(|entry| entry.hanging.cases > 0) {
        lines.extend(table.lines());
    }
    let idle: Vec<String> =
        ledger.entries.iter().filter(|entry| entry.hanging.cases == 0).map(|entry| plain(&entry.id)).collect();
    if !idle.is_empty() {
        lines.push(format!("Nothing hangs on {}.", idle.join(", ")));
    }
    lines
}
