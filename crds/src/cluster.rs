//! Cluster: brokers, their disks, how they are reached, and the bucket that they tier to.

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::cluster_status::ClusterStatus;
use crate::config::ConfigMap;
use crate::pod::{PodTemplate, Resources};
use crate::quantity::Quantity;
use crate::references::DeletionPolicy;

/// What a Cluster is to be.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, CustomResource, KubeSchema)]
#[kube(
    group = "highwater.dev",
    version = "v1alpha1",
    kind = "Cluster",
    namespaced,
    status = "ClusterStatus",
    derive = "PartialEq",
    shortname = "hwc",
    category = "highwater",
    doc = "Brokers that any Kafka client can use.",
    scale(
        spec_replicas_path = ".spec.replicas",
        status_replicas_path = ".status.replicas",
        label_selector_path = ".status.selector"
    ),
    printcolumn(name = "Ready", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].status"),
    printcolumn(name = "Brokers", type_ = "string", json_path = ".status.brokersReady"),
    printcolumn(name = "Topics", type_ = "integer", json_path = ".status.topics"),
    printcolumn(name = "Storage", type_ = "string", json_path = ".status.storage"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(name = "Bootstrap", type_ = "string", json_path = ".status.bootstrapAddress", priority = 1),
    printcolumn(
        name = "Reason",
        type_ = "string",
        json_path = ".status.conditions[?(@.type==\"Ready\")].reason",
        priority = 1
    ),
    validation = Rule::new("size(self.metadata.name) <= 40")
        .message("metadata.name is at most 40 characters: names of pods and Services are made from it")
)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("has(self.clusterId) == has(oldSelf.clusterId) && (!has(self.clusterId) || self.clusterId == oldSelf.clusterId)")
    .message("clusterId is immutable"))]
#[x_kube(validation = Rule::new("has(self.recoverFrom) == has(oldSelf.recoverFrom) && (!has(self.recoverFrom) || self.recoverFrom == oldSelf.recoverFrom)")
    .message("recoverFrom is immutable: it says how the Cluster begins"))]
#[x_kube(validation = Rule::new("!has(self.recoverFrom) || has(self.tiering)")
    .message("recoverFrom needs tiering: the Cluster goes on in the bucket that it comes from"))]
#[x_kube(validation = Rule::new("!has(self.recoverFrom) || !has(self.clusterId) || self.recoverFrom.clusterId == self.clusterId")
    .message("clusterId and recoverFrom.clusterId differ"))]
pub struct ClusterSpec {
    /// Image of the brokers; without it, the one that the operator was started with. Another one rolls the brokers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub image: Option<String>,
    /// When nodes pull the image.
    #[serde(default)]
    pub image_pull_policy: ImagePullPolicy,
    /// Version of the brokers, for example 0.1.0: without `image`, the tag of the operator's image for brokers. One that the
    /// operator does not know is not rolled out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^[0-9]+\.[0-9]+\.[0-9]+$"))]
    pub version: Option<String>,
    /// Count of brokers.
    #[serde(default = "default_replicas")]
    #[schemars(range(min = 0, max = 100))]
    #[x_kube(validation = Rule::new("self == 1").message("clusters of several brokers are not there yet: replicas has to be 1"))]
    pub replicas: i32,
    /// The disk of each broker.
    #[serde(default)]
    pub storage: Storage,
    /// CPU and memory of each broker.
    #[serde(default)]
    pub resources: Resources,
    /// Settings of the brokers by Kafka's names. Those that need a restart roll the brokers, others do not. What the operator
    /// decides itself is refused: `listeners`, `log.dirs`, `node.id` and the like.
    #[serde(default, skip_serializing_if = "ConfigMap::is_empty")]
    pub config: ConfigMap,
    /// How clients reach the brokers.
    #[serde(default)]
    pub listeners: Listeners,
    /// The bucket that history lies in; without it, history is on the disks only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tiering: Option<Tiering>,
    /// Namespaces, beside its own, whose Topics and ConsumerGroups may name this Cluster; `*` for all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 1000), inner(length(min = 1, max = 63)))]
    pub allowed_namespaces: Vec<String>,
    /// Id of the cluster, 1 to 64 of the characters A-Z a-z 0-9 _ -; without it, a random one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = "^[A-Za-z0-9_-]{1,64}$"))]
    pub cluster_id: Option<String>,
    /// Has the first broker begin with what a bucket holds of a cluster whose disks are lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recover_from: Option<RecoverFrom>,
    /// What is added to the pods.
    #[serde(default)]
    pub pod: PodTemplate,
    /// While true, the operator changes nothing of this Cluster.
    #[serde(default)]
    pub paused: bool,
    /// While true, deleting this Cluster is refused.
    #[serde(default)]
    pub deletion_protection: bool,
}

fn default_replicas() -> i32 {
    1
}

/// When nodes pull images.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub enum ImagePullPolicy {
    /// If they do not have it.
    #[default]
    IfNotPresent,
    /// Whenever a pod starts.
    Always,
    /// Never.
    Never,
}

impl ImagePullPolicy {
    /// As a pod says it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            ImagePullPolicy::IfNotPresent => "IfNotPresent",
            ImagePullPolicy::Always => "Always",
            ImagePullPolicy::Never => "Never",
        }
    }
}

/// The disk of a broker.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("has(self.storageClassName) == has(oldSelf.storageClassName) && (!has(self.storageClassName) || self.storageClassName == oldSelf.storageClassName)")
    .message("storageClassName is immutable: a volume stays where it is"))]
pub struct Storage {
    /// Size of the volume. It may grow, where the storage class allows that, and never shrinks.
    #[serde(default = "default_size")]
    #[x_kube(validation = Rule::new("isQuantity(string(self)) && quantity(string(self)).isGreaterThan(quantity('63Mi'))")
        .message("size is at least 64Mi"))]
    #[x_kube(validation = Rule::new("quantity(string(self)).compareTo(quantity(string(oldSelf))) >= 0")
        .message("size never shrinks"))]
    pub size: Quantity,
    /// Name of the StorageClass; without it, the default one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253))]
    pub storage_class_name: Option<String>,
    /// What becomes of the volumes when the Cluster is deleted.
    #[serde(default)]
    pub deletion_policy: DeletionPolicy,
}

fn default_size() -> Quantity {
    Quantity("10Gi".to_owned())
}

impl Default for Storage {
    fn default() -> Storage {
        Storage { size: default_size(), storage_class_name: None, deletion_policy: DeletionPolicy::default() }
    }
}

/// How clients reach the brokers. Inside of Kubernetes, at the Service `<cluster>-bootstrap`, port 9092.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Listeners {
    /// A way in from outside of Kubernetes, port 9094.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external: Option<ExternalListener>,
}

/// A way in from outside.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("self.type == 'NodePort' || !has(self.nodePort)").message("nodePort is for type NodePort"))]
#[x_kube(validation = Rule::new("self.type == 'LoadBalancer' || has(self.advertisedHost)")
    .message("type NodePort needs advertisedHost: the name or address of the nodes that clients use"))]
pub struct ExternalListener {
    /// By a port of every node, or a load balancer of the cloud provider.
    #[serde(rename = "type")]
    pub type_: ExternalType,
    /// The port of the nodes; without it, Kubernetes chooses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 65535))]
    pub node_port: Option<i32>,
    /// What clients are told to connect to; without it, what the load balancer says of itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253))]
    pub advertised_host: Option<String>,
    /// Annotations of the Service.
    #[serde(default, skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    pub annotations: std::collections::BTreeMap<String, String>,
}

/// Kinds of Services that are reached from outside.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub enum ExternalType {
    /// A port of every node.
    NodePort,
    /// A load balancer.
    LoadBalancer,
}

/// The bucket that history lies in.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Tiering {
    /// `s3://bucket/prefix`, `gs://bucket/prefix` or `az://container/prefix`.
    #[schemars(length(min = 1, max = 1024), regex(pattern = "^(s3|gs|az)://.+"))]
    pub url: String,
    /// Another server than the provider's, for example `https://minio.storage:9000`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1024), regex(pattern = "^https?://.+"))]
    pub endpoint: Option<String>,
    /// The bucket's region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63))]
    pub region: Option<String>,
    /// Name of a Secret whose keys are the provider's variables for credentials, `AWS_ACCESS_KEY_ID` and the like; without
    /// it, the identity of the pods (`pod.serviceAccountAnnotations`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253))]
    pub credentials_secret: Option<String>,
}

/// Where a Cluster whose disks are lost comes from.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct RecoverFrom {
    /// The bucket, as `tiering.url`; without it, that one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1024), regex(pattern = "^(s3|gs|az)://.+"))]
    pub url: Option<String>,
    /// Id of the cluster that is wanted.
    #[schemars(regex(pattern = "^[A-Za-z0-9_-]{1,64}$"))]
    pub cluster_id: String,
    /// The moment as of which it is wanted, RFC 3339; without it, the newest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
}
