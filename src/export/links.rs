//! Which rows must be read together although their invoices differ.

use foldhash::fast::FixedState;
use hashbrown::HashMap;

/// Sets of hashes that belong together. A hash that is in none belongs to itself; those that are in one are few, as a
/// rule: an export would have to name many requests under several invoices each.
#[derive(Default)]
pub(super) struct Links(HashMap<u64, u64, FixedState>);

impl Links {
    /// The least hash of the set that a hash is in; `None` if it is in none.
    pub(super) fn root(&self, mut of: u64) -> Option<u64> {
        let mut next = *self.0.get(&of)?;
        while next != of {
            of = next;
            next = self.0.get(&of).copied().unwrap_or(of);
        }
        Some(of)
    }

    /// Makes one set of those of two hashes.
    pub(super) fn join(&mut self, a: u64, b: u64) {
        let (a, b) = (self.compress(a), self.compress(b));
        self.0.insert(a.max(b), a.min(b));
    }

    /// The root of a hash, which is taken in if it is new and henceforth names its root at once.
    fn compress(&mut self, mut at: u64) -> u64 {
        let root = *self.0.entry(at).or_insert(at);
        let root = self.root(root).unwrap_or(root);
        while let Some(next) = self.0.get_mut(&at).filter(|next| **next != root) {
            at = std::mem::replace(next, root);
        }
        root
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_joined_has_one_root() {
        let mut links = Links::default();
        assert_eq!(links.root(7), None);
        for (a, b) in [(7, 3), (9, 8), (5, 5), (8, 7), (4, 6)] {
            links.join(a, b);
        }
        let roots = [3, 4, 5, 6, 7, 8, 9, 10].map(|hash| links.root(hash));
        assert_eq!(roots, [Some(3), Some(4), Some(5), Some(4), Some(3), Some(3), Some(3), None]);
    }

    #[test]
    fn long_chains_have_one_root() {
        let mut links = Links::default();
        (0..100_000).rev().for_each(|at| links.join(at, at + 1));
        assert_eq!(links.root(100_000), Some(0));
    }
}
