//! Settings of consumer groups and of the topic that keeps their offsets.

use crate::def::{ConfigDef, int, long, short};

pub(super) const KEYS: &[ConfigDef] = &[
    int(
        "group.initial.rebalance.delay.ms",
        "3000",
        "Milliseconds that an empty group waits for more members before its first rebalance.",
    )
    .at_least(0),
    int(
        "group.min.session.timeout.ms",
        "6000",
        "Shortest session timeout that a member may ask for, in milliseconds.",
    )
    .at_least(0),
    int(
        "group.max.session.timeout.ms",
        "1800000",
        "Longest session timeout that a member may ask for, in milliseconds.",
    )
    .at_least(0),
    int("group.max.size", "2147483647", "Most members of one group; a further one is refused.").at_least(1),
    int(
        "offset.metadata.max.bytes",
        "4096",
        "Most bytes of the text that a consumer may store with a committed offset.",
    )
    .at_least(0)
    .high(),
    int(
        "offsets.topic.num.partitions",
        "50",
        "Partitions of __consumer_offsets; must not change once it exists.",
    )
    .at_least(1)
    .high(),
    short("offsets.topic.replication.factor", "1", "Replicas of __consumer_offsets when it is created.")
        .at_least(1)
        .high(),
    int(
        "offsets.topic.segment.bytes",
        "104857600",
        "Size in bytes at which a partition of __consumer_offsets rolls.",
    )
    // As segment.bytes: a topic takes no less.
    .at_least(1 << 20)
    .high(),
    int(
        "offsets.retention.minutes",
        "10080",
        "Minutes that committed offsets are kept after their group lost its last member.",
    )
    .at_least(1)
    .high(),
    long(
        "offsets.retention.check.interval.ms",
        "600000",
        "Milliseconds between two looks for expired offsets.",
    )
    .at_least(1)
    .high(),
    int(
        "offsets.commit.timeout.ms",
        "5000",
        "Milliseconds that a commit waits to become durable before it fails.",
    )
    .at_least(1)
    .high(),
];
