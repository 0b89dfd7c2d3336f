//! The loss of a disk in a plan: how the broker ends, and what strikes while `recover` rebuilds its directory elsewhere.

use super::remote::{self, RemotePlan, StoreKind};
use crate::bucket::weather::{Trouble, Weather};
use crate::random::Rng;

/// Of 100 tiered seeds, how many lose their disk in the end.
const LOST_PERCENT: u64 = 70;
/// Most crashes of one recovery.
const CRASHES_MAX: u64 = 4;

/// Longer than a recovery repeats its requests.
const OUTAGE_MS: u64 = 60_000;

/// What becomes of the broker whose disk is lost.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OldBroker {
    /// It was asked to stop and has.
    Stopped,
    /// Its process was ended.
    Killed,
    /// Nobody reaches its machine, but it lives and goes on.
    LivesOn,
}

/// When a recovery is cut off.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CutOff {
    /// In the middle of the disk operation after so many.
    AtDisk(u64),
    /// After so many milliseconds: in the middle of requests, which take nearly all of its time.
    AtRequest(u64),
    /// Not at all: it ends by itself, or gives up because of the store.
    Never,
}

/// A run of `recover` that is not left alone.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CrashPlan {
    /// When.
    pub cut_off: CutOff,
    /// Whether the power goes too.
    pub power: bool,
    /// Trouble with the store meanwhile; its times count from the run's begin.
    pub weather: Option<Weather>,
    /// How long nothing runs afterwards, in milliseconds.
    pub down_ms: u64,
}

/// How a disk is lost and the broker recovered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RecoveryPlan {
    /// What becomes of the broker.
    pub old: OldBroker,
    /// How long clients have worked on it once more by then, in milliseconds: the last of what they send is in no object.
    pub load_ms: u64,
    /// Runs of `recover` that are cut off. After them it is left alone.
    pub crashes: Vec<CrashPlan>,
    /// Whether the power goes once it is done.
    pub power_at_end: bool,
    /// Whether it is run once more after that.
    pub again: bool,
}

impl RecoveryPlan {
    /// Whether the disk of a seed is lost, and how.
    pub(super) fn new(rng: &mut Rng, remote: &RemotePlan) -> Option<RecoveryPlan> {
        if !rng.chance(LOST_PERCENT) {
            return None;
        }
        let old = *rng.pick(&[OldBroker::Stopped, OldBroker::Killed, OldBroker::LivesOn]);
        let crashes = (0..rng.between(0, CRASHES_MAX)).map(|_| crash(rng, remote.store)).collect();
        Some(RecoveryPlan {
            old,
            load_ms: rng.between(100, 1_500),
            crashes,
            power_at_end: rng.chance(50),
            again: rng.chance(30),
        })
    }
}

fn crash(rng: &mut Rng, store: StoreKind) -> CrashPlan {
    let has_weather = store == StoreKind::Bucket && rng.chance(50);
    let cut_off = match rng.between(0, 4) {
        0 if has_weather => CutOff::Never,
        0..=2 => {
            let operations_max = *rng.pick(&[30, 150, 500]);
            CutOff::AtDisk(rng.between(1, operations_max))
        }
        _ => {
            let ms_max = *rng.pick(&[40, 200, 600]);
            CutOff::AtRequest(rng.between(1, ms_max))
        }
    };
    let weather = has_weather.then(|| Weather { from_ms: 0, ..remote::weather(rng, 1_000) });
    // So long that it gives up.
    let outage =
        Weather { trouble: Trouble::Outage, from_ms: rng.between(0, 100), until_ms: OUTAGE_MS, percent: 100 };
    let weather = if cut_off == CutOff::Never && rng.chance(50) { Some(outage) } else { weather };
    CrashPlan { cut_off, power: rng.chance(50), weather, down_ms: rng.between(1, 300) }
}
