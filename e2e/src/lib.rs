//! The harness of the end-to-end tests: a namespace for each test, objects in and out as JSON, waits with a limit and a
//! message, clients that run in pods, and what is left behind to read when a test fails.
//!
//! It knows a Kubernetes by KUBECONFIG alone and the operator by what anybody can see of it. Must not: use code of the broker
//! or the operator. Read `stage.rs` first. `cargo xtask e2e` runs the tests; without it they are ignored.

mod clients;
mod evidence;
mod kinds;
mod objects;
mod operator;
mod stage;
mod wait;

pub use objects::topic;
pub use operator::{Operator, helm};
pub use stage::{Stage, run};
pub use wait::{condition, until};

/// Namespace of the operator.
pub const SYSTEM: &str = "highwater-system";
/// Name of the release, and of the operator's objects.
pub const RELEASE: &str = "highwater";
