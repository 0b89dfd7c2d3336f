//! Settings of the broker itself: identity, sockets, topics made on demand.

use crate::def::{ConfigDef, Fallback, Validator, boolean, int, list, long, string};
use crate::listener;

pub(super) const KEYS: &[ConfigDef] = &[
    int("node.id", "1", "Id of this broker, unique in its cluster and the same for the whole life of its data.")
        .at_least(0)
        .high(),
    int("broker.id", "-1", "Older spelling of node.id; where both are set they have to be equal.")
        .at_least(-1)
        .low(),
    string("broker.rack", "", "Rack or zone that this broker stands in; clients learn it from Metadata.").unset(),
    list(
        "listeners",
        "PLAINTEXT://127.0.0.1:9092",
        "Addresses that take client connections, each as NAME://host:port. An empty host means every interface; \
         port 0 lets the system choose one.",
    )
    .takes(Validator::Check(
        |text| listener::parse_list(text).is_ok_and(|listeners| !listeners.is_empty()),
        listener::EXPECTED,
    ))
    .high(),
    list(
        "advertised.listeners",
        "",
        "Addresses that clients are told to connect to; taken from listeners where it is not set. 0.0.0.0 is \
         refused here, because no client can connect to it.",
    )
    .unset()
    .takes(Validator::Check(|text| listener::parse_list(text).is_ok(), listener::EXPECTED))
    .high(),
    list(
        "listener.security.protocol.map",
        "PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT,SASL_SSL:SASL_SSL",
        "Security protocol of every listener name, as NAME:PROTOCOL. A listener in use has to map to PLAINTEXT: \
         TLS and authentication are not supported yet.",
    )
    .takes(Validator::Check(|text| listener::parse_protocol_map(text).is_ok(), listener::EXPECTED_MAP)),
    list(
        "controller.listener.names",
        "",
        "Names among listeners that are for controllers, not for clients. They are not opened: this broker is its own \
         controller.",
    )
    .unset(),
    boolean(
        "auto.create.topics.enable",
        "true",
        "Whether a client's request for the metadata of an unknown topic creates it.",
    )
    .high(),
    boolean("delete.topic.enable", "true", "Whether topics can be deleted.").high(),
    int("num.partitions", "1", "Partitions of a topic that is created without saying how many.").at_least(1).high(),
    int("default.replication.factor", "1", "Replicas of a topic that is created without saying how many.")
        .at_least(1),
    int(
        "min.insync.replicas",
        "1",
        "In-sync replicas that have to hold a record before a produce with acks=all is answered. Stored and without \
         effect: there is one replica.",
    )
    .at_least(1)
    .dynamic()
    .high(),
    boolean(
        "unclean.leader.election.enable",
        "false",
        "Whether a replica that is not in sync may become leader, which loses records. Stored and without effect.",
    )
    .dynamic()
    .high(),
    int(
        "message.max.bytes",
        "1048588",
        "Largest record batch that is taken, in bytes, after compression and with its header.",
    )
    .at_least(0)
    .dynamic()
    .high(),
    int("socket.request.max.bytes", "104857600", "Largest request that is read, in bytes; a larger one closes the connection.")
        .at_least(1)
        .high(),
    int(
        "socket.send.buffer.bytes",
        "-1",
        "SO_SNDBUF of client sockets in bytes; -1 leaves it to the system, which sizes it by need (Kafka: 102400).",
    )
    .takes(Validator::BetweenOr(1, i32::MAX as i64, -1)),
    int(
        "socket.receive.buffer.bytes",
        "-1",
        "SO_RCVBUF of client sockets in bytes; -1 leaves it to the system, which sizes it by need (Kafka: 102400).",
    )
    .takes(Validator::BetweenOr(1, i32::MAX as i64, -1)),
    int("socket.listen.backlog.size", "50", "Connections that may wait to be accepted, per listener.").at_least(1),
    int(
        "max.connections",
        "2147483647",
        "Client connections that are open at a time; further ones wait until one ends. Where it is lowered, those that \
         were idle longest are closed. A quarter of the process's limit on open files, at least 128, is kept for files: \
         connections beyond the rest wait too.",
    )
    .at_least(0)
    .dynamic(),
    int(
        "max.connections.per.ip",
        "2147483647",
        "Client connections that one address may have open at a time; further ones are closed at once.",
    )
    .at_least(0)
    .dynamic(),
    long(
        "connections.max.idle.ms",
        "600000",
        "Milliseconds without a request after which a connection is closed; negative keeps it for ever.",
    ),
    long(
        "queued.max.request.bytes",
        "-1",
        "Bytes of requests not answered yet and of answers not taken yet, over all connections; above it, sockets are \
         not read. -1 leaves it to highwater.memory.max.bytes alone.",
    )
    .at_least(-1),
    int("fetch.max.bytes", "57671680", "Most bytes of records in the answer to one fetch, whatever the client asks for.")
        .at_least(1024),
    int(
        "max.incremental.fetch.session.cache.slots",
        "1000",
        "Incremental fetch sessions that are kept (KIP-227); a client without one sends full fetches.",
    )
    .at_least(0),
    int(
        "max.request.partition.size.limit",
        "2000",
        "Most partitions in one answer to DescribeTopicPartitions (KIP-966); the client pages through the rest.",
    )
    .at_least(1),
    list("log.dirs", "", "Directory of the data; exactly one. Where it is not set, log.dir stands in.")
        .unset()
        .takes(Validator::NonEmpty)
        .falls_back_to(&[Fallback { key: "log.dir", scale: 1 }])
        .high(),
    list("log.dir", "./highwater-data", "Directory of the data where log.dirs is not set.")
        .takes(Validator::NonEmpty)
        .high(),
];
