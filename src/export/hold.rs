//! What rejected rows hold back: cases, the appeals and escalations of those, and invoices.

use super::cells::Ids;
use super::decisions::DecisionBook;
use super::requests::RequestBook;
use crate::record::{HeldBack, Place};
use crate::text::{Sym, Texts};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// The rejected rows that hold back each case, by index.
type Because = BTreeMap<u32, BTreeSet<Place>>;

/// Marks what is held back and lists the cases by request id.
pub(super) fn hold_back(decisions: &mut DecisionBook, texts: &Texts) -> Vec<HeldBack> {
    let requests = &mut decisions.requests;
    let ragged = count_ragged(requests);
    let mut because = Because::new();
    for (ids, place) in requests.rejected.iter().chain(&ragged) {
        note(&mut because, requests.find(ids.own), &[*place]);
    }
    for (request, place) in &decisions.rejected {
        note(&mut because, requests.find(*request), &[*place]);
    }
    let invoices = requests.invoices.rejected();
    for (case, invoice) in cases_of_invoices(requests, &ragged, &invoices) {
        if let Some(places) = invoices.get(&invoice) {
            note(&mut because, Some(case), places);
        }
    }
    if !because.is_empty() {
        cascade(&mut because, &children(requests, &ragged));
    }
    for at in invoices.keys() {
        if let Some(invoice) = requests.invoices.invoices.get_mut(*at as usize) {
            invoice.held_back = true;
        }
    }
    list(because, requests, texts)
}

/// The ragged rows whose id another row bears, which are cases too.
fn count_ragged(requests: &mut RequestBook) -> Vec<(Ids, Place)> {
    let mut ragged = std::mem::take(&mut requests.ragged);
    ragged.retain(|(ids, _)| requests.find(ids.own).is_some() || requests.named.contains(&ids.own));
    for (ids, _) in &mut ragged {
        if requests.invoices.find(ids.of).is_none() {
            ids.of = Sym::BLANK;
        }
        requests.find_or_add(*ids);
    }
    ragged
}

/// The cases about an invoice that has rejected rows, each with that invoice. A case whose rows name several counts with
/// each.
fn cases_of_invoices(
    requests: &RequestBook,
    ragged: &[(Ids, Place)],
    invoices: &BTreeMap<u32, Vec<Place>>,
) -> Vec<(u32, u32)> {
    let used = invoices.keys().flat_map(|invoice| {
        let places = requests.invoices.invoices.get(*invoice as usize).map_or(0..0, |invoice| invoice.requests.clone());
        let places = requests.by_invoice.get(places.start as usize..places.end as usize).unwrap_or_default();
        let used = places.iter().filter_map(|at| requests.requests.get(*at as usize));
        used.filter_map(|request| Some((requests.find(request.id)?, *invoice)))
    });
    let rejected = requests.rejected.iter().chain(ragged);
    let link = |(ids, _): &(Ids, Place)| Some((requests.find(ids.own)?, requests.invoices.find(ids.of)?));
    used.chain(rejected.filter_map(link)).collect()
}

/// The cases that go back to each case.
fn children(requests: &RequestBook, ragged: &[(Ids, Place)]) -> BTreeMap<u32, Vec<u32>> {
    let used = requests.requests.iter().map(|request| (request.id, request.parent));
    let rejected = requests.rejected.iter().chain(ragged).map(|(ids, _)| (ids.own, ids.parent));
    let mut children: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for (child, parent) in used.chain(rejected).filter(|(_, parent)| !parent.is_blank()) {
        if let Some((child, parent)) = requests.find(child).zip(requests.find(parent)) {
            children.entry(parent).or_default().push(child);
        }
    }
    children
}

/// Hands every case's rows on to its children, until no case learns of a further one: requests may name each other in
/// a circle.
fn cascade(because: &mut Because, children: &BTreeMap<u32, Vec<u32>>) {
    let mut waiting: VecDeque<u32> = because.keys().copied().collect();
    while let Some(case) = waiting.pop_front() {
        let Some(children) = children.get(&case) else { continue };
        let places = because.get(&case).cloned().unwrap_or_default();
        for child in children {
            let known = because.entry(*child).or_default();
            let before = known.len();
            known.extend(&places);
            if known.len() > before {
                waiting.push_back(*child);
            }
        }
    }
}

fn list(because: Because, requests: &mut RequestBook, texts: &Texts) -> Vec<HeldBack> {
    let mut held_back = Vec::with_capacity(because.len());
    for (case, places) in because {
        let Some(case) = requests.cases.get(case as usize) else { continue };
        if let Some(request) = case.used.and_then(|at| requests.requests.get_mut(at as usize)) {
            request.held_back = true;
        }
        held_back.push(HeldBack {
            request_id: texts.get(case.id).to_owned(),
            invoice_id: texts.get(case.invoice).to_owned(),
            because: places.into_iter().collect(),
        });
    }
    held_back.sort_by(|a, b| a.request_id.cmp(&b.request_id));
    held_back
}

fn note(because: &mut Because, case: Option<u32>, places: &[Place]) {
    if let Some(case) = case {
        because.entry(case).or_default().extend(places);
    }
}
