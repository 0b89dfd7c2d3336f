//! What was found in an object store and what comes of it, for people.

use std::fmt;
use std::sync::Arc;

use broker_protocol::types::{Offset, PartitionIndex, TopicId};
use broker_tier::ids::Generation;

use super::moment;

/// Lines of a list that are shown; of more, the count.
const LINES_MAX: usize = 100;

/// Where a topic is known from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Origin {
    /// The metadata snapshot.
    Snapshot,
    /// Its manifests only: it is newer than the snapshot.
    Manifests,
}

/// A partition.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PartitionReport {
    /// Its number.
    pub index: PartitionIndex,
    /// First offset that can be read.
    pub log_start: Offset,
    /// Offset after the last record.
    pub end: Offset,
    /// Bytes of its batches.
    pub bytes: u64,
    /// Ranges of offsets that were copied.
    pub entries: u64,
    /// When the last one was, milliseconds since 1970; `None` if none was.
    pub copied_ms: Option<i64>,
    /// Why it begins empty although something was copied.
    pub damage: Option<String>,
}

/// A topic.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TopicReport {
    /// Its name.
    pub name: Arc<str>,
    /// Its id.
    pub id: TopicId,
    /// Where it is known from.
    pub origin: Origin,
    /// Its partitions, by number.
    pub partitions: Vec<PartitionReport>,
}

/// All of it; see the file's header.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Report {
    /// The cluster.
    pub cluster: String,
    /// The generation that was claimed; `None` if none was.
    pub generation: Option<Generation>,
    /// Offset of the metadata snapshot, and when it was written, milliseconds since 1970.
    pub snapshot: Option<(u64, i64)>,
    /// Newer snapshots that cannot be read.
    pub passed_over: Vec<String>,
    /// The topics, by name.
    pub topics: Vec<TopicReport>,
    /// Topics of which something is there and that are not recovered.
    pub left_out: Vec<String>,
    /// Groups that have committed something.
    pub groups: usize,
    /// What they have committed.
    pub offsets: usize,
    /// Committed offsets that were beyond a partition's end.
    pub clamped: Vec<String>,
}

impl Report {
    /// A topic by name.
    #[must_use]
    pub fn topic(&self, name: &str) -> Option<&TopicReport> {
        self.topics.iter().find(|topic| *topic.name == *name)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cluster {}", self.cluster)?;
        match self.generation {
            Some(generation) => writeln!(f, ", from now on generation {generation}")?,
            None => writeln!(f)?,
        }
        match self.snapshot {
            Some((offset, created_ms)) => {
                writeln!(f, "metadata snapshot of {}, offset {offset}", moment::show(created_ms))?;
            }
            None => writeln!(f, "no metadata snapshot: settings and committed offsets are not known")?,
        }
        writeln!(f, "{} groups with {} committed offsets", self.groups, self.offsets)?;
        self.topics.iter().try_for_each(|topic| topic.fmt(f))?;
        let (partitions, bytes) = self.totals();
        writeln!(f, "{} topics, {partitions} partitions, {bytes} bytes of batches", self.topics.len())?;
        writeln!(
            f,
            "What was written after the last copy of its partition is not in the object store, and lost."
        )?;
        list(f, "metadata snapshots that cannot be read", &self.passed_over)?;
        list(f, "topics that are not recovered", &self.left_out)?;
        list(f, "committed offsets beyond the end of what was copied, set back to it", &self.clamped)
    }
}

impl Report {
    fn totals(&self) -> (usize, u64) {
        let partitions = self.topics.iter().flat_map(|topic| &topic.partitions);
        partitions.fold((0, 0), |(count, bytes), partition| (count + 1, bytes + partition.bytes))
    }
}

impl fmt::Display for TopicReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "topic {} with id {}, {} partitions", self.name, self.id, self.partitions.len())?;
        match self.origin {
            Origin::Snapshot => writeln!(f)?,
            Origin::Manifests => writeln!(
                f,
                ", newer than the metadata snapshot: its settings are not known, nothing of it \
                                        is deleted until retention.ms and retention.bytes are set"
            )?,
        }
        self.partitions.iter().try_for_each(|partition| partition.fmt(f))
    }
}

impl fmt::Display for PartitionReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (index, start, end) = (self.index, self.log_start, self.end);
        match (&self.damage, self.copied_ms) {
            (Some(damage), _) => {
                writeln!(f, "  {index}: begins EMPTY, what was copied cannot be read: {damage}")
            }
            (None, None) if end == Offset(0) => writeln!(f, "  {index}: nothing was copied, begins empty"),
            (None, None) => writeln!(f, "  {index}: nothing is left, goes on at offset {end}"),
            (None, Some(copied_ms)) => writeln!(
                f,
                "  {index}: offsets {start} to {}, {} bytes in {} ranges, copied last at {}",
                end.0 - 1,
                self.bytes,
                self.entries,
                moment::show(copied_ms)
            ),
        }
    }
}

fn list(f: &mut fmt::Formatter<'_>, title: &str, lines: &[String]) -> fmt::Result {
    if lines.is_empty() {
        return Ok(());
    }
    writeln!(f, "warning: {title}:")?;
    for line in lines.iter().take(LINES_MAX) {
        writeln!(f, "  {line}")?;
    }
    match lines.len().saturating_sub(LINES_MAX) {
        0 => Ok(()),
        others => writeln!(f, "  and {others} others"),
    }
}
