//! The words that a row may use: those of the loaded policies, with which its codes are judged known.

use crate::column::Column;
use crate::record::Vocabulary;
use foldhash::fast::FixedState;
use hashbrown::HashSet;

/// The known words per column, as normal codes.
pub(super) struct Words {
    policies: Known,
    categories: Known,
    kinds: Known,
    outcomes: Known,
}

struct Known {
    words: HashSet<String, FixedState>,
    /// What a word that is not known is told.
    expected: String,
}

impl Words {
    pub(super) fn new(vocabulary: &Vocabulary) -> Words {
        let families: Vec<String> = vocabulary.families.iter().map(|(code, _)| code.clone()).collect();
        Words {
            policies: Known::new(&families, format!("a policy family that is loaded: {}", listed(&families))),
            categories: Known::new(
                &vocabulary.categories,
                "a category of the input contract or of a loaded policy; a policy can name further categories"
                    .to_owned(),
            ),
            kinds: Known::new(&vocabulary.kinds, format!("a kind of request: {}", listed(&vocabulary.kinds))),
            outcomes: Known::new(&vocabulary.outcomes, format!("an outcome: {}", listed(&vocabulary.outcomes))),
        }
    }

    /// What was expected of the column, if it knows no such word. Most columns of codes are open.
    pub(super) fn unknown(&self, column: Column, code: &str) -> Option<&str> {
        let known = match column {
            Column::Policy => &self.policies,
            Column::Category => &self.categories,
            Column::Kind => &self.kinds,
            Column::Outcome => &self.outcomes,
            _ => return None,
        };
        (!known.words.contains(code)).then_some(&known.expected)
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
