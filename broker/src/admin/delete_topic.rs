//! DeleteTopic: by id, so that one that was made again under the name is left alone.

use broker_state::metadata::image::MetadataImage;
use broker_state::metadata::topics::{self, DeletedTopic, TopicRef};
use broker_state::outcome::Outcome;
use proto::admin::v1::{DeleteTopicRequest, DeleteTopicResponse, Reason};

use super::alter_topic::topic_of;
use super::change::{Asked, Decision, Needs, carry_out};
use super::refusal::Refusal;
use crate::api::context::ApiContext;

pub(super) async fn answer(
    ctx: &ApiContext,
    request: DeleteTopicRequest,
) -> Result<DeleteTopicResponse, Refusal> {
    let asked = Asked::of("DeleteTopic", request.change.as_ref(), &request)?;
    let before_ms = ctx.env.clock.now_ms();
    let mut deleted: Vec<DeletedTopic> = Vec::new();
    let decide = |image: &MetadataImage| -> Decision<DeleteTopicResponse> {
        if !ctx.config.topics.deletable {
            return Err(Refusal::new(Reason::DeletionDisabled, "delete.topic.enable is false"));
        }
        let topic = topic_of(image, &request.topic_id)?;
        asked.check(image, topic.changed_at)?;
        let is_tiered = ctx.config.remote.url.is_some();
        let Outcome { records, response } =
            topics::delete_topics(image, &[TopicRef::Id(topic.id)], is_tiered);
        for (_, result) in response {
            deleted.push(result?);
        }
        Ok(Outcome { records, response: DeleteTopicResponse::default() })
    };
    let (_, offset) = carry_out(ctx, asked, Needs::Nothing, decide).await?;
    // What a crash leaves undone here is told from the offsets of a later topic by the topic's id.
    ctx.groups.topics_deleted(&deleted, before_ms).await;
    Ok(DeleteTopicResponse { metadata_offset: offset.0 })
}
