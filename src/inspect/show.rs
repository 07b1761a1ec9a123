//! Inspections as text for a terminal.

use super::column::{ColumnFound, Kind, VALUES};
use super::scan::Inspection;
use super::{Join, Rows};
use crate::report::layout::{count, counted, plain, short, wrapped};
use anstyle::Style;
use std::io::{self, Write};

const WIDTH: usize = 110;
const LONGEST: usize = 40;

/// Writes what is in exports, and which of their columns hold ids of each other.
///
/// # Errors
/// When it cannot be written.
pub fn show(inspections: &[Inspection], joins: &[Join], to: &mut dyn Write) -> io::Result<()> {
    for (at, found) in inspections.iter().enumerate() {
        if at > 0 {
            writeln!(to)?;
        }
        file(found, to)?;
        for column in &found.columns {
            writeln!(to)?;
            self::column(column, to)?;
        }
    }
    if inspections.len() > 1 {
        let bold = Style::new().bold();
        writeln!(to, "\n{bold}Columns that hold ids of another export{bold:#}")?;
        if joins.is_empty() {
            writeln!(to, "  none")?;
        }
        joins.iter().try_for_each(|join| self::join(join, to))?;
    }
    Ok(())
}

/// A name and what is to be said of it, in lines.
fn said(name: &str, text: &str, indent: usize, to: &mut dyn Write) -> io::Result<()> {
    let lead = indent + 12;
    for (at, line) in wrapped(&plain(text), WIDTH - lead).iter().enumerate() {
        let name = if at == 0 { name } else { "" };
        writeln!(to, "{:indent$}{name:<11} {line}", "")?;
    }
    Ok(())
}

fn at_lines(rows: &Rows, one: &str, many: &str) -> String {
    let lines: Vec<String> = rows.lines.iter().map(|line| count(*line)).collect();
    let more = if rows.count > rows.lines.len() as u64 { ", …" } else { "" };
    let word = if rows.count == 1 { "line" } else { "lines" };
    format!("{} ({word} {}{more})", counted(rows.count, one, many), lines.join(", "))
}

fn file(found: &Inspection, to: &mut dyn Write) -> io::Result<()> {
    let bold = Style::new().bold();
    writeln!(to, "{bold}{}{bold:#}", plain(&found.file))?;
    let columns = counted(found.columns.len() as u64, "column", "columns");
    said("rows", &format!("{} of {columns}", counted(found.rows, "row", "rows")), 2, to)?;
    if let Some(compression) = found.compression {
        said("compression", compression, 2, to)?;
    }
    said("encoding", &format!("{}: {}", found.encoding.name, found.encoding.why), 2, to)?;
    if let Some(delimiter) = &found.delimiter {
        said("delimiter", &format!("`{}`: {}", delimiter.delimiter.escape_default(), delimiter.why), 2, to)?;
        let ends = found.line_ends.iter().map(|(name, lines)| format!("{} by {name}", count(*lines)));
        let ends: Vec<String> = ends.collect();
        let ended = if ends.is_empty() { String::new() } else { format!(", ended {}", ends.join(", ")) };
        said("lines", &format!("{}{ended}", count(found.lines)), 2, to)?;
    }
    match found.header {
        Some(header) => said("header", &format!("line {}, record {}", count(header.line), header.record), 2, to)?,
        None => said("header", "none: no record looks like one", 2, to)?,
    }
    for (line, text) in &found.titles {
        said("title", &format!("line {line}: {}", short(text, 80)), 2, to)?;
    }
    for (name, rows, one, many) in [
        ("totals", &found.totals, "row begins like a sum or an end", "rows begin like sums or an end"),
        ("headers", &found.repeated_headers, "row repeats the header", "rows repeat the header"),
        ("blank", &found.blank_rows, "row is blank", "rows are blank"),
        (
            "sparse",
            &found.sparse,
            "row has far fewer cells filled than most",
            "rows have far fewer cells filled than most",
        ),
    ] {
        if rows.count > 0 {
            said(name, &at_lines(rows, one, many), 2, to)?;
        }
    }
    for (width, rows) in &found.other_widths {
        let fields = counted(*width as u64, "field", "fields");
        said("width", &at_lines(rows, &format!("row has {fields}"), &format!("rows have {fields}")), 2, to)?;
    }
    said("resembles", found.resembles.unwrap_or("no table much"), 2, to)
}

fn column(column: &ColumnFound, to: &mut dyn Write) -> io::Result<()> {
    let bold = Style::new().bold();
    let resembles: Vec<String> =
        column.resembles.iter().map(|like| format!("{}.{} by {}", like.table, like.column, like.by)).collect();
    writeln!(to, "{:>3} {bold}{}{bold:#}  {}", column.position, short(&column.label(), LONGEST), column.kind.name())?;
    if !resembles.is_empty() {
        said("resembles", &resembles.join(", "), 4, to)?;
    }
    let more = if column.distinct_is_cut { "more than " } else { "" };
    let cells = format!(
        "{} filled, {} blank, {more}{} different",
        count(column.filled),
        count(column.blank),
        count(column.distinct)
    );
    said("cells", &cells, 4, to)?;
    let shown = |values: &mut dyn Iterator<Item = (&String, u64)>| {
        let values: Vec<String> =
            values.map(|(text, cells)| format!("`{}` {}", short(text, LONGEST), count(cells))).collect();
        values.join(", ")
    };
    if !column.missing.is_empty() {
        let missing = shown(&mut column.missing.iter().map(|(text, cells)| (text, *cells)));
        said("no value", &missing, 4, to)?;
    }
    let is_word = !matches!(column.kind, Kind::Id | Kind::Date | Kind::Amount | Kind::Whole);
    if (is_word && !column.values.is_empty()) || column.values.iter().any(|(_, cells)| *cells > 1) {
        let name = if column.values.len() as u64 == column.distinct && !column.distinct_is_cut {
            "values"
        } else {
            "frequent"
        };
        let values = shown(&mut column.values.iter().map(|(text, cells)| (text, *cells)));
        let of = format!("; only the first {} different values are counted", count(VALUES as u64));
        said(name, &(values + if column.values_are_first { &of } else { "" }), 4, to)?;
    }
    if let (Some(least), Some(most)) = (&column.least, &column.most) {
        said("range", &format!("`{}` to `{}`", short(least, LONGEST), short(most, LONGEST)), 4, to)?;
    }
    for why in &column.why {
        said("because", why, 4, to)?;
    }
    for warning in &column.warnings {
        said("mind", warning, 4, to)?;
    }
    Ok(())
}

fn join(join: &Join, to: &mut dyn Write) -> io::Result<()> {
    let name = |(file, column): &(String, String)| format!("`{}` of {file}", short(column, LONGEST));
    let share = |(looked, found): (u64, u64)| {
        format!("{} of {} ({} %)", count(found), count(looked), found * 100 / looked.max(1))
    };
    let (one, other) = (name(&join.one), name(&join.other));
    let (there, back) = (share(join.there), share(join.back));
    let mut text = format!("{one} and {other}: of different ids {there} of the one are in the other, {back} back");
    if join.but_for_zeros > 0 {
        text.push_str(&format!("; {} more but for zeros at the beginning", count(join.but_for_zeros)));
    }
    for (at, line) in wrapped(&plain(&text), WIDTH - 4).iter().enumerate() {
        writeln!(to, "  {}{line}", if at == 0 { "" } else { "  " })?;
    }
    Ok(())
}
