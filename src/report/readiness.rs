//! What `reperform check` shows: what the exports can be audited for, before they are.

use super::coverage::covered;
use super::layout::{Table, count, counted, left, right, short, wrapped};
use super::summary::Summary;
use super::terminal::{cases, rows, sections};
use super::totals::Totals;
use crate::plan::Listed;
use crate::record::{Books, Reject, Sources};
use std::collections::BTreeMap;
use std::io::{self, Write};

/// The widest line.
const WIDTH: usize = 100;
/// How many kinds of reject, and how many columns, are shown.
const KINDS: usize = 20;
const COLUMNS: usize = 40;

/// Shows what became of the rows, and what the rules lack.
///
/// # Errors
/// When the place cannot be written to.
pub fn show(
    summary: &Summary<'_>,
    (rules, totals): (&[Listed<'_>], &Totals<'_>),
    (books, sources): (&Books, &Sources),
    to: &mut dyn Write,
) -> io::Result<()> {
    let shown = [
        rows(summary).beside(&cases(summary)),
        left_out(totals),
        settled(sources),
        rejected(books),
        untestable(rules, totals),
    ];
    sections(&shown, to)
}

/// The rows that a mapping leaves out.
fn left_out(totals: &Totals<'_>) -> Vec<String> {
    let files = totals.files.iter().filter(|file| !file.left_out.is_empty());
    let mut table = Table::new(vec![left("Left out of"), left("for"), right("rows"), left("because")]);
    let mut any = false;
    for file in files {
        for (why, rows) in &file.left_out {
            any = true;
            let cells =
                [left(short(&file.name, 32)), left(file.table.name()), right(count(*rows)), left(short(why, 60))];
            table.row(cells.into());
        }
    }
    if any { table.lines() } else { Vec::new() }
}

/// The orders of dates that the data settled.
fn settled(sources: &Sources) -> Vec<String> {
    let settled = sources.settled();
    let mut table = Table::new(vec![left("Dates of"), left("are written")]);
    for (of, dates) in &settled {
        table.row(vec![left(format!("{}.{}", of.name(), dates.column.name())), left(&dates.form)]);
    }
    if settled.is_empty() { Vec::new() } else { table.lines() }
}

/// The rejected rows by what is wrong with them, each kind with the first of its rows.
fn rejected(books: &Books) -> Vec<String> {
    if books.rejects.is_empty() {
        return vec!["No row is rejected.".to_owned()];
    }
    // Most reasons quote the cell: without it, rows with the same fault are of one kind.
    let kind = |reject: &Reject| reject.reason.replace(&format!("`{}`", reject.value), "the cell");
    let mut kinds: BTreeMap<(u16, &str, String), (u64, &Reject)> = BTreeMap::new();
    for reject in &books.rejects {
        let known = kinds.entry((reject.place.file, &reject.column, kind(reject))).or_insert((0, reject));
        known.0 += 1;
    }
    let mut kinds: Vec<_> = kinds.into_iter().collect();
    kinds.sort_by(|a, b| b.1.0.cmp(&a.1.0).then_with(|| a.0.cmp(&b.0)));
    let header = [left("Rejected"), right("rows"), left("first"), left("value"), left("why")];
    let mut table = Table::new(header.into());
    for ((file, column, why), (rows, first)) in kinds.iter().take(KINDS) {
        let name = books.files.get(usize::from(*file)).map_or("", |file| file.name.as_str());
        let column = if column.is_empty() { "(the row)" } else { column };
        let place = format!("{}:{}", short(name, 24), first.line);
        let cells = [left(short(column, 20)), right(count(*rows)), left(place)];
        table.row(cells.into_iter().chain([left(short(&first.value, 20)), left(short(why, 70))]).collect());
    }
    let mut lines = table.lines();
    if kinds.len() > KINDS {
        let further = counted((kinds.len() - KINDS) as u64, "further kind", "further kinds");
        lines.push(format!("and {further}: `reperform audit` lists all rows in rejects.csv"));
    }
    lines
}

/// The columns that are absent, and the rules that could not be tested for lack of them.
fn untestable(rules: &[Listed<'_>], totals: &Totals<'_>) -> Vec<String> {
    let covered = covered(rules, totals);
    let mut by_column: BTreeMap<_, Vec<String>> = BTreeMap::new();
    for rule in &covered {
        for (column, outcomes) in rule.missing() {
            let of = format!("{} ({} of {})", rule.rule.id, count(outcomes), count(rule.tally.applied()));
            by_column.entry(column).or_default().push(of);
        }
    }
    if by_column.is_empty() {
        return vec!["No rule lacks a column.".to_owned()];
    }
    let mut columns: Vec<_> = by_column.into_iter().collect();
    columns.sort_by(|a, b| b.1.len().cmp(&a.1.len()).then(a.0.cmp(&b.0)));
    let bold = anstyle::Style::new().bold();
    let mut lines = vec![format!("{bold}Not testable for lack of a column{bold:#}")];
    for (column, rules) in columns.iter().take(COLUMNS) {
        lines.push(format!("{}.{}", column.table().name(), column.name()));
        lines.extend(wrapped(&rules.join(", "), WIDTH - 2).into_iter().map(|line| format!("  {line}")));
    }
    if columns.len() > COLUMNS {
        let further = counted((columns.len() - COLUMNS) as u64, "further column", "further columns");
        lines.push(format!("and {further}"));
    }
    lines
}
