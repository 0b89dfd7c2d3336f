//! Scenario 13: what a broker takes while nobody uses it.

use std::fs;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::bench::Bench;
use crate::bench::report::{Finding, Section, Target};
use crate::bench::statistics::{Spread, short};
use crate::bench::subject::{Kind, Subject};
use crate::bench::usage::{cpu_seconds, resident_kib};

const SECONDS: u64 = 60;
const SECONDS_QUICK: u64 = 10;
/// Start-up, and what a JVM compiles after it, is not idling.
const AFTER_START: Duration = Duration::from_secs(5);
const MIB: f64 = 1024.0;

/// Memory and share of a core of one idle broker.
#[derive(Debug, Clone, Copy)]
struct Idle {
    resident_mib: f64,
    cpu_percent: f64,
}

pub(super) fn run(bench: &Bench) -> Result<Section> {
    let seconds = if bench.quick { SECONDS_QUICK } else { SECONDS };
    let mut all: Vec<(Kind, String, Vec<Idle>)> = Vec::new();
    for _ in 0..bench.repetitions {
        // Side by side: an idle broker leaves the other alone, and a repetition takes a minute.
        let subjects = bench.start_all()?;
        for (at, (subject, idle)) in subjects.iter().zip(idle(&subjects, seconds)?).enumerate() {
            if all.len() == at {
                all.push((subject.kind, subject.name.clone(), Vec::new()));
            }
            all[at].2.push(idle);
        }
    }
    let binary = fs::metadata(&bench.ours.binary).context("the broker's binary")?.len() as f64 / MIB / MIB;
    let mut rows = Vec::new();
    let mut findings = Vec::new();
    for (kind, name, idle) in &all {
        let spread =
            |value: fn(&Idle) -> f64| Spread::of(idle.iter().map(value)).context("nothing was measured");
        let (resident, cpu) = (spread(|idle| idle.resident_mib)?, spread(|idle| idle.cpu_percent)?);
        let numbers = [resident.min, resident.median, resident.max, cpu.min, cpu.median, cpu.max];
        rows.push(std::iter::once(name.clone()).chain(numbers.map(short)).collect());
        let goal = |target| if *kind == Kind::Ours { target } else { Target::None };
        let resident = Finding::figure(
            format!("idle memory, {name}"),
            resident.median,
            "MiB",
            goal(Target::AtMost(24.0)),
        );
        let cpu = Finding::figure(
            format!("idle CPU of a core, {name}"),
            cpu.median,
            "%",
            goal(Target::AtMost(0.2)),
        );
        findings.extend([resident, cpu]);
    }
    Ok(Section {
        number: 13,
        title: "Footprint",
        method: format!("No topics, all listeners open, {seconds} s."),
        header: vec!["broker", "RSS MiB min", "median", "max", "CPU % min", "median", "max"],
        rows,
        findings,
        limits: Vec::new(),
        notes: vec![format!("The broker's binary has {binary:.0} MiB, line tables for backtraces included.")],
    })
}

fn idle(subjects: &[Subject], seconds: u64) -> Result<Vec<Idle>> {
    thread::sleep(AFTER_START);
    let look = || subjects.iter().map(|subject| cpu_seconds(subject.pid)).collect::<Result<Vec<f64>>>();
    let before = look()?;
    thread::sleep(Duration::from_secs(seconds));
    let after = look()?;
    let used = before.iter().zip(&after).map(|(before, after)| (after - before) * 100.0 / seconds as f64);
    subjects
        .iter()
        .zip(used)
        .map(|(subject, cpu_percent)| {
            Ok(Idle { resident_mib: resident_kib(subject.pid)? as f64 / MIB, cpu_percent })
        })
        .collect()
}
