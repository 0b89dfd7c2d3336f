//! Reads Kafka's primitive types from a borrowed frame.
//!
//! Every length is checked against the bytes that remain before it is used. Arrays reserve exactly what they announce,
//! out of a budget that grows with the length of the input, so that a short frame cannot make the broker run out of memory.

use std::borrow::Cow;

use super::{DecodeError, Records, STRING_BYTES_MAX};
use crate::types::Uuid;

/// Bytes of memory that arrays may reserve per byte of input. Honest messages stay below it: an element of many
/// strings takes 24 bytes each, and honest strings are not empty.
pub const RESERVED_PER_BYTE: usize = 16;

/// Bytes of memory that arrays may reserve whatever the length of the input, so that tiny messages are never refused.
pub const RESERVED_FLOOR: usize = 4096;

/// A position in a frame. Values that it returns borrow from the frame.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
    length: usize,
    budget: usize,
}

macro_rules! fixed {
    ($($(#[$doc:meta])* $name:ident)*) => {
        $(
            $(#[$doc])*
            ///
            /// # Errors
            /// [`DecodeError::UnexpectedEnd`].
            #[inline]
            pub fn $name(&mut self) -> Result<$name, DecodeError> {
                Ok($name::from_be_bytes(self.array_of()?))
            }
        )*
    };
}

impl<'a> Reader<'a> {
    /// Starts at the first byte.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        let budget = bytes.len().saturating_mul(RESERVED_PER_BYTE).saturating_add(RESERVED_FLOOR);
        Self { rest: bytes, length: bytes.len(), budget }
    }

    /// Bytes read so far.
    #[must_use]
    pub fn position(&self) -> usize {
        self.length - self.rest.len()
    }

    /// Bytes not read yet.
    #[must_use]
    pub fn remaining(&self) -> usize {
        self.rest.len()
    }

    /// What is not read yet.
    #[must_use]
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Checks that everything was read.
    ///
    /// # Errors
    /// [`DecodeError::TrailingBytes`].
    pub fn expect_end(&self) -> Result<(), DecodeError> {
        match self.rest.len() {
            0 => Ok(()),
            remaining => Err(DecodeError::TrailingBytes { remaining }),
        }
    }

    /// The next `length` bytes.
    ///
    /// # Errors
    /// [`DecodeError::UnexpectedEnd`].
    #[inline]
    pub fn take(&mut self, length: usize) -> Result<&'a [u8], DecodeError> {
        let Some((taken, rest)) = self.rest.split_at_checked(length) else {
            return Err(DecodeError::UnexpectedEnd { wanted: length, remaining: self.rest.len() });
        };
        self.rest = rest;
        Ok(taken)
    }

    #[inline]
    fn array_of<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let Some((taken, rest)) = self.rest.split_first_chunk::<N>() else {
            return Err(DecodeError::UnexpectedEnd { wanted: N, remaining: self.rest.len() });
        };
        self.rest = rest;
        Ok(*taken)
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

    /// One byte; every value but zero is true.
    ///
    /// # Errors
    /// [`DecodeError::UnexpectedEnd`].
    pub fn bool(&mut self) -> Result<bool, DecodeError> {
        Ok(self.u8()? != 0)
    }

    /// Sixteen bytes.
    ///
    /// # Errors
    /// [`DecodeError::UnexpectedEnd`].
    pub fn uuid(&mut self) -> Result<Uuid, DecodeError> {
        Ok(Uuid::from_bytes(self.array_of()?))
    }

    /// A variable-length unsigned integer of at most five bytes, seven bits each, lowest first.
    ///
    /// # Errors
    /// [`DecodeError::Varint`] beyond 32 bits, [`DecodeError::UnexpectedEnd`].
    pub fn unsigned_varint(&mut self) -> Result<u32, DecodeError> {
        u32::try_from(self.base_128(5)?).map_err(|_| DecodeError::Varint)
    }

    /// A variable-length signed 32-bit integer in zigzag form.
    ///
    /// # Errors
    /// As [`Reader::unsigned_varint`].
    pub fn varint(&mut self) -> Result<i32, DecodeError> {
        let raw = self.unsigned_varint()?;
        Ok((raw >> 1).cast_signed() ^ -(raw & 1).cast_signed())
    }

    /// A variable-length signed 64-bit integer in zigzag form, at most ten bytes.
    ///
    /// # Errors
    /// [`DecodeError::Varint`] beyond 64 bits, [`DecodeError::UnexpectedEnd`].
    pub fn varlong(&mut self) -> Result<i64, DecodeError> {
        let raw = self.base_128(10)?;
        Ok((raw >> 1).cast_signed() ^ -(raw & 1).cast_signed())
    }

    #[inline]
    fn base_128(&mut self, bytes_max: u32) -> Result<u64, DecodeError> {
        let mut value = 0u64;
        for index in 0..bytes_max {
            let byte = self.u8()?;
            let bits = u64::from(byte & 0x7f);
            let shift = 7 * index;
            if bits << shift >> shift != bits {
                return Err(DecodeError::Varint);
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(DecodeError::Varint)
    }

    /// Length of a string (`short`: 16 bits where not flexible), of bytes or of an array; `None` for null.
    fn length(
        &mut self,
        flexible: bool,
        short: bool,
        kind: &'static str,
    ) -> Result<Option<usize>, DecodeError> {
        let length = match (flexible, short) {
            (true, _) => i64::from(self.unsigned_varint()?) - 1,
            (false, true) => i64::from(self.i16()?),
            (false, false) => i64::from(self.i32()?),
        };
        match length {
            -1 => Ok(None),
            0..=0x7fff_ffff => Ok(Some(length as usize)),
            _ => Err(DecodeError::InvalidLength { kind, length }),
        }
    }

    /// A string that may not be null.
    ///
    /// # Errors
    /// A null, a length above [`STRING_BYTES_MAX`] or the input, bytes that are not UTF-8.
    pub fn string(&mut self, flexible: bool) -> Result<Cow<'a, str>, DecodeError> {
        self.nullable_string(flexible)?.ok_or(DecodeError::InvalidLength { kind: "string", length: -1 })
    }

    /// A string or null.
    ///
    /// # Errors
    /// A length above [`STRING_BYTES_MAX`] or the input, bytes that are not UTF-8.
    pub fn nullable_string(&mut self, flexible: bool) -> Result<Option<Cow<'a, str>>, DecodeError> {
        let Some(length) = self.length(flexible, true, "string")? else { return Ok(None) };
        if length > STRING_BYTES_MAX {
            return Err(DecodeError::InvalidLength { kind: "string", length: length as i64 });
        }
        let text = std::str::from_utf8(self.take(length)?).map_err(|_| DecodeError::Utf8)?;
        Ok(Some(Cow::Borrowed(text)))
    }

    /// Bytes that may not be null.
    ///
    /// # Errors
    /// A null, a length above the input.
    pub fn bytes(&mut self, flexible: bool) -> Result<Cow<'a, [u8]>, DecodeError> {
        self.nullable_bytes(flexible)?.ok_or(DecodeError::InvalidLength { kind: "bytes", length: -1 })
    }

    /// Bytes or null.
    ///
    /// # Errors
    /// A length above the input.
    pub fn nullable_bytes(&mut self, flexible: bool) -> Result<Option<Cow<'a, [u8]>>, DecodeError> {
        match self.length(flexible, false, "bytes")? {
            Some(length) => Ok(Some(Cow::Borrowed(self.take(length)?))),
            None => Ok(None),
        }
    }

    /// Record batches, unopened.
    ///
    /// # Errors
    /// A length above the input.
    pub fn records(&mut self, flexible: bool) -> Result<Records<'a>, DecodeError> {
        match self.length(flexible, false, "records")? {
            Some(length) => Ok(Records::Bytes(self.take(length)?)),
            None => Ok(Records::Null),
        }
    }

    /// A struct or null, which a byte in front of it tells.
    ///
    /// # Errors
    /// What `read` returns.
    pub fn nullable_struct<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<Option<T>, DecodeError> {
        if self.i8()? < 0 { Ok(None) } else { read(self).map(Some) }
    }

    /// An array that may not be null, whose elements take at least `element_bytes_min` bytes each.
    ///
    /// # Errors
    /// A null, a count that the input or the memory budget cannot hold, what `read` returns.
    pub fn array<T>(
        &mut self,
        flexible: bool,
        element_bytes_min: usize,
        read: impl FnMut(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<Vec<T>, DecodeError> {
        self.nullable_array(flexible, element_bytes_min, read)?
            .ok_or(DecodeError::InvalidLength { kind: "array", length: -1 })
    }

    /// An array or null, whose elements take at least `element_bytes_min` bytes each.
    ///
    /// # Errors
    /// A count that the input or the memory budget cannot hold, what `read` returns.
    pub fn nullable_array<T>(
        &mut self,
        flexible: bool,
        element_bytes_min: usize,
        mut read: impl FnMut(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<Option<Vec<T>>, DecodeError> {
        let Some(count) = self.length(flexible, false, "array")? else { return Ok(None) };
        self.reserve(count, element_bytes_min, size_of::<T>())?;
        let mut elements = Vec::with_capacity(count);
        for _ in 0..count {
            elements.push(read(self)?);
        }
        Ok(Some(elements))
    }

    fn reserve(&mut self, count: usize, bytes_min: usize, bytes_in_memory: usize) -> Result<(), DecodeError> {
        let remaining = self.rest.len();
        if count > remaining / bytes_min.max(1) {
            return Err(DecodeError::ArrayTooLong { count, remaining });
        }
        let wanted = count.saturating_mul(bytes_in_memory);
        self.budget = self.budget.checked_sub(wanted).ok_or(DecodeError::OverBudget { count })?;
        Ok(())
    }

    /// The tagged fields at the end of a struct. `read` returns false for a tag that it does not know, which is skipped.
    ///
    /// # Errors
    /// A size above the input, a known field that does not fill its size, what `read` returns.
    pub fn tagged_fields(
        &mut self,
        mut read: impl FnMut(u32, &mut Self) -> Result<bool, DecodeError>,
    ) -> Result<(), DecodeError> {
        for _ in 0..self.unsigned_varint()? {
            let tag = self.unsigned_varint()?;
            let size = self.unsigned_varint()? as usize;
            let mut field = Reader { rest: self.take(size)?, length: size, budget: self.budget };
            let known = read(tag, &mut field)?;
            self.budget = field.budget;
            if known && field.remaining() > 0 {
                return Err(DecodeError::TaggedFieldSize { tag, unread: field.remaining() });
            }
        }
        Ok(())
    }

    /// Tagged fields of which none is known.
    ///
    /// # Errors
    /// A size above the input.
    pub fn skip_tagged_fields(&mut self) -> Result<(), DecodeError> {
        self.tagged_fields(|_, _| Ok(false))
    }
}

#[cfg(test)]
mod tests;
