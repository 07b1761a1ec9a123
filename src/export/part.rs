//! The rows of a part of the population: as they stand in the exports, each with its place, and read from there into
//! books of their own.

use super::block::{Block, parse_records};
use super::divide::Division;
use super::ledger::{Judge, Ledger, Shared};
use super::spool::{next, u64_of};
use super::{DivideError, Problem, Sizes, Tables, finish, join_tables};
use crate::column::Table;
use crate::record::{Books, MoneySplit, Place};
use crate::text::Texts;
use rayon::prelude::*;
use std::io::{self, Read};
use std::ops::Range;

/// A row in a file of a part.
pub(super) struct Placed {
    /// The hash by which the row was put into its part.
    pub(super) home: u64,
    pub(super) place: Place,
    /// The physical line on which it begins.
    pub(super) line: u64,
}

impl Placed {
    /// Writes the row; `raw` is as it stands in the export, without its line end.
    pub(super) fn write(&self, raw: &[u8], to: &mut Vec<u8>) {
        to.extend(self.home.to_le_bytes());
        to.extend(self.line.to_le_bytes());
        to.extend(self.place.file.to_le_bytes());
        to.extend(self.place.record.to_le_bytes());
        to.extend((raw.len() as u32).to_le_bytes());
        to.extend_from_slice(raw);
    }

    /// Reads the next row and adds what stands in the export to `raw`; `None` at the end.
    pub(super) fn read(from: &mut dyn Read, raw: &mut Vec<u8>) -> io::Result<Option<Placed>> {
        let Some(home) = next(from)? else { return Ok(None) };
        let line = u64_of(from)?;
        let cut = || io::Error::from(io::ErrorKind::UnexpectedEof);
        let file = u16::from_le_bytes(next(from)?.ok_or_else(cut)?);
        let record = u32::from_le_bytes(next(from)?.ok_or_else(cut)?);
        let length = u64::from(u32::from_le_bytes(next(from)?.ok_or_else(cut)?));
        if from.take(length).read_to_end(raw)? as u64 != length {
            return Err(cut());
        }
        Ok(Some(Placed { home: u64::from_le_bytes(home), place: Place { file, record }, line }))
    }
}

/// A row with where it lies among the bytes of its table.
pub(super) type Located = (Placed, Range<usize>);

/// The rows of a table in a part.
#[derive(Default)]
pub(super) struct Loaded {
    /// The rows as they stand in the export, each with a line end.
    pub(super) bytes: Vec<u8>,
    pub(super) rows: Vec<Located>,
}

/// A part as it is read.
struct Part<'d, 'a> {
    division: &'d mut Division<'a>,
    number: usize,
    progress: &'d (dyn Fn(u64) + Sync),
    failed: Option<io::Error>,
}

/// Reads a part into books of its own.
pub(super) fn read_part(
    division: &mut Division<'_>,
    number: usize,
    texts: Texts,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Books, DivideError> {
    let vocabulary = division.vocabulary;
    let mut shared = Shared::new(texts);
    shared.files.clone_from(&division.files);
    for file in &mut shared.files {
        // What the mapping left out is in no part, and is counted with the first.
        if number > 0 {
            file.left_out.clear();
        }
        file.rows_read = file.left_out.values().sum();
    }
    let mut part = Part { division, number, progress, failed: None };
    let books = join_tables(vocabulary, shared, &mut part);
    match part.failed {
        Some(error) => Err(DivideError::Disk(error)),
        None => Ok(books?),
    }
}

impl Tables for Part<'_, '_> {
    fn read<J: Judge>(&mut self, table: Table, judge: &mut J, shared: &mut Shared) -> Vec<MoneySplit> {
        let mut loaded = self.division.load(table, self.number).unwrap_or_else(|error| {
            self.failed.get_or_insert(error);
            Loaded::default()
        });
        loaded.rows.sort_unstable_by_key(|(row, _)| row.place);
        for (row, _) in &loaded.rows {
            if let Some(file) = shared.files.get_mut(usize::from(row.place.file)) {
                file.rows_read += 1;
            }
        }
        let mut ledger = Ledger::new(judge, shared);
        let taken = self.take_in(&loaded, &mut ledger);
        let sums = std::mem::take(&mut ledger.sums);
        if let Err(what) = taken {
            shared.problems.push(Problem::of_file(table.name(), what, "divide the exports into smaller ones"));
        }
        finish(table, sums, shared)
    }
}

impl Part<'_, '_> {
    /// Parses the rows in parallel; while some are parsed, those before them are taken in.
    fn take_in<J: Judge>(&self, loaded: &Loaded, ledger: &mut Ledger<J>) -> Result<(), &'static str> {
        let Sizes { window, block } = self.division.sizes;
        let blocks: Vec<&[Located]> = blocks(&loaded.rows, block);
        let mut waiting: (Vec<Block<J::Row>>, &[_]) = (Vec::new(), &[]);
        for blocks in blocks.chunks((window / block.max(1)).max(1)) {
            let (parsed, taken) = rayon::join(
                || blocks.par_iter().map(|rows| self.parse(loaded, rows)).collect(),
                || take_in(std::mem::take(&mut waiting), ledger),
            );
            taken?;
            waiting = (parsed, blocks);
        }
        take_in(waiting, ledger)
    }

    fn parse<R: super::cells::Record>(&self, loaded: &Loaded, rows: &[Located]) -> Block<R> {
        let bytes = rows.iter().map(|(_, span)| span.len()).sum();
        (self.progress)(bytes as u64);
        let plan = rows.first().and_then(|(row, _)| self.division.plans.get(usize::from(row.place.file))?.as_ref());
        let cut = rows.iter().filter_map(|(_, span)| loaded.bytes.get(span.clone()));
        plan.map_or_else(Block::empty, |plan| parse_records(plan, cut, bytes))
    }
}

fn take_in<J: Judge>(
    (blocks, rows): (Vec<Block<J::Row>>, &[&[Located]]),
    ledger: &mut Ledger<J>,
) -> Result<(), &'static str> {
    ledger.take_in_placed(blocks, rows.iter().copied().flatten().map(|(row, _)| (row.place, row.line)))
}

/// Rows of one file each, and of so many bytes as a rule.
fn blocks(rows: &[Located], size: usize) -> Vec<&[Located]> {
    let mut blocks = Vec::new();
    for of_file in rows.chunk_by(|(a, _), (b, _)| a.place.file == b.place.file) {
        let (mut rest, mut bytes, mut count) = (of_file, 0, 0);
        for (_, span) in of_file {
            (bytes, count) = (bytes + span.len(), count + 1);
            if bytes >= size {
                let (block, further) = rest.split_at(count);
                blocks.push(block);
                (rest, bytes, count) = (further, 0, 0);
            }
        }
        if !rest.is_empty() {
            blocks.push(rest);
        }
    }
    blocks
}
