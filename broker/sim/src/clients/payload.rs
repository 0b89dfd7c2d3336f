//! What is in a record: its value, and bytes that follow from it, so that any change shows.

use std::hash::{DefaultHasher, Hasher};

use crate::random::Rng;

/// Bytes that the value itself takes.
pub(super) const VALUE_BYTES: usize = 8;

/// The payload of a value, `len` bytes long but never shorter than the value itself.
pub(super) fn of(value: u64, len: usize) -> Vec<u8> {
    let mut rng = Rng::new(value, 0);
    let mut payload = value.to_be_bytes().to_vec();
    while payload.len() < len {
        payload.extend_from_slice(&rng.next_u64().to_be_bytes());
    }
    payload.truncate(len.max(VALUE_BYTES));
    payload
}

/// The value of a payload, if it is one that [`of`] made.
pub(super) fn value(payload: &[u8]) -> Option<u64> {
    let value = u64::from_be_bytes(*payload.first_chunk()?);
    (of(value, payload.len()) == payload).then_some(value)
}

pub(super) fn checksum(payload: &[u8]) -> u32 {
    let mut hasher = DefaultHasher::new();
    hasher.write(payload);
    u32::try_from(hasher.finish() >> 32).expect("the upper half")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_tells_its_value_and_any_change() {
        let mut payload = of(77, 30);
        assert_eq!((payload.len(), value(&payload)), (30, Some(77)));
        payload[29] ^= 1;
        assert_eq!(value(&payload), None);
    }
}
