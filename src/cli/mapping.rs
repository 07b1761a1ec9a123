//! `reperform mapping`: the mappings that ship with the program, and whether one of your own is sound.

use super::Status;
use super::exports::{document, mapping_of};
use super::failure::Failure;
use crate::mapping;
use crate::report::layout::{Table, left};
use std::path::PathBuf;

/// The mappings that ship with the program, and whether one of your own is sound.
#[derive(clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// List the mappings that ship with the program.
    List,
    /// Show one, to begin your own with.
    Show {
        /// Its name.
        name: String,
    },
    /// Check mapping files.
    Check {
        /// The files, or names of shipped ones.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
}

/// Lists, shows or checks.
pub(super) fn run(args: &Args) -> Result<Status, Failure> {
    match &args.command {
        Command::List => list()?,
        Command::Show { name } => {
            let document = document(name.as_ref())?;
            super::show(|to| to.write_all(document.text.as_bytes()))?;
        }
        Command::Check { files } => {
            for file in files {
                let mapping = mapping_of(&document(file)?)?;
                super::show(|to| {
                    writeln!(to, "{}: sound", file.display())?;
                    mapping
                        .sources
                        .iter()
                        .try_for_each(|source| writeln!(to, "  {} from {}", source.name, source.patterns.join(", ")))
                })?;
            }
        }
    }
    Ok(Status::Fine)
}

fn list() -> Result<(), Failure> {
    let mut table = Table::new(vec![left("mapping"), left("reads")]);
    for document in mapping::shipped() {
        table.row(vec![left(mapping::name(&document)), left(mapping_of(&document)?.title)]);
    }
    super::show(|to| table.lines().iter().try_for_each(|line| writeln!(to, "{line}")))
}
