//! Exports larger than memory, divided on disk into parts that are read one after another.
//!
//! One pass over the files, with the code that also reads them into memory, writes every row as it stands, with its
//! place, into the part of its invoice, by hash. What rows say of each other then stays within a part:
//!
//! - A request without a readable invoice id goes by its own id, else by its parent's.
//! - Decisions name requests: they wait on disk by the request's hash until all requests are known, and then follow
//!   them. Those of a request that no row bears go by their own ids.
//! - A row without any readable id goes by the hash of its cells, so that it meets its repeats.
//! - Invoices whose rows touch each other all the same (a parent about another invoice, a request or decision id that
//!   rows about several invoices bear) are linked. As such a part is read, the rows of linked invoices are moved on to
//!   further parts, where all that are linked meet. A collision of hashes links more than need be, never less.
//!
//! Memory holds a share of the exports at a time, and besides that some fifty bytes for each linked invoice. Only an
//! export nearly all of which is linked needs more than was allowed: the rows that touch each other are never parted.

use super::block::Block;
use super::cells::{Ids, Parsed, Record};
use super::file::{Intake, Reached, Setting};
use super::header::{Orders, Plan};
use super::links::Links;
use super::part::{Loaded, Placed, read_part};
use super::spool::{Spool, next, next_u64, u64_of};
use super::words::Words;
use super::zeros::bare;
use super::{DivideError, Problem, ReadError, Sizes, decisions, files, invoices, read_files, requests};
use crate::column::Table;
use crate::mapping::row::Reason;
use crate::record::{Books, ExportFile, Sources, Vocabulary};
use crate::text::{Sym, Texts};
use crate::time::Zone;
use foldhash::fast;
use foldhash::quality::FixedState;
use hashbrown::HashSet;
use rayon::prelude::*;
use std::hash::BuildHasher;
use std::io;
use std::marker::PhantomData;
use std::path::Path;

/// How exports are divided.
#[derive(Clone, Copy, Debug)]
pub struct DivideOptions<'a> {
    /// In how many parts; linked rows make for up to as many further ones.
    pub parts: usize,
    /// An empty folder with room for about one and a half times the exports.
    pub folder: &'a Path,
    /// How much of memory the dividing itself may take, in bytes.
    pub memory: usize,
}

/// Exports that were divided.
pub struct Division<'a> {
    pub(super) vocabulary: &'a Vocabulary,
    pub(super) files: Vec<ExportFile>,
    /// How the rows of each file are to be read.
    pub(super) plans: Vec<Option<Plan<'a>>>,
    parts: usize,
    /// The rows by table.
    rows: [Spool; 3],
    links: Links,
    /// Of which parts the linked rows have been moved on.
    moved: Vec<bool>,
    latest: Option<i64>,
    /// How much is parsed at a time, by all threads and by one.
    pub(super) sizes: Sizes,
}

/// Divides exports and hands them over to be read part by part. `progress` is told how many further bytes were read.
///
/// # Errors
/// When a file would be refused if it were read into memory, for the same reasons; or when the folder cannot be used.
pub fn divide<T, E: From<DivideError>>(
    sources: &Sources,
    vocabulary: &Vocabulary,
    into: DivideOptions<'_>,
    progress: &(dyn Fn(u64) + Sync),
    audit: impl FnOnce(&mut Division<'_>) -> Result<T, E>,
) -> Result<T, E> {
    let words = Words::new(vocabulary);
    let sizes = Sizes::within(into.memory / 8);
    let setting = Setting { words: &words, sizes, progress, keeps_spans: true };
    let mut router = Router::new(into, files(sources), vocabulary);
    let mut division = router.divide(&setting, vocabulary)?;
    audit(&mut division)
}

impl Division<'_> {
    /// How many parts there are; some may be without any row.
    pub fn count(&self) -> usize {
        2 * self.parts
    }

    /// The latest day on which anything in any row happened, in days since 1970, if it is the same in the zones of all
    /// policies. Rows that will be rejected count too.
    pub fn latest(&self) -> Option<i64> {
        self.latest
    }

    /// Reads a part into books of its own; `None` if it has no row. The parts must be read in order at first.
    ///
    /// # Errors
    /// When a sum of its amounts is too large to be told, or the folder cannot be used.
    pub fn read(
        &mut self,
        part: usize,
        texts: Texts,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<Option<Books>, DivideError> {
        if part == self.parts {
            self.rows.iter_mut().try_for_each(Spool::finish)?;
        }
        // The first stands for them all where there is no row at all.
        if part > 0 && self.rows.iter().all(|rows| rows.size(part) == 0) {
            return Ok(None);
        }
        let books = read_part(self, part, texts, progress)?;
        if let Some(moved) = self.moved.get_mut(part) {
            *moved = true;
        }
        Ok(Some(books))
    }

    /// The rows of a table in a part; those that are linked with others are moved on.
    pub(super) fn load(&mut self, table: Table, part: usize) -> io::Result<Loaded> {
        let Some(spool) = self.rows.get_mut(table as usize) else { return Ok(Loaded::default()) };
        let (mut from, mut loaded) = (spool.read(part)?, Loaded::default());
        loaded.bytes.reserve(spool.size(part) as usize);
        let is_moved = self.moved.get(part) != Some(&false);
        let mut start = 0;
        while let Some(row) = Placed::read(&mut *from, &mut loaded.bytes)? {
            let root = self.links.root(row.home).filter(|_| part < self.parts);
            let Some(root) = root else {
                loaded.bytes.push(b'\n');
                let span = start..loaded.bytes.len();
                start = span.end;
                loaded.rows.push((row, span));
                continue;
            };
            if !is_moved {
                let raw = loaded.bytes.get(start..).unwrap_or_default();
                let to = self.parts + (root % self.parts as u64) as usize;
                spool.put_to(to, |to| row.write(raw, to))?;
            }
            loaded.bytes.truncate(start);
        }
        Ok(loaded)
    }
}

/// What is known of a row when it is put into a part; a hash of 0 is of a blank id.
struct Seen {
    own: u64,
    of: u64,
    parent: u64,
    print: u64,
    line: u32,
    span: (usize, usize),
    left_out: Option<Reason>,
}

/// A block as it waits to be divided.
struct Kept {
    bytes: Vec<u8>,
    rows: Vec<Seen>,
    lines: u64,
    latest: Vec<i64>,
}

/// Of what an id is one: ids of different sorts never meet.
#[derive(Clone, Copy)]
pub(super) enum Sort {
    Line,
    Invoice,
    Request,
    Decision,
}

/// What the ids of a table's rows are: its own, that of what it is about, and its parent's.
fn sorts(table: Table) -> [Sort; 3] {
    match table {
        Table::Invoices => [Sort::Line, Sort::Invoice, Sort::Invoice],
        Table::Requests => [Sort::Request, Sort::Invoice, Sort::Request],
        Table::Decisions => [Sort::Decision, Sort::Request, Sort::Request],
    }
}

/// Ids that differ only in zeros at their beginning go together, so that a reference to one can be told of the other.
pub(super) fn hash(sort: Sort, id: &str) -> u64 {
    let told = bare(id).unwrap_or(id);
    if id.is_empty() { 0 } else { FixedState::with_seed(sort as u64).hash_one(told).max(1) }
}

/// The first of several hashes that is not of a blank id.
fn first<const N: usize>(hashes: [u64; N]) -> u64 {
    hashes.into_iter().find(|hash| *hash != 0).unwrap_or_default()
}

/// Puts rows into parts.
struct Router {
    files: Vec<ExportFile>,
    parts: usize,
    zones: Vec<Zone>,
    latest: Vec<i64>,
    rows: [Spool; 3],
    /// By request: its hash, the hash by which the row was put into a part, and whether it is the row's own.
    asked: Spool,
    /// Decision rows by request, each after the hash by which it goes if no row bears the request.
    decided: Spool,
    /// By decision: its hash and its request's.
    keys: Spool,
    failed: Option<io::Error>,
}

impl Router {
    fn new(into: DivideOptions<'_>, files: Vec<ExportFile>, vocabulary: &Vocabulary) -> Router {
        let parts = into.parts.max(1);
        let limit = (into.memory / 8 / parts).clamp(1 << 12, 1 << 20);
        let spool = |name: &str, count: usize| Spool::new(into.folder, name, count, limit);
        let mut zones: Vec<Zone> = Vec::new();
        for (_, zone) in &vocabulary.families {
            if !zones.contains(zone) {
                zones.push(*zone);
            }
        }
        Router {
            files,
            parts,
            latest: vec![i64::MIN; zones.len()],
            zones,
            rows: Table::ALL.map(|table| spool(table.name(), 2 * parts)),
            asked: spool("asked", parts),
            decided: spool("decided", parts),
            keys: spool("keys", parts),
            failed: None,
        }
    }

    /// Divides the files and links what belongs together.
    fn divide<'a>(&mut self, setting: &Setting<'a>, vocabulary: &'a Vocabulary) -> Result<Division<'a>, DivideError> {
        let mut plans: Vec<Option<Plan<'a>>> = self.files.iter().map(|_| None).collect();
        let mut problems = Vec::new();
        for table in Table::ALL {
            let read = match table {
                Table::Invoices => self.scan::<invoices::InvoiceRow>(table, setting),
                Table::Requests => self.scan::<requests::RequestRow>(table, setting),
                Table::Decisions => self.scan::<decisions::DecisionRow>(table, setting),
            };
            if let Some(error) = self.failed.take() {
                return Err(DivideError::Disk(error));
            }
            for (number, read) in read {
                match (read, plans.get_mut(number)) {
                    (Ok(plan), Some(slot)) => *slot = Some(plan),
                    (Ok(_), None) => {}
                    (Err(found), _) => problems.extend(found),
                }
            }
        }
        if !problems.is_empty() {
            return Err(DivideError::Read(ReadError { problems }));
        }
        let links = self.link()?;
        let latest = self.latest.first().copied().filter(|first| self.latest.iter().all(|latest| latest == first));
        let (files, rows) = (std::mem::take(&mut self.files), self.rows.each_mut().map(Spool::take));
        let moved = vec![false; self.parts];
        Ok(Division { vocabulary, files, plans, parts: self.parts, rows, links, moved, latest, sizes: setting.sizes })
    }

    fn scan<'a, R: Record>(
        &mut self,
        table: Table,
        setting: &Setting<'a>,
    ) -> Vec<(usize, Result<Plan<'a>, Vec<Problem>>)> {
        let mut scan = Scan::<R> { table, router: self, orders: Orders::default(), rows: PhantomData };
        let read = read_files(table, &mut scan, setting);
        for spool in self.rows.iter_mut().chain([&mut self.asked, &mut self.decided, &mut self.keys]) {
            if let Err(error) = spool.finish() {
                self.failed.get_or_insert(error);
            }
        }
        read
    }

    fn route(&mut self, table: Table, seen: &Seen, mut row: Placed, raw: &[u8]) -> io::Result<()> {
        let Seen { own, of, parent, print, .. } = *seen;
        let (parts, [invoices, requests, decisions]) = (self.parts, &mut self.rows);
        match table {
            Table::Invoices => {
                row.home = first([of, print]);
                invoices.put(row.home, parts, |to| row.write(raw, to))
            }
            Table::Requests => {
                row.home = first([of, own, parent, print]);
                for (id, is_own) in [(own, 1), (parent, 0)].into_iter().filter(|(id, _)| *id != 0) {
                    let entry = |to: &mut Vec<u8>| to.extend([id, row.home, is_own].map(u64::to_le_bytes).concat());
                    self.asked.put(id, parts, entry)?;
                }
                requests.put(row.home, parts, |to| row.write(raw, to))
            }
            Table::Decisions => {
                row.home = first([of, own, print]);
                if of == 0 {
                    return decisions.put(row.home, parts, |to| row.write(raw, to));
                }
                if own != 0 {
                    self.keys.put(own, parts, |to| to.extend([own, of].map(u64::to_le_bytes).concat()))?;
                }
                self.decided.put(of, parts, |to| {
                    to.extend(first([own, print]).to_le_bytes());
                    row.write(raw, to);
                })
            }
        }
    }

    /// Puts the decisions where their requests are, and finds out what else belongs together.
    fn link(&mut self) -> io::Result<Links> {
        let shared = self.shared_decisions()?;
        let mut links = Links::default();
        for part in 0..self.parts {
            let homes = self.homes(part, &mut links)?;
            let (mut from, mut raw) = (self.decided.read(part)?, Vec::new());
            while let Some(own) = next_u64(&mut *from)? {
                raw.clear();
                let row = Placed::read(&mut *from, &mut raw)?;
                let Some(mut row) = row else { return Err(io::ErrorKind::UnexpectedEof.into()) };
                let found = homes.binary_search_by_key(&row.home, |(id, _)| *id).ok().and_then(|at| homes.get(at));
                row.home = found.map_or(own, |(_, home)| *home);
                if found.is_some() && shared.contains(&own) {
                    links.join(own, row.home);
                }
                let [.., decisions] = &mut self.rows;
                decisions.put(row.home, self.parts, |to| row.write(&raw, to))?;
            }
            self.decided.remove(part);
        }
        self.rows.iter_mut().try_for_each(Spool::finish)?;
        Ok(links)
    }

    /// The decision ids that rows about several requests bear.
    fn shared_decisions(&self) -> io::Result<HashSet<u64, fast::FixedState>> {
        let mut shared = HashSet::default();
        for part in 0..self.parts {
            let (mut from, mut keys) = (self.keys.read(part)?, Vec::new());
            while let Some(own) = next_u64(&mut *from)? {
                keys.push((own, u64_of(&mut *from)?));
            }
            keys.sort_unstable();
            keys.dedup();
            shared.extend(keys.chunk_by(|a, b| a.0 == b.0).filter(|same| same.len() > 1).flatten().map(|(own, _)| own));
            self.keys.remove(part);
        }
        Ok(shared)
    }

    /// The requests of a share that some row bears, in order, each with the hash by which it was put into a part.
    fn homes(&self, part: usize, links: &mut Links) -> io::Result<Vec<(u64, u64)>> {
        let (mut from, mut asked) = (self.asked.read(part)?, Vec::new());
        while let Some(bytes) = next::<8>(&mut *from)? {
            let (home, is_own) = (u64_of(&mut *from)?, u64_of(&mut *from)?);
            asked.push((u64::from_le_bytes(bytes), is_own == 0, home));
        }
        self.asked.remove(part);
        asked.sort_unstable();
        asked.dedup();
        let mut homes = Vec::new();
        for same in asked.chunk_by(|a, b| a.0 == b.0) {
            let [(id, is_named_only, home), others @ ..] = same else { continue };
            if *is_named_only {
                continue;
            }
            others.iter().filter(|(.., other)| other != home).for_each(|(.., other)| links.join(*home, *other));
            homes.push((*id, *home));
        }
        Ok(homes)
    }
}

/// A table as it is divided.
struct Scan<'r, R> {
    table: Table,
    router: &'r mut Router,
    orders: Orders,
    rows: PhantomData<fn() -> R>,
}

impl<R: Record> Scan<'_, R> {
    fn seen(&self, block: &Block<R>, bytes: &[u8]) -> Kept {
        let (start, end) = match (block.spans.first(), block.spans.last()) {
            (Some((start, _)), Some((_, end))) => (*start, *end),
            _ => (0, 0),
        };
        let mut latest = vec![i64::MIN; self.router.zones.len()];
        let mut seen = Vec::with_capacity(block.spans.len());
        for ((line, print, parsed), (from, to)) in block.batch.rows.iter().zip(&block.spans) {
            let (mut left_out, none) = (None, Ids { own: Sym::BLANK, of: Sym::BLANK, parent: Sym::BLANK });
            let ids = match parsed {
                Parsed::Sound(row) => {
                    note_latest(row, &self.router.zones, &mut latest);
                    row.ids()
                }
                Parsed::Faulty(faulty) => faulty.ids,
                Parsed::LeftOut(reason) => {
                    left_out = Some(*reason);
                    none
                }
            };
            let [own, of, parent] = self.hashes(ids, block);
            let span = (from - start, to - start);
            seen.push(Seen { own, of, parent, print: (*print).max(1), line: *line, span, left_out });
        }
        let bytes = bytes.get(start..end).unwrap_or_default().to_vec();
        Kept { bytes, rows: seen, lines: block.lines as u64, latest }
    }

    fn hashes(&self, ids: Ids, block: &Block<R>) -> [u64; 3] {
        let [own, of, parent] = sorts(self.table);
        let text = |sym| block.batch.texts.text(sym);
        [hash(own, text(ids.own)), hash(of, text(ids.of)), hash(parent, text(ids.parent))]
    }
}

/// Notes the latest day of a row in each zone. Zones are at most a day and some hours apart.
fn note_latest<R: Record>(row: &R, zones: &[Zone], latest: &mut [i64]) {
    let Some(day) = zones.first().and_then(|zone| row.latest(*zone)) else { return };
    if latest.iter().all(|latest| day + 2 < *latest) {
        return;
    }
    for (zone, latest) in zones.iter().zip(latest) {
        *latest = row.latest(*zone).map_or(*latest, |day| day.max(*latest));
    }
}

impl<R: Record> Intake for Scan<'_, R> {
    type Row = R;
    type Kept = Kept;

    fn files(&mut self) -> &mut [ExportFile] {
        &mut self.router.files
    }

    fn orders(&mut self) -> &mut Orders {
        &mut self.orders
    }

    fn keep(&self, blocks: Vec<Block<R>>, bytes: &[u8]) -> Vec<Kept> {
        blocks.into_par_iter().map(|block| self.seen(&block, bytes)).collect()
    }

    fn take_in(&mut self, kept: Vec<Kept>, at: &mut Reached) -> Result<(), &'static str> {
        for block in kept {
            for seen in &block.rows {
                if let Some(reason) = seen.left_out {
                    at.leave_out(reason)?;
                    continue;
                }
                let (place, line) = at.record(seen.line)?;
                let row = Placed { home: 0, place, line };
                let raw = block.bytes.get(seen.span.0..seen.span.1).unwrap_or_default();
                if let Err(error) = self.router.route(self.table, seen, row, raw) {
                    self.router.failed.get_or_insert(error);
                    return Err("its rows cannot be divided");
                }
            }
            at.line = at.line.saturating_add(block.lines);
            for (own, latest) in self.router.latest.iter_mut().zip(block.latest) {
                *own = latest.max(*own);
            }
        }
        Ok(())
    }
}
