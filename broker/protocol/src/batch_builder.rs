//! Builds record batches: for the broker's own topics, for compaction and for tests.
//!
//! Offsets are relative to a base offset that the log sets on append. Timestamps are relative to the first record's.

use crate::compression::Compression;
use crate::record_batch::{
    BATCH_HEADER_BYTES, BatchHeader, CONTROL_BIT, DELETE_HORIZON_BIT, LOG_APPEND_TIME_BIT, MAGIC_V2,
    NO_SEQUENCE, NO_TIMESTAMP, TRANSACTIONAL_BIT, TimestampType, assemble,
};
use crate::types::{LeaderEpoch, Offset, ProducerEpoch, ProducerId};

/// Most bytes a varint of 64 bits takes.
const VARLONG_BYTES_MAX: usize = 10;

/// A header of a record: key and value, of which `None` is null.
pub type RecordHeader<'a> = (&'a [u8], Option<&'a [u8]>);

/// A batch in the making. Set the flags, push records in order of their offsets, then `build`.
#[derive(Clone, Debug)]
pub struct BatchBuilder {
    compression: Compression,
    compression_level: Option<i32>,
    header: BatchHeader,
    has_timestamp: bool,
    records: Vec<u8>,
    /// Body of the record being written, kept for its capacity.
    body: Vec<u8>,
}

impl BatchBuilder {
    /// An empty batch without producer, with offset 0 and CreateTime.
    #[must_use]
    pub fn new(compression: Compression) -> BatchBuilder {
        let header = BatchHeader {
            base_offset: Offset(0),
            batch_length: 0,
            partition_leader_epoch: LeaderEpoch::NONE,
            magic: MAGIC_V2,
            crc: 0,
            attributes: i16::from(compression.id()),
            last_offset_delta: -1,
            base_timestamp: NO_TIMESTAMP,
            max_timestamp: NO_TIMESTAMP,
            producer_id: ProducerId::NONE,
            producer_epoch: ProducerEpoch::NONE,
            base_sequence: NO_SEQUENCE,
            record_count: 0,
        };
        BatchBuilder {
            compression,
            compression_level: None,
            header,
            has_timestamp: false,
            records: Vec::new(),
            body: Vec::new(),
        }
    }

    /// Sets the level for gzip and zstd.
    #[must_use]
    pub fn compression_level(mut self, level: i32) -> BatchBuilder {
        self.compression_level = Some(level);
        self
    }

    /// Sets the producer and the sequence of the first record (-1 for none).
    #[must_use]
    pub fn producer(mut self, id: ProducerId, epoch: ProducerEpoch, base_sequence: i32) -> BatchBuilder {
        self.header.producer_id = id;
        self.header.producer_epoch = epoch;
        self.header.base_sequence = base_sequence;
        self
    }

    /// Makes the batch part of its producer's transaction.
    #[must_use]
    pub fn transactional(mut self) -> BatchBuilder {
        self.header.attributes |= TRANSACTIONAL_BIT;
        self
    }

    /// Makes the batch one of control records.
    #[must_use]
    pub fn control(mut self) -> BatchBuilder {
        self.header.attributes |= CONTROL_BIT;
        self
    }

    /// Sets the offset that offset deltas count from.
    #[must_use]
    pub fn base_offset(mut self, base_offset: Offset) -> BatchBuilder {
        self.header.base_offset = base_offset;
        self
    }

    /// Sets the epoch of the leader that appends.
    #[must_use]
    pub fn leader_epoch(mut self, leader_epoch: LeaderEpoch) -> BatchBuilder {
        self.header.partition_leader_epoch = leader_epoch;
        self
    }

    /// Makes `now_ms` the time of every record (LogAppendTime), whatever the records say.
    #[must_use]
    pub fn append_time(mut self, now_ms: i64) -> BatchBuilder {
        self.header.attributes |= LOG_APPEND_TIME_BIT;
        self.header.max_timestamp = now_ms;
        self
    }

    /// Sets the time from which the batch's tombstones may go (KIP-534). It takes the place of the base timestamp, so
    /// it comes before the first record.
    ///
    /// # Panics
    /// If a record was pushed already.
    #[must_use]
    pub fn delete_horizon(mut self, delete_horizon_ms: i64) -> BatchBuilder {
        assert!(self.is_empty(), "the delete horizon is set before the first record");
        self.header.attributes |= DELETE_HORIZON_BIT;
        self.header.base_timestamp = delete_horizon_ms;
        self.has_timestamp = true;
        self
    }

    /// Appends a record at the next offset. `timestamp_ms` is in milliseconds since 1970, -1 for none.
    pub fn push(
        &mut self,
        timestamp_ms: i64,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: &[RecordHeader<'_>],
    ) {
        self.push_at(self.header.last_offset_delta + 1, timestamp_ms, key, value, headers);
    }

    /// Appends a record at an offset delta that may leave a gap, as compaction does.
    ///
    /// # Panics
    /// If `offset_delta` is not above the last one, or a key, value or the batch reaches 2 GiB.
    pub fn push_at(
        &mut self,
        offset_delta: i32,
        timestamp_ms: i64,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: &[RecordHeader<'_>],
    ) {
        let last = self.header.last_offset_delta;
        assert!(offset_delta > last, "offset delta {offset_delta} follows {last}");
        if !self.has_timestamp {
            self.header.base_timestamp = timestamp_ms;
            self.has_timestamp = true;
        }
        self.body.clear();
        self.body.push(0);
        put_varlong(&mut self.body, timestamp_ms.wrapping_sub(self.header.base_timestamp));
        put_varlong(&mut self.body, i64::from(offset_delta));
        put_nullable_bytes(&mut self.body, key);
        put_nullable_bytes(&mut self.body, value);
        put_length(&mut self.body, headers.len());
        for (key, value) in headers {
            put_nullable_bytes(&mut self.body, Some(key));
            put_nullable_bytes(&mut self.body, *value);
        }
        put_length(&mut self.records, self.body.len());
        self.records.extend_from_slice(&self.body);
        self.header.last_offset_delta = offset_delta;
        self.header.record_count += 1;
        if self.header.timestamp_type() == TimestampType::CreateTime {
            self.header.max_timestamp = self.header.max_timestamp.max(timestamp_ms);
        }
    }

    /// Sets the last offset delta beyond the last record, so that a batch keeps its offsets after compaction took
    /// records from its end, or all.
    ///
    /// # Panics
    /// If a record has a larger offset delta.
    pub fn set_last_offset_delta(&mut self, last_offset_delta: i32) {
        let last = self.header.last_offset_delta;
        assert!(
            last_offset_delta >= last,
            "last offset delta {last_offset_delta} is below a record's, {last}"
        );
        self.header.last_offset_delta = last_offset_delta;
    }

    /// Whether no record was pushed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.header.record_count == 0
    }

    /// Records pushed.
    #[must_use]
    pub fn record_count(&self) -> i32 {
        self.header.record_count
    }

    /// Bytes that the batch has before compression.
    #[must_use]
    pub fn uncompressed_bytes(&self) -> usize {
        BATCH_HEADER_BYTES + self.records.len()
    }

    /// The finished batch.
    ///
    /// # Panics
    /// If it is larger than 2 GiB.
    #[must_use]
    pub fn build(self) -> Vec<u8> {
        if self.compression == Compression::None {
            return assemble(&self.header, &self.records);
        }
        assemble(&self.header, &self.compression.compress(&self.records, self.compression_level))
    }
}

fn put_nullable_bytes(out: &mut Vec<u8>, bytes: Option<&[u8]>) {
    match bytes {
        None => put_varlong(out, -1),
        Some(bytes) => {
            put_length(out, bytes.len());
            out.extend_from_slice(bytes);
        }
    }
}

fn put_length(out: &mut Vec<u8>, length: usize) {
    let length = i32::try_from(length).expect("a part of a record is smaller than 2 GiB");
    put_varlong(out, i64::from(length));
}

/// Zigzag, seven bits a byte. Numbers of 32 bits have the same form.
fn put_varlong(out: &mut Vec<u8>, value: i64) {
    let mut raw = (value << 1).cast_unsigned() ^ (value >> 63).cast_unsigned();
    for _ in 1..VARLONG_BYTES_MAX {
        if raw < 0x80 {
            break;
        }
        out.push((raw & 0x7f) as u8 | 0x80);
        raw >>= 7;
    }
    out.push(raw as u8);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Records;
    use crate::record_batch::RecordBatch;

    #[test]
    fn built_batch_reads_back_in_every_compression() {
        for compression in Compression::ALL {
            let mut builder =
                BatchBuilder::new(compression).producer(ProducerId(4), ProducerEpoch(2), 10).transactional();
            builder.push(1000, Some(b"k"), None, &[(b"h", None), (b"i", Some(b"v"))]);
            builder.push(900, None, Some(b"value"), &[]);
            let bytes = builder.build();
            let (batch, rest) = RecordBatch::parse(&bytes).unwrap();
            assert!(rest.is_empty());
            batch.verify_crc().unwrap();
            let header = batch.header;
            assert_eq!(header.compression(), Ok(compression));
            assert_eq!(
                (header.base_timestamp, header.max_timestamp, header.last_sequence()),
                (1000, 1000, 11)
            );
            let content = batch.decompress(1 << 20).unwrap();
            let records: Vec<_> = batch.records(&content).map(Result::unwrap).collect();
            assert_eq!((records[0].key, records[0].value), (Some(&b"k"[..]), None));
            let headers: Vec<_> = records[0].headers.collect();
            assert_eq!(headers, [(&b"h"[..], None), (&b"i"[..], Some(&b"v"[..]))]);
            assert_eq!((records[1].key, records[1].value), (None, Some(&b"value"[..])));
            assert_eq!((records[1].timestamp_ms(&header), records[1].offset(&header)), (900, Offset(1)));
        }
    }

    #[test]
    fn gaps_and_a_later_last_offset_are_kept() {
        let mut builder = BatchBuilder::new(Compression::None).base_offset(Offset(100)).delete_horizon(50);
        builder.push_at(3, 70, Some(b"k"), None, &[]);
        builder.set_last_offset_delta(9);
        let bytes = builder.build();
        let (batch, _) = RecordBatch::parse(&bytes).unwrap();
        assert_eq!((batch.header.last_offset(), batch.header.record_count), (Offset(109), 1));
        assert!(batch.header.has_delete_horizon());
        let record = batch.records(batch.record_bytes()).next().unwrap().unwrap();
        assert_eq!((record.offset(&batch.header), record.timestamp_ms(&batch.header)), (Offset(103), 70));
    }

    #[test]
    fn extreme_timestamps_survive() {
        for timestamp in [0, i64::MAX, i64::MIN, -1] {
            let mut builder = BatchBuilder::new(Compression::None);
            builder.push(0, None, None, &[]);
            builder.push(timestamp, None, None, &[]);
            let record = Records::new(&builder.records, 2).nth(1).unwrap().unwrap();
            assert_eq!(record.timestamp_delta, timestamp);
        }
    }
}
