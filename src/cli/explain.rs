//! `reperform explain`: one case as a page of a workpaper.

use super::Status;
use super::exports::ExportArgs;
use super::failure::Failure;
use super::policies::{PolicyArgs, RuleArgs};
use super::progress::Progress;
use crate::audit::Options;
use crate::explain::explain;
use crate::policy::word;
use crate::record::Books;
use crate::report::paper::Paper;
use crate::report::paper_terminal;
use crate::wording::near;
use std::io;

/// Explain one case: its facts, every rule that applies with its verdict, and the working.
#[derive(clap::Args)]
pub(super) struct Args {
    /// The case: a request's id.
    case: String,
    #[command(flatten)]
    exports: ExportArgs,
    #[command(flatten)]
    policies: PolicyArgs,
    #[command(flatten)]
    rules: RuleArgs,
    /// List the rules too that do not apply.
    #[arg(long)]
    all: bool,
}

/// Explains.
pub(super) fn run(args: &Args) -> Result<Status, Failure> {
    let catalogue = args.policies.load()?;
    let selection = args.rules.selection(&catalogue)?;
    let exports = args.exports.exports()?;
    let sources = &exports.sources;
    let progress = Progress::new(false);
    progress.step("reading", super::exports::bytes(sources));
    let (vocabulary, texts) = (catalogue.reading_vocabulary(), word::texts_with_words());
    let books = crate::export::read(sources, &vocabulary, texts, &|n| progress.tick(n))?;
    drop(progress);
    let options = Options { as_of: args.exports.as_of, include_indeterminate: true, selection };
    let explained = explain(&catalogue, &books, &options, &args.case);
    let paper = match &explained {
        Some(explained) => Some(Paper::of(&catalogue, &books, explained).map_err(unreadable)?),
        None => Paper::of_rejected(&books, &args.case).map_err(unreadable)?,
    };
    let paper = paper.ok_or_else(|| unknown(&args.case, &books))?;
    super::show(|to| paper_terminal::show(&paper, &books, args.all, to))?;
    Ok(Status::Fine)
}

fn unreadable(error: io::Error) -> Failure {
    let help = "check that the exports are still where they were".to_owned();
    Failure::new(format!("the rows of the case cannot be read again: {error}"), Some(help))
}

fn unknown(case: &str, books: &Books) -> Failure {
    let used = books.requests.iter().map(|request| books.text(request.id));
    let near = near(case, used.chain(books.held_back.iter().map(|held| held.request_id.as_str())));
    let help = if near.is_empty() {
        "a case is named by its `request_id`".to_owned()
    } else {
        format!("did you mean {near}?")
    };
    Failure::new(format!("there is no case `{case}`"), Some(help))
}
