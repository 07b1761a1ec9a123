//! An export opened: whatever its format, its rows come as the bytes of CSV, so that one parser judges them all.

use super::parquet::Parquet;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// An export from its header to its last row, as CSV; and what tells its file from any other.
pub(crate) struct Input {
    rows: Rows,
    hash: Sha256,
    /// Bytes of the file that were passed, and how many of them were told.
    passed: u64,
    told: u64,
}

enum Rows {
    /// The bytes are the file's own.
    Csv(File),
    /// The bytes are made from its tables.
    Parquet(Box<Parquet>),
}

/// Why an export cannot be read though its bytes can; travels as the source of an [`io::Error`].
#[derive(Debug, thiserror::Error)]
#[error("{what}")]
pub(crate) struct Refused {
    /// What is wrong.
    pub(crate) what: String,
    /// How to mend it.
    pub(crate) help: String,
}

impl Refused {
    pub(super) fn error(what: String, help: &str) -> io::Error {
        io::Error::other(Refused { what, help: help.to_owned() })
    }
}

/// Whether a path names a Parquet file, which its ending tells, in any case.
fn is_parquet(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("parquet"))
}

impl Input {
    /// Opens an export.
    ///
    /// # Errors
    /// When the file cannot be opened, or is no Parquet file though its name says so: then the source is [`Refused`].
    pub(crate) fn open(path: &Path) -> io::Result<Input> {
        let file = File::open(path)?;
        let rows = if is_parquet(path) { Rows::Parquet(Box::new(Parquet::open(file)?)) } else { Rows::Csv(file) };
        Ok(Input { rows, hash: Sha256::new(), passed: 0, told: 0 })
    }

    /// How many bytes of CSV an export is, by which it is told whether it fits in memory; for a Parquet file, which packs
    /// its rows many times closer, about how many.
    ///
    /// # Errors
    /// As of [`Input::open`].
    pub(crate) fn text_size(path: &Path) -> io::Result<u64> {
        if is_parquet(path) { Parquet::open(File::open(path)?)?.text_size() } else { Ok(path.metadata()?.len()) }
    }

    /// Whether the rows come from a table: no quote can be wrong, and each row counts as one line, whatever its texts.
    pub(super) fn is_table(&self) -> bool {
        matches!(self.rows, Rows::Parquet(_))
    }

    /// Reads so many further bytes behind those that are there, or fewer at the end.
    pub(super) fn read_on(&mut self, into: &mut Vec<u8>, wanted: usize) -> io::Result<usize> {
        match &mut self.rows {
            Rows::Csv(file) => {
                into.reserve(wanted);
                // A file, unlike other readers, fills room that nobody has cleared before.
                let read = file.take(wanted as u64).read_to_end(into)?;
                self.passed += read as u64;
                Ok(read)
            }
            Rows::Parquet(parquet) => parquet.take(wanted as u64).read_to_end(into),
        }
    }

    /// Adds to the file's hash: these bytes, which were read before, or as much of a Parquet file as they stand for.
    pub(super) fn hash(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.rows {
            Rows::Csv(_) => self.hash.update(bytes),
            Rows::Parquet(parquet) => self.passed += parquet.pass(&mut self.hash)?,
        }
        Ok(())
    }

    /// How many bytes of the file were passed since this was last asked.
    pub(super) fn passed(&mut self) -> u64 {
        self.passed - std::mem::replace(&mut self.told, self.passed)
    }

    /// The file's size in bytes and its SHA-256 in lower-case hex, once all bytes were read and hashed.
    pub(super) fn finish(mut self) -> io::Result<(u64, String)> {
        self.hash(&[])?;
        Ok((self.passed, self.hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()))
    }
}

impl Read for Input {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match &mut self.rows {
            Rows::Csv(file) => {
                let read = file.read(into)?;
                self.passed += read as u64;
                Ok(read)
            }
            Rows::Parquet(parquet) => parquet.read(into),
        }
    }
}
