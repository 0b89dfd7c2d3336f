use super::super::*;
use super::driver::*;

#[test]
fn first_join_of_a_dynamic_member_is_told_its_id() {
    let mut d = Driver::new();
    let token = d.join(dynamic(""));
    let response = d.joined(token);
    assert_eq!(response.error, Some(GroupError::MemberIdRequired));
    assert!(response.member_id.starts_with("client-"));
}

#[test]
fn old_clients_join_at_once() {
    let mut d = Driver::new();
    let token = d.join(JoinRequest { requires_known_member_id: false, ..dynamic("") });
    d.advance(3_000);
    assert_eq!(d.joined(token).error, None);
}

#[test]
fn first_rebalance_waits_the_initial_delay() {
    let mut d = Driver::new();
    let token = d.join(JoinRequest { requires_known_member_id: false, ..dynamic("") });
    d.advance(2_999);
    assert!(d.waits(token));
    d.advance(1);
    let response = d.joined(token);
    assert_eq!((response.error, response.generation_id, response.members.len()), (None, 1, 1));
    assert_eq!(response.leader, response.member_id);
    assert_eq!(
        (response.protocol_type.as_deref(), response.protocol_name.as_deref()),
        (Some("consumer"), Some("range"))
    );
}

#[test]
fn members_that_come_during_the_delay_extend_it_up_to_the_rebalance_timeout() {
    let mut d = Driver::new();
    let request =
        || JoinRequest { requires_known_member_id: false, rebalance_timeout_ms: 7_000, ..dynamic("") };
    let first = d.join(request());
    for _ in 0..3 {
        d.advance(2_000);
        d.join(request());
        assert!(d.waits(first));
    }
    d.advance(999);
    assert!(d.waits(first));
    d.advance(1);
    assert_eq!(d.joined(first).members.len(), 4);
}

#[test]
fn only_the_leader_sees_the_members() {
    let mut d = Driver::new();
    let (ids, _) = d.form_group(3);
    let follower = d.join(dynamic(&ids[1]));
    assert!(d.joined(follower).members.is_empty());
    let leader = d.join(dynamic(&ids[0]));
    assert_eq!(d.joined(leader).members.len(), 3);
}

#[test]
fn repeated_join_without_a_change_gives_the_same_generation() {
    let mut d = Driver::new();
    let (ids, generation) = d.stable_group(2);
    let token = d.join(dynamic(&ids[1]));
    assert_eq!(d.joined(token).generation_id, generation);
    assert_eq!(d.state(), Some(GroupState::Stable));
}

#[test]
fn a_leader_that_joins_again_starts_a_rebalance() {
    let mut d = Driver::new();
    let (ids, generation) = d.stable_group(2);
    let leader = d.join(dynamic(&ids[0]));
    assert_eq!(d.heartbeat(&ids[1], generation), Err(GroupError::RebalanceInProgress));
    let follower = d.join(dynamic(&ids[1]));
    assert_eq!(d.joined(leader).generation_id, generation + 1);
    assert_eq!(d.joined(follower).generation_id, generation + 1);
}

#[test]
fn changed_metadata_starts_a_rebalance() {
    let mut d = Driver::new();
    let (ids, _) = d.stable_group(2);
    let mut request = dynamic(&ids[1]);
    request.protocols[0].metadata = subscription(&["t", "u"]);
    let token = d.join(request);
    assert!(d.waits(token));
    assert_eq!(d.state(), Some(GroupState::PreparingRebalance));
}

#[test]
fn members_that_do_not_come_back_are_removed_after_the_rebalance_timeout() {
    let mut d = Driver::new();
    let (ids, generation) = d.stable_group(2);
    let token = d.join(dynamic(&ids[0]));
    // Heartbeats keep the session, but not the place in the next generation.
    for _ in 0..11 {
        d.advance(5_000);
        assert_eq!(d.heartbeat(&ids[1], generation), Err(GroupError::RebalanceInProgress));
    }
    assert!(d.waits(token));
    d.advance(5_000);
    assert_eq!(d.joined(token).members.len(), 1);
    assert_eq!(d.heartbeat(&ids[1], generation), Err(GroupError::UnknownMemberId));
}

#[test]
fn members_without_heartbeat_are_removed_after_the_session_timeout() {
    let mut d = Driver::new();
    let (ids, generation) = d.stable_group(2);
    d.advance(9_999);
    assert_eq!(d.heartbeat(&ids[0], generation), Ok(()));
    d.advance(1);
    assert_eq!(d.heartbeat(&ids[0], generation), Err(GroupError::RebalanceInProgress));
    assert_eq!(d.shard.describe("g").unwrap().members.len(), 1);
}

#[test]
fn an_id_that_was_handed_out_but_not_used_expires_and_leaves_nothing() {
    let mut d = Driver::new();
    let token = d.join(dynamic(""));
    let member_id = d.joined(token).member_id;
    d.advance(i64::from(SESSION_MS));
    assert_eq!(d.state(), None);
    let token = d.join(dynamic(&member_id));
    assert_eq!(d.joined(token).error, Some(GroupError::UnknownMemberId));
}

#[test]
fn a_pending_id_holds_the_rebalance_until_it_joins() {
    let mut d = Driver::new();
    let (ids, _) = d.stable_group(1);
    let pending = d.join(dynamic(""));
    let pending_id = d.joined(pending).member_id;
    let leader = d.join(dynamic(&ids[0]));
    assert!(d.waits(leader));
    let second = d.join(dynamic(&pending_id));
    assert_eq!(d.joined(leader).members.len(), 2);
    assert_eq!(d.joined(second).error, None);
}

#[test]
fn protocol_is_the_one_most_members_prefer_among_those_that_all_support() {
    let mut d = Driver::new();
    let offers: [&[&str]; 3] =
        [&["range", "sticky"], &["sticky", "range"], &["roundrobin", "sticky", "range"]];
    let tokens: Vec<_> = offers
        .into_iter()
        .map(|names| {
            let protocols = names.iter().map(|name| protocol(name)).collect();
            d.join(JoinRequest { requires_known_member_id: false, protocols, ..dynamic("") })
        })
        .collect();
    d.advance(FORMING_MS);
    for token in tokens {
        assert_eq!(d.joined(token).protocol_name.as_deref(), Some("sticky"));
    }
}

#[test]
fn members_without_a_common_protocol_are_refused() {
    let mut d = Driver::new();
    d.form_group(1);
    for request in [
        JoinRequest { protocols: vec![protocol("other")], ..dynamic("") },
        JoinRequest { protocol_type: "connect".into(), ..dynamic("") },
        JoinRequest { protocols: Vec::new(), ..dynamic("") },
    ] {
        let token = d.join(request);
        assert_eq!(d.joined(token).error, Some(GroupError::InconsistentGroupProtocol));
    }
}

#[test]
fn an_empty_group_needs_a_protocol() {
    let mut d = Driver::new();
    let token = d.join(JoinRequest { protocols: Vec::new(), ..dynamic("") });
    assert_eq!(d.joined(token).error, Some(GroupError::InconsistentGroupProtocol));
    assert_eq!(d.state(), None);
}

#[test]
fn session_timeouts_and_group_ids_are_checked() {
    let mut d = Driver::new();
    for session_timeout_ms in [5_999, 1_800_001, -1] {
        let token = d.join(JoinRequest { session_timeout_ms, ..dynamic("") });
        assert_eq!(d.joined(token).error, Some(GroupError::InvalidSessionTimeout));
    }
    let token = d.join(JoinRequest { group_id: String::new(), ..dynamic("") });
    assert_eq!(d.joined(token).error, Some(GroupError::InvalidGroupId));
}

#[test]
fn a_full_group_refuses_new_members() {
    let mut d = Driver::with_config(GroupConfig { members_max: 2, ..GroupConfig::default() });
    d.stable_group(2);
    let token = d.join(dynamic(""));
    assert_eq!(d.joined(token).error, Some(GroupError::GroupMaxSizeReached));
}

#[test]
fn unknown_member_ids_do_not_create_groups() {
    let mut d = Driver::new();
    let token = d.join(dynamic("client-1"));
    assert_eq!(d.joined(token).error, Some(GroupError::UnknownMemberId));
    assert_eq!(d.state(), None);
}

#[test]
fn a_join_that_is_sent_twice_answers_the_first_one_too() {
    let mut d = Driver::new();
    let (ids, _) = d.stable_group(2);
    let lost = d.join(dynamic(&ids[0]));
    let repeated = d.join(dynamic(&ids[0]));
    assert_eq!(d.joined(lost).error, Some(GroupError::RebalanceInProgress));
    assert!(d.waits(repeated));
}

#[test]
fn a_tiny_rebalance_timeout_does_not_spin() {
    let mut d = Driver::new();
    let join = |instance| JoinRequest { rebalance_timeout_ms: 1, ..static_member("", instance) };
    let tokens = [d.join(join("a")), d.join(join("b"))];
    d.advance(3_000);
    let ids = tokens.map(|token| d.joined(token).member_id);
    d.settle(&ids, 1);
    d.leave("", Some("b"));
    // Only `a` is left, and it does not come: the join phase is looked at again each second.
    d.advance(2);
    assert_eq!(d.shard.next_deadline(), Some(d.now_ms - 1 + 1_000));
    d.advance(i64::from(SESSION_MS));
    assert_eq!(d.state(), Some(GroupState::Empty));
}

#[test]
fn an_overlong_client_id_gives_a_member_id_that_fits_the_wire() {
    let mut d = Driver::new();
    let token = d.join(JoinRequest { client_id: "ü".repeat(16_383), ..dynamic("") });
    assert!(d.joined(token).member_id.len() <= 32_767);
}
