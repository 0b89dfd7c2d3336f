//! Single records inside a batch, read without copying.
//!
//! ```text
//! length varint | attributes i8 | timestamp delta varlong | offset delta varint | key | value | header count varint | headers
//! key, value, header value: length varint (-1 is null) and bytes      header key: length varint and UTF-8
//! varint: zigzag, seven bits a byte, low bits first
//! ```
//! A record has exactly the bytes its length announces; lengths and counts are checked against the bytes that are left.

use std::borrow::Cow;

use thiserror::Error;

use crate::compression::{Compression, CompressionError};
use crate::record_batch::{BatchError, BatchHeader, RecordBatch, TimestampType};
use crate::types::Offset;

/// Why the records of a batch cannot be read.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum RecordError {
    /// The batch around the records is wrong.
    #[error(transparent)]
    Batch(#[from] BatchError),
    /// The record bytes cannot be opened.
    #[error(transparent)]
    Compression(#[from] CompressionError),
    /// A record's bytes do not follow the format.
    #[error("record {index} of the batch has an invalid {field}")]
    Malformed {
        /// Position of the record in the batch, from 0.
        index: i32,
        /// The part that is wrong.
        field: &'static str,
    },
    /// Bytes are left when all announced records are read.
    #[error("{bytes} bytes follow the {record_count} records that the batch announces")]
    TrailingBytes {
        /// Bytes left.
        bytes: usize,
        /// Records announced.
        record_count: i32,
    },
}

/// One record. Offsets and timestamps are relative to the batch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Record<'a> {
    /// Unused by Kafka, always 0.
    pub attributes: i8,
    /// Milliseconds after the batch's base timestamp.
    pub timestamp_delta: i64,
    /// Offset after the batch's base offset.
    pub offset_delta: i32,
    /// The key; `None` is null.
    pub key: Option<&'a [u8]>,
    /// The value; `None` is null, a tombstone in a compacted topic.
    pub value: Option<&'a [u8]>,
    /// The headers.
    pub headers: Headers<'a>,
}

impl Record<'_> {
    /// The record's offset in the partition.
    #[must_use]
    pub fn offset(&self, header: &BatchHeader) -> Offset {
        Offset(header.base_offset.0.saturating_add(i64::from(self.offset_delta)))
    }

    /// The record's timestamp: its own, or the broker's if the batch says LogAppendTime.
    #[must_use]
    pub fn timestamp_ms(&self, header: &BatchHeader) -> i64 {
        match header.timestamp_type() {
            TimestampType::CreateTime => header.base_timestamp.saturating_add(self.timestamp_delta),
            TimestampType::LogAppendTime => header.max_timestamp,
        }
    }
}

/// The headers of a record: an iterator over key and value. Their form was checked when the record was read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Headers<'a> {
    count: i32,
    rest: &'a [u8],
}

impl Headers<'_> {
    /// Headers that are still to come.
    #[must_use]
    pub fn count_left(&self) -> i32 {
        self.count
    }
}

impl<'a> Iterator for Headers<'a> {
    /// Key, meant to be UTF-8 but not checked, and value, of which `None` is null.
    type Item = (&'a [u8], Option<&'a [u8]>);

    fn next(&mut self) -> Option<Self::Item> {
        if self.count <= 0 {
            return None;
        }
        self.count -= 1;
        read_header(&mut self.rest)
    }
}

impl<'a> RecordBatch<'a> {
    /// The record bytes, opened if they are compressed; at most `limit` bytes of content are held then.
    ///
    /// # Errors
    /// `Batch` for an unknown compression, `Compression` if the bytes cannot be opened within `limit`.
    pub fn decompress(&self, limit: usize) -> Result<Cow<'a, [u8]>, RecordError> {
        match self.header.compression()? {
            Compression::None => Ok(Cow::Borrowed(self.record_bytes())),
            compression => Ok(Cow::Owned(compression.decompress(self.record_bytes(), limit)?)),
        }
    }

    /// Iterates over the records in `decompressed`, which `decompress` returned.
    #[must_use]
    pub fn records<'b>(&self, decompressed: &'b [u8]) -> Records<'b> {
        Records::new(decompressed, self.header.record_count)
    }
}

/// Iterates over uncompressed records; ends after the first error.
#[derive(Clone, Debug)]
pub struct Records<'a> {
    rest: &'a [u8],
    index: i32,
    record_count: i32,
}

impl<'a> Records<'a> {
    /// Reads `record_count` records from `bytes`; anything left after them is an error.
    #[must_use]
    pub fn new(bytes: &'a [u8], record_count: i32) -> Records<'a> {
        Records { rest: bytes, index: 0, record_count }
    }

    /// Bytes that were not read yet.
    #[must_use]
    pub fn bytes_left(&self) -> usize {
        self.rest.len()
    }

    fn fail(&mut self, error: RecordError) -> Option<Result<Record<'a>, RecordError>> {
        self.rest = &[];
        self.index = self.record_count;
        Some(Err(error))
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Result<Record<'a>, RecordError>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.index >= self.record_count {
            if self.rest.is_empty() {
                return None;
            }
            let bytes = self.rest.len();
            return self.fail(RecordError::TrailingBytes { bytes, record_count: self.record_count });
        }
        match read_record(&mut self.rest) {
            Ok(record) => {
                self.index += 1;
                Some(Ok(record))
            }
            Err(field) => self.fail(RecordError::Malformed { index: self.index, field }),
        }
    }
}

/// Reads the record at the start of `rest` and moves behind it. The error names the field that is wrong.
#[inline]
fn read_record<'a>(rest: &mut &'a [u8]) -> Result<Record<'a>, &'static str> {
    let length = read_length(rest).ok_or("length")?;
    let (mut body, after) = rest.split_at_checked(length).ok_or("length")?;
    *rest = after;
    let (attributes, fields) = body.split_first().ok_or("attributes")?;
    body = fields;
    let timestamp_delta = read_varlong(&mut body).ok_or("timestamp delta")?;
    let offset_delta = read_varint(&mut body).ok_or("offset delta")?;
    let key = read_nullable_bytes(&mut body).ok_or("key")?;
    let value = read_nullable_bytes(&mut body).ok_or("value")?;
    let count = read_varint(&mut body).filter(|count| *count >= 0).ok_or("header count")?;
    let headers = Headers { count, rest: body };
    for _ in 0..count {
        read_header(&mut body).ok_or("header")?;
    }
    if !body.is_empty() {
        return Err("length");
    }
    Ok(Record { attributes: attributes.cast_signed(), timestamp_delta, offset_delta, key, value, headers })
}

#[inline]
fn read_header<'a>(rest: &mut &'a [u8]) -> Option<(&'a [u8], Option<&'a [u8]>)> {
    let key = read_nullable_bytes(rest)??;
    let value = read_nullable_bytes(rest)?;
    Some((key, value))
}

/// Length and bytes; any negative length is null, as Kafka reads it. `None` if the bytes are not there.
#[inline]
fn read_nullable_bytes<'a>(rest: &mut &'a [u8]) -> Option<Option<&'a [u8]>> {
    let length = read_varint(rest)?;
    let Ok(length) = usize::try_from(length) else {
        return Some(None);
    };
    let (bytes, after) = rest.split_at_checked(length)?;
    *rest = after;
    Some(Some(bytes))
}

#[inline]
fn read_length(rest: &mut &[u8]) -> Option<usize> {
    usize::try_from(read_varint(rest)?).ok()
}

/// Zigzag number of at most 32 bits; `None` if it is cut off or longer.
#[inline]
fn read_varint(rest: &mut &[u8]) -> Option<i32> {
    let raw = u32::try_from(read_unsigned(rest, 5)?).ok()?;
    Some((raw >> 1).cast_signed() ^ -(raw & 1).cast_signed())
}

/// Zigzag number of at most 64 bits; `None` if it is cut off or longer.
#[inline]
fn read_varlong(rest: &mut &[u8]) -> Option<i64> {
    let raw = read_unsigned(rest, 10)?;
    Some((raw >> 1).cast_signed() ^ -(raw & 1).cast_signed())
}

/// Reads a number of one or two bytes here, which most are, and hands longer ones on.
#[inline]
fn read_unsigned(rest: &mut &[u8], bytes_max: usize) -> Option<u64> {
    match **rest {
        [first, ref after @ ..] if first < 0x80 => {
            *rest = after;
            Some(u64::from(first))
        }
        [first, second, ref after @ ..] if second < 0x80 => {
            *rest = after;
            Some(u64::from(first & 0x7f) | u64::from(second) << 7)
        }
        _ => read_long_unsigned(rest, bytes_max),
    }
}

fn read_long_unsigned(rest: &mut &[u8], bytes_max: usize) -> Option<u64> {
    let mut value = 0;
    for (position, &byte) in rest.iter().enumerate().take(bytes_max) {
        let bits = u64::from(byte & 0x7f);
        let shift = 7 * position;
        // The tenth byte has room for one bit only.
        if (bits << shift) >> shift != bits {
            return None;
        }
        value |= bits << shift;
        if byte < 0x80 {
            *rest = &rest[position + 1..];
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests;
