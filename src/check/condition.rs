//! How the conditions of a policy file are answered.

use super::outcome::{Bounds, Truth};
use crate::case::Case;
use crate::column::{AmountColumn, CodeColumn, Column, FlagColumn, RequestTime};
use crate::margin::{End, Margin};
use crate::policy::condition::{
    Base, Blank, CategoryBase, CodeTest, Condition, LineTest, RecordedColumn, Term, Timely,
};
use crate::policy::conditions::Conditions;
use crate::policy::word::Word;
use crate::record::{Cell, InvoiceLine};
use crate::text::Sym;
use chrono::NaiveDate;
use rust_decimal::Decimal;

/// Which delivery of several lines counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// The earliest that there was.
    First,
    /// The latest that there was.
    Latest,
    /// That of the last line: none while one is outstanding.
    Last,
}

impl Case<'_> {
    /// Whether all conditions hold.
    #[inline]
    pub fn all(&self, conditions: &Conditions) -> Truth {
        match self.standing.within_all(conditions.states()) {
            // The working names every condition.
            _ if !self.trail.is_plain() => self.each(conditions),
            Truth::Yes if conditions.after_states().is_empty() => Truth::Yes,
            Truth::Yes => self.each(conditions.after_states()),
            Truth::No => Truth::No,
            Truth::Unknown => self.each(conditions),
        }
    }

    fn each(&self, conditions: &[Condition]) -> Truth {
        Truth::all(conditions.iter().map(|condition| self.holds(condition)))
    }

    /// Whether a condition holds.
    #[inline]
    pub fn holds(&self, condition: &Condition) -> Truth {
        // Asked most by far, and known beforehand.
        let truth = match condition {
            Condition::State(state) => self.state(*state),
            condition => self.answer(condition),
        };
        self.trail.note(|| crate::wording::condition(self, condition, truth));
        truth
    }

    fn answer(&self, condition: &Condition) -> Truth {
        match condition {
            Condition::State(state) => self.state(*state),
            Condition::Code(test) => self.code_test(test),
            Condition::Flag(flag) => self.flag_set(*flag),
            Condition::FlagIfRecorded(flag) => (self.flag(*flag) == Cell::Value(true)).into(),
            Condition::Recorded(column) => (self.filled(*column) == Truth::Yes).into(),
            Condition::RecordedOrMissing(column) => self.filled(*column),
            Condition::Happened(event) => filled(self.request_day(*event)),
            Condition::HappenedByDecision(event) => self.happened_by_decision(*event),
            Condition::Positive(column) => self.above_zero(*column),
            Condition::PositiveOrUnrecorded(column) => (self.amount(*column) != Cell::Value(Decimal::ZERO)).into(),
            Condition::AtLeast { column, value, blank } => match self.amount(*column) {
                Cell::Value(amount) => {
                    self.number_margin(Column::from(*column).name(), amount, value.0);
                    (amount >= value.0).into()
                }
                Cell::Blank if *blank == Blank::Unknown => {
                    self.trail.unrecorded(*column);
                    Truth::Unknown
                }
                Cell::Blank => Truth::No,
                Cell::Absent => Truth::Unknown,
            },
            Condition::ShareAbove { column, percent, of } => {
                let (amount, whole) = (self.bounds(*column), self.term(*of));
                self.share_margin(amount, whole, (*column, percent.0, *of));
                amount.exceeds(whole.scaled(percent.0 / Decimal::ONE_HUNDRED), Decimal::ZERO)
            }
            Condition::AnyLine(test) => Truth::any(self.target.iter().map(|line| self.line_fits(line, test))),
            Condition::Timely(timely) => self.timely(timely),
            Condition::OutageLongerThan { minutes } => {
                let Some((lasted, _)) = self.outage() else { return Truth::Unknown };
                self.number_margin("the outage in minutes", lasted.into(), (*minutes).into());
                (lasted > i64::from(*minutes)).into()
            }
            Condition::SameAccount => (self.request.account == self.invoice.account).into(),
            Condition::SameCurrency => self.comparable().into(),
            Condition::Same(left, right) => self.same(*left, *right),
            Condition::SameDeciderAsParent => self.same_decider_as_parent(),
            Condition::Not(condition) => !self.answer(condition),
            Condition::Any(conditions) => Truth::any(conditions.iter().map(|c| self.holds(c))),
        }
    }

    /// Leaves how far a number lies from a threshold.
    pub fn number_margin(&self, what: &'static str, actual: Decimal, limit: Decimal) {
        self.trail.margin(|| Some(Margin::Number { what, actual, limit }));
    }

    /// Leaves how far an amount lies from a share of another, if both are known.
    fn share_margin(&self, amount: Bounds, whole: Bounds, (column, limit, of): (AmountColumn, Decimal, Term)) {
        self.trail.margin(|| {
            let whole = whole.known().filter(|whole| !whole.is_zero())?;
            let actual = amount.known()?.checked_mul(Decimal::ONE_HUNDRED)?.checked_div(whole)?;
            Some(Margin::Share { what: Column::from(column).name(), of: crate::wording::term(of), actual, limit })
        });
    }

    /// Whether a cell holds one of several words; unknown if the column is absent.
    pub fn code_in(&self, column: CodeColumn, words: &[Word]) -> Truth {
        self.is_in(column, self.code(column), words)
    }

    #[inline]
    fn is_in(&self, column: CodeColumn, cell: Cell<Sym>, words: &[Word]) -> Truth {
        self.trail.compared(column, words.iter().map(|word| word.0));
        match cell {
            Cell::Value(word) => is_one_of(word, words).into(),
            Cell::Blank => Truth::No,
            Cell::Absent if words.is_empty() => Truth::No,
            Cell::Absent => Truth::Unknown,
        }
    }

    fn code_test(&self, test: &CodeTest) -> Truth {
        let cell = self.code(test.column);
        if cell == Cell::Blank && test.blank == Blank::Unknown {
            self.trail.unrecorded(test.column);
            return Truth::Unknown;
        }
        self.is_in(test.column, cell, &test.one_of)
    }

    /// Whether a flag is set; a blank is not set.
    pub fn flag_set(&self, flag: FlagColumn) -> Truth {
        match self.flag(flag) {
            Cell::Value(set) => set.into(),
            Cell::Blank => Truth::No,
            Cell::Absent => Truth::Unknown,
        }
    }

    fn happened_by_decision(&self, event: RequestTime) -> Truth {
        match (self.request_day(event), self.decided_or_as_of()) {
            (Cell::Blank, _) => Truth::No,
            (day, Cell::Value(by)) => day.by(by),
            _ => Truth::Unknown,
        }
    }

    fn line_fits(&self, line: &InvoiceLine, test: &LineTest) -> Truth {
        Truth::all([
            test.category.as_ref().is_none_or(|words| is_one_of(line.category, words)).into(),
            test.happened.map_or(Truth::Yes, |event| self.happened(line, event)),
            test.not_happened.map_or(Truth::Yes, |event| !self.happened(line, event)),
        ])
    }

    /// Whether the request was received within a term.
    fn timely(&self, timely: &Timely) -> Truth {
        let day = match self.base(&timely.after) {
            Cell::Value(day) => day,
            Cell::Blank => return timely.if_not_happened.into(),
            Cell::Absent => return Truth::Unknown,
        };
        let Some(last) = self.last_day(day, timely.within) else { return Truth::Unknown };
        self.day_margin("the request", self.submitted, (last, End::Last), timely.within);
        let in_time = Truth::from(self.submitted <= last);
        let Some(more) = timely.extended.as_ref().filter(|_| in_time == Truth::No) else { return in_time };
        let longer = self.last_day(last, more.by).map_or(Truth::Unknown, |last| (self.submitted <= last).into());
        longer.and_then(|| self.all(&more.when))
    }

    /// The entry that decides for what was sold, and the lines of its categories.
    fn base_by_category<'b>(&self, entries: &'b [CategoryBase]) -> Option<(&'b Base, Vec<InvoiceLine>)> {
        entries.iter().find_map(|entry| {
            let fits = |line: &&InvoiceLine| is_one_of(line.category, &entry.category);
            let lines: Vec<InvoiceLine> = self.target.iter().filter(fits).copied().collect();
            (!lines.is_empty()).then_some((&entry.after, lines))
        })
    }

    /// The event from which a window runs, as a message names it.
    pub fn base_name(&self, base: &Base) -> &'static str {
        match base {
            Base::ByCategory(entries) => {
                let decides = self.base_by_category(entries);
                decides.map_or(crate::wording::base(base), |(base, lines)| self.about(&lines).base_name(base))
            }
            base => crate::wording::base(base),
        }
    }

    /// The day from which a window runs.
    pub fn base(&self, base: &Base) -> Cell<NaiveDate> {
        match base {
            Base::InvoiceDate => Cell::Value(self.invoice.date),
            Base::OutageEnd => self.request_day(RequestTime::OutageEnd),
            Base::Delivery => self.delivery(Delivery::Latest),
            Base::FirstDelivery => self.delivery(Delivery::First),
            Base::LastDelivery => self.delivery(Delivery::Last),
            Base::ByCategory(entries) => match self.base_by_category(entries) {
                Some((base, lines)) => self.about(&lines).base(base),
                None => Cell::Blank,
            },
            Base::ParentDecision => match self.parent() {
                Some((_, Some(row))) if row.rules() => row.day(),
                _ => Cell::Blank,
            },
        }
    }

    /// A delivery of a line of the target by submission.
    pub fn delivery(&self, which: Delivery) -> Cell<NaiveDate> {
        let mut found = Cell::Blank;
        for line in self.target {
            match self.line_day(line, crate::column::LineEvent::DeliveredOn) {
                Cell::Absent => return Cell::Absent,
                Cell::Value(day) if day <= self.submitted => {
                    let other = found.value().unwrap_or(day);
                    found = Cell::Value(if which == Delivery::First { day.min(other) } else { day.max(other) });
                }
                Cell::Value(_) | Cell::Blank if which == Delivery::Last => return Cell::Blank,
                Cell::Value(_) | Cell::Blank => {}
            }
        }
        found
    }

    fn same(&self, left: CodeColumn, right: CodeColumn) -> Truth {
        let [a, b] = [left, right].map(|column| {
            let cell = self.code(column);
            if cell == Cell::Blank {
                self.trail.unrecorded(column);
            }
            cell.value()
        });
        for (column, other) in [(left, b), (right, a)] {
            self.trail.compared(column, other);
        }
        a.zip(b).map_or(Truth::Unknown, |(a, b)| (a == b).into())
    }

    fn same_decider_as_parent(&self) -> Truth {
        let parent = self.parent().and_then(|(_, row)| row);
        let pair = self.decision.zip(parent).map(|(own, parent)| [own, parent].map(|row| self.decided_by(row.record)));
        self.trail.compared(Column::DecidedBy, pair.iter().flatten().filter_map(|decider| decider.value()));
        match pair {
            Some([Cell::Value(own), Cell::Value(parent)]) => (own == parent).into(),
            _ => {
                self.trail.unrecorded(Column::DecidedBy);
                Truth::Unknown
            }
        }
    }

    /// Whether a cell is filled, or a flag set; unknown if the column is absent.
    pub fn filled(&self, column: RecordedColumn) -> Truth {
        use RecordedColumn as C;
        match column {
            C::Channel => filled(self.code(CodeColumn::Channel)),
            C::Reason => filled(self.code(CodeColumn::Reason)),
            C::Level => filled(self.code(CodeColumn::Level)),
            C::Stage => filled(self.code(CodeColumn::Stage)),
            C::OutageCause => filled(self.code(CodeColumn::OutageCause)),
            C::RefundMethod => filled(self.code(CodeColumn::RefundMethod)),
            C::Remedy => filled(self.code(CodeColumn::Remedy)),
            C::AmountRequested => filled(self.amount(AmountColumn::AmountRequested)),
            C::PercentComplete => filled(self.amount(AmountColumn::PercentComplete)),
            C::AdvancePaid => filled(self.amount(AmountColumn::AdvancePaid)),
            C::RemainingBalance => filled(self.amount(AmountColumn::RemainingBalance)),
            C::NoncompliantAmount => filled(self.amount(AmountColumn::NoncompliantAmount)),
            C::TransactionsProcessed => filled(self.amount(AmountColumn::TransactionsProcessed)),
            C::DisputedAmount => filled(self.amount(AmountColumn::DisputedAmount)),
            C::WithheldAmount => filled(self.amount(AmountColumn::WithheldAmount)),
            C::NoticeHours => filled(self.amount(AmountColumn::NoticeHours)),
            C::AdminFee => filled(self.amount(AmountColumn::AdminFee)),
            C::EffectiveOn => filled(self.request_day(RequestTime::EffectiveOn)),
            C::ChargebackOn => filled(self.request_day(RequestTime::ChargebackOn)),
            C::FixAttemptedOn => filled(self.request_day(RequestTime::FixAttemptedOn)),
            C::OutageStart => filled(self.stamp(RequestTime::OutageStart)),
            C::OutageEnd => self.outage_end_recorded(),
            C::GoodStanding => self.flag_set(FlagColumn::GoodStanding),
            C::FraudFlag => self.flag_set(FlagColumn::FraudFlag),
            C::WithinSla => self.flag_set(FlagColumn::WithinSla),
            C::Complex => self.flag_set(FlagColumn::Complex),
            C::DocumentsAttached => self.flag_set(FlagColumn::DocumentsAttached),
            C::AppealExplained => self.flag_set(FlagColumn::AppealExplained),
            C::ParentRequestId => filled(self.parent_id()),
            C::AcknowledgedAt => match self.acknowledged() {
                (Some(_), _) => Truth::Yes,
                (None, earlier) => earlier,
            },
            C::DecidedAt => filled(self.decided()),
            C::ProcessedAt => filled(self.processed()),
            C::ReceivedAt => filled(self.received()),
            C::SowReference => self.presence(column, Some(!self.request.sow_reference.is_blank())),
            C::PreferredMethod => self.presence(column, Some(self.request.preferred_method)),
            C::Reference => self.presence(column, self.decision.map(|row| row.record.reference)),
            C::Explanation => self.presence(column, self.decision.map(|row| row.record.explanation)),
            C::DecidedBy => self.decision.map_or(Truth::No, |row| filled(self.decided_by(row.record))),
        }
    }

    /// An end before its start is no record of when the outage ended.
    fn outage_end_recorded(&self) -> Truth {
        let end = filled(self.stamp(RequestTime::OutageEnd));
        let both = end.and(filled(self.stamp(RequestTime::OutageStart)));
        if both == Truth::Yes && self.outage().is_none() { Truth::No } else { end }
    }

    /// Whether a text was recorded; `recorded` is `None` without a decision.
    fn presence(&self, column: RecordedColumn, recorded: Option<bool>) -> Truth {
        let column = Column::from(column);
        let place = match column.table() {
            crate::column::Table::Decisions => self.decision.map(|row| row.record.place),
            _ => Some(self.request.place),
        };
        match (recorded, place) {
            (Some(recorded), Some(place)) => filled(self.present(place, column, recorded)),
            _ => Truth::No,
        }
    }
}

/// Whether a word is one of several.
#[inline]
pub fn is_one_of(word: Sym, words: &[Word]) -> bool {
    words.iter().any(|w| w.0 == word)
}

fn filled<T>(cell: Cell<T>) -> Truth {
    match cell {
        Cell::Value(_) => Truth::Yes,
        Cell::Blank => Truth::No,
        Cell::Absent => Truth::Unknown,
    }
}
