//! Scenario 11: what many partitions cost.

use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};

use super::producing::{Load, produce_in_turn};
use crate::bench::Bench;
use crate::bench::connection::Connection;
use crate::bench::measure::{Contender, contenders};
use crate::bench::rdkafka::BATCHED;
use crate::bench::report::{Finding, Section, Target};
use crate::bench::runs::{Runs, compare, cpu_evidence, null_of, rows};
use crate::bench::statistics::short;
use crate::bench::subject::{Kind, Subject};
use crate::bench::usage::resident_kib;

const COUNTS: [i32; 3] = [1, 100, 1000];
/// What is to be left of one partition's throughput with the most partitions.
const GOAL: f64 = 0.7;
const MESSAGES: u32 = 2_000_000;
const MESSAGE_BYTES: u32 = 100;
const OPTIONS: [&str; 6] = ["-X", "sticky.partitioning.linger.ms=0", "-X", "partitioner=random", "-a", "-1"];
/// Partitions per topic, and topics, for the memory of an idle partition.
const IDLE_TOPIC_PARTITIONS: i32 = 1000;
const IDLE_TOPICS: u32 = 10;
/// After this, what creating them took is given back as far as it ever is.
const SETTLE: Duration = Duration::from_secs(5);

pub(super) fn run(bench: &Bench) -> Result<Section> {
    let messages = bench.scaled(MESSAGES);
    let by_count = by_count(bench, messages)?;
    let mut findings = losses(&by_count);
    let limits = limit(&by_count).into_iter().collect();
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
             and the memory that idle partitions take. \"Of ceiling\" is the share of what the client reaches with as many \
             partitions against the null broker."
        ),
        header: Runs::HEADER.to_vec(),
        rows: by_count.iter().flat_map(|runs| rows(runs)).collect(),
        findings,
        limits,
        notes,
    })
}

/// The runs with each number of partitions: ours durable first, then the others in the page cache, Kafka durable, null.
fn by_count(bench: &Bench, messages: u32) -> Result<Vec<Vec<Runs>>> {
    let subjects = bench.start_all_and_null()?;
    let mut contenders = contenders(&subjects, false);
    let durable = subjects.iter().filter(|subject| subject.kind == Kind::Kafka);
    contenders.extend(durable.map(|subject| Contender { subject, durable: true }));
    let options = [&BATCHED[..], &OPTIONS].concat();
    let mut by_count = Vec::new();
    for partitions in COUNTS {
        let load = Load { partitions, messages, message_bytes: MESSAGE_BYTES, options: &options };
        let mut runs = produce_in_turn(bench, &contenders, load)?;
        for run in &mut runs {
            let s = if partitions == 1 { "" } else { "s" };
            run.label = format!("{}, {partitions} partition{s}", run.label);
        }
        by_count.push(runs);
    }
    Ok(by_count)
}

/// What is left of one partition's throughput with the most partitions; ours there against Kafka and against the client's
/// ceiling; and what ours loses beyond what the client loses by itself.
fn losses(by_count: &[Vec<Runs>]) -> Vec<Finding> {
    let (Some(one), Some(most)) = (by_count.first(), by_count.last()) else { return Vec::new() };
    let mut findings = Vec::new();
    for (one, most) in one.iter().zip(most) {
        let goal = if one.kind == Kind::Ours { Target::AtLeast(GOAL) } else { Target::None };
        let what = format!("msg/s of {} against 1", most.label);
        findings.push(Finding::ratio(what, most.messages_per_s.median, one.messages_per_s.median, goal));
    }
    if let Some(kept) = Kept::of(by_count) {
        let what = "the same of ours, relative to what the client itself keeps against the null broker";
        findings.push(Finding::ratio(what, kept.ours, kept.client, Target::None));
    }
    findings.extend(compare(most, Target::None, Target::None));
    findings
}

/// Shares of one partition's throughput that are left with the most partitions.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Kept {
    ours: f64,
    /// Against the null broker.
    client: f64,
}

impl Kept {
    fn of(by_count: &[Vec<Runs>]) -> Option<Self> {
        let (one, most) = (by_count.first()?, by_count.last()?);
        let share = |one: &Runs, most: &Runs| most.messages_per_s.median / one.messages_per_s.median;
        Some(Self { ours: share(one.first()?, most.first()?), client: share(null_of(one)?, null_of(most)?) })
    }
}

/// Whether the client is what keeps ours from the goal, if that is missed.
fn limit(by_count: &[Vec<Runs>]) -> Option<String> {
    let kept = Kept::of(by_count)?;
    let most = by_count.last()?;
    let (ours, null) = (most.first()?, null_of(most)?);
    if kept.ours >= GOAL {
        return None;
    }
    let verdict = match (kept.client < GOAL, kept.ours >= GOAL * kept.client) {
        (true, true) => "the client",
        (true, false) => "the client, and ours beyond it",
        (false, _) => "not the client",
    };
    Some(format!(
        "{verdict}. Against a null broker, which stores nothing, the client itself keeps {:.2}x of its msg/s from {} \
         partition to {}; ours keeps {:.2}x, which is {:.2}x of what the client keeps, and reaches {:.0} % of the null \
         broker's msg/s there. {} {}",
        kept.client,
        COUNTS[0],
        COUNTS[COUNTS.len() - 1],
        kept.ours,
        kept.ours / kept.client,
        ours.messages_per_s.median * 100.0 / null.messages_per_s.median,
        cpu_evidence(ours),
        cpu_evidence(null)
    ))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::runs::tests::run;

    /// Ours and null with one and with many partitions.
    fn measured(ours: [f64; 2], null: [f64; 2]) -> Vec<Vec<Runs>> {
        let at =
            |count: usize| vec![run("ours", Kind::Ours, ours[count]), run("null", Kind::Null, null[count])];
        vec![at(0), at(1)]
    }

    #[test]
    fn a_client_that_loses_as_much_by_itself_is_the_limit() {
        let limit = limit(&measured([100.0, 30.0], [100.0, 35.0])).unwrap();
        assert!(limit.starts_with("the client. "), "{limit}");
        assert!(limit.contains("keeps 0.35x") && limit.contains("ours keeps 0.30x"), "{limit}");
    }

    #[test]
    fn what_ours_loses_beyond_the_client_is_not_excused() {
        let both = limit(&measured([100.0, 20.0], [100.0, 50.0])).unwrap();
        assert!(both.starts_with("the client, and ours beyond it. "), "{both}");
        let ours = limit(&measured([100.0, 20.0], [100.0, 90.0])).unwrap();
        assert!(ours.starts_with("not the client. "), "{ours}");
    }

    #[test]
    fn the_raw_ratio_keeps_its_goal_beside_the_relative_one() {
        let findings = losses(&measured([100.0, 30.0], [100.0, 40.0]));
        assert_eq!(findings[0].is_met(), Some(false));
        assert!(findings[2].what.contains("relative to what the client itself keeps"));
        assert!((findings[2].value - 0.75).abs() < 1e-9);
        assert_eq!(findings[2].is_met(), None);
    }

    #[test]
    fn a_goal_that_is_met_has_no_limit() {
        assert_eq!(limit(&measured([100.0, 80.0], [100.0, 35.0])), None);
    }
}
