//! Settings that Kafka does not have. All begin with `highwater.`.

use crate::def::{ConfigDef, Validator, boolean, int, long, string};

pub(super) const KEYS: &[ConfigDef] = &[
    string(
        "highwater.http.listener",
        "127.0.0.1:9644",
        "Address host:port of /metrics, /healthz and /readyz; empty opens none, port 0 lets the system choose.",
    )
    .takes(Validator::Check(
        |text| text.is_empty() || crate::listener::parse_address(text).is_some(),
        "host:port, or nothing",
    ))
    .high(),
    string(
        "highwater.admin.listener",
        "127.0.0.1:9645",
        "Address host:port of the admin service, which the operator asks over gRPC; empty opens none, port 0 lets the system \
         choose. Elsewhere than on a loopback address it needs highwater.admin.token.file.",
    )
    .takes(Validator::Check(
        |text| text.is_empty() || crate::listener::parse_address(text).is_some(),
        "host:port, or nothing",
    ))
    .high(),
    string(
        "highwater.admin.token.file",
        "",
        "File with the token that every call of the admin service has to bear; read again when it changes. Where it is not \
         set, none is asked for.",
    )
    .unset(),
    boolean(
        "highwater.flush.before.ack",
        "true",
        "Whether a record is on stable storage before it counts as written. false acknowledges from memory, as \
         Kafka does.",
    )
    .dynamic()
    .high(),
    long(
        "highwater.commit.log.max.bytes",
        "268435456",
        "Bytes in the shared commit log at which a checkpoint flushes the segments and empties it; bounds the time \
         of a recovery.",
    )
    .at_least(1 << 20),
    long(
        "highwater.checkpoint.interval.ms",
        "60000",
        "Milliseconds after which changed logs are checkpointed, also where the commit log is small.",
    )
    .at_least(100),
    long(
        "highwater.memory.max.bytes",
        "268435456",
        "Bytes of requests not answered yet and of answers not taken yet, over all connections; above it, sockets are \
         not read.",
    )
    .at_least(1 << 20)
    .high(),
    int("highwater.cold.read.threads", "2", "Threads that read records which are no longer in the page cache.")
        .takes(Validator::Between(1, 256)),
    int(
        "highwater.cold.read.max.bytes",
        "33554432",
        "Bytes of cold reads in flight at a time; further ones wait, so that catching up never slows a producer.",
    )
    .at_least(1 << 20),
    string("highwater.cluster.id", "", "Id of the cluster, up to 64 of the characters A-Z a-z 0-9 _ -. Where it is not set, a first start makes one up.")
        .unset()
        .takes(Validator::Check(is_cluster_id, "1 to 64 of the characters A-Z a-z 0-9 _ -")),
    string("highwater.log.format", "text", "Form of the log lines on standard error: text or json.")
        .one_of(&["text", "json"]),
    string(
        "highwater.log.level",
        "info",
        "Least severity that is logged, optionally by module: info, or info,broker_log=debug.",
    )
    .takes(Validator::Check(
        is_log_filter,
        "off, error, warn, info, debug or trace, optionally more as module=level with commas between",
    )),
];

fn is_cluster_id(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

fn is_log_filter(text: &str) -> bool {
    const LEVELS: &[&str] = &["off", "error", "warn", "info", "debug", "trace"];
    text.split(',').all(|part| {
        let level = match part.split_once('=') {
            Some((module, level)) if !module.trim().is_empty() => level,
            Some(_) => return false,
            None => part,
        };
        LEVELS.contains(&level.trim().to_ascii_lowercase().as_str())
    })
}
