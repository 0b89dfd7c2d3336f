//! What must hold of an object store at every moment, and what it must look like once everything has healed.
//!
//! At every moment: an object is written once, manifests follow one another and name ranges without a hole, no manifest
//! names what is above the high watermark, and the local log begins nowhere behind what a manifest names. In the end:
//! see `audit/final_look.rs`.

mod final_look;

use std::collections::BTreeMap;

use broker_protocol::types::Offset;
use broker_tier::ids::{ClusterId, Generation, ManifestNumber, PartitionId};
use broker_tier::keys::{ClusterKeys, Key, Prefix};
use broker_tier::manifest::Manifest;
use bytes::Bytes;
use highwater_broker::api::context::ApiContext;
use highwater_broker::replication::partition::Partition;
use object_store::path::Path;

use crate::bucket::remote_store::{RemoteStore, Written};

pub use final_look::look;

/// What is known of a partition's newest manifest.
#[derive(Clone, Debug)]
struct Newest {
    number: ManifestNumber,
    log_start: Offset,
    oldest_kept: ManifestNumber,
    /// Where what it names ends.
    end: Option<Offset>,
    /// Where a log goes on of which there is nothing else.
    next: Option<Offset>,
    generation: Option<Generation>,
}

/// Follows an object store; see the file's header.
#[derive(Debug, Default)]
pub struct Audit {
    newest: BTreeMap<PartitionId, Newest>,
    /// Where readers began when they were asked last, in this life of the process.
    starts: BTreeMap<PartitionId, Offset>,
    /// No other broker may publish any more.
    generation: Option<Generation>,
}

impl Audit {
    /// Looks at what was written since this was called last, and at the broker, if it serves. Returns what must not be.
    pub fn step(&mut self, store: &RemoteStore, broker: Option<&ApiContext>) -> Vec<String> {
        let mut findings = Vec::new();
        for written in store.take_written() {
            findings.extend(self.note(&written));
        }
        match broker {
            None => self.starts.clear(),
            Some(ctx) => {
                for topic in ctx.replicas.topics() {
                    for partition in topic.partitions() {
                        findings.extend(self.judge(&partition));
                    }
                }
            }
        }
        findings
    }

    /// Where what is in the object store of a partition ends.
    #[must_use]
    pub fn end_of(&self, partition: &Partition) -> Option<Offset> {
        self.newest.get(&id_of(partition)).and_then(|newest| newest.end)
    }

    /// Where a log begins and ends that is made of nothing but what is in the object store; `None` if there is no manifest.
    #[must_use]
    pub fn bounds_of(&self, partition: PartitionId) -> Option<(Offset, Offset)> {
        let Newest { log_start, end, next, .. } = *self.newest.get(&partition)?;
        Some((log_start, end.or(next).unwrap_or(log_start).max(log_start)))
    }

    /// From here on only brokers of this generation, or of a later one, may publish.
    pub fn expect_generation(&mut self, generation: Generation) {
        self.generation = Some(generation);
    }

    /// A partition with something sealed that should be copied and is not.
    #[must_use]
    pub fn behind(&self, ctx: &ApiContext) -> Option<String> {
        ctx.replicas.topics().iter().find_map(|topic| {
            let config = topic.config()?;
            if !config.remote_storage_enable || config.remote_log_copy_disable {
                return None;
            }
            topic.partitions().iter().find_map(|partition| self.behind_of(ctx, partition))
        })
    }

    fn behind_of(&self, ctx: &ApiContext, partition: &Partition) -> Option<String> {
        let (start, segments) = partition.log().with(|log| (log.log_start_offset(), log.segment_infos(0)));
        let end = self.end_of(partition).unwrap_or(start);
        let last = segments.iter().rfind(|segment| segment.is_sealed && segment.next_base > start)?;
        (last.next_base > end).then(|| {
            let (name, index) = (partition.topic(), partition.index());
            let trouble = ctx.tiering.as_ref().and_then(|tiering| tiering.of(partition).trouble());
            let sealed = last.next_base;
            format!("{name}-{index} is copied up to {end} and sealed up to {sealed}, trouble: {trouble:?}")
        })
    }

    /// Takes in an object that was written.
    fn note(&mut self, written: &Written) -> Option<String> {
        let Written { path, bytes, replaced } = written;
        if replaced.as_ref().is_some_and(|replaced| replaced != bytes) {
            return Some(format!("{path} was overwritten"));
        }
        let (keys, key) = keys_of(path)?;
        let Key::Manifest(partition, number) = key else { return None };
        let manifest = match Manifest::decode(bytes, keys.cluster(), partition, number) {
            Ok(manifest) => manifest,
            Err(error) => return Some(format!("{path} cannot be read: {error}")),
        };
        if let Some(fault) = fault_in(&manifest) {
            return Some(format!("{path}: {fault}"));
        }
        let newest = Newest {
            number,
            log_start: manifest.log_start_offset,
            oldest_kept: manifest.oldest_kept,
            end: manifest.tiered_end(),
            next: manifest.next_offset,
            generation: manifest.stamp.map(|stamp| stamp.generation),
        };
        let before = self.newest.get(&partition).cloned();
        // A create that was under way for long may come behind others; it does not count.
        if before.as_ref().is_some_and(|before| before.number >= number) {
            return None;
        }
        if newest.generation < self.generation {
            return Some(format!("{path} is of a broker whose cluster was recovered: {newest:?}"));
        }
        self.newest.insert(partition, newest.clone());
        let before = before?;
        if before.number.next() != number {
            return Some(format!("{path} follows manifest {}", before.number));
        }
        if newest.log_start < before.log_start
            || newest.oldest_kept < before.oldest_kept
            || newest.generation < before.generation
        {
            return Some(format!("{path} goes back: {newest:?} after {before:?}"));
        }
        None
    }

    /// Looks at a partition that is served.
    fn judge(&mut self, partition: &Partition) -> Vec<String> {
        let mut findings = Vec::new();
        if partition.is_gone() {
            return findings;
        }
        let id = id_of(partition);
        let name = || format!("{}-{}", partition.topic(), partition.index());
        let (start, local_start) =
            partition.log().with(|log| (log.log_start_offset(), log.local_log_start_offset()));
        let newest = self.newest.get(&id);
        let end = newest.and_then(|newest| newest.end);
        // Retention moves the start in the manifest first.
        let given_up = newest.map_or(start, |newest| newest.log_start);
        if local_start > start.max(given_up).max(end.unwrap_or(start)) {
            findings.push(format!(
                "{} is local from {local_start} on, starts at {start} and is in the object store up to {end:?}",
                name()
            ));
        }
        let high_watermark = partition.high_watermark();
        if let Some(end) = end.filter(|&end| end > high_watermark) {
            findings.push(format!("{} is in the object store up to {end}, beyond {high_watermark}", name()));
        }
        let before = self.starts.insert(id, start).unwrap_or(start);
        if start < before {
            findings.push(format!("{} starts at {start} after {before}", name()));
        }
        findings
    }
}

fn id_of(partition: &Partition) -> PartitionId {
    PartitionId { topic_id: partition.topic_id(), partition: partition.index() }
}

/// The cluster and key of an object's path; `None` if it is none of this layout's.
fn keys_of(path: &Path) -> Option<(ClusterKeys, Key)> {
    let parts: Vec<&str> = path.as_ref().split('/').collect();
    (0..parts.len()).find_map(|at| {
        let cluster = ClusterId::parse(parts[at]).ok()?;
        let keys = ClusterKeys::new(&Prefix::parse(&parts[..at].join("/")).ok()?, &cluster);
        let key = keys.key_at(path).ok()?;
        Some((keys, key))
    })
}

/// What is wrong with the ranges that a manifest names.
fn fault_in(manifest: &Manifest) -> Option<String> {
    let pages = manifest.pages.iter().map(|page| (page.base_offset, page.end_offset));
    let entries = manifest.entries.iter().map(|entry| (entry.base_offset, entry.end_offset));
    let ranges: Vec<_> = pages.chain(entries).collect();
    let holes = ranges.windows(2).find(|pair| pair[0].1.plus(1) != pair[1].0);
    if let Some(pair) = holes {
        return Some(format!("{:?} is followed by {:?}", pair[0], pair[1]));
    }
    let (first, last) = ranges.first().zip(ranges.last())?;
    if first.0 > manifest.log_start_offset {
        return Some(format!("it begins at {}, readers at {}", first.0, manifest.log_start_offset));
    }
    let end = manifest.next_offset;
    (end != Some(last.1.plus(1))).then(|| format!("it ends at {end:?}, its last entry at {}", last.1))
}

/// All objects by their keys; what is wrong with the paths of the others.
fn sorted(contents: Vec<(Path, Bytes)>) -> (BTreeMap<Key, Bytes>, Vec<String>, Option<ClusterKeys>) {
    let (mut objects, mut foreign, mut cluster) = (BTreeMap::new(), Vec::new(), None);
    for (path, bytes) in contents {
        match keys_of(&path) {
            Some((keys, key)) => {
                objects.insert(key, bytes);
                cluster = Some(keys);
            }
            None => foreign.push(format!("{path} is none of the layout's objects")),
        }
    }
    (objects, foreign, cluster)
}
