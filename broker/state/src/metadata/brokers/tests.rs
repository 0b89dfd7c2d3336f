use super::super::testing::{after, broker, directory, new_topic, with_brokers, with_topics};
use super::super::topics::NewTopic;
use super::*;

fn registration(id: i32, incarnation: u128) -> BrokerRegistration {
    BrokerRegistration {
        id: broker(id),
        directory_id: directory(id),
        incarnation_id: Uuid::from_u128(incarnation),
        endpoints: vec![Endpoint { listener: "PLAINTEXT".into(), host: "localhost".into(), port: 9092 }],
        rack: None,
        fenced: false,
    }
}

fn register(image: &MetadataImage, request: &BrokerRegistration) -> MetadataImage {
    after(image, register_broker(image, request, true).unwrap().records)
}

/// (leader, leader epoch, ISR) of partition 0 of topic `a`.
fn state(image: &MetadataImage) -> (i32, i32, Vec<i32>) {
    let partition = image.partition("a", 0).unwrap();
    (partition.leader.0, partition.leader_epoch.0, partition.isr.iter().map(|id| id.0).collect())
}

fn replicated(brokers: &[i32], replication_factor: i16) -> MetadataImage {
    let topic = NewTopic { replication_factor, ..new_topic("a", brokers.len() as u128, 1) };
    with_topics(&with_brokers(brokers), &[topic])
}

#[test]
fn cluster_is_formed_once() {
    let features = BTreeMap::from([("metadata.version".to_owned(), 29)]);
    let formed = form_cluster(&MetadataImage::default(), "id", &features).unwrap();
    let image = after(&MetadataImage::default(), formed.records);
    assert_eq!(image.cluster_id.as_deref(), Some("id"));
    assert_eq!(*image.features, features);
    assert!(form_cluster(&image, "id", &features).unwrap().records.is_empty());
    assert_eq!(form_cluster(&image, "other", &features).unwrap_err().code().code(), 104);
}

#[test]
fn restart_on_the_same_directory_leads_again_in_the_next_epoch() {
    let image = replicated(&[1], 1);
    assert_eq!(state(&image), (1, 0, vec![1]));
    let image = register(&image, &registration(1, 2));
    assert_eq!(state(&image), (1, 1, vec![1]));
    assert_eq!(image.brokers[&broker(1)].epoch, image.position.offset.0);
}

#[test]
fn fenced_restart_leads_only_after_it_is_unfenced() {
    let image = register(&replicated(&[1], 1), &BrokerRegistration { fenced: true, ..registration(1, 2) });
    assert_eq!(state(&image), (-1, 1, vec![1]));
    let epoch = image.brokers[&broker(1)].epoch;
    assert_eq!(unfence_broker(&image, broker(1), epoch - 1).unwrap_err().code().code(), 77);
    let image = after(&image, unfence_broker(&image, broker(1), epoch).unwrap().records);
    assert_eq!(state(&image), (1, 2, vec![1]));
    assert!(unfence_broker(&image, broker(1), epoch).unwrap().records.is_empty());
}

#[test]
fn other_directory_is_refused_while_the_earlier_incarnation_lives() {
    let image = replicated(&[1], 1);
    let emptied = BrokerRegistration { directory_id: directory(9), ..registration(1, 2) };
    assert_eq!(register_broker(&image, &emptied, true).unwrap_err().code().code(), 101);
    assert!(register_broker(&image, &emptied, false).is_ok());
}

#[test]
fn emptied_disk_never_leads_what_it_held() {
    let image = replicated(&[1], 1);
    let emptied = BrokerRegistration { directory_id: directory(9), ..registration(1, 2) };
    let image = after(&image, register_broker(&image, &emptied, false).unwrap().records);
    assert_eq!(state(&image), (-1, 1, vec![1]));
}

#[test]
fn fencing_moves_leadership_within_the_isr() {
    let image = replicated(&[1, 2], 2);
    let (leader, _, _) = state(&image);
    let other = 3 - leader;
    let epoch = image.brokers[&broker(leader)].epoch;
    let image = after(&image, fence_broker(&image, broker(leader), epoch).unwrap().records);
    assert_eq!(state(&image), (other, 1, vec![other]));
    let image = after(&image, fence_broker(&image, broker(other), 0).unwrap().records);
    assert_eq!(state(&image), (-1, 2, vec![other]));
    // The one that left the ISR earlier may lack records: it does not lead.
    let image = after(&image, unfence_broker(&image, broker(leader), epoch).unwrap().records);
    assert_eq!(state(&image), (-1, 2, vec![other]));
    let image = after(&image, unfence_broker(&image, broker(other), 0).unwrap().records);
    assert_eq!(state(&image), (other, 3, vec![other]));
}

#[test]
fn unregistered_broker_is_forgotten() {
    let image = replicated(&[1, 2], 2);
    let (leader, _, _) = state(&image);
    let image = after(&image, unregister_broker(&image, broker(leader)).unwrap().records);
    assert!(!image.brokers.contains_key(&broker(leader)));
    assert_eq!(state(&image).0, 3 - leader);
    assert_eq!(unregister_broker(&image, broker(leader)).unwrap_err().code().code(), 102);
}
