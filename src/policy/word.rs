//! The two values that a policy file writes as text: words and exact numbers.

use crate::text::{Sym, Texts, normal_code};
use rust_decimal::Decimal;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error, Unexpected, Visitor};
use std::borrow::Cow;
use std::sync::{LazyLock, Mutex, PoisonError};

/// The words of all policies loaded by this process, as compilers keep their symbols: a word is a number from the
/// moment it is read, and the exports' words are interned after them.
static WORDS: LazyLock<Mutex<Texts>> = LazyLock::new(|| Mutex::new(Texts::default()));

/// A word of a policy in its normal form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Word(pub Sym);

impl Word {
    /// Interns a word.
    pub fn new(text: &str) -> Word {
        Word(WORDS.lock().unwrap_or_else(PoisonError::into_inner).intern(&normal_code(text)))
    }

    /// The word as text.
    pub fn text(self) -> String {
        WORDS.lock().unwrap_or_else(PoisonError::into_inner).get(self.0).to_owned()
    }
}

/// All words so far, to which the exports' texts are added.
pub fn texts_with_words() -> Texts {
    WORDS.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

impl<'de> Deserialize<'de> for Word {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Word, D::Error> {
        let text = String::deserialize(deserializer)?;
        match normal_code(&text) {
            code if code.is_empty() => Err(D::Error::invalid_value(Unexpected::Str(&text), &"a word")),
            code => Ok(Word::new(&code)),
        }
    }
}

impl JsonSchema for Word {
    fn schema_name() -> Cow<'static, str> {
        "Word".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A word, compared in lower case, with blanks and hyphens written `_`.",
            "type": "string",
            "pattern": "\\S",
        })
    }
}

/// An exact decimal, written as text (`"12.50"`) or as a whole number. A bare `12.5` is refused, because it would have
/// been read as a binary fraction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Number(pub Decimal);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Number, D::Error> {
        struct Exact;
        impl Visitor<'_> for Exact {
            type Value = Number;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a number in quotation marks, such as \"12.50\", or a whole number")
            }
            fn visit_i64<E: Error>(self, value: i64) -> Result<Number, E> {
                Ok(Number(value.into()))
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Number, E> {
                let plain = text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
                let value = text.parse().ok().filter(|_| plain);
                value.map(Number).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
            }
        }
        deserializer.deserialize_any(Exact)
    }
}

impl JsonSchema for Number {
    fn schema_name() -> Cow<'static, str> {
        "Number".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "An exact decimal in quotation marks, such as \"12.50\", or a whole number.",
            "type": ["integer", "string"],
            "pattern": "^([0-9]+\\.?[0-9]*|\\.[0-9]+)$",
        })
    }
}
