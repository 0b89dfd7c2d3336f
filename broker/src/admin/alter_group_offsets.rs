//! AlterGroupOffsets: what a group without members has committed.
//!
//! Commits lie in `__consumer_offsets`, request ids in the metadata log: the commit is durable first. After a crash between the
//! two a repeated request commits the same again, if the group still has no members.

use std::collections::HashSet;
use std::sync::Arc;

use broker_protocol::types::PartitionIndex;
use broker_state::group::{CommitRequest, GroupError, OffsetToCommit};
use broker_state::metadata::image::MetadataImage;
use broker_state::outcome::Outcome;
use proto::admin::v1::{AlterGroupOffsetsRequest, AlterGroupOffsetsResponse, NewOffset, Reason};

use super::change::{Asked, Needs, carried_out, carry_out};
use super::refusal::{Refusal, of_partition};
use crate::api::context::ApiContext;
use crate::coordinator::CoordinatorError;
use crate::internal_topics::{self, CONSUMER_OFFSETS};

pub(super) async fn answer(
    ctx: &ApiContext,
    request: AlterGroupOffsetsRequest,
) -> Result<AlterGroupOffsetsResponse, Refusal> {
    let asked = Asked::of("AlterGroupOffsets", request.change.as_ref(), &request)?;
    let image = ctx.metadata.image();
    if let Some((_, offset)) = carried_out::<AlterGroupOffsetsResponse>(&image, asked)? {
        return Ok(AlterGroupOffsetsResponse { metadata_offset: offset.0 });
    }
    let offsets = checked(ctx, &image, asked, &request)?;
    internal_topics::ensure(ctx, CONSUMER_OFFSETS).await?;
    commit(ctx, &request.group_id, offsets).await?;
    let noted = |_: &MetadataImage| Ok(Outcome::unchanged(AlterGroupOffsetsResponse::default()));
    let (_, offset) = carry_out(ctx, asked, Needs::NoReplica, noted).await?;
    Ok(AlterGroupOffsetsResponse { metadata_offset: offset.0 })
}

/// The offsets of a request, each of which lies in its partition.
fn checked(
    ctx: &ApiContext,
    image: &MetadataImage,
    asked: Asked,
    request: &AlterGroupOffsetsRequest,
) -> Result<Vec<OffsetToCommit>, Refusal> {
    if request.group_id.is_empty() || request.offsets.is_empty() {
        return Err(Refusal::invalid("group_id or offsets are absent"));
    }
    let mut seen = HashSet::new();
    let one = |wanted: &NewOffset| {
        if !seen.insert((wanted.topic.clone(), wanted.partition)) {
            let reason = format!("{}-{} is named twice", wanted.topic, wanted.partition);
            return Err(Refusal::invalid(reason));
        }
        checked_one(ctx, image, asked, wanted)
    };
    request.offsets.iter().map(one).collect()
}

fn checked_one(
    ctx: &ApiContext,
    image: &MetadataImage,
    asked: Asked,
    wanted: &NewOffset,
) -> Result<OffsetToCommit, Refusal> {
    let name = &wanted.topic;
    let unknown = || Refusal::new(Reason::UnknownTopic, format!("there is no topic {name}"));
    let topic = image.topics.by_name(name).ok_or_else(unknown)?;
    asked.check(image, topic.changed_at)?;
    let index = PartitionIndex::try_from(wanted.partition).unwrap_or(-1);
    let refuse = |code| of_partition(code, name, wanted.partition, ctx.replicas.log_dir());
    let partition = ctx.replicas.find(name, index).map_err(refuse)?;
    let start = partition.log().with(|log| log.log_start_offset());
    let end = partition.high_watermark();
    if !(start.0..=end.0).contains(&wanted.offset) {
        let reason = format!("{name}-{index} has the offsets {start} to {end}, not {}", wanted.offset);
        return Err(Refusal::new(Reason::OffsetOutOfRange, reason));
    }
    Ok(OffsetToCommit {
        topic: Arc::clone(&topic.name),
        topic_id: topic.id,
        partition: index,
        offset: wanted.offset,
        leader_epoch: -1,
        metadata: String::new(),
    })
}

/// Commits as a client does that is no member; the group refuses that while it has members.
async fn commit(ctx: &ApiContext, group_id: &str, offsets: Vec<OffsetToCommit>) -> Result<(), Refusal> {
    let commit = CommitRequest {
        group_id: group_id.to_owned(),
        generation_id: -1,
        member_id: String::new(),
        instance_id: None,
        retention_time_ms: -1,
        knows_group_id_not_found: true,
        offsets,
    };
    let refused = |error: CoordinatorError| match error {
        CoordinatorError::Group(GroupError::UnknownMemberId) => {
            Refusal::new(Reason::GroupNotEmpty, format!("group {group_id} has members"))
        }
        error => Refusal::of_group(error, ctx.replicas.log_dir()),
    };
    for committed in ctx.groups.commit(&commit).await.map_err(refused)? {
        committed.map_err(|error| refused(error.into()))?;
    }
    Ok(())
}
