//! A sorted map whose copies share what they have in common.
//!
//! Entries lie in sorted chunks of at most [`CHUNK_MAX`] behind an `Arc` each. A copy costs one reference; a change
//! copies one chunk and the list of chunks, and only if another copy still holds them: 10,000 entries are 80 chunks.
//! A general persistent tree would do the same with a dependency and pointers per entry.
//! Invariant: no chunk is empty, and keys rise strictly within and across chunks.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

/// Most entries of one chunk: large enough to keep the list of chunks short, small enough to copy in a microsecond.
const CHUNK_MAX: usize = 128;
/// A chunk that shrinks below this is joined with a neighbour if both fit in one.
const CHUNK_MIN: usize = CHUNK_MAX / 4;

type Chunk<K, V> = Arc<Vec<(K, V)>>;

/// A sorted map that is cheap to copy and to change after a copy.
#[derive(Clone)]
pub struct ChunkedMap<K, V> {
    chunks: Arc<Vec<Chunk<K, V>>>,
    len: usize,
}

impl<K, V> Default for ChunkedMap<K, V> {
    fn default() -> Self {
        ChunkedMap { chunks: Arc::default(), len: 0 }
    }
}

impl<K: fmt::Debug, V: fmt::Debug> fmt::Debug for ChunkedMap<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.chunks.iter().flat_map(|chunk| chunk.iter()).map(|(k, v)| (k, v))).finish()
    }
}

/// Equal content, however it is cut into chunks.
impl<K: PartialEq, V: PartialEq> PartialEq for ChunkedMap<K, V> {
    fn eq(&self, other: &Self) -> bool {
        self.len == other.len && self.iter().eq(other.iter())
    }
}

impl<K: Eq, V: Eq> Eq for ChunkedMap<K, V> {}

impl<K, V> ChunkedMap<K, V> {
    /// Count of entries.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no entry.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// All entries by rising key.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.chunks.iter().flat_map(|chunk| chunk.iter()).map(|(key, value)| (key, value))
    }

    /// All values by rising key.
    pub fn values(&self) -> impl Iterator<Item = &V> {
        self.iter().map(|(_, value)| value)
    }

    /// All keys, rising.
    pub fn keys(&self) -> impl Iterator<Item = &K> {
        self.iter().map(|(key, _)| key)
    }
}

impl<K: Ord, V> ChunkedMap<K, V> {
    /// The value of a key.
    pub fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        let chunk = &self.chunks[self.chunk_of(key)?];
        let at = position_in(chunk, key).ok()?;
        Some(&chunk[at].1)
    }

    /// Whether the key is there.
    pub fn contains_key<Q: Ord + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.get(key).is_some()
    }

    /// Entries with keys at or after `from`, rising: what a paged answer reads.
    pub fn iter_from<Q: Ord + ?Sized>(&self, from: &Q) -> impl Iterator<Item = (&K, &V)>
    where
        K: Borrow<Q>,
    {
        let first = self.chunk_of(from).unwrap_or(0);
        let skipped = self.chunks.get(first).map_or(0, |chunk| match position_in(chunk, from) {
            Ok(at) | Err(at) => at,
        });
        self.chunks[first..]
            .iter()
            .flat_map(|chunk| chunk.iter())
            .skip(skipped)
            .map(|(key, value)| (key, value))
    }

    /// The last chunk whose first key is not above `key`: the only one that can hold it.
    fn chunk_of<Q: Ord + ?Sized>(&self, key: &Q) -> Option<usize>
    where
        K: Borrow<Q>,
    {
        self.chunks.partition_point(|chunk| chunk[0].0.borrow() <= key).checked_sub(1)
    }
}

impl<K: Ord + Clone, V: Clone> ChunkedMap<K, V> {
    /// Puts a value in; returns the one it replaces.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        let at_chunk = self.chunk_of(&key).unwrap_or(0);
        let chunks = Arc::make_mut(&mut self.chunks);
        let Some(chunk) = chunks.get_mut(at_chunk) else {
            chunks.push(Arc::new(vec![(key, value)]));
            self.len += 1;
            return None;
        };
        let at = match position_in(chunk, &key) {
            Ok(at) => return Some(std::mem::replace(&mut Arc::make_mut(chunk)[at].1, value)),
            Err(at) => at,
        };
        self.len += 1;
        if chunk.len() < CHUNK_MAX {
            Arc::make_mut(chunk).insert(at, (key, value));
        } else if at == chunk.len() {
            // Keys that only rise fill their chunks instead of leaving them half empty.
            chunks.insert(at_chunk + 1, Arc::new(vec![(key, value)]));
        } else {
            let left = Arc::make_mut(chunk);
            let mut right = left.split_off(CHUNK_MAX / 2);
            match at.checked_sub(CHUNK_MAX / 2) {
                Some(at_right) => right.insert(at_right, (key, value)),
                None => left.insert(at, (key, value)),
            }
            chunks.insert(at_chunk + 1, Arc::new(right));
        }
        None
    }

    /// Takes a value out.
    pub fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let at_chunk = self.chunk_of(key)?;
        let at = position_in(&self.chunks[at_chunk], key).ok()?;
        let chunks = Arc::make_mut(&mut self.chunks);
        let (_, value) = Arc::make_mut(&mut chunks[at_chunk]).remove(at);
        self.len -= 1;
        if chunks[at_chunk].is_empty() {
            chunks.remove(at_chunk);
        } else if chunks[at_chunk].len() < CHUNK_MIN {
            join_with_neighbour(chunks, at_chunk);
        }
        Some(value)
    }

    /// The value of a key for changing, copied first if another map shares it.
    pub fn get_mut<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        let at_chunk = self.chunk_of(key)?;
        let at = position_in(&self.chunks[at_chunk], key).ok()?;
        let chunk = &mut Arc::make_mut(&mut self.chunks)[at_chunk];
        Some(&mut Arc::make_mut(chunk)[at].1)
    }
}

impl<K: Ord + Clone, V: Clone> FromIterator<(K, V)> for ChunkedMap<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let mut map = ChunkedMap::default();
        for (key, value) in entries {
            map.insert(key, value);
        }
        map
    }
}

fn position_in<K: Borrow<Q>, Q: Ord + ?Sized, V>(chunk: &[(K, V)], key: &Q) -> Result<usize, usize> {
    chunk.binary_search_by(|(known, _)| known.borrow().cmp(key))
}

fn join_with_neighbour<K: Clone, V: Clone>(chunks: &mut Vec<Chunk<K, V>>, at: usize) {
    let left = if at + 1 < chunks.len() { at } else { at.saturating_sub(1) };
    if left + 1 < chunks.len() && chunks[left].len() + chunks[left + 1].len() <= CHUNK_MAX {
        let right = chunks.remove(left + 1);
        Arc::make_mut(&mut chunks[left]).extend(right.iter().cloned());
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Debug)]
    enum Step {
        Insert(u16, u8),
        Remove(u16),
        Copy,
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            5 => (0..600u16, any::<u8>()).prop_map(|(k, v)| Step::Insert(k, v)),
            4 => (0..600u16).prop_map(Step::Remove),
            1 => Just(Step::Copy),
        ];
        prop::collection::vec(step, 0..1500)
    }

    fn check(map: &ChunkedMap<u16, u8>, model: &BTreeMap<u16, u8>) {
        assert_eq!(map.len(), model.len());
        assert!(map.iter().eq(model.iter()));
        assert!(map.chunks.iter().all(|chunk| !chunk.is_empty() && chunk.len() <= CHUNK_MAX));
        for probe in [0, 17, 299, 300, 599, 700] {
            assert_eq!(map.get(&probe), model.get(&probe));
            assert!(map.iter_from(&probe).eq(model.range(probe..)));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn behaves_as_a_sorted_map_and_copies_stay_as_they_were(steps in steps()) {
            let (mut map, mut model) = (ChunkedMap::default(), BTreeMap::new());
            let mut copies = Vec::new();
            for step in steps {
                match step {
                    Step::Insert(key, value) => prop_assert_eq!(map.insert(key, value), model.insert(key, value)),
                    Step::Remove(key) => prop_assert_eq!(map.remove(&key), model.remove(&key)),
                    Step::Copy => copies.push((map.clone(), model.clone())),
                }
            }
            check(&map, &model);
            for (copy, model) in &copies {
                check(copy, model);
            }
        }
    }

    #[test]
    fn a_change_copies_one_chunk_of_many() {
        let before: ChunkedMap<i32, i32> = (0..10_000).map(|key| (key, 0)).collect();
        let mut after = before.clone();
        *after.get_mut(&5_000).unwrap() = 1;
        let shared = before.chunks.iter().zip(after.chunks.iter()).filter(|(a, b)| Arc::ptr_eq(a, b)).count();
        assert_eq!(shared, before.chunks.len() - 1);
        assert_eq!(before.chunks.len(), 10_000_usize.div_ceil(CHUNK_MAX));
    }
}
