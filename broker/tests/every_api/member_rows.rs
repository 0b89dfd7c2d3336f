//! Rows of the APIs by which members take part in a group.

use broker_protocol::messages::join_group_request::JoinGroupRequestProtocol;
use broker_protocol::messages::leave_group_request::MemberIdentity;
use broker_protocol::messages::sync_group_request::SyncGroupRequestAssignment;
use broker_protocol::messages::{
    HeartbeatRequest, HeartbeatResponse, JoinGroupRequest, JoinGroupResponse, LeaveGroupRequest,
    LeaveGroupResponse, SyncGroupRequest, SyncGroupResponse,
};

use crate::driver::{Driver, code};

/// From here on a member without an instance id has to come back with the id that it is given.
const MEMBER_ID_REQUIRED_SINCE: i16 = 4;

/// The only member of a group, and so its leader.
pub(crate) struct Member {
    pub(crate) group: String,
    pub(crate) id: String,
    pub(crate) generation: i32,
}

fn join_request<'a>(group: &'a str, id: &'a str, instance: Option<&'a str>) -> JoinGroupRequest<'a> {
    let protocol = JoinGroupRequestProtocol { name: "range".into(), metadata: b"wants"[..].into() };
    JoinGroupRequest {
        group_id: group.into(),
        session_timeout_ms: 30_000,
        rebalance_timeout_ms: 30_000,
        member_id: id.into(),
        group_instance_id: instance.map(Into::into),
        protocol_type: "consumer".into(),
        protocols: vec![protocol],
        reason: None,
    }
}

impl Member {
    /// A member that has joined and waits for its assignment.
    pub(crate) async fn joined(driver: &mut Driver) -> Member {
        let group = driver.name();
        // The last version that takes a member without an id at once.
        let frame = driver.call(&join_request(&group, "", None), MEMBER_ID_REQUIRED_SINCE - 1).await;
        let response: JoinGroupResponse<'_> = frame.decode().unwrap();
        assert_eq!(response.error_code, code::NONE);
        Member { id: response.member_id.into_owned(), generation: response.generation_id, group }
    }

    /// A member of a stable group.
    pub(crate) async fn stable(driver: &mut Driver) -> Member {
        let member = Member::joined(driver).await;
        let frame = driver.call(&member.sync_request(member.generation), 5).await;
        let response: SyncGroupResponse<'_> = frame.decode().unwrap();
        assert_eq!((response.error_code, &*response.assignment), (code::NONE, &b"gets"[..]));
        member
    }

    fn sync_request(&self, generation_id: i32) -> SyncGroupRequest<'_> {
        let own =
            SyncGroupRequestAssignment { member_id: (&*self.id).into(), assignment: b"gets"[..].into() };
        SyncGroupRequest {
            group_id: (&*self.group).into(),
            generation_id,
            member_id: (&*self.id).into(),
            group_instance_id: None,
            protocol_type: Some("consumer".into()),
            protocol_name: Some("range".into()),
            assignments: vec![own],
        }
    }

    /// Leaves the group, which is empty then.
    pub(crate) async fn leave(&self, driver: &mut Driver) {
        let request = leave_request(&self.group, &[&self.id]);
        let frame = driver.call(&request, 5).await;
        assert_eq!(frame.decode::<LeaveGroupResponse<'_>>().unwrap().error_code, code::NONE);
    }
}

fn leave_request<'a>(group: &'a str, ids: &[&'a str]) -> LeaveGroupRequest<'a> {
    let members = ids.iter().map(|id| MemberIdentity {
        member_id: (*id).into(),
        group_instance_id: None,
        reason: Some("a test".into()),
    });
    LeaveGroupRequest { group_id: group.into(), members: members.collect(), member_id: ids[0].into() }
}

pub(crate) async fn join_group(driver: &mut Driver, version: i16) {
    let group = driver.name();
    let mut id = String::new();
    if version >= MEMBER_ID_REQUIRED_SINCE {
        let frame = driver.call(&join_request(&group, "", None), version).await;
        let response: JoinGroupResponse<'_> = frame.decode().unwrap();
        assert_eq!((response.error_code, response.generation_id), (code::MEMBER_ID_REQUIRED, -1));
        id = response.member_id.into_owned();
        assert!(!id.is_empty());
    }
    // The second time nothing has changed, so it is told the same again.
    for _ in 0..2 {
        let frame = driver.call(&join_request(&group, &id, None), version).await;
        let response: JoinGroupResponse<'_> = frame.decode().unwrap();
        assert_eq!((response.throttle_time_ms, response.error_code), (0, code::NONE));
        assert_eq!(response.generation_id, 1);
        assert!(response.member_id.starts_with("tests-"), "{}", response.member_id);
        assert!(id.is_empty() || response.member_id == id);
        assert_eq!(response.leader, response.member_id);
        assert_eq!(response.protocol_name.as_deref(), Some("range"));
        assert_eq!(response.protocol_type.as_deref(), (version >= 7).then_some("consumer"));
        assert!(!response.skip_assignment);
        let [member] = &response.members[..] else {
            panic!("{:?}", response.members);
        };
        assert_eq!((&member.member_id, &*member.metadata), (&response.member_id, &b"wants"[..]));
        assert_eq!(member.group_instance_id, None);
        id = response.member_id.into_owned();
    }
    let frame = driver.call(&join_request(&group, "stranger", None), version).await;
    let response: JoinGroupResponse<'_> = frame.decode().unwrap();
    assert_eq!((response.error_code, &*response.member_id), (code::UNKNOWN_MEMBER_ID, "stranger"));
    if version >= 5 {
        // A static member is taken at once (KIP-345).
        let group = driver.name();
        let frame = driver.call(&join_request(&group, "", Some("chair")), version).await;
        let response: JoinGroupResponse<'_> = frame.decode().unwrap();
        assert_eq!((response.error_code, response.generation_id), (code::NONE, 1));
        assert!(response.member_id.starts_with("chair-"), "{}", response.member_id);
        assert_eq!(response.members[0].group_instance_id.as_deref(), Some("chair"));
    }
}

pub(crate) async fn sync_group(driver: &mut Driver, version: i16) {
    let member = Member::joined(driver).await;
    let frame = driver.call(&member.sync_request(member.generation + 1), version).await;
    let response: SyncGroupResponse<'_> = frame.decode().unwrap();
    assert_eq!((response.error_code, &*response.assignment), (code::ILLEGAL_GENERATION, &b""[..]));
    // The second time the group is stable and the member is told again.
    for _ in 0..2 {
        let frame = driver.call(&member.sync_request(member.generation), version).await;
        let response: SyncGroupResponse<'_> = frame.decode().unwrap();
        assert_eq!((response.throttle_time_ms, response.error_code), (0, code::NONE));
        assert_eq!(&*response.assignment, b"gets");
        let expected = if version >= 5 { (Some("consumer"), Some("range")) } else { (None, None) };
        assert_eq!((response.protocol_type.as_deref(), response.protocol_name.as_deref()), expected);
    }
    let stranger = Member { id: "stranger".to_owned(), ..member };
    let frame = driver.call(&stranger.sync_request(stranger.generation), version).await;
    let response: SyncGroupResponse<'_> = frame.decode().unwrap();
    assert_eq!(response.error_code, code::UNKNOWN_MEMBER_ID);
}

pub(crate) async fn heartbeat(driver: &mut Driver, version: i16) {
    let member = Member::stable(driver).await;
    let known = (&*member.id, member.generation);
    for ((id, generation_id), error) in [
        (known, code::NONE),
        ((known.0, known.1 + 1), code::ILLEGAL_GENERATION),
        (("stranger", known.1), code::UNKNOWN_MEMBER_ID),
    ] {
        let request = HeartbeatRequest {
            group_id: (&*member.group).into(),
            generation_id,
            member_id: id.into(),
            group_instance_id: None,
        };
        let frame = driver.call(&request, version).await;
        let response: HeartbeatResponse = frame.decode().unwrap();
        assert_eq!((response.throttle_time_ms, response.error_code), (0, error), "{request:?}");
    }
}

pub(crate) async fn leave_group(driver: &mut Driver, version: i16) {
    let member = Member::stable(driver).await;
    if version >= 3 {
        let request = leave_request(&member.group, &[&member.id, "stranger"]);
        let frame = driver.call(&request, version).await;
        let response: LeaveGroupResponse<'_> = frame.decode().unwrap();
        assert_eq!((response.throttle_time_ms, response.error_code), (0, code::NONE));
        let left: Vec<_> = response
            .members
            .iter()
            .map(|left| (&*left.member_id, left.group_instance_id.as_deref(), left.error_code))
            .collect();
        assert_eq!(left, [(&*member.id, None, code::NONE), ("stranger", None, code::UNKNOWN_MEMBER_ID)]);
    } else {
        for error in [code::NONE, code::UNKNOWN_MEMBER_ID] {
            let frame = driver.call(&leave_request(&member.group, &[&member.id]), version).await;
            let response: LeaveGroupResponse<'_> = frame.decode().unwrap();
            assert_eq!((response.throttle_time_ms, response.error_code), (0, error));
            assert_eq!(response.members, []);
        }
    }
    let request = HeartbeatRequest {
        group_id: (&*member.group).into(),
        generation_id: member.generation,
        member_id: (&*member.id).into(),
        group_instance_id: None,
    };
    let frame = driver.call(&request, 4).await;
    let response: HeartbeatResponse = frame.decode().unwrap();
    assert_eq!(response.error_code, code::UNKNOWN_MEMBER_ID, "who has left is no member");
}
