//! How far records may be gone from the start of a partition: what retention may do, and DeleteRecords.
//!
//! The checker takes a record below a partition's start for deleted if it was told that deletions may have come so far.
//! Retention leaves at least `retention.bytes`, so the bound follows from the sizes of the batches that were sent.

use std::collections::BTreeMap;

use broker_client::{Client, ClientError};
use broker_protocol::error_code::ErrorCode;
use broker_protocol::messages::delete_records_request::{DeleteRecordsPartition, DeleteRecordsTopic};
use broker_protocol::messages::{DeleteRecordsRequest, DeleteRecordsResponse};
use checker::{Function, Kind, MicroOp};
use turmoil::net::TcpStream;

use super::connection::Connection;
use super::{Partition, Shared, code_of};

const DELETE_RECORDS_VERSION: i16 = 2;
const TIMEOUT_MS: i32 = 2_000;
/// The process that stands for the broker's own deletions.
const BROKER_PROCESS: u64 = 0;

/// Sizes of a partition's batches.
#[derive(Debug, Default)]
pub(super) struct Sizes {
    /// Bytes by the offset of the first record, where an answer named it.
    placed: BTreeMap<u64, u64>,
    /// One past the last offset that an answer named.
    end: u64,
    /// Bytes and records of batches that may stand anywhere or nowhere.
    open_bytes: u64,
    open_records: u64,
    /// How far the checker was told that retention may have come.
    told: u64,
}

impl Sizes {
    /// A batch is on its way.
    pub(super) fn sent(&mut self, bytes: u64, records: u64) {
        self.open_bytes += bytes;
        self.open_records += records;
    }

    /// A batch stands at an offset.
    pub(super) fn acknowledged(&mut self, offset: u64, bytes: u64, records: u64) {
        self.refused(bytes, records);
        self.placed.insert(offset, bytes);
        self.end = self.end.max(offset + records);
    }

    /// A batch stands nowhere.
    pub(super) fn refused(&mut self, bytes: u64, records: u64) {
        self.open_bytes -= bytes;
        self.open_records -= records;
    }

    /// The largest offset from which on there may be as many bytes as retention leaves.
    fn retained_from(&self, retention_bytes: u64) -> u64 {
        let mut bytes = self.open_bytes;
        if bytes >= retention_bytes {
            return self.end + self.open_records;
        }
        for (offset, placed) in self.placed.iter().rev() {
            bytes += placed;
            if bytes >= retention_bytes {
                return *offset;
            }
        }
        0
    }
}

/// Tells the checker how far retention may have come; to be called before it hears where the partition begins.
pub(super) fn tell_retention(shared: &Shared, partition: &Partition) {
    let topic = shared.plan.topics.iter().find(|topic| *topic.name == *partition.topic);
    let Some(retention_bytes) = topic.and_then(|topic| topic.retention_bytes) else { return };
    let mut sizes = shared.sizes.borrow_mut();
    let Some(sizes) = sizes.get_mut(partition) else { return };
    let offset = sizes.retained_from(retention_bytes);
    if offset > sizes.told {
        sizes.told = offset;
        let ops = vec![MicroOp::Delete(partition.key(), offset)];
        shared.recorder.borrow_mut().operation(BROKER_PROCESS, Kind::Info, Function::Delete, ops);
    }
}

/// Deletes the records of a partition below `offset` and records what came of it.
pub(super) async fn delete(
    shared: &Shared,
    connection: &mut Connection,
    process: u64,
    partition: &Partition,
    offset: u64,
) {
    let key = partition.key();
    let ask = MicroOp::Delete(key.clone(), offset);
    let record = |kind, ops| shared.recorder.borrow_mut().operation(process, kind, Function::Delete, ops);
    record(Kind::Invoke, vec![ask.clone()]);
    let below = i64::try_from(offset).expect("an offset that the broker has told");
    let answer = connection
        .attempt(async |client| delete_records(client, &partition.topic, partition.index, below).await)
        .await;
    let (code, start) = match answer {
        Ok(answer) => answer,
        Err(_) => return shared.end_unknown(process, Function::Delete, vec![ask], "no answer"),
    };
    if code != ErrorCode::None {
        if !code.retriable() {
            shared.violation(format_args!("{key} is not cut to {offset}: {}", code.name()));
        }
        return shared.end_unknown(process, Function::Delete, vec![ask], code.name());
    }
    if start < below {
        shared.violation(format_args!("{key} was cut to {offset} and begins at {start}"));
    }
    tell_retention(shared, partition);
    record(Kind::Ok, vec![ask, MicroOp::Bounds(key, u64::try_from(start).ok(), None)]);
}

/// Asks for the records below `offset` to be deleted; answers with the partition's start.
pub(super) async fn delete_records(
    client: &mut Client<TcpStream>,
    topic: &str,
    index: i32,
    offset: i64,
) -> Result<(ErrorCode, i64), ClientError> {
    let partitions = vec![DeleteRecordsPartition { partition_index: index, offset }];
    let topics = vec![DeleteRecordsTopic { name: topic.into(), partitions }];
    let request = DeleteRecordsRequest { topics, timeout_ms: TIMEOUT_MS };
    let frame = client.call(&request, DELETE_RECORDS_VERSION).await?;
    let response: DeleteRecordsResponse<'_> = frame.decode()?;
    let told = response.topics.first().and_then(|topic| topic.partitions.first());
    Ok((code_of(told.map(|told| told.error_code)), told.map_or(-1, |told| told.low_watermark)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retention_leaves_its_bytes_wherever_the_unanswered_batches_stand() {
        let mut sizes = Sizes::default();
        for (offset, bytes) in [(0, 100), (2, 100), (4, 100)] {
            sizes.sent(bytes, 2);
            sizes.acknowledged(offset, bytes, 2);
        }
        let from = |sizes: &Sizes| [1, 100, 101, 300, 301].map(|bytes| sizes.retained_from(bytes));
        assert_eq!(from(&sizes), [4, 4, 2, 0, 0]);
        sizes.sent(50, 3);
        assert_eq!(from(&sizes), [9, 4, 4, 0, 0]);
        sizes.refused(50, 3);
        assert_eq!(from(&sizes), [4, 4, 2, 0, 0]);
    }
}
