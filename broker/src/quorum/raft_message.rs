//! The raft values that lie in files, as protobuf messages. Fields are only ever added, with tags of their own.

use std::collections::{BTreeMap, BTreeSet};

use broker_protocol::types::{BrokerId, Uuid};
use bytes::Bytes;
use openraft::{CommittedLeaderId, EntryPayload, Membership};

use super::{EncodedBatch, Entry, LogId, RaftNode, SnapshotMeta, StoredMembership, Vote};

/// Identity of an entry.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub(super) struct LogIdField {
    #[prost(uint64, tag = "1")]
    pub(super) term: u64,
    #[prost(fixed64, tag = "2")]
    pub(super) node: u64,
    #[prost(uint64, tag = "3")]
    pub(super) index: u64,
}

impl From<LogId> for LogIdField {
    fn from(id: LogId) -> LogIdField {
        LogIdField { term: id.leader_id.term, node: id.leader_id.node_id, index: id.index }
    }
}

impl From<LogIdField> for LogId {
    fn from(field: LogIdField) -> LogId {
        LogId::new(CommittedLeaderId::new(field.term, field.node), field.index)
    }
}

/// A vote.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub(super) struct VoteField {
    #[prost(uint64, tag = "1")]
    term: u64,
    #[prost(fixed64, tag = "2")]
    node: u64,
    #[prost(bool, tag = "3")]
    committed: bool,
}

impl From<Vote> for VoteField {
    fn from(vote: Vote) -> VoteField {
        let leader = vote.leader_id();
        VoteField { term: leader.term, node: leader.node_id, committed: vote.is_committed() }
    }
}

impl From<VoteField> for Vote {
    fn from(field: VoteField) -> Vote {
        match field.committed {
            true => Vote::new_committed(field.term, field.node),
            false => Vote::new(field.term, field.node),
        }
    }
}

/// A member of the quorum.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(super) struct NodeField {
    #[prost(fixed64, tag = "1")]
    id: u64,
    #[prost(sint32, tag = "2")]
    broker_id: i32,
    #[prost(fixed64, tag = "3")]
    directory_high: u64,
    #[prost(fixed64, tag = "4")]
    directory_low: u64,
    #[prost(string, tag = "5")]
    host: String,
    #[prost(uint32, tag = "6")]
    port: u32,
}

/// Voters of one configuration.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(super) struct VotersField {
    #[prost(fixed64, repeated, tag = "1")]
    ids: Vec<u64>,
}

/// Members of the quorum: one configuration, or two while they change.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(super) struct MembershipField {
    #[prost(message, repeated, tag = "1")]
    configs: Vec<VotersField>,
    #[prost(message, repeated, tag = "2")]
    nodes: Vec<NodeField>,
}

impl From<&Membership<u64, RaftNode>> for MembershipField {
    fn from(membership: &Membership<u64, RaftNode>) -> MembershipField {
        let voters = |ids: &BTreeSet<u64>| VotersField { ids: ids.iter().copied().collect() };
        let node = |(&id, node): (&u64, &RaftNode)| {
            let (directory_high, directory_low) = node.directory_id.as_u64_pair();
            NodeField {
                id,
                broker_id: node.broker_id.0,
                directory_high,
                directory_low,
                host: node.host.clone(),
                port: node.port.into(),
            }
        };
        MembershipField {
            configs: membership.get_joint_config().iter().map(voters).collect(),
            nodes: membership.nodes().map(node).collect(),
        }
    }
}

impl From<MembershipField> for Membership<u64, RaftNode> {
    fn from(field: MembershipField) -> Membership<u64, RaftNode> {
        let configs = field.configs.into_iter().map(|voters| voters.ids.into_iter().collect()).collect();
        let nodes: BTreeMap<u64, RaftNode> = field
            .nodes
            .into_iter()
            .map(|node| {
                let member = RaftNode {
                    broker_id: BrokerId(node.broker_id),
                    directory_id: Uuid::from_u64_pair(node.directory_high, node.directory_low),
                    host: node.host,
                    port: u16::try_from(node.port).unwrap_or_default(),
                };
                (node.id, member)
            })
            .collect();
        Membership::new(configs, nodes)
    }
}

/// What an entry holds; none of them for the blank entry that begins a term.
#[derive(Clone, PartialEq, Eq, prost::Oneof)]
pub(super) enum PayloadField {
    /// A metadata batch.
    #[prost(bytes = "bytes", tag = "2")]
    Batch(Bytes),
    /// Members of the quorum.
    #[prost(message, tag = "3")]
    Membership(MembershipField),
}

/// An entry of the log.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(super) struct EntryField {
    #[prost(message, required, tag = "1")]
    pub(super) log_id: LogIdField,
    #[prost(oneof = "PayloadField", tags = "2, 3")]
    payload: Option<PayloadField>,
}

impl From<Entry> for EntryField {
    fn from(entry: Entry) -> EntryField {
        let payload = match entry.payload {
            EntryPayload::Blank => None,
            EntryPayload::Normal(EncodedBatch(bytes)) => Some(PayloadField::Batch(bytes)),
            EntryPayload::Membership(membership) => Some(PayloadField::Membership((&membership).into())),
        };
        EntryField { log_id: entry.log_id.into(), payload }
    }
}

impl From<EntryField> for Entry {
    fn from(field: EntryField) -> Entry {
        let payload = match field.payload {
            None => EntryPayload::Blank,
            Some(PayloadField::Batch(bytes)) => EntryPayload::Normal(EncodedBatch(bytes)),
            Some(PayloadField::Membership(membership)) => EntryPayload::Membership(membership.into()),
        };
        Entry { log_id: field.log_id.into(), payload }
    }
}

/// The first record of every file of the log: what earlier files, which may be gone, said.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub(super) struct SegmentStart {
    /// Version of the format of this file.
    #[prost(uint32, tag = "1")]
    pub(super) format_version: u32,
    /// Number of this file; each is one higher than the one before.
    #[prost(uint64, tag = "2")]
    pub(super) sequence: u64,
    #[prost(message, optional, tag = "3")]
    pub(super) vote: Option<VoteField>,
    #[prost(message, optional, tag = "4")]
    pub(super) purged: Option<LogIdField>,
}

/// Entries from an index on are void.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub(super) struct Truncate {
    #[prost(uint64, tag = "1")]
    pub(super) from_index: u64,
}

/// A record of the log file, by kind.
#[derive(Clone, PartialEq, Eq, prost::Oneof)]
pub(super) enum RecordKind {
    #[prost(message, tag = "1")]
    SegmentStart(SegmentStart),
    #[prost(message, tag = "2")]
    Entry(EntryField),
    #[prost(message, tag = "3")]
    Vote(VoteField),
    #[prost(message, tag = "4")]
    Truncate(Truncate),
    #[prost(message, tag = "5")]
    Purge(LogIdField),
}

/// A record of the log file.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(super) struct LogRecord {
    #[prost(oneof = "RecordKind", tags = "1, 2, 3, 4, 5")]
    pub(super) kind: Option<RecordKind>,
}

/// What a snapshot file says besides its image.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(super) struct SnapshotField {
    #[prost(message, optional, tag = "1")]
    last_log_id: Option<LogIdField>,
    #[prost(message, optional, tag = "2")]
    membership_log_id: Option<LogIdField>,
    #[prost(message, required, tag = "3")]
    membership: MembershipField,
    #[prost(string, tag = "4")]
    snapshot_id: String,
    /// The image, as `broker_state::metadata::snapshot` encodes it.
    #[prost(bytes = "bytes", tag = "5")]
    pub(super) image: Bytes,
}

impl SnapshotField {
    pub(super) fn new(meta: &SnapshotMeta, image: Bytes) -> SnapshotField {
        SnapshotField {
            last_log_id: meta.last_log_id.map(Into::into),
            membership_log_id: meta.last_membership.log_id().map(Into::into),
            membership: meta.last_membership.membership().into(),
            snapshot_id: meta.snapshot_id.clone(),
            image,
        }
    }

    pub(super) fn meta(&self) -> SnapshotMeta {
        SnapshotMeta {
            last_log_id: self.last_log_id.map(Into::into),
            last_membership: StoredMembership::new(
                self.membership_log_id.map(Into::into),
                self.membership.clone().into(),
            ),
            snapshot_id: self.snapshot_id.clone(),
        }
    }
}
