//! The suites' files (`results.tsv`, baselines) and the skip file, and the verdict from all three.

use std::collections::BTreeMap;
use std::fmt;

use anyhow::{Context, Result, bail, ensure};

/// Reasons for which a test may be skipped: each names a part of Kafka that is not built yet.
pub(crate) const TAGS: [&str; 7] = ["txn", "848", "share", "security", "multi-broker", "tiering", "quota"];

/// Tests that Kafka itself now and then does not pass in three runs, although its baseline has a pass: suite, test,
/// what it hangs on. They run and stand in the table, and are not held against anyone.
pub(crate) const CHANCE: [(&str, &str, &str); 1] = [(
    "rdkafka-rust",
    "test_low_producers::test_base_producer_timeout",
    "Messages with a time limit of 100 ms, to a topic that the broker creates, have to miss it. The client asks for the \
     topic again after 100 ms and finds it; whether it then looks at the limit before it sends is up to its threads. \
     Kafka 4.3.1 passed 3 of 5 runs.",
)];

/// Whether a pass or failure of the test says nothing about a broker.
pub(crate) fn is_chance(suite: &str, test: &str) -> bool {
    CHANCE.iter().any(|(of, name, _)| (*of, *name) == (suite, test))
}

/// How a test ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Pass,
    Fail,
    Skip,
}

impl Outcome {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        match text {
            "pass" => Some(Self::Pass),
            "fail" => Some(Self::Fail),
            "skip" => Some(Self::Skip),
            _ => None,
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Skip => "skip",
        })
    }
}

/// One suite's results: outcome and seconds by test.
pub(crate) type Results = BTreeMap<String, (Outcome, f64)>;

/// Reads lines `test<tab>pass|fail|skip<tab>seconds`; `#` begins a comment line.
pub(crate) fn parse_results(text: &str) -> Result<Results> {
    let mut results = Results::new();
    for (number, line) in numbered_lines(text) {
        let expected = || format!("line {number}: expected TEST<tab>pass|fail|skip<tab>SECONDS");
        let fields: Vec<&str> = line.split('\t').collect();
        let [test, outcome, seconds] = fields[..] else { bail!(expected()) };
        let outcome = Outcome::parse(outcome).with_context(expected)?;
        results.insert(test.to_owned(), (outcome, seconds.parse().with_context(expected)?));
    }
    Ok(results)
}

/// Tests that need what is not built yet: the tag by suite and test.
pub(crate) type Skips = BTreeMap<(String, String), String>;

/// Reads lines `suite<tab>test<tab>tag`.
pub(crate) fn parse_skips(text: &str) -> Result<Skips> {
    let mut skips = Skips::new();
    for (number, line) in numbered_lines(text) {
        let fields: Vec<&str> = line.split('\t').collect();
        let [suite, test, tag] = fields[..] else { bail!("line {number}: expected SUITE<tab>TEST<tab>TAG") };
        ensure!(
            TAGS.contains(&tag),
            "line {number}: unknown tag {tag:?}, expected one of {}",
            TAGS.join(", ")
        );
        let before = skips.insert((suite.to_owned(), test.to_owned()), tag.to_owned());
        ensure!(before.is_none(), "line {number}: {suite} {test} stands twice");
    }
    Ok(skips)
}

fn numbered_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines()
        .zip(1..)
        .map(|(line, number)| (number, line))
        .filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'))
}

/// What one suite's results show beyond passes and excused failures.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// Kafka passes, the skip file does not excuse, and this broker does not pass.
    pub(crate) behind: Vec<String>,
    /// In the skip file although this broker passes.
    pub(crate) skipped_but_passing: Vec<String>,
    /// Not passed, which is [`CHANCE`].
    pub(crate) chance: Vec<String>,
}

impl Verdict {
    pub(crate) fn is_good(&self) -> bool {
        self.behind.is_empty() && self.skipped_but_passing.is_empty()
    }

    /// Whether the test may yet pass.
    pub(crate) fn is_worth_a_retry(&self, test: &str) -> bool {
        self.behind.iter().chain(&self.chance).any(|failed| failed == test)
    }
}

/// Judges the tests that `selected` names (all of the baseline's if a suite ran whole).
pub(crate) fn judge(
    suite: &str,
    baseline: &Results,
    results: &Results,
    skips: &Skips,
    selected: impl Fn(&str) -> bool,
) -> Verdict {
    let mut verdict = Verdict::default();
    for (test, (expected, _)) in baseline.iter().filter(|(test, _)| selected(test)) {
        let passes = results.get(test).is_some_and(|(outcome, _)| *outcome == Outcome::Pass);
        let skipped = skips.contains_key(&(suite.to_owned(), test.clone()));
        match (passes, skipped) {
            (false, false) if is_chance(suite, test) => verdict.chance.push(test.clone()),
            (true, true) => verdict.skipped_but_passing.push(test.clone()),
            (false, false) if *expected == Outcome::Pass => verdict.behind.push(test.clone()),
            _ => {}
        }
    }
    verdict
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASELINE: &str = "a\tpass\t1.0\nb\tpass\t20.5\nc\tfail\t1.0\n";

    fn verdict(results: &str, skips: &str) -> Verdict {
        let baseline = parse_results(BASELINE).unwrap();
        judge("s", &baseline, &parse_results(results).unwrap(), &parse_skips(skips).unwrap(), |_| true)
    }

    #[test]
    fn a_test_that_kafka_passes_must_pass_or_be_skipped() {
        assert_eq!(verdict("a\tpass\t1\nb\tfail\t1\nc\tfail\t1", "").behind, ["b"]);
        assert_eq!(verdict("a\tpass\t1", "").behind, ["b"]);
        assert!(verdict("a\tpass\t1\nb\tskip\t1", "s\tb\ttxn").is_good());
    }

    #[test]
    fn a_skipped_test_that_passes_is_named() {
        assert_eq!(verdict("a\tpass\t1\nb\tpass\t1", "s\tb\ttxn").skipped_but_passing, ["b"]);
    }

    #[test]
    fn a_failure_that_is_chance_with_kafka_too_is_not_held_against_the_broker() {
        let (suite, test, _) = CHANCE[0];
        let baseline = parse_results(&format!("{test}\tpass\t1")).unwrap();
        let verdict = judge(suite, &baseline, &Results::new(), &Skips::new(), |_| true);
        assert_eq!(verdict.chance, [test]);
        assert!(verdict.is_good());
    }

    #[test]
    fn a_skip_holds_for_its_suite_only() {
        assert_eq!(verdict("a\tpass\t1\nb\tfail\t1", "other\tb\ttxn").behind, ["b"]);
    }

    #[test]
    fn skip_lines_need_a_known_tag_and_stand_once() {
        assert!(parse_skips("s\tb\tflaky").is_err());
        assert!(parse_skips("s\tb\ttxn\ns\tb\tshare").is_err());
        assert!(parse_skips("# reason\n\ns\tb\t848\n").is_ok());
    }

    #[test]
    fn a_malformed_result_is_named_by_its_line() {
        let error = parse_results("a\tpass\t1\nb\tgreen\t1").unwrap_err();
        assert!(error.to_string().starts_with("line 2"), "{error}");
    }
}
