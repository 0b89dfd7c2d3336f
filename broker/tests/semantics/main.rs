//! What clients rely on beyond the fields of single answers: order, waiting, sessions, sequences, settings, durability.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

#[path = "../harness/harness.rs"]
mod harness;

mod connections;
mod fetching;
mod producers;
mod sessions;
