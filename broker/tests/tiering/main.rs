//! A broker with an object store: what is copied, what leaves the disk, what clients read of it, what is deleted.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

#[path = "../harness/harness.rs"]
mod harness;

mod borders;
mod bounds;
mod compaction;
mod copying;
mod deleting;
mod late;
mod lineage;
mod lives;
mod scrubbing;
mod starting;
mod store;
mod trouble;
mod wiring;
