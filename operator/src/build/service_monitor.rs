//! How a Prometheus of the Prometheus operator finds the brokers.

use kube::api::{ApiResource, DynamicObject, GroupVersionKind};
use serde_json::json;

use crate::controllers::cluster::validate::ValidCluster;

/// The kind, which need not be there.
#[must_use]
pub fn resource() -> ApiResource {
    ApiResource::from_gvk(&GroupVersionKind::gvk("monitoring.coreos.com", "v1", "ServiceMonitor"))
}

/// Every broker by the headless Service.
#[must_use]
pub fn service_monitor(cluster: &ValidCluster) -> DynamicObject {
    let names = &cluster.names;
    let mut object = DynamicObject::new(&names.broker(), &resource()).within(&names.namespace);
    object.metadata = names.metadata(names.broker(), &cluster.labels, Some(&cluster.owner));
    object.data = json!({
        "spec": {
            // The alerts tell clusters apart by it.
            "jobLabel": "app.kubernetes.io/instance",
            "selector": { "matchLabels": names.selector_labels() },
            "namespaceSelector": { "matchNames": [names.namespace] },
            "endpoints": [{ "port": "http", "path": "/metrics" }],
        },
    });
    object
}
