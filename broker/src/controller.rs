//! Decides about topics, settings and producer ids: one decision at a time on the latest image, its records through
//! the metadata log, then the answer once this broker's replicas follow.
//!
//! Invariant: nothing here changes state; only the records do, once they are applied.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use broker_log::manager::LogDir;
use broker_protocol::error_code::ErrorCode;
use broker_protocol::types::Offset;
use broker_state::metadata::image::MetadataImage;
use broker_state::metadata::record::MetadataRecord;
use broker_state::outcome::Outcome;
use tokio::sync::watch;

use crate::env::Env;
use crate::quorum::{MetadataLog, ProposeError, SubmitError};
use crate::replication::manager::ReplicaManager;

/// Pause before replicas that could not follow the metadata log are asked to again.
const FOLLOW_RETRY: Duration = Duration::from_secs(1);

/// Why a decision did not take effect. The text is for clients; what the metadata log itself says is the source.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// The metadata log did not take it.
    #[error("{}", told_of(.0))]
    Propose(#[from] ProposeError),
    /// It is decided, but this broker's disk cannot follow.
    #[error("log directory: {0}")]
    LogDir(Behind),
    /// Nothing was decided: it would make logs, and the disk has no room for any.
    #[error("the disk of the log directory is full; nothing was changed")]
    NoRoom,
    /// Nothing was decided: the metadata log lies on a disk that has failed.
    #[error("log directory is out of service: {0}")]
    OutOfService(String),
}

impl ChangeError {
    /// What the client is told.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        match self {
            ChangeError::Propose(ProposeError::NoRoom(_) | ProposeError::OutOfService(_))
            | ChangeError::LogDir(_)
            | ChangeError::NoRoom
            | ChangeError::OutOfService(_) => ErrorCode::KafkaStorageError,
            ChangeError::Propose(ProposeError::NotLeader { .. }) => ErrorCode::NotController,
            ChangeError::Propose(ProposeError::TooLarge { .. }) => ErrorCode::PolicyViolation,
            ChangeError::Propose(ProposeError::Contradiction(_)) => ErrorCode::UnknownServerError,
        }
    }
}

/// What clients are told of a change that the metadata log did not take.
fn told_of(error: &ProposeError) -> String {
    let text = match error {
        ProposeError::NotLeader { leader: Some(leader) } => {
            return format!("broker {leader} leads the metadata quorum, this one does not");
        }
        ProposeError::NotLeader { leader: None } => "the metadata quorum has no leader",
        ProposeError::TooLarge { .. } => "the request changes more than one batch of metadata holds",
        ProposeError::Contradiction(_) => "the change contradicts the metadata; nothing was changed",
        ProposeError::NoRoom(_) => "the disk of the metadata log is full; nothing was changed",
        ProposeError::OutOfService(_) => {
            "the metadata log is out of service; the next start of the broker finds whether the change was made"
        }
    };
    text.to_owned()
}

/// Tells the operator what clients are not told; what was told already only for debugging, as clients ask again and again.
fn report(error: &ProposeError, is_told: bool) {
    match error {
        ProposeError::NoRoom(_) | ProposeError::OutOfService(_) if !is_told => {
            tracing::error!(%error, "the metadata log takes no changes");
        }
        ProposeError::Contradiction(_) => tracing::error!(%error, "the metadata log did not take a change"),
        ProposeError::NotLeader { .. }
        | ProposeError::TooLarge { .. }
        | ProposeError::NoRoom(_)
        | ProposeError::OutOfService(_) => tracing::debug!(%error, "the metadata log did not take a change"),
    }
}

/// How far the replicas follow the metadata log.
#[derive(Clone, Debug)]
struct Followed {
    offset: Offset,
    behind: Option<Behind>,
}

/// Why the replicas are not what the metadata log says.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{reason}")]
pub struct Behind {
    reason: String,
    /// Logs could not be made because the disk is full or no more files can be opened; all else was done.
    pub lacks_room: bool,
}

/// The deciding side of the metadata log.
#[derive(Debug)]
pub struct Controller {
    metadata: MetadataLog,
    log_dir: Arc<LogDir>,
    env: Env,
    followed: watch::Sender<Followed>,
    /// The log says already that the metadata log cannot be written; until a change succeeds.
    told: AtomicBool,
}

impl Controller {
    /// A controller over the metadata log, which lies in the log directory.
    #[must_use]
    pub fn new(metadata: MetadataLog, log_dir: Arc<LogDir>, env: Env) -> Controller {
        let followed = watch::Sender::new(Followed { offset: Offset(-1), behind: None });
        Controller { metadata, log_dir, env, followed, told: AtomicBool::new(false) }
    }

    /// The latest image.
    #[must_use]
    pub fn image(&self) -> Arc<MetadataImage> {
        self.metadata.image()
    }

    /// Decides on the latest image and answers once the decision is durable and this broker's replicas follow it. For
    /// what makes no logs: those that the disk has no room for are not waited for.
    ///
    /// # Errors
    /// The metadata log is not available, or the log directory is out of service or cannot follow.
    pub async fn change<T>(
        &self,
        decide: impl FnOnce(&MetadataImage) -> Outcome<MetadataRecord, T>,
    ) -> Result<T, ChangeError> {
        self.change_at(decide).await.map(|(response, _)| response)
    }

    /// As [`Controller::change`], with the offset of the records.
    ///
    /// # Errors
    /// As [`Controller::change`].
    pub async fn change_at<T>(
        &self,
        decide: impl FnOnce(&MetadataImage) -> Outcome<MetadataRecord, T>,
    ) -> Result<(T, Offset), ChangeError> {
        match self.change_and_follow(|image| Ok(decide(image))).await? {
            (_, Some(behind)) if !behind.lacks_room => Err(ChangeError::LogDir(behind)),
            (decided, _) => Ok(decided),
        }
    }

    /// As [`Controller::change`], for what makes logs.
    ///
    /// # Errors
    /// As [`Controller::change`]; also if the disk is full. Where that shows only when a log is made, the change stands, and
    /// the log is made once there is room.
    pub async fn create<T>(
        &self,
        decide: impl FnOnce(&MetadataImage) -> Outcome<MetadataRecord, T>,
    ) -> Result<T, ChangeError> {
        self.create_at(decide).await.map(|(response, _)| response)
    }

    /// As [`Controller::create`], with the offset of the records.
    ///
    /// # Errors
    /// As [`Controller::create`].
    pub async fn create_at<T>(
        &self,
        decide: impl FnOnce(&MetadataImage) -> Outcome<MetadataRecord, T>,
    ) -> Result<(T, Offset), ChangeError> {
        let mut makes = false;
        let decide = |image: &MetadataImage| {
            let outcome = decide(image);
            makes = !outcome.records.is_empty();
            if makes && self.log_dir.lacks_room() { Err(ChangeError::NoRoom) } else { Ok(outcome) }
        };
        match self.change_and_follow(decide).await? {
            (_, Some(behind)) if makes => Err(ChangeError::LogDir(behind)),
            (decided, _) => Ok(decided),
        }
    }

    async fn change_and_follow<T>(
        &self,
        decide: impl FnOnce(&MetadataImage) -> Result<Outcome<MetadataRecord, T>, ChangeError>,
    ) -> Result<((T, Offset), Option<Behind>), ChangeError> {
        // What the metadata log cannot write ends the broker, while one that refuses changes serves what it has.
        if let Some(reason) = self.log_dir.is_failed() {
            return Err(ChangeError::OutOfService(reason));
        }
        let (response, offset) = match self.submit(decide).await {
            Ok(decided) => decided,
            Err(SubmitError::Propose(error)) => return Err(error.into()),
            Err(SubmitError::Refused(error)) => return Err(error),
        };
        let mut followed = self.followed.subscribe();
        // The sender lives as long as this controller.
        let reached = followed.wait_for(|followed| followed.offset >= offset).await;
        Ok(((response, offset), reached.ok().and_then(|reached| reached.behind.clone())))
    }

    /// Decides on the latest image and answers once the decision is durable; does not wait for the replicas. For the
    /// start, when they do not follow yet, and for what does not concern them: they may be busy with many logs.
    ///
    /// # Errors
    /// The metadata log is not available, or the log directory is out of service.
    pub async fn decide<T>(
        &self,
        decide: impl FnOnce(&MetadataImage) -> Outcome<MetadataRecord, T>,
    ) -> Result<T, ChangeError> {
        self.decide_at(decide).await.map(|(response, _)| response)
    }

    /// As [`Controller::decide`], with the offset of the records.
    ///
    /// # Errors
    /// As [`Controller::decide`].
    pub async fn decide_at<T>(
        &self,
        decide: impl FnOnce(&MetadataImage) -> Outcome<MetadataRecord, T>,
    ) -> Result<(T, Offset), ChangeError> {
        if let Some(reason) = self.log_dir.is_failed() {
            return Err(ChangeError::OutOfService(reason));
        }
        match self.submit(|image| Ok::<_, Infallible>(decide(image))).await {
            Ok(decided) => Ok(decided),
            Err(SubmitError::Propose(error)) => Err(error.into()),
            Err(SubmitError::Refused(never)) => match never {},
        }
    }

    /// How far the replicas follow the metadata log, and why they cannot follow it, if so.
    #[must_use]
    pub fn followed(&self) -> (Offset, Option<Behind>) {
        let followed = self.followed.borrow();
        (followed.offset, followed.behind.clone())
    }

    async fn submit<T, R: std::error::Error>(
        &self,
        decide: impl FnOnce(&MetadataImage) -> Result<Outcome<MetadataRecord, T>, R>,
    ) -> Result<(T, Offset), SubmitError<R>> {
        if self.log_dir.lacks_room() {
            self.give_up_reserve().await;
        }
        let decided = self.metadata.submit(decide).await;
        match &decided {
            Ok(_) => self.told.store(false, Ordering::Relaxed),
            Err(SubmitError::Propose(error)) => {
                let cannot_write = matches!(error, ProposeError::NoRoom(_) | ProposeError::OutOfService(_));
                report(error, cannot_write && self.told.swap(true, Ordering::Relaxed));
                if matches!(error, ProposeError::NoRoom(_)) {
                    // For whoever tries again.
                    self.give_up_reserve().await;
                }
            }
            Err(SubmitError::Refused(_)) => {}
        }
        decided
    }

    /// The metadata log lies on the same disk, and what removes a topic makes room there.
    async fn give_up_reserve(&self) {
        let log_dir = Arc::clone(&self.log_dir);
        self.env.block_on_disk(move || log_dir.give_up_reserve()).await;
    }

    /// Has the replicas follow the image as it is now. Returns why they cannot, if so.
    pub async fn follow(&self, replicas: &Arc<ReplicaManager>, env: &Env) -> Option<Behind> {
        let image = self.metadata.image();
        let offset = image.position.offset;
        let replicas = Arc::clone(replicas);
        let result = env.block_on_disk(move || replicas.follow(&image)).await;
        let behind =
            result.err().map(|error| Behind { lacks_room: error.passes(), reason: error.to_string() });
        let before = self.followed.send_replace(Followed { offset, behind: behind.clone() }).behind;
        match &behind {
            // Asked again every second.
            Some(behind) if behind.lacks_room && before.is_some_and(|before| before.lacks_room) => {}
            Some(error) => tracing::error!(%error, "the log directory cannot follow the metadata"),
            None => {}
        }
        behind
    }

    /// Has the replicas follow every image from now on; ends with the metadata log.
    pub async fn follow_all(&self, replicas: &Arc<ReplicaManager>, env: &Env) {
        let mut images = self.metadata.subscribe();
        loop {
            let behind = self.follow(replicas, env).await.is_some();
            let retry_after = if behind { FOLLOW_RETRY } else { Duration::MAX };
            // A full disk may have room again although nothing else has changed.
            if let Ok(Err(_)) = tokio::time::timeout(retry_after, images.changed()).await {
                return;
            }
        }
    }
}
