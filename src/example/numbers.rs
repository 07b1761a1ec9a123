//! Whether the worked examples of a policy depend on its numbers: a number that can be one more or one less without any
//! example giving another verdict is not shown by any.

use super::{Example, RunError, mismatch, written};
use crate::policy::lint::code::UNTESTED_NUMBER;
use crate::policy::{Catalogue, Policy, Problem, Source};
use rayon::prelude::*;
use rust_decimal::Decimal;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A number of a rule, or of a schedule that rules use.
struct Number {
    /// The rules whose examples can depend on it.
    rules: Vec<String>,
    /// Where it is written.
    span: Range<usize>,
    /// What may stand there instead.
    instead: Vec<String>,
}

/// The numbers of a policy file on which no example depends, each with its place. Rules without any example are passed
/// over.
///
/// # Errors
/// When the examples cannot be read, or a temporary file cannot be written.
pub fn unnoticed(catalogue: &Catalogue, policy: &Policy, examples: &Source) -> Result<Vec<Problem>, RunError> {
    let written = written(examples).map_err(RunError::File)?;
    let Some(source) = catalogue.sources.iter().find(|source| source.name == policy.file) else {
        return Ok(Vec::new());
    };
    let Ok(table) = DeTable::parse(&source.text) else { return Ok(Vec::new()) };
    let numbers = numbers(table.get_ref(), policy);
    let judged: Vec<Option<Problem>> = numbers
        .par_iter()
        .map(|number| {
            let own = |example: &&Spanned<Example>| number.rules.contains(&example.get_ref().rule);
            let own: Vec<&Example> = written.examples.iter().filter(own).map(Spanned::get_ref).collect();
            let noticed = own.is_empty() || is_noticed(catalogue, policy, source, number, &own)?;
            Ok((!noticed).then(|| problem(source, number)))
        })
        .collect::<Result<_, RunError>>()?;
    Ok(judged.into_iter().flatten().collect())
}

fn problem(source: &Source, number: &Number) -> Problem {
    let text = source.text.get(number.span.clone()).unwrap_or_default();
    let rules: Vec<String> = number.rules.iter().map(|rule| format!("`{rule}`")).collect();
    Problem {
        code: UNTESTED_NUMBER,
        file: source.name.clone(),
        span: number.span.clone(),
        what: format!("no example of {} depends on the number {text}", rules.join(", ")),
        help: Some(
            "add an example at the boundary: one that complies, and one a unit further that does not".to_owned(),
        ),
    }
}

/// Whether some example gives another verdict if the number is another.
fn is_noticed(
    catalogue: &Catalogue,
    policy: &Policy,
    source: &Source,
    number: &Number,
    examples: &[&Example],
) -> Result<bool, RunError> {
    for instead in &number.instead {
        let mut sources = catalogue.sources.clone();
        for changed in sources.iter_mut().filter(|changed| changed.name == source.name) {
            changed.text.replace_range(number.span.clone(), instead);
        }
        // A file that does not load with another number depends on it.
        let Ok(changed) = Catalogue::of(sources) else { return Ok(true) };
        let Some(policy) = changed.policy(policy.own_name()) else { return Ok(true) };
        for example in examples {
            if mismatch(&changed, policy, example)?.is_some() {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

fn numbers(table: &DeTable<'_>, policy: &Policy) -> Vec<Number> {
    let mut found = Vec::new();
    let tables = |name: &str| table.get(name).and_then(|list| list.get_ref().as_array()).into_iter().flatten();
    let id = |table: &Spanned<DeValue<'_>>| Some(table.get_ref().as_table()?.get("id")?.get_ref().as_str()?.to_owned());
    for rule in tables("rule") {
        let rules: Vec<String> = id(rule).into_iter().collect();
        let tested = ["when", "check"].iter().filter_map(|key| rule.get_ref().as_table()?.get(*key));
        tested.for_each(|value| in_value(value, &rules, &mut found));
    }
    for schedule in tables("schedule") {
        let Some(id) = id(schedule) else { continue };
        let uses = |check: &crate::policy::rule::Check| check.schedules().contains(&id.as_str());
        let rules: Vec<String> = policy.rules.iter().filter(|r| uses(&r.check)).map(|r| r.id.clone()).collect();
        let stages = schedule.get_ref().as_table().and_then(|table| table.get("stages"));
        stages.into_iter().for_each(|value| in_value(value, &rules, &mut found));
    }
    found
}

fn in_value(value: &Spanned<DeValue<'_>>, rules: &[String], found: &mut Vec<Number>) {
    let mut add = |number: Decimal, written: &dyn Fn(Decimal) -> String| {
        let less = (number > Decimal::ZERO).then(|| number - Decimal::ONE).filter(|less| !less.is_sign_negative());
        let instead = less.into_iter().chain([number.saturating_add(Decimal::ONE)]).map(written).collect();
        found.push(Number { rules: rules.to_vec(), span: value.span(), instead });
    };
    match value.get_ref() {
        DeValue::Table(table) => table.values().for_each(|value| in_value(value, rules, found)),
        DeValue::Array(items) => items.iter().for_each(|value| in_value(value, rules, found)),
        DeValue::Integer(number) => {
            if let Ok(number) = number.as_str().parse() {
                add(number, &|number| number.to_string());
            }
        }
        DeValue::String(text) => {
            if let Ok(number) = text.parse() {
                add(number, &|number| format!("\"{number}\""));
            }
        }
        _ => {}
    }
}
