//! The immutable image of the cluster's metadata at one offset of its log.
//!
//! An image is shared by reference; `apply` makes the next one, which shares all that did not change. Copying an image
//! costs a handful of reference counts.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use broker_protocol::types::{BrokerId, LeaderEpoch, Offset, PartitionIndex, ProducerId, TopicId, Uuid};

use super::admin_requests::AdminRequests;
use super::chunked_map::ChunkedMap;
use super::record::Endpoint;
use super::topic_name;

/// A place in the metadata log.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct LogPosition {
    /// Of the last applied entry; -1 before the first.
    pub offset: Offset,
    /// Raft term of that entry.
    pub term: u64,
}

impl Default for LogPosition {
    fn default() -> LogPosition {
        LogPosition { offset: Offset(-1), term: 0 }
    }
}

/// Which kind of thing a dynamic configuration belongs to, with Kafka's numbers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum ResourceKind {
    /// A topic.
    Topic,
    /// A broker, or all brokers by the empty name.
    Broker,
    /// A client metrics subscription (KIP-714).
    ClientMetrics,
    /// A consumer group (KIP-848).
    Group,
}

impl ResourceKind {
    /// Kafka's number.
    #[must_use]
    pub fn number(self) -> i8 {
        match self {
            ResourceKind::Topic => 2,
            ResourceKind::Broker => 4,
            ResourceKind::ClientMetrics => 16,
            ResourceKind::Group => 32,
        }
    }

    /// The kind of that number; `None` for kinds whose configuration is not kept here.
    #[must_use]
    pub fn from_number(number: i8) -> Option<ResourceKind> {
        [ResourceKind::Topic, ResourceKind::Broker, ResourceKind::ClientMetrics, ResourceKind::Group]
            .into_iter()
            .find(|kind| kind.number() == number)
    }
}

/// What a dynamic configuration belongs to.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ConfigResource {
    /// Its kind.
    pub kind: ResourceKind,
    /// Its name; for brokers the id in decimal, or empty for all of them.
    pub name: Arc<str>,
}

impl ConfigResource {
    /// A topic by its name.
    #[must_use]
    pub fn topic(name: &str) -> ConfigResource {
        ConfigResource { kind: ResourceKind::Topic, name: name.into() }
    }

    /// One broker.
    #[must_use]
    pub fn broker(id: BrokerId) -> ConfigResource {
        ConfigResource { kind: ResourceKind::Broker, name: id.to_string().into() }
    }

    /// All brokers.
    #[must_use]
    pub fn all_brokers() -> ConfigResource {
        ConfigResource { kind: ResourceKind::Broker, name: "".into() }
    }
}

/// Dynamic settings of one resource by key.
pub type ConfigMap = BTreeMap<String, String>;

/// A registered broker.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BrokerImage {
    /// `node.id`.
    pub id: BrokerId,
    /// Offset of its registration: another one for each life of the process.
    pub epoch: i64,
    /// Identity of its log directory.
    pub directory_id: Uuid,
    /// Identity of its process.
    pub incarnation_id: Uuid,
    /// Where it is reached, by listener.
    pub endpoints: Vec<Endpoint>,
    /// `broker.rack`.
    pub rack: Option<String>,
    /// Whether it may not lead.
    pub fenced: bool,
}

/// A partition.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PartitionImage {
    /// Brokers that hold it, the preferred leader first.
    pub replicas: Vec<BrokerId>,
    /// Log directory of each replica, in their order.
    pub directories: Vec<Uuid>,
    /// Replicas that hold everything below the high watermark.
    pub isr: Vec<BrokerId>,
    /// Eligible leaders outside the ISR (KIP-966).
    pub elr: Vec<BrokerId>,
    /// Eligible leaders that an unclean shutdown took out (KIP-966).
    pub last_known_elr: Vec<BrokerId>,
    /// The leader; [`BrokerId::NONE`] while it is offline.
    pub leader: BrokerId,
    /// Rises with every election.
    pub leader_epoch: LeaderEpoch,
    /// Rises with every change.
    pub partition_epoch: i32,
}

impl PartitionImage {
    /// Whether `broker` holds this partition in the log directory `directory`: with an emptied disk it does not.
    #[must_use]
    pub fn is_held_by(&self, broker: BrokerId, directory: Uuid) -> bool {
        self.replicas.iter().zip(&self.directories).any(|(&id, &dir)| id == broker && dir == directory)
    }
}

/// A topic with its partitions.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TopicImage {
    /// Never reused.
    pub id: TopicId,
    /// Its name.
    pub name: Arc<str>,
    /// Partitions by number, from 0 without a gap.
    pub partitions: ChunkedMap<PartitionIndex, Arc<PartitionImage>>,
    /// Offset of the last record that changed its settings, its count of partitions or their replicas. Elections and
    /// in-sync replicas do not count: whoever decided on the topic has decided on nothing of that.
    pub changed_at: Offset,
}

impl TopicImage {
    /// The partition of that number.
    #[must_use]
    pub fn partition(&self, index: PartitionIndex) -> Option<&Arc<PartitionImage>> {
        self.partitions.get(&index)
    }

    /// Count of partitions.
    #[must_use]
    pub fn partition_count(&self) -> i32 {
        i32::try_from(self.partitions.len()).expect("partitions are numbered by i32")
    }
}

/// All topics, by name and by id.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct TopicsImage {
    by_name: ChunkedMap<Arc<str>, Arc<TopicImage>>,
    by_id: ChunkedMap<TopicId, Arc<TopicImage>>,
    /// Names with a dot or an underscore by the name that metrics would give them: one each, see `topic_name`.
    by_metric_name: ChunkedMap<Arc<str>, Arc<str>>,
    partition_count: usize,
}

impl TopicsImage {
    /// The topic of that name.
    #[must_use]
    pub fn by_name(&self, name: &str) -> Option<&Arc<TopicImage>> {
        self.by_name.get(name)
    }

    /// The topic of that id.
    #[must_use]
    pub fn by_id(&self, id: TopicId) -> Option<&Arc<TopicImage>> {
        self.by_id.get(&id)
    }

    /// All topics by rising name.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<TopicImage>> {
        self.by_name.values()
    }

    /// Topics by rising name, from the given one on: what a paged answer reads.
    pub fn iter_from(&self, name: &str) -> impl Iterator<Item = &Arc<TopicImage>> {
        self.by_name.iter_from(name).map(|(_, topic)| topic)
    }

    /// Count of topics.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_name.len()
    }

    /// Whether there is no topic.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }

    /// Count of partitions of all topics.
    #[must_use]
    pub fn partition_count(&self) -> usize {
        self.partition_count
    }

    /// The existing topic whose metrics would bear the same name as those of `name`, other than itself.
    #[must_use]
    pub fn colliding_with(&self, name: &str) -> Option<&Arc<str>> {
        let existing = self.by_metric_name.get(topic_name::metric_name(name)?.as_str())?;
        (existing.as_ref() != name).then_some(existing)
    }

    /// Puts in a topic or its successor state.
    pub(super) fn put(&mut self, topic: TopicImage) {
        let topic = Arc::new(topic);
        if let Some(metric_name) = topic_name::metric_name(&topic.name) {
            self.by_metric_name.insert(metric_name.into(), topic.name.clone());
        }
        self.partition_count += topic.partitions.len();
        let before = self.by_name.insert(topic.name.clone(), topic.clone());
        self.partition_count -= before.map_or(0, |before| before.partitions.len());
        self.by_id.insert(topic.id, topic);
    }

    /// Takes a topic out.
    pub(super) fn remove(&mut self, id: TopicId) -> Option<Arc<TopicImage>> {
        let topic = self.by_id.remove(&id)?;
        self.by_name.remove(&topic.name);
        if let Some(metric_name) = topic_name::metric_name(&topic.name) {
            self.by_metric_name.remove(metric_name.as_str());
        }
        self.partition_count -= topic.partitions.len();
        Some(topic)
    }
}

/// Everything the metadata log says up to one offset.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MetadataImage {
    /// Up to here.
    pub position: LogPosition,
    /// Identity of the cluster; absent until the first batch is applied.
    pub cluster_id: Option<Arc<str>>,
    /// Registered brokers.
    pub brokers: Arc<BTreeMap<BrokerId, Arc<BrokerImage>>>,
    /// Topics and their partitions.
    pub topics: TopicsImage,
    /// Dynamic settings; resources without any are absent.
    pub configs: ChunkedMap<ConfigResource, Arc<ConfigMap>>,
    /// Offset of the last record that changed a setting which is not a topic's; -1 if none has.
    pub settings_changed_at: Offset,
    /// First producer id of the next block.
    pub next_producer_id: ProducerId,
    /// Features that are on, and their levels.
    pub features: Arc<BTreeMap<String, i16>>,
    /// Topics that were removed and whose objects are to be deleted from the object store.
    pub remote_deletions: Arc<BTreeSet<TopicId>>,
    /// Requests of the admin service that were carried out.
    pub admin_requests: AdminRequests,
}

impl Default for MetadataImage {
    fn default() -> MetadataImage {
        MetadataImage {
            position: LogPosition::default(),
            cluster_id: None,
            brokers: Arc::default(),
            topics: TopicsImage::default(),
            configs: ChunkedMap::default(),
            settings_changed_at: Offset(-1),
            next_producer_id: ProducerId(0),
            features: Arc::default(),
            remote_deletions: Arc::default(),
            admin_requests: AdminRequests::default(),
        }
    }
}

impl MetadataImage {
    /// The same metadata at a later place: an entry without records was applied.
    #[must_use]
    pub fn at(&self, position: LogPosition) -> MetadataImage {
        MetadataImage { position, ..self.clone() }
    }

    /// A broker that may lead.
    #[must_use]
    pub fn active_broker(&self, id: BrokerId) -> Option<&Arc<BrokerImage>> {
        self.brokers.get(&id).filter(|broker| !broker.fenced)
    }

    /// The dynamic settings of a resource, if it has any.
    #[must_use]
    pub fn config(&self, resource: &ConfigResource) -> Option<&Arc<ConfigMap>> {
        self.configs.get(resource)
    }

    /// A partition by the name of its topic.
    #[must_use]
    pub fn partition(&self, topic: &str, index: PartitionIndex) -> Option<&Arc<PartitionImage>> {
        self.topics.by_name(topic)?.partition(index)
    }
}
