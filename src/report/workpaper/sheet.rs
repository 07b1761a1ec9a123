//! The sheets of a workbook, written row by row: a table that is longer than a sheet goes on on a further one.

use crate::report::folder::FolderError;
use crate::report::layout::{count, plain};
use chrono::{Datelike, NaiveDate};
use rust_xlsxwriter::{
    Color, DocProperties, ExcelDateTime, Format, FormatAlign, FormatBorder, Workbook, Worksheet, XlsxError,
};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io;
use std::path::Path;

/// The most rows that a sheet of Excel has, its header counted.
pub const MOST_ROWS: u32 = 1_048_576;
/// About the most bytes that a sheet has before it is compressed: past 4 GiB its entry in the archive would need a form
/// that Excel refuses.
const MOST_BYTES: u64 = 3 << 30;
/// About how many bytes a cell takes beside its text.
const CELL: u64 = 50;
/// The most UTF-16 units that a cell of Excel holds.
const MOST_UNITS: usize = 32_767;
/// The most digits of a number that Excel keeps.
const MOST_DIGITS: usize = 15;

/// A cell.
pub enum Cell<'a> {
    /// Text.
    Text(&'a str),
    /// Text over several lines.
    Long(&'a str),
    /// Text that heads what follows.
    Heading(&'a str),
    /// A count.
    Count(u64),
    /// A number of days.
    Days(i64),
    /// A day as `YYYY-MM-DD`.
    Day(&'a str),
    /// An amount as a plain decimal, and the code of its currency.
    Money(&'a str, &'a str),
    /// Empty, for a person to fill in.
    Field,
    /// Nothing.
    Blank,
}

impl Cell<'_> {
    /// About how many bytes it takes.
    fn bytes(&self) -> u64 {
        let text = match self {
            Cell::Text(text) | Cell::Long(text) | Cell::Heading(text) => text,
            _ => "",
        };
        // Three letters are written as five.
        let escaped = text.bytes().filter(|byte| matches!(byte, b'&' | b'<' | b'>')).count();
        CELL + (text.len() + 4 * escaped) as u64
    }
}

/// A column: its name, and its width in letters.
pub type Column = (&'static str, f64);

/// What cells look like.
struct Looks {
    header: Format,
    heading: Format,
    long: Format,
    count: Format,
    days: Format,
    day: Format,
    field: Format,
    /// By currency code and digits after the point.
    money: BTreeMap<(String, usize), Format>,
}

impl Looks {
    fn new() -> Looks {
        let bold = Format::new().set_bold();
        Looks {
            header: bold.clone().set_background_color(Color::RGB(0xE7_EC_F1)).set_border_bottom(FormatBorder::Thin),
            heading: bold,
            long: Format::new().set_text_wrap().set_align(FormatAlign::Top),
            count: Format::new().set_num_format("#,##0"),
            days: Format::new().set_num_format("0"),
            day: Format::new().set_num_format("yyyy-mm-dd"),
            field: Format::new().set_border(FormatBorder::Thin).set_text_wrap(),
            money: BTreeMap::new(),
        }
    }

    /// The look of an amount: so many digits, then the code of its currency.
    fn money(&mut self, code: &str, digits: usize) -> &Format {
        self.money.entry((code.to_owned(), digits)).or_insert_with(|| {
            let point = if digits == 0 { "" } else { "." };
            let is_code = code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase());
            let currency = if is_code { format!(" [${code}]") } else { String::new() };
            let figures = format!("#,##0{point}{}{currency}", "0".repeat(digits));
            Format::new().set_num_format(format!("{figures};-{figures}"))
        })
    }
}

/// A workbook in the making.
pub struct Book {
    workbook: Workbook,
    looks: Looks,
    most_rows: u32,
}

impl Book {
    /// An empty workbook, which keeps in a folder what does not fit in memory; a sheet has at most so many rows.
    ///
    /// # Errors
    /// When the folder cannot be written to.
    pub fn begin(spare: &Path, most_rows: u32) -> Result<Book, FolderError> {
        let mut workbook = Workbook::new();
        workbook.set_tempdir(spare).map_err(|error| unwritable(&error))?;
        // Two runs on the same input give the same bytes: the day is not that of the run.
        let made = ExcelDateTime::from_ymd(2000, 1, 1).map_err(|error| unwritable(&error))?;
        workbook.set_properties(&DocProperties::new().set_title("Audit workpaper").set_creation_datetime(&made));
        Ok(Book { workbook, looks: Looks::new(), most_rows: most_rows.clamp(2, MOST_ROWS) })
    }

    /// Adds finished sheets.
    pub fn add(&mut self, table: Table) {
        table.sheets.into_iter().for_each(|sheet| self.workbook.push_worksheet(sheet));
    }

    /// Writes the workbook.
    ///
    /// # Errors
    /// When the place cannot be written to.
    pub fn finish(mut self, to: &mut (impl io::Write + Send)) -> Result<(), FolderError> {
        let mut to = Patient { to, error: None };
        let saved = self.workbook.save_to_writer(&mut to);
        match to.error {
            Some(error) => Err(FolderError::unwritable("the workbook", &error)),
            None => saved.map_err(|error| unwritable(&error)),
        }
    }
}

/// A place that keeps its first error for later: the writer of sheets does not expect one.
struct Patient<'a, W> {
    to: &'a mut W,
    error: Option<io::Error>,
}

impl<W: io::Write> io::Write for Patient<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.error.is_none() {
            self.error = self.to.write_all(bytes).err();
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.error.is_none() {
            self.error = self.to.flush().err();
        }
        Ok(())
    }
}

/// Rows under one header, on as many sheets as they need.
pub struct Table {
    name: &'static str,
    columns: Vec<Column>,
    filter: bool,
    sheets: Vec<Worksheet>,
    /// The next row of the last sheet.
    row: u32,
    /// About how many bytes that sheet has.
    bytes: u64,
}

impl Table {
    /// A table without a row. Tables that are not one list have no filter.
    ///
    /// # Errors
    /// When nothing can be written beside the results.
    pub fn begin(name: &'static str, columns: &[Column], filter: bool, book: &mut Book) -> Result<Table, FolderError> {
        let mut table = Table { name, columns: columns.to_vec(), filter, sheets: Vec::new(), row: 0, bytes: 0 };
        table.next_sheet(book).map_err(|error| unwritable(&error))?;
        Ok(table)
    }

    fn next_sheet(&mut self, book: &mut Book) -> Result<(), XlsxError> {
        self.filter_rows()?;
        let mut sheet = book.workbook.new_worksheet_with_constant_memory()?;
        let name = match self.sheets.len() {
            0 => self.name.to_owned(),
            others => format!("{} {}", self.name, others + 1),
        };
        sheet.set_name(&name)?.set_freeze_panes(1, 0)?.set_repeat_rows(0, 0)?;
        sheet.set_landscape().set_paper_size(9).set_print_fit_to_pages(1, 0);
        sheet.set_header("&L&A&RPage &P of &N");
        for (at, (name, width)) in (0..).zip(&self.columns) {
            sheet.set_column_width(at, *width)?;
            sheet.write_string_with_format(0, at, *name, &book.looks.header)?;
        }
        self.sheets.push(sheet);
        (self.row, self.bytes) = (1, 0);
        Ok(())
    }

    /// Lets the rows of the last sheet be filtered.
    fn filter_rows(&mut self) -> Result<(), XlsxError> {
        let last_column = u16::try_from(self.columns.len().saturating_sub(1)).unwrap_or(u16::MAX);
        if let Some(sheet) = self.sheets.last_mut().filter(|_| self.filter) {
            sheet.autofilter(0, 0, self.row.saturating_sub(1), last_column)?;
        }
        Ok(())
    }

    /// Adds a row.
    ///
    /// # Errors
    /// When nothing can be written beside the results.
    pub fn row(&mut self, cells: &[Cell<'_>], book: &mut Book) -> Result<(), FolderError> {
        self.put(cells, book).map_err(|error| unwritable(&error))
    }

    fn put(&mut self, cells: &[Cell<'_>], book: &mut Book) -> Result<(), XlsxError> {
        if self.row >= book.most_rows || self.bytes >= MOST_BYTES {
            self.next_sheet(book)?;
        }
        let Some(sheet) = self.sheets.last_mut() else { return Ok(()) };
        for (column, cell) in (0..).zip(cells) {
            put(sheet, (self.row, column), cell, &mut book.looks)?;
        }
        self.row += 1;
        self.bytes += cells.iter().map(Cell::bytes).sum::<u64>();
        Ok(())
    }

    /// Ends the table.
    ///
    /// # Errors
    /// When its sheet cannot be finished.
    pub fn finish(mut self, book: &mut Book) -> Result<(), FolderError> {
        self.filter_rows().map_err(|error| unwritable(&error))?;
        book.add(self);
        Ok(())
    }
}

fn put(sheet: &mut Worksheet, at: (u32, u16), cell: &Cell<'_>, looks: &mut Looks) -> Result<(), XlsxError> {
    let (row, column) = at;
    match cell {
        // Never what guesses a type: what looks like a formula, a link or a number stays text.
        Cell::Text(text) => sheet.write_string(row, column, shown(text))?,
        Cell::Long(text) => sheet.write_string_with_format(row, column, shown(text), &looks.long)?,
        Cell::Heading(text) => sheet.write_string_with_format(row, column, shown(text), &looks.heading)?,
        Cell::Count(number) => sheet.write_number_with_format(row, column, *number as f64, &looks.count)?,
        Cell::Days(days) => sheet.write_number_with_format(row, column, *days as f64, &looks.days)?,
        Cell::Day(text) => match day(text) {
            Some(day) => sheet.write_datetime_with_format(row, column, &day, &looks.day)?,
            None => sheet.write_string(row, column, shown(text))?,
        },
        Cell::Money(text, code) => match number(text) {
            Some(number) => {
                let digits = text.split_once('.').map_or(0, |(_, fraction)| fraction.len());
                sheet.write_number_with_format(row, column, number, looks.money(code, digits))?
            }
            None => sheet.write_string(row, column, shown(text))?,
        },
        Cell::Field => sheet.write_blank(row, column, &looks.field)?,
        Cell::Blank => sheet,
    };
    Ok(())
}

/// A day that Excel has: it takes 1900 for a leap year, and has none before.
fn day(text: &str) -> Option<ExcelDateTime> {
    let day: NaiveDate = text.parse().ok()?;
    let year = u16::try_from(day.year()).ok().filter(|year| (1901..=9999).contains(year))?;
    ExcelDateTime::from_ymd(year, u8::try_from(day.month()).ok()?, u8::try_from(day.day()).ok()?).ok()
}

/// A number, unless Excel would keep only some of its digits.
fn number(text: &str) -> Option<f64> {
    let digits = text.bytes().filter(u8::is_ascii_digit).skip_while(|digit| *digit == b'0').count();
    if digits > MOST_DIGITS { None } else { text.parse().ok() }
}

/// Text as a cell shows it: control characters, marks that turn the direction of writing, and what XML cannot hold are
/// written out, and what is longer than a cell is cut and says so.
fn shown(text: &str) -> String {
    let harmless = text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    let mut text = if harmless { Cow::Borrowed(text) } else { Cow::Owned(plain(text)) };
    if !harmless && text.contains(['\u{fffe}', '\u{ffff}']) {
        text = Cow::Owned(text.replace('\u{fffe}', "\\u{fffe}").replace('\u{ffff}', "\\u{ffff}"));
    }
    if text.len() <= MOST_UNITS || text.encode_utf16().count() <= MOST_UNITS { text.into_owned() } else { cut(&text) }
}

fn cut(text: &str) -> String {
    let note = format!("… [cut here: the whole text has {} characters]", count(text.chars().count() as u64));
    let mut room = MOST_UNITS - note.encode_utf16().count();
    let fits = text.chars().take_while(|letter| {
        let left = room.checked_sub(letter.len_utf16());
        room = left.unwrap_or(0);
        left.is_some()
    });
    fits.collect::<String>() + &note
}

fn unwritable(error: &XlsxError) -> FolderError {
    FolderError::unwritable("the workbook", &io::Error::other(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_shows_what_its_text_holds() {
        for (text, written) in [
            ("", ""),
            ("=1+1", "=1+1"),
            ("a\u{1}b\nc", "a\\u{1}b\\nc"),
            ("\u{202e}gpj", "\\u{202e}gpj"),
            ("a\u{ffff}", "a\\u{ffff}"),
            ("é 日本", "é 日本"),
        ] {
            assert_eq!(shown(text), written);
        }
        for letter in ["x", "é", "😀"] {
            let units = letter.encode_utf16().count();
            let longest = letter.repeat(MOST_UNITS / units);
            assert_eq!(shown(&longest), longest);
            let cut = shown(&letter.repeat(40_000));
            assert!(cut.ends_with("… [cut here: the whole text has 40,000 characters]"));
            assert!((MOST_UNITS - 1..=MOST_UNITS).contains(&cut.encode_utf16().count()));
        }
    }

    #[test]
    fn a_number_keeps_all_its_digits_or_stays_text() {
        for (text, value) in [
            ("0.00", Some(0.0)),
            ("-12.50", Some(-12.5)),
            ("0.123456789012345", Some(0.123456789012345)),
            ("9999999999999.99", Some(9999999999999.99)),
            ("12345678901234.56", None),
            ("", None),
        ] {
            assert_eq!(number(text), value, "{text}");
        }
    }

    #[test]
    fn a_day_is_one_that_excel_has() {
        for (text, is_day) in
            [("1900-12-31", false), ("1901-01-01", true), ("2026-02-28", true), ("10000-01-01", false)]
        {
            assert_eq!(day(text).is_some(), is_day, "{text}");
        }
    }
}
