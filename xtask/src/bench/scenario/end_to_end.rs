//! Scenario 8: from produce to consume, one record at a time, with Kafka's own tool.

use anyhow::{Context, Result};

use crate::bench::Bench;
use crate::bench::measure::{Participant, contenders, in_turn, timed};
use crate::bench::report::{Finding, Section, Target};
use crate::bench::statistics::{Spread, short};

const RECORDS: u32 = 5_000;
const RECORD_BYTES: u32 = 100;

/// What the tool prints, in milliseconds; it knows percentiles only to the millisecond.
#[derive(Debug, Clone, Copy, PartialEq)]
struct EndToEnd {
    average: f64,
    p50: f64,
    p99: f64,
    p999: f64,
}

pub(super) fn run(bench: &Bench) -> Result<Section> {
    let kafka = bench.kafka.clone().context("Kafka's EndToEndLatency is needed, and Kafka is not there")?;
    let subjects = bench.start_all()?;
    let contenders = contenders(&subjects, false);
    let (records, bytes) = (bench.scaled(RECORDS).to_string(), RECORD_BYTES.to_string());
    let repetitions = in_turn(bench, &contenders, |contender| {
        let topic = bench.topic();
        contender.create_topic(&topic, 1)?;
        let address = contender.subject.address.to_string();
        let repetition = timed(contender.subject, || {
            let printed = kafka.tool(&["e2e-latency", &address, &topic, &records, "all", &bytes])?;
            parse(&printed).with_context(|| format!("EndToEndLatency says: {printed}"))
        });
        contender.delete_topic(&topic)?;
        repetition
    })?;
    let mut rows = Vec::new();
    let mut averages = Vec::new();
    for (contender, repetitions) in contenders.iter().zip(&repetitions) {
        let median = |value: fn(&EndToEnd) -> f64| {
            Spread::of(repetitions.iter().map(|one| value(&one.value)))
                .map_or(f64::NAN, |spread| spread.median)
        };
        let average = median(|one| one.average);
        averages.push((contender.label(), average, median(|one| one.p99)));
        let cpu_s =
            Spread::of(repetitions.iter().map(|one| one.cpu_s)).map_or(f64::NAN, |spread| spread.median);
        let values = [average, median(|one| one.p50), median(|one| one.p99), median(|one| one.p999), cpu_s];
        rows.push(std::iter::once(contender.label()).chain(values.map(short)).collect());
    }
    let mut findings = Vec::new();
    for (label, average, p99) in averages.iter().skip(1) {
        let (ours, mine, mine_p99) = &averages[0];
        let what = format!("end to end average, {ours} against {label}");
        findings.push(Finding::ratio(what, *mine, *average, Target::None));
        let what = format!("end to end p99, {ours} against {label}");
        findings.push(Finding::ratio(what, *mine_p99, *p99, Target::None));
    }
    Ok(Section {
        number: 8,
        title: "End to end, with Kafka's own tool",
        method: format!(
            "Kafka's EndToEndLatency, {records} records of {bytes} bytes, one after the other, acks=all. Most of the time \
             is the Java client's."
        ),
        header: vec!["broker", "average ms", "p50", "p99", "p99.9", "broker CPU s"],
        rows,
        findings,
        limits: Vec::new(),
        notes: Vec::new(),
    })
}

/// `Avg latency: 2.9965 ms` and `Percentiles: 50th = 1, 99th = 15, 99.9th = 58`.
fn parse(printed: &str) -> Option<EndToEnd> {
    let average = printed.lines().find_map(|line| line.strip_prefix("Avg latency: "))?.trim();
    let percentiles = printed.lines().find_map(|line| line.strip_prefix("Percentiles: "))?;
    let mut values = percentiles.split(", ").map(|part| part.split_once(" = ")?.1.trim().parse().ok());
    Some(EndToEnd {
        average: average.strip_suffix(" ms")?.parse().ok()?,
        p50: values.next()??,
        p99: values.next()??,
        p999: values.next()??,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn average_and_percentiles_are_read() {
        let printed = "Topic \"e2e\" does not exist.\n0\t58.297309\nAvg latency: 2.9965 ms\nPercentiles: 50th = 1, 99th = 15, 99.9th = 58\n";
        assert_eq!(parse(printed), Some(EndToEnd { average: 2.9965, p50: 1.0, p99: 15.0, p999: 58.0 }));
    }
}
