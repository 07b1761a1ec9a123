//! A rule as a policy file writes it: what it cites, to which cases it applies, and its check with its numbers.

use super::condition::{Base, Count, RecordedColumn, Term};
use super::conditions::Conditions;
use super::word::{Number, Word};
use crate::column::{AmountColumn, CodeColumn, FlagColumn, LineEvent};
use crate::money::Currency;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

/// How grave a deviation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Of form.
    Low,
    /// Of time or procedure.
    Medium,
    /// Of money.
    High,
    /// Of money or trust, without a defence.
    Critical,
}

impl Severity {
    /// From the gravest down.
    pub const ALL: [Severity; 4] = [Severity::Critical, Severity::High, Severity::Medium, Severity::Low];

    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Severity::Low => "low",
            Severity::Medium => "medium",
            Severity::High => "high",
            Severity::Critical => "critical",
        }
    }
}

/// One requirement of a policy.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Unique within a version; part of the interface.
    pub id: String,
    /// The place in the text that demands it.
    pub clause: String,
    /// What it demands, in a few words.
    pub title: String,
    /// How grave a deviation is.
    pub severity: Severity,
    /// The reading chosen where the text allows several.
    pub reading: Option<String>,
    /// The version from which it is in force; from the first if not given.
    pub since: Option<String>,
    /// The version from which it is no longer in force.
    pub until: Option<String>,
    /// The rule of a base policy that it takes the place of.
    pub replaces: Option<String>,
    /// The kinds of request that it is about; all if not given.
    pub kinds: Option<Vec<Word>>,
    /// Kinds of request that it is not about.
    #[serde(default)]
    pub except_kinds: Vec<Word>,
    /// The target is of one of these categories, once the lines that the policy excludes are left out.
    pub target: Option<Vec<Word>>,
    /// The largest amount that the rule accepts is also held against the kinds that the policy names for it.
    #[serde(default)]
    pub upper_side: bool,
    /// What else must hold for the rule to apply.
    #[serde(default)]
    pub when: Conditions,
    /// Cells without which the rule is indeterminate, whatever the rest says.
    #[serde(default)]
    pub needs: Vec<RecordedColumn>,
    /// The test.
    pub check: Check,
    /// Where it is written.
    #[serde(skip)]
    pub written: Written,
}

/// Where something is written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// The file.
    pub file: String,
    /// The bytes of its text.
    pub bytes: std::ops::Range<usize>,
}

impl Rule {
    /// Whether there is anything that it could apply to: a list of non-refundable categories may be left empty for a
    /// user to fill in.
    pub fn can_apply(&self) -> bool {
        !matches!(&self.check, Check::NonRefundable(lines) if lines.categories.as_ref().is_some_and(Vec::is_empty))
    }
}

/// The kinds of test.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Check {
    /// A table of conditions and verdicts; the first branch that holds decides, and none is compliant.
    Decide(Vec<Branch>),
    /// Something is done by the last day of a term.
    Deadline(Deadline),
    /// Something was given or asked for only within a term.
    Window(Window),
    /// A day is far enough ahead.
    Notice(Notice),
    /// Nothing is given back for certain lines.
    NonRefundable(NonRefundable),
    /// The money is one of the accepted amounts.
    ExactAmount(ExactAmount),
    /// The fee retained is that of the stage.
    StageFee(StageFee),
    /// The recorded stage agrees with the other records.
    StageEvidence(StageEvidence),
    /// Between what future parts cost, and that and the current part.
    Milestones(Milestones),
    /// Only a part is given back.
    InPart(InPart),
    /// An amount is no more than another.
    AtMost(AtMost),
    /// Certain cells are filled.
    Required(Required),
    /// The case was decided once.
    SingleDecision,
    /// Over all cases of an invoice, no more is given back than was billed.
    RunningTotal,
    /// Dates follow each other.
    Chronology(Chronology),
    /// The same was not asked for before.
    Duplicate,
    /// A step was preceded by the one below it.
    Ladder(Ladder),
    /// For invoice lines: the price per unit is between two amounts.
    LinePrice(LinePrice),
    /// For invoice lines: the price per unit is no more than the contract's.
    LineRate(LineCategories),
    /// For invoice lines: billed no later than its period begins.
    LineInAdvance(LineCategories),
    /// For invoice lines: nothing is charged within a term.
    LineFree(LineFree),
}

/// A branch of a decision table.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Branch {
    /// What must hold; an empty list always holds.
    #[serde(rename = "if", default)]
    pub conditions: Conditions,
    /// The verdict.
    pub then: Ruling,
    /// The money effect.
    pub amount: Option<Term>,
    /// What is wrong, in a few words; required unless compliant.
    #[serde(default)]
    pub says: String,
}

/// The verdicts that a branch can give.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Ruling {
    /// As the text demands.
    Compliant,
    /// Not as the text demands, on any reading.
    #[default]
    Deviation,
    /// For a person to judge.
    Review,
}

/// From an event, within a term, another event.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Deadline {
    /// What sets the clock running.
    pub from: Start,
    /// How long it runs.
    pub within: Option<Count>,
    /// Or how long by the word in a column: another word is outside the rule, a blank is indeterminate.
    pub within_by: Option<WithinBy>,
    /// A longer term for some cases: the later of both last days counts.
    pub or_later: Option<Later>,
    /// What must happen; of several, the earliest.
    pub event: Vec<Event>,
    /// The rule does not apply while the event is not recorded.
    #[serde(default)]
    pub if_recorded: bool,
    /// The term does not end before this happens; while it has not happened, nothing is late.
    pub suspended_until: Option<Start>,
}

/// A term by the word in a column.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WithinBy {
    /// Where the word stands.
    pub column: CodeColumn,
    /// The terms.
    pub terms: Vec<WordTerm>,
    /// The term for every other word; without it, another word is outside the rule.
    pub otherwise: Option<Count>,
}

/// The term for one word.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WordTerm {
    /// The word.
    pub word: Word,
    /// Its term.
    pub within: Count,
}

/// A longer term, under conditions.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Later {
    /// What must hold.
    pub when: Conditions,
    /// The longer term.
    pub within: Count,
}

/// What sets a clock running.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Start {
    /// The request was received.
    Submission,
    /// The decision was made.
    Decision,
    /// The money was sent.
    Processing,
    /// The date of the charge.
    InvoiceDate,
    /// The day that the request records as its effect: `effective_on`.
    EffectiveOn,
    /// The latest delivery of a line of the target by submission.
    Delivery,
    /// The first of several that is recorded, in the order in which they are listed.
    FirstRecorded(Vec<Start>),
    /// The earliest of several, as far as they are recorded.
    Earliest(Vec<Start>),
    /// The latest of several, as far as they are recorded.
    Latest(Vec<Start>),
}

/// What a deadline waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// The earliest receipt confirmed in any decision row.
    Acknowledged,
    /// The decision.
    Decided,
    /// The money was sent.
    Processed,
    /// The money arrived.
    Received,
}

/// An event within a term after another; later is a deviation.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// What must be in time.
    #[serde(default)]
    pub event: WindowEvent,
    /// From what.
    pub after: Base,
    /// How long.
    pub within: Count,
    /// The money effect of being late.
    pub amount: Option<Term>,
    /// Late by this term but not by a longer one that another clause grants: for review.
    pub or_review: Option<Later>,
    /// The outcomes that the parent's decision must have had, decided; else for review.
    pub parent_outcome: Option<Vec<Word>>,
}

/// What must be in time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WindowEvent {
    /// The request.
    #[default]
    Submission,
    /// The sending of the money, or, where its day is blank, the decision.
    Processing,
}

/// The day on which a cancellation takes effect is far enough after its submission.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Notice {
    /// How far.
    pub at_least: Count,
    /// It may also take effect on the day on which receipt was first confirmed.
    #[serde(default)]
    pub or_acknowledged: bool,
    /// The verdict where it is not.
    #[serde(default)]
    pub short: Ruling,
}

/// Lines for which nothing is given back.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NonRefundable {
    /// Of these categories; of any if not given; of none if the list is empty.
    pub categories: Option<Vec<Word>>,
    /// Once this happened, by submission.
    pub happened: Option<LineEvent>,
    /// With these reasons the line is not excluded.
    #[serde(default)]
    pub allowed_reasons: Vec<Word>,
    /// With these reasons the line is excluded for review only.
    #[serde(default)]
    pub review_reasons: Vec<Word>,
    /// The verdict where something is given back for them; `review` where the text grants nothing and forbids nothing.
    #[serde(default)]
    pub given: Ruling,
}

/// The money is one of the accepted amounts, within one unit.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExactAmount {
    /// Which money.
    pub of: Term,
    /// How the accepted amounts come about.
    pub by: Basis,
    /// With these reasons a deviation is for review.
    #[serde(default)]
    pub review_reasons: Vec<Word>,
    /// Where these hold a deviation is for review.
    pub review_when: Option<Conditions>,
}

/// How accepted amounts come about.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Basis {
    /// By the project's stage.
    Stage {
        /// The schedule's id.
        schedule: String,
    },
    /// Per line: the unused days of its period, if cancelled soon after its start.
    UnusedDays {
        /// How soon.
        cancelled_within: Count,
        /// Counts that must be zero.
        #[serde(default)]
        zero: Vec<AmountColumn>,
        /// Flags that must be set.
        #[serde(default)]
        flags: Vec<FlagColumn>,
    },
    /// Per line: the months of a plan that begin after submission, if cancelled soon after its start.
    PlanMonths {
        /// How soon.
        cancelled_within: Count,
        /// Months in the plan.
        months: u32,
        /// The first month that can be given back.
        first: u32,
    },
    /// Per line: the months of a contract that begin after the cancellation takes effect, less a fee.
    ContractMonths {
        /// Months in the contract.
        months: u32,
        /// The fee in percent, of the unused part or of the whole.
        fee_percent: Number,
    },
    /// Per line: a share of what was billed.
    Lines {
        /// The share in percent.
        percent: Number,
        /// Lines of these categories may be given back or kept, all of them alike.
        #[serde(default)]
        optional: Vec<Word>,
        /// Nothing is given back for a line to which this happened by submission.
        not_happened: Option<LineEvent>,
    },
    /// Per line: what is billed for periods that begin after the cancellation.
    LaterPeriods,
    /// What the record says is not yet earned.
    Balance {
        /// The amount.
        column: Term,
        /// A schedule whose amount is accepted too, where the target is of its categories.
        or_schedule: Option<String>,
        /// Those categories.
        #[serde(default)]
        or_schedule_target: Vec<Word>,
    },
    /// The fee's share of the minutes down.
    Downtime {
        /// The categories of the lines that make up the fee.
        fee: Vec<Word>,
        /// Shorter outages are worth nothing.
        at_least_minutes: u32,
    },
}

/// The fee retained is that of the stage.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StageFee {
    /// The schedule's id.
    pub schedule: String,
    /// The rule that judges the refund itself: where it is not compliant, the fee's amount is left blank.
    pub beside: String,
}

/// The recorded stage agrees with the work that was begun, accepted, and its percentage.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StageEvidence {
    /// The schedule's id.
    pub schedule: String,
}

/// Parts of a project, each completed, current or future.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Milestones {
    /// Any of these makes a part completed: nothing is given back for it.
    pub completed: Vec<LineEvent>,
    /// Without this a part is future: it is given back in full.
    pub begun: LineEvent,
}

/// Less than the whole is given back.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InPart {
    /// The percentage earned; where recorded, more than the unearned part is for review.
    pub earned: Option<AmountColumn>,
}

/// An amount is no more than another, within one unit.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AtMost {
    /// The amount.
    pub amount: Term,
    /// The other.
    pub limit: Term,
}

/// Cells that must be filled and flags that must be set.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Required {
    /// All of them.
    pub demands: Vec<Demand>,
}

/// Cells that must be filled under conditions.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Demand {
    /// The cells.
    pub columns: Vec<RecordedColumn>,
    /// The conditions.
    #[serde(default)]
    pub when: Conditions,
}

/// Pairs of dates of which the first is not after the second.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Chronology {
    /// The pairs.
    pub order: Vec<(Moment, Moment)>,
}

/// A date in the life of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the input contract documents each column")]
pub enum Moment {
    SubmittedAt,
    AcknowledgedAt,
    DecidedAt,
    ProcessedAt,
    ReceivedAt,
}

/// The steps of an escalation.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ladder {
    /// Where the step stands.
    pub column: CodeColumn,
    /// From the lowest up.
    pub steps: Vec<Word>,
}

/// The price per unit of invoice lines.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LinePrice {
    /// Of these categories.
    pub categories: Vec<Word>,
    /// In this currency; indeterminate in others.
    #[serde(deserialize_with = "currency")]
    #[schemars(with = "String")]
    pub currency: Currency,
    /// The least.
    pub least: Number,
    /// The most.
    pub most: Number,
    /// Whether one unit more or less of the line's amount is let pass.
    #[serde(default)]
    pub within_one_unit: bool,
    /// The verdict below the least.
    pub below: Ruling,
}

/// Invoice lines by category.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LineCategories {
    /// The categories.
    pub categories: Vec<Word>,
}

/// Invoice lines that are free within a term after `warranty_from`.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LineFree {
    /// The categories.
    pub categories: Vec<Word>,
    /// The term.
    pub within: Count,
}

fn currency<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Currency, D::Error> {
    let code = String::deserialize(deserializer)?;
    Currency::from_code(&code).ok_or_else(|| {
        serde::de::Error::invalid_value(serde::de::Unexpected::Str(&code), &"an ISO 4217 code such as \"USD\"")
    })
}

/// The amounts due by the stage of a project.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// By which rules refer to it.
    pub id: String,
    /// What shows that a line of the target has begun.
    #[serde(default = "started")]
    pub begun: LineEvent,
    /// What shows that a line of the target was approved.
    #[serde(default = "accepted")]
    pub accepted: LineEvent,
    /// The stages in order.
    pub stages: Vec<Stage>,
}

fn started() -> LineEvent {
    LineEvent::StartedOn
}

fn accepted() -> LineEvent {
    LineEvent::AcceptedOn
}

/// A stage of a project.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Stage {
    /// Its word in the case file.
    pub stage: Word,
    /// The share that is given back, in percent.
    pub percent: Number,
    /// Of what; not needed for 0 %.
    pub of: Option<Term>,
    /// The administrative fee in percent.
    pub fee_percent: Option<Number>,
    /// Of what.
    pub fee_of: Option<Term>,
    /// What the work itself says of the stage.
    #[serde(default)]
    pub work: Work,
    /// The percentages complete at which the project is in this stage, both ends included.
    pub progress: Option<(Number, Number)>,
}

/// What the work itself says of a stage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Work {
    /// Begun, and not yet accepted.
    #[default]
    UnderWay,
    /// Not begun.
    NotBegun,
    /// Accepted.
    Accepted,
}

impl Check {
    /// Whether it tests an invoice line rather than a case.
    pub fn is_about_lines(&self) -> bool {
        self.line_categories().is_some()
    }

    /// The categories of the invoice lines that it tests, if it tests lines.
    pub fn line_categories(&self) -> Option<&[Word]> {
        match self {
            Check::LinePrice(check) => Some(&check.categories),
            Check::LineRate(check) | Check::LineInAdvance(check) => Some(&check.categories),
            Check::LineFree(check) => Some(&check.categories),
            _ => None,
        }
    }

    /// Whether it compares money of the decision with an amount of the target: on a target of several categories that
    /// money cannot be attributed to a line.
    pub fn compares_amounts(&self) -> bool {
        matches!(
            self,
            Check::ExactAmount(_) | Check::StageFee(_) | Check::Milestones(_) | Check::InPart(_) | Check::AtMost(_)
        )
    }

    /// The name of the kind, as policy files write it.
    pub fn kind(&self) -> &'static str {
        match self {
            Check::Decide(_) => "decide",
            Check::Deadline(_) => "deadline",
            Check::Window(_) => "window",
            Check::Notice(_) => "notice",
            Check::NonRefundable(_) => "non_refundable",
            Check::ExactAmount(_) => "exact_amount",
            Check::StageFee(_) => "stage_fee",
            Check::StageEvidence(_) => "stage_evidence",
            Check::Milestones(_) => "milestones",
            Check::InPart(_) => "in_part",
            Check::AtMost(_) => "at_most",
            Check::Required(_) => "required",
            Check::SingleDecision => "single_decision",
            Check::RunningTotal => "running_total",
            Check::Chronology(_) => "chronology",
            Check::Duplicate => "duplicate",
            Check::Ladder(_) => "ladder",
            Check::LinePrice(_) => "line_price",
            Check::LineRate(_) => "line_rate",
            Check::LineInAdvance(_) => "line_in_advance",
            Check::LineFree(_) => "line_free",
        }
    }
}
