//! The conditions of which a policy file builds the scope of a rule and the branches of a decision table.
//!
//! Each is one question about a case. It is answered *yes*, *no* or *unknown*; how, is in [`crate::check`].

use super::conditions::Conditions;
use super::word::{Number, Word};
use crate::column::{AmountColumn, CodeColumn, FlagColumn, LineEvent, RequestTime};
use schemars::JsonSchema;
use serde::Deserialize;

/// What became of a case, by its decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// The decision has a `decided_at` and an outcome that approves or denies.
    Decided,
    /// Decided, with an outcome that approves in whole or in part.
    Accepted,
    /// Decided, with an outcome that denies.
    Denied,
    /// The decision's outcome is neither pending nor withdrawn.
    Live,
    /// Live, and cash was refunded.
    Pays,
    /// Live, and cash was refunded or credit was given.
    GivesMoney,
    /// The money was sent.
    Processed,
}

impl State {
    /// Every state.
    pub const ALL: [State; 7] =
        [State::Decided, State::Accepted, State::Denied, State::Live, State::Pays, State::GivesMoney, State::Processed];
}

/// A set of states.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct States(u8);

impl States {
    /// The set with one more member.
    #[must_use]
    pub fn with(self, state: State) -> States {
        States(self.0 | 1 << state as u8)
    }

    /// Members of either.
    #[must_use]
    pub fn union(self, other: States) -> States {
        States(self.0 | other.0)
    }

    /// Whether the state is a member.
    pub fn has(self, state: State) -> bool {
        self.meets(States::default().with(state))
    }

    /// Whether every member of the other is one of this.
    pub fn has_all(self, other: States) -> bool {
        other.0 & !self.0 == 0
    }

    /// Whether the sets have a member in common.
    pub fn meets(self, other: States) -> bool {
        self.0 & other.0 != 0
    }
}

impl FromIterator<State> for States {
    fn from_iter<I: IntoIterator<Item = State>>(states: I) -> States {
        states.into_iter().fold(States::default(), States::with)
    }
}

/// One question about a case.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Condition {
    /// What became of the case.
    State(State),
    /// A word is one of several. A blank is none of them, unless `blank` says otherwise.
    Code(CodeTest),
    /// A flag is set.
    Flag(FlagColumn),
    /// A flag is set; an absent column or a blank counts as not set.
    FlagIfRecorded(FlagColumn),
    /// A cell is filled; an absent column counts as not filled.
    Recorded(RecordedColumn),
    /// A cell is filled; an absent column is missing evidence.
    RecordedOrMissing(RecordedColumn),
    /// An event in the request has happened, by the as-of date.
    Happened(RequestTime),
    /// An event in the request happened by the decision, or by the as-of date if there is no day of decision.
    HappenedByDecision(RequestTime),
    /// An amount is above zero.
    Positive(AmountColumn),
    /// An amount is above zero or not recorded.
    PositiveOrUnrecorded(AmountColumn),
    /// An amount is recorded and at least so much; an absent column is missing evidence.
    AtLeast {
        /// The amount.
        column: AmountColumn,
        /// The least.
        value: Number,
        /// What a blank cell says.
        #[serde(default)]
        blank: Blank,
    },
    /// An amount is more than a share of another.
    ShareAbove {
        /// The amount.
        column: AmountColumn,
        /// The share in percent; exactly the share is not above it.
        percent: Number,
        /// Of what.
        of: Term,
    },
    /// Some line of the target fits.
    AnyLine(LineTest),
    /// The request was received in time after some event.
    Timely(Timely),
    /// The outage lasted longer than so many whole minutes. Without both its ends, or with its end before its start,
    /// the rule is indeterminate.
    OutageLongerThan {
        /// Whole minutes.
        minutes: u32,
    },
    /// The request comes from the account that was billed.
    SameAccount,
    /// The decision's money is in the invoice's currency.
    SameCurrency,
    /// Two words are the same; unknown if either is blank.
    Same(CodeColumn, CodeColumn),
    /// Whoever decided it also decided the request that it goes back to; unknown if either is not recorded.
    SameDeciderAsParent,
    /// The opposite.
    Not(Box<Condition>),
    /// At least one of several.
    Any(Vec<Condition>),
}

impl Condition {
    /// The state that it asks for, if it asks for one.
    pub fn as_state(&self) -> Option<State> {
        match self {
            Condition::State(state) => Some(*state),
            _ => None,
        }
    }
}

/// A word is one of several.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CodeTest {
    /// Where the word stands.
    pub column: CodeColumn,
    /// The words.
    pub one_of: Vec<Word>,
    /// What a blank cell says.
    #[serde(default)]
    pub blank: Blank,
}

/// What a blank cell says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Blank {
    /// It is none of the words.
    #[default]
    NoWord,
    /// It is missing evidence.
    Unknown,
}

/// A question about a line of the target. All that is given must hold of one line.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LineTest {
    /// Its category is one of these.
    pub category: Option<Vec<Word>>,
    /// This happened to it by submission.
    pub happened: Option<LineEvent>,
    /// This did not happen to it by submission.
    pub not_happened: Option<LineEvent>,
}

/// The request was received on or before the last day of a term.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Timely {
    /// The event from which the term runs.
    pub after: Base,
    /// The term.
    pub within: Count,
    /// What holds if the event did not happen by submission.
    #[serde(default)]
    pub if_not_happened: bool,
    /// A further term for some cases.
    pub extended: Option<Extension>,
}

/// A further term, which runs from the last day of the first.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Extension {
    /// What must hold.
    pub when: Conditions,
    /// How long it runs.
    pub by: Count,
}

/// A number of days or months.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Count {
    /// Calendar days.
    Days(u32),
    /// Business days of the policy's calendar.
    BusinessDays(u32),
    /// Months: the day of the same number, or the last of a shorter month.
    Months(u32),
}

/// The event from which a window runs.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Base {
    /// The date of the charge.
    InvoiceDate,
    /// The latest delivery of a line of the target by submission.
    Delivery,
    /// The day of the parent's decision.
    ParentDecision,
    /// The end of the outage.
    OutageEnd,
    /// The earliest delivery of a line of the target by submission.
    FirstDelivery,
    /// The delivery of the last line of the target: it has not happened while one was not delivered by submission.
    LastDelivery,
    /// By what was sold: the first entry decides of whose categories the target has a line, and only its lines of
    /// these categories count. Without one, the event has not happened.
    ByCategory(Vec<CategoryBase>),
}

/// The event from which a window runs for lines of some categories.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CategoryBase {
    /// The categories.
    pub category: Vec<Word>,
    /// The event.
    pub after: Base,
}

/// An amount of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Term {
    /// Cash refunded.
    Refund,
    /// Credit given.
    Credit,
    /// Cash refunded and credit given.
    Money,
    /// Retained as an administrative fee.
    AdminFee,
    /// Transaction fees given back.
    FeeReturned,
    /// Withheld by the client.
    Withheld,
    /// Disputed by the client.
    Disputed,
    /// Price of what does not meet its specification.
    Noncompliant,
    /// Advance payment received.
    AdvancePaid,
    /// Paid and not yet earned.
    RemainingBalance,
    /// The sum of the target's lines.
    TargetAmount,
    /// The sum of the invoice's lines.
    InvoiceTotal,
    /// The sum of the target's lines that were paid by the decision, or by the as-of date if it has no day.
    TargetPaid,
}

impl Term {
    /// Whether it is money of the decision, which may be in another currency than the invoice's.
    pub fn is_of_decision(self) -> bool {
        matches!(self, Term::Refund | Term::Credit | Term::Money | Term::AdminFee | Term::FeeReturned)
    }
}

macro_rules! recorded_columns {
    ($($name:ident)*) => {
        /// A column of a request or a decision of which a rule asks whether it is filled; a flag, whether it is set.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
        #[serde(rename_all = "snake_case")]
        #[allow(missing_docs, reason = "the input contract documents each column")]
        pub enum RecordedColumn { $($name),* }

        impl From<RecordedColumn> for crate::column::Column {
            fn from(column: RecordedColumn) -> Self {
                match column { $(RecordedColumn::$name => crate::column::Column::$name),* }
            }
        }
    };
}

recorded_columns! {
    Channel Reason Level Stage OutageCause AmountRequested PercentComplete AdvancePaid RemainingBalance
    NoncompliantAmount TransactionsProcessed DisputedAmount WithheldAmount NoticeHours EffectiveOn ChargebackOn
    FixAttemptedOn OutageStart OutageEnd GoodStanding FraudFlag WithinSla Complex DocumentsAttached SowReference
    PreferredMethod ParentRequestId AcknowledgedAt DecidedAt ProcessedAt ReceivedAt AdminFee RefundMethod Remedy
    Reference Explanation AppealExplained DecidedBy
}
