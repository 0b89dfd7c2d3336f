//! Whether this disk's metadata are those that the object store has snapshots of: the file `remote-metadata`.
//!
//! ```text
//! version=1
//! offset=<offset of the last snapshot that this broker has begun to write, or of the metadata it first started with>
//! ```
//! It is durable before the snapshot is there. So a store with a later snapshot of this generation tells of a disk that was
//! put back from an older copy: its broker stops tiering (`survey.rs`).

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use broker_log::io::Disk;
use broker_tier::ids::{Generation, MetadataOffset};
use broker_tier::keys::ClusterKeys;
use broker_tier::meta::{self, MetaError};
use broker_tier::publish::PublishError;
use broker_tier::store::Store;
use tokio::sync::Mutex;

use crate::env::Env;
use crate::tiering::lives::LaterLife;

const FILE: &str = "remote-metadata";
const VERSION: &str = "1";

/// Why metadata are not compared, or not written.
#[derive(Debug, thiserror::Error)]
pub enum LineageError {
    /// The object store; try again later.
    #[error(transparent)]
    Snapshot(#[from] MetaError),
    /// A manifest cannot be had; try again later.
    #[error(transparent)]
    Manifest(#[from] PublishError),
    /// The disk is an older copy, as a manifest tells.
    #[error(transparent)]
    LaterLife(#[from] LaterLife),
    /// The disk is an older copy.
    #[error(
        "the object store has metadata of offset {}, this disk wrote none later than {}: it was put back from \
         an older copy, and has to be recovered into an empty directory",
        .stored.0, .own.0
    )]
    Older {
        /// Offset of the newest snapshot.
        stored: MetadataOffset,
        /// The newest that this disk knows of.
        own: MetadataOffset,
    },
}

/// What this disk knows of its snapshots; see the file's header.
#[derive(Debug)]
pub struct MetadataLineage {
    path: PathBuf,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    begun: Option<MetadataOffset>,
}

impl MetadataLineage {
    /// What the directory knows. A file that makes no sense counts for none.
    ///
    /// # Errors
    /// The disk's.
    pub fn load(disk: &dyn Disk, dir: &Path) -> io::Result<MetadataLineage> {
        let path = dir.join(FILE);
        let begun = match disk.read(&path) {
            Ok(bytes) => {
                let begun = decode(&String::from_utf8_lossy(&bytes));
                if begun.is_none() {
                    tracing::warn!(file = %path.display(), "the file is damaged: metadata themselves are compared");
                }
                begun
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        Ok(MetadataLineage { path, state: Mutex::new(State { begun }) })
    }

    /// Remembers an offset if nothing is remembered: this disk never wrote a snapshot, or has lost the file. Its metadata grow
    /// from now on, and what they were compared with must not.
    ///
    /// # Errors
    /// The disk's.
    pub async fn begin_with(&self, env: &Env, own: MetadataOffset) -> io::Result<()> {
        let mut state = self.state.lock().await;
        match state.begun {
            Some(_) => Ok(()),
            None => self.remember(env, &mut state, own).await,
        }
    }

    /// Compares this disk with the store.
    ///
    /// # Errors
    /// See [`LineageError`].
    pub async fn check(
        &self,
        store: &Store,
        keys: &ClusterKeys,
        generation: Generation,
    ) -> Result<(), LineageError> {
        let own = self.state.lock().await.begun.unwrap_or(MetadataOffset(0));
        for (stored, _) in meta::list(store, keys).await.map_err(MetaError::from)? {
            if stored <= own {
                break;
            }
            // Before it stops, the broker of an earlier generation may have written some.
            match meta::read(store, keys, stored).await {
                Ok(snapshot) if snapshot.generation < generation => {}
                Ok(_) | Err(MetaError::Format(..)) => return Err(LineageError::Older { stored, own }),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Remembers that a snapshot may be there from now on.
    ///
    /// # Errors
    /// The disk's: there must be none.
    pub async fn begin(&self, env: &Env, offset: MetadataOffset) -> io::Result<()> {
        let mut state = self.state.lock().await;
        if state.begun.is_some_and(|begun| begun >= offset) {
            return Ok(());
        }
        self.remember(env, &mut state, offset).await
    }

    async fn remember(&self, env: &Env, state: &mut State, offset: MetadataOffset) -> io::Result<()> {
        if state.begun == Some(offset) {
            return Ok(());
        }
        let (disk, path) = (Arc::clone(&env.disk), self.path.clone());
        let text = format!("version={VERSION}\noffset={}\n", offset.0);
        env.block_on_disk(move || disk.write_atomically(&path, text.as_bytes())).await?;
        state.begun = Some(offset);
        Ok(())
    }
}

fn decode(text: &str) -> Option<MetadataOffset> {
    let rest = text.strip_prefix("version=")?.strip_prefix(VERSION)?.strip_prefix("\noffset=")?;
    rest.strip_suffix('\n')?.parse().ok().map(MetadataOffset)
}

#[cfg(test)]
mod tests {
    use broker_log::io::memory_disk::MemoryDisk;

    use super::*;

    #[test]
    fn a_damaged_file_counts_for_none() {
        let (disk, dir) = (MemoryDisk::new(1), Path::new("/data"));
        disk.create_dir_all(dir).unwrap();
        let begun = || MetadataLineage::load(&disk, dir).unwrap().state.into_inner().begun;
        assert_eq!(begun(), None);
        let whole = "version=1\noffset=123\n";
        for end in 0..whole.len() {
            disk.write_atomically(&dir.join(FILE), &whole.as_bytes()[..end]).unwrap();
            assert_eq!(begun(), None, "cut at {end}");
        }
        disk.write_atomically(&dir.join(FILE), whole.as_bytes()).unwrap();
        assert_eq!(begun(), Some(MetadataOffset(123)));
    }
}
