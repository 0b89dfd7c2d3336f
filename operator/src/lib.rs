//! Turns `Cluster`, `Topic` and `ConsumerGroup` resources into brokers, topics and groups.
//!
//! Every reconcile is `fetch -> validate -> plan -> build -> apply -> status`: `validate`, `plan` and `build` are pure, only
//! `apply.rs` writes objects, only a `status.rs` composes a status. Must not: speak Kafka, or write anything once all is as
//! it should be. Read `controllers/cluster.rs` first.

pub mod api_requests;
pub mod apply;
pub mod broker_admin;
pub mod build;
pub mod context;
pub mod controllers;
pub mod error;
pub mod events;
pub mod http;
pub mod leader;
pub mod metrics;
pub mod names;
pub mod options;
pub mod run;
