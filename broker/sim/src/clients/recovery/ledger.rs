//! What is known of a cluster when its disk is lost: topics, records by their offsets, committed offsets. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use broker_client::OwnedRecord;
use broker_protocol::types::{LeaderEpoch, Offset, TopicId};
use broker_tier::ids::PartitionId;

use crate::clients::Partition;

/// Leader epoch of records whose answer did not name it.
pub(super) const ANY_EPOCH: i32 = -1;
/// Differences of a partition that are told.
const TOLD_MAX: usize = 3;

/// See the file's header.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    pub(super) topics: BTreeMap<Arc<str>, KnownTopic>,
    pub(super) partitions: BTreeMap<Partition, Known>,
    /// What the groups had committed so long before the loss that the object store has it.
    pub(super) commits: BTreeMap<(String, Partition), i64>,
    /// What the last group has committed, or tried to.
    pub(super) last_commits: BTreeMap<Partition, BTreeSet<i64>>,
    /// The last of them that was acknowledged.
    pub(super) last_acknowledged: BTreeMap<Partition, i64>,
}

/// Where each partition begins and ends by what is in the object store.
pub type Expected = BTreeMap<Partition, (i64, i64)>;

impl Ledger {
    /// Where the partitions must begin and end of which something is in the object store.
    #[must_use]
    pub fn expected(&self, bounds_of: impl Fn(PartitionId) -> Option<(Offset, Offset)>) -> Expected {
        let bounds = self.partitions.keys().filter_map(|partition| {
            let topic_id = self.topics.get(&partition.topic)?.id;
            let bounds = bounds_of(PartitionId { topic_id, partition: partition.index });
            bounds.map(|(start, end)| (partition.clone(), (start.0, end.0)))
        });
        bounds.collect()
    }

    /// What is known of a cluster that begins and ends there.
    #[must_use]
    pub fn cut(&self, expected: &Expected) -> Ledger {
        let mut ledger = self.clone();
        for (partition, known) in &mut ledger.partitions {
            known.cut(expected.get(partition).map_or(0, |(_, end)| *end));
        }
        ledger
    }
}

/// A topic.
#[derive(Clone, Debug)]
pub(super) struct KnownTopic {
    pub(super) id: TopicId,
    /// Its settings; `None` if it was made so late that the object store may not have them.
    pub(super) configs: Option<BTreeMap<String, String>>,
}

/// A partition.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    /// Its leader's epoch on the old broker, where somebody looked.
    pub(super) leader_epoch: Option<LeaderEpoch>,
    /// Acknowledged.
    pub(super) records: BTreeMap<i64, OwnedRecord>,
    /// Sent, and never acknowledged.
    pub(super) open: Vec<OwnedRecord>,
    /// Batches of the last writer, in order.
    pub(super) batches: Vec<Placed>,
}

/// A batch that was acknowledged.
#[derive(Clone, Debug)]
pub(super) struct Placed {
    pub(super) offset: i64,
    pub(super) records: i32,
    pub(super) sequence: i32,
    pub(super) bytes: Vec<u8>,
}

impl Known {
    /// Forgets what stood from `end` on: it was in no object.
    pub(super) fn cut(&mut self, end: i64) {
        self.records.retain(|offset, _| *offset < end);
        self.batches.retain(|batch| batch.offset + i64::from(batch.records) <= end);
    }

    /// What is wrong with what was found from `start` to `end`. Then what was found is what is known.
    pub(super) fn judge(&mut self, start: i64, end: i64, found: Vec<OwnedRecord>) -> Vec<String> {
        let mut faults = Vec::new();
        if !found.iter().map(|record| record.offset).eq(start..end) {
            let offsets: Vec<i64> = found.iter().map(|record| record.offset).collect();
            faults.push(format!("goes from {start} to {end} and has {}", ranges(&offsets)));
        }
        for (offset, known) in self.records.range(start..end.max(start)) {
            match found.iter().find(|record| record.offset == *offset) {
                None => faults.push(format!("has lost {offset}")),
                Some(record) if !is_same(known, record) => {
                    faults.push(format!("has another record at {offset}"));
                }
                Some(_) => {}
            }
        }
        for record in found.iter().filter(|record| !self.records.contains_key(&record.offset)) {
            if !self
                .open
                .iter()
                .any(|open| is_same(&OwnedRecord { offset: record.offset, ..open.clone() }, record))
            {
                faults.push(format!("has a record at {} that nobody sent there", record.offset));
            }
        }
        self.records = found.into_iter().map(|record| (record.offset, record)).collect();
        faults.truncate(TOLD_MAX);
        faults
    }
}

fn is_same(known: &OwnedRecord, found: &OwnedRecord) -> bool {
    if known.leader_epoch == ANY_EPOCH {
        return *known == OwnedRecord { leader_epoch: ANY_EPOCH, ..found.clone() };
    }
    known == found
}

fn ranges(offsets: &[i64]) -> String {
    let chunks = offsets.chunk_by(|one, other| one + 1 == *other);
    let range = |chunk: &[i64]| match chunk {
        [first, .., last] => format!("{first} to {last}"),
        chunk => chunk.first().map_or_else(String::new, i64::to_string),
    };
    if offsets.is_empty() { "nothing".to_owned() } else { chunks.map(range).collect::<Vec<_>>().join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(offset: i64, leader_epoch: i32, value: &[u8]) -> OwnedRecord {
        let (timestamp_ms, producer_id, value) = (5, 7, Some(value.to_vec()));
        OwnedRecord { offset, timestamp_ms, leader_epoch, producer_id, key: None, value }
    }

    fn known() -> Known {
        let records = [record(3, 2, b"a"), record(4, ANY_EPOCH, b"b"), record(5, ANY_EPOCH, b"c")];
        let mut known = Known { open: vec![record(-1, ANY_EPOCH, b"d")], ..Known::default() };
        known.records.extend(records.into_iter().map(|record| (record.offset, record)));
        known
    }

    #[test]
    fn what_comes_back_must_be_what_was_acknowledged_up_to_the_end_and_no_more() {
        let whole = vec![record(3, 2, b"a"), record(4, 2, b"b")];
        let mut cut = known();
        cut.cut(5);
        assert_eq!(cut.clone().judge(3, 5, whole.clone()), [""; 0]);
        assert_eq!(cut.clone().judge(3, 6, whole.clone()).len(), 1, "a hole at the end");
        assert_eq!(known().judge(3, 6, whole.clone()).len(), 2, "5 is lost");
        assert_eq!(cut.judge(3, 5, vec![record(3, 1, b"a"), record(4, 2, b"x")]).len(), 2);
        let unanswered = || [whole.clone(), vec![record(5, 2, b"d")]].concat();
        let mut open = known();
        open.cut(5);
        assert_eq!(open.judge(3, 6, unanswered()), [""; 0], "it was sent");
        assert_eq!(open.judge(3, 6, whole).len(), 2, "it was there before");
    }
}
