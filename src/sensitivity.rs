//! Which findings hang on a declared reading, calendar or zone: the cases are judged again under each alternative that
//! the policy files write, and what comes out differently is told.

use crate::audit::{Options, Report, Unreconciled, audit_as_of};
use crate::check::outcome::Verdict;
use crate::finding::Finding;
use crate::money::{self, Currency};
use crate::plan::Selection;
use crate::policy::rule::{Check, Rule};
use crate::policy::{Catalogue, Choice, Policy, Problem};
use crate::record::Books;
use crate::report::exposure::Exposure;
use crate::text::Sym;
use itertools::{EitherOrBoth, Itertools};
use std::collections::{BTreeMap, BTreeSet};

/// A way in which the texts can be read, other than that of a run.
pub struct World {
    /// The reading's id.
    pub id: String,
    /// The policy that writes it; empty for the readings as all policies declare them.
    pub policy: String,
    /// Whether it demands more of the provider than the declared reading, or less.
    pub side: &'static str,
    /// What it says.
    pub says: String,
    /// The rules whose outcome it can change, by id.
    pub rules: BTreeSet<String>,
    catalogue: Catalogue,
}

/// What the declared readings together are called, where a run takes others.
const DECLARED: &str = "declared";

/// Every other way of reading the policies of a run. `choice` is that of the run.
///
/// # Errors
/// Every problem of what the alternatives change.
pub fn worlds(catalogue: &Catalogue, choice: &Choice) -> Result<Vec<World>, Vec<Problem>> {
    let (mut worlds, mut problems) = (Vec::new(), Vec::new());
    let mut add = |id: &str, policy: &str, side, says: &str, read: &Choice| match catalogue.under(read) {
        Err(found) => problems.extend(found),
        Ok(other) => {
            let rules = affected(catalogue, &other);
            let (id, policy, says) = (id.to_owned(), policy.to_owned(), says.to_owned());
            worlds.push(World { id, policy, side, says, rules, catalogue: other });
        }
    };
    if *choice != Choice::default() {
        add(DECLARED, "", "", "the readings as the policies declare them", &Choice::default());
    }
    for policy in &catalogue.policies {
        for alternative in &policy.alternatives {
            let read = Choice { readings: BTreeSet::from([alternative.id.clone()]), ..Choice::default() };
            let side = alternative.side.map_or("", |side| side.name());
            add(&alternative.id, policy.own_name(), side, &alternative.says, &read);
        }
    }
    if problems.is_empty() { Ok(worlds) } else { Err(problems) }
}

/// Those of the policies that some invoice of the books names, and of all policies together.
pub fn concerned(mut worlds: Vec<World>, catalogue: &Catalogue, books: &Books) -> Vec<World> {
    let named: BTreeSet<u16> = books.invoices.iter().map(|invoice| invoice.policy).collect();
    let is_named = |name: &str| {
        let family = catalogue.policy(name).map(|policy| policy.name.as_str());
        let place = catalogue.families().position(|policy| Some(policy.name.as_str()) == family);
        // Base policies, which are no family, judge every case.
        place.is_none_or(|place| u16::try_from(place).is_ok_and(|place| named.contains(&place)))
    };
    worlds.retain(|world| is_named(&world.policy));
    worlds
}

/// The rules that may judge differently in two catalogues, by id.
fn affected(base: &Catalogue, other: &Catalogue) -> BTreeSet<String> {
    let mut ids = BTreeSet::new();
    let general = || base.policies.iter().filter(|policy| policy.base).flat_map(|policy| &policy.rules);
    for policy in &base.policies {
        let Some(changed) = other.policy(policy.own_name()) else { continue };
        if whole_differs(policy, changed) {
            ids.extend(policy.rules.iter().chain(&changed.rules).chain(general()).map(|rule| rule.id.clone()));
        } else {
            ids.extend(differing(policy, changed));
        }
    }
    ids
}

/// Whether something differs on which every rule of a policy may depend.
fn whole_differs(a: &Policy, b: &Policy) -> bool {
    // Their shape for people holds all that they are made of.
    let of_all = |policy: &Policy| {
        let excluding = policy.rules.iter().filter(|rule| matches!(rule.check, Check::NonRefundable(_)));
        let excluding = excluding.map(|rule| Rule { reading: None, ..rule.clone() }).collect::<Vec<_>>();
        format!("{:?} {:?} {:?} {:?} {excluding:?}", policy.zone, policy.calendar, policy.upper_side, policy.versions)
    };
    of_all(a) != of_all(b)
}

/// The rules that differ, or depend on a rule or a schedule that does.
fn differing(a: &Policy, b: &Policy) -> BTreeSet<String> {
    let shape = |rules: &[Rule], id: &str| format!("{:?}", rules.iter().filter(|r| r.id == id).collect::<Vec<_>>());
    let all = || a.rules.iter().chain(&b.rules);
    let mut ids: BTreeSet<String> =
        all().filter(|r| shape(&a.rules, &r.id) != shape(&b.rules, &r.id)).map(|r| r.id.clone()).collect();
    let schedule = |policy: &Policy, id: &str| format!("{:?}", policy.schedule(id));
    let by_schedule = |r: &&Rule| r.check.schedules().iter().any(|id| schedule(a, id) != schedule(b, id));
    ids.extend(all().filter(by_schedule).map(|r| r.id.clone()));
    let beside = |r: &&Rule| matches!(&r.check, Check::StageFee(fee) if ids.contains(&fee.beside));
    let more: Vec<String> = all().filter(beside).map(|r| r.id.clone()).collect();
    ids.extend(more);
    ids
}

/// What hangs on an alternative reading.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hanging {
    /// Findings of the run that are none under it, or have another verdict.
    pub turned: u64,
    /// Findings with the same verdict and another amount.
    pub amounts: u64,
    /// Findings that only it makes.
    pub added: u64,
    /// How many cases and invoice lines these findings are about.
    pub cases: u64,
    /// The amounts of the deviations among them, by currency code: as the run has them, else as the reading does.
    pub money: BTreeMap<&'static str, (Currency, Exposure)>,
}

/// What hangs on each of the alternative readings, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    /// The readings.
    pub entries: Vec<Entry>,
    /// Deviations of the run that no alternative turns.
    pub robust: u64,
    /// Deviations that some alternative turns.
    pub turned: u64,
}

/// A reading with what hangs on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its id.
    pub id: String,
    /// The policy.
    pub policy: String,
    /// Strict or lenient, if it is either.
    pub side: &'static str,
    /// What it says.
    pub says: String,
    /// What hangs on it.
    pub hanging: Hanging,
}

/// What is said of a finding that no alternative turns.
pub const ROBUST: &str = "robust";

/// Judges the books of a report again under every alternative, notes in each finding which of them turn it, and adds
/// up what hangs on each.
///
/// # Errors
/// When the counts do not add up, which would be an error of the program.
pub fn test(
    worlds: &[World],
    books: &Books,
    options: &Options,
    report: &mut Report<'_>,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Ledger, Unreconciled> {
    let mut notes: Vec<String> = vec![String::new(); report.findings.len()];
    // Whether the verdict itself is another in some world.
    let mut turned = vec![false; report.findings.len()];
    let mut entries = Vec::new();
    for world in worlds {
        let select: Vec<String> = world.rules.iter().filter(|id| options.selection.includes(id)).cloned().collect();
        let mut hanging = Hanging::default();
        if !select.is_empty() {
            let asked = Options {
                selection: Selection { select, ignore: options.selection.ignore.clone() },
                ..options.clone()
            };
            let other = audit_as_of(&world.catalogue, books, &asked, report.as_of, progress)?;
            let mut cases = BTreeSet::new();
            let fits = |finding: &Finding<'_>| world.rules.contains(&finding.rule.rule.id);
            let own = report.findings.iter().enumerate().filter(|(_, finding)| fits(finding));
            let others = other.findings.iter().filter(|finding| fits(finding));
            let sides = own.merge_join_by(others, |(_, own), other| own.key(books).cmp(&other.key(books)));
            for (own, found) in sides.map(EitherOrBoth::left_and_right) {
                let Some(difference) = difference(own.map(|(_, finding)| finding), found) else { continue };
                if let Some((at, _)) = own {
                    note(&mut notes[at], &world.id, found, difference);
                    turned[at] |= difference == Difference::Verdict;
                }
                let finding = own.map(|(_, finding)| finding).or(found);
                hanging.count(finding, own.is_some(), difference, &mut cases);
            }
            hanging.cases = cases.len() as u64;
        }
        let World { id, policy, side, says, .. } = world;
        entries.push(Entry { id: id.clone(), policy: policy.clone(), side, says: says.clone(), hanging });
    }
    let mut ledger = Ledger { entries, ..Ledger::default() };
    for ((finding, note), turned) in report.findings.iter_mut().zip(notes).zip(turned) {
        if finding.verdict == Verdict::Deviation {
            *(if turned { &mut ledger.turned } else { &mut ledger.robust }) += 1;
        }
        finding.readings = Some(if note.is_empty() { ROBUST.to_owned() } else { note });
    }
    Ok(ledger)
}

/// In what a finding differs under another reading.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Difference {
    Verdict,
    Amount,
}

fn difference(own: Option<&Finding<'_>>, other: Option<&Finding<'_>>) -> Option<Difference> {
    let verdict = |finding: Option<&Finding<'_>>| finding.map(|finding| finding.verdict);
    let amount = |finding: Option<&Finding<'_>>| finding.and_then(|finding| finding.amount);
    if verdict(own) != verdict(other) {
        Some(Difference::Verdict)
    } else {
        (amount(own) != amount(other)).then_some(Difference::Amount)
    }
}

/// Says of a finding what a reading makes of it.
fn note(to: &mut String, id: &str, found: Option<&Finding<'_>>, difference: Difference) {
    let becomes = match (found, difference) {
        (None, _) => "no finding".to_owned(),
        (Some(found), Difference::Verdict) => found.verdict.name().to_owned(),
        (Some(found), Difference::Amount) => found.amount.map_or("no amount".to_owned(), |amount| {
            format!("{} {}", money::show(amount, found.currency), found.currency.code())
        }),
    };
    if !to.is_empty() {
        to.push_str("; ");
    }
    to.push_str(&format!("{id}: {becomes}"));
}

impl Hanging {
    fn count(
        &mut self,
        finding: Option<&Finding<'_>>,
        is_own: bool,
        difference: Difference,
        cases: &mut BTreeSet<[Sym; 3]>,
    ) {
        let Some(finding) = finding else { return };
        match (is_own, difference) {
            (true, Difference::Verdict) => self.turned += 1,
            (true, Difference::Amount) => self.amounts += 1,
            (false, _) => self.added += 1,
        }
        cases.insert(finding.case());
        if let Some(amount) = finding.amount.filter(|_| finding.verdict == Verdict::Deviation) {
            let currency = finding.currency;
            self.money.entry(currency.code()).or_insert((currency, Exposure::default())).1.count(amount);
        }
    }
}
