//! The reading half of a fetch: what each partition has to offer, within the limits of the request.
//!
//! Neither a partition's log is held while its files are looked through, nor does a thread that serves sockets wait for
//! the disk: what is not in memory is looked for on the blocking pool, and what is not on the disk in the object store
//! (`fetch_remote.rs`).

use std::sync::Arc;

use broker_log::io::Wait;
use broker_log::log::{FetchExtent, Halt, Lookups, PartitionLog, ReadRange};
use broker_log::transaction_index::AbortedTxn;
use broker_protocol::error_code::ErrorCode;
use broker_protocol::messages::fetch_response::AbortedTransaction;
use broker_protocol::types::{BrokerId, LeaderEpoch, Offset};
use tokio::time::Instant;

use crate::api::context::ApiContext;
use crate::api::errors::log_error_code;
use crate::api::fetch_check::{self, Source};
use crate::api::fetch_remote;
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
    /// Nothing is known yet: this has to be looked for elsewhere than in memory.
    elsewhere: Option<Elsewhere>,
}

/// Where a look-up goes on that memory does not answer.
#[derive(Debug)]
enum Elsewhere {
    /// In the files on the disk.
    Disk(Box<Wanted>),
    /// In the object store, below this offset.
    Store(Box<Wanted>, Offset),
}

impl Elsewhere {
    fn wanted(&self) -> &Wanted {
        match self {
            Elsewhere::Disk(wanted) | Elsewhere::Store(wanted, _) => wanted,
        }
    }
}

/// What is wanted of one partition: all that it takes to look for it elsewhere.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) partition: Arc<Partition>,
    pub(super) offset: Offset,
    leader_epoch: LeaderEpoch,
    last_fetched_epoch: LeaderEpoch,
    pub(super) bytes_max: usize,
    /// The first batch is wanted even if it is larger.
    pub(super) min_one_batch: bool,
    pub(super) read_committed: bool,
}

/// What the log says.
#[derive(Debug)]
struct Offer {
    log_start: Offset,
    error: ErrorCode,
    extent: Option<FetchExtent>,
    /// What is wanted is not on the disk any more.
    in_store: bool,
    aborted: Option<Vec<AbortedTransaction>>,
    diverging: Option<(LeaderEpoch, Offset)>,
}

impl PartitionRead {
    fn new(place: usize, partition: i32, error: ErrorCode) -> PartitionRead {
        PartitionRead {
            place,
            partition,
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
            elsewhere: None,
        }
    }

    /// Whether it has to be looked for elsewhere: see [`look_elsewhere`].
    #[must_use]
    pub fn is_elsewhere(&self) -> bool {
        self.elsewhere.is_some()
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
            Ok(partition) => {
                let wanted = Wanted {
                    partition,
                    offset: target.offset,
                    leader_epoch: target.leader_epoch,
                    last_fetched_epoch: target.last_fetched_epoch,
                    bytes_max: target.bytes_max.min(left),
                    min_one_batch: nothing_yet,
                    read_committed: limits.read_committed,
                };
                told(ctx, read_one(place, target.partition, wanted, Wait::Never))
            }
            Err(error) => PartitionRead::new(place, target.partition, error),
        };
        // What is not known yet may be all that was asked for.
        let taken = read.elsewhere.as_ref().map_or(read.len(), |place| place.wanted().bytes_max.max(1));
        if taken > 0 {
            nothing_yet = false;
            last_served = Some(place);
            left = left.saturating_sub(taken);
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
    let partition = topic.find(target.partition)?;
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

fn read_one(place: usize, index: i32, wanted: Wanted, wait: Wait) -> PartitionRead {
    let mut read = PartitionRead::new(place, index, ErrorCode::None);
    let partition = &wanted.partition;
    if let Err(error) = check_leader_epoch(partition, wanted.leader_epoch) {
        read.error = error;
        return read;
    }
    read.high_watermark = partition.high_watermark();
    read.last_stable_offset = partition.last_stable_offset();
    let upper = if wanted.read_committed { read.last_stable_offset } else { read.high_watermark };
    match partition.log().look_up(wait, |log, lookups| offer(log, &wanted, upper, lookups)) {
        Ok(Some(found)) => {
            (read.log_start, read.error) = (found.log_start, found.error);
            (read.aborted, read.diverging) = (found.aborted, found.diverging);
            if found.in_store {
                read.elsewhere = Some(Elsewhere::Store(Box::new(wanted), upper));
                return read;
            }
            if let Some(extent) = found.extent.filter(|extent| extent.len > 0) {
                read.records = u64::try_from(extent.next_offset.0 - wanted.offset.0).unwrap_or(0);
                let file = Arc::clone(&extent.file);
                let (position, len) = (extent.position, extent.len);
                read.range = Some(FileRange { file, position, len, drop_behind: false });
                read.source = Some(Source { partition: wanted.partition, extent });
            }
        }
        Ok(None) => read.elsewhere = Some(Elsewhere::Disk(Box::new(wanted))),
        // Its files have gone with it.
        Err(_) if partition.is_deleted() => read.error = ErrorCode::UnknownTopicOrPartition,
        Err(error) => read.error = log_error_code(&error, partition),
    }
    read
}

/// Asks the log, which is held meanwhile, for what is readable below `upper`.
fn offer(
    log: &mut PartitionLog,
    wanted: &Wanted,
    upper: Offset,
    lookups: &mut Lookups,
) -> Result<Offer, Halt> {
    let mut offer = Offer {
        log_start: log.log_start_offset(),
        error: ErrorCode::None,
        extent: None,
        in_store: false,
        aborted: None,
        diverging: None,
    };
    if wanted.last_fetched_epoch != LeaderEpoch::NONE {
        let (epoch, end) = wanted.partition.epoch_end_offset(log, wanted.last_fetched_epoch);
        // What our log has never had, or has no more: nothing tells where the client's log parts from it.
        if epoch == LeaderEpoch::NONE || wanted.offset < offer.log_start {
            offer.error = ErrorCode::OffsetOutOfRange;
            return Ok(offer);
        }
        if end < wanted.offset || epoch < wanted.last_fetched_epoch {
            offer.diverging = Some((epoch, end));
            return Ok(offer);
        }
    }
    if wanted.offset > log.log_end_offset() || wanted.offset < offer.log_start {
        offer.error = ErrorCode::OffsetOutOfRange;
        return Ok(offer);
    }
    if wanted.read_committed {
        offer.aborted = Some(Vec::new());
    }
    if wanted.offset >= upper || (wanted.bytes_max == 0 && !wanted.min_one_batch) {
        return Ok(offer);
    }
    if wanted.offset < log.local_log_start_offset() {
        offer.in_store = true;
        return Ok(offer);
    }
    let range = ReadRange {
        from: wanted.offset,
        max_bytes: wanted.bytes_max,
        min_one_batch: wanted.min_one_batch,
        upper,
    };
    let extent = log.extent(&range, lookups)?;
    if wanted.read_committed && extent.len > 0 {
        let aborted = log.aborted(wanted.offset, upper, lookups)?;
        offer.aborted = Some(aborted.iter().map(aborted_transaction).collect());
    }
    offer.extent = Some(extent);
    Ok(offer)
}

pub(super) fn aborted_transaction(aborted: &AbortedTxn) -> AbortedTransaction {
    AbortedTransaction { producer_id: aborted.producer_id.0, first_offset: aborted.first_offset.0 }
}

/// Looks for what memory does not tell, on the disk and in the object store at the same time, in the latter until
/// `deadline`. Returns all that was read.
pub async fn look_elsewhere(
    ctx: Arc<ApiContext>,
    mut reads: Vec<PartitionRead>,
    deadline: Instant,
) -> Vec<PartitionRead> {
    let (mut cold, mut stored) = (Vec::new(), Vec::new());
    for (at, read) in reads.iter_mut().enumerate() {
        match read.elsewhere.take() {
            Some(Elsewhere::Disk(wanted)) => cold.push((at, read.place, read.partition, wanted)),
            Some(Elsewhere::Store(wanted, upper)) => stored.push((at, wanted, upper)),
            None => {}
        }
    }
    let on_disk = look_up_cold(&ctx, cold);
    let in_store = fetch_remote::read_all(&ctx, stored, deadline);
    let (found, remote) = tokio::join!(on_disk, in_store);
    for (at, read) in found {
        reads[at] = told(&ctx, read);
    }
    for (at, found) in remote {
        found.put_into(&mut reads[at]);
    }
    reads
}

/// Looks through files, a bounded number of fetches at a time.
async fn look_up_cold(
    ctx: &ApiContext,
    cold: Vec<(usize, usize, i32, Box<Wanted>)>,
) -> Vec<(usize, PartitionRead)> {
    if cold.is_empty() {
        return Vec::new();
    }
    let work = move || -> Vec<(usize, PartitionRead)> {
        let found = |(at, place, partition, wanted): (usize, usize, i32, Box<Wanted>)| {
            (at, read_one(place, partition, *wanted, Wait::Allowed))
        };
        cold.into_iter().map(found).collect()
    };
    fetch_check::within_budget(ctx, 0, work).await
}

/// Counts a read that met damage where it looked for its batches.
fn told(ctx: &ApiContext, read: PartitionRead) -> PartitionRead {
    if read.error == ErrorCode::CorruptMessage {
        ctx.metrics.damaged_read();
    }
    read
}

/// Has `waiter` woken when any partition moves beyond what was read of a session that is the same still; `false` if one has
/// already moved.
pub fn register_all(
    ctx: &ApiContext,
    session: &mut Session,
    reads: &[PartitionRead],
    waiter: &Arc<Waiter>,
) -> bool {
    session.waiter = Some(Arc::clone(waiter));
    for read in reads {
        let target = &mut session.targets[read.place];
        // The partition dropped the registration when its watermark moved, or when it went away.
        if let Some((partition, beyond)) = &target.registered
            && *beyond == read.high_watermark
            && partition.high_watermark() <= *beyond
            && !partition.is_gone()
        {
            continue;
        }
        let Ok(partition) = find(ctx, session.by_id, target) else {
            return false;
        };
        // The watermark is the first offset not yet readable: one more record moves it beyond itself.
        if !partition.wait_beyond(read.high_watermark, waiter) {
            return false;
        }
        target.registered = Some((partition, read.high_watermark));
    }
    true
}
