//! Scenario 14: from exec to the first answer and the first acknowledged record, empty and after kill -9.

use std::net::SocketAddr;
use std::process::Child;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use crate::bench::Bench;
use crate::bench::connection::{Connection, one_record_batch};
use crate::bench::report::{Finding, Section, Target};
use crate::bench::statistics::{Spread, short};
use crate::bench::subject::{Kafka, KafkaDirectory, Ours};
use crate::broker_process::BrokerOptions;

const TOPICS: u32 = 10;
const TOPIC_PARTITIONS: i32 = 1000;
const RECORD_BYTES: usize = 100;
/// Starts of Kafka with many partitions: one takes a minute.
const KAFKA_LOADED_STARTS: usize = 1;
const START_LIMIT: Duration = Duration::from_secs(180);
/// Between two attempts to reach a broker that starts.
const LOOK_INTERVAL: Duration = Duration::from_micros(200);

/// Milliseconds from exec.
#[derive(Debug, Clone, Copy)]
struct Start {
    first_answer_ms: f64,
    first_acknowledged_ms: f64,
}

/// A broker that can be started and killed on one directory again and again.
enum Startable {
    Ours(BrokerOptions, Option<Child>),
    Kafka(KafkaDirectory),
}

impl Startable {
    fn address(&self) -> SocketAddr {
        match self {
            Self::Ours(options, _) => options.address,
            Self::Kafka(directory) => directory.address,
        }
    }

    /// Starts it and measures until `topic`, which is created if it is not there, has taken a record.
    fn start(&mut self, topic: &str) -> Result<Start> {
        let mut command = match self {
            Self::Ours(options, _) => options.command()?,
            Self::Kafka(directory) => directory.start_command(),
        };
        let begin = Instant::now();
        let mut child = command.spawn().context("cannot start a broker")?;
        let reached = first_record(begin, self.address(), topic, &mut child);
        match self {
            Self::Ours(_, running) => *running = Some(child),
            // The script ends when the broker is ready.
            Self::Kafka(_) => ensure!(child.wait()?.success(), "Kafka did not start"),
        }
        reached
    }

    fn kill(&mut self) -> Result<()> {
        match self {
            Self::Ours(_, running) => {
                let mut child = running.take().context("the broker does not run")?;
                child.kill()?;
                child.wait()?;
                Ok(())
            }
            Self::Kafka(directory) => directory.kill(),
        }
    }
}

impl Drop for Startable {
    fn drop(&mut self) {
        if let Self::Ours(_, Some(child)) = self {
            // It may have ended already, and there is nobody to tell.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

pub(super) fn run(bench: &Bench) -> Result<Section> {
    let mut rows = Vec::new();
    let mut findings = Vec::new();
    let mut names = vec![Ours::NAME];
    names.extend(bench.kafka.as_ref().map(|_| Kafka::NAME));
    let mut empty: Vec<Vec<Start>> = names.iter().map(|_| Vec::new()).collect();
    for _ in 0..bench.repetitions {
        for (name, starts) in names.iter().zip(&mut empty) {
            let mut broker = startable(bench, name)?;
            starts.push(broker.start("bench-start").with_context(|| format!("{name}, empty"))?);
            broker.kill()?;
        }
    }
    let topics = bench.scaled(TOPICS);
    let mut loaded: Vec<Vec<Start>> = Vec::new();
    for name in &names {
        let is_ours = *name == Ours::NAME;
        let starts = if is_ours { bench.repetitions } else { KAFKA_LOADED_STARTS };
        loaded.push(
            kill_and_start(&mut startable(bench, name)?, topics, starts)
                .with_context(|| format!("{name}, killed"))?,
        );
    }
    let partitions = topics * TOPIC_PARTITIONS.unsigned_abs();
    for (state, all, goal_ms) in
        [("empty".to_owned(), &empty, 50.0), (format!("{partitions} partitions, killed"), &loaded, 2000.0)]
    {
        for (name, starts) in names.iter().zip(all) {
            let spread = |value: fn(&Start) -> f64| {
                Spread::of(starts.iter().map(value)).context("nothing was measured")
            };
            let (answer, acknowledged) =
                (spread(|start| start.first_answer_ms)?, spread(|start| start.first_acknowledged_ms)?);
            let numbers = [answer.median, acknowledged.min, acknowledged.median, acknowledged.max];
            rows.push(std::iter::once(format!("{name}, {state}")).chain(numbers.map(short)).collect());
            let goal = if *name == Ours::NAME { Target::AtMost(goal_ms) } else { Target::None };
            let what = format!("exec to first acknowledged record, {name}, {state}");
            findings.push(Finding::figure(what, acknowledged.median, "ms", goal));
        }
    }
    Ok(Section {
        number: 14,
        title: "Start",
        method: format!(
            "From exec to the first answered ApiVersions and to the first acknowledged record: on an empty directory \
             (a topic is created in between), and on one with {partitions} partitions, each of which got a record just \
             before kill -9."
        ),
        header: vec!["broker", "first answer ms", "first record ms min", "median", "max"],
        rows,
        findings,
        limits: Vec::new(),
        notes: vec![format!("Kafka with many partitions was killed and started {KAFKA_LOADED_STARTS} time.")],
    })
}

fn startable(bench: &Bench, name: &str) -> Result<Startable> {
    let directory = bench.fresh_directory(name);
    match &bench.kafka {
        Some(kafka) if name == Kafka::NAME => Ok(Startable::Kafka(kafka.prepare(&directory)?)),
        _ => Ok(Startable::Ours(bench.ours.options(&directory)?, None)),
    }
}

fn kill_and_start(broker: &mut Startable, topics: u32, starts: usize) -> Result<Vec<Start>> {
    let names: Vec<String> = (0..topics).map(|topic| format!("bench-many-{topic}")).collect();
    broker.start("bench-start")?;
    let batch = one_record_batch(RECORD_BYTES);
    let mut connection = Connection::open(broker.address())?;
    for name in &names {
        connection.create_topic(name, TOPIC_PARTITIONS, &[])?;
    }
    let mut measured = Vec::new();
    for _ in 0..starts {
        for name in &names {
            connection.produce(name, TOPIC_PARTITIONS, &batch)?;
        }
        broker.kill()?;
        measured.push(broker.start(names.last().context("there are topics")?)?);
        connection = Connection::open(broker.address())?;
    }
    Ok(measured)
}

fn first_record(begin: Instant, address: SocketAddr, topic: &str, child: &mut Child) -> Result<Start> {
    let mut connection = loop {
        match Connection::open(address)
            .and_then(|mut connection| connection.api_versions().map(|()| connection))
        {
            Ok(connection) => break connection,
            Err(error) => {
                ensure!(begin.elapsed() < START_LIMIT, "no answer: {error:#}");
                if let Some(status) = child.try_wait()?.filter(|status| !status.success()) {
                    bail!("it ended while starting ({status})");
                }
                thread::sleep(LOOK_INTERVAL);
            }
        }
    };
    let first_answer = begin.elapsed();
    let batch = one_record_batch(RECORD_BYTES);
    // Kafka answers before it takes requests of this kind; then it closes the connection or refuses.
    while !matches!(acknowledged(&mut connection, topic, &batch), Ok(true)) {
        ensure!(begin.elapsed() < START_LIMIT, "no record was acknowledged");
        thread::sleep(LOOK_INTERVAL);
        connection = Connection::open(address)?;
    }
    let milliseconds = |time: Duration| time.as_secs_f64() * 1000.0;
    Ok(Start {
        first_answer_ms: milliseconds(first_answer),
        first_acknowledged_ms: milliseconds(begin.elapsed()),
    })
}

fn acknowledged(connection: &mut Connection, topic: &str, batch: &[u8]) -> Result<bool> {
    if connection.try_produce(topic, 1, batch)? {
        return Ok(true);
    }
    // It has not been created: on an empty broker, and only there.
    connection.create_topic(topic, 1, &[])?;
    connection.try_produce(topic, 1, batch)
}
