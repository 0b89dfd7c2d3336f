//! Scenario 5: one record per request, durable everywhere.

use anyhow::Result;

use super::producing::{Load, Producing};
use crate::bench::Bench;
use crate::bench::rdkafka::UNBATCHED;
use crate::bench::report::{Section, Target};

pub(super) fn run(bench: &Bench) -> Result<Section> {
    let options = [&UNBATCHED[..], &["-a", "-1"]].concat();
    let messages = bench.scaled(100_000);
    Producing {
        number: 5,
        title: "One record per request, durable against durable",
        load: Load { partitions: 1, messages, message_bytes: 100, options: &options },
        manner: "acks=-1, no batching",
        others_durable: true,
        throughput: Target::AtLeast(10.0),
        cpu: Target::None,
    }
    .run(bench)
}
