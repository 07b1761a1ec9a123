//! `reperform inspect`: what is in exports of other systems, and a mapping file to start from.

use super::Status;
use super::failure::Failure;
use crate::export::input::Refused;
use crate::inspect::{Inspection, Join, inspect, joins, show, suggest};
use clap::ValueEnum;
use serde::Serialize;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Show what is in exports of other systems: how they are written, what their columns hold, and what those resemble.
#[derive(clap::Args)]
pub(super) struct Args {
    /// The exports, also compressed, or as Parquet.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// How to show it.
    #[arg(long, value_enum, default_value = "text", conflicts_with = "suggest")]
    format: Format,
    /// Write a mapping file to start from instead.
    #[arg(long)]
    suggest: bool,
    /// Where to write the mapping file; without it standard output.
    #[arg(long, value_name = "FILE", requires = "suggest")]
    out: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// What is shown to programs.
#[derive(Serialize)]
struct Shown<'a> {
    files: &'a [Inspection],
    joins: &'a [Join],
}

/// Inspects.
pub(super) fn run(args: &Args) -> Result<Status, Failure> {
    let mut found = Vec::new();
    for path in &args.files {
        found.push(inspect(path).map_err(|error| unreadable(path, &error))?);
    }
    if args.suggest {
        let text = suggest(&found);
        match &args.out {
            Some(path) => write(path, &text)?,
            None => super::show(|to| to.write_all(text.as_bytes()))?,
        }
        return Ok(Status::Fine);
    }
    let joins = joins(&found);
    match args.format {
        Format::Text => super::show(|to| show(&found, &joins, to))?,
        Format::Json => super::show(|to| {
            serde_json::to_writer_pretty(&mut *to, &Shown { files: &found, joins: &joins })?;
            writeln!(to)
        })?,
    }
    Ok(Status::Fine)
}

/// Writes a new file: what a user has worked on is not replaced.
fn write(path: &Path, text: &str) -> Result<(), Failure> {
    File::create_new(path).and_then(|mut file| file.write_all(text.as_bytes())).map_err(|error| {
        let help = match error.kind() {
            io::ErrorKind::AlreadyExists => "name another file, or remove this one",
            _ => "check the path and the permission to write there",
        };
        Failure::new(format!("`{}` cannot be written: {error}", path.display()), Some(help.to_owned()))
    })
}

fn unreadable(path: &Path, error: &io::Error) -> Failure {
    let refused = error.get_ref().and_then(|source| source.downcast_ref::<Refused>());
    let (what, help) = match refused {
        Some(Refused { what, help }) => (what.clone(), help.clone()),
        None => {
            (format!("the file cannot be read: {error}"), "check the path and the permission to read it".to_owned())
        }
    };
    Failure::new(format!("{}: {what}", path.display()), Some(help))
}
