//! The object store of a simulation, whichever kind it is, and what was written to it.

use std::sync::Arc;

use bytes::Bytes;
use object_store::ObjectStore;
use object_store::path::Path;

use super::directory::Directory;
use super::weather::{TROUBLES, Weather};
use super::{Bucket, Work};

/// An object that was written.
#[derive(Clone, Debug)]
pub struct Written {
    /// Where.
    pub path: Path,
    /// What.
    pub bytes: Bytes,
    /// What was there before.
    pub replaced: Option<Bytes>,
}

/// The object store; clones share one.
#[derive(Clone, Debug)]
pub enum RemoteStore {
    /// A bucket elsewhere.
    Bucket(Bucket),
    /// A directory of the broker's machine.
    Directory(Directory),
}

impl RemoteStore {
    /// As the broker sees it.
    #[must_use]
    pub fn object_store(&self) -> Arc<dyn ObjectStore> {
        match self {
            RemoteStore::Bucket(bucket) => Arc::new(bucket.clone()),
            RemoteStore::Directory(directory) => Arc::new(directory.clone()),
        }
    }

    /// Has happen what is due: between the steps of the simulation.
    pub fn tick(&self) {
        if let RemoteStore::Bucket(bucket) = self {
            bucket.tick();
        }
    }

    /// From here on nothing goes wrong.
    pub fn heal(&self) {
        if let RemoteStore::Bucket(bucket) = self {
            bucket.heal();
        }
    }

    /// Adds trouble; a directory has none but its disk's.
    pub fn add_weather(&self, weather: Weather) {
        if let RemoteStore::Bucket(bucket) = self {
            bucket.add_weather(weather);
        }
    }

    /// The process whose requests these are is gone.
    pub fn process_died(&self) {
        if let RemoteStore::Bucket(bucket) = self {
            bucket.process_died();
        }
    }

    /// Whether a request that is part of such work is under way.
    #[must_use]
    pub fn is_working(&self, work: Work) -> bool {
        match self {
            RemoteStore::Bucket(bucket) => bucket.is_working(work),
            RemoteStore::Directory(directory) => directory.is_working(work),
        }
    }

    /// Whether nothing is on its way that nobody waits for.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        match self {
            RemoteStore::Bucket(bucket) => !bucket.has_strays(),
            RemoteStore::Directory(_) => true,
        }
    }

    /// What was written since this was asked last.
    #[must_use]
    pub fn take_written(&self) -> Vec<Written> {
        match self {
            RemoteStore::Bucket(bucket) => bucket.take_written(),
            RemoteStore::Directory(directory) => directory.take_written(),
        }
    }

    /// All objects with their paths, in order.
    #[must_use]
    pub fn contents(&self) -> Vec<(Path, Bytes)> {
        match self {
            RemoteStore::Bucket(bucket) => bucket.contents(),
            // What the disk does not give is missed by whoever looks for it.
            RemoteStore::Directory(directory) => directory.contents().unwrap_or_default(),
        }
    }

    /// How often what has gone wrong, in words; `None` stands for a simulation without a store.
    #[must_use]
    pub fn counts(store: Option<&RemoteStore>) -> Vec<(&'static str, u64)> {
        let (troubles, left) = match store {
            Some(RemoteStore::Bucket(bucket)) => (bucket.troubles(), bucket.left_uploads()),
            _ => ([0; TROUBLES.len()], 0),
        };
        let troubles = TROUBLES.iter().map(|trouble| trouble.name()).zip(troubles);
        troubles.chain([("bucket: upload left behind", left)]).collect()
    }
}
