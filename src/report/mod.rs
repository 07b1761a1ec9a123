//! What an audit writes: one folder, a file a writer.
//!
//! A writer shows; it decides nothing. Each takes what was found and a place to write to, holds one row at a time, and
//! gives the same bytes for the same results.

pub mod cell;
pub mod comparison;
pub mod coverage;
pub mod evidence;
pub mod exposure;
pub mod facts;
pub mod files;
pub mod findings;
pub mod folder;
pub mod format;
pub mod html;
pub mod json;
pub mod junit;
pub mod largest;
pub mod layout;
pub mod markdown;
pub mod opinion;
pub mod ordered;
pub mod paper;
pub mod paper_terminal;
pub mod paper_view;
pub mod policy_page;
pub mod problems;
#[cfg(test)]
pub(crate) mod quarter;
pub mod readiness;
pub mod readings;
pub mod rejects;
pub mod run;
pub mod runs;
pub mod sarif;
pub mod summary;
pub mod summary_md;
pub mod terminal;
pub mod to_obtain;
pub mod totals;
pub mod workpaper;

use crate::audit::Report;
use crate::policy::Catalogue;
use crate::record::Books;

/// What the writers read.
#[derive(Clone, Copy)]
pub struct Results<'a> {
    /// The policies that judged.
    pub catalogue: &'a Catalogue,
    /// The population.
    pub books: &'a Books,
    /// What was found in it.
    pub report: &'a Report<'a>,
}
