use super::*;
use crate::model::Layout;

fn ids(replicas: &[i32]) -> Vec<BrokerId> {
    replicas.iter().copied().map(BrokerId).collect()
}

fn change(from: &[&[i32]], to: &[&[i32]]) -> Change {
    let layout = |partitions: &[&[i32]]| Layout::new(partitions.iter().map(|r| ids(r)).collect()).unwrap();
    Change { topic: "t".to_owned(), from: layout(from), to: layout(to) }
}

fn step(partition: usize, action: Action, replicas: &[i32]) -> Step {
    Step { topic: "t".to_owned(), partition, action, replicas: ids(replicas) }
}

fn batches(change: Change, adds_max: usize) -> Vec<Vec<Step>> {
    steps(&[change], NonZeroUsize::new(adds_max).unwrap()).unwrap()
}

#[test]
fn a_leader_that_moves_goes_last() {
    let expected = [
        vec![step(0, Action::Add(ids(&[3])), &[0, 1, 2, 3])],
        vec![step(0, Action::Remove(ids(&[1])), &[0, 2, 3])],
        vec![step(0, Action::Lead(BrokerId(3)), &[3, 2, 0])],
        vec![step(0, Action::Remove(ids(&[0])), &[3, 2])],
    ];
    assert_eq!(batches(change(&[&[0, 1, 2]], &[&[3, 2]]), 1), expected);
}

#[test]
fn layouts_that_are_the_same_need_no_steps() {
    assert_eq!(batches(change(&[&[0, 1]], &[&[0, 1]]), 1), Vec::<Vec<Step>>::new());
}

#[test]
fn partitions_that_come_are_created_with_their_replicas() {
    let expected = [vec![step(1, Action::Create, &[1, 0])]];
    assert_eq!(batches(change(&[&[0, 1]], &[&[0, 1], &[1, 0]]), 1), expected);
}

#[test]
fn a_follower_that_moves_leaves_the_leader_alone() {
    let expected = [
        vec![step(0, Action::Add(ids(&[2])), &[0, 1, 2])],
        vec![step(0, Action::Remove(ids(&[1])), &[0, 2])],
    ];
    assert_eq!(batches(change(&[&[0, 1]], &[&[0, 2]]), 1), expected);
}

#[test]
fn a_batch_adds_no_more_replicas_than_allowed_and_one_partition_is_done_before_the_next() {
    let steps = batches(change(&[&[0], &[0], &[0]], &[&[1], &[1], &[1]]), 2);
    let first_adds: Vec<usize> = steps[0].iter().map(|step| step.partition).collect();
    assert_eq!(first_adds, [0, 1]);
    assert_eq!(
        steps[2],
        [step(0, Action::Remove(ids(&[0])), &[1]), step(1, Action::Remove(ids(&[0])), &[1])]
    );
    assert_eq!(steps[3], [step(2, Action::Add(ids(&[1])), &[0, 1])]);
}

#[test]
fn a_partition_with_more_adds_than_allowed_gets_them_in_several_batches() {
    let expected = [
        vec![step(0, Action::Add(ids(&[1, 2])), &[0, 1, 2])],
        vec![step(0, Action::Add(ids(&[3])), &[0, 1, 2, 3])],
    ];
    assert_eq!(batches(change(&[&[0]], &[&[0, 1, 2, 3]]), 2), expected);
}

#[test]
fn a_batch_that_copies_nothing_is_bounded_too() {
    let from: Vec<&[i32]> = vec![&[0, 1]; 1_500];
    let to: Vec<&[i32]> = vec![&[0]; 1_500];
    let lengths: Vec<usize> = batches(change(&from, &to), 1).iter().map(Vec::len).collect();
    assert_eq!(lengths, [1_000, 500]);
}

#[test]
fn a_change_that_takes_partitions_away_is_an_error() {
    let error = steps(&[change(&[&[0], &[1]], &[&[0]])], NonZeroUsize::MIN).unwrap_err();
    assert_eq!(error, PlanError::FewerPartitions { before: 2, after: 1 });
}
