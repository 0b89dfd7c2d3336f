//! Makes the planned faults happen, and plays the operator who restarts what is down.
//!
//! It looks at the world once per simulated millisecond, between the steps of the hosts.

use std::cell::RefCell;
use std::rc::Rc;

use broker_log::io::memory_disk::{FaultCounts, OperationKind};
use turmoil::Sim;

use crate::broker_host::{BrokerHost, Process};
use crate::bucket::Work;
use crate::bucket::remote_store::RemoteStore;
use crate::clients::Shared;
use crate::plan::{FAULT_KINDS, Fault, Plan, PlannedFault, purpose};
use crate::random::Rng;

/// Name of the broker's host.
pub const BROKER: &str = "broker";

/// A power loss or restart that was announced happens after this time at the latest.
const PATIENCE_MS: u64 = 300;
/// How long the operator lets a broker run that is out of service.
const OUT_OF_SERVICE_MS: u64 = 300;
/// How long an orderly stop may take: the broker's own bound and some more.
const STOP_MS_MAX: u64 = 15_000;
/// How long a start may take before it counts as stuck.
const START_MS_MAX: u64 = 20_000;
/// How long a crash waits for the work that it is to interrupt.
const INTERRUPT_MS_MAX: u64 = 1_500;
const DISK_CAPACITY: u64 = u64::MAX / 2;

/// How the broker is to go down.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum End {
    Kill,
    PowerLoss,
}

/// What the broker's machine is up to.
#[derive(Debug)]
enum Machine {
    /// The process runs.
    Up,
    /// The power goes when the disk says so, at the latest at this time.
    LosingPower { at_ms: u64 },
    /// It is asked to stop; a process that does not is ended at this time.
    Stopping { until_ms: u64 },
    /// It will be restarted in this way at this time: it failed and nobody has looked yet.
    Failed { at_ms: u64, end: End },
    /// The process is gone until this time.
    Down { until_ms: u64, again: Option<u64> },
}

/// A crash that waits for the broker to be about some work.
#[derive(Debug)]
struct Interrupt {
    work: Work,
    end: End,
    /// Its place in [`FAULT_KINDS`].
    kind: usize,
    until_ms: u64,
    down_ms: u64,
}

/// A network fault that ends.
#[derive(Debug)]
struct Repair {
    at_ms: u64,
    client: usize,
    held: bool,
}

/// The faults' state.
pub struct Nemesis {
    host: Rc<BrokerHost>,
    shared: Rc<Shared>,
    waiting: Vec<PlannedFault>,
    machine: Machine,
    repairs: Vec<Repair>,
    space_back_at_ms: Option<u64>,
    /// The disk's faults when the process was started last.
    at_start: FaultCounts,
    started_at_ms: u64,
    /// How often the object store had refused by then, and whether the broker ever served.
    troubles_at_start: u64,
    has_served: bool,
    down_ms: u64,
    again: Option<u64>,
    reboot: bool,
    interrupt: Option<Interrupt>,
    rng: Rng,
    /// How often each kind of fault has happened.
    pub counts: Rc<RefCell<[u64; FAULT_KINDS.len()]>>,
}

impl Nemesis {
    /// The faults of a plan; the broker has just been started.
    #[must_use]
    pub fn new(plan: &Plan, host: Rc<BrokerHost>, shared: Rc<Shared>) -> Nemesis {
        let mut waiting = plan.faults.clone();
        waiting.reverse();
        Nemesis {
            at_start: host.disk.fault_counts(),
            host,
            shared,
            waiting,
            machine: Machine::Up,
            repairs: Vec::new(),
            space_back_at_ms: None,
            started_at_ms: 0,
            troubles_at_start: 0,
            has_served: false,
            down_ms: 0,
            again: None,
            reboot: false,
            interrupt: None,
            rng: Rng::new(plan.seed, purpose::DISK),
            counts: Rc::default(),
        }
    }

    /// Does what is due at `now_ms`.
    pub fn tick(&mut self, sim: &mut Sim<'_>, now_ms: u64) {
        self.tick_machine(sim, now_ms);
        self.tick_interrupt(sim, now_ms);
        self.end_faults(sim, now_ms);
        while self.waiting.last().is_some_and(|planned| planned.at_ms <= now_ms) {
            if !self.begin(sim, now_ms) {
                break;
            }
        }
    }

    /// Ends all faults and brings the broker up: from here on everything must work.
    pub fn heal(&mut self, sim: &mut Sim<'_>, now_ms: u64) {
        self.shared.recorder.borrow_mut().note("everything heals");
        self.waiting.clear();
        (self.again, self.interrupt) = (None, None);
        if let Some(store) = &self.host.store {
            store.heal();
        }
        self.host.disk.with_faults(|faults| {
            faults.clear();
            faults.capacity = DISK_CAPACITY;
        });
        self.space_back_at_ms = None;
        for repair in &mut self.repairs {
            repair.at_ms = now_ms;
        }
        self.end_faults(sim, now_ms);
        match &mut self.machine {
            Machine::LosingPower { at_ms } => *at_ms = now_ms,
            Machine::Down { again, .. } => *again = None,
            _ => {}
        }
    }

    fn tick_machine(&mut self, sim: &mut Sim<'_>, now_ms: u64) {
        let power_is_off = self.host.disk.with_faults(|faults| faults.power_is_off());
        match self.machine {
            Machine::LosingPower { at_ms } if power_is_off || at_ms <= now_ms => {
                self.take_down(sim, now_ms, End::PowerLoss);
            }
            Machine::LosingPower { .. } => {}
            Machine::Up => self.watch(now_ms),
            Machine::Failed { at_ms, end } if at_ms <= now_ms => self.take_down(sim, now_ms, end),
            Machine::Failed { .. } => {}
            Machine::Stopping { until_ms } => self.watch_stop(sim, now_ms, until_ms),
            Machine::Down { until_ms, again } if until_ms <= now_ms => self.bring_up(sim, now_ms, again),
            Machine::Down { .. } => {}
        }
    }

    /// Ends the process in the middle of the work that was waited for.
    fn tick_interrupt(&mut self, sim: &mut Sim<'_>, now_ms: u64) {
        let Some(interrupt) = &self.interrupt else { return };
        if interrupt.until_ms <= now_ms {
            self.interrupt = None;
            return;
        }
        let is_up = matches!(self.machine, Machine::Up);
        if is_up && self.host.store.as_ref().is_some_and(|store| store.is_working(interrupt.work)) {
            let Interrupt { work, end, kind, down_ms, .. } = *interrupt;
            self.interrupt = None;
            self.down_ms = down_ms;
            self.counts.borrow_mut()[kind] += 1;
            self.shared.recorder.borrow_mut().note(format_args!("fault: in the middle of {work:?}"));
            self.take_down(sim, now_ms, end);
        }
    }

    /// Looks whether the process is well, as whoever watches `/healthz` does.
    fn watch(&mut self, now_ms: u64) {
        self.has_served |= matches!(&*self.host.process.borrow(), Process::Serving(_));
        let failure = match &*self.host.process.borrow() {
            Process::Refused(reason) => Some(format!("did not start: {reason}")),
            Process::Stopped(_) => Some("stopped unasked".to_owned()),
            Process::Starting if now_ms > self.started_at_ms + START_MS_MAX => {
                Some("start is stuck".to_owned())
            }
            _ => None,
        };
        let Some(failure) = failure.or_else(|| self.host.failure()) else {
            if self.disk_has_failed() {
                // The metadata log fails without the log directory.
                self.machine =
                    Machine::Failed { at_ms: now_ms + OUT_OF_SERVICE_MS, end: self.end_of_failed() };
            }
            return;
        };
        let mut recorder = self.shared.recorder.borrow_mut();
        // A full disk may refuse a start; a broker that runs goes on once there is room.
        let refused = matches!(&*self.host.process.borrow(), Process::Refused(_));
        // Before it knows the store it does not begin without it; afterwards it must.
        let had_no_store = refused && !self.has_served && self.troubles() > self.troubles_at_start;
        let was_full = self.host.disk.fault_counts().no_space > self.at_start.no_space;
        if self.disk_has_failed() || (refused && was_full) || had_no_store {
            recorder.note(format_args!("broker is out of service: {failure}"));
        } else {
            recorder
                .violation(format_args!("broker is out of service without a fault of its disk: {failure}"));
        }
        drop(recorder);
        self.machine = Machine::Failed { at_ms: now_ms + OUT_OF_SERVICE_MS, end: self.end_of_failed() };
    }

    fn troubles(&self) -> u64 {
        let counts = RemoteStore::counts(self.host.store.as_ref());
        counts.iter().map(|(_, count)| count).sum()
    }

    fn end_of_failed(&self) -> End {
        if self.reboot { End::PowerLoss } else { End::Kill }
    }

    fn disk_has_failed(&self) -> bool {
        let (now, then) = (self.host.disk.fault_counts(), self.at_start);
        now.read_errors > then.read_errors
            || now.write_errors > then.write_errors
            || now.sync_errors > then.sync_errors
    }

    fn watch_stop(&mut self, sim: &mut Sim<'_>, now_ms: u64, until_ms: u64) {
        let ended = match &*self.host.process.borrow() {
            Process::Stopped(Some(error)) if !self.disk_has_failed() => {
                Some(Some(format!("stop failed: {error}")))
            }
            Process::Stopped(_) | Process::Refused(_) => Some(None),
            _ if until_ms <= now_ms => Some(Some("broker did not stop in time".to_owned())),
            _ => None,
        };
        let Some(violation) = ended else { return };
        if let Some(violation) = violation {
            self.shared.recorder.borrow_mut().violation(violation);
        }
        self.take_down(sim, now_ms, End::Kill);
    }

    fn take_down(&mut self, sim: &mut Sim<'_>, now_ms: u64, end: End) {
        self.shared.recorder.borrow_mut().note(format_args!("the broker is gone: {end:?}"));
        match end {
            // The disk first: nothing may be written by what ends.
            End::Kill => self.host.disk.kill(),
            End::PowerLoss => self.host.disk.power_loss(self.rng.next_u64()),
        }
        sim.crash(BROKER);
        if let Some(store) = &self.host.store {
            store.process_died();
        }
        *self.host.process.borrow_mut() = Process::Down;
        self.machine = Machine::Down { until_ms: now_ms + self.down_ms, again: self.again.take() };
        self.reboot = false;
    }

    fn bring_up(&mut self, sim: &mut Sim<'_>, now_ms: u64, again: Option<u64>) {
        self.shared.recorder.borrow_mut().note("the broker starts");
        self.at_start = self.host.disk.fault_counts();
        self.started_at_ms = now_ms;
        self.troubles_at_start = self.troubles();
        self.host.forget_stop();
        self.machine = Machine::Up;
        if let Some(after) = again {
            self.lose_power(now_ms, after);
        }
        sim.bounce(BROKER);
    }

    fn lose_power(&mut self, now_ms: u64, after: u64) {
        self.host.disk.with_faults(|faults| faults.cut_power_after(after));
        self.machine = Machine::LosingPower { at_ms: now_ms + PATIENCE_MS };
    }

    /// Begins the fault that is due, unless it has to wait for the broker.
    fn begin(&mut self, sim: &mut Sim<'_>, now_ms: u64) -> bool {
        let Some(planned) = self.waiting.pop() else { return false };
        let needs_broker = matches!(
            planned.fault,
            Fault::Kill
                | Fault::PowerLoss { .. }
                | Fault::FailedSync { .. }
                | Fault::FailedWrite { .. }
                | Fault::Restart
        );
        if needs_broker && !matches!(self.machine, Machine::Up) {
            self.waiting.push(planned);
            return false;
        }
        self.shared.recorder.borrow_mut().note(format_args!("fault: {:?}", planned.fault));
        if let Fault::Interrupt { work, power } = planned.fault {
            let end = if power { End::PowerLoss } else { End::Kill };
            let (kind, down_ms) = (planned.fault.kind(), planned.down_ms);
            let until_ms = now_ms + INTERRUPT_MS_MAX;
            self.interrupt = Some(Interrupt { work, end, kind, until_ms, down_ms });
            return true;
        }
        self.counts.borrow_mut()[planned.fault.kind()] += 1;
        self.down_ms = planned.down_ms;
        match planned.fault {
            // Above.
            Fault::Interrupt { .. } => {}
            Fault::Kill => self.take_down(sim, now_ms, End::Kill),
            Fault::PowerLoss { after, again } => {
                self.again = again;
                self.lose_power(now_ms, after);
            }
            Fault::FailedSync { after, reboot } => self.fail(OperationKind::Sync, after, reboot),
            Fault::FailedWrite { after, reboot } => self.fail(OperationKind::Write, after, reboot),
            Fault::Restart => {
                self.host.stop.notify_one();
                self.machine = Machine::Stopping { until_ms: now_ms + STOP_MS_MAX };
            }
            Fault::DiskFull { room, for_ms } => {
                let used = self.host.disk.used_bytes();
                self.host.disk.with_faults(|faults| faults.capacity = used + room);
                self.space_back_at_ms = Some(now_ms + for_ms);
            }
            Fault::ClockJump { offset_ms } => self.host.clock.set_offset_ms(offset_ms),
            Fault::Cut { client } => self.shared.cuts[client].notify_waiters(),
            Fault::Partition { client, for_ms } => {
                sim.partition(Shared::host_name(client), BROKER);
                self.repairs.push(Repair { at_ms: now_ms + for_ms, client, held: false });
            }
            Fault::Hold { client, for_ms } => {
                sim.hold(Shared::host_name(client), BROKER);
                self.repairs.push(Repair { at_ms: now_ms + for_ms, client, held: true });
            }
        }
        true
    }

    fn fail(&mut self, kind: OperationKind, after: u64, reboot: bool) {
        self.host.disk.with_faults(|faults| faults.fail(kind, "", after));
        self.reboot = reboot;
    }

    fn end_faults(&mut self, sim: &mut Sim<'_>, now_ms: u64) {
        if self.space_back_at_ms.is_some_and(|at_ms| at_ms <= now_ms) {
            self.space_back_at_ms = None;
            self.host.disk.with_faults(|faults| faults.capacity = DISK_CAPACITY);
            self.shared.recorder.borrow_mut().note("the disk has room again");
        }
        self.repairs.retain(|repair| {
            if repair.at_ms > now_ms {
                return true;
            }
            if repair.held {
                sim.release(Shared::host_name(repair.client), BROKER);
            } else {
                sim.repair(Shared::host_name(repair.client), BROKER);
            }
            false
        });
    }
}
