//! What clients read of what was copied.

use std::io;
use std::os::fd::BorrowedFd;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use broker_log::io::DiskFile;
use broker_protocol::types::Offset;
use broker_tier::publish::load_newest;
use broker_tier::read::{RemoteRange, RemoteReadError};
use broker_tier::remote_partition::RemotePartition;
use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, oneshot, watch};
use tokio::time::Instant;

use super::Tiering;
use super::partition::TieredPartition;
use super::start::BUDGET_UNIT;
use crate::replication::partition::Partition;

/// Why there is nothing to send.
#[derive(Debug)]
pub enum RemoteFault {
    /// It takes too long. What was asked for may be there the next time.
    Late,
    /// Others' answers take all the room there is, and it was not to be waited for.
    NoRoom,
    /// See there.
    Failed(RemoteReadError),
}

/// Batches in memory, within the budget until they are sent.
#[derive(Debug)]
pub struct RemoteBytes {
    bytes: Bytes,
    _budget: OwnedSemaphorePermit,
}

/// What was read.
#[derive(Debug)]
pub struct RemoteRead {
    /// The batches, as a file; none if nothing fits.
    pub file: Arc<RemoteBytes>,
    /// Bytes of them.
    pub len: usize,
    /// Offset after the last one.
    pub next_offset: Offset,
}

/// Takes a read off the list when it ends.
struct EndOfRead {
    tiered: Arc<TieredPartition>,
    from: Offset,
    /// Closed after all else.
    _channel: watch::Sender<()>,
}

impl Drop for EndOfRead {
    fn drop(&mut self) {
        self.tiered.under_way.lock().remove(&self.from);
    }
}

impl Tiering {
    /// Reads batches of a partition that are in the store, until `deadline`. What is under way then goes on, and the next
    /// read finds what it has found: batches, or why there are none. `waits` for room among the answers, or goes without.
    ///
    /// # Errors
    /// See [`RemoteFault`].
    pub async fn read(
        self: &Arc<Self>,
        partition: &Arc<Partition>,
        range: &RemoteRange,
        waits: bool,
        deadline: Instant,
    ) -> Result<RemoteRead, RemoteFault> {
        let late = |_| {
            self.counts.read_timeouts.fetch_add(1, Ordering::Relaxed);
            RemoteFault::Late
        };
        let tiered = self.of(partition);
        // An earlier read of the same that nobody waited for: what it finds is kept, one more would find nothing else.
        let earlier = tiered.under_way.lock().get(&range.from).cloned();
        if let Some(mut earlier) = earlier {
            // Its end closes the channel.
            let _closed = tokio::time::timeout_at(deadline, earlier.changed()).await.map_err(late)?;
        }
        if let Some(error) = tiered.failed_read(range.from, self.env.clock.monotonic()) {
            return Err(RemoteFault::Failed(error));
        }
        let budget = Arc::clone(&self.read_budget);
        let room = if waits {
            None
        } else {
            let room = budget.try_acquire_many_owned(self.units(range));
            Some(room.map_err(|_| RemoteFault::NoRoom)?)
        };
        let read = self.begin_read(&tiered, partition, range, room);
        match tokio::time::timeout_at(deadline, read).await.map_err(late)? {
            Ok(read) => read.map_err(RemoteFault::Failed),
            // The broker stops, or the task has panicked, which was told.
            Err(_) => Err(RemoteFault::Late),
        }
    }

    /// Begins a read that comes to its end whether somebody waits for it or not.
    fn begin_read(
        self: &Arc<Self>,
        tiered: &Arc<TieredPartition>,
        partition: &Arc<Partition>,
        range: &RemoteRange,
        room: Option<OwnedSemaphorePermit>,
    ) -> oneshot::Receiver<Result<RemoteRead, RemoteReadError>> {
        let (ends, wait) = watch::channel(());
        tiered.under_way.lock().insert(range.from, wait);
        let (own, tiered, partition, range) =
            (Arc::clone(self), Arc::clone(tiered), Arc::clone(partition), *range);
        let (found, receiver) = oneshot::channel();
        tokio::spawn(async move {
            // Also if it panics.
            let _ends = EndOfRead { tiered: Arc::clone(&tiered), from: range.from, _channel: ends };
            let read = own.read_to_the_end(&partition, &range, room).await;
            if read.is_err() {
                own.counts.read_errors.fetch_add(1, Ordering::Relaxed);
            }
            if let Err(Err(error)) = found.send(read) {
                tiered.note_failed_read(range.from, error, own.env.clock.monotonic());
            }
        });
        receiver
    }

    async fn read_to_the_end(
        &self,
        partition: &Partition,
        range: &RemoteRange,
        room: Option<OwnedSemaphorePermit>,
    ) -> Result<RemoteRead, RemoteReadError> {
        let mut budget = match room {
            Some(room) => room,
            None => {
                let room = Arc::clone(&self.read_budget).acquire_many_owned(self.units(range)).await;
                room.expect("nobody closes the budget")
            }
        };
        let remote = self.remote(partition).await?;
        let batches = remote.read(range).await?;
        let kept = batches.bytes.len().div_ceil(BUDGET_UNIT).min(budget.num_permits());
        let len = batches.bytes.len();
        let kept = budget.split(kept).expect("no more than there are");
        let file = Arc::new(RemoteBytes { bytes: batches.bytes, _budget: kept });
        Ok(RemoteRead { file, len, next_offset: batches.next_offset })
    }

    /// Room for an answer. One read that asks for more than all may take has them all.
    fn units(&self, range: &RemoteRange) -> u32 {
        let units = u32::try_from(range.max_bytes.div_ceil(BUDGET_UNIT)).unwrap_or(u32::MAX);
        units.clamp(1, u32::try_from(self.read_budget_units).unwrap_or(u32::MAX))
    }

    /// What was copied of a partition, looked up in the store if nobody has done so yet.
    ///
    /// # Errors
    /// The store's; `Missing` if there is nothing.
    pub async fn remote(&self, partition: &Partition) -> Result<Arc<RemotePartition>, RemoteReadError> {
        let tiered = self.of(partition);
        if let Some(remote) = tiered.remote() {
            return Ok(remote);
        }
        let _one = tiered.loading.lock().await;
        if let Some(remote) = tiered.remote() {
            return Ok(remote);
        }
        let newest = load_newest(&self.store, &self.keys, tiered.id, self.known.get(tiered.id)).await;
        let newest = newest.map_err(|error| self.reader.counted(error.into()))?;
        let newest =
            newest.ok_or_else(|| RemoteReadError::Missing(format!("a manifest of {}", tiered.id)))?;
        Ok(tiered.note(&self.reader, &Arc::new(newest)))
    }

    /// Whether anything of the partition was ever copied.
    #[must_use]
    pub fn has_copied(&self, partition: &Partition) -> bool {
        self.known.get(super::id_of(partition)).is_some()
    }

    /// Runs work that waits for the local disk.
    pub(crate) async fn on_disk<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> T {
        self.env.block_on_disk(work).await
    }
}

impl DiskFile for RemoteBytes {
    fn read_at(&self, buffer: &mut [u8], position: u64) -> io::Result<usize> {
        let from = usize::try_from(position).unwrap_or(usize::MAX).min(self.bytes.len());
        let count = buffer.len().min(self.bytes.len() - from);
        buffer[..count].copy_from_slice(&self.bytes[from..from + count]);
        Ok(count)
    }

    fn write_at(&self, _: &[u8], _: u64) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.bytes.len() as u64)
    }

    fn set_len(&self, _: u64) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn is_resident(&self, _: u64, _: u64) -> bool {
        true
    }

    fn drop_cache(&self, _: u64, _: u64) {}

    fn as_fd(&self) -> Option<BorrowedFd<'_>> {
        None
    }

    fn as_bytes(&self) -> Option<&[u8]> {
        Some(&self.bytes)
    }
}
