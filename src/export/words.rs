//! The words that a row may use: those of the loaded policies, with which its codes are judged known.

use crate::column::Column;
use crate::record::Vocabulary;
use crate::time::Zone;
use foldhash::fast::FixedState;
use hashbrown::HashSet;

/// The columns whose words are all known. Most columns of codes are open.
const CLOSED: [Column; 4] = [Column::Policy, Column::Category, Column::Kind, Column::Outcome];

/// The known words per column, as normal codes.
pub(super) struct Words {
    closed: [Known; CLOSED.len()],
    families: Vec<(String, Zone)>,
}

struct Known {
    words: HashSet<String, FixedState>,
    /// What a word that is not known is told.
    expected: String,
}

impl Words {
    pub(super) fn new(vocabulary: &Vocabulary) -> Words {
        let families: Vec<String> = vocabulary.families.iter().map(|(code, _)| code.clone()).collect();
        let categories =
            "a category of the input contract or of a loaded policy; a policy can name further categories".to_owned();
        Words {
            closed: [
                Known::new(&families, format!("a policy family that is loaded: {}", listed(&families))),
                Known::new(&vocabulary.categories, categories),
                Known::new(&vocabulary.kinds, format!("a kind of request: {}", listed(&vocabulary.kinds))),
                Known::new(&vocabulary.outcomes, format!("an outcome: {}", listed(&vocabulary.outcomes))),
            ],
            families: vocabulary.families.clone(),
        }
    }

    /// The column's number among those whose words are all known.
    pub(super) fn closed(column: Column) -> Option<u8> {
        (0..).zip(CLOSED).find(|(_, closed)| *closed == column).map(|(at, _)| at)
    }

    /// For each of those columns whether it knows the word.
    pub(super) fn known(&self, code: &str) -> [bool; CLOSED.len()] {
        self.closed.each_ref().map(|known| known.words.contains(code))
    }

    /// What such a column expects.
    pub(super) fn expected(&self, closed: u8) -> &str {
        self.closed.get(usize::from(closed)).map_or("", |known| &known.expected)
    }

    /// The number of a policy family.
    pub(super) fn family(&self, code: &str) -> Option<u16> {
        self.families.iter().position(|(family, _)| family == code).and_then(|at| u16::try_from(at).ok())
    }

    /// The zone in which a family's dates are taken.
    pub(super) fn zone(&self, family: u16) -> Option<Zone> {
        self.families.get(usize::from(family)).map(|(_, zone)| *zone)
    }
}

impl Known {
    fn new(words: &[String], expected: String) -> Known {
        Known { words: words.iter().cloned().collect(), expected }
    }
}

fn listed(words: &[String]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}
