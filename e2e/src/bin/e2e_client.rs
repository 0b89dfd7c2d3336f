//! The client of the tests: it runs in a pod, does one thing by librdkafka, and prints one line of JSON about it.
//!
//! Records are numbered: the key of the n-th is `n`, so that whoever reads can tell what is missing and what came twice.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::{Args, Parser, Subcommand};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use rdkafka::admin::{AdminClient, AdminOptions, AlterConfig, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer, StreamConsumer};
use rdkafka::producer::{FutureProducer, FutureRecord};
use rdkafka::{Message, Offset, TopicPartitionList};
use serde_json::json;

/// How long any request may take.
const CALL_MAX: Duration = Duration::from_secs(20);
/// Without a record for so long, nothing more is expected.
const IDLE_MAX: Duration = Duration::from_secs(20);
/// Records that are on their way at once.
const IN_FLIGHT_MAX: usize = 2000;

/// Does one thing as a client of Kafka.
#[derive(Parser)]
struct Arguments {
    /// Where to begin.
    #[arg(long)]
    bootstrap: String,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Produces numbered records; tells how many were acknowledged, and the longest time between two acknowledgements.
    Produce(Produce),
    /// Reads a topic from its beginning; tells which numbers are missing and which came twice.
    Consume { topic: String, count: usize },
    /// Commits the same offset for every partition of a topic.
    Commit { group: String, topic: String, offset: i64 },
    /// Is a member of a group until it is told to end.
    Member { group: String, topic: String },
    /// Creates a topic; settings as key=value.
    Create { topic: String, partitions: i32, settings: Vec<String> },
    /// Sets all settings of a topic; those that are not named go back to their defaults.
    Set { topic: String, settings: Vec<String> },
    /// Tells partitions and settings of a topic.
    Describe { topic: String },
    /// Tells the value of a setting of broker 0.
    BrokerSetting { key: String },
}

#[derive(Args)]
struct Produce {
    topic: String,
    count: usize,
    /// Records in a second; 0 for as many as go.
    #[arg(long, default_value_t = 0)]
    rate: u32,
    /// Bytes of each value.
    #[arg(long, default_value_t = 100)]
    size: usize,
    /// The number of the first.
    #[arg(long, default_value_t = 0)]
    first: usize,
    /// How long a record may take to be acknowledged.
    #[arg(long, default_value_t = 60_000)]
    timeout_ms: u32,
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", &arguments.bootstrap).set("reconnect.backoff.max.ms", "500");
    let told = match arguments.command {
        Command::Produce(produce) => produce.run(&mut config).await?,
        Command::Consume { topic, count } => consume(&mut config, &topic, count)?,
        Command::Commit { group, topic, offset } => commit(&mut config, &group, &topic, offset)?,
        Command::Member { group, topic } => member(&mut config, &group, &topic).await?,
        Command::Create { topic, partitions, settings } => {
            let pairs = pairs(&settings)?;
            let mut wanted = NewTopic::new(&topic, partitions, TopicReplication::Fixed(1));
            for (key, value) in &pairs {
                wanted = wanted.set(key, value);
            }
            let made = admin(&config)?.create_topics([&wanted], &options()).await?;
            for one in made {
                one.map_err(|(name, code)| anyhow::anyhow!("{name}: {code}"))?;
            }
            json!({})
        }
        Command::Set { topic, settings } => {
            let mut wanted = AlterConfig::new(ResourceSpecifier::Topic(&topic));
            wanted.entries = pairs(&settings)?.into_iter().collect();
            for one in admin(&config)?.alter_configs([&wanted], &options()).await? {
                one.map_err(|(of, code)| anyhow::anyhow!("{of:?}: {code}"))?;
            }
            json!({})
        }
        Command::Describe { topic } => describe(&config, &topic).await?,
        Command::BrokerSetting { key } => {
            let of = settings(&config, ResourceSpecifier::Broker(0)).await?;
            json!({ "value": of.get(&key) })
        }
    };
    println!("{told}");
    Ok(())
}

fn pairs(settings: &[String]) -> Result<Vec<(&str, &str)>> {
    settings.iter().map(|pair| pair.split_once('=').context("a setting is key=value")).collect()
}

fn admin(config: &ClientConfig) -> Result<AdminClient<DefaultClientContext>> {
    Ok(config.create()?)
}

fn options() -> AdminOptions {
    AdminOptions::new().request_timeout(Some(CALL_MAX)).operation_timeout(Some(CALL_MAX))
}

async fn settings(
    config: &ClientConfig,
    of: ResourceSpecifier<'_>,
) -> Result<BTreeMap<String, Option<String>>> {
    let found = admin(config)?.describe_configs([&of], &options()).await?;
    let one = found.into_iter().next().context("an empty answer")?;
    let one = one.map_err(|code| anyhow::anyhow!("{code}"))?;
    Ok(one.entries.into_iter().map(|entry| (entry.name, entry.value)).collect())
}

async fn describe(config: &ClientConfig, topic: &str) -> Result<serde_json::Value> {
    let consumer: BaseConsumer = config.create()?;
    let metadata = consumer.fetch_metadata(Some(topic), CALL_MAX)?;
    let found = metadata.topics().first().context("an empty answer")?;
    if found.error().is_some() || found.partitions().is_empty() {
        return Ok(json!({ "partitions": 0 }));
    }
    let settings = settings(config, ResourceSpecifier::Topic(topic)).await?;
    Ok(json!({ "partitions": found.partitions().len(), "settings": settings }))
}

impl Produce {
    async fn run(&self, config: &mut ClientConfig) -> Result<serde_json::Value> {
        config
            .set("enable.idempotence", "true")
            .set("linger.ms", "2")
            .set("message.timeout.ms", self.timeout_ms.to_string());
        let producer: FutureProducer = config.create()?;
        let (mut acked, mut failed, mut error) = (0_usize, 0_usize, None);
        let (began, mut last, mut gap) = (Instant::now(), Instant::now(), Duration::ZERO);
        let value = "x".repeat(self.size);
        let keys: Vec<String> = (self.first..self.first + self.count).map(|n| n.to_string()).collect();
        let mut waiting = FuturesUnordered::new();
        for (number, key) in (0_u32..).zip(&keys) {
            if self.rate > 0 {
                let due = began + Duration::from_secs(1) * number / self.rate;
                tokio::time::sleep_until(due.into()).await;
            }
            waiting.push(producer.send(FutureRecord::to(&self.topic).key(key).payload(&value), CALL_MAX));
            while waiting.len() > IN_FLIGHT_MAX || number as usize + 1 == self.count {
                let Some(done) = waiting.next().await else { break };
                match done {
                    Ok(_) => acked += 1,
                    Err((why, _)) => (failed, error) = (failed + 1, Some(why.to_string())),
                }
                gap = gap.max(last.elapsed());
                last = Instant::now();
            }
        }
        let seconds = began.elapsed().as_secs_f64();
        Ok(
            json!({ "acked": acked, "failed": failed, "error": error, "longestGapMs": gap.as_millis(), "seconds": seconds }),
        )
    }
}

fn partitions_of(consumer: &BaseConsumer, topic: &str) -> Result<Vec<i32>> {
    let metadata = consumer.fetch_metadata(Some(topic), CALL_MAX)?;
    let found = metadata.topics().first().context("an empty answer")?;
    if found.partitions().is_empty() {
        bail!("there is no topic {topic}");
    }
    Ok(found.partitions().iter().map(rdkafka::metadata::MetadataPartition::id).collect())
}

fn at(topic: &str, partitions: &[i32], offset: Offset) -> Result<TopicPartitionList> {
    let mut list = TopicPartitionList::new();
    for partition in partitions {
        list.add_partition_offset(topic, *partition, offset)?;
    }
    Ok(list)
}

fn consume(config: &mut ClientConfig, topic: &str, count: usize) -> Result<serde_json::Value> {
    config.set("group.id", "e2e-reader").set("enable.auto.commit", "false");
    let consumer: BaseConsumer = config.create()?;
    let partitions = partitions_of(&consumer, topic)?;
    consumer.assign(&at(topic, &partitions, Offset::Beginning)?)?;
    let mut seen = BTreeMap::<usize, usize>::new();
    let mut last = Instant::now();
    while seen.len() < count && last.elapsed() < IDLE_MAX {
        // Errors of connections pass; what does not come is told by the count.
        let Some(Ok(record)) = consumer.poll(Duration::from_millis(200)) else { continue };
        let number = record.key_view::<str>().and_then(Result::ok).and_then(|key| key.parse().ok());
        *seen.entry(number.context("a record without a number")?).or_default() += 1;
        last = Instant::now();
    }
    let doubled = seen.values().filter(|times| **times > 1).count();
    Ok(json!({ "read": seen.len(), "missing": count - seen.len().min(count), "doubled": doubled }))
}

fn commit(config: &mut ClientConfig, group: &str, topic: &str, offset: i64) -> Result<serde_json::Value> {
    let consumer: BaseConsumer = config.set("group.id", group).create()?;
    let partitions = partitions_of(&consumer, topic)?;
    let offsets = at(topic, &partitions, Offset::Offset(offset))?;
    let began = Instant::now();
    // The first commit of all may find the coordinator on its way.
    while let Err(error) = consumer.commit(&offsets, CommitMode::Sync) {
        if began.elapsed() > CALL_MAX {
            return Err(error.into());
        }
        std::thread::sleep(Duration::from_millis(200));
    }
    Ok(json!({ "partitions": partitions.len() }))
}

async fn member(config: &mut ClientConfig, group: &str, topic: &str) -> Result<serde_json::Value> {
    config
        .set("group.id", group)
        .set("session.timeout.ms", "6000")
        .set("heartbeat.interval.ms", "1000")
        .set("auto.commit.interval.ms", "500")
        .set("auto.offset.reset", "earliest");
    let consumer: StreamConsumer = config.create()?;
    consumer.subscribe(&[topic])?;
    let mut ends = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    let mut read = 0_usize;
    loop {
        tokio::select! {
            _ = ends.recv() => break,
            record = consumer.recv() => read += usize::from(record.is_ok()),
        }
    }
    // Leaves the group, so that nobody waits for its session to end.
    consumer.unsubscribe();
    drop(consumer);
    Ok(json!({ "read": read }))
}
