//! DescribeGroups (KIP-430, KIP-1043): groups with their members and assignments.

use broker_protocol::error_code::ErrorCode;
use broker_protocol::messages::describe_groups_request::DescribeGroupsRequest;
use broker_protocol::messages::describe_groups_response::{
    DescribeGroupsResponse, DescribedGroup, DescribedGroupMember,
};
use broker_state::group::DescribedMember;

use crate::api::authorized_operations;
use crate::api::context::{ApiContext, RequestContext};
use crate::api::each_once::each_once;

/// From here on a group that does not exist is an error; before it is a dead group.
const NOT_FOUND_SINCE: i16 = 6;

/// The state of a group that does not exist.
const DEAD: &str = "Dead";

/// Answers DescribeGroups.
pub async fn handle(
    ctx: &ApiContext,
    request: &RequestContext,
    message: DescribeGroupsRequest<'_>,
) -> DescribeGroupsResponse<'static> {
    let mut groups = Vec::with_capacity(message.groups.len());
    for group_id in each_once(&message.groups, |group_id| &**group_id) {
        let mut group = describe(ctx, group_id, request.version).await;
        let asked = message.include_authorized_operations && group.error_code == 0;
        group.authorized_operations = authorized_operations::if_asked(asked, authorized_operations::GROUP);
        groups.push(group);
    }
    DescribeGroupsResponse { throttle_time_ms: 0, groups }
}

async fn describe(ctx: &ApiContext, group_id: &str, version: i16) -> DescribedGroup<'static> {
    let named = DescribedGroup { group_id: group_id.to_owned().into(), ..DescribedGroup::default() };
    match ctx.groups.read(group_id, |groups| groups.describe(group_id)).await {
        Ok(Some(group)) => DescribedGroup {
            group_state: group.state.name().into(),
            protocol_type: group.protocol_type.into(),
            protocol_data: group.protocol_name.into(),
            members: group.members.into_iter().map(member).collect(),
            ..named
        },
        Ok(None) if version >= NOT_FOUND_SINCE => DescribedGroup {
            error_code: ErrorCode::GroupIdNotFound.code(),
            error_message: Some(format!("Group {group_id} not found.").into()),
            group_state: DEAD.into(),
            ..named
        },
        Ok(None) => DescribedGroup { group_state: DEAD.into(), ..named },
        Err(error) => DescribedGroup { error_code: error.code().code(), ..named },
    }
}

fn member(member: DescribedMember) -> DescribedGroupMember<'static> {
    DescribedGroupMember {
        member_id: member.member_id.into(),
        group_instance_id: member.instance_id.map(Into::into),
        client_id: member.client_id.into(),
        client_host: member.client_host.into(),
        member_metadata: member.metadata.into(),
        member_assignment: member.assignment.into(),
    }
}
