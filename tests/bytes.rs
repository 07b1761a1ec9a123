//! Whatever the bytes of an export or of a mapping file are, they are read or refused, and every row is accounted for.
//!
//! `PROPTEST_CASES=100000 cargo test --release --test bytes` looks longer.

use proptest::prelude::*;
use proptest::sample::{Index, select};
use reperform::audit::{Options, audit};
use reperform::document;
use reperform::mapping::{mapping, prepare};
use reperform::policy::{Catalogue, shipped, word};
use reperform::record::Sources;
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| Catalogue::of(shipped()).unwrap());

/// Exports in the canonical form, in the order of tables.
const CANONICAL: [(&str, &str); 3] = [
    (
        "invoices.csv",
        "invoice_id,line,account_id,policy,invoice_date,currency,amount,category\n\
         I-1,1,A-1,opust,2026-01-05,EUR,100.00,hosting\n\
         I-1,2,A-1,opust,2026-01-05,EUR,\"50\",setup_fee\n\
         I-2,1,A-2,vortexweb,2026-01-06T10:00:00+04:00,USD,7,monthly_fee\n",
    ),
    (
        "requests.csv",
        "request_id,account_id,invoice_id,kind,submitted_at,reason\n\
         R-1,A-1,I-1,refund,2026-01-07,billing_error\nR-2,A-2,I-2,billing_dispute,2026-01-08 10:00,\"a,\nb\"\n",
    ),
    (
        "decisions.csv",
        "decision_id,request_id,outcome,decided_at,refund_amount,currency\n\
         D-1,R-1,approved,2026-01-09,150.00,EUR\nD-2,R-2,denied,2026-01-20,,\n",
    ),
];

/// Exports of other systems, with the mapping that reads them.
const MAPPED: [(&str, &str); 4] = [
    (
        "bills.csv",
        "Bills\n\nNr;Customer;Day;Sum;What\nI-1;A-1;05.01.2026;1.100,00 \u{20ac};Hosting\n\
         ;;;(50,00);Setup\nI-2;A-2;6.1.2026;-7,00;\"Ho;sting\"\nTotal;;;1.143,00;\n",
    ),
    ("tickets.csv", "Id|Who|About|Opened|Zone\n7|A-1|I-1|01/07/2026 03:04 PM|x\n8|A-2|I-2|13/01/2026 11:00 AM|\n"),
    (
        "events.csv",
        "case,activity,at,amount\n7,Opened,1767700000,\n7,Paid,1767800000,50.00\n8,Paid,1767900000,1\n8,Paid,1767900000,2\n\
         9,Denied,1767900001,\n",
    ),
    (
        "reperform.toml",
        r#"
[[invoices]]
files = ["bills*.csv"]
delimiter = ";"
encoding = "utf-8"
decimal = ","
grouping = "."
symbols = ["€"]
dates = "d.m.Y"
skip = [{ column = "Nr", starts_with = "Total" }]
fill = { by = "Nr", columns = ["Customer", "Day"] }
[invoices.columns]
invoice_id = "Nr"
line = { number_within = "Nr" }
account_id = "Customer"
policy = { constant = "opust" }
invoice_date = "Day"
currency = { constant = "EUR" }
amount = { column = "Sum", sign = "any" }
category = { column = "What", values = { Hosting = "hosting" }, others = "other" }

[[requests]]
files = ["tickets.csv"]
delimiter = "|"
dates = ["d/m/Y I:M p"]
zone = "Europe/Berlin"
[requests.columns]
request_id = "Id"
account_id = { column = "Who", extract = "^(A-.)$" }
invoice_id = "About"
kind = { constant = "refund" }
submitted_at = "Opened"

[[decisions]]
files = ["events.csv"]
dates = "unix"
gather = { by = "case", event = "activity", time = "at", needs = ["Paid"] }
[decisions.columns]
decision_id = "case"
request_id = "case"
outcome = { constant = "approved" }
decided_at = { last = "Paid" }
refund_amount = { sum = "Paid", column = "amount" }
"#,
    ),
];

/// A change to a file's bytes.
#[derive(Clone, Debug)]
enum Change {
    Put(Index, Vec<u8>),
    Cut(Index, Index),
    Again(Index, Index, Index),
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    let odd: Vec<&[u8]> = vec![
        b"\"",
        b",",
        b";",
        b"\n",
        b"\r",
        b"\r\n",
        b"\"\"",
        b"\0",
        b"\xff",
        b"\xef\xbb\xbf",
        b"\xff\xfe",
        b"-",
        b"(",
        b".",
        b"9999999999999999999999999999",
        b"8.96529E+19",
        b"2026-02-30",
        b"\xc2\xa0",
        b"\xe2\x80\xae",
        b"=1+1",
        b"[[",
        b"]",
        b"{",
        b"\x1f\x8b\x08",
        b"PAR1",
        b"'",
        b"0",
        b"T",
        b"1e5",
    ];
    let put = prop_oneof![select(odd).prop_map(<[u8]>::to_vec), proptest::collection::vec(any::<u8>(), 0..6)];
    let change = prop_oneof![
        4 => (any::<Index>(), put).prop_map(|(at, bytes)| Change::Put(at, bytes)),
        1 => (any::<Index>(), any::<Index>()).prop_map(|(from, to)| Change::Cut(from, to)),
        1 => (any::<Index>(), any::<Index>(), any::<Index>()).prop_map(|(from, to, at)| Change::Again(from, to, at)),
    ];
    proptest::collection::vec(change, 0..6)
}

fn changed(text: &str, changes: &[Change]) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    for change in changes {
        let at = |index: &Index| index.index(bytes.len() + 1);
        let range = |a: &Index, b: &Index| at(a).min(at(b))..at(a).max(at(b));
        match change {
            Change::Put(place, put) => {
                let at = at(place);
                bytes.splice(at..at, put.iter().copied());
            }
            Change::Cut(from, to) => {
                let range = range(from, to);
                // A file that is mostly gone tells little.
                let end = range.start + (range.end - range.start).min(40);
                bytes.drain(range.start..end);
            }
            Change::Again(from, to, place) => {
                let (again, at) = (bytes[range(from, to)].to_vec(), at(place));
                bytes.splice(at..at, again);
            }
        }
    }
    bytes
}

/// Reads and audits; every row of every file is used, rejected or left out.
fn account(sources: &Sources) {
    let vocabulary = CATALOGUE.reading_vocabulary();
    let Ok(books) = reperform::export::read(sources, &vocabulary, word::texts_with_words(), &|_| {}) else { return };
    for (number, file) in (0_u16..).zip(&books.files) {
        let rejected = books.rejects.iter().filter(|reject| reject.place.file == number).count() as u64;
        let left_out: u64 = file.left_out.values().sum();
        assert_eq!(file.rows_read, file.rows_used + rejected + left_out, "{}", file.name);
    }
    let report = audit(&CATALOGUE, &books, &Options::default(), &|_| {}).unwrap();
    assert_eq!(report.cases.total, report.cases.evaluated + report.cases.held_back + report.cases.outside);
}

fn write(folder: &Path, files: &[(&str, &str)], changes: &[Vec<Change>]) {
    for ((name, text), changes) in files.iter().zip(changes) {
        fs::write(folder.join(name), changed(text, changes)).unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn canonical_exports_of_any_bytes_are_accounted_for(changes in proptest::collection::vec(changes(), 3)) {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), &CANONICAL, &changes);
        account(&Sources::canonical(folder.path()));
    }

    #[test]
    fn mapped_exports_of_any_bytes_are_accounted_for(changes in proptest::collection::vec(changes(), 4), whole: bool) {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), &MAPPED, &changes);
        let (_, sound) = MAPPED[3];
        let text = if whole { sound.to_owned() } else { String::from_utf8_lossy(&changed(sound, &changes[3])).into_owned() };
        let name = "reperform.toml".to_owned();
        if let Ok(mapping) = mapping(&document::Source { name, text })
            && let Ok(sources) = prepare(mapping, folder.path(), &Sources::default())
        {
            account(&sources);
        }
    }
}

#[test]
fn unchanged_exports_are_used() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &MAPPED, &[const { Vec::new() }; 4]);
    let document = document::Source { name: "reperform.toml".to_owned(), text: MAPPED[3].1.to_owned() };
    let sources = prepare(mapping(&document).unwrap(), folder.path(), &Sources::default()).unwrap();
    let vocabulary = CATALOGUE.reading_vocabulary();
    let books = reperform::export::read(&sources, &vocabulary, word::texts_with_words(), &|_| {}).unwrap();
    let used: Vec<u64> = books.files.iter().map(|file| file.rows_used).collect();
    let left_out: Vec<u64> = books.files.iter().map(|file| file.left_out.values().sum()).collect();
    assert_eq!((used, left_out), (vec![3, 2, 2], vec![1, 0, 3]), "{:?}", books.rejects);
}
