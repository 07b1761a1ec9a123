//! `reperform generate`: believable exports with planted deviations.

use super::Status;
use super::failure::Failure;
use super::policies::PolicyArgs;
use super::progress::Progress;
use crate::generate::{FILES, Options, Teller, Told};
use crate::report::folder::{Folder, FolderError, RUN, Written};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Write believable exports of any size, with planted deviations and a key of them.
#[derive(clap::Args)]
#[command(after_help = "\
Writes `invoices.csv`, `requests.csv`, `decisions.csv`, the key `key.csv` (which request or invoice line goes against \
which rule, and how), and `run.json`. The same number of cases, seed and options give the same bytes. Every case that \
is not in the key is as its policy demands. What the cases tell is data: the folder `stories` beside the policies.

    reperform generate --cases 10000 --seed 1 --out /tmp/exports
    reperform audit /tmp/exports --out /tmp/report")]
pub(super) struct Args {
    /// How many cases, that is, requests.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    cases: u64,
    /// Another seed gives other exports.
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// The folder to write.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// In how many cases of a hundred a deviation is planted.
    #[arg(long, value_name = "PERCENT", default_value_t = 10, value_parser = clap::value_parser!(u64).range(0..=100))]
    deviations: u64,
    /// After how many rows of a million comes one that cannot be used: the same again, or a part of it.
    #[arg(long, value_name = "ROWS", default_value_t = 0, value_parser = clap::value_parser!(u64).range(0..=1_000_000))]
    rejects: u64,
    #[command(flatten)]
    policies: PolicyArgs,
    /// Replace exports generated before.
    #[arg(long)]
    force: bool,
    /// How many threads to use; without it one a core.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// Print nothing but errors.
    #[arg(long, short)]
    quiet: bool,
}

/// Generates.
pub(super) fn run(args: &Args) -> Result<Status, Failure> {
    let threads = args.threads.map_or(0, usize::from);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    let pool = pool.map_err(|error| Failure::new(format!("the threads cannot be started: {error}"), None))?;
    pool.install(|| generate(args))
}

/// The record of a run. It has no time in it: the same command writes the same bytes.
#[derive(Serialize)]
struct Run<'a> {
    program: &'static str,
    version: &'static str,
    cases: u64,
    seed: u64,
    deviations_percent: u64,
    rejects_per_million: u64,
    written: &'a [Written],
}

fn generate(args: &Args) -> Result<Status, Failure> {
    let catalogue = args.policies.load()?;
    let teller = Teller::of(&catalogue).map_err(|problems| Failure::Documents {
        problems,
        sources: catalogue.sources.clone(),
        folder: args.policies.policies.clone(),
    })?;
    let options = Options { cases: args.cases, seed: args.seed, deviations: args.deviations, rejects: args.rejects };
    let mut folder = Folder::begin(&args.out, args.force)?;
    let progress = Progress::new(args.quiet);
    progress.step("writing", args.cases);
    let files =
        [folder.create(FILES[0])?, folder.create(FILES[1])?, folder.create(FILES[2])?, folder.create(FILES[3])?];
    let (files, told) = teller
        .write(&options, files, |cases| progress.tick(cases))
        .map_err(|error| FolderError::unwritable("the exports", &error))?;
    drop(progress);
    files.into_iter().for_each(|file| folder.close(file));
    let written = folder.written().to_vec();
    let run = Run {
        program: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        cases: args.cases,
        seed: args.seed,
        deviations_percent: args.deviations,
        rejects_per_million: args.rejects,
        written: &written,
    };
    folder.write(RUN, |to| Ok(serde_json::to_writer_pretty(to, &run)?))?;
    let place = folder.finish()?;
    if !args.quiet {
        super::show(|to| writeln!(to, "{}", summary(&told, &written, &place)))?;
    }
    Ok(Status::Fine)
}

/// One line on what was written.
fn summary(told: &Told, written: &[Written], place: &Path) -> String {
    let [invoices, requests, decisions, planted] = told.rows;
    let bytes: u64 = written.iter().take(3).map(|file| file.bytes).sum();
    let rejects = if told.rejects > 0 { format!(", {} rows that cannot be used", told.rejects) } else { String::new() };
    format!(
        "{}: {invoices} invoice lines, {requests} requests, {decisions} decisions, {bytes} bytes; \
         {planted} deviations planted{rejects}",
        place.display(),
    )
}
