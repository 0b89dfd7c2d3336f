//! Metadata (KIP-4, KIP-516, KIP-430, KIP-1102): brokers, topics, leaders; creates topics that a client asks for.

use std::sync::Arc;

use broker_protocol::error_code::ErrorCode;
use broker_protocol::messages::metadata_request::{MetadataRequest, MetadataRequestTopic};
use broker_protocol::messages::metadata_response::{
    MetadataResponse, MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use broker_protocol::types::TopicId;
use broker_state::metadata::image::{MetadataImage, PartitionImage, TopicImage};
use broker_state::metadata::topic_name;

use crate::api::authorized_operations::{self, if_asked};
use crate::api::context::{ApiContext, RequestContext};
use crate::api::create_topics;
use crate::api::each_once::each_once;
use crate::internal_topics;

/// Answers Metadata.
pub async fn handle(
    ctx: &ApiContext,
    request: &RequestContext,
    message: MetadataRequest<'_>,
) -> MetadataResponse<'static> {
    let asked = match &message.topics {
        None => None,
        Some(topics) if topics.is_empty() && request.version == 0 => None,
        Some(topics) => Some(topics.as_slice()),
    };
    if let Some(topics) = asked.filter(|topics| names_by_id(topics) && request.version < FIRST_WITH_IDS) {
        return refused(topics);
    }
    let may_create =
        ctx.config.topics.auto_create && (message.allow_auto_topic_creation || request.version < 4);
    // As with Kafka, a topic that this request creates is there from the next one on: clients ask again for what is
    // unknown, and some rely on their first messages having to wait for that.
    let image = ctx.metadata.image();
    if let (Some(topics), true) = (asked, may_create) {
        create_missing(ctx, &image, topics).await;
    }
    let with_operations = message.include_topic_authorized_operations;
    let topics = match asked {
        None => image.topics.iter().map(|topic| known(topic, with_operations)).collect(),
        // A name goes before an id.
        Some(topics) => each_once(topics, |topic| topic.name.as_deref().ok_or(topic.topic_id))
            .map(|topic| describe(&image, topic, with_operations))
            .collect(),
    };
    MetadataResponse {
        brokers: brokers(ctx, request, &image),
        cluster_id: image.cluster_id.as_ref().map(|id| id.to_string().into()),
        controller_id: ctx.broker_id().0,
        topics,
        cluster_authorized_operations: if_asked(
            message.include_cluster_authorized_operations,
            authorized_operations::CLUSTER,
        ),
        ..MetadataResponse::default()
    }
}

/// The first version in which a topic may be asked for by its id; before it the fields are there and must not be used.
const FIRST_WITH_IDS: i16 = 12;

fn names_by_id(topics: &[MetadataRequestTopic<'_>]) -> bool {
    topics.iter().any(|topic| topic.name.is_none() || topic.topic_id != TopicId::ZERO.0)
}

/// The answer to a request that its version does not allow.
fn refused(topics: &[MetadataRequestTopic<'_>]) -> MetadataResponse<'static> {
    let topics = topics.iter().map(|topic| MetadataResponseTopic {
        error_code: ErrorCode::InvalidRequest.code(),
        name: Some(topic.name.as_deref().unwrap_or_default().to_owned().into()),
        topic_authorized_operations: authorized_operations::NOT_ASKED,
        ..MetadataResponseTopic::default()
    });
    MetadataResponse {
        topics: topics.collect(),
        cluster_authorized_operations: authorized_operations::NOT_ASKED,
        ..MetadataResponse::default()
    }
}

/// The brokers of an image as a client of the request's listener reaches them.
pub fn brokers(
    ctx: &ApiContext,
    request: &RequestContext,
    image: &MetadataImage,
) -> Vec<MetadataResponseBroker<'static>> {
    image
        .brokers
        .values()
        .filter(|broker| !broker.fenced)
        .filter_map(|broker| {
            let listener = &*request.connection.listener;
            let (host, port) = if broker.id == ctx.broker_id() {
                let own = ctx.advertised(listener);
                (own.host.clone(), i32::from(own.port))
            } else {
                let endpoint = broker.endpoints.iter().find(|endpoint| endpoint.listener == listener)?;
                (endpoint.host.clone(), i32::try_from(endpoint.port).ok()?)
            };
            Some(MetadataResponseBroker {
                node_id: broker.id.0,
                host: host.into(),
                port,
                rack: broker.rack.clone().map(Into::into),
            })
        })
        .collect()
}

async fn create_missing(ctx: &ApiContext, image: &MetadataImage, topics: &[MetadataRequestTopic<'_>]) {
    let missing: Vec<&str> = topics
        .iter()
        .filter_map(|topic| topic.name.as_deref())
        .filter(|name| image.topics.by_name(name).is_none() && topic_name::validate(name).is_ok())
        .collect();
    for name in missing {
        let created = if internal_topics::is_internal(name) {
            internal_topics::ensure(ctx, name).await
        } else {
            create_topics::create_with_defaults(ctx, name).await
        };
        if let Err(error) = created {
            // Asked again by every client that waits for the topic; what the operator has to know, the controller tells.
            tracing::debug!(topic = name, %error, "topic could not be created automatically");
        }
    }
}

fn describe(
    image: &MetadataImage,
    asked: &MetadataRequestTopic<'_>,
    with_operations: bool,
) -> MetadataResponseTopic<'static> {
    let unknown = |error: ErrorCode| MetadataResponseTopic {
        error_code: error.code(),
        name: asked.name.as_ref().map(|name| name.to_string().into()),
        topic_id: asked.topic_id,
        is_internal: asked.name.as_deref().is_some_and(internal_topics::is_internal),
        topic_authorized_operations: authorized_operations::NOT_ASKED,
        ..MetadataResponseTopic::default()
    };
    match &asked.name {
        Some(name) => match image.topics.by_name(name) {
            Some(topic) => known(topic, with_operations),
            None if topic_name::validate(name).is_err() => unknown(ErrorCode::InvalidTopicException),
            None => unknown(ErrorCode::UnknownTopicOrPartition),
        },
        None => match image.topics.by_id(TopicId(asked.topic_id)) {
            Some(topic) => known(topic, with_operations),
            None => unknown(ErrorCode::UnknownTopicId),
        },
    }
}

fn known(topic: &Arc<TopicImage>, with_operations: bool) -> MetadataResponseTopic<'static> {
    MetadataResponseTopic {
        error_code: 0,
        name: Some(topic.name.to_string().into()),
        topic_id: topic.id.0,
        is_internal: internal_topics::is_internal(&topic.name),
        partitions: topic
            .partitions
            .iter()
            .map(|(index, partition)| describe_partition(*index, partition))
            .collect(),
        topic_authorized_operations: if_asked(with_operations, authorized_operations::TOPIC),
    }
}

fn describe_partition(index: i32, partition: &PartitionImage) -> MetadataResponsePartition {
    let ids = |brokers: &[broker_protocol::types::BrokerId]| brokers.iter().map(|broker| broker.0).collect();
    let error = if partition.leader.0 < 0 { ErrorCode::LeaderNotAvailable } else { ErrorCode::None };
    MetadataResponsePartition {
        error_code: error.code(),
        partition_index: index,
        leader_id: partition.leader.0,
        leader_epoch: partition.leader_epoch.0,
        replica_nodes: ids(&partition.replicas),
        isr_nodes: ids(&partition.isr),
        offline_replicas: Vec::new(),
    }
}
