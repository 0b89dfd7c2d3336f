//! Scenario 10: what readers of data that is no longer in memory do to those who produce.

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use broker_protocol::api_key::ApiKey;
use broker_protocol::messages::FetchResponse;
use broker_protocol::record_batch::{BatchHeader, batches};

use super::latencies::{Latencies, Measured};
use crate::bench::Bench;
use crate::bench::connection::{Connection, FETCH_VERSION, decode, fetch_frame, read_answer};
use crate::bench::disk_alone::Way;
use crate::bench::latency::Load;
use crate::bench::measure::{Contender, Participant, contenders, in_turn};
use crate::bench::page_cache::drop_files_of;
use crate::bench::rdkafka::BATCHED;
use crate::bench::report::{Finding, Section, Target};
use crate::bench::statistics::{Spread, short};
use crate::bench::subject::Kind;

/// What readers may do to the p99 of produce.
const GOAL: f64 = 1.5;
const READERS: usize = 3;
/// Each reader reads a topic of its own, so that none finds in memory what another has read.
const COLD_MESSAGES: u32 = 2_000_000;
const MESSAGE_BYTES: u32 = 1024;
/// 1,000 requests of 20 kB a second: 20 MB/s.
const RECORD_BYTES: usize = 20_000;
const REQUESTS_PER_S: u32 = 1000;
const SECONDS: u32 = 10;
const SECONDS_QUICK: u32 = 5;
const FETCH_BYTES: i32 = 1 << 20;
/// What a reader takes at most: unbounded readers would measure who gets the cores, not what the broker does with its disk.
const READER_BYTES_PER_S: f64 = 100e6;
/// How often what was read is dropped again, so that a reader that starts over finds it cold.
const DROP_INTERVAL: Duration = Duration::from_millis(100);

pub(super) fn run(bench: &Bench) -> Result<Section> {
    let subjects = bench.start_all()?;
    let mut contenders = contenders(&subjects, false);
    contenders.retain(|contender| contender.subject.data.is_some());
    let messages = bench.scaled(COLD_MESSAGES);
    for contender in &contenders {
        for reader in 0..READERS {
            let topic = cold_topic(reader);
            contender.create_topic(&topic, 1)?;
            bench.rdkafka.produce(
                contender.subject,
                &topic,
                (u64::from(messages), MESSAGE_BYTES),
                &BATCHED,
            )?;
        }
    }
    rustix::fs::sync();
    let measured: Vec<Measured<'_>> = contenders
        .iter()
        .copied()
        .map(Measured::Broker)
        .chain([Measured::Disk(Way::AppendAndFlush)])
        .collect();
    let seconds = if bench.quick { SECONDS_QUICK } else { SECONDS };
    let load = Load { record_bytes: RECORD_BYTES, requests_per_s: REQUESTS_PER_S, seconds };
    let alone = in_turn(bench, &measured, |one| one.run(bench, load))?;
    let beside = in_turn(bench, &measured, |one| {
        let read = AtomicU64::new(0);
        let begin = Instant::now();
        // The disk is written to beside readers of ours.
        let readers = if let Measured::Broker(contender) = one { contender } else { &contenders[0] };
        let repetition = beside_readers(readers, &read, || one.run(bench, load))?;
        let rate = read.into_inner() as f64 / 1e6 / begin.elapsed().as_secs_f64();
        Ok(repetition.map(|percentiles| (*percentiles, rate)))
    })?;
    let mut rows = Vec::new();
    let mut findings = Vec::new();
    for (at, one) in measured.iter().enumerate() {
        let alone = Latencies::of(format!("{}, alone", one.label()), &alone[at])?;
        let rates = beside[at].iter().map(|repetition| repetition.value.1);
        let rate = Spread::of(rates).context("nothing was read")?.median;
        let beside: Vec<_> =
            beside[at].iter().map(|repetition| repetition.map(|(percentiles, _)| *percentiles)).collect();
        let beside = Latencies::of(format!("{}, beside readers", one.label()), &beside)?;
        rows.push([alone.row(), vec!["0".to_owned()]].concat());
        rows.push([beside.row(), vec![short(rate)]].concat());
        let goal = if one.is(Kind::Ours, true) { Target::AtMost(GOAL) } else { Target::None };
        let what = format!("produce p99 beside catch-up readers against alone, {}", one.label());
        findings.push(Finding::ratio(what, beside.p99.median, alone.p99.median, goal));
    }
    Ok(section(seconds, rows, findings))
}

fn section(seconds: u32, rows: Vec<Vec<String>>, findings: Vec<Finding>) -> Section {
    Section {
        number: 10,
        title: "Catch-up readers beside a producer",
        method: format!(
            "{REQUESTS_PER_S} requests a second of {RECORD_BYTES} bytes, acks=all, {seconds} s, alone and beside {READERS} \
             readers of at most {:.0} MB/s each, who read topics that were dropped from the page cache and are dropped \
             again every {} ms. \"Disk alone\" are as many appends of as many bytes at the same pace, each with fdatasync, \
             by the benchmark itself, beside the same readers of ours.",
            READER_BYTES_PER_S / 1e6,
            DROP_INTERVAL.as_millis()
        ),
        header: [&Latencies::HEADER[..], &["cold MB/s read"]].concat(),
        rows,
        limits: limit(&findings).into_iter().collect(),
        findings,
        notes: Vec::new(),
    }
}

/// Whether the disk is what keeps ours, the first, from the goal, if that is missed: what it does to writes that no broker
/// makes, the last.
fn limit(findings: &[Finding]) -> Option<String> {
    let (ours, disk) = (findings.first()?, findings.last()?);
    if ours.is_met() != Some(false) {
        return None;
    }
    let verdict = if disk.value > GOAL { "the disk and the cores" } else { "not the disk" };
    Some(format!(
        "{verdict}. The same readers raise the p99 of appends that the benchmark makes itself, without a broker, to {}x; \
         that of ours to {}x.",
        short(disk.value),
        short(ours.value)
    ))
}

fn cold_topic(reader: usize) -> String {
    format!("bench-cold-{reader}")
}

/// Runs `work` while readers read cold data; `read` counts their bytes.
fn beside_readers<T>(
    contender: &Contender<'_>,
    read: &AtomicU64,
    work: impl FnOnce() -> Result<T>,
) -> Result<T> {
    let data = contender.subject.data.as_deref().context("the broker's data directory is not known")?;
    let directories: Vec<PathBuf> =
        (0..READERS).map(|reader| data.join(format!("{}-0", cold_topic(reader)))).collect();
    for directory in &directories {
        drop_files_of(directory)?;
    }
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let address = contender.subject.address;
        let stop = &stop;
        let readers: Vec<_> = (0..READERS)
            .map(|reader| scope.spawn(move || read_again_and_again(address, &cold_topic(reader), stop, read)))
            .collect();
        let dropping = scope.spawn(|| -> Result<()> {
            while !stop.load(Ordering::Relaxed) {
                directories.iter().try_for_each(|directory| drop_files_of(directory))?;
                thread::sleep(DROP_INTERVAL);
            }
            Ok(())
        });
        let result = work();
        stop.store(true, Ordering::Relaxed);
        for reader in readers.into_iter().chain([dropping]) {
            reader.join().map_err(|_| anyhow::anyhow!("a reader ended early"))??;
        }
        result
    })
}

fn read_again_and_again(address: SocketAddr, topic: &str, stop: &AtomicBool, read: &AtomicU64) -> Result<()> {
    let mut stream = Connection::open(address)?.into_stream();
    let begin = Instant::now();
    let (mut offset, mut bytes) = (0, 0.0);
    while !stop.load(Ordering::Relaxed) {
        let due = begin + Duration::from_secs_f64(bytes / READER_BYTES_PER_S);
        if let Some(wait) = due.checked_duration_since(Instant::now()) {
            thread::sleep(wait);
        }
        stream.write_all(&fetch_frame(topic, offset, FETCH_BYTES)?)?;
        let body = read_answer(&mut stream, ApiKey::Fetch, FETCH_VERSION)?;
        read.fetch_add(body.len() as u64, Ordering::Relaxed);
        bytes += body.len() as f64;
        offset = next_offset(&body, offset)?;
    }
    Ok(())
}

/// Where to go on after this answer; the start if it was the last.
fn next_offset(body: &[u8], asked: i64) -> Result<i64> {
    let response: FetchResponse<'_> = decode(body, FETCH_VERSION)?;
    let partition = response.responses.first().and_then(|topic| topic.partitions.first());
    let partition = partition.context("a Fetch answer without the partition")?;
    ensure!(
        partition.error_code == 0,
        "a Fetch from offset {asked} fails with error {}",
        partition.error_code
    );
    let records = partition.records.as_bytes().unwrap_or_default();
    let last: Option<BatchHeader> = batches(records).map_while(Result::ok).map(|batch| batch.header).last();
    let next = last.map_or(asked, |header| header.next_offset().0);
    Ok(if next >= partition.high_watermark || next == asked { 0 } else { next })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readers_that_disturb_every_write_are_a_limit_and_others_are_not() {
        let limit = |ours: f64, disk: f64| {
            let goal = Target::AtMost(GOAL);
            limit(&[Finding::ratio("ours", ours, 1.0, goal), Finding::ratio("disk", disk, 1.0, Target::None)])
        };
        assert_eq!(limit(1.4, 1.0), None);
        assert!(limit(1.9, 1.8).unwrap().starts_with("the disk and the cores. "));
        assert!(limit(1.9, 1.2).unwrap().starts_with("not the disk. "));
    }
}
