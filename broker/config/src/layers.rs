//! Which value counts: the layers of the broker's settings and the order in which they are asked.
//!
//! Order for one key, as in Kafka: set for this broker at run time, set for all brokers at run time, set at the start,
//! default. Only when none of them has the key do its fallbacks come, in the order of the table.

use std::collections::BTreeMap;

use crate::def::{ConfigDef, UpdateMode};
use crate::describe::ConfigSource;
use crate::keys;

/// Settings of brokers that were changed at run time, as the metadata log holds them.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct DynamicBrokerConfigs {
    /// Changes for this broker alone.
    pub per_broker: BTreeMap<String, String>,
    /// Changes for all brokers.
    pub cluster_wide: BTreeMap<String, String>,
}

/// All layers of a broker's settings, for look-ups.
#[derive(Clone, Copy, Debug)]
pub struct Layers<'a> {
    /// What the start set: command line, environment and file, merged.
    pub fixed: &'a BTreeMap<String, String>,
    /// What was changed since.
    pub dynamic: &'a DynamicBrokerConfigs,
}

/// One layer's value of one key.
#[derive(Clone, Debug)]
pub(crate) struct LayerValue {
    pub(crate) def: &'static ConfigDef,
    pub(crate) value: String,
    pub(crate) source: ConfigSource,
    pub(crate) scale: i64,
}

impl LayerValue {
    /// The value in the unit of the key that it stands in for.
    pub(crate) fn scaled(&self) -> String {
        match self.value.parse::<i64>() {
            Ok(number) if self.scale != 1 && number > 0 => number.saturating_mul(self.scale).to_string(),
            _ => self.value.clone(),
        }
    }
}

impl<'a> Layers<'a> {
    /// The value of a broker's setting that counts, in the unit of that setting; `None` where neither the setting nor
    /// a fallback has one, or the broker has no such setting.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<String> {
        self.chain(keys::broker_key(key)?).first().map(LayerValue::scaled)
    }

    /// The settings that were made at the start and that only another start changes; without secrets.
    #[must_use]
    pub fn given_for_good(&self) -> BTreeMap<String, String> {
        let of_start =
            keys::broker_keys().filter(|def| def.update == UpdateMode::ReadOnly && !def.is_sensitive());
        of_start
            .filter_map(|def| {
                let value = def.canonical(self.fixed.get(def.name)?).ok()?;
                Some((def.name.to_owned(), value))
            })
            .collect()
    }

    /// Every layer's value of a broker's setting and of its fallbacks, the one that counts first.
    ///
    /// A stored value that its row no longer takes is passed over: an older or newer broker may have stored it.
    pub(crate) fn chain(&self, def: &'static ConfigDef) -> Vec<LayerValue> {
        let mut values = self.own(def, 1);
        values.extend(self.fallbacks(def));
        values
    }

    /// The layers of the fallbacks of a setting, of the broker or of a topic.
    pub(crate) fn fallbacks(&self, def: &'static ConfigDef) -> Vec<LayerValue> {
        def.fallbacks
            .iter()
            .filter_map(|fallback| Some((keys::broker_key(fallback.key)?, fallback.scale)))
            .flat_map(|(fallback, scale)| self.own(fallback, scale))
            .collect()
    }

    /// The layers of one broker setting without its fallbacks.
    pub(crate) fn own(&self, def: &'static ConfigDef, scale: i64) -> Vec<LayerValue> {
        let layers: [(Option<&'a str>, ConfigSource); 4] = [
            (self.dynamic.per_broker.get(def.name).map(String::as_str), ConfigSource::DynamicBroker),
            (self.dynamic.cluster_wide.get(def.name).map(String::as_str), ConfigSource::DynamicDefaultBroker),
            (self.fixed.get(def.name).map(String::as_str), ConfigSource::StaticBroker),
            (def.default, ConfigSource::Default),
        ];
        layers
            .into_iter()
            .filter_map(|(raw, source)| {
                let value = def.canonical(raw?).ok()?;
                Some(LayerValue { def, value, source, scale })
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn value_for_one_broker_beats_all_brokers_beats_the_start_beats_the_default() {
        let fixed = map(&[("message.max.bytes", "3")]);
        let mut dynamic = DynamicBrokerConfigs::default();
        assert_eq!(Layers { fixed: &fixed, dynamic: &dynamic }.get("message.max.bytes").unwrap(), "3");
        dynamic.cluster_wide = map(&[("message.max.bytes", "2")]);
        assert_eq!(Layers { fixed: &fixed, dynamic: &dynamic }.get("message.max.bytes").unwrap(), "2");
        dynamic.per_broker = map(&[("message.max.bytes", "1")]);
        assert_eq!(Layers { fixed: &fixed, dynamic: &dynamic }.get("message.max.bytes").unwrap(), "1");
        let none = Layers { fixed: &BTreeMap::new(), dynamic: &DynamicBrokerConfigs::default() }
            .get("message.max.bytes")
            .unwrap();
        assert_eq!(none, "1048588");
    }

    #[test]
    fn what_was_given_for_good_is_neither_a_default_nor_changeable() {
        let fixed = map(&[("message.max.bytes", "3"), ("node.id", "5"), ("no.such.key", "1")]);
        let layers = Layers { fixed: &fixed, dynamic: &DynamicBrokerConfigs::default() };
        assert_eq!(layers.given_for_good(), map(&[("node.id", "5")]));
    }

    #[test]
    fn fallback_counts_only_where_no_layer_has_the_key() {
        let dynamic = DynamicBrokerConfigs::default();
        let hours = map(&[("log.retention.hours", "2")]);
        assert_eq!(Layers { fixed: &hours, dynamic: &dynamic }.get("log.retention.ms").unwrap(), "7200000");
        let both = map(&[("log.retention.hours", "2"), ("log.retention.ms", "5")]);
        assert_eq!(Layers { fixed: &both, dynamic: &dynamic }.get("log.retention.ms").unwrap(), "5");
    }

    #[test]
    fn unlimited_hours_stay_unlimited_in_milliseconds() {
        let hours = map(&[("log.retention.hours", "-1")]);
        let layers = Layers { fixed: &hours, dynamic: &DynamicBrokerConfigs::default() };
        assert_eq!(layers.get("log.retention.ms").unwrap(), "-1");
    }

    #[test]
    fn stored_value_that_no_longer_parses_is_passed_over() {
        let dynamic = DynamicBrokerConfigs {
            per_broker: map(&[("message.max.bytes", "many")]),
            cluster_wide: BTreeMap::new(),
        };
        assert_eq!(
            Layers { fixed: &BTreeMap::new(), dynamic: &dynamic }.get("message.max.bytes").unwrap(),
            "1048588"
        );
    }
}
