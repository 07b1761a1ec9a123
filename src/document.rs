//! TOML documents that people write: read table by table, with every mistake named at its place.

use include_dir::{Dir, DirEntry};
use serde::de::DeserializeOwned;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeValue, ValueDeserializer};

/// A document with its text.
#[derive(Clone, Debug)]
pub struct Source {
    /// As it is named in messages and in the run's evidence.
    pub name: String,
    /// Its content.
    pub text: String,
}

impl Source {
    /// The line and, in characters, the column of a byte of the text, both from 1; a byte beyond the end is at it.
    pub fn line_and_column(&self, at: usize) -> (usize, usize) {
        let before = self.text.get(..at).unwrap_or(&self.text);
        let line = before.rsplit_once('\n').map_or(before, |(_, line)| line);
        (before.matches('\n').count() + 1, line.chars().count() + 1)
    }

    /// The files of a folder that is part of the program, by name.
    pub(crate) fn all_in(folder: &Dir<'_>) -> Vec<Source> {
        let mut sources = Vec::new();
        gather(folder, &mut sources);
        sources.sort_by(|a, b| a.name.cmp(&b.name));
        sources
    }
}

fn gather(folder: &Dir<'_>, sources: &mut Vec<Source>) {
    for entry in folder.entries() {
        match entry {
            DirEntry::Dir(folder) => gather(folder, sources),
            DirEntry::File(file) => {
                let name = file.path().to_string_lossy().replace('\\', "/");
                let text = String::from_utf8_lossy(file.contents()).into_owned();
                sources.push(Source { name, text });
            }
        }
    }
}

/// How grave a problem is, from the least up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Worth knowing.
    Note,
    /// Probably not meant.
    Warning,
    /// Cannot be right.
    #[default]
    Error,
}

impl Level {
    /// As programs read it.
    pub fn name(self) -> &'static str {
        match self {
            Level::Note => "note",
            Level::Warning => "warning",
            Level::Error => "error",
        }
    }
}

/// A kind of problem, by a name that stays. The default is an error without a name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code {
    /// Words joined by hyphens.
    pub name: &'static str,
    /// How grave it is.
    pub level: Level,
}

/// Something wrong in a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Of which kind it is.
    pub code: Code,
    /// The file's name.
    pub file: String,
    /// Bytes of the file's text that are at fault.
    pub span: Range<usize>,
    /// What is wrong: lower case, no full stop.
    pub what: String,
    /// How to mend it.
    pub help: Option<String>,
}

/// Collects the problems of one document.
pub(crate) struct Reading<'a> {
    pub(crate) source: &'a Source,
    pub(crate) problems: Vec<Problem>,
}

impl Reading<'_> {
    pub(crate) fn problem(&mut self, span: Range<usize>, what: impl Into<String>, help: Option<&str>) {
        self.coded(Code::default(), span, what, help);
    }

    /// A problem of a kind that has a name.
    pub(crate) fn coded(&mut self, code: Code, span: Range<usize>, what: impl Into<String>, help: Option<&str>) {
        self.problems.push(Problem {
            code,
            file: self.source.name.clone(),
            span,
            what: what.into(),
            help: help.map(str::to_owned),
        });
    }

    /// A value of the file as it must be. The parser stops at the first mistake in a table: what holds it is put aside
    /// and the rest read again, until every mistake is told.
    pub(crate) fn value<T: DeserializeOwned>(&mut self, mut value: Spanned<DeValue<'_>>) -> Option<T> {
        let mut aside: Vec<String> = Vec::new();
        loop {
            let error = match T::deserialize(ValueDeserializer::from(value.clone())) {
                Ok(read) => return Some(read).filter(|_| aside.is_empty()),
                Err(error) => error,
            };
            let lacks_what_is_aside =
                aside.iter().any(|key| error.message().contains(&format!("missing field `{key}`")));
            if lacks_what_is_aside {
                return None;
            }
            let place = error.span().unwrap_or_else(|| value.span());
            self.problem(place.clone(), one_line(error.message()), None);
            let DeValue::Table(table) = value.get_mut() else { return None };
            let culprit =
                table.iter().find(|(key, held)| key.span().contains(&place.start) || holds(held, place.start));
            let key = culprit.map(|(key, _)| key.get_ref().to_string())?;
            table.remove(key.as_str());
            aside.push(key);
        }
    }

    /// The tables of an array of tables, each with its place; a table that cannot be read is a problem of its own.
    pub(crate) fn array<T: DeserializeOwned>(&mut self, value: Option<Spanned<DeValue<'_>>>) -> Vec<(T, Range<usize>)> {
        let Some(value) = value else { return Vec::new() };
        let span = value.span();
        let DeValue::Array(items) = value.into_inner() else {
            self.problem(span, "expected an array of tables", Some("write the name in double brackets"));
            return Vec::new();
        };
        let each = items.into_iter().filter_map(|item| {
            let span = item.span();
            Some((self.value(item)?, span))
        });
        each.collect()
    }
}

/// Whether a value, or one within it, stands at a place of the file: of a table the parser gives the header alone.
fn holds(value: &Spanned<DeValue<'_>>, place: usize) -> bool {
    let within = match value.get_ref() {
        DeValue::Table(table) => table.iter().any(|(key, held)| key.span().contains(&place) || holds(held, place)),
        DeValue::Array(items) => items.iter().any(|item| holds(item, place)),
        _ => false,
    };
    within || value.span().contains(&place)
}

/// Messages of a parser may have several lines, among them pictures of what is wrong; a problem has one.
pub(crate) fn one_line(message: &str) -> String {
    let says_something = |line: &&str| line.chars().any(char::is_alphanumeric);
    message.lines().map(str::trim).filter(says_something).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::Source;

    #[test]
    fn columns_count_characters() {
        let source = Source { name: String::new(), text: "a\nä = \"€\"\n".to_owned() };
        for (at, place) in
            [(0, (1, 1)), (1, (1, 2)), (2, (2, 1)), (4, (2, 2)), (11, (2, 7)), (12, (2, 8)), (13, (3, 1)), (99, (3, 1))]
        {
            assert_eq!(source.line_and_column(at), place, "byte {at}");
        }
    }
}
