//! Cells that are safe to open in a spreadsheet.

use std::borrow::Cow;

/// Characters with which a spreadsheet's formula begins.
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// A cell as it is written: with a `'` before what a spreadsheet would run as a formula.
pub fn cell(text: &str) -> Cow<'_, str> {
    if text.starts_with(FORMULA) && !is_number(text) { Cow::Owned(format!("'{text}")) } else { Cow::Borrowed(text) }
}

/// Whether the text is a plain decimal, perhaps with a sign.
fn is_number(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    digits(whole) && digits(fraction)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_spreadsheet_would_run_is_quoted() {
        for (text, written) in [
            ("", ""),
            ("INV-1", "INV-1"),
            ("-1", "-1"),
            ("-12.50", "-12.50"),
            ("+7", "+7"),
            ("-", "'-"),
            ("-.5", "'-.5"),
            ("-1.", "'-1."),
            ("-1-2", "'-1-2"),
            ("--1", "'--1"),
            ("=1", "'=1"),
            ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
            ("+SUM(A1)", "'+SUM(A1)"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\t=1"),
            ("\r=1", "'\r=1"),
            (" =1", " =1"),
            ("'=1", "'=1"),
            ("a=1", "a=1"),
        ] {
            assert_eq!(cell(text), written, "{text:?}");
        }
    }
}
