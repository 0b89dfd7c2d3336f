//! Writes Kafka's primitive types into one growing buffer.
//!
//! Records that are not in memory leave a [`Splice`]: the place in the buffer where the sender puts them in.

use super::{EncodeError, ErrorCounts, Records, STRING_BYTES_MAX};
use crate::types::Uuid;

/// A place in the written bytes where external records belong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Splice {
    /// Bytes of the buffer that come before the records.
    pub position: usize,
    /// The sender's name for the records, from [`Records::External`].
    pub token: u32,
    /// Length of the records in bytes.
    pub len: usize,
}

/// The tagged fields of one struct while they are being written.
#[derive(Debug)]
#[must_use = "finish it with Writer::end_tags"]
pub struct TagSection {
    count_position: usize,
    count: u8,
}

/// A growing buffer.
#[derive(Clone, Debug, Default)]
pub struct Writer {
    buf: Vec<u8>,
    splices: Vec<Splice>,
    errors: ErrorCounts,
}

macro_rules! fixed {
    ($($(#[$doc:meta])* $name:ident)*) => {
        $(
            $(#[$doc])*
            #[inline]
            pub fn $name(&mut self, value: $name) {
                self.buf.extend_from_slice(&value.to_be_bytes());
            }
        )*
    };
}

impl Writer {
    /// An empty buffer.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty buffer with room for `bytes`.
    #[must_use]
    pub fn with_capacity(bytes: usize) -> Self {
        Self { buf: Vec::with_capacity(bytes), ..Self::default() }
    }

    /// A buffer that starts with room for a frame's size; see [`Writer::finish_frame`].
    #[must_use]
    pub fn frame() -> Self {
        let mut writer = Self::with_capacity(256);
        writer.i32(0);
        writer
    }

    /// Fills in the size of a frame that [`Writer::frame`] began, external records included.
    ///
    /// # Errors
    /// [`EncodeError::TooLong`] above 2 GiB.
    pub fn finish_frame(&mut self) -> Result<(), EncodeError> {
        let length = self.len_with_splices().saturating_sub(4);
        let size = i32::try_from(length).map_err(|_| EncodeError::TooLong { kind: "frame", length })?;
        if let Some(place) = self.buf.first_chunk_mut::<4>() {
            *place = size.to_be_bytes();
        }
        Ok(())
    }

    /// The bytes in memory.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.buf
    }

    /// Where external records belong, by position.
    #[must_use]
    pub fn splices(&self) -> &[Splice] {
        &self.splices
    }

    /// Takes the counts of the error codes that were written.
    pub fn take_errors(&mut self) -> ErrorCounts {
        std::mem::take(&mut self.errors)
    }

    /// Bytes in memory and external records together.
    #[must_use]
    pub fn len_with_splices(&self) -> usize {
        self.buf.len() + self.splices.iter().map(|splice| splice.len).sum::<usize>()
    }

    /// The bytes and the places where external records belong.
    #[must_use]
    pub fn into_parts(self) -> (Vec<u8>, Vec<Splice>) {
        (self.buf, self.splices)
    }

    /// Bytes without a length.
    pub fn raw(&mut self, bytes: &[u8]) {
        self.buf.extend_from_slice(bytes);
    }

    fixed! {
        /// A signed byte.
        i8
        /// An unsigned byte.
        u8
        /// A signed 16-bit integer, big endian like all that follow.
        i16
        /// An unsigned 16-bit integer.
        u16
        /// A signed 32-bit integer.
        i32
        /// An unsigned 32-bit integer.
        u32
        /// A signed 64-bit integer.
        i64
        /// A 64-bit floating point number.
        f64
    }

    /// The error code of a response or of a part of it, which [`Writer::take_errors`] tells.
    pub fn error_code(&mut self, code: i16) {
        self.i16(code);
        self.errors.add(code);
    }

    /// One byte, zero or one.
    pub fn bool(&mut self, value: bool) {
        self.buf.push(u8::from(value));
    }

    /// Sixteen bytes.
    pub fn uuid(&mut self, value: Uuid) {
        self.buf.extend_from_slice(value.as_bytes());
    }

    /// A variable-length unsigned integer.
    pub fn unsigned_varint(&mut self, value: u32) {
        self.base_128(u64::from(value));
    }

    /// A variable-length signed 32-bit integer in zigzag form.
    pub fn varint(&mut self, value: i32) {
        self.base_128(u64::from((value << 1 ^ value >> 31).cast_unsigned()));
    }

    /// A variable-length signed 64-bit integer in zigzag form.
    pub fn varlong(&mut self, value: i64) {
        self.base_128((value << 1 ^ value >> 63).cast_unsigned());
    }

    fn base_128(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.buf.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.buf.push(value as u8);
    }

    /// Length of a string (`short`: 16 bits where not flexible), of bytes or of an array.
    fn length(
        &mut self,
        flexible: bool,
        short: bool,
        kind: &'static str,
        length: usize,
    ) -> Result<(), EncodeError> {
        let too_long = EncodeError::TooLong { kind, length };
        if short && length > STRING_BYTES_MAX {
            return Err(too_long);
        }
        let length = i32::try_from(length).map_err(|_| too_long)?;
        match (flexible, short) {
            (true, _) => self.unsigned_varint(length.cast_unsigned() + 1),
            (false, true) => self.i16(length as i16),
            (false, false) => self.i32(length),
        }
        Ok(())
    }

    fn null(&mut self, flexible: bool, short: bool) {
        match (flexible, short) {
            (true, _) => self.u8(0),
            (false, true) => self.i16(-1),
            (false, false) => self.i32(-1),
        }
    }

    /// A string with its length.
    ///
    /// # Errors
    /// [`EncodeError::TooLong`] above [`STRING_BYTES_MAX`].
    pub fn string(&mut self, flexible: bool, value: &str) -> Result<(), EncodeError> {
        self.length(flexible, true, "string", value.len())?;
        self.raw(value.as_bytes());
        Ok(())
    }

    /// A string or null.
    ///
    /// # Errors
    /// As [`Writer::string`].
    pub fn nullable_string(&mut self, flexible: bool, value: Option<&str>) -> Result<(), EncodeError> {
        match value {
            Some(value) => self.string(flexible, value)?,
            None => self.null(flexible, true),
        }
        Ok(())
    }

    /// Bytes with their length.
    ///
    /// # Errors
    /// [`EncodeError::TooLong`] above 2 GiB.
    pub fn bytes_field(&mut self, flexible: bool, value: &[u8]) -> Result<(), EncodeError> {
        self.length(flexible, false, "bytes", value.len())?;
        self.raw(value);
        Ok(())
    }

    /// Bytes or null.
    ///
    /// # Errors
    /// As [`Writer::bytes_field`].
    pub fn nullable_bytes_field(&mut self, flexible: bool, value: Option<&[u8]>) -> Result<(), EncodeError> {
        match value {
            Some(value) => self.bytes_field(flexible, value)?,
            None => self.null(flexible, false),
        }
        Ok(())
    }

    /// Record batches with their length; external ones leave a [`Splice`] behind the length.
    ///
    /// # Errors
    /// [`EncodeError::TooLong`] above 2 GiB.
    pub fn records(&mut self, flexible: bool, value: &Records<'_>) -> Result<(), EncodeError> {
        match value {
            Records::Null => self.null(flexible, false),
            Records::Bytes(bytes) => self.bytes_field(flexible, bytes)?,
            Records::Owned(bytes) => self.bytes_field(flexible, bytes)?,
            &Records::External { token, len } => {
                self.length(flexible, false, "records", len)?;
                self.splices.push(Splice { position: self.buf.len(), token, len });
            }
        }
        Ok(())
    }

    /// A struct or null, which a byte in front of it tells.
    ///
    /// # Errors
    /// What `write` returns.
    pub fn nullable_struct<T>(
        &mut self,
        value: Option<&T>,
        write: impl FnOnce(&mut Self, &T) -> Result<(), EncodeError>,
    ) -> Result<(), EncodeError> {
        match value {
            Some(value) => {
                self.i8(1);
                write(self, value)
            }
            None => {
                self.i8(-1);
                Ok(())
            }
        }
    }

    /// An array with its count.
    ///
    /// # Errors
    /// [`EncodeError::TooLong`] above 2^31 - 1 elements, what `write` returns.
    pub fn array<T>(
        &mut self,
        flexible: bool,
        elements: &[T],
        mut write: impl FnMut(&mut Self, &T) -> Result<(), EncodeError>,
    ) -> Result<(), EncodeError> {
        self.length(flexible, false, "array", elements.len())?;
        elements.iter().try_for_each(|element| write(self, element))
    }

    /// An array or null.
    ///
    /// # Errors
    /// As [`Writer::array`].
    pub fn nullable_array<T>(
        &mut self,
        flexible: bool,
        elements: Option<&[T]>,
        write: impl FnMut(&mut Self, &T) -> Result<(), EncodeError>,
    ) -> Result<(), EncodeError> {
        match elements {
            Some(elements) => self.array(flexible, elements, write)?,
            None => self.null(flexible, false),
        }
        Ok(())
    }

    /// An array of numbers or uuids with its count.
    ///
    /// # Errors
    /// [`EncodeError::TooLong`] above 2^31 - 1 elements.
    pub fn scalars<T: Copy>(
        &mut self,
        flexible: bool,
        elements: &[T],
        write: fn(&mut Self, T),
    ) -> Result<(), EncodeError> {
        self.length(flexible, false, "array", elements.len())?;
        elements.iter().for_each(|&element| write(self, element));
        Ok(())
    }

    /// An array of numbers or uuids, or null.
    ///
    /// # Errors
    /// As [`Writer::scalars`].
    pub fn nullable_scalars<T: Copy>(
        &mut self,
        flexible: bool,
        elements: Option<&[T]>,
        write: fn(&mut Self, T),
    ) -> Result<(), EncodeError> {
        match elements {
            Some(elements) => self.scalars(flexible, elements, write)?,
            None => self.null(flexible, false),
        }
        Ok(())
    }

    /// The end of a flexible struct without tagged fields.
    pub fn no_tags(&mut self) {
        self.u8(0);
    }

    /// Begins the tagged fields at the end of a flexible struct.
    pub fn begin_tags(&mut self) -> TagSection {
        let section = TagSection { count_position: self.buf.len(), count: 0 };
        self.u8(0);
        section
    }

    /// One tagged field; tags come in ascending order, at most 127 of them, and hold no external records.
    ///
    /// # Errors
    /// [`EncodeError::TooLong`] above 4 GiB, what `write` returns.
    pub fn tag(
        &mut self,
        section: &mut TagSection,
        tag: u32,
        write: impl FnOnce(&mut Self) -> Result<(), EncodeError>,
    ) -> Result<(), EncodeError> {
        assert!(section.count < 0x7f, "the count of tagged fields is one byte");
        section.count += 1;
        self.unsigned_varint(tag);
        let start = self.buf.len();
        write(self)?;
        let length = self.buf.len() - start;
        let size =
            u32::try_from(length).map_err(|_| EncodeError::TooLong { kind: "tagged field", length })?;
        // The size goes in front of what it measures: append it, then turn it to the front.
        self.unsigned_varint(size);
        let size_bytes = self.buf.len() - start - length;
        if let Some(written) = self.buf.get_mut(start..) {
            written.rotate_right(size_bytes);
        }
        Ok(())
    }

    /// Ends the tagged fields of a struct.
    pub fn end_tags(&mut self, section: TagSection) {
        if let Some(count) = self.buf.get_mut(section.count_position) {
            *count = section.count;
        }
    }
}

#[cfg(test)]
mod tests;
