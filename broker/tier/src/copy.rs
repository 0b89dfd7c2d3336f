//! Copies a range of batches: the object first, then the manifest that names it.
//!
//! Every batch is checked as it goes by, so that damage never becomes durable elsewhere. Memory: one part and a batch,
//! whatever the range. A crash or an error at any point leaves an object that no manifest names, which
//! the scrubber removes; a later attempt writes under another key.

mod batches;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use broker_log::io::FileHandle;
use broker_log::transaction_index::AbortedTxn;
use broker_protocol::types::{LeaderEpoch, Offset};
use thiserror::Error;

use self::batches::{Batches, FillError, Part};
use crate::bandwidth::Bandwidth;
use crate::entry::{ABORTED_IN_ENTRY_MAX, Entry};
use crate::footer::{ProducerSnapshot, tail_of};
use crate::ids::PartitionId;
use crate::keys::{ClusterKeys, Key, SegmentKey};
use crate::manifest::{AdmissionError, Manifest};
use crate::page;
use crate::publish::{PublishError, Publisher};
use crate::sections::{ScanError, ScannedRange};
use crate::store::{Store, Upload};
use crate::store_error::StoreError;

/// Bytes of a part of an upload, unless a simulation wants others. Objects up to this size are written at once.
pub const PART_BYTES: usize = 8 << 20;
/// Time from the first byte of an upload to its manifest at most: the scrubber takes an object for an orphan after three
/// times as long.
pub const COPY_TIME_MAX: Duration = Duration::from_secs(2 * 3600);

/// What is to be copied: whole batches of one segment file.
#[derive(Clone, Debug)]
pub struct CopySource {
    /// The file.
    pub file: FileHandle,
    /// Its path, for messages.
    pub path: PathBuf,
    /// Where the batches begin.
    pub position: u64,
    /// Bytes of the batches.
    pub length: u64,
    /// Base offset of the first batch.
    pub base_offset: Offset,
    /// Offset after the last batch.
    pub next_offset: Offset,
    /// The aborted transactions whose markers are among the batches, in the order of these.
    pub aborted: Vec<AbortedTxn>,
    /// The producers at some offset of the range or before it, the later the better.
    pub producer_snapshot: Option<ProducerSnapshot>,
}

/// Why nothing was copied.
#[derive(Debug, Error)]
pub enum CopyError {
    /// The local disk.
    #[error("{path}: {error}")]
    Local {
        /// The file.
        path: PathBuf,
        /// What it said.
        error: io::Error,
    },
    /// The local file is damaged: a person has to look, nothing behind it is copied.
    #[error("{path}: {error}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        error: ScanError,
    },
    /// The local file does not hold what it was said to hold.
    #[error("{path}: the batches end at offset {found} after {length} bytes, expected {expected}")]
    Incomplete {
        /// The file.
        path: PathBuf,
        /// Where the batches end.
        found: Offset,
        /// Bytes of the batches.
        length: u64,
        /// Where they should.
        expected: Offset,
    },
    /// The store; try again later.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The manifest was not published; see there.
    #[error(transparent)]
    Publish(#[from] PublishError),
    /// The range does not follow what was copied: plan anew.
    #[error(transparent)]
    Admission(#[from] AdmissionError),
    /// It took so long that the object may be deleted as an orphan: copy again.
    #[error("copying took {0:?}, more than {COPY_TIME_MAX:?}")]
    TooSlow(Duration),
}

/// Copies ranges; shared by all partitions.
#[derive(Debug)]
pub struct Copier {
    store: Arc<Store>,
    keys: Arc<ClusterKeys>,
    bandwidth: Arc<Bandwidth>,
}

impl Copier {
    /// A copier.
    #[must_use]
    pub fn new(store: Arc<Store>, keys: Arc<ClusterKeys>, bandwidth: Arc<Bandwidth>) -> Copier {
        Copier { store, keys, bandwidth }
    }

    /// Uploads a range and publishes a manifest that names it; `log_start` is the partition's first offset. When this
    /// returns, [`Publisher::manifest`] is durable and names the range.
    ///
    /// # Errors
    /// See [`CopyError`]. The manifest is then what the next take-over finds.
    pub async fn copy(
        &self,
        publisher: &mut Publisher,
        source: &CopySource,
        log_start: Offset,
    ) -> Result<Arc<Manifest>, CopyError> {
        let (clock, partition) = (&self.store.env().clock, publisher.manifest().partition);
        let (began, began_ms) = (clock.monotonic(), clock.now_ms());
        let entry = self.upload(partition, publisher.fence().leader_epoch, source).await?;
        // The wall clock goes on while a machine sleeps; where it was set instead, copying again is harmless.
        let by_wall = u64::try_from(clock.now_ms().saturating_sub(began_ms)).unwrap_or(0);
        let took = clock.monotonic().saturating_sub(began).max(Duration::from_millis(by_wall));
        if took > COPY_TIME_MAX {
            return Err(CopyError::TooSlow(took));
        }
        let mut edited = Manifest::clone(publisher.manifest());
        edited.advance_log_start(log_start, clock.now_ms());
        edited.append(entry)?;
        if let Some(page) = edited.spill(self.store.env().random.uuid()) {
            let bytes = page::encode(self.keys.cluster(), partition, &page.entries);
            self.store.put_unique(&self.keys.path(&Key::Page(page.key)), bytes.into()).await?;
        }
        publisher.publish(edited).await?;
        Ok(Arc::clone(publisher.manifest()))
    }

    /// Writes the object of a range and gives the entry for the manifest.
    ///
    /// # Errors
    /// As [`Copier::copy`]; no object is left but perhaps an orphan.
    pub async fn upload(
        &self,
        partition: PartitionId,
        leader_epoch: LeaderEpoch,
        source: &CopySource,
    ) -> Result<Entry, CopyError> {
        let (base_offset, id) = (source.base_offset, self.store.env().random.uuid());
        let object = SegmentKey { partition, base_offset, leader_epoch, id };
        let path = self.keys.path(&Key::Segment(object));
        let room = usize::try_from(source.length).unwrap_or(usize::MAX).min(self.store.part_bytes());
        let part = Part::new(self.store.part_buffers(), room);
        let mut sink = Sink { copier: self, path, part, upload: None, sent: 0 };
        let range = match self.send_batches(source, &mut sink).await {
            Ok(range) => range,
            Err(error) => {
                sink.abort().await;
                return Err(error);
            }
        };
        let snapshot = source.producer_snapshot.as_ref();
        let who = (partition, leader_epoch);
        let tail = tail_of(self.keys.cluster(), who, base_offset, &range, &source.aborted, snapshot);
        let object_length = sink.finish(&tail.bytes).await?;
        let has_few = source.aborted.len() <= ABORTED_IN_ENTRY_MAX;
        Ok(Entry {
            base_offset,
            end_offset: range.next_offset.plus(-1),
            object,
            position: 0,
            length: range.length,
            object_length,
            footer_position: tail.footer_position,
            batches_crc: range.crc,
            epochs: range.epochs,
            max_timestamp: range.max_timestamp,
            max_timestamp_offset: range.max_timestamp_offset,
            aborted_count: u32::try_from(source.aborted.len()).unwrap_or(u32::MAX),
            aborted: if has_few { source.aborted.clone() } else { Vec::new() },
            created_ms: self.store.env().clock.now_ms(),
        })
    }

    /// Sends what fills parts; what is left is in the sink.
    async fn send_batches(
        &self,
        source: &CopySource,
        sink: &mut Sink<'_>,
    ) -> Result<ScannedRange, CopyError> {
        let mut batches = Batches::new(source);
        loop {
            batches = self.fill(source, batches, sink).await?;
            if batches.is_done() {
                break;
            }
            sink.send_part().await?;
        }
        let range = batches.finish();
        if range.next_offset != source.next_offset || range.length != source.length || range.length == 0 {
            return Err(CopyError::Incomplete {
                path: source.path.clone(),
                found: range.next_offset,
                length: range.length,
                expected: source.next_offset,
            });
        }
        Ok(range)
    }

    async fn fill(
        &self,
        source: &CopySource,
        mut batches: Batches,
        sink: &mut Sink<'_>,
    ) -> Result<Batches, CopyError> {
        let mut part = std::mem::take(&mut sink.part);
        let fill = move || {
            let filled = batches.fill(&mut part);
            (batches, part, filled)
        };
        let path = || source.path.clone();
        let Some((batches, part, filled)) = self.store.env().blocking.run(fill).await else {
            return Err(CopyError::Local { path: path(), error: io::ErrorKind::Interrupted.into() });
        };
        sink.part = part;
        match filled {
            Ok(()) => Ok(batches),
            Err(FillError::Local(error)) => Err(CopyError::Local { path: path(), error }),
            Err(FillError::Damaged(error)) => Err(CopyError::Damaged { path: path(), error }),
        }
    }
}

/// Takes the bytes of an object part by part and sends them.
struct Sink<'a> {
    copier: &'a Copier,
    path: object_store::path::Path,
    part: Part,
    upload: Option<Upload>,
    sent: u64,
}

impl Sink<'_> {
    /// Sends the part and begins the next.
    async fn send_part(&mut self) -> Result<(), StoreError> {
        let bytes = std::mem::take(&mut self.part).into_bytes();
        let filled = bytes.len() as u64;
        self.copier.bandwidth.wait_for(filled).await;
        let upload = match &mut self.upload {
            Some(upload) => upload,
            none => none.insert(self.copier.store.begin_upload(&self.path).await?),
        };
        self.sent += filled;
        upload.part(bytes).await?;
        let store = &self.copier.store;
        self.part = Part::new(store.part_buffers(), store.part_bytes());
        Ok(())
    }

    /// Sends what ends the object; returns its bytes.
    async fn finish(mut self, tail: &[u8]) -> Result<u64, StoreError> {
        let finished = self.finish_parts(tail).await;
        match finished {
            Ok(bytes) => Ok(bytes),
            Err(error) => {
                self.abort().await;
                Err(error)
            }
        }
    }

    async fn finish_parts(&mut self, tail: &[u8]) -> Result<u64, StoreError> {
        let part_bytes = self.copier.store.part_bytes();
        let mut rest = tail;
        loop {
            rest = &rest[self.part.append(rest, part_bytes)..];
            if rest.is_empty() {
                break;
            }
            self.send_part().await?;
        }
        let bytes = self.sent + self.part.len() as u64;
        if self.upload.is_none() {
            let last = std::mem::take(&mut self.part).into_bytes();
            self.copier.bandwidth.wait_for(bytes).await;
            self.copier.store.put_unique(&self.path, last).await?;
            return Ok(bytes);
        }
        if self.part.len() > 0 {
            self.send_part().await?;
        }
        if let Some(upload) = self.upload.take() {
            upload.complete().await?;
        }
        Ok(bytes)
    }

    async fn abort(mut self) {
        if let Some(upload) = self.upload.take() {
            upload.abort().await;
        }
    }
}

#[cfg(test)]
mod tests;
