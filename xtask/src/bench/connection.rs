//! One blocking connection that speaks Kafka's protocol: what the measurements need beside real clients.
//!
//! Client libraries batch and poll, which blurs a latency of 100 microseconds; here a request is one write.

use std::borrow::Cow;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail, ensure};
use broker_protocol::api_key::ApiKey;
use broker_protocol::batch_builder::BatchBuilder;
use broker_protocol::codec::{Message, Reader, Records, Request, Writer};
use broker_protocol::compression::Compression;
use broker_protocol::header::{decode_response_header, encode_request_header};
use broker_protocol::messages::create_topics_request::{CreatableTopic, CreatableTopicConfig};
use broker_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use broker_protocol::messages::incremental_alter_configs_request::{AlterConfigsResource, AlterableConfig};
use broker_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use broker_protocol::messages::{
    ApiVersionsRequest, CreateTopicsRequest, CreateTopicsResponse, DeleteTopicsRequest, FetchRequest,
    IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse, ProduceRequest, ProduceResponse,
};

/// The last Produce version with topic names.
pub(crate) const PRODUCE_VERSION: i16 = 12;
/// The last Fetch version with topic names.
pub(crate) const FETCH_VERSION: i16 = 12;
const CREATE_TOPICS_VERSION: i16 = 7;
const DELETE_TOPICS_VERSION: i16 = 5;
const INCREMENTAL_ALTER_CONFIGS_VERSION: i16 = 1;
/// A topic among the kinds of things that have settings.
const TOPIC_RESOURCE: i8 = 2;
/// To give a setting a value.
const SET: i8 = 0;
/// How long an answer may take; a JVM that creates 1,000 partitions takes many seconds.
const ANSWER_LIMIT: Duration = Duration::from_secs(120);
const REQUEST_TIMEOUT_MS: i32 = 100_000;
/// How long a partition may take from its creation to its first append.
const LEADER_LIMIT: Duration = Duration::from_secs(60);
/// Largest answer that is read.
const ANSWER_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Where the correlation id lies in a request: behind size, key and version.
pub(crate) const CORRELATION_ID_AT: usize = 8;
const CLIENT_ID: &str = "highwater-bench";
const NO_ERROR: i16 = 0;
const TOPIC_ALREADY_EXISTS: i16 = 36;

/// A connection to a broker.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
}

impl Connection {
    /// Connects, without delaying small writes.
    pub(crate) fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).with_context(|| format!("cannot connect to {address}"))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(ANSWER_LIMIT))?;
        Ok(Self { stream })
    }

    /// The socket, for one who writes and reads frames itself.
    pub(crate) fn into_stream(self) -> TcpStream {
        self.stream
    }

    /// Sends a request and returns the body of the answer.
    fn call<'a, Q: Request<'a>>(&mut self, request: &Q, version: i16) -> Result<Vec<u8>> {
        let frame = request_frame(request, version)?;
        self.stream.write_all(&frame)?;
        read_answer(&mut self.stream, Q::API_KEY, version)
    }

    /// Asks which APIs there are; succeeds if there is an answer.
    pub(crate) fn api_versions(&mut self) -> Result<()> {
        let request = ApiVersionsRequest {
            client_software_name: CLIENT_ID.into(),
            client_software_version: env!("CARGO_PKG_VERSION").into(),
        };
        let body = self.call(&request, 3)?;
        ensure!(body.starts_with(&[0, 0]), "ApiVersions was refused");
        Ok(())
    }

    /// Creates a topic that may exist already.
    pub(crate) fn create_topic(
        &mut self,
        name: &str,
        partitions: i32,
        configs: &[(&str, &str)],
    ) -> Result<()> {
        let configs = configs
            .iter()
            .map(|(name, value)| CreatableTopicConfig { name: (*name).into(), value: Some((*value).into()) })
            .collect();
        let topic = CreatableTopic {
            name: name.into(),
            num_partitions: partitions,
            replication_factor: 1,
            configs,
            ..CreatableTopic::default()
        };
        let request = CreateTopicsRequest {
            topics: vec![topic],
            timeout_ms: REQUEST_TIMEOUT_MS,
            ..CreateTopicsRequest::default()
        };
        let body = self.call(&request, CREATE_TOPICS_VERSION)?;
        let response: CreateTopicsResponse<'_> = decode(&body, CREATE_TOPICS_VERSION)?;
        let created = response.topics.first().context("CreateTopics answers nothing")?;
        ensure!(
            matches!(created.error_code, NO_ERROR | TOPIC_ALREADY_EXISTS),
            "cannot create topic {name}: error {}",
            created.error_code
        );
        Ok(())
    }

    /// Deletes a topic, if it exists.
    pub(crate) fn delete_topic(&mut self, name: &str) -> Result<()> {
        let request = DeleteTopicsRequest {
            topic_names: vec![Cow::Borrowed(name)],
            timeout_ms: REQUEST_TIMEOUT_MS,
            ..DeleteTopicsRequest::default()
        };
        self.call(&request, DELETE_TOPICS_VERSION).map(|_| ())
    }

    /// Gives a topic's setting another value.
    pub(crate) fn alter_topic(&mut self, topic: &str, name: &str, value: &str) -> Result<()> {
        let config = AlterableConfig { name: name.into(), config_operation: SET, value: Some(value.into()) };
        let request = IncrementalAlterConfigsRequest {
            resources: vec![AlterConfigsResource {
                resource_type: TOPIC_RESOURCE,
                resource_name: topic.into(),
                configs: vec![config],
            }],
            validate_only: false,
        };
        let body = self.call(&request, INCREMENTAL_ALTER_CONFIGS_VERSION)?;
        let response: IncrementalAlterConfigsResponse<'_> = decode(&body, INCREMENTAL_ALTER_CONFIGS_VERSION)?;
        let altered = response.responses.first().context("IncrementalAlterConfigs answers nothing")?;
        ensure!(altered.error_code == NO_ERROR, "{name} of {topic} stays: error {}", altered.error_code);
        Ok(())
    }

    /// Appends `batch` to every partition below `partitions` and says whether all of them took it.
    pub(crate) fn try_produce(&mut self, topic: &str, partitions: i32, batch: &[u8]) -> Result<bool> {
        let request = produce_request(topic, 0..partitions, batch);
        let body = self.call(&request, PRODUCE_VERSION)?;
        Ok(produce_error(&body)?.is_none())
    }

    /// Appends `batch` to every partition below `partitions`, again and again until all of them take it: a topic that was
    /// just created has no leaders for a moment.
    pub(crate) fn produce(&mut self, topic: &str, partitions: i32, batch: &[u8]) -> Result<()> {
        let begin = Instant::now();
        while !self.try_produce(topic, partitions, batch)? {
            ensure!(begin.elapsed() < LEADER_LIMIT, "topic {topic} does not take records");
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    }
}

/// A batch with one record of `bytes` bytes.
pub(crate) fn one_record_batch(bytes: usize) -> Vec<u8> {
    let mut builder = BatchBuilder::new(Compression::None);
    let value: Vec<u8> = (0..=250).cycle().take(bytes).collect();
    // Young, or retention would delete it.
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    builder.push(i64::try_from(now.as_millis()).unwrap_or_default(), None, Some(&value), &[]);
    builder.build()
}

/// A Produce request with acks=all as it goes over the wire; its correlation id is at `CORRELATION_ID_AT`.
pub(crate) fn produce_frame(topic: &str, batch: &[u8]) -> Result<Vec<u8>> {
    request_frame(&produce_request(topic, 0..1, batch), PRODUCE_VERSION)
}

/// A Fetch request of partition 0 from `offset`, which waits for one byte.
pub(crate) fn fetch_frame(topic: &str, offset: i64, bytes_max: i32) -> Result<Vec<u8>> {
    let partitions = vec![FetchPartition {
        partition: 0,
        fetch_offset: offset,
        partition_max_bytes: bytes_max,
        ..FetchPartition::default()
    }];
    let request = FetchRequest {
        max_wait_ms: 500,
        min_bytes: 1,
        max_bytes: bytes_max,
        topics: vec![FetchTopic { topic: topic.into(), partitions, ..FetchTopic::default() }],
        ..FetchRequest::default()
    };
    request_frame(&request, FETCH_VERSION)
}

fn produce_request<'a>(
    topic: &'a str,
    partitions: std::ops::Range<i32>,
    batch: &'a [u8],
) -> ProduceRequest<'a> {
    let partition_data =
        partitions.map(|index| PartitionProduceData { index, records: Records::Bytes(batch) }).collect();
    ProduceRequest {
        transactional_id: None,
        acks: -1,
        timeout_ms: REQUEST_TIMEOUT_MS,
        topic_data: vec![TopicProduceData {
            name: topic.into(),
            partition_data,
            ..TopicProduceData::default()
        }],
    }
}

/// A request as it goes over the wire, its size in front.
pub(crate) fn request_frame<'a, Q: Request<'a>>(request: &Q, version: i16) -> Result<Vec<u8>> {
    let mut writer = Writer::frame();
    encode_request_header(&mut writer, Q::API_KEY, version, 0, Some(CLIENT_ID))?;
    request.encode(&mut writer, version)?;
    writer.finish_frame()?;
    Ok(writer.into_parts().0)
}

/// Reads one answer and returns its body.
pub(crate) fn read_answer(stream: &mut impl Read, api: ApiKey, version: i16) -> Result<Vec<u8>> {
    let mut size = [0; 4];
    stream.read_exact(&mut size).with_context(|| format!("no answer to {api:?}"))?;
    let size = usize::try_from(i32::from_be_bytes(size)).unwrap_or(usize::MAX);
    ensure!(size <= ANSWER_BYTES_MAX, "an answer of {size} bytes to {api:?}");
    let mut bytes = vec![0; size];
    stream.read_exact(&mut bytes)?;
    let mut reader = Reader::new(&bytes);
    decode_response_header(&mut reader, api, version)?;
    let body_at = size - reader.remaining();
    bytes.drain(..body_at);
    Ok(bytes)
}

/// The first error of a Produce response's body.
pub(crate) fn produce_error(body: &[u8]) -> Result<Option<i16>> {
    let response: ProduceResponse<'_> = decode(body, PRODUCE_VERSION)?;
    let mut partitions = response.responses.iter().flat_map(|topic| &topic.partition_responses);
    Ok(partitions.find(|partition| partition.error_code != NO_ERROR).map(|partition| partition.error_code))
}

/// Reads a message out of an answer's body.
pub(crate) fn decode<'a, M: Message<'a>>(body: &'a [u8], version: i16) -> Result<M> {
    match M::decode(&mut Reader::new(body), version) {
        Ok(message) => Ok(message),
        Err(error) => bail!("an answer cannot be read: {error}"),
    }
}
