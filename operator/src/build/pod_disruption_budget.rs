//! How many brokers may be taken away at once by whoever drains nodes.

use k8s_openapi::api::policy::v1::{PodDisruptionBudget, PodDisruptionBudgetSpec};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use crate::controllers::cluster::validate::ValidCluster;

/// One at a time. A broker that cannot start may be taken away all the same.
#[must_use]
pub fn pod_disruption_budget(cluster: &ValidCluster) -> PodDisruptionBudget {
    let names = &cluster.names;
    PodDisruptionBudget {
        metadata: names.metadata(names.broker(), &cluster.labels, Some(&cluster.owner)),
        spec: Some(PodDisruptionBudgetSpec {
            max_unavailable: Some(IntOrString::Int(1)),
            selector: Some(names.selector()),
            unhealthy_pod_eviction_policy: Some("AlwaysAllow".to_owned()),
            ..PodDisruptionBudgetSpec::default()
        }),
        status: None,
    }
}
