//! Numbered files in a temporary folder, to which pieces are added in any order of their numbers.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, Read, Write};
use std::path::{Path, PathBuf};

/// Files that share a name, with what is not written to them yet. A file is open only while it is written to or read:
/// there may be more of them than a process may hold open.
pub(super) struct Spool {
    path: PathBuf,
    waiting: Vec<Vec<u8>>,
    limit: usize,
}

impl Spool {
    /// So many empty files, for each of which up to about `limit` bytes wait in memory.
    pub(super) fn new(folder: &Path, name: &str, count: usize, limit: usize) -> Spool {
        Spool { path: folder.join(name), waiting: vec![Vec::new(); count], limit }
    }

    fn path(&self, number: usize) -> PathBuf {
        self.path.with_extension(number.to_string())
    }

    /// Adds a piece to the file that a hash falls to, of the first so many.
    pub(super) fn put(&mut self, hash: u64, of: usize, piece: impl FnOnce(&mut Vec<u8>)) -> io::Result<()> {
        self.put_to((hash % of.max(1) as u64) as usize, piece)
    }

    /// Adds a piece to a file.
    pub(super) fn put_to(&mut self, number: usize, piece: impl FnOnce(&mut Vec<u8>)) -> io::Result<()> {
        let Some(waiting) = self.waiting.get_mut(number) else { return Err(io::ErrorKind::InvalidInput.into()) };
        piece(waiting);
        if waiting.len() >= self.limit { self.flush(number) } else { Ok(()) }
    }

    fn flush(&mut self, number: usize) -> io::Result<()> {
        let path = self.path(number);
        let Some(waiting) = self.waiting.get_mut(number).filter(|waiting| !waiting.is_empty()) else { return Ok(()) };
        OpenOptions::new().append(true).create(true).open(path)?.write_all(waiting)?;
        waiting.clear();
        Ok(())
    }

    /// The files, of which nothing stays here.
    pub(super) fn take(&mut self) -> Spool {
        Spool { path: self.path.clone(), waiting: std::mem::take(&mut self.waiting), limit: self.limit }
    }

    /// Writes everything, and gives the memory back.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        (0..self.waiting.len()).try_for_each(|number| self.flush(number))?;
        self.waiting.iter_mut().for_each(|waiting| *waiting = Vec::new());
        Ok(())
    }

    /// The size of a file that is written.
    pub(super) fn size(&self, number: usize) -> u64 {
        fs::metadata(self.path(number)).map_or(0, |data| data.len())
    }

    /// A file that is written, from its beginning.
    pub(super) fn read(&self, number: usize) -> io::Result<Box<dyn Read>> {
        match File::open(self.path(number)) {
            Ok(file) => Ok(Box::new(BufReader::with_capacity(1 << 18, file))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Box::new(io::empty())),
            Err(error) => Err(error),
        }
    }

    /// Removes a file that is no longer needed. One that stays goes away with its folder.
    pub(super) fn remove(&self, number: usize) {
        let _ = fs::remove_file(self.path(number));
    }
}

/// The next bytes of a file; `None` at its end.
pub(super) fn next<const N: usize>(from: &mut dyn Read) -> io::Result<Option<[u8; N]>> {
    let mut bytes = [0; N];
    let mut filled = 0;
    while let Some(rest) = bytes.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match from.read(rest)? {
            0 if filled == 0 => return Ok(None),
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            count => filled += count,
        }
    }
    Ok(Some(bytes))
}

/// The next number of a file; `None` at its end.
pub(super) fn next_u64(from: &mut dyn Read) -> io::Result<Option<u64>> {
    Ok(next(from)?.map(u64::from_le_bytes))
}

/// The next number of a file that must have one.
pub(super) fn u64_of(from: &mut dyn Read) -> io::Result<u64> {
    next_u64(from)?.ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_come_back_in_the_order_in_which_they_were_put() {
        for limit in [0, 1, 20, 1000] {
            let folder = tempfile::tempdir().unwrap();
            let mut spool = Spool::new(folder.path(), "spool", 3, limit);
            for number in 0..90_u64 {
                spool.put(number, 2, |to| to.extend(number.to_le_bytes())).unwrap();
            }
            spool.finish().unwrap();
            for file in 0..3 {
                let (mut from, mut found) = (spool.read(file).unwrap(), Vec::new());
                while let Some(number) = next_u64(&mut *from).unwrap() {
                    found.push(number);
                }
                let expected: Vec<u64> = (0..90).filter(|n| n % 2 == file as u64).collect();
                assert_eq!(found, expected, "{file}");
                assert_eq!(spool.size(file), 8 * found.len() as u64);
            }
            spool.remove(0);
            assert_eq!((spool.size(0), next_u64(&mut *spool.read(0).unwrap()).unwrap()), (0, None));
        }
    }
}
