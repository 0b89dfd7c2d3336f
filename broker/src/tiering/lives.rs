//! Whether this disk remembers what its data directory has published: a disk that was put back from an older copy does
//! not, and its broker stops tiering (`survey.rs`).
//!
//! A life is one start of a broker. Every manifest names the directory, the life, and a sequence number, which is in the
//! file `remote-lives` (`file.rs`) before the manifest is there. So a manifest of this directory whose life or number is
//! not in the file was written later than the disk remembers. Manifests of other directories are not judged.

pub(crate) mod file;

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use broker_protocol::types::Uuid;
use broker_tier::author::{Author, Authorship};
use broker_tier::ids::{ManifestNumber, PartitionId};
use broker_tier::manifest::Manifest;
use futures_util::future::BoxFuture;
use parking_lot::Mutex;

use self::file::{LivesFile, Remembered};
use crate::env::Env;

/// A manifest that this disk does not remember to have written, although its data directory did.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "manifest {number} of {partition} was written by a later life of this data directory than this disk remembers: it \
     was put back from an older copy, and has to be recovered into an empty directory"
)]
pub struct LaterLife {
    number: ManifestNumber,
    partition: PartitionId,
}

/// What the disk remembers, and the life that goes on.
#[derive(Debug)]
pub(crate) struct Lives {
    env: Env,
    directory: Uuid,
    life: Uuid,
    remembered: Remembered,
    /// The last number that was given out.
    sequence: Arc<AtomicU64>,
    written: Arc<Mutex<Written>>,
}

#[derive(Debug)]
struct Written {
    file: LivesFile,
    /// The last number that is durable.
    sequence: u64,
}

impl Lives {
    /// Begins a life of the data directory. `is_first`: nothing was ever published from it, so that there need be no file.
    ///
    /// # Errors
    /// The disk's.
    pub(super) fn begin(env: &Env, dir: &Path, directory: Uuid, is_first: bool) -> io::Result<Lives> {
        let (file, remembered) = file::open(env.disk.as_ref(), dir, is_first)?;
        let sequence = remembered.last;
        Ok(Lives {
            env: env.clone(),
            directory,
            life: env.random.uuid(),
            remembered,
            sequence: Arc::new(AtomicU64::new(sequence)),
            written: Arc::new(Mutex::new(Written { file, sequence })),
        })
    }

    /// Whether a manifest is none that this disk should remember and does not.
    ///
    /// # Errors
    /// It is one.
    pub(super) fn check(&self, manifest: &Manifest) -> Result<(), LaterLife> {
        let author = manifest.stamp.and_then(|stamp| stamp.author);
        let Some((number, author)) = manifest.number.zip(author) else { return Ok(()) };
        if self.is_later(&author) {
            return Err(LaterLife { number, partition: manifest.partition });
        }
        Ok(())
    }

    fn is_later(&self, author: &Author) -> bool {
        if author.directory != self.directory {
            return false;
        }
        // A machine that goes on from a snapshot of its memory takes an earlier life for its own.
        if author.life == self.life {
            return author.sequence > self.sequence.load(Ordering::SeqCst);
        }
        !self.remembered.has(author.life, author.sequence)
    }
}

impl Authorship for Lives {
    fn next(&self) -> BoxFuture<'_, io::Result<Author>> {
        let (directory, life) = (self.directory, self.life);
        let sequence = self.sequence.fetch_add(1, Ordering::SeqCst) + 1;
        let (given_out, written) = (Arc::clone(&self.sequence), Arc::clone(&self.written));
        let remember = move || -> io::Result<()> {
            let mut written = written.lock();
            // Somebody who came later may have been faster.
            if written.sequence < sequence {
                let last = given_out.load(Ordering::SeqCst);
                written.file.remember(life, last)?;
                written.sequence = last;
            }
            Ok(())
        };
        Box::pin(async move {
            self.env.block_on_disk(remember).await?;
            Ok(Author { directory, life, sequence })
        })
    }
}

#[cfg(test)]
mod tests;
