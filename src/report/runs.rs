//! Rows of results in sorted runs on disk, of one part of the population each, which are merged in the end.

use super::folder::FolderError;
use super::ordered;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::Path;

/// A row as it will be written, to one file or to several, and by what rows are sorted.
#[derive(Default)]
pub struct Entry {
    /// Rows are sorted by these bytes.
    pub key: Vec<u8>,
    /// For the first file.
    pub first: Vec<u8>,
    /// For the second.
    pub second: Vec<u8>,
    /// For the page.
    pub page: Vec<u8>,
}

/// The bytes of an entry for each of the places to which it is written.
#[derive(Clone, Copy)]
pub struct Written<'a> {
    /// For the first file.
    pub first: &'a [u8],
    /// For the second.
    pub second: &'a [u8],
    /// For the page.
    pub page: &'a [u8],
}

/// How many parts an entry has.
const PARTS: usize = 4;

impl Entry {
    fn clear(&mut self) {
        [&mut self.key, &mut self.first, &mut self.second, &mut self.page].into_iter().for_each(Vec::clear);
    }

    fn write(&self, to: &mut Vec<u8>) {
        let parts: [&Vec<u8>; PARTS] = [&self.key, &self.first, &self.second, &self.page];
        parts.iter().for_each(|part| to.extend((part.len() as u32).to_le_bytes()));
        parts.iter().for_each(|part| to.extend_from_slice(part));
    }
}

/// Sorted runs, one after another in a file.
pub struct Runs {
    file: File,
    bytes: u64,
    runs: Vec<Range<u64>>,
}

impl Runs {
    /// No run yet; the file at the path is made, or emptied.
    ///
    /// # Errors
    /// When it cannot be.
    pub fn create(path: &Path) -> Result<Runs, FolderError> {
        let file = File::options().read(true).write(true).create(true).truncate(true).open(path);
        Ok(Runs { file: file.map_err(|error| unusable(&error))?, bytes: 0, runs: Vec::new() })
    }

    /// Adds a run: rows that are sorted already, and what makes an entry of each.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn add<T: Sync>(
        &mut self,
        rows: &[T],
        entry: impl Fn(&T, &mut Entry) -> io::Result<()> + Sync,
    ) -> Result<(), FolderError> {
        let start = self.bytes;
        let format = |rows: &[T], to: &mut Vec<u8>| {
            to.clear();
            let mut made = Entry::default();
            rows.iter().try_for_each(|row| {
                made.clear();
                entry(row, &mut made)?;
                made.write(to);
                Ok(())
            })
        };
        ordered::write(rows, format, |chunks| {
            for chunk in chunks {
                self.file.write_all(chunk).map_err(|error| unusable(&error))?;
                self.bytes += chunk.len() as u64;
            }
            Ok(())
        })?;
        if self.bytes > start {
            self.runs.push(start..self.bytes);
        }
        Ok(())
    }

    /// Hands over the rows of all runs in order; of equal keys those of the
    /// earlier run come first. About so many bytes of the runs are in memory at a time.
    ///
    /// # Errors
    /// When the runs cannot be read, or a row is not taken.
    pub fn merge(
        mut self,
        memory: usize,
        mut take: impl FnMut(Written<'_>) -> Result<(), FolderError>,
    ) -> Result<(), FolderError> {
        let at_once = (memory / self.runs.len().max(1)).clamp(1 << 12, 1 << 20);
        let run = |left: Range<u64>| Run { left, at_once, buffer: Vec::new(), start: 0, entry: Default::default() };
        let mut runs: Vec<Run> = std::mem::take(&mut self.runs).into_iter().map(run).collect();
        let mut heads = BinaryHeap::with_capacity(runs.len());
        for (number, run) in runs.iter_mut().enumerate() {
            if run.next(&mut self.file).map_err(|error| unusable(&error))? {
                heads.push(Reverse((run.part(0).to_vec(), number)));
            }
        }
        while let Some(mut head) = heads.peek_mut() {
            let Reverse((key, number)) = &mut *head;
            let Some(run) = runs.get_mut(*number) else { break };
            take(Written { first: run.part(1), second: run.part(2), page: run.part(3) })?;
            if run.next(&mut self.file).map_err(|error| unusable(&error))? {
                run.part(0).clone_into(key);
            } else {
                PeekMut::pop(head);
            }
        }
        Ok(())
    }
}

/// A run as it is read.
struct Run {
    /// What is not in memory yet.
    left: Range<u64>,
    at_once: usize,
    buffer: Vec<u8>,
    /// Where in the buffer the next entry begins.
    start: usize,
    /// Where in the buffer the parts of the entry lie.
    entry: [Range<usize>; PARTS],
}

const LENGTHS: usize = 4 * PARTS;

impl Run {
    fn part(&self, part: usize) -> &[u8] {
        self.entry.get(part).and_then(|span| self.buffer.get(span.clone())).unwrap_or_default()
    }

    /// Goes to the next entry, if there is one.
    fn next(&mut self, file: &mut File) -> io::Result<bool> {
        if self.start == self.buffer.len() && self.left.is_empty() {
            return Ok(false);
        }
        self.hold(LENGTHS, file)?;
        let lengths = self.buffer.get(self.start..).unwrap_or_default();
        let lengths = lengths.as_chunks::<4>().0.iter().map(|bytes| u32::from_le_bytes(*bytes) as usize);
        let lengths: Vec<usize> = lengths.take(PARTS).collect();
        self.hold(LENGTHS + lengths.iter().sum::<usize>(), file)?;
        let mut at = self.start + LENGTHS;
        for (span, length) in self.entry.iter_mut().zip(lengths) {
            *span = at..at + length;
            at += length;
        }
        self.start = at;
        Ok(true)
    }

    /// Sees to it that so many bytes from the start on are in memory.
    fn hold(&mut self, bytes: usize, file: &mut File) -> io::Result<()> {
        let held = self.buffer.len() - self.start;
        if held >= bytes {
            return Ok(());
        }
        self.buffer.drain(..self.start);
        self.start = 0;
        let more = ((bytes - held).max(self.at_once) as u64).min(self.left.end - self.left.start);
        self.buffer.resize(held + more as usize, 0);
        file.seek(SeekFrom::Start(self.left.start))?;
        file.read_exact(self.buffer.get_mut(held..).unwrap_or_default())?;
        self.left.start += more;
        if self.buffer.len() < bytes { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
    }
}

fn unusable(error: &io::Error) -> FolderError {
    FolderError::unwritable("the results of the parts", error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_merged_in_order_of_their_keys() {
        for (runs, memory) in [(1, 0), (2, 0), (7, 0), (7, 1 << 20)] {
            let folder = tempfile::tempdir().unwrap();
            let mut all = Runs::create(&folder.path().join("runs")).unwrap();
            for run in 0..runs {
                let rows: Vec<u32> = (0..20_000).filter(|row| row * 31 % 7 % runs == run).collect();
                all.add(&rows, |row, entry| {
                    // Every fourth row has the key of the one before it, from whichever run.
                    entry.key.extend(format!("{:09}", row - row % 4 / 3).bytes());
                    entry.first.extend(row.to_le_bytes());
                    entry.second.resize(*row as usize % 50, b'x');
                    entry.page.resize(*row as usize % 3, b'y');
                    Ok(())
                })
                .unwrap();
            }
            let mut merged = Vec::new();
            all.merge(memory, |written| {
                let row = u32::from_le_bytes(written.first.try_into().unwrap());
                assert_eq!(written.second.len(), row as usize % 50);
                assert_eq!(written.page.len(), row as usize % 3);
                merged.push(row);
                Ok(())
            })
            .unwrap();
            assert_eq!(merged.len(), 20_000);
            let key = |row: u32| (row - row % 4 / 3, row * 31 % 7 % runs, row);
            assert!(merged.is_sorted_by_key(|row| key(*row)), "{runs} runs, {memory} bytes");
        }
    }

    #[test]
    fn no_run_at_all_gives_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let mut runs = Runs::create(&folder.path().join("runs")).unwrap();
        runs.add(&[0_u8; 0], |_, _| Ok(())).unwrap();
        runs.merge(0, |_| panic!("there is no row")).unwrap();
    }
}
