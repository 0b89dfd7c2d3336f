//! JoinGroup (KIP-345, KIP-394, KIP-559, KIP-814): a member wants to be part of a group's next generation.

use broker_protocol::error_code::ErrorCode;
use broker_protocol::messages::join_group_request::JoinGroupRequest;
use broker_protocol::messages::join_group_response::{JoinGroupResponse, JoinGroupResponseMember};
use broker_state::group::{JoinRequest, JoinResponse, Protocol};

use crate::api::context::{ApiContext, RequestContext};
use crate::coordinator::group_error_code;

/// From here on a new member has to come back with the id that it is given.
const MEMBER_ID_REQUIRED_SINCE: i16 = 4;
/// From here on null stands for "no protocol".
const NULLABLE_PROTOCOL_SINCE: i16 = 7;
const SKIP_ASSIGNMENT_SINCE: i16 = 9;

/// Answers JoinGroup, once the rebalance completes.
pub async fn handle(
    ctx: &ApiContext,
    request: &RequestContext,
    message: JoinGroupRequest<'_>,
) -> JoinGroupResponse<'static> {
    let member_id = message.member_id.to_string();
    let answered = ctx.groups.join(join_request(ctx, request, message)).await;
    match answered {
        Ok(joined) => response(joined, request.version),
        Err(error) => JoinGroupResponse {
            error_code: error.code().code(),
            member_id: member_id.into(),
            protocol_name: (request.version < NULLABLE_PROTOCOL_SINCE).then(|| "".into()),
            ..JoinGroupResponse::default()
        },
    }
}

fn join_request(ctx: &ApiContext, request: &RequestContext, message: JoinGroupRequest<'_>) -> JoinRequest {
    let rebalance_timeout_ms =
        if request.version == 0 { message.session_timeout_ms } else { message.rebalance_timeout_ms };
    JoinRequest {
        group_id: message.group_id.into_owned(),
        member_id: message.member_id.into_owned(),
        instance_id: message.group_instance_id.map(|id| id.into_owned()),
        client_id: request.client_id().to_owned(),
        client_host: format!("/{}", request.connection.peer.ip()),
        session_timeout_ms: message.session_timeout_ms,
        rebalance_timeout_ms,
        protocol_type: message.protocol_type.into_owned(),
        protocols: message
            .protocols
            .into_iter()
            .map(|protocol| Protocol {
                name: protocol.name.into_owned(),
                metadata: protocol.metadata.into_owned(),
            })
            .collect(),
        requires_known_member_id: request.version >= MEMBER_ID_REQUIRED_SINCE,
        supports_skip_assignment: request.version >= SKIP_ASSIGNMENT_SINCE,
        member_uuid: ctx.env.random.uuid(),
    }
}

fn response(joined: JoinResponse, version: i16) -> JoinGroupResponse<'static> {
    let protocol_name = match joined.protocol_name {
        None if version < NULLABLE_PROTOCOL_SINCE => Some(String::new()),
        name => name,
    };
    JoinGroupResponse {
        throttle_time_ms: 0,
        error_code: joined.error.map_or(ErrorCode::None, group_error_code).code(),
        generation_id: joined.generation_id,
        protocol_type: joined.protocol_type.map(Into::into),
        protocol_name: protocol_name.map(Into::into),
        leader: joined.leader.into(),
        skip_assignment: joined.skip_assignment,
        member_id: joined.member_id.into(),
        members: joined
            .members
            .into_iter()
            .map(|member| JoinGroupResponseMember {
                member_id: member.member_id.into(),
                group_instance_id: member.instance_id.map(Into::into),
                metadata: member.metadata.into(),
            })
            .collect(),
    }
}
