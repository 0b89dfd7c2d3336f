//! Why the coordinator cannot answer, and the one place that turns its refusals into Kafka's error codes.

use broker_protocol::error_code::ErrorCode;
use broker_state::group::GroupError;

/// Why a request to a group failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum CoordinatorError {
    /// The group refuses.
    #[error(transparent)]
    Group(#[from] GroupError),
    /// The group's shard is being read from its log; the client tries again.
    #[error("groups of this partition are being loaded")]
    LoadInProgress,
    /// The records were not durable in time; the client tries again.
    #[error("the coordinator's records are not durable in time")]
    NotAvailable,
    /// This broker does not serve the group (any more); the client looks for the coordinator.
    #[error("this broker does not coordinate the group")]
    NotCoordinator,
}

impl CoordinatorError {
    /// What the client is told.
    #[must_use]
    pub fn code(self) -> ErrorCode {
        match self {
            CoordinatorError::Group(error) => group_error_code(error),
            CoordinatorError::LoadInProgress => ErrorCode::CoordinatorLoadInProgress,
            CoordinatorError::NotAvailable => ErrorCode::CoordinatorNotAvailable,
            CoordinatorError::NotCoordinator => ErrorCode::NotCoordinator,
        }
    }
}

/// What the client is told of a group's refusal.
#[must_use]
pub fn group_error_code(error: GroupError) -> ErrorCode {
    match error {
        GroupError::InvalidGroupId => ErrorCode::InvalidGroupId,
        GroupError::InvalidSessionTimeout => ErrorCode::InvalidSessionTimeout,
        GroupError::UnknownMemberId => ErrorCode::UnknownMemberId,
        GroupError::MemberIdRequired => ErrorCode::MemberIdRequired,
        GroupError::GroupMaxSizeReached => ErrorCode::GroupMaxSizeReached,
        GroupError::InconsistentGroupProtocol => ErrorCode::InconsistentGroupProtocol,
        GroupError::FencedInstanceId => ErrorCode::FencedInstanceId,
        GroupError::IllegalGeneration => ErrorCode::IllegalGeneration,
        GroupError::RebalanceInProgress => ErrorCode::RebalanceInProgress,
        GroupError::OffsetMetadataTooLarge => ErrorCode::OffsetMetadataTooLarge,
        GroupError::CommitTooLarge => ErrorCode::InvalidCommitOffsetSize,
        GroupError::GroupIdNotFound => ErrorCode::GroupIdNotFound,
        GroupError::NonEmptyGroup => ErrorCode::NonEmptyGroup,
        GroupError::GroupSubscribedToTopic => ErrorCode::GroupSubscribedToTopic,
    }
}
