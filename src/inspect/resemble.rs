//! Canonical columns that a column resembles, by its name or its content.

use super::column::{ColumnFound, Kind};
use super::scan::Inspection;
use crate::column::{Column, Table, Type};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// What other systems call things.
pub(super) static ALIASES: LazyLock<Aliases> =
    LazyLock::new(|| toml::from_str(include_str!("../../mappings/inspect/aliases.toml")).unwrap_or_default());

/// The points of the same name as the canonical one; of others less, by how far down the list they are.
const SAME: u32 = 100;
const SIMILAR: u32 = 60;
const CONTENT: u32 = 50;
/// How alike names must be that are not the same.
const ALIKE: f64 = 0.93;
/// A table that reaches less is not resembled.
const LEAST: u32 = 250;
/// Serial numbers of days, as a spreadsheet has them, of the years 1982 to 2119.
const SERIALS: [i64; 2] = [30_000, 80_000];

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Aliases {
    missing: Vec<String>,
    pub(super) totals: Vec<String>,
    id_words: Vec<String>,
    names: BTreeMap<String, BTreeMap<String, Vec<String>>>,
    content: BTreeMap<String, BTreeMap<String, Vec<String>>>,
}

impl Aliases {
    /// Whether a text means that there is no value.
    pub(super) fn is_missing(&self, cell: &str) -> bool {
        cell.len() <= 10 && self.missing.iter().any(|text| text.eq_ignore_ascii_case(cell))
    }

    /// Whether a column's name says that it holds ids.
    pub(super) fn names_an_id(&self, name: &str) -> bool {
        let mut words: Vec<String> = vec![String::new()];
        let mut was_lower = false;
        for letter in name.chars() {
            let begins = !letter.is_alphanumeric() || (was_lower && letter.is_uppercase());
            was_lower = letter.is_lowercase();
            if begins {
                words.push(String::new());
            }
            if let Some(word) = words.last_mut().filter(|_| letter.is_alphanumeric()) {
                word.extend(letter.to_lowercase());
            }
        }
        words.iter().any(|word| self.id_words.contains(word))
    }
}

/// A canonical column that a column resembles.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Resemblance {
    /// The canonical column's table.
    pub table: &'static str,
    /// Its name.
    pub column: &'static str,
    /// By what.
    pub by: &'static str,
    #[serde(skip)]
    pub(super) points: u32,
    #[serde(skip)]
    pub(super) canonical: Column,
}

/// A name's letters and digits, in lower case.
pub(super) fn plain(name: &str) -> String {
    name.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Compares all columns, and finds the table that the export resembles most.
pub(super) fn compare(found: &mut Inspection) {
    for column in &mut found.columns {
        let mut all: Vec<Resemblance> =
            Column::ALL.iter().filter_map(|canonical| resemblance(column, *canonical)).collect();
        // What is named as it should be is not taken for what is named alike.
        if all.iter().any(|like| like.points > SIMILAR) {
            all.retain(|like| like.points != SIMILAR);
        }
        all.sort_by_key(|like| std::cmp::Reverse(like.points));
        column.resembles = all;
    }
    let points = |table: Table| -> u32 {
        let weight = |canonical: Column| if canonical.required() { 2 } else { 1 };
        assigned(&found.columns, table).values().map(|(_, r)| r.points * weight(r.canonical)).sum()
    };
    let best = Table::ALL
        .into_iter()
        .map(|table| (points(table), table))
        .max_by_key(|(points, table)| (*points, std::cmp::Reverse(*table)));
    if let Some((points, table)) = best {
        found.table = table;
        found.resembles = (points >= LEAST).then(|| table.name());
        for column in &mut found.columns {
            column.resembles.sort_by_key(|r| (r.canonical.table() != table, std::cmp::Reverse(r.points)));
            column.resembles.truncate(3);
        }
    }
}

/// For each canonical column of a table the column that resembles it most; each column stands for one.
pub(super) fn assigned(columns: &[ColumnFound], table: Table) -> BTreeMap<Column, (usize, &Resemblance)> {
    let resembling = columns.iter().enumerate().flat_map(|(at, column)| column.resembles.iter().map(move |r| (at, r)));
    let mut all: Vec<(usize, &Resemblance)> = resembling.filter(|(_, r)| r.canonical.table() == table).collect();
    all.sort_by_key(|(at, r)| (std::cmp::Reverse(r.points), !r.canonical.required(), *at));
    let (mut assigned, mut used) = (BTreeMap::new(), Vec::new());
    for (at, resemblance) in all {
        if !used.contains(&at) && !assigned.contains_key(&resemblance.canonical) {
            used.push(at);
            assigned.insert(resemblance.canonical, (at, resemblance));
        }
    }
    assigned
}

fn resemblance(column: &ColumnFound, canonical: Column) -> Option<Resemblance> {
    let (points, by) = by_name(column, canonical).or_else(|| by_content(column, canonical))?;
    let table = canonical.table().name();
    // Names of people and things may be ids, but do not look like it.
    let is_odd = canonical.kind() == Type::Id && matches!(column.kind, Kind::Code | Kind::Text);
    let points = if is_odd { points.min(SIMILAR - 1) } else { points };
    fits(column, canonical).then(|| Resemblance { table, column: canonical.name(), by, points, canonical })
}

fn by_name(column: &ColumnFound, canonical: Column) -> Option<(u32, &'static str)> {
    let name = plain(&column.name);
    if name.is_empty() {
        return None;
    }
    let own = plain(canonical.name());
    let aliases = ALIASES.names.get(canonical.table().name()).and_then(|table| table.get(canonical.name()));
    let aliases: Vec<String> = aliases.into_iter().flatten().map(|alias| plain(alias)).collect();
    if name == own {
        return Some((SAME, "name"));
    }
    if let Some(at) = aliases.iter().position(|alias| *alias == name) {
        return Some((SAME.saturating_sub(1 + u32::try_from(at).unwrap_or(SAME)), "name"));
    }
    let is_alike = |other: &String| other.len() >= 6 && name.len() >= 6 && strsim::jaro_winkler(&name, other) >= ALIKE;
    std::iter::once(&own).chain(&aliases).any(is_alike).then_some((SIMILAR, "a similar name"))
}

fn by_content(column: &ColumnFound, canonical: Column) -> Option<(u32, &'static str)> {
    if column.kind == Kind::Currency && canonical.kind() == Type::Currency {
        return Some((CONTENT, "content"));
    }
    let words = ALIASES.content.get(canonical.table().name())?.get(canonical.name())?;
    let is_word = |(value, _): &&(String, u64)| words.iter().any(|word| plain(word) == plain(value));
    let known = column.values.iter().filter(is_word).count();
    (column.kind == Kind::Code && known > 1 && known * 2 > column.values.len()).then_some((CONTENT, "content"))
}

/// Whether the cells can be those of the canonical column.
fn fits(column: &ColumnFound, canonical: Column) -> bool {
    let kind = column.kind;
    kind == Kind::Empty
        || match canonical.kind() {
            Type::Text => true,
            Type::Id => !matches!(kind, Kind::Date | Kind::Amount | Kind::Flag | Kind::Currency),
            Type::Time | Type::Date => kind == Kind::Date || is_serial(column),
            Type::Amount | Type::Percent | Type::Whole => matches!(kind, Kind::Amount | Kind::Whole | Kind::Flag),
            Type::Flag => matches!(kind, Kind::Flag | Kind::Code),
            Type::Code => matches!(kind, Kind::Code | Kind::Id | Kind::Text | Kind::Flag | Kind::Whole),
            Type::Currency => matches!(kind, Kind::Currency | Kind::Code),
        }
}

/// Whether the numbers can be days, as a spreadsheet counts them.
pub(super) fn is_serial(column: &ColumnFound) -> bool {
    let [from, to] = SERIALS.map(Decimal::from);
    column.range.is_some_and(|(least, most)| from <= least && most <= to)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_in_the_list_is_that_of_a_canonical_column() {
        assert!(!ALIASES.names.is_empty() && !ALIASES.missing.is_empty() && !ALIASES.id_words.is_empty());
        for (table, columns) in ALIASES.names.iter().chain(&ALIASES.content) {
            for name in columns.keys() {
                let is_named = |column: &&Column| column.table().name() == table && column.name() == name;
                assert!(Column::ALL.iter().any(|column| is_named(&column)), "{table}.{name}");
            }
        }
    }

    #[test]
    fn names_of_ids_are_known_by_their_words() {
        for (name, expected) in
            [("Ticket ID", true), ("InvoiceNo", true), ("customer_id", true), ("Paid", false), ("Notes", false)]
        {
            assert_eq!(ALIASES.names_an_id(name), expected, "{name}");
        }
    }
}
