//! `reperform columns`: what an export must have, and what it may.

use super::Status;
use super::failure::Failure;
use crate::column::{Column, Type};
use crate::report::layout::{Table, left};
use std::io::{self, Write};

/// List the columns of the three exports, their types, and which are required.
#[derive(clap::Args)]
pub(super) struct Args {}

/// Lists.
pub(super) fn run(_: &Args) -> Result<Status, Failure> {
    super::show(list)?;
    Ok(Status::Fine)
}

fn list(to: &mut dyn Write) -> io::Result<()> {
    let mut table = Table::new(vec![left("export"), left("column"), left("required"), left("holds")]);
    for column in Column::ALL {
        let required = if column.required() { "yes" } else { "" };
        let cells = [column.table().name(), column.name(), required, holds(column.kind())];
        table.row(cells.into_iter().map(left).collect());
    }
    table.lines().iter().try_for_each(|line| writeln!(to, "{line}"))
}

fn holds(kind: Type) -> &'static str {
    match kind {
        Type::Id => "an id, compared exactly",
        Type::Text => "text",
        Type::Time => "a day, with or without a time of day and an offset from UTC",
        Type::Date => "a day",
        Type::Amount => "a plain decimal, not negative",
        Type::Percent => "a plain decimal from 0 to 100",
        Type::Whole => "a whole number, not negative",
        Type::Flag => "true or false, yes or no, 1 or 0",
        Type::Code => "a word",
        Type::Currency => "an ISO 4217 code",
    }
}
