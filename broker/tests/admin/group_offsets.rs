//! Groups: who is in them, how far they are, and how far they shall be.

use proto::admin::v1::list_offsets_partition::Position;
use proto::admin::v1::{
    AlterGroupOffsetsRequest, AlterGroupOffsetsResponse, DescribeGroupsRequest, Group, GroupState,
    ListOffsetsPartition, ListOffsetsRequest, NewOffset, Reason, listed_offset,
};
use tonic::{Code, Response, Status};

use crate::harness::batches::{base_time_ms, batch_at};
use crate::harness::{TestBroker, calls, groups, within};
use crate::operator::{Operator, change, ok, refused};

fn reset(group: &str, partition: u32, offset: i64) -> AlterGroupOffsetsRequest {
    let offsets = vec![NewOffset { topic: "t".into(), partition, offset }];
    AlterGroupOffsetsRequest { change: change(), group_id: group.into(), offsets }
}

/// Asks again while groups are being loaded.
async fn alter(
    operator: &mut Operator,
    request: AlterGroupOffsetsRequest,
) -> Result<Response<AlterGroupOffsetsResponse>, Status> {
    within("groups", async {
        loop {
            match operator.alter_group_offsets(request.clone()).await {
                Err(status) if status.code() == Code::Unavailable => tokio::task::yield_now().await,
                answer => return answer,
            }
        }
    })
    .await
}

async fn described(operator: &mut Operator, group: &str) -> Option<Group> {
    let request =
        DescribeGroupsRequest { group_ids: vec![group.to_owned()], ..DescribeGroupsRequest::default() };
    ok(operator.describe_groups(request).await).groups.pop()
}

/// A topic with six records, one a second, the last of them a minute old.
async fn with_records() -> (TestBroker, Operator) {
    let broker = TestBroker::start(&[]).await;
    let mut operator = Operator::of(&broker).await;
    operator.create("t").await;
    let mut client = broker.client().await;
    for second in 0..6 {
        let at_ms = base_time_ms() - 5000 + second * 1000;
        calls::append(&mut client, "t", 0, &batch_at(at_ms, &["v"])).await;
    }
    (broker, operator)
}

#[tokio::test]
async fn group_is_told_with_its_offsets_and_lag() {
    let (broker, mut operator) = with_records().await;
    assert_eq!(described(&mut operator, "g").await, None, "before there are groups at all");
    let mut client = broker.client().await;
    groups::commit(&mut client, "g", ("t", 0), 4).await;
    let group = described(&mut operator, "g").await.unwrap();
    assert_eq!((group.state(), group.members.len(), group.generation), (GroupState::Empty, 0, 0));
    let [offset] = &group.offsets[..] else { panic!("{group:?}") };
    assert_eq!((offset.topic.as_str(), offset.partition, offset.committed_offset), ("t", 0, 4));
    assert!(offset.commit_timestamp_ms > 0);
    let lag = offset.lag.unwrap();
    assert_eq!((lag.log_start_offset, lag.high_watermark, lag.records), (0, 6, 2));
    assert!(lag.milliseconds.unwrap() >= 60_000, "{lag:?}");
    groups::commit(&mut client, "g", ("t", 0), 6).await;
    let lag = described(&mut operator, "g").await.unwrap().offsets[0].lag.unwrap();
    assert_eq!((lag.records, lag.milliseconds), (0, Some(0)));
    calls::delete_topic(&mut client, "t").await;
    assert!(described(&mut operator, "g").await.is_none_or(|group| group.offsets.is_empty()));
}

#[tokio::test]
async fn group_with_members_is_told_with_them_and_keeps_its_offsets() {
    let (broker, mut operator) = with_records().await;
    let mut client = broker.client().await;
    groups::commit(&mut client, "g", ("t", 0), 1).await;
    let member_id = groups::joined(&mut client, "g").await;
    let group = described(&mut operator, "g").await.unwrap();
    assert_eq!((group.state(), group.generation), (GroupState::Stable, 1));
    assert_eq!((group.protocol_type.as_str(), group.protocol.as_str()), ("consumer", "range"));
    let [member] = &group.members[..] else { panic!("{group:?}") };
    assert_eq!((&member.member_id, member.client_id.as_str()), (&member_id, "tests"));
    assert!(member.client_host.contains("127.0.0.1"), "{member:?}");
    let not_empty = (Code::FailedPrecondition, Reason::GroupNotEmpty);
    assert_eq!(refused(alter(&mut operator, reset("g", 0, 5)).await), not_empty);
    assert_eq!(described(&mut operator, "g").await.unwrap().offsets[0].committed_offset, 1);
}

#[tokio::test]
async fn groups_come_in_pages_by_id() {
    let (broker, mut operator) = with_records().await;
    let mut client = broker.client().await;
    for group in ["c", "a", "b"] {
        groups::commit(&mut client, group, ("t", 0), 0).await;
    }
    let mut request = DescribeGroupsRequest { groups_max: 2, ..DescribeGroupsRequest::default() };
    let page = ok(operator.describe_groups(request.clone()).await);
    assert_eq!(page.groups.iter().map(|group| group.group_id.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    request.from_group_id = page.next_group_id;
    let page = ok(operator.describe_groups(request).await);
    assert_eq!((page.groups[0].group_id.as_str(), page.next_group_id.as_str()), ("c", ""));
}

#[tokio::test]
async fn offsets_of_a_group_are_set_durably_also_of_one_that_is_not_there() {
    let (broker, mut operator) = with_records().await;
    ok(alter(&mut operator, reset("g", 0, 2)).await);
    assert_eq!(described(&mut operator, "g").await.unwrap().offsets[0].committed_offset, 2);
    ok(alter(&mut operator, reset("g", 0, 6)).await);
    let stopped = broker.killed_copy();
    operator.server.stop().await;
    drop(broker);
    let broker = stopped.start().await;
    let mut operator = Operator::of(&broker).await;
    let group = within("groups", async {
        loop {
            let request =
                DescribeGroupsRequest { group_ids: vec!["g".into()], ..DescribeGroupsRequest::default() };
            match operator.describe_groups(request).await {
                Err(status) if status.code() == Code::Unavailable => tokio::task::yield_now().await,
                answer => return ok(answer).groups.pop(),
            }
        }
    })
    .await;
    assert_eq!(group.unwrap().offsets[0].committed_offset, 6);
}

#[tokio::test]
async fn offsets_that_a_partition_does_not_have_are_refused_and_none_is_set() {
    let (broker, mut operator) = with_records().await;
    let mut client = broker.client().await;
    groups::commit(&mut client, "g", ("t", 0), 1).await;
    let out_of_range = (Code::OutOfRange, Reason::OffsetOutOfRange);
    assert_eq!(refused(alter(&mut operator, reset("g", 0, 7)).await), out_of_range);
    assert_eq!(refused(alter(&mut operator, reset("g", 0, -1)).await), out_of_range);
    let unknown = (Code::NotFound, Reason::UnknownTopic);
    assert_eq!(refused(alter(&mut operator, reset("g", 1, 0)).await), unknown);
    let mut several = reset("g", 0, 3);
    several.offsets.push(NewOffset { topic: "none".into(), partition: 0, offset: 0 });
    assert_eq!(refused(alter(&mut operator, several).await), unknown);
    let mut twice = reset("g", 0, 3);
    twice.offsets.push(twice.offsets[0].clone());
    let invalid = (Code::InvalidArgument, Reason::InvalidRequest);
    assert_eq!(refused(alter(&mut operator, twice).await), invalid);
    assert_eq!(refused(alter(&mut operator, reset("", 0, 3)).await), invalid);
    assert_eq!(described(&mut operator, "g").await.unwrap().offsets[0].committed_offset, 1);
}

#[tokio::test]
async fn offsets_are_found_by_position_and_by_time() {
    let (_broker, mut operator) = with_records().await;
    let at = |topic: &str, partition: u32, position: Option<Position>| ListOffsetsPartition {
        topic: topic.into(),
        partition,
        position,
    };
    let time = |ms: i64| Some(Position::TimestampMs(ms));
    let request = ListOffsetsRequest {
        partitions: vec![
            at("t", 0, Some(Position::Earliest(true))),
            at("t", 0, Some(Position::Latest(true))),
            at("t", 0, time(base_time_ms() - 2500)),
            at("t", 0, time(base_time_ms() + 60_000)),
            at("t", 0, time(0)),
            at("t", 1, Some(Position::Latest(true))),
            at("none", 0, Some(Position::Latest(true))),
            at("t", 0, time(-1)),
            at("t", 0, None),
        ],
    };
    let answer = ok(operator.list_offsets(request).await);
    let found = answer.offsets.into_iter().map(|listed| match listed.result.unwrap() {
        listed_offset::Result::Offset(offset) => Ok(offset),
        listed_offset::Result::Error(error) => Err(error.reason()),
    });
    let found: Vec<_> = found.collect();
    let third = found[2].unwrap();
    assert!((3..=4).contains(&third), "{third}: the clock goes on while the records are written");
    let (unknown, invalid) = (Err(Reason::UnknownTopic), Err(Reason::InvalidRequest));
    assert_eq!(found, [Ok(0), Ok(6), Ok(third), Ok(6), Ok(0), unknown, unknown, invalid, invalid]);
}
