//! What of a policy cannot be right or was probably not meant, although it can be read: a file a family.
//!
//! A lint looks at one policy and returns its problems. It changes nothing, and no audit asks for it. What the worked
//! examples do not show takes running them, and is in [`examples`].

mod calendar;
mod clause;
pub mod code;
mod logic;
pub(super) mod place;
mod schedule;
mod scope;
mod shadow;
mod term;
mod version;
mod word;

use super::condition::Condition;
use super::rule::{Check, Rule, Written};
use super::{Catalogue, Choice, Code, Loaded, Policy, Problem, Source, Vocabulary};
use crate::example::{self, RunError};
use crate::wording::did_you_mean;
use place::Places;
use std::collections::BTreeSet;

/// What checking a set of files gave.
#[derive(Debug)]
pub struct Checked {
    /// The policies that can be read.
    pub policies: Vec<Policy>,
    /// Everything that there is to say, by file and place.
    pub problems: Vec<Problem>,
}

/// Reads a set of files as [`super::Catalogue::of`] does and looks at every policy that can be read.
pub fn check(sources: &[Source]) -> Checked {
    let Loaded { policies, words, mut problems } = Loaded::of(sources, &Choice::default());
    for alternative in policies.iter().flat_map(|policy| &policy.alternatives) {
        let readings = BTreeSet::from([alternative.id.clone()]);
        problems.extend(Loaded::of(sources, &Choice { readings, ..Choice::default() }).problems);
    }
    problems.extend(unknown_replaced(&policies));
    // What an amendment makes of a policy has no text of its own to point at.
    for policy in policies.iter().filter(|policy| policy.amendment.is_none()) {
        let Some(source) = sources.iter().find(|source| source.name == policy.file) else { continue };
        let subject = Subject { policy, source, vocabulary: words.as_ref(), places: Places::of(&source.text) };
        problems.extend(FAMILIES.iter().flat_map(|lint| lint(&subject)));
    }
    problems.sort_by(|a, b| (&a.file, a.span.start, a.code).cmp(&(&b.file, b.span.start, b.code)));
    // An amended policy has the problems of the policy too.
    problems.dedup();
    Checked { policies, problems }
}

/// Rules that say they take the place of one that no base policy has: that of the files, or the shipped one.
fn unknown_replaced(policies: &[Policy]) -> Vec<Problem> {
    let own = policies.iter().any(|policy| policy.base);
    let shipped = if own { Vec::new() } else { Loaded::of(&super::shipped(), &Choice::default()).policies };
    let bases = policies.iter().chain(&shipped).filter(|policy| policy.base);
    let known: Vec<&str> = bases.flat_map(|policy| policy.rules.iter().map(|rule| rule.id.as_str())).collect();
    let mut problems = Vec::new();
    for rule in policies.iter().flat_map(|policy| &policy.rules) {
        if let Some(replaced) = rule.replaces.as_deref().filter(|replaced| !known.contains(replaced)) {
            problems.push(Problem {
                code: code::UNKNOWN_RULE,
                file: rule.written.file.clone(),
                span: rule.written.bytes.clone(),
                what: format!("rule `{}` replaces `{replaced}`, which no base policy has", rule.id),
                help: did_you_mean(replaced, known.iter().copied()),
            });
        }
    }
    problems
}

/// The worked examples beside the policies that do not give what they expect, and the numbers of the policies on which
/// none of them depends.
///
/// # Errors
/// When the examples cannot be read or run.
pub fn examples(sources: &[Source]) -> Result<Vec<Problem>, RunError> {
    // Of files that cannot be loaded there is enough to say without.
    let Ok(catalogue) = Catalogue::of(sources.to_vec()) else { return Ok(Vec::new()) };
    let mut problems = Vec::new();
    for policy in catalogue.policies.iter().filter(|policy| policy.amendment.is_none()) {
        if let Some(examples) = policy.examples(sources) {
            let tested = example::run(&catalogue, examples)?.problems;
            problems.extend(tested.into_iter().map(|problem| Problem { code: code::FAILING_EXAMPLE, ..problem }));
            problems.extend(example::unnoticed(&catalogue, policy, examples)?);
        }
    }
    Ok(problems)
}

/// Every family of lints.
const FAMILIES: [fn(&Subject<'_>) -> Vec<Problem>; 9] = [
    scope::lint,
    shadow::branches,
    shadow::rules,
    word::lint,
    schedule::lint,
    term::lint,
    version::lint,
    calendar::lint,
    clause::lint,
];

/// A policy with what a lint may look at besides.
struct Subject<'a> {
    /// The policy.
    policy: &'a Policy,
    /// Its file.
    source: &'a Source,
    /// The words that all exports share, if they can be read.
    vocabulary: Option<&'a Vocabulary>,
    places: Places,
}

impl Subject<'_> {
    /// A problem at a place, such as `schedule/0/stages/2`.
    fn problem(&self, code: Code, place: &str, what: impl Into<String>, help: impl Into<String>) -> Problem {
        let span = self.places.find(place).unwrap_or(0..0);
        Problem { code, file: self.source.name.clone(), span, what: what.into(), help: Some(help.into()) }
    }

    /// A problem at a place within a rule, such as `kinds`.
    fn in_rule(&self, code: Code, rule: &Rule, place: &str, what: impl Into<String>, help: &str) -> Problem {
        let own = self.places.rule(rule).filter(|_| rule.written.file == self.source.name);
        match own {
            Some(at) => self.problem(code, &format!("rule/{at}/{place}"), what, help),
            // It comes from a document that is laid over the policy.
            None => {
                let Written { file, bytes } = rule.written.clone();
                Problem { file, span: bytes, ..self.problem(code, "", what, help) }
            }
        }
    }

    /// The versions in which a rule is in force, by index; of a policy without versions the only one.
    fn versions_of(&self, rule: &Rule) -> Vec<usize> {
        let versions = self.policy.versions.len().max(1);
        (0..versions).filter(|version| self.policy.in_version(rule, *version)).collect()
    }

    /// Whether two rules are ever in force together.
    fn in_force_together(&self, one: &Rule, other: &Rule) -> bool {
        let others = self.versions_of(other);
        self.versions_of(one).iter().any(|version| others.contains(version))
    }
}

/// The pairs of a list, each once, the earlier first.
fn pairs<T>(all: &[T]) -> impl Iterator<Item = (&T, &T)> {
    all.iter().enumerate().flat_map(|(at, earlier)| all.iter().skip(at + 1).map(move |later| (earlier, later)))
}

/// The lists of conditions of a rule besides `when`, each of which is asked together with it, with their places.
fn further_conditions(rule: &Rule) -> Vec<(String, &[Condition])> {
    match &rule.check {
        Check::Decide(branches) => branches
            .iter()
            .enumerate()
            .map(|(at, branch)| (format!("check/decide/{at}/if"), &*branch.conditions))
            .collect(),
        Check::Deadline(deadline) => {
            let later = deadline.or_later.as_ref();
            later.map(|later| ("check/deadline/or_later/when".to_owned(), &*later.when)).into_iter().collect()
        }
        Check::Window(window) => {
            let review = window.or_review.as_ref();
            review.map(|later| ("check/window/or_review/when".to_owned(), &*later.when)).into_iter().collect()
        }
        Check::ExactAmount(exact) => {
            let review = exact.review_when.as_deref();
            review.map(|when| ("check/exact_amount/review_when".to_owned(), when)).into_iter().collect()
        }
        Check::Required(required) => required
            .demands
            .iter()
            .enumerate()
            .map(|(at, demand)| (format!("check/required/demands/{at}/when"), &*demand.when))
            .collect(),
        _ => Vec::new(),
    }
}
