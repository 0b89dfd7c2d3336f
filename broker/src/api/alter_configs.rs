//! AlterConfigs (KIP-133): gives resources exactly the settings named; all others go back to their defaults.

use std::collections::BTreeMap;

use broker_protocol::error_code::ErrorCode;
use broker_protocol::messages::alter_configs_request::{AlterConfigsRequest, AlterConfigsResource};
use broker_protocol::messages::alter_configs_response::{AlterConfigsResourceResponse, AlterConfigsResponse};
use broker_state::metadata::configs::{self, ConfigReplacement};
use broker_state::metadata::error::MetadataError;
use broker_state::metadata::image::{ConfigResource, ResourceKind};

use crate::api::config_rules::Rules;
use crate::api::context::{ApiContext, RequestContext};
use crate::controller::ChangeError;

/// Answers AlterConfigs.
pub async fn handle(
    ctx: &ApiContext,
    _request: &RequestContext,
    message: AlterConfigsRequest<'_>,
) -> AlterConfigsResponse<'static> {
    let parsed: Vec<Result<ConfigReplacement, MetadataError>> =
        message.resources.iter().map(replacement).collect();
    let replacements: Vec<ConfigReplacement> =
        parsed.iter().filter_map(|one| one.as_ref().ok().cloned()).collect();
    let validate_only = message.validate_only;
    let answer = ctx
        .controller
        .change(|image| {
            let dynamic = ctx.settings.dynamic(image);
            let layers = ctx.settings.config().layers(&dynamic);
            let rules = Rules { layers, image, replicas: &ctx.replicas };
            configs::alter_configs(image, &replacements, &rules, validate_only)
        })
        .await;
    let answered = by_resource(answer);
    let responses = message
        .resources
        .iter()
        .zip(parsed)
        .map(|(asked, parsed)| {
            let result = match parsed {
                Ok(replacement) => answered(&replacement.resource),
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
    AlterConfigsResponse { throttle_time_ms: 0, responses }
}

fn replacement(asked: &AlterConfigsResource<'_>) -> Result<ConfigReplacement, MetadataError> {
    let invalid = |reason: String| MetadataError::InvalidRequest { reason };
    let kind = ResourceKind::from_number(asked.resource_type)
        .ok_or_else(|| invalid(format!("resource type {} has no settings", asked.resource_type)))?;
    let mut settings = Vec::with_capacity(asked.configs.len());
    for config in &asked.configs {
        let value = config
            .value
            .as_deref()
            .ok_or_else(|| invalid(format!("null value not supported for {}", config.name)))?;
        settings.push((config.name.to_string(), value.to_owned()));
    }
    Ok(ConfigReplacement {
        resource: ConfigResource { kind, name: (&*asked.resource_name).into() },
        settings,
    })
}

/// What one resource is told.
pub type ResourceResult = Result<(), (ErrorCode, String)>;

/// Finds each resource's part of an answer.
pub fn by_resource(
    answer: Result<configs::AlterConfigsResponse, ChangeError>,
) -> impl Fn(&ConfigResource) -> ResourceResult {
    let whole = answer.map(|results| {
        results
            .into_iter()
            .map(|(resource, result)| (resource, result.map_err(|error| refuse(&error))))
            .collect::<BTreeMap<_, _>>()
    });
    move |resource| match &whole {
        Ok(results) => results.get(resource).cloned().unwrap_or(Ok(())),
        Err(error) => Err((error.code(), error.to_string())),
    }
}

/// A refusal as the client is told.
#[must_use]
pub fn refuse(error: &MetadataError) -> (ErrorCode, String) {
    (error.code(), error.to_string())
}
