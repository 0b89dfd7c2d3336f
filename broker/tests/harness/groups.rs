//! What consumer groups commit, and a member of one.

use broker_protocol::error_code::ErrorCode;
use broker_protocol::messages::join_group_request::JoinGroupRequestProtocol;
use broker_protocol::messages::offset_commit_request::{
    OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use broker_protocol::messages::offset_fetch_request::OffsetFetchRequestTopic;
use broker_protocol::messages::sync_group_request::SyncGroupRequestAssignment;
use broker_protocol::messages::{
    JoinGroupRequest, JoinGroupResponse, ListGroupsRequest, ListGroupsResponse, OffsetCommitRequest,
    OffsetCommitResponse, OffsetFetchRequest, OffsetFetchResponse, SyncGroupRequest, SyncGroupResponse,
};

use super::{Conn, within};

/// Commits an offset of a partition with its metadata; returns the error.
pub(crate) async fn try_commit(
    client: &mut Conn,
    group: &str,
    (topic, partition): (&str, i32),
    offset: i64,
    metadata: &str,
) -> ErrorCode {
    let partitions = vec![OffsetCommitRequestPartition {
        partition_index: partition,
        committed_offset: offset,
        committed_leader_epoch: 0,
        committed_metadata: Some(metadata.into()),
    }];
    let request = OffsetCommitRequest {
        group_id: group.into(),
        generation_id_or_member_epoch: -1,
        member_id: "".into(),
        retention_time_ms: -1,
        topics: vec![OffsetCommitRequestTopic {
            name: topic.into(),
            partitions,
            ..OffsetCommitRequestTopic::default()
        }],
        ..OffsetCommitRequest::default()
    };
    let frame = within("commit", client.call(&request, 8)).await.unwrap();
    let response: OffsetCommitResponse<'_> = frame.decode().unwrap();
    ErrorCode::from_code(response.topics[0].partitions[0].error_code).unwrap()
}

/// Commits an offset; waits while the coordinator loads or its topic is being made.
pub(crate) async fn commit(client: &mut Conn, group: &str, place: (&str, i32), offset: i64) {
    within("coordinator", async {
        loop {
            match try_commit(client, group, place, offset, "").await {
                ErrorCode::None => return,
                ErrorCode::CoordinatorLoadInProgress | ErrorCode::NotCoordinator => {
                    prepare(client, group).await;
                }
                error => panic!("{group} {place:?}: {error:?}"),
            }
        }
    })
    .await;
}

/// Asks for the group's coordinator, which makes the topic of the groups.
async fn prepare(client: &mut Conn, group: &str) {
    use broker_protocol::messages::FindCoordinatorRequest;
    let request = FindCoordinatorRequest { key: group.into(), ..FindCoordinatorRequest::default() };
    within("coordinator", client.call(&request, 3)).await.unwrap();
    tokio::task::yield_now().await;
}

/// What the group has committed of a partition, with its metadata; `(-1, "")` if nothing. Waits while it is loaded.
pub(crate) async fn committed(
    client: &mut Conn,
    group: &str,
    (topic, partition): (&str, i32),
) -> (i64, String) {
    within("coordinator", async {
        loop {
            let asked = OffsetFetchRequestTopic { name: topic.into(), partition_indexes: vec![partition] };
            let request = OffsetFetchRequest {
                group_id: group.into(),
                topics: Some(vec![asked]),
                ..OffsetFetchRequest::default()
            };
            let frame = within("offset fetch", client.call(&request, 7)).await.unwrap();
            let response: OffsetFetchResponse<'_> = frame.decode().unwrap();
            match ErrorCode::from_code(response.error_code).unwrap() {
                ErrorCode::None => {
                    let found = &response.topics[0].partitions[0];
                    assert_eq!(found.error_code, 0);
                    // The epoch of the commit stays with it.
                    assert_eq!(found.committed_leader_epoch, if found.committed_offset < 0 { -1 } else { 0 });
                    return (
                        found.committed_offset,
                        found.metadata.as_deref().unwrap_or_default().to_owned(),
                    );
                }
                ErrorCode::CoordinatorLoadInProgress | ErrorCode::NotCoordinator => {
                    prepare(client, group).await;
                }
                error => panic!("{group}: {error:?}"),
            }
        }
    })
    .await
}

/// The ids of all groups that are listed. Waits while some are loaded.
pub(crate) async fn listed(client: &mut Conn) -> Vec<String> {
    within("list of groups", async {
        loop {
            let frame = client.call(&ListGroupsRequest::default(), 5).await.unwrap();
            let response: ListGroupsResponse<'_> = frame.decode().unwrap();
            match ErrorCode::from_code(response.error_code).unwrap() {
                ErrorCode::None => {
                    return response.groups.iter().map(|group| group.group_id.to_string()).collect();
                }
                ErrorCode::CoordinatorLoadInProgress => tokio::task::yield_now().await,
                error => panic!("{error:?}"),
            }
        }
    })
    .await
}

/// The only member of a group, with its assignment; gives its id. Waits while the group is loaded.
pub(crate) async fn joined(client: &mut Conn, group: &str) -> String {
    let mut member = String::new();
    loop {
        let request = JoinGroupRequest {
            group_id: group.into(),
            session_timeout_ms: 30_000,
            rebalance_timeout_ms: 30_000,
            member_id: member.clone().into(),
            protocol_type: "consumer".into(),
            protocols: vec![JoinGroupRequestProtocol { name: "range".into(), metadata: b"m"[..].into() }],
            ..JoinGroupRequest::default()
        };
        let frame = within("join", client.call(&request, 5)).await.unwrap();
        let response: JoinGroupResponse<'_> = frame.decode().unwrap();
        member = response.member_id.to_string();
        match ErrorCode::from_code(response.error_code).unwrap() {
            ErrorCode::None => break,
            ErrorCode::MemberIdRequired => {}
            ErrorCode::CoordinatorLoadInProgress | ErrorCode::NotCoordinator => prepare(client, group).await,
            error => panic!("{error:?}"),
        }
    }
    let request = SyncGroupRequest {
        group_id: group.into(),
        generation_id: 1,
        member_id: member.clone().into(),
        assignments: vec![SyncGroupRequestAssignment {
            member_id: member.clone().into(),
            assignment: b"a"[..].into(),
        }],
        ..SyncGroupRequest::default()
    };
    let frame = within("sync", client.call(&request, 3)).await.unwrap();
    assert_eq!(frame.decode::<SyncGroupResponse<'_>>().unwrap().error_code, 0);
    member
}
