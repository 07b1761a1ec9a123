//! A line cut at its delimiters, many bytes at a time.

use wide::u8x16;

/// So many bytes are looked at at once, each of which has a bit in a mask.
const STEP: usize = u64::BITS as usize;

/// So many ends are written at once, some of them over and over, which is faster than to ask after each whether it is the last.
const AT_ONCE: usize = 8;

/// Lists where the fields of a line end: at each delimiter, and at the line's end, up to which the input is the line. Tells
/// how many there are, and whether no field can have white space around it.
pub(super) fn cut(input: &[u8], length: usize, delimiter: u8, ends: &mut Vec<usize>) -> (usize, bool) {
    if ends.len() <= length + AT_ONCE {
        ends.resize(length + 1 + AT_ONCE, 0);
    }
    // The line's beginning is like a delimiter before it, and so is its end.
    let (mut count, mut is_bare, mut cut_before, mut odd_before) = (0, true, 1, 0);
    for start in (0..length).step_by(STEP) {
        let within = !0 >> STEP.saturating_sub(length - start);
        let (cuts, odd) = match input.get(start..).and_then(|rest| rest.first_chunk()) {
            Some(step) => masks(step, delimiter),
            None => masks(&padded(input.get(start..length).unwrap_or_default()), delimiter),
        };
        let (mut cuts, odd) = (cuts & within, odd & within);
        is_bare &= (cuts << 1 | cut_before) & odd == 0 && (odd << 1 | odd_before) & cuts == 0;
        (cut_before, odd_before) = (cuts >> (STEP - 1), odd >> (STEP - 1));
        let found = cuts.count_ones() as usize;
        for at in (count..count + found).step_by(AT_ONCE) {
            let Some(room) = ends.get_mut(at..).and_then(<[usize]>::first_chunk_mut::<AT_ONCE>) else { break };
            for end in room {
                *end = start + cuts.trailing_zeros() as usize;
                cuts &= cuts.wrapping_sub(1);
            }
        }
        count += found;
    }
    if let Some(end) = ends.get_mut(count) {
        *end = length;
    }
    let ends_bare = input.get(..length).and_then(<[u8]>::last).is_none_or(u8::is_ascii_graphic);
    (count + 1, is_bare && ends_bare)
}

/// Which bytes are the delimiter, and which may be white space or a part of such: blanks, controls and all beyond ASCII.
#[inline(always)]
fn masks(step: &[u8; STEP], delimiter: u8) -> (u64, u64) {
    let (mut cuts, mut odd) = (0, 0);
    for (at, bytes) in step.as_chunks::<16>().0.iter().enumerate() {
        let bytes = u8x16::new(*bytes);
        let is_cut = bytes.simd_eq(u8x16::splat(delimiter));
        // The mask is made of the top bit of each byte, which all beyond ASCII have.
        let is_odd = bytes.simd_lt(u8x16::splat(b'!')) | bytes;
        cuts |= u64::from(is_cut.to_bitmask()) << (16 * at);
        odd |= u64::from(is_odd.to_bitmask()) << (16 * at);
    }
    (cuts, odd)
}

/// Bytes at the very end of an input.
#[cold]
fn padded(rest: &[u8]) -> [u8; STEP] {
    let mut step = [0; STEP];
    step.iter_mut().zip(rest).for_each(|(to, byte)| *to = *byte);
    step
}

#[cfg(test)]
mod tests {
    use super::cut;
    use proptest::prelude::*;

    fn checked(line: &[u8], after: &[u8]) -> (Vec<usize>, bool) {
        let (mut ends, input) = (Vec::new(), [line, after].concat());
        let (count, is_bare) = cut(&input, line.len(), b',', &mut ends);
        (ends[..count].to_vec(), is_bare)
    }

    #[test]
    fn white_space_counts_only_beside_delimiters_and_line_ends() {
        let cases: [(&[u8], &[usize], bool); 9] = [
            (b"", &[0], true),
            (b",", &[0, 1], true),
            (b"a b,c", &[3, 5], true),
            (b"a ,c", &[2, 4], false),
            (b"a, c", &[1, 4], false),
            (b" a,c", &[2, 4], false),
            (b"a,c ", &[1, 4], false),
            ("a,\u{e9}".as_bytes(), &[1, 4], false),
            ("\u{e9}a,c".as_bytes(), &[3, 5], false),
        ];
        for (line, ends, is_bare) in cases {
            assert_eq!(checked(line, b"\n , "), (ends.to_vec(), is_bare), "{line:?}");
        }
    }

    proptest! {
        #[test]
        fn lines_of_any_length_are_cut_as_byte_by_byte(line in "[a, ]{0,200}", after in "[a, ]{0,80}") {
            let expected: Vec<usize> =
                line.bytes().enumerate().filter(|(_, b)| *b == b',').map(|(at, _)| at).chain([line.len()]).collect();
            let is_bare = line.split(',').all(|field| field.trim() == field);
            prop_assert_eq!(checked(line.as_bytes(), after.as_bytes()), (expected, is_bare));
        }
    }
}
