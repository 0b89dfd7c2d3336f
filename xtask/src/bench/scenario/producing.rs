//! What the scenarios that produce with librdkafka share.

use anyhow::Result;

use crate::bench::Bench;
use crate::bench::measure::{Contender, contenders, in_turn, timed};
use crate::bench::rdkafka::UNBATCHED;
use crate::bench::report::{Section, Target};
use crate::bench::runs::{Runs, compare, limits, rows};

/// A load that librdkafka produces.
#[derive(Debug, Clone, Copy)]
pub(super) struct Load<'a> {
    pub(super) partitions: i32,
    pub(super) messages: u32,
    pub(super) message_bytes: u32,
    /// Options of rdkafka_performance.
    pub(super) options: &'a [&'a str],
}

/// A scenario that is one load to one partition.
#[derive(Debug, Clone, Copy)]
pub(super) struct Producing<'a> {
    pub(super) number: u32,
    pub(super) title: &'static str,
    pub(super) load: Load<'a>,
    /// How the load differs from the client's defaults, in words.
    pub(super) manner: &'static str,
    /// Whether the others too acknowledge what is on disk only.
    pub(super) others_durable: bool,
    /// Goals against Kafka: messages per second, CPU per byte.
    pub(super) throughput: Target,
    pub(super) cpu: Target,
}

impl Producing<'_> {
    pub(super) fn run(&self, bench: &Bench) -> Result<Section> {
        let subjects = bench.start_all_and_null()?;
        let contenders = contenders(&subjects, self.others_durable);
        let runs = produce_in_turn(bench, &contenders, self.load)?;
        let findings = compare(&runs, self.throughput, self.cpu);
        let Load { messages, message_bytes, .. } = self.load;
        Ok(Section {
            number: self.number,
            title: self.title,
            method: format!(
                "rdkafka_performance, {messages} messages of {message_bytes} bytes to one partition, {}.",
                self.manner
            ),
            header: Runs::HEADER.to_vec(),
            rows: rows(&runs),
            limits: limits(&runs, &findings),
            findings,
            notes: Vec::new(),
        })
    }
}

/// Produces the load to each contender in turn, every repetition into a new topic.
pub(super) fn produce_in_turn(
    bench: &Bench,
    contenders: &[Contender<'_>],
    load: Load<'_>,
) -> Result<Vec<Runs>> {
    let repetitions = in_turn(bench, contenders, |contender| {
        let topic = bench.topic();
        contender.create_topic(&topic, load.partitions)?;
        let amount = (u64::from(load.messages), load.message_bytes);
        let repetition = timed(contender.subject, || {
            bench.rdkafka.produce(contender.subject, &topic, amount, load.options)
        });
        contender.delete_topic(&topic)?;
        repetition
    })?;
    contenders
        .iter()
        .zip(&repetitions)
        .map(|(contender, repetitions)| Runs::of(contender, repetitions))
        .collect()
}

/// Messages per second of a contender that gets one record per request, once it has had as many before: what a JVM
/// compiles for a second or two is not its peak.
pub(super) fn unbatched_peak(
    bench: &Bench,
    contender: &Contender<'_>,
    (messages, message_bytes): (u32, u32),
) -> Result<f64> {
    let options = [&UNBATCHED[..], &["-a", "-1"]].concat();
    let run = || -> Result<f64> {
        let topic = bench.topic();
        contender.create_topic(&topic, 1)?;
        let amount = (u64::from(messages), message_bytes);
        let throughput = bench.rdkafka.produce(contender.subject, &topic, amount, &options)?;
        contender.delete_topic(&topic)?;
        Ok(throughput.messages_per_s())
    };
    run()?;
    run()
}
