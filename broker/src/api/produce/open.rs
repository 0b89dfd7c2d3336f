//! Batches that are opened before they are appended, on the blocking pool, so that neither sockets nor the partition's
//! readers wait for it: those that a topic's `compression.type` wants compressed anew, and compressed ones of a compacted
//! topic, whose records all need keys.
//!
//! The connection reads nothing else meanwhile: what it sends next is appended after this.

use std::sync::Arc;

use broker_config::CompressionType;
use broker_log::log::PartitionLog;
use bytes::BytesMut;

use super::{Plan, TopicPlan};
use crate::api::context::ApiContext;

/// Whether a batch of the request is to be opened.
pub(super) fn is_wanted(plan: &Plan, body: &[u8]) -> bool {
    let may_ask = |topic: &&TopicPlan| {
        let config = topic.replicas.as_ref().and_then(|replicas| replicas.config());
        config.is_some_and(|config| {
            config.compression_type != CompressionType::Producer || config.cleanup_policy.compact
        })
    };
    plan.topics.iter().filter(may_ask).any(|topic| {
        topic.parts.iter().any(|part| {
            let config = topic.replicas.as_ref().and_then(|replicas| replicas.log_config(part.index));
            match (&part.records, config) {
                (Some(range), Some(config)) => PartitionLog::wants_opening(&config, &body[range.clone()]),
                _ => false,
            }
        })
    })
}

/// Opens what is to be opened. The frame comes back with the plan: a batch's largest timestamp may have been set right.
pub(super) async fn open_all(ctx: Arc<ApiContext>, mut plan: Plan, mut body: BytesMut) -> (Plan, BytesMut) {
    let now_ms = ctx.env.clock.now_ms();
    let _permit = ctx.openings.acquire().await.expect("nobody closes the budget");
    ctx.env
        .block_on_disk(move || {
            plan.topics.iter_mut().for_each(|topic| open(topic, &mut body, now_ms));
            (plan, body)
        })
        .await
}

fn open(topic: &mut TopicPlan, body: &mut [u8], now_ms: i64) {
    for part in &mut topic.parts {
        let config = topic.replicas.as_ref().and_then(|replicas| replicas.log_config(part.index));
        if let (Some(range), Some(config)) = (&part.records, config)
            && PartitionLog::wants_opening(&config, &body[range.clone()])
        {
            part.opened = Some(PartitionLog::open_ahead(&config, &mut body[range.clone()], now_ms));
        }
    }
}
