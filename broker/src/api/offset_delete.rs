//! OffsetDelete (KIP-496): a group forgets how far it has read of topics that it no longer reads.

use std::sync::Arc;

use broker_protocol::error_code::ErrorCode;
use broker_protocol::messages::offset_delete_request::OffsetDeleteRequest;
use broker_protocol::messages::offset_delete_response::{
    OffsetDeleteResponse, OffsetDeleteResponsePartition, OffsetDeleteResponseTopic,
};

use crate::api::context::{ApiContext, RequestContext};
use crate::coordinator::group_error_code;

/// Answers OffsetDelete.
pub async fn handle(
    ctx: &ApiContext,
    _request: &RequestContext,
    message: OffsetDeleteRequest<'_>,
) -> OffsetDeleteResponse<'static> {
    let image = ctx.metadata.image();
    let mut topics = Vec::with_capacity(message.topics.len());
    // What to delete, and where its result belongs: topic and partition of the response.
    let (mut asked, mut places) = (Vec::new(), Vec::new());
    for topic in &message.topics {
        let known = image.topics.by_name(&topic.name);
        let mut partitions = Vec::with_capacity(topic.partitions.len());
        for partition in &topic.partitions {
            let known = known.filter(|topic| topic.partition(partition.partition_index).is_some());
            let error_code = match known {
                None => ErrorCode::UnknownTopicOrPartition,
                Some(known) => {
                    places.push((topics.len(), partitions.len()));
                    asked.push((Arc::clone(&known.name), partition.partition_index));
                    ErrorCode::None
                }
            };
            partitions.push(OffsetDeleteResponsePartition {
                partition_index: partition.partition_index,
                error_code: error_code.code(),
            });
        }
        topics.push(OffsetDeleteResponseTopic { name: topic.name.to_string().into(), partitions });
    }
    if !asked.is_empty() {
        match ctx.groups.delete_offsets(&message.group_id, &asked).await {
            Ok(results) => {
                for ((topic, partition), result) in places.into_iter().zip(results) {
                    let error = result.map_or_else(group_error_code, |()| ErrorCode::None);
                    topics[topic].partitions[partition].error_code = error.code();
                }
            }
            Err(error) => {
                return OffsetDeleteResponse {
                    error_code: error.code().code(),
                    ..OffsetDeleteResponse::default()
                };
            }
        }
    }
    OffsetDeleteResponse { topics, ..OffsetDeleteResponse::default() }
}
