//! A mapping file to start from: what is settled is filled in, what is not is said in comments.

use super::column::{ColumnFound, Kind};
use super::resemble::{Resemblance, assigned, is_serial};
use super::scan::Inspection;
use crate::column::{Column, Type};
use crate::report::layout::{count, counted, plain};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The lines that settle how a source is written, each with its comment.
type Keys = Vec<(&'static str, String, String)>;

/// A mapping of these exports, one source each.
pub fn suggest(inspections: &[Inspection]) -> String {
    let mut text = String::from(
        "# A mapping to start from, as `reperform inspect --suggest` saw the exports. Nothing in it was guessed silently: what is not\n\
         # certain has a comment. `mappings/README.md` explains every key; `reperform check` says what comes of it.\n",
    );
    inspections.iter().for_each(|found| source(found, &mut text));
    text
}

/// A text as TOML writes it.
fn toml(text: &str) -> String {
    toml::Value::from(text).to_string()
}

fn list<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let texts: Vec<String> = texts.into_iter().map(toml).collect();
    match texts.as_slice() {
        [one] => one.clone(),
        _ => format!("[{}]", texts.join(", ")),
    }
}

fn line(to: &mut String, text: &str, comment: &str) {
    to.push_str(text);
    if !comment.is_empty() {
        to.push_str(if text.is_empty() { "# " } else { "  # " });
        to.push_str(&plain(comment));
    }
    to.push('\n');
}

fn source(found: &Inspection, to: &mut String) {
    let table = found.table.name();
    let name =
        Path::new(&found.file).file_name().map_or(found.file.clone(), |name| name.to_string_lossy().into_owned());
    let of: BTreeMap<Column, (usize, &Resemblance)> = assigned(&found.columns, found.table);
    line(to, "", "");
    let resembles = match found.resembles {
        Some(table) => format!("{name}: {} rows; resembles {table} most", count(found.rows)),
        None => {
            format!("{name}: {} rows; it resembles no table much, {table} most: name the right one", count(found.rows))
        }
    };
    line(to, "", &resembles);
    line(to, &format!("[[{table}]]"), "");
    line(to, &format!("files = [{}]", toml(&name)), "");
    if let Some(found) = found.delimiter.as_ref().filter(|found| found.delimiter != ',') {
        line(to, &format!("delimiter = {}", toml(&found.delimiter.to_string())), &found.why);
    }
    if found.encoding.name != "utf-8" {
        line(to, &format!("encoding = {}", toml(&found.encoding.name)), &found.encoding.why);
    }
    match found.header {
        None => line(to, "header = \"none\"", "no record looks like a header"),
        Some(header) if !found.titles.is_empty() => {
            line(to, "", &format!("the header is found by its names, in record {}, below the titles", header.record));
        }
        Some(_) => {}
    }
    let used: Vec<&ColumnFound> = of.values().filter_map(|(at, _)| found.columns.get(*at)).collect();
    let shared = shared_keys(&used);
    for (key, value, comment) in &shared {
        line(to, &format!("{key} = {value}"), comment);
    }
    let blanks: BTreeSet<&str> = used.iter().flat_map(|column| column.missing.keys().map(String::as_str)).collect();
    if !blanks.is_empty() {
        let blanks: Vec<String> = blanks.into_iter().map(toml).collect();
        line(to, &format!("blanks = [{}]", blanks.join(", ")), "texts that stand where there is no value");
    }
    skips(found, to);
    line(to, "", "");
    line(to, &format!("[{table}.columns]"), "");
    columns(found, &of, &shared, to);
}

/// What is to be left out.
fn skips(found: &Inspection, to: &mut String) {
    if let Some((column, word)) = &found.total {
        let condition = format!("skip = [{{ column = {}, starts_with = {} }}]", toml(column), toml(word));
        line(to, &condition, &counted(found.totals.count, "row is a sum or an end", "rows are sums or ends"));
    }
    if found.sparse.count > 0 {
        let lines: Vec<String> = found.sparse.lines.iter().map(u64::to_string).collect();
        let rows = counted(found.sparse.count, "row has few cells filled", "rows have few cells filled");
        let what = format!("{rows}: see line {}", lines.join(", "));
        line(to, "", &format!("{what}; they may be sums to `skip`, or rows to `fill` from the one above"));
    }
    for (width, rows) in &found.other_widths {
        let lines: Vec<String> = rows.lines.iter().map(u64::to_string).collect();
        let fields = counted(*width as u64, "field", "fields");
        let rows = counted(rows.count, &format!("row has {fields}"), &format!("rows have {fields}"));
        let what = format!("{rows}, and rows of another width are rejected: see line {}", lines.join(", "));
        line(to, "", &what);
    }
}

fn columns(found: &Inspection, of: &BTreeMap<Column, (usize, &Resemblance)>, shared: &Keys, to: &mut String) {
    let id = of.iter().find(|(column, _)| column.required() && column.kind() == Type::Id);
    let id = id.and_then(|(_, (at, _))| found.columns.get(*at)).map(|column| column.name.trim());
    for canonical in Column::ALL.iter().filter(|column| column.table() == found.table) {
        match of.get(canonical).and_then(|(at, by)| found.columns.get(*at).zip(Some(by))) {
            Some((column, by)) => {
                let (value, comment) = pick(found, column, *canonical, shared);
                let by = if by.by == "name" { String::new() } else { format!("by {}; ", by.by) };
                line(to, &format!("{} = {value}", canonical.name()), &format!("{by}{comment}"));
                if canonical.kind() == Type::Code && !column.values.is_empty() {
                    line(to, "", &words(column));
                }
            }
            None if canonical.required() => {
                let (value, help) = match id {
                    Some(id) if *canonical == Column::Line => (
                        format!("{{ number_within = {} }}", toml(id)),
                        "required: name the column, or number the rows so",
                    ),
                    _ => ("{ constant = \"\" }".to_owned(), "required: name the column, or one value for all rows"),
                };
                line(to, &format!("# {} = {value}", canonical.name()), help);
            }
            None => {}
        }
    }
    let used: Vec<usize> = of.values().map(|(at, _)| *at).collect();
    let others: Vec<String> = found
        .columns
        .iter()
        .enumerate()
        .filter(|(at, _)| !used.contains(at))
        .map(|(_, c)| format!("`{}`", c.label()))
        .collect();
    if !others.is_empty() {
        line(to, "", &format!("not used: {}", others.join(", ")));
    }
}

/// How a canonical column comes from a source's, and what must be known of it.
fn pick(found: &Inspection, column: &ColumnFound, canonical: Column, shared: &Keys) -> (String, String) {
    let mut keys: Vec<String> = Vec::new();
    let name = toml(column.name.trim());
    if found.header.is_none() || column.name.trim().is_empty() {
        keys.push(format!("position = {}", column.position));
    } else {
        keys.push(format!("column = {name}"));
        keys.extend(column.occurrence.map(|occurrence| format!("occurrence = {occurrence}")));
    }
    let mut comments = vec![evidence(column)];
    if matches!(canonical.kind(), Type::Time | Type::Date) && column.kind != Kind::Date && is_serial(column) {
        keys.push("dates = \"excel\"".to_owned());
        comments.push("the numbers may be a spreadsheet's days: compare one with its true date".to_owned());
    }
    for (key, value, _) in own_keys(column) {
        if !shared.iter().any(|(other, same, _)| *other == key && *same == value) {
            keys.push(format!("{key} = {value}"));
        }
    }
    if column.kind == Kind::Amount && column.negative && canonical.kind() == Type::Amount {
        comments.push("some are negative and will be rejected: say `sign`, or `skip` these rows".to_owned());
    }
    if column.has_fractions && canonical.kind() == Type::Id {
        keys.push("extract = '^(\\d+)\\.0$'".to_owned());
    }
    comments.extend(column.warnings.iter().cloned());
    let is_plain = matches!(keys.as_slice(), [only] if only.starts_with("column = "));
    (if is_plain { name } else { format!("{{ {} }}", keys.join(", ")) }, comments.join("; "))
}

/// The words of a column, as a start for `values`.
fn words(column: &ColumnFound) -> String {
    let words: Vec<String> = column.values.iter().map(|(word, _)| format!("{} = \"\"", toml(word))).collect();
    let which =
        if column.values.len() as u64 == column.distinct { "its words are" } else { "its most frequent words are" };
    format!("  {which} values = {{ {} }}: give each the word that policies use", words.join(", "))
}

/// What a column's cells are, in a few words.
fn evidence(column: &ColumnFound) -> String {
    let more = if column.distinct_is_cut { "more than " } else { "" };
    let blank = if column.blank > 0 { format!(", {} blank", count(column.blank)) } else { String::new() };
    let range = column
        .least
        .as_ref()
        .zip(column.most.as_ref())
        .filter(|_| matches!(column.kind, Kind::Date | Kind::Amount | Kind::Whole));
    let range = range.map_or(String::new(), |(least, most)| format!(", {least} to {most}"));
    format!("{}: {more}{} different{blank}{range}", column.kind.name(), count(column.distinct))
}

/// How a column is written, where that is not the usual way.
fn own_keys(column: &ColumnFound) -> Keys {
    let mut keys = Keys::new();
    let why = || column.why.first().cloned().unwrap_or_default();
    if column.kind == Kind::Date && column.settled && column.dates != ["iso"] {
        keys.push(("dates", list(column.dates.iter().map(String::as_str)), why()));
    } else if column.kind == Kind::Date && !column.settled {
        let forms: Vec<String> = column.dates.iter().map(|form| toml(form)).collect();
        let comment = match forms.as_slice() {
            [] => "not settled: no order of day and month fits all cells".to_owned(),
            forms => format!("not settled, and refused as it stands: write {}", forms.join(" or ")),
        };
        keys.push(("dates", toml("auto"), comment));
    }
    if let Some((decimal, grouping)) = column.decimal.filter(|_| column.kind == Kind::Amount) {
        if decimal != '.' {
            keys.push(("decimal", toml(&decimal.to_string()), why()));
        }
        keys.extend(grouping.map(|grouping| ("grouping", toml(&grouping.to_string()), String::new())));
    }
    if column.kind == Kind::Amount && !column.symbols.is_empty() {
        let symbols: Vec<String> = column.symbols.iter().map(|symbol| toml(symbol)).collect();
        keys.push(("symbols", format!("[{}]", symbols.join(", ")), String::new()));
    }
    keys
}

/// What all columns that have dates, or amounts, write alike.
fn shared_keys(columns: &[&ColumnFound]) -> Keys {
    let mut shared = Keys::new();
    for kind in [Kind::Date, Kind::Amount] {
        let mut all = columns.iter().filter(|column| column.kind == kind).map(|column| own_keys(column));
        let Some(first) = all.next() else { continue };
        let others: Vec<Keys> = all.collect();
        let has = |keys: &Keys, key: &str, value: &str| keys.iter().any(|(k, v, _)| *k == key && v == value);
        shared.extend(first.into_iter().filter(|(key, value, _)| others.iter().all(|other| has(other, key, value))));
    }
    shared
}

#[cfg(test)]
mod tests {
    use crate::column::{Column, Type};
    use crate::document::Source;
    use crate::inspect::{inspect, suggest};
    use std::path::Path;

    /// A suggestion of which a user has filled in what is required and not there.
    fn filled(text: &str) -> String {
        let fill = |line: &str| {
            let written = line.strip_prefix("# ").and_then(|line| line.split_once(" = {"));
            let of = |key: &str| Column::ALL.iter().find(|column| column.name() == key);
            let Some((key, rest, column)) = written.and_then(|(key, rest)| Some((key, rest, of(key)?))) else {
                return format!("{line}\n");
            };
            let value = match column.kind() {
                Type::Time | Type::Date => "2026-01-01",
                Type::Currency => "EUR",
                Type::Amount => "1.00",
                _ => "other",
            };
            format!("{key} = {{{}\n", rest.replace("constant = \"\"", &format!("constant = \"{value}\"")))
        };
        text.lines().map(fill).collect()
    }

    #[test]
    fn what_is_suggested_can_be_read_back() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/inspect");
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                let text = filled(&suggest(&[inspect(&path).unwrap()]));
                let source = Source { name: "suggested.toml".to_owned(), text };
                let read = crate::mapping::mapping(&source);
                assert!(read.is_ok(), "{}\n{:?}", source.text, read.err());
            }
        }
    }
}
