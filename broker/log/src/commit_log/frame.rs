//! The frame: what the commit log writes at once, and either wholly valid or not there at all.
//!
//! ```text
//! frame  starts at a multiple of 4096, padded with zeroes to one; integers are big-endian
//!   magic u32 "HWCL" | crc32c u32 of all that follows up to the padding
//!   version u8 | epoch u64 | lsn u64 | count of entries u32 | length of the entries in bytes u32
//! entry
//!   kind u8 (1 append, 2 truncate, 3 log start, 4 start for readers) | topic id 16 bytes | partition i32 | segment base offset i64
//!   end offset i64 | position in the segment u64 | length u32 | bytes (append only)
//! ```

use broker_protocol::types::{Offset, PartitionIndex, TopicId, Uuid};

use crate::io::DIRECT_BLOCK;

const MAGIC: u32 = u32::from_be_bytes(*b"HWCL");
const VERSION: u8 = 1;
const FRAME_HEADER: usize = 4 + 4 + 1 + 8 + 8 + 4 + 4;
const ENTRY_HEADER: usize = 1 + 16 + 4 + 8 + 8 + 8 + 4;

/// Upper bound of a frame in bytes, padding included: what one direct write moves at the full speed of the disk.
pub(crate) const FRAME_BYTES_MAX: usize = 1 << 20;

/// What an entry says about a partition.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum EntryKind {
    /// Bytes at a position of a segment; once this entry is durable, everything below `end_offset` is.
    Append,
    /// The log was cut to `end_offset`, which is at `position` of the segment.
    Truncate,
    /// The log starts at `end_offset`: nothing below it may come back.
    LogStart,
    /// Readers may ask from `end_offset` on, also where the log on the disk starts later: an object store has the rest.
    RemoteStart,
}

/// One entry without its bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct EntryHeader {
    pub(crate) kind: EntryKind,
    pub(crate) topic_id: TopicId,
    pub(crate) partition: PartitionIndex,
    pub(crate) segment_base: Offset,
    pub(crate) end_offset: Offset,
    pub(crate) position: u64,
}

/// Zeroed memory that direct writes take.
#[derive(Debug)]
pub(super) struct AlignedBuffer {
    memory: Vec<u8>,
    start: usize,
    len: usize,
}

impl AlignedBuffer {
    pub(super) fn new(len: usize) -> AlignedBuffer {
        let memory = vec![0; len + DIRECT_BLOCK];
        let start = memory.as_ptr().align_offset(DIRECT_BLOCK);
        AlignedBuffer { memory, start, len }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.memory[self.start..self.start + self.len]
    }

    fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.memory[self.start..self.start + self.len]
    }
}

/// A frame under construction.
#[derive(Debug)]
pub(crate) struct FrameBuilder {
    buffer: AlignedBuffer,
    len: usize,
    entries: u32,
}

impl FrameBuilder {
    pub(crate) fn new() -> FrameBuilder {
        FrameBuilder { buffer: AlignedBuffer::new(FRAME_BYTES_MAX), len: FRAME_HEADER, entries: 0 }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries == 0
    }

    pub(crate) fn clear(&mut self) {
        self.len = FRAME_HEADER;
        self.entries = 0;
    }

    /// Length on disk in bytes.
    pub(crate) fn padded_len(&self) -> u64 {
        self.len.next_multiple_of(DIRECT_BLOCK) as u64
    }

    /// How many bytes an entry may still carry; `None` if not even an empty one fits.
    pub(crate) fn room(&self) -> Option<usize> {
        (FRAME_BYTES_MAX - self.len).checked_sub(ENTRY_HEADER)
    }

    /// Adds an entry and returns the place for its `len` bytes, which must fit in [`FrameBuilder::room`].
    pub(crate) fn push(&mut self, header: &EntryHeader, len: usize) -> &mut [u8] {
        assert!(self.room().is_some_and(|room| len <= room), "an entry of a frame fits into it");
        let entry = &mut self.buffer.bytes_mut()[self.len..][..ENTRY_HEADER + len];
        entry[..ENTRY_HEADER].copy_from_slice(&entry_header(header, len));
        self.len += ENTRY_HEADER + len;
        self.entries += 1;
        &mut entry[ENTRY_HEADER..]
    }

    /// Completes the frame: header, checksum, padding. The bytes are whole blocks.
    pub(crate) fn seal(&mut self, epoch: u64, lsn: u64) -> &[u8] {
        let padded = self.len.next_multiple_of(DIRECT_BLOCK);
        let frame = &mut self.buffer.bytes_mut()[..padded];
        let entries_len = u32::try_from(self.len - FRAME_HEADER).expect("a frame is at most 1 MiB");
        frame[0..4].copy_from_slice(&MAGIC.to_be_bytes());
        frame[8] = VERSION;
        frame[9..17].copy_from_slice(&epoch.to_be_bytes());
        frame[17..25].copy_from_slice(&lsn.to_be_bytes());
        frame[25..29].copy_from_slice(&self.entries.to_be_bytes());
        frame[29..33].copy_from_slice(&entries_len.to_be_bytes());
        let crc = crc32c(&frame[8..self.len]);
        frame[4..8].copy_from_slice(&crc.to_be_bytes());
        frame[self.len..].fill(0);
        frame
    }
}

/// The bytes of an entry's header, before `len` bytes of its own.
fn entry_header(header: &EntryHeader, len: usize) -> [u8; ENTRY_HEADER] {
    let mut bytes = [0; ENTRY_HEADER];
    let mut field = 0;
    let mut put = |value: &[u8]| {
        bytes[field..field + value.len()].copy_from_slice(value);
        field += value.len();
    };
    put(&[header.kind as u8 + 1]);
    put(header.topic_id.0.as_bytes());
    put(&header.partition.to_be_bytes());
    put(&header.segment_base.0.to_be_bytes());
    put(&header.end_offset.0.to_be_bytes());
    put(&header.position.to_be_bytes());
    put(&u32::try_from(len).expect("a frame is at most 1 MiB").to_be_bytes());
    bytes
}

/// Entries one after the other, as they are in a frame.
pub(super) fn encode_entries<'a>(entries: impl Iterator<Item = (&'a EntryHeader, &'a [u8])>) -> Vec<u8> {
    let mut out = Vec::new();
    for (header, bytes) in entries {
        out.extend_from_slice(&entry_header(header, bytes.len()));
        out.extend_from_slice(bytes);
    }
    out
}

/// Reads `count` entries from `at` on, or up to the end: header and position of the bytes of each.
pub(super) fn read_entries(
    bytes: &[u8],
    mut at: usize,
    count: Option<u32>,
) -> Option<Vec<(EntryHeader, std::ops::Range<usize>)>> {
    let mut entries = Vec::new();
    while count.map_or(at < bytes.len(), |count| (entries.len() as u64) < u64::from(count)) {
        let (header, len) = read_entry_header(bytes.get(at..at + ENTRY_HEADER)?)?;
        let place = at + ENTRY_HEADER..at + ENTRY_HEADER + len;
        bytes.get(place.clone())?;
        at = place.end;
        entries.push((header, place));
    }
    Some(entries)
}

/// A valid frame inside the bytes of a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Frame {
    pub(crate) epoch: u64,
    pub(crate) lsn: u64,
    /// Header and position of the bytes of each entry.
    pub(crate) entries: Vec<(EntryHeader, std::ops::Range<usize>)>,
    /// Where the next frame starts.
    pub(crate) end: usize,
}

/// What the header of a frame says, whether or not the rest is valid.
struct FrameHeader {
    crc: u32,
    epoch: u64,
    lsn: u64,
    count: u32,
    /// Of header and entries.
    len: usize,
}

fn read_frame_header(file: &[u8], start: usize) -> Option<FrameHeader> {
    let header = file.get(start..start.checked_add(FRAME_HEADER)?)?;
    let u32_at = |at: usize| u32::from_be_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
    let u64_at = |at: usize| Some(u64::from_be_bytes(header[at..at + 8].try_into().ok()?));
    let len = FRAME_HEADER + usize::try_from(u32_at(29)).ok()?;
    if u32_at(0) != MAGIC || header[8] != VERSION || len > FRAME_BYTES_MAX {
        return None;
    }
    Some(FrameHeader { crc: u32_at(4), epoch: u64_at(9)?, lsn: u64_at(17)?, count: u32_at(25), len })
}

/// Reads the frame at `start`; `None` if there is no valid one.
pub(crate) fn read_frame(file: &[u8], start: usize) -> Option<Frame> {
    let FrameHeader { crc, epoch, lsn, count, len } = read_frame_header(file, start)?;
    let frame = file.get(start..start + len)?;
    if crc32c(&frame[8..]) != crc {
        return None;
    }
    let entries = read_entries(frame, FRAME_HEADER, Some(count))?
        .into_iter()
        .map(|(header, place)| (header, start + place.start..start + place.end))
        .collect();
    Some(Frame { epoch, lsn, entries, end: start + len.next_multiple_of(DIRECT_BLOCK) })
}

/// Looks behind `start`, where there is no valid frame, for one whose epoch and LSN are wanted. Where the header of the
/// invalid one can be read and is `due`, its own bytes are passed over: they come from clients, and may look like anything.
pub(super) fn find_frame(
    file: &[u8],
    start: usize,
    is_due: impl Fn(u64, u64) -> bool,
    is_wanted: impl Fn(u64, u64) -> bool,
) -> Option<Frame> {
    let due = read_frame_header(file, start).filter(|header| is_due(header.epoch, header.lsn));
    let len = due.map_or(FRAME_HEADER, |header| {
        // The entries tell the length, too, should the damage be there.
        let rest = file.get(start..).unwrap_or_default();
        let entries = read_entries(rest, FRAME_HEADER, Some(header.count));
        let end = entries.and_then(|entries| Some(entries.last()?.1.end));
        end.map_or(header.len, |end| end.min(header.len))
    });
    (start + len.next_multiple_of(DIRECT_BLOCK)..file.len())
        .step_by(DIRECT_BLOCK)
        .filter(|at| read_frame_header(file, *at).is_some_and(|header| is_wanted(header.epoch, header.lsn)))
        .find_map(|at| read_frame(file, at))
}

fn read_entry_header(bytes: &[u8]) -> Option<(EntryHeader, usize)> {
    let kind = match bytes[0] {
        1 => EntryKind::Append,
        2 => EntryKind::Truncate,
        3 => EntryKind::LogStart,
        4 => EntryKind::RemoteStart,
        _ => return None,
    };
    let header = EntryHeader {
        kind,
        topic_id: TopicId(Uuid::from_slice(&bytes[1..17]).ok()?),
        partition: i32::from_be_bytes(bytes[17..21].try_into().ok()?),
        segment_base: Offset(i64::from_be_bytes(bytes[21..29].try_into().ok()?)),
        end_offset: Offset(i64::from_be_bytes(bytes[29..37].try_into().ok()?)),
        position: u64::from_be_bytes(bytes[37..45].try_into().ok()?),
    };
    let len = u32::from_be_bytes(bytes[45..49].try_into().ok()?);
    Some((header, usize::try_from(len).ok()?))
}

/// CRC-32C as Kafka uses it for record batches.
pub(crate) fn crc32c(bytes: &[u8]) -> u32 {
    let crc = crc_fast::checksum(crc_fast::CrcAlgorithm::Crc32Iscsi, bytes);
    u32::try_from(crc).expect("a 32-bit checksum fits in 32 bits")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(end_offset: i64) -> EntryHeader {
        EntryHeader {
            kind: EntryKind::Append,
            topic_id: TopicId(Uuid::from_u128(7)),
            partition: 3,
            segment_base: Offset(100),
            end_offset: Offset(end_offset),
            position: 4096,
        }
    }

    fn frame_of(entries: &[(EntryHeader, &[u8])]) -> Vec<u8> {
        let mut builder = FrameBuilder::new();
        for (header, bytes) in entries {
            builder.push(header, bytes.len()).copy_from_slice(bytes);
        }
        builder.seal(2, 9).to_vec()
    }

    #[test]
    fn a_frame_is_read_as_it_was_written() {
        let truncate = EntryHeader { kind: EntryKind::Truncate, ..header(110) };
        let bytes = frame_of(&[(header(120), b"abc"), (truncate, b""), (header(130), b"defgh")]);
        assert_eq!(bytes.len(), DIRECT_BLOCK);
        let frame = read_frame(&bytes, 0).unwrap();
        assert_eq!((frame.epoch, frame.lsn, frame.end), (2, 9, DIRECT_BLOCK));
        let entries: Vec<_> =
            frame.entries.iter().map(|(header, at)| (*header, &bytes[at.clone()])).collect();
        assert_eq!(entries, [(header(120), &b"abc"[..]), (truncate, b""), (header(130), b"defgh")]);
    }

    #[test]
    fn a_frame_with_any_changed_byte_is_no_frame() {
        let bytes = frame_of(&[(header(120), b"abc")]);
        for at in 0..FRAME_HEADER + ENTRY_HEADER + 3 {
            let mut bytes = bytes.clone();
            bytes[at] ^= 0x40;
            assert_eq!(read_frame(&bytes, 0), None, "byte {at}");
        }
    }

    #[test]
    fn a_cut_frame_is_no_frame() {
        let bytes = frame_of(&[(header(120), &[1; 5000])]);
        for len in [0, 1, FRAME_HEADER, 4096, 5000] {
            assert_eq!(read_frame(&bytes[..len], 0), None);
        }
        assert_eq!(read_frame(&bytes, bytes.len() + 4096), None);
    }

    /// What clients send may look like a frame.
    #[test]
    fn a_frame_inside_a_torn_one_is_passed_over() {
        let inner = frame_of(&[(header(120), b"abc")]);
        let mut payload = vec![1; 2 * DIRECT_BLOCK];
        let at = DIRECT_BLOCK - FRAME_HEADER - ENTRY_HEADER;
        payload[at..at + inner.len()].copy_from_slice(&inner);
        let mut bytes = frame_of(&[(header(120), &payload)]);
        assert!(read_frame(&bytes, DIRECT_BLOCK).is_some());
        bytes[2 * DIRECT_BLOCK] ^= 1;
        let found = |bytes: &[u8]| find_frame(bytes, 0, |epoch, lsn| (epoch, lsn) == (2, 9), |_, _| true);
        assert_eq!(found(&bytes), None);
        let end = bytes.len();
        bytes.extend(inner);
        assert_eq!(found(&bytes).map(|frame| frame.end), Some(end + DIRECT_BLOCK));
    }

    #[test]
    fn a_full_frame_has_no_room_for_another_entry() {
        let mut builder = FrameBuilder::new();
        let room = builder.room().unwrap();
        builder.push(&header(1), room);
        assert_eq!(builder.room(), None);
        assert_eq!(builder.seal(1, 1).len(), FRAME_BYTES_MAX);
    }
}
