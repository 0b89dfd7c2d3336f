//! The admin service: what an operator asks of a broker over gRPC, and what it is told.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

#[path = "../harness/harness.rs"]
mod harness;

mod access;
mod changes;
mod cluster;
mod compatibility;
mod group_offsets;
mod operator;
mod stale;
mod topics;
