//! Calendars that do not reach as far as the policy.

use super::Subject;
use super::code::{CALENDAR_EMPTY_YEAR, CALENDAR_ENDS};
use crate::policy::Problem;
use chrono::Datelike;

pub(super) fn lint(subject: &Subject<'_>) -> Vec<Problem> {
    versions_outside(subject).into_iter().chain(empty_years(subject)).collect()
}

fn versions_outside(subject: &Subject<'_>) -> Vec<Problem> {
    let Some(calendar) = &subject.policy.calendar else { return Vec::new() };
    let (first, last) = calendar.covers();
    let outside = subject.policy.versions.iter().enumerate().filter_map(|(at, version)| {
        let from = version.from?;
        let years = if from < first {
            format!("before {}, the calendar's first year", first.year())
        } else if from > last {
            format!("after {}, the calendar's last year", last.year())
        } else {
            return None;
        };
        let what = format!("version `{}` begins {years}", version.id);
        let help = "let `first_year` and `last_year` reach as far as the policy, with a holiday file that does: business \
                    days outside them cannot be counted";
        Some(subject.problem(CALENDAR_ENDS, &format!("version/{at}/from"), what, help))
    });
    outside.collect()
}

/// The years without a holiday, as one problem.
fn empty_years(subject: &Subject<'_>) -> Option<Problem> {
    let calendar = subject.policy.calendar.as_ref()?;
    let (first, last) = calendar.covers();
    let has_day = |year: i32| calendar.holidays().keys().any(|day| day.year() == year);
    let empty: Vec<String> =
        (first.year()..=last.year()).filter(|year| !has_day(*year)).map(|year| year.to_string()).collect();
    if empty.is_empty() {
        return None;
    }
    let what = format!("the calendar `{}` has no holiday in {}", calendar.name, empty.join(", "));
    let help = format!("add the days to `calendars/{}.csv`, or let the calendar end before", calendar.name);
    Some(subject.problem(CALENDAR_EMPTY_YEAR, "policy/calendar", what, help))
}
