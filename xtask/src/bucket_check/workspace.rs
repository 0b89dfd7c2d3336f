//! What the promises are tried with: a store, a prefix of its own in it, and a note of all that was written there, so
//! that it can be removed whatever a listing shows.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Result, ensure};
use broker_protocol::types::Uuid;
use broker_tier::ids::ClusterId;
use broker_tier::keys::{ClusterKeys, Key, Prefix};
use broker_tier::store::{Creation, Resolved, Store, Upload};
use broker_tier::store_error::StoreError;
use bytes::Bytes;
use futures_util::stream::{self, StreamExt};
use object_store::path::Path;
use tokio::sync::OnceCell;

/// Requests that delete, or that write many objects, under way at once.
pub(super) const AT_ONCE: usize = 32;

/// See the file's header.
pub(super) struct Workspace {
    pub(super) store: Arc<Store>,
    /// The same store, asked with credentials that nobody has; `None` where there are none at all.
    pub(super) nobody: Option<Store>,
    /// The objects of the listings: written once, for all who list.
    pub(super) many: OnceCell<()>,
    prefix: Prefix,
    /// Of a directory: the one that the url names.
    directory: Option<PathBuf>,
    written: Mutex<BTreeSet<Path>>,
    /// Makes the content of every object another one.
    seed: AtomicU64,
}

impl Workspace {
    /// A place of its own below a prefix.
    ///
    /// # Errors
    /// The prefix is too long for one below it.
    pub(super) fn new(
        store: Arc<Store>,
        nobody: Option<Store>,
        below: &Prefix,
        directory: Option<PathBuf>,
    ) -> Result<Workspace> {
        let id = store.env().random.uuid();
        Ok(Workspace {
            store,
            nobody,
            many: OnceCell::new(),
            prefix: Prefix::parse(&format!("{below}/bucket-check-{}", id.hyphenated()))?,
            directory,
            written: Mutex::default(),
            seed: AtomicU64::new(id.as_u64_pair().0),
        })
    }

    /// Below which everything is written.
    pub(super) fn prefix(&self) -> &Prefix {
        &self.prefix
    }

    /// The keys that one promise uses.
    pub(super) fn keys(&self, promise: &str) -> ClusterKeys {
        let cluster = ClusterId::parse(promise).expect("names of promises are letters and hyphens");
        ClusterKeys::new(&self.prefix, &cluster)
    }

    /// A path for an object of a promise that nobody else writes to.
    pub(super) fn fresh(&self, promise: &str) -> Path {
        self.keys(promise).path(&Key::Probe(self.uuid()))
    }

    /// A random id.
    pub(super) fn uuid(&self) -> Uuid {
        self.store.env().random.uuid()
    }

    /// Bytes that do not compress and that no other object has.
    pub(super) fn payload(&self, length: usize) -> Bytes {
        let mut state = self.seed.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut bytes = Vec::with_capacity(length + 8);
        while bytes.len() < length {
            // Xorshift: never zero, as it did not begin there.
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            bytes.extend_from_slice(&state.to_le_bytes());
        }
        bytes.truncate(length);
        bytes.into()
    }

    /// Writes an object.
    pub(super) async fn put(&self, path: &Path, bytes: &Bytes) -> Result<(), StoreError> {
        self.note(path);
        self.store.put_unique(path, bytes.clone()).await
    }

    /// Creates an object, once.
    pub(super) async fn create(&self, path: &Path, bytes: &Bytes) -> Result<Creation, StoreError> {
        self.note(path);
        self.store.create(path, bytes.clone()).await
    }

    /// Creates an object as manifests are.
    pub(super) async fn create_resolved(&self, path: &Path, bytes: &Bytes) -> Result<Resolved, StoreError> {
        self.note(path);
        self.store.create_resolved(path, bytes).await
    }

    /// Begins an upload in parts.
    pub(super) async fn begin_upload(&self, path: &Path) -> Result<Upload, StoreError> {
        self.note(path);
        self.store.begin_upload(path).await
    }

    /// Writes an object in parts as a copier does.
    pub(super) async fn upload(&self, path: &Path, bytes: &Bytes, part: usize) -> Result<(), StoreError> {
        let mut upload = self.begin_upload(path).await?;
        for from in (0..bytes.len()).step_by(part) {
            upload.part(bytes.slice(from..(from + part).min(bytes.len()))).await?;
        }
        upload.complete().await
    }

    fn note(&self, path: &Path) {
        self.written.lock().unwrap_or_else(PoisonError::into_inner).insert(path.clone());
    }

    /// Removes all that was written; returns how many objects there were at most.
    ///
    /// # Errors
    /// Something is left.
    pub(super) async fn clean(&self) -> Result<usize> {
        let written = self.written.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if written.is_empty() {
            return Ok(0);
        }
        // As far as the store can tell; an upload that was interrupted has aborted itself.
        let _ = self.store.abort_uploads(&self.prefix.path(), i64::MAX).await;
        let deletions = stream::iter(&written).map(|path| self.store.delete(path));
        let failures: Vec<StoreError> =
            deletions.buffer_unordered(AT_ONCE).filter_map(async |deleted| deleted.err()).collect().await;
        if let Some(error) = failures.first() {
            let (count, prefix) = (failures.len(), &self.prefix);
            anyhow::bail!("{count} objects could not be removed, look below {prefix}: {error}");
        }
        if let Some(directory) = &self.directory {
            // Of a directory, the folders are left, and what an upload had begun.
            let own = directory.join(self.prefix.to_string());
            ensure!(!own.exists() || std::fs::remove_dir_all(&own).is_ok(), "{} is left", own.display());
        }
        let listing = self.store.list(&self.keys("rest"), &self.prefix.path()).await?;
        let left = listing.objects.len() + listing.foreign_count;
        ensure!(left == 0, "{left} objects are left below {}", self.prefix);
        Ok(written.len())
    }

    /// How many requests there were, for whoever pays for them.
    pub(super) fn requests(&self) -> String {
        let counts = self.store.counts();
        let [requests, errors, throttled, timeouts] =
            [&counts.requests, &counts.errors, &counts.throttled, &counts.timeouts]
                .map(|counter| counter.load(Ordering::Relaxed));
        let [out, back] = [&counts.bytes_out, &counts.bytes_in]
            .map(|counter| counter.load(Ordering::Relaxed) as f64 / f64::from(1 << 20));
        format!(
            "{requests} requests, {errors} of them answered with errors (those provoked among them), {throttled} with \
             SlowDown, {timeouts} not at all; {out:.0} MiB written, {back:.0} MiB read"
        )
    }
}
