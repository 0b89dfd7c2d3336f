//! Batches that were refused of producers that are not known: what follows one in its client's window must not be taken
//! for the producer's first. Known producers need no such note, their last sequence tells. In memory only.
//!
//! The rule is that of Kafka's `VerificationStateEntry`: of each producer the lowest sequence in its newest epoch.

use std::collections::BTreeMap;

use broker_protocol::record_batch::{BatchHeader, RecordBatch};
use broker_protocol::types::{ProducerEpoch, ProducerId};

/// Producers that are remembered; the oldest id goes first.
const REFUSED_MAX: usize = 1_000;

/// The refused batches of one partition.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct RefusedBatches {
    /// Epoch and first sequence, by producer.
    lowest: BTreeMap<i64, (ProducerEpoch, i32)>,
}

impl RefusedBatches {
    /// Notes a batch of an idempotent producer.
    pub fn note(&mut self, header: &BatchHeader) {
        self.keep(header.producer_id.0, (header.producer_epoch, header.base_sequence));
    }

    /// Notes what was noted elsewhere.
    pub(super) fn note_all(&mut self, others: &RefusedBatches) {
        for (&producer_id, &batch) in &others.lowest {
            self.keep(producer_id, batch);
        }
    }

    fn keep(&mut self, producer_id: i64, (epoch, sequence): (ProducerEpoch, i32)) {
        let (newest, lowest) = self.lowest.entry(producer_id).or_insert((epoch, sequence));
        if epoch > *newest || (epoch == *newest && sequence < *lowest) {
            (*newest, *lowest) = (epoch, sequence);
        }
        if self.lowest.len() > REFUSED_MAX {
            self.lowest.pop_first();
        }
    }

    /// Whether a batch comes behind one that was refused and has not been written since.
    pub(super) fn precede(&self, header: &BatchHeader) -> bool {
        self.lowest
            .get(&header.producer_id.0)
            .is_some_and(|&(epoch, lowest)| epoch == header.producer_epoch && header.base_sequence > lowest)
    }

    /// Forgets a producer: a batch of it was written.
    pub(super) fn forget(&mut self, producer_id: ProducerId) {
        self.lowest.remove(&producer_id.0);
    }
}

/// The header of what a producer sent, if it is to be noted when it is refused: that of a sound batch with a sequence. What
/// a damaged one says of its producer may be wrong.
#[must_use]
pub fn refusable(bytes: &[u8]) -> Option<BatchHeader> {
    let (batch, _) = RecordBatch::parse(bytes).ok()?;
    let has_sequence = batch.header.has_producer_id() && batch.header.base_sequence >= 0;
    (has_sequence && batch.verify_crc().is_ok()).then_some(batch.header)
}
