//! A block of cases: invoices by date, requests by submission, decisions by the day on which they were made. A block
//! depends on nothing but the seed, its number and the stories, so blocks are told in parallel.

use super::Options;
use super::random::Random;
use super::script::{Family, Group, Part, Play, Row, Script, Tale, Value, padded};
use chrono::{Days, NaiveDate};

/// Cases in a block: it must be large, since rows are in order only within it, and small, since it is in memory.
pub(super) const CASES: u64 = 16_384;
/// Decisions about a request, at most.
pub(super) const DECISIONS: u64 = 4;
/// Digits of an id.
const DIGITS: usize = 8;
/// Bytes of an incomplete row: less than an id has.
const STUMP: usize = 7;

/// The rows of a block as text, and how many there are: of invoices, requests and decisions, and of the key.
#[derive(Default)]
pub(super) struct Block {
    pub(super) files: [Vec<u8>; 4],
    pub(super) rows: [u64; 4],
    /// Rows that cannot be used.
    pub(super) rejects: u64,
}

/// An id that is known once the rows are in order.
enum Id {
    Request(usize),
    Decision(usize),
}

/// A row that is not yet in its place.
struct Placed {
    /// What rows are sorted by.
    at: i64,
    /// Where its text and its ids begin and end.
    text: [usize; 2],
    ids: [usize; 2],
}

/// The rows of a file in the order in which they were told.
#[derive(Default)]
struct Sheet {
    text: Vec<u8>,
    /// Where an id is to be put.
    ids: Vec<(usize, Id)>,
    rows: Vec<Placed>,
}

/// The place of each row of a sheet after sorting, and the rows in that order.
#[derive(Default)]
struct Order {
    rank: Vec<u64>,
    rows: Vec<usize>,
}

/// What is being told.
struct Telling<'a> {
    options: &'a Options,
    families: &'a [Family],
    random: Random,
    /// The first case of the block.
    first: u64,
    /// Requests so far, invoices so far, and those of them without a request.
    told: u64,
    invoices: u64,
    silent: u64,
    sheets: [Sheet; 4],
}

/// Tells a block.
pub(super) fn block(families: &[Family], options: &Options, number: u64) -> Block {
    let first = number * CASES;
    let mut telling = Telling {
        options,
        families,
        random: Random::of(options.seed, number),
        first,
        told: 0,
        invoices: 0,
        silent: 0,
        sheets: Default::default(),
    };
    let cases = CASES.min(options.cases - first);
    let mut values = Vec::new();
    while telling.told < cases {
        let (family, place, tale) = telling.choose(cases - telling.told);
        values = telling.tell(family, place, tale, values);
    }
    telling.finish()
}

impl<'a> Telling<'a> {
    /// A story that has no more requests than are left; invoices without one are at most as many as cases.
    fn choose(&mut self, left: u64) -> (&'a Family, u64, &'a Tale) {
        let total = self.families.last().map_or(0, |family| family.weight);
        loop {
            let drawn = self.random.below(total);
            let place = self.families.partition_point(|family| family.weight <= drawn);
            let Some(family) = self.families.get(place) else { continue };
            let drawn = self.random.below(family.tales.last().map_or(0, |tale| tale.weight));
            let Some(tale) = family.tales.iter().find(|tale| tale.weight > drawn) else { continue };
            let fits = tale.requests as u64 <= left && (tale.requests > 0 || self.silent < CASES);
            if fits {
                return (family, place as u64, tale);
            }
        }
    }

    /// Tells a story; gives back the room for its values.
    fn tell(&mut self, family: &'a Family, place: u64, tale: &'a Tale, values: Vec<Value>) -> Vec<Value> {
        let goes_wrong = !tale.plants.is_empty() && self.random.chance(self.options.deviations);
        let chosen = self.random.below(tale.plants.len() as u64) as usize;
        let script = tale.plants.get(chosen).filter(|_| goes_wrong).unwrap_or(&tale.compliant);
        let Some((group, accounts)) = self.account(family, place, script) else { return values };
        let form = self.random.below(family.forms.len() as u64) as usize;
        let Some(form) = family.forms.get(form) else { return values };
        let charge = self.charge(family);
        let mut play = Play { family, script, group, form, accounts, charge, values };
        play.run(&mut self.random);
        let requests = self.told as usize;
        let [invoices, asked, decided, key] = &mut self.sheets;
        let invoice = self.first * 2 + self.invoices;
        let rows = [(&script.lines, invoices), (&script.requests, asked), (&script.decisions, decided)];
        for (rows, sheet) in rows {
            for row in rows.iter().filter(|row| self.random.chance(row.chance)) {
                sheet.add(row, &play, invoice, requests);
            }
        }
        script.key.iter().for_each(|row| key.add(row, &play, invoice, requests));
        self.invoices += 1;
        self.told += tale.requests as u64;
        self.silent += u64::from(tale.requests == 0);
        play.values
    }

    /// A group of accounts, an account of it, and another account. Accounts come back about five times.
    fn account(&mut self, family: &'a Family, place: u64, script: &Script) -> Option<(&'a Group, [u64; 2])> {
        let weight = |number: &usize| family.groups.get(*number).map_or(0, |group| group.weight);
        let mut drawn = self.random.below(script.groups.iter().map(weight).sum());
        let chosen = script.groups.iter().find(|number| {
            let here = drawn < weight(number);
            drawn -= if here { 0 } else { weight(number) };
            here
        })?;
        let before: u64 = (0..*chosen).map(|number| weight(&number)).sum();
        let all: u64 = family.groups.iter().map(|group| group.weight).sum();
        let families = self.families.len() as u64;
        let round = self.random.below(self.options.cases / (4 * all * families) + 1);
        let account = (round * all + before + drawn) * families + place;
        Some((family.groups.get(*chosen)?, [account, account + families]))
    }

    /// The day of the next invoice: as many cases into the time as into all cases.
    fn charge(&self, family: &Family) -> NaiveDate {
        let passed = u128::from(self.first + self.told) * u128::from(family.days) / u128::from(self.options.cases);
        family.from.checked_add_days(Days::new(passed as u64)).unwrap_or(family.from)
    }

    /// Brings the rows in order.
    fn finish(mut self) -> Block {
        let orders = [1, 2].map(|sheet| self.sheets.get(sheet).map_or_else(Order::default, Sheet::order));
        let ids = Ids { requests: (self.first, &orders[0].rank), decisions: (self.first * DECISIONS, &orders[1].rank) };
        let mut block = Block::default();
        let [invoices, asked, decided, key] = &self.sheets;
        let as_told = [invoices, key].map(|sheet| (0..sheet.rows.len()).collect::<Vec<usize>>());
        let sheets =
            [(invoices, &as_told[0]), (asked, &orders[0].rows), (decided, &orders[1].rows), (key, &as_told[1])];
        let spoilt = [self.options.rejects, self.options.rejects, self.options.rejects, 0];
        let written = block.files.iter_mut().zip(&mut block.rows);
        for (((sheet, order), per_million), (to, rows)) in sheets.into_iter().zip(spoilt).zip(written) {
            to.reserve(sheet.text.len() + sheet.ids.len() * (DIGITS + 4));
            for row in order.iter().filter_map(|row| sheet.rows.get(*row)) {
                let begin = to.len();
                sheet.copy(row, &ids, to);
                *rows += 1;
                if per_million > 0 && self.random.below(1_000_000) < per_million {
                    spoil(begin, self.random.chance(50), to);
                    block.rejects += 1;
                    *rows += 1;
                }
            }
        }
        block
    }
}

/// Adds a row that cannot be used and does no further harm: the last one again, or the beginning of it.
fn spoil(begin: usize, again: bool, to: &mut Vec<u8>) {
    if again {
        to.extend_from_within(begin..);
    } else {
        to.extend_from_within(begin..(begin + STUMP).min(to.len()));
        to.push(b'\n');
    }
}

/// The ids of a block: the first of each sort, and the place of each row among those of the block.
struct Ids<'a> {
    requests: (u64, &'a [u64]),
    decisions: (u64, &'a [u64]),
}

impl Ids<'_> {
    fn write(&self, id: &Id, to: &mut Vec<u8>) {
        let (prefix, (first, rank), row) = match id {
            Id::Request(row) => (b"RQ-", self.requests, row),
            Id::Decision(row) => (b"DC-", self.decisions, row),
        };
        to.extend_from_slice(prefix);
        padded(first + rank.get(*row).copied().unwrap_or_default(), DIGITS, to);
    }
}

impl Sheet {
    /// Writes a row as far as it is known; `requests` are those told before its story.
    fn add(&mut self, row: &Row, play: &Play<'_>, invoice: u64, requests: usize) {
        let [begin, first] = [self.text.len(), self.ids.len()];
        for part in &row.parts {
            match part {
                Part::Text(text) => self.text.extend_from_slice(text.as_bytes()),
                Part::Cell(slot) => play.write(*slot, &mut self.text),
                Part::Month(slot) => play.write_month(*slot, &mut self.text),
                Part::Invoice => {
                    self.text.extend_from_slice(b"INV-");
                    padded(invoice, DIGITS, &mut self.text);
                }
                Part::Request(number) => self.ids.push((self.text.len(), Id::Request(requests + number))),
                Part::Decision => self.ids.push((self.text.len(), Id::Decision(self.rows.len()))),
            }
        }
        let (text, ids) = ([begin, self.text.len()], [first, self.ids.len()]);
        self.rows.push(Placed { at: play.place(&row.at), text, ids });
    }

    fn order(&self) -> Order {
        let mut rows: Vec<usize> = (0..self.rows.len()).collect();
        rows.sort_by_key(|row| self.rows.get(*row).map(|row| row.at));
        let mut rank = vec![0; rows.len()];
        for (place, row) in rows.iter().enumerate() {
            if let Some(rank) = rank.get_mut(*row) {
                *rank = place as u64;
            }
        }
        Order { rank, rows }
    }

    /// Copies a row with its ids.
    fn copy(&self, row: &Placed, ids: &Ids<'_>, to: &mut Vec<u8>) {
        let mut from = row.text[0];
        for (at, id) in self.ids.get(row.ids[0]..row.ids[1]).into_iter().flatten() {
            to.extend_from_slice(self.text.get(from..*at).unwrap_or_default());
            ids.write(id, to);
            from = *at;
        }
        to.extend_from_slice(self.text.get(from..row.text[1]).unwrap_or_default());
    }
}
