//! Policies: what the texts demand, as data.
//!
//! A file of the folder `policies` is a [`Policy`]; `vocabulary.toml` holds the words that all exports share; the
//! folder `calendars` holds public holidays. The shipped files are part of the program; a folder of the user's own
//! adds to them or takes the place of those with the same name.

pub mod amendment;
pub mod condition;
pub mod conditions;
mod lay;
mod layers;
pub mod lint;
mod load;
pub mod rule;
mod schema;
mod shipped;
mod skeleton;
pub mod word;

pub use crate::document::{Code, Level, Problem, Source};
pub use layers::Entry;
pub use load::{Alternative, Strictness, Untested};
pub use schema::schema;
pub use shipped::shipped;
pub use skeleton::{Skeleton, skeleton};

use crate::calendar::Calendar;
use crate::text::Sym;
use crate::time::Zone;
use amendment::Amendment;
use chrono::NaiveDate;
use condition::Count;
use rule::{Rule, Schedule};
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use word::Word;

/// One family's text, all its versions.
#[derive(Clone, Debug)]
pub struct Policy {
    /// The family, as invoices name it.
    pub name: String,
    /// The text's title.
    pub title: String,
    /// Where the text comes from and in which state it is.
    pub source: String,
    /// Choices of reading that concern the whole text.
    pub reading: String,
    /// The file that it was read from.
    pub file: String,
    /// The zone in which its dates are taken.
    pub zone: Zone,
    /// Its business days.
    pub calendar: Option<Calendar>,
    /// Whether its rules apply to the cases of every other policy.
    pub base: bool,
    /// Further categories of invoice lines.
    pub categories: Vec<Word>,
    /// Words of its own, beyond those of the vocabulary.
    pub known: OwnWords,
    /// The clauses of the text, each of which a rule tests or `untested` explains; `None` if they are not listed.
    pub clauses: Option<Vec<String>>,
    /// The kinds against which the upper side of a rule is held too.
    pub upper_side: Option<UpperSide>,
    /// From the oldest on.
    pub versions: Vec<Version>,
    /// The schedules that its rules refer to.
    pub schedules: Vec<Schedule>,
    /// In the order of the file.
    pub rules: Vec<Rule>,
    /// What no rule tests.
    pub untested: Vec<Untested>,
    /// Readings that could be taken in place of those declared.
    pub alternatives: Vec<Alternative>,
    /// The agreement that overrides it for some cases; `None` for the general text.
    pub amendment: Option<Amendment>,
}

/// Which of several possible catalogues a set of files gives.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// Alternative readings that take the place of those declared, by id.
    pub readings: BTreeSet<String>,
    /// All alternative readings of a kind.
    pub all: Option<Strictness>,
    /// Versions that judge all cases of their policy, whenever these were submitted.
    pub versions: BTreeMap<String, String>,
}

impl Choice {
    /// Whether an alternative reading is chosen.
    fn reads(&self, id: &str, strictness: Option<&str>) -> bool {
        self.readings.contains(id) || self.all.is_some_and(|all| Some(all.name()) == strictness)
    }
}

/// Words that a policy adds to the open lists of the vocabulary, by list.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[allow(missing_docs, reason = "they are named as the vocabulary's lists")]
pub struct OwnWords {
    pub reasons: Vec<Word>,
    pub channels: Vec<Word>,
    pub payment_methods: Vec<Word>,
    pub levels: Vec<Word>,
    pub stages: Vec<Word>,
    pub outage_causes: Vec<Word>,
    pub remedies: Vec<Word>,
}

/// The kinds against which the upper side of a rule is held too.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UpperSide {
    /// The kinds.
    pub kinds: Vec<Word>,
    /// Reasons that have rules of their own.
    #[serde(default)]
    pub except_reasons: Vec<Word>,
}

/// The state of a text from a day on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// As findings name it.
    pub id: String,
    /// The first day on which it is in force; `None`: always.
    pub from: Option<NaiveDate>,
}

impl fmt::Display for Version {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.from {
            Some(from) => write!(to, "{} (in force from {from})", self.id),
            None => to.write_str(&self.id),
        }
    }
}

/// What an outcome means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutcomeClass {
    /// Approved in whole or in part.
    Accepted,
    /// Denied.
    Denied,
    /// Not decided yet.
    Pending,
    /// Taken back by whoever asked.
    Withdrawn,
}

/// The words that the exports share.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vocabulary {
    /// Kinds of request.
    pub kinds: Vec<Word>,
    /// Categories of invoice lines.
    pub categories: Vec<Word>,
    /// Outcomes of a decision, and what they mean.
    pub outcomes: BTreeMap<Word, OutcomeClass>,
    /// Open lists: words that exports are known to use, by column.
    #[serde(default)]
    pub known: BTreeMap<String, Vec<Word>>,
}

/// Every policy that is loaded, and the words.
#[derive(Clone, Debug)]
pub struct Catalogue {
    /// The base policy first, the families by name.
    pub policies: Vec<Policy>,
    /// The words.
    pub vocabulary: Vocabulary,
    /// The files read: name and text, by name.
    pub sources: Vec<Source>,
}

/// The stem of the file of words.
const VOCABULARY: &str = "vocabulary";
/// How the names of files of stories begin.
const STORIES: &str = "stories/";

impl Catalogue {
    /// Builds the catalogue of a set of files: `NAME.toml`, `vocabulary.toml` and `calendars/NAME.csv`. Files of
    /// examples and of stories are left out.
    ///
    /// # Errors
    /// Every problem of every file.
    pub fn of(sources: Vec<Source>) -> Result<Catalogue, Vec<Problem>> {
        Catalogue::chosen(sources, &Choice::default())
    }

    /// Builds the catalogue of a set of files with other readings than those declared, or with one version for all.
    ///
    /// # Errors
    /// Every problem of every file.
    pub fn chosen(sources: Vec<Source>, choice: &Choice) -> Result<Catalogue, Vec<Problem>> {
        let Loaded { mut policies, words, mut problems } = Loaded::of(&sources, choice);
        policies.sort_by(|a, b| b.base.cmp(&a.base).then_with(|| a.full_name().cmp(&b.full_name())));
        match words {
            Some(vocabulary) if problems.is_empty() => Ok(Catalogue { policies, vocabulary, sources }),
            Some(_) => Err(problems),
            None => {
                problems.push(Problem {
                    code: Code::default(),
                    file: format!("{VOCABULARY}.toml"),
                    span: 0..0,
                    what: "the file of words is missing".to_owned(),
                    help: Some("keep the shipped one, or put one beside the policies".to_owned()),
                });
                Err(problems)
            }
        }
    }

    /// The policies that invoices can name.
    pub fn families(&self) -> impl Iterator<Item = &Policy> {
        self.policies.iter().filter(|p| !p.base && p.amendment.is_none())
    }

    /// What amendments make of them.
    pub fn amended(&self) -> impl Iterator<Item = &Policy> {
        self.policies.iter().filter(|p| p.amendment.is_some())
    }

    /// A policy or an amendment by its name.
    pub fn policy(&self, name: &str) -> Option<&Policy> {
        self.policies.iter().find(|p| p.own_name() == name)
    }

    /// Every value of a policy or an amendment with the document that it comes from; `None` if there is none of that
    /// name.
    pub fn effective(&self, name: &str) -> Option<Vec<Entry>> {
        let (layered, _) = layers::layered(self.sources.iter().filter(is_policy), &Choice::default());
        let named = |layers: &&layers::Layered<'_>| match &layers.amendment {
            Some(amendment) => amendment.0 == name,
            None => layers.name() == Some(name),
        };
        layered.iter().find(named).map(layers::Layered::entries)
    }

    /// The same files, read in another way.
    ///
    /// # Errors
    /// Every problem that the other way makes.
    pub fn under(&self, choice: &Choice) -> Result<Catalogue, Vec<Problem>> {
        Catalogue::chosen(self.sources.clone(), choice)
    }

    /// The files of stories from which exports are generated, by name.
    pub fn stories(&self) -> impl Iterator<Item = &Source> {
        self.sources.iter().filter(|source| source.name.starts_with(STORIES) && source.name.ends_with(".toml"))
    }

    /// The files on which judging rests, by name: policies, words and calendars, but not examples nor stories.
    pub fn judging(&self) -> impl Iterator<Item = &Source> {
        let examples = |source: &&Source| source.name.ends_with(".examples.toml") || source.name.starts_with(STORIES);
        let used = |source: &&Source| [".toml", ".csv"].iter().any(|ending| source.name.ends_with(ending));
        self.sources.iter().filter(move |source| used(source) && !examples(source))
    }

    /// A rule as its file writes it.
    pub fn written(&self, rule: &Rule) -> &str {
        let source = self.sources.iter().find(|source| source.name == rule.written.file);
        source.and_then(|source| source.text.get(rule.written.bytes.clone())).unwrap_or_default()
    }

    /// What reading the exports needs to know: [`crate::record::Invoice::policy`] indexes the families in this order.
    pub fn reading_vocabulary(&self) -> crate::record::Vocabulary {
        let texts = |words: &mut dyn Iterator<Item = Word>| {
            words.map(Word::text).collect::<BTreeSet<String>>().into_iter().collect::<Vec<String>>()
        };
        crate::record::Vocabulary {
            families: self.families().map(|p| (crate::text::normal_code(&p.name), p.zone)).collect(),
            categories: texts(
                &mut self
                    .vocabulary
                    .categories
                    .iter()
                    .copied()
                    .chain(self.policies.iter().flat_map(Policy::all_categories)),
            ),
            kinds: texts(&mut self.vocabulary.kinds.iter().copied()),
            outcomes: texts(&mut self.vocabulary.outcomes.keys().copied()),
        }
    }

    /// The outcomes with their meaning.
    pub fn outcome_classes(&self) -> Vec<(Sym, OutcomeClass)> {
        self.vocabulary.outcomes.iter().map(|(word, class)| (word.0, *class)).collect()
    }
}

/// What can be read of a set of files, and what is wrong with the rest.
#[derive(Debug)]
struct Loaded {
    /// The policies without problems, in the order of the files.
    policies: Vec<Policy>,
    words: Option<Vocabulary>,
    problems: Vec<Problem>,
}

impl Loaded {
    fn of(sources: &[Source], choice: &Choice) -> Loaded {
        let holidays: BTreeMap<String, Source> = sources
            .iter()
            .filter_map(|s| Some((s.name.strip_prefix("calendars/")?.strip_suffix(".csv")?.to_owned(), s.clone())))
            .collect();
        let (mut policies, mut words) = (Vec::new(), None);
        let (layered, mut problems) = layers::layered(sources.iter().filter(is_policy), choice);
        for layers in layered {
            match load::policy(&layers, &holidays) {
                Ok(policy) => policies.push(policy),
                Err(found) => problems.extend(found),
            }
        }
        if let Some(source) = sources.iter().find(|source| stem(source) == Some(VOCABULARY)) {
            match load::vocabulary(source) {
                Ok(vocabulary) => words = Some(vocabulary),
                Err(found) => problems.extend(found),
            }
        }
        policies.iter_mut().for_each(|policy| policy.pin(&choice.versions));
        same_name_twice(&policies, &mut problems);
        Loaded { policies, words, problems }
    }
}

fn same_name_twice(policies: &[Policy], problems: &mut Vec<Problem>) {
    let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
    for policy in policies {
        if let Some(other) = seen.insert(policy.own_name(), &policy.file) {
            problems.push(Problem {
                code: lint::code::POLICY_TWICE,
                file: policy.file.clone(),
                span: 0..0,
                what: format!("the policy `{}` is also in {other}", policy.own_name()),
                help: Some("give one of them another `name`".to_owned()),
            });
        }
    }
}

/// What a file's name says of its content, if it is a document of a policy or of words.
fn stem(source: &Source) -> Option<&str> {
    let stem = source.name.strip_suffix(".toml")?;
    Some(stem).filter(|stem| !stem.ends_with(".examples") && !stem.starts_with(STORIES))
}

fn is_policy(source: &&Source) -> bool {
    stem(source).is_some_and(|stem| stem != VOCABULARY)
}

impl Policy {
    /// Its own name: an amendment's, or the family's.
    pub fn own_name(&self) -> &str {
        self.amendment.as_ref().map_or(&self.name, |amendment| &amendment.name)
    }

    /// Its worked examples, which lie beside it, if they are among these documents.
    pub(crate) fn examples<'s>(&self, sources: &'s [Source]) -> Option<&'s Source> {
        let name = format!("{}.examples.toml", self.file.strip_suffix(".toml")?);
        sources.iter().find(|source| source.name == name)
    }

    /// The family, and the amendment to it.
    fn full_name(&self) -> (&str, Option<&str>) {
        (&self.name, self.amendment.as_ref().map(|amendment| amendment.name.as_str()))
    }

    /// Lets one of its versions judge all cases, if one is chosen.
    fn pin(&mut self, versions: &BTreeMap<String, String>) {
        let chosen = versions.get(&self.name);
        let Some(at) = chosen.and_then(|id| self.versions.iter().position(|version| version.id == *id)) else { return };
        let mut rules = std::mem::take(&mut self.rules);
        rules.retain(|rule| self.in_version(rule, at));
        self.rules = rules.into_iter().map(|rule| Rule { since: None, until: None, ..rule }).collect();
        self.versions = vec![Version { id: self.versions[at].id.clone(), from: None }];
    }

    /// The version in force on a day, by its index; `None` for a day before the first.
    pub fn version_on(&self, day: NaiveDate) -> Option<usize> {
        self.versions.iter().rposition(|v| v.from.is_none_or(|from| from <= day))
    }

    /// Whether a rule is part of a version.
    pub fn in_version(&self, rule: &Rule, version: usize) -> bool {
        let place = |id: &Option<String>| id.as_ref().and_then(|id| self.versions.iter().position(|v| v.id == *id));
        place(&rule.since).is_none_or(|since| version >= since)
            && place(&rule.until).is_none_or(|until| version < until)
    }

    /// The last day of a term. `None` where the policy's calendar does not reach.
    pub fn last_day(&self, from: NaiveDate, count: Count) -> Option<NaiveDate> {
        match count {
            Count::Days(days) => crate::calendar::days_after(from, days),
            Count::BusinessDays(days) => self.calendar.as_ref()?.after(from, days),
            Count::Months(months) => crate::calendar::months_after(from, months),
        }
    }

    /// A schedule by its id.
    pub fn schedule(&self, id: &str) -> Option<&Schedule> {
        self.schedules.iter().find(|s| s.id == id)
    }

    /// Every category that the policy names, in its list or in a rule.
    fn all_categories(&self) -> impl Iterator<Item = Word> {
        let of_rule = |rule: &Rule| {
            let mut words: Vec<Word> = rule.target.clone().unwrap_or_default();
            words.extend(rule.check.line_categories().unwrap_or_default());
            if let rule::Check::NonRefundable(lines) = &rule.check {
                words.extend(lines.categories.iter().flatten());
            }
            words
        };
        self.categories.iter().copied().chain(self.rules.iter().flat_map(of_rule))
    }
}
