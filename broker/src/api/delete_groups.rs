//! DeleteGroups (KIP-229): groups without members go, with what they committed.

use broker_protocol::error_code::ErrorCode;
use broker_protocol::messages::delete_groups_request::DeleteGroupsRequest;
use broker_protocol::messages::delete_groups_response::{DeletableGroupResult, DeleteGroupsResponse};

use crate::api::context::{ApiContext, RequestContext};
use crate::coordinator::CoordinatorError;

/// Answers DeleteGroups.
pub async fn handle(
    ctx: &ApiContext,
    _request: &RequestContext,
    message: DeleteGroupsRequest<'_>,
) -> DeleteGroupsResponse<'static> {
    let mut results = Vec::with_capacity(message.groups_names.len());
    for group_id in &message.groups_names {
        let deleted = ctx.groups.delete_group(group_id).await;
        let error_code = deleted.map_or_else(CoordinatorError::code, |()| ErrorCode::None).code();
        results.push(DeletableGroupResult { group_id: group_id.to_string().into(), error_code });
    }
    DeleteGroupsResponse { throttle_time_ms: 0, results }
}
