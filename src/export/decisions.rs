//! The decision rows, each judged against the used requests.

use super::cells::{Aside, Cells, CurrencyCell, Ids, Money, Numbers, Print, Record};
use super::ledger::{BySym, Judge, Mark, Shared, by_owner};
use super::requests::RequestBook;
use super::row::Fault;
use super::words::Words;
use crate::column::Column;
use crate::money::Currency;
use crate::record::{DECISION_AMOUNTS, Decision, Filled, Place};
use crate::text::Sym;
use crate::time::Zone;
use rayon::prelude::*;

/// A row of the decisions.
pub(super) struct DecisionRow {
    request: Sym,
    /// What the row says of the currency, which the record keeps only where it is known.
    currency: CurrencyCell,
    decision: Decision,
}

/// The decisions as they are read.
pub(super) struct DecisionBook {
    pub(super) requests: RequestBook,
    pub(super) decisions: Vec<Decision>,
    /// The decisions' places by request.
    pub(super) by_request: Vec<u32>,
    /// For each decision the index of its request.
    owners: Vec<u32>,
    /// And the print of its row.
    prints: Vec<Print>,
    /// The record in which a used row bears a decision's id.
    first: BySym,
    /// Rejected rows and the request that they name; an id of a ragged row counts if another row bears it.
    pub(super) rejected: Vec<(Sym, Place)>,
}

impl DecisionBook {
    pub(super) fn new(requests: RequestBook) -> DecisionBook {
        DecisionBook {
            requests,
            decisions: Vec::new(),
            by_request: Vec::new(),
            owners: Vec::new(),
            prints: Vec::new(),
            first: BySym::default(),
            rejected: Vec::new(),
        }
    }

    /// Lists the decisions by request, once all are read.
    pub(super) fn group(&mut self) {
        self.prints = Vec::new();
        let requests = &mut self.requests.requests;
        let owners = std::mem::take(&mut self.owners);
        let (order, starts) = by_owner(&owners, requests.len());
        self.by_request = order;
        requests.par_iter_mut().zip(starts.par_windows(2)).for_each(|(request, bounds)| {
            if let [start, end] = *bounds {
                (request.decisions_start, request.decisions_end) = (start, end);
            }
        });
    }

    /// The currency of the invoice that a decision's request is about.
    fn invoice_currency(&self, request: Sym) -> Option<Currency> {
        let case = self.requests.cases.get(self.requests.find(request)? as usize)?;
        let invoices = &self.requests.invoices;
        invoices.currency_of(invoices.find(case.invoice)?)
    }
}

impl Judge for DecisionBook {
    type Row = DecisionRow;

    fn touch(&self, rows: &[Ids]) {
        self.requests.touch(rows.iter().map(|ids| ids.of));
    }

    fn like(&self, row: &DecisionRow, print: Print) -> Option<Place> {
        let first = self.first.get(row.decision.id)? as usize;
        (*self.prints.get(first)? == print).then_some(self.decisions.get(first)?.place)
    }

    fn sight(&mut self, ids: Ids, _place: Place, is_ragged: bool) {
        // Only of a ragged row is it asked whether another names it, and all requests are read.
        if !is_ragged && self.requests.is_ragged(ids.of) {
            self.requests.named.insert(ids.of);
        }
    }

    fn judge(&mut self, row: &DecisionRow, at: &Mark, shared: &Shared) -> Result<(), Fault> {
        let (id, request) = (row.decision.id, row.request);
        let first = self.first.get(id).and_then(|at| self.decisions.get(at as usize));
        if let Some(first) = first {
            return Err(shared.duplicate(Column::DecisionId, id, first.place));
        }
        let Some(owner) = self.requests.used(request) else {
            let (reason, like) = match self.requests.is_borne(request) {
                true => ("is the `request_id` of a request whose row was rejected", None),
                false => ("is the `request_id` of no request", self.requests.but_for_zeros(request, shared)),
            };
            return Err(shared.dangling(Column::DecisionRequestId, request, reason, like));
        };
        self.first.set(id, self.decisions.len() as u32);
        self.owners.push(owner);
        self.prints.push(at.print);
        self.decisions.push(row.decision);
        Ok(())
    }

    fn hold(&mut self, ids: Ids, place: Place, _is_ragged: bool) {
        if !ids.of.is_blank() {
            self.rejected.push((ids.of, place));
        }
    }

    fn currency(&self, ids: Ids, cell: CurrencyCell) -> Option<Currency> {
        match cell {
            CurrencyCell::Blank => self.invoice_currency(ids.of),
            CurrencyCell::Unreadable | CurrencyCell::Known(_) => cell.known(),
        }
    }
}

impl Record for DecisionRow {
    #[inline(always)]
    fn of(cells: &Cells, _words: &Words, aside: &mut Aside) -> Option<DecisionRow> {
        Some(DecisionRow {
            request: cells.sym(Column::DecisionRequestId),
            currency: cells.currency(Column::DecisionCurrency),
            decision: decision(cells, aside.keep(cells, DECISION_AMOUNTS, [Column::DecidedAt; 0])),
        })
    }

    fn ids_in(cells: &Cells) -> Ids {
        Ids { own: cells.sym(Column::DecisionId), of: cells.sym(Column::DecisionRequestId), parent: Sym::BLANK }
    }

    fn money_in(cells: &Cells) -> Option<Money> {
        Some(Money { currency: cells.currency(Column::DecisionCurrency), amount: cells.amount(Column::RefundAmount) })
    }

    fn ids(&self) -> Ids {
        Ids { own: self.decision.id, of: self.request, parent: Sym::BLANK }
    }

    fn money(&self) -> Option<Money> {
        Some(Money { currency: self.currency, amount: self.decision.refund_amount })
    }

    fn latest(&self, zone: Zone) -> Option<i64> {
        let d = &self.decision;
        let times = [d.acknowledged_at, d.decided_at, d.processed_at, d.received_at];
        times.into_iter().filter_map(|time| time.day_number(zone)).max()
    }

    fn settle(&mut self, place: Place, numbers: &Numbers) {
        let d = &mut self.decision;
        d.place = place;
        numbers.renumber([&mut self.request, &mut d.id, &mut d.outcome]);
        numbers.renumber([&mut d.refund_method, &mut d.remedy, &mut d.decided_by]);
        numbers.move_aside(Some(&mut d.refund_amount), &mut d.seldom);
    }
}

#[inline(always)]
fn decision(cells: &Cells, seldom: Filled) -> Decision {
    Decision {
        place: Place { file: 0, record: 0 },
        id: cells.sym(Column::DecisionId),
        outcome: cells.sym(Column::Outcome),
        acknowledged_at: cells.stamp(Column::AcknowledgedAt),
        decided_at: cells.stamp(Column::DecidedAt),
        processed_at: cells.stamp(Column::ProcessedAt),
        received_at: cells.stamp(Column::ReceivedAt),
        refund_amount: cells.amount(Column::RefundAmount),
        seldom,
        currency: cells.currency(Column::DecisionCurrency).known(),
        refund_method: cells.sym(Column::RefundMethod),
        remedy: cells.sym(Column::Remedy),
        decided_by: cells.sym(Column::DecidedBy),
        reference: cells.has_text(Column::Reference),
        explanation: cells.has_text(Column::Explanation),
        appeal_explained: cells.flag(Column::AppealExplained),
    }
}
