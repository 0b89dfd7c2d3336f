//! Reading what was copied: batches by offset. What is read is checked batch by batch; a damaged or missing object is an
//! error that names it, never a gap.
//!
//! `remote_partition.rs` is what others call: it knows the newest manifest and asks for a newer one where an object is
//! gone. Look-ups by time and of aborted transactions are in `read/lookup.rs`.

mod index;
mod lookup;
mod replica;

pub use index::RangeIndex;
pub use lookup::AbortedTransactions;
pub use replica::ReplicaStart;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use broker_protocol::record_batch::{BATCH_HEADER_BYTES, BatchError, BatchHeader, RecordBatch};
use broker_protocol::types::{Offset, Uuid};
use bytes::Bytes;
use parking_lot::Mutex;
use thiserror::Error;

use crate::chunks::{Chunks, Stretch};
use crate::entry::Entry;
use crate::frame::FormatError;
use crate::keys::{ClusterKeys, PageKey};
use crate::lru::Lru;
use crate::manifest::{Manifest, Place, find_entry};
use crate::pool::Buffer;
use crate::publish::{PublishError, load_page};
use crate::sections::position_before;
use crate::store::Store;
use crate::store_error::{StoreError, StoreErrorKind};

/// Pages that are kept in memory: a page takes about 30 KiB.
const PAGES_MAX: u64 = 64;
/// Bytes of indexes that are kept in memory.
const INDEX_BYTES_MAX: u64 = 16 << 20;
/// Ends of reads that are kept, where the next read of the same consumer begins.
const HINTS_MAX: u64 = 4096;
/// Times that a range is read anew because its bytes were wrong.
const REREADS_MAX: u32 = 2;

/// Why nothing was read.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum RemoteReadError {
    /// The offset is below the log's start.
    #[error("offset {offset} is below the log's start, {log_start}")]
    BelowStart {
        /// The offset asked for.
        offset: Offset,
        /// First offset that readers may ask for.
        log_start: Offset,
    },
    /// The offset was not copied: the local log has it.
    #[error("offset {0} is not in the object store")]
    NotCopied(Offset),
    /// What is before and behind the offset was copied, it was not: a person has to look.
    #[error("offset {0} lies in a gap of what was copied")]
    Gap(Offset),
    /// An object that the manifest names is not there: a newer manifest may name another, otherwise a person has to look.
    #[error("{0} is not in the object store, although the manifest names it")]
    Missing(String),
    /// An object is not what was written: a person has to look.
    #[error("{object}, position {position}: {reason}")]
    Damaged {
        /// The object.
        object: String,
        /// Where in it.
        position: u64,
        /// What is wrong.
        reason: String,
    },
    /// The store: try again later.
    #[error(transparent)]
    Store(StoreError),
    /// The manifests: see there.
    #[error(transparent)]
    Publish(PublishError),
}

impl RemoteReadError {
    fn format(object: impl ToString, position: u64, error: &FormatError) -> RemoteReadError {
        RemoteReadError::Damaged { object: object.to_string(), position, reason: error.to_string() }
    }
}

impl From<StoreError> for RemoteReadError {
    fn from(error: StoreError) -> RemoteReadError {
        match error.kind {
            StoreErrorKind::Missing => RemoteReadError::Missing(error.object),
            StoreErrorKind::Truncated => {
                let reason = format!("it ends too early: {}", error.detail);
                RemoteReadError::Damaged { object: error.object, position: 0, reason }
            }
            _ => RemoteReadError::Store(error),
        }
    }
}

impl From<PublishError> for RemoteReadError {
    fn from(error: PublishError) -> RemoteReadError {
        match error {
            PublishError::Store(error) => error.into(),
            PublishError::Damaged { object, error } => RemoteReadError::format(object, 0, &error),
            other => RemoteReadError::Publish(other),
        }
    }
}

/// What a reader wants; as for the local log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RemoteRange {
    /// First offset.
    pub from: Offset,
    /// Bytes at most.
    pub max_bytes: usize,
    /// The first batch is wanted even if it is larger.
    pub min_one_batch: bool,
    /// Offset before which the last batch must end.
    pub upper: Offset,
}

/// Whole batches, checked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RemoteBatches {
    /// Their bytes; none if nothing fits.
    pub bytes: Bytes,
    /// Base offset of the first one, which may be before the offset asked for; that offset if there is none.
    pub base_offset: Offset,
    /// Offset after the last one; the offset asked for if there is none.
    pub next_offset: Offset,
}

/// Counts for metrics; they only grow.
#[derive(Debug, Default)]
pub struct ReadCounts {
    /// Reads that were answered with batches.
    pub reads: AtomicU64,
    /// Bytes of these.
    pub bytes: AtomicU64,
    /// Objects that were not what was written.
    pub damaged: AtomicU64,
    /// Objects that were not there.
    pub missing: AtomicU64,
}

/// Reads what was copied; shared by all partitions.
#[derive(Debug)]
pub struct RemoteReader {
    store: Arc<Store>,
    keys: Arc<ClusterKeys>,
    chunks: Arc<Chunks>,
    pages: Mutex<Lru<PageKey, Arc<Vec<Entry>>>>,
    indexes: Mutex<Lru<(Uuid, Offset), Arc<RangeIndex>>>,
    /// Where in the range of an entry an offset begins.
    hints: Mutex<Lru<(Uuid, Offset), u64>>,
    counts: ReadCounts,
}

impl RemoteReader {
    /// A reader.
    #[must_use]
    pub fn new(store: Arc<Store>, keys: Arc<ClusterKeys>, chunks: Arc<Chunks>) -> RemoteReader {
        RemoteReader {
            store,
            keys,
            chunks,
            pages: Mutex::new(Lru::new(PAGES_MAX)),
            indexes: Mutex::new(Lru::new(INDEX_BYTES_MAX)),
            hints: Mutex::new(Lru::new(HINTS_MAX)),
            counts: ReadCounts::default(),
        }
    }

    /// The counts.
    #[must_use]
    pub fn counts(&self) -> &ReadCounts {
        &self.counts
    }

    /// The chunks.
    #[must_use]
    pub fn chunks(&self) -> &Arc<Chunks> {
        &self.chunks
    }

    pub(crate) fn store(&self) -> &Arc<Store> {
        &self.store
    }

    pub(crate) fn keys(&self) -> &Arc<ClusterKeys> {
        &self.keys
    }

    /// Reads batches of one entry, as the manifest says.
    ///
    /// # Errors
    /// See [`RemoteReadError`].
    pub async fn read(
        &self,
        manifest: &Manifest,
        range: &RemoteRange,
    ) -> Result<RemoteBatches, RemoteReadError> {
        let entry = self.entry_at(manifest, range.from).await?;
        let (batches, end) = self.read_entry_to(&entry, range).await?;
        self.look_ahead(manifest, &entry, end);
        self.counts.reads.fetch_add(1, Ordering::Relaxed);
        self.counts.bytes.fetch_add(batches.bytes.len() as u64, Ordering::Relaxed);
        Ok(batches)
    }

    /// The entry that holds an offset.
    ///
    /// # Errors
    /// See [`RemoteReadError`].
    pub async fn entry_at(&self, manifest: &Manifest, offset: Offset) -> Result<Entry, RemoteReadError> {
        match manifest.find(offset) {
            Place::Entry(entry) => Ok(entry.clone()),
            Place::Page(page) => {
                let entries = self.page(page.key).await?;
                find_entry(&entries, offset).cloned().ok_or(RemoteReadError::Gap(offset))
            }
            Place::BelowStart => {
                Err(RemoteReadError::BelowStart { offset, log_start: manifest.log_start_offset })
            }
            Place::AboveEnd => Err(RemoteReadError::NotCopied(offset)),
            Place::Gap => Err(RemoteReadError::Gap(offset)),
        }
    }

    /// The entries of a page.
    ///
    /// # Errors
    /// See [`RemoteReadError`].
    pub async fn page(&self, key: PageKey) -> Result<Arc<Vec<Entry>>, RemoteReadError> {
        if let Some(entries) = self.pages.lock().get(&key) {
            return Ok(Arc::clone(entries));
        }
        let loaded = load_page(&self.store, &self.keys, key).await;
        let entries = Arc::new(loaded.map_err(|error| self.counted(error.into()))?);
        self.pages.lock().put(key, Arc::clone(&entries), 1);
        Ok(entries)
    }

    /// Reads batches of an entry.
    ///
    /// # Errors
    /// See [`RemoteReadError`].
    pub async fn read_entry(
        &self,
        entry: &Entry,
        range: &RemoteRange,
    ) -> Result<RemoteBatches, RemoteReadError> {
        Ok(self.read_entry_to(entry, range).await?.0)
    }

    /// As [`RemoteReader::read_entry`], with the position in the object behind what was read.
    async fn read_entry_to(
        &self,
        entry: &Entry,
        range: &RemoteRange,
    ) -> Result<(RemoteBatches, u64), RemoteReadError> {
        let mut attempt = 0;
        loop {
            attempt += 1;
            match self.try_read(entry, range).await {
                // A damaged answer or chunk is fetched once more, an object that is damaged stays so.
                Err(RemoteReadError::Damaged { object, position, reason }) if attempt < REREADS_MAX => {
                    tracing::debug!(object, position, reason, "damaged batches are read again");
                    self.indexes.lock().remove(&(entry.object.id, entry.base_offset));
                    // What is damaged may stand in another chunk than where it was noticed: in a header before it, or
                    // in the rest of a large batch.
                    let all = entry.position..entry.position + entry.length;
                    self.chunks.forget(&stretch_of(entry), all).await;
                }
                Err(error) => return Err(self.counted(error)),
                Ok(batches) => return Ok(batches),
            }
        }
    }

    /// Whoever comes to the end of an entry reads on in the next ones: what is fetched ahead of it does not end there.
    fn look_ahead(&self, manifest: &Manifest, entry: &Entry, position: u64) {
        let stretch = stretch_of(entry);
        if !self.chunks.looks_behind(&stretch, position) {
            return;
        }
        let Some(mut next) = self.known_entry(manifest, entry.next_offset()) else { return };
        let mut ahead = self.chunks.hand_over((&stretch, position), (&stretch_of(&next), next.position));
        while let Some(left) = ahead
            && let Some(after) = self.known_entry(manifest, next.next_offset())
        {
            ahead = self.chunks.fetch_first(&stretch_of(&after), after.position, left);
            next = after;
        }
    }

    /// The entry that holds an offset, if it need not be asked for.
    fn known_entry(&self, manifest: &Manifest, offset: Offset) -> Option<Entry> {
        match manifest.find(offset) {
            Place::Entry(entry) => Some(entry.clone()),
            Place::Page(page) => {
                self.pages.lock().get(&page.key).and_then(|entries| find_entry(entries, offset).cloned())
            }
            _ => None,
        }
    }

    async fn try_read(
        &self,
        entry: &Entry,
        range: &RemoteRange,
    ) -> Result<(RemoteBatches, u64), RemoteReadError> {
        let start = self.start_of(entry, range.from).await?;
        let mut walk = Walk::new(&self.store, entry, start, range.max_bytes);
        let mut taken: Option<Taken> = None;
        // What is passed over is not checked but for this: batches follow one another without a hole.
        let mut next = (start == entry.position).then_some(entry.base_offset);
        loop {
            let room = taken.map(|taken| range.max_bytes.saturating_sub(walk.bytes_since(taken.start)));
            let header = match self.next_batch(&mut walk, room).await? {
                Next::Batch(header) => header,
                Next::NotNow => break,
                Next::End if next.is_some_and(|next| next != entry.next_offset()) => {
                    return Err(walk.damaged("the last batch ends elsewhere than its range"));
                }
                Next::End => break,
            };
            let follows = next.map_or(header.base_offset <= range.from, |next| header.base_offset == next);
            if !follows {
                return Err(walk.damaged("a batch does not follow the one before it"));
            }
            next = Some(header.next_offset());
            let at = walk.at;
            walk.skip(&header);
            if header.last_offset() < range.from {
                walk.drop_before(walk.at);
                continue;
            }
            let bytes = walk.bytes_since(taken.map_or(at, |taken| taken.start));
            let fits = bytes <= range.max_bytes || (taken.is_none() && range.min_one_batch);
            if !fits || header.last_offset() >= range.upper {
                break;
            }
            let before =
                taken.unwrap_or(Taken { start: at, end: at, base: header.base_offset, next: range.from });
            taken = Some(Taken { end: walk.at, next: header.next_offset(), ..before });
            if bytes >= range.max_bytes {
                break;
            }
        }
        let Some(taken) = taken else {
            let (base_offset, next_offset) = (range.from, range.from);
            return Ok((RemoteBatches { bytes: Bytes::new(), base_offset, next_offset }, start));
        };
        let bytes = walk.cut(&taken);
        verify(entry, taken.start, &bytes)?;
        if entry.holds(taken.next) {
            self.hints.lock().put((entry.object.id, taken.next), taken.end, 1);
        }
        Ok((RemoteBatches { bytes, base_offset: taken.base, next_offset: taken.next }, taken.end))
    }

    /// A batch boundary at or before the batch that holds an offset, as a position in the object.
    async fn start_of(&self, entry: &Entry, offset: Offset) -> Result<u64, RemoteReadError> {
        if offset <= entry.base_offset {
            return Ok(entry.position);
        }
        if let Some(position) = self.hints.lock().get(&(entry.object.id, offset)) {
            return Ok(*position);
        }
        let index = self.index(entry).await?;
        let relative = position_before(&index.offset_index, entry.base_offset, offset);
        Ok(entry.position + relative.min(entry.length))
    }

    /// The header of the batch at the walk's place, with all of the batch in memory. Whoever has something already waits
    /// for nothing and wants no more than what there is `room` for.
    async fn next_batch(&self, walk: &mut Walk<'_>, room: Option<usize>) -> Result<Next, RemoteReadError> {
        let end = walk.entry.position + walk.entry.length;
        if walk.at >= end {
            return Ok(Next::End);
        }
        let mut needed = BATCH_HEADER_BYTES;
        loop {
            while walk.ahead() < needed {
                let position = walk.loaded_to();
                if position >= end {
                    return Err(walk.damaged("a batch goes on behind the end of its range"));
                }
                if room.is_some() && !self.chunks.is_here(&stretch_of(walk.entry), position) {
                    return Ok(Next::NotNow);
                }
                let chunk = self.chunks.get(&stretch_of(walk.entry), position).await?;
                walk.load(&chunk, needed);
            }
            match BatchHeader::parse(walk.rest()) {
                Ok(header) if header.size_in_bytes() as u64 > end - walk.at => {
                    return Err(walk.damaged("a batch goes on behind the end of its range"));
                }
                Ok(header) if room.is_some_and(|room| header.size_in_bytes() > room) => {
                    return Ok(Next::NotNow);
                }
                Ok(header) if header.size_in_bytes() <= walk.ahead() => return Ok(Next::Batch(header)),
                Ok(header) => needed = header.size_in_bytes(),
                Err(error) => return Err(walk.damaged(error)),
            }
        }
    }

    /// Counts an error that says that something is missing or not what was written; all errors of readers and writers
    /// pass here once.
    pub fn counted(&self, error: RemoteReadError) -> RemoteReadError {
        let counter = match &error {
            RemoteReadError::Missing(_) | RemoteReadError::Publish(PublishError::WentBack { .. }) => {
                &self.counts.missing
            }
            RemoteReadError::Damaged { .. } | RemoteReadError::Gap(_) => &self.counts.damaged,
            _ => return error,
        };
        counter.fetch_add(1, Ordering::Relaxed);
        error
    }
}

/// What a walk comes to.
enum Next {
    Batch(BatchHeader),
    /// It would have to be waited for, or does not fit.
    NotNow,
    /// The end of the entry.
    End,
}

/// What was chosen of a walk: positions in the object and offsets.
#[derive(Clone, Copy)]
struct Taken {
    start: u64,
    end: u64,
    base: Offset,
    next: Offset,
}

/// A way through the batches of an entry.
struct Walk<'a> {
    entry: &'a Entry,
    /// Bytes of the object from `from` on.
    buffer: Buffer,
    from: u64,
    /// Position of the next batch.
    at: u64,
    /// Bytes that are loaded at least, as far as a chunk has them.
    wanted: usize,
}

/// Bytes that a walk loads at least.
const WALK_BYTES_MIN: usize = 64 << 10;
/// Bytes that it loads at once at most.
const WALK_BYTES_MAX: usize = 1 << 20;
/// Bytes that it has room for from the beginning, at most.
const ROOM_BYTES_MAX: usize = 16 << 20;

impl<'a> Walk<'a> {
    fn new(store: &Store, entry: &'a Entry, at: u64, max_bytes: usize) -> Walk<'a> {
        let wanted = max_bytes.clamp(WALK_BYTES_MIN, WALK_BYTES_MAX);
        let left = usize::try_from(entry.position + entry.length - at).unwrap_or(usize::MAX);
        let room = max_bytes.min(left).min(ROOM_BYTES_MAX).max(wanted);
        Walk { entry, buffer: store.buffers().buffer(room), from: at, at, wanted }
    }

    /// Takes of a chunk that begins where this ends what a read of this size comes to, and at least what is needed
    /// from the next batch on.
    fn load(&mut self, chunk: &[u8], needed: usize) {
        let missing = needed.saturating_sub(self.ahead()).max(self.wanted.saturating_sub(self.buffer.len()));
        let missing = missing.max(BATCH_HEADER_BYTES);
        self.buffer.extend(&chunk[..missing.min(chunk.len())]);
    }

    fn loaded_to(&self) -> u64 {
        self.from + self.buffer.len() as u64
    }

    /// Bytes in memory from the next batch on.
    fn ahead(&self) -> usize {
        usize::try_from(self.loaded_to().saturating_sub(self.at)).unwrap_or(usize::MAX)
    }

    fn bytes_since(&self, position: u64) -> usize {
        usize::try_from(self.at.saturating_sub(position)).unwrap_or(usize::MAX)
    }

    fn rest(&self) -> &[u8] {
        &self.buffer.bytes()[self.buffer.len() - self.ahead()..]
    }

    fn skip(&mut self, header: &BatchHeader) {
        self.at += header.size_in_bytes() as u64;
    }

    fn drop_before(&mut self, position: u64) {
        let count = usize::try_from(position - self.from).unwrap_or(usize::MAX).min(self.buffer.len());
        self.buffer.drop_front(count);
        self.from += count as u64;
    }

    fn cut(mut self, taken: &Taken) -> Bytes {
        self.drop_before(taken.start);
        let length = usize::try_from(taken.end - taken.start).unwrap_or(usize::MAX);
        self.buffer.freeze(length)
    }

    fn damaged(&self, reason: impl ToString) -> RemoteReadError {
        let object = self.entry.object.to_string();
        RemoteReadError::Damaged { object, position: self.at, reason: reason.to_string() }
    }
}

/// The part of an object that holds the batches of an entry.
fn stretch_of(entry: &Entry) -> Stretch {
    let end = entry.position + entry.length;
    Stretch { object: entry.object, object_length: entry.object_length, end }
}

fn verify(entry: &Entry, start: u64, bytes: &[u8]) -> Result<(), RemoteReadError> {
    let mut rest = bytes;
    while !rest.is_empty() {
        let position = start + (bytes.len() - rest.len()) as u64;
        let damaged = |error: BatchError| RemoteReadError::Damaged {
            object: entry.object.to_string(),
            position,
            reason: error.to_string(),
        };
        let (batch, behind) = RecordBatch::parse(rest).map_err(damaged)?;
        batch.verify_crc().map_err(damaged)?;
        rest = behind;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
