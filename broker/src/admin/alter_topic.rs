//! AlterTopic: settings and further partitions of a topic, all of it or nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use broker_protocol::types::{TopicId, Uuid};
use broker_state::metadata::configs::{self, ConfigChange, ConfigOp};
use broker_state::metadata::image::{ConfigResource, MetadataImage, TopicImage};
use broker_state::metadata::partitions::{self, MorePartitions};
use broker_state::metadata::record::MetadataRecord;
use broker_state::outcome::Outcome;
use proto::admin::v1::{AlterTopicRequest, AlterTopicResponse, Reason};

use super::change::{Asked, Decision, Needs, carry_out, check_expected, seen};
use super::create_topic::replicas;
use super::refusal::Refusal;
use crate::api::config_rules::Rules;
use crate::api::context::ApiContext;

pub(super) async fn answer(
    ctx: &ApiContext,
    request: AlterTopicRequest,
) -> Result<AlterTopicResponse, Refusal> {
    let seen = seen(request.change.as_ref());
    let decide = |image: &MetadataImage| -> Decision<AlterTopicResponse> {
        let topic = topic_of(image, &request.topic_id)?;
        check_expected(image, seen, topic.changed_at)?;
        let resource = ConfigResource::topic(&topic.name);
        let mut records =
            altered_configs(ctx, image, resource, &request.set_configs, &request.remove_configs)?;
        if !request.added_partitions.is_empty() {
            records.extend(added_partitions(image, topic, &request)?);
        }
        Ok(Outcome { records, response: AlterTopicResponse::default() })
    };
    if request.validate_only {
        decide(&ctx.metadata.image())?;
        return Ok(AlterTopicResponse::default());
    }
    let asked = Asked::of("AlterTopic", request.change.as_ref(), &request)?;
    let needs = if request.added_partitions.is_empty() { Needs::Nothing } else { Needs::Room };
    let (_, offset) = carry_out(ctx, asked, needs, decide).await?;
    Ok(AlterTopicResponse { metadata_offset: offset.0 })
}

/// The topic of an id.
pub(super) fn topic_of<'a>(image: &'a MetadataImage, id: &[u8]) -> Result<&'a Arc<TopicImage>, Refusal> {
    let id = Uuid::from_slice(id).map_err(|_| Refusal::invalid("topic_id is not 16 bytes"))?;
    let unknown =
        || Refusal::new(Reason::UnknownTopic, format!("there is no topic with the id {}", TopicId(id)));
    image.topics.by_id(TopicId(id)).ok_or_else(unknown)
}

/// The records that change settings of a resource.
pub(super) fn altered_configs(
    ctx: &ApiContext,
    image: &MetadataImage,
    resource: ConfigResource,
    set: &BTreeMap<String, String>,
    remove: &[String],
) -> Result<Vec<MetadataRecord>, Refusal> {
    let dynamic = ctx.settings.dynamic(image);
    let layers = ctx.settings.config().layers(&dynamic);
    let rules = Rules { layers, image, replicas: &ctx.replicas };
    let set = set.iter().map(|(key, value)| (key.clone(), ConfigOp::Set(value.clone())));
    let ops = set.chain(remove.iter().map(|key| (key.clone(), ConfigOp::Delete))).collect();
    let change = ConfigChange { resource, ops };
    let outcome = configs::incremental_alter_configs(image, &[change], &rules, false);
    for (_, altered) in outcome.response {
        altered?;
    }
    Ok(outcome.records)
}

fn added_partitions(
    image: &MetadataImage,
    topic: &TopicImage,
    request: &AlterTopicRequest,
) -> Result<Vec<MetadataRecord>, Refusal> {
    let added = i32::try_from(request.added_partitions.len()).unwrap_or(i32::MAX);
    let more = MorePartitions {
        name: topic.name.to_string(),
        count: topic.partition_count().saturating_add(added),
        assignments: Some(request.added_partitions.iter().map(replicas).collect()),
    };
    let outcome = partitions::create_partitions(image, &[more], false);
    for (_, created) in outcome.response {
        created?;
    }
    Ok(outcome.records)
}
