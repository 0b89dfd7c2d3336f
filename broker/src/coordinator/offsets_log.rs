//! What the coordinator needs of `__consumer_offsets`: to append, to wait until that is durable, and to read it all.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use broker_log::append::{AppendOptions, AppendOrigin};
use broker_log::log::ReadRange;
use broker_protocol::types::{Offset, PartitionIndex};

use crate::internal_topics::CONSUMER_OFFSETS;
use crate::net::waiter::Waiter;
use crate::replication::manager::{ReplicaManager, TopicReplicas};
use crate::replication::partition::Partition;

/// Bytes read at once while loading, if the batches allow.
const READ_BYTES: usize = 1 << 20;

/// An append did not happen, or not wholly. What was said before must be read from the log again.
#[derive(Debug, thiserror::Error)]
#[error("records cannot be appended: {0}")]
pub struct AppendFailed(pub String);

/// The log cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("log cannot be read: {0}")]
pub struct ReadFailed(pub String);

/// One partition of `__consumer_offsets`.
pub trait OffsetsLog: Send + Sync + Debug {
    /// Appends whole batches, one after the other; gives the offset of the last record.
    ///
    /// # Errors
    /// The disk failed or the batches are too large.
    fn append(&self, batches: &mut [u8], now_ms: i64) -> Result<Offset, AppendFailed>;

    /// Reads whole batches from `from` on; nothing at the end of the log.
    ///
    /// # Errors
    /// The disk failed or what is there is no batch.
    fn read(&self, from: Offset) -> Result<Vec<u8>, ReadFailed>;

    /// First offset, and the offset after the last one.
    fn range(&self) -> (Offset, Offset);

    /// Whether it is in service.
    fn is_available(&self) -> bool;

    /// Whether it was deleted.
    fn is_deleted(&self) -> bool;

    /// Whether an append is worth trying: `false` while the disk is full.
    fn has_room(&self) -> bool;

    /// Whether everything up to and including `offset` survives a crash.
    fn is_durable(&self, offset: Offset) -> bool;

    /// Returns once that is so (`true`) or never will be (`false`).
    fn durable(self: Arc<Self>, offset: Offset) -> Pin<Box<dyn Future<Output = bool> + Send>>;
}

/// The partitions of `__consumer_offsets` that this broker leads.
pub trait OffsetsTopic: Send + Sync + Debug {
    /// Whether the topic exists.
    fn is_made(&self) -> bool;
    /// All partitions, by number; empty while the topic does not exist.
    fn logs(&self) -> Vec<Arc<dyn OffsetsLog>>;
}

impl OffsetsTopic for ReplicaManager {
    fn is_made(&self) -> bool {
        self.topic(CONSUMER_OFFSETS).is_some()
    }

    fn logs(&self) -> Vec<Arc<dyn OffsetsLog>> {
        let Some(topic) = self.topic(CONSUMER_OFFSETS) else { return Vec::new() };
        // One that is not there keeps its place: by their number groups find the partition that is theirs.
        let mut logs: BTreeMap<PartitionIndex, Arc<dyn OffsetsLog>> = BTreeMap::new();
        for partition in topic.partitions() {
            logs.insert(partition.index(), partition);
        }
        for index in topic.offline() {
            logs.insert(index, Arc::new(AbsentLog { topic: Arc::clone(&topic), index }));
        }
        logs.into_values().collect()
    }
}

/// A partition whose log could not be opened or made: its groups are not served until it is there.
#[derive(Debug)]
struct AbsentLog {
    topic: Arc<TopicReplicas>,
    index: PartitionIndex,
}

impl AbsentLog {
    fn partition(&self) -> Option<Arc<Partition>> {
        self.topic.partition(self.index)
    }
}

impl OffsetsLog for AbsentLog {
    fn append(&self, batches: &mut [u8], now_ms: i64) -> Result<Offset, AppendFailed> {
        let absent = || AppendFailed("the log is not there".to_owned());
        self.partition().ok_or_else(absent)?.append(batches, now_ms)
    }

    fn read(&self, from: Offset) -> Result<Vec<u8>, ReadFailed> {
        let absent = || ReadFailed("it is not there".to_owned());
        OffsetsLog::read(&*self.partition().ok_or_else(absent)?, from)
    }

    fn range(&self) -> (Offset, Offset) {
        self.partition().map_or((Offset(0), Offset(0)), |partition| partition.range())
    }

    fn is_available(&self) -> bool {
        self.partition().is_some_and(|partition| partition.is_available())
    }

    fn is_deleted(&self) -> bool {
        self.partition().is_some_and(|partition| partition.is_deleted())
    }

    fn has_room(&self) -> bool {
        self.partition().is_some_and(|partition| partition.has_room())
    }

    fn is_durable(&self, offset: Offset) -> bool {
        self.partition().is_some_and(|partition| partition.is_durable(offset))
    }

    fn durable(self: Arc<Self>, offset: Offset) -> Pin<Box<dyn Future<Output = bool> + Send>> {
        match self.partition() {
            Some(partition) => partition.durable(offset),
            None => Box::pin(std::future::ready(false)),
        }
    }
}

impl OffsetsLog for Partition {
    fn append(&self, batches: &mut [u8], now_ms: i64) -> Result<Offset, AppendFailed> {
        let options =
            AppendOptions { leader_epoch: self.leader_epoch(), origin: AppendOrigin::Coordinator, now_ms };
        let info = self.log().append_as_leader(batches, &options);
        info.map(|info| info.last_offset).map_err(|error| AppendFailed(error.to_string()))
    }

    fn read(&self, from: Offset) -> Result<Vec<u8>, ReadFailed> {
        let (_, upper) = self.range();
        let range = ReadRange { from, max_bytes: READ_BYTES, min_one_batch: true, upper };
        let extent = self.log().read(&range).map_err(|error| ReadFailed(error.to_string()))?;
        let mut bytes = vec![0; extent.len];
        let read = extent
            .file
            .read_at(&mut bytes, extent.position)
            .map_err(|error| ReadFailed(format!("batches at offset {from}: {error}")))?;
        bytes.truncate(read);
        Ok(bytes)
    }

    fn range(&self) -> (Offset, Offset) {
        self.log().with(|log| (log.log_start_offset(), log.log_end_offset()))
    }

    fn is_available(&self) -> bool {
        !self.is_offline() && !self.is_deleted()
    }

    fn is_deleted(&self) -> bool {
        Partition::is_deleted(self)
    }

    fn has_room(&self) -> bool {
        !self.log().lacks_room()
    }

    fn is_durable(&self, offset: Offset) -> bool {
        self.high_watermark() > offset
    }

    fn durable(self: Arc<Self>, offset: Offset) -> Pin<Box<dyn Future<Output = bool> + Send>> {
        Box::pin(async move {
            let registered = Registered { partition: self, waiter: Arc::new(Waiter::new()) };
            poll_fn(|cx| {
                registered.waiter.set_waker(cx.waker());
                if registered.partition.wait_beyond(offset, &registered.waiter) {
                    return Poll::Pending;
                }
                Poll::Ready(registered.partition.is_durable(offset))
            })
            .await
        })
    }
}

/// A waiter that is forgotten together with the future that made it.
struct Registered {
    partition: Arc<Partition>,
    waiter: Arc<Waiter>,
}

impl Drop for Registered {
    fn drop(&mut self) {
        self.partition.forget(&self.waiter);
    }
}
