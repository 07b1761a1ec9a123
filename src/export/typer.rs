//! Cells judged and typed.

use super::cells::{Aside, Gathered, MOST_ROWS, Typed, currency_bits};
use super::header::{Sort, Task};
use super::value;
use super::words::Words;
use crate::column::MOST_COLUMNS;
use crate::money::{Amount, Currency};
use crate::record::Flag;
use crate::text::{Interner, Sym, Text, View};
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

pub(super) const LONGEST_CELL: usize = 1 << 20;

/// How many ids of a column are known again.
const LAST: usize = 8;

/// How long a word may be that is known by its bytes.
pub(super) const KEY: usize = 16;

impl<'b> Bytes<'b> {
    pub(super) fn of(bytes: &'b [u8]) -> Bytes<'b> {
        Bytes { bytes, text: std::str::from_utf8(bytes).ok().filter(|_| memchr(0, bytes).is_none()) }
    }

    #[inline(always)]
    pub(super) fn cell(&self, (from, to): Span) -> &'b [u8] {
        self.bytes.get(from..to).unwrap_or_default()
    }

    /// The cell as a text without NUL and not too long, if it is one.
    #[inline(always)]
    pub(super) fn readable(&self, (from, to): Span) -> Option<&'b str> {
        match self.text {
            _ if to - from > LONGEST_CELL => None,
            Some(text) => text.get(from..to),
            None => std::str::from_utf8(self.cell((from, to))).ok().filter(|text| !text.as_bytes().contains(&0)),
        }
    }

    /// Whether the cell is a text without NUL and not too long.
    #[inline(always)]
    fn is_readable(&self, (from, to): Span) -> bool {
        (self.text.is_some() && to - from <= LONGEST_CELL) || self.readable((from, to)).is_some()
    }

    /// The cell as a text to be kept, if it is one without NUL and not too long.
    #[inline(always)]
    fn text_at(&self, span: Span) -> Option<Text<'b>> {
        match self.short_at(span) {
            Some(short) => Some(short.into()),
            None => self.long_at(span),
        }
    }

    #[inline(always)]
    fn short_at(&self, (from, to): Span) -> Option<View> {
        View::short(*self.bytes.get(from..).filter(|_| self.text.is_some())?.first_chunk()?, to - from)
    }

    fn long_at(&self, span: Span) -> Option<Text<'b>> {
        self.readable(span).map(Text::of)
    }

    /// A short cell of a text as a number, which no other text has: its bytes are the highest ones.
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

/// The columns of rows that are typed at once: their cells without white space around any, each with a comma after it.
pub(super) struct Columns<'r> {
    pub(super) bytes: Bytes<'r>,
    /// Of each row where its first cell begins, and where the bytes after each cell's comma do.
    pub(super) bounds: &'r [usize],
    pub(super) width: usize,
    /// A bit for each row, which is 0 once a cell of it is not sound.
    pub(super) sound: u64,
}

impl<'r> Columns<'r> {
    /// Types each cell of a column that is not blank.
    #[inline(always)]
    fn each(
        &mut self,
        (task, position): (Task, usize),
        typed: &mut Typed,
        mut type_cell: impl FnMut(Bytes<'r>, Span) -> Option<u64>,
    ) {
        let width = self.width + 1;
        let (mut filled, mut row) = (0_u64, 1);
        for bounds in self.bounds.chunks_exact(width) {
            let Some([start, next]) = bounds.get(position..).and_then(<[usize]>::first_chunk) else { return };
            filled |= if start + 1 == *next { 0 } else { row };
            row <<= 1;
        }
        let (mut left, mut unsound) = (filled, 0_u64);
        *typed = [task.blank; MOST_ROWS];
        while left != 0 {
            let at = left.trailing_zeros() as usize;
            left &= left - 1;
            let bounds = self.bounds.get(at * width + position..).and_then(<[usize]>::first_chunk);
            let (Some([start, next]), Some(typed)) = (bounds, typed.get_mut(at)) else { return };
            if let Some(value) = type_cell(self.bytes, (*start, next - 1)) {
                *typed = value;
            } else {
                *typed = task.unreadable;
                unsound |= 1 << at;
            }
        }
        let blank = !filled;
        self.sound &= !(unsound | if task.is_required { blank } else { 0 });
    }
}

/// Types cells.
pub(super) struct Typer<'a> {
    words: &'a Words,
    pub(super) texts: Gathered,
    pub(super) aside: Aside,
    /// The last ids in each column, by what they begin with: numbers of lines are few, and come again and again.
    last: [[(View, Sym); LAST]; MOST_COLUMNS],
    short: Short,
    /// The words of codes as they are written, and the meaning of each by its number.
    written: Interner,
    short_written: Short,
    codes: Vec<Code>,
    /// The currencies met so far, and their codes as written; there are few.
    pub(super) currencies: Vec<Currency>,
    currency_codes: Vec<[u8; 3]>,
}

impl<'a> Typer<'a> {
    /// For about so many rows.
    pub(super) fn new(words: &'a Words, rows: usize) -> Typer<'a> {
        let mut written = Interner::default();
        written.intern("");
        Typer {
            words,
            texts: Gathered::new(2 * rows),
            aside: Aside::default(),
            last: [[(View::BLANK, Sym::BLANK); LAST]; MOST_COLUMNS],
            short: Short::NONE,
            written,
            short_written: Short::NONE,
            codes: vec![Code { normal: Sym::BLANK, known: words.known(""), family: None }],
            currencies: Vec::new(),
            currency_codes: Vec::new(),
        }
    }

    /// Types the cells of a column, in a loop of its own for each sort.
    pub(super) fn column(&mut self, task: Task, position: usize, columns: &mut Columns, typed: &mut Typed) {
        macro_rules! by_sort {
            ($($sort:ident)*) => {
                match task.sort {
                    $(Sort::$sort => columns.each((task, position), typed, |bytes, span| {
                        self.cell(Task { sort: Sort::$sort, ..task }, bytes, span)
                    }),)*
                }
            };
        }
        by_sort!(Id Word Code Family Presence Time Date Amount Percent Whole Flag Currency)
    }

    /// The bits of a cell that is not blank; `None` if it is not sound.
    #[inline(always)]
    pub(super) fn cell(&mut self, task: Task, bytes: Bytes, span: Span) -> Option<u64> {
        let cell = bytes.cell(span);
        match task.sort {
            Sort::Id => bytes.text_at(span).and_then(|text| self.id(task.place, text)).map(Sym::bits),
            Sort::Word => self.short.number(&mut self.texts.words, bytes, span).map(Sym::bits),
            Sort::Code => self.code(task, bytes, span).map(|code| code.normal.bits()),
            Sort::Family => self.code(task, bytes, span).and_then(|code| code.family).map(u64::from),
            Sort::Presence => bytes.is_readable(span).then_some(Flag::Yes as u64),
            Sort::Time if cell.len() == value::DATE => value::date(cell).map(Stamp::to_bits),
            Sort::Time => value::time(cell).map(Stamp::to_bits),
            Sort::Date => value::date(cell).map(Stamp::to_bits),
            Sort::Amount | Sort::Percent | Sort::Whole => self.amount(task.sort, bytes, span).map(Amount::to_bits),
            Sort::Flag => value::flag(cell).map(|flag| flag as u64),
            Sort::Currency => self.currency(cell).map(currency_bits),
        }
    }

    #[inline(always)]
    fn id(&mut self, place: usize, text: Text) -> Option<Sym> {
        let last = self.last.get_mut(place)?.get_mut(text.first() % LAST)?;
        match text.short() {
            Some(view) if view == last.0 => {}
            Some(view) => *last = (view, self.texts.list(text)),
            None => *last = (View::BLANK, self.texts.long_id(text, last.1)),
        }
        Some(last.1)
    }

    /// The meaning of a word, if the column knows it.
    #[inline(always)]
    fn code(&mut self, task: Task, bytes: Bytes, span: Span) -> Option<Code> {
        let written = self.short_written.number(&mut self.written, bytes, span)?;
        let code = match self.codes.get(written.index()) {
            Some(code) => *code,
            None => self.new_code(self.written.at(written.0).to_owned().as_str()),
        };
        task.closed.is_none_or(|closed| code.known.get(usize::from(closed)) == Some(&true)).then_some(code)
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
    fn amount(&mut self, sort: Sort, bytes: Bytes, span: Span) -> Option<Amount> {
        let cell = bytes.cell(span);
        if sort == Sort::Amount {
            let eight = bytes.key(span).filter(|_| cell.len() <= value::EIGHT);
            let short = match eight {
                Some(key) => value::eight_of_amount((key >> u64::BITS) as u64, cell.len()),
                None => value::short_amount(cell),
            };
            if let Some((digits, scale)) = short {
                return Amount::short(digits, scale);
            }
        }
        let value = match sort {
            Sort::Percent => value::percent(cell),
            Sort::Whole => value::whole(cell),
            _ => value::amount(cell),
        };
        value.map(|value| Amount::pack(value, &mut self.aside.wide))
    }

    /// The place of a currency in the list.
    #[inline]
    fn currency(&mut self, cell: &[u8]) -> Option<usize> {
        if let Some(known) = self.currency_codes.iter().position(|code| code == cell) {
            return Some(known);
        }
        self.currencies.push(value::currency(cell)?);
        self.currency_codes.push(cell.try_into().ok()?);
        Some(self.currencies.len() - 1)
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
