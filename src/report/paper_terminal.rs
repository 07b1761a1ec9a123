//! A page of a workpaper on a terminal.

use super::layout::{Table, counted, left, plain, short, wrapped};
use super::paper::{Fact, Paper, figures};
use crate::check::outcome::Verdict;
use crate::explain::Judged;
use crate::money;
use crate::record::Books;
use anstyle::{AnsiColor, Style};
use std::io::{self, Write};

/// The widest line.
const WIDTH: usize = 100;
/// The most that is shown of a cell.
const LONGEST_CELL: usize = 400;
/// The most invoice lines that are shown cell by cell.
const LINES: usize = 20;

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();

/// Shows a case. With `all`, the rules that do not apply are listed too.
///
/// # Errors
/// When the place cannot be written to.
pub fn show(paper: &Paper<'_>, books: &Books, all: bool, to: &mut dyn Write) -> io::Result<()> {
    writeln!(to, "{BOLD}{} {}{BOLD:#}", paper.about, plain(&paper.case))?;
    named(&paper.heading, "  ", to)?;
    if let Some(why) = &paper.unjudged {
        writeln!(to, "  {BOLD}Not judged{BOLD:#}: {why}")?;
    }
    facts(&paper.facts, to)?;
    timeline(paper, to)?;
    if paper.unjudged.is_some() {
        return to.flush();
    }
    verdicts(paper, to)?;
    for judged in &paper.judged {
        rule(judged, books, to)?;
    }
    not_applicable(paper, books, all, to)?;
    near_misses(paper, to)?;
    to.flush()
}

fn near_misses(paper: &Paper<'_>, to: &mut dyn Write) -> io::Result<()> {
    for (at, (judged, margin)) in paper.near_misses().enumerate() {
        if at == 0 {
            title("Near misses", to)?;
        }
        let (word, style) = verdict(judged);
        writeln!(to, "  {style}{word}{style:#}  {}", judged.rule.rule.id)?;
        wrapped(&plain(&margin.says()), WIDTH - 4).iter().try_for_each(|line| writeln!(to, "    {line}"))?;
    }
    Ok(())
}

fn named(entries: &[(&'static str, String)], indent: &str, to: &mut dyn Write) -> io::Result<()> {
    let mut table = Table::bare();
    entries.iter().for_each(|(name, text)| table.row(vec![left(*name).styled(DIM), left(plain(text))]));
    table.lines().iter().try_for_each(|line| writeln!(to, "{indent}{line}"))
}

fn title(text: &str, to: &mut dyn Write) -> io::Result<()> {
    writeln!(to, "\n{BOLD}{text}{BOLD:#}")
}

fn facts(facts: &[Fact<'_>], to: &mut dyn Write) -> io::Result<()> {
    title("Facts", to)?;
    let lines = facts.iter().filter(|fact| fact.role == facts.first().map_or("", |first| first.role)).count();
    let skipped = if lines > LINES { LINES..lines } else { 0..0 };
    for (at, fact) in facts.iter().enumerate() {
        if at == skipped.start && !skipped.is_empty() {
            writeln!(to, "  and {}", counted(skipped.len() as u64, "further invoice line", "further invoice lines"))?;
        }
        if skipped.contains(&at) {
            continue;
        }
        writeln!(to, "  {}  {DIM}{}{DIM:#}", fact.role, plain(&fact.cited))?;
        if let Some(reject) = fact.reject {
            let column = if reject.column.is_empty() { String::new() } else { format!("{}: ", plain(&reject.column)) };
            let red = AnsiColor::Red.on_default();
            writeln!(to, "    {red}rejected{red:#}: {column}{}", plain(&reject.reason))?;
        }
        cells(&fact.cells, to)?;
    }
    Ok(())
}

/// The cells of a row, as many on a line as fit.
fn cells(cells: &[(String, String)], to: &mut dyn Write) -> io::Result<()> {
    let mut used = WIDTH;
    let mut line = String::new();
    for (name, cell) in cells {
        let (name, cell) = (plain(name), short(cell, LONGEST_CELL));
        let width = name.chars().count() + 1 + cell.chars().count();
        if used + 3 + width > WIDTH {
            if !line.is_empty() {
                writeln!(to, "{line}")?;
            }
            (line, used) = ("    ".to_owned(), 4);
        } else {
            line.push_str(" · ");
            used += 3;
        }
        line.push_str(&format!("{DIM}{name}{DIM:#} {cell}"));
        used += width;
    }
    if line.is_empty() { Ok(()) } else { writeln!(to, "{line}") }
}

fn timeline(paper: &Paper<'_>, to: &mut dyn Write) -> io::Result<()> {
    if paper.timeline.is_empty() {
        return Ok(());
    }
    title("Timeline", to)?;
    let mut table = Table::bare();
    for event in &paper.timeline {
        let cited = short(&event.cited.join(", "), 44);
        table.row(vec![left(&event.when), left(short(&event.what, 48)), left(cited).styled(DIM)]);
    }
    table.lines().iter().try_for_each(|line| writeln!(to, "  {line}"))
}

fn verdicts(paper: &Paper<'_>, to: &mut dyn Write) -> io::Result<()> {
    title("Rules", to)?;
    let counts = [
        counted(paper.count(Verdict::Deviation), "deviation", "deviations"),
        format!("{} for review", paper.count(Verdict::Review)),
        format!("{} not testable", paper.count(Verdict::Indeterminate)),
        format!("{} compliant", paper.count(Verdict::Compliant)),
    ];
    writeln!(to, "  {}", counts.join(", "))?;
    if let Some((finding, amount)) = paper.exposure().and_then(|f| Some((f, f.amount?))) {
        let side = if amount.is_sign_negative() { "under" } else { "over" };
        let shown = money::show(amount.abs(), finding.currency);
        writeln!(to, "  money at stake: {shown} {} {side}", finding.currency.code())?;
    }
    Ok(())
}

fn verdict(judged: &Judged<'_>) -> (&'static str, Style) {
    match judged.verdict {
        Some(Verdict::Deviation) => ("deviation", AnsiColor::Red.on_default().bold()),
        Some(Verdict::Review) => ("for review", AnsiColor::Yellow.on_default().bold()),
        Some(Verdict::Indeterminate) => ("not testable", AnsiColor::Cyan.on_default().bold()),
        Some(Verdict::Compliant) => ("compliant", AnsiColor::Green.on_default()),
        None => ("does not apply", DIM),
    }
}

fn rule(judged: &Judged<'_>, books: &Books, to: &mut dyn Write) -> io::Result<()> {
    let rule = judged.rule.rule;
    let (word, style) = verdict(judged);
    writeln!(
        to,
        "\n  {style}{word}{style:#}  {BOLD}{}{BOLD:#}  {}, clause {}",
        rule.id,
        rule.severity.name(),
        rule.clause
    )?;
    writeln!(to, "    {}", plain(&rule.title))?;
    if let Some(reading) = &rule.reading {
        item("reading", reading, to)?;
    }
    if let Some(finding) = &judged.finding {
        item("finding", &finding.message, to)?;
        for (name, text) in figures(finding) {
            item(name, &text, to)?;
        }
        for (name, id) in [("decision", finding.decision), ("line", finding.line)] {
            if !id.is_blank() {
                item(name, books.text(id), to)?;
            }
        }
        let cited: Vec<String> = finding.evidence.iter().map(|place| books.cite(*place)).collect();
        item("rows", &short(&cited.join("; "), LONGEST_CELL), to)?;
    }
    for bound in &judged.bounds {
        let currency = judged.finding.as_ref().map(|finding| finding.currency);
        currency.map_or(Ok(()), |currency| item("to settle", &bound.says(books, currency), to))?;
    }
    let names = ["working"].into_iter().chain(std::iter::repeat(""));
    names.zip(&judged.working).try_for_each(|(name, step)| item(name, step, to))
}

/// A named text, its further lines under the first.
fn item(name: &str, text: &str, to: &mut dyn Write) -> io::Result<()> {
    let lines = wrapped(&plain(text), WIDTH - 16);
    for (at, line) in lines.iter().enumerate() {
        let name = if at == 0 { name } else { "" };
        writeln!(to, "    {DIM}{name:<10}{DIM:#}  {line}")?;
    }
    Ok(())
}

fn not_applicable(paper: &Paper<'_>, books: &Books, all: bool, to: &mut dyn Write) -> io::Result<()> {
    let count = counted(paper.not_applicable.len() as u64, "rule does not apply", "rules do not apply");
    if !all {
        let hint = if paper.not_applicable.is_empty() { "" } else { "; `--all` lists them" };
        return writeln!(to, "\n  {count}{hint}");
    }
    writeln!(to, "\n  {count}")?;
    for judged in &paper.not_applicable {
        rule(judged, books, to)?;
    }
    Ok(())
}
