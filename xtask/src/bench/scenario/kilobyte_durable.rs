//! Scenario 3: batches of 1 KB records, durable everywhere.

use anyhow::Result;

use super::producing::{Load, Producing};
use crate::bench::Bench;
use crate::bench::rdkafka::BATCHED;
use crate::bench::report::{Section, Target};

pub(super) fn run(bench: &Bench) -> Result<Section> {
    let options = [&BATCHED[..], &["-a", "-1"]].concat();
    let messages = bench.scaled(3_000_000);
    Producing {
        number: 3,
        title: "1 KB records, durable against durable",
        load: Load { partitions: 1, messages, message_bytes: 1024, options: &options },
        manner: "acks=-1, linger 5 ms",
        others_durable: true,
        throughput: Target::None,
        cpu: Target::None,
    }
    .run(bench)
}
