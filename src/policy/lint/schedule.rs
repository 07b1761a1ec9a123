//! Schedules: stages without an amount, stages twice, percentages complete that no stage or two stages claim.

use super::code::{
    PROGRESS_ENDS, PROGRESS_HOLE, PROGRESS_OVERLAP, PROGRESS_RANGE, SHARE_OF_NOTHING, STAGE_TWICE, UNUSED_SCHEDULE,
};
use super::{Subject, pairs};
use crate::policy::Problem;
use crate::policy::rule::{Rule, Schedule, Stage};
use rust_decimal::Decimal;

pub(super) fn lint(subject: &Subject<'_>) -> Vec<Problem> {
    let of_schedule = |(at, schedule): (usize, &Schedule)| {
        let mut problems = Vec::new();
        problems.extend(unused(subject, at, schedule));
        problems.extend(stage_twice(subject, at, schedule));
        problems.extend(shares(subject, at, schedule));
        problems.extend(progress(subject, at, schedule));
        problems
    };
    subject.policy.schedules.iter().enumerate().flat_map(of_schedule).collect()
}

fn users<'s>(subject: &'s Subject<'_>, schedule: &'s Schedule) -> impl Iterator<Item = &'s Rule> {
    subject.policy.rules.iter().filter(|rule| rule.check.schedules().contains(&schedule.id.as_str()))
}

fn unused(subject: &Subject<'_>, at: usize, schedule: &Schedule) -> Option<Problem> {
    if users(subject, schedule).next().is_some() {
        return None;
    }
    let what = format!("no rule uses the schedule `{}`", schedule.id);
    let help = "name it in a rule, as `by = { stage = { schedule = … } }`, or leave it out";
    Some(subject.problem(UNUSED_SCHEDULE, &format!("schedule/{at}/id"), what, help))
}

fn stage_twice(subject: &Subject<'_>, at: usize, schedule: &Schedule) -> Vec<Problem> {
    let stages: Vec<(usize, &Stage)> = schedule.stages.iter().enumerate().collect();
    let twice = pairs(&stages).filter(|((_, earlier), (_, later))| earlier.stage == later.stage);
    let problem = |(_, (place, stage)): (_, &(usize, &Stage))| {
        let what = format!("the schedule `{}` has the stage `{}` twice", schedule.id, stage.stage.text());
        let help = "leave one of them out: the amounts of both would be accepted";
        subject.problem(STAGE_TWICE, &format!("schedule/{at}/stages/{place}/stage"), what, help)
    };
    twice.map(problem).collect()
}

/// A share that is not 0 % has to say of what.
fn shares(subject: &Subject<'_>, at: usize, schedule: &Schedule) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (place, stage) in schedule.stages.iter().enumerate() {
        let fee = stage.fee_percent.map_or(Decimal::ZERO, |percent| percent.0);
        let shares = [
            ("percent", "of", stage.percent.0, stage.of.is_none()),
            ("fee_percent", "fee_of", fee, stage.fee_of.is_none()),
        ];
        for (key, of, percent, is_missing) in shares {
            if is_missing && !percent.is_zero() {
                let what = format!("the stage `{}` has a share of {percent} % of nothing", stage.stage.text());
                let help = format!("say of what in `{of}`, such as `{of} = \"target_amount\"`");
                let place = format!("schedule/{at}/stages/{place}/{key}");
                problems.push(subject.problem(SHARE_OF_NOTHING, &place, what, help));
            }
        }
    }
    problems
}

/// The range of a stage, with its place.
struct Part<'a> {
    stage: &'a Stage,
    from: Decimal,
    to: Decimal,
    place: String,
}

/// The ranges of percentages complete cover 0 to 100 once.
fn progress(subject: &Subject<'_>, at: usize, schedule: &Schedule) -> Vec<Problem> {
    let mut parts: Vec<Part<'_>> = schedule
        .stages
        .iter()
        .enumerate()
        .filter_map(|(place, stage)| {
            let (from, to) = stage.progress?;
            let place = format!("schedule/{at}/stages/{place}/progress");
            Some(Part { stage, from: from.0, to: to.0, place })
        })
        .collect();
    let wrong: Vec<&Part<'_>> =
        parts.iter().filter(|part| part.from > part.to || part.to > Decimal::ONE_HUNDRED).collect();
    if !wrong.is_empty() {
        return wrong.into_iter().map(|part| no_range(subject, part)).collect();
    }
    parts.sort_by_key(|part| (part.from, part.to));
    let (Some(first), Some(last)) = (parts.first(), parts.iter().max_by_key(|part| part.to)) else { return Vec::new() };
    let mut problems = Vec::new();
    if first.from > Decimal::ZERO {
        problems.push(hole(subject, schedule, &first.place, &format!("below {}", first.from)));
    }
    let meet = parts.iter().zip(parts.iter().skip(1)).filter_map(|(low, high)| meeting(subject, schedule, low, high));
    problems.extend(meet);
    if last.to < Decimal::ONE_HUNDRED {
        problems.push(hole(subject, schedule, &last.place, &format!("above {}", last.to)));
    }
    problems
}

fn no_range(subject: &Subject<'_>, part: &Part<'_>) -> Problem {
    let what = format!("`{}` to `{}` is no range within 0 to 100", part.from, part.to);
    subject.problem(PROGRESS_RANGE, &part.place, what, "write the lower end first, both from 0 to 100")
}

fn hole(subject: &Subject<'_>, schedule: &Schedule, place: &str, where_: &str) -> Problem {
    let what = format!("the schedule `{}` has no stage for work {where_} % complete", schedule.id);
    subject.problem(PROGRESS_HOLE, place, what, "let the ranges of `progress` cover 0 to 100; both ends are included")
}

/// Where one range ends and the next begins.
fn meeting(subject: &Subject<'_>, schedule: &Schedule, low: &Part<'_>, high: &Part<'_>) -> Option<Problem> {
    let stages = format!("`{}` and `{}`", low.stage.stage.text(), high.stage.stage.text());
    if high.from > low.to {
        let between = format!("more than {} and less than {}", low.to, high.from);
        return Some(hole(subject, schedule, &high.place, &between));
    }
    if high.from < low.to {
        let what = format!("work {} to {} % complete is in two stages, {stages}", high.from, low.to.min(high.to));
        let help = "let one range end where the next begins";
        return Some(subject.problem(PROGRESS_OVERLAP, &high.place, what, help));
    }
    let is_read = !subject.policy.reading.trim().is_empty()
        || users(subject, schedule).any(|rule| rule.reading.as_ref().is_some_and(|reading| !reading.trim().is_empty()));
    if is_read {
        return None;
    }
    let what = format!("work {} % complete is in two stages, {stages}, and no reading says so", low.to);
    let help = "the amounts of both are accepted: say in the `reading` of the rule or of the policy why";
    Some(subject.problem(PROGRESS_ENDS, &high.place, what, help))
}
