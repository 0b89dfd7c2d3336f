//! What processes use: CPU seconds and memory, as /proc tells.
//!
//! CPU is user plus system time, the unit of /proc being 1/100 s on every Linux that Rust targets (USER_HZ).

use std::fs;

use anyhow::{Context, Result};

/// Units of CPU time per second in /proc.
const TICKS_PER_SECOND: f64 = 100.0;
/// Position of the parent's id behind the command's closing parenthesis in /proc/PID/stat.
const PARENT_AT: usize = 1;
/// The parent of all threads of the kernel's.
const KERNEL_THREADS_PARENT: &str = "2";
/// Position of utime behind the command's closing parenthesis in /proc/PID/stat.
const USER_TIME_AT: usize = 11;

/// CPU seconds of a process so far, its ended threads included.
pub(crate) fn cpu_seconds(pid: u32) -> Result<f64> {
    let [user, system, ..] = times_of(&pid.to_string())?;
    Ok(seconds(user + system))
}

/// CPU seconds of a process so far in the kernel, on its behalf.
pub(crate) fn kernel_seconds(pid: u32) -> Result<f64> {
    let [_, system, ..] = times_of(&pid.to_string())?;
    Ok(seconds(system))
}

/// CPU seconds of this process and of the children it has waited for.
fn own_cpu_seconds() -> Result<f64> {
    Ok(seconds(times_of("self")?.iter().sum()))
}

/// Resident memory of a process in KiB.
pub(crate) fn resident_kib(pid: u32) -> Result<u64> {
    let path = format!("/proc/{pid}/status");
    let status = fs::read_to_string(&path).with_context(|| format!("process {pid} is not running"))?;
    resident_in(&status).with_context(|| format!("{path} has no VmRSS"))
}

fn times_of(process: &str) -> Result<[u64; 4]> {
    let path = format!("/proc/{process}/stat");
    let stat = fs::read_to_string(&path).with_context(|| format!("process {process} is not running"))?;
    parse_times(&stat).with_context(|| format!("{path} is not understood"))
}

/// utime, stime, cutime and cstime of /proc/PID/stat.
fn parse_times(stat: &str) -> Option<[u64; 4]> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_ascii_whitespace().skip(USER_TIME_AT);
    let mut next = || fields.next()?.parse().ok();
    Some([next()?, next()?, next()?, next()?])
}

fn resident_in(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().trim_end_matches("kB").trim().parse().ok()
}

#[expect(clippy::cast_precision_loss, reason = "a run has far fewer than 2^52 ticks")]
fn seconds(ticks: u64) -> f64 {
    ticks as f64 / TICKS_PER_SECOND
}

/// CPU time of the whole machine.
#[derive(Debug, Clone, Copy, PartialEq)]
struct MachineCpu {
    busy_s: f64,
    stolen_s: f64,
    total_s: f64,
}

fn parse_machine(stat: &str) -> Option<MachineCpu> {
    let line = stat.lines().next()?.strip_prefix("cpu ")?;
    let mut ticks = Vec::new();
    for field in line.split_ascii_whitespace() {
        ticks.push(field.parse::<u64>().ok()?);
    }
    // user nice system idle iowait irq softirq steal; guest time is part of user.
    let [user, nice, system, idle, iowait, irq, softirq, steal] = *ticks.first_chunk()?;
    let busy = user + nice + system + irq + softirq;
    Some(MachineCpu {
        busy_s: seconds(busy),
        stolen_s: seconds(steal),
        total_s: seconds(busy + idle + iowait + steal),
    })
}

/// CPU seconds of the kernel's own threads: they write back what brokers have written, and are not strangers.
fn kernel_cpu_seconds() -> Result<f64> {
    let mut ticks = 0;
    for entry in fs::read_dir("/proc").context("cannot list /proc")? {
        let path = entry?.path();
        let is_process =
            path.file_name().is_some_and(|name| name.as_encoded_bytes().iter().all(u8::is_ascii_digit));
        if is_process {
            // One that has ended meanwhile was no thread of the kernel's that matters.
            ticks +=
                fs::read_to_string(path.join("stat")).ok().and_then(|stat| kernel_ticks(&stat)).unwrap_or(0);
        }
    }
    Ok(seconds(ticks))
}

/// User and system time of /proc/PID/stat, if the process is a thread of the kernel's.
fn kernel_ticks(stat: &str) -> Option<u64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let parent = fields.split_ascii_whitespace().nth(PARENT_AT)?;
    let [user, system, ..] = parse_times(stat)?;
    (parent == KERNEL_THREADS_PARENT).then_some(user + system)
}

/// A look at the clock of the machine, the broker and this process, to be compared with a later one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Snapshot {
    machine: MachineCpu,
    broker_s: f64,
    own_s: f64,
    kernel_s: f64,
}

impl Snapshot {
    /// Looks now, at the broker with this id if there is one.
    pub(crate) fn take(broker: Option<u32>) -> Result<Self> {
        let stat = fs::read_to_string("/proc/stat").context("cannot read /proc/stat")?;
        let machine = parse_machine(&stat).context("/proc/stat is not understood")?;
        let broker_s = broker.map(cpu_seconds).transpose()?.unwrap_or_default();
        Ok(Self { machine, broker_s, own_s: own_cpu_seconds()?, kernel_s: kernel_cpu_seconds()? })
    }

    /// CPU seconds of this process and of the clients that it has run since `earlier`.
    pub(crate) fn client_seconds_since(&self, earlier: &Self) -> f64 {
        self.own_s - earlier.own_s
    }

    /// CPU seconds of the broker since `earlier`.
    pub(crate) fn broker_seconds_since(&self, earlier: &Self) -> f64 {
        self.broker_s - earlier.broker_s
    }

    /// Share of the machine's CPU that neither broker nor client nor kernel threads used since `earlier`, or that was
    /// stolen; 0 to 1.
    pub(crate) fn foreign_share_since(&self, earlier: &Self) -> f64 {
        let known =
            self.broker_s - earlier.broker_s + self.own_s - earlier.own_s + self.kernel_s - earlier.kernel_s;
        let busy = self.machine.busy_s - earlier.machine.busy_s;
        let stolen = self.machine.stolen_s - earlier.machine.stolen_s;
        let total = self.machine.total_s - earlier.machine.total_s;
        if total > 0.0 { ((busy - known).max(0.0) + stolen) / total } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_behind_a_command_with_spaces_and_parentheses() {
        let stat = "7 (a (b) c) S 1 7 7 0 -1 4194304 10 20 30 40 111 222 333 444 20 0 5 0 99";
        assert_eq!(parse_times(stat), Some([111, 222, 333, 444]));
    }

    #[test]
    fn resident_memory_is_read_in_kib() {
        assert_eq!(resident_in("Name:\tx\nVmRSS:\t   12345 kB\nThreads:\t1\n"), Some(12345));
    }

    #[test]
    fn waiting_for_the_disk_is_not_busy() {
        let machine = parse_machine("cpu  100 0 100 500 300 0 0 50 0 0\ncpu0 1\n").unwrap();
        assert_eq!(machine, MachineCpu { busy_s: 2.0, stolen_s: 0.5, total_s: 10.5 });
    }

    #[test]
    fn foreign_is_what_neither_broker_nor_client_nor_kernel_used() {
        let at = |busy_s, total_s, broker_s, own_s| Snapshot {
            machine: MachineCpu { busy_s, stolen_s: 0.0, total_s },
            broker_s,
            own_s,
            kernel_s: total_s / 20.0,
        };
        let share = at(8.0, 20.0, 3.0, 3.5).foreign_share_since(&at(0.0, 10.0, 0.0, 0.0));
        assert!((share - 0.1).abs() < 1e-9, "{share}");
    }

    #[test]
    fn only_children_of_kthreadd_are_the_kernels() {
        let stat =
            |parent| format!("7 (kworker/u4:1) I {parent} 0 0 0 -1 69238880 0 0 0 0 5 7 0 0 20 0 1 0 99");
        assert_eq!(kernel_ticks(&stat(2)), Some(12));
        assert_eq!(kernel_ticks(&stat(1)), None);
    }
}
