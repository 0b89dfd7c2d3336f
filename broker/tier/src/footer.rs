//! The footer of an object: which ranges it holds and what belongs to them.
//!
//! ```text
//! batches of range 1 | batches of range 2 | ...
//! | offset index | time index | aborted transactions | leader epochs | producer snapshot, for each range
//! | frame HWTF around `Footer` of proto/tier/v1 | length of that frame u32 | "HWTO"
//! ```
//! Whoever has an entry of a manifest knows where the frame begins; whoever has only the object begins at its last 8
//! bytes. An object that was cut short has no footer, so it cannot be taken for a whole one.

use broker_log::leader_epoch_cache::LeaderEpochCache;
use broker_log::transaction_index::AbortedTxn;
use broker_protocol::types::{LeaderEpoch, Offset, TopicId, Uuid};
use bytes::Bytes;
use proto::tier::v1;

use crate::frame::{self, FRAME_HEADER_BYTES, FormatError, Kind, array, crc32c};
use crate::ids::{ClusterId, PartitionId};
use crate::sections::{ScannedRange, encode_aborted};

/// Bytes behind the footer's frame.
pub const TRAILER_BYTES: usize = 8;
const TRAILER_MAGIC: [u8; 4] = *b"HWTO";
/// Field of `Footer` that repeats ranges, and the fewest bytes of one: the topic's id and the batches.
const RANGES: (u32, usize) = (2, 18);

/// A part of an object.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Section {
    /// Where it begins, in bytes.
    pub position: u64,
    /// Bytes.
    pub length: u64,
    /// CRC-32C of these bytes.
    pub crc: u32,
}

impl Section {
    /// Where it ends.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.position + self.length
    }
}

/// One range of batches in an object.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ObjectRange {
    /// The partition.
    pub partition: PartitionId,
    /// First offset.
    pub base_offset: Offset,
    /// Last offset, included.
    pub end_offset: Offset,
    /// Epoch of the leader that wrote the object.
    pub leader_epoch: LeaderEpoch,
    /// The batches.
    pub batches: Section,
    /// Kafka's `.index`.
    pub offset_index: Section,
    /// Kafka's `.timeindex`.
    pub time_index: Section,
    /// Kafka's `.txnindex`.
    pub aborted_transactions: Section,
    /// Kafka's `leader-epoch-checkpoint`, for this range.
    pub leader_epochs: Section,
    /// Kafka's `.snapshot` and the offset for which it is.
    pub producer_snapshot: Option<(Offset, Section)>,
    /// Largest timestamp, -1 without any.
    pub max_timestamp: i64,
    /// Its offset, as in the entry.
    pub max_timestamp_offset: Offset,
}

/// The footer of an object.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Footer {
    /// The cluster.
    pub cluster: ClusterId,
    /// The ranges in the order of their positions.
    pub ranges: Vec<ObjectRange>,
}

/// The producers at one offset, in the bytes of Kafka's `.snapshot`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ProducerSnapshot {
    /// The log ended there when they were so.
    pub offset: Offset,
    /// The file's content.
    pub bytes: Bytes,
}

/// What follows the batches in an object, and where the footer begins in the object.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tail {
    /// Sections, footer and trailer.
    pub bytes: Vec<u8>,
    /// Where the footer's frame begins in the object.
    pub footer_position: u64,
    /// The footer.
    pub footer: Footer,
}

/// Makes what follows the batches of an object that holds one range from its first byte on.
#[must_use]
pub fn tail_of(
    cluster: &ClusterId,
    (partition, leader_epoch): (PartitionId, LeaderEpoch),
    base_offset: Offset,
    range: &ScannedRange,
    aborted: &[AbortedTxn],
    snapshot: Option<&ProducerSnapshot>,
) -> Tail {
    let mut tail = Vec::new();
    let mut add = |bytes: &[u8]| {
        let section = Section {
            position: range.length + tail.len() as u64,
            length: bytes.len() as u64,
            crc: crc32c(bytes),
        };
        tail.extend_from_slice(bytes);
        section
    };
    let object_range = ObjectRange {
        partition,
        base_offset,
        end_offset: range.next_offset.plus(-1),
        leader_epoch,
        batches: Section { position: 0, length: range.length, crc: range.crc },
        offset_index: add(&range.offset_index),
        time_index: add(&range.time_index),
        aborted_transactions: add(&encode_aborted(aborted)),
        leader_epochs: add(LeaderEpochCache::from_entries(&range.epochs).encode().as_bytes()),
        producer_snapshot: snapshot.map(|snapshot| (snapshot.offset, add(&snapshot.bytes))),
        max_timestamp: range.max_timestamp,
        max_timestamp_offset: range.max_timestamp_offset,
    };
    let footer = Footer { cluster: cluster.clone(), ranges: vec![object_range] };
    let footer_position = range.length + tail.len() as u64;
    tail.extend_from_slice(&footer.encode());
    Tail { bytes: tail, footer_position, footer }
}

impl Footer {
    /// The footer's frame and the trailer.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let message = v1::Footer {
            cluster_id: self.cluster.to_string(),
            ranges: self.ranges.iter().map(range_to_wire).collect(),
        };
        let mut bytes = frame::encode(Kind::Footer, &message);
        let length = u32::try_from(bytes.len()).expect("a frame is shorter than 64 MiB");
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(&TRAILER_MAGIC);
        bytes
    }

    /// Reads frame and trailer, which fill `bytes` and begin at `position` of the object.
    ///
    /// # Errors
    /// The bytes are no footer of this cluster.
    pub fn decode(bytes: &[u8], position: u64, cluster: &ClusterId) -> Result<Footer, FormatError> {
        let no_frame = || FormatError::NoFrame(Kind::Footer, bytes.len());
        let split = bytes.len().checked_sub(TRAILER_BYTES).ok_or_else(no_frame)?;
        let (framed, trailer) = bytes.split_at(split);
        if frame_length(trailer) != Some(framed.len()) {
            return Err(no_frame());
        }
        let wire: v1::Footer = frame::decode(Kind::Footer, framed, &[RANGES])?;
        if wire.cluster_id != cluster.as_str() {
            return Err(FormatError::inconsistent(Kind::Footer, "it is another cluster's"));
        }
        let ranges = wire.ranges.iter().map(|range| range_from_wire(range, position));
        let ranges = ranges.collect::<Option<Vec<_>>>();
        let ranges =
            ranges.ok_or_else(|| FormatError::inconsistent(Kind::Footer, "a range makes no sense"))?;
        Ok(Footer { cluster: cluster.clone(), ranges })
    }

    /// The range of a partition that begins at an offset.
    #[must_use]
    pub fn range(&self, partition: PartitionId, base_offset: Offset) -> Option<&ObjectRange> {
        self.ranges.iter().find(|range| range.partition == partition && range.base_offset == base_offset)
    }
}

/// Bytes of the footer's frame, from the last bytes of an object.
#[must_use]
pub fn frame_length(trailer: &[u8]) -> Option<usize> {
    let length = u32::from_be_bytes(trailer.get(..4)?.try_into().ok()?);
    let length = usize::try_from(length).ok().filter(|length| *length >= FRAME_HEADER_BYTES)?;
    (trailer.len() == TRAILER_BYTES && array::<4>(trailer, 4) == TRAILER_MAGIC).then_some(length)
}

fn range_to_wire(range: &ObjectRange) -> v1::ObjectRange {
    v1::ObjectRange {
        topic_id: range.partition.topic_id.0.into_bytes().to_vec(),
        partition: range.partition.partition.unsigned_abs(),
        base_offset: range.base_offset.0,
        end_offset: range.end_offset.0,
        leader_epoch: range.leader_epoch.0,
        batches: Some(section_to_wire(range.batches)),
        offset_index: Some(section_to_wire(range.offset_index)),
        time_index: Some(section_to_wire(range.time_index)),
        aborted_transactions: Some(section_to_wire(range.aborted_transactions)),
        leader_epochs: Some(section_to_wire(range.leader_epochs)),
        producer_snapshot: range.producer_snapshot.map(|(_, section)| section_to_wire(section)),
        producer_snapshot_offset: range.producer_snapshot.map(|(offset, _)| offset.0),
        max_timestamp: range.max_timestamp,
        max_timestamp_offset: range.max_timestamp_offset.0,
    }
}

/// `None` if it makes no sense. `footer_position` is where the parts of the object end.
fn range_from_wire(wire: &v1::ObjectRange, footer_position: u64) -> Option<ObjectRange> {
    let section = |wire: &Option<v1::Section>| {
        let wire = wire.as_ref()?;
        let end = wire.position.checked_add(wire.length)?;
        let section = Section { position: wire.position, length: wire.length, crc: wire.crc };
        (end <= footer_position).then_some(section)
    };
    let partition = i32::try_from(wire.partition).ok()?;
    let snapshot = match (&wire.producer_snapshot, wire.producer_snapshot_offset) {
        (None, None) => None,
        (Some(_), Some(offset)) => Some((Offset(offset), section(&wire.producer_snapshot)?)),
        _ => return None,
    };
    let in_order = (0..=wire.end_offset).contains(&wire.base_offset) && wire.end_offset < i64::MAX;
    in_order.then_some(ObjectRange {
        partition: PartitionId { topic_id: TopicId(Uuid::from_slice(&wire.topic_id).ok()?), partition },
        base_offset: Offset(wire.base_offset),
        end_offset: Offset(wire.end_offset),
        leader_epoch: LeaderEpoch(wire.leader_epoch),
        batches: section(&wire.batches)?,
        offset_index: section(&wire.offset_index)?,
        time_index: section(&wire.time_index)?,
        aborted_transactions: section(&wire.aborted_transactions)?,
        leader_epochs: section(&wire.leader_epochs)?,
        producer_snapshot: snapshot,
        max_timestamp: wire.max_timestamp,
        max_timestamp_offset: Offset(wire.max_timestamp_offset),
    })
}

fn section_to_wire(section: Section) -> v1::Section {
    v1::Section { position: section.position, length: section.length, crc: section.crc }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::manifest::tests::{PARTITION, cluster};
    use crate::sections::RangeScan;
    use crate::sections::tests::batches;

    fn object() -> (Vec<u8>, Tail) {
        let mut bytes = batches(50, 300, 2);
        let mut scan = RangeScan::new(Offset(50), bytes.len() as u64);
        scan.take(&bytes).unwrap();
        let snapshot = ProducerSnapshot { offset: Offset(50), bytes: Bytes::from_static(b"producers") };
        let range = scan.finish();
        let who = (PARTITION, LeaderEpoch(2));
        let tail = tail_of(&cluster(), who, Offset(50), &range, &[], Some(&snapshot));
        bytes.extend_from_slice(&tail.bytes);
        (bytes, tail)
    }

    #[test]
    fn a_footer_is_found_from_the_end_of_its_object() {
        let (object, tail) = object();
        let length = frame_length(&object[object.len() - TRAILER_BYTES..]).unwrap();
        let start = object.len() - TRAILER_BYTES - length;
        assert_eq!(start as u64, tail.footer_position);
        let footer = Footer::decode(&object[start..], start as u64, &cluster()).unwrap();
        assert_eq!(footer, tail.footer);
        let range = footer.range(PARTITION, Offset(50)).unwrap();
        for section in [range.batches, range.offset_index, range.time_index, range.leader_epochs] {
            let bytes = &object[section.position as usize..section.end() as usize];
            assert_eq!(crc32c(bytes), section.crc);
        }
        let (offset, section) = range.producer_snapshot.unwrap();
        assert_eq!(offset, Offset(50));
        assert_eq!(&object[section.position as usize..section.end() as usize], b"producers");
    }

    /// fault = 59
    #[test]
    fn an_object_that_was_cut_short_has_no_footer() {
        let (object, tail) = object();
        let start = usize::try_from(tail.footer_position).unwrap();
        for end in start..object.len() {
            assert!(Footer::decode(&object[start..end], tail.footer_position, &cluster()).is_err());
        }
        let other = ClusterId::parse("other").unwrap();
        assert!(Footer::decode(&object[start..], tail.footer_position, &other).is_err());
        assert!(Footer::decode(&object[start..], tail.footer_position - 1, &cluster()).is_err());
    }

    proptest! {
        #[test]
        fn no_input_panics(body in prop::collection::vec(any::<u8>(), 0..300)) {
            let mut bytes = frame::wrap(Kind::Footer, &body);
            bytes.extend_from_slice(&(bytes.len() as u32).to_be_bytes());
            bytes.extend_from_slice(&TRAILER_MAGIC);
            let _ = Footer::decode(&bytes, 1000, &cluster());
            let _ = Footer::decode(&body, 1000, &cluster());
        }
    }
}
