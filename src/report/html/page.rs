//! What the page shows before its script runs: every figure of the summary, prepared as text for the template.

use super::chart::{self, Month};
use crate::check::outcome::Verdict;
use crate::money::{self, Currency};
use crate::plan::Listed;
use crate::policy::rule::Severity;
use crate::policy::{Catalogue, Policy, Version};
use crate::report::coverage::{Covered, covered};
use crate::report::exposure::{Exposures, Group, Total};
use crate::report::layout::{count, counted, encoded, grouped, plain};
use crate::report::opinion::Opinion;
use crate::report::summary::{FileRows, Summary};
use crate::report::totals::Totals;
use serde::Serialize;

/// The page above its data.
#[derive(askama::Template)]
#[template(path = "page.html")]
pub struct Page {
    /// The style sheet, and what the page is allowed to load and run: that, its script, and nothing else.
    pub style: &'static str,
    pub csp: String,
    pub opinion: Opinion,
    pub as_of: AsOfView,
    pub period: String,
    /// Deviations, results for review, tests that could not be made, tests in all.
    pub results: [String; 4],
    /// Cases in all, evaluated, held back, outside.
    pub cases: [String; 4],
    /// Each export with its rows read, used, rejected and left out.
    pub files: Vec<[String; 6]>,
    /// What the mapping left out: file, table, rows and why; nothing where nothing was mapped.
    pub left_out: Vec<[String; 4]>,
    pub policies: Vec<PolicyView>,
    pub money: Vec<MoneyRow>,
    pub exposure: Vec<ExposureRow>,
    pub groups: Vec<GroupTable>,
    pub trend: GroupTable,
    pub columns: String,
    pub largest: Vec<LargestTable>,
    pub coverage: Vec<CoverageRow>,
    pub rejects: Vec<[String; 5]>,
    pub further_rejects: Option<String>,
    pub outside: String,
    pub version: &'static str,
}

/// The as-of date, and where it comes from.
pub struct AsOfView {
    pub date: String,
    pub from: String,
}

/// A policy, and what it says that no rule tests.
pub struct PolicyView {
    pub name: String,
    pub title: String,
    pub versions: Vec<String>,
    pub source: String,
    pub reading: String,
    pub rules: String,
    pub readings: Vec<[String; 3]>,
    pub untested: Vec<[String; 3]>,
}

/// The money of a currency: invoiced and refunded, in rows used and rejected.
pub struct MoneyRow {
    pub code: String,
    pub invoiced: [String; 2],
    pub refunded: [String; 2],
}

/// The money at stake in a currency.
pub struct ExposureRow {
    pub code: &'static str,
    pub over: String,
    pub under: String,
    pub bar: String,
}

/// Findings in groups of one kind.
pub struct GroupTable {
    /// What a filter calls the kind.
    pub key: &'static str,
    pub title: &'static str,
    pub rows: Vec<GroupRow>,
    /// Those after the largest, which are folded away.
    pub more: Vec<GroupRow>,
    pub further: Option<String>,
}

/// The findings of a group.
pub struct GroupRow {
    pub name: String,
    /// The link that shows them.
    pub link: String,
    pub deviation: String,
    pub review: String,
    pub bar: String,
}

/// The largest cases of a currency.
pub struct LargestTable {
    pub code: &'static str,
    pub rows: Vec<LargestRow>,
}

/// A large case.
pub struct LargestRow {
    pub amount: String,
    pub side: &'static str,
    pub case: String,
    pub rule: String,
    pub finding: String,
    pub message: String,
}

/// What a rule was put to.
pub struct CoverageRow {
    pub id: String,
    pub title: String,
    pub clause: String,
    pub severity: &'static str,
    /// Tested, passed, failed, for review, and what could not be tested.
    pub counts: [String; 5],
    pub why: String,
}

/// The names to which the numbers in the data refer.
#[derive(Serialize)]
pub struct Names<'a> {
    verdicts: [&'static str; 3],
    severities: [&'static str; 4],
    rules: Vec<RuleName<'a>>,
    files: Vec<FileName<'a>>,
    policies: Vec<[&'a str; 2]>,
}

#[derive(Serialize)]
struct RuleName<'a> {
    id: &'a str,
    clause: &'a str,
    title: &'a str,
    severity: &'static str,
    reading: Option<&'a str>,
}

#[derive(Serialize)]
struct FileName<'a> {
    name: &'a str,
    table: &'static str,
}

impl<'a> Names<'a> {
    /// The names of a run.
    pub fn of(catalogue: &'a Catalogue, rules: &[Listed<'a>], totals: &'a Totals<'_>) -> Names<'a> {
        let rule = |listed: &Listed<'a>| RuleName {
            id: &listed.rule.id,
            clause: &listed.rule.clause,
            title: &listed.rule.title,
            severity: listed.rule.severity.name(),
            reading: listed.rule.reading.as_deref(),
        };
        Names {
            verdicts: super::entry::VERDICTS.map(Verdict::name),
            severities: Severity::ALL.map(Severity::name),
            rules: rules.iter().map(rule).collect(),
            files: totals.files.iter().map(|f| FileName { name: &f.name, table: f.table.name() }).collect(),
            policies: catalogue.policies.iter().map(|policy| [policy.name.as_str(), policy.title.as_str()]).collect(),
        }
    }
}

impl Page {
    /// The page of a run.
    pub fn of(
        catalogue: &Catalogue,
        rules: &[Listed<'_>],
        totals: &Totals<'_>,
        summary: &Summary<'_>,
        (style, csp): (&'static str, String),
    ) -> Page {
        let covered = covered(rules, totals);
        let (findings, cases) = (&summary.findings, &summary.cases);
        Page {
            style,
            csp,
            opinion: Opinion::of(summary, &covered),
            as_of: as_of(summary),
            period: summary.period.as_ref().map_or_else(String::new, |p| format!("{} to {}", p.first, p.last)),
            results: results(summary),
            cases: [cases.total, cases.evaluated, cases.held_back, cases.outside_versions].map(count),
            files: summary.files.iter().map(file_row).collect(),
            left_out: summary.files.iter().flat_map(left_out).collect(),
            policies: catalogue
                .policies
                .iter()
                .filter(|policy| totals.concerns(policy))
                .map(|policy| policy_view(policy, rules))
                .collect(),
            money: money_rows(summary),
            exposure: exposure_rows(&summary.exposure),
            groups: vec![
                table("severity", "By severity", of(&findings.by_severity.0)),
                table("policy", "By policy", of(&findings.by_policy.0)),
                table("rule", "By rule", by_size(of(&findings.by_rule.0))),
                table("decidedBy", "By who decided", by_size(of(&findings.by_decided_by.0))),
            ],
            trend: table("month", "By month", of(&findings.by_month.0)),
            columns: chart::months(&months(summary)),
            largest: largest(totals),
            coverage: covered.iter().map(coverage_row).collect(),
            rejects: rejects(summary),
            further_rejects: further_rejects(summary),
            outside: summary.outside.iter().map(|id| plain(id)).collect::<Vec<_>>().join(", "),
            version: env!("CARGO_PKG_VERSION"),
        }
    }
}

fn as_of(summary: &Summary<'_>) -> AsOfView {
    let from = &summary.as_of_from;
    let cell = from.file.zip(from.record).zip(from.column);
    AsOfView {
        date: summary.as_of.clone().unwrap_or_default(),
        from: match cell {
            Some(((file, record), column)) => {
                format!("the latest date in the records: {}:{record}, {column}", plain(file))
            }
            None if from.given => "as asked for".to_owned(),
            None => String::new(),
        },
    }
}

fn results(summary: &Summary<'_>) -> [String; 4] {
    let of = &summary.verdicts;
    let all = of.compliant + of.deviation + of.review + of.indeterminate;
    [of.deviation, of.review, of.indeterminate, all].map(count)
}

fn file_row(file: &FileRows<'_>) -> [String; 6] {
    let rows = &file.rows;
    let counts = [rows.read, rows.used, rows.rejected, rows.left_out].map(count);
    let [read, used, rejected, left_out] = counts;
    [plain(file.file), file.table.to_owned(), read, used, rejected, left_out]
}

fn left_out<'a>(file: &'a FileRows<'_>) -> impl Iterator<Item = [String; 4]> + 'a {
    let row = |(why, rows): (&String, &u64)| [plain(file.file), file.table.to_owned(), count(*rows), plain(why)];
    file.left_out_because.iter().map(row)
}

fn policy_view(policy: &Policy, rules: &[Listed<'_>]) -> PolicyView {
    let own = || rules.iter().filter(|listed| std::ptr::eq(listed.policy, policy));
    PolicyView {
        name: policy.own_name().to_owned(),
        title: policy.title.clone(),
        versions: policy.versions.iter().map(Version::to_string).collect(),
        source: policy.source.clone(),
        reading: policy.reading.clone(),
        rules: counted(own().count() as u64, "rule", "rules"),
        readings: own()
            .filter_map(|listed| {
                Some([listed.rule.id.clone(), listed.rule.clause.clone(), listed.rule.reading.clone()?])
            })
            .collect(),
        untested: policy.untested.iter().map(|u| [u.clause.clone(), u.statement.clone(), u.reason.clone()]).collect(),
    }
}

/// An amount that is written already, with its digits in groups.
fn amount(text: &str) -> String {
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |digits| ("−", digits));
    match digits.split_once('.') {
        Some((whole, fraction)) => format!("{sign}{}.{fraction}", grouped(whole)),
        None => format!("{sign}{}", grouped(digits)),
    }
}

fn money_rows(summary: &Summary<'_>) -> Vec<MoneyRow> {
    let (invoiced, refunded) = (&summary.money.amount.0, &summary.money.refund_amount.0);
    let codes: std::collections::BTreeSet<&String> = invoiced.iter().chain(refunded).map(|(code, _)| code).collect();
    let of = |sums: &[(String, crate::report::summary::UsedRejected)], code: &String| {
        let sum = sums.iter().find(|(own, _)| own == code);
        sum.map_or([String::new(), String::new()], |(_, sum)| [amount(&sum.used), amount(&sum.rejected)])
    };
    let row = |code: &String| MoneyRow {
        code: if code.is_empty() { "(unknown)".to_owned() } else { plain(code) },
        invoiced: of(invoiced, code),
        refunded: of(refunded, code),
    };
    codes.into_iter().map(row).collect()
}

fn exposure_rows(exposures: &Exposures) -> Vec<ExposureRow> {
    let show = |total: Total, currency: Currency| amount(&total.show(currency));
    let size = |total: Total, currency: Currency| total.show(currency).parse::<f64>().unwrap_or_default();
    let row =
        |(code, (currency, exposure)): (&&'static str, &(Currency, crate::report::exposure::Exposure))| ExposureRow {
            code,
            over: show(exposure.over, *currency),
            under: show(exposure.under, *currency),
            bar: chart::sides(size(exposure.under, *currency), size(exposure.over, *currency)),
        };
    exposures.iter().map(row).collect()
}

type Groups<'g> = Vec<(String, &'g Group)>;

fn of<'g, K: AsRef<str>>(groups: &[(K, &'g Group)]) -> Groups<'g> {
    groups.iter().map(|(name, group)| (name.as_ref().to_owned(), *group)).collect()
}

/// Those with the most deviations first.
fn by_size(mut groups: Groups<'_>) -> Groups<'_> {
    groups.sort_by_key(|(_, group)| std::cmp::Reverse((group.deviation, group.review)));
    groups
}

/// More groups than this are folded away.
const UNFOLDED: usize = 12;
/// More groups than this are left to the list of findings.
const MOST_GROUPS: usize = 500;

fn table(key: &'static str, title: &'static str, mut groups: Groups<'_>) -> GroupTable {
    let largest = groups.iter().map(|(_, group)| group.deviation + group.review).max().unwrap_or_default();
    let further = groups.split_off(groups.len().min(MOST_GROUPS));
    let sum = |of: fn(&Group) -> u64| further.iter().map(|(_, group)| of(group)).sum::<u64>();
    let told = (!further.is_empty()).then(|| {
        let (deviation, review) = (sum(|group| group.deviation), sum(|group| group.review));
        format!(
            "And {} more, with {} and {} for review: the list of findings can be filtered by each.",
            count(further.len() as u64),
            counted(deviation, "deviation", "deviations"),
            count(review)
        )
    });
    let row = |(name, group): (String, &Group)| GroupRow {
        link: link(key, &name),
        name: if name.is_empty() { "(not recorded)".to_owned() } else { plain(&name) },
        deviation: count(group.deviation),
        review: count(group.review),
        bar: chart::bar(group.deviation, group.review, largest),
    };
    let mut rows: Vec<GroupRow> = groups.into_iter().map(row).collect();
    // A fold that hides a few is more trouble than it saves.
    let more = if rows.len() > UNFOLDED + 3 { rows.split_off(UNFOLDED) } else { Vec::new() };
    GroupTable { key, title, rows, more, further: told }
}

/// The link to the findings of a group.
fn link(key: &str, name: &str) -> String {
    format!("#{key}={}", encoded(name))
}

/// The months from the first to the last, those without a finding too, unless they are very many.
fn months(summary: &Summary<'_>) -> Vec<Month> {
    let number = |name: &str| {
        let (year, month) = name.split_once('-')?;
        Some(year.parse::<u32>().ok()? * 12 + month.parse::<u32>().ok()?.checked_sub(1)?)
    };
    let known: Vec<(u32, Month)> = summary
        .findings
        .by_month
        .0
        .iter()
        .filter_map(|(name, group)| {
            Some((number(name)?, Month { name: name.clone(), deviation: group.deviation, review: group.review }))
        })
        .collect();
    let Some((first, last)) = known.first().zip(known.last()).map(|(first, last)| (first.0, last.0)) else {
        return Vec::new();
    };
    if last - first > 120 {
        return known.into_iter().map(|(_, month)| month).collect();
    }
    let mut known = known.into_iter().peekable();
    let month = |number: u32| match known.next_if(|(own, _)| *own == number) {
        Some((_, month)) => month,
        None => Month { name: format!("{:04}-{:02}", number / 12, number % 12 + 1), deviation: 0, review: 0 },
    };
    (first..=last).map(month).collect()
}

fn largest(totals: &Totals<'_>) -> Vec<LargestTable> {
    let row = |large: &crate::report::largest::Large| {
        let [_, rule, request, invoice, line, _] = &large.key;
        let line = if line.is_empty() { String::new() } else { format!(", line {line}") };
        LargestRow {
            amount: amount(&money::show(large.amount.abs(), large.currency)),
            side: if large.amount.is_sign_negative() { "under" } else { "over" },
            case: if request.is_empty() { plain(&format!("{invoice}{line}")) } else { plain(request) },
            rule: rule.clone(),
            finding: large.finding.clone(),
            message: plain(&large.message),
        }
    };
    totals
        .largest
        .by_currency()
        .map(|(code, cases)| LargestTable { code, rows: cases.iter().map(row).collect() })
        .collect()
}

fn coverage_row(covered: &Covered<'_>) -> CoverageRow {
    let (rule, tally) = (covered.rule, &covered.tally);
    CoverageRow {
        id: rule.id.clone(),
        title: rule.title.clone(),
        clause: rule.clause.clone(),
        severity: rule.severity.name(),
        counts: [
            tally.compliant + tally.deviation + tally.review,
            tally.compliant,
            tally.deviation,
            tally.review,
            tally.indeterminate,
        ]
        .map(count),
        why: covered.why(),
    }
}

fn rejects(summary: &Summary<'_>) -> Vec<[String; 5]> {
    let row = |value: &crate::report::summary::RejectedValue<'_>| {
        [count(value.rows), plain(value.file), plain(value.column), plain(value.value), plain(value.reason)]
    };
    summary.rejects.values.iter().map(row).collect()
}

fn further_rejects(summary: &Summary<'_>) -> Option<String> {
    let rejects = &summary.rejects;
    let values = counted(rejects.further_values, "further value", "further values");
    let rows = counted(rejects.further_rows, "row", "rows");
    (rejects.further_values > 0).then(|| format!("And {values} in {rows}: rejects.csv has every row."))
}
