use super::*;
use crate::group::{GroupConfig, GroupShard, GroupState, Now};

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

/// Records that Apache Kafka 4.3.1 wrote for a group `readers`.
const GROUP_KEY: &str = "0002 0007 72656164657273";
const EMPTY_GROUP: &str = "0003 0008 636f6e73756d6572 00000002 ffff ffff 000001a1fd689a6e 00000000";
const OFFSET_KEY: &str = "0001 0007 72656164657273 0006 636f64656373 00000001";
const OFFSET: &str =
    "0004 000000000000003c 00000001 01 000001a1fd689a26 01 00 10 bb46cc8d953b41ddae8692b0405f0a0b";

#[test]
fn committed_offsets_are_written_as_kafka_writes_them() {
    let mut shard = GroupShard::new(GroupConfig::default().into());
    shard.replay(&bytes(OFFSET_KEY), Some(&bytes(OFFSET))).unwrap();
    let committed = shard.committed("readers", "codecs", 1).unwrap();
    assert_eq!((committed.offset, committed.leader_epoch, &*committed.metadata), (60, 1, ""));
    let record = offset_commit("readers", "codecs", 1, committed);
    assert_eq!((record.key, record.value), (bytes(OFFSET_KEY), Some(bytes(OFFSET))));
}

#[test]
fn empty_groups_are_written_as_kafka_writes_them() {
    let mut shard = GroupShard::new(GroupConfig::default().into());
    shard.replay(&bytes(GROUP_KEY), Some(&bytes(EMPTY_GROUP))).unwrap();
    let group = shard.group("readers").unwrap();
    assert_eq!((group.state, group.generation), (GroupState::Empty, 2));
    let record = group_metadata(group, Vec::new());
    assert_eq!((record.key, record.value), (bytes(GROUP_KEY), Some(bytes(EMPTY_GROUP))));
}

/// The group's generation 1: one member, assignor `range`, topics `codecs` and `rolled`.
const STABLE_GROUP: &str = "0003 0008 636f6e73756d6572 00000001 0005 72616e6765
    002c 72646b61666b612d33323032613130312d623834652d346164642d613763662d373265393962303563383538
    000001a1fd6898ac 00000001
    002c 72646b61666b612d33323032613130312d623834652d346164642d613763662d373265393962303563383538
    ffff 0007 72646b61666b61 000a 2f3132372e302e302e31 000493e0 0000afc8
    00000024 0003 00000002 0006 636f64656373 0006 726f6c6c6564 00000000 00000000 ffffffff 0000
    0000002e 0000 00000002 0006 726f6c6c6564 00000001 00000000 0006 636f64656373 00000002 00000000 00000001 00000000";

#[test]
fn stable_groups_are_written_as_kafka_writes_them() {
    let mut shard = GroupShard::new(GroupConfig::default().into());
    shard.replay(&bytes(GROUP_KEY), Some(&bytes(STABLE_GROUP))).unwrap();
    assert!(shard.finish_load(Now { steady_ms: 0, wall_ms: 0 }).records.is_empty());
    let group = shard.group("readers").unwrap();
    assert_eq!((group.state, group.generation, group.members.len()), (GroupState::Stable, 1, 1));
    assert!(group.is_subscribed_to("codecs") && !group.is_subscribed_to("keyed"));
    let mut turn = shard.turn("readers", Now { steady_ms: 0, wall_ms: 0 }).unwrap();
    turn.record_generation(|member| member.assignment.clone());
    let record = turn.finish(()).records.remove(0);
    assert_eq!((record.key, record.value), (bytes(GROUP_KEY), Some(bytes(STABLE_GROUP))));
}

#[test]
fn unreadable_metadata_has_no_topics() {
    assert_eq!(subscribed_topics(&[]), None);
    assert_eq!(subscribed_topics(&[0, 1, 0, 0, 0, 9]), None);
    assert_eq!(subscribed_topics(&[255, 255, 0, 0, 0, 0]), None);
}
