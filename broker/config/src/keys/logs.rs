//! Settings of the logs: what topics get that do not say otherwise, and the work in the background.

use super::topics::{COMPRESSION_TYPES, TIMESTAMP_TYPES};
use crate::def::{ConfigDef, Fallback, Validator, boolean, double, int, list, long, string};

const MS_PER_MINUTE: i64 = 60_000;
const MS_PER_HOUR: i64 = 3_600_000;

/// As Kafka: for ever, or a time; 0 would delete everything at the next look.
const RETENTION_LONG: Validator = Validator::BetweenOr(1, i64::MAX, -1);
const RETENTION_INT: Validator = Validator::BetweenOr(1, i32::MAX as i64, -1);

pub(super) const KEYS: &[ConfigDef] = &[
    int("log.segment.bytes", "1073741824", "Size in bytes at which a log rolls to a fresh segment.")
        .at_least(1 << 20)
        .dynamic()
        .high(),
    long("log.roll.ms", "", "Age in milliseconds at which a log rolls to a fresh segment.")
        .unset()
        .at_least(1)
        .dynamic()
        .falls_back_to(&[Fallback { key: "log.roll.hours", scale: MS_PER_HOUR }])
        .high(),
    int("log.roll.hours", "168", "Age in hours at which a log rolls, where log.roll.ms is not set.")
        .at_least(1)
        .high(),
    long("log.roll.jitter.ms", "", "Most milliseconds taken off at random from the age at which a log rolls.")
        .unset()
        .at_least(0)
        .dynamic()
        .falls_back_to(&[Fallback { key: "log.roll.jitter.hours", scale: MS_PER_HOUR }]),
    int("log.roll.jitter.hours", "0", "The same in hours, where log.roll.jitter.ms is not set.").at_least(0),
    long(
        "log.retention.ms",
        "",
        "Milliseconds that records are kept; -1 for ever. Whole segments are deleted, by their newest record.",
    )
    .unset()
    .takes(RETENTION_LONG)
    .dynamic()
    .falls_back_to(&[
        Fallback { key: "log.retention.minutes", scale: MS_PER_MINUTE },
        Fallback { key: "log.retention.hours", scale: MS_PER_HOUR },
    ])
    .high(),
    int("log.retention.minutes", "", "Minutes that records are kept, where log.retention.ms is not set; -1 for ever.")
        .unset()
        .takes(RETENTION_INT)
        .high(),
    int("log.retention.hours", "168", "Hours that records are kept, where neither of the two is set; -1 for ever.")
        .takes(RETENTION_INT)
        .high(),
    long("log.retention.bytes", "-1", "Bytes that a partition keeps before its oldest segments go; negative sets no limit.")
        .dynamic()
        .high(),
    long("log.retention.check.interval.ms", "300000", "Milliseconds between two looks for segments to delete.")
        .at_least(1),
    long(
        "log.segment.delete.delay.ms",
        "60000",
        "Milliseconds that the files of a deleted segment stay, so that fetches under way can end.",
    )
    .at_least(0)
    .dynamic(),
    list(
        "log.cleanup.policy",
        "delete",
        "What happens to old segments: delete, compact, both, or nothing (empty).",
    )
        .takes(Validator::EachOneOf(&["compact", "delete"]))
        .dynamic(),
    int("log.index.interval.bytes", "4096", "Bytes of records between two entries of the offset index.")
        .at_least(0)
        .dynamic(),
    int("log.index.size.max.bytes", "10485760", "Most bytes of one offset index; a full index rolls the log.")
        .at_least(4)
        .dynamic(),
    string(
        "log.message.timestamp.type",
        "CreateTime",
        "Whose time a record carries: the producer's (CreateTime) or the broker's (LogAppendTime).",
    )
    .one_of(TIMESTAMP_TYPES)
    .dynamic(),
    long(
        "log.message.timestamp.before.max.ms",
        "9223372036854775807",
        "Milliseconds that a record's timestamp may lie before the broker's time; older records are refused.",
    )
    .at_least(0)
    .dynamic(),
    long(
        "log.message.timestamp.after.max.ms",
        "3600000",
        "Milliseconds that a record's timestamp may lie after the broker's time; later records are refused.",
    )
    .at_least(0)
    .dynamic(),
    long(
        "log.flush.interval.messages",
        "9223372036854775807",
        "Records after which a log is flushed where records are acknowledged before the flush.",
    )
    .at_least(1)
    .dynamic(),
    long(
        "log.flush.interval.ms",
        "",
        "Milliseconds after which a log is flushed where records are acknowledged before the flush.",
    )
    .unset()
    .at_least(0)
    .dynamic()
    .falls_back_to(&[Fallback { key: "log.flush.scheduler.interval.ms", scale: 1 }]),
    long(
        "log.flush.scheduler.interval.ms",
        "9223372036854775807",
        "Milliseconds after which a log is flushed where log.flush.interval.ms is not set.",
    )
    .at_least(1),
    boolean(
        "log.preallocate",
        "false",
        "Whether the space of a fresh segment is reserved at once. Stored and without effect.",
    )
    .dynamic(),
    string("compression.type", "producer", "Codec in which records are stored; producer keeps each batch as it came.")
        .one_of(COMPRESSION_TYPES)
        .dynamic()
        .high(),
    int("compression.gzip.level", "-1", "Level where the broker compresses with gzip; -1 is gzip's own choice.")
        .takes(Validator::BetweenOr(1, 9, -1))
        .dynamic(),
    int(
        "compression.lz4.level",
        "9",
        "Level where the broker compresses with lz4, which has one level here. Stored and without effect.",
    )
        .takes(Validator::Between(1, 17))
        .dynamic(),
    int("compression.zstd.level", "3", "Level where the broker compresses with zstd.")
        .takes(Validator::Between(-131_072, 22))
        .dynamic(),
    long(
        "log.cleaner.delete.retention.ms",
        "86400000",
        "Milliseconds that a compacted log keeps a tombstone once all that it deletes has gone.",
    )
        .at_least(0)
        .dynamic(),
    long(
        "log.cleaner.min.compaction.lag.ms",
        "0",
        "Milliseconds that a record stays uncompacted at least.",
    )
        .at_least(0)
        .dynamic(),
    long(
        "log.cleaner.max.compaction.lag.ms",
        "9223372036854775807",
        "Milliseconds after which a log is compacted whatever its ratio; an active segment rolls at that age.",
    )
        .at_least(1)
        .dynamic(),
    double(
        "log.cleaner.min.cleanable.ratio",
        "0.5",
        "Share of a log that has to be uncompacted before it is compacted.",
    )
        .takes(Validator::Ratio)
        .dynamic(),
    boolean("log.cleaner.enable", "true", "Whether compacted logs are compacted at all."),
    int(
        "log.cleaner.threads",
        "1",
        "Threads that compact logs; there is one, which compacts one log at a time. Stored and without effect.",
    )
        .at_least(0)
        .dynamic(),
    long(
        "log.cleaner.dedupe.buffer.size",
        "134217728",
        "Most bytes of memory for telling keys apart; taken while a log is compacted, and no more than it needs.",
    )
        .at_least(1 << 20)
        .dynamic(),
    double(
        "log.cleaner.io.buffer.load.factor",
        "0.9",
        "Share of log.cleaner.dedupe.buffer.size that is used; with less, fewer keys fit and each is found sooner.",
    )
        .takes(Validator::Ratio)
        .dynamic(),
    int(
        "log.cleaner.io.buffer.size",
        "524288",
        "Bytes of memory for reading and writing while a log is compacted; at least 128 KiB are used. As much again, and half of \
         it, is read ahead.",
    )
        .at_least(0)
        .dynamic(),
    double(
        "log.cleaner.io.max.bytes.per.second",
        "1.7976931348623157E308",
        "Bytes a second that compacting reads and writes together at most.",
    )
        .dynamic(),
    long("log.cleaner.backoff.ms", "15000", "Milliseconds between two looks for a log to compact while there is none.")
        .at_least(0)
        .dynamic(),
    long(
        "log.local.retention.ms",
        "-2",
        "Milliseconds that a tiered log stays on the disk; -2 means log.retention.ms.",
    )
        .at_least(-2)
        .dynamic(),
    long(
        "log.local.retention.bytes",
        "-2",
        "Bytes that a tiered log keeps on the disk; -2 means log.retention.bytes.",
    )
        .at_least(-2)
        .dynamic(),
    int(
        "producer.id.expiration.ms",
        "86400000",
        "Milliseconds without a record after which a partition forgets an idempotent producer.",
    )
    .at_least(1)
    .dynamic()
    .low(),
];
