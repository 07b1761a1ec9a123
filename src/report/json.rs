//! Texts in JSON.

use std::io;

/// Writes the name of a field, which has nothing to escape.
pub fn key(to: &mut Vec<u8>, name: &str) {
    to.push(b'"');
    to.extend_from_slice(name.as_bytes());
    to.extend_from_slice(b"\":");
}

/// Writes a text in its quotes. Nearly all texts have nothing to escape, and are copied as a whole.
///
/// # Errors
/// None that a text can cause.
pub fn text(to: &mut Vec<u8>, text: &str) -> io::Result<()> {
    let (words, rest) = text.as_bytes().as_chunks::<8>();
    let mut last = [b' '; 8];
    last.iter_mut().zip(rest).for_each(|(to, byte)| *to = *byte);
    if words.iter().chain([&last]).any(|word| has_escaped(u64::from_ne_bytes(*word))) {
        return Ok(serde_json::to_writer(to, text)?);
    }
    to.push(b'"');
    to.extend_from_slice(text.as_bytes());
    to.push(b'"');
    Ok(())
}

/// Whether one of eight bytes is a control character, a quotation mark or a backslash.
fn has_escaped(bytes: u64) -> bool {
    const EACH: u64 = u64::from_ne_bytes([1; 8]);
    let below = |bytes: u64, limit: u8| bytes.wrapping_sub(EACH * u64::from(limit)) & !bytes;
    let is = |byte: u8| below(bytes ^ (EACH * u64::from(byte)), 1);
    (below(bytes, b' ') | is(b'"') | is(b'\\')) & (EACH << 7) != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_escaped_as_json_demands() {
        let letters = || (0..0x180).filter_map(char::from_u32);
        let placed = |letter: char| (0..20).map(move |at| format!("{}{letter}{}", "~".repeat(at), "é".repeat(at % 7)));
        for written in letters().flat_map(placed).chain([letters().collect(), String::new()]) {
            let mut to = Vec::new();
            text(&mut to, &written).unwrap();
            assert_eq!(String::from_utf8(to).unwrap(), serde_json::to_string(&written).unwrap());
        }
    }
}
