//! What the operator says of a ConsumerGroup.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The state of a consumer group.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConsumerGroupStatus {
    /// `Ready`, and as far as asked for `LagWithinObjective` and `Reset`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".into()]))]
    pub conditions: Vec<Condition>,
    /// The generation of the spec that this is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// `Stable`, `Empty`, `PreparingRebalance`, `CompletingRebalance`, `Dead`, or `Absent` while nobody has used it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// Count of members.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member_count: Option<i64>,
    /// The members; of very large groups the first 100.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<MemberState>,
    /// Records that are not consumed yet, all partitions together; absent if it cannot be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lag: Option<i64>,
    /// Age of the oldest of them, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lag_seconds: Option<i64>,
    /// By topic and partition; of very large groups the first 256.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub partitions: Vec<PartitionLag>,
    /// The last reset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reset: Option<ResetState>,
    /// How the consumers are scaled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scaling: Option<ScalingState>,
}

/// One member.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct MemberState {
    /// What the coordinator calls it.
    pub member_id: String,
    /// What the client calls itself.
    pub client_id: String,
    /// Where it connects from.
    pub host: String,
    /// What it consumes: `orders[0,1,2]`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub partitions: Vec<String>,
}

/// The lag of one partition.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct PartitionLag {
    /// The topic.
    pub topic: String,
    /// The partition.
    pub partition: i32,
    /// The next offset to be consumed.
    pub committed: i64,
    /// The offset after the last record; absent if it cannot be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<i64>,
    /// Records between the two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lag: Option<i64>,
}

/// A reset. It is recorded with what it will do before anything is done, and goes on from here after a crash.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct ResetState {
    /// `spec.reset.id`.
    pub id: String,
    /// How far it is.
    pub phase: ResetPhase,
    /// Why it waits or failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The offsets by topic and partition.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub plan: Vec<ResetStep>,
    /// Replicas that the consumers had before they were stopped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replicas_before: Option<i32>,
    /// Names the change at the brokers: it is made once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// When it was done, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done_at: Option<String>,
}

/// How far a reset is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub enum ResetPhase {
    /// A dry run: the plan is there.
    Planned,
    /// It cannot begin yet.
    Waiting,
    /// The consumers are being stopped.
    Stopping,
    /// The offsets are being set.
    Applying,
    /// The offsets are set, the consumers are being started again.
    Restoring,
    /// It is done.
    Done,
    /// It cannot be done.
    Failed,
}

/// One partition of a reset.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct ResetStep {
    /// The topic.
    pub topic: String,
    /// The partition.
    pub partition: i32,
    /// What was committed; absent for nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<i64>,
    /// What will be.
    pub to: i64,
}

/// How the consumers are scaled.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct ScalingState {
    /// Replicas that are wanted.
    pub desired: i32,
    /// Why, for people.
    pub reason: String,
    /// Since when fewer would do, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fewer_since: Option<String>,
}
