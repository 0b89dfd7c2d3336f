//! Scenario 1: batches of 100 byte records.

use anyhow::Result;

use super::producing::{Load, Producing};
use crate::bench::Bench;
use crate::bench::rdkafka::BATCHED;
use crate::bench::report::{Section, Target};

pub(super) fn run(bench: &Bench) -> Result<Section> {
    let options = [&BATCHED[..], &["-a", "1"]].concat();
    let messages = bench.scaled(10_000_000);
    Producing {
        number: 1,
        title: "Small records, batched",
        load: Load { partitions: 1, messages, message_bytes: 100, options: &options },
        manner: "acks=1, linger 5 ms",
        others_durable: false,
        throughput: Target::None,
        cpu: Target::None,
    }
    .run(bench)
}
