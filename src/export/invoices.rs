//! The invoices: their lines judged one by one, and what a reference to an invoice or a line may rely on.

use super::cells::{Aside, Cells, CurrencyCell, Ids, Money, Numbers, Print, Record};
use super::ledger::{BySym, Judge, Mark, Shared, in_order, starts};
use super::row::Fault;
use super::words::Words;
use super::zeros::Padded;
use crate::column::Column;
use crate::money::Currency;
use crate::record::{Invoice, InvoiceLine, LINE_AMOUNTS, NO_POLICY, Place, Vocabulary};
use crate::text::Sym;
use crate::time::{Stamp, Zone};
use chrono::NaiveDate;
use foldhash::fast::FixedState;
use hashbrown::{HashMap, HashSet};
use rayon::prelude::*;
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// A row of the invoices: a line, and what the lines of its invoice agree on.
pub(super) struct InvoiceRow {
    invoice: Sym,
    head: Head,
    line: InvoiceLine,
}

#[derive(Clone, Copy)]
struct Head {
    policy: u16,
    date: NaiveDate,
    currency: Currency,
    account: Sym,
    payment_method: Sym,
}

/// The invoices as they are read. An invoice's `lines` are, until [`InvoiceBook::group`], its first line's index and
/// the same plus how many it has.
pub(super) struct InvoiceBook {
    pub(super) invoices: Vec<Invoice>,
    pub(super) lines: Vec<InvoiceLine>,
    of: BySym,
    /// Of each line: its invoice, the print of its row, and the line of the invoice before it.
    owners: Vec<u32>,
    prints: Vec<Print>,
    previous: Vec<u32>,
    /// Of each invoice its latest line.
    latest: Vec<u32>,
    /// The lines of invoices that have many, by invoice and id.
    long: HashMap<(u32, Sym), u32, FixedState>,
    /// Lines that only rejected rows bear, and perhaps used ones too.
    borne: HashSet<(u32, Sym), FixedState>,
    ragged: Vec<(Sym, Place)>,
    ragged_ids: HashSet<Sym, FixedState>,
    ragged_lines: HashSet<(Sym, Sym), FixedState>,
    rejected: Vec<(u32, Place)>,
    /// The policy families' codes.
    families: Vec<String>,
    /// The ids of invoices, and of their lines, once all are read.
    padded: Padded,
    padded_lines: Padded,
}

/// From how many lines on an invoice's lines are found by hash and not by looking at each.
const LONG: usize = 16;

impl InvoiceBook {
    pub(super) fn new(vocabulary: &Vocabulary) -> InvoiceBook {
        InvoiceBook {
            invoices: Vec::new(),
            lines: Vec::new(),
            of: BySym::default(),
            owners: Vec::new(),
            prints: Vec::new(),
            previous: Vec::new(),
            latest: Vec::new(),
            long: HashMap::default(),
            borne: HashSet::default(),
            ragged: Vec::new(),
            ragged_ids: HashSet::default(),
            ragged_lines: HashSet::default(),
            rejected: Vec::new(),
            families: vocabulary.families.iter().map(|(code, _)| code.clone()).collect(),
            padded: Padded::default(),
            padded_lines: Padded::default(),
        }
    }

    /// The invoice with an id, as any row but a ragged one bears it.
    pub(super) fn find(&self, id: Sym) -> Option<u32> {
        self.of.get(id)
    }

    /// Looks at invoices and their lines, so that they are near afterwards.
    pub(super) fn touch(&self, ids: impl Iterator<Item = Sym> + Clone) {
        let found = ids.filter_map(|id| self.find(id));
        std::hint::black_box(found.clone().fold(0, |seen, invoice| seen ^ invoice));
        let starts = found.filter_map(|invoice| self.invoices.get(invoice as usize)).map(|invoice| invoice.lines.start);
        std::hint::black_box(starts.clone().fold(0, |seen, start| seen ^ start));
        let lines = starts.filter_map(|start| self.lines.get(start as usize));
        std::hint::black_box(lines.fold(0, |seen, line| seen ^ line.line.bits()));
    }

    /// The invoice that a request names. That of a ragged row counts, as the request bears its id too.
    pub(super) fn named(&mut self, id: Sym) -> Option<u32> {
        if self.ragged_ids.contains(&id) { Some(self.find_or_add(id)) } else { self.find(id) }
    }

    /// Whether a row has the line that a request names, once all are grouped.
    pub(super) fn has_line(&self, invoice: u32, id: Sym, line: Sym) -> bool {
        let lines = self.invoices.get(invoice as usize).map_or(0..0, |i| i.lines.start as usize..i.lines.end as usize);
        let is_used = match lines.len() {
            0..LONG => self.lines.get(lines).is_some_and(|lines| lines.iter().any(|l| l.line == line)),
            _ => self.long.contains_key(&(invoice, line)),
        };
        is_used || self.borne.contains(&(invoice, line)) || self.ragged_lines.contains(&(id, line))
    }

    /// The id of an invoice that differs from a reference only in zeros at its beginning, once all are grouped.
    pub(super) fn but_for_zeros(&mut self, reference: Sym, shared: &Shared) -> Option<Sym> {
        // What only ragged rows bear counts once a request bears it too, which is not to depend on the order of rows.
        let is_known = |invoice: &&Invoice| !invoice.lines.is_empty() || !self.ragged_ids.contains(&invoice.id);
        let known = self.invoices.iter().filter(is_known).map(|invoice| (0, invoice.id));
        self.padded.like((0, reference), known, &shared.texts)
    }

    /// The same of a line of an invoice.
    pub(super) fn line_but_for_zeros(&mut self, invoice: u32, line: Sym, shared: &Shared) -> Option<Sym> {
        let lines = (0..).zip(&self.invoices).flat_map(|(number, invoice)| {
            let lines = self.lines.get(invoice.lines.start as usize..invoice.lines.end as usize).unwrap_or_default();
            lines.iter().map(move |line| (number, line.line))
        });
        let borne = self.borne.iter().copied();
        self.padded_lines.like((invoice, line), lines.chain(borne), &shared.texts)
    }

    /// The used line with an id, before all are grouped.
    fn used_line(&self, invoice: u32, line: Sym) -> Option<usize> {
        let count = self.invoices.get(invoice as usize)?.lines.len();
        if count >= LONG {
            return self.long.get(&(invoice, line)).map(|at| *at as usize);
        }
        let mut at = *self.latest.get(invoice as usize)? as usize;
        for _ in 0..count {
            if self.lines.get(at)?.line == line {
                return Some(at);
            }
            at = *self.previous.get(at)? as usize;
        }
        None
    }

    /// The currency of an invoice that has used lines.
    pub(super) fn currency_of(&self, invoice: u32) -> Option<Currency> {
        self.invoices.get(invoice as usize).filter(|i| !i.lines.is_empty()).map(|i| i.currency)
    }

    /// Sorts the lines by invoice, once all are read.
    pub(super) fn group(&mut self) {
        (self.prints, self.previous, self.latest) = Default::default();
        let owners = std::mem::take(&mut self.owners);
        let starts = starts(&owners, self.invoices.len());
        if !owners.is_sorted() {
            let order = in_order(&owners, &starts);
            self.lines = order.iter().filter_map(|at| self.lines.get(*at as usize).copied()).collect();
        }
        self.invoices.par_iter_mut().zip(starts.par_windows(2)).for_each(|(invoice, bounds)| {
            if let [start, end] = *bounds {
                invoice.lines = start..end;
            }
        });
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
        self.latest.push(0);
        self.invoices.push(Invoice {
            id,
            account: Sym::BLANK,
            policy: NO_POLICY,
            date: NaiveDate::from_ymd_opt(1990, 1, 1).unwrap_or_default(),
            currency: Currency::XXX,
            payment_method: Sym::BLANK,
            lines: 0..0,
            requests: 0..0,
            held_back: false,
        });
        at
    }

    /// Compares with the invoice's first line; a payment method also with the first that was recorded.
    fn agreement(&self, invoice: &Invoice, head: &Head, shared: &Shared) -> Result<(), Fault> {
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
            let family = |at: u16| self.families.get(usize::from(at)).map_or("", String::as_str);
            return disagrees(Column::Policy, family(head.policy), family(invoice.policy));
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
    fn add(&mut self, at: u32, head: &Head, line: InvoiceLine, print: u64) {
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
        let count = invoice.lines.len();
        let previous = self.latest.get_mut(at as usize).map(|latest| std::mem::replace(latest, index));
        self.previous.push(previous.unwrap_or(0));
        self.owners.push(at);
        self.prints.push(print);
        self.lines.push(line);
        match count.cmp(&LONG) {
            Ordering::Less => {}
            Ordering::Equal => self.look_up_by_hash(at, index, count),
            Ordering::Greater => _ = self.long.insert((at, line.line), index),
        }
    }

    /// Makes the lines of an invoice of which there are so many, the last at `index`, be found by hash.
    fn look_up_by_hash(&mut self, invoice: u32, mut index: u32, count: usize) {
        for _ in 0..count {
            let Some(line) = self.lines.get(index as usize) else { return };
            self.long.insert((invoice, line.line), index);
            index = self.previous.get(index as usize).copied().unwrap_or(0);
        }
    }
}

impl Judge for InvoiceBook {
    type Row = InvoiceRow;

    fn like(&self, row: &InvoiceRow, print: Print) -> Option<Place> {
        let at = self.used_line(self.find(row.invoice)?, row.line.line)?;
        (*self.prints.get(at)? == print).then_some(self.lines.get(at)?.place)
    }

    fn sight(&mut self, ids: Ids, place: Place, is_ragged: bool) {
        if ids.of.is_blank() {
            return;
        }
        if is_ragged {
            self.ragged.push((ids.of, place));
            self.ragged_ids.insert(ids.of);
            self.ragged_lines.insert((ids.of, ids.own));
            return;
        }
        self.find_or_add(ids.of);
    }

    fn judge(&mut self, row: &InvoiceRow, at: &Mark, shared: &Shared) -> Result<(), Fault> {
        let invoice = self.find_or_add(row.invoice);
        if let Some(first) = self.used_line(invoice, row.line.line).and_then(|at| self.lines.get(at)) {
            return Err(shared.duplicate(Column::Line, row.line.line, first.place));
        }
        if let Some(invoice) = self.invoices.get(invoice as usize) {
            self.agreement(invoice, &row.head, shared)?;
        }
        self.add(invoice, &row.head, row.line, at.print);
        Ok(())
    }

    fn hold(&mut self, ids: Ids, place: Place, is_ragged: bool) {
        let Some(invoice) = self.find(ids.of).filter(|_| !is_ragged) else { return };
        self.rejected.push((invoice, place));
        if !ids.own.is_blank() {
            self.borne.insert((invoice, ids.own));
        }
    }

    fn currency(&self, _ids: Ids, cell: CurrencyCell) -> Option<Currency> {
        cell.known()
    }
}

/// The day of a time. Most times of a line are blank.
#[inline(always)]
fn day(time: Stamp, zone: Zone) -> Option<NaiveDate> {
    if time.is_blank() { None } else { time.day(zone) }
}

impl Record for InvoiceRow {
    #[inline(always)]
    fn of(cells: &Cells, words: &Words, aside: &mut Aside) -> Option<InvoiceRow> {
        let policy = cells.family(Column::Policy)?;
        let zone = words.zone(policy)?;
        Some(InvoiceRow {
            invoice: cells.sym(Column::InvoiceId),
            head: Head {
                policy,
                date: day(cells.stamp(Column::InvoiceDate), zone)?,
                currency: cells.currency(Column::Currency).known()?,
                account: cells.sym(Column::AccountId),
                payment_method: cells.sym(Column::PaymentMethod),
            },
            line: InvoiceLine {
                place: Place { file: 0, record: 0 },
                line: cells.sym(Column::Line),
                category: cells.sym(Column::Category),
                amount: cells.amount(Column::Amount),
                seldom: aside.keep(cells, LINE_AMOUNTS, [Column::DueDate; 0]),
                paid_on: day(cells.stamp(Column::PaidOn), zone),
                started_on: day(cells.stamp(Column::StartedOn), zone),
                delivered_on: day(cells.stamp(Column::DeliveredOn), zone),
                accepted_on: day(cells.stamp(Column::AcceptedOn), zone),
                period_start: day(cells.stamp(Column::PeriodStart), zone),
                period_end: day(cells.stamp(Column::PeriodEnd), zone),
                warranty_from: day(cells.stamp(Column::WarrantyFrom), zone),
            },
        })
    }

    fn ids_in(cells: &Cells) -> Ids {
        Ids { own: cells.sym(Column::Line), of: cells.sym(Column::InvoiceId), parent: Sym::BLANK }
    }

    fn money_in(cells: &Cells) -> Option<Money> {
        Some(Money { currency: cells.currency(Column::Currency), amount: cells.amount(Column::Amount) })
    }

    fn ids(&self) -> Ids {
        Ids { own: self.line.line, of: self.invoice, parent: Sym::BLANK }
    }

    fn money(&self) -> Option<Money> {
        Some(Money { currency: CurrencyCell::Known(self.head.currency), amount: self.line.amount })
    }

    fn settle(&mut self, place: Place, numbers: &Numbers) {
        let line = &mut self.line;
        line.place = place;
        let (head, invoice) = (&mut self.head, &mut self.invoice);
        numbers.renumber([invoice, &mut head.account, &mut head.payment_method, &mut line.line, &mut line.category]);
        numbers.move_aside(Some(&mut line.amount), &mut line.seldom);
    }
}
