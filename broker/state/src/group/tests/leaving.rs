use super::super::*;
use super::driver::*;

#[test]
fn the_last_member_leaves_an_empty_group_of_the_next_generation() {
    let mut d = Driver::new();
    let (ids, generation) = d.stable_group(1);
    assert_eq!(d.leave(&ids[0], None), None);
    assert_eq!(d.state(), Some(GroupState::Empty));
    d.restart();
    assert_eq!(d.state(), Some(GroupState::Empty));
    assert_eq!(d.form_group(1).1, generation + 2);
}

#[test]
fn the_others_rebalance_when_a_member_leaves() {
    let mut d = Driver::new();
    let (ids, generation) = d.stable_group(2);
    assert_eq!(d.leave(&ids[0], None), None);
    assert_eq!(d.heartbeat(&ids[1], generation), Err(GroupError::RebalanceInProgress));
    let token = d.join(dynamic(&ids[1]));
    let response = d.joined(token);
    assert_eq!((response.leader.as_str(), response.members.len()), (ids[1].as_str(), 1));
}

#[test]
fn leaving_answers_what_the_member_waits_for() {
    let mut d = Driver::new();
    let (ids, generation) = d.form_group(2);
    let sync = d.sync(sync_of(&ids[1], generation));
    assert_eq!(d.leave(&ids[1], None), None);
    assert_eq!(d.synced(sync).error, Some(GroupError::UnknownMemberId));
    let join = d.join(dynamic(&ids[0]));
    assert_eq!(d.joined(join).error, None);
}

#[test]
fn strangers_cannot_leave() {
    let mut d = Driver::new();
    assert_eq!(d.leave("nobody", None), Some(GroupError::UnknownMemberId));
    let (ids, _) = d.stable_group(1);
    assert_eq!(d.leave("nobody", None), Some(GroupError::UnknownMemberId));
    assert_eq!(d.leave("", None), Some(GroupError::UnknownMemberId));
    assert_eq!(d.leave(&ids[0], Some("no-instance")), Some(GroupError::UnknownMemberId));
    assert_eq!(d.state(), Some(GroupState::Stable));
}

#[test]
fn a_pending_id_can_leave() {
    let mut d = Driver::new();
    let token = d.join(dynamic(""));
    let member_id = d.joined(token).member_id;
    assert_eq!(d.leave(&member_id, None), None);
    assert_eq!(d.state(), None);
}

#[test]
fn several_members_leave_at_once() {
    let mut d = Driver::new();
    let (ids, _) = d.stable_group(3);
    let leaving = |id: &str| LeavingMember { member_id: id.into(), instance_id: None };
    let members = vec![leaving(&ids[0]), leaving("nobody"), leaving(&ids[2])];
    let outcome = d.shard.leave(d.now(), LeaveRequest { group_id: "g".into(), members });
    let errors: Vec<_> = d.apply(outcome).unwrap().into_iter().map(|left| left.error).collect();
    assert_eq!(errors, [None, Some(GroupError::UnknownMemberId), None]);
    assert_eq!(d.shard.describe("g").unwrap().members.len(), 1);
}
