//! `reperform rules`: what the rules demand.

use super::Status;
use super::failure::Failure;
use super::policies::{PolicyArgs, no_rule};
use crate::policy::rule::Rule;
use crate::policy::{Catalogue, Policy};
use crate::report::facts;
use crate::report::layout::{Table, left, short, wrapped};
use anstyle::Style;
use std::io::{self, Write};

/// List the rules, or show what some of them demand.
#[derive(clap::Args)]
pub(super) struct Args {
    /// Ids, or beginnings of ids; without one, all rules are listed.
    #[arg(value_name = "ID")]
    ids: Vec<String>,
    #[command(flatten)]
    policies: PolicyArgs,
}

/// The widest line.
const WIDTH: usize = 100;
const BOLD: Style = Style::new().bold();

/// Lists, or shows.
pub(super) fn run(args: &Args) -> Result<Status, Failure> {
    let catalogue = args.policies.load()?;
    let all: Vec<(&Policy, &Rule)> =
        catalogue.policies.iter().flat_map(|p| p.rules.iter().map(move |rule| (p, rule))).collect();
    if args.ids.is_empty() {
        super::show(|to| list(&all, to))?;
        return Ok(Status::Fine);
    }
    let ids: Vec<&str> = all.iter().map(|(_, rule)| rule.id.as_str()).collect();
    let fits = |name: &String, id: &str| !name.is_empty() && id.starts_with(name.as_str());
    let unknown: Vec<_> = args.ids.iter().filter(|name| !ids.iter().any(|id| fits(name, id))).collect();
    if !unknown.is_empty() {
        return Err(Failure::Messages(unknown.into_iter().map(|name| no_rule(name, &ids)).collect()));
    }
    let asked = all.iter().filter(|(_, rule)| args.ids.iter().any(|name| fits(name, &rule.id)));
    super::show(|to| {
        for (at, (policy, rule)) in asked.enumerate() {
            if at > 0 {
                writeln!(to)?;
            }
            show(&catalogue, policy, rule, to)?;
        }
        Ok(())
    })?;
    Ok(Status::Fine)
}

/// A line a rule.
pub(super) fn list(rules: &[(&Policy, &Rule)], to: &mut dyn Write) -> io::Result<()> {
    let mut table = Table::new(vec![left("rule"), left("severity"), left("clause"), left("demands")]);
    for (_, rule) in rules {
        let clause = short(&rule.clause, 20);
        table.row(vec![left(&rule.id), left(rule.severity.name()), left(clause), left(&rule.title)]);
    }
    table.lines().iter().try_for_each(|line| writeln!(to, "{line}"))
}

/// What a rule demands, ending with the rule as its file writes it.
fn show(catalogue: &Catalogue, policy: &Policy, rule: &Rule, to: &mut dyn Write) -> io::Result<()> {
    writeln!(to, "{BOLD}{}{BOLD:#}", rule.id)?;
    item("demands", &rule.title, to)?;
    item("policy", &format!("{} ({})", policy.name, policy.title), to)?;
    item("clause", &rule.clause, to)?;
    item("severity", rule.severity.name(), to)?;
    facts::of_rule(rule).iter().try_for_each(|fact| item(fact.name, &fact.text, to))?;
    if rule.reading.is_none() {
        item("reading", "the text allows one reading only", to)?;
    }
    let written = catalogue.written(rule);
    if !written.is_empty() {
        item("written", &format!("in {}:", rule.written.file), to)?;
        writeln!(to)?;
        written.lines().try_for_each(|line| writeln!(to, "{}", format!("    {line}").trim_end()))?;
    }
    Ok(())
}

/// A named text, its further lines under the first.
pub(super) fn item(name: &str, text: &str, to: &mut dyn Write) -> io::Result<()> {
    let dim = Style::new().dimmed();
    for (at, line) in wrapped(text, WIDTH - 14).iter().enumerate() {
        let name = if at == 0 { name } else { "" };
        writeln!(to, "  {dim}{name:<10}{dim:#}  {line}")?;
    }
    Ok(())
}
