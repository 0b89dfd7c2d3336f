//! The reading half of a fetch: what each partition has to offer, within the limits of the request.

use std::sync::Arc;

use broker_log::log_error::ReadError;
use broker_protocol::error_code::ErrorCode;
use broker_protocol::messages::fetch_response::AbortedTransaction;
use broker_protocol::types::{BrokerId, LeaderEpoch, Offset};

use crate::api::context::ApiContext;
use crate::api::fetch_check::Source;
use crate::api::fetch_session::{Session, Target, Told};
use crate::net::outbound::FileRange;
use crate::net::waiter::Waiter;
use crate::replication::partition::Partition;

/// What a request may get.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of all partitions together. The first partition's first batch is sent even if it is larger (KIP-74).
    pub bytes_max: usize,
    /// Stop at the last stable offset, and name aborted transactions.
    pub read_committed: bool,
}

/// What one partition has to offer.
#[derive(Debug)]
pub struct PartitionRead {
    /// Its place among the session's targets.
    pub place: usize,
    /// Number of the partition.
    pub partition: i32,
    /// `None` is spelled [`ErrorCode::None`].
    pub error: ErrorCode,
    /// End of what consumers may read.
    pub high_watermark: Offset,
    /// End of what consumers at read_committed may read.
    pub last_stable_offset: Offset,
    /// First offset there is.
    pub log_start: Offset,
    /// Bytes to send.
    pub range: Option<FileRange>,
    /// Where they come from.
    pub source: Option<Source>,
    /// Records in that range, from the offset asked for on; by offsets, of which a compacted log lacks some.
    pub records: u64,
    /// Aborted transactions in that range; `None` at read_uncommitted.
    pub aborted: Option<Vec<AbortedTransaction>>,
    /// Where the client's log parts from ours (KIP-595).
    pub diverging: Option<(LeaderEpoch, Offset)>,
    /// The leader, where the client is wrong about it (KIP-951).
    pub current_leader: Option<(BrokerId, LeaderEpoch)>,
}

impl PartitionRead {
    fn failed(place: usize, target: &Target, error: ErrorCode) -> PartitionRead {
        PartitionRead {
            place,
            partition: target.partition,
            error,
            high_watermark: Offset(-1),
            last_stable_offset: Offset(-1),
            log_start: Offset(-1),
            range: None,
            source: None,
            records: 0,
            aborted: None,
            diverging: None,
            current_leader: None,
        }
    }

    /// Takes back what was found: it must not be served.
    pub fn refuse(&mut self, error: ErrorCode) {
        self.error = error;
        (self.range, self.source, self.records) = (None, None, 0);
    }

    /// Bytes found.
    #[must_use]
    pub fn len(&self) -> usize {
        self.range.as_ref().map_or(0, |range| range.len)
    }

    /// Whether nothing was found.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether the client must hear of it without waiting for more bytes.
    #[must_use]
    pub fn is_urgent(&self) -> bool {
        self.error != ErrorCode::None || self.diverging.is_some()
    }

    /// What the client knows once it has heard of it.
    #[must_use]
    pub fn told(&self) -> Told {
        Told {
            high_watermark: Some(self.high_watermark),
            log_start: Some(self.log_start),
            error: self.error != ErrorCode::None,
        }
    }

    /// Whether it belongs in an incremental answer, `before` being what the client knows.
    #[must_use]
    pub fn must_be_told(&self, before: &Told) -> bool {
        !self.is_empty() || self.is_urgent() || *before != self.told()
    }
}

/// Reads every partition of a session, beginning where the round before ended, until the bytes are used up.
pub fn read_all(ctx: &ApiContext, session: &mut Session, limits: &Limits) -> Vec<PartitionRead> {
    let count = session.targets.len();
    let first = if count == 0 { 0 } else { session.first % count };
    let mut left = limits.bytes_max;
    let mut nothing_yet = true;
    let mut last_served = None;
    let mut reads = Vec::with_capacity(count);
    for step in 0..count {
        let place = (first + step) % count;
        let target = &session.targets[place];
        let read = match find(ctx, session.by_id, target) {
            Ok(partition) => read_one(place, target, &partition, limits, left, nothing_yet),
            Err(error) => PartitionRead::failed(place, target, error),
        };
        if !read.is_empty() {
            nothing_yet = false;
            last_served = Some(place);
            left = left.saturating_sub(read.len());
        }
        reads.push(read);
    }
    if let Some(place) = last_served {
        session.first = (place + 1) % count;
    }
    reads
}

fn find(ctx: &ApiContext, by_id: bool, target: &Target) -> Result<Arc<Partition>, ErrorCode> {
    let topic = if by_id {
        ctx.replicas.topic_by_id(target.topic_id).ok_or(ErrorCode::UnknownTopicId)?
    } else {
        ctx.replicas.topic(&target.topic).ok_or(ErrorCode::UnknownTopicOrPartition)?
    };
    let partition = topic.partition(target.partition).ok_or(ErrorCode::UnknownTopicOrPartition)?;
    if partition.is_offline() {
        return Err(ErrorCode::KafkaStorageError);
    }
    if partition.is_deleted() {
        return Err(ErrorCode::UnknownTopicOrPartition);
    }
    Ok(partition)
}

/// What the client's leader epoch says about it (KIP-320).
pub fn check_leader_epoch(partition: &Partition, epoch: LeaderEpoch) -> Result<(), ErrorCode> {
    if epoch == LeaderEpoch::NONE || epoch == partition.leader_epoch() {
        Ok(())
    } else if epoch < partition.leader_epoch() {
        Err(ErrorCode::FencedLeaderEpoch)
    } else {
        Err(ErrorCode::UnknownLeaderEpoch)
    }
}

fn read_one(
    place: usize,
    target: &Target,
    partition: &Arc<Partition>,
    limits: &Limits,
    left: usize,
    nothing_yet: bool,
) -> PartitionRead {
    let mut read = PartitionRead::failed(place, target, ErrorCode::None);
    if let Err(error) = check_leader_epoch(partition, target.leader_epoch) {
        read.error = error;
        return read;
    }
    read.high_watermark = partition.high_watermark();
    read.last_stable_offset = partition.last_stable_offset();
    let upper = if limits.read_committed { read.last_stable_offset } else { read.high_watermark };
    partition.log().with(|log| {
        read.log_start = log.log_start_offset();
        if target.last_fetched_epoch != LeaderEpoch::NONE {
            let (epoch, end) = log.epoch_end_offset(target.last_fetched_epoch);
            if end < target.offset || epoch < target.last_fetched_epoch {
                read.diverging = Some((epoch, end));
                return;
            }
        }
        if target.offset > log.log_end_offset() || target.offset < read.log_start {
            read.error = ErrorCode::OffsetOutOfRange;
            return;
        }
        if limits.read_committed {
            read.aborted = Some(Vec::new());
        }
        let bytes_max = target.bytes_max.min(left);
        if target.offset >= upper || (bytes_max == 0 && !nothing_yet) {
            return;
        }
        match log.read(target.offset, bytes_max, nothing_yet, upper) {
            Ok(extent) if extent.len > 0 => {
                if limits.read_committed {
                    match log.aborted_transactions(target.offset, upper) {
                        Ok(aborted) => {
                            read.aborted = Some(
                                aborted
                                    .into_iter()
                                    .map(|txn| AbortedTransaction {
                                        producer_id: txn.producer_id.0,
                                        first_offset: txn.first_offset.0,
                                    })
                                    .collect(),
                            );
                        }
                        Err(error) => {
                            tracing::error!(topic = %partition.topic(), partition = partition.index(), %error,
                                "transaction index cannot be read");
                            read.error = ErrorCode::KafkaStorageError;
                            return;
                        }
                    }
                }
                read.records = u64::try_from(extent.next_offset.0 - target.offset.0).unwrap_or(0);
                read.source = Some(Source { partition: Arc::clone(partition), extent: extent.clone() });
                read.range =
                    Some(FileRange { file: extent.file, position: extent.position, len: extent.len, drop_behind: false });
            }
            Ok(_) => {}
            Err(ReadError::OutOfRange { .. }) => read.error = ErrorCode::OffsetOutOfRange,
            Err(error) => {
                tracing::error!(topic = %partition.topic(), partition = partition.index(), %error, "log cannot be read");
                read.error = ErrorCode::KafkaStorageError;
            }
        }
    });
    read
}

/// Has `waiter` woken when any partition moves beyond what was read; `false` if one has already moved.
pub fn register_all(
    ctx: &ApiContext,
    session: &mut Session,
    reads: &[PartitionRead],
    waiter: &Arc<Waiter>,
) -> bool {
    let by_id = session.by_id;
    for read in reads {
        let target = &mut session.targets[read.place];
        // The partition dropped the registration when its watermark moved.
        if target.registered == Some(read.high_watermark) {
            continue;
        }
        let Ok(partition) = find(ctx, by_id, target) else {
            return false;
        };
        // The watermark is the first offset not yet readable: one more record moves it beyond itself.
        if !partition.wait_beyond(read.high_watermark, waiter) {
            return false;
        }
        target.registered = Some(read.high_watermark);
    }
    true
}

/// Takes back what [`register_all`] registered.
pub fn forget_all(ctx: &ApiContext, session: &mut Session, waiter: &Waiter) {
    let by_id = session.by_id;
    for target in &mut session.targets {
        if target.registered.take().is_some()
            && let Ok(partition) = find(ctx, by_id, target)
        {
            partition.forget(waiter);
        }
    }
}
