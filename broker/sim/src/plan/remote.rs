//! Tiering in a plan: which store, how it behaves, and settings by which segments come and go within seconds.

use super::{Fault, PlannedFault, TopicPlan};
use crate::bucket::Work;
use crate::bucket::weather::{TROUBLES, Trouble, Weather};
use crate::random::Rng;

/// Of 100 seeds, how many are tiered, and how many of those to a directory of the broker's own machine.
const TIERED_PERCENT: u64 = 50;
const DIRECTORY_PERCENT: u64 = 30;
/// Where a directory's objects lie on the simulated disk.
pub const DIRECTORY: &str = "/bucket";

/// Where segments are copied to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StoreKind {
    /// A bucket elsewhere.
    Bucket,
    /// A directory of the broker's machine.
    Directory,
}

/// How a broker is tiered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RemotePlan {
    /// The store.
    pub store: StoreKind,
    /// Shortest and longest time of a request each way, in milliseconds.
    pub latency_ms: (u64, u64),
    /// Trouble with the bucket.
    pub weather: Vec<Weather>,
    /// Objects that are larger are written in parts of this size.
    pub part_bytes: usize,
    /// The topic whose tiering is turned off with what was copied, and on again.
    pub given_up: Option<String>,
    /// How far the clock moves on before the bucket is looked through in the end, in milliseconds.
    pub skip_ms: u64,
}

impl RemotePlan {
    /// Whether a seed is tiered, and how. Its topics get settings that go with it.
    pub(super) fn new(rng: &mut Rng, load_ms: u64, topics: &mut [TopicPlan]) -> Option<RemotePlan> {
        if !rng.chance(TIERED_PERCENT) {
            return None;
        }
        let store = if rng.chance(DIRECTORY_PERCENT) { StoreKind::Directory } else { StoreKind::Bucket };
        for topic in topics.iter_mut() {
            keep_little(rng, topic);
        }
        let given_up = rng.chance(25).then(|| rng.pick(topics).name.clone());
        let weather = match store {
            StoreKind::Bucket => (0..rng.between(1, 5)).map(|_| weather(rng, load_ms)).collect(),
            StoreKind::Directory => Vec::new(),
        };
        Some(RemotePlan {
            store,
            latency_ms: *rng.pick(&[(1, 2), (1, 10), (3, 20)]),
            weather,
            part_bytes: *rng.pick(&[50_000, 200_000, 8 << 20]),
            given_up,
            skip_ms: *rng.pick(&[8, 32]) * 3_600_000,
        })
    }

    /// Settings of the broker.
    pub(super) fn settings(&self, rng: &mut Rng) -> Vec<String> {
        let url = match self.store {
            StoreKind::Bucket => "s3://bucket/simulated".to_owned(),
            StoreKind::Directory => format!("file://{DIRECTORY}"),
        };
        let timeout_ms = *rng.pick(&[200, 500, 1_000]);
        let pairs = [
            ("highwater.remote.url", url),
            ("highwater.remote.roll.ms", rng.pick(&[100, 300, 1_000]).to_string()),
            ("highwater.remote.delete.delay.ms", rng.pick(&[0, 200, 2_000]).to_string()),
            ("highwater.remote.scrub.interval.ms", "1000".to_owned()),
            ("highwater.remote.metadata.interval.ms", "1000".to_owned()),
            ("highwater.remote.request.timeout.ms", timeout_ms.to_string()),
            ("highwater.remote.transfer.timeout.ms", (timeout_ms * rng.between(1, 2)).to_string()),
            ("highwater.remote.cache.max.bytes", rng.pick(&[16 << 20, 64 << 20]).to_string()),
            ("remote.log.manager.task.interval.ms", rng.pick(&[5, 30, 200]).to_string()),
            ("remote.log.manager.copier.thread.pool.size", rng.pick(&[1, 2, 10]).to_string()),
            ("remote.fetch.max.wait.ms", rng.pick(&[1, 50, 500]).to_string()),
        ];
        pairs.into_iter().map(|(name, value)| format!("{name}={value}")).collect()
    }

    /// Crashes in the middle of what tiering does.
    pub(super) fn faults(rng: &mut Rng, load_ms: u64) -> Vec<PlannedFault> {
        let fault = |rng: &mut Rng| {
            let work = *rng.pick(&[Work::Copy, Work::Publish, Work::Delete, Work::Scrub]);
            Fault::Interrupt { work, power: rng.chance(50) }
        };
        (0..rng.between(1, 3))
            .map(|_| PlannedFault {
                at_ms: rng.between(super::FIRST_FAULT_MS, load_ms),
                fault: fault(rng),
                down_ms: rng.between(5, 400),
            })
            .collect()
    }
}

/// Little stays on the disk, unless the topic is compacted: then all of it does.
fn keep_little(rng: &mut Rng, topic: &mut TopicPlan) {
    let (ms, bytes) = (*rng.pick(&[1, 100, 1_000]), rng.chance(40));
    if topic.configs.iter().any(|(name, _)| name == "cleanup.policy") {
        return;
    }
    topic.configs.push(("local.retention.ms".to_owned(), ms.to_string()));
    if bytes {
        topic.configs.push(("local.retention.bytes".to_owned(), "1".to_owned()));
    }
}

/// Trouble that begins within the load.
pub(super) fn weather(rng: &mut Rng, load_ms: u64) -> Weather {
    let trouble = *rng.pick(&TROUBLES);
    let from_ms = rng.between(0, load_ms);
    let for_ms = match trouble {
        Trouble::Outage | Trouble::Unreachable => rng.between(100, 3_000),
        _ => rng.between(500, 5_000),
    };
    let percent = match trouble {
        Trouble::Outage | Trouble::Unreachable => 100,
        _ => *rng.pick(&[10, 30, 60]),
    };
    Weather { trouble, from_ms, until_ms: from_ms + for_ms, percent }
}
