//! Words for figures: how conditions, terms and day counts read in a message or in a working.

use crate::calendar::Skipped;
use crate::case::Case;
use crate::check::outcome::Truth;
use crate::column::{AmountColumn, CodeColumn, Column};
use crate::policy::Policy;
use crate::policy::condition::{Base, Condition, Count, State, Term};
use crate::policy::rule::{Event, Moment};
use crate::record::Cell;
use chrono::NaiveDate;

/// A number of days.
pub fn count(count: Count) -> String {
    match count {
        Count::Days(1) => "1 day".to_owned(),
        Count::Days(days) => format!("{days} days"),
        Count::BusinessDays(1) => "1 business day".to_owned(),
        Count::BusinessDays(days) => format!("{days} business days"),
        Count::Months(1) => "1 month".to_owned(),
        Count::Months(months) => format!("{months} months"),
    }
}

/// How a last day was counted, with each day that was skipped and why.
pub fn day_count(policy: &Policy, from: NaiveDate, last: NaiveDate, term: Count) -> String {
    let mut text = format!("{} after {from} is {last}", count(term));
    let (Count::BusinessDays(_), Some(calendar)) = (term, &policy.calendar) else { return text };
    let skipped = from.iter_days().skip(1).take_while(|day| *day <= last);
    let skipped: Vec<String> = skipped
        .filter_map(|day| {
            Some(match calendar.skipped(day)? {
                Skipped::Weekend => format!("{} {day}", day.format("%a")),
                Skipped::Holiday(name) => format!("{day} {name}"),
            })
        })
        .collect();
    if !skipped.is_empty() {
        text.push_str(&format!("; not counted: {}", skipped.join(", ")));
    }
    text
}

/// An amount of a case, named.
pub fn term(term: Term) -> &'static str {
    match term {
        Term::Refund => "refund",
        Term::Credit => "credit",
        Term::Money => "refund and credit",
        Term::AdminFee => "administrative fee",
        Term::FeeReturned => "returned fee",
        Term::Withheld => "withheld amount",
        Term::Disputed => "disputed amount",
        Term::Noncompliant => "non-compliant part",
        Term::AdvancePaid => "advance paid",
        Term::RemainingBalance => "remaining balance",
        Term::TargetAmount => "amount billed",
        Term::InvoiceTotal => "invoice total",
        Term::TargetPaid => "amount paid by the decision",
    }
}

/// What a deadline waits for, named.
pub fn event(events: &[Event]) -> &'static str {
    match events.first() {
        Some(Event::Acknowledged) => "the acknowledgement",
        Some(Event::Decided) => "the decision",
        Some(Event::Processed) => "the payment",
        Some(Event::Received) => "the receipt of the money",
        None => "the event",
    }
}

/// A date in the life of a case, by its column.
pub fn moment(moment: Moment) -> &'static str {
    let column = match moment {
        Moment::SubmittedAt => Column::SubmittedAt,
        Moment::AcknowledgedAt => Column::AcknowledgedAt,
        Moment::DecidedAt => Column::DecidedAt,
        Moment::ProcessedAt => Column::ProcessedAt,
        Moment::ReceivedAt => Column::ReceivedAt,
    };
    column.name()
}

/// The event from which a window runs, named.
pub fn base(base: &Base) -> &'static str {
    match base {
        Base::InvoiceDate => "the invoice",
        Base::Delivery => "the delivery",
        Base::FirstDelivery => "the first delivery",
        Base::LastDelivery => "the last delivery",
        // A message names the event of the entry that decides.
        Base::ByCategory(_) => "the event",
        Base::ParentDecision => "the decision",
        Base::OutageEnd => "the end of the outage",
    }
}

/// A money effect in words: of refund and credit only what there is.
pub fn money(case: &Case<'_>, amount: Term) -> String {
    let named = |of: Term| format!("{} {}", term(of), case.show_bounds(case.term(of)));
    let none = |of: Term| case.term(of).known().is_some_and(|amount| amount.is_zero());
    match amount {
        Term::Money if none(Term::Credit) => named(Term::Refund),
        Term::Money if none(Term::Refund) => named(Term::Credit),
        Term::Money => format!("{} and {}", named(Term::Refund), named(Term::Credit)),
        other => named(other),
    }
}

/// What a branch of a table expects and what it met, as far as one of its conditions shows it.
pub fn sides(case: &Case<'_>, conditions: &[Condition], money: Option<String>) -> (String, String) {
    let compared = conditions.iter().find_map(|condition| compared(case, condition));
    let gives = |c: &Condition| matches!(c, Condition::State(State::Pays | State::GivesMoney) | Condition::Positive(_));
    match (compared, money) {
        (Some(sides), _) => sides,
        (None, Some(money)) if conditions.iter().any(gives) => (case.show(rust_decimal::Decimal::ZERO), money),
        (None, money) => (String::new(), money.unwrap_or_default()),
    }
}

fn compared(case: &Case<'_>, condition: &Condition) -> Option<(String, String)> {
    let word = |column: CodeColumn| case.code(column).value().map_or("", |word| case.books().text(word)).to_owned();
    let Condition::Not(expected) = condition else { return None };
    Some(match &**expected {
        Condition::Code(test) => {
            let words: Vec<String> = test.one_of.iter().map(|w| w.text()).collect();
            (words.join(" or "), word(test.column))
        }
        Condition::Same(left, right) => (word(*right), word(*left)),
        Condition::SameAccount => {
            let id = |account| case.books().text(account).to_owned();
            (id(case.invoice.account), id(case.request.account))
        }
        Condition::SameCurrency => {
            let decided = case.decision.and_then(|row| row.record.currency).unwrap_or(case.currency());
            (case.currency().code().to_owned(), decided.code().to_owned())
        }
        _ => return None,
    })
}

fn state(state: State) -> &'static str {
    match state {
        State::Decided => "decided",
        State::Accepted => "accepted",
        State::Denied => "denied",
        State::Live => "live",
        State::Pays => "pays",
        State::GivesMoney => "gives money",
        State::Processed => "processed",
    }
}

/// The figures on which the conditions of a branch rest, to follow a message.
pub fn figures(case: &Case<'_>, conditions: &[Condition]) -> String {
    let mut shown = Vec::new();
    conditions.iter().for_each(|condition| figure(case, condition, &mut shown));
    if shown.is_empty() { String::new() } else { format!(" ({})", shown.join(", ")) }
}

fn figure(case: &Case<'_>, condition: &Condition, shown: &mut Vec<String>) {
    let code = |column: CodeColumn| {
        let word = case.code(column).value().map_or("not recorded", |word| case.books().text(word));
        format!("{} `{word}`", Column::from(column).name())
    };
    let amount = |column: AmountColumn| {
        let value = case.amount(column).value().map_or("not recorded".to_owned(), |a| a.normalize().to_string());
        format!("{} {value}", Column::from(column).name())
    };
    shown.push(match condition {
        Condition::Code(test) => code(test.column),
        Condition::Same(left, right) => format!("{}, {}", code(*left), code(*right)),
        Condition::AtLeast { column, .. } | Condition::Positive(column) => amount(*column),
        Condition::ShareAbove { column, percent, of } => {
            format!(
                "{}, {} % of {} is {}",
                amount(*column),
                percent.0,
                term(*of),
                case.show_bounds(case.term(*of).scaled(percent.0 / rust_decimal::Decimal::ONE_HUNDRED))
            )
        }
        Condition::OutageLongerThan { minutes } => match case.outage() {
            Some((lasted, _)) => format!("{lasted} minutes down, {minutes} count as the limit"),
            None => return,
        },
        Condition::Timely(timely) => match case.base(&timely.after) {
            Cell::Value(day) => format!("submitted on {}, {} after {day}", case.submitted, count(timely.within)),
            _ => return,
        },
        Condition::HappenedByDecision(event) => match case.request_day(*event) {
            Cell::Value(day) => format!("{} {day}", Column::from(*event).name()),
            _ => format!("{} not recorded", Column::from(*event).name()),
        },
        Condition::SameCurrency => match case.decision.and_then(|row| row.record.currency) {
            Some(currency) => format!("decided in {}, invoiced in {}", currency.code(), case.currency().code()),
            None => return,
        },
        Condition::SameAccount => {
            let books = case.books();
            format!("asked by {}, billed to {}", books.text(case.request.account), books.text(case.invoice.account))
        }
        Condition::SameDeciderAsParent => {
            let name = |row: &crate::record::Decision| case.books().text(row.decided_by).to_owned();
            let own = case.decision.map(|row| name(row.record));
            let parent = case.parent().map(|(request, _)| case.books().text(request.id));
            match own.zip(parent) {
                Some((name, parent)) => format!("decided by {name}, as {parent} was"),
                None => return,
            }
        }
        Condition::Not(inner) => return figure(case, inner, shown),
        Condition::Any(conditions) => return conditions.iter().for_each(|c| figure(case, c, shown)),
        _ => return,
    });
}

/// A condition with its answer, as a step of a working.
pub fn condition(case: &Case<'_>, condition: &Condition, truth: Truth) -> String {
    let answer = match truth {
        Truth::Yes => "yes",
        Truth::No => "no",
        Truth::Unknown => "unknown",
    };
    let mut figures = Vec::new();
    figure(case, condition, &mut figures);
    let figures = if figures.is_empty() { String::new() } else { format!(" ({})", figures.join(", ")) };
    format!("{}? {answer}{figures}", question(condition))
}

/// A condition as a question.
pub fn question(condition: &Condition) -> String {
    let name = |column: Column| column.name();
    match condition {
        Condition::State(s) => state(*s).to_owned(),
        Condition::Code(test) => {
            let words: Vec<String> = test.one_of.iter().map(|w| w.text()).collect();
            format!("{} is {}", name(test.column.into()), words.join(" or "))
        }
        Condition::Flag(flag) | Condition::FlagIfRecorded(flag) => name((*flag).into()).to_owned(),
        Condition::Recorded(column) | Condition::RecordedOrMissing(column) => {
            format!("{} recorded", name((*column).into()))
        }
        Condition::Happened(event) => format!("{} happened", name((*event).into())),
        Condition::HappenedByDecision(event) => format!("{} happened by the decision", name((*event).into())),
        Condition::Positive(column) => format!("{} above 0", name((*column).into())),
        Condition::PositiveOrUnrecorded(column) => format!("{} above 0 or not recorded", name((*column).into())),
        Condition::AtLeast { column, value, .. } => format!("{} at least {}", name((*column).into()), value.0),
        Condition::ShareAbove { column, percent, of } => {
            format!("{} above {} % of {}", name((*column).into()), percent.0, term(*of))
        }
        Condition::AnyLine(test) => {
            let words: Vec<String> = test.category.iter().flatten().map(|w| w.text()).collect();
            let mut parts = Vec::new();
            if !words.is_empty() {
                parts.push(words.join(" or "));
            }
            parts.extend(test.happened.map(|event| format!("with {}", name(event.into()))));
            parts.extend(test.not_happened.map(|event| format!("without {}", name(event.into()))));
            format!("a line of the target {} by submission", parts.join(" "))
        }
        Condition::Timely(timely) => match &timely.extended {
            None => format!("received within {}", count(timely.within)),
            Some(more) => format!("received within {}, or {} longer", count(timely.within), count(more.by)),
        },
        Condition::OutageLongerThan { minutes } => format!("down for more than {minutes} minutes"),
        Condition::SameAccount => "the account that was billed".to_owned(),
        Condition::SameCurrency => "in the invoice's currency".to_owned(),
        Condition::Same(left, right) => format!("{} as {}", name((*left).into()), name((*right).into())),
        Condition::SameDeciderAsParent => "decided by whoever decided before".to_owned(),
        Condition::Not(inner) => format!("not: {}", question(inner)),
        Condition::Any(all) => all.iter().map(question).collect::<Vec<_>>().join(", or "),
    }
}

/// How alike two names must be for one to be offered in place of the other.
const ALIKE: f64 = 0.75;

/// The names most like one that is not known, as text; empty if none is.
pub fn near<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> String {
    let mut alike: Vec<(f64, &str)> = known.map(|other| (strsim::jaro_winkler(name, other), other)).collect();
    alike.retain(|(likeness, _)| *likeness >= ALIKE);
    alike.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    alike.dedup_by_key(|(_, other)| *other);
    let shown: Vec<String> = alike.iter().take(3).map(|(_, other)| format!("`{other}`")).collect();
    shown.join(", ")
}

/// The same as a question, if any name is like it.
pub fn did_you_mean<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
    let near = near(name, known);
    (!near.is_empty()).then(|| format!("did you mean {near}?"))
}
