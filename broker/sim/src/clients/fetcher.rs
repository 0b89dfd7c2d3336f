//! Reads partitions from positions, with or without a fetch session (KIP-227), and records what it was shown. Where the
//! records at a position were deleted it goes on at the partition's start.

use std::collections::BTreeMap;
use std::rc::Rc;

use broker_client::read_records;
use broker_protocol::error_code::ErrorCode;
use broker_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use broker_protocol::messages::fetch_response::PartitionData;
use broker_protocol::messages::{FetchRequest, FetchResponse};
use checker::{Function, Key, Kind, MicroOp, Record};

use super::connection::{Connection, Lost};
use super::{Partition, Shared, admin, code_of, deletions, payload};

/// The last version with topic names.
const FETCH_VERSION: i16 = 12;
/// Epoch of a request outside of any session.
const NO_SESSION: i32 = -1;

pub(super) struct Fetcher {
    shared: Rc<Shared>,
    /// The process that the record names.
    pub(super) process: u64,
    /// Where each partition is read next.
    pub(super) positions: BTreeMap<Partition, i64>,
    /// Whether it stops before open transactions.
    pub(super) read_committed: bool,
    max_bytes: i32,
    with_session: bool,
    session: (i32, i32),
    /// Connection that the session belongs to.
    session_on: u64,
    /// Start and high watermark that came with the last answer about a partition.
    bounds: BTreeMap<Partition, (i64, i64)>,
}

impl Fetcher {
    pub(super) fn new(shared: Rc<Shared>, max_bytes: i32, with_session: bool) -> Fetcher {
        let process = shared.recorder.borrow_mut().new_process();
        Fetcher {
            shared,
            process,
            positions: BTreeMap::new(),
            read_committed: false,
            max_bytes,
            with_session,
            session: (0, 0),
            session_on: 0,
            bounds: BTreeMap::new(),
        }
    }

    /// Reads the partitions that a group has given, from where it says.
    pub(super) fn subscribe(&mut self, positions: BTreeMap<Partition, i64>) {
        self.positions = positions;
        // The session is about other partitions.
        self.session = (0, 0);
        self.record_keys(Function::Subscribe);
    }

    /// Reads partitions that were not read before, from their start.
    pub(super) fn assign(&mut self, partitions: Vec<Partition>) {
        if partitions.len() == self.positions.len() {
            return;
        }
        for partition in partitions {
            self.positions.entry(partition).or_insert(0);
        }
        self.record_keys(Function::Assign);
    }

    fn record_keys(&self, function: Function) {
        let keys: Vec<Key> = self.positions.keys().map(Partition::key).collect();
        let event = checker::Event::with_keys(self.process, function, keys);
        self.shared.recorder.borrow_mut().event(event);
    }

    fn record_poll(&self, kind: Kind, ops: Vec<MicroOp>) {
        self.shared.recorder.borrow_mut().operation(self.process, kind, Function::Poll, ops);
    }

    /// One fetch of all assigned partitions.
    pub(super) async fn poll(&mut self, connection: &mut Connection, max_wait_ms: i32) -> Result<(), Lost> {
        self.record_poll(Kind::Invoke, Vec::new());
        match self.fetch(connection, max_wait_ms).await {
            Ok(deleted) => {
                for partition in deleted {
                    self.go_to_start(connection, &partition).await;
                }
                Ok(())
            }
            Err(cause) => {
                self.session = (0, 0);
                self.shared.end_unknown(self.process, Function::Poll, Vec::new(), cause);
                Err(Lost)
            }
        }
    }

    /// Fetches and records; the partitions whose next record was deleted, or why there is no answer.
    async fn fetch(
        &mut self,
        connection: &mut Connection,
        max_wait_ms: i32,
    ) -> Result<Vec<Partition>, &'static str> {
        if self.session_on != connection.made || !connection.is_open() {
            self.session = (0, 0);
        }
        let request = self.request(max_wait_ms);
        let frame = connection.attempt(async |client| client.call(&request, FETCH_VERSION).await).await;
        let frame = frame.map_err(|_| "no answer")?;
        self.session_on = connection.made;
        let response: FetchResponse<'_> = match frame.decode() {
            Ok(response) => response,
            Err(error) => {
                self.shared.violation(format_args!("a fetch response is wrong: {error}"));
                return Err("wrong answer");
            }
        };
        if response.error_code != 0 {
            return Err(code_of(Some(response.error_code)).name());
        }
        if self.with_session && response.session_id != 0 {
            self.session = (response.session_id, self.session.1 + 1);
        }
        Ok(self.take(&response))
    }

    /// Goes on at the start of a partition, as the next record is said to be deleted.
    async fn go_to_start(&mut self, connection: &mut Connection, partition: &Partition) {
        let told = admin::bounds(&self.shared, connection, self.process, partition).await;
        let (Some((start, end)), Some(position)) = (told, self.positions.get_mut(partition)) else { return };
        if *position < start {
            self.shared.counts.borrow_mut().deleted_positions += 1;
            *position = start;
        } else {
            let key = partition.key();
            self.shared
                .violation(format_args!("{key}: {position} was out of range, it goes from {start} to {end}"));
        }
    }

    fn request(&self, max_wait_ms: i32) -> FetchRequest<'static> {
        let mut topics: BTreeMap<&str, Vec<FetchPartition>> = BTreeMap::new();
        for (partition, &fetch_offset) in &self.positions {
            topics.entry(&partition.topic).or_default().push(FetchPartition {
                partition: partition.index,
                fetch_offset,
                partition_max_bytes: self.max_bytes,
                ..FetchPartition::default()
            });
        }
        let topics = topics.into_iter().map(|(topic, partitions)| FetchTopic {
            topic: topic.to_owned().into(),
            partitions,
            ..FetchTopic::default()
        });
        let (session_id, session_epoch) = if self.with_session { self.session } else { (0, NO_SESSION) };
        FetchRequest {
            max_wait_ms,
            min_bytes: 1,
            max_bytes: self.max_bytes.saturating_mul(2),
            isolation_level: i8::from(self.read_committed),
            session_id,
            session_epoch,
            topics: topics.collect(),
            ..FetchRequest::default()
        }
    }

    fn take(&mut self, response: &FetchResponse<'_>) -> Vec<Partition> {
        let (mut polled, mut bounds, mut deleted) = (Vec::new(), Vec::new(), Vec::new());
        for topic in &response.responses {
            for data in &topic.partitions {
                let partition = Partition { topic: topic.topic.as_ref().into(), index: data.partition_index };
                if self.is_usable(&partition, data) {
                    bounds.extend(self.told_bounds(&partition, data));
                    let records = self.records(&partition, data);
                    if !records.is_empty() {
                        polled.push((partition.key(), records));
                    }
                } else if data.error_code == ErrorCode::OffsetOutOfRange.code() {
                    deleted.push(partition);
                }
            }
        }
        bounds.insert(0, MicroOp::Poll(polled));
        self.record_poll(Kind::Ok, bounds);
        deleted
    }

    /// Reads everything from the beginning once more, as a process of its own.
    pub(super) fn begin_anew(&mut self) {
        let mut recorder = self.shared.recorder.borrow_mut();
        recorder.operation(self.process, Kind::Ok, Function::Crash, Vec::new());
        self.process = recorder.new_process();
        drop(recorder);
        self.positions.clear();
        self.bounds.clear();
        self.session = (0, 0);
    }

    /// Whether everything was read that the last answers told of.
    pub(super) fn is_at_end(&self) -> bool {
        let is_at_end = |(partition, position): (&Partition, &i64)| {
            self.bounds.get(partition).is_some_and(|(_, end)| position >= end)
        };
        self.positions.iter().all(is_at_end)
    }

    /// The bounds that an answer tells, if they are not those of the answer before.
    fn told_bounds(&mut self, partition: &Partition, data: &PartitionData<'_>) -> Option<MicroOp> {
        let told = (data.log_start_offset, data.high_watermark);
        if self.bounds.insert(partition.clone(), told) == Some(told) {
            return None;
        }
        deletions::tell_retention(&self.shared, partition);
        let [start, end] = [told.0, told.1].map(|offset| u64::try_from(offset).ok());
        Some(MicroOp::Bounds(partition.key(), start, end))
    }

    /// Whether there is something to be taken from an answer; an error must be one that a restart explains.
    fn is_usable(&self, partition: &Partition, data: &PartitionData<'_>) -> bool {
        let code = code_of(Some(data.error_code));
        let key = partition.key();
        let Some(position) = self.positions.get(partition) else {
            self.shared.violation(format_args!("{key} came in a fetch that had not asked for it"));
            return false;
        };
        if code == ErrorCode::OffsetOutOfRange {
            return false;
        }
        if code != ErrorCode::None {
            if !code.retriable() || code == ErrorCode::CorruptMessage {
                self.shared
                    .violation(format_args!("a fetch of {key} from {position} was told {}", code.name()));
            }
            return false;
        }
        if data.high_watermark < *position {
            let high_watermark = data.high_watermark;
            self.shared
                .violation(format_args!("{key}: high watermark {high_watermark} after offset {position}"));
        }
        true
    }

    fn records(&mut self, partition: &Partition, data: &PartitionData<'_>) -> Vec<Record> {
        let key = partition.key();
        let Some(position) = self.positions.get_mut(partition) else { return Vec::new() };
        let bytes = data.records.as_bytes().unwrap_or_default();
        let found = match read_records(bytes, *position) {
            Ok(found) => found,
            Err(error) => {
                self.shared.violation(format_args!("{key}: damaged records at {position}: {error}"));
                return Vec::new();
            }
        };
        let mut records = Vec::new();
        for record in found {
            let bytes = record.value.unwrap_or_default();
            let (Some(value), Ok(offset)) = (payload::value(&bytes), u64::try_from(record.offset)) else {
                self.shared.violation(format_args!("{key}: the record at {} was never sent", record.offset));
                continue;
            };
            if record.offset >= data.high_watermark {
                self.shared
                    .violation(format_args!("{key}: {} was shown above the high watermark", record.offset));
            }
            records.push(Record { offset: Some(offset), value, crc: Some(payload::checksum(&bytes)) });
            *position = record.offset + 1;
        }
        records
    }
}
