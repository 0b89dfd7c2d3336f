use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::brokers::form_cluster;
use super::super::producer_ids::allocate_producer_ids;
use super::super::testing::{after, broker, new_topic, with_brokers, with_topics};
use super::super::topics::NewTopic;
use super::*;

/// An image with something of everything.
fn full_image() -> MetadataImage {
    let image = with_brokers(&[1, 2]);
    let features = BTreeMap::from([("metadata.version".to_owned(), 29)]);
    let image = after(&image, form_cluster(&image, "AAAAAAAAAAAAAAAAAAAAAQ", &features).unwrap().records);
    let configured = NewTopic {
        replication_factor: 2,
        configs: Ok([("retention.ms".to_owned(), "5".to_owned())].into()),
        ..new_topic("orders.eu", 3, 2)
    };
    let image = with_topics(&image, &[configured, new_topic("plain", 4, 1)]);
    after(&image, allocate_producer_ids(&image, broker(1), 0).unwrap().records)
}

#[test]
fn image_survives_its_snapshot() {
    for image in [MetadataImage::default(), full_image()] {
        assert_eq!(decode(&encode(&image)), Ok(image));
    }
}

#[test]
fn snapshot_of_format_1_is_still_read() {
    // Made by this test at format 1. If it fails, the format changed: raise the version and keep this file readable.
    let golden = include_bytes!("../../../testdata/metadata_snapshot_v1.bin");
    let mut image = full_image();
    // It tells of no changes: its topics count as changed where it was made.
    let offset = image.position.offset;
    let changed = |topic: &Arc<TopicImage>| TopicImage { changed_at: offset, ..TopicImage::clone(topic) };
    for topic in image.topics.iter().map(changed).collect::<Vec<_>>() {
        image.topics.put(topic);
    }
    assert_eq!(decode(golden), Ok(image));
}

#[test]
fn snapshot_of_format_1_with_changes_is_still_read() {
    // As above, and with what was added to the records: offsets of changes, requests.
    let golden = include_bytes!("../../../testdata/metadata_snapshot_v1_changes.bin");
    let image = full_image();
    let setting = Config {
        resource_type: 4,
        resource_name: String::new(),
        key: "message.max.bytes".into(),
        value: Some("5".into()),
    };
    let request = AdminRequest { request_id: Default::default(), digest: 8, response: vec![9], offset: None };
    let image =
        after(&image, vec![RecordKind::Config(setting).into(), RecordKind::AdminRequest(request).into()]);
    assert_eq!(decode(golden).as_ref(), Ok(&image));
    assert_eq!(encode(&image), golden);
}

#[test]
fn no_snapshot_cut_short_is_taken_for_a_whole_one() {
    let image = full_image();
    let bytes = encode(&image);
    for len in 0..bytes.len() {
        assert_ne!(decode(&bytes[..len]).as_ref(), Ok(&image), "cut to {len} bytes");
    }
}

#[test]
fn ten_thousand_partitions_survive_a_snapshot() {
    let image = with_topics(&with_brokers(&[1]), &[new_topic("a", 1, 10_000)]);
    assert_eq!(decode(&encode(&image)), Ok(image));
}
