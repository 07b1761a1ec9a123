//! The bytes of a file as it lies on disk: counted, and hashed where nobody else does.

use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, Cursor, Read};

/// A reader of which the first bytes were looked at.
pub(super) struct Ahead<R> {
    head: Cursor<Vec<u8>>,
    rest: R,
}

impl<R: Read> Ahead<R> {
    /// Looks at the first bytes: so many, or all if there are fewer. Nothing is sought, so that a pipe will do.
    pub(super) fn of(mut rest: R, bytes: u64) -> io::Result<Ahead<R>> {
        let mut head = Vec::new();
        rest.by_ref().take(bytes).read_to_end(&mut head)?;
        Ok(Ahead { head: Cursor::new(head), rest })
    }

    /// The first bytes.
    pub(super) fn head(&self) -> &[u8] {
        self.head.get_ref()
    }

    /// What reads the others.
    pub(super) fn rest(&mut self) -> &mut R {
        &mut self.rest
    }
}

impl<R: Read> Read for Ahead<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self.head.read(into)? {
            0 => self.rest.read(into),
            read => Ok(read),
        }
    }
}

/// A file that is read from its first byte to its last.
pub(super) struct Raw {
    file: File,
    /// How many bytes were read.
    passed: u64,
    /// Takes up what is read, if anything does.
    hash: Option<Sha256>,
}

impl Raw {
    /// A file of which nothing was read.
    pub(super) fn new(file: File) -> Raw {
        Raw { file, passed: 0, hash: None }
    }

    /// Hashes what is read from here on.
    pub(super) fn hash_on(&mut self, hash: Sha256) {
        self.hash = Some(hash);
    }

    /// How many bytes were read.
    pub(super) fn passed(&self) -> u64 {
        self.passed
    }

    /// Reads what is left, and hands over the hash.
    pub(super) fn finish(&mut self) -> io::Result<Sha256> {
        io::copy(self, &mut io::sink())?;
        Ok(self.hash.take().unwrap_or_default())
    }
}

impl Read for Raw {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(into)?;
        self.passed += read as u64;
        if let Some(hash) = &mut self.hash {
            hash.update(into.get(..read).unwrap_or_default());
        }
        Ok(read)
    }
}
