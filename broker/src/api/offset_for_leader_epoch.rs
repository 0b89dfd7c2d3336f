//! OffsetForLeaderEpoch (KIP-101, KIP-279, KIP-320): where an epoch ended, so that a consumer notices truncation.

use broker_protocol::error_code::ErrorCode;
use broker_protocol::messages::offset_for_leader_epoch_request::{
    OffsetForLeaderEpochRequest, OffsetForLeaderPartition,
};
use broker_protocol::messages::offset_for_leader_epoch_response::{
    EpochEndOffset, OffsetForLeaderEpochResponse, OffsetForLeaderTopicResult,
};
use broker_protocol::types::{LeaderEpoch, Offset};

use crate::api::context::{ApiContext, RequestContext};
use crate::api::fetch_read::check_leader_epoch;

/// Answers OffsetForLeaderEpoch.
pub async fn handle(
    ctx: &ApiContext,
    _request: &RequestContext,
    message: OffsetForLeaderEpochRequest<'_>,
) -> OffsetForLeaderEpochResponse<'static> {
    let topics = message
        .topics
        .iter()
        .map(|topic| OffsetForLeaderTopicResult {
            topic: topic.topic.to_string().into(),
            partitions: topic
                .partitions
                .iter()
                .map(|asked| {
                    let found = look_up(ctx, &topic.topic, asked);
                    let error = found.as_ref().err().copied().unwrap_or_default();
                    let (epoch, end) = found.unwrap_or((LeaderEpoch::NONE, Offset(-1)));
                    EpochEndOffset {
                        error_code: error.code(),
                        partition: asked.partition,
                        leader_epoch: epoch.0,
                        end_offset: end.0,
                    }
                })
                .collect(),
        })
        .collect();
    OffsetForLeaderEpochResponse { throttle_time_ms: 0, topics }
}

fn look_up(
    ctx: &ApiContext,
    topic: &str,
    asked: &OffsetForLeaderPartition,
) -> Result<(LeaderEpoch, Offset), ErrorCode> {
    let partition = ctx.replicas.find(topic, asked.partition)?;
    if partition.is_offline() {
        return Err(ErrorCode::KafkaStorageError);
    }
    check_leader_epoch(&partition, LeaderEpoch(asked.current_leader_epoch))?;
    let epoch = LeaderEpoch(asked.leader_epoch);
    let (found, end) = partition.log().with(|log| partition.epoch_end_offset(log, epoch));
    // Consumers hear only of what they may read.
    Ok((found, end.min(partition.high_watermark())))
}
