//! The requests, which are the cases. A request may name a parent that comes later, so that its last judgement waits
//! until all are read.

use super::cells::{Aside, Cells, CurrencyCell, Ids, Money, Numbers, Print, Record};
use super::invoices::InvoiceBook;
use super::ledger::{BySym, Judge, Mark, Shared, by_owner};
use super::row::Fault;
use super::words::Words;
use super::zeros::Padded;
use crate::column::{Column, FlagColumn};
use crate::money::Currency;
use crate::record::{Filled, Flags, NO_PARENT, Place, REQUEST_AMOUNTS, REQUEST_TIMES, Request};
use crate::text::Sym;
use crate::time::Zone;
use foldhash::fast::FixedState;
use hashbrown::{HashMap, HashSet};
use rayon::prelude::*;

/// A row of the requests.
pub(super) struct RequestRow {
    /// The id of the invoice that it is about.
    invoice: Sym,
    request: Request,
}

/// A request id that a row of the requests bears.
pub(super) struct Case {
    pub(super) id: Sym,
    /// What it is about: the used row's word, or else that of the first row that has one.
    pub(super) invoice: Sym,
    /// Index of the used row, if there is one; until [`RequestBook::settle`] of the first sound row.
    pub(super) used: Option<u32>,
}

/// The requests as they are read.
pub(super) struct RequestBook {
    pub(super) invoices: InvoiceBook,
    pub(super) cases: Vec<Case>,
    of: BySym,
    /// Until [`RequestBook::settle`]: sound rows whose parent and key are not yet judged; then those used.
    pub(super) requests: Vec<Request>,
    /// The requests' places by invoice.
    pub(super) by_invoice: Vec<u32>,
    /// Of each of those its line in its file and the print of its row.
    marks: Vec<(u64, u64)>,
    /// Sound rows whose id an earlier sound row bears, by id and print.
    again: HashMap<(Sym, u64), Place, FixedState>,
    /// Rejected rows with a readable id.
    pub(super) rejected: Vec<(Ids, Place)>,
    /// Ragged rows with a readable id.
    pub(super) ragged: Vec<(Ids, Place)>,
    ragged_ids: HashSet<Sym, FixedState>,
    /// Ids that a row names without being that request: its child's or its decision's.
    pub(super) named: HashSet<Sym, FixedState>,
    /// The ids of requests, once all are read.
    padded: Padded,
}

impl RequestBook {
    pub(super) fn new(invoices: InvoiceBook) -> RequestBook {
        RequestBook {
            invoices,
            cases: Vec::new(),
            of: BySym::default(),
            requests: Vec::new(),
            by_invoice: Vec::new(),
            marks: Vec::new(),
            again: HashMap::default(),
            rejected: Vec::new(),
            ragged: Vec::new(),
            ragged_ids: HashSet::default(),
            named: HashSet::default(),
            padded: Padded::default(),
        }
    }

    /// The case with an id.
    pub(super) fn find(&self, id: Sym) -> Option<u32> {
        self.of.get(id)
    }

    /// Whether a ragged row bears an id.
    pub(super) fn is_ragged(&self, id: Sym) -> bool {
        self.ragged_ids.contains(&id)
    }

    /// Whether a row of the requests bears an id, though it may be rejected.
    pub(super) fn is_borne(&self, id: Sym) -> bool {
        self.find(id).is_some() || self.is_ragged(id)
    }

    /// The id of a request that differs from a reference only in zeros at its beginning, once all are read.
    pub(super) fn but_for_zeros(&mut self, reference: Sym, shared: &Shared) -> Option<Sym> {
        self.padded.like((0, reference), self.cases.iter().map(|case| (0, case.id)), &shared.texts)
    }

    /// The used request with an id.
    pub(super) fn used(&self, id: Sym) -> Option<u32> {
        self.cases.get(self.find(id)? as usize)?.used
    }

    /// The case with an id, which is added if it is new.
    pub(super) fn find_or_add(&mut self, ids: Ids) -> u32 {
        if let Some(found) = self.find(ids.own) {
            if let Some(case) = self.case_mut(ids.own).filter(|case| case.invoice.is_blank()) {
                case.invoice = ids.of;
            }
            return found;
        }
        let at = self.cases.len() as u32;
        self.of.set(ids.own, at);
        self.cases.push(Case { id: ids.own, invoice: ids.of, used: None });
        at
    }

    /// Judges what had to wait, once all rows are read, and puts the used requests in order.
    pub(super) fn settle(&mut self, shared: &mut Shared) {
        let mut requests = std::mem::take(&mut self.requests);
        self.cases.iter_mut().for_each(|case| case.used = None);
        self.again = HashMap::default();
        let mut is_used = Vec::with_capacity(requests.len());
        for (at, request) in (0_u32..).zip(&requests) {
            let fault = self.last_fault(request, &requests, shared);
            is_used.push(fault.is_none());
            if let Some(fault) = fault {
                let invoice = self.invoices.invoices.get(request.invoice as usize).map_or(Sym::BLANK, |i| i.id);
                self.rejected.push((Ids { own: request.id, of: invoice, parent: request.parent }, request.place));
                let line = self.marks.get(at as usize).map_or(0, |(line, _)| *line);
                shared.reject(request.place, line, fault);
            } else if let Some(case) = self.case_mut(request.id) {
                case.used = Some(at);
            }
        }
        let mut is_used = is_used.into_iter();
        requests.retain(|_| is_used.next() == Some(true));
        self.marks = Vec::new();
        self.requests = requests;
        self.group();
    }

    fn case_mut(&mut self, id: Sym) -> Option<&mut Case> {
        let case = self.find(id)?;
        self.cases.get_mut(case as usize)
    }

    fn last_fault(&mut self, request: &Request, requests: &[Request], shared: &Shared) -> Option<Fault> {
        let first = self.used(request.id).and_then(|at| requests.get(at as usize));
        if let Some(first) = first {
            return Some(shared.duplicate(Column::RequestId, request.id, first.place));
        }
        let parent = request.parent;
        if parent.is_blank() || self.is_borne(parent) {
            return None;
        }
        let like = self.but_for_zeros(parent, shared);
        Some(shared.dangling(Column::ParentRequestId, parent, "is the `request_id` of no request", like))
    }

    /// Lists the used requests by invoice and tells every party where they are.
    fn group(&mut self) {
        let owners: Vec<u32> = self.requests.iter().map(|request| request.invoice).collect();
        let invoices = &mut self.invoices.invoices;
        let (order, starts) = by_owner(&owners, invoices.len());
        self.by_invoice = order;
        for (invoice, bounds) in invoices.iter_mut().zip(starts.windows(2)) {
            if let [start, end] = *bounds {
                invoice.requests = start..end;
            }
        }
        // In parallel what waits for memory: a request's invoice and its parent may be anywhere.
        let invoices = &self.invoices.invoices;
        let about = |request: &Request| invoices.get(request.invoice as usize).map(|invoice| invoice.id);
        let about: Vec<Option<Sym>> = self.requests.par_iter().map(about).collect();
        for (at, invoice) in (0_u32..).zip(about) {
            let id = self.requests.get(at as usize).map_or(Sym::BLANK, |request| request.id);
            if let Some(case) = self.case_mut(id) {
                case.used = Some(at);
                case.invoice = invoice.unwrap_or(case.invoice);
            }
        }
        let mut requests = std::mem::take(&mut self.requests);
        requests.par_iter_mut().for_each(|request| {
            request.parent_index = self.used(request.parent).unwrap_or(NO_PARENT);
        });
        self.requests = requests;
    }
}

impl Judge for RequestBook {
    type Row = RequestRow;

    fn like(&self, row: &RequestRow, print: Print) -> Option<Place> {
        let id = row.request.id;
        let first = self.used(id)? as usize;
        match self.marks.get(first) {
            Some((_, first_print)) if *first_print == print => self.requests.get(first).map(|first| first.place),
            _ => self.again.get(&(id, print)).copied(),
        }
    }

    fn sight(&mut self, ids: Ids, place: Place, is_ragged: bool) {
        if is_ragged {
            if !ids.own.is_blank() {
                self.ragged.push((ids, place));
                self.ragged_ids.insert(ids.own);
            }
            return;
        }
        if !ids.of.is_blank() {
            self.invoices.named(ids.of);
        }
        if !ids.parent.is_blank() {
            self.named.insert(ids.parent);
        }
        if !ids.own.is_blank() {
            self.find_or_add(ids);
        }
    }

    fn judge(&mut self, row: &RequestRow, at: &Mark, shared: &Shared) -> Result<(), Fault> {
        let RequestRow { invoice: about, request } = *row;
        let Some(invoice) = self.invoices.find(about) else {
            let like = self.invoices.but_for_zeros(about, shared);
            return Err(shared.dangling(Column::RequestInvoiceId, about, "is the `invoice_id` of no invoice", like));
        };
        if !request.line.is_blank() && !self.invoices.has_line(invoice, about, request.line) {
            let reason = format!("is no line of the invoice `{}`", shared.texts.get(about));
            let like = self.invoices.line_but_for_zeros(invoice, request.line, shared);
            return Err(shared.dangling(Column::RequestLine, request.line, &reason, like));
        }
        let index = self.requests.len() as u32;
        if let Some(case) = self.case_mut(request.id) {
            match case.used {
                None => case.used = Some(index),
                Some(_) => _ = self.again.insert((request.id, at.print), at.place),
            }
        }
        self.requests.push(Request { invoice, ..request });
        self.marks.push((at.line, at.print));
        Ok(())
    }

    fn hold(&mut self, ids: Ids, place: Place, is_ragged: bool) {
        if !is_ragged && !ids.own.is_blank() {
            self.rejected.push((ids, place));
        }
    }

    fn currency(&self, _ids: Ids, cell: CurrencyCell) -> Option<Currency> {
        cell.known()
    }
}

impl Record for RequestRow {
    #[inline(always)]
    fn of(cells: &Cells, _words: &Words, aside: &mut Aside) -> Option<RequestRow> {
        Some(RequestRow {
            invoice: cells.sym(Column::RequestInvoiceId),
            request: request(cells, aside.keep(cells, REQUEST_AMOUNTS, REQUEST_TIMES)),
        })
    }

    fn ids_in(cells: &Cells) -> Ids {
        Ids {
            own: cells.sym(Column::RequestId),
            of: cells.sym(Column::RequestInvoiceId),
            parent: cells.sym(Column::ParentRequestId),
        }
    }

    fn money_in(_cells: &Cells) -> Option<Money> {
        None
    }

    fn ids(&self) -> Ids {
        Ids { own: self.request.id, of: self.invoice, parent: self.request.parent }
    }

    fn money(&self) -> Option<Money> {
        None
    }

    fn latest(&self, zone: Zone) -> Option<i64> {
        self.request.submitted_at.day_number(zone)
    }

    fn settle(&mut self, place: Place, numbers: &Numbers) {
        let r = &mut self.request;
        r.place = place;
        numbers.renumber([&mut self.invoice, &mut r.id, &mut r.account, &mut r.line, &mut r.parent, &mut r.kind]);
        numbers.renumber([&mut r.channel, &mut r.reason, &mut r.level, &mut r.stage, &mut r.outage_cause]);
        numbers.renumber([&mut r.sow_reference]);
        numbers.move_aside(None, &mut r.seldom);
    }
}

/// The flags of a request.
const FLAGS: [FlagColumn; 5] = [
    FlagColumn::GoodStanding,
    FlagColumn::FraudFlag,
    FlagColumn::WithinSla,
    FlagColumn::Complex,
    FlagColumn::DocumentsAttached,
];

#[inline(always)]
fn request(cells: &Cells, seldom: Filled) -> Request {
    Request {
        place: Place { file: 0, record: 0 },
        id: cells.sym(Column::RequestId),
        account: cells.sym(Column::RequestAccountId),
        invoice: 0,
        line: cells.sym(Column::RequestLine),
        parent: cells.sym(Column::ParentRequestId),
        parent_index: NO_PARENT,
        kind: cells.sym(Column::Kind),
        channel: cells.sym(Column::Channel),
        reason: cells.sym(Column::Reason),
        level: cells.sym(Column::Level),
        stage: cells.sym(Column::Stage),
        outage_cause: cells.sym(Column::OutageCause),
        submitted_at: cells.stamp(Column::SubmittedAt),
        seldom,
        flags: FLAGS.into_iter().fold(Flags::default(), |all, flag| all.with(flag, cells.flag(flag.into()))),
        sow_reference: cells.sym(Column::SowReference),
        preferred_method: cells.has_text(Column::PreferredMethod),
        held_back: false,
        decisions_start: 0,
        decisions_end: 0,
    }
}
