//! `junit.xml`: a test suite a policy and a test case a rule, for programs that run jobs.

use super::coverage::{Covered, covered};
use super::findings::Row;
use super::folder::{FolderError, Output};
use super::layout::{counted, plain};
use super::totals::Totals;
use crate::check::outcome::Verdict;
use crate::plan::Listed;
use crate::policy::Catalogue;
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use std::collections::BTreeMap;
use std::io;

/// How many findings a failure names.
const FIRST: usize = 10;

/// The file in the making.
pub struct Junit {
    output: Output,
    /// The first deviations of each rule.
    first: BTreeMap<String, Vec<String>>,
}

impl Junit {
    /// Begins the file.
    pub fn begin(output: Output) -> Junit {
        Junit { output, first: BTreeMap::new() }
    }

    /// Adds a finding; findings come in their order.
    pub fn finding(&mut self, row: &Row<'_>) {
        if row.verdict != Verdict::Deviation.name() {
            return;
        }
        if !self.first.contains_key(&*row.rule) {
            self.first.insert(row.rule.to_string(), Vec::new());
        }
        if let Some(first) = self.first.get_mut(&*row.rule).filter(|first| first.len() < FIRST) {
            let case = if row.request_id.is_empty() { &row.invoice_id } else { &row.request_id };
            first.push(format!("{} {}: {}", row.finding_id, plain(case), plain(&row.message)));
        }
    }

    /// Writes the file.
    ///
    /// # Errors
    /// When it cannot be written to.
    pub fn finish(
        mut self,
        catalogue: &Catalogue,
        rules: &[Listed<'_>],
        totals: &Totals<'_>,
    ) -> Result<Output, FolderError> {
        let covered = covered(rules, totals);
        let mut report = Report::new("reperform");
        for policy in &catalogue.policies {
            let own = |covered: &&Covered<'_>| {
                let listed = rules.iter().find(|listed| std::ptr::eq(listed.rule, covered.rule));
                listed.is_some_and(|listed| std::ptr::eq(listed.policy, policy))
            };
            let mut suite = TestSuite::new(policy.own_name());
            suite.add_test_cases(covered.iter().filter(own).map(|covered| self.test(&policy.name, covered)));
            if suite.tests > 0 {
                report.add_test_suite(suite);
            }
        }
        let mut xml = Vec::new();
        report.serialize(&mut xml).map_err(|error| FolderError::unformatted(io::Error::other(error.to_string())))?;
        self.output.put(&xml)?;
        Ok(self.output)
    }

    fn test(&self, policy: &str, covered: &Covered<'_>) -> TestCase {
        let (rule, tally) = (covered.rule, &covered.tally);
        let why = covered.why();
        let status = if tally.deviation > 0 {
            let mut failure = TestCaseStatus::non_success(NonSuccessKind::Failure);
            let applied = counted(tally.applied(), "test", "tests");
            failure.set_message(format!("{} in {applied}", counted(tally.deviation, "deviation", "deviations")));
            failure.set_type(rule.severity.name());
            failure.set_description(self.described(&rule.id, tally.deviation));
            failure
        } else if tally.applied() == tally.indeterminate {
            let mut skipped = TestCaseStatus::skipped();
            skipped.set_message(format!("not tested: {why}"));
            skipped
        } else {
            TestCaseStatus::success()
        };
        let mut test = TestCase::new(rule.id.as_str(), status);
        test.set_classname(policy);
        let mut notes = vec![format!("clause {}: {}", rule.clause, rule.title)];
        notes.extend((tally.review > 0).then(|| format!("{} for review", tally.review)));
        notes.extend((tally.indeterminate > 0).then(|| format!("{} not testable: {why}", tally.indeterminate)));
        test.set_system_out(notes.join("\n"));
        test
    }

    /// The first findings of a rule, and how many there are besides.
    fn described(&self, rule: &str, deviations: u64) -> String {
        let first = self.first.get(rule).map_or(&[][..], Vec::as_slice);
        let more = deviations.saturating_sub(first.len() as u64);
        let more = (more > 0).then(|| format!("and {}", counted(more, "further deviation", "further deviations")));
        first.iter().cloned().chain(more).collect::<Vec<_>>().join("\n")
    }
}
