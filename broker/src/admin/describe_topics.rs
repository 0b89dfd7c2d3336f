//! DescribeTopics: topics with their settings and partitions, by rising name.

use broker_protocol::types::{BrokerId, PartitionIndex};
use broker_state::metadata::image::{ConfigResource, MetadataImage, PartitionImage, TopicImage};
use proto::admin::v1::{DescribeTopicsRequest, DescribeTopicsResponse, Partition, PartitionLog, Topic};

use super::page::{Page, names_from};
use super::refusal::Refusal;
use crate::api::context::ApiContext;
use crate::internal_topics;
use crate::replication::manager::TopicReplicas;

pub(super) async fn answer(
    ctx: &ApiContext,
    request: DescribeTopicsRequest,
) -> Result<DescribeTopicsResponse, Refusal> {
    let image = ctx.metadata.image();
    let mut page = Page::new(request.topics_max);
    let mut next_name = String::new();
    let mut take = |topic: &TopicImage| {
        if page.is_full() {
            next_name = topic.name.to_string();
            return false;
        }
        page.push(described(ctx, &image, topic, request.with_logs));
        true
    };
    if request.names.is_empty() {
        let _ = image.topics.iter_from(&request.from_name).all(|topic| take(topic));
    } else {
        let names = names_from(&request.names, &request.from_name)?;
        let _ = names.iter().filter_map(|name| image.topics.by_name(name)).all(|topic| take(topic));
    }
    let metadata_offset = image.position.offset.0;
    Ok(DescribeTopicsResponse { metadata_offset, topics: page.into_entries(), next_name })
}

fn described(ctx: &ApiContext, image: &MetadataImage, topic: &TopicImage, with_logs: bool) -> Topic {
    let configs = image.config(&ConfigResource::topic(&topic.name));
    let replicas = if with_logs { ctx.replicas.topic_by_id(topic.id) } else { None };
    let partition = |(index, partition): (&PartitionIndex, &std::sync::Arc<PartitionImage>)| Partition {
        index: u32::try_from(*index).unwrap_or_default(),
        leader: partition.leader.0,
        leader_epoch: partition.leader_epoch.0,
        replicas: ids(&partition.replicas),
        in_sync: ids(&partition.isr),
        log: replicas.as_deref().and_then(|replicas| log(ctx, replicas, *index)),
    };
    Topic {
        name: topic.name.to_string(),
        topic_id: topic.id.0.into_bytes().to_vec(),
        is_internal: internal_topics::is_internal(&topic.name),
        configs: configs.map(|configs| (**configs).clone()).unwrap_or_default(),
        partitions: topic.partitions.iter().map(partition).collect(),
    }
}

fn ids(brokers: &[BrokerId]) -> Vec<i32> {
    brokers.iter().map(|broker| broker.0).collect()
}

fn log(ctx: &ApiContext, replicas: &TopicReplicas, index: PartitionIndex) -> Option<PartitionLog> {
    let partition = replicas.partition(index)?;
    let high_watermark = partition.high_watermark().0;
    let remote_bytes =
        ctx.tiering.as_ref().map_or(0, |tiering| tiering.of(&partition).figures().remote_bytes);
    Some(partition.log().with(|log| PartitionLog {
        log_start_offset: log.log_start_offset().0,
        local_log_start_offset: log.local_log_start_offset().0,
        high_watermark,
        log_end_offset: log.log_end_offset().0,
        bytes: log.size_bytes(),
        remote_bytes,
    }))
}
