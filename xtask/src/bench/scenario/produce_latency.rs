//! Scenario 6: how long one small record takes to be acknowledged at 1,000 a second, beside what the disk alone takes,
//! and at half of what the slower broker can do.

mod disk_limit;

use anyhow::Result;

use super::latencies::{Latencies, Measured, produce};
use super::producing::unbatched_peak;
use crate::bench::Bench;
use crate::bench::disk_alone::Way;
use crate::bench::latency::Load;
use crate::bench::measure::{Contender, Participant, Repetition, contenders, in_turn};
use crate::bench::metrics::Histogram;
use crate::bench::report::{Finding, Section, Target};
use crate::bench::statistics::{Percentiles, Spread};
use crate::bench::subject::{Kind, Subject};

const SECONDS: u32 = 6;
const SECONDS_QUICK: u32 = 3;
const RECORD_BYTES: u32 = 100;
const REQUESTS_PER_S: u32 = 1000;
/// Messages that a broker's peak is measured with, one per request.
const PEAK_MESSAGES: u32 = 50_000;
/// Time of one write or fdatasync of ours.
const FSYNC_SECONDS: &str = "highwater_log_fsync_seconds";

/// One repetition, and how long ours says that making records durable took on the mean, in microseconds.
fn with_fsync(
    bench: &Bench,
    one: &Measured<'_>,
    load: Load,
) -> Result<Repetition<(Percentiles, Option<f64>)>> {
    let http = match one {
        Measured::Broker(contender) => contender.subject.http.filter(|_| contender.durable),
        Measured::Disk(_) => None,
    };
    let read = || http.map(|address| Histogram::read(address, FSYNC_SECONDS)).transpose();
    let before = read()?;
    let repetition = one.run(bench, load)?;
    let mean = before.zip(read()?).and_then(|(before, after)| after.mean_since(&before));
    Ok(repetition.map(|percentiles| (*percentiles, mean.map(|seconds| seconds * 1e6))))
}

pub(super) fn run(bench: &Bench) -> Result<Section> {
    let subjects = bench.start_all_and_null()?;
    let measured: Vec<Measured<'_>> = subjects
        .iter()
        .flat_map(|subject| [true, false].map(|durable| Contender { subject, durable }))
        .filter(|contender| contender.subject.kind != Kind::Null || contender.durable)
        .map(Measured::Broker)
        .chain(Way::ALL.map(Measured::Disk))
        .collect();
    let seconds = if bench.quick { SECONDS_QUICK } else { SECONDS };
    let load = Load { record_bytes: RECORD_BYTES as usize, requests_per_s: REQUESTS_PER_S, seconds };
    // First, because it warms a JVM up.
    let slowest = slowest_peak(bench, &contenders(&subjects, false))?;
    let repetitions = in_turn(bench, &measured, |one| with_fsync(bench, one, load))?;
    let mut all = Vec::new();
    let mut fsync_us = Vec::new();
    for (one, repetitions) in measured.iter().zip(&repetitions) {
        let percentiles: Vec<_> =
            repetitions.iter().map(|repetition| repetition.map(|(percentiles, _)| *percentiles)).collect();
        all.push(Latencies::of(one.label(), &percentiles)?);
        fsync_us.extend(repetitions.iter().filter_map(|repetition| repetition.value.1));
    }
    let mut findings = findings(&measured, &all);
    let limits = disk_limit::limits(&measured, &all, &mut findings);
    let mut rows: Vec<_> = all.iter().map(Latencies::row).collect();
    let half = half_peak(bench, &subjects, load, slowest)?;
    rows.extend(half.rows);
    findings.extend(half.findings);
    let mut notes = vec![half.note];
    if let Some(fsync) = Spread::of(fsync_us) {
        notes.push(format!(
            "`{FSYNC_SECONDS}` of ours, durable: {:.0} µs for one write or fdatasync on the mean of a repetition \
             (median; {:.0} to {:.0}).",
            fsync.median, fsync.min, fsync.max
        ));
    }
    Ok(Section {
        number: 6,
        title: "Produce latency at 1,000 requests a second",
        method: format!(
            "One connection of the benchmark's own, {RECORD_BYTES} byte records, one per request, acks=all, {seconds} s \
             after a second of warm-up; a latency is from the write of the request to the end of the answer. \"Disk \
             alone\" are as many writes at the same pace by the benchmark itself: of one 4 KiB block with O_DIRECT and \
             O_DSYNC into a file written before, and of one such record to the end of a file with fdatasync."
        ),
        header: Latencies::HEADER.to_vec(),
        rows,
        findings,
        limits,
        notes,
    })
}

/// Ours durable against all others, and each kind against its like.
fn findings(measured: &[Measured<'_>], all: &[Latencies]) -> Vec<Finding> {
    let brokers = || {
        measured.iter().zip(all).filter_map(|(one, latencies)| match one {
            Measured::Broker(contender) => Some((contender, latencies)),
            Measured::Disk(_) => None,
        })
    };
    let mut findings = Vec::new();
    for (mine, ours) in brokers().filter(|(mine, _)| mine.subject.kind == Kind::Ours) {
        for (other, theirs) in brokers() {
            let is_comparable = matches!(other.subject.kind, Kind::Kafka | Kind::Peer);
            if !is_comparable || (!mine.durable && other.durable) {
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

/// What the load at half of the slower broker's peak found.
struct HalfPeak {
    rows: Vec<Vec<String>>,
    findings: Vec<Finding>,
    note: String,
}

/// Messages per second of the slowest of them, null aside, with one record per request.
fn slowest_peak(bench: &Bench, contenders: &[Contender<'_>]) -> Result<f64> {
    let mut slowest = f64::INFINITY;
    for contender in contenders.iter().filter(|contender| contender.subject.kind != Kind::Null) {
        let amount = (bench.scaled(PEAK_MESSAGES), RECORD_BYTES);
        slowest = slowest.min(unbatched_peak(bench, contender, amount)?);
    }
    Ok(slowest)
}

/// Ours durable, the others in the page cache, at half of `slowest` requests a second.
fn half_peak(bench: &Bench, subjects: &[Subject], load: Load, slowest: f64) -> Result<HalfPeak> {
    let contenders = contenders(subjects, false);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "far below 2^32, above 0")]
    let requests_per_s = (slowest / 2.0).max(1.0) as u32;
    let load = Load { requests_per_s, ..load };
    let repetitions = in_turn(bench, &contenders, |contender| produce(bench, contender, load))?;
    let mut all = Vec::new();
    for (contender, repetitions) in contenders.iter().zip(&repetitions) {
        all.push(Latencies::of(format!("{}, {requests_per_s}/s", contender.label()), repetitions)?);
    }
    let mut findings = Vec::new();
    for (contender, theirs) in contenders.iter().zip(&all).skip(1) {
        if contender.subject.kind != Kind::Null {
            for (name, mine, theirs_us) in
                [("p50", all[0].p50.median, theirs.p50.median), ("p99", all[0].p99.median, theirs.p99.median)]
            {
                let what = format!("produce {name}, {} against {}", all[0].label, theirs.label);
                findings.push(Finding::ratio(what, mine, theirs_us, Target::None));
            }
        }
    }
    Ok(HalfPeak {
        rows: all.iter().map(Latencies::row).collect(),
        findings,
        note: format!(
            "{requests_per_s}/s is half of what the slower broker reached with one record per request \
             ({slowest:.0}/s, rdkafka_performance, {} messages).",
            bench.scaled(PEAK_MESSAGES)
        ),
    })
}
