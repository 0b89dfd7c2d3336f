//! What keys are known by: 128 bits of SipHash-2-4 with a secret of the process, for keys come from clients.

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

    pub(super) fn of(&self, key: &[u8]) -> (u64, u64) {
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
    use super::*;

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
}
