//! Promises about listings, which providers give in pages of 1,000, and about what keys may be.

use std::collections::BTreeMap;
use std::ops::Range;

use anyhow::{Context, Result, ensure};
use broker_protocol::types::{LeaderEpoch, Offset, TopicId, Uuid};
use broker_tier::ids::{ClusterId, Generation, ManifestNumber, MetadataOffset, PartitionId};
use broker_tier::keys::{ClusterKeys, Key, PageKey, Prefix, SegmentKey};
use broker_tier::store::Listing;
use bytes::Bytes;
use futures_util::stream::{self, StreamExt, TryStreamExt};

use super::Outcome;
use super::workspace::{AT_ONCE, Workspace};

/// Objects, each in a folder of its own: more than a page of any provider but Azure, whose pages have 5,000.
const MANY: i32 = 1100;
/// The object behind which a listing begins.
const BEHIND: i32 = 40;
/// Name of the folder in which both listings look.
const FOLDER: &str = "listings";
const TOPIC: TopicId = TopicId(Uuid::from_u128(1));

fn key(partition: i32) -> Key {
    Key::Manifest(PartitionId { topic_id: TOPIC, partition }, ManifestNumber::FIRST)
}

fn size(partition: i32) -> usize {
    (partition % 5) as usize
}

async fn write_many(workspace: &Workspace) -> Result<()> {
    let keys = workspace.keys(FOLDER);
    let write = || async {
        let objects = stream::iter(0..MANY).map(|partition| {
            let (path, bytes) = (keys.path(&key(partition)), Bytes::from(vec![7; size(partition)]));
            async move { workspace.put(&path, &bytes).await }
        });
        objects.buffer_unordered(AT_ONCE).try_collect::<()>().await
    };
    workspace.many.get_or_try_init(write).await.context("writing them")?;
    Ok(())
}

pub(super) async fn pages(workspace: &Workspace) -> Result<Outcome> {
    write_many(workspace).await?;
    let keys = workspace.keys(FOLDER);
    let prefix = keys.topic_path(TOPIC);
    let all = workspace.store.list(&keys, &prefix).await?;
    holds_all(&all, 0..MANY)?;
    ensure!(
        all.objects.len() == MANY as usize,
        "{} objects are listed, {MANY} were written",
        all.objects.len()
    );
    let behind = keys.path(&key(BEHIND));
    let some = workspace.store.list_behind(&keys, &prefix, Some(&behind)).await?;
    holds_all(&some, BEHIND + 1..MANY)?;
    // What is before it as well is harmless: nobody goes by that.
    Ok(Outcome::Kept(String::new()))
}

/// Whether every one of some objects is listed, once, with its size.
fn holds_all(listing: &Listing, wanted: Range<i32>) -> Result<()> {
    ensure!(listing.foreign_count == 0, "{:?} is listed, which nobody wrote", listing.foreign);
    let mut seen: BTreeMap<Key, Vec<u64>> = BTreeMap::new();
    for object in &listing.objects {
        seen.entry(object.key).or_default().push(object.size);
    }
    let listed = wanted.clone().filter(|partition| seen.contains_key(&key(*partition))).count();
    ensure!(listed == wanted.len(), "{listed} of {} objects are listed", wanted.len());
    let right = |partition: &i32| seen.get(&key(*partition)) == Some(&vec![size(*partition) as u64]);
    let wrong = wanted.filter(|partition| !right(partition)).count();
    ensure!(wrong == 0, "{wrong} objects are listed twice or with another size");
    Ok(())
}

pub(super) async fn folders(workspace: &Workspace) -> Result<Outcome> {
    write_many(workspace).await?;
    let keys = workspace.keys(FOLDER);
    let found = workspace.store.folders(&keys.topic_path(TOPIC)).await?;
    let mut partitions = Vec::new();
    for folder in &found {
        partitions.push(keys.partition_at(folder)?.partition);
    }
    partitions.sort_unstable();
    let listed = partitions.len();
    ensure!(partitions.iter().copied().eq(0..MANY), "{listed} folders are listed, {MANY} were written");
    Ok(Outcome::Kept(String::new()))
}

pub(super) async fn keys(workspace: &Workspace) -> Result<Outcome> {
    let long = "l".repeat(200);
    let prefix = Prefix::parse(&format!("{}/keys/aZ.b-c_d=e/{long}", workspace.prefix()))?;
    let keys = ClusterKeys::new(&prefix, &ClusterId::parse("-_09azAZ")?);
    // A topic id with both characters of url-safe base64 that are neither letter nor digit.
    let topic_id = TopicId(Uuid::from_u128(u128::MAX - (1 << 120)));
    let partition = PartitionId { topic_id, partition: i32::MAX };
    let (base_offset, leader_epoch) = (Offset(i64::MAX), LeaderEpoch(i32::MAX));
    let mut wanted = [
        Key::Root(Generation(u64::MAX)),
        Key::Meta(MetadataOffset(u64::MAX)),
        Key::Probe(workspace.uuid()),
        Key::Segment(SegmentKey { partition, base_offset, leader_epoch, id: workspace.uuid() }),
        Key::Manifest(partition, ManifestNumber(u64::MAX)),
        Key::Page(PageKey { partition, first: base_offset, id: workspace.uuid() }),
    ];
    wanted.sort_unstable();
    for key in &wanted {
        let (path, bytes) = (keys.path(key), workspace.payload(100));
        workspace.create_resolved(&path, &bytes).await?;
        let (found, _) = workspace.store.get(&path, 100).await?;
        ensure!(found == bytes, "other bytes under the key {path}");
    }
    let listing = workspace.store.list(&keys, &keys.cluster_path()).await?;
    let mut listed: Vec<Key> = listing.objects.iter().map(|object| object.key).collect();
    listed.sort_unstable();
    let foreign = &listing.foreign;
    ensure!(
        listed == wanted,
        "{} of {} keys are listed as written; others: {foreign:?}",
        listed.len(),
        wanted.len()
    );
    for key in &wanted {
        let path = keys.path(key);
        workspace.store.delete(&path).await?;
        ensure!(workspace.store.head(&path).await?.is_none(), "{path} was deleted and is there");
    }
    let longest = wanted.iter().map(|key| keys.path(key).as_ref().len()).max().unwrap_or(0);
    Ok(Outcome::Kept(format!("up to {longest} characters")))
}
