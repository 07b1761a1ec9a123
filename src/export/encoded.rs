//! Text of any encoding as UTF-8, decoded while it is read. What is no text of its encoding is an error with its line.

use super::input::Refused;
use encoding_rs::{Decoder, DecoderResult, Encoding, UTF_8};
use memchr::memchr_iter;
use std::io::{self, Read};

/// How many bytes tell a byte-order mark.
pub(super) const MARK: u64 = 3;
/// How much is decoded at a time.
const AT_ONCE: usize = 1 << 16;

/// Turns text of an encoding into UTF-8.
pub(super) struct Transcoder {
    decoder: Decoder,
    /// What was read, and which part of it was not decoded yet.
    read: Vec<u8>,
    decoded: usize,
    /// What was decoded, and which part of it was not handed over yet.
    ready: Vec<u8>,
    given: usize,
    is_last: bool,
    is_over: bool,
    lines: Lines,
}

impl Transcoder {
    /// What turns a text that begins with these bytes into UTF-8; `None` if it is that already. A byte-order mark counts
    /// before the encoding named.
    pub(super) fn of(named: &'static Encoding, head: &[u8]) -> Option<Transcoder> {
        let encoding = Encoding::for_bom(head).map_or(named, |(encoding, _)| encoding);
        (encoding != UTF_8).then(|| Transcoder {
            decoder: encoding.new_decoder_with_bom_removal(),
            read: Vec::new(),
            decoded: 0,
            ready: Vec::new(),
            given: 0,
            is_last: false,
            is_over: false,
            lines: Lines::default(),
        })
    }

    /// Reads from what it decodes.
    pub(super) fn read(&mut self, from: &mut impl Read, into: &mut [u8]) -> io::Result<usize> {
        while self.given == self.ready.len() && !self.is_over {
            if self.decoded == self.read.len() && !self.is_last {
                self.read.clear();
                self.decoded = 0;
                self.is_last = from.by_ref().take(AT_ONCE as u64).read_to_end(&mut self.read)? < AT_ONCE;
            }
            self.decode()?;
        }
        let read = self.ready.get(self.given..).unwrap_or_default().read(into)?;
        self.given += read;
        Ok(read)
    }

    /// Decodes what was read, as far as there is room.
    fn decode(&mut self) -> io::Result<()> {
        self.ready.resize(AT_ONCE, 0);
        self.given = 0;
        let rest = self.read.get(self.decoded..).unwrap_or_default();
        let (result, read, written) =
            self.decoder.decode_to_utf8_without_replacement(rest, &mut self.ready, self.is_last);
        self.decoded += read;
        self.ready.truncate(written);
        self.lines.pass(&self.ready);
        match result {
            DecoderResult::InputEmpty => self.is_over = self.is_last,
            DecoderResult::OutputFull => {}
            DecoderResult::Malformed(..) => {
                let (line, name) = (self.lines.reached(), self.decoder.encoding().name());
                let what = format!("line {line} has bytes that are no {name}");
                return Err(Refused::error(what, "name the encoding that the file has, or save it as UTF-8"));
            }
        }
        Ok(())
    }
}

/// Counts lines, ended by `\n`, `\r\n` or a lone `\r`.
#[derive(Default)]
pub(crate) struct Lines {
    ended: u64,
    /// Whether the last byte was a `\r`, which ends a line, alone or with the next byte.
    after_return: bool,
}

impl Lines {
    /// Passes over bytes.
    pub(crate) fn pass(&mut self, bytes: &[u8]) {
        let Some(last) = bytes.last() else { return };
        let joined = u64::from(self.after_return && bytes.first() == Some(&b'\n'));
        let pairs = memchr_iter(b'\r', bytes).filter(|at| bytes.get(at + 1) == Some(&b'\n')).count() as u64;
        let ends = memchr_iter(b'\n', bytes).count() + memchr_iter(b'\r', bytes).count();
        self.ended += ends as u64 - pairs - joined;
        self.after_return = *last == b'\r';
    }

    /// The line of the next byte.
    pub(crate) fn reached(&self) -> u64 {
        self.ended + 1
    }
}
