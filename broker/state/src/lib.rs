//! Pure replicated state machines: the metadata image and the consumer groups.
//!
//! Must not: use tokio, a disk, a network, a clock, randomness, or an order that hashing decides. Time and ids come in
//! as arguments; handlers return records, and only `apply` changes state. Read `outcome.rs` first, then
//! `metadata/apply.rs`.

pub mod group;
pub mod metadata;
pub mod outcome;
