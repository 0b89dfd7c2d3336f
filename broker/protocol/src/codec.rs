//! The primitive types of Kafka's wire format: reading, writing, and what every message can do.
//!
//! Invariant: a [`Reader`] never panics, never reads past its input and never lets arrays reserve more than
//! [`RESERVED_PER_BYTE`] bytes per byte of input plus [`RESERVED_FLOOR`]. Messages are generated from `schema/` by
//! `cargo xtask gen`; they know fields and versions, this module knows bytes (KIP-482 for the flexible forms).

mod error;
mod error_counts;
#[cfg(feature = "json")]
pub mod json;
mod message;
mod reader;
mod records;
mod writer;

pub use error::{DecodeError, EncodeError};
pub use error_counts::ErrorCounts;
pub(crate) use message::message;
pub use message::{Message, MessageKind, Request};
pub use reader::{RESERVED_FLOOR, RESERVED_PER_BYTE, Reader};
pub use records::{Records, range_within};
pub use writer::{Splice, TagSection, Writer};

/// Longest string in bytes that Kafka reads or writes, also where the length field could say more.
pub const STRING_BYTES_MAX: usize = i16::MAX as usize;

/// The value of a field that is null in memory but may not be null in the version that is being written.
///
/// # Errors
/// [`EncodeError::Null`] with the name of the field.
pub fn required<'v, T>(value: &'v Option<T>, field: &'static str) -> Result<&'v T, EncodeError> {
    value.as_ref().ok_or(EncodeError::Null { field })
}
