//! Random numbers that are the same on every machine and with every version of the program.
//!
//! PCG64-DXSM is fixed by its definition and tested against reference vectors. How its 64 bits become a number of a
//! range is written out here, since libraries change that from version to version.

use rand_pcg::Pcg64Dxsm;
use rand_pcg::rand_core::Rng;

/// A stream of random numbers.
pub(super) struct Random(Pcg64Dxsm);

impl Random {
    /// The stream of a block of cases. Blocks with other numbers or seeds have streams of their own.
    pub(super) fn of(seed: u64, block: u64) -> Random {
        let mut random = Random(Pcg64Dxsm::new(u128::from(seed) << 64 | u128::from(block), u128::from(block)));
        // Streams that begin alike have parted after a few numbers.
        for _ in 0..8 {
            random.0.next_u64();
        }
        random
    }

    /// A number from 0 up to but not including `end`.
    pub(super) fn below(&mut self, end: u64) -> u64 {
        if end < 2 { 0 } else { ((u128::from(self.0.next_u64()) * u128::from(end)) >> 64) as u64 }
    }

    /// A number of a range with both ends.
    pub(super) fn between(&mut self, from: i64, to: i64) -> i64 {
        from + self.below((to - from).unsigned_abs() + 1) as i64
    }

    /// True in so many cases of a hundred.
    pub(super) fn chance(&mut self, percent: u64) -> bool {
        percent >= 100 || self.below(100) < percent
    }
}
