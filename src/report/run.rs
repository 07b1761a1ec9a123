//! `run.json`: with what a run was made, so that a second person can make it again and check that nothing was changed.

use super::folder::Written;
use super::summary::{AsOfFrom, as_of};
use super::totals::Totals;
use crate::policy::{Catalogue, Source};
use crate::record::Sources;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::io::{self, Write};

/// The record of a run.
#[derive(Serialize)]
pub struct Run<'a> {
    /// The program's version.
    pub reperform: &'static str,
    /// What was asked for.
    pub options: RunOptions<'a>,
    /// The day as of which the cases were read; `None` without a case.
    pub as_of: Option<String>,
    /// Where that day comes from.
    pub as_of_from: AsOfFrom<'a>,
    /// The exports.
    pub inputs: Vec<Input<'a>>,
    /// How the exports were mapped, if they were.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mapping: Option<MappingFile<'a>>,
    /// The policy and calendar files.
    pub policies: Vec<PolicyFile<'a>>,
    /// The other files of the folder.
    pub written: &'a [Written],
    /// The only part that differs between two runs that were asked for the same.
    pub timing: Timing,
}

/// What was asked for.
#[derive(Clone, Debug, Default, Serialize)]
pub struct RunOptions<'a> {
    /// The as-of date.
    pub as_of: Option<String>,
    /// The user's folder of policies.
    pub policies: Option<String>,
    /// The rules to judge by; all if empty.
    pub select: &'a [String],
    /// The rules left out.
    pub ignore: &'a [String],
    /// Which readings judged, where others were tried too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub readings: Option<&'static str>,
    /// What is written up besides deviations and what is for a person to judge.
    pub include: Vec<&'static str>,
    /// In which formats findings are written.
    pub format: Vec<&'static str>,
    /// The least severity that fails the run.
    pub fail_on: &'static str,
    /// Whether rejected rows do not fail it.
    pub allow_rejects: bool,
    /// Whether the facts that are missing are listed.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub to_obtain: bool,
}

/// An export.
#[derive(Serialize)]
pub struct Input<'a> {
    /// As results name it.
    pub file: &'a str,
    /// As it was given.
    pub path: String,
    /// The table that it feeds.
    pub table: &'static str,
    /// Its size.
    pub bytes: u64,
    /// SHA-256 in lower-case hex.
    pub sha256: &'a str,
    /// Rows after the header.
    pub rows_read: u64,
    /// Rows used.
    pub rows_used: u64,
    /// Rows rejected.
    pub rows_rejected: u64,
}

/// A policy or calendar file.
#[derive(Serialize)]
pub struct PolicyFile<'a> {
    /// Its name.
    pub file: &'a str,
    /// Its size.
    pub bytes: u64,
    /// SHA-256 in lower-case hex.
    pub sha256: String,
}

/// A mapping file.
#[derive(Serialize)]
pub struct MappingFile<'a> {
    /// The file.
    #[serde(flatten)]
    pub file: PolicyFile<'a>,
    /// The orders of dates that the data settled.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub settled: Vec<Settled<'a>>,
}

/// The form of dates that a column was found to have.
#[derive(Serialize)]
pub struct Settled<'a> {
    /// The table.
    pub table: &'static str,
    /// The canonical column.
    pub column: &'static str,
    /// The form of its dates.
    pub dates: &'a str,
}

/// When a run was made and how long it took.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Timing {
    /// The time of its start, in UTC.
    pub started: String,
    /// How many threads it had.
    pub threads: usize,
    /// In how many parts the exports were audited for want of memory; 1 is in one piece.
    pub parts: usize,
    /// Milliseconds of reading.
    pub reading_ms: u64,
    /// Milliseconds of judging.
    pub judging_ms: u64,
    /// Milliseconds of writing.
    pub writing_ms: u64,
}

impl<'a> Run<'a> {
    /// The record of a run that gave these results and wrote these files.
    pub fn of(
        catalogue: &'a Catalogue,
        totals: &'a Totals<'_>,
        options: RunOptions<'a>,
        sources: &'a Sources,
        written: &'a [Written],
        timing: Timing,
    ) -> Run<'a> {
        let inputs = totals.files.iter().map(|file| Input {
            file: &file.name,
            path: file.path.display().to_string(),
            table: file.table.name(),
            bytes: file.bytes,
            sha256: &file.sha256,
            rows_read: file.rows.read,
            rows_used: file.rows.used,
            rows_rejected: file.rows.rejected,
        });
        Run {
            reperform: env!("CARGO_PKG_VERSION"),
            options,
            as_of: as_of(&totals.as_of),
            as_of_from: AsOfFrom::of(totals),
            inputs: inputs.collect(),
            mapping: sources.mapping.as_ref().map(|document| mapping_file(document, sources)),
            policies: catalogue.judging().map(policy_file).collect(),
            written,
            timing,
        }
    }

    /// Writes `run.json`.
    ///
    /// # Errors
    /// When the place cannot be written to.
    pub fn write(&self, to: &mut dyn Write) -> io::Result<()> {
        serde_json::to_writer_pretty(&mut *to, self)?;
        to.write_all(b"\n")?;
        to.flush()
    }
}

fn mapping_file<'a>(document: &'a Source, sources: &'a Sources) -> MappingFile<'a> {
    let settled = sources.settled().into_iter().map(|(table, dates)| Settled {
        table: table.name(),
        column: dates.column.name(),
        dates: &dates.form,
    });
    MappingFile { file: policy_file(document), settled: settled.collect() }
}

fn policy_file(source: &Source) -> PolicyFile<'_> {
    let sha256 = Sha256::digest(&source.text).iter().map(|byte| format!("{byte:02x}")).collect();
    PolicyFile { file: &source.name, bytes: source.text.len() as u64, sha256 }
}
