//! What every reconcile may use.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crds::cluster::Cluster;
use crds::consumer_group::ConsumerGroup;
use k8s_openapi::jiff::Timestamp;
use kube::Client;
use parking_lot::Mutex;

use crate::broker_admin::BrokerAdmins;
use crate::events::Events;
use crate::metrics::Metrics;
use crate::names::Names;
use crate::options::Options;

/// Pause after the first failure of an object; it doubles.
const RETRY_FIRST: Duration = Duration::from_millis(500);
/// Longest such pause.
const RETRY_MAX: Duration = Duration::from_secs(60);

/// See the file's header.
pub struct Context {
    /// The API server.
    pub client: Client,
    /// What the operator was told.
    pub options: Options,
    /// Its figures.
    pub metrics: Arc<Metrics>,
    /// What it tells people.
    pub events: Events,
    /// The brokers.
    pub admins: BrokerAdmins,
    /// Clusters as they were reconciled last.
    pub clusters: Mutex<BTreeMap<Names, Arc<Cluster>>>,
    /// Failures in a row by kind, namespace and name.
    failures: Mutex<BTreeMap<[String; 3], u32>>,
    /// When the status of a group was written last, by its uid.
    written: Mutex<BTreeMap<String, Timestamp>>,
    /// Whether the API server knows ServiceMonitors.
    pub has_service_monitors: bool,
}

impl Context {
    /// Nothing is known yet.
    #[must_use]
    pub fn new(
        client: Client,
        options: Options,
        metrics: Arc<Metrics>,
        identity: &str,
        has_service_monitors: bool,
    ) -> Context {
        Context {
            events: Events::new(client.clone(), identity),
            admins: BrokerAdmins::new(options.admin_address.clone()),
            client,
            options,
            metrics,
            clusters: Mutex::default(),
            failures: Mutex::default(),
            written: Mutex::default(),
            has_service_monitors,
        }
    }

    /// A Cluster as it was reconciled last.
    #[must_use]
    pub fn cluster(&self, names: &Names) -> Option<Arc<Cluster>> {
        self.clusters.lock().get(names).cloned()
    }

    /// Notes a failure of an object, and says how long it rests.
    pub fn note_failure(&self, object: [&str; 3]) -> Duration {
        let mut failures = self.failures.lock();
        let count = failures.entry(object.map(str::to_owned)).or_default();
        *count = count.saturating_add(1);
        RETRY_FIRST.saturating_mul(1 << (*count - 1).min(16)).min(RETRY_MAX)
    }

    /// Notes that an object is well.
    pub fn note_success(&self, object: [&str; 3]) {
        self.failures.lock().remove(&object.map(str::to_owned));
    }

    /// When the status of a group was written last by this operator.
    #[must_use]
    pub fn last_written(&self, group: &ConsumerGroup) -> Option<Timestamp> {
        self.written.lock().get(group.metadata.uid.as_deref()?).copied()
    }

    /// Notes that it is written.
    pub fn note_written(&self, group: &ConsumerGroup, now: Timestamp) {
        if let Some(uid) = &group.metadata.uid {
            self.written.lock().insert(uid.clone(), now);
        }
    }
}
