//! The last offset of every key: a hash table of fixed size that keeps hashes in place of keys.
//!
//! Two keys with the same hash would lose one of them. So it has 128 bits, and a secret is mixed in, for keys come from
//! clients. A slot has 24 bytes: the hash, and the offset plus one, which is zero in an empty slot.

use broker_protocol::types::Offset;

/// Bytes of a slot.
pub(crate) const SLOT_BYTES: u64 = 24;

/// Slots at least, whatever the memory: a cleaning must get on.
const SLOTS_MIN: u64 = 16;

type Slot = [u64; 3];

/// The table; see the file's header.
#[derive(Debug)]
pub(crate) struct OffsetMap {
    slots: Vec<Slot>,
    used: usize,
    used_max: usize,
    hash: KeyHash,
}

/// What a table may take, and how full it may get.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct MapLimits {
    /// Bytes at most.
    pub(crate) bytes: u64,
    /// Share of the slots that may be used, above 0 and at most 1.
    pub(crate) load_factor: f64,
}

impl OffsetMap {
    /// A table for up to `keys` keys, or as many as the limits allow.
    pub(crate) fn new(keys: u64, limits: &MapLimits, hash: KeyHash) -> OffsetMap {
        let load_factor = if limits.load_factor > 0.0 { limits.load_factor.min(1.0) } else { 1.0 };
        let wanted = ((keys as f64 / load_factor).ceil() as u64).saturating_add(1);
        let count = wanted.min(limits.bytes / SLOT_BYTES).max(SLOTS_MIN);
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        // One slot stays empty, at which every search ends.
        let used_max = ((count as f64 * load_factor) as usize).clamp(1, count - 1);
        OffsetMap { slots: vec![[0; 3]; count], used: 0, used_max, hash }
    }

    /// Notes the offset of a key, which is not below an earlier one. Answers `false`, and notes nothing, if there is no
    /// room for one more key.
    pub(crate) fn put(&mut self, key: &[u8], offset: Offset) -> bool {
        let hash = self.hash.of(key);
        let at = self.find(hash);
        let slot = &mut self.slots[at];
        if slot[2] == 0 {
            if self.used == self.used_max {
                return false;
            }
            self.used += 1;
        }
        *slot = [hash.0, hash.1, offset.0.unsigned_abs() + 1];
        true
    }

    /// The last offset that was noted of a key.
    pub(crate) fn get(&self, key: &[u8]) -> Option<Offset> {
        let [.., above] = self.slots[self.find(self.hash.of(key))];
        above.checked_sub(1).map(|offset| Offset(offset.cast_signed()))
    }

    /// Keys that it holds.
    pub(crate) fn len(&self) -> usize {
        self.used
    }

    /// The slot of a hash, or the empty one where it belongs.
    fn find(&self, (high, low): (u64, u64)) -> usize {
        let count = self.slots.len();
        // The product's upper half: a number below `count` that is as even as the hash.
        let mut at = ((u128::from(low) * count as u128) >> 64) as usize;
        loop {
            let slot = &self.slots[at];
            if slot[2] == 0 || (slot[0] == high && slot[1] == low) {
                return at;
            }
            at = if at + 1 == count { 0 } else { at + 1 };
        }
    }
}

/// SipHash-2-4 with 128 bits: without its secret nobody finds two keys with the same hash.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KeyHash {
    secret: (u64, u64),
}

impl KeyHash {
    /// The hash with this secret.
    pub(crate) fn new(secret: (u64, u64)) -> KeyHash {
        KeyHash { secret }
    }

    fn of(&self, key: &[u8]) -> (u64, u64) {
        let (k0, k1) = self.secret;
        let mut state = Sip([
            k0 ^ 0x736f_6d65_7073_6575,
            k1 ^ 0x646f_7261_6e64_6f6d ^ 0xee,
            k0 ^ 0x6c79_6765_6e65_7261,
            k1 ^ 0x7465_6462_7974_6573,
        ]);
        let mut words = key.chunks_exact(8);
        for word in &mut words {
            state.absorb(u64::from_le_bytes(word.try_into().expect("chunks of eight bytes")));
        }
        let rest = words.remainder();
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        last[7] = key.len().to_le_bytes()[0];
        state.absorb(u64::from_le_bytes(last));
        (state.squeeze(2, 0xee), state.squeeze(1, 0xdd))
    }
}

struct Sip([u64; 4]);

impl Sip {
    #[inline]
    fn absorb(&mut self, word: u64) {
        self.0[3] ^= word;
        self.round();
        self.round();
        self.0[0] ^= word;
    }

    #[inline]
    fn squeeze(&mut self, at: usize, with: u64) -> u64 {
        self.0[at] ^= with;
        for _ in 0..4 {
            self.round();
        }
        self.0.iter().fold(0, |all, part| all ^ part)
    }

    #[inline]
    fn round(&mut self) {
        let [v0, v1, v2, v3] = &mut self.0;
        *v0 = v0.wrapping_add(*v1);
        *v1 = v1.rotate_left(13) ^ *v0;
        *v0 = v0.rotate_left(32);
        *v2 = v2.wrapping_add(*v3);
        *v3 = v3.rotate_left(16) ^ *v2;
        *v0 = v0.wrapping_add(*v3);
        *v3 = v3.rotate_left(21) ^ *v0;
        *v2 = v2.wrapping_add(*v1);
        *v1 = v1.rotate_left(17) ^ *v2;
        *v2 = v2.rotate_left(32);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    const ROOMY: MapLimits = MapLimits { bytes: 1 << 20, load_factor: 0.9 };

    fn map(keys: u64, limits: &MapLimits) -> OffsetMap {
        OffsetMap::new(keys, limits, KeyHash::new((3, 4)))
    }

    /// From the reference implementation: key 00 to 0f, input of no byte and of one, 00.
    #[test]
    fn hashes_are_those_of_the_reference_implementation() {
        let hash = KeyHash::new((0x0706_0504_0302_0100, 0x0f0e_0d0c_0b0a_0908));
        let bytes = |key: &[u8]| {
            let (low, high) = hash.of(key);
            [low.to_le_bytes(), high.to_le_bytes()].concat()
        };
        let none =
            [0xa3, 0x81, 0x7f, 0x04, 0xba, 0x25, 0xa8, 0xe6, 0x6d, 0xf6, 0x72, 0x14, 0xc7, 0x55, 0x02, 0x93];
        let one =
            [0xda, 0x87, 0xc1, 0xd8, 0x6b, 0x99, 0xaf, 0x44, 0x34, 0x76, 0x59, 0x11, 0x9b, 0x22, 0xfc, 0x45];
        assert_eq!((bytes(&[]), bytes(&[0])), (none.to_vec(), one.to_vec()));
    }

    #[test]
    fn a_full_map_takes_known_keys_only() {
        let mut map = map(u64::MAX / 2, &MapLimits { bytes: 32 * SLOT_BYTES, load_factor: 0.5 });
        for number in 0..16_u8 {
            assert!(map.put(&[number], Offset(i64::from(number))), "{number}");
        }
        assert!(!map.put(&[16], Offset(16)) && map.get(&[16]).is_none());
        assert!(map.put(&[3], Offset(17)));
        assert_eq!((map.len(), map.get(&[3]), map.get(&[4])), (16, Some(Offset(17)), Some(Offset(4))));
    }

    #[test]
    fn a_map_takes_no_more_memory_than_its_keys_need() {
        assert!(map(100, &ROOMY).slots.len() < 150);
        assert_eq!(map(0, &ROOMY).slots.len(), 16);
        assert!(map(u64::MAX / 2, &ROOMY).slots.len() as u64 * SLOT_BYTES <= ROOMY.bytes);
    }

    #[test]
    fn a_map_holds_all_the_keys_that_it_was_made_for() {
        for load_factor in [0.9, 1.0, 0.01, 0.0, f64::NAN] {
            let mut map = map(5000, &MapLimits { load_factor, ..ROOMY });
            let keys = map.used_max.min(5000);
            assert!((0..keys).all(|n| map.put(&n.to_be_bytes(), Offset(n as i64))), "{load_factor}");
            assert!((0..keys).all(|n| map.get(&n.to_be_bytes()) == Some(Offset(n as i64))), "{load_factor}");
        }
        assert!(map(5000, &ROOMY).used_max >= 5000);
    }

    proptest! {
        #[test]
        fn it_tells_what_a_map_of_keys_would(keys in prop::collection::vec("[a-f]{0,3}", 0..300)) {
            let (mut map, mut model) = (map(300, &ROOMY), BTreeMap::new());
            for (offset, key) in (0..).map(Offset).zip(&keys) {
                prop_assert!(map.put(key.as_bytes(), offset));
                model.insert(key.clone(), offset);
            }
            prop_assert_eq!(map.len(), model.len());
            for (key, offset) in &model {
                prop_assert_eq!(map.get(key.as_bytes()), Some(*offset));
            }
            prop_assert_eq!(map.get(b"absent"), None);
        }
    }
}
