//! Scenario 2: batches of 1 KB records, durable here, in the page cache elsewhere.

use anyhow::Result;

use super::producing::{Load, produce_in_turn, rows};
use crate::bench::Bench;
use crate::bench::measure::{Runs, compare, contenders};
use crate::bench::rdkafka::BATCHED;
use crate::bench::report::{Section, Target};

pub(super) fn run(bench: &Bench) -> Result<Section> {
    let subjects = bench.start_all()?;
    let contenders = contenders(&subjects, false);
    let options = [&BATCHED[..], &["-a", "-1"]].concat();
    let messages = bench.scaled(3_000_000);
    let load = Load { partitions: 1, messages, message_bytes: 1024, options: &options };
    let runs = produce_in_turn(bench, &contenders, load)?;
    Ok(Section {
        number: 2,
        title: "1 KB records, durable against page cache",
        method: format!(
            "rdkafka_performance, {messages} messages of 1024 bytes to one partition, acks=-1, linger 5 ms."
        ),
        header: Runs::HEADER.to_vec(),
        rows: rows(&runs),
        findings: compare(&runs, Target::AtLeast(1.5), Target::AtMost(0.5)),
        notes: Vec::new(),
    })
}
