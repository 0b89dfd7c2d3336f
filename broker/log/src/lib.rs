//! One replica's log on one disk: segments, indexes, producer state, group commit, recovery.
//!
//! Must not: open sockets, know raft, or know request and response messages. Read `io.rs` first, then `log.rs`.

pub mod append;
mod batch_scan;
pub mod checkpoint;
pub mod cleaner;
pub mod commit_log;
pub mod committer;
mod entry_file;
pub mod handle;
pub mod io;
pub mod leader_epoch_cache;
pub mod log;
pub mod log_config;
pub mod log_error;
pub mod manager;
pub mod meta_properties;
pub mod offset_index;
pub mod partition_metadata;
pub mod producer_snapshot;
pub mod producer_state;
pub mod recovery;
pub mod retention;
pub mod segment;
mod swap_files;
mod swap_record;
pub mod tail_checkpoint;
pub mod time_index;
pub mod transaction_index;
mod trusted;
