//! What the scenarios that produce with librdkafka share.

use anyhow::Result;

use crate::bench::Bench;
use crate::bench::measure::{Contender, Runs, in_turn, timed};

/// A load that librdkafka produces.
#[derive(Debug, Clone, Copy)]
pub(super) struct Load<'a> {
    pub(super) partitions: i32,
    pub(super) messages: u32,
    pub(super) message_bytes: u32,
    /// Options of rdkafka_performance.
    pub(super) options: &'a [&'a str],
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

/// The rows of a table of runs.
pub(super) fn rows(runs: &[Runs]) -> Vec<Vec<String>> {
    runs.iter().map(Runs::row).collect()
}
