use super::super::*;
use super::driver::*;

#[test]
fn followers_wait_for_the_leaders_assignment() {
    let mut d = Driver::new();
    let (ids, generation) = d.form_group(2);
    let follower = d.sync(sync_of(&ids[1], generation));
    assert!(d.waits(follower));
    let mut request = sync_of(&ids[0], generation);
    request.assignments = vec![(ids[1].clone(), b"one".to_vec())];
    let leader = d.sync(request);
    assert_eq!(d.synced(follower).assignment, b"one");
    let response = d.synced(leader);
    assert_eq!((response.error, response.assignment), (None, Vec::new()));
    assert_eq!(response.protocol_name.as_deref(), Some("range"));
}

#[test]
fn assignments_survive_a_restart() {
    let mut d = Driver::new();
    let (ids, generation) = d.stable_group(2);
    d.restart();
    assert_eq!(d.heartbeat(&ids[0], generation), Ok(()));
    let token = d.sync(sync_of(&ids[1], generation));
    assert_eq!(d.synced(token).assignment, ids[1].as_bytes());
}

#[test]
fn sessions_start_again_after_a_restart() {
    let mut d = Driver::new();
    d.stable_group(2);
    d.restart();
    d.advance(i64::from(SESSION_MS) - 1);
    assert_eq!(d.state(), Some(GroupState::Stable));
    d.advance(1);
    assert_eq!(d.state(), Some(GroupState::Empty));
}

#[test]
fn a_generation_without_assignment_is_lost_by_a_restart() {
    let mut d = Driver::new();
    let (ids, generation) = d.form_group(1);
    d.restart();
    assert_eq!(d.heartbeat(&ids[0], generation), Err(GroupError::UnknownMemberId));
}

#[test]
fn members_that_never_ask_for_their_assignment_are_removed() {
    let mut d = Driver::new();
    let (ids, generation) = d.form_group(2);
    let mut request = sync_of(&ids[0], generation);
    request.assignments = vec![(ids[0].clone(), b"all".to_vec())];
    let leader = d.sync(request);
    assert_eq!(d.synced(leader).error, None);
    for _ in 0..11 {
        d.advance(5_000);
        assert_eq!(d.heartbeat(&ids[0], generation), Ok(()));
        assert_eq!(d.heartbeat(&ids[1], generation), Ok(()));
    }
    d.advance(5_000);
    assert_eq!(d.heartbeat(&ids[0], generation), Err(GroupError::RebalanceInProgress));
    assert_eq!(d.heartbeat(&ids[1], generation), Err(GroupError::UnknownMemberId));
}

#[test]
fn a_rebalance_sends_waiting_members_back() {
    let mut d = Driver::new();
    let (ids, generation) = d.form_group(2);
    let follower = d.sync(sync_of(&ids[1], generation));
    let mut request = dynamic(&ids[0]);
    request.protocols[0].metadata = subscription(&["u"]);
    d.join(request);
    assert_eq!(d.synced(follower).error, Some(GroupError::RebalanceInProgress));
    let late = d.sync(sync_of(&ids[1], generation));
    assert_eq!(d.synced(late).error, Some(GroupError::RebalanceInProgress));
}

#[test]
fn sync_checks_member_generation_and_protocol() {
    let mut d = Driver::new();
    let (ids, generation) = d.form_group(1);
    let good = || sync_of(&ids[0], generation);
    for (request, error) in [
        (SyncRequest { group_id: "other".into(), ..good() }, GroupError::UnknownMemberId),
        (SyncRequest { group_id: String::new(), ..good() }, GroupError::InvalidGroupId),
        (SyncRequest { member_id: "nobody".into(), ..good() }, GroupError::UnknownMemberId),
        (SyncRequest { generation_id: generation - 1, ..good() }, GroupError::IllegalGeneration),
        (
            SyncRequest { protocol_type: Some("connect".into()), ..good() },
            GroupError::InconsistentGroupProtocol,
        ),
        (
            SyncRequest { protocol_name: Some("sticky".into()), ..good() },
            GroupError::InconsistentGroupProtocol,
        ),
    ] {
        let token = d.sync(request);
        assert_eq!(d.synced(token).error, Some(error));
    }
    let token = d.sync(SyncRequest { protocol_type: None, protocol_name: None, ..good() });
    assert_eq!(d.synced(token).error, None);
}

#[test]
fn heartbeats_are_welcome_before_the_assignment() {
    let mut d = Driver::new();
    let (ids, generation) = d.form_group(1);
    assert_eq!(d.heartbeat(&ids[0], generation), Ok(()));
    assert_eq!(d.heartbeat(&ids[0], generation - 1), Err(GroupError::IllegalGeneration));
    assert_eq!(d.heartbeat("nobody", generation), Err(GroupError::UnknownMemberId));
}

#[test]
fn a_waiting_member_does_not_expire() {
    let mut d = Driver::new();
    let (ids, generation) = d.form_group(2);
    let follower = d.sync(sync_of(&ids[1], generation));
    for _ in 0..5 {
        d.advance(5_000);
        assert_eq!(d.heartbeat(&ids[0], generation), Ok(()));
    }
    assert!(d.waits(follower));
    let leader = d.sync(sync_of(&ids[0], generation));
    assert_eq!((d.synced(leader).error, d.synced(follower).error), (None, None));
}

#[test]
fn a_sync_that_is_sent_twice_answers_the_first_one_too() {
    let mut d = Driver::new();
    let (ids, generation) = d.form_group(2);
    let lost = d.sync(sync_of(&ids[1], generation));
    let repeated = d.sync(sync_of(&ids[1], generation));
    assert_eq!(d.synced(lost).error, Some(GroupError::RebalanceInProgress));
    assert!(d.waits(repeated));
}
