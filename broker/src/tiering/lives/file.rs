//! The file `remote-lives`: which lives of this data directory have published manifests, and how many.
//!
//! ```text
//! 128 bytes: version=1 complete=<yes or no>, filled up with blanks
//! 1000 places of 128 bytes, each two slots of 64, zero or
//!   <life, 32 hex digits> <sequence, 21 digits> <crc-32c of these two fields and the blank between, 8 hex digits>\n
//! ```
//! A life has a place and writes its slots in turn, in place: that needs no room on a full disk, and a write that was cut
//! off leaves the other slot. Once all places are taken, the oldest life is forgotten, and its manifests and earlier ones
//! are taken for remembered. So is whatever a damaged place may have told. `complete=no`: the file was made where one may
//! have been lost, and lives that it does not know of prove nothing.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use broker_log::io::{Disk, FileHandle, OpenMode};
use broker_protocol::types::Uuid;
use crc_fast::CrcAlgorithm;

/// Name of the file in the data directory.
const FILE: &str = "remote-lives";
/// Lives that are remembered.
const PLACES: usize = 1000;
const SLOT_BYTES: usize = 64;
const PLACE_BYTES: usize = 2 * SLOT_BYTES;
const HEADER_BYTES: usize = PLACE_BYTES;
const FILE_BYTES: usize = HEADER_BYTES + PLACES * PLACE_BYTES;
/// Digits and blanks that the checksum is of.
const CHECKED_BYTES: usize = 54;

/// What the file tells.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Remembered {
    /// The last sequence number of each life.
    sequences: BTreeMap<Uuid, u64>,
    /// The highest of all.
    pub(super) last: u64,
    /// Lives that ended with this number or a smaller one may be forgotten.
    forgotten: u64,
    is_complete: bool,
}

impl Remembered {
    /// Whether a life has given out that number, for all that is known.
    pub(super) fn has(&self, life: Uuid, sequence: u64) -> bool {
        match self.sequences.get(&life) {
            Some(last) => sequence <= *last,
            None => !self.is_complete || sequence <= self.forgotten,
        }
    }
}

/// The place of the life that goes on.
#[derive(Debug)]
pub(super) struct LivesFile {
    file: FileHandle,
    position: u64,
    slot: usize,
}

impl LivesFile {
    /// Remembers that a life has given out numbers up to this one; durable when this returns.
    pub(super) fn remember(&mut self, life: Uuid, sequence: u64) -> io::Result<()> {
        let position = self.position + (self.slot * SLOT_BYTES) as u64;
        self.file.write_at(encode_slot(life, sequence).as_bytes(), position)?;
        self.file.sync_data()?;
        self.slot = 1 - self.slot;
        Ok(())
    }
}

/// Makes the file of a directory from which nothing was ever published.
///
/// # Errors
/// The disk's.
pub(crate) fn make(disk: &dyn Disk, dir: &Path) -> io::Result<()> {
    disk.write_atomically(&dir.join(FILE), &empty(true))
}

/// Reads the file, and finds a place for one more life. Makes one where there is none or it makes no sense; `is_first`:
/// there need not be one.
pub(super) fn open(disk: &dyn Disk, dir: &Path, is_first: bool) -> io::Result<(LivesFile, Remembered)> {
    let path = dir.join(FILE);
    let found = match disk.read(&path) {
        Ok(bytes) => decode(&bytes),
        Err(error) if error.kind() == io::ErrorKind::NotFound && is_first => {
            make(disk, dir)?;
            decode(&empty(true))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    let found = match found {
        Some(found) => {
            if !found.remembered.is_complete {
                tell_incomplete(&path);
            }
            found
        }
        None => lost(disk, &path)?,
    };
    let file = disk.open(&path, OpenMode::WRITE)?;
    let position = (HEADER_BYTES + found.place * PLACE_BYTES) as u64;
    Ok((LivesFile { file, position, slot: found.slot }, found.remembered))
}

fn lost(disk: &dyn Disk, path: &Path) -> io::Result<Found> {
    tell_incomplete(path);
    let bytes = empty(false);
    disk.write_atomically(path, &bytes)?;
    Ok(decode(&bytes).unwrap_or_default())
}

fn tell_incomplete(path: &Path) {
    tracing::warn!(
        file = %path.display(),
        "the file was lost or damaged: whether this disk was put back from an older copy is seen by metadata and records \
         only"
    );
}

fn empty(is_complete: bool) -> Vec<u8> {
    let complete = if is_complete { "yes" } else { "no" };
    let text = format!("version=1 complete={complete}");
    let mut bytes = format!("{text:<width$}\n", width = HEADER_BYTES - 1).into_bytes();
    bytes.resize(FILE_BYTES, 0);
    bytes
}

/// What was found, and where the next life goes.
#[derive(Default)]
struct Found {
    remembered: Remembered,
    place: usize,
    slot: usize,
}

#[derive(Clone, Copy)]
enum Slot {
    Blank,
    Life(Uuid, u64),
    Damaged,
}

impl Slot {
    fn sequence(self) -> Option<u64> {
        match self {
            Slot::Life(_, sequence) => Some(sequence),
            Slot::Blank | Slot::Damaged => None,
        }
    }
}

/// `None` if the file makes no sense, or there is no place left to write to.
fn decode(bytes: &[u8]) -> Option<Found> {
    if bytes.len() != FILE_BYTES {
        return None;
    }
    let (header, places) = bytes.split_at(HEADER_BYTES);
    let header = str::from_utf8(header).ok()?.strip_suffix('\n')?.trim_end();
    let mut remembered = Remembered {
        is_complete: match header {
            "version=1 complete=yes" => true,
            "version=1 complete=no" => false,
            _ => return None,
        },
        ..Remembered::default()
    };
    let (mut free, mut oldest, mut is_whole) = (None, None::<(u64, usize, usize)>, true);
    for (place, bytes) in places.chunks_exact(PLACE_BYTES).enumerate() {
        let slots = [decode_slot(&bytes[..SLOT_BYTES]), decode_slot(&bytes[SLOT_BYTES..])];
        remembered.note(slots);
        let last = slots.into_iter().filter_map(Slot::sequence).max();
        let is_damaged = slots.iter().any(|slot| matches!(slot, Slot::Damaged));
        is_whole &= !is_damaged;
        match last {
            None if !is_damaged => {
                free.get_or_insert(place);
            }
            Some(last) if !is_damaged && oldest.is_none_or(|(least, ..)| last < least) => {
                // The newer slot stays until the new life has one of its own that is durable.
                oldest = Some((last, place, usize::from(slots[0].sequence() == Some(last))));
            }
            _ => {}
        }
    }
    if let Some(place) = free {
        return Some(Found { remembered, place, slot: 0 });
    }
    let (last, place, slot) = oldest?;
    remembered.forgotten = last;
    // Two lives may share a place now, and the damaged slot be all that there was of one.
    remembered.is_complete &= is_whole;
    Some(Found { remembered, place, slot })
}

impl Remembered {
    fn note(&mut self, slots: [Slot; 2]) {
        let is_damaged = slots.iter().any(|slot| matches!(slot, Slot::Damaged));
        let mut is_known = false;
        for slot in slots {
            if let Slot::Life(life, sequence) = slot {
                is_known = true;
                self.last = self.last.max(sequence);
                // A damaged slot beside it may have told of more.
                let told = if is_damaged { u64::MAX } else { sequence };
                let last = self.sequences.entry(life).or_default();
                *last = told.max(*last);
            }
        }
        // It may have told of a life.
        self.is_complete &= is_known || !is_damaged;
    }
}

fn checksum(text: &str) -> u64 {
    crc_fast::checksum(CrcAlgorithm::Crc32Iscsi, text.as_bytes())
}

fn encode_slot(life: Uuid, sequence: u64) -> String {
    let text = format!("{} {sequence:021}", life.simple());
    let crc = checksum(&text);
    format!("{text} {crc:08x}\n")
}

fn decode_slot(bytes: &[u8]) -> Slot {
    if bytes.iter().all(|byte| *byte == 0) {
        return Slot::Blank;
    }
    let decoded = || {
        let text = str::from_utf8(bytes).ok()?;
        let (fields, crc) = text.split_at_checked(CHECKED_BYTES)?;
        let crc = u64::from_str_radix(crc.strip_prefix(' ')?.strip_suffix('\n')?, 16).ok()?;
        let (life, sequence) = fields.split_once(' ')?;
        (crc == checksum(fields)).then_some(())?;
        Some(Slot::Life(life.parse().ok()?, sequence.parse().ok()?))
    };
    decoded().unwrap_or(Slot::Damaged)
}

#[cfg(test)]
mod tests;
