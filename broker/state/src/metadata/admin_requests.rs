//! Requests of the admin service that were carried out, so that one that is repeated is answered alike, also after a restart.
//!
//! A handler looks here before it decides, and writes an `AdminRequest` beside its other records. The last
//! [`REMEMBERED_MAX`] are kept, by the offsets of their records, so that every replica forgets the same ones.

use std::sync::Arc;

use broker_protocol::types::{Offset, Uuid};

use super::chunked_map::ChunkedMap;
use super::error::MetadataError;
use super::image::MetadataImage;
use super::record::{AdminRequest, MetadataRecord, RecordKind};
use crate::outcome::Outcome;

/// So many requests are remembered: hours of an operator's work, and some hundred kilobytes.
pub const REMEMBERED_MAX: usize = 4096;

/// What a caller names a request, and what it asks for in short.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RequestKey {
    /// Another one for each request.
    pub id: Uuid,
    /// Of all that it asks for.
    pub digest: u64,
}

/// A request that was carried out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RememberedRequest {
    /// Of all that it asked for.
    pub digest: u64,
    /// Its answer, but for the offset.
    pub response: Arc<[u8]>,
    /// Offset of its record.
    pub offset: Offset,
}

/// The last requests that were carried out.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct AdminRequests {
    by_id: ChunkedMap<Uuid, RememberedRequest>,
    by_offset: ChunkedMap<(Offset, Uuid), ()>,
}

impl AdminRequests {
    /// The request of that id.
    #[must_use]
    pub fn get(&self, id: Uuid) -> Option<&RememberedRequest> {
        self.by_id.get(&id)
    }

    /// All of them, the oldest first.
    pub fn iter(&self) -> impl Iterator<Item = (Uuid, &RememberedRequest)> {
        self.by_offset.keys().filter_map(|(_, id)| Some((*id, self.by_id.get(id)?)))
    }

    /// Count of them.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// Puts one in, and the oldest out if it is one too many.
    pub(super) fn remember(&mut self, id: Uuid, request: RememberedRequest) {
        let offset = request.offset;
        if let Some(before) = self.by_id.insert(id, request) {
            self.by_offset.remove(&(before.offset, id));
        }
        self.by_offset.insert((offset, id), ());
        while self.by_offset.len() > REMEMBERED_MAX {
            let oldest = self.by_offset.keys().next().copied();
            let Some(oldest) = oldest else { return };
            self.by_offset.remove(&oldest);
            self.by_id.remove(&oldest.1);
        }
    }
}

/// How a request is to be answered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Answered<T> {
    /// It is carried out by the records of the outcome, once they are durable.
    Now(T),
    /// It was before, by the record at `offset`.
    Before {
        /// As [`RememberedRequest::response`].
        response: Arc<[u8]>,
        /// Of its record.
        offset: Offset,
    },
}

/// The request, if it was carried out.
///
/// # Errors
/// [`MetadataError::RequestIdReused`] if another one was under its id.
pub fn find(image: &MetadataImage, key: RequestKey) -> Result<Option<&RememberedRequest>, MetadataError> {
    match image.admin_requests.get(key.id) {
        Some(before) if before.digest != key.digest => Err(MetadataError::RequestIdReused),
        before => Ok(before),
    }
}

/// A request with an id: answers as before if it was carried out, else lets `decide` decide, and notes its answer beside its
/// records, also where it has none: whoever repeats it later must not undo what was changed in between.
///
/// # Errors
/// [`MetadataError::RequestIdReused`], or what `decide` refuses; nothing is noted then.
pub fn once<T, E: From<MetadataError>>(
    image: &MetadataImage,
    key: RequestKey,
    decide: impl FnOnce() -> Result<Outcome<MetadataRecord, T>, E>,
    encode: impl FnOnce(&T) -> Vec<u8>,
) -> Result<Outcome<MetadataRecord, Answered<T>>, E> {
    if let Some(before) = find(image, key)? {
        let response = Arc::clone(&before.response);
        return Ok(Outcome::unchanged(Answered::Before { response, offset: before.offset }));
    }
    let Outcome { mut records, response } = decide()?;
    let note = AdminRequest {
        request_id: key.id.into(),
        digest: key.digest,
        response: encode(&response),
        offset: None,
    };
    records.push(RecordKind::AdminRequest(note).into());
    Ok(Outcome { records, response: Answered::Now(response) })
}

/// Refuses a decision on something that was changed after the offset which the caller has seen.
///
/// # Errors
/// [`MetadataError::Stale`], also if this image does not reach to that offset.
pub fn check_expected(
    image: &MetadataImage,
    expected: Option<Offset>,
    changed_at: Offset,
) -> Result<(), MetadataError> {
    match expected {
        Some(expected) if changed_at > expected || expected > image.position.offset => {
            Err(MetadataError::Stale { expected, changed_at })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
