//! Whatever the bytes, the windows, the blocks and the threads: nothing is lost, and the result is the same.

use super::index::index_in_pieces;
use super::{ReadError, Sizes, read_in_pieces};
use crate::record::{Books, ExportFile, Place, Request, Sources, Vocabulary};
use crate::report::evidence;
use crate::text::Texts;
use crate::time::Zone;
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::path::Path;

const INVOICES: &str = "invoice_id,line,account_id,policy,invoice_date,currency,amount,category,payment_method,note\n";
const REQUESTS: &str = "request_id,account_id,invoice_id,line,kind,submitted_at,parent_request_id,sow_reference\n";
const DECISIONS: &str = "decision_id,request_id,outcome,refund_amount,currency,explanation\n";

fn vocabulary() -> Vocabulary {
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    Vocabulary {
        families: vec![("north".to_owned(), Zone::UTC), ("south".to_owned(), Zone::named("Asia/Dubai").unwrap())],
        categories: words(&["widget", "gadget"]),
        kinds: words(&["ask", "again"]),
        outcomes: words(&["given", "kept"]),
    }
}

fn read_files(folder: &Path, window: usize, block: usize) -> Result<Books, ReadError> {
    read_in_pieces(&Sources::canonical(folder), &vocabulary(), Texts::default(), &|_| {}, Sizes { window, block })
}

fn write(folder: &Path, files: &[Vec<u8>; 3]) {
    for (name, bytes) in ["invoices.csv", "requests.csv", "decisions.csv"].into_iter().zip(files) {
        std::fs::write(folder.join(name), bytes).unwrap();
    }
}

/// Everything that was read, as a text to compare.
fn told(result: &Result<Books, ReadError>) -> String {
    match result {
        Err(error) => error.to_string(),
        Ok(books) => {
            let texts: Vec<&str> = books.invoices.iter().map(|invoice| books.text(invoice.id)).collect();
            let rows = format!("{:?}{:?}{:?}{:?}", books.invoices, books.lines, books.requests, books.decisions);
            // Where blocks end is marked, and nothing else depends on it.
            let unmarked = |file: &ExportFile| ExportFile { marks: Vec::new(), ..file.clone() };
            let files: Vec<ExportFile> = books.files.iter().map(unmarked).collect();
            let rest = format!("{:?}{:?}{:?}{:?}", files, books.rejects, books.held_back, books.seldom);
            let all = format!("{texts:?}{rows}{rest}{:?}{:?}{}", books.children_of, books.reconciliation, books.cases);
            by_text(&all, books)
        }
    }
}

/// Texts in place of their numbers, which depend on where blocks end.
fn by_text(told: &str, books: &Books) -> String {
    let mut parts = told.split("Sym(");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |shown, part| {
        let (number, rest) = part.split_once(')').unwrap();
        shown + "Sym(" + books.texts.at(number.parse().unwrap()) + ")" + rest
    })
}

fn check_counts(books: &Books) {
    for (number, file) in books.files.iter().enumerate() {
        let rejected = books.rejects.iter().filter(|reject| usize::from(reject.place.file) == number).count();
        assert_eq!(file.rows_read, file.rows_used + rejected as u64, "{}", file.name);
    }
    let used: u64 = books.files.iter().map(|file| file.rows_used).sum();
    assert_eq!(used as usize, books.lines.len() + books.requests.len() + books.decisions.len());
    let held_back = books.requests.iter().filter(|request| request.held_back).count();
    let evaluated = books.requests.len() - held_back;
    assert_eq!(books.cases as usize, evaluated + books.held_back.len());
    assert!(books.rejects.is_sorted() && books.held_back.is_sorted_by_key(|held| &held.request_id));
    let grouped: usize = books.requests.iter().map(|request| books.decisions_of(request).len()).sum();
    assert_eq!(grouped, books.decisions.len());
    let billed: usize = books.invoices.iter().map(|invoice| books.lines_of(invoice).len()).sum();
    assert_eq!(billed, books.lines.len());
}

/// A piece of a file: mostly rows that can be used, and everything that can go wrong between and in them.
fn piece(rows: &'static [&'static str]) -> impl Strategy<Value = Vec<u8>> {
    let noise = [
        "\"", "\"\"", ",", "\n", "\r", "\r\n", "\n\n", " ", "\0", "\u{feff}", "é", "x", "\"a\nb\"", "\",\"", "0",
        "\"\n",
    ];
    prop_oneof![
        12 => proptest::sample::select(rows).prop_map(|row| row.as_bytes().to_vec()),
        3 => proptest::sample::select(noise.to_vec()).prop_map(|text| text.as_bytes().to_vec()),
        1 => proptest::collection::vec(any::<u8>(), 1..4),
    ]
}

fn file(header: &'static str, rows: &'static [&'static str]) -> impl Strategy<Value = Vec<u8>> {
    let body = proptest::collection::vec(piece(rows), 0..12).prop_map(|pieces| pieces.concat());
    let header = prop_oneof![
        30 => Just(header.to_owned()),
        3 => Just(format!("\u{feff}{header}")),
        3 => Just(format!("\n{}", header.replace('\n', "\r\n"))),
        1 => Just(String::new()),
    ];
    (header, body).prop_map(|(header, body)| [header.into_bytes(), body].concat())
}

fn files() -> impl Strategy<Value = [Vec<u8>; 3]> {
    let invoices = file(
        INVOICES,
        &[
            "A,1,me,north,2026-03-04,USD,5,widget,cash,\n",
            "A,2,me,North,2026-03-04T10:00Z,usd,7.5,gadget,,\"two\nlines, and a comma\"\r\n",
            "A,1,me,north,2026-03-05,USD,5,widget,cash,\n",
            "\"B\",1,you,south,2026-03-04T23:00:00Z,EUR,1,widget,cash,\"\"\"q\"\"\"\n",
            "B,2,you,south,2026-03-05,EUR,1,widget,,\n",
            "B,3,you,east,2026-03-05,EUR,nothing,widget,\n",
        ],
    );
    let requests = file(
        REQUESTS,
        &[
            "R1,me,A,1,ask,2026-03-05,,\n",
            "R2,me,A,,again,2026-03-05,R1,\"x\ny\"\n",
            "R3,you,B,9,ask,2026-03-05,,\r\n",
            "R4,you,C,,ask,2026-03-05,R2,\n",
            "R1,you,B,,ask,2026-03-05,R3\n",
            "R3,you,B,,ask,2026-02-30,R4,\n",
        ],
    );
    let decisions = file(
        DECISIONS,
        &[
            "D1,R1,given,5,,ok\n",
            "D2,R2,kept,,EUR,\"a\n\"\n",
            "D3,R3,given,1,KWD,\n",
            "D1,R1,given,6,,ok\n",
            "D4,R9,given,6,,ok\n",
            "D5,R1,given,6\n",
        ],
    );
    (invoices, requests, decisions).prop_map(|(invoices, requests, decisions)| [invoices, requests, decisions])
}

/// What books say of a case, whatever else is in them.
fn told_of(case: &str, books: &Books) -> String {
    let held_back = books.held_back.iter().find(|held| held.request_id == case);
    let Some(request) = books.request(case) else { return format!("{held_back:?}") };
    let decided = |request: &Request| (request.place, books.decisions_of(request).map(|d| d.place).collect::<Vec<_>>());
    let invoice = &books.invoices[request.invoice as usize];
    let lines: Vec<Place> = books.lines_of(invoice).iter().map(|line| line.place).collect();
    let cases: Vec<_> = books.requests_of(invoice).map(decided).collect();
    let parent = books.requests.get(request.parent_index as usize).map(decided);
    let children: Vec<_> = books.children(request.id).map(decided).collect();
    let places = lines.iter().copied().chain([request.place]).collect();
    let cells = evidence::rows(books, &places).unwrap();
    let is_held_back = (held_back, request.held_back, invoice.held_back);
    format!("{is_held_back:?}{:?}{lines:?}{cases:?}{parent:?}{children:?}{cells:?}", decided(request))
}

/// By the index there are books of each case that say of it what those of all rows do, and no index of what is refused.
fn check_index(folder: &Path, window: usize, whole: &Result<Books, ReadError>) {
    let sources = Sources::canonical(folder);
    let checked = index_in_pieces(&sources, &vocabulary(), &|_| {}, window, |index| {
        let whole = whole.as_ref().unwrap_or_else(|error| panic!("there is an index of what is refused: {error}"));
        let used = whole.requests.iter().map(|request| whole.text(request.id));
        let cases: BTreeSet<&str> = used.chain(whole.held_back.iter().map(|held| held.request_id.as_str())).collect();
        for case in cases {
            let books = index.read(case, None, Texts::default()).unwrap();
            assert_eq!(told_of(case, &books), told_of(case, whole), "{case}, window {window}");
            assert!(books.rejects.iter().all(|reject| whole.rejects.contains(reject)), "{case}: {:?}", books.rejects);
        }
        Some(())
    });
    assert_eq!(checked.is_some(), whole.is_ok(), "window {window}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_read_alike_in_any_pieces(files in files()) {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), &files);
        let whole = read_files(folder.path(), 1 << 20, 1 << 20);
        if let Ok(books) = &whole {
            check_counts(books);
        }
        for (window, block) in [(1, 1), (3, 1), (64, 7), (97, 1000), (1 << 20, 1), (1 << 20, 33)] {
            let pieces = read_files(folder.path(), window, block);
            let shown = files.each_ref().map(|bytes| String::from_utf8_lossy(bytes));
            prop_assert_eq!(told(&whole), told(&pieces), "window {}, block {}, {:?}", window, block, shown);
        }
        for window in [1, 64, 1 << 20] {
            check_index(folder.path(), window, &whole);
        }
    }
}

#[test]
fn rows_are_found_again_at_their_marks() {
    let folder = tempfile::tempdir().unwrap();
    let mut files = [INVOICES, REQUESTS, DECISIONS].map(|header| header.as_bytes().to_vec());
    for n in 0..50 {
        files[0].extend(format!("I{n},1,me,north,2026-03-04,USD,{n}.5,widget,,\"x\n12\"\" {n}\"\r\n\n",).bytes());
        files[1].extend(format!("R{n},me,I{n},1,ask,2026-03-05,R{n},\n").bytes());
        files[2].extend(format!("D{n},R{n},given,{n},,12\" pipe\n").bytes());
    }
    write(folder.path(), &files);
    let mut books = read_files(folder.path(), 256, 90).unwrap();
    assert!(books.files.iter().all(|file| file.marks.len() > 5));
    let places = (0..3).flat_map(|file| (1..=50).map(move |record| Place { file, record }));
    for wanted in [places.clone().collect(), places.clone().step_by(7).collect(), places.skip(149).collect()] {
        let marked = evidence::rows(&books, &wanted).unwrap();
        let marks: Vec<_> = books.files.iter_mut().map(|file| std::mem::take(&mut file.marks)).collect();
        assert_eq!(marked.len(), wanted.len());
        assert_eq!(marked, evidence::rows(&books, &wanted).unwrap());
        books.files.iter_mut().zip(marks).for_each(|(file, marks)| file.marks = marks);
    }
}

#[test]
fn threads_do_not_matter() {
    let folder = tempfile::tempdir().unwrap();
    let mut files = [INVOICES, REQUESTS, DECISIONS].map(|header| header.as_bytes().to_vec());
    for n in 0..500 {
        files[0].extend(format!("I{},{n},me,north,2026-03-04,USD,{n}.5,widget,,\"x\n12\"\" {n}\"\n", n / 3).bytes());
        files[1].extend(format!("R{n},me,I{},{},ask,2026-03-05,R{},\n", n % 180, n % 7, n / 2).bytes());
        files[2].extend(format!("D{n},R{},given,{n},,12\" pipe\n", n % 300).bytes());
    }
    write(folder.path(), &files);
    let with = |threads: usize, block: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        told(&pool.install(|| read_files(folder.path(), 1 << 12, block)))
    };
    let one = with(1, 1 << 20);
    assert_eq!(one, with(2, 100));
    assert_eq!(one, with(5, 1));
}

#[test]
fn a_plain_line_is_cut_as_the_csv_reader_cuts_it() {
    use super::block::Records;
    for line in ["a,b\n", ",\n", "a\r\n", ",,x,\r", "a", "12\" x,\"\n", "\"q\",r\n", "\"q\"\"\",\n"] {
        let mut ours = Records::new(b',');
        assert!(ours.read(line.as_bytes(), true).is_some(), "{line:?}");
        let mut theirs = csv::ReaderBuilder::new().has_headers(false).from_reader(line.as_bytes());
        let expected = theirs.byte_records().next().unwrap().unwrap();
        assert!(ours.fields(line.as_bytes()).iter().eq(expected.iter()), "{line:?}");
    }
}
