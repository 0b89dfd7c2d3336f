//! What the tests of this module share: images built by the same records that production writes.

use broker_protocol::types::{BrokerId, Offset, TopicId, Uuid};

use super::image::{LogPosition, MetadataImage};
use super::record::{Endpoint, MetadataBatch, MetadataRecord, RecordKind, RegisterBroker};
use super::topics::{NewTopic, TopicDefaults, create_topics};

/// The image after one more batch.
pub(crate) fn after(image: &MetadataImage, records: Vec<MetadataRecord>) -> MetadataImage {
    let position = LogPosition { offset: Offset(image.position.offset.0 + 1), term: 1 };
    super::apply(image, position, &MetadataBatch { records }).unwrap()
}

pub(crate) fn directory(broker: i32) -> Uuid {
    Uuid::from_u128(0xd000 + broker as u128)
}

pub(crate) fn registration(broker: i32, incarnation: u128) -> RegisterBroker {
    RegisterBroker {
        broker_id: broker,
        directory_id: directory(broker).into(),
        incarnation_id: Uuid::from_u128(incarnation).into(),
        endpoints: vec![Endpoint { listener: "PLAINTEXT".into(), host: "localhost".into(), port: 9092 }],
        rack: None,
        fenced: false,
        broker_epoch: None,
    }
}

/// An image with these brokers, all of them active.
pub(crate) fn with_brokers(brokers: &[i32]) -> MetadataImage {
    let records = brokers.iter().map(|&id| RecordKind::RegisterBroker(registration(id, 1)).into()).collect();
    after(&MetadataImage::default(), records)
}

/// A topic of a request, with an id made of `number`.
pub(crate) fn new_topic(name: &str, number: u128, partitions: i32) -> NewTopic {
    NewTopic {
        name: name.into(),
        id: TopicId(Uuid::from_u128(number)),
        partitions,
        replication_factor: -1,
        assignments: Vec::new(),
        configs: Ok(Default::default()),
    }
}

pub(crate) const DEFAULTS: TopicDefaults = TopicDefaults { partitions: 1, replication_factor: 1 };

/// The image after these topics were created; all must be accepted.
pub(crate) fn with_topics(image: &MetadataImage, topics: &[NewTopic]) -> MetadataImage {
    let outcome = create_topics(image, topics, DEFAULTS, false);
    assert!(outcome.response.iter().all(|(_, result)| result.is_ok()), "{:?}", outcome.response);
    after(image, outcome.records)
}

pub(crate) fn broker(id: i32) -> BrokerId {
    BrokerId(id)
}

/// The number of the error's code.
pub(crate) fn number(error: &super::MetadataError) -> i16 {
    error.code().code()
}
