//! What clients rely on beyond the fields of single answers: order, waiting, sessions, sequences, settings, durability.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

#[path = "../harness/harness.rs"]
mod harness;

mod cleaning;
mod compaction;
mod configs;
mod connections;
mod durability;
mod error_counts;
mod fetching;
mod listeners;
mod metrics;
mod offsets;
mod producers;
mod recompression;
mod session_turns;
mod sessions;
mod topics;
mod watermark;
