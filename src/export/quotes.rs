//! A guard against quotes that swallow rows.
//!
//! A CSV reader takes a quote at the start of a field for the opening of a quoted field, and everything up to the next
//! quote for its text, line ends included. One stray quote so makes rows disappear without an error. A record that
//! spans lines is therefore looked at a second time, and the file is refused if
//!
//! - a quoted text that spans lines is followed by something other than a comma or a line end: the quote that closed it
//!   was meant to open another field;
//! - one of the record's further lines is, read on its own, a sound row of the file;
//! - each of its lines is one when quotes are taken as they stand (two ditto marks below each other).

use super::block::{Fields, Records};
use super::split::lines;
use memchr::{memchr, memchr_iter};

/// What is wrong with a record's quotes; the number is the offset of the quote at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// The text after the quote runs on to the end of the record without a closing quote.
    Open(usize),
    /// The text after the quote spans lines, and its closing quote is followed by further text.
    Stray(usize),
}

/// The first flaw in the quotes of one record.
pub(crate) fn flaw(record: &[u8], delimiter: u8) -> Option<Flaw> {
    let mut at = 0;
    while let Some(field) = record.get(at..) {
        if field.first() == Some(&b'"') {
            let Some(length) = quoted_length(field) else { return Some(Flaw::Open(at)) };
            let (text, rest) = field.split_at_checked(length)?;
            let is_over = rest.first().is_none_or(|next| *next == delimiter || matches!(next, b'\r' | b'\n'));
            if !is_over && lines(text) > 0 {
                return Some(Flaw::Stray(at));
            }
            at += length;
        }
        at += memchr(delimiter, record.get(at..)?)? + 1;
    }
    None
}

/// The length of a quoted text with both its quotes, where it begins; `None` if it does not close.
fn quoted_length(field: &[u8]) -> Option<usize> {
    let mut quotes = memchr_iter(b'"', field).skip(1).peekable();
    loop {
        let quote = quotes.next()?;
        if quotes.next_if_eq(&(quote + 1)).is_none() {
            return Some(quote + 1);
        }
    }
}

/// Whether a record that spans lines looks as if it had swallowed rows of so many fields. `is_sound` tells whether
/// fields read as a row.
pub(super) fn swallowed(record: &[u8], delimiter: u8, width: usize, is_sound: impl Fn(Fields) -> bool) -> bool {
    let lines = || record.split(|b| matches!(b, b'\r' | b'\n')).filter(|line| !line.is_empty());
    let reads_well = |fields: Fields| fields.ends.len() == width && is_sound(fields);
    let fields = |line: &[u8]| memchr_iter(delimiter, line).count() + 1;
    let is_row = |line: &[u8]| {
        // Most lines of a text have too few commas; only for the others is it worth to set up a reader.
        if fields(line) < width || !is_strict(line, delimiter) {
            return false;
        }
        let mut records = Records::new(delimiter);
        records.read(line, true).is_some() && reads_well(records.fields(line))
    };
    let is_literal_row = |line: &[u8]| {
        let mut records = Records::new(delimiter);
        records.cut(line, line.len());
        reads_well(records.fields(line))
    };
    let mut further = lines().skip(1).peekable();
    further.peek().is_some()
        && (further.any(is_row) || lines().all(|line| fields(line) == width && is_literal_row(line)))
}

/// Whether quotes stand only where they quote a whole field.
fn is_strict(line: &[u8], delimiter: u8) -> bool {
    let mut rest = line;
    loop {
        let length = match rest.first() {
            Some(b'"') => match quoted_length(rest) {
                Some(length) => length,
                None => return false,
            },
            _ => memchr(delimiter, rest).unwrap_or(rest.len()),
        };
        let Some((field, after)) = rest.split_at_checked(length) else { return false };
        if !field.starts_with(b"\"") && field.contains(&b'"') {
            return false;
        }
        rest = match after {
            [] => return true,
            [next, after @ ..] if *next == delimiter => after,
            _ => return false,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flaws_are_found_where_the_quote_opened() {
        let cases = [
            ("a,b\n", None),
            ("a,\"b\nc\",d\n", None),
            ("a,\"b \"\"q\"\"\nc\"\n", None),
            ("a,12\" pipe\n", None),
            ("\"a\" b,c\n", None),
            ("a,\"\"\n", None),
            ("a,\"b\nc,\"d\"\n", Some(Flaw::Stray(2))),
            ("a,\"b\n", Some(Flaw::Open(2))),
            ("a,\"b\"\"\n", Some(Flaw::Open(2))),
            ("\"", Some(Flaw::Open(0))),
        ];
        for (record, expected) in cases {
            assert_eq!(flaw(record.as_bytes(), b','), expected, "{record:?}");
        }
    }

    #[test]
    fn lines_that_read_as_rows_were_swallowed() {
        let cases = [
            ("a,\"b\nc\",d", false),
            ("a,\"x\n1,2,3\ny\",d", true),
            ("\"text\nworld\",b,c", false),
            ("\"a\",\"x\n\"\",\"y\",\"z\"", true),
            ("A,\",B\nC,\",D", true),
            ("\"a,b\nc,d\",x,y", false),
            ("A,\"B\",C", false),
        ];
        for (record, expected) in cases {
            assert_eq!(swallowed(record.as_bytes(), b',', 3, |_| true), expected, "{record:?}");
            assert!(!swallowed(record.as_bytes(), b',', 3, |_| false), "{record:?}");
        }
    }
}
