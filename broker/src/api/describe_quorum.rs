//! DescribeQuorum (KIP-595, KIP-836, KIP-853): who decides about metadata, and how far each member has it.

use std::collections::HashSet;

use broker_protocol::error_code::ErrorCode;
use broker_protocol::messages::describe_quorum_request::DescribeQuorumRequest;
use broker_protocol::messages::describe_quorum_response::{
    DescribeQuorumResponse, Listener, Node, PartitionData, ReplicaState, TopicData,
};

use crate::api::context::{ApiContext, RequestContext};
use crate::quorum::{QuorumDescription, ReplicaDescription};

/// What Kafka calls the metadata log. Here it is no topic, but it is asked for by this name.
const CLUSTER_METADATA: &str = "__cluster_metadata";

/// Answers DescribeQuorum.
pub async fn handle(
    ctx: &ApiContext,
    _request: &RequestContext,
    message: DescribeQuorumRequest<'_>,
) -> DescribeQuorumResponse<'static> {
    let now_ms = ctx.env.clock.now_ms();
    let quorum = ctx.metadata.describe(now_ms);
    // An answer is many times as long as its question: what is asked for again is not told again.
    let mut told = HashSet::new();
    let topics = message
        .topics
        .iter()
        .map(|topic| TopicData {
            topic_name: topic.topic_name.to_string().into(),
            partitions: topic
                .partitions
                .iter()
                .filter(|asked| told.insert((&*topic.topic_name, asked.partition_index)))
                .map(|asked| {
                    if &*topic.topic_name == CLUSTER_METADATA && asked.partition_index == 0 {
                        describe(&quorum, now_ms)
                    } else {
                        unknown(asked.partition_index)
                    }
                })
                .collect(),
        })
        .collect();
    DescribeQuorumResponse { topics, nodes: nodes(ctx), ..DescribeQuorumResponse::default() }
}

fn unknown(partition_index: i32) -> PartitionData<'static> {
    PartitionData {
        partition_index,
        error_code: ErrorCode::UnknownTopicOrPartition.code(),
        ..PartitionData::default()
    }
}

fn describe(quorum: &QuorumDescription, now_ms: i64) -> PartitionData<'static> {
    let states = |replicas: &[ReplicaDescription]| {
        replicas
            .iter()
            .map(|replica| ReplicaState {
                replica_id: replica.broker_id.0,
                replica_directory_id: replica.directory_id,
                log_end_offset: replica.log_end_offset,
                last_fetch_timestamp: now_ms,
                last_caught_up_timestamp: replica.last_caught_up_ms,
            })
            .collect()
    };
    PartitionData {
        leader_id: quorum.leader.0,
        leader_epoch: quorum.leader_epoch,
        high_watermark: quorum.high_watermark,
        current_voters: states(&quorum.voters),
        observers: states(&quorum.observers),
        ..PartitionData::default()
    }
}

fn nodes(ctx: &ApiContext) -> Vec<Node<'static>> {
    ctx.metadata
        .image()
        .brokers
        .values()
        .map(|broker| Node {
            node_id: broker.id.0,
            listeners: broker
                .endpoints
                .iter()
                .map(|endpoint| Listener {
                    name: endpoint.listener.clone().into(),
                    host: endpoint.host.clone().into(),
                    port: u16::try_from(endpoint.port).unwrap_or(0),
                })
                .collect(),
        })
        .collect()
}
