//! Classic consumer groups and committed offsets as a pure state machine: one [`GroupShard`] per partition of
//! `__consumer_offsets`.
//!
//! A handler takes a request, the time and ids as values and gives an [`Outcome`]: the records that the change needs,
//! the answers of parked requests and its own response. Durable state (offsets, stable generations) changes only in
//! [`GroupShard::replay`]; a rebalance in progress lives in memory. The caller writes the records of an outcome, replays
//! them before the next call, and sends answers only after the records are durable.
//!
//! States: Empty -> PreparingRebalance (members join) -> CompletingRebalance (the leader assigns) -> Stable, and back
//! to PreparingRebalance on every change of membership; the last member's leaving ends in Empty.

mod admin;
mod backup;
mod classic_group;
mod config;
mod expiry;
mod join;
mod leave;
mod member;
mod messages;
mod offsets;
mod partitioner;
mod rebalance;
mod record;
mod session;
mod shard;
mod sync;
mod timers;
mod turn;

pub use admin::{DescribedGroup, DescribedMember, GroupView, ListedGroup, OffsetView};
pub use backup::{GroupBackup, OffsetBackup};
pub use classic_group::GroupState;
pub use config::GroupConfig;
pub use messages::{
    Answer, GroupError, HeartbeatRequest, JoinRequest, JoinResponse, JoinedMember, LeaveRequest,
    LeavingMember, LeftMember, Now, Outcome, Protocol, SyncRequest, SyncResponse, Token,
};
pub use offsets::{COMMIT_BYTES_MAX, CommitRequest, CommittedOffset, OffsetToCommit};
pub use partitioner::partition_for;
pub use record::{CoordinatorRecord, RecordError};
pub use shard::GroupShard;

#[cfg(test)]
mod tests;
