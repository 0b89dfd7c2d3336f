use super::*;

#[test]
fn batch_survives_its_encoding() {
    let batch = MetadataBatch {
        records: vec![
            RecordKind::ClusterId(ClusterId { id: "abc".into() }).into(),
            RecordKind::Config(Config { key: "k".into(), value: None, ..Config::default() }).into(),
            RecordKind::PartitionChange(PartitionChange { leader: Some(-1), ..Default::default() }).into(),
        ],
    };
    assert_eq!(MetadataBatch::decode_versioned(&batch.encode_versioned()), Ok(batch));
}

#[test]
fn decoding_refuses_another_version_and_unknown_records() {
    assert_eq!(MetadataBatch::decode_versioned(&[]), Err(DecodeError::Empty));
    assert_eq!(
        MetadataBatch::decode_versioned(&[9, 1, 2]),
        Err(DecodeError::Version { found: 9, expected: FORMAT_VERSION })
    );
    // One record whose only field has tag 2000: a kind that is not known here.
    let later = [FORMAT_VERSION, 0x0a, 0x03, 0x80, 0x7d, 0x01];
    assert_eq!(MetadataBatch::decode_versioned(&later), Err(DecodeError::UnknownRecord { index: 0 }));
}

#[test]
fn uuid_survives_its_field() {
    let uuid = Uuid::from_u128(0x0123_4567_89ab_cdef_0fed_cba9_8765_4321);
    assert_eq!(Uuid::from(UuidField::from(uuid)), uuid);
}

/// A batch with a record of every kind, each field different from its default.
fn every_kind() -> MetadataBatch {
    let id = UuidField { high: 1, low: 2 };
    let endpoint = Endpoint { listener: "PLAINTEXT".into(), host: "localhost".into(), port: 9092 };
    let kinds = [
        RecordKind::RegisterBroker(RegisterBroker {
            broker_id: 1,
            directory_id: id,
            incarnation_id: UuidField { high: 3, low: 4 },
            endpoints: vec![endpoint],
            rack: Some("a".into()),
            fenced: true,
            broker_epoch: Some(5),
        }),
        RecordKind::FenceBroker(FenceBroker { broker_id: 1, broker_epoch: 5 }),
        RecordKind::UnfenceBroker(UnfenceBroker { broker_id: 1, broker_epoch: 5 }),
        RecordKind::UnregisterBroker(UnregisterBroker { broker_id: 1, broker_epoch: 5 }),
        RecordKind::Topic(Topic { topic_id: id, name: "orders".into(), changed_at: None }),
        RecordKind::Partition(Partition {
            topic_id: id,
            index: 1,
            replicas: vec![1, 2],
            isr: vec![1],
            elr: vec![2],
            last_known_elr: vec![3],
            leader: -1,
            leader_epoch: 4,
            partition_epoch: 5,
            directories: vec![id],
        }),
        RecordKind::PartitionChange(PartitionChange {
            topic_id: id,
            index: 1,
            leader: Some(2),
            isr: Some(BrokerList { ids: vec![] }),
            elr: Some(BrokerList { ids: vec![1] }),
            last_known_elr: Some(BrokerList { ids: vec![2] }),
        }),
        RecordKind::RemoveTopic(RemoveTopic { topic_id: id }),
        RecordKind::Config(Config {
            resource_type: 2,
            resource_name: "orders".into(),
            key: "retention.ms".into(),
            value: Some("5".into()),
        }),
        RecordKind::ProducerIds(ProducerIds { broker_id: 1, next_id: 1000 }),
        RecordKind::Feature(Feature { name: "metadata.version".into(), level: 29 }),
        RecordKind::ClusterId(ClusterId { id: "cluster".into() }),
    ];
    MetadataBatch { records: kinds.into_iter().map(MetadataRecord::from).collect() }
}

#[test]
fn batch_of_format_1_is_still_read() {
    // Made by this test at format 1. If it fails, the format changed: raise the version and keep this file readable.
    let golden = include_bytes!("../../../testdata/metadata_batch_v1.bin");
    assert_eq!(MetadataBatch::decode_versioned(golden), Ok(every_kind()));
    assert_eq!(every_kind().encode_versioned(), golden);
}
