//! What lines may give of which the export does not show how many months they bill.

use crate::money::Exact;
use smallvec::{SmallVec, smallvec};

/// Amounts of which one is accepted: what some lines give, and of each line whose period's end the export does not show
/// the part that follows from that.
#[derive(Clone, Debug)]
pub struct Parts {
    /// What does not depend on it.
    pub sure: Exact,
    pub unended: Vec<Unended>,
}

/// A line that bills nobody knows how many months.
#[derive(Clone, Debug)]
pub struct Unended {
    pub amount: Exact,
    /// How many of its months have begun; at least one.
    pub begun: i64,
    /// How many it has if it ends on the last day that an export can hold; more than have begun.
    pub most: i64,
}

impl Unended {
    /// What it bills for the months to come if it has so many in all: more of it, the more it has.
    fn with(&self, months: i64) -> Exact {
        self.amount.part(months - self.begun, months)
    }

    fn each(&self) -> impl Iterator<Item = Exact> {
        (self.begun..=self.most).map(|months| self.with(months))
    }

    /// Its amounts next to another, below and above.
    fn around(&self, amount: &Exact) -> impl Iterator<Item = Exact> {
        let (mut from, mut to) = (self.begun, self.most + 1);
        while from < to {
            let months = from.midpoint(to);
            if self.with(months) < *amount { from = months + 1 } else { to = months }
        }
        (from - 1..=from).filter(|months| (self.begun..=self.most).contains(months)).map(|months| self.with(months))
    }
}

impl Parts {
    /// The largest of the amounts.
    pub fn most(&self) -> Exact {
        self.unended.iter().fold(self.sure.clone(), |sum, line| &sum + &line.with(line.most))
    }

    /// Those next to an amount, among them the nearest below and above; `None` where the lines are too many to try all
    /// that they may give.
    pub fn around(&self, amount: &Exact) -> Option<SmallVec<[Exact; 2]>> {
        let rest = amount - &self.sure;
        match self.unended.as_slice() {
            [] => Some(smallvec![self.sure.clone()]),
            [line] => Some(line.around(&rest).map(|part| &self.sure + &part).collect()),
            [one, other] => {
                let (mut below, mut above): (Option<Exact>, Option<Exact>) = (None, None);
                for part in one.each() {
                    let sure = &self.sure + &part;
                    for sum in other.around(&(amount - &sure)).map(|part| &sure + &part) {
                        if sum <= *amount {
                            below = below.max(Some(sum));
                        } else if above.as_ref().is_none_or(|above| sum < *above) {
                            above = Some(sum);
                        }
                    }
                }
                Some(below.into_iter().chain(above).collect())
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::exact;
    use rust_decimal::Decimal;

    fn line(amount: i64, begun: i64, most: i64) -> Unended {
        Unended { amount: exact(Decimal::from(amount)), begun, most }
    }

    #[test]
    fn the_nearest_amounts_are_those_of_trying_all() {
        let sure = exact(Decimal::from(7));
        let none: fn() -> Vec<Unended> = Vec::new;
        for lines in [none(), vec![line(60, 1, 9)], vec![line(60, 1, 9), line(35, 3, 30)], vec![line(5, 2, 3); 2]] {
            let sums = lines.iter().fold(vec![sure.clone()], |sums, line| {
                sums.iter().flat_map(|sum| line.each().map(move |part| sum + &part)).collect()
            });
            let parts = Parts { sure: sure.clone(), unended: lines };
            assert_eq!(Some(parts.most()), sums.iter().max().cloned());
            for cents in (0..12_000).step_by(7) {
                let amount = exact(Decimal::new(cents, 2));
                let near = parts.around(&amount).unwrap();
                assert!(near.iter().all(|near| sums.contains(near)), "{cents}");
                let below = sums.iter().filter(|sum| **sum <= amount).max();
                let above = sums.iter().filter(|sum| **sum >= amount).min();
                assert!(below.into_iter().chain(above).all(|nearest| near.contains(nearest)), "{cents}");
            }
        }
    }
}
