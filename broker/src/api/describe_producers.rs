//! DescribeProducers (KIP-664): which producers a partition remembers.

use std::collections::HashSet;

use broker_protocol::messages::describe_producers_request::DescribeProducersRequest;
use broker_protocol::messages::describe_producers_response::{
    DescribeProducersResponse, PartitionResponse, ProducerState, TopicResponse,
};

use crate::api::context::{ApiContext, RequestContext};

/// Answers DescribeProducers.
pub async fn handle(
    ctx: &ApiContext,
    _request: &RequestContext,
    message: DescribeProducersRequest<'_>,
) -> DescribeProducersResponse<'static> {
    // An answer is many times as long as its question: what is asked for again is not told again.
    let mut told = HashSet::new();
    let topics = message
        .topics
        .iter()
        .map(|topic| TopicResponse {
            name: topic.name.to_string().into(),
            partitions: topic
                .partition_indexes
                .iter()
                .filter(|&&index| told.insert((&*topic.name, index)))
                .map(|&index| describe(ctx, &topic.name, index))
                .collect(),
        })
        .collect();
    DescribeProducersResponse { throttle_time_ms: 0, topics }
}

fn describe(ctx: &ApiContext, topic: &str, index: i32) -> PartitionResponse<'static> {
    let partition = match ctx.replicas.find(topic, index) {
        Ok(partition) => partition,
        Err(error) => {
            let error_code = error.code();
            return PartitionResponse { partition_index: index, error_code, ..PartitionResponse::default() };
        }
    };
    let active_producers = partition.log().with(|log| {
        log.active_producers()
            .map(|(id, state)| ProducerState {
                producer_id: id.0,
                producer_epoch: i32::from(state.epoch.0),
                last_sequence: state.last_sequence(),
                last_timestamp: state.last_timestamp,
                coordinator_epoch: state.coordinator_epoch,
                current_txn_start_offset: state.transaction_start.map_or(-1, |offset| offset.0),
            })
            .collect()
    });
    PartitionResponse { partition_index: index, active_producers, ..PartitionResponse::default() }
}
