//! IncrementalAlterConfigs (KIP-339): sets, deletes, appends and subtracts single settings.

use broker_protocol::error_code::ErrorCode;
use broker_protocol::messages::incremental_alter_configs_request::{
    AlterConfigsResource, IncrementalAlterConfigsRequest,
};
use broker_protocol::messages::incremental_alter_configs_response::{
    AlterConfigsResourceResponse, IncrementalAlterConfigsResponse,
};
use broker_state::metadata::configs::{self, ConfigChange, ConfigOp};
use broker_state::metadata::error::MetadataError;
use broker_state::metadata::image::{ConfigResource, ResourceKind};

use crate::api::alter_configs::{by_resource, refuse};
use crate::api::config_rules::Rules;
use crate::api::context::{ApiContext, RequestContext};

/// Answers IncrementalAlterConfigs.
pub async fn handle(
    ctx: &ApiContext,
    _request: &RequestContext,
    message: IncrementalAlterConfigsRequest<'_>,
) -> IncrementalAlterConfigsResponse<'static> {
    let parsed: Vec<Result<ConfigChange, MetadataError>> = message.resources.iter().map(change).collect();
    let changes: Vec<ConfigChange> =
        parsed.iter().filter_map(|change| change.as_ref().ok().cloned()).collect();
    let validate_only = message.validate_only;
    let answer = ctx
        .controller
        .change(|image| {
            let dynamic = ctx.settings.dynamic(image);
            let layers = ctx.settings.config().layers(&dynamic);
            let rules = Rules { layers, image, replicas: &ctx.replicas };
            configs::incremental_alter_configs(image, &changes, &rules, validate_only)
        })
        .await;
    let answered = by_resource(answer);
    let responses = message
        .resources
        .iter()
        .zip(parsed)
        .map(|(asked, parsed)| {
            let result = match parsed {
                Ok(change) => answered(&change.resource),
                Err(error) => Err(refuse(&error)),
            };
            let (code, message) =
                result.err().map_or((ErrorCode::None, None), |(code, text)| (code, Some(text)));
            AlterConfigsResourceResponse {
                error_code: code.code(),
                error_message: message.map(Into::into),
                resource_type: asked.resource_type,
                resource_name: asked.resource_name.to_string().into(),
            }
        })
        .collect();
    IncrementalAlterConfigsResponse { throttle_time_ms: 0, responses }
}

fn change(asked: &AlterConfigsResource<'_>) -> Result<ConfigChange, MetadataError> {
    let invalid = |reason: String| MetadataError::InvalidRequest { reason };
    let kind = ResourceKind::from_number(asked.resource_type)
        .ok_or_else(|| invalid(format!("resource type {} has no settings", asked.resource_type)))?;
    let mut ops = Vec::with_capacity(asked.configs.len());
    for config in &asked.configs {
        let value = || {
            config
                .value
                .as_deref()
                .map(str::to_owned)
                .ok_or_else(|| invalid(format!("null value not supported for {}", config.name)))
        };
        let op = match config.config_operation {
            0 => ConfigOp::Set(value()?),
            1 => ConfigOp::Delete,
            2 => ConfigOp::Append(value()?),
            3 => ConfigOp::Subtract(value()?),
            other => return Err(invalid(format!("unknown operation {other} for {}", config.name))),
        };
        ops.push((config.name.to_string(), op));
    }
    Ok(ConfigChange { resource: ConfigResource { kind, name: (&*asked.resource_name).into() }, ops })
}
