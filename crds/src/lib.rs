//! The custom resources of Highwater, group `highwater.dev`, version `v1alpha1`: [`cluster::Cluster`], [`topic::Topic`] and
//! [`consumer_group::ConsumerGroup`]. The YAML in `yaml/` is written from here by `cargo xtask gen`.
//!
//! Must not: decide anything; what a resource means for a broker is the operator's. What can be said by a schema or a CEL
//! rule is said here, so that the API server refuses it at admission.
#![allow(clippy::duplicated_attributes, reason = "each printed column has a name, a type and a path")]
#![expect(unreachable_pub, reason = "KubeSchema repeats each struct inside of a function")]

pub mod cluster;
pub mod cluster_status;
pub mod conditions;
pub mod config;
pub mod consumer_group;
pub mod consumer_group_status;
pub mod pod;
pub mod quantity;
pub mod references;
pub mod topic;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::CustomResourceExt;

/// API group of all kinds.
pub const GROUP: &str = "highwater.dev";
/// Version of the API.
pub const VERSION: &str = "v1alpha1";

/// The definitions of all kinds, by plural name.
#[must_use]
pub fn all() -> Vec<(&'static str, CustomResourceDefinition)> {
    vec![
        ("clusters", cluster::Cluster::crd()),
        ("consumergroups", consumer_group::ConsumerGroup::crd()),
        ("topics", topic::Topic::crd()),
    ]
}

#[cfg(test)]
mod tests;
