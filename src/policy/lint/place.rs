//! Where in a policy file things stand, by a path of keys and of places in lists: `rule/3/kinds/0`.

use crate::policy::rule::Rule;
use std::collections::BTreeMap;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The places of a file, in bytes. Of a table the parser gives its header alone.
pub(super) struct Places(BTreeMap<String, Range<usize>>);

impl Places {
    /// The places of a text; those of what is not well-formed are missing.
    pub(super) fn of(text: &str) -> Places {
        let mut places = BTreeMap::new();
        let (table, _) = DeTable::parse_recoverable(text);
        for (key, value) in table.get_ref() {
            gather(key.get_ref(), value, &mut places);
        }
        Places(places)
    }

    /// The place of a path, or of the nearest table or list around it that the file has.
    pub(super) fn find(&self, path: &str) -> Option<Range<usize>> {
        let mut path = path;
        loop {
            if let Some(span) = self.0.get(path) {
                return Some(span.clone());
            }
            (path, _) = path.rsplit_once('/')?;
        }
    }

    /// The place of a rule among those of the file.
    pub(super) fn rule(&self, rule: &Rule) -> Option<usize> {
        self.rule_from(rule.written.bytes.start)
    }

    fn rule_from(&self, start: usize) -> Option<usize> {
        let mut spans = (0..).map_while(|at| self.0.get(&format!("rule/{at}")));
        spans.position(|span| span.start == start)
    }
}

/// The place of the first of some paths that a rule has, by where the rule begins; the rule's header if it has none.
pub(in crate::policy) fn within_rule(text: &str, header: &Range<usize>, paths: &[&str]) -> Range<usize> {
    let places = Places::of(text);
    let Some(rule) = places.rule_from(header.start) else { return header.clone() };
    let found = paths.iter().find_map(|path| places.0.get(&format!("rule/{rule}/{path}")));
    found.unwrap_or(header).clone()
}

fn gather(path: &str, value: &Spanned<DeValue<'_>>, places: &mut BTreeMap<String, Range<usize>>) {
    places.insert(path.to_owned(), value.span());
    match value.get_ref() {
        DeValue::Table(table) => {
            table.iter().for_each(|(key, value)| gather(&format!("{path}/{}", key.get_ref()), value, places));
        }
        DeValue::Array(items) => {
            items.iter().enumerate().for_each(|(at, item)| gather(&format!("{path}/{at}"), item, places));
        }
        _ => {}
    }
}
