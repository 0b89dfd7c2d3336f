//! DeleteRecords (KIP-107, KIP-204): moves the start of partitions; -1 means up to the high watermark.

use std::sync::Arc;

use broker_protocol::error_code::ErrorCode;
use broker_protocol::messages::delete_records_request::DeleteRecordsRequest;
use broker_protocol::messages::delete_records_response::{
    DeleteRecordsPartitionResult, DeleteRecordsResponse, DeleteRecordsTopicResult,
};
use broker_protocol::types::Offset;
use tokio::time::{Duration, Instant};

use crate::api::context::{ApiContext, RequestContext};
use crate::replication::partition::Partition;

/// Up to the high watermark.
const HIGH_WATERMARK: i64 = -1;

/// How often the committer is asked whether the new start is durable.
const DURABLE_POLL: Duration = Duration::from_millis(1);

/// Answers DeleteRecords.
pub async fn handle(
    ctx: &ApiContext,
    request: &RequestContext,
    message: DeleteRecordsRequest<'_>,
) -> DeleteRecordsResponse<'static> {
    let timeout = Duration::from_millis(u64::try_from(message.timeout_ms).unwrap_or(0));
    let deadline = request.received_at + timeout;
    // All of them before the first is waited for, so that they become durable together.
    let begun: Vec<Vec<_>> = message
        .topics
        .iter()
        .map(|topic| {
            let asked = topic.partitions.iter();
            asked.map(|asked| begin(ctx, &topic.name, asked.partition_index, asked.offset)).collect()
        })
        .collect();
    let mut topics = Vec::with_capacity(message.topics.len());
    for (topic, begun) in message.topics.iter().zip(begun) {
        let mut partitions = Vec::with_capacity(begun.len());
        for (asked, begun) in topic.partitions.iter().zip(begun) {
            let moved = match begun {
                Ok((partition, to)) => finish(&partition, to, deadline).await,
                Err(error) => Err(error),
            };
            let error = moved.as_ref().err().copied().unwrap_or_default();
            partitions.push(DeleteRecordsPartitionResult {
                partition_index: asked.partition_index,
                low_watermark: moved.map_or(-1, |offset| offset.0),
                error_code: error.code(),
            });
        }
        topics.push(DeleteRecordsTopicResult { name: topic.name.to_string().into(), partitions });
    }
    DeleteRecordsResponse { throttle_time_ms: 0, topics }
}

/// Moves the log's start; gives where to.
fn begin(
    ctx: &ApiContext,
    topic: &str,
    index: i32,
    offset: i64,
) -> Result<(Arc<Partition>, Offset), ErrorCode> {
    let partition = ctx.replicas.find(topic, index)?;
    if partition.is_internal() {
        return Err(ErrorCode::InvalidTopicException);
    }
    if partition.is_offline() {
        return Err(ErrorCode::KafkaStorageError);
    }
    if ctx
        .replicas
        .topic(topic)
        .and_then(|topic| topic.config())
        .is_some_and(|config| !config.cleanup_policy.delete)
    {
        return Err(ErrorCode::PolicyViolation);
    }
    let high_watermark = partition.high_watermark();
    let to = if offset == HIGH_WATERMARK { high_watermark } else { Offset(offset) };
    if to.0 < 0 || to > high_watermark {
        return Err(ErrorCode::OffsetOutOfRange);
    }
    partition.log().advance_log_start_offset(to);
    Ok((partition, to))
}

/// Waits until the new start is durable: records that were deleted must not come back. On a full disk that takes a while.
async fn finish(partition: &Partition, to: Offset, deadline: Instant) -> Result<Offset, ErrorCode> {
    let durable = async {
        while partition.log().durable_log_start_offset() < to {
            if partition.is_offline() {
                return Err(ErrorCode::KafkaStorageError);
            }
            tokio::time::sleep(DURABLE_POLL).await;
        }
        Ok(())
    };
    tokio::time::timeout_at(deadline, durable).await.map_err(|_| ErrorCode::RequestTimedOut)??;
    Ok(partition.log().with(|log| log.log_start_offset()))
}
