//! Files that were damaged while the broker was down: rebuilt, or refused with the file's name; never served.
//!
//! Each test runs over every kind of damage, after an orderly stop and after a kill. What a client reads afterwards is
//! checked against what was acknowledged, and no batch with a wrong CRC may come at all.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use broker_client::{FetchOptions, read_records};
use broker_protocol::error_code::ErrorCode;
use broker_protocol::messages::delete_records_request::{DeleteRecordsPartition, DeleteRecordsTopic};
use broker_protocol::messages::{
    DeleteRecordsRequest, DeleteRecordsResponse, DescribeLogDirsRequest, DescribeLogDirsResponse,
};

use crate::harness::batches::batch;
use crate::harness::{Conn, Stopped, TestBroker, calls, groups, http};

/// What happens to a file.
#[derive(Clone, Copy, Debug)]
enum Damage {
    CutToHalf,
    /// Not between two batches, whatever their sizes.
    CutInside,
    CutToNothing,
    FlippedFirst,
    FlippedLater,
    FlippedLast,
    Removed,
}

/// Files of one record or table each: all of them can be told from what they were.
const ANY: &[Damage] = &[
    Damage::CutToHalf,
    Damage::CutToNothing,
    Damage::FlippedFirst,
    Damage::FlippedLater,
    Damage::FlippedLast,
    Damage::Removed,
];

/// Flips in what a batch's CRC covers, and one in an offset, which it does not. A tail that is cut is what a power loss
/// leaves, too.
const OF_SEGMENT: &[Damage] = &[
    Damage::CutToHalf,
    Damage::CutInside,
    Damage::CutToNothing,
    Damage::FlippedFirst,
    Damage::FlippedLater,
    Damage::FlippedLast,
    Damage::Removed,
];

impl Damage {
    fn apply(self, file: &Path) {
        let mut bytes = fs::read(file).unwrap();
        let flip = |bytes: &mut [u8], at: usize| {
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 0x10;
            }
        };
        let len = bytes.len();
        match self {
            Damage::CutToHalf => bytes.truncate(len / 2),
            Damage::CutInside => bytes.truncate(len / 2 + 7),
            Damage::CutToNothing => bytes.clear(),
            Damage::FlippedFirst => flip(&mut bytes, 0),
            Damage::FlippedLater => flip(&mut bytes, len * 3 / 4),
            Damage::FlippedLast => flip(&mut bytes, len.saturating_sub(1)),
            Damage::Removed => return fs::remove_file(file).unwrap(),
        }
        fs::write(file, bytes).unwrap();
    }
}

/// How the broker came to its end before the damage.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum End {
    Stopped,
    Killed,
    /// Before the first checkpoint that has the topics.
    KilledYoung,
}

/// Topics of a few partitions, and one with several segments.
const TOPICS: [(&str, i32); 2] = [("small", 6), ("large", 1)];

/// Records of each partition of `small` that only the commit log has when the broker is killed.
const LATE: usize = 2;

/// What was acknowledged, by topic and partition.
type Written = BTreeMap<(String, i32), Vec<String>>;

/// Data directories after both ends; the originals, from which each case takes a copy.
struct Originals {
    young: (Stopped, Written),
    stopped: (Stopped, Written),
    killed: (Stopped, Written),
}

async fn originals() -> Originals {
    let broker = TestBroker::start(&[]).await;
    let mut client = broker.client().await;
    let mut written = Written::new();
    for (topic, partitions) in TOPICS {
        calls::create_topic(&mut client, topic, partitions, &[("segment.bytes", "1048576")]).await;
        for partition in 0..partitions {
            let values: Vec<String> = if topic == "small" {
                (0..5).map(|number| format!("{partition}/{number}")).collect()
            } else {
                (0..5).map(|number| format!("{number}{}", "x".repeat(400_000))).collect()
            };
            for value in &values {
                calls::append(&mut client, topic, partition, &batch(&[value])).await;
            }
            written.insert((topic.to_owned(), partition), values);
        }
    }
    drop(client);
    let young = (broker.killed_copy(), written.clone());
    let stopped = (broker.stop().await, written.clone());
    let broker = stopped.0.copy().start().await;
    let mut client = broker.client().await;
    for ((topic, partition), values) in written.iter_mut().filter(|((topic, _), _)| topic == "small") {
        for number in 0..LATE {
            let value = format!("{partition}/late {number}");
            calls::append(&mut client, topic, *partition, &batch(&[&value])).await;
            values.push(value);
        }
    }
    drop(client);
    let killed = broker.killed_copy();
    broker.stop().await;
    Originals { young, stopped, killed: (killed, written) }
}

/// What a client finds of a partition.
#[derive(PartialEq, Eq, Debug)]
enum Found {
    All,
    /// So many of the first records, and nothing else.
    Beginning(usize),
    /// The log is out of service, or what was asked for is damaged.
    Refused,
    /// Anything else.
    Wrong(String),
}

async fn look(client: &mut Conn, topic: &str, partition: i32, written: &[String]) -> Found {
    let mut seen = 0;
    loop {
        let options = FetchOptions { offset: i64::try_from(seen).unwrap(), ..FetchOptions::default() };
        let fetched = client.fetch(topic, partition, options).await.unwrap();
        match fetched.error_code {
            ErrorCode::None => {}
            ErrorCode::KafkaStorageError | ErrorCode::CorruptMessage => {
                assert!(fetched.records.is_empty(), "an error came with records");
                return Found::Refused;
            }
            error => return Found::Wrong(format!("error {error:?}")),
        }
        let Ok(records) = read_records(&fetched.records, 0) else {
            return Found::Wrong("a batch whose CRC is wrong".to_owned());
        };
        if records.is_empty() {
            return if seen == written.len() { Found::All } else { Found::Beginning(seen) };
        }
        for record in records {
            let is_right =
                written.get(seen).is_some_and(|value| record.value.as_deref() == Some(value.as_bytes()));
            if !is_right || record.offset != i64::try_from(seen).unwrap() {
                return Found::Wrong(format!("offset {} where {seen} is due", record.offset));
            }
            seen += 1;
        }
    }
}

/// What came of one damaged file.
enum Outcome {
    /// The broker does not start, and says why.
    NotStarted(String),
    /// What is found of each partition.
    Started(BTreeMap<(String, i32), Found>),
}

async fn start_damaged(original: &Stopped, file: &Path, damage: Damage, written: &Written) -> Outcome {
    let copy = original.copy();
    damage.apply(&copy.path().join(file));
    let broker = match copy.try_start().await {
        Ok(broker) => broker,
        Err(error) => return Outcome::NotStarted(error),
    };
    let mut client = broker.client().await;
    let mut found = BTreeMap::new();
    for ((topic, partition), values) in written {
        found.insert((topic.clone(), *partition), look(&mut client, topic, *partition, values).await);
    }
    drop(client);
    broker.stop().await;
    Outcome::Started(found)
}

/// Files below the data directory whose path matches, without the directory.
fn files(original: &Stopped, matches: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    fn walk(dir: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { walk(&path, found) } else { found.push(path) }
        }
    }
    let root = original.path();
    let mut found = Vec::new();
    walk(&root, &mut found);
    found.sort();
    let relative = found.into_iter().map(|path| path.strip_prefix(&root).unwrap().to_owned());
    relative.filter(|path| matches(path.to_str().unwrap())).collect()
}

/// What may come of the damage.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Allowed {
    /// Everything is there: what was damaged is made anew from the rest.
    Rebuilt,
    /// Everything is there, or the broker does not start and names the file, or its directory where the file is gone.
    RebuiltOrNamed,
    /// The partition is complete or refused; all others are complete.
    PartitionOnly,
    /// The same, except that a log which no checkpoint has may end early: a power loss leaves no less.
    PartitionOrBeginning,
}

impl Allowed {
    /// Whether that may be found of a log after `file` was damaged.
    fn fits(self, end: End, file: &Path, (topic, partition): &(String, i32), found: &Found) -> bool {
        let is_damaged = file.starts_with(format!("{topic}-{partition}"));
        match found {
            Found::All => true,
            Found::Refused => {
                is_damaged && matches!(self, Allowed::PartitionOnly | Allowed::PartitionOrBeginning)
            }
            Found::Beginning(_) => {
                is_damaged && self == Allowed::PartitionOrBeginning && end == End::KilledYoung
            }
            Found::Wrong(_) => false,
        }
    }
}

async fn check(matches: impl Fn(&str) -> bool, damages: &[Damage], allowed: Allowed) {
    let originals = originals().await;
    let mut tried = 0;
    let mut violations = Vec::new();
    let Originals { young, stopped, killed } = &originals;
    for (end, (original, written)) in
        [(End::Stopped, stopped), (End::Killed, killed), (End::KilledYoung, young)]
    {
        for file in files(original, &matches) {
            for &damage in damages {
                let place = format!("{} {damage:?} after {end:?}", file.display());
                tried += 1;
                match start_damaged(original, &file, damage, written).await {
                    Outcome::NotStarted(error) => {
                        let is_named = file.iter().any(|part| error.contains(part.to_str().unwrap()));
                        if allowed != Allowed::RebuiltOrNamed || !is_named {
                            violations.push(format!("{place}: {error}"));
                        }
                    }
                    Outcome::Started(found) => {
                        let wrong =
                            found.iter().filter(|(place, found)| !allowed.fits(end, &file, place, found));
                        violations
                            .extend(wrong.map(|(log, found)| format!("{place}: {log:?} has {found:?}")));
                    }
                }
            }
        }
    }
    assert!(violations.is_empty(), "{violations:#?}");
    assert!(tried > 0, "no file is there to be damaged");
}

/// fault = 36, 37
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn damaged_active_segments_are_cut_or_refused() {
    check(|path| path == "small-3/00000000000000000000.log", OF_SEGMENT, Allowed::PartitionOrBeginning).await;
}

/// fault = 37
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn damaged_sealed_segments_are_cut_or_refused() {
    check(|path| path == "large-0/00000000000000000000.log", OF_SEGMENT, Allowed::PartitionOrBeginning).await;
}

/// fault = 38
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn damaged_indexes_are_rebuilt() {
    let index = |path: &str| {
        path.starts_with("large-0/000") && (path.ends_with(".index") || path.ends_with(".timeindex"))
    };
    check(index, ANY, Allowed::Rebuilt).await;
}

/// fault = 38
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn damaged_snapshots_of_producers_and_epochs_are_rebuilt() {
    let rebuilt =
        |path: &str| path.starts_with("large-0/") && (path.ends_with(".snapshot") || path.contains("epoch"));
    check(rebuilt, ANY, Allowed::Rebuilt).await;
}

/// fault = 40
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_checkpoint_is_rebuilt() {
    check(|path| path.starts_with("log-checkpoint"), ANY, Allowed::Rebuilt).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_commit_log_is_rebuilt_or_named() {
    check(|path| path.starts_with("commit-log/"), ANY, Allowed::RebuiltOrNamed).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_metadata_log_is_rebuilt_or_named() {
    check(|path| path.starts_with("metadata/"), OF_SEGMENT, Allowed::RebuiltOrNamed).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_identity_of_the_directory_is_rebuilt_or_named() {
    check(|path| path == "meta.properties", ANY, Allowed::RebuiltOrNamed).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_identity_of_a_partition_is_rebuilt_or_refused() {
    check(|path| path == "small-2/partition.metadata", ANY, Allowed::PartitionOnly).await;
}

/// Five records, of which the first three were deleted, and two more; then, with `checkpoints`, two orderly stops and
/// something that is written over what they cover.
async fn with_deleted_records(checkpoints: bool) -> Stopped {
    let mut broker = TestBroker::start(&[]).await;
    let mut client = broker.client().await;
    for topic in ["deleted", "other"] {
        calls::create_topic(&mut client, topic, 1, &[]).await;
    }
    for number in 0..5 {
        calls::append(&mut client, "deleted", 0, &batch(&[&format!("secret {number}")])).await;
    }
    if checkpoints {
        broker = broker.restart().await;
        client = broker.client().await;
    }
    assert_eq!(delete_first_three(&mut client).await, 3);
    for _ in 0..2 {
        calls::append(&mut client, "deleted", 0, &batch(&["later"])).await;
    }
    if checkpoints {
        broker = broker.restart().await;
        client = broker.client().await;
        for _ in 0..12 {
            calls::append(&mut client, "other", 0, &batch(&["x"])).await;
        }
    }
    drop(client);
    let killed = broker.killed_copy();
    broker.stop().await;
    killed
}

/// Answers with the new start of the log.
async fn delete_first_three(client: &mut Conn) -> i64 {
    let partitions = vec![DeleteRecordsPartition { partition_index: 0, offset: 3 }];
    let topics = vec![DeleteRecordsTopic { name: "deleted".into(), partitions }];
    let frame = client.call(&DeleteRecordsRequest { topics, timeout_ms: 10_000 }, 2).await.unwrap();
    let response: DeleteRecordsResponse<'_> = frame.decode().unwrap();
    response.topics[0].partitions[0].low_watermark
}

/// Checks that nothing deleted is there, and everything else.
async fn assert_still_deleted(broker: TestBroker, place: &str) {
    let mut client = broker.client().await;
    let listed = client.list_offset("deleted", 0, -2).await.unwrap();
    assert_eq!((listed.error_code, listed.offset), (ErrorCode::None, 3), "{place}");
    let from_start = client.fetch("deleted", 0, FetchOptions::default()).await.unwrap();
    assert_eq!(from_start.error_code, ErrorCode::OffsetOutOfRange, "{place}");
    let left = calls::read_from(&mut client, "deleted", 0, 3).await;
    let values = left.iter().map(|record| String::from_utf8(record.value.clone().unwrap()).unwrap());
    assert_eq!(values.collect::<Vec<_>>(), ["secret 3", "secret 4", "later", "later"], "{place}");
    drop(client);
    broker.stop().await;
}

/// fault = 40
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deleted_records_stay_deleted_when_a_checkpoint_is_damaged() {
    let killed = with_deleted_records(true).await;
    for file in files(&killed, |path| path.starts_with("log-checkpoint")) {
        for damage in ANY {
            let copy = killed.copy();
            damage.apply(&copy.path().join(&file));
            assert_still_deleted(copy.start().await, &format!("{} {damage:?}", file.display())).await;
        }
    }
}

/// The last frame alone may have been torn by a power loss.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_frame_of_the_commit_log_with_later_ones_behind_it_is_refused() {
    const BLOCK: usize = 4096;
    let killed = with_deleted_records(false).await;
    let mut frames = Vec::new();
    for file in files(&killed, |path| path.starts_with("commit-log/")) {
        let bytes = fs::read(killed.path().join(&file)).unwrap();
        let starts = (0..bytes.len()).step_by(BLOCK).filter(|at| bytes[*at..].starts_with(b"HWCL"));
        frames.extend(starts.map(|at| (file.clone(), at)));
    }
    let (_, earlier) = frames.split_last().unwrap();
    assert!(earlier.len() >= 5, "{frames:?}");
    for (file, at) in earlier {
        for byte in [0, 5, 20, 60] {
            let (copy, path) = (killed.copy(), killed.path().join(file));
            let mut bytes = fs::read(path).unwrap();
            bytes[at + byte] ^= 1;
            fs::write(copy.path().join(file), bytes).unwrap();
            let Err(error) = copy.try_start().await else {
                panic!("it starts with {}: {at}", file.display())
            };
            let named = format!("{} is corrupt at position {at}:", file.display());
            assert!(error.contains(&named), "{named}: {error}");
        }
    }
    assert_still_deleted(killed.start().await, "no damage").await;
}

/// What a whole directory takes with it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_partition_whose_directory_is_gone_is_refused_until_it_is_back() {
    let Originals { young, stopped, killed } = originals().await;
    for (original, written) in [stopped, killed, young] {
        let mut copy = original.copy();
        let (dir, away) = (copy.path().join("small-2"), tempfile::tempdir().unwrap());
        fs::rename(&dir, away.path().join("small-2")).unwrap();
        // Checkpoints at each of the stops keep what only the commit log has.
        for _ in 0..2 {
            let broker = copy.start().await;
            let mut client = broker.client().await;
            for ((topic, partition), values) in &written {
                let found = look(&mut client, topic, *partition, values).await;
                let is_lost = (topic.as_str(), *partition) == ("small", 2);
                assert_eq!(found, if is_lost { Found::Refused } else { Found::All }, "{topic}-{partition}");
            }
            assert_offline(&broker, &mut client).await;
            drop(client);
            copy = broker.stop().await;
            assert!(!dir.exists(), "it was made anew");
        }
        fs::rename(away.path().join("small-2"), &dir).unwrap();
        let broker = copy.start().await;
        let values = &written[&("small".to_owned(), 2)];
        assert_eq!(look(&mut broker.client().await, "small", 2, values).await, Found::All);
        broker.stop().await;
    }
}

/// Checks what is said of `small-2` and of the broker that has it.
async fn assert_offline(broker: &TestBroker, client: &mut Conn) {
    let produced = calls::append_error(client, "small", 2, &batch(&["x"])).await;
    assert_eq!(produced, ErrorCode::KafkaStorageError);
    for timestamp in [-1, -2, 0] {
        let listed = client.list_offset("small", 2, timestamp).await.unwrap();
        assert_eq!(listed.error_code, ErrorCode::KafkaStorageError);
    }
    for path in ["/healthz", "/readyz"] {
        assert_eq!(http::get(broker, path).await.status, 200, "all others are served");
    }
    let every_topic = DescribeLogDirsRequest { topics: None };
    let frame = client.call(&every_topic, 4).await.unwrap();
    let described: DescribeLogDirsResponse<'_> = frame.decode().unwrap();
    assert_eq!(described.results[0].error_code, 0);
    let small = described.results[0].topics.iter().find(|topic| topic.name == "small").unwrap();
    let mut listed: Vec<i32> = small.partitions.iter().map(|partition| partition.partition_index).collect();
    listed.sort_unstable();
    assert_eq!(listed, [0, 1, 3, 4, 5], "as in Kafka, only what is open is described");
    let metrics = http::get(broker, "/metrics").await.body;
    assert!(metrics.contains("\nhighwater_partitions_offline 1\n"), "the gauge tells it");
}

/// The topic that has it can be deleted, and another one of that name is as good as any.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_topic_with_a_lost_partition_can_be_deleted_and_made_again() {
    let Originals { stopped: (stopped, _), .. } = originals().await;
    let copy = stopped.copy();
    fs::remove_file(copy.path().join("small-2/00000000000000000000.log")).unwrap();
    let broker = copy.start().await;
    let mut client = broker.client().await;
    assert_offline(&broker, &mut client).await;
    assert_eq!(calls::delete_topic(&mut client, "small").await, ErrorCode::None);
    calls::create_topic(&mut client, "small", 3, &[]).await;
    for start in 0..2 {
        assert_eq!(calls::append(&mut client, "small", 2, &batch(&["x"])).await, start);
    }
    drop(client);
    let broker = broker.restart().await;
    assert_eq!(calls::values(&mut broker.client().await, "small", 2).await, ["x", "x"]);
    broker.stop().await;
}

/// Groups find their partition by its number, whichever others are there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn groups_of_other_partitions_are_served_while_one_of_their_topic_is_lost() {
    let broker = TestBroker::start(&["offsets.topic.num.partitions=3"]).await;
    let mut client = broker.client().await;
    calls::create_topic(&mut client, "t", 1, &[]).await;
    let names: Vec<String> = (0..9).map(|number| format!("group {number}")).collect();
    for (at, name) in names.iter().enumerate() {
        groups::commit(&mut client, name, ("t", 0), i64::try_from(at).unwrap()).await;
    }
    drop(client);
    let stopped = broker.stop().await;
    fs::remove_file(stopped.path().join("__consumer_offsets-0/00000000000000000000.log")).unwrap();
    let broker = stopped.start().await;
    let mut client = broker.client().await;
    let mut served = 0;
    for (at, name) in names.iter().enumerate() {
        let offset = i64::try_from(at).unwrap();
        let mut error = ErrorCode::CoordinatorLoadInProgress;
        while error == ErrorCode::CoordinatorLoadInProgress {
            error = groups::try_commit(&mut client, name, ("t", 0), offset + 1, "").await;
        }
        if error == ErrorCode::None {
            served += 1;
            assert_eq!(groups::committed(&mut client, name, ("t", 0)).await.0, offset + 1, "{name}");
        } else {
            assert_eq!(error, ErrorCode::NotCoordinator, "{name}");
        }
    }
    assert!(served > 0 && served < names.len(), "{served}");
    assert_eq!(groups::listed(&mut client).await.len(), served);
    broker.stop().await;
}
