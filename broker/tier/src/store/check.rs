//! The self-test at the start: does this store keep the promises that tiering is built on?

use bytes::Bytes;
use object_store::path::Path;
use thiserror::Error;

use super::{Creation, Resolved, Store};
use crate::keys::{ClusterKeys, Key};
use crate::store_error::StoreError;

/// Most bytes of what the test writes.
const PROBE_BYTES: usize = 64;

/// Age at which the object of another test is taken for one that a crash has left.
const LEFT_OVER_MS: i64 = 24 * 3600 * 1000;

/// What the test learned.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SelfTest {
    /// The store's clock minus this machine's, in milliseconds.
    pub clock_ahead_ms: i64,
}

/// Why a store is refused.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum SelfTestError {
    /// A request failed.
    #[error("the object store's self-test failed: {0}")]
    Store(#[from] StoreError),
    /// The store writes over what is there, although it was asked not to.
    #[error(
        "the object store ignores conditional writes (If-None-Match): two brokers could overwrite each other's \
         manifests and lose records, so it is not used. Use a store, or a release of it, that has them"
    )]
    NoCreateIfAbsent,
    /// The store does not give back what was written.
    #[error("the object store gives back other bytes than were written: {0}")]
    OtherBytes(&'static str),
    /// What was written is not in a listing.
    #[error("the object store does not list an object that was just written")]
    NotListed,
}

impl Store {
    /// Tries what is needed of a store: create-if-absent, reading back, ranges, listing, deletion.
    ///
    /// # Errors
    /// The store is not to be used, with the reason.
    pub async fn self_test(&self, keys: &ClusterKeys) -> Result<SelfTest, SelfTestError> {
        let path = keys.path(&Key::Probe(self.env.random.uuid()));
        let tested = self.test_at(keys, &path).await;
        let deleted = self.delete(&path).await;
        let tested = tested?;
        deleted?;
        if self.head(&path).await?.is_some() {
            return Err(SelfTestError::OtherBytes("an object was deleted and is still there"));
        }
        Ok(tested)
    }

    async fn test_at(&self, keys: &ClusterKeys, path: &Path) -> Result<SelfTest, SelfTestError> {
        let first = Bytes::from(format!("first {}", self.env.random.uuid()));
        let second = Bytes::from(format!("second {}", self.env.random.uuid()));
        if let Resolved::Theirs(_) = self.create_resolved(path, &first).await? {
            return Err(SelfTestError::OtherBytes("an object that nobody wrote was there"));
        }
        match self.create(path, second).await? {
            Creation::Created => return Err(SelfTestError::NoCreateIfAbsent),
            Creation::Taken | Creation::Unknown(_) => {}
        }
        let now_ms = self.env.clock.now_ms();
        let (found, modified_ms) = self.get(path, PROBE_BYTES).await?;
        if found.starts_with(b"second") {
            return Err(SelfTestError::NoCreateIfAbsent);
        }
        if found != first {
            return Err(SelfTestError::OtherBytes("a whole object"));
        }
        if self.get_range(path, 2..7).await? != first.slice(2..7) {
            return Err(SelfTestError::OtherBytes("a range of an object"));
        }
        let listing = self.list(keys, &keys.probes_path()).await?;
        if !listing.objects.iter().any(|object| keys.path(&object.key) == *path) {
            return Err(SelfTestError::NotListed);
        }
        // What a test has left that was killed.
        for old in listing.objects.iter().filter(|object| object.modified_ms <= modified_ms - LEFT_OVER_MS) {
            self.delete(&keys.path(&old.key)).await?;
        }
        Ok(SelfTest { clock_ahead_ms: modified_ms.saturating_sub(now_ms) })
    }
}
