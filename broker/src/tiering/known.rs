//! The number of the newest manifest that this broker has heard of, by partition: the file `remote-manifests`.
//!
//! ```text
//! version=1
//! <topic id as hex> <partition> <number>
//! ```
//! With it a broker notices after a restart that a bucket has gone back in time. An older file only notices less, so it is
//! written now and then.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use broker_log::io::Disk;
use broker_protocol::types::{TopicId, Uuid};
use broker_tier::ids::{ManifestNumber, PartitionId};
use parking_lot::Mutex;

const FILE: &str = "remote-manifests";
const HEAD: &str = "version=1";

/// Numbers by partition; see the file's header.
#[derive(Debug)]
pub(crate) struct KnownManifests {
    path: PathBuf,
    numbers: Mutex<BTreeMap<PartitionId, ManifestNumber>>,
    changed: AtomicBool,
}

impl KnownManifests {
    /// What the directory knows. A file that makes no sense counts for none.
    pub(crate) fn load(disk: &dyn Disk, dir: &Path) -> io::Result<KnownManifests> {
        let path = dir.join(FILE);
        let numbers = match disk.read(&path) {
            Ok(bytes) => decode(&String::from_utf8_lossy(&bytes)).unwrap_or_else(|| {
                tracing::warn!(file = %path.display(), "the file is damaged: manifests are looked for anew");
                BTreeMap::new()
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => BTreeMap::new(),
            Err(error) => return Err(error),
        };
        Ok(KnownManifests { path, numbers: Mutex::new(numbers), changed: AtomicBool::new(false) })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.numbers.lock().is_empty()
    }

    pub(super) fn get(&self, id: PartitionId) -> Option<ManifestNumber> {
        self.numbers.lock().get(&id).copied()
    }

    pub(crate) fn note(&self, id: PartitionId, number: ManifestNumber) {
        let before = self.numbers.lock().insert(id, number);
        if before != Some(number) {
            self.changed.store(true, Ordering::Relaxed);
        }
    }

    pub(super) fn forget(&self, id: PartitionId) {
        if self.numbers.lock().remove(&id).is_some() {
            self.changed.store(true, Ordering::Relaxed);
        }
    }

    /// Writes the file if something has changed. Waits for the disk.
    pub(crate) fn store(&self, disk: &dyn Disk) -> io::Result<()> {
        if !self.changed.swap(false, Ordering::Relaxed) {
            return Ok(());
        }
        let text = encode(&self.numbers.lock());
        let written = disk.write_atomically(&self.path, text.as_bytes());
        if written.is_err() {
            self.changed.store(true, Ordering::Relaxed);
        }
        written
    }
}

fn encode(numbers: &BTreeMap<PartitionId, ManifestNumber>) -> String {
    let mut text = format!("{HEAD}\n");
    for (id, number) in numbers {
        let topic = id.topic_id.0.simple();
        writeln!(text, "{topic} {} {number}", id.partition).expect("a text grows as needed");
    }
    text
}

fn decode(text: &str) -> Option<BTreeMap<PartitionId, ManifestNumber>> {
    let mut lines = text.strip_suffix('\n')?.split('\n');
    (lines.next() == Some(HEAD)).then_some(())?;
    lines
        .map(|line| {
            let mut fields = line.split(' ');
            let topic_id = TopicId(fields.next()?.parse::<Uuid>().ok()?);
            let id = PartitionId { topic_id, partition: fields.next()?.parse().ok()? };
            Some((id, ManifestNumber(fields.next()?.parse().ok()?)))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use broker_log::io::memory_disk::MemoryDisk;

    use super::*;

    #[test]
    fn numbers_are_known_after_a_restart() {
        let (disk, dir) = (MemoryDisk::new(1), Path::new("/data"));
        disk.create_dir_all(dir).unwrap();
        let id = |partition| PartitionId { topic_id: TopicId(Uuid::from_u128(7)), partition };
        let known = KnownManifests::load(&disk, dir).unwrap();
        known.note(id(0), ManifestNumber(3));
        known.note(id(1), ManifestNumber(4));
        known.forget(id(0));
        known.store(&disk).unwrap();
        let again = KnownManifests::load(&disk, dir).unwrap();
        assert_eq!((again.get(id(0)), again.get(id(1))), (None, Some(ManifestNumber(4))));
        disk.write_atomically(&dir.join(FILE), b"version=1\nrubbish\n").unwrap();
        assert_eq!(KnownManifests::load(&disk, dir).unwrap().get(id(1)), None);
    }
}
