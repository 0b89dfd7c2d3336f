//! Repetitions in turn: A, B, A, B, …, each with what the broker used, the first round thrown away.
//!
//! The first round warms a JVM up; it is run for everyone. A repetition that others disturbed is repeated once and then
//! kept with its disturbance.

use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};

use super::Bench;
use super::connection::Connection;
use super::rdkafka::Throughput;
use super::report::{Finding, Target};
use super::statistics::{Spread, short};
use super::subject::{Kind, Subject};
use super::usage::{Snapshot, resident_kib};

/// Share of the machine that others may use before a repetition counts as disturbed.
const FOREIGN_SHARE_MAX: f64 = 0.1;
/// Pause for what a deleted topic leaves behind.
const SETTLE: Duration = Duration::from_millis(500);
const KIB_PER_MIB: f64 = 1024.0;

/// A broker with one of its two kinds of acknowledgement.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Contender<'a> {
    pub(crate) subject: &'a Subject,
    pub(crate) durable: bool,
}

impl Contender<'_> {
    /// What tables call it.
    pub(crate) fn label(&self) -> String {
        let acknowledges = if self.durable { "durable" } else { "page cache" };
        format!("{}, {acknowledges}", self.subject.name)
    }

    /// Creates a topic whose appends are acknowledged in this contender's way.
    pub(crate) fn create_topic(&self, topic: &str, partitions: i32) -> Result<()> {
        let mut connection = Connection::open(self.subject.address)?;
        connection.create_topic(topic, partitions, &self.subject.topic_configs(self.durable))
    }

    /// Deletes it and lets the disk come to rest.
    pub(crate) fn delete_topic(&self, topic: &str) -> Result<()> {
        Connection::open(self.subject.address)?.delete_topic(topic)?;
        thread::sleep(SETTLE);
        rustix::fs::sync();
        Ok(())
    }
}

/// Ours durable, the others as `others_durable` says.
pub(crate) fn contenders(subjects: &[Subject], others_durable: bool) -> Vec<Contender<'_>> {
    let durable = |subject: &Subject| subject.kind == Kind::Ours || others_durable;
    subjects.iter().map(|subject| Contender { subject, durable: durable(subject) }).collect()
}

/// One repetition: what was measured, and what the broker used meanwhile.
#[derive(Debug, Clone)]
pub(crate) struct Repetition<T> {
    pub(crate) value: T,
    pub(crate) cpu_s: f64,
    pub(crate) resident_kib: u64,
    pub(crate) foreign_share: f64,
}

/// Runs `work`, whose core is `timed`, for each contender in turn, after one round that is thrown away.
pub(crate) fn in_turn<T>(
    bench: &Bench,
    contenders: &[Contender<'_>],
    mut work: impl FnMut(&Contender<'_>) -> Result<Repetition<T>>,
) -> Result<Vec<Vec<Repetition<T>>>> {
    let mut all: Vec<Vec<Repetition<T>>> = contenders.iter().map(|_| Vec::new()).collect();
    for round in 0..=bench.repetitions {
        for (contender, kept) in contenders.iter().zip(&mut all) {
            let mut repetition = work(contender).with_context(|| contender.label())?;
            if round == 0 {
                continue;
            }
            if repetition.foreign_share > FOREIGN_SHARE_MAX && !bench.quick {
                repetition = work(contender).with_context(|| contender.label())?;
            }
            kept.push(repetition);
        }
    }
    Ok(all)
}

/// Runs `work` and looks at what the broker used.
pub(crate) fn timed<T>(subject: &Subject, work: impl FnOnce() -> Result<T>) -> Result<Repetition<T>> {
    let before = Snapshot::take(subject.pid)?;
    let value = work()?;
    let after = Snapshot::take(subject.pid)?;
    Ok(Repetition {
        value,
        cpu_s: after.broker_seconds_since(&before),
        resident_kib: resident_kib(subject.pid)?,
        foreign_share: after.foreign_share_since(&before),
    })
}

/// All repetitions of one contender.
#[derive(Debug, Clone)]
pub(crate) struct Runs {
    pub(crate) label: String,
    pub(crate) kind: Kind,
    pub(crate) messages_per_s: Spread,
    pub(crate) megabytes_per_s: Spread,
    pub(crate) cpu_s: Spread,
    pub(crate) cpu_s_per_gb: f64,
    pub(crate) resident_mib: f64,
    foreign_share: f64,
}

impl Runs {
    /// The columns of `row`.
    pub(crate) const HEADER: [&'static str; 9] = [
        "broker",
        "msg/s min",
        "median",
        "max",
        "MB/s",
        "broker CPU s",
        "CPU s/GB",
        "RSS MiB",
        "foreign CPU",
    ];

    pub(crate) fn of(contender: &Contender<'_>, repetitions: &[Repetition<Throughput>]) -> Result<Self> {
        let spread = |value: &dyn Fn(&Repetition<Throughput>) -> f64| {
            Spread::of(repetitions.iter().map(value)).context("nothing was measured")
        };
        let cpu_s = spread(&|one| one.cpu_s)?;
        let gigabytes = spread(&|one| one.value.bytes as f64 / 1e9)?.median;
        Ok(Self {
            label: contender.label(),
            kind: contender.subject.kind,
            messages_per_s: spread(&|one| one.value.messages_per_s())?,
            megabytes_per_s: spread(&|one| one.value.megabytes_per_s())?,
            cpu_s,
            cpu_s_per_gb: cpu_s.median / gigabytes,
            resident_mib: spread(&|one| one.resident_kib as f64 / KIB_PER_MIB)?.median,
            foreign_share: spread(&|one| one.foreign_share)?.max,
        })
    }

    /// One line of a table.
    pub(crate) fn row(&self) -> Vec<String> {
        let Spread { min, median, max } = self.messages_per_s;
        let numbers = [min, median, max, self.megabytes_per_s.median, self.cpu_s.median];
        let mut row = vec![self.label.clone()];
        row.extend(numbers.map(short));
        row.push(short(self.cpu_s_per_gb));
        row.push(format!("{:.0}", self.resident_mib));
        row.push(format!("{:.0} %", self.foreign_share * 100.0));
        row
    }
}

/// Ours against every other contender: throughput and CPU per byte.
pub(crate) fn compare(runs: &[Runs], throughput: Target, cpu: Target) -> Vec<Finding> {
    let Some((ours, others)) = runs.split_first() else { return Vec::new() };
    let mut findings = Vec::new();
    for other in others {
        // Goals are about Kafka.
        let goal = |target| if other.kind == Kind::Kafka { target } else { Target::None };
        let what = format!("msg/s, {} against {}", ours.label, other.label);
        let (mine, theirs) = (ours.messages_per_s.median, other.messages_per_s.median);
        findings.push(Finding::ratio(what, mine, theirs, goal(throughput)));
        let what = format!("broker CPU, {} against {}", ours.label, other.label);
        findings.push(Finding::ratio(what, ours.cpu_s_per_gb, other.cpu_s_per_gb, goal(cpu)));
    }
    findings
}
