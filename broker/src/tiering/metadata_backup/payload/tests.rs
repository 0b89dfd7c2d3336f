use std::path::{Path, PathBuf};

use broker_protocol::types::Offset;
use broker_state::metadata::record::{ClusterId, Config, Partition, ProducerIds, RecordKind, Topic};
use broker_state::metadata::{LogPosition, MetadataBatch, apply};
use proptest::prelude::*;

use super::*;

fn image() -> MetadataImage {
    let topic_id = Uuid::from_u128(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef).into();
    let partition =
        Partition { topic_id, replicas: vec![1], isr: vec![1], leader: 1, ..Partition::default() };
    let config = Config {
        resource_type: 2,
        resource_name: "orders".to_owned(),
        key: "retention.ms".to_owned(),
        value: Some("1000".to_owned()),
    };
    let records = vec![
        RecordKind::ClusterId(ClusterId { id: "4L6g3nShT-eMCtK--X86sw".to_owned() }).into(),
        RecordKind::Topic(Topic { topic_id, name: "orders".to_owned(), changed_at: None }).into(),
        RecordKind::Partition(partition).into(),
        RecordKind::Config(config).into(),
        RecordKind::ProducerIds(ProducerIds { broker_id: 1, next_id: 2000 }).into(),
    ];
    let position = LogPosition { offset: Offset(42), term: 3 };
    apply(&MetadataImage::default(), position, &MetadataBatch { records }).unwrap()
}

fn offset(topic: &str, partition: i32, offset: i64, topic_id: u128) -> OffsetBackup {
    let committed = CommittedOffset {
        offset,
        leader_epoch: 2,
        metadata: "noted".into(),
        commit_timestamp_ms: 1_767_225_600_000,
        expire_timestamp_ms: (offset == 7).then_some(1_767_225_700_000),
        topic_id: TopicId(Uuid::from_u128(topic_id)),
    };
    OffsetBackup { topic: topic.into(), partition, committed }
}

fn groups() -> Vec<GroupBackup> {
    let group = |name: &str, protocol_type: Option<&str>, offsets| GroupBackup {
        group_id: name.into(),
        protocol_type: protocol_type.map(str::to_owned),
        generation: 5,
        offsets,
    };
    vec![
        group("alone", None, vec![offset("orders", 0, 7, 0)]),
        group(
            "readers",
            Some("consumer"),
            vec![offset("a", 0, 1, 9), offset("orders", 0, 3, 9), offset("orders", 4, 5, 9)],
        ),
    ]
}

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata").join(name)
}

#[test]
fn a_payload_of_the_first_version_is_read_as_ever() {
    let bytes = std::fs::read(golden("cluster-backup-v1")).unwrap();
    assert_eq!(decode(&bytes), Ok(ClusterBackup { image: image(), groups: groups() }));
}

#[test]
fn a_payload_of_the_first_version_with_changes_of_topics_is_written_and_read_as_ever() {
    let name = "cluster-backup-v1-changes";
    let bytes = encode(&image(), &groups());
    if std::fs::read(golden(name)).ok().as_ref() != Some(&bytes) {
        let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/tmp").join(name);
        std::fs::create_dir_all(place.parent().unwrap()).unwrap();
        std::fs::write(&place, &bytes).unwrap();
        panic!("{} differs from {}", place.display(), golden(name).display());
    }
    assert_eq!(decode(&bytes), Ok(ClusterBackup { image: image(), groups: groups() }));
}

#[test]
fn a_payload_of_a_later_release_is_told_from_a_damaged_one() {
    let later = v1::ClusterBackup { version: 2, metadata: Vec::new(), groups: Vec::new() };
    let error = decode(&later.encode_to_vec()).unwrap_err();
    assert!(error.is_later(), "{error}");
    assert_eq!(error.to_string(), "it has version 2, this release reads up to 1");
    let mut metadata = snapshot::encode(&image());
    metadata[0] = 2;
    let later = v1::ClusterBackup { version: 1, metadata, groups: Vec::new() };
    assert!(decode(&later.encode_to_vec()).unwrap_err().is_later());
    assert!(!decode(b"\xff\xff\xff").unwrap_err().is_later());
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = decode(&bytes);
    }
}
