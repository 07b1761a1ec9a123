//! Reading exports from outside: what is rejected and why, what that holds back, and which files are refused.

use reperform::export::{Problem, ReadError, read};
use reperform::record::{Books, Sources, Vocabulary};
use reperform::text::Texts;
use reperform::time::Zone;
use std::fmt::Write;
use std::path::PathBuf;
use tempfile::TempDir;

const INVOICES: &str =
    "invoice_id,line,account_id,policy,invoice_date,currency,amount,category,payment_method,paid_on\n";
const REQUESTS: &str = "request_id,account_id,invoice_id,line,kind,submitted_at,parent_request_id,percent_complete\n";
const DECISIONS: &str = "decision_id,request_id,outcome,refund_amount,currency,explanation\n";

/// A folder of exports, written as the test goes.
struct Exports {
    folder: TempDir,
    sources: Sources,
}

impl Exports {
    /// One file per table, each the usual header and these rows.
    fn rows(invoices: &str, requests: &str, decisions: &str) -> Exports {
        Exports::files(
            [(INVOICES, invoices), (REQUESTS, requests), (DECISIONS, decisions)]
                .map(|(head, rows)| head.to_owned() + rows),
        )
    }

    fn files(contents: [impl AsRef<[u8]>; 3]) -> Exports {
        let mut exports = Exports { folder: tempfile::tempdir().unwrap(), sources: Sources::default() };
        let [invoices, requests, decisions] = contents;
        exports.sources.invoices = vec![exports.write("invoices.csv", invoices).into()];
        exports.sources.requests = vec![exports.write("requests.csv", requests).into()];
        exports.sources.decisions = vec![exports.write("decisions.csv", decisions).into()];
        exports
    }

    fn write(&self, name: &str, contents: impl AsRef<[u8]>) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, contents).unwrap();
        path
    }

    fn read(&self) -> Result<Books, ReadError> {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let vocabulary = Vocabulary {
            families: vec![("north".to_owned(), Zone::UTC), ("south".to_owned(), Zone::named("Asia/Dubai").unwrap())],
            categories: words(&["widget", "gadget"]),
            kinds: words(&["ask", "again"]),
            outcomes: words(&["given", "kept"]),
        };
        read(&self.sources, &vocabulary, Texts::default(), &|_| {})
    }

    fn books(&self) -> Books {
        self.read().unwrap()
    }

    fn problems(&self) -> Vec<Problem> {
        self.read().err().expect("the files are refused").problems
    }
}

/// `invoices.csv:2 line 3 column value: reason` of each rejected row.
fn rejects(books: &Books) -> Vec<String> {
    let told = books.rejects.iter().map(|reject| {
        let (place, line) = (books.cite(reject.place), reject.line);
        format!("{place} line {line} [{}] [{}] {}", reject.column, reject.value, reject.reason)
    });
    told.collect()
}

/// `request<invoice> because ...` of each case held back.
fn held_back(books: &Books) -> Vec<String> {
    let cite = |held: &reperform::record::HeldBack| {
        let places: Vec<String> = held.because.iter().map(|place| books.cite(*place).replace(".csv", "")).collect();
        format!("{}<{}> {}", held.request_id, held.invoice_id, places.join(" "))
    };
    books.held_back.iter().map(cite).collect()
}

const LINE: &str = "A,1,me,north,2026-03-04,USD,5,widget,,\n";
const REQUEST: &str = "R,me,A,,ask,2026-03-05,,\n";

#[test]
fn every_reject_says_what_was_expected() {
    let invoices = [
        (" B ,1,me,north,2026-03-04,USD,5,widget,,", ""),
        ("A,2,me,north,2026-03-04,USD,5,widget,", "[] [] the row has 9 fields: expected 10, as many as the header has"),
        ("A,2, ,north,2026-03-04,USD,5,widget,,", "[account_id] [] `account_id` is blank: every row must fill it"),
        (
            "A,2,me,west,2026-03-04,USD,5,widget,,",
            "[policy] [west] `west` is not a known `policy`: expected a policy family that is loaded: `north`, `south`",
        ),
        (
            "A,2,me,north,2026-02-30,USD,5,widget,,",
            "[invoice_date] [2026-02-30] `2026-02-30` is not a date or time: expected a day such as `2026-03-04`, or a day and time such as `2026-03-04T17:05:00+04:00`, of the years 1990 to 2199",
        ),
        (
            "A,2,me,north,2026-03-04,XXQ,5,widget,,",
            "[currency] [XXQ] `XXQ` is not a currency: expected a code of ISO 4217 such as `USD`",
        ),
        (
            "A,2,me,north,2026-03-04,USD,-5,widget,,",
            "[amount] [-5] `-5` is not an amount: expected a plain decimal such as `1234.5`, at most 28 digits, without sign, symbol, grouping or exponent",
        ),
        (
            "A,2,me,north,2026-03-04,USD,5,gizmo,,",
            "[category] [gizmo] `gizmo` is not a known `category`: expected a category of the input contract or of a loaded policy; a policy can name further categories",
        ),
        ("A,1,me,north,2026-03-04,USD,6,widget,,", "[line] [1] `line` `1` is already used by record 1 of invoices.csv"),
        ("A,1,me,north,2026-03-04,USD,5,widget,, ", "[] [] repeats record 1 of invoices.csv"),
        (
            "A,2,you,north,2026-03-04,USD,5,widget,,",
            "[account_id] [you] the invoice's other lines have another `account_id`: expected `me`, as in record 1 of invoices.csv",
        ),
        (
            "A,2,me,south,2026-03-04,USD,5,widget,,",
            "[policy] [south] the invoice's other lines have another `policy`: expected `north`, as in record 1 of invoices.csv",
        ),
        ("A,2,me,north,2026-03-05T01:00+04:00,USD,5,widget,,", ""),
        (
            "A,3,me,north,2026-03-05,USD,5,widget,,",
            "[invoice_date] [2026-03-05] the invoice's other lines have another `invoice_date`: expected `2026-03-04`, as in record 1 of invoices.csv",
        ),
        (
            "A,3,me,NORTH,2026-03-04,eur,5,widget,,",
            "[currency] [EUR] the invoice's other lines have another `currency`: expected `USD`, as in record 1 of invoices.csv",
        ),
        ("A,3,me,NORTH,2026-03-04,usd,5,Widget,Coin-Purse,", ""),
        ("A,4,me,north,2026-03-04,USD,5,widget,coin purse,", ""),
        (
            "A,5,me,north,2026-03-04,USD,5,widget,shells,",
            "[payment_method] [shells] the invoice's other lines have another `payment_method`: expected `coin_purse`, as in record 1 of invoices.csv",
        ),
        (
            "A,5,me,north,2026-03-04,USD,5,widget,,a\0b",
            "[paid_on] [a\u{fffd}b] `a\u{fffd}b` is not a date or time: expected a day such as `2026-03-04`, or a day and time such as `2026-03-04T17:05:00+04:00`, of the years 1990 to 2199",
        ),
        (
            "A,5\0,me,north,2026-03-04,USD,5,widget,,",
            "[line] [5\u{fffd}] `5\u{fffd}` is not a text: expected no NUL byte in it",
        ),
    ];
    let rows: String = invoices.iter().map(|(row, _)| format!("{row}\n")).collect();
    let books = Exports::rows(&format!("{LINE}{rows}"), "", "").books();
    let expected: Vec<String> = (2..)
        .zip(&invoices)
        .filter(|(_, (_, reason))| !reason.is_empty())
        .map(|(record, (_, reason))| format!("invoices.csv:{record} line {} {reason}", record + 1))
        .collect();
    assert_eq!(rejects(&books), expected);
    assert_eq!((books.files[0].rows_read, books.files[0].rows_used), (21, 5));
}

#[test]
fn references_need_a_row() {
    let requests = "R,me,A,,ask,2026-03-05,,100\nS,me,X,,ask,2026-03-05,,\nT,me,A,9,ask,2026-03-05,,\n\
        U,me,A,1,ask,2026-03-05,nobody,\nV,me,A,1,beg,2026-03-05,,\nW,me,A,1,ask,2026-03-05,X1,100.01\n\
        X1,me,A,1,again,2026-03-05,W,\nR,me,A,,ask,2026-03-06,,\n";
    let decisions = "D,R,given,1,,\nD,R,given,2,,\nE,T,given,1,,\nF,nobody,given,1,,\nG,R,lost,1,,\n";
    let books = Exports::rows(LINE, requests, decisions).books();
    let expected = [
        "requests.csv:2 line 3 [invoice_id] [X] `X` is the `invoice_id` of no invoice",
        "requests.csv:3 line 4 [line] [9] `9` is no line of the invoice `A`",
        "requests.csv:4 line 5 [parent_request_id] [nobody] `nobody` is the `request_id` of no request",
        "requests.csv:5 line 6 [kind] [beg] `beg` is not a known `kind`: expected a kind of request: `ask`, `again`",
        "requests.csv:6 line 7 [percent_complete] [100.01] `100.01` is not a percentage: expected a plain decimal from 0 to 100",
        "requests.csv:8 line 9 [request_id] [R] `request_id` `R` is already used by record 1 of requests.csv",
        "decisions.csv:2 line 3 [decision_id] [D] `decision_id` `D` is already used by record 1 of decisions.csv",
        "decisions.csv:3 line 4 [request_id] [T] `T` is the `request_id` of a request whose row was rejected",
        "decisions.csv:4 line 5 [request_id] [nobody] `nobody` is the `request_id` of no request",
        "decisions.csv:5 line 6 [outcome] [lost] `lost` is not a known `outcome`: expected an outcome: `given`, `kept`",
    ];
    assert_eq!(rejects(&books), expected);
    let held = [
        "R<A> requests:8 decisions:2 decisions:5",
        "S<X> requests:2",
        "T<A> requests:3 decisions:3",
        "U<A> requests:4",
        "V<A> requests:5",
        "W<A> requests:6",
        "X1<A> requests:6",
    ];
    assert_eq!(held_back(&books), held);
    assert_eq!(books.cases, 7);
    assert!(books.request("R").is_some_and(|r| r.held_back && books.decisions_of(r).len() == 1));
}

#[test]
fn a_key_whose_row_was_rejected_is_free() {
    let books = Exports::rows(
        &format!("A,1,me,north,soon,USD,5,widget,,\n{LINE}"),
        &format!("R,me,A,,ask,soon,,\n{REQUEST}"),
        "D,R,given,x,,\nD,R,given,1,,\n",
    );
    let books = books.books();
    assert_eq!((books.lines.len(), books.requests.len(), books.decisions.len()), (1, 1, 1));
    assert_eq!(held_back(&books), ["R<A> invoices:1 requests:1 decisions:1"]);
    assert!(books.invoices[0].held_back);
}

#[test]
fn a_case_is_about_the_invoice_of_its_used_row_or_else_of_its_first() {
    let invoices = format!("{LINE}B,1,me,north,2026-03-04,USD,5,widget,,\n");
    for (requests, held, used) in [
        ("R,me,A,,ask,soon,,\nR,me,B,,ask,2026-03-05,,\n", "R<B> requests:1", 1),
        ("R,me,A,,ask,2026-03-05,,\nR,me,B,,ask,2026-03-05,,\n", "R<A> requests:2", 1),
        ("R,me,A,,ask,soon,,\nR,me,B,,ask,2026-03-05,nobody,\n", "R<A> requests:1 requests:2", 0),
        ("R,me,A,,ask,2026-03-05,nobody,\nR,me,B,,ask,2026-03-06,,\n", "R<B> requests:1", 1),
    ] {
        let books = Exports::rows(&invoices, requests, "").books();
        assert_eq!((held_back(&books), books.requests.len()), (vec![held.to_owned()], used), "{requests}");
        assert!(books.requests.iter().all(|request| books.invoices[request.invoice as usize].requests.len() == 1));
    }
}

#[test]
fn repeats_hold_nothing_back() {
    let exports = Exports::rows(&format!("{LINE}\"A\" , 1,me,north,2026-03-04,USD,5,widget,,\n"), REQUEST, "");
    let mut exports = exports;
    let shuffled = "kind,submitted_at,request_id,account_id,invoice_id,line,parent_request_id,percent_complete\n\
        ask,2026-03-05,R,me,A,,,\n";
    exports.sources.requests.push(exports.write("later.csv", shuffled).into());
    let books = exports.books();
    assert_eq!(rejects(&books).len(), 2);
    assert!(rejects(&books)[1].ends_with("repeats record 1 of requests.csv"), "{:?}", rejects(&books));
    assert!(books.held_back.is_empty() && books.cases == 1);
}

#[test]
fn what_rests_on_a_rejected_row_is_held_back() {
    let invoices = format!("{LINE}B,1,me,north,2026-03-04,USD,x,widget,,\nC,1,me,north,2026-03-04,USD,1,widget,,\n");
    let requests = "R1,me,B,1,ask,2026-03-05,,\nR2,me,A,,again,2026-03-05,R1,\nR3,me,A,,again,2026-03-05,R2,\n\
        R4,me,C,,ask,2026-03-05,,\nR5,me,A,,again,2026-03-05,R6,\nR6,me,A,,again,2026-03-05,R5,oops\n";
    let books = Exports::rows(&invoices, requests, "D,R2,nothing,,,\n").books();
    let expected = [
        "R1<B> invoices:2",
        "R2<A> invoices:2 decisions:1",
        "R3<A> invoices:2 decisions:1",
        "R5<A> requests:6",
        "R6<A> requests:6",
    ];
    assert_eq!(held_back(&books), expected);
    let flags: Vec<bool> = books.invoices.iter().map(|invoice| invoice.held_back).collect();
    assert_eq!(flags, [false, true, false]);
    assert!(books.invoices[1].lines.is_empty());
}

#[test]
fn ids_of_ragged_rows_count_where_another_row_bears_them() {
    // E's only row is ragged, but R1 names it. R2's row is ragged, but D1 names it. R9 and Z stand nowhere else.
    let invoices = format!("{LINE}E,1,me\nZ,1,me\n");
    let requests = "R1,me,E,1,ask,2026-03-05,,\nR2,me,A\nR9,me,A\nR3,me,A,,again,2026-03-05,R2,\n";
    let decisions = "D1,R2,given,1,,\nD2,R3,given,1\nD3,D1,given\n";
    let books = Exports::rows(&invoices, requests, decisions).books();
    let expected = ["R1<E> invoices:2", "R2<A> requests:2 decisions:1", "R3<A> requests:2 decisions:1 decisions:2"];
    assert_eq!(held_back(&books), expected);
    assert_eq!(books.cases, 3);
    assert_eq!(books.invoices.len(), 2);
    assert!(rejects(&books).iter().any(|r| r.contains("`R2` is the `request_id` of a request whose row was rejected")));
}

#[test]
fn money_is_reconciled() {
    let invoices = format!(
        "{LINE}B,1,me,north,2026-03-04,JPY,70,widget,,\nB,2,me,north,soon,jpy,5,widget,,\nB,3,me,north,2026-03-04,?,1.5,widget,,\nB,4,me,north,2026-03-04,JPY,9\n{LINE}"
    );
    let requests = format!("{REQUEST}S,me,B,,ask,soon,,\n");
    let decisions = "D,R,given,1.25,,\nE,S,given,2,,\nF,R,given,3,EUR,\nG,nobody,given,4,,\nH,R,given,,EUR,\n";
    let books = Exports::rows(&invoices, &requests, decisions).books();
    let told = |splits: &[reperform::record::MoneySplit]| {
        splits.iter().fold(String::new(), |mut told, split| {
            let _ = write!(told, "{} {} {}; ", split.currency, split.used, split.rejected);
            told
        })
    };
    assert_eq!(told(&books.reconciliation.invoiced), " 0 1.5; JPY 70 5; USD 5 5; ");
    assert_eq!(told(&books.reconciliation.refunded), " 0 4; EUR 3 0; JPY 0 2; USD 1.25 0; ");
}

#[test]
fn lines_are_counted_from_the_bytes() {
    let invoices = format!(
        "\u{feff}\r\n\"{}\"\r\n\r\n\n{}",
        INVOICES.trim_end().replace(',', "\",\""),
        LINE.replace('\n', "\r\n")
    );
    let invoices = invoices + "\r\n\"B\",\"1\n\r\n2\",me,north,soon,USD,5,widget,,\r\rx\r\n\r\ny";
    let books = Exports::files([invoices, REQUESTS.to_owned(), DECISIONS.to_owned()]).books();
    let lines: Vec<(u32, u64)> = books.rejects.iter().map(|reject| (reject.place.record, reject.line)).collect();
    assert_eq!(lines, [(2, 7), (3, 11), (4, 13)]);
    assert_eq!(books.files[0].rows_used, 1);
}

#[test]
fn odd_bytes_reject_a_row_and_no_more() {
    let mut invoices = INVOICES.as_bytes().to_vec();
    invoices.extend(b"A\xff,1,me,north,2026-03-04,USD,5,widget,,\n");
    invoices.extend(format!("{},1,me,north,2026-03-04,USD,5,widget,,\n", "A".repeat(10 << 20)).bytes());
    invoices.extend(format!("\"{}\",1,me,north,2026-03-04,USD,5,widget,,\n", "B\n".repeat(5 << 20)).bytes());
    invoices.extend(LINE.bytes());
    let books = Exports::files([invoices, REQUESTS.into(), DECISIONS.into()]).books();
    let told: Vec<(u64, usize)> = books.rejects.iter().map(|r| (r.line, r.value.chars().count())).collect();
    assert_eq!(told, [(2, 2), (3, 81), (4, 81)]);
    assert!(books.rejects[0].reason.contains("is not UTF-8"));
    assert!(books.rejects[1].reason.contains("longer than 1 MiB"));
    assert_eq!(books.lines.len(), 1);
    assert_eq!(books.files[0].rows_read, 4);
}

#[test]
fn several_files_feed_a_table() {
    let mut exports = Exports::rows(LINE, REQUEST, "");
    let other = "note,amount,currency,policy,category,line,invoice_date,account_id,invoice_id\n\
        x,1,USD,north,gadget,2,2026-03-04,me,A\n";
    exports.sources.invoices.push(exports.write("more/invoices.csv", other).into());
    let books = exports.books();
    assert!(books.rejects.is_empty());
    assert_eq!(books.lines.len(), 2);
    let names: Vec<&str> = books.files.iter().map(|file| file.name.as_str()).collect();
    assert!(names[0].ends_with("invoices.csv") && names[1].ends_with("more/invoices.csv") && names[0] != names[1]);
    assert_eq!(names[2..], ["requests.csv", "decisions.csv"]);
    assert!(books.has(books.lines[0].place, reperform::column::Column::PaidOn));
    assert!(!books.has(books.lines[1].place, reperform::column::Column::PaidOn));
    assert_eq!(books.files[1].header[0], "note");
    assert_eq!(books.files[2].bytes as usize, REQUESTS.len() + REQUEST.len());
}

#[test]
fn stray_quotes_are_refused() {
    let row = |n: u32, note: &str| format!("A,{n},me,north,2026-03-04,USD,5,widget,,{note}\n");
    let header = INVOICES.replace("paid_on", "note");
    let plain: String = (1..40).map(|n| row(n, "")).collect();
    let cases = [
        // Nothing closes it.
        (format!("{}{plain}", row(0, "\"oops")), Some((2, "not closed before the end"))),
        // The next quoted field closes it.
        (format!("{}{plain}{}", row(0, "\"oops"), row(90, "\"fine\"")), Some((2, "in the middle of a field"))),
        // Two ditto marks, with rows between them and without.
        (format!("{}{plain}{}", row(0, "\""), row(90, "\"")), Some((2, "rows of their own"))),
        (format!("{}{}", row(0, "\""), row(1, "\"")), Some((2, "rows of their own"))),
        // All fine: inches, a quoted word in front, a text with commas and lines.
        (format!("{}{}{}", row(0, "12\" pipe"), row(1, "\"a\" b"), row(2, "\"a,b\nc,d\n\"\"e\"\",\n\"")), None),
    ];
    for (rows, expected) in cases {
        let exports = Exports::files([format!("{header}{rows}"), REQUESTS.into(), DECISIONS.into()]);
        match (expected, exports.read()) {
            (None, Ok(books)) => assert_eq!(books.files[0].rows_used, 3),
            (Some((line, what)), Err(error)) => {
                let problem = &error.problems[0];
                assert_eq!((problem.file.as_str(), problem.line), ("invoices.csv", Some(line)), "{error}");
                assert!(problem.what.contains(what), "{error}");
            }
            (_, Ok(books)) => panic!("{rows:?} was read as {} rows", books.files[0].rows_read),
            (_, Err(error)) => panic!("{rows:?} was refused: {error}"),
        }
    }
}

#[test]
fn all_problems_of_all_files_are_told() {
    let invoices = "invoice_id, line ,account_id,policy,invoice_date,currency,amount,line,Category\n";
    let mut exports = Exports::files([invoices.as_bytes(), b"", b"\xff\xfed\0e\0"]);
    exports.sources.decisions.push(exports.folder.path().join("absent.csv").into());
    exports.sources.decisions.push(exports.write("marks.csv", "decision_id;request_id;outcome\n1;2;3\n").into());
    exports.sources.decisions.push(exports.write("bytes.csv", b"decision_id,request_id,outcome,caf\xe9\n").into());
    let told: Vec<String> = exports
        .problems()
        .iter()
        .map(|p| format!("{} {:?} {:?} {} | {}", p.file, p.line, p.column.as_deref(), p.what, p.help))
        .collect();
    let expected = [
        "invoices.csv Some(1) Some(\"line\") the header names the column `line` twice | name each column once: rename or remove the one that is not meant",
        "invoices.csv Some(1) Some(\"category\") the header lacks the required column `category` | the header has `Category`: write it `category`, names are compared exactly",
        "requests.csv Some(1) None the file is empty: expected a header | write the names of the columns in the first row",
        "decisions.csv Some(1) None the file is in UTF-16 | save the file as UTF-8, for example by `iconv -f UTF-16 -t UTF-8`",
        "absent.csv None None the file cannot be read: No such file or directory (os error 2) | check the path and the permission to read it",
        "marks.csv Some(1) Some(\"decision_id\") the header lacks the required column `decision_id` | the header is one single field: separate the fields by commas",
        "marks.csv Some(1) Some(\"request_id\") the header lacks the required column `request_id` | the header is one single field: separate the fields by commas",
        "marks.csv Some(1) Some(\"outcome\") the header lacks the required column `outcome` | the header is one single field: separate the fields by commas",
        "bytes.csv Some(1) Some(\"4\") the name of column 4 is not UTF-8: `caf\u{fffd}` | save the file as UTF-8",
    ];
    assert_eq!(told, expected);
}

#[test]
fn an_export_of_each_table_is_needed() {
    let mut exports = Exports::rows(LINE, REQUEST, "");
    exports.sources.decisions.clear();
    assert_eq!(exports.problems()[0].help, "name at least one file of decisions");
    assert!(
        exports.read().err().unwrap().to_string().starts_with("decisions: there is no export of this table\n  help: ")
    );
}
