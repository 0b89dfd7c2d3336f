//! DescribeConfigs (KIP-133, KIP-226, KIP-569): every setting with its source and synonyms.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};

use broker_config::describe::{describe_broker, describe_broker_defaults, describe_topic};
use broker_config::{DescribedConfig, DynamicBrokerConfigs};
use broker_protocol::error_code::ErrorCode;
use broker_protocol::messages::describe_configs_request::{DescribeConfigsRequest, DescribeConfigsResource};
use broker_protocol::messages::describe_configs_response::{
    DescribeConfigsResourceResult, DescribeConfigsResponse, DescribeConfigsResult, DescribeConfigsSynonym,
};
use broker_state::metadata::configs::check_resource;
use broker_state::metadata::error::MetadataError;
use broker_state::metadata::image::{ConfigResource, ResourceKind};
use broker_state::metadata::topic_name;

use crate::api::context::{ApiContext, RequestContext};

/// A resource whose settings are asked for, once or more often.
struct Asked<'a> {
    resource_type: i8,
    name: &'a str,
    /// Which of them; `None` for all.
    keys: Option<HashSet<&'a str>>,
}

/// Answers DescribeConfigs.
pub async fn handle(
    ctx: &ApiContext,
    _request: &RequestContext,
    message: DescribeConfigsRequest<'_>,
) -> DescribeConfigsResponse<'static> {
    let results = merged(&message.resources)
        .into_iter()
        .map(|asked| {
            let mut result = DescribeConfigsResult {
                resource_type: asked.resource_type,
                resource_name: asked.name.to_owned().into(),
                ..DescribeConfigsResult::default()
            };
            match describe(ctx, &asked) {
                Ok(all) => {
                    let is_wanted = |name: &str| asked.keys.as_ref().is_none_or(|keys| keys.contains(name));
                    result.configs = all
                        .into_iter()
                        .filter(|config| is_wanted(&config.name))
                        .map(|config| {
                            on_wire(config, message.include_synonyms, message.include_documentation)
                        })
                        .collect();
                }
                Err((error, reason)) => {
                    result.error_code = error.code();
                    result.error_message = Some(reason.into());
                }
            }
            result
        })
        .collect();
    DescribeConfigsResponse { throttle_time_ms: 0, results }
}

/// Each resource once, in the place of the first that names it: an answer is many times as long as its question. What is
/// asked of it is what all of them ask together.
fn merged<'a>(resources: &'a [DescribeConfigsResource<'_>]) -> Vec<Asked<'a>> {
    let mut places = HashMap::new();
    let mut asked: Vec<Asked<'a>> = Vec::new();
    for resource in resources {
        let (resource_type, name) = (resource.resource_type, &*resource.resource_name);
        let place = *places.entry((resource_type, name)).or_insert(asked.len());
        if place == asked.len() {
            asked.push(Asked { resource_type, name, keys: Some(HashSet::new()) });
        }
        let wanted = &mut asked[place].keys;
        match resource.configuration_keys.as_deref() {
            None | Some([]) => *wanted = None,
            Some(keys) => wanted.iter_mut().for_each(|wanted| wanted.extend(keys.iter().map(|key| &**key))),
        }
    }
    asked
}

/// The settings of a topic with these of its own, as CreateTopics tells them.
#[must_use]
pub fn topic_configs(
    ctx: &ApiContext,
    own: &BTreeMap<String, String>,
) -> Vec<DescribeConfigsResourceResult<'static>> {
    let dynamic = ctx.settings.dynamic(&ctx.metadata.image());
    let layers = ctx.settings.config().layers(&dynamic);
    describe_topic(own, &layers).into_iter().map(|config| on_wire(config, false, false)).collect()
}

fn describe(ctx: &ApiContext, asked: &Asked<'_>) -> Result<Vec<DescribedConfig>, (ErrorCode, String)> {
    let Some(kind) = ResourceKind::from_number(asked.resource_type) else {
        let reason = format!("resource type {} has no settings", asked.resource_type);
        return Err((ErrorCode::InvalidRequest, reason));
    };
    let resource = ConfigResource { kind, name: asked.name.into() };
    let image = ctx.metadata.image();
    check_resource(&image, &resource).map_err(|error| refusal(&error))?;
    let dynamic: DynamicBrokerConfigs = ctx.settings.dynamic(&image);
    let layers = ctx.settings.config().layers(&dynamic);
    match kind {
        ResourceKind::Topic => {
            let own = image.config(&resource).map(|map| (**map).clone()).unwrap_or_default();
            Ok(describe_topic(&own, &layers))
        }
        ResourceKind::Broker if resource.name.is_empty() => Ok(describe_broker_defaults(&dynamic)),
        ResourceKind::Broker => Ok(describe_broker(&layers)),
        ResourceKind::ClientMetrics | ResourceKind::Group => Err((
            ErrorCode::InvalidRequest,
            format!("settings of resource type {} are not kept yet", kind.number()),
        )),
    }
}

/// What a resource that is not there is answered with: as Kafka does, a name that no topic can have is told as such,
/// and another broker's id as a request that went to the wrong one.
fn refusal(error: &MetadataError) -> (ErrorCode, String) {
    match error {
        MetadataError::UnknownTopic { name } => match topic_name::validate(name) {
            Ok(()) => (error.code(), error.to_string()),
            Err(invalid) => (invalid.code(), invalid.to_string()),
        },
        MetadataError::BrokerIdNotRegistered { .. } => (ErrorCode::InvalidRequest, error.to_string()),
        _ => (error.code(), error.to_string()),
    }
}

fn on_wire(
    config: DescribedConfig,
    synonyms: bool,
    documentation: bool,
) -> DescribeConfigsResourceResult<'static> {
    let config_type = config.type_code();
    let synonyms = if synonyms { config.synonyms } else { Vec::new() };
    DescribeConfigsResourceResult {
        name: config.name.into(),
        value: config.value.map(Cow::Owned),
        read_only: config.read_only,
        config_source: config.source.wire_code(),
        is_sensitive: config.sensitive,
        synonyms: synonyms
            .into_iter()
            .map(|synonym| DescribeConfigsSynonym {
                name: synonym.name.into(),
                value: synonym.value.map(Cow::Owned),
                source: synonym.source.wire_code(),
            })
            .collect(),
        config_type,
        documentation: documentation.then(|| config.documentation.into()),
    }
}
