//! ApiVersions (KIP-35, KIP-511, KIP-584): what this broker serves.

use broker_protocol::api_key::SUPPORTED;
use broker_protocol::error_code::ErrorCode;
use broker_protocol::messages::api_versions_request::ApiVersionsRequest;
use broker_protocol::messages::api_versions_response::{
    ApiVersion, ApiVersionsResponse, FinalizedFeatureKey, SupportedFeatureKey,
};

use crate::api::context::{ApiContext, RequestContext};
use crate::net::response::Response;

/// Answers ApiVersions.
pub async fn handle(
    ctx: &ApiContext,
    request: &RequestContext,
    message: ApiVersionsRequest<'_>,
) -> ApiVersionsResponse<'static> {
    let named = !message.client_software_name.is_empty() && !message.client_software_version.is_empty();
    let legal = |text: &str| {
        let inner = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
        text.chars().all(inner)
            && text.starts_with(|c: char| c.is_ascii_alphanumeric())
            && text.ends_with(|c: char| c.is_ascii_alphanumeric())
    };
    if request.version >= 3
        && !(named && legal(&message.client_software_name) && legal(&message.client_software_version))
    {
        return ApiVersionsResponse {
            error_code: ErrorCode::InvalidRequest.code(),
            ..ApiVersionsResponse::default()
        };
    }
    let image = ctx.metadata.image();
    let features: Vec<_> = image.features.iter().map(|(name, level)| (name.clone(), *level)).collect();
    ApiVersionsResponse {
        error_code: 0,
        api_keys: served(),
        supported_features: features
            .iter()
            .map(|(name, level)| SupportedFeatureKey {
                name: name.clone().into(),
                min_version: 0,
                max_version: *level,
            })
            .collect(),
        finalized_features_epoch: image.position.offset.0,
        finalized_features: features
            .into_iter()
            .map(|(name, level)| FinalizedFeatureKey {
                name: name.into(),
                max_version_level: level,
                min_version_level: level,
            })
            .collect(),
        ..ApiVersionsResponse::default()
    }
}

fn served() -> Vec<ApiVersion> {
    SUPPORTED
        .iter()
        .map(|api| ApiVersion { api_key: api.key.code(), min_version: api.min, max_version: api.max })
        .collect()
}

/// The answer to a version of ApiVersions that is not known: version 0 of it, with the error and all ranges.
#[must_use]
pub fn unsupported_version(request: &RequestContext) -> Response {
    let body = ApiVersionsResponse {
        error_code: ErrorCode::UnsupportedVersion.code(),
        api_keys: served(),
        ..ApiVersionsResponse::default()
    };
    request.respond(|writer, _| body.encode(writer, 0))
}
