//! Scenario 6: how long one small record takes to be acknowledged at 1,000 a second.

use anyhow::{Context, Result};

use crate::bench::Bench;
use crate::bench::latency::{Load, measure};
use crate::bench::measure::{Contender, Repetition, in_turn, timed};
use crate::bench::report::{Finding, Section, Target};
use crate::bench::statistics::{Percentiles, Spread, short};
use crate::bench::subject::Kind;

const SECONDS: u32 = 20;
const SECONDS_QUICK: u32 = 5;
const RECORD_BYTES: usize = 100;
const REQUESTS_PER_S: u32 = 1000;

/// Medians over the repetitions of one contender's percentiles.
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

pub(super) fn run(bench: &Bench) -> Result<Section> {
    let subjects = bench.start_all()?;
    let both = |subject| [true, false].map(|durable| Contender { subject, durable });
    let contenders: Vec<Contender<'_>> = subjects.iter().flat_map(both).collect();
    let seconds = if bench.quick { SECONDS_QUICK } else { SECONDS };
    let load = Load { record_bytes: RECORD_BYTES, requests_per_s: REQUESTS_PER_S, seconds };
    let repetitions = in_turn(bench, &contenders, |contender| {
        let topic = bench.topic();
        contender.create_topic(&topic, 1)?;
        let repetition = timed(contender.subject, || {
            Percentiles::of(measure(contender.subject.address, &topic, load)?).context("nothing was sent")
        });
        contender.delete_topic(&topic)?;
        repetition
    })?;
    let pairs = contenders.iter().zip(&repetitions);
    let all: Vec<Latencies> = pairs
        .map(|(contender, repetitions)| Latencies::of(contender.label(), repetitions))
        .collect::<Result<_>>()?;
    Ok(Section {
        number: 6,
        title: "Produce latency at 1,000 requests a second",
        method: format!(
            "One connection of the benchmark's own, {RECORD_BYTES} byte records, one per request, acks=all, {seconds} s \
             after a second of warm-up; a latency is from the write of the request to the end of the answer."
        ),
        header: Latencies::HEADER.to_vec(),
        rows: all.iter().map(Latencies::row).collect(),
        findings: findings(&contenders, &all),
        notes: Vec::new(),
    })
}

/// Ours durable against all others, and each kind against its like.
fn findings(contenders: &[Contender<'_>], all: &[Latencies]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (mine, ours) in contenders.iter().zip(all).filter(|(mine, _)| mine.subject.kind == Kind::Ours) {
        for (other, theirs) in
            contenders.iter().zip(all).filter(|(other, _)| other.subject.kind != Kind::Ours)
        {
            if !mine.durable && other.durable {
                continue;
            }
            let is_goal = mine.durable && !other.durable && other.subject.kind == Kind::Kafka;
            let goal = if is_goal { Target::AtMost(1.1) } else { Target::None };
            for (name, ours_us, theirs_us) in
                [("p50", ours.p50.median, theirs.p50.median), ("p99", ours.p99.median, theirs.p99.median)]
            {
                let what = format!("produce {name}, {} against {}", ours.label, theirs.label);
                findings.push(Finding::ratio(what, ours_us, theirs_us, goal));
            }
        }
    }
    findings
}
