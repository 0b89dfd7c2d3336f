//! Takes what retention gives up out of the manifest, and deletes it once nobody can be reading it.
//!
//! Order: a durable manifest without it first, its objects after a grace period. A crash between leaves it on the
//! manifest's list of what waits to be deleted, and doing it again is harmless.

use std::sync::Arc;

use broker_protocol::types::Offset;
use thiserror::Error;

use crate::keys::Key;
use crate::manifest::{Manifest, RemovedObject};
use crate::plan::{Limits, RetentionStep, retained_start};
use crate::publish::{PublishError, Publisher};
use crate::read::{RemoteReadError, RemoteReader};
use crate::store_error::StoreError;

/// Things that one run deletes at most, so that its manifest is not long in coming.
const DELETED_AT_ONCE_MAX: usize = 256;

/// Why nothing expired.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum ExpireError {
    /// The store; try again later.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The manifest was not published; see there.
    #[error(transparent)]
    Publish(#[from] PublishError),
    /// A page could not be read.
    #[error(transparent)]
    Read(#[from] RemoteReadError),
}

/// Moves the log's start to where retention, DeleteRecords (`log_start`) or both want it, publishes that, and returns
/// the start: the local log follows only then. `local_only_bytes` are those behind what was copied.
///
/// # Errors
/// Nothing is known to have changed.
pub async fn apply_retention(
    publisher: &mut Publisher,
    reader: &RemoteReader,
    log_start: Offset,
    local_only_bytes: u64,
    limits: &Limits,
) -> Result<Offset, ExpireError> {
    let mut edited = Manifest::clone(publisher.manifest());
    let mut changed = edited.advance_log_start(log_start, limits.now_ms);
    let mut page = None;
    let start = loop {
        let known = page.as_ref().map(|(key, entries): &(_, Arc<Vec<_>>)| (*key, entries.as_slice()));
        match retained_start(&edited, known, local_only_bytes, limits) {
            RetentionStep::StartAt(start) => break start,
            RetentionStep::NeedsPage(key) => page = Some((key, reader.page(key).await?)),
        }
    };
    changed |= edited.advance_log_start(start, limits.now_ms);
    if let Some(key) = edited.page_to_trim().map(|page| page.key) {
        changed |= edited.trim_page(&reader.page(key).await?, limits.now_ms);
    }
    if changed {
        publisher.publish(edited).await?;
    }
    Ok(publisher.manifest().log_start_offset)
}

/// Takes everything out of the manifest: tiering was turned off with `remote.log.delete.on.disable`. Readers may ask
/// from `local_start` on.
///
/// # Errors
/// As [`PublishError`].
pub async fn remove_all(publisher: &mut Publisher, local_start: Offset) -> Result<(), PublishError> {
    let mut edited = Manifest::clone(publisher.manifest());
    let changed = edited.remove_all(local_start, publisher.store().env().clock.now_ms());
    edited.is_copying_stopped = true;
    if changed || !publisher.manifest().is_copying_stopped { publisher.publish(edited).await } else { Ok(()) }
}

/// Notes in the manifest whether copying is turned off, for whoever recovers from the bucket.
///
/// # Errors
/// As [`PublishError`].
pub async fn set_copying_stopped(publisher: &mut Publisher, is_stopped: bool) -> Result<(), PublishError> {
    if publisher.manifest().is_copying_stopped == is_stopped || publisher.manifest().number.is_none() {
        return Ok(());
    }
    let mut edited = Manifest::clone(publisher.manifest());
    edited.is_copying_stopped = is_stopped;
    publisher.publish(edited).await
}

/// Deletes what was removed at least `grace_ms` ago, then publishes that it is gone. Returns how many objects were
/// deleted.
///
/// # Errors
/// What was deleted stays on the list and is deleted again.
pub async fn delete_removed(
    publisher: &mut Publisher,
    reader: &RemoteReader,
    now_ms: i64,
    grace_ms: i64,
) -> Result<usize, ExpireError> {
    let due: Vec<RemovedObject> = publisher
        .manifest()
        .removed
        .iter()
        .filter(|removed| removed.removed_ms <= now_ms.saturating_sub(grace_ms))
        .map(|removed| removed.object.clone())
        .take(DELETED_AT_ONCE_MAX)
        .collect();
    if due.is_empty() {
        return Ok(0);
    }
    // Whoever has recovered an earlier time may name again what this broker has given up.
    publisher.check_generation().await?;
    let (mut deleted, mut done) = (0, Vec::new());
    for object in due {
        match delete(publisher, reader, &object).await {
            Ok(count) => {
                deleted += count;
                done.push(object);
            }
            // What it names is not known: it waits for a person, and nothing else waits with it.
            Err(ExpireError::Read(RemoteReadError::Damaged { object, reason, .. })) => {
                tracing::warn!(
                    object,
                    reason,
                    "a page that retention gave up is damaged and stays with its objects"
                );
            }
            Err(error) => return Err(error),
        }
    }
    if done.is_empty() {
        return Ok(0);
    }
    let mut edited = Manifest::clone(publisher.manifest());
    edited.forget_removed(&done);
    publisher.publish(edited).await?;
    Ok(deleted)
}

async fn delete(
    publisher: &Publisher,
    reader: &RemoteReader,
    object: &RemovedObject,
) -> Result<usize, ExpireError> {
    let (store, keys) = (publisher.store(), publisher.keys());
    match object {
        RemovedObject::Segment(key) => {
            store.delete(&keys.path(&Key::Segment(*key))).await?;
            Ok(1)
        }
        RemovedObject::Page(key, from) => {
            let entries = match reader.page(*key).await {
                Ok(entries) => entries,
                // The page goes last: without it, its objects are gone too.
                Err(RemoteReadError::Missing(_)) => return Ok(0),
                Err(error) => return Err(error.into()),
            };
            for entry in entries.iter().skip(*from as usize) {
                store.delete(&keys.path(&Key::Segment(entry.object))).await?;
            }
            store.delete(&keys.path(&Key::Page(*key))).await?;
            Ok(entries.len().saturating_sub(*from as usize) + 1)
        }
    }
}

#[cfg(test)]
mod tests;
