//! Promises about writing: create-if-absent, and objects of several MiB.

use anyhow::{Result, bail, ensure};
use broker_tier::copy::PART_BYTES;
use broker_tier::store::{Creation, Resolved};
use bytes::Bytes;
use crc_fast::{CrcAlgorithm, checksum};
use futures_util::future::join_all;
use object_store::path::Path;

use super::Outcome;
use super::workspace::Workspace;

/// Bytes of a small object.
const SMALL_BYTES: usize = 64;
/// Keys for which creates race.
const RACES: usize = 8;
/// Creates that race for each.
const RACERS: usize = 16;
/// Times that a create is tried whose outcome is unknown.
const CREATES_MAX: usize = 3;
/// Bytes of a ranged GET.
const RANGE_BYTES: usize = 4 << 20;

pub(super) async fn create_if_absent(workspace: &Workspace) -> Result<Outcome> {
    let path = workspace.fresh("create-if-absent");
    let first = workspace.payload(SMALL_BYTES);
    let created = workspace.create_resolved(&path, &first).await?;
    ensure!(created == Resolved::Ours, "an object that nobody wrote was there");
    is_refused(workspace, &path, &first).await?;
    kept()
}

pub(super) async fn create_over(workspace: &Workspace) -> Result<Outcome> {
    let path = workspace.fresh("create-over");
    let bytes = workspace.payload(SMALL_BYTES);
    workspace.put(&path, &bytes).await?;
    is_refused(workspace, &path, &bytes).await?;
    let path = workspace.fresh("create-over");
    let bytes = workspace.payload(PART_BYTES + SMALL_BYTES);
    workspace.upload(&path, &bytes, PART_BYTES).await?;
    is_refused(workspace, &path, &bytes).await?;
    kept()
}

/// Tries to create an object where there is one.
async fn is_refused(workspace: &Workspace, path: &Path, there: &Bytes) -> Result<()> {
    let other = workspace.payload(SMALL_BYTES);
    for attempt in 1.. {
        match workspace.create(path, &other).await? {
            Creation::Taken => break,
            Creation::Created => bail!(
                "a create of what was there was answered as done: conditional writes (If-None-Match) are ignored"
            ),
            Creation::Unknown(error) if attempt == CREATES_MAX => {
                bail!("a create of what was there was not refused as such: {error}")
            }
            Creation::Unknown(_) => {}
        }
    }
    let (found, _) = workspace.store.get(path, there.len()).await?;
    ensure!(found == *there, "a create was refused and has overwritten what was there");
    Ok(())
}

pub(super) async fn create_race(workspace: &Workspace) -> Result<Outcome> {
    for _ in 0..RACES {
        let path = workspace.fresh("create-race");
        let payloads: Vec<Bytes> = (0..RACERS).map(|_| workspace.payload(SMALL_BYTES)).collect();
        let creates = payloads.iter().map(|bytes| workspace.create_resolved(&path, bytes));
        let ended = join_all(creates).await.into_iter().collect::<Result<Vec<_>, _>>()?;
        let winners = ended.iter().filter(|resolved| **resolved == Resolved::Ours).count();
        ensure!(winners == 1, "{winners} of {RACERS} creates at once found themselves the first");
        let (found, _) = workspace.store.get(&path, SMALL_BYTES).await?;
        let agrees = |(resolved, bytes): (&Resolved, &Bytes)| match resolved {
            Resolved::Ours => *bytes == found,
            Resolved::Theirs(seen) => *seen == found,
        };
        ensure!(ended.iter().zip(&payloads).all(agrees), "creates at once saw different winners");
    }
    kept()
}

pub(super) async fn put_at_once(workspace: &Workspace) -> Result<Outcome> {
    let path = workspace.fresh("put-at-once");
    let bytes = workspace.payload(PART_BYTES);
    workspace.put(&path, &bytes).await?;
    let (found, _) = workspace.store.get(&path, bytes.len()).await?;
    same(&bytes, &found)
}

pub(super) async fn put_in_parts(workspace: &Workspace) -> Result<Outcome> {
    let path = workspace.fresh("put-in-parts");
    let bytes = workspace.payload(2 * PART_BYTES + (1 << 20) + 1);
    workspace.upload(&path, &bytes, PART_BYTES).await?;
    let size = workspace.store.head(&path).await?.map(|(size, _)| size);
    ensure!(size == Some(bytes.len() as u64), "HEAD tells a size of {size:?} instead of {}", bytes.len());
    let mut found = Vec::with_capacity(bytes.len());
    while found.len() < bytes.len() {
        let end = (found.len() + RANGE_BYTES).min(bytes.len());
        let range = found.len() as u64..end as u64;
        found.extend_from_slice(&workspace.store.get_range(&path, range).await?);
    }
    same(&bytes, &found)
}

fn same(written: &[u8], read: &[u8]) -> Result<Outcome> {
    let crc = |bytes| checksum(CrcAlgorithm::Crc32Iscsi, bytes);
    let (before, after) = (crc(written), crc(read));
    ensure!(
        written == read,
        "{} bytes of CRC {before:08x} came back as {} of {after:08x}",
        written.len(),
        read.len()
    );
    Ok(Outcome::Kept(format!("{} bytes, CRC {after:08x}", read.len())))
}

pub(super) async fn upload_given_up(workspace: &Workspace) -> Result<Outcome> {
    let keys = workspace.keys("upload-given-up");
    let path = workspace.fresh("upload-given-up");
    let mut upload = workspace.begin_upload(&path).await?;
    upload.part(workspace.payload(PART_BYTES)).await?;
    ensure!(workspace.store.head(&path).await?.is_none(), "an object shows before its upload is complete");
    upload.abort().await;
    ensure!(workspace.store.head(&path).await?.is_none(), "an upload that was aborted has made an object");
    let listing = workspace.store.list(&keys, &keys.cluster_path()).await?;
    ensure!(listing.objects.is_empty(), "an upload that was aborted is in a listing");
    // What a crash leaves is looked for by the scrubber where the store can tell; a rule of the bucket does as well.
    match workspace.store.abort_uploads(&keys.cluster_path(), i64::MAX).await {
        Ok(0) => kept(),
        Ok(_) => bail!("an upload that was aborted is still under way"),
        Err(error) => {
            Ok(Outcome::Kept(format!("a crash's uploads cannot be found, give the bucket a rule: {error}")))
        }
    }
}

fn kept() -> Result<Outcome> {
    Ok(Outcome::Kept(String::new()))
}
