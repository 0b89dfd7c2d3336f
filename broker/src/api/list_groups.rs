//! ListGroups (KIP-518, KIP-848): all groups of this broker, by state and type.

use broker_protocol::messages::list_groups_request::ListGroupsRequest;
use broker_protocol::messages::list_groups_response::{ListGroupsResponse, ListedGroup};

use crate::api::context::{ApiContext, RequestContext};

/// The only type of group that this broker has.
const CLASSIC: &str = "classic";

/// Answers ListGroups.
pub async fn handle(
    ctx: &ApiContext,
    _request: &RequestContext,
    message: ListGroupsRequest<'_>,
) -> ListGroupsResponse<'static> {
    let listed = match ctx.groups.list().await {
        Ok(listed) => listed,
        Err(error) => {
            return ListGroupsResponse { error_code: error.code().code(), ..ListGroupsResponse::default() };
        }
    };
    // No filter lets everything pass; letters of either case do.
    let passes = |filter: &[std::borrow::Cow<'_, str>], word: &str| {
        filter.is_empty() || filter.iter().any(|allowed| allowed.eq_ignore_ascii_case(word))
    };
    let groups = listed
        .into_iter()
        .filter(|group| {
            passes(&message.states_filter, group.state.name()) && passes(&message.types_filter, CLASSIC)
        })
        .map(|group| ListedGroup {
            group_id: group.group_id.into(),
            protocol_type: group.protocol_type.into(),
            group_state: group.state.name().into(),
            group_type: CLASSIC.into(),
        })
        .collect();
    ListGroupsResponse { groups, ..ListGroupsResponse::default() }
}
