//! How figures stand on a terminal: aligned columns, digits in groups, nothing that the terminal would obey.

use anstyle::Style;

/// A cell of a table.
pub struct Cell {
    text: String,
    style: Style,
    right: bool,
}

/// Text, to the left of its column.
pub fn left(text: impl Into<String>) -> Cell {
    Cell { text: text.into(), style: Style::new(), right: false }
}

/// A figure, to the right of its column.
pub fn right(text: impl Into<String>) -> Cell {
    Cell { text: text.into(), style: Style::new(), right: true }
}

impl Cell {
    /// The same cell in another style.
    pub fn styled(self, style: Style) -> Cell {
        Cell { style, ..self }
    }

    fn width(&self) -> usize {
        self.text.chars().count()
    }
}

/// Space between two columns.
const GAP: usize = 2;

/// Rows of cells, aligned. Each line comes with its width, which differs from its length where it is styled.
pub struct Table(Vec<Vec<Cell>>);

impl Table {
    /// A table that begins with its header.
    pub fn new(header: Vec<Cell>) -> Table {
        let bold = Style::new().bold();
        Table(vec![header.into_iter().map(|cell| cell.styled(bold)).collect()])
    }

    /// A table without a header.
    pub fn bare() -> Table {
        Table(Vec::new())
    }

    /// Adds a row.
    pub fn row(&mut self, cells: Vec<Cell>) {
        self.0.push(cells);
    }

    /// The lines, without white space at their ends.
    pub fn lines(&self) -> Vec<String> {
        self.measured().into_iter().map(|(line, _)| line).collect()
    }

    /// The lines of two tables beside each other.
    pub fn beside(&self, other: &Table) -> Vec<String> {
        let (left, right) = (self.measured(), other.measured());
        let width = left.iter().map(|(_, width)| *width).max().unwrap_or_default() + 3 * GAP;
        let line = |at: usize| {
            let (line, used) = left.get(at).map_or(("", 0), |(line, used)| (line.as_str(), *used));
            match right.get(at) {
                Some((other, _)) => format!("{line}{:pad$}{other}", "", pad = width - used),
                None => line.to_owned(),
            }
        };
        (0..left.len().max(right.len())).map(line).collect()
    }

    fn measured(&self) -> Vec<(String, usize)> {
        let columns = self.0.iter().map(Vec::len).max().unwrap_or_default();
        let width = |at: usize| self.0.iter().filter_map(|row| row.get(at)).map(Cell::width).max().unwrap_or_default();
        let widths: Vec<usize> = (0..columns).map(width).collect();
        self.0.iter().map(|row| line(row, &widths)).collect()
    }
}

fn line(row: &[Cell], widths: &[usize]) -> (String, usize) {
    let (mut line, mut used, mut due) = (String::new(), 0, 0);
    for (cell, width) in row.iter().zip(widths) {
        let lead = if cell.right { width - cell.width() } else { 0 };
        if cell.width() > 0 {
            let (style, pad) = (cell.style, due + lead - used);
            line.push_str(&format!("{:pad$}{style}{}{style:#}", "", cell.text));
            used = due + lead + cell.width();
        }
        due += width + GAP;
    }
    (line, used)
}

/// A count with its digits in groups of three.
pub fn count(number: u64) -> String {
    grouped(&number.to_string())
}

/// A count of things.
pub fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(number), if number == 1 { one } else { many })
}

/// Digits in groups of three.
pub fn grouped(digits: &str) -> String {
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Text of the exports as it may be shown: what a terminal would obey is written out.
pub fn plain(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars() {
        let turns = matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if letter.is_control() || turns { shown.extend(letter.escape_default()) } else { shown.push(letter) }
    }
    shown
}

/// Text as a part of a link: every byte that could mean something there is written as its number.
pub fn encoded(text: &str) -> String {
    let mut link = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => link.push(char::from(byte)),
            _ => link.push_str(&format!("%{byte:02X}")),
        }
    }
    link
}

/// Text of the exports that is cut where it is too long.
pub fn short(text: &str, width: usize) -> String {
    let text = plain(text);
    if text.chars().count() <= width {
        return text;
    }
    text.chars().take(width.saturating_sub(1)).chain(['…']).collect()
}

/// Lines of at most so many letters, broken at blanks; a longer word stands alone.
pub fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_stand_in_groups_of_three() {
        for (number, shown) in [(0, "0"), (999, "999"), (1000, "1,000"), (123_456, "123,456"), (1_234_567, "1,234,567")]
        {
            assert_eq!(count(number), shown);
        }
    }

    #[test]
    fn nothing_reaches_the_terminal_that_it_would_obey() {
        for (text, shown) in [
            ("\u{1b}[31mred", "\\u{1b}[31mred"),
            ("a\nb\tc", "a\\nb\\tc"),
            ("\u{202e}txt", "\\u{202e}txt"),
            ("\u{9b}x", "\\u{9b}x"),
            ("é 日本", "é 日本"),
        ] {
            assert_eq!(plain(text), shown);
        }
        assert_eq!(short("abcdef", 4), "abc…");
        assert_eq!(short("abcd", 4), "abcd");
    }

    #[test]
    fn columns_are_aligned_whatever_their_style() {
        let mut table = Table::bare();
        table.row(vec![left("rows"), right("1"), left("x")]);
        table.row(vec![left("a").styled(Style::new().bold()), right("1,000"), left("")]);
        let lines = table.lines();
        assert_eq!(lines[0], "rows      1  x");
        assert_eq!(anstream::adapter::strip_str(&lines[1]).to_string(), "a     1,000");
        assert_eq!(table.beside(&table)[0], "rows      1  x      rows      1  x");
    }

    #[test]
    fn lines_break_at_blanks() {
        assert_eq!(wrapped("one two  three\nfour", 9), ["one two", "three", "four"]);
        assert_eq!(wrapped("a-very-long-word b", 5), ["a-very-long-word", "b"]);
    }
}
