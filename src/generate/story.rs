//! Stories as they are written: what a request of some sort looks like, from the invoice to the last decision, and how
//! it can go against a rule. Everything that a cell may hold is data; here is only its grammar.

use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer};
use std::collections::BTreeMap;
use std::fmt;
use toml::Spanned;

/// Cells by column.
pub(super) type Cells = BTreeMap<String, Spanned<Cell>>;

/// The stories of one policy.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    /// The policy whose invoices they are about.
    pub(super) policy: Spanned<String>,
    /// How often they are told, against those of the other policies.
    pub(super) weight: u32,
    /// The first day of an invoice.
    pub(super) from: Spanned<toml::value::Datetime>,
    /// The last day of an invoice.
    pub(super) until: Spanned<toml::value::Datetime>,
    /// How times are written, one of them for each case: an offset such as `Z` or `+04:00`, `local` or `date`.
    pub(super) times: Vec<Spanned<String>>,
    /// Whom invoices are sent to.
    pub(super) account: Vec<Spanned<Account>>,
    /// Lists to choose from, by name.
    #[serde(default)]
    pub(super) lists: BTreeMap<String, Vec<String>>,
    /// The cells of every story that says nothing else.
    #[serde(default)]
    pub(super) default: Defaults,
    /// The stories.
    pub(super) story: Vec<Spanned<Story>>,
}

/// A group of accounts.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Account {
    /// How many of the accounts are of this group, against the others.
    pub(super) weight: u32,
    /// The currency in which they are billed.
    pub(super) currency: String,
    /// By how many percent their prices are multiplied.
    #[serde(default = "all")]
    pub(super) scale: i64,
}

fn all() -> i64 {
    100
}

/// The cells of every story that says nothing else.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Defaults {
    pub(super) values: Cells,
    pub(super) invoice: Cells,
    pub(super) line: Cells,
    pub(super) request: Cells,
    pub(super) decision: Cells,
}

/// An invoice, the requests about it and what was done about them, all as the policy demands.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Story {
    /// How it is called in the key.
    pub(super) name: String,
    /// How often it is told, against the others of the policy.
    pub(super) weight: u32,
    /// The only currencies in which it makes sense; none: every one.
    #[serde(default)]
    pub(super) currencies: Vec<String>,
    /// Values that cells refer to and no column shows.
    #[serde(default)]
    pub(super) values: Cells,
    /// Cells that all lines of the invoice share.
    #[serde(default)]
    pub(super) invoice: Cells,
    pub(super) line: Vec<Cells>,
    #[serde(default)]
    pub(super) request: Vec<Cells>,
    /// Each about the first request, or about that which `about` names by its number.
    #[serde(default)]
    pub(super) decision: Vec<Cells>,
    #[serde(default)]
    pub(super) plant: Vec<Spanned<Plant>>,
}

/// How a story goes against one rule.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Plant {
    /// The rule.
    pub(super) rule: String,
    /// What the rule finds.
    #[serde(default)]
    pub(super) verdict: Verdict,
    /// What was done, for the key.
    pub(super) shows: String,
    /// What the finding is about: `request2`, or `line1` for a rule about invoice lines.
    #[serde(default = "first_request")]
    pub(super) on: String,
    /// The only currencies in which it makes sense; none: those of the story.
    #[serde(default)]
    pub(super) currencies: Vec<String>,
    /// The cells that differ, by path, such as `request1.channel`.
    pub(super) set: Cells,
}

fn first_request() -> String {
    "request1".to_owned()
}

/// What the audit is to find.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Verdict {
    #[default]
    Deviation,
    Review,
}

impl Verdict {
    pub(super) fn name(self) -> &'static str {
        match self {
            Verdict::Deviation => "deviation",
            Verdict::Review => "review",
        }
    }
}

/// What a cell holds. Texts may name other cells in braces.
#[derive(Clone)]
pub(super) enum Cell {
    /// One of these texts; a text written twice is chosen twice as often.
    Texts(Vec<String>),
    /// Always this number.
    Number(i64),
    /// Something drawn or reckoned.
    Made(Made),
}

/// Something drawn or reckoned.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Made {
    /// One of a list of the file.
    List(String),
    /// A whole number.
    Number(Count),
    /// A price, smaller ones more often, in the invoice's currency.
    Amount(Amount),
    /// A part of other amounts, rounded once to the currency's minor unit.
    Share(Share),
    /// A day or time.
    Day(Day),
}

/// A number: fixed, of a range with both ends, or that of another cell.
#[derive(Clone, Deserialize)]
#[serde(untagged, expecting = "expected a whole number, a range such as [1, 5], or the name of a value")]
pub(super) enum Count {
    Fixed(i64),
    Range([i64; 2]),
    Of(String),
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Amount {
    pub(super) from: i64,
    pub(super) to: i64,
    /// Prices are multiples of this; without it, of the minor unit.
    pub(super) step: Option<i64>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Share {
    /// The amounts, which are added up.
    pub(super) of: Vec<String>,
    pub(super) percent: Option<Count>,
    pub(super) times: Option<Count>,
    pub(super) per: Option<Count>,
}

/// The day or time so long after or before another: by months, then days, then business days, then minutes.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Day {
    pub(super) after: Option<String>,
    pub(super) before: Option<String>,
    pub(super) months: Option<Count>,
    pub(super) days: Option<Count>,
    pub(super) business_days: Option<Count>,
    pub(super) minutes: Option<Count>,
    #[serde(default)]
    pub(super) at: At,
    /// In so many cases of a hundred; blank in the others.
    #[serde(default = "all")]
    pub(super) chance: i64,
}

/// How much of a time is told.
#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum At {
    /// The day.
    #[default]
    Day,
    /// A time of an office day, written as the case writes its times.
    Time,
    /// The same, and never without the time of day.
    Moment,
}

impl<'de> Deserialize<'de> for Cell {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Cell, D::Error> {
        deserializer.deserialize_any(AnyCell)
    }
}

struct AnyCell;

impl<'de> Visitor<'de> for AnyCell {
    type Value = Cell;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a text, a list of texts, a number, or a table such as `{ number = [1, 5] }`")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Cell, E> {
        Ok(Cell::Texts(vec![text.to_owned()]))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Cell, E> {
        Ok(Cell::Number(number))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Cell, A::Error> {
        let mut texts = Vec::new();
        while let Some(text) = items.next_element()? {
            texts.push(text);
        }
        Ok(Cell::Texts(texts))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Cell, A::Error> {
        Made::deserialize(MapAccessDeserializer::new(map)).map(Cell::Made)
    }
}
