//! What a Cluster is made of, one Kubernetes kind per file. Pure: a validated Cluster in, one object out.

pub mod config_map;
pub mod network_policy;
pub mod pod_disruption_budget;
pub mod secret;
pub mod service_account;
pub mod service_monitor;
pub mod services;
pub mod stateful_set;

#[cfg(test)]
mod tests;
