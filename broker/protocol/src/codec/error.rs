//! What can be wrong with bytes that claim to be a message, and with a message that is to become bytes.

use thiserror::Error;

/// Why bytes are not the message that they claim to be. The connection that sent them is to be closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum DecodeError {
    /// The input ends inside a value.
    #[error("input ends early: {wanted} bytes wanted, {remaining} left")]
    UnexpectedEnd {
        /// Bytes that the value needs.
        wanted: usize,
        /// Bytes that are left.
        remaining: usize,
    },
    /// A length that is negative where null is not allowed, or above the type's limit.
    #[error("length {length} is not valid for a {kind}")]
    InvalidLength {
        /// Type of the value.
        kind: &'static str,
        /// Length as read.
        length: i64,
    },
    /// An array announces more elements than the rest of the input can hold.
    #[error("array of {count} elements does not fit into the {remaining} bytes that are left")]
    ArrayTooLong {
        /// Elements announced.
        count: usize,
        /// Bytes that are left.
        remaining: usize,
    },
    /// The arrays of the message would take far more memory than the input is long.
    #[error("array of {count} elements exceeds the memory that an input of this length may take")]
    OverBudget {
        /// Elements announced.
        count: usize,
    },
    /// A string is not UTF-8.
    #[error("string is not valid utf-8")]
    Utf8,
    /// A variable-length integer does not end within its type.
    #[error("varint is longer than its type allows")]
    Varint,
    /// A known tagged field is shorter than its declared size.
    #[error("tagged field {tag} leaves {unread} of its bytes unread")]
    TaggedFieldSize {
        /// Number of the field.
        tag: u32,
        /// Bytes left over.
        unread: usize,
    },
    /// The message does not exist in this version.
    #[error("{message} has no version {version}")]
    UnsupportedVersion {
        /// Name of the message.
        message: &'static str,
        /// Version asked for.
        version: i16,
    },
    /// Bytes follow the end of the message.
    #[error("{remaining} bytes follow the end of the message")]
    TrailingBytes {
        /// How many.
        remaining: usize,
    },
}

/// Why a message cannot be written. It is a mistake of the writer, never of the peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum EncodeError {
    /// A field is null that may not be null in this version.
    #[error("field {field} is null, which this version does not allow")]
    Null {
        /// Name of the field.
        field: &'static str,
    },
    /// A value is longer than its length field can say.
    #[error("{kind} of length {length} is too long")]
    TooLong {
        /// Type of the value.
        kind: &'static str,
        /// Its length in bytes or elements.
        length: usize,
    },
    /// The message does not exist in this version.
    #[error("{message} has no version {version}")]
    UnsupportedVersion {
        /// Name of the message.
        message: &'static str,
        /// Version asked for.
        version: i16,
    },
}
