use super::*;

fn ids(replicas: &[i32]) -> Vec<BrokerId> {
    replicas.iter().copied().map(BrokerId).collect()
}

#[test]
fn a_layout_refuses_a_partition_without_replicas() {
    let error = Layout::new(vec![ids(&[1]), Vec::new()]).unwrap_err();
    assert_eq!(error.to_string(), "partition 1 has no replicas, at least one is expected");
}

#[test]
fn a_layout_refuses_a_broker_twice_in_a_partition() {
    let error = Layout::new(vec![ids(&[1, 2]), ids(&[2, 1, 2])]).unwrap_err();
    assert_eq!(error.to_string(), "partition 1 names broker 2 more than once");
}

#[test]
fn a_layout_by_number_refuses_a_gap() {
    let error = Layout::from_indexed(BTreeMap::from([(0, ids(&[1])), (2, ids(&[1]))])).unwrap_err();
    assert_eq!(
        error.to_string(),
        "partition 1 is missing, the next one is 2: partitions are numbered from 0 without gaps"
    );
}

#[test]
fn loads_count_the_first_replica_as_the_leader() {
    let layout = Layout::new(vec![ids(&[1, 2]), ids(&[2, 1]), ids(&[1])]).unwrap();
    let mut loads = Loads::default();
    loads.add(&layout);
    assert_eq!(loads.of(BrokerId(1)), Load { replicas: 3, leaders: 2 });
    assert_eq!(loads.of(BrokerId(2)), Load { replicas: 2, leaders: 1 });
    loads.subtract(&layout);
    assert_eq!(loads.of(BrokerId(1)), Load::default());
}
