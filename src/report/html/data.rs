//! What the page's script reads: findings in columns, block by block, with the texts that recur kept once.
//!
//! A block is an element that the browser does not run. The script reads the list of a block when the page opens and its
//! details when one of its findings is opened, so that a hundred thousand findings open without a wait.

use super::entry::Entry;
use foldhash::fast::FixedState;
use hashbrown::HashMap;
use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};
use std::io::{self, Write};

/// JSON that can stand in any element: it has no `<`, so that nothing in it ends the element or begins another.
struct InElement;

impl Formatter for InElement {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        for (at, part) in fragment.split('<').enumerate() {
            if at > 0 {
                writer.write_all(b"\\u003c")?;
            }
            writer.write_all(part.as_bytes())?;
        }
        Ok(())
    }
}

/// Adds a value as JSON that can stand in an element.
///
/// # Errors
/// None that an input can cause: the writer of the format reports misuse this way.
pub fn put(to: &mut Vec<u8>, value: &impl Serialize) -> io::Result<()> {
    value.serialize(&mut Serializer::with_formatter(to, InElement))?;
    Ok(())
}

/// How many findings a block has.
const BLOCK: usize = 1000;
/// The columns of a block's list.
const LIST: [&str; 18] = [
    "id",
    "verdict",
    "policy",
    "version",
    "rule",
    "day",
    "decidedBy",
    "account",
    "invoice",
    "line",
    "request",
    "decision",
    "expected",
    "actual",
    "amount",
    "currency",
    "daysLate",
    "message",
];
/// The columns of its details.
const DETAILS: [&str; 2] = ["working", "rows"];
/// More texts than this are not kept once, nor is a longer one.
const MOST_TEXTS: usize = 1 << 16;
const LONGEST: usize = 1000;

/// Texts that recur. A text is kept as what stands between its figures: `due by 2026-08-06` as `due by ` with a figure
/// after it, so that the same sentence about other figures is the same text.
#[derive(Default)]
struct Texts {
    places: HashMap<String, u32, FixedState>,
    /// The texts as a list of JSON, without its brackets.
    json: Vec<u8>,
}

/// What stands for a figure in the key of a text.
const FIGURE: char = '\0';

impl Texts {
    /// Adds a text to JSON: its number, or a list of its number and its figures; or the text itself.
    fn put(&mut self, text: &str, to: &mut Vec<u8>) -> io::Result<()> {
        if text.is_empty() || text.len() > LONGEST || text.contains(FIGURE) {
            return put(to, &text);
        }
        let (mut key, mut figures) = (String::with_capacity(text.len()), Vec::new());
        for (at, word) in text.split(' ').enumerate() {
            if at > 0 {
                key.push(' ');
            }
            if word.bytes().any(|byte| byte.is_ascii_digit()) {
                key.push(FIGURE);
                figures.push(word);
            } else {
                key.push_str(word);
            }
        }
        let Some(place) = self.place(key)? else { return put(to, &text) };
        if figures.is_empty() {
            return put(to, &place);
        }
        to.push(b'[');
        put(to, &place)?;
        for figure in figures {
            to.push(b',');
            put(to, &figure)?;
        }
        to.push(b']');
        Ok(())
    }

    /// The number of a text, which is kept if there is room.
    fn place(&mut self, key: String) -> io::Result<Option<u32>> {
        if let Some(place) = self.places.get(&key) {
            return Ok(Some(*place));
        }
        if self.places.len() >= MOST_TEXTS {
            return Ok(None);
        }
        if !self.places.is_empty() {
            self.json.push(b',');
        }
        put(&mut self.json, &key.split(FIGURE).collect::<Vec<_>>())?;
        let place = self.places.len() as u32;
        self.places.insert(key, place);
        Ok(Some(place))
    }
}

/// Words of which each is kept once, such as the names of those who decided.
#[derive(Default)]
struct Words {
    places: HashMap<String, u32, FixedState>,
    words: Vec<String>,
}

impl Words {
    fn place(&mut self, word: &str) -> u32 {
        if let Some(place) = self.places.get(word) {
            return *place;
        }
        let place = self.words.len() as u32;
        self.places.insert(word.to_owned(), place);
        self.words.push(word.to_owned());
        place
    }
}

/// Findings as they are embedded, in their order.
pub struct Blocks {
    /// The values of each column of the block in the making, as a list of JSON that is not closed.
    list: [Vec<u8>; LIST.len()],
    details: [Vec<u8>; DETAILS.len()],
    held: usize,
    count: usize,
    texts: Texts,
    policies: Words,
    versions: Words,
    deciders: Words,
    currencies: Words,
}

impl Default for Blocks {
    fn default() -> Blocks {
        Blocks {
            list: std::array::from_fn(|_| Vec::new()),
            details: std::array::from_fn(|_| Vec::new()),
            held: 0,
            count: 0,
            texts: Texts::default(),
            policies: Words::default(),
            versions: Words::default(),
            deciders: Words::default(),
            currencies: Words::default(),
        }
    }
}

impl Blocks {
    /// Adds a finding, and writes the block that it completes.
    ///
    /// # Errors
    /// When the place cannot be written to.
    pub fn add(&mut self, entry: &Entry<'_>, to: &mut dyn Write) -> io::Result<()> {
        let begin = if self.held == 0 { b'[' } else { b',' };
        self.list.iter_mut().chain(&mut self.details).for_each(|column| column.push(begin));
        self.add_list(entry)?;
        self.add_details(entry)?;
        (self.held, self.count) = (self.held + 1, self.count + 1);
        if self.held == BLOCK { self.write_block(to) } else { Ok(()) }
    }

    fn add_list(&mut self, entry: &Entry<'_>) -> io::Result<()> {
        let [id, verdict, policy, version, rule, day, by, rest @ ..] = &mut self.list;
        let [account, invoice, line, request, decision, expected, actual, amount, currency, days_late, message] = rest;
        put(id, &entry.id)?;
        put(verdict, &entry.verdict)?;
        put(policy, &self.policies.place(&entry.policy))?;
        put(version, &self.versions.place(&entry.version))?;
        put(rule, &entry.rule)?;
        put(day, &entry.day)?;
        put(by, &self.deciders.place(&entry.decided_by))?;
        for (column, text) in [account, invoice, line, request, decision].into_iter().zip(&entry.ids) {
            put(column, text)?;
        }
        self.texts.put(&entry.expected, expected)?;
        self.texts.put(&entry.actual, actual)?;
        put(amount, &entry.amount.as_deref().unwrap_or_default())?;
        put(currency, &self.currencies.place(&entry.currency))?;
        put(days_late, &entry.days_late)?;
        self.texts.put(&entry.message, message)
    }

    fn add_details(&mut self, entry: &Entry<'_>) -> io::Result<()> {
        let [working, rows] = &mut self.details;
        working.push(b'[');
        for (at, step) in entry.working.iter().enumerate() {
            if at > 0 {
                working.push(b',');
            }
            self.texts.put(step, working)?;
        }
        working.push(b']');
        rows.push(b'[');
        for (at, row) in entry.rows.iter().enumerate() {
            if at > 0 {
                rows.push(b',');
            }
            write!(rows, "[{},{}", row.file, row.record)?;
            if let Some(says) = &row.says {
                rows.push(b',');
                self.texts.put(says, rows)?;
            }
            rows.push(b']');
        }
        rows.push(b']');
        Ok(())
    }

    fn write_block(&mut self, to: &mut dyn Write) -> io::Result<()> {
        if self.held == 0 {
            return Ok(());
        }
        self.held = 0;
        columns("list", &LIST, &mut self.list, to)?;
        columns("details", &DETAILS, &mut self.details, to)
    }

    /// Writes the last block, and what its numbers stand for.
    ///
    /// # Errors
    /// When the place cannot be written to.
    pub fn finish(mut self, to: &mut dyn Write) -> io::Result<()> {
        self.write_block(to)?;
        let words = [&self.policies, &self.versions, &self.deciders, &self.currencies].map(|words| &words.words);
        element("words", |json| put(json, &words), to)?;
        element("count", |json| put(json, &self.count), to)?;
        element(
            "texts",
            |json| {
                json.push(b'[');
                json.extend_from_slice(&self.texts.json);
                json.push(b']');
                Ok(())
            },
            to,
        )
    }
}

/// Writes columns as an object, and leaves them empty.
fn columns(class: &str, names: &[&str], columns: &mut [Vec<u8>], to: &mut dyn Write) -> io::Result<()> {
    let content = |json: &mut Vec<u8>| {
        for (at, (name, column)) in names.iter().zip(columns).enumerate() {
            json.push(if at == 0 { b'{' } else { b',' });
            put(json, name)?;
            json.push(b':');
            json.append(column);
            json.push(b']');
        }
        json.push(b'}');
        Ok(())
    };
    element(class, content, to)
}

/// An element of data.
#[derive(askama::Template)]
#[template(path = "data.html")]
struct Element<'a> {
    part: &'a str,
    /// JSON that can stand in an element.
    json: &'a str,
}

/// Writes an element of data.
///
/// # Errors
/// When the place cannot be written to.
pub fn element(part: &str, content: impl FnOnce(&mut Vec<u8>) -> io::Result<()>, to: &mut dyn Write) -> io::Result<()> {
    let mut json = Vec::new();
    content(&mut json)?;
    let json = std::str::from_utf8(&json).map_err(io::Error::other)?;
    askama::Template::write_into(&Element { part, json }, to)
}

/// How many rows of a kind are embedded.
const MOST_ROWS: usize = 10_000;

/// Rows that could not be used, or cases that rest on them: the first of them, and how many there are.
pub struct Rows {
    part: &'static str,
    /// A list of JSON that is not closed.
    held: Vec<u8>,
    count: usize,
}

impl Rows {
    /// None yet, of a part of the data.
    pub fn of(part: &'static str) -> Rows {
        Rows { part, held: Vec::new(), count: 0 }
    }

    /// Adds a row of JSON.
    pub fn add(&mut self, row: &[u8]) {
        if self.count < MOST_ROWS {
            self.held.push(if self.count == 0 { b'[' } else { b',' });
            self.held.extend_from_slice(row);
        }
        self.count += 1;
    }

    /// Writes them.
    ///
    /// # Errors
    /// When the place cannot be written to.
    pub fn finish(mut self, to: &mut dyn Write) -> io::Result<()> {
        if self.count == 0 {
            self.held.push(b'[');
        }
        let content = |json: &mut Vec<u8>| {
            json.extend_from_slice(b"{\"rows\":");
            json.append(&mut self.held);
            write!(json, "],\"count\":{}}}", self.count)
        };
        element(self.part, content, to)
    }
}
