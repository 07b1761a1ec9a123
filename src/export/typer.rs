//! Cells judged and typed.

use super::cells::{Cells, CurrencyCell, Gathered};
use super::header::{Sort, Task};
use super::row::Columns;
use super::value::{self, trimmed};
use super::words::Words;
use crate::column::{Column, MOST_COLUMNS};
use crate::money::{Amount, Currency, WideAmounts};
use crate::record::Flag;
use crate::text::{Interner, Sym};
use crate::time::Stamp;
use memchr::memchr;

/// Where a cell begins and ends.
pub(super) type Span = (usize, usize);

/// The bytes of rows, and the same as a text where they are one without NUL.
#[derive(Clone, Copy)]
pub(super) struct Bytes<'b> {
    pub(super) bytes: &'b [u8],
    text: Option<&'b str>,
}

/// How long a word may be that is known by its bytes.
pub(super) const KEY: usize = 16;

impl<'b> Bytes<'b> {
    pub(super) fn of(bytes: &'b [u8]) -> Bytes<'b> {
        Bytes { bytes, text: std::str::from_utf8(bytes).ok().filter(|_| memchr(0, bytes).is_none()) }
    }

    /// Where the cell lies without white space around it.
    #[cold]
    pub(super) fn trimmed(&self, (start, end): Span) -> Span {
        let (from, to) = trimmed(self.cell((start, end)));
        (start + from, start + to)
    }

    #[inline(always)]
    pub(super) fn cell(&self, (from, to): Span) -> &'b [u8] {
        self.bytes.get(from..to).unwrap_or_default()
    }

    /// The cell as a text without NUL, if it is one.
    #[inline(always)]
    pub(super) fn readable(&self, (from, to): Span) -> Option<&'b str> {
        match self.text {
            Some(text) => text.get(from..to),
            None => std::str::from_utf8(self.cell((from, to))).ok().filter(|text| !text.as_bytes().contains(&0)),
        }
    }

    /// A short cell of a text as a number, which no other text has.
    #[inline(always)]
    fn key(&self, (from, to): Span) -> Option<u128> {
        let unused = KEY.checked_sub(to - from).filter(|_| self.text.is_some())?;
        let bytes = self.bytes.get(from..)?.first_chunk::<KEY>()?;
        u128::from_le_bytes(*bytes).checked_shl(8 * unused as u32)
    }
}

/// The numbers of short words by their bytes, each in a place that others may take: most words come again and again.
struct Short([(u128, Sym); 64]);

impl Short {
    const NONE: Short = Short([(0, Sym::BLANK); 64]);

    /// The number of a word, which is stored if it is new; `None` if it is no text.
    #[inline(always)]
    fn number(&mut self, words: &mut Interner, bytes: Bytes, span: Span) -> Option<Sym> {
        let Some(key) = bytes.key(span) else { return bytes.readable(span).map(|word| Sym(words.intern(word))) };
        let mixed = ((key >> 64) as u64 ^ key as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let place = self.0.get_mut((mixed >> 58) as usize)?;
        if place.0 != key {
            *place = (key, Sym(words.intern(bytes.readable(span)?)));
        }
        Some(place.1)
    }
}

/// A word as it is written in codes' columns, and what it means there.
#[derive(Clone, Copy)]
struct Code {
    normal: Sym,
    known: [bool; 4],
    family: Option<u16>,
}

/// Types cells.
pub(super) struct Typer<'a> {
    words: &'a Words,
    pub(super) texts: Gathered,
    pub(super) wide: WideAmounts,
    /// The last id in each column.
    last: [Sym; MOST_COLUMNS],
    short: Short,
    /// The words of codes as they are written, and the meaning of each by its number.
    written: Interner,
    short_written: Short,
    codes: Vec<Code>,
    /// The currency codes met so far, as written; there are few.
    currencies: Vec<([u8; 3], Currency)>,
}

impl<'a> Typer<'a> {
    /// For about so many rows.
    pub(super) fn new(words: &'a Words, rows: usize) -> Typer<'a> {
        let mut written = Interner::default();
        written.intern("");
        Typer {
            words,
            texts: Gathered::new(2 * rows),
            wide: WideAmounts::default(),
            last: [Sym::BLANK; MOST_COLUMNS],
            short: Short::NONE,
            written,
            short_written: Short::NONE,
            codes: vec![Code { normal: Sym::BLANK, known: words.known(""), family: None }],
            currencies: Vec::new(),
        }
    }

    /// Types the cells of a column, in a loop of its own for each sort.
    pub(super) fn column(&mut self, task: Task, position: usize, columns: &mut Columns) {
        let bytes = columns.bytes;
        macro_rules! by_sort {
            ($($sort:ident)*) => {
                match task.sort {
                    $(Sort::$sort => columns.each(position, task.is_required, |cells, cell, span| {
                        self.cell(Task { sort: Sort::$sort, ..task }, cells, bytes, cell, span)
                    }),)*
                }
            };
        }
        by_sort!(Id Word Code Presence Time Date Amount Percent Whole Flag Currency)
    }

    /// Types a cell that is not blank, and tells whether it is sound. What cannot be read is blank, but of an unknown word
    /// and a currency that is none it is kept that they were there.
    #[inline(always)]
    pub(super) fn cell(&mut self, task: Task, cells: &mut Cells, bytes: Bytes, cell: &[u8], span: Span) -> bool {
        let value = match task.sort {
            Sort::Id => bytes.readable(span).map(|text| self.id(task.place, text).bits()),
            Sort::Word => self.short.number(&mut self.texts.words, bytes, span).map(Sym::bits),
            Sort::Code => return self.code(task, cells, bytes, span),
            Sort::Presence => bytes.readable(span).map(|_| Flag::Yes as u64),
            Sort::Time if cell.len() == value::DATE => value::date(cell).map(Stamp::to_bits),
            Sort::Time => value::time(cell).map(Stamp::to_bits),
            Sort::Date => value::date(cell).map(Stamp::to_bits),
            Sort::Amount | Sort::Percent | Sort::Whole => self.amount(task.sort, cell).map(Amount::to_bits),
            Sort::Flag => value::flag(cell).map(|flag| flag as u64),
            Sort::Currency => return self.currency(cells, cell),
        };
        value.map(|value| cells.put(task.place, value)).is_some()
    }

    #[inline]
    fn id(&mut self, place: usize, text: &str) -> Sym {
        let Some(last) = self.last.get_mut(place) else { return Sym::BLANK };
        *last = self.texts.id(text, *last);
        *last
    }

    #[inline(always)]
    fn code(&mut self, task: Task, cells: &mut Cells, bytes: Bytes, span: Span) -> bool {
        let Some(written) = self.short_written.number(&mut self.written, bytes, span) else { return false };
        let code = match self.codes.get(written.index()) {
            Some(code) => *code,
            None => self.new_code(self.written.at(written.0).to_owned().as_str()),
        };
        cells.put(task.place, code.normal.bits());
        if task.column == Column::Policy {
            cells.family = code.family;
        }
        task.closed.is_none_or(|closed| code.known.get(usize::from(closed)) == Some(&true))
    }

    /// What a word means, which is worked out once in a block.
    #[cold]
    fn new_code(&mut self, written: &str) -> Code {
        let normal = value::code(written);
        let known = self.words.known(&normal);
        let family = self.words.family(&normal);
        let code = Code { normal: Sym(self.texts.words.intern(&normal)), known, family };
        self.codes.push(code);
        code
    }

    #[inline(always)]
    fn amount(&mut self, sort: Sort, cell: &[u8]) -> Option<Amount> {
        if let (Sort::Amount, Some((digits, scale))) = (sort, value::short_amount(cell)) {
            return Amount::short(digits, scale);
        }
        let value = match sort {
            Sort::Percent => value::percent(cell),
            Sort::Whole => value::whole(cell),
            _ => value::amount(cell),
        };
        value.map(|value| Amount::pack(value, &mut self.wide))
    }

    /// Looks a currency up.
    #[inline]
    fn currency(&mut self, cells: &mut Cells, cell: &[u8]) -> bool {
        let known = self.currencies.iter().find(|(code, _)| code == cell).map(|(_, currency)| *currency);
        let found = known.or_else(|| value::currency(cell));
        if let (None, Some(currency), Ok(code)) = (known, found, cell.try_into()) {
            self.currencies.push((code, currency));
        }
        cells.currency = found.map_or(CurrencyCell::Unreadable, CurrencyCell::Known);
        found.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_word_has_one_number_whatever_its_length_and_place() {
        let list: Vec<String> = (0..300).map(|n| "x".repeat(n % 19) + &n.to_string()).collect();
        let text = list.join(",") + &",".repeat(KEY);
        let (mut short, mut words) = (Short::NONE, Interner::default());
        for _ in 0..2 {
            let mut start = 0;
            for word in &list {
                let span = (start, start + word.len());
                let found = short.number(&mut words, Bytes::of(text.as_bytes()), span).unwrap();
                assert_eq!(words.at(found.0), word);
                start = span.1 + 1;
            }
        }
        assert_eq!(words.count(), list.len());
    }

    #[test]
    fn what_is_no_text_has_no_number() {
        let (mut short, mut words) = (Short::NONE, Interner::default());
        for bytes in [&b"a\xff,,,,,,,,,,,,,,,,"[..], b"a\0,,,,,,,,,,,,,,,,"] {
            let mut number = |span| short.number(&mut words, Bytes::of(bytes), span);
            assert_eq!((number((0, 2)), number((0, 1))), (None, Some(Sym(0))));
        }
    }
}
