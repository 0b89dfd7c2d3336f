//! Scenario 12: what idle connections cost, in memory and in the latency of the one that works.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::latencies::{Latencies, produce};
use crate::bench::Bench;
use crate::bench::connection::Connection;
use crate::bench::latency::{Load, measure};
use crate::bench::measure::{Participant, contenders, in_turn};
use crate::bench::report::{Finding, Section, Target};
use crate::bench::statistics::short;
use crate::bench::subject::{Kind, Subject};
use crate::bench::usage::resident_kib;

const COUNTS: [u32; 4] = [0, 100, 1000, 5000];
const SECONDS: u32 = 5;
const SECONDS_QUICK: u32 = 3;
const LOAD: Load = Load { record_bytes: 100, requests_per_s: 1000, seconds: SECONDS };
const SETTLE: Duration = Duration::from_secs(2);

pub(super) fn run(bench: &Bench) -> Result<Section> {
    let subjects = bench.start_all()?;
    let contenders = contenders(&subjects, false);
    let load = Load { seconds: if bench.quick { SECONDS_QUICK } else { SECONDS }, ..LOAD };
    let mut rows = Vec::new();
    let mut findings = Vec::new();
    let mut held: Vec<Vec<Connection>> = contenders.iter().map(|_| Vec::new()).collect();
    let before: Vec<u64> =
        contenders.iter().map(|contender| warm_resident_kib(contender.subject)).collect::<Result<_>>()?;
    let mut first_p99 = Vec::new();
    for count in COUNTS {
        let mut costs = Vec::new();
        for ((contender, held), before) in contenders.iter().zip(&mut held).zip(&before) {
            let begin = Instant::now();
            while held.len() < count as usize {
                let mut connection = Connection::open(contender.subject.address)?;
                connection.api_versions().with_context(|| contender.label())?;
                held.push(connection);
            }
            let opening = begin.elapsed().as_secs_f64();
            thread::sleep(SETTLE);
            let kib = resident_kib(contender.subject.pid)? as f64 - *before as f64;
            costs.push((kib / f64::from(count.max(1)), opening));
        }
        let repetitions = in_turn(bench, &contenders, |contender| produce(bench, contender, load))?;
        for (at, contender) in contenders.iter().enumerate() {
            let latencies = Latencies::of(format!("{}, {count} idle", contender.label()), &repetitions[at])?;
            let (kib, opening) = costs[at];
            let per_connection = if count == 0 { String::new() } else { short(kib) };
            rows.push([latencies.row(), vec![per_connection, short(opening)]].concat());
            if count == 0 {
                first_p99.push(latencies.p99.median);
            }
            if count == COUNTS[COUNTS.len() - 1] {
                let is_ours = contender.subject.kind == Kind::Ours;
                let goal = |target| if is_ours { target } else { Target::None };
                let what = format!("memory per idle connection of {count}, {}", contender.subject.name);
                findings.push(Finding::figure(what, kib, "KiB", goal(Target::AtMost(4.0))));
                let what = format!(
                    "produce p99 beside {count} idle connections against none, {}",
                    contender.label()
                );
                findings.push(Finding::ratio(what, latencies.p99.median, first_p99[at], Target::None));
            }
        }
    }
    Ok(Section {
        number: 12,
        title: "Many idle connections",
        method: format!(
            "Connections that asked for ApiVersions and then wait, beside one that produces as in scenario 6 for {} s. \
             Memory is what the process grew by, for each of them (Kafka grows inside its heap, which is not counted).",
            load.seconds
        ),
        header: [&Latencies::HEADER[..], &["KiB each", "s to open"]].concat(),
        rows,
        findings,
        limits: Vec::new(),
        notes: Vec::new(),
    })
}

/// Memory after a first short load, which allocates what every later one uses.
fn warm_resident_kib(subject: &Subject) -> Result<u64> {
    Connection::open(subject.address)?.create_topic("bench-warm", 1, &[])?;
    measure(subject.address, "bench-warm", Load { seconds: 1, ..LOAD })?;
    thread::sleep(SETTLE);
    resident_kib(subject.pid)
}
