//! Strict parsers of a cell's value: what is not exactly in the documented form is refused, never guessed.
//!
//! Every parser takes a cell without leading and trailing white space.

use crate::money::{Amount, Currency};
use crate::record::Flag;
use crate::text::normal_code;
use crate::time::{Stamp, day_number};
use rust_decimal::Decimal;
use std::borrow::Cow;

const MOST_DIGITS: usize = 28;
/// How long a day is.
pub(super) const DATE: usize = 10;
const MOST_DIGITS_IN_64_BITS: usize = 18;
const TICKS_PER_SECOND: i64 = 10_000_000;

/// Whether the cell is sure to have no leading and trailing white space.
#[inline(always)]
pub(super) fn is_bare(cell: &[u8]) -> bool {
    cell.first().is_none_or(u8::is_ascii_graphic) && cell.last().is_none_or(u8::is_ascii_graphic)
}

/// Where the cell begins and ends without leading and trailing white space.
#[inline]
pub(super) fn trimmed(cell: &[u8]) -> (usize, usize) {
    if is_bare(cell) {
        return (0, cell.len());
    }
    let (shorter, full) = match std::str::from_utf8(cell) {
        Ok(text) => (text.trim_end().len(), text.trim().len()),
        Err(_) => (cell.trim_ascii_end().len(), cell.trim_ascii().len()),
    };
    (shorter - full, shorter)
}

/// A day such as `2026-03-04`.
#[inline]
pub fn date(cell: &[u8]) -> Option<Stamp> {
    day(cell).map(Stamp::day_alone)
}

/// A day's number.
#[inline]
fn day(cell: &[u8]) -> Option<i32> {
    let (head, rest) = cell.split_first_chunk()?;
    let &[d1, d2] = rest else { return None };
    let pairs = pairs(*head, *b"0000-00-")?;
    day_number(pair_at(pairs, 0) * 100 + pair_at(pairs, 2), pair_at(pairs, 5), pair(d1, d2)?)
}

/// Eight characters at once, if they are digits where the pattern has a zero and as the pattern elsewhere: at each digit's
/// place the number that it and the next one make.
#[inline(always)]
fn pairs(characters: [u8; EIGHT], pattern: [u8; EIGHT]) -> Option<u64> {
    // What differs from the pattern is a digit's value in its place, and nothing elsewhere.
    let digits = u64::from_le_bytes(characters) ^ u64::from_le_bytes(pattern);
    let fixed = u64::from_le_bytes(pattern.map(|c| if c == b'0' { 0 } else { u8::MAX }));
    (is_digits(digits) && digits & fixed == 0).then_some(digits.wrapping_mul(10).wrapping_add(digits >> 8))
}

#[inline(always)]
fn pair_at(pairs: u64, at: u32) -> u32 {
    (pairs >> (8 * at)) as u32 & 0xff
}

/// Whether each of eight bytes is at most nine.
#[inline(always)]
fn is_digits(bytes: u64) -> bool {
    (bytes.wrapping_add(EACH * 0x76) | bytes) & (EACH * 0x80) == 0
}

/// How many characters are looked at at once.
pub(super) const EIGHT: usize = 8;
/// Eight bytes of one.
const EACH: u64 = 0x0101_0101_0101_0101;

/// A day, or a day and a time of day such as `2026-03-04T17:05:00`, with or without an offset.
#[inline]
pub fn time(cell: &[u8]) -> Option<Stamp> {
    let (date, rest) = cell.split_at_checked(DATE)?;
    let day = day(date)?;
    let rest = match rest {
        [] => return Some(Stamp::day_alone(day)),
        [b'T' | b' ', rest @ ..] => rest,
        _ => return None,
    };
    let (ticks, offset) = time_of_day(rest)?;
    match offset {
        [] => Some(Stamp::local(day, ticks)),
        [b'Z'] => Some(Stamp::instant(day, ticks, 0)),
        &[sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] => {
            let minutes = i32::try_from(below(24, h1, h2)? * 60 + below(60, m1, m2)?).ok()?;
            Some(Stamp::instant(day, ticks, if sign == b'-' { -minutes } else { minutes }))
        }
        _ => None,
    }
}

/// The time of day in ticks of 100 nanoseconds, and what follows it.
#[inline]
fn time_of_day(cell: &[u8]) -> Option<(i64, &[u8])> {
    let Some((pairs, rest)) =
        cell.split_first_chunk().and_then(|(head, rest)| Some((pairs(*head, *b"00:00:00")?, rest)))
    else {
        let &[h1, h2, b':', m1, m2, ref rest @ ..] = cell else { return None };
        let minutes = below(24, h1, h2)? * 60 + below(60, m1, m2)?;
        return Some((i64::from(minutes) * 60 * TICKS_PER_SECOND, rest));
    };
    let (hours, minutes, seconds) = (pair_at(pairs, 0), pair_at(pairs, 3), pair_at(pairs, 6));
    if hours >= 24 || minutes >= 60 || seconds >= 60 {
        return None;
    }
    let (ticks, rest) = match rest {
        [b'.', rest @ ..] => fraction(rest)?,
        _ => (0, rest),
    };
    Some((i64::from((hours * 60 + minutes) * 60 + seconds) * TICKS_PER_SECOND + ticks, rest))
}

/// The digits after a second's point, in ticks, finer ones dropped; and what follows them.
fn fraction(cell: &[u8]) -> Option<(i64, &[u8])> {
    let length = cell.iter().take_while(|b| b.is_ascii_digit()).count();
    let (digits, rest) = cell.split_at_checked(length)?;
    if digits.is_empty() {
        return None;
    }
    let padded = digits.iter().copied().chain(std::iter::repeat(b'0'));
    Some((padded.take(7).fold(0, |ticks, b| ticks * 10 + i64::from(b - b'0')), rest))
}

fn pair(tens: u8, ones: u8) -> Option<u32> {
    (tens.is_ascii_digit() && ones.is_ascii_digit()).then(|| u32::from(tens - b'0') * 10 + u32::from(ones - b'0'))
}

fn below(limit: u32, tens: u8, ones: u8) -> Option<u32> {
    pair(tens, ones).filter(|n| *n < limit)
}

/// A plain decimal such as `1234.5`: digits, and digits on both sides of a point if there is one.
pub fn amount(cell: &[u8]) -> Option<Decimal> {
    let point = cell.iter().position(|b| *b == b'.');
    let (whole, fraction) = match point {
        None => (cell, &[][..]),
        Some(at) => (cell.get(..at)?, cell.get(at + 1..)?),
    };
    let count = whole.len() + fraction.len();
    if whole.is_empty() || (point.is_some() && fraction.is_empty()) || count > MOST_DIGITS {
        return None;
    }
    let scale = u32::try_from(fraction.len()).ok()?;
    if count <= MOST_DIGITS_IN_64_BITS {
        return Some(Decimal::new(digits(fraction, digits(whole, 0)?)?, scale));
    }
    let mut mantissa = 0;
    // The digits in groups that 64 bits hold: i128 is slow.
    for group in whole.chunks(MOST_DIGITS_IN_64_BITS).chain(fraction.chunks(MOST_DIGITS_IN_64_BITS)) {
        let power = 10_i128.checked_pow(u32::try_from(group.len()).ok()?)?;
        mantissa = mantissa * power + i128::from(digits(group, 0)?);
    }
    Decimal::try_from_i128_with_scale(mantissa, scale).ok()
}

/// As [`short_amount`] of a cell of one to eight characters, all at once: they are the highest bytes, the last one above.
#[inline(always)]
pub(super) fn eight_of_amount(cell: u64, length: usize) -> Option<(u64, u32)> {
    let differences = cell ^ (EACH * u64::from(b'.'));
    // The top bit of each byte that is a point, and no other bit.
    let points = !(((differences & (EACH * 0x7f)) + EACH * 0x7f) | differences | (EACH * 0x7f));
    let (digits, count, scale) = if points == 0 {
        (cell, length, 0)
    } else {
        // What stands before the point moves into its place.
        let below = points.trailing_zeros() & !7;
        let before = cell & ((1 << below) - 1);
        ((cell ^ before) & !(0xff << below) | before << 8, length - 1, 7 - below / 8)
    };
    let is_amount = count > 0 && (points == 0 || (scale > 0 && (scale as usize) < count));
    // Zeros stand before the digits.
    let digits = (digits ^ (EACH * u64::from(b'0'))) & (!0 << (8 * (EIGHT - count.min(EIGHT)) as u32 % u64::BITS));
    if !is_amount || !is_digits(digits) {
        return None;
    }
    // Two digits each become one number, then two of those, then the last two.
    let twos = (digits.wrapping_mul(10).wrapping_add(digits >> 8)) & 0x00ff_00ff_00ff_00ff;
    let fours = (twos.wrapping_mul(100).wrapping_add(twos >> 16)) & 0x0000_ffff_0000_ffff;
    Some((fours.wrapping_mul(10_000).wrapping_add(fours >> 32) & 0xffff_ffff, scale))
}

/// The digits of an amount as a number, and how many of them stand after the point, if they are few; `None` also for what
/// is no amount.
#[inline]
pub(super) fn short_amount(cell: &[u8]) -> Option<(u64, u32)> {
    if cell.len() > Amount::SHORT {
        return None;
    }
    let (mut digits, mut point) = (0_u64, None);
    for (at, byte) in cell.iter().enumerate() {
        let digit = byte.wrapping_sub(b'0');
        if digit <= 9 {
            digits = digits * 10 + u64::from(digit);
        } else if *byte == b'.' && point.is_none() && at > 0 {
            point = Some(at);
        } else {
            return None;
        }
    }
    let scale = point.map_or(0, |at| cell.len() - at - 1);
    (!cell.is_empty() && (point.is_none() || scale > 0)).then_some((digits, scale as u32))
}

/// The number that these digits continue. There must be no more than eighteen in all.
fn digits(digits: &[u8], mut number: i64) -> Option<i64> {
    for byte in digits {
        if !byte.is_ascii_digit() {
            return None;
        }
        number = number * 10 + i64::from(byte - b'0');
    }
    Some(number)
}

/// An amount from 0 to 100.
pub fn percent(cell: &[u8]) -> Option<Decimal> {
    amount(cell).filter(|n| *n <= Decimal::ONE_HUNDRED)
}

/// An amount whose value is whole, however it is written.
pub fn whole(cell: &[u8]) -> Option<Decimal> {
    amount(cell).filter(Decimal::is_integer)
}

/// `true`, `yes`, `1`, `false`, `no` or `0`, in any case.
pub fn flag(cell: &[u8]) -> Option<Flag> {
    let is = |word: &str| cell.eq_ignore_ascii_case(word.as_bytes());
    if is("true") || is("yes") || is("1") {
        Some(Flag::Yes)
    } else if is("false") || is("no") || is("0") {
        Some(Flag::No)
    } else {
        None
    }
}

/// A currency of ISO 4217, in any case.
pub fn currency(cell: &[u8]) -> Option<Currency> {
    let mut code: [u8; 3] = cell.try_into().ok()?;
    code.make_ascii_uppercase();
    Currency::from_code(std::str::from_utf8(&code).ok()?)
}

/// The normal form of a code, which most cells already are.
pub fn code(text: &str) -> Cow<'_, str> {
    let is_normal = |b: u8| b.is_ascii_graphic() && !b.is_ascii_uppercase() && b != b'-';
    if text.bytes().all(is_normal) { Cow::Borrowed(text) } else { Cow::Owned(normal_code(text)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Zone;

    #[test]
    fn white_space_of_any_script_is_trimmed() {
        let cases = [("a", "a"), (" a\t", "a"), ("\u{a0}a b\u{3000}", "a b"), ("   ", ""), ("", ""), ("é ", "é")];
        for (cell, expected) in cases {
            let (start, end) = trimmed(cell.as_bytes());
            assert_eq!(&cell[start..end], expected, "{cell:?}");
        }
        assert_eq!(trimmed(b" \xff "), (1, 2));
    }

    #[test]
    fn dates_are_ten_characters_of_a_day_that_exists() {
        for good in ["1990-01-01", "2199-12-31", "2024-02-29", "2026-03-04"] {
            assert_eq!(date(good.as_bytes()).map(|d| d.show(Zone::UTC)).as_deref(), Some(good));
        }
        let bad = [
            "1989-12-31",
            "2200-01-01",
            "2026-02-29",
            "2026-02-30",
            "2026-3-4",
            "2026-00-10",
            "2026-13-01",
            "2026-01-00",
            "04/03/2026",
            "2026/03/04",
            "20260304",
            "+2026-3-04",
            " 2026-03-04",
            "2026-03-04Z",
            "2026-03-04T10:00",
            "٢٠٢٦-٠٣-٠٤",
            "soon",
            "",
        ];
        for cell in bad {
            assert_eq!(date(cell.as_bytes()), None, "{cell}");
        }
    }

    #[test]
    fn times_may_lack_seconds_and_offset() {
        let good = [
            ("2026-03-04", "2026-03-04"),
            ("2026-03-04T17:05", "2026-03-04 17:05"),
            ("2026-03-04 17:05:59", "2026-03-04 17:05"),
            ("2026-03-04T17:05:59.999999999999", "2026-03-04 17:05"),
            ("2026-03-04T00:00Z", "2026-03-04 00:00"),
            ("2026-03-04 23:59:00.5+14:00", "2026-03-04 09:59"),
            ("2026-03-04T23:59-12:00", "2026-03-05 11:59"),
            ("2026-03-04T23:59+23:59", "2026-03-04 00:00"),
        ];
        for (cell, expected) in good {
            assert_eq!(time(cell.as_bytes()).map(|t| t.show(Zone::UTC)).as_deref(), Some(expected), "{cell}");
        }
        let bad = [
            "2026-03-04T10:60",
            "2026-03-04T24:00",
            "2026-03-04T10:00:60",
            "2026-03-04T10:00:00.",
            "2026-03-04T10:00.5",
            "2026-03-04T10:00+0400",
            "2026-03-04T10:00+04",
            "2026-03-04T10:00+24:00",
            "2026-03-04T10:00+04:60",
            "2026-03-04T10:00 +04:00",
            "2026-03-04T10:00z",
            "2026-03-04t10:00",
            "2026-03-04  10:00",
            "2026-03-04T",
            "2026-03-04T9:00",
            "2026-03-04Z",
            "1989-12-31T10:00",
            "9999-12-31",
        ];
        for cell in bad {
            assert_eq!(time(cell.as_bytes()), None, "{cell}");
        }
    }

    #[test]
    fn amounts_are_plain_decimals() {
        for good in ["0", "0.07", "1234.5", "007", "9999999999999999999999999999", "0.000000000000000000000000001"] {
            let expected: Decimal = good.parse().unwrap();
            assert_eq!(amount(good.as_bytes()), Some(expected), "{good}");
        }
        let bad = [
            "",
            "-0",
            "-5.00",
            "+5",
            ".5",
            "5.",
            ".",
            "1.2.3",
            "1_000",
            "1 000",
            "1,000",
            "1e3",
            "NaN",
            "n/a",
            "$5",
            "١٢",
            "10000000000000000000000000000",
            "0.0000000000000000000000000001",
            "00000000000000000000000000001",
        ];
        for cell in bad {
            assert_eq!(amount(cell.as_bytes()), None, "{cell}");
        }
    }

    #[test]
    fn amounts_of_eight_characters_are_read_as_others() {
        let digits = ["", "0", "7", "42", "905", "1234", "98765", "000001", "9999999", "12345678"];
        let bad = [".", "..", "1..2", "1.2.3", "-5", "1e3", "1,5", "5 ", "a", "1.a", ":", "/", "1:0", "\u{e9}"];
        let points = digits.iter().flat_map(|whole| digits.iter().map(move |part| format!("{whole}.{part}")));
        let cells = digits.iter().chain(&bad).map(|cell| (*cell).to_owned()).chain(points);
        for cell in cells.filter(|cell| (1..=EIGHT).contains(&cell.len())) {
            let mut highest = [0; EIGHT];
            highest[EIGHT - cell.len()..].copy_from_slice(cell.as_bytes());
            let found = eight_of_amount(u64::from_le_bytes(highest), cell.len());
            assert_eq!(found, short_amount(cell.as_bytes()), "{cell}");
        }
    }

    #[test]
    fn percents_and_counts_have_bounds() {
        assert!(percent(b"100").is_some() && percent(b"100.00").is_some() && percent(b"0").is_some());
        assert!(percent(b"100.01").is_none() && percent(b"-1").is_none());
        assert!(whole(b"3").is_some() && whole(b"3.0").is_some());
        assert!(whole(b"3.5").is_none());
    }

    #[test]
    fn flags_and_currencies_ignore_case() {
        for (cell, expected) in [
            ("TRUE", Flag::Yes),
            ("Yes", Flag::Yes),
            ("1", Flag::Yes),
            ("False", Flag::No),
            ("no", Flag::No),
            ("0", Flag::No),
        ] {
            assert_eq!(flag(cell.as_bytes()), Some(expected), "{cell}");
        }
        for cell in ["wahr", "maybe", "y", "2", "01", ""] {
            assert_eq!(flag(cell.as_bytes()), None, "{cell}");
        }
        assert_eq!(currency(b"usd"), Some(Currency::USD));
        for cell in ["XXQ", "US", "USDX", "", "U\u{17f}D"] {
            assert_eq!(currency(cell.as_bytes()), None, "{cell}");
        }
    }

    #[test]
    fn codes_take_their_normal_form() {
        let cases = [
            ("open_word", "open_word"),
            ("No-Longer needed", "no_longer_needed"),
            ("ÜBER\u{a0}x", "über_x"),
            ("a\tb", "a_b"),
        ];
        for (cell, expected) in cases {
            assert_eq!(code(cell), expected, "{cell}");
            assert_eq!(code(cell), normal_code(cell), "{cell}");
        }
    }
}
