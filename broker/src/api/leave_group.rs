//! LeaveGroup (KIP-345): members go, or an administrator removes static ones.

use broker_protocol::error_code::ErrorCode;
use broker_protocol::messages::leave_group_request::LeaveGroupRequest;
use broker_protocol::messages::leave_group_response::{LeaveGroupResponse, MemberResponse};
use broker_state::group::{LeaveRequest, LeavingMember};

use crate::api::context::{ApiContext, RequestContext};
use crate::coordinator::group_error_code;

/// From here on several members can leave at once, each with a result of its own.
const SEVERAL_SINCE: i16 = 3;

/// Answers LeaveGroup.
pub async fn handle(
    ctx: &ApiContext,
    request: &RequestContext,
    message: LeaveGroupRequest<'_>,
) -> LeaveGroupResponse<'static> {
    let members = if request.version < SEVERAL_SINCE {
        vec![LeavingMember { member_id: message.member_id.into_owned(), instance_id: None }]
    } else {
        let leaving = message.members.into_iter().map(|member| LeavingMember {
            member_id: member.member_id.into_owned(),
            instance_id: member.group_instance_id.map(|id| id.into_owned()),
        });
        leaving.collect()
    };
    let leave = LeaveRequest { group_id: message.group_id.into_owned(), members };
    let mut response = LeaveGroupResponse::default();
    match ctx.groups.leave(leave).await {
        Ok(left) => {
            response.members = left
                .into_iter()
                .map(|left| MemberResponse {
                    member_id: left.member_id.into(),
                    group_instance_id: left.instance_id.map(Into::into),
                    error_code: left.error.map_or(ErrorCode::None, group_error_code).code(),
                })
                .collect();
            if request.version < SEVERAL_SINCE {
                response.error_code = response.members.first().map_or(0, |member| member.error_code);
            }
        }
        Err(error) => response.error_code = error.code().code(),
    }
    response
}
