//! A shard with its log: loads it, writes what it decides before that counts, and holds back answers until they are
//! durable.
//!
//! One lock per shard is held while it decides, appends and replays, never while it waits. If an append fails the
//! shard's memory is ahead of its log, so it is thrown away with everybody who waits, and loaded again. On a full disk
//! nothing is begun that would write.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use broker_protocol::batch_builder::BatchBuilder;
use broker_protocol::compression::Compression;
use broker_protocol::types::{Offset, PartitionIndex};
use broker_state::group::{
    Answer, CoordinatorRecord, GroupConfig, GroupShard, GroupView, JoinRequest, JoinResponse, Now, Outcome,
    SyncRequest, SyncResponse, Token,
};
use parking_lot::Mutex;
use tokio::sync::oneshot;

use super::alarm::Alarm;
use super::error::CoordinatorError;
use super::loading::{self, LoadError};
use super::offsets_log::OffsetsLog;
use crate::env::Env;

/// Records of one decision are put into a further batch once one has so many bytes: below the default of
/// `max.message.bytes`, so that Kafka's tools read what we write.
const BATCH_BYTES: usize = 512 * 1024;

/// Pause before a shard that the disk has no room for looks again at what is due, in milliseconds.
const NO_ROOM_PAUSE_MS: i64 = 1000;

/// What all shards share.
#[derive(Debug)]
pub(super) struct Surroundings {
    pub(super) env: Env,
    pub(super) config: Arc<GroupConfig>,
    pub(super) write_timeout: Duration,
    pub(super) alarm: Alarm,
    /// The broker stops: nobody may begin to wait for a rebalance.
    pub(super) draining: AtomicBool,
}

impl Surroundings {
    pub(super) fn now(&self) -> Now {
        let steady_ms = i64::try_from(self.env.clock.monotonic().as_millis()).unwrap_or(i64::MAX);
        Now { steady_ms, wall_ms: self.env.clock.now_ms() }
    }
}

/// A response, and what has to be durable before it may be sent.
#[derive(Debug)]
pub(super) struct Done<R> {
    pub(super) response: R,
    /// Offset of the last record that the shard wrote; -1 if none.
    pub(super) written: Offset,
}

/// A partition of `__consumer_offsets` and the groups in it.
#[derive(Debug)]
pub(super) struct HostedShard {
    partition: PartitionIndex,
    log: Arc<dyn OffsetsLog>,
    surroundings: Arc<Surroundings>,
    state: Mutex<State>,
}

#[derive(Debug)]
enum State {
    NotLoaded,
    Loading,
    Loaded(Box<Loaded>),
    /// The broker stops, or the log cannot be read: nothing is answered any more.
    Closed,
}

#[derive(Debug)]
struct Loaded {
    groups: GroupShard,
    written: Offset,
    /// Requests that wait for a rebalance; in order, so that simulations repeat.
    parked: BTreeMap<Token, oneshot::Sender<Done<Answer>>>,
    next_token: Token,
}

impl HostedShard {
    pub(super) fn new(
        partition: PartitionIndex,
        log: Arc<dyn OffsetsLog>,
        surroundings: Arc<Surroundings>,
    ) -> Arc<HostedShard> {
        Arc::new(HostedShard { partition, log, surroundings, state: Mutex::new(State::NotLoaded) })
    }

    pub(super) fn partition(&self) -> PartitionIndex {
        self.partition
    }

    /// Whether its log was deleted.
    pub(super) fn is_deleted(&self) -> bool {
        self.log.is_deleted()
    }

    pub(super) async fn join(
        self: &Arc<Self>,
        request: JoinRequest,
    ) -> Result<JoinResponse, CoordinatorError> {
        match self.park(|groups, now, token| groups.join(now, token, request)).await? {
            Answer::Join(response) => Ok(response),
            Answer::Sync(_) => unreachable!("a join is answered as a join"),
        }
    }

    pub(super) async fn sync(
        self: &Arc<Self>,
        request: SyncRequest,
    ) -> Result<SyncResponse, CoordinatorError> {
        match self.park(|groups, now, token| groups.sync(now, token, request)).await? {
            Answer::Sync(response) => Ok(response),
            Answer::Join(_) => unreachable!("a sync is answered as a sync"),
        }
    }

    /// A request that may have to wait for other members.
    async fn park(
        self: &Arc<Self>,
        act: impl FnOnce(&mut GroupShard, Now, Token) -> Outcome,
    ) -> Result<Answer, CoordinatorError> {
        let (sender, receiver) = oneshot::channel();
        self.check_room()?;
        self.with_loaded(|shard, loaded| {
            let now = shard.surroundings.now();
            // Looked at under the lock, which `drain` takes after it is set.
            if shard.surroundings.draining.load(Ordering::Acquire) {
                return Ok(());
            }
            let token = loaded.next_token;
            loaded.next_token += 1;
            loaded.parked.insert(token, sender);
            let outcome = act(&mut loaded.groups, now, token);
            shard.settle(loaded, outcome, now).map(|_| ())
        })?;
        // Who waits while the shard is thrown away has lost its place.
        let done = receiver.await.map_err(|_| CoordinatorError::NotCoordinator)?;
        self.durable(done.written).await?;
        Ok(done.response)
    }

    /// A decision; the caller waits for durability itself.
    pub(super) fn call<R>(
        self: &Arc<Self>,
        act: impl FnOnce(&mut GroupShard, Now) -> Outcome<R>,
    ) -> Result<Done<R>, CoordinatorError> {
        self.with_loaded(|shard, loaded| {
            let now = shard.surroundings.now();
            let outcome = act(&mut loaded.groups, now);
            shard.settle(loaded, outcome, now)
        })
    }

    /// A decision whose response is held back until it is durable.
    pub(super) async fn change<R>(
        self: &Arc<Self>,
        act: impl FnOnce(&mut GroupShard, Now) -> Outcome<R>,
    ) -> Result<R, CoordinatorError> {
        let done = self.begin(act)?;
        self.durable(done.written).await?;
        Ok(done.response)
    }

    /// A decision that may write; the caller waits for durability itself.
    pub(super) fn begin<R>(
        self: &Arc<Self>,
        act: impl FnOnce(&mut GroupShard, Now) -> Outcome<R>,
    ) -> Result<Done<R>, CoordinatorError> {
        self.check_room()?;
        self.call(act)
    }

    fn check_room(&self) -> Result<(), CoordinatorError> {
        if self.log.has_room() { Ok(()) } else { Err(CoordinatorError::NotCoordinator) }
    }

    /// A look at the groups that is held back until all that it could show is durable.
    pub(super) async fn read<R>(
        self: &Arc<Self>,
        look: impl FnOnce(&GroupShard) -> R,
    ) -> Result<R, CoordinatorError> {
        let done = self.call(|groups, _| Outcome::respond(look(groups)))?;
        self.durable(done.written).await?;
        Ok(done.response)
    }

    /// Waits until everything up to and including `written` survives a crash.
    ///
    /// # Errors
    /// It never will, or not in time.
    pub(super) async fn durable(&self, written: Offset) -> Result<(), CoordinatorError> {
        if self.log.is_durable(written) {
            return Ok(());
        }
        match tokio::time::timeout(self.surroundings.write_timeout, Arc::clone(&self.log).durable(written))
            .await
        {
            Ok(true) => Ok(()),
            Ok(false) => Err(CoordinatorError::NotCoordinator),
            Err(_) => Err(CoordinatorError::NotAvailable),
        }
    }

    /// Does what is due; gives when there is something to do next.
    pub(super) fn tick(self: &Arc<Self>) -> Option<i64> {
        let mut state = self.state.lock();
        let State::Loaded(loaded) = &mut *state else { return None };
        let now = self.surroundings.now();
        while let Some(at_ms) = loaded.groups.next_deadline() {
            if at_ms > now.steady_ms {
                return Some(at_ms);
            }
            if !self.log.has_room() {
                return Some(now.steady_ms + NO_ROOM_PAUSE_MS);
            }
            let outcome = loaded.groups.tick(now);
            if self.settle(loaded, outcome, now).is_err() {
                *state = State::NotLoaded;
                return None;
            }
        }
        None
    }

    /// Offset of the last record that it wrote, also of one that is not durable yet.
    pub(super) fn written(&self) -> Option<Offset> {
        match &*self.state.lock() {
            State::Loaded(loaded) => Some(loaded.written),
            State::NotLoaded | State::Loading | State::Closed => None,
        }
    }

    /// The groups as metrics show them; none while they are not loaded.
    pub(super) fn views(&self) -> Vec<GroupView> {
        match &*self.state.lock() {
            State::Loaded(loaded) => loaded.groups.snapshot(),
            State::NotLoaded | State::Loading | State::Closed => Vec::new(),
        }
    }

    /// Sends away everybody who waits for a rebalance.
    pub(super) fn drain(&self) {
        if let State::Loaded(loaded) = &mut *self.state.lock() {
            loaded.parked.clear();
        }
    }

    /// Nothing is answered from now on.
    pub(super) fn close(&self) {
        *self.state.lock() = State::Closed;
    }

    /// Runs `act` on the loaded shard. If it fails to write, the shard is thrown away.
    fn with_loaded<R>(
        self: &Arc<Self>,
        act: impl FnOnce(&Self, &mut Loaded) -> Result<R, CoordinatorError>,
    ) -> Result<R, CoordinatorError> {
        if !self.log.is_available() {
            return Err(CoordinatorError::NotCoordinator);
        }
        let mut state = self.state.lock();
        if matches!(*state, State::NotLoaded) {
            self.begin_load(&mut state);
        }
        let loaded = match &mut *state {
            State::Loaded(loaded) => loaded,
            State::Loading => return Err(CoordinatorError::LoadInProgress),
            State::NotLoaded | State::Closed => return Err(CoordinatorError::NotCoordinator),
        };
        let result = act(self, loaded);
        match &result {
            Ok(_) => {
                if let Some(at_ms) = loaded.groups.next_deadline() {
                    self.surroundings.alarm.not_later_than(at_ms);
                }
            }
            Err(_) => *state = State::NotLoaded,
        }
        result
    }

    /// Writes and replays the records of a decision and sends its answers on their way.
    fn settle<R>(
        &self,
        loaded: &mut Loaded,
        outcome: Outcome<R>,
        now: Now,
    ) -> Result<Done<R>, CoordinatorError> {
        if !outcome.records.is_empty() {
            loaded.written = self.write(&mut loaded.groups, &outcome.records, now)?;
        }
        for (token, response) in outcome.answers {
            if let Some(waiting) = loaded.parked.remove(&token) {
                // A client that is gone needs no answer.
                let _ = waiting.send(Done { response, written: loaded.written });
            }
        }
        Ok(Done { response: outcome.response, written: loaded.written })
    }

    fn write(
        &self,
        groups: &mut GroupShard,
        records: &[CoordinatorRecord],
        now: Now,
    ) -> Result<Offset, CoordinatorError> {
        let mut bytes = in_batches(records, now.wall_ms);
        let written = self.log.append(&mut bytes, now.wall_ms).map_err(|error| {
            // A full disk is told by whoever finds it so.
            if self.log.has_room() {
                tracing::error!(partition = self.partition, %error, "groups cannot be written");
            }
            CoordinatorError::NotCoordinator
        })?;
        for record in records {
            groups.replay(&record.key, record.value.as_deref()).map_err(|error| {
                tracing::error!(partition = self.partition, %error, "own record cannot be replayed");
                CoordinatorError::NotCoordinator
            })?;
        }
        Ok(written)
    }

    /// Loads an empty log at once, any other in the background.
    fn begin_load(self: &Arc<Self>, state: &mut State) {
        let (start, end) = self.log.range();
        if start == end {
            self.finish_load(state, self.read_log());
            return;
        }
        *state = State::Loading;
        tokio::spawn(load_in_turn(vec![Arc::clone(self)]));
    }

    fn read_log(&self) -> Result<(GroupShard, Offset), LoadError> {
        let mut groups = GroupShard::new(Arc::clone(&self.surroundings.config));
        let written = loading::load(self.log.as_ref(), &mut groups)?;
        Ok((groups, written))
    }

    fn finish_load(&self, state: &mut State, result: Result<(GroupShard, Offset), LoadError>) {
        if matches!(*state, State::Closed) {
            return;
        }
        let (mut groups, written) = match result {
            Ok(loaded) => loaded,
            Err(error) => {
                tracing::error!(partition = self.partition, %error, "groups cannot be loaded and are not served");
                *state = State::Closed;
                return;
            }
        };
        let now = self.surroundings.now();
        let outcome = groups.finish_load(now);
        let mut loaded = Loaded { groups, written, parked: BTreeMap::new(), next_token: 0 };
        *state = match self.settle(&mut loaded, outcome, now) {
            Ok(_) => {
                if let Some(at_ms) = loaded.groups.next_deadline() {
                    self.surroundings.alarm.not_later_than(at_ms);
                }
                State::Loaded(Box::new(loaded))
            }
            Err(_) => State::NotLoaded,
        };
    }
}

/// Loads every shard that has something to load, one after the other, in the background.
pub(super) fn load_all(shards: Vec<Arc<HostedShard>>) {
    let due = |shard: &Arc<HostedShard>| {
        let (start, end) = shard.log.range();
        let mut state = shard.state.lock();
        let due = start < end && matches!(*state, State::NotLoaded);
        if due {
            *state = State::Loading;
        }
        due
    };
    tokio::spawn(load_in_turn(shards.into_iter().filter(due).collect()));
}

async fn load_in_turn(shards: Vec<Arc<HostedShard>>) {
    for shard in shards {
        let env = shard.surroundings.env.clone();
        let began = env.clock.monotonic();
        let reader = Arc::clone(&shard);
        let result = env.block_on_disk(move || reader.read_log()).await;
        if let Ok((groups, written)) = &result {
            let took = env.clock.monotonic().saturating_sub(began);
            let (groups, end) = (groups.list().len(), written.0 + 1);
            tracing::info!(
                partition = shard.partition,
                groups,
                end,
                took_ms = took.as_millis(),
                "groups loaded"
            );
        }
        shard.finish_load(&mut shard.state.lock(), result);
    }
}

/// The records as batches, one after the other.
pub(crate) fn in_batches(records: &[CoordinatorRecord], now_ms: i64) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut batch = BatchBuilder::new(Compression::None);
    for record in records {
        if !batch.is_empty()
            && batch.uncompressed_bytes() + record.key.len() + value_bytes(record) > BATCH_BYTES
        {
            let full = std::mem::replace(&mut batch, BatchBuilder::new(Compression::None));
            bytes.extend(full.build());
        }
        batch.push(now_ms, Some(&record.key), record.value.as_deref(), &[]);
    }
    bytes.extend(batch.build());
    bytes
}

fn value_bytes(record: &CoordinatorRecord) -> usize {
    record.value.as_ref().map_or(0, Vec::len)
}
