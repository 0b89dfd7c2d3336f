//! Settings of Kafka that this broker knows and does not use.
//!
//! A server.properties written for Kafka should start here: a key without meaning is passed over with a warning. A key
//! that asks for protection that does not exist is refused, because passing it over would leave the data open.

/// What happens to a setting of Kafka that has no row in the tables.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Standing {
    /// Passed over with a warning; the text says why nothing is lost.
    Ignored(&'static str),
    /// Stops the start; the text says what is missing.
    Refused(&'static str),
}

struct Group {
    reason: &'static str,
    keys: &'static [&'static str],
}

const NO_SECURITY: &str = "this broker has no TLS, authentication or authorization yet";

/// How the setting of this name is treated, if Kafka has it and the tables do not.
#[must_use]
pub(crate) fn standing(key: &str) -> Option<Standing> {
    let ignored = IGNORED.iter().find(|group| group.keys.contains(&key));
    if let Some(group) = ignored {
        return Some(Standing::Ignored(group.reason));
    }
    let protects =
        ["ssl.", "sasl.", "listener.name.", "delegation.token."].iter().any(|p| key.starts_with(p));
    (protects || REFUSED.contains(&key)).then_some(Standing::Refused(NO_SECURITY))
}

/// Every key that is spelled out here, ignored or refused.
pub(crate) fn all() -> impl Iterator<Item = &'static str> {
    IGNORED.iter().flat_map(|group| group.keys).chain(REFUSED).copied()
}

/// Whether Kafka lets this setting, which has no effect here, change at run time. Such a change is stored and shown.
#[must_use]
pub(crate) fn is_dynamic_in_kafka(key: &str) -> bool {
    DYNAMIC_IN_KAFKA.contains(&key)
        || key.starts_with("sasl.kerberos.")
        || key.starts_with("sasl.login.refresh.")
}

const REFUSED: &[&str] = &[
    "authorizer.class.name",
    "super.users",
    "allow.everyone.if.no.acl.found",
    "principal.builder.class",
    "security.inter.broker.protocol",
    "connections.max.reauth.ms",
    "create.topic.policy.class.name",
    "alter.config.policy.class.name",
    "client.quota.callback.class",
];

const DYNAMIC_IN_KAFKA: &[&str] = &[
    "background.threads",
    "follower.fetch.last.tiered.offset.enable",
    "group.consumer.assignment.interval.ms",
    "group.coordinator.cached.buffer.max.bytes",
    "group.share.assignment.interval.ms",
    "group.streams.assignment.interval.ms",
    "log.cleaner.backoff.ms",
    "log.cleaner.dedupe.buffer.size",
    "log.cleaner.io.buffer.load.factor",
    "log.cleaner.io.buffer.size",
    "log.cleaner.io.max.bytes.per.second",
    "log.cleaner.threads",
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

const IGNORED: &[Group] = &[
    Group {
        reason: "every broker is its own controller, and its metadata log needs no settings",
        keys: &[
            "process.roles",
            "controller.listener.names",
            "controller.quorum.append.linger.ms",
            "controller.quorum.auto.join.enable",
            "controller.quorum.bootstrap.servers",
            "controller.quorum.election.backoff.max.ms",
            "controller.quorum.election.timeout.ms",
            "controller.quorum.fetch.max.bytes",
            "controller.quorum.fetch.snapshot.max.bytes",
            "controller.quorum.fetch.timeout.ms",
            "controller.quorum.request.timeout.ms",
            "controller.quorum.retry.backoff.ms",
            "controller.quorum.voters",
            "controller.socket.timeout.ms",
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
            "controlled.shutdown.enable",
        ],
    },
    Group {
        reason: "threads and queues size themselves",
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
        keys: &[
            "auto.leader.rebalance.enable",
            "broker.heartbeat.interval.ms",
            "broker.session.timeout.ms",
            "inter.broker.listener.name",
            "leader.imbalance.check.interval.seconds",
            "num.replica.alter.log.dirs.threads",
            "num.replica.fetchers",
            "replica.fetch.backoff.ms",
            "replica.fetch.max.bytes",
            "replica.fetch.min.bytes",
            "replica.fetch.response.max.bytes",
            "replica.fetch.wait.max.ms",
            "replica.lag.time.max.ms",
            "replica.selector.class",
            "replica.socket.receive.buffer.bytes",
            "replica.socket.timeout.ms",
            "follower.fetch.last.tiered.offset.enable",
        ],
    },
    Group {
        reason: "transactions are not supported yet",
        keys: &[
            "add.partitions.to.txn.retry.backoff.max.ms",
            "add.partitions.to.txn.retry.backoff.ms",
            "transaction.abort.timed.out.transaction.cleanup.interval.ms",
            "transaction.max.timeout.ms",
            "transaction.partition.verification.enable",
            "transaction.remove.expired.transaction.cleanup.interval.ms",
            "transaction.state.log.load.buffer.size",
            "transaction.state.log.min.isr",
            "transaction.state.log.num.partitions",
            "transaction.state.log.replication.factor",
            "transaction.state.log.segment.bytes",
            "transaction.two.phase.commit.enable",
            "transactional.id.expiration.ms",
        ],
    },
    Group {
        reason: "only classic groups are supported yet",
        keys: &[
            "group.coordinator.rebalance.protocols",
            "group.consumer.assignment.interval.ms",
            "group.consumer.assignors",
            "group.consumer.heartbeat.interval.ms",
            "group.consumer.max.heartbeat.interval.ms",
            "group.consumer.max.session.timeout.ms",
            "group.consumer.max.size",
            "group.consumer.migration.policy",
            "group.consumer.min.heartbeat.interval.ms",
            "group.consumer.min.session.timeout.ms",
            "group.consumer.session.timeout.ms",
            "group.share.assignment.interval.ms",
            "group.share.delivery.count.limit",
            "group.share.heartbeat.interval.ms",
            "group.share.max.delivery.count.limit",
            "group.share.max.size",
            "group.share.min.heartbeat.interval.ms",
            "group.share.min.record.lock.duration.ms",
            "group.share.min.session.timeout.ms",
            "group.share.partition.max.record.locks",
            "group.share.record.lock.duration.ms",
            "group.share.session.timeout.ms",
            "group.streams.assignment.interval.ms",
            "group.streams.heartbeat.interval.ms",
            "group.streams.num.standby.replicas",
            "group.streams.session.timeout.ms",
            "share.coordinator.cached.buffer.max.bytes",
            "share.coordinator.state.topic.min.isr",
            "share.coordinator.state.topic.num.partitions",
            "share.coordinator.state.topic.replication.factor",
        ],
    },
    Group {
        reason: "the log cleaner does not run yet",
        keys: &[
            "log.cleaner.backoff.ms",
            "log.cleaner.dedupe.buffer.size",
            "log.cleaner.enable",
            "log.cleaner.io.buffer.load.factor",
            "log.cleaner.io.buffer.size",
            "log.cleaner.io.max.bytes.per.second",
            "log.cleaner.threads",
        ],
    },
    Group {
        reason: "quotas, rates and client telemetry are not supported yet",
        keys: &[
            "max.connection.creation.rate",
            "max.connections.per.ip.overrides",
            "quota.window.num",
            "quota.window.size.seconds",
            "replication.quota.window.num",
            "replication.quota.window.size.seconds",
            "controller.quota.window.num",
            "controller.quota.window.size.seconds",
            "telemetry.max.bytes",
        ],
    },
    Group {
        reason: "metrics are served at highwater.http.listener",
        keys: &[
            "metric.reporters",
            "metrics.num.samples",
            "metrics.recording.level",
            "metrics.sample.window.ms",
            "kafka.metrics.polling.interval.secs",
            "kafka.metrics.reporters",
        ],
    },
    Group {
        reason: "tiered storage is not supported yet",
        keys: &[
            "remote.log.storage.system.enable",
            "remote.fetch.max.wait.ms",
            "remote.log.manager.task.interval.ms",
        ],
    },
];
