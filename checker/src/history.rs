//! A history: what every client asked (`invoke`) and how it ended (`ok`, `fail`, `info`), in the order observed.
//!
//! A process is one life of one client: after an `info` or a crash, the next client is a new process. One line of JSON
//! per event, see `json`. Keys name a partition (`topic-0`); values are integers that no two sends share.

mod json;

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use json::{read_lines, to_line};

/// A partition, by any name that the history uses throughout, such as `orders-3`.
pub type Key = Arc<str>;

/// How an operation stands: started, or ended in one of the three ways that `outcome` tells apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// The client began. Sends name their values here, so that a value read early has a known writer.
    Invoke,
    /// It happened, with the results in the event.
    Ok,
    /// It surely did not happen and never will.
    Fail,
    /// Nobody knows: it may have happened, may happen later, or not.
    Info,
}

/// What kind of operation an event belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Function {
    /// Sends only.
    Send,
    /// Polls only.
    Poll,
    /// Sends and polls as one transaction.
    Txn,
    /// The consumer reads exactly `keys` from here on.
    Assign,
    /// The consumer's group decides which partitions of `keys` it reads; positions may jump.
    Subscribe,
    /// The client ended without closing anything.
    Crash,
    /// A group's offsets: commits, fetches and resets.
    Group,
    /// ListOffsets: log start offset and high watermark.
    Bounds,
    /// Records removed from the start of a key.
    Delete,
    /// From here on fresh clients read every key from its start: what they do not show is lost.
    Final,
}

/// One record of a send or a poll.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record {
    /// Its offset; `None` in a send whose acknowledgement did not come (or has not come yet).
    pub offset: Option<u64>,
    /// The number that identifies it in the whole history.
    pub value: u64,
    /// A checksum of its payload, computed by the client that wrote or read it.
    pub crc: Option<u32>,
}

/// A part of an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MicroOp {
    /// A record written to a key.
    Send(Key, Record),
    /// The records read from each key, in the order of reading; every one has an offset.
    Poll(Vec<(Key, Vec<Record>)>),
    /// Offsets that a group commits.
    Commit(Key, Vec<(Key, u64)>),
    /// The committed offsets that a group was told; `None` says that there is none.
    Committed(Key, Vec<(Key, Option<u64>)>),
    /// A group's offsets set back (or removed, `None`) on purpose. No commit may be in flight meanwhile.
    Reset(Key, Vec<(Key, Option<u64>)>),
    /// Log start offset and high watermark of a key, where asked for. An invocation names keys only. A poll whose answer
    /// tells them has them too.
    Bounds(Key, Option<u64>, Option<u64>),
    /// Everything below the offset removed: from the invocation on it may be gone, once acknowledged it is. What a broker
    /// removes by itself (retention) is an `info` with the farthest offset that this may reach.
    Delete(Key, u64),
}

/// One line of a history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Position in the history, from 0 upwards.
    pub idx: u64,
    /// Time in nanoseconds since any fixed moment.
    pub t_ns: u64,
    /// The client's life.
    pub process: u64,
    /// Start or end, and which end.
    pub kind: Kind,
    /// The operation.
    pub f: Function,
    /// Its parts; empty for assign, subscribe, crash and final.
    pub ops: Vec<MicroOp>,
    /// The keys of an assign or subscribe.
    pub keys: Vec<Key>,
    /// Keys that a rebalance took or gave during the operation: their positions may jump inside it.
    pub rebalanced: Vec<Key>,
    /// Why its end is unknown, in a few words that do not change from one event to the next; reported, never judged.
    pub cause: Option<Key>,
}

impl Event {
    /// An event without keys or rebalances; `idx` and `t_ns` are left at 0.
    pub fn new(process: u64, kind: Kind, f: Function, ops: Vec<MicroOp>) -> Self {
        let (keys, rebalanced) = (Vec::new(), Vec::new());
        Self { idx: 0, t_ns: 0, process, kind, f, ops, keys, rebalanced, cause: None }
    }

    /// The event with the cause of its unknown end.
    #[must_use]
    pub fn because(self, cause: impl Into<Key>) -> Self {
        Self { cause: Some(cause.into()), ..self }
    }

    /// An assign or subscribe that succeeded.
    pub fn with_keys(process: u64, f: Function, keys: Vec<Key>) -> Self {
        Self { keys, ..Self::new(process, Kind::Ok, f, Vec::new()) }
    }
}

/// A history that cannot be judged, because the recording client broke its rules.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// A line that is not an event.
    #[error("line {line}: {reason}")]
    Malformed {
        /// Line number from 1.
        line: u64,
        /// What was expected.
        reason: String,
    },
    /// Two sends of one value, so a duplicate could not be told from a second send.
    #[error("event {idx}: value {value} was already sent, expected every value to be sent once")]
    ValueReused {
        /// The event.
        idx: u64,
        /// The value.
        value: u64,
    },
    /// A polled record without an offset.
    #[error("event {idx}: value {value} was polled without an offset")]
    PollWithoutOffset {
        /// The event.
        idx: u64,
        /// The value.
        value: u64,
    },
    /// More keys than the tables can number.
    #[error("more than {limit} keys")]
    TooManyKeys {
        /// The largest number of keys.
        limit: u32,
    },
    /// The history could not be read.
    #[error("reading the history: {0}")]
    Io(#[from] std::io::Error),
}

impl fmt::Display for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::Send => "send",
            Self::Poll => "poll",
            Self::Txn => "txn",
            Self::Assign => "assign",
            Self::Subscribe => "subscribe",
            Self::Crash => "crash",
            Self::Group => "group",
            Self::Bounds => "bounds",
            Self::Delete => "delete",
            Self::Final => "final",
        };
        f.write_str(name)
    }
}
