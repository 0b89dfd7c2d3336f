//! What goes into the group state machine and what comes out: requests and responses without wire versions.

use uuid::Uuid;

use super::CoordinatorRecord;

/// Name that the caller gives to a request whose answer may come later; unique while the request waits.
pub type Token = u64;

/// The time of a call, from two clocks in milliseconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Now {
    /// Never goes back and never jumps: sessions and rebalances are measured by it.
    pub steady_ms: i64,
    /// Since 1970: what records say.
    pub wall_ms: i64,
}

/// Why the coordinator refused; every variant is one Kafka error code and tells the client what to do next.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum GroupError {
    /// The group id is empty where a name is needed.
    #[error("group id is empty")]
    InvalidGroupId,
    /// The session timeout is outside of the broker's bounds.
    #[error("session timeout is outside of the allowed range")]
    InvalidSessionTimeout,
    /// The member is not part of the group; it has to join as a new one.
    #[error("member is not known to the group")]
    UnknownMemberId,
    /// The first join of a dynamic member: it has to join again with the id it was given (KIP-394).
    #[error("member has to join again with the member id it was given")]
    MemberIdRequired,
    /// The group is full.
    #[error("group has reached its maximum size")]
    GroupMaxSizeReached,
    /// Protocol type or protocols have nothing in common with those of the other members.
    #[error("protocols do not fit those of the group's members")]
    InconsistentGroupProtocol,
    /// Another member took over the static instance id (KIP-345).
    #[error("static instance id now belongs to another member")]
    FencedInstanceId,
    /// The generation is not the group's current one.
    #[error("generation is not the group's current one")]
    IllegalGeneration,
    /// The group is rebalancing; the member has to join again.
    #[error("group is rebalancing")]
    RebalanceInProgress,
    /// The metadata of a committed offset is too long.
    #[error("metadata of the offset is too long")]
    OffsetMetadataTooLarge,
    /// The commit makes more bytes of records than one may.
    #[error("commit is too large")]
    CommitTooLarge,
    /// There is no such group.
    #[error("group does not exist")]
    GroupIdNotFound,
    /// The group still has members.
    #[error("group has members")]
    NonEmptyGroup,
    /// The group reads the topic whose offsets were to be deleted (KIP-496).
    #[error("group is subscribed to the topic")]
    GroupSubscribedToTopic,
}

/// What one call wants written and said.
#[derive(Debug)]
#[must_use = "records have to be written and replayed, answers have to be sent"]
pub struct Outcome<R = ()> {
    /// To be appended as one batch, then replayed in order before the next call.
    pub records: Vec<CoordinatorRecord>,
    /// Answers of parked requests, to be sent once everything written so far is durable.
    pub answers: Vec<(Token, Answer)>,
    /// The response of this call, to be sent under the same condition.
    pub response: R,
}

impl<R> Outcome<R> {
    /// A response that changes nothing durable.
    pub fn respond(response: R) -> Self {
        Outcome { records: Vec::new(), answers: Vec::new(), response }
    }
}

/// The answer of a request that could be parked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Answer {
    /// Of a [`JoinRequest`].
    Join(JoinResponse),
    /// Of a [`SyncRequest`].
    Sync(SyncResponse),
}

/// One assignor (or connect protocol) that a member offers, with its metadata for it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Protocol {
    /// Name, for example `range`.
    pub name: String,
    /// Opaque to the coordinator, but for the subscription of protocol type `consumer`.
    pub metadata: Vec<u8>,
}

/// A member wants to be part of the next generation.
#[derive(Clone, Debug)]
pub struct JoinRequest {
    /// Name of the group.
    pub group_id: String,
    /// The member's id; empty on its first join.
    pub member_id: String,
    /// Static instance id (KIP-345).
    pub instance_id: Option<String>,
    /// Client id of the request.
    pub client_id: String,
    /// Where the client connects from, as Kafka prints it: `/127.0.0.1`.
    pub client_host: String,
    /// Milliseconds without a heartbeat after which the member is removed.
    pub session_timeout_ms: i32,
    /// Milliseconds that a rebalance waits for this member; equal to the session timeout in version 0.
    pub rebalance_timeout_ms: i32,
    /// For example `consumer`.
    pub protocol_type: String,
    /// In the order of the member's preference.
    pub protocols: Vec<Protocol>,
    /// Whether a new dynamic member has to come back with its id (version 4 and later, KIP-394).
    pub requires_known_member_id: bool,
    /// Whether the member understands `skip_assignment` (version 9 and later, KIP-814).
    pub supports_skip_assignment: bool,
    /// Random part of the id of a new member.
    pub member_uuid: Uuid,
}

/// Answer of a [`JoinRequest`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct JoinResponse {
    /// Why the join failed.
    pub error: Option<GroupError>,
    /// The group's generation, -1 with an error.
    pub generation_id: i32,
    /// The group's protocol type.
    pub protocol_type: Option<String>,
    /// The protocol that every member supports and most prefer.
    pub protocol_name: Option<String>,
    /// Member id of the leader.
    pub leader: String,
    /// Whether the leader must not compute an assignment, because the present one goes on (KIP-814).
    pub skip_assignment: bool,
    /// The member's id.
    pub member_id: String,
    /// All members, for the leader only.
    pub members: Vec<JoinedMember>,
}

impl JoinResponse {
    /// A refusal.
    #[must_use]
    pub fn refused(member_id: impl Into<String>, error: GroupError) -> Self {
        JoinResponse {
            error: Some(error),
            generation_id: -1,
            protocol_type: None,
            protocol_name: None,
            leader: String::new(),
            skip_assignment: false,
            member_id: member_id.into(),
            members: Vec::new(),
        }
    }
}

/// One member in the answer to the leader.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct JoinedMember {
    /// Member id.
    pub member_id: String,
    /// Static instance id.
    pub instance_id: Option<String>,
    /// Its metadata for the chosen protocol.
    pub metadata: Vec<u8>,
}

/// A member asks for its assignment; the leader brings those of all members.
#[derive(Clone, Debug)]
pub struct SyncRequest {
    /// Name of the group.
    pub group_id: String,
    /// Generation that the member joined.
    pub generation_id: i32,
    /// Member id.
    pub member_id: String,
    /// Static instance id.
    pub instance_id: Option<String>,
    /// Checked against the group's when given (KIP-559).
    pub protocol_type: Option<String>,
    /// Checked against the group's when given (KIP-559).
    pub protocol_name: Option<String>,
    /// Member id and assignment; empty from all but the leader.
    pub assignments: Vec<(String, Vec<u8>)>,
}

/// Answer of a [`SyncRequest`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SyncResponse {
    /// Why there is no assignment.
    pub error: Option<GroupError>,
    /// The group's protocol type.
    pub protocol_type: Option<String>,
    /// The group's protocol.
    pub protocol_name: Option<String>,
    /// What the leader assigned to this member, byte for byte.
    pub assignment: Vec<u8>,
}

impl SyncResponse {
    /// A refusal.
    #[must_use]
    pub fn refused(error: GroupError) -> Self {
        SyncResponse { error: Some(error), protocol_type: None, protocol_name: None, assignment: Vec::new() }
    }
}

/// A member's sign of life.
#[derive(Clone, Debug)]
pub struct HeartbeatRequest {
    /// Name of the group.
    pub group_id: String,
    /// Generation that the member is in.
    pub generation_id: i32,
    /// Member id.
    pub member_id: String,
    /// Static instance id.
    pub instance_id: Option<String>,
}

/// Members to be removed at once.
#[derive(Clone, Debug)]
pub struct LeaveRequest {
    /// Name of the group.
    pub group_id: String,
    /// Who leaves.
    pub members: Vec<LeavingMember>,
}

/// One member of a [`LeaveRequest`].
#[derive(Clone, Debug)]
pub struct LeavingMember {
    /// Member id; empty when an administrator removes a static member by its instance id.
    pub member_id: String,
    /// Static instance id.
    pub instance_id: Option<String>,
}

/// What became of one [`LeavingMember`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LeftMember {
    /// As in the request.
    pub member_id: String,
    /// As in the request.
    pub instance_id: Option<String>,
    /// Why it was not removed.
    pub error: Option<GroupError>,
}
