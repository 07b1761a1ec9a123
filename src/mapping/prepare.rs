//! From the sources of a mapping to files that can be read.

use super::Mapping;
use super::settle::{Settled, Settler};
use super::shape::all;
use super::source::{AutoDates, Convert, SettledDates, Source};
use super::whole::{Seen, Whole};
use crate::column::Table;
use crate::export::Problem;
use crate::record::{Export, Sources};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Finds the files of a mapping's sources in a folder and reads before what must be known of them. Files that are named
/// for a table take the place of those that its only source names.
///
/// # Errors
/// All that is in the way: files that are not there, dates whose order cannot be told, quotes that swallow rows.
pub fn prepare(mapping: Mapping, folder: &Path, named: &Sources) -> Result<Sources, Vec<Problem>> {
    let prepared = mapping.sources.into_iter().map(|source| {
        let files = match named.of(source.table) {
            [] => found(&source, folder)?,
            files => files.iter().map(|export| export.path.clone()).collect(),
        };
        let exports = prepare_source(source, files)?;
        Ok::<_, Vec<Problem>>(exports)
    });
    let mut sources = Sources::default();
    for (table, exports) in all(prepared.collect())? {
        sources.of_mut(table).extend(exports);
    }
    Ok(sources)
}

/// The files that a source's globs find, in order.
fn found(source: &Source, folder: &Path) -> Result<Vec<PathBuf>, Vec<Problem>> {
    let mut files = Vec::new();
    let mut problems = Vec::new();
    let escaped = glob::Pattern::escape(&folder.to_string_lossy());
    for pattern in &source.patterns {
        let whole = format!("{}/{pattern}", escaped.trim_end_matches('/'));
        let before = files.len();
        match glob::glob(&whole) {
            Ok(paths) => files.extend(paths.filter_map(Result::ok).filter(|path| path.is_file())),
            Err(error) => {
                let help = "`*` stands for any characters, `?` for one, `[a-z]` for one of several";
                problems.push(Problem::of_file(pattern, &format!("not a pattern of file names: {}", error.msg), help));
                continue;
            }
        }
        if files.len() == before {
            let what = format!("no file in `{}` matches `{pattern}`", folder.display());
            let help = format!("put the export there, or mend `files` of the source of {} in the mapping", source.name);
            problems.push(Problem::of_file(&source.name, &what, &help));
        }
    }
    files.sort();
    files.dedup();
    if problems.is_empty() { Ok(files) } else { Err(problems) }
}

/// Makes a source ready to be read.
fn prepare_source(mut source: Source, files: Vec<PathBuf>) -> Result<(Table, Vec<Export>), Vec<Problem>> {
    let name = |path: &Path| path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    let named: Vec<(PathBuf, String)> = files.iter().map(|path| (path.clone(), name(path))).collect();
    settle(&mut source, &named)?;
    source.shape(&named)?;
    let table = source.table;
    let source = Arc::new(source);
    let export = |path| Export { path, source: Some(Arc::clone(&source)) };
    Ok((table, files.into_iter().map(export).collect()))
}

/// A place in a file, as problems name it.
#[derive(Clone, Copy)]
struct At {
    file: usize,
    record: u64,
    line: u64,
}

/// Finds the order of dates that the mapping leaves to the data.
fn settle(source: &mut Source, files: &[(PathBuf, String)]) -> Result<(), Vec<Problem>> {
    let mut columns: Vec<(usize, AutoDates, Settler<At>)> = Vec::new();
    for (number, spec) in source.columns.iter().enumerate() {
        if let Convert::AutoDate(auto, _) = &spec.convert {
            columns.push((number, auto.clone(), Settler::new(auto.months.clone())));
        }
    }
    if columns.is_empty() {
        return Ok(());
    }
    for (number, (path, name)) in files.iter().enumerate() {
        see(source, (number, path, name), &mut columns)?;
    }
    let mut problems = Vec::new();
    for (number, auto, settler) in columns {
        let Some(spec) = source.columns.get_mut(number) else { continue };
        let Convert::AutoDate(_, day_only) = &spec.convert else { continue };
        let name = |at: At| files.get(at.file).map_or("", |(_, name)| name.as_str());
        let forms = match settled(spec.column.name(), &settler.settled(), name) {
            Ok(forms) => forms,
            Err(problem) => {
                problems.push(problem);
                continue;
            }
        };
        match auto.reader(&forms) {
            Ok(reader) => {
                source.settled.push(SettledDates { column: spec.column, form: reader.forms() });
                spec.convert = Convert::Date(reader, *day_only);
            }
            Err(what) => problems.push(Problem::of_file(&source.name, &what, "write the form in `dates`")),
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

/// Shows the cells of a file to those who watch its columns.
fn see(
    source: &Source,
    (file, path, name): (usize, &Path, &str),
    columns: &mut [(usize, AutoDates, Settler<At>)],
) -> Result<(), Vec<Problem>> {
    let whole = Whole::read(source, path, name)?;
    let mut places: Vec<Vec<usize>> = Vec::new();
    let (mut keep, mut skip) = (Vec::new(), Vec::new());
    let mut rows = 0;
    whole.each(source, name, |seen| match seen {
        Seen::Before { .. } => {}
        Seen::Header { names, .. } => {
            (keep, skip) = source.condition_places(names);
            let of = |spec: &super::source::Spec| spec.pick.inputs().iter().filter_map(|n| n.at(names)).collect();
            places = columns.iter().map(|(n, ..)| source.columns.get(*n).map(of).unwrap_or_default()).collect();
        }
        Seen::Row { record, line, .. } => {
            rows += 1;
            if source.chosen(record, &keep, &skip).is_err() {
                return;
            }
            for ((number, _, settler), places) in columns.iter_mut().zip(&places) {
                let Some(spec) = source.columns.get(*number) else { continue };
                if let Some(text) = spec.text(record, places) {
                    settler.see(At { file, record: rows, line }, text.trim());
                }
            }
        }
    })
}

/// The forms that a column was found to have, or why they cannot be told.
fn settled<'n>(column: &str, settled: &Settled<At>, name: impl Fn(At) -> &'n str) -> Result<Vec<String>, Problem> {
    let cite = |at: At| format!("record {} of {}", at.record, name(at));
    let (what, rows, help) = match settled {
        Settled::One { forms } => return Ok(forms.clone()),
        Settled::Empty => return Ok(vec!["iso".to_owned()]),
        Settled::Ambiguous { forms, rows } => {
            let what = format!("the dates of `{column}` can be read as {}", forms.join(" or as "));
            (what, rows, "write the right one in `dates`; one of these rows settles it")
        }
        Settled::Contradictory { rows } => {
            let what = format!("no order of day, month and year fits all dates of `{column}`");
            (what, rows, "these rows exclude each other: export dates in one form")
        }
        Settled::NotDates { rows } => {
            (format!("most cells of `{column}` are no dates"), rows, "map another column, or write the form in `dates`")
        }
    };
    let row = |row: &super::settle::Row<At>| {
        let readings: Vec<String> = row.readings.iter().map(|(form, day)| format!("{day} as {form}")).collect();
        let readings = if readings.is_empty() { String::new() } else { format!(" ({})", readings.join(", ")) };
        format!("`{}` in {}{readings}", row.cell, cite(row.place))
    };
    let shown: Vec<String> = rows.iter().map(row).collect();
    let line = rows.first().map(|row| row.place.line);
    let file = rows.first().map_or("", |row| name(row.place)).to_owned();
    let help = if shown.is_empty() { help.to_owned() } else { format!("{help}: {}", shown.join("; ")) };
    Err(Problem { file, line, column: Some(column.to_owned()), what, help })
}
