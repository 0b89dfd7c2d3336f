//! The frame around every message in an object store, so that damage and versions are noticed before anything is read.
//!
//! ```text
//! 0 magic, 4 bytes | 4 version u16 | 6 zero u16 | 8 length of the body u32 | 12 crc u32 | 16 body
//! ```
//! Big endian. The CRC-32C covers the first 12 bytes and the body.

use prost::Message;
use thiserror::Error;

/// Bytes before the body.
pub const FRAME_HEADER_BYTES: usize = 16;
/// The version that is written. All versions up to it are read.
pub const VERSION: u16 = 1;
/// Most bytes of a frame: far above what a manifest may grow to.
pub const FRAME_BYTES_MAX: usize = 64 << 20;

const CRC_AT: usize = 12;

/// What a frame holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// `Root`.
    Root,
    /// `Manifest`.
    Manifest,
    /// `Page`.
    Page,
    /// `Footer`.
    Footer,
    /// `MetaSnapshot`.
    MetaSnapshot,
    /// A chunk of the disk cache.
    Chunk,
}

impl Kind {
    const fn magic(self) -> [u8; 4] {
        match self {
            Kind::Root => *b"HWTR",
            Kind::Manifest => *b"HWTM",
            Kind::Page => *b"HWTP",
            Kind::Footer => *b"HWTF",
            Kind::MetaSnapshot => *b"HWTS",
            Kind::Chunk => *b"HWTC",
        }
    }
}

/// Why the content of an object cannot be used.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum FormatError {
    /// Too short, too long, or another kind of object.
    #[error("{0:?} has {1} bytes that are no frame of its kind")]
    NoFrame(Kind, usize),
    /// Written by a later release.
    #[error("{0:?} has format version {1}, this release reads up to {VERSION}")]
    Version(Kind, u16),
    /// The bytes are not those that were written.
    #[error("{0:?} does not fit its checksum")]
    Checksum(Kind),
    /// The checksum fits, but the content makes no sense.
    #[error("{0:?} is inconsistent: {1}")]
    Inconsistent(Kind, String),
}

impl FormatError {
    pub(crate) fn inconsistent(kind: Kind, reason: impl Into<String>) -> FormatError {
        FormatError::Inconsistent(kind, reason.into())
    }
}

/// CRC-32C (Castagnoli).
#[must_use]
pub fn crc32c(bytes: &[u8]) -> u32 {
    let mut crc = Crc::new();
    crc.update(bytes);
    crc.finish()
}

/// CRC-32C of bytes that come piece by piece.
pub struct Crc(crc_fast::Digest);

impl std::fmt::Debug for Crc {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Crc")
    }
}

impl Default for Crc {
    fn default() -> Self {
        Crc::new()
    }
}

impl Crc {
    /// The checksum of nothing.
    #[must_use]
    pub fn new() -> Crc {
        Crc(crc_fast::Digest::new(crc_fast::CrcAlgorithm::Crc32Iscsi))
    }

    /// Goes on with these bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The checksum of all bytes.
    #[must_use]
    pub fn finish(&self) -> u32 {
        u32::try_from(self.0.finalize()).expect("a 32-bit crc fits a u32")
    }
}

/// Puts a frame around a body.
///
/// # Panics
/// If the body has more than 64 MiB, against which whoever makes bodies has limits of their own.
#[must_use]
pub fn wrap(kind: Kind, body: &[u8]) -> Vec<u8> {
    assert!(body.len() <= FRAME_BYTES_MAX - FRAME_HEADER_BYTES, "{kind:?} of {} bytes", body.len());
    let length = u32::try_from(body.len()).expect("64 MiB fit a u32");
    let mut bytes = Vec::with_capacity(FRAME_HEADER_BYTES + body.len());
    bytes.extend_from_slice(&kind.magic());
    bytes.extend_from_slice(&VERSION.to_be_bytes());
    bytes.extend_from_slice(&[0; 2]);
    bytes.extend_from_slice(&length.to_be_bytes());
    let crc = frame_crc(&bytes, body);
    bytes.extend_from_slice(&crc.to_be_bytes());
    bytes.extend_from_slice(body);
    bytes
}

/// The body of a frame that fills `bytes`.
///
/// # Errors
/// `NoFrame`, `Version` or `Checksum`.
pub fn unwrap(kind: Kind, bytes: &[u8]) -> Result<&[u8], FormatError> {
    let no_frame = || FormatError::NoFrame(kind, bytes.len());
    let (header, body) = bytes.split_at_checked(FRAME_HEADER_BYTES).ok_or_else(no_frame)?;
    if header[..4] != kind.magic() || bytes.len() > FRAME_BYTES_MAX {
        return Err(no_frame());
    }
    let length = u32::from_be_bytes(array(header, 8));
    let fits = usize::try_from(length).is_ok_and(|length| length == body.len());
    let crc = u32::from_be_bytes(array(header, CRC_AT));
    let version = u16::from_be_bytes(array(header, 4));
    if !fits {
        return Err(no_frame());
    }
    if crc != frame_crc(&header[..CRC_AT], body) {
        return Err(FormatError::Checksum(kind));
    }
    if version == 0 || version > VERSION {
        return Err(FormatError::Version(kind, version));
    }
    Ok(body)
}

/// A message in a frame.
pub(crate) fn encode<M: Message>(kind: Kind, message: &M) -> Vec<u8> {
    wrap(kind, &message.encode_to_vec())
}

/// The message of a frame. `repeated` says which fields repeat a message that takes much memory, and how many bytes
/// such a message has at least, so that few bytes cannot ask for much memory.
pub(crate) fn decode<M: Message + Default>(
    kind: Kind,
    bytes: &[u8],
    repeated: &[(u32, usize)],
) -> Result<M, FormatError> {
    let body = unwrap(kind, bytes)?;
    check_repeated(body, repeated)
        .ok_or_else(|| FormatError::inconsistent(kind, "a repeated message is shorter than can be"))?;
    M::decode(body).map_err(|error| FormatError::inconsistent(kind, error.to_string()))
}

/// Walks the fields of a message. `None` where one of the given fields is too short, or where there is no field.
fn check_repeated(mut body: &[u8], repeated: &[(u32, usize)]) -> Option<()> {
    const VARINT: u64 = 0;
    const EIGHT: u64 = 1;
    const LENGTH: u64 = 2;
    const FOUR: u64 = 5;
    while !body.is_empty() {
        let tag = varint(&mut body)?;
        let skip = match tag & 7 {
            VARINT => {
                varint(&mut body)?;
                0
            }
            EIGHT => 8,
            FOUR => 4,
            LENGTH => {
                let length = usize::try_from(varint(&mut body)?).ok()?;
                let least = repeated.iter().find(|(field, _)| u64::from(*field) == tag >> 3);
                if least.is_some_and(|(_, least)| length < *least) {
                    return None;
                }
                length
            }
            _ => return None,
        };
        body = body.get(skip..)?;
    }
    Some(())
}

fn varint(body: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = body.split_first()?;
        *body = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

fn frame_crc(header: &[u8], body: &[u8]) -> u32 {
    let mut crc = Crc::new();
    crc.update(header);
    crc.update(body);
    crc.finish()
}

/// The `N` bytes at `at`; the caller has checked that they are there.
pub(crate) fn array<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    bytes[at..at + N].try_into().expect("a range of N bytes has N bytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_read_back_as_its_own_kind_only() {
        let bytes = wrap(Kind::Page, b"body");
        assert_eq!(unwrap(Kind::Page, &bytes), Ok(&b"body"[..]));
        assert_eq!(unwrap(Kind::Root, &bytes), Err(FormatError::NoFrame(Kind::Root, bytes.len())));
    }

    #[test]
    fn any_flipped_bit_or_missing_byte_is_noticed() {
        let bytes = wrap(Kind::Manifest, b"some body");
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0x10;
            assert!(unwrap(Kind::Manifest, &damaged).is_err(), "byte {at}");
            assert!(unwrap(Kind::Manifest, &bytes[..at]).is_err(), "length {at}");
        }
        let longer = [&bytes[..], b"x"].concat();
        assert!(unwrap(Kind::Manifest, &longer).is_err());
    }

    #[test]
    fn a_later_version_is_told_from_damage() {
        let mut bytes = wrap(Kind::Root, b"");
        bytes[5] = 2;
        let crc = frame_crc(&bytes[..CRC_AT], b"");
        bytes[CRC_AT..FRAME_HEADER_BYTES].copy_from_slice(&crc.to_be_bytes());
        assert_eq!(unwrap(Kind::Root, &bytes), Err(FormatError::Version(Kind::Root, 2)));
    }

    #[test]
    fn short_repeated_messages_are_refused_before_anything_is_reserved() {
        // Field 14, length 0: two bytes for which a reader would reserve a whole entry.
        assert_eq!(check_repeated(&[0x72, 0x00], &[(14, 80)]), None);
        assert_eq!(check_repeated(&[0x72, 0x00], &[(13, 80)]), Some(()));
        assert_eq!(check_repeated(&[0x72], &[]), None);
        assert_eq!(check_repeated(&[0x77, 0x00], &[]), None);
    }
}
