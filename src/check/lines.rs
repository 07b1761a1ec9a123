//! Lines for which nothing is given back: who excludes which line, what remains of a target, and the excess.

use super::outcome::{Bounds, Fault, MOST_WORLDS, Outcome, Possible, Truth, Verdict, plus};
use super::{FOREIGN, is_one_of};
use crate::case::Case;
use crate::column::{CodeColumn, Columns};
use crate::policy::rule::{Check, NonRefundable, Rule, Ruling};
use crate::record::InvoiceLine;

/// The rule that excludes a line, by its number among the plan's, and whether for review only; or none.
type Owner = Option<(usize, bool)>;

/// Which lines of a target the policy's rules own, worked out once for a case.
pub struct Exclusions {
    /// For each line the rules that may own it: several only where a fact is unknown. Empty if surely none owns any.
    owners: Vec<Vec<Owner>>,
    /// Every combination of owners that is possible. `None` if there are too many.
    worlds: Option<Vec<Vec<Owner>>>,
    /// The lines that remain in them: once, or once for every possibility.
    remaining: Vec<Vec<InvoiceLine>>,
    /// What was consulted to find them.
    consulted: (Columns, Columns),
}

impl Exclusions {
    fn of(case: &Case<'_>) -> Exclusions {
        let trail = case.trail.beside();
        let case = Case { trail: &trail, ..*case };
        let mut owners = Vec::new();
        for (at, line) in case.asked.iter().enumerate() {
            let of_line = owners_of(&case, line);
            if !of_line.is_empty() {
                owners.resize(case.asked.len(), vec![None]);
                owners[at] = of_line;
            }
        }
        let consulted = (trail.absent(), trail.blank());
        if owners.is_empty() {
            return Exclusions { owners, worlds: Some(Vec::new()), remaining: Vec::new(), consulted };
        }
        let worlds = worlds(&owners);
        let remaining = worlds.as_ref().map_or_else(Vec::new, |worlds| remaining(case.asked, worlds));
        Exclusions { owners, worlds, remaining, consulted }
    }
}

/// Every combination of owners. `None` if there are too many.
fn worlds(owners: &[Vec<Owner>]) -> Option<Vec<Vec<Owner>>> {
    let count = owners.iter().try_fold(1usize, |n, o| n.checked_mul(o.len()))?;
    if count > MOST_WORLDS {
        return None;
    }
    let mut worlds = vec![Vec::with_capacity(owners.len())];
    for owners in owners {
        worlds = worlds
            .iter()
            .flat_map(|world| owners.iter().map(move |owner| world.iter().copied().chain([*owner]).collect()))
            .collect();
    }
    Some(worlds)
}

/// The lines without an owner, once for every combination in which they differ.
fn remaining(lines: &[InvoiceLine], worlds: &[Vec<Owner>]) -> Vec<Vec<InvoiceLine>> {
    let mut kept: Vec<Vec<bool>> = worlds.iter().map(|w| w.iter().map(Option::is_none).collect()).collect();
    kept.sort_unstable();
    kept.dedup();
    let remain = |keep: &Vec<bool>| lines.iter().zip(keep).filter(|(_, keep)| **keep).map(|(line, _)| *line).collect();
    kept.iter().map(remain).collect()
}

/// Which rules may own a line: the first that excludes it does. Empty if surely none does.
fn owners_of(case: &Case<'_>, line: &InvoiceLine) -> Vec<Owner> {
    let mut owners = Vec::new();
    for (number, rule) in case.plan.non_refundable.iter().enumerate() {
        let Check::NonRefundable(check) = &rule.check else { continue };
        let excluded = excludes(check, case, line);
        if !excluded.possible() {
            continue;
        }
        let softened = match check.given {
            Ruling::Deviation => case.code_in(CodeColumn::Reason, &check.review_reasons),
            Ruling::Review | Ruling::Compliant => Truth::Yes,
        };
        match softened {
            Truth::Yes => owners.push(Some((number, true))),
            Truth::No => owners.push(Some((number, false))),
            Truth::Unknown => owners.extend([Some((number, true)), Some((number, false))]),
        }
        if excluded == Truth::Yes {
            return owners;
        }
    }
    if !owners.is_empty() {
        owners.push(None);
    }
    owners
}

fn excludes(check: &NonRefundable, case: &Case<'_>, line: &InvoiceLine) -> Truth {
    if check.categories.as_ref().is_some_and(|words| !is_one_of(line.category, words)) {
        return Truth::No;
    }
    let happened = check.happened.map_or(Truth::Yes, |event| case.happened(line, event));
    happened.and_then(|| !case.code_in(CodeColumn::Reason, &check.allowed_reasons))
}

fn exclusions<'c>(case: &Case<'c>) -> &'c Exclusions {
    let exclusions = case.exclusions.get_or_init(|| Exclusions::of(case));
    case.trail.consulted(exclusions.consulted);
    exclusions
}

/// Whether surely no line of the target is excluded.
pub fn all_remain(case: &Case<'_>) -> bool {
    exclusions(case).owners.is_empty()
}

/// Calls back with the lines that remain of the target once the excluded ones are left out: once, or once for every
/// possibility. `false` if there are too many to go through.
pub fn for_each_remaining(case: &Case<'_>, each: &mut dyn FnMut(&[InvoiceLine])) -> bool {
    let exclusions = exclusions(case);
    if exclusions.owners.is_empty() {
        each(case.asked);
        return true;
    }
    exclusions.remaining.iter().for_each(|remaining| each(remaining));
    exclusions.worlds.is_some()
}

/// Whether the rule of a number among the plan's may own a line of the target.
pub fn may_own(number: usize, case: &Case<'_>) -> bool {
    exclusions(case).owners.iter().flatten().any(|owner| owner.is_some_and(|(n, _)| n == number))
}

/// Nothing is given back for lines that a rule owns.
pub fn non_refundable(rule: &Rule, case: &Case<'_>) -> Outcome {
    let Some(number) = case.plan.non_refundable.iter().position(|r| std::ptr::eq(*r, rule)) else {
        return Outcome::NotApplicable;
    };
    if !may_own(number, case) {
        return Outcome::NotApplicable;
    }
    let Some(worlds) = &exclusions(case).worlds else {
        return Outcome::Indeterminate("too many lines may or may not be refundable");
    };
    let mut possible = Possible::default();
    for world in worlds {
        possible.add(in_world(number, case, world));
    }
    possible.settle()
}

fn in_world(number: usize, case: &Case<'_>, world: &[Owner]) -> Outcome {
    let owned: Vec<bool> = world.iter().flatten().filter(|(n, _)| *n == number).map(|(_, review)| *review).collect();
    if owned.is_empty() {
        return Outcome::NotApplicable;
    }
    if !case.comparable() {
        return Outcome::Indeterminate(FOREIGN);
    }
    let refundable = case.asked.iter().zip(world).filter(|(_, owner)| owner.is_none());
    let refundable = case.sum(refundable.map(|(line, _)| line));
    let limit = Bounds::exactly(refundable);
    let (refund, credit) = case.money_of_decision();
    let all = refund + credit;
    case.trail.note(|| {
        format!(
            "refundable {}, refunded {}, credited {}",
            case.show(refundable),
            case.show_bounds(refund),
            case.show_bounds(credit)
        )
    });
    case.amount_margin("refund", refund, limit);
    case.amount_margin("refund and credit", all, limit);
    let fault = |verdict, given: Bounds, message: String| {
        Outcome::from(
            Fault::new(verdict, message)
                .between(case.show(refundable), case.show_bounds(refund))
                .worth(given.known().map(|given| plus(given, -refundable))),
        )
    };
    let mut possible = Possible::default();
    let refund_over = refund.exceeds(limit, case.unit());
    if refund_over.possible() {
        let verdict = if owned.iter().all(|review| *review) { Verdict::Review } else { Verdict::Deviation };
        let message = format!(
            "{} was refunded, although only {} is refundable: {}",
            case.show_bounds(refund),
            case.show(refundable),
            excluded(number, case, world)
        );
        possible.add(fault(verdict, refund, message));
    }
    if refund_over != Truth::Yes {
        let over = all.exceeds(limit, case.unit());
        if over.possible() {
            let message = format!(
                "{} was refunded and credited, more than the {} that is refundable: {}",
                case.show_bounds(all),
                case.show(refundable),
                excluded(number, case, world)
            );
            possible.add(fault(Verdict::Review, all, message));
        }
        if over != Truth::Yes {
            possible.add(Outcome::Compliant);
        }
    }
    possible.settle()
}

/// The lines that a rule excludes, for a message.
fn excluded(number: usize, case: &Case<'_>, world: &[Owner]) -> String {
    let owned = case.asked.iter().zip(world).filter(|(_, owner)| owner.is_some_and(|(n, _)| n == number));
    let named: Vec<String> = owned
        .map(|(line, _)| {
            let (id, category) = (case.books().text(line.line), case.books().text(line.category));
            format!("line {id} (`{category}`, {})", case.show(case.line_amount(line)))
        })
        .collect();
    format!("{} {} excluded", named.join(", "), if named.len() == 1 { "is" } else { "are" })
}
