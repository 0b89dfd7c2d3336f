//! Kafka's wire format: messages generated from `schema/`, newtypes, record batches, one table of API versions.
//!
//! Must not: do I/O, know tokio, read a clock. Read `types.rs` first, then `codec.rs`, then `record_batch.rs`.

pub mod api_key;
pub mod batch_builder;
pub mod codec;
pub mod compression;
pub mod control_record;
pub mod error_code;
pub mod header;
pub mod messages;
pub mod record;
pub mod record_batch;
pub mod types;
pub mod validate;
