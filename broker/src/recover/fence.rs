//! Takes a cluster over: whoever wrote to its objects before can publish nothing any more, and what was surveyed is what
//! counts.
//!
//! Recovery as of an earlier time makes the manifests of that time the newest ones again: what was copied after it would
//! otherwise stand in the way of the records that are written next.

use std::collections::BTreeSet;
use std::sync::Arc;

use broker_protocol::types::{Offset, TopicId};
use broker_tier::ids::{Generation, PartitionId};
use broker_tier::keys::{Key, SegmentKey};
use broker_tier::manifest::{Manifest, Removed, RemovedObject};
use broker_tier::publish::{Fence, PublishError, Publisher, load_page};
use broker_tier::recover::{FencedPartition, empty_partition, fence_partition};
use broker_tier::scrub;
use broker_tier::store_error::StoreErrorKind;
use futures_util::stream::{self, StreamExt};

use super::source::{Source, SourceError};
use super::survey::{
    AT_ONCE, Survey, Surveyed, examine, find_snapshots, list_partitions, manifest_of_the_time,
};

/// Fences every partition for a generation that was claimed, and looks again at those that have changed since the survey.
///
/// Partitions of which nothing was there at the time, and that `is_recovered` says no to, are only fenced.
pub(super) async fn fence(
    source: &Source,
    generation: Generation,
    mut survey: Survey,
    is_recovered: &(dyn Fn(&Survey, PartitionId) -> bool + Sync),
) -> anyhow::Result<Survey> {
    survey.snapshots = find_snapshots(source).await?;
    let partitions = list_partitions(source).await?;
    let known = |partition: PartitionId| {
        (partition, survey.partitions.get(&partition).cloned(), is_recovered(&survey, partition))
    };
    let known: Vec<_> = partitions.into_iter().map(known).collect();
    let mut taken = stream::iter(known)
        .map(|(partition, known, is_recovered)| async move {
            (partition, take(source, generation, partition, known, is_recovered).await)
        })
        .buffer_unordered(AT_ONCE);
    while let Some((partition, found)) = taken.next().await {
        if !survey.damaged.contains_key(&partition) {
            survey.note(partition, found)?;
        }
    }
    drop(taken);
    for partition in survey.damaged.keys().filter(|partition| is_recovered(&survey, **partition)) {
        let topic = name_of(&survey, partition.topic_id);
        empty_partition(&source.store, &source.keys, generation, *partition, &topic).await?;
    }
    Ok(survey)
}

/// What the metadata calls a topic, or its id.
fn name_of(survey: &Survey, topic_id: TopicId) -> Arc<str> {
    let chosen = survey.snapshots.chosen.as_ref();
    let named = chosen.and_then(|snapshot| snapshot.backup.image.topics.by_id(topic_id));
    named.map_or_else(|| Arc::from(topic_id.to_string()), |topic| Arc::clone(&topic.name))
}

async fn take(
    source: &Source,
    generation: Generation,
    partition: PartitionId,
    known: Option<Surveyed>,
    is_recovered: bool,
) -> Result<Option<Surveyed>, SourceError> {
    let fenced = fence_partition(&source.store, &source.keys, generation, partition).await?;
    let Some(fenced) = fenced else { return Ok(None) };
    let then = match source.at_ms {
        Some(_) => {
            let then = manifest_of_the_time(source, partition).await?;
            if then.is_some() || is_recovered {
                rewind(source, generation, &fenced, then.as_ref()).await?;
            }
            match then {
                Some(then) => then,
                None => return Ok(None),
            }
        }
        None => Manifest::clone(&fenced.manifest),
    };
    // A fence says what the manifest before it said.
    let same =
        |known: &Surveyed| Some(known.number) == then.number || Some(known.number.next()) == then.number;
    let surveyed = match known.filter(same) {
        Some(known) => known,
        None => examine(source, &then).await?,
    };
    let latest_epoch = surveyed.latest_epoch.max(fenced.leader_epoch);
    let newest_number = fenced.manifest.number.unwrap_or(surveyed.number);
    Ok(Some(Surveyed { latest_epoch, newest_number, ..surveyed }))
}

/// Publishes what an earlier manifest says as the newest one, unless it is that already.
async fn rewind(
    source: &Source,
    generation: Generation,
    fenced: &FencedPartition,
    then: Option<&Manifest>,
) -> Result<(), SourceError> {
    let newest = &fenced.manifest;
    let mut rewound = as_of(newest, then);
    spare_named(source, &mut rewound).await?;
    if rewound == **newest {
        return Ok(());
    }
    check_objects(source, newest, &rewound).await?;
    let fence = Fence { generation, leader_epoch: fenced.leader_epoch };
    let none_yet = Manifest::empty(
        source.keys.cluster().clone(),
        newest.partition,
        Arc::clone(&newest.topic),
        Offset(0),
    );
    let (store, keys) = (Arc::clone(&source.store), Arc::clone(&source.keys));
    let mut publisher = Publisher::take_over(store, keys, fence, newest.number, none_yet).await?;
    Ok(publisher.publish(rewound).await?)
}

/// The newest manifest with the entries of an earlier one. Objects that only the newest names are nobody's then: the
/// scrubber finds them. Pure.
fn as_of(newest: &Manifest, then: Option<&Manifest>) -> Manifest {
    let mut rewound = newest.clone();
    match then {
        Some(then) => {
            rewound.next_offset = then.next_offset;
            rewound.epochs = then.epochs.clone();
            rewound.pages = then.pages.clone();
            rewound.entries = then.entries.clone();
            rewound.log_start_offset = then.log_start_offset;
            rewound.is_copying_stopped = then.is_copying_stopped;
        }
        None => {
            // The log begins anew, whatever retention has given up since.
            rewound.log_start_offset = Offset(0);
            rewound.next_offset = None;
            rewound.epochs = Default::default();
            rewound.pages.clear();
            rewound.entries.clear();
        }
    }
    rewound
}

/// Takes off the list of what is to be deleted whatever the manifest names again. Of a page some of whose objects are named
/// the others are to be deleted one by one; the page itself is nobody's then.
async fn spare_named(source: &Source, rewound: &mut Manifest) -> Result<(), SourceError> {
    if rewound.removed.is_empty() {
        return Ok(());
    }
    let (store, keys) = (&source.store, &source.keys);
    let bare = Manifest { removed: Vec::new(), ..rewound.clone() };
    let named = scrub::named_by(store, keys, &bare).await?;
    if named.is_partial {
        // What a damaged page names is not known. What nobody names is found by the scrubber.
        rewound.removed.clear();
        return Ok(());
    }
    let is_named = |key: Key| named.needed.contains_key(&key);
    let mut removed = Vec::new();
    for one in std::mem::take(&mut rewound.removed) {
        match one.object {
            RemovedObject::Segment(key) if is_named(Key::Segment(key)) => {}
            RemovedObject::Page(key, _) if is_named(Key::Page(key)) => {}
            RemovedObject::Segment(_) => removed.push(one),
            RemovedObject::Page(key, from) => {
                let entries = match load_page(store, keys, key).await {
                    Ok(entries) => entries,
                    // It goes last; and of a damaged one nobody knows what it names.
                    Err(PublishError::Store(error)) if error.kind == StoreErrorKind::Missing => continue,
                    Err(PublishError::Damaged { .. }) => continue,
                    Err(error) => return Err(error.into()),
                };
                let objects: Vec<SegmentKey> =
                    entries.iter().skip(from as usize).map(|entry| entry.object).collect();
                if objects.iter().any(|key| is_named(Key::Segment(*key))) {
                    let others = objects.into_iter().filter(|key| !is_named(Key::Segment(*key)));
                    let removed_ms = one.removed_ms;
                    removed.extend(
                        others.map(|key| Removed { object: RemovedObject::Segment(key), removed_ms }),
                    );
                } else {
                    removed.push(one);
                }
            }
        }
    }
    rewound.removed = removed;
    Ok(())
}

/// Makes sure that the objects of the time are there which the newest manifest does not name any more.
async fn check_objects(source: &Source, newest: &Manifest, rewound: &Manifest) -> Result<(), SourceError> {
    let named: BTreeSet<SegmentKey> = newest.entries.iter().map(|entry| entry.object).collect();
    let is_paged = |offset: Offset| newest.pages.last().is_some_and(|page| offset <= page.end_offset);
    for page in rewound.pages.iter().filter(|page| !newest.pages.iter().any(|known| known.key == page.key)) {
        check_object(source, Key::Page(page.key)).await?;
    }
    let doubtful =
        rewound.entries.iter().filter(|entry| !named.contains(&entry.object) && !is_paged(entry.base_offset));
    for entry in doubtful {
        check_object(source, Key::Segment(entry.object)).await?;
    }
    Ok(())
}

async fn check_object(source: &Source, key: Key) -> Result<(), SourceError> {
    let found = source.store.head(&source.keys.path(&key)).await.map_err(PublishError::from)?;
    let missing = || SourceError::damaged(format!("{key} was named at that time and is deleted"));
    found.map(drop).ok_or_else(missing)
}
