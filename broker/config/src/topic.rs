//! One topic's settings as types, from its own overrides and the broker's layers below them.
//!
//! Never fails: overrides are checked when they are made (`alter.rs`), and a stored one that no longer parses gives way
//! to the next layer.

use std::collections::BTreeMap;

use crate::def::{ConfigDef, split_list};
use crate::describe::ConfigSource;
use crate::keys;
use crate::layers::{LayerValue, Layers};

const REMOTE_STORAGE_ENABLE: &str = "remote.storage.enable";

/// What happens to old segments.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CleanupPolicy {
    /// Segments past the retention are deleted.
    pub delete: bool,
    /// Only the last record of each key is kept.
    pub compact: bool,
}

/// Codec in which records are stored.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CompressionType {
    /// Each batch as the producer compressed it.
    Producer,
    /// None.
    Uncompressed,
    /// gzip.
    Gzip,
    /// snappy.
    Snappy,
    /// LZ4.
    Lz4,
    /// Zstandard.
    Zstd,
}

/// Whose time a record carries.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TimestampType {
    /// The producer's.
    CreateTime,
    /// The broker's, at the append.
    LogAppendTime,
}

/// All settings of one topic. Times are milliseconds, sizes bytes; `None` means without a limit.
#[derive(Clone, PartialEq, Debug)]
pub struct TopicConfig {
    /// `cleanup.policy`.
    pub cleanup_policy: CleanupPolicy,
    /// `compression.type`.
    pub compression_type: CompressionType,
    /// `compression.gzip.level`, 1 to 9; `None` is gzip's own choice.
    pub compression_gzip_level: Option<u32>,
    /// `compression.lz4.level`, 1 to 17.
    pub compression_lz4_level: i32,
    /// `compression.zstd.level`, -131072 to 22.
    pub compression_zstd_level: i32,
    /// `delete.retention.ms`.
    pub delete_retention_ms: u64,
    /// `file.delete.delay.ms`.
    pub file_delete_delay_ms: u64,
    /// `highwater.flush.before.ack`.
    pub flush_before_ack: bool,
    /// `flush.messages`, from 1.
    pub flush_messages: u64,
    /// `flush.ms`.
    pub flush_ms: u64,
    /// `index.interval.bytes`.
    pub index_interval_bytes: u32,
    /// `local.retention.bytes`, with -2 replaced by `retention.bytes`.
    pub local_retention_bytes: Option<u64>,
    /// `local.retention.ms`, with -2 replaced by `retention.ms`.
    pub local_retention_ms: Option<u64>,
    /// `max.compaction.lag.ms`, from 1.
    pub max_compaction_lag_ms: u64,
    /// `max.message.bytes`.
    pub max_message_bytes: u32,
    /// `message.timestamp.after.max.ms`.
    pub message_timestamp_after_max_ms: u64,
    /// `message.timestamp.before.max.ms`.
    pub message_timestamp_before_max_ms: u64,
    /// `message.timestamp.type`.
    pub message_timestamp_type: TimestampType,
    /// `min.cleanable.dirty.ratio`, 0 to 1.
    pub min_cleanable_dirty_ratio: f64,
    /// `min.compaction.lag.ms`.
    pub min_compaction_lag_ms: u64,
    /// `min.insync.replicas`, from 1.
    pub min_insync_replicas: i32,
    /// `preallocate`.
    pub preallocate: bool,
    /// `remote.storage.enable`; never of a compacted topic.
    pub remote_storage_enable: bool,
    /// `remote.storage.enable` as it is set, of a compacted topic too.
    pub remote_storage_asked: bool,
    /// `remote.log.copy.disable`.
    pub remote_log_copy_disable: bool,
    /// `remote.log.delete.on.disable`.
    pub remote_log_delete_on_disable: bool,
    /// `retention.bytes`.
    pub retention_bytes: Option<u64>,
    /// `retention.ms`.
    pub retention_ms: Option<u64>,
    /// `segment.bytes`, from 1 MiB.
    pub segment_bytes: u32,
    /// `segment.index.bytes`, from 4.
    pub segment_index_bytes: u32,
    /// `segment.jitter.ms`.
    pub segment_jitter_ms: u64,
    /// `segment.ms`, from 1.
    pub segment_ms: u64,
    /// `unclean.leader.election.enable`.
    pub unclean_leader_election_enable: bool,
}

impl TopicConfig {
    /// Whether what was copied may be deleted: it takes both settings, and no other policy alone does.
    #[must_use]
    pub fn gives_up_copies(&self) -> bool {
        self.remote_log_delete_on_disable && !self.remote_storage_asked
    }

    /// The settings of a topic with these overrides on a broker with these layers.
    ///
    /// For many topics at once, `TopicBase` asks the layers only once.
    #[must_use]
    pub fn effective(overrides: &BTreeMap<String, String>, layers: &Layers<'_>) -> TopicConfig {
        TopicBase::new(layers).effective(overrides)
    }
}

/// What a topic without overrides gets from the layers of a broker: the start for the settings of many topics.
#[derive(Clone, PartialEq, Debug)]
pub struct TopicBase {
    values: BTreeMap<&'static str, String>,
    config: TopicConfig,
}

impl TopicBase {
    /// Asks the layers; has to be built anew when they change.
    #[must_use]
    pub fn new(layers: &Layers<'_>) -> TopicBase {
        let values: BTreeMap<&'static str, String> = keys::topic_keys()
            .iter()
            .filter_map(|def| Some((def.name, effective_value(def, &layers.fallbacks(def))?)))
            .collect();
        let config = Reader { overrides: &BTreeMap::new(), base: &values }.read();
        TopicBase { values, config }
    }

    /// The settings of a topic with these overrides. Costs a copy where there are none.
    #[must_use]
    pub fn effective(&self, overrides: &BTreeMap<String, String>) -> TopicConfig {
        if overrides.is_empty() {
            return self.config.clone();
        }
        Reader { overrides, base: &self.values }.read()
    }
}

fn cleanup_policy(text: &str) -> CleanupPolicy {
    CleanupPolicy {
        delete: split_list(text).any(|policy| policy == "delete"),
        compact: split_list(text).any(|policy| policy == "compact"),
    }
}

fn compression_type(text: &str) -> CompressionType {
    match text {
        "uncompressed" => CompressionType::Uncompressed,
        "gzip" => CompressionType::Gzip,
        "snappy" => CompressionType::Snappy,
        "lz4" => CompressionType::Lz4,
        "zstd" => CompressionType::Zstd,
        _ => CompressionType::Producer,
    }
}

/// Every layer's value of a topic's setting, the one that counts first: its override, then the broker's layers.
pub(crate) fn chain(
    def: &'static ConfigDef,
    overrides: &BTreeMap<String, String>,
    layers: &Layers<'_>,
) -> Vec<LayerValue> {
    let own = overrides.get(def.name).and_then(|raw| def.canonical(raw).ok());
    let mut values: Vec<LayerValue> = own
        .map(|value| LayerValue { def, value, source: ConfigSource::DynamicTopic, scale: 1 })
        .into_iter()
        .collect();
    // What the broker says of all topics is not for compacted ones.
    if def.name != REMOTE_STORAGE_ENABLE || !TopicConfig::effective(overrides, layers).cleanup_policy.compact
    {
        values.extend(layers.fallbacks(def));
    }
    values
}

/// The value of a topic's setting that counts, in the setting's own unit.
///
/// The broker's value is held against the topic's row too, because the two ranges are not always the same.
pub(crate) fn effective_value(def: &'static ConfigDef, chain: &[LayerValue]) -> Option<String> {
    let valid = |layer: &LayerValue| def.canonical(&layer.scaled()).ok();
    chain.iter().find_map(valid).or_else(|| def.default.map(str::to_owned))
}

struct Reader<'a> {
    overrides: &'a BTreeMap<String, String>,
    /// A valid value of every setting of a topic.
    base: &'a BTreeMap<&'static str, String>,
}

impl Reader<'_> {
    fn read(&self) -> TopicConfig {
        let retention_bytes = self.limit("retention.bytes");
        let retention_ms = self.limit("retention.ms");
        let local =
            |key: &str, whole: Option<u64>| if self.number(key) == -2 { whole } else { self.limit(key) };
        let cleanup_policy = cleanup_policy(&self.text("cleanup.policy"));
        TopicConfig {
            cleanup_policy,
            compression_type: compression_type(&self.text("compression.type")),
            compression_gzip_level: u32::try_from(self.number("compression.gzip.level")).ok(),
            compression_lz4_level: self.int("compression.lz4.level"),
            compression_zstd_level: self.int("compression.zstd.level"),
            delete_retention_ms: self.unsigned("delete.retention.ms"),
            file_delete_delay_ms: self.unsigned("file.delete.delay.ms"),
            flush_before_ack: self.boolean("highwater.flush.before.ack"),
            flush_messages: self.unsigned("flush.messages"),
            flush_ms: self.unsigned("flush.ms"),
            index_interval_bytes: self.size("index.interval.bytes"),
            local_retention_bytes: local("local.retention.bytes", retention_bytes),
            local_retention_ms: local("local.retention.ms", retention_ms),
            max_compaction_lag_ms: self.unsigned("max.compaction.lag.ms"),
            max_message_bytes: self.size("max.message.bytes"),
            message_timestamp_after_max_ms: self.unsigned("message.timestamp.after.max.ms"),
            message_timestamp_before_max_ms: self.unsigned("message.timestamp.before.max.ms"),
            message_timestamp_type: match self.text("message.timestamp.type").as_str() {
                "LogAppendTime" => TimestampType::LogAppendTime,
                _ => TimestampType::CreateTime,
            },
            min_cleanable_dirty_ratio: self
                .text("min.cleanable.dirty.ratio")
                .parse()
                .expect("the table takes decimal numbers only"),
            min_compaction_lag_ms: self.unsigned("min.compaction.lag.ms"),
            min_insync_replicas: self.int("min.insync.replicas"),
            preallocate: self.boolean("preallocate"),
            remote_storage_enable: self.boolean(REMOTE_STORAGE_ENABLE) && !cleanup_policy.compact,
            remote_storage_asked: self.boolean(REMOTE_STORAGE_ENABLE),
            remote_log_copy_disable: self.boolean("remote.log.copy.disable"),
            remote_log_delete_on_disable: self.boolean("remote.log.delete.on.disable"),
            retention_bytes,
            retention_ms,
            segment_bytes: self.size("segment.bytes"),
            segment_index_bytes: self.size("segment.index.bytes"),
            segment_jitter_ms: self.unsigned("segment.jitter.ms"),
            segment_ms: self.unsigned("segment.ms"),
            unclean_leader_election_enable: self.boolean("unclean.leader.election.enable"),
        }
    }

    fn text(&self, key: &str) -> String {
        let own = self.overrides.get(key).and_then(|raw| keys::topic_key(key)?.canonical(raw).ok());
        own.or_else(|| self.base.get(key).cloned()).expect("every setting of a topic has a default")
    }

    fn number(&self, key: &str) -> i64 {
        self.text(key).parse().expect("the table takes whole numbers only")
    }

    fn boolean(&self, key: &str) -> bool {
        self.text(key) == "true"
    }

    fn int(&self, key: &str) -> i32 {
        i32::try_from(self.number(key)).expect("the table takes 32 bits only")
    }

    fn size(&self, key: &str) -> u32 {
        u32::try_from(self.number(key)).expect("the table takes no negative numbers")
    }

    fn unsigned(&self, key: &str) -> u64 {
        u64::try_from(self.number(key)).expect("the table takes no negative numbers")
    }

    fn limit(&self, key: &str) -> Option<u64> {
        u64::try_from(self.number(key)).ok()
    }
}

#[cfg(test)]
mod tests;
