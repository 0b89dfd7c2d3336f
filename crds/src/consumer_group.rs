//! ConsumerGroup: lag with an objective, offsets that are reset once, consumers that are scaled by lag.

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::consumer_group_status::ConsumerGroupStatus;
use crate::references::ClusterRef;

/// What is wanted of a consumer group. It need not exist: it begins when its first consumer joins.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, CustomResource, KubeSchema)]
#[kube(
    group = "highwater.dev",
    version = "v1alpha1",
    kind = "ConsumerGroup",
    namespaced,
    status = "ConsumerGroupStatus",
    derive = "PartialEq",
    shortname = "hwg",
    category = "highwater",
    doc = "A consumer group of a Cluster.",
    printcolumn(name = "State", type_ = "string", json_path = ".status.state"),
    printcolumn(name = "Members", type_ = "integer", json_path = ".status.memberCount"),
    printcolumn(name = "Lag", type_ = "integer", json_path = ".status.lag"),
    printcolumn(
        name = "Ready",
        type_ = "string",
        json_path = ".status.conditions[?(@.type==\"Ready\")].status",
        priority = 1
    ),
    printcolumn(name = "Cluster", type_ = "string", json_path = ".spec.clusterRef.name", priority = 1),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    selectable = ".spec.clusterRef.name"
)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("self.clusterRef == oldSelf.clusterRef").message("clusterRef is immutable"))]
#[x_kube(validation = Rule::new("has(self.groupId) == has(oldSelf.groupId) && (!has(self.groupId) || self.groupId == oldSelf.groupId)")
    .message("groupId is immutable"))]
#[x_kube(validation = Rule::new("!has(self.reset) || !self.reset.stopConsumers || has(self.scaling)")
    .message("reset.stopConsumers needs scaling.target: the workload that is stopped"))]
pub struct ConsumerGroupSpec {
    /// The Cluster that it belongs to.
    pub cluster_ref: ClusterRef,
    /// Id of the group; without it, the name of this object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 32767))]
    pub group_id: Option<String>,
    /// Topics whose lag counts, and that a reset is about; without any, all that the group has committed for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 1000), inner(length(min = 1, max = 249)))]
    pub topics: Vec<String>,
    /// How far consumers may be behind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lag_objective: Option<LagObjective>,
    /// Sets what the group has committed, once for each `id`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reset: Option<Reset>,
    /// Scales the consumers by lag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scaling: Option<Scaling>,
    /// While true, the operator changes nothing of this group or its consumers.
    #[serde(default)]
    pub paused: bool,
}

impl ConsumerGroup {
    /// Id of the group.
    #[must_use]
    pub fn group_id(&self) -> &str {
        self.spec.group_id.as_deref().or(self.metadata.name.as_deref()).unwrap_or("")
    }
}

/// How far consumers may be behind: the condition `LagWithinObjective` tells.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("has(self.records) || has(self.seconds)").message("records, seconds or both"))]
pub struct LagObjective {
    /// Most records, all partitions together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub records: Option<i64>,
    /// Greatest age of the oldest record that is not consumed, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub seconds: Option<i64>,
}

/// Sets what a group has committed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Reset {
    /// A name of this reset: it is done once, and again with another id.
    #[schemars(length(min = 1, max = 253))]
    pub id: String,
    /// Where to.
    pub to: ResetTarget,
    /// While true, the plan is shown in the status, and nothing is done.
    #[serde(default)]
    pub dry_run: bool,
    /// Scales the consumers to 0 first, and back afterwards. Without it, a group with members is not reset.
    #[serde(default)]
    pub stop_consumers: bool,
}

/// Where a group is set to; one of these.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ResetTarget {
    /// The first record that there is.
    Earliest {},
    /// Behind the last record.
    Latest {},
    /// The first record that is not older than this, RFC 3339.
    Timestamp(String),
    /// This offset in every partition, or the nearest one that there is.
    Offset(i64),
    /// So many records further, or back if negative, as far as there are any.
    ShiftBy(i64),
}

/// Scales the consumers by lag.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("self.minReplicas <= self.maxReplicas").message("minReplicas is above maxReplicas"))]
pub struct Scaling {
    /// The workload, in the namespace of this object.
    pub target: ScalingTarget,
    /// Fewest replicas.
    #[serde(default = "default_min_replicas")]
    #[schemars(range(min = 0, max = 10000))]
    pub min_replicas: i32,
    /// Most replicas; never more than partitions with lag.
    #[schemars(range(min = 1, max = 10000))]
    pub max_replicas: i32,
    /// Records of lag that one replica is to have at most.
    #[schemars(range(min = 1))]
    pub records_per_replica: i64,
    /// Seconds that pass before replicas become fewer.
    #[serde(default = "default_scale_down_delay_seconds")]
    #[schemars(range(min = 0, max = 86400))]
    pub scale_down_delay_seconds: i64,
}

fn default_min_replicas() -> i32 {
    1
}

/// Each rebalance costs: as long as the HorizontalPodAutoscaler waits.
fn default_scale_down_delay_seconds() -> i64 {
    300
}

/// A workload with a scale subresource.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct ScalingTarget {
    /// Its kind.
    #[serde(default)]
    pub kind: TargetKind,
    /// Its name.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
}

/// Kinds of workloads of the group `apps`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub enum TargetKind {
    /// A Deployment.
    #[default]
    Deployment,
    /// A StatefulSet.
    StatefulSet,
}
