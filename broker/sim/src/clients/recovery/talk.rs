//! Questions that are asked until they are answered, or until nobody is there any more.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;

use broker_client::{Client, ClientError, FetchOptions, OwnedRecord, read_records};
use broker_protocol::error_code::ErrorCode;
use broker_protocol::messages::offset_commit_request::{
    OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use broker_protocol::messages::offset_fetch_request::OffsetFetchRequestTopic;
use broker_protocol::messages::{
    OffsetCommitRequest, OffsetCommitResponse, OffsetFetchRequest, OffsetFetchResponse,
};
use turmoil::net::TcpStream;

use crate::clients::connection::Connection;
use crate::clients::{Partition, Shared, code_of, group, pause};

/// The group of the last client.
pub(super) const GROUP: &str = "last";
/// Special timestamps of ListOffsets.
const LATEST: i64 = -1;
const EARLIEST: i64 = -2;
const OFFSET_COMMIT_VERSION: i16 = 8;
const OFFSET_FETCH_VERSION: i16 = 7;
/// Pause before a question is asked again, in milliseconds.
const RETRY_MS: u64 = 30;
/// Times that a question may go unanswered.
const ATTEMPTS_MAX: usize = 300;
/// Bytes and time of a fetch: what is in an object store takes its time.
const FETCH_BYTES: i32 = 4 << 20;
const WAIT_MS: i32 = 500;

/// A client's side of it.
pub(super) struct Talk {
    pub(super) shared: Rc<Shared>,
    connection: Connection,
    /// Set once the broker is gone, or all is done.
    pub(super) over: Rc<Cell<bool>>,
}

impl Talk {
    /// With the broker on a host.
    pub(super) fn new(shared: Rc<Shared>, host: &'static str, over: Rc<Cell<bool>>) -> Talk {
        Talk { connection: Connection::to(Rc::clone(&shared), host), shared, over }
    }

    /// Asks until there is no error that passes; `None` if it is over.
    pub(super) async fn ask<T>(
        &mut self,
        what: &str,
        act: impl AsyncFn(&mut Client<TcpStream>) -> Result<(ErrorCode, T), ClientError>,
    ) -> Option<T> {
        let mut last = "no answer";
        for _ in 0..ATTEMPTS_MAX {
            if self.over.get() {
                return None;
            }
            if let Ok((code, answer)) = self.connection.attempt(async |client| act(client).await).await {
                if code == ErrorCode::None {
                    return Some(answer);
                }
                last = code.name();
                if !code.retriable() && code != ErrorCode::UnknownServerError {
                    break;
                }
            }
            pause(RETRY_MS).await;
        }
        self.shared.violation(format_args!("{what}: {last}"));
        None
    }

    /// Where a partition begins and ends.
    pub(super) async fn bounds(&mut self, partition: &Partition) -> Option<(i64, i64)> {
        let (topic, index) = (&partition.topic, partition.index);
        self.ask(&format!("the bounds of {}", partition.key()), async |client| {
            let start = client.list_offset(topic, index, EARLIEST).await?;
            let end = client.list_offset(topic, index, LATEST).await?;
            let failed = [start.error_code, end.error_code].into_iter().find(|&code| code != ErrorCode::None);
            Ok((failed.unwrap_or_default(), (start.offset, end.offset)))
        })
        .await
    }

    /// All records of a partition, with the bounds that it had before they were read.
    pub(super) async fn read(&mut self, partition: &Partition) -> Option<(i64, i64, Vec<OwnedRecord>)> {
        let (topic, index) = (&partition.topic, partition.index);
        // Retention may move the start while it is read.
        'anew: loop {
            let (start, end) = self.bounds(partition).await?;
            let mut records: Vec<OwnedRecord> = Vec::new();
            let mut position = start;
            while position < end {
                let options = FetchOptions {
                    offset: position,
                    max_wait_ms: WAIT_MS,
                    min_bytes: 1,
                    max_bytes: FETCH_BYTES,
                    read_committed: false,
                };
                let what = format!("records of {} from {position}", partition.key());
                let read = self.ask(&what, async |client| {
                    let read = client.fetch(topic, index, options).await?;
                    match read.error_code {
                        ErrorCode::OffsetOutOfRange => Ok((ErrorCode::None, None)),
                        code => Ok((code, Some(read.records))),
                    }
                });
                let Some(bytes) = read.await? else { continue 'anew };
                match read_records(&bytes, position) {
                    Ok(found) => {
                        position = found.last().map_or(position, |last| last.offset + 1);
                        records.extend(found.into_iter().filter(|record| record.offset < end));
                    }
                    Err(error) => {
                        self.shared.violation(format_args!("{}: {error}", partition.key()));
                        return None;
                    }
                }
            }
            return Some((start, end, records));
        }
    }

    /// Commits an offset in the name of the last group.
    pub(super) async fn commit(&mut self, partition: &Partition, offset: i64) -> Option<()> {
        let (topic, index) = (&partition.topic, partition.index);
        let known = group::find_coordinator(&self.shared, &mut self.connection, GROUP).await;
        if !known && self.over.get() {
            return None;
        }
        self.ask("a commit", async |client| {
            let request = OffsetCommitRequest {
                group_id: GROUP.into(),
                generation_id_or_member_epoch: -1,
                topics: vec![OffsetCommitRequestTopic {
                    name: topic.as_ref().into(),
                    partitions: vec![OffsetCommitRequestPartition {
                        partition_index: index,
                        committed_offset: offset,
                        committed_leader_epoch: -1,
                        committed_metadata: Some("".into()),
                    }],
                    ..OffsetCommitRequestTopic::default()
                }],
                ..OffsetCommitRequest::default()
            };
            let frame = client.call(&request, OFFSET_COMMIT_VERSION).await?;
            let response: OffsetCommitResponse<'_> = frame.decode()?;
            let told = response.topics.first().and_then(|topic| topic.partitions.first());
            Ok((code_of(told.map(|told| told.error_code)), ()))
        })
        .await
    }

    /// What a group has committed for partitions.
    pub(super) async fn committed(
        &mut self,
        group: &str,
        partitions: &[Partition],
    ) -> Option<BTreeMap<Partition, i64>> {
        group::find_coordinator(&self.shared, &mut self.connection, group).await;
        self.ask("committed offsets", async |client| {
            let asked = partitions.iter().map(|partition| OffsetFetchRequestTopic {
                name: partition.topic.as_ref().into(),
                partition_indexes: vec![partition.index],
            });
            let request = OffsetFetchRequest {
                group_id: group.into(),
                topics: Some(asked.collect()),
                ..OffsetFetchRequest::default()
            };
            let frame = client.call(&request, OFFSET_FETCH_VERSION).await?;
            let response: OffsetFetchResponse<'_> = frame.decode()?;
            let mut told = BTreeMap::new();
            for topic in &response.topics {
                for answer in topic.partitions.iter().filter(|answer| answer.committed_offset >= 0) {
                    let partition =
                        Partition { topic: topic.name.as_ref().into(), index: answer.partition_index };
                    told.insert(partition, answer.committed_offset);
                }
            }
            Ok((code_of(Some(response.error_code)), told))
        })
        .await
    }
}
