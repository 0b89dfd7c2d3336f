//! Scenario 7: reading what the page cache holds, with librdkafka and with Kafka's own tool.

use anyhow::{Context, Result, ensure};

use crate::bench::Bench;
use crate::bench::measure::{Contender, contenders, in_turn, timed};
use crate::bench::page_cache::read_files_of;
use crate::bench::rdkafka::{BATCHED, Throughput};
use crate::bench::report::{Section, Target};
use crate::bench::runs::{Runs, compare, rows};
use crate::bench::subject::Kafka;

const MESSAGES: u32 = 3_000_000;
const MESSAGE_BYTES: u32 = 1024;
const TOPIC: &str = "bench-consume";

pub(super) fn run(bench: &Bench) -> Result<Section> {
    let subjects = bench.start_all()?;
    let contenders = contenders(&subjects, false);
    let messages = bench.scaled(MESSAGES);
    let options = [&BATCHED[..], &["-a", "-1"]].concat();
    for contender in &contenders {
        contender.create_topic(TOPIC, 1)?;
        bench.rdkafka.produce(contender.subject, TOPIC, (u64::from(messages), MESSAGE_BYTES), &options)?;
    }
    rustix::fs::sync();
    let repetitions = in_turn(bench, &contenders, |contender| {
        cache(contender)?;
        timed(contender.subject, || bench.rdkafka.consume(contender.subject, TOPIC, u64::from(messages)))
    })?;
    let runs = of(&contenders, &repetitions)?;
    let mut findings = compare(&runs, Target::AtLeast(1.5), Target::None);
    let mut table = rows(&runs);
    if let Some(kafka) = &bench.kafka {
        let repetitions = in_turn(bench, &contenders, |contender| {
            let group = bench.topic();
            cache(contender)?;
            timed(contender.subject, || consume_with_tool(kafka, contender, messages, &group))
        })?;
        let mut runs = of(&contenders, &repetitions)?;
        for run in &mut runs {
            run.label = format!("{} (Java)", run.label);
        }
        findings.extend(compare(&runs, Target::None, Target::None));
        table.extend(rows(&runs));
    }
    Ok(Section {
        number: 7,
        title: "Consume from the page cache",
        method: format!(
            "{messages} messages of {MESSAGE_BYTES} bytes from one partition, whose files are read once before each \
             repetition: rdkafka_performance, and Kafka's consumer-perf-test (its fetch time, without joining the group)."
        ),
        header: Runs::HEADER.to_vec(),
        rows: table,
        findings,
        limits: Vec::new(),
        notes: Vec::new(),
    })
}

/// Lets the page cache hold the topic of a broker that runs here.
fn cache(contender: &Contender<'_>) -> Result<()> {
    match &contender.subject.data {
        Some(data) => read_files_of(&data.join(format!("{TOPIC}-0"))),
        None => Ok(()),
    }
}

fn of(
    contenders: &[Contender<'_>],
    repetitions: &[Vec<crate::bench::measure::Repetition<Throughput>>],
) -> Result<Vec<Runs>> {
    contenders
        .iter()
        .zip(repetitions)
        .map(|(contender, repetitions)| Runs::of(contender, repetitions))
        .collect()
}

fn consume_with_tool(
    kafka: &Kafka,
    contender: &Contender<'_>,
    messages: u32,
    group: &str,
) -> Result<Throughput> {
    let (address, count) = (contender.subject.address.to_string(), messages.to_string());
    let printed = kafka.tool(&[
        "consumer-perf-test",
        "--bootstrap-server",
        &address,
        "--topic",
        TOPIC,
        "--num-records",
        &count,
        "--group",
        group,
    ])?;
    let throughput = parse(&printed).with_context(|| format!("consumer-perf-test says: {printed}"))?;
    ensure!(throughput.messages >= u64::from(messages), "consumer-perf-test found too little: {printed}");
    Ok(throughput)
}

/// The last line: start, end, MB, MB/s, messages, messages/s, rebalance ms, fetch ms, MB/s and messages/s of fetching.
fn parse(printed: &str) -> Option<Throughput> {
    let fields: Vec<&str> = printed.lines().last()?.split(", ").collect();
    let (messages, milliseconds) = (fields.get(4)?.parse().ok()?, fields.get(7)?.parse().ok()?);
    Some(Throughput { messages, bytes: messages * u64::from(MESSAGE_BYTES), milliseconds })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tools_fetch_time_leaves_the_rebalance_out() {
        let printed = "start.time, end.time, …\n2026-11-21 12:06:30:945, 2026-11-21 12:06:33:388, 47.6847, 19.5189, \
                       500010, 204670.4871, 1400, 1043, 45.7188, 479395.9732\n";
        let expected = Throughput { messages: 500_010, bytes: 512_010_240, milliseconds: 1043 };
        assert_eq!(parse(printed), Some(expected));
    }
}
