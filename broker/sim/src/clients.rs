//! The clients of a simulation and what they share: the record, the phase, and which topics there are.
//!
//! Each runs on a host of its own and uses broker-client over the simulated network; none knows the broker.

pub mod admin;
pub mod churn;
mod connection;
mod consumer;
mod deletions;
mod fetcher;
pub mod final_polls;
mod group;
pub mod historian;
mod member;
mod payload;
mod producer;
pub mod recovery;
pub mod rereader;
pub mod tuner;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use broker_protocol::error_code::ErrorCode;
use broker_protocol::types::PartitionIndex;
use checker::{Event, Function, Key, Kind, MicroOp};
use tokio::sync::Notify;
use tokio::time::Duration;

use crate::clock::SimClock;
use crate::plan::{Plan, purpose};
use crate::random::Rng;
use crate::recorder::Recorder;

/// Once everything has healed, no operation may take longer than this.
const HEALED_MS_MAX: u64 = 30_000;

/// How far the simulation has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Phase {
    /// Clients work, faults strike.
    Load,
    /// All faults are over; clients end what they have begun.
    Drain,
    /// Fresh clients read everything.
    Final,
}

/// A partition that clients know.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Partition {
    /// Its topic.
    pub topic: Arc<str>,
    /// Its number.
    pub index: PartitionIndex,
}

impl Partition {
    /// Its name in the history.
    #[must_use]
    pub fn key(&self) -> Key {
        format!("{}-{}", self.topic, self.index).into()
    }
}

/// How often what the simulation is also about has happened.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct WorkCounts {
    /// Assignments that a member of the consumer group was given.
    pub assignments: u64,
    /// Commits that were refused because their member had been replaced.
    pub fenced_commits: u64,
    /// Consumers that found their next record deleted.
    pub deleted_positions: u64,
    /// Times that everything was read from its beginning to its end.
    pub rereads: u64,
    /// Offsets that were asked for by time.
    pub timed_lookups: u64,
    /// Topics whose copying was stopped, or that were given back their tiering.
    pub retiered: u64,
    /// Batches that a recovered broker was sent once more, and knew.
    pub known_again: u64,
}

/// What all clients of a simulation share.
pub struct Shared {
    /// What happened.
    pub recorder: RefCell<Recorder>,
    /// How far it has come.
    pub phase: Cell<Phase>,
    /// Cuts the connection of a client.
    pub cuts: Vec<Notify>,
    /// How often what happened.
    pub counts: RefCell<WorkCounts>,
    /// Partitions whose topic was created.
    partitions: RefCell<Vec<Partition>>,
    /// Sizes of the batches of each partition.
    sizes: RefCell<BTreeMap<Partition, deletions::Sizes>>,
    /// When the acknowledged records were made.
    times: RefCell<BTreeMap<Partition, historian::Times>>,
    /// What the members of the consumer group were given.
    generations: RefCell<member::Generations>,
    clock: Arc<SimClock>,
    plan: Plan,
}

impl Shared {
    /// What the clients of a plan share.
    #[must_use]
    pub fn new(plan: &Plan, clock: Arc<SimClock>, recorder: Recorder) -> Rc<Shared> {
        let clients = plan.producers.len() + plan.consumers.len() + plan.groups + plan.members;
        Rc::new(Shared {
            recorder: RefCell::new(recorder),
            phase: Cell::new(Phase::Load),
            // One more for those that are never cut.
            cuts: (0..=clients).map(|_| Notify::new()).collect(),
            counts: RefCell::default(),
            partitions: RefCell::default(),
            sizes: RefCell::default(),
            times: RefCell::default(),
            generations: RefCell::default(),
            clock,
            plan: plan.clone(),
        })
    }

    /// How many clients [`run`] knows.
    #[must_use]
    pub fn clients(&self) -> usize {
        self.cuts.len() - 1
    }

    /// Name of a client's host.
    #[must_use]
    pub fn host_name(client: usize) -> String {
        format!("client{client}")
    }

    /// Whether there is an object store.
    #[must_use]
    pub fn is_tiered(&self) -> bool {
        self.plan.remote.is_some()
    }

    fn partitions(&self) -> Vec<Partition> {
        self.partitions.borrow().clone()
    }

    fn loads(&self) -> bool {
        self.phase.get() == Phase::Load
    }

    /// Records what must not happen.
    pub(crate) fn violation(&self, text: impl std::fmt::Display) {
        self.recorder.borrow_mut().violation(text);
    }

    /// Records the end of an operation of which nobody knows whether it happened.
    fn end_unknown(&self, process: u64, function: Function, ops: Vec<MicroOp>, cause: &str) {
        let event = Event::new(process, Kind::Info, function, ops).because(cause);
        self.recorder.borrow_mut().event(event);
    }

    /// Whether everything had time enough since it healed.
    fn is_overdue(&self) -> bool {
        self.phase.get() != Phase::Load && self.clock.elapsed_ms() > self.plan.load_ms + HEALED_MS_MAX
    }
}

/// The error of a part of an answer; a part that is missing is an error too.
fn code_of(code: Option<i16>) -> ErrorCode {
    code.and_then(ErrorCode::from_code).unwrap_or(ErrorCode::UnknownServerError)
}

async fn pause(ms: u64) {
    tokio::time::sleep(Duration::from_millis(ms)).await;
}

/// Runs one of the clients that are there from the beginning, until the load ends.
///
/// # Errors
/// None: what goes wrong stands in the record.
pub async fn run(shared: Rc<Shared>, client: usize) -> turmoil::Result {
    let rng = Rng::new(shared.plan.seed, purpose::CLIENT + client as u64);
    let (producers, consumers) = (shared.plan.producers.len(), shared.plan.consumers.len());
    let groups = shared.plan.groups;
    if client < producers {
        producer::run(shared, client, rng).await;
    } else if client < producers + consumers {
        let max_bytes = shared.plan.consumers[client - producers];
        consumer::run(shared, client, max_bytes, rng).await;
    } else if client < producers + consumers + groups {
        group::run(shared, client, rng).await;
    } else {
        member::run(shared, client, rng).await;
    }
    Ok(())
}
