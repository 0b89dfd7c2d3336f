//! Produce (KIP-98, KIP-467, KIP-516, KIP-951): appends at once, answers once it is durable.
//!
//! acks=0 has no answer; acks=1 and acks=all wait until the leader's copy is on stable storage, acks=all for the high
//! watermark, which on a topic with `highwater.flush.before.ack=false` moves at the append.

mod open;

use std::future::Future;
use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use broker_log::append::{AppendError, AppendOptions, AppendOrigin};
use broker_protocol::codec::Reader;
use broker_protocol::compression::Compression;
use broker_protocol::error_code::ErrorCode;
use broker_protocol::messages::produce_request::ProduceRequest;
use broker_protocol::messages::produce_response::{
    BatchIndexAndErrorMessage, PartitionProduceResponse, ProduceResponse, TopicProduceResponse,
};
use broker_protocol::record_batch::RecordBatch;
use broker_protocol::types::{Offset, TopicId};
use bytes::BytesMut;
use tokio::time::{Duration, Instant};

use crate::api::context::{ApiContext, RequestContext};
use crate::api::dispatch::Pending;
use crate::net::connection::Closed;
use crate::net::response::Response;
use crate::net::waiter::Waiter;
use crate::replication::manager::TopicReplicas;
use crate::replication::partition::Partition;

/// How long an answer of acks=1 waits for the disk at least, in milliseconds: as long as clients wait for an answer.
const LEADER_TIMEOUT_MS: i32 = 30_000;

/// A produce request whose batches are being opened.
pub struct Opening {
    request: RequestContext,
    work: Pin<Box<dyn Future<Output = (Plan, BytesMut)> + Send>>,
}

/// A produce request that has been appended and whose answer waits for durability.
pub struct Waiting {
    request: RequestContext,
    deadline: Instant,
    topics: Vec<TopicResult>,
}

struct TopicResult {
    name: String,
    id: TopicId,
    partitions: Vec<PartitionResult>,
}

struct PartitionResult {
    response: PartitionProduceResponse<'static>,
    /// What must be durable before the answer goes out.
    wait: Option<(Arc<Partition>, Offset)>,
}

/// One partition's part of a request, by its place in the frame.
struct Part {
    index: i32,
    records: Option<Range<usize>>,
    /// What came of opening the batch, if that was done.
    opened: Option<Opened>,
}

/// What is appended instead of the batch that was sent, if anything, or why it cannot be.
type Opened = Result<Option<Vec<u8>>, AppendError>;

/// One topic's part of a request.
struct TopicPlan {
    name: String,
    id: TopicId,
    replicas: Option<Arc<TopicReplicas>>,
    parts: Vec<Part>,
}

/// Where the records of a request go; borrows nothing, so that the frame can be patched in place.
struct Plan {
    acks: i16,
    timeout_ms: i32,
    transactional: bool,
    topics: Vec<TopicPlan>,
}

/// Appends the records of a produce request. `body` is the request without its header.
pub fn handle(
    ctx: &Arc<ApiContext>,
    request: RequestContext,
    body: BytesMut,
) -> Result<Option<Pending>, Closed> {
    let plan = plan(ctx, &request, &body)?;
    if let Some(error) = refusal(&plan) {
        return answer_without_append(ctx, &plan, request, error).map(Some);
    }
    if open::is_wanted(&plan, &body) {
        let work = Box::pin(open::open_all(Arc::clone(ctx), plan, body));
        return Ok(Some(Pending::Opening(Box::new(Opening { request, work }))));
    }
    Ok(append_all(ctx, request, plan, body)?.map(|waiting| Pending::Produce(Box::new(waiting))))
}

/// Appends what was planned. `None`: there will be no answer.
fn append_all(
    ctx: &ApiContext,
    request: RequestContext,
    plan: Plan,
    mut body: BytesMut,
) -> Result<Option<Waiting>, Closed> {
    let mut topics = Vec::with_capacity(plan.topics.len());
    let mut failed = false;
    for TopicPlan { name, id, replicas, parts } in plan.topics {
        let mut partitions = Vec::with_capacity(parts.len());
        for part in parts {
            let (index, records) = (part.index, part.records.clone());
            let result = append(ctx, &request, id, replicas.as_ref(), part, &mut body);
            let is_refused = result.response.error_code != 0;
            if is_refused && let (Some(topic), Some(records)) = (&replicas, records) {
                topic.note_refused(index, &body[records]);
            }
            failed |= is_refused;
            if plan.acks == 0 {
                ctx.metrics.error(request.api, result.response.error_code);
            }
            partitions.push(result);
        }
        topics.push(TopicResult { name, id, partitions });
    }
    if plan.acks == 0 {
        // The client has no other way to learn of an error than the end of its connection.
        return if failed {
            Err(Closed::Refused("a produce request with acks=0 failed".to_owned()))
        } else {
            Ok(None)
        };
    }
    let deadline = deadline(&request, plan.acks, plan.timeout_ms);
    Ok(Some(Waiting { request, deadline, topics }))
}

/// The time that the client gives is for other replicas: with acks=1 it is no reason to call an append late.
fn deadline(request: &RequestContext, acks: i16, timeout_ms: i32) -> Instant {
    let timeout_ms = if acks == 1 { timeout_ms.max(LEADER_TIMEOUT_MS) } else { timeout_ms };
    request.received_at + Duration::from_millis(u64::try_from(timeout_ms).unwrap_or(0))
}

fn plan(ctx: &ApiContext, request: &RequestContext, body: &[u8]) -> Result<Plan, Closed> {
    let mut reader = Reader::new(body);
    let decoded = ProduceRequest::decode(&mut reader, request.version)
        .map_err(|error| Closed::BadFrame(format!("produce request: {error}")))?;
    let start = body.as_ptr() as usize;
    let topics = decoded
        .topic_data
        .iter()
        .map(|topic| {
            let id = TopicId(topic.topic_id);
            let replicas = if request.version >= 13 {
                ctx.replicas.topic_by_id(id)
            } else {
                ctx.replicas.topic(&topic.name)
            };
            let parts = topic
                .partition_data
                .iter()
                .map(|partition| Part {
                    index: partition.index,
                    records: partition.records.as_bytes().map(|bytes| {
                        let from = bytes.as_ptr() as usize - start;
                        from..from + bytes.len()
                    }),
                    opened: None,
                })
                .collect();
            TopicPlan { name: topic.name.to_string(), id, replicas, parts }
        })
        .collect();
    Ok(Plan {
        acks: decoded.acks,
        timeout_ms: decoded.timeout_ms,
        transactional: decoded.transactional_id.is_some(),
        topics,
    })
}

/// An error that concerns the request as a whole.
fn refusal(plan: &Plan) -> Option<ErrorCode> {
    if !(-1..=1).contains(&plan.acks) {
        return Some(ErrorCode::InvalidRequiredAcks);
    }
    // Transactions are not offered yet: no transactional id can have been initialized here.
    plan.transactional.then_some(ErrorCode::InvalidTxnState)
}

/// Refuses the request as a whole.
///
/// # Errors
/// With acks=0: the end of the connection is the client's only way to learn of it.
fn answer_without_append(
    ctx: &ApiContext,
    plan: &Plan,
    request: RequestContext,
    error: ErrorCode,
) -> Result<Pending, Closed> {
    if plan.acks == 0 {
        ctx.metrics.error(request.api, error.code());
        return Err(Closed::Refused("a produce request with acks=0 was refused".to_owned()));
    }
    let topics = plan
        .topics
        .iter()
        .map(|topic| TopicResult {
            name: topic.name.clone(),
            id: topic.id,
            partitions: topic
                .parts
                .iter()
                .map(|part| PartitionResult { response: failure(part.index, error, None), wait: None })
                .collect(),
        })
        .collect();
    let deadline = request.received_at;
    Ok(Pending::Produce(Box::new(Waiting { request, deadline, topics })))
}

fn failure(index: i32, error: ErrorCode, message: Option<String>) -> PartitionProduceResponse<'static> {
    PartitionProduceResponse {
        index,
        error_code: error.code(),
        base_offset: -1,
        log_append_time_ms: -1,
        log_start_offset: -1,
        error_message: message.map(Into::into),
        ..PartitionProduceResponse::default()
    }
}

fn append(
    ctx: &ApiContext,
    request: &RequestContext,
    id: TopicId,
    replicas: Option<&Arc<TopicReplicas>>,
    part: Part,
    body: &mut BytesMut,
) -> PartitionResult {
    let fail = |error, message| PartitionResult { response: failure(part.index, error, message), wait: None };
    let found = replicas.map_or(Err(ErrorCode::UnknownTopicOrPartition), |topic| topic.find(part.index));
    let partition = match found {
        Ok(partition) => partition,
        Err(_) if request.version >= 13 && replicas.is_none() && !id.is_zero() => {
            return fail(ErrorCode::UnknownTopicId, None);
        }
        Err(error) => {
            let is_offline = error == ErrorCode::KafkaStorageError;
            let reason = "the log of the partition cannot be opened, or the disk has no room for it";
            return fail(error, is_offline.then(|| reason.to_owned()));
        }
    };
    if partition.is_offline() {
        return fail(ErrorCode::KafkaStorageError, Some("the log directory is out of service".to_owned()));
    }
    if partition.is_internal() {
        return fail(
            ErrorCode::InvalidTopicException,
            Some("clients may not write to an internal topic".to_owned()),
        );
    }
    let Some(range) = part.records else {
        return fail(ErrorCode::InvalidRecord, Some("a produce request must hold records".to_owned()));
    };
    let len = range.len();
    if let Some((error, message)) = not_for_clients(&body[range.clone()], request.version) {
        return fail(error, Some(message));
    }
    let options = |origin| AppendOptions {
        leader_epoch: partition.leader_epoch(),
        origin,
        now_ms: ctx.env.clock.now_ms(),
    };
    let appended = match part.opened {
        None => partition.log().append_as_leader(&mut body[range], &options(AppendOrigin::Client)),
        Some(Ok(mut replacement)) => {
            let bytes = replacement.as_deref_mut().unwrap_or(&mut body[range]);
            partition.log().append_as_leader(bytes, &options(AppendOrigin::OpenedClient))
        }
        Some(Err(error)) => Err(error),
    };
    match appended {
        Ok(info) => {
            // A duplicate was appended before.
            if let Some(topic) = replicas.filter(|_| !info.duplicate) {
                topic.counters.produced(len, info.records);
            }
            let response = PartitionProduceResponse {
                index: part.index,
                error_code: 0,
                base_offset: info.base_offset.0,
                log_append_time_ms: info.log_append_time_ms,
                log_start_offset: info.log_start_offset.0,
                ..PartitionProduceResponse::default()
            };
            PartitionResult { response, wait: Some((partition, info.last_offset)) }
        }
        Err(error) => PartitionResult { response: rejection(part.index, &error), wait: None },
    }
}

/// The first version of Produce whose batches may be compressed with zstd (KIP-110).
const FIRST_VERSION_WITH_ZSTD: i16 = 7;

/// Why a sound batch may not come in a request of that version; of any other batch the log says what is wrong with it.
///
/// A transactional batch holds back the last stable offset until its transaction ends. None can be begun or ended, so
/// it is refused whatever transactional id the request has.
fn not_for_clients(bytes: &[u8], version: i16) -> Option<(ErrorCode, String)> {
    let (batch, _) = RecordBatch::parse(bytes).ok()?;
    let is_old_zstd =
        version < FIRST_VERSION_WITH_ZSTD && batch.header.compression() == Ok(Compression::Zstd);
    let refused = if batch.header.is_transactional() {
        (ErrorCode::InvalidTxnState, "transactional batches are not supported".to_owned())
    } else if is_old_zstd {
        let message = format!(
            "produce version {version} may not hold zstd, expected {FIRST_VERSION_WITH_ZSTD} or later"
        );
        (ErrorCode::UnsupportedCompressionType, message)
    } else {
        return None;
    };
    batch.verify_crc().is_ok().then_some(refused)
}

/// The one place that turns an append error into what the client sees.
fn rejection(index: i32, error: &AppendError) -> PartitionProduceResponse<'static> {
    let code = super::errors::append_error_code(error);
    let mut response = failure(index, code, Some(error.to_string()));
    if let AppendError::InvalidRecord { record_errors, .. }
    | AppendError::InvalidTimestamp { record_errors, .. } = error
    {
        response.record_errors = record_errors
            .iter()
            .map(|(batch_index, message)| BatchIndexAndErrorMessage {
                batch_index: *batch_index,
                batch_index_error_message: Some(message.clone().into()),
            })
            .collect();
    }
    response
}

impl Opening {
    /// The request once its batches are opened and appended; `None`: there will be no answer.
    ///
    /// # Errors
    /// As an append without an answer that fails: the connection is closed.
    pub fn poll(&mut self, ctx: &ApiContext, cx: &mut Context<'_>) -> Poll<Result<Option<Waiting>, Closed>> {
        self.work.as_mut().poll(cx).map(|(plan, body)| append_all(ctx, self.request.clone(), plan, body))
    }
}

impl Waiting {
    /// When the client wants to hear of a time-out.
    #[must_use]
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Which request it is.
    #[must_use]
    pub fn request(&self) -> &RequestContext {
        &self.request
    }

    /// The answer, once all of it is durable, refused or late; otherwise `waiter` will be woken.
    pub fn poll(&mut self, waiter: &Arc<Waiter>) -> Option<Response> {
        let late = Instant::now() >= self.deadline;
        for topic in &mut self.topics {
            for result in &mut topic.partitions {
                let Some((partition, last)) = &result.wait else {
                    continue;
                };
                if !late && partition.wait_beyond(*last, waiter) {
                    return None;
                }
                if partition.high_watermark() <= *last {
                    let error = if partition.is_offline() {
                        ErrorCode::KafkaStorageError
                    } else if partition.is_deleted() {
                        ErrorCode::UnknownTopicOrPartition
                    } else {
                        ErrorCode::RequestTimedOut
                    };
                    partition.forget(waiter);
                    result.response = failure(result.response.index, error, None);
                }
                result.wait = None;
            }
        }
        Some(self.respond())
    }

    /// Stops waiting: the connection is gone.
    pub fn abandon(&self, waiter: &Waiter) {
        for (partition, _) in
            self.topics.iter().flat_map(|topic| &topic.partitions).filter_map(|r| r.wait.as_ref())
        {
            partition.forget(waiter);
        }
    }

    fn respond(&mut self) -> Response {
        let responses = std::mem::take(&mut self.topics)
            .into_iter()
            .map(|topic| {
                let partition_responses =
                    topic.partitions.into_iter().map(|result| result.response).collect();
                TopicProduceResponse { topic_id: topic.id.0, name: topic.name.into(), partition_responses }
            })
            .collect();
        let response = ProduceResponse { responses, ..ProduceResponse::default() };
        self.request.respond(|writer, version| response.encode(writer, version))
    }
}
