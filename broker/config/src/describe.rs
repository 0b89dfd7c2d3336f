//! What DescribeConfigs says about a setting: value, source, synonyms, type, meaning (KIP-226, KIP-524, KIP-569).

use std::collections::BTreeMap;

use crate::def::{ConfigDef, ConfigType, UpdateMode};
use crate::keys;
use crate::layers::{DynamicBrokerConfigs, LayerValue, Layers};
use crate::topic;

/// Where a value comes from, as DescribeConfigs tells it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum ConfigSource {
    /// Set for this topic.
    DynamicTopic,
    /// Set for this broker at run time.
    DynamicBroker,
    /// Set for all brokers at run time.
    DynamicDefaultBroker,
    /// Set at the start.
    StaticBroker,
    /// Set nowhere.
    Default,
}

impl ConfigSource {
    /// The number that stands for this source in a DescribeConfigs response.
    #[must_use]
    pub fn wire_code(self) -> i8 {
        match self {
            ConfigSource::DynamicTopic => 1,
            ConfigSource::DynamicBroker => 2,
            ConfigSource::DynamicDefaultBroker => 3,
            ConfigSource::StaticBroker => 4,
            ConfigSource::Default => 5,
        }
    }
}

/// One value in the line of those that could count.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DescribedSynonym {
    /// Name of the setting that has the value; not always the described one.
    pub name: String,
    /// The value in that setting's own unit; `None` for secrets.
    pub value: Option<String>,
    /// Its layer.
    pub source: ConfigSource,
}

/// One setting as DescribeConfigs answers it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DescribedConfig {
    /// Name of the setting.
    pub name: String,
    /// The value that counts; `None` for secrets and where there is none.
    pub value: Option<String>,
    /// Where that value comes from.
    pub source: ConfigSource,
    /// Whether it can not be changed at run time.
    pub read_only: bool,
    /// Whether it is a secret.
    pub sensitive: bool,
    /// Its type; `None` (0 on the wire) for settings that only Kafka has.
    pub config_type: Option<ConfigType>,
    /// All values that could count, the one that does first.
    pub synonyms: Vec<DescribedSynonym>,
    /// Meaning in one or two sentences.
    pub documentation: &'static str,
}

impl DescribedConfig {
    /// The number that stands for the type in a DescribeConfigs response; 0 where it is not known.
    #[must_use]
    pub fn type_code(&self) -> i8 {
        self.config_type.map_or(0, ConfigType::wire_code)
    }
}

const FOREIGN_DOC: &str = "A setting of Kafka that is stored and has no effect here.";

/// All settings of a topic with these overrides, by name.
#[must_use]
pub fn describe_topic(overrides: &BTreeMap<String, String>, layers: &Layers<'_>) -> Vec<DescribedConfig> {
    keys::topic_keys()
        .iter()
        .map(|def| {
            let chain = topic::chain(def, overrides, layers);
            let value = topic::effective_value(def, &chain);
            described(def, value, &chain, false)
        })
        .collect()
}

/// All settings of the broker, by name, and the changes that were stored for settings that only Kafka has.
#[must_use]
pub fn describe_broker(layers: &Layers<'_>) -> Vec<DescribedConfig> {
    let mut all: Vec<DescribedConfig> = keys::broker_keys()
        .map(|def| {
            let own = layers.own(def, 1);
            let value = own.first().map(|layer| layer.value.clone());
            let chain = if own.is_empty() { own } else { layers.chain(def) };
            described(def, value, &chain, def.update == UpdateMode::ReadOnly)
        })
        .collect();
    let stored = [
        (&layers.dynamic.per_broker, ConfigSource::DynamicBroker),
        (&layers.dynamic.cluster_wide, ConfigSource::DynamicDefaultBroker),
    ];
    for (changes, source) in stored {
        for (name, value) in changes.iter().filter(|(name, _)| keys::broker_key(name).is_none()) {
            if !all.iter().any(|config| &config.name == name) {
                all.push(foreign(name, value, source));
            }
        }
    }
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all
}

/// The changes stored for all brokers, by name: what the broker resource without an id has to say.
#[must_use]
pub fn describe_broker_defaults(dynamic: &DynamicBrokerConfigs) -> Vec<DescribedConfig> {
    let source = ConfigSource::DynamicDefaultBroker;
    dynamic
        .cluster_wide
        .iter()
        .map(|(name, value)| match keys::broker_key(name) {
            Some(def) => {
                let only = LayerValue { def, value: value.clone(), source, scale: 1 };
                described(def, Some(value.clone()), &[only], false)
            }
            None => foreign(name, value, source),
        })
        .collect()
}

fn described(
    def: &ConfigDef,
    value: Option<String>,
    chain: &[LayerValue],
    read_only: bool,
) -> DescribedConfig {
    let sensitive = def.is_sensitive();
    DescribedConfig {
        name: def.name.to_owned(),
        value: value.filter(|_| !sensitive),
        source: chain.first().map_or(ConfigSource::Default, |layer| layer.source),
        read_only,
        sensitive,
        config_type: Some(def.config_type),
        synonyms: chain
            .iter()
            .map(|layer| DescribedSynonym {
                name: layer.def.name.to_owned(),
                value: (!sensitive).then(|| layer.value.clone()),
                source: layer.source,
            })
            .collect(),
        documentation: def.doc,
    }
}

/// A setting without a row. Only names that are known to hold no secret can be stored (`keys::ignored`).
fn foreign(name: &str, value: &str, source: ConfigSource) -> DescribedConfig {
    let value = Some(value.to_owned());
    DescribedConfig {
        name: name.to_owned(),
        value: value.clone(),
        source,
        read_only: false,
        sensitive: false,
        config_type: None,
        synonyms: vec![DescribedSynonym { name: name.to_owned(), value, source }],
        documentation: FOREIGN_DOC,
    }
}

#[cfg(test)]
mod tests;
