//! Whether a local log is the one that a manifest tells of: a disk that was put back from a backup, or that was recovered
//! without some partition, has records of its own under offsets that were given out before.
//!
//! Both begin with the same records then; what tells them apart is where they end, and the last range that was copied.

use std::sync::Arc;

use broker_log::log::ReadRange;
use broker_log::log_error::LogError;
use broker_protocol::record_batch::{BATCH_HEADER_BYTES, BatchHeader};
use broker_protocol::types::Offset;
use broker_tier::entry::Entry;
use broker_tier::keys::Key;
use broker_tier::manifest::Manifest;
use broker_tier::publish::PublishError;
use broker_tier::store_error::StoreErrorKind;

use super::step::{Step, StepError};

/// Compares a manifest that was just taken over with the local log, as far as both have the same offsets.
///
/// # Errors
/// `Foreign`; the store's and the disk's.
pub(super) async fn check(step: &Step, manifest: &Manifest) -> Result<(), StepError> {
    let Some(copied_end) = manifest.tiered_end() else { return Ok(()) };
    let (first, log_end, was_cleaned) = step.partition.log().with(|log| {
        let first = log.log_start_offset().max(log.local_log_start_offset());
        (first, log.log_end_offset(), log.was_cleaned())
    });
    if log_end < copied_end {
        let reason = format!("it ends at offset {log_end}, records up to {copied_end} were copied");
        return Err(StepError::Foreign(reason));
    }
    match manifest.entries.last() {
        // What was compacted since has other batches, and is not copied any more.
        Some(entry) if entry.end_offset >= first && !was_cleaned => check_entry(step, entry).await,
        _ => Ok(()),
    }
}

/// Compares the last batch of an entry, whose header has a checksum of all of it: once two logs differ they never meet
/// again.
async fn check_entry(step: &Step, entry: &Entry) -> Result<(), StepError> {
    let differs = || {
        let offset = entry.end_offset;
        Err(StepError::Foreign(format!("it has another batch with offset {offset} than {}", entry.object)))
    };
    let local = local_header(step, entry.end_offset).await?;
    let bytes = match BatchHeader::parse(&local) {
        Ok(header) if header.last_offset() == entry.end_offset => header.size_in_bytes() as u64,
        _ => return differs(),
    };
    if bytes > entry.length {
        return differs();
    }
    let position = entry.position + entry.length - bytes;
    let (store, keys) = (&step.tiering.store, &step.tiering.keys);
    let path = keys.path(&Key::Segment(entry.object));
    match store.get_range(&path, position..position + local.len() as u64).await {
        Ok(copied) if copied[..] == local[..] => Ok(()),
        Ok(_) => differs(),
        // It is for readers and the scrubber to tell.
        Err(error) if matches!(error.kind, StoreErrorKind::Missing | StoreErrorKind::Truncated) => Ok(()),
        Err(error) => Err(PublishError::from(error).into()),
    }
}

async fn local_header(step: &Step, offset: Offset) -> Result<Vec<u8>, StepError> {
    let log = Arc::clone(step.partition.log());
    let read = move || -> Result<Vec<u8>, StepError> {
        let range = ReadRange { from: offset, max_bytes: 1, min_one_batch: true, upper: Offset(i64::MAX) };
        let extent = log.read(&range)?;
        let mut header = vec![0; BATCH_HEADER_BYTES];
        let count = extent.file.read_at(&mut header, extent.position).map_err(|source| {
            StepError::from(LogError::Io {
                path: log.with(|log| log.segment_path(extent.segment_base)),
                source,
            })
        })?;
        header.truncate(count);
        Ok(header)
    };
    step.tiering.env.block_on_disk(read).await
}
