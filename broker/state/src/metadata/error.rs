//! Why a metadata request, or one entry of it, is refused.
//!
//! The message is what the client is told; [`MetadataError::code`] is the one place that gives each its Kafka code.

use std::sync::Arc;

use broker_protocol::error_code::ErrorCode;
use broker_protocol::types::{BrokerId, Offset, TopicId};

/// A refusal. Nothing changed.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum MetadataError {
    /// A name that no topic may have.
    #[error("Topic name is invalid: {reason}")]
    InvalidTopicName {
        /// What is wrong with it.
        reason: String,
    },
    /// A name whose metrics would be those of another topic.
    #[error("Topic '{name}' collides with existing topic: {existing}")]
    CollidingTopicName {
        /// The name asked for.
        name: String,
        /// The topic that is there.
        existing: Arc<str>,
    },
    /// The topic is there already.
    #[error("Topic '{name}' already exists.")]
    TopicExists {
        /// Its name.
        name: String,
    },
    /// No topic of that name.
    #[error("The topic '{name}' does not exist.")]
    UnknownTopic {
        /// The name asked for.
        name: String,
    },
    /// No topic of that id.
    #[error("This server does not host topic ID {id}.")]
    UnknownTopicId {
        /// The id asked for.
        id: TopicId,
    },
    /// A count of partitions that cannot be.
    #[error("{reason}")]
    InvalidPartitions {
        /// What is wrong with it.
        reason: String,
    },
    /// A replication factor that cannot be.
    #[error("{reason}")]
    InvalidReplicationFactor {
        /// What is wrong with it.
        reason: String,
    },
    /// A manual assignment that cannot be.
    #[error("{reason}")]
    InvalidReplicaAssignment {
        /// What is wrong with it.
        reason: String,
    },
    /// A request that contradicts itself.
    #[error("{reason}")]
    InvalidRequest {
        /// How.
        reason: String,
    },
    /// A setting or a value that is not allowed.
    #[error("{reason}")]
    InvalidConfig {
        /// What is wrong with it.
        reason: String,
    },
    /// A setting that the rules of settings refuse.
    #[error("{reason}")]
    RefusedConfig {
        /// Its name.
        key: String,
        /// What is wrong with it.
        reason: String,
        /// Whether Kafka calls the whole request invalid, and not the setting.
        is_invalid_request: bool,
    },
    /// What is to be changed has changed since the caller has looked at it.
    #[error(
        "it was changed at metadata offset {changed_at}, after {expected}, which the request was decided on"
    )]
    Stale {
        /// What the caller has seen.
        expected: Offset,
        /// When it was changed.
        changed_at: Offset,
    },
    /// The id of a request that was carried out, for another one.
    #[error("another request was carried out under this request id")]
    RequestIdReused,
    /// More than one request may ask for.
    #[error("{reason}")]
    PolicyViolation {
        /// Which limit.
        reason: String,
    },
    /// Another process lives under this broker id.
    #[error("Another broker is registered with that broker id.")]
    DuplicateBrokerRegistration {
        /// The id.
        id: BrokerId,
    },
    /// The broker is not registered.
    #[error("Broker ID {id} is not currently registered.")]
    BrokerIdNotRegistered {
        /// The id.
        id: BrokerId,
    },
    /// The request comes from an earlier life of the broker.
    #[error("Expected broker epoch {expected} but got broker epoch {requested}")]
    StaleBrokerEpoch {
        /// Of the registration.
        expected: i64,
        /// Of the request.
        requested: i64,
    },
    /// The metadata belongs to another cluster.
    #[error("Expected cluster ID {expected}, but got cluster ID {requested}")]
    InconsistentClusterId {
        /// Of the metadata.
        expected: Arc<str>,
        /// Of the request.
        requested: String,
    },
}

impl MetadataError {
    /// Kafka's error code.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        match self {
            MetadataError::InvalidTopicName { .. } | MetadataError::CollidingTopicName { .. } => {
                ErrorCode::InvalidTopicException
            }
            MetadataError::TopicExists { .. } => ErrorCode::TopicAlreadyExists,
            MetadataError::UnknownTopic { .. } => ErrorCode::UnknownTopicOrPartition,
            MetadataError::UnknownTopicId { .. } => ErrorCode::UnknownTopicId,
            MetadataError::InvalidPartitions { .. } => ErrorCode::InvalidPartitions,
            MetadataError::InvalidReplicationFactor { .. } => ErrorCode::InvalidReplicationFactor,
            MetadataError::InvalidReplicaAssignment { .. } => ErrorCode::InvalidReplicaAssignment,
            MetadataError::InvalidConfig { .. }
            | MetadataError::RefusedConfig { is_invalid_request: false, .. } => ErrorCode::InvalidConfig,
            // Only the admin service, which has codes of its own, names offsets and request ids.
            MetadataError::InvalidRequest { .. }
            | MetadataError::RefusedConfig { is_invalid_request: true, .. }
            | MetadataError::Stale { .. }
            | MetadataError::RequestIdReused => ErrorCode::InvalidRequest,
            MetadataError::PolicyViolation { .. } => ErrorCode::PolicyViolation,
            MetadataError::StaleBrokerEpoch { .. } => ErrorCode::StaleBrokerEpoch,
            MetadataError::DuplicateBrokerRegistration { .. } => ErrorCode::DuplicateBrokerRegistration,
            MetadataError::BrokerIdNotRegistered { .. } => ErrorCode::BrokerIdNotRegistered,
            MetadataError::InconsistentClusterId { .. } => ErrorCode::InconsistentClusterId,
        }
    }
}
