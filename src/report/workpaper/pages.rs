//! The sheets that add up the whole, and those that a person reads and fills in.

use super::sheet::{Book, Cell, Table};
use crate::plan::Listed;
use crate::policy::{Catalogue, Policy, Version};
use crate::report::coverage::covered;
use crate::report::exposure::Group;
use crate::report::folder::FolderError;
use crate::report::layout::counted;
use crate::report::opinion::Opinion;
use crate::report::summary::{Rows, Summary, UsedRejected};
use crate::report::totals::Totals;

type Done = Result<(), FolderError>;

/// More groups of a kind than this are left to `summary.json`.
const MOST_GROUPS: usize = 1000;

/// A sheet of several lists under each other.
struct Lists<'b> {
    table: Table,
    book: &'b mut Book,
}

impl Lists<'_> {
    fn row(&mut self, cells: &[Cell<'_>]) -> Done {
        self.table.row(cells, self.book)
    }

    /// The heading of a list, with an empty row before it.
    fn heading(&mut self, names: &[&str]) -> Done {
        self.row(&[])?;
        let cells: Vec<Cell<'_>> = names.iter().map(|name| Cell::Heading(name)).collect();
        self.row(&cells)
    }

    fn group(&mut self, name: &str, group: &Group) -> Done {
        let name = if name.is_empty() { "(not recorded)" } else { name };
        let shown = group
            .exposure
            .iter()
            .map(|(code, (currency, exposure))| (*code, exposure.over.show(*currency), exposure.under.show(*currency)));
        let money: Vec<(&str, String, String)> = shown.collect();
        let mut cells = vec![Cell::Text(name), Cell::Count(group.deviation), Cell::Count(group.review)];
        for (code, over, under) in &money {
            cells.extend([Cell::Money(over, code), Cell::Money(under, code)]);
        }
        self.row(&cells)
    }

    fn groups<K: AsRef<str>>(&mut self, name: &str, groups: &[(K, &Group)]) -> Done {
        self.heading(&[name, "Deviations", "Review", "Over and under, by currency"])?;
        groups.iter().take(MOST_GROUPS).try_for_each(|(name, group)| self.group(name.as_ref(), group))?;
        match groups.len().saturating_sub(MOST_GROUPS) {
            0 => Ok(()),
            more => {
                let more = counted(more as u64, "more is", "more are");
                self.row(&[Cell::Text(&format!("{more} in summary.json"))])
            }
        }
    }
}

/// The totals: those of `summary.json`.
pub fn summary(book: &mut Book, catalogue: &Catalogue, rules: &[Listed<'_>], totals: &Totals<'_>) -> Done {
    let summary = Summary::of(catalogue, rules, totals);
    let opinion = Opinion::of(&summary, &covered(rules, totals));
    let columns = [("Audit workpaper", 44.0), ("", 22.0), ("", 22.0), ("", 22.0), ("", 22.0)];
    let table = Table::begin("Summary", &columns, false, book)?;
    let mut lists = Lists { table, book };
    lists.row(&[Cell::Heading(&opinion.line)])?;
    opinion.limits.iter().try_for_each(|limit| lists.row(&[Cell::Text(limit)]))?;
    lists.row(&[])?;
    if let Some(as_of) = &summary.as_of {
        lists.row(&[Cell::Text("As of"), Cell::Day(as_of)])?;
    }
    if let Some(period) = &summary.period {
        lists.row(&[Cell::Text("Requests submitted from"), Cell::Day(&period.first)])?;
        lists.row(&[Cell::Text("Requests submitted until"), Cell::Day(&period.last)])?;
    }
    lists.row(&[Cell::Text("Made by"), Cell::Text(concat!("reperform ", env!("CARGO_PKG_VERSION")))])?;
    population(&mut lists, &summary)?;
    money(&mut lists, &summary)?;
    lists.groups("Severity", &summary.findings.by_severity.0)?;
    lists.groups("Policy", &summary.findings.by_policy.0)?;
    lists.groups("Rule", &summary.findings.by_rule.0)?;
    lists.groups("Month", &summary.findings.by_month.0)?;
    lists.groups("Decided by", &summary.findings.by_decided_by.0)?;
    lists.table.finish(lists.book)
}

fn population(lists: &mut Lists<'_>, summary: &Summary<'_>) -> Done {
    rows(lists, summary)?;
    lists.heading(&["Cases", "Count"])?;
    let (cases, verdicts) = (&summary.cases, &summary.verdicts);
    for (name, number) in [
        ("in all", cases.total),
        ("judged", cases.evaluated),
        ("held back", cases.held_back),
        ("outside every policy version, or after the as-of date", cases.outside_versions),
    ] {
        lists.row(&[Cell::Text(name), Cell::Count(number)])?;
    }
    lists.heading(&["Results of tests", "Count"])?;
    for (name, number) in [
        ("compliant", verdicts.compliant),
        ("deviation", verdicts.deviation),
        ("review", verdicts.review),
        ("indeterminate", verdicts.indeterminate),
    ] {
        lists.row(&[Cell::Text(name), Cell::Count(number)])?;
    }
    Ok(())
}

/// The rows of each file; those that a mapping leaves out only where it left out any, with why.
fn rows(lists: &mut Lists<'_>, summary: &Summary<'_>) -> Done {
    let is_mapped = summary.files.iter().any(|file| file.rows.left_out > 0);
    let names = ["File", "Rows read", "Used", "Rejected"].into_iter().chain(is_mapped.then_some("Left out"));
    lists.heading(&names.collect::<Vec<_>>())?;
    for file in &summary.files {
        let Rows { read, used, rejected, left_out } = file.rows;
        let counts = [read, used, rejected].into_iter().chain(is_mapped.then_some(left_out)).map(Cell::Count);
        lists.row(&[Cell::Text(file.file)].into_iter().chain(counts).collect::<Vec<_>>())?;
    }
    if is_mapped {
        lists.heading(&["Rows that the mapping left out", "Rows", "Why"])?;
    }
    for file in &summary.files {
        let mut because = file.left_out_because.iter();
        because.try_for_each(|(why, rows)| lists.row(&[Cell::Text(file.file), Cell::Count(*rows), Cell::Text(why)]))?;
    }
    Ok(())
}

fn money(lists: &mut Lists<'_>, summary: &Summary<'_>) -> Done {
    lists.heading(&["Money at stake", "Over", "Under"])?;
    for (code, (currency, exposure)) in &summary.exposure {
        let (over, under) = (exposure.over.show(*currency), exposure.under.show(*currency));
        lists.row(&[Cell::Text(code), Cell::Money(&over, code), Cell::Money(&under, code)])?;
    }
    let mut sums = |name: &str, sums: &[(String, UsedRejected)]| {
        lists.heading(&[name, "In rows used", "In rows rejected"])?;
        sums.iter().try_for_each(|(code, sum)| {
            let name = if code.is_empty() { "(unknown)" } else { code };
            lists.row(&[Cell::Text(name), Cell::Money(&sum.used, code), Cell::Money(&sum.rejected, code)])
        })
    };
    sums("Invoiced", &summary.money.amount.0)?;
    sums("Refunded", &summary.money.refund_amount.0)
}

/// The rows of `coverage.csv`, with the rules' titles and why they could not be tested.
pub fn coverage(book: &mut Book, rules: &[Listed<'_>], totals: &Totals<'_>) -> Done {
    let columns = [
        ("rule", 30.0),
        ("clause", 10.0),
        ("severity", 10.0),
        ("applied", 12.0),
        ("compliant", 12.0),
        ("deviation", 12.0),
        ("review", 12.0),
        ("indeterminate", 14.0),
        ("missing", 40.0),
        ("title", 60.0),
        ("why not tested", 50.0),
    ];
    let mut table = Table::begin("Coverage", &columns, true, book)?;
    for covered in covered(rules, totals) {
        let (rule, tally) = (covered.rule, &covered.tally);
        let missing: Vec<String> =
            covered.missing().iter().map(|(column, count)| format!("{}:{count}", column.name())).collect();
        let counts = [tally.applied(), tally.compliant, tally.deviation, tally.review, tally.indeterminate];
        let (missing, why) = (missing.join(";"), covered.why());
        let mut cells = vec![Cell::Text(&rule.id), Cell::Text(&rule.clause), Cell::Text(rule.severity.name())];
        cells.extend(counts.map(Cell::Count));
        cells.extend([Cell::Text(&missing), Cell::Text(&rule.title), Cell::Text(&why)]);
        table.row(&cells, book)?;
    }
    table.finish(book)
}

/// How verdicts are reached.
const METHOD: [[&str; 2]; 8] = [
    [
        "Population",
        "Every case, which is a request with its invoice, its decisions and the requests that it goes back to, was \
         judged again by every rule of the policy version in force on the day of its submission. A rule that is about \
         invoice lines was put to every line. No sample was taken.",
    ],
    [
        "Deviation",
        "The decision is not as the text demands, on any honest reading of it and whatever a missing fact may be.",
    ],
    ["Review", "The text leaves it open or the records contradict themselves: for a person to judge."],
    ["Indeterminate", "Evidence is missing on which the result depends. It is never counted as compliant."],
    ["Compliant", "As the text demands."],
    [
        "Amounts",
        "Amounts are exact decimals, rounded half away from zero to the currency's minor unit. Positive: given or kept \
         back in the client's favour; negative: to the client's loss. An amount of more digits than a cell keeps is text.",
    ],
    [
        "Money at stake",
        "A case counts with the largest amount among its deviations, so that one dollar is not counted twice; a finding \
         about an invoice line is a case of its own. Currencies are never added up, over and under never set off.",
    ],
    [
        "Rows and cases",
        "A row with a value that cannot be read is rejected, and the cases that rest on it are held back. Every row read \
         was used or rejected; every case was judged, held back, or lies outside the policy versions. run.json has the \
         SHA-256 of every file read and written, with which a second person can make this audit again.",
    ],
];

const LEFT_OUT: &str = "The mapping by which the exports were read leaves some rows out, which are neither used nor \
    rejected: the summary counts them by file and by reason.";

/// How verdicts are reached, which readings were chosen, and what the policies say that no rule tests.
pub fn method(book: &mut Book, catalogue: &Catalogue, rules: &[Listed<'_>], totals: &Totals<'_>) -> Done {
    let columns = [("Method", 30.0), ("", 12.0), ("", 70.0), ("", 50.0)];
    let table = Table::begin("Method", &columns, false, book)?;
    let mut lists = Lists { table, book };
    for [name, text] in METHOD {
        lists.row(&[Cell::Text(name), Cell::Blank, Cell::Long(text)])?;
    }
    if totals.files.iter().any(|file| !file.left_out.is_empty()) {
        lists.row(&[Cell::Text("Rows left out"), Cell::Blank, Cell::Long(LEFT_OUT)])?;
    }
    let mut concerned = catalogue.policies.iter().filter(|policy| totals.concerns(policy));
    concerned.try_for_each(|policy| of_policy(&mut lists, policy, rules))?;
    lists.table.finish(lists.book)
}

fn of_policy(lists: &mut Lists<'_>, policy: &Policy, rules: &[Listed<'_>]) -> Done {
    lists.heading(&[&policy.title])?;
    let versions: Vec<String> = policy.versions.iter().map(Version::to_string).collect();
    for (name, text) in [
        ("name", policy.own_name()),
        ("versions", &versions.join(", ")),
        ("source", &policy.source),
        ("how it was read", &policy.reading),
    ] {
        if !text.is_empty() {
            lists.row(&[Cell::Text(name), Cell::Blank, Cell::Long(text)])?;
        }
    }
    let own = rules.iter().filter(|listed| std::ptr::eq(listed.policy, policy));
    let readings: Vec<_> = own.filter_map(|listed| Some((listed.rule, listed.rule.reading.as_ref()?))).collect();
    if !readings.is_empty() {
        lists.heading(&["Rule", "Clause", "Reading chosen where the text allows several"])?;
    }
    for (rule, reading) in readings {
        lists.row(&[Cell::Text(&rule.id), Cell::Text(&rule.clause), Cell::Long(reading)])?;
    }
    if !policy.untested.is_empty() {
        lists.heading(&["Not tested", "Clause", "What the text says", "Why no rule tests it"])?;
    }
    policy.untested.iter().try_for_each(|untested| {
        let (statement, reason) = (Cell::Long(&untested.statement), Cell::Long(&untested.reason));
        lists.row(&[Cell::Blank, Cell::Text(&untested.clause), statement, reason])
    })
}

/// What a person fills in: who prepared and reviewed it, and a conclusion on each rule.
pub fn sign_off(book: &mut Book, rules: &[Listed<'_>], totals: &Totals<'_>) -> Done {
    let columns =
        [("Sign-off", 30.0), ("", 10.0), ("", 12.0), ("", 12.0), ("", 14.0), ("", 60.0), ("", 20.0), ("", 14.0)];
    let table = Table::begin("Sign-off", &columns, false, book)?;
    let mut lists = Lists { table, book };
    for name in ["Prepared by", "Date", "Reviewed by", "Date", "Overall conclusion"] {
        lists.row(&[Cell::Text(name), Cell::Field])?;
    }
    lists.heading(&["Rule", "Clause", "Deviations", "Review", "Not tested", "Conclusion", "By", "Date"])?;
    for covered in covered(rules, totals) {
        let (rule, tally) = (covered.rule, &covered.tally);
        let mut cells = vec![Cell::Text(&rule.id), Cell::Text(&rule.clause)];
        cells.extend([tally.deviation, tally.review, tally.indeterminate].map(Cell::Count));
        cells.extend([Cell::Field, Cell::Field, Cell::Field]);
        lists.row(&cells)?;
    }
    lists.table.finish(lists.book)
}
