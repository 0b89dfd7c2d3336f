//! Who writes a manifest: which data directory, and in which of its lives. A life is one start of a broker.
//!
//! A disk that was put back from an older copy has the same directory id as what was copied after that copy was made. It
//! knows such manifests by their lives: those it has not lived.

use std::fmt::Debug;
use std::io;

use broker_protocol::types::Uuid;
use futures_util::future::BoxFuture;

/// The author of one manifest.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Author {
    /// `directory.id` of the data directory.
    pub directory: Uuid,
    /// Random, made with each start.
    pub life: Uuid,
    /// One more with each manifest of the directory.
    pub sequence: u64,
}

/// Names the authors of manifests.
pub trait Authorship: Send + Sync + Debug {
    /// The author of the next manifest; the disk remembers it when this returns.
    ///
    /// # Errors
    /// The disk's: the manifest must not be published.
    fn next(&self) -> BoxFuture<'_, io::Result<Author>>;
}
