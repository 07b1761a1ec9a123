//! Blanks in cells: other systems write wide, narrow and no-break ones.

/// How many bytes the blank takes with which a UTF-8 text begins; 0 if it begins otherwise.
#[inline]
pub(super) fn width(text: &[u8]) -> usize {
    match text {
        [b' ' | b'\t', ..] => 1,
        [0xc2, 0xa0, ..] => 2,
        [0xe2, 0x80, 0x80..=0x8a | 0xaf, ..] | [0xe2, 0x81, 0x9f, ..] | [0xe3, 0x80, 0x80, ..] => 3,
        _ => 0,
    }
}

/// The text without the blanks with which it begins.
#[inline]
pub(super) fn skip(mut text: &[u8]) -> &[u8] {
    while width(text) > 0 {
        text = text.get(width(text)..).unwrap_or_default();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_are_white_space_within_a_line() {
        for c in (0..=0x0010_ffff).filter_map(char::from_u32) {
            let is_break =
                matches!(c, '\n' | '\u{b}' | '\u{c}' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{1680}');
            let expected = if c.is_whitespace() && !is_break { c.len_utf8() } else { 0 };
            assert_eq!(width(c.to_string().as_bytes()), expected, "{c:?}");
        }
        assert_eq!(skip("\u{a0} \t\u{202f}a ".as_bytes()), b"a ");
        assert_eq!(skip(b"  "), b"");
    }
}
