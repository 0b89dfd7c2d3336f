//! The tables of all settings, and the look-up by name.
//!
//! A row states a setting once; nothing else in the workspace repeats a default or a meaning.

mod groups;
mod highwater;
pub(crate) mod ignored;
mod logs;
mod remote;
mod server;
mod topics;

use crate::def::ConfigDef;

/// How the name of every environment variable begins that is a setting.
pub const ENVIRONMENT_PREFIX: &str = "HIGHWATER_";

/// All settings of the broker, in the order of the reference.
pub fn broker_keys() -> impl Iterator<Item = &'static ConfigDef> {
    [server::KEYS, logs::KEYS, remote::KEYS, groups::KEYS, highwater::KEYS].into_iter().flatten()
}

/// All settings of a topic, by name.
#[must_use]
pub fn topic_keys() -> &'static [ConfigDef] {
    topics::KEYS
}

/// The broker's setting of this name.
#[must_use]
pub fn broker_key(name: &str) -> Option<&'static ConfigDef> {
    broker_keys().find(|def| def.name == name)
}

/// The topic's setting of this name.
#[must_use]
pub fn topic_key(name: &str) -> Option<&'static ConfigDef> {
    topics::KEYS.iter().find(|def| def.name == name)
}

/// Name of the environment variable that sets a broker's setting: `HIGHWATER_`, then the key in upper case with
/// underscores for dots; a leading `highwater.` falls away.
#[must_use]
pub fn environment_variable(key: &str) -> String {
    let own = key.strip_prefix("highwater.").unwrap_or(key);
    format!("{ENVIRONMENT_PREFIX}{}", own.replace('.', "_").to_ascii_uppercase())
}

/// The setting that a variable names if it is of a family that is refused, such as `ssl.`, and not spelled out anywhere.
///
/// Kubernetes tells each container of the Services beside it in variables of the same shape; those name no setting.
#[must_use]
pub(crate) fn refused_key(variable: &str) -> Option<String> {
    let name = variable.strip_prefix(ENVIRONMENT_PREFIX)?;
    let of_a_service = name.ends_with("_PORT")
        || ["_SERVICE_HOST", "_SERVICE_PORT", "_PORT_"].iter().any(|part| name.contains(part));
    let key = name.to_ascii_lowercase().replace('_', ".");
    let refused = matches!(ignored::standing(&key), Some(ignored::Standing::Refused(_)));
    (refused && !of_a_service).then_some(key)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn no_two_keys_share_an_environment_variable() {
        let mut taken = BTreeMap::new();
        for name in broker_keys().map(|def| def.name).chain(ignored::all()) {
            let other = taken.insert(environment_variable(name), name);
            assert_eq!(other, None, "{name} has the variable of another key");
        }
    }

    #[test]
    fn every_default_is_a_value_that_its_row_takes() {
        for def in broker_keys().chain(topic_keys()) {
            if let Some(default) = def.default {
                assert_eq!(def.canonical(default).as_deref(), Ok(default), "{}", def.name);
            }
            assert!(def.doc.ends_with('.'), "{} has a meaning in sentences", def.name);
        }
    }

    #[test]
    fn every_fallback_is_a_broker_setting() {
        for def in broker_keys().chain(topic_keys()) {
            for fallback in def.fallbacks {
                assert!(broker_key(fallback.key).is_some(), "{} of {}", fallback.key, def.name);
            }
        }
    }

    #[test]
    fn topic_keys_stand_in_order() {
        assert!(topic_keys().is_sorted_by_key(|def| def.name));
    }
}
