//! What an object holds beside its batches, fetched when it is needed and checked against the footer.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;

use super::{RemoteReadError, RemoteReader};
use crate::entry::Entry;
use crate::footer::{Footer, ObjectRange, Section};
use crate::frame::{FormatError, Kind, crc32c};
use crate::keys::Key;

/// Tails of objects up to this size are fetched at once; of longer ones, only what is needed is.
const TAIL_BYTES_MAX: u64 = 2 << 20;

/// The indexes of an entry.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RangeIndex {
    /// What the footer says.
    pub range: ObjectRange,
    /// Kafka's `.index`.
    pub offset_index: Bytes,
    /// Kafka's `.timeindex`.
    pub time_index: Bytes,
}

impl RemoteReader {
    /// The indexes of an entry.
    ///
    /// # Errors
    /// See [`RemoteReadError`].
    pub async fn index(&self, entry: &Entry) -> Result<Arc<RangeIndex>, RemoteReadError> {
        let key = (entry.object.id, entry.base_offset);
        if let Some(index) = self.indexes.lock().get(&key) {
            return Ok(Arc::clone(index));
        }
        let index = Arc::new(self.load_index(entry).await?);
        let weight = index.offset_index.len() + index.time_index.len() + size_of::<RangeIndex>();
        self.indexes.lock().put(key, Arc::clone(&index), weight as u64);
        Ok(index)
    }

    async fn load_index(&self, entry: &Entry) -> Result<RangeIndex, RemoteReadError> {
        let batches_end = entry.position + entry.length;
        let is_short = entry.object_length - batches_end <= TAIL_BYTES_MAX;
        let from = if is_short { batches_end } else { entry.footer_position };
        let tail = self.part(entry, from..entry.object_length).await?;
        let footer = usize::try_from(entry.footer_position - from).unwrap_or(usize::MAX);
        let footer = Footer::decode(&tail.slice(footer..), entry.footer_position, self.keys().cluster());
        let footer = footer.map_err(|error| damaged(entry, &error))?;
        let range = footer.range(entry.object.partition, entry.base_offset).cloned();
        let range = range.ok_or_else(|| {
            damaged(entry, &FormatError::inconsistent(Kind::Footer, "the range of the entry is not in it"))
        })?;
        let offset_index = self.section_of(entry, range.offset_index, (from, &tail)).await?;
        let time_index = self.section_of(entry, range.time_index, (from, &tail)).await?;
        Ok(RangeIndex { range, offset_index, time_index })
    }

    /// A section of the object, checked.
    ///
    /// # Errors
    /// See [`RemoteReadError`].
    pub async fn section(&self, entry: &Entry, section: Section) -> Result<Bytes, RemoteReadError> {
        self.section_of(entry, section, (entry.object_length, &Bytes::new())).await
    }

    /// `tail` is what is known of the object from a position on.
    async fn section_of(
        &self,
        entry: &Entry,
        section: Section,
        (from, tail): (u64, &Bytes),
    ) -> Result<Bytes, RemoteReadError> {
        let bytes = match section.position.checked_sub(from) {
            _ if section.length == 0 => Bytes::new(),
            Some(skip) => {
                let skip = usize::try_from(skip).unwrap_or(usize::MAX);
                let length = usize::try_from(section.length).unwrap_or(usize::MAX);
                tail.slice(skip..skip.saturating_add(length))
            }
            None => self.part(entry, section.position..section.end()).await?,
        };
        if crc32c(&bytes) == section.crc {
            return Ok(bytes);
        }
        Err(RemoteReadError::Damaged {
            object: entry.object.to_string(),
            position: section.position,
            reason: "a section does not fit its checksum".to_owned(),
        })
    }

    async fn part(&self, entry: &Entry, range: Range<u64>) -> Result<Bytes, RemoteReadError> {
        let path = self.keys().path(&Key::Segment(entry.object));
        Ok(self.store().get_range(&path, range).await?)
    }
}

fn damaged(entry: &Entry, error: &FormatError) -> RemoteReadError {
    RemoteReadError::format(entry.object, entry.footer_position, error)
}
