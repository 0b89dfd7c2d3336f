use broker_log::io::memory_disk::{ManualClock, MemoryDisk};
use broker_protocol::types::{LeaderEpoch, Offset, TopicId};
use broker_tier::ids::{ClusterId, Generation};
use broker_tier::manifest::Stamp;

use super::*;
use crate::env::{Blocking, SystemRandom};

const DIRECTORY: Uuid = Uuid::from_u128(77);

fn env() -> Env {
    let disk = MemoryDisk::new(1);
    broker_log::io::Disk::create_dir_all(&disk, Path::new("/data")).unwrap();
    let clock = Arc::new(ManualClock::new(0));
    Env { disk: Arc::new(disk), clock, random: Arc::new(SystemRandom), blocking: Blocking::Inline }
}

fn begin(env: &Env) -> Lives {
    Lives::begin(env, Path::new("/data"), DIRECTORY, true).unwrap()
}

fn manifest(author: Option<Author>) -> Manifest {
    let partition = PartitionId { topic_id: TopicId(Uuid::from_u128(1)), partition: 0 };
    let cluster = ClusterId::parse("c").unwrap();
    let (generation, leader_epoch) = (Generation::FIRST, LeaderEpoch(0));
    let stamp = Stamp { generation, leader_epoch, writer: Uuid::from_u128(2), now_ms: 0, author };
    let empty = Manifest::empty(cluster, partition, "t".into(), Offset(0));
    Manifest { number: Some(ManifestNumber::FIRST), stamp: Some(stamp), ..empty }
}

fn check(lives: &Lives, author: Author) -> Result<(), LaterLife> {
    lives.check(&manifest(Some(author)))
}

#[tokio::test]
async fn whatever_was_published_before_is_remembered() {
    let env = env();
    let mut published = Vec::new();
    for _ in 0..10 {
        let lives = begin(&env);
        for _ in 0..5 {
            published.push(lives.next().await.unwrap());
            assert!(published.iter().all(|author| check(&lives, *author).is_ok()));
        }
        // One that publishes nothing.
        begin(&env);
    }
    let numbers: Vec<u64> = published.iter().map(|author| author.sequence).collect();
    assert_eq!(numbers, (1..51).collect::<Vec<_>>());
}

/// fault = 64
#[tokio::test]
async fn what_a_later_life_has_published_is_told_for_good() {
    let env = env();
    let first = begin(&env);
    let before = first.next().await.unwrap();
    let older = env.disk.read(Path::new("/data/remote-lives")).unwrap();
    let same_life = first.next().await.unwrap();
    let next_life = begin(&env).next().await.unwrap();
    env.disk.write_atomically(Path::new("/data/remote-lives"), &older).unwrap();
    for _ in 0..3 {
        let lives = begin(&env);
        lives.next().await.unwrap();
        assert_eq!(check(&lives, before), Ok(()));
        let told = check(&lives, same_life).unwrap_err();
        assert!(told.to_string().starts_with("manifest 1 of "), "{told}");
        assert!(check(&lives, next_life).is_err());
        assert_eq!(lives.check(&manifest(None)), Ok(()));
        assert_eq!(check(&lives, Author { directory: Uuid::from_u128(78), ..next_life }), Ok(()));
    }
}

/// fault = 64
#[tokio::test]
async fn a_number_of_its_own_life_that_was_not_given_out_is_later() {
    let lives = begin(&env());
    let author = lives.next().await.unwrap();
    assert_eq!(check(&lives, author), Ok(()));
    let next = Author { sequence: author.sequence + 1, ..author };
    assert!(check(&lives, next).is_err());
    lives.next().await.unwrap();
    assert_eq!(check(&lives, next), Ok(()));
}

#[tokio::test]
async fn a_number_is_durable_before_it_is_given_out() {
    let disk = MemoryDisk::new(1);
    broker_log::io::Disk::create_dir_all(&disk, Path::new("/data")).unwrap();
    let env = Env { disk: Arc::new(disk.clone()), ..env() };
    let author = begin(&env).next().await.unwrap();
    disk.power_loss(1);
    assert_eq!(check(&begin(&env), author), Ok(()));
    disk.with_faults(|faults| faults.fail(broker_log::io::memory_disk::OperationKind::Sync, "lives", 0));
    let lives = begin(&env);
    lives.next().await.unwrap_err();
    let author = lives.next().await.unwrap();
    disk.power_loss(2);
    assert_eq!(check(&begin(&env), author), Ok(()));
}

#[tokio::test]
async fn many_at_once_share_writes_and_each_has_a_number_of_its_own() {
    let env = Env { blocking: Blocking::Threads, ..env() };
    let lives = Arc::new(begin(&env));
    let tasks: Vec<_> = (0..50)
        .map(|_| {
            let lives = Arc::clone(&lives);
            tokio::spawn(async move { lives.next().await.unwrap() })
        })
        .collect();
    let mut authors = Vec::new();
    for task in tasks {
        authors.push(task.await.unwrap());
    }
    let again = begin(&env);
    assert!(authors.iter().all(|author| check(&again, *author).is_ok()));
    let mut numbers: Vec<u64> = authors.iter().map(|author| author.sequence).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (1..51).collect::<Vec<_>>());
}
