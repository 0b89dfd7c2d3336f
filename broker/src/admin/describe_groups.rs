//! DescribeGroups: members, committed offsets and lag of consumer groups, by rising id.

use std::collections::BTreeMap;

use broker_protocol::codec::Reader;
use broker_protocol::messages::ConsumerProtocolAssignment;
use broker_protocol::types::{Offset, PartitionIndex};
use broker_state::group::{DescribedGroup, DescribedMember, GroupShard, GroupState as State, ListedGroup};
use broker_state::metadata::image::MetadataImage;
use proto::admin::v1::{
    DescribeGroupsRequest, DescribeGroupsResponse, Group, GroupLag, GroupOffset, GroupState, Member,
    TopicPartitions,
};

use super::page::{Page, names_from};
use super::refusal::Refusal;
use crate::api::context::ApiContext;
use crate::coordinator::is_of_this_topic;
use crate::internal_topics::CONSUMER_OFFSETS;
use crate::metrics::lag;

/// Protocol type of the groups whose assignments can be read.
const CONSUMER: &str = "consumer";

pub(super) async fn answer(
    ctx: &ApiContext,
    request: DescribeGroupsRequest,
) -> Result<DescribeGroupsResponse, Refusal> {
    let image = ctx.metadata.image();
    let metadata_offset = image.position.offset.0;
    if image.topics.by_name(CONSUMER_OFFSETS).is_none() {
        return Ok(DescribeGroupsResponse { metadata_offset, ..DescribeGroupsResponse::default() });
    }
    let refuse = |error| Refusal::of_group(error, ctx.replicas.log_dir());
    let wanted = if request.group_ids.is_empty() {
        let listed = all(ctx).await?;
        let mut ids: Vec<String> = listed.into_iter().map(|group| group.group_id).collect();
        ids.retain(|id| *id >= request.from_group_id);
        ids.sort_unstable();
        ids
    } else {
        names_from(&request.group_ids, &request.from_group_id)?
    };
    let mut page = Page::new(request.groups_max);
    let mut next_group_id = String::new();
    for group_id in wanted {
        let found = ctx.groups.read(&group_id, |groups| look_up(groups, &image, &group_id)).await;
        let Some((group, offsets)) = found.map_err(refuse)? else { continue };
        if page.is_full() {
            next_group_id = group_id;
            break;
        }
        let offsets = with_lag(ctx, offsets).await;
        page.push(described(group_id, group, offsets));
    }
    Ok(DescribeGroupsResponse { metadata_offset, groups: page.into_entries(), next_group_id })
}

type Found = Option<(DescribedGroup, Vec<GroupOffset>)>;

/// All groups, or none: a caller must not take a group for gone that only cannot be read.
async fn all(ctx: &ApiContext) -> Result<Vec<ListedGroup>, Refusal> {
    let unread = ctx.groups.loading();
    if unread > 0 {
        return Err(Refusal::not_ready(format!("the groups of {unread} partitions cannot be read yet")));
    }
    ctx.groups.list().await.map_err(|error| Refusal::of_group(error, ctx.replicas.log_dir()))
}

fn look_up(groups: &GroupShard, image: &MetadataImage, group_id: &str) -> Found {
    let group = groups.describe(group_id)?;
    let of_now = groups
        .all_committed(group_id)
        .filter(|(topic, _, committed)| is_of_this_topic(image, topic, committed.topic_id));
    let offsets = of_now.map(|(topic, partition, committed)| GroupOffset {
        topic: topic.to_string(),
        partition: u32::try_from(partition).unwrap_or_default(),
        committed_offset: committed.offset,
        leader_epoch: committed.leader_epoch,
        metadata: committed.metadata.to_string(),
        commit_timestamp_ms: committed.commit_timestamp_ms,
        lag: None,
    });
    Some((group, offsets.collect()))
}

/// Reads how old what was not read is, from logs that may be on the disk only.
async fn with_lag(ctx: &ApiContext, mut offsets: Vec<GroupOffset>) -> Vec<GroupOffset> {
    let (replicas, now_ms) = (std::sync::Arc::clone(&ctx.replicas), ctx.env.clock.now_ms());
    let work = move || {
        for offset in &mut offsets {
            let index = PartitionIndex::try_from(offset.partition).unwrap_or(-1);
            let partition = replicas.partition(&offset.topic, index);
            offset.lag = partition.filter(|partition| !partition.is_gone()).map(|partition| {
                let lag = lag::of(&partition, Offset(offset.committed_offset), now_ms);
                GroupLag {
                    log_start_offset: lag.log_start.0,
                    high_watermark: lag.high_watermark.0,
                    records: lag.records,
                    milliseconds: lag.age_ms,
                }
            });
        }
        offsets
    };
    ctx.env.block_on_disk(work).await
}

fn described(group_id: String, group: DescribedGroup, offsets: Vec<GroupOffset>) -> Group {
    let state = match group.state {
        State::Empty => GroupState::Empty,
        State::PreparingRebalance => GroupState::PreparingRebalance,
        State::CompletingRebalance => GroupState::CompletingRebalance,
        State::Stable => GroupState::Stable,
    };
    let is_consumer = group.protocol_type == CONSUMER;
    Group {
        group_id,
        state: state.into(),
        protocol_type: group.protocol_type,
        protocol: group.protocol_name,
        generation: group.generation,
        members: group.members.into_iter().map(|member| described_member(member, is_consumer)).collect(),
        offsets,
    }
}

fn described_member(member: DescribedMember, is_consumer: bool) -> Member {
    Member {
        assignment: if is_consumer { assignment(&member.assignment) } else { Vec::new() },
        member_id: member.member_id,
        group_instance_id: member.instance_id,
        client_id: member.client_id,
        client_host: member.client_host,
    }
}

/// What a consumer was assigned, by topic and partition; nothing where its leader has written something else.
fn assignment(bytes: &[u8]) -> Vec<TopicPartitions> {
    let mut reader = Reader::new(bytes);
    let mut read = || -> Option<BTreeMap<String, Vec<u32>>> {
        let version = reader.i16().ok()?;
        let newest = *ConsumerProtocolAssignment::VERSIONS.end();
        let assigned = ConsumerProtocolAssignment::decode(&mut reader, version.min(newest)).ok()?;
        let mut topics: BTreeMap<String, Vec<u32>> = BTreeMap::new();
        for topic in assigned.assigned_partitions {
            let indexes = topic.partitions.iter().filter_map(|index| u32::try_from(*index).ok());
            topics.entry(topic.topic.to_string()).or_default().extend(indexes);
        }
        Some(topics)
    };
    let topics = read().unwrap_or_default();
    let sorted = |(topic, mut partitions): (String, Vec<u32>)| {
        partitions.sort_unstable();
        TopicPartitions { topic, partitions }
    };
    topics.into_iter().map(sorted).collect()
}

#[cfg(test)]
mod tests {
    use broker_protocol::codec::Writer;
    use broker_protocol::messages::consumer_protocol_assignment::TopicPartition;

    use super::*;

    #[test]
    fn assignment_of_consumers_is_told_by_topic_and_partition() {
        let assigned = |topic: &'static str, partitions: &[i32]| TopicPartition {
            topic: topic.into(),
            partitions: partitions.to_vec(),
        };
        let assigned_partitions = vec![assigned("b", &[2, 0]), assigned("a", &[1])];
        let message = ConsumerProtocolAssignment { assigned_partitions, user_data: None };
        for version in [0, 3, 9] {
            let mut writer = Writer::new();
            writer.i16(version);
            message.encode(&mut writer, version.min(3)).expect("it can be encoded");
            let told = |topic: &str, partitions: &[u32]| TopicPartitions {
                topic: topic.to_owned(),
                partitions: partitions.to_vec(),
            };
            assert_eq!(assignment(writer.bytes()), [told("a", &[1]), told("b", &[0, 2])]);
        }
        for odd in [&b""[..], b"a", b"\0\x01\x7f\xff\xff\xff"] {
            assert!(assignment(odd).is_empty());
        }
    }
}
