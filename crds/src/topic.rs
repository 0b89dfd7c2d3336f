//! Topic: a topic of a Cluster with its partition layout.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{CustomResource, KubeSchema};
use serde::{Deserialize, Serialize};

use crate::config::ConfigMap;
use crate::references::{ClusterRef, DeletionPolicy};

/// What a topic is to be.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, CustomResource, KubeSchema)]
#[kube(
    group = "highwater.dev",
    version = "v1alpha1",
    kind = "Topic",
    namespaced,
    status = "TopicStatus",
    derive = "PartialEq",
    shortname = "hwt",
    category = "highwater",
    doc = "A topic of a Cluster.",
    printcolumn(name = "Partitions", type_ = "integer", json_path = ".spec.partitions"),
    printcolumn(name = "Replicas", type_ = "integer", json_path = ".spec.replicas"),
    printcolumn(name = "Ready", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].status"),
    printcolumn(
        name = "Reason",
        type_ = "string",
        json_path = ".status.conditions[?(@.type==\"Ready\")].reason",
        priority = 1
    ),
    printcolumn(name = "Cluster", type_ = "string", json_path = ".spec.clusterRef.name", priority = 1),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    selectable = ".spec.clusterRef.name",
    validation = Rule::new("has(self.spec.topicName) || self.metadata.name.matches('^[a-zA-Z0-9._-]{1,249}$')")
        .message("metadata.name is no name of a topic: set spec.topicName")
)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("self.clusterRef == oldSelf.clusterRef").message("clusterRef is immutable"))]
#[x_kube(validation = Rule::new("has(self.topicName) == has(oldSelf.topicName) && (!has(self.topicName) || self.topicName == oldSelf.topicName)")
    .message("topicName is immutable: topics are not renamed"))]
#[x_kube(validation = Rule::new("!has(self.layout) || size(self.layout) == self.partitions")
    .message("layout has one entry for each partition"))]
#[x_kube(validation = Rule::new("!has(self.layout) || self.layout.all(entry, size(entry.replicas) == self.replicas)")
    .message("layout names as many brokers for each partition as there are replicas"))]
pub struct TopicSpec {
    /// The Cluster that it belongs to.
    pub cluster_ref: ClusterRef,
    /// Name of the topic; without it, the name of this object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = "^[a-zA-Z0-9._-]{1,249}$"))]
    #[x_kube(validation = Rule::new("self != '.' && self != '..'").message("a topic cannot be named . or .."))]
    pub topic_name: Option<String>,
    /// Count of partitions. It may grow and never shrinks.
    #[serde(default = "default_count")]
    #[schemars(range(min = 1, max = 10000))]
    #[x_kube(validation = Rule::new("self >= oldSelf").message("partitions never become fewer"))]
    pub partitions: i32,
    /// Count of replicas of each partition.
    #[serde(default = "default_count")]
    #[schemars(range(min = 1, max = 100))]
    pub replicas: i32,
    /// Settings of the topic by Kafka's names. Those that are not named here are left as they are.
    #[serde(default, skip_serializing_if = "ConfigMap::is_empty")]
    pub config: ConfigMap,
    /// Which brokers hold each partition, by its number, the preferred leader first; without it, the operator decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 10000))]
    pub layout: Option<Vec<LayoutEntry>>,
    /// What becomes of the topic when this object is deleted.
    #[serde(default)]
    pub deletion_policy: DeletionPolicy,
    /// While true, deleting this object is refused.
    #[serde(default)]
    pub deletion_protection: bool,
    /// While true, the operator changes nothing of this topic.
    #[serde(default)]
    pub paused: bool,
}

fn default_count() -> i32 {
    1
}

impl Topic {
    /// Name of the topic.
    #[must_use]
    pub fn topic_name(&self) -> &str {
        self.spec.topic_name.as_deref().or(self.metadata.name.as_deref()).unwrap_or("")
    }
}

/// The brokers of one partition.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct LayoutEntry {
    /// Ids of brokers, the preferred leader first.
    #[schemars(length(min = 1, max = 100), inner(range(min = 0)))]
    pub replicas: Vec<i32>,
}

/// The state of a topic.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct TopicStatus {
    /// `Ready`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".into()]))]
    pub conditions: Vec<Condition>,
    /// The generation of the spec that this is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// Id of the topic.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic_id: Option<String>,
    /// The partitions by number; of very large topics the first 256.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub partitions: Vec<PartitionState>,
    /// What was found different from the spec and set right, last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drift: Option<Drift>,
    /// The keys of `spec.config` that were set: one that is taken out of the spec is taken back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub owned_config: Vec<String>,
}

/// One partition.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct PartitionState {
    /// Its number.
    pub partition: i32,
    /// The leader; -1 for none.
    pub leader: i32,
    /// The brokers that hold it, the preferred leader first.
    pub replicas: Vec<i32>,
    /// Those that hold everything.
    pub in_sync: Vec<i32>,
}

/// A topic was changed behind the back of its object.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Drift {
    /// When it was set right, RFC 3339.
    pub at: String,
    /// What was different, for people.
    pub what: String,
}
