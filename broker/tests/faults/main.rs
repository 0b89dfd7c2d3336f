//! Faults that a broker must survive, each with a test that carries the number of its row (`cargo xtask coverage`).

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

#[path = "../harness/harness.rs"]
mod harness;

mod clock;
mod deletion;
mod disk;
mod overload;
mod producers;
