//! OffsetCommit (KIP-211, KIP-320, KIP-345, KIP-848): a group stores how far it has read.

use std::sync::Arc;

use broker_protocol::error_code::ErrorCode;
use broker_protocol::messages::offset_commit_request::{OffsetCommitRequest, OffsetCommitRequestTopic};
use broker_protocol::messages::offset_commit_response::{
    OffsetCommitResponse, OffsetCommitResponsePartition, OffsetCommitResponseTopic,
};
use broker_protocol::types::TopicId;
use broker_state::group::{CommitRequest, OffsetToCommit};
use broker_state::metadata::image::{MetadataImage, TopicImage};

use crate::api::context::{ApiContext, RequestContext};
use crate::coordinator::group_error_code;

/// From here on a missing group is told as such.
const GROUP_ID_NOT_FOUND_SINCE: i16 = 9;
/// From here on topics are named by their ids.
const TOPIC_ID_SINCE: i16 = 10;

/// Answers OffsetCommit, once the offsets are durable.
pub async fn handle(
    ctx: &ApiContext,
    request: &RequestContext,
    message: OffsetCommitRequest<'_>,
) -> OffsetCommitResponse<'static> {
    let mut sorted = Sorted::default();
    let image = ctx.metadata.image();
    for topic in &message.topics {
        sorted.add(&image, topic, request.version);
    }
    drop(image);
    let Sorted { mut topics, offsets, places } = sorted;
    if !offsets.is_empty() {
        let commit = CommitRequest {
            group_id: message.group_id.into_owned(),
            generation_id: message.generation_id_or_member_epoch,
            member_id: message.member_id.into_owned(),
            instance_id: message.group_instance_id.map(|id| id.into_owned()),
            retention_time_ms: message.retention_time_ms,
            knows_group_id_not_found: request.version >= GROUP_ID_NOT_FOUND_SINCE,
            offsets,
        };
        let committed = ctx.groups.commit(&commit).await;
        for (index, (topic, partition)) in places.into_iter().enumerate() {
            topics[topic].partitions[partition].error_code = match &committed {
                Ok(results) => results[index].map_or_else(group_error_code, |()| ErrorCode::None),
                Err(error) => error.code(),
            }
            .code();
        }
    }
    OffsetCommitResponse { throttle_time_ms: 0, topics }
}

/// The request, with what does not exist set apart.
#[derive(Default)]
struct Sorted {
    topics: Vec<OffsetCommitResponseTopic<'static>>,
    offsets: Vec<OffsetToCommit>,
    /// Where the result of each of `offsets` belongs: topic and partition of the response.
    places: Vec<(usize, usize)>,
}

impl Sorted {
    fn add(&mut self, image: &MetadataImage, asked: &OffsetCommitRequestTopic<'_>, version: i16) {
        let (known, unknown) = if version >= TOPIC_ID_SINCE {
            (image.topics.by_id(TopicId(asked.topic_id)), ErrorCode::UnknownTopicId)
        } else {
            (image.topics.by_name(&asked.name), ErrorCode::UnknownTopicOrPartition)
        };
        let mut partitions = Vec::with_capacity(asked.partitions.len());
        for partition in &asked.partitions {
            let index = partition.partition_index;
            let error = match known {
                None => unknown,
                Some(topic) if topic.partition(index).is_none() => ErrorCode::UnknownTopicOrPartition,
                Some(topic) => {
                    self.places.push((self.topics.len(), partitions.len()));
                    self.offsets.push(OffsetToCommit {
                        partition: index,
                        offset: partition.committed_offset,
                        leader_epoch: partition.committed_leader_epoch,
                        metadata: partition.committed_metadata.as_deref().unwrap_or_default().to_owned(),
                        ..of_topic(topic)
                    });
                    ErrorCode::None
                }
            };
            partitions
                .push(OffsetCommitResponsePartition { partition_index: index, error_code: error.code() });
        }
        self.topics.push(OffsetCommitResponseTopic {
            topic_id: asked.topic_id,
            name: asked.name.to_string().into(),
            partitions,
        });
    }
}

fn of_topic(topic: &TopicImage) -> OffsetToCommit {
    OffsetToCommit {
        topic: Arc::clone(&topic.name),
        topic_id: topic.id,
        partition: 0,
        offset: 0,
        leader_epoch: -1,
        metadata: String::new(),
    }
}
