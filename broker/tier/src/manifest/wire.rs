//! The bytes of a manifest: a frame `HWTM` around `Manifest` of proto/tier/v1.

use broker_log::leader_epoch_cache::{EpochEntry, LeaderEpochCache};
use broker_protocol::types::{LeaderEpoch, Offset, Uuid};
use proto::tier::v1;

use super::{Manifest, PageRef, Removed, RemovedObject, Stamp};
use crate::author::Author;
use crate::entry::{ENTRY_BYTES_MIN, Entry, epoch_from_wire, epochs_to_wire};
use crate::frame::{self, FormatError, Kind};
use crate::ids::{ClusterId, Generation, ManifestNumber, PartitionId};
use crate::keys::Key;

const PAGES_FIELD: u32 = 13;
const ENTRIES_FIELD: u32 = 14;
const REMOVED_FIELD: u32 = 15;
/// Fewest bytes of a reference to a page or an object: the key of a page alone has 108.
const REFERENCE_BYTES_MIN: usize = 108;

impl Manifest {
    /// The content of the manifest's object.
    ///
    /// # Panics
    /// If it has no number or stamp: only what is published is written.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let (number, stamp) = self.number.zip(self.stamp).expect("what is published has number and stamp");
        let message = v1::Manifest {
            cluster_id: self.cluster.to_string(),
            topic_id: self.partition.topic_id.0.into_bytes().to_vec(),
            partition: self.partition.partition.unsigned_abs(),
            number: number.0,
            generation: stamp.generation.0,
            leader_epoch: stamp.leader_epoch.0,
            writer: stamp.writer.into_bytes().to_vec(),
            created_ms: stamp.now_ms,
            topic: self.topic.to_string(),
            log_start_offset: self.log_start_offset.0,
            next_offset: self.next_offset.map(|offset| offset.0),
            epochs: epochs_to_wire(self.epochs.entries()),
            pages: self.pages.iter().map(page_to_wire).collect(),
            entries: self.entries.iter().map(Entry::to_wire).collect(),
            removed: self.removed.iter().map(removed_to_wire).collect(),
            oldest_kept: self.oldest_kept.0,
            is_copying_stopped: self.is_copying_stopped,
            author: stamp.author.as_ref().map(author_to_wire),
        };
        frame::encode(Kind::Manifest, &message)
    }

    /// Reads a manifest.
    ///
    /// # Errors
    /// The bytes are no manifest of this cluster, partition and number.
    pub fn decode(
        bytes: &[u8],
        cluster: &ClusterId,
        partition: PartitionId,
        number: ManifestNumber,
    ) -> Result<Manifest, FormatError> {
        let least = [
            (PAGES_FIELD, REFERENCE_BYTES_MIN),
            (ENTRIES_FIELD, ENTRY_BYTES_MIN),
            (REMOVED_FIELD, REFERENCE_BYTES_MIN),
        ];
        let wire: v1::Manifest = frame::decode(Kind::Manifest, bytes, &least)?;
        let found = (wire.cluster_id.as_str(), wire.topic_id.as_slice(), wire.partition);
        check_identity(Kind::Manifest, found, cluster, partition)?;
        let epochs: Vec<EpochEntry> = wire.epochs.iter().map(epoch_from_wire).collect();
        let manifest = Manifest {
            cluster: cluster.clone(),
            partition,
            topic: wire.topic.into(),
            number: Some(ManifestNumber(wire.number)),
            stamp: Some(Stamp {
                generation: Generation(wire.generation),
                leader_epoch: LeaderEpoch(wire.leader_epoch),
                writer: uuid_from_wire(&wire.writer)?,
                now_ms: wire.created_ms,
                author: wire.author.as_ref().map(author_from_wire).transpose()?,
            }),
            log_start_offset: Offset(wire.log_start_offset),
            next_offset: wire.next_offset.map(Offset),
            epochs: LeaderEpochCache::from_entries(&epochs),
            pages: wire.pages.iter().map(|page| page_from_wire(partition, page)).collect::<Result<_, _>>()?,
            entries: wire
                .entries
                .into_iter()
                .map(|entry| Entry::from_wire(Kind::Manifest, partition, entry))
                .collect::<Result<_, _>>()?,
            removed: wire
                .removed
                .iter()
                .map(|removed| removed_from_wire(partition, removed))
                .collect::<Result<_, _>>()?,
            oldest_kept: ManifestNumber(wire.oldest_kept),
            is_copying_stopped: wire.is_copying_stopped,
        };
        match manifest.fault(number, epochs.len()) {
            None => Ok(manifest),
            Some(fault) => Err(FormatError::inconsistent(Kind::Manifest, fault)),
        }
    }

    /// What is wrong with a manifest as read, if anything is.
    fn fault(&self, number: ManifestNumber, epoch_count: usize) -> Option<&'static str> {
        if self.number != Some(number) {
            return Some("the number is not that of its key");
        }
        if self.log_start_offset.0 < 0 || self.next_offset.is_some_and(|offset| offset.0 < 0) {
            return Some("offsets are out of range");
        }
        if self.epochs.entries().len() != epoch_count {
            return Some("leader epochs are out of order");
        }
        if !self.entries.windows(2).all(|pair| pair[0].base_offset < pair[1].base_offset)
            || !self.pages.windows(2).all(|pair| pair[0].base_offset < pair[1].base_offset)
        {
            return Some("entries are out of order");
        }
        let last = self.entries.last().map(Entry::next_offset);
        let last = last.or(self.pages.last().map(|page| page.end_offset.plus(1)));
        if last.is_some() && last != self.next_offset {
            return Some("the next offset is not behind the last entry");
        }
        None
    }
}

/// Checks that a message belongs where it was found.
pub(crate) fn check_identity(
    kind: Kind,
    found: (&str, &[u8], u32),
    cluster: &ClusterId,
    partition: PartitionId,
) -> Result<(), FormatError> {
    let (cluster_id, topic_id, number) = found;
    let is_ours = cluster_id == cluster.as_str()
        && topic_id == partition.topic_id.0.as_bytes()
        && i32::try_from(number) == Ok(partition.partition);
    if is_ours { Ok(()) } else { Err(FormatError::inconsistent(kind, "it is another partition's")) }
}

fn uuid_from_wire(bytes: &[u8]) -> Result<Uuid, FormatError> {
    Uuid::from_slice(bytes).map_err(|error| FormatError::inconsistent(Kind::Manifest, error.to_string()))
}

fn author_to_wire(author: &Author) -> v1::Author {
    v1::Author {
        directory_id: author.directory.into_bytes().to_vec(),
        life: author.life.into_bytes().to_vec(),
        sequence: author.sequence,
    }
}

fn author_from_wire(wire: &v1::Author) -> Result<Author, FormatError> {
    Ok(Author {
        directory: uuid_from_wire(&wire.directory_id)?,
        life: uuid_from_wire(&wire.life)?,
        sequence: wire.sequence,
    })
}

fn page_to_wire(page: &PageRef) -> v1::PageRef {
    v1::PageRef {
        object: Key::Page(page.key).to_string(),
        base_offset: page.base_offset.0,
        end_offset: page.end_offset.0,
        entry_count: page.entry_count,
        removed_count: page.removed_count,
        bytes: page.bytes,
        max_timestamp: page.max_timestamp,
        max_timestamp_offset: page.max_timestamp_offset.0,
        aborted_count: page.aborted_count,
    }
}

fn page_from_wire(partition: PartitionId, wire: &v1::PageRef) -> Result<PageRef, FormatError> {
    let key = match Key::parse(&wire.object) {
        Ok(Key::Page(key)) if key.partition == partition => key,
        _ => return Err(FormatError::inconsistent(Kind::Manifest, format!("{:?} is no page", wire.object))),
    };
    let in_order = (0..i64::MAX).contains(&wire.base_offset)
        && (wire.base_offset..i64::MAX).contains(&wire.end_offset)
        && wire.removed_count < wire.entry_count;
    if !in_order {
        let fault = format!("page {:?} is out of order", wire.object);
        return Err(FormatError::inconsistent(Kind::Manifest, fault));
    }
    Ok(PageRef {
        key,
        base_offset: Offset(wire.base_offset),
        end_offset: Offset(wire.end_offset),
        entry_count: wire.entry_count,
        removed_count: wire.removed_count,
        bytes: wire.bytes,
        max_timestamp: wire.max_timestamp,
        max_timestamp_offset: Offset(wire.max_timestamp_offset),
        aborted_count: wire.aborted_count,
    })
}

fn removed_to_wire(removed: &Removed) -> v1::Removed {
    let (key, is_page, removed_count) = match removed.object {
        RemovedObject::Segment(key) => (Key::Segment(key), false, 0),
        RemovedObject::Page(key, count) => (Key::Page(key), true, count),
    };
    v1::Removed { object: key.to_string(), is_page, removed_count, removed_ms: removed.removed_ms }
}

fn removed_from_wire(partition: PartitionId, wire: &v1::Removed) -> Result<Removed, FormatError> {
    let object = match Key::parse(&wire.object) {
        Ok(Key::Segment(key)) if key.partition == partition && !wire.is_page => RemovedObject::Segment(key),
        Ok(Key::Page(key)) if key.partition == partition && wire.is_page => {
            RemovedObject::Page(key, wire.removed_count)
        }
        _ => {
            let fault = format!("{:?} cannot have been removed", wire.object);
            return Err(FormatError::inconsistent(Kind::Manifest, fault));
        }
    };
    Ok(Removed { object, removed_ms: wire.removed_ms })
}
