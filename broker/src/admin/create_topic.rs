//! CreateTopic: a topic whose replicas the caller has placed.

use broker_protocol::types::{BrokerId, Offset, TopicId};
use broker_state::metadata::image::MetadataImage;
use broker_state::metadata::topics::{self, NewTopic};
use broker_state::outcome::Outcome;
use proto::admin::v1::{Assignment, CreateTopicRequest, CreateTopicResponse, Reason};

use super::change::{Asked, Decision, Needs, carry_out, check_expected, seen};
use super::refusal::Refusal;
use crate::api::context::ApiContext;
use crate::api::create_topics::{checked_configs, defaults};

pub(super) async fn answer(
    ctx: &ApiContext,
    request: CreateTopicRequest,
) -> Result<CreateTopicResponse, Refusal> {
    let id = TopicId(ctx.env.random.uuid());
    let seen = seen(request.change.as_ref());
    let decide = |image: &MetadataImage| {
        check_expected(image, seen, Offset(-1))?;
        decide(ctx, image, &request, id)
    };
    if request.validate_only {
        decide(&ctx.metadata.image())?;
        return Ok(CreateTopicResponse::default());
    }
    let asked = Asked::of("CreateTopic", request.change.as_ref(), &request)?;
    let (response, offset) = carry_out(ctx, asked, Needs::Room, decide).await?;
    Ok(CreateTopicResponse { metadata_offset: offset.0, ..response })
}

fn decide(
    ctx: &ApiContext,
    image: &MetadataImage,
    request: &CreateTopicRequest,
    id: TopicId,
) -> Decision<CreateTopicResponse> {
    if request.assignments.is_empty() {
        let reason = "assignments are absent: a topic has at least one partition";
        return Err(Refusal::new(Reason::InvalidPartitions, reason));
    }
    let configs = request.configs.iter().map(|(key, value)| (key.as_str(), Some(value.as_str())));
    let topic = NewTopic {
        name: request.name.clone(),
        id,
        partitions: -1,
        replication_factor: -1,
        assignments: (0..).zip(request.assignments.iter().map(replicas)).collect(),
        configs: checked_configs(ctx, configs),
    };
    let Outcome { records, response } = topics::create_topics(image, &[topic], defaults(ctx), false);
    for (_, created) in response {
        created?;
    }
    let response = CreateTopicResponse { topic_id: id.0.into_bytes().to_vec(), metadata_offset: 0 };
    Ok(Outcome { records, response })
}

/// The brokers of an assignment.
pub(super) fn replicas(assignment: &Assignment) -> Vec<BrokerId> {
    assignment.replicas.iter().copied().map(BrokerId).collect()
}
