//! What `broker-config` knows of settings, in the form in which the metadata handlers ask for it.

use std::collections::BTreeSet;

use broker_config::keys;
use broker_config::{
    AlterError, BrokerScope, ConfigType, Layers, alter, check_inherited_tiering, check_tiering,
};
use broker_state::metadata::configs::ConfigRules;
use broker_state::metadata::error::MetadataError;
use broker_state::metadata::image::{ConfigMap, ConfigResource, MetadataImage, ResourceKind};

use crate::replication::manager::ReplicaManager;

/// Rules over the settings that this broker was started with.
pub struct Rules<'a> {
    /// Where values are inherited from.
    pub layers: Layers<'a>,
    /// What is so before the change.
    pub image: &'a MetadataImage,
    /// What this broker has of topics.
    pub replicas: &'a ReplicaManager,
}

impl Rules<'_> {
    /// Checks what topics would inherit.
    fn check_inherited(&self, resource: &ConfigResource, settings: &ConfigMap) -> Result<(), AlterError> {
        let mut dynamic = self.layers.dynamic.clone();
        if resource.name.is_empty() {
            dynamic.cluster_wide = settings.clone();
        } else if *resource == ConfigResource::broker(self.replicas.broker()) {
            dynamic.per_broker = settings.clone();
        } else {
            return Ok(());
        }
        let after = Layers { fixed: self.layers.fixed, dynamic: &dynamic };
        let none = ConfigMap::new();
        let topics = self.image.topics.iter().filter(|topic| self.replicas.has_let_go(&topic.name));
        let topics = topics.map(|topic| {
            let own = self.image.config(&ConfigResource::topic(&topic.name));
            (&*topic.name, own.map_or(&none, |own| own))
        });
        check_inherited_tiering(&self.layers, &after, topics)
    }
}

impl ConfigRules for Rules<'_> {
    fn is_list(&self, resource: &ConfigResource, key: &str) -> bool {
        let def = match resource.kind {
            ResourceKind::Topic => keys::topic_key(key),
            _ => keys::broker_key(key),
        };
        def.is_some_and(|def| def.config_type == ConfigType::List)
    }

    fn inherited(&self, resource: &ConfigResource, key: &str) -> Option<String> {
        match resource.kind {
            ResourceKind::Topic => keys::topic_key(key).and_then(|def| def.default).map(str::to_owned),
            _ => self.layers.get(key),
        }
    }

    fn check(
        &self,
        resource: &ConfigResource,
        settings: &ConfigMap,
        changed: &BTreeSet<&str>,
    ) -> Result<(), MetadataError> {
        let pairs = |only_changed: bool| {
            settings
                .iter()
                .filter(move |(key, _)| !only_changed || changed.contains(key.as_str()))
                .map(|(key, value)| (key.as_str(), Some(value.as_str())))
        };
        match resource.kind {
            ResourceKind::Topic => {
                alter::validate_topic_configs(pairs(false)).map_err(refusal)?;
                let none = ConfigMap::new();
                let before = self.image.config(resource).map_or(&none, |settings| settings);
                // What is all on the disk still, copied or not, is hidden by no change.
                let before = self.replicas.has_let_go(&resource.name).then_some(before);
                check_tiering(before, settings, &self.layers).map_err(refusal)
            }
            ResourceKind::Broker => {
                let scope = if resource.name.is_empty() { BrokerScope::All } else { BrokerScope::One };
                // What was stored before stays; only what changes has to be changeable.
                alter::validate_broker_configs(pairs(true), scope).map_err(refusal)?;
                self.check_inherited(resource, settings).map_err(refusal)
            }
            ResourceKind::ClientMetrics | ResourceKind::Group => Err(MetadataError::InvalidRequest {
                reason: format!(
                    "settings of resource type {} are not kept by this broker yet",
                    resource.kind.number()
                ),
            }),
        }
    }
}

/// Why a setting is refused, as the client is told.
#[must_use]
pub fn refusal(error: AlterError) -> MetadataError {
    let (reason, is_invalid_request) = (error.to_string(), error.is_invalid_request());
    MetadataError::RefusedConfig { key: error.key().to_owned(), reason, is_invalid_request }
}
