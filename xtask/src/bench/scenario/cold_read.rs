//! Scenario 16: reading history from the object store, beside what its ranged GETs reach.

use std::io::Write;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use broker_protocol::api_key::ApiKey;
use broker_protocol::messages::FetchResponse;
use broker_protocol::record_batch::batches;
use broker_tier::keys::Key;
use broker_tier::store::Listed;

use crate::bench::Bench;
use crate::bench::connection::{Connection, FETCH_VERSION, decode, fetch_frame, read_answer};
use crate::bench::report::{Finding, Section, Target};
use crate::bench::statistics::{Spread, short};
use crate::bench::subject::Subject;
use crate::bench::tiered::{Place, Raw, Tiered, TieredTopic, runtime};

const GOAL: f64 = 0.7;
const FIRST_BYTE_GOAL_MS: f64 = 2.0;
const MESSAGES: u32 = 1_000_000;
const MESSAGE_BYTES: u32 = 1024;
const SEGMENT_BYTES: u32 = 32 << 20;
const LATENCIES_MS: [u64; 3] = [0, 20, 100];
/// What a consumer asks for by default.
const FETCH_BYTES: i32 = 1 << 20;
const RANGE_BYTES: u64 = 8 << 20;
/// Ranges at a time: the better of these counts.
const AT_ONCE: [usize; 2] = [4, 8];
/// For the manifest of the partition to be there, as of any broker that runs for a while.
const WARM: Duration = Duration::from_secs(2);

/// One round at one latency.
#[derive(Debug, Clone, Copy)]
struct Round {
    ours_mb_s: f64,
    raw_mb_s: f64,
    first_byte_ms: f64,
    get_ms: f64,
}

pub(super) fn run(bench: &Bench) -> Result<Section> {
    let tiered = Tiered::new(bench, Place::BehindProxy, &[])?;
    let subject = tiered.start(bench)?;
    let load = (u64::from(bench.scaled(MESSAGES)), MESSAGE_BYTES);
    let topic = tiered.fill(bench, &subject, load, SEGMENT_BYTES)?;
    drop(subject);
    let raw = tiered.raw()?;
    let mut rows = Vec::new();
    let mut findings = Vec::new();
    for latency_ms in LATENCIES_MS {
        let proxy = tiered.proxy.as_ref().context("this needs the S3 server beside the checkout")?;
        proxy.delay(Duration::from_millis(latency_ms));
        let mut rounds = Vec::new();
        // The first one is thrown away.
        for repetition in 0..=bench.repetitions {
            let round = round(bench, &tiered, &raw, &topic)?;
            if repetition > 0 {
                rounds.push(round);
            }
        }
        let spread = |value: fn(&Round) -> f64| Spread::of(rounds.iter().map(value)).context("no rounds");
        let ours = spread(|round| round.ours_mb_s)?;
        let best = spread(|round| round.raw_mb_s)?;
        let (first, get) = (spread(|round| round.first_byte_ms)?, spread(|round| round.get_ms)?);
        rows.push(
            [format!("{latency_ms} ms")]
                .into_iter()
                .chain([ours.min, ours.median, ours.max, best.median, first.median, get.median].map(short))
                .collect(),
        );
        let what = format!("cold read against raw ranged GETs, {latency_ms} ms away");
        findings.push(Finding::ratio(what, ours.median, best.median, Target::AtLeast(GOAL)));
        let what = format!("first byte beyond one GET, {latency_ms} ms away");
        let beyond = first.median - get.median;
        findings.push(Finding::figure(what, beyond, "ms", Target::AtMost(FIRST_BYTE_GOAL_MS)));
    }
    Ok(section(rows, findings))
}

fn section(rows: Vec<Vec<String>>, findings: Vec<Finding>) -> Section {
    Section {
        number: 16,
        title: "Reading history from the object store",
        method: format!(
            "One partition of {} MB in segments of {} MiB, copied to the S3 server beside the checkout (a Python program on \
             the same cores) and gone from the disk; a broker that was just started, so that its cache is empty, is read from \
             the start by fetches of 1 MiB, one after the other. \"Raw\" are GETs of ranges of 8 MiB of the same objects by the \
             same HTTP client without a broker, {} or {} at a time, whichever is faster. Latency is added to each request by \
             a proxy. First byte: a fetch of 1 MiB at the beginning of each segment, which nobody has read, in turns with one GET \
             of as much; medians.",
            u64::from(MESSAGES) * u64::from(MESSAGE_BYTES) / 1_000_000,
            SEGMENT_BYTES >> 20,
            AT_ONCE[0],
            AT_ONCE[1]
        ),
        header: vec!["added latency", "MB/s min", "median", "max", "raw MB/s", "first byte ms", "one GET ms"],
        rows,
        findings,
        limits: Vec::new(),
        notes: Vec::new(),
    }
}

fn round(bench: &Bench, tiered: &Tiered, raw: &Raw, topic: &TieredTopic) -> Result<Round> {
    let runtime = runtime()?;
    let objects = runtime.block_on(raw.objects(topic))?;
    let mut raw_mb_s = 0.0_f64;
    for at_once in AT_ONCE {
        let begin = Instant::now();
        let bytes = runtime.block_on(raw.get_all(&objects, RANGE_BYTES, at_once))?;
        raw_mb_s = raw_mb_s.max(bytes as f64 / 1e6 / begin.elapsed().as_secs_f64());
    }
    let (first_byte_ms, get_ms) = first_bytes(bench, tiered, raw, topic, &objects)?;
    let subject = tiered.start(bench)?;
    std::thread::sleep(WARM);
    let mut reader = Reader::open(&subject, topic)?;
    let (begin, mut offset, mut bytes) = (Instant::now(), 0, 0);
    while offset < topic.local_start {
        let (read, next) = reader.fetch(offset)?;
        (bytes, offset) = (bytes + read, next);
    }
    let ours_mb_s = bytes as f64 / 1e6 / begin.elapsed().as_secs_f64();
    Ok(Round { ours_mb_s, raw_mb_s, first_byte_ms, get_ms })
}

/// The median times of a fetch at the beginning of each object, and of one GET of as much, in turns.
fn first_bytes(
    bench: &Bench,
    tiered: &Tiered,
    raw: &Raw,
    topic: &TieredTopic,
    objects: &[Listed],
) -> Result<(f64, f64)> {
    let runtime = runtime()?;
    let subject = tiered.start(bench)?;
    std::thread::sleep(WARM);
    let mut reader = Reader::open(&subject, topic)?;
    let (mut fetches, mut gets) = (Vec::new(), Vec::new());
    for object in objects {
        let Key::Segment(key) = object.key else { continue };
        let path = raw.keys.path(&object.key);
        let begin = Instant::now();
        runtime.block_on(raw.store.get_range(&path, 0..(1 << 20)))?;
        gets.push(begin.elapsed().as_secs_f64() * 1000.0);
        let begin = Instant::now();
        while reader.fetch(key.base_offset.0)?.0 == 0 {}
        fetches.push(begin.elapsed().as_secs_f64() * 1000.0);
    }
    let median = |times: Vec<f64>| Spread::of(times).map(|spread| spread.median);
    median(fetches).zip(median(gets)).context("nothing was copied")
}

/// A consumer of one partition that asks for one thing after the other.
pub(super) struct Reader<'a> {
    stream: std::net::TcpStream,
    topic: &'a str,
}

impl<'a> Reader<'a> {
    pub(super) fn open(subject: &Subject, topic: &'a TieredTopic) -> Result<Reader<'a>> {
        let stream = Connection::open(subject.address)?.into_stream();
        Ok(Reader { stream, topic: &topic.name })
    }

    /// Bytes of records from an offset on, and the offset after them.
    pub(super) fn fetch(&mut self, offset: i64) -> Result<(u64, i64)> {
        self.stream.write_all(&fetch_frame(self.topic, offset, FETCH_BYTES)?)?;
        let body = read_answer(&mut self.stream, ApiKey::Fetch, FETCH_VERSION)?;
        let response: FetchResponse<'_> = decode(&body, FETCH_VERSION)?;
        let partition = response.responses.first().and_then(|topic| topic.partitions.first());
        let partition = partition.context("a Fetch answer without the partition")?;
        let code = partition.error_code;
        ensure!(code == 0, "a Fetch from offset {offset} fails with error {code}");
        let records = partition.records.as_bytes().unwrap_or_default();
        let last = batches(records).map_while(Result::ok).last();
        Ok((records.len() as u64, last.map_or(offset, |batch| batch.header.next_offset().0)))
    }
}
