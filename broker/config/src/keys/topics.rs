//! Settings of a topic. The fallbacks are the broker's settings that supply the value where a topic does not.

use crate::def::{ConfigDef, Fallback, Validator, boolean, double, int, list, long, string};

pub(super) const COMPRESSION_TYPES: &[&str] = &["uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"];
pub(super) const TIMESTAMP_TYPES: &[&str] = &["CreateTime", "LogAppendTime"];

const MS_PER_MINUTE: i64 = 60_000;
const MS_PER_HOUR: i64 = 3_600_000;
const REPLICA_LIST: Validator =
    Validator::Check(is_replica_list, "* or a list of partition:broker separated by commas");

macro_rules! broker {
    ($($key:literal $(* $scale:expr)?),+) => {
        &[$(Fallback { key: $key, scale: 1 $(* $scale)? }),+]
    };
}

pub(super) const KEYS: &[ConfigDef] = &[
    list(
        "cleanup.policy",
        "delete",
        "What happens to old segments: delete, compact, both, or nothing (empty).",
    )
        .takes(Validator::EachOneOf(&["compact", "delete"]))
        .falls_back_to(broker!("log.cleanup.policy")),
    int("compression.gzip.level", "-1", "Level where the broker compresses with gzip; -1 is gzip's own choice.")
        .takes(Validator::BetweenOr(1, 9, -1))
        .falls_back_to(broker!("compression.gzip.level")),
    int(
        "compression.lz4.level",
        "9",
        "Level where the broker compresses with lz4, which has one level here. Stored and without effect.",
    )
        .takes(Validator::Between(1, 17))
        .falls_back_to(broker!("compression.lz4.level")),
    string("compression.type", "producer", "Codec in which records are stored; producer keeps each batch as it came.")
        .one_of(COMPRESSION_TYPES)
        .falls_back_to(broker!("compression.type")),
    int("compression.zstd.level", "3", "Level where the broker compresses with zstd.")
        .takes(Validator::Between(-131_072, 22))
        .falls_back_to(broker!("compression.zstd.level")),
    long(
        "delete.retention.ms",
        "86400000",
        "Milliseconds that a compacted log keeps a tombstone once all that it deletes has gone.",
    )
        .at_least(0)
        .falls_back_to(broker!("log.cleaner.delete.retention.ms")),
    long("file.delete.delay.ms", "60000", "Milliseconds that the files of a deleted segment stay on the disk.")
        .at_least(0)
        .falls_back_to(broker!("log.segment.delete.delay.ms")),
    long(
        "flush.messages",
        "9223372036854775807",
        "Records after which the log is flushed where highwater.flush.before.ack is false.",
    )
    .at_least(1)
    .falls_back_to(broker!("log.flush.interval.messages")),
    long(
        "flush.ms",
        "9223372036854775807",
        "Milliseconds after which the log is flushed where highwater.flush.before.ack is false.",
    )
    .at_least(0)
    .falls_back_to(broker!("log.flush.interval.ms", "log.flush.scheduler.interval.ms")),
    list(
        "follower.replication.throttled.replicas",
        "",
        "Replicas whose following is throttled, as partition:broker, or * for all. Stored and without effect.",
    )
    .takes(REPLICA_LIST),
    boolean(
        "highwater.flush.before.ack",
        "true",
        "Whether a record is on stable storage before it counts as written. false acknowledges from memory, as \
         Kafka does.",
    )
    .falls_back_to(broker!("highwater.flush.before.ack")),
    int("index.interval.bytes", "4096", "Bytes of records between two entries of the offset index.")
        .at_least(0)
        .falls_back_to(broker!("log.index.interval.bytes")),
    list(
        "leader.replication.throttled.replicas",
        "",
        "Replicas whose leading is throttled, as partition:broker, or * for all. Stored and without effect.",
    )
    .takes(REPLICA_LIST),
    long(
        "local.retention.bytes",
        "-2",
        "Bytes that a tiered log keeps on the disk once they are copied; -2 means retention.bytes.",
    )
        .at_least(-2)
        .falls_back_to(broker!("log.local.retention.bytes")),
    long(
        "local.retention.ms",
        "-2",
        "Milliseconds that a tiered log stays on the disk once it is copied; -2 means retention.ms.",
    )
        .at_least(-2)
        .falls_back_to(broker!("log.local.retention.ms")),
    long(
        "max.compaction.lag.ms",
        "9223372036854775807",
        "Milliseconds after which the log is compacted whatever its ratio; the active segment rolls at that age.",
    )
        .at_least(1)
        .falls_back_to(broker!("log.cleaner.max.compaction.lag.ms")),
    int(
        "max.message.bytes",
        "1048588",
        "Largest record batch that is taken, in bytes, after compression and with its header.",
    )
    .at_least(0)
    .falls_back_to(broker!("message.max.bytes")),
    long(
        "message.timestamp.after.max.ms",
        "3600000",
        "Milliseconds that a record's timestamp may lie after the broker's time; later records are refused.",
    )
    .at_least(0)
    .falls_back_to(broker!("log.message.timestamp.after.max.ms")),
    long(
        "message.timestamp.before.max.ms",
        "9223372036854775807",
        "Milliseconds that a record's timestamp may lie before the broker's time; older records are refused.",
    )
    .at_least(0)
    .falls_back_to(broker!("log.message.timestamp.before.max.ms")),
    string(
        "message.timestamp.type",
        "CreateTime",
        "Whose time a record carries: the producer's (CreateTime) or the broker's (LogAppendTime).",
    )
    .one_of(TIMESTAMP_TYPES)
    .falls_back_to(broker!("log.message.timestamp.type")),
    double(
        "min.cleanable.dirty.ratio",
        "0.5",
        "Share of the log that has to be uncompacted before it is compacted.",
    )
        .takes(Validator::Ratio)
        .falls_back_to(broker!("log.cleaner.min.cleanable.ratio")),
    long(
        "min.compaction.lag.ms",
        "0",
        "Milliseconds that a record stays uncompacted at least.",
    )
        .at_least(0)
        .falls_back_to(broker!("log.cleaner.min.compaction.lag.ms")),
    int(
        "min.insync.replicas",
        "1",
        "In-sync replicas that have to hold a record before a produce with acks=all is answered. Stored and without \
         effect: there is one replica.",
    )
    .at_least(1)
    .falls_back_to(broker!("min.insync.replicas")),
    boolean(
        "preallocate",
        "false",
        "Whether the space of a fresh segment is reserved at once. Stored and without effect.",
    )
    .falls_back_to(broker!("log.preallocate")),
    boolean(
        "remote.log.copy.disable",
        "false",
        "Whether a tiered topic stops copying segments, while what was copied stays readable (KIP-950).",
    ),
    boolean(
        "remote.log.delete.on.disable",
        "false",
        "Whether what was copied is deleted when remote.storage.enable is turned off, without which it cannot be turned \
         off (KIP-950).",
    ),
    boolean(
        "remote.storage.enable",
        "false",
        "Whether sealed segments are copied to the object store of highwater.remote.url, and go from the disk by \
         local.retention.*. Where that is set, every topic that is not compacted is tiered unless it says otherwise.",
    )
    .falls_back_to(broker!("highwater.remote.storage.enable")),
    long("retention.bytes", "-1", "Bytes that a partition keeps before its oldest segments go; negative sets no limit.")
        .falls_back_to(broker!("log.retention.bytes")),
    long(
        "retention.ms",
        "604800000",
        "Milliseconds that records are kept; -1 for ever. Whole segments are deleted, by their newest record.",
    )
    .at_least(-1)
    .falls_back_to(broker!(
        "log.retention.ms",
        "log.retention.minutes" * MS_PER_MINUTE,
        "log.retention.hours" * MS_PER_HOUR
    )),
    int("segment.bytes", "1073741824", "Size in bytes at which the log rolls to a fresh segment.")
        .at_least(1 << 20)
        .falls_back_to(broker!("log.segment.bytes")),
    int("segment.index.bytes", "10485760", "Most bytes of one offset index; a full index rolls the log.")
        .at_least(4)
        .falls_back_to(broker!("log.index.size.max.bytes")),
    long("segment.jitter.ms", "0", "Most milliseconds taken off at random from segment.ms, so that logs roll apart.")
        .at_least(0)
        .falls_back_to(broker!("log.roll.jitter.ms", "log.roll.jitter.hours" * MS_PER_HOUR)),
    long("segment.ms", "604800000", "Age in milliseconds at which the log rolls to a fresh segment.")
        .at_least(1)
        .falls_back_to(broker!("log.roll.ms", "log.roll.hours" * MS_PER_HOUR)),
    boolean(
        "unclean.leader.election.enable",
        "false",
        "Whether a replica that is not in sync may become leader, which loses records. Stored and without effect.",
    )
    .falls_back_to(broker!("unclean.leader.election.enable")),
];

fn is_replica_list(text: &str) -> bool {
    text == "*"
        || crate::def::split_list(text).all(|pair| {
            pair.split_once(':').is_some_and(|(partition, broker)| {
                partition.parse::<u32>().is_ok() && broker.parse::<u32>().is_ok()
            })
        })
}
