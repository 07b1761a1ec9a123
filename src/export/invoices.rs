//! The invoices: their lines judged one by one, and what a reference to an invoice or a line may rely on.

use super::ledger::{BySym, Judge, Shared, code_of, grouped};
use super::row::{Fault, Row};
use crate::column::Column;
use crate::money::{Amount, Currency};
use crate::record::{Invoice, InvoiceLine, Place, Vocabulary};
use crate::text::{Sym, Texts};
use crate::time::Zone;
use chrono::NaiveDate;
use foldhash::fast::FixedState;
use hashbrown::{HashMap, HashSet};
use std::collections::BTreeMap;

/// A line that no used row has yet.
const UNUSED: u32 = u32::MAX;

/// The invoices as they are read. An invoice's `lines` are, until [`InvoiceBook::group`], its first line's index and
/// the same plus how many it has.
pub(super) struct InvoiceBook {
    pub(super) invoices: Vec<Invoice>,
    pub(super) lines: Vec<InvoiceLine>,
    of: BySym,
    owners: Vec<u32>,
    /// Every line that a row bears, by invoice and id; in the order of reading its index once a row with it is used.
    keys: HashMap<(u32, Sym), u32, FixedState>,
    ragged: Vec<(Sym, Place)>,
    ragged_ids: HashSet<Sym, FixedState>,
    ragged_lines: HashSet<(Sym, Sym), FixedState>,
    rejected: Vec<(u32, Place)>,
    families: HashMap<Sym, (u16, Zone), FixedState>,
}

/// What the lines of an invoice agree on.
struct Head {
    policy: u16,
    zone: Zone,
    date: NaiveDate,
    currency: Currency,
    account: Sym,
    payment_method: Sym,
}

impl InvoiceBook {
    pub(super) fn new(vocabulary: &Vocabulary, texts: &mut Texts) -> InvoiceBook {
        let families = (0..).zip(&vocabulary.families).map(|(at, (code, zone))| (texts.intern(code), (at, *zone)));
        InvoiceBook {
            invoices: Vec::new(),
            lines: Vec::new(),
            of: BySym::default(),
            owners: Vec::new(),
            keys: HashMap::default(),
            ragged: Vec::new(),
            ragged_ids: HashSet::default(),
            ragged_lines: HashSet::default(),
            rejected: Vec::new(),
            families: families.collect(),
        }
    }

    /// The invoice with an id, as any row but a ragged one bears it.
    pub(super) fn find(&self, id: Sym) -> Option<u32> {
        self.of.get(id)
    }

    /// The invoice that a request names. That of a ragged row counts, as the request bears its id too.
    pub(super) fn named(&mut self, id: Sym) -> Option<u32> {
        if self.ragged_ids.contains(&id) { Some(self.find_or_add(id)) } else { self.find(id) }
    }

    /// Whether a row has the line that a request names.
    pub(super) fn has_line(&self, invoice: u32, id: Sym, line: Sym) -> bool {
        self.keys.contains_key(&(invoice, line)) || self.ragged_lines.contains(&(id, line))
    }

    /// The currency of an invoice that has used lines.
    pub(super) fn currency(&self, invoice: u32) -> Option<Currency> {
        self.invoices.get(invoice as usize).filter(|i| !i.lines.is_empty()).map(|i| i.currency)
    }

    /// Sorts the lines by invoice, once all are read.
    pub(super) fn group(&mut self) {
        let lines = std::mem::take(&mut self.lines);
        let owners = std::mem::take(&mut self.owners);
        let (lines, starts) = grouped(lines, &owners, self.invoices.len());
        self.lines = lines;
        for (invoice, bounds) in self.invoices.iter_mut().zip(starts.windows(2)) {
            if let [start, end] = *bounds {
                invoice.lines = start..end;
            }
        }
    }

    /// The rejected rows of each invoice that has any. Ids of ragged rows count if another row bears them.
    pub(super) fn rejected(&self) -> BTreeMap<u32, Vec<Place>> {
        let mut places: BTreeMap<u32, Vec<Place>> = BTreeMap::new();
        let ragged = self.ragged.iter().filter_map(|(id, place)| Some((self.find(*id)?, *place)));
        for (invoice, place) in self.rejected.iter().copied().chain(ragged) {
            places.entry(invoice).or_default().push(place);
        }
        places
    }

    fn find_or_add(&mut self, id: Sym) -> u32 {
        if let Some(found) = self.find(id) {
            return found;
        }
        let at = self.invoices.len() as u32;
        self.of.set(id, at);
        self.invoices.push(Invoice {
            id,
            account: Sym::BLANK,
            policy: 0,
            date: NaiveDate::from_ymd_opt(1990, 1, 1).unwrap_or_default(),
            currency: Currency::XXX,
            payment_method: Sym::BLANK,
            lines: 0..0,
            requests: 0..0,
            held_back: false,
        });
        at
    }

    fn head(&self, row: &Row) -> Option<Head> {
        let (policy, zone) = *self.families.get(&row.sym(Column::Policy))?;
        Some(Head {
            policy,
            zone,
            date: row.stamp(Column::InvoiceDate).day(zone)?,
            currency: row.currency().known()?,
            account: row.sym(Column::AccountId),
            payment_method: row.sym(Column::PaymentMethod),
        })
    }

    /// Compares with the invoice's first line; a payment method also with the first that was recorded.
    fn agreement(&self, invoice: &Invoice, row: &Row, head: &Head, shared: &Shared) -> Result<(), Fault> {
        let Some(first) = self.lines.get(invoice.lines.start as usize).filter(|_| !invoice.lines.is_empty()) else {
            return Ok(());
        };
        let disagrees = |column: Column, value: &str, expected: &str| {
            let (name, first) = (column.name(), shared.cite(first.place));
            let reason =
                format!("the invoice's other lines have another `{name}`: expected `{expected}`, as in {first}");
            Err(Fault::of(column, value, reason))
        };
        let text = |sym: Sym| shared.texts.get(sym);
        if head.policy != invoice.policy {
            let is_first = |(_, (at, _)): &(&Sym, &(u16, Zone))| *at == invoice.policy;
            let expected = self.families.iter().find(is_first).map_or("", |(code, _)| text(*code));
            return disagrees(Column::Policy, text(row.sym(Column::Policy)), expected);
        }
        if head.account != invoice.account {
            return disagrees(Column::AccountId, text(head.account), text(invoice.account));
        }
        if head.date != invoice.date {
            return disagrees(Column::InvoiceDate, &head.date.to_string(), &invoice.date.to_string());
        }
        if head.currency != invoice.currency {
            return disagrees(Column::Currency, head.currency.code(), invoice.currency.code());
        }
        let (method, expected) = (head.payment_method, invoice.payment_method);
        if method != expected && !method.is_blank() && !expected.is_blank() {
            return disagrees(Column::PaymentMethod, text(method), text(expected));
        }
        Ok(())
    }

    /// Adds a line to its invoice, which takes over what its lines agree on.
    fn add(&mut self, at: u32, head: &Head, line: InvoiceLine) {
        let index = self.lines.len() as u32;
        let Some(invoice) = self.invoices.get_mut(at as usize) else { return };
        if invoice.lines.is_empty() {
            (invoice.policy, invoice.date, invoice.currency) = (head.policy, head.date, head.currency);
            invoice.account = head.account;
            invoice.lines = index..index;
        }
        if invoice.payment_method.is_blank() {
            invoice.payment_method = head.payment_method;
        }
        invoice.lines.end += 1;
        self.keys.insert((at, line.line), index);
        self.owners.push(at);
        self.lines.push(line);
    }
}

impl Judge for InvoiceBook {
    fn sight(&mut self, row: &Row, place: Place) {
        let (id, line) = (row.sym(Column::InvoiceId), row.sym(Column::Line));
        if id.is_blank() {
            return;
        }
        if row.is_ragged() {
            self.ragged.push((id, place));
            self.ragged_ids.insert(id);
            self.ragged_lines.insert((id, line));
            return;
        }
        let invoice = self.find_or_add(id);
        if !line.is_blank() {
            self.keys.entry((invoice, line)).or_insert(UNUSED);
        }
    }

    fn judge(&mut self, row: &Row, place: Place, _line: u64, shared: &Shared) -> Result<(), Fault> {
        let (id, line) = (row.sym(Column::InvoiceId), row.sym(Column::Line));
        let sound = self.find(id).zip(self.head(row));
        let Some((at, head)) = sound else {
            // Not reached: all of these are required cells, and they are sound.
            return Err(Fault { reason: "the row cannot be read".to_owned(), ..Fault::default() });
        };
        let used = self.keys.get(&(at, line)).and_then(|index| self.lines.get(*index as usize));
        if let Some(first) = used {
            return Err(shared.duplicate(Column::Line, line, first.place));
        }
        if let Some(invoice) = self.invoices.get(at as usize) {
            self.agreement(invoice, row, &head, shared)?;
        }
        self.add(at, &head, invoice_line(row, place, line, head.zone));
        Ok(())
    }

    fn hold(&mut self, row: &Row, place: Place) {
        let invoice = self.find(row.sym(Column::InvoiceId)).filter(|_| !row.is_ragged());
        self.rejected.extend(invoice.map(|invoice| (invoice, place)));
    }

    fn money(&self, row: &Row) -> Option<(&'static str, Amount)> {
        Some((code_of(row.currency(), || None), row.amount(Column::Amount)))
    }
}

fn invoice_line(row: &Row, place: Place, line: Sym, zone: Zone) -> InvoiceLine {
    let day = |column| row.stamp(column).day(zone);
    InvoiceLine {
        place,
        line,
        category: row.sym(Column::Category),
        amount: row.amount(Column::Amount),
        quantity: row.amount(Column::Quantity),
        unit_price: row.amount(Column::UnitPrice),
        contract_rate: row.amount(Column::ContractRate),
        paid_on: day(Column::PaidOn),
        started_on: day(Column::StartedOn),
        delivered_on: day(Column::DeliveredOn),
        accepted_on: day(Column::AcceptedOn),
        period_start: day(Column::PeriodStart),
        period_end: day(Column::PeriodEnd),
        warranty_from: day(Column::WarrantyFrom),
    }
}
