//! Look-ups of what was copied to the object store.

use broker_log::log::TimestampOffset;
use broker_protocol::error_code::ErrorCode;
use broker_protocol::types::Offset;
use broker_tier::read::RemoteReadError;
use tokio::time::Duration;

use super::{Found, MAX_TIMESTAMP};
use crate::api::context::ApiContext;
use crate::api::fetch_remote;
use crate::replication::partition::Partition;
use crate::tiering::{Standing, Tiering};

/// The answer, if what is in the object store has it and the local log does not tell it better.
pub(super) async fn by_time(
    ctx: &ApiContext,
    partition: &Partition,
    timestamp: i64,
    upper: Offset,
) -> Result<Option<Found>, ErrorCode> {
    let (start, local_start) =
        partition.log().with(|log| (log.log_start_offset(), log.local_log_start_offset()));
    let Some(tiering) = ctx.tiering.as_ref().filter(|_| start < local_start) else { return Ok(None) };
    // What is on the disk as well counts as copied, as the disk may let it go meanwhile; unless what was copied need not be
    // of this log: then the disk lets nothing go.
    let is_ours = tiering.standing() == Standing::Active;
    let copied = if is_ours { upper } else { upper.min(local_start) };
    let look_up = async {
        let remote = tiering.remote(partition).await?;
        remote.raise_log_start(start);
        if timestamp == MAX_TIMESTAMP {
            remote.newest_record().await
        } else {
            remote.offset_for_timestamp(timestamp).await
        }
    };
    let Some(found) = within_time(ctx, tiering, partition, look_up).await? else { return Ok(None) };
    let found = Some(found).filter(|found| found.offset < copied);
    if timestamp == MAX_TIMESTAMP {
        return newest(tiering, partition, found, upper).await;
    }
    Ok(found.map(answer))
}

/// The newer of what was copied and of what is on the disk; of two that are as new, the first.
async fn newest(
    tiering: &Tiering,
    partition: &Partition,
    copied: Option<TimestampOffset>,
    upper: Offset,
) -> Result<Option<Found>, ErrorCode> {
    let log = std::sync::Arc::clone(partition.log());
    let local = tiering.on_disk(move || log.newest_record(upper)).await;
    let local = local.map_err(|_| ErrorCode::KafkaStorageError)?;
    let order = |found: &TimestampOffset| (found.timestamp, std::cmp::Reverse(found.offset));
    Ok(copied.into_iter().chain(local).max_by_key(order).map(answer))
}

/// Offset after the last record that was copied; `None` if nothing was.
pub(super) async fn tiered_end(ctx: &ApiContext, partition: &Partition) -> Result<Option<Offset>, ErrorCode> {
    let Some(tiering) = &ctx.tiering else { return Ok(None) };
    if !tiering.has_copied(partition) {
        return Ok(None);
    }
    let remote = within_time(ctx, tiering, partition, tiering.remote(partition)).await?;
    Ok(remote.manifest().tiered_end())
}

async fn within_time<T>(
    ctx: &ApiContext,
    tiering: &Tiering,
    partition: &Partition,
    look_up: impl Future<Output = Result<T, RemoteReadError>>,
) -> Result<T, ErrorCode> {
    let image = ctx.metadata.image();
    let wait_ms = ctx.settings.number(&image, "remote.list.offsets.request.timeout.ms").unwrap_or(30_000);
    let wait = Duration::from_millis(u64::try_from(wait_ms).unwrap_or(0));
    match tokio::time::timeout(wait, look_up).await {
        Ok(found) => found.map_err(|error| fetch_remote::code(tiering, partition, &error)),
        Err(_) => Err(ErrorCode::RequestTimedOut),
    }
}

fn answer(found: TimestampOffset) -> Found {
    (found.timestamp, found.offset, found.leader_epoch)
}
