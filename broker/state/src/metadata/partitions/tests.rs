use super::super::testing::{after, broker, new_topic, number, with_brokers, with_topics};
use super::*;

fn request(name: &str, count: i32, assignments: Option<&[&[i32]]>) -> MorePartitions {
    let to_brokers = |replicas: &&[i32]| replicas.iter().map(|&id| broker(id)).collect();
    let assignments = assignments.map(|all| all.iter().map(to_brokers).collect());
    MorePartitions { name: name.into(), count, assignments }
}

fn codes(image: &MetadataImage, requests: &[MorePartitions]) -> Vec<i16> {
    let outcome = create_partitions(image, requests, false);
    outcome.response.iter().map(|(_, result)| result.as_ref().map_or_else(number, |()| 0)).collect()
}

#[test]
fn further_partitions_follow_the_present_ones() {
    let image = with_topics(&with_brokers(&[1]), &[new_topic("a", 1, 2)]);
    let outcome = create_partitions(&image, &[request("a", 5, None)], false);
    let image = after(&image, outcome.records);
    let topic = image.topics.by_name("a").unwrap();
    assert_eq!(topic.partitions.keys().copied().collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
    assert_eq!(topic.partition(4).unwrap().leader, broker(1));
}

#[test]
fn count_must_rise() {
    let image = with_topics(&with_brokers(&[1]), &[new_topic("a", 1, 2)]);
    for (count, code) in [(2, 37), (1, 37), (-1, 37), (i32::MIN, 37), (3, 0), (i32::MAX, 44)] {
        assert_eq!(codes(&image, &[request("a", count, None)]), [code], "{count}");
    }
    assert_eq!(codes(&image, &[request("x", 3, None)]), [3]);
    assert_eq!(codes(&image, &[request("a", 3, None), request("a", 4, None)]), [42]);
}

#[test]
fn assignments_are_one_per_further_partition_and_alike_in_size() {
    let image = with_topics(&with_brokers(&[1, 2]), &[new_topic("a", 1, 1)]);
    assert_eq!(codes(&image, &[request("a", 3, Some(&[&[1], &[2]]))]), [0]);
    assert_eq!(codes(&image, &[request("a", 3, Some(&[&[1]]))]), [39]);
    assert_eq!(codes(&image, &[request("a", 2, Some(&[&[1, 2]]))]), [39]);
    assert_eq!(codes(&image, &[request("a", 2, Some(&[&[9]]))]), [39]);
}

#[test]
fn validation_writes_nothing() {
    let image = with_topics(&with_brokers(&[1]), &[new_topic("a", 1, 1)]);
    let outcome = create_partitions(&image, &[request("a", 2, None)], true);
    assert_eq!((outcome.records.len(), outcome.response[0].1.clone()), (0, Ok(())));
}
