//! The exports that the benchmarks read: the quarter that comes with the program, many times over.

use reperform::policy::{Catalogue, shipped, word};
use reperform::record::{Books, Sources};
use std::path::Path;
use tempfile::TempDir;

/// How many quarters: enough that a run's fixed costs do not show.
const COPIES: usize = 20;
const FIXTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/quarter");

/// Exports in a folder that lasts as long as this.
pub struct Exports {
    folder: TempDir,
    /// Their size.
    pub bytes: u64,
}

impl Exports {
    /// Writes them. Each copy has ids of its own.
    pub fn write() -> Exports {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let ids = [
            ("invoices.csv", &["invoice_id"][..]),
            ("requests.csv", &["request_id", "invoice_id", "parent_request_id"]),
            ("decisions.csv", &["decision_id", "request_id"]),
        ];
        for (file, ids) in ids {
            copy(&Path::new(FIXTURE).join(file), &folder.path().join(file), ids);
        }
        let size = |(file, _)| folder.path().join(file).metadata().expect("a written file").len();
        let bytes = ids.into_iter().map(size).sum();
        Exports { folder, bytes }
    }

    /// Reads them.
    pub fn read(&self, catalogue: &Catalogue) -> Books {
        let sources = Sources::canonical(self.folder.path());
        let (vocabulary, words) = (catalogue.reading_vocabulary(), word::texts_with_words());
        reperform::export::read(&sources, &vocabulary, words, &|_| {}).expect("exports that can be read")
    }
}

/// The policies that come with the program.
pub fn catalogue() -> Catalogue {
    Catalogue::of(shipped()).expect("policies without mistakes")
}

fn copy(from: &Path, to: &Path, ids: &[&str]) {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_path(from).expect("the fixture");
    let header = reader.headers().expect("a header").clone();
    let is_id: Vec<bool> = header.iter().map(|name| ids.contains(&name)).collect();
    let rows: Vec<csv::StringRecord> = reader.records().map(|row| row.expect("a row")).collect();
    let mut writer = csv::WriterBuilder::new().flexible(true).from_path(to).expect("a file to write");
    writer.write_record(&header).expect("a header written");
    for copy in 0..COPIES {
        for row in &rows {
            let cells = row.iter().enumerate().map(|(at, cell)| match is_id.get(at) {
                Some(true) if !cell.is_empty() => format!("{cell}-{copy}"),
                _ => cell.to_owned(),
            });
            writer.write_record(cells).expect("a row written");
        }
    }
    writer.flush().expect("a file written");
}
