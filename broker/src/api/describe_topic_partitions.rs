//! DescribeTopicPartitions (KIP-966): topics and their partitions, a page at a time.

use std::collections::BTreeSet;

use broker_protocol::error_code::ErrorCode;
use broker_protocol::messages::describe_topic_partitions_request::DescribeTopicPartitionsRequest;
use broker_protocol::messages::describe_topic_partitions_response::{
    Cursor, DescribeTopicPartitionsResponse, DescribeTopicPartitionsResponsePartition,
    DescribeTopicPartitionsResponseTopic,
};
use broker_protocol::types::BrokerId;
use broker_state::metadata::image::{MetadataImage, PartitionImage, TopicImage};
use broker_state::metadata::topic_name;

use crate::api::authorized_operations;
use crate::api::context::{ApiContext, RequestContext};
use crate::internal_topics;

/// Answers DescribeTopicPartitions.
pub async fn handle(
    ctx: &ApiContext,
    _request: &RequestContext,
    message: DescribeTopicPartitionsRequest<'_>,
) -> DescribeTopicPartitionsResponse<'static> {
    let image = ctx.metadata.image();
    let (from_topic, from_partition) = match &message.cursor {
        Some(cursor) => (cursor.topic_name.to_string(), cursor.partition_index.max(0)),
        None => (String::new(), 0),
    };
    let names: BTreeSet<String> = if message.topics.is_empty() {
        image.topics.iter_from(&from_topic).map(|topic| topic.name.to_string()).collect()
    } else {
        message.topics.iter().map(|topic| topic.name.to_string()).filter(|name| *name >= from_topic).collect()
    };
    let asked = usize::try_from(message.response_partition_limit).unwrap_or(0);
    let limit = asked.clamp(1, ctx.config.network.request_partitions_max);
    page(&image, &names, (&from_topic, from_partition), limit)
}

fn page(
    image: &MetadataImage,
    names: &BTreeSet<String>,
    (from_topic, from_partition): (&str, i32),
    limit: usize,
) -> DescribeTopicPartitionsResponse<'static> {
    let mut response = DescribeTopicPartitionsResponse::default();
    let mut left = limit;
    for name in names {
        let first = if name == from_topic { from_partition } else { 0 };
        if left == 0 {
            response.next_cursor = Some(Cursor { topic_name: name.clone().into(), partition_index: first });
            break;
        }
        let Some(topic) = image.topics.by_name(name) else {
            response.topics.push(unknown(name));
            continue;
        };
        let partitions: Vec<_> = topic
            .partitions
            .iter()
            .filter(|(index, _)| **index >= first)
            .take(left)
            .map(|(index, partition)| describe(*index, partition))
            .collect();
        left -= partitions.len();
        let next = partitions.last().map_or(first, |last| last.partition_index + 1);
        response.topics.push(known(topic, partitions));
        if next < topic.partition_count() {
            response.next_cursor = Some(Cursor { topic_name: name.clone().into(), partition_index: next });
            break;
        }
    }
    response
}

fn unknown(name: &str) -> DescribeTopicPartitionsResponseTopic<'static> {
    let error = if topic_name::validate(name).is_ok() {
        ErrorCode::UnknownTopicOrPartition
    } else {
        ErrorCode::InvalidTopicException
    };
    DescribeTopicPartitionsResponseTopic {
        error_code: error.code(),
        name: Some(name.to_owned().into()),
        topic_authorized_operations: authorized_operations::NOT_ASKED,
        ..DescribeTopicPartitionsResponseTopic::default()
    }
}

fn known(
    topic: &TopicImage,
    partitions: Vec<DescribeTopicPartitionsResponsePartition>,
) -> DescribeTopicPartitionsResponseTopic<'static> {
    DescribeTopicPartitionsResponseTopic {
        error_code: 0,
        name: Some(topic.name.to_string().into()),
        topic_id: topic.id.0,
        is_internal: internal_topics::is_internal(&topic.name),
        partitions,
        topic_authorized_operations: authorized_operations::TOPIC,
    }
}

fn describe(index: i32, partition: &PartitionImage) -> DescribeTopicPartitionsResponsePartition {
    let ids = |brokers: &[BrokerId]| -> Vec<i32> { brokers.iter().map(|broker| broker.0).collect() };
    DescribeTopicPartitionsResponsePartition {
        error_code: if partition.leader.0 < 0 { ErrorCode::LeaderNotAvailable.code() } else { 0 },
        partition_index: index,
        leader_id: partition.leader.0,
        leader_epoch: partition.leader_epoch.0,
        replica_nodes: ids(&partition.replicas),
        isr_nodes: ids(&partition.isr),
        eligible_leader_replicas: Some(ids(&partition.elr)),
        last_known_elr: Some(ids(&partition.last_known_elr)),
        offline_replicas: Vec::new(),
    }
}
