//! A case as a check sees it: a request with its invoice, its decision rows, its parent and its siblings, read by the
//! rules of one policy version and as of one day.

use crate::check::lines::Exclusions;
use crate::check::outcome::{Bounds, Truth, plus};
use crate::column::{AmountColumn, CodeColumn, Column, FlagColumn, LineEvent, RequestTime};
use crate::margin::{AmountMargin, DayMargin, End, Margin};
use crate::money::{self, Amount, Currency};
use crate::plan::Plan;
use crate::policy::amendment::Governed;
use crate::policy::condition::{Count, State, States, Term};
use crate::policy::{OutcomeClass, Policy};
use crate::record::{Books, Cell, Decision, Flag, Invoice, InvoiceLine, NO_PARENT, Place, Request};
use crate::suppose::Supposable;
use crate::text::Sym;
use crate::time::{Stamp, Zone};
use crate::trail::Trail;
use chrono::NaiveDate;
use rust_decimal::Decimal;
use std::cell::OnceCell;

/// What all cases of a run share.
pub struct Context<'a> {
    /// The population.
    pub books: &'a Books,
    /// The outcomes' meaning.
    pub outcomes: Vec<(Sym, OutcomeClass)>,
    /// The invoices that amendments govern.
    pub governed: Governed,
    /// The as-of date.
    pub as_of: NaiveDate,
    /// Whether the as-of date was asked for: then what lies after it has not happened yet.
    pub as_of_given: bool,
}

impl Context<'_> {
    /// What an outcome means. Reading rejects outcomes that are not in the list.
    pub fn class(&self, outcome: Sym) -> OutcomeClass {
        self.outcomes.iter().find(|(word, _)| *word == outcome).map_or(OutcomeClass::Pending, |(_, class)| *class)
    }
}

/// A decision row with its meaning as of the run's day.
#[derive(Clone, Copy)]
pub struct Row<'a> {
    /// The record.
    pub record: &'a Decision,
    /// Its outcome's meaning; pending if it was decided after the as-of date.
    pub class: OutcomeClass,
    /// Its day of decision.
    decided: Cell<NaiveDate>,
}

impl Row<'_> {
    /// Whether it approves or denies.
    pub fn rules(&self) -> bool {
        matches!(self.class, OutcomeClass::Accepted | OutcomeClass::Denied)
    }

    /// Whether it is neither pending nor withdrawn.
    pub fn live(&self) -> bool {
        self.rules()
    }

    /// The day of its decision.
    pub fn day(&self) -> Cell<NaiveDate> {
        self.decided
    }

    /// By which rows are put in order: those that rule by their instant, rows without one last, then by their id.
    pub fn order<'b>(&self, books: &'b Books, zone: Zone) -> (bool, i64, &'b str) {
        let supposed = |day| Stamp::date(day).instant_in(zone);
        let instant =
            self.decided.value().and_then(|day| self.record.decided_at.instant_in(zone).or_else(|| supposed(day)));
        (instant.is_none(), instant.unwrap_or_default(), books.text(self.record.id))
    }
}

/// In which states a case surely is and in which it surely is not. What rests on an absent column, or on what is supposed
/// of a cell, is in neither: it is to be asked, so that the trail says what was consulted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Standing {
    /// It surely is.
    pub within: States,
    /// It surely is not.
    pub outside: States,
}

impl Standing {
    /// Whether it is in all of several states; unknown if one of them is to be asked.
    #[inline]
    pub fn within_all(self, states: States) -> Truth {
        match (self.within.has_all(states), self.within.union(self.outside).has_all(states)) {
            (true, _) => Truth::Yes,
            (_, true) => Truth::No,
            _ => Truth::Unknown,
        }
    }
}

/// A case, read by a policy version.
#[derive(Clone, Copy)]
pub struct Case<'a> {
    /// What all cases share.
    pub run: &'a Context<'a>,
    /// The rules that judge it.
    pub plan: &'a Plan<'a>,
    /// The request.
    pub request: &'a Request,
    /// Its invoice.
    pub invoice: &'a Invoice,
    /// The lines that it is about: the one it names, or all.
    pub asked: &'a [InvoiceLine],
    /// The same; in a rule about certain categories, those that remain.
    pub target: &'a [InvoiceLine],
    /// The decision, if there is any row.
    pub decision: Option<Row<'a>>,
    /// What became of it, as far as that is sure.
    pub standing: Standing,
    /// The day of submission.
    pub submitted: NaiveDate,
    /// What the lines that the policy excludes are; worked out once.
    pub exclusions: &'a OnceCell<Exclusions>,
    /// What was consulted.
    pub trail: &'a Trail,
}

impl<'a> Case<'a> {
    /// The case of a request under the rules of a plan. `exclusions` is its own; `trail` may be shared.
    pub fn new(
        run: &'a Context<'a>,
        plan: &'a Plan<'a>,
        request: &'a Request,
        exclusions: &'a OnceCell<Exclusions>,
        trail: &'a Trail,
    ) -> Case<'a> {
        let invoice = &run.books.invoices[request.invoice as usize];
        let lines = run.books.lines_of(invoice);
        let target = match lines.iter().position(|line| line.line == request.line) {
            Some(at) => &lines[at..=at],
            None => lines,
        };
        let decision = Case::decision_of(run, plan.policy, request, trail);
        let submitted = request.submitted_at.day(plan.policy.zone).unwrap_or_default();
        let standing = Standing::default();
        let case = Case {
            run,
            plan,
            request,
            invoice,
            asked: target,
            target,
            decision,
            standing,
            submitted,
            exclusions,
            trail,
        };
        Case { standing: case.standing(), ..case }
    }

    /// What is known of its states without a trace of what was consulted. Under a supposition that is nothing.
    fn standing(&self) -> Standing {
        let mut standing = Standing::default();
        if self.trail.supposes() {
            return standing;
        }
        if self.decision.is_none() {
            return Standing { outside: State::ALL.into_iter().collect(), ..standing };
        }
        let trail = Trail::default();
        let case = Case { trail: &trail, ..*self };
        for state in State::ALL {
            match case.ask_state(state) {
                _ if !trail.absent().is_empty() => trail.forget(),
                Truth::Yes => standing.within = standing.within.with(state),
                Truth::No => standing.outside = standing.outside.with(state),
                Truth::Unknown => {}
            }
        }
        standing
    }

    /// Another case of the same invoice, as this one's rules read it; only its own facts may be asked, not what its
    /// target excludes.
    pub fn of_request(&self, request: &'a Request) -> Case<'a> {
        Case::new(self.run, self.plan, request, self.exclusions, self.trail)
    }

    /// The refund and the credit of the decision.
    pub fn money_of_decision(&self) -> (Bounds, Bounds) {
        (self.term(Term::Refund), self.term(Term::Credit))
    }

    /// The records.
    pub fn books(&self) -> &'a Books {
        self.run.books
    }

    /// The same case, about other lines.
    pub fn about<'b>(&'b self, target: &'b [InvoiceLine]) -> Case<'b> {
        Case { target, ..*self }
    }

    /// The invoice's currency, in which all its money is reckoned.
    pub fn currency(&self) -> Currency {
        self.invoice.currency
    }

    /// One minor unit.
    pub fn unit(&self) -> Decimal {
        money::unit(self.invoice.currency)
    }

    /// An amount as text with its currency.
    pub fn show(&self, amount: Decimal) -> String {
        format!("{} {}", money::show(amount, self.currency()), self.currency().code())
    }

    /// An amount of which perhaps only bounds are known, as text.
    pub fn show_bounds(&self, amount: Bounds) -> String {
        match (amount.known(), amount.low.is_zero()) {
            (Some(known), _) => self.show(known),
            (None, true) => "an unknown amount".to_owned(),
            (None, false) => format!("at least {}", self.show(amount.low)),
        }
    }

    #[inline]
    fn cell<T: Supposable>(&self, place: Place, column: Column, value: Option<T>) -> Cell<T> {
        self.trail.cell(self.books(), place, column, value)
    }

    /// A text of which only is kept whether it was recorded.
    pub fn present(&self, place: Place, column: Column, recorded: bool) -> Cell<()> {
        self.cell(place, column, recorded.then_some(()))
    }

    // ---- the decision ----------------------------------------------------------------------------------------------

    /// A decision row of this case or of another under the same policy.
    pub fn row(run: &Context<'a>, policy: &Policy, record: &'a Decision, trail: &Trail) -> Row<'a> {
        let day = record.decided_at.day(policy.zone);
        let day = trail.peek(run.books, record.place, Column::DecidedAt, day);
        let later = run.as_of_given && day.value().is_some_and(|day| day > run.as_of);
        let decided = if later { Cell::Blank } else { day };
        let class = if later { OutcomeClass::Pending } else { run.class(record.outcome) };
        Row { record, class, decided }
    }

    /// *The decision* of a request: the earliest row that approves or denies, then the smallest id; if there is none, a
    /// withdrawn row before a pending one.
    pub fn decision_of(run: &Context<'a>, policy: &Policy, request: &Request, trail: &Trail) -> Option<Row<'a>> {
        let mut rows = run.books.decisions_of(request).map(|record| Case::row(run, policy, record, trail));
        let first = rows.next()?;
        let order = |a: &Row<'a>, b: &Row<'a>| {
            let rank = |row: &Row<'_>| match row.class {
                OutcomeClass::Accepted | OutcomeClass::Denied => 0,
                OutcomeClass::Withdrawn => 1,
                OutcomeClass::Pending => 2,
            };
            let books = run.books;
            rank(a).cmp(&rank(b)).then_with(|| match a.rules() {
                true => a.order(books, policy.zone).cmp(&b.order(books, policy.zone)),
                false => books.text(a.record.id).cmp(books.text(b.record.id)),
            })
        };
        Some(rows.fold(first, |best, row| if order(&row, &best).is_lt() { row } else { best }))
    }

    /// The case's rows.
    pub fn rows(&self) -> impl Iterator<Item = Row<'a>> + use<'a> {
        let (run, policy, decision, trail) = (self.run, self.plan.policy, self.decision, self.trail);
        let is_decision = move |record: &'a Decision| decision.filter(|row| std::ptr::eq(row.record, record));
        let records = run.books.decisions_of(self.request);
        records.map(move |record| is_decision(record).unwrap_or_else(|| Case::row(run, policy, record, trail)))
    }

    /// The class of the decision's outcome; `None` without a row.
    pub fn class(&self) -> Option<OutcomeClass> {
        self.decision.map(|row| row.class)
    }

    /// The day of a decided decision.
    pub fn decided(&self) -> Cell<NaiveDate> {
        match self.decision {
            Some(row) if row.rules() => {
                if row.day() == Cell::Absent {
                    self.trail.missing(Column::DecidedAt);
                }
                row.day()
            }
            _ => Cell::Blank,
        }
    }

    /// The day by which something happened "by the decision": that of the decision, or the as-of date if it has none.
    pub fn decided_or_as_of(&self) -> Cell<NaiveDate> {
        match self.decision.map(|row| row.day()) {
            Some(Cell::Value(day)) => Cell::Value(day),
            Some(Cell::Absent) => {
                self.trail.missing(Column::DecidedAt);
                Cell::Absent
            }
            Some(Cell::Blank) | None => Cell::Value(self.run.as_of),
        }
    }

    /// What became of the case.
    #[inline]
    pub fn state(&self, state: State) -> Truth {
        match state {
            _ if self.standing.within.has(state) => Truth::Yes,
            _ if self.standing.outside.has(state) => Truth::No,
            _ => self.ask_state(state),
        }
    }

    fn ask_state(&self, state: State) -> Truth {
        let Some(row) = self.decision else { return Truth::No };
        let decided = || match self.decided() {
            Cell::Value(_) => Truth::Yes,
            Cell::Blank => Truth::No,
            Cell::Absent => Truth::Unknown,
        };
        match state {
            State::Decided => decided(),
            State::Accepted => Truth::from(row.class == OutcomeClass::Accepted).and_then(decided),
            State::Denied => Truth::from(row.class == OutcomeClass::Denied).and_then(decided),
            State::Live => row.live().into(),
            State::Pays => Truth::from(row.live()).and_then(|| self.above_zero(AmountColumn::RefundAmount)),
            State::GivesMoney => Truth::from(row.live()).and_then(|| {
                Truth::any([AmountColumn::RefundAmount, AmountColumn::CreditAmount].map(|money| self.above_zero(money)))
            }),
            State::Processed => match self.processed() {
                Cell::Value(_) => Truth::Yes,
                Cell::Blank => Truth::No,
                Cell::Absent => Truth::Unknown,
            },
        }
    }

    /// Those of several states in which it surely is not.
    pub fn states_ruled_out(&self, asked: States) -> States {
        State::ALL.into_iter().filter(|state| asked.has(*state) && self.state(*state) == Truth::No).collect()
    }

    /// Whether the decision's money is in the invoice's currency, and so can be compared with amounts of the invoice.
    pub fn comparable(&self) -> bool {
        self.decision.is_none_or(|row| self.in_invoice_currency(row.record))
    }

    /// Whether a row's money is in the invoice's currency.
    pub fn in_invoice_currency(&self, row: &Decision) -> bool {
        row.currency.is_none_or(|currency| currency == self.invoice.currency)
    }

    // ---- days ------------------------------------------------------------------------------------------------------

    /// The day of an event; one after an as-of date that was asked for has not happened yet.
    #[inline]
    fn event(&self, place: Place, column: Column, stamp: Stamp) -> Cell<NaiveDate> {
        self.cell(place, column, stamp.day(self.plan.policy.zone)).not_after(self.cutoff())
    }

    /// The last day on which an event has happened that an export shows.
    pub fn cutoff(&self) -> NaiveDate {
        if self.run.as_of_given { self.run.as_of } else { NaiveDate::MAX }
    }

    /// When the money was sent.
    pub fn processed(&self) -> Cell<NaiveDate> {
        let row = self.decision.map(|row| row.record);
        row.map_or(Cell::Blank, |r| self.event(r.place, Column::ProcessedAt, r.processed_at))
    }

    /// When the money arrived.
    pub fn received(&self) -> Cell<NaiveDate> {
        let row = self.decision.map(|row| row.record);
        row.map_or(Cell::Blank, |r| self.event(r.place, Column::ReceivedAt, r.received_at))
    }

    /// When a row confirmed receipt.
    pub fn acknowledged_in(&self, row: &Decision) -> Cell<NaiveDate> {
        self.event(row.place, Column::AcknowledgedAt, row.acknowledged_at)
    }

    /// When a row's money was sent, and when it arrived.
    pub fn sent_and_received(&self, row: &Decision) -> (Cell<NaiveDate>, Cell<NaiveDate>) {
        (
            self.event(row.place, Column::ProcessedAt, row.processed_at),
            self.event(row.place, Column::ReceivedAt, row.received_at),
        )
    }

    /// The earliest receipt confirmed over all rows, and whether it may have been earlier still.
    pub fn acknowledged(&self) -> (Option<NaiveDate>, Truth) {
        let mut earliest = None;
        let mut earlier = Truth::No;
        for record in self.books().decisions_of(self.request) {
            match self.acknowledged_in(record) {
                Cell::Value(day) => earliest = Some(earliest.map_or(day, |e: NaiveDate| e.min(day))),
                Cell::Blank => {}
                Cell::Absent => earlier = Truth::Unknown,
            }
        }
        (earliest, earlier)
    }

    /// A time in the request, as written.
    pub fn stamp(&self, column: RequestTime) -> Cell<Stamp> {
        let r = self.request;
        let stamp = self.books().time_of(r, column);
        self.cell(r.place, column.into(), Some(stamp).filter(|s| !s.is_blank()))
    }

    /// A day in the request. A chargeback or a correction after an as-of date that was asked for has not happened yet;
    /// a cancellation may take effect after it.
    pub fn request_day(&self, column: RequestTime) -> Cell<NaiveDate> {
        let day = match self.stamp(column) {
            Cell::Value(stamp) => stamp.day(self.plan.policy.zone).map_or(Cell::Blank, Cell::Value),
            Cell::Blank => Cell::Blank,
            Cell::Absent => Cell::Absent,
        };
        match column {
            RequestTime::ChargebackOn | RequestTime::FixAttemptedOn => day.not_after(self.cutoff()),
            RequestTime::EffectiveOn | RequestTime::OutageStart | RequestTime::OutageEnd => day,
        }
    }

    /// Whole minutes between the outage's ends, and the day on which it began. `None` without both, or if reversed.
    pub fn outage(&self) -> Option<(i64, NaiveDate)> {
        let [start, end] = [RequestTime::OutageStart, RequestTime::OutageEnd].map(|column| {
            let cell = self.stamp(column);
            if cell == Cell::Blank {
                self.trail.unrecorded(column);
            }
            cell.value()
        });
        let (start, zone) = (start?, self.plan.policy.zone);
        let (from, to) = (start.instant_in(zone)?, end?.instant_in(zone)?);
        (to >= from).then_some((crate::time::whole_minutes(from, to), start.day(zone)?))
    }

    /// The last day of a term. `None` where the calendar does not reach.
    pub fn last_day(&self, from: NaiveDate, count: Count) -> Option<NaiveDate> {
        let last = self.plan.policy.last_day(from, count)?;
        self.trail.note(|| crate::wording::day_count(self.plan.policy, from, last, count));
        Some(last)
    }

    // ---- margins ---------------------------------------------------------------------------------------------------

    /// Leaves how far a day lies from the last or the first of a term.
    pub fn day_margin(&self, what: &'static str, day: NaiveDate, limit: (NaiveDate, End), term: Count) {
        self.trail.margin(|| DayMargin::of(self.plan.policy, what, day, limit, term).map(Margin::Day));
    }

    /// Leaves how far an amount lies from a limit, if both are known; the rule lets them differ by one unit.
    pub fn amount_margin(&self, what: &'static str, actual: Bounds, limit: Bounds) {
        self.trail.margin(|| {
            let (actual, limit, currency) = (actual.known()?, limit.known()?, self.currency());
            Some(Margin::Amount(AmountMargin { what, actual, limit, tolerance: self.unit(), currency }))
        });
    }

    // ---- lines -----------------------------------------------------------------------------------------------------

    /// The day of an event in the life of a line.
    pub fn line_day(&self, line: &InvoiceLine, event: LineEvent) -> Cell<NaiveDate> {
        let day = match event {
            LineEvent::PaidOn => line.paid_on,
            LineEvent::StartedOn => line.started_on,
            LineEvent::DeliveredOn => line.delivered_on,
            LineEvent::AcceptedOn => line.accepted_on,
        };
        self.cell(line.place, event.into(), day).not_after(self.cutoff())
    }

    /// Whether an event in the life of a line happened by submission.
    pub fn happened(&self, line: &InvoiceLine, event: LineEvent) -> Truth {
        self.line_day(line, event).by(self.submitted)
    }

    /// Whether an event happened by submission to any line of the target.
    pub fn any_happened(&self, event: LineEvent) -> Truth {
        Truth::any(self.target.iter().map(|line| self.happened(line, event)))
    }

    /// An optional cell of a line.
    pub fn line_date(&self, line: &InvoiceLine, column: Column, day: Option<NaiveDate>) -> Cell<NaiveDate> {
        self.cell(line.place, column, day)
    }

    /// What a line costs. Its cell is required.
    pub fn line_amount(&self, line: &InvoiceLine) -> Decimal {
        line.amount.value(&self.books().wide).unwrap_or_default()
    }

    /// What several lines cost.
    pub fn sum<'b>(&self, lines: impl IntoIterator<Item = &'b InvoiceLine>) -> Decimal {
        lines.into_iter().map(|line| self.line_amount(line)).reduce(plus).unwrap_or_default()
    }

    // ---- cells of the request and the decision ---------------------------------------------------------------------

    /// A word. That of a decision that counts as pending is as recorded, except its outcome.
    pub fn code(&self, column: CodeColumn) -> Cell<Sym> {
        let r = self.request;
        let of_decision = |column: Column, pick: fn(&Decision) -> Sym| {
            let row = self.decision.map(|row| row.record);
            row.map_or(Cell::Blank, |d| self.code_cell(d.place, column, pick(d)))
        };
        match column {
            CodeColumn::Kind => Cell::Value(r.kind),
            CodeColumn::Channel
            | CodeColumn::Reason
            | CodeColumn::Level
            | CodeColumn::Stage
            | CodeColumn::OutageCause => self.code_of(r, column),
            CodeColumn::Outcome => match self.decision {
                Some(row) if row.class == self.run.class(row.record.outcome) => Cell::Value(row.record.outcome),
                _ => Cell::Blank,
            },
            CodeColumn::RefundMethod => of_decision(Column::RefundMethod, |d| d.refund_method),
            CodeColumn::Remedy => of_decision(Column::Remedy, |d| d.remedy),
            CodeColumn::PaymentMethod => {
                let place = self.books().lines_of(self.invoice).first().map(|line| line.place);
                place.map_or(Cell::Blank, |p| self.code_cell(p, Column::PaymentMethod, self.invoice.payment_method))
            }
        }
    }

    /// A word in a request, this one or another.
    #[inline]
    pub fn code_of(&self, request: &Request, column: CodeColumn) -> Cell<Sym> {
        let word = match column {
            CodeColumn::Kind => request.kind,
            CodeColumn::Channel => request.channel,
            CodeColumn::Reason => request.reason,
            CodeColumn::Level => request.level,
            CodeColumn::Stage => request.stage,
            CodeColumn::OutageCause => request.outage_cause,
            CodeColumn::Outcome | CodeColumn::RefundMethod | CodeColumn::Remedy | CodeColumn::PaymentMethod => {
                Sym::BLANK
            }
        };
        self.code_cell(request.place, column.into(), word)
    }

    #[inline]
    fn code_cell(&self, place: Place, column: Column, word: Sym) -> Cell<Sym> {
        self.cell(place, column, Some(word).filter(|w| !w.is_blank()))
    }

    /// A flag; blank where it was not recorded.
    pub fn flag(&self, column: FlagColumn) -> Cell<bool> {
        let r = self.request;
        let (place, flag) = match column {
            FlagColumn::AppealExplained => match self.decision {
                Some(row) => (row.record.place, row.record.appeal_explained),
                None => return Cell::Blank,
            },
            of_request => (r.place, r.flags.get(of_request)),
        };
        let value = match flag {
            Flag::Blank => None,
            Flag::No => Some(false),
            Flag::Yes => Some(true),
        };
        self.cell(place, column.into(), value)
    }

    /// An amount as recorded.
    pub fn amount(&self, column: AmountColumn) -> Cell<Decimal> {
        let Some((place, amount)) = self.amount_cell(column) else { return Cell::Blank };
        self.cell(place, column.into(), amount.value(&self.books().wide))
    }

    /// Whether an amount is above zero.
    pub fn above_zero(&self, column: AmountColumn) -> Truth {
        let cell = match self.amount_cell(column) {
            Some((place, amount)) => {
                self.cell(place, column.into(), (!amount.is_blank()).then(|| amount.is_positive()))
            }
            None => Cell::Blank,
        };
        match cell {
            Cell::Value(positive) => positive.into(),
            Cell::Blank if column.blank_is_zero() => Truth::No,
            Cell::Blank => {
                self.trail.unrecorded(column);
                Truth::Unknown
            }
            Cell::Absent => Truth::Unknown,
        }
    }

    /// The cell of an amount and where it stands; `None` for one of a decision that there is not.
    fn amount_cell(&self, column: AmountColumn) -> Option<(Place, Amount)> {
        let r = self.request;
        match column {
            AmountColumn::RefundAmount
            | AmountColumn::AdminFee
            | AmountColumn::CreditAmount
            | AmountColumn::FeeReturned => {
                self.decision.map(|row| (row.record.place, self.books().amount_of_decision(row.record, column)))
            }
            _ => Some((r.place, self.books().amount_of(r, column))),
        }
    }

    /// An amount as far as it is known: a blank says zero, or that it was not recorded, by the column.
    pub fn bounds(&self, column: AmountColumn) -> Bounds {
        match self.amount(column) {
            Cell::Value(amount) => Bounds::exactly(amount),
            Cell::Blank if column.blank_is_zero() => Bounds::exactly(Decimal::ZERO),
            Cell::Blank => {
                self.trail.unrecorded(column);
                Bounds::UNKNOWN
            }
            Cell::Absent => Bounds::UNKNOWN,
        }
    }

    /// The refund and the credit of any row.
    pub fn money_of(&self, row: &Decision) -> (Bounds, Bounds) {
        let bounds = |column: AmountColumn| {
            let amount = self.books().amount_of_decision(row, column);
            match self.cell(row.place, column.into(), amount.value(&self.books().wide)) {
                Cell::Value(amount) => Bounds::exactly(amount),
                Cell::Blank => Bounds::exactly(Decimal::ZERO),
                Cell::Absent => Bounds::UNKNOWN,
            }
        };
        (bounds(AmountColumn::RefundAmount), bounds(AmountColumn::CreditAmount))
    }

    /// An amount that a rule compares. One that is not recorded has no bounds.
    pub fn term(&self, term: Term) -> Bounds {
        match term {
            Term::Refund => self.bounds(AmountColumn::RefundAmount),
            Term::Credit => self.bounds(AmountColumn::CreditAmount),
            Term::Money => self.bounds(AmountColumn::RefundAmount) + self.bounds(AmountColumn::CreditAmount),
            Term::FeeReturned => self.bounds(AmountColumn::FeeReturned),
            Term::Withheld => self.bounds(AmountColumn::WithheldAmount),
            Term::AdminFee => self.bounds(AmountColumn::AdminFee),
            Term::Disputed => self.bounds(AmountColumn::DisputedAmount),
            Term::Noncompliant => self.bounds(AmountColumn::NoncompliantAmount),
            Term::AdvancePaid => self.bounds(AmountColumn::AdvancePaid),
            Term::RemainingBalance => self.bounds(AmountColumn::RemainingBalance),
            Term::TargetAmount => Bounds::exactly(self.sum(self.target)),
            Term::InvoiceTotal => Bounds::exactly(self.sum(self.books().lines_of(self.invoice))),
            Term::TargetPaid => self.target_paid(),
        }
    }

    fn target_paid(&self) -> Bounds {
        let by = self.decided_or_as_of();
        let mut paid = Bounds::exactly(Decimal::ZERO);
        for line in self.target {
            let day = self.line_day(line, LineEvent::PaidOn);
            let happened = match (day, by) {
                (Cell::Blank, _) => Truth::No,
                (day, Cell::Value(by)) => day.by(by),
                _ => Truth::Unknown,
            };
            let amount = self.line_amount(line);
            paid = match happened {
                Truth::Yes => paid + Bounds::exactly(amount),
                Truth::No => paid,
                Truth::Unknown => paid + Bounds::between(Decimal::ZERO, Some(amount)),
            };
        }
        paid
    }

    /// A money effect, as far as it is known and may be reported: nothing is taken from a row in another currency.
    pub fn effect(&self, term: Term) -> Option<Decimal> {
        if term.is_of_decision() && !self.comparable() {
            return None;
        }
        self.term(term).known()
    }

    // ---- other cases -----------------------------------------------------------------------------------------------

    /// The request that it goes back to, with its decision as this case's policy reads it.
    pub fn parent(&self) -> Option<(&'a Request, Option<Row<'a>>)> {
        let parent = match self.request.parent_index {
            NO_PARENT => self.supposed_parent()?,
            at => self.books().requests.get(at as usize)?,
        };
        let decision = Case::decision_of(self.run, self.plan.policy, parent, self.trail);
        self.trail.cite(parent.place);
        decision.iter().for_each(|row| self.trail.cite(row.record.place));
        Some((parent, decision))
    }

    /// A request of the invoice that is supposed to be the one that it goes back to.
    fn supposed_parent(&self) -> Option<&'a Request> {
        if !self.trail.supposes() || !self.request.parent.is_blank() {
            return None;
        }
        let others = || self.books().requests_of(self.invoice).filter(|other| other.id != self.request.id);
        self.trail.compared(Column::ParentRequestId, others().map(|other| other.id));
        let column = Column::ParentRequestId;
        let id = self.trail.peek(self.books(), self.request.place, column, None::<Sym>).value()?;
        others().find(|other| other.id == id)
    }

    /// Who decided a row.
    pub fn decided_by(&self, row: &Decision) -> Cell<Sym> {
        self.code_cell(row.place, Column::DecidedBy, row.decided_by)
    }

    /// The parent's id; blank if it names none.
    pub fn parent_id(&self) -> Cell<Sym> {
        self.code_cell(self.request.place, Column::ParentRequestId, self.request.parent)
    }
}

impl Cell<NaiveDate> {
    /// Whether the day has come by another.
    pub fn by(self, by: NaiveDate) -> Truth {
        match self {
            Cell::Value(day) => (day <= by).into(),
            Cell::Blank => Truth::No,
            Cell::Absent => Truth::Unknown,
        }
    }

    fn not_after(self, cutoff: NaiveDate) -> Cell<NaiveDate> {
        match self {
            Cell::Value(day) if day > cutoff => Cell::Blank,
            cell => cell,
        }
    }
}

impl Truth {
    /// Both hold; the second is asked only if the first may.
    #[inline]
    pub fn and_then(self, other: impl FnOnce() -> Truth) -> Truth {
        match self {
            Truth::No => Truth::No,
            Truth::Yes => other(),
            Truth::Unknown => other().and(Truth::Unknown),
        }
    }
}
