//! CreateTopics (KIP-4, KIP-525, KIP-464): each topic of a request succeeds or fails for itself.

use broker_config::{AlterError, alter, check_tiering};
use broker_protocol::error_code::ErrorCode;
use broker_protocol::messages::create_topics_request::{CreatableTopic, CreateTopicsRequest};
use broker_protocol::messages::create_topics_response::{
    CreatableTopicConfigs, CreatableTopicResult, CreateTopicsResponse,
};
use broker_protocol::types::{BrokerId, TopicId};
use broker_state::metadata::error::MetadataError;
use broker_state::metadata::image::ConfigMap;
use broker_state::metadata::topics::{self, CreatedTopic, NewTopic, TopicDefaults};

use crate::api::config_rules::refusal;
use crate::api::context::{ApiContext, RequestContext};
use crate::api::describe_configs;
use crate::controller::ChangeError;

/// Why a topic could not be made by the broker itself.
#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    /// The request was refused.
    #[error("{0}")]
    Refused(#[from] MetadataError),
    /// It could not be carried out.
    #[error("{0}")]
    Change(#[from] ChangeError),
    /// An internal topic of a feature that is not there.
    #[error("{0} is reserved for a feature that this broker does not have")]
    Reserved(String),
}

/// Answers CreateTopics.
pub async fn handle(
    ctx: &ApiContext,
    _request: &RequestContext,
    message: CreateTopicsRequest<'_>,
) -> CreateTopicsResponse<'static> {
    let wanted: Vec<NewTopic> = message.topics.iter().map(|topic| new_topic(ctx, topic)).collect();
    let defaults = defaults(ctx);
    let validate_only = message.validate_only;
    let answer =
        ctx.controller.create(|image| topics::create_topics(image, &wanted, defaults, validate_only)).await;
    let results = match answer {
        Ok(results) => results.into_iter().map(|(name, result)| describe(ctx, name, result)).collect(),
        Err(error) => {
            wanted.iter().map(|topic| failed(topic.name.clone(), error.code(), error.to_string())).collect()
        }
    };
    CreateTopicsResponse { topics: results, ..CreateTopicsResponse::default() }
}

/// Makes a topic with default settings, as Metadata does for one that is not there.
///
/// # Errors
/// It cannot be made.
pub async fn create_with_defaults(ctx: &ApiContext, name: &str) -> Result<(), CreateError> {
    let topic = NewTopic {
        name: name.to_owned(),
        id: TopicId(ctx.env.random.uuid()),
        partitions: -1,
        replication_factor: -1,
        assignments: Vec::new(),
        configs: Ok(ConfigMap::new()),
    };
    create(ctx, topic, defaults(ctx)).await
}

/// Makes one topic; that it is there already is no error.
///
/// # Errors
/// It cannot be made.
pub async fn create(ctx: &ApiContext, topic: NewTopic, defaults: TopicDefaults) -> Result<(), CreateError> {
    let wanted = [topic];
    let results =
        ctx.controller.create(|image| topics::create_topics(image, &wanted, defaults, false)).await?;
    for (_, result) in results {
        match result {
            Ok(_) | Err(MetadataError::TopicExists { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// What a topic gets if the request does not say.
pub(crate) fn defaults(ctx: &ApiContext) -> TopicDefaults {
    TopicDefaults {
        partitions: u16::try_from(ctx.config.topics.partitions).unwrap_or(u16::MAX),
        replication_factor: u16::try_from(ctx.config.topics.replication_factor).unwrap_or(1),
    }
}

/// The settings of a topic that is made, as they are stored.
///
/// # Errors
/// They are no settings of topics, or do not fit what this broker can do of tiered storage.
pub fn checked_configs<'a>(
    ctx: &ApiContext,
    asked: impl IntoIterator<Item = (&'a str, Option<&'a str>)>,
) -> Result<ConfigMap, MetadataError> {
    alter::validate_topic_configs(asked).and_then(|configs| tiered(ctx, configs)).map_err(refusal)
}

fn tiered(ctx: &ApiContext, configs: ConfigMap) -> Result<ConfigMap, AlterError> {
    let dynamic = ctx.settings.dynamic(&ctx.metadata.image());
    check_tiering(None, &configs, &ctx.settings.config().layers(&dynamic)).map(|()| configs)
}

fn new_topic(ctx: &ApiContext, topic: &CreatableTopic<'_>) -> NewTopic {
    let asked = topic.configs.iter().map(|config| (&*config.name, config.value.as_deref()));
    NewTopic {
        name: topic.name.to_string(),
        id: TopicId(ctx.env.random.uuid()),
        partitions: topic.num_partitions,
        replication_factor: topic.replication_factor,
        assignments: topic
            .assignments
            .iter()
            .map(|assignment| {
                (assignment.partition_index, assignment.broker_ids.iter().copied().map(BrokerId).collect())
            })
            .collect(),
        configs: checked_configs(ctx, asked),
    }
}

fn failed(name: String, error: ErrorCode, message: String) -> CreatableTopicResult<'static> {
    CreatableTopicResult {
        name: name.into(),
        error_code: error.code(),
        error_message: Some(message.into()),
        ..CreatableTopicResult::default()
    }
}

fn describe(
    ctx: &ApiContext,
    name: String,
    result: Result<CreatedTopic, MetadataError>,
) -> CreatableTopicResult<'static> {
    let created = match result {
        Ok(created) => created,
        Err(error) => {
            let code = error.code();
            return failed(name, code, error.to_string());
        }
    };
    let configs = describe_configs::topic_configs(ctx, &created.configs)
        .into_iter()
        .map(|config| CreatableTopicConfigs {
            name: config.name,
            value: config.value,
            read_only: config.read_only,
            config_source: config.config_source,
            is_sensitive: config.is_sensitive,
        })
        .collect();
    CreatableTopicResult {
        name: name.into(),
        topic_id: created.id.0,
        error_message: None,
        num_partitions: created.partitions,
        replication_factor: created.replication_factor,
        configs: Some(configs),
        ..CreatableTopicResult::default()
    }
}
