//! Log segments in an object store: formats, copying, reading, retention, repair and discovery.
//!
//! Must not: open sockets of its own, know raft, requests or the broker's wiring; decide by a clock that it reads itself.
//! Read `keys.rs` first, then `manifest.rs`, `publish.rs`, `copy.rs` and `remote_partition.rs`. docs/object-layout.md
//! describes what lies in a bucket.

pub mod author;
pub mod bandwidth;
pub mod cache;
pub mod chunks;
pub mod copy;
pub mod discover;
pub mod entry;
pub mod expire;
pub mod faulty_store;
pub mod footer;
pub mod frame;
pub mod ids;
pub mod keys;
mod lru;
pub mod manifest;
pub mod meta;
pub mod page;
pub mod plan;
mod pool;
pub mod publish;
pub mod read;
pub mod recover;
pub mod remote_partition;
pub mod root;
pub mod scrub;
pub mod seams;
pub mod sections;
pub mod store;
pub mod store_error;
#[cfg(test)]
mod test_bucket;
pub mod url;
