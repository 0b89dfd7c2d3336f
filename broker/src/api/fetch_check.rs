//! What a fetch has read before it answers: ranges that are on disk only, so that no thread that serves sockets waits
//! for the disk, and ranges whose batches nobody has checked since they came from the disk.
//!
//! Invariant: a batch that a check has found to be not what was written is never served. What was appended by this process
//! was checked then; what was in the files before, or has left the memory since, is checked when it is read. Of a range
//! that was checked before one page in 16 is asked whether it has left the memory.

use std::sync::Arc;

use broker_log::log::{FetchExtent, PartitionLog};
use broker_log::log_error::LogError;
use broker_protocol::error_code::ErrorCode;

use crate::api::context::ApiContext;
use crate::api::fetch_read::PartitionRead;
use crate::replication::partition::Partition;

/// Where a range that is to be sent comes from.
#[derive(Clone, Debug)]
pub struct Source {
    /// Whose log.
    pub partition: Arc<Partition>,
    /// Where in the log.
    pub extent: FetchExtent,
}

/// A range to be read and checked.
#[derive(Debug)]
pub struct Unchecked {
    /// Its place among the reads of the fetch.
    place: usize,
    source: Source,
}

/// A range that is not to be served.
#[derive(Debug)]
pub struct Fault {
    place: usize,
    error: LogError,
    /// It was told before.
    is_known: bool,
}

/// Picks the ranges to be checked: those on disk only, and those the log does not trust. The former are marked to be
/// dropped from memory once they are sent.
pub fn pick(ctx: &ApiContext, reads: &mut [PartitionRead]) -> Vec<Unchecked> {
    let mut picked = Vec::new();
    let mut cold_bytes = 0;
    for (place, read) in reads.iter_mut().enumerate() {
        let (Some(range), Some(source)) = (&mut read.range, &read.source) else { continue };
        let is_cold = !range.file.is_resident(range.position, range.len as u64);
        if is_cold {
            range.drop_behind = true;
            cold_bytes += range.len;
        }
        if is_cold || !source.extent.is_trusted {
            picked.push(Unchecked { place, source: source.clone() });
        }
    }
    if cold_bytes > 0 {
        ctx.metrics.cold_read(cold_bytes);
    }
    picked
}

/// Reads and checks ranges, a bounded number of fetches and of bytes at a time, and tells the logs which they may trust.
pub async fn check(ctx: Arc<ApiContext>, unchecked: Vec<Unchecked>) -> Vec<Fault> {
    let bytes = unchecked.iter().map(|one| one.source.extent.len).sum();
    let work = move || unchecked.into_iter().filter_map(check_one).collect();
    within_budget(&ctx, bytes, work).await
}

/// Runs `work`, which reads this many bytes from the disk, on the blocking pool once there is room for it in the budgets.
pub(crate) async fn within_budget<T: Send + 'static>(
    ctx: &ApiContext,
    bytes: usize,
    work: impl FnOnce() -> T + Send + 'static,
) -> T {
    // One fetch that asks for more than all may take has them all.
    let bytes = bytes.min(ctx.config.storage.cold_read_bytes_max);
    let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
    let _bytes = ctx.cold_bytes.acquire_many(bytes).await.expect("nobody closes the budget");
    let _permit = ctx.cold_reads.acquire().await.expect("nobody closes the budget");
    ctx.env.block_on_disk(work).await
}

fn check_one(Unchecked { place, source: Source { partition, extent } }: Unchecked) -> Option<Fault> {
    let log = partition.log();
    let path = log.with(|log| log.segment_path(extent.segment_base));
    match PartitionLog::check_extent(&extent, &path) {
        Ok(()) => {
            log.with(|log| log.trust(&extent));
            None
        }
        Err(error) => {
            let is_known = match &error {
                LogError::Corrupt { position, .. } => !log.with(|log| log.note_damage(&extent, *position)),
                _ => false,
            };
            Some(Fault { place, error, is_known })
        }
    }
}

/// Cuts the reads before their faults; those that begin with one become errors.
pub fn refuse(ctx: &ApiContext, reads: &mut [PartitionRead], faults: Vec<Fault>) {
    for Fault { place, error, is_known } in faults {
        if !is_known {
            tracing::error!(%error, "what is on disk is not what was written: not served");
        }
        ctx.metrics.damaged_read();
        let Some(read) = reads.get_mut(place) else { continue };
        let LogError::Corrupt { position, .. } = error else {
            read.refuse(ErrorCode::KafkaStorageError);
            continue;
        };
        match &mut read.range {
            Some(range) if position > range.position => {
                range.len = range.len.min(usize::try_from(position - range.position).unwrap_or(0));
            }
            _ => read.refuse(ErrorCode::CorruptMessage),
        }
    }
}
