//! A bounded map that forgets what was not used for longest. Pure.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;

/// A map whose entries have weights, which together stay within a limit.
#[derive(Debug)]
pub(crate) struct Lru<K, V> {
    limit: u64,
    weight: u64,
    tick: u64,
    entries: HashMap<K, Held<V>>,
    /// Keys by when they were used.
    order: BTreeMap<u64, K>,
}

#[derive(Debug)]
struct Held<V> {
    value: V,
    weight: u64,
    used: u64,
}

impl<K: Clone + Eq + Hash, V> Lru<K, V> {
    /// An empty map.
    #[must_use]
    pub(crate) fn new(limit: u64) -> Lru<K, V> {
        Lru { limit, weight: 0, tick: 0, entries: HashMap::new(), order: BTreeMap::new() }
    }

    /// What all entries weigh.
    #[must_use]
    pub(crate) fn weight(&self) -> u64 {
        self.weight
    }

    /// Whether a key is there; it does not count as used.
    #[must_use]
    pub(crate) fn contains(&self, key: &K) -> bool {
        self.entries.contains_key(key)
    }

    /// The value of a key; it does not count as used.
    #[must_use]
    pub(crate) fn peek(&self, key: &K) -> Option<&V> {
        Some(&self.entries.get(key)?.value)
    }

    /// The value of a key, to be changed; it does not count as used.
    pub(crate) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        Some(&mut self.entries.get_mut(key)?.value)
    }

    /// The value of a key, which counts as used.
    pub(crate) fn get(&mut self, key: &K) -> Option<&V> {
        let held = self.entries.get_mut(key)?;
        self.order.remove(&held.used);
        self.tick += 1;
        held.used = self.tick;
        self.order.insert(held.used, key.clone());
        Some(&held.value)
    }

    /// Puts an entry and returns those that had to go; one that weighs more than the limit goes itself.
    pub(crate) fn put(&mut self, key: K, value: V, weight: u64) -> Vec<(K, V)> {
        let mut gone: Vec<(K, V)> = self.remove(&key).map(|old| (key.clone(), old)).into_iter().collect();
        self.tick += 1;
        self.weight += weight;
        self.order.insert(self.tick, key.clone());
        self.entries.insert(key, Held { value, weight, used: self.tick });
        while self.weight > self.limit {
            let Some((_, oldest)) = self.order.first_key_value() else { break };
            let oldest = oldest.clone();
            gone.extend(self.remove(&oldest).map(|value| (oldest, value)));
        }
        gone
    }

    /// The key that was not used for longest, and its value.
    pub(crate) fn oldest(&self) -> Option<(&K, &V)> {
        let (_, key) = self.order.first_key_value()?;
        Some((key, &self.entries.get(key)?.value))
    }

    /// Takes an entry out.
    pub(crate) fn remove(&mut self, key: &K) -> Option<V> {
        let held = self.entries.remove(key)?;
        self.order.remove(&held.used);
        self.weight -= held.weight;
        Some(held.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_used_for_longest_goes_first() {
        let mut lru = Lru::new(10);
        for key in ["a", "b", "c"] {
            assert!(lru.put(key, key.to_uppercase(), 3).is_empty());
        }
        assert_eq!(lru.get(&"a").map(String::as_str), Some("A"));
        assert_eq!(lru.put("d", "D".to_owned(), 4), [("b", "B".to_owned())]);
        assert_eq!(lru.weight(), 10);
        assert_eq!(lru.put("e", "E".to_owned(), 11).len(), 4, "what weighs too much goes with all others");
        assert_eq!(lru.weight(), 0);
        assert_eq!(lru.get(&"e"), None);
    }
}
