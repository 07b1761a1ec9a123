//! Encoding and delimiter, as far as a file's beginning shows them.

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use serde::Serialize;
use std::collections::BTreeMap;

/// The delimiters that exports have.
const DELIMITERS: [u8; 4] = *b",;\t|";
/// How many records are looked at.
const RECORDS: usize = 200;

/// The encoding of a file.
#[derive(Clone, Debug, Serialize)]
pub struct EncodingFound {
    /// As a mapping names it.
    pub name: String,
    /// What shows it.
    pub why: String,
    #[serde(skip)]
    pub(super) encoding: &'static Encoding,
}

impl EncodingFound {
    fn new(encoding: &'static Encoding, why: impl Into<String>) -> EncodingFound {
        EncodingFound { name: encoding.name().to_lowercase(), why: why.into(), encoding }
    }

    /// The encoding of text that begins with these bytes.
    pub(super) fn of(head: &[u8]) -> EncodingFound {
        if let Some((encoding, _)) = Encoding::for_bom(head) {
            return EncodingFound::new(encoding, "a byte-order mark");
        }
        let zeros = |from: usize| head.iter().skip(from).step_by(2).filter(|b| **b == 0).count();
        let [even, odd] = [0, 1].map(zeros);
        for (zeros, others, encoding) in [(odd, even, UTF_16LE), (even, odd, UTF_16BE)] {
            if zeros * 3 > head.len() && others * 20 < head.len() {
                return EncodingFound::new(encoding, "every second byte is zero; there is no byte-order mark");
            }
        }
        match std::str::from_utf8(head) {
            Err(error) if error.error_len().is_some() => EncodingFound::of_bytes(head, error.valid_up_to()),
            _ => EncodingFound::new(UTF_8, if head.is_ascii() { "ASCII, which is valid UTF-8" } else { "valid UTF-8" }),
        }
    }

    /// That of text that is no UTF-8 from a place on.
    fn of_bytes(head: &[u8], at: usize) -> EncodingFound {
        let line = 1 + memchr::memchr_iter(b'\n', head.get(..at).unwrap_or_default()).count() as u64;
        EncodingFound::not_utf8(line, head.get(at).copied())
    }

    /// That of text of which a line is no UTF-8.
    pub(super) fn not_utf8(line: u64, byte: Option<u8>) -> EncodingFound {
        let byte = byte.map_or(String::new(), |byte| format!(" (byte {byte:02X})"));
        let why = format!("assumed: line {line} is no UTF-8{byte}, and every byte is a letter of windows-1252");
        EncodingFound::new(WINDOWS_1252, why)
    }

    /// That of a table.
    pub(super) fn of_table() -> EncodingFound {
        EncodingFound::new(UTF_8, "a Parquet file")
    }
}

/// What stands between fields.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DelimiterFound {
    /// As a mapping names it.
    pub delimiter: char,
    /// What shows it.
    pub why: String,
}

impl DelimiterFound {
    /// The delimiter of a text that begins so: the one that cuts most records into the same number of fields, and into
    /// many.
    pub(super) fn of(head: &[u8]) -> DelimiterFound {
        if let Some(delimiter) = head.strip_prefix(b"sep=").and_then(|rest| rest.first()) {
            return DelimiterFound { delimiter: char::from(*delimiter), why: "the first line says so".to_owned() };
        }
        let mut best = (0, DelimiterFound { delimiter: ',', why: "there is one column, or none was found".to_owned() });
        for delimiter in DELIMITERS {
            let widths = widths(head, delimiter);
            let records: usize = widths.values().sum();
            let usual = widths.iter().max_by_key(|(width, count)| (**count, **width));
            let Some((width, count)) = usual.filter(|(width, _)| **width > 1) else { continue };
            // Squared, so that a delimiter that fits all records is preferred to one that cuts some into many fields.
            let score = count * count * 1000 / (records * records) * (width - 1).min(12);
            if score > best.0 {
                let why = format!("it cuts {count} of the first {records} records into {width} fields");
                best = (score, DelimiterFound { delimiter: char::from(delimiter), why });
            }
        }
        best.1
    }
}

/// How many of the first records have how many fields. The last of them may be cut off.
fn widths(head: &[u8], delimiter: u8) -> BTreeMap<usize, usize> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter).from_reader(head);
    let records = reader.byte_records().take(RECORDS).filter_map(Result::ok);
    let mut all: Vec<usize> = records.filter(|record| !record.iter().all(<[u8]>::is_empty)).map(|r| r.len()).collect();
    if all.len() > 1 && !head.ends_with(b"\n") && all.len() < RECORDS {
        all.pop();
    }
    all.into_iter().fold(BTreeMap::new(), |mut widths, width| {
        *widths.entry(width).or_default() += 1;
        widths
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_are_told_by_their_bytes() {
        let utf16: Vec<u8> = "id;Betrag\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let swapped: Vec<u8> = "id;Betrag\n".encode_utf16().flat_map(u16::to_be_bytes).collect();
        for (head, name, why) in [
            (&b"\xef\xbb\xbfid"[..], "utf-8", "a byte-order mark"),
            (b"\xff\xfei\0", "utf-16le", "a byte-order mark"),
            (&utf16, "utf-16le", "every second byte is zero"),
            (&swapped, "utf-16be", "every second byte is zero"),
            ("Währung".as_bytes(), "utf-8", "valid"),
            (b"id,amount", "utf-8", "ASCII"),
            (b"", "utf-8", "ASCII"),
            (b"a\nW\xe4hrung", "windows-1252", "line 2 is no UTF-8 (byte E4)"),
            // A letter that is cut off at the end of what was looked at.
            (b"W\xc3", "utf-8", "valid"),
        ] {
            let found = EncodingFound::of(head);
            assert!(found.name == name && found.why.contains(why), "{head:?}: {found:?}");
        }
    }

    #[test]
    fn delimiters_are_told_by_the_records() {
        for (head, delimiter) in [
            ("a,b,c\n1,2,3\n", ','),
            ("a;b;c\n1,5;2,5;x\n1,5;2;y\n", ';'),
            ("a\tb\n1,5\t2\n", '\t'),
            ("a|b|c\n1|2|3", '|'),
            ("Company\nInvoice List\n\nDate,Num,Amount\n1,2,\"3,000\"\n1,2,3\n", ','),
            ("sep=;\na;b\n", ';'),
            ("one\ntwo\n", ','),
            ("", ','),
        ] {
            assert_eq!(DelimiterFound::of(head.as_bytes()).delimiter, delimiter, "{head}");
        }
    }
}
