//! Promises about reading: what was written is there at once, what was not or was deleted is not, and ranges.

use anyhow::{Context, Result, bail, ensure};
use broker_tier::keys::ClusterKeys;
use broker_tier::store_error::{StoreError, StoreErrorKind};
use object_store::path::Path;

use super::Outcome;
use super::workspace::Workspace;

/// Objects that are looked for right after they were written.
const ROUNDS: usize = 16;
/// Bytes of the object that ranges are read from.
const RANGED_BYTES: usize = (3 << 20) + 123;

pub(super) async fn answers(workspace: &Workspace) -> Result<Outcome> {
    let keys = workspace.keys("answers");
    let listing = workspace.store.list(&keys, &workspace.prefix().path()).await;
    let listing = listing.map_err(|error| match error.kind {
        StoreErrorKind::Missing => anyhow::Error::new(error).context("there is no such bucket"),
        _ => error.into(),
    })?;
    ensure!(listing.objects.is_empty() && listing.foreign_count == 0, "a random prefix is in use already");
    Ok(Outcome::Kept(String::new()))
}

pub(super) async fn self_test(workspace: &Workspace) -> Result<Outcome> {
    workspace.store.self_test(&workspace.keys("self-test")).await?;
    Ok(Outcome::Kept(String::new()))
}

pub(super) async fn missing(workspace: &Workspace) -> Result<Outcome> {
    let path = workspace.fresh("missing");
    let told = workspace.store.head(&path).await;
    ensure!(told.map_err(explained)?.is_none(), "HEAD shows an object that nobody wrote");
    is_missing("GET", workspace.store.get(&path, 1).await)?;
    is_missing("GET of a range", workspace.store.get_range(&path, 0..1).await)?;
    Ok(Outcome::Kept(String::new()))
}

fn is_missing<T>(request: &str, answer: Result<T, StoreError>) -> Result<()> {
    match answer {
        Ok(_) => bail!("{request} gives bytes of an object that nobody wrote"),
        Err(error) if error.kind == StoreErrorKind::Missing => Ok(()),
        Err(error) => Err(explained(error)),
    }
}

fn explained(error: StoreError) -> anyhow::Error {
    let is_denied = error.kind == StoreErrorKind::Denied;
    let error = anyhow::Error::new(error);
    if is_denied {
        error.context("S3 answers so for what is missing if these credentials must not list the bucket")
    } else {
        error
    }
}

pub(super) async fn read_after_write(workspace: &Workspace) -> Result<Outcome> {
    let (store, keys) = (&workspace.store, workspace.keys("read-after-write"));
    for round in 0..ROUNDS {
        let path = workspace.fresh("read-after-write");
        let bytes = workspace.payload(1000 + round);
        // A store that remembers what it did not find must forget it.
        ensure!(store.head(&path).await?.is_none(), "HEAD shows an object that nobody wrote");
        if round % 2 == 0 {
            workspace.put(&path, &bytes).await?;
        } else {
            workspace.create_resolved(&path, &bytes).await?;
        }
        let size = store.head(&path).await?.map(|(size, _)| size);
        ensure!(size == Some(bytes.len() as u64), "HEAD right after a write tells a size of {size:?}");
        let (found, _) = store.get(&path, bytes.len()).await.context("right after a write")?;
        ensure!(found == bytes, "GET right after a write gives other bytes");
        ensure!(is_listed(workspace, &keys, &path).await?, "a listing lacks what was just written");
    }
    Ok(Outcome::Kept(format!("{ROUNDS} objects")))
}

async fn is_listed(workspace: &Workspace, keys: &ClusterKeys, path: &Path) -> Result<bool, StoreError> {
    let listing = workspace.store.list(keys, &keys.probes_path()).await?;
    Ok(listing.objects.iter().any(|object| keys.path(&object.key) == *path))
}

pub(super) async fn delete(workspace: &Workspace) -> Result<Outcome> {
    let (store, keys) = (&workspace.store, workspace.keys("delete"));
    let path = workspace.fresh("delete");
    workspace.put(&path, &workspace.payload(100)).await?;
    ensure!(is_listed(workspace, &keys, &path).await?, "a listing lacks what was just written");
    store.delete(&path).await?;
    ensure!(store.head(&path).await?.is_none(), "HEAD shows a deleted object");
    is_missing("GET of a deleted object", store.get(&path, 100).await)?;
    ensure!(!is_listed(workspace, &keys, &path).await?, "a listing has a deleted object");
    store.delete(&path).await.context("a second time")?;
    store.delete(&workspace.fresh("delete")).await.context("what was never there")?;
    Ok(Outcome::Kept(String::new()))
}

pub(super) async fn ranges(workspace: &Workspace) -> Result<Outcome> {
    let path = workspace.fresh("ranges");
    let bytes = workspace.payload(RANGED_BYTES);
    workspace.put(&path, &bytes).await?;
    let end = RANGED_BYTES;
    for range in [0..1, 0..4096, 1..2, 1_000_001..2_100_001, end - 8..end, end - 1..end, 0..end] {
        let asked = range.start as u64..range.end as u64;
        let found = workspace.store.get_range(&path, asked).await.with_context(|| format!("{range:?}"))?;
        ensure!(found == bytes.slice(range.clone()), "other bytes for the range {range:?}");
    }
    let end = end as u64;
    for range in [end - 8..end + 1, end..end + 8, end + 1000..end + 1001] {
        let found = workspace.store.get_range(&path, range.clone()).await;
        ensure!(found.is_err(), "bytes for the range {range:?} of an object of {end}");
    }
    Ok(Outcome::Kept(String::new()))
}
