use super::super::*;
use super::driver::*;

/// A stable group of static members `a` and `b`, the leader first.
fn static_pair(d: &mut Driver) -> (Vec<String>, i32) {
    let a = d.join(static_member("", "a"));
    let b = d.join(static_member("", "b"));
    d.advance(FORMING_MS);
    let (a, b) = (d.joined(a), d.joined(b));
    assert_eq!(a.leader, a.member_id);
    let ids = vec![a.member_id, b.member_id];
    d.settle(&ids, a.generation_id);
    (ids, a.generation_id)
}

#[test]
fn a_static_member_joins_without_a_second_round() {
    let mut d = Driver::new();
    let token = d.join(static_member("", "a"));
    d.advance(3_000);
    let response = d.joined(token);
    assert!(response.member_id.starts_with("a-"));
    assert_eq!(response.members[0].instance_id.as_deref(), Some("a"));
}

#[test]
fn a_static_follower_comes_back_without_a_rebalance() {
    let mut d = Driver::new();
    let (ids, generation) = static_pair(&mut d);
    let token = d.join(static_member("", "b"));
    let response = d.joined(token);
    assert_eq!((response.error, response.generation_id, response.skip_assignment), (None, generation, false));
    assert_ne!(response.member_id, ids[1]);
    let sync = d.sync(sync_of(&response.member_id, generation));
    assert_eq!(d.synced(sync).assignment, ids[1].as_bytes());
    assert_eq!(d.heartbeat(&ids[0], generation), Ok(()));
}

#[test]
fn a_static_leader_comes_back_and_skips_the_assignment() {
    let mut d = Driver::new();
    let (ids, generation) = static_pair(&mut d);
    let token = d.join(static_member("", "a"));
    let response = d.joined(token);
    assert_eq!((response.generation_id, response.skip_assignment), (generation, true));
    assert_eq!((response.leader.as_str(), response.members.len()), (response.member_id.as_str(), 2));
    let sync = d.sync(sync_of(&response.member_id, generation));
    assert_eq!(d.synced(sync).assignment, ids[0].as_bytes());
}

#[test]
fn an_old_static_leader_believes_that_it_follows() {
    let mut d = Driver::new();
    let (ids, _) = static_pair(&mut d);
    let token = d.join(JoinRequest { supports_skip_assignment: false, ..static_member("", "a") });
    let response = d.joined(token);
    assert_eq!((response.leader.as_str(), response.members.len()), (ids[0].as_str(), 0));
    assert!(!response.skip_assignment);
}

#[test]
fn the_replaced_member_is_fenced() {
    let mut d = Driver::new();
    let (ids, generation) = static_pair(&mut d);
    d.join(static_member("", "b"));
    let heartbeat = HeartbeatRequest {
        group_id: "g".into(),
        generation_id: generation,
        member_id: ids[1].clone(),
        instance_id: Some("b".into()),
    };
    assert_eq!(d.shard.heartbeat(d.now(), &heartbeat).response, Err(GroupError::FencedInstanceId));
    let token = d.join(static_member(&ids[1], "b"));
    assert_eq!(d.joined(token).error, Some(GroupError::FencedInstanceId));
    let sync = d.sync(SyncRequest { instance_id: Some("b".into()), ..sync_of(&ids[1], generation) });
    assert_eq!(d.synced(sync).error, Some(GroupError::FencedInstanceId));
    let commit = CommitRequest { instance_id: Some("b".into()), ..commit_of(&ids[1], generation, 1) };
    assert_eq!(d.commit(&commit), Err(GroupError::FencedInstanceId));
    assert_eq!(d.leave(&ids[1], Some("b")), Some(GroupError::FencedInstanceId));
}

#[test]
fn a_waiting_duplicate_is_fenced_at_once() {
    let mut d = Driver::new();
    let first = d.join(static_member("", "a"));
    let second = d.join(static_member("", "a"));
    assert_eq!(d.joined(first).error, Some(GroupError::FencedInstanceId));
    d.advance(FORMING_MS);
    assert_eq!(d.joined(second).error, None);
}

#[test]
fn the_new_id_survives_a_restart() {
    let mut d = Driver::new();
    let (_, generation) = static_pair(&mut d);
    let token = d.join(static_member("", "b"));
    let response = d.joined(token);
    d.restart();
    assert_eq!(d.heartbeat(&response.member_id, generation), Ok(()));
}

#[test]
fn a_change_of_the_chosen_protocol_rebalances() {
    let mut d = Driver::new();
    let token = d.join(JoinRequest {
        protocols: vec![protocol("range"), protocol("sticky")],
        ..static_member("", "a")
    });
    d.advance(3_000);
    let id = d.joined(token).member_id;
    d.settle(&[id], 1);
    let token = d.join(JoinRequest {
        protocols: vec![protocol("sticky"), protocol("range")],
        ..static_member("", "a")
    });
    let response = d.joined(token);
    assert_eq!((response.generation_id, response.protocol_name.as_deref()), (2, Some("sticky")));
}

#[test]
fn a_duplicate_during_the_assignment_rebalances() {
    let mut d = Driver::new();
    let a = d.join(static_member("", "a"));
    d.advance(3_000);
    let generation = d.joined(a).generation_id;
    let again = d.join(static_member("", "a"));
    assert_eq!(d.joined(again).generation_id, generation + 1);
}

#[test]
fn a_rebalance_keeps_static_members_that_are_away() {
    let mut d = Driver::new();
    let (ids, _) = static_pair(&mut d);
    let leader = d.join(static_member(&ids[0], "a"));
    let c = d.join(JoinRequest { rebalance_timeout_ms: 8_000, ..static_member("", "c") });
    d.advance(9_000);
    assert!(d.waits(leader));
    // The session of `b` ends before the rebalance timeout does.
    d.advance(1_000);
    assert_eq!(d.joined(leader).members.len(), 2);
    assert_eq!(d.joined(c).error, None);
}

#[test]
fn administrators_remove_static_members_by_instance_id() {
    let mut d = Driver::new();
    let (ids, _) = static_pair(&mut d);
    assert_eq!(d.leave("", Some("b")), None);
    assert_eq!(d.leave("", Some("b")), Some(GroupError::UnknownMemberId));
    let token = d.join(static_member(&ids[0], "a"));
    assert_eq!(d.joined(token).members.len(), 1);
}

#[test]
fn an_unknown_instance_is_no_member() {
    let mut d = Driver::new();
    let (ids, _) = static_pair(&mut d);
    let token = d.join(static_member(&ids[0], "z"));
    assert_eq!(d.joined(token).error, Some(GroupError::UnknownMemberId));
}
