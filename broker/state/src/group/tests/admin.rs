use super::super::*;
use super::driver::*;

#[test]
fn a_stable_group_shows_metadata_and_assignments() {
    let mut d = Driver::new();
    let (ids, _) = d.stable_group(1);
    let group = d.shard.describe("g").unwrap();
    assert_eq!((group.protocol_type.as_str(), group.protocol_name.as_str()), ("consumer", "range"));
    let member = &group.members[0];
    assert_eq!((&member.metadata, &member.assignment[..]), (&subscription(&["t"]), ids[0].as_bytes()));
    assert_eq!((member.client_id.as_str(), member.client_host.as_str()), ("client", "/127.0.0.1"));
}

#[test]
fn a_rebalancing_group_shows_its_members_without_metadata() {
    let mut d = Driver::new();
    d.form_group(2);
    let group = d.shard.describe("g").unwrap();
    assert_eq!((group.state.name(), group.protocol_name.as_str()), ("CompletingRebalance", ""));
    assert!(group.members.iter().all(|member| member.metadata.is_empty() && member.assignment.is_empty()));
}

#[test]
fn groups_are_listed_with_state_and_type() {
    let mut d = Driver::new();
    d.commit(&CommitRequest { group_id: "simple".into(), ..commit_of("", -1, 5) })
        .unwrap()
        .remove(0)
        .unwrap();
    d.stable_group(1);
    let listed = d.shard.list();
    assert_eq!(listed.len(), 2);
    assert_eq!((listed[0].protocol_type.as_str(), listed[0].state), ("consumer", GroupState::Stable));
    assert_eq!((listed[1].protocol_type.as_str(), listed[1].state), ("", GroupState::Empty));
}

#[test]
fn only_empty_groups_are_deleted_with_their_offsets() {
    let mut d = Driver::new();
    assert_eq!(d.shard.delete("g").response, Err(GroupError::GroupIdNotFound));
    let (ids, generation) = d.stable_group(1);
    d.commit(&commit_of(&ids[0], generation, 5)).unwrap().remove(0).unwrap();
    assert_eq!(d.shard.delete("g").response, Err(GroupError::NonEmptyGroup));
    d.leave(&ids[0], None);
    let outcome = d.shard.delete("g");
    assert_eq!(d.apply(outcome), Ok(()));
    assert_eq!((d.state(), d.committed()), (None, None));
    assert!(d.reloaded().list().is_empty());
}

#[test]
fn the_view_for_metrics_counts_members_and_shows_offsets() {
    let mut d = Driver::new();
    let (ids, generation) = d.stable_group(2);
    d.commit(&commit_of(&ids[0], generation, 5)).unwrap().remove(0).unwrap();
    let view = d.shard.snapshot();
    assert_eq!((&*view[0].group_id, view[0].members, view[0].state), ("g", 2, GroupState::Stable));
    assert_eq!((&*view[0].offsets[0].topic, view[0].offsets[0].offset), ("t", 5));
}

#[test]
fn an_oversized_group_rebalances_after_loading() {
    let mut d = Driver::new();
    d.stable_group(2);
    let mut shard =
        GroupShard::new(std::sync::Arc::new(GroupConfig { members_max: 1, ..GroupConfig::default() }));
    for record in &d.log {
        shard.replay(&record.key, record.value.as_deref()).unwrap();
    }
    assert!(shard.finish_load(d.now()).records.is_empty());
    assert_eq!(shard.describe("g").unwrap().state, GroupState::PreparingRebalance);
}

#[test]
fn records_of_other_group_kinds_are_skipped_and_broken_ones_refused() {
    let mut d = Driver::new();
    assert!(d.shard.replay(&[0, 3, 0, 1, b'g'], None).is_ok());
    assert!(d.shard.replay(&[0], None).is_err());
    assert!(d.shard.replay(&[0, 1, 0, 9, b'g'], None).is_err());
    assert!(d.shard.replay(&[0, 2, 0, 1, b'g'], Some(&[0, 9])).is_err());
}
