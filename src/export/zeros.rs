//! Ids that differ from a reference only in zeros at their beginning: spreadsheets take these away.

use crate::text::{Sym, Texts};
use foldhash::fast::FixedState;
use hashbrown::HashMap;
use std::hash::BuildHasher;

/// An id without the zeros at its beginning, if it is of digits only.
pub(super) fn bare(id: &str) -> Option<&str> {
    let is_number = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| id.trim_start_matches('0'))
}

/// Ids by what they are without such zeros. They are gathered when they are first asked for, which is seldom.
#[derive(Default)]
pub(super) struct Padded(Option<HashMap<u64, Sym, FixedState>>);

impl Padded {
    /// The shortest id that differs from a reference only in zeros at its beginning. Ids of one owner are compared with
    /// references of the same only; `ids` are all of them, in any order.
    pub(super) fn like(
        &mut self,
        (owner, reference): (u32, Sym),
        ids: impl Iterator<Item = (u32, Sym)>,
        texts: &Texts,
    ) -> Option<Sym> {
        let sought = bare(texts.get(reference))?;
        let found = *self.0.get_or_insert_with(|| gathered(ids, texts)).get(&key(owner, sought))?;
        (bare(texts.get(found)) == Some(sought)).then_some(found)
    }
}

fn key(owner: u32, bare: &str) -> u64 {
    FixedState::with_seed(0).hash_one((owner, bare))
}

fn gathered(ids: impl Iterator<Item = (u32, Sym)>, texts: &Texts) -> HashMap<u64, Sym, FixedState> {
    let mut gathered = HashMap::default();
    for (owner, id) in ids {
        let Some(bare) = bare(texts.get(id)) else { continue };
        let known = gathered.entry(key(owner, bare)).or_insert(id);
        if texts.get(id).len() < texts.get(*known).len() {
            *known = id;
        }
    }
    gathered
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shortest_id_of_the_same_owner_is_found() {
        let mut texts = Texts::default();
        let mut sym = |text: &str| texts.intern(text);
        let ids = [(0, sym("007")), (0, sym("07")), (1, sym("7")), (0, sym("A7")), (0, sym("0")), (0, sym("70"))];
        let sought = ["7", "0007", "A07", "000", "700", ""].map(&mut sym);
        let mut padded = Padded::default();
        let mut like = |owner, id| padded.like((owner, id), ids.into_iter(), &texts).map(|id| texts.get(id).to_owned());
        let found: Vec<Option<String>> = sought.iter().map(|id| like(0, *id)).collect();
        assert_eq!(found, [Some("07"), Some("07"), None, Some("0"), None, None].map(|id| id.map(str::to_owned)));
        assert_eq!(like(1, sought[1]).as_deref(), Some("7"));
    }
}
