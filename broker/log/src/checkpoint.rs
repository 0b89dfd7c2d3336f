//! The checkpoint of a data directory: what recovery may trust, and from where in the commit log it must replay.
//!
//! ```text
//! log-checkpoint, and the same once more as log-checkpoint.previous; integers are big-endian
//!   magic u32 "HWCP" | crc32c u32 of all that follows | version u8 | clean u8 | sequence u64
//!   commit log epoch u64 | commit log LSN u64 | count u32 | count times: length u32, an encoded `TailCheckpoint`
//!   version 2 only: count u32 | count times: length u32, entries of one log as in a frame of the commit log
//! ```
//! Invariant: everything that the commit log holds below the LSN is durable in the segments, or here: the entries of a
//! log that could not be opened. A checkpoint without such a log has version 1.
//!
//! What it covers is written over, so only another copy can stand in for it: one that is older would not know the log
//! starts, and let deleted records come back. Between the writes of the two, `log-checkpoint.previous` is an older one,
//! and the commit log still has all that came after it.

use std::io;
use std::path::Path;

use crate::commit_log::crc32c;
use crate::io::Disk;

const FILE: &str = "log-checkpoint";
const PREVIOUS: &str = "log-checkpoint.previous";

const MAGIC: u32 = u32::from_be_bytes(*b"HWCP");
const VERSION: u8 = 1;
const VERSION_WITH_KEPT: u8 = 2;
const HEADER: usize = 4 + 4 + 1 + 1 + 8 + 8 + 8 + 4;

/// One checkpoint.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Checkpoint {
    /// Counts up by one per checkpoint of the directory.
    pub(crate) sequence: u64,
    /// Written by an orderly close: nothing was appended after it.
    pub(crate) clean: bool,
    /// Incarnation of the commit log that wrote it.
    pub(crate) epoch: u64,
    /// First LSN that it does not cover.
    pub(crate) lsn: u64,
    /// One encoded tail per log.
    pub(crate) tails: Vec<Vec<u8>>,
    /// Entries of the commit log below `lsn` that could not be put into their segments: one list per log.
    pub(crate) kept: Vec<Vec<u8>>,
}

/// Where a checkpoint came from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CheckpointSource {
    /// The latest one.
    Latest,
    /// `log-checkpoint.previous`, a second copy; the first is missing or damaged.
    Previous,
    /// There is none: a new directory, or one that another program wrote.
    None,
    /// Both are damaged: every log is read from its start.
    Damaged,
}

impl CheckpointSource {
    /// The files that should have been used and could not be, and what was used instead.
    #[must_use]
    pub fn damage(self) -> Option<(&'static str, &'static str)> {
        match self {
            CheckpointSource::Latest | CheckpointSource::None => None,
            CheckpointSource::Previous => Some((FILE, "its copy log-checkpoint.previous is used")),
            CheckpointSource::Damaged => Some((
                "log-checkpoint, log-checkpoint.previous",
                "every log is read from its first segment, and may begin with records that were deleted",
            )),
        }
    }
}

impl Checkpoint {
    /// The bytes of the file, `tails` being the encoded tails and `kept` the kept entries.
    pub(crate) fn encode<'a>(
        &self,
        tails: impl ExactSizeIterator<Item = &'a [u8]>,
        kept: impl ExactSizeIterator<Item = &'a [u8]>,
    ) -> Vec<u8> {
        let mut out = vec![0; HEADER - size_of::<u32>()];
        push_list(&mut out, tails);
        out[8] = VERSION;
        if kept.len() > 0 {
            push_list(&mut out, kept);
            out[8] = VERSION_WITH_KEPT;
        }
        out[0..4].copy_from_slice(&MAGIC.to_be_bytes());
        out[9] = u8::from(self.clean);
        out[10..18].copy_from_slice(&self.sequence.to_be_bytes());
        out[18..26].copy_from_slice(&self.epoch.to_be_bytes());
        out[26..34].copy_from_slice(&self.lsn.to_be_bytes());
        let crc = crc32c(&out[8..]);
        out[4..8].copy_from_slice(&crc.to_be_bytes());
        out
    }

    /// `None` if the bytes are not a whole checkpoint of a known version.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Checkpoint> {
        let header = bytes.get(..HEADER)?;
        let u32_at = |at: usize| Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
        let u64_at = |at: usize| Some(u64::from_be_bytes(header[at..at + 8].try_into().ok()?));
        let is_known = [VERSION, VERSION_WITH_KEPT].contains(&header[8]);
        if u32_at(0)? != MAGIC || !is_known || u32_at(4)? != crc32c(&bytes[8..]) {
            return None;
        }
        let mut at = HEADER - size_of::<u32>();
        let tails = take_list(bytes, &mut at)?;
        let kept = if header[8] == VERSION { Vec::new() } else { take_list(bytes, &mut at)? };
        Some(Checkpoint {
            clean: header[9] == 1,
            sequence: u64_at(10)?,
            epoch: u64_at(18)?,
            lsn: u64_at(26)?,
            tails,
            kept,
        })
    }

    /// Whether a data directory has never had one.
    pub(crate) fn is_missing(disk: &dyn Disk, dir: &Path) -> io::Result<bool> {
        Ok(!disk.exists(&dir.join(FILE))? && !disk.exists(&dir.join(PREVIOUS))?)
    }

    /// Reads the latest usable checkpoint of a data directory.
    pub(crate) fn load(disk: &dyn Disk, dir: &Path) -> io::Result<(Checkpoint, CheckpointSource)> {
        let mut found = false;
        for (name, source) in [(FILE, CheckpointSource::Latest), (PREVIOUS, CheckpointSource::Previous)] {
            let bytes = match disk.read(&dir.join(name)) {
                Ok(bytes) => bytes,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            };
            found = true;
            if let Some(checkpoint) = Checkpoint::decode(&bytes) {
                return Ok((checkpoint, source));
            }
        }
        let source = if found { CheckpointSource::Damaged } else { CheckpointSource::None };
        Ok((Checkpoint::default(), source))
    }
}

/// Appends a count and as many items, each with its length.
fn push_list<'a>(out: &mut Vec<u8>, items: impl ExactSizeIterator<Item = &'a [u8]>) {
    let count = u32::try_from(items.len()).expect("fewer than 2^32 logs");
    out.extend_from_slice(&count.to_be_bytes());
    for item in items {
        let len = u32::try_from(item.len()).expect("what is said of a log is shorter than 4 GiB");
        out.extend_from_slice(&len.to_be_bytes());
        out.extend_from_slice(item);
    }
}

/// Reads what [`push_list`] has written at `at`, and moves that behind it.
fn take_list(bytes: &[u8], at: &mut usize) -> Option<Vec<Vec<u8>>> {
    let take_u32 = |at: &mut usize| {
        let field = bytes.get(*at..*at + 4)?;
        *at += 4;
        usize::try_from(u32::from_be_bytes(field.try_into().ok()?)).ok()
    };
    let mut items = Vec::new();
    for _ in 0..take_u32(at)? {
        let len = take_u32(at)?;
        items.push(bytes.get(*at..at.checked_add(len)?)?.to_vec());
        *at += len;
    }
    Some(items)
}

/// Puts encoded bytes in the place of the latest checkpoint and of its copy. Durable on return.
pub(crate) fn store(disk: &dyn Disk, dir: &Path, bytes: &[u8]) -> io::Result<()> {
    disk.write_atomically(&dir.join(FILE), bytes)?;
    disk.write_atomically(&dir.join(PREVIOUS), bytes)
}

/// Makes the copy anew if it is not one of the latest checkpoint, which must be whole. Needed before the commit log is
/// written over: whoever stopped between the two writes, or an earlier version, has left an older one.
pub(crate) fn mend_copy(disk: &dyn Disk, dir: &Path) -> io::Result<()> {
    let (latest, copy) = (disk.read(&dir.join(FILE))?, dir.join(PREVIOUS));
    match disk.read(&copy) {
        Ok(bytes) if bytes == latest => Ok(()),
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => disk.write_atomically(&copy, &latest),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::memory_disk::MemoryDisk;

    fn checkpoint(sequence: u64) -> Checkpoint {
        let tails = vec![vec![1, 2, 3], Vec::new(), vec![9; 700]];
        Checkpoint { sequence, clean: false, epoch: 4, lsn: 70 + sequence, tails, kept: Vec::new() }
    }

    fn encoded(checkpoint: &Checkpoint) -> Vec<u8> {
        let tails = checkpoint.tails.iter().map(Vec::as_slice);
        checkpoint.encode(tails, checkpoint.kept.iter().map(Vec::as_slice))
    }

    #[test]
    fn a_checkpoint_is_read_as_it_was_written() {
        let clean = Checkpoint { clean: true, ..checkpoint(1) };
        assert_eq!(Checkpoint::decode(&encoded(&clean)), Some(clean));
        let keeping = Checkpoint { kept: vec![vec![5; 90], vec![6]], ..checkpoint(1) };
        assert_eq!(Checkpoint::decode(&encoded(&keeping)), Some(keeping));
    }

    #[test]
    fn a_checkpoint_with_any_damage_is_none() {
        let bytes = encoded(&checkpoint(1));
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1;
            assert_eq!(Checkpoint::decode(&damaged), None, "byte {at}");
            assert_eq!(Checkpoint::decode(&bytes[..at]), None, "cut at {at}");
        }
    }

    /// fault = 40
    #[test]
    fn a_damaged_checkpoint_gives_way_to_its_copy() {
        let (disk, dir) = (MemoryDisk::new(1), Path::new("/"));
        assert_eq!(Checkpoint::load(&disk, dir).unwrap().1, CheckpointSource::None);
        store(&disk, dir, &encoded(&checkpoint(1))).unwrap();
        store(&disk, dir, &encoded(&checkpoint(2))).unwrap();
        assert_eq!(Checkpoint::load(&disk, dir).unwrap(), (checkpoint(2), CheckpointSource::Latest));
        disk.flip_bit(&dir.join(FILE), 50, 3).unwrap();
        assert_eq!(Checkpoint::load(&disk, dir).unwrap(), (checkpoint(2), CheckpointSource::Previous));
        disk.flip_bit(&dir.join(PREVIOUS), 50, 3).unwrap();
        assert_eq!(Checkpoint::load(&disk, dir).unwrap().1, CheckpointSource::Damaged);
    }

    #[test]
    fn a_copy_that_is_damaged_older_or_gone_is_made_anew() {
        let (disk, dir) = (MemoryDisk::new(1), Path::new("/"));
        store(&disk, dir, &encoded(&checkpoint(1))).unwrap();
        let older = disk.read(&dir.join(PREVIOUS)).unwrap();
        store(&disk, dir, &encoded(&checkpoint(2))).unwrap();
        let copy = dir.join(PREVIOUS);
        disk.flip_bit(&copy, 50, 3).unwrap();
        mend_copy(&disk, dir).unwrap();
        assert_eq!(disk.read(&copy).unwrap(), encoded(&checkpoint(2)));
        disk.write_atomically(&copy, &older).unwrap();
        mend_copy(&disk, dir).unwrap();
        assert_eq!(disk.read(&copy).unwrap(), encoded(&checkpoint(2)));
        disk.remove_file(&copy).unwrap();
        mend_copy(&disk, dir).unwrap();
        assert_eq!(disk.read(&copy).unwrap(), encoded(&checkpoint(2)));
    }

    /// fault = 40
    #[test]
    fn a_power_loss_while_storing_leaves_a_checkpoint() {
        for cut in 1..12 {
            for seed in 0..20 {
                let (disk, dir) = (MemoryDisk::new(seed), Path::new("/"));
                store(&disk, dir, &encoded(&checkpoint(1))).unwrap();
                store(&disk, dir, &encoded(&checkpoint(2))).unwrap();
                disk.with_faults(|faults| faults.cut_power_after(cut));
                let stored = store(&disk, dir, &encoded(&checkpoint(3)));
                disk.power_loss(seed);
                let sequence = Checkpoint::load(&disk, dir).unwrap().0.sequence;
                assert!(
                    sequence == 3 || (stored.is_err() && sequence == 2),
                    "cut {cut} seed {seed}: {sequence}"
                );
            }
        }
    }
}
