//! One match on the API key: header, version, handler, answer.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use broker_protocol::api_key::{self, ApiKey};
use broker_protocol::codec::Reader;
use broker_protocol::header::decode_request_header;
use bytes::BytesMut;
use tokio::time::Instant;

use crate::api::context::{ApiContext, ConnectionInfo, RequestContext};
use crate::api::{self, fetch, produce};
use crate::net::connection::Closed;
use crate::net::response::Response;
use crate::net::waiter::Waiter;

type Task = Pin<Box<dyn Future<Output = Response> + Send>>;

/// A request between its reading and its answer.
pub enum Pending {
    /// Its batches are being opened; appended once that is done. Nothing is read meanwhile.
    Opening(Box<produce::Opening>),
    /// Appended; waits for durability.
    Produce(Box<produce::Waiting>),
    /// Waits for enough bytes or for its time.
    Fetch(Box<fetch::Waiting>),
    /// Any other: runs when it is at the front, and nothing is read meanwhile.
    Task(RequestContext, Task),
}

/// What became of a request whose batches were opened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Appended {
    /// It waits for durability.
    Waits,
    /// There will be no answer, and nothing is left of it.
    WithoutAnswer,
}

impl Pending {
    /// Whether no further request is read until this one is answered, or appended.
    #[must_use]
    pub fn holds_reading(&self) -> bool {
        matches!(self, Pending::Task(..) | Pending::Opening(..))
    }

    /// Appends the batches of a request once they are opened. Called for the request that was read last, also when it is
    /// not its turn to be answered; pending for any other than [`Pending::Opening`].
    pub fn poll_opening(&mut self, ctx: &ApiContext, cx: &mut Context<'_>) -> Poll<Result<Appended, Closed>> {
        let Pending::Opening(opening) = self else { return Poll::Pending };
        opening.poll(ctx, cx).map_ok(|waiting| match waiting {
            Some(waiting) => {
                *self = Pending::Produce(Box::new(waiting));
                Appended::Waits
            }
            None => Appended::WithoutAnswer,
        })
    }

    /// Memory that it takes beyond its frame, in bytes: what may be many times as long as the frame. Changes only when it is
    /// polled for the first time.
    #[must_use]
    pub fn bytes_beyond_frame(&self) -> usize {
        if let Pending::Fetch(waiting) = self { waiting.bytes() } else { 0 }
    }

    /// Whether it may be left alone until there is memory for its answer: that may be long, and nobody waits for what the
    /// request holds. `begun` says whether it was polled before.
    #[must_use]
    pub fn may_wait_for_memory(&self, begun: bool) -> bool {
        match self {
            Pending::Opening(..) | Pending::Produce(..) => false,
            Pending::Fetch(waiting) => !waiting.is_reading(),
            Pending::Task(request, _) => !begun && !has_short_answer(request.api),
        }
    }

    /// When to look at it again though nobody woke it.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        match self {
            Pending::Produce(waiting) => Some(waiting.deadline()),
            Pending::Fetch(waiting) => waiting.deadline(),
            Pending::Opening(..) | Pending::Task(..) => None,
        }
    }

    /// The answer, if it is ready. Called only for the front of a connection's queue.
    pub fn poll(
        &mut self,
        ctx: &Arc<ApiContext>,
        waiter: &Arc<Waiter>,
        cx: &mut Context<'_>,
    ) -> Poll<Response> {
        let (request, response) = match self {
            Pending::Opening(..) => return Poll::Pending,
            Pending::Produce(waiting) => match waiting.poll(waiter) {
                Some(response) => (waiting.request(), response),
                None => return Poll::Pending,
            },
            Pending::Fetch(waiting) => match waiting.poll(ctx, waiter, cx) {
                Poll::Ready(response) => (waiting.request(), response),
                Poll::Pending => return Poll::Pending,
            },
            Pending::Task(request, task) => match task.as_mut().poll(cx) {
                Poll::Ready(response) => (&*request, response),
                Poll::Pending => return Poll::Pending,
            },
        };
        ctx.metrics.answered(request.api, request.received_at.elapsed(), response.len());
        ctx.metrics.errors(request.api, response.errors());
        Poll::Ready(response)
    }

    /// The connection ended before the answer.
    pub fn abandon(self, waiter: &Waiter) {
        match self {
            Pending::Produce(waiting) => waiting.abandon(waiter),
            Pending::Fetch(waiting) => waiting.abandon(),
            Pending::Opening(..) | Pending::Task(..) => {}
        }
    }
}

/// Whether the answer to such a request is at most about as long as the request itself, whatever the broker keeps: it
/// says only whether something was done, or is the same for everybody. JoinGroup and SyncGroup hand over what members have
/// stored, and FindCoordinator adds a host name to each key.
fn has_short_answer(api: ApiKey) -> bool {
    matches!(
        api,
        ApiKey::Heartbeat
            | ApiKey::LeaveGroup
            | ApiKey::OffsetCommit
            | ApiKey::InitProducerId
            | ApiKey::ApiVersions
    )
}

/// Whether a frame, without its length, is a request for a short answer.
#[must_use]
pub fn asks_for_short_answer(frame: &[u8]) -> bool {
    let key = frame.first_chunk().map(|key| i16::from_be_bytes(*key));
    key.and_then(ApiKey::from_code).is_some_and(has_short_answer)
}

/// Hands a frame to its handler. `None`: there will be no answer.
///
/// # Errors
/// The frame is no request that this broker can answer; the connection is closed.
pub fn dispatch(
    ctx: &Arc<ApiContext>,
    connection: &Arc<ConnectionInfo>,
    mut frame: BytesMut,
) -> Result<Option<Pending>, Closed> {
    let header = decode_request_header(&frame)
        .map_err(|error| Closed::BadFrame(format!("request header: {error}")))?;
    let Some(api) = header.api else {
        return Err(Closed::BadFrame(format!("api key {} is not known", header.api_key)));
    };
    let request = RequestContext {
        api,
        version: header.version,
        correlation_id: header.correlation_id,
        client_id: header.client_id.map(|id| Arc::from(&*id)),
        received_at: Instant::now(),
        connection: Arc::clone(connection),
    };
    let body_at = frame.len() - header.body.remaining();
    ctx.metrics.received(api, frame.len());
    if !api_key::is_supported(api, request.version) {
        return unsupported(request);
    }
    let body = frame.split_off(body_at);
    match api {
        ApiKey::Produce => produce::handle(ctx, request, body),
        ApiKey::Fetch => fetch::handle(ctx, request, &body).map(Some),
        _ => Ok(Some(task(ctx, request, body))),
    }
}

/// A version that is not offered: ApiVersions is answered with the ranges (KIP-511), anything else closes.
fn unsupported(request: RequestContext) -> Result<Option<Pending>, Closed> {
    if request.api != ApiKey::ApiVersions {
        return Err(Closed::BadFrame(format!(
            "{} version {} is not supported",
            request.api.name(),
            request.version
        )));
    }
    let context = request.clone();
    let task = Box::pin(async move { api::api_versions::unsupported_version(&context) });
    Ok(Some(Pending::Task(request, task)))
}

/// Decodes with the generated type, runs `api::<module>::handle`, encodes what it returns.
macro_rules! serve {
    ($ctx:ident, $request:ident, $body:ident, { $($key:ident => $module:ident ($message:ident :: $type:ident)),* $(,)? }) => {
        match $request.api {
            $(ApiKey::$key => {
                let mut reader = Reader::new(&$body);
                match broker_protocol::messages::$message::$type::decode(&mut reader, $request.version) {
                    Ok(message) => {
                        let response = api::$module::handle(&$ctx, &$request, message).await;
                        $request.respond(|writer, version| response.encode(writer, version))
                    }
                    Err(error) => undecodable(&$request, &error),
                }
            })*
            other => {
                tracing::error!(api = other.name(), "an advertised API has no handler");
                Response::close()
            }
        }
    };
}

fn undecodable(request: &RequestContext, error: &dyn std::fmt::Display) -> Response {
    tracing::debug!(api = request.api.name(), version = request.version, peer = %request.connection.peer, %error,
        "request cannot be decoded");
    Response::close()
}

fn task(ctx: &Arc<ApiContext>, request: RequestContext, body: BytesMut) -> Pending {
    let ctx = Arc::clone(ctx);
    let context = request.clone();
    Pending::Task(request, Box::pin(answer(ctx, context, body)))
}

async fn answer(ctx: Arc<ApiContext>, request: RequestContext, body: BytesMut) -> Response {
    serve!(ctx, request, body, {
        ListOffsets => list_offsets(list_offsets_request::ListOffsetsRequest),
        Metadata => metadata(metadata_request::MetadataRequest),
        OffsetCommit => offset_commit(offset_commit_request::OffsetCommitRequest),
        OffsetFetch => offset_fetch(offset_fetch_request::OffsetFetchRequest),
        FindCoordinator => find_coordinator(find_coordinator_request::FindCoordinatorRequest),
        JoinGroup => join_group(join_group_request::JoinGroupRequest),
        Heartbeat => heartbeat(heartbeat_request::HeartbeatRequest),
        LeaveGroup => leave_group(leave_group_request::LeaveGroupRequest),
        SyncGroup => sync_group(sync_group_request::SyncGroupRequest),
        DescribeGroups => describe_groups(describe_groups_request::DescribeGroupsRequest),
        ListGroups => list_groups(list_groups_request::ListGroupsRequest),
        ApiVersions => api_versions(api_versions_request::ApiVersionsRequest),
        CreateTopics => create_topics(create_topics_request::CreateTopicsRequest),
        DeleteTopics => delete_topics(delete_topics_request::DeleteTopicsRequest),
        DeleteRecords => delete_records(delete_records_request::DeleteRecordsRequest),
        InitProducerId => init_producer_id(init_producer_id_request::InitProducerIdRequest),
        OffsetForLeaderEpoch => offset_for_leader_epoch(offset_for_leader_epoch_request::OffsetForLeaderEpochRequest),
        DescribeConfigs => describe_configs(describe_configs_request::DescribeConfigsRequest),
        AlterConfigs => alter_configs(alter_configs_request::AlterConfigsRequest),
        DescribeLogDirs => describe_log_dirs(describe_log_dirs_request::DescribeLogDirsRequest),
        CreatePartitions => create_partitions(create_partitions_request::CreatePartitionsRequest),
        DeleteGroups => delete_groups(delete_groups_request::DeleteGroupsRequest),
        OffsetDelete => offset_delete(offset_delete_request::OffsetDeleteRequest),
        IncrementalAlterConfigs =>
            incremental_alter_configs(incremental_alter_configs_request::IncrementalAlterConfigsRequest),
        DescribeQuorum => describe_quorum(describe_quorum_request::DescribeQuorumRequest),
        DescribeCluster => describe_cluster(describe_cluster_request::DescribeClusterRequest),
        DescribeProducers => describe_producers(describe_producers_request::DescribeProducersRequest),
        ListConfigResources => list_config_resources(list_config_resources_request::ListConfigResourcesRequest),
        DescribeTopicPartitions =>
            describe_topic_partitions(describe_topic_partitions_request::DescribeTopicPartitionsRequest),
    })
}
