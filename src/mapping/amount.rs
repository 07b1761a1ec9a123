//! Amounts as other systems write them, converted to plain decimals.
//!
//! A form says how a column writes them. What contradicts it is refused: an amount is read right or not at all, never
//! wrong by sign or by scale.

use super::blank::width as blank_width;
use rust_decimal::Decimal;
use std::io::Write;

/// As many digits as an amount may have, by the input contract.
const MOST_DIGITS: usize = 28;

/// How a column writes amounts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AmountForm {
    /// What stands before the fraction: `.` or `,`.
    pub decimal: u8,
    /// What stands between groups of three digits.
    pub grouping: Grouping,
    /// Signs and codes that may stand before or after an amount, in any case. Any other is refused.
    pub symbols: Vec<String>,
    /// What a sign means.
    pub sign: Sign,
}

impl Default for AmountForm {
    /// The canonical form: `1234.5`.
    fn default() -> AmountForm {
        AmountForm { decimal: b'.', grouping: Grouping::None, symbols: Vec::new(), sign: Sign::Positive }
    }
}

/// What stands between groups of three digits. Amounts without groups are read under any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grouping {
    /// Amounts have no groups.
    None,
    /// `1,234,567`
    Comma,
    /// `1.234.567`
    Point,
    /// `1'234'567`, also with a typographic apostrophe.
    Apostrophe,
    /// `1 234 567`, with a blank of any width.
    Blank,
}

/// What the sign of an amount means. A zero has none, however it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// Amounts are as written; a negative one is refused.
    Positive,
    /// Amounts are written negative; a positive one is refused.
    Negative,
    /// The sign is dropped.
    Any,
}

/// Why a cell is no amount of the form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// There are no digits.
    #[error("has no digits")]
    NoDigits,
    /// A decimal separator without digits on both sides.
    #[error("has a decimal separator without digits on both sides of it")]
    OneSided,
    /// A comma, point, apostrophe or blank that stands where the form has none.
    #[error("has a separator that contradicts the declared `decimal` and `grouping`")]
    Separator,
    /// Groups that are not of three digits.
    #[error("has groups of digits that are not of three, which contradicts the declared `grouping`")]
    Groups,
    /// More than one sign, parentheses being one.
    #[error("has two signs")]
    TwoSigns,
    /// A parenthesis without the other.
    #[error("has a parenthesis without the other")]
    Parenthesis,
    /// An exponent.
    #[error("has an exponent: a spreadsheet has shortened it, export it again as text")]
    Exponent,
    /// Something that is neither digit, sign, separator nor declared symbol.
    #[error("has something beside the amount that `symbols` does not declare")]
    Symbol,
    /// More than one symbol before or after the amount.
    #[error("has two symbols on one side")]
    TwoSymbols,
    /// Below zero, and only positive amounts are declared.
    #[error("is negative; if that is right, declare `sign = \"negative\"` or `\"any\"`")]
    Negative,
    /// Above zero, and only negative amounts are declared.
    #[error("is positive, and `sign = \"negative\"` is declared")]
    Positive,
    /// A fraction of a minor unit.
    #[error("has a decimal separator, and `minor_units` is declared")]
    MinorFraction,
    /// More digits than an amount may have.
    #[error("has more than 28 digits")]
    TooLong,
}

impl AmountForm {
    /// Whether the form makes sense in itself.
    ///
    /// # Errors
    /// What is contradictory, and how to mend it.
    pub fn check(&self) -> Result<(), String> {
        if !matches!(self.decimal, b'.' | b',') {
            return Err("`decimal` must be `.` or `,`".to_owned());
        }
        if matches!((self.decimal, self.grouping), (b'.', Grouping::Point) | (b',', Grouping::Comma)) {
            return Err(
                "`decimal` and `grouping` are the same; if amounts have no groups, leave `grouping` out".to_owned()
            );
        }
        for symbol in &self.symbols {
            let is_part = |c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '(' | ')' | '\u{2212}');
            if symbol.is_empty() || symbol.trim() != symbol || symbol.contains(is_part) {
                return Err(format!("`{symbol}` in `symbols` is blank, or has a blank at an end, a digit or a sign"));
            }
            if symbol.starts_with(['.', ',', '\'', '\u{2019}']) {
                return Err(format!("`{symbol}` in `symbols` begins as the fraction of an amount does"));
            }
        }
        Ok(())
    }

    /// Appends the canonical amount that the cell writes; nothing on error. `minor` is how many of the last digits are
    /// behind the point, if amounts are written in minor units.
    ///
    /// # Errors
    /// The cell is no amount of the form.
    #[inline]
    pub fn read(&self, cell: &str, minor: Option<u32>, to: &mut Vec<u8>) -> Result<(), AmountError> {
        if minor.is_none() && self.leaves_canonical() && is_canonical(cell.as_bytes()) {
            to.extend_from_slice(cell.as_bytes());
            return Ok(());
        }
        let written = self.written(cell, minor)?;
        self.sign.accept(written.is_negative, written.is_zero())?;
        written.append(to);
        Ok(())
    }

    /// Whether a canonical cell is left as it is.
    pub(super) fn leaves_canonical(&self) -> bool {
        self.decimal == b'.' && self.sign != Sign::Negative
    }

    /// The amount that the cell writes, with its sign: for sums and products, whose result [`AmountForm::write`] takes.
    ///
    /// # Errors
    /// The cell is no amount of the form. Any sign is accepted.
    pub fn signed(&self, cell: &str, minor: Option<u32>) -> Result<Decimal, AmountError> {
        self.written(cell, minor)?.decimal().ok_or(AmountError::TooLong)
    }

    /// Appends a computed amount in canonical form; nothing on error.
    ///
    /// # Errors
    /// Its sign is not the form's, or it has too many digits.
    pub fn write(&self, amount: Decimal, to: &mut Vec<u8>) -> Result<(), AmountError> {
        self.sign.accept(amount.is_sign_negative(), amount.is_zero())?;
        let amount = amount.abs();
        let amount = if digits_of(amount) > MOST_DIGITS { amount.normalize() } else { amount };
        if digits_of(amount) > MOST_DIGITS {
            return Err(AmountError::TooLong);
        }
        write!(to, "{amount}").map_err(|_| AmountError::TooLong)
    }

    /// Which of the form's symbols stands beside the amount, as declared. Of two, such as in `$5.00 CAD`, the one of
    /// letters only. `None` also if the cell is no amount.
    pub fn symbol(&self, cell: &str) -> Option<&str> {
        let written = self.written(cell, None).ok()?;
        let is_word = |symbol: &&str| symbol.chars().all(char::is_alphabetic);
        match (written.before, written.after) {
            (Some(one), Some(other)) if one == other => Some(one),
            (Some(one), Some(other)) => match (is_word(&one), is_word(&other)) {
                (true, false) => Some(one),
                (false, true) => Some(other),
                _ => None,
            },
            (one, other) => one.or(other),
        }
    }

    /// What the cell writes, under any sign.
    fn written(&self, cell: &str, minor: Option<u32>) -> Result<Written<'_>, AmountError> {
        let mut written = Written::default();
        let has_digits = |error| if cell.bytes().any(|b| b.is_ascii_digit()) { error } else { AmountError::NoDigits };
        let rest = self.before(cell.as_bytes(), &mut written).map_err(has_digits)?;
        let rest = self.number(rest, &mut written)?;
        self.after(rest, &mut written)?;
        if let Some(minor) = minor {
            if written.scale > 0 {
                return Err(AmountError::MinorFraction);
            }
            written.scale = usize::try_from(minor).unwrap_or(usize::MAX);
            if written.scale >= MOST_DIGITS {
                return Err(AmountError::TooLong);
            }
        }
        Ok(written)
    }

    /// Reads what stands before the first digit, and returns what follows.
    fn before<'f, 'c>(&'f self, cell: &'c [u8], written: &mut Written<'f>) -> Result<&'c [u8], AmountError> {
        let mut rest = cell;
        loop {
            let next = match rest {
                [b'0'..=b'9', ..] => return Ok(rest),
                _ if blank_width(rest) > 0 => rest.get(blank_width(rest)..),
                [b'+', next @ ..] => written.sign(false).map(|()| Some(next))?,
                [b'-', next @ ..] | [0xe2, 0x88, 0x92, next @ ..] => written.sign(true).map(|()| Some(next))?,
                [b'(', next @ ..] => written.open().map(|()| Some(next))?,
                _ => match self.symbol_at(rest) {
                    Some(_) if written.before.is_some() => return Err(AmountError::TwoSymbols),
                    Some(symbol) => {
                        written.before = Some(symbol);
                        rest.get(symbol.len()..)
                    }
                    None if rest.first() == Some(&self.decimal) => return Err(AmountError::OneSided),
                    None => return Err(AmountError::Symbol),
                },
            };
            rest = next.unwrap_or_default();
        }
    }

    /// Reads the digits and separators, and returns what follows. The first byte is a digit.
    fn number<'c>(&self, text: &'c [u8], written: &mut Written) -> Result<&'c [u8], AmountError> {
        let (mut rest, mut run, mut is_grouped, mut has_point) = (text, 0, false, false);
        loop {
            match rest {
                [digit @ b'0'..=b'9', next @ ..] => {
                    written.push(*digit)?;
                    run += 1;
                    rest = next;
                }
                [byte, next @ ..] if *byte == self.decimal => {
                    if has_point {
                        return Err(AmountError::Separator);
                    }
                    if is_grouped && run != 3 {
                        return Err(AmountError::Groups);
                    }
                    if !next.first().is_some_and(u8::is_ascii_digit) {
                        return Err(AmountError::OneSided);
                    }
                    (has_point, run, rest) = (true, 0, next);
                }
                _ => {
                    let Some(next) = self.grouping.separated(rest) else { break };
                    if has_point {
                        return Err(AmountError::Separator);
                    }
                    // A zero before the first separator is no group: it is a fraction under another form.
                    if (is_grouped && run != 3) || run > 3 || (!is_grouped && text.first() == Some(&b'0')) {
                        return Err(AmountError::Groups);
                    }
                    (is_grouped, run, rest) = (true, 0, next);
                }
            }
        }
        if has_point {
            written.scale = run;
        } else if is_grouped && run != 3 {
            return Err(AmountError::Groups);
        }
        Ok(rest)
    }

    /// Reads what follows the last digit, to the end.
    fn after<'f>(&'f self, text: &[u8], written: &mut Written<'f>) -> Result<(), AmountError> {
        let mut rest = text;
        while !rest.is_empty() {
            let next = match rest {
                _ if blank_width(rest) > 0 => rest.get(blank_width(rest)..),
                [b'-', next @ ..] | [0xe2, 0x88, 0x92, next @ ..] => written.sign(true).map(|()| Some(next))?,
                [b')', next @ ..] => written.close().map(|()| Some(next))?,
                [b'0'..=b'9' | b'.' | b',' | b'\'', ..] | [0xe2, 0x80, 0x99, ..] => return Err(AmountError::Separator),
                _ => match self.symbol_at(rest) {
                    Some(_) if written.after.is_some() => return Err(AmountError::TwoSymbols),
                    Some(symbol) => {
                        written.after = Some(symbol);
                        rest.get(symbol.len()..)
                    }
                    None if is_exponent(rest) => return Err(AmountError::Exponent),
                    None => return Err(AmountError::Symbol),
                },
            };
            rest = next.unwrap_or_default();
        }
        if written.is_open { Err(AmountError::Parenthesis) } else { Ok(()) }
    }

    /// The longest symbol with which the text begins.
    fn symbol_at(&self, text: &[u8]) -> Option<&str> {
        let begins = |symbol: &&String| {
            let head = text.get(..symbol.len());
            !symbol.is_empty() && head.is_some_and(|head| head.eq_ignore_ascii_case(symbol.as_bytes()))
        };
        self.symbols.iter().filter(begins).max_by_key(|symbol| symbol.len()).map(String::as_str)
    }
}

impl Grouping {
    /// What follows a separator of groups with which the text begins, if a digit does.
    fn separated(self, text: &[u8]) -> Option<&[u8]> {
        let next = match (self, text) {
            (Grouping::Comma, [b',', next @ ..])
            | (Grouping::Point, [b'.', next @ ..])
            | (Grouping::Apostrophe, [b'\'', next @ ..] | [0xe2, 0x80, 0x99, next @ ..]) => next,
            (Grouping::Blank, _) if blank_width(text) > 0 => text.get(blank_width(text)..)?,
            _ => return None,
        };
        next.first().is_some_and(u8::is_ascii_digit).then_some(next)
    }
}

impl Sign {
    fn accept(self, is_negative: bool, is_zero: bool) -> Result<(), AmountError> {
        match self {
            Sign::Positive if is_negative && !is_zero => Err(AmountError::Negative),
            Sign::Negative if !is_negative && !is_zero => Err(AmountError::Positive),
            _ => Ok(()),
        }
    }
}

/// An amount as a cell writes it.
#[derive(Default)]
struct Written<'f> {
    digits: [u8; MOST_DIGITS],
    count: usize,
    /// How many digits are behind the point. In minor units there may be more of these than digits.
    scale: usize,
    has_sign: bool,
    is_negative: bool,
    /// A parenthesis was opened, and not closed.
    is_open: bool,
    before: Option<&'f str>,
    after: Option<&'f str>,
}

impl Written<'_> {
    #[inline]
    fn push(&mut self, digit: u8) -> Result<(), AmountError> {
        *self.digits.get_mut(self.count).ok_or(AmountError::TooLong)? = digit;
        self.count += 1;
        Ok(())
    }

    fn sign(&mut self, is_negative: bool) -> Result<(), AmountError> {
        if self.has_sign {
            return Err(AmountError::TwoSigns);
        }
        (self.has_sign, self.is_negative) = (true, is_negative);
        Ok(())
    }

    fn open(&mut self) -> Result<(), AmountError> {
        self.is_open = true;
        self.sign(true)
    }

    fn close(&mut self) -> Result<(), AmountError> {
        if !self.is_open {
            return Err(AmountError::Parenthesis);
        }
        self.is_open = false;
        Ok(())
    }

    fn digits(&self) -> &[u8] {
        self.digits.get(..self.count).unwrap_or_default()
    }

    fn is_zero(&self) -> bool {
        self.digits().iter().all(|digit| *digit == b'0')
    }

    /// Appends it in canonical form, without its sign.
    fn append(&self, to: &mut Vec<u8>) {
        let digits = self.digits();
        let (whole, fraction) = digits.split_at_checked(self.count.saturating_sub(self.scale)).unwrap_or((digits, &[]));
        to.extend_from_slice(if whole.is_empty() { b"0" } else { whole });
        if self.scale > 0 {
            to.push(b'.');
            to.extend(std::iter::repeat_n(b'0', self.scale.saturating_sub(self.count)));
            to.extend_from_slice(fraction);
        }
    }

    fn decimal(&self) -> Option<Decimal> {
        let units = self.digits().iter().fold(0_i128, |units, digit| units * 10 + i128::from(digit - b'0'));
        let units = if self.is_negative { -units } else { units };
        Decimal::try_from_i128_with_scale(units, u32::try_from(self.scale).ok()?).ok()
    }
}

/// Whether a cell is a canonical amount already. Nearly all cells of most exports are.
#[inline]
pub(super) fn is_canonical(cell: &[u8]) -> bool {
    let (mut has_point, mut was_digit) = (false, false);
    for byte in cell {
        let is_digit = byte.is_ascii_digit();
        if !is_digit {
            if *byte != b'.' || has_point || !was_digit {
                return false;
            }
            has_point = true;
        }
        was_digit = is_digit;
    }
    was_digit && cell.len() - usize::from(has_point) <= MOST_DIGITS
}

/// Whether a number's exponent begins the text, such as `E+19`.
fn is_exponent(text: &[u8]) -> bool {
    matches!(text, [b'e' | b'E', b'+' | b'-' | b'0'..=b'9', ..])
}

/// How many digits the canonical form of an amount has.
fn digits_of(amount: Decimal) -> usize {
    let units = amount.mantissa().unsigned_abs().checked_ilog10().unwrap_or(0) as usize + 1;
    units.max(amount.scale() as usize + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::value;
    use proptest::prelude::*;

    fn form(decimal: u8, grouping: Grouping, symbols: &[&str], sign: Sign) -> AmountForm {
        let symbols = symbols.iter().map(|symbol| (*symbol).to_owned()).collect();
        let form = AmountForm { decimal, grouping, symbols, sign };
        form.check().unwrap();
        form
    }

    fn any_sign(decimal: u8, grouping: Grouping) -> AmountForm {
        form(decimal, grouping, &["$", "\u{20ac}", "USD", "CAD", "Fr."], Sign::Any)
    }

    /// What is read, or the error.
    fn read(form: &AmountForm, cell: &str, minor: Option<u32>) -> Result<String, AmountError> {
        let mut to = b"before".to_vec();
        let result = form.read(cell, minor, &mut to);
        let added = String::from_utf8(to.strip_prefix(b"before").unwrap().to_vec()).unwrap();
        assert!(result.is_ok() || added.is_empty(), "{cell}");
        result.map(|()| added)
    }

    #[test]
    fn separators_are_those_of_the_form() {
        use AmountError::{Groups, OneSided, Separator, TooLong};
        use Grouping::{Apostrophe, Blank, Comma, None, Point};
        let (point, comma) = (b'.', b',');
        let good = [
            (point, None, "1234.50", "1234.50"),
            (point, None, "007", "007"),
            (point, Comma, "1,234,567.8", "1234567.8"),
            (point, Comma, "1234567.8", "1234567.8"),
            (point, Comma, "43,000,000.00", "43000000.00"),
            (point, Comma, "1,234", "1234"),
            (point, Apostrophe, "1'234.05", "1234.05"),
            (point, Apostrophe, "1\u{2019}234.05", "1234.05"),
            (comma, None, "950,00", "950.00"),
            (comma, Point, "1.234,56", "1234.56"),
            (comma, Point, "12.345.678", "12345678"),
            (comma, Blank, "1 234,56", "1234.56"),
            (comma, Blank, "1\u{a0}234\u{202f}567,8", "1234567.8"),
            (point, None, "9999999999999999999999999999", "9999999999999999999999999999"),
            (comma, None, "0,000000000000000000000000001", "0.000000000000000000000000001"),
        ];
        for (decimal, grouping, cell, expected) in good {
            assert_eq!(read(&any_sign(decimal, grouping), cell, Option::None).as_deref(), Ok(expected), "{cell}");
        }
        let bad = [
            (point, None, "1,234.56", Separator),
            (point, None, "1,5", Separator),
            (point, None, "1 234", Separator),
            (point, None, "1.23.4", Separator),
            (point, None, ".5", OneSided),
            (point, None, "5.", OneSided),
            (point, None, "5. 0", OneSided),
            (point, None, "Fr.500", Separator),
            (point, Comma, "12,34", Groups),
            (point, Comma, "1,2345", Groups),
            (point, Comma, "1234,567", Groups),
            (point, Comma, "1,23,456", Groups),
            (point, Comma, "1,234,56.7", Groups),
            (point, Comma, "0,123", Groups),
            (point, Comma, "1.234,567", Separator),
            (point, Comma, "1,,234", Separator),
            (point, Comma, "1,234,", Separator),
            (point, Comma, "1,234'567", Separator),
            (comma, Point, "1,234.56", Separator),
            (comma, Point, "12.34", Groups),
            (comma, Point, "1.234.5", Groups),
            (comma, Point, "1234.5", Groups),
            (comma, None, "1234.56", Separator),
            (comma, Blank, "1  234", Separator),
            (comma, Blank, "12 34", Groups),
            (point, None, "10000000000000000000000000000", TooLong),
            (comma, None, "0,0000000000000000000000000001", TooLong),
        ];
        for (decimal, grouping, cell, error) in bad {
            // A declared symbol that ends in a point takes it along.
            let expected = if cell == "Fr.500" { Ok("500".to_owned()) } else { Err(error) };
            assert_eq!(read(&any_sign(decimal, grouping), cell, Option::None), expected, "{cell}");
        }
        // Without the point it is a fraction's, and refused.
        let undotted = form(point, None, &["Fr"], Sign::Any);
        assert_eq!(read(&undotted, "Fr.500", Option::None), Err(OneSided));
    }

    #[test]
    fn signs_stand_before_behind_or_around() {
        use AmountError::{Exponent, NoDigits, Parenthesis, Separator, Symbol, TwoSigns, TwoSymbols};
        let negative = [
            "-5",
            "\u{2212}5",
            "5-",
            "5 -",
            "5\u{2212}",
            "- 5",
            "-$5",
            "$-5",
            "- $5",
            "$ - 5",
            "(5)",
            "( 5 )",
            "($5)",
            "$(5)",
            "\u{20ac}(5)",
            "(5) USD",
            "(5 USD)",
            "-5 \u{20ac}",
            "-5\u{a0}\u{20ac}",
            "5-\u{202f}\u{20ac}",
            "5 \u{20ac}-",
            "usd -5",
        ];
        let any = any_sign(b'.', Grouping::Comma);
        for cell in negative {
            assert_eq!(any.signed(cell, None), Ok(Decimal::from(-5)), "{cell}");
            assert_eq!(read(&any, cell, None).as_deref(), Ok("5"), "{cell}");
        }
        for cell in ["5", "+5", "+ $5", "$+5", "$5", "5$", "$ 5", "USD 5", "5 usd", "5CAD", "$5 CAD", " 5 "] {
            assert_eq!(any.signed(cell, None), Ok(Decimal::from(5)), "{cell}");
        }
        let bad = [
            ("--5", TwoSigns),
            ("-5-", TwoSigns),
            ("(-5)", TwoSigns),
            ("-(5)", TwoSigns),
            ("((5))", TwoSigns),
            ("(5-)", TwoSigns),
            ("+-5", TwoSigns),
            ("(5", Parenthesis),
            ("5)", Parenthesis),
            ("(5))", Parenthesis),
            ("-5)", Parenthesis),
            ("5+", Symbol),
            ("5 (3)", Symbol),
            ("10-12", Separator),
            ("1/2", Symbol),
            ("5%", Symbol),
            ("\u{a3}5", Symbol),
            ("5 GBP", Symbol),
            ("5 USDX", Symbol),
            ("$$5", TwoSymbols),
            ("$ USD 5", TwoSymbols),
            ("5 USD CAD", TwoSymbols),
            ("8.96529E+19", Exponent),
            ("1e3", Exponent),
            ("'-0.02", Symbol),
            ("\u{661}\u{662}", NoDigits),
            ("", NoDigits),
            ("--", NoDigits),
            ("$", NoDigits),
            ("free", NoDigits),
        ];
        for (cell, error) in bad {
            assert_eq!(any.signed(cell, None), Err(error), "{cell}");
        }
    }

    #[test]
    fn the_sign_means_what_is_declared() {
        use AmountError::{Negative, Positive};
        let cases = [
            ("5.00", Ok("5.00"), Err(Positive), Ok("5.00")),
            ("-5.00", Err(Negative), Ok("5.00"), Ok("5.00")),
            ("(5.00)", Err(Negative), Ok("5.00"), Ok("5.00")),
            ("0.00", Ok("0.00"), Ok("0.00"), Ok("0.00")),
            ("-0.00", Ok("0.00"), Ok("0.00"), Ok("0.00")),
            ("(0)", Ok("0"), Ok("0"), Ok("0")),
        ];
        for (cell, positive, negative, any) in cases {
            for (sign, expected) in [(Sign::Positive, positive), (Sign::Negative, negative), (Sign::Any, any)] {
                let form = form(b'.', Grouping::None, &[], sign);
                assert_eq!(read(&form, cell, None).as_deref().map_err(|e| *e), expected, "{cell} {sign:?}");
                let mut to = Vec::new();
                let computed = form.write(form.signed(cell, None).unwrap(), &mut to);
                assert_eq!(computed.map(|()| String::from_utf8(to).unwrap()), expected.map(str::to_owned), "{cell}");
            }
        }
    }

    #[test]
    fn minor_units_are_the_last_digits() {
        use AmountError::{MinorFraction, TooLong};
        let cases = [
            ("1000", 2, Ok("10.00")),
            ("5", 2, Ok("0.05")),
            ("50", 2, Ok("0.50")),
            ("500", 2, Ok("5.00")),
            ("0", 2, Ok("0.00")),
            ("007", 2, Ok("0.07")),
            ("-1,000", 2, Ok("10.00")),
            ("$ 5-", 2, Ok("0.05")),
            ("5", 0, Ok("5")),
            ("1000", 0, Ok("1000")),
            ("1000", 3, Ok("1.000")),
            ("1", 3, Ok("0.001")),
            ("10.00", 2, Err(MinorFraction)),
            ("10.0", 0, Err(MinorFraction)),
            ("1", 27, Ok("0.000000000000000000000000001")),
            ("1", 28, Err(TooLong)),
            ("1", u32::MAX, Err(TooLong)),
        ];
        let form = any_sign(b'.', Grouping::Comma);
        for (cell, minor, expected) in cases {
            assert_eq!(read(&form, cell, Some(minor)).as_deref().map_err(|e| *e), expected, "{cell} {minor}");
        }
        assert_eq!(form.signed("-5", Some(2)), Ok(Decimal::new(-5, 2)));
    }

    #[test]
    fn the_symbol_is_told_as_declared() {
        let form = any_sign(b'.', Grouping::None);
        let cases = [
            ("$5", Some("$")),
            ("usd 5", Some("USD")),
            ("(5 \u{20ac})", Some("\u{20ac}")),
            ("$5 CAD", Some("CAD")),
            ("CAD $ 5", None),
            ("$5 \u{20ac}", None),
            ("USD 5 CAD", None),
            ("$5$", Some("$")),
            ("5", None),
            ("$", None),
            ("5 GBP", None),
        ];
        for (cell, expected) in cases {
            assert_eq!(form.symbol(cell), expected, "{cell}");
        }
        let dollars = super::tests::form(b'.', Grouping::None, &["$", "US$"], Sign::Any);
        assert_eq!(dollars.symbol("US$5"), Some("US$"));
    }

    #[test]
    fn computed_amounts_have_a_canonical_form_or_none() {
        let form = AmountForm::default();
        let cases = [
            (Decimal::new(12345, 2), Ok("123.45")),
            (Decimal::new(5, 3), Ok("0.005")),
            (Decimal::new(0, 2), Ok("0.00")),
            (Decimal::new(10, 28), Ok("0.000000000000000000000000001")),
            (Decimal::new(1, 28), Err(AmountError::TooLong)),
            (Decimal::MAX, Err(AmountError::TooLong)),
        ];
        for (amount, expected) in cases {
            let mut to = Vec::new();
            let result = form.write(amount, &mut to).map(|()| String::from_utf8(to.clone()).unwrap());
            assert_eq!(result, expected.map(str::to_owned), "{amount}");
            assert!(result.is_err() || value::amount(&to).is_some(), "{amount}");
        }
    }

    #[test]
    fn forms_that_contradict_themselves_are_refused() {
        let check = |decimal, grouping, symbols: &[&str]| {
            let symbols = symbols.iter().map(|symbol| (*symbol).to_owned()).collect();
            AmountForm { decimal, grouping, symbols, sign: Sign::Any }.check().is_ok()
        };
        assert!(check(b'.', Grouping::Comma, &["US$", "Fr."]) && check(b',', Grouping::Point, &[]));
        assert!(
            !check(b'.', Grouping::Point, &[])
                && !check(b',', Grouping::Comma, &[])
                && !check(b';', Grouping::None, &[])
        );
        for symbol in ["", " ", " $", "-", "U2", "(", ".-", ",", "'"] {
            assert!(!check(b'.', Grouping::None, &[symbol]), "{symbol:?}");
        }
    }

    fn forms() -> impl Strategy<Value = AmountForm> {
        let grouping = prop_oneof![
            Just(Grouping::None),
            Just(Grouping::Comma),
            Just(Grouping::Point),
            Just(Grouping::Apostrophe),
            Just(Grouping::Blank)
        ];
        let sign = prop_oneof![Just(Sign::Positive), Just(Sign::Negative), Just(Sign::Any)];
        let symbols = proptest::collection::vec(prop_oneof!["[$a-zE.]{0,3}", "\\PC{0,2}"], 0..3);
        (prop_oneof![Just(b'.'), Just(b','), any::<u8>()], grouping, symbols, sign)
            .prop_map(|(decimal, grouping, symbols, sign)| AmountForm { decimal, grouping, symbols, sign })
    }

    /// An amount in the form's way of writing.
    fn shown(form: &AmountForm, units: u64, scale: usize, is_negative: bool, style: usize) -> String {
        let digits = format!("{units:0width$}", width = scale + 1);
        let (whole, fraction) = digits.split_at(digits.len() - scale);
        let separator = match form.grouping {
            Grouping::None => "",
            Grouping::Comma => ",",
            Grouping::Point => ".",
            Grouping::Apostrophe => "'",
            Grouping::Blank => "\u{202f}",
        };
        let mut number = String::new();
        for (at, digit) in whole.chars().enumerate() {
            if at > 0 && (whole.len() - at) % 3 == 0 {
                number.push_str(separator);
            }
            number.push(digit);
        }
        if scale > 0 {
            number.push(char::from(form.decimal));
            number.push_str(fraction);
        }
        match (is_negative, style % 4) {
            (true, 0) => format!("({number})"),
            (true, 1) => format!("{number}-"),
            (true, 2) => format!("-\u{20ac}{number}"),
            (true, _) => format!("-{number} \u{20ac}"),
            (false, 0) => format!("+{number}"),
            (false, 1) => format!("\u{20ac} {number}"),
            (false, 2) => format!("{number} \u{20ac}"),
            (false, _) => number,
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_canonically_or_refused(
            form in forms(),
            minor in proptest::option::of(0_u32..40),
            cell in prop_oneof!["\\PC{0,12}", "[-+()$ 0-9.,'eE\u{a0}\u{2212}]{0,10}", "[0-9]{1,40}", "-?[0-9]{1,3}([.,' ][0-9]{2,4}){0,3}"],
        ) {
            let result = read(&form, &cell, minor);
            let signed = form.signed(&cell, minor);
            let _ = (form.check(), form.symbol(&cell));
            if let Ok(text) = result {
                let amount = value::amount(text.as_bytes());
                prop_assert!(amount.is_some(), "{cell:?} gave {text:?}");
                // Both ways agree, but for the sign.
                prop_assert_eq!(amount, signed.ok().map(|amount| amount.abs()));
                // No digit is lost or added but the zeros of minor units.
                let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
                prop_assert!(digits(&text).ends_with(&digits(&cell)));
            }
        }

        #[test]
        fn a_written_amount_reads_back_the_same(
            (decimal, grouping) in prop_oneof![
                Just((b'.', Grouping::None)), Just((b'.', Grouping::Comma)), Just((b'.', Grouping::Apostrophe)), Just((b'.', Grouping::Blank)),
                Just((b',', Grouping::None)), Just((b',', Grouping::Point)), Just((b',', Grouping::Apostrophe)), Just((b',', Grouping::Blank)),
            ],
            units in any::<u64>(), drop in 0_u32..20, scale in 0_usize..7, is_negative: bool, style in 0_usize..4,
        ) {
            let form = any_sign(decimal, grouping);
            let units = units / 10_u64.pow(drop.min(19));
            let cell = shown(&form, units, scale, is_negative, style);
            let expected = Decimal::from_i128_with_scale(i128::from(units), scale as u32);
            prop_assert_eq!(read(&form, &cell, None), Ok(expected.to_string()));
            let signed = form.signed(&cell, None).unwrap();
            prop_assert_eq!(signed, if is_negative { -expected } else { expected });
            prop_assert_eq!(signed.scale(), scale as u32);
        }
    }
}
