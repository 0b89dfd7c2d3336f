//! Record batches inside a message, as opaque bytes: borrowed, owned, or elsewhere (a file range that the connection sends).

use std::ops::Range;

/// The value of a `records` field. Null is the default and always allowed.
#[derive(Clone, Debug, Default)]
pub enum Records<'a> {
    /// No records.
    #[default]
    Null,
    /// Batches inside the frame that was decoded, or in another borrowed buffer.
    Bytes(&'a [u8]),
    /// Batches that the message owns.
    Owned(Vec<u8>),
    /// Batches that are not in memory: the writer notes where they belong and whoever sends the frame puts them there.
    External {
        /// What the sender calls these bytes.
        token: u32,
        /// How many they are.
        len: usize,
    },
}

impl Records<'_> {
    /// The bytes where they are in memory: `None` for null and external records.
    #[must_use]
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match self {
            Records::Bytes(bytes) => Some(bytes),
            Records::Owned(bytes) => Some(bytes),
            Records::Null | Records::External { .. } => None,
        }
    }

    /// Length in bytes; zero for null.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Records::External { len, .. } => *len,
            _ => self.as_bytes().map_or(0, <[u8]>::len),
        }
    }

    /// Whether there are no bytes, be it null or empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Where in `frame` the records lie; `None` if they do not borrow from it.
    #[must_use]
    pub fn range_in(&self, frame: &[u8]) -> Option<Range<usize>> {
        match self {
            Records::Bytes(bytes) => range_within(bytes, frame),
            _ => None,
        }
    }
}

impl PartialEq for Records<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Records::Null, Records::Null) => true,
            (Records::External { token, len }, Records::External { token: other_token, len: other_len }) => {
                token == other_token && len == other_len
            }
            _ => match (self.as_bytes(), other.as_bytes()) {
                (Some(bytes), Some(other_bytes)) => bytes == other_bytes,
                _ => false,
            },
        }
    }
}

/// Where in `frame` the slice `part` lies; `None` if it is not a part of it.
#[must_use]
pub fn range_within(part: &[u8], frame: &[u8]) -> Option<Range<usize>> {
    let start = part.as_ptr().addr().checked_sub(frame.as_ptr().addr())?;
    let end = start.checked_add(part.len())?;
    (end <= frame.len()).then_some(start..end)
}
