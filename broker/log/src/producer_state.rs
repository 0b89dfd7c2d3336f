//! What a partition knows of its idempotent and transactional producers: the last five batches of each, for telling a
//! retry from a gap, and the open transactions, for the last stable offset. Pure: no disk, no clock.
//!
//! A producer is checked before an append (`check`) and noted after it (`apply_data`, `apply_marker`), so a failed
//! write leaves no trace but that the batches behind it are refused too. Rules as in Kafka: KIP-98, KIP-360 (no state left: any first sequence is accepted).

mod refused;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use broker_protocol::record_batch::{BatchHeader, NO_SEQUENCE, RecordBatch, increment_sequence};
use broker_protocol::types::{Offset, ProducerEpoch, ProducerId};
use thiserror::Error;

use crate::append::marker_of;

pub use refused::{RefusedBatches, refusable};

/// Batches per producer among which a retry is recognised: a client may have five requests in flight.
pub const RETAINED_BATCHES: usize = 5;

/// One appended batch of a producer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct BatchMetadata {
    /// Sequence of the last record, -1 for none.
    pub last_sequence: i32,
    /// Offset of the last record.
    pub last_offset: Offset,
    /// Last offset minus first offset.
    pub offset_delta: i32,
    /// Max timestamp of the batch, in milliseconds since 1970.
    pub timestamp: i64,
}

impl BatchMetadata {
    /// Offset of the first record.
    #[must_use]
    pub fn first_offset(&self) -> Offset {
        Offset(self.last_offset.0 - i64::from(self.offset_delta))
    }

    /// Sequence of the first record, -1 for none.
    #[must_use]
    pub fn first_sequence(&self) -> i32 {
        if self.last_sequence == NO_SEQUENCE {
            return NO_SEQUENCE;
        }
        let delta = self.offset_delta;
        if self.last_sequence >= delta {
            self.last_sequence - delta
        } else {
            // The batch began before the wrap: go forward by 2^31 - delta instead of back by delta.
            increment_sequence(increment_sequence(self.last_sequence, i32::MAX - delta), 1)
        }
    }
}

/// What is known of one producer id.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ProducerState {
    /// The newest epoch seen, -1 for none.
    pub epoch: ProducerEpoch,
    /// Epoch of the coordinator that wrote the newest transaction marker, -1 for none.
    pub coordinator_epoch: i32,
    /// Timestamp of the newest batch or marker, or when it was appended if that is later; milliseconds since 1970.
    pub last_timestamp: i64,
    /// First offset of the open transaction.
    pub transaction_start: Option<Offset>,
    batches: [BatchMetadata; RETAINED_BATCHES],
    retained: u8,
}

impl ProducerState {
    fn new(epoch: ProducerEpoch) -> ProducerState {
        ProducerState {
            epoch,
            coordinator_epoch: -1,
            last_timestamp: -1,
            transaction_start: None,
            batches: [BatchMetadata::default(); RETAINED_BATCHES],
            retained: 0,
        }
    }

    /// A producer as a snapshot tells it; only the newest [`RETAINED_BATCHES`] of `batches` (oldest first) are kept.
    #[must_use]
    pub fn restored(
        epoch: ProducerEpoch,
        coordinator_epoch: i32,
        last_timestamp: i64,
        transaction_start: Option<Offset>,
        batches: &[BatchMetadata],
    ) -> ProducerState {
        let mut state = ProducerState::new(epoch);
        for &batch in batches {
            state.push(batch);
        }
        ProducerState { coordinator_epoch, last_timestamp, transaction_start, ..state }
    }

    /// The batches that are remembered, oldest first.
    #[must_use]
    pub fn batches(&self) -> &[BatchMetadata] {
        &self.batches[..usize::from(self.retained)]
    }

    /// Sequence of the newest record, -1 for none.
    #[must_use]
    pub fn last_sequence(&self) -> i32 {
        self.batches().last().map_or(NO_SEQUENCE, |batch| batch.last_sequence)
    }

    fn push(&mut self, batch: BatchMetadata) {
        if usize::from(self.retained) == RETAINED_BATCHES {
            self.batches.rotate_left(1);
            self.retained -= 1;
        }
        self.batches[usize::from(self.retained)] = batch;
        self.retained += 1;
    }

    fn adopt_epoch(&mut self, epoch: ProducerEpoch) {
        if self.epoch != epoch {
            self.epoch = epoch;
            self.retained = 0;
        }
    }
}

/// Why a producer's batch is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum ProducerError {
    /// A newer incarnation of the producer has written. INVALID_PRODUCER_EPOCH.
    #[error("producer {producer_id} epoch {epoch} is older than its current epoch {current}")]
    StaleEpoch {
        /// The producer.
        producer_id: i64,
        /// Epoch of the batch.
        epoch: i16,
        /// Epoch known to the log.
        current: i16,
    },
    /// Records before this batch are missing. OUT_OF_ORDER_SEQUENCE_NUMBER.
    #[error("producer {producer_id} sent sequence {sequence} after {last_sequence}")]
    OutOfOrderSequence {
        /// The producer.
        producer_id: i64,
        /// First sequence of the batch.
        sequence: i32,
        /// Last sequence known to the log, -1 for none.
        last_sequence: i32,
    },
    /// A non-transactional batch in an open transaction. INVALID_TXN_STATE.
    #[error("producer {producer_id} sent a non-transactional batch inside its transaction")]
    NotTransactional {
        /// The producer.
        producer_id: i64,
    },
    /// The marker of a coordinator that was replaced. TRANSACTION_COORDINATOR_FENCED.
    #[error("marker for producer {producer_id} has coordinator epoch {epoch}, newer is {current}")]
    CoordinatorFenced {
        /// The producer.
        producer_id: i64,
        /// Coordinator epoch of the marker.
        epoch: i32,
        /// Newest coordinator epoch known to the log.
        current: i32,
    },
}

/// What [`ProducerTable::check`] finds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Check {
    /// Append it.
    New,
    /// It is in the log already.
    Duplicate(BatchMetadata),
}

/// A transaction that a marker ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CompletedTransaction {
    /// Its producer.
    pub producer_id: ProducerId,
    /// Offset of its first record.
    pub first_offset: Offset,
    /// Offset of the marker.
    pub last_offset: Offset,
    /// Whether it was aborted.
    pub aborted: bool,
    /// The first offset of a transaction that is still open, or the offset after the marker.
    pub last_stable_offset: Offset,
}

/// An end-of-transaction marker, as read from its control record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Marker {
    /// Whether it commits; otherwise it aborts.
    pub commit: bool,
    /// Epoch of the coordinator that wrote it.
    pub coordinator_epoch: i32,
}

/// The producers of one log.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ProducerTable {
    // Boxed: a B-tree node holds eleven values, and most logs have no or one producer.
    producers: BTreeMap<i64, Box<ProducerState>>,
    /// First offset of each open transaction, with its producer.
    open: BTreeMap<Offset, ProducerId>,
    /// First offset and marker offset of transactions whose marker is not below the high watermark yet.
    ended: BTreeMap<Offset, Offset>,
    /// What was refused of producers that are not known.
    refused: RefusedBatches,
}

impl ProducerTable {
    /// Judges a client's data batch before it is appended. Batches without a producer id are not this table's.
    ///
    /// # Errors
    /// `StaleEpoch`, `OutOfOrderSequence`, `NotTransactional`.
    pub fn check(&self, header: &BatchHeader) -> Result<Check, ProducerError> {
        let producer_id = header.producer_id.0;
        let Some(state) = self.producers.get(&producer_id) else { return self.check_unknown(header) };
        if header.producer_epoch == state.epoch
            && let Some(batch) = find_duplicate(state, header)
        {
            return Ok(Check::Duplicate(batch));
        }
        self.check_epoch(header.producer_id, header.producer_epoch)?;
        let out_of_order = |last_sequence| {
            let sequence = header.base_sequence;
            Err(ProducerError::OutOfOrderSequence { producer_id, sequence, last_sequence })
        };
        if header.producer_epoch != state.epoch {
            if header.base_sequence != 0 && state.epoch != ProducerEpoch::NONE {
                return out_of_order(NO_SEQUENCE);
            }
        } else if !follows(state.last_sequence(), header.base_sequence) {
            return out_of_order(state.last_sequence());
        }
        self.check_transaction(header)?;
        Ok(Check::New)
    }

    /// Any sequence may be the first, but one behind a batch that was refused.
    fn check_unknown(&self, header: &BatchHeader) -> Result<Check, ProducerError> {
        if self.refused.precede(header) {
            let (producer_id, sequence) = (header.producer_id.0, header.base_sequence);
            let last_sequence = NO_SEQUENCE;
            return Err(ProducerError::OutOfOrderSequence { producer_id, sequence, last_sequence });
        }
        Ok(Check::New)
    }

    /// Notes a batch that was refused, for whatever reason: see [`RefusedBatches`].
    pub fn note_refused(&mut self, header: &BatchHeader) {
        if !self.producers.contains_key(&header.producer_id.0) {
            self.refused.note(header);
        }
    }

    /// Notes what was refused before there was a log.
    pub fn adopt_refused(&mut self, refused: &RefusedBatches) {
        self.refused.note_all(refused);
    }

    /// Refuses an epoch older than the newest seen.
    ///
    /// # Errors
    /// `StaleEpoch`.
    pub fn check_epoch(&self, producer_id: ProducerId, epoch: ProducerEpoch) -> Result<(), ProducerError> {
        match self.producers.get(&producer_id.0) {
            Some(state) if epoch < state.epoch => Err(ProducerError::StaleEpoch {
                producer_id: producer_id.0,
                epoch: epoch.0,
                current: state.epoch.0,
            }),
            _ => Ok(()),
        }
    }

    /// Refuses a non-transactional batch of a producer with an open transaction.
    ///
    /// # Errors
    /// `NotTransactional`.
    pub fn check_transaction(&self, header: &BatchHeader) -> Result<(), ProducerError> {
        match self.producers.get(&header.producer_id.0) {
            Some(state) if state.transaction_start.is_some() && !header.is_transactional() => {
                Err(ProducerError::NotTransactional { producer_id: header.producer_id.0 })
            }
            _ => Ok(()),
        }
    }

    /// Judges a marker before it is appended.
    ///
    /// # Errors
    /// `StaleEpoch`, `CoordinatorFenced`.
    pub fn check_marker(&self, header: &BatchHeader, marker: Marker) -> Result<(), ProducerError> {
        self.check_epoch(header.producer_id, header.producer_epoch)?;
        match self.producers.get(&header.producer_id.0) {
            Some(state) if state.coordinator_epoch > marker.coordinator_epoch => {
                Err(ProducerError::CoordinatorFenced {
                    producer_id: header.producer_id.0,
                    epoch: marker.coordinator_epoch,
                    current: state.coordinator_epoch,
                })
            }
            _ => Ok(()),
        }
    }

    /// Notes a batch of the log, of any kind. Returns the transaction that it ends.
    pub fn apply(&mut self, batch: &RecordBatch<'_>) -> Option<CompletedTransaction> {
        let header = &batch.header;
        if !header.has_producer_id() {
            return None;
        }
        if header.is_control() {
            return self.apply_marker(header, marker_of(batch)?);
        }
        self.apply_data(header);
        None
    }

    /// Notes a data batch that is in the log; its header has final offsets.
    pub fn apply_data(&mut self, header: &BatchHeader) {
        self.refused.forget(header.producer_id);
        let state = match self.producers.entry(header.producer_id.0) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(vacant) => vacant.insert(Box::new(ProducerState::new(header.producer_epoch))),
        };
        state.adopt_epoch(header.producer_epoch);
        state.push(BatchMetadata {
            last_sequence: header.last_sequence(),
            last_offset: header.last_offset(),
            offset_delta: header.last_offset_delta,
            timestamp: header.max_timestamp,
        });
        state.last_timestamp = header.max_timestamp;
        if header.is_transactional() && state.transaction_start.is_none() {
            state.transaction_start = Some(header.base_offset);
            self.open.insert(header.base_offset, header.producer_id);
        }
    }

    /// Notes a marker that is in the log. Returns the transaction it ends, if one was open.
    pub fn apply_marker(&mut self, header: &BatchHeader, marker: Marker) -> Option<CompletedTransaction> {
        let state = match self.producers.entry(header.producer_id.0) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(vacant) => vacant.insert(Box::new(ProducerState::new(header.producer_epoch))),
        };
        state.adopt_epoch(header.producer_epoch);
        state.coordinator_epoch = marker.coordinator_epoch;
        state.last_timestamp = header.max_timestamp;
        let first_offset = state.transaction_start.take()?;
        let last_offset = header.base_offset;
        self.open.remove(&first_offset);
        self.ended.insert(first_offset, last_offset);
        let last_stable_offset = self.open.keys().next().copied().unwrap_or(last_offset.plus(1));
        Some(CompletedTransaction {
            producer_id: header.producer_id,
            first_offset,
            last_offset,
            aborted: !marker.commit,
            last_stable_offset,
        })
    }

    /// First offset of the oldest transaction that is open, or whose marker is not below the high watermark that
    /// [`ProducerTable::forget_ended`] was last told.
    #[must_use]
    pub fn first_unstable_offset(&self) -> Option<Offset> {
        let open = self.open.keys().next();
        let ended = self.ended.keys().next();
        open.into_iter().chain(ended).min().copied()
    }

    /// Forgets ended transactions whose marker is below `high_watermark`: they cannot be undone any more.
    pub fn forget_ended(&mut self, high_watermark: Offset) {
        if self.ended.values().any(|&marker| marker < high_watermark) {
            self.ended.retain(|_, marker| *marker >= high_watermark);
        }
    }

    /// Notes that a producer was heard of now. Records may be older than that, as those of a mirror are, and their
    /// producer is not idle for it.
    pub fn touch(&mut self, producer_id: ProducerId, now_ms: i64) {
        if let Some(state) = self.producers.get_mut(&producer_id.0) {
            state.last_timestamp = state.last_timestamp.max(now_ms);
        }
    }

    /// Forgets producers without an open transaction that were idle for `expiration_ms`.
    pub fn expire(&mut self, now_ms: i64, expiration_ms: i64) {
        self.producers.retain(|_, state| {
            state.transaction_start.is_some() || now_ms.saturating_sub(state.last_timestamp) < expiration_ms
        });
    }

    /// Adds what a snapshot tells of a producer.
    pub fn restore(&mut self, producer_id: ProducerId, state: ProducerState) {
        if let Some(first) = state.transaction_start {
            self.open.insert(first, producer_id);
        }
        self.producers.insert(producer_id.0, Box::new(state));
    }

    /// Every producer, by id.
    pub fn iter(&self) -> impl Iterator<Item = (ProducerId, &ProducerState)> {
        self.producers.iter().map(|(&id, state)| (ProducerId(id), state.as_ref()))
    }

    /// Whether no producer is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.producers.is_empty()
    }

    /// Count of known producers.
    #[must_use]
    pub fn len(&self) -> usize {
        self.producers.len()
    }
}

fn find_duplicate(state: &ProducerState, header: &BatchHeader) -> Option<BatchMetadata> {
    let wanted = (header.base_sequence, header.last_sequence());
    state.batches().iter().find(|batch| (batch.first_sequence(), batch.last_sequence) == wanted).copied()
}

/// Whether `next` is the sequence right after `last`, with the wrap from `i32::MAX` to 0.
fn follows(last: i32, next: i32) -> bool {
    if last == i32::MAX { next == 0 } else { next == last + 1 }
}

#[cfg(test)]
mod tests;
