//! A bucket in memory with a cluster in it that never ran, and what a recovery makes of it on a disk in memory.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use broker_config::Config;
use broker_log::commit_log::CommitLogSizes;
use broker_log::io::OpenMode;
use broker_log::io::memory_disk::{ManualClock, MemoryDisk};
use broker_log::log::ReadRange;
use broker_log::log_config::{LogConfig, LogIdentity};
use broker_log::manager::{LogDir, LogDirSettings};
use broker_log::meta_properties::MetaProperties;
use broker_log::producer_snapshot;
use broker_log::producer_state::ProducerTable;
use broker_protocol::batch_builder::BatchBuilder;
use broker_protocol::compression::Compression;
use broker_protocol::record_batch::batches;
use broker_protocol::types::{BrokerId, LeaderEpoch, Offset, ProducerEpoch, ProducerId, TopicId, Uuid};
use broker_state::group::{CommittedOffset, GroupBackup, GroupConfig, GroupShard, OffsetBackup};
use broker_state::metadata::record::{Config as ConfigRecord, Partition, RecordKind, Topic};
use broker_state::metadata::{LogPosition, MetadataBatch, MetadataImage, MetadataRecord, apply};
use broker_tier::bandwidth::Bandwidth;
use broker_tier::copy::{Copier, CopySource};
use broker_tier::faulty_store::FaultyStore;
use broker_tier::footer::ProducerSnapshot;
use broker_tier::ids::{ClusterId, Generation, MetadataOffset, PartitionId};
use broker_tier::keys::{ClusterKeys, Key};
use broker_tier::manifest::Manifest;
use broker_tier::meta::{self, MetaSnapshot};
use broker_tier::publish::{Fence, Publisher, load_newest};
use broker_tier::root::{self, Claim};
use broker_tier::store::Store;
use broker_tier::url::RemoteUrl;
use bytes::Bytes;
use highwater_broker::env::{Blocking, Env, SystemRandom};
use highwater_broker::quorum::{MetadataLog, QuorumConfig, RaftNode};
use highwater_broker::recover::{RecoverOptions, Recovered, Report, recover};
use highwater_broker::tiering::claim;
use highwater_broker::tiering::connect;
use highwater_broker::tiering::metadata_backup::payload;
use object_store::ObjectStore;
use object_store::memory::InMemory;

pub(crate) const CLUSTER: &str = "4L6g3nShT-eMCtK--X86sw";
pub(crate) const DATA: &str = "/data";
pub(crate) const ORDERS: TopicId = TopicId(Uuid::from_u128(0x0123_4567_89ab_4def_8123_4567_89ab_cdef));
pub(crate) const EMPTY: TopicId = TopicId(Uuid::from_u128(2));
const OFFSETS: TopicId = TopicId(Uuid::from_u128(3));
pub(crate) const PRODUCER: ProducerId = ProducerId(1500);
/// Records of a batch, and of an object.
pub(crate) const RECORDS: i64 = 10;

pub(crate) fn orders(partition: i32) -> PartitionId {
    PartitionId { topic_id: ORDERS, partition }
}

pub(crate) struct Bucket {
    pub(crate) faulty: Arc<FaultyStore>,
    pub(crate) env: Env,
    pub(crate) store: Arc<Store>,
    pub(crate) keys: Arc<ClusterKeys>,
}

pub(crate) fn settings() -> broker_config::BrokerConfig {
    let (config, _) = Config::load(None, [], &["node.id=4".to_owned()]).unwrap();
    config.broker().clone()
}

impl Bucket {
    /// Without a cluster.
    pub(crate) fn empty() -> Bucket {
        let faulty = Arc::new(FaultyStore::new(Arc::new(InMemory::new())));
        let env = Env {
            disk: Arc::new(MemoryDisk::new(1)),
            clock: Arc::new(ManualClock::new(now_ms())),
            random: Arc::new(SystemRandom),
            blocking: Blocking::Inline,
        };
        let instead: Arc<dyn ObjectStore> = faulty.clone();
        let url = RemoteUrl::parse("s3://bucket").unwrap();
        let store = connect::connect(&settings().remote, &url, &env, Some(&instead)).unwrap();
        let keys = ClusterKeys::new(&url.prefix, &ClusterId::parse(CLUSTER).unwrap());
        Bucket { faulty, env, store: Arc::new(store), keys: Arc::new(keys) }
    }

    /// With topics `orders`, of which two partitions of three were copied, `empty` and groups.
    pub(crate) async fn filled() -> Bucket {
        let bucket = Bucket::empty();
        bucket.claim(1).await;
        bucket.copy(orders(0), 4, &[(0, 2), (20, 3)]).await;
        bucket.copy(orders(2), 4, &[(0, 1)]).await;
        bucket.snapshot(42, &image(42), &groups()).await;
        bucket
    }

    pub(crate) async fn claim(&self, generation: u64) {
        let claimant = Uuid::from_u128(generation.into());
        let claim = Claim { generation: Generation(generation), claimant };
        root::claim(&self.store, &self.keys, claim, self.env.clock.now_ms()).await.unwrap();
    }

    /// The publisher of the cluster that never ran.
    pub(crate) async fn publisher(&self, partition: PartitionId, epoch: i32) -> Publisher {
        let none = Manifest::empty(self.keys.cluster().clone(), partition, "orders".into(), Offset(0));
        let fence = Fence { generation: Generation(1), leader_epoch: LeaderEpoch(epoch) };
        Publisher::take_over(self.store.clone(), self.keys.clone(), fence, None, none).await.unwrap()
    }

    /// Copies objects, each given by its base offset and count of batches.
    pub(crate) async fn copy(&self, partition: PartitionId, epoch: i32, objects: &[(i64, i64)]) {
        let bandwidth = Bandwidth::new(self.env.clock.clone(), None);
        let copier = Copier::new(self.store.clone(), self.keys.clone(), Arc::new(bandwidth));
        let mut publisher = self.publisher(partition, epoch).await;
        for &(base, count) in objects {
            let source = self.source(base, count, epoch);
            copier.copy(&mut publisher, &source, Offset(0)).await.unwrap();
        }
    }

    fn source(&self, base: i64, count: i64, epoch: i32) -> CopySource {
        let bytes: Vec<u8> = (0..count).flat_map(|index| batch(base + index * RECORDS, epoch)).collect();
        let path = PathBuf::from(format!("/{base:020}.log"));
        let file = self.env.disk.open(&path, OpenMode::CREATE).unwrap();
        file.set_len(0).unwrap();
        file.write_at(&bytes, 0).unwrap();
        let mut before = ProducerTable::default();
        for offset in (0..base).step_by(RECORDS as usize) {
            before.apply(&batches(&batch(offset, epoch)).next().unwrap().unwrap());
        }
        let snapshot = Bytes::from(producer_snapshot::encode(&before));
        CopySource {
            file,
            path,
            position: 0,
            length: bytes.len() as u64,
            base_offset: Offset(base),
            next_offset: Offset(base + count * RECORDS),
            aborted: Vec::new(),
            producer_snapshot: Some(ProducerSnapshot { offset: Offset(base), bytes: snapshot }),
        }
    }

    pub(crate) async fn snapshot(&self, offset: u64, image: &MetadataImage, groups: &[GroupBackup]) {
        self.raw_snapshot(offset, payload::encode(image, groups)).await;
    }

    pub(crate) async fn raw_snapshot(&self, offset: u64, payload: Vec<u8>) {
        let snapshot = MetaSnapshot {
            cluster: self.keys.cluster().clone(),
            offset: MetadataOffset(offset),
            generation: Generation(1),
            created_ms: now_ms(),
            payload: payload.into(),
        };
        meta::write(&self.store, &self.keys, &snapshot).await.unwrap();
    }

    pub(crate) async fn newest(&self, partition: PartitionId) -> Option<Manifest> {
        load_newest(&self.store, &self.keys, partition, None).await.unwrap()
    }

    /// All objects, with their sizes.
    pub(crate) async fn objects(&self) -> BTreeMap<Key, u64> {
        let listing = self.store.list(&self.keys, &self.keys.cluster_path()).await.unwrap();
        listing.objects.iter().map(|object| (object.key, object.size)).collect()
    }

    /// Changes a byte of an object.
    pub(crate) async fn damage(&self, key: &Key) {
        let path = self.keys.path(key);
        let (bytes, _) = self.store.get(&path, 1 << 20).await.unwrap();
        let mut bytes = bytes.to_vec();
        bytes[20] ^= 1;
        self.store.put_unique(&path, bytes.into()).await.unwrap();
    }

    /// The world of a recovery on a disk.
    pub(crate) fn world(&self, disk: &MemoryDisk) -> Env {
        Env { disk: Arc::new(disk.clone()), ..self.env.clone() }
    }

    pub(crate) async fn recover(
        &self,
        disk: &MemoryDisk,
        options: &RecoverOptions,
    ) -> anyhow::Result<Recovered> {
        recover(&self.world(disk), &settings(), &self.store, options).await
    }

    /// Recovers, which has to succeed.
    pub(crate) async fn recovered(&self, disk: &MemoryDisk, options: &RecoverOptions) -> Report {
        match self.recover(disk, options).await.unwrap() {
            Recovered::Done(report) => report,
            other => panic!("{other:?}"),
        }
    }
}

pub(crate) fn options() -> RecoverOptions {
    let small = |settings: &mut LogDirSettings| {
        settings.commit_log =
            CommitLogSizes { file_bytes: 32 << 10, extend_bytes: 8 << 10, uncovered_bytes_max: 1 << 20 };
        settings.reserve_bytes = 0;
        settings.recovery_threads = 1;
    };
    RecoverOptions {
        url: RemoteUrl::parse("s3://bucket").unwrap(),
        cluster: None,
        data_dir: DATA.into(),
        dry_run: false,
        at_ms: None,
        skip_damaged: false,
        tune: Some(Arc::new(small)),
    }
}

/// A batch of one producer.
pub(crate) fn batch(base: i64, epoch: i32) -> Vec<u8> {
    let sequence = i32::try_from(base).unwrap();
    let mut builder = BatchBuilder::new(Compression::None)
        .base_offset(Offset(base))
        .leader_epoch(LeaderEpoch(epoch))
        .producer(PRODUCER, ProducerEpoch(0), sequence);
    for offset in base..base + RECORDS {
        builder.push(1_767_225_600_000 + offset, Some(b"key"), Some(format!("{offset}").as_bytes()), &[]);
    }
    builder.build()
}

pub(crate) fn image(offset: i64) -> MetadataImage {
    let topic = |name: &str, id: TopicId, count: i32| {
        let head = RecordKind::Topic(Topic { topic_id: id.into(), name: name.to_owned(), changed_at: None });
        let partitions = (0..count).map(move |index| {
            RecordKind::Partition(Partition {
                topic_id: id.into(),
                index,
                replicas: vec![1],
                isr: vec![1],
                leader: 1,
                leader_epoch: 5,
                directories: vec![Uuid::from_u128(1).into()],
                ..Partition::default()
            })
        });
        std::iter::once(head).chain(partitions).map(MetadataRecord::from).collect::<Vec<_>>()
    };
    let config = ConfigRecord {
        resource_type: 2,
        resource_name: "orders".to_owned(),
        key: "retention.ms".to_owned(),
        value: Some("-1".to_owned()),
    };
    let records = [
        topic("orders", ORDERS, 3),
        topic("empty", EMPTY, 1),
        topic("__consumer_offsets", OFFSETS, 2),
        vec![RecordKind::Config(config).into()],
    ]
    .concat();
    let position = LogPosition { offset: Offset(offset), term: 1 };
    apply(&MetadataImage::default(), position, &MetadataBatch { records }).unwrap()
}

pub(crate) fn groups() -> Vec<GroupBackup> {
    let group = |name: &str, protocol_type: Option<&str>, offsets: &[(i32, i64)]| GroupBackup {
        group_id: name.into(),
        protocol_type: protocol_type.map(str::to_owned),
        generation: if protocol_type.is_some() { 7 } else { 0 },
        offsets: offsets.iter().map(|&(partition, offset)| committed("orders", partition, offset)).collect(),
    };
    vec![group("alone", None, &[(0, 12)]), group("readers", Some("consumer"), &[(0, 50), (2, 9)])]
}

pub(crate) fn committed(topic: &str, partition: i32, offset: i64) -> OffsetBackup {
    let committed = CommittedOffset {
        offset,
        leader_epoch: 4,
        metadata: "noted".into(),
        commit_timestamp_ms: now_ms(),
        expire_timestamp_ms: None,
        topic_id: ORDERS,
    };
    OffsetBackup { topic: topic.into(), partition, committed }
}

/// A log as it was recovered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct FoundLog {
    pub(crate) name: String,
    pub(crate) log_start: i64,
    pub(crate) local_start: i64,
    pub(crate) end: i64,
    pub(crate) epoch: i32,
    /// Last sequence of the producer.
    pub(crate) sequence: Option<i32>,
}

/// A data directory, read with the parts that a broker reads it with.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) image: Arc<MetadataImage>,
    pub(crate) logs: Vec<FoundLog>,
    pub(crate) commits: Vec<FoundCommit>,
    pub(crate) claim: Claim,
}

impl Found {
    pub(crate) async fn read(env: &Env) -> Found {
        let text = env.disk.read(&Path::new(DATA).join("meta.properties")).unwrap();
        let meta = MetaProperties::decode(&String::from_utf8(text).unwrap(), Uuid::nil()).unwrap();
        assert_eq!((meta.cluster_id.as_str(), meta.node_id), (CLUSTER, BrokerId(4)));
        let node =
            RaftNode { broker_id: BrokerId(4), directory_id: meta.directory_id, ..RaftNode::default() };
        let config = QuorumConfig { dir: Path::new(DATA).join("metadata"), node, snapshot_entries: None };
        let metadata = MetadataLog::start(env, &config).await.unwrap();
        let image = metadata.image();
        metadata.shutdown().await;
        for topic in image.topics.iter() {
            for (_, partition) in topic.partitions.iter() {
                assert_eq!(partition.directories, [meta.directory_id]);
            }
        }
        let (logs, commits) = read_logs(env, &meta);
        let claim = claim::load(env.disk.as_ref(), Path::new(DATA)).unwrap().unwrap().claim;
        Found { image, logs, commits, claim }
    }

    /// What has to be the same however often a recovery was cut off.
    pub(crate) fn essence(&self) -> String {
        let epochs: Vec<_> = self
            .image
            .topics
            .iter()
            .flat_map(|topic| {
                topic.partitions.iter().map(|(index, known)| (topic.name.clone(), *index, known.leader_epoch))
            })
            .collect();
        format!(
            "{epochs:?} {:?} {:?} {:?} {}",
            self.image.configs, self.logs, self.commits, self.claim.generation
        )
    }
}

/// Group, generation, topic, partition and offset.
pub(crate) type FoundCommit = (String, i32, String, i32, i64);

fn read_logs(env: &Env, meta: &MetaProperties) -> (Vec<FoundLog>, Vec<FoundCommit>) {
    let mut settings = LogDirSettings::new(CLUSTER, BrokerId(4), meta.directory_id);
    options().tune.unwrap()(&mut settings);
    let config_of = |_: &LogIdentity| Arc::new(LogConfig::default());
    let (log_dir, report) =
        LogDir::open(env.disk.clone(), env.clock.clone(), DATA.into(), settings, &config_of).unwrap();
    assert!(report.offline.is_empty() && report.lost.is_empty(), "{report:?}");
    let mut commits = Vec::new();
    let logs = log_dir.logs();
    let mut found: Vec<FoundLog> = logs
        .iter()
        .map(|log| {
            let (mut groups, mut bytes) = (GroupShard::new(Arc::new(GroupConfig::default())), Vec::new());
            let end = log.with(|log| log.log_end_offset());
            if log.identity().topic.starts_with("__") && end > Offset(0) {
                let range =
                    ReadRange { from: Offset(0), max_bytes: 1 << 20, min_one_batch: true, upper: end };
                let extent = log.read(&range).unwrap();
                bytes.resize(extent.len, 0);
                extent.file.read_at(&mut bytes, extent.position).unwrap();
            }
            for batch in batches(&bytes).map(Result::unwrap) {
                let opened = batch.decompress(1 << 20).unwrap();
                for record in batch.records(&opened).map(Result::unwrap) {
                    groups.replay(record.key.unwrap(), record.value).unwrap();
                }
            }
            for group in groups.backup() {
                commits.extend(group.offsets.iter().map(|offset| {
                    let (topic, position) = (offset.topic.to_string(), offset.committed.offset);
                    (group.group_id.to_string(), group.generation, topic, offset.partition, position)
                }));
            }
            log.with(|log| FoundLog {
                name: log.identity().to_string(),
                log_start: log.log_start_offset().0,
                local_start: log.local_log_start_offset().0,
                end: log.log_end_offset().0,
                epoch: log.latest_epoch().0,
                sequence: log
                    .active_producers()
                    .find(|(id, _)| *id == PRODUCER)
                    .map(|(_, state)| state.last_sequence()),
            })
        })
        .collect();
    found.sort_by(|one, other| one.name.cmp(&other.name));
    commits.sort();
    (found, commits)
}

pub(crate) fn now_ms() -> i64 {
    i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

/// Returns once the clock of a store in memory shows another moment; gives the one before.
pub(crate) fn a_moment_later() -> i64 {
    let before = now_ms();
    while now_ms() <= before + 1 {
        std::hint::spin_loop();
    }
    before + 1
}
