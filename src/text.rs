//! Interned text: each id and each word of the exports is kept once and is a number everywhere else.

mod view;

use rayon::prelude::*;
pub use view::{Kept, Text, View};

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

    pub(crate) fn bits(self) -> u64 {
        u64::from(self.0)
    }

    /// The number that stands for the text: see [`Texts::limit`].
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// Texts one after another, with the hash of each.
#[derive(Clone, Default)]
pub struct List {
    texts: Kept,
    hashes: Vec<u32>,
}

impl List {
    /// A list with room for so many texts.
    pub fn with_capacity(count: usize) -> List {
        List { texts: Kept::with_capacity(count), hashes: Vec::with_capacity(count) }
    }

    /// Adds a text, and tells its place. The hash is its own.
    #[inline]
    pub fn push(&mut self, text: Text, hash: u32) -> usize {
        self.hashes.push(hash);
        self.texts.push(text)
    }

    /// The texts.
    #[inline]
    pub fn texts(&self) -> &Kept {
        &self.texts
    }
}

/// Places of texts by the hash of each, in open addressing: as many slots as a power of two, at most seven of eight taken.
/// Many are looked up at once by first touching the slots of all, which waits for memory once and not hash by hash; tables of
/// others do not tell where a hash would lie. Slots are small, so that as many as may be lie in a cache: of a hash they have
/// but a few bits, and whose text it is tells the text alone.
#[derive(Clone, Default)]
struct Slots {
    /// The highest bits of a hash, and below them the place.
    slots: Vec<u32>,
    taken: usize,
}

const FEWEST_SLOTS: usize = 16;

const PLACE_BITS: u32 = 27;

/// How many places a slot can tell apart.
const MOST_PLACES: usize = (1 << PLACE_BITS) - 1;

/// A slot with nothing: no place is as high. It is not 0, so that a new table is written at once, and not page by page as texts
/// come, each first read and then written.
const FREE: u32 = u32::MAX;

impl Slots {
    /// Where a hash lies, if nothing is in its way.
    #[inline]
    fn first(&self, hash: u32) -> usize {
        // The lowest bits chose the part. The middle ones of this depend on all.
        (u64::from(hash).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize & self.slots.len().wrapping_sub(1)
    }

    /// The place with bits of a hash that `is_same` accepts, or else the free slot where one would be put.
    #[inline]
    fn find(&self, hash: u32, mut is_same: impl FnMut(u32) -> bool) -> Result<u32, usize> {
        let mut at = self.first(hash);
        while let Some(slot) = self.slots.get(at).filter(|slot| **slot != FREE) {
            let place = *slot & MOST_PLACES as u32;
            if (slot ^ hash) >> PLACE_BITS == 0 && is_same(place) {
                return Ok(place);
            }
            at = (at + 1) & (self.slots.len() - 1);
        }
        Err(at)
    }

    /// Puts a place into a free slot that was found.
    #[inline]
    fn put(&mut self, free: usize, hash: u32, place: u32) {
        if let Some(slot) = self.slots.get_mut(free) {
            *slot = hash >> PLACE_BITS << PLACE_BITS | place;
            self.taken += 1;
        }
    }

    /// Makes room for so many more than these texts.
    fn reserve(&mut self, texts: &Kept, more: usize) {
        let wanted = (self.taken + more) * 8 / 7 + 1;
        if wanted <= self.slots.len() {
            return;
        }
        self.slots = vec![FREE; wanted.next_power_of_two().max(FEWEST_SLOTS)];
        self.taken = 0;
        for place in 0..texts.count() {
            let hash = texts.get(place).hash();
            if let Err(free) = self.find(hash, |_| false) {
                self.put(free, hash, place as u32);
            }
        }
    }

    /// Looks at the slots of hashes, so that they are near afterwards.
    fn touch(&self, hashes: &[u32]) {
        let seen = hashes.iter().filter_map(|hash| self.slots.get(self.first(*hash)));
        std::hint::black_box(seen.fold(0, |all, slot| all ^ slot));
    }
}

/// A store of interned texts: their places are numbers from 0 up without holes, in order of first sight.
#[derive(Clone, Default)]
pub struct Interner {
    texts: Kept,
    slots: Slots,
}

impl Interner {
    /// The place of a text, which is stored if it is new.
    pub fn intern(&mut self, text: &str) -> u32 {
        self.intern_text(Text::of(text))
    }

    fn intern_text(&mut self, text: Text) -> u32 {
        self.slots.reserve(&self.texts, 1);
        let hash = text.hash();
        match self.slots.find(hash, |at| self.texts.get(at as usize) == text) {
            Ok(place) => place,
            Err(free) => self.store(text, hash, free),
        }
    }

    #[inline]
    fn store(&mut self, text: Text, hash: u32, free: usize) -> u32 {
        let place = self.texts.push(text) as u32;
        self.slots.put(free, hash, place);
        place
    }

    /// The places of a list's texts. They are found by hash first and compared afterwards: memory is waited for once,
    /// not text by text.
    fn intern_all(&mut self, list: &List) -> Vec<u32> {
        self.slots.reserve(&self.texts, list.hashes.len());
        self.slots.touch(&list.hashes);
        let mut places = Vec::with_capacity(list.hashes.len());
        for (at, hash) in list.hashes.iter().enumerate() {
            places.push(match self.slots.find(*hash, |_| true) {
                Ok(place) => place,
                Err(free) => self.store(list.texts.get(at), *hash, free),
            });
        }
        for (at, place) in places.iter_mut().enumerate() {
            let text = list.texts.get(at);
            if self.texts.get(*place as usize) != text {
                *place = self.intern_text(text);
            }
        }
        places
    }

    /// The text at a place; empty if there is none.
    #[inline]
    pub fn at(&self, place: u32) -> &str {
        self.texts.at(place as usize)
    }

    /// How many texts are stored.
    pub fn count(&self) -> usize {
        self.texts.count()
    }
}

/// In how many parts, each with texts of its own by their hash, the store of a population is kept, so that the parts
/// can be filled at once.
pub const PARTS: usize = 16;

/// The store of a population's texts. Nothing that is written may depend on their numbers.
#[derive(Clone)]
pub struct Texts {
    parts: [Interner; PARTS],
}

impl Default for Texts {
    fn default() -> Texts {
        let mut texts = Texts { parts: Default::default() };
        texts.intern("");
        texts
    }
}

/// The part that has a text, by its [hash](Text::hash): of the empty text the first, so that its number is 0.
pub fn part(hash: u32) -> usize {
    hash as usize % PARTS
}

fn number(part: usize, place: u32) -> Sym {
    Sym(place * PARTS as u32 + part as u32)
}

impl Texts {
    /// The number of a text, which is stored if it is new.
    pub fn intern(&mut self, text: &str) -> Sym {
        let text = Text::of(text);
        let part = part(text.hash());
        number(part, self.parts[part].intern_text(text))
    }

    /// Whether numbers and places suffice for these lists and for further stores.
    pub fn has_room(&self, lists: &[&[List; PARTS]], more: &[&Interner]) -> bool {
        let more = more.iter().fold((0, 0), |(n, bytes), store| (n + store.count(), bytes + store.texts.long_bytes()));
        let most = (MOST_PLACES, u32::MAX as usize);
        self.parts.iter().enumerate().all(|(part, store)| {
            let new = lists.iter().map(|lists| &lists[part]);
            let (count, bytes) =
                new.fold(more, |(n, bytes), list| (n + list.texts.count(), bytes + list.texts.long_bytes()));
            store.count() + count < most.0 && store.texts.long_bytes() + bytes < most.1
        })
    }

    /// The numbers of the texts of many lists, of each as many as there are parts, by part; on all threads.
    pub fn intern_all(&mut self, lists: &[&[List; PARTS]]) -> Vec<Vec<Vec<Sym>>> {
        let of_part = |(part, store): (usize, &mut Interner)| {
            let numbers = |list: &List| store.intern_all(list).into_iter().map(|place| number(part, place)).collect();
            lists.iter().map(|lists| &lists[part]).map(numbers).collect()
        };
        self.parts.par_iter_mut().enumerate().map(of_part).collect()
    }

    /// The number of a text that is already stored.
    pub fn find(&self, text: &str) -> Option<Sym> {
        let text = Text::of(text);
        let part = part(text.hash());
        let store = self.parts.get(part)?;
        store
            .slots
            .find(text.hash(), |place| store.texts.get(place as usize) == text)
            .ok()
            .map(|place| number(part, place))
    }

    /// The text of a number.
    #[inline]
    pub fn get(&self, sym: Sym) -> &str {
        self.at(sym.index())
    }

    /// The text of a [`Sym::index`]; empty if there is none such.
    #[inline]
    pub fn at(&self, index: usize) -> &str {
        self.parts[index % PARTS].texts.at(index / PARTS)
    }

    /// All numbers are smaller; not each of them has a text.
    pub fn limit(&self) -> usize {
        self.parts.iter().map(Interner::count).max().unwrap_or(0) * PARTS
    }
}

/// A word as it is compared: lower-cased, its blanks and hyphens written `_`, without leading and trailing white space.
pub fn normal_code(text: &str) -> String {
    let mut code = text.trim().to_lowercase();
    if code.contains(|c: char| c == '-' || c.is_whitespace()) {
        code = code.chars().map(|c| if c == '-' || c.is_whitespace() { '_' } else { c }).collect();
    }
    code
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    /// So many that some have the same hash, though there are four thousand million of these.
    const MANY: usize = 400_000;

    #[test]
    fn texts_with_the_same_hash_are_told_apart() {
        let texts: Vec<String> = (0..MANY).map(|n| format!("ID-{n}")).collect();
        let hashes: HashSet<u32> = texts.iter().map(|text| Text::of(text).hash()).collect();
        assert!(hashes.len() < MANY);
        let mut store = Texts::default();
        for again in 0..2 {
            let mut lists: [List; PARTS] = Default::default();
            for text in &texts {
                let text = Text::of(text);
                lists[part(text.hash())].push(text, text.hash());
            }
            for (part, numbers) in store.intern_all(&[&lists]).iter().enumerate() {
                assert_eq!(numbers[0].len(), lists[part].texts().count());
                for (at, number) in numbers[0].iter().enumerate() {
                    assert_eq!(store.get(*number), lists[part].texts().at(at), "{again}");
                }
            }
            assert_eq!(store.parts.iter().map(Interner::count).sum::<usize>(), MANY + 1);
        }
        assert!(texts.iter().all(|text| store.find(text).map(|number| store.get(number)) == Some(text)));
        assert_eq!((store.find(""), store.find("ID-none")), (Some(Sym::BLANK), None));
    }
}
