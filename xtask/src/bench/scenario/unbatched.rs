//! Scenario 4: one record per request, durable here, in the page cache elsewhere.

use anyhow::Result;

use super::producing::{Load, Producing};
use crate::bench::Bench;
use crate::bench::rdkafka::UNBATCHED;
use crate::bench::report::{Section, Target};

pub(super) fn run(bench: &Bench) -> Result<Section> {
    let options = [&UNBATCHED[..], &["-a", "-1"]].concat();
    let messages = bench.scaled(200_000);
    Producing {
        number: 4,
        title: "One record per request, durable against page cache",
        load: Load { partitions: 1, messages, message_bytes: 100, options: &options },
        manner: "acks=-1, no batching",
        others_durable: false,
        throughput: Target::AtLeast(4.0),
        cpu: Target::None,
    }
    .run(bench)
}
