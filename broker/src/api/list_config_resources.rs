//! ListConfigResources (KIP-1000, KIP-1142): which resources have settings.

use broker_protocol::error_code::ErrorCode;
use broker_protocol::messages::list_config_resources_request::ListConfigResourcesRequest;
use broker_protocol::messages::list_config_resources_response::{
    ConfigResource, ListConfigResourcesResponse,
};

use crate::api::context::{ApiContext, RequestContext};

const TOPIC: i8 = 2;
const BROKER: i8 = 4;
const BROKER_LOGGER: i8 = 8;
const CLIENT_METRICS: i8 = 16;
const GROUP: i8 = 32;

/// Answers ListConfigResources. Version 0 knows only client metrics subscriptions, of which there are none.
pub async fn handle(
    ctx: &ApiContext,
    request: &RequestContext,
    message: ListConfigResourcesRequest,
) -> ListConfigResourcesResponse<'static> {
    let all = [TOPIC, BROKER, BROKER_LOGGER, CLIENT_METRICS, GROUP];
    let wanted: Vec<i8> = match (request.version, message.resource_types.as_slice()) {
        (0, _) => vec![CLIENT_METRICS],
        (_, []) => all.to_vec(),
        (_, some) => some.to_vec(),
    };
    if wanted.iter().any(|kind| !all.contains(kind)) {
        return ListConfigResourcesResponse {
            error_code: ErrorCode::UnsupportedVersion.code(),
            ..ListConfigResourcesResponse::default()
        };
    }
    let image = ctx.metadata.image();
    let mut resources = Vec::new();
    let mut add = |kind: i8, name: String| {
        resources.push(ConfigResource { resource_name: name.into(), resource_type: kind });
    };
    for kind in wanted {
        match kind {
            TOPIC => image.topics.iter().for_each(|topic| add(kind, topic.name.to_string())),
            BROKER | BROKER_LOGGER => image.brokers.keys().for_each(|id| add(kind, id.to_string())),
            // None of the others can be configured yet.
            _ => {}
        }
    }
    ListConfigResourcesResponse { config_resources: resources, ..ListConfigResourcesResponse::default() }
}
