//! Makes a topic, fills it, takes records off its start, deletes it and makes it anew, again and again.
//!
//! What a topic of this name held before never comes back, what this one holds is there, and a start that was moved
//! stays. Judged here and not by the checker, which takes a record that disappears for a lost one.

use std::collections::BTreeMap;
use std::rc::Rc;

use broker_client::{Client, ClientError, FetchOptions, read_records};
use broker_protocol::batch_builder::BatchBuilder;
use broker_protocol::compression::Compression;
use broker_protocol::error_code::ErrorCode;
use broker_protocol::messages::{DeleteTopicsRequest, DeleteTopicsResponse};
use turmoil::net::TcpStream;

use super::connection::{Connection, Lost};
use super::{Shared, code_of, deletions, pause, payload};
use crate::plan::purpose;
use crate::random::Rng;

const TOPIC: &str = "churn";
const PARTITIONS: i32 = 2;
const CONFIGS: [(&str, &str); 2] = [("segment.bytes", "1048576"), ("segment.ms", "300")];
/// Topics by name.
const DELETE_TOPICS_VERSION: i16 = 5;
const TIMEOUT_MS: i32 = 2_000;
const LATEST: i64 = -1;
const EARLIEST: i64 = -2;
const PAUSE_MS_MAX: u64 = 40;
const PAYLOAD_MAX: u64 = 400;
/// Pause before a question is asked again, in milliseconds.
const RETRY_MS: u64 = 30;

/// Runs until the load has ended and the last topic was looked at.
///
/// # Errors
/// None: what goes wrong stands in the record.
pub async fn run(shared: Rc<Shared>) -> turmoil::Result {
    let rng = Rng::new(shared.plan.seed, purpose::CHURN);
    let connection = Connection::new(Rc::clone(&shared), shared.clients());
    let mut churn = Churn { shared, connection, rng, partitions: BTreeMap::new() };
    while churn.shared.loads() {
        if churn.live().await.is_none() {
            break;
        }
    }
    Ok(())
}

struct Churn {
    shared: Rc<Shared>,
    connection: Connection,
    rng: Rng,
    partitions: BTreeMap<i32, Known>,
}

/// What is known of a partition since its topic was made.
#[derive(Default)]
struct Known {
    /// Values that were sent, and where the broker said that they are.
    sent: BTreeMap<u64, Option<i64>>,
    /// Where the partition begins at least.
    start: i64,
    /// Where it begins at most: answers to questions may have been lost.
    start_max: i64,
}

/// An answer that settles a question.
struct Settled<T> {
    code: ErrorCode,
    answer: T,
    /// Whether an earlier attempt may have done it.
    again: bool,
}

impl Churn {
    /// One topic from its making to its end; `None` if the broker does not answer any more.
    async fn live(&mut self) -> Option<()> {
        self.make().await?;
        self.partitions = (0..PARTITIONS).map(|index| (index, Known::default())).collect();
        for index in 0..PARTITIONS {
            let end = self.offset(index, LATEST).await?;
            if end != 0 {
                self.shared.violation(format_args!("{TOPIC}-{index} is new and ends at {end}"));
            }
        }
        for _ in 0..self.rng.between(1, 3) {
            for _ in 0..self.rng.between(1, 8) {
                pause(self.rng.between(0, PAUSE_MS_MAX)).await;
                let index = i32::try_from(self.rng.index(PARTITIONS as usize)).expect("a small number");
                if self.rng.chance(20) { self.trim(index).await? } else { self.send(index).await? }
            }
            for index in 0..PARTITIONS {
                self.look(index).await?;
            }
        }
        self.delete().await
    }

    async fn make(&mut self) -> Option<()> {
        let made = self
            .ask(
                |_| false,
                async |client| {
                    let made = client.create_topic(TOPIC, PARTITIONS, &CONFIGS).await?;
                    Ok((made.error_code, ()))
                },
            )
            .await?;
        match made.code {
            ErrorCode::None => {}
            ErrorCode::TopicAlreadyExists if made.again => {}
            code => self.shared.violation(format_args!("{TOPIC} was not made: {}", code.name())),
        }
        self.shared.recorder.borrow_mut().note(format_args!("{TOPIC} is made"));
        Some(())
    }

    async fn delete(&mut self) -> Option<()> {
        let request = DeleteTopicsRequest {
            topic_names: vec![TOPIC.into()],
            timeout_ms: TIMEOUT_MS,
            ..DeleteTopicsRequest::default()
        };
        let gone = self
            .ask(
                |code| code == ErrorCode::UnknownTopicOrPartition,
                async |client| {
                    let frame = client.call(&request, DELETE_TOPICS_VERSION).await?;
                    let response: DeleteTopicsResponse<'_> = frame.decode()?;
                    Ok((code_of(response.responses.first().map(|topic| topic.error_code)), ()))
                },
            )
            .await?;
        match gone.code {
            ErrorCode::None => {}
            ErrorCode::UnknownTopicOrPartition if gone.again => {}
            code => self.shared.violation(format_args!("{TOPIC} was not deleted: {}", code.name())),
        }
        self.shared.recorder.borrow_mut().note(format_args!("{TOPIC} is deleted"));
        Some(())
    }

    /// Sends one record. Without a producer id: a second attempt may add it twice.
    async fn send(&mut self, index: i32) -> Option<()> {
        let value = self.shared.recorder.borrow_mut().new_value();
        let len = usize::try_from(self.rng.between(0, PAYLOAD_MAX)).expect("fits in memory");
        let mut builder = BatchBuilder::new(Compression::None);
        builder.push(self.shared.clock.true_now_ms(), None, Some(&payload::of(value, len)), &[]);
        let bytes = builder.build();
        self.known(index).sent.insert(value, None);
        let sent = self
            .ask(
                |_| false,
                async |client| {
                    let sent = client.produce(TOPIC, index, &bytes, -1).await?;
                    Ok((sent.error_code, sent.base_offset))
                },
            )
            .await?;
        match sent.code {
            ErrorCode::None => _ = self.known(index).sent.insert(value, Some(sent.answer)),
            code => self.shared.violation(format_args!("{TOPIC}-{index} took no record: {}", code.name())),
        }
        Some(())
    }

    /// Takes records off the start.
    async fn trim(&mut self, index: i32) -> Option<()> {
        let Known { sent, start_max, .. } = self.known(index);
        let end = sent.values().flatten().max().map_or(0, |last| last + 1);
        let start_max = *start_max;
        let offset =
            start_max.max(i64::try_from(self.rng.between(0, end.unsigned_abs())).expect("an offset"));
        self.known(index).start_max = offset;
        let trimmed = self
            .ask(|_| false, async |client| deletions::delete_records(client, TOPIC, index, offset).await)
            .await?;
        if trimmed.code == ErrorCode::None && trimmed.answer >= offset {
            self.known(index).start = offset;
        } else {
            let (code, start) = (trimmed.code.name(), trimmed.answer);
            self.shared
                .violation(format_args!("{TOPIC}-{index} was not cut to {offset}: {code}, start {start}"));
        }
        Some(())
    }

    /// Reads a partition and compares it with what is known of it.
    async fn look(&mut self, index: i32) -> Option<()> {
        let start = self.offset(index, EARLIEST).await?;
        let end = self.offset(index, LATEST).await?;
        let Known { start: start_min, start_max, .. } = *self.known(index);
        if start < start_min || start > start_max {
            self.shared.violation(format_args!(
                "{TOPIC}-{index} begins at {start}, not at {start_min} to {start_max}"
            ));
        }
        let (mut found, mut position) = (BTreeMap::new(), start);
        while position < end {
            let options = FetchOptions { offset: position, ..FetchOptions::default() };
            let read = self.told(index, "records", async |client| {
                let read = client.fetch(TOPIC, index, options).await?;
                Ok((read.error_code, read.records))
            });
            let bytes = read.await?;
            let records = read_records(&bytes, position).unwrap_or_default();
            if records.is_empty() {
                self.shared.violation(format_args!("{TOPIC}-{index} is not read at {position}"));
                break;
            }
            for record in records {
                position = record.offset + 1;
                found.insert(record.offset, payload::value(&record.value.unwrap_or_default()));
            }
        }
        self.judge(index, start, &found);
        Some(())
    }

    fn judge(&self, index: i32, start: i64, found: &BTreeMap<i64, Option<u64>>) {
        let sent = &self.partitions[&index].sent;
        for (offset, value) in found {
            if !value.is_some_and(|value| sent.contains_key(&value)) {
                self.shared
                    .violation(format_args!("{TOPIC}-{index} has a record at {offset} from another life"));
            }
        }
        for (value, offset) in sent {
            let Some(offset) = offset.filter(|offset| *offset >= start) else { continue };
            if found.get(&offset) != Some(&Some(*value)) {
                self.shared.violation(format_args!("{TOPIC}-{index} has lost {value} at {offset}"));
            }
        }
    }

    async fn offset(&mut self, index: i32, which: i64) -> Option<i64> {
        let told = self.told(index, "offset", async |client| {
            let told = client.list_offset(TOPIC, index, which).await?;
            Ok((told.error_code, told.offset))
        });
        told.await
    }

    /// Asks what a partition must be able to tell: an error that does not pass is a violation.
    async fn told<T>(
        &mut self,
        index: i32,
        what: &str,
        act: impl AsyncFn(&mut Client<TcpStream>) -> Result<(ErrorCode, T), ClientError>,
    ) -> Option<T> {
        let told = self.ask(|_| false, act).await?;
        if told.code != ErrorCode::None {
            self.shared.violation(format_args!("{TOPIC}-{index} tells no {what}: {}", told.code.name()));
        }
        Some(told.answer)
    }

    fn known(&mut self, index: i32) -> &mut Known {
        self.partitions.entry(index).or_default()
    }

    /// Asks until the answer settles it: no error, one that does not pass, or one that `settles`.
    async fn ask<T>(
        &mut self,
        settles: impl Fn(ErrorCode) -> bool,
        act: impl AsyncFn(&mut Client<TcpStream>) -> Result<(ErrorCode, T), ClientError>,
    ) -> Option<Settled<T>> {
        let mut again = false;
        loop {
            if self.shared.is_overdue() {
                self.shared.violation(format_args!("{TOPIC} is not served long after everything has healed"));
                return None;
            }
            match self.connection.attempt(async |client| act(client).await).await {
                Ok((code, answer)) => {
                    let passes = code.retriable() || code == ErrorCode::UnknownServerError;
                    if settles(code) || !passes {
                        return Some(Settled { code, answer, again });
                    }
                    self.shared.recorder.borrow_mut().note(format_args!("{TOPIC}: {}", code.name()));
                }
                Err(Lost) => {
                    self.shared.recorder.borrow_mut().note(format_args!("{TOPIC}: no answer"));
                }
            }
            again = true;
            pause(RETRY_MS).await;
        }
    }
}
