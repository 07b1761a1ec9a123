//! From stories as they are written to scripts: names become numbers, and whatever cannot be played is a problem of the
//! file, named at its place.

use super::block::DECISIONS;
use super::script::{Family, Form, Group, Number, Part, Row, Script, Slot, Step, Tale};
use super::story::{Cell, Count, Day, File, Made, Plant, Share, Story};
use crate::column::{Column, Table};
use crate::money::{Currency, minor_digits};
use crate::policy::{Catalogue, Code, Policy, Problem, Source};
use chrono::NaiveDate;
use std::collections::BTreeMap;
use std::ops::Range;
use toml::Spanned;

/// What is wrong, where.
type Wrong = (Range<usize>, String);

/// The stories of a file.
pub(super) fn family(source: &Source, catalogue: &Catalogue) -> Result<Family, Problem> {
    let problem = |(span, what): Wrong| {
        let file = source.name.clone();
        Problem { code: Code::default(), file, span, what, help: Some(HELP.to_owned()) }
    };
    let parsed = toml::from_str::<File>(&source.text);
    let file = parsed.map_err(|error| problem((error.span().unwrap_or(0..0), error.message().replace('\n', " "))))?;
    of_file(&file, catalogue).map_err(problem)
}

/// The largest number in a story, so that nothing overflows.
const LARGEST: i64 = 1_000_000;

const HELP: &str = "`policies/README.md` explains how stories are written";

fn of_file(file: &File, catalogue: &Catalogue) -> Result<Family, Wrong> {
    let name = file.policy.get_ref();
    let Some(policy) = catalogue.families().find(|policy| policy.name == *name) else {
        return Err((file.policy.span(), format!("no policy is named `{name}`")));
    };
    let [from, until] = [day(&file.from)?, day(&file.until)?];
    let days = u64::try_from((until - from).num_days() + 1).ok().filter(|days| *days > 0);
    let days = days.ok_or_else(|| (file.until.span(), "`until` lies before `from`".to_owned()))?;
    let groups = file.account.iter().map(group).collect::<Result<Vec<Group>, Wrong>>()?;
    let forms = file.times.iter().map(form).collect::<Result<Vec<Form>, Wrong>>()?;
    if forms.is_empty() || groups.is_empty() {
        return Err((file.policy.span(), "`times` and `account` need at least one entry".to_owned()));
    }
    let (mut tales, mut weight) = (Vec::new(), 0);
    let known = |rule: &str| {
        catalogue.policies.iter().any(|p| (p.base || p.name == *name) && p.rules.iter().any(|r| r.id == rule))
    };
    for story in &file.story {
        if let Some(plant) = story.get_ref().plant.iter().find(|plant| !known(&plant.get_ref().rule)) {
            return Err((plant.span(), format!("the policy has no rule `{}`", plant.get_ref().rule)));
        }
        weight += u64::from(story.get_ref().weight);
        tales.push(tale(file, policy, story, weight)?);
    }
    if file.weight == 0 || !tales.iter().any(|tale| tale.requests == 1) {
        return Err((file.policy.span(), "the file needs a weight, and a story with exactly one request".to_owned()));
    }
    let zone = policy.zone;
    let calendar = policy.calendar.clone();
    Ok(Family {
        policy: name.clone(),
        zone,
        calendar,
        from,
        days,
        forms,
        groups,
        weight: u64::from(file.weight),
        tales,
    })
}

fn day(written: &Spanned<toml::value::Datetime>) -> Result<NaiveDate, Wrong> {
    let date = written.get_ref().date;
    let day = date.and_then(|d| NaiveDate::from_ymd_opt(d.year.into(), d.month.into(), d.day.into()));
    day.ok_or_else(|| (written.span(), "expected a day".to_owned()))
}

fn group(written: &Spanned<super::story::Account>) -> Result<Group, Wrong> {
    let account = written.get_ref();
    let currency = Currency::from_code(&account.currency);
    let currency = currency.ok_or_else(|| (written.span(), format!("unknown currency `{}`", account.currency)))?;
    if account.weight == 0 || !(1..=LARGEST).contains(&account.scale) {
        return Err((written.span(), format!("`weight` must be above 0, and `scale` from 1 to {LARGEST}")));
    }
    Ok(Group {
        currency: account.currency.clone(),
        digits: minor_digits(currency),
        scale: account.scale,
        weight: u64::from(account.weight),
    })
}

fn form(written: &Spanned<String>) -> Result<Form, Wrong> {
    let text = written.get_ref();
    let offset = || {
        let (sign, rest) = text.split_at_checked(1)?;
        let sign = [("+", 1), ("-", -1)].into_iter().find(|(known, _)| *known == sign)?.1;
        let (hours, minutes) = rest.split_once(':')?;
        Some(sign * (hours.parse::<i64>().ok()? * 3600 + minutes.parse::<i64>().ok()? * 60))
    };
    match text.as_str() {
        "date" => Ok(Form::Date),
        "local" => Ok(Form::Local),
        "Z" => Ok(Form::Offset(text.clone(), 0)),
        _ => match offset() {
            Some(seconds) => Ok(Form::Offset(text.clone(), seconds)),
            None => Err((written.span(), "expected `date`, `local`, or an offset such as `Z` or `+04:00`".to_owned())),
        },
    }
}

fn tale(file: &File, policy: &Policy, story: &Spanned<Story>, weight: u64) -> Result<Tale, Wrong> {
    let written = story.get_ref();
    let compiler = |plant| Compiler { file, policy, story: written, span: story.span(), plant };
    let compliant = compiler(None).script()?;
    let plants = written
        .plant
        .iter()
        .map(|plant| compiler(Some(plant.get_ref())).script().map_err(|(_, what)| (plant.span(), what)));
    let plants = plants.collect::<Result<Vec<Script>, Wrong>>()?;
    if written.weight == 0 || (plants.is_empty() && !written.request.is_empty()) {
        return Err((story.span(), "a story needs a weight, and one with requests a plant".to_owned()));
    }
    Ok(Tale { weight, requests: written.request.len(), compliant, plants })
}

/// Which row of a story a cell is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Scope {
    /// None: a value that no column shows.
    Value,
    /// All lines of the invoice.
    Invoice,
    Line(usize),
    Request(usize),
    Decision(usize),
}

impl Scope {
    fn table(self) -> Option<Table> {
        match self {
            Scope::Value => None,
            Scope::Invoice | Scope::Line(_) => Some(Table::Invoices),
            Scope::Request(_) => Some(Table::Requests),
            Scope::Decision(_) => Some(Table::Decisions),
        }
    }

    fn shows(self, name: &str) -> bool {
        self.table().is_none_or(|table| Column::ALL.iter().any(|c| c.table() == table && c.name() == name))
    }
}

/// What a step gives.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Gives {
    /// A text; whether it can stand in quotation marks.
    Text {
        quoted: bool,
    },
    /// Nothing: as good as anything else.
    Blank,
    Number,
    Money,
    Day,
}

/// Keys of a row that are no columns.
const CHANCE: &str = "chance";
const ABOUT: &str = "about";

/// The story to compile, and which way it goes wrong.
struct Compiler<'a> {
    file: &'a File,
    policy: &'a Policy,
    story: &'a Story,
    span: Range<usize>,
    plant: Option<&'a Plant>,
}

/// The steps found so far.
#[derive(Default)]
struct Steps {
    steps: Vec<Step>,
    gives: Vec<Gives>,
    /// By the cell; none while it is being worked out.
    found: BTreeMap<(Scope, String), Option<Slot>>,
}

impl Steps {
    fn push(&mut self, step: Step, gives: Gives) -> Slot {
        self.steps.push(step);
        self.gives.push(gives);
        self.steps.len() - 1
    }
}

impl Compiler<'_> {
    fn wrong<T>(&self, what: String) -> Result<T, Wrong> {
        Err((self.span.clone(), what))
    }

    fn script(&self) -> Result<Script, Wrong> {
        self.check_names()?;
        self.check_rows()?;
        let mut steps = Steps::default();
        let mut rows = |scope: fn(usize) -> Scope, count: usize| {
            (0..count).map(|n| self.row(scope(n), &mut steps)).collect::<Result<Vec<Row>, Wrong>>()
        };
        let lines = rows(Scope::Line, self.story.line.len())?;
        let requests = rows(Scope::Request, self.story.request.len())?;
        let decisions = rows(Scope::Decision, self.decisions())?;
        let key = self.plant.map(|plant| self.key(plant, &mut steps)).transpose()?;
        let allowed = self.plant.map(|plant| &plant.currencies).filter(|named| !named.is_empty());
        let allowed = allowed.unwrap_or(&self.story.currencies);
        let accounts = self.file.account.iter().enumerate();
        let accounts = accounts.filter(|(_, a)| allowed.is_empty() || allowed.contains(&a.get_ref().currency));
        let groups: Vec<usize> = accounts.map(|(number, _)| number).collect();
        if groups.is_empty() {
            return self.wrong("no account is billed in one of the `currencies`".to_owned());
        }
        Ok(Script { steps: steps.steps, lines, requests, decisions, key, groups })
    }

    /// How many rows of decisions there are: a plant can add some.
    fn decisions(&self) -> usize {
        let named = self.plant.into_iter().flat_map(|plant| plant.set.keys());
        let added = named.filter_map(|path| match self.named(path) {
            Some((Scope::Decision(number), _)) => Some(number + 1),
            _ => None,
        });
        added.max().unwrap_or(0).max(self.story.decision.len())
    }

    /// Every key must be a column of its table or a path to one.
    fn check_names(&self) -> Result<(), Wrong> {
        let (default, story) = (&self.file.default, self.story);
        let tables = [(Scope::Invoice, &default.invoice), (Scope::Invoice, &story.invoice)].into_iter();
        let tables =
            tables.chain([(Scope::Line(0), &default.line)]).chain(story.line.iter().map(|c| (Scope::Line(0), c)));
        let tables = tables.chain([(Scope::Request(0), &default.request)]);
        let tables = tables.chain(story.request.iter().map(|c| (Scope::Request(0), c)));
        let tables = tables.chain([(Scope::Decision(0), &default.decision)]);
        let mut tables = tables.chain(story.decision.iter().map(|c| (Scope::Decision(0), c)));
        let known = |scope: Scope, name: &str| scope.shows(name) || name == CHANCE || name == ABOUT;
        let unknown = tables.find_map(|(scope, cells)| cells.iter().find(|(name, _)| !known(scope, name)));
        if let Some((name, cell)) = unknown {
            return Err((cell.span(), format!("there is no column `{name}`")));
        }
        let exists = |scope: Scope, name: &str| match scope {
            Scope::Value => story.values.contains_key(name) || default.values.contains_key(name),
            Scope::Line(number) => number < story.line.len() && known(scope, name),
            Scope::Request(number) => number < story.request.len() && known(scope, name),
            Scope::Invoice | Scope::Decision(_) => known(scope, name),
        };
        let mut planted = self.plant.into_iter().flat_map(|plant| &plant.set);
        match planted.find(|(path, _)| !self.named(path).is_some_and(|(scope, name)| exists(scope, name))) {
            Some((path, cell)) => Err((cell.span(), format!("there is no cell `{path}`"))),
            None => Ok(()),
        }
    }

    /// Every decision must be about a request, which has a few at most; what is asked for must always be there.
    fn check_rows(&self) -> Result<(), Wrong> {
        let (decisions, requests) = (self.decisions(), self.story.request.len());
        if decisions > requests * DECISIONS as usize || (0..decisions).any(|number| self.about(number) >= requests) {
            return self.wrong(format!("each decision is about a request, which has at most {DECISIONS}"));
        }
        let mut always = (0..requests).map(Scope::Request).chain([Scope::Line(0)]);
        if self.story.line.is_empty() || always.any(|scope| self.written(scope, CHANCE).is_some()) {
            return self.wrong(format!("the first line and every request are always there, without `{CHANCE}`"));
        }
        Ok(())
    }

    /// The cell that a path names when it stands in some row: `line.amount` is that of the same line.
    fn place<'p>(&self, path: &'p str, at: Scope) -> Option<(Scope, &'p str)> {
        let Some((row, name)) = path.split_once('.') else { return Some((Scope::Value, path)) };
        let word = row.trim_end_matches(|c: char| c.is_ascii_digit());
        let number = row.strip_prefix(word)?.parse::<usize>().ok().map(|number| number.saturating_sub(1));
        let scope = match (word, at) {
            ("invoice", _) => Scope::Invoice,
            ("line", Scope::Line(own)) => Scope::Line(number.unwrap_or(own)),
            ("line", _) => Scope::Line(number.unwrap_or(0)),
            ("request", Scope::Request(own)) => Scope::Request(number.unwrap_or(own)),
            ("request", Scope::Decision(own)) => Scope::Request(number.unwrap_or(self.about(own))),
            ("request", _) => Scope::Request(number.unwrap_or(0)),
            ("decision", Scope::Decision(own)) => Scope::Decision(number.unwrap_or(own)),
            ("decision", _) => Scope::Decision(number.unwrap_or(0)),
            _ => return None,
        };
        Some((scope, name))
    }

    /// The cell that a plant's path names.
    fn named<'p>(&self, path: &'p str) -> Option<(Scope, &'p str)> {
        self.place(path, Scope::Value)
    }

    /// The request that a decision is about.
    fn about(&self, decision: usize) -> usize {
        self.fixed(Scope::Decision(decision), ABOUT).map_or(0, |number| number.saturating_sub(1) as usize)
    }

    fn fixed(&self, scope: Scope, name: &str) -> Option<u64> {
        match self.written(scope, name)?.get_ref() {
            Cell::Number(number) => u64::try_from(*number).ok(),
            _ => None,
        }
    }

    /// What stands in a cell: what the plant sets, else what the row says, else the default. `None` also for a line
    /// whose invoice says it for all lines.
    fn written(&self, scope: Scope, name: &str) -> Option<&Spanned<Cell>> {
        let (default, story) = (&self.file.default, self.story);
        let (own, other) = match scope {
            Scope::Value => (Some(&story.values), &default.values),
            Scope::Invoice => (Some(&story.invoice), &default.invoice),
            Scope::Line(number) => (story.line.get(number), &default.line),
            Scope::Request(number) => (story.request.get(number), &default.request),
            Scope::Decision(number) => (story.decision.get(number), &default.decision),
        };
        let mut planted = self.plant.into_iter().flat_map(|plant| &plant.set);
        let planted = planted.find(|(path, _)| self.named(path) == Some((scope, name))).map(|(_, cell)| cell);
        let shared = matches!(scope, Scope::Line(_)) && story.invoice.contains_key(name);
        let own = planted.or_else(|| own?.get(name));
        own.or_else(|| if shared { None } else { other.get(name) })
    }

    /// The step that gives a cell; `None` if it is blank.
    fn cell(&self, scope: Scope, name: &str, steps: &mut Steps) -> Result<Option<Slot>, Wrong> {
        let key = (scope, name.to_owned());
        match steps.found.get(&key) {
            Some(Some(slot)) => return Ok(Some(*slot)),
            Some(None) => return self.wrong(format!("the cell `{name}` is needed to work out itself")),
            None => {}
        }
        let slot = match self.written(scope, name) {
            Some(cell) => {
                steps.found.insert(key.clone(), None);
                self.made(cell, scope, steps).map_err(|(_, what)| (cell.span(), what))?
            }
            None if matches!(scope, Scope::Line(_)) => return self.cell(Scope::Invoice, name, steps),
            None => match given(scope, name) {
                Some((step, gives)) => steps.push(step, gives),
                None => return Ok(None),
            },
        };
        steps.found.insert(key, Some(slot));
        Ok(Some(slot))
    }

    /// The step that a path names, which must give something of some sort.
    fn slot(&self, path: &str, at: Scope, sort: Option<Gives>, steps: &mut Steps) -> Result<Slot, Wrong> {
        let Some((scope, name)) = self.place(path, at) else { return self.wrong(format!("there is no cell `{path}`")) };
        let Some(slot) = self.cell(scope, name, steps)? else {
            return self.wrong(format!("there is no cell `{path}`"));
        };
        let gives = steps.gives.get(slot).copied();
        if sort.is_some() && gives != sort && gives != Some(Gives::Blank) {
            return self.wrong(format!("the cell `{path}` is not of the sort that is needed"));
        }
        Ok(slot)
    }

    fn made(&self, cell: &Spanned<Cell>, at: Scope, steps: &mut Steps) -> Result<Slot, Wrong> {
        let (step, gives) = match cell.get_ref() {
            Cell::Texts(texts) => return self.texts(texts, at, steps),
            Cell::Made(Made::List(name)) => match self.file.lists.get(name) {
                Some(texts) => return self.texts(texts, at, steps),
                None => return self.wrong(format!("there is no list `{name}`")),
            },
            Cell::Number(number) => (Step::Number(self.number(&Count::Fixed(*number), at, steps)?), Gives::Number),
            Cell::Made(Made::Number(count)) => (Step::Number(self.number(count, at, steps)?), Gives::Number),
            Cell::Made(Made::Amount(amount)) => {
                let ends = [amount.from, amount.to, amount.step.unwrap_or(1)];
                if amount.from > amount.to || !ends.iter().all(|end| (1..=LARGEST).contains(end)) {
                    let what = "`from` and `to`, in this order, and `step` must be from 1 to";
                    return self.wrong(format!("{what} {LARGEST}"));
                }
                (Step::Amount(amount.from, amount.to, amount.step), Gives::Money)
            }
            Cell::Made(Made::Share(share)) => (self.share(share, at, steps)?, Gives::Money),
            Cell::Made(Made::Day(day)) => (self.day(day, at, steps)?, Gives::Day),
        };
        Ok(steps.push(step, gives))
    }

    fn share(&self, share: &Share, at: Scope, steps: &mut Steps) -> Result<Step, Wrong> {
        let of = share.of.iter().map(|path| self.slot(path, at, Some(Gives::Money), steps));
        let of = of.collect::<Result<Vec<Slot>, Wrong>>()?;
        let mut number =
            |count: &Option<Count>, default| self.number(count.as_ref().unwrap_or(&Count::Fixed(default)), at, steps);
        Ok(Step::Share {
            of,
            times: number(&share.times, 1)?,
            per: number(&share.per, 1)?,
            percent: number(&share.percent, 100)?,
        })
    }

    fn day(&self, day: &Day, at: Scope, steps: &mut Steps) -> Result<Step, Wrong> {
        let (path, back) = match (&day.after, &day.before) {
            (Some(path), None) => (path, false),
            (None, Some(path)) => (path, true),
            _ => return self.wrong("a day needs either `after` or `before`".to_owned()),
        };
        if day.business_days.is_some() && (back || self.policy.calendar.is_none()) {
            return self.wrong("business days need a policy with a calendar, and `after`".to_owned());
        }
        let from = self.slot(path, at, Some(Gives::Day), steps)?;
        let mut number = |count: &Option<Count>| self.number(count.as_ref().unwrap_or(&Count::Fixed(0)), at, steps);
        let [months, days, business_days, minutes] =
            [&day.months, &day.days, &day.business_days, &day.minutes].map(&mut number);
        let chance = day.chance.clamp(0, 100).unsigned_abs();
        Ok(Step::Day {
            from,
            back,
            months: months?,
            days: days?,
            business_days: business_days?,
            minutes: minutes?,
            at: day.at,
            chance,
        })
    }

    fn number(&self, count: &Count, at: Scope, steps: &mut Steps) -> Result<Number, Wrong> {
        match count {
            Count::Fixed(number) if (-LARGEST..=LARGEST).contains(number) => Ok(Number::Fixed(*number)),
            Count::Range([from, to]) if -LARGEST <= *from && from <= to && *to <= LARGEST => {
                Ok(Number::Range(*from, *to))
            }
            Count::Fixed(_) | Count::Range(_) => {
                self.wrong(format!("a number must be at most {LARGEST}, and a range in order"))
            }
            Count::Of(path) => self.slot(path, at, Some(Gives::Number), steps).map(Number::Of),
        }
    }

    /// The step that chooses one of some texts. A text that is only the name of a cell is that cell.
    fn texts(&self, texts: &[String], at: Scope, steps: &mut Steps) -> Result<Slot, Wrong> {
        if let [text] = texts
            && let Some(path) = text.strip_prefix('{').and_then(|text| text.strip_suffix('}'))
            && !path.contains(['{', ':'])
            && request(path).is_none()
        {
            return self.slot(path, at, None, steps);
        }
        let mut quoted = false;
        let mut chosen = Vec::new();
        for text in texts {
            let (parts, quotes) = self.text(text, at, steps)?;
            quoted |= quotes;
            chosen.push(parts);
        }
        let blank = texts.iter().all(String::is_empty);
        Ok(steps.push(Step::Texts(chosen), if blank { Gives::Blank } else { Gives::Text { quoted } }))
    }

    /// The parts of a text as it stands in a file, and whether it stands in quotation marks there.
    fn text(&self, text: &str, at: Scope, steps: &mut Steps) -> Result<(Vec<Part>, bool), Wrong> {
        let (mut parts, mut rest) = (Vec::new(), text);
        let quoted = text.contains([',', '"', '\n', '\r']);
        let mark = || Part::Text(if quoted { "\"".to_owned() } else { String::new() });
        parts.push(mark());
        while let Some((before, after)) = rest.split_once('{') {
            let Some((path, after)) = after.split_once('}') else {
                return self.wrong(format!("`{text}` has a brace that is not closed"));
            };
            parts.push(Part::Text(before.replace('"', "\"\"")));
            parts.push(match (path.strip_suffix(":month"), request(path)) {
                (Some(path), _) => Part::Month(self.slot(path, at, Some(Gives::Day), steps)?),
                (None, Some(number)) if number < self.story.request.len() => Part::Request(number),
                (None, Some(_)) => return self.wrong(format!("the story has no `{path}`")),
                (None, None) => Part::Cell(self.slot(path, at, None, steps)?),
            });
            if let Some(Part::Cell(slot)) = parts.last()
                && steps.gives.get(*slot) == Some(&Gives::Text { quoted: true })
            {
                return self.wrong(format!("`{path}` can have quotation marks or commas and cannot stand in a text"));
            }
            rest = after;
        }
        parts.push(Part::Text(rest.replace('"', "\"\"")));
        parts.push(mark());
        Ok((parts, quoted))
    }

    /// The row of an export.
    fn row(&self, scope: Scope, steps: &mut Steps) -> Result<Row, Wrong> {
        let columns = Column::ALL.iter().filter(|column| Some(column.table()) == scope.table());
        let mut parts = Vec::new();
        for (number, column) in columns.enumerate() {
            parts.push(Part::Text(if number == 0 { String::new() } else { ",".to_owned() }));
            match (column, scope) {
                (Column::InvoiceId | Column::RequestInvoiceId, _) => parts.push(Part::Invoice),
                (Column::Line, Scope::Line(own)) => parts.push(Part::Text((own + 1).to_string())),
                (Column::Policy, _) => parts.push(Part::Text(self.policy.name.clone())),
                (Column::RequestId, Scope::Request(own)) => parts.push(Part::Request(own)),
                (Column::DecisionRequestId, Scope::Decision(own)) => parts.push(Part::Request(self.about(own))),
                (Column::DecisionId, _) => parts.push(Part::Decision),
                _ => self.shown(scope, column.name(), &mut parts, steps)?,
            }
        }
        parts.push(Part::Text("\n".to_owned()));
        Ok(Row {
            parts: merged(parts),
            chance: self.fixed(scope, CHANCE).unwrap_or(100),
            at: self.order(scope, steps)?,
        })
    }

    /// Adds a cell to a row. A text without alternatives becomes a part of the row.
    fn shown(&self, scope: Scope, name: &str, parts: &mut Vec<Part>, steps: &mut Steps) -> Result<(), Wrong> {
        let written = self.written(scope, name).map(|cell| (cell.span(), cell.get_ref()));
        if let Some((span, Cell::Texts(texts))) = written
            && let [text] = texts.as_slice()
        {
            parts.extend(self.text(text, scope, steps).map_err(|(_, what)| (span, what))?.0);
        } else if let Some(slot) = self.cell(scope, name, steps)? {
            parts.push(Part::Cell(slot));
        } else if [Column::AccountId.name(), Column::RequestAccountId.name()].contains(&name) {
            parts.push(Part::Cell(self.slot("account", scope, None, steps)?));
        }
        Ok(())
    }

    /// The cells that give a row its place in the file.
    fn order(&self, scope: Scope, steps: &mut Steps) -> Result<Vec<Slot>, Wrong> {
        let cells = match scope {
            Scope::Request(_) => vec![(scope, Column::SubmittedAt)],
            Scope::Decision(own) => {
                let request = Scope::Request(self.about(own));
                vec![(scope, Column::DecidedAt), (scope, Column::AcknowledgedAt), (request, Column::SubmittedAt)]
            }
            _ => Vec::new(),
        };
        let slots = cells.into_iter().map(|(scope, column)| self.cell(scope, column.name(), steps));
        Ok(slots.collect::<Result<Vec<Option<Slot>>, Wrong>>()?.into_iter().flatten().collect())
    }

    /// The row of the key.
    fn key(&self, plant: &Plant, steps: &mut Steps) -> Result<Row, Wrong> {
        let (request, line) = match (request(&plant.on), self.place(&format!("{}.", plant.on), Scope::Value)) {
            (Some(number), _) if number < self.story.request.len() => {
                let line = self.cell(Scope::Request(number), Column::RequestLine.name(), steps)?;
                (Part::Request(number), line.map_or(Part::Text(String::new()), Part::Cell))
            }
            (None, Some((Scope::Line(number), _))) if number < self.story.line.len() => {
                (Part::Text(String::new()), Part::Text((number + 1).to_string()))
            }
            _ => return self.wrong(format!("the story has no `{}`", plant.on)),
        };
        let mut parts = vec![request, Part::Text(",".to_owned()), Part::Invoice, Part::Text(",".to_owned()), line];
        for text in
            [&self.policy.name, &self.story.name, &plant.rule, plant.verdict.name(), plant.shows.as_str()] as [&str; 5]
        {
            parts.push(Part::Text(",".to_owned()));
            parts.extend(self.text(text, Scope::Value, steps)?.0);
        }
        parts.push(Part::Text("\n".to_owned()));
        Ok(Row { parts: merged(parts), chance: 100, at: Vec::new() })
    }
}

/// What the program itself puts into a cell.
fn given(scope: Scope, name: &str) -> Option<(Step, Gives)> {
    let text = Gives::Text { quoted: false };
    let is = |column: Column| name == column.name();
    match scope {
        Scope::Value if name == "account" => Some((Step::Account, text)),
        Scope::Value if name == "other_account" => Some((Step::Stranger, text)),
        Scope::Invoice if is(Column::Currency) => Some((Step::Currency, text)),
        Scope::Invoice if is(Column::InvoiceDate) => Some((Step::Charge, Gives::Day)),
        _ => None,
    }
}

/// The number of the request that a name such as `request2` stands for.
fn request(name: &str) -> Option<usize> {
    name.strip_prefix("request")?.parse::<usize>().ok()?.checked_sub(1)
}

/// The same parts with texts that follow each other joined.
fn merged(parts: Vec<Part>) -> Vec<Part> {
    let mut joined: Vec<Part> = Vec::new();
    for part in parts {
        match (joined.last_mut(), part) {
            (Some(Part::Text(before)), Part::Text(text)) => before.push_str(&text),
            (_, part) => joined.push(part),
        }
    }
    joined
}
