//! SyncGroup (KIP-345, KIP-559): a member asks for its assignment, the leader brings everybody's.

use broker_protocol::error_code::ErrorCode;
use broker_protocol::messages::sync_group_request::SyncGroupRequest;
use broker_protocol::messages::sync_group_response::SyncGroupResponse;
use broker_state::group::SyncRequest;

use crate::api::context::{ApiContext, RequestContext};
use crate::coordinator::group_error_code;

/// From here on a member has to say which protocol it believes in.
const PROTOCOL_REQUIRED_SINCE: i16 = 5;

/// Answers SyncGroup, once the leader's assignment is there and durable.
pub async fn handle(
    ctx: &ApiContext,
    request: &RequestContext,
    message: SyncGroupRequest<'_>,
) -> SyncGroupResponse<'static> {
    let refused =
        |error: ErrorCode| SyncGroupResponse { error_code: error.code(), ..SyncGroupResponse::default() };
    if request.version >= PROTOCOL_REQUIRED_SINCE
        && (message.protocol_type.is_none() || message.protocol_name.is_none())
    {
        return refused(ErrorCode::InconsistentGroupProtocol);
    }
    let sync = SyncRequest {
        group_id: message.group_id.into_owned(),
        generation_id: message.generation_id,
        member_id: message.member_id.into_owned(),
        instance_id: message.group_instance_id.map(|id| id.into_owned()),
        protocol_type: message.protocol_type.map(|name| name.into_owned()),
        protocol_name: message.protocol_name.map(|name| name.into_owned()),
        assignments: message
            .assignments
            .into_iter()
            .map(|assigned| (assigned.member_id.into_owned(), assigned.assignment.into_owned()))
            .collect(),
    };
    match ctx.groups.sync(sync).await {
        Ok(synced) => SyncGroupResponse {
            throttle_time_ms: 0,
            error_code: synced.error.map_or(ErrorCode::None, group_error_code).code(),
            protocol_type: synced.protocol_type.map(Into::into),
            protocol_name: synced.protocol_name.map(Into::into),
            assignment: synced.assignment.into(),
        },
        Err(error) => refused(error.code()),
    }
}
