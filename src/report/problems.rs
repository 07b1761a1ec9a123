//! The problems of policy files, for programs: as JSON, and in SARIF 2.1.0.

use super::layout::encoded;
use super::sarif::{Artifact, Level, Log, Text};
use crate::document::{Code, Problem, Source};
use crate::policy::lint::code::about;
use serde::Serialize;
use std::collections::BTreeSet;

/// A problem as programs read it.
#[derive(Serialize)]
struct Told<'a> {
    code: &'static str,
    level: &'static str,
    file: &'a str,
    line: usize,
    column: usize,
    message: &'a str,
    help: Option<&'a str>,
}

/// The problems as an array of objects. Lines and columns count from 1, columns in characters.
///
/// # Errors
/// When they cannot be written as JSON.
pub fn json(problems: &[Problem], sources: &[Source]) -> serde_json::Result<String> {
    let told = |problem| {
        let ((line, column), _) = places(problem, sources);
        let Problem { code, file, what, help, .. } = problem;
        Told { code: code.name, level: code.level.name(), file, line, column, message: what, help: help.as_deref() }
    };
    serde_json::to_string_pretty(&problems.iter().map(told).collect::<Vec<_>>())
}

/// Where a problem begins and where it ends, in lines and columns.
fn places(problem: &Problem, sources: &[Source]) -> ((usize, usize), (usize, usize)) {
    let source = sources.iter().find(|source| source.name == problem.file);
    let place = |at| source.map_or((1, 1), |source| source.line_and_column(at));
    (place(problem.span.start), place(problem.span.end))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CodeHelp {
    id: &'static str,
    short_description: Text<'static>,
    default_configuration: Level,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SarifResult<'a> {
    rule_id: &'static str,
    rule_index: Option<usize>,
    level: &'static str,
    message: Text<'a>,
    locations: [Location; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    physical_location: PhysicalLocation,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PhysicalLocation {
    artifact_location: Artifact,
    region: Region,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: usize,
    start_column: usize,
    end_line: usize,
    end_column: usize,
}

/// The problems as a SARIF log, whose rules are the codes that occur.
///
/// # Errors
/// When they cannot be written as JSON.
pub fn sarif(problems: &[Problem], sources: &[Source]) -> serde_json::Result<String> {
    let codes: Vec<Code> = problems.iter().map(|problem| problem.code).collect::<BTreeSet<_>>().into_iter().collect();
    let results: Vec<SarifResult<'_>> = problems.iter().map(|problem| result(problem, sources, &codes)).collect();
    let helps = codes.into_iter().map(|code| CodeHelp {
        id: code.name,
        short_description: Text { text: about(code).into() },
        default_configuration: Level { level: code.level.name() },
    });
    serde_json::to_string_pretty(&Log::new(helps.collect(), results))
}

fn result<'a>(problem: &'a Problem, sources: &[Source], codes: &[Code]) -> SarifResult<'a> {
    let ((start_line, start_column), (end_line, end_column)) = places(problem, sources);
    // A message has no help of its own.
    let help = problem.help.as_ref().map(|help| format!(" ({help})")).unwrap_or_default();
    SarifResult {
        rule_id: problem.code.name,
        rule_index: codes.iter().position(|code| *code == problem.code),
        level: problem.code.level.name(),
        message: Text { text: format!("{}{help}", problem.what).into() },
        locations: [Location {
            physical_location: PhysicalLocation {
                artifact_location: Artifact { uri: encoded(&problem.file) },
                region: Region { start_line, start_column, end_line, end_column },
            },
        }],
    }
}
