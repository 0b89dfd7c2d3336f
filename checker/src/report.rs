//! What the rules found: a count per rule and the first examples, so that a broken broker cannot fill the memory.

use std::collections::BTreeMap;
use std::fmt;

use crate::history::Key;

/// Examples kept per rule.
const EXAMPLES_MAX: usize = 20;
/// Different causes of unknown ends that are kept; further ones are counted together.
const CAUSES_MAX: usize = 50;

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
    /// An operation showed a value that it sent itself.
    PrecommittedRead,
    /// Other records stand between those of one operation. Normal, only counted.
    IntSendSkip,
    /// A log start offset is past everything that was deleted.
    StartBeyondDeletes,
    /// A record or a log start offset was shown that an acknowledged deletion had passed.
    DeleteUndone,
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
            Self::PrecommittedRead => "precommitted-read",
            Self::IntSendSkip => "int-send-skip",
            Self::StartBeyondDeletes => "start-beyond-deletes",
            Self::DeleteUndone => "delete-undone",
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

/// A consumer that was late.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lag {
    /// How long the record that it reads next was known when it polled, in nanoseconds.
    pub ns: u64,
    /// When it polled, in the history's nanoseconds.
    pub at_ns: u64,
    /// The consumer.
    pub process: u64,
    /// The key that it is behind in.
    pub key: Key,
}

/// The worst lags, where there was any.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Lags {
    /// As Jepsen counts: also of consumers that were given a key long after its records were written.
    pub worst: Option<Lag>,
    /// Counted from the assignment on, before the final polls.
    pub following: Option<Lag>,
    /// Counted from the assignment on, in the final polls.
    pub final_polls: Option<Lag>,
}

/// The verdict on a history.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// What the history holds.
    pub totals: Totals,
    /// How late consumers were.
    pub lags: Lags,
    /// Records that a process read again under subscribe.
    pub consumed_again: u64,
    info_causes: BTreeMap<String, u64>,
    bad: BTreeMap<Check, (u64, Vec<Finding>)>,
    allowed: BTreeMap<Check, u64>,
}

impl Report {
    /// Whether the history shows anything: something was acknowledged and something read. A clean report of one that does
    /// not proves nothing.
    pub fn is_telling(&self) -> bool {
        self.totals.sent_ok > 0 && self.totals.read > 0
    }

    /// Whether no rule was broken. A history without sends and polls is clean too: see `is_telling`.
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

    /// The causes of unknown ends, each with how often it was given.
    pub fn info_causes(&self) -> &BTreeMap<String, u64> {
        &self.info_causes
    }

    pub(crate) fn allow(&mut self, check: Check) {
        *self.allowed.entry(check).or_default() += 1;
    }

    pub(crate) fn info(&mut self, cause: String) {
        let known = self.info_causes.len() < CAUSES_MAX || self.info_causes.contains_key(&cause);
        let cause = if known { cause } else { "other causes".to_owned() };
        *self.info_causes.entry(cause).or_default() += 1;
    }
}

impl fmt::Display for Lag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { ns, at_ns, process, key } = self;
        let ms = |ns: &u64| ns / 1_000_000;
        write!(f, "{} ms (process {process}, {key}, at {} ms)", ms(ns), ms(at_ns))
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
        for (cause, count) in &self.info_causes {
            writeln!(f, "unknown end of {cause}: {count}")?;
        }
        let Lags { worst, following, final_polls } = &self.lags;
        for (what, lag) in
            [("at all", worst), ("since the assignment", following), ("in the final polls", final_polls)]
        {
            if let Some(lag) = lag {
                writeln!(f, "worst lag {what}: {lag}")?;
            }
        }
        if self.consumed_again > 0 {
            writeln!(f, "read again under subscribe: {}", self.consumed_again)?;
        }
        write!(f, "{}", if self.is_clean() { "clean" } else { "NOT CLEAN" })
    }
}
