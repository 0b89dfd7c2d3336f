//! Settings of Kafka that this broker knows and does not use.
//!
//! A server.properties written for Kafka 4 should start here: a key without meaning is passed over with a warning. A key
//! that asks for protection or a plugin is refused, because passing it over would leave the data open or unchecked. So is
//! one that Kafka 4 has removed: the file was written for a cluster that this broker cannot join.

/// What happens to a setting of Kafka that has no row in the tables.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Standing {
    /// Passed over with a warning; the text says why nothing is lost.
    Ignored(&'static str),
    /// Stops the start; the text says what is missing, or what has taken its place.
    Refused(&'static str),
}

struct Group {
    reason: &'static str,
    /// Beginnings of names, where a whole family of settings has no meaning here.
    families: &'static [&'static str],
    keys: &'static [&'static str],
}

const NO_SECURITY: &str = "this broker has no TLS, authentication or authorization yet";
const NO_PLUGINS: &str = "this broker loads no classes";

/// How the setting of this name is treated, if Kafka has it and the tables do not.
#[must_use]
pub(crate) fn standing(key: &str) -> Option<Standing> {
    let find = |groups: &'static [Group]| {
        groups.iter().find(|group| {
            group.keys.contains(&key) || group.families.iter().any(|family| key.starts_with(family))
        })
    };
    if let Some(group) = find(REMOVED) {
        return Some(Standing::Refused(group.reason));
    }
    if let Some(group) = find(IGNORED) {
        return Some(Standing::Ignored(group.reason));
    }
    let protects =
        ["ssl.", "sasl.", "listener.name.", "delegation.token."].iter().any(|p| key.starts_with(p));
    if protects || PROTECTING.contains(&key) {
        return Some(Standing::Refused(NO_SECURITY));
    }
    PLUGINS.contains(&key).then_some(Standing::Refused(NO_PLUGINS))
}

/// Every key that is spelled out here, ignored or refused.
pub(crate) fn all() -> impl Iterator<Item = &'static str> {
    let grouped = IGNORED.iter().chain(REMOVED).flat_map(|group| group.keys);
    grouped.chain(PROTECTING).chain(PLUGINS).copied()
}

/// Whether Kafka lets this setting, which has no effect here, change at run time. Such a change is stored and shown.
#[must_use]
pub(crate) fn is_dynamic_in_kafka(key: &str) -> bool {
    DYNAMIC_IN_KAFKA.contains(&key)
        || key.starts_with("sasl.kerberos.")
        || key.starts_with("sasl.login.refresh.")
}

const PROTECTING: &[&str] = &[
    "authorizer.class.name",
    "super.users",
    "allow.everyone.if.no.acl.found",
    "principal.builder.class",
    "security.inter.broker.protocol",
    "security.providers",
    "connections.max.reauth.ms",
];

const PLUGINS: &[&str] = &[
    "alter.config.policy.class.name",
    "client.quota.callback.class",
    "config.providers",
    "create.topic.policy.class.name",
];

const DYNAMIC_IN_KAFKA: &[&str] = &[
    "background.threads",
    "follower.fetch.last.tiered.offset.enable",
    "group.consumer.assignment.interval.ms",
    "group.coordinator.cached.buffer.max.bytes",
    "group.share.assignment.interval.ms",
    "group.streams.assignment.interval.ms",
    "max.connection.creation.rate",
    "max.connections.per.ip.overrides",
    "metric.reporters",
    "num.io.threads",
    "num.network.threads",
    "num.recovery.threads.per.data.dir",
    "num.replica.fetchers",
    "share.coordinator.cached.buffer.max.bytes",
    "transaction.partition.verification.enable",
];

const REMOVED: &[Group] = &[
    Group {
        reason: "has no meaning without ZooKeeper, which Kafka 4 and this broker do without",
        families: &["zookeeper."],
        keys: &[
            "zookeeper.connect",
            "zookeeper.connection.timeout.ms",
            "zookeeper.session.timeout.ms",
            "zookeeper.metadata.migration.enable",
            "zookeeper.set.acl",
            "controlled.shutdown.max.retries",
            "controlled.shutdown.retry.backoff.ms",
            "leader.imbalance.per.broker.percentage",
            "password.encoder.cipher.algorithm",
            "password.encoder.iterations",
            "password.encoder.key.length",
            "password.encoder.keyfactory.algorithm",
            "password.encoder.old.secret",
            "password.encoder.secret",
        ],
    },
    Group {
        reason: "has no meaning without ZooKeeper, which Kafka 4 and this broker do without; set node.id",
        families: &[],
        keys: &["broker.id.generation.enable", "reserved.broker.max.id"],
    },
    Group {
        reason: "has no meaning without ZooKeeper, which Kafka 4 and this broker do without; features have versions of \
                 their own",
        families: &[],
        keys: &["inter.broker.protocol.version"],
    },
    Group {
        reason: "has no meaning without ZooKeeper, which Kafka 4 and this broker do without; see \
                 controller.listener.names",
        families: &[],
        keys: &["control.plane.listener.name"],
    },
    Group {
        reason: "is not a setting of Kafka 4 any more: all records have the one format that is left",
        families: &[],
        keys: &["log.message.format.version", "log.message.downconversion.enable"],
    },
    Group {
        reason: "is not a setting of Kafka 4 any more: set log.message.timestamp.before.max.ms and \
                 log.message.timestamp.after.max.ms",
        families: &[],
        keys: &["log.message.timestamp.difference.max.ms"],
    },
    Group {
        reason: "is not a setting of Kafka 4 any more: commits wait for all replicas in sync",
        families: &[],
        keys: &["offsets.commit.required.acks"],
    },
];

const IGNORED: &[Group] = &[
    Group {
        reason: "every broker is its own controller, and its metadata log needs no settings",
        families: &["controller."],
        keys: &[
            "process.roles",
            "metadata.log.dir",
            "metadata.log.max.record.bytes.between.snapshots",
            "metadata.log.max.snapshot.interval.ms",
            "metadata.log.segment.bytes",
            "metadata.log.segment.ms",
            "metadata.max.idle.interval.ms",
            "metadata.max.retention.bytes",
            "metadata.max.retention.ms",
            "early.start.listeners",
            "initial.broker.registration.timeout.ms",
            "server.max.startup.time.ms",
            "unclean.leader.election.interval.ms",
            "controlled.shutdown.enable",
        ],
    },
    Group {
        reason: "threads and queues size themselves",
        families: &[],
        keys: &[
            "num.network.threads",
            "num.io.threads",
            "background.threads",
            "queued.max.requests",
            "num.recovery.threads.per.data.dir",
            "group.coordinator.threads",
            "group.coordinator.background.threads",
            "group.coordinator.append.linger.ms",
            "group.coordinator.cached.buffer.max.bytes",
            "offsets.load.buffer.size",
            "offsets.topic.compression.codec",
            "fetch.purgatory.purge.interval.requests",
            "producer.purgatory.purge.interval.requests",
            "delete.records.purgatory.purge.interval.requests",
            "producer.id.expiration.check.interval.ms",
            "log.initial.task.delay.ms",
            "connection.failed.authentication.delay.ms",
            "request.timeout.ms",
            "socket.connection.setup.timeout.ms",
            "socket.connection.setup.timeout.max.ms",
        ],
    },
    Group {
        reason: "highwater.checkpoint.interval.ms and a failed disk's own rule stand in",
        families: &[],
        keys: &[
            "log.flush.offset.checkpoint.interval.ms",
            "log.flush.start.offset.checkpoint.interval.ms",
            "replica.high.watermark.checkpoint.interval.ms",
            "log.dir.failure.timeout.ms",
            "cordoned.log.dirs",
        ],
    },
    Group {
        reason: "this broker does not replicate yet",
        families: &["replica."],
        keys: &[
            "auto.leader.rebalance.enable",
            "broker.heartbeat.interval.ms",
            "broker.session.timeout.ms",
            "inter.broker.listener.name",
            "leader.imbalance.check.interval.seconds",
            "num.replica.alter.log.dirs.threads",
            "num.replica.fetchers",
            "follower.fetch.last.tiered.offset.enable",
        ],
    },
    Group {
        reason: "transactions are not supported yet",
        families: &["add.partitions.to.txn.", "transaction.", "transactional."],
        keys: &[],
    },
    Group {
        reason: "only classic groups are supported yet",
        families: &["group.consumer.", "group.share.", "group.streams.", "share."],
        keys: &["group.coordinator.rebalance.protocols"],
    },
    Group {
        reason: "quotas, rates and client telemetry are not supported yet",
        families: &["quota.", "replication.quota.", "alter.log.dirs.replication.quota."],
        keys: &["max.connection.creation.rate", "max.connections.per.ip.overrides", "telemetry.max.bytes"],
    },
    Group {
        reason: "metrics are served at highwater.http.listener",
        families: &["metrics.", "kafka.metrics."],
        keys: &["metric.reporters", "auto.include.jmx.reporter"],
    },
    Group {
        reason: "highwater.remote.url turns tiered storage on, which is built in and keeps its own metadata",
        families: &["remote.log.storage.", "remote.log.metadata.", "rsm.config.", "rlmm.config."],
        keys: &[],
    },
    Group { reason: "tiered storage sizes itself", families: &["remote."], keys: &[] },
];
