//! DeleteTopics (KIP-4, KIP-516): by name or by id.

use broker_protocol::error_code::ErrorCode;
use broker_protocol::messages::delete_topics_request::DeleteTopicsRequest;
use broker_protocol::messages::delete_topics_response::{DeletableTopicResult, DeleteTopicsResponse};
use broker_protocol::types::TopicId;
use broker_state::metadata::topics::{self, TopicRef};

use crate::api::context::{ApiContext, RequestContext};

/// Answers DeleteTopics.
pub async fn handle(
    ctx: &ApiContext,
    request: &RequestContext,
    message: DeleteTopicsRequest<'_>,
) -> DeleteTopicsResponse<'static> {
    let wanted: Vec<TopicRef> = if request.version >= 6 {
        message
            .topics
            .iter()
            .map(|topic| match &topic.name {
                Some(name) => TopicRef::Name(name.to_string()),
                None => TopicRef::Id(TopicId(topic.topic_id)),
            })
            .collect()
    } else {
        message.topic_names.iter().map(|name| TopicRef::Name(name.to_string())).collect()
    };
    if !ctx.config.topics.deletable {
        let code =
            if request.version < 3 { ErrorCode::InvalidRequest } else { ErrorCode::TopicDeletionDisabled };
        return answer(
            wanted.into_iter().map(|topic| failed(topic, code, "delete.topic.enable is false")).collect(),
        );
    }
    let before_ms = ctx.env.clock.now_ms();
    let results = match ctx.controller.change(|image| topics::delete_topics(image, &wanted)).await {
        Ok(results) => results,
        Err(error) => {
            let message = error.to_string();
            return answer(wanted.into_iter().map(|topic| failed(topic, error.code(), &message)).collect());
        }
    };
    let deleted = results.iter().filter_map(|(_, result)| result.as_ref().ok());
    ctx.groups.topics_deleted(&deleted.cloned().collect::<Vec<_>>(), before_ms).await;
    let mut responses = Vec::with_capacity(results.len());
    for (asked, result) in results {
        responses.push(match result {
            Ok(deleted) => DeletableTopicResult {
                name: Some(deleted.name.to_string().into()),
                topic_id: deleted.id.0,
                ..DeletableTopicResult::default()
            },
            Err(error) => {
                let code = error.code();
                failed(asked, code, &error.to_string())
            }
        });
    }
    answer(responses)
}

fn answer(responses: Vec<DeletableTopicResult<'static>>) -> DeleteTopicsResponse<'static> {
    DeleteTopicsResponse { throttle_time_ms: 0, responses }
}

fn failed(topic: TopicRef, error: ErrorCode, message: &str) -> DeletableTopicResult<'static> {
    let (name, id) = match topic {
        TopicRef::Name(name) => (Some(name.into()), TopicId::ZERO),
        TopicRef::Id(id) => (None, id),
    };
    DeletableTopicResult {
        name,
        topic_id: id.0,
        error_code: error.code(),
        error_message: Some(message.to_owned().into()),
    }
}
