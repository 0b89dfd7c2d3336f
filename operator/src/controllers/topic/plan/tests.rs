use serde_json::{Value, json};

use super::*;
use crate::controllers::topic::validate::validate;

fn topic(spec: Value, owned: &[&str]) -> Topic {
    let mut whole = json!({ "clusterRef": { "name": "c" } });
    whole.as_object_mut().unwrap().extend(spec.as_object().unwrap().clone());
    let object = json!({
        "apiVersion": "highwater.dev/v1alpha1", "kind": "Topic", "metadata": { "name": "t", "namespace": "n" },
        "spec": whole, "status": { "ownedConfig": owned },
    });
    serde_json::from_value(object).unwrap()
}

fn found(replicas: &[&[i32]], configs: &[(&str, &str)]) -> v1::Topic {
    let partition = |(index, replicas): (u32, &&[i32])| v1::Partition {
        index,
        replicas: replicas.to_vec(),
        ..v1::Partition::default()
    };
    v1::Topic {
        configs: configs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(),
        partitions: (0..).zip(replicas).map(partition).collect(),
        ..v1::Topic::default()
    }
}

fn planned(topic: &Topic, found: Option<&v1::Topic>, brokers: &[i32]) -> Result<Plan, Problem> {
    let broker = |id: &i32| Broker { id: BrokerId(*id), rack: None, is_draining: false };
    let brokers: Vec<Broker> = brokers.iter().map(broker).collect();
    plan(topic, &validate(topic).unwrap(), found, &brokers)
}

#[test]
fn a_topic_that_is_not_there_is_made_on_the_brokers_that_are() {
    let Ok(Plan::Create { assignments }) = planned(&topic(json!({ "partitions": 3 }), &[]), None, &[0])
    else {
        panic!()
    };
    assert_eq!(assignments, vec![Assignment { replicas: vec![0] }; 3]);
}

#[test]
fn settings_that_the_object_names_are_set_those_it_named_are_taken_back_and_others_stay() {
    let topic = topic(
        json!({ "config": { "retention.ms": 5, "segment.ms": 60000 } }),
        &["retention.ms", "cleanup.policy"],
    );
    let configs = [
        ("retention.ms", "7"),
        ("segment.ms", "60000"),
        ("cleanup.policy", "compact"),
        ("max.message.bytes", "9"),
    ];
    let plan = planned(&topic, Some(&found(&[&[0]], &configs)), &[0]).unwrap();
    let Plan::Alter { set, remove, added } = &plan else { panic!("{plan:?}") };
    assert_eq!(set.iter().collect::<Vec<_>>(), [(&"retention.ms".to_owned(), &"5".to_owned())]);
    assert_eq!((remove.as_slice(), added.len()), (["cleanup.policy".to_owned()].as_slice(), 0));
    assert_eq!(plan.drift().as_deref(), Some("retention.ms, cleanup.policy"));
}

#[test]
fn partitions_are_added_and_never_taken_away() {
    let found = found(&[&[0], &[0]], &[]);
    let Ok(Plan::Alter { added, .. }) = planned(&topic(json!({ "partitions": 4 }), &[]), Some(&found), &[0])
    else {
        panic!()
    };
    assert_eq!(added.len(), 2);
    let problem = planned(&topic(json!({ "partitions": 1 }), &[]), Some(&found), &[0]).unwrap_err();
    assert_eq!((problem.reason, problem.passes), ("TooManyPartitions", false));
    assert_eq!(planned(&topic(json!({ "partitions": 2 }), &[]), Some(&found), &[0]), Ok(Plan::Nothing));
}

#[test]
fn more_replicas_than_brokers_wait_for_brokers() {
    let problem = planned(&topic(json!({ "replicas": 2 }), &[]), None, &[0]).unwrap_err();
    assert_eq!((problem.reason, problem.passes), ("TooFewBrokers", true));
    assert!(planned(&topic(json!({ "replicas": 2 }), &[]), None, &[0, 1]).is_ok());
}

#[test]
fn a_layout_that_the_object_names_is_taken_as_it_is() {
    let named = |replicas: Value| topic(json!({ "layout": [{ "replicas": replicas }] }), &[]);
    let Ok(Plan::Create { assignments }) = planned(&named(json!([4])), None, &[0, 4]) else { panic!() };
    assert_eq!(assignments, [Assignment { replicas: vec![4] }]);
    assert_eq!(planned(&named(json!([9])), None, &[0]).unwrap_err().reason, "UnknownBroker");
    let problem = planned(&named(json!([4])), Some(&found(&[&[0]], &[])), &[0, 4]).unwrap_err();
    assert_eq!(problem.reason, "ReplicasDiffer");
}
