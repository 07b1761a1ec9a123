//! Policies changed by data: amendments, what-ifs, versions and alternative readings, and the comparison of two sets.

use reperform::audit::{self, Options, Report};
use reperform::compare::compare;
use reperform::policy::word::texts_with_words;
use reperform::policy::{Catalogue, Choice, Problem, Source, Strictness, shipped};
use reperform::record::{Books, Sources};
use reperform::report::Results;
use reperform::report::exposure::{By, Exposures, Groups};
use reperform::sensitivity;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// A policy of two versions whose numbers are easily told apart.
const FERRY: &str = r#"
[policy]
name = "ferry"
title = "Ferry tickets"
zone = "UTC"
calendar = { holidays = "tides", first_year = 2025, last_year = 2027, weekend = ["sunday"] }

[[version]]
id = "one"

[[version]]
id = "two"
from = 2026-06-01

[[schedule]]
id = "legs"
stages = [
    { stage = "ashore", percent = 90, of = "target_amount", fee_percent = 10, fee_of = "target_amount", work = "not_begun" },
    { stage = "afloat", percent = 50, of = "target_amount" },
]

[[rule]]
id = "ferry.answer"
clause = "1"
title = "Answered in time"
severity = "medium"
until = "two"
[rule.check.deadline]
from = "submission"
within = { days = 5 }
event = ["acknowledged", "decided"]

[[rule]]
id = "ferry.answer"
clause = "1 bis"
title = "Answered in time"
severity = "medium"
since = "two"
[rule.check.deadline]
from = "submission"
within = { days = 3 }
event = ["acknowledged", "decided"]

[[rule]]
id = "ferry.refund"
clause = "2"
title = "Refunded by the leg"
severity = "high"
kinds = ["cancellation"]
[rule.check.exact_amount]
of = "refund"
by = { stage = { schedule = "legs" } }

[[rule]]
id = "ferry.reason"
clause = "3"
title = "With a reason"
severity = "low"
[rule.check.required]
demands = [{ columns = ["reason"] }]

[[reading]]
id = "ferry.word-alone"
says = "A decision is no answer."
side = "strict"
change."ferry.answer".check.deadline.event = ["acknowledged"]

[[reading]]
id = "ferry.no-reason"
says = "No reason needs to be given."
side = "lenient"
remove = [{ rule = "ferry.reason" }]

[[reading]]
id = "ferry.half"
says = "Ashore half is due."
change.ferry.schedule.legs.stages.ashore.percent = 50
"#;

/// An agreement with one account from a day on, and for one invoice always.
const HARBOUR: &str = r#"
[policy]
name = "harbour"
extends = "ferry"
title = "Agreement with the harbour"

[[applies]]
account = "A"
from = 2026-03-10

[[applies]]
invoice = "I9"

[[applies]]
contract = "H-1"
from = 2026-03-02

[change."ferry.answer"]
clause = "Harbour 1"
check.deadline.within = { business_days = 1 }

[change.ferry.schedule.legs.stages.ashore]
percent = "80"

[[remove]]
rule = "ferry.reason"
clause = "Harbour 2"

[[rule]]
id = "harbour.channel"
clause = "Harbour 3"
title = "In writing"
severity = "low"
[rule.check.required]
demands = [{ columns = ["channel"] }]
"#;

const WORDS: &str = "kinds = [\"refund\", \"cancellation\"]\ncategories = [\"ticket\"]\n\
    outcomes = { approved = \"accepted\", denied = \"denied\" }\n";

fn source(name: &str, text: &str) -> Source {
    Source { name: name.to_owned(), text: text.to_owned() }
}

fn ferry() -> Vec<Source> {
    let days = source("calendars/tides.csv", "date,name\n2026-03-12,Spring tide\n");
    vec![source("ferry.toml", FERRY), source("vocabulary.toml", WORDS), days]
}

fn with(more: &[(&str, &str)]) -> Vec<Source> {
    ferry().into_iter().chain(more.iter().map(|(name, text)| source(name, text))).collect()
}

fn catalogue(sources: Vec<Source>) -> Catalogue {
    Catalogue::of(sources).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

/// A case: invoice, account, day of submission, day of decision, refund of 100, reason.
type Told<'a> = (&'a str, &'a str, &'a str, &'a str, &'a str, &'a str);

fn books(catalogue: &Catalogue, cases: &[Told<'_>]) -> Books {
    let folder = tempfile::tempdir().unwrap();
    let mut invoices = "invoice_id,line,account_id,policy,invoice_date,currency,amount,category\n".to_owned();
    let mut requests =
        "request_id,account_id,invoice_id,line,kind,submitted_at,reason,channel,stage,sow_reference\n".to_owned();
    let mut decisions =
        "decision_id,request_id,outcome,acknowledged_at,decided_at,refund_amount,admin_fee\n".to_owned();
    for (at, (invoice, account, submitted, decided, refund, reason)) in cases.iter().enumerate() {
        // Invoices whose number begins with H are under a contract.
        let sow = if invoice.starts_with('H') { "H-1" } else { "H-2" };
        invoices += &format!("{invoice},1,{account},ferry,2026-01-01,EUR,100.00,ticket\n");
        requests += &format!("R{at},{account},{invoice},,cancellation,{submitted},{reason},,ashore,{sow}\n");
        decisions += &format!("D{at},R{at},approved,,{decided},{refund},\n");
    }
    for (name, text) in [("invoices", invoices), ("requests", requests), ("decisions", decisions)] {
        fs::write(folder.path().join(format!("{name}.csv")), text).unwrap();
    }
    let books = read(catalogue, folder.path());
    assert_eq!(books.rejects.len(), 0, "{:?}", books.rejects);
    books
}

fn read(catalogue: &Catalogue, folder: &Path) -> Books {
    let words = catalogue.reading_vocabulary();
    reperform::export::read(&Sources::canonical(folder), &words, texts_with_words(), &|_| {}).unwrap()
}

fn audit<'a>(catalogue: &'a Catalogue, books: &'a Books) -> Report<'a> {
    audit::audit(catalogue, books, &Options::default(), &|_| {}).unwrap()
}

/// Each finding: case, rule, version and what is expected.
fn told(report: &Report<'_>, books: &Books) -> Vec<String> {
    let told = report.findings.iter().map(|f| {
        let (rule, version) = (&f.rule.rule.id, &f.version.id);
        format!("{} {rule} [{}] {version}: {}", books.text(f.request), f.rule.rule.clause, f.expected)
    });
    told.collect()
}

#[test]
fn an_amendment_governs_its_accounts_and_invoices_from_its_day_on() {
    let catalogue = catalogue(with(&[("harbour.toml", HARBOUR)]));
    // The general policy gives five days and 90; the agreement one business day, the 12th being none, and 80.
    let cases = [
        ("I1", "A", "2026-03-09", "2026-03-14", "90.00", "moved"),
        ("I2", "A", "2026-03-10", "2026-03-11", "80.00", ""),
        ("I3", "A", "2026-03-11", "2026-03-13", "80.00", ""),
        ("I4", "A", "2026-03-11", "2026-03-14", "90.00", ""),
        ("I5", "B", "2026-03-11", "2026-03-16", "90.00", "moved"),
        ("I6", "B", "2026-03-11", "2026-03-17", "80.00", ""),
        ("I9", "B", "2026-03-02", "2026-03-04", "80.00", ""),
        ("I8", "A", "2026-06-02", "2026-06-04", "80.00", ""),
        ("H1", "B", "2026-03-01", "2026-03-06", "90.00", "moved"),
        ("H2", "B", "2026-03-02", "2026-03-04", "80.00", ""),
    ];
    let books = books(&catalogue, &cases);
    let mut expected = vec![
        "R3 ferry.answer [Harbour 1] one+harbour: 2026-03-13",
        "R5 ferry.answer [1] one: 2026-03-16",
        "R6 ferry.answer [Harbour 1] one+harbour: 2026-03-03",
        "R7 ferry.answer [Harbour 1] two+harbour: 2026-06-03",
        "R9 ferry.answer [Harbour 1] one+harbour: 2026-03-03",
        "R5 ferry.reason [3] one: ",
        "R3 ferry.refund [2] one+harbour: 80.00 EUR",
        "R5 ferry.refund [2] one: 90.00 EUR",
    ];
    let channel: Vec<String> = ["R1", "R2", "R3", "R6", "R7", "R9"]
        .iter()
        .map(|case| {
            let version = if *case == "R7" { "two" } else { "one" };
            format!("{case} harbour.channel [Harbour 3] {version}+harbour: ")
        })
        .collect();
    expected.extend(channel.iter().map(String::as_str));
    let report = audit(&catalogue, &books);
    let found: Vec<String> =
        told(&report, &books).iter().map(|told| told.split(": ").next().unwrap().to_owned()).collect();
    let wanted: Vec<&str> = expected.iter().map(|told| told.split(": ").next().unwrap()).collect();
    assert_eq!(found, wanted);
    for told in told(&report, &books).iter().filter(|told| !told.contains("channel") && !told.contains("reason")) {
        assert!(expected.contains(&told.as_str()), "{told}");
    }
    // Every finding names the family, so that runs with and without the agreement can be compared.
    assert!(report.findings.iter().all(|finding| finding.policy.name == "ferry"));
}

#[test]
fn what_results_from_an_amendment_says_where_each_value_is_from() {
    let catalogue = catalogue(with(&[("harbour.toml", HARBOUR)]));
    let line = |text: &str| HARBOUR[..HARBOUR.find(text).unwrap()].matches('\n').count() + 1;
    let entries = catalogue.effective("harbour").unwrap();
    let from = |table: &str, key: &str| {
        let entry = entries.iter().find(|entry| entry.table == table && entry.key == key);
        entry.unwrap_or_else(|| panic!("{table} {key}")).clone()
    };
    for (table, key, value, place) in [
        ("policy", "title", "\"Agreement with the harbour\"", Some("title = ")),
        ("policy", "zone", "\"UTC\"", None),
        ("rule ferry.answer", "clause", "\"Harbour 1\"", Some("clause = \"Harbour 1")),
        ("rule ferry.answer", "check.deadline.within.business_days", "1", Some("check.deadline.within")),
        ("rule ferry.answer", "check.deadline.from", "\"submission\"", None),
        ("schedule legs", "stages.ashore.percent", "\"80\"", Some("percent = \"80")),
        ("schedule legs", "stages.ashore.fee_percent", "10", None),
        ("rule harbour.channel", "severity", "\"low\"", Some("severity = \"low\"")),
        ("rule ferry.reason", "", "", Some("[[remove]]")),
    ] {
        let entry = from(table, key);
        assert_eq!(entry.value, value, "{table} {key}");
        assert_eq!(entry.from, place.map(|place| format!("harbour.toml:{}", line(place))), "{table} {key}");
    }
    // The general policy is as it was.
    assert!(catalogue.effective("ferry").unwrap().iter().all(|entry| entry.from.is_none()));
}

#[test]
fn a_wrong_change_is_told_with_its_place() {
    let amendment = |rest: &str| format!("[policy]\nname = \"harbour\"\nextends = \"ferry\"\n{rest}");
    for (text, line, what, help) in [
        (
            "[policy]\nname = \"x\"\nextends = \"fery\"\n".to_owned(),
            3,
            "there is no policy `fery` to extend",
            "`ferry`",
        ),
        (amendment("[change.\"ferry.anser\"]\nclause = \"1\"\n"), 4, "no rule `ferry.anser`", "`ferry.answer`"),
        (amendment("[change.\"ferry.answer\"]\nseverity = \"low\"\n"), 4, "by which clause", "add `clause`"),
        (amendment("[[remove]]\nrule = \"ferry.answer\"\n"), 4, "by which clause", "add `clause`"),
        (amendment("zone = \"Asia/Dubai\"\n"), 4, "cannot change the zone", "leave it out"),
        (amendment("[[version]]\nid = \"three\"\n"), 4, "no table `version`", "below its name"),
        (amendment("[[applies]]\nfrom = 2026-01-01\n"), 4, "the entry names nothing", "an entry for each"),
        (
            amendment("[[applies]]\naccount = \"A\"\ninvoice = \"I\"\n"),
            4,
            "the entry names account and invoice",
            "for each",
        ),
        (
            "change.\"ferry.anser\".severity = \"low\"\n".to_owned(),
            1,
            "no rule and no policy `ferry.anser`",
            "ferry.answer",
        ),
        ("change.\"ferry.answer\".severity = \"grim\"\n".to_owned(), 1, "unknown variant `grim`", ""),
        (
            "change.ferry.schedule.legs.stages.aground.percent = 1\n".to_owned(),
            1,
            "no element `aground`",
            "by its number",
        ),
        ("change.\"ferry.answer\" = 7\n".to_owned(), 1, "a change is a table", "name the keys"),
        ("change = {}\nrules = 1\n".to_owned(), 2, "unknown table `rules`", "`change` and `remove`"),
    ] {
        let problems: Vec<Problem> = match Catalogue::of(with(&[("wrong.toml", &text)])) {
            Err(problems) => problems,
            Ok(_) => panic!("not told: {text}"),
        };
        let problem = &problems[0];
        let at = text[..problem.span.start].matches('\n').count() + 1;
        assert_eq!((problem.file.as_str(), at), ("wrong.toml", line), "{text}: {problems:#?}");
        assert!(problem.what.contains(what), "{text}: {}", problem.what);
        assert!(problem.help.as_deref().unwrap_or_default().contains(help), "{text}: {:?}", problem.help);
    }
}

#[test]
fn a_policy_does_not_say_to_whom_it_applies() {
    let text = FERRY.replace("[[version]]\nid = \"one\"", "[[applies]]\naccount = \"A\"\n\n[[version]]\nid = \"one\"");
    let problems = Catalogue::of(vec![source("ferry.toml", &text), ferry().remove(1), ferry().remove(2)]).unwrap_err();
    assert!(problems[0].what.contains("applies to all its cases"), "{problems:#?}");
}

/// The shipped fixture with many kinds of deviation.
fn quarter() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/quarter")
}

/// Two lines: the acknowledgement due in 1 business day, the administrative fee 8 %.
const WHAT_IF: &str = "change.\"vortexweb.cancel-acknowledged\".check.deadline.within = { business_days = 1 }\n\
    change.vortexweb.schedule.project.stages.before_kickoff.fee_percent = 8\n";

fn stakes(catalogue: &Catalogue, books: &Books) -> Exposures {
    let report = audit(catalogue, books);
    let groups = Groups::of(Results { catalogue, books, report: &report });
    groups.by(By::All).map(|(_, group)| group.exposure.clone()).next().unwrap_or_default()
}

#[test]
fn a_comparison_is_the_difference_of_two_audits() {
    let base = catalogue(shipped());
    let books = read(&base, &quarter());
    let what_if = catalogue(shipped().into_iter().chain([source("what-if.toml", WHAT_IF)]).collect());
    let readings = |all| base.under(&Choice { all: Some(all), ..Choice::default() }).unwrap();
    let others = [what_if, readings(Strictness::Strict), readings(Strictness::Lenient)];
    for changed in &others {
        let comparison = compare([&base, changed], &books, &Options::default(), &|_| {}).unwrap();
        assert!(!comparison.flips.is_empty());
        for (side, catalogue) in [&base, changed].into_iter().enumerate() {
            let both = comparison.stakes.iter().map(|(code, (currency, both))| (*code, (*currency, both[side])));
            let stakes = stakes(catalogue, &books);
            let none =
                |exposure: &reperform::report::exposure::Exposure| exposure.over.is_zero() && exposure.under.is_zero();
            let both: Exposures = both.filter(|(_, (_, exposure))| !none(exposure)).collect();
            assert_eq!(both, stakes.into_iter().filter(|(_, (_, exposure))| !none(exposure)).collect::<Exposures>());
        }
        // The findings of the two audits differ exactly by the flips.
        let with_unknown = Options { include_indeterminate: true, ..Options::default() };
        let findings = |catalogue| {
            let report = audit::audit(catalogue, &books, &with_unknown, &|_| {}).unwrap();
            let all = report.findings.iter().map(|f| (f.key(&books).map(str::to_owned), (f.verdict, f.amount)));
            all.collect::<BTreeMap<_, _>>()
        };
        let (before, after) = (findings(&base), findings(changed));
        let keys: BTreeSet<_> = before.keys().chain(after.keys()).collect();
        let differing: Vec<_> = keys.into_iter().filter(|key| before.get(*key) != after.get(*key)).collect();
        let flipped: Vec<_> =
            comparison.flips.iter().map(|flip| flip.finding().unwrap().key(&books).map(str::to_owned)).collect();
        assert_eq!(flipped.iter().collect::<Vec<_>>(), differing);
        let counted: u64 = comparison.by_rule().values().map(|flipped| flipped.count).sum();
        assert_eq!(counted, flipped.len() as u64);
    }
}

#[test]
fn identical_policies_give_an_empty_comparison() {
    let (base, same) = (catalogue(shipped()), catalogue(shipped()));
    let books = read(&base, &quarter());
    let comparison = compare([&base, &same], &books, &Options::default(), &|_| {}).unwrap();
    assert!(comparison.flips.is_empty() && comparison.cases == 0);
    assert!(comparison.stakes.values().all(|(_, [base, changed])| base == changed));
}

#[test]
fn two_lines_change_the_days_and_the_fee_at_their_boundaries() {
    let changed = "change.\"ferry.answer\".check.deadline.within = { business_days = 1 }\n\
        change.ferry.schedule.legs.stages.ashore.percent = 80\n";
    let (base, changed) = (catalogue(ferry()), catalogue(with(&[("what-if.toml", changed)])));
    let cases = [
        ("I1", "A", "2026-03-11", "2026-03-13", "90.00", "moved"),
        ("I2", "A", "2026-03-11", "2026-03-14", "80.00", "moved"),
        ("I3", "A", "2026-03-11", "2026-03-16", "80.01", "moved"),
        ("I4", "A", "2026-03-11", "2026-03-17", "80.02", "moved"),
    ];
    let books = books(&base, &cases);
    let comparison = compare([&base, &changed], &books, &Options::default(), &|_| {}).unwrap();
    let flips = comparison.flips.iter().map(|flip| {
        let finding = flip.finding().unwrap();
        let side = |verdict: Option<reperform::check::outcome::Verdict>| verdict.map_or("-", |verdict| verdict.name());
        let (before, after) = flip.direction();
        let (case, rule) = (books.text(finding.request), &finding.rule.rule.id);
        format!("{case} {rule} {} {} {}", side(before), side(after), flip.moved())
    });
    // The first business day after the 11th is the 13th, and the 16th is the fifth day. R3 is late under both.
    assert_eq!(
        flips.collect::<Vec<_>>(),
        [
            "R1 ferry.answer - deviation 0",
            "R2 ferry.answer - deviation 0",
            "R0 ferry.refund - deviation 10.00",
            "R1 ferry.refund deviation - 10.00",
            "R2 ferry.refund deviation - 9.99",
            "R3 ferry.refund deviation deviation 10.00",
        ]
    );
}

#[test]
fn one_version_can_judge_all_cases() {
    let base = catalogue(ferry());
    let books = books(
        &base,
        &[
            ("I1", "A", "2026-05-31", "2026-06-04", "90.00", "moved"),
            ("I2", "A", "2026-06-01", "2026-06-05", "90.00", "moved"),
        ],
    );
    for (version, expected) in [
        ("one", vec![]),
        ("two", vec!["R0 ferry.answer [1 bis] two: 2026-06-03", "R1 ferry.answer [1 bis] two: 2026-06-04"]),
    ] {
        let versions = BTreeMap::from([("ferry".to_owned(), version.to_owned())]);
        let pinned = base.under(&Choice { versions, ..Choice::default() }).unwrap();
        assert_eq!(told(&audit(&pinned, &books), &books), expected, "{version}");
    }
    assert_eq!(told(&audit(&base, &books), &books), ["R1 ferry.answer [1 bis] two: 2026-06-04"]);
}

#[test]
fn each_finding_says_which_reading_turns_it() {
    let base = catalogue(ferry());
    let books = books(
        &base,
        &[
            ("I1", "A", "2026-03-11", "2026-03-17", "90.00", ""),
            ("I2", "A", "2026-03-11", "2026-03-12", "50.00", "moved"),
            ("I3", "A", "2026-03-11", "2026-03-12", "40.00", "moved"),
        ],
    );
    let mut report = audit(&base, &books);
    let worlds = sensitivity::worlds(&base, &Choice::default()).unwrap();
    let ledger = sensitivity::test(&worlds, &books, &Options::default(), &mut report, &|_| {}).unwrap();
    let notes = report
        .findings
        .iter()
        .map(|f| format!("{} {}: {}", books.text(f.request), f.rule.rule.id, f.readings.as_deref().unwrap_or("-")));
    assert_eq!(
        notes.collect::<Vec<_>>(),
        [
            "R0 ferry.answer: robust",
            "R0 ferry.reason: ferry.no-reason: no finding",
            "R1 ferry.refund: ferry.half: no finding",
            "R2 ferry.refund: ferry.half: -10.00 EUR",
        ]
    );
    assert_eq!((ledger.robust, ledger.turned), (2, 2));
    // A word alone would make R1 late, and R2, but for the as-of date, which is the 17th; half would make R0 wrong.
    let entries = ledger
        .entries
        .iter()
        .map(|e| (e.id.as_str(), e.hanging.cases, e.hanging.turned, e.hanging.amounts, e.hanging.added));
    assert_eq!(
        entries.collect::<Vec<_>>(),
        [("ferry.word-alone", 2, 0, 0, 2), ("ferry.no-reason", 1, 1, 0, 0), ("ferry.half", 3, 1, 1, 1)]
    );
}

#[test]
fn the_ledger_of_readings_is_what_comparisons_with_each_say() {
    let base = catalogue(shipped());
    let books = read(&base, &quarter());
    let options = Options { include_indeterminate: true, ..Options::default() };
    let mut report = audit::audit(&base, &books, &options, &|_| {}).unwrap();
    let worlds = sensitivity::worlds(&base, &Choice::default()).unwrap();
    let ledger = sensitivity::test(&worlds, &books, &options, &mut report, &|_| {}).unwrap();
    assert!(ledger.entries.iter().filter(|entry| entry.hanging.cases > 0).count() >= 4);
    for entry in &ledger.entries {
        let readings = BTreeSet::from([entry.id.clone()]);
        let other = base.under(&Choice { readings, ..Choice::default() }).unwrap();
        let comparison = compare([&base, &other], &books, &options, &|_| {}).unwrap();
        assert_eq!(entry.hanging.cases, comparison.cases, "{}", entry.id);
        let flips = comparison.flips.len() as u64;
        assert_eq!(entry.hanging.turned + entry.hanging.amounts + entry.hanging.added, flips, "{}", entry.id);
    }
}

#[test]
fn what_an_alternative_changes_must_be_there() {
    let text = FERRY.replace("remove = [{ rule = \"ferry.reason\" }]", "remove = [{ rule = \"ferry.reasons\" }]");
    let sources = vec![source("ferry.toml", &text), ferry().remove(1), ferry().remove(2)];
    let problems = Catalogue::of(sources).unwrap_err();
    assert!(problems[0].what.contains("no rule `ferry.reasons`"), "{problems:#?}");
}

#[test]
fn every_shipped_reading_can_be_taken() {
    let base = catalogue(shipped());
    let worlds = sensitivity::worlds(&base, &Choice::default()).unwrap_or_else(|problems| panic!("{problems:#?}"));
    assert!(!worlds.is_empty());
    for world in &worlds {
        assert!(!world.rules.is_empty(), "{} changes nothing", world.id);
    }
}
