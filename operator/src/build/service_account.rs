//! Who brokers are: nobody for Kubernetes, somebody for a cloud provider that knows workload identities.

use k8s_openapi::api::core::v1::ServiceAccount;

use crate::controllers::cluster::validate::ValidCluster;

/// Its token is not mounted.
#[must_use]
pub fn service_account(cluster: &ValidCluster) -> ServiceAccount {
    let names = &cluster.names;
    let mut metadata = names.metadata(names.broker(), &cluster.labels, Some(&cluster.owner));
    metadata.annotations = Some(cluster.pod.service_account_annotations.clone());
    ServiceAccount { metadata, automount_service_account_token: Some(false), ..ServiceAccount::default() }
}
