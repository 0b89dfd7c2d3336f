//! Rows of the APIs by which groups keep how far they have read.

use broker_protocol::messages::offset_commit_request::{
    OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use broker_protocol::messages::offset_delete_request::{
    OffsetDeleteRequestPartition, OffsetDeleteRequestTopic,
};
use broker_protocol::messages::offset_fetch_request::{
    OffsetFetchRequestGroup, OffsetFetchRequestTopic, OffsetFetchRequestTopics,
};
use broker_protocol::messages::{
    OffsetCommitRequest, OffsetCommitResponse, OffsetDeleteRequest, OffsetDeleteResponse, OffsetFetchRequest,
    OffsetFetchResponse,
};
use broker_protocol::types::Uuid;

use crate::driver::{Driver, Topic, code};
use crate::member_rows::Member;

/// From here on topics are named by their ids.
const BY_ID_SINCE: i16 = 10;
/// From here on OffsetFetch takes several groups.
const SEVERAL_SINCE: i16 = 8;

/// What is committed for a partition: offset, leader epoch and metadata.
type Committed = (i64, i32, String);

fn commit_request<'a>(
    group: &'a str,
    member: (&'a str, i32),
    topics: &[(&'a Topic, i32, i64)],
) -> OffsetCommitRequest<'a> {
    let topics = topics.iter().map(|(topic, partition, offset)| OffsetCommitRequestTopic {
        topic_id: topic.id,
        name: (&*topic.name).into(),
        partitions: vec![OffsetCommitRequestPartition {
            partition_index: *partition,
            committed_offset: *offset,
            committed_leader_epoch: 0,
            committed_metadata: Some("note".into()),
        }],
    });
    OffsetCommitRequest {
        group_id: group.into(),
        generation_id_or_member_epoch: member.1,
        member_id: member.0.into(),
        retention_time_ms: -1,
        topics: topics.collect(),
        ..OffsetCommitRequest::default()
    }
}

/// Commits an offset for a group without members.
async fn commit(driver: &mut Driver, group: &str, topic: &Topic, partition: i32, offset: i64) {
    let request = commit_request(group, ("", -1), &[(topic, partition, offset)]);
    let frame = driver.call(&request, 9).await;
    let response: OffsetCommitResponse<'_> = frame.decode().unwrap();
    assert_eq!(response.topics[0].partitions[0].error_code, code::NONE);
}

/// What a group has committed for partitions 0 and 1 of a topic.
async fn committed(driver: &mut Driver, group: &str, topic: &Topic) -> [Committed; 2] {
    let asked = OffsetFetchRequestTopic { name: (&*topic.name).into(), partition_indexes: vec![0, 1] };
    let request = OffsetFetchRequest {
        group_id: group.into(),
        topics: Some(vec![asked]),
        ..OffsetFetchRequest::default()
    };
    let frame = driver.call(&request, 7).await;
    let response: OffsetFetchResponse<'_> = frame.decode().unwrap();
    assert_eq!(response.error_code, code::NONE);
    [0, 1].map(|index| {
        let found = &response.topics[0].partitions[index];
        (found.committed_offset, found.committed_leader_epoch, found.metadata.clone().unwrap().into_owned())
    })
}

fn nothing() -> Committed {
    (-1, -1, String::new())
}

pub(crate) async fn offset_commit(driver: &mut Driver, version: i16) {
    let member = Member::stable(driver).await;
    let topic = driver.topic(2).await;
    let missing = Topic { name: driver.name(), id: Uuid::from_u128(11) };
    let known = (&*member.id, member.generation);
    let places = [(&topic, 0, 12), (&topic, 7, 1), (&missing, 0, 1)];
    let request = commit_request(&member.group, known, &places);
    let frame = driver.call(&request, version).await;
    let response: OffsetCommitResponse<'_> = frame.decode().unwrap();
    assert_eq!((response.throttle_time_ms, response.topics.len()), (0, 3));
    let unknown =
        if version >= BY_ID_SINCE { code::UNKNOWN_TOPIC_ID } else { code::UNKNOWN_TOPIC_OR_PARTITION };
    let errors = [code::NONE, code::UNKNOWN_TOPIC_OR_PARTITION, unknown];
    for (((topic, partition, _), error), told) in places.iter().zip(errors).zip(&response.topics) {
        if version >= BY_ID_SINCE {
            assert_eq!((&*told.name, told.topic_id), ("", topic.id));
        } else {
            assert_eq!((&*told.name, told.topic_id), (&*topic.name, Uuid::nil()));
        }
        let result = &told.partitions[0];
        assert_eq!((result.partition_index, result.error_code), (*partition, error));
    }
    // The leader epoch is kept where the version has it.
    let epoch = if version >= 6 { 0 } else { -1 };
    assert_eq!(committed(driver, &member.group, &topic).await, [(12, epoch, "note".to_owned()), nothing()]);

    let refused = [
        ((known.0, known.1 + 1), code::ILLEGAL_GENERATION),
        (("stranger", known.1), code::UNKNOWN_MEMBER_ID),
    ];
    for (who, error) in refused {
        let request = commit_request(&member.group, who, &[(&topic, 0, 99)]);
        let frame = driver.call(&request, version).await;
        let response: OffsetCommitResponse<'_> = frame.decode().unwrap();
        assert_eq!(response.topics[0].partitions[0].error_code, error);
    }
    assert_eq!(committed(driver, &member.group, &topic).await[0].0, 12);
}

pub(crate) async fn offset_fetch(driver: &mut Driver, version: i16) {
    let (topic, group, other) = (driver.topic(2).await, driver.name(), driver.name());
    commit(driver, &group, &topic, 0, 21).await;
    commit(driver, &other, &topic, 1, 22).await;
    if version >= SEVERAL_SINCE {
        offset_fetch_of_groups(driver, version, &topic, [&group, &other]).await;
        return;
    }
    // Null stands for all topics since version 2.
    let asked = OffsetFetchRequestTopic { name: (&*topic.name).into(), partition_indexes: vec![0, 1] };
    let questions = if version >= 2 { vec![Some(vec![asked]), None] } else { vec![Some(vec![asked])] };
    for topics in questions {
        let all = topics.is_none();
        let request =
            OffsetFetchRequest { group_id: (&*group).into(), topics, ..OffsetFetchRequest::default() };
        let frame = driver.call(&request, version).await;
        let response: OffsetFetchResponse<'_> = frame.decode().unwrap();
        assert_eq!((response.throttle_time_ms, response.error_code), (0, code::NONE));
        assert_eq!((response.topics.len(), &*response.topics[0].name), (1, &*topic.name));
        let told: Vec<_> = response.topics[0]
            .partitions
            .iter()
            .map(|one| {
                let place = (one.partition_index, one.committed_offset, one.committed_leader_epoch);
                (place, one.metadata.as_deref(), one.error_code)
            })
            .collect();
        let epoch = if version >= 5 { 0 } else { -1 };
        let found = ((0, 21, epoch), Some("note"), code::NONE);
        let none = ((1, -1, -1), Some(""), code::NONE);
        assert_eq!(told, if all { vec![found] } else { vec![found, none] });
    }
}

async fn offset_fetch_of_groups(driver: &mut Driver, version: i16, topic: &Topic, names: [&String; 2]) {
    let asked = OffsetFetchRequestTopics {
        topic_id: topic.id,
        name: (&*topic.name).into(),
        partition_indexes: vec![0],
    };
    let groups = [(names[0], Some(vec![asked])), (names[1], None)];
    let groups = groups.map(|(name, topics)| OffsetFetchRequestGroup {
        group_id: (&**name).into(),
        member_id: None,
        member_epoch: -1,
        topics,
    });
    let request =
        OffsetFetchRequest { groups: groups.into(), require_stable: true, ..OffsetFetchRequest::default() };
    let frame = driver.call(&request, version).await;
    let response: OffsetFetchResponse<'_> = frame.decode().unwrap();
    assert_eq!((response.throttle_time_ms, response.groups.len()), (0, 2));
    for ((name, place), told) in names.into_iter().zip([(0, 21), (1, 22)]).zip(&response.groups) {
        assert_eq!((&*told.group_id, told.error_code, told.topics.len()), (&**name, code::NONE, 1));
        let found = &told.topics[0];
        if version >= BY_ID_SINCE {
            assert_eq!((&*found.name, found.topic_id), ("", topic.id));
        } else {
            assert_eq!((&*found.name, found.topic_id), (&*topic.name, Uuid::nil()));
        }
        let [partition] = &found.partitions[..] else {
            panic!("{:?}", found.partitions);
        };
        assert_eq!((partition.partition_index, partition.committed_offset), place);
        assert_eq!((partition.committed_leader_epoch, partition.error_code), (0, code::NONE));
        assert_eq!(partition.metadata.as_deref(), Some("note"));
    }
}

pub(crate) async fn offset_delete(driver: &mut Driver, version: i16) {
    let (topic, group, missing) = (driver.topic(2).await, driver.name(), driver.name());
    commit(driver, &group, &topic, 0, 31).await;
    commit(driver, &group, &topic, 1, 32).await;
    let delete = |group: &str| OffsetDeleteRequest {
        group_id: group.to_owned().into(),
        topics: vec![OffsetDeleteRequestTopic {
            name: topic.name.clone().into(),
            partitions: vec![OffsetDeleteRequestPartition { partition_index: 1 }],
        }],
    };
    let frame = driver.call(&delete(&group), version).await;
    let response: OffsetDeleteResponse<'_> = frame.decode().unwrap();
    assert_eq!((response.throttle_time_ms, response.error_code), (0, code::NONE));
    assert_eq!(&*response.topics[0].name, &*topic.name);
    let result = &response.topics[0].partitions[0];
    assert_eq!((result.partition_index, result.error_code), (1, code::NONE));
    assert_eq!(committed(driver, &group, &topic).await, [(31, 0, "note".to_owned()), nothing()]);

    let frame = driver.call(&delete(&missing), version).await;
    let response: OffsetDeleteResponse<'_> = frame.decode().unwrap();
    assert_eq!(response.error_code, code::GROUP_ID_NOT_FOUND);
}
