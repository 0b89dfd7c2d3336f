//! Settings of tiered storage: where sealed segments are copied to, and how. Those of Kafka keep its names (KIP-405).

use crate::def::{ConfigDef, Validator, boolean, int, long, string};

pub(super) const KEYS: &[ConfigDef] = &[
    string(
        "highwater.remote.url",
        "",
        "Object store that sealed segments are copied to: s3://bucket/prefix, gs://bucket/prefix, az://container/prefix \
         or file:///directory; empty keeps everything on the disk. Credentials come from the provider's own environment \
         variables, or from the identity of the machine or pod.",
    )
    .high(),
    string(
        "highwater.remote.endpoint",
        "",
        "Address http://host:port or https://host:port of a store that speaks a provider's protocol.",
    ),
    string("highwater.remote.region", "", "Region of an S3 bucket."),
    boolean(
        "highwater.remote.storage.enable",
        "",
        "Whether topics are tiered that do not say so themselves by remote.storage.enable. Where highwater.remote.url is \
         set, it is true unless set otherwise.",
    )
    .unset(),
    long(
        "highwater.remote.roll.ms",
        "3600000",
        "Milliseconds after which the active segment of a tiered topic rolls, so that it is copied: bounds how much is \
         lost with the disk.",
    )
    .at_least(1)
    .dynamic(),
    long(
        "highwater.remote.cache.max.bytes",
        "1073741824",
        "Bytes on the local disk that keep what was read from the object store.",
    )
    .at_least(16 << 20),
    long(
        "highwater.remote.read.max.bytes",
        "134217728",
        "Bytes of memory for reading from the object store: what is on its way, what was fetched and waits to be read, and \
         answers that wait to be sent; further reads wait. Beside it stand what sockets and the allocator hold, about as \
         much again while many readers ask for large answers.",
    )
    .at_least(32 << 20),
    long(
        "highwater.remote.delete.delay.ms",
        "300000",
        "Milliseconds that an object outlives the manifest that named it, for readers that are under way.",
    )
    .at_least(0),
    long(
        "highwater.remote.scrub.interval.ms",
        "21600000",
        "Milliseconds between two comparisons of a partition's objects with its manifest; POST /scrub asks for one at \
         once.",
    )
    .at_least(1000),
    long(
        "highwater.remote.metadata.interval.ms",
        "60000",
        "Milliseconds between two copies of metadata and committed offsets to the object store, where they changed.",
    )
    .at_least(1000),
    long(
        "highwater.remote.request.timeout.ms",
        "15000",
        "Milliseconds that a small request to the object store may take.",
    )
    .at_least(100),
    long(
        "highwater.remote.transfer.timeout.ms",
        "60000",
        "Milliseconds that a request to the object store may take that carries up to 8 MiB.",
    )
    .at_least(100),
    long(
        "remote.log.manager.task.interval.ms",
        "30000",
        "Milliseconds between two looks for segments to copy, to let go and to delete.",
    )
    .at_least(1),
    int(
        "remote.log.manager.copier.thread.pool.size",
        "10",
        "Partitions that are copied at a time.",
    )
    .takes(Validator::Between(1, 1000)),
    long(
        "remote.log.manager.copy.max.bytes.per.second",
        "9223372036854775807",
        "Bytes a second that are copied to the object store at most.",
    )
    .at_least(1)
    .dynamic(),
    int(
        "remote.fetch.max.wait.ms",
        "500",
        "Milliseconds that a fetch waits for the object store at least, where its own maximum is shorter; what comes later \
         is kept for the next one.",
    )
    .at_least(1)
    .dynamic(),
    long(
        "remote.list.offsets.request.timeout.ms",
        "30000",
        "Milliseconds that ListOffsets waits for the object store.",
    )
    .at_least(1)
    .dynamic(),
];
