//! Sources whose rows depend on each other: their files are read before, whole, and each row gets what the others say
//! of it: blank cells that take the value above, its number among its like, whether it repeats what a row before says.

use super::gather;
use super::row::{Reason, Row};
use super::source::{Named, Pick, Source, Spec};
use super::whole::{Seen, Whole};
use crate::export::Problem;
use foldhash::fast::FixedState;
use hashbrown::HashMap;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A file that was read before, as the rows that the table's reader is to see.
#[derive(Debug, Default)]
pub(crate) struct Shaped {
    /// The rows as CSV, with the header.
    pub(crate) bytes: Arc<Vec<u8>>,
    /// The record and the line at which each row begins in the file, if its number does not tell.
    pub(crate) places: Option<Arc<Vec<(u32, u64)>>>,
    /// How many rows of the file there are no more, and why.
    pub(crate) left_out: BTreeMap<Reason, u64>,
    /// The file's size in bytes and its SHA-256.
    pub(crate) size: u64,
    pub(crate) sha256: String,
}

/// Where the cells are that were put behind those of a file.
pub(super) struct Layout<'a> {
    own: usize,
    /// The positions whose blank cells are filled, in order.
    fills: Vec<usize>,
    pub(super) once: Option<usize>,
    numbers: Vec<&'a [Named]>,
}

impl Layout<'_> {
    /// How many cells a row has in all.
    pub(super) fn width(&self) -> usize {
        self.own + self.fills.len() + usize::from(self.once.is_some()) + self.numbers.len()
    }

    /// Where a column of the file is to be read.
    pub(super) fn filled(&self, at: usize) -> usize {
        self.fills.iter().position(|fill| *fill == at).map_or(at, |place| self.own + place)
    }

    /// Where the row's number among those with the same cells stands.
    pub(super) fn number(&self, within: &[Named]) -> Option<usize> {
        let place = self.numbers.iter().position(|columns| *columns == within)?;
        Some(self.own + self.fills.len() + usize::from(self.once.is_some()) + place)
    }
}

impl Spec {
    /// How many cells the column takes of a gathered row.
    pub(super) fn gathered_cells(&self) -> usize {
        match &self.pick {
            Pick::Constant(_) | Pick::NumberWithin(_) => 0,
            _ if self.events.as_ref().is_some_and(|events| events.which.is_number()) => 1,
            Pick::Cell(_) | Pick::Product(..) | Pick::Event => 1,
            Pick::Join(parts, _) => parts.len(),
        }
    }
}

impl Source {
    /// Whether its files must be read before, whole.
    pub(super) fn needs_shape(&self) -> bool {
        let is_number = |spec: &Spec| matches!(spec.pick, Pick::NumberWithin(_));
        let depends = self.fill.is_some() || !self.once.is_empty() || self.gather.is_some();
        depends || self.columns.iter().any(is_number)
    }

    /// Where the cells stand in a row under a header.
    pub(super) fn layout(&self, header: &[String]) -> Layout<'_> {
        let own = header.len();
        let filled = self.fill.iter().flat_map(|fill| std::iter::once(&fill.by).chain(&fill.columns));
        let fills: Vec<usize> = filled.filter_map(|named| named.at(header)).collect();
        let mut numbers: Vec<&[Named]> = Vec::new();
        for spec in &self.columns {
            match &spec.pick {
                Pick::NumberWithin(within) if !numbers.contains(&within.as_slice()) => numbers.push(within),
                _ => {}
            }
        }
        let once = (!self.once.is_empty()).then_some(own + fills.len());
        Layout { own, fills, once, numbers }
    }

    /// Reads the files before, if the rows depend on each other.
    pub(super) fn shape(&mut self, files: &[(PathBuf, String)]) -> Result<(), Vec<Problem>> {
        if !self.needs_shape() {
            return Ok(());
        }
        let shaped = match &self.gather {
            Some(gather) => gather::gather(self, gather, files)?,
            None => {
                let shaped: Vec<_> = files.iter().map(|(path, name)| shape_file(self, path, name)).collect();
                all(shaped)?
            }
        };
        self.shaped = files.iter().map(|(path, _)| path.clone()).zip(shaped).collect();
        Ok(())
    }

    /// A file that was read before.
    pub(crate) fn shaped(&self, path: &Path) -> Option<&Shaped> {
        self.shaped.get(path)
    }
}

/// All results, or all problems.
pub(super) fn all<T>(results: Vec<Result<T, Vec<Problem>>>) -> Result<Vec<T>, Vec<Problem>> {
    let (mut good, mut problems) = (Vec::new(), Vec::new());
    for result in results {
        match result {
            Ok(value) => good.push(value),
            Err(found) => problems.extend(found),
        }
    }
    if problems.is_empty() { Ok(good) } else { Err(problems) }
}

impl Row for csv::ByteRecord {
    fn len(&self) -> usize {
        csv::ByteRecord::len(self)
    }

    fn cell(&self, at: usize) -> &[u8] {
        self.get(at).unwrap_or_default()
    }
}

/// Adds to each row of a file what the rows before say of it.
fn shape_file(source: &Source, path: &Path, name: &str) -> Result<Shaped, Vec<Problem>> {
    let whole = Whole::read(source, path, name)?;
    let mut bytes = Vec::with_capacity(whole.bytes.len() + whole.bytes.len() / 4);
    let mut adder = None;
    whole.each(source, name, |seen| match (seen, &mut adder) {
        (Seen::Row { record, raw, .. }, Some(adder)) => {
            let body = raw.len() - raw.iter().rev().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
            bytes.extend_from_slice(raw.get(..body).unwrap_or_default());
            Adder::add(adder, record, &mut bytes);
            let ended = raw.get(body..).filter(|ended| !ended.is_empty());
            bytes.extend_from_slice(ended.unwrap_or(b"\n"));
        }
        (Seen::Header { names, raw }, none) => {
            *none = Some(Adder::new(source, whole.delimiter, names));
            bytes.extend_from_slice(raw);
        }
        (Seen::Before { raw } | Seen::Row { raw, .. }, _) => bytes.extend_from_slice(raw),
    })?;
    Ok(Shaped { bytes: Arc::new(bytes), size: whole.size, sha256: whole.sha256, ..Shaped::default() })
}

/// What is known of the rows before.
struct Adder<'a> {
    source: &'a Source,
    layout: Layout<'a>,
    keep: Vec<usize>,
    skip: Vec<usize>,
    once: Vec<usize>,
    /// What a row says, apart from its number.
    facts: Vec<usize>,
    /// The positions of the columns by which rows are numbered.
    within: Vec<Vec<usize>>,
    above: Vec<Vec<u8>>,
    first: HashMap<Vec<u8>, (u64, Vec<u8>), FixedState>,
    numbers: Vec<HashMap<Vec<u8>, u64, FixedState>>,
    rows: u64,
    delimiter: u8,
}

impl<'a> Adder<'a> {
    fn new(source: &'a Source, delimiter: u8, header: &[String]) -> Adder<'a> {
        let layout = source.layout(header);
        let places = |columns: &[Named]| columns.iter().filter_map(|named| named.at(header)).collect::<Vec<_>>();
        let facts = source.columns.iter().filter(|spec| !matches!(spec.pick, Pick::NumberWithin(_)));
        let facts = facts.flat_map(|spec| places(spec.pick.inputs())).collect();
        let within: Vec<Vec<usize>> = layout.numbers.iter().map(|columns| places(columns)).collect();
        let (keep, skip) = source.condition_places(header);
        Adder {
            source,
            keep,
            skip,
            once: places(&source.once),
            facts,
            above: vec![Vec::new(); layout.fills.len()],
            first: HashMap::default(),
            numbers: within.iter().map(|_| HashMap::default()).collect(),
            within,
            layout,
            rows: 0,
            delimiter,
        }
    }

    /// Appends the cells that are added to a row.
    fn add(&mut self, record: &csv::ByteRecord, to: &mut Vec<u8>) {
        self.rows += 1;
        if record.len() != self.layout.own {
            // A row that happens to have as many cells as others have with what is added must not pass for one.
            if record.len() == self.layout.width() {
                to.push(self.delimiter);
            }
            return;
        }
        let is_chosen = self.source.chosen(record, &self.keep, &self.skip).is_ok();
        self.fill(record);
        for value in &self.above {
            push(value, self.delimiter, to);
        }
        if self.layout.once.is_some() {
            let verdict = if is_chosen { self.verdict(record) } else { String::new() };
            push(verdict.as_bytes(), self.delimiter, to);
        }
        for number in 0..self.within.len() {
            let number = if is_chosen { self.number(number, record) } else { 0 };
            push(itoa::Buffer::new().format(number).as_bytes(), self.delimiter, to);
        }
    }

    /// Takes up the values that blank cells below are to have.
    fn fill(&mut self, record: &csv::ByteRecord) {
        let Some((by, columns)) = self.layout.fills.split_first() else { return };
        let key = record.cell(*by).trim_ascii();
        let is_same = key.is_empty() || self.above.first().is_some_and(|above| above == key);
        let Some((above_key, above)) = self.above.split_first_mut() else { return };
        if !is_same {
            key.clone_into(above_key);
        }
        for (above, at) in above.iter_mut().zip(columns) {
            let cell = record.cell(*at);
            if !is_same || !cell.trim_ascii().is_empty() {
                cell.clone_into(above);
            }
        }
    }

    /// Whether the row says again what a row before says.
    fn verdict(&mut self, record: &csv::ByteRecord) -> String {
        let key = self.key(record, &self.once);
        let facts = joined(record, &self.facts);
        match self.first.get(&key) {
            None => {
                self.first.insert(key, (self.rows, facts));
                String::new()
            }
            Some((_, first)) if *first == facts => "again".to_owned(),
            Some((first, _)) => {
                let by = self.source.once.iter().map(Named::shown).collect::<Vec<_>>().join(", ");
                format!("the row has the {by} of record {first} and says something else: expected the same in each")
            }
        }
    }

    fn number(&mut self, within: usize, record: &csv::ByteRecord) -> u64 {
        let key = self.within.get(within).map(|places| self.key(record, places)).unwrap_or_default();
        let Some(numbers) = self.numbers.get_mut(within) else { return 0 };
        let number = numbers.entry(key).or_default();
        *number += 1;
        *number
    }

    /// The cells of a row, those that are filled from above as they are then.
    fn key(&self, record: &csv::ByteRecord, places: &[usize]) -> Vec<u8> {
        let mut key = Vec::new();
        for at in places {
            let filled = self.layout.fills.iter().position(|fill| fill == at).and_then(|place| self.above.get(place));
            let cell = filled.map_or(record.cell(*at), Vec::as_slice);
            key.extend_from_slice(cell.trim_ascii());
            key.push(0x1f);
        }
        key
    }
}

/// Cells put together so that different ones differ.
pub(super) fn joined(record: &impl Row, places: &[usize]) -> Vec<u8> {
    let mut key = Vec::new();
    for at in places {
        key.extend_from_slice(record.cell(*at).trim_ascii());
        key.push(0x1f);
    }
    key
}

/// Appends a cell behind others.
fn push(cell: &[u8], delimiter: u8, to: &mut Vec<u8>) {
    to.push(delimiter);
    if cell.iter().any(|byte| *byte == delimiter || matches!(byte, b'"' | b'\r' | b'\n')) {
        to.push(b'"');
        for byte in cell {
            if *byte == b'"' {
                to.push(b'"');
            }
            to.push(*byte);
        }
        to.push(b'"');
    } else {
        to.extend_from_slice(cell);
    }
}
