//! Requests to an object store: every one with a deadline, in one of three lanes of bounded width, repeated where that
//! is harmless. Nothing else of this crate calls the store.
//!
//! A write whose outcome is unknown is never repeated blindly: [`Store::create`] tells it, and
//! [`Store::create_resolved`] reads back what is there.

mod check;
pub mod connect;
mod pending;
mod planted;
mod ranges;
mod upload;

pub use check::{SelfTest, SelfTestError};
pub use pending::{PendingUpload, PendingUploads};
#[cfg(feature = "planted-bugs")]
pub use planted::PlantedBug;
pub use ranges::TakePart;
pub use upload::Upload;

use std::fmt::Display;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::TryStreamExt;
use object_store::path::Path;
use object_store::{GetOptions, ObjectMeta, ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload};
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::copy::PART_BYTES;
use crate::keys::{ClusterKeys, Key};
use crate::pool::{BUFFER_BYTES, BufferPool};
use crate::seams::Env;
use crate::store_error::{StoreError, StoreErrorKind};

/// Most objects of one listing; a partition with more is one whose pages are damaged or not used.
const LISTED_MAX: usize = 2_000_000;
/// Foreign objects that a listing names; of more, only the count counts.
const FOREIGN_NAMED_MAX: usize = 20;
/// Times that a create whose outcome is unknown is tried and read back.
const RESOLVE_ATTEMPTS: u32 = 6;

/// How patient and how greedy requests are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StoreLimits {
    /// A request without much to carry, and each page of a listing.
    pub request_timeout: Duration,
    /// A request that carries up to a part of an upload or a range of a read.
    pub transfer_timeout: Duration,
    /// Requests of copiers under way at once.
    pub copy_requests: usize,
    /// Requests of readers under way at once.
    pub read_requests: usize,
    /// All others under way at once.
    pub control_requests: usize,
    /// Times that a harmless request is tried.
    pub attempts: u32,
    /// Wait before the second try; it doubles.
    pub backoff: Duration,
    /// Longest wait between tries.
    pub backoff_max: Duration,
}

impl Default for StoreLimits {
    fn default() -> Self {
        StoreLimits {
            request_timeout: Duration::from_secs(15),
            transfer_timeout: Duration::from_secs(60),
            copy_requests: 8,
            read_requests: 32,
            control_requests: 8,
            attempts: 5,
            backoff: Duration::from_millis(200),
            backoff_max: Duration::from_secs(10),
        }
    }
}

/// Counts for metrics; they only grow.
#[derive(Debug, Default)]
pub struct StoreCounts {
    /// Requests sent.
    pub requests: AtomicU64,
    /// Requests that failed, repeated ones included; objects that were not there are not failures.
    pub errors: AtomicU64,
    /// Requests refused as one too many.
    pub throttled: AtomicU64,
    /// Requests without an answer before the deadline.
    pub timeouts: AtomicU64,
    /// Bytes written.
    pub bytes_out: AtomicU64,
    /// Bytes read.
    pub bytes_in: AtomicU64,
}

/// An object as a listing or a HEAD tells it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Listed {
    /// Its key.
    pub key: Key,
    /// Bytes.
    pub size: u64,
    /// When it was written by the store's clock, milliseconds since 1970.
    pub modified_ms: i64,
}

/// The objects below some prefix.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Listing {
    /// Those of this layout, in no order.
    pub objects: Vec<Listed>,
    /// The first of those that are foreign.
    pub foreign: Vec<String>,
    /// How many are foreign.
    pub foreign_count: usize,
}

/// How a create-if-absent ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Creation {
    /// The object is there and ours.
    Created,
    /// The store says that something is there: it may be ours, of a request that was repeated, or nothing at all.
    Taken,
    /// Nobody can tell yet.
    Unknown(StoreError),
}

/// What is there after a create-if-absent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Resolved {
    /// What we wrote.
    Ours,
    /// Something else.
    Theirs(Bytes),
}

/// An object store; see the file's header.
#[derive(Debug)]
pub struct Store {
    /// For everything whose outcome matters: it repeats nothing by itself.
    single: Arc<dyn ObjectStore>,
    /// For parts of uploads, whose repetition is harmless.
    repeating: Arc<dyn ObjectStore>,
    /// Knows the uploads that were begun, where a store can tell.
    pending: Option<Arc<dyn PendingUploads>>,
    env: Env,
    limits: StoreLimits,
    copy_lane: Semaphore,
    read_lane: Semaphore,
    control_lane: Semaphore,
    counts: StoreCounts,
    /// Memory for what is read.
    buffers: Arc<BufferPool>,
    /// Memory for parts of uploads.
    part_buffers: Arc<BufferPool>,
    part_bytes: AtomicUsize,
    /// A bug to run with, to see that tests find it.
    #[cfg(feature = "planted-bugs")]
    planted: std::sync::OnceLock<PlantedBug>,
}

impl Store {
    /// Wraps a store. `single` must not repeat requests by itself; `repeating` may.
    #[must_use]
    pub fn new(
        single: Arc<dyn ObjectStore>,
        repeating: Arc<dyn ObjectStore>,
        env: Env,
        limits: StoreLimits,
    ) -> Store {
        Store {
            single,
            repeating,
            pending: None,
            env,
            limits,
            copy_lane: Semaphore::new(limits.copy_requests.max(1)),
            read_lane: Semaphore::new(limits.read_requests.max(1)),
            control_lane: Semaphore::new(limits.control_requests.max(1)),
            counts: StoreCounts::default(),
            buffers: Arc::new(BufferPool::new(BUFFER_BYTES)),
            part_buffers: Arc::new(BufferPool::new(PART_BYTES)),
            part_bytes: AtomicUsize::new(PART_BYTES),
            #[cfg(feature = "planted-bugs")]
            planted: std::sync::OnceLock::new(),
        }
    }

    /// Time and randomness.
    #[must_use]
    pub fn env(&self) -> &Env {
        &self.env
    }

    /// Memory for what is read.
    pub(crate) fn buffers(&self) -> &Arc<BufferPool> {
        &self.buffers
    }

    /// Memory for parts of uploads.
    pub(crate) fn part_buffers(&self) -> &Arc<BufferPool> {
        &self.part_buffers
    }

    /// Gives memory back that nobody has needed since the last time.
    pub(crate) fn rest(&self) {
        self.buffers.rest();
        self.part_buffers.rest();
    }

    /// Bytes of a part of an upload. Objects up to this size are written at once.
    #[must_use]
    pub fn part_bytes(&self) -> usize {
        self.part_bytes.load(Ordering::Relaxed)
    }

    /// Has uploads have smaller parts than stores take, for simulations.
    pub fn set_part_bytes(&self, bytes: usize) {
        self.part_bytes.store(bytes, Ordering::Relaxed);
    }

    /// The counts.
    #[must_use]
    pub fn counts(&self) -> &StoreCounts {
        &self.counts
    }

    /// Writes an object whose key nobody else ever writes to; repeated until it is there or the attempts are used up.
    ///
    /// # Errors
    /// Any; the object may be there or may yet appear, as an orphan.
    pub async fn put_unique(&self, path: &Path, bytes: Bytes) -> Result<(), StoreError> {
        self.repeat("put", path, || async {
            let _permit = permit(&self.copy_lane).await;
            let payload = PutPayload::from_bytes(bytes.clone());
            let put = self.single.put_opts(path, payload, PutOptions::default());
            self.within(self.limits.transfer_timeout, "put", path, put).await?;
            count(&self.counts.bytes_out, bytes.len());
            Ok(())
        })
        .await
    }

    /// Writes an object if there is none, once.
    ///
    /// # Errors
    /// Surely nothing was written.
    pub async fn create(&self, path: &Path, bytes: Bytes) -> Result<Creation, StoreError> {
        let _permit = permit(&self.control_lane).await;
        count(&self.counts.bytes_out, bytes.len());
        let put = self.single.put_opts(path, PutPayload::from_bytes(bytes), PutMode::Create.into());
        match self.within(self.limits.request_timeout, "create", path, put).await {
            Ok(_) => Ok(Creation::Created),
            Err(error) if error.kind == StoreErrorKind::Taken => Ok(Creation::Taken),
            Err(error) if error.kind.is_surely_undone() => Err(error),
            Err(error) => Ok(Creation::Unknown(error)),
        }
    }

    /// Writes an object if there is none, and finds out what is there afterwards: an answer can be lost, or say that
    /// something is there when it is our own object or none at all. `bytes` have to be ones that nobody else writes.
    ///
    /// # Errors
    /// Where the kind is surely undone and no attempt before was unknown, nothing was written. After any other error the
    /// object may be there or may yet appear.
    pub async fn create_resolved(&self, path: &Path, bytes: &Bytes) -> Result<Resolved, StoreError> {
        let mut last = None;
        for attempt in 0..RESOLVE_ATTEMPTS {
            self.wait_before(attempt).await;
            match self.create(path, bytes.clone()).await {
                Ok(Creation::Created) => return Ok(Resolved::Ours),
                Ok(Creation::Taken) => {}
                Ok(Creation::Unknown(error)) => last = Some(error),
                // An attempt before this one may have been done all the same.
                Err(error) if last.is_some() => last = Some(error),
                Err(error) => return Err(error),
            }
            match self.get_once(path, bytes.len().max(crate::frame::FRAME_BYTES_MAX)).await {
                Ok((found, _)) if found == *bytes => return Ok(Resolved::Ours),
                Ok((found, _)) => return Ok(Resolved::Theirs(found)),
                Err(error) if error.kind == StoreErrorKind::Missing => {}
                Err(error) => last = Some(error),
            }
        }
        let unknown = || StoreError::new(StoreErrorKind::Unreachable, "create", path, "taken by nothing");
        let error = last.unwrap_or_else(unknown);
        Err(StoreError { kind: StoreErrorKind::Unreachable, ..error })
    }

    /// Reads an object of at most `bytes_max` bytes.
    ///
    /// # Errors
    /// `Missing`, and any other.
    pub async fn get(&self, path: &Path, bytes_max: usize) -> Result<(Bytes, i64), StoreError> {
        self.repeat("get", path, || self.get_once(path, bytes_max)).await
    }

    async fn get_once(&self, path: &Path, bytes_max: usize) -> Result<(Bytes, i64), StoreError> {
        let _permit = permit(&self.control_lane).await;
        let get = async {
            let result = self.single.get_opts(path, GetOptions::default()).await?;
            let (size, modified_ms) = (result.meta.size, result.meta.last_modified.timestamp_millis());
            if usize::try_from(size).is_ok_and(|size| size <= bytes_max) {
                Ok::<_, object_store::Error>((result.bytes().await?, size, modified_ms))
            } else {
                Ok((Bytes::new(), size, modified_ms))
            }
        };
        let (bytes, size, modified_ms) = self.within(self.limits.transfer_timeout, "get", path, get).await?;
        if bytes.len() as u64 != size {
            let detail = format!("{} bytes of an object of {size}", bytes.len());
            return Err(StoreError::new(StoreErrorKind::Invalid, "get", path, detail));
        }
        count(&self.counts.bytes_in, bytes.len());
        Ok((bytes, modified_ms))
    }

    /// Size and time of an object; `None` if it is not there.
    ///
    /// # Errors
    /// Any but `Missing`.
    pub async fn head(&self, path: &Path) -> Result<Option<(u64, i64)>, StoreError> {
        let head = self.repeat("head", path, || async {
            let _permit = permit(&self.control_lane).await;
            let head = self.single.head(path);
            self.within(self.limits.request_timeout, "head", path, head).await
        });
        match head.await {
            Ok(meta) => Ok(Some((meta.size, meta.last_modified.timestamp_millis()))),
            Err(error) if error.kind == StoreErrorKind::Missing => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Deletes an object; one that is not there is fine.
    ///
    /// # Errors
    /// Any but `Missing`.
    pub async fn delete(&self, path: &Path) -> Result<(), StoreError> {
        let delete = self.repeat("delete", path, || async {
            let _permit = permit(&self.control_lane).await;
            let delete = self.single.delete(path);
            self.within(self.limits.request_timeout, "delete", path, delete).await
        });
        match delete.await {
            Err(error) if error.kind != StoreErrorKind::Missing => Err(error),
            _ => Ok(()),
        }
    }

    /// All objects below a prefix. A listing may be stale: that something is not in it decides nothing by itself.
    ///
    /// # Errors
    /// Any; `Invalid` if there are too many.
    pub async fn list(&self, keys: &ClusterKeys, prefix: &Path) -> Result<Listing, StoreError> {
        self.list_behind(keys, prefix, None).await
    }

    /// The objects below a prefix whose paths sort behind `behind`.
    ///
    /// # Errors
    /// As [`Store::list`].
    pub async fn list_behind(
        &self,
        keys: &ClusterKeys,
        prefix: &Path,
        behind: Option<&Path>,
    ) -> Result<Listing, StoreError> {
        self.repeat("list", prefix, || async {
            let _permit = permit(&self.control_lane).await;
            count(&self.counts.requests, 1);
            let mut stream = match behind {
                Some(behind) => self.single.list_with_offset(Some(prefix), behind),
                None => self.single.list(Some(prefix)),
            };
            let mut listing = Listing::default();
            loop {
                // One of many objects is no request of its own.
                let next = stream.try_next();
                match self.by(self.limits.request_timeout, "list", prefix, next).await? {
                    Some(meta) => listing.add(keys, &meta),
                    None => return Ok(listing),
                }
                if listing.objects.len() + listing.foreign_count > LISTED_MAX {
                    let detail = format!("more than {LISTED_MAX} objects");
                    return Err(StoreError::new(StoreErrorKind::Unsupported, "list", prefix, detail));
                }
            }
        })
        .await
    }

    /// The folders right below a prefix.
    ///
    /// # Errors
    /// Any.
    pub async fn folders(&self, prefix: &Path) -> Result<Vec<Path>, StoreError> {
        self.repeat("list", prefix, || async {
            let _permit = permit(&self.control_lane).await;
            let list = self.single.list_with_delimiter(Some(prefix));
            let found = self.within(self.limits.transfer_timeout, "list", prefix, list).await?;
            Ok(found.common_prefixes)
        })
        .await
    }

    /// Waits before a repetition: nothing before the first try, then longer and longer, by chance.
    async fn wait_before(&self, attempt: u32) {
        if attempt > 0 {
            let doubled = self.limits.backoff.saturating_mul(1 << (attempt - 1).min(16));
            tokio::time::sleep(self.env.jittered(doubled.min(self.limits.backoff_max))).await;
        }
    }

    async fn repeat<T, F: Future<Output = Result<T, StoreError>>>(
        &self,
        operation: &'static str,
        object: impl Display,
        mut act: impl FnMut() -> F,
    ) -> Result<T, StoreError> {
        let mut attempt = 0;
        loop {
            self.wait_before(attempt).await;
            attempt += 1;
            match act().await {
                Err(error) if error.kind.is_transient() && attempt < self.limits.attempts => {
                    tracing::debug!(operation, %object, attempt, %error, "request to the object store is repeated");
                }
                result => return result,
            }
        }
    }

    async fn within<T>(
        &self,
        timeout: Duration,
        operation: &'static str,
        object: impl Display,
        act: impl Future<Output = object_store::Result<T>>,
    ) -> Result<T, StoreError> {
        count(&self.counts.requests, 1);
        self.by(timeout, operation, object, act).await
    }

    async fn by<T>(
        &self,
        timeout: Duration,
        operation: &'static str,
        object: impl Display,
        act: impl Future<Output = object_store::Result<T>>,
    ) -> Result<T, StoreError> {
        let error = match tokio::time::timeout(timeout, act).await {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(error)) => StoreError::of(operation, object, &error),
            Err(_) => {
                count(&self.counts.timeouts, 1);
                StoreError::late(operation, object)
            }
        };
        if error.kind == StoreErrorKind::Throttled {
            count(&self.counts.throttled, 1);
        }
        if error.kind != StoreErrorKind::Missing {
            count(&self.counts.errors, 1);
        }
        Err(error)
    }
}

impl Listing {
    fn add(&mut self, keys: &ClusterKeys, meta: &ObjectMeta) {
        match keys.key_at(&meta.location) {
            Ok(key) => {
                let modified_ms = meta.last_modified.timestamp_millis();
                self.objects.push(Listed { key, size: meta.size, modified_ms });
            }
            Err(_) => {
                self.foreign_count += 1;
                if self.foreign.len() < FOREIGN_NAMED_MAX {
                    self.foreign.push(meta.location.to_string());
                }
            }
        }
    }
}

async fn permit(lane: &Semaphore) -> SemaphorePermit<'_> {
    lane.acquire().await.expect("a lane is never closed")
}

fn count(counter: &AtomicU64, by: usize) {
    counter.fetch_add(by as u64, Ordering::Relaxed);
}

#[cfg(test)]
mod tests;
