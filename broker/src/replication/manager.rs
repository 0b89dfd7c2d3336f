//! Which partitions this broker has: follows the metadata image, makes and removes logs, answers look-ups.
//!
//! A partition whose log cannot be opened, or that the disk has no room for, is offline: clients are told so, and all
//! others are served. Invariant: a look-up never touches the disk and never waits for a change of the image.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use broker_config::TopicConfig;
use broker_log::handle::LogHandle;
use broker_log::log_config::{LogConfig, LogIdentity};
use broker_log::manager::{LogDir, LogDirError};
use broker_log::producer_state::{RefusedBatches, refusable};
use broker_protocol::error_code::ErrorCode;
use broker_protocol::types::{BrokerId, LeaderEpoch, PartitionIndex, TopicId};
use broker_state::metadata::image::{MetadataImage, TopicImage};
use parking_lot::{Mutex, RwLock};

use crate::replication::partition::Partition;
use crate::topic_settings::{Sources, TopicSettings};

/// Bytes and records that went through a topic.
#[derive(Debug, Default)]
pub struct TopicCounters {
    bytes_in: AtomicU64,
    records_in: AtomicU64,
    bytes_out: AtomicU64,
    records_out: AtomicU64,
}

/// What went through a topic since the broker started.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[expect(missing_docs, reason = "each field says what it counts")]
pub struct TopicTotals {
    pub bytes_in: u64,
    pub records_in: u64,
    pub bytes_out: u64,
    pub records_out: u64,
}

impl TopicCounters {
    /// Records were appended.
    pub fn produced(&self, bytes: usize, records: u64) {
        self.bytes_in.fetch_add(bytes as u64, Ordering::Relaxed);
        self.records_in.fetch_add(records, Ordering::Relaxed);
    }

    /// Records were fetched.
    pub fn fetched(&self, bytes: usize, records: u64) {
        self.bytes_out.fetch_add(bytes as u64, Ordering::Relaxed);
        self.records_out.fetch_add(records, Ordering::Relaxed);
    }

    /// All of them.
    #[must_use]
    pub fn totals(&self) -> TopicTotals {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        TopicTotals {
            bytes_in: load(&self.bytes_in),
            records_in: load(&self.records_in),
            bytes_out: load(&self.bytes_out),
            records_out: load(&self.records_out),
        }
    }
}

/// A topic, as far as this broker has its partitions.
#[derive(Debug)]
pub struct TopicReplicas {
    /// Its name.
    pub name: Arc<str>,
    /// Its id.
    pub id: TopicId,
    /// What went through it since the broker started.
    pub counters: TopicCounters,
    partitions: RwLock<Vec<Slot>>,
    /// The image and the settings that the partitions follow already.
    applied: Mutex<Option<Applied>>,
}

/// What this broker has of a partition.
#[derive(Clone, Debug, Default)]
enum Slot {
    /// Nothing.
    #[default]
    Absent,
    /// A log that cannot be opened, or that the disk has no room for; what was refused meanwhile.
    Offline(Arc<Mutex<RefusedBatches>>),
    Here(Arc<Partition>),
}

#[derive(Debug)]
struct Applied {
    image: Arc<TopicImage>,
    sources: Sources,
    config: Arc<TopicConfig>,
}

impl TopicReplicas {
    /// The partition of that number, if this broker has it and its log.
    #[must_use]
    pub fn partition(&self, index: PartitionIndex) -> Option<Arc<Partition>> {
        self.find(index).ok()
    }

    /// The partition of that number.
    ///
    /// # Errors
    /// What clients are told: `UnknownTopicOrPartition` if this broker does not have it, `KafkaStorageError` if its log
    /// cannot be opened, or the disk has no room for it.
    pub fn find(&self, index: PartitionIndex) -> Result<Arc<Partition>, ErrorCode> {
        let slot = usize::try_from(index).ok().and_then(|at| self.partitions.read().get(at).cloned());
        match slot.unwrap_or_default() {
            Slot::Here(partition) => Ok(partition),
            Slot::Offline(_) => Err(ErrorCode::KafkaStorageError),
            Slot::Absent => Err(ErrorCode::UnknownTopicOrPartition),
        }
    }

    /// Notes a batch that a producer sent and that was refused: what follows it is not taken before it. Nothing is noted of
    /// a partition that this broker does not have.
    pub fn note_refused(&self, index: PartitionIndex, batch: &[u8]) {
        let Some(header) = refusable(batch) else { return };
        let slots = self.partitions.read();
        match usize::try_from(index).ok().and_then(|at| slots.get(at)) {
            Some(Slot::Here(partition)) => {
                let partition = Arc::clone(partition);
                drop(slots);
                partition.log().with(|log| log.note_refused(&header));
            }
            // Noted before a log that is made meanwhile takes it over.
            Some(Slot::Offline(refused)) => refused.lock().note(&header),
            Some(Slot::Absent) | None => {}
        }
    }

    fn set(&self, index: PartitionIndex, slot: Slot) {
        let mut slots = self.partitions.write();
        let Some(place) = usize::try_from(index).ok().and_then(|at| slots.get_mut(at)) else { return };
        match (&*place, &slot) {
            (Slot::Offline(_), Slot::Offline(_)) => return,
            (Slot::Offline(refused), Slot::Here(partition)) => {
                partition.log().with(|log| log.adopt_refused(&refused.lock()));
            }
            _ => {}
        }
        *place = slot;
    }

    /// All partitions that this broker has, by number, but those that are offline.
    #[must_use]
    pub fn partitions(&self) -> Vec<Arc<Partition>> {
        let here = |slot: &Slot| match slot {
            Slot::Here(partition) => Some(Arc::clone(partition)),
            Slot::Absent | Slot::Offline(_) => None,
        };
        self.partitions.read().iter().filter_map(here).collect()
    }

    /// Numbers of the partitions whose logs cannot be opened, or that the disk has no room for.
    #[must_use]
    pub fn offline(&self) -> Vec<PartitionIndex> {
        let slots = self.partitions.read();
        (0..)
            .zip(&*slots)
            .filter(|(_, slot)| matches!(slot, Slot::Offline(_)))
            .map(|(index, _)| index)
            .collect()
    }

    /// The settings in force, once the topic has been set up.
    #[must_use]
    pub fn config(&self) -> Option<Arc<TopicConfig>> {
        self.applied.lock().as_ref().map(|applied| Arc::clone(&applied.config))
    }

    /// The settings of one partition's log.
    #[must_use]
    pub fn log_config(&self, index: PartitionIndex) -> Option<Arc<LogConfig>> {
        self.partition(index).map(|partition| partition.log().with(|log| Arc::clone(log.config())))
    }
}

/// The replicas of a broker.
#[derive(Debug)]
pub struct ReplicaManager {
    broker: BrokerId,
    log_dir: Arc<LogDir>,
    settings: Arc<TopicSettings>,
    topics: RwLock<Topics>,
    /// One image at a time is followed.
    following: Mutex<()>,
}

#[derive(Debug, Default)]
struct Topics {
    by_name: HashMap<Arc<str>, Arc<TopicReplicas>>,
    by_id: HashMap<TopicId, Arc<TopicReplicas>>,
}

impl ReplicaManager {
    /// The replicas of `broker` in `log_dir`; none until an image is followed.
    #[must_use]
    pub fn new(broker: BrokerId, log_dir: Arc<LogDir>, settings: Arc<TopicSettings>) -> ReplicaManager {
        ReplicaManager { broker, log_dir, settings, topics: RwLock::default(), following: Mutex::new(()) }
    }

    /// The broker.
    #[must_use]
    pub fn broker(&self) -> BrokerId {
        self.broker
    }

    /// The directory that holds the logs.
    #[must_use]
    pub fn log_dir(&self) -> &Arc<LogDir> {
        &self.log_dir
    }

    /// A topic by name.
    #[must_use]
    pub fn topic(&self, name: &str) -> Option<Arc<TopicReplicas>> {
        self.topics.read().by_name.get(name).cloned()
    }

    /// A topic by id.
    #[must_use]
    pub fn topic_by_id(&self, id: TopicId) -> Option<Arc<TopicReplicas>> {
        self.topics.read().by_id.get(&id).cloned()
    }

    /// A partition by the name of its topic.
    #[must_use]
    pub fn partition(&self, topic: &str, index: PartitionIndex) -> Option<Arc<Partition>> {
        self.topic(topic)?.partition(index)
    }

    /// A partition by the name of its topic.
    ///
    /// # Errors
    /// As [`TopicReplicas::find`].
    pub fn find(&self, topic: &str, index: PartitionIndex) -> Result<Arc<Partition>, ErrorCode> {
        self.topic(topic).ok_or(ErrorCode::UnknownTopicOrPartition)?.find(index)
    }

    /// Whether records of a topic lie in an object store only.
    #[must_use]
    pub fn has_let_go(&self, topic: &str) -> bool {
        let partitions = self.topic(topic).map(|topic| topic.partitions()).unwrap_or_default();
        partitions.iter().any(|partition| partition.log().with(|log| log.has_let_go()))
    }

    /// All topics, by name.
    #[must_use]
    pub fn topics(&self) -> Vec<Arc<TopicReplicas>> {
        let mut all: Vec<_> = self.topics.read().by_name.values().cloned().collect();
        all.sort_by(|a, b| a.name.cmp(&b.name));
        all
    }

    /// Brings the replicas to what an image says: new logs, changed settings, removed topics. Waits for the disk. A log
    /// that is there and cannot be opened leaves its partition offline, and is never made anew; one that the disk has no
    /// room for, or whose files cannot be opened now, leaves it offline until the next call, and holds up nothing
    /// else.
    ///
    /// # Errors
    /// A log cannot be made or removed; what is left is tried again with the next image.
    pub fn follow(&self, image: &MetadataImage) -> Result<(), LogDirError> {
        let _one_at_a_time = self.following.lock();
        let mut no_room = Ok(());
        self.remove_deleted(image)?;
        for topic in image.topics.iter() {
            let sources = self.settings.sources(image, &topic.name);
            let known = self.topic_by_id(topic.id);
            if let Some(known) = &known
                && let Some(applied) = &*known.applied.lock()
                && Arc::ptr_eq(&applied.image, topic)
                && applied.sources.same_as(&sources)
            {
                continue;
            }
            let replicas = known.unwrap_or_else(|| new_topic(topic));
            let config = Arc::new(self.settings.effective(&sources));
            let log_config = Arc::new(self.settings.log_config(&config, image));
            match self.follow_topic(&replicas, topic, &log_config) {
                Ok(()) => {
                    *replicas.applied.lock() = Some(Applied { image: Arc::clone(topic), sources, config })
                }
                Err(error) if error.passes() => no_room = no_room.and(Err(error)),
                Err(error) => return Err(error),
            }
            let mut topics = self.topics.write();
            topics.by_name.insert(Arc::clone(&replicas.name), Arc::clone(&replicas));
            topics.by_id.insert(replicas.id, replicas);
        }
        no_room
    }

    /// Looks after the log directory: rolls and retention by time, checkpoints, delayed deletions.
    pub fn maintain(&self, now_ms: i64) {
        self.log_dir.maintain(now_ms, &|log| {
            let identity = log.identity();
            let partition =
                self.topic_by_id(identity.topic_id).and_then(|topic| topic.partition(identity.partition));
            partition.map_or(log.flushed_offset(), |partition| partition.high_watermark())
        });
    }

    fn remove_deleted(&self, image: &MetadataImage) -> Result<(), LogDirError> {
        let mut gone: Vec<Arc<TopicReplicas>> = self
            .topics
            .read()
            .by_id
            .values()
            .filter(|topic| image.topics.by_id(topic.id).is_none())
            .cloned()
            .collect();
        // Whoever waits is woken in the same order every time.
        gone.sort_by_key(|topic| topic.id);
        for topic in gone {
            {
                let mut topics = self.topics.write();
                topics.by_id.remove(&topic.id);
                if topics.by_name.get(&topic.name).is_some_and(|named| named.id == topic.id) {
                    topics.by_name.remove(&topic.name);
                }
            }
            for partition in topic.partitions() {
                partition.mark_deleted();
            }
        }
        self.remove_strays(image)
    }

    /// Removes logs of topics that the image does not have, for example after a crash in the middle of a deletion. That
    /// the metadata removed them, and did not lose them, is checked at the start.
    fn remove_strays(&self, image: &MetadataImage) -> Result<(), LogDirError> {
        let known: HashSet<TopicId> = image.topics.iter().map(|topic| topic.id).collect();
        for log in self.log_dir.logs() {
            let identity = log.identity();
            if !known.contains(&identity.topic_id) {
                self.log_dir.delete_log(identity.topic_id, identity.partition)?;
            }
        }
        for (topic_id, partition) in self.log_dir.unopened() {
            if !known.contains(&topic_id) {
                self.log_dir.delete_log(topic_id, partition)?;
            }
        }
        Ok(())
    }

    fn follow_topic(
        &self,
        replicas: &TopicReplicas,
        topic: &Arc<TopicImage>,
        log_config: &Arc<LogConfig>,
    ) -> Result<(), LogDirError> {
        let count = usize::try_from(topic.partition_count()).unwrap_or(0);
        if replicas.partitions.read().len() < count {
            replicas.partitions.write().resize(count, Slot::Absent);
        }
        let mut no_room = Ok(());
        for (index, assigned) in topic.partitions.iter() {
            if !assigned.replicas.contains(&self.broker) {
                continue;
            }
            if let Some(partition) = replicas.partition(*index) {
                partition.set_leader_epoch(assigned.leader_epoch);
                partition.configure(Arc::clone(log_config));
                continue;
            }
            let log = match self.log_dir.get(topic.id, *index) {
                Some(log) => Ok(log),
                None => self.create(topic, *index, log_config, assigned.leader_epoch),
            };
            let slot = match log {
                Ok(log) => {
                    let name = Arc::clone(&replicas.name);
                    let partition = Partition::new(name, topic.id, *index, log, assigned.leader_epoch);
                    partition.configure(Arc::clone(log_config));
                    Slot::Here(partition)
                }
                // Told when the directory was opened, with the file and the reason.
                Err(LogDirError::Offline { .. }) => Slot::Offline(Arc::default()),
                Err(error) if error.passes() => {
                    no_room = no_room.and(Err(error));
                    Slot::Offline(Arc::default())
                }
                Err(error) => return Err(error),
            };
            replicas.set(*index, slot);
        }
        no_room
    }

    fn create(
        &self,
        topic: &TopicImage,
        partition: PartitionIndex,
        config: &Arc<LogConfig>,
        epoch: LeaderEpoch,
    ) -> Result<Arc<LogHandle>, LogDirError> {
        let identity = LogIdentity { topic: Arc::clone(&topic.name), topic_id: topic.id, partition };
        self.log_dir.create_log(identity, Arc::clone(config), epoch)
    }
}

fn new_topic(topic: &TopicImage) -> Arc<TopicReplicas> {
    Arc::new(TopicReplicas {
        name: Arc::clone(&topic.name),
        id: topic.id,
        counters: TopicCounters::default(),
        partitions: RwLock::default(),
        applied: Mutex::new(None),
    })
}
