//! Scenario 9: Kafka's own producer-perf-test.

use anyhow::{Context, Result};

use crate::bench::Bench;
use crate::bench::measure::{Contender, Participant, Repetition, contenders, in_turn, timed};
use crate::bench::report::{Finding, Section, Target};
use crate::bench::statistics::{Spread, short};
use crate::bench::subject::Kind;

const RECORDS: u32 = 4_000_000;
const RECORD_BYTES: u32 = 100;

/// What the tool prints last.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Produced {
    records_per_s: f64,
    p50_ms: f64,
    p99_ms: f64,
    p999_ms: f64,
}

pub(super) fn run(bench: &Bench) -> Result<Section> {
    let kafka =
        bench.kafka.clone().context("Kafka's producer-perf-test is needed, and Kafka is not there")?;
    let subjects = bench.start_all_and_null()?;
    let contenders = contenders(&subjects, false);
    let (records, bytes) = (bench.scaled(RECORDS).to_string(), RECORD_BYTES.to_string());
    let repetitions = in_turn(bench, &contenders, |contender| {
        let topic = bench.topic();
        contender.create_topic(&topic, 1)?;
        let server = format!("bootstrap.servers={}", contender.subject.address);
        let arguments = [
            "producer-perf-test",
            "--topic",
            &topic,
            "--num-records",
            &records,
            "--record-size",
            &bytes,
            "--throughput",
            "-1",
            "--producer-props",
            &server,
            "acks=all",
            "batch.size=65536",
            "linger.ms=5",
        ];
        let repetition = timed(contender.subject, || {
            let printed = kafka.tool(&arguments)?;
            parse(&printed).with_context(|| format!("producer-perf-test says: {printed}"))
        });
        contender.delete_topic(&topic)?;
        repetition
    })?;
    let (rows, findings) = summarize(&contenders, &repetitions)?;
    Ok(Section {
        number: 9,
        title: "Kafka's own producer",
        method: format!(
            "Kafka's producer-perf-test, {records} records of {bytes} bytes to one partition, acks=all, batch.size=65536, \
             linger.ms=5. The JVM of the client shares the cores."
        ),
        header: vec![
            "broker",
            "records/s min",
            "median",
            "max",
            "p50 ms",
            "p99 ms",
            "p99.9 ms",
            "broker CPU s",
        ],
        rows,
        findings,
        limits: Vec::new(),
        notes: Vec::new(),
    })
}

/// Rows of the table, and ours against the others.
fn summarize(
    contenders: &[Contender<'_>],
    repetitions: &[Vec<Repetition<Produced>>],
) -> Result<(Vec<Vec<String>>, Vec<Finding>)> {
    let mut rows = Vec::new();
    let mut medians = Vec::new();
    for (contender, repetitions) in contenders.iter().zip(repetitions) {
        let spread = |value: fn(&Produced) -> f64| {
            Spread::of(repetitions.iter().map(|one| value(&one.value))).context("nothing was measured")
        };
        let rate = spread(|one| one.records_per_s)?;
        let p99 = spread(|one| one.p99_ms)?.median;
        let cpu_s =
            Spread::of(repetitions.iter().map(|one| one.cpu_s)).map_or(f64::NAN, |spread| spread.median);
        medians.push((contender, rate.median, p99, cpu_s));
        let (p50, p999) = (spread(|one| one.p50_ms)?.median, spread(|one| one.p999_ms)?.median);
        let values = [rate.min, rate.median, rate.max, p50, p99, p999, cpu_s];
        rows.push(std::iter::once(contender.label()).chain(values.map(short)).collect());
    }
    let mut findings = Vec::new();
    for (other, rate, p99, cpu_s) in medians.iter().skip(1) {
        let (ours, mine, mine_p99, mine_cpu_s) = &medians[0];
        let (ours, label) = (ours.label(), other.label());
        if other.subject.kind == Kind::Null {
            let what = format!("Java producer records/s, {ours} of the client's ceiling");
            findings.push(Finding::figure(what, mine * 100.0 / rate, "%", Target::None));
            continue;
        }
        findings.push(Finding::ratio(
            format!("Java producer records/s, {ours} against {label}"),
            *mine,
            *rate,
            Target::None,
        ));
        findings.push(Finding::ratio(
            format!("Java producer p99, {ours} against {label}"),
            *mine_p99,
            *p99,
            Target::None,
        ));
        findings.push(Finding::ratio(
            format!("broker CPU, {ours} against {label}"),
            *mine_cpu_s,
            *cpu_s,
            Target::None,
        ));
    }
    Ok((rows, findings))
}

/// `9 records sent, 1.5 records/sec (0.1 MB/sec), 1.0 ms avg latency, 4.0 ms max latency, 1 ms 50th, 2 ms 95th, 3 ms 99th,
/// 4 ms 99.9th.`
fn parse(printed: &str) -> Option<Produced> {
    let line = printed.lines().rfind(|line| line.contains(" 99.9th"))?;
    let before = |mark: &str| {
        let number = line.split(", ").find_map(|part| part.split_once(mark))?.0;
        number.parse::<f64>().ok()
    };
    Some(Produced {
        records_per_s: before(" records/sec")?,
        p50_ms: before(" ms 50th")?,
        p99_ms: before(" ms 99th")?,
        p999_ms: before(" ms 99.9th")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_of_totals_is_read() {
        let printed = "400000 records sent, 148698.884758 records/sec (14.18 MB/sec), 154.44 ms avg latency, 488.00 ms max \
                       latency, 137 ms 50th, 382 ms 95th, 403 ms 99th, 416 ms 99.9th.\n";
        let expected =
            Produced { records_per_s: 148_698.884_758, p50_ms: 137.0, p99_ms: 403.0, p999_ms: 416.0 };
        assert_eq!(parse(printed), Some(expected));
    }
}
