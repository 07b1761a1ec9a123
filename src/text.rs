//! Interned text: each id and each word of the exports is kept once and is a number everywhere else.

use hashbrown::HashTable;
use std::hash::BuildHasher;

/// An interned text. Two are equal exactly when their texts are. `Sym::BLANK` is the empty text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sym(pub(crate) u32);

impl Sym {
    /// The empty text: nothing was recorded.
    pub const BLANK: Sym = Sym(0);

    /// Whether it is the empty text.
    pub fn is_blank(self) -> bool {
        self == Sym::BLANK
    }

    /// The number that stands for the text, from 0 up without holes.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// The store of interned texts. It hands out numbers in order of first sight, so that the same input gives the same
/// numbers; nothing that is written may depend on them all the same.
#[derive(Clone)]
pub struct Texts {
    bytes: String,
    ends: Vec<usize>,
    table: HashTable<u32>,
    hasher: foldhash::fast::FixedState,
}

impl Default for Texts {
    fn default() -> Texts {
        let mut texts = Texts {
            bytes: String::new(),
            ends: Vec::new(),
            table: HashTable::new(),
            hasher: foldhash::fast::FixedState::with_seed(0),
        };
        texts.intern("");
        texts
    }
}

impl Texts {
    /// The number of a text, which is stored if it is new.
    pub fn intern(&mut self, text: &str) -> Sym {
        self.intern_hashed(text, self.hash(text))
    }

    /// The hash that [`Texts::intern_hashed`] expects; a text can so be hashed on another thread.
    pub fn hash(&self, text: &str) -> u64 {
        self.hasher.hash_one(text.as_bytes())
    }

    /// As [`Texts::intern`], with the text's hash already known.
    pub fn intern_hashed(&mut self, text: &str, hash: u64) -> Sym {
        let (bytes, ends) = (&self.bytes, &self.ends);
        if let Some(found) = self.table.find(hash, |&at| slice(bytes, ends, at) == text) {
            return Sym(*found);
        }
        let at = self.ends.len() as u32;
        self.bytes.push_str(text);
        self.ends.push(self.bytes.len());
        let (bytes, ends, hasher) = (&self.bytes, &self.ends, &self.hasher);
        self.table.insert_unique(hash, at, |&other| hasher.hash_one(slice(bytes, ends, other).as_bytes()));
        Sym(at)
    }

    /// The number of a text that is already stored.
    pub fn find(&self, text: &str) -> Option<Sym> {
        self.table.find(self.hash(text), |&at| slice(&self.bytes, &self.ends, at) == text).map(|at| Sym(*at))
    }

    /// The text of a number.
    pub fn get(&self, sym: Sym) -> &str {
        slice(&self.bytes, &self.ends, sym.0)
    }

    /// The text of a [`Sym::index`]; empty if there is none such.
    pub fn at(&self, index: usize) -> &str {
        if index < self.ends.len() { slice(&self.bytes, &self.ends, index as u32) } else { "" }
    }

    /// How many texts are stored, the empty one included.
    pub fn count(&self) -> usize {
        self.ends.len()
    }
}

fn slice<'a>(bytes: &'a str, ends: &[usize], at: u32) -> &'a str {
    let at = at as usize;
    let start = if at == 0 { 0 } else { ends[at - 1] };
    &bytes[start..ends[at]]
}

/// A word as it is compared: lower-cased, its blanks and hyphens written `_`, without leading and trailing white space.
pub fn normal_code(text: &str) -> String {
    let mut code = text.trim().to_lowercase();
    if code.contains(|c: char| c == '-' || c.is_whitespace()) {
        code = code.chars().map(|c| if c == '-' || c.is_whitespace() { '_' } else { c }).collect();
    }
    code
}
