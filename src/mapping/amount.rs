//! Amounts as other systems write them, converted to plain decimals.
//!
//! A form says how a column writes them. What contradicts it is refused: an amount is read right or not at all, never
//! wrong by sign or by scale.

use rust_decimal::Decimal;
use std::io::Write;

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
        Ok(())
    }

    /// Appends the canonical amount that the cell writes; nothing on error. `minor` is how many of the last digits are
    /// behind the point, if amounts are written in minor units.
    ///
    /// # Errors
    /// The cell is no amount of the form.
    pub fn read(&self, cell: &str, minor: Option<u32>, to: &mut Vec<u8>) -> Result<(), AmountError> {
        let amount = self.signed(cell, minor)?;
        self.write(amount, to)
    }

    /// The amount that the cell writes, with its sign: for sums and products, whose result [`AmountForm::write`] takes.
    ///
    /// # Errors
    /// The cell is no amount of the form. Any sign is accepted.
    pub fn signed(&self, cell: &str, _minor: Option<u32>) -> Result<Decimal, AmountError> {
        cell.parse().map_err(|_| AmountError::NoDigits)
    }

    /// Appends a computed amount in canonical form; nothing on error.
    ///
    /// # Errors
    /// Its sign is not the form's, or it has too many digits.
    pub fn write(&self, amount: Decimal, to: &mut Vec<u8>) -> Result<(), AmountError> {
        write!(to, "{amount}").map_err(|_| AmountError::TooLong)
    }

    /// Which of the form's symbols stands beside the amount, as declared. Of two, such as in `$5.00 CAD`, the one of
    /// letters only. `None` also if the cell is no amount.
    pub fn symbol(&self, _cell: &str) -> Option<&str> {
        None
    }
}
