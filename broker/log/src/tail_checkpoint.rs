//! What the directory's checkpoint says of one log: enough to open it without reading what it holds.
//!
//! Format 3, big-endian; strings and lists begin with their count as u32. The checkpoint file around it has a checksum.
//! ```text
//! version u8 | topic | topic id u128 | partition i32 | log start i64 | recovery point i64
//! | segments | epochs (epoch i32, start i64) | producers
//! segment:  base i64, next i64, size u64, max ts i64, its offset i64, first ts i64, created i64, indexed ts i64,
//!           since index u32, offset/time/transaction index (length u32, crc u32)
//! producer: id i64, epoch i16, coordinator epoch i32, timestamp i64, transaction start i64 (-1 none), batches
//! batch:    last sequence i32, last offset i64, offset delta i32, timestamp i64
//! from version 2 on, at the end: clean below i64 | swaps u64
//! from version 3 on, behind it: start for readers i64
//! ```
//! A log that no cleaning has gone through has version 1; one of which older records lie in an object store, 3.

use std::sync::Arc;

use broker_protocol::types::{LeaderEpoch, Offset, ProducerEpoch, ProducerId, TopicId, Uuid};
use thiserror::Error;

use crate::entry_file::{EntryFile, IndexSummary};
use crate::leader_epoch_cache::EpochEntry;
use crate::log_config::LogIdentity;
use crate::producer_state::{BatchMetadata, ProducerState, ProducerTable, RETAINED_BATCHES};
use crate::segment::Segment;

const VERSION: u8 = 1;
const VERSION_CLEANED: u8 = 2;
const VERSION_TIERED: u8 = 3;

/// Description of a log at one moment. Everything below the recovery point was synced then.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TailCheckpoint {
    /// Which partition.
    pub identity: LogIdentity,
    /// Where the segments begin, and readers unless `remote_start` says otherwise.
    pub log_start_offset: Offset,
    /// Offset below which nothing needs to be looked at.
    pub recovery_point: Offset,
    /// The segments, oldest first; the last one is where the recovery point is.
    pub segments: Vec<SegmentSummary>,
    /// The leader epochs.
    pub epochs: Vec<EpochEntry>,
    /// The producers as of the recovery point.
    pub producers: ProducerTable,
    /// Up to where a cleaning has gone through the log.
    pub clean_below: Offset,
    /// Number of the last swap of segments that the list of them has in it: see `swap_record.rs`.
    pub swaps: u64,
    /// First offset for readers, where older records than those of the segments lie in an object store, or did.
    pub remote_start: Option<Offset>,
}

/// Description of a segment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SegmentSummary {
    /// Offset in the file's name.
    pub base_offset: Offset,
    /// Offset after the last batch.
    pub next_offset: Offset,
    /// Valid bytes.
    pub size: u64,
    /// Largest timestamp, -1 without any.
    pub max_timestamp: i64,
    /// Last offset of the first batch that has it.
    pub max_timestamp_offset: Offset,
    /// Max timestamp of the first batch.
    pub first_timestamp: i64,
    /// Wall clock at the first append.
    pub created_ms: i64,
    /// Largest timestamp in the time index.
    pub indexed_timestamp: i64,
    /// Bytes since the last index entry.
    pub since_index: u32,
    /// The offset index.
    pub offsets: IndexSummary,
    /// The time index.
    pub times: IndexSummary,
    /// The transaction index.
    pub transactions: IndexSummary,
}

impl SegmentSummary {
    /// Bytes of an encoded one.
    pub(crate) const BYTES: usize = 8 * 8 + 4 + 3 * 8;

    /// Adds its bytes, as they are in a checkpoint.
    pub(crate) fn encode_to(&self, out: &mut Vec<u8>) {
        let mut writer = Writer(std::mem::take(out));
        writer.segment(self);
        *out = writer.0;
    }

    /// Reads what [`SegmentSummary::encode_to`] wrote, and nothing more.
    pub(crate) fn decode(bytes: &[u8]) -> Option<SegmentSummary> {
        let mut input = Reader { bytes, at: 0 };
        let summary = input.segment().ok()?;
        (input.at == bytes.len()).then_some(summary)
    }

    pub(crate) fn of(segment: &Segment) -> SegmentSummary {
        SegmentSummary {
            base_offset: segment.base_offset,
            next_offset: segment.next_offset,
            size: segment.size,
            max_timestamp: segment.max_timestamp,
            max_timestamp_offset: segment.max_timestamp_offset,
            first_timestamp: segment.first_timestamp,
            created_ms: segment.created_ms,
            indexed_timestamp: segment.indexed_timestamp,
            since_index: segment.since_index,
            offsets: segment.offsets.summary(),
            times: segment.times.summary(),
            transactions: segment.transactions.summary(),
        }
    }

    /// The segment as it was, all of it synced.
    pub(crate) fn restore(&self) -> Segment {
        let mut segment = Segment::empty(self.base_offset, self.created_ms);
        segment.next_offset = self.next_offset;
        segment.size = self.size;
        segment.taken = self.size;
        segment.taken_offset = self.next_offset;
        segment.synced = self.size;
        segment.max_timestamp = self.max_timestamp;
        segment.max_timestamp_offset = self.max_timestamp_offset;
        segment.first_timestamp = self.first_timestamp;
        segment.indexed_timestamp = self.indexed_timestamp;
        segment.since_index = self.since_index;
        segment.offsets = EntryFile::stored(self.offsets);
        segment.times = EntryFile::stored(self.times);
        segment.transactions = EntryFile::stored(self.transactions);
        segment
    }
}

/// Why the bytes are no description of a log.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum TailCheckpointError {
    /// They end early, go on behind the end, or hold a count that does not fit.
    #[error("checkpoint of a log is malformed at byte {0}")]
    Malformed(usize),
    /// Another format.
    #[error("checkpoint of a log has version {0}, expected {VERSION_TIERED} or less")]
    Version(u8),
}

impl TailCheckpoint {
    /// The bytes to store.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer(Vec::with_capacity(160 + self.segments.len() * 100));
        let is_cleaned = self.clean_below > Offset(0) || self.swaps > 0;
        out.0.push(match self.remote_start {
            Some(_) => VERSION_TIERED,
            None if is_cleaned => VERSION_CLEANED,
            None => VERSION,
        });
        out.count(self.identity.topic.len());
        out.0.extend_from_slice(self.identity.topic.as_bytes());
        out.0.extend_from_slice(&self.identity.topic_id.0.as_u128().to_be_bytes());
        out.i32(self.identity.partition);
        out.i64(self.log_start_offset.0);
        out.i64(self.recovery_point.0);
        out.count(self.segments.len());
        self.segments.iter().for_each(|segment| out.segment(segment));
        out.count(self.epochs.len());
        for entry in &self.epochs {
            out.i32(entry.epoch.0);
            out.i64(entry.start_offset.0);
        }
        out.count(self.producers.len());
        self.producers.iter().for_each(|(id, state)| out.producer(id, state));
        if is_cleaned || self.remote_start.is_some() {
            out.i64(self.clean_below.0);
            out.0.extend_from_slice(&self.swaps.to_be_bytes());
        }
        if let Some(start) = self.remote_start {
            out.i64(start.0);
        }
        out.0
    }

    /// Reads what [`TailCheckpoint::encode`] wrote.
    ///
    /// # Errors
    /// Another version, or bytes that do not follow the format.
    pub fn decode(bytes: &[u8]) -> Result<TailCheckpoint, TailCheckpointError> {
        let mut input = Reader { bytes, at: 0 };
        let [version] = input.take::<1>()?;
        if !(VERSION..=VERSION_TIERED).contains(&version) {
            return Err(TailCheckpointError::Version(version));
        }
        let topic = input.string()?;
        let topic_id = TopicId(Uuid::from_u128(u128::from_be_bytes(input.take()?)));
        let identity = LogIdentity { topic, topic_id, partition: input.i32()? };
        let log_start_offset = Offset(input.i64()?);
        let recovery_point = Offset(input.i64()?);
        let segments = input.list(Reader::segment)?;
        let epochs = input.list(|input| {
            Ok(EpochEntry { epoch: LeaderEpoch(input.i32()?), start_offset: Offset(input.i64()?) })
        })?;
        let mut producers = ProducerTable::default();
        for (id, state) in input.list(Reader::producer)? {
            producers.restore(id, state);
        }
        let (mut clean_below, mut swaps) = (Offset(0), 0);
        if version >= VERSION_CLEANED {
            (clean_below, swaps) = (Offset(input.i64()?), u64::from_be_bytes(input.take()?));
        }
        let remote_start = if version >= VERSION_TIERED { Some(Offset(input.i64()?)) } else { None };
        if input.at != bytes.len() || segments.is_empty() {
            return Err(TailCheckpointError::Malformed(input.at));
        }
        Ok(TailCheckpoint {
            identity,
            log_start_offset,
            recovery_point,
            segments,
            epochs,
            producers,
            clean_below,
            swaps,
            remote_start,
        })
    }
}

struct Writer(Vec<u8>);

impl Writer {
    fn count(&mut self, count: usize) {
        self.u32(u32::try_from(count).expect("a checkpoint lists fewer than 2^32 things"));
    }

    fn u32(&mut self, value: u32) {
        self.0.extend_from_slice(&value.to_be_bytes());
    }

    fn i32(&mut self, value: i32) {
        self.0.extend_from_slice(&value.to_be_bytes());
    }

    fn i64(&mut self, value: i64) {
        self.0.extend_from_slice(&value.to_be_bytes());
    }

    fn index(&mut self, index: IndexSummary) {
        self.u32(index.len);
        self.u32(index.crc);
    }

    fn segment(&mut self, segment: &SegmentSummary) {
        self.i64(segment.base_offset.0);
        self.i64(segment.next_offset.0);
        self.0.extend_from_slice(&segment.size.to_be_bytes());
        self.i64(segment.max_timestamp);
        self.i64(segment.max_timestamp_offset.0);
        self.i64(segment.first_timestamp);
        self.i64(segment.created_ms);
        self.i64(segment.indexed_timestamp);
        self.u32(segment.since_index);
        self.index(segment.offsets);
        self.index(segment.times);
        self.index(segment.transactions);
    }

    fn producer(&mut self, id: ProducerId, state: &ProducerState) {
        self.i64(id.0);
        self.0.extend_from_slice(&state.epoch.0.to_be_bytes());
        self.i32(state.coordinator_epoch);
        self.i64(state.last_timestamp);
        self.i64(state.transaction_start.map_or(-1, |offset| offset.0));
        self.count(state.batches().len());
        for batch in state.batches() {
            self.i32(batch.last_sequence);
            self.i64(batch.last_offset.0);
            self.i32(batch.offset_delta);
            self.i64(batch.timestamp);
        }
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

type Read<T> = Result<T, TailCheckpointError>;

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Read<[u8; N]> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let (value, _) = rest.split_first_chunk::<N>().ok_or(TailCheckpointError::Malformed(self.at))?;
        self.at += N;
        Ok(*value)
    }

    fn u32(&mut self) -> Read<u32> {
        Ok(u32::from_be_bytes(self.take()?))
    }

    fn i32(&mut self) -> Read<i32> {
        Ok(i32::from_be_bytes(self.take()?))
    }

    fn i64(&mut self) -> Read<i64> {
        Ok(i64::from_be_bytes(self.take()?))
    }

    fn string(&mut self) -> Read<Arc<str>> {
        let len = self.u32()? as usize;
        let malformed = TailCheckpointError::Malformed(self.at);
        let end = self.at.checked_add(len).ok_or(malformed)?;
        let bytes = self.bytes.get(self.at..end).ok_or(malformed)?;
        self.at = end;
        std::str::from_utf8(bytes).map(Arc::from).map_err(|_| malformed)
    }

    /// Reads a count and as many items; an item takes at least a byte, so a false count ends at the end of the input.
    fn list<T>(&mut self, mut item: impl FnMut(&mut Self) -> Read<T>) -> Read<Vec<T>> {
        let count = self.u32()? as usize;
        if count > self.bytes.len() - self.at {
            return Err(TailCheckpointError::Malformed(self.at));
        }
        let mut items = Vec::new();
        for _ in 0..count {
            items.push(item(self)?);
        }
        Ok(items)
    }

    fn index(&mut self) -> Read<IndexSummary> {
        Ok(IndexSummary { len: self.u32()?, crc: self.u32()? })
    }

    fn segment(&mut self) -> Read<SegmentSummary> {
        Ok(SegmentSummary {
            base_offset: Offset(self.i64()?),
            next_offset: Offset(self.i64()?),
            size: u64::from_be_bytes(self.take()?),
            max_timestamp: self.i64()?,
            max_timestamp_offset: Offset(self.i64()?),
            first_timestamp: self.i64()?,
            created_ms: self.i64()?,
            indexed_timestamp: self.i64()?,
            since_index: self.u32()?,
            offsets: self.index()?,
            times: self.index()?,
            transactions: self.index()?,
        })
    }

    fn producer(&mut self) -> Read<(ProducerId, ProducerState)> {
        let id = ProducerId(self.i64()?);
        let epoch = ProducerEpoch(i16::from_be_bytes(self.take()?));
        let coordinator_epoch = self.i32()?;
        let last_timestamp = self.i64()?;
        let start = self.i64()?;
        let batches = self.list(|input| {
            Ok(BatchMetadata {
                last_sequence: input.i32()?,
                last_offset: Offset(input.i64()?),
                offset_delta: input.i32()?.max(0),
                timestamp: input.i64()?,
            })
        })?;
        if batches.len() > RETAINED_BATCHES {
            return Err(TailCheckpointError::Malformed(self.at));
        }
        let transaction = (start >= 0).then_some(Offset(start));
        Ok((id, ProducerState::restored(epoch, coordinator_epoch, last_timestamp, transaction, &batches)))
    }
}
