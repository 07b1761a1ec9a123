//! The records: what was read from the exports, typed, compact, and joined.
//!
//! A record answers with a [`Cell`], which keeps *the export has no such column* apart from *the cell is blank*: the
//! first is missing evidence, the second says that there is no such value. Records hold numbers, not strings; every
//! text is a [`Sym`] of [`Books::texts`].

use crate::column::{AmountColumn, Column, Columns, FlagColumn, RequestTime, Table};
use crate::document;
use crate::mapping::{SettledDates, Source};
use crate::money::{Amount, Currency, WideAmounts};
use crate::text::{Sym, Texts};
use crate::time::Stamp;
use chrono::NaiveDate;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What a cell says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cell<T> {
    /// The export has no such column: missing evidence.
    Absent,
    /// The column is there and the cell is blank: there is no such value.
    Blank,
    /// The value.
    Value(T),
}

impl<T> Cell<T> {
    /// The value, if the export has the column and the cell is not blank.
    pub fn value(self) -> Option<T> {
        match self {
            Cell::Value(value) => Some(value),
            Cell::Absent | Cell::Blank => None,
        }
    }
}

/// Where a record stands: its file and its number in the file, the first row after the header being 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Index into [`Books::files`].
    pub file: u16,
    /// 1 for the first row after the header.
    pub record: u32,
}

/// A file that was read.
#[derive(Clone, Debug)]
pub struct ExportFile {
    /// The table that the file feeds.
    pub table: Table,
    /// As it is named in results: the file name, or the path given where two files share a name.
    pub name: String,
    /// Where it lies.
    pub path: PathBuf,
    /// The canonical columns that its header has.
    pub columns: Columns,
    /// The header's cells as written.
    pub header: Vec<String>,
    /// Rows after the header.
    pub rows_read: u64,
    /// Rows used.
    pub rows_used: u64,
    /// Rows that the mapping leaves out, by why.
    pub left_out: BTreeMap<String, u64>,
    /// How its rows become rows of the table, if they are not in the canonical form.
    pub source: Option<Arc<Source>>,
    /// Where some of its records begin, each by the number of rows before it and by its first byte, so that a row can be
    /// found again without reading all before it. None where the rows are not the file's own bytes.
    pub marks: Vec<(u32, u64)>,
    /// Size in bytes.
    pub bytes: u64,
    /// SHA-256 of the file in lower-case hex.
    pub sha256: String,
}

/// A flag cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flag {
    /// Blank.
    Blank,
    /// False.
    No,
    /// True.
    Yes,
}

/// The flags of a request, two bits each: a million requests are in memory at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags(u16);

impl Flags {
    /// The same with one more; a column that is not told is blank.
    #[must_use]
    pub fn with(self, column: FlagColumn, flag: Flag) -> Flags {
        Flags(self.0 | (flag as u16) << (2 * column as u16))
    }

    /// The flag of a column.
    pub fn get(self, column: FlagColumn) -> Flag {
        match self.0 >> (2 * column as u16) & 3 {
            1 => Flag::No,
            2 => Flag::Yes,
            _ => Flag::Blank,
        }
    }
}

/// A line of an invoice. Days are in the zone of the invoice's policy.
#[derive(Clone, Copy, Debug)]
pub struct InvoiceLine {
    /// Where the row stands.
    pub place: Place,
    /// The line's id, unique within the invoice.
    pub line: Sym,
    /// What was sold.
    pub category: Sym,
    /// The line's total.
    pub amount: Amount,
    /// The amounts that few lines have: see [`Books::amount_of_line`].
    pub seldom: Filled,
    /// Payment.
    pub paid_on: Option<NaiveDate>,
    /// Work began.
    pub started_on: Option<NaiveDate>,
    /// Delivered or completed.
    pub delivered_on: Option<NaiveDate>,
    /// Approved by the client.
    pub accepted_on: Option<NaiveDate>,
    /// First day of the period billed.
    pub period_start: Option<NaiveDate>,
    /// Last day of the period billed.
    pub period_end: Option<NaiveDate>,
    /// Delivery of the work that a warranty line repairs.
    pub warranty_from: Option<NaiveDate>,
}

/// The policy of an invoice all of whose lines were rejected.
pub const NO_POLICY: u16 = u16::MAX;

/// An invoice: what its lines agree on. An invoice all of whose rows were rejected has no lines and is held back.
#[derive(Clone, Debug)]
pub struct Invoice {
    /// The invoice's id.
    pub id: Sym,
    /// Who was billed.
    pub account: Sym,
    /// Index of the policy family, as [`Vocabulary::families`] numbers it; [`NO_POLICY`] for an invoice without used lines.
    pub policy: u16,
    /// The date of the charge in the policy's zone. For an invoice without used lines, 1990-01-01.
    pub date: NaiveDate,
    /// The invoice's currency.
    pub currency: Currency,
    /// How it was paid: the first that a line records.
    pub payment_method: Sym,
    /// Its lines in [`Books::lines`].
    pub lines: Range<u32>,
    /// Its cases in [`Books::by_invoice`].
    pub requests: Range<u32>,
    /// Whether a rejected row holds back its cases and its own rules.
    pub held_back: bool,
}

/// A request: a case.
#[derive(Clone, Copy, Debug)]
pub struct Request {
    /// Where the row stands.
    pub place: Place,
    /// The request's id.
    pub id: Sym,
    /// Who asks.
    pub account: Sym,
    /// Index into [`Books::invoices`].
    pub invoice: u32,
    /// The one line that it is about, or blank for the whole invoice.
    pub line: Sym,
    /// The id of the request that it goes back to, or blank.
    pub parent: Sym,
    /// Index into [`Books::requests`] of that request, or [`NO_PARENT`] if none was named or its row was rejected.
    pub parent_index: u32,
    /// The sort of request.
    pub kind: Sym,
    /// How it came.
    pub channel: Sym,
    /// Why.
    pub reason: Sym,
    /// For an escalation: to whom.
    pub level: Sym,
    /// The project's stage as the case file records it.
    pub stage: Sym,
    /// What caused an outage.
    pub outage_cause: Sym,
    /// The request, or the notice, was received. Never blank.
    pub submitted_at: Stamp,
    /// The amounts and times that few requests have: see [`Books::amount_of`] and [`Books::time_of`].
    pub seldom: Filled,
    /// Account state, abuse, service level, complexity, documents.
    pub flags: Flags,
    /// The statement of work, or contract, to which it refers; blank if none was recorded.
    pub sow_reference: Sym,
    /// Whether a preferred method was recorded.
    pub preferred_method: bool,
    /// Whether a rejected row holds the case back.
    pub held_back: bool,
    /// Its decision rows in [`Books::by_request`]: the first's index.
    pub decisions_start: u32,
    /// And the index after the last's.
    pub decisions_end: u32,
}

/// Which of the seldom filled cells a record has filled, and where in [`Seldom`] their values lie.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Filled {
    pub(crate) start: u32,
    /// A bit for each of them that is filled, the lowest for the first.
    pub(crate) mask: u16,
}

/// The values of cells that few records fill, record by record, so that a blank takes no room.
#[derive(Clone, Debug, Default)]
pub struct Seldom(Vec<u64>);

/// The seldom filled cells of an invoice line, in the order of their values.
pub(crate) const LINE_AMOUNTS: [Column; 3] = [Column::Quantity, Column::UnitPrice, Column::ContractRate];
/// The amounts among those of a request; the times come after them.
pub(crate) const REQUEST_AMOUNTS: [AmountColumn; 9] = [
    AmountColumn::AmountRequested,
    AmountColumn::PercentComplete,
    AmountColumn::AdvancePaid,
    AmountColumn::RemainingBalance,
    AmountColumn::NoncompliantAmount,
    AmountColumn::TransactionsProcessed,
    AmountColumn::DisputedAmount,
    AmountColumn::WithheldAmount,
    AmountColumn::NoticeHours,
];
/// The times among them.
pub(crate) const REQUEST_TIMES: [RequestTime; 5] = [
    RequestTime::EffectiveOn,
    RequestTime::ChargebackOn,
    RequestTime::FixAttemptedOn,
    RequestTime::OutageStart,
    RequestTime::OutageEnd,
];
/// Those of a decision.
pub(crate) const DECISION_AMOUNTS: [AmountColumn; 3] =
    [AmountColumn::AdminFee, AmountColumn::CreditAmount, AmountColumn::FeeReturned];

impl Seldom {
    /// Adds a cell.
    #[inline(always)]
    pub(crate) fn push(&mut self, bits: u64) {
        self.0.push(bits);
    }

    /// How many cells there are. More than fit in this number are not kept.
    #[inline(always)]
    pub(crate) fn count(&self) -> u32 {
        self.0.len() as u32
    }

    /// Whether so many more cells find room.
    pub(crate) fn has_room(&self, more: usize) -> bool {
        self.0.len() + more <= u32::MAX as usize
    }

    /// Changes the bits of a cell.
    pub(crate) fn change(&mut self, at: u32, change: impl FnOnce(u64) -> u64) {
        if let Some(bits) = self.0.get_mut(at as usize) {
            *bits = change(*bits);
        }
    }

    /// Adds the cells of other records.
    pub(crate) fn append(&mut self, mut other: Seldom) {
        self.0.append(&mut other.0);
    }

    fn get(&self, filled: Filled, at: Option<usize>) -> Option<u64> {
        let bit = 1_u16 << at?;
        if filled.mask & bit == 0 {
            return None;
        }
        let before = (filled.mask & (bit - 1)).count_ones();
        self.0.get((filled.start + before) as usize).copied()
    }

    fn amount(&self, filled: Filled, at: Option<usize>) -> Amount {
        self.get(filled, at).map_or(Amount::BLANK, Amount::from_bits)
    }
}

/// [`Request::parent_index`] of a request without a readable parent.
pub const NO_PARENT: u32 = u32::MAX;

/// A decision row.
#[derive(Clone, Copy, Debug)]
pub struct Decision {
    /// Where the row stands.
    pub place: Place,
    /// The decision's id.
    pub id: Sym,
    /// What was decided.
    pub outcome: Sym,
    /// Receipt confirmed.
    pub acknowledged_at: Stamp,
    /// Decided.
    pub decided_at: Stamp,
    /// Money sent.
    pub processed_at: Stamp,
    /// Money arrived.
    pub received_at: Stamp,
    /// Cash returned.
    pub refund_amount: Amount,
    /// The amounts that few decisions have: see [`Books::amount_of_decision`].
    pub seldom: Filled,
    /// Of the money in this row; `None` is the invoice's.
    pub currency: Option<Currency>,
    /// How the money was sent.
    pub refund_method: Sym,
    /// What was done.
    pub remedy: Sym,
    /// Who decided.
    pub decided_by: Sym,
    /// Whether a confirmation's reference number was recorded.
    pub reference: bool,
    /// Whether a reason, method or calculation was given.
    pub explanation: bool,
    /// Whether the denial explained how to appeal.
    pub appeal_explained: Flag,
}

/// A row that could not be used.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reject {
    /// Where the row stands.
    pub place: Place,
    /// The physical line on which the row begins, the header's being 1.
    pub line: u64,
    /// The column at fault, by its name in the header; empty if it is the row as a whole.
    pub column: String,
    /// The value at fault.
    pub value: String,
    /// Why, in a sentence that also says what was expected.
    pub reason: String,
}

/// A case that is not evaluated because it rests on rejected rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldBack {
    /// The case.
    pub request_id: String,
    /// Its invoice, empty where that cannot be read.
    pub invoice_id: String,
    /// The rejected rows that hold it back, in order; for an appeal or escalation those of its parent.
    pub because: Vec<Place>,
}

/// Rows and money per export: `read = used + rejected`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reconciliation {
    /// Per currency code, the sum of `amount` over used and rejected invoice rows, where the cell can be read.
    pub invoiced: Vec<MoneySplit>,
    /// The same of `refund_amount` over decision rows; a row without a currency of its own counts in its invoice's,
    /// and under an empty code where that cannot be told.
    pub refunded: Vec<MoneySplit>,
}

/// A sum of money over used and over rejected rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MoneySplit {
    /// ISO 4217 code, or empty where it cannot be told.
    pub currency: String,
    /// Sum over used rows.
    pub used: rust_decimal::Decimal,
    /// Sum over rejected rows whose cell could be read.
    pub rejected: rust_decimal::Decimal,
}

/// Everything that was read: the population of an audit.
#[derive(Default)]
pub struct Books {
    /// The files, in the order in which they were read: invoices, requests, decisions.
    pub files: Vec<ExportFile>,
    /// Every text.
    pub texts: Texts,
    /// Amounts too wide for eight bytes.
    pub wide: WideAmounts,
    /// Used invoice lines, grouped by invoice, in file order within it.
    pub lines: Vec<InvoiceLine>,
    /// In order of first sight.
    pub invoices: Vec<Invoice>,
    /// What records seldom have.
    pub seldom: Seldom,
    /// Used requests, in file order.
    pub requests: Vec<Request>,
    /// Used decision rows, in file order.
    pub decisions: Vec<Decision>,
    /// Indices into `requests`, grouped by invoice, in file order within it.
    pub by_invoice: Vec<u32>,
    /// Indices into `decisions`, grouped by request, in file order within it.
    pub by_request: Vec<u32>,
    /// Indices of used requests, grouped by the id of their parent: see [`Books::children`].
    pub children: Vec<u32>,
    /// Where in `children` those of a parent's id begin: `(parent id, start, end)`, sorted by id number.
    pub children_of: Vec<(Sym, u32, u32)>,
    /// Every rejected row, in order of place.
    pub rejects: Vec<Reject>,
    /// Every case held back, in order of request id.
    pub held_back: Vec<HeldBack>,
    /// Cases in all: every request id that can be read.
    pub cases: u64,
    /// Sums of money over rows used and rejected.
    pub reconciliation: Reconciliation,
}

impl Books {
    /// The text of a number.
    pub fn text(&self, sym: Sym) -> &str {
        self.texts.get(sym)
    }

    /// Whether the file of a record has the column.
    #[inline]
    pub fn has(&self, place: Place, column: Column) -> bool {
        self.files.get(usize::from(place.file)).is_some_and(|f| f.columns.has(column))
    }

    /// `file:record`, as evidence is cited.
    pub fn cite(&self, place: Place) -> String {
        format!("{}:{}", self.files[usize::from(place.file)].name, place.record)
    }

    /// An invoice's lines.
    pub fn lines_of(&self, invoice: &Invoice) -> &[InvoiceLine] {
        &self.lines[invoice.lines.start as usize..invoice.lines.end as usize]
    }

    /// An invoice's cases, used rows only.
    pub fn requests_of(&self, invoice: &Invoice) -> impl ExactSizeIterator<Item = &Request> + Clone {
        let places = &self.by_invoice[invoice.requests.start as usize..invoice.requests.end as usize];
        places.iter().map(|at| &self.requests[*at as usize])
    }

    /// Looks at requests and their decisions, so that they are near afterwards: memory is waited for once, not case by case.
    pub(crate) fn touch<'b>(&'b self, requests: impl Iterator<Item = &'b Request> + Clone) {
        let of_request = |request: &Request| request.submitted_at.to_bits() ^ u64::from(request.decisions_start);
        let of_decision = |decision: &Decision| decision.decided_at.to_bits() ^ decision.outcome.bits();
        let seen = requests.clone().fold(0, |seen, request| seen ^ of_request(request));
        let decisions = requests.flat_map(|request| self.decisions_of(request));
        std::hint::black_box(decisions.fold(seen, |seen, decision| seen ^ of_decision(decision)));
    }

    /// A case's decision rows.
    pub fn decisions_of(&self, request: &Request) -> impl ExactSizeIterator<Item = &Decision> + Clone {
        let places = &self.by_request[request.decisions_start as usize..request.decisions_end as usize];
        places.iter().map(|at| &self.decisions[*at as usize])
    }

    /// The quantity, the unit price or the contract rate of an invoice line.
    pub fn amount_of_line(&self, line: &InvoiceLine, column: Column) -> Amount {
        self.seldom.amount(line.seldom, LINE_AMOUNTS.iter().position(|c| *c == column))
    }

    /// An amount of a request; blank for a column of the decisions.
    pub fn amount_of(&self, request: &Request, column: AmountColumn) -> Amount {
        self.seldom.amount(request.seldom, REQUEST_AMOUNTS.iter().position(|c| *c == column))
    }

    /// An amount of a decision row; blank for a column of the requests.
    pub fn amount_of_decision(&self, row: &Decision, column: AmountColumn) -> Amount {
        match column {
            AmountColumn::RefundAmount => row.refund_amount,
            _ => self.seldom.amount(row.seldom, DECISION_AMOUNTS.iter().position(|c| *c == column)),
        }
    }

    /// A time of a request.
    pub fn time_of(&self, request: &Request, column: RequestTime) -> Stamp {
        let at = REQUEST_TIMES.iter().position(|c| *c == column).map(|at| REQUEST_AMOUNTS.len() + at);
        self.seldom.get(request.seldom, at).map_or(Stamp::BLANK, Stamp::from_bits)
    }

    /// The used requests that name this request as the one they go back to.
    pub fn children(&self, parent: Sym) -> impl Iterator<Item = &Request> {
        let found = self.children_of.binary_search_by_key(&parent.index(), |(id, ..)| id.index());
        let range = found.map_or(0..0, |at| self.children_of[at].1 as usize..self.children_of[at].2 as usize);
        self.children[range].iter().map(|&at| &self.requests[at as usize])
    }

    /// A case by its id; `None` if no used row has it.
    pub fn request(&self, id: &str) -> Option<&Request> {
        let id = self.texts.find(id)?;
        // An id is used once, so that any that is found is the one.
        self.requests.par_iter().find_any(|r| r.id == id)
    }
}

/// The words and families that reading needs from the loaded policies, with which a row's codes are judged known.
pub struct Vocabulary {
    /// Policy families: normal code, and the zone in which its dates are taken. The index is [`Invoice::policy`].
    pub families: Vec<(String, crate::time::Zone)>,
    /// Known categories of invoice lines, as normal codes.
    pub categories: Vec<String>,
    /// Known kinds of request.
    pub kinds: Vec<String>,
    /// Known outcomes of a decision.
    pub outcomes: Vec<String>,
}

impl Vocabulary {
    /// Adds the words of another, which has the same families.
    pub fn add(&mut self, other: Vocabulary) {
        for (own, more) in [
            (&mut self.categories, other.categories),
            (&mut self.kinds, other.kinds),
            (&mut self.outcomes, other.outcomes),
        ] {
            own.extend(more);
            own.sort_unstable();
            own.dedup();
        }
    }
}

/// Where the files of a table lie.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// One or more invoice exports.
    pub invoices: Vec<Export>,
    /// One or more request exports.
    pub requests: Vec<Export>,
    /// One or more decision exports.
    pub decisions: Vec<Export>,
    /// The mapping file by which they are read, if there is one.
    pub mapping: Option<document::Source>,
}

impl Sources {
    /// `invoices.csv`, `requests.csv` and `decisions.csv` of a folder, in the canonical form.
    pub fn canonical(folder: &Path) -> Sources {
        let [invoices, requests, decisions] =
            Table::ALL.map(|table| vec![folder.join(format!("{}.csv", table.name())).into()]);
        Sources { invoices, requests, decisions, mapping: None }
    }

    /// The exports of a table.
    pub fn of(&self, table: Table) -> &[Export] {
        match table {
            Table::Invoices => &self.invoices,
            Table::Requests => &self.requests,
            Table::Decisions => &self.decisions,
        }
    }

    /// The exports of a table, to be changed.
    pub fn of_mut(&mut self, table: Table) -> &mut Vec<Export> {
        match table {
            Table::Invoices => &mut self.invoices,
            Table::Requests => &mut self.requests,
            Table::Decisions => &mut self.decisions,
        }
    }

    /// The forms of dates that the data settled, each once.
    pub fn settled(&self) -> Vec<(Table, &SettledDates)> {
        let mut settled = Vec::new();
        for (table, export) in self.all() {
            let found = export.source.iter().flat_map(|source| &source.settled).map(|dates| (table, dates));
            let new: Vec<_> = found.filter(|dates| !settled.contains(dates)).collect();
            settled.extend(new);
        }
        settled
    }

    /// All exports, table by table.
    pub fn all(&self) -> impl Iterator<Item = (Table, &Export)> {
        Table::ALL.into_iter().flat_map(|table| self.of(table).iter().map(move |export| (table, export)))
    }
}

/// A file that feeds a table.
#[derive(Clone, Debug)]
pub struct Export {
    /// Where it lies.
    pub path: PathBuf,
    /// How its rows become rows of the table, if they are not in the canonical form.
    pub source: Option<Arc<Source>>,
}

impl<P: Into<PathBuf>> From<P> for Export {
    fn from(path: P) -> Export {
        Export { path: path.into(), source: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_flag_of_a_request_is_its_own() {
        let all = [FlagColumn::GoodStanding, FlagColumn::FraudFlag, FlagColumn::Complex, FlagColumn::DocumentsAttached];
        for column in all {
            for flag in [Flag::Blank, Flag::No, Flag::Yes] {
                let flags = Flags::default().with(FlagColumn::WithinSla, Flag::Yes).with(column, flag);
                assert_eq!((flags.get(column), flags.get(FlagColumn::WithinSla)), (flag, Flag::Yes));
                let others = all.into_iter().filter(|other| *other != column);
                assert!(others.into_iter().all(|other| flags.get(other) == Flag::Blank));
            }
        }
    }

    #[test]
    fn a_request_is_no_larger_than_it_must_be() {
        assert_eq!(size_of::<Request>(), 88);
    }
}
