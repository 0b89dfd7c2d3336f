use super::*;
use crate::model::{Broker, Load, Loads};

fn brokers(racks: &[Option<&str>]) -> Vec<Broker> {
    let broker = |(id, rack): (i32, &Option<&str>)| Broker {
        id: BrokerId(id),
        rack: rack.map(str::to_owned),
        is_draining: false,
    };
    (0..).zip(racks).map(broker).collect()
}

fn layout(partitions: &[&[i32]]) -> Layout {
    let ids = |replicas: &&[i32]| replicas.iter().copied().map(BrokerId).collect();
    Layout::new(partitions.iter().map(ids).collect()).unwrap()
}

fn loads(layout: &Layout) -> Loads {
    let mut loads = Loads::default();
    loads.add(layout);
    loads
}

/// Plans with these brokers and without other topics.
fn planned(brokers: &[Broker], partitions: usize, replication_factor: usize, previous: &Layout) -> Layout {
    let other_loads = &Loads::default();
    plan(&Problem { brokers, partitions, replication_factor, other_loads }, previous).unwrap()
}

fn refused(brokers: &[Broker], partitions: usize, replication_factor: usize, previous: &Layout) -> PlanError {
    let other_loads = &Loads::default();
    plan(&Problem { brokers, partitions, replication_factor, other_loads }, previous).unwrap_err()
}

#[test]
fn a_topic_on_equal_brokers_lies_evenly() {
    let brokers = brokers(&[None; 5]);
    let loads = loads(&planned(&brokers, 10, 3, &Layout::default()));
    for broker in 0..5 {
        assert_eq!(loads.of(BrokerId(broker)), Load { replicas: 6, leaders: 2 });
    }
}

#[test]
fn each_partition_lies_in_as_many_racks_as_there_are() {
    let brokers = brokers(&[Some("a"), Some("a"), Some("a"), Some("b"), Some("b"), Some("c")]);
    let layout = planned(&brokers, 12, 3, &Layout::default());
    for replicas in layout.partitions() {
        let mut racks: Vec<&str> =
            replicas.iter().filter_map(|id| brokers[id.0 as usize].rack.as_deref()).collect();
        racks.sort_unstable();
        assert_eq!(racks, ["a", "b", "c"]);
    }
}

#[test]
fn brokers_without_a_rack_count_as_one_rack() {
    let brokers = brokers(&[None, None, None, Some("a")]);
    let layout = planned(&brokers, 4, 2, &Layout::default());
    assert!(layout.partitions().iter().all(|replicas| replicas.contains(&BrokerId(3))), "{layout:?}");
}

#[test]
fn an_empty_broker_does_not_get_a_whole_topic() {
    let brokers = brokers(&[None; 3]);
    let other_loads = &loads(&layout(&[&[0, 1], &[1, 0], &[0, 1], &[1, 0]]));
    let problem = Problem { brokers: &brokers, partitions: 4, replication_factor: 1, other_loads };
    let planned = loads(&plan(&problem, &Layout::default()).unwrap());
    let replicas = [0, 1, 2].map(|id| planned.of(BrokerId(id)).replicas);
    assert_eq!(replicas, [1, 1, 2], "evenly, and what is over goes to the broker with least");
}

#[test]
fn a_layout_that_is_valid_stays_even_when_a_broker_joins() {
    let before = layout(&[&[0, 1], &[1, 0], &[0, 1]]);
    assert_eq!(planned(&brokers(&[None; 3]), 3, 2, &before), before);
}

#[test]
fn a_layout_that_is_valid_but_uneven_is_left_alone() {
    let before = layout(&[&[0, 1], &[0, 1], &[0, 1]]);
    assert_eq!(planned(&brokers(&[None; 4]), 3, 2, &before), before);
}

#[test]
fn partitions_that_come_move_nothing_and_go_where_least_is() {
    let before = layout(&[&[0, 1], &[1, 0]]);
    let after = planned(&brokers(&[None; 4]), 4, 2, &before);
    assert_eq!(after.partitions()[..2], before.partitions()[..]);
    let loads = loads(&after);
    for broker in 0..4 {
        assert_eq!(loads.of(BrokerId(broker)), Load { replicas: 2, leaders: 1 });
    }
}

#[test]
fn more_replicas_are_added_behind_those_there() {
    let before = layout(&[&[0], &[1], &[2]]);
    let after = planned(&brokers(&[None; 3]), 3, 2, &before);
    for (before, after) in before.partitions().iter().zip(after.partitions()) {
        assert_eq!(after[0], before[0]);
    }
    let loads = loads(&after);
    for broker in 0..3 {
        assert_eq!(loads.of(BrokerId(broker)), Load { replicas: 2, leaders: 1 });
    }
}

#[test]
fn fewer_replicas_keep_the_leader_and_the_racks() {
    let brokers = brokers(&[Some("a"), Some("a"), Some("b")]);
    let before = layout(&[&[0, 1, 2], &[1, 2, 0], &[2, 0, 1], &[2, 0, 1]]);
    let after = planned(&brokers, 4, 2, &before);
    assert_eq!(after.partitions()[..2], layout(&[&[0, 2], &[1, 2]]).partitions()[..]);
    let followers: Vec<BrokerId> = after.partitions()[2..].iter().map(|replicas| replicas[1]).collect();
    assert!(followers.contains(&BrokerId(0)) && followers.contains(&BrokerId(1)), "{after:?}");
}

#[test]
fn only_replicas_of_a_draining_broker_move() {
    let mut brokers = brokers(&[None; 4]);
    brokers[0].is_draining = true;
    let before = layout(&[&[0, 1], &[1, 2], &[2, 0]]);
    assert_eq!(planned(&brokers, 3, 2, &before), layout(&[&[3, 1], &[1, 2], &[2, 3]]));
}

#[test]
fn replicas_of_a_broker_that_is_gone_are_replaced() {
    let before = layout(&[&[7, 0], &[1, 7]]);
    assert_eq!(planned(&brokers(&[None; 3]), 2, 2, &before), layout(&[&[0, 2], &[1, 2]]));
}

#[test]
fn a_replica_that_takes_a_lost_ones_place_is_put_in_the_free_rack() {
    let mut brokers = brokers(&[Some("a"), Some("b"), Some("b"), Some("a")]);
    brokers[0].is_draining = true;
    let before = layout(&[&[0, 1], &[1, 0]]);
    assert_eq!(planned(&brokers, 2, 2, &before), layout(&[&[3, 1], &[1, 3]]));
}

#[test]
fn a_first_choice_that_turns_out_uneven_is_mended() {
    // Partition 0 goes to 1 or 2 alike, and takes 1. Then partition 1, which has 2 already, finds no broker with
    // little.
    let mut brokers = brokers(&[None; 5]);
    brokers[4].is_draining = true;
    let before = layout(&[&[0, 3, 4], &[3, 2, 4], &[0, 1, 3]]);
    let loads = loads(&planned(&brokers, 3, 3, &before));
    let replicas = [0, 1, 2, 3].map(|id| loads.of(BrokerId(id)).replicas);
    assert_eq!(replicas, [2, 2, 2, 3]);
}

#[test]
fn more_replicas_than_brokers_that_accept_them_is_an_error_that_names_those_draining() {
    let mut brokers = brokers(&[None; 3]);
    brokers[1].is_draining = true;
    let error = refused(&brokers, 1, 3, &layout(&[&[0, 1, 2]]));
    let draining = vec![BrokerId(1)];
    assert_eq!(error, PlanError::TooFewBrokers { replication_factor: 3, accepting: 2, draining });
}

#[test]
fn what_no_layout_fulfils_is_an_error() {
    let none = Layout::default();
    let three = brokers(&[None; 3]);
    let twice = [three[0].clone(), three[0].clone()];
    assert_eq!(refused(&[], 1, 1, &none), PlanError::NoBrokers);
    assert_eq!(refused(&twice, 1, 1, &none), PlanError::DuplicateBroker { broker: BrokerId(0) });
    assert_eq!(refused(&three, 0, 1, &none), PlanError::NoPartitions);
    assert_eq!(refused(&three, 1, 0, &none), PlanError::NoReplicas);
    let error = refused(&three, 1, 1, &layout(&[&[0], &[1]]));
    assert_eq!(error, PlanError::FewerPartitions { before: 2, after: 1 });
}

#[test]
fn ten_thousand_partitions_on_a_hundred_brokers_are_planned_and_drained_and_lie_evenly() {
    let racks = ["a", "b", "c", "d"];
    let mut brokers: Vec<Broker> = brokers(&[None; 100]);
    for (broker, rack) in brokers.iter_mut().zip(racks.iter().cycle()) {
        broker.rack = Some((*rack).to_owned());
    }
    let layout = planned(&brokers, 10_000, 3, &Layout::default());
    let before = loads(&layout);
    for broker in &brokers {
        assert_eq!(before.of(broker.id), Load { replicas: 300, leaders: 100 });
    }
    brokers[17].is_draining = true;
    let after = loads(&planned(&brokers, 10_000, 3, &layout));
    let moved = brokers.iter().filter(|b| !b.is_draining).map(|b| after.of(b.id).replicas - 300);
    assert_eq!(moved.sum::<u64>(), 300);
    assert_eq!(after.of(BrokerId(17)), Load::default());
}
