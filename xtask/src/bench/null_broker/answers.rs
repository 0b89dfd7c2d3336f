//! What the null broker answers: topics exist once they are created, and every record is taken at the next offset.
//!
//! Versions end where topics are named by ids. Fetch is announced because librdkafka takes a broker without it for one
//! that knows only old record batches; nobody calls it.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Result, bail, ensure};
use broker_protocol::api_key::ApiKey;
use broker_protocol::codec::{Message, Writer};
use broker_protocol::header::{decode_request_header, encode_response_header};
use broker_protocol::messages::api_versions_response::ApiVersion;
use broker_protocol::messages::create_topics_response::CreatableTopicResult;
use broker_protocol::messages::delete_topics_response::DeletableTopicResult;
use broker_protocol::messages::metadata_response::{
    MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use broker_protocol::messages::produce_response::{PartitionProduceResponse, TopicProduceResponse};
use broker_protocol::messages::{
    ApiVersionsResponse, CreateTopicsRequest, CreateTopicsResponse, DeleteTopicsRequest,
    DeleteTopicsResponse, InitProducerIdResponse, MetadataRequest, MetadataResponse, ProduceRequest,
    ProduceResponse,
};

/// APIs and versions that are announced.
const SERVED: [(ApiKey, RangeInclusive<i16>); 7] = [
    (ApiKey::Produce, 3..=12),
    (ApiKey::Fetch, 4..=12),
    (ApiKey::Metadata, 0..=9),
    (ApiKey::ApiVersions, 0..=4),
    (ApiKey::CreateTopics, 2..=7),
    (ApiKey::DeleteTopics, 1..=5),
    (ApiKey::InitProducerId, 0..=4),
];
const NODE: i32 = 1;
const NO_ERROR: i16 = 0;
const UNKNOWN_TOPIC_OR_PARTITION: i16 = 3;
/// Where lastOffsetDelta lies in a record batch.
const LAST_OFFSET_DELTA_AT: usize = 23;

/// The next offset of every partition of every topic.
#[derive(Debug)]
pub(super) struct Answers {
    address: SocketAddr,
    topics: Mutex<BTreeMap<String, Vec<i64>>>,
}

impl Answers {
    /// A broker at `address` without topics.
    pub(super) fn new(address: SocketAddr) -> Self {
        Self { address, topics: Mutex::default() }
    }

    /// The answer to a request, its size in front; `None` if it wants none.
    pub(super) fn to(&self, request: &[u8]) -> Result<Option<Vec<u8>>> {
        let mut request = decode_request_header(request)?;
        let (Some(api), version) = (request.api, request.version) else {
            bail!("a request with the unknown key {}", request.api_key);
        };
        let is_served = SERVED.iter().any(|(served, versions)| *served == api && versions.contains(&version));
        ensure!(is_served, "a request of {api:?} in version {version}");
        let (id, body) = (request.correlation_id, &mut request.body);
        let frame = match api {
            ApiKey::Produce => {
                let request = ProduceRequest::decode(body, version)?;
                if request.acks == 0 {
                    return Ok(None);
                }
                frame(api, version, id, &self.produce(&request))
            }
            ApiKey::Metadata => {
                let request = MetadataRequest::decode(body, version)?;
                frame(api, version, id, &self.metadata(&request))
            }
            ApiKey::ApiVersions => frame(api, version, id, &api_versions()),
            ApiKey::CreateTopics => {
                let request = CreateTopicsRequest::decode(body, version)?;
                frame(api, version, id, &self.create_topics(&request))
            }
            ApiKey::DeleteTopics => {
                let request = DeleteTopicsRequest::decode(body, version)?;
                frame(api, version, id, &self.delete_topics(&request))
            }
            ApiKey::InitProducerId => {
                let response = InitProducerIdResponse { producer_id: 1, ..InitProducerIdResponse::default() };
                frame(api, version, id, &response)
            }
            other => bail!("a request of {other:?}"),
        };
        frame.map(Some)
    }

    /// What a panic of another thread left is still a count.
    fn topics(&self) -> MutexGuard<'_, BTreeMap<String, Vec<i64>>> {
        self.topics.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn produce<'a>(&self, request: &ProduceRequest<'a>) -> ProduceResponse<'a> {
        let mut topics = self.topics();
        let mut responses = Vec::with_capacity(request.topic_data.len());
        for topic in &request.topic_data {
            let mut offsets = topics.get_mut(topic.name.as_ref());
            let mut partition_responses = Vec::with_capacity(topic.partition_data.len());
            for partition in &topic.partition_data {
                let at = usize::try_from(partition.index).unwrap_or(usize::MAX);
                let next = offsets.as_mut().and_then(|offsets| offsets.get_mut(at));
                let mut response = PartitionProduceResponse {
                    index: partition.index,
                    ..PartitionProduceResponse::default()
                };
                match next {
                    Some(next) => {
                        response.base_offset = *next;
                        *next += records_in(partition.records.as_bytes().unwrap_or_default());
                    }
                    None => response.error_code = UNKNOWN_TOPIC_OR_PARTITION,
                }
                partition_responses.push(response);
            }
            let name = topic.name.clone();
            responses.push(TopicProduceResponse {
                name,
                partition_responses,
                ..TopicProduceResponse::default()
            });
        }
        ProduceResponse { responses, ..ProduceResponse::default() }
    }

    fn metadata(&self, request: &MetadataRequest<'_>) -> MetadataResponse<'static> {
        let topics = self.topics();
        let described = match &request.topics {
            Some(wanted) => wanted
                .iter()
                .filter_map(|topic| topic.name.as_deref())
                .map(|name| describe(name, topics.get(name).map(Vec::len)))
                .collect(),
            None => topics.iter().map(|(name, offsets)| describe(name, Some(offsets.len()))).collect(),
        };
        let broker = MetadataResponseBroker {
            node_id: NODE,
            host: self.address.ip().to_string().into(),
            port: self.address.port().into(),
            ..MetadataResponseBroker::default()
        };
        MetadataResponse {
            brokers: vec![broker],
            cluster_id: Some("null".into()),
            controller_id: NODE,
            topics: described,
            ..MetadataResponse::default()
        }
    }

    fn create_topics<'a>(&self, request: &CreateTopicsRequest<'a>) -> CreateTopicsResponse<'a> {
        let mut topics = self.topics();
        let create = |topic: &broker_protocol::messages::create_topics_request::CreatableTopic<'a>| {
            let partitions = usize::try_from(topic.num_partitions).unwrap_or(1);
            topics.entry(topic.name.clone().into_owned()).or_insert_with(|| vec![0; partitions]);
            CreatableTopicResult { name: topic.name.clone(), ..CreatableTopicResult::default() }
        };
        CreateTopicsResponse {
            topics: request.topics.iter().map(create).collect(),
            ..CreateTopicsResponse::default()
        }
    }

    fn delete_topics<'a>(&self, request: &DeleteTopicsRequest<'a>) -> DeleteTopicsResponse<'a> {
        let mut topics = self.topics();
        let delete = |name: &Cow<'a, str>| {
            topics.remove(name.as_ref());
            DeletableTopicResult { name: Some(name.clone()), ..DeletableTopicResult::default() }
        };
        DeleteTopicsResponse {
            responses: request.topic_names.iter().map(delete).collect(),
            ..DeleteTopicsResponse::default()
        }
    }
}

fn api_versions() -> ApiVersionsResponse<'static> {
    let api_keys = SERVED.iter().map(|(api, versions)| ApiVersion {
        api_key: api.code(),
        min_version: *versions.start(),
        max_version: *versions.end(),
    });
    ApiVersionsResponse { api_keys: api_keys.collect(), ..ApiVersionsResponse::default() }
}

fn describe(name: &str, partitions: Option<usize>) -> MetadataResponseTopic<'static> {
    let partition = |at: usize| MetadataResponsePartition {
        partition_index: i32::try_from(at).unwrap_or(i32::MAX),
        leader_id: NODE,
        leader_epoch: 0,
        replica_nodes: vec![NODE],
        isr_nodes: vec![NODE],
        ..MetadataResponsePartition::default()
    };
    MetadataResponseTopic {
        error_code: if partitions.is_some() { NO_ERROR } else { UNKNOWN_TOPIC_OR_PARTITION },
        name: Some(name.to_owned().into()),
        partitions: (0..partitions.unwrap_or_default()).map(partition).collect(),
        ..MetadataResponseTopic::default()
    }
}

/// Records of the first batch: a producer sends one for each partition of a request.
fn records_in(batch: &[u8]) -> i64 {
    let delta = batch.get(LAST_OFFSET_DELTA_AT..).and_then(<[u8]>::first_chunk);
    delta.map_or(0, |delta| i64::from(i32::from_be_bytes(*delta)) + 1)
}

fn frame<'a>(api: ApiKey, version: i16, correlation_id: i32, body: &impl Message<'a>) -> Result<Vec<u8>> {
    let mut writer = Writer::frame();
    encode_response_header(&mut writer, api, version, correlation_id)?;
    body.encode(&mut writer, version)?;
    writer.finish_frame()?;
    Ok(writer.into_parts().0)
}

#[cfg(test)]
mod tests;
