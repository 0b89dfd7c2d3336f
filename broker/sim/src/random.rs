//! Random numbers that follow from a seed and nothing else.

use highwater_broker::env::Random;
use parking_lot::Mutex;
use uuid::Uuid;

/// A splitmix64 generator: small, and the same on every machine.
#[derive(Clone, Debug)]
pub struct Rng {
    state: u64,
}

impl Rng {
    /// A generator for one purpose: other purposes of the same seed get other numbers.
    #[must_use]
    pub fn new(seed: u64, purpose: u64) -> Rng {
        let mut rng = Rng { state: seed ^ purpose.wrapping_mul(0xd134_2543_de82_ef95) };
        rng.next_u64();
        rng
    }

    /// Any number.
    pub fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut value = self.state;
        value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        value ^ (value >> 31)
    }

    /// A number from `low` to `high`, both included.
    ///
    /// # Panics
    /// If `high` is below `low`.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        assert!(low <= high, "no number lies between {low} and {high}");
        low + self.next_u64() % (high - low + 1)
    }

    /// True in `percent` of 100 cases.
    pub fn chance(&mut self, percent: u64) -> bool {
        self.between(1, 100) <= percent
    }

    /// One of `options`.
    ///
    /// # Panics
    /// If there is none.
    pub fn pick<'a, T>(&mut self, options: &'a [T]) -> &'a T {
        let index = self.between(0, options.len() as u64 - 1);
        &options[usize::try_from(index).expect("an index of a slice")]
    }

    /// An index below `count`, which is above 0.
    pub fn index(&mut self, count: usize) -> usize {
        usize::try_from(self.between(0, count as u64 - 1)).expect("below a usize")
    }
}

/// The broker's source of ids.
#[derive(Debug)]
pub struct SimRandom(Mutex<Rng>);

impl SimRandom {
    /// Ids that follow from a generator.
    #[must_use]
    pub fn new(rng: Rng) -> SimRandom {
        SimRandom(Mutex::new(rng))
    }
}

impl Random for SimRandom {
    fn uuid(&self) -> Uuid {
        let mut rng = self.0.lock();
        let bits = (u128::from(rng.next_u64()) << 64) | u128::from(rng.next_u64());
        uuid::Builder::from_u128(bits)
            .with_variant(uuid::Variant::RFC4122)
            .with_version(uuid::Version::Random)
            .into_uuid()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_and_a_purpose_make_the_numbers() {
        let draw = |seed, purpose| {
            let mut rng = Rng::new(seed, purpose);
            [rng.next_u64(), rng.next_u64()]
        };
        assert_eq!(draw(1, 2), draw(1, 2));
        assert_ne!(draw(1, 2), draw(1, 3));
        assert_ne!(draw(1, 2), draw(2, 2));
    }
}
