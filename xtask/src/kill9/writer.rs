//! A producer: idempotent, up to five batches in flight, through every restart of the broker.
//!
//! After a lost connection it tosses a coin: send the same batches again with the same sequence numbers until they are
//! acknowledged (the broker must recognise those it has), or give them up as unknown and begin a new life with a new
//! producer id.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use broker_client::{Client, ClientError, Produced};
use broker_protocol::batch_builder::BatchBuilder;
use broker_protocol::compression::Compression;
use broker_protocol::error_code::ErrorCode;
use broker_protocol::types::{ProducerEpoch, ProducerId};
use checker::outcome::{of_attempts, of_error_code};
use checker::{Event, Function, Kind, MicroOp, Record};
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::is_starting;
use super::load::{Load, Partition, SplitMix};

/// Batches in flight per connection, and so at most per partition: the window in which a broker knows duplicates.
const IN_FLIGHT_MAX: usize = 5;
/// An answer that takes longer is a fault of the broker: it was alive all the time.
const ANSWER_LIMIT: Duration = Duration::from_secs(30);
/// A producer this far behind its rate does not catch up.
const LAG_MAX: Duration = Duration::from_millis(200);
/// Pause after a refusal, while a broker that just started takes its partitions over.
const REFUSED_PAUSE: Duration = Duration::from_millis(100);
/// Attempts at a producer id, while a broker that just started may refuse.
const ID_ATTEMPTS_MAX: u32 = 300;

/// Where and how a producer writes.
#[derive(Debug)]
pub(crate) struct WriterPlan {
    pub(crate) partitions: Vec<Partition>,
    pub(crate) records: usize,
    pub(crate) record_bytes: usize,
    /// Time between two batches.
    pub(crate) interval: Duration,
}

/// A batch whose end is not known yet.
#[derive(Debug)]
struct Batch {
    partition: usize,
    /// The records without offsets.
    records: Vec<Record>,
    bytes: Vec<u8>,
    /// How earlier attempts ended.
    attempts: Vec<Kind>,
}

/// One life of a producer.
#[derive(Debug)]
struct Life {
    process: u64,
    id: ProducerId,
    epoch: ProducerEpoch,
    /// The next sequence number of each partition of the plan.
    sequences: Vec<i32>,
}

/// Why a connection ended.
#[derive(Debug, PartialEq, Eq)]
enum Ended {
    /// Everything was acknowledged and the run is over.
    Stopped,
    /// The connection broke.
    Broken,
    /// The broker refused a batch: those behind it cannot be trusted either.
    Refused,
}

/// Writes until the run stops.
pub(crate) async fn run(load: Arc<Load>, plan: WriterPlan, mut random: SplitMix) -> Result<()> {
    let mut in_flight = VecDeque::new();
    let mut life = None;
    loop {
        let mut client = super::connect(load.address).await;
        let current = match life.take() {
            Some(life) => life,
            None => match new_life(&load, &plan, &mut client).await? {
                Some(life) => life,
                None => continue,
            },
        };
        let mut writer = Writer { load: &load, plan: &plan, life: current, client, in_flight };
        let ended = writer.write(&mut random).await?;
        match ended {
            Ended::Stopped => return Ok(()),
            Ended::Broken => {}
            Ended::Refused => tokio::time::sleep(REFUSED_PAUSE).await,
        }
        let keep = ended == Ended::Broken && random.below(2) == 0;
        if keep {
            // Each of them may have been appended just before the connection broke.
            writer.in_flight.iter_mut().for_each(|batch| batch.attempts.push(Kind::Info));
        } else {
            writer.give_up();
        }
        let Writer { life: current, in_flight: left, .. } = writer;
        in_flight = left;
        life = keep.then_some(current);
    }
}

/// A producer id from the broker; `None` if the connection broke.
async fn new_life(load: &Load, plan: &WriterPlan, client: &mut Client<TcpStream>) -> Result<Option<Life>> {
    for _ in 0..ID_ATTEMPTS_MAX {
        let answer = tokio::time::timeout(ANSWER_LIMIT, client.init_producer_id(None)).await;
        let Ok(answer) = answer.context("no answer to InitProducerId")? else { return Ok(None) };
        if answer.error_code == ErrorCode::None {
            return Ok(Some(Life {
                process: load.new_process(),
                id: ProducerId(answer.producer_id),
                epoch: ProducerEpoch(answer.producer_epoch),
                sequences: vec![0; plan.partitions.len()],
            }));
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    anyhow::bail!("no producer id after {ID_ATTEMPTS_MAX} attempts")
}

/// A producer on one connection.
struct Writer<'a> {
    load: &'a Load,
    plan: &'a WriterPlan,
    life: Life,
    client: Client<TcpStream>,
    in_flight: VecDeque<Batch>,
}

impl Writer<'_> {
    async fn write(&mut self, random: &mut SplitMix) -> Result<Ended> {
        // What a broken connection left goes first, in its order.
        for at in 0..self.in_flight.len() {
            if !self.send(at).await {
                return Ok(Ended::Broken);
            }
        }
        let mut due = Instant::now();
        loop {
            let stopping = self.load.is_stopping();
            if stopping && self.in_flight.is_empty() {
                return Ok(Ended::Stopped);
            }
            let may_send = !stopping && self.in_flight.len() < IN_FLIGHT_MAX;
            if may_send && Instant::now() >= due {
                due = (due + self.plan.interval).max(Instant::now() - LAG_MAX);
                self.begin_batch(random);
                if !self.send(self.in_flight.len() - 1).await {
                    return Ok(Ended::Broken);
                }
            } else if self.in_flight.is_empty() {
                tokio::time::sleep_until(due).await;
            } else if let Some(ended) = self.receive().await? {
                return Ok(ended);
            }
        }
    }

    /// Makes the next batch of a random partition and records its invocation.
    fn begin_batch(&mut self, random: &mut SplitMix) {
        let WriterPlan { partitions, records: count, record_bytes, .. } = self.plan;
        let partition = random.below(partitions.len() as u64) as usize;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now_ms = i64::try_from(now.as_millis()).unwrap_or(i64::MAX);

        let sequence = &mut self.life.sequences[partition];
        let mut builder =
            BatchBuilder::new(Compression::None).producer(self.life.id, self.life.epoch, *sequence);
        // A run is far from the two thousand million records at which sequence numbers begin again.
        *sequence += i32::try_from(*count).unwrap_or(i32::MAX);
        let first = self.load.new_values(*count);
        let mut payload = Vec::with_capacity(*record_bytes);
        let mut records = Vec::with_capacity(*count);
        for value in first..first + *count as u64 {
            let crc = self.load.payloads.write(value, *record_bytes, &mut payload);
            builder.push(now_ms, None, Some(&payload), &[]);
            records.push(Record { offset: None, value, crc: Some(crc) });
        }
        let batch = Batch { partition, records, bytes: builder.build(), attempts: Vec::new() };
        self.record(Kind::Invoke, &batch, None);
        self.in_flight.push_back(batch);
    }

    /// Whether the connection took the batch.
    async fn send(&mut self, at: usize) -> bool {
        let batch = &self.in_flight[at];
        let Partition { topic, index, .. } = &self.plan.partitions[batch.partition];
        self.client.send_produce(topic, *index, &batch.bytes, -1).await.is_ok()
    }

    /// Takes the answer to the oldest batch; says how the connection ended if it did.
    async fn receive(&mut self) -> Result<Option<Ended>> {
        let answer = tokio::time::timeout(ANSWER_LIMIT, self.client.receive_produced()).await;
        let answer = answer.context("no answer to Produce although the broker runs")?;
        let produced = match answer {
            Ok(produced) => produced,
            Err(ClientError::Io(_) | ClientError::Closed { .. }) => return Ok(Some(Ended::Broken)),
            Err(error) => return Err(error).context("a produce answer that no client can read"),
        };
        let mut batch = self.in_flight.pop_front().context("an answer without a request")?;
        let Produced { error_code, base_offset, .. } = produced;
        if error_code == ErrorCode::None {
            let base = u64::try_from(base_offset).ok();
            if base.is_none() {
                self.load.recorder.oddity(format!("a batch was acknowledged at offset {base_offset}"));
            }
            self.record(Kind::Ok, &batch, base);
            self.load.add_acked_bytes(batch.records.len() * self.plan.record_bytes);
            return Ok(None);
        }
        if !is_starting(error_code) {
            let again = if batch.attempts.is_empty() { "first" } else { "repeated" };
            self.load.recorder.oddity(format!("a {again} batch was refused with {error_code:?}"));
        }
        batch.attempts.push(of_error_code(error_code.code()));
        match of_attempts(batch.attempts.iter().copied()) {
            Kind::Info => self.record_unknown(&batch, error_code.name()),
            kind => self.record(kind, &batch, None),
        }
        Ok(Some(Ended::Refused))
    }

    /// Ends every batch in flight as unknown.
    fn give_up(&mut self) {
        while let Some(batch) = self.in_flight.pop_front() {
            self.record_unknown(&batch, "no answer");
        }
    }

    fn record(&self, kind: Kind, batch: &Batch, base_offset: Option<u64>) {
        self.load.recorder.record(self.event(kind, batch, base_offset));
    }

    fn record_unknown(&self, batch: &Batch, cause: &str) {
        self.load.recorder.record(self.event(Kind::Info, batch, None).because(cause));
    }

    fn event(&self, kind: Kind, batch: &Batch, base_offset: Option<u64>) -> Event {
        let key = &self.plan.partitions[batch.partition].key;
        let ops = batch.records.iter().zip(0..).map(|(record, at)| {
            let offset = base_offset.map(|base| base + at);
            MicroOp::Send(key.clone(), Record { offset, ..*record })
        });
        Event::new(self.life.process, kind, Function::Send, ops.collect())
    }
}
