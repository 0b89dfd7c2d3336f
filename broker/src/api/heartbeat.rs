//! Heartbeat (KIP-345): a member is alive, and learns whether it has to join again.

use broker_protocol::error_code::ErrorCode;
use broker_protocol::messages::heartbeat_request::HeartbeatRequest;
use broker_protocol::messages::heartbeat_response::HeartbeatResponse;

use crate::api::context::{ApiContext, RequestContext};
use crate::coordinator::CoordinatorError;

/// Answers Heartbeat.
pub async fn handle(
    ctx: &ApiContext,
    _request: &RequestContext,
    message: HeartbeatRequest<'_>,
) -> HeartbeatResponse {
    let heartbeat = broker_state::group::HeartbeatRequest {
        group_id: message.group_id.into_owned(),
        generation_id: message.generation_id,
        member_id: message.member_id.into_owned(),
        instance_id: message.group_instance_id.map(|id| id.into_owned()),
    };
    let error = match ctx.groups.heartbeat(&heartbeat) {
        // Sessions begin anew once the group is loaded; until then nobody is missed.
        Ok(()) | Err(CoordinatorError::LoadInProgress) => ErrorCode::None,
        Err(error) => error.code(),
    };
    HeartbeatResponse { throttle_time_ms: 0, error_code: error.code() }
}
