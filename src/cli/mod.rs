//! The command line: a file a command. A command reads its arguments, asks the library, and shows what it answers.

mod audit;
mod check;
mod columns;
mod compare;
mod explain;
mod exports;
mod failure;
mod generate;
mod inspect;
mod mapping;
mod memory;
mod policies;
mod policy;
mod progress;
mod rules;

use clap::{Parser, Subcommand};
use failure::Failure;
use std::io;
use std::process::ExitCode;

/// Re-performs past refund, cancellation, credit and billing-dispute decisions against the policies that bound them.
#[derive(Parser)]
#[command(version, about, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Audit(audit::Args),
    Check(check::Args),
    Compare(compare::Args),
    Explain(explain::Args),
    Generate(generate::Args),
    Inspect(inspect::Args),
    Mapping(mapping::Args),
    Policy(policy::Args),
    Rules(rules::Args),
    Columns(columns::Args),
}

/// How a command ended that was carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    /// Nothing to complain of.
    Fine,
    /// There are deviations.
    Deviations,
    /// Rows were rejected.
    Rejects,
}

/// The exit status of a command that was not carried out; clap uses the same for wrong usage.
const NOT_DONE: u8 = 2;

/// Reads the arguments of the process, carries the command out, and says how it ended.
pub fn run() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Audit(args) => audit::run(&args),
        Command::Check(args) => check::run(&args),
        Command::Compare(args) => compare::run(&args),
        Command::Explain(args) => explain::run(&args),
        Command::Generate(args) => generate::run(&args),
        Command::Inspect(args) => inspect::run(&args),
        Command::Mapping(args) => mapping::run(&args),
        Command::Policy(args) => policy::run(&args),
        Command::Rules(args) => rules::run(&args),
        Command::Columns(args) => columns::run(&args),
    };
    match done {
        Ok(Status::Fine) => ExitCode::SUCCESS,
        Ok(Status::Deviations) => ExitCode::from(1),
        Ok(Status::Rejects) => ExitCode::from(3),
        Err(failure) => {
            failure.print();
            ExitCode::from(NOT_DONE)
        }
    }
}

/// Writes to standard output. Whoever reads it may stop reading before the end.
fn show(content: impl FnOnce(&mut dyn io::Write) -> io::Result<()>) -> Result<(), Failure> {
    let mut stdout = anstream::AutoStream::auto(io::stdout().lock());
    let written = content(&mut stdout).and_then(|()| io::Write::flush(&mut stdout));
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::new(format!("standard output cannot be written: {error}"), None))
        }
        _ => Ok(()),
    }
}
