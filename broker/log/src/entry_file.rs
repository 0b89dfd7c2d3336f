//! What the three index files share: fixed-size entries of which the older ones are in a file and those since the last
//! checkpoint in memory only.
//!
//! Invariant: the file's first `stored` entries have the checksum `crc`. It is compared before the first lookup, so a
//! damaged file is noticed there and rebuilt from the log; bytes behind those entries mean nothing.

use std::io;
use std::marker::PhantomData;
use std::path::Path;

use crate::io::{Disk, FileHandle, OpenMode};

/// Largest entry of any index, in bytes.
const ENTRY_BYTES_MAX: usize = 34;

/// An entry of fixed size.
pub(crate) trait IndexEntry: Copy {
    /// Bytes of an entry, at most [`ENTRY_BYTES_MAX`].
    const BYTES: usize;
    /// Appends the entry's bytes.
    fn encode(&self, out: &mut Vec<u8>);
    /// Reads an entry from exactly [`IndexEntry::BYTES`] bytes.
    fn decode(bytes: &[u8]) -> Self;
}

/// Length and checksum of the part of an index that is in its file.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct IndexSummary {
    /// Length in bytes.
    pub len: u32,
    /// CRC-32C of those bytes.
    pub crc: u32,
}

/// The checksum that [`IndexSummary`] uses.
pub(crate) fn crc32c(bytes: &[u8]) -> u32 {
    u32::try_from(crc_fast::checksum(crc_fast::CrcAlgorithm::Crc32Iscsi, bytes))
        .expect("a 32-bit crc fits a u32")
}

/// One index: `stored` entries in the file, then `tail`.
#[derive(Debug)]
pub(crate) struct EntryFile<E> {
    tail: Vec<E>,
    stored: u32,
    crc: u32,
    /// Whether the file was compared with `crc`, or written by this process.
    verified: bool,
    file: Option<FileHandle>,
    entry: PhantomData<E>,
}

/// What is wrong with the file of an index.
#[derive(Debug)]
pub(crate) enum IndexFault {
    /// Shorter than known, missing, or with another checksum: rebuild it from the log.
    Damaged,
    /// The disk failed.
    Io(io::Error),
}

impl From<io::Error> for IndexFault {
    fn from(error: io::Error) -> Self {
        IndexFault::Io(error)
    }
}

impl<E: IndexEntry> EntryFile<E> {
    /// An index without entries.
    pub(crate) fn empty() -> EntryFile<E> {
        EntryFile { tail: Vec::new(), stored: 0, crc: 0, verified: true, file: None, entry: PhantomData }
    }

    /// An index whose entries are all in the file that a checkpoint describes.
    pub(crate) fn stored(summary: IndexSummary) -> EntryFile<E> {
        let stored = summary.len / u32::try_from(E::BYTES).expect("entries are small");
        EntryFile { stored, crc: summary.crc, verified: stored == 0, ..EntryFile::empty() }
    }

    /// Length and checksum of the part in the file.
    pub(crate) fn summary(&self) -> IndexSummary {
        IndexSummary { len: self.stored * u32::try_from(E::BYTES).expect("entries are small"), crc: self.crc }
    }

    /// Count of entries.
    pub(crate) fn len(&self) -> usize {
        self.stored as usize + self.tail.len()
    }

    /// Adds an entry behind all others.
    pub(crate) fn push(&mut self, entry: E) {
        self.tail.push(entry);
    }

    /// Count of leading entries for which `before` holds; it must hold for a prefix. The entry before that point comes
    /// with it, and the one at it.
    pub(crate) fn partition_point(
        &mut self,
        disk: &dyn Disk,
        path: &Path,
        mut before: impl FnMut(&E) -> bool,
    ) -> Result<(Option<E>, Option<E>), IndexFault> {
        if let Some(first) = self.tail.first()
            && before(first)
        {
            let at = self.tail.partition_point(before);
            return Ok((Some(self.tail[at - 1]), self.tail.get(at).copied()));
        }
        let (mut low, mut high) = (0, self.stored);
        let (mut last_before, mut first_after) = (None, self.tail.first().copied());
        while low < high {
            let middle = low + (high - low) / 2;
            let entry = self.read(disk, path, middle)?;
            if before(&entry) {
                last_before = Some(entry);
                low = middle + 1;
            } else {
                first_after = Some(entry);
                high = middle;
            }
        }
        Ok((last_before, first_after))
    }

    /// All entries, oldest first.
    pub(crate) fn all(&mut self, disk: &dyn Disk, path: &Path) -> Result<Vec<E>, IndexFault> {
        let mut entries = Vec::with_capacity(self.len());
        if self.stored > 0 {
            let bytes = self.stored_bytes(disk, path)?;
            entries.extend(bytes.chunks_exact(E::BYTES).map(E::decode));
        }
        entries.extend_from_slice(&self.tail);
        Ok(entries)
    }

    fn read(&mut self, disk: &dyn Disk, path: &Path, index: u32) -> Result<E, IndexFault> {
        if !self.verified {
            self.stored_bytes(disk, path)?;
        }
        let mut buffer = [0; ENTRY_BYTES_MAX];
        let bytes = &mut buffer[..E::BYTES];
        let file = self.open(disk, path)?;
        if file.read_at(bytes, u64::from(index) * E::BYTES as u64)? < E::BYTES {
            return Err(IndexFault::Damaged);
        }
        Ok(E::decode(bytes))
    }

    fn stored_bytes(&mut self, disk: &dyn Disk, path: &Path) -> Result<Vec<u8>, IndexFault> {
        let len = self.stored as usize * E::BYTES;
        let file = self.open(disk, path)?;
        if file.len()? < len as u64 {
            return Err(IndexFault::Damaged);
        }
        let mut bytes = vec![0; len];
        let read = file.read_at(&mut bytes, 0)?;
        if read < len || crc32c(&bytes) != self.crc {
            return Err(IndexFault::Damaged);
        }
        self.verified = true;
        Ok(bytes)
    }

    fn open(&mut self, disk: &dyn Disk, path: &Path) -> Result<FileHandle, IndexFault> {
        if let Some(file) = &self.file {
            return Ok(file.clone());
        }
        let file = match disk.open(path, OpenMode::READ) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(IndexFault::Damaged),
            Err(error) => return Err(error.into()),
        };
        Ok(self.file.insert(file).clone())
    }

    /// Moves the entries in memory into the file, cutting off what else it held. Does nothing without such entries, so
    /// that there is no file without entries.
    pub(crate) fn store(&mut self, disk: &dyn Disk, path: &Path) -> io::Result<()> {
        if self.tail.is_empty() {
            return Ok(());
        }
        self.file = None;
        let file = disk.open(path, OpenMode::CREATE)?;
        let at = u64::from(self.stored) * E::BYTES as u64;
        if file.len()? > at {
            file.set_len(at)?;
        }
        let mut bytes = Vec::with_capacity(self.tail.len() * E::BYTES);
        for entry in &self.tail {
            entry.encode(&mut bytes);
        }
        file.write_at(&bytes, at)?;
        self.crc = combine(self.crc, self.stored > 0, &bytes);
        self.stored += u32::try_from(self.tail.len()).expect("an index has less than 2^32 entries");
        self.tail = Vec::new();
        Ok(())
    }

    /// Closes the file until the next lookup.
    pub(crate) fn close(&mut self) {
        self.file = None;
    }

    /// Bytes on the heap.
    pub(crate) fn heap_bytes(&self) -> usize {
        self.tail.capacity() * size_of::<E>()
    }
}

/// CRC-32C of some bytes with the checksum `crc` followed by `more`.
fn combine(crc: u32, has_before: bool, more: &[u8]) -> u32 {
    let own = crc32c(more);
    if !has_before {
        return own;
    }
    let algorithm = crc_fast::CrcAlgorithm::Crc32Iscsi;
    let both = crc_fast::checksum_combine(algorithm, u64::from(crc), u64::from(own), more.len() as u64);
    u32::try_from(both).expect("a 32-bit crc fits a u32")
}
