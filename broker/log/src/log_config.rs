//! What one partition's log is told: its identity and the settings that Kafka's topic configs give it.
//!
//! Plain values. Parsing and validating the texts is `broker-config`'s job; every default here is Kafka 4.3's.

use std::fmt;
use std::sync::Arc;

use broker_protocol::compression::Compression;
use broker_protocol::record_batch::TimestampType;
use broker_protocol::types::{PartitionIndex, TopicId};

/// Which partition of which topic a log belongs to.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct LogIdentity {
    /// Name of the topic.
    pub topic: Arc<str>,
    /// Id of the topic; zero for a topic older than topic ids.
    pub topic_id: TopicId,
    /// Number of the partition.
    pub partition: PartitionIndex,
}

impl fmt::Display for LogIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.topic, self.partition)
    }
}

/// What happens to old records (`cleanup.policy`); both may hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CleanupPolicy {
    /// Segments past the retention limits are deleted.
    pub delete: bool,
    /// Only the last record of a key is kept; records without a key are refused.
    pub compact: bool,
}

impl Default for CleanupPolicy {
    fn default() -> Self {
        CleanupPolicy { delete: true, compact: false }
    }
}

/// Settings of one log, named as Kafka's topic configs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LogConfig {
    /// `segment.bytes`: a segment is rolled before it would exceed this, 1 to `i32::MAX`.
    pub segment_bytes: u32,
    /// `segment.ms`: a segment whose first batch is older is rolled at the next append.
    pub segment_ms: i64,
    /// `segment.jitter.ms`: how much of that may be taken off, so that logs do not roll all at once.
    pub segment_jitter_ms: i64,
    /// `retention.ms`; -1 keeps forever.
    pub retention_ms: i64,
    /// `retention.bytes`; -1 is no limit.
    pub retention_bytes: i64,
    /// `max.message.bytes`: the largest batch, header included.
    pub max_message_bytes: u32,
    /// `index.interval.bytes`: log bytes between two index entries.
    pub index_interval_bytes: u32,
    /// `segment.index.bytes`: a segment is rolled when its offset index reaches this.
    pub segment_index_bytes: u32,
    /// `message.timestamp.type`.
    pub timestamp_type: TimestampType,
    /// `message.timestamp.before.max.ms`: how far a create time may lie in the past.
    pub timestamp_before_max_ms: i64,
    /// `message.timestamp.after.max.ms`: how far a create time may lie in the future.
    pub timestamp_after_max_ms: i64,
    /// `compression.type`; `None` is "producer": batches are kept as they come.
    pub compression: Option<Compression>,
    /// `compression.gzip.level`, 1 to 9 or -1 for the default.
    pub compression_gzip_level: i32,
    /// `compression.lz4.level`, 1 to 17.
    pub compression_lz4_level: i32,
    /// `compression.zstd.level`, -131072 to 22.
    pub compression_zstd_level: i32,
    /// `cleanup.policy`.
    pub cleanup: CleanupPolicy,
    /// `min.cleanable.dirty.ratio`, in millionths: the dirty share of a compacted log at which it is cleaned.
    pub min_cleanable_dirty_ratio_ppm: u32,
    /// `min.compaction.lag.ms`: age below which a record is not touched by a cleaning.
    pub min_compaction_lag_ms: i64,
    /// `max.compaction.lag.ms`: age of a dirty record at which the log is cleaned whatever the ratio says.
    pub max_compaction_lag_ms: i64,
    /// `delete.retention.ms`: how long a tombstone stays once all that is older has gone.
    pub delete_retention_ms: i64,
    /// `flush.messages`: records after which a log that does not flush before acknowledging is flushed.
    pub flush_messages: i64,
    /// `flush.ms`: age of unflushed records at which such a log is flushed.
    pub flush_ms: i64,
    /// `highwater.flush.before.ack`: records count as written once they are on stable storage.
    pub flush_before_ack: bool,
    /// `file.delete.delay.ms`: how long a deleted segment's files stay for readers that are under way.
    pub file_delete_delay_ms: i64,
    /// `remote.storage.enable`: an object store has the older records too, and retention is not the log's own affair.
    pub tiered: bool,
    /// `producer.id.expiration.ms` (broker): idle time after which a producer id is forgotten.
    pub producer_id_expiration_ms: i64,
}

impl Default for LogConfig {
    fn default() -> Self {
        LogConfig {
            segment_bytes: 1 << 30,
            segment_ms: 7 * 24 * 3_600_000,
            segment_jitter_ms: 0,
            retention_ms: 7 * 24 * 3_600_000,
            retention_bytes: -1,
            max_message_bytes: 1_048_588,
            index_interval_bytes: 4096,
            segment_index_bytes: 10 << 20,
            timestamp_type: TimestampType::CreateTime,
            timestamp_before_max_ms: i64::MAX,
            timestamp_after_max_ms: 3_600_000,
            compression: None,
            compression_gzip_level: -1,
            compression_lz4_level: 9,
            compression_zstd_level: 3,
            cleanup: CleanupPolicy::default(),
            min_cleanable_dirty_ratio_ppm: 500_000,
            min_compaction_lag_ms: 0,
            max_compaction_lag_ms: i64::MAX,
            delete_retention_ms: 86_400_000,
            flush_messages: i64::MAX,
            flush_ms: i64::MAX,
            flush_before_ack: true,
            file_delete_delay_ms: 60_000,
            tiered: false,
            producer_id_expiration_ms: 86_400_000,
        }
    }
}

impl LogConfig {
    /// The level at which records are compressed; `None` leaves it to the compression.
    #[must_use]
    pub fn compression_level(&self, compression: Compression) -> Option<i32> {
        match compression {
            Compression::Gzip => Some(self.compression_gzip_level).filter(|&level| level > 0),
            Compression::Zstd => Some(self.compression_zstd_level),
            Compression::Lz4 => Some(self.compression_lz4_level),
            Compression::None | Compression::Snappy => None,
        }
    }
}
