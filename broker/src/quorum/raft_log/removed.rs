//! Topics that the log on disk removes: what an image and its snapshot do not tell.

use std::collections::BTreeSet;

use broker_protocol::types::TopicId;
use broker_state::metadata::MetadataBatch;
use broker_state::metadata::record::RecordKind as MetadataKind;
use openraft::EntryPayload;

use super::*;
use crate::quorum::EncodedBatch;

impl RaftLog {
    /// The file that the log ends in.
    pub(in crate::quorum) fn newest_file(&self) -> PathBuf {
        let files = self.files.lock();
        files.segments.back().map_or_else(|| files.dir.clone(), |newest| newest.path.clone())
    }

    /// The topics that any entry on disk removes, also those before the snapshot in use. Reads all of them.
    ///
    /// # Errors
    /// The disk failed, or an entry is damaged.
    pub(in crate::quorum) async fn removed_topics(&self) -> Result<BTreeSet<TopicId>, RaftLogError> {
        let files = Arc::clone(&self.files);
        self.env.block_on_disk(move || files.lock().removed_topics()).await
    }
}

impl LogFiles {
    fn removed_topics(&self) -> Result<BTreeSet<TopicId>, RaftLogError> {
        let mut removed = BTreeSet::new();
        for place in &self.entries {
            let EntryPayload::Normal(EncodedBatch(bytes)) = self.read_entry(place)?.payload else { continue };
            let batch = MetadataBatch::decode_versioned(&bytes).map_err(|error| RaftLogError::Corrupt {
                path: segment_path(&self.dir, place.sequence),
                position: place.position,
                reason: error.to_string(),
            })?;
            removed.extend(batch.records.into_iter().filter_map(|record| match record.kind {
                Some(MetadataKind::RemoveTopic(removal)) => Some(TopicId::from(removal.topic_id)),
                _ => None,
            }));
        }
        Ok(removed)
    }
}
