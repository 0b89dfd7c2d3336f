//! Scenario 5: one record per request, durable everywhere.

use anyhow::Result;

use super::producing::{Load, produce_in_turn, rows};
use crate::bench::Bench;
use crate::bench::measure::{Runs, compare, contenders};
use crate::bench::rdkafka::UNBATCHED;
use crate::bench::report::{Section, Target};

pub(super) fn run(bench: &Bench) -> Result<Section> {
    let subjects = bench.start_all()?;
    let contenders = contenders(&subjects, true);
    let options = [&UNBATCHED[..], &["-a", "-1"]].concat();
    let messages = bench.scaled(100_000);
    let load = Load { partitions: 1, messages, message_bytes: 100, options: &options };
    let runs = produce_in_turn(bench, &contenders, load)?;
    Ok(Section {
        number: 5,
        title: "One record per request, durable against durable",
        method: format!(
            "rdkafka_performance, {messages} messages of 100 bytes to one partition, acks=-1, no batching."
        ),
        header: Runs::HEADER.to_vec(),
        rows: rows(&runs),
        findings: compare(&runs, Target::AtLeast(10.0), Target::None),
        notes: Vec::new(),
    })
}
