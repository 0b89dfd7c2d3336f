//! Committed entries to images, and images to snapshots.
//!
//! The image lives in memory only; a start rebuilds it from the newest snapshot and the log after it. Each applied run
//! of entries publishes one image. An entry that cannot be applied stops raft, and with it the broker: going on would
//! make this broker's metadata differ from the others'.

use std::io::Cursor;
use std::sync::Arc;
use std::time::Duration;

use broker_protocol::types::Offset;
use broker_state::metadata::record::DecodeError;
use broker_state::metadata::{ApplyError, LogPosition, MetadataBatch, MetadataImage, apply, snapshot};
use bytes::Bytes;
use openraft::storage::RaftStateMachine;
use openraft::{EntryPayload, OptionalSend, RaftSnapshotBuilder, Snapshot, StorageIOError};
use tokio::sync::watch;

use super::snapshot_files::{SnapshotFileError, SnapshotFiles};
use super::{EncodedBatch, Entry, LogId, RaftNode, SnapshotMeta, StorageError, StoredMembership, TypeConfig};
use crate::env::Env;

/// How long a snapshot waits for room before it looks again.
const ROOM_PAUSE: Duration = Duration::from_secs(5);

/// The state machine of the metadata quorum.
pub(super) struct ImageMachine {
    env: Env,
    files: SnapshotFiles,
    images: watch::Sender<Arc<MetadataImage>>,
    applied: Option<LogId>,
    membership: StoredMembership,
}

/// Where in the log an entry stands, as the image says it.
pub(super) fn position_of(id: LogId) -> LogPosition {
    let offset = i64::try_from(id.index).expect("a log never reaches 2^63 entries");
    LogPosition { offset: Offset(offset), term: id.leader_id.term }
}

impl ImageMachine {
    /// Begins with what a snapshot says, or with nothing.
    pub(super) fn new(
        env: Env,
        files: SnapshotFiles,
        from: Option<(SnapshotMeta, MetadataImage)>,
    ) -> ImageMachine {
        let (meta, image) = from.unwrap_or_default();
        let (images, _) = watch::channel(Arc::new(image));
        ImageMachine { env, files, images, applied: meta.last_log_id, membership: meta.last_membership }
    }

    /// The images that this machine publishes.
    pub(super) fn subscribe(&self) -> watch::Receiver<Arc<MetadataImage>> {
        self.images.subscribe()
    }
}

/// An entry that cannot be applied.
#[derive(Debug, thiserror::Error)]
enum EntryError {
    #[error(transparent)]
    Decode(#[from] DecodeError),
    #[error(transparent)]
    Apply(#[from] ApplyError),
}

/// The image after an entry.
fn apply_entry(image: &MetadataImage, entry: &Entry) -> Result<MetadataImage, EntryError> {
    let position = position_of(entry.log_id);
    match &entry.payload {
        EntryPayload::Blank | EntryPayload::Membership(_) => Ok(image.at(position)),
        EntryPayload::Normal(EncodedBatch(bytes)) => {
            Ok(apply(image, position, &MetadataBatch::decode_versioned(bytes)?)?)
        }
    }
}

impl RaftStateMachine<TypeConfig> for ImageMachine {
    type SnapshotBuilder = ImageSnapshot;

    async fn applied_state(&mut self) -> Result<(Option<LogId>, StoredMembership), StorageError> {
        Ok((self.applied, self.membership.clone()))
    }

    async fn apply<I>(&mut self, entries: I) -> Result<Vec<()>, StorageError>
    where
        I: IntoIterator<Item = Entry> + OptionalSend,
        I::IntoIter: OptionalSend,
    {
        let mut image = Arc::clone(&self.images.borrow());
        let mut answers = Vec::new();
        for entry in entries {
            let next = apply_entry(&image, &entry);
            image = Arc::new(next.map_err(|error| StorageIOError::apply(entry.log_id, &error))?);
            self.applied = Some(entry.log_id);
            if let EntryPayload::Membership(membership) = entry.payload {
                self.membership = StoredMembership::new(Some(entry.log_id), membership);
            }
            answers.push(());
        }
        self.images.send_replace(image);
        Ok(answers)
    }

    async fn get_snapshot_builder(&mut self) -> ImageSnapshot {
        ImageSnapshot {
            env: self.env.clone(),
            files: self.files.clone(),
            image: Arc::clone(&self.images.borrow()),
            applied: self.applied,
            membership: self.membership.clone(),
        }
    }

    async fn begin_receiving_snapshot(&mut self) -> Result<Box<Cursor<Vec<u8>>>, StorageError> {
        Ok(Box::default())
    }

    async fn install_snapshot(
        &mut self,
        meta: &SnapshotMeta,
        snapshot: Box<Cursor<Vec<u8>>>,
    ) -> Result<(), StorageError> {
        let bytes = Bytes::from(snapshot.into_inner());
        let image = snapshot::decode(&bytes)
            .map_err(|error| StorageIOError::read_snapshot(Some(meta.signature()), &error))?;
        save(&self.env, &self.files, meta.clone(), bytes).await?;
        self.applied = meta.last_log_id;
        self.membership = meta.last_membership.clone();
        self.images.send_replace(Arc::new(image));
        Ok(())
    }

    async fn get_current_snapshot(&mut self) -> Result<Option<Snapshot<TypeConfig>>, StorageError> {
        let newest = self.files.newest().map_err(|error| StorageIOError::read_snapshot(None, &error))?;
        Ok(newest.map(|(meta, image)| snapshot_of(meta, image.into())))
    }
}

/// An image to be written down.
pub(super) struct ImageSnapshot {
    env: Env,
    files: SnapshotFiles,
    image: Arc<MetadataImage>,
    applied: Option<LogId>,
    membership: StoredMembership,
}

impl RaftSnapshotBuilder<TypeConfig> for ImageSnapshot {
    async fn build_snapshot(&mut self) -> Result<Snapshot<TypeConfig>, StorageError> {
        let snapshot_id =
            self.applied.map_or_else(String::new, |id| format!("{}-{}", id.leader_id.term, id.index));
        let meta =
            SnapshotMeta { last_log_id: self.applied, last_membership: self.membership.clone(), snapshot_id };
        let image = Arc::clone(&self.image);
        let bytes = self.env.block_on_disk(move || Bytes::from(snapshot::encode(&image))).await;
        save(&self.env, &self.files, meta.clone(), bytes.clone()).await?;
        tracing::info!(
            offset = self.image.position.offset.0,
            bytes = bytes.len(),
            "metadata snapshot written"
        );
        Ok(snapshot_of(meta, bytes.into()))
    }
}

async fn save(
    env: &Env,
    files: &SnapshotFiles,
    meta: SnapshotMeta,
    image: Bytes,
) -> Result<(), StorageError> {
    let signature = meta.signature();
    let saved = loop {
        let (files, meta, image) = (files.clone(), meta.clone(), image.clone());
        let saved: Result<(), SnapshotFileError> = env.block_on_disk(move || files.save(&meta, image)).await;
        match saved {
            // An error would stop raft, and the log says all that the snapshot would.
            Err(error) if error.is_full() => {
                tracing::warn!(%error, "metadata snapshot waits for room on the disk");
                tokio::time::sleep(ROOM_PAUSE).await;
            }
            saved => break saved,
        }
    };
    saved.map_err(|error| StorageIOError::write_snapshot(Some(signature), &error).into())
}

fn snapshot_of(meta: openraft::SnapshotMeta<u64, RaftNode>, image: Vec<u8>) -> Snapshot<TypeConfig> {
    Snapshot { meta, snapshot: Box::new(Cursor::new(image)) }
}
