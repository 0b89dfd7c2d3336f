//! The cluster's metadata: records, the image they add up to, and the handlers that decide on new ones.
//!
//! A handler is a pure function of a request, the image and ids handed in; it returns an `Outcome`. One entry for a
//! thing that cannot be done stands beside the others that can: partial failure is data, `Err` means the whole request.
//! Read `record.rs`, `image.rs` and `apply.rs` first.

pub mod admin_requests;
pub mod apply;
pub mod brokers;
pub mod chunked_map;
pub mod configs;
pub mod error;
pub mod image;
pub mod partitions;
pub mod producer_ids;
pub mod record;
pub mod snapshot;
#[cfg(test)]
mod testing;
pub mod topic_name;
pub mod topics;

pub use apply::{ApplyError, apply};
pub use error::MetadataError;
pub use image::{ConfigMap, ConfigResource, LogPosition, MetadataImage, ResourceKind};
pub use record::{MetadataBatch, MetadataRecord, RecordKind};
