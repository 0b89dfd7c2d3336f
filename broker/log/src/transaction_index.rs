//! `.txnindex`: the aborted transactions whose marker is in the segment. No file without one.
//!
//! ```text
//! entry, 34 bytes: version i16 = 0 | producer id i64 | first offset i64 | offset of the marker i64
//!                  | last stable offset after the marker i64
//! ```
//! Entries are in the order of their markers; so the last stable offsets never decrease.

use broker_protocol::types::{Offset, ProducerId};

use crate::entry_file::{EntryFile, IndexEntry};
use crate::producer_state::CompletedTransaction;

/// Name ending of the file.
pub const TRANSACTION_INDEX_SUFFIX: &str = "txnindex";

/// An aborted transaction; readers at isolation level "read committed" drop its records.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct AbortedTxn {
    /// Offset of its first record.
    pub first_offset: Offset,
    /// Its producer.
    pub producer_id: ProducerId,
    /// Offset of its marker.
    pub last_offset: Offset,
    /// Last stable offset right after the marker.
    pub last_stable_offset: Offset,
}

impl From<CompletedTransaction> for AbortedTxn {
    fn from(completed: CompletedTransaction) -> Self {
        AbortedTxn {
            first_offset: completed.first_offset,
            producer_id: completed.producer_id,
            last_offset: completed.last_offset,
            last_stable_offset: completed.last_stable_offset,
        }
    }
}

impl IndexEntry for AbortedTxn {
    const BYTES: usize = 34;

    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&0i16.to_be_bytes());
        for field in [self.producer_id.0, self.first_offset.0, self.last_offset.0, self.last_stable_offset.0]
        {
            out.extend_from_slice(&field.to_be_bytes());
        }
    }

    fn decode(bytes: &[u8]) -> Self {
        let field = |at: usize| i64::from_be_bytes(bytes[at..at + 8].try_into().expect("eight bytes"));
        AbortedTxn {
            producer_id: ProducerId(field(2)),
            first_offset: Offset(field(10)),
            last_offset: Offset(field(18)),
            last_stable_offset: Offset(field(26)),
        }
    }
}

/// The transaction index of a segment.
pub(crate) type TransactionIndex = EntryFile<AbortedTxn>;
