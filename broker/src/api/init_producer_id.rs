//! InitProducerId (KIP-98, KIP-360) for idempotent producers: ids come in blocks from the metadata log, so that none is
//! ever given out twice, also not by another broker or after a restart.

use broker_protocol::error_code::ErrorCode;
use broker_protocol::messages::init_producer_id_request::InitProducerIdRequest;
use broker_protocol::messages::init_producer_id_response::InitProducerIdResponse;

use crate::api::context::{ApiContext, RequestContext};

/// Answers InitProducerId.
pub async fn handle(
    ctx: &ApiContext,
    _request: &RequestContext,
    message: InitProducerIdRequest<'_>,
) -> InitProducerIdResponse {
    match &message.transactional_id {
        Some(id) if id.is_empty() => return refused(ErrorCode::InvalidRequest),
        // Not offered yet; of the errors that a client takes for final this one says best what it may not do.
        Some(_) => return refused(ErrorCode::TransactionalIdAuthorizationFailed),
        None => {}
    }
    if (message.producer_id >= 0) != (message.producer_epoch >= 0) {
        return refused(ErrorCode::InvalidRequest);
    }
    match ctx.producer_ids.next(ctx).await {
        Ok(id) => InitProducerIdResponse {
            producer_id: id.0,
            producer_epoch: 0,
            ..InitProducerIdResponse::default()
        },
        Err(error) => {
            // Asked again by every idempotent producer; what the operator has to know, the controller tells.
            tracing::debug!(%error, "no producer id to give out");
            refused(ErrorCode::CoordinatorLoadInProgress)
        }
    }
}

fn refused(error: ErrorCode) -> InitProducerIdResponse {
    InitProducerIdResponse {
        error_code: error.code(),
        producer_id: -1,
        producer_epoch: -1,
        ..InitProducerIdResponse::default()
    }
}
