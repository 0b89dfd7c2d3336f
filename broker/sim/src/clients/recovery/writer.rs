//! An idempotent producer with one batch on its way.

use std::cell::RefCell;
use std::collections::BTreeMap;

use broker_client::OwnedRecord;
use broker_protocol::batch_builder::BatchBuilder;
use broker_protocol::compression::Compression;
use broker_protocol::error_code::ErrorCode;
use broker_protocol::types::{ProducerEpoch, ProducerId};

use super::ledger::{ANY_EPOCH, Ledger, Placed};
use super::talk::Talk;
use crate::clients::{Partition, payload};
use crate::random::Rng;

/// Most records in a batch.
const RECORDS_MAX: u64 = 4;
/// All answers.
const ACKS: i16 = -1;

/// A producer's life.
#[derive(Clone, Debug)]
pub struct Writer {
    pub(super) id: ProducerId,
    pub(super) epoch: ProducerEpoch,
    pub(super) sequences: BTreeMap<Partition, i32>,
    /// Longest payload in bytes.
    pub(super) payload_max: u64,
}

/// A batch and what is in it, with offsets from 0 on.
struct Batch {
    records: Vec<OwnedRecord>,
    sequence: i32,
    bytes: Vec<u8>,
}

impl Writer {
    /// With an id of its own; `None` if it is over.
    pub(super) async fn new(talk: &mut Talk, payload_max: u64) -> Option<Writer> {
        let id = talk.ask("a producer id", async |client| {
            let told = client.init_producer_id(None).await?;
            Ok((told.error_code, (told.producer_id, told.producer_epoch)))
        });
        let (id, epoch) = id.await?;
        let (id, epoch) = (ProducerId(id), ProducerEpoch(epoch));
        Some(Writer { id, epoch, sequences: BTreeMap::new(), payload_max })
    }

    /// Sends a batch until it is acknowledged, and notes it; `None` if it is over.
    pub(super) async fn write(
        &mut self,
        talk: &mut Talk,
        ledger: &RefCell<Ledger>,
        partition: &Partition,
        rng: &mut Rng,
    ) -> Option<i64> {
        let Batch { records, sequence, bytes } = self.batch(talk, partition, rng);
        let before = {
            let mut ledger = ledger.borrow_mut();
            let open = &mut ledger.partitions.entry(partition.clone()).or_default().open;
            let before = open.len();
            open.extend(records.iter().cloned());
            before
        };
        let offset = send(talk, partition, &bytes).await?;
        if let Some(known) = ledger.borrow_mut().partitions.get_mut(partition) {
            known.open.truncate(before);
            let count = records.len();
            let placed =
                (offset..).zip(records).map(|(offset, record)| (offset, OwnedRecord { offset, ..record }));
            known.records.extend(placed);
            let records = i32::try_from(count).expect("a small number");
            known.batches.push(Placed { offset, records, sequence, bytes });
        }
        Some(offset)
    }

    fn batch(&mut self, talk: &Talk, partition: &Partition, rng: &mut Rng) -> Batch {
        let count = rng.between(1, RECORDS_MAX);
        let next = self.sequences.entry(partition.clone()).or_default();
        let sequence = *next;
        *next += i32::try_from(count).expect("a small number");
        let mut builder = BatchBuilder::new(Compression::None).producer(self.id, self.epoch, sequence);
        let timestamp_ms = talk.shared.clock.true_now_ms();
        let mut records = Vec::new();
        for offset in 0..i64::try_from(count).expect("a small number") {
            let value = talk.shared.recorder.borrow_mut().new_value();
            let len = usize::try_from(rng.between(0, self.payload_max)).expect("fits in memory");
            let (key, payload) = (value.to_be_bytes(), payload::of(value, len));
            builder.push(timestamp_ms, Some(&key), Some(&payload), &[]);
            records.push(OwnedRecord {
                offset,
                timestamp_ms,
                leader_epoch: ANY_EPOCH,
                producer_id: self.id.0,
                key: Some(key.to_vec()),
                value: Some(payload),
            });
        }
        Batch { records, sequence, bytes: builder.build() }
    }
}

/// Sends a batch until it is acknowledged; the offset of its first record.
pub(super) async fn send(talk: &mut Talk, partition: &Partition, bytes: &[u8]) -> Option<i64> {
    let (topic, index) = (&partition.topic, partition.index);
    talk.ask(&format!("a batch for {}", partition.key()), async |client| {
        let produced = client.produce(topic, index, bytes, ACKS).await?;
        match produced.error_code {
            // Natural while nobody leads the partition yet.
            ErrorCode::None if produced.base_offset < 0 => Ok((ErrorCode::UnknownServerError, -1)),
            code => Ok((code, produced.base_offset)),
        }
    })
    .await
}
