//! Frames: four bytes of size, then a header and a body. A response is kept as it came and decoded where it lies.

use broker_protocol::api_key::ApiKey;
use broker_protocol::codec::{Message, Reader};
use broker_protocol::header::decode_response_header;
use tokio::io::{AsyncRead, AsyncReadExt};

use crate::ClientError;

/// Largest frame that is read, so that a broken peer cannot take all memory; above Kafka's `socket.request.max.bytes`.
pub const FRAME_BYTES_MAX: i32 = 128 * 1024 * 1024;

/// A response with its header read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Frame {
    /// API of the request that it answers.
    pub api: ApiKey,
    /// Version of the request that it answers.
    pub version: i16,
    /// Number that the request had.
    pub correlation_id: i32,
    bytes: Vec<u8>,
    body_at: usize,
}

impl Frame {
    /// Takes the header off a response's bytes, which come without their size.
    pub(crate) fn parse(bytes: Vec<u8>, api: ApiKey, version: i16) -> Result<Frame, ClientError> {
        let mut reader = Reader::new(&bytes);
        let correlation_id = decode_response_header(&mut reader, api, version)
            .map_err(|source| ClientError::Response { api, version, source })?;
        let body_at = bytes.len() - reader.remaining();
        Ok(Frame { api, version, correlation_id, bytes, body_at })
    }

    /// The body's bytes.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.bytes[self.body_at..]
    }

    /// Decodes the body in the version of the request; nothing may be left behind it.
    ///
    /// # Errors
    /// `Response` if the bytes are not this message.
    pub fn decode<'a, M: Message<'a>>(&'a self) -> Result<M, ClientError> {
        self.decode_version(self.version)
    }

    /// Decodes the body in another version, as an ApiVersions response to an unknown version demands (KIP-511).
    ///
    /// # Errors
    /// `Response` if the bytes are not this message.
    pub fn decode_version<'a, M: Message<'a>>(&'a self, version: i16) -> Result<M, ClientError> {
        let mut reader = Reader::new(self.body());
        M::decode(&mut reader, version)
            .and_then(|message| reader.expect_end().map(|()| message))
            .map_err(|source| ClientError::Response { api: self.api, version, source })
    }
}

/// Reads one frame and returns what follows its size; `None` if the stream ends before it. Not cancel safe: a frame that
/// was begun is lost.
///
/// # Errors
/// `FrameSize`, or `Io` if the stream fails or ends inside the frame.
pub async fn read_frame<R: AsyncRead + Unpin>(reader: &mut R) -> Result<Option<Vec<u8>>, ClientError> {
    let mut size = [0; 4];
    if reader.read(&mut size[..1]).await? == 0 {
        return Ok(None);
    }
    reader.read_exact(&mut size[1..]).await?;
    let size = i32::from_be_bytes(size);
    let length = u64::try_from(size)
        .ok()
        .filter(|_| size <= FRAME_BYTES_MAX)
        .ok_or(ClientError::FrameSize { size })?;
    let mut bytes = Vec::new();
    // Memory grows with what arrives, not with what is announced.
    let read = reader.take(length).read_to_end(&mut bytes).await?;
    if u64::try_from(read) != Ok(length) {
        return Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof).into());
    }
    Ok(Some(bytes))
}
