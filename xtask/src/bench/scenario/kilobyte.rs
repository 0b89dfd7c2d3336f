//! Scenario 2: batches of 1 KB records, durable here, in the page cache elsewhere.

use anyhow::Result;

use super::producing::{Load, Producing};
use crate::bench::Bench;
use crate::bench::rdkafka::BATCHED;
use crate::bench::report::{Section, Target};

pub(super) fn run(bench: &Bench) -> Result<Section> {
    let options = [&BATCHED[..], &["-a", "-1"]].concat();
    let messages = bench.scaled(3_000_000);
    Producing {
        number: 2,
        title: "1 KB records, durable against page cache",
        load: Load { partitions: 1, messages, message_bytes: 1024, options: &options },
        manner: "acks=-1, linger 5 ms",
        others_durable: false,
        throughput: Target::AtLeast(1.5),
        cpu: Target::AtMost(0.5),
    }
    .run(bench)
}
