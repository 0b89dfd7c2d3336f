//! The broker process as a library: sockets, tasks and wiring. Logic lives in the crates below it.
//!
//! Must not: decide anything about metadata or groups (broker-state does) or touch a file but through `Env`'s disk.
//! Read `server.rs` first (what runs), then `api/dispatch.rs` (what it answers), then `api/produce.rs`.

pub mod admin;
pub mod api;
pub mod controller;
pub mod coordinator;
pub mod env;
pub mod http;
pub mod internal_topics;
pub mod lifecycle;
pub mod metrics;
pub mod net;
pub mod producer_ids;
pub mod quorum;
pub mod recover;
pub mod replication;
pub mod server;
pub mod startup;
pub mod telemetry;
pub mod tiering;
pub mod topic_settings;
