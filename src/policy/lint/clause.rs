//! Clauses of the text that are neither tested nor explained.
//!
//! A citation names a clause of the list if the clause's name stands in it, whole: `4.2, third bullet` names `4.2` but
//! neither `4` nor `2`. A range names all that lies between its ends: `Exceptions 1–3` names `Exceptions 2`.

use super::Subject;
use super::code::{NO_CLAUSE_LIST, UNKNOWN_CLAUSE, UNTESTED_CLAUSE};
use crate::policy::Problem;
use crate::wording::did_you_mean;

pub(super) fn lint(subject: &Subject<'_>) -> Vec<Problem> {
    let policy = subject.policy;
    let Some(clauses) = &policy.clauses else {
        let help = "list them in `[policy]`: `clauses = [\"1\", \"2.1\"]`";
        let what = "whether every clause of the text is tested or explained cannot be checked without a list of them";
        return vec![subject.problem(NO_CLAUSE_LIST, "policy", what, help)];
    };
    let rules = policy.rules.iter().map(|rule| rule.clause.as_str());
    let cited: Vec<&str> = rules.chain(policy.untested.iter().map(|untested| untested.clause.as_str())).collect();
    let mut problems = Vec::new();
    for (at, clause) in clauses.iter().enumerate() {
        if !cited.iter().any(|citation| names(citation, clause)) {
            let what = format!("clause `{clause}` is neither tested nor explained");
            let help = "write a rule for it, or an `[[untested]]` with the reason why there is none";
            problems.push(subject.problem(UNTESTED_CLAUSE, &format!("policy/clauses/{at}"), what, help));
        }
    }
    let unknown = |citation: &str| !clauses.iter().any(|clause| names(citation, clause));
    let help = |citation: &str| {
        let near = did_you_mean(citation, clauses.iter().map(String::as_str)).map(|near| format!("{near} "));
        format!("{}a citation names at least one of the `clauses` of `[policy]`", near.unwrap_or_default())
    };
    let what = |citation: &str| format!("`{citation}` is none of the text's clauses");
    for rule in policy.rules.iter().filter(|rule| unknown(&rule.clause)) {
        problems.push(subject.in_rule(UNKNOWN_CLAUSE, rule, "clause", what(&rule.clause), &help(&rule.clause)));
    }
    for (at, untested) in policy.untested.iter().enumerate().filter(|(_, untested)| unknown(&untested.clause)) {
        let place = format!("untested/{at}/clause");
        problems.push(subject.problem(UNKNOWN_CLAUSE, &place, what(&untested.clause), help(&untested.clause)));
    }
    problems
}

/// Whether a citation names a clause.
fn names(citation: &str, clause: &str) -> bool {
    let (citation, clause) = (citation.to_lowercase(), clause.trim().to_lowercase());
    !clause.is_empty() && (stands_in(&citation, &clause) || lies_in_range(&citation, &clause))
}

/// Whether a name stands in a citation whole: no letter or digit goes on before or after it, nor a number with points.
fn stands_in(citation: &str, clause: &str) -> bool {
    citation.match_indices(clause).any(|(at, found)| {
        let (before, after) = (&citation[..at], &citation[at + found.len()..]);
        !goes_on(before.chars().rev()) && !goes_on(after.chars())
    })
}

fn goes_on(mut beside: impl Iterator<Item = char>) -> bool {
    match beside.next() {
        Some('.') => beside.next().is_some_and(|next| next.is_ascii_digit()),
        next => next.is_some_and(char::is_alphanumeric),
    }
}

/// Whether a citation has a range of whole numbers, after the words of the clause, in which its number lies.
fn lies_in_range(citation: &str, clause: &str) -> bool {
    let words = clause.trim_end_matches(|c: char| c.is_ascii_digit());
    let Ok(number) = clause[words.len()..].parse::<u32>() else { return false };
    let starts: Vec<usize> = match words.is_empty() {
        true => (0..citation.len()).filter(|at| citation.is_char_boundary(*at)).collect(),
        false => citation.match_indices(words).map(|(at, _)| at).collect(),
    };
    starts.into_iter().any(|at| {
        let rest = &citation[at + words.len()..];
        !goes_on(citation[..at].chars().rev()) && range(rest).is_some_and(|(from, to)| from <= number && number <= to)
    })
}

/// The range of whole numbers with which a text begins, with a dash or a hyphen.
fn range(text: &str) -> Option<(u32, u32)> {
    let split = |text: &str| text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (from, rest) = text.split_at(split(text));
    let rest = rest.trim_start().strip_prefix(['–', '-'])?.trim_start();
    let (to, rest) = rest.split_at(split(rest));
    if goes_on(rest.chars()) {
        return None;
    }
    Some((from.parse().ok()?, to.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn a_citation_names_clauses_whole() {
        for (citation, clause, named) in [
            ("4.2", "4.2", true),
            ("4.2, third bullet", "4.2", true),
            ("4.1, 4.2", "4.2", true),
            ("4.1 and 4.2.", "4.2", true),
            ("4.2", "4", false),
            ("4.2", "2", false),
            ("14.2", "4.2", false),
            ("4.2.1", "4.2", false),
            ("4.2(a)", "4.2", true),
            ("Refunds, last sentence", "refunds", true),
            ("Refundsx", "Refunds", false),
            ("Exceptions 1–3", "Exceptions 1", true),
            ("Exceptions 1–3", "Exceptions 2", true),
            ("Exceptions 1-3", "Exceptions 3", true),
            ("Exceptions 1–3", "Exceptions 4", false),
            ("Exceptions 1–3", "Exclusions 2", false),
            ("sections 2–4", "3", true),
            ("sections 2.5–4", "3", false),
            ("sections 12–14", "3", false),
            ("", "3", false),
            ("3", "", false),
        ] {
            assert_eq!(names(citation, clause), named, "`{citation}` names `{clause}`");
        }
    }
}
