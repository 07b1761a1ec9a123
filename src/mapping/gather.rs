//! Exports with a row per event become tables with a row per case.

use super::row::{GATHERED, Reason, Row, UNNEEDED, amount_error, date_error, multiplied, text_of};
use super::shape::{Shaped, all, joined};
use super::source::{Convert, Gather, Minor, Named, Pick, Source, Spec, Which};
use super::whole::{Seen, Whole};
use crate::export::Problem;
use foldhash::fast::FixedState;
use hashbrown::HashMap;
use rust_decimal::Decimal;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What is known of a column of a case.
#[derive(Clone)]
enum Slot {
    /// Nothing yet.
    Empty,
    /// The cells of the event that counts so far, and when it was.
    Cells(i64, Vec<Vec<u8>>),
    Sum(Decimal),
    Count(u64),
}

/// A case as its events are read.
struct Case {
    file: usize,
    record: u32,
    line: u64,
    is_needed: bool,
    /// How many rows of each file it has.
    rows: Vec<u32>,
    slots: Vec<Slot>,
    /// Why it cannot be used.
    fault: Option<String>,
}

/// Where the cells stand that the cases are made of.
struct Places {
    width: usize,
    by: Vec<usize>,
    event: Option<usize>,
    time: Option<usize>,
    keep: Vec<usize>,
    skip: Vec<usize>,
    /// Of each column.
    inputs: Vec<Vec<usize>>,
}

/// Cases in the order of their first events.
struct Gatherer<'a> {
    source: &'a Source,
    gather: &'a Gather,
    cases: Vec<Case>,
    by_key: HashMap<Vec<u8>, usize, FixedState>,
    files: usize,
}

/// Reads all files of a source and makes a row of each case. A case stands in the file of its first event.
pub(super) fn gather(
    source: &Source,
    gather: &Gather,
    files: &[(PathBuf, String)],
) -> Result<Vec<Shaped>, Vec<Problem>> {
    let mut gatherer = Gatherer { source, gather, cases: Vec::new(), by_key: HashMap::default(), files: files.len() };
    let read = files.iter().enumerate().map(|(number, (path, name))| gatherer.file(number, path, name));
    let mut shaped = all(read.collect())?;
    let header: Vec<String> = source.columns.iter().flat_map(cell_names).collect();
    let mut made: Vec<Made> = shaped.iter().map(|_| (csv::Writer::from_writer(Vec::new()), Vec::new())).collect();
    for (writer, _) in &mut made {
        // Writing into memory does not fail.
        let _ = writer.write_record(header.iter().map(String::as_str).chain(["(fault)"]));
    }
    for case in &gatherer.cases {
        for (rows, shaped) in case.rows.iter().zip(&mut shaped) {
            let reason = if case.is_needed { GATHERED } else { UNNEEDED };
            *shaped.left_out.entry(reason).or_default() += u64::from(*rows);
        }
        let (Some((writer, places)), Some(shaped)) = (made.get_mut(case.file), shaped.get_mut(case.file)) else {
            continue;
        };
        if case.is_needed {
            let _ = writer.write_byte_record(&row(source, case));
            places.push((case.record, case.line));
            // The first row of the case is its own.
            shaped.left_out.entry(GATHERED).and_modify(|count| *count -= 1);
        }
    }
    for ((writer, places), shaped) in made.into_iter().zip(&mut shaped) {
        shaped.bytes = Arc::new(writer.into_inner().unwrap_or_default());
        shaped.places = Some(Arc::new(places));
        shaped.left_out.retain(|_, count| *count > 0);
    }
    Ok(shaped)
}

/// A file's cases as they are written, and the place of each.
type Made = (csv::Writer<Vec<u8>>, Vec<(u32, u64)>);

/// The names of the cells that a column takes of a gathered row.
fn cell_names(spec: &Spec) -> Vec<String> {
    let name = spec.column.name();
    match spec.gathered_cells() {
        1 => vec![name.to_owned()],
        count => (1..=count).map(|number| format!("{name} {number}")).collect(),
    }
}

impl Gatherer<'_> {
    fn file(&mut self, number: usize, path: &Path, name: &str) -> Result<Shaped, Vec<Problem>> {
        let whole = Whole::read(self.source, path, name)?;
        let mut places: Option<Places> = None;
        let mut left_out: BTreeMap<Reason, u64> = BTreeMap::new();
        let mut rows = 0;
        whole.each(self.source, name, |seen| match (seen, &mut places) {
            (Seen::Header { names, .. }, none) => *none = Some(Places::of(self.source, self.gather, names)),
            (Seen::Row { record, line, .. }, Some(places)) => {
                rows += 1;
                match self.source.chosen(record, &places.keep, &places.skip) {
                    Err(reason) => *left_out.entry(reason).or_default() += 1,
                    Ok(()) => self.event(record, places, (number, rows, line)),
                }
            }
            (Seen::Before { .. } | Seen::Row { .. }, _) => {}
        })?;
        Ok(Shaped { left_out, size: whole.size, sha256: whole.sha256, ..Shaped::default() })
    }

    /// Adds an event to its case.
    fn event(&mut self, record: &csv::ByteRecord, places: &Places, (file, number, line): (usize, u32, u64)) {
        let mut key = joined(record, &places.by);
        if places.by.iter().all(|at| record.cell(*at).trim_ascii().is_empty()) {
            // Events without a case do not belong together.
            key = format!("\u{1f}{file}\u{1f}{number}").into_bytes();
        }
        let next = self.cases.len();
        let at = *self.by_key.entry(key).or_insert(next);
        if at == next {
            let slots = vec![Slot::Empty; self.source.columns.len()];
            let rows = vec![0; self.files];
            self.cases.push(Case { file, record: number, line, is_needed: false, rows, slots, fault: None });
        }
        let Some(case) = self.cases.get_mut(at) else { return };
        if let Some(rows) = case.rows.get_mut(file) {
            *rows += 1;
        }
        if let Err(fault) = case.add(self.source, self.gather, record, places) {
            let expected = format!("in record {number}: {fault}");
            case.fault.get_or_insert(expected);
        }
    }
}

impl Places {
    fn of(source: &Source, gather: &Gather, header: &[String]) -> Places {
        let at = |named: &Named| named.at(header);
        let all = |columns: &[Named]| columns.iter().filter_map(at).collect::<Vec<_>>();
        let (keep, skip) = source.condition_places(header);
        Places {
            width: header.len(),
            by: all(&gather.by),
            event: gather.event.as_ref().and_then(at),
            time: gather.time.as_ref().and_then(|(time, _)| at(time)),
            keep,
            skip,
            inputs: source.columns.iter().map(|spec| all(spec.pick.inputs())).collect(),
        }
    }
}

impl Case {
    /// Adds what an event says; the error says what is wrong with it.
    fn add(
        &mut self,
        source: &Source,
        gather: &Gather,
        record: &csv::ByteRecord,
        places: &Places,
    ) -> Result<(), String> {
        // Of a row whose event cannot be told it cannot be said either that its case needs none such.
        let needed_before = std::mem::replace(&mut self.is_needed, true);
        if record.len() != places.width {
            return Err(format!("the row has {} fields: expected {}", record.len(), places.width));
        }
        let event = places.event.map_or(Ok(""), |at| text_of(record.cell(at)))?.to_lowercase();
        self.is_needed = needed_before || gather.needs.is_empty() || gather.needs.contains(&event);
        let time = places.time.map(|at| record.cell(at)).unwrap_or_default();
        let mut result = Ok(());
        for ((spec, slot), inputs) in source.columns.iter().zip(&mut self.slots).zip(&places.inputs) {
            let is_meant = match &spec.events {
                None => true,
                Some(events) => events.names.is_empty() || events.names.contains(&event),
            };
            if is_meant {
                result = result.and(slot.take(spec, gather, record, inputs, time));
            }
        }
        result
    }
}

impl Slot {
    /// Takes up an event.
    fn take(
        &mut self,
        spec: &Spec,
        gather: &Gather,
        record: &csv::ByteRecord,
        inputs: &[usize],
        time: &[u8],
    ) -> Result<(), String> {
        let cells = || inputs.iter().map(|at| record.cell(*at));
        match spec.events.as_ref().map(|events| events.which) {
            Some(Which::Count) => {
                let before = if let Slot::Count(before) = self { *before } else { 0 };
                *self = Slot::Count(before + 1);
            }
            Some(Which::Sum) => {
                let Some(value) = number(spec, cells())? else { return Ok(()) };
                let before = if let Slot::Sum(before) = self { *before } else { Decimal::ZERO };
                let sum = crate::money::sum(before, value).ok_or("the sum has more than 28 digits")?;
                *self = Slot::Sum(sum);
            }
            Some(which) => {
                let text = text_of(time)?;
                let at = match &gather.time {
                    Some(_) if text.is_empty() => return Ok(()),
                    Some((_, reader)) => reader.instant(text).map_err(date_error)?,
                    None => 0,
                };
                let is_later = which == Which::Last;
                let counts = match self {
                    Slot::Cells(best, _) => {
                        if is_later {
                            at >= *best
                        } else {
                            at < *best
                        }
                    }
                    _ => true,
                };
                if counts {
                    *self = Slot::Cells(at, values(spec, cells(), time)?);
                }
            }
            None => {
                let is_blank = |cells: &[Vec<u8>]| cells.iter().all(|cell| cell.trim_ascii().is_empty());
                let known = matches!(self, Slot::Cells(_, cells) if !is_blank(cells));
                if !known {
                    *self = Slot::Cells(0, values(spec, cells(), time)?);
                }
            }
        }
        Ok(())
    }

    /// The cells in the case's row.
    fn cells(&self, count: usize) -> Vec<Vec<u8>> {
        let mut cells = match self {
            Slot::Empty => Vec::new(),
            Slot::Cells(_, cells) => cells.clone(),
            Slot::Sum(sum) => vec![sum.to_string().into_bytes()],
            Slot::Count(events) => vec![events.to_string().into_bytes()],
        };
        cells.resize(count, Vec::new());
        cells
    }
}

/// What an event adds to a sum.
fn number<'c>(spec: &Spec, mut cells: impl Iterator<Item = &'c [u8]>) -> Result<Option<Decimal>, String> {
    match (&spec.pick, &spec.convert) {
        (Pick::Product(_, form), _) => multiplied(cells, form),
        (_, Convert::Amount(form, minor)) => {
            let text = text_of(cells.next().unwrap_or_default())?;
            let digits = if let Minor::Digits(digits) = minor { Some(*digits) } else { None };
            let is_blank = text.is_empty() || spec.blanks.contains(&text.to_lowercase());
            if is_blank { Ok(None) } else { form.signed(text, digits).map(Some).map_err(amount_error) }
        }
        _ => Ok(None),
    }
}

/// The cells that a column takes of an event.
fn values<'c>(spec: &Spec, cells: impl Iterator<Item = &'c [u8]>, time: &[u8]) -> Result<Vec<Vec<u8>>, String> {
    match &spec.pick {
        Pick::Event => Ok(vec![time.to_vec()]),
        Pick::Product(_, form) => {
            let product = multiplied(cells, form)?;
            Ok(vec![product.map(|product| product.to_string().into_bytes()).unwrap_or_default()])
        }
        _ => Ok(cells.map(<[u8]>::to_vec).collect()),
    }
}

/// A case's row.
fn row(source: &Source, case: &Case) -> csv::ByteRecord {
    let cells = source.columns.iter().zip(&case.slots).flat_map(|(spec, slot)| slot.cells(spec.gathered_cells()));
    let fault = case.fault.clone().unwrap_or_default().into_bytes();
    cells.chain([fault]).collect()
}
