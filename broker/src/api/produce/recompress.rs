//! Batches of topics whose `compression.type` is not what the producer chose: opened and compressed anew on the blocking
//! pool, before they are appended, so that neither sockets nor the partition's readers wait for it.
//!
//! The connection reads nothing else meanwhile: what it sends next is appended after this.

use std::sync::Arc;

use broker_config::CompressionType;
use broker_log::log::PartitionLog;
use bytes::BytesMut;

use super::{Plan, TopicPlan, append_all, deadline};
use crate::api::context::{ApiContext, RequestContext};
use crate::api::fetch_check::within_budget;
use crate::net::response::Response;
use crate::net::waiter::Waiter;

/// Whether a batch of the request is to be compressed anew.
pub(super) fn is_wanted(plan: &Plan, body: &[u8]) -> bool {
    let is_asked = |topic: &&TopicPlan| {
        let config = topic.replicas.as_ref().and_then(|replicas| replicas.config());
        config.is_some_and(|config| config.compression_type != CompressionType::Producer)
    };
    plan.topics.iter().filter(is_asked).any(|topic| {
        topic.parts.iter().any(|part| {
            let config = topic.replicas.as_ref().and_then(|replicas| replicas.log_config(part.index));
            match (&part.records, config) {
                (Some(range), Some(config)) => {
                    PartitionLog::wants_recompression(&config, &body[range.clone()])
                }
                _ => false,
            }
        })
    })
}

/// Compresses, appends, and answers once the records are durable.
pub(super) async fn run(
    ctx: Arc<ApiContext>,
    request: RequestContext,
    mut plan: Plan,
    body: BytesMut,
) -> Response {
    let now_ms = ctx.env.clock.now_ms();
    let (plan, body) = within_budget(&ctx, body.len(), move || {
        plan.topics.iter_mut().for_each(|topic| recompress(topic, &body, now_ms));
        (plan, body)
    })
    .await;
    let deadline = deadline(&request, plan.timeout_ms);
    let Ok(waiting) = append_all(&ctx, request, plan, body) else { return Response::close() };
    let Some(mut waiting) = waiting else { return Response::none() };
    let waiter = Arc::new(Waiter::new());
    loop {
        let durable = std::future::poll_fn(|cx| {
            waiter.set_waker(cx.waker());
            waiting.poll(&ctx, &waiter).map_or(std::task::Poll::Pending, std::task::Poll::Ready)
        });
        // Once the time is up, the next look says so.
        if let Ok(response) = tokio::time::timeout_at(deadline, durable).await {
            return response;
        }
    }
}

fn recompress(topic: &mut TopicPlan, body: &[u8], now_ms: i64) {
    for part in &mut topic.parts {
        let config = topic.replicas.as_ref().and_then(|replicas| replicas.log_config(part.index));
        if let (Some(range), Some(config)) = (&part.records, config) {
            part.recompressed = PartitionLog::recompress(&config, &body[range.clone()], now_ms).transpose();
        }
    }
}
