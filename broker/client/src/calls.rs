//! The calls that most tests need, for one topic or partition each, with owned answers.
//!
//! Topics go by name, so each call uses the newest version that still does; for anything else there is `Client::call`.

use std::borrow::Cow;

use broker_protocol::api_key::ApiKey;
use broker_protocol::codec::Records;
use broker_protocol::error_code::ErrorCode;
use broker_protocol::messages::create_topics_request::{CreatableTopic, CreatableTopicConfig};
use broker_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use broker_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use broker_protocol::messages::metadata_request::MetadataRequestTopic;
use broker_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use broker_protocol::messages::{
    ApiVersionsRequest, CreateTopicsRequest, CreateTopicsResponse, FetchRequest, FetchResponse,
    InitProducerIdRequest, InitProducerIdResponse, ListOffsetsRequest, ListOffsetsResponse, MetadataRequest,
    ProduceRequest, ProduceResponse,
};
use broker_protocol::types::{PartitionIndex, TopicId};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::ClientError;
use crate::client::Client;
use crate::frame::Frame;

/// The last version with topic names.
const PRODUCE_VERSION: i16 = 12;
/// The last version with topic names.
const FETCH_VERSION: i16 = 12;
const LIST_OFFSETS_VERSION: i16 = 8;
const METADATA_VERSION: i16 = 12;
const CREATE_TOPICS_VERSION: i16 = 7;
const INIT_PRODUCER_ID_VERSION: i16 = 4;
const API_VERSIONS_VERSION: i16 = 4;

/// How long the broker may take over a request.
const REQUEST_TIMEOUT_MS: i32 = 30_000;

/// Answer to `produce`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Produced {
    /// Whether the batch was appended.
    pub error_code: ErrorCode,
    /// Offset of the first record; -1 if it is not known.
    pub base_offset: i64,
    /// The broker's time on the records; -1 with CreateTime.
    pub log_append_time_ms: i64,
    /// First offset of the partition.
    pub log_start_offset: i64,
    /// Records that are to blame: position in the batch and reason.
    pub record_errors: Vec<(i32, Option<String>)>,
    /// The reason in words.
    pub error_message: Option<String>,
}

/// What `fetch` asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FetchOptions {
    /// Offset from which to read.
    pub offset: i64,
    /// How long the broker may wait for `min_bytes`.
    pub max_wait_ms: i32,
    /// Bytes that are worth an answer before `max_wait_ms` is over.
    pub min_bytes: i32,
    /// Most bytes to return; the first batch comes whatever its size.
    pub max_bytes: i32,
    /// Whether to stop before open transactions (`read_committed`).
    pub read_committed: bool,
}

impl Default for FetchOptions {
    /// From the start, what is there, at once, at most 1 MiB.
    fn default() -> Self {
        FetchOptions { offset: 0, max_wait_ms: 0, min_bytes: 0, max_bytes: 1 << 20, read_committed: false }
    }
}

/// Answer to `fetch`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fetched {
    /// Error of the whole request, else of the partition.
    pub error_code: ErrorCode,
    /// Offset below which all is replicated.
    pub high_watermark: i64,
    /// Offset below which all transactions have ended.
    pub last_stable_offset: i64,
    /// First offset of the partition.
    pub log_start_offset: i64,
    /// Producer id and first offset of transactions that were aborted; only with `read_committed`.
    pub aborted_transactions: Vec<(i64, i64)>,
    /// Record batches; see [`crate::read_records`].
    pub records: Vec<u8>,
}

/// Answer to `list_offset`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ListedOffset {
    /// Whether the offset was found out.
    pub error_code: ErrorCode,
    /// The offset; -1 if no record is as young.
    pub offset: i64,
    /// Timestamp of the record at the offset, or -1.
    pub timestamp_ms: i64,
    /// Leader epoch of the record, or -1.
    pub leader_epoch: i32,
}

/// Answer to `create_topic`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CreatedTopic {
    /// Whether the topic was created.
    pub error_code: ErrorCode,
    /// The reason in words.
    pub error_message: Option<String>,
    /// Id of the topic.
    pub topic_id: TopicId,
}

/// Answer to `init_producer_id`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct InitializedProducer {
    /// Whether there is a producer id.
    pub error_code: ErrorCode,
    /// The producer id.
    pub producer_id: i64,
    /// The producer epoch.
    pub producer_epoch: i16,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    /// Appends a batch to a partition. With `acks` 0 the broker does not answer: the return value then says only that the
    /// request was sent.
    ///
    /// # Errors
    /// See [`ClientError`]; errors of the broker are in the answer.
    pub async fn produce(
        &mut self,
        topic: &str,
        partition: PartitionIndex,
        batch: &[u8],
        acks: i16,
    ) -> Result<Produced, ClientError> {
        let request = produce_request(topic, partition, batch, acks);
        if acks == 0 {
            self.sender().send_unanswered(&request, PRODUCE_VERSION).await?;
            return Ok(Produced {
                error_code: ErrorCode::None,
                base_offset: -1,
                log_append_time_ms: -1,
                log_start_offset: -1,
                record_errors: Vec::new(),
                error_message: None,
            });
        }
        produced(&self.call(&request, PRODUCE_VERSION).await?)
    }

    /// Sends a batch without waiting; `receive_produced` gets the answer. `acks` is 1 or -1.
    ///
    /// # Errors
    /// `Request` or `Io`.
    pub async fn send_produce(
        &mut self,
        topic: &str,
        partition: PartitionIndex,
        batch: &[u8],
        acks: i16,
    ) -> Result<i32, ClientError> {
        self.send(&produce_request(topic, partition, batch, acks), PRODUCE_VERSION).await
    }

    /// Waits for the answer to the oldest `send_produce` without one.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn receive_produced(&mut self) -> Result<Produced, ClientError> {
        produced(&self.receive().await?)
    }

    /// Reads batches of a partition, without a fetch session.
    ///
    /// # Errors
    /// See [`ClientError`]; errors of the broker are in the answer.
    pub async fn fetch(
        &mut self,
        topic: &str,
        partition: PartitionIndex,
        options: FetchOptions,
    ) -> Result<Fetched, ClientError> {
        let partitions = vec![FetchPartition {
            partition,
            fetch_offset: options.offset,
            partition_max_bytes: options.max_bytes,
            ..FetchPartition::default()
        }];
        let topics = vec![FetchTopic { topic: topic.into(), partitions, ..FetchTopic::default() }];
        let request = FetchRequest {
            max_wait_ms: options.max_wait_ms,
            min_bytes: options.min_bytes,
            max_bytes: options.max_bytes,
            isolation_level: i8::from(options.read_committed),
            topics,
            ..FetchRequest::default()
        };
        fetched(&self.call(&request, FETCH_VERSION).await?)
    }

    /// Finds the first offset whose timestamp is at least `timestamp_ms`; -1 is the end, -2 the start, -3 the record with
    /// the largest timestamp.
    ///
    /// # Errors
    /// See [`ClientError`]; errors of the broker are in the answer.
    pub async fn list_offset(
        &mut self,
        topic: &str,
        partition: PartitionIndex,
        timestamp_ms: i64,
    ) -> Result<ListedOffset, ClientError> {
        let partitions = vec![ListOffsetsPartition {
            partition_index: partition,
            timestamp: timestamp_ms,
            ..ListOffsetsPartition::default()
        }];
        let topics = vec![ListOffsetsTopic { name: topic.into(), partitions }];
        let request = ListOffsetsRequest { replica_id: -1, topics, ..ListOffsetsRequest::default() };
        let frame = self.call(&request, LIST_OFFSETS_VERSION).await?;
        let response: ListOffsetsResponse<'_> = frame.decode()?;
        let found = response.topics.first().and_then(|topic| topic.partitions.first());
        let found = found.ok_or(ClientError::MissingPartition { api: ApiKey::ListOffsets })?;
        Ok(ListedOffset {
            error_code: error_of(found.error_code),
            offset: found.offset,
            timestamp_ms: found.timestamp,
            leader_epoch: found.leader_epoch,
        })
    }

    /// Creates a topic with `configs` (name and value) and the broker's default replication factor.
    ///
    /// # Errors
    /// See [`ClientError`]; errors of the broker are in the answer.
    pub async fn create_topic(
        &mut self,
        name: &str,
        partitions: i32,
        configs: &[(&str, &str)],
    ) -> Result<CreatedTopic, ClientError> {
        let configs = configs
            .iter()
            .map(|(name, value)| CreatableTopicConfig { name: (*name).into(), value: Some((*value).into()) })
            .collect();
        let topic = CreatableTopic {
            name: name.into(),
            num_partitions: partitions,
            replication_factor: -1,
            configs,
            ..CreatableTopic::default()
        };
        let request = CreateTopicsRequest {
            topics: vec![topic],
            timeout_ms: REQUEST_TIMEOUT_MS,
            ..CreateTopicsRequest::default()
        };
        let frame = self.call(&request, CREATE_TOPICS_VERSION).await?;
        let response: CreateTopicsResponse<'_> = frame.decode()?;
        let found =
            response.topics.first().ok_or(ClientError::MissingPartition { api: ApiKey::CreateTopics })?;
        Ok(CreatedTopic {
            error_code: error_of(found.error_code),
            error_message: owned(found.error_message.as_ref()),
            topic_id: TopicId(found.topic_id),
        })
    }

    /// Asks for topics, `None` for all, without creating them; decode a `MetadataResponse` from the frame.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn metadata(&mut self, topics: Option<&[&str]>) -> Result<Frame, ClientError> {
        let named = |name: &&str| MetadataRequestTopic {
            name: Some(Cow::Owned((*name).to_owned())),
            ..MetadataRequestTopic::default()
        };
        let request = MetadataRequest {
            topics: topics.map(|topics| topics.iter().map(named).collect()),
            allow_auto_topic_creation: false,
            ..MetadataRequest::default()
        };
        self.call(&request, METADATA_VERSION).await
    }

    /// Asks what the broker serves; decode an `ApiVersionsResponse` from the frame.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn api_versions(&mut self) -> Result<Frame, ClientError> {
        let request = ApiVersionsRequest {
            client_software_name: "broker-client".into(),
            client_software_version: env!("CARGO_PKG_VERSION").into(),
        };
        self.call(&request, API_VERSIONS_VERSION).await
    }

    /// Gets a producer id, for a transactional producer if it has a transactional id.
    ///
    /// # Errors
    /// See [`ClientError`]; errors of the broker are in the answer.
    pub async fn init_producer_id(
        &mut self,
        transactional_id: Option<&str>,
    ) -> Result<InitializedProducer, ClientError> {
        let request = InitProducerIdRequest {
            transactional_id: transactional_id.map(Cow::Borrowed),
            transaction_timeout_ms: REQUEST_TIMEOUT_MS,
            producer_id: -1,
            producer_epoch: -1,
            ..InitProducerIdRequest::default()
        };
        let frame = self.call(&request, INIT_PRODUCER_ID_VERSION).await?;
        let response: InitProducerIdResponse = frame.decode()?;
        Ok(InitializedProducer {
            error_code: error_of(response.error_code),
            producer_id: response.producer_id,
            producer_epoch: response.producer_epoch,
        })
    }
}

fn produce_request<'a>(
    topic: &'a str,
    partition: PartitionIndex,
    batch: &'a [u8],
    acks: i16,
) -> ProduceRequest<'a> {
    let partition_data = vec![PartitionProduceData { index: partition, records: Records::Bytes(batch) }];
    let topic_data =
        vec![TopicProduceData { name: topic.into(), partition_data, ..TopicProduceData::default() }];
    ProduceRequest { transactional_id: None, acks, timeout_ms: REQUEST_TIMEOUT_MS, topic_data }
}

fn produced(frame: &Frame) -> Result<Produced, ClientError> {
    let response: ProduceResponse<'_> = frame.decode()?;
    let found = response.responses.first().and_then(|topic| topic.partition_responses.first());
    let found = found.ok_or(ClientError::MissingPartition { api: ApiKey::Produce })?;
    let record_errors = found
        .record_errors
        .iter()
        .map(|error| (error.batch_index, owned(error.batch_index_error_message.as_ref())))
        .collect();
    Ok(Produced {
        error_code: error_of(found.error_code),
        base_offset: found.base_offset,
        log_append_time_ms: found.log_append_time_ms,
        log_start_offset: found.log_start_offset,
        record_errors,
        error_message: owned(found.error_message.as_ref()),
    })
}

fn fetched(frame: &Frame) -> Result<Fetched, ClientError> {
    let response: FetchResponse<'_> = frame.decode()?;
    if response.error_code != 0 {
        return Ok(Fetched {
            error_code: error_of(response.error_code),
            high_watermark: -1,
            last_stable_offset: -1,
            log_start_offset: -1,
            aborted_transactions: Vec::new(),
            records: Vec::new(),
        });
    }
    let found = response.responses.first().and_then(|topic| topic.partitions.first());
    let found = found.ok_or(ClientError::MissingPartition { api: ApiKey::Fetch })?;
    let aborted = found.aborted_transactions.iter().flatten();
    Ok(Fetched {
        error_code: error_of(found.error_code),
        high_watermark: found.high_watermark,
        last_stable_offset: found.last_stable_offset,
        log_start_offset: found.log_start_offset,
        aborted_transactions: aborted.map(|aborted| (aborted.producer_id, aborted.first_offset)).collect(),
        records: found.records.as_bytes().unwrap_or_default().to_vec(),
    })
}

/// A number that Kafka 4.3 does not know counts as UNKNOWN_SERVER_ERROR, as in Kafka's clients.
fn error_of(code: i16) -> ErrorCode {
    ErrorCode::from_code(code).unwrap_or(ErrorCode::UnknownServerError)
}

fn owned(text: Option<&Cow<'_, str>>) -> Option<String> {
    text.map(|text| text.clone().into_owned())
}
