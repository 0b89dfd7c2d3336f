//! What a request names more than once is answered once, in the place of the first: some answers are thousands of times
//! as long as their questions, and only what there is bounds them. Clients put answers into a map by their names.

use std::collections::HashSet;
use std::hash::Hash;

/// The first of each that has the same key, in the order of the request.
pub fn each_once<'a, T, K: Eq + Hash>(
    asked: &'a [T],
    key: impl Fn(&'a T) -> K,
) -> impl Iterator<Item = &'a T> {
    let mut seen = HashSet::with_capacity(asked.len().min(FEW));
    asked.iter().filter(move |one| seen.insert(key(one)))
}

/// As many as most requests name at the most.
const FEW: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_each_key_stays_in_its_place() {
        let asked = [(3, 'a'), (1, 'b'), (3, 'c'), (2, 'd'), (1, 'e')];
        let left: Vec<char> = each_once(&asked, |(key, _)| key).map(|(_, name)| *name).collect();
        assert_eq!(left, ['a', 'b', 'd']);
    }
}
