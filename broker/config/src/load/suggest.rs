//! The nearest of the names that exist to a name that does not.

/// The candidate with the smallest edit distance to `name`, if it is near enough to be meant; the first on a tie.
pub(super) fn nearest<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    // A key longer than this is no misspelling; the bound also keeps the work small.
    const NAME_LEN_MAX: usize = 128;
    if name.len() > NAME_LEN_MAX {
        return None;
    }
    let limit = (name.len() / 3).max(3);
    candidates
        .map(|candidate| (distance(name.as_bytes(), candidate.as_bytes()), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// As [`nearest`], for the few words that a setting takes: short ones, so that less may differ.
pub(super) fn nearest_word<'a>(value: &str, words: &'a [&'a str]) -> Option<&'a str> {
    const DISTANCE_MAX: usize = 2;
    let near = nearest(value, words.iter().copied())?;
    (distance(value.as_bytes(), near.as_bytes()) <= DISTANCE_MAX).then_some(near)
}

/// Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`.
fn distance(a: &[u8], b: &[u8]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = Vec::with_capacity(b.len() + 1);
        row.push(i);
        for j in 1..=b.len() {
            let replaced = above[j - 1] + usize::from(!a[i - 1].eq_ignore_ascii_case(&b[j - 1]));
            let mut best = replaced.min(above[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(before[j - 2] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut above, row);
    }
    above[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn swapped_neighbours_count_once() {
        assert_eq!(distance(b"log.dirs", b"log.dris"), 1);
        assert_eq!(distance(b"", b"abc"), 3);
        assert_eq!(distance(b"abc", b"abc"), 0);
    }

    #[test]
    fn nearest_name_is_suggested_and_a_far_one_is_not() {
        let names = ["num.partitions", "log.dirs", "log.dir"];
        assert_eq!(nearest("num.partition", names.into_iter()), Some("num.partitions"));
        assert_eq!(nearest("logdirs", names.into_iter()), Some("log.dirs"));
        assert_eq!(nearest("some.other.name", names.into_iter()), None);
    }
}
