//! What one row says of another stays among rows that are linked. So exports audited part by part give what they give in
//! one piece: every row of results byte for byte, and every total. And a case is explained by its own rows as by all.

use chrono::NaiveDate;
use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use proptest::sample::select;
use reperform::audit::{AsOf, Options, as_of, audit};
use reperform::divided::{self, Asked, DividedError};
use reperform::explain::{Workings, books_of_case, explain_as_of};
use reperform::export::{DivideError, DivideOptions, divide};
use reperform::generate::{self, Teller};
use reperform::obtain::Facts;
use reperform::plan::Plans;
use reperform::policy::{Catalogue, shipped, word};
use reperform::record::{Books, Export, Sources};
use reperform::report::Results;
use reperform::report::files;
use reperform::report::folder::Folder;
use reperform::report::format::Format;
use reperform::report::paper::Paper;
use reperform::report::paper_terminal;
use reperform::report::paper_view::View;
use reperform::report::to_obtain;
use reperform::report::totals::Totals;
use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use tempfile::TempDir;

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| Catalogue::of(shipped()).unwrap());

const FILES: [&str; 9] = [
    "findings.csv",
    "findings.jsonl",
    "rejects.csv",
    "held_back.csv",
    "report.html",
    "workpaper.xlsx",
    "junit.xml",
    "findings.sarif",
    "summary.md",
];

/// What an audit gives: its files and totals, or why there are none.
type Given = Result<(Vec<Vec<u8>>, Totals<'static>), String>;

fn contents(folder: Folder) -> Vec<Vec<u8>> {
    assert_eq!(folder.written().iter().map(|file| &*file.name).collect::<Vec<_>>(), FILES);
    let place = folder.finish().unwrap();
    FILES.iter().map(|file| fs::read(place.join(file)).unwrap()).collect()
}

/// The facts to be obtained, as they are written.
fn listed(facts: &Facts, options: &Options) -> Vec<u8> {
    let mut written = Vec::new();
    to_obtain::write(facts, &Plans::of(&CATALOGUE, &options.selection).listed, &mut written).unwrap();
    written
}

fn whole(sources: &Sources, options: &Options) -> Given {
    let target = tempfile::tempdir().unwrap();
    let mut folder = Folder::begin(&target.path().join("out"), false).unwrap();
    let vocabulary = CATALOGUE.reading_vocabulary();
    let read = reperform::export::read(sources, &vocabulary, word::texts_with_words(), &|_| {});
    let books = read.map_err(|error| error.to_string())?;
    let report = audit(&CATALOGUE, &books, options, &|_| {}).unwrap();
    let results = Results { catalogue: &CATALOGUE, books: &books, report: &report };
    let workings = Workings::of(&CATALOGUE, &books, options, report.as_of);
    let totals = files::write(results, &workings, &Format::ALL, &mut folder).unwrap();
    let mut contents = contents(folder);
    contents.push(listed(&Facts::of(&CATALOGUE, &books, options, report.as_of), options));
    Ok((contents, totals.into_owned()))
}

fn in_parts(sources: &Sources, options: &Options, parts: usize, memory: usize) -> Given {
    let target = tempfile::tempdir().unwrap();
    let mut folder = Folder::begin(&target.path().join("out"), false).unwrap();
    let formats = &Format::ALL;
    let asked = Asked { catalogue: &CATALOGUE, sources, options, formats, to_obtain: true, parts, memory };
    let audited = divided::audit(&asked, &mut folder, &|_| {}, &|_| {}).map_err(|error| error.to_string());
    let (totals, facts) = match audited {
        Ok(audited) => audited,
        Err(error) => {
            drop(folder);
            assert_eq!(fs::read_dir(target.path()).unwrap().count(), 0, "something was left behind");
            return Err(error);
        }
    };
    let mut contents = contents(folder);
    contents.push(listed(&facts.unwrap(), options));
    Ok((contents, totals))
}

/// A case's page as a terminal shows it, and all that any other format has; `None` if there is no such case.
fn page(books: &Books, as_of: AsOf, options: &Options, case: &str) -> Option<Vec<u8>> {
    let explained = explain_as_of(&CATALOGUE, books, options, as_of, case);
    let paper = match &explained {
        Some(explained) => Paper::of(&CATALOGUE, books, explained).unwrap(),
        None => Paper::of_rejected(books, case).unwrap()?,
    };
    let mut page = Vec::new();
    paper_terminal::show(&paper, books, true, &mut page).unwrap();
    View::of(&paper, books, true, str::to_owned).json(&mut page).unwrap();
    Some(page)
}

/// Checks that each case is explained alike by its own rows and by all, and tells of how many there are its own rows serve.
fn check_cases(sources: &Sources, options: &Options) -> [usize; 2] {
    let of_case = |case: &str| books_of_case(&CATALOGUE, sources, options, case, &|_| {});
    let vocabulary = CATALOGUE.reading_vocabulary();
    let Ok(all) = reperform::export::read(sources, &vocabulary, word::texts_with_words(), &|_| {}) else {
        assert!(of_case("R1").is_none(), "a case of exports that are refused is explained");
        return [0, 0];
    };
    assert!(of_case("no such case").is_none());
    let used = all.requests.iter().map(|request| all.text(request.id));
    let cases: BTreeSet<&str> = used.chain(all.held_back.iter().map(|held| held.request_id.as_str())).collect();
    let as_of = as_of(&CATALOGUE, &all, options);
    let mut served = 0;
    for case in &cases {
        let Some((own, as_of_own)) = of_case(case) else { continue };
        let (own, all) = (page(&own, as_of_own, options, case), page(&all, as_of, options, case));
        assert!(own == all, "{case} by its own rows: {}\nby all: {}", shown(own), shown(all));
        served += 1;
    }
    [served, cases.len()]
}

fn shown(page: Option<Vec<u8>>) -> String {
    page.map_or("nothing".to_owned(), |page| String::from_utf8(page).unwrap())
}

fn all_verdicts() -> Options {
    Options { include_indeterminate: true, ..Options::default() }
}

#[test]
fn the_shipped_exports_give_the_same_in_any_number_of_parts() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let situations = fs::read_dir(fixtures.join("situations")).unwrap().map(|entry| entry.unwrap().path());
    for folder in situations.chain([fixtures.join("quarter")]) {
        let sources = Sources::canonical(&folder);
        let given = Options { as_of: "2026-10-15".parse().ok(), ..all_verdicts() };
        for (options, parts) in [(all_verdicts(), [1, 2, 7]), (all_verdicts(), [13, 50, 300]), (given, [1, 3, 20])] {
            let expected = whole(&sources, &options);
            for parts in parts {
                let found = in_parts(&sources, &options, parts, 1 << 20);
                assert!(found == expected, "{} in {parts} parts", folder.display());
            }
        }
    }
}

#[test]
fn the_shipped_exports_explain_each_case_by_its_own_rows() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let given = Options { as_of: "2026-10-15".parse().ok(), ..all_verdicts() };
    let situations = fs::read_dir(fixtures.join("situations")).unwrap().map(|entry| entry.unwrap().path());
    let situations = situations.flat_map(|folder| [(folder.clone(), all_verdicts()), (folder, given.clone())]);
    for (folder, options) in situations.chain([(fixtures.join("quarter"), all_verdicts())]) {
        let [served, cases] = check_cases(&Sources::canonical(&folder), &options);
        assert!(cases > 0 && served == cases, "{}: {served} of {cases}", folder.display());
    }
}

#[test]
fn generated_exports_explain_each_case_by_its_own_rows() {
    let folder = tempfile::tempdir().unwrap();
    for rejects in [0, 60_000] {
        let options = generate::Options { cases: 120, seed: 5, deviations: 50, rejects };
        let files = generate::FILES.map(|name| fs::File::create(folder.path().join(name)).unwrap());
        Teller::of(&CATALOGUE).unwrap().write(&options, files, |_| {}).unwrap();
        assert_eq!(check_cases(&Sources::canonical(folder.path()), &all_verdicts()), [120, 120]);
    }
}

/// Exports of a few cases, one of their files changed.
fn changed(table: &str, change: impl Fn(String) -> Vec<u8>) -> (TempDir, Sources) {
    let few = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/situations/held-back");
    let folder = tempfile::tempdir().unwrap();
    for name in ["invoices", "requests", "decisions"] {
        let text = fs::read_to_string(few.join(format!("{name}.csv"))).unwrap();
        let bytes = if name == table { change(text) } else { text.into_bytes() };
        fs::write(folder.path().join(format!("{name}.csv")), bytes).unwrap();
    }
    let sources = Sources::canonical(folder.path());
    (folder, sources)
}

#[test]
fn the_latest_day_is_that_of_a_row_that_can_be_used() {
    // So many later days, each of a row that is rejected since it lacks fields.
    for (rejected, serves) in [(0, true), (1, true), (3, true), (5, false)] {
        let late: String = (1..=rejected).map(|day| format!("L{day},A,I,,refund,2031-01-0{day}\n")).collect();
        let (_folder, sources) = changed("requests", |text| (text + &late).into_bytes());
        let [served, cases] = check_cases(&sources, &all_verdicts());
        assert!(cases > 3);
        assert_eq!(served, if serves { cases } else { 0 }, "{rejected} rejected");
        let given = Options { as_of: "2026-10-15".parse().ok(), ..all_verdicts() };
        assert_eq!(check_cases(&sources, &given), [cases, cases]);
    }
}

#[test]
fn what_is_not_as_usual_is_left_to_all_rows() {
    let packed = |text: String| {
        let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
        packed.write_all(text.as_bytes()).unwrap();
        packed.finish().unwrap()
    };
    let too_wide = |text: String| text.replacen(",63.00,", ",123456789012345678901234,", 1).into_bytes();
    let open = |text: String| (text + "\"").into_bytes();
    for (table, (folder, sources)) in [
        ("decisions", changed("decisions", packed)),
        ("invoices", changed("invoices", too_wide)),
        ("requests", changed("requests", open)),
        ("none", changed("requests", |_| Vec::new())),
    ] {
        let [served, _] = check_cases(&sources, &all_verdicts());
        assert_eq!(served, 0, "{table} in {}", folder.path().display());
    }
}

#[test]
fn a_folder_that_cannot_be_used_ends_the_run() {
    let sources = Sources::canonical(&Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/quarter"));
    let vocabulary = CATALOGUE.reading_vocabulary();
    let folder = tempfile::tempdir().unwrap();
    let into = DivideOptions { parts: 3, folder: &folder.path().join("nowhere"), memory: 1 };
    let divided: Result<(), DivideError> = divide(&sources, &vocabulary, into, &|_| {}, |_| Ok(()));
    let error = DividedError::from(divided.unwrap_err());
    assert!(matches!(&error, DividedError::Folder(error) if error.help.contains("make room")), "{error}");
}

/// The columns of a table, and its rows: their cells in that order.
struct Rows {
    name: &'static str,
    columns: &'static [&'static str],
    rows: Vec<(Vec<String>, Fate)>,
}

/// What becomes of a row as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Plain,
    Twice,
    Quoted,
    Short,
    Long,
    /// A quote that is never closed, or closed too late.
    Broken,
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        150 => Just(Fate::Plain),
        8 => Just(Fate::Twice),
        8 => Just(Fate::Quoted),
        4 => Just(Fate::Short),
        3 => Just(Fate::Long),
    ]
}

impl std::fmt::Debug for Rows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.rows.iter().try_for_each(|(cells, fate)| writeln!(f, "{} {fate:?} {}", self.name, cells.join(",")))
    }
}

impl Rows {
    /// Writes the rows to several files, one with its columns reversed and one with a column more.
    fn write(&self, folder: &Path) -> Vec<PathBuf> {
        let mut texts = [String::new(), String::new(), String::new()];
        let order = |file: usize, mut cells: Vec<String>| {
            if file == 1 {
                cells.reverse();
            }
            if file == 2 {
                cells.insert(1, "more".to_owned());
            }
            cells
        };
        for (file, text) in texts.iter_mut().enumerate() {
            let header = order(file, self.columns.iter().map(|name| (*name).to_owned()).collect());
            *text += &(header.join(",") + if file == 1 { "\r\n" } else { "\n" });
        }
        for (number, (cells, fate)) in self.rows.iter().enumerate() {
            let file = number % 7 % 3;
            let mut cells = order(file, cells.clone());
            match fate {
                Fate::Quoted => cells.iter_mut().for_each(|cell| *cell = format!("\"{cell}\"")),
                Fate::Short => _ = cells.pop(),
                Fate::Long => cells.push("x".to_owned()),
                Fate::Broken => cells.push("\"".to_owned()),
                Fate::Plain | Fate::Twice => {}
            }
            let row = cells.join(",");
            // The second file ends its lines differently; the third has blank lines and none at its end.
            texts[file] += &match file {
                0 => row.clone() + "\n",
                1 => row.clone() + "\r\n",
                _ => format!("\n{row}"),
            };
            if *fate == Fate::Twice {
                texts[(file + 1) % 2] += &(order((file + 1) % 2, self.rows[number].0.clone()).join(",") + "\n");
            }
        }
        let path = |file: usize| folder.join(format!("{}-{file}.csv", self.name));
        for (file, text) in texts.iter().enumerate() {
            fs::write(path(file), text).unwrap();
        }
        (0..3).map(path).collect()
    }
}

/// An id of few; now and then blank, or one that stands in no other column.
fn id(sort: &'static str, of: u32) -> impl Strategy<Value = String> {
    prop_oneof![
        60 => (0..of).prop_map(move |n| format!("{sort}{n}")),
        1 => Just(String::new()),
        1 => Just("n/a".to_owned()),
    ]
}

/// A word, now and then one that is rejected.
fn word(good: &'static [&'static str], bad: &'static [&'static str]) -> impl Strategy<Value = String> {
    prop_oneof![40 => select(good), 1 => select(bad)].prop_map(str::to_owned)
}

fn rows(
    name: &'static str,
    columns: &'static [&'static str],
    cells: impl Strategy<Value = Vec<String>>,
) -> impl Strategy<Value = Rows> {
    prop::collection::vec((cells, fate()), 0..60).prop_map(move |rows| Rows { name, columns, rows })
}

fn invoices() -> impl Strategy<Value = Rows> {
    let (line, account) = ((0..99_u32).prop_map(|n| n.to_string()), word(&["me"], &["you"]));
    let policy = word(&["opust"], &["vortexweb", "elsewhere"]);
    let date = word(&["2026-03-04", "2026-03-04T10:00:00Z"], &["2026-02-30", "2026-03-09"]);
    let category = word(&["setup_fee", "project_fee", "hosting", "idle_time"], &["gold"]);
    let money = (word(&["USD"], &["EUR", "?"]), word(&["100", "20.5", "0.07"], &["many", ""]), category);
    let cells = (id("I", 30), line, account, policy, date, money).prop_map(
        |(id, line, account, policy, date, (code, amount, sort))| {
            vec![id, line, account, policy, date, code, amount, sort]
        },
    );
    let columns = &["invoice_id", "line", "account_id", "policy", "invoice_date", "currency", "amount", "category"];
    rows("invoices", columns, cells)
}

fn requests() -> impl Strategy<Value = Rows> {
    let kind = word(&["refund", "refund", "cancellation", "escalation", "appeal"], &["nothing"]);
    let time = word(&["2026-03-05", "2026-03-07T22:30:00Z", "2026-03-08T01:00:00+04:00"], &["2026-12-09", "soon"]);
    let parent = prop_oneof![6 => Just(String::new()), 1 => id("R", 60)];
    let cells = (id("R", 60), word(&["me"], &["you"]), id("I", 30), word(&[""], &["1", "9"]), kind, time, parent)
        .prop_map(|(id, account, invoice, line, kind, time, parent)| {
            vec![id, account, invoice, line, kind, time, parent]
        });
    let columns = &["request_id", "account_id", "invoice_id", "line", "kind", "submitted_at", "parent_request_id"];
    rows("requests", columns, cells)
}

fn decisions() -> impl Strategy<Value = Rows> {
    let time = word(&["2026-03-06", "2026-04-09", "2026-04-09T23:30:00Z", ""], &["2026-12-11", "never"]);
    let outcome = word(&["approved", "denied", "pending"], &["maybe"]);
    let money = (word(&["100", "20.5", "0", ""], &["some"]), word(&["", "USD", "EUR"], &["?"]));
    let cells = (id("D", 120), id("R", 60), outcome, time, money, word(&["ann", "bob"], &[""])).prop_map(
        |(id, request, outcome, time, (amount, code), by)| vec![id, request, outcome, time, amount, code, by],
    );
    let columns = &["decision_id", "request_id", "outcome", "decided_at", "refund_amount", "currency", "decided_by"];
    rows("decisions", columns, cells)
}

fn sources(folder: &Path, tables: [&Rows; 3]) -> Sources {
    let [invoices, requests, decisions] = tables.map(|rows| rows.write(folder).into_iter().map(Export::from).collect());
    Sources { invoices, requests, decisions, mapping: None }
}

fn check(sources: &Sources, options: &Options, parts: &[usize]) {
    let expected = whole(sources, options);
    for parts in parts {
        let found = in_parts(sources, options, *parts, 1);
        match (&found, &expected) {
            (Ok((found, totals)), Ok((expected, of_whole))) => {
                for (found, expected) in found.iter().zip(expected) {
                    assert_eq!(found, expected, "in {parts} parts");
                }
                assert_eq!(totals, of_whole, "in {parts} parts");
            }
            _ => assert!(found == expected, "in {parts} parts: {:?}, {:?}", found.err(), expected.err()),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_exports_give_the_same_in_any_number_of_parts(
        invoices in invoices(),
        requests in requests(),
        decisions in decisions(),
        broken in 0_usize..900,
        as_of in select(vec![None, None, NaiveDate::from_ymd_opt(2026, 3, 20)]),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let mut tables = [invoices, requests, decisions];
        if let Some((_, fate)) = tables[broken % 3].rows.get_mut(broken / 3) {
            *fate = Fate::Broken;
        }
        let sources = sources(folder.path(), tables.each_ref());
        let options = Options { as_of, ..all_verdicts() };
        check(&sources, &options, &[1, 3, 40]);
        check_cases(&sources, &options);
    }
}
