//! What a run shows on the terminal: one screen, with the figures of [`super::summary`].

use super::exposure::{Exposures, Group, Total};
use super::layout::{Table, count, counted, grouped, left, plain, right, short, wrapped};
use super::summary::{Named, Rows, Summary};
use crate::money::Currency;
use crate::plan::Listed;
use crate::policy::rule::Severity;
use anstyle::{AnsiColor, Style};
use std::cmp::Reverse;
use std::io::{self, Write};

/// The widest line.
const WIDTH: usize = 100;
/// How many entries of a list are shown.
const POLICIES: usize = 4;
const CURRENCIES: usize = 5;
const RULES: usize = 5;
const VALUES: usize = 3;
const FILES: usize = 4;

/// Shows a run. `rules` are those of its report, `place` is where the results lie, and `explain` a command that shows
/// one of its cases in full.
///
/// # Errors
/// When the place cannot be written to.
pub fn show(
    summary: &Summary<'_>,
    rules: &[Listed<'_>],
    place: &str,
    explain: Option<&str>,
    to: &mut dyn Write,
) -> io::Result<()> {
    let shown = [
        opening(summary),
        rows(summary).beside(&cases(summary)),
        by_policy(summary).beside(&by_severity(summary)),
        exposure(&summary.exposure),
        gravest(summary, rules),
        untested(summary),
        rejected(summary),
        closing(place, explain),
    ];
    sections(&shown, to)
}

/// Writes sections with a blank line between them; those that are empty are left out.
pub(super) fn sections(sections: &[Vec<String>], to: &mut dyn Write) -> io::Result<()> {
    let mut first = true;
    for section in sections.iter().filter(|section| !section.is_empty()) {
        if !first {
            writeln!(to)?;
        }
        first = false;
        for line in section {
            writeln!(to, "{line}")?;
        }
    }
    to.flush()
}

fn opening(summary: &Summary<'_>) -> Vec<String> {
    let cases = counted(summary.cases.evaluated, "case", "cases");
    let Some(day) = &summary.as_of else { return vec![format!("Audited {cases}.")] };
    let from = &summary.as_of_from;
    let place = match (from.file, from.record, from.column) {
        (Some(file), Some(record), Some(column)) => {
            format!(", the latest day in the exports ({}:{record}, {column})", short(file, 32))
        }
        _ => String::new(),
    };
    vec![format!("Audited {cases} as of {day}{place}.")]
}

pub(super) fn rows(summary: &Summary<'_>) -> Table {
    let is_mapped = summary.files.iter().any(|file| file.rows.left_out > 0);
    let header = [left("Rows"), right("read"), right("used"), right("rejected")];
    let mut table = Table::new(header.into_iter().chain(is_mapped.then(|| right("left out"))).collect());
    let cells = |name: &str, rows: Rows| {
        let counts = [rows.read, rows.used, rows.rejected].into_iter().chain(is_mapped.then_some(rows.left_out));
        std::iter::once(left(short(name, 32))).chain(counts.map(|rows| right(count(rows)))).collect()
    };
    if summary.files.len() <= FILES {
        summary.files.iter().for_each(|file| table.row(cells(file.file, file.rows)));
    } else {
        summary.rows.0.iter().for_each(|(name, rows)| table.row(cells(name, *rows)));
    }
    table
}

pub(super) fn cases(summary: &Summary<'_>) -> Table {
    let cases = &summary.cases;
    let mut table = Table::new(vec![left("Cases"), right(count(cases.total))]);
    let outside = "outside every policy version";
    for (name, number) in
        [("evaluated", cases.evaluated), ("held back", cases.held_back), (outside, cases.outside_versions)]
    {
        table.row(vec![left(name), right(count(number))]);
    }
    table
}

fn findings_header(name: &str) -> Table {
    Table::new(vec![left(name), right("deviations"), right("for review")])
}

fn by_policy(summary: &Summary<'_>) -> Table {
    let mut table = findings_header("By policy");
    let all = &summary.findings.by_policy.0;
    let shown = if all.len() > POLICIES { POLICIES - 1 } else { POLICIES };
    for (name, group) in all.iter().take(shown) {
        table.row(vec![left(short(name, 24)), right(count(group.deviation)), right(count(group.review))]);
    }
    let further = || all.iter().skip(shown).map(|(_, group)| *group);
    if further().next().is_some() {
        let sum = |pick: fn(&Group) -> u64| right(count(further().map(pick).sum()));
        let name = format!("{} more", further().count());
        table.row(vec![left(name), sum(|group| group.deviation), sum(|group| group.review)]);
    }
    table
}

fn by_severity(summary: &Summary<'_>) -> Table {
    let mut table = findings_header("By severity");
    for severity in Severity::ALL {
        let group = summary.findings.by_severity.0.iter().find(|(name, _)| *name == severity.name());
        let (deviation, review) = group.map_or((0, 0), |(_, group)| (group.deviation, group.review));
        table.row(vec![named(severity), right(count(deviation)), right(count(review))]);
    }
    table
}

fn named(severity: Severity) -> super::layout::Cell {
    let style = match severity {
        Severity::Critical => AnsiColor::Red.on_default().bold(),
        Severity::High => AnsiColor::Red.on_default(),
        Severity::Medium => AnsiColor::Yellow.on_default(),
        Severity::Low => Style::new(),
    };
    left(severity.name()).styled(style)
}

fn exposure(exposures: &Exposures) -> Vec<String> {
    if exposures.is_empty() {
        return Vec::new();
    }
    let mut table = Table::new(vec![left("Money at stake"), right("over-refunds"), right("under-refunds")]);
    for (code, (currency, exposure)) in exposures.iter().take(CURRENCIES) {
        let sides = [exposure.over, exposure.under].map(|total| right(money(total, *currency)));
        table.row([left(*code)].into_iter().chain(sides).collect());
    }
    let mut lines = table.lines();
    if exposures.len() > CURRENCIES {
        let further = counted((exposures.len() - CURRENCIES) as u64, "further currency", "further currencies");
        lines.push(format!("and {further}: see summary.json"));
    }
    lines
}

/// A total with its digits in groups.
pub(super) fn money(total: Total, currency: Currency) -> String {
    let (whole, fraction) = total.digits(currency);
    if fraction.is_empty() { grouped(&whole) } else { format!("{}.{fraction}", grouped(&whole)) }
}

/// The rules with deviations: the gravest first, and of those the most frequent.
fn gravest(summary: &Summary<'_>, rules: &[Listed<'_>]) -> Vec<String> {
    let severity =
        |id: &str| rules.iter().find(|listed| listed.rule.id == id).map_or(Severity::Low, |l| l.rule.severity);
    let Named(all) = &summary.findings.by_rule;
    let mut found: Vec<(Severity, &str, &Group)> =
        all.iter().filter(|(_, group)| group.deviation > 0).map(|(id, group)| (severity(id), *id, *group)).collect();
    if found.is_empty() {
        return Vec::new();
    }
    found.sort_by_key(|(severity, id, group)| (Reverse((*severity, group.deviation)), *id));
    let title = "Gravest deviations";
    let mut table = Table::new(vec![left(title), left("severity"), right("deviations"), left("at stake")]);
    for (severity, id, group) in found.iter().take(RULES) {
        let cells = vec![left(short(id, 36)), named(*severity), right(count(group.deviation))];
        table.row(cells.into_iter().chain([left(at_stake(&group.exposure, 40))]).collect());
    }
    let mut lines = table.lines();
    if found.len() > RULES {
        let rules = counted((found.len() - RULES) as u64, "further rule has", "further rules have");
        lines.push(format!("and {rules} deviations: see coverage.csv"));
    }
    lines
}

/// Both directions of each currency: what was given too much as a plus, what too little as a minus. As many as fit.
fn at_stake(exposures: &Exposures, width: usize) -> String {
    let sides = exposures.iter().flat_map(|(code, (currency, exposure))| {
        let side =
            |total: Total, sign: &str| (!total.is_zero()).then(|| format!("{code} {sign}{}", money(total, *currency)));
        [side(exposure.over, "+"), side(exposure.under, "−")].into_iter().flatten()
    });
    let mut sides: Vec<String> = sides.collect();
    let all = sides.len();
    let mut text = sides.join(", ");
    while text.chars().count() > width && sides.pop().is_some() {
        text = format!("{}, {} more", sides.join(", "), all - sides.len());
    }
    text
}

fn untested(summary: &Summary<'_>) -> Vec<String> {
    let outcomes = summary.verdicts.indeterminate;
    if outcomes == 0 {
        return Vec::new();
    }
    let coverage = &summary.coverage;
    let mut text = format!("Not testable: {}", counted(outcomes, "outcome", "outcomes"));
    if coverage.never_decided > 0 {
        text.push_str(&format!(", among them all of {}", counted(coverage.never_decided, "rule", "rules")));
    }
    let missing: Vec<String> =
        coverage.missing.iter().take(5).map(|m| format!("{}.{} ({})", m.table, m.column, count(m.outcomes))).collect();
    match missing.is_empty() {
        true => text.push_str(": cells are blank, or the facts do not settle it"),
        false => text.push_str(&format!("; columns that the exports lack: {}", missing.join(", "))),
    }
    if coverage.missing.len() > missing.len() {
        text.push_str(&format!(" and {} more", coverage.missing.len() - missing.len()));
    }
    let mut lines = wrapped(&text, WIDTH);
    lines.truncate(3);
    lines
}

fn rejected(summary: &Summary<'_>) -> Vec<String> {
    let rejects = &summary.rejects;
    if rejects.rows == 0 {
        return Vec::new();
    }
    let mut table = Table::new(vec![left("Rejected"), right("rows"), left("value"), left("why")]);
    for value in rejects.values.iter().take(VALUES) {
        let (column, shown) = match (value.column, value.value) {
            ("", _) => (value.file, "(the row)".to_owned()),
            (column, "") => (column, "(blank)".to_owned()),
            (column, text) => (column, short(text, 24)),
        };
        table.row(vec![left(short(column, 20)), right(count(value.rows)), left(shown), left(short(value.reason, 44))]);
    }
    let mut lines = table.lines();
    let shown: u64 = rejects.values.iter().take(VALUES).map(|value| value.rows).sum();
    if rejects.rows > shown {
        lines.push(format!("and {}: see rejects.csv", counted(rejects.rows - shown, "further row", "further rows")));
    }
    lines
}

fn closing(place: &str, explain: Option<&str>) -> Vec<String> {
    let mut table = Table::bare();
    table.row(vec![left("Results"), left(plain(place))]);
    if let Some(command) = explain {
        table.row(vec![left("One case"), left(plain(command))]);
    }
    table.lines()
}
