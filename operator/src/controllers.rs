//! One controller per kind: `fetch -> validate -> plan -> build -> apply -> status`.

pub mod cluster;
pub mod consumer_group;
pub mod reconcile;
pub mod topic;
