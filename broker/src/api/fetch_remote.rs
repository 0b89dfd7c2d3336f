//! The part of a fetch that is in the object store: read in parallel, within a budget of bytes of its own, and no longer
//! than the client waits. What comes later is in the cache for the next fetch.

use std::sync::Arc;

use broker_protocol::error_code::ErrorCode;
use broker_protocol::messages::fetch_response::AbortedTransaction;
use broker_protocol::types::Offset;
use broker_tier::read::{RemoteRange, RemoteReadError};
use futures_util::future::join_all;
use tokio::time::{Duration, Instant};

use crate::api::context::ApiContext;
use crate::api::fetch_read::{PartitionRead, Wanted, aborted_transaction};
use crate::net::outbound::FileRange;
use crate::replication::partition::Partition;
use crate::tiering::{RemoteFault, RemoteRead, Standing, Tiering};

/// What came of one partition.
pub(super) struct RemoteFound {
    error: ErrorCode,
    range: Option<FileRange>,
    records: u64,
    aborted: Option<Vec<AbortedTransaction>>,
}

impl RemoteFound {
    fn error(error: ErrorCode) -> RemoteFound {
        RemoteFound { error, range: None, records: 0, aborted: None }
    }

    /// Completes a read that has been waiting for it.
    pub(super) fn put_into(self, read: &mut PartitionRead) {
        read.error = self.error;
        (read.range, read.records) = (self.range, self.records);
        if self.aborted.is_some() {
            read.aborted = self.aborted;
        }
    }
}

/// Reads all of these, each with its place, at the same time. Only the first waits for room among the answers: what the
/// others of this one take is not given back before it is sent.
pub(super) async fn read_all(
    ctx: &ApiContext,
    wanted: Vec<(usize, Box<Wanted>, Offset)>,
    deadline: Instant,
) -> Vec<(usize, RemoteFound)> {
    if wanted.is_empty() {
        return Vec::new();
    }
    let Some(tiering) = &ctx.tiering else {
        let none =
            |(at, ..): (usize, Box<Wanted>, Offset)| (at, RemoteFound::error(ErrorCode::KafkaStorageError));
        return wanted.into_iter().map(none).collect();
    };
    let wait_ms = ctx.settings.number(&ctx.metadata.image(), "remote.fetch.max.wait.ms").unwrap_or(500);
    let at_least = Instant::now() + Duration::from_millis(u64::try_from(wait_ms).unwrap_or(0));
    let deadline = deadline.max(at_least);
    let read = async |(turn, (at, wanted, upper)): (usize, (usize, Box<Wanted>, Offset))| {
        (at, read_one(tiering, &wanted, upper, turn == 0, deadline).await)
    };
    join_all(wanted.into_iter().enumerate().map(read)).await
}

async fn read_one(
    tiering: &Arc<Tiering>,
    wanted: &Wanted,
    upper: Offset,
    waits: bool,
    deadline: Instant,
) -> RemoteFound {
    let partition = &wanted.partition;
    let range = RemoteRange {
        from: wanted.offset,
        max_bytes: wanted.bytes_max,
        min_one_batch: wanted.min_one_batch,
        upper,
    };
    let read = match tiering.read(partition, &range, waits, deadline).await {
        Ok(read) => read,
        Err(RemoteFault::Late | RemoteFault::NoRoom) => return RemoteFound::error(ErrorCode::None),
        Err(RemoteFault::Failed(error)) => return RemoteFound::error(code(tiering, partition, &error)),
    };
    let RemoteRead { file, len, next_offset } = read;
    let mut found = RemoteFound::error(ErrorCode::None);
    if len == 0 {
        return found;
    }
    if wanted.read_committed {
        match aborted(tiering, wanted, next_offset, deadline).await {
            Ok(aborted) => found.aborted = Some(aborted),
            Err(error) => return RemoteFound::error(error),
        }
    }
    found.records = u64::try_from(next_offset.0 - wanted.offset.0).unwrap_or(0);
    found.range = Some(FileRange { file, position: 0, len, drop_behind: false });
    found
}

/// The aborted transactions of what was read: what was copied tells most, the local log the rest.
async fn aborted(
    tiering: &Tiering,
    wanted: &Wanted,
    upper: Offset,
    deadline: Instant,
) -> Result<Vec<AbortedTransaction>, ErrorCode> {
    let partition = &wanted.partition;
    let look_up = async {
        let remote = tiering.remote(partition).await?;
        remote.aborted_transactions(wanted.offset, upper).await
    };
    let found = match tokio::time::timeout_at(deadline, look_up).await {
        Ok(Ok(found)) => found,
        Ok(Err(error)) => return Err(code(tiering, partition, &error)),
        // Records without what belongs to them must not go out; the next fetch finds both.
        Err(_) => return Err(ErrorCode::KafkaStorageError),
    };
    let mut aborted = found.transactions;
    if !found.is_complete {
        let (log, from) = (Arc::clone(partition.log()), wanted.offset);
        let look_up = move || log.with(|log| log.aborted_transactions(from, upper));
        let local = tiering.on_disk(look_up).await.map_err(|_| ErrorCode::KafkaStorageError)?;
        aborted.extend(local);
    }
    aborted.sort_unstable();
    aborted.dedup();
    Ok(aborted.iter().map(aborted_transaction).collect())
}

/// What a client is told of a failure, and once the operator.
pub(super) fn code(tiering: &Tiering, partition: &Partition, error: &RemoteReadError) -> ErrorCode {
    if let RemoteReadError::BelowStart { log_start, .. } = error {
        // Somebody else's start is not for this disk, which may have records of its own below it.
        if tiering.standing() != Standing::Active {
            return ErrorCode::KafkaStorageError;
        }
        // A manifest is ahead of the log after a crash between the two, until the partition's next turn: what a client is
        // told here must fit what it hears of the start.
        partition.log().advance_log_start_offset(*log_start);
        return ErrorCode::OffsetOutOfRange;
    }
    if partition.is_deleted() {
        return ErrorCode::UnknownTopicOrPartition;
    }
    if partition.note_fault(error.to_string()) {
        let (topic, index) = (&**partition.topic(), partition.index());
        tracing::error!(topic, partition = index, %error, "records in the object store cannot be read");
    }
    ErrorCode::KafkaStorageError
}
