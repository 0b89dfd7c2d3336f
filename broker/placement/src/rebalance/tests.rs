use super::*;
use crate::model::{Broker, BrokerId, Load, Loads};

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

const UNBOUNDED: RebalanceLimits = RebalanceLimits { moves_max: usize::MAX, total_tolerance: 1 };

fn rebalanced(
    brokers: &[Broker],
    other_loads: &Loads,
    previous: &Layout,
    limits: RebalanceLimits,
) -> Rebalance {
    let replication_factor = previous.partitions()[0].len();
    let problem =
        Problem { brokers, partitions: previous.partitions().len(), replication_factor, other_loads };
    rebalance(&problem, previous, limits).unwrap()
}

#[test]
fn a_broker_that_joined_gets_its_share_and_no_more_moves_than_that() {
    let before = layout(&[&[0, 1], &[1, 0], &[0, 1], &[1, 0], &[0, 1], &[1, 0]]);
    let after = rebalanced(&brokers(&[None; 3]), &Loads::default(), &before, UNBOUNDED);
    assert_eq!(after.moves, 4);
    let loads = loads(&after.layout);
    for broker in 0..3 {
        assert_eq!(loads.of(BrokerId(broker)), Load { replicas: 4, leaders: 2 });
    }
}

#[test]
fn no_more_replicas_move_than_allowed_and_the_rest_follows_later() {
    let brokers = brokers(&[None; 3]);
    let limits = RebalanceLimits { moves_max: 3, ..UNBOUNDED };
    let before = layout(&[&[0, 1], &[1, 0], &[0, 1], &[1, 0], &[0, 1], &[1, 0]]);
    let first = rebalanced(&brokers, &Loads::default(), &before, limits);
    let second = rebalanced(&brokers, &Loads::default(), &first.layout, limits);
    let third = rebalanced(&brokers, &Loads::default(), &second.layout, limits);
    assert_eq!([first.moves, second.moves, third.moves], [3, 1, 0]);
    assert_eq!(third.layout, second.layout);
}

#[test]
fn a_layout_within_the_tolerance_is_given_back_as_it_is() {
    let before = layout(&[&[0, 1], &[2, 0], &[1, 2], &[2, 1]]);
    let after = rebalanced(&brokers(&[None; 3]), &Loads::default(), &before, UNBOUNDED);
    assert_eq!(after, Rebalance { layout: before, moves: 0 });
}

#[test]
fn racks_come_before_the_balance_and_followers_move_before_leaders() {
    let before = layout(&[&[0, 1], &[1, 0]]);
    let after =
        rebalanced(&brokers(&[Some("a"), Some("a"), Some("b")]), &Loads::default(), &before, UNBOUNDED);
    assert_eq!(after.moves, 2);
    assert!(after.layout.partitions().iter().all(|replicas| replicas.contains(&BrokerId(2))), "{after:?}");
}

#[test]
fn small_topics_move_to_a_broker_with_less_in_total_only_beyond_the_tolerance() {
    let brokers = brokers(&[None; 2]);
    let others = loads(&layout(&[&[0], &[0], &[0], &[0]]));
    let before = layout(&[&[0]]);
    let within = RebalanceLimits { total_tolerance: 5, ..UNBOUNDED };
    assert_eq!(rebalanced(&brokers, &others, &before, within).layout, before);
    let beyond = RebalanceLimits { total_tolerance: 4, ..UNBOUNDED };
    assert_eq!(rebalanced(&brokers, &others, &before, beyond).layout, layout(&[&[1]]));
}

#[test]
fn leaders_are_spread_without_moving_a_replica() {
    let before = layout(&[&[0, 1, 2], &[0, 1, 2], &[0, 1, 2]]);
    let after = rebalanced(&brokers(&[None; 3]), &Loads::default(), &before, UNBOUNDED);
    assert_eq!(after.moves, 0);
    let loads = loads(&after.layout);
    for broker in 0..3 {
        assert_eq!(loads.of(BrokerId(broker)), Load { replicas: 3, leaders: 1 });
    }
}

#[test]
fn a_draining_broker_is_emptied_whatever_the_bound() {
    let mut brokers = brokers(&[None; 3]);
    brokers[0].is_draining = true;
    let before = layout(&[&[0, 1], &[1, 0]]);
    let limits = RebalanceLimits { moves_max: 0, ..UNBOUNDED };
    let after = rebalanced(&brokers, &Loads::default(), &before, limits);
    assert_eq!(after.moves, 0);
    assert_eq!(loads(&after.layout).of(BrokerId(0)), Load::default());
}

#[test]
fn a_layout_of_thousands_spreads_over_brokers_that_joined() {
    let racks = [Some("a"), Some("b"), Some("c")].repeat(20);
    let brokers = brokers(&racks);
    let other_loads = &Loads::default();
    let old = Problem { brokers: &brokers[..54], partitions: 3_600, replication_factor: 3, other_loads };
    let before = plan::plan(&old, &Layout::default()).unwrap();
    let after = rebalance(&Problem { brokers: &brokers, ..old }, &before, UNBOUNDED).unwrap();
    assert_eq!(after.moves, 6 * 180, "what the six brokers lack, and nothing else");
    let loads = loads(&after.layout);
    for broker in &brokers {
        assert_eq!(loads.of(broker.id), Load { replicas: 180, leaders: 60 });
    }
}
