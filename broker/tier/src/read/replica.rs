//! What a replica without a local log needs to go on behind what was copied.

use broker_log::leader_epoch_cache::LeaderEpochCache;
use broker_protocol::types::Offset;

use super::{RemoteReadError, RemoteReader};
use crate::footer::ProducerSnapshot;
use crate::manifest::Manifest;

/// Where a replica begins; see the file's header.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReplicaStart {
    /// First offset that readers may ask for.
    pub log_start_offset: Offset,
    /// Offset after the last one that was copied: the local log begins there.
    pub next_offset: Offset,
    /// Leader epochs from the log's start on.
    pub epochs: LeaderEpochCache,
    /// The producers at an offset at or below `next_offset`; the batches from there on change them further.
    pub producers: Option<ProducerSnapshot>,
}

impl RemoteReader {
    /// Where a replica of the partition begins; `None` if nothing was copied.
    ///
    /// # Errors
    /// See [`RemoteReadError`].
    pub async fn replica_start(&self, manifest: &Manifest) -> Result<Option<ReplicaStart>, RemoteReadError> {
        let Some(next_offset) = manifest.tiered_end() else { return Ok(None) };
        let last = self.entry_at(manifest, next_offset.plus(-1)).await?;
        let index = self.index(&last).await?;
        let producers = match index.range.producer_snapshot {
            Some((offset, section)) => {
                Some(ProducerSnapshot { offset, bytes: self.section(&last, section).await? })
            }
            None => None,
        };
        Ok(Some(ReplicaStart {
            log_start_offset: manifest.log_start_offset,
            next_offset,
            epochs: manifest.epochs.clone(),
            producers,
        }))
    }
}
