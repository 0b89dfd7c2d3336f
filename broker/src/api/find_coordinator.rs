//! FindCoordinator (KIP-699): which broker coordinates a group. One broker coordinates them all.

use broker_protocol::error_code::ErrorCode;
use broker_protocol::messages::find_coordinator_request::FindCoordinatorRequest;
use broker_protocol::messages::find_coordinator_response::{Coordinator, FindCoordinatorResponse};

use crate::api::context::{ApiContext, RequestContext};
use crate::api::each_once::each_once;
use crate::internal_topics::{self, CONSUMER_OFFSETS};

/// Kind of key: a consumer group.
const GROUP: i8 = 0;
/// Kind of key: a transactional id.
const TRANSACTION: i8 = 1;

/// Answers FindCoordinator.
pub async fn handle(
    ctx: &ApiContext,
    request: &RequestContext,
    message: FindCoordinatorRequest<'_>,
) -> FindCoordinatorResponse<'static> {
    let available = available(ctx, message.key_type).await;
    let own = ctx.advertised(&request.connection.listener);
    let coordinator = |key: &str| {
        let found = if message.key_type == GROUP && key.is_empty() && request.version >= 3 {
            Err((ErrorCode::InvalidGroupId, "the group id is empty".to_owned()))
        } else {
            available.clone()
        };
        match found {
            Ok(()) => Coordinator {
                key: key.to_owned().into(),
                node_id: ctx.broker_id().0,
                host: own.host.clone().into(),
                port: i32::from(own.port),
                error_code: 0,
                error_message: None,
            },
            Err((error, message)) => Coordinator {
                key: key.to_owned().into(),
                node_id: -1,
                host: "".into(),
                port: -1,
                error_code: error.code(),
                error_message: Some(message.into()),
            },
        }
    };
    if request.version >= 4 {
        let coordinators =
            each_once(&message.coordinator_keys, |key| &**key).map(|key| coordinator(key)).collect();
        return FindCoordinatorResponse { coordinators, ..FindCoordinatorResponse::default() };
    }
    let Coordinator { node_id, host, port, error_code, error_message, .. } = coordinator(&message.key);
    FindCoordinatorResponse {
        node_id,
        host,
        port,
        error_code,
        error_message,
        ..FindCoordinatorResponse::default()
    }
}

async fn available(ctx: &ApiContext, key_type: i8) -> Result<(), (ErrorCode, String)> {
    match key_type {
        GROUP => internal_topics::ensure(ctx, CONSUMER_OFFSETS)
            .await
            .map_err(|error| (ErrorCode::CoordinatorNotAvailable, error.to_string())),
        TRANSACTION => Err((
            ErrorCode::TransactionalIdAuthorizationFailed,
            "transactions are not offered by this broker yet".to_owned(),
        )),
        _ => Err((
            ErrorCode::InvalidRequest,
            format!("coordinator key type {key_type} is not offered by this broker"),
        )),
    }
}
