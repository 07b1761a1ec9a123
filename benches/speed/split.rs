//! What reading the three files costs at the least: split into records, or also into fields, and nothing done with
//! them. A block is read by whichever thread is free. Whether it begins inside quotes is not known then, so that it is
//! split under both assumptions in one pass; the counts of quotes tell afterwards which of the two holds.
//!
//! `parse` does the same with the `csv` crate, which needs to know where a record begins: it reads the files twice.

use memchr::{memchr_iter, memchr2_iter, memchr3_iter};
use rayon::prelude::*;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Seek, SeekFrom};
use std::ops::{Add, Range};
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

const BLOCK: u64 = 1 << 20;
const BUFFER: usize = 128 << 10;

/// A way of reading that others are measured against.
#[derive(Clone, Copy)]
pub enum Reference {
    /// Into records, by the ends of lines outside quotes.
    Records,
    /// Into records and fields.
    Fields,
    /// Into the `csv` crate's records.
    Parsed,
}

impl Reference {
    /// The reference that a word of the command line names.
    pub fn named(word: &str) -> Option<Reference> {
        match word {
            "split" => Some(Reference::Records),
            "fields" => Some(Reference::Fields),
            "parse" => Some(Reference::Parsed),
            _ => None,
        }
    }
}

/// What was found.
#[derive(Clone, Copy, Default)]
struct Counts {
    records: u64,
    fields: u64,
    /// The sum of the places of all ends of records, so that each has to be known.
    ends: u64,
}

impl Add for Counts {
    type Output = Counts;

    fn add(self, other: Counts) -> Counts {
        let ends = self.ends.wrapping_add(other.ends);
        Counts { records: self.records + other.records, fields: self.fields + other.fields, ends }
    }
}

/// Reads the three exports of a folder, on as many threads as the second word says or else one a core, and prints
/// milliseconds and counts as JSON.
pub fn run(reference: Reference, words: &[String]) -> ExitCode {
    let folder = words.first().map_or(Path::new("."), Path::new);
    let threads = words.get(1).and_then(|word| word.parse().ok()).unwrap_or(0);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
    let start = Instant::now();
    let files = ["invoices.csv", "requests.csv", "decisions.csv"].map(|name| folder.join(name));
    let counts: io::Result<Vec<Counts>> = pool.install(|| files.iter().map(|file| count(reference, file)).collect());
    let milliseconds = start.elapsed().as_secs_f64() * 1e3;
    match counts {
        Ok(counts) => {
            let Counts { records, fields, ends } = counts.into_iter().fold(Counts::default(), Counts::add);
            println!(r#"{{"ms": {milliseconds:.3}, "records": {records}, "fields": {fields}, "ends": {ends}}}"#);
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{}: {error}", folder.display());
            ExitCode::FAILURE
        }
    }
}

fn count(reference: Reference, path: &Path) -> io::Result<Counts> {
    let file = File::open(path)?;
    let length = file.metadata()?.len();
    let blocks: Vec<Range<u64>> =
        (0..length.div_ceil(BLOCK)).map(|at| at * BLOCK..length.min((at + 1) * BLOCK)).collect();
    match reference {
        Reference::Records => {
            Ok(chosen(&each(&file, &blocks, |bytes, at| split(bytes, at, memchr2_iter(b'"', b'\n', bytes)))?))
        }
        Reference::Fields => {
            Ok(chosen(&each(&file, &blocks, |bytes, at| split(bytes, at, memchr3_iter(b'"', b'\n', b',', bytes)))?))
        }
        Reference::Parsed => {
            let quotes = each(&file, &blocks, |bytes, _| memchr_iter(b'"', bytes).count())?;
            let before = quotes.iter().scan(0, |sum, quotes| Some(std::mem::replace(sum, *sum + quotes)));
            let inside: Vec<bool> = before.map(|quotes| quotes % 2 == 1).collect();
            let counts = blocks.par_iter().zip(inside).map(|(block, inside)| parse(path, block, inside));
            counts.try_reduce(Counts::default, |a, b| Ok(a + b))
        }
    }
}

/// Reads every block and does something with it, in parallel.
fn each<T: Send>(file: &File, blocks: &[Range<u64>], does: impl Fn(&[u8], u64) -> T + Sync) -> io::Result<Vec<T>> {
    let read = |buffer: &mut Vec<u8>, block: &Range<u64>| {
        buffer.resize((block.end - block.start) as usize, 0);
        read_exact_at(file, buffer, block.start)?;
        Ok(does(buffer, block.start))
    };
    blocks.par_iter().map_init(Vec::new, read).collect()
}

#[cfg(unix)]
fn read_exact_at(file: &File, into: &mut [u8], at: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, into, at)
}

#[cfg(not(unix))]
fn read_exact_at(file: &File, into: &mut [u8], at: u64) -> io::Result<()> {
    // Two threads must not move one file's cursor.
    let mut own = file.try_clone()?;
    static ONE_AT_A_TIME: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let _guard = ONE_AT_A_TIME.lock();
    own.seek(SeekFrom::Start(at))?;
    io::Read::read_exact(&mut own, into)
}

/// A block's separators: those that count if it begins outside quotes, those that count if it begins inside; and
/// whether it has an odd number of quotes.
fn split(bytes: &[u8], start: u64, separators: impl Iterator<Item = usize>) -> ([Counts; 2], bool) {
    let (mut counts, mut odd) = ([Counts::default(); 2], false);
    for at in separators {
        let counts = &mut counts[usize::from(odd)];
        match bytes[at] {
            b'"' => odd = !odd,
            b'\n' => {
                counts.records += 1;
                counts.fields += 1;
                counts.ends = counts.ends.wrapping_add(start + at as u64);
            }
            _ => counts.fields += 1,
        }
    }
    (counts, odd)
}

/// The sum of the counts that hold.
fn chosen(blocks: &[([Counts; 2], bool)]) -> Counts {
    let mut inside = false;
    blocks.iter().fold(Counts::default(), |sum, (counts, odd)| {
        let counts = counts[usize::from(inside)];
        inside ^= odd;
        sum + counts
    })
}

/// The records that begin after the first end of a record in a block, up to the one that begins where the block ends.
fn parse(path: &Path, block: &Range<u64>, inside: bool) -> io::Result<Counts> {
    let mut file = BufReader::with_capacity(BUFFER, File::open(path)?);
    let mut start = file.seek(SeekFrom::Start(block.start))?;
    if start > 0 {
        match past_record(&mut file, block.end - start, inside)? {
            Some(skipped) => start += skipped,
            None => return Ok(Counts::default()),
        }
    }
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).flexible(true).buffer_capacity(BUFFER).from_reader(file);
    let (mut record, mut counts) = (csv::ByteRecord::new(), Counts::default());
    while reader.read_byte_record(&mut record)? {
        if record.position().is_some_and(|place| start + place.byte() > block.end) {
            break;
        }
        counts.records += 1;
        counts.fields += record.len() as u64;
    }
    Ok(counts)
}

/// Reads past the first end of a record, and says how many bytes that took; none if the next `length` have none.
fn past_record(file: &mut impl BufRead, length: u64, mut inside: bool) -> io::Result<Option<u64>> {
    let mut past = 0;
    loop {
        let bytes = file.fill_buf()?;
        let mut marks = memchr2_iter(b'"', b'\n', bytes);
        let end = marks.find(|at| {
            inside ^= bytes[*at] == b'"';
            bytes[*at] == b'\n' && !inside
        });
        let taken = end.map_or(bytes.len(), |at| at + 1);
        past += taken as u64;
        file.consume(taken);
        if past > length || taken == 0 {
            return Ok(None);
        }
        if end.is_some() {
            return Ok(Some(past));
        }
    }
}
