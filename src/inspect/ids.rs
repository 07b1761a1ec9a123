//! What happened to ids, and which of them repeat: as hashes, so that many fit in memory.

use super::{Evidence, Place};
use crate::report::layout::{count, counted};
use foldhash::fast::FixedState;
use hashbrown::{HashMap, HashSet};
use std::collections::BTreeMap;
use std::hash::BuildHasher;

/// How many different ids of a column are kept apart.
const MOST: usize = 1 << 20;
/// How many repeats are told.
const TOLD: usize = 3;
/// A spreadsheet keeps so many digits of a number.
const KEPT_DIGITS: usize = 15;

/// The hash of an id.
fn hash(id: &str) -> u64 {
    FixedState::with_seed(0).hash_one(id)
}

/// The different ids of a column.
#[derive(Default)]
pub(super) struct Ids {
    /// By hash, the record of the first.
    seen: HashMap<u64, u64, FixedState>,
    /// The hashes of ids without the zeros that they begin with.
    without_zeros: HashSet<u64, FixedState>,
    /// How many repeat an earlier one, and the first that do, with both records.
    repeats: u64,
    told: Vec<(String, u64, u64)>,
    /// Whether there were more than are kept apart.
    is_cut: bool,
}

impl Ids {
    /// Takes up an id that so many cells have.
    pub(super) fn see(&mut self, id: &str, place: Place, cells: u64) {
        let full = self.seen.len() >= MOST;
        let hash = hash(id);
        match self.seen.get(&hash) {
            Some(first) => {
                self.repeats += cells;
                if self.told.len() < TOLD && !self.told.iter().any(|(told, ..)| told == id) {
                    self.told.push((id.to_owned(), *first, place.record));
                }
            }
            None if full => self.is_cut = true,
            None => {
                self.seen.insert(hash, place.record);
                self.repeats += cells - 1;
                if cells > 1 && self.told.len() < TOLD {
                    self.told.push((id.to_owned(), place.record, 0));
                }
                if let Some(rest) = without_zeros(id) {
                    self.without_zeros.insert(self::hash(rest));
                }
            }
        }
    }

    /// Adds so many cells that repeat one taken up before.
    pub(super) fn repeat(&mut self, cells: u64) {
        self.repeats += cells;
    }

    /// Whether it is one of them.
    pub(super) fn has(&self, id: &str) -> bool {
        self.seen.contains_key(&hash(id))
    }

    /// How many different ones there are, and whether there are more.
    pub(super) fn distinct(&self) -> (u64, bool) {
        (self.seen.len() as u64, self.is_cut)
    }

    /// Which ones repeat, in words.
    pub(super) fn repeats(&self) -> Option<String> {
        let told = self.told.iter().map(|(id, first, again)| match again {
            0 => format!("`{id}`, first in record {first}"),
            again => format!("`{id}` in records {first} and {again}"),
        });
        let told: Vec<String> = told.collect();
        let repeated = counted(self.repeats, "cell repeats", "cells repeat");
        let such = if told.is_empty() { String::new() } else { format!(": {}", told.join(", ")) };
        (self.repeats > 0).then(|| format!("{repeated} an earlier one{such}"))
    }

    /// How many of its different ids the other has too, and how many more it has but for zeros at their beginning.
    pub(super) fn shared(&self, other: &Ids, most: usize) -> (u64, u64, u64) {
        let (mut looked, mut same, mut zeros) = (0, 0, 0);
        for hash in self.seen.keys().take(most) {
            looked += 1;
            if other.seen.contains_key(hash) {
                same += 1;
            } else if other.without_zeros.contains(hash) {
                zeros += 1;
            }
        }
        let lost = self
            .without_zeros
            .iter()
            .take(most)
            .filter(|hash| other.seen.contains_key(*hash) && !self.seen.contains_key(*hash));
        (looked, same, zeros + lost.count() as u64)
    }
}

/// What is left of an id of digits without the zeros that it begins with, if it begins with any.
fn without_zeros(id: &str) -> Option<&str> {
    let rest = id.trim_start_matches('0');
    (rest.len() < id.len() && !rest.is_empty() && id.bytes().all(|b| b.is_ascii_digit())).then_some(rest)
}

/// What a spreadsheet may have done to the cells of a column.
#[derive(Default)]
pub(super) struct Damage {
    exponents: Evidence,
    fractions: Evidence,
    long: Evidence,
    long_round: Evidence,
    apostrophes: Evidence,
    formulas: Evidence,
    /// By how many digits a cell of digits has: how many cells, and how many of them begin with a zero.
    widths: BTreeMap<usize, (u64, u64)>,
}

impl Damage {
    /// Takes up a cell that so many rows have.
    pub(super) fn see(&mut self, cell: &str, place: Place, cells: u64) {
        if cell.bytes().all(|b| b.is_ascii_digit()) {
            let (all, zeros) = self.widths.entry(cell.len().min(32)).or_default();
            *all += cells;
            *zeros += if cell.starts_with('0') && cell.len() > 1 { cells } else { 0 };
            if cell.len() > KEPT_DIGITS {
                self.long.see(cell, place, cells);
                let rest = cell.get(KEPT_DIGITS..).unwrap_or_default();
                if rest.bytes().all(|b| b == b'0') {
                    self.long_round.see(cell, place, cells);
                }
            }
        } else if is_exponent(cell) {
            self.exponents.see(cell, place, cells);
        } else if cell.strip_suffix(".0").is_some_and(|id| !id.is_empty() && id.bytes().all(|b| b.is_ascii_digit())) {
            self.fractions.see(cell, place, cells);
        } else if cell.starts_with('\'') {
            self.apostrophes.see(cell, place, cells);
        } else if cell.starts_with("=\"") {
            self.formulas.see(cell, place, cells);
        }
    }

    /// How many cells are numbers with an exponent.
    pub(super) fn exponents(&self) -> u64 {
        self.exponents.cells
    }

    /// How many cells have nothing but a needless `.0` behind their digits.
    pub(super) fn fractions(&self) -> u64 {
        self.fractions.cells
    }

    /// Whether some cells of digits begin with a zero.
    pub(super) fn has_zeros(&self) -> bool {
        self.widths.values().any(|(_, zeros)| *zeros > 0)
    }

    /// Whether there are more digits than numbers have.
    pub(super) fn is_long(&self) -> bool {
        self.long.cells > 0
    }

    /// What looks damaged, in words; of a column that holds ids, all of it.
    pub(super) fn warnings(&self, is_id: bool, filled: u64) -> Vec<String> {
        let mut warnings = Vec::new();
        let mut warn = |evidence: &Evidence, what: &str| {
            if evidence.cells > 0 {
                warnings.push(evidence.says(what));
            }
        };
        warn(&self.exponents, "a spreadsheet made an id a number, which cannot be undone");
        warn(&self.apostrophes, "begins with an apostrophe");
        warn(&self.formulas, "written as a formula");
        if is_id {
            if self.fractions.cells * 2 > filled {
                warn(&self.fractions, "an id made a number: `.0` was added");
            }
            if self.long_round.cells == self.long.cells && self.long.cells > 1 {
                warn(&self.long_round, "longer than 15 digits, and all zeros from the sixteenth on: digits were lost");
            }
            warnings.extend(self.widths_differ());
        }
        warnings
    }

    /// Whether the widths of digits suggest that zeros at the beginning were lost.
    fn widths_differ(&self) -> Option<String> {
        let (widest, (all, zeros)) = self.widths.last_key_value()?;
        let shorter: u64 = self.widths.range(..widest).map(|(_, (all, _))| *all).sum();
        // Of ids that are filled up with zeros to a width, about one in ten is shorter once they are lost.
        let suggests = *widest >= 5 && shorter * 4 <= *all && *zeros == 0;
        if shorter == 0 || !(suggests || *zeros > 0) {
            return None;
        }
        let lead = if *zeros > 0 { format!(", {} of which begin with 0", count(*zeros)) } else { String::new() };
        let (wide, short) = (count(*all), counted(shorter, "shorter cell", "shorter cells"));
        Some(format!(
            "{wide} cells have {widest} digits{lead}, and there are {short}: zeros at the beginning may be lost"
        ))
    }
}

/// Whether a cell is a number with an exponent, such as `8.96529E+19`.
fn is_exponent(cell: &str) -> bool {
    let Some((mantissa, exponent)) = cell.split_once(['E', 'e']) else { return false };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once(['.', ',']).unwrap_or((mantissa, "0"));
    exponent.strip_prefix('+').is_some_and(digits) && digits(whole) && digits(fraction)
}
