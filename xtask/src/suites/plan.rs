//! Which calls of a suite's own `run` cover a set of tests. Pure.
//!
//! Tests in the skip file run apart from the others and with a limit: one that waits for what is not built yet must not
//! take the rest of its process with it.

use std::collections::BTreeSet;

/// Seconds for a test in the skip file, above what Kafka needs for any of them.
const SKIPPED_TIMEOUT_S: u32 = 300;
/// Seconds in the baseline below which a librdkafka test is part of CI.
const CI_SECONDS_MAX: f64 = 10.0;

/// One call of `run`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Call {
    /// Value of `--only`; all tests without it.
    pub(crate) only: Option<String>,
    /// Value of `--timeout`, in seconds; the suite's own without it.
    pub(crate) timeout_s: Option<u32>,
}

/// What a suite's `--only` takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Selection {
    /// Numbers with commas between them; a process each.
    Numbers,
    /// A regular expression over top-level tests, whose subtests run with them, all in one process.
    GoTests,
    /// A part of one test's name; a process for each test.
    Substring,
    /// The name of one test.
    OneName,
}

impl Selection {
    /// Baseline seconds from which a test is not part of CI.
    pub(crate) fn ci_seconds_max(self) -> f64 {
        if self == Self::Numbers { CI_SECONDS_MAX } else { f64::INFINITY }
    }

    /// The calls that run `tests` of a suite, first those that are expected to pass.
    pub(crate) fn plan(self, tests: &BTreeSet<&str>, is_skipped: impl Fn(&str) -> bool) -> Vec<Call> {
        if self == Self::Substring {
            return vec![Call { only: None, timeout_s: None }];
        }
        let (skipped, expected): (Vec<&str>, Vec<&str>) =
            tests.iter().partition(|test| is_skipped(self.process_of(test)));
        let skipped = self.calls(&skipped).into_iter();
        let skipped = skipped.map(|call| Call { timeout_s: Some(SKIPPED_TIMEOUT_S), ..call });
        self.calls(&expected).into_iter().chain(skipped).collect()
    }

    /// The calls that run exactly these tests, with whatever else cannot be told apart from them.
    pub(crate) fn calls(self, tests: &[&str]) -> Vec<Call> {
        let only = match self {
            _ if tests.is_empty() => Vec::new(),
            Self::Numbers => vec![tests.join(",")],
            Self::GoTests => {
                let parents: BTreeSet<&str> = tests.iter().map(|test| self.process_of(test)).collect();
                vec![format!("^({})$", parents.into_iter().collect::<Vec<_>>().join("|"))]
            }
            Self::Substring | Self::OneName => tests.iter().map(|test| (*test).to_owned()).collect(),
        };
        only.into_iter().map(|only| Call { only: Some(only), timeout_s: None }).collect()
    }

    /// The test that must be named for this one to run.
    fn process_of(self, test: &str) -> &str {
        match self {
            Self::GoTests => test.split('/').next().unwrap_or(test),
            Self::Numbers | Self::Substring | Self::OneName => test,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(selection: Selection, tests: &[&str], skipped: &[&str]) -> Vec<(Option<String>, Option<u32>)> {
        let tests = tests.iter().copied().collect();
        let calls = selection.plan(&tests, |test| skipped.contains(&test));
        calls.into_iter().map(|call| (call.only, call.timeout_s)).collect()
    }

    fn call(only: &str, timeout_s: Option<u32>) -> (Option<String>, Option<u32>) {
        (Some(only.to_owned()), timeout_s)
    }

    #[test]
    fn skipped_tests_run_apart_and_with_a_limit() {
        let calls = plan(Selection::Numbers, &["0001", "0002", "0003"], &["0002"]);
        assert_eq!(calls, [call("0001,0003", None), call("0002", Some(300))]);
        let calls = plan(Selection::OneName, &["a", "b"], &["b"]);
        assert_eq!(calls, [call("a", None), call("b", Some(300))]);
    }

    #[test]
    fn a_skipped_subtest_runs_with_its_parent() {
        let calls =
            plan(Selection::GoTests, &["TestA", "TestA/848", "TestB", "TestB/x"], &["TestA/848", "TestB"]);
        assert_eq!(calls, [call("^(TestA)$", None), call("^(TestB)$", Some(300))]);
    }

    #[test]
    fn a_suite_with_a_process_for_each_test_runs_whole() {
        assert_eq!(plan(Selection::Substring, &["a", "b"], &["b"]), [(None, None)]);
    }

    #[test]
    fn no_test_is_no_call() {
        assert_eq!(plan(Selection::Numbers, &[], &[]), []);
    }
}
