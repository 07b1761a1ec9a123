//! Files compressed, cut short, damaged, and in other encodings.

use super::{Input, Refused};
use encoding_rs::{Encoding, SHIFT_JIS, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};
use std::io::{self, Read, Write};
use tempfile::TempDir;

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn zstd(text: &[u8]) -> Vec<u8> {
    zstd::bulk::compress(text, 1).unwrap()
}

/// What an error says, with its help.
fn told(error: &io::Error) -> String {
    match error.get_ref().and_then(|source| source.downcast_ref::<Refused>()) {
        Some(Refused { what, help }) => format!("{what}; {help}"),
        None => format!("no help: {error}"),
    }
}

/// A file of this name and these bytes as it is read, in steps of a few bytes, or what is said of it.
fn read(name: &str, bytes: &[u8], encoding: Option<&'static Encoding>) -> Result<Vec<u8>, String> {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    let mut input = Input::open(&path, encoding).map_err(|error| told(&error))?;
    let (mut text, mut step) = (Vec::new(), [0; 7]);
    loop {
        match input.read(&mut step).map_err(|error| told(&error))? {
            0 => break,
            read => text.extend(&step[..read]),
        }
    }
    if matches!(input.rows, super::Rows::Csv(_)) {
        input.hash(&text).unwrap();
    }
    let (size, hash) = input.finish().unwrap();
    let expected: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!((size, hash), (bytes.len() as u64, expected), "{name}: the file as it lies on disk");
    Ok(text)
}

fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(bytes).collect()
}

#[test]
fn compressed_files_give_their_text_whatever_their_name() {
    for text in ["", "a", "id,amount\nä,1.00\n", &"id,amount\nx,1\n".repeat(30_000)] {
        let text = text.as_bytes();
        let (left, right) = text.split_at(text.len() / 2);
        let members = [gzip(left), gzip(right)].concat();
        let frames = [zstd(left), b"\x5a\x2a\x4d\x18\x02\0\0\0ab".to_vec(), zstd(right)].concat();
        for (name, bytes) in [
            ("t.csv", text),
            ("t", &gzip(text)),
            ("t.csv.GZ", &gzip(text)),
            ("t.csv", &zstd(text)),
            ("t.csv.zst", &zstd(text)),
            ("t.gz", &members),
            ("t.zst", &frames),
        ] {
            assert_eq!(read(name, bytes, None).as_deref(), Ok(text), "{name}");
        }
    }
}

#[test]
fn no_cut_or_flipped_bit_goes_unnoticed() {
    let text = "id,amount\nx,1\n".repeat(40);
    for (name, bytes) in [("t.gz", gzip(text.as_bytes())), ("t.zst", checked(text.as_bytes()))] {
        for cut in 0..bytes.len() {
            let said = read(name, &bytes[..cut], None).expect_err("cut");
            let known = ["cut short", "does not begin", "damaged"].iter().any(|known| said.contains(known));
            assert!(known && said.contains("; "), "{name} cut at {cut}: {said}");
        }
        for at in 0..bytes.len() {
            let mut bytes = bytes.clone();
            bytes[at] ^= 1;
            // In a gzip header there are bits that mean nothing.
            assert!(read(name, &bytes, None).map_or(true, |read| read == text.as_bytes()), "{name} flipped at {at}");
        }
    }
    let trailing = [gzip(b"a"), b"rest".to_vec()].concat();
    assert!(read("t.gz", &trailing, None).is_err(), "what follows the last member is not passed over");
}

/// A zstd frame with a checksum.
fn checked(text: &[u8]) -> Vec<u8> {
    let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
    encoder.include_checksum(true).unwrap();
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn what_is_no_text_is_named() {
    for (name, bytes, expected) in [
        ("t.gz", &b"id,amount\n"[..], "the name ends in `.gz`, but the file does not begin as one of gzip does"),
        ("t.csv.zst", b"", "the name ends in `.zst`, but"),
        ("t.csv", b"PK\x03\x04rest", "the file is a ZIP archive or a workbook (`.xlsx`)"),
        ("t.csv", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a workbook of an old form"),
        ("t.csv", b"PAR1\x15\x04", "a Parquet file; give its name the ending"),
    ] {
        let said = read(name, bytes, None).unwrap_err();
        assert!(said.contains(expected), "{said}");
    }
    assert_eq!(read("t.csv", b"PK", None).as_deref(), Ok(&b"PK"[..]));
}

#[test]
fn encodings_become_utf8() {
    let text = "Währung;Betrag\r\n€;1\r\n";
    let le = utf16(text, u16::to_le_bytes);
    let be = utf16(text, u16::to_be_bytes);
    let marked = |mark: &[u8], bytes: &[u8]| [mark, bytes].concat();
    let windows = b"W\xe4hrung;Betrag\r\n\x80;1\r\n".to_vec();
    for (bytes, encoding) in [
        (windows.clone(), WINDOWS_1252),
        (le.clone(), UTF_16LE),
        (be.clone(), UTF_16BE),
        (marked(b"\xff\xfe", &le), UTF_16LE),
        // A mark counts before the name.
        (marked(b"\xff\xfe", &le), UTF_8),
        (marked(b"\xfe\xff", &be), UTF_16LE),
        (marked(b"\xfe\xff", &be), WINDOWS_1252),
        (text.as_bytes().to_vec(), UTF_8),
    ] {
        assert_eq!(read("t.csv", &bytes, Some(encoding)).as_deref(), Ok(text.as_bytes()), "{}", encoding.name());
        assert_eq!(read("t.csv.gz", &gzip(&bytes), Some(encoding)).as_deref(), Ok(text.as_bytes()));
    }
    let marked_utf8 = marked(b"\xef\xbb\xbf", text.as_bytes());
    assert_eq!(read("t.csv", &marked_utf8, Some(WINDOWS_1252)).as_deref(), Ok(&marked_utf8[..]));
    let long = "ü,".repeat(100_000);
    assert_eq!(read("t.csv", &utf16(&long, u16::to_le_bytes), Some(UTF_16LE)).as_deref(), Ok(long.as_bytes()));
    // Without a name nothing is decoded; whether it is read is judged by the header.
    assert_eq!(read("t.csv", &windows, None).as_deref(), Ok(&windows[..]));
    assert_eq!(read("t.csv", &marked(b"\xff\xfe", &le), None).as_deref(), Ok(&marked(b"\xff\xfe", &le)[..]));
}

#[test]
fn what_is_no_text_of_its_encoding_is_refused_with_its_line() {
    let odd = [utf16("a\nb", u16::to_le_bytes), vec![0]].concat();
    let lone = utf16("a\r\rb\r\n", u16::to_le_bytes).into_iter().chain([0x00, 0xdc, b'x', 0]).collect::<Vec<u8>>();
    for (bytes, encoding, expected) in [
        (odd, UTF_16LE, "line 2 has bytes that are no UTF-16LE; name the encoding"),
        (lone, UTF_16LE, "line 4 has bytes that are no UTF-16LE"),
        (b"a\n\n\x81\n".to_vec(), SHIFT_JIS, "line 3 has bytes that are no Shift_JIS"),
        (b"\xff".to_vec(), SHIFT_JIS, "line 1 has"),
    ] {
        let said = read("t.csv", &bytes, Some(encoding)).unwrap_err();
        assert!(said.contains(expected), "{said}");
    }
    let late = ["a,b\r\n".repeat(40_000).as_bytes(), b"\x81\n"].concat();
    assert!(read("t.csv", &late, Some(SHIFT_JIS)).unwrap_err().contains("line 40001 "));
}

#[test]
fn the_size_of_the_text_is_told_or_guessed() {
    let text = "id,amount\nx,1\n".repeat(1000).into_bytes();
    let folder = TempDir::new().unwrap();
    let size = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        Input::text_size(&path).unwrap()
    };
    assert_eq!(size("t.csv", &text), 14_000);
    assert_eq!(size("t.gz", &gzip(&text)), 14_000);
    assert_eq!(size("t.zst", &zstd(&text)), 14_000);
    // A member that is smaller than the file is not the whole; nor does every frame tell its size.
    let members = [gzip(&text), gzip(b"x")].concat();
    assert_eq!(size("t.gz", &members), members.len() as u64 * 8);
    let frame = checked(&text);
    assert_eq!(size("t.zst", &frame), frame.len() as u64 * 8);
    assert_eq!(size("empty.csv", b""), 0);
    assert_eq!(size("cut.gz", b"\x1f\x8b"), 16);
}
