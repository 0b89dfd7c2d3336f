//! The faults that this milestone must survive: one broker; tiering as far as the library for it goes.

mod tiering;

/// A list of rows; each has numbers of its own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum List {
    /// What happens to brokers, disks, networks and object stores.
    Faults,
    /// How tiering has failed elsewhere.
    Tiering,
}

impl List {
    /// Both lists, in the order of the page.
    pub(super) const ALL: [List; 2] = [List::Faults, List::Tiering];

    /// The word of its marks.
    pub(super) fn word(self) -> &'static str {
        match self {
            List::Faults => "fault",
            List::Tiering => "tiering",
        }
    }

    /// Its rows, by number. Each needs at least one passing test.
    pub(super) fn rows(self) -> impl Iterator<Item = &'static Row> {
        let (rows, more): (&[Row], &[Row]) = match self {
            List::Faults => (ROWS, tiering::FAULTS),
            List::Tiering => (tiering::ROWS, &[]),
        };
        let mut all: Vec<&Row> = rows.iter().chain(more).collect();
        all.sort_by_key(|row| row.number);
        all.into_iter()
    }
}

/// One fault.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    pub(super) number: u16,
    /// What happens to the broker.
    pub(super) scenario: &'static str,
    /// What the broker promises then, and what the tests leave out.
    pub(super) shown: &'static str,
}

/// The row of that number.
pub(super) fn find(list: List, number: u16) -> Option<&'static Row> {
    list.rows().find(|row| row.number == number)
}

/// Faults of one broker, by number.
const ROWS: &[Row] = &[
    Row {
        number: 33,
        scenario: "The disk fails a read or a write",
        shown: "A failed write or fsync takes the log directory out of service: produce and fetch answer \
                KAFKA_STORAGE_ERROR, what needs no disk is still answered, and nothing is tried again before a restart. \
                After it, everything acknowledged is there.",
    },
    Row {
        number: 34,
        scenario: "An fsync fails once and the next succeeds",
        shown: "The data of the failed fsync is never acknowledged, although a later fsync would report success. The \
                directory stays out of service until a restart has checked what is on the disk.",
    },
    Row {
        number: 35,
        scenario: "The file system turns read-only",
        shown: "As row 33: the process stays alive and says why it is not ready. Shown with a disk on which every write \
                and every fsync fails from one moment on; no file system is remounted.",
    },
    Row {
        number: 36,
        scenario: "A write is torn at the end of a segment, the commit log or the metadata log",
        shown: "Recovery reads from the last checkpoint on and cuts at the first batch or frame whose CRC is wrong. \
                What was acknowledged lies before that. There is no leader to compare with.",
    },
    Row {
        number: 37,
        scenario: "Bits rot in a sealed segment",
        shown: "What the broker reads again itself (recovery of what no checkpoint covers, look-ups by time, damaged \
                headers) is checked and refused with the file's name. A fetch checks batches that this process did not \
                append, or that have left the memory since, before it serves them: CORRUPT_MESSAGE. With one broker there \
                is no other copy to repair from.",
    },
    Row {
        number: 38,
        scenario: "Bits rot in an index, a time index or a producer snapshot",
        shown: "They are rebuilt from the log; none is trusted without a check, and no record is lost or moved by it.",
    },
    Row {
        number: 39,
        scenario: "kill -9 while a segment rolls",
        shown: "Whatever step the roll has reached, the next start finds one log without a gap and goes on.",
    },
    Row {
        number: 40,
        scenario: "kill -9 or power loss while an index, a checkpoint or a snapshot is written",
        shown: "A checkpoint or metadata snapshot is written beside the old one, synced, renamed, and the directory \
                synced; at each step one of the two is whole. Index files and producer snapshots whose checksum does \
                not fit are made anew.",
    },
    Row {
        number: 41,
        scenario: "kill -9 or power loss while a log is cut or the segments of a compaction are swapped",
        shown: "Stopped at any disk operation, a log has either the old segments or the new one, records that were \
                deleted beside it stay deleted, and the last record of every key is there. Cuts by another replica \
                come with more brokers.",
    },
    Row {
        number: 42,
        scenario: "kill -9 while a topic is deleted",
        shown: "The deletion is finished by the next start, and a topic made again under the name has another id and \
                none of the old records. Moving partitions comes with more brokers.",
    },
    Row {
        number: 65,
        scenario: "The clock jumps",
        shown: "Wall-clock time decides nothing about safety: acknowledged records stay and offsets go on, whether the \
                clock jumps an hour ahead or back. Retention goes by the time of the records.",
    },
    Row {
        number: 67,
        scenario: "An idempotent producer with five requests in flight loses its connection or its broker",
        shown: "The retried batches are answered with their first offsets or appended once, in order; a correct client \
                never sees OUT_OF_ORDER_SEQUENCE_NUMBER. A change of leader is a restart here.",
    },
    Row {
        number: 68,
        scenario: "The state of a producer is lost or has expired when it retries",
        shown: "A lost snapshot is rebuilt from the log. A producer idle longer than `producer.id.expiration.ms` is \
                forgotten: its retry is taken for a first batch and may be appended again, which is the window of \
                duplicates. No answer to a produce is UNKNOWN_SERVER_ERROR.",
    },
    Row {
        number: 79,
        scenario: "Memory is short",
        shown: "Requests not answered yet and answers not taken yet count in `queued.max.request.bytes` or its \
                default; above it, sockets are not read. An end by the operating system is kill -9 and shown as such.",
    },
    Row {
        number: 80,
        scenario: "More work arrives than can be done",
        shown: "Queues are bounded, a connection that does not read its answers is not read from, other clients are \
                served, and once the load drops everything is as before. There is no throttling by quota yet.",
    },
];
