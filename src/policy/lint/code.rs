//! The kinds of problem that a policy file can have, each with a name that stays.

use crate::document::{Code, Level, Problem};
use crate::wording::did_you_mean;

macro_rules! codes {
    ($($constant:ident $name:literal $level:ident $about:literal;)*) => {
        $(
            #[doc = $about]
            pub const $constant: Code = Code { name: $name, level: Level::$level };
        )*
        /// Every code, in the order of the documentation.
        pub const ALL: &[Code] = &[$($constant),*];

        /// What a code stands for, in a few words.
        pub fn about(code: Code) -> &'static str {
            match code.name {
                $($name => $about,)*
                _ => "",
            }
        }
    };
}

// Errors first; up to `wrong-change` they keep a file from being read.
codes! {
    TOML_SYNTAX "toml-syntax" Error "the file is not well-formed TOML";
    UNKNOWN_TABLE "unknown-table" Error "a table that policy files do not have";
    UNKNOWN_KEY "unknown-key" Error "a key that its table does not have";
    MISSING_KEY "missing-key" Error "a key without which its table means nothing";
    UNKNOWN_CHOICE "unknown-choice" Error "a word that is none of those which its key allows";
    WRONG_VALUE "wrong-value" Error "a value of the wrong type or form";
    MISSING_POLICY "missing-policy" Error "no table `[policy]`";
    POLICY_TWICE "policy-twice" Error "two files with policies of the same name";
    MISSING_ZONE "missing-zone" Error "no time zone in which days are taken";
    UNKNOWN_ZONE "unknown-zone" Error "a time zone that the IANA list does not have";
    UNKNOWN_CALENDAR "unknown-calendar" Error "a holiday file that is not in the folder `calendars`";
    UNKNOWN_WEEKDAY "unknown-weekday" Error "a weekend of what is not a day of the week";
    CALENDAR_YEARS "calendar-years" Error "a calendar whose years are not in order";
    BAD_HOLIDAY "bad-holiday" Error "a line of a holiday file that is no day with a name";
    MISSING_CALENDAR "missing-calendar" Error "a rule counts business days, and there is no calendar";
    MISSING_VERSION "missing-version" Error "no `[[version]]`";
    VERSION_DAY "version-day" Error "a version that begins on what is not a day";
    VERSION_ORDER "version-order" Error "versions that are not listed from the oldest on";
    UNKNOWN_VERSION "unknown-version" Error "`since` or `until` names no version of the policy";
    RULE_TWICE "rule-twice" Error "the same rule is written twice from the same version on";
    NO_CLAUSE "no-clause" Error "a rule, or a change by an amendment, that cites no clause";
    EMPTY_TEXT "empty-text" Error "a rule with an empty id or title";
    MISSING_UPPER_SIDE "missing-upper-side" Error "a rule has an upper side, and the policy has no `[upper_side]`";
    UNKNOWN_SCHEDULE "unknown-schedule" Error "a rule names a schedule that the policy does not have";
    UNKNOWN_RULE "unknown-rule" Error "a rule or a change names a rule that the policy does not have";
    SILENT_BRANCH "silent-branch" Error "a branch that finds something and does not say what is wrong";
    DEADLINE_TERM "deadline-term" Error "a deadline with no term, or with two";
    DEADLINE_EVENT "deadline-event" Error "a deadline that waits for no event";
    READING_TWICE "reading-twice" Error "two alternative readings with the same id";
    UNKNOWN_POLICY "unknown-policy" Error "an amendment to a policy that there is not";
    WRONG_AMENDMENT "wrong-amendment" Error "an amendment without a name, or one that says what it cannot";
    WRONG_CHANGE "wrong-change" Error "a change that does not fit what it changes";
    UNKNOWN_KIND "unknown-kind" Error "a kind of request or an outcome that exports cannot have";
    EMPTY_CHOICE "empty-choice" Error "an empty list of which something would have to be one";
    NEVER_IN_FORCE "never-in-force" Error "a rule that ends no later than it begins";
    VERSIONS_OVERLAP "versions-overlap" Error "a rule that is in force twice in the same version";
    STAGE_TWICE "stage-twice" Error "a schedule that has a stage twice";
    SHARE_OF_NOTHING "share-of-nothing" Error "a percentage that does not say of what";
    PROGRESS_RANGE "progress-range" Error "percentages complete that are no range within 0 to 100";
    FAILING_EXAMPLE "failing-example" Error "a worked example that does not give what it expects (with `--examples`)";
    NO_KINDS "no-kinds" Warning "a rule that is about no kind of request";
    CONTRADICTION "contradiction" Warning "conditions that cannot hold together";
    SHADOWED_BRANCH "shadowed-branch" Warning "a branch that is never reached, because an earlier one holds whenever it does";
    SHADOWED_RULE "shadowed-rule" Warning "a rule about lines all of which an earlier rule owns";
    SAME_RULE "same-rule" Warning "two rules that ask the same of the same cases";
    UNKNOWN_WORD "unknown-word" Warning "a word that no vocabulary knows and one rule uses: perhaps misspelt";
    PROGRESS_HOLE "progress-hole" Warning "percentages complete for which a schedule has no stage";
    PROGRESS_OVERLAP "progress-overlap" Warning "percentages complete for which a schedule has two stages";
    PROGRESS_ENDS "progress-ends" Warning "a percentage at which two stages meet, without a reading that says which";
    UNUSED_SCHEDULE "unused-schedule" Warning "a schedule that no rule uses";
    DEADLINE_ORDER "deadline-order" Warning "a deadline that is longer than that of what comes after it";
    NO_LONGER_TERM "no-longer-term" Warning "an exception's longer term that is not longer";
    VERSION_GAP "version-gap" Warning "a rule that is missing in a version between two that have it";
    CALENDAR_ENDS "calendar-ends" Warning "a version that begins outside the years of the calendar";
    CALENDAR_EMPTY_YEAR "calendar-empty-year" Warning "a year of the calendar for which the holiday file has no day";
    UNTESTED_CLAUSE "untested-clause" Warning "a clause of the text that is neither tested nor explained";
    UNKNOWN_CLAUSE "unknown-clause" Warning "a citation of none of the text's clauses";
    UNTESTED_NUMBER "untested-number" Warning "a number on which no worked example depends (with `--examples`)";
    NO_CLAUSE_LIST "no-clause-list" Note "no list of the text's clauses against which to check that all are covered";
    BEFORE_FIRST_VERSION "before-first-version" Note "days before the first version, for which there is no rule";
    NOTHING_LISTED "nothing-listed" Note "a list of items left empty, so that its rule applies to none";
}

/// A problem in a policy's words: what a parser says gets its code, plain names of types, and the nearest known name.
pub(in crate::policy) fn in_plain_words(problem: Problem) -> Problem {
    if problem.code != Code::default() {
        return problem;
    }
    let begins = |words: &str| problem.what.starts_with(words);
    let code = if begins("unknown field") {
        UNKNOWN_KEY
    } else if begins("missing field") {
        MISSING_KEY
    } else if begins("unknown variant") {
        UNKNOWN_CHOICE
    } else {
        WRONG_VALUE
    };
    let help = match code {
        UNKNOWN_KEY | UNKNOWN_CHOICE => {
            let mut quoted = problem.what.split('`').skip(1).step_by(2);
            quoted.next().and_then(|unknown| did_you_mean(unknown, quoted))
        }
        MISSING_KEY => Some("add it to this table".to_owned()),
        _ => Some("`policies/README.md` shows how each key is written".to_owned()),
    };
    Problem { code, what: plain_types(&problem.what), help: problem.help.or(help), ..problem }
}

/// A message with the names that a policy's author knows in place of those of the program.
fn plain_types(message: &str) -> String {
    const PLAIN: [(&str, &str); 6] = [
        ("expected u32", "expected a whole number"),
        ("expected i32", "expected a whole number"),
        ("expected a sequence", "expected a list"),
        ("expected a map", "expected a table"),
        ("type: sequence", "type: list"),
        ("type: map", "type: table"),
    ];
    let plain = PLAIN.iter().fold(message.to_owned(), |text, (from, to)| text.replace(from, to));
    // A table is named by the program's own name for it.
    plain.split_once("expected struct ").map_or(plain.clone(), |(before, _)| format!("{before}expected a table"))
}
