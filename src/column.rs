//! The canonical columns of the three exports: their names, types, and which are required.
//!
//! Source: the input contract. A set of columns is a bit set, so that *which columns a file has* and
//! *which absent columns made a rule undecidable* cost nothing per case.

use schemars::JsonSchema;
use serde::Deserialize;

/// One of the three exports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Table {
    /// One row per invoice line.
    Invoices,
    /// One row per request, which is a case.
    Requests,
    /// What was done about a request.
    Decisions,
}

impl Table {
    /// In the order in which they are read and reported.
    pub const ALL: [Table; 3] = [Table::Invoices, Table::Requests, Table::Decisions];

    /// The export's name, which is also its file's stem in a folder of exports.
    pub fn name(self) -> &'static str {
        match self {
            Table::Invoices => "invoices",
            Table::Requests => "requests",
            Table::Decisions => "decisions",
        }
    }
}

/// What a cell of a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// An identifier, compared exactly.
    Id,
    /// Free text.
    Text,
    /// A day, or a day and a time of day, with or without an offset.
    Time,
    /// A day without a time.
    Date,
    /// A plain decimal that is not negative.
    Amount,
    /// An amount from 0 to 100.
    Percent,
    /// An amount without a fraction.
    Whole,
    /// True or false.
    Flag,
    /// A word, lower-cased, its blanks and hyphens written `_`.
    Code,
    /// An ISO 4217 code.
    Currency,
}

macro_rules! columns {
    ($($variant:ident $table:ident $name:literal $kind:ident $required:literal;)*) => {
        /// A canonical column of one of the exports.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        #[allow(missing_docs, reason = "the input contract documents each column")]
        pub enum Column { $($variant),* }

        impl Column {
            /// Every column, in the contract's order.
            pub const ALL: &'static [Column] = &[$(Column::$variant),*];

            /// The export that the column belongs to.
            #[inline]
            pub fn table(self) -> Table {
                match self { $(Column::$variant => Table::$table),* }
            }

            /// The column's name in the header.
            pub fn name(self) -> &'static str {
                match self { $(Column::$variant => $name),* }
            }

            /// What its cells hold.
            pub fn kind(self) -> Type {
                match self { $(Column::$variant => Type::$kind),* }
            }

            /// Whether every row must fill it.
            pub fn required(self) -> bool {
                match self { $(Column::$variant => $required),* }
            }
        }
    };
}

columns! {
    InvoiceId Invoices "invoice_id" Id true;
    Line Invoices "line" Id true;
    AccountId Invoices "account_id" Id true;
    Policy Invoices "policy" Code true;
    InvoiceDate Invoices "invoice_date" Time true;
    Currency Invoices "currency" Currency true;
    Amount Invoices "amount" Amount true;
    Category Invoices "category" Code true;
    Description Invoices "description" Text false;
    Quantity Invoices "quantity" Amount false;
    UnitPrice Invoices "unit_price" Amount false;
    ContractRate Invoices "contract_rate" Amount false;
    PaymentMethod Invoices "payment_method" Code false;
    DueDate Invoices "due_date" Time false;
    PaidOn Invoices "paid_on" Time false;
    StartedOn Invoices "started_on" Time false;
    DeliveredOn Invoices "delivered_on" Time false;
    AcceptedOn Invoices "accepted_on" Time false;
    PeriodStart Invoices "period_start" Date false;
    PeriodEnd Invoices "period_end" Date false;
    WarrantyFrom Invoices "warranty_from" Time false;

    RequestId Requests "request_id" Id true;
    RequestAccountId Requests "account_id" Id true;
    RequestInvoiceId Requests "invoice_id" Id true;
    RequestLine Requests "line" Id false;
    Kind Requests "kind" Code true;
    SubmittedAt Requests "submitted_at" Time true;
    Channel Requests "channel" Code false;
    Reason Requests "reason" Code false;
    AmountRequested Requests "amount_requested" Amount false;
    ParentRequestId Requests "parent_request_id" Id false;
    Level Requests "level" Code false;
    Stage Requests "stage" Code false;
    PercentComplete Requests "percent_complete" Percent false;
    AdvancePaid Requests "advance_paid" Amount false;
    RemainingBalance Requests "remaining_balance" Amount false;
    NoncompliantAmount Requests "noncompliant_amount" Amount false;
    EffectiveOn Requests "effective_on" Time false;
    TransactionsProcessed Requests "transactions_processed" Whole false;
    GoodStanding Requests "good_standing" Flag false;
    FraudFlag Requests "fraud_flag" Flag false;
    ChargebackOn Requests "chargeback_on" Time false;
    FixAttemptedOn Requests "fix_attempted_on" Time false;
    DisputedAmount Requests "disputed_amount" Amount false;
    WithheldAmount Requests "withheld_amount" Amount false;
    OutageStart Requests "outage_start" Time false;
    OutageEnd Requests "outage_end" Time false;
    OutageCause Requests "outage_cause" Code false;
    NoticeHours Requests "notice_hours" Amount false;
    WithinSla Requests "within_sla" Flag false;
    Complex Requests "complex" Flag false;
    DocumentsAttached Requests "documents_attached" Flag false;
    SowReference Requests "sow_reference" Text false;
    PreferredMethod Requests "preferred_method" Text false;

    DecisionId Decisions "decision_id" Id true;
    DecisionRequestId Decisions "request_id" Id true;
    Outcome Decisions "outcome" Code true;
    AcknowledgedAt Decisions "acknowledged_at" Time false;
    DecidedAt Decisions "decided_at" Time false;
    ProcessedAt Decisions "processed_at" Time false;
    ReceivedAt Decisions "received_at" Time false;
    RefundAmount Decisions "refund_amount" Amount false;
    AdminFee Decisions "admin_fee" Amount false;
    CreditAmount Decisions "credit_amount" Amount false;
    FeeReturned Decisions "fee_returned" Amount false;
    DecisionCurrency Decisions "currency" Currency false;
    RefundMethod Decisions "refund_method" Code false;
    Reference Decisions "reference" Text false;
    Explanation Decisions "explanation" Text false;
    AppealExplained Decisions "appeal_explained" Flag false;
    Remedy Decisions "remedy" Code false;
    DecidedBy Decisions "decided_by" Text false;
}

/// The most columns that a table has.
pub const MOST_COLUMNS: usize = Column::DecisionId as usize - Column::RequestId as usize;

impl Column {
    /// The column's place among those of its table: below [`MOST_COLUMNS`].
    #[inline(always)]
    pub fn place(self) -> usize {
        let first = match self.table() {
            Table::Invoices => Column::InvoiceId,
            Table::Requests => Column::RequestId,
            Table::Decisions => Column::DecisionId,
        };
        self as usize - first as usize
    }
}

/// A set of canonical columns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Columns(u128);

impl Columns {
    /// No column.
    pub const NONE: Columns = Columns(0);

    /// The set with one more member.
    pub fn with(self, column: Column) -> Columns {
        Columns(self.0 | 1 << column as u8)
    }

    /// Members of either.
    pub fn union(self, other: Columns) -> Columns {
        Columns(self.0 | other.0)
    }

    /// Whether the column is a member.
    pub fn has(self, column: Column) -> bool {
        self.0 >> (column as u8) & 1 == 1
    }

    /// Whether it has no member.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The members in the contract's order.
    pub fn iter(self) -> impl Iterator<Item = Column> {
        Column::ALL.iter().copied().filter(move |c| self.has(*c))
    }
}

macro_rules! subset {
    ($(#[$doc:meta])* $name:ident: $($variant:ident)*) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, JsonSchema)]
        #[serde(rename_all = "snake_case")]
        #[allow(missing_docs, reason = "the input contract documents each column")]
        pub enum $name { $($variant),* }

        impl From<$name> for Column {
            fn from(column: $name) -> Column {
                match column { $($name::$variant => Column::$variant),* }
            }
        }
    };
}

subset! {
    /// A column of words that a policy may compare.
    CodeColumn: PaymentMethod Kind Channel Reason Level Stage OutageCause Outcome RefundMethod Remedy
}
subset! {
    /// A flag that a policy may ask for.
    FlagColumn: GoodStanding FraudFlag WithinSla Complex DocumentsAttached AppealExplained
}
subset! {
    /// An amount or a count in a request or a decision.
    AmountColumn: AmountRequested PercentComplete AdvancePaid RemainingBalance NoncompliantAmount
        TransactionsProcessed DisputedAmount WithheldAmount NoticeHours RefundAmount AdminFee CreditAmount FeeReturned
}
impl AmountColumn {
    /// Whether a blank cell says that the amount is zero; else it says that it was not recorded.
    pub fn blank_is_zero(self) -> bool {
        matches!(
            self,
            AmountColumn::RefundAmount
                | AmountColumn::CreditAmount
                | AmountColumn::FeeReturned
                | AmountColumn::WithheldAmount
        )
    }
}

subset! {
    /// An event in the life of an invoice line.
    LineEvent: PaidOn StartedOn DeliveredOn AcceptedOn
}
subset! {
    /// A day or time in a request.
    RequestTime: EffectiveOn ChargebackOn FixAttemptedOn OutageStart OutageEnd
}
