//! What is no request, or a bad one, costs its sender an error or its connection, and nobody else anything.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

#[path = "../harness/harness.rs"]
mod harness;

mod crowds;
mod damaged_files;
mod damaged_reads;
mod frames;
mod lost_metadata;
mod names;
mod records;
mod repetition;
