//! The topics that the broker keeps for itself.

use std::collections::BTreeMap;

use broker_state::metadata::topics::{NewTopic, TopicDefaults};

use crate::api::context::ApiContext;
use crate::api::create_topics::CreateError;
use broker_protocol::types::TopicId;

/// Where groups and their offsets live, in Kafka's record format.
pub const CONSUMER_OFFSETS: &str = "__consumer_offsets";

/// Where transactions live in Kafka; reserved.
pub const TRANSACTION_STATE: &str = "__transaction_state";

/// Where share groups live in Kafka; reserved.
pub const SHARE_GROUP_STATE: &str = "__share_group_state";

/// Whether a topic of that name belongs to the broker: clients read it, but do not write to it.
#[must_use]
pub fn is_internal(name: &str) -> bool {
    [CONSUMER_OFFSETS, TRANSACTION_STATE, SHARE_GROUP_STATE].contains(&name)
}

/// Makes an internal topic if it is not there.
///
/// # Errors
/// It cannot be made; a client tries again.
pub async fn ensure(ctx: &ApiContext, name: &str) -> Result<(), CreateError> {
    if ctx.metadata.image().topics.by_name(name).is_some() {
        return Ok(());
    }
    if name != CONSUMER_OFFSETS {
        return Err(CreateError::Reserved(name.to_owned()));
    }
    let configs = BTreeMap::from([
        ("cleanup.policy".to_owned(), "compact".to_owned()),
        ("compression.type".to_owned(), "producer".to_owned()),
        ("segment.bytes".to_owned(), ctx.config.offsets.topic_segment_bytes.to_string()),
    ]);
    let topic = NewTopic {
        name: name.to_owned(),
        id: TopicId(ctx.env.random.uuid()),
        partitions: ctx.config.offsets.topic_partitions,
        replication_factor: ctx.config.offsets.topic_replication_factor,
        assignments: Vec::new(),
        configs: Ok(configs),
    };
    crate::api::create_topics::create(ctx, topic, TopicDefaults { partitions: 1, replication_factor: 1 })
        .await
}
