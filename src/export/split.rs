//! Physical lines, and guesses of where records begin, so that a window can be parsed in several places at once.
//!
//! A guess may be wrong, because a quote in mid-field looks like one that opens a field. Nothing rests on it: see
//! [`super::block::parse_window`], which takes a guess up only where the block before it ends there.

use memchr::{memchr_iter, memchr3_iter};

/// How many lines end in the bytes, by `\n`, `\r\n` or a lone `\r`. The bytes must not end between `\r` and `\n`.
pub(super) fn lines(bytes: &[u8]) -> usize {
    let lone = |at: &usize| bytes.get(at + 1) != Some(&b'\n');
    memchr_iter(b'\n', bytes).count() + memchr_iter(b'\r', bytes).filter(lone).count()
}

/// Where the line ends and blank lines that stand at a position are over. Unless these are the file's last bytes, a
/// `\r` that ends them, or stands before the position, is left standing: it may be half of a line end.
pub(super) fn past_line_ends(bytes: &[u8], from: usize, last: bool) -> usize {
    let rest = bytes.get(from..).unwrap_or_default();
    let end = from + rest.iter().take_while(|b| matches!(b, b'\r' | b'\n')).count();
    let is_half = end == bytes.len() && bytes.last() == Some(&b'\r') && !last;
    if is_half { end - 1 } else { end }
}

/// Guesses of record starts, each at least so many bytes after the one before. A line end counts when the quotes since
/// the last guess are even in number.
pub(super) fn guesses(bytes: &[u8], apart: usize) -> Vec<usize> {
    let mut guesses = Vec::new();
    let mut from = 0;
    while let Some(guess) = guess(bytes, from, apart) {
        guesses.push(guess);
        from = guess;
    }
    guesses
}

fn guess(bytes: &[u8], from: usize, apart: usize) -> Option<usize> {
    let target = from.checked_add(apart.max(1))?;
    let (skipped, rest) = bytes.get(from..)?.split_at_checked(target - from)?;
    let mut quoted = memchr_iter(b'"', skipped).count() % 2 == 1;
    for at in memchr3_iter(b'"', b'\n', b'\r', rest) {
        if rest.get(at) == Some(&b'"') {
            quoted = !quoted;
        } else if !quoted {
            let start = past_line_ends(bytes, target + at, true);
            return (start < bytes.len()).then_some(start);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_in_three_ways() {
        for (text, expected) in
            [("", 0), ("a", 0), ("a\n", 1), ("a\r\nb\r\n", 2), ("a\rb\r", 2), ("\n\r\n\r", 3), ("\r\r\n", 2)]
        {
            assert_eq!(lines(text.as_bytes()), expected, "{text:?}");
        }
    }

    #[test]
    fn half_a_line_end_is_left_standing() {
        assert_eq!(past_line_ends(b"a\r\n\nb", 1, false), 4);
        assert_eq!(past_line_ends(b"a\r\n\r", 1, false), 3);
        assert_eq!(past_line_ends(b"a\r\n\r", 1, true), 4);
        assert_eq!(past_line_ends(b"a\r", 2, false), 1);
        assert_eq!(past_line_ends(b"a", 1, false), 1);
        assert_eq!(past_line_ends(b"ab", 1, false), 1);
    }

    #[test]
    fn guesses_step_over_quoted_line_ends() {
        assert_eq!(guesses(b"a,b\nc,\"d\ne\"\n\nf,g\n", 1), [4, 13]);
        assert_eq!(guesses(b"a,b\r\nc,d\r\n", 3), [5]);
        assert_eq!(guesses(b"", 1), [0_usize; 0]);
        assert_eq!(guesses(b"a 12\" pipe\nb\nc\n", 1), [0_usize; 0]);
    }
}
