//! DeleteTopics (KIP-4, KIP-516): by name or by id.

use broker_protocol::error_code::ErrorCode;
use broker_protocol::messages::delete_topics_request::{DeleteTopicState, DeleteTopicsRequest};
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
    // What a client means by both cannot be known, and nothing is deleted on a guess.
    let is_clear = |topic: &DeleteTopicState<'_>| topic.name.is_none() != (topic.topic_id == TopicId::ZERO.0);
    if request.version >= 6 && !message.topics.iter().all(is_clear) {
        let (code, text) = (ErrorCode::InvalidRequest, "each topic is named by its name or by its id");
        return answer(wanted.into_iter().map(|topic| failed(topic, code, text)).collect());
    }
    if !ctx.config.topics.deletable {
        let code =
            if request.version < 3 { ErrorCode::InvalidRequest } else { ErrorCode::TopicDeletionDisabled };
        return answer(
            wanted.into_iter().map(|topic| failed(topic, code, "delete.topic.enable is false")).collect(),
        );
    }
    let before_ms = ctx.env.clock.now_ms();
    let is_tiered = ctx.config.remote.url.is_some();
    let results = match ctx.controller.change(|image| topics::delete_topics(image, &wanted, is_tiered)).await
    {
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
