//! Words that exports cannot have, or that nobody but one rule knows: perhaps misspelt.
//!
//! Kinds of request and outcomes are closed lists. The others are open: a word is known if the vocabulary has it, if the
//! policy declares it (`categories`, `known`, the stages of a schedule), or if two places of the policy use it.

use super::code::{UNKNOWN_KIND, UNKNOWN_WORD};
use super::{Subject, further_conditions};
use crate::column::CodeColumn;
use crate::policy::condition::{Base, Condition};
use crate::policy::rule::{Basis, Check, Rule};
use crate::policy::word::Word;
use crate::policy::{OwnWords, Problem, Vocabulary};
use crate::wording::did_you_mean;
use std::collections::BTreeSet;

/// The list that a word belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum List {
    Kinds,
    Outcomes,
    Categories,
    Reasons,
    Channels,
    PaymentMethods,
    Levels,
    Stages,
    OutageCauses,
    Remedies,
}

impl List {
    fn of(column: CodeColumn) -> List {
        match column {
            CodeColumn::PaymentMethod | CodeColumn::RefundMethod => List::PaymentMethods,
            CodeColumn::Kind => List::Kinds,
            CodeColumn::Channel => List::Channels,
            CodeColumn::Reason => List::Reasons,
            CodeColumn::Level => List::Levels,
            CodeColumn::Stage => List::Stages,
            CodeColumn::OutageCause => List::OutageCauses,
            CodeColumn::Outcome => List::Outcomes,
            CodeColumn::Remedy => List::Remedies,
        }
    }

    /// As the vocabulary and `known` name it.
    fn name(self) -> &'static str {
        match self {
            List::Kinds => "kinds",
            List::Outcomes => "outcomes",
            List::Categories => "categories",
            List::Reasons => "reasons",
            List::Channels => "channels",
            List::PaymentMethods => "payment_methods",
            List::Levels => "levels",
            List::Stages => "stages",
            List::OutageCauses => "outage_causes",
            List::Remedies => "remedies",
        }
    }

    /// One of its words, named.
    fn one(self) -> &'static str {
        match self {
            List::Kinds => "kind of request",
            List::Outcomes => "outcome",
            List::Categories => "category",
            List::Reasons => "reason",
            List::Channels => "channel",
            List::PaymentMethods => "method of payment",
            List::Levels => "level",
            List::Stages => "stage",
            List::OutageCauses => "cause of an outage",
            List::Remedies => "remedy",
        }
    }

    fn is_closed(self) -> bool {
        matches!(self, List::Kinds | List::Outcomes)
    }

    fn declared(self, known: &OwnWords) -> &[Word] {
        match self {
            List::Kinds | List::Outcomes | List::Categories => &[],
            List::Reasons => &known.reasons,
            List::Channels => &known.channels,
            List::PaymentMethods => &known.payment_methods,
            List::Levels => &known.levels,
            List::Stages => &known.stages,
            List::OutageCauses => &known.outage_causes,
            List::Remedies => &known.remedies,
        }
    }
}

/// A word where a policy uses it.
struct Use {
    list: List,
    word: Word,
    /// The table that uses it, such as `rule/3`.
    owner: String,
    /// The place within that table.
    place: String,
}

pub(super) fn lint(subject: &Subject<'_>) -> Vec<Problem> {
    let Some(vocabulary) = subject.vocabulary else { return Vec::new() };
    let uses = uses(subject);
    let mut problems = stages(subject, vocabulary);
    for found in &uses {
        let known = known(subject, vocabulary, found.list);
        if known.contains(&found.word) {
            continue;
        }
        let is_same = |other: &&Use| other.list == found.list && other.word == found.word;
        let is_shared = uses.iter().filter(is_same).any(|other| other.owner != found.owner);
        if found.list.is_closed() || !is_shared {
            let place = format!("{}/{}", found.owner, found.place);
            problems.push(unknown(subject, found.list, found.word, &known, &place));
        }
    }
    problems
}

fn unknown(subject: &Subject<'_>, list: List, word: Word, known: &BTreeSet<Word>, place: &str) -> Problem {
    let texts: Vec<String> = known.iter().map(|word| word.text()).collect();
    let (text, name) = (word.text(), list.name());
    let near = did_you_mean(&text, texts.iter().map(String::as_str));
    let declare = match list {
        List::Kinds | List::Outcomes => {
            let all: BTreeSet<String> = texts.iter().map(|text| format!("`{text}`")).collect();
            let all = all.into_iter().collect::<Vec<_>>().join(", ");
            let near = near.unwrap_or_else(|| format!("there are {all}"));
            let what = format!("unknown {} `{text}`", list.one());
            return subject.problem(UNKNOWN_KIND, place, what, near);
        }
        List::Categories => "`categories` in `[policy]` declares new ones".to_owned(),
        _ => format!("`known = {{ {name} = [\"{text}\"] }}` in `[policy]` declares it"),
    };
    let help = near.map_or(declare.clone(), |near| format!("{near} if not, {declare}"));
    let what = format!("the {} `{text}` is in no list of words, and nothing else uses it", list.one());
    subject.problem(UNKNOWN_WORD, place, what, help)
}

/// What the vocabulary and the policy declare.
fn known(subject: &Subject<'_>, vocabulary: &Vocabulary, list: List) -> BTreeSet<Word> {
    let policy = subject.policy;
    let mut known: BTreeSet<Word> = list.declared(&policy.known).iter().copied().collect();
    match list {
        List::Kinds => known.extend(&vocabulary.kinds),
        List::Outcomes => known.extend(vocabulary.outcomes.keys()),
        List::Categories => known.extend(vocabulary.categories.iter().chain(&policy.categories)),
        _ => known.extend(vocabulary.known.get(list.name()).into_iter().flatten()),
    }
    if list == List::Stages {
        known.extend(policy.schedules.iter().flat_map(|schedule| schedule.stages.iter().map(|stage| stage.stage)));
    }
    known
}

/// How many letters a misspelt stage differs by from the one that is meant.
const SLIPS: usize = 2;

/// A schedule declares its stages, so that a new one is no mistake; one like a known word is.
fn stages(subject: &Subject<'_>, vocabulary: &Vocabulary) -> Vec<Problem> {
    let mut known: BTreeSet<Word> = subject.policy.known.stages.iter().copied().collect();
    known.extend(vocabulary.known.get(List::Stages.name()).into_iter().flatten());
    let mut problems = Vec::new();
    for (at, schedule) in subject.policy.schedules.iter().enumerate() {
        for (stage, written) in schedule.stages.iter().enumerate() {
            let text = written.stage.text();
            let is_near = |word: &Word| strsim::osa_distance(&text, &word.text()) <= SLIPS;
            if !known.contains(&written.stage) && known.iter().any(is_near) {
                let place = format!("schedule/{at}/stages/{stage}/stage");
                problems.push(unknown(subject, List::Stages, written.stage, &known, &place));
            }
        }
    }
    problems
}

/// Every word that the policy's rules and `[upper_side]` compare.
fn uses(subject: &Subject<'_>) -> Vec<Use> {
    let mut uses = Vec::new();
    for (at, rule) in subject.policy.rules.iter().enumerate() {
        let at = subject.places.rule(rule).unwrap_or(at);
        of_rule(rule, &mut Uses { owner: format!("rule/{at}"), uses: &mut uses });
    }
    if let Some(upper) = &subject.policy.upper_side {
        let mut of_upper = Uses { owner: "upper_side".to_owned(), uses: &mut uses };
        of_upper.list(List::Kinds, &upper.kinds, "kinds");
        of_upper.list(List::Reasons, &upper.except_reasons, "except_reasons");
    }
    uses
}

/// Gathers the words of one table.
struct Uses<'a> {
    owner: String,
    uses: &'a mut Vec<Use>,
}

impl Uses<'_> {
    fn word(&mut self, list: List, word: Word, place: String) {
        self.uses.push(Use { list, word, owner: self.owner.clone(), place });
    }

    fn list(&mut self, list: List, words: &[Word], place: &str) {
        words.iter().enumerate().for_each(|(at, word)| self.word(list, *word, format!("{place}/{at}")));
    }

    fn conditions(&mut self, conditions: &[Condition], place: &str) {
        conditions.iter().enumerate().for_each(|(at, condition)| self.condition(condition, &format!("{place}/{at}")));
    }

    /// The categories by which a window opens.
    fn base(&mut self, base: &Base, place: &str) {
        let Base::ByCategory(entries) = base else { return };
        for (at, entry) in entries.iter().enumerate() {
            let place = format!("{place}/by_category/{at}");
            self.list(List::Categories, &entry.category, &format!("{place}/category"));
            self.base(&entry.after, &format!("{place}/after"));
        }
    }

    fn condition(&mut self, condition: &Condition, place: &str) {
        match condition {
            Condition::Code(test) => self.list(List::of(test.column), &test.one_of, &format!("{place}/code/one_of")),
            Condition::AnyLine(test) => {
                let categories = test.category.as_deref().unwrap_or_default();
                self.list(List::Categories, categories, &format!("{place}/any_line/category"));
            }
            Condition::Timely(timely) => {
                self.base(&timely.after, &format!("{place}/timely/after"));
                if let Some(more) = &timely.extended {
                    self.conditions(&more.when, &format!("{place}/timely/extended/when"));
                }
            }
            Condition::Not(never) => self.condition(never, &format!("{place}/not")),
            Condition::Any(alternatives) => self.conditions(alternatives, &format!("{place}/any")),
            _ => {}
        }
    }
}

fn of_rule(rule: &Rule, uses: &mut Uses<'_>) {
    uses.list(List::Kinds, rule.kinds.as_deref().unwrap_or_default(), "kinds");
    uses.list(List::Kinds, &rule.except_kinds, "except_kinds");
    uses.list(List::Categories, rule.target.as_deref().unwrap_or_default(), "target");
    uses.conditions(&rule.when, "when");
    for (place, conditions) in further_conditions(rule) {
        uses.conditions(conditions, &place);
    }
    let place = |key: &str| format!("check/{}/{key}", rule.check.kind());
    uses.list(List::Categories, rule.check.line_categories().unwrap_or_default(), &place("categories"));
    match &rule.check {
        Check::NonRefundable(lines) => {
            uses.list(List::Categories, lines.categories.as_deref().unwrap_or_default(), &place("categories"));
            uses.list(List::Reasons, &lines.allowed_reasons, &place("allowed_reasons"));
            uses.list(List::Reasons, &lines.review_reasons, &place("review_reasons"));
        }
        Check::ExactAmount(exact) => {
            uses.list(List::Reasons, &exact.review_reasons, &place("review_reasons"));
            match &exact.by {
                Basis::Balance { or_schedule_target, .. } => {
                    uses.list(List::Categories, or_schedule_target, &place("by/balance/or_schedule_target"));
                }
                Basis::Lines { optional, .. } => uses.list(List::Categories, optional, &place("by/lines/optional")),
                Basis::Downtime { fee, .. } => uses.list(List::Categories, fee, &place("by/downtime/fee")),
                _ => {}
            }
        }
        Check::Deadline(deadline) => {
            let Some(by) = &deadline.within_by else { return };
            for (at, term) in by.terms.iter().enumerate() {
                uses.word(List::of(by.column), term.word, place(&format!("within_by/terms/{at}/word")));
            }
        }
        Check::Window(window) => {
            let outcomes = window.parent_outcome.as_deref().unwrap_or_default();
            uses.list(List::Outcomes, outcomes, &place("parent_outcome"));
            uses.base(&window.after, &place("after"));
        }
        Check::Ladder(ladder) => uses.list(List::of(ladder.column), &ladder.steps, &place("steps")),
        _ => {}
    }
}
