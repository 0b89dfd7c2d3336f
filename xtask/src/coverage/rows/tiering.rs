//! Rows of tiering: faults of object stores, and the ways in which tiering has failed elsewhere.

use super::Row;

/// Faults of object stores, by number.
pub(super) const FAULTS: &[Row] = &[
    Row {
        number: 45,
        scenario: "kill -9 during an upload",
        shown: "An upload that ends at any part leaves no object, or one that no manifest names, which the scrubber \
                removes; the next attempt writes under another key. Shown by failing and dropped uploads, not yet by \
                killing a broker.",
    },
    Row {
        number: 46,
        scenario: "The object store answers 500 although it did store",
        shown: "The answer is resolved by reading back: one's own bytes are success.",
    },
    Row {
        number: 47,
        scenario: "The object store answers 409 and stored nothing",
        shown: "Reading back finds nothing, so the create is tried again.",
    },
    Row {
        number: 48,
        scenario: "The object store stores and never answers",
        shown: "The request ends at its deadline, and the outcome is found by reading back.",
    },
    Row {
        number: 49,
        scenario: "The object store ignores If-None-Match",
        shown: "The self-test refuses it, with the reason.",
    },
    Row {
        number: 50,
        scenario: "A stalled create succeeds after its number was used and deleted",
        shown: "The writer asks for later manifests after every create and takes it for nothing. Manifests are deleted \
                only below a number that a durable manifest names, which never goes back.",
    },
    Row {
        number: 51,
        scenario: "An upload is cancelled",
        shown: "It counts as nothing and its parts are aborted.",
    },
    Row {
        number: 52,
        scenario: "A zombie leader and its successor upload the same offsets",
        shown: "Their objects have different keys, one manifest gets the number, the other writer plans anew or is \
                fenced by the leader epoch.",
    },
    Row {
        number: 53,
        scenario: "Overlapping entries in a manifest",
        shown: "None is admitted; the scrubber tells of any, and reading takes the later of the two.",
    },
    Row {
        number: 54,
        scenario: "A local segment would be deleted before its copy is durable",
        shown: "Only what a published manifest names is deletable.",
    },
    Row {
        number: 55,
        scenario: "Retention, fetch and tiering race",
        shown: "A reader that meets a deleted object looks for a newer manifest and is told that the offset is below \
                the log's start.",
    },
    Row {
        number: 56,
        scenario: "DeleteRecords in what was copied, then another leader",
        shown: "The log's start in the manifest never goes back.",
    },
    Row {
        number: 57,
        scenario: "A deletion in the bucket ends half way",
        shown: "The manifest goes first and keeps the list of what is to be deleted; doing it again is harmless.",
    },
    Row {
        number: 58,
        scenario: "The object store is down for an hour",
        shown: "Nothing counts as copied, so nothing may be deleted locally; afterwards copying goes on.",
    },
    Row {
        number: 59,
        scenario: "Throttling, latency, errors, short bodies, stale listings",
        shown: "Requests are repeated within bounds and after random waits; lengths and checksums are compared; no \
                listing decides by what is not in it.",
    },
    Row {
        number: 60,
        scenario: "A topic is deleted and made again under the same name",
        shown: "Keys hold the topic's id: the deleted topic's objects go, and those of no other topic are touched.",
    },
    Row {
        number: 61,
        scenario: "A request hangs for ever",
        shown: "Every request has a deadline, and copies, reads and the rest have lanes of their own.",
    },
    Row {
        number: 62,
        scenario: "An object is damaged or missing",
        shown: "Reading is an error that names it, never a gap; the scrubber tells of it; a damaged local segment is \
                not uploaded.",
    },
    Row {
        number: 63,
        scenario: "Everything but the bucket is lost",
        shown: "One command makes the data directory anew: topics with ids and settings, every record that a manifest \
                names, byte for byte, committed offsets, producers; also as they were at a moment. Cut off at any \
                operation of the disk or request to the store, the next run makes the same. What was not copied is lost: \
                the report says where each partition ends.",
    },
    Row {
        number: 64,
        scenario: "The wrong cluster is pointed at a bucket, or an old one lives on beside its recovered copy",
        shown: "The root tells the generation and who claimed it; whoever is not its claimant publishes nothing.",
    },
];

/// Ways in which tiering has failed elsewhere, by number.
pub(super) const ROWS: &[Row] = &[
    Row {
        number: 1,
        scenario: "Two leaders upload the same base offset",
        shown: "Keys hold leader epoch and uuid, nothing is overwritten, one manifest wins.",
    },
    Row {
        number: 2,
        scenario: "The manifest goes back in time",
        shown: "Numbers only grow, epochs and generations are compared, and a manifest that was known and is gone is an \
                error.",
    },
    Row {
        number: 3,
        scenario: "The epoch in an object's name is another than the one recorded",
        shown: "The epoch of whoever may publish is taken once for each upload: key and footer have it.",
    },
    Row {
        number: 4,
        scenario: "Overlapping or repeated ranges",
        shown: "Refused when admitted, told by the scrubber.",
    },
    Row {
        number: 5,
        scenario: "Gaps in the manifest",
        shown: "An entry is admitted only if it begins where the last one ends, and a range only if its batches follow \
                one another.",
    },
    Row {
        number: 6,
        scenario: "Upload of what may be undone",
        shown: "Nothing at or above high watermark, last stable offset or what is fsynced is copied.",
    },
    Row {
        number: 7,
        scenario: "The log start is reset to where the local log begins",
        shown: "It is in the manifest, never goes back, and is published before objects are deleted.",
    },
    Row {
        number: 8,
        scenario: "Unfinished copies and deletions cost money",
        shown: "Objects that nobody names are removed by the scrubber, deletions are listed in the manifest.",
    },
    Row {
        number: 9,
        scenario: "An object is replaced or deleted while it is read",
        shown: "Deletion waits for a grace period, and a missing object is looked for in a newer manifest.",
    },
    Row {
        number: 10,
        scenario: "Reads from the bucket starve others",
        shown: "Reads, copies and the rest have lanes of their own, and reads a budget of bytes.",
    },
    Row {
        number: 11,
        scenario: "A client's timeout cancels its read again and again",
        shown: "The read ends in the cache.",
    },
    Row {
        number: 12,
        scenario: "One partition of a fetch that is in the bucket keeps the others from their records",
        shown: "All of them are read at the same time, within what the fetch may take and the budget of answers. What has \
                no room or fails takes nothing from the others, and the first batch comes however large it is.",
    },
    Row {
        number: 13,
        scenario: "Aborted transactions across segments are wrong or expensive",
        shown: "They stand in manifest and footer; a look-up ends at the last stable offset and says if the local log \
                has to be asked too.",
    },
    Row {
        number: 14,
        scenario: "A look-up by time scans the partition, or is wrong after a trim",
        shown: "Entries hold their largest timestamp, objects a time index; nothing below the log's start is found.",
    },
    Row {
        number: 15,
        scenario: "OffsetForLeaderEpoch for epochs that are in the bucket only",
        shown: "The manifest holds the epochs.",
    },
    Row {
        number: 16,
        scenario: "Caches and indexes are damaged or race with deletion",
        shown: "All are checked whenever they are read and fetched anew; a cache begins empty.",
    },
    Row {
        number: 18,
        scenario: "Copying cannot begin, and segments pile up unseen",
        shown: "How far copying is behind is in the metrics whether the bucket was ever reached or not, and the log tells \
                it every five minutes.",
    },
    Row {
        number: 19,
        scenario: "Retention counts bytes twice or not at all",
        shown: "There is one ledger, of manifest and pages, and the bytes behind it.",
    },
    Row {
        number: 20,
        scenario: "Offsets too far apart for an index overflow it while segments are merged",
        shown: "The compaction plans its groups in 64 bits and begins another segment where an index could not tell the \
                offset any more.",
    },
    Row {
        number: 22,
        scenario: "Buffers grow",
        shown: "What is fetched at once stays within a budget, caches within their limits, an upload within one part.",
    },
    Row {
        number: 23,
        scenario: "SlowDown, NoSuchUpload, long listings",
        shown: "Requests wait and are repeated within bounds; an upload that is lost is begun anew.",
    },
    Row {
        number: 24,
        scenario: "A rebuilt leader deletes too much of the bucket",
        shown: "Retention starts from the manifest's log start and ledger, not from the local log.",
    },
    Row {
        number: 25,
        scenario: "Turning tiering off and on leaves gaps",
        shown: "Copying begins anew at the log's start or not at all, and a hole between bucket and local log is told.",
    },
    Row { number: 26, scenario: "Stopping takes minutes", shown: "Reads can be dropped at any moment." },
];
