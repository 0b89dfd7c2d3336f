use serde_json::json;

use super::*;

fn topic(status: &serde_json::Value) -> Topic {
    let object = json!({
        "apiVersion": "highwater.dev/v1alpha1", "kind": "Topic",
        "metadata": { "name": "t", "namespace": "n", "generation": 2 },
        "spec": { "clusterRef": { "name": "c" }, "config": { "retention.ms": 1 } }, "status": status,
    });
    serde_json::from_value(object).unwrap()
}

#[test]
fn an_id_is_printed_as_kafkas_tools_do() {
    let of = |bytes: &[u8]| topic_id(&v1::Topic { topic_id: bytes.to_vec(), ..v1::Topic::default() });
    assert_eq!(of(&[0; 16]), "AAAAAAAAAAAAAAAAAAAAAA");
    assert_eq!(of(&[0xff; 16]), "_____________________w");
    let bytes: Vec<u8> = (0..16).collect();
    assert_eq!(of(&bytes), "AAECAwQFBgcICQoLDA0ODw");
}

#[test]
fn a_status_that_says_the_same_is_the_same() {
    let partitions =
        vec![v1::Partition { leader: 0, replicas: vec![0], in_sync: vec![0], ..v1::Partition::default() }];
    let found = Found { topic: v1::Topic { partitions, ..v1::Topic::default() }, drift: None };
    let at = |second| Timestamp::from_second(second).unwrap();
    let first = status(&topic(&json!({})), Some(&found), None, at(1));
    let again = status(&topic(&serde_json::to_value(&first).unwrap()), Some(&found), None, at(2));
    assert_eq!(first, again);
    assert_eq!(first.owned_config, ["retention.ms"]);
    assert!(was_settled(&topic(&serde_json::to_value(&first).unwrap())));
}

#[test]
fn a_problem_leaves_what_is_known_of_the_topic() {
    let before = topic(&json!({ "topicId": "x", "ownedConfig": ["a"] }));
    let said = status(&before, None, Some(&Problem::lasting("Conflict", "another's")), Timestamp::UNIX_EPOCH);
    assert_eq!((said.topic_id.as_deref(), said.owned_config.len()), (Some("x"), 1));
    assert_eq!(
        (said.conditions[0].status.as_str(), said.conditions[0].reason.as_str()),
        ("False", "Conflict")
    );
    assert!(!was_settled(&topic(&serde_json::to_value(&said).unwrap())));
}

#[test]
fn partitions_without_a_leader_are_told() {
    let partition = v1::Partition { leader: -1, ..v1::Partition::default() };
    let found =
        Found { topic: v1::Topic { partitions: vec![partition], ..v1::Topic::default() }, drift: None };
    let said = status(&topic(&json!({})), Some(&found), None, Timestamp::UNIX_EPOCH);
    assert_eq!(said.conditions[0].reason, "PartitionsOffline");
}
