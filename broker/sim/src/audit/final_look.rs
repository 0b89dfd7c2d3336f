//! What an object store must look like once everything has healed and the scrubber was there: nothing that nobody names,
//! nothing of deleted topics, and everything that is named.

use std::collections::{BTreeMap, BTreeSet};

use broker_protocol::types::TopicId;
use broker_tier::entry::Entry;
use broker_tier::ids::{ManifestNumber, PartitionId};
use broker_tier::keys::{ClusterKeys, Key};
use broker_tier::manifest::{Manifest, RemovedObject};
use broker_tier::page;
use bytes::Bytes;
use object_store::path::Path;

use super::{fault_in, sorted};

/// Findings that are worth telling.
const FINDINGS_MAX: usize = 10;

/// Looks through all objects; `topics` are those that there are. Returns what must not be.
#[must_use]
pub fn look(contents: Vec<(Path, Bytes)>, topics: &BTreeSet<TopicId>) -> Vec<String> {
    let (objects, mut findings, keys) = sorted(contents);
    let Some(keys) = keys else { return findings };
    let mut partitions: BTreeMap<PartitionId, BTreeSet<Key>> = BTreeMap::new();
    for key in objects.keys() {
        match key.partition() {
            Some(partition) if topics.contains(&partition.topic_id) => {
                partitions.entry(partition).or_default().insert(*key);
            }
            Some(_) => findings.push(format!("{key} is of a topic that was deleted")),
            // What a self-test has left goes with the next one.
            None => {}
        }
    }
    for (partition, there) in &partitions {
        if let Err(finding) = judge(&keys, &objects, *partition, there, &mut findings) {
            findings.push(finding);
        }
    }
    findings.truncate(FINDINGS_MAX);
    findings
}

/// Looks at the objects of a partition.
fn judge(
    keys: &ClusterKeys,
    objects: &BTreeMap<Key, Bytes>,
    partition: PartitionId,
    there: &BTreeSet<Key>,
    findings: &mut Vec<String>,
) -> Result<(), String> {
    let numbers: Vec<ManifestNumber> = there.iter().filter_map(number_of).collect();
    let newest = numbers.last().ok_or_else(|| format!("{partition} has objects and no manifest"))?;
    let read = |number: ManifestNumber| {
        let bytes = &objects[&Key::Manifest(partition, number)];
        Manifest::decode(bytes, keys.cluster(), partition, number)
            .map_err(|error| format!("manifest {number} of {partition} cannot be read: {error}"))
    };
    let manifest = read(*newest)?;
    for number in &numbers {
        read(*number)?;
    }
    let expected = manifest.oldest_kept.0..=newest.0;
    if !numbers.iter().map(|number| number.0).eq(expected.clone()) {
        findings.push(format!("{partition} has manifests {numbers:?}, not {expected:?}"));
    }
    if let Some(fault) = fault_in(&manifest) {
        findings.push(format!("{partition}: {fault}"));
    }
    let (needed, leaving) = named(keys, objects, &manifest)?;
    for key in needed.difference(there) {
        findings.push(format!("{key} is named and not there"));
    }
    for key in there.iter().filter(|key| number_of(key).is_none()) {
        if !needed.contains(key) && !leaving.contains(key) {
            findings.push(format!("{key} is an orphan"));
        }
    }
    Ok(())
}

fn number_of(key: &Key) -> Option<ManifestNumber> {
    match key {
        Key::Manifest(_, number) => Some(*number),
        _ => None,
    }
}

/// The objects that a manifest needs, and those that it has given up.
fn named(
    keys: &ClusterKeys,
    objects: &BTreeMap<Key, Bytes>,
    manifest: &Manifest,
) -> Result<(BTreeSet<Key>, BTreeSet<Key>), String> {
    let (mut needed, mut leaving) = (BTreeSet::new(), BTreeSet::new());
    let key_of = |entry: &Entry| Key::Segment(entry.object);
    let entries = |key| -> Result<Vec<Entry>, String> {
        let Some(bytes) = objects.get(&key) else { return Ok(Vec::new()) };
        page::decode(bytes, keys.cluster(), manifest.partition).map_err(|error| format!("{key}: {error}"))
    };
    for page in &manifest.pages {
        needed.insert(Key::Page(page.key));
        for (at, entry) in entries(Key::Page(page.key))?.iter().enumerate() {
            let is_removed = at < page.removed_count as usize;
            if is_removed {
                leaving.insert(key_of(entry))
            } else {
                needed.insert(key_of(entry))
            };
        }
    }
    needed.extend(manifest.entries.iter().map(key_of));
    for removed in &manifest.removed {
        match removed.object {
            RemovedObject::Segment(key) => _ = leaving.insert(Key::Segment(key)),
            RemovedObject::Page(key, _) => {
                leaving.extend(entries(Key::Page(key))?.iter().map(key_of));
                leaving.insert(Key::Page(key));
            }
        }
    }
    Ok((needed, leaving))
}
