//! What every generated message can do, for code that is generic over messages.

use std::ops::RangeInclusive;

use super::{DecodeError, EncodeError, Reader, Writer};
use crate::api_key::ApiKey;

/// What a message is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageKind {
    /// Body of a request.
    Request,
    /// Body of a response.
    Response,
    /// Header of a request or response.
    Header,
    /// A value inside records or files, for example a committed offset.
    Data,
}

/// A message of Kafka's protocol. The methods are the inherent ones of each message.
pub trait Message<'a>: Sized + Clone + Default + PartialEq + std::fmt::Debug {
    /// Name in Kafka's source, for example `FetchRequest`.
    const NAME: &'static str;
    /// What the message is for.
    const KIND: MessageKind;
    /// Versions that this codec reads and writes; see [`crate::api_key::SUPPORTED`] for those that the broker serves.
    const VERSIONS: RangeInclusive<i16>;
    /// The first version with compact lengths and tagged fields; `i16::MAX` if there is none.
    const FLEXIBLE_SINCE: i16;

    /// Reads one message and leaves the reader behind it.
    ///
    /// # Errors
    /// Anything in the input that is not this message in this version.
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError>;

    /// Appends the message. A field that the version lacks is left out whatever its value.
    ///
    /// # Errors
    /// A null that the version does not allow, a length beyond its type, an unknown version.
    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError>;
}

/// A request, with the response that answers it.
pub trait Request<'a>: Message<'a> {
    /// The API that the request calls.
    const API_KEY: ApiKey;
    /// The message that answers.
    type Response<'r>: Message<'r>;
}

/// Implements [`Message`] by a message's inherent methods.
macro_rules! message {
    ($message:ident $(<$lifetime:lifetime>)?, $kind:ident) => {
        impl<'a> $crate::codec::Message<'a> for $message $(<$lifetime>)? {
            const NAME: &'static str = stringify!($message);
            const KIND: $crate::codec::MessageKind = $crate::codec::MessageKind::$kind;
            const VERSIONS: std::ops::RangeInclusive<i16> = Self::VERSIONS;
            const FLEXIBLE_SINCE: i16 = Self::FLEXIBLE_SINCE;

            fn decode(
                reader: &mut $crate::codec::Reader<'a>,
                version: i16,
            ) -> Result<Self, $crate::codec::DecodeError> {
                Self::decode(reader, version)
            }

            fn encode(
                &self,
                writer: &mut $crate::codec::Writer,
                version: i16,
            ) -> Result<(), $crate::codec::EncodeError> {
                Self::encode(self, writer, version)
            }
        }
    };
}
pub(crate) use message;
