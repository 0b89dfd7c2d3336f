//! How often each error code stands in a message.

/// Counts of the error codes that are not 0, in the order in which they were met first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ErrorCounts(Vec<(i16, u64)>);

impl ErrorCounts {
    /// Counts a code; 0 is no error.
    pub(super) fn add(&mut self, code: i16) {
        if code == 0 {
            return;
        }
        // A message has few different ones, however many it has.
        match self.0.iter_mut().find(|(known, _)| *known == code) {
            Some((_, count)) => *count += 1,
            None => self.0.push((code, 1)),
        }
    }

    /// Each code with its count, which is at least 1.
    pub fn iter(&self) -> impl Iterator<Item = (i16, u64)> + '_ {
        self.0.iter().copied()
    }
}
