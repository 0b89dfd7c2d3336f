//! Scenario 15: how fast a compacted topic is cleaned, and what that takes.
//!
//! Both brokers get the same records. A dirty ratio that is never exceeded holds their cleaners back until all is there
//! and on disk; then it is lowered to Kafka's default, and the cleaning is watched. What is left is read back.

mod data;
mod watch;

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, Result, ensure};

use self::data::Data;
use self::watch::Watched;
use crate::bench::Bench;
use crate::bench::connection::Connection;
use crate::bench::measure::{Participant, Repetition, in_turn, settle, timed};
use crate::bench::page_cache::read_files_of;
use crate::bench::report::{Finding, Section, Target};
use crate::bench::statistics::{Spread, short};
use crate::bench::subject::{Kafka, Kind, Subject};
use crate::bench::usage::resident_kib;

const SEGMENT_BYTES: u64 = 128 << 20;
/// Segments that are cleaned; the active one comes on top.
const SEGMENTS: u32 = 16;
const SEGMENTS_QUICK: u32 = 4;
/// Records for each key.
const RECORDS_PER_KEY: u64 = 3;
const DIRTY_RATIO: &str = "min.cleanable.dirty.ratio";
/// Kafka's default.
const DIRTY_RATIO_DEFAULT: &str = "0.5";
/// No log is dirtier than this, and it would have to be.
const DIRTY_RATIO_NEVER: &str = "1";
/// Both look for work this often, so that a repetition does not wait for 15 s.
const BACKOFF: (&str, &str) = ("log.cleaner.backoff.ms", "200");
/// A sealed segment waits for the next checkpoint of ours before it is cleaned.
const CHECKPOINT: (&str, &str) = ("highwater.checkpoint.interval.ms", "1000");
const CHECKPOINT_LIMIT: Duration = Duration::from_secs(30);
/// Longer than from one checkpoint to the next while anything changes.
const CHECKPOINTS_APART: Duration = Duration::from_millis(1500);
/// After this a JVM that was just started has what it needs for idling.
const AFTER_START: Duration = Duration::from_secs(3);
const THROUGHPUT_GOAL: Target = Target::AtLeast(2.0);
const MEMORY_GOAL: Target = Target::AtMost(0.5);
const KIB_PER_MIB: f64 = 1024.0;

/// One cleaning.
#[derive(Debug, Clone, Copy)]
struct Cleaning {
    /// Bytes of the segments that were cleaned.
    bytes: u64,
    /// What was left of them.
    bytes_after: u64,
    watched: Watched,
}

impl Cleaning {
    fn megabytes_per_s(&self) -> f64 {
        self.bytes as f64 / 1e6 / self.watched.seconds
    }

    fn cpu_s_per_gb(&self) -> f64 {
        self.watched.cpu_s * 1e9 / self.bytes as f64
    }

    fn grew_kib(&self) -> u64 {
        self.watched.peak_kib.saturating_sub(self.watched.before_kib)
    }
}

/// A broker that cleans.
struct Contest<'a> {
    subject: &'a Subject,
}

impl Participant for Contest<'_> {
    fn label(&self) -> String {
        self.subject.name.clone()
    }

    fn jvm(&self) -> Option<u32> {
        (self.subject.kind == Kind::Kafka).then_some(self.subject.pid)
    }
}

/// All cleanings of one contest.
struct Cleanings {
    label: String,
    kind: Kind,
    megabytes_per_s: Spread,
    seconds: f64,
    cpu_s_per_gb: f64,
    /// Percent of the bytes that were left.
    left: f64,
    before_mib: f64,
    peak_mib: f64,
    grew_mib: f64,
    foreign_share: f64,
}

pub(super) fn run(bench: &Bench) -> Result<Section> {
    let segments = if bench.quick { SEGMENTS_QUICK } else { SEGMENTS };
    let mut subjects = vec![start_ours(bench)?];
    let mut kafkas_mib = None;
    if let Some(kafka) = &bench.kafka {
        let without = idle_mib(&start_kafka(bench, kafka, &[("log.cleaner.enable", "false")])?)?;
        let subject = start_kafka(bench, kafka, &[])?;
        kafkas_mib = Some((idle_mib(&subject)? - without).max(0.0));
        subjects.push(subject);
    }
    let contests: Vec<Contest<'_>> = subjects.iter().map(|subject| Contest { subject }).collect();
    let repetitions = in_turn(bench, &contests, |contest| contest.run(bench, segments))?;
    let cleanings: Result<Vec<Cleanings>> = contests
        .iter()
        .zip(&repetitions)
        .map(|(contest, repetitions)| Cleanings::of(contest, repetitions))
        .collect();
    Ok(section(segments, &cleanings?, kafkas_mib))
}

fn start_ours(bench: &Bench) -> Result<Subject> {
    let directory = bench.fresh_directory("compaction");
    bench.ours.start_with(&directory, &[BACKOFF, CHECKPOINT]).context("cannot start this broker")
}

fn start_kafka(bench: &Bench, kafka: &Kafka, settings: &[(&str, &str)]) -> Result<Subject> {
    let settings = [&[BACKOFF], settings].concat();
    kafka.start_with(&bench.fresh_directory(Kafka::NAME), &settings)
}

/// Memory of a broker that was just started and does nothing.
fn idle_mib(subject: &Subject) -> Result<f64> {
    thread::sleep(AFTER_START);
    Ok(resident_kib(subject.pid)? as f64 / KIB_PER_MIB)
}

impl Contest<'_> {
    fn run(&self, bench: &Bench, segments: u32) -> Result<Repetition<Cleaning>> {
        let topic = bench.topic();
        let mut connection = Connection::open(self.subject.address)?;
        let segment_bytes = SEGMENT_BYTES.to_string();
        let mut configs = self.subject.topic_configs(self.subject.kind == Kind::Ours);
        configs.extend([
            ("cleanup.policy", "compact"),
            (DIRTY_RATIO, DIRTY_RATIO_NEVER),
            ("segment.bytes", &segment_bytes),
        ]);
        connection.create_topic(&topic, 1, &configs)?;
        let data = Data::new(SEGMENT_BYTES, segments, RECORDS_PER_KEY);
        data.produce(self.subject.address, &topic)?;
        let directory = self.subject.data.as_ref().context("where does it keep its data?")?;
        let partition = directory.join(format!("{topic}-0"));
        self.wait_until_durable(directory)?;
        read_files_of(&partition)?;
        let (bytes, active_base) = sealed(&partition)?;
        let repetition = timed(self.subject, || {
            connection.alter_topic(&topic, DIRTY_RATIO, DIRTY_RATIO_DEFAULT)?;
            watch::cleaning(self.subject, &format!("{topic}-0"))
        })?;
        let (bytes_after, _) = sealed(&partition)?;
        data.verify(self.subject.address, &topic, active_base)?;
        connection.delete_topic(&topic)?;
        settle();
        let mut repetition = repetition.map(|watched| Cleaning { bytes, bytes_after, watched: *watched });
        repetition.cpu_s = repetition.value.watched.cpu_s;
        Ok(repetition)
    }

    /// Waits until what was produced is on disk, and ours has it in a checkpoint: in the last one, for a while.
    fn wait_until_durable(&self, directory: &Path) -> Result<()> {
        let (produced, begin) = (SystemTime::now(), Instant::now());
        settle();
        let path = directory.join("log-checkpoint");
        let is_settled = || -> Result<bool> {
            let written = fs::metadata(&path).and_then(|file| file.modified()).context("no checkpoint")?;
            Ok(written > produced && written.elapsed().unwrap_or_default() > CHECKPOINTS_APART)
        };
        while self.subject.kind == Kind::Ours && !is_settled()? {
            ensure!(begin.elapsed() < CHECKPOINT_LIMIT, "there is no checkpoint");
            thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }
}

/// Bytes of the segments in `partition` but for the active one, and the first offset of that.
fn sealed(partition: &Path) -> Result<(u64, i64)> {
    let mut segments: Vec<(i64, PathBuf)> = Vec::new();
    for entry in fs::read_dir(partition).with_context(|| format!("cannot list {}", partition.display()))? {
        let path = entry?.path();
        let is_log = path.extension().is_some_and(|extension| extension == "log");
        let base = path.file_stem().and_then(|stem| stem.to_str()?.parse().ok());
        segments.extend(base.filter(|_| is_log).map(|base| (base, path)));
    }
    segments.sort_unstable();
    let (active_base, _) = segments.pop().context("a partition without segments")?;
    let mut bytes = 0;
    for (_, path) in &segments {
        bytes += fs::metadata(path)?.len();
    }
    Ok((bytes, active_base))
}

impl Cleanings {
    const HEADER: [&'static str; 11] = [
        "broker",
        "MB/s min",
        "median",
        "max",
        "s",
        "broker CPU s/GB",
        "left",
        "RSS MiB before",
        "peak",
        "grew by",
        "foreign CPU",
    ];

    fn of(contest: &Contest<'_>, repetitions: &[Repetition<Cleaning>]) -> Result<Self> {
        let spread = |value: fn(&Cleaning) -> f64| {
            Spread::of(repetitions.iter().map(|one| value(&one.value))).context("nothing was measured")
        };
        let mib = |kib: u64| kib as f64 / KIB_PER_MIB;
        let foreign = repetitions.iter().map(|one| one.foreign_share).fold(0.0, f64::max);
        Ok(Self {
            label: contest.label(),
            kind: contest.subject.kind,
            megabytes_per_s: spread(Cleaning::megabytes_per_s)?,
            seconds: spread(|one| one.watched.seconds)?.median,
            cpu_s_per_gb: spread(Cleaning::cpu_s_per_gb)?.median,
            left: spread(|one| one.bytes_after as f64 * 100.0 / one.bytes as f64)?.median,
            before_mib: spread(|one| one.watched.before_kib as f64)?.median / KIB_PER_MIB,
            peak_mib: spread(|one| one.watched.peak_kib as f64)?.median / KIB_PER_MIB,
            grew_mib: mib(repetitions.iter().map(|one| one.value.grew_kib()).max().unwrap_or_default()),
            foreign_share: foreign,
        })
    }

    fn row(&self) -> Vec<String> {
        let Spread { min, median, max } = self.megabytes_per_s;
        let mut row = vec![self.label.clone()];
        row.extend([min, median, max, self.seconds, self.cpu_s_per_gb].map(short));
        row.push(format!("{:.0} %", self.left));
        row.extend([self.before_mib, self.peak_mib, self.grew_mib].map(short));
        row.push(format!("{:.0} %", self.foreign_share * 100.0));
        row
    }
}

fn section(segments: u32, cleanings: &[Cleanings], kafkas_mib: Option<f64>) -> Section {
    let mut findings = Vec::new();
    for ours in cleanings.iter().filter(|one| one.kind == Kind::Ours) {
        let Some(theirs) = cleanings.iter().find(|one| one.kind == Kind::Kafka) else { continue };
        let against = format!("{} against {}", ours.label, theirs.label);
        let (mine, other) = (ours.megabytes_per_s.median, theirs.megabytes_per_s.median);
        findings.push(Finding::ratio(format!("cleaned MB/s, {against}"), mine, other, THROUGHPUT_GOAL));
        let what = format!("broker CPU per cleaned byte, {against}");
        findings.push(Finding::ratio(what, ours.cpu_s_per_gb, theirs.cpu_s_per_gb, Target::None));
        if let Some(kafkas_mib) = kafkas_mib {
            let what = format!("memory of the cleaner, {against}");
            findings.push(Finding::ratio(what, ours.grew_mib, kafkas_mib, MEMORY_GOAL));
        }
        let what = format!("RSS while cleaning, {against}");
        findings.push(Finding::ratio(what, ours.peak_mib, theirs.peak_mib, Target::None));
    }
    let notes = kafkas_mib.map(|mib| {
        format!(
            "Memory of Kafka's cleaner: {} MiB, by which a Kafka that was just started and idles is larger with a cleaner \
             than without one (`log.cleaner.enable=false`); its buffers are set to 128 MiB and 2 x 0.5 MiB and are held for \
             good. What its heap grows by while it cleans is not counted. Memory of ours: the most that the process grew by \
             during a cleaning, over all repetitions.",
            short(mib)
        )
    });
    Section {
        number: 15,
        title: "Compaction",
        method: format!(
            "A partition of {segments} sealed segments of {} MiB, uncompressed batches of {} records of {} bytes, {RECORDS_PER_KEY} \
             records for each key on average, keys at random. One cleaner thread, settings of the cleaner as shipped but \
             for `log.cleaner.backoff.ms`. MB/s are the bytes of the cleaned segments before it, by the time from the \
             cleaning's beginning to its end as each broker's log tells it. What is left is read back after each cleaning, and is \
             compared record by record with what has to be left.",
            SEGMENT_BYTES >> 20,
            data::BATCH_RECORDS,
            data::VALUE_BYTES,
        ),
        header: Cleanings::HEADER.to_vec(),
        rows: cleanings.iter().map(Cleanings::row).collect(),
        findings,
        limits: Vec::new(),
        notes: notes.into_iter().collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cleanings(kind: Kind, megabytes_per_s: f64, grew_mib: f64) -> Cleanings {
        let spread = |value| Spread { min: value, median: value, max: value };
        Cleanings {
            label: format!("{kind:?}"),
            kind,
            megabytes_per_s: spread(megabytes_per_s),
            seconds: 1.0,
            cpu_s_per_gb: 1.0,
            left: 30.0,
            before_mib: 10.0,
            peak_mib: 10.0 + grew_mib,
            grew_mib,
            foreign_share: 0.0,
        }
    }

    #[test]
    fn ours_is_compared_with_the_memory_that_kafkas_cleaner_holds() {
        let all = [cleanings(Kind::Ours, 900.0, 40.0), cleanings(Kind::Kafka, 300.0, 500.0)];
        let met = |kafkas_mib| -> Vec<Option<bool>> {
            section(16, &all, kafkas_mib).findings.iter().map(Finding::is_met).collect()
        };
        assert_eq!(met(Some(128.0)), [Some(true), None, Some(true), None]);
        assert_eq!(met(Some(64.0)), [Some(true), None, Some(false), None]);
        assert_eq!(met(None).len(), 3);
    }

    #[test]
    fn the_active_segment_is_not_among_those_that_are_cleaned() {
        let directory = tempfile::tempdir().unwrap();
        for (name, len) in
            [("00.log", 10), ("07.log", 20), ("07.index", 3), ("30.log", 40), ("00.log.deleted", 9)]
        {
            fs::write(directory.path().join(name), vec![0; len]).unwrap();
        }
        assert_eq!(sealed(directory.path()).unwrap(), (30, 30));
    }
}
