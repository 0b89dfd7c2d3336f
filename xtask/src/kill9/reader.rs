//! A consumer: polls its partitions in turn, commits what it read, asks for bounds; and the final polls of all.
//!
//! After a lost connection it asks what is committed and goes on where it was: what it was shown before the broker was
//! killed binds the broker afterwards.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use broker_client::{Client, ClientError, FetchOptions, read_records};
use broker_protocol::error_code::ErrorCode;
use broker_protocol::messages::offset_commit_request::{
    OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use broker_protocol::messages::offset_fetch_request::{OffsetFetchRequestGroup, OffsetFetchRequestTopics};
use broker_protocol::messages::{
    FindCoordinatorRequest, OffsetCommitRequest, OffsetCommitResponse, OffsetFetchRequest,
    OffsetFetchResponse,
};
use checker::{Event, Function, Key, Kind, MicroOp, Record};
use tokio::net::TcpStream;

use super::is_starting;
use super::load::{Load, Partition};
use super::payload;

const FIND_COORDINATOR_VERSION: i16 = 4;
/// The last versions with topic names.
const OFFSET_COMMIT_VERSION: i16 = 9;
const OFFSET_FETCH_VERSION: i16 = 9;
/// Bytes asked for at a time.
const FETCH_BYTES: i32 = 4 << 20;
/// An answer that takes longer is a fault of the broker.
const ANSWER_LIMIT: Duration = Duration::from_secs(30);
/// Pause between two rounds over the partitions, so that reading leaves the machine to the writers.
const ROUND_PAUSE: Duration = Duration::from_millis(50);
/// Rounds for which a partition may have no leader after the last restart.
const LEADER_ATTEMPTS_MAX: u32 = 600;
/// ListOffsets' names for the end and the start of a partition, and for the start of what is on the disk.
const LATEST: i64 = -1;
const EARLIEST: i64 = -2;
const EARLIEST_LOCAL: i64 = -4;
/// Empty answers in a row, 10 ms apart, at an offset below the high watermark: the records are not coming.
const EMPTY_MAX: u32 = 1000;

/// Polls until the run stops.
pub(crate) async fn run(load: Arc<Load>, group: String, partitions: Vec<Partition>) -> Result<()> {
    let mut positions = vec![0; partitions.len()];
    let group = Key::from(group);
    let process = load.new_process();
    assign(&load, process, &partitions);
    while !load.is_stopping() {
        let client = super::connect(load.address).await;
        let mut reader = Reader { load: &load, process, client };
        match reader.poll_rounds(&group, &partitions, &mut positions).await {
            Ok(()) => {}
            Err(Stop::Broken) => tokio::time::sleep(ROUND_PAUSE).await,
            Err(Stop::Fault(error)) => return Err(error),
        }
    }
    Ok(())
}

/// Reads every partition from its start to its end, with fresh clients.
pub(crate) async fn read_all(load: &Arc<Load>) -> Result<()> {
    load.recorder.record(Event::new(load.new_process(), Kind::Ok, Function::Final, Vec::new()));
    let client = super::connect(load.address).await;
    let process = load.new_process();
    assign(load, process, &load.partitions);
    let mut reader = Reader { load, process, client };
    for partition in &load.partitions {
        let read = reader.read_partition(partition).await;
        read.map_err(|stop| match stop {
            Stop::Broken => anyhow::anyhow!("the connection broke in the final polls of {}", partition.key),
            Stop::Fault(error) => error,
        })?;
    }
    Ok(())
}

/// How many records are not on the broker's disk any more, of how many.
pub(crate) async fn count_let_go(load: &Load) -> Result<(i64, i64)> {
    let mut client = super::connect(load.address).await;
    let (mut gone, mut all) = (0, 0);
    for Partition { topic, index, .. } in &load.partitions {
        let mut at = [0; 3];
        for (place, offset) in [EARLIEST, EARLIEST_LOCAL, LATEST].into_iter().zip(&mut at) {
            *offset = client.list_offset(topic, *index, place).await?.offset;
        }
        gone += at[1] - at[0];
        all += at[2] - at[0];
    }
    Ok((gone, all))
}

/// Why a reader ends.
enum Stop {
    /// The connection broke, as it does when the broker is killed.
    Broken,
    /// The broker did what it must never do.
    Fault(anyhow::Error),
}

impl From<anyhow::Error> for Stop {
    fn from(error: anyhow::Error) -> Self {
        Self::Fault(error)
    }
}

impl From<ClientError> for Stop {
    fn from(error: ClientError) -> Self {
        match error {
            ClientError::Io(_) | ClientError::Closed { .. } => Self::Broken,
            error => Self::Fault(error.into()),
        }
    }
}

/// An answer within the limit.
async fn answer<T>(answer: impl Future<Output = Result<T, ClientError>>) -> Result<T, Stop> {
    let answer = tokio::time::timeout(ANSWER_LIMIT, answer).await;
    Ok(answer.context("no answer although the broker runs")??)
}

/// The cause of an unknown end: the error that was told, if there was an answer.
fn cause(code: Option<ErrorCode>) -> &'static str {
    code.map_or("no answer", ErrorCode::name)
}

fn assign(load: &Load, process: u64, partitions: &[Partition]) {
    let keys = partitions.iter().map(|partition| partition.key.clone()).collect();
    load.recorder.record(Event::with_keys(process, Function::Assign, keys));
}

/// A consumer on one connection.
struct Reader<'a> {
    load: &'a Load,
    process: u64,
    client: Client<TcpStream>,
}

impl Reader<'_> {
    fn record(&self, kind: Kind, f: Function, op: MicroOp) {
        self.load.recorder.record(Event::new(self.process, kind, f, vec![op]));
    }

    /// Records that nobody knows how an operation ended, and why.
    fn unknown(&self, f: Function, op: MicroOp, cause: &str) {
        let event = Event::new(self.process, Kind::Info, f, vec![op]);
        self.load.recorder.record(event.because(cause));
    }

    async fn poll_rounds(
        &mut self,
        group: &Key,
        partitions: &[Partition],
        positions: &mut [i64],
    ) -> Result<(), Stop> {
        self.find_coordinator(group).await?;
        for partition in partitions {
            self.committed(group, partition).await?;
        }
        while !self.load.is_stopping() {
            for (partition, position) in partitions.iter().zip(positions.iter_mut()) {
                let begin = *position;
                self.poll(partition, position).await?;
                if *position > begin {
                    self.commit(group, partition, *position).await?;
                }
                self.bounds(partition).await?;
            }
            tokio::time::sleep(ROUND_PAUSE).await;
        }
        Ok(())
    }

    /// One fetch; moves the position behind what it showed and returns the high watermark.
    async fn poll(&mut self, partition: &Partition, position: &mut i64) -> Result<i64, Stop> {
        let options = FetchOptions { offset: *position, max_bytes: FETCH_BYTES, ..FetchOptions::default() };
        self.record(Kind::Invoke, Function::Poll, MicroOp::Poll(Vec::new()));
        let fetched = answer(self.client.fetch(partition.topic, partition.index, options)).await;
        let code = fetched.as_ref().ok().map(|fetched| fetched.error_code);
        if code != Some(ErrorCode::None) {
            self.unknown(Function::Poll, MicroOp::Poll(Vec::new()), cause(code));
        }
        let fetched = fetched?;
        let key = &partition.key;
        self.refused("a fetch", fetched.error_code)?;
        let read = read_records(&fetched.records, *position);
        let read = read.with_context(|| format!("batches of {key} from offset {position} cannot be read"))?;
        let mut records = Vec::with_capacity(read.len());
        for record in &read {
            *position = record.offset + 1;
            let offset = u64::try_from(record.offset).ok();
            let payload = record.value.as_deref().and_then(payload::read);
            let Some((value, crc)) = payload else {
                self.load.recorder.oddity(format!("{key} holds a payload without a number"));
                continue;
            };
            records.push(Record { offset, value, crc: Some(crc) });
        }
        self.record(Kind::Ok, Function::Poll, MicroOp::Poll(vec![(key.clone(), records)]));
        Ok(fetched.high_watermark)
    }

    /// Ends this life if a request was refused, and notes a refusal that no client should get.
    fn refused(&self, what: &str, error_code: ErrorCode) -> Result<(), Stop> {
        if error_code == ErrorCode::None {
            return Ok(());
        }
        if !is_starting(error_code) {
            self.load.recorder.oddity(format!("{what} was refused with {error_code:?}"));
        }
        Err(Stop::Broken)
    }

    async fn bounds(&mut self, partition: &Partition) -> Result<(), Stop> {
        let Partition { topic, index, key } = partition;
        self.record(Kind::Invoke, Function::Bounds, MicroOp::Bounds(key.clone(), None, None));
        let mut told = [None; 2];
        for (told, which) in told.iter_mut().zip([EARLIEST, LATEST]) {
            let listed = answer(self.client.list_offset(topic, *index, which)).await;
            let code = listed.as_ref().ok().map(|listed| listed.error_code);
            if code != Some(ErrorCode::None) {
                self.unknown(Function::Bounds, MicroOp::Bounds(key.clone(), None, None), cause(code));
            }
            let listed = listed?;
            self.refused("ListOffsets", listed.error_code)?;
            *told = u64::try_from(listed.offset).ok();
        }
        self.record(Kind::Ok, Function::Bounds, MicroOp::Bounds(key.clone(), told[0], told[1]));
        Ok(())
    }

    /// Asks who coordinates the group, which also makes the broker's topic for offsets.
    async fn find_coordinator(&mut self, group: &Key) -> Result<(), Stop> {
        let request = FindCoordinatorRequest {
            coordinator_keys: vec![(&**group).into()],
            ..FindCoordinatorRequest::default()
        };
        answer(self.client.call(&request, FIND_COORDINATOR_VERSION)).await?;
        Ok(())
    }

    async fn commit(&mut self, group: &Key, partition: &Partition, offset: i64) -> Result<(), Stop> {
        let Partition { topic, index, key } = partition;
        let request = OffsetCommitRequest {
            group_id: (&**group).into(),
            topics: vec![OffsetCommitRequestTopic {
                name: (*topic).into(),
                partitions: vec![OffsetCommitRequestPartition {
                    partition_index: *index,
                    committed_offset: offset,
                    ..OffsetCommitRequestPartition::default()
                }],
                ..OffsetCommitRequestTopic::default()
            }],
            ..OffsetCommitRequest::default()
        };
        let op = || MicroOp::Commit(group.clone(), vec![(key.clone(), offset.unsigned_abs())]);
        self.record(Kind::Invoke, Function::Group, op());
        let response = answer(self.client.call(&request, OFFSET_COMMIT_VERSION)).await;
        if response.is_err() {
            self.unknown(Function::Group, op(), cause(None));
        }
        let response = response?;
        let response: OffsetCommitResponse<'_> = response.decode()?;
        let code =
            response.topics.first().and_then(|topic| topic.partitions.first()).map(|found| found.error_code);
        // A group that is not loaded yet refuses at first; the next commit covers this one.
        match code {
            Some(0) => self.record(Kind::Ok, Function::Group, op()),
            code => self.unknown(Function::Group, op(), cause(code.and_then(ErrorCode::from_code))),
        }
        Ok(())
    }

    async fn committed(&mut self, group: &Key, partition: &Partition) -> Result<(), Stop> {
        let Partition { topic, index, key } = partition;
        let request = OffsetFetchRequest {
            groups: vec![OffsetFetchRequestGroup {
                group_id: (&**group).into(),
                topics: Some(vec![OffsetFetchRequestTopics {
                    name: (*topic).into(),
                    partition_indexes: vec![*index],
                    ..OffsetFetchRequestTopics::default()
                }]),
                ..OffsetFetchRequestGroup::default()
            }],
            ..OffsetFetchRequest::default()
        };
        let op = |offset| MicroOp::Committed(group.clone(), vec![(key.clone(), offset)]);
        self.record(Kind::Invoke, Function::Group, op(None));
        let response = answer(self.client.call(&request, OFFSET_FETCH_VERSION)).await?;
        let response: OffsetFetchResponse<'_> = response.decode()?;
        let found = response.groups.first().filter(|found| found.error_code == 0);
        let found = found.and_then(|found| found.topics.first()?.partitions.first());
        match found.filter(|found| found.error_code == 0) {
            Some(found) => {
                let offset = u64::try_from(found.committed_offset).ok();
                self.record(Kind::Ok, Function::Group, op(offset));
            }
            None => self.record(Kind::Fail, Function::Group, op(None)),
        }
        Ok(())
    }

    /// Reads a partition from its start up to its high watermark.
    async fn read_partition(&mut self, partition: &Partition) -> Result<(), Stop> {
        let mut end = answer(self.client.list_offset(partition.topic, partition.index, LATEST)).await?;
        for _ in 0..LEADER_ATTEMPTS_MAX {
            if !is_starting(end.error_code) {
                break;
            }
            tokio::time::sleep(ROUND_PAUSE).await;
            end = answer(self.client.list_offset(partition.topic, partition.index, LATEST)).await?;
        }
        if end.error_code != ErrorCode::None {
            let why = format!("the end of {} is not known: {:?}", partition.key, end.error_code);
            return Err(Stop::Fault(anyhow::Error::msg(why)));
        }
        let (mut position, mut empty) = (0, 0);
        while position < end.offset {
            let begin = position;
            self.poll(partition, &mut position).await?;
            empty = if position > begin { 0 } else { empty + 1 };
            let key = &partition.key;
            let stuck = || -> Result<()> {
                ensure!(
                    empty < EMPTY_MAX,
                    "{key} shows nothing at offset {begin}, its end is {}",
                    end.offset
                );
                Ok(())
            };
            stuck()?;
            if empty > 0 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
        self.bounds(partition).await
    }
}
