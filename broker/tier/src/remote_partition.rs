//! One partition of which something was copied, as whoever serves it sees it: leaders and followers alike.
//!
//! It holds the newest manifest that is known here. Where an object is gone, the manifest may be an old one: a newer one
//! is asked for, once, before that is told as an error. However many readers meet such objects, the bucket is asked once
//! a second: they wait for an answer to a question that was put after what they met, and share it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use broker_log::log::TimestampOffset;
use broker_protocol::types::Offset;
use parking_lot::Mutex;
use tokio::time::Instant;

use crate::ids::PartitionId;
use crate::manifest::Manifest;
use crate::publish::load_newest;
use crate::read::{AbortedTransactions, RemoteBatches, RemoteRange, RemoteReadError, RemoteReader};

/// Time between two questions for a newer manifest.
const REFRESH_INTERVAL: Duration = Duration::from_secs(1);

/// A partition; see the file's header.
#[derive(Debug)]
pub struct RemotePartition {
    reader: Arc<RemoteReader>,
    manifest: Mutex<Arc<Manifest>>,
    /// Questions for a newer manifest that were begun.
    asked: AtomicU64,
    /// One newer manifest is asked for at a time.
    refreshing: tokio::sync::Mutex<Refreshes>,
}

/// What was learned from questions for a newer manifest.
#[derive(Debug, Default)]
struct Refreshes {
    /// When the last one was begun.
    begun: Option<Instant>,
    /// The number of the last one that was answered, and how. One that was given up half way is not.
    answered: Option<(u64, Result<(), RemoteReadError>)>,
}

impl RemotePartition {
    /// A partition with the newest manifest known.
    #[must_use]
    pub fn new(reader: Arc<RemoteReader>, manifest: Arc<Manifest>) -> RemotePartition {
        RemotePartition {
            reader,
            manifest: Mutex::new(manifest),
            asked: AtomicU64::new(0),
            refreshing: tokio::sync::Mutex::default(),
        }
    }

    /// The partition.
    #[must_use]
    pub fn partition(&self) -> PartitionId {
        self.manifest.lock().partition
    }

    /// The newest manifest known here; it was published.
    #[must_use]
    pub fn manifest(&self) -> Arc<Manifest> {
        Arc::clone(&self.manifest.lock())
    }

    /// Takes over a manifest that was published; an older one than is known changes nothing. Returns whether it is newer.
    pub fn note(&self, manifest: Arc<Manifest>) -> bool {
        let mut known = self.manifest.lock();
        let is_newer = manifest.number > known.number;
        if is_newer {
            *known = manifest;
        }
        is_newer
    }

    /// Readers are told nothing from below `to` any more, also before a manifest says so.
    pub fn raise_log_start(&self, to: Offset) {
        let mut known = self.manifest.lock();
        if known.log_start_offset < to {
            Arc::make_mut(&mut known).log_start_offset = to;
        }
    }

    /// Reads batches of one entry: see [`RemoteReader::read`].
    ///
    /// # Errors
    /// See [`RemoteReadError`]; `BelowStart` also where retention has won against the reader.
    pub async fn read(&self, range: &RemoteRange) -> Result<RemoteBatches, RemoteReadError> {
        let manifest = self.manifest();
        match self.reader.read(&manifest, range).await {
            Err(error) => {
                let newer = self.after(&manifest, error).await?;
                self.reader.read(&newer, range).await
            }
            done => done,
        }
    }

    /// Looks up a timestamp: see [`RemoteReader::offset_for_timestamp`].
    ///
    /// # Errors
    /// See [`RemoteReadError`].
    pub async fn offset_for_timestamp(
        &self,
        timestamp: i64,
    ) -> Result<Option<TimestampOffset>, RemoteReadError> {
        let manifest = self.manifest();
        match self.reader.offset_for_timestamp(&manifest, timestamp).await {
            Err(error) => {
                let newer = self.after(&manifest, error).await?;
                self.reader.offset_for_timestamp(&newer, timestamp).await
            }
            done => done,
        }
    }

    /// Looks up the newest record: see [`RemoteReader::newest_record`].
    ///
    /// # Errors
    /// See [`RemoteReadError`].
    pub async fn newest_record(&self) -> Result<Option<TimestampOffset>, RemoteReadError> {
        let manifest = self.manifest();
        match self.reader.newest_record(&manifest).await {
            Err(error) => {
                let newer = self.after(&manifest, error).await?;
                self.reader.newest_record(&newer).await
            }
            done => done,
        }
    }

    /// Looks up aborted transactions: see [`RemoteReader::aborted_transactions`].
    ///
    /// # Errors
    /// See [`RemoteReadError`].
    pub async fn aborted_transactions(
        &self,
        from: Offset,
        upper: Offset,
    ) -> Result<AbortedTransactions, RemoteReadError> {
        let manifest = self.manifest();
        match self.reader.aborted_transactions(&manifest, from, upper).await {
            Err(error) => {
                let newer = self.after(&manifest, error).await?;
                self.reader.aborted_transactions(&newer, from, upper).await
            }
            done => done,
        }
    }

    /// A newer manifest than the one that led to an error for want of an object; otherwise the error.
    async fn after(&self, used: &Manifest, error: RemoteReadError) -> Result<Arc<Manifest>, RemoteReadError> {
        if !matches!(error, RemoteReadError::Missing(_)) {
            return Err(error);
        }
        let newest = self.refresh(used).await?;
        if newest.number > used.number { Ok(newest) } else { Err(error) }
    }

    /// Asks the store for a newer manifest than the one that was used, unless one is known by then; waits if it was asked
    /// less than a second ago, and takes the answer to a question that somebody else has begun since this call.
    ///
    /// # Errors
    /// See [`RemoteReadError`].
    pub async fn refresh(&self, used: &Manifest) -> Result<Arc<Manifest>, RemoteReadError> {
        let asked_before = self.asked.load(Ordering::SeqCst);
        let mut refreshes = self.refreshing.lock().await;
        let known = self.manifest();
        if known.number > used.number {
            return Ok(known);
        }
        if let Some((number, answer)) = &refreshes.answered
            && *number > asked_before
        {
            return answer.clone().map(|()| known);
        }
        if let Some(begun) = refreshes.begun {
            tokio::time::sleep_until(begun + REFRESH_INTERVAL).await;
        }
        // Somebody may have told of a newer one meanwhile.
        let known = self.manifest();
        if known.number > used.number {
            return Ok(known);
        }
        refreshes.begun = Some(Instant::now());
        let number = self.asked.fetch_add(1, Ordering::SeqCst) + 1;
        let answer = self.ask(&known).await;
        refreshes.answered = Some((number, answer.clone()));
        answer.map(|()| self.manifest())
    }

    async fn ask(&self, known: &Manifest) -> Result<(), RemoteReadError> {
        let (store, keys) = (self.reader.store(), self.reader.keys());
        if let Some(found) = load_newest(store, keys, known.partition, known.number).await? {
            self.note(Arc::new(found));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
