//! ListOffsets (KIP-79, KIP-207, KIP-734, KIP-405, KIP-1005, KIP-1023): offsets by time and by name.

mod remote;

use std::collections::HashSet;

use broker_log::log::{PartitionLog, TimestampOffset};
use broker_log::log_error::LogError;
use broker_protocol::error_code::ErrorCode;
use broker_protocol::messages::list_offsets_request::{
    ListOffsetsPartition, ListOffsetsRequest, ListOffsetsTopic,
};
use broker_protocol::messages::list_offsets_response::{
    ListOffsetsPartitionResponse, ListOffsetsResponse, ListOffsetsTopicResponse,
};
use broker_protocol::types::{LeaderEpoch, Offset};

use crate::api::context::{ApiContext, RequestContext};
use crate::api::errors::log_error_code;
use crate::api::fetch_check::within_budget;
use crate::api::fetch_read::check_leader_epoch;
use crate::replication::partition::Partition;
use std::sync::Arc;

/// The timestamp that asks for the end, as far as the client may read.
pub const LATEST: i64 = -1;
/// The timestamp that asks for the start.
pub const EARLIEST: i64 = -2;
/// The timestamp that asks for the first record with the largest one that the client may read (KIP-734). Kafka says that
/// it is unknown while the log has a larger one behind that.
pub const MAX_TIMESTAMP: i64 = -3;
/// The timestamp that asks for the start of what is on this broker's disk (KIP-405).
pub const EARLIEST_LOCAL: i64 = -4;
/// The timestamp that asks for the last offset that is in tiered storage (KIP-1005).
pub const LATEST_TIERED: i64 = -5;
/// The timestamp that asks for the first offset that is not in tiered storage yet (KIP-1023).
pub const EARLIEST_PENDING_UPLOAD: i64 = -6;

/// The version from which each of the named places may be asked for.
fn is_offered(timestamp: i64, version: i16) -> bool {
    match timestamp {
        MAX_TIMESTAMP => version >= 7,
        EARLIEST_LOCAL => version >= 8,
        LATEST_TIERED => version >= 9,
        EARLIEST_PENDING_UPLOAD => version >= 11,
        other => other >= EARLIEST,
    }
}

/// Answers ListOffsets.
pub async fn handle(
    ctx: &ApiContext,
    request: &RequestContext,
    message: ListOffsetsRequest<'_>,
) -> ListOffsetsResponse<'static> {
    let read_committed = message.isolation_level == 1;
    let twice = asked_twice(&message);
    let mut topics = Vec::with_capacity(message.topics.len());
    for topic in &message.topics {
        let mut partitions = Vec::with_capacity(topic.partitions.len());
        for asked in &topic.partitions {
            let found = if twice.contains(&(&*topic.name, asked.partition_index)) {
                Err(ErrorCode::InvalidRequest)
            } else if !is_offered(asked.timestamp, request.version) {
                Err(ErrorCode::UnsupportedVersion)
            } else {
                look_up(ctx, &topic.name, asked, read_committed).await
            };
            let error = found.as_ref().err().copied().unwrap_or_default();
            let (timestamp, offset, epoch) = found.unwrap_or((-1, Offset(-1), LeaderEpoch::NONE));
            partitions.push(ListOffsetsPartitionResponse {
                partition_index: asked.partition_index,
                error_code: error.code(),
                timestamp,
                offset: offset.0,
                leader_epoch: epoch.0,
            });
        }
        topics.push(ListOffsetsTopicResponse { name: topic.name.to_string().into(), partitions });
    }
    ListOffsetsResponse { throttle_time_ms: 0, topics }
}

/// The partitions that a request names more than once, in one entry for their topic or in several.
fn asked_twice<'a>(message: &'a ListOffsetsRequest<'_>) -> HashSet<(&'a str, i32)> {
    let mut seen = HashSet::new();
    let of_topic = |topic: &'a ListOffsetsTopic<'_>| {
        topic.partitions.iter().map(|asked| (&*topic.name, asked.partition_index))
    };
    message.topics.iter().flat_map(of_topic).filter(|partition| !seen.insert(*partition)).collect()
}

/// Timestamp, offset and leader epoch of what was found; -1 for what was not.
pub(crate) type Found = (i64, Offset, LeaderEpoch);

/// An offset by time or by name.
///
/// # Errors
/// What the client is told.
pub(crate) async fn look_up(
    ctx: &ApiContext,
    topic: &str,
    asked: &ListOffsetsPartition,
    read_committed: bool,
) -> Result<Found, ErrorCode> {
    let partition = ctx.replicas.find(topic, asked.partition_index)?;
    if partition.is_offline() {
        return Err(ErrorCode::KafkaStorageError);
    }
    check_leader_epoch(&partition, LeaderEpoch(asked.current_leader_epoch))?;
    let upper = if read_committed { partition.last_stable_offset() } else { partition.high_watermark() };
    match asked.timestamp {
        LATEST => Ok((-1, upper, partition.leader_epoch())),
        EARLIEST => Ok(at(&partition, |log| log.log_start_offset())),
        EARLIEST_LOCAL => Ok(at(&partition, |log| log.local_log_start_offset())),
        LATEST_TIERED | EARLIEST_PENDING_UPLOAD => {
            tiered_end(ctx, &partition, asked.timestamp == LATEST_TIERED).await
        }
        timestamp => {
            if let Some(found) = remote::by_time(ctx, &partition, timestamp, upper).await? {
                return Ok(found);
            }
            by_time(ctx, partition, timestamp, upper).await
        }
    }
}

/// A place of the log, with its leader epoch.
fn at(partition: &Partition, place: impl FnOnce(&PartitionLog) -> Offset) -> Found {
    partition.log().with(|log| {
        let offset = place(log);
        (-1, offset, log.epoch_for_offset(offset))
    })
}

/// The last offset that was copied, or the one after it; -1 for a topic that is not tiered. Where nothing was copied, there
/// is no last one, and the first to be copied is the log's start.
async fn tiered_end(ctx: &ApiContext, partition: &Partition, is_last: bool) -> Result<Found, ErrorCode> {
    let config = ctx.replicas.topic_by_id(partition.topic_id()).and_then(|topic| topic.config());
    let is_tiered = ctx.tiering.is_some() && config.is_some_and(|config| config.remote_storage_enable);
    if !is_tiered {
        return Ok((-1, Offset(-1), LeaderEpoch::NONE));
    }
    match (remote::tiered_end(ctx, partition).await?, is_last) {
        (Some(end), true) => Ok(at(partition, |_| end.plus(-1))),
        (Some(end), false) => Ok(at(partition, |log| end.max(log.log_start_offset()))),
        (None, true) => Ok((-1, Offset(-1), LeaderEpoch::NONE)),
        (None, false) => Ok(at(partition, |log| log.log_start_offset())),
    }
}

/// Looks through indexes and batches, which may have to be read from disk and decompressed: one batch at a time, within
/// the budgets that fetches of cold data have.
async fn by_time(
    ctx: &ApiContext,
    partition: Arc<Partition>,
    timestamp: i64,
    upper: Offset,
) -> Result<Found, ErrorCode> {
    let batch_bytes = partition.log().with(|log| log.config().max_message_bytes as usize);
    within_budget(ctx, batch_bytes, move || match first_at(&partition, timestamp, upper) {
        Ok(Some(found)) => Ok((found.timestamp, found.offset, found.leader_epoch)),
        Ok(None) => Ok((-1, Offset(-1), LeaderEpoch::NONE)),
        // Its files have gone with it.
        Err(_) if partition.is_deleted() => Err(ErrorCode::UnknownTopicOrPartition),
        Err(error) => Err(log_error_code(&error, &partition)),
    })
    .await
}

/// The first record below `upper` of that time, or with the largest timestamp of those below it: what is behind it hides
/// none of them. The log is not held while anything is read: appends do not wait.
fn first_at(
    partition: &Partition,
    timestamp: i64,
    upper: Offset,
) -> Result<Option<TimestampOffset>, LogError> {
    let log = partition.log();
    if timestamp == MAX_TIMESTAMP {
        return log.newest_record(upper);
    }
    let mut from = Offset(0);
    while let Some(batch) = log.timed_batch(timestamp, from, upper)? {
        if let Some(found) = batch.search()? {
            return Ok(Some(found).filter(|found| found.offset < upper));
        }
        from = batch.next_offset();
    }
    Ok(None)
}
