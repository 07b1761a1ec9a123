//! Which rules judge what: for each policy version the rules of the base policies that it does not replace, and its
//! own, found by the kind of request so that a case meets only rules that can apply.

use crate::policy::rule::{Check, Rule};
use crate::policy::{Catalogue, Policy, Version};
use crate::text::Sym;

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
    /// Per kind of request, the rules asked for that can apply to it: with their number in [`Plans::listed`].
    by_kind: Vec<(Sym, Vec<(usize, &'a Rule)>)>,
    /// Those that apply to every other kind.
    other_kinds: Vec<(usize, &'a Rule)>,
    /// The rules asked for about invoice lines.
    pub line_rules: Vec<(usize, &'a Rule)>,
    /// The rules asked for about an invoice's cases together.
    pub invoice_rules: Vec<(usize, &'a Rule)>,
}

impl<'a> Plan<'a> {
    /// The rules about single cases that can apply to a kind of request, each with its number.
    pub fn rules_for(&self, kind: Sym) -> &[(usize, &'a Rule)] {
        self.by_kind.iter().find(|(k, _)| *k == kind).map_or(&self.other_kinds, |(_, rules)| rules)
    }
}

/// The plans of all versions of all families.
pub struct Plans<'a> {
    /// By family, in the catalogue's order, then by version.
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
        let families = catalogue.families().map(of_family).collect();
        Plans { families, listed }
    }

    /// The plan of a family's version in force on a day.
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
    Plan {
        policy,
        version: &policy.versions[at],
        non_refundable: rules.iter().copied().filter(|r| matches!(r.check, Check::NonRefundable(_))).collect(),
        by_kind: kinds.iter().map(|kind| (*kind, numbered(&|r| of_case(r) && may_apply(r, policy, *kind)))).collect(),
        other_kinds: numbered(&of_case),
        line_rules: numbered(&|rule| rule.check.is_about_lines()),
        invoice_rules: numbered(&is_about_invoices),
        rules,
    }
}

fn is_about_invoices(rule: &Rule) -> bool {
    matches!(rule.check, Check::RunningTotal)
}

fn may_apply(rule: &Rule, policy: &Policy, kind: Sym) -> bool {
    let direct = rule.kinds.as_ref().is_none_or(|kinds| kinds.iter().any(|k| k.0 == kind));
    let upper = policy.upper_side.as_ref().filter(|_| rule.upper_side);
    let upper = upper.is_some_and(|upper| upper.kinds.iter().any(|k| k.0 == kind));
    (direct || upper) && !rule.except_kinds.iter().any(|k| k.0 == kind)
}
