//! A policy as a page, in Markdown and in HTML: each clause with the rules that test it, their reading and worked examples,
//! and what is not tested, and why.

use super::facts::{self, Fact};
use super::html::{STYLE, csp_of_style};
use crate::example::Example;
use crate::policy::condition::Term;
use crate::policy::rule::{Rule, Schedule, Stage, Work};
use crate::policy::word::Number;
use crate::policy::{Alternative, Catalogue, Policy, Strictness, Untested};
use crate::wording;
use askama::Template;
use std::io::{self, Write};

/// A policy as a page.
pub struct PolicyPage<'a> {
    name: &'a str,
    title: &'a str,
    facts: Vec<Fact>,
    clauses: Vec<Clause<'a>>,
    /// Readings that could be taken in place of those declared.
    readings: Vec<ReadingEntry<'a>>,
    schedules: Vec<ScheduleTable<'a>>,
    /// Of clauses that no rule cites.
    untested: Vec<&'a Untested>,
}

/// A clause that some rule cites.
struct Clause<'a> {
    clause: &'a str,
    rules: Vec<RuleEntry<'a>>,
    /// What else it says.
    untested: Vec<&'a Untested>,
}

struct RuleEntry<'a> {
    id: &'a str,
    clause: &'a str,
    title: &'a str,
    severity: &'static str,
    facts: Vec<Fact>,
    examples: Vec<ExampleEntry<'a>>,
    written: &'a str,
    /// What encloses it in Markdown: longer than any such line in it.
    fence: String,
}

struct ExampleEntry<'a> {
    shows: &'a str,
    verdict: String,
    amount: &'a str,
    days_late: String,
}

struct ReadingEntry<'a> {
    id: &'a str,
    says: &'a str,
    side: &'static str,
}

struct ScheduleTable<'a> {
    id: &'a str,
    used_by: String,
    stages: Vec<StageRow>,
}

struct StageRow {
    stage: String,
    given_back: String,
    fee: String,
    work: &'static str,
    progress: String,
}

#[derive(Template)]
#[template(path = "policy.html")]
struct Html<'a> {
    page: &'a PolicyPage<'a>,
    style: &'static str,
    csp: String,
}

#[derive(Template)]
#[template(path = "policy.md")]
struct Markdown<'a> {
    page: &'a PolicyPage<'a>,
}

impl<'a> PolicyPage<'a> {
    /// The page of a policy with its worked examples.
    pub fn of(catalogue: &'a Catalogue, policy: &'a Policy, examples: &'a [Example]) -> PolicyPage<'a> {
        let mut clauses: Vec<Clause<'a>> = Vec::new();
        for rule in &policy.rules {
            let entry = RuleEntry::of(catalogue, rule, examples);
            match clauses.iter_mut().find(|clause| clause.clause == rule.clause) {
                Some(clause) => clause.rules.push(entry),
                None => {
                    let untested = policy.untested.iter().filter(|part| part.clause == rule.clause).collect();
                    clauses.push(Clause { clause: &rule.clause, rules: vec![entry], untested });
                }
            }
        }
        let cited = |part: &&Untested| policy.rules.iter().any(|rule| rule.clause == part.clause);
        PolicyPage {
            name: policy.own_name(),
            title: &policy.title,
            facts: facts::of_policy(policy),
            clauses,
            readings: policy.alternatives.iter().map(ReadingEntry::of).collect(),
            schedules: policy.schedules.iter().map(|schedule| ScheduleTable::of(policy, schedule)).collect(),
            untested: policy.untested.iter().filter(|part| !cited(part)).collect(),
        }
    }

    fn rules(&self) -> impl Iterator<Item = &RuleEntry<'a>> {
        self.clauses.iter().flat_map(|clause| &clause.rules)
    }

    /// Writes the page as one file of HTML, which needs no network.
    ///
    /// # Errors
    /// When the place cannot be written to.
    pub fn html(&self, to: &mut dyn Write) -> io::Result<()> {
        Html { page: self, style: STYLE, csp: csp_of_style() }.write_into(to)?;
        writeln!(to)
    }

    /// Writes the page in Markdown.
    ///
    /// # Errors
    /// When the place cannot be written to.
    pub fn markdown(&self, to: &mut dyn Write) -> io::Result<()> {
        Markdown { page: self }.write_into(to)?;
        writeln!(to)
    }
}

impl<'a> RuleEntry<'a> {
    fn of(catalogue: &'a Catalogue, rule: &'a Rule, examples: &'a [Example]) -> RuleEntry<'a> {
        let written = catalogue.written(rule);
        RuleEntry {
            id: &rule.id,
            clause: &rule.clause,
            title: &rule.title,
            severity: rule.severity.name(),
            facts: facts::of_rule(rule),
            examples: examples.iter().filter(|example| example.rule == rule.id).map(ExampleEntry::of).collect(),
            written,
            fence: fence(written),
        }
    }
}

impl<'a> ExampleEntry<'a> {
    fn of(example: &'a Example) -> ExampleEntry<'a> {
        ExampleEntry {
            shows: &example.shows,
            verdict: example.expect.name().replace('_', " "),
            amount: example.amount.as_deref().unwrap_or_default(),
            days_late: example.days_late.map_or(String::new(), |days| days.to_string()),
        }
    }
}

impl<'a> ReadingEntry<'a> {
    fn of(reading: &'a Alternative) -> ReadingEntry<'a> {
        ReadingEntry { id: &reading.id, says: &reading.says, side: reading.side.map_or("", Strictness::name) }
    }
}

impl<'a> ScheduleTable<'a> {
    fn of(policy: &Policy, schedule: &'a Schedule) -> ScheduleTable<'a> {
        let uses = |rule: &&Rule| rule.check.schedules().contains(&schedule.id.as_str());
        let rules: Vec<&str> = policy.rules.iter().filter(uses).map(|rule| rule.id.as_str()).collect();
        ScheduleTable {
            id: &schedule.id,
            used_by: rules.join(", "),
            stages: schedule.stages.iter().map(StageRow::of).collect(),
        }
    }
}

impl StageRow {
    fn of(stage: &Stage) -> StageRow {
        StageRow {
            stage: stage.stage.text(),
            given_back: share(stage.percent, stage.of),
            fee: stage.fee_percent.map_or(String::new(), |percent| share(percent, stage.fee_of)),
            work: match stage.work {
                Work::UnderWay => "under way",
                Work::NotBegun => "not begun",
                Work::Accepted => "accepted",
            },
            progress: stage.progress.map_or(String::new(), |(from, to)| format!("{} to {}", from.0, to.0)),
        }
    }
}

fn share(percent: Number, of: Option<Term>) -> String {
    match of {
        Some(term) => format!("{} % of the {}", percent.0, wording::term(term)),
        None => format!("{} %", percent.0),
    }
}

/// A line that encloses a text in Markdown: longer than any such line in it.
fn fence(text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or_default();
    "`".repeat((longest + 1).max(3))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{Source, shipped};

    /// A policy whose texts are markup to a reader that takes them for it.
    const MEAN: &str = r##"
[policy]
name = "mean"
title = "<b>Terms</b> & *conditions*"
source = "[here](http://example.org)"
zone = "UTC"

[[version]]
id = "one"

[[rule]]
id = "mean.1"
clause = "§ 1 | a"
title = "No <script>"
severity = "low"
reading = "`````` is no fence"
kinds = ["refund"]
check = "duplicate"

[[untested]]
clause = "§ 1 | a"
statement = "_Half_ of it."
reason = "It is <i>."
"##;

    fn pages() -> (String, String) {
        let mut sources = shipped();
        sources.push(Source { name: "mean.toml".to_owned(), text: MEAN.to_owned() });
        let catalogue = Catalogue::of(sources).unwrap();
        let page = PolicyPage::of(&catalogue, catalogue.policy("mean").unwrap(), &[]);
        let (mut markdown, mut html) = (Vec::new(), Vec::new());
        page.markdown(&mut markdown).unwrap();
        page.html(&mut html).unwrap();
        (String::from_utf8(markdown).unwrap(), String::from_utf8(html).unwrap())
    }

    #[test]
    fn what_a_policy_says_is_text_in_both_formats() {
        let (markdown, html) = pages();
        for says in [
            "# &lt;b&gt;Terms&lt;/b&gt; &amp; \\*conditions\\*\n",
            "\\[here\\](http&#58;//example.org)",
            "| § 1 \\| a | No &lt;script&gt; | low | mean.1 |",
            "\n```````toml\n[[rule]]\n",
            "\ncheck = \"duplicate\"\n```````\n",
            "Not tested: \\_Half\\_ of it. It is &lt;i&gt;.",
        ] {
            assert!(markdown.contains(says), "`{says}` is missing:\n{markdown}");
        }
        let body = html.split("</style>").nth(1).unwrap();
        assert!(!body.contains("<script") && !body.contains("<b>") && !body.contains("<i>"), "{body}");
        assert!(!markdown.contains("What no rule tests"), "its clause is cited by a rule");
    }

    #[test]
    fn a_fence_is_longer_than_what_it_encloses() {
        for (text, length) in [("", 3), ("a `b` c", 3), ("```", 4), ("a ````` b", 6)] {
            assert_eq!(fence(text).len(), length, "{text}");
        }
    }
}
