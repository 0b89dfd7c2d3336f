//! Where replicas and preferred leaders go: a pure planner, for the operator (Topic resources, drains) and the
//! controller.
//!
//! Must not: use tokio, a disk, a network, a clock, randomness, or an order that hashing decides; know Kubernetes,
//! requests or the broker. The same input gives the same output. Read `model.rs` first, then `plan.rs`.
//!
//! Four questions, one function each:
//! * [`plan()`]: a layout for a topic, from its previous layout. Nothing moves that can stay: replicas go only where one
//!   is missing, and leave only a broker that is draining or gone, or because fewer are wanted. Brokers that join move
//!   nothing.
//! * [`rebalance()`]: the same, and then as few further moves as bring the topic within a tolerance, up to a bound.
//! * [`drain()`]: layouts that take every replica off one broker, over many topics.
//! * [`steps()`]: the way from layouts to layouts in batches, each safe to stop after.
//!
//! What is placed is placed by these rules, the first weighs most:
//! 1. The replicas of a partition lie on distinct brokers that accept replicas: known and not draining.
//! 2. They spread over racks as evenly as those brokers allow: no rack twice while another is unused, none three times
//!    while another is used once. All brokers without a rack count as one rack: what is not known to be apart is not
//!    counted on as apart.
//! 3. The replicas of the topic spread evenly over the brokers: within 1 of each other for a topic without a previous
//!    layout, if all racks have the same number of brokers; else as even as rules 1 and 2 and the replicas that stay
//!    allow. This comes before rule 4, so that an empty broker does not get all partitions of the next topic.
//! 4. Then the total over all topics is as even as it can be.
//!
//! Preferred leaders follow rules 3 and 4 among the replicas; one that can stay stays.
//!
//! Cost, with P partitions, R replicas each, n brokers and c chains of moves (`chains.rs`) that improve the first
//! choice: `O(P·R·n + c·(n² + P·R))` time, `O(P·R + n²)` memory. A layout without an improvement to make has c = 0.

mod chains;
mod draft;
mod drain;
mod error;
mod leaders;
mod model;
mod plan;
mod postconditions;
mod rebalance;
mod replicas;
mod steps;

pub use drain::{Topic, drain};
pub use error::{BlockedTopic, LayoutError, PlanError};
pub use model::{Broker, BrokerId, Change, Layout, Load, Loads, Problem};
pub use plan::plan;
pub use postconditions::uneven_partitions;
pub use rebalance::{Rebalance, RebalanceLimits, rebalance};
pub use steps::{Action, PARTITIONS_PER_BATCH_MAX, Step, steps};
