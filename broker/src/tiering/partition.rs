//! What is known of the tiering of one partition: its newest manifest, who publishes it, how far copying is behind.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use broker_protocol::types::Offset;
use broker_tier::ids::PartitionId;
use broker_tier::manifest::Manifest;
use broker_tier::plan::CopyLag;
use broker_tier::publish::Publisher;
use broker_tier::read::{RemoteReadError, RemoteReader};
use broker_tier::remote_partition::RemotePartition;
use broker_tier::scrub::ScrubReport;
use parking_lot::Mutex;
use tokio::sync::watch;

/// Figures for metrics.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Figures {
    /// How far copying is behind.
    pub lag: CopyLag,
    /// Since when it is, by the monotonic clock.
    pub behind_since: Option<Duration>,
    /// Offset after the last record that was copied.
    pub tiered_end: Option<Offset>,
    /// Bytes of what was copied.
    pub remote_bytes: u64,
    /// Ranges that were copied.
    pub entries: u64,
    /// What the last scrub found wrong: objects that are missing or resized, gaps, overlaps.
    pub unsound: u64,
}

/// What the worker keeps between two looks at a partition. Whoever holds it is the only one at work.
#[derive(Debug, Default)]
pub(super) struct Work {
    pub(super) publisher: Option<Publisher>,
    /// Failures in a row.
    pub(super) failures: u32,
    /// Not before this, by the monotonic clock.
    pub(super) retry_at: Duration,
    pub(super) last_scrub: Option<Duration>,
}

/// Failures that are kept for whoever asks again.
const FAILED_READS_MAX: usize = 64;
/// How long they are kept: the next attempt may well succeed.
const FAILED_READ_KEPT: Duration = Duration::from_secs(30);

/// Reads that failed after the client had stopped waiting, by their first offsets, and when, by the monotonic clock.
type FailedReads = BTreeMap<Offset, (Duration, RemoteReadError)>;

/// A partition; see the file's header.
#[derive(Debug)]
pub struct TieredPartition {
    /// Which one.
    pub id: PartitionId,
    /// Its topic's name.
    pub topic: Arc<str>,
    remote: Mutex<Option<Arc<RemotePartition>>>,
    /// One reader at a time asks for the first manifest.
    pub(super) loading: tokio::sync::Mutex<()>,
    /// Reads under way, by their first offsets; a channel is closed when its read ends.
    pub(super) under_way: Mutex<BTreeMap<Offset, watch::Receiver<()>>>,
    failed: Mutex<FailedReads>,
    pub(super) work: Arc<tokio::sync::Mutex<Work>>,
    figures: Mutex<Figures>,
    /// Why the last attempt failed.
    trouble: Mutex<Option<String>>,
    last_scrub: Mutex<Option<ScrubReport>>,
}

impl TieredPartition {
    pub(super) fn new(id: PartitionId, topic: Arc<str>) -> TieredPartition {
        TieredPartition {
            id,
            topic,
            remote: Mutex::new(None),
            loading: tokio::sync::Mutex::new(()),
            under_way: Mutex::default(),
            failed: Mutex::default(),
            work: Arc::default(),
            figures: Mutex::default(),
            trouble: Mutex::new(None),
            last_scrub: Mutex::new(None),
        }
    }

    /// What readers use, once a manifest is known.
    #[must_use]
    pub fn remote(&self) -> Option<Arc<RemotePartition>> {
        self.remote.lock().clone()
    }

    /// Takes over a manifest that was published.
    pub(super) fn note(&self, reader: &Arc<RemoteReader>, manifest: &Arc<Manifest>) -> Arc<RemotePartition> {
        {
            let mut figures = self.figures.lock();
            figures.tiered_end = manifest.tiered_end();
            (figures.remote_bytes, figures.entries) = (manifest.bytes(), manifest.entry_count());
        }
        let mut remote = self.remote.lock();
        match &*remote {
            Some(known) => {
                known.note(Arc::clone(manifest));
                Arc::clone(known)
            }
            None => {
                let first = Arc::new(RemotePartition::new(Arc::clone(reader), Arc::clone(manifest)));
                Arc::clone(remote.insert(first))
            }
        }
    }

    /// Keeps the failure of a read that nobody waits for any more: whoever reads the same next is told.
    pub(super) fn note_failed_read(&self, from: Offset, error: RemoteReadError, now: Duration) {
        let mut failed = self.failed.lock();
        failed.retain(|_, (since, _)| now.saturating_sub(*since) < FAILED_READ_KEPT);
        if failed.len() < FAILED_READS_MAX {
            failed.insert(from, (now, error));
        }
    }

    /// Why the last read from an offset failed, if nobody was told yet.
    pub(super) fn failed_read(&self, from: Offset, now: Duration) -> Option<RemoteReadError> {
        let (since, error) = self.failed.lock().remove(&from)?;
        (now.saturating_sub(since) < FAILED_READ_KEPT).then_some(error)
    }

    /// The figures.
    #[must_use]
    pub fn figures(&self) -> Figures {
        *self.figures.lock()
    }

    pub(super) fn note_lag(&self, lag: CopyLag, now: Duration) {
        let mut figures = self.figures.lock();
        figures.lag = lag;
        figures.behind_since = (lag.bytes > 0).then(|| figures.behind_since.unwrap_or(now));
    }

    /// Why the last attempt to copy, publish or delete failed.
    #[must_use]
    pub fn trouble(&self) -> Option<String> {
        self.trouble.lock().clone()
    }

    /// Notes how an attempt ended; whether that is news. The same trouble with another object is none.
    pub(super) fn note_trouble(&self, trouble: Option<String>) -> bool {
        let mut last = self.trouble.lock();
        let is_news = last.as_deref().map(gist) != trouble.as_deref().map(gist);
        *last = trouble;
        is_news
    }

    /// What the last scrub found.
    #[must_use]
    pub fn last_scrub(&self) -> Option<ScrubReport> {
        self.last_scrub.lock().clone()
    }

    pub(super) fn note_scrub(&self, report: ScrubReport) {
        let ranges = report.gaps.len() + report.overlaps.len();
        let found = report.missing.len() + report.resized.len() + report.damaged.len() + ranges;
        self.figures.lock().unsound = found as u64;
        *self.last_scrub.lock() = Some(report);
    }
}

/// A text without the names and numbers in it.
pub(super) fn gist(text: &str) -> String {
    let is_word = |word: &&str| !word.contains(|c: char| c == '/' || c.is_ascii_digit());
    text.split_whitespace().filter(is_word).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use broker_protocol::types::{TopicId, Uuid};

    use super::*;

    #[test]
    fn the_same_trouble_with_another_object_is_no_news() {
        let id = PartitionId { topic_id: TopicId(Uuid::from_u128(1)), partition: 0 };
        let tiered = TieredPartition::new(id, Arc::from("t"));
        let full = |object: &str| Some(format!("put {object} is refused for want of room: 507 at 10:00:01"));
        assert!(tiered.note_trouble(full("p/t/0/seg/1-a")));
        assert!(!tiered.note_trouble(full("p/t/0/seg/1-b")));
        assert_eq!(tiered.trouble(), full("p/t/0/seg/1-b"));
        assert!(tiered.note_trouble(Some("put p/t/0/seg/1-c is denied".to_owned())));
        assert!(tiered.note_trouble(None) && !tiered.note_trouble(None));
    }
}
