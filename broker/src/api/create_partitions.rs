//! CreatePartitions (KIP-195): more partitions for topics that are there.

use broker_protocol::error_code::ErrorCode;
use broker_protocol::messages::create_partitions_request::CreatePartitionsRequest;
use broker_protocol::messages::create_partitions_response::{
    CreatePartitionsResponse, CreatePartitionsTopicResult,
};
use broker_protocol::types::BrokerId;
use broker_state::metadata::partitions::{self, MorePartitions};

use crate::api::context::{ApiContext, RequestContext};

/// Answers CreatePartitions.
pub async fn handle(
    ctx: &ApiContext,
    _request: &RequestContext,
    message: CreatePartitionsRequest<'_>,
) -> CreatePartitionsResponse<'static> {
    let wanted: Vec<MorePartitions> = message
        .topics
        .iter()
        .map(|topic| MorePartitions {
            name: topic.name.to_string(),
            count: topic.count,
            assignments: topic.assignments.as_ref().map(|assignments| {
                assignments.iter().map(|one| one.broker_ids.iter().copied().map(BrokerId).collect()).collect()
            }),
        })
        .collect();
    let validate_only = message.validate_only;
    let result = |name: String, code: ErrorCode, message: Option<String>| CreatePartitionsTopicResult {
        name: name.into(),
        error_code: code.code(),
        error_message: message.map(Into::into),
    };
    let answer =
        ctx.controller.create(|image| partitions::create_partitions(image, &wanted, validate_only)).await;
    let results = match answer {
        Ok(results) => results
            .into_iter()
            .map(|(name, outcome)| match outcome {
                Ok(()) => result(name, ErrorCode::None, None),
                Err(error) => {
                    let code = error.code();
                    result(name, code, Some(error.to_string()))
                }
            })
            .collect(),
        Err(error) => wanted
            .into_iter()
            .map(|topic| result(topic.name, error.code(), Some(error.to_string())))
            .collect(),
    };
    CreatePartitionsResponse { throttle_time_ms: 0, results }
}
