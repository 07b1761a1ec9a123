//! From the text of a mapping file to its sources, with every problem of the file named at its place.

use super::amount::{AmountForm, Grouping, Sign};
use super::date::{ClockChange, Months};
use super::keys::{
    ColumnKeys, ColumnTable, ConditionKeys, Defaults, Forms, GatherKeys, HeaderKey, Minor as MinorKey, PartTable,
    SignKey, SourceKeys, Texts, Twice,
};
use super::source::{
    AutoDates, Condition, Convert, Events, Fill, Gather, HeaderAt, Minor, Named, Pick, Source, Spec, Test, Which,
};
use crate::column::{Column, Table, Type};
use crate::document::{self, Problem, Reading, one_line};
use crate::time::Zone;
use crate::wording::did_you_mean;
use encoding_rs::{Encoding, UTF_8};
use regex::Regex;
use std::collections::BTreeMap;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// What a mapping file says.
#[derive(Debug, Default)]
pub struct Mapping {
    /// What it is for, in a line.
    pub title: String,
    /// The sources, in the order of tables.
    pub sources: Vec<Source>,
}

/// The keys at the top of a file.
const TOP: [&str; 5] = ["title", "defaults", "invoices", "requests", "decisions"];

/// Reads a mapping file.
///
/// # Errors
/// All that is wrong in it.
pub fn mapping(document: &document::Source) -> Result<Mapping, Vec<Problem>> {
    let mut reading = Reading { source: document, problems: Vec::new() };
    let (table, syntax) = DeTable::parse_recoverable(&document.text);
    for error in syntax {
        reading.problem(error.span().unwrap_or(0..0), one_line(error.message()), None);
    }
    if !reading.problems.is_empty() {
        return Err(reading.problems);
    }
    let mapping = read(&mut reading, table.into_inner());
    if reading.problems.is_empty() { Ok(mapping) } else { Err(told_once(reading.problems)) }
}

/// What several columns take from one place is wrong once.
fn told_once(problems: Vec<Problem>) -> Vec<Problem> {
    let mut told: Vec<Problem> = Vec::new();
    for problem in problems {
        if !told.contains(&problem) {
            told.push(problem);
        }
    }
    told
}

fn read(reading: &mut Reading<'_>, mut table: DeTable<'_>) -> Mapping {
    let title = table.remove("title").and_then(|value| reading.value(value)).unwrap_or_default();
    let defaults: Defaults = table.remove("defaults").and_then(|value| reading.value(value)).unwrap_or_default();
    let mut sources = Vec::new();
    for of in Table::ALL {
        let listed = sources_of(reading, table.remove(of.name()));
        for (number, (keys, span)) in (1..).zip(&listed) {
            let name = if listed.len() == 1 { of.name().to_owned() } else { format!("{} {number}", of.name()) };
            let mut compiler = Compiler { reading, table: of, span: span.clone() };
            sources.extend(compiler.source(keys, &defaults, name));
        }
    }
    for (key, value) in &table {
        let what = format!("unknown table `{}`", key.get_ref());
        let help = format!("a mapping file has `{}`", TOP.join("`, `"));
        reading.problem(value.span(), what, Some(&help));
    }
    if sources.is_empty() && reading.problems.is_empty() {
        reading.problem(0..0, "the mapping has no source", Some("begin one with `[[invoices]]`"));
    }
    Mapping { title, sources }
}

/// The sources of a table: one table, or an array of them.
fn sources_of(reading: &mut Reading<'_>, value: Option<Spanned<DeValue<'_>>>) -> Vec<(SourceKeys, Range<usize>)> {
    let Some(value) = value else { return Vec::new() };
    let items = match value.get_ref() {
        DeValue::Table(_) => vec![value],
        DeValue::Array(_) => match value.into_inner() {
            DeValue::Array(items) => items.into_iter().collect(),
            _ => Vec::new(),
        },
        _ => return reading.array(Some(value)),
    };
    items.into_iter().filter_map(|item| source_keys(reading, item)).collect()
}

/// A source as it is written. Its columns are read one by one, so that a mistake in one hides none in another.
fn source_keys(reading: &mut Reading<'_>, mut value: Spanned<DeValue<'_>>) -> Option<(SourceKeys, Range<usize>)> {
    let span = value.span();
    let columns = match value.get_mut() {
        DeValue::Table(table) => table.remove("columns"),
        _ => None,
    };
    let keys = reading.value(value);
    let columns = columns.map(|columns| column_keys(reading, columns)).unwrap_or_default();
    let mut keys: SourceKeys = keys?;
    keys.columns = columns;
    Some((keys, span))
}

fn column_keys(
    reading: &mut Reading<'_>,
    columns: Spanned<DeValue<'_>>,
) -> BTreeMap<Spanned<String>, Spanned<ColumnKeys>> {
    let mut read = BTreeMap::new();
    let span = columns.span();
    let DeValue::Table(table) = columns.into_inner() else {
        let help = "write one line for each: `invoice_id = \"Number\"`";
        reading.problem(span, "`columns` is not a table of columns", Some(help));
        return read;
    };
    for (name, value) in table {
        let (name, place) = (Spanned::new(name.span(), name.get_ref().to_string()), value.span());
        // One that cannot be read is told already, and is not missing besides.
        let keys = reading.value(value).unwrap_or_else(ColumnKeys::stand_in);
        read.insert(name, Spanned::new(place, keys));
    }
    read
}

/// Makes a source of what is written of it.
struct Compiler<'r, 'a> {
    reading: &'r mut Reading<'a>,
    table: Table,
    /// Where the source stands in the file.
    span: Range<usize>,
}

impl Compiler<'_, '_> {
    fn problem(&mut self, span: Range<usize>, what: impl Into<String>, help: &str) {
        self.reading.problem(span, what, Some(help));
    }

    fn source(&mut self, keys: &SourceKeys, defaults: &Defaults, name: String) -> Option<Source> {
        let problems_before = self.reading.problems.len();
        let forms = keys.forms().or(defaults.forms());
        let delimiter = self.delimiter(keys.delimiter.as_ref().or(defaults.delimiter.as_ref()));
        let encoding = self.encoding(keys.encoding.as_ref().or(defaults.encoding.as_ref()));
        if keys.files.0.is_empty() {
            self.problem(self.span.clone(), "the source names no `files`", "write `files = [\"invoices-*.csv\"]`");
        }
        // Also if no column takes them: a mistake is to be seen before it matters.
        self.amount_form(&ColumnTable::default(), forms);
        self.dates(forms, false);
        let gather = keys.gather.as_ref().map(|gather| self.gather(gather, forms));
        let columns = self.columns(keys, forms);
        let source = Source {
            table: self.table,
            name,
            patterns: keys.files.0.clone(),
            delimiter,
            encoding,
            header: match keys.header.as_ref().map(Spanned::get_ref) {
                None => HeaderAt::Found,
                Some(HeaderKey::None) => HeaderAt::Nowhere,
                Some(HeaderKey::Record(number)) => HeaderAt::Record(*number),
            },
            keep: keys.keep.iter().filter_map(|condition| self.condition(condition)).collect(),
            skip: keys.skip.iter().filter_map(|condition| self.condition(condition)).collect(),
            fill: keys.fill.as_ref().map(|fill| Fill {
                by: Named::of(&fill.by),
                columns: fill.columns.iter().map(|name| Named::of(name)).collect(),
            }),
            once: keys.once.iter().flat_map(|once| &once.0).map(|name| Named::of(name)).collect(),
            gather,
            columns,
            settled: Vec::new(),
            shaped: BTreeMap::new(),
        };
        self.check(&source);
        (self.reading.problems.len() == problems_before).then_some(source)
    }

    /// What cannot go together.
    fn check(&mut self, source: &Source) {
        let shapes =
            [source.fill.is_some(), !source.once.is_empty(), source.gather.is_some()].into_iter().filter(|is| *is);
        if source.gather.is_some() && shapes.count() > 1 {
            let help = "leave `fill` and `once` out: gathered rows are one for each case";
            self.problem(self.span.clone(), "`gather` stands with `fill` or `once`", help);
        }
        let is_number = |spec: &Spec| matches!(spec.pick, Pick::NumberWithin(_));
        if source.gather.is_some() && source.columns.iter().any(is_number) {
            let help = "write `line = { constant = \"1\" }`: a case is one row";
            self.problem(self.span.clone(), "`number_within` in a source that is gathered", help);
        }
        if source.gather.is_none() && source.columns.iter().any(|spec| spec.events.is_some()) {
            let help =
                "write `gather = { by = …, event = …, time = … }`, or leave `first`, `last`, `sum` and `count` out";
            self.problem(self.span.clone(), "a column takes events, and the source does not `gather` them", help);
        }
        let is_number = |spec: &&Spec| matches!(spec.pick, Pick::Product(..)) || spec.is_sum();
        let by_currency = |spec: &&Spec| match (&spec.pick, &spec.convert) {
            (Pick::Product(..), Convert::Amount(_, minor)) => *minor != Minor::No,
            (_, Convert::Amount(_, minor)) => *minor == Minor::ByCurrency,
            _ => false,
        };
        if let Some(spec) = source.columns.iter().find(|spec| is_number(spec) && by_currency(spec)) {
            let what = format!("`{}` is multiplied or added up, and in minor units of a currency", spec.column.name());
            self.problem(
                self.span.clone(),
                what,
                "write `minor_units` as a number of digits for a sum; a product has none",
            );
        }
        let lacks = |spec: &&Spec| matches!(spec.pick, Pick::Event) && !spec.is_count();
        let without_time = source.gather.as_ref().is_some_and(|gather| gather.time.is_none());
        if let Some(spec) = source.columns.iter().find(lacks).filter(|_| without_time) {
            let what = format!("`{}` takes the time of an event, and `gather` names no `time`", spec.column.name());
            self.problem(self.span.clone(), what, "name the column with the events' times");
        }
    }

    fn delimiter(&mut self, key: Option<&Spanned<String>>) -> u8 {
        let Some(key) = key else { return b',' };
        match key.get_ref().as_bytes() {
            [byte @ (b',' | b';' | b'\t' | b'|')] => *byte,
            _ => {
                let help = "a delimiter is `,`, `;`, `|` or a tab, written `\"\\t\"`";
                self.problem(key.span(), format!("unknown delimiter `{}`", key.get_ref().escape_debug()), help);
                b','
            }
        }
    }

    fn encoding(&mut self, key: Option<&Spanned<String>>) -> Option<&'static Encoding> {
        let Some(key) = key else { return Some(UTF_8) };
        let encoding = Encoding::for_label(key.get_ref().as_bytes());
        if encoding.is_none() {
            let help = "name one such as `utf-8`, `utf-16le` or `windows-1252`";
            self.problem(key.span(), format!("unknown encoding `{}`", key.get_ref()), help);
        }
        encoding
    }

    fn condition(&mut self, keys: &Spanned<ConditionKeys>) -> Option<Condition> {
        let (span, keys) = (keys.span(), keys.get_ref());
        let column = self.named(keys.column.as_ref(), keys.occurrence, keys.position, &span)?;
        let lower = |texts: &Texts| texts.0.iter().map(|text| text.trim().to_lowercase()).collect();
        let pattern = keys.matches.as_ref().map(|pattern| self.pattern(pattern));
        let mut tests: Vec<Test> = Vec::new();
        tests.extend(keys.is.as_ref().map(|texts| Test::Is(lower(texts))));
        tests.extend(keys.is_not.as_ref().map(|texts| Test::IsNot(lower(texts))));
        tests.extend(keys.starts_with.as_ref().map(|texts| Test::StartsWith(lower(texts))));
        tests.extend(pattern.map(|pattern| pattern.map(Test::Matches)).unwrap_or_default());
        tests.extend(keys.blank.map(Test::Blank));
        match (tests.pop(), tests.is_empty()) {
            (Some(test), true) => Some(Condition { column, optional: keys.optional, test }),
            _ if keys.matches.is_some() && keys.is.is_none() => None,
            _ => {
                let help = "write one of `is`, `is_not`, `starts_with`, `matches` and `blank`";
                self.problem(span, "a condition has one test", help);
                None
            }
        }
    }

    fn pattern(&mut self, key: &Spanned<String>) -> Option<Regex> {
        match Regex::new(key.get_ref()) {
            Ok(pattern) => Some(pattern),
            Err(error) => {
                let (told, why) = (error.to_string(), "error: ");
                let why = told.rsplit_once(why).map_or(told.as_str(), |(_, why)| why);
                let what = format!("not a regular expression: {}", one_line(why));
                self.problem(key.span(), what, "see the syntax of the `regex` crate");
                None
            }
        }
    }

    fn named(
        &mut self,
        names: Option<&Texts>,
        occurrence: Option<usize>,
        position: Option<usize>,
        span: &Range<usize>,
    ) -> Option<Named> {
        match (names, position) {
            (None, Some(position @ 1..)) if occurrence.is_none() => Some(Named::Position(position - 1)),
            (Some(names), None) if !names.0.is_empty() && occurrence != Some(0) => {
                Some(Named::Name(names.0.clone(), occurrence.unwrap_or(1) - 1))
            }
            _ => {
                let help = "write `column` with a name, perhaps with `occurrence` from 1; or `position` from 1";
                self.problem(span.clone(), "a column is named by its name or by its position", help);
                None
            }
        }
    }

    fn parts(&mut self, parts: &[super::keys::PartKeys], span: &Range<usize>) -> Option<Vec<Named>> {
        let named = |part: &super::keys::PartKeys| {
            let PartTable { column, occurrence, position } = &part.0;
            self.named(column.as_ref(), *occurrence, *position, span)
        };
        parts.iter().map(named).collect()
    }

    fn gather(&mut self, keys: &GatherKeys, forms: Forms<'_>) -> Gather {
        let time = keys.time.as_ref().and_then(|name| match self.dates(forms, false)? {
            Convert::Date(reader, _) => Some((Named::of(name), reader)),
            _ => {
                let help = "write the form of the events' times in the source's `dates`; `reperform inspect` shows it";
                self.problem(self.span.clone(), "the times of events cannot have the form `auto`", help);
                None
            }
        });
        Gather {
            by: keys.by.0.iter().map(|name| Named::of(name)).collect(),
            event: keys.event.as_deref().map(Named::of),
            time,
            needs: keys.needs.iter().flat_map(|needs| &needs.0).map(|name| name.to_lowercase()).collect(),
        }
    }

    fn columns(&mut self, keys: &SourceKeys, forms: Forms<'_>) -> Vec<Spec> {
        let mut specs = Vec::new();
        for (name, keys) in &keys.columns {
            let find = |column: &&Column| column.table() == self.table && column.name() == name.get_ref();
            let Some(column) = Column::ALL.iter().find(find) else {
                let names = Column::ALL.iter().filter(|column| column.table() == self.table).map(|c| c.name());
                let what = format!("`{}` has no canonical column `{}`", self.table.name(), name.get_ref());
                let all = || "`reperform columns` lists them".to_owned();
                let help = did_you_mean(name.get_ref(), names).unwrap_or_else(all);
                self.problem(name.span(), what, &help);
                continue;
            };
            specs.extend(self.spec(*column, &keys.get_ref().0, forms, keys.span()));
        }
        let given = |column: &Column| keys.columns.keys().any(|name| name.get_ref() == column.name());
        let lacks = |c: &&Column| c.table() == self.table && c.required() && !given(c) && !keys.columns.is_empty();
        let missing: Vec<String> =
            Column::ALL.iter().filter(lacks).map(|column| format!("`{}`", column.name())).collect();
        if !missing.is_empty() || keys.columns.is_empty() {
            let come = if missing.len() == 1 { "comes" } else { "come" };
            let what = format!("the source does not say where {} {come} from", missing.join(", "));
            let what = if missing.is_empty() { "the source has no `columns`".to_owned() } else { what };
            self.problem(self.span.clone(), what, "every source of a table gives each of its required columns");
        }
        // Minor units are counted by the row's currency, which is therefore worked out first.
        specs.sort_by_key(|spec| (spec.column.kind() != Type::Currency, spec.column));
        specs
    }

    fn spec(&mut self, column: Column, keys: &ColumnTable, forms: Forms<'_>, span: Range<usize>) -> Option<Spec> {
        let forms = keys.forms().or(forms);
        let events = self.events(keys, &span)?;
        let pick = self.pick(keys, events.as_ref(), forms, &span)?;
        let lower = |text: &String| text.trim().to_lowercase();
        let extract = match &keys.extract {
            Some(pattern) => Some(self.pattern(pattern)?),
            None => None,
        };
        if events.as_ref().is_some_and(|events| events.which.is_number())
            && !matches!(column.kind(), Type::Amount | Type::Percent | Type::Whole)
        {
            let what = format!("`{}` takes no number", column.name());
            self.problem(span, what, "write `sum` and `count` only for amounts");
            return None;
        }
        let convert = self.convert(column, keys, forms, &span)?;
        let is_unchanged = forms.blanks.is_none()
            && extract.is_none()
            && keys.values.is_empty()
            && keys.others.is_none()
            && keys.default.is_none();
        Some(Spec {
            is_unchanged,
            column,
            pick,
            events,
            optional: keys.optional,
            blanks: forms.blanks.iter().flat_map(|blanks| &blanks.0).map(lower).collect(),
            extract,
            values: keys.values.iter().map(|(text, value)| (lower(text), value.clone())).collect(),
            others: keys.others.clone(),
            default: keys.default.clone().unwrap_or_default(),
            convert,
        })
    }

    fn events(&mut self, keys: &ColumnTable, span: &Range<usize>) -> Option<Option<Events>> {
        let said = [
            (Which::First, &keys.first),
            (Which::Last, &keys.last),
            (Which::Sum, &keys.sum),
            (Which::Count, &keys.count),
        ];
        let mut said = said.into_iter().filter_map(|(which, names)| Some((which, names.as_ref()?)));
        let first = said.next();
        if said.next().is_some() {
            self.problem(span.clone(), "a column takes its events in one way", "leave one of the two out");
            return None;
        }
        let names = |texts: &Texts| match texts.0.as_slice() {
            [any] if any == "*" => Vec::new(),
            names => names.iter().map(|name| name.to_lowercase()).collect(),
        };
        Some(first.map(|(which, texts)| Events { which, names: names(texts) }))
    }

    fn pick(
        &mut self,
        keys: &ColumnTable,
        events: Option<&Events>,
        forms: Forms<'_>,
        span: &Range<usize>,
    ) -> Option<Pick> {
        let cell = keys.column.is_some() || keys.position.is_some();
        let said =
            [cell, keys.constant.is_some(), keys.join.is_some(), keys.product.is_some(), keys.number_within.is_some()];
        match said.iter().filter(|is| **is).count() {
            1 => {}
            0 if events.is_some_and(|events| events.which != Which::Sum) => return Some(Pick::Event),
            _ => {
                let help = "write one of `column`, `position`, `constant`, `join`, `product` and `number_within`";
                self.problem(span.clone(), "a canonical column comes from one place", help);
                return None;
            }
        }
        if let Some(constant) = &keys.constant {
            return Some(Pick::Constant(constant.clone()));
        }
        if let Some(parts) = &keys.join {
            let with = keys.with.clone().unwrap_or_else(|| " ".to_owned());
            return Some(Pick::Join(self.parts(parts, span)?, with));
        }
        if let Some(parts) = &keys.product {
            return Some(Pick::Product(self.parts(parts, span)?, self.amount_form(keys, forms)));
        }
        if let Some(within) = &keys.number_within {
            return Some(Pick::NumberWithin(within.0.iter().map(|name| Named::of(name)).collect()));
        }
        self.named(keys.column.as_ref(), keys.occurrence, keys.position, span).map(Pick::Cell)
    }

    fn convert(
        &mut self,
        column: Column,
        keys: &ColumnTable,
        forms: Forms<'_>,
        span: &Range<usize>,
    ) -> Option<Convert> {
        Some(match column.kind() {
            Type::Id => Convert::Id,
            Type::Text | Type::Flag | Type::Code => Convert::Text,
            Type::Currency => match keys.take.as_ref() {
                None => Convert::Text,
                Some(take) if take.get_ref() == "currency" => {
                    let mut form = self.amount_form(keys, forms);
                    form.symbols.extend(keys.codes.keys().cloned());
                    Convert::CurrencyOf(form, keys.codes.clone())
                }
                Some(take) => {
                    self.problem(take.span(), "only `currency` can be taken", "write `take = \"currency\"`");
                    return None;
                }
            },
            Type::Amount | Type::Percent | Type::Whole => {
                Convert::Amount(self.amount_form(keys, forms), self.minor(forms, span))
            }
            kind @ (Type::Time | Type::Date) => return self.dates(forms, kind == Type::Date),
        })
    }

    fn amount_form(&mut self, keys: &ColumnTable, forms: Forms<'_>) -> AmountForm {
        let decimal = match forms.decimal.map(|key| (key.get_ref().as_str(), key.span())) {
            None | Some((".", _)) => b'.',
            Some((",", _)) => b',',
            Some((other, span)) => {
                self.problem(span, format!("unknown decimal sign `{other}`"), "write `.` or `,`");
                b'.'
            }
        };
        let grouping = match forms.grouping.map(|key| (key.get_ref().as_str(), key.span())) {
            None | Some(("", _)) => Grouping::None,
            Some((",", _)) if decimal != b',' => Grouping::Comma,
            Some((".", _)) if decimal != b'.' => Grouping::Point,
            Some(("'" | "\u{2019}", _)) => Grouping::Apostrophe,
            Some((" " | "\u{a0}" | "\u{202f}", _)) => Grouping::Blank,
            Some((other, span)) => {
                let help = "write `,`, `.`, `'` or a blank, and not the decimal sign";
                self.problem(span, format!("groups cannot be separated by `{other}`"), help);
                Grouping::None
            }
        };
        let symbols = forms.symbols.map(|symbols| symbols.get_ref().0.clone()).unwrap_or_default();
        let sign = match keys.sign {
            None | Some(SignKey::Positive) => Sign::Positive,
            Some(SignKey::Negative) => Sign::Negative,
            Some(SignKey::Any) => Sign::Any,
        };
        let form = AmountForm { decimal, grouping, symbols, sign };
        if let Err(what) = form.check() {
            let span = forms.symbols.map_or(self.span.clone(), Spanned::span);
            self.problem(span, what, "a symbol is a sign such as `€`, or a code such as `EUR`");
        }
        form
    }

    fn minor(&mut self, forms: Forms<'_>, span: &Range<usize>) -> Minor {
        match forms.minor_units {
            None | Some(MinorKey::ByCurrency(false)) => Minor::No,
            Some(MinorKey::Digits(digits)) => Minor::Digits(digits),
            Some(MinorKey::ByCurrency(true)) if self.table == Table::Requests => {
                let help = "requests have no currency: write how many digits, such as `minor_units = 2`";
                self.problem(span.clone(), "minor units of which currency cannot be told", help);
                Minor::No
            }
            Some(MinorKey::ByCurrency(true)) => Minor::ByCurrency,
        }
    }

    fn dates(&mut self, forms: Forms<'_>, day_only: bool) -> Option<Convert> {
        let auto = self.auto_dates(forms)?;
        if forms.dates.is_some_and(|key| key.get_ref().0 == ["auto"]) {
            return Some(Convert::AutoDate(auto, day_only));
        }
        let iso = || vec!["iso".to_owned()];
        match auto.reader(&forms.dates.map_or_else(iso, |key| key.get_ref().0.clone())) {
            Ok(reader) => Some(Convert::Date(reader, day_only)),
            Err(what) => {
                let span = forms.dates.map_or(self.span.clone(), Spanned::span);
                self.problem(span, what, "write a form such as `d/m/Y H:M`, `iso`, `excel`, `unix` or `auto`");
                None
            }
        }
    }

    fn auto_dates(&mut self, forms: Forms<'_>) -> Option<AutoDates> {
        let months = match forms.months {
            None => Months::default(),
            Some(key) => match Months::new(key.get_ref()) {
                Ok(months) => months,
                Err(what) => {
                    self.problem(key.span(), what, "name the twelve months from January on");
                    return None;
                }
            },
        };
        let zone = match forms.zone.map(|key| (Zone::named(key.get_ref()), key)) {
            None => None,
            Some((Some(zone), _)) => Some(zone),
            Some((None, key)) => {
                let help = "name a zone of the IANA list, such as `UTC` or `Europe/Berlin`";
                self.problem(key.span(), format!("unknown time zone `{}`", key.get_ref()), help);
                return None;
            }
        };
        let clock_change = forms.clock_change.map(|twice| match twice {
            Twice::Earlier => ClockChange::Earlier,
            Twice::Later => ClockChange::Later,
        });
        Some(AutoDates { months, zone, clock_change })
    }
}
