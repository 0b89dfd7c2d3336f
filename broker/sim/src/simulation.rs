//! The course of one simulation: load with faults, healing, a look at the object store if there is one, final polls by
//! fresh clients, in some seeds the loss of the disk and its recovery, verdict.

mod recovery;
mod settling;

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use broker_log::io::memory_disk::FaultCounts;
use checker::Report;
use serde::{Deserialize, Serialize};

use crate::audit::Audit;
use crate::broker_host::{BrokerHost, Process};
use crate::bucket::remote_store::RemoteStore;
use crate::bug::Bug;
use crate::clients::recovery::revisit::RECOVERED;
use crate::clients::{self, Phase, Shared, WorkCounts};
use crate::clock::SimClock;
use crate::nemesis::{BROKER, Nemesis};
use crate::plan::{FAULT_KINDS, Plan, purpose};
use crate::random::Rng;
use crate::recorder::Recorder;
use recovery::Recovery;

/// How long clients may take to end what they have begun, once everything has healed.
const DRAIN_MS_MAX: u64 = 60_000;
/// How long it may take until everything is copied and the object store has nothing to spare.
const SETTLE_MS_MAX: u64 = 600_000;
/// How long the final polls may take.
const FINAL_MS_MAX: u64 = 60_000;

/// How to run a seed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Print every event.
    pub print: bool,
    /// Run with this bug.
    pub bug: Option<Bug>,
}

/// How a seed went.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Outcome {
    /// The seed.
    pub seed: u64,
    /// What went wrong, in words; empty if nothing did.
    pub findings: Vec<String>,
    /// Equal for two runs in which the same happened.
    pub hash: u64,
    /// How often what has happened that the simulation is about, in words; the same words for every seed.
    pub counts: Vec<(String, u64)>,
    /// Simulated time in milliseconds.
    pub simulated_ms: u64,
    /// Records whose send was acknowledged.
    pub acknowledged: u64,
    /// Different records that were read.
    pub read: u64,
}

/// Runs a seed. A panic of the broker is a finding like any other.
///
/// The outcome follows from the seed only in a process that has run no other: tokio numbers the tasks of all runtimes
/// of a process in one row and shards them by number, so the order in which a killed broker's connections close would
/// follow from what the process did before.
#[must_use]
pub fn run(seed: u64, options: Options) -> Outcome {
    let plan = Plan::new(seed);
    let clock = Arc::new(SimClock::default());
    let recorder = Recorder::new(Arc::clone(&clock), options.print);
    let shared = Shared::new(&plan, Arc::clone(&clock), recorder);
    let ran = catch_unwind(AssertUnwindSafe(|| simulate(&plan, &clock, &shared, options.bug)));
    let (happened, broken) = match ran {
        Ok(Ok(happened)) => (happened, None),
        Ok(Err(error)) => (Happened::default(), Some(format!("{error:#}"))),
        Err(panic) => (Happened::default(), Some(panic_text(panic.as_ref()))),
    };
    let simulated_ms = clock.elapsed_ms();
    if let Some(broken) = broken {
        shared.violation(broken);
    }
    let record = shared.recorder.replace(Recorder::new(clock.clone(), false)).finish();
    let mut findings = record.violations;
    findings.extend(words(&record.report));
    Outcome {
        seed,
        findings,
        hash: record.hash,
        counts: counts(&happened, *shared.counts.borrow()),
        simulated_ms,
        acknowledged: record.report.totals.sent_ok,
        read: record.report.totals.read,
    }
}

fn counts(happened: &Happened, work: WorkCounts) -> Vec<(String, u64)> {
    let Happened { faults, disk, cleanings, bucket, recoveries } = happened;
    let mut counts: Vec<_> = FAULT_KINDS.iter().copied().zip(faults.iter().copied()).collect();
    counts.extend([
        ("write that failed", disk.write_errors),
        ("sync that failed", disk.sync_errors),
        ("write without room", disk.no_space),
        ("torn write", disk.torn_writes),
        ("block lost", disk.lost_blocks),
        ("unsynced block kept", disk.kept_blocks),
        ("name lost", disk.lost_names),
        ("unsynced name kept", disk.kept_names),
        ("group assignment", work.assignments),
        ("fenced commit", work.fenced_commits),
        ("deleted position", work.deleted_positions),
        ("compaction", *cleanings),
        ("offset found by time", work.timed_lookups),
        ("everything read again", work.rereads),
        ("tiering turned off and on", work.retiered),
        ("batch known again after a recovery", work.known_again),
    ]);
    counts.extend(recovery::KINDS.into_iter().zip(recoveries.iter().copied()));
    let bucket = if bucket.is_empty() { &RemoteStore::counts(None) } else { bucket };
    counts.extend(bucket);
    counts.into_iter().map(|(name, count)| (name.to_owned(), count)).collect()
}

fn words(report: &Report) -> Vec<String> {
    let word = |finding: &checker::Finding| {
        let key = finding.key.as_ref().map(|key| format!(" {key}")).unwrap_or_default();
        format!("{}{key}: {}", finding.check.name(), finding.detail)
    };
    report.findings().map(word).collect()
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    format!("panic: {}", text.unwrap_or_else(|| "without a message".to_owned()))
}

/// What has happened to the broker, and in it.
#[derive(Default)]
struct Happened {
    faults: [u64; FAULT_KINDS.len()],
    disk: FaultCounts,
    cleanings: u64,
    bucket: Vec<(&'static str, u64)>,
    recoveries: recovery::Counts,
}

fn simulate(
    plan: &Plan,
    clock: &Arc<SimClock>,
    shared: &Rc<Shared>,
    bug: Option<Bug>,
) -> anyhow::Result<Happened> {
    let host = BrokerHost::new(plan, Arc::clone(clock), bug)?;
    let mut sim = turmoil::Builder::new()
        .rng_seed(Rng::new(plan.seed, purpose::NETWORK).next_u64())
        .tick_duration(Duration::from_millis(1))
        .simulation_duration(Duration::from_secs(3600))
        .min_message_latency(Duration::from_millis(0))
        .max_message_latency(Duration::from_millis(3))
        .tcp_capacity(4096)
        .build();
    let machine = Rc::clone(&host);
    sim.host(BROKER, move || Rc::clone(&machine).run());
    add_clients(&mut sim, shared);
    let mut nemesis = Nemesis::new(plan, Rc::clone(&host), Rc::clone(shared));
    let counts = Rc::clone(&nemesis.counts);
    let mut watch = Watch { host: Rc::clone(&host), shared: Rc::clone(shared), audit: Rc::default() };

    let mut healed_at = None;
    run_until_done(&mut sim, clock, plan.load_ms + DRAIN_MS_MAX, |sim, now_ms| {
        if healed_at.is_none() && now_ms >= plan.load_ms {
            healed_at = Some(now_ms);
            nemesis.heal(sim, now_ms);
            shared.phase.set(Phase::Drain);
        }
        nemesis.tick(sim, now_ms);
        watch.step();
    })?;
    if let Some(remote) = &plan.remote {
        let audit = Rc::clone(&watch.audit);
        sim.client("settling", settling::run(Rc::clone(&host), Rc::clone(shared), audit, remote.skip_ms));
        run_until_done(&mut sim, clock, clock.elapsed_ms() + SETTLE_MS_MAX, |sim, now_ms| {
            nemesis.tick(sim, now_ms);
            watch.step();
        })?;
    }
    shared.phase.set(Phase::Final);
    sim.client("final", clients::final_polls::run(Rc::clone(shared)));
    run_until_done(&mut sim, clock, clock.elapsed_ms() + FINAL_MS_MAX, |sim, now_ms| {
        nemesis.tick(sim, now_ms);
        watch.step();
    })?;
    let disk = host.disk.fault_counts();
    let faults = *counts.borrow();
    let recoveries = lose_disk(&mut sim, &mut watch, plan, clock)?;
    // What the process holds must go while its runtime is still there.
    take_away(&mut sim, &host, BROKER);
    let bucket = RemoteStore::counts(host.store.as_ref());
    Ok(Happened { faults, disk, cleanings: host.cleanings(), bucket, recoveries })
}

/// The loss of the disk and its recovery, if that is planned.
fn lose_disk(
    sim: &mut turmoil::Sim<'_>,
    watch: &mut Watch,
    plan: &Plan,
    clock: &SimClock,
) -> anyhow::Result<recovery::Counts> {
    let Some((plan_, remote)) = plan.recovery.as_ref().zip(plan.remote.as_ref()) else {
        return Ok(recovery::Counts::default());
    };
    let (old, shared) = (Rc::clone(&watch.host), Rc::clone(&watch.shared));
    let new = old.successor();
    let mut recovery = Recovery {
        plan: plan_,
        remote,
        seed: plan.seed,
        clock,
        shared: &shared,
        old: &old,
        new: &new,
        counts: recovery::Counts::default(),
    };
    recovery.run(sim, watch)?;
    let counts = recovery.counts;
    take_away(sim, &new, RECOVERED);
    Ok(counts)
}

/// Ends a machine's process.
fn take_away(sim: &mut turmoil::Sim<'_>, host: &BrokerHost, name: &str) {
    host.disk.kill();
    sim.crash(name);
    *host.process.borrow_mut() = Process::Down;
}

fn add_clients(sim: &mut turmoil::Sim<'_>, shared: &Rc<Shared>) {
    for client in 0..shared.clients() {
        sim.client(Shared::host_name(client), clients::run(Rc::clone(shared), client));
    }
    sim.client("admin", clients::admin::run(Rc::clone(shared)));
    sim.client("churn", clients::churn::run(Rc::clone(shared)));
    sim.client("historian", clients::historian::run(Rc::clone(shared)));
    if shared.is_tiered() {
        sim.client("rereader", clients::rereader::run(Rc::clone(shared)));
        sim.client("tuner", clients::tuner::run(Rc::clone(shared)));
    }
}

/// What is looked at between all steps.
struct Watch {
    host: Rc<BrokerHost>,
    shared: Rc<Shared>,
    audit: Rc<RefCell<Audit>>,
}

impl Watch {
    fn step(&mut self) {
        self.host.note_cleanings();
        let Some(store) = &self.host.store else { return };
        store.tick();
        for finding in self.audit.borrow_mut().step(store, self.host.serving().as_deref()) {
            self.shared.violation(finding);
        }
    }
}

/// Steps until every client has ended.
fn run_until_done(
    sim: &mut turmoil::Sim<'_>,
    clock: &SimClock,
    deadline_ms: u64,
    mut between: impl FnMut(&mut turmoil::Sim<'_>, u64),
) -> anyhow::Result<()> {
    loop {
        let now_ms = u64::try_from(sim.elapsed().as_millis())?;
        clock.set_elapsed_ms(now_ms);
        anyhow::ensure!(now_ms < deadline_ms, "clients did not end within {deadline_ms} ms");
        between(sim, now_ms);
        match sim.step() {
            Ok(true) => return Ok(()),
            Ok(false) => {}
            Err(error) => anyhow::bail!("{error}"),
        }
    }
}
