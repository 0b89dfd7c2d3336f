//! What becomes of one batch in a cleaning. Pure.
//!
//! A record stays if it is the last one of its key, or not looked at yet. A tombstone that is the last of its key stays
//! until its delete horizon, which is set when all that is older has gone (KIP-534). Batches keep their first and last
//! offset, their epoch and their producer's sequences; where no record is left, the last batch of a producer and the last
//! of a segment stay as headers. Transactional batches and markers stay as they are, and so does every tombstone behind
//! one: what it deletes may be in there.

use std::collections::BTreeMap;
use std::ops::Range;

use broker_protocol::batch_builder::BatchBuilder;
use broker_protocol::compression::Compression;
use broker_protocol::record::{Record, RecordError};
use broker_protocol::record_batch::{
    BatchHeader, NO_TIMESTAMP, RecordBatch, TimestampType, assemble, without_records,
};
use broker_protocol::types::Offset;
use broker_protocol::validate::DECOMPRESSED_BYTES_MAX;

use super::offset_map::OffsetMap;
use crate::log_config::LogConfig;

/// Offset of the last record of each producer that the log knows, by producer id.
pub(crate) type LastOffsets = BTreeMap<i64, Offset>;

/// What a cleaning goes by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules<'a> {
    /// The last offset of each key, of the records that are dirty and below `end`.
    pub(crate) map: &'a OffsetMap,
    /// Offset behind all that is looked at.
    pub(crate) end: Offset,
    /// Wall clock, milliseconds since 1970.
    pub(crate) now_ms: i64,
    /// The log's settings.
    pub(crate) config: &'a LogConfig,
    /// What the log's producers wrote last.
    pub(crate) last_offsets: &'a LastOffsets,
}

/// What becomes of a batch.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Verdict {
    /// It stays as it is.
    Keep,
    /// It goes.
    Drop,
    /// This takes its place.
    Replace(Vec<u8>),
}

/// What a cleaning has seen so far; it goes through a log in the order of offsets.
#[derive(Debug, Default)]
pub(crate) struct Filter {
    has_seen_transaction: bool,
    /// Where the records that stay are in the content of the batch under way; kept for its capacity.
    kept: Vec<Range<usize>>,
    /// Records looked at.
    pub(crate) records: u64,
    /// Of these, how many have gone.
    pub(crate) removed: u64,
}

/// What is known once all records of a batch were looked at.
#[derive(Clone, Copy, Debug)]
struct Found {
    records: i32,
    max_timestamp: i64,
    /// Milliseconds from the base timestamp to the first record that stays.
    first_delta: i64,
    has_tombstone: bool,
}

impl Filter {
    /// Judges a batch. `is_last` says that no batch of its segment comes after it.
    ///
    /// # Errors
    /// Its records cannot be read.
    pub(crate) fn judge(
        &mut self,
        batch: &RecordBatch<'_>,
        is_last: bool,
        rules: &Rules<'_>,
    ) -> Result<Verdict, RecordError> {
        let header = &batch.header;
        self.has_seen_transaction |= header.is_transactional();
        if header.base_offset >= rules.end || header.is_control() || header.is_transactional() {
            return Ok(Verdict::Keep);
        }
        let holds_place =
            is_last || rules.last_offsets.get(&header.producer_id.0) == Some(&header.last_offset());
        if header.record_count == 0 {
            return Ok(if holds_place { Verdict::Keep } else { Verdict::Drop });
        }
        let content = batch.decompress(DECOMPRESSED_BYTES_MAX)?;
        let found = self.look_through(batch, &content, rules)?;
        self.records += u64::try_from(header.record_count).unwrap_or(0);
        self.removed += u64::try_from(header.record_count - found.records).unwrap_or(0);
        let has_all_behind_it = header.last_offset() < rules.end;
        let horizon = (found.has_tombstone && has_all_behind_it && !header.has_delete_horizon())
            .then(|| rules.now_ms.saturating_add(rules.config.delete_retention_ms));
        if found.records == 0 {
            return Ok(if holds_place { Verdict::Replace(without_records(header)) } else { Verdict::Drop });
        }
        if found.records == header.record_count && horizon.is_none() {
            return Ok(Verdict::Keep);
        }
        let is_rebased = horizon.is_some()
            || (found.first_delta != 0
                && !header.has_delete_horizon()
                && header.timestamp_type() == TimestampType::CreateTime);
        let bytes = if is_rebased {
            self.encode_anew(batch, &content, horizon, rules.config)?
        } else {
            self.take_over(batch, &content, &found, rules.config)?
        };
        Ok(Verdict::Replace(bytes))
    }

    /// Notes in `kept` which records stay.
    fn look_through(
        &mut self,
        batch: &RecordBatch<'_>,
        content: &[u8],
        rules: &Rules<'_>,
    ) -> Result<Found, RecordError> {
        let header = &batch.header;
        let mut found =
            Found { records: 0, max_timestamp: NO_TIMESTAMP, first_delta: 0, has_tombstone: false };
        let mut kept = std::mem::take(&mut self.kept);
        kept.clear();
        let looked = each_record(batch, content, |record, place| {
            if !self.stays(record, header, rules) {
                return;
            }
            if found.records == 0 {
                found.first_delta = record.timestamp_delta;
            }
            found.records += 1;
            found.max_timestamp = found.max_timestamp.max(record.timestamp_ms(header));
            found.has_tombstone |= record.value.is_none();
            match kept.last_mut() {
                Some(last) if last.end == place.start => last.end = place.end,
                _ => kept.push(place),
            }
        });
        self.kept = kept;
        looked.map(|()| found)
    }

    fn stays(&self, record: &Record<'_>, header: &BatchHeader, rules: &Rules<'_>) -> bool {
        let offset = record.offset(header);
        if offset >= rules.end {
            return true;
        }
        // From before the topic was compacted; as in Kafka, nothing can ever take its place.
        let Some(key) = record.key else { return false };
        if rules.map.has_later(key, offset) {
            return false;
        }
        let is_due = || header.has_delete_horizon() && rules.now_ms >= header.base_timestamp;
        record.value.is_some() || self.has_seen_transaction || !is_due()
    }

    /// The batch with the records that stay, byte for byte.
    fn take_over(
        &self,
        batch: &RecordBatch<'_>,
        content: &[u8],
        found: &Found,
        config: &LogConfig,
    ) -> Result<Vec<u8>, RecordError> {
        let compression = batch.header.compression()?;
        let mut records = Vec::with_capacity(self.kept.iter().map(Range::len).sum());
        self.kept.iter().for_each(|range| records.extend_from_slice(&content[range.clone()]));
        let header = BatchHeader {
            record_count: found.records,
            max_timestamp: match batch.header.timestamp_type() {
                TimestampType::CreateTime => found.max_timestamp,
                TimestampType::LogAppendTime => batch.header.max_timestamp,
            },
            ..batch.header
        };
        let level = config.compression_level(compression);
        Ok(match compression {
            Compression::None => assemble(&header, &records),
            compression => assemble(&header, &compression.compress(&records, level)),
        })
    }

    /// The batch with the records that stay, their times told from another base: the first of them, or the delete horizon.
    fn encode_anew(
        &self,
        batch: &RecordBatch<'_>,
        content: &[u8],
        horizon: Option<i64>,
        config: &LogConfig,
    ) -> Result<Vec<u8>, RecordError> {
        let header = &batch.header;
        let compression = header.compression()?;
        let mut builder = BatchBuilder::new(compression)
            .producer(header.producer_id, header.producer_epoch, header.base_sequence)
            .base_offset(header.base_offset)
            .leader_epoch(header.partition_leader_epoch);
        if header.timestamp_type() == TimestampType::LogAppendTime {
            builder = builder.append_time(header.max_timestamp);
        }
        if let Some(level) = config.compression_level(compression) {
            builder = builder.compression_level(level);
        }
        if let Some(horizon) = horizon {
            builder = builder.delete_horizon(horizon);
        }
        let mut kept = self.kept.iter().peekable();
        each_record(batch, content, |record, place| {
            while kept.next_if(|range| range.end <= place.start).is_some() {}
            if kept.peek().is_some_and(|range| range.start <= place.start) {
                let headers: Vec<_> = record.headers.collect();
                let timestamp_ms = record.timestamp_ms(header);
                builder.push_at(record.offset_delta, timestamp_ms, record.key, record.value, &headers);
            }
        })?;
        builder.set_last_offset_delta(header.last_offset_delta);
        Ok(builder.build())
    }
}

/// Notes the keys of a batch's records from `from` on.
///
/// # Errors
/// Its records cannot be read.
pub(crate) fn note_keys(
    map: &mut OffsetMap,
    batch: &RecordBatch<'_>,
    from: Offset,
) -> Result<(), RecordError> {
    let header = &batch.header;
    if header.is_control() || header.is_transactional() || header.record_count == 0 {
        return Ok(());
    }
    let content = batch.decompress(DECOMPRESSED_BYTES_MAX)?;
    each_record(batch, &content, |record, _| {
        let offset = record.offset(header);
        if let Some(key) = record.key
            && offset >= from
        {
            map.note(key, offset);
        }
    })
}

/// Calls `visit` with the records of a batch and where each is in its content.
///
/// # Errors
/// Their form is wrong, or their offsets: nobody has looked at what was compressed before the topic was compacted.
fn each_record(
    batch: &RecordBatch<'_>,
    content: &[u8],
    mut visit: impl FnMut(&Record<'_>, Range<usize>),
) -> Result<(), RecordError> {
    let mut records = batch.records(content);
    let (mut from, mut index, mut delta_min) = (0, 0, 0_i64);
    let delta_max = i64::from(batch.header.last_offset_delta);
    while let Some(record) = records.next() {
        let record = record?;
        let delta = i64::from(record.offset_delta);
        if !(delta_min..=delta_max).contains(&delta) {
            return Err(RecordError::Malformed { index, field: "offset delta" });
        }
        let to = content.len() - records.bytes_left();
        visit(&record, from..to);
        (from, index, delta_min) = (to, index + 1, delta + 1);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
