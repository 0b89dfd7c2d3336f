//! What a record carries: its number in the history (8 bytes, big endian), then filler that depends on the number.
//!
//! The filler does not compress or repeat at one place, so that a block of one record in another's place is noticed.

use crc_fast::{CrcAlgorithm, checksum};

use super::load::SplitMix;

/// Bytes of filler to cut from: a prime number of pieces, more than a record is long.
const FILLER_BYTES: usize = 1 << 20;

/// Makes and reads payloads.
#[derive(Debug)]
pub(crate) struct Payloads {
    filler: Vec<u8>,
}

impl Payloads {
    pub(crate) fn new() -> Self {
        let mut random = SplitMix::new(0);
        let filler = (0..FILLER_BYTES / 8).flat_map(|_| random.next().to_ne_bytes()).collect();
        Self { filler }
    }

    /// Writes the payload of `value`, `size` bytes from 8 to 64 KiB, over the buffer; returns its checksum.
    pub(crate) fn write(&self, value: u64, size: usize, payload: &mut Vec<u8>) -> u32 {
        payload.clear();
        payload.extend_from_slice(&value.to_be_bytes());
        let rest = size.saturating_sub(payload.len());
        let at = (value.wrapping_mul(0x9e37_79b9_7f4a_7c15) % (FILLER_BYTES - rest) as u64) as usize;
        payload.extend_from_slice(&self.filler[at..at + rest]);
        crc(payload)
    }
}

/// Value and checksum of a payload that was read; `None` if it is too short to have a value.
pub(crate) fn read(payload: &[u8]) -> Option<(u64, u32)> {
    let value = payload.first_chunk().map(|bytes| u64::from_be_bytes(*bytes))?;
    Some((value, crc(payload)))
}

fn crc(payload: &[u8]) -> u32 {
    // The algorithm has 32 bits, the crate's result type is wider.
    checksum(CrcAlgorithm::Crc32Iscsi, payload) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_is_read_back_with_its_checksum() {
        let mut payload = Vec::new();
        let crc = Payloads::new().write(77, 100, &mut payload);
        assert_eq!((payload.len(), read(&payload)), (100, Some((77, crc))));
        payload[50] ^= 1;
        assert_ne!(read(&payload), Some((77, crc)));
        assert_eq!(read(&payload[..7]), None);
    }
}
