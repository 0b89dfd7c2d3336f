//! Batch boundaries that were met lately, so that a reader who goes on where it stopped needs no lookup.
//!
//! The high watermark's boundary and the ends of the last answers are here; both are where the next reads begin.

use broker_protocol::types::Offset;

/// Boundaries kept per log: a few readers near the end and a few that catch up.
const HINTS: usize = 6;

/// A batch boundary: the batch at `position` of the segment is the first one with records at or after `offset`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Boundary {
    pub(super) offset: Offset,
    pub(super) segment_base: Offset,
    pub(super) position: u64,
}

const NONE: Boundary = Boundary { offset: Offset(-1), segment_base: Offset(-1), position: 0 };

/// The last few boundaries, round robin.
#[derive(Clone, Debug)]
pub(super) struct Hints {
    ring: [Boundary; HINTS],
    next: u8,
}

impl Default for Hints {
    fn default() -> Self {
        Hints { ring: [NONE; HINTS], next: 0 }
    }
}

impl Hints {
    pub(super) fn note(&mut self, boundary: Boundary) {
        if self.find(boundary.segment_base, boundary.offset).is_none() {
            self.ring[usize::from(self.next)] = boundary;
            self.next = (self.next + 1) % HINTS as u8;
        }
    }

    pub(super) fn find(&self, segment_base: Offset, offset: Offset) -> Option<u64> {
        let found = |hint: &&Boundary| hint.offset == offset && hint.segment_base == segment_base;
        self.ring.iter().find(found).map(|hint| hint.position)
    }

    /// Forgets everything: positions have changed.
    pub(super) fn clear(&mut self) {
        *self = Hints::default();
    }
}
