//! One topic's settings over a broker's.

use super::*;
use crate::layers::DynamicBrokerConfigs;

fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn effective(topic: &[(&str, &str)], broker: &[(&str, &str)]) -> TopicConfig {
    let dynamic = DynamicBrokerConfigs::default();
    TopicConfig::effective(&map(topic), &Layers { fixed: &map(broker), dynamic: &dynamic })
}

#[test]
fn defaults_are_those_of_kafka() {
    let config = effective(&[], &[]);
    assert_eq!(config.retention_ms, Some(604_800_000));
    assert_eq!(config.retention_bytes, None);
    assert_eq!(config.local_retention_ms, Some(604_800_000));
    assert_eq!(config.segment_bytes, 1 << 30);
    assert_eq!(config.segment_ms, 604_800_000);
    assert_eq!(config.max_message_bytes, 1_048_588);
    assert_eq!(config.cleanup_policy, CleanupPolicy { delete: true, compact: false });
    assert_eq!(config.compression_type, CompressionType::Producer);
    assert_eq!(config.compression_gzip_level, None);
    assert_eq!(config.flush_ms, u64::try_from(i64::MAX).unwrap());
    assert!(config.flush_before_ack);
}

#[test]
fn topic_beats_broker_beats_default() {
    let broker =
        [("log.retention.hours", "1"), ("message.max.bytes", "9"), ("highwater.flush.before.ack", "false")];
    let config = effective(&[("max.message.bytes", "7")], &broker);
    assert_eq!(config.retention_ms, Some(3_600_000));
    assert_eq!(config.max_message_bytes, 7);
    assert!(!config.flush_before_ack);
}

#[test]
fn local_retention_follows_the_whole_unless_it_is_set() {
    let config = effective(&[("retention.ms", "-1"), ("local.retention.bytes", "5")], &[]);
    assert_eq!((config.local_retention_ms, config.local_retention_bytes), (None, Some(5)));
}

#[test]
fn empty_cleanup_policy_keeps_everything() {
    let config = effective(&[("cleanup.policy", "")], &[]);
    assert_eq!(config.cleanup_policy, CleanupPolicy { delete: false, compact: false });
}

#[test]
fn stored_override_that_no_longer_parses_gives_way() {
    assert_eq!(effective(&[("segment.bytes", "1")], &[]).segment_bytes, 1 << 30);
}

#[test]
fn base_for_many_topics_gives_what_each_gets_alone() {
    let (fixed, dynamic) = (map(&[("log.retention.hours", "1")]), DynamicBrokerConfigs::default());
    let layers = Layers { fixed: &fixed, dynamic: &dynamic };
    let base = TopicBase::new(&layers);
    for overrides in [map(&[]), map(&[("retention.ms", "5"), ("cleanup.policy", "compact")])] {
        assert_eq!(base.effective(&overrides), TopicConfig::effective(&overrides, &layers));
    }
}
