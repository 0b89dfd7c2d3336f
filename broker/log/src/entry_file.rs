//! What the three index files share: fixed-size entries of which the older ones are in a file and those since the last
//! checkpoint in memory only.
//!
//! Invariant: the file's first `count` entries have the checksum `crc`. It is compared before the first lookup, when what
//! a lookup needs has left the memory, and when a lookup led to no batch, so a damaged file is noticed there and rebuilt
//! from the log; bytes behind those entries mean nothing. They change only with the log's `generation`, so that a
//! look-up needs no lock.

use std::io;
use std::marker::PhantomData;
use std::path::Path;

use crate::io::{Disk, FileHandle, OpenMode, Wait};

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

/// One index: the entries in the file, then `tail`.
#[derive(Debug)]
pub(crate) struct EntryFile<E> {
    tail: Vec<E>,
    stored: StoredEntries<E>,
}

/// The part of an index that is in its file. A clone can be looked through without the log: it stays good while the
/// file is only appended to.
#[derive(Clone, Debug)]
pub(crate) struct StoredEntries<E> {
    count: u32,
    crc: u32,
    /// Whether the file was compared with `crc`, or written by this process.
    verified: bool,
    file: Option<FileHandle>,
    entry: PhantomData<E>,
}

/// The last entry before some point, as far as memory tells.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Floor<E> {
    /// It is this one; none if all entries are behind the point.
    Known(Option<E>),
    /// It is among those in the file.
    InFile,
}

/// What is wrong with the file of an index.
#[derive(Debug)]
pub(crate) enum IndexFault {
    /// Shorter than known, missing, or with another checksum: rebuild it from the log.
    Damaged,
    /// The disk failed, or would have to be waited for.
    Io(io::Error),
}

impl From<io::Error> for IndexFault {
    fn from(error: io::Error) -> Self {
        IndexFault::Io(error)
    }
}

impl<E: IndexEntry> StoredEntries<E> {
    fn bytes(&self) -> u32 {
        self.count * u32::try_from(E::BYTES).expect("entries are small")
    }

    /// Count of entries.
    pub(crate) fn count(&self) -> u32 {
        self.count
    }

    /// The last of the leading entries for which `before` holds; it must hold for a prefix.
    pub(crate) fn last_before(
        &mut self,
        (disk, path): (&dyn Disk, &Path),
        wait: Wait,
        mut before: impl FnMut(&E) -> bool,
    ) -> Result<Option<E>, IndexFault> {
        let (mut low, mut high) = (0, self.count);
        let mut last_before = None;
        while low < high {
            let middle = low + (high - low) / 2;
            let entry = self.read((disk, path), wait, middle)?;
            if before(&entry) {
                last_before = Some(entry);
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        Ok(last_before)
    }

    /// All of them, oldest first.
    pub(crate) fn all(&mut self, place: (&dyn Disk, &Path), wait: Wait) -> Result<Vec<E>, IndexFault> {
        if self.count == 0 {
            return Ok(Vec::new());
        }
        Ok(self.verify(place, wait)?.chunks_exact(E::BYTES).map(E::decode).collect())
    }

    fn read(&mut self, place: (&dyn Disk, &Path), wait: Wait, index: u32) -> Result<E, IndexFault> {
        if !self.verified {
            // Reads all of the file, which is nothing for a thread that may not wait.
            if wait == Wait::Never {
                return Err(io::Error::from(io::ErrorKind::WouldBlock).into());
            }
            self.verify(place, wait)?;
        }
        let mut buffer = [0; ENTRY_BYTES_MAX];
        let bytes = &mut buffer[..E::BYTES];
        let (file, at) = (self.open(place, wait)?, u64::from(index) * E::BYTES as u64);
        if wait == Wait::Allowed && !file.is_resident(at, E::BYTES as u64) {
            // It comes from the disk again, where it may have rotted since.
            self.verify(place, wait)?;
        }
        if wait.read_at(file.as_ref(), bytes, at)? < E::BYTES {
            return Err(IndexFault::Damaged);
        }
        Ok(E::decode(bytes))
    }

    /// Compares the file with its checksum again, for whoever was led astray by it.
    pub(crate) fn compare(&mut self, place: (&dyn Disk, &Path), wait: Wait) -> Result<(), IndexFault> {
        if self.count > 0 {
            self.verify(place, wait)?;
        }
        Ok(())
    }

    /// The bytes in the file, compared with their checksum.
    fn verify(&mut self, place: (&dyn Disk, &Path), wait: Wait) -> Result<Vec<u8>, IndexFault> {
        let len = self.bytes() as usize;
        let file = self.open(place, wait)?;
        if file.len()? < len as u64 {
            return Err(IndexFault::Damaged);
        }
        let mut bytes = vec![0; len];
        let read = wait.read_at(file.as_ref(), &mut bytes, 0)?;
        if read < len || crc32c(&bytes) != self.crc {
            return Err(IndexFault::Damaged);
        }
        self.verified = true;
        Ok(bytes)
    }

    fn open(&mut self, (disk, path): (&dyn Disk, &Path), wait: Wait) -> Result<FileHandle, IndexFault> {
        if let Some(file) = &self.file {
            return Ok(file.clone());
        }
        let file = match wait.open(disk, path, OpenMode::READ) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(IndexFault::Damaged),
            Err(error) => return Err(error.into()),
        };
        Ok(self.file.insert(file).clone())
    }
}

impl<E: IndexEntry> EntryFile<E> {
    /// An index without entries.
    pub(crate) fn empty() -> EntryFile<E> {
        let stored = StoredEntries { count: 0, crc: 0, verified: true, file: None, entry: PhantomData };
        EntryFile { tail: Vec::new(), stored }
    }

    /// An index whose entries are all in the file that a checkpoint describes.
    pub(crate) fn stored(summary: IndexSummary) -> EntryFile<E> {
        let count = summary.len / u32::try_from(E::BYTES).expect("entries are small");
        let mut index = EntryFile::empty();
        (index.stored.count, index.stored.crc, index.stored.verified) = (count, summary.crc, count == 0);
        index
    }

    /// Length and checksum of the part in the file.
    pub(crate) fn summary(&self) -> IndexSummary {
        IndexSummary { len: self.stored.bytes(), crc: self.stored.crc }
    }

    /// Count of entries.
    pub(crate) fn len(&self) -> usize {
        self.stored.count as usize + self.tail.len()
    }

    /// Adds an entry behind all others.
    pub(crate) fn push(&mut self, entry: E) {
        self.tail.push(entry);
    }

    /// The last of the leading entries for which `before` holds, which must hold for a prefix, without a look at the
    /// file.
    pub(crate) fn floor(&self, mut before: impl FnMut(&E) -> bool) -> Floor<E> {
        match self.tail.first() {
            Some(first) if before(first) => {
                let at = self.tail.partition_point(before);
                Floor::Known(Some(self.tail[at - 1]))
            }
            _ if self.stored.count == 0 => Floor::Known(None),
            _ => Floor::InFile,
        }
    }

    /// The entries in memory, which are behind those in the file.
    pub(crate) fn tail(&self) -> &[E] {
        &self.tail
    }

    /// The part in the file, to be looked through without this index.
    pub(crate) fn in_file(&self) -> StoredEntries<E> {
        self.stored.clone()
    }

    /// Takes over what somebody learned who looked through [`EntryFile::in_file`].
    pub(crate) fn learn(&mut self, seen: StoredEntries<E>) {
        self.stored.verified |= seen.verified;
        if self.stored.file.is_none() {
            self.stored.file = seen.file;
        }
    }

    /// Puts entries that were made anew in the place of those in the file, as far as they are before those in memory.
    /// All of them are then in memory.
    pub(crate) fn replace_stored(&mut self, rebuilt: EntryFile<E>, is_before: impl Fn(&E, &E) -> bool) {
        let mut entries = rebuilt.tail;
        if let Some(first) = self.tail.first() {
            entries.truncate(entries.partition_point(|entry| is_before(entry, first)));
        }
        entries.append(&mut self.tail);
        *self = EntryFile { tail: entries, ..EntryFile::empty() };
    }

    /// Moves the entries in memory into the file, cutting off what else it held. Does nothing without such entries, so
    /// that there is no file without entries.
    pub(crate) fn store(&mut self, disk: &dyn Disk, path: &Path) -> io::Result<()> {
        if self.tail.is_empty() {
            return Ok(());
        }
        let stored = &mut self.stored;
        stored.file = None;
        let file = disk.open(path, OpenMode::CREATE)?;
        let at = u64::from(stored.bytes());
        if file.len()? > at {
            file.set_len(at)?;
        }
        let mut bytes = Vec::with_capacity(self.tail.len() * E::BYTES);
        for entry in &self.tail {
            entry.encode(&mut bytes);
        }
        file.write_at(&bytes, at)?;
        stored.crc = combine(stored.crc, stored.count > 0, &bytes);
        stored.count += u32::try_from(self.tail.len()).expect("an index has less than 2^32 entries");
        self.tail = Vec::new();
        Ok(())
    }

    /// Closes the file until the next lookup.
    pub(crate) fn close(&mut self) {
        self.stored.file = None;
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
