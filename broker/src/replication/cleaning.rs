//! What the log cleaner is told: up to where a partition's records are decided, and how to clean.

use std::sync::Arc;

use broker_log::cleaner::{CleanerSeams, CleanerSettings};
use broker_log::handle::LogHandle;
use broker_protocol::types::Offset;

use crate::quorum::MetadataLog;
use crate::replication::manager::ReplicaManager;
use crate::topic_settings::TopicSettings;

/// The partitions of this broker and its settings, as the cleaner sees them.
pub struct ReplicaCleaning {
    replicas: Arc<ReplicaManager>,
    metadata: MetadataLog,
    settings: Arc<TopicSettings>,
}

impl ReplicaCleaning {
    /// Over these partitions, with the settings that the metadata has at the time of asking.
    #[must_use]
    pub fn new(
        replicas: Arc<ReplicaManager>,
        metadata: MetadataLog,
        settings: Arc<TopicSettings>,
    ) -> ReplicaCleaning {
        ReplicaCleaning { replicas, metadata, settings }
    }
}

impl CleanerSeams for ReplicaCleaning {
    fn settings(&self) -> CleanerSettings {
        self.settings.cleaner(&self.metadata.image())
    }

    fn last_stable_offset(&self, log: &LogHandle) -> Offset {
        let identity = log.identity();
        let topic = self.replicas.topic_by_id(identity.topic_id);
        let partition = topic.and_then(|topic| topic.partition(identity.partition));
        // Of a partition that is on its way in or out nothing is decided.
        partition.map_or(Offset(0), |partition| partition.last_stable_offset())
    }
}
