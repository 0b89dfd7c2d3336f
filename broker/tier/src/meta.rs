//! `meta/<metadata offset>`: snapshots of the cluster's metadata and of committed offsets, which this crate keeps but
//! does not understand. Format: a frame `HWTS` around `MetaSnapshot` of proto/tier/v1.

use bytes::Bytes;
use proto::tier::v1;
use thiserror::Error;

use crate::frame::{self, FRAME_BYTES_MAX, FRAME_HEADER_BYTES, FormatError, Kind};
use crate::ids::{ClusterId, Generation, MetadataOffset};
use crate::keys::{ClusterKeys, Key};
use crate::store::{Listed, Resolved, Store};
use crate::store_error::StoreError;

/// Most bytes of a payload; what is around it takes less than a KiB.
pub const PAYLOAD_BYTES_MAX: usize = FRAME_BYTES_MAX - FRAME_HEADER_BYTES - 1024;
/// Snapshots that are kept however old they are: the newest may turn out to be damaged.
pub const KEPT_MIN: usize = 3;

/// A snapshot.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MetaSnapshot {
    /// The cluster.
    pub cluster: ClusterId,
    /// Offset of the metadata log that it reflects.
    pub offset: MetadataOffset,
    /// Generation for which it was written.
    pub generation: Generation,
    /// Wall clock of the writer, milliseconds since 1970.
    pub created_ms: i64,
    /// What the broker put there.
    pub payload: Bytes,
}

/// Why a snapshot could not be written or read.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum MetaError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Its content.
    #[error("metadata snapshot {0:?}: {1}")]
    Format(MetadataOffset, FormatError),
    /// More than fits.
    #[error("metadata snapshot of {0} bytes is larger than {PAYLOAD_BYTES_MAX}")]
    TooLarge(usize),
}

impl MetaSnapshot {
    /// The content of the snapshot's object.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let message = v1::MetaSnapshot {
            cluster_id: self.cluster.to_string(),
            metadata_offset: self.offset.0,
            generation: self.generation.0,
            created_ms: self.created_ms,
            payload: self.payload.to_vec(),
        };
        frame::encode(Kind::MetaSnapshot, &message)
    }

    /// Reads a snapshot.
    ///
    /// # Errors
    /// The bytes are no snapshot of this cluster and offset.
    pub fn decode(
        bytes: &[u8],
        cluster: &ClusterId,
        offset: MetadataOffset,
    ) -> Result<MetaSnapshot, FormatError> {
        let wire: v1::MetaSnapshot = frame::decode(Kind::MetaSnapshot, bytes, &[])?;
        if wire.cluster_id != cluster.as_str() || wire.metadata_offset != offset.0 {
            return Err(FormatError::inconsistent(Kind::MetaSnapshot, "it is another cluster's or offset's"));
        }
        Ok(MetaSnapshot {
            cluster: cluster.clone(),
            offset,
            generation: Generation(wire.generation),
            created_ms: wire.created_ms,
            payload: wire.payload.into(),
        })
    }
}

/// Writes a snapshot. One that is there at the same offset reflects the same metadata and is left.
///
/// # Errors
/// The store's; too large.
pub async fn write(store: &Store, keys: &ClusterKeys, snapshot: &MetaSnapshot) -> Result<(), MetaError> {
    if snapshot.payload.len() > PAYLOAD_BYTES_MAX {
        return Err(MetaError::TooLarge(snapshot.payload.len()));
    }
    let path = keys.path(&Key::Meta(snapshot.offset));
    match store.create_resolved(&path, &Bytes::from(snapshot.encode())).await? {
        Resolved::Ours => Ok(()),
        Resolved::Theirs(bytes) => match MetaSnapshot::decode(&bytes, keys.cluster(), snapshot.offset) {
            Ok(_) => Ok(()),
            Err(error) => Err(MetaError::Format(snapshot.offset, error)),
        },
    }
}

/// The offsets of all snapshots, newest first, with when they were written by the store's clock.
///
/// # Errors
/// The store's.
pub async fn list(store: &Store, keys: &ClusterKeys) -> Result<Vec<(MetadataOffset, i64)>, StoreError> {
    let listing = store.list(keys, &keys.metas_path()).await?;
    let offset = |object: &Listed| match object.key {
        Key::Meta(offset) => Some((offset, object.modified_ms)),
        _ => None,
    };
    let mut found: Vec<_> = listing.objects.iter().filter_map(offset).collect();
    found.sort_by_key(|(offset, _)| std::cmp::Reverse(*offset));
    Ok(found)
}

/// Reads a snapshot.
///
/// # Errors
/// The store's; damage.
pub async fn read(
    store: &Store,
    keys: &ClusterKeys,
    offset: MetadataOffset,
) -> Result<MetaSnapshot, MetaError> {
    let (bytes, _) = store.get(&keys.path(&Key::Meta(offset)), FRAME_BYTES_MAX).await?;
    MetaSnapshot::decode(&bytes, keys.cluster(), offset).map_err(|error| MetaError::Format(offset, error))
}

/// Deletes snapshots that were written before `before_ms` by the store's clock, but never the newest [`KEPT_MIN`].
/// Returns how many.
///
/// # Errors
/// The store's; what is left goes the next time.
pub async fn prune(store: &Store, keys: &ClusterKeys, before_ms: i64) -> Result<usize, StoreError> {
    let old = list(store, keys).await?.into_iter().skip(KEPT_MIN).filter(|(_, written)| *written < before_ms);
    let mut deleted = 0;
    for (offset, _) in old {
        store.delete(&keys.path(&Key::Meta(offset))).await?;
        deleted += 1;
    }
    Ok(deleted)
}
