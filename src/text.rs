//! Interned text: each id and each word of the exports is kept once and is a number everywhere else.

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
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

/// The store of interned texts. It hands out numbers in order of first sight; nothing that is written may depend on
/// them.
#[derive(Clone)]
pub struct Texts {
    bytes: String,
    ends: Vec<usize>,
    /// The number of each text beside a part of its hash: few texts are looked at in vain, and none when it grows.
    table: HashTable<(u32, u32)>,
}

impl Default for Texts {
    fn default() -> Texts {
        let mut texts = Texts { bytes: String::new(), ends: Vec::new(), table: HashTable::new() };
        texts.intern("");
        texts
    }
}

/// The hash that [`Texts::intern_hashed`] expects; a text can so be hashed on another thread.
pub fn hash(text: &str) -> u32 {
    (foldhash::fast::FixedState::with_seed(0).hash_one(text.as_bytes()) >> 32) as u32
}

/// A part of a hash as the table wants it: all of its bits count, at both ends.
fn spread(hash: u32) -> u64 {
    u64::from(hash).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

impl Texts {
    /// The number of a text, which is stored if it is new.
    pub fn intern(&mut self, text: &str) -> Sym {
        self.intern_hashed(text, hash(text))
    }

    /// As [`Texts::intern`], with the text's [`hash`] already known.
    pub fn intern_hashed(&mut self, text: &str, hash: u32) -> Sym {
        let (bytes, ends) = (&self.bytes, &self.ends);
        let same = |&(other, at): &(u32, u32)| other == hash && slice(bytes, ends, at) == text;
        match self.table.entry(spread(hash), same, |(hash, _)| spread(*hash)) {
            Entry::Occupied(found) => Sym(found.get().1),
            Entry::Vacant(entry) => {
                let at = self.ends.len() as u32;
                entry.insert((hash, at));
                self.bytes.push_str(text);
                self.ends.push(self.bytes.len());
                Sym(at)
            }
        }
    }

    /// The number of a text that is already stored.
    pub fn find(&self, text: &str) -> Option<Sym> {
        let hash = hash(text);
        let same = |&(other, at): &(u32, u32)| other == hash && slice(&self.bytes, &self.ends, at) == text;
        self.table.find(spread(hash), same).map(|(_, at)| Sym(*at))
    }

    /// The text of a number.
    #[inline]
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

#[inline]
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
