//! Which calls of a suite's own `run` cover a set of tests, and how long each may take. Pure.
//!
//! Tests in the skip file run apart from the others and with a shorter limit: one that waits for what is not built yet
//! must not take the rest of its process with it.

use std::collections::{BTreeMap, BTreeSet};

/// A test in the skip file may take so many times as long as with Kafka, within these bounds in seconds.
const SKIPPED_SLOWER: f64 = 2.0;
const SKIPPED_SECONDS_MIN: f64 = 30.0;
const SKIPPED_SECONDS_MAX: f64 = 300.0;
/// Any other may take so many times as long as with Kafka, and these seconds more: a busy machine is no failure.
const EXPECTED_SLOWER: f64 = 5.0;
const EXPECTED_SECONDS_MORE: f64 = 60.0;
/// Seconds in the baseline below which a librdkafka test is part of CI.
const CI_SECONDS_MAX: f64 = 10.0;

/// One call of `run`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Call {
    /// Value of `--only`; all tests without it.
    pub(crate) only: Option<String>,
    /// Value of `--timeout`, in whole seconds; the suite's own without it.
    pub(crate) timeout_s: Option<f64>,
}

impl Call {
    fn with(only: String, limit_s: f64) -> Self {
        Self { only: Some(only), timeout_s: Some(limit_s.ceil()) }
    }
}

/// Seconds with Kafka, by test.
pub(crate) type Tests<'a> = BTreeMap<&'a str, f64>;

fn longest(tests: &Tests<'_>) -> f64 {
    tests.values().copied().fold(0.0, f64::max)
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

    /// The calls that run `tests` of a suite (seconds with Kafka by test), first those that are expected to pass.
    pub(crate) fn plan(self, tests: &Tests<'_>, is_skipped: impl Fn(&str) -> bool) -> Vec<Call> {
        if self == Self::Substring {
            return vec![Call { only: None, timeout_s: None }];
        }
        let (skipped, expected): (Tests<'_>, Tests<'_>) =
            tests.iter().partition(|(test, _)| is_skipped(self.process_of(test)));
        let mut calls = self.calls(&expected);
        let limit = (longest(&skipped) * SKIPPED_SLOWER).clamp(SKIPPED_SECONDS_MIN, SKIPPED_SECONDS_MAX);
        calls.extend(self.only(&skipped).into_iter().map(|only| Call::with(only, limit)));
        calls
    }

    /// The calls that run exactly these tests, with whatever else cannot be told apart from them.
    pub(crate) fn calls(self, tests: &Tests<'_>) -> Vec<Call> {
        let limit = longest(tests) * EXPECTED_SLOWER + EXPECTED_SECONDS_MORE;
        self.only(tests).into_iter().map(|only| Call::with(only, limit)).collect()
    }

    /// What to hand to `--only`, once per call.
    fn only(self, tests: &Tests<'_>) -> Vec<String> {
        match self {
            _ if tests.is_empty() => Vec::new(),
            Self::Numbers => vec![tests.keys().copied().collect::<Vec<_>>().join(",")],
            Self::GoTests => {
                let parents: BTreeSet<&str> = tests.keys().map(|test| self.process_of(test)).collect();
                vec![format!("^({})$", parents.into_iter().collect::<Vec<_>>().join("|"))]
            }
            Self::Substring | Self::OneName => tests.keys().map(|test| (*test).to_owned()).collect(),
        }
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

    fn plan(selection: Selection, tests: &[(&str, f64)], skipped: &[&str]) -> Vec<Call> {
        selection.plan(&tests.iter().copied().collect(), |test| skipped.contains(&test))
    }

    fn call(only: &str, seconds: f64) -> Call {
        Call { only: Some(only.to_owned()), timeout_s: Some(seconds) }
    }

    #[test]
    fn skipped_tests_run_apart_and_with_a_shorter_limit() {
        let calls = plan(Selection::Numbers, &[("0001", 1.0), ("0002", 100.0), ("0003", 2.0)], &["0002"]);
        assert_eq!(calls, [call("0001,0003", 70.0), call("0002", 200.0)]);
        let calls = plan(Selection::OneName, &[("a", 0.1), ("b", 0.1), ("c", 1.0)], &["b"]);
        assert_eq!(calls, [call("a", 65.0), call("c", 65.0), call("b", 30.0)]);
    }

    #[test]
    fn a_skipped_test_never_takes_longer_than_five_minutes() {
        assert_eq!(plan(Selection::Numbers, &[("0001", 280.0)], &["0001"]), [call("0001", 300.0)]);
    }

    #[test]
    fn a_skipped_subtest_runs_with_its_parent() {
        let tests = [("TestA", 1.0), ("TestA/848", 1.0), ("TestB", 1.0), ("TestB/x", 1.0)];
        let calls = plan(Selection::GoTests, &tests, &["TestA/848", "TestB"]);
        assert_eq!(calls, [call("^(TestA)$", 65.0), call("^(TestB)$", 30.0)]);
    }

    #[test]
    fn a_suite_with_a_process_for_each_test_runs_whole() {
        let calls = plan(Selection::Substring, &[("a", 1.0), ("b", 1.0)], &["b"]);
        assert_eq!(calls, [Call { only: None, timeout_s: None }]);
    }

    #[test]
    fn no_test_is_no_call() {
        assert_eq!(plan(Selection::Numbers, &[], &[]), []);
    }
}
