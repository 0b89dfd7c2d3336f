//! How records lie in a file of the raft log, and what damage to one means.
//!
//! A frame is magic (4 bytes), length of the payload (4), durable end (8), CRC-32C of these two and the payload (4),
//! the payload, and one trailer byte that is never zero; integers little endian. The durable end is the position up to
//! which the file was synced when the frame was written.
//!
//! Writes that were never synced may be missing in blocks of a disk sector, which then read as zeroes, or with the end
//! of the file: such a tail is cut, for raft was never told of it. Any other damage, and any damage below a durable end
//! that a later frame names, hit what was synced: raft may have acknowledged it, so the log must not be used.

use std::ops::Range;

use super::crc32c;

const MAGIC: [u8; 4] = *b"HWML";
const TRAILER: u8 = 0xA5;
const HEADER_LEN: usize = 20;
/// Bytes of a frame around its payload.
pub(super) const OVERHEAD: usize = HEADER_LEN + 1;
/// Smallest unit in which a disk writes.
const SECTOR: usize = 512;

/// Appends a frame to `out`.
pub(super) fn push(out: &mut Vec<u8>, durable_end: u64, payload: &[u8]) {
    let len = u32::try_from(payload.len()).expect("a record is bounded far below 4 GiB").to_le_bytes();
    let durable_end = durable_end.to_le_bytes();
    out.extend_from_slice(&MAGIC);
    out.extend_from_slice(&len);
    out.extend_from_slice(&durable_end);
    out.extend_from_slice(&crc32c(&[&len, &durable_end, payload]).to_le_bytes());
    out.extend_from_slice(payload);
    out.push(TRAILER);
}

/// A whole frame inside a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Frame {
    /// Where its payload lies.
    pub(super) payload: Range<usize>,
    durable_end: u64,
}

impl Frame {
    /// Where the next frame begins.
    pub(super) fn end(&self) -> usize {
        self.payload.end + 1
    }
}

/// What follows the last whole frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Tail {
    /// Nothing.
    Clean,
    /// A write that was never synced, from this position on.
    Torn(usize),
    /// Damage to bytes that were synced, at this position.
    Corrupt(usize),
}

/// The whole frame at `at`, if there is one.
pub(super) fn parse(bytes: &[u8], at: usize) -> Option<Frame> {
    let header = bytes.get(at..at.checked_add(HEADER_LEN)?)?;
    let frame = check(bytes, at, read_u32(header, 4) as usize)?;
    (header[..4] == MAGIC).then_some(frame)
}

/// The frame at `at` if its payload had this length, whatever its magic and its own word about its length are.
fn check(bytes: &[u8], at: usize, len: usize) -> Option<Frame> {
    let header = bytes.get(at..at.checked_add(HEADER_LEN)?)?;
    let payload = at + HEADER_LEN..(at + HEADER_LEN).checked_add(len)?;
    let body = bytes.get(payload.clone())?;
    let len = u32::try_from(len).ok()?.to_le_bytes();
    let intact = bytes.get(payload.end) == Some(&TRAILER)
        && crc32c(&[&len, &header[8..16], body]) == read_u32(header, 16);
    let durable_end = u64::from_le_bytes(header[8..16].try_into().expect("eight bytes"));
    intact.then_some(Frame { payload, durable_end })
}

fn read_u32(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

/// All whole frames from the start of a file, and what follows them.
pub(super) fn scan(bytes: &[u8]) -> (Vec<Frame>, Tail) {
    let mut frames = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        match parse(bytes, at) {
            Some(frame) => {
                at = frame.end();
                frames.push(frame);
            }
            None => return (frames, judge(bytes, at)),
        }
    }
    (frames, Tail::Clean)
}

/// Whether the damage at `at` hit synced bytes.
fn judge(bytes: &[u8], at: usize) -> Tail {
    let later: Vec<(usize, Frame)> = (at + 1..bytes.len())
        .filter(|&start| bytes[start..].starts_with(&MAGIC))
        .filter_map(|start| parse(bytes, start).map(|frame| (start, frame)))
        .collect();
    if later.iter().any(|(_, frame)| frame.durable_end > at as u64) {
        return Tail::Corrupt(at);
    }
    if has_blank_sector(bytes, at) || bytes.len() - at < HEADER_LEN {
        return Tail::Torn(at);
    }
    let declared_end = at + OVERHEAD + read_u32(bytes, at + 4) as usize;
    let actual_end = later.first().map_or(bytes.len(), |&(start, _)| start);
    let whole_but_for_its_length =
        actual_end.checked_sub(at + OVERHEAD).is_some_and(|len| check(bytes, at, len).is_some());
    if declared_end <= bytes.len() || whole_but_for_its_length || bytes[at..at + 4] != MAGIC {
        return Tail::Corrupt(at);
    }
    Tail::Torn(at)
}

/// Whether some sector from `at` to the end of the file holds only zeroes there.
fn has_blank_sector(bytes: &[u8], at: usize) -> bool {
    let mut start = at;
    while start < bytes.len() {
        let end = (start / SECTOR + 1) * SECTOR;
        let end = end.min(bytes.len());
        if bytes[start..end].iter().all(|&byte| byte == 0) {
            return true;
        }
        start = end;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Frames that were each synced before the next; their starts.
    fn synced(payloads: &[&[u8]]) -> (Vec<u8>, Vec<usize>) {
        let (mut bytes, mut starts) = (Vec::new(), Vec::new());
        for payload in payloads {
            starts.push(bytes.len());
            let end = bytes.len() as u64;
            push(&mut bytes, end, payload);
        }
        (bytes, starts)
    }

    fn tail(bytes: &[u8]) -> Tail {
        scan(bytes).1
    }

    #[test]
    fn frames_are_read_back() {
        let (bytes, starts) = synced(&[b"one", b"", &[0; 2000]]);
        let (frames, tail) = scan(&bytes);
        let payloads: Vec<&[u8]> = frames.iter().map(|frame| &bytes[frame.payload.clone()]).collect();
        assert_eq!(payloads, [b"one".as_slice(), b"", &[0; 2000]]);
        assert_eq!(tail, Tail::Clean);
        assert_eq!(parse(&bytes, starts[2]).unwrap().end(), bytes.len());
    }

    /// fault = 36
    #[test]
    fn file_cut_anywhere_in_its_last_frame_is_torn() {
        let (bytes, starts) = synced(&[b"first", &[7; 700]]);
        for len in starts[1] + 1..bytes.len() {
            assert_eq!(tail(&bytes[..len]), Tail::Torn(starts[1]), "cut to {len}");
        }
    }

    /// fault = 36
    #[test]
    fn lost_sector_of_the_last_write_is_torn_even_if_later_frames_of_it_are_there() {
        let (mut bytes, starts) = synced(&[b"first"]);
        let (start, durable_end) = (bytes.len(), bytes.len() as u64);
        for payload in [[1; 600], [2; 600], [3; 600]] {
            push(&mut bytes, durable_end, &payload);
        }
        for sector in start / SECTOR..=bytes.len() / SECTOR {
            let mut torn = bytes.clone();
            let lost = (sector * SECTOR).max(start)..((sector + 1) * SECTOR).min(bytes.len());
            torn[lost].fill(0);
            assert!(matches!(tail(&torn), Tail::Torn(at) if at >= start), "sector {sector}");
        }
        assert_eq!(starts, [0]);
    }

    #[test]
    fn every_flipped_bit_is_corruption() {
        let (bytes, _) = synced(&[b"first", &[7; 600], b"last"]);
        for bit in 0..bytes.len() * 8 {
            let mut rotten = bytes.clone();
            rotten[bit / 8] ^= 1 << (bit % 8);
            assert!(matches!(tail(&rotten), Tail::Corrupt(_)), "bit {bit}: {:?}", tail(&rotten));
        }
    }

    #[test]
    fn lost_sector_below_a_durable_end_is_corruption() {
        let (mut bytes, starts) = synced(&[b"first", &[7; 1200], b"last"]);
        bytes[512..1024].fill(0);
        assert_eq!(tail(&bytes), Tail::Corrupt(starts[1]));
    }

    #[test]
    fn arbitrary_bytes_never_panic() {
        for seed in 0..200_u32 {
            let mut state = seed;
            let mut bytes: Vec<u8> = (0..300)
                .map(|_| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    (state >> 24) as u8
                })
                .collect();
            bytes[..4].copy_from_slice(&MAGIC);
            scan(&bytes);
            bytes[4..8].copy_from_slice(&u32::MAX.to_le_bytes());
            scan(&bytes);
        }
    }
}
