//! Which bytes of a segment this process has seen to be whole batches with the right CRC: those that it appended, and
//! those that it has checked since. All others are checked before they are served.

/// Ranges that one segment keeps; with more the smallest is forgotten, and checked again when it is read.
const RANGES_MAX: usize = 8;

/// Disjoint ranges of positions, in order.
#[derive(Debug, Default)]
pub(crate) struct TrustedRanges(Vec<(u64, u64)>);

impl TrustedRanges {
    /// Trusts the bytes `from..to`.
    pub(crate) fn add(&mut self, mut from: u64, mut to: u64) {
        if let Some(last) = self.0.last_mut().filter(|last| last.1 == from) {
            // What an append does.
            last.1 = to;
            return;
        }
        self.0.retain(|&(begin, end)| {
            let is_apart = end < from || begin > to;
            if !is_apart {
                (from, to) = (from.min(begin), to.max(end));
            }
            is_apart
        });
        let at = self.0.partition_point(|&(begin, _)| begin < from);
        self.0.insert(at, (from, to));
        self.forget_the_smallest();
    }

    /// Trusts the bytes `from..to` no more.
    pub(crate) fn remove(&mut self, from: u64, to: u64) {
        let before = std::mem::take(&mut self.0);
        let left = before.into_iter().flat_map(|(begin, end)| [(begin, end.min(from)), (begin.max(to), end)]);
        self.0.extend(left.filter(|(begin, end)| begin < end));
        self.forget_the_smallest();
    }

    fn forget_the_smallest(&mut self) {
        while self.0.len() > RANGES_MAX
            && let Some(smallest) = (0..self.0.len()).min_by_key(|&at| self.0[at].1 - self.0[at].0)
        {
            self.0.remove(smallest);
        }
    }

    /// Whether all bytes `from..to` are trusted.
    pub(crate) fn covers(&self, from: u64, to: u64) -> bool {
        self.0.iter().any(|&(begin, end)| begin <= from && to <= end)
    }

    /// The file ends at `position` now.
    pub(crate) fn cut(&mut self, position: u64) {
        self.0.retain_mut(|range| {
            range.1 = range.1.min(position);
            range.0 < range.1
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_that_touch_become_one() {
        let mut ranges = TrustedRanges::default();
        for (from, to) in [(10, 20), (30, 40), (0, 5), (20, 30), (3, 12)] {
            ranges.add(from, to);
        }
        assert_eq!(ranges.0, [(0, 40)]);
        assert!(ranges.covers(0, 40) && !ranges.covers(0, 41));
    }

    #[test]
    fn the_smallest_of_too_many_is_forgotten() {
        let mut ranges = TrustedRanges::default();
        for at in 0..=8_u64 {
            ranges.add(at * 100, at * 100 + 10 + at);
        }
        assert_eq!(ranges.0.len(), RANGES_MAX);
        assert!(!ranges.covers(0, 10) && ranges.covers(100, 111));
    }

    #[test]
    fn what_is_taken_out_is_not_trusted_and_all_else_is() {
        let mut ranges = TrustedRanges::default();
        ranges.add(0, 100);
        ranges.add(200, 300);
        ranges.remove(40, 50);
        assert_eq!(ranges.0, [(0, 40), (50, 100), (200, 300)]);
        ranges.remove(90, 250);
        assert_eq!(ranges.0, [(0, 40), (50, 90), (250, 300)]);
        ranges.remove(300, 400);
        assert_eq!(ranges.0, [(0, 40), (50, 90), (250, 300)]);
        for at in 10..20 {
            ranges.remove(at * 2, at * 2 + 1);
        }
        assert_eq!(ranges.0.len(), RANGES_MAX);
    }

    #[test]
    fn what_is_cut_off_is_not_trusted() {
        let mut ranges = TrustedRanges::default();
        ranges.add(0, 10);
        ranges.add(20, 30);
        ranges.cut(25);
        assert_eq!(ranges.0, [(0, 10), (20, 25)]);
        ranges.cut(20);
        assert_eq!(ranges.0, [(0, 10)]);
    }
}
