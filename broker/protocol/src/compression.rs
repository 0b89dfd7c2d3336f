//! The compressions a record batch may use, and the bounded opening and making of compressed record bytes.
//!
//! Only the bytes behind the batch header are compressed; the header itself never is. Whoever opens bytes names the most
//! it will hold: a few hostile bytes can stand for gigabytes.
//!
//! Snappy comes in two forms. Java frames it as snappy-java's "xerial" stream, `\x82SNAPPY\0`, two versions of four
//! bytes, then chunks of a four-byte length and one snappy block; librdkafka sends one bare block. Both are read, the
//! framed one is written, since Java reads nothing else.

use std::io::{Read, Write};

use thiserror::Error;

/// Compression of a record batch: bits 0 to 2 of its attributes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Compression {
    /// Records as they are.
    #[default]
    None,
    /// RFC 1952.
    Gzip,
    /// Snappy, in xerial's framing (Java) or as one raw block (librdkafka).
    Snappy,
    /// LZ4's standard frame format.
    Lz4,
    /// RFC 8878 (KIP-110).
    Zstd,
}

impl Compression {
    /// Every compression, in the order of the ids.
    pub const ALL: [Compression; 5] =
        [Compression::None, Compression::Gzip, Compression::Snappy, Compression::Lz4, Compression::Zstd];

    /// The number in a batch's attributes, 0 to 4.
    #[must_use]
    pub fn id(self) -> u8 {
        self as u8
    }

    /// The compression with this number; `None` for the reserved numbers 5 to 7 and everything above.
    #[must_use]
    pub fn from_id(id: u8) -> Option<Compression> {
        Compression::ALL.get(usize::from(id)).copied()
    }

    /// The name used by `compression.type`, in lower case.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Compression::None => "none",
            Compression::Gzip => "gzip",
            Compression::Snappy => "snappy",
            Compression::Lz4 => "lz4",
            Compression::Zstd => "zstd",
        }
    }

    /// The compression of this lower-case name; `None` for other names. The topic settings `producer` and
    /// `uncompressed` are not compressions.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Compression> {
        Compression::ALL.into_iter().find(|compression| compression.name() == name)
    }
}

impl std::fmt::Display for Compression {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// Why compressed bytes cannot be opened.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum CompressionError {
    /// The content is longer than the caller wants to hold.
    #[error("{compression} content is longer than the {limit} bytes that may be held")]
    TooLarge {
        /// Compression of the bytes.
        compression: Compression,
        /// Most bytes of content allowed.
        limit: usize,
    },
    /// The bytes are not of this compression, or cut off.
    #[error("{compression} content cannot be read: {reason}")]
    Corrupt {
        /// Compression that the bytes should have.
        compression: Compression,
        /// What the decoder met.
        reason: String,
    },
}

/// Largest window a zstd frame may ask for, as a power of two. It is what zstd's own level 22 and Kafka's client use;
/// pages of the window are only touched as content arrives, which the caller's limit bounds.
const ZSTD_WINDOW_LOG_MAX: u32 = 27;

/// Level used for gzip when none is set, as Kafka's `compression.gzip.level`.
const GZIP_LEVEL: i32 = 6;

/// Level used for zstd when none is set, as Kafka's `compression.zstd.level`.
const ZSTD_LEVEL: i32 = 3;

/// First bytes of an LZ4 frame.
const LZ4_MAGIC: [u8; 4] = 0x184D_2204_u32.to_le_bytes();

/// First bytes of snappy-java's framing.
const XERIAL_MAGIC: [u8; 8] = *b"\x82SNAPPY\0";

/// Bytes of snappy-java's stream header: the magic, its version and the oldest version that reads it.
const XERIAL_HEADER_BYTES: usize = 16;

/// Bytes of content in one chunk that we write, as snappy-java does.
const XERIAL_CHUNK_BYTES: usize = 32 * 1024;

/// No snappy block grows more than this: its densest element makes 64 bytes out of three.
const SNAPPY_RATIO_MAX: usize = 22;

impl Compression {
    /// Opens `input`, holding at most `limit` bytes of content (plus the decoder's own window).
    ///
    /// # Errors
    /// `TooLarge` if there is more content than `limit`, `Corrupt` if the bytes are not of this compression.
    pub fn decompress(self, input: &[u8], limit: usize) -> Result<Vec<u8>, CompressionError> {
        match self {
            Compression::None if input.len() > limit => Err(self.too_large(limit)),
            Compression::None => Ok(input.to_vec()),
            Compression::Gzip => self.read_limited(flate2::bufread::MultiGzDecoder::new(input), limit),
            Compression::Snappy => decompress_snappy(input, limit),
            Compression::Lz4 if !input.starts_with(&LZ4_MAGIC) => Err(self.corrupt("no lz4 frame")),
            Compression::Lz4 => self.read_limited(lz4_flex::frame::FrameDecoder::new(input), limit),
            Compression::Zstd => {
                let decoder = zstd::stream::read::Decoder::with_buffer(input).and_then(|mut decoder| {
                    decoder.window_log_max(ZSTD_WINDOW_LOG_MAX)?;
                    Ok(decoder)
                });
                self.read_limited(decoder.map_err(|error| self.corrupt(error))?, limit)
            }
        }
    }

    /// Compresses `input`. `level` means what it means to the compression (gzip 1 to 9, zstd -131072 to 22) and is
    /// brought into that range; `None` is Kafka's default. Snappy and LZ4 have one level.
    #[must_use]
    pub fn compress(self, input: &[u8], level: Option<i32>) -> Vec<u8> {
        const IN_MEMORY: &str = "writing to memory does not fail";
        match self {
            Compression::None => input.to_vec(),
            Compression::Gzip => {
                let level = flate2::Compression::new(level.unwrap_or(GZIP_LEVEL).clamp(1, 9).unsigned_abs());
                let mut encoder = flate2::write::GzEncoder::new(Vec::new(), level);
                encoder.write_all(input).expect(IN_MEMORY);
                encoder.finish().expect(IN_MEMORY)
            }
            Compression::Snappy => compress_snappy(input),
            Compression::Lz4 => {
                // Kafka's reader knows neither linked blocks nor a content size.
                let info = lz4_flex::frame::FrameInfo::new()
                    .block_size(lz4_flex::frame::BlockSize::Max64KB)
                    .block_mode(lz4_flex::frame::BlockMode::Independent);
                let mut encoder = lz4_flex::frame::FrameEncoder::with_frame_info(info, Vec::new());
                encoder.write_all(input).expect(IN_MEMORY);
                encoder.finish().expect(IN_MEMORY)
            }
            Compression::Zstd => {
                let levels = zstd::compression_level_range();
                let level = level.unwrap_or(ZSTD_LEVEL).clamp(*levels.start(), *levels.end());
                zstd::stream::encode_all(input, level).expect(IN_MEMORY)
            }
        }
    }

    fn read_limited(self, decoder: impl Read, limit: usize) -> Result<Vec<u8>, CompressionError> {
        let mut content = Vec::new();
        let one_more = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
        decoder.take(one_more).read_to_end(&mut content).map_err(|error| self.corrupt(error))?;
        if content.len() > limit {
            return Err(self.too_large(limit));
        }
        Ok(content)
    }

    fn too_large(self, limit: usize) -> CompressionError {
        CompressionError::TooLarge { compression: self, limit }
    }

    fn corrupt(self, reason: impl ToString) -> CompressionError {
        CompressionError::Corrupt { compression: self, reason: reason.to_string() }
    }
}

fn decompress_snappy(input: &[u8], limit: usize) -> Result<Vec<u8>, CompressionError> {
    let mut content = Vec::new();
    if !input.starts_with(&XERIAL_MAGIC) {
        append_snappy_block(&mut content, input, limit)?;
        return Ok(content);
    }
    let mut rest = input;
    while !rest.is_empty() {
        // Streams may follow each other: where a chunk could start there may be another stream header.
        if rest.starts_with(&XERIAL_MAGIC) {
            rest = rest
                .get(XERIAL_HEADER_BYTES..)
                .ok_or_else(|| Compression::Snappy.corrupt("cut stream header"))?;
            continue;
        }
        let (length, after) =
            rest.split_first_chunk::<4>().ok_or_else(|| Compression::Snappy.corrupt("cut chunk length"))?;
        let length = u32::from_be_bytes(*length);
        let chunk = usize::try_from(length).ok().and_then(|length| after.split_at_checked(length));
        let (block, after) = chunk.ok_or_else(|| {
            Compression::Snappy.corrupt(format!("chunk of {length} bytes, {} are left", after.len()))
        })?;
        append_snappy_block(&mut content, block, limit)?;
        rest = after;
    }
    Ok(content)
}

/// Appends the content of one bare snappy block to `content`, which stays within `limit`.
fn append_snappy_block(content: &mut Vec<u8>, block: &[u8], limit: usize) -> Result<(), CompressionError> {
    let corrupt = |error: snap::Error| Compression::Snappy.corrupt(error);
    let length = snap::raw::decompress_len(block).map_err(corrupt)?;
    if length > block.len().saturating_mul(SNAPPY_RATIO_MAX) {
        return Err(
            Compression::Snappy.corrupt(format!("{length} bytes announced by a block of {}", block.len()))
        );
    }
    let start = content.len();
    let end = start.saturating_add(length);
    if end > limit {
        return Err(Compression::Snappy.too_large(limit));
    }
    content.resize(end, 0);
    let written = snap::raw::Decoder::new().decompress(block, &mut content[start..]).map_err(corrupt)?;
    content.truncate(start + written);
    Ok(())
}

fn compress_snappy(input: &[u8]) -> Vec<u8> {
    let mut output = Vec::with_capacity(XERIAL_HEADER_BYTES + input.len() / 2);
    output.extend_from_slice(&XERIAL_MAGIC);
    output.extend_from_slice(&1_u32.to_be_bytes());
    output.extend_from_slice(&1_u32.to_be_bytes());
    let mut encoder = snap::raw::Encoder::new();
    for chunk in input.chunks(XERIAL_CHUNK_BYTES) {
        let block = encoder.compress_vec(chunk).expect("a chunk of 32 KiB is within snappy's 4 GiB");
        let length = u32::try_from(block.len()).expect("a block of 32 KiB stays below 4 GiB");
        output.extend_from_slice(&length.to_be_bytes());
        output.extend_from_slice(&block);
    }
    output
}

#[cfg(test)]
mod tests;
