//! Headers of requests and responses.
//!
//! A request's first eight bytes have the same form in every version, so that even a request of an unknown API or version
//! tells enough to answer it or to close the connection with a reason.

use std::borrow::Cow;

use crate::api_key::ApiKey;
use crate::codec::{DecodeError, EncodeError, Reader, Writer};
use crate::messages::{RequestHeader, ResponseHeader};

/// A frame taken apart into header and body.
#[derive(Clone, Debug)]
pub struct RequestFrame<'a> {
    /// Key of the API as it stands on the wire.
    pub api_key: i16,
    /// The API; `None` if Kafka 4.3 does not know the key, and then nothing behind the correlation id was read.
    pub api: Option<ApiKey>,
    /// Version of the request; may be one that does not exist.
    pub version: i16,
    /// Number that the response repeats.
    pub correlation_id: i32,
    /// Name that the client gives itself (`client.id`).
    pub client_id: Option<Cow<'a, str>>,
    /// The body of the request.
    pub body: Reader<'a>,
}

/// Reads the header of a request; `frame` is what follows the frame's size.
///
/// The header is read by the version that the request claims, also where that version is newer than any known: later
/// headers so far only add tagged fields. ApiVersions above its range is to be answered in version 0 (KIP-511).
///
/// # Errors
/// A frame that is too short or whose client id is no string: the connection is to be closed.
pub fn decode_request_header(frame: &[u8]) -> Result<RequestFrame<'_>, DecodeError> {
    let mut start = Reader::new(frame);
    let (api_key, version, correlation_id) = (start.i16()?, start.i16()?, start.i32()?);
    let Some(api) = ApiKey::from_code(api_key) else {
        return Ok(RequestFrame {
            api_key,
            api: None,
            version,
            correlation_id,
            client_id: None,
            body: start,
        });
    };
    let mut body = Reader::new(frame);
    let header = RequestHeader::decode(&mut body, api.request_header_version(version))?;
    Ok(RequestFrame { api_key, api: Some(api), version, correlation_id, client_id: header.client_id, body })
}

/// Appends the header of a request.
///
/// # Errors
/// A client id above 32,767 bytes.
pub fn encode_request_header(
    writer: &mut Writer,
    api: ApiKey,
    version: i16,
    correlation_id: i32,
    client_id: Option<&str>,
) -> Result<(), EncodeError> {
    let header = RequestHeader {
        request_api_key: api.code(),
        request_api_version: version,
        correlation_id,
        client_id: client_id.map(Cow::Borrowed),
    };
    header.encode(writer, api.request_header_version(version))
}

/// Appends the header of the response to a request of this API and version.
///
/// # Errors
/// None that can happen; the signature is that of every message.
pub fn encode_response_header(
    writer: &mut Writer,
    api: ApiKey,
    version: i16,
    correlation_id: i32,
) -> Result<(), EncodeError> {
    ResponseHeader { correlation_id }.encode(writer, api.response_header_version(version))
}

/// Reads the header of the response to a request of this API and version, and returns the correlation id.
///
/// # Errors
/// A response that is too short.
pub fn decode_response_header(
    reader: &mut Reader<'_>,
    api: ApiKey,
    version: i16,
) -> Result<i32, DecodeError> {
    Ok(ResponseHeader::decode(reader, api.response_header_version(version))?.correlation_id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_of_a_flexible_version_has_tagged_fields_and_a_plain_client_id() {
        let frame = [0, 1, 0, 12, 0, 0, 0, 7, 0, 2, b'm', b'e', 1, 5, 1, 9, 42];
        let request = decode_request_header(&frame).unwrap();
        assert_eq!((request.api, request.version, request.correlation_id), (Some(ApiKey::Fetch), 12, 7));
        assert_eq!(request.client_id.as_deref(), Some("me"));
        assert_eq!(request.body.rest(), [42]);
    }

    #[test]
    fn unknown_api_still_tells_its_correlation_id() {
        let request = decode_request_header(&[0x7f, 0, 0, 1, 0, 0, 0, 9, 0xff]).unwrap();
        assert_eq!((request.api, request.api_key, request.correlation_id), (None, 0x7f00, 9));
    }

    #[test]
    fn unknown_version_of_api_versions_is_readable() {
        let mut writer = Writer::new();
        encode_request_header(&mut writer, ApiKey::ApiVersions, 99, 5, Some("new")).unwrap();
        let request = decode_request_header(writer.bytes()).unwrap();
        assert_eq!((request.version, request.correlation_id, request.body.remaining()), (99, 5, 0));
    }

    #[test]
    fn truncated_header_is_an_error() {
        assert!(decode_request_header(&[0, 1, 0, 12, 0, 0]).is_err());
        assert!(decode_request_header(&[0, 1, 0, 12, 0, 0, 0, 7, 0, 9, b'm']).is_err());
    }

    #[test]
    fn response_header_of_api_versions_has_no_tagged_fields() {
        let mut writer = Writer::frame();
        encode_response_header(&mut writer, ApiKey::ApiVersions, 4, 3).unwrap();
        writer.finish_frame().unwrap();
        assert_eq!(writer.bytes(), [0, 0, 0, 4, 0, 0, 0, 3]);
    }
}
