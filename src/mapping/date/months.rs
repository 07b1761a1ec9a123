//! Names of months.

/// The names of months. Each is also known by any prefix of three letters or more that is no other's, in any case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Months {
    /// In lower case, from January on.
    names: Vec<String>,
}

const ENGLISH: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

impl Default for Months {
    /// English names.
    fn default() -> Months {
        Months { names: ENGLISH.map(str::to_owned).to_vec() }
    }
}

impl Months {
    /// The names of the months from January on. A point at the end, as of an abbreviation, does not count.
    ///
    /// # Errors
    /// They are not twelve, or not distinct words.
    pub fn new(names: &[String]) -> Result<Months, String> {
        let names: Vec<String> = names.iter().map(|name| name.trim().trim_end_matches('.').to_lowercase()).collect();
        if names.len() != 12 {
            return Err(format!("`months` has {} names; give twelve, from January on", names.len()));
        }
        for (at, name) in names.iter().enumerate() {
            if name.is_empty() || word(name.as_bytes()).len() != name.len() {
                return Err(format!("`{name}` in `months` is not one word of letters"));
            }
            if names.iter().take(at).any(|earlier| earlier == name) {
                return Err(format!("`{name}` is twice in `months`"));
            }
        }
        Ok(Months { names })
    }

    /// The name of a month from 1 to 12, in lower case.
    pub(super) fn name(&self, month: u32) -> Option<&str> {
        self.names.get(usize::try_from(month.checked_sub(1)?).ok()?).map(String::as_str)
    }

    /// The month, from 1 on, with whose name a text begins, and what follows the name.
    pub(in crate::mapping) fn take<'c>(&self, text: &'c [u8]) -> Option<(u32, &'c [u8])> {
        let word = word(text);
        Some((self.month(std::str::from_utf8(word).ok()?)?, text.get(word.len()..)?))
    }

    /// The month, from 1 on, that a word names.
    pub fn month(&self, word: &str) -> Option<u32> {
        let is_long = word.chars().nth(2).is_some();
        let (mut found, mut is_unique) = (None, true);
        let initial = word.bytes().next().filter(u8::is_ascii).map(|byte| byte.to_ascii_lowercase());
        for (name, month) in self.names.iter().zip(1..) {
            // Most names are told apart by their first letter.
            if initial.is_some_and(|initial| name.bytes().next() != Some(initial)) {
                continue;
            }
            match rest_of(name, word) {
                Some("") => return Some(month),
                Some(_) if is_long => (found, is_unique) = (Some(month), found.is_none()),
                _ => {}
            }
        }
        found.filter(|_| is_unique)
    }
}

/// What follows a word, in any case, with which a name in lower case begins.
fn rest_of<'n>(name: &'n str, word: &str) -> Option<&'n str> {
    if word.is_ascii() {
        let (head, rest) = name.split_at_checked(word.len())?;
        return head.eq_ignore_ascii_case(word).then_some(rest);
    }
    let mut letters = name.chars();
    let is_prefix = word.chars().flat_map(char::to_lowercase).all(|c| letters.next() == Some(c));
    is_prefix.then_some(letters.as_str())
}

/// The letters with which a text begins: of other scripts also their marks.
fn word(text: &[u8]) -> &[u8] {
    let mut length = 0;
    while let Some(rest @ [byte, ..]) = text.get(length..) {
        if !byte.is_ascii_alphabetic() && (byte.is_ascii() || super::super::blank::width(rest) > 0) {
            break;
        }
        length += 1;
    }
    text.get(..length).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn months(names: &str) -> Result<Months, String> {
        Months::new(&names.split(' ').map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn months_are_known_by_unique_prefixes() {
        let english = Months::default();
        let french =
            months("janvier février mars avril mai juin juillet août septembre octobre novembre décembre").unwrap();
        let cases = [
            (&english, "Mar", Some(3)),
            (&english, "MARCH", Some(3)),
            (&english, "Sept", Some(9)),
            (&english, "may", Some(5)),
            (&english, "ma", None),
            (&english, "Marc", Some(3)),
            (&english, "Marches", None),
            (&english, "", None),
            (&english, "M\u{e4}r", None),
            (&french, "jui", None),
            (&french, "juin", Some(6)),
            (&french, "juil", Some(7)),
            (&french, "F\u{c9}V", Some(2)),
            (&french, "fev", None),
            (&french, "ao\u{fb}", Some(8)),
        ];
        for (months, word, expected) in cases {
            assert_eq!(months.month(word), expected, "{word}");
        }
        // A full name is known though another begins with it, and though it is short.
        let odd = months("mar marz c d e f g h i j k l").unwrap();
        assert_eq!((odd.month("mar"), odd.month("marz"), odd.month("L")), (Some(1), Some(2), Some(12)));
        assert_eq!(odd.take("Marz.2".as_bytes()), Some((2, &b".2"[..])));
    }

    #[test]
    fn names_are_twelve_distinct_words() {
        assert!(months("jan. feb. m\u{e4}r. apr. mai jun. jul. aug. sep. okt. nov. dez.").is_ok());
        for bad in [
            "",
            "a b c",
            "a b c d e f g h i j k k",
            "a b c d e f g h i j k 1",
            "a b c d e f g h i j k l/m",
            "a b c d e f g h i j  k",
        ] {
            assert!(months(bad).is_err(), "{bad}");
        }
    }
}
