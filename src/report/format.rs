//! Which files of results are written. `rejects.csv`, `held_back.csv`, `coverage.csv`, `summary.json` and `run.json`
//! belong to every run.

/// A form in which findings are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Format {
    /// `findings.csv`.
    Csv,
    /// `findings.jsonl`.
    Jsonl,
    /// `report.html`.
    Html,
    /// `workpaper.xlsx`.
    Xlsx,
    /// `summary.md`.
    Md,
    /// `junit.xml`.
    Junit,
    /// `findings.sarif`.
    Sarif,
}

impl Format {
    /// All formats.
    pub const ALL: [Format; 7] =
        [Format::Csv, Format::Jsonl, Format::Html, Format::Xlsx, Format::Md, Format::Junit, Format::Sarif];
    /// Those that are written unless others are asked for.
    pub const USUAL: [Format; 4] = [Format::Csv, Format::Jsonl, Format::Html, Format::Xlsx];

    /// As it is asked for.
    pub fn name(self) -> &'static str {
        match self {
            Format::Csv => "csv",
            Format::Jsonl => "jsonl",
            Format::Html => "html",
            Format::Xlsx => "xlsx",
            Format::Md => "md",
            Format::Junit => "junit",
            Format::Sarif => "sarif",
        }
    }

    /// The file in the folder of results.
    pub fn file(self) -> &'static str {
        match self {
            Format::Csv => "findings.csv",
            Format::Jsonl => "findings.jsonl",
            Format::Html => super::html::NAME,
            Format::Xlsx => super::workpaper::NAME,
            Format::Md => "summary.md",
            Format::Junit => "junit.xml",
            Format::Sarif => "findings.sarif",
        }
    }
}
