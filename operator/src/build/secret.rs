//! The token that the operator shows to the admin service of the brokers: made once, gone with the Cluster.

use k8s_openapi::api::core::v1::Secret;

use crate::controllers::cluster::validate::ValidCluster;
use crate::names::{TOKEN_KEY, labels};

/// `token`: at least 128 random bits, as text.
#[must_use]
pub fn token(cluster: &ValidCluster, token: &str) -> Secret {
    let names = &cluster.names;
    Secret {
        metadata: names.metadata(names.token(), &cluster.labels, Some(&cluster.owner)),
        string_data: Some(labels(&[(TOKEN_KEY, token)])),
        type_: Some("Opaque".to_owned()),
        ..Secret::default()
    }
}
