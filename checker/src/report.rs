//! What the rules found: a count per rule and the first examples, so that a broken broker cannot fill the memory.

use std::collections::BTreeMap;
use std::fmt;

use crate::history::Key;

/// Examples kept per rule.
const EXAMPLES_MAX: usize = 20;

/// The rules, named as in Jepsen's Kafka workload where it has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Check {
    /// An offset of a key holds two values.
    InconsistentOffsets,
    /// A value stands at two offsets.
    Duplicate,
    /// An acknowledged value was never read although a later one was.
    LostWrite,
    /// An acknowledged or once read value is missing from the final polls.
    Unseen,
    /// A value whose send surely failed was read.
    AbortedRead,
    /// A value was read that nobody sent.
    UnknownValue,
    /// A value stands under another key than it was sent to.
    WrongKey,
    /// A value was read at another offset than was acknowledged.
    AckedOffset,
    /// A payload's checksum differs from the one sent.
    PayloadChecksum,
    /// One poll passed over a record.
    IntPollSkip,
    /// One poll went back or stood still.
    IntNonmonotonicPoll,
    /// A process passed over a record between two polls.
    PollSkip,
    /// A process went back between two polls.
    NonmonotonicPoll,
    /// The sends of one operation got offsets that go back.
    IntNonmonotonicSend,
    /// The sends of one process got offsets that go back.
    NonmonotonicSend,
    /// A committed offset went back, vanished or was never committed.
    CommittedOffset,
    /// A log start offset or high watermark went back within one process.
    NonmonotonicBounds,
    /// A high watermark excludes a record that was acknowledged or read before the question.
    StaleBounds,
}

impl Check {
    /// The rule's name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::InconsistentOffsets => "inconsistent-offsets",
            Self::Duplicate => "duplicate",
            Self::LostWrite => "lost-write",
            Self::Unseen => "unseen",
            Self::AbortedRead => "aborted-read",
            Self::UnknownValue => "unknown-value",
            Self::WrongKey => "wrong-key",
            Self::AckedOffset => "acked-offset",
            Self::PayloadChecksum => "payload-checksum",
            Self::IntPollSkip => "int-poll-skip",
            Self::IntNonmonotonicPoll => "int-nonmonotonic-poll",
            Self::PollSkip => "poll-skip",
            Self::NonmonotonicPoll => "nonmonotonic-poll",
            Self::IntNonmonotonicSend => "int-nonmonotonic-send",
            Self::NonmonotonicSend => "nonmonotonic-send",
            Self::CommittedOffset => "committed-offset",
            Self::NonmonotonicBounds => "nonmonotonic-bounds",
            Self::StaleBounds => "stale-bounds",
        }
    }
}

/// One violation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The rule.
    pub check: Check,
    /// The key, if the rule is about one.
    pub key: Option<Key>,
    /// What was expected and what was seen.
    pub detail: String,
}

/// How much a history holds, so that a clean report of nothing is noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// Events.
    pub events: u64,
    /// Records whose send was acknowledged.
    pub sent_ok: u64,
    /// Records whose send surely failed.
    pub sent_fail: u64,
    /// Records whose send has an unknown end.
    pub sent_info: u64,
    /// Records in polls, each as often as it was read.
    pub polled: u64,
    /// Different records that a successful poll showed.
    pub read: u64,
}

/// The verdict on a history.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// What the history holds.
    pub totals: Totals,
    bad: BTreeMap<Check, (u64, Vec<Finding>)>,
    allowed: BTreeMap<Check, u64>,
}

impl Report {
    /// Whether no rule was broken. A history without sends and polls is clean too: look at `totals`.
    pub fn is_clean(&self) -> bool {
        self.bad.is_empty()
    }

    /// Number of violations of one rule.
    pub fn count(&self, check: Check) -> u64 {
        self.bad.get(&check).map_or(0, |(count, _)| *count)
    }

    /// The first violations of every rule, at most 20 each.
    pub fn findings(&self) -> impl Iterator<Item = &Finding> {
        self.bad.values().flat_map(|(_, examples)| examples)
    }

    /// Occurrences that the rules allow in this history, such as jumps of a subscribed consumer.
    pub fn allowed(&self) -> &BTreeMap<Check, u64> {
        &self.allowed
    }

    pub(crate) fn bad(&mut self, check: Check, key: Option<&Key>, detail: impl FnOnce() -> String) {
        let (count, examples) = self.bad.entry(check).or_default();
        *count += 1;
        if examples.len() < EXAMPLES_MAX {
            examples.push(Finding { check, key: key.cloned(), detail: detail() });
        }
    }

    pub(crate) fn allow(&mut self, check: Check) {
        *self.allowed.entry(check).or_default() += 1;
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Totals { events, sent_ok, sent_fail, sent_info, polled, read } = self.totals;
        writeln!(
            f,
            "{events} events: {sent_ok} records acknowledged, {sent_fail} failed, {sent_info} of unknown end; \
             {polled} polled, {read} different"
        )?;
        for (check, (count, examples)) in &self.bad {
            writeln!(f, "BAD {}: {count}", check.name())?;
            for Finding { key, detail, .. } in examples {
                writeln!(f, "  {}{detail}", key.as_ref().map(|key| format!("{key}: ")).unwrap_or_default())?;
            }
        }
        for (check, count) in &self.allowed {
            writeln!(f, "allowed {}: {count}", check.name())?;
        }
        write!(f, "{}", if self.is_clean() { "clean" } else { "NOT CLEAN" })
    }
}
