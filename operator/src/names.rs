//! Names and labels of what belongs to a Cluster.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta, OwnerReference};

/// Under this name fields are owned.
pub const FIELD_MANAGER: &str = "highwater-operator";
/// Port for clients.
pub const KAFKA_PORT: i32 = 9092;
/// Port for clients from outside.
pub const EXTERNAL_PORT: i32 = 9094;
/// Port of metrics and probes.
pub const HTTP_PORT: i32 = 9644;
/// Port of the admin service.
pub const ADMIN_PORT: i32 = 9645;
/// Key of the admin token in its Secret.
pub const TOKEN_KEY: &str = "token";

/// On a Cluster: another value takes over what this operator would do otherwise than the one before it.
pub const UPDATE_ANNOTATION: &str = "highwater.dev/update";
/// On a Cluster: another value restarts its brokers.
pub const RESTART_ANNOTATION: &str = "highwater.dev/restart";
/// On a pod: has it restarted once.
pub const ROLL_ANNOTATION: &str = "highwater.dev/roll";
/// On what the operator applies: what it applied.
pub const APPLIED_ANNOTATION: &str = "highwater.dev/applied";
/// On a StatefulSet: what the user asked for when its template was made.
pub const INPUTS_ANNOTATION: &str = "highwater.dev/inputs";
/// On a StatefulSet: the operator that made its template.
pub const OPERATOR_ANNOTATION: &str = "highwater.dev/operator-version";

/// Names of the objects of one Cluster.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Names {
    /// Namespace of the Cluster.
    pub namespace: String,
    /// Name of the Cluster.
    pub cluster: String,
}

impl Names {
    /// Of the Cluster of that name.
    #[must_use]
    pub fn new(namespace: &str, cluster: &str) -> Names {
        Names { namespace: namespace.to_owned(), cluster: cluster.to_owned() }
    }

    /// The StatefulSet, the PodDisruptionBudget, the ConfigMap, the ServiceAccount.
    #[must_use]
    pub fn broker(&self) -> String {
        format!("{}-broker", self.cluster)
    }

    /// The headless Service, which gives each pod a name.
    #[must_use]
    pub fn headless(&self) -> String {
        format!("{}-brokers", self.cluster)
    }

    /// The Service that clients begin with.
    #[must_use]
    pub fn bootstrap(&self) -> String {
        format!("{}-bootstrap", self.cluster)
    }

    /// The Service for clients from outside.
    #[must_use]
    pub fn external(&self) -> String {
        format!("{}-external", self.cluster)
    }

    /// The Secret with the token of the admin service.
    #[must_use]
    pub fn token(&self) -> String {
        format!("{}-admin-token", self.cluster)
    }

    /// A pod.
    #[must_use]
    pub fn pod(&self, ordinal: i32) -> String {
        format!("{}-{ordinal}", self.broker())
    }

    /// Where the headless Service is in DNS.
    #[must_use]
    pub fn headless_host(&self) -> String {
        format!("{}.{}.svc", self.headless(), self.namespace)
    }

    /// Where clients begin.
    #[must_use]
    pub fn bootstrap_address(&self) -> String {
        format!("{}.{}.svc:{KAFKA_PORT}", self.bootstrap(), self.namespace)
    }

    /// Labels that tell the pods of this Cluster from all others.
    #[must_use]
    pub fn selector_labels(&self) -> BTreeMap<String, String> {
        labels(&[
            ("app.kubernetes.io/name", "highwater-broker"),
            ("app.kubernetes.io/instance", &self.cluster),
            ("app.kubernetes.io/component", "broker"),
        ])
    }

    /// The same as a selector.
    #[must_use]
    pub fn selector(&self) -> LabelSelector {
        LabelSelector { match_labels: Some(self.selector_labels()), match_expressions: None }
    }

    /// Labels of every object: those the user has given the Cluster, and the operator's.
    #[must_use]
    pub fn labels(&self, inherited: &BTreeMap<String, String>) -> BTreeMap<String, String> {
        let mut all = inherited.clone();
        all.extend(self.selector_labels());
        all.extend(labels(&[
            ("app.kubernetes.io/managed-by", FIELD_MANAGER),
            ("app.kubernetes.io/part-of", "highwater"),
        ]));
        all
    }

    /// Metadata of an object of the Cluster.
    #[must_use]
    pub fn metadata(
        &self,
        name: String,
        inherited: &BTreeMap<String, String>,
        owner: Option<&OwnerReference>,
    ) -> ObjectMeta {
        ObjectMeta {
            name: Some(name),
            namespace: Some(self.namespace.clone()),
            labels: Some(self.labels(inherited)),
            owner_references: owner.map(|owner| vec![owner.clone()]),
            ..ObjectMeta::default()
        }
    }
}

/// A map of texts.
#[must_use]
pub fn labels(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}
