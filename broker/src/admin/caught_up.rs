//! CaughtUp: whether a broker that was started has all that it should have.

use broker_protocol::types::BrokerId;
use broker_state::metadata::image::MetadataImage;
use proto::admin::v1::{CaughtUpRequest, CaughtUpResponse};

use super::Known;
use super::refusal::Refusal;
use super::safe_to_stop::{check_broker, starting};
use crate::api::context::ApiContext;

/// So many reasons are told; more say nothing new.
const REASONS_MAX: usize = 8;

pub(super) fn answer(known: &Known, request: &CaughtUpRequest) -> Result<CaughtUpResponse, Refusal> {
    let mut reasons = match known.ctx() {
        Ok(ctx) => {
            check_broker(&ctx, BrokerId(request.broker_id))?;
            lacking(&ctx)
        }
        Err(refusal) => starting(known, request.broker_id, refusal)?,
    };
    if reasons.len() > REASONS_MAX {
        let more = reasons.len() - REASONS_MAX;
        reasons.truncate(REASONS_MAX);
        reasons.push(format!("and {more} more"));
    }
    Ok(CaughtUpResponse { is_caught_up: reasons.is_empty(), reasons })
}

fn lacking(ctx: &ApiContext) -> Vec<String> {
    let image = ctx.metadata.image();
    let mut reasons = Vec::new();
    let own = image.active_broker(ctx.broker_id());
    if own.is_none_or(|broker| broker.directory_id != ctx.replicas.log_dir().meta().directory_id) {
        reasons.push("it is fenced, or registered with another log directory".to_owned());
    }
    let (followed, behind) = ctx.controller.followed();
    if let Some(behind) = behind {
        reasons.push(format!("its replicas cannot follow the metadata: {behind}"));
    } else if followed < image.position.offset {
        reasons
            .push(format!("its replicas follow the metadata up to {followed} of {}", image.position.offset));
    }
    if let Some(reason) = ctx.replicas.log_dir().is_failed() {
        reasons.push(format!("log directory is out of service: {reason}"));
    }
    let loading = ctx.groups.loading();
    if loading > 0 {
        reasons.push(format!("the groups of {loading} partitions are being loaded"));
    }
    reasons.extend(not_led(ctx, &image));
    reasons
}

/// The partitions of this broker that nobody leads, or that it should lead and cannot.
fn not_led(ctx: &ApiContext, image: &MetadataImage) -> Vec<String> {
    let own = ctx.broker_id();
    let mut reasons = Vec::new();
    for topic in image.topics.iter() {
        let replicas = ctx.replicas.topic_by_id(topic.id);
        for (index, partition) in topic.partitions.iter() {
            let name = &topic.name;
            if partition.leader == BrokerId::NONE && partition.replicas.contains(&own) {
                reasons.push(format!("{name}-{index} has no leader"));
            } else if partition.leader == own {
                let here = replicas.as_ref().and_then(|replicas| replicas.partition(*index));
                if here.is_none_or(|partition| partition.is_offline()) {
                    reasons.push(format!("{name}-{index} is offline"));
                }
            }
        }
    }
    reasons
}
