//! DescribeCluster (KIP-700, KIP-919, KIP-1073): the brokers and who decides.

use broker_protocol::error_code::ErrorCode;
use broker_protocol::messages::describe_cluster_request::DescribeClusterRequest;
use broker_protocol::messages::describe_cluster_response::{DescribeClusterBroker, DescribeClusterResponse};

use crate::api::authorized_operations::{self, if_asked};
use crate::api::context::{ApiContext, RequestContext};
use crate::api::metadata;

/// Endpoints of brokers; the other kind, of controllers, has no listener of its own here.
const BROKERS: i8 = 1;

/// Answers DescribeCluster.
pub async fn handle(
    ctx: &ApiContext,
    request: &RequestContext,
    message: DescribeClusterRequest,
) -> DescribeClusterResponse<'static> {
    if message.endpoint_type != BROKERS {
        return DescribeClusterResponse {
            error_code: ErrorCode::MismatchedEndpointType.code(),
            error_message: Some("this listener serves brokers".into()),
            endpoint_type: message.endpoint_type,
            ..DescribeClusterResponse::default()
        };
    }
    let image = ctx.metadata.image();
    let brokers = metadata::brokers(ctx, request, &image)
        .into_iter()
        .map(|broker| DescribeClusterBroker {
            broker_id: broker.node_id,
            host: broker.host,
            port: broker.port,
            rack: broker.rack,
            is_fenced: false,
        })
        .collect();
    DescribeClusterResponse {
        endpoint_type: BROKERS,
        cluster_id: image.cluster_id.as_deref().unwrap_or("").to_owned().into(),
        controller_id: ctx.broker_id().0,
        brokers,
        cluster_authorized_operations: if_asked(
            message.include_cluster_authorized_operations,
            authorized_operations::CLUSTER,
        ),
        ..DescribeClusterResponse::default()
    }
}
