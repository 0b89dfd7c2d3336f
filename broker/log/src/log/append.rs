//! Appending: judge all batches, set offsets and epoch in place, write them with one call, then note them.

use broker_protocol::compression::Compression;
use broker_protocol::record_batch::{
    self, BatchHeader, RecordBatch, TimestampType, batches, set_append_time, set_base_offset,
    set_leader_epoch,
};
use broker_protocol::types::{LeaderEpoch, Offset};
use broker_protocol::validate::{self, DECOMPRESSED_BYTES_MAX, ValidationRules, validate_batch};

use super::PartitionLog;
use crate::append::{AppendError, AppendInfo, AppendOptions, AppendOrigin, Inspection, inspect, marker_of};
use crate::log_config::LogConfig;
use crate::log_error::LogError;
use crate::manager::shared::{is_full, passes};
use crate::producer_state::{BatchMetadata, Check, ProducerTable, RefusedBatches};
use crate::segment::Segment;

impl PartitionLog {
    /// Appends batches as the leader: assigns offsets, `options.leader_epoch` and, where the topic says so, the time.
    /// The bytes of `batches` are changed in place. Nothing is durable yet.
    ///
    /// A batch of an idempotent producer that is among its last five in the log succeeds with its original offsets and
    /// writes nothing.
    ///
    /// # Errors
    /// See [`AppendError`]; only `Storage` leaves a trace. Whoever appends for a producer notes that its batch was refused:
    /// [`PartitionLog::note_refused`].
    pub fn append_as_leader(
        &mut self,
        bytes: &mut [u8],
        options: &AppendOptions,
    ) -> Result<AppendInfo, AppendError> {
        self.check_appendable(options.leader_epoch)?;
        match options.origin {
            AppendOrigin::Client | AppendOrigin::OpenedClient => self.append_produced(bytes, options),
            AppendOrigin::Coordinator | AppendOrigin::Replay => self.append_trusted(bytes, options),
        }
    }

    /// Notes a batch of an idempotent producer that was refused, by an append or before it came to one: see
    /// [`ProducerTable::note_refused`].
    pub fn note_refused(&mut self, header: &BatchHeader) {
        self.producers.note_refused(header);
    }

    /// Notes what was refused before there was this log.
    pub fn adopt_refused(&mut self, refused: &RefusedBatches) {
        self.producers.adopt_refused(refused);
    }

    /// Whether an append under these settings would decompress or compress what a producer sent: for another
    /// compression, or to see that every record of a compacted topic has a key. An append does so by itself, but holding
    /// the log: see [`PartitionLog::open_ahead`].
    #[must_use]
    pub fn wants_opening(config: &LogConfig, bytes: &[u8]) -> bool {
        let Ok(header) = BatchHeader::parse(bytes) else { return false };
        let Ok(source) = header.compression() else { return false };
        let changes = config.compression.is_some_and(|target| target != source);
        let needs_keys = config.cleanup.compact && source != Compression::None;
        !header.is_control() && (changes || needs_keys)
    }

    /// Checks the batch that a producer sent as an append does; needs no log. Returns what is to be appended instead, if
    /// the settings want another compression. Either is appended as [`AppendOrigin::OpenedClient`].
    ///
    /// # Errors
    /// As [`PartitionLog::append_as_leader`] for a batch that cannot be accepted.
    pub fn open_ahead(
        config: &LogConfig,
        bytes: &mut [u8],
        now_ms: i64,
    ) -> Result<Option<Vec<u8>>, AppendError> {
        let mut valid = validate_batch(bytes, &rules(config), validate::AppendOrigin::Client, now_ms)?;
        let mut recompressed = valid.recompressed.take();
        if valid.timestamp_type == TimestampType::CreateTime {
            // The append does not open it again: the largest time that was found goes with it.
            let bytes = recompressed.as_deref_mut().unwrap_or(bytes);
            valid.assign(bytes, Offset(0), LeaderEpoch::NONE);
        }
        Ok(recompressed)
    }

    /// Appends the one batch that a producer sent.
    fn append_produced(
        &mut self,
        bytes: &mut [u8],
        options: &AppendOptions,
    ) -> Result<AppendInfo, AppendError> {
        let mut rules = rules(&self.config);
        rules.compacted &= options.origin == AppendOrigin::Client;
        let mut valid = validate_batch(bytes, &rules, validate::AppendOrigin::Client, options.now_ms)?;
        let mut recompressed = valid.recompressed.take();
        let bytes = recompressed.as_deref_mut().unwrap_or(bytes);
        let limit = self.config.segment_bytes as usize;
        if bytes.len() > limit {
            return Err(AppendError::RecordListTooLarge { size: bytes.len(), limit });
        }
        if valid.header.has_producer_id()
            && let Check::Duplicate(original) = self.producers.check(&valid.header)?
        {
            return Ok(self.duplicate_info(&original));
        }
        let base_offset = self.log_end;
        valid.assign(bytes, base_offset, options.leader_epoch);
        let found = Inspection {
            batches: 1,
            records: u64::try_from(valid.header.record_count).unwrap_or(0),
            span: i64::from(valid.header.last_offset_delta) + 1,
            max_timestamp: valid.max_timestamp_ms,
        };
        self.write(bytes, &found, options.now_ms)?;
        let stamped = valid.timestamp_type == TimestampType::LogAppendTime;
        Ok(self.info(base_offset, stamped.then_some(options.now_ms), &found, bytes.len()))
    }

    /// Appends batches that this broker made or has accepted before.
    fn append_trusted(
        &mut self,
        bytes: &mut [u8],
        options: &AppendOptions,
    ) -> Result<AppendInfo, AppendError> {
        let checked = options.origin == AppendOrigin::Coordinator;
        // What a coordinator has decided is written whatever its size, if need be to a segment of its own.
        let limit = if checked { i32::MAX as usize } else { self.config.segment_bytes as usize };
        let found =
            inspect(bytes, limit, |batch| if checked { judge(&self.producers, batch) } else { Ok(()) })?;
        let stamp = match self.config.timestamp_type {
            TimestampType::LogAppendTime if checked => Some(options.now_ms),
            _ => None,
        };
        let base_offset = self.log_end;
        assign(bytes, base_offset, options.leader_epoch, stamp);
        let found = Inspection { max_timestamp: stamp.unwrap_or(found.max_timestamp), ..found };
        self.write(bytes, &found, options.now_ms)?;
        Ok(self.info(base_offset, stamp, &found, bytes.len()))
    }

    fn info(&self, base_offset: Offset, stamp: Option<i64>, found: &Inspection, bytes: usize) -> AppendInfo {
        AppendInfo {
            base_offset,
            last_offset: Offset(self.log_end.0 - 1),
            log_append_time_ms: stamp.unwrap_or(record_batch::NO_TIMESTAMP),
            log_start_offset: self.log_start_offset(),
            records: found.records,
            bytes: bytes as u64,
            duplicate: false,
        }
    }

    /// Appends batches whose offsets and epochs a leader has assigned; they must begin at or after the log's end.
    ///
    /// # Errors
    /// `OffsetOutOfOrder`, `CorruptMessage` and what concerns the disk; only `Storage` leaves a trace.
    pub fn append_as_follower(&mut self, bytes: &[u8], now_ms: i64) -> Result<AppendInfo, AppendError> {
        self.check_appendable(LeaderEpoch::NONE)?;
        let log_end = self.log_end;
        let (mut expected, mut first) = (log_end, None);
        let mut found = inspect(bytes, self.config.segment_bytes as usize, |batch| {
            let offset = batch.header.base_offset;
            if offset < expected || batch.header.next_offset() <= offset {
                return Err(AppendError::OffsetOutOfOrder { offset, log_end: expected });
            }
            expected = batch.header.next_offset();
            first.get_or_insert(offset);
            Ok(())
        })?;
        found.span = expected.0 - log_end.0;
        self.write(bytes, &found, now_ms)?;
        Ok(self.info(first.unwrap_or(log_end), None, &found, bytes.len()))
    }

    /// Rolls the active segment if it is older than `segment.ms` and not empty, so that retention can reach it.
    ///
    /// # Errors
    /// `Io` if the next segment's file cannot be made.
    pub fn maybe_roll_by_time(&mut self, now_ms: i64) -> Result<bool, LogError> {
        let segment_ms = self.active_ms_max();
        let active = self.active();
        // By the wall clock only: the largest timestamp of an idle segment says nothing about its age.
        let due = active.size > 0 && now_ms.saturating_sub(active.created_ms) > segment_ms;
        if due {
            self.roll(now_ms)?;
        }
        Ok(due)
    }

    fn check_appendable(&self, epoch: LeaderEpoch) -> Result<(), AppendError> {
        if self.broken {
            return Err(AppendError::OutOfService);
        }
        let latest = self.epochs.latest();
        if epoch != LeaderEpoch::NONE && epoch < latest {
            return Err(AppendError::FencedLeaderEpoch { epoch, latest });
        }
        Ok(())
    }

    fn duplicate_info(&self, original: &BatchMetadata) -> AppendInfo {
        let log_append_time_ms = match self.config.timestamp_type {
            TimestampType::LogAppendTime => original.timestamp,
            TimestampType::CreateTime => record_batch::NO_TIMESTAMP,
        };
        AppendInfo {
            base_offset: original.first_offset(),
            last_offset: original.last_offset,
            log_append_time_ms,
            log_start_offset: self.log_start_offset(),
            records: 0,
            bytes: 0,
            duplicate: true,
        }
    }

    /// Writes batches with final headers behind the active segment, which is rolled first if they do not fit.
    fn write(&mut self, bytes: &[u8], found: &Inspection, now_ms: i64) -> Result<(), AppendError> {
        if found.batches == 0 {
            return Ok(());
        }
        if self.must_roll(bytes.len(), found, now_ms) {
            self.roll(now_ms)?;
        }
        let last_offset = Offset(self.log_end.0 + found.span - 1);
        let active = self.active();
        if !active.can_hold(last_offset) {
            let message =
                format!("offsets up to {last_offset} do not fit a segment from {}", active.base_offset);
            return Err(AppendError::CorruptMessage(message));
        }
        let position = active.size;
        let index = self.segments.len() - 1;
        let file = self.with_segment(index, Segment::file)?;
        if let Err(error) = file.write_at(bytes, position) {
            // A full disk may have taken a part, which must not stand behind what is appended once there is room.
            self.broken = !is_full(&error) || file.set_len(position).is_err();
            let path = self.log_path(self.segments[index].base_offset);
            return Err(LogError::io(&path, error).into());
        }
        if self.segments[index].size == 0 {
            self.segments[index].created_ms = now_ms;
        }
        self.segments[index].trusted.add(position, position + bytes.len() as u64);
        for batch in batches(bytes) {
            let batch = batch.expect("the batches were inspected");
            self.note(&batch);
            if batch.header.has_producer_id() {
                self.producers.touch(batch.header.producer_id, now_ms);
            }
        }
        Ok(())
    }

    /// Notes a batch that stands behind the active segment's end.
    pub(super) fn note(&mut self, batch: &RecordBatch<'_>) {
        let header = &batch.header;
        let epoch = header.partition_leader_epoch;
        if epoch > LeaderEpoch::NONE && self.epochs.assign(epoch, header.base_offset) {
            self.epochs_dirty = true;
        }
        let interval = self.config.index_interval_bytes;
        self.active().note_batch(header, interval);
        self.note_producer(batch);
        self.log_end = header.next_offset();
    }

    fn note_producer(&mut self, batch: &RecordBatch<'_>) {
        if let Some(completed) = self.producers.apply(batch)
            && completed.aborted
        {
            self.active().transactions.push(completed.into());
        }
    }

    fn must_roll(&self, bytes: usize, found: &Inspection, now_ms: i64) -> bool {
        let active = self.segments.last().expect("a log always has a segment");
        if !active.can_hold(Offset(self.log_end.0 + found.span - 1)) {
            return true;
        }
        if active.size == 0 {
            return false;
        }
        let age_ms = if active.first_timestamp >= 0 && found.max_timestamp >= 0 {
            found.max_timestamp.saturating_sub(active.first_timestamp)
        } else {
            now_ms.saturating_sub(active.created_ms)
        };
        active.size + bytes as u64 > u64::from(self.config.segment_bytes)
            || age_ms > self.active_ms_max()
            || active.indexes_full(self.config.segment_index_bytes)
    }

    /// Age at which the active segment rolls: `segment.ms`, or `max.compaction.lag.ms` if that is less, less a part of `segment.jitter.ms` that differs from log to
    /// log and from segment to segment, and stays the same for one of them.
    fn active_ms_max(&self) -> i64 {
        let (mut most, jitter) = (self.config.segment_ms, self.config.segment_jitter_ms);
        if self.config.cleanup.compact {
            // An active segment is not cleaned.
            most = most.min(self.config.max_compaction_lag_ms);
        }
        let bound = u64::try_from(jitter.min(most)).unwrap_or(0);
        if bound == 0 {
            return most;
        }
        let base = self.segments.last().map_or(0, |active| active.base_offset.0);
        let (high, low) = self.identity.topic_id.0.as_u64_pair();
        let partition = u64::from(self.identity.partition.unsigned_abs());
        let mixed = (high ^ low ^ partition.rotate_left(32) ^ base.unsigned_abs())
            // Of the golden ratio (Fibonacci hashing): the upper bits depend on all of them.
            .wrapping_mul(0x9E37_79B9_7F4A_7C15)
            >> 16;
        most - i64::try_from(mixed % bound).unwrap_or(0)
    }

    /// Seals the active segment and makes the next one. Index files are written by `finish_rolls`.
    pub(super) fn roll(&mut self, now_ms: i64) -> Result<(), LogError> {
        let mut next = Segment::create(self.files(), self.log_end, now_ms)
            .inspect_err(|error| self.broken = !passes(error))?;
        next.snapshot = Some(crate::producer_snapshot::encode(&self.producers).into_boxed_slice());
        let active = self.active();
        active.index_timestamp();
        active.seal_pending = true;
        self.push_segment(next);
        Ok(())
    }
}

/// Judges a coordinator's batch by what is known of its producer.
fn judge(producers: &ProducerTable, batch: &RecordBatch<'_>) -> Result<(), AppendError> {
    let header = &batch.header;
    if !header.has_producer_id() {
        return Ok(());
    }
    if let Some(marker) = marker_of(batch) {
        return Ok(producers.check_marker(header, marker)?);
    }
    producers.check_epoch(header.producer_id, header.producer_epoch)?;
    Ok(producers.check_transaction(header)?)
}

/// What the topic's settings demand of a batch.
fn rules(config: &LogConfig) -> ValidationRules {
    ValidationRules {
        compacted: config.cleanup.compact,
        timestamp_type: config.timestamp_type,
        timestamp_before_max_ms: config.timestamp_before_max_ms,
        timestamp_after_max_ms: config.timestamp_after_max_ms,
        message_bytes_max: config.max_message_bytes as usize,
        compression: config.compression,
        compression_level: config.compression.and_then(|target| config.compression_level(target)),
        decompressed_bytes_max: DECOMPRESSED_BYTES_MAX,
    }
}

/// Sets offsets, epoch and, if given, the time in batches that were inspected.
fn assign(bytes: &mut [u8], base_offset: Offset, epoch: LeaderEpoch, stamp: Option<i64>) {
    let (mut rest, mut offset) = (bytes, base_offset);
    while !rest.is_empty() {
        let header = BatchHeader::parse(rest).expect("the batches were inspected");
        let (batch, after) = rest.split_at_mut(header.size_in_bytes());
        set_base_offset(batch, offset);
        set_leader_epoch(batch, epoch);
        if let Some(now_ms) = stamp {
            set_append_time(batch, now_ms);
        }
        offset = offset.plus(i64::from(header.last_offset_delta) + 1);
        rest = after;
    }
}
