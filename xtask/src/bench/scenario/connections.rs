//! Scenario 12: what idle connections cost, in memory and in the latency of the one that works.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::latencies::{Latencies, produce};
use super::producing::unbatched_peak;
use crate::bench::Bench;
use crate::bench::connection::Connection;
use crate::bench::latency::Load;
use crate::bench::measure::{Participant, contenders, in_turn};
use crate::bench::report::{Finding, Section, Target};
use crate::bench::statistics::short;
use crate::bench::subject::{Kind, Subject};
use crate::bench::usage::resident_kib;

const COUNTS: [u32; 4] = [0, 100, 1000, 5000];
const SECONDS: u32 = 5;
const SECONDS_QUICK: u32 = 3;
const LOAD: Load = Load { record_bytes: 100, requests_per_s: 1000, seconds: SECONDS };
/// Requests that a JVM is warmed up with.
const WARM_UP_MESSAGES: u32 = 50_000;
const SETTLE: Duration = Duration::from_secs(2);

pub(super) fn run(bench: &Bench) -> Result<Section> {
    let subjects = bench.start_all()?;
    let contenders = contenders(&subjects, false);
    let load = Load { seconds: if bench.quick { SECONDS_QUICK } else { SECONDS }, ..LOAD };
    let mut rows = Vec::new();
    let mut findings = Vec::new();
    for contender in &contenders {
        unbatched_peak(bench, contender, (bench.scaled(WARM_UP_MESSAGES), 100))?;
    }
    let mut held: Vec<Vec<Connection>> = contenders.iter().map(|_| Vec::new()).collect();
    let mut first_p99 = Vec::new();
    for count in COUNTS {
        let costs: Vec<(f64, f64)> = contenders
            .iter()
            .zip(&mut held)
            .map(|(contender, held)| {
                hold(contender.subject, count as usize, held).with_context(|| contender.label())
            })
            .collect::<Result<_>>()?;
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
             Memory is what the process grew by when they were opened, for each new one (Kafka grows inside its heap, which is not counted).",
            load.seconds
        ),
        header: [&Latencies::HEADER[..], &["KiB each", "s to open"]].concat(),
        rows,
        findings,
        limits: Vec::new(),
        notes: Vec::new(),
    })
}

/// Opens idle connections until there are `count`; returns what the broker grew by for each new one, in KiB, and how many
/// seconds it took. The loads before have allocated what every later one uses.
fn hold(subject: &Subject, count: usize, held: &mut Vec<Connection>) -> Result<(f64, f64)> {
    let before = resident_kib(subject.pid)?;
    let begin = Instant::now();
    let new = count - held.len();
    while held.len() < count {
        let mut connection = Connection::open(subject.address)?;
        connection.api_versions()?;
        held.push(connection);
    }
    let opening = begin.elapsed().as_secs_f64();
    thread::sleep(SETTLE);
    let grown = resident_kib(subject.pid)? as f64 - before as f64;
    Ok((grown / new.max(1) as f64, opening))
}
