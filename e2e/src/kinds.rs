//! The kinds of objects that tests touch, by name.

use kube::api::ApiResource;

/// Kind, group, version, plural; whether it lies in a namespace.
const KINDS: [(&str, &str, &str, &str, bool); 22] = [
    ("Cluster", "highwater.dev", "v1alpha1", "clusters", true),
    ("ConfigMap", "", "v1", "configmaps", true),
    ("ConsumerGroup", "highwater.dev", "v1alpha1", "consumergroups", true),
    ("ControllerRevision", "apps", "v1", "controllerrevisions", true),
    ("CustomResourceDefinition", "apiextensions.k8s.io", "v1", "customresourcedefinitions", false),
    ("Deployment", "apps", "v1", "deployments", true),
    ("Event", "", "v1", "events", true),
    ("Lease", "coordination.k8s.io", "v1", "leases", true),
    ("Namespace", "", "v1", "namespaces", false),
    ("NetworkPolicy", "networking.k8s.io", "v1", "networkpolicies", true),
    ("PersistentVolume", "", "v1", "persistentvolumes", false),
    ("PersistentVolumeClaim", "", "v1", "persistentvolumeclaims", true),
    ("Pod", "", "v1", "pods", true),
    ("PodDisruptionBudget", "policy", "v1", "poddisruptionbudgets", true),
    ("ReplicaSet", "apps", "v1", "replicasets", true),
    ("Role", "rbac.authorization.k8s.io", "v1", "roles", true),
    ("RoleBinding", "rbac.authorization.k8s.io", "v1", "rolebindings", true),
    ("Secret", "", "v1", "secrets", true),
    ("Service", "", "v1", "services", true),
    ("ServiceAccount", "", "v1", "serviceaccounts", true),
    ("StatefulSet", "apps", "v1", "statefulsets", true),
    ("Topic", "highwater.dev", "v1alpha1", "topics", true),
];

/// How the API server calls a kind, and whether it lies in a namespace.
///
/// # Panics
/// The kind is not in the list above: a mistake in a test.
pub(crate) fn resource(kind: &str) -> (ApiResource, bool) {
    let found = KINDS.iter().find(|known| known.0 == kind);
    let (kind, group, version, plural, is_namespaced) = found.expect("a kind of the list");
    let api_version = if group.is_empty() { (*version).to_owned() } else { format!("{group}/{version}") };
    let resource = ApiResource {
        group: (*group).to_owned(),
        version: (*version).to_owned(),
        api_version,
        kind: (*kind).to_owned(),
        plural: (*plural).to_owned(),
    };
    (resource, *is_namespaced)
}

/// All kinds whose objects lie in a namespace.
pub(crate) fn in_namespaces() -> impl Iterator<Item = &'static str> {
    KINDS.iter().filter(|known| known.4).map(|known| known.0)
}
