//! An idempotent producer: windows of batches, sent again with the same sequences until they are acknowledged.
//!
//! Outcomes are recorded in the order of sending per partition, as the checker wants it.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use broker_client::{Client, ClientError, Produced};
use broker_protocol::batch_builder::BatchBuilder;
use broker_protocol::compression::Compression;
use broker_protocol::error_code::ErrorCode;
use broker_protocol::types::{ProducerEpoch, ProducerId};
use checker::{Function, Kind, MicroOp, Record, outcome};
use turmoil::net::TcpStream;

use super::connection::Connection;
use super::{Partition, Shared, pause, payload};
use crate::plan::ProducerPlan;
use crate::random::Rng;

/// Most records in a batch.
const RECORDS_MAX: u64 = 4;
/// Pause before what failed is sent again, in milliseconds.
const RETRY_MS: u64 = 30;
/// Of 100 windows, how many are the last of their producer's life.
const LIFE_ENDS_PERCENT: u64 = 2;

pub(super) async fn run(shared: Rc<Shared>, client: usize, rng: Rng) {
    let plan = shared.plan.producers[client];
    let connection = Connection::new(Rc::clone(&shared), client);
    let mut producer = Producer { shared, plan, rng, connection };
    while producer.shared.loads() {
        producer.live().await;
    }
}

struct Producer {
    shared: Rc<Shared>,
    plan: ProducerPlan,
    rng: Rng,
    connection: Connection,
}

/// One life of a producer, with its producer id and its sequences.
struct Life {
    process: u64,
    id: ProducerId,
    epoch: ProducerEpoch,
    sequences: BTreeMap<Partition, i32>,
}

/// A batch on its way.
struct Batch {
    partition: Partition,
    made_ms: i64,
    records: Vec<Record>,
    bytes: Vec<u8>,
    attempts: Vec<Kind>,
    state: State,
    /// How the last attempt went wrong.
    cause: &'static str,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// To be sent, again if need be.
    Open,
    /// Acknowledged with this offset of its first record.
    Acknowledged(u64),
    /// Refused for good.
    Refused,
    /// Its outcome is in the record.
    Recorded,
}

impl Producer {
    async fn live(&mut self) {
        let Some(mut life) = self.begin_life().await else { return };
        loop {
            pause(self.rng.between(0, self.plan.pause_ms_max)).await;
            if !self.shared.loads() {
                return;
            }
            let mut window = self.window(&mut life);
            let delivered = self.deliver(&life, &mut window).await;
            self.record(&life, &mut window, true);
            if !delivered || self.rng.chance(LIFE_ENDS_PERCENT) {
                let mut recorder = self.shared.recorder.borrow_mut();
                recorder.operation(life.process, Kind::Ok, Function::Crash, Vec::new());
                return;
            }
        }
    }

    async fn begin_life(&mut self) -> Option<Life> {
        while self.shared.loads() {
            let answer = self.connection.attempt(async |client| client.init_producer_id(None).await).await;
            match answer {
                Ok(answer) if answer.error_code == ErrorCode::None => {
                    return Some(Life {
                        process: self.shared.recorder.borrow_mut().new_process(),
                        id: ProducerId(answer.producer_id),
                        epoch: ProducerEpoch(answer.producer_epoch),
                        sequences: BTreeMap::new(),
                    });
                }
                _ => pause(RETRY_MS).await,
            }
        }
        None
    }

    /// Batches for some partitions, with the next sequences, their begin recorded.
    fn window(&mut self, life: &mut Life) -> Vec<Batch> {
        let partitions = self.shared.partitions();
        if partitions.is_empty() {
            return Vec::new();
        }
        let batches = self.rng.between(1, self.plan.in_flight_max);
        (0..batches)
            .map(|_| {
                let partition = self.rng.pick(&partitions).clone();
                self.batch(life, partition)
            })
            .collect()
    }

    fn batch(&mut self, life: &mut Life, partition: Partition) -> Batch {
        let count = self.rng.between(1, RECORDS_MAX);
        let sequence = life.sequences.entry(partition.clone()).or_default();
        let mut builder = BatchBuilder::new(Compression::None).producer(life.id, life.epoch, *sequence);
        *sequence += i32::try_from(count).expect("a small number");
        let made_ms = self.shared.clock.true_now_ms();
        let mut records = Vec::new();
        for _ in 0..count {
            let value = self.shared.recorder.borrow_mut().new_value();
            let len = usize::try_from(self.rng.between(0, self.plan.payload_max)).expect("fits in memory");
            let payload = payload::of(value, len);
            records.push(Record { offset: None, value, crc: Some(payload::checksum(&payload)) });
            let key = value.to_be_bytes();
            builder.push(made_ms, Some(&key), Some(&payload), &[]);
        }
        let bytes = builder.build();
        let (attempts, state) = (Vec::new(), State::Open);
        let batch = Batch { partition, made_ms, records, bytes, attempts, state, cause: "never sent" };
        let ops = sends(&batch, None);
        self.shared.recorder.borrow_mut().operation(life.process, Kind::Invoke, Function::Send, ops);
        let (bytes, records) = (batch.bytes.len() as u64, batch.records.len() as u64);
        let mut sizes = self.shared.sizes.borrow_mut();
        sizes.entry(batch.partition.clone()).or_default().sent(bytes, records);
        batch
    }

    /// Sends until all is acknowledged; false if something was refused for good or the time is up.
    async fn deliver(&mut self, life: &Life, window: &mut [Batch]) -> bool {
        let acks = self.plan.acks;
        while window.iter().any(|batch| matches!(batch.state, State::Open)) {
            if self.shared.is_overdue() {
                self.shared.violation("a batch is not acknowledged long after everything has healed");
                return false;
            }
            let mut answers = Vec::new();
            let open: Vec<&Batch> = window.iter().filter(|batch| batch.state == State::Open).collect();
            let _lost = self
                .connection
                .attempt(async |client| exchange(client, &open, acks, &mut answers).await)
                .await;
            let failed = self.note_answers(window, answers);
            self.record(life, window, false);
            if window.iter().any(|batch| batch.state == State::Refused) {
                return false;
            }
            if failed {
                pause(RETRY_MS).await;
            }
        }
        true
    }

    /// Takes in the answers to the open batches, in their order; those without one have an unknown end.
    fn note_answers(&self, window: &mut [Batch], answers: Vec<Produced>) -> bool {
        let mut answers = answers.into_iter();
        let mut failed_before = BTreeSet::new();
        for batch in window.iter_mut().filter(|batch| batch.state == State::Open) {
            let Some(answer) = answers.next() else {
                batch.attempts.push(Kind::Info);
                batch.cause = "no answer";
                failed_before.insert(batch.partition.clone());
                continue;
            };
            let code = answer.error_code;
            batch.cause = code.name();
            batch.attempts.push(outcome::of_error_code(code.code()));
            match code {
                ErrorCode::None => match u64::try_from(answer.base_offset) {
                    Ok(offset) => batch.state = State::Acknowledged(offset),
                    Err(_) => {
                        self.shared.violation("a batch was acknowledged without an offset");
                        batch.state = State::Refused;
                    }
                },
                // Natural after a batch that failed; its own turn comes again with the same sequence.
                ErrorCode::OutOfOrderSequenceNumber if failed_before.contains(&batch.partition) => {}
                code if code.retriable() && code != ErrorCode::UnknownServerError => {}
                code => {
                    self.shared.violation(format_args!(
                        "a correct idempotent producer was told {} by {}: {:?}",
                        code.name(),
                        batch.partition.key(),
                        answer.error_message
                    ));
                    batch.state = State::Refused;
                }
            }
            if code != ErrorCode::None {
                let told = answer.error_message.as_deref().unwrap_or_default();
                let key = batch.partition.key();
                self.shared
                    .recorder
                    .borrow_mut()
                    .note(format_args!("produce to {key}: {}: {told}", code.name()));
                failed_before.insert(batch.partition.clone());
            }
        }
        !failed_before.is_empty()
    }

    /// Records outcomes, per partition only up to the first batch whose outcome is open; with `ended` all of them.
    fn record(&self, life: &Life, window: &mut [Batch], ended: bool) {
        let mut open = BTreeSet::new();
        for batch in window {
            if open.contains(&batch.partition) && !ended {
                continue;
            }
            let (kind, offset) = match batch.state {
                State::Recorded => continue,
                State::Acknowledged(offset) => (Kind::Ok, Some(offset)),
                State::Open if !ended => {
                    open.insert(batch.partition.clone());
                    continue;
                }
                State::Open | State::Refused => (outcome::of_attempts(batch.attempts.iter().copied()), None),
            };
            batch.state = State::Recorded;
            let ops = sends(batch, offset);
            if kind == Kind::Info {
                self.shared.end_unknown(life.process, Function::Send, ops, batch.cause);
            } else {
                self.shared.recorder.borrow_mut().operation(life.process, kind, Function::Send, ops);
            }
            let (bytes, records) = (batch.bytes.len() as u64, batch.records.len() as u64);
            let mut sizes = self.shared.sizes.borrow_mut();
            let sizes = sizes.entry(batch.partition.clone()).or_default();
            match (kind, offset) {
                (Kind::Ok, Some(offset)) => {
                    sizes.acknowledged(offset, bytes, records);
                    self.note_times(batch, offset);
                }
                (Kind::Fail, _) => sizes.refused(bytes, records),
                _ => {}
            }
        }
    }
}

impl Producer {
    fn note_times(&self, batch: &Batch, offset: u64) {
        let first = i64::try_from(offset).expect("an offset of Kafka's");
        let mut times = self.shared.times.borrow_mut();
        let times = times.entry(batch.partition.clone()).or_default();
        times.extend((first..).take(batch.records.len()).map(|offset| (offset, batch.made_ms)));
    }
}

/// Sends all batches, then takes the answers as they come.
async fn exchange(
    client: &mut Client<TcpStream>,
    open: &[&Batch],
    acks: i16,
    answers: &mut Vec<Produced>,
) -> Result<(), ClientError> {
    for batch in open {
        client.send_produce(&batch.partition.topic, batch.partition.index, &batch.bytes, acks).await?;
    }
    for _ in open {
        answers.push(client.receive_produced().await?);
    }
    Ok(())
}

fn sends(batch: &Batch, first: Option<u64>) -> Vec<MicroOp> {
    let key = batch.partition.key();
    let with_offset = |(at, record): (u64, &Record)| {
        let record = Record { offset: first.map(|first| first + at), ..*record };
        MicroOp::Send(key.clone(), record)
    };
    (0..).zip(&batch.records).map(with_offset).collect()
}
