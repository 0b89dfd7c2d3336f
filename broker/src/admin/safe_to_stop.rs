//! SafeToStop: whether stopping a broker takes nothing away that can be kept.
//!
//! The only broker of a cluster takes everything with it, which no waiting changes: what counts is that it is in order, so that
//! it comes back soon and with all that it has.

use broker_protocol::types::BrokerId;
use proto::admin::v1::{Reason, SafeToStopRequest, SafeToStopResponse};

use super::Known;
use super::refusal::Refusal;
use crate::api::context::ApiContext;

pub(super) fn answer(known: &Known, request: &SafeToStopRequest) -> Result<SafeToStopResponse, Refusal> {
    let reasons = match known.ctx() {
        Ok(ctx) => {
            check_broker(&ctx, BrokerId(request.broker_id))?;
            let failed = ctx.replicas.log_dir().is_failed();
            failed.map(|reason| format!("log directory is out of service: {reason}")).into_iter().collect()
        }
        Err(refusal) => starting(known, request.broker_id, refusal)?,
    };
    Ok(SafeToStopResponse { is_safe: reasons.is_empty(), reasons })
}

/// What a broker says of itself that has not started, or stops.
///
/// # Errors
/// It is asked about another.
pub(super) fn starting(known: &Known, asked: i32, refusal: Refusal) -> Result<Vec<String>, Refusal> {
    if asked == known.node_id.0 { Ok(vec![refusal.into_message()]) } else { Err(refusal) }
}

/// Refuses brokers that are not registered, and those that this one cannot speak for.
pub(super) fn check_broker(ctx: &ApiContext, id: BrokerId) -> Result<(), Refusal> {
    if !ctx.metadata.image().brokers.contains_key(&id) {
        return Err(Refusal::new(Reason::UnknownBroker, format!("broker {id} is not registered")));
    }
    if id != ctx.broker_id() {
        return Err(Refusal::unimplemented("this broker cannot speak for another"));
    }
    Ok(())
}
