//! ListOffsets: where partitions begin and end, and where a moment lies in them.

use broker_protocol::messages::list_offsets_request::ListOffsetsPartition as Wanted;
use broker_protocol::types::{Offset, PartitionIndex};
use proto::admin::v1::list_offsets_partition::Position;
use proto::admin::v1::listed_offset;
use proto::admin::v1::{ListOffsetsPartition, ListOffsetsRequest, ListOffsetsResponse, ListedOffset};

use super::refusal::{Refusal, of_partition};
use crate::api::context::ApiContext;
use crate::api::list_offsets::{EARLIEST, LATEST, look_up};

/// Most partitions of a request: as many as a topic has at the most.
const PARTITIONS_MAX: usize = 10_000;

pub(super) async fn answer(
    ctx: &ApiContext,
    request: ListOffsetsRequest,
) -> Result<ListOffsetsResponse, Refusal> {
    if request.partitions.len() > PARTITIONS_MAX {
        return Err(Refusal::invalid(format!("more than {PARTITIONS_MAX} partitions in one request")));
    }
    let mut offsets = Vec::with_capacity(request.partitions.len());
    for asked in request.partitions {
        let result = match offset(ctx, &asked).await {
            Ok(offset) => listed_offset::Result::Offset(offset.0),
            Err(refusal) => listed_offset::Result::Error(refusal.detail()),
        };
        offsets.push(ListedOffset { topic: asked.topic, partition: asked.partition, result: Some(result) });
    }
    Ok(ListOffsetsResponse { offsets })
}

async fn offset(ctx: &ApiContext, asked: &ListOffsetsPartition) -> Result<Offset, Refusal> {
    let timestamp = match asked.position {
        Some(Position::Earliest(_)) => EARLIEST,
        Some(Position::Latest(_)) => LATEST,
        Some(Position::TimestampMs(timestamp_ms)) if timestamp_ms >= 0 => timestamp_ms,
        Some(Position::TimestampMs(_)) => return Err(Refusal::invalid("a timestamp before 1970")),
        None => return Err(Refusal::invalid("a partition without a position")),
    };
    let index = PartitionIndex::try_from(asked.partition).unwrap_or(-1);
    let refuse = |code| of_partition(code, &asked.topic, asked.partition, ctx.replicas.log_dir());
    let wanted = Wanted { partition_index: index, current_leader_epoch: -1, timestamp };
    let (_, found, _) = look_up(ctx, &asked.topic, &wanted, false).await.map_err(refuse)?;
    if found.0 >= 0 {
        return Ok(found);
    }
    // Nothing is as young as that.
    Ok(ctx.replicas.find(&asked.topic, index).map_err(refuse)?.high_watermark())
}
