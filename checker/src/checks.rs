//! One rule per file. A rule over the finished tables is a function `check(&Tables, …, &mut Report)`; a rule about the
//! course of events is a struct whose `observe` sees each of them.

pub(crate) mod aborted_read;
pub(crate) mod acked_offset;
pub(crate) mod bounds;
pub(crate) mod committed_offset;
pub(crate) mod consume_count;
pub(crate) mod deletes;
pub(crate) mod duplicate;
pub(crate) mod inconsistent_offsets;
pub(crate) mod lost_write;
pub(crate) mod payload_checksum;
pub(crate) mod poll_order;
pub(crate) mod precommitted_read;
pub(crate) mod realtime_lag;
pub(crate) mod send_order;
pub(crate) mod unknown_value;
pub(crate) mod unseen;
pub(crate) mod wrong_key;
