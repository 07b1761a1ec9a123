//! An export opened: whatever its format, its rows come as the bytes of CSV, so that one parser judges them all.

use super::encoded::{MARK, Transcoder};
use super::packed::{HEAD, Packing, Unpacked};
use super::parquet::Parquet;
use super::raw::{Ahead, Raw};
use crate::mapping::Source;
use encoding_rs::Encoding;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

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
    Csv(Ahead<Raw>),
    /// The bytes are unpacked, or decoded, or both.
    Text(Box<Text>),
    /// The bytes are made from its tables.
    Parquet(Box<Parquet>),
    /// The bytes were made before from all of it.
    Shaped { bytes: Arc<Vec<u8>>, given: usize, size: u64, sha256: String },
}

/// Text that is packed or in an encoding of its own.
struct Text {
    packing: Packing,
    bytes: Ahead<Unpacked>,
    transcoder: Option<Transcoder>,
}

impl Text {
    /// The file as it lies on disk.
    fn raw(&mut self) -> &mut Raw {
        self.bytes.rest().raw()
    }
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
    pub(crate) fn error(what: String, help: &str) -> io::Error {
        io::Error::other(Refused { what, help: help.to_owned() })
    }
}

/// Whether a path names a Parquet file, which its ending tells, in any case.
pub(crate) fn is_parquet(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("parquet"))
}

impl Rows {
    fn of_text(file: File, path: &Path, encoding: Option<&'static Encoding>) -> io::Result<Rows> {
        let mut raw = Ahead::of(Raw::new(file), HEAD)?;
        let packing = Packing::of(raw.head(), path)?;
        let of = |head: &[u8]| encoding.and_then(|named| Transcoder::of(named, head));
        if packing == Packing::Plain && of(raw.head()).is_none() {
            return Ok(Rows::Csv(raw));
        }
        let hash = Sha256::new_with_prefix(raw.head());
        raw.rest().hash_on(hash);
        let bytes = Ahead::of(Unpacked::new(packing, raw)?, MARK)?;
        let transcoder = of(bytes.head());
        Ok(Rows::Text(Box::new(Text { packing, bytes, transcoder })))
    }
}

impl Input {
    /// Opens an export: plain or compressed, which its first bytes tell; in the encoding named, before which a byte-order
    /// mark counts, or in UTF-8.
    ///
    /// # Errors
    /// When the file cannot be opened, or is not what its name or its first bytes say: then the source is [`Refused`].
    /// Reading gives the same error where compressed bytes are damaged or cut short, or are no text of the encoding.
    pub(crate) fn open(path: &Path, encoding: Option<&'static Encoding>) -> io::Result<Input> {
        let file = File::open(path)?;
        let rows = if is_parquet(path) {
            Rows::Parquet(Box::new(Parquet::open(file)?))
        } else {
            Rows::of_text(file, path, encoding)?
        };
        Ok(Input { rows, hash: Sha256::new(), passed: 0, told: 0 })
    }

    /// Opens an export as the reader of its table is to see it.
    ///
    /// # Errors
    /// As of [`Input::open`].
    pub(crate) fn of_export(path: &Path, mapping: Option<&Arc<Source>>) -> io::Result<Input> {
        let Some(shaped) = mapping.and_then(|source| source.shaped(path)) else {
            return Input::open(path, mapping.and_then(|source| source.encoding));
        };
        let (bytes, size, sha256) = (Arc::clone(&shaped.bytes), shaped.size, shaped.sha256.clone());
        Ok(Input { rows: Rows::Shaped { bytes, given: 0, size, sha256 }, hash: Sha256::new(), passed: 0, told: 0 })
    }

    /// How many bytes of CSV an export is, by which it is told whether it fits in memory; for a file that packs its rows
    /// closer, about how many.
    ///
    /// # Errors
    /// As of [`Input::open`].
    pub(crate) fn text_size(path: &Path) -> io::Result<u64> {
        let metadata = path.metadata()?;
        if is_parquet(path) {
            return Parquet::open(File::open(path)?)?.text_size();
        }
        if !metadata.is_file() {
            // What is read from a pipe here would be missing later.
            return Ok(metadata.len());
        }
        let mut head = Ahead::of(File::open(path)?, HEAD)?;
        let packing = Packing::of(head.head(), path)?;
        packing.text_size(head.rest().try_clone()?, metadata.len())
    }

    /// How the file is packed; a table packs its rows in ways of its own.
    pub(crate) fn packing(&self) -> Packing {
        match &self.rows {
            Rows::Csv(_) | Rows::Parquet(_) | Rows::Shaped { .. } => Packing::Plain,
            Rows::Text(text) => text.packing,
        }
    }

    /// Whether the bytes are the file's own, so that a row can be found again by its place in the file.
    pub(super) fn is_file(&self) -> bool {
        matches!(self.rows, Rows::Csv(_))
    }

    /// Whether the rows come from a table: no quote can be wrong, and each row counts as one line, whatever its texts.
    pub(crate) fn is_table(&self) -> bool {
        matches!(self.rows, Rows::Parquet(_))
    }

    /// Adds to the file's hash: these bytes, which were read before, or as much of a Parquet file as they stand for.
    pub(crate) fn hash(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.rows {
            Rows::Csv(_) => self.hash.update(bytes),
            Rows::Shaped { .. } => {}
            // Hashed as the file is read.
            Rows::Text(text) => self.passed = text.raw().passed(),
            Rows::Parquet(parquet) => self.passed += parquet.pass(&mut self.hash)?,
        }
        Ok(())
    }

    /// How many bytes of the file were passed since this was last asked.
    pub(super) fn passed(&mut self) -> u64 {
        if let Rows::Text(text) = &mut self.rows {
            self.passed = text.raw().passed();
        }
        self.passed - std::mem::replace(&mut self.told, self.passed)
    }

    /// The file's size in bytes and its SHA-256 in lower-case hex, once all bytes were read and hashed.
    pub(crate) fn finish(mut self) -> io::Result<(u64, String)> {
        if let Rows::Text(text) = &mut self.rows {
            self.hash = text.raw().finish()?;
        }
        self.hash(&[])?;
        if let Rows::Shaped { size, sha256, .. } = self.rows {
            return Ok((size, sha256));
        }
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
            Rows::Text(text) => match &mut text.transcoder {
                Some(transcoder) => transcoder.read(&mut text.bytes, into),
                None => text.bytes.read(into),
            },
            Rows::Parquet(parquet) => parquet.read(into),
            Rows::Shaped { bytes, given, size, .. } => {
                let read = bytes.get(*given..).unwrap_or_default().read(into)?;
                *given += read;
                self.passed = *size * *given as u64 / bytes.len().max(1) as u64;
                Ok(read)
            }
        }
    }
}

#[cfg(test)]
mod tests;
