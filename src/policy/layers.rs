//! Policies changed by data: documents laid over a policy file, each value with the place at which it was written.
//!
//! A document of the folder `policies` is one of three: a policy; an *amendment*, whose `[policy]` says which other one
//! it `extends`; or a *what-if*, which has no `[policy]` and only changes. An alternative `[[reading]]` within a policy
//! is a what-if of its own, in force only where it is chosen.

use super::amendment::Named;
use super::lay::{self, Flaw, Table, Value, as_tables, as_text};
use super::lint::code;
use super::{Choice, Problem, Source};
use crate::document::one_line;
use crate::wording::did_you_mean;
use std::borrow::Cow;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Changes, by the rule's id or the policy's name.
const CHANGE: &str = "change";
/// Rules that are left out.
const REMOVE: &str = "remove";
/// Alternative readings.
const READING: &str = "reading";

/// A policy with everything that is laid over it.
#[derive(Clone)]
pub(super) struct Layered<'t> {
    /// All its documents as one text, under the name of the first: a place in it says the document too.
    pub(super) joined: Source,
    /// Each document's name, and where it begins.
    parts: Vec<(&'t str, usize)>,
    /// The tables that result.
    pub(super) table: Table<'t>,
    /// How it is named, if it is amended.
    pub(super) amendment: Option<Named>,
    /// Rules that were left out, each with the place that says so.
    pub(super) removed: Vec<(String, Range<usize>)>,
    /// What is wrong with what was laid over it.
    flaws: Vec<Flaw>,
}

/// A document taken apart, with places of its own text.
struct Document<'t> {
    source: &'t Source,
    table: Table<'t>,
}

/// The documents of a set, by what they are.
#[derive(Default)]
struct Documents<'t> {
    policies: Vec<Document<'t>>,
    /// Each with the name of the policy that it extends, and where it says so.
    amendments: Vec<(Document<'t>, Spanned<String>)>,
    what_ifs: Vec<Document<'t>>,
    problems: Vec<Problem>,
}

impl<'t> Documents<'t> {
    fn of(sources: impl Iterator<Item = &'t Source>) -> Self {
        let mut all = Documents::default();
        for source in sources {
            match parsed(source) {
                Err(problems) => all.problems.extend(problems),
                Ok(table) => all.add(Document { source, table }),
            }
        }
        all
    }

    fn add(&mut self, document: Document<'t>) {
        let header = document.table.get("policy").and_then(|header| header.get_ref().as_table());
        let extends = header.and_then(|header| header.get("extends"));
        let extends = extends.and_then(|name| Some(Spanned::new(name.span(), as_text(name)?.to_owned())));
        let changes = [CHANGE, REMOVE].iter().any(|key| document.table.contains_key(*key));
        match extends {
            Some(extends) => self.amendments.push((document, extends)),
            None if header.is_none() && changes => self.what_ifs.push(document),
            None => self.policies.push(document),
        }
    }
}

fn parsed(source: &Source) -> Result<Table<'_>, Vec<Problem>> {
    let (table, syntax) = DeTable::parse_recoverable(&source.text);
    let problem = |error: toml::de::Error| Problem {
        code: code::TOML_SYNTAX,
        file: source.name.clone(),
        span: error.span().unwrap_or(0..0),
        what: one_line(error.message()),
        help: None,
    };
    if syntax.is_empty() { Ok(table.into_inner()) } else { Err(syntax.into_iter().map(problem).collect()) }
}

/// Lays documents over each other: the policies, then those that amendments make of them.
pub(super) fn layered<'t>(
    sources: impl Iterator<Item = &'t Source>,
    choice: &Choice,
) -> (Vec<Layered<'t>>, Vec<Problem>) {
    let Documents { policies, amendments, what_ifs, mut problems } = Documents::of(sources);
    let mut all: Vec<Layered<'t>> = policies.into_iter().map(Layered::of).collect();
    for what_if in &what_ifs {
        problems.extend(lay_what_if(what_if, &mut all));
    }
    let mut amended = Vec::new();
    for (document, extends) in &amendments {
        match all.iter().find(|policy| policy.name() == Some(extends.get_ref())) {
            Some(base) => amended.push(base.amended(document)),
            None => problems.push(no_policy(document, extends, &all)),
        }
    }
    all.extend(amended);
    for policy in &mut all {
        policy.read_as(choice);
        problems.append(&mut policy.problems());
    }
    (all, problems)
}

fn no_policy(document: &Document<'_>, extends: &Spanned<String>, all: &[Layered<'_>]) -> Problem {
    let names = all.iter().filter_map(Layered::name);
    let what = format!("there is no policy `{}` to extend", extends.get_ref());
    Problem {
        code: code::UNKNOWN_POLICY,
        file: document.source.name.clone(),
        span: extends.span(),
        what,
        help: did_you_mean(extends.get_ref(), names)
            .or_else(|| Some("name a policy that is shipped or lies beside the amendment".to_owned())),
    }
}

/// Lays a what-if over the policies that it is about; what it changes must be there.
fn lay_what_if<'t>(what_if: &Document<'t>, all: &mut [Layered<'t>]) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut flaw = |code, span, what, help| {
        problems.push(Problem { code, file: what_if.source.name.clone(), span, what, help });
    };
    for (key, value) in &what_if.table {
        if ![CHANGE, REMOVE].contains(&key.get_ref().as_ref()) {
            let help = "a file without `[policy]` has `change` and `remove` alone".to_owned();
            flaw(code::UNKNOWN_TABLE, value.span(), format!("unknown table `{}`", key.get_ref()), Some(help));
        }
    }
    let changes = Changes::of(&what_if.table);
    for (name, span) in changes.names() {
        if !all.iter().any(|policy| policy.has(name)) {
            let known: Vec<&str> = all.iter().flat_map(Layered::known).collect();
            let help = did_you_mean(name, known.into_iter());
            flaw(code::UNKNOWN_RULE, span, format!("there is no rule and no policy `{name}`"), help);
        }
    }
    for policy in all.iter_mut().filter(|policy| changes.names().any(|(name, _)| policy.has(name))) {
        let table = policy.add(what_if);
        policy.change(Changes::of(&table));
    }
    problems
}

/// What a table says is to be changed and to be left out.
struct Changes<'a, 't> {
    change: Vec<(&'a Spanned<Cow<'t, str>>, &'a Value<'t>)>,
    remove: Vec<&'a Value<'t>>,
}

impl<'a, 't> Changes<'a, 't> {
    fn of(table: &'a Table<'t>) -> Self {
        let change = table.get(CHANGE).and_then(|change| change.get_ref().as_table());
        let remove = table.get(REMOVE).map(as_tables).unwrap_or_default();
        Changes { change: change.into_iter().flatten().collect(), remove: remove.iter().collect() }
    }

    /// The rules and policies that it names, each with its place.
    fn names(&self) -> impl Iterator<Item = (&'a str, Range<usize>)> {
        let removed = self.remove.iter().filter_map(|rule| Some((removed(rule)?, rule.span())));
        self.change.iter().map(|(key, _)| (key.get_ref().as_ref(), key.span())).chain(removed)
    }
}

/// The rule that an entry of `remove` names.
fn removed<'a>(entry: &'a Value<'_>) -> Option<&'a str> {
    entry.get_ref().as_table()?.get("rule").and_then(as_text)
}

impl<'t> Layered<'t> {
    fn of(document: Document<'t>) -> Layered<'t> {
        Layered {
            joined: document.source.clone(),
            parts: vec![(&document.source.name, 0)],
            table: document.table,
            amendment: None,
            removed: Vec::new(),
            flaws: Vec::new(),
        }
    }

    /// The policy's name.
    pub(super) fn name(&self) -> Option<&str> {
        self.table.get("policy")?.get_ref().as_table()?.get("name").and_then(as_text)
    }

    fn rules(&self) -> &[Value<'t>] {
        self.table.get("rule").map(as_tables).unwrap_or_default()
    }

    /// What changes can name: the policy and its rules.
    fn known(&self) -> impl Iterator<Item = &str> {
        self.name().into_iter().chain(self.rules().iter().filter_map(lay::id_of))
    }

    fn has(&self, name: &str) -> bool {
        self.known().any(|known| known == name)
    }

    /// Appends a document, and gives its tables with their places in the joined text.
    fn add(&mut self, document: &Document<'t>) -> Table<'t> {
        self.joined.text.push('\n');
        let start = self.joined.text.len();
        self.joined.text.push_str(&document.source.text);
        self.parts.push((&document.source.name, start));
        lay::moved_table(&document.table, start)
    }

    /// Changes and leaves out what is told.
    fn change(&mut self, changes: Changes<'_, 't>) {
        for (key, value) in &changes.change {
            let name = key.get_ref().as_ref();
            if self.name() == Some(name) {
                lay::onto_table(&mut self.table, (*value).clone(), &mut self.flaws);
            } else if let Some(rules) = self.table.get_mut("rule") {
                lay::onto_each(rules, name, value, &mut self.flaws);
            }
        }
        for entry in &changes.remove {
            if let Some(id) = removed(entry) {
                self.removed.push((id.to_owned(), entry.span()));
                lay::leave_out(&mut self.table, id);
            }
        }
    }

    /// What changes name that is not there. What an amendment leaves out may be named: a reading of the general text
    /// may be about it.
    fn unknown(&self, changes: &Changes<'_, 't>) -> Vec<Flaw> {
        let left_out = |name: &str| self.removed.iter().any(|(id, _)| id == name);
        let unknown = changes.names().filter(|(name, _)| !self.has(name) && !left_out(name));
        let flaw = |(name, span): (&str, Range<usize>)| Flaw {
            code: code::UNKNOWN_RULE,
            span,
            what: format!("the policy has no rule `{name}`"),
            help: did_you_mean(name, self.known()),
        };
        unknown.map(flaw).collect()
    }

    /// The policy as an amendment has it.
    fn amended(&self, document: &Document<'t>) -> Layered<'t> {
        let mut amended = self.clone();
        let mut table = amended.add(document);
        let changes = Changes::of(&table);
        let mut flaws = self.unknown(&changes);
        let cites = |value: &Value<'_>| value.get_ref().as_table().is_some_and(|table| table.contains_key("clause"));
        let policy = self.name().unwrap_or_default();
        let changed = changes.change.iter().filter(|(key, _)| key.get_ref() != policy);
        let uncited = changed.filter(|(_, value)| !cites(value)).map(|(key, _)| key.span());
        let uncited = uncited.chain(changes.remove.iter().filter(|entry| !cites(entry)).map(|entry| entry.span()));
        flaws.extend(uncited.map(|span| Flaw {
            code: code::NO_CLAUSE,
            span,
            what: "the change does not say by which clause of the amendment".to_owned(),
            help: Some("add `clause`".to_owned()),
        }));
        amended.change(changes);
        for gone in [CHANGE, REMOVE] {
            table.remove(gone);
        }
        if let Some(rules) = table.remove("rule") {
            for id in as_tables(&rules).iter().filter_map(lay::id_of) {
                lay::leave_out(&mut amended.table, id);
            }
            lay::append(&mut amended.table, "rule", rules);
        }
        for list in ["untested", "schedule", READING] {
            if let Some(more) = table.remove(list) {
                lay::append(&mut amended.table, list, more);
            }
        }
        amended.amendment = table.remove("policy").map(|header| Named::take(header, &mut amended.table, &mut flaws));
        if let Some(applies) = table.remove("applies") {
            amended.table.insert(Spanned::new(applies.span(), Cow::Borrowed("applies")), applies);
        }
        flaws.extend(table.iter().map(|(key, value)| Flaw {
            code: code::UNKNOWN_TABLE,
            span: value.span(),
            what: format!("an amendment has no table `{}`", key.get_ref()),
            help: Some("write changes to tables of the policy below its name, as in `[change.acme.policy]`".to_owned()),
        }));
        amended.flaws.extend(flaws);
        amended
    }

    /// Puts the readings that are chosen in the place of those that the policy declares.
    fn read_as(&mut self, choice: &Choice) {
        let alternatives = self.table.get(READING).map(|readings| as_tables(readings).to_vec()).unwrap_or_default();
        for alternative in alternatives {
            let Some(table) = alternative.get_ref().as_table() else { continue };
            let text = |key: &str| table.get(key).and_then(as_text);
            let changes = Changes::of(table);
            let flaws = self.unknown(&changes);
            self.flaws.extend(flaws);
            if !choice.reads(text("id").unwrap_or_default(), text("side")) {
                continue;
            }
            let says = table.get("says").cloned();
            let rules: Vec<String> = changes.change.iter().map(|(key, _)| key.get_ref().to_string()).collect();
            self.change(changes);
            if let (Some(says), Some(all)) = (says, self.table.get_mut("rule")) {
                rules.iter().for_each(|id| lay::set_in_each(all, id, READING, &says));
            }
        }
    }

    /// The document and the place in it of a place in the joined text.
    pub(super) fn place(&self, span: Range<usize>) -> (&'t str, Range<usize>) {
        let (file, start) = self.parts.iter().rfind(|(_, start)| *start <= span.start).copied().unwrap_or(("", 0));
        (file, span.start - start..span.end.saturating_sub(start))
    }

    /// Whether a place is in the document of the policy itself.
    fn is_own(&self, span: &Range<usize>) -> bool {
        self.parts.get(1).is_none_or(|(_, start)| span.start < *start)
    }

    /// Says of a problem in the joined text where it is.
    pub(super) fn placed(&self, problem: Problem) -> Problem {
        if problem.file != self.joined.name {
            return problem;
        }
        let (file, span) = self.place(problem.span);
        Problem { file: file.to_owned(), span, ..problem }
    }

    fn problems(&mut self) -> Vec<Problem> {
        let flaws = std::mem::take(&mut self.flaws);
        let problem = |flaw: Flaw| {
            let (file, span) = self.place(flaw.span);
            Problem { code: flaw.code, file: file.to_owned(), span, what: flaw.what, help: flaw.help }
        };
        flaws.into_iter().map(problem).collect()
    }
}

/// A value of a policy with everything laid over it, and where it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The table that holds it: `policy`, `schedule project`, `rule acme.3`.
    pub table: String,
    /// Its key there.
    pub key: String,
    /// The value as it was written.
    pub value: String,
    /// The document and line, if it is not the policy's own.
    pub from: Option<String>,
}

impl Layered<'_> {
    /// Every value, in the order of the tables, then the rules that were left out.
    pub(super) fn entries(&self) -> Vec<Entry> {
        let mut entries = Vec::new();
        for (key, value) in &self.table {
            let key = key.get_ref();
            match value.get_ref() {
                DeValue::Array(tables) if !tables.is_empty() && tables.iter().all(|t| t.get_ref().is_table()) => {
                    for (at, table) in tables.iter().enumerate() {
                        let name = lay::id_of(table).map_or_else(|| (at + 1).to_string(), str::to_owned);
                        self.leaves(&format!("{key} {name}"), "", table, &mut entries);
                    }
                }
                _ => self.leaves(key, "", value, &mut entries),
            }
        }
        let removed = self.removed.iter().map(|(id, span)| Entry {
            table: format!("rule {id}"),
            key: String::new(),
            value: String::new(),
            from: Some(self.cited(span.clone())),
        });
        entries.extend(removed);
        entries
    }

    fn leaves(&self, table: &str, path: &str, value: &Value<'_>, to: &mut Vec<Entry>) {
        let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
        match value.get_ref() {
            DeValue::Table(inner) if !inner.is_empty() => {
                inner.iter().for_each(|(key, value)| self.leaves(table, &below(key.get_ref()), value, to));
            }
            DeValue::Array(items) if !items.is_empty() && items.iter().all(|item| item.get_ref().is_table()) => {
                for (at, item) in items.iter().enumerate() {
                    let name = lay::id_of(item).map_or_else(|| (at + 1).to_string(), str::to_owned);
                    self.leaves(table, &below(&name), item, to);
                }
            }
            _ => to.push(Entry {
                table: table.to_owned(),
                key: path.to_owned(),
                value: self.joined.text.get(value.span()).unwrap_or_default().to_owned(),
                from: (!self.is_own(&value.span())).then(|| self.cited(value.span())),
            }),
        }
    }

    /// A place as `file:line`.
    fn cited(&self, span: Range<usize>) -> String {
        let (file, local) = self.place(span.clone());
        let start = span.start - local.start;
        let before = self.joined.text.get(start..span.start).unwrap_or_default();
        format!("{file}:{}", before.matches('\n').count() + 1)
    }
}
