//! OffsetFetch (KIP-320, KIP-447, KIP-709, KIP-848): how far groups have read. There are no transactions that could
//! leave an offset unstable, so `require_stable` changes nothing.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use broker_protocol::error_code::ErrorCode;
use broker_protocol::messages::offset_fetch_request::OffsetFetchRequest;
use broker_protocol::messages::offset_fetch_response::{
    OffsetFetchResponse, OffsetFetchResponseGroup, OffsetFetchResponsePartition,
    OffsetFetchResponsePartitions, OffsetFetchResponseTopic, OffsetFetchResponseTopics,
};
use broker_protocol::types::{TopicId, Uuid};
use broker_state::group::{CommittedOffset, GroupShard};
use broker_state::metadata::image::MetadataImage;

use crate::api::context::{ApiContext, RequestContext};
use crate::coordinator::{CoordinatorError, is_of_this_topic};

/// From here on the answer has an error for the whole group.
const GROUP_ERROR_SINCE: i16 = 2;
/// From here on several groups can be asked for.
const SEVERAL_SINCE: i16 = 8;
/// From here on topics are named by their ids.
const TOPIC_ID_SINCE: i16 = 10;

/// What is asked of one group; `topics` is `None` for all of them.
struct Question {
    group_id: Arc<str>,
    topics: Option<Vec<AskedTopic>>,
}

struct AskedTopic {
    /// `None`: there is no topic of the id that was asked for.
    name: Option<Arc<str>>,
    topic_id: Uuid,
    partitions: Vec<i32>,
}

/// Answers OffsetFetch, once everything that it says is durable.
pub async fn handle(
    ctx: &ApiContext,
    request: &RequestContext,
    message: OffsetFetchRequest<'_>,
) -> OffsetFetchResponse<'static> {
    let image = ctx.metadata.image();
    let questions = drop_repeated(questions(&image, message, request.version));
    let mut groups = Vec::with_capacity(questions.len());
    for question in questions {
        let found = ctx
            .groups
            .read(&question.group_id, |groups| look_up(groups, &image, &question, request.version))
            .await;
        let group = match found {
            Ok(topics) => OffsetFetchResponseGroup {
                group_id: question.group_id.to_string().into(),
                topics,
                error_code: 0,
            },
            Err(error) => refused(question, error, request.version),
        };
        groups.push(group);
    }
    if request.version >= SEVERAL_SINCE {
        return OffsetFetchResponse { groups, ..OffsetFetchResponse::default() };
    }
    groups.pop().map(in_old_form).unwrap_or_default()
}

fn questions(image: &MetadataImage, message: OffsetFetchRequest<'_>, version: i16) -> Vec<Question> {
    let by_name = |name: &str, partitions: Vec<i32>| AskedTopic {
        name: Some(name.into()),
        topic_id: Uuid::nil(),
        partitions,
    };
    if version < SEVERAL_SINCE {
        let topics = message.topics.map(|topics| {
            topics.into_iter().map(|topic| by_name(&topic.name, topic.partition_indexes)).collect()
        });
        return vec![Question { group_id: (&*message.group_id).into(), topics }];
    }
    let groups = message.groups.into_iter();
    groups
        .map(|group| Question {
            group_id: (&*group.group_id).into(),
            topics: group.topics.map(|topics| {
                let asked = topics.into_iter().map(|topic| {
                    if version < TOPIC_ID_SINCE {
                        return by_name(&topic.name, topic.partition_indexes);
                    }
                    let known = image.topics.by_id(TopicId(topic.topic_id));
                    AskedTopic {
                        name: known.map(|known| Arc::clone(&known.name)),
                        topic_id: topic.topic_id,
                        partitions: topic.partition_indexes,
                    }
                });
                asked.collect()
            }),
        })
        .collect()
}

/// Drops what is asked for again: the metadata of an offset is much longer than the question for it.
fn drop_repeated(mut questions: Vec<Question>) -> Vec<Question> {
    let mut whole = HashSet::new();
    questions.retain(|question| question.topics.is_some() || whole.insert(Arc::clone(&question.group_id)));
    // Each topic of each group has a number, so that very many partitions take little.
    let mut numbers = HashMap::new();
    let mut partitions = HashSet::new();
    for question in &mut questions {
        for topic in question.topics.iter_mut().flatten() {
            let next = numbers.len();
            let place = (Arc::clone(&question.group_id), topic.name.clone(), topic.topic_id);
            let number = *numbers.entry(place).or_insert(next);
            topic.partitions.retain(|index| partitions.insert((number, *index)));
        }
    }
    questions
}

fn look_up(
    groups: &GroupShard,
    image: &MetadataImage,
    question: &Question,
    version: i16,
) -> Vec<OffsetFetchResponseTopics<'static>> {
    let Some(topics) = &question.topics else {
        return look_up_all(groups, image, &question.group_id, version);
    };
    topics
        .iter()
        .map(|asked| {
            let partition = |index: &i32| match &asked.name {
                None => nothing(*index, ErrorCode::UnknownTopicId),
                Some(name) => match groups.committed(&question.group_id, name, *index) {
                    Some(committed) if is_of_this_topic(image, name, committed.topic_id) => {
                        found(*index, committed)
                    }
                    _ => nothing(*index, ErrorCode::None),
                },
            };
            OffsetFetchResponseTopics {
                topic_id: asked.topic_id,
                name: asked.name.as_deref().unwrap_or_default().to_owned().into(),
                partitions: asked.partitions.iter().map(partition).collect(),
            }
        })
        .collect()
}

fn look_up_all(
    groups: &GroupShard,
    image: &MetadataImage,
    group_id: &str,
    version: i16,
) -> Vec<OffsetFetchResponseTopics<'static>> {
    let mut topics: BTreeMap<&Arc<str>, Vec<OffsetFetchResponsePartitions<'static>>> = BTreeMap::new();
    for (topic, partition, committed) in groups.all_committed(group_id) {
        if is_of_this_topic(image, topic, committed.topic_id) {
            topics.entry(topic).or_default().push(found(partition, committed));
        }
    }
    let with_id = |(name, partitions): (&Arc<str>, _)| {
        let known = image.topics.by_name(name);
        // What has no id (any more) cannot be named by it.
        if known.is_none() && version >= TOPIC_ID_SINCE {
            return None;
        }
        let topic_id = known.map(|known| known.id.0).unwrap_or_default();
        Some(OffsetFetchResponseTopics { topic_id, name: name.to_string().into(), partitions })
    };
    topics.into_iter().filter_map(with_id).collect()
}

fn found(partition: i32, committed: &CommittedOffset) -> OffsetFetchResponsePartitions<'static> {
    OffsetFetchResponsePartitions {
        partition_index: partition,
        committed_offset: committed.offset,
        committed_leader_epoch: committed.leader_epoch,
        metadata: Some(committed.metadata.to_string().into()),
        error_code: 0,
    }
}

fn nothing(partition: i32, error: ErrorCode) -> OffsetFetchResponsePartitions<'static> {
    OffsetFetchResponsePartitions {
        partition_index: partition,
        committed_offset: -1,
        committed_leader_epoch: -1,
        metadata: Some("".into()),
        error_code: error.code(),
    }
}

/// The coordinator cannot answer: the first versions say so at each partition, the others once.
fn refused(question: Question, error: CoordinatorError, version: i16) -> OffsetFetchResponseGroup<'static> {
    let code = error.code();
    let asked = if version < GROUP_ERROR_SINCE { question.topics } else { None };
    let topics = asked
        .into_iter()
        .flatten()
        .map(|asked| OffsetFetchResponseTopics {
            topic_id: asked.topic_id,
            name: asked.name.as_deref().unwrap_or_default().to_owned().into(),
            partitions: asked.partitions.iter().map(|index| nothing(*index, code)).collect(),
        })
        .collect();
    OffsetFetchResponseGroup {
        group_id: question.group_id.to_string().into(),
        topics,
        error_code: code.code(),
    }
}

/// The answer before several groups could be asked for.
fn in_old_form(group: OffsetFetchResponseGroup<'static>) -> OffsetFetchResponse<'static> {
    let topics = group.topics.into_iter().map(|topic| OffsetFetchResponseTopic {
        name: topic.name,
        partitions: topic
            .partitions
            .into_iter()
            .map(|partition| OffsetFetchResponsePartition {
                partition_index: partition.partition_index,
                committed_offset: partition.committed_offset,
                committed_leader_epoch: partition.committed_leader_epoch,
                metadata: partition.metadata,
                error_code: partition.error_code,
            })
            .collect(),
    });
    OffsetFetchResponse {
        topics: topics.collect(),
        error_code: group.error_code,
        ..OffsetFetchResponse::default()
    }
}
