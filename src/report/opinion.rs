//! What comes of an audit in one line, and what limits it: the same words on the page, in the workbook and in a mail.

use super::coverage::Covered;
use super::layout::{count, counted};
use super::summary::Summary;

/// The outcome in one line, and what limits it.
pub struct Opinion {
    /// The line.
    pub line: String,
    /// A sentence each.
    pub limits: Vec<String>,
}

impl Opinion {
    /// The opinion to which a summary comes.
    pub fn of(summary: &Summary<'_>, covered: &[Covered<'_>]) -> Opinion {
        let (verdicts, cases) = (&summary.verdicts, &summary.cases);
        let tested = verdicts.compliant + verdicts.deviation + verdicts.review;
        let line = match (tested, verdicts.deviation) {
            (0, _) => "Nothing could be tested: there is no opinion.".to_owned(),
            (_, 0) => {
                format!("In none of {} was a deviation from the policies found.", counted(tested, "test", "tests"))
            }
            (_, found) => {
                let share = percent(found, tested);
                format!(
                    "In {} of {} the decisions deviate from the policies ({share}).",
                    count(found),
                    counted(tested, "test", "tests")
                )
            }
        };
        let mut limits = Vec::new();
        let mut limit = |number: u64, text: String| {
            if number > 0 {
                limits.push(text);
            }
        };
        let severities: Vec<String> = summary
            .findings
            .by_severity
            .0
            .iter()
            .filter(|(_, group)| group.deviation > 0)
            .map(|(name, group)| format!("{} {name}", count(group.deviation)))
            .collect();
        limit(verdicts.deviation, format!("By severity: {}.", severities.join(", ")));
        let judge = verdicts.review;
        limit(judge, format!("{} left to a person to judge.", counted(judge, "result is", "results are")));
        let unmade = verdicts.indeterminate;
        limit(unmade, format!("{} not be made for want of evidence.", counted(unmade, "test could", "tests could")));
        let held = counted(cases.held_back, "case was", "cases were");
        limit(cases.held_back, format!("{held} held back, as rows that they rest on were rejected."));
        let outside = cases.outside_versions;
        limit(
            outside,
            format!(
                "{} outside every policy version or after the as-of date.",
                counted(outside, "case lies", "cases lie")
            ),
        );
        let idle = covered.iter().filter(|covered| covered.tally.applied() == 0).count() as u64;
        limit(idle, format!("{} no case to be put to.", counted(idle, "rule had", "rules had")));
        Opinion { line, limits }
    }
}

/// A share in percent with one digit.
fn percent(part: u64, whole: u64) -> String {
    let permille = (u128::from(part) * 1000 + u128::from(whole) / 2).checked_div(u128::from(whole)).unwrap_or_default();
    match permille {
        0 if part > 0 => "less than 0.1 %".to_owned(),
        _ => format!("{}.{} %", permille / 10, permille % 10),
    }
}
