//! Which rules judge what: for each policy version the rules of the base policies that it does not replace, and its
//! own, found by the kind of request so that a case meets only rules that can apply.

use crate::check::{Side, is_one_of, needed_states, side_for};
use crate::policy::condition::States;
use crate::policy::rule::{Check, Rule};
use crate::policy::{Catalogue, Policy, Version};
use crate::text::Sym;
use std::collections::BTreeSet;

/// A rule as results refer to it.
#[derive(Clone, Copy, Debug)]
pub struct Listed<'a> {
    /// The policy whose file has the rule.
    pub policy: &'a Policy,
    /// The rule.
    pub rule: &'a Rule,
}

/// Which rules of a catalogue are asked for.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Ids, or beginnings of ids; all rules if empty.
    pub select: Vec<String>,
    /// Ids, or beginnings of ids, that are left out.
    pub ignore: Vec<String>,
}

impl Selection {
    /// Whether a rule is asked for.
    pub fn includes(&self, id: &str) -> bool {
        let named = |list: &[String]| list.iter().any(|prefix| id.starts_with(prefix.as_str()));
        (self.select.is_empty() || named(&self.select)) && !named(&self.ignore)
    }
}

/// The rules of one policy version.
pub struct Plan<'a> {
    /// The policy.
    pub policy: &'a Policy,
    /// Its version.
    pub version: &'a Version,
    /// Every rule in force, the base policies' first, whether asked for or not.
    pub rules: Vec<&'a Rule>,
    /// The rules that exclude lines, in order.
    pub non_refundable: Vec<&'a Rule>,
    /// Per kind of request, the rules asked for that can apply to it.
    by_kind: Vec<(Sym, Vec<Applied<'a>>)>,
    /// The rules asked for about invoice lines, each with its number in [`Plans::listed`].
    pub line_rules: Vec<(usize, &'a Rule)>,
    /// Those of them that are about a category, for each that one is about.
    by_category: Vec<(Sym, Vec<(usize, &'a Rule)>)>,
    /// The rules asked for about an invoice's cases together, each with its number.
    pub invoice_rules: Vec<(usize, &'a Rule)>,
}

/// A rule that can apply to a kind of request.
pub struct Applied<'a> {
    /// Its number in [`Plans::listed`].
    pub number: usize,
    /// The rule.
    pub rule: &'a Rule,
    /// From which side it looks at the kind.
    pub side: Side,
    /// A case that is surely not in one of these states need not be put to it: it does not apply.
    pub needs: States,
    /// For a rule that is about the lines it excludes, its number among [`Plan::non_refundable`]: a case in which it
    /// surely owns no line need not be put to it.
    pub owner: Option<usize>,
}

impl<'a> Plan<'a> {
    /// The rules about single cases that can apply to a kind of request; of a kind that no vocabulary has, none.
    pub fn rules_for(&self, kind: Sym) -> &[Applied<'a>] {
        self.by_kind.iter().find(|(k, _)| *k == kind).map_or(&[], |(_, rules)| rules)
    }

    /// The rules about invoice lines of a category, each with its number.
    pub fn rules_for_line(&self, category: Sym) -> &[(usize, &'a Rule)] {
        self.by_category.iter().find(|(c, _)| *c == category).map_or(&[], |(_, rules)| rules)
    }
}

/// The plans of all versions of all families.
pub struct Plans<'a> {
    /// By family, in the catalogue's order, with what amendments make of them at the end; then by version.
    families: Vec<Vec<Plan<'a>>>,
    /// Every rule asked for, in the order of the files, the base policies' first.
    pub listed: Vec<Listed<'a>>,
}

impl<'a> Plans<'a> {
    /// Plans the rules of a catalogue that are asked for.
    pub fn of(catalogue: &'a Catalogue, selection: &Selection) -> Plans<'a> {
        let all =
            catalogue.policies.iter().flat_map(|policy| policy.rules.iter().map(move |rule| Listed { policy, rule }));
        let listed: Vec<Listed<'a>> = all.filter(|listed| selection.includes(&listed.rule.id)).collect();
        let kinds: Vec<Sym> = catalogue.vocabulary.kinds.iter().map(|kind| kind.0).collect();
        let plan = |policy: &'a Policy, at: usize| plan(catalogue, policy, at, &listed, &kinds);
        let of_family = |policy: &'a Policy| (0..policy.versions.len()).map(|at| plan(policy, at)).collect();
        let families = catalogue.families().chain(catalogue.amended()).map(of_family).collect();
        Plans { families, listed }
    }

    /// The plan of the version in force on a day of a family, or of what an amendment makes of it.
    pub fn on(&self, family: u16, day: chrono::NaiveDate) -> Option<&Plan<'a>> {
        let versions = self.families.get(usize::from(family))?;
        let at = versions.first()?.policy.version_on(day)?;
        versions.get(at)
    }
}

fn plan<'a>(catalogue: &'a Catalogue, policy: &'a Policy, at: usize, listed: &[Listed<'a>], kinds: &[Sym]) -> Plan<'a> {
    let own: Vec<&'a Rule> = policy.rules.iter().filter(|rule| policy.in_version(rule, at)).collect();
    let replaced = |id: &str| own.iter().any(|rule| rule.replaces.as_deref() == Some(id));
    let base = catalogue.policies.iter().filter(|p| p.base).flat_map(|p| &p.rules);
    let mut rules: Vec<&'a Rule> = base.filter(|rule| !replaced(&rule.id)).collect();
    rules.extend(own.iter().copied());
    let numbered = |fits: &dyn Fn(&Rule) -> bool| -> Vec<(usize, &'a Rule)> {
        let number = |rule: &&'a Rule| listed.iter().position(|l| std::ptr::eq(l.rule, *rule)).map(|n| (n, *rule));
        rules.iter().filter(|rule| fits(rule)).filter_map(number).collect()
    };
    let of_case = |rule: &Rule| !rule.check.is_about_lines() && !is_about_invoices(rule);
    let non_refundable: Vec<&'a Rule> =
        rules.iter().copied().filter(|r| matches!(r.check, Check::NonRefundable(_))).collect();
    let applied = |number: usize, rule: &'a Rule, side: Side| {
        let owner = non_refundable.iter().position(|owner| std::ptr::eq(*owner, rule));
        let owner = owner.filter(|_| rule.needs.is_empty() && rule.target.is_none());
        Applied { number, rule, side, needs: needed_states(rule, side), owner }
    };
    let for_kind = |kind: Sym| -> Vec<Applied<'a>> {
        let side = |rule: &Rule| side_for(rule, policy, kind).filter(|_| of_case(rule));
        let fitting = numbered(&|rule| side(rule).is_some()).into_iter();
        fitting.filter_map(|(number, rule)| Some(applied(number, rule, side(rule)?))).collect()
    };
    let line_rules = numbered(&|rule| rule.check.is_about_lines());
    Plan {
        policy,
        version: &policy.versions[at],
        by_kind: kinds.iter().map(|kind| (*kind, for_kind(*kind))).collect(),
        non_refundable,
        by_category: by_category(&line_rules),
        line_rules,
        invoice_rules: numbered(&is_about_invoices),
        rules,
    }
}

/// The rules about lines, for each category that one of them is about.
fn by_category<'a>(line_rules: &[(usize, &'a Rule)]) -> Vec<(Sym, Vec<(usize, &'a Rule)>)> {
    let categories = |rule: &'a Rule| rule.check.line_categories().unwrap_or_default();
    let named: BTreeSet<Sym> = line_rules.iter().flat_map(|(_, rule)| categories(rule)).map(|word| word.0).collect();
    let about =
        |category: Sym| line_rules.iter().copied().filter(move |(_, rule)| is_one_of(category, categories(rule)));
    named.into_iter().map(|category| (category, about(category).collect())).collect()
}

fn is_about_invoices(rule: &Rule) -> bool {
    matches!(rule.check, Check::RunningTotal)
}
