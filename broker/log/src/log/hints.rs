//! Batch boundaries that were met lately, so that a reader who goes on where it stopped needs no lookup.
//!
//! The high watermark's boundary and the ends of the last answers are here; both are where the next reads begin.

use broker_protocol::types::Offset;

/// Ends of answers kept per log: a few readers near the end and a few that catch up.
const READS: usize = 4;

/// Committed ends kept per log: the high watermark follows the newest one closely.
const COMMITS: usize = 2;

/// A batch boundary: the batch at `position` of the segment is the first one with records at or after `offset`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Boundary {
    pub(super) offset: Offset,
    pub(super) segment_base: Offset,
    pub(super) position: u64,
}

const NONE: Boundary = Boundary { offset: Offset(-1), segment_base: Offset(-1), position: 0 };

/// The last few boundaries of either kind, each round robin.
#[derive(Clone, Debug)]
pub(super) struct Hints {
    reads: [Boundary; READS],
    commits: [Boundary; COMMITS],
    next_read: u8,
    next_commit: u8,
}

impl Default for Hints {
    fn default() -> Self {
        Hints { reads: [NONE; READS], commits: [NONE; COMMITS], next_read: 0, next_commit: 0 }
    }
}

impl Hints {
    /// Remembers where a reader will go on.
    pub(super) fn note_read(&mut self, boundary: Boundary) {
        if !self.reads.contains(&boundary) {
            self.reads[usize::from(self.next_read)] = boundary;
            self.next_read = (self.next_read + 1) % READS as u8;
        }
    }

    /// Remembers the end of what is committed.
    pub(super) fn note_commit(&mut self, boundary: Boundary) {
        self.commits[usize::from(self.next_commit)] = boundary;
        self.next_commit = (self.next_commit + 1) % COMMITS as u8;
    }

    pub(super) fn find(&self, segment_base: Offset, offset: Offset) -> Option<u64> {
        let found = |hint: &&Boundary| hint.offset == offset && hint.segment_base == segment_base;
        self.commits.iter().chain(&self.reads).find(found).map(|hint| hint.position)
    }

    /// Forgets everything: positions have changed.
    pub(super) fn clear(&mut self) {
        *self = Hints::default();
    }
}
