//! The requests, which are the cases. A request may name a parent that comes later, so that its last judgement waits
//! until all are read.

use super::invoices::InvoiceBook;
use super::ledger::{BySym, Judge, Shared, grouped};
use super::row::{Fault, Row};
use crate::column::Column;
use crate::money::Amount;
use crate::record::{NO_PARENT, Place, Request};
use crate::text::Sym;
use foldhash::fast::FixedState;
use hashbrown::HashSet;

/// A request id that a row of the requests bears.
pub(super) struct Case {
    pub(super) id: Sym,
    /// What it is about: the used row's word, or else that of the first row that has one.
    pub(super) invoice: Sym,
    /// Index of the used row, if there is one.
    pub(super) used: Option<u32>,
}

/// The ids of a request row.
#[derive(Clone, Copy)]
pub(super) struct Ids {
    pub(super) id: Sym,
    pub(super) invoice: Sym,
    pub(super) parent: Sym,
}

/// The requests as they are read.
pub(super) struct RequestBook {
    pub(super) invoices: InvoiceBook,
    pub(super) cases: Vec<Case>,
    of: BySym,
    /// Until [`RequestBook::settle`]: sound rows whose parent and key are not yet judged; then those used.
    pub(super) requests: Vec<Request>,
    lines: Vec<u64>,
    /// Rejected rows with a readable id.
    pub(super) rejected: Vec<(Ids, Place)>,
    /// Ragged rows with a readable id.
    pub(super) ragged: Vec<(Ids, Place)>,
    ragged_ids: HashSet<Sym, FixedState>,
    /// Ids that a row names without being that request: its child's or its decision's.
    pub(super) named: HashSet<Sym, FixedState>,
}

impl RequestBook {
    pub(super) fn new(invoices: InvoiceBook) -> RequestBook {
        RequestBook {
            invoices,
            cases: Vec::new(),
            of: BySym::default(),
            requests: Vec::new(),
            lines: Vec::new(),
            rejected: Vec::new(),
            ragged: Vec::new(),
            ragged_ids: HashSet::default(),
            named: HashSet::default(),
        }
    }

    /// The case with an id.
    pub(super) fn find(&self, id: Sym) -> Option<u32> {
        self.of.get(id)
    }

    /// Whether a row of the requests bears an id, though it may be rejected.
    pub(super) fn is_borne(&self, id: Sym) -> bool {
        self.find(id).is_some() || self.ragged_ids.contains(&id)
    }

    /// The used request with an id.
    pub(super) fn used(&self, id: Sym) -> Option<u32> {
        self.cases.get(self.find(id)? as usize)?.used
    }

    /// The case with an id, which is added if it is new.
    pub(super) fn find_or_add(&mut self, ids: Ids) -> u32 {
        if let Some(found) = self.find(ids.id) {
            if let Some(case) = self.case_mut(ids.id).filter(|case| case.invoice.is_blank()) {
                case.invoice = ids.invoice;
            }
            return found;
        }
        let at = self.cases.len() as u32;
        self.of.set(ids.id, at);
        self.cases.push(Case { id: ids.id, invoice: ids.invoice, used: None });
        at
    }

    /// Judges what had to wait, once all rows are read, and puts the used requests in order.
    pub(super) fn settle(&mut self, shared: &mut Shared) {
        let mut requests = std::mem::take(&mut self.requests);
        let mut is_used = Vec::with_capacity(requests.len());
        for (at, request) in (0_u32..).zip(&requests) {
            let fault = self.last_fault(request, &requests, shared);
            is_used.push(fault.is_none());
            if let Some(fault) = fault {
                let invoice = self.invoices.invoices.get(request.invoice as usize).map_or(Sym::BLANK, |i| i.id);
                self.rejected.push((Ids { id: request.id, invoice, parent: request.parent }, request.place));
                let line = self.lines.get(at as usize).copied().unwrap_or(0);
                shared.reject(request.place, line, fault);
            } else if let Some(case) = self.case_mut(request.id) {
                case.used = Some(at);
            }
        }
        let mut is_used = is_used.into_iter();
        requests.retain(|_| is_used.next() == Some(true));
        self.lines = Vec::new();
        self.requests = requests;
        self.group();
    }

    fn case_mut(&mut self, id: Sym) -> Option<&mut Case> {
        let case = self.find(id)?;
        self.cases.get_mut(case as usize)
    }

    fn last_fault(&self, request: &Request, requests: &[Request], shared: &Shared) -> Option<Fault> {
        let first = self.used(request.id).and_then(|at| requests.get(at as usize));
        if let Some(first) = first {
            return Some(shared.duplicate(Column::RequestId, request.id, first.place));
        }
        let parent = request.parent;
        (!parent.is_blank() && !self.is_borne(parent))
            .then(|| shared.dangling(Column::ParentRequestId, parent, "is the `request_id` of no request"))
    }

    /// Sorts the used requests by invoice and tells every party where they are.
    fn group(&mut self) {
        let owners: Vec<u32> = self.requests.iter().map(|request| request.invoice).collect();
        let invoices = &mut self.invoices.invoices;
        let (requests, starts) = grouped(std::mem::take(&mut self.requests), &owners, invoices.len());
        self.requests = requests;
        for (invoice, bounds) in invoices.iter_mut().zip(starts.windows(2)) {
            if let [start, end] = *bounds {
                invoice.requests = start..end;
            }
        }
        for at in 0..self.requests.len() {
            let Some(Request { id, invoice, .. }) = self.requests.get(at).copied() else { continue };
            let invoice = self.invoices.invoices.get(invoice as usize).map(|i| i.id);
            if let Some(case) = self.case_mut(id) {
                case.used = Some(at as u32);
                case.invoice = invoice.unwrap_or(case.invoice);
            }
        }
        for at in 0..self.requests.len() {
            let parent = self.requests.get(at).and_then(|request| self.used(request.parent));
            if let Some(request) = self.requests.get_mut(at) {
                request.parent_index = parent.unwrap_or(NO_PARENT);
            }
        }
    }
}

impl Judge for RequestBook {
    fn sight(&mut self, row: &Row, place: Place) {
        let ids = ids(row);
        if row.is_ragged() {
            if !ids.id.is_blank() {
                self.ragged.push((ids, place));
                self.ragged_ids.insert(ids.id);
            }
            return;
        }
        if !ids.invoice.is_blank() {
            self.invoices.named(ids.invoice);
        }
        if !ids.parent.is_blank() {
            self.named.insert(ids.parent);
        }
        if !ids.id.is_blank() {
            self.find_or_add(ids);
        }
    }

    fn judge(&mut self, row: &Row, place: Place, line: u64, shared: &Shared) -> Result<(), Fault> {
        let about = row.sym(Column::RequestInvoiceId);
        let Some(invoice) = self.invoices.find(about) else {
            return Err(shared.dangling(Column::RequestInvoiceId, about, "is the `invoice_id` of no invoice"));
        };
        let billed = row.sym(Column::RequestLine);
        if !billed.is_blank() && !self.invoices.has_line(invoice, about, billed) {
            let reason = format!("is no line of the invoice `{}`", shared.texts.get(about));
            return Err(shared.dangling(Column::RequestLine, billed, &reason));
        }
        self.requests.push(request(row, place, invoice));
        self.lines.push(line);
        Ok(())
    }

    fn hold(&mut self, row: &Row, place: Place) {
        let ids = ids(row);
        if !row.is_ragged() && !ids.id.is_blank() {
            self.rejected.push((ids, place));
        }
    }

    fn money(&self, _row: &Row) -> Option<(&'static str, Amount)> {
        None
    }
}

fn ids(row: &Row) -> Ids {
    Ids {
        id: row.sym(Column::RequestId),
        invoice: row.sym(Column::RequestInvoiceId),
        parent: row.sym(Column::ParentRequestId),
    }
}

fn request(row: &Row, place: Place, invoice: u32) -> Request {
    Request {
        place,
        id: row.sym(Column::RequestId),
        account: row.sym(Column::RequestAccountId),
        invoice,
        line: row.sym(Column::RequestLine),
        parent: row.sym(Column::ParentRequestId),
        parent_index: NO_PARENT,
        kind: row.sym(Column::Kind),
        channel: row.sym(Column::Channel),
        reason: row.sym(Column::Reason),
        level: row.sym(Column::Level),
        stage: row.sym(Column::Stage),
        outage_cause: row.sym(Column::OutageCause),
        submitted_at: row.stamp(Column::SubmittedAt),
        effective_on: row.stamp(Column::EffectiveOn),
        chargeback_on: row.stamp(Column::ChargebackOn),
        fix_attempted_on: row.stamp(Column::FixAttemptedOn),
        outage_start: row.stamp(Column::OutageStart),
        outage_end: row.stamp(Column::OutageEnd),
        amount_requested: row.amount(Column::AmountRequested),
        percent_complete: row.amount(Column::PercentComplete),
        advance_paid: row.amount(Column::AdvancePaid),
        remaining_balance: row.amount(Column::RemainingBalance),
        noncompliant_amount: row.amount(Column::NoncompliantAmount),
        transactions_processed: row.amount(Column::TransactionsProcessed),
        disputed_amount: row.amount(Column::DisputedAmount),
        withheld_amount: row.amount(Column::WithheldAmount),
        notice_hours: row.amount(Column::NoticeHours),
        good_standing: row.flag(Column::GoodStanding),
        fraud_flag: row.flag(Column::FraudFlag),
        within_sla: row.flag(Column::WithinSla),
        complex: row.flag(Column::Complex),
        documents_attached: row.flag(Column::DocumentsAttached),
        sow_reference: row.has_text(Column::SowReference),
        preferred_method: row.has_text(Column::PreferredMethod),
        held_back: false,
        decisions_start: 0,
        decisions_end: 0,
    }
}
