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
    /// Whether a case's used row names another invoice than the first of its rows.
    disagrees: bool,
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
            disagrees: false,
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

    /// Looks at the cases of requests and at their invoices, so that they are near afterwards.
    pub(super) fn touch(&self, requests: impl Iterator<Item = Sym> + Clone) {
        let found = requests.filter_map(|id| self.find(id));
        std::hint::black_box(found.clone().fold(0, |seen, case| seen ^ case));
        let cases = found.filter_map(|case| self.cases.get(case as usize));
        std::hint::black_box(cases.clone().fold(0, |seen, case| seen ^ case.invoice.bits()));
        self.invoices.touch(cases.map(|case| case.invoice));
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

    /// Judges what had to wait, once all rows are read, and tells every party where the used requests are.
    pub(super) fn settle(&mut self, shared: &mut Shared) {
        let mut requests = std::mem::take(&mut self.requests);
        let dangles = |request: &Request| !request.parent.is_blank() && !self.is_borne(request.parent);
        if self.disagrees || !self.again.is_empty() || requests.par_iter().any(dangles) {
            self.judge_again(&mut requests, shared);
        }
        (self.marks, self.again) = Default::default();
        // In parallel, as a request's parent may be anywhere.
        requests.par_iter_mut().for_each(|request| {
            request.parent_index = self.used(request.parent).unwrap_or(NO_PARENT);
        });
        self.requests = requests;
        self.group();
    }

    /// Rejects rows that cannot be used now that all are read, and notes which are used.
    fn judge_again(&mut self, requests: &mut Vec<Request>, shared: &mut Shared) {
        self.cases.iter_mut().for_each(|case| case.used = None);
        let mut is_used = Vec::with_capacity(requests.len());
        for (at, request) in requests.iter().enumerate() {
            let fault = self.last_fault(request, requests, shared);
            is_used.push(fault.is_none());
            let invoice = self.invoices.invoices.get(request.invoice as usize).map_or(Sym::BLANK, |invoice| invoice.id);
            if let Some(fault) = fault {
                self.rejected.push((Ids { own: request.id, of: invoice, parent: request.parent }, request.place));
                let line = self.marks.get(at).map_or(0, |(line, _)| *line);
                shared.reject(request.place, line, fault);
            } else if let Some(case) = self.case_mut(request.id) {
                (case.used, case.invoice) = (Some(at as u32), invoice);
            }
        }
        let mut is_used = is_used.into_iter();
        requests.retain(|_| is_used.next() == Some(true));
        for (at, request) in (0..).zip(&*requests) {
            if let Some(case) = self.case_mut(request.id) {
                case.used = Some(at);
            }
        }
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

    /// Lists the used requests by invoice.
    fn group(&mut self) {
        let owners: Vec<u32> = self.requests.iter().map(|request| request.invoice).collect();
        let invoices = &mut self.invoices.invoices;
        let (order, starts) = by_owner(&owners, invoices.len());
        self.by_invoice = order;
        invoices.par_iter_mut().zip(starts.par_windows(2)).for_each(|(invoice, bounds)| {
            if let [start, end] = *bounds {
                invoice.requests = start..end;
            }
        });
    }
}

impl Judge for RequestBook {
    type Row = RequestRow;

    fn touch(&self, rows: &[Ids]) {
        self.invoices.touch(rows.iter().map(|ids| ids.of));
    }

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
            let (is_first, disagrees) = (case.used.is_none(), case.invoice != about);
            case.used = case.used.or(Some(index));
            self.disagrees |= disagrees;
            if !is_first {
                self.again.insert((request.id, at.print), at.place);
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
