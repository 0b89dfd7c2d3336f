//! The end of some seeds: the disk is lost, `recover` rebuilds it elsewhere while crashes and the store's troubles strike,
//! and a broker goes on there. Sometimes the old one lives on beside it.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use anyhow::{bail, ensure};
use broker_tier::ids::ClusterId;
use highwater_broker::recover::Recovered;
use turmoil::Sim;

use super::{FINAL_MS_MAX, SETTLE_MS_MAX, Watch, run_until_done, settling};
use crate::broker_host::{BrokerHost, Duty, Process};
use crate::bucket::weather::Weather;
use crate::clients::Shared;
use crate::clients::recovery::last_load::{self, LastLoad};
use crate::clients::recovery::revisit::{self, RECOVERED, Visit};
use crate::clock::SimClock;
use crate::nemesis::BROKER;
use crate::plan::purpose;
use crate::plan::recovery::{CrashPlan, CutOff, OldBroker, RecoveryPlan};
use crate::plan::remote::{RemotePlan, StoreKind};
use crate::random::Rng;

/// How long the old broker may take to tell all that it has.
const LOOK_MS_MAX: u64 = 120_000;
/// How long an orderly stop may take.
const STOP_MS_MAX: u64 = 15_000;
/// After what time objects go of topics that did not come back: a day, and some more.
const STRANGERS_MS: u64 = 32 * 3_600_000;
/// How long a recovery may take, and a start.
const RECOVERY_MS_MAX: u64 = 120_000;
const START_MS_MAX: u64 = 20_000;

/// What may happen, in words; see [`Counts`].
pub(super) const KINDS: [&str; 6] = [
    "disk lost and recovered",
    "old broker lived on",
    "crash at a disk operation of a recovery",
    "crash at a request of a recovery",
    "power loss in a recovery",
    "recovery that the store has failed",
];

/// How often each of [`KINDS`] has happened.
pub(super) type Counts = [u64; KINDS.len()];

const LOST: usize = 0;
const LIVED_ON: usize = 1;
const CUT_AT_DISK: usize = 2;
const CUT_AT_REQUEST: usize = 3;
const POWER_LOST: usize = 4;
const FAILED: usize = 5;

/// What a recovery is about.
pub(super) struct Recovery<'a> {
    pub(super) plan: &'a RecoveryPlan,
    pub(super) remote: &'a RemotePlan,
    pub(super) seed: u64,
    pub(super) clock: &'a SimClock,
    pub(super) shared: &'a Rc<Shared>,
    pub(super) old: &'a Rc<BrokerHost>,
    pub(super) new: &'a Rc<BrokerHost>,
    pub(super) counts: Counts,
}

/// How a run of `recover` ended.
enum Ended {
    Done(Recovered),
    Failed(String),
    CutOff,
}

impl Recovery<'_> {
    /// All of it.
    ///
    /// # Errors
    /// Something takes far too long, or cannot go on.
    pub(super) fn run(&mut self, sim: &mut Sim<'_>, watch: &mut Watch) -> anyhow::Result<()> {
        let mut rng = Rng::new(self.seed, purpose::RECOVERED);
        self.old.clock.set_offset_ms(0);
        let load = LastLoad {
            ledger: Rc::default(),
            works: Rc::default(),
            over: Rc::default(),
            writer: Rc::new(RefCell::new(None)),
        };
        let cluster = self.work(sim, watch, &load, Rng::new(rng.next_u64(), 0))?;
        self.lose(sim, watch, &load, &mut rng)?;
        watch.host = Rc::clone(self.new);
        *self.new.duty.borrow_mut() = Duty::Recover(cluster);
        self.recover(sim, watch, &mut rng)?;
        self.counts[LOST] += 1;

        let ledger = load.ledger.borrow();
        let expected = ledger.expected(|partition| watch.audit.borrow().bounds_of(partition));
        self.note(format_args!("recovered: {expected:?}"));
        let visit = Rc::new(Visit {
            host: Rc::clone(self.new),
            old: (self.plan.old == OldBroker::LivesOn).then(|| Rc::clone(self.old)),
            was_stopped: self.plan.old == OldBroker::Stopped,
            ledger: RefCell::new(ledger.cut(&expected)),
            expected,
            audit: Rc::clone(&watch.audit),
            writer: load.writer.borrow().clone(),
        });
        drop(ledger);
        *self.new.duty.borrow_mut() = Duty::Serve;
        sim.bounce(RECOVERED);
        self.until(sim, watch, START_MS_MAX, "the recovered broker does not start", |host| {
            !matches!(*host.process.borrow(), Process::Down | Process::Starting)
        })?;
        if let Process::Refused(reason) = &*self.new.process.borrow() {
            bail!("the recovered broker does not start: {reason}");
        }
        if let Some(tiering) = self.new.serving().and_then(|ctx| ctx.tiering.clone()) {
            watch.audit.borrow_mut().expect_generation(tiering.generation());
        }
        self.revisit(sim, watch, visit, &load, Rng::new(rng.next_u64(), 0))
    }

    /// Clients work once more; returns once the disk is to be lost.
    fn work(
        &self,
        sim: &mut Sim<'_>,
        watch: &mut Watch,
        load: &LastLoad,
        rng: Rng,
    ) -> anyhow::Result<ClusterId> {
        let ctx = self.old.serving();
        let cluster =
            ctx.as_ref().and_then(|ctx| ctx.tiering.as_ref()).map(|tiering| tiering.keys().cluster().clone());
        drop(ctx);
        let Some(cluster) = cluster else { bail!("the broker does not serve in the end") };
        let client = last_load::run(Rc::clone(self.shared), Rc::clone(self.old), load.clone(), rng);
        sim.client("last", client);
        let works = Rc::clone(&load.works);
        self.until(sim, watch, LOOK_MS_MAX, "the broker does not tell what it has", move |_| works.get())?;
        let until_ms = self.clock.elapsed_ms() + self.plan.load_ms;
        self.until(sim, watch, LOOK_MS_MAX, "", |host| host.clock.elapsed_ms() >= until_ms)?;
        Ok(cluster)
    }

    /// The disk is lost.
    fn lose(
        &mut self,
        sim: &mut Sim<'_>,
        watch: &mut Watch,
        load: &LastLoad,
        rng: &mut Rng,
    ) -> anyhow::Result<()> {
        self.note(format_args!("the disk is lost: {:?}", self.plan.old));
        match self.plan.old {
            OldBroker::LivesOn => {
                self.counts[LIVED_ON] += 1;
                return Ok(());
            }
            OldBroker::Stopped => {
                load.over.set(true);
                self.old.stop.notify_one();
                self.until(sim, watch, STOP_MS_MAX, "the broker does not stop", |host| {
                    !matches!(*host.process.borrow(), Process::Serving(_))
                })?;
            }
            OldBroker::Killed => load.over.set(true),
        }
        if rng.chance(50) {
            self.old.disk.power_loss(rng.next_u64());
        } else {
            self.old.disk.kill();
        }
        sim.crash(BROKER);
        if let Some(store) = &self.old.store {
            store.process_died();
        }
        *self.old.process.borrow_mut() = Process::Down;
        Ok(())
    }

    /// Runs `recover` until it is done.
    fn recover(&mut self, sim: &mut Sim<'_>, watch: &mut Watch, rng: &mut Rng) -> anyhow::Result<()> {
        let machine = Rc::clone(self.new);
        let mut is_begun = false;
        let mut runs: VecDeque<_> = self.plan.crashes.iter().map(Some).chain([None]).collect();
        let mut was_done = false;
        while let Some(crash) = runs.pop_front() {
            if is_begun {
                sim.bounce(RECOVERED);
            } else {
                let machine = Rc::clone(&machine);
                sim.host(RECOVERED, move || Rc::clone(&machine).run());
                is_begun = true;
            }
            let ended = self.attempt(sim, watch, crash)?;
            let power = match (&ended, crash) {
                (Ended::Done(_), _) => self.plan.power_at_end,
                (_, Some(crash)) => crash.power,
                (_, None) => false,
            };
            self.take_down(sim, power, rng);
            match ended {
                Ended::Done(recovered) => {
                    let is_again = matches!(recovered, Recovered::Nothing(_));
                    self.note(format_args!("recover is done, again: {is_again}"));
                    // What was cut off behind its last step was done.
                    ensure!(
                        is_again || !was_done,
                        "recover has found its own work unfinished: {recovered:?}"
                    );
                    if let Recovered::Done(report) = &recovered
                        && let Some(generation) = report.generation
                    {
                        watch.audit.borrow_mut().expect_generation(generation);
                    }
                    if was_done || !self.plan.again {
                        return Ok(());
                    }
                    was_done = true;
                    // Once more, and left alone.
                    runs = VecDeque::from([None]);
                }
                Ended::Failed(reason) => {
                    let is_excused = crash.is_some_and(|crash| crash.weather.is_some());
                    ensure!(is_excused, "recover has failed without a fault: {reason}");
                    self.note(format_args!("recover has failed: {reason}"));
                    self.counts[FAILED] += 1;
                }
                Ended::CutOff => {}
            }
            let down_ms = crash.map_or(0, |crash| crash.down_ms);
            let until_ms = self.clock.elapsed_ms() + down_ms;
            self.until(sim, watch, RECOVERY_MS_MAX, "", |host| host.clock.elapsed_ms() >= until_ms)?;
        }
        bail!("recover was never done")
    }

    /// One run of `recover`, which has just begun.
    fn attempt(
        &mut self,
        sim: &mut Sim<'_>,
        watch: &mut Watch,
        crash: Option<&CrashPlan>,
    ) -> anyhow::Result<Ended> {
        let (now_ms, store) = (self.clock.elapsed_ms(), self.new.store.clone());
        let weather = crash.and_then(|crash| crash.weather);
        if let Some(store) = &store {
            store.heal();
            if let Some(weather) = weather {
                let (from_ms, until_ms) = (now_ms + weather.from_ms, now_ms + weather.until_ms);
                store.add_weather(Weather { from_ms, until_ms, ..weather });
            }
        }
        self.note(format_args!("recover begins: {crash:?}"));
        let cut_off = crash.map(|crash| crash.cut_off);
        if let Some(CutOff::AtDisk(operations)) = cut_off {
            self.new.disk.with_faults(|faults| faults.cut_power_after(operations));
        }
        self.until(sim, watch, RECOVERY_MS_MAX, "a recovery is stuck", |host| {
            let is_cut_off = match cut_off {
                Some(CutOff::AtRequest(after_ms)) => host.clock.elapsed_ms() >= now_ms + after_ms,
                _ => host.disk.with_faults(|faults| faults.power_is_off()),
            };
            let has_ended = !matches!(*host.process.borrow(), Process::Down | Process::Starting);
            is_cut_off || has_ended
        })?;
        let power_is_off = self.new.disk.with_faults(|faults| faults.power_is_off());
        let process = std::mem::replace(&mut *self.new.process.borrow_mut(), Process::Down);
        let ended = match process {
            Process::Recovered(recovered) => Ended::Done(recovered),
            Process::Refused(reason) if !power_is_off => Ended::Failed(reason),
            _ => Ended::CutOff,
        };
        if matches!(ended, Ended::CutOff) {
            let kind = if power_is_off { CUT_AT_DISK } else { CUT_AT_REQUEST };
            self.counts[kind] += 1;
            self.counts[POWER_LOST] += u64::from(crash.is_some_and(|crash| crash.power));
        }
        Ok(ended)
    }

    fn take_down(&self, sim: &mut Sim<'_>, power: bool, rng: &mut Rng) {
        self.note(format_args!("recover is gone, power lost: {power}"));
        let shares_machine = self.remote.store == StoreKind::Directory && self.plan.old != OldBroker::LivesOn;
        if power {
            self.new.disk.power_loss(rng.next_u64());
            if shares_machine {
                // The directory's disk is another one of the same machine.
                self.old.disk.power_loss(rng.next_u64());
            }
        } else {
            self.new.disk.kill();
        }
        sim.crash(RECOVERED);
        if let Some(store) = &self.new.store {
            store.process_died();
        }
        *self.new.process.borrow_mut() = Process::Down;
    }

    /// Looks at the recovered broker, and at the object store.
    fn revisit(
        &self,
        sim: &mut Sim<'_>,
        watch: &mut Watch,
        visit: Rc<Visit>,
        load: &LastLoad,
        rng: Rng,
    ) -> anyhow::Result<()> {
        let is_over = Rc::new(Cell::new(false));
        let (shared, over) = (Rc::clone(self.shared), Rc::clone(&is_over));
        sim.client("visitor", async move {
            let visited = revisit::run(shared, visit, rng).await;
            over.set(true);
            visited
        });
        self.until(sim, watch, 4 * FINAL_MS_MAX, "the visit does not end", |_| is_over.get())?;
        load.over.set(true);
        let (host, shared) = (Rc::clone(self.new), Rc::clone(self.shared));
        let audit = Rc::clone(&watch.audit);
        let skip_ms = self.remote.skip_ms.max(STRANGERS_MS);
        sim.client("settled", settling::run(host, shared, audit, skip_ms));
        let deadline_ms = self.clock.elapsed_ms() + SETTLE_MS_MAX;
        run_until_done(sim, self.clock, deadline_ms, |_, _| watch.step())
    }

    /// Steps until something is so.
    fn until(
        &self,
        sim: &mut Sim<'_>,
        watch: &mut Watch,
        ms_max: u64,
        otherwise: &str,
        is_so: impl Fn(&BrokerHost) -> bool,
    ) -> anyhow::Result<()> {
        let deadline_ms = self.clock.elapsed_ms() + ms_max;
        let host = Rc::clone(&watch.host);
        while !is_so(&host) {
            let now_ms = u64::try_from(sim.elapsed().as_millis())?;
            self.clock.set_elapsed_ms(now_ms);
            ensure!(now_ms < deadline_ms, "{otherwise} within {ms_max} ms");
            watch.step();
            if let Err(error) = sim.step() {
                bail!("{error}");
            }
        }
        watch.step();
        Ok(())
    }

    fn note(&self, text: impl std::fmt::Display) {
        self.shared.recorder.borrow_mut().note(text);
    }
}
