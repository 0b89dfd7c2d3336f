//! A log in memory whose flushes, failures and damage the test decides, and an environment on tokio's clock.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use broker_log::io::Clock;
use broker_protocol::record_batch::{batches, set_base_offset};
use broker_protocol::types::{Offset, Uuid};
use parking_lot::Mutex;
use tokio::sync::watch;

use super::super::{AppendFailed, OffsetsLog, OffsetsTopic, ReadFailed};
use crate::env::{Blocking, Env, Random};

#[derive(Debug)]
struct FakeLog {
    /// Whole batches and their first offsets.
    batches: Mutex<Vec<(Offset, Vec<u8>)>>,
    end: watch::Sender<i64>,
    flushed: watch::Sender<i64>,
    holding: Mutex<bool>,
    failing: Mutex<bool>,
    full: Mutex<bool>,
    deleted: Mutex<bool>,
}

impl FakeLog {
    fn new() -> Arc<FakeLog> {
        Arc::new(FakeLog {
            batches: Mutex::default(),
            end: watch::Sender::new(0),
            flushed: watch::Sender::new(0),
            holding: Mutex::new(false),
            failing: Mutex::new(false),
            full: Mutex::new(false),
            deleted: Mutex::new(false),
        })
    }
}

impl OffsetsLog for FakeLog {
    fn append(&self, bytes: &mut [u8], _now_ms: i64) -> Result<Offset, AppendFailed> {
        if std::mem::take(&mut *self.failing.lock()) {
            return Err(AppendFailed("disk is full".into()));
        }
        let mut end = *self.end.borrow();
        for batch in batches(bytes) {
            let batch = batch.unwrap();
            let mut stored = batch.bytes.to_vec();
            set_base_offset(&mut stored, Offset(end));
            self.batches.lock().push((Offset(end), stored));
            end += i64::from(batch.header.last_offset_delta) + 1;
        }
        self.end.send_replace(end);
        if !*self.holding.lock() {
            self.flushed.send_replace(end);
        }
        Ok(Offset(end - 1))
    }

    fn read(&self, from: Offset) -> Result<Vec<u8>, ReadFailed> {
        let batches = self.batches.lock();
        Ok(batches.iter().find(|(base, _)| *base == from).map(|(_, bytes)| bytes.clone()).unwrap_or_default())
    }

    fn range(&self) -> (Offset, Offset) {
        (Offset(0), Offset(*self.end.borrow()))
    }

    fn is_available(&self) -> bool {
        true
    }

    fn is_deleted(&self) -> bool {
        *self.deleted.lock()
    }

    fn has_room(&self) -> bool {
        !*self.full.lock()
    }

    fn is_durable(&self, offset: Offset) -> bool {
        *self.flushed.borrow() > offset.0
    }

    fn durable(self: Arc<Self>, offset: Offset) -> Pin<Box<dyn Future<Output = bool> + Send>> {
        Box::pin(async move {
            let mut flushed = self.flushed.subscribe();
            flushed.wait_for(|flushed| *flushed > offset.0).await.is_ok()
        })
    }
}

/// `__consumer_offsets` in memory.
#[derive(Debug)]
pub(super) struct FakeTopic(Mutex<Vec<Arc<FakeLog>>>);

impl FakeTopic {
    pub(super) fn with_partitions(count: usize) -> Arc<FakeTopic> {
        let topic = Arc::new(FakeTopic(Mutex::default()));
        topic.make(count);
        topic
    }

    pub(super) fn make(&self, count: usize) {
        self.0.lock().extend((0..count).map(|_| FakeLog::new()));
    }

    pub(super) fn delete(&self) {
        for log in self.0.lock().drain(..) {
            *log.deleted.lock() = true;
        }
    }

    /// Appends are not durable from now on.
    pub(super) fn hold_flushes(&self) {
        self.0.lock().iter().for_each(|log| *log.holding.lock() = true);
    }

    /// Makes everything durable.
    pub(super) fn flush(&self) {
        self.0.lock().iter().for_each(|log| {
            let end = *log.end.borrow();
            log.flushed.send_replace(end);
        });
    }

    pub(super) fn fail_next_append(&self) {
        self.0.lock().iter().for_each(|log| *log.failing.lock() = true);
    }

    pub(super) fn set_full(&self, full: bool) {
        self.0.lock().iter().for_each(|log| *log.full.lock() = full);
    }

    /// Damages the last byte of every batch.
    pub(super) fn flip_a_bit(&self) {
        for log in &*self.0.lock() {
            for (_, bytes) in &mut *log.batches.lock() {
                *bytes.last_mut().unwrap() ^= 1;
            }
        }
    }

    pub(super) fn largest_batch(&self) -> usize {
        let logs = self.0.lock();
        logs.iter()
            .flat_map(|log| log.batches.lock().iter().map(|(_, bytes)| bytes.len()).collect::<Vec<_>>())
            .max()
            .unwrap()
    }
}

impl OffsetsTopic for FakeTopic {
    fn is_made(&self) -> bool {
        !self.0.lock().is_empty()
    }

    fn logs(&self) -> Vec<Arc<dyn OffsetsLog>> {
        self.0.lock().iter().map(|log| Arc::clone(log) as _).collect()
    }
}

/// Tokio's clock, which tests pause.
#[derive(Debug)]
struct TokioClock(tokio::time::Instant);

impl Clock for TokioClock {
    fn now_ms(&self) -> i64 {
        1_700_000_000_000 + i64::try_from(self.0.elapsed().as_millis()).unwrap()
    }

    fn monotonic(&self) -> Duration {
        self.0.elapsed()
    }
}

#[derive(Debug)]
struct OneId;

impl Random for OneId {
    fn uuid(&self) -> Uuid {
        Uuid::from_u128(1)
    }
}

/// An environment without threads.
pub(super) fn env() -> Env {
    Env {
        disk: Arc::new(broker_log::io::memory_disk::MemoryDisk::new(0)),
        clock: Arc::new(TokioClock(tokio::time::Instant::now())),
        random: Arc::new(OneId),
        blocking: Blocking::Inline,
    }
}
