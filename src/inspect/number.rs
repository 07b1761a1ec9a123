//! How a column writes numbers: what its cells prove of the decimal sign, of groups, signs and symbols.

use super::{Evidence, Place};
use iso_currency::Currency;
use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// What may stand between digits, blanks and apostrophes of all kinds as one each.
const SEPARATORS: [char; 4] = ['.', ',', ' ', '\''];
/// The two of them that may begin a fraction.
const DECIMALS: [char; 2] = ['.', ','];
/// A number with more separators is none.
const MOST_PARTS: usize = 12;
/// More symbols are not told apart.
const MOST_SYMBOLS: usize = 12;
/// Signs of currencies that are letters, but no code of ISO 4217.
const LETTERS: [&str; 7] = ["kr", "zł", "fr", "rs", "us", "ca", "r"];

/// What the separators in a number show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// It has none.
    Plain,
    /// This one begins a fraction.
    Decimal(char),
    /// This one stands between groups.
    Grouped(char),
    /// This one does either, as in `1.234`.
    Ambiguous(char),
    /// The first stands between groups, the second begins a fraction.
    Both(char, char),
}

/// A cell that is a number.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Number<'a> {
    pub(super) shape: Shape,
    /// From the first digit to the last.
    core: &'a str,
    /// How it is written that it is negative, if it is.
    pub(super) negative: Option<&'static str>,
    /// What stands beside it.
    pub(super) symbol: String,
}

impl<'a> Number<'a> {
    /// Reads a cell without white space around it.
    pub(super) fn of(cell: &'a str) -> Option<Number<'a>> {
        let first = cell.bytes().position(|b| b.is_ascii_digit())?;
        let last = cell.bytes().rposition(|b| b.is_ascii_digit())?;
        let (before, core, after) = (cell.get(..first)?, cell.get(first..=last)?, cell.get(last + 1..)?);
        let shape = shape(core)?;
        let (negative, symbol) = affixes(before, after)?;
        Some(Number { shape, core, negative, symbol })
    }

    /// Whether nothing but digits was written.
    pub(super) fn is_bare(&self) -> bool {
        self.shape == Shape::Plain && self.negative.is_none() && self.symbol.is_empty()
    }

    /// What it is if this is the decimal sign.
    fn value(&self, decimal: char) -> Option<Decimal> {
        let (mut mantissa, mut scale) = (0_i128, None);
        for letter in self.core.chars() {
            if let Some(digit) = letter.to_digit(10) {
                mantissa = mantissa.checked_mul(10)?.checked_add(i128::from(digit))?;
                scale = scale.map(|scale: u32| scale + 1);
            } else if letter == decimal {
                scale = Some(0);
            }
        }
        let value = Decimal::try_from_i128_with_scale(mantissa, scale.unwrap_or(0)).ok()?;
        Some(if self.negative.is_some() { -value } else { value })
    }
}

fn separator(letter: char) -> Option<char> {
    match letter {
        '.' | ',' | ' ' | '\'' => Some(letter),
        '\u{a0}' | '\u{202f}' | '\u{2009}' => Some(' '),
        '\u{2019}' => Some('\''),
        _ => None,
    }
}

fn shape(core: &str) -> Option<Shape> {
    let (mut parts, mut marks) = ([0_usize; MOST_PARTS], ['\0'; MOST_PARTS]);
    let mut count = 0;
    for letter in core.chars() {
        if letter.is_ascii_digit() {
            *parts.get_mut(count)? += 1;
        } else {
            *marks.get_mut(count)? = separator(letter)?;
            count += 1;
        }
    }
    let (parts, marks) = (parts.get(..=count)?, marks.get(..count)?);
    let in_threes = |parts: &[usize]| matches!(parts, [1..=3, rest @ ..] if rest.iter().all(|part| *part == 3));
    match *marks {
        [] => Some(Shape::Plain),
        [mark] if DECIMALS.contains(&mark) => {
            let either = in_threes(parts) && !core.starts_with('0');
            Some(if either { Shape::Ambiguous(mark) } else { Shape::Decimal(mark) }).filter(|_| !parts.contains(&0))
        }
        [first, ref rest @ ..] if rest.iter().all(|mark| *mark == first) => {
            in_threes(parts).then_some(Shape::Grouped(first))
        }
        [first, ref middle @ .., last] if middle.iter().all(|mark| *mark == first) => {
            let groups = parts.get(..count).is_some_and(in_threes) && parts.last() != Some(&0);
            (groups && DECIMALS.contains(&last)).then_some(Shape::Both(first, last))
        }
        _ => None,
    }
}

/// What is written around the digits: how it is negative, and which symbol. `None` if that is not what surrounds a number.
fn affixes(before: &str, after: &str) -> Option<(Option<&'static str>, String)> {
    let mut symbol = String::new();
    // Where a minus stands: 1 before a symbol, 2 behind it, 3 behind the digits.
    let (mut minus, mut open, mut close, mut signs) = (0, false, false, 0);
    for (text, is_before) in [(before, true), (after, false)] {
        for letter in text.chars() {
            match letter {
                '-' | '\u{2212}' => {
                    minus = if !is_before {
                        3
                    } else if symbol.is_empty() {
                        1
                    } else {
                        2
                    };
                    signs += 1;
                }
                '+' => signs += 1,
                '(' => (open, signs) = (true, signs + 1),
                ')' => close = true,
                _ if separator(letter) == Some(' ') => {}
                _ => symbol.push(letter),
            }
        }
    }
    if signs > 1 || open != close || !is_symbol(&symbol) {
        return None;
    }
    let negative = match (open, minus, symbol.is_empty()) {
        (true, _, true) => Some("(1)"),
        (true, _, false) => Some("($1)"),
        (_, 1, true) => Some("-1"),
        (_, 1, false) => Some(if before.contains(symbol.as_str()) { "-$1" } else { "-1 $" }),
        (_, 2, _) => Some("$-1"),
        (_, 3, _) => Some("1-"),
        _ => None,
    };
    Some((negative, symbol))
}

fn is_symbol(text: &str) -> bool {
    let letters: String = text.chars().filter(|letter| letter.is_alphabetic()).collect();
    let signs = text.chars().filter(|letter| !letter.is_alphabetic());
    let known = |sign: char| sign == '$' || sign == '%' || (!sign.is_ascii() && !sign.is_alphanumeric());
    let code =
        || Currency::from_code(&letters.to_uppercase()).is_some() || LETTERS.contains(&letters.to_lowercase().as_str());
    signs.clone().count() <= 1 && signs.into_iter().all(known) && (letters.is_empty() || code())
}

/// What the numbers of a column show.
#[derive(Default)]
pub(super) struct Numbers {
    /// Cells that are numbers, and those of them that are digits alone.
    pub(super) cells: u64,
    pub(super) bare: u64,
    shapes: BTreeMap<(u8, char, char), Evidence>,
    pub(super) negatives: BTreeMap<&'static str, Evidence>,
    pub(super) symbols: BTreeMap<String, Evidence>,
    /// Cells with a fraction or a group or a sign or a symbol.
    ranges: [Option<(Decimal, Decimal)>; 2],
}

/// How the decimal sign and the groups of a column are settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Settlement {
    /// The decimal sign, and what stands between groups.
    One(char, Option<char>),
    /// Numbers such as `1.234`, which can be read in two ways, and none that shows which.
    Ambiguous,
    /// Some show one decimal sign, some the other.
    Contradictory,
}

impl Numbers {
    /// Takes up a number that so many cells have, of which this is the first.
    pub(super) fn see(&mut self, number: &Number, cell: &str, place: Place, count: u64) {
        self.cells += count;
        self.bare += if number.is_bare() { count } else { 0 };
        let key = match number.shape {
            Shape::Plain => (0, '\0', '\0'),
            Shape::Decimal(sign) => (1, sign, '\0'),
            Shape::Both(group, sign) => (2, group, sign),
            Shape::Grouped(group) => (3, group, '\0'),
            Shape::Ambiguous(sign) => (4, sign, '\0'),
        };
        self.shapes.entry(key).or_default().see(cell, place, count);
        if let Some(negative) = number.negative {
            self.negatives.entry(negative).or_default().see(cell, place, count);
        }
        if !number.symbol.is_empty() && (self.symbols.len() < MOST_SYMBOLS || self.symbols.contains_key(&number.symbol))
        {
            self.symbols.entry(number.symbol.clone()).or_default().see(cell, place, count);
        }
        for (range, decimal) in self.ranges.iter_mut().zip(DECIMALS) {
            if let Some(value) = number.value(decimal) {
                let (least, most) = range.unwrap_or((value, value));
                *range = Some((least.min(value), most.max(value)));
            }
        }
    }

    /// How decimal sign and groups are settled.
    pub(super) fn settled(&self) -> Settlement {
        let shows = |sign: char| {
            let other = if sign == '.' { ',' } else { '.' };
            self.shapes.keys().any(|key| matches!(*key, (1, s, _) | (2, _, s) if s == sign) || *key == (3, other, '\0'))
        };
        let sign = match DECIMALS.map(shows) {
            [true, true] => return Settlement::Contradictory,
            [false, false] if self.shapes.keys().any(|key| key.0 == 4) => return Settlement::Ambiguous,
            [_, false] => '.',
            [false, true] => ',',
        };
        let is_group = |group: &char| {
            let is_used =
                |key: &(u8, char, char)| matches!(*key, (2, g, _) | (3 | 4, g, _) if g == *group && g != sign);
            self.shapes.keys().any(is_used)
        };
        let groups: Vec<char> = SEPARATORS.into_iter().filter(is_group).collect();
        match groups.as_slice() {
            [] => Settlement::One(sign, None),
            [group] => Settlement::One(sign, Some(*group)),
            _ => Settlement::Contradictory,
        }
    }

    /// Least and most, if it is settled what the numbers are.
    pub(super) fn range(&self) -> Option<(Decimal, Decimal)> {
        match self.settled() {
            Settlement::One('.', _) => self.ranges[0],
            Settlement::One(..) => self.ranges[1],
            _ => None,
        }
    }

    /// The evidence in words.
    pub(super) fn why(&self) -> Vec<String> {
        let mut why: Vec<String> =
            self.shapes.iter().filter_map(|(key, cells)| Some(cells.says(&means(*key)?))).collect();
        match self.settled() {
            Settlement::Ambiguous => why.push("no cell shows whether that is a fraction or a group".to_owned()),
            Settlement::Contradictory => why.push("these contradict each other".to_owned()),
            Settlement::One(..) => {}
        }
        why.extend(self.negatives.iter().map(|(form, cells)| cells.says(&format!("negative, written `{form}`"))));
        why.extend(self.symbols.iter().map(|(symbol, cells)| cells.says(&format!("symbol `{symbol}`"))));
        why
    }
}

fn means(key: (u8, char, char)) -> Option<String> {
    let name = |mark: char| match mark {
        '.' => "point",
        ',' => "comma",
        ' ' => "blank",
        _ => "apostrophe",
    };
    match key {
        (1, sign, _) => Some(format!("decimal {}", name(sign))),
        (2, group, sign) => Some(format!("groups by {}, decimal {}", name(group), name(sign))),
        (3, group, _) => Some(format!("groups by {}", name(group))),
        (4, sign, _) => Some(format!("a {} before three digits", name(sign))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separators_show_what_they_are_or_that_they_do_not() {
        for (cell, expected) in [
            ("1234", Some(Shape::Plain)),
            ("1.5", Some(Shape::Decimal('.'))),
            ("0.125", Some(Shape::Decimal('.'))),
            ("1234.567", Some(Shape::Decimal('.'))),
            ("1.234", Some(Shape::Ambiguous('.'))),
            ("-3.000", Some(Shape::Ambiguous('.'))),
            ("12,34", Some(Shape::Decimal(','))),
            ("1.234.567", Some(Shape::Grouped('.'))),
            ("1.234,5", Some(Shape::Both('.', ','))),
            ("1 234 567,00", Some(Shape::Both(' ', ','))),
            ("1\u{202f}234", Some(Shape::Grouped(' '))),
            ("1’234.50", Some(Shape::Both('\'', '.'))),
            ("1.2.3", None),
            ("12.05.2026", None),
            ("1,23,456", None),
            ("1..2", None),
            ("12:30", None),
            ("A12", None),
            ("#1001", None),
            ("8.96529E+19", None),
            ("--5", None),
            ("(5", None),
            ("", None),
        ] {
            assert_eq!(Number::of(cell).map(|number| number.shape), expected, "{cell}");
        }
    }

    #[test]
    fn signs_and_symbols_are_told() {
        for (cell, negative, symbol) in [
            ("+1500", None, ""),
            ("-7", Some("-1"), ""),
            ("\u{2212}7", Some("-1"), ""),
            ("5-", Some("1-"), ""),
            ("(12.00)", Some("(1)"), ""),
            ("($900.23)", Some("($1)"), "$"),
            ("€(63.12)", Some("($1)"), "€"),
            ("-$7.00", Some("-$1"), "$"),
            ("$-5", Some("$-1"), "$"),
            ("- $5.00", Some("-$1"), "$"),
            ("-950,00 €", Some("-1 $"), "€"),
            ("USD 12.00", None, "USD"),
            ("12%", None, "%"),
        ] {
            let number = Number::of(cell).unwrap();
            assert_eq!((number.negative, number.symbol.as_str()), (negative, symbol), "{cell}");
        }
    }
}
