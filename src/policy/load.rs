//! From the text of a policy file to a [`Policy`], with every problem of the file named at its place.
//!
//! The file is taken apart table by table, so that a mistake in one rule does not hide one in the next.

use super::amendment::{Amendment, Applies};
use super::layers::Layered;
use super::lint::{code, place};
use super::rule::{Basis, Check, Rule, Ruling, Schedule, Written};
use super::word::Word;
use super::{OwnWords, Policy, UpperSide, Version, Vocabulary};
use crate::calendar::Calendar;
use crate::document::{Code, Problem, Reading, Source, one_line};
use crate::time::Zone;
use crate::wording::did_you_mean;
use chrono::{NaiveDate, Weekday};
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// What the policy is and how its days are counted.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Header {
    /// The name by which invoices name the policy.
    name: String,
    /// The text's title.
    title: String,
    /// Where the text comes from, and in which state it was read.
    #[serde(default)]
    source: String,
    /// Choices of reading that concern the whole text.
    #[serde(default)]
    reading: String,
    /// The zone of the IANA list in which days are taken, such as `Europe/Berlin`.
    #[schemars(with = "Option<String>")]
    zone: Option<Spanned<String>>,
    /// The business days; needed only where a term is counted in them.
    #[schemars(with = "Option<CalendarHeader>")]
    calendar: Option<Spanned<CalendarHeader>>,
    /// Whether its rules apply to the cases of every other policy.
    #[serde(default)]
    base: bool,
    /// Categories of invoice lines, besides those that rules name.
    #[serde(default)]
    categories: Vec<Word>,
    /// Words of its own, beyond those that all exports share.
    #[serde(default)]
    known: OwnWords,
    /// The clauses of the text, each of which a rule tests or `[[untested]]` explains.
    clauses: Option<Vec<String>>,
}

/// The business days of a policy.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct CalendarHeader {
    /// The file `calendars/NAME.csv` of public holidays, by its name.
    holidays: String,
    /// The first year that the file covers.
    first_year: i32,
    /// The last year that the file covers.
    last_year: i32,
    /// The days of the week on which no business is done, in English.
    weekend: Vec<String>,
}

/// The state of the text from a day on.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct VersionHeader {
    /// As findings name it.
    id: String,
    /// The first day on which it is in force; left out if it always was.
    #[schemars(with = "Option<super::schema::Day>")]
    from: Option<toml::value::Datetime>,
}

/// A statement of a text that no rule tests.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Untested {
    /// Where the text says it.
    pub clause: String,
    /// What it says, retold.
    pub statement: String,
    /// Why it is not tested.
    pub reason: String,
}

/// A reading that could be taken in place of the declared one. What it changes is laid over the policy where it is
/// chosen.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Alternative {
    /// Unique among all policies.
    pub id: String,
    /// What it says.
    pub says: String,
    /// Whether it demands more of the provider than the declared reading, or less.
    pub side: Option<Strictness>,
}

/// Whether a reading demands more of the provider than the declared one, or less.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Strictness {
    /// More.
    Strict,
    /// Less.
    Lenient,
}

impl Strictness {
    /// Both.
    pub const ALL: [Strictness; 2] = [Strictness::Strict, Strictness::Lenient];

    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Strictness::Strict => "strict",
            Strictness::Lenient => "lenient",
        }
    }
}

/// The tables that a policy file has besides those inside a rule.
const TABLES: [&str; 10] =
    ["policy", "upper_side", "version", "schedule", "rule", "untested", "reading", "change", "remove", "applies"];

/// All that belongs to a rule: the parser gives the place of its header alone.
fn extent(text: &str, header: &Range<usize>) -> Range<usize> {
    let header_alone = text.get(header.clone()).is_some_and(|header| header.starts_with("[["));
    if !header_alone {
        return header.clone();
    }
    let begins_another = |line: &str| {
        let name = line.trim_start().strip_prefix('[').map(|rest| rest.strip_prefix('[').unwrap_or(rest).trim_start());
        let own =
            |name: &str| name.starts_with("rule") && name.trim_start_matches("rule").trim_start().starts_with('.');
        name.is_some_and(|name| !own(name) && TABLES.iter().any(|table| name.starts_with(table)))
    };
    let rest = text.get(header.end..).unwrap_or_default();
    let mut end = header.end;
    for line in rest.split_inclusive('\n').take_while(|line| !begins_another(line)) {
        end += line.len();
    }
    // Comments right before the next table are about that.
    let own = text.get(header.start..end).unwrap_or_default();
    let said = own.trim_end().lines().rev().skip_while(|line| line.trim().is_empty() || line.starts_with('#')).count();
    let kept: usize = own.split_inclusive('\n').take(said).map(str::len).sum();
    header.start..header.start + own.get(..kept).unwrap_or_default().trim_end().len()
}

/// Reads a policy with what is laid over it. `holidays` gives a calendar's days by name.
pub(super) fn policy(layers: &Layered<'_>, holidays: &BTreeMap<String, Source>) -> Result<Policy, Vec<Problem>> {
    let mut reading = Reading { source: &layers.joined, problems: Vec::new() };
    let policy = read_policy(&mut reading, layers.table.clone(), holidays);
    let policy = policy.and_then(|policy| named(policy, layers, &mut reading));
    match policy {
        Some(policy) if reading.problems.is_empty() => Ok(policy),
        _ => Err(reading.problems.into_iter().map(|found| code::in_plain_words(layers.placed(found))).collect()),
    }
}

/// A policy with its rules at their places and, if it is amended, with the amendment's name in its versions.
fn named(mut policy: Policy, layers: &Layered<'_>, reading: &mut Reading<'_>) -> Option<Policy> {
    for rule in &mut policy.rules {
        let (file, bytes) = layers.place(rule.written.bytes.clone());
        rule.written = Written { file: file.to_owned(), bytes };
    }
    let applies = layers.table.get("applies").cloned();
    let Some(name) = &layers.amendment else {
        if let Some(applies) = applies {
            let help = Some("only an amendment, which `extends` a policy, applies to some cases");
            reading.coded(code::WRONG_AMENDMENT, applies.span(), "a policy applies to all its cases", help);
        }
        return Some(policy);
    };
    let name = name.0.clone();
    let amend = |id: &mut String| *id = format!("{id}+{name}");
    policy.versions.iter_mut().for_each(|version| amend(&mut version.id));
    policy.rules.iter_mut().flat_map(|rule| [&mut rule.since, &mut rule.until]).flatten().for_each(amend);
    let applies = reading.array::<Applies>(applies);
    for (entry, span) in &applies {
        let named: Vec<&str> = entry.named().map(|(kind, _)| kind).collect();
        if named.len() != 1 {
            let what = if named.is_empty() { "nothing".to_owned() } else { named.join(" and ") };
            let help = "write an entry for each `account`, `invoice` or `contract`";
            reading.coded(code::WRONG_AMENDMENT, span.clone(), format!("the entry names {what}"), Some(help));
        }
    }
    policy.amendment = Some(Amendment { name, applies: applies.into_iter().map(|(entry, _)| entry).collect() });
    Some(policy)
}

/// The alternative readings; what they change is laid over the policy elsewhere.
fn alternatives(reading: &mut Reading<'_>, value: Option<Spanned<DeValue<'_>>>) -> Vec<Alternative> {
    let value = value.map(|mut value| {
        if let DeValue::Array(items) = value.get_mut() {
            for table in items.iter_mut().filter_map(|item| match item.get_mut() {
                DeValue::Table(table) => Some(table),
                _ => None,
            }) {
                ["change", "remove"].iter().for_each(|key| drop(table.remove(*key)));
            }
        }
        value
    });
    let all = reading.array::<Alternative>(value);
    let mut seen = BTreeSet::new();
    for (alternative, span) in &all {
        if !seen.insert(alternative.id.as_str()) {
            let what = format!("the reading `{}` is written twice", alternative.id);
            reading.coded(code::READING_TWICE, span.clone(), what, Some("give one of them another `id`"));
        }
    }
    all.into_iter().map(|(alternative, _)| alternative).collect()
}

fn read_policy(
    reading: &mut Reading<'_>,
    mut table: DeTable<'_>,
    holidays: &BTreeMap<String, Source>,
) -> Option<Policy> {
    let mut take = |key: &str| table.remove(key);
    let header = take("policy");
    let upper = take("upper_side").and_then(|v| reading.value::<UpperSide>(v));
    let versions = take("version");
    let schedules = reading.array::<Schedule>(take("schedule"));
    let rules = reading.array::<Rule>(take("rule"));
    let untested = reading.array::<Untested>(take("untested")).into_iter().map(|(u, _)| u).collect();
    let alternatives = alternatives(reading, take("reading"));
    // Those of an amendment are read with its name.
    take("applies");
    unknown_tables(reading, &table);
    let Some(header) = header else {
        reading.coded(
            code::MISSING_POLICY,
            0..0,
            "the table `[policy]` is missing",
            Some("begin the file with `[policy]` and its name"),
        );
        return None;
    };
    let span = header.span();
    let header: Header = reading.value(header)?;
    let zone = zone(reading, &header, span.clone());
    let calendar = header.calendar.as_ref().and_then(|c| calendar(reading, c, holidays));
    let versions = versions_of(reading, versions, header.base, span);
    let checked = CheckRules {
        versions: &versions,
        schedules: &schedules,
        has_calendar: header.calendar.is_some(),
        upper: &upper,
    };
    checked.all(reading, &rules, header.base);
    Some(Policy {
        name: header.name,
        title: header.title,
        source: header.source,
        reading: header.reading,
        file: reading.source.name.clone(),
        zone: zone?,
        calendar,
        base: header.base,
        categories: header.categories,
        known: header.known,
        clauses: header.clauses,
        upper_side: upper,
        versions,
        schedules: schedules.into_iter().map(|(s, _)| s).collect(),
        rules: rules
            .into_iter()
            .map(|(rule, span)| {
                let bytes = extent(&reading.source.text, &span);
                Rule { written: Written { file: String::new(), bytes }, ..rule }
            })
            .collect(),
        untested,
        alternatives,
        amendment: None,
    })
}

fn unknown_tables(reading: &mut Reading<'_>, table: &DeTable<'_>) {
    for (key, value) in table {
        let known = "`policy`, `upper_side`, `version`, `schedule`, `rule`, `untested` and `reading`";
        reading.coded(
            code::UNKNOWN_TABLE,
            value.span(),
            format!("unknown table `{}`", key.get_ref()),
            Some(&format!("a policy file has the tables {known}")),
        );
    }
}

fn zone(reading: &mut Reading<'_>, header: &Header, span: Range<usize>) -> Option<Zone> {
    let help = Some("name a zone of the IANA list, such as `UTC` or `Europe/Berlin`");
    match &header.zone {
        None if header.base => Some(Zone::UTC),
        None => {
            reading.coded(code::MISSING_ZONE, span, "the policy names no `zone`", help);
            None
        }
        Some(name) => {
            let zone = Zone::named(name.get_ref());
            if zone.is_none() {
                reading.coded(code::UNKNOWN_ZONE, name.span(), format!("unknown time zone `{}`", name.get_ref()), help);
            }
            zone
        }
    }
}

fn calendar(
    reading: &mut Reading<'_>,
    header: &Spanned<CalendarHeader>,
    holidays: &BTreeMap<String, Source>,
) -> Option<Calendar> {
    let (span, header) = (header.span(), header.get_ref());
    let Some(source) = holidays.get(&header.holidays) else {
        let known: Vec<&str> = holidays.keys().map(String::as_str).collect();
        let help =
            format!("put `{}.csv` into the folder `calendars`; there are: {}", header.holidays, known.join(", "));
        reading.coded(code::UNKNOWN_CALENDAR, span, format!("there is no calendar `{}`", header.holidays), Some(&help));
        return None;
    };
    let mut weekend = Vec::new();
    for name in &header.weekend {
        match name.parse::<Weekday>() {
            Ok(day) => weekend.push(day),
            Err(_) => reading.coded(
                code::UNKNOWN_WEEKDAY,
                span.clone(),
                format!("`{name}` is not a day of the week"),
                Some("write it as `saturday`"),
            ),
        }
    }
    let days = match holiday_days(source) {
        Ok(days) => days,
        Err(problems) => {
            reading.problems.extend(problems);
            return None;
        }
    };
    let calendar = Calendar::new(&header.holidays, header.first_year, header.last_year, weekend, days);
    let sensible = (1990..=2199).contains(&header.first_year) && (1990..=2199).contains(&header.last_year);
    if calendar.is_none() || !sensible {
        reading.coded(
            code::CALENDAR_YEARS,
            span,
            "`first_year` to `last_year` are not years from 1990 to 2199 in this order",
            Some("write the first year of the holiday file, then the last"),
        );
        return None;
    }
    calendar
}

/// The days of a holiday file: a header `date,name`, then a day a line.
fn holiday_days(source: &Source) -> Result<BTreeMap<NaiveDate, String>, Vec<Problem>> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(source.text.as_bytes());
    let (mut days, mut problems) = (BTreeMap::new(), Vec::new());
    for row in reader.records() {
        let at = row.as_ref().ok().and_then(|r| r.position()).map_or(0, |p| p.byte() as usize);
        let parsed = row.ok().and_then(|r| {
            let day = NaiveDate::parse_from_str(r.get(0)?, "%Y-%m-%d").ok()?;
            Some((day, r.get(1)?.to_owned()))
        });
        match parsed {
            Some((day, name)) => {
                days.insert(day, name);
            }
            None => problems.push(Problem {
                code: code::BAD_HOLIDAY,
                file: source.name.clone(),
                span: at..at + 1,
                what: "not a holiday".to_owned(),
                help: Some("write a day and its name, such as `2026-01-01,New Year's Day`".to_owned()),
            }),
        }
    }
    if problems.is_empty() { Ok(days) } else { Err(problems) }
}

fn versions_of(
    reading: &mut Reading<'_>,
    value: Option<Spanned<DeValue<'_>>>,
    base: bool,
    header: Range<usize>,
) -> Vec<Version> {
    let mut versions: Vec<Version> = Vec::new();
    for (version, span) in reading.array::<VersionHeader>(value) {
        let from = version
            .from
            .map(|d| d.date.and_then(|d| NaiveDate::from_ymd_opt(d.year.into(), d.month.into(), d.day.into())));
        if matches!(from, Some(None)) {
            reading.coded(
                code::VERSION_DAY,
                span.clone(),
                "`from` is not a day",
                Some("write it without quotation marks: `from = 2026-01-31`"),
            );
        }
        let from = from.flatten();
        if versions.last().is_some_and(|before| from <= before.from) {
            reading.coded(
                code::VERSION_ORDER,
                span,
                format!("version `{}` does not begin after the one before it", version.id),
                Some("list the versions from the oldest on; only the first may leave out `from`"),
            );
        }
        versions.push(Version { id: version.id, from });
    }
    if versions.is_empty() && !base {
        reading.coded(
            code::MISSING_VERSION,
            header,
            "the policy has no `[[version]]`",
            Some("add one; leave out `from` if the text has no date and is always in force"),
        );
    }
    versions
}

/// What a rule must be besides well-formed.
struct CheckRules<'a> {
    versions: &'a [Version],
    schedules: &'a [(Schedule, Range<usize>)],
    has_calendar: bool,
    upper: &'a Option<UpperSide>,
}

impl CheckRules<'_> {
    fn all(&self, reading: &mut Reading<'_>, rules: &[(Rule, Range<usize>)], base: bool) {
        let mut seen = BTreeSet::new();
        for (rule, span) in rules {
            if !seen.insert((rule.id.as_str(), rule.since.as_deref())) {
                reading.coded(
                    code::RULE_TWICE,
                    place::within_rule(&reading.source.text, span, &["id"]),
                    format!("rule `{}` is written twice", rule.id),
                    Some("give one of them another id, or another `since`"),
                );
            }
            self.texts(reading, rule, span);
            self.versions(reading, rule, span);
            self.check(reading, rule, span);
            if rule.upper_side && self.upper.is_none() && !base {
                reading.coded(
                    code::MISSING_UPPER_SIDE,
                    place::within_rule(&reading.source.text, span, &["upper_side"]),
                    format!("rule `{}` has an upper side, and the policy has no `[upper_side]`", rule.id),
                    Some("add `[upper_side]` with the kinds that it is held against"),
                );
            }
        }
        for (rule, span) in rules {
            if let Check::StageFee(fee) = &rule.check
                && !seen.iter().any(|(id, _)| *id == fee.beside)
            {
                reading.coded(
                    code::UNKNOWN_RULE,
                    place::within_rule(&reading.source.text, span, &["check/stage_fee/beside"]),
                    format!("`beside` names the rule `{}`, which the policy does not have", fee.beside),
                    Some(&near(&fee.beside, &mut seen.iter().map(|(id, _)| *id))),
                );
            }
        }
    }

    fn texts(&self, reading: &mut Reading<'_>, rule: &Rule, span: &Range<usize>) {
        let texts = [
            (code::EMPTY_TEXT, "id", &rule.id),
            (code::NO_CLAUSE, "clause", &rule.clause),
            (code::EMPTY_TEXT, "title", &rule.title),
        ];
        for (code, what, text) in texts {
            if text.trim().is_empty() {
                reading.coded(
                    code,
                    place::within_rule(&reading.source.text, span, &[what]),
                    format!("the rule's `{what}` is empty"),
                    Some("an auditor must be able to name and find every rule"),
                );
            }
        }
    }

    fn versions(&self, reading: &mut Reading<'_>, rule: &Rule, span: &Range<usize>) {
        for (key, named) in [("since", &rule.since), ("until", &rule.until)] {
            let Some(named) = named else { continue };
            if !self.versions.iter().any(|v| v.id == *named) {
                reading.coded(
                    code::UNKNOWN_VERSION,
                    place::within_rule(&reading.source.text, span, &[key]),
                    format!("rule `{}` names the version `{named}`, which the policy does not have", rule.id),
                    Some(&near(named, &mut self.versions.iter().map(|v| v.id.as_str()))),
                );
            }
        }
    }

    fn schedules(&self, reading: &mut Reading<'_>, rule: &Rule, span: &Range<usize>) {
        for schedule in rule.check.schedules() {
            if !self.schedules.iter().any(|(s, _)| s.id == schedule) {
                reading.coded(
                    code::UNKNOWN_SCHEDULE,
                    place::within_rule(
                        &reading.source.text,
                        span,
                        &[
                            "check/stage_fee/schedule",
                            "check/stage_evidence/schedule",
                            "check/exact_amount/by/stage/schedule",
                            "check/exact_amount/by/balance/or_schedule",
                        ],
                    ),
                    format!("rule `{}` names the schedule `{schedule}`, which the policy does not have", rule.id),
                    Some(&near(schedule, &mut self.schedules.iter().map(|(s, _)| s.id.as_str()))),
                );
            }
        }
    }

    fn check(&self, reading: &mut Reading<'_>, rule: &Rule, span: &Range<usize>) {
        if !self.has_calendar && counts_business_days(rule) {
            reading.coded(
                code::MISSING_CALENDAR,
                place::within_rule(
                    &reading.source.text,
                    span,
                    &["check/deadline/within", &format!("check/{}", rule.check.kind())],
                ),
                format!("rule `{}` counts business days, and the policy has no calendar", rule.id),
                Some("add `calendar` to `[policy]`"),
            );
        }
        self.schedules(reading, rule, span);
        match &rule.check {
            Check::Decide(branches) => {
                let silent = branches.iter().position(|b| b.then != Ruling::Compliant && b.says.trim().is_empty());
                if let Some(at) = silent {
                    reading.coded(
                        code::SILENT_BRANCH,
                        place::within_rule(&reading.source.text, span, &[&format!("check/decide/{at}")]),
                        format!("a branch of rule `{}` does not say what is wrong", rule.id),
                        Some("add `says` to each branch that is not compliant"),
                    );
                }
            }
            Check::Deadline(deadline) => {
                if deadline.within.is_some() == deadline.within_by.is_some() {
                    reading.coded(
                        code::DEADLINE_TERM,
                        place::within_rule(&reading.source.text, span, &["check/deadline"]),
                        format!("rule `{}` needs either `within` or `within_by`", rule.id),
                        Some("give one of them: a term, or terms by the word in a column"),
                    );
                }
                if deadline.event.is_empty() {
                    reading.coded(
                        code::DEADLINE_EVENT,
                        place::within_rule(&reading.source.text, span, &["check/deadline/event"]),
                        format!("rule `{}` waits for no event", rule.id),
                        Some("name one in `event`"),
                    );
                }
            }
            _ => {}
        }
    }
}

/// Whether a term of the rule is in business days, wherever it stands.
fn counts_business_days(rule: &Rule) -> bool {
    format!("{rule:?}").contains("BusinessDays(")
}

/// How to mend a name that the policy does not have: the names most like it, or all.
fn near(name: &str, known: &mut dyn Iterator<Item = &str>) -> String {
    let known: Vec<&str> = known.collect();
    let all = known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let all = if all.is_empty() { "there is none: add it".to_owned() } else { format!("there are {all}") };
    did_you_mean(name, known.into_iter()).unwrap_or(all)
}

impl Check {
    /// The schedules that it refers to, by id.
    pub fn schedules(&self) -> Vec<&str> {
        match self {
            Check::StageFee(fee) => vec![&fee.schedule],
            Check::StageEvidence(evidence) => vec![&evidence.schedule],
            Check::ExactAmount(exact) => match &exact.by {
                Basis::Stage { schedule } => vec![schedule],
                Basis::Balance { or_schedule, .. } => or_schedule.iter().map(String::as_str).collect(),
                _ => Vec::new(),
            },
            _ => Vec::new(),
        }
    }
}

/// Reads the file of words.
pub(super) fn vocabulary(source: &Source) -> Result<Vocabulary, Vec<Problem>> {
    let parsed = toml::from_str::<Vocabulary>(&source.text);
    parsed.map_err(|error| {
        vec![code::in_plain_words(Problem {
            code: Code::default(),
            file: source.name.clone(),
            span: error.span().unwrap_or(0..0),
            what: one_line(error.message()),
            help: None,
        })]
    })
}
