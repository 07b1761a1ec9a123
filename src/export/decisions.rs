//! The decision rows, each judged against the used requests.

use super::ledger::{BySym, Judge, Shared, code_of, grouped};
use super::requests::RequestBook;
use super::row::{Fault, Row};
use crate::column::Column;
use crate::money::{Amount, Currency};
use crate::record::{Decision, Place};
use crate::text::Sym;

/// The decisions as they are read.
pub(super) struct DecisionBook {
    pub(super) requests: RequestBook,
    pub(super) decisions: Vec<Decision>,
    /// For each decision the index of its request.
    owners: Vec<u32>,
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
            owners: Vec::new(),
            first: BySym::default(),
            rejected: Vec::new(),
        }
    }

    /// Sorts the decisions by request, once all are read.
    pub(super) fn group(&mut self) {
        let requests = &mut self.requests.requests;
        let owners = std::mem::take(&mut self.owners);
        let (decisions, starts) = grouped(std::mem::take(&mut self.decisions), &owners, requests.len());
        self.decisions = decisions;
        for (request, bounds) in requests.iter_mut().zip(starts.windows(2)) {
            if let [start, end] = *bounds {
                (request.decisions_start, request.decisions_end) = (start, end);
            }
        }
    }

    /// The currency of the invoice that a decision's request is about.
    fn invoice_currency(&self, request: Sym) -> Option<Currency> {
        let case = self.requests.cases.get(self.requests.find(request)? as usize)?;
        let invoices = &self.requests.invoices;
        invoices.currency(invoices.find(case.invoice)?)
    }
}

impl Judge for DecisionBook {
    fn sight(&mut self, row: &Row, _place: Place) {
        let request = row.sym(Column::DecisionRequestId);
        if !row.is_ragged() && !request.is_blank() {
            self.requests.named.insert(request);
        }
    }

    fn judge(&mut self, row: &Row, place: Place, _line: u64, shared: &Shared) -> Result<(), Fault> {
        let (id, request) = (row.sym(Column::DecisionId), row.sym(Column::DecisionRequestId));
        let first = self.first.get(id).and_then(|at| self.decisions.get(at as usize));
        if let Some(first) = first {
            return Err(shared.duplicate(Column::DecisionId, id, first.place));
        }
        let Some(owner) = self.requests.used(request) else {
            let reason = match self.requests.is_borne(request) {
                true => "is the `request_id` of a request whose row was rejected",
                false => "is the `request_id` of no request",
            };
            return Err(shared.dangling(Column::DecisionRequestId, request, reason));
        };
        self.first.set(id, self.decisions.len() as u32);
        self.owners.push(owner);
        self.decisions.push(decision(row, place));
        Ok(())
    }

    fn hold(&mut self, row: &Row, place: Place) {
        let request = row.sym(Column::DecisionRequestId);
        if !request.is_blank() {
            self.rejected.push((request, place));
        }
    }

    fn money(&self, row: &Row) -> Option<(&'static str, Amount)> {
        let invoice = || self.invoice_currency(row.sym(Column::DecisionRequestId));
        Some((code_of(row.currency(), invoice), row.amount(Column::RefundAmount)))
    }
}

fn decision(row: &Row, place: Place) -> Decision {
    Decision {
        place,
        id: row.sym(Column::DecisionId),
        outcome: row.sym(Column::Outcome),
        acknowledged_at: row.stamp(Column::AcknowledgedAt),
        decided_at: row.stamp(Column::DecidedAt),
        processed_at: row.stamp(Column::ProcessedAt),
        received_at: row.stamp(Column::ReceivedAt),
        refund_amount: row.amount(Column::RefundAmount),
        admin_fee: row.amount(Column::AdminFee),
        credit_amount: row.amount(Column::CreditAmount),
        fee_returned: row.amount(Column::FeeReturned),
        currency: row.currency().known(),
        refund_method: row.sym(Column::RefundMethod),
        remedy: row.sym(Column::Remedy),
        decided_by: row.sym(Column::DecidedBy),
        reference: row.has_text(Column::Reference),
        explanation: row.has_text(Column::Explanation),
        appeal_explained: row.flag(Column::AppealExplained),
    }
}
