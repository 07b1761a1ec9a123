//! A mapping file as it is written.

use serde::Deserialize;
use serde_untagged::UntaggedEnumVisitor;
use std::collections::BTreeMap;
use toml::Spanned;

/// One text, or several.
#[derive(Clone, Debug, Default)]
pub(super) struct Texts(pub(super) Vec<String>);

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Texts, D::Error> {
        UntaggedEnumVisitor::new()
            .expecting("a text or a list of texts")
            .string(|text| Ok(Texts(vec![text.to_owned()])))
            .seq(|list| list.deserialize().map(Texts))
            .deserialize(from)
    }
}

/// Whether amounts are in minor units: of their currency, or with so many digits behind the point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Minor {
    /// `true` or `false`.
    ByCurrency(bool),
    /// So many digits.
    Digits(u32),
}

impl<'de> Deserialize<'de> for Minor {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Minor, D::Error> {
        let digits = |digits: i64| match u32::try_from(digits) {
            Ok(digits) if digits <= 4 => Ok(Minor::Digits(digits)),
            _ => Err(serde::de::Error::custom("minor units have 0 to 4 digits")),
        };
        UntaggedEnumVisitor::new()
            .expecting("`true`, `false` or a number of digits")
            .bool(|by_currency| Ok(Minor::ByCurrency(by_currency)))
            .i64(digits)
            .deserialize(from)
    }
}

/// Which of two times is meant that a clock shows twice as it is put back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Twice {
    Earlier,
    Later,
}

/// How the sign of amounts is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum SignKey {
    Positive,
    Negative,
    Any,
}

macro_rules! keys {
    ($(#[$doc:meta])* $name:ident { $($(#[$attribute:meta])* $key:ident: $type:ty,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub(super) struct $name {
            $($(#[$attribute])* pub(super) $key: $type,)*
            decimal: Option<Spanned<String>>,
            grouping: Option<Spanned<String>>,
            symbols: Option<Spanned<Texts>>,
            minor_units: Option<Minor>,
            dates: Option<Spanned<Texts>>,
            months: Option<Spanned<Vec<String>>>,
            zone: Option<Spanned<String>>,
            clock_change: Option<Twice>,
            blanks: Option<Texts>,
        }

        impl $name {
            /// The forms of values that are said here.
            pub(super) fn forms(&self) -> Forms<'_> {
                Forms {
                    decimal: self.decimal.as_ref(),
                    grouping: self.grouping.as_ref(),
                    symbols: self.symbols.as_ref(),
                    minor_units: self.minor_units,
                    dates: self.dates.as_ref(),
                    months: self.months.as_ref(),
                    zone: self.zone.as_ref(),
                    clock_change: self.clock_change,
                    blanks: self.blanks.as_ref(),
                }
            }
        }
    };
}

/// How values are written, as far as it was said.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Forms<'a> {
    pub(super) decimal: Option<&'a Spanned<String>>,
    pub(super) grouping: Option<&'a Spanned<String>>,
    pub(super) symbols: Option<&'a Spanned<Texts>>,
    pub(super) minor_units: Option<Minor>,
    pub(super) dates: Option<&'a Spanned<Texts>>,
    pub(super) months: Option<&'a Spanned<Vec<String>>>,
    pub(super) zone: Option<&'a Spanned<String>>,
    pub(super) clock_change: Option<Twice>,
    pub(super) blanks: Option<&'a Texts>,
}

impl<'a> Forms<'a> {
    /// These, and for what they do not say, others.
    pub(super) fn or(self, other: Forms<'a>) -> Forms<'a> {
        Forms {
            decimal: self.decimal.or(other.decimal),
            grouping: self.grouping.or(other.grouping),
            symbols: self.symbols.or(other.symbols),
            minor_units: self.minor_units.or(other.minor_units),
            dates: self.dates.or(other.dates),
            months: self.months.or(other.months),
            zone: self.zone.or(other.zone),
            clock_change: self.clock_change.or(other.clock_change),
            blanks: self.blanks.or(other.blanks),
        }
    }
}

keys! {
    /// What every source of the file is like, unless it says otherwise.
    Defaults {
        delimiter: Option<Spanned<String>>,
        encoding: Option<Spanned<String>>,
    }
}

keys! {
    /// Files that feed a table.
    SourceKeys {
        #[serde(default)]
        files: Texts,
        delimiter: Option<Spanned<String>>,
        encoding: Option<Spanned<String>>,
        header: Option<Spanned<HeaderKey>>,
        #[serde(default)]
        keep: Vec<Spanned<ConditionKeys>>,
        #[serde(default)]
        skip: Vec<Spanned<ConditionKeys>>,
        fill: Option<FillKeys>,
        once: Option<Texts>,
        gather: Option<GatherKeys>,
        #[serde(default)]
        columns: BTreeMap<Spanned<String>, Spanned<ColumnKeys>>,
    }
}

/// Which record names the columns.
#[derive(Clone, Copy, Debug)]
pub(super) enum HeaderKey {
    /// None does.
    None,
    /// The record of this number, from 1.
    Record(u32),
}

impl<'de> Deserialize<'de> for HeaderKey {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<HeaderKey, D::Error> {
        let expected = "the header is a record's number, from 1 to 1,000, or `\"none\"`";
        let wrong = move || serde::de::Error::custom(expected);
        UntaggedEnumVisitor::new()
            .expecting("a record's number, or `\"none\"`")
            .string(move |text| if text == "none" { Ok(HeaderKey::None) } else { Err(wrong()) })
            .i64(move |number| match u32::try_from(number) {
                Ok(number @ 1..=1000) => Ok(HeaderKey::Record(number)),
                _ => Err(wrong()),
            })
            .deserialize(from)
    }
}

/// A condition on a row.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ConditionKeys {
    pub(super) column: Option<Texts>,
    pub(super) occurrence: Option<usize>,
    pub(super) position: Option<usize>,
    #[serde(default)]
    pub(super) optional: bool,
    pub(super) is: Option<Texts>,
    pub(super) is_not: Option<Texts>,
    pub(super) starts_with: Option<Texts>,
    pub(super) matches: Option<Spanned<String>>,
    pub(super) blank: Option<bool>,
}

/// Which blank cells take the value above them.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FillKeys {
    pub(super) by: String,
    pub(super) columns: Vec<String>,
}

/// How events become cases.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GatherKeys {
    pub(super) by: Texts,
    pub(super) event: Option<String>,
    pub(super) time: Option<String>,
    pub(super) needs: Option<Texts>,
}

keys! {
    /// Where a canonical column comes from.
    ColumnTable {
        column: Option<Texts>,
        occurrence: Option<usize>,
        position: Option<usize>,
        #[serde(default)]
        optional: bool,
        constant: Option<String>,
        join: Option<Vec<PartKeys>>,
        with: Option<String>,
        product: Option<Vec<PartKeys>>,
        number_within: Option<Texts>,
        extract: Option<Spanned<String>>,
        #[serde(default)]
        values: BTreeMap<String, String>,
        others: Option<String>,
        default: Option<String>,
        sign: Option<SignKey>,
        take: Option<Spanned<String>>,
        #[serde(default)]
        codes: BTreeMap<String, String>,
        first: Option<Texts>,
        last: Option<Texts>,
        sum: Option<Texts>,
        count: Option<Texts>,
    }
}

/// A column by its name alone, or with more.
#[derive(Clone, Debug)]
pub(super) struct ColumnKeys(pub(super) Box<ColumnTable>);

impl ColumnKeys {
    /// What stands for a column that cannot be read.
    pub(super) fn stand_in() -> ColumnKeys {
        ColumnKeys(Box::new(ColumnTable { constant: Some(String::new()), ..ColumnTable::default() }))
    }
}

impl<'de> Deserialize<'de> for ColumnKeys {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<ColumnKeys, D::Error> {
        let named = |name: &str| ColumnTable { column: Some(Texts(vec![name.to_owned()])), ..ColumnTable::default() };
        UntaggedEnumVisitor::new()
            .expecting("a column's name, or a table that says more")
            .string(|name| Ok(ColumnKeys(Box::new(named(name)))))
            .map(|table| table.deserialize().map(|table| ColumnKeys(Box::new(table))))
            .deserialize(from)
    }
}

/// One of several columns that are put together.
#[derive(Clone, Debug)]
pub(super) struct PartKeys(pub(super) PartTable);

/// The same with more than its name.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PartTable {
    pub(super) column: Option<Texts>,
    pub(super) occurrence: Option<usize>,
    pub(super) position: Option<usize>,
}

impl<'de> Deserialize<'de> for PartKeys {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<PartKeys, D::Error> {
        let named = |name: &str| PartTable { column: Some(Texts(vec![name.to_owned()])), ..PartTable::default() };
        UntaggedEnumVisitor::new()
            .expecting("a column's name, or a table that says which")
            .string(|name| Ok(PartKeys(named(name))))
            .map(|table| table.deserialize().map(PartKeys))
            .deserialize(from)
    }
}
