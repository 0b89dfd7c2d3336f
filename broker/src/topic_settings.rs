//! The settings of topics in force: their own, over those changed at run time, over those of the start.

use std::sync::Arc;
use std::time::Duration;

use broker_config::{
    CleanupPolicy, CompressionType, Config, DynamicBrokerConfigs, TimestampType, TopicConfig,
};
use broker_log::cleaner::CleanerSettings;
use broker_log::log_config::{CleanupPolicy as LogCleanup, LogConfig};
use broker_protocol::compression::Compression;
use broker_protocol::record_batch::TimestampType as LogTimestamps;
use broker_protocol::types::BrokerId;
use broker_state::metadata::image::{ConfigMap, ConfigResource, MetadataImage};

/// What the settings of a topic follow from; two equal ones give equal settings.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    own: Option<Arc<ConfigMap>>,
    broker: Option<Arc<ConfigMap>>,
    all_brokers: Option<Arc<ConfigMap>>,
}

impl Sources {
    /// Whether nothing changed in between.
    #[must_use]
    pub fn same_as(&self, other: &Sources) -> bool {
        let same = |a: &Option<Arc<ConfigMap>>, b: &Option<Arc<ConfigMap>>| match (a, b) {
            (None, None) => true,
            (Some(a), Some(b)) => Arc::ptr_eq(a, b),
            _ => false,
        };
        same(&self.own, &other.own)
            && same(&self.broker, &other.broker)
            && same(&self.all_brokers, &other.all_brokers)
    }
}

/// Works out settings of topics.
#[derive(Debug)]
pub struct TopicSettings {
    broker: BrokerId,
    config: Arc<Config>,
}

impl TopicSettings {
    /// Over the settings that `broker` was started with.
    #[must_use]
    pub fn new(broker: BrokerId, config: Arc<Config>) -> TopicSettings {
        TopicSettings { broker, config }
    }

    /// What the settings of a topic follow from.
    #[must_use]
    pub fn sources(&self, image: &MetadataImage, topic: &str) -> Sources {
        Sources {
            own: image.config(&ConfigResource::topic(topic)).cloned(),
            broker: image.config(&ConfigResource::broker(self.broker)).cloned(),
            all_brokers: image.config(&ConfigResource::all_brokers()).cloned(),
        }
    }

    /// The settings that were changed at run time, of this broker and of all.
    #[must_use]
    pub fn dynamic(&self, image: &MetadataImage) -> DynamicBrokerConfigs {
        let of =
            |resource: &ConfigResource| image.config(resource).map(|map| (**map).clone()).unwrap_or_default();
        DynamicBrokerConfigs {
            per_broker: of(&ConfigResource::broker(self.broker)),
            cluster_wide: of(&ConfigResource::all_brokers()),
        }
    }

    /// A whole number among the broker's settings that may change at run time, as it is in force.
    #[must_use]
    pub fn number(&self, image: &MetadataImage, key: &str) -> Option<i64> {
        self.config.layers(&self.dynamic(image)).get(key)?.parse().ok()
    }

    /// How logs are compacted: from the broker's settings that may change at run time, as they are in force.
    #[must_use]
    pub fn cleaner(&self, image: &MetadataImage) -> CleanerSettings {
        let dynamic = self.dynamic(image);
        let layers = self.config.layers(&dynamic);
        let whole = |key: &str| layers.get(key).and_then(|text| text.parse::<u64>().ok());
        let decimal = |key: &str| layers.get(key).and_then(|text| text.parse::<f64>().ok());
        let defaults = CleanerSettings::default();
        let io_buffer_bytes =
            whole("log.cleaner.io.buffer.size").and_then(|bytes| usize::try_from(bytes).ok());
        CleanerSettings {
            dedupe_buffer_bytes: whole("log.cleaner.dedupe.buffer.size")
                .unwrap_or(defaults.dedupe_buffer_bytes),
            load_factor: decimal("log.cleaner.io.buffer.load.factor").unwrap_or(defaults.load_factor),
            io_buffer_bytes: io_buffer_bytes.unwrap_or(defaults.io_buffer_bytes),
            bytes_per_second_max: decimal("log.cleaner.io.max.bytes.per.second")
                .unwrap_or(defaults.bytes_per_second_max),
            backoff: whole("log.cleaner.backoff.ms").map_or(defaults.backoff, Duration::from_millis),
        }
    }

    /// The settings that the broker was started with.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The settings in force.
    #[must_use]
    pub fn effective(&self, sources: &Sources) -> TopicConfig {
        let map =
            |source: &Option<Arc<ConfigMap>>| source.as_ref().map(|map| (**map).clone()).unwrap_or_default();
        let dynamic = DynamicBrokerConfigs {
            per_broker: map(&sources.broker),
            cluster_wide: map(&sources.all_brokers),
        };
        TopicConfig::effective(&map(&sources.own), &self.config.layers(&dynamic))
    }

    /// Age at which a segment rolls: that of a tiered topic also bounds what is not copied yet.
    fn segment_ms(&self, config: &TopicConfig, image: &MetadataImage) -> i64 {
        let own = i64::try_from(config.segment_ms).unwrap_or(i64::MAX);
        if !is_copied(config) {
            return own;
        }
        self.number(image, "highwater.remote.roll.ms").map_or(own, |roll_ms| own.min(roll_ms))
    }

    /// What a log is told of the settings of its topic, and of those of the broker that concern every log.
    #[must_use]
    pub fn log_config(&self, config: &TopicConfig, image: &MetadataImage) -> LogConfig {
        let ms = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        let limit = |value: Option<u64>| value.map_or(-1, ms);
        let CleanupPolicy { delete, compact } = config.cleanup_policy;
        LogConfig {
            segment_bytes: config.segment_bytes,
            segment_ms: self.segment_ms(config, image),
            segment_jitter_ms: ms(config.segment_jitter_ms),
            retention_ms: limit(config.retention_ms),
            retention_bytes: limit(config.retention_bytes),
            max_message_bytes: config.max_message_bytes,
            index_interval_bytes: config.index_interval_bytes,
            segment_index_bytes: config.segment_index_bytes,
            timestamp_type: match config.message_timestamp_type {
                TimestampType::CreateTime => LogTimestamps::CreateTime,
                TimestampType::LogAppendTime => LogTimestamps::LogAppendTime,
            },
            timestamp_before_max_ms: ms(config.message_timestamp_before_max_ms),
            timestamp_after_max_ms: ms(config.message_timestamp_after_max_ms),
            compression: match config.compression_type {
                CompressionType::Producer => None,
                CompressionType::Uncompressed => Some(Compression::None),
                CompressionType::Gzip => Some(Compression::Gzip),
                CompressionType::Snappy => Some(Compression::Snappy),
                CompressionType::Lz4 => Some(Compression::Lz4),
                CompressionType::Zstd => Some(Compression::Zstd),
            },
            compression_gzip_level: config
                .compression_gzip_level
                .and_then(|level| i32::try_from(level).ok())
                .unwrap_or(-1),
            compression_lz4_level: config.compression_lz4_level,
            compression_zstd_level: config.compression_zstd_level,
            cleanup: LogCleanup { delete, compact },
            min_cleanable_dirty_ratio_ppm: (config.min_cleanable_dirty_ratio * 1e6).round() as u32,
            min_compaction_lag_ms: ms(config.min_compaction_lag_ms),
            max_compaction_lag_ms: ms(config.max_compaction_lag_ms),
            delete_retention_ms: ms(config.delete_retention_ms),
            flush_messages: ms(config.flush_messages),
            flush_ms: ms(config.flush_ms),
            flush_before_ack: config.flush_before_ack,
            file_delete_delay_ms: ms(config.file_delete_delay_ms),
            tiered: is_copied(config),
            producer_id_expiration_ms: self
                .number(image, "producer.id.expiration.ms")
                .unwrap_or_else(|| ms(self.config.broker().storage.producer_id_expiration_ms)),
        }
    }
}

/// Whether what is sealed is copied to an object store.
fn is_copied(config: &TopicConfig) -> bool {
    config.remote_storage_enable && !config.remote_log_copy_disable
}
