//! A cluster comes back from its object store: what `highwater-broker recover` makes of it, with whatever fails meanwhile.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

#[path = "../harness/harness.rs"]
mod harness;

mod bucket;
mod crashes;
mod earlier;
mod parted;
mod refusals;
mod snapshots;
mod whole;
