//! `reperform policy doc`: a policy as a page.

use crate::cli::failure::Failure;
use crate::example::{self, Example};
use crate::policy::{Catalogue, Policy};
use crate::report::policy_page::PolicyPage;
use clap::ValueEnum;

/// How the page is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// Markdown.
    Md,
    /// A page of its own, which needs no network.
    Html,
}

/// Shows the page.
pub(super) fn doc(catalogue: &Catalogue, policy: &Policy, format: Format) -> Result<(), Failure> {
    let examples = examples_of(catalogue, policy)?;
    let page = PolicyPage::of(catalogue, policy, &examples);
    crate::cli::show(|to| match format {
        Format::Md => page.markdown(to),
        Format::Html => page.html(to),
    })
}

/// The worked examples beside a policy; none if it has no such file.
fn examples_of(catalogue: &Catalogue, policy: &Policy) -> Result<Vec<Example>, Failure> {
    let Some(source) = policy.examples(&catalogue.sources) else { return Ok(Vec::new()) };
    example::read(source).map_err(|problem| Failure::documents(vec![problem], std::slice::from_ref(source)))
}
