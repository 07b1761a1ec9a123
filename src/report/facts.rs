//! What policies and rules say of themselves: for the terminal and for pages alike.

use super::layout::counted;
use crate::column::Column;
use crate::policy::Policy;
use crate::policy::rule::Rule;
use crate::policy::word::Word;
use crate::wording;

/// A named text.
pub struct Fact {
    /// What the text is, such as `source`.
    pub name: &'static str,
    /// Never empty.
    pub text: String,
}

/// What a policy says of itself.
pub fn of_policy(policy: &Policy) -> Vec<Fact> {
    let mut facts = Vec::new();
    let mut add = |name, text: String| {
        if !text.is_empty() {
            facts.push(Fact { name, text });
        }
    };
    add("name", policy.own_name().to_owned());
    if policy.amendment.is_some() {
        add("amends", policy.name.clone());
    }
    add("source", policy.source.clone());
    add("reading", policy.reading.clone());
    if policy.base {
        add("applies", "to the cases of every policy that does not replace its rules".to_owned());
    }
    for version in &policy.versions {
        add("version", version.to_string());
    }
    add("zone", policy.zone.name().to_owned());
    if let Some(calendar) = &policy.calendar {
        let (first, last) = calendar.covers();
        let holidays = calendar.holidays().range(first..=last).count() as u64;
        add(
            "calendar",
            format!("{}: {} from {first} to {last}", calendar.name, counted(holidays, "holiday", "holidays")),
        );
    }
    if let Some(upper) = &policy.upper_side {
        let mut text = format!("largest amounts are also held against {}", words(&upper.kinds));
        if !upper.except_reasons.is_empty() {
            text.push_str(&format!(", unless the reason is {}", words(&upper.except_reasons)));
        }
        add("upper side", text);
    }
    facts
}

/// To what a rule applies, and how it is read.
pub fn of_rule(rule: &Rule) -> Vec<Fact> {
    let mut facts = Vec::new();
    let mut add = |name, text: String| facts.push(Fact { name, text });
    add(
        "about",
        match &rule.kinds {
            _ if rule.check.is_about_lines() => "invoice lines".to_owned(),
            Some(kinds) => words(kinds),
            None if rule.except_kinds.is_empty() => "every kind of request".to_owned(),
            None => format!("every kind of request but {}", words(&rule.except_kinds)),
        },
    );
    if let Some(target) = &rule.target {
        add("target", words(target));
    }
    if !rule.when.is_empty() {
        add("applies if", rule.when.iter().map(wording::question).collect::<Vec<_>>().join("; "));
    }
    if !rule.needs.is_empty() {
        let columns: Vec<&str> = rule.needs.iter().map(|column| Column::from(*column).name()).collect();
        add("needs", columns.join(", "));
    }
    if rule.upper_side {
        add("upper side", "its largest amount is held against the other kinds too".to_owned());
    }
    add("check", rule.check.kind().to_owned());
    match (&rule.since, &rule.until) {
        (Some(since), Some(until)) => add("in force", format!("from {since} until {until}")),
        (Some(since), None) => add("in force", format!("from {since}")),
        (None, Some(until)) => add("in force", format!("until {until}")),
        (None, None) => {}
    }
    if let Some(replaced) = &rule.replaces {
        add("replaces", replaced.clone());
    }
    if let Some(reading) = &rule.reading {
        add("reading", reading.clone());
    }
    facts
}

fn words(words: &[Word]) -> String {
    words.iter().map(|word| word.text()).collect::<Vec<_>>().join(", ")
}
