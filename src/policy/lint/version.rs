//! Versions: rules that a version has twice, or that one between two others lacks, and days before the first.

use super::code::{BEFORE_FIRST_VERSION, VERSION_GAP, VERSIONS_OVERLAP};
use super::{Subject, pairs};
use crate::policy::rule::Rule;
use crate::policy::{Problem, Version};
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn lint(subject: &Subject<'_>) -> Vec<Problem> {
    let mut by_id: BTreeMap<&str, Vec<&Rule>> = BTreeMap::new();
    for rule in &subject.policy.rules {
        by_id.entry(&rule.id).or_default().push(rule);
    }
    let mut problems = Vec::new();
    for states in by_id.values().filter(|states| states.len() > 1) {
        problems.extend(overlaps(subject, states));
        problems.extend(gap(subject, states));
    }
    problems.extend(before_first(subject));
    problems
}

fn named(version: Option<&Version>) -> String {
    version.map_or("the only version".to_owned(), |version| format!("version `{}`", version.id))
}

fn overlaps(subject: &Subject<'_>, states: &[&Rule]) -> Vec<Problem> {
    let overlap = |(earlier, later): (&&Rule, &&Rule)| {
        let others = subject.versions_of(later);
        let both = subject.versions_of(earlier).into_iter().find(|version| others.contains(version))?;
        let version = named(subject.policy.versions.get(both));
        let what = format!("rule `{}` is in force twice in {version}", later.id);
        let help = "end the earlier one with `until`, the version from which the later one is in force";
        Some(subject.in_rule(VERSIONS_OVERLAP, later, "id", what, help))
    };
    pairs(states).filter_map(overlap).collect()
}

fn gap(subject: &Subject<'_>, states: &[&Rule]) -> Option<Problem> {
    let has: BTreeSet<usize> = states.iter().flat_map(|rule| subject.versions_of(rule)).collect();
    let (first, last) = (*has.first()?, *has.last()?);
    let without = (first..last).find(|version| !has.contains(version))?;
    let version = named(subject.policy.versions.get(without));
    let next = states.iter().find(|rule| subject.versions_of(rule).first().is_some_and(|since| *since > without))?;
    let what = format!("{version} is without rule `{}`, which versions before and after it have", next.id);
    let help = "let `until` of one be `since` of the next, if the text had the rule all the time";
    Some(subject.in_rule(VERSION_GAP, next, "since", what, help))
}

/// An undated text is always in force; a dated one leaves days before it.
fn before_first(subject: &Subject<'_>) -> Option<Problem> {
    let first = subject.policy.versions.first()?;
    let from = first.from?;
    let what = format!("cases before {from} are outside every version, and are counted without being judged");
    let help = "add the version that was in force before, if its text is at hand";
    Some(subject.problem(BEFORE_FIRST_VERSION, "version/0/from", what, help))
}
