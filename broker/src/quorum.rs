//! The metadata quorum: one raft group over all brokers that agree on the metadata log. With one broker it is a quorum
//! of one, by the same code.
//!
//! `metadata_log.rs` is what the rest of the broker sees; nothing else of openraft leaves this module. `node.rs` starts
//! the raft instance, `raft_log.rs` stores its log, `raft_state_machine.rs` turns entries into images,
//! `snapshot_files.rs` keeps their snapshots. Invariant: what raft was told is durable has been synced before.

use std::io::Cursor;

use bytes::Bytes;

mod metadata_log;
mod node;
mod raft_frame;
mod raft_log;
mod raft_message;
mod raft_network;
mod raft_state_machine;
mod seed;
mod snapshot_files;

pub use metadata_log::{MetadataLog, ProposeError, QuorumDescription, ReplicaDescription, SubmitError};
pub use node::{QuorumConfig, QuorumError, RaftNode, raft_node_id};
pub use seed::seed;

/// A metadata batch as it lies in the log; decoded only when it is applied.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EncodedBatch(Bytes);

openraft::declare_raft_types!(
    /// The types of the metadata quorum's raft.
    pub(crate) TypeConfig:
        D = EncodedBatch,
        R = (),
        NodeId = u64,
        Node = RaftNode,
        Entry = openraft::Entry<TypeConfig>,
        SnapshotData = Cursor<Vec<u8>>,
        AsyncRuntime = openraft::TokioRuntime,
);

type LogId = openraft::LogId<u64>;
type Vote = openraft::Vote<u64>;
type Entry = openraft::Entry<TypeConfig>;
type StoredMembership = openraft::StoredMembership<u64, RaftNode>;
type SnapshotMeta = openraft::SnapshotMeta<u64, RaftNode>;
type StorageError = openraft::StorageError<u64>;

/// Whether the disk has no room: what was asked for did not happen, and may later.
fn is_full(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded)
}

/// CRC-32C, the checksum of everything that this module writes.
fn crc32c(parts: &[&[u8]]) -> u32 {
    let mut digest = crc_fast::Digest::new(crc_fast::CrcAlgorithm::Crc32Iscsi);
    for part in parts {
        digest.update(part);
    }
    u32::try_from(digest.finalize()).expect("a 32-bit checksum")
}
