use crds::consumer_group::{ScalingTarget, TargetKind};

use super::*;

fn scaling() -> Scaling {
    let target = ScalingTarget { kind: TargetKind::Deployment, name: "w".to_owned() };
    Scaling {
        target,
        min_replicas: 1,
        max_replicas: 5,
        records_per_replica: 10,
        scale_down_delay_seconds: 60,
    }
}

fn lag(partition: i32, records: Option<i64>) -> Lag {
    Lag { topic: "t".to_owned(), partition, committed: 0, end: None, records, milliseconds: None }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn desired(lags: &[Lag], current: i32) -> i32 {
    decide(&scaling(), Some(lags), current, None, at(0)).desired
}

#[test]
fn replicas_follow_lag_up_to_partitions_with_lag_and_the_most() {
    assert_eq!(
        desired(&[lag(0, Some(15)), lag(1, Some(15))], 1),
        2,
        "30 records ask for 3, and 2 partitions have lag"
    );
    let many: Vec<Lag> = (0..9).map(|partition| lag(partition, Some(100))).collect();
    assert_eq!(desired(&many, 1), 5);
    assert_eq!(desired(&[lag(0, Some(5)), lag(1, Some(0))], 1), 1);
}

#[test]
fn nothing_is_scaled_on_lag_that_cannot_be_told() {
    assert_eq!(desired(&[lag(0, Some(1000)), lag(1, None)], 3), 3);
    assert_eq!(decide(&scaling(), None, 3, None, at(0)).desired, 3);
    assert_eq!(decide(&scaling(), None, 0, None, at(0)).desired, 1);
}

#[test]
fn fewer_replicas_wait_and_more_do_not() {
    let none = [lag(0, Some(0))];
    let first = decide(&scaling(), Some(&none), 4, None, at(100));
    assert_eq!((first.desired, first.fewer_since.is_some()), (4, true));
    let later = decide(&scaling(), Some(&none), 4, Some(&first), at(159));
    assert_eq!((later.desired, &later.fewer_since), (4, &first.fewer_since));
    assert_eq!(decide(&scaling(), Some(&none), 4, Some(&later), at(160)).desired, 1);
    let more: Vec<Lag> = (0..5).map(|partition| lag(partition, Some(10))).collect();
    let risen = decide(&scaling(), Some(&more), 4, Some(&later), at(130));
    assert_eq!((risen.desired, risen.fewer_since), (5, None));
}
