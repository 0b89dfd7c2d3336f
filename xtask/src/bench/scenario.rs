//! The list of scenarios and what holds for all of them.

mod catch_up;
mod cold_read;
mod compaction;
mod connections;
mod consume;
mod end_to_end;
mod footprint;
mod java_producer;
mod kilobyte;
mod kilobyte_durable;
mod latencies;
mod partitions;
mod produce_latency;
mod producing;
mod small_records;
mod start_up;
mod tiered_history;
mod tiered_produce;
mod unbatched;
mod unbatched_durable;

use std::process::Command;

use anyhow::Result;

use super::Bench;
use super::report::Section;

/// One thing that is measured.
#[derive(Debug)]
pub(crate) struct Scenario {
    pub(crate) number: u32,
    /// What the command line calls it.
    pub(crate) name: &'static str,
    pub(crate) run: fn(&Bench) -> Result<Section>,
}

/// All of them, in the order in which they run.
pub(crate) const SCENARIOS: [Scenario; 18] = [
    Scenario { number: 1, name: "small-records", run: small_records::run },
    Scenario { number: 2, name: "kilobyte", run: kilobyte::run },
    Scenario { number: 3, name: "kilobyte-durable", run: kilobyte_durable::run },
    Scenario { number: 4, name: "unbatched", run: unbatched::run },
    Scenario { number: 5, name: "unbatched-durable", run: unbatched_durable::run },
    Scenario { number: 6, name: "produce-latency", run: produce_latency::run },
    Scenario { number: 7, name: "consume", run: consume::run },
    Scenario { number: 8, name: "end-to-end", run: end_to_end::run },
    Scenario { number: 9, name: "java-producer", run: java_producer::run },
    Scenario { number: 10, name: "catch-up", run: catch_up::run },
    Scenario { number: 11, name: "partitions", run: partitions::run },
    Scenario { number: 12, name: "connections", run: connections::run },
    Scenario { number: 13, name: "footprint", run: footprint::run },
    Scenario { number: 14, name: "start-up", run: start_up::run },
    Scenario { number: 15, name: "compaction", run: compaction::run },
    Scenario { number: 16, name: "cold-read", run: cold_read::run },
    Scenario { number: 17, name: "tiered-produce", run: tiered_produce::run },
    Scenario { number: 18, name: "tiered-history", run: tiered_history::run },
];

/// What a reader of docs/benchmarks.md must know about every figure.
pub(crate) fn preface(bench: &Bench, facts: &str) -> Result<String> {
    let date = Command::new("date").args(["-u", "+%Y-%m-%d"]).output()?;
    let date = String::from_utf8_lossy(&date.stdout).trim().to_owned();
    let kafka = match &bench.kafka {
        Some(kafka) => format!("Apache Kafka {}", kafka.version()?),
        None => "no other broker".to_owned(),
    };
    Ok(format!(
        "Highwater {} beside {kafka}, {date}, written by `cargo xtask bench all --write`.\n\n{facts}\n\n\
         Both brokers run on the machine of the clients, over loopback, with their shipped settings (Kafka with a heap \
         of 1 GiB), data on the same disk. They are measured in turn: A, B, A, B; a whole first round is thrown away, \
         which warms the JVM up (it is repeated until it takes \
         no less CPU than before). Before each repetition free memory is filled with clean pages, as on a machine that has \
         been up for a while: memory that a virtual machine gave back to its host is slow to get again, and would \
         count against whoever writes next. Each figure is the median of at least {} repetitions. CPU seconds are user and system \
         time of the broker's process. \"durable\" is acknowledged when it is on disk (Kafka: `flush.messages=1`), \
         \"page cache\" when the operating system has it (Highwater: `highwater.flush.before.ack=false`). Foreign CPU \
         is the largest share of the machine that neither broker nor client nor the kernel's own threads used, or that \
         the host took away; a repetition above 10 % is repeated, as often as there are repetitions. \"null\" is a broker \
         within the benchmark that acknowledges everything and keeps nothing: the most that the client can do here, of \
         which \"of ceiling\" is a share (above 100 % \
         where answers that come in groups wake the client less often). MB are 10^6, MiB 2^20 bytes.\n",
        env!("CARGO_PKG_VERSION"),
        super::REPETITIONS_MIN,
    ))
}
