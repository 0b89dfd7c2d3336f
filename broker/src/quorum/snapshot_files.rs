//! Snapshots of the metadata image on disk: `snapshot-<index of its last entry, 20 digits>`.
//!
//! A file is magic (4 bytes), format version (1), CRC-32C of the rest (4, little endian), and the rest as protobuf. It
//! is put in place atomically. The one before the last is kept, and so are the log entries after it, so that a rotten
//! snapshot costs nothing: the one before it and the log say the same. If none can be read the broker must not start.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use broker_log::io::Disk;
use broker_state::metadata::{MetadataImage, snapshot};
use bytes::Bytes;
use parking_lot::Mutex;
use prost::Message;
use tracing::{error, info};

use super::raft_message::SnapshotField;
use super::{SnapshotMeta, crc32c, is_full};

const MAGIC: [u8; 4] = *b"HWMS";
const FORMAT_VERSION: u8 = 1;
const HEADER_LEN: usize = 9;
const PREFIX: &str = "snapshot-";
const CORRUPT_SUFFIX: &str = ".corrupt";
/// What `Disk::write_atomically` writes to before it renames.
const UNFINISHED_SUFFIX: &str = ".tmp";
/// The newest, and the one to fall back to.
const KEPT: usize = 2;

/// Why a snapshot cannot be had.
#[derive(Debug, thiserror::Error)]
pub(super) enum SnapshotFileError {
    /// The disk failed.
    #[error("metadata snapshot {path}: {source}", path = path.display())]
    Io { path: PathBuf, source: io::Error },
    /// A later build wrote it: falling back would undo what that build did.
    #[error("metadata snapshot {path} has format version {found}, expected {FORMAT_VERSION}", path = path.display())]
    Version { path: PathBuf, found: u8 },
    /// No snapshot can be read.
    #[error("metadata snapshot {path} is damaged: {reason}", path = path.display())]
    Damaged { path: PathBuf, reason: String },
}

impl SnapshotFileError {
    /// Whether the disk is full.
    pub(super) fn is_full(&self) -> bool {
        matches!(self, SnapshotFileError::Io { source, .. } if is_full(source))
    }
}

/// The snapshots of one directory. Clones share their state.
#[derive(Clone, Debug)]
pub(super) struct SnapshotFiles {
    disk: Arc<dyn Disk>,
    dir: PathBuf,
    kept: Arc<Mutex<Vec<PathBuf>>>,
}

impl SnapshotFiles {
    /// The snapshots of `dir`, and the newest that can be read. Damaged newer ones are set aside.
    pub(super) fn open(
        disk: Arc<dyn Disk>,
        dir: &Path,
    ) -> Result<(SnapshotFiles, Option<(SnapshotMeta, MetadataImage)>), SnapshotFileError> {
        let io_error = |source| SnapshotFileError::Io { path: dir.to_owned(), source };
        let entries = disk.list(dir).map_err(io_error)?;
        let names = entries.into_iter().map(|entry| entry.name).filter(|name| index_of(name).is_some());
        let mut paths: Vec<PathBuf> = names.map(|name| dir.join(name)).collect();
        let files = SnapshotFiles { disk, dir: dir.to_owned(), kept: Arc::default() };
        let mut damage = None;
        while let Some(newest) = paths.last() {
            match files.load(newest) {
                Ok(loaded) => {
                    *files.kept.lock() = paths;
                    return Ok((files, Some(loaded)));
                }
                Err(SnapshotFileError::Damaged { path, reason }) => {
                    error!(path = %path.display(), reason, "metadata snapshot is damaged, trying the one before it");
                    damage = Some(SnapshotFileError::Damaged { path, reason });
                    paths.pop();
                }
                Err(error) => return Err(error),
            }
        }
        match damage {
            Some(error) => Err(error),
            None => Ok((files, None)),
        }
    }

    /// Renames the damaged snapshots that are newer than the one in use, and removes what a crash left of unfinished
    /// ones. Only once the log was found to go on from there: a start that fails changes nothing.
    pub(super) fn tidy(&self) -> Result<(), SnapshotFileError> {
        let io_error = |source| SnapshotFileError::Io { path: self.dir.clone(), source };
        let in_use = self.kept.lock().last().cloned();
        let mut changed = false;
        for entry in self.disk.list(&self.dir).map_err(io_error)? {
            let path = self.dir.join(&entry.name);
            if index_of(&entry.name).is_some() && in_use.as_ref().is_some_and(|in_use| path > *in_use) {
                let aside = self.dir.join(entry.name + CORRUPT_SUFFIX);
                self.disk.rename(&path, &aside).map_err(io_error)?;
                info!(path = %aside.display(), "damaged metadata snapshot set aside");
                changed = true;
            } else if entry.name.strip_suffix(UNFINISHED_SUFFIX).and_then(index_of).is_some() {
                self.disk.remove_file(&path).map_err(io_error)?;
                changed = true;
            }
        }
        if changed { self.disk.sync_dir(&self.dir).map_err(io_error) } else { Ok(()) }
    }

    /// Index of the last entry in the older of the kept snapshots: entries up to there are not needed. `None` until
    /// there are two.
    pub(super) fn fallback_index(&self) -> Option<u64> {
        let kept = self.kept.lock();
        let older = kept.len().checked_sub(KEPT)?;
        index_of(kept[older].file_name()?.to_str()?)
    }

    /// Writes a snapshot; it is durable when this returns. Older ones than the last two go.
    pub(super) fn save(&self, meta: &SnapshotMeta, image: Bytes) -> Result<(), SnapshotFileError> {
        let index = meta.last_log_id.map_or(0, |id| id.index);
        let path = self.dir.join(format!("{PREFIX}{index:020}"));
        let io_error = |source| SnapshotFileError::Io { path: path.clone(), source };
        let body = SnapshotField::new(meta, image).encode_to_vec();
        let mut bytes = Vec::with_capacity(HEADER_LEN + body.len());
        bytes.extend_from_slice(&MAGIC);
        bytes.push(FORMAT_VERSION);
        bytes.extend_from_slice(&crc32c(&[&body]).to_le_bytes());
        bytes.extend_from_slice(&body);
        if let Err(error) = self.disk.write_atomically(&path, &bytes) {
            let unfinished = self.dir.join(format!("{PREFIX}{index:020}{UNFINISHED_SUFFIX}"));
            if is_full(&error) && self.disk.exists(&unfinished).map_err(io_error)? {
                self.disk.remove_file(&unfinished).map_err(io_error)?;
            }
            return Err(io_error(error));
        }
        let mut kept = self.kept.lock();
        if kept.last() != Some(&path) {
            kept.push(path.clone());
        }
        while kept.len() > KEPT {
            let oldest = kept.remove(0);
            self.disk.remove_file(&oldest).map_err(io_error)?;
        }
        Ok(())
    }

    /// The newest snapshot, if there is one.
    pub(super) fn newest(&self) -> Result<Option<(SnapshotMeta, Bytes)>, SnapshotFileError> {
        let newest = self.kept.lock().last().cloned();
        newest.map(|path| self.read(&path).map(|file| (file.meta(), file.image))).transpose()
    }

    fn load(&self, path: &Path) -> Result<(SnapshotMeta, MetadataImage), SnapshotFileError> {
        let file = self.read(path)?;
        let image = snapshot::decode(&file.image).map_err(|error| SnapshotFileError::Damaged {
            path: path.to_owned(),
            reason: error.to_string(),
        })?;
        Ok((file.meta(), image))
    }

    fn read(&self, path: &Path) -> Result<SnapshotField, SnapshotFileError> {
        let bytes = self.disk.read(path);
        let bytes = bytes.map_err(|source| SnapshotFileError::Io { path: path.to_owned(), source })?;
        let damaged =
            |reason: &str| SnapshotFileError::Damaged { path: path.to_owned(), reason: reason.to_owned() };
        if bytes.len() < HEADER_LEN || bytes[..4] != MAGIC {
            return Err(damaged("it is too short or does not begin as a snapshot"));
        }
        if bytes[4] != FORMAT_VERSION {
            return Err(SnapshotFileError::Version { path: path.to_owned(), found: bytes[4] });
        }
        let body = Bytes::from(bytes).split_off(5);
        let (crc, body) = (body.slice(..4), body.slice(4..));
        if crc[..] != crc32c(&[&body]).to_le_bytes() {
            return Err(damaged("its checksum does not match"));
        }
        SnapshotField::decode(body).map_err(|error| damaged(&error.to_string()))
    }
}

/// The index in the name of a snapshot; `None` for any other name.
fn index_of(name: &str) -> Option<u64> {
    let digits = name.strip_prefix(PREFIX)?;
    (digits.len() == 20 && digits.bytes().all(|byte| byte.is_ascii_digit())).then(|| digits.parse().ok())?
}
