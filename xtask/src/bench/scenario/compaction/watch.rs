//! Watches a cleaning from outside: when its broker's log says that it is over, and what the broker used meanwhile.
//!
//! ```text
//! ours:  2026-01-02T03:04:05.678901Z  INFO broker_log::…: log cleaned log=t-0 … took_ms=1234
//! Kafka: [2026-01-02 03:04:05,678] INFO Beginning cleaning of log t-0 (…)
//!        [2026-01-02 03:04:06,912] INFO
//!                Log cleaner thread 0 cleaned log t-0 (dirty section = [0, 7])
//! ```

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::bench::subject::{Kind, Subject};
use crate::bench::usage::{cpu_seconds, resident_kib};

const LOOK_INTERVAL: Duration = Duration::from_millis(20);
const LIMIT: Duration = Duration::from_secs(120);
const SECONDS_PER_DAY: f64 = 86_400.0;

/// What was seen of one cleaning.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Watched {
    /// From its beginning to its end.
    pub(super) seconds: f64,
    /// What the broker's process used meanwhile.
    pub(super) cpu_s: f64,
    /// Resident memory when it began, and the most that was seen until its end.
    pub(super) before_kib: u64,
    pub(super) peak_kib: u64,
}

/// A look at the broker's process.
#[derive(Debug, Clone, Copy)]
struct Look {
    at_s: f64,
    cpu_s: f64,
    resident_kib: u64,
}

/// Waits until the partition's log was cleaned; it is not to have begun long ago.
pub(super) fn cleaning(subject: &Subject, partition: &str) -> Result<Watched> {
    let mut log = File::open(subject.log.as_ref().context("where does it log?")?)?;
    // What it has said before is about other topics.
    let from = log.metadata()?.len().saturating_sub(1 << 16);
    let finished = match subject.kind {
        Kind::Ours => ours,
        Kind::Kafka | Kind::Peer | Kind::Null => kafkas,
    };
    let (begin, mut looks) = (Instant::now(), Vec::new());
    let seconds = loop {
        looks.push(Look {
            at_s: begin.elapsed().as_secs_f64(),
            cpu_s: cpu_seconds(subject.pid)?,
            resident_kib: resident_kib(subject.pid)?,
        });
        let mut text = Vec::new();
        log.seek(SeekFrom::Start(from))?;
        log.read_to_end(&mut text)?;
        if let Some(seconds) = finished(&String::from_utf8_lossy(&text), partition) {
            break seconds;
        }
        ensure!(begin.elapsed() < LIMIT, "{partition} is not cleaned");
        thread::sleep(LOOK_INTERVAL);
    };
    watched(&looks, seconds).context("nobody looked")
}

/// What the looks say about the last `seconds`.
fn watched(looks: &[Look], seconds: f64) -> Option<Watched> {
    let last = looks.last()?;
    let began_s = last.at_s - seconds;
    let before = looks.iter().rev().find(|look| look.at_s <= began_s).or(looks.first())?;
    let meanwhile = looks.iter().filter(|look| look.at_s >= before.at_s);
    Some(Watched {
        seconds,
        cpu_s: last.cpu_s - before.cpu_s,
        before_kib: before.resident_kib,
        peak_kib: meanwhile.map(|look| look.resident_kib).max()?,
    })
}

/// Seconds that the cleaning took, if the log of ours tells of its end.
fn ours(text: &str, partition: &str) -> Option<f64> {
    let named = format!("log={partition} ");
    let line = text.lines().find(|line| line.contains("log cleaned") && line.contains(&named))?;
    let (_, took) = line.split_once("took_ms=")?;
    let took_ms: f64 = took.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()?;
    Some(took_ms / 1000.0)
}

/// The same of Kafka's.
fn kafkas(text: &str, partition: &str) -> Option<f64> {
    let (begun, ended) = (
        format!("Beginning cleaning of log {partition} "),
        format!(" cleaned log {partition} (dirty section"),
    );
    let (mut now_s, mut begun_s) = (None, None);
    for line in text.lines() {
        now_s = time_of_day(line).or(now_s);
        if line.contains(&begun) {
            begun_s = now_s;
        } else if line.contains(&ended) {
            return Some((now_s? - begun_s?).rem_euclid(SECONDS_PER_DAY));
        }
    }
    None
}

/// Seconds since midnight of a line `[2026-01-02 03:04:05,678] …`.
fn time_of_day(line: &str) -> Option<f64> {
    let (_, time) = line.strip_prefix('[')?.split_once(']')?.0.split_once(' ')?;
    let (clock, milliseconds) = time.split_once(',')?;
    let mut seconds = milliseconds.parse::<f64>().ok()? / 1000.0;
    for (part, unit) in clock.split(':').zip([3600.0, 60.0, 1.0]) {
        seconds += part.parse::<f64>().ok()? * unit;
    }
    Some(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_of_ours_tells_how_long_a_cleaning_took() {
        let text =
            "a INFO log cleaned log=t-10 keys=3 took_ms=7\na INFO log cleaned log=t-1 keys=3 took_ms=1234\n";
        assert_eq!(ours(text, "t-1"), Some(1.234));
        assert_eq!(ours(text, "t-2"), None);
    }

    #[test]
    fn kafkas_log_tells_it_by_the_times_of_two_lines() {
        let text = "[2026-01-02 23:59:59,500] INFO Beginning cleaning of log t-1 (x)\n\
                    [2026-01-03 00:00:01,750] INFO \n\tLog cleaner thread 0 cleaned log t-1 (dirty section = [0, 7])\n";
        assert_eq!(kafkas(text, "t-1"), Some(2.25));
        assert_eq!(kafkas(&text[..60], "t-1"), None);
        assert_eq!(kafkas(text, "t-10"), None);
    }

    #[test]
    fn only_what_was_seen_during_the_cleaning_counts() {
        let look = |at_s, cpu_s, resident_kib| Look { at_s, cpu_s, resident_kib };
        let looks = [look(0.0, 1.0, 900), look(1.0, 2.0, 100), look(2.0, 4.0, 300), look(3.0, 5.0, 200)];
        let expected = Watched { seconds: 1.5, cpu_s: 3.0, before_kib: 100, peak_kib: 300 };
        assert_eq!(watched(&looks, 1.5), Some(expected));
    }
}
