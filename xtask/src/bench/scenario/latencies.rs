//! What the scenarios that measure produce latency share.

use anyhow::{Context, Result};

use crate::bench::Bench;
use crate::bench::disk_alone::Way;
use crate::bench::latency::{Load, measure};
use crate::bench::measure::{Contender, Participant, Repetition, timed, timed_alone};
use crate::bench::statistics::{Percentiles, Spread, short};
use crate::bench::subject::Kind;

/// Medians over the repetitions of one contender's percentiles, in microseconds.
#[derive(Debug)]
pub(super) struct Latencies {
    pub(super) label: String,
    pub(super) p50: Spread,
    pub(super) p99: Spread,
    pub(super) p999: Spread,
    pub(super) max: Spread,
    cpu_s: Spread,
}

impl Latencies {
    pub(super) const HEADER: [&'static str; 8] =
        ["broker", "p50 µs", "p50 min", "p50 max", "p99 µs", "p99.9 µs", "max µs", "broker CPU s"];

    pub(super) fn of(label: String, repetitions: &[Repetition<Percentiles>]) -> Result<Self> {
        let spread = |value: &dyn Fn(&Repetition<Percentiles>) -> f64| {
            Spread::of(repetitions.iter().map(value)).context("nothing was measured")
        };
        Ok(Self {
            label,
            p50: spread(&|one| one.value.p50 as f64)?,
            p99: spread(&|one| one.value.p99 as f64)?,
            p999: spread(&|one| one.value.p999 as f64)?,
            max: spread(&|one| one.value.max as f64)?,
            cpu_s: spread(&|one| one.cpu_s)?,
        })
    }

    pub(super) fn row(&self) -> Vec<String> {
        let whole = |value: f64| format!("{value:.0}");
        let p50 = [self.p50.median, self.p50.min, self.p50.max].map(whole);
        let mut row = vec![self.label.clone()];
        row.extend(p50);
        row.extend([self.p99.median, self.p999.median, self.max.median].map(whole));
        row.push(short(self.cpu_s.median));
        row
    }
}

/// One repetition: the load goes to a topic of its own.
pub(super) fn produce(
    bench: &Bench,
    contender: &Contender<'_>,
    load: Load,
) -> Result<Repetition<Percentiles>> {
    let topic = bench.topic();
    contender.create_topic(&topic, 1)?;
    let repetition = timed(contender.subject, || {
        Percentiles::of(measure(contender.subject.address, &topic, load)?).context("nothing was sent")
    });
    contender.delete_topic(&topic)?;
    repetition
}

/// A broker, or the disk that they all write to.
#[derive(Debug, Clone, Copy)]
pub(super) enum Measured<'a> {
    Broker(Contender<'a>),
    Disk(Way),
}

impl Participant for Measured<'_> {
    fn label(&self) -> String {
        match self {
            Self::Broker(contender) => contender.label(),
            Self::Disk(way) => way.label().to_owned(),
        }
    }

    fn jvm(&self) -> Option<u32> {
        match self {
            Self::Broker(contender) => contender.jvm(),
            Self::Disk(_) => None,
        }
    }
}

impl Measured<'_> {
    pub(super) fn is(&self, kind: Kind, durable: bool) -> bool {
        matches!(self, Self::Broker(contender) if contender.subject.kind == kind && contender.durable == durable)
    }

    /// One repetition.
    pub(super) fn run(&self, bench: &Bench, load: Load) -> Result<Repetition<Percentiles>> {
        match self {
            Self::Broker(contender) => produce(bench, contender, load),
            Self::Disk(way) => timed_alone(|| {
                let latencies = way.measure(&bench.fresh_directory("disk-alone"), load)?;
                Percentiles::of(latencies).context("nothing was written")
            }),
        }
    }
}
