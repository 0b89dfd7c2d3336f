//! Scenario 11: what many partitions cost.

use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};

use super::producing::{Load, produce_in_turn};
use crate::bench::Bench;
use crate::bench::connection::Connection;
use crate::bench::measure::{Runs, contenders};
use crate::bench::rdkafka::BATCHED;
use crate::bench::report::{Finding, Section, Target};
use crate::bench::statistics::short;
use crate::bench::subject::{Kind, Subject};
use crate::bench::usage::resident_kib;

const COUNTS: [i32; 3] = [1, 100, 1000];
const MESSAGES: u32 = 5_000_000;
const MESSAGE_BYTES: u32 = 100;
const OPTIONS: [&str; 6] = ["-X", "sticky.partitioning.linger.ms=0", "-X", "partitioner=random", "-a", "-1"];
/// Partitions per topic, and topics, for the memory of an idle partition.
const IDLE_TOPIC_PARTITIONS: i32 = 1000;
const IDLE_TOPICS: u32 = 10;
/// After this, what creating them took is given back as far as it ever is.
const SETTLE: Duration = Duration::from_secs(5);

pub(super) fn run(bench: &Bench) -> Result<Section> {
    let subjects = bench.start_all()?;
    let messages = bench.scaled(MESSAGES);
    let options = [&BATCHED[..], &OPTIONS].concat();
    let mut rows = Vec::new();
    let mut findings = Vec::new();
    for others_durable in [false, true] {
        let contenders = contenders(&subjects, others_durable);
        let mut by_count = Vec::new();
        for partitions in COUNTS {
            let load = Load { partitions, messages, message_bytes: MESSAGE_BYTES, options: &options };
            let mut runs = produce_in_turn(bench, &contenders, load)?;
            for run in &mut runs {
                run.label = format!("{}, {partitions} partitions", run.label);
            }
            // Ours is the same in both rounds: shown once.
            rows.extend(runs.iter().filter(|run| !others_durable || run.kind != Kind::Ours).map(Runs::row));
            by_count.push(runs);
        }
        findings.extend(losses(&by_count, others_durable));
    }
    drop(subjects);
    let mut notes = Vec::new();
    for subject in [Some(bench.start_ours()?), bench.start_kafka()?].into_iter().flatten() {
        let partitions = bench.scaled(IDLE_TOPICS) * IDLE_TOPIC_PARTITIONS.unsigned_abs();
        let kib = idle_kib(&subject, bench.scaled(IDLE_TOPICS))?;
        let is_ours = subject.kind == Kind::Ours;
        let goal = if is_ours { Target::AtMost(8.0) } else { Target::None };
        findings.push(Finding::figure(
            format!("memory per idle partition, {}", subject.name),
            kib,
            "KiB",
            goal,
        ));
        notes.push(format!("{}: {} KiB for each of {partitions} idle partitions.", subject.name, short(kib)));
    }
    Ok(Section {
        number: 11,
        title: "Many partitions",
        method: format!(
            "rdkafka_performance, {messages} messages of {MESSAGE_BYTES} bytes to random partitions, acks=-1, linger 5 ms; \
             and the memory that idle partitions take."
        ),
        header: Runs::HEADER.to_vec(),
        rows,
        findings,
        notes,
    })
}

/// What is left of one partition's throughput with the most partitions, and ours against Kafka's there.
fn losses(by_count: &[Vec<Runs>], others_durable: bool) -> Vec<Finding> {
    let (Some(one), Some(most)) = (by_count.first(), by_count.last()) else { return Vec::new() };
    let mut findings = Vec::new();
    for (one, most) in one.iter().zip(most).filter(|(one, _)| !others_durable || one.kind != Kind::Ours) {
        let goal = if one.kind == Kind::Ours { Target::AtLeast(0.7) } else { Target::None };
        let what = format!("msg/s of {} against 1", most.label);
        findings.push(Finding::ratio(what, most.messages_per_s.median, one.messages_per_s.median, goal));
    }
    for other in most.iter().skip(1) {
        let what = format!("msg/s, {} against {}", most[0].label, other.label);
        findings.push(Finding::ratio(
            what,
            most[0].messages_per_s.median,
            other.messages_per_s.median,
            Target::None,
        ));
    }
    findings
}

/// Memory that a partition without records takes, in KiB.
fn idle_kib(subject: &Subject, topics: u32) -> Result<f64> {
    let mut connection = Connection::open(subject.address)?;
    // The first topic pays for what all share.
    connection.create_topic("bench-first", 1, &[])?;
    thread::sleep(SETTLE);
    let before = resident_kib(subject.pid)?;
    for topic in 0..topics {
        connection
            .create_topic(&format!("bench-idle-{topic}"), IDLE_TOPIC_PARTITIONS, &[])
            .context(subject.name.clone())?;
    }
    thread::sleep(SETTLE);
    let after = resident_kib(subject.pid)?;
    let partitions = f64::from(topics) * f64::from(IDLE_TOPIC_PARTITIONS);
    Ok((after as f64 - before as f64) / partitions)
}
