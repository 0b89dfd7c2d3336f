//! Why a call fails, and the one place that makes a gRPC status of it.

use broker_log::manager::LogDir;
use broker_protocol::error_code::ErrorCode;
use broker_state::group::GroupError;
use broker_state::metadata::error::MetadataError;
use prost::Message;
use proto::admin::v1::{ErrorDetail, Reason};
use tonic::metadata::{MetadataMap, MetadataValue};
use tonic::{Code, Status};

use crate::api::create_topics::CreateError;
use crate::controller::ChangeError;
use crate::coordinator::CoordinatorError;
use crate::quorum::ProposeError;

/// The trailer that holds the `ErrorDetail`.
const DETAIL: &str = "highwater-error-bin";

/// Why a call failed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Refusal {
    code: Code,
    reason: Reason,
    config_key: String,
    message: String,
}

impl Refusal {
    /// For a reason that has one code.
    pub(super) fn new(reason: Reason, message: impl Into<String>) -> Refusal {
        Refusal { code: code_of(reason), reason, config_key: String::new(), message: message.into() }
    }

    /// The caller tries again.
    pub(super) fn not_ready(message: impl Into<String>) -> Refusal {
        Refusal::new(Reason::NotReady, message)
    }

    /// A request that makes no sense.
    pub(super) fn invalid(message: impl Into<String>) -> Refusal {
        Refusal::new(Reason::InvalidRequest, message)
    }

    /// What this broker cannot do.
    pub(super) fn unimplemented(message: &str) -> Refusal {
        Refusal { code: Code::Unimplemented, ..Refusal::new(Reason::Unspecified, message) }
    }

    /// There is no room on the disk; what is there is served.
    fn no_room(message: impl Into<String>) -> Refusal {
        Refusal { code: Code::ResourceExhausted, ..Refusal::new(Reason::Storage, message) }
    }

    /// A group whose shard cannot be used: because of the disk, if that is so.
    pub(super) fn of_group(error: CoordinatorError, log_dir: &LogDir) -> Refusal {
        let is_of_disk = log_dir.is_failed().is_some() || log_dir.lacks_room();
        match error {
            CoordinatorError::NotCoordinator if is_of_disk => Refusal::of_storage(log_dir),
            error => error.into(),
        }
    }

    /// With the state of the log directory behind a client's error code.
    pub(super) fn of_storage(log_dir: &LogDir) -> Refusal {
        match log_dir.is_failed() {
            Some(reason) => {
                Refusal::new(Reason::Storage, format!("log directory is out of service: {reason}"))
            }
            None if log_dir.lacks_room() => Refusal::no_room("the disk of the log directory is full"),
            None => Refusal::new(Reason::Storage, "the log of the partition cannot be used"),
        }
    }

    /// The part of it that people read.
    pub(super) fn into_message(self) -> String {
        self.message
    }

    /// The part of it that programs read.
    pub(super) fn detail(self) -> ErrorDetail {
        ErrorDetail { reason: self.reason.into(), config_key: self.config_key }
    }
}

fn code_of(reason: Reason) -> Code {
    match reason {
        Reason::Stale | Reason::DeletionDisabled | Reason::GroupNotEmpty | Reason::LastBroker => {
            Code::FailedPrecondition
        }
        Reason::UnknownTopic | Reason::UnknownGroup | Reason::UnknownBroker => Code::NotFound,
        Reason::TopicExists => Code::AlreadyExists,
        Reason::InvalidTopicName
        | Reason::InvalidConfig
        | Reason::InvalidAssignment
        | Reason::InvalidPartitions
        | Reason::InvalidRequest
        | Reason::RequestIdReused => Code::InvalidArgument,
        Reason::OffsetOutOfRange => Code::OutOfRange,
        Reason::NotReady | Reason::Storage => Code::Unavailable,
        Reason::Unspecified => Code::Internal,
    }
}

impl From<Refusal> for Status {
    fn from(refusal: Refusal) -> Status {
        let (code, message) = (refusal.code, refusal.message.clone());
        let mut trailer = MetadataMap::new();
        trailer.insert_bin(DETAIL, MetadataValue::from_bytes(&refusal.detail().encode_to_vec()));
        Status::with_metadata(code, message, trailer)
    }
}

impl From<MetadataError> for Refusal {
    fn from(error: MetadataError) -> Refusal {
        let reason = match &error {
            MetadataError::InvalidTopicName { .. } | MetadataError::CollidingTopicName { .. } => {
                Reason::InvalidTopicName
            }
            MetadataError::TopicExists { .. } => Reason::TopicExists,
            MetadataError::UnknownTopic { .. } | MetadataError::UnknownTopicId { .. } => Reason::UnknownTopic,
            // The only policy is on the count of partitions.
            MetadataError::InvalidPartitions { .. } | MetadataError::PolicyViolation { .. } => {
                Reason::InvalidPartitions
            }
            MetadataError::InvalidReplicationFactor { .. }
            | MetadataError::InvalidReplicaAssignment { .. } => Reason::InvalidAssignment,
            MetadataError::InvalidConfig { .. } | MetadataError::RefusedConfig { .. } => {
                Reason::InvalidConfig
            }
            MetadataError::BrokerIdNotRegistered { .. } => Reason::UnknownBroker,
            MetadataError::Stale { .. } => Reason::Stale,
            MetadataError::RequestIdReused => Reason::RequestIdReused,
            MetadataError::InvalidRequest { .. }
            | MetadataError::DuplicateBrokerRegistration { .. }
            | MetadataError::StaleBrokerEpoch { .. }
            | MetadataError::InconsistentClusterId { .. } => Reason::InvalidRequest,
        };
        let refusal = Refusal::new(reason, error.to_string());
        match error {
            MetadataError::RefusedConfig { key, .. } => Refusal { config_key: key, ..refusal },
            _ => refusal,
        }
    }
}

impl From<ChangeError> for Refusal {
    fn from(error: ChangeError) -> Refusal {
        let message = error.to_string();
        match error {
            ChangeError::Propose(ProposeError::NotLeader { .. }) => Refusal::not_ready(message),
            ChangeError::Propose(ProposeError::TooLarge { .. }) => Refusal::invalid(message),
            ChangeError::Propose(ProposeError::Contradiction(_)) => {
                Refusal::new(Reason::Unspecified, message)
            }
            ChangeError::Propose(ProposeError::NoRoom(_)) | ChangeError::NoRoom => Refusal::no_room(message),
            ChangeError::LogDir(behind) if behind.lacks_room => Refusal::no_room(message),
            ChangeError::Propose(ProposeError::OutOfService(_))
            | ChangeError::LogDir(_)
            | ChangeError::OutOfService(_) => Refusal::new(Reason::Storage, message),
        }
    }
}

impl From<CreateError> for Refusal {
    fn from(error: CreateError) -> Refusal {
        match error {
            CreateError::Refused(error) => error.into(),
            CreateError::Change(error) => error.into(),
            CreateError::Reserved(_) => Refusal::unimplemented(&error.to_string()),
        }
    }
}

impl From<CoordinatorError> for Refusal {
    fn from(error: CoordinatorError) -> Refusal {
        let reason = match error {
            CoordinatorError::LoadInProgress
            | CoordinatorError::NotAvailable
            | CoordinatorError::NotCoordinator => Reason::NotReady,
            CoordinatorError::Group(GroupError::GroupIdNotFound) => Reason::UnknownGroup,
            CoordinatorError::Group(GroupError::NonEmptyGroup) => Reason::GroupNotEmpty,
            CoordinatorError::Group(_) => Reason::InvalidRequest,
        };
        Refusal::new(reason, error.to_string())
    }
}

/// Why a partition cannot be asked.
pub(super) fn of_partition(
    code: ErrorCode,
    topic: &str,
    partition: impl std::fmt::Display,
    log_dir: &LogDir,
) -> Refusal {
    match code {
        ErrorCode::UnknownTopicOrPartition => {
            Refusal::new(Reason::UnknownTopic, format!("there is no partition {partition} of {topic}"))
        }
        ErrorCode::KafkaStorageError => Refusal::of_storage(log_dir),
        other => Refusal::not_ready(format!("{topic}-{partition}: {other:?}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_the_code_that_the_contract_says() {
        for reason in (0..=17).map(|number| Reason::try_from(number).unwrap()) {
            let status = Status::from(Refusal::new(reason, "why"));
            let text = include_str!("../../../proto/admin/v1/admin.proto");
            let (before, _) = text.split_once(&format!("  {} = ", reason.as_str_name())).unwrap();
            let comment = before.rsplit(";\n").next().unwrap();
            let code = format!("{:?}", status.code());
            let named = comment.replace('_', "").to_lowercase().contains(&code.to_lowercase());
            assert!(named || reason == Reason::Unspecified, "{reason:?} is told as {code}");
            let detail = status.metadata().get_bin(DETAIL).unwrap().to_bytes().unwrap();
            assert_eq!(ErrorDetail::decode(detail).unwrap().reason(), reason);
        }
    }
}
