//! What a column holds, with the evidence.

use super::ids::{Damage, Ids};
use super::number::{Number, Numbers, Settlement};
use super::resemble::{ALIASES, Resemblance};
use super::{Evidence, Place};
use crate::mapping::date::{DateForm, DateReader, Months};
use crate::mapping::settle::{Row, Settled, Settler};
use crate::report::layout::count;
use foldhash::fast::FixedState;
use hashbrown::HashMap;
use iso_currency::Currency;
use serde::Serialize;
use std::collections::BTreeMap;

/// How many different values of a column are counted, and how long they may be.
pub(super) const VALUES: usize = 1000;
const LONGEST_VALUE: usize = 200;
/// As many different values are all shown; of more, the most frequent.
const ALL: usize = 12;
const TOP: usize = 5;
/// A text longer than this is no id.
const LONGEST_ID: usize = 64;

/// What the cells of a column are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// There are none.
    Empty,
    /// Days, with or without times.
    Date,
    /// Numbers with fractions, groups, signs or symbols.
    Amount,
    /// Whole numbers.
    Whole,
    /// True or false.
    Flag,
    /// ISO 4217 codes.
    Currency,
    /// Ids.
    Id,
    /// Few words, repeated.
    Code,
    /// Anything else.
    Text,
}

impl Kind {
    /// The name for a user.
    pub(super) fn name(self) -> &'static str {
        match self {
            Kind::Empty => "empty",
            Kind::Date => "date",
            Kind::Amount => "amount",
            Kind::Whole => "whole number",
            Kind::Flag => "flag",
            Kind::Currency => "currency",
            Kind::Id => "id",
            Kind::Code => "word",
            Kind::Text => "text",
        }
    }
}

/// A column.
#[derive(Serialize)]
pub struct ColumnFound {
    /// Its place, counted from 1.
    pub position: usize,
    /// Its name as the header writes it.
    pub name: String,
    /// Which of several columns of that name it is.
    pub occurrence: Option<usize>,
    /// What its cells are.
    pub kind: Kind,
    /// What shows it.
    pub why: Vec<String>,
    /// How many cells are blank, and how many are not.
    pub blank: u64,
    /// Those with a text that means that there is no value are not blank.
    pub filled: u64,
    /// Texts that may mean that there is no value.
    pub missing: BTreeMap<String, u64>,
    /// How many different values there are; or more than that, if `distinct_is_cut`.
    pub distinct: u64,
    /// Whether there are more than were kept apart.
    pub distinct_is_cut: bool,
    /// Values with how often they occur: all, or the most frequent.
    pub values: Vec<(String, u64)>,
    /// Whether only the values that came first were counted.
    pub values_are_first: bool,
    /// Least and most: of numbers and days by what they mean, of ids and texts by their letters.
    pub least: Option<String>,
    /// See `least`.
    pub most: Option<String>,
    /// What looks damaged, or must be decided.
    pub warnings: Vec<String>,
    /// The canonical columns that it resembles, the most first.
    pub resembles: Vec<Resemblance>,
    /// The forms of its dates, if they are settled; if not, the forms that are left.
    pub dates: Vec<String>,
    /// Whether it is settled how its dates or amounts are written.
    pub settled: bool,
    /// The decimal sign and what stands between groups, if that is settled.
    pub decimal: Option<(char, Option<char>)>,
    /// Signs and codes beside its amounts.
    pub symbols: Vec<String>,
    /// Whether a spreadsheet added `.0` to its ids.
    pub has_fractions: bool,
    /// Whether some of its amounts are negative.
    pub negative: bool,
    #[serde(skip)]
    ids: Ids,
    #[serde(skip)]
    pub(super) range: Option<(rust_decimal::Decimal, rust_decimal::Decimal)>,
}

impl ColumnFound {
    /// The name, and which one of that name it is.
    pub fn label(&self) -> String {
        let name = self.name.trim();
        match self.occurrence {
            Some(occurrence) => format!("{name} ({occurrence})"),
            None => name.to_owned(),
        }
    }

    pub(super) fn ids(&self) -> &Ids {
        &self.ids
    }

    pub(super) fn has_ids(&self) -> bool {
        self.kind == Kind::Id && self.distinct > 1
    }
}

/// A value that is counted.
struct Value {
    cells: u64,
    first: Place,
    is_date: bool,
}

/// A column as it is read.
pub(super) struct Column {
    name: String,
    blank: u64,
    filled: u64,
    values: HashMap<Box<str>, Value, FixedState>,
    is_full: bool,
    missing: BTreeMap<String, u64>,
    numbers: Numbers,
    settler: Settler<Place>,
    dates: u64,
    times: Times,
    no_number: Evidence,
    no_date: Evidence,
    currencies: u64,
    flags: u64,
    /// Cells without a blank in which there is a digit.
    id_like: u64,
    ids: Ids,
    keeps_ids: bool,
    damage: Damage,
    texts: Option<(String, String)>,
}

impl Column {
    pub(super) fn new(name: &str) -> Column {
        Column {
            name: name.trim_start_matches('\u{feff}').to_owned(),
            blank: 0,
            filled: 0,
            values: HashMap::with_hasher(FixedState::with_seed(0)),
            is_full: false,
            missing: BTreeMap::new(),
            numbers: Numbers::default(),
            settler: Settler::new(Months::default()),
            dates: 0,
            times: Times::default(),
            no_number: Evidence::default(),
            no_date: Evidence::default(),
            currencies: 0,
            flags: 0,
            id_like: 0,
            ids: Ids::default(),
            keeps_ids: true,
            damage: Damage::default(),
            texts: None,
        }
    }

    pub(super) fn name(&self) -> &str {
        self.name.trim()
    }

    /// Takes up a cell.
    pub(super) fn see(&mut self, cell: &str, place: Place) {
        if cell.is_empty() {
            self.blank += 1;
            return;
        }
        self.filled += 1;
        if let Some(value) = self.values.get_mut(cell) {
            value.cells += 1;
            return;
        }
        if ALIASES.is_missing(cell) {
            *self.missing.entry(cell.to_owned()).or_default() += 1;
            return;
        }
        let is_date = self.is_date(cell, place);
        if self.values.len() < VALUES && cell.len() <= LONGEST_VALUE {
            self.values.insert(cell.into(), Value { cells: 1, first: place, is_date });
            return;
        }
        if !self.is_full {
            self.overflow();
        }
        self.weigh(cell, &Value { cells: 1, first: place, is_date });
    }

    fn is_date(&mut self, cell: &str, place: Place) -> bool {
        // What was never a date is not looked at on and on.
        if self.settler.dates() == 0 && self.settler.others() >= VALUES as u64 {
            return false;
        }
        let before = self.settler.dates();
        self.settler.see(place, cell);
        self.settler.dates() > before
    }

    /// There are more values than are counted: dates and ids are from here on looked at one by one.
    fn overflow(&mut self) {
        self.is_full = true;
        let dates = self.values.values().filter(|value| value.is_date).count();
        let fractions =
            self.values.keys().filter(|cell| Number::of(cell).is_some_and(|number| !number.is_bare())).count();
        self.keeps_ids = (dates + fractions) * 2 < self.values.len();
        let (values, mut times) = (std::mem::take(&mut self.values), std::mem::take(&mut self.times));
        for (cell, value) in &values {
            if value.is_date {
                times.see(cell, &self.settler);
            }
        }
        if self.keeps_ids {
            self.ids_of(&values);
        }
        (self.values, self.times) = (values, times);
    }

    fn ids_of(&mut self, values: &HashMap<Box<str>, Value, FixedState>) {
        let mut sorted: Vec<(&Box<str>, &Value)> = values.iter().collect();
        sorted.sort_by_key(|(_, value)| value.first.record);
        // How often each occurs is added when all was read.
        sorted.into_iter().for_each(|(cell, value)| self.ids.see(cell, value.first, 1));
    }

    /// Takes up what a cell shows, which so many rows have.
    fn weigh(&mut self, cell: &str, value: &Value) {
        let Value { cells, first, is_date } = *value;
        match Number::of(cell) {
            Some(number) => self.numbers.see(&number, cell, first, cells),
            None => self.no_number.see(cell, first, cells),
        }
        if is_date {
            self.dates += cells;
        } else {
            self.no_date.see(cell, first, cells);
        }
        if is_date && self.is_full {
            self.times.see(cell, &self.settler);
        }
        self.damage.see(cell, first, cells);
        if cell.len() == 3 && Currency::from_code(&cell.to_uppercase()).is_some() {
            self.currencies += cells;
        }
        let is_flag = |flag: &&str| cell.eq_ignore_ascii_case(flag);
        self.flags += if ["true", "false", "yes", "no", "y", "n", "t", "f"].iter().any(is_flag) { cells } else { 0 };
        if cell.len() <= LONGEST_ID
            && !cell.contains(|letter: char| letter.is_whitespace() || letter == ':')
            && cell.contains(|c: char| c.is_ascii_digit())
        {
            self.id_like += cells;
        }
        if self.is_full && self.keeps_ids && cell.len() <= LONGEST_ID {
            self.ids.see(cell, first, cells);
        }
        match &mut self.texts {
            None => self.texts = Some((cell.to_owned(), cell.to_owned())),
            Some((least, _)) if cell < least.as_str() => cell.clone_into(least),
            Some((_, most)) if cell > most.as_str() => cell.clone_into(most),
            Some(_) => {}
        }
    }

    /// What the column holds.
    pub(super) fn finish(mut self, position: usize) -> ColumnFound {
        let values = std::mem::take(&mut self.values);
        let mut sorted: Vec<(&Box<str>, &Value)> = values.iter().collect();
        sorted.sort_by_key(|(_, value)| value.first.record);
        let was_full = std::mem::replace(&mut self.is_full, false);
        for (cell, value) in &sorted {
            self.weigh(cell, value);
            if was_full && self.keeps_ids {
                self.ids.repeat(value.cells - 1);
            } else if !was_full {
                self.ids.see(cell, value.first, value.cells);
            }
            if !was_full && value.is_date {
                self.times.see(cell, &self.settler);
            }
        }
        self.is_full = was_full;
        let (distinct, is_cut) = if was_full && !self.keeps_ids { (VALUES as u64, true) } else { self.ids.distinct() };
        let kind = self.kind(distinct, is_cut);
        sorted.sort_by_key(|(_, value)| (std::cmp::Reverse(value.cells), value.first.record));
        let shown = if sorted.len() <= ALL && !was_full { ALL } else { TOP };
        let repeated = sorted.iter().filter(|(_, value)| shown == ALL || value.cells > 1).take(shown);
        let counted: Vec<(String, u64)> = repeated.map(|(cell, value)| (cell.to_string(), value.cells)).collect();
        self.told(position, kind, (distinct, is_cut), counted)
    }

    fn told(self, position: usize, kind: Kind, distinct: (u64, bool), values: Vec<(String, u64)>) -> ColumnFound {
        let mut found = ColumnFound {
            position,
            name: self.name.clone(),
            occurrence: None,
            kind,
            why: Vec::new(),
            blank: self.blank,
            filled: self.filled,
            missing: self.missing.clone(),
            distinct: distinct.0,
            distinct_is_cut: distinct.1,
            values,
            values_are_first: self.is_full,
            least: None,
            most: None,
            warnings: self.damage.warnings(kind == Kind::Id, self.filled),
            resembles: Vec::new(),
            dates: Vec::new(),
            settled: true,
            decimal: None,
            symbols: Vec::new(),
            has_fractions: kind == Kind::Id && self.damage.fractions() * 2 > self.filled,
            negative: false,
            range: None,
            ids: Ids::default(),
        };
        match kind {
            Kind::Date => self.tell_dates(&mut found),
            Kind::Amount | Kind::Whole => self.tell_numbers(&mut found),
            Kind::Empty => {}
            _ => {
                (found.least, found.most) = self.texts.clone().unzip();
                if kind == Kind::Id {
                    // Days as a spreadsheet counts them look like ids.
                    found.range = self.numbers.range();
                    let once = (distinct.0 == self.known() && !distinct.1).then(|| "none repeats".to_owned());
                    found.why.extend(once.or_else(|| self.ids.repeats()));
                }
            }
        }
        found.ids = self.ids;
        found
    }

    /// How many cells have a value.
    fn known(&self) -> u64 {
        self.filled - self.missing.values().sum::<u64>()
    }

    fn kind(&self, distinct: u64, is_cut: bool) -> Kind {
        let known = self.known();
        let nearly_all = |cells: u64| cells * 20 >= known * 19;
        let is_named = ALIASES.names_an_id(&self.name);
        let differ = distinct * 10 >= known * 9 && known >= 10;
        let only = |texts: &[&str]| distinct == texts.len() as u64 && texts.iter().all(|text| self.count_of(text));
        if known == 0 {
            Kind::Empty
        } else if nearly_all(self.dates) {
            Kind::Date
        } else if nearly_all(self.currencies) {
            Kind::Currency
        } else if nearly_all(self.flags) && !is_cut || only(&["0", "1"]) {
            Kind::Flag
        } else if nearly_all(self.numbers.cells + self.damage.exponents()) {
            let digits = self.numbers.bare + self.damage.exponents() + self.damage.fractions();
            let is_id = is_named || self.damage.exponents() > 0 || self.damage.has_zeros() || self.damage.is_long();
            let is_wide = || self.texts.as_ref().is_some_and(|(least, most)| least.len() >= 5 && most.len() >= 5);
            match nearly_all(digits) {
                true if is_id || (differ && is_wide() && self.damage.fractions() == 0) => Kind::Id,
                true if self.numbers.bare == self.numbers.cells => Kind::Whole,
                _ => Kind::Amount,
            }
        } else if nearly_all(self.id_like) && (is_named || differ || distinct * 2 > known) {
            Kind::Id
        } else if !is_cut && distinct <= 100 && (distinct * 2 <= known || distinct <= 5) {
            Kind::Code
        } else if nearly_all(self.id_like) {
            Kind::Id
        } else {
            Kind::Text
        }
    }

    /// Whether all values are counted and this is one.
    fn count_of(&self, text: &str) -> bool {
        !self.is_full && self.ids.has(text)
    }

    fn tell_dates(&self, found: &mut ColumnFound) {
        let settled = self.settler.settled();
        match &settled {
            Settled::One { forms } => {
                found.why.push(format!("written {}", quoted(forms)));
                let because = self.settler.because();
                found.why.extend(told(&because).map(|rows| format!("settled by {rows}")));
                found.dates.clone_from(forms);
                (found.least, found.most) = self.times.range(forms).unzip();
            }
            Settled::Ambiguous { forms, rows } => {
                let readings = rows.first().map(|row| &row.readings).into_iter().flatten();
                let readings: Vec<String> = readings.map(|(form, day)| format!("{day} by `{form}`")).collect();
                found.warnings.push(format!("ambiguous: every cell fits {}", quoted(forms)));
                let example = rows.first().map_or("", |row| row.cell.as_str());
                let rows = told(rows).unwrap_or_default();
                found.warnings.push(format!(
                    "the true date of one of {rows} would settle it: `{example}` is {}",
                    readings.join(", ")
                ));
                found.dates.clone_from(forms);
                found.settled = false;
            }
            Settled::Contradictory { rows } => {
                found
                    .warnings
                    .push(format!("no order of day and month fits all: see {}", told(rows).unwrap_or_default()));
                found.settled = false;
            }
            Settled::NotDates { .. } | Settled::Empty => found.settled = false,
        }
        if self.no_date.cells > 0 {
            found.warnings.push(self.no_date.says("no date"));
        }
    }

    fn tell_numbers(&self, found: &mut ColumnFound) {
        found.why.extend(self.numbers.why());
        match self.numbers.settled() {
            Settlement::One(decimal, grouping) => found.decimal = Some((decimal, grouping)),
            Settlement::Ambiguous => {
                found.settled = false;
                found.warnings.push("ambiguous: `decimal` and `grouping` must be declared".to_owned());
            }
            Settlement::Contradictory => {
                found.settled = false;
                found.warnings.push("cells write amounts in ways that contradict each other".to_owned());
            }
        }
        found.range = self.numbers.range();
        (found.least, found.most) = found.range.map(|(least, most)| (least.to_string(), most.to_string())).unzip();
        found.symbols = self.numbers.symbols.keys().cloned().collect();
        found.negative = !self.numbers.negatives.is_empty();
        if self.no_number.cells > 0 {
            found.warnings.push(self.no_number.says("no number"));
        }
    }
}

/// Forms as a list.
fn quoted(forms: &[String]) -> String {
    forms.iter().map(|form| format!("`{form}`")).collect::<Vec<_>>().join(" or ")
}

/// Rows by their lines.
fn told(rows: &[Row<Place>]) -> Option<String> {
    let told: Vec<String> = rows.iter().map(|row| format!("`{}` (line {})", row.cell, count(row.place.line))).collect();
    (!told.is_empty()).then(|| told.join(", "))
}

/// First and last of a column's dates, under every order that is left.
#[derive(Default)]
struct Times(Vec<Reading>);

struct Reading {
    forms: Vec<String>,
    reader: DateReader,
    range: Option<[(i64, String); 2]>,
}

impl Times {
    /// Takes up a date.
    fn see(&mut self, cell: &str, settler: &Settler<Place>) {
        if !self.take(cell) {
            self.begin(settler);
            self.take(cell);
        }
    }

    /// Whether a reading takes the date up.
    fn take(&mut self, cell: &str) -> bool {
        let mut is_taken = false;
        for reading in &mut self.0 {
            let Ok(at) = reading.reader.instant(cell) else { continue };
            is_taken = true;
            match &mut reading.range {
                None => reading.range = Some([(at, cell.to_owned()), (at, cell.to_owned())]),
                Some([least, _]) if at < least.0 => *least = (at, cell.to_owned()),
                Some([_, most]) if at > most.0 => *most = (at, cell.to_owned()),
                Some(_) => {}
            }
        }
        is_taken
    }

    /// Reads by the forms that are now known, and keeps what was found before.
    fn begin(&mut self, settler: &Settler<Place>) {
        let lists = match settler.settled() {
            Settled::One { forms } => vec![forms],
            Settled::Ambiguous { forms, .. } => forms.into_iter().map(|form| vec![form]).collect(),
            _ => Vec::new(),
        };
        let earlier = std::mem::take(&mut self.0);
        for forms in lists {
            let parsed: Result<Vec<DateForm>, String> = forms.iter().map(|form| DateForm::parse(form)).collect();
            let reader = parsed.and_then(|parsed| DateReader::new(parsed, Months::default(), None, None));
            let Ok(reader) = reader else { continue };
            let same = earlier.iter().find(|reading| reading.forms.first() == forms.first());
            let range = same.and_then(|reading| reading.range.clone());
            self.0.push(Reading { forms, reader, range });
        }
    }

    /// First and last as canonical times.
    fn range(&self, forms: &[String]) -> Option<(String, String)> {
        let reading = self.0.iter().find(|reading| reading.forms.first() == forms.first())?;
        let canonical = |cell: &str| {
            let mut text = Vec::new();
            reading.reader.read(cell, &mut text).ok()?;
            String::from_utf8(text).ok()
        };
        let [least, most] = reading.range.as_ref()?;
        canonical(&least.1).zip(canonical(&most.1))
    }
}
