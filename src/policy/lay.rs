//! How one table of a policy is laid over another, key by key.

use super::lint::code;
use crate::document::Code;
use std::borrow::Cow;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

pub(super) type Table<'t> = DeTable<'t>;
pub(super) type Value<'t> = Spanned<DeValue<'t>>;

/// The key, within a change, that lists keys to leave out.
const WITHOUT: &str = "without";
/// The keys by whose value an element of a list is named.
const NAMES: [&str; 3] = ["id", "stage", "word"];

/// Something wrong in a change.
#[derive(Clone)]
pub(super) struct Flaw {
    pub(super) code: Code,
    pub(super) span: Range<usize>,
    pub(super) what: String,
    pub(super) help: Option<String>,
}

pub(super) fn as_text<'a>(value: &'a Value<'_>) -> Option<&'a str> {
    value.get_ref().as_str()
}

/// The elements of an array; none if it is not one.
pub(super) fn as_tables<'a, 't>(value: &'a Value<'t>) -> &'a [Value<'t>] {
    value.get_ref().as_array().map_or(&[], |array| array)
}

/// By what an element of a list is named.
pub(super) fn id_of<'a>(element: &'a Value<'_>) -> Option<&'a str> {
    let table = element.get_ref().as_table()?;
    NAMES.iter().find_map(|name| table.get(*name).and_then(as_text))
}

/// A table with all its places further on.
pub(super) fn moved_table<'t>(table: &Table<'t>, by: usize) -> Table<'t> {
    let at = |span: Range<usize>| span.start + by..span.end + by;
    let entry = |(key, value): (&Spanned<Cow<'t, str>>, &Value<'t>)| {
        (Spanned::new(at(key.span()), key.get_ref().clone()), moved(value, by))
    };
    table.iter().map(entry).collect()
}

fn moved<'t>(value: &Value<'t>, by: usize) -> Value<'t> {
    let inner = match value.get_ref() {
        DeValue::Table(table) => DeValue::Table(moved_table(table, by)),
        DeValue::Array(items) => DeValue::Array(items.iter().map(|item| moved(item, by)).collect()),
        other => other.clone(),
    };
    Spanned::new(value.span().start + by..value.span().end + by, inner)
}

/// The keys under which a table of one key is a choice among several, as `{ days = 7 }`.
const CHOICES: [&str; 9] =
    ["check", "by", "within", "at_least", "cancelled_within", "otherwise", "from", "after", "suspended_until"];

/// Lays a value over that of a key: tables key by key, elements of a list by their names, all else in its place.
fn onto<'t>(key: &str, old: &mut Value<'t>, new: Value<'t>, flaws: &mut Vec<Flaw>) {
    match (old.get_mut(), new.get_ref()) {
        (DeValue::Table(before), DeValue::Table(after)) if !(CHOICES.contains(&key) && gives_way(before, after)) => {
            onto_table(before, new, flaws);
        }
        (DeValue::Array(items), DeValue::Table(_)) => onto_elements(items, new, flaws),
        _ => *old = new,
    }
}

/// Another choice takes the place of one.
fn gives_way(before: &Table<'_>, after: &Table<'_>) -> bool {
    let only = |table: &Table<'_>| match table.len() {
        1 => table.keys().next().map(|key| key.get_ref().to_string()),
        _ => None,
    };
    only(before).zip(only(after)).is_some_and(|(before, after)| before != after)
}

/// Lays a table over another.
pub(super) fn onto_table<'t>(old: &mut Table<'t>, new: Value<'t>, flaws: &mut Vec<Flaw>) {
    let span = new.span();
    let DeValue::Table(table) = new.into_inner() else {
        let help = Some("name the keys that change, as in `check.deadline.within = { days = 5 }`".to_owned());
        flaws.push(Flaw { code: code::WRONG_CHANGE, span, what: "a change is a table".to_owned(), help });
        return;
    };
    for (key, value) in table {
        if key.get_ref() == WITHOUT {
            let gone: Vec<&str> = as_tables(&value).iter().filter_map(as_text).collect();
            gone.iter().for_each(|key| drop(old.remove(*key)));
        } else if let Some(before) = old.get_mut(key.get_ref().as_ref()) {
            onto(key.get_ref(), before, value, flaws);
        } else {
            old.insert(key, value);
        }
    }
}

/// Lays the values of a table over the elements of a list that its keys name, or number from 1 on.
fn onto_elements<'t>(items: &mut [Value<'t>], new: Value<'t>, flaws: &mut Vec<Flaw>) {
    let DeValue::Table(table) = new.into_inner() else { return };
    for (key, value) in table {
        let name = key.get_ref().as_ref();
        let numbered = || name.parse::<usize>().ok()?.checked_sub(1).filter(|at| *at < items.len());
        let place = items.iter().position(|item| id_of(item) == Some(name)).or_else(numbered);
        match place.and_then(|at| items.get_mut(at)) {
            Some(item) => onto(name, item, value, flaws),
            None => flaws.push(Flaw {
                code: code::WRONG_CHANGE,
                span: key.span(),
                what: format!("the list has no element `{name}`"),
                help: Some("name an element by its `id`, `stage` or `word`, or by its number from 1 on".to_owned()),
            }),
        }
    }
}

/// Lays a value over each element of a list that has a name: a rule may be written once for each of several versions.
pub(super) fn onto_each<'t>(list: &mut Value<'t>, name: &str, value: &Value<'t>, flaws: &mut Vec<Flaw>) {
    let DeValue::Array(items) = list.get_mut() else { return };
    for item in items.iter_mut().filter(|item| id_of(item) == Some(name)) {
        if let DeValue::Table(table) = item.get_mut() {
            onto_table(table, value.clone(), flaws);
        }
    }
}

/// Sets a key of each element of a list that has a name.
pub(super) fn set_in_each<'t>(list: &mut Value<'t>, name: &str, key: &'static str, value: &Value<'t>) {
    let DeValue::Array(items) = list.get_mut() else { return };
    for item in items.iter_mut().filter(|item| id_of(item) == Some(name)) {
        if let DeValue::Table(table) = item.get_mut() {
            table.insert(Spanned::new(value.span(), Cow::Borrowed(key)), value.clone());
        }
    }
}

/// Leaves out the rules with an id.
pub(super) fn leave_out(table: &mut Table<'_>, id: &str) {
    let Some(DeValue::Array(rules)) = table.get_mut("rule").map(Spanned::get_mut) else { return };
    *rules = rules.iter().filter(|rule| id_of(rule) != Some(id)).cloned().collect();
}

/// Appends the elements of a list to one of a table.
pub(super) fn append<'t>(table: &mut Table<'t>, key: &'static str, more: Value<'t>) {
    match table.get_mut(key).map(Spanned::get_mut) {
        Some(DeValue::Array(items)) => as_tables(&more).iter().for_each(|item| items.push(item.clone())),
        _ => drop(table.insert(Spanned::new(more.span(), Cow::Borrowed(key)), more)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[test]
    fn a_value_is_laid_over_another_by_what_it_is() {
        for (old, new, expected) in [
            ("within = { days = 7 }", "within = { business_days = 1 }", "within = { business_days = 1 }"),
            ("within = { days = 7 }", "within = { days = 1 }", "within = { days = 1 }"),
            (
                "lines = { categories = [1] }",
                "lines = { reasons = [2] }",
                "lines = { categories = [1], reasons = [2] }",
            ),
            ("kinds = [1, 2]", "kinds = [3]", "kinds = [3]"),
            ("a = { b = 1, c = 2 }", "a.without = ['b']", "a = { c = 2 }"),
            ("a = [{ id = 'x', n = 1 }, { n = 2 }]", "a.x.n = 3\na.2.n = 4", "a = [{ id = 'x', n = 3 }, { n = 4 }]"),
            ("a = 1", "a = { b = 2 }", "a = { b = 2 }"),
            ("a = { b = 2 }", "a = 1", "a = 1"),
        ] {
            let parsed = |text: &'static str| DeTable::parse(text).unwrap().into_inner();
            let (mut table, mut flaws) = (parsed(old), Vec::new());
            onto_table(&mut table, Spanned::new(0..0, DeValue::Table(parsed(new))), &mut flaws);
            assert!(flaws.is_empty(), "{old}, {new}");
            let plain = |table: Table<'_>| {
                let value = Spanned::new(0..0, DeValue::Table(table));
                toml::Value::deserialize(toml::de::ValueDeserializer::from(value)).unwrap()
            };
            assert_eq!(plain(table), plain(parsed(expected)), "{old}, {new}");
        }
    }
}
