//! A small Kafka client for tests, simulation and benchmarks; not for users: it retries, reconnects and batches nothing.
//!
//! It runs over any byte stream, so that a simulated network does as well as a socket. Must not: open sockets, read a
//! clock, know the broker. Read `client.rs` first, then `calls.rs`.

mod calls;
mod client;
mod frame;
mod records;

pub use calls::{CreatedTopic, FetchOptions, Fetched, InitializedProducer, ListedOffset, Produced};
pub use client::{Client, Receiver, Sender};
pub use frame::{FRAME_BYTES_MAX, Frame, read_frame};
pub use records::{OwnedRecord, read_records};

use broker_protocol::api_key::ApiKey;
use broker_protocol::codec::{DecodeError, EncodeError};
use thiserror::Error;

/// Why a call did not come to an answer. Errors that the broker answers with are part of the answer.
#[derive(Debug, Error)]
pub enum ClientError {
    /// The stream failed; the connection is of no more use.
    #[error("connection failed: {0}")]
    Io(#[from] std::io::Error),
    /// The broker closed the connection where a response was due.
    #[error("broker closed the connection before answering {api:?}")]
    Closed {
        /// The request that stays without answer.
        api: ApiKey,
    },
    /// `receive` was called without a request that waits for its response.
    #[error("no request waits for a response")]
    NothingPending,
    /// A frame's size is negative or above `FRAME_BYTES_MAX`.
    #[error("frame of {size} bytes, expected 0 to {FRAME_BYTES_MAX}")]
    FrameSize {
        /// Size as read.
        size: i32,
    },
    /// Responses come in the order of the requests; this one does not.
    #[error("response has correlation id {found}, expected {expected}")]
    OutOfOrder {
        /// Correlation id of the oldest request without response.
        expected: i32,
        /// Correlation id of the response.
        found: i32,
    },
    /// The response's bytes are not the message that was due.
    #[error("response to {api:?} version {version} cannot be read: {source}")]
    Response {
        /// API of the request.
        api: ApiKey,
        /// Version of the request.
        version: i16,
        /// What is wrong.
        source: DecodeError,
    },
    /// The request cannot be written in this version.
    #[error("request cannot be written: {0}")]
    Request(#[from] EncodeError),
    /// The response lacks the topic or partition that was asked for.
    #[error("response to {api:?} does not name the partition that was asked for")]
    MissingPartition {
        /// API of the request.
        api: ApiKey,
    },
}
