//! `reperform check`: what exports can be audited for, before anyone waits for an audit.

use super::Status;
use super::exports::ExportArgs;
use super::failure::Failure;
use super::memory;
use super::policies::{PolicyArgs, RuleArgs};
use super::progress::Progress;
use crate::audit::{Options, audit};
use crate::plan::Plans;
use crate::report::summary::Summary;
use crate::report::totals::Totals;
use crate::report::{Results, readiness};

/// Read exports and say what would be rejected, and which rules could not be tested for lack of which column.
#[derive(clap::Args)]
#[command(after_help = "Exit status: 0 every row can be used, 2 not read, 3 rows are rejected.")]
pub(super) struct Args {
    #[command(flatten)]
    exports: ExportArgs,
    #[command(flatten)]
    policies: PolicyArgs,
    #[command(flatten)]
    rules: RuleArgs,
}

/// Checks.
pub(super) fn run(args: &Args) -> Result<Status, Failure> {
    let catalogue = args.policies.load()?;
    let selection = args.rules.selection(&catalogue)?;
    let exports = args.exports.exports()?;
    let sources = &exports.sources;
    memory::must_fit(sources, "check a month of them; `reperform audit` divides them on disk")?;
    let progress = Progress::new(false);
    let books = super::exports::read(&catalogue, sources, &progress)?;
    // Only a rule that is put to the cases can tell what it lacks.
    progress.step("trying", books.requests.len() as u64);
    let options = Options { as_of: args.exports.as_of, include_indeterminate: false, selection };
    let report = audit(&catalogue, &books, &options, &|n| progress.tick(n))?;
    drop(progress);
    let totals = Totals::of(Results { catalogue: &catalogue, books: &books, report: &report });
    let rules = Plans::of(&catalogue, &options.selection).listed;
    let summary = Summary::of(&catalogue, &rules, &totals);
    super::show(|to| readiness::show(&summary, (&rules, &totals), (&books, sources), to))?;
    Ok(if books.rejects.is_empty() { Status::Fine } else { Status::Rejects })
}
