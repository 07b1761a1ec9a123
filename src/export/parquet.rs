//! A Parquet file as the bytes of CSV: polars decodes its columns, some rows at a time, in several places at once.

use super::input::Refused;
use super::texts::{self, Texts, texts, unreadable_type};
use polars::prelude::{FileMetadata, FileMetadataRef, ParallelStrategy, ParquetReader, SerReader};
use rayon::prelude::*;
use sha2::{Digest, Sha256};
use std::cell::Cell;
use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Once};

/// What a Parquet file begins and ends with.
const MAGIC: &[u8] = b"PAR1";
/// The least size: the magic twice, and the length of what describes the file.
const LEAST: u64 = 12;
/// How many rows are decoded at once: what a row group's dictionaries cost is spread over many, and their text is some
/// megabytes, however large the row group.
const ROWS: usize = 1 << 15;
/// In how many places, and how many rows in each, the size of a file's text is estimated.
const SAMPLES: usize = 4;
const SAMPLE_ROWS: usize = 1 << 10;

const MEND: &str = "export the table again, as Parquet or as CSV";

/// Rows of one row group that are decoded at once.
struct Slice {
    /// What describes the file, as if it had this row group alone: so the reader passes over no other.
    metadata: FileMetadataRef,
    from: usize,
    rows: usize,
}

/// A Parquet file that is read from its first row to its last.
pub(super) struct Parquet {
    file: File,
    size: u64,
    /// How much of the file was hashed.
    hashed: u64,
    slices: Vec<Slice>,
    /// How many of the slices were decoded.
    decoded: usize,
    /// Text that was not handed over yet, and how much of its first part was.
    ready: VecDeque<Vec<u8>>,
    given: usize,
}

impl Parquet {
    /// Judges whether the file is sound as far as can be told before its rows are decoded.
    pub(super) fn open(mut file: File) -> io::Result<Parquet> {
        let size = file.metadata()?.len();
        check_magic(&mut file, size)?;
        let metadata = guarded(|| {
            let mut reader = ParquetReader::new(file.try_clone()?);
            let metadata = FileMetadata::clone(reader.get_metadata().map_err(damaged)?);
            check_columns(&metadata)?;
            check_types(&mut reader, &metadata)?;
            check_places(&metadata, size)?;
            Ok(metadata)
        })?;
        file.rewind()?;
        let names: Vec<Texts> = metadata.schema_descr.fields().iter().map(|field| Texts::one(field.name())).collect();
        let header = texts::csv(&names, 1);
        let (slices, ready) = (slices(metadata), VecDeque::from([header]));
        Ok(Parquet { file, size, hashed: 0, slices, decoded: 0, ready, given: 0 })
    }

    /// About how many bytes of CSV the rows make, by some of them from all over the file.
    pub(super) fn text_size(&self) -> io::Result<u64> {
        let (mut rows, mut text) = (0, 0);
        for slice in self.slices.iter().step_by(self.slices.len().div_ceil(SAMPLES).max(1)) {
            let metadata = Arc::clone(&slice.metadata);
            let sample = Slice { metadata, from: slice.from, rows: slice.rows.min(SAMPLE_ROWS) };
            text += self.csv(&sample)?.len() as u64;
            rows += sample.rows as u64;
        }
        let all: u64 = self.slices.iter().map(|slice| slice.rows as u64).sum();
        Ok(u64::try_from(u128::from(text) * u128::from(all) / u128::from(rows.max(1))).unwrap_or(u64::MAX))
    }

    /// Hashes the part of the file that the rows decoded so far stand for, and all of it once there are no more.
    /// Returns how many bytes that were.
    pub(super) fn pass(&mut self, hash: &mut Sha256) -> io::Result<u64> {
        let share = self.size as u128 * self.decoded as u128 / self.slices.len().max(1) as u128;
        let until = if self.decoded == self.slices.len() { self.size } else { share as u64 };
        let (from, mut buffer) = (self.hashed, vec![0; 1 << 18]);
        while self.hashed < until {
            let wanted = usize::try_from(until - self.hashed).unwrap_or(usize::MAX).min(buffer.len());
            let Some(room) = buffer.get_mut(..wanted) else { break };
            self.file.read_exact(room)?;
            hash.update(room);
            self.hashed += wanted as u64;
        }
        Ok(self.hashed - from)
    }

    /// Decodes as many further slices as there are threads.
    fn decode(&mut self) -> io::Result<()> {
        let until = self.slices.len().min(self.decoded + rayon::current_num_threads());
        let slices = self.slices.get(self.decoded..until).unwrap_or_default();
        let decoded: Vec<io::Result<Vec<u8>>> = slices.par_iter().map(|slice| self.csv(slice)).collect();
        for text in decoded {
            self.ready.push_back(text?);
        }
        self.decoded = until;
        Ok(())
    }

    /// The rows of a slice as CSV.
    fn csv(&self, slice: &Slice) -> io::Result<Vec<u8>> {
        guarded(|| {
            let mut reader = ParquetReader::new(self.file.try_clone()?)
                .read_parallel(ParallelStrategy::None)
                .with_slice(Some((slice.from, slice.rows)));
            reader.set_metadata(Arc::clone(&slice.metadata));
            let frame = reader.finish().map_err(damaged)?;
            let columns = frame.columns().iter().map(|column| texts(column.as_materialized_series()));
            let columns: Vec<Texts> = columns.collect::<Result<_, _>>().map_err(damaged)?;
            if columns.iter().any(|column| column.len() != slice.rows) {
                return Err(damaged("a column has fewer rows than it should"));
            }
            Ok(texts::csv(&columns, slice.rows))
        })
    }
}

impl Read for Parquet {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.ready.is_empty() && self.decoded < self.slices.len() {
                self.decode()?;
            }
            let Some(first) = self.ready.front() else { return Ok(0) };
            let read = first.get(self.given..).unwrap_or_default().read(into)?;
            self.given += read;
            if self.given == first.len() {
                self.ready.pop_front();
                self.given = 0;
            }
            if read > 0 || into.is_empty() {
                return Ok(read);
            }
        }
    }
}

/// The rows of a file, row group by row group, in slices.
fn slices(mut metadata: FileMetadata) -> Vec<Slice> {
    let mut slices = Vec::new();
    for group in std::mem::take(&mut metadata.row_groups) {
        let rows = group.num_rows();
        let metadata = Arc::new(FileMetadata { num_rows: rows, row_groups: vec![group], ..metadata.clone() });
        let slice = |from| Slice { metadata: Arc::clone(&metadata), from, rows: ROWS.min(rows - from) };
        slices.extend((0..rows).step_by(ROWS).map(slice));
    }
    slices
}

fn check_magic(file: &mut File, size: u64) -> io::Result<()> {
    let mut ends = [[0; MAGIC.len()]; 2];
    if size >= LEAST {
        let [first, last] = &mut ends;
        file.read_exact(first)?;
        file.seek(SeekFrom::End(-(MAGIC.len() as i64)))?;
        file.read_exact(last)?;
    }
    let what = match ends {
        [first, last] if first == MAGIC && last == MAGIC => return Ok(()),
        [first, _] if first == MAGIC => "the Parquet file is cut short: it does not end with `PAR1`",
        _ => "this is no Parquet file, though its name says so: it does not begin with `PAR1`",
    };
    let help = "copy or export the file again; if it is CSV, let its name end in `.csv`";
    Err(Refused::error(what.to_owned(), help))
}

/// A table has columns with different names. That those which must be there are is judged with the header, as of CSV.
fn check_columns(metadata: &FileMetadata) -> io::Result<()> {
    let mut names: Vec<&str> = metadata.schema_descr.fields().iter().map(|field| field.name()).collect();
    names.sort_unstable();
    match names.windows(2).find(|pair| pair.first() == pair.last()) {
        Some(twice) => {
            let what = format!("the file has the column `{}` twice", twice.first().copied().unwrap_or_default());
            Err(Refused::error(what, "name each column once: rename or remove the one that is not meant"))
        }
        None => Ok(()),
    }
}

/// Only of single values a text can be made.
fn check_types(reader: &mut ParquetReader<File>, metadata: &FileMetadata) -> io::Result<()> {
    let schema = reader.schema().map_err(damaged)?;
    let unreadable = schema.iter_values().filter_map(|field| Some((&field.name, unreadable_type(&field.dtype)?)));
    let unreadable: Vec<String> = unreadable.map(|(name, holds)| format!("`{name}` holds {holds}")).collect();
    if !unreadable.is_empty() {
        let what = format!("columns of types that cannot be judged: {}", unreadable.join(", "));
        let help = "write these columns as text, numbers, dates or times, or leave them out of the export";
        return Err(Refused::error(what, help));
    }
    // The file describes its columns twice, and a column of which only one knows would come out blank.
    let fields = metadata.schema_descr.fields().iter().map(|field| field.name());
    match fields.eq(schema.iter_values().map(|field| field.name.as_str())) {
        true => Ok(()),
        false => Err(damaged("its two descriptions of the columns differ")),
    }
}

/// All data lie in the file, and each column has a value, or none, for each row. Polars takes both for granted.
fn check_places(metadata: &FileMetadata, size: u64) -> io::Result<()> {
    for (number, group) in (1..).zip(&metadata.row_groups) {
        let within = |range: std::ops::Range<u64>| range.end <= size - (LEAST - MAGIC.len() as u64);
        if !group.byte_ranges_iter().all(within) {
            return Err(damaged(format!("row group {number} reaches beyond the end of the file")));
        }
        let rows = i64::try_from(group.num_rows());
        if group.parquet_columns().iter().any(|column| Ok(column.num_values()) != rows) {
            return Err(damaged(format!("the columns of row group {number} do not have its number of rows")));
        }
    }
    let rows: usize = metadata.row_groups.iter().map(|group| group.num_rows()).fold(0, usize::saturating_add);
    match u32::try_from(rows) {
        Ok(_) if rows == metadata.num_rows => Ok(()),
        Ok(_) => Err(damaged("it does not have as many rows as it says")),
        Err(_) => Err(damaged(format!("it says that it has {rows} rows"))),
    }
}

fn damaged(error: impl std::fmt::Display) -> io::Error {
    Refused::error(format!("the Parquet file is damaged, or of a kind that cannot be read: {error}"), MEND)
}

thread_local! {
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Runs what polars does. It panics on some damaged files; that is an error of the file, and no fault to be printed.
fn guarded<T>(work: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    static QUIET: Once = Once::new();
    QUIET.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if !GUARDED.get() {
                before(panic);
            }
        }));
    });
    GUARDED.set(true);
    let result = catch_unwind(AssertUnwindSafe(work));
    GUARDED.set(false);
    result.unwrap_or_else(|_| Err(damaged("its data contradict themselves")))
}

#[cfg(test)]
mod tests;
