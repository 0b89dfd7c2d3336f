//! Rows of the APIs about whole groups.

use broker_protocol::messages::{
    DeleteGroupsRequest, DeleteGroupsResponse, DescribeGroupsRequest, DescribeGroupsResponse,
    FindCoordinatorRequest, FindCoordinatorResponse, ListGroupsRequest, ListGroupsResponse,
};
use highwater_broker::api::authorized_operations;

use crate::driver::{BROKER_ID, Driver, code};
use crate::member_rows::Member;

pub(crate) async fn find_coordinator(driver: &mut Driver, version: i16) {
    let own = (BROKER_ID, "127.0.0.1", driver.port());
    if version >= 4 {
        let (first, second) = (driver.name(), driver.name());
        let request = FindCoordinatorRequest {
            coordinator_keys: vec![(&*first).into(), (&*second).into(), "".into()],
            ..FindCoordinatorRequest::default()
        };
        let frame = driver.call(&request, version).await;
        let response: FindCoordinatorResponse<'_> = frame.decode().unwrap();
        assert_eq!((response.throttle_time_ms, response.coordinators.len()), (0, 3));
        for (name, found) in [&first, &second].into_iter().zip(&response.coordinators) {
            assert_eq!((&*found.key, found.error_code), (&**name, code::NONE));
            assert_eq!((found.node_id, &*found.host, found.port), own);
        }
        let refused = &response.coordinators[2];
        assert_eq!((refused.node_id, refused.port), (-1, -1));
        assert_ne!(refused.error_code, code::NONE);
        return;
    }
    let request = FindCoordinatorRequest { key: driver.name().into(), ..FindCoordinatorRequest::default() };
    let frame = driver.call(&request, version).await;
    let response: FindCoordinatorResponse<'_> = frame.decode().unwrap();
    assert_eq!((response.throttle_time_ms, response.error_code), (0, code::NONE));
    assert_eq!((response.node_id, &*response.host, response.port), own);
    if version >= 1 {
        assert_eq!(response.error_message, None);
        let request = FindCoordinatorRequest { key_type: 7, ..request };
        let frame = driver.call(&request, version).await;
        let response: FindCoordinatorResponse<'_> = frame.decode().unwrap();
        assert_eq!((response.error_code, response.node_id), (code::INVALID_REQUEST, -1));
        assert!(response.error_message.is_some());
    }
}

pub(crate) async fn describe_groups(driver: &mut Driver, version: i16) {
    let member = Member::stable(driver).await;
    let missing = driver.name();
    let request = DescribeGroupsRequest {
        groups: vec![(&*member.group).into(), (&*missing).into()],
        include_authorized_operations: true,
    };
    let frame = driver.call(&request, version).await;
    let response: DescribeGroupsResponse<'_> = frame.decode().unwrap();
    assert_eq!((response.throttle_time_ms, response.groups.len()), (0, 2));
    let [found, absent] = [&response.groups[0], &response.groups[1]];
    assert_eq!((found.error_code, &*found.group_id, &*found.group_state), (0, &*member.group, "Stable"));
    assert_eq!((&*found.protocol_type, &*found.protocol_data), ("consumer", "range"));
    let operations = if version >= 3 { authorized_operations::GROUP } else { i32::MIN };
    assert_eq!(found.authorized_operations, operations);
    let [described] = &found.members[..] else {
        panic!("{:?}", found.members);
    };
    assert_eq!((&*described.member_id, described.group_instance_id.as_ref()), (&*member.id, None));
    assert_eq!((&*described.client_id, &*described.client_host), ("tests", "/127.0.0.1"));
    assert_eq!((&*described.member_metadata, &*described.member_assignment), (&b"wants"[..], &b"gets"[..]));

    let expected = if version >= 6 { code::GROUP_ID_NOT_FOUND } else { code::NONE };
    assert_eq!((absent.error_code, &*absent.group_id, &*absent.group_state), (expected, &*missing, "Dead"));
    assert_eq!(absent.error_message.is_some(), version >= 6);
    assert_eq!(absent.members, []);
}

pub(crate) async fn list_groups(driver: &mut Driver, version: i16) {
    let member = Member::stable(driver).await;
    let list = |states: &[&'static str], types: &[&'static str]| ListGroupsRequest {
        states_filter: states.iter().map(|state| (*state).into()).collect(),
        types_filter: types.iter().map(|kind| (*kind).into()).collect(),
    };
    // A version without the filter lists the group whatever is asked.
    let questions = [
        (list(&[], &[]), true),
        (list(&["Stable"], &["classic"]), true),
        (list(&["Empty"], &[]), version < 4),
        (list(&[], &["consumer"]), version < 5),
    ];
    for (request, is_listed) in questions {
        let frame = driver.call(&request, version).await;
        let response: ListGroupsResponse<'_> = frame.decode().unwrap();
        assert_eq!((response.throttle_time_ms, response.error_code), (0, code::NONE));
        let listed = response.groups.iter().find(|group| group.group_id == member.group);
        assert_eq!(listed.is_some(), is_listed, "{request:?}");
        let Some(listed) = listed else {
            continue;
        };
        assert_eq!(&*listed.protocol_type, "consumer");
        assert_eq!(&*listed.group_state, if version >= 4 { "Stable" } else { "" });
        assert_eq!(&*listed.group_type, if version >= 5 { "classic" } else { "" });
    }
}

pub(crate) async fn delete_groups(driver: &mut Driver, version: i16) {
    const NON_EMPTY_GROUP: i16 = 68;
    let (busy, left) = (Member::stable(driver).await, Member::stable(driver).await);
    left.leave(driver).await;
    let missing = driver.name();
    let names = [&busy.group, &left.group, &missing];
    let request = DeleteGroupsRequest { groups_names: names.iter().map(|name| (&***name).into()).collect() };
    let frame = driver.call(&request, version).await;
    let response: DeleteGroupsResponse<'_> = frame.decode().unwrap();
    assert_eq!(response.throttle_time_ms, 0);
    let found: Vec<_> = response.results.iter().map(|one| (&*one.group_id, one.error_code)).collect();
    let expected =
        [(&*busy.group, NON_EMPTY_GROUP), (&*left.group, code::NONE), (&*missing, code::GROUP_ID_NOT_FOUND)];
    assert_eq!(found, expected);
    let frame = driver.call(&ListGroupsRequest::default(), 5).await;
    let response: ListGroupsResponse<'_> = frame.decode().unwrap();
    assert!(response.groups.iter().all(|group| group.group_id != left.group));
}
