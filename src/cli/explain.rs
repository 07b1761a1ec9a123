//! `reperform explain`: one case as a page of a workpaper.

use super::Status;
use super::exports::ExportArgs;
use super::failure::Failure;
use super::policies::{PolicyArgs, RuleArgs};
use super::progress::Progress;
use crate::audit::{AsOf, Options, as_of, audit};
use crate::explain::{books_of_case, explain_as_of, explain_line};
use crate::policy::Catalogue;
use crate::record::Books;
use crate::report::layout::plain;
use crate::report::paper::Paper;
use crate::report::paper_terminal;
use crate::report::paper_view::View;
use crate::wording::did_you_mean;
use clap::ValueEnum;
use std::io;

/// Explain one case: its facts, every rule that applies with its verdict, and the working.
#[derive(clap::Args)]
pub(super) struct Args {
    /// The case: a request's id.
    #[arg(required_unless_present = "finding")]
    case: Option<String>,
    /// Explain the case or the invoice line of a finding, by the finding's id.
    #[arg(long, value_name = "ID")]
    finding: Option<String>,
    /// How the page is written.
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "text")]
    format: PageFormat,
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

/// How a page is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum PageFormat {
    /// For a terminal.
    Text,
    /// Markdown.
    Md,
    /// A page of its own, which needs no network.
    Html,
    /// For programs.
    Json,
}

/// Explains.
pub(super) fn run(args: &Args) -> Result<Status, Failure> {
    let catalogue = args.policies.load()?;
    let selection = args.rules.selection(&catalogue)?;
    let (case, exports) = args.asked()?;
    let options = Options { as_of: exports.as_of, include_indeterminate: true, selection };
    let exports = exports.exports()?;
    let sources = &exports.sources;
    let progress = Progress::new(false);
    // One case seldom takes all rows.
    if let (None, Some(case)) = (&args.finding, &case) {
        progress.step("reading", super::exports::bytes(sources));
        let found = books_of_case(&catalogue, sources, &options, case, &|n| progress.tick(n));
        if let Some((books, as_of)) = found {
            drop(progress);
            return args.case(case, &catalogue, &books, &options, as_of);
        }
    }
    let books = super::exports::read(&catalogue, sources, &progress)?;
    drop(progress);
    let day = as_of(&catalogue, &books, &options);
    let Some(id) = &args.finding else {
        return args.case(&case.unwrap_or_default(), &catalogue, &books, &options, day);
    };
    let report = audit(&catalogue, &books, &options, &|_| {})?;
    let finding = report.findings.iter().find(|finding| finding.id(&books) == *id);
    let finding = finding.ok_or_else(|| no_finding(id))?;
    match explain_line(&catalogue, &books, &options, finding) {
        Some(explained) => {
            let paper = Paper::of_line(&catalogue, &books, &explained).map_err(unreadable)?;
            args.show(&paper, &books)
        }
        None => args.case(books.text(finding.request), &catalogue, &books, &options, day),
    }
}

impl Args {
    /// The case and the exports that are asked for. With a finding there is no case, and what stands first is the folder.
    fn asked(&self) -> Result<(Option<String>, ExportArgs), Failure> {
        let exports = self.exports.clone();
        match (&self.finding, &self.case) {
            (None, case) => Ok((case.clone(), exports)),
            (Some(_), None) => Ok((None, exports)),
            (Some(_), Some(folder)) if exports.folder.is_none() => {
                Ok((None, ExportArgs { folder: Some(folder.into()), ..exports }))
            }
            (Some(_), Some(case)) => {
                let help = "leave out one of the two".to_owned();
                Err(Failure::new(format!("both a case, `{case}`, and a finding are named"), Some(help)))
            }
        }
    }

    fn case(
        &self,
        case: &str,
        catalogue: &Catalogue,
        books: &Books,
        options: &Options,
        as_of: AsOf,
    ) -> Result<Status, Failure> {
        let explained = explain_as_of(catalogue, books, options, as_of, case);
        let paper = match &explained {
            Some(explained) => Some(Paper::of(catalogue, books, explained).map_err(unreadable)?),
            None => Paper::of_rejected(books, case).map_err(unreadable)?,
        };
        self.show(&paper.ok_or_else(|| unknown(case, books))?, books)
    }

    fn show(&self, paper: &Paper<'_>, books: &Books) -> Result<Status, Failure> {
        super::show(|to| match self.format {
            PageFormat::Text => paper_terminal::show(paper, books, self.all, to),
            PageFormat::Md => View::of(paper, books, self.all, plain).markdown(to),
            PageFormat::Html => View::of(paper, books, self.all, plain).html(to),
            PageFormat::Json => View::of(paper, books, self.all, str::to_owned).json(to),
        })?;
        Ok(Status::Fine)
    }
}

fn no_finding(id: &str) -> Failure {
    let help = "a finding is named by its `finding_id`; the exports, policies, rules and `--as-of` are to be those of the \
        run that found it";
    Failure::new(format!("there is no finding `{id}`"), Some(help.to_owned()))
}

fn unreadable(error: io::Error) -> Failure {
    let help = "check that the exports are still where they were".to_owned();
    Failure::new(format!("the rows of the case cannot be read again: {error}"), Some(help))
}

fn unknown(case: &str, books: &Books) -> Failure {
    let used = books.requests.iter().map(|request| books.text(request.id));
    let known = used.chain(books.held_back.iter().map(|held| held.request_id.as_str()));
    let help = did_you_mean(case, known).unwrap_or_else(|| "a case is named by its `request_id`".to_owned());
    Failure::new(format!("there is no case `{case}`"), Some(help))
}
