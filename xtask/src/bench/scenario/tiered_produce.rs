//! Scenario 17: what copying costs, and what readers of history do to those who produce.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::cold_read::Reader;
use super::latencies::Latencies;
use crate::bench::Bench;
use crate::bench::connection::Connection;
use crate::bench::latency::{Load, measure};
use crate::bench::measure::{Repetition, timed};
use crate::bench::report::{Finding, Section, Target};
use crate::bench::statistics::{Percentiles, Spread, short};
use crate::bench::subject::Subject;
use crate::bench::tiered::{MEMORY, Place, Tiered, TieredTopic, runtime};
use crate::bench::usage::{cpu_seconds, kernel_seconds};

const READERS_GOAL: f64 = 1.5;
/// A baseline beyond this is the disk's, and nothing can be told from it.
const ALONE_MAX_US: f64 = 10_000.0;
const UPLOAD_GOAL: f64 = 0.5;
const SLOWER_GOAL: f64 = 0.95;
const MESSAGES: u32 = 500_000;
const MESSAGE_BYTES: u32 = 1024;
/// So many fill three segments.
const HISTORY_MESSAGES_MIN: u32 = 100_000;
const SEGMENT_BYTES: u32 = 32 << 20;
const READERS: usize = 3;
/// Bytes of a GET, as many as the broker's.
const RANGE_BYTES: u64 = 8 << 20;
/// As in scenario 10: 20 MB/s.
const LOAD: Load = Load { record_bytes: 20_000, requests_per_s: 1000, seconds: 10 };
const SECONDS_QUICK: u32 = 4;
/// What a reader takes at most.
const READER_BYTES_PER_S: f64 = 20e6;
const COPIED_LIMIT: Duration = Duration::from_secs(300);

pub(super) fn run(bench: &Bench) -> Result<Section> {
    // Small, so that readers who begin again read from the store.
    let cache = [("highwater.remote.cache.max.bytes", "67108864")];
    let mut rows = Vec::new();
    let mut findings = Vec::new();
    {
        let directory = tempfile::tempdir_in(MEMORY)?;
        let tiered = Tiered::in_directory(bench, directory.path(), Place::Server, &cache)?;
        let no_disk = Copying::start(bench, "S3 server", tiered)?;
        findings.extend(beside_readers(bench, &no_disk, ", data in memory", &mut rows)?);
    }
    {
        let server = Copying::start(bench, "S3 server", Tiered::new(bench, Place::Server, &cache)?)?;
        // Latencies first: the others write so much that the disk is slow for a while.
        findings.extend(beside_readers(bench, &server, "", &mut rows)?);
        findings.push(upload(bench, &server, Target::AtMost(UPLOAD_GOAL), &mut rows)?);
        findings.push(beside_copies(bench, &server, &mut rows)?);
    }
    {
        let mut signed = Tiered::new(bench, Place::Server, &[])?;
        signed.set_variable("AWS_UNSIGNED_PAYLOAD", "false");
        let signed = Copying::start(bench, "S3 server, SHA-256", signed)?;
        findings.push(upload(bench, &signed, Target::None, &mut rows)?);
    }
    let memory = Copying::start(bench, "memory", Tiered::new(bench, Place::Memory, &[])?)?;
    findings.push(upload(bench, &memory, Target::None, &mut rows)?);
    findings.push(beside_copies(bench, &memory, &mut rows)?);
    let limits = vec![
        "the machine, where a goal is missed: the S3 server is a Python program that shares the two cores with broker, \
         producer and readers. A directory in memory takes next to nothing, which tells the broker's own part. Most of what \
         an upload costs is the kernel's: it copies what is read and sent, and on loopback the receiver's side counts too."
            .to_owned(),
    ];
    let limits =
        if findings.iter().any(|finding| finding.is_met() == Some(false)) { limits } else { Vec::new() };
    Ok(Section {
        number: 17,
        title: "Producing while history is copied and read",
        method: format!(
            "Where to: the S3 server over loopback, where no SHA-256 is needed; the same with it, as over plain HTTP elsewhere; a \
             directory in memory (file://). Upload: {} MB of {MESSAGE_BYTES}-byte messages in segments of {} MiB are produced with copying stopped, then \
             copying is turned on; CPU seconds of the broker until all is copied. Beside copies: the same messages produced as \
             fast as the client can (rdkafka_performance) to a topic that is copied and to one that is not, in turn. Beside \
             readers: {} requests a second of {} bytes, alone and beside {READERS} readers of history in the bucket of at most \
             {:.0} MB/s each, whose cache on the disk is too small for it; with the broker's data on the disk, and in memory, which \
             tells the broker's part where the disk is slow by itself. \"As many GETs\" are of the same objects at the same pace, by the \
             benchmark itself: what sharing the cores with the S3 server and its readers does.",
            u64::from(MESSAGES) * u64::from(MESSAGE_BYTES) / 1_000_000,
            SEGMENT_BYTES >> 20,
            LOAD.requests_per_s,
            LOAD.record_bytes,
            READER_BYTES_PER_S / 1e6
        ),
        header: vec!["what", "min", "median", "max", "unit"],
        rows,
        findings,
        limits,
        notes: Vec::new(),
    })
}

fn row(what: &str, spread: Spread, unit: &str) -> Vec<String> {
    let Spread { min, median, max } = spread;
    [what.to_owned()].into_iter().chain([min, median, max].map(short)).chain([unit.to_owned()]).collect()
}

fn create(bench: &Bench, subject: &Subject, configs: &[(&str, &str)]) -> Result<String> {
    let topic = bench.topic();
    let segment_bytes = SEGMENT_BYTES.to_string();
    let configs: Vec<(&str, &str)> =
        [("segment.bytes", &*segment_bytes)].into_iter().chain(configs.iter().copied()).collect();
    Connection::open(subject.address)?.create_topic(&topic, 1, &configs)?;
    Ok(topic)
}

/// A broker and where it copies to.
struct Copying {
    to: &'static str,
    tiered: Tiered,
    subject: Subject,
}

impl Copying {
    fn start(bench: &Bench, to: &'static str, tiered: Tiered) -> Result<Copying> {
        let subject = tiered.start(bench)?;
        Ok(Copying { to, tiered, subject })
    }
}

fn upload(
    bench: &Bench,
    Copying { to, tiered, subject }: &Copying,
    target: Target,
    rows: &mut Vec<Vec<String>>,
) -> Result<Finding> {
    let (mut costs, mut kernel) = (Vec::new(), Vec::new());
    for _ in 0..bench.repetitions {
        let stopped = [("remote.log.copy.disable", "true"), ("local.retention.bytes", "-2")];
        let topic = create(bench, subject, &stopped)?;
        let load = (u64::from(bench.scaled(MESSAGES)), MESSAGE_BYTES);
        bench.rdkafka.produce(subject, &topic, load, &crate::bench::rdkafka::BATCHED)?;
        let copied = || tiered.metric("highwater_remote_copied_bytes_total");
        let (before, cpu_before) = (copied()?, cpu_seconds(subject.pid)?);
        let kernel_before = kernel_seconds(subject.pid)?;
        tiered.alter(
            subject,
            &topic,
            &[("remote.log.copy.disable", "false"), ("local.retention.bytes", "1")],
        )?;
        let begin = Instant::now();
        while copied()? == before || tiered.metric("highwater_remote_lag_bytes")? > 0.0 {
            ensure!(begin.elapsed() < COPIED_LIMIT, "{topic} is not copied");
            // Each look costs the broker a page of metrics.
            thread::sleep(Duration::from_millis(500));
        }
        let gigabytes = (copied()? - before) / 1e9;
        costs.push((cpu_seconds(subject.pid)? - cpu_before) / gigabytes);
        kernel.push((kernel_seconds(subject.pid)? - kernel_before) / gigabytes);
        Connection::open(subject.address)?.delete_topic(&topic)?;
    }
    let costs = Spread::of(costs).context("nothing was copied")?;
    let kernel = Spread::of(kernel).context("nothing was copied")?;
    rows.push(row(&format!("upload ({to})"), costs, "CPU s/GB"));
    rows.push(row(&format!("of it in the kernel ({to})"), kernel, "CPU s/GB"));
    let what = format!("CPU of the broker for what is copied ({to})");
    Ok(Finding::figure(what, costs.median, "CPU s/GB", target))
}

fn beside_copies(
    bench: &Bench,
    Copying { to, tiered, subject }: &Copying,
    rows: &mut Vec<Vec<String>>,
) -> Result<Finding> {
    let mut rates = [Vec::new(), Vec::new()];
    for repetition in 0..=bench.repetitions {
        for (is_tiered, rates) in [true, false].into_iter().zip(&mut rates) {
            let enable = if is_tiered { "true" } else { "false" };
            let topic = create(bench, subject, &[("remote.storage.enable", enable)])?;
            let load = (u64::from(bench.scaled(MESSAGES)), MESSAGE_BYTES);
            let produced = bench.rdkafka.produce(subject, &topic, load, &crate::bench::rdkafka::BATCHED)?;
            if repetition > 0 {
                rates.push(produced.megabytes_per_s());
            }
            tiered.wait_until_copied()?;
            Connection::open(subject.address)?.delete_topic(&topic)?;
            crate::bench::measure::settle();
        }
    }
    let [copied, plain] = rates.map(|rates| Spread::of(rates).expect("there are repetitions"));
    rows.push(row(&format!("produce, copied ({to})"), copied, "MB/s"));
    rows.push(row("produce, not copied", plain, "MB/s"));
    let what = format!("MB/s produced to a topic that is copied ({to}) against one that is not");
    Ok(Finding::ratio(what, copied.median, plain.median, Target::AtLeast(SLOWER_GOAL)))
}

fn beside_readers(
    bench: &Bench,
    Copying { tiered, subject, .. }: &Copying,
    with: &str,
    rows: &mut Vec<Vec<String>>,
) -> Result<[Finding; 2]> {
    // A few segments at least, also in a quick run.
    let messages = (bench.scaled(MESSAGES) / 2).max(HISTORY_MESSAGES_MIN);
    let load = (u64::from(messages), MESSAGE_BYTES);
    let history = tiered.fill_several(bench, subject, READERS, load, SEGMENT_BYTES)?;
    let seconds = if bench.quick { SECONDS_QUICK } else { LOAD.seconds };
    let produce = || {
        let topic = create(bench, subject, &[("remote.storage.enable", "false")])?;
        let repetition = timed(subject, || {
            Percentiles::of(measure(subject.address, &topic, Load { seconds, ..LOAD })?)
                .context("nothing was sent")
        });
        Connection::open(subject.address)?.delete_topic(&topic)?;
        crate::bench::measure::settle();
        repetition
    };
    let (mut alone, mut beside, mut raw) = (Vec::new(), Vec::new(), Vec::new());
    produce()?;
    for _ in 0..bench.repetitions {
        alone.push(produce()?);
        beside.push(while_read(&history, |topic| through_broker(subject, topic), produce)?);
        raw.push(while_read(&history, |topic| without_broker(tiered, topic), produce)?);
    }
    let p99 = |what: &str, repetitions: &[Repetition<Percentiles>]| -> Result<Spread> {
        Ok(Latencies::of(format!("produce p99, {what}{with}"), repetitions)?.p99)
    };
    let mut told = |what: &str, repetitions: &[Repetition<Percentiles>]| -> Result<f64> {
        let spread = p99(what, repetitions)?;
        rows.push(row(&format!("produce p99, {what}{with}"), spread, "µs"));
        Ok(spread.median)
    };
    let alone = told("alone", &alone)?;
    let beside = told("beside readers of the bucket", &beside)?;
    let raw = told("beside as many GETs without the broker", &raw)?;
    let what = format!("produce p99 beside readers of the bucket against alone{with}");
    let (what, target) = if alone <= ALONE_MAX_US {
        (what, Target::AtMost(READERS_GOAL))
    } else {
        (format!("{what}, which says nothing: the disk was slow for both"), Target::None)
    };
    let against_raw = format!("produce p99 beside readers of the bucket against beside as many GETs{with}");
    Ok([Finding::ratio(what, beside, alone, target), Finding::ratio(against_raw, beside, raw, Target::None)])
}

/// What reads a piece of history: answers how many bytes it had.
type ReadOn<'a> = Box<dyn FnMut() -> Result<u64> + 'a>;

/// Reads a topic's history from the broker, again and again.
fn through_broker<'a>(subject: &'a Subject, topic: &'a TieredTopic) -> Result<ReadOn<'a>> {
    let (mut reader, mut offset) = (Reader::open(subject, topic)?, 0);
    Ok(Box::new(move || {
        let (read, next) = reader.fetch(offset)?;
        offset = if next >= topic.local_start { 0 } else { next };
        Ok(read)
    }))
}

/// The same history by GETs of the objects themselves, as the broker sends them.
fn without_broker<'a>(tiered: &Tiered, topic: &TieredTopic) -> Result<ReadOn<'a>> {
    let (raw, runtime) = (tiered.raw()?, runtime()?);
    let objects = runtime.block_on(raw.objects(topic))?;
    let mut ranges = objects
        .into_iter()
        .flat_map(|object| {
            let begins = (0..object.size).step_by(RANGE_BYTES as usize);
            begins.map(move |begin| (object.key, begin..(begin + RANGE_BYTES).min(object.size)))
        })
        .collect::<Vec<_>>()
        .into_iter()
        .cycle();
    Ok(Box::new(move || {
        let (key, range) = ranges.next().context("a topic without objects")?;
        let bytes = runtime.block_on(raw.store.get_range(&raw.keys.path(&key), range))?;
        Ok(bytes.len() as u64)
    }))
}

/// Runs `work` while each topic is read again and again.
fn while_read<'a, T>(
    topics: &'a [TieredTopic],
    open: impl Fn(&'a TieredTopic) -> Result<ReadOn<'a>> + Sync,
    work: impl FnOnce() -> Result<T>,
) -> Result<T> {
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let (stop, open) = (&stop, &open);
        let readers: Vec<_> = topics
            .iter()
            .map(|topic| {
                scope.spawn(move || -> Result<()> {
                    let mut read_on = open(topic)?;
                    let (begin, mut bytes) = (Instant::now(), 0);
                    while !stop.load(Ordering::Relaxed) {
                        let due = begin + Duration::from_secs_f64(bytes as f64 / READER_BYTES_PER_S);
                        thread::sleep(due.saturating_duration_since(Instant::now()));
                        bytes += read_on()?;
                    }
                    Ok(())
                })
            })
            .collect();
        let result = work();
        stop.store(true, Ordering::Relaxed);
        for reader in readers {
            reader.join().map_err(|_| anyhow::anyhow!("a reader ended early"))??;
        }
        result
    })
}
