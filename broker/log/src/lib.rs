//! One replica's log on one disk: segments, indexes, producer state, group commit, recovery.
//!
//! Must not: open sockets, know raft, or know request and response messages. Read `io.rs` first, then `log.rs`.

pub mod checkpoint;
pub mod commit_log;
pub mod io;
