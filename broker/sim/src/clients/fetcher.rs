//! Reads partitions from positions, with or without a fetch session (KIP-227), and records what it was shown.

use std::collections::BTreeMap;
use std::rc::Rc;

use broker_client::read_records;
use broker_protocol::error_code::ErrorCode;
use broker_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use broker_protocol::messages::fetch_response::PartitionData;
use broker_protocol::messages::{FetchRequest, FetchResponse};
use checker::{Function, Key, Kind, MicroOp, Record};

use super::connection::{Connection, Lost};
use super::{Partition, Shared, payload};

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
    max_bytes: i32,
    with_session: bool,
    session: (i32, i32),
    /// Connection that the session belongs to.
    session_on: u64,
}

impl Fetcher {
    pub(super) fn new(shared: Rc<Shared>, max_bytes: i32, with_session: bool) -> Fetcher {
        let process = shared.recorder.borrow_mut().new_process();
        Fetcher {
            shared,
            process,
            positions: BTreeMap::new(),
            max_bytes,
            with_session,
            session: (0, 0),
            session_on: 0,
        }
    }

    /// Reads partitions that were not read before, from their start.
    pub(super) fn assign(&mut self, partitions: Vec<Partition>) {
        if partitions.len() == self.positions.len() {
            return;
        }
        for partition in partitions {
            self.positions.entry(partition).or_insert(0);
        }
        let keys: Vec<Key> = self.positions.keys().map(Partition::key).collect();
        let event = checker::Event::with_keys(self.process, Function::Assign, keys);
        self.shared.recorder.borrow_mut().event(event);
    }

    /// One fetch of all assigned partitions; returns the high watermarks that came with it.
    pub(super) async fn poll(
        &mut self,
        connection: &mut Connection,
        max_wait_ms: i32,
    ) -> Result<BTreeMap<Partition, i64>, Lost> {
        if self.session_on != connection.made {
            self.session = (0, 0);
        }
        let request = self.request(max_wait_ms);
        let frame = connection.attempt(async |client| client.call(&request, FETCH_VERSION).await).await;
        let frame = match frame {
            Ok(frame) => frame,
            Err(lost) => {
                self.session = (0, 0);
                return Err(lost);
            }
        };
        self.session_on = connection.made;
        let response: FetchResponse<'_> = match frame.decode() {
            Ok(response) => response,
            Err(error) => {
                self.shared.violation(format_args!("a fetch response is wrong: {error}"));
                return Err(Lost);
            }
        };
        if response.error_code != 0 {
            self.session = (0, 0);
            return Ok(BTreeMap::new());
        }
        if self.with_session && response.session_id != 0 {
            self.session = (response.session_id, self.session.1 + 1);
        }
        Ok(self.take(&response))
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
            session_id,
            session_epoch,
            topics: topics.collect(),
            ..FetchRequest::default()
        }
    }

    fn take(&mut self, response: &FetchResponse<'_>) -> BTreeMap<Partition, i64> {
        let mut polled = Vec::new();
        let mut watermarks = BTreeMap::new();
        for topic in &response.responses {
            for data in &topic.partitions {
                let partition = Partition { topic: topic.topic.as_ref().into(), index: data.partition_index };
                if self.is_usable(&partition, data) {
                    watermarks.insert(partition.clone(), data.high_watermark);
                    let records = self.records(&partition, data);
                    if !records.is_empty() {
                        polled.push((partition.key(), records));
                    }
                }
            }
        }
        if !polled.is_empty() {
            let ops = vec![MicroOp::Poll(polled)];
            self.shared.recorder.borrow_mut().operation(self.process, Kind::Ok, Function::Poll, ops);
        }
        watermarks
    }

    /// Whether there is something to be taken from an answer; an error must be one that a restart explains.
    fn is_usable(&self, partition: &Partition, data: &PartitionData<'_>) -> bool {
        let code = ErrorCode::from_code(data.error_code).unwrap_or(ErrorCode::UnknownServerError);
        let key = partition.key();
        let Some(position) = self.positions.get(partition) else {
            self.shared.violation(format_args!("{key} came in a fetch that had not asked for it"));
            return false;
        };
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
