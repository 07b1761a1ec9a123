//! Texts of sixteen bytes each: most ids are short enough to be their own key, which is compared and hashed without a look at
//! any other memory.

use std::hash::BuildHasher;

/// How many bytes a text may have that stands in its view.
const SHORT: usize = 12;

/// A text in sixteen bytes: the last four are its length. The others are the text itself and zeros, or of one longer than
/// [`SHORT`] its hash in eight bytes and then where it begins among the long ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct View([u8; 16]);

/// Where the length is.
const LENGTH: u32 = 8 * SHORT as u32;
/// The bits that do not say where a long text begins.
const BUT_PLACE: u128 = !(0xffff_ffff << 64);
/// Two numbers without a pattern: of the fractional part of pi, in hexadecimal.
const MIX: (u64, u64) = (0x243f_6a88_85a3_08d3, 0x1319_8a2e_0370_7344);

impl View {
    /// That of the empty text.
    pub const BLANK: View = View([0; 16]);

    /// The view of a text of which these bytes are the first, if it is short. What follows the text among them is ignored.
    #[inline(always)]
    pub fn short(bytes: [u8; 16], length: usize) -> Option<View> {
        let text = u128::from_le_bytes(bytes) & !(!0 << (8 * length.min(SHORT)));
        (length <= SHORT).then(|| View((text | (length as u128) << LENGTH).to_le_bytes()))
    }

    #[cold]
    fn long(text: &str) -> View {
        let hash = foldhash::fast::FixedState::with_seed(0).hash_one(text.as_bytes());
        View((u128::from(hash) | (text.len() as u128) << LENGTH).to_le_bytes())
    }

    #[inline(always)]
    fn bits(self) -> u128 {
        u128::from_le_bytes(self.0)
    }

    #[inline(always)]
    fn length(self) -> usize {
        (self.bits() >> LENGTH) as usize
    }

    #[inline(always)]
    fn is_long(self) -> bool {
        self.length() > SHORT
    }

    /// Where a long text lies among others.
    fn place(self) -> std::ops::Range<usize> {
        let start = (self.bits() >> 64) as u32 as usize;
        start..start + self.length()
    }

    fn begins_at(self, start: usize) -> View {
        View((self.bits() & BUT_PLACE | (start as u128 & 0xffff_ffff) << 64).to_le_bytes())
    }

    /// The hash of the text. That of the empty one is 0.
    #[inline(always)]
    fn hash(self) -> u32 {
        let (low, high) = (self.bits() as u64, (self.bits() >> 64) as u64);
        if self == View::BLANK || self.is_long() {
            return (low >> 32) as u32;
        }
        let product = u128::from(low ^ MIX.0) * u128::from(high ^ MIX.1);
        ((product as u64 ^ (product >> 64) as u64) >> 32) as u32
    }
}

/// A text to look for or to keep.
#[derive(Clone, Copy)]
pub struct Text<'t> {
    view: View,
    /// The whole of it if it is long.
    long: &'t str,
}

impl<'t> Text<'t> {
    /// Any text.
    #[inline]
    pub fn of(text: &'t str) -> Text<'t> {
        let mut bytes = [0; 16];
        if let Some(room) = bytes.get_mut(..text.len()) {
            room.copy_from_slice(text.as_bytes());
        }
        View::short(bytes, text.len()).map_or_else(|| Text { view: View::long(text), long: text }, Text::from)
    }

    /// The hash by which it is found, so that it can be hashed on another thread than it is kept on. That of the empty text
    /// is 0.
    #[inline(always)]
    pub fn hash(self) -> u32 {
        self.view.hash()
    }

    /// Its view, if it is short: equal texts have equal ones.
    #[inline(always)]
    pub fn short(self) -> Option<View> {
        (!self.view.is_long()).then_some(self.view)
    }

    /// A number below 256 that tells some texts apart: of a short one its first byte.
    #[inline(always)]
    pub fn first(self) -> usize {
        self.view.bits() as usize & 0xff
    }
}

/// A short text.
impl From<View> for Text<'_> {
    #[inline(always)]
    fn from(view: View) -> Self {
        Text { view, long: "" }
    }
}

/// The same text, if one of them is not among long ones yet.
impl PartialEq for Text<'_> {
    #[inline(always)]
    fn eq(&self, other: &Self) -> bool {
        (self.view.bits() ^ other.view.bits()) & if self.long.is_empty() { !0 } else { BUT_PLACE } == 0
            && self.long == other.long
    }
}

/// Texts kept one after another.
#[derive(Clone, Default)]
pub struct Kept {
    views: Vec<View>,
    /// The long ones.
    long: String,
}

impl Kept {
    /// With room for so many.
    pub fn with_capacity(count: usize) -> Kept {
        Kept { views: Vec::with_capacity(count), long: String::new() }
    }

    /// Keeps a text, and tells its place.
    #[inline(always)]
    pub fn push(&mut self, text: Text) -> usize {
        let mut view = text.view;
        if view.is_long() {
            view = view.begins_at(self.long.len());
            self.long.push_str(text.long);
        }
        self.views.push(view);
        self.views.len() - 1
    }

    /// The text at a place, to be compared; the empty one if there is none.
    #[inline(always)]
    pub fn get(&self, at: usize) -> Text<'_> {
        let view = self.views.get(at).copied().unwrap_or(View::BLANK);
        let long = if view.is_long() { self.long.get(view.place()).unwrap_or_default() } else { "" };
        Text { view, long }
    }

    /// The text at a place, to be read; empty if there is none.
    #[inline]
    pub fn at(&self, at: usize) -> &str {
        let Some(view) = self.views.get(at) else { return "" };
        if view.is_long() {
            return self.long.get(view.place()).unwrap_or_default();
        }
        view.0.get(..view.length()).and_then(|text| std::str::from_utf8(text).ok()).unwrap_or_default()
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.views.len()
    }

    /// How many bytes the long ones take.
    pub fn long_bytes(&self) -> usize {
        self.long.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_told_apart_and_read_again_whatever_their_length() {
        let lengths = [0, 1, 7, 8, 11, 12, 13, 16, 17, 40];
        let same = lengths.map(|length| "x".repeat(length));
        let texts =
            same.iter().cloned().chain(same.iter().map(|text| format!("{text}é"))).chain(["a\0".into(), "a".into()]);
        let texts: Vec<String> = texts.collect();
        let mut kept = Kept::default();
        for (place, text) in texts.iter().enumerate() {
            assert_eq!(kept.push(Text::of(text)), place);
        }
        for (place, text) in texts.iter().enumerate() {
            assert_eq!(kept.at(place), text);
            let equal: Vec<usize> = (0..kept.count()).filter(|other| kept.get(*other) == Text::of(text)).collect();
            assert_eq!(equal, [place]);
            assert_eq!(kept.get(place).hash(), Text::of(text).hash());
        }
        assert_eq!((Text::of("").hash(), kept.at(texts.len())), (0, ""));
    }

    #[test]
    fn what_follows_a_short_text_makes_no_difference() {
        let view =
            |bytes: &[u8; 16], length| View::short(*bytes, length).map(|view| Text::from(view) == Text::of("INV-1"));
        assert_eq!(view(b"INV-1,12,,,,,,,,", 5), Some(true));
        assert_eq!(view(b"INV-1,12,,,,,,,,", 6), Some(false));
        assert_eq!(view(b"INV-1,12,,,,,,,,", SHORT + 1), None);
    }
}
